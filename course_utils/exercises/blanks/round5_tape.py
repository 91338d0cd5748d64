"""What the reader writes in Round5_Tape and its twin, and the known mistakes."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from course_utils.exercises.blanks.walking import back_along
from course_utils.exercises.kinds import is_tensor, type_in_words
from course_utils.exercises.model import Exercise, Mistake, NotDone, NotRight
from course_utils.exercises.watching import globals_of


class _Node:
    """A number on a tape: what the notebook's Node holds, for the checks alone."""

    _places = count()

    def __init__(self, data, made_from=()):
        self.data, self.grad, self.made_from = data, 0.0, made_from
        self.operation, self.place = "input", next(self._places)


# --- Operations -----------------------------------------------------------------------------------


def _derivatives(function: Callable, *values: float) -> Any:
    """Return (value, derivatives by the inputs) of an operation on nodes, by a walk of our own."""
    node = globals_of(function)["Node"]
    inputs = [node(value) for value in values]
    made = function(*inputs)
    if made is Ellipsis:
        return made
    if not hasattr(made, "made_from"):
        raise NotRight(
            f"It returns {type_in_words(made)}; return a Node: the value, the pairs it was made"
            " from, the name of the operation."
        )
    found: dict[int, float] = {id(made): 1.0}
    for each in back_along(made, _require_pair):
        for earlier, slope in each.made_from:
            there = found.get(id(earlier), 0.0)
            found[id(earlier)] = there + slope * found.get(id(each), 0.0)
    return made.data, np.array([found.get(id(each), 0.0) for each in inputs])


def _require_pair(pair: Any) -> None:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise NotRight(
            "made_from should hold pairs (earlier node, local derivative), one for each number that"
            " went in; a single pair needs a comma behind it: ((a, slope),)."
        )
    earlier, slope = pair
    if not hasattr(earlier, "made_from"):
        raise NotRight(
            "The first of each pair is the earlier node itself, a, not its number, a.data."
        )
    if hasattr(slope, "made_from"):
        raise NotRight("A local derivative is a plain number, such as b.data, not the node b.")


def _product(value=None, by_a=None, by_b=None):
    def result(a, b):
        slopes = (by_a or (lambda a, b: b))(a, b), (by_b or (lambda a, b: a))(a, b)
        return (value or (lambda a, b: a * b))(a, b), np.array(slopes)

    return result


_PARTS: dict[str, Any] = {"value": "number", "derivatives by the inputs": "array"}

MULTIPLY = Exercise(
    function="multiply",
    parts=_PARTS,
    right=_product(),
    cases=[(2.0, 3.0), (0.7, -1.3), (-4.0, 0.5)],
    call=_derivatives,
    mistakes=[
        Mistake(
            "The two local derivatives are exchanged: a nudge of a is multiplied by b, and one of b"
            " by a.",
            _product(by_a=lambda a, b: a, by_b=lambda a, b: b),
        ),
        Mistake(
            "A nudge of a factor does not arrive as it is: it is multiplied by the other factor. (1"
            " and 1 belong to the sum.)",
            _product(by_a=lambda a, b: 1.0, by_b=lambda a, b: 1.0),
        ),
        Mistake("The value is a sum; it should be a product.", _product(value=lambda a, b: a + b)),
        Mistake(
            "Only a was noted; b went in as well and needs a pair of its own.",
            _product(by_b=lambda a, b: 0.0),
        ),
        Mistake(
            "Only b was noted; a went in as well and needs a pair of its own.",
            _product(by_a=lambda a, b: 0.0),
        ),
        Mistake(
            "Both pairs belong to a: one to a, with b.data, and one to b, with a.data.",
            lambda a, b: (a * b, np.array([2 * b, 0.0])),
        ),
        Mistake(
            "Nothing would come back: the pairs are missing, or they hold grad, which is 0 before"
            " the walk. To a belongs b.data, to b a.data.",
            _product(by_a=lambda a, b: 0.0, by_b=lambda a, b: 0.0),
        ),
        Mistake(
            "Each local derivative is the product of both; it is the other factor alone.",
            _product(by_a=lambda a, b: a * b, by_b=lambda a, b: a * b),
        ),
    ],
)


def _function_of_a(value, slope):
    return lambda a: (value(a), np.array([slope(a)]))


def _log_cosh(a):
    return np.log(np.cosh(a))


LOG_COSH = Exercise(
    function="log_cosh",
    parts=_PARTS,
    right=_function_of_a(_log_cosh, np.tanh),
    cases=[(1.0,), (0.3,), (-2.0,)],
    call=_derivatives,
    mistakes=[
        Mistake(
            "The derivative stops half way: 1 / cosh is that of the logarithm; times sinh, that of"
            " what stands inside.",
            _function_of_a(_log_cosh, lambda a: 1 / np.cosh(a)),
        ),
        Mistake(
            "The derivative is that of cosh alone; the logarithm divides it by cosh.",
            _function_of_a(_log_cosh, np.sinh),
        ),
        Mistake(
            "This is tanh's own derivative; here tanh itself is the derivative.",
            _function_of_a(_log_cosh, lambda a: 1 - np.tanh(a) ** 2),
        ),
        Mistake(
            "The derivative stands on its head: sinh / cosh, which is tanh.",
            _function_of_a(_log_cosh, lambda a: 1 / np.tanh(a)),
        ),
        Mistake(
            "The derivative holds the value as a factor; it is tanh alone.",
            _function_of_a(_log_cosh, lambda a: np.tanh(a) * _log_cosh(a)),
        ),
        Mistake("tan is not tanh: np.tanh.", _function_of_a(_log_cosh, np.tan)),
        Mistake(
            "The sign of the derivative is turned.",
            _function_of_a(_log_cosh, lambda a: -np.tanh(a)),
        ),
        Mistake(
            "The derivative is always 0. Is it a pair with a's node, and did you make the value"
            " from a.data?",
            _function_of_a(_log_cosh, lambda a: 0.0),
        ),
        Mistake(
            "The value is that of cosh; the logarithm is missing.", _function_of_a(np.cosh, np.tanh)
        ),
        Mistake(
            "The value should be log(cosh(a)); value and derivative are both those of cosh.",
            _function_of_a(np.cosh, np.sinh),
        ),
    ],
)

# --- The walk back --------------------------------------------------------------------------------


def _handed(grad, grads, slopes, to, way=lambda old, slope, grad: old + slope * grad):
    grads = grads.copy()
    for place, slope in zip(to, slopes):
        grads[place] = way(grads[place], slope, grad)
    return grads


def _hands(function, grad, grads, slopes, to):
    earlier = [_Node(1.0) for _ in grads]
    for each, before in zip(earlier, grads):
        each.grad = before
    node = _Node(1.0, tuple((earlier[place], slope) for place, slope in zip(to, slopes)))
    node.grad = grad
    if function(node) is Ellipsis or not function.__code__.co_names:  # its body is a mere ...
        raise NotDone
    return np.array([each.grad for each in earlier])


def _by(way):
    return lambda grad, grads, slopes, to: _handed(grad, grads, slopes, to, way)


HAND_BACK = Exercise(
    function="hand_back",
    parts={"grads": "array"},
    right=_handed,
    cases=[
        (2.0, np.array([0.0, 0.0]), np.array([3.0, 5.0]), (0, 1)),
        (0.5, np.array([1.0]), np.array([3.0, 3.0]), (0, 0)),
        (-1.5, np.array([2.0, -1.0]), np.array([0.4, 2.0, 7.0]), (0, 1, 0)),
    ],
    call=_hands,
    mistakes=[
        Mistake(
            "It overwrites what has arrived before: add to it, +=.",
            _by(lambda old, slope, grad: slope * grad),
        ),
        Mistake(
            "The local derivative alone is handed back: times node.grad, what has arrived at the"
            " node.",
            _by(lambda old, slope, grad: old + slope),
        ),
        Mistake(
            "node.grad goes back as it is: times the local derivative of the way.",
            _by(lambda old, slope, grad: old + grad),
        ),
        Mistake(
            "It should be handed back times the local derivative; here the two are added.",
            _by(lambda old, slope, grad: old + slope + grad),
        ),
        Mistake(
            "Nothing arrives at the earlier numbers: add to earlier.grad.",
            _by(lambda old, slope, grad: old),
        ),
        Mistake(
            "It is multiplied by earlier.grad; what is handed back is node.grad, times the local"
            " derivative.",
            _by(lambda old, slope, grad: old + slope * old),
        ),
        Mistake(
            "It multiplies what has arrived before: add to it, +=.",
            _by(lambda old, slope, grad: old * slope * grad),
        ),
        Mistake(
            "Only the first of the earlier numbers gets its part: does a return stand inside the"
            " loop?",
            lambda grad, grads, slopes, to: _handed(grad, grads, slopes[:1], to),
        ),
        Mistake(
            "The signs are turned: add, do not subtract.",
            _by(lambda old, slope, grad: old - slope * grad),
        ),
    ],
)


def _square(w):
    """the graph of f = w * w"""
    return _Node(w.data**2, ((w, w.data), (w, w.data)))


def _small(w):
    """the graph of u = 2 * w, v = 3 * u, f = u + v"""
    u = _Node(2 * w.data, ((w, 2.0),))
    v = _Node(3 * u.data, ((u, 3.0),))
    return _Node(u.data + v.data, ((u, 1.0), (v, 1.0)))


def _long(w):
    """the graph of u = w * w, v = u * w, f = v + u"""
    u = _Node(w.data**2, ((w, w.data), (w, w.data)))
    v = _Node(u.data * w.data, ((u, w.data), (w, u.data)))
    return _Node(v.data + u.data, ((v, 1.0), (u, 1.0)))


def _tape(node):
    return back_along(node, _require_pair)[::-1]


def _walked(formula, w, walks, start=1.0, empty="made", backwards=True):
    """Return the derivative that collects in w after some walks, with mistakes if asked for."""
    leaf = _Node(w)
    last = formula(leaf)
    for _ in range(walks):
        tape = _tape(last)
        for node in tape:
            if empty == "all" or empty == "made" and node.made_from:
                node.grad = 0.0
        last.grad += start
        for node in reversed(tape) if backwards else tape:
            for earlier, slope in node.made_from:
                earlier.grad += slope * node.grad
    return leaf.grad


def _walks(function, formula, w, walks):
    leaf = _Node(w)
    last = formula(leaf)
    for _ in range(walks):
        try:
            done = function(last)
        except UnboundLocalError:
            raise NotRight(
                "The tape is used before it is laid out: tape = all_before(last) comes first."
            ) from None
        if done is Ellipsis:
            return ...
    return leaf.grad


def _with(**fault):
    return lambda formula, w, walks: _walked(formula, w, walks, **fault)


BACKWARD = Exercise(
    function="backward",
    parts={"w.grad": "number"},
    right=_with(),
    cases=[(_square, 3.0, 1), (_small, 5.0, 1), (_long, 1.5, 2)],
    call=_walks,
    mistakes=[
        Mistake(
            "Nothing comes back: the walk starts with last.grad 1, set after the emptying and"
            " before anybody hands back.",
            _with(start=0.0),
        ),
        Mistake(
            "The walk comes before last.grad is 1: empty, start with 1, walk.",
            lambda formula, w, walks: _walked(formula, w, walks - 1),
        ),
        Mistake(
            "The walk goes along the tape forwards; what is last on the tape hands back first.",
            _with(backwards=False),
        ),
        Mistake(
            "The numbers in between are not emptied: a second walk hands on what the first one"
            " left.",
            _with(empty="none"),
        ),
        Mistake(
            "The inputs are emptied, too; they should collect from walk to walk.",
            _with(empty="all"),
        ),
    ],
)

# --- The twin -------------------------------------------------------------------------------------


def _formula(text: str, value: Callable, derivative: Callable) -> Any:
    """Return a function of one number that knows its derivative, and is shown as its text."""

    def f(w):
        return value(w)

    f.__doc__, f.derivative = text, derivative  # type: ignore[attr-defined]
    return f


_SQUARE = _formula("f(w) = w * w", lambda w: w * w, lambda w: 2 * w)
_INVERSE = _formula("f(w) = 1 / w", lambda w: 1 / w, lambda w: -1 / w**2)
_CUBIC = _formula("f(w) = w * w * w - 2 * w", lambda w: w * w * w - 2 * w, lambda w: 3 * w * w - 2)


def _by_autograd(function, f, value):
    met = []

    def watched(w):
        met.append(is_tensor(w))
        return f(w)

    result = function(watched, value)
    if met and not any(met):
        raise NotRight(
            "f was handed plain numbers, so this is a difference, and not exact. Make a tensor of"
            " the value, and let autograd differentiate."
        )
    return result


SLOPE = Exercise(
    function="slope",
    parts={"derivative": "number"},
    right=lambda f, value: f.derivative(value),
    cases=[(_SQUARE, 3.0), (_INVERSE, 0.8), (_CUBIC, -1.5)],
    call=_by_autograd,
    mistakes=[
        Mistake("This is f itself; its derivative is in w.grad.", lambda f, value: f(value)),
        Mistake(
            "It returns the value that came in; the derivative is in w.grad.",
            lambda f, value: value,
        ),
        Mistake(
            "Two walks back have been added up: is backward called twice?",
            lambda f, value: 2 * f.derivative(value),
        ),
        Mistake("The sign is turned.", lambda f, value: -f.derivative(value)),
    ],
)

_OLD_GRADIENT = 10.0


def _stepped(loss_of, w, lrate, old=0.0, steps=2, sign=-1.0):
    grad = old
    for _ in range(steps):
        grad = (grad if old else 0.0) + loss_of.derivative(w)
        w = w + sign * lrate * grad
    return w


def _steps(function, loss_of, w, lrate):
    import torch

    leaf = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    leaf.grad = torch.full_like(leaf, _OLD_GRADIENT)
    computed: list[Any] = []

    def counted(w):
        computed.append(w)
        return loss_of(w)

    for _ in range(2):
        computed.clear()
        try:
            done = function(counted, leaf, lrate)
        except TypeError:
            if leaf.grad is not None:
                raise
            if not computed:
                raise NotRight(
                    "It moves before backward has filled w.grad: empty, walk back, move."
                ) from None
            raise NotRight(
                "The gradient is emptied after backward has filled it, and before it is used."
                " Empty it first."
            ) from None
        except RuntimeError as error:
            if "leaf Variable" not in str(error):
                raise
            raise NotRight(
                "The move is noted on the tape, and PyTorch refuses to change a leaf so: put it"
                " under with torch.no_grad():"
            ) from None
        if done is Ellipsis:
            return ...
    return leaf.item()


def _stale(loss_of, w, lrate):
    """Return w after two moves, each by what was there before, emptied and then walked back."""
    first = w - lrate * _OLD_GRADIENT
    return first - lrate * loss_of.derivative(first)


def _emptied_last(loss_of, w, lrate):
    """Return w after two steps, each emptied at its end."""
    first = w - lrate * (_OLD_GRADIENT + loss_of.derivative(w))
    return first - lrate * loss_of.derivative(first)


def _late(loss_of, w, lrate):
    """Return w after two moves, each before the walk back that it needs."""
    first = w - lrate * _OLD_GRADIENT
    return first - lrate * (_OLD_GRADIENT + loss_of.derivative(first))


STEP_DOWN = Exercise(
    function="step_down",
    parts={"w after two steps": "number"},
    right=_stepped,
    cases=[(_SQUARE, 3.0, 0.1), (_CUBIC, 2.0, 0.05), (_INVERSE, 0.8, 0.2)],
    call=_steps,
    mistakes=[
        Mistake(
            "Old gradients pile up: empty w.grad before backward.",
            lambda loss_of, w, lrate: _stepped(loss_of, w, lrate, old=_OLD_GRADIENT),
        ),
        Mistake(
            "It moves by the gradient of the step before: backward comes first, then the move.",
            _late,
        ),
        Mistake(
            "It moves by what w.grad held before: empty, walk back, and only then move.", _stale
        ),
        Mistake(
            "w.grad is emptied at the end: what stands there before the first step is added in."
            " Empty it first.",
            _emptied_last,
        ),
        Mistake("The weight never moves.", lambda loss_of, w, lrate: w),
        Mistake(
            "It walks uphill. Subtract.",
            lambda loss_of, w, lrate: _stepped(loss_of, w, lrate, sign=1.0),
        ),
    ],
)

# --- The graph in PyTorch, and what is cut off it -------------------------------------------------


def _graph(text: str, value: Callable) -> Any:
    """Return a function of a tensor, shown as its text."""
    return _formula(text, value, lambda w: None)


def _tensor(w):
    import torch

    return torch.tensor(w, dtype=torch.float64, requires_grad=True)


def _twice_used(w):
    u = 2.0 * w
    return u * u + u


def _constant_beside(w):
    return w * 3.0 + w.detach()


def _functions(formula, w, most_once=True, itself=True, inputs=True, direct=False):
    """Return (how many functions stand behind a formula, how many of them are a leaf's), with
    mistakes if asked for.
    """
    last = formula(_tensor(w)).grad_fn
    met, to_visit = [], [last]
    while to_visit:
        function = to_visit.pop()
        if most_once and function in met:
            continue
        met.append(function)
        if not direct or function is last:
            to_visit += [each for each, _ in function.next_functions if each is not None]
    leaves = _leaves(met)
    return len(met) - (not itself) - (0 if inputs else leaves), leaves if inputs else 0


def _leaves(functions):
    return sum("Accumulate" in type(each).__name__ for each in functions)


def _found(function, formula, w):
    last = formula(_tensor(w)).grad_fn
    try:
        found = function(last)
    except AttributeError as error:
        if "next_functions" not in str(error):
            raise
        raise NotRight(
            "next_functions holds None for what needs no gradient, and pairs (function, number):"
            " take the first of each pair, and leave None out."
        ) from None
    if found is Ellipsis:
        return found
    if not isinstance(found, set | frozenset | list | tuple):
        raise NotRight(f"It returns {type_in_words(found)}; return the set of functions.")
    if None in found:
        raise NotRight("None is among them: it stands for what needs no gradient. Leave it out.")
    return len(found), _leaves(found)


def _counted(**fault):
    return lambda formula, w: _functions(formula, w, **fault)


ALL_BEFORE = Exercise(
    function="all_before",
    parts={"functions found": "number", "AccumulateGrad among them": "number"},
    right=_counted(),
    cases=[
        (_graph("f = w * w", lambda w: w * w), 3.0),
        (_graph("u = 2 * w, f = u * u + u", _twice_used), 1.5),
        (_graph("f = w * 3 + w.detach()", _constant_beside), 1.5),
    ],
    call=_found,
    mistakes=[
        Mistake("The function itself is left out; it belongs to the set.", _counted(itself=False)),
        Mistake(
            "A function that is used twice is counted twice: a set holds each once.",
            _counted(most_once=False),
        ),
        Mistake(
            "Only what it was directly made from is found; go on from each of these.",
            _counted(direct=True),
        ),
        Mistake("AccumulateGrad is left out; it is the leaf's place.", _counted(inputs=False)),
    ],
)


def _blind(value=lambda e: e * e, slope=lambda e: e):
    return lambda e: (value(e), slope(e))


def _half(function, e):
    import torch

    leaf = _tensor(e)
    made = function(leaf)
    if made is Ellipsis:
        return made
    if not isinstance(made, torch.Tensor):
        raise NotRight(f"It returns {type_in_words(made)}; return a tensor.")
    if not made.requires_grad:
        raise NotRight(
            "Nothing of e is left on the tape: both factors are constants. Only the second is to be"
            " one."
        )
    (slope,) = torch.autograd.grad(made, leaf)
    return made.item(), slope.item()


HALF_BLIND = Exercise(
    function="half_blind",
    parts={"value": "number", "derivative by e": "number"},
    right=_blind(),
    cases=[(3.0,), (-0.5,), (0.2,)],
    call=_half,
    mistakes=[
        Mistake(
            "Nothing is cut: the derivative is that of the whole square, 2 e.",
            _blind(slope=lambda e: 2 * e),
        ),
        Mistake("The value should be e * e.", _blind(lambda e: 2 * e, lambda e: 1.0)),
        Mistake("This is half of e * e; the value is to be whole.", _blind(lambda e: e * e / 2)),
        Mistake("The second factor is missing.", _blind(lambda e: e, lambda e: 1.0)),
    ],
)

BLANKS = {
    "Round5_Tape": {each.function: each for each in (MULTIPLY, HAND_BACK, BACKWARD, LOG_COSH)},
    "Round5_Tape-PyTorch": {
        each.function: each for each in (SLOPE, ALL_BEFORE, STEP_DOWN, HALF_BLIND)
    },
}
