"""What each exercise of Round 1 expects, on which cases, and the mistakes its check knows by name.

checks.py does the rest. An entry of EXERCISES is (name of the function, Exercise), or (name,
function that runs a goal and returns the lines to print). The right answers here are written apart
from the solution notebooks, so that each tests the other.
"""

import numbers

import numpy as np

from course_utils.data import load_penguins
from course_utils.exercises.check import Exercise, Mistake, guarded, show
from course_utils.exercises.diagnosis import RTOL

# The smallest case: errors 3, 3, -3; MSE 9; gradient [6, 2].
X3 = np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0]])
Y3 = np.array([2.0, 0.0, 6.0])
W2 = np.array([1.0, 2.0])


def draw(seed, m, n, offset=0.0):
    """Return X (m, n), y (m,), weight (n,) with one or two decimals, short to print but not exact
    in float32.
    """
    rng = np.random.default_rng(seed)
    return (
        rng.integers(-19, 20, (m, n)) / 10,
        rng.integers(-29, 30, m) / 10 + offset,
        rng.integers(1, 20, n) / 10,
    )


DRAWN = [draw(1, 4, 1), draw(2, 5, 3), draw(3, 2, 3), draw(4, 7, 2)]
# The y of this one is huge and nearly orthogonal to X: what is not exact shows.
TOUCHY = (
    np.array([[1.0], [-1.0], [1.0], [-1.0]]),
    np.array([1e5, 1e5, 1e5 + 3, 1e5 - 1]),
    np.array([0.5]),
)
LINES = [(X3, Y3, W2), *DRAWN]


def mse(X, y, weight):
    return np.mean((X @ weight - y) ** 2)


def gradient(X, y, weight):
    return 2 / len(y) * X.T @ (X @ weight - y)


def hessian(X):
    return 2 / len(X) * X.T @ X


MSE = Exercise(
    parts={"MSE": "number"},
    right=mse,
    cases=LINES,
    mistakes={
        "The mean is squared; expected the mean of the squares. Errors of both signs cancel before they are squared.": lambda X, y, w: (
            np.mean(X @ w - y) ** 2
        ),
        "The errors are not squared: they cancel each other.": lambda X, y, w: np.mean(X @ w - y),
        "The errors are not squared: they cancel each other. And they are turned round, truth minus prediction.": lambda X, y, w: (
            np.mean(y - X @ w)
        ),
        "This is the mean of the absolute errors. Square them instead.": lambda X, y, w: np.mean(
            abs(X @ w - y)
        ),
        "This is the root of the MSE. Leave the root out.": lambda X, y, w: np.sqrt(mse(X, y, w)),
        "This is the length of the error vector: a root of a sum. Expected the mean of the squares.": lambda X, y, w: (
            np.linalg.norm(X @ w - y)
        ),
        "This is the variance of the errors: their mean was taken away first.": lambda X, y, w: (
            np.var(X @ w - y)
        ),
        "Prediction and truth are added; the error is their difference.": lambda X, y, w: np.mean(
            (X @ w + y) ** 2
        ),
        "A column (m, 1) met a row (m,): NumPy made an (m, m) table of all differences. Keep both at (m,).": lambda X, y, w: (
            np.mean(((X @ w)[:, None] - y) ** 2)
        ),
        "m - 1 stands in the denominator; the mean divides by m.": lambda X, y, w: (
            np.sum((X @ w - y) ** 2) / (len(y) - 1)
        ),
    },
)

GRADIENT = Exercise(
    parts={"gradient": "array"},
    right=gradient,
    cases=[*LINES, TOUCHY],
    mistakes={
        "The inner derivative is missing: each error must be multiplied by its row of X.": (
            lambda X, y, w: 2 * np.mean(X @ w - y)
        ),
        "The mean runs over everything at once. Each weight has its own: take the mean over the examples only (axis 0).": lambda X, y, w: (
            2 * np.mean(X * (X @ w - y)[:, None])
        ),
        "The sum runs along the weights, not along the examples: the wrong axis.": lambda X, y, w: (
            2 * np.mean(X * (X @ w - y)[:, None], axis=1)
        ),
        "These are the votes of the single examples. Take their mean over the examples (axis 0).": (
            lambda X, y, w: 2 * X * (X @ w - y)[:, None]
        ),
        "y is missing: this is the gradient for a target of zero.": lambda X, y, w: (
            2 / len(y) * X.T @ (X @ w)
        ),
        "The prediction is missing: this is the gradient at weight zero.": lambda X, y, w: (
            -2 / len(y) * X.T @ y
        ),
        "Prediction and truth are added; the error is prediction minus truth.": lambda X, y, w: (
            2 / len(y) * X.T @ (X @ w + y)
        ),
        "The gradient was divided by its length. Its size is lost, and the size matters.": (
            lambda X, y, w: gradient(X, y, w) / np.linalg.norm(gradient(X, y, w))
        ),
        "This is the gradient of the root of the MSE.": lambda X, y, w: (
            gradient(X, y, w) / 2 / np.sqrt(mse(X, y, w))
        ),
        "This is the loss, not its gradient.": mse,
    },
)


def _bent(w):
    """f(w) = w0**3 + 2*w0*w1"""
    return float(w[0] ** 3 + 2 * w[0] * w[1])


def _wavy(w):
    """f(w) = sin(w0) + w1**3 - exp(w2) * w0"""
    return float(np.sin(w[0]) + w[1] ** 3 - np.exp(w[2]) * w[0])


def _valley(w):
    """f(w) = w0**4 + 1"""
    return float(w[0] ** 4 + 1)


def _difference(f, weight, left, right, denominator):
    unit = np.eye(len(weight))
    return np.array([(f(weight + right * e) - f(weight + left * e)) / denominator for e in unit])


def _not_put_back(side):
    def mistake(f, weight, h):
        places = [
            (weight + side * h * moved, np.eye(len(weight))[j])
            for j, moved in enumerate(np.tri(len(weight)))
        ]
        return np.array([side * (f(at) - f(at - side * 2 * h * e)) / (2 * h) for at, e in places])

    return mistake


NUMERICAL_GRADIENT = Exercise(
    parts={"gradient": "array"},
    right=lambda f, weight, h: _difference(f, weight, -h, h, 2 * h),
    cases=[
        (_bent, np.array([1.0, 2.0]), 1.0),
        (_bent, np.array([-0.3, 0.7]), 0.1),
        (_wavy, np.array([0.4, -1.1, 0.2]), 0.25),
        (_valley, np.array([1.5]), 0.5),
        (_wavy, np.array([2.0, 0.3, -1.0]), 0.001),
    ],
    mistakes={
        "This is the forward difference. The central one looks h to both sides: f at w + h and at w - h.": lambda f, weight, h: (
            _difference(f, weight, 0, h, h)
        ),
        "This is the backward difference. The central one looks h to both sides: f at w + h and at w - h.": lambda f, weight, h: (
            _difference(f, weight, -h, 0, h)
        ),
        "From w to w + h the way is h long, not 2h; and a central difference starts at w - h.": (
            lambda f, weight, h: _difference(f, weight, 0, h, 2 * h)
        ),
        "It is divided by 2 and then multiplied by h: write / (2 * h), with brackets.": (
            lambda f, weight, h: _difference(f, weight, -h, h, 2 / h)
        ),
        "It is never divided by the way from w - h to w + h, which is 2h long.": (
            lambda f, weight, h: _difference(f, weight, -h, h, 1)
        ),
        "It is multiplied by 2h; divide by it.": lambda f, weight, h: _difference(
            f, weight, -h, h, 1 / (2 * h)
        ),
        "All weights move at once. Move one weight at a time and leave the others where they are.": lambda f, weight, h: (
            np.full(len(weight), (f(weight + h) - f(weight - h)) / (2 * h))
        ),
        "All weights move at once, and one number comes out. Move one weight at a time.": (
            lambda f, weight, h: (f(weight + h) - f(weight - h)) / (2 * h)
        ),
        "A moved weight is not put back before the next one moves.": _not_put_back(+1),
        "A weight moved to w - h is not put back before the next one moves.": _not_put_back(-1),
        "Only the first weight was moved; the other derivatives are still zero.": lambda f, weight, h: (
            _difference(f, weight, -h, h, 2 * h) * (np.arange(len(weight)) == 0)
        ),
    }
    | {
        f"The step is always {fixed}; use the argument h.": lambda f, weight, h, k=fixed: (
            _difference(f, weight, -k, k, 2 * k)
        )
        for fixed in (1, 0.1, 0.01, 0.001, 0.0001)
    }
    | {
        "The step is always the same very small number; use the argument h.": (
            lambda f, weight, h: _difference(f, weight, -1e-5, 1e-5, 2e-5),
            1e-5,
        )
    },
)

HESSIAN = Exercise(
    parts={"Hessian": "array"},
    right=hessian,
    cases=[(X,) for X, _, _ in LINES],
    mistakes={
        "X @ X.T compares examples with each other, (m, m). The Hessian compares weights, (n, n): X.T @ X.": lambda X: (
            2 / len(X) * X @ X.T
        ),
        "X @ X.T compares examples with each other, (m, m); expected X.T @ X. And the factor 2 / m is missing.": lambda X: (
            X @ X.T
        ),
        "The mean of each column was taken away first: this is a covariance. The loss uses X as it is.": lambda X: (
            2 * np.cov(X.T, bias=True).reshape(2 * X.shape[1:])
        ),
        "This is NumPy's covariance. The Hessian takes no mean away, divides by m, and has a factor 2.": lambda X: (
            np.cov(X.T).reshape(2 * X.shape[1:])
        ),
        "Only the diagonal is there. How the slope of one weight changes with another stands beside it.": lambda X: (
            np.diag(np.diag(hessian(X)))
        ),
        "Only the diagonal is there, as a vector. The Hessian is a table (n, n).": lambda X: (
            np.diag(hessian(X))
        ),
        "These are the eigenvalues of the Hessian; expected the Hessian itself.": lambda X: (
            np.linalg.eigvalsh(hessian(X))
        ),
        "This is the inverse of the Hessian.": lambda X: np.linalg.pinv(hessian(X)),
        "All curvatures are added up. The Hessian is a table (n, n).": lambda X: 2 * np.mean(X**2),
    },
)


def _parabolas():
    X_mm, y_g = load_penguins()
    x, mass = (X_mm[:, 0] - X_mm[:, 0].mean()) / 10, (y_g - y_g.mean()) / 1000
    yield "slope(w) = 2 * (w - 3)", 2.0, 3.0
    yield "slope(w) = 0.04 * (w + 5)", 0.04, -5.0
    yield "slope(w) = 30 * (w - 0.7)", 30.0, 0.7
    yield "the slope of the penguins' MSE", 2 * np.mean(x**2), np.mean(x * mass) / np.mean(x**2)
    yield "slope(w) = 7 * w", 7.0, 0.0
    yield "slope(w) = 1 * (w - 12)", 1.0, 12.0


def lowest_point_goal(function, most=3):
    """The goal of 1.5: the bottom of any parabola, with at most ``most`` questions for its
    slope.
    """
    lines, answers = [], []
    for label, curvature, bottom in _parabolas():
        asked = []  # where the slope was asked for

        def slope(w, *, _c=curvature, _b=bottom, _asked=asked):
            _asked.append(float(w))
            return _c * (float(w) - _b)

        w = guarded(lambda: function(slope), function, [label])
        digits = next(
            (d for d in (6, 10) if len({show(a, d) for a in asked}) == len(set(asked))), 17
        )
        shown = [
            label,
            (
                "asked at "
                f" {', '.join(show(a, digits) for a in asked[:8])}{', …' if len(asked) > 8 else ''}"
            ),
        ]
        if isinstance(w, bool) or not isinstance(w, numbers.Real) or not np.isfinite(w):
            raise Mistake(
                f"It should return the weight at the bottom, a plain number; it returns {w!r:.40}.",
                *shown,
            )
        shown.append(
            f"yours     {show(w, 10)}, where the slope is {show(curvature * (w - bottom))}"
        )
        shown.append(f"expected  {show(bottom, 10)}, where the slope is 0")
        if len(asked) > most:
            advice = "Two slopes tell the curvature, and with it how far to go."
            raise Mistake(
                f"It asks {len(asked)} times; the goal is at most {most}. {advice}", *shown
            )
        answers.append((w, curvature, bottom, asked, shown))
        lines.append(
            f"{label:28}  bottom at {show(w)}, asked {len(asked)} times; at most {most} allowed:"
            " reached"
        )
    wrong = [
        shown
        for w, _, bottom, _, shown in answers
        if not abs(w - bottom) <= RTOL * max(1, abs(bottom))
    ]
    if wrong:
        raise Mistake(_why_not_the_bottom(answers), *wrong[0])
    return lines


def _why_not_the_bottom(answers):
    # The closer the places, the more of the difference of their slopes is rounding.
    together = all(
        0 < np.min(np.diff(sorted(set(asked))), initial=1) < 1e-4 for *_, asked, _ in answers
    )
    if all(
        abs(w - bottom) < (0.5 if together else 1e-5) * max(1, abs(bottom))
        for w, _, bottom, *_ in answers
    ):
        if together:
            return (
                "The places where you ask lie so close together that rounding spoils the difference"
                " of their slopes. The slope is a straight line, so they may be far apart: take 0"
                " and 1."
            )
        return (
            "Nearly, but not to 9 digits: something is rounded or approximated on the way (float32,"
            " round?)."
        )
    if not all(asked for *_, asked, _ in answers):
        return (
            "It never asks for the slope: nobody can know the bottom of a parabola without a"
            " question."
        )
    if all(w == answers[0][0] for w, *_ in answers):
        return "The answer is the same for every parabola: it does not follow from the slopes."
    for k in (0, -1):  # where the jump may have started
        if all(np.isclose(w - asked[k], asked[k] - bottom) for w, _, bottom, asked, _ in answers):
            return "As far as it should go, but uphill: the sign of the jump is turned round."
        if all(
            np.isclose(w - asked[k], -c * (asked[k] - bottom)) for w, c, bottom, asked, _ in answers
        ):
            return (
                "It goes as far as the slope is large. Divide the slope by the curvature: so far"
                " away is the bottom."
            )
        if all(
            np.isclose(w - asked[k], -c * c * (asked[k] - bottom))
            for w, c, bottom, asked, _ in answers
        ):
            return (
                "The slope is multiplied by the curvature. Divide: the steeper it bends, the nearer"
                " is the bottom."
            )
        if all(np.isclose(w, (bottom - asked[k])) for w, _, bottom, asked, _ in answers):
            return (
                "This is how far the bottom is from where you asked. Add the place where you stand."
            )
    return "Not the bottom yet. Bottom = where you stand - slope there / curvature."


def _two_autograd_calls(function, X, y, weight):
    """Ask twice, the second time one to the right, with the same tensors; look at the first answer
    again afterwards.
    """
    import torch

    X, y, w = (torch.from_numpy(array) for array in (X, y, weight.copy()))
    w.requires_grad_()
    first = function(X, y, w)
    if not isinstance(first, torch.Tensor):
        return first, first, first
    kept = first.clone()
    with torch.no_grad():
        if not np.array_equal(w.numpy(), weight):
            shown = (f"weight    {show(weight)}", f"after it  {show(w.numpy())}")
            raise Mistake(
                "It changes weight. Asking for a gradient leaves the weight where it is: no step"
                " here.",
                *shown,
            )
        w += 1
    second = function(X, y, w)
    return kept, second, first


def _three(first, second, later):
    """The right answer of 1.6 or a mistake, from what each of the three results is, given both
    gradients.
    """

    def answer(X, y, w):
        here, beside = gradient(X, y, w), gradient(X, y, w + 1)
        return first(here, beside), second(here, beside), later(here, beside)

    return answer


def _autograd(X, y, weight):
    return gradient(X, y, weight), gradient(X, y, weight + 1), gradient(X, y, weight)


_ACCUMULATED = (
    "The gradient is accumulated: the second call adds to the first, because backward() adds to"
    " weight.grad. Set weight.grad = None before it"
)
#: What makes an answer in PyTorch nearly right; nobody takes finite differences there.
FLOAT32 = (
    "as if float32 stood somewhere: .float(), or dtype=torch.float32. Keep float64 all the way."
)
AUTOGRAD = Exercise(
    parts=dict.fromkeys(
        ("gradient at weight", "gradient at weight + 1", "first result, looked at again later"),
        "tensor",
    ),
    right=_autograd,
    cases=[*LINES, TOUCHY],
    call=_two_autograd_calls,
    mistakes={
        f"{_ACCUMULATED}; and what you return is weight.grad itself, which changes later.": _three(
            lambda g, h: g, lambda g, h: g + h, lambda g, h: g + h
        ),
        f"{_ACCUMULATED}.": _three(lambda g, h: g, lambda g, h: g + h, lambda g, h: g),
        "Right now, but not for long: you return weight.grad itself, and the next call overwrites it. Return weight.grad.clone(), or set weight.grad = None instead of zeroing it.": _three(
            lambda g, h: g, lambda g, h: h, lambda g, h: h
        ),
        "All zero: weight.grad was emptied after backward(). Empty it before.": _three(
            lambda g, h: 0 * g, lambda g, h: 0 * g, lambda g, h: 0 * g
        ),
        "A column (m, 1) met a row (m,): the loss compares every prediction with every y. Keep both at (m,).": lambda X, y, w: (
            _autograd(X, y.mean() + 0 * y, w)
        ),
    },
    close=FLOAT32,
)

EXERCISES = {
    "1.1": ("mse", MSE),
    "1.2": ("gradient", GRADIENT),
    "1.3": ("numerical_gradient", NUMERICAL_GRADIENT),
    "1.4": ("hessian", HESSIAN),
    "1.5": ("lowest_point", lowest_point_goal),
    "1.6": ("autograd_gradient", AUTOGRAD),
}
