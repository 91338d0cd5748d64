"""The lab "batch size and noise": mini-batches, their noise and the floor that it leaves."""

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import COLOURS, STYLE, Frame, Layer, Panel, Scale, Shape, Slider
from course_utils.labs.kit import (
    LegendEntry,
    contour_panel,
    curve_panel,
    label_powers,
    legend,
    loss_panel,
)
from course_utils.labs.linear_fit import UNSTEADY, Noise, Problem
from course_utils.labs.walks import call_gradient_step, descend, name_of, regime
from course_utils.labs.widget import Lab

GRID = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2.2)  # learning rates, times L

MEASURED = 1000  # batches on which the variance is measured
LAST = 20  # steps whose mean the line of the loss shows, fewer at the beginning


class Batches:
    """The batches of ``m`` rows on which the learner's function works: fresh ones for each step,
    the same at every learning rate.
    """

    def __init__(self, m: int, seed: int):
        self.m, self.seed = m, seed

    def draw(self, B: int, count: int) -> list[np.ndarray]:
        """Return the row numbers of ``count`` batches of ``B`` rows, without repetition in one."""
        if B == self.m:
            return [np.arange(self.m)] * count
        rng = np.random.default_rng(self.seed)
        return [rng.permutation(self.m)[:B] for _ in range(count)]


class GradientVariance:
    """The variance of the learner's gradient at the minimum, measured once for each batch size."""

    def __init__(self, gradient_step: Callable, problem: Problem, batches: Batches):
        self.gradient_step, self.problem, self.batches = gradient_step, problem, batches
        self.lrate = GRID[0] / problem.L
        self._measured: dict[int, tuple[float, str]] = {}

    def measured(self, B: int) -> tuple[float, str]:
        """Return the variance, summed over the weights, and ""; or NaN and what went wrong."""
        if B not in self._measured:
            self._measured[B] = self._measure(B)
        return self._measured[B]

    def _measure(self, B: int) -> tuple[float, str]:
        problem, weights = self.problem, []
        for k, rows in enumerate(self.batches.draw(B, MEASURED)):
            weight, _, error = call_gradient_step(
                self.gradient_step, problem.X[rows], problem.y[rows], problem.best, self.lrate
            )
            if not error and not np.isfinite(weight).all():
                error = "gave NaN or infinity"
            if error:
                return np.nan, (
                    f"{name_of(self.gradient_step)} {error} at learning rate {self.lrate:.3g},"
                    f" batch {k + 1} of the {MEASURED} of size {B} on which its variance is"
                    " measured."
                )
            weights.append(weight)
        return float(np.var(np.array(weights) / self.lrate, axis=0).sum()), ""


def means_of_the_last(losses: np.ndarray) -> np.ndarray:
    """Return, for each step of a walk, the mean of the losses (k + 1,) of the last LAST steps; on
    the way down, of a quarter of the steps taken, or the line would trail behind.
    """
    ends = np.arange(1, len(losses) + 1)
    starts = ends - np.minimum(1 + (ends - 1) // 4, LAST)
    return np.array([np.mean(losses[start:end]) for start, end in zip(starts, ends)])


class NoisePanel:
    """The panel of the loss above the minimum: a faint dot for each step, a line for the mean of
    the last ones, and the noise floor as measured and predicted.
    """

    def __init__(self, problem: Problem, steps: int):
        self.steps, self.settled = steps, steps // 3
        self.panel = loss_panel([problem.drop], steps, lowest=1e-6, highest=1e2)
        self.single = self.panel.path("grey", dots=0.9, walk=True)
        self.line = self.panel.path("blue", line=1.6, head=5, walk=True)
        self.measured = self.panel.path("red", line=3)
        self.predicted = self.panel.path("ink", line=1.5, dash="5 4")
        legend(
            self.panel.ax,
            LegendEntry(f"mean of {LAST}", "blue", 1.6),
            LegendEntry("floor", "red", 3),
            LegendEntry("predicted", "ink", 1.5, dash=(0, (3.3, 2.7))),
        )

    def measured_floor(self, losses: np.ndarray) -> float:
        """Return the mean of the losses (k + 1,) above the minimum once the first third of the
        steps is over; inf for a walk that ends before.
        """
        late = losses[self.settled :]
        return float(np.mean(late)) if len(late) else np.inf

    def draw(self, losses: np.ndarray, predicted: float) -> dict[Layer, Shape]:
        late, each = [self.settled, self.steps], np.arange(len(losses))
        return {
            self.single: Shape(each, losses),
            self.line: Shape(each, means_of_the_last(losses)),
            self.predicted: Shape(late, [predicted] * 2),
            self.measured: Shape(late, [self.measured_floor(losses)] * 2),
        }


class VariancePanel:
    """The panel of the gradient's variance against the batch size: predicted from that of one row,
    and measured.
    """

    def __init__(self, m: int, sizes: Sequence[int], variance: float):
        self.sizes, self.variance = sizes, variance
        self.panel = Panel(
            "Variance of the mini-batch gradient",
            "batch size",
            "variance",
            alt=(
                "The variance of the gradient against the batch size, on log scales: it falls as"
                " 1/B."
            ),
        )
        axes = self.panel.ax
        B = np.geomspace(1, m - 0.5, 200)
        axes.loglog(B, variance / B, color=COLOURS["ink"], ls=(0, (5, 3)), lw=1.5)
        axes.loglog(B, variance * (m - B) / (B * (m - 1)), color=COLOURS["data"])
        axes.set(
            xlim=(0.8, 1.25 * m),
            ylim=(variance / m / 8, 3 * variance),
            xticks=sizes,
            xticklabels=sizes,
        )
        label_powers(axes)
        axes.annotate("1/B", (m / 4, 4 * variance / m), (6, 6), textcoords="offset points")
        self.all_sizes = self.panel.path("red", dots=3.5)
        self.this_size = self.panel.path("red", head=7)

    def draw(self, measured: Sequence[float], batch_size: int) -> dict[Layer, Shape]:
        """Return what is drawn, given the variance that was measured at each of the sizes."""
        # That of all rows is 0, which no log scale has.
        heights = np.maximum(measured, 1e-13 * self.variance)
        height = heights[self.sizes.index(batch_size)]
        return {
            self.all_sizes: Shape(self.sizes, heights),
            self.this_size: Shape([batch_size], [height]),
        }


def _number(value: float) -> str:
    """Write a floor or a variance: "none" for what is not finite."""
    if not np.isfinite(value):
        return "none"
    return "0" if abs(value) < 1e-12 else f"{value:.2g}"


class BatchSizeView:
    """The panels of the lab, and what they show at a learning rate and a batch size."""

    def __init__(self, gradient_step: Callable, problem: Problem, steps: int, seed: int):
        self.gradient_step, self.problem, self.steps = gradient_step, problem, steps
        self.m, weights = problem.X.shape
        self.sizes = [B for B in (1, 3, 10, 30, 100, 300) if B < 0.7 * self.m] + [self.m]
        self.noise = {B: Noise(problem, B) for B in self.sizes}
        self.batches = Batches(self.m, seed)
        self.gradient_variance = GradientVariance(gradient_step, problem, self.batches)
        if weights == 1:
            self.map = curve_panel(problem)
            self.path = self.map.path("blue", dots=2.2, head=6, walk=True)
        else:
            self.map = contour_panel([problem])
            self.path = self.map.path("blue", line=0.5, dots=2.2, head=6, walk=True)
        self.loss = NoisePanel(problem, steps)
        self.variance = VariancePanel(self.m, self.sizes, self.noise[1].variance)
        self.panels = [self.map, self.loss.panel, self.variance.panel]

    def frame(self, lrate: float, batch_size: int) -> Frame:
        problem, noise = self.problem, self.noise[batch_size]
        batches = self.batches.draw(batch_size, self.steps + 1)
        weights, _, error = descend(
            self.gradient_step, problem.X, problem.y, lrate, self.steps, batches
        )
        if not len(weights):
            return Frame(error=error)
        losses = problem.excess_loss(problem.loss(weights))
        predicted, measured = noise.floor(lrate), self.loss.measured_floor(losses)
        variances = [self.gradient_variance.measured(B)[0] for B in self.sizes]
        variance, variance_error = self.gradient_variance.measured(batch_size)
        draw = {
            self.path: self._path(weights, losses),
            **self.loss.draw(losses, predicted),
            **self.variance.draw(variances, batch_size),
        }
        facts = [
            f"{_number(predicted)}, {_number(measured)}",
            f"{_number(noise.variance)}, {_number(variance)}",
        ]
        diverges = len(weights) <= self.steps or measured > problem.drop
        name = "diverging" if diverges else self._regime(lrate, batch_size, predicted)
        return Frame(name, facts, draw, error or variance_error)

    def _path(self, weights: np.ndarray, losses: np.ndarray) -> Shape:
        """Return the walk (k + 1, n) on the loss curve of one weight, or in the plane of two."""
        if weights.shape[1] == 1:
            return Shape(weights[:, 0], losses + self.problem.minimum)
        return Shape(*weights.T)

    def _regime(self, lrate: float, batch_size: int, floor: float) -> str:
        if not np.isfinite(floor):
            return UNSTEADY
        name = regime(1 - lrate * self.problem.L)
        # A single noisy step may do otherwise.
        return f"{name} on average" if batch_size < self.m else name

    def scales(self) -> list[Scale]:
        """Return the scale of the learning rate for each batch size."""
        stable = 2 / self.problem.L
        return [self.problem.scale(GRID, self.noise[B].border(stable)) for B in self.sizes]


@mpl.rc_context(STYLE)
def batch_size_lab(
    gradient_step: Callable,
    X: ArrayLike,
    y: ArrayLike,
    *,
    steps: int = 300,
    seed: int = 0,
    marks: bool = True,
) -> Lab:
    """Show the lab "batch size and noise" and return it; ``lab.lrate`` and ``lab.batch_size`` read
    and set its sliders.

    gradient_step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1)
    or (m, 2). y: (m,). Each step draws a fresh batch of rows, without repetition, from
    ``numpy.random.default_rng(seed)``: the same batches at every learning rate. marks: whether
    the rate's slider tells the border and the regimes before one asks for them. Raises ValueError
    if X and y do not fit together or X has more than two columns.
    """
    X = np.asarray(X, dtype=float)
    X, y, _ = check_arrays(X, y, np.zeros(min(X.shape[-1], 2)))
    problem, m = Problem(X, y), len(X)
    if m < 2:
        raise ValueError("one row leaves no batches to choose from: choose data with more")
    view = BatchSizeView(gradient_step, problem, steps, seed)
    scales = view.scales()
    start = scales[0].values[3]
    size_scale = Scale(view.sizes, [*map(str, view.sizes[:-1]), f"all {m}"])
    return Lab(
        "Batch size and noise",
        [
            Slider("lrate", "learning rate", scales, start=start),
            Slider("batch_size", "batch size", [size_scale], start=10),
        ],
        view.panels,
        view.frame,
        steps=steps,
        marks=marks,
        facts=["noise floor: predicted, measured", "gradient variance: predicted, measured"],
        stored=[[start, 1], [start, 10], [start, m]],
        alt=(
            "Paths of mini-batch descent, their loss above the minimum with the noise floor, and"
            " the variance of the gradient against the batch size, at learning rate"
            f" {scales[0].labels[3]} and batch sizes 1, 10 and all: the cloud and the floor shrink."
        ),
    )
