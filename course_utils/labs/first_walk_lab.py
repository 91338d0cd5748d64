"""The lab "the first walk": a line turns on the data while its weight walks down the loss curve."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import COLOURS, STYLE, Frame, Panel, Scale, Shape, Slider
from course_utils.labs.kit import curve_panel
from course_utils.labs.linear_fit import Problem
from course_utils.labs.walks import descend
from course_utils.labs.widget import Lab

STEPS = 30  # of a walk
#: The learning rates that the lab offers, in parts of 2/L: the last one leads away.
PARTS = (0.025, 0.2, 0.5, 0.9, 1.03)


def data_panel(X: np.ndarray, y: np.ndarray, xlabel: str, ylabel: str) -> Panel:
    """Return the panel of the data (m, 1) and (m,), dots that stay still."""
    panel = Panel("The line on the data", xlabel, ylabel, alt="The data as dots, and the line.")
    x, edges = X[:, 0], (min(X.min(), 0), max(X.max(), 0))
    panel.ax.plot(x, y, "o", color=COLOURS["data"], ms=3, alpha=0.5)
    room_x, room_y = 0.05 * np.ptp(edges), 0.08 * np.ptp(y)
    panel.ax.set(
        xlim=(edges[0] - room_x, edges[1] + room_x), ylim=(y.min() - room_y, y.max() + room_y)
    )
    return panel


def loss_panel(problem: Problem) -> Panel:
    """Return the panel of the loss against steps, from 0 to a little above the start's."""
    panel = Panel("The loss, step by step", "step", "loss (MSE)", alt="The loss against the step.")
    panel.ax.axhline(problem.minimum, color=COLOURS["green"], ls=(0, (5, 3)), lw=1.5)
    panel.ax.set(xlim=(0, STEPS), ylim=(0, 1.3 * (problem.minimum + problem.drop)))
    return panel


class WalkView:
    """The panels of the lab, and what they show after so many steps at a learning rate."""

    def __init__(
        self, gradient_step: Callable, problem: Problem, labels: tuple[str, str], unit: str
    ):
        self.gradient_step, self.problem, self.unit = gradient_step, problem, unit
        self.data = data_panel(problem.X, problem.y, *labels)
        self.best = self.data.path("green", line=1.5, dash="5 4", group="the best line")
        self.line = self.data.path("blue", line=2.5)
        self.curve = curve_panel(problem)
        self.path = self.curve.path("blue", line=1.2, dots=3, head=6)
        self.loss = loss_panel(problem)
        self.losses = self.loss.path("blue", line=1.5, dots=2.5, head=5)
        self.panels = [self.data, self.curve, self.loss]
        self.walks: dict[float, tuple[np.ndarray, np.ndarray, str]] = {}

    def frame(self, step: int, lrate: float) -> Frame:
        problem, ends = self.problem, np.array(self.data.ax.get_xlim())
        if lrate not in self.walks:
            self.walks[lrate] = descend(self.gradient_step, problem.X, problem.y, lrate, STEPS)
        weights, losses, error = self.walks[lrate]
        weights, losses = weights[: step + 1], losses[: step + 1]
        draw = {self.best: Shape(ends, problem.best[0] * ends)}
        if not len(weights):
            return Frame("", ["", ""], draw, error)
        weight = weights[-1, 0]
        draw |= {
            self.line: Shape(ends, weight * ends),
            self.path: Shape(weights, losses),
            self.losses: Shape(np.arange(len(losses)), losses),
        }
        off = f"{np.sqrt(losses[-1]):.3g}{self.unit}"
        return Frame("", [f"{weight:.4g}", off], draw, error)


@mpl.rc_context(STYLE)
def first_walk_lab(
    gradient_step: Callable,
    X: ArrayLike,
    y: ArrayLike,
    *,
    labels: tuple[str, str] = ("x", "y"),
    unit: str = "",
) -> Lab:
    """Show the lab "the first walk" and return it; ``lab.steps`` and ``lab.lrate`` read and set its
    sliders.

    gradient_step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1),
    y: (m,), both with their means taken off, since the line has no bias. labels: what the axes of
    the data are called. unit: that of y, such as " kg". Raises ValueError if X and y do not fit
    together or X has more than one column.
    """
    X, y, _ = check_arrays(X, y, np.zeros(1))
    problem = Problem(X, y)
    view = WalkView(gradient_step, problem, labels, unit)
    rates = Scale([float(f"{part * 2 / problem.L:.3g}") for part in PARTS])
    fifth = rates.values[1]
    return Lab(
        "The first walk",
        [
            Slider("steps", "steps taken", [Scale(range(STEPS + 1), marks={"0": 0, "10": 10})]),
            Slider("lrate", "learning rate", [rates], start=fifth),
        ],
        view.panels,
        view.frame,
        facts=["weight", "root of the loss"],
        stored=[(0, fifth), (2, fifth), (10, fifth)],
        alt=(
            "The line on the data, the weight on the loss curve and the loss against steps: at the"
            " start, after 2 and after 10 steps. The line turns towards the best one as the weight"
            " walks down."
        ),
    )
