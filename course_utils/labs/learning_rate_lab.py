"""The lab "learning rate, one weight": a path on the loss curve under a slider."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import COLOURS, STYLE, Frame, Panel, Slider
from course_utils.labs.kit import arrival, curve_panel, loss_panel, mark_one_percent
from course_utils.labs.linear_fit import Problem
from course_utils.labs.walks import descend, measured_factor, regime
from course_utils.labs.widget import Lab

STEPS = 40  # of a path


@mpl.rc_context(STYLE)
def learning_rate_lab(step: Callable, X: ArrayLike, y: ArrayLike, *, steps: int = STEPS) -> Lab:
    """Show the lab "learning rate, one weight" and return it; ``lab.lrate`` reads and sets the
    learning rate.

    step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1). y: (m,).
    The path starts at weight 0. Raises ValueError if X and y do not fit together or X has more than
    one column.
    """
    X, y, _ = check_arrays(X, y, np.zeros(1))
    problem = Problem(X, y)
    L, best = problem.L, problem.best[0]

    curve = curve_panel(problem)
    path = curve.path("blue", line=1.2, dots=3, head=6, walk=True)

    loss = loss_panel([problem], steps)
    mark_one_percent(loss, [problem], steps)
    losses_line = loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)

    per_step = Panel(
        "What one step leaves of the distance",
        "learning rate",
        "|1 − ηL|",
        alt=(
            "The predicted factor against the learning rate: a V that touches 0 at 1/L and 1 at"
            " 2/L."
        ),
    )
    scale = problem.scale(np.arange(1, 121) / 50, **{f"1/L = {1 / L:.3g}": 1 / L})
    top = scale.values[-1]
    per_step.ax.plot([0, 1 / L, top], [1, 0, top * L - 1], color=COLOURS["data"], ls=(0, (5, 3)))
    per_step.ax.axhline(1, color=COLOURS["ink"], lw=1)
    per_step.ax.axvline(2 / L, color=COLOURS["ink"], lw=1)
    per_step.ax.set(xlim=(0, top), ylim=(-0.04, 1.5))
    per_step.ax.annotate(
        "2/L", (2 / L, 1.42), (-4, 0), textcoords="offset points", ha="right", weight="bold"
    )
    drop_line = per_step.path("red", line=1, dash="3 3")
    dot, says = per_step.path("red", head=6), per_step.text("red")

    def frame(lrate):
        weights, losses, trouble = descend(step, X, y, lrate, steps)
        factor = measured_factor(weights[:, 0] - best) if len(weights) else np.nan
        number = np.arange(len(losses))
        draw = {path: (weights, losses), losses_line: (number, problem.above(losses))}
        if np.isfinite(factor):
            draw |= {drop_line: ([lrate] * 2, [-1, abs(factor)]), dot: ([lrate], [abs(factor)])}
            # Below the dot where the frame ends.
            height = abs(factor) + (0.09 if abs(factor) < 1.3 else -0.17)
            draw[says] = [min(max(lrate, 0.12 * top), 0.88 * top)], [height], f"{abs(factor):.2f}"
        facts = [f"{abs(1 - lrate * L):.3f}, {abs(factor):.3f}", arrival(problem, losses)]
        return Frame("" if np.isnan(factor) else regime(factor), facts, draw, trouble)

    at = [scale.values[n] for n in (14, 89, 104)]
    return Lab(
        "Learning rate, one weight",
        [Slider("lrate", "learning rate", scale, start=at[0])],
        [curve, loss, per_step],
        frame,
        facts=["|1 − ηL|: predicted, measured", "steps to 1 % above the minimum"],
        steps=steps,
        stored=[[rate] for rate in at],
        alt=(
            "The path on the loss curve, the loss against steps and the factor per step, at"
            f" learning rates {scale.labels[14]} (smooth), {scale.labels[89]} (oscillating) and"
            f" {scale.labels[104]} (diverging)."
        ),
    )
