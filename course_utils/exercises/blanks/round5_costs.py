"""What the reader writes in Round5_Costs and its twin, and the known mistakes."""

from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise, Mistake, NotRight
from course_utils.exercises.watching import globals_of

# --- Dual numbers ---------------------------------------------------------------------------------


def _pair(slope, value=lambda a, b: a[0] * b[0]):
    return lambda a, b: (value(a, b), slope(a, b))


DUAL_MULTIPLY = Exercise(
    function="dual_multiply",
    parts={"value": "number", "slope": "number"},
    right=_pair(lambda a, b: a[1] * b[0] + a[0] * b[1]),
    cases=[
        (np.array([2.0, 1.0]), np.array([3.0, 5.0])),
        (np.array([-1.5, 0.0]), np.array([0.5, 2.0])),
        (np.array([4.0, -1.0]), np.array([0.0, 0.0])),
    ],
    mistakes=[
        Mistake(
            "The slopes are multiplied. A product's slope has two terms: the slope of each factor"
            " times the value of the other.",
            _pair(lambda a, b: a[1] * b[1]),
        ),
        Mistake(
            "Each slope is multiplied by its own value; it should be by that of the other factor.",
            _pair(lambda a, b: a[1] * a[0] + b[1] * b[0]),
        ),
        Mistake("The slopes are added, as for a sum.", _pair(lambda a, b: a[1] + b[1])),
        Mistake(
            "The values are added; a slope belongs in each term.", _pair(lambda a, b: a[0] + b[0])
        ),
        Mistake(
            "The slopes' product is in it, too: it is of second order, and is dropped.",
            _pair(lambda a, b: a[1] * b[0] + a[0] * b[1] + a[1] * b[1]),
        ),
        Mistake(
            "One term stands there twice; the second has the slope of the other factor.",
            _pair(lambda a, b: 2 * a[1] * b[0]),
        ),
        Mistake(
            "The value has the product of the slopes in it; it is the product of the values alone.",
            _pair(lambda a, b: a[1] * b[0] + a[0] * b[1], lambda a, b: a[0] * b[0] + a[1] * b[1]),
        ),
        Mistake(
            "This multiplies complex numbers, where i² is -1. Here the product of the slopes is of"
            " second order, and is dropped.",
            _pair(lambda a, b: a[1] * b[0] + a[0] * b[1], lambda a, b: a[0] * b[0] - a[1] * b[1]),
        ),
        Mistake("Only the first factor's slope is carried along.", _pair(lambda a, b: a[1] * b[0])),
        Mistake(
            "Only the second factor's slope is carried along.", _pair(lambda a, b: a[0] * b[1])
        ),
        Mistake(
            "The second term is subtracted; that belongs to a quotient.",
            _pair(lambda a, b: a[1] * b[0] - a[0] * b[1]),
        ),
        Mistake(
            "Slope and value are exchanged: (value, slope).",
            lambda a, b: (a[1] * b[0] + a[0] * b[1], a[0] * b[0]),
        ),
        Mistake(
            "The value should be the product of the values.",
            _pair(lambda a, b: a[1] * b[0] + a[0] * b[1], lambda a, b: a[0] + b[0]),
        ),
    ],
)

# --- Forwards through a layer ---------------------------------------------------------------------


def _pushed(by_d=lambda a, W, d: d @ W, slope=lambda b: 1 - b**2):
    return lambda a, W, d: by_d(a, W, d) * slope(np.tanh(a @ W))


def _drawn(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


PUSH_FORWARD = Exercise(
    function="push_forward",
    parts={"J d": "array"},
    right=_pushed(),
    cases=[
        (np.array([[0.5, 1.0]]), np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([[2.0, 1.0]])),
        (_drawn(1, 3, 2), _drawn(2, 2, 2), _drawn(3, 3, 2)),
        (_drawn(4, 2, 3), _drawn(5, 3, 3), _drawn(6, 2, 3)),
    ],
    mistakes=[
        Mistake("The slope of tanh is missing: times 1 - tanh².", _pushed(slope=lambda b: 1.0)),
        Mistake(
            "The way through W is missing: a nudge d of a becomes d @ W.",
            _pushed(by_d=lambda a, W, d: d),
        ),
        Mistake(
            "W is transposed: that is the way back, g @ Wᵀ. Forwards it is d @ W.",
            _pushed(by_d=lambda a, W, d: d @ W.T),
        ),
        Mistake(
            "This is tanh at d; tanh's slope belongs to a @ W, and d goes along with it.",
            lambda a, W, d: np.tanh(d @ W),
        ),
        Mistake(
            "The slope is taken at d @ W; it is that at a @ W, where the layer stands.",
            lambda a, W, d: (d @ W) * (1 - np.tanh(d @ W) ** 2),
        ),
        Mistake("The slope of tanh is 1 - tanh², with a square.", _pushed(slope=lambda b: 1 - b)),
        Mistake("tanh itself stands where its slope belongs.", _pushed(slope=lambda b: b)),
        Mistake(
            "The direction is left out: a @ W stands where d @ W belongs.",
            _pushed(by_d=lambda a, W, d: a @ W),
        ),
    ],
)

# --- Computed again -------------------------------------------------------------------------------


def _cubed(data, g, times=1.0, slope=lambda a: 3 * a**2):
    """Return what goes back through a cube, with mistakes if asked for."""
    return times * g * slope(data)


def _walks_again(function, data, g):
    before = globals_of(function)["Array"](data)
    seen = []

    def cube(a):
        seen.append(a)
        return a * a * a

    back = function(cube, before.data, g)
    if hasattr(back, "made_from"):
        raise NotRight("It returns an Array; return what goes back as numbers, again.grad.")
    if back is None:
        raise NotRight(
            "It returns nothing. Is there a return? And is the grad that of the Array from which"
            " the stretch was computed?"
        )
    if back is not Ellipsis and not any(hasattr(each, "made_from") for each in seen):
        raise NotRight(
            "The stretch was not computed from an Array: again = Array(data), then stretch(again)."
        )
    return back


BACK_AGAIN = Exercise(
    function="back_again",
    parts={"what goes back": "array"},
    right=_cubed,
    cases=[
        (np.array([2.0, -1.0]), np.array([1.0, 1.0])),
        (np.array([0.5, 3.0]), np.array([2.0, -0.5])),
    ],
    call=_walks_again,
    mistakes=[
        Mistake(
            "What has arrived, g, is left out: walk back from the sum of the stretch times g.",
            lambda data, g: _cubed(data, np.ones_like(g)),
        ),
        Mistake(
            "The stretch itself goes back, not its derivative: hand back again.grad.",
            lambda data, g: _cubed(data, g, slope=lambda a: a**3),
        ),
        Mistake(
            "The stretch itself goes back, without g and not as a derivative: again.grad.",
            lambda data, g: data**3,
        ),
        Mistake(
            "g goes back as it is; the derivative of the stretch is missing.", lambda data, g: g
        ),
        Mistake(
            "g is multiplied in twice: once in the sum that is walked back, and once more.",
            lambda data, g: _cubed(data, g, times=g),
        ),
        Mistake(
            "It walks back from the mean: each part is divided by their number. Take the sum.",
            lambda data, g: _cubed(data, g) / g.size,
        ),
        Mistake("Two walks have been added up.", lambda data, g: 2 * _cubed(data, g)),
    ],
)

# --- Dual numbers on the tape ---------------------------------------------------------------------


def _formula(text, value, slope, curvature):
    def f(*w):
        return value(*w)

    f.__doc__, f.slope, f.curvature = text, slope, curvature  # type: ignore[attr-defined]
    return f


_TWO = _formula(
    "f(a, b) = a * a * b",
    lambda a, b: a * a * b,
    lambda a, b: np.array([2 * a * b, a * a]),
    lambda a, b: np.array([[2 * b, 2 * a], [2 * a, 0.0]]),
)
_THREE = _formula(
    "f(a, b, c) = a * b * c + c * c * c",
    lambda a, b, c: a * b * c + c * c * c,
    lambda a, b, c: np.array([b * c, a * c, a * b + 3 * c**2]),
    lambda a, b, c: np.array([[0.0, c, b], [c, 0.0, a], [b, a, 6 * c]]),
)


def _derived(f, point, direction):
    return f.slope(*point), f.curvature(*point) @ direction


def _along(function, f, point, direction):
    results = function(f, point, direction)
    if isinstance(results, np.ndarray) and results.ndim == 2 and len(results) == 2:
        results = tuple(results)
    parts = results if isinstance(results, tuple | list) else [results]
    for each in parts:
        entries = np.asarray(each, dtype=object).ravel() if each is not Ellipsis else ()
        if any(hasattr(entry, "slope") for entry in entries):
            raise NotRight(
                "There are dual numbers in it: of each grad take .value for the gradient, and"
                " .slope for H d."
            )
        if any(hasattr(entry, "made_from") for entry in entries):
            raise NotRight("There are nodes in it; what is asked for stands in their grad.")
    return results


ALONG = Exercise(
    function="along",
    parts={"gradient": "array", "H d": "array"},
    right=_derived,
    cases=[
        (_TWO, np.array([3.0, -1.0]), np.array([1.0, 0.0])),
        (_TWO, np.array([0.5, 2.0]), np.array([0.6, -0.8])),
        (_THREE, np.array([1.0, -2.0, 0.5]), np.array([0.25, 1.0, 3.0])),
    ],
    call=_along,
    mistakes=[
        Mistake(
            "The two results are in the wrong order: gradient, H d.",
            lambda f, point, d: _derived(f, point, d)[::-1],
        ),
        Mistake(
            "The direction is left out: each number goes in with its own entry of it as its slope,"
            " not with 1.",
            lambda f, point, d: _derived(f, point, np.ones_like(d)),
        ),
        Mistake(
            "H d is 0: do the numbers go in with a slope, Dual(value, slope)?",
            lambda f, point, d: _derived(f, point, np.zeros_like(d)),
        ),
        Mistake(
            "The second result is the gradient times d; H d is the slope of the gradient.",
            lambda f, point, d: (f.slope(*point), f.slope(*point) * d),
        ),
        Mistake("point and direction are exchanged.", lambda f, point, d: _derived(f, d, point)),
        Mistake("The gradient stands there twice.", lambda f, point, d: (f.slope(*point),) * 2),
    ],
)

# --- The twin -------------------------------------------------------------------------------------


def _function(text: str, value: Any, slope: Any, curvature: Any) -> Any:
    """Return a function of a tensor with its derivatives, shown as its text."""

    def f(w):
        return value(w)

    f.__doc__, f.slope, f.curvature = text, slope, curvature  # type: ignore[attr-defined]
    return f


_CUBES = _function(
    "f(w) = sum of w**3", lambda w: (w**3).sum(), lambda w: 3 * w**2, lambda w: np.diag(6 * w)
)
_PRODUCT = _function(
    "f(w) = w[0]**2 * w[1]",
    lambda w: w[0] ** 2 * w[1],
    lambda w: np.array([2 * w[0] * w[1], w[0] ** 2]),
    lambda w: np.array([[2 * w[1], 2 * w[0]], [2 * w[0], 0.0]]),
)
_POINTS = [
    (_CUBES, np.array([1.0, 2.0]), np.array([1.0, 0.0])),
    (_PRODUCT, np.array([3.0, -1.0]), np.array([0.5, 2.0])),
    (_CUBES, np.array([0.5, -1.5]), np.array([-1.0, 0.25])),
]


def _with_tensors(function, f, w, d):
    import torch

    point = torch.from_numpy(w)
    results = function(f, point, torch.from_numpy(d))
    if point.requires_grad and results is not Ellipsis:
        raise NotRight(
            "It turns requires_grad on in the caller's own w: requires_grad_() works in place. Make"
            " a tensor of your own first: w.clone().requires_grad_()."
        )
    parts = results if isinstance(results, tuple) else (results,)
    plain = [each.detach() if isinstance(each, torch.Tensor) else each for each in parts]
    return tuple(plain) if isinstance(results, tuple) else plain[0]


SLOPE_ALONG = Exercise(
    function="slope_along",
    parts={"slope": "tensor"},
    right=lambda f, w, d: f.slope(w) @ d,
    cases=_POINTS,
    call=_with_tensors,
    mistakes=[
        Mistake("This is f itself; jvp returns (value, slope).", lambda f, w, d: f(w)),
        Mistake(
            "The direction does not count: is d handed to jvp, in a tuple of its own?",
            lambda f, w, d: f.slope(w).sum(),
        ),
        Mistake(
            "This is the whole gradient; along d it is one number, gradient @ d.",
            lambda f, w, d: f.slope(w),
        ),
        Mistake(
            "It is the gradient times d, entry by entry; their sum is the slope along d.",
            lambda f, w, d: f.slope(w) * d,
        ),
        Mistake("w and d are exchanged.", lambda f, w, d: f.slope(d) @ w),
        Mistake(
            "d is brought to length 1 first; take it as it comes.",
            lambda f, w, d: f.slope(w) @ d / np.linalg.norm(d),
        ),
    ],
)

CURVATURE_ALONG = Exercise(
    function="curvature_along",
    parts={"gradient": "tensor", "H d": "tensor"},
    right=lambda f, w, d: (f.slope(w), f.curvature(w) @ d),
    cases=_POINTS,
    call=_with_tensors,
    mistakes=[
        Mistake(
            "The direction is left out: the gradient's sum is differentiated, not its product with"
            " d.",
            lambda f, w, d: (f.slope(w), f.curvature(w) @ np.ones_like(d)),
        ),
        Mistake(
            "d comes too late: first the gradient's product with d, then its derivative.",
            lambda f, w, d: (f.slope(w), f.curvature(w) @ np.ones_like(d) * d),
        ),
        Mistake(
            "This is the curvature along d, one number, d H d; H d alone is asked for.",
            lambda f, w, d: (f.slope(w), d @ f.curvature(w) @ d),
        ),
        Mistake(
            "This is H with its columns multiplied by d; their sums are H d, H @ d.",
            lambda f, w, d: (f.slope(w), f.curvature(w) * d),
        ),
        Mistake(
            "This is the whole table H; times d, H @ d.",
            lambda f, w, d: (f.slope(w), f.curvature(w)),
        ),
        Mistake(
            "H d is multiplied by d once more; d goes in before the second derivative, not after.",
            lambda f, w, d: (f.slope(w), f.curvature(w) @ d * d),
        ),
        Mistake(
            "The first result should be the gradient; here it is its product with d.",
            lambda f, w, d: (f.slope(w) @ d, f.curvature(w) @ d),
        ),
        Mistake(
            "The second result is the gradient times d; it wants a second derivative.",
            lambda f, w, d: (f.slope(w), f.slope(w) * d),
        ),
        Mistake(
            "The two results are in the wrong order: gradient, H d.",
            lambda f, w, d: (f.curvature(w) @ d, f.slope(w)),
        ),
    ],
)


def _error(parameters, x, y):
    """f(parameters, x, y) = (x @ parameters - y)**2"""
    return (x @ parameters - y) ** 2


def _each(w, x, y):
    return 2 * (x @ w - y)[:, None] * x


def _one_by_one(function, w, x, y):
    import torch

    results = function(_error, *map(torch.from_numpy, (w, x, y)))
    return results.detach() if isinstance(results, torch.Tensor) else results


EACH_GRADIENT = Exercise(
    function="each_gradient",
    parts={"gradients": "tensor"},
    right=_each,
    cases=[
        (
            np.array([1.0, -1.0]),
            np.array([[1.0, 2.0], [3.0, 0.5], [-1.0, 1.0]]),
            np.array([0.0, 1.0, 2.0]),
        ),
        (_drawn(7, 3), _drawn(8, 4, 3), _drawn(9, 4)),
    ],
    call=_one_by_one,
    mistakes=[
        Mistake(
            "The gradients of all rows are added up; one for each row is asked for, vmap.",
            lambda w, x, y: _each(w, x, y).sum(axis=0),
        ),
        Mistake(
            "The gradients of all rows are averaged; one for each row is asked for, vmap.",
            lambda w, x, y: _each(w, x, y).mean(axis=0),
        ),
        Mistake("These are the values of f; grad(f) is missing.", lambda w, x, y: (x @ w - y) ** 2),
        Mistake("Only the first row's gradient is returned.", lambda w, x, y: _each(w, x, y)[0]),
        Mistake(
            "The derivative is by x; grad(f) takes that by the first argument.",
            lambda w, x, y: 2 * (x @ w - y)[:, None] * w,
        ),
        Mistake("Rows and columns are exchanged.", lambda w, x, y: _each(w, x, y).T),
    ],
)


def _in_silence(function, w):
    import torch

    leaf = torch.from_numpy(w).requires_grad_()
    noted = []

    def cubes(w):
        noted.append(torch.is_grad_enabled())
        return (w**3).sum()

    made = function(cubes, leaf)
    if made is Ellipsis:
        return made
    if isinstance(made, torch.Tensor) and made.requires_grad:
        raise NotRight("Its notes are on the result: compute f(w) under with torch.no_grad():")
    if any(noted):
        raise NotRight(
            "The result bears no notes, but they were made: f ran with the tape on. Put the call"
            " itself under with torch.no_grad():"
        )
    if not torch.is_grad_enabled():
        torch.set_grad_enabled(True)
        raise NotRight("The tape stays off for all that follows: with torch.no_grad(): ends it.")
    if not leaf.requires_grad:
        raise NotRight("The caller's w no longer asks for a gradient; leave it as it is.")
    return made


WITHOUT_NOTES = Exercise(
    function="without_notes",
    parts={"value": "tensor"},
    right=lambda w: np.sum(w**3),
    cases=[(np.array([1.0, 2.0]),), (np.array([0.5, -1.5, 3.0]),)],
    call=_in_silence,
    mistakes=[
        Mistake("This is w itself; f(w) is asked for.", lambda w: w),
        Mistake("This is the gradient of f; its value is asked for.", lambda w: 3 * w**2),
        Mistake("f is called on 0, or its value is lost.", lambda w: np.array(0.0)),
    ],
)

BLANKS = {
    "Round5_Costs": {
        each.function: each for each in (DUAL_MULTIPLY, PUSH_FORWARD, BACK_AGAIN, ALONG)
    },
    "Round5_Costs-PyTorch": {
        each.function: each for each in (SLOPE_ALONG, EACH_GRADIENT, CURVATURE_ALONG, WITHOUT_NOTES)
    },
}
