"""What several rounds share: small data sets, and the right formulas for a linear model.

X (m, n): examples in rows. y (m,). weight (n,). The formulas are written apart from the solution
notebooks, so that each tests the other.
"""

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
#: Cases (X, y, weight), of different m and n.
LINES = [SMALLEST, draw(1, 4, 1), draw(2, 5, 3), draw(3, 2, 3), draw(4, 7, 2)]
#: One more (X, y, weight): its y is huge and nearly orthogonal to X, so what is not exact shows.
TOUCHY = (
    np.array([[1.0], [-1.0], [1.0], [-1.0]]),
    np.array([1e5, 1e5, 1e5 + 3, 1e5 - 1]),
    np.array([0.5]),
)
