"""The lab "learning rate, one weight": a path on the loss curve under a slider."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import COLOURS, STYLE, Frame, Layer, Panel, Shape, Slider
from course_utils.labs.kit import arrival, curve_panel, descent_panel
from course_utils.labs.linear_fit import Problem
from course_utils.labs.walks import descend, measured_factor, regime
from course_utils.labs.widget import Lab

STEPS = 40  # of a path


class FactorPanel:
    """The panel of the factor |1 − ηL| per step against the learning rate η, up to ``top``: the
    predicted one of all rates, and the measured one of one rate.
    """

    def __init__(self, L: float, top: float):
        self.top = top
        self.panel = Panel(
            "What one step leaves of the distance",
            "learning rate",
            "|1 − ηL|",
            alt=(
                "The predicted factor against the learning rate: a V that touches 0 at 1/L and 1 at"
                " 2/L."
            ),
        )
        axes = self.panel.ax
        axes.plot([0, 1 / L, top], [1, 0, top * L - 1], color=COLOURS["data"], ls=(0, (5, 3)))
        axes.axhline(1, color=COLOURS["ink"], lw=1)
        axes.axvline(2 / L, color=COLOURS["ink"], lw=1)
        axes.set(xlim=(0, top), ylim=(-0.04, 1.5))
        axes.annotate(
            "2/L", (2 / L, 1.42), (-4, 0), textcoords="offset points", ha="right", weight="bold"
        )
        self.drop_line = self.panel.path("red", line=1, dash="3 3")
        self.dot = self.panel.path("red", head=6)
        self.label = self.panel.text("red")

    def draw(self, lrate: float, factor: float) -> dict[Layer, Shape]:
        """Return what is drawn at a rate with a measured factor; nothing where it is NaN."""
        if not np.isfinite(factor):
            return {}
        height = abs(factor)
        inside = min(max(lrate, 0.12 * self.top), 0.88 * self.top)
        # Below the dot where the panel ends.
        offset = 0.09 if height < 1.3 else -0.17
        return {
            self.drop_line: Shape([lrate] * 2, [-1, height]),
            self.dot: Shape([lrate], [height]),
            self.label: Shape([inside], [height + offset], f"{height:.2f}"),
        }


class OneWeightView:
    """The panels of the lab, and what they show at a learning rate."""

    def __init__(self, gradient_step: Callable, problem: Problem, steps: int, top: float):
        self.gradient_step, self.problem, self.steps = gradient_step, problem, steps
        self.curve = curve_panel(problem)
        self.path = self.curve.path("blue", line=1.2, dots=3, head=6, walk=True)
        self.loss = descent_panel([problem], steps)
        self.loss_line = self.loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)
        self.factor = FactorPanel(problem.L, top)
        self.panels = [self.curve, self.loss, self.factor.panel]

    def frame(self, lrate: float) -> Frame:
        problem = self.problem
        weights, losses, error = descend(
            self.gradient_step, problem.X, problem.y, lrate, self.steps
        )
        predicted, measured = 1 - lrate * problem.L, measured_factor(weights[:, 0] - problem.best)
        draw = {
            self.path: Shape(weights, losses),
            self.loss_line: Shape(np.arange(len(losses)), problem.excess_loss(losses)),
        } | self.factor.draw(lrate, measured)
        facts = [
            f"{abs(predicted):.3f}, {abs(measured):.3f}",
            arrival(losses, 1.01 * problem.minimum),
        ]
        return Frame("" if np.isnan(measured) else regime(measured), facts, draw, error)


@mpl.rc_context(STYLE)
def learning_rate_lab(
    gradient_step: Callable, X: ArrayLike, y: ArrayLike, *, steps: int = STEPS, marks: bool = True
) -> Lab:
    """Show the lab "learning rate, one weight" and return it; ``lab.lrate`` reads and sets the
    learning rate.

    gradient_step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1).
    y: (m,). The path starts at weight 0. marks: whether the slider tells 1/L, 2/L and the regimes
    before one asks for them. Raises ValueError if X and y do not fit together or X has
    more than one column.
    """
    X, y, _ = check_arrays(X, y, np.zeros(1))
    problem = Problem(X, y)
    one_step = 1 / problem.L
    scale = problem.scale(np.arange(1, 121) / 50, marks={f"1/L = {one_step:.3g}": one_step})
    view = OneWeightView(gradient_step, problem, steps, scale.numbers[-1])
    smooth, oscillating, diverging = 14, 89, 104  # places on the slider
    return Lab(
        "Learning rate, one weight",
        [Slider("lrate", "learning rate", [scale], start=scale.values[smooth])],
        view.panels,
        view.frame,
        marks=marks,
        answers=[view.factor.panel],
        facts=["|1 − ηL|: predicted, measured", "steps to 1 % above the minimum"],
        steps=steps,
        stored=[[scale.values[place]] for place in (smooth, oscillating, diverging)],
        alt=(
            "The path on the loss curve, the loss against steps and the factor per step, at"
            f" learning rates {scale.labels[smooth]} (smooth), {scale.labels[oscillating]}"
            f" (oscillating) and {scale.labels[diverging]} (diverging)."
        ),
    )
