"""What several rounds share: small data sets, and the right formulas for a linear model.

X (m, n): examples in rows. y (m,). weight (n,). The formulas are written apart from the solution
notebooks, so that each tests the other.
"""

from collections.abc import Callable

import numpy as np


def mse(X: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """Return the mean squared error of X @ weight."""
    return np.mean((X @ weight - y) ** 2)


def gradient(X: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the gradient (n,) of the MSE."""
    return 2 / len(y) * X.T @ (X @ weight - y)


def hessian(X: np.ndarray) -> np.ndarray:
    """Return the Hessian (n, n) of the MSE."""
    return 2 / len(X) * X.T @ X


def draw(seed: int, m: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return X (m, n), y (m,), weight (n,) with one decimal: short to print, but not exact in
    float32.
    """
    rng = np.random.default_rng(seed)
    X = rng.integers(-19, 20, (m, n)) / 10
    y = rng.integers(-29, 30, m) / 10
    weight = rng.integers(1, 20, n) / 10
    return X, y, weight


#: The smallest (X, y, weight): errors 3, 3, -3; MSE 9; gradient [6, 2].
SMALLEST = (
    np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0]]),
    np.array([2.0, 0.0, 6.0]),
    np.array([1.0, 2.0]),
)


def _loud() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X, y, weight = draw(7, 6, 2)
    return X, 1000 * y, weight


#: Cases (X, y, weight), of different m and n; the last but one has a square X, the last a gradient
#: in the thousands, so that what cuts large ones off shows.
LINES = [
    SMALLEST,
    draw(1, 4, 1),
    draw(2, 5, 3),
    draw(3, 2, 3),
    draw(4, 7, 2),
    draw(6, 3, 3),
    _loud(),
]
#: One more (X, y, weight): its y is huge and nearly orthogonal to X, so what is not exact shows.
TOUCHY = (
    np.array([[1.0], [-1.0], [1.0], [-1.0]]),
    np.array([1e5, 1e5, 1e5 + 3, 1e5 - 1]),
    np.array([0.5]),
)


def votes(X: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return what each example asks for, (m, n); their mean is the gradient."""
    return 2 * X * (X @ weight - y)[:, None]


#: A wrong gradient, a function of (X, y, weight), and the sentence that names it.
Slip = tuple[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]]

ONLY_THE_LAST = (
    "Only the last example counts: in the loop over the examples stands = where += belongs, so each"
    " overwrites the one before."
)
ONLY_THE_FIRST = (
    "Only the first example counts. Does a return stand inside the loop over the examples?"
)


def _shortened(slope: np.ndarray, most: float) -> np.ndarray:
    length = float(np.linalg.norm(slope))
    return slope * (most / length if length > most else 1.0)


def cut_off_at(most: float) -> list[Slip]:
    """Return the two ways to clip a gradient: each of its numbers, or its length."""
    return [
        (
            f"Large gradients are cut off (clipped at {most}). Take them as large as they are.",
            lambda X, y, w: np.clip(gradient(X, y, w), -most, most),
        ),
        (
            f"Gradients longer than {most} are cut off (clipped). Take them as long as they are.",
            lambda X, y, w: _shortened(gradient(X, y, w), most),
        ),
    ]


#: Wrong gradients of the right shape, which may stand wherever a gradient is written.
SLIPS: list[Slip] = [
    (
        "y is missing: this is the gradient for a target of zero.",
        lambda X, y, w: gradient(X, 0 * y, w),
    ),
    (
        "This is the gradient at weight zero. Is the prediction missing, or is weight replaced?",
        lambda X, y, w: gradient(X, y, 0 * w),
    ),
    (
        "Prediction and truth are added; the error is prediction minus truth.",
        lambda X, y, w: gradient(X, -y, w),
    ),
    (
        "The gradient was divided by its length. Its size is lost, and the size matters.",
        lambda X, y, w: gradient(X, y, w) / np.linalg.norm(gradient(X, y, w)),
    ),
    (
        "Only the sign of the gradient is used. Its size is lost, and the size matters.",
        lambda X, y, w: np.sign(gradient(X, y, w)),
    ),
    (
        "This is the gradient of the root of the MSE.",
        lambda X, y, w: gradient(X, y, w) / 2 / np.sqrt(mse(X, y, w)),
    ),
    (
        "This is the gradient of the mean of the absolute errors.",
        lambda X, y, w: X.T @ np.sign(X @ w - y) / len(y),
    ),
    (
        "The square is forgotten: each vote is a row of X alone, not multiplied by its error.",
        lambda X, y, w: X.mean(axis=0),
    ),
    (
        "The mean of X is multiplied by the mean of the errors. Each example's error belongs to its"
        " own row of X: multiply first, then take the mean.",
        lambda X, y, w: 2 * X.mean(axis=0) * np.mean(X @ w - y),
    ),
    (
        "A column (m, 1) met a row (m,): each prediction is compared with every y. Keep both at"
        " (m,).",
        lambda X, y, w: gradient(X, y.mean() + 0 * y, w),
    ),
    (
        "The Hessian times the error is used, or X stands in it once too often.",
        lambda X, y, w: hessian(X) @ gradient(X, y, w),
    ),
    (
        "The inner derivative is missing: each error must be multiplied by its row of X.",
        lambda X, y, w: np.full(len(w), 2 * np.mean(X @ w - y)),
    ),
    ("The loss stands where its gradient belongs.", lambda X, y, w: np.full(len(w), mse(X, y, w))),
    (
        "The size of the errors is used without their sign. The derivative of the square is 2 times"
        " the error itself.",
        lambda X, y, w: 2 / len(y) * X.T @ abs(X @ w - y),
    ),
    (
        "The errors are squared here, too. The derivative of the square is 2 times the error.",
        lambda X, y, w: 2 / len(y) * X.T @ (X @ w - y) ** 2,
    ),
    (
        "The square is forgotten: each vote is a row of X alone, not multiplied by its error.",
        lambda X, y, w: 2 * X.mean(axis=0),
    ),
    ("The last example is left out.", lambda X, y, w: votes(X, y, w)[:-1].sum(axis=0) / len(y)),
    (ONLY_THE_LAST, lambda X, y, w: votes(X, y, w)[-1]),
    (ONLY_THE_LAST, lambda X, y, w: votes(X, y, w)[-1] / len(y)),
    (ONLY_THE_FIRST, lambda X, y, w: votes(X, y, w)[0]),
    (ONLY_THE_FIRST, lambda X, y, w: votes(X, y, w)[0] / len(y)),
    *[slip for most in (1, 5, 10, 50, 100, 1000) for slip in cut_off_at(most)],
]
