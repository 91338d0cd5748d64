"""The lab "learning rate, two weights": raw and standardised features, two directions."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import STYLE, Frame, Panel, Scale, Slider
from course_utils.labs.kit import (
    arrival,
    contour_panel,
    legend,
    loss_panel,
    mark_one_percent,
    power_of_ten,
)
from course_utils.labs.linear_fit import Problem
from course_utils.labs.walks import descend, measured_factor, regime
from course_utils.labs.widget import Lab

STEPS = 40  # of a path


@mpl.rc_context(STYLE)
def two_weight_lab(step: Callable, X: ArrayLike, y: ArrayLike, *, steps: int = STEPS) -> Lab:
    """Show the lab "learning rate, two weights" and return it; ``lab.lrate`` and ``lab.features``
    read and set its sliders.

    step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 2), y: (m,):
    the features as measured, best with the mean taken off, since the line has no bias. The second
    slider standardises them: mean 0, standard deviation 1. Raises ValueError if X and y do not fit
    together, X has not two columns, or one column says what the other says.
    """
    X, y, _ = check_arrays(X, y, np.zeros(2))
    if not np.all(np.ptp(X, axis=0) > 0):
        raise ValueError(
            "a column of X is the same in every row, so it cannot be standardised: leave it out,"
            " the line has no bias"
        )
    kinds = {
        "raw": Problem(X, y),
        "standardised": Problem((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()),
    }
    problems = list(kinds.values())

    contour = contour_panel(problems)
    path = contour.path("blue", line=1.2, dots=3, head=6, walk=True)
    loss = loss_panel(problems, steps)
    mark_one_percent(loss, problems, steps)
    losses_line = loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)
    split = Panel(
        "The distance, split in two directions",
        "step",
        "distance / distance at the start",
        alt=(
            "The distance to the minimum along the steep and the flat direction against the step,"
            " on a log scale."
        ),
    )
    split.ax.set(xlim=(0, steps), ylim=(1e-4, 30), yscale="log")
    split.ax.yaxis.set_major_formatter(power_of_ten)
    split.ax.minorticks_off()
    lines = (
        split.path("purple", line=2.5, head=5, walk=True),
        split.path("red", line=1, dots=3, head=5, walk=True),
    )
    forecasts = [split.path("ink", line=1.2, dash="4 4") for _ in range(2)]
    legend(
        split.ax,
        [
            ("steep", "red", 1, "-", 6),
            ("flat", "purple", 2.5, "-", 0),
            ("predicted", "ink", 1.2, (0, (4, 4)), 0),
        ],
    )

    def frame(lrate, kind):
        problem = kinds[kind]
        weights, losses, trouble = descend(step, problem.X, problem.y, lrate, steps)
        number = np.arange(len(losses))
        draw = (
            {path: weights.T, losses_line: (number, problem.above(losses))} if len(losses) else {}
        )
        facts, factors = [], []
        for n, (curvature, line) in enumerate(zip(problem.curvatures, lines)):
            distances = (weights - problem.best) @ problem.directions[:, n]
            factors.append(measured_factor(distances))
            facts = [f"{1 - lrate * curvature:.3f}, {factors[n]:.3f}".replace("-", "−"), *facts]
            if np.isfinite(factors[n]):
                draw |= {
                    forecasts[n]: (
                        np.arange(steps + 1),
                        np.abs(1 - lrate * curvature) ** np.arange(steps + 1),
                    ),
                    line: (number, np.maximum(np.abs(distances / distances[0]), 1e-7)),
                }
        flat, steep = factors
        names = {
            regime(factor): which
            for factor, which in ((steep, "steep"), (flat, "flat"))
            if not np.isnan(factor)
        }
        name = (
            ", ".join(f"{name} ({which})" for name, which in names.items())
            if len(names) > 1
            else "".join(names)
        )
        name = "diverging" if "diverging" in names else name
        return Frame(name, [*facts, arrival(problem, losses)], draw, trouble)

    grid = np.arange(1, 49) / 20
    scales = [problem.scale(grid) for problem in problems]
    return Lab(
        "Learning rate, two weights",
        [
            Slider("lrate", "learning rate", scales, start=scales[0].values[35]),
            Slider("features", "features", Scale(list(kinds))),
        ],
        [contour, loss, split],
        frame,
        steps=steps,
        facts=[
            "steep 1 − ηλ: predicted, measured",
            "flat 1 − ηλ: predicted, measured",
            "steps to 1 % above the minimum",
        ],
        stored=[[scale.values[35], kind] for scale, kind in zip(scales, kinds)],
        alt=(
            "The path over the lines of equal loss, the loss against steps, and the distance in the"
            " steep and in the flat direction, at 1.8/L: with raw features the path zigzags into a"
            " long valley and creeps, with standardised ones it arrives."
        ),
    )
