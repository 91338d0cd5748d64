"""What the reader writes in Round5_Arrays and its twin, and the known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.blanks.walking import back_along
from course_utils.exercises.kinds import is_tensor, type_in_words
from course_utils.exercises.model import Exercise, Mistake, NotRight
from course_utils.exercises.notebook_data import in_tensors
from course_utils.exercises.watching import globals_of

# --- A stretched array ----------------------------------------------------------------------------


def _unstretched(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def _drawn(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, size=shape).astype(float)


def _front_alone(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def _ones_alone(g, shape):
    axes = [i for i, n in enumerate(shape) if n == 1]
    return g.sum(axis=tuple(axes), keepdims=True)


def _ones(shape):
    return tuple(i for i, n in enumerate(shape) if n == 1)


def _first(g, shape):
    """Return g, with the first place alone of each stretched axis."""
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(n) for n in shape)]


def _dropped(g, shape):
    g = _front_alone(g, shape)
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1))


def _averaged(g, shape):
    size = np.prod(shape)
    return _unstretched(g, shape) * (size / g.size if g.size else 1.0)


UNSTRETCH = Exercise(
    function="unstretch",
    parts={"gradient": "array"},
    right=_unstretched,
    cases=[
        (_drawn(1, 2, 3), (3,)),
        (_drawn(2, 2, 3), (2, 1)),
        (_drawn(3, 2, 4, 3), (4, 1)),
        (_drawn(5, 2, 3), (2, 3)),
        (_drawn(6, 1, 3), (1, 1)),
    ],
    mistakes=[
        Mistake(
            "The axes in front are summed, those of length 1 are not: a (2, 1) was stretched along"
            " its second axis.",
            _front_alone,
        ),
        Mistake(
            "The axes of length 1 are summed, those in front are not: a (3,) gets an axis in front"
            " when it meets a (2, 3).",
            _ones_alone,
        ),
        Mistake(
            "The axes of length 1 are gone: they are summed and stay, keepdims=True.", _dropped
        ),
        Mistake(
            "It averages. A number that was used six times gets the sum of the six parts.",
            _averaged,
        ),
        Mistake(
            "Where an axis had length 1, the mean is taken; it is the sum.",
            lambda g, shape: _front_alone(g, shape).mean(axis=_ones(shape), keepdims=True),
        ),
        Mistake(
            "The largest part is kept; the parts are added.",
            lambda g, shape: _front_alone(g, shape).max(axis=_ones(shape), keepdims=True),
        ),
        Mistake("Only the first part of each number is kept; all its parts are added.", _first),
        Mistake(
            "Nothing is summed: what comes back is larger than what was stretched.",
            lambda g, shape: g,
        ),
        Mistake(
            "Everything is summed to one number; sum only what was stretched.",
            lambda g, shape: np.full(shape, g.sum()),
        ),
    ],
)

# --- Operations -----------------------------------------------------------------------------------


def _backwards(function: Callable, *case: Any) -> Any:
    """Return (value, what goes back to each array of the case), by a walk of our own; the result's
    entries arrive with the weights of :func:`_arriving`.
    """
    array = globals_of(function)["Array"]
    inputs = [
        array(value) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for value in case
    ]
    made = function(*inputs)
    if made is Ellipsis:
        return made
    if not hasattr(made, "made_from"):
        raise NotRight(
            f"It returns {type_in_words(made)}; return made(value, (array, rule), …), so that the"
            " result remembers."
        )
    found: dict[int, Any] = {id(made): _arriving(np.shape(made.data))}
    for each in back_along(made, _require_pair):
        for earlier, rule in each.made_from:
            arrived = found.get(id(each), np.zeros_like(each.data))
            part = rule(arrived)
            if part is Ellipsis:
                return part
            if part is None:
                raise NotRight(
                    "A rule hands back nothing: is there a return in it? (np.add.at changes its"
                    " array, and returns nothing itself.)"
                )
            part = np.array(part)
            if not np.array_equal(part, rule(arrived), equal_nan=True):
                raise NotRight(
                    "Called twice, the rule hands back more the second time: what it adds to must"
                    " be made inside the rule, anew at each call."
                )
            if np.ndim(part) < np.ndim(earlier.data):
                part = np.broadcast_to(part, np.shape(earlier.data))
            part = _unstretched(np.asarray(part, float), np.shape(earlier.data))
            found[id(earlier)] = found.get(id(earlier), 0.0) + part
    arrays = [each for each in inputs if isinstance(each, array)]
    return made.data, *(found.get(id(each), np.zeros_like(each.data)) for each in arrays)


def _require_pair(pair: Any) -> None:
    if not (isinstance(pair, tuple) and len(pair) == 2 and callable(pair[1])):
        raise NotRight(
            "An array is made from pairs (earlier array, rule), and a rule is a function of what"
            " has arrived: (a, lambda g: …)."
        )


def _arriving(shape):
    """Return weights for a result's entries, all different, so that no two rules look alike."""
    return 1.0 + np.arange(np.prod(shape, dtype=int)).reshape(shape) / 2


def _product(to_a=None, to_b=None, value=None):
    """Return the results of a matrix product, with another rule or value if asked for."""

    def result(a, b):
        made = (value or np.matmul)(a, b)
        g = _arriving(made.shape)
        parts = [
            (to_a or (lambda a, b, g: g @ b.swapaxes(-1, -2)))(a, b, g),
            (to_b or (lambda a, b, g: a.swapaxes(-1, -2) @ g))(a, b, g),
        ]
        return made, *parts

    return result


_ALL_TURNED = (
    "With several matrices at once .T turns all axes round; only the last two are to be exchanged:"
)


def _matrices_back(function, *case):
    try:
        return _backwards(function, *case)
    except ValueError as error:
        if case[0].ndim < 3 or "broadcast" not in str(error) and "mismatch" not in str(error):
            raise
        raise NotRight(f"{_ALL_TURNED} swapaxes(-1, -2).") from None


_SQUARE = _drawn(7, 2, 2), _drawn(8, 2, 2)

MATMUL = Exercise(
    function="matmul",
    parts={"a @ b": "array", "what goes back to a": "array", "what goes back to b": "array"},
    right=_product(),
    cases=[
        _SQUARE,
        (_drawn(9, 3, 3), _drawn(10, 3, 3)),
        (_drawn(11, 3, 2, 2), _drawn(12, 3, 2, 2)),
    ],
    call=_matrices_back,
    mistakes=[
        Mistake(
            "b is not on the tape, so nothing goes back to it: a pair (b, rule) is missing.",
            _product(to_b=lambda a, b, g: np.zeros_like(b)),
        ),
        Mistake(
            "a is not on the tape, so nothing goes back to it: a pair (a, rule) is missing.",
            _product(to_a=lambda a, b, g: np.zeros_like(a)),
        ),
        Mistake(
            "Nothing goes back: a pair (array, rule) for each of a and b is missing.",
            _product(to_a=lambda a, b, g: np.zeros_like(a), to_b=lambda a, b, g: np.zeros_like(b)),
        ),
        Mistake(
            "What goes back to b is transposed: aᵀ @ g, not gᵀ @ a.",
            _product(to_b=lambda a, b, g: g.swapaxes(-1, -2) @ a),
        ),
        Mistake(
            "What goes back to a is transposed: g @ bᵀ, not b @ gᵀ.",
            _product(to_a=lambda a, b, g: b @ g.swapaxes(-1, -2)),
        ),
        Mistake(
            "The rules multiply number by number, *; they are matrix products, @.",
            _product(
                to_a=lambda a, b, g: g * b.swapaxes(-1, -2),
                to_b=lambda a, b, g: a.swapaxes(-1, -2) * g,
            ),
        ),
        Mistake(
            "b is not transposed in the rule of a: it hands back g @ bᵀ.",
            _product(to_a=lambda a, b, g: g @ b),
        ),
        Mistake(
            "a is not transposed in the rule of b: it hands back aᵀ @ g.",
            _product(to_b=lambda a, b, g: a @ g),
        ),
        Mistake(
            "The rule of b has its factors exchanged: aᵀ @ g, not g @ aᵀ.",
            _product(to_b=lambda a, b, g: g @ a.swapaxes(-1, -2)),
        ),
        Mistake(
            "The rule of a has its factors exchanged: g @ bᵀ, not bᵀ @ g.",
            _product(to_a=lambda a, b, g: b.swapaxes(-1, -2) @ g),
        ),
        Mistake(
            "The two rules are exchanged: g @ bᵀ goes to a, and aᵀ @ g to b.",
            _product(
                to_a=lambda a, b, g: a.swapaxes(-1, -2) @ g,
                to_b=lambda a, b, g: g @ b.swapaxes(-1, -2),
            ),
        ),
        Mistake(
            "What has arrived, g, is left out of the rules.",
            _product(
                to_a=lambda a, b, g: b.swapaxes(-1, -2), to_b=lambda a, b, g: a.swapaxes(-1, -2)
            ),
        ),
        Mistake(
            "Numbers are multiplied one by one, a * b; the matrix product is a @ b.",
            _product(to_a=lambda a, b, g: g * b, to_b=lambda a, b, g: g * a, value=np.multiply),
        ),
    ],
)


def _picked(way):
    """Return the results of picking, where ``way`` puts g back into zeros."""

    def result(a, index):
        value, back = a[index], np.zeros_like(a)
        way(back, index, _arriving(value.shape))
        return value, back

    return result


def _overwrite(back, index, g):
    back[index] = g


def _add_once(back, index, g):
    back[index] += g


PICK = Exercise(
    function="pick",
    parts={"a[index]": "array", "what goes back to a": "array"},
    right=_picked(np.add.at),
    cases=[
        (np.array([5.0, 7.0, 9.0]), np.array([0, 0, 2])),
        (_drawn(13, 3, 2), np.array([2, 1, 2, 2])),
        (_drawn(14, 4, 2), np.array([3])),
    ],
    call=_backwards,
    mistakes=[
        Mistake(
            "A number that is picked twice gets only its last part: back[index] += g adds once for"
            " each place. np.add.at adds one after the other.",
            _picked(_add_once),
        ),
        Mistake(
            "A number that is picked twice gets only its last part: = overwrites. np.add.at adds"
            " one after the other.",
            _picked(_overwrite),
        ),
        Mistake("Nothing goes back: all stays 0.", _picked(lambda back, index, g: None)),
        Mistake(
            "It begins with a's own numbers; begin with zeros, np.zeros_like(a.data).",
            lambda a, index: (a[index], a + _picked(np.add.at)(a, index)[1]),
        ),
        Mistake(
            "It begins with ones; begin with zeros, np.zeros_like(a.data).",
            lambda a, index: (a[index], 1 + _picked(np.add.at)(a, index)[1]),
        ),
        Mistake(
            "Each place that was picked gets 1 for each time; it should get what has arrived, g.",
            _picked(lambda back, index, g: np.add.at(back, index, 1.0)),
        ),
        Mistake(
            "Each place gets the sum of all that has arrived; it should get its own part.",
            _picked(lambda back, index, g: np.add.at(back, index, g.sum())),
        ),
    ],
)


def _lse(slope, value=None):
    """Return the results of log-sum-exp with the rule ``slope``(p, g)."""

    def result(s):
        top = s.max(axis=-1, keepdims=True)
        right = top + np.log(np.exp(s - top).sum(axis=-1, keepdims=True))
        made = right if value is None else value(s, right)
        return made, slope(np.exp(s - right), _arriving(right.shape))

    return result


_SCORES = [
    (np.array([[1.0, 2.0]]),),
    (np.array([[0.5, -1.0, 2.0], [3.0, 3.0, 0.0]]),),
    (np.array([[1000.0, 1001.0], [-900.0, -901.5]]),),
]


def _mean_exp(s, right):
    return right - np.log(s.shape[-1])


def _require_finite(results):
    """Return the results. Raise NotRight where one of them has overflowed."""
    for part in results if isinstance(results, tuple) else ():
        if not np.all(np.isfinite(np.asarray(part, float))):
            raise NotRight(
                "With scores of a thousand it overflows to inf or nan. Take the largest score off"
                " before the exponential, in the value and in the rule."
            )
    return results


def _scored(function, s):
    with np.errstate(all="ignore"):
        return _require_finite(_backwards(function, s))


LOG_SUM_EXP = Exercise(
    function="log_sum_exp",
    parts={"value": "array", "what goes back to s": "array"},
    right=_lse(lambda p, g: g * p),
    cases=_SCORES,
    call=_scored,
    mistakes=[
        Mistake(
            "What has arrived, g, is left out: the rule hands back g times softmax.",
            _lse(lambda p, g: p),
        ),
        Mistake(
            "The rule hands back g as it is; times softmax, exp(s - value).",
            _lse(lambda p, g: g * np.ones_like(p)),
        ),
        Mistake(
            "exp(s - top) is not yet divided by the sum: softmax is exp(s - value).",
            _lse(lambda p, g: g * p / p.max(axis=-1, keepdims=True)),
        ),
        Mistake("g is added to softmax; it is multiplied.", _lse(lambda p, g: g + p)),
        Mistake(
            "This is the logarithm of softmax, s - value; its exponential is missing.",
            _lse(lambda p, g: g * np.log(p)),
        ),
        Mistake(
            "The largest score was taken off and never added again.",
            _lse(lambda p, g: g * p, lambda s, right: right - s.max(axis=-1, keepdims=True)),
        ),
        Mistake(
            "The rule has p (1 - p), the slope of softmax itself; of log-sum-exp it is p.",
            _lse(lambda p, g: g * p * (1 - p)),
        ),
        Mistake(
            "The mean of the exponentials is taken; it is their sum.",
            _lse(lambda p, g: g * p, _mean_exp),
        ),
        Mistake("The sign of what goes back is turned.", _lse(lambda p, g: -g * p)),
    ],
)

# --- The twin -------------------------------------------------------------------------------------


def _both(to_a, to_b):
    return lambda A, B, G: (to_a(A, B, G), to_b(A, B, G))


def _t(matrix):
    return matrix.swapaxes(-1, -2)


def _tensors_back(function, *case):
    try:
        return in_tensors(function, *case)
    except RuntimeError as error:
        if case[0].ndim < 3 or "must match" not in str(error):
            raise
        raise NotRight(f"{_ALL_TURNED} .mT.") from None


MATMUL_BACK = Exercise(
    function="matmul_back",
    parts={"what goes back to A": "tensor", "what goes back to B": "tensor"},
    right=_both(lambda A, B, G: G @ _t(B), lambda A, B, G: _t(A) @ G),
    cases=[
        (*_SQUARE, _drawn(15, 2, 2)),
        (_drawn(9, 3, 3), _drawn(10, 3, 3), _drawn(16, 3, 3)),
        (_drawn(17, 3, 2, 2), _drawn(18, 3, 2, 2), _drawn(19, 3, 2, 2)),
    ],
    call=_tensors_back,
    mistakes=[
        Mistake(
            "Numbers are multiplied one by one, *; these are matrix products, @.",
            _both(lambda A, B, G: G * B, lambda A, B, G: G * A),
        ),
        Mistake(
            "What goes back to A has its factors exchanged: G @ Bᵀ, not Bᵀ @ G.",
            _both(lambda A, B, G: _t(B) @ G, lambda A, B, G: _t(A) @ G),
        ),
        Mistake(
            "What goes back to B is transposed: Aᵀ @ G, not Gᵀ @ A.",
            _both(lambda A, B, G: G @ _t(B), lambda A, B, G: _t(G) @ A),
        ),
        Mistake(
            "B is not transposed: G @ Bᵀ goes back to A.",
            _both(lambda A, B, G: G @ B, lambda A, B, G: _t(A) @ G),
        ),
        Mistake(
            "A is not transposed: Aᵀ @ G goes back to B.",
            _both(lambda A, B, G: G @ _t(B), lambda A, B, G: A @ G),
        ),
        Mistake(
            "The two are exchanged: G @ Bᵀ goes to A, and Aᵀ @ G to B.",
            _both(lambda A, B, G: _t(A) @ G, lambda A, B, G: G @ _t(B)),
        ),
        Mistake(
            "What goes back to B has its factors exchanged: Aᵀ @ G, not G @ Aᵀ.",
            _both(lambda A, B, G: G @ _t(B), lambda A, B, G: G @ _t(A)),
        ),
        Mistake(
            "G, what has arrived, is left out.", _both(lambda A, B, G: _t(B), lambda A, B, G: _t(A))
        ),
    ],
)


def _applied(function, s):
    """Return (value, what goes back) of an autograd.Function."""
    import torch

    leaf = torch.from_numpy(s).requires_grad_()
    made = function.apply(leaf)
    if not is_tensor(made):
        return made
    try:
        (back,) = torch.autograd.grad(made, leaf, torch.from_numpy(_arriving(tuple(made.shape))))
    except RuntimeError as error:
        if "invalid gradient" in str(error):
            raise NotRight(
                "backward returns another shape than that of s: g has one number for each row, and"
                " each score of the row gets its share, g times softmax."
            ) from None
        if "not have been used" in str(error):
            raise NotRight("backward returns nothing; return g times softmax.") from None
        raise
    return _require_finite((made.detach(), back))


FUNCTION = Exercise(
    function="LogSumExp",
    parts={"value": "tensor", "what goes back to s": "tensor"},
    right=LOG_SUM_EXP.right,
    cases=_SCORES,
    call=_applied,
    mistakes=LOG_SUM_EXP.mistakes,
)


def _shown_as(text: str, value: Callable, table: Callable) -> Any:
    """Return a function of a vector that knows its table of derivatives, shown as its text."""

    def f(a):
        return value(a)

    f.__doc__, f.table = text, table  # type: ignore[attr-defined]
    return f


_NEIGHBOURS = _shown_as(
    "f(a) = a[:-1] * a[1:]",
    lambda a: a[:-1] * a[1:],
    lambda a: (
        np.eye(len(a) - 1, len(a)) * np.r_[a[1:], 0]
        + np.eye(len(a) - 1, len(a), 1) * np.r_[0, a[:-1]]
    ),
)
_SQUARES = _shown_as("f(a) = a**2", lambda a: a**2, lambda a: np.diag(2 * a))


def _table_in_tensors(function, f, a):
    try:
        return in_tensors(function, f, a)
    except RuntimeError as error:
        if "second time" not in str(error):
            raise
        raise NotRight(
            "Its notes are gone after the first row: each walk but the last needs"
            " retain_graph=True."
        ) from None


TABLE_OF = Exercise(
    function="table_of",
    parts={"table": "tensor"},
    right=lambda f, a: f.table(a),
    cases=[
        (_SQUARES, np.array([1.0, 3.0])),
        (_NEIGHBOURS, np.array([2.0, 3.0, -1.0])),
        (_NEIGHBOURS, np.array([0.5, -2.0, 1.5, 4.0])),
    ],
    call=_table_in_tensors,
    mistakes=[
        Mistake(
            "Rows and columns are exchanged: a row for each number of f(a).",
            lambda f, a: f.table(a).T,
        ),
        Mistake(
            "All rows are added up: hand back from one number of f(a) at a time.",
            lambda f, a: f.table(a).sum(axis=0),
        ),
        Mistake(
            "Each row is the sum of all: g should be 1 at one place and 0 at the others.",
            lambda f, a: np.ones((len(f.table(a)), 1)) * f.table(a).sum(axis=0),
        ),
        Mistake("This is f(a) itself, not its table.", lambda f, a: f(a)),
        Mistake("Only the first row is returned.", lambda f, a: f.table(a)[0]),
    ],
)


def _limited(way=lambda g, limit: np.clip(g, -limit, limit)):
    return lambda a, g, limit: (a, way(g, limit))


def _limits(function, a, g, limit):
    import torch

    leaf = torch.from_numpy(a).requires_grad_()
    made = function(leaf * 1.0, limit)
    if made is Ellipsis:
        return made
    if not is_tensor(made):
        raise NotRight(f"It returns {type_in_words(made)}; return a itself, after its hook is set.")
    if not made.requires_grad:
        raise NotRight(
            "Nothing comes back through the result: return a itself, not a copy of its numbers."
        )
    (back,) = torch.autograd.grad(made, leaf, torch.from_numpy(g))
    return made.detach(), back


LIMIT_GRADIENT = Exercise(
    function="limit_gradient",
    parts={"a": "tensor", "what comes back to a": "tensor"},
    right=_limited(),
    cases=[
        (np.array([5.0, 7.0, 9.0]), np.array([0.5, 3.0, -4.0]), 1.0),
        (np.array([-2.0, 0.25]), np.array([-0.75, 8.0]), 2.5),
    ],
    call=_limits,
    mistakes=[
        Mistake(
            "Nothing is cut: is the hook set, and does it return something?",
            _limited(lambda g, limit: g),
        ),
        Mistake(
            "Only what is too large is cut; what is too far below 0 as well.",
            _limited(lambda g, limit: np.minimum(g, limit)),
        ),
        Mistake(
            "Only what is too far below 0 is cut; what is too large as well.",
            _limited(lambda g, limit: np.maximum(g, -limit)),
        ),
        Mistake(
            "a itself is cut, and its gradient with it; only what comes back should be.",
            lambda a, g, limit: (np.clip(a, -limit, limit), g * (np.abs(a) <= limit)),
        ),
        Mistake(
            "What comes back has lost its sign.",
            _limited(lambda g, limit: np.minimum(np.abs(g), limit)),
        ),
        Mistake(
            "What is too large becomes 0; it should become the limit.",
            _limited(lambda g, limit: g * (np.abs(g) <= limit)),
        ),
        Mistake(
            "The whole gradient is scaled to the length of the limit; here each entry is cut by"
            " itself.",
            _limited(lambda g, limit: g * min(1.0, limit / np.linalg.norm(g))),
        ),
    ],
)

BLANKS = {
    "Round5_Arrays": {each.function: each for each in (UNSTRETCH, MATMUL, PICK, LOG_SUM_EXP)},
    "Round5_Arrays-PyTorch": {
        each.function: each for each in (TABLE_OF, LIMIT_GRADIENT, MATMUL_BACK, FUNCTION)
    },
}
