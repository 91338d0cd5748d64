"""What is known of a linear fit without any descent: its curvatures, its minimum, the noise of its
mini-batches. The labs draw it beside what the learner's own steps did.
"""

import numpy as np

from course_utils.labs.drawing import Scale
from course_utils.labs.walks import CREEPING

# Below 2/L, yet the noise of small batches lets the mean square distance grow.
UNSTEADY = "unsteady"


class Problem:
    """What is known of a linear fit without any descent:

    H, its eigen-directions, the minimum, and the start at 0.
    """

    def __init__(self, X, y):
        self.X, self.y = X, y
        self.hessian = 2 * X.T @ X / len(X)
        self.curvatures, self.directions = np.linalg.eigh(self.hessian)  # the steepest last
        self.L = self.curvatures[-1]
        self.best = np.linalg.lstsq(X, y, rcond=None)[0]
        self.minimum = self.loss(self.best)
        self.drop = self.loss(np.zeros(X.shape[1])) - self.minimum
        if not self.curvatures[0] > 1e-12 * self.L:
            raise ValueError(
                "the columns of X lie on one line, or one is 0 everywhere, so the loss has no"
                " single minimum: choose other features"
            )
        if not self.drop > 1e-12 * np.mean(y**2):
            raise ValueError(
                "weight 0 is the best weight already, so there is no way down to show: choose other"
                " data"
            )

    def loss(self, *weights):
        """Return the MSE at weights (n,), or on a grid: one array for each weight."""
        weights = (
            np.stack(np.broadcast_arrays(*weights), axis=-1) if len(weights) > 1 else weights[0]
        )
        return np.mean((weights @ self.X.T - self.y) ** 2, axis=-1)

    def above(self, losses):
        """Return the losses above the minimum, kept out of rounding's reach: below 1e-12 of the
        start's it would decide.
        """
        return np.maximum(losses - self.minimum, 1e-12 * self.drop)

    def scale(self, grid, border=None, **marks):
        """Return the learning-rate slider's scale at the rates ``grid / L``: the regimes, the
        border 2/L and other ``marks``.

        border: where the floor of noisy steps is lost, if that is below 2/L.
        """
        rates = [float(f"{rate:.12g}") for rate in np.asarray(grid) / self.L]
        digits = round(-np.floor(np.log10(rates[0])))
        labels = [f"{rate:.{digits}f}" if 0 < digits < 5 else f"{rate:.3g}" for rate in rates]
        border = min(border or np.inf, 2 / self.L)
        bands, first = [], 0
        for name, last, look in (
            ("creeping", (1 - CREEPING) / self.L, "slow"),
            ("smooth", 1 / self.L, "good"),
            ("oscillating", 2 / self.L, "swing"),
        ):
            if first < border:
                bands.append((name, first, min(last, border), look))
            first = last
        bands += [(UNSTEADY, border, 2 / self.L, "away")] if border < 2 / self.L else []
        bands.append(("diverging", 2 / self.L, rates[-1], "away"))
        return Scale(rates, labels, {f"2/L = {2 / self.L:.3g}": 2 / self.L} | marks, bands)


class Noise:
    """What is known of steps on batches of B rows, drawn without repetition, anew for each step."""

    def __init__(self, problem, B):
        X, m = problem.X, len(problem.X)
        self.hessian = problem.hessian
        # The variance of a mean of B of m rows, as part of the variance of one row.
        share = (m - B) / (B * (m - 1))
        # Each row's gradient at the minimum; their mean is 0.
        slopes = 2 * X * (X @ problem.best - problem.y)[:, None]
        self.gradient = share * slopes.T @ slopes / m
        # Each row's curvature against the mean.
        bends = 2 * X[:, :, None] * X[:, None, :] - problem.hessian
        self.curvature = (
            share * np.einsum("iab,icd->acbd", bends, bends).reshape(self.gradient.size, -1) / m
        )

    def growth(self, lrate):
        """Return the matrix by which one step multiplies the mean square distance, as a vector of
        its n × n entries.
        """
        keep = np.eye(len(self.hessian)) - lrate * self.hessian
        return np.kron(keep, keep) + lrate**2 * self.curvature

    def floor(self, lrate):
        """Return the mean loss above the minimum in the long run, ½ tr(H S) with S the mean square
        distance; inf beyond the border.
        """
        growth = self.growth(lrate)
        if np.abs(np.linalg.eigvals(growth)).max() >= 1:
            return np.inf
        S = np.linalg.solve(np.eye(len(growth)) - growth, lrate**2 * self.gradient.ravel())
        return 0.5 * float(self.hessian.ravel() @ S)

    def border(self, top):
        """Return the learning rate up to which there is a floor, found by bisection below
        ``top``.
        """
        low = 0.0
        for _ in range(40):
            middle = (low + top) / 2
            low, top = (middle, top) if np.isfinite(self.floor(middle)) else (low, middle)
        return low
