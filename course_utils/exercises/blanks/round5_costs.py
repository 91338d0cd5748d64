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

# --- Computed again -------------------------------------------------------------------------------


def _cubed(a, arrived, times=1.0, slope=lambda a: 3 * a**2, value=lambda a: a**3):
    """Return (value, what goes back) of ``forgetful`` on a cube."""
    return value(a), times * arrived * slope(a)


def _forgets(function, a, arrived):
    space = globals_of(function)
    leaf = space["Array"](a)
    result = function(lambda each: each * each * each, leaf)
    if result is Ellipsis:
        return result
    if not hasattr(result, "made_from"):
        raise NotRight(
            "It returns no Array; return made(value, (a, rule)), so that the result remembers."
        )
    if len(result.made_from) != 1 or result.made_from[0][0] is not leaf:
        raise NotRight(
            "The whole stretch is on the tape: compute its value from an Array that needs no"
            " gradient, and its notes in the rule. Then one pair is enough: (a, rule)."
        )
    back = result.made_from[0][1](arrived)
    if back is Ellipsis:
        return back
    if hasattr(back, "made_from"):
        raise NotRight("The rule hands back numbers, again.grad, not an Array.")
    if back is None:
        raise NotRight(
            "The rule hands back nothing. Is there a return? And is again.grad that of the Array"
            " that the stretch was computed from once more?"
        )
    return result.data, np.asarray(back, float)


FORGETFUL = Exercise(
    function="forgetful",
    parts={"value": "array", "what goes back to a": "array"},
    right=_cubed,
    cases=[
        (np.array([2.0, -1.0]), np.array([1.0, 1.0])),
        (np.array([0.5, 3.0]), np.array([2.0, -0.5])),
    ],
    call=_forgets,
    mistakes=[
        Mistake(
            "What has arrived, g, is left out: walk back from the sum of the stretch times g.",
            lambda a, arrived: _cubed(a, np.ones_like(arrived)),
        ),
        Mistake(
            "The stretch itself goes back, not its derivative: hand back again.grad.",
            lambda a, arrived: _cubed(a, arrived, slope=lambda a: a**3),
        ),
        Mistake(
            "g goes back as it is; the derivative of the stretch is missing.",
            lambda a, arrived: _cubed(a, arrived, slope=lambda a: 1.0),
        ),
        Mistake(
            "g is multiplied in twice: once in the sum that is walked back, and once more.",
            lambda a, arrived: _cubed(a, arrived, times=arrived),
        ),
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

    results = function(f, torch.from_numpy(w), torch.from_numpy(d))
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

BLANKS = {
    "Round5_Costs": {each.function: each for each in (DUAL_MULTIPLY, FORGETFUL)},
    "Round5_Costs-PyTorch": {each.function: each for each in (SLOPE_ALONG, CURVATURE_ALONG)},
}
