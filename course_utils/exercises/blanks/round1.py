"""Round 1: the functions that the reader writes in the notebooks, and their known mistakes.

Other data than the notebook's stand in the cases, so a number copied from the page is noticed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from course_utils.exercises.cases import (
    LINES,
    ONLY_THE_FIRST,
    ONLY_THE_LAST,
    SLIPS,
    SMALLEST,
    TOUCHY,
    gradient,
    mse,
    votes,
)
from course_utils.exercises.kinds import is_tensor
from course_utils.exercises.model import Exercise, Goal, Mistake, NotRight
from course_utils.exercises.notebook_data import as_tensor, in_tensors, with_data
from course_utils.exercises.results import same_part
from course_utils.exercises.round1 import HESSIAN, TABLE
from course_utils.exercises.round2 import GRADIENT_STEP, gradient_step

# --- The mean squared error of a linear model, and its gradient -----------------------------------

MSE = Exercise(
    function="mse",
    parts={"MSE": "number"},
    right=mse,
    cases=LINES,
    mistakes=[
        Mistake(
            "The mean is squared; expected the mean of the squares. Errors of both signs cancel"
            " before they are squared.",
            lambda X, y, w: np.mean(X @ w - y) ** 2,
        ),
        Mistake(
            "The errors are not squared: they cancel each other.",
            lambda X, y, w: np.mean(X @ w - y),
        ),
        Mistake(
            "The errors are not squared: they cancel each other. And they are turned round, truth"
            " minus prediction.",
            lambda X, y, w: np.mean(y - X @ w),
        ),
        Mistake(
            "This is the mean of the absolute errors. Square them instead.",
            lambda X, y, w: np.mean(abs(X @ w - y)),
        ),
        Mistake(
            "This is the root of the MSE. Leave the root out.",
            lambda X, y, w: np.sqrt(mse(X, y, w)),
        ),
        Mistake(
            "This is the length of the error vector: a root of a sum. Expected the mean of the"
            " squares.",
            lambda X, y, w: np.linalg.norm(X @ w - y),
        ),
        Mistake(
            "This is the variance of the errors: their mean was taken away first.",
            lambda X, y, w: np.var(X @ w - y),
        ),
        Mistake(
            "Prediction and truth are added; the error is their difference.",
            lambda X, y, w: np.mean((X @ w + y) ** 2),
        ),
        Mistake(TABLE, lambda X, y, w: np.mean(((X @ w)[:, None] - y) ** 2)),
        Mistake(
            "m - 1 stands in the denominator; the mean divides by m.",
            lambda X, y, w: np.sum((X @ w - y) ** 2) / (len(y) - 1),
        ),
        Mistake(
            "y is missing: this is the mean of the squared predictions.",
            lambda X, y, w: np.mean((X @ w) ** 2),
        ),
        Mistake(
            "The prediction is missing: this is the mean of the squared y.",
            lambda X, y, w: np.mean(y**2),
        ),
        Mistake(
            "The errors are doubled, not squared: ** 2, not * 2.",
            lambda X, y, w: np.mean((X @ w - y) * 2),
        ),
        Mistake(
            "This is the standard deviation of the errors: their mean was taken away first, and the"
            " root is taken.",
            lambda X, y, w: np.std(X @ w - y),
        ),
        Mistake("The last example is left out.", lambda X, y, w: np.mean((X @ w - y)[:-1] ** 2)),
        Mistake(
            "The last example is left out.", lambda X, y, w: np.sum((X @ w - y)[:-1] ** 2) / len(y)
        ),
        Mistake(
            "weight is not used: this is the error of a model whose weights are all 1.",
            lambda X, y, w: mse(X, y, np.ones(len(w))),
        ),
        Mistake(ONLY_THE_LAST, lambda X, y, w: (X[-1] @ w - y[-1]) ** 2),
        Mistake(ONLY_THE_LAST, lambda X, y, w: (X[-1] @ w - y[-1]) ** 2 / len(y)),
        Mistake(ONLY_THE_FIRST, lambda X, y, w: (X[0] @ w - y[0]) ** 2),
        Mistake(ONLY_THE_FIRST, lambda X, y, w: (X[0] @ w - y[0]) ** 2 / len(y)),
        Mistake(
            "This is the median of the squares; expected their mean.",
            lambda X, y, w: np.median((X @ w - y) ** 2),
        ),
        Mistake(
            "This is the sum of the absolute errors. Square them, and take the mean.",
            lambda X, y, w: np.sum(abs(X @ w - y)),
        ),
        Mistake(
            "The errors are added up, not squared: they cancel each other.",
            lambda X, y, w: np.sum(X @ w - y),
        ),
        Mistake(
            "The whole sum is squared. Square each error before adding up, and divide by m.",
            lambda X, y, w: np.sum(X @ w - y) ** 2,
        ),
        Mistake(
            "The sum is squared; expected the mean of the squares. Square each error first.",
            lambda X, y, w: np.sum(X @ w - y) ** 2 / len(y),
        ),
        Mistake(
            "This is the largest squared error; expected their mean.",
            lambda X, y, w: np.max((X @ w - y) ** 2),
        ),
        Mistake(
            "The errors are raised to the third power; square them.",
            lambda X, y, w: np.mean((X @ w - y) ** 3),
        ),
        Mistake(
            "The square belongs to the error, prediction minus truth; here only one of them is"
            " squared.",
            lambda X, y, w: np.mean(X @ w - y**2),
        ),
        Mistake(
            "The square belongs to the error, prediction minus truth; here only one of them is"
            " squared.",
            lambda X, y, w: np.mean((X @ w) ** 2 - y),
        ),
        Mistake(
            "Both are squared before their difference is taken. Square the difference.",
            lambda X, y, w: np.mean((X @ w) ** 2 - y**2),
        ),
    ],
)

GRADIENT = Exercise(
    function="gradient",
    parts={"gradient": "array"},
    right=gradient,
    cases=[*LINES, TOUCHY],
    mistakes=[
        Mistake(
            "The inner derivative is missing: each error must be multiplied by its row of X.",
            lambda X, y, w: 2 * np.mean(X @ w - y),
        ),
        Mistake(
            "The mean runs over everything at once. Each weight has its own: take the mean over"
            " the examples only (axis 0).",
            lambda X, y, w: np.mean(votes(X, y, w)),
        ),
        Mistake(
            "The sum runs along the weights, not along the examples: the wrong axis.",
            lambda X, y, w: np.mean(votes(X, y, w), axis=1),
        ),
        Mistake(
            "These are the votes of the single examples. Take their mean over the examples"
            " (axis 0).",
            votes,
        ),
        *[Mistake(sentence, slip) for sentence, slip in SLIPS],
        Mistake(
            "This is where a step leads, weight minus the gradient. Asked is the gradient alone.",
            lambda X, y, w: w - gradient(X, y, w),
        ),
        Mistake(
            "The mean runs along the weights, not along the examples: the wrong axis.",
            lambda X, y, w: votes(X, y, w).mean(axis=1),
        ),
        Mistake(
            "The errors stand where the gradient belongs: multiply by X.T, so that each weight gets"
            " its own sum.",
            lambda X, y, w: X @ w - y,
        ),
        Mistake(
            "* multiplies in pairs; @ adds the products up as well: X.T @ (…).",
            lambda X, y, w: 2 / len(y) * X.T * (X @ w - y),
        ),
        Mistake("This is the loss, not its gradient.", mse),
    ],
)

# --- The line through the mean penguin: x and y are the notebook's --------------------------------

#: (x, y, w): lengths, masses, a slope. The mean of x is not 0 here, so that a mean error shows.
SLOPES = [
    (np.array([0.0, 1.0, 2.0]), np.array([1.0, 4.0, 4.0]), 1.0),
    (np.array([-1.5, -0.3, 0.8, 1.6]), np.array([3.1, 2.9, 4.6, 5.0]), 1.9),
    (np.array([-2.1, -0.9, -0.4, 0.7, 1.2, 2.5]), np.array([2.2, 3.6, 2.9, 4.0, 5.1, 4.4]), 0.3),
]


def _error(x, y, w):
    """Return prediction minus truth."""
    return np.mean(y) + w * x - y


def for_a_slope(result: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``result``(X, y, weight) as a function of one feature x (m,), y (m,), whose mean the
    line knows, and a slope w.
    """

    def of_slope(x: np.ndarray, y: np.ndarray, w: float) -> Any:
        return np.squeeze(result(x[:, None], y - y.mean(), np.array([w])))

    return of_slope


def _slope(x, y, w):
    """Return the derivative of the MSE by the slope w."""
    return 2 * np.mean(_error(x, y, w) * x)


NO_MEAN = "The mean is missing: the line predicts y.mean() + w * x."
SLOPE_MISTAKES = [
    Mistake(
        "The inner derivative is missing: each error must be multiplied by its x before the mean is"
        " taken.",
        lambda x, y, w: 2 * np.mean(_error(x, y, w)),
    ),
    Mistake(
        "The mean of the errors is multiplied by the mean of x. Each error meets its own x first,"
        " then the mean is taken.",
        lambda x, y, w: 2 * np.mean(_error(x, y, w)) * np.mean(x),
    ),
    Mistake(
        "These are the votes of the single examples. Take their mean.",
        lambda x, y, w: 2 * _error(x, y, w) * x,
    ),
    Mistake(
        "The truth is missing: expected the error, prediction minus y.",
        lambda x, y, w: 2 * np.mean((np.mean(y) + w * x) * x),
    ),
    Mistake(
        "The prediction is missing: expected the error, prediction minus y.",
        lambda x, y, w: -2 * np.mean(y * x),
    ),
    Mistake(
        "x stands outside the mean. Each error meets its own x inside: np.mean((…) * x).",
        lambda x, y, w: 2 * np.mean(_error(x, y, w)) * x,
    ),
    Mistake("This is the loss, not its derivative.", lambda x, y, w: np.mean(_error(x, y, w) ** 2)),
    Mistake(
        "The error stands squared in it. The derivative of e² is 2e, not 2e².",
        lambda x, y, w: 2 * np.mean(_error(x, y, w) ** 2 * x),
    ),
    Mistake(
        "This holds for lengths whose mean is 0 only, as the notebook's x has it. The derivative"
        " asked for holds for every x: twice the mean of the errors, each times its x.",
        lambda x, y, w: 2 * np.mean(w * x**2 - x * y),
    ),
    Mistake(
        "The inner derivative is taken by x, which gives w. It is w that varies: the derivative of"
        " w x by w is x.",
        lambda x, y, w: 2 * np.mean(_error(x, y, w) * w),
    ),
    Mistake(
        "Brackets are missing: only y is multiplied by x. Multiply the whole error by it.",
        lambda x, y, w: 2 * np.mean(np.mean(y) + w * x - y * x),
    ),
    Mistake(
        "The errors are multiplied by y. The inner derivative is x.",
        lambda x, y, w: 2 * np.mean(_error(x, y, w) * y),
    ),
    *[
        Mistake(
            "This is a forward difference, an approximation. Asked is the formula.",
            lambda x, y, w, h=h: _slope(x, y, w) + h * np.mean(x**2),
            rtol=1e-6,
        )
        for h in (0.1, 0.01, 1e-3)
    ],
]
MSE_OF_A_SLOPE = Exercise(
    function="mse",
    parts={"MSE": "number"},
    right=for_a_slope(mse),
    cases=SLOPES,
    call=with_data("x", "y"),
    mistakes=[
        Mistake(NO_MEAN, lambda x, y, w: np.mean((w * x - y) ** 2)),
        *[replace(each, result=for_a_slope(each.result)) for each in MSE.mistakes],
    ],
)
SLOPE_OF_THE_MSE = Exercise(
    function="gradient",
    parts={"gradient": "number"},
    right=_slope,
    cases=SLOPES,
    call=with_data("x", "y"),
    mistakes=SLOPE_MISTAKES,
)

# --- Finite differences: a function, a place, a step ----------------------------------------------


def _cubic(w):
    """f(w) = w³"""
    return w**3


def _hyperbola(w):
    """f(w) = 1 / w"""
    return 1 / w


def _of_f(function, f, w, h):
    """Call a difference. Raise NotRight where it is taken of one function only, the notebook's."""
    names = function.__code__.co_names if hasattr(function, "__code__") else ()
    for name in ("mse", "growth_loss"):
        if name in names:
            raise NotRight(f"It is always {name}'s slope. Use f, whatever function that is.")
    return function(f, w, h)


CENTRAL = Exercise(
    function="central",
    call=_of_f,
    parts={"slope": "number"},
    right=lambda f, w, h: (f(w + h) - f(w - h)) / (2 * h),
    cases=[(_cubic, 1.0, 1.0), (_cubic, -0.5, 0.1), (_hyperbola, 2.0, 0.25)],
    mistakes=[
        Mistake(
            "This is the forward difference. The central one looks h to both sides: f at w + h and"
            " at w - h.",
            lambda f, w, h: (f(w + h) - f(w)) / h,
        ),
        Mistake(
            "It is divided by h; from w - h to w + h the way is 2h long.",
            lambda f, w, h: (f(w + h) - f(w - h)) / h,
        ),
        Mistake(
            "It is divided by 2 and then multiplied by h: write / (2 * h), with brackets.",
            lambda f, w, h: (f(w + h) - f(w - h)) / 2 * h,
        ),
        Mistake(
            "It is never divided by the way from w - h to w + h, which is 2h long.",
            lambda f, w, h: f(w + h) - f(w - h),
        ),
        Mistake(
            "From w to w + h the way is h long, not 2h; and a central difference starts at w - h.",
            lambda f, w, h: (f(w + h) - f(w)) / (2 * h),
        ),
        Mistake(
            "This is the backward difference. The central one looks h to both sides: f at w + h and"
            " at w - h.",
            lambda f, w, h: (f(w) - f(w - h)) / h,
        ),
        Mistake(
            "The two values are added. The rise is their difference.",
            lambda f, w, h: (f(w + h) + f(w - h)) / (2 * h),
        ),
        Mistake(
            "Without brackets only f(w - h) is divided: write (f(w + h) - f(w - h)) / (2 * h).",
            lambda f, w, h: f(w + h) - f(w - h) / (2 * h),
        ),
        *[
            Mistake(
                "It looks half as far as asked: f at w + h and at w - h.",
                lambda f, w, h, way=way: (f(w + h / 2) - f(w - h / 2)) / (way * h),
            )
            for way in (1, 2)
        ],
        Mistake(
            "This is the second difference, the curvature. Asked is the slope: f at w + h minus f"
            " at w - h, by 2h.",
            lambda f, w, h: (f(w + h) - 2 * f(w) + f(w - h)) / h**2,
        ),
        *[
            Mistake(
                f"The gap is always {gap}; use the argument h.",
                lambda f, w, h, gap=gap: (f(w + gap) - f(w - gap)) / (2 * gap),
            )
            for gap in (0.1, 0.01)
        ],
    ],
)

FORWARD = Exercise(
    function="forward",
    parts={"slope": "number"},
    right=lambda f, w, h: (f(w + h) - f(w)) / h,
    cases=CENTRAL.cases,
    call=_of_f,
    mistakes=[
        Mistake(
            "This is the central difference. The forward one looks to one side: f at w + h and w.",
            lambda f, w, h: (f(w + h) - f(w - h)) / (2 * h),
        ),
        Mistake(
            "This is the backward difference. The forward one looks to the right: f at w + h.",
            lambda f, w, h: (f(w) - f(w - h)) / h,
        ),
        Mistake(
            "It is never divided by the way from w to w + h, which is h long.",
            lambda f, w, h: f(w + h) - f(w),
        ),
        Mistake(
            "From w to w + h the way is h long, not 2h.",
            lambda f, w, h: (f(w + h) - f(w)) / (2 * h),
        ),
        Mistake(
            "It is multiplied by h. Divide the rise by the run.",
            lambda f, w, h: (f(w + h) - f(w)) * h,
        ),
        Mistake(
            "Without brackets only f(w) is divided by h: write (f(w + h) - f(w)) / h.",
            lambda f, w, h: f(w + h) - f(w) / h,
        ),
    ],
)

# --- A model that grows ---------------------------------------------------------------------------


def _growth(x, y, w):
    """Return what the growth model predicts."""
    return np.mean(y) * np.exp(w * x)


GROWTH_GRADIENT = Exercise(
    function="growth_gradient",
    parts={"gradient": "number"},
    right=lambda x, y, w: 2 * np.mean((_growth(x, y, w) - y) * _growth(x, y, w) * x),
    cases=[(x, y, w / 4) for x, y, w in SLOPES],
    call=with_data("x", "y"),
    mistakes=[
        Mistake(
            "The chain rule stops half way: the derivative of exp(w x) by w is x exp(w x), so each"
            " error is multiplied by its prediction and by its x. The prediction is missing.",
            lambda x, y, w: 2 * np.mean((_growth(x, y, w) - y) * x),
        ),
        Mistake(
            "The chain rule stops half way: the derivative of exp(w x) by w is x exp(w x), so each"
            " error is multiplied by its prediction and by its x. The x is missing.",
            lambda x, y, w: 2 * np.mean((_growth(x, y, w) - y) * _growth(x, y, w)),
        ),
        Mistake(
            "Each error is multiplied by exp(w x) and x; the mean mass in front of the exponential"
            " stays a factor: multiply by the prediction.",
            lambda x, y, w: 2 * np.mean((_growth(x, y, w) - y) * np.exp(w * x) * x),
        ),
        Mistake(
            "This is the loss, not its derivative.",
            lambda x, y, w: np.mean((_growth(x, y, w) - y) ** 2),
        ),
        Mistake(
            "The inner derivative is taken by x, which gives w. It is w that varies: the derivative"
            " of w x by w is x.",
            lambda x, y, w: 2 * np.mean((_growth(x, y, w) - y) * _growth(x, y, w) * w),
        ),
        Mistake("This is the gradient of the straight line's MSE, not of the growth's.", _slope),
        Mistake(
            "The prediction is the straight line's, y.mean() + w * x. This model multiplies:"
            " y.mean() * np.exp(w * x).",
            lambda x, y, w: 2 * np.mean(_error(x, y, w) * (np.mean(y) + w * x) * x),
        ),
    ],
)

# --- Several weights ------------------------------------------------------------------------------

MSE_GRADIENT = replace(GRADIENT, function="mse_gradient")

# --- The same in PyTorch --------------------------------------------------------------------------


def _leads_back(function: Callable[..., Any]) -> None:
    """Raise NotRight where autograd finds no way from the result of ``function`` back to w."""
    x, y, w = SLOPES[0]
    leaf = as_tensor(np.array(w)).requires_grad_()
    loss = with_data("x", "y", tensors=True)(function, x, y, leaf)
    if is_tensor(loss) and loss.requires_grad:
        loss.sum().backward()
    if leaf.grad is None:
        raise NotRight(
            "The numbers are right, but no way leads back from them to w, and autograd needs one"
            " below. Compute with w as it comes in: no .detach(), no .item(), no no_grad(), no new"
            " tensor made of it."
        )


MSE_IN_PYTORCH = replace(
    MSE_OF_A_SLOPE,
    parts={"MSE": "tensor"},
    call=with_data("x", "y", tensors=True),
    besides=_leads_back,
)
SLOPE_BY_AUTOGRAD = replace(
    SLOPE_OF_THE_MSE, parts={"gradient": "tensor"}, call=with_data("x", "y", tensors=True)
)
MSE_GRADIENT_BY_AUTOGRAD = replace(MSE_GRADIENT, parts={"gradient": "tensor"}, call=in_tensors)


def _takes_columns_and_refuses_nan(function: Callable[..., Any]) -> None:
    """Raise NotRight where ``function`` is right for rows alone, or computes with NaN."""
    X, y, weight = SMALLEST
    expected, loss = gradient_step(X, y, weight, 0.1)
    column, upright = y[:, None], weight[:, None]
    for a, b, shapes in (
        (column, weight, f"y {column.shape}"),
        (y, upright, f"weight {upright.shape}"),
        (column, upright, f"y {column.shape} and weight {upright.shape}"),
    ):
        try:
            new, found = function(X.copy(), a.copy(), b.copy(), 0.1)
        except (ValueError, TypeError, IndexError, RuntimeError):
            new, found = np.zeros(0), 0
        if not (same_part(np.ravel(new), expected) and same_part(found, loss)):
            raise NotRight(
                f"Right for rows, but not for {shapes}, which may come, too. check_arrays makes"
                " rows of all: X, y, w = check_arrays(X, y, weight), and then w, not weight."
            )
        if np.shape(new) != b.shape:
            raise NotRight(
                f"weight came in with the shape {b.shape}, and goes out with {np.shape(new)}. Give"
                " it back the shape that came in: .reshape(np.shape(weight))."
            )
    try:
        function(X.copy(), np.append(y[:-1], np.nan), weight.copy(), 0.1)
    except ValueError:
        return
    raise NotRight(
        "Arrays that hold NaN should be refused with a ValueError. check_arrays does that: X, y, w"
        " = check_arrays(X, y, weight) in the first line."
    )


STEP = replace(GRADIENT_STEP, besides=_takes_columns_and_refuses_nan)
STEP_BY_AUTOGRAD = replace(STEP, function="gradient_step_pytorch")
GROWTH_BY_AUTOGRAD = replace(
    GROWTH_GRADIENT,
    parts={"gradient": "tensor"},
    cases=[(x, y, np.array(w)) for x, y, w in GROWTH_GRADIENT.cases],
    call=with_data("x", "y", tensors=True),
)


def _walk_from_zero(x, y, empty_grad, steps, sign=-1.0):
    """Return the weights (steps + 1,) of a walk with .grad emptied before each step, or never."""
    weights, total = [0.0], 0.0
    for _ in range(steps):
        total = _slope(x, y, weights[-1]) + (0 if empty_grad else total)
        weights.append(weights[-1] + sign * 0.1 * total)
    return np.array(weights)


def _as_array(function: Callable[..., Any], *case: Any) -> Any:
    """Call ``function``, which returns a list, with the notebook's x and y replaced."""
    result = with_data("x", "y", tensors=True)(function, *case)
    return np.array([float(w) for w in result]) if isinstance(result, list) else result


DESCEND = Exercise(
    function="descend",
    parts={"weights": "array"},
    right=_walk_from_zero,
    cases=[(x, y, empty, k) for (x, y, _), empty, k in zip(SLOPES, (True, False, True), (2, 3, 5))],
    call=_as_array,
    mistakes=[
        Mistake(
            ".grad is never emptied: where empty_grad is True, w.grad = None belongs before"
            " backward().",
            lambda x, y, empty, steps: _walk_from_zero(x, y, False, steps),
        ),
        Mistake(
            ".grad is always emptied: it should be only where empty_grad is True.",
            lambda x, y, empty, steps: _walk_from_zero(x, y, True, steps),
        ),
        Mistake(
            "The switch is turned round: .grad is emptied where empty_grad is False.",
            lambda x, y, empty, steps: _walk_from_zero(x, y, not empty, steps),
        ),
        Mistake(
            "It takes 40 steps, whatever is asked for; use the argument steps.",
            lambda x, y, empty, steps: _walk_from_zero(x, y, empty, 40),
        ),
        Mistake(
            "Every weight in the list is the last: it holds one tensor again and again, and -="
            " changes that. Write down the number, w.item().",
            lambda x, y, empty, steps: np.full(steps + 1, _walk_from_zero(x, y, empty, steps)[-1]),
        ),
        Mistake(
            "The weight never moves: w -= 0.1 * w.grad, under torch.no_grad().",
            lambda x, y, empty, steps: np.zeros(steps + 1),
        ),
        Mistake(
            "It walks uphill. Subtract the gradient.",
            lambda x, y, empty, steps: _walk_from_zero(x, y, empty, steps, sign=1.0),
        ),
        Mistake(
            "The start is missing: the first weight of the list is 0, where the walk begins.",
            lambda x, y, empty, steps: _walk_from_zero(x, y, empty, steps)[1:],
        ),
    ],
)

# --- Second derivatives by autograd ---------------------------------------------------------------

#: First and second derivative of a loss.
DERIVATIVES: dict[Callable[..., Any], tuple[Callable[..., Any], Callable[..., Any]]] = {
    _cubic: (lambda w: 3 * w**2, lambda w: 6 * w),
    _hyperbola: (lambda w: -1 / w**2, lambda w: 2 / w**3),
}

CURVATURE = Exercise(
    function="curvature",
    parts={"curvature": "tensor"},
    right=lambda loss, w: DERIVATIVES[loss][1](w),
    cases=[(_cubic, 1.0), (_cubic, -0.3), (_hyperbola, 0.7)],
    mistakes=[
        Mistake(
            "This is the slope. Differentiate it once more.",
            lambda loss, w: DERIVATIVES[loss][0](w),
        ),
        Mistake(
            "This is the slope squared. The curvature is the slope's own derivative.",
            lambda loss, w: DERIVATIVES[loss][0](w) ** 2,
        ),
        Mistake("This is the loss itself.", lambda loss, w: loss(w)),
        Mistake(
            "The slope and the curvature are added up: w.grad was filled twice. Take"
            " torch.autograd.grad(slope, w)[0], or fill .grad by slope.backward() alone.",
            lambda loss, w: sum(derivative(w) for derivative in DERIVATIVES[loss]),
        ),
    ],
)


def _of_X(result: Callable[..., Any]) -> Callable[..., Any]:
    return lambda X, y: result(X)


HESSIAN_BY_AUTOGRAD = replace(
    HESSIAN,
    parts={"Hessian": "tensor"},
    right=_of_X(HESSIAN.right),
    cases=[(X, y) for X, y, _ in LINES],
    call=in_tensors,
    mistakes=[replace(each, result=_of_X(each.result)) for each in HESSIAN.mistakes],
)

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round1_Gradient": {
        "mse": MSE_OF_A_SLOPE,
        "gradient": SLOPE_OF_THE_MSE,
        "central": CENTRAL,
        "gradient_step": STEP,
    },
    "Round1_Gradient-PyTorch": {
        "mse": MSE_IN_PYTORCH,
        "gradient": SLOPE_BY_AUTOGRAD,
        "descend": DESCEND,
        "gradient_step_pytorch": STEP_BY_AUTOGRAD,
    },
    "Round1_Curvature": {
        "forward": FORWARD,
        "central": CENTRAL,
        "growth_gradient": GROWTH_GRADIENT,
        "mse_gradient": MSE_GRADIENT,
    },
    "Round1_Curvature-PyTorch": {
        "growth_gradient": GROWTH_BY_AUTOGRAD,
        "curvature": CURVATURE,
        "mse_gradient": MSE_GRADIENT_BY_AUTOGRAD,
        "hessian": HESSIAN_BY_AUTOGRAD,
    },
}
