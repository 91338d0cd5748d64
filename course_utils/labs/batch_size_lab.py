"""The lab "batch size and noise": mini-batches, their noise and the floor that it leaves."""

from collections.abc import Callable
from functools import lru_cache

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import COLOURS, STYLE, Frame, Panel, Scale, Slider
from course_utils.labs.kit import contour_panel, curve_panel, legend, loss_panel, power_of_ten
from course_utils.labs.linear_fit import UNSTEADY, Noise, Problem
from course_utils.labs.walks import attempt, descend, name_of, regime
from course_utils.labs.widget import Lab


def _number(value):
    return "none" if not np.isfinite(value) else "0" if abs(value) < 1e-12 else f"{value:.2g}"


@mpl.rc_context(STYLE)
def batch_size_lab(
    step: Callable, X: ArrayLike, y: ArrayLike, *, steps: int = 300, seed: int = 0
) -> Lab:
    """Show the lab "batch size and noise" and return it; ``lab.lrate`` and ``lab.batch_size`` read
    and set its sliders.

    step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1) or (m,
    2). y: (m,). Each step draws a fresh batch of rows, without repetition, from
    ``numpy.random.default_rng(seed)``: the same batches at every learning rate. Raises ValueError
    if X and y do not fit together or X has more than two columns.
    """
    X = np.asarray(X, dtype=float)
    X, y, _ = check_arrays(X, y, np.zeros(min(X.shape[-1], 2)))
    problem, m, settled = Problem(X, y), len(X), steps // 3
    if m < 2:
        raise ValueError("one row leaves no batches to choose from: choose data with more")
    sizes = [B for B in (1, 3, 10, 30, 100, 300) if B < 0.7 * m] + [m]
    grid = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2.2]
    noise = {B: Noise(problem, B) for B in sizes}
    variance = {B: float(np.trace(noise[B].gradient)) for B in sizes}

    def batches(B, count):
        rng = np.random.default_rng(seed)
        return [rng.permutation(m)[:B] if B < m else np.arange(m) for _ in range(count)]

    @lru_cache
    def measured_variance(B):
        """Return the summed variance of the learner's gradient at the minimum over 1000 batches, or
        NaN, and what went wrong.
        """
        lrate, moved = grid[0] / problem.L, []
        for k, rows in enumerate(batches(B, 1000)):
            new, _, trouble = attempt(step, X[rows], y[rows], problem.best, lrate)
            if trouble or not np.isfinite(new).all():
                return (
                    np.nan,
                    (
                        f"{name_of(step)} {trouble or 'gave NaN or infinity'} at learning rate"
                        f" {lrate:.3g}, batch {k + 1} of the 1000 of size {B} on which its variance"
                        " is measured."
                    ),
                )
            moved.append(new)
        return float(np.var(np.array(moved) / lrate, axis=0).sum()), ""

    place = curve_panel(problem) if X.shape[1] == 1 else contour_panel([problem])
    cloud = place.path("blue", line=0.5 if X.shape[1] > 1 else 0, dots=2.2, head=6, walk=True)
    loss = loss_panel([problem], steps, lowest=1e-6, highest=1e2)
    losses_line = loss.path("blue", line=0.8, dots=1.2, head=5, walk=True)
    measured, predicted = loss.path("red", line=3), loss.path("ink", line=1.5, dash="5 4")
    legend(
        loss.ax,
        [("floor, measured", "red", 3, "-", 0), ("predicted", "ink", 1.5, (0, (3.3, 2.7)), 0)],
    )
    spread = Panel(
        "Variance of the mini-batch gradient",
        "batch size",
        "variance",
        alt="The variance of the gradient against the batch size, on log scales: it falls as 1/B.",
    )
    B = np.geomspace(1, m - 0.5, 200)
    spread.ax.loglog(B, variance[1] / B, color=COLOURS["ink"], ls=(0, (5, 3)), lw=1.5)
    spread.ax.loglog(B, variance[1] * (m - B) / (B * (m - 1)), color=COLOURS["data"])
    spread.ax.set(
        xlim=(0.8, 1.25 * m),
        ylim=(variance[1] / m / 8, 3 * variance[1]),
        xticks=sizes,
        xticklabels=sizes,
    )
    spread.ax.minorticks_off()
    spread.ax.yaxis.set_major_formatter(power_of_ten)
    spread.ax.annotate("1/B", (m / 4, 4 * variance[1] / m), (6, 6), textcoords="offset points")
    all_sizes, this_size = spread.path("red", dots=3.5), spread.path("red", head=7)

    def frame(lrate, batch_size):
        weights, losses, trouble = descend(step, X, y, lrate, steps, batches(batch_size, steps + 1))
        if not len(weights):
            return Frame(trouble=trouble)
        above = problem.above(problem.loss(weights))
        floor, tail = (
            noise[batch_size].floor(lrate),
            np.mean(above[settled:]) if len(above) > settled else np.inf,
        )
        # That of all rows is 0, which no log scale has.
        seen = np.maximum([measured_variance(B)[0] for B in sizes], 1e-13 * variance[1])
        seen_here, no_variance = measured_variance(batch_size)
        heights = weights.T if X.shape[1] > 1 else (weights[:, 0], above + problem.minimum)
        after = [settled, steps]
        draw = {
            cloud: heights,
            losses_line: (np.arange(len(above)), above),
            predicted: (after, [floor] * 2),
            measured: (after, [tail] * 2),
            all_sizes: (sizes, seen),
            this_size: ([batch_size], seen[[sizes.index(batch_size)]]),
        }
        if len(weights) <= steps or tail > problem.drop:
            name = "diverging"
        else:
            name = regime(1 - lrate * problem.L) if np.isfinite(floor) else UNSTEADY
            # A single noisy step may do otherwise.
            name += " on average" if batch_size < m and np.isfinite(floor) else ""
        facts = [
            f"{_number(floor)}, {_number(tail)}",
            f"{_number(variance[batch_size])}, {_number(seen_here)}",
        ]
        return Frame(name, facts, draw, trouble or no_variance)

    scales = [problem.scale(grid, noise[B].border(2 / problem.L)) for B in sizes]
    batch_scale = Scale(sizes, [*map(str, sizes[:-1]), f"all {m}"])
    at = scales[0].values
    return Lab(
        "Batch size and noise",
        [
            Slider("lrate", "learning rate", scales, start=at[3]),
            Slider("batch_size", "batch size", batch_scale, start=10),
        ],
        [place, loss, spread],
        frame,
        steps=steps,
        facts=["noise floor: predicted, measured", "gradient variance: predicted, measured"],
        stored=[[at[3], 1], [at[3], 10], [at[3], m]],
        alt=(
            "Paths of mini-batch descent, their loss above the minimum with the noise floor, and"
            " the variance of the gradient against the batch size, at learning rate"
            f" {scales[0].labels[3]} and batch sizes 1, 10 and all: the cloud and the floor shrink."
        ),
    )
