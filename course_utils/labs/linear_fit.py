"""What is known of a linear fit without any descent: its curvatures, its minimum, the noise of its
mini-batches. The labs draw it beside what the learner's own steps did.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from course_utils.labs.drawing import Band, Scale, Value
from course_utils.labs.walks import CREEPING

# Below 2/L, yet the noise of small batches lets the mean square distance grow.
UNSTEADY = "unsteady"


class Problem:
    """A linear fit without bias, X (m, n) and y (m,), that starts at weight 0.

    hessian (n, n) of the MSE; curvatures (n,), its eigenvalues, and directions (n, n), its
    eigenvectors as columns, the steepest last; L, the largest curvature; best (n,), the weight at
    the minimum; minimum, the MSE there; drop, by how much the MSE at weight 0 lies above it. Raises
    ValueError if there is no single minimum, or no way down to it.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray):
        self.X, self.y = X, y
        self.hessian = 2 * X.T @ X / len(X)
        self.curvatures, self.directions = np.linalg.eigh(self.hessian)
        self.L = self.curvatures[-1]
        self.best = np.linalg.lstsq(X, y, rcond=None)[0]
        self.minimum = float(self.loss(self.best))
        self.drop = float(self.loss(np.zeros(X.shape[1]))) - self.minimum
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

    def loss(self, weights: np.ndarray) -> np.ndarray:
        """Return the MSE (...) at weights (..., n)."""
        return np.mean((weights @ self.X.T - self.y) ** 2, axis=-1)

    def excess_loss(self, losses: np.ndarray) -> np.ndarray:
        """Return the losses above the minimum, kept out of rounding's reach: below 1e-12 of the
        start's it would decide.
        """
        return np.maximum(losses - self.minimum, 1e-12 * self.drop)

    def scale(
        self, grid: ArrayLike, border: float | None = None, marks: Mapping[str, Value] | None = None
    ) -> Scale:
        """Return the learning-rate slider's scale at the rates ``grid / L``: the regimes, the
        border 2/L and other ``marks``.

        border: the rate from which steps on batches have no noise floor, if that is below 2/L.
        """
        rates = [float(f"{rate:.12g}") for rate in np.asarray(grid) / self.L]
        digits = round(-np.floor(np.log10(rates[0])))
        style = f".{digits}f" if 0 < digits < 5 else ".3g"
        labels = [f"{rate:{style}}" for rate in rates]
        stable = 2 / self.L
        border_mark = {f"2/L = {stable:.3g}": stable}
        bands = self._bands(min(border or np.inf, stable), rates[-1])
        return Scale(rates, labels, border_mark | dict(marks or {}), bands)

    def _bands(self, border: float, last: float) -> list[Band]:
        """Return the regimes of the learning rates up to ``last``; from ``border`` up to 2/L steps
        are unsteady.
        """
        stable = 2 / self.L
        bands = [
            Band("creeping", 0, (1 - CREEPING) / self.L, "slow"),
            Band("smooth", (1 - CREEPING) / self.L, 1 / self.L, "good"),
            Band("oscillating", 1 / self.L, stable, "swing"),
        ]
        bands = [
            Band(band.name, band.first, min(band.last, border), band.look)
            for band in bands
            if band.first < border
        ]
        if border < stable:
            bands.append(Band(UNSTEADY, border, stable, "away"))
        return [*bands, Band("diverging", stable, last, "away")]


class Noise:
    """What is known of steps on batches of B rows, drawn without repetition, anew for each step.

    gradient_covariance (n, n): of a batch's gradient at the minimum. curvature_covariance (n², n²):
    of a batch's Hessian, so that it maps the mean square distance (n, n), flat, to the covariance
    that it adds.
    """

    def __init__(self, problem: Problem, B: int):
        X, m = problem.X, len(problem.X)
        self.hessian = problem.hessian
        # The variance of a mean of B of m rows, as part of the variance of one row.
        share = (m - B) / (B * (m - 1))
        # Each row's gradient at the minimum; their mean is 0.
        gradients = 2 * X * (X @ problem.best - problem.y)[:, None]
        self.gradient_covariance = share * gradients.T @ gradients / m
        # Each row's curvature against the mean.
        deviations = 2 * X[:, :, None] * X[:, None, :] - problem.hessian
        products = np.einsum("iab,icd->acbd", deviations, deviations)
        self.curvature_covariance = share * products.reshape(X.shape[1] ** 2, -1) / m

    @property
    def variance(self) -> float:
        """The variance of a batch's gradient at the minimum, summed over the weights."""
        return float(np.trace(self.gradient_covariance))

    def growth(self, lrate: float) -> np.ndarray:
        """Return the matrix by which one step multiplies the mean square distance, as a vector of
        its n × n entries.
        """
        keep = np.eye(len(self.hessian)) - lrate * self.hessian
        return np.kron(keep, keep) + lrate**2 * self.curvature_covariance

    def floor(self, lrate: float) -> float:
        """Return the noise floor: the mean loss above the minimum in the long run, ½ tr(H S) with S
        the mean square distance; inf beyond the border.
        """
        growth = self.growth(lrate)
        if np.abs(np.linalg.eigvals(growth)).max() >= 1:
            return np.inf
        added = lrate**2 * self.gradient_covariance.ravel()
        S = np.linalg.solve(np.eye(len(growth)) - growth, added)
        return 0.5 * float(self.hessian.ravel() @ S)

    def border(self, top: float) -> float:
        """Return the learning rate up to which there is a noise floor, found by bisection below
        ``top``.
        """
        low = 0.0
        for _ in range(40):
            middle = (low + top) / 2
            if np.isfinite(self.floor(middle)):
                low = middle
            else:
                top = middle
        return low
