"""The lab "move the border yourself": a data point moves, and the largest learning rate with it."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import COLOURS, STYLE, Frame, Layer, Panel, Scale, Shape, Slider
from course_utils.labs.kit import descent_panel
from course_utils.labs.linear_fit import Problem
from course_utils.labs.walks import descend, measured_factor, regime
from course_utils.labs.widget import Lab

STEPS = 40  # of a walk
PLACES = np.arange(2, 10) / 2  # of the point that moves, in parts of where it was


class BorderPanel:
    """The panel of the border 2/L against the place of the point: the curve stays, a dot marks the
    place, a line the learning rate.
    """

    def __init__(self, places: np.ndarray, borders: np.ndarray, top: float):
        self.panel = Panel(
            "The border moves with the point",
            "x of the point",
            "learning rate",
            alt="The border 2/L against the place of the point: it falls as the point moves out.",
        )
        axes = self.panel.ax
        axes.plot(places, borders, "-o", color=COLOURS["data"], ms=4)
        axes.fill_between(places, borders, top, color=COLOURS["red"], alpha=0.12, lw=0)
        axes.annotate("diverging", (places[-1], 0.93 * top), ha="right", color=COLOURS["red"])
        axes.annotate("2/L", (places[0], borders[0]), (6, 4), textcoords="offset points")
        room = 0.05 * np.ptp(places)
        axes.set(xlim=(places.min() - room, places.max() + room), ylim=(0, top))
        self.rate = self.panel.path("blue", line=1.2, dash="4 3")
        self.dot = self.panel.path("blue", head=6)

    def draw(self, lrate: float, place: float) -> dict[Layer, Shape]:
        """Return what is drawn at a rate with the point at ``place``."""
        ends = self.panel.ax.get_xlim()
        return {self.rate: Shape(ends, [lrate] * 2), self.dot: Shape([place], [lrate])}


class BorderView:
    """The panels of the lab, and what they show at a rate with the point at one of its places."""

    def __init__(self, gradient_step: Callable, problems: dict[str, Problem], top: float):
        self.gradient_step, self.problems = gradient_step, problems
        self.at = {name: problem.X[-1, 0] for name, problem in problems.items()}
        first = next(iter(problems.values()))
        self.data = Panel(
            "The data and the line they ask for",
            "x",
            "y",
            alt="The data as dots, one of them larger, which moves, and the best line.",
        )
        widest = 1.06 * max(max(abs(x) for x in self.at.values()), np.abs(first.X[:-1]).max())
        axes = self.data.ax
        axes.plot(first.X[:-1, 0], first.y[:-1], "o", color=COLOURS["data"], ms=6)
        axes.set(xlim=(-widest, widest), ylim=1.3 * np.array([-1, 1]) * np.abs(first.y).max())
        self.line = self.data.path("green", line=1.5, dash="5 4")
        self.point = self.data.path("red", head=7)
        self.loss = descent_panel(list(problems.values()), STEPS)
        self.losses = self.loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)
        borders = np.array([2 / problem.L for problem in problems.values()])
        self.border = BorderPanel(np.array(list(self.at.values())), borders, top)
        self.panels = [self.data, self.border.panel, self.loss]

    def frame(self, lrate: float, place: str) -> Frame:
        problem, ends = self.problems[place], np.array(self.data.ax.get_xlim())
        weights, losses, error = descend(self.gradient_step, problem.X, problem.y, lrate, STEPS)
        factor = measured_factor(weights[:, 0] - problem.best)
        draw = {
            self.point: Shape([self.at[place]], [problem.y[-1]]),
            self.line: Shape(ends, problem.best[0] * ends),
            self.losses: Shape(np.arange(len(losses)), problem.excess_loss(losses)),
        } | self.border.draw(lrate, self.at[place])
        facts = [f"{problem.L:.4g}", f"{2 / problem.L:.4g}", f"{abs(factor):.3f}"]
        return Frame("" if np.isnan(factor) else regime(factor), facts, draw, error)


@mpl.rc_context(STYLE)
def border_lab(gradient_step: Callable, X: ArrayLike, y: ArrayLike) -> Lab:
    """Show the lab "move the border yourself" and return it; ``lab.lrate`` and ``lab.place`` read
    and set its sliders.

    gradient_step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1)
    and y: (m,), a few points; the last one is moved along x, out to four and a half times its
    place. Raises ValueError if X and y do not fit together, X has more than one column, or the last
    point stands at 0.
    """
    X, y, _ = check_arrays(X, y, np.zeros(1))
    if X[-1, 0] == 0:
        raise ValueError("the last row of X is 0, so no factor moves it: put another row last")
    problems = {}
    for times in PLACES:
        moved = X.copy()
        moved[-1] *= times
        problems[f"{moved[-1, 0]:.3g}"] = Problem(moved, y)
    top = 2.2 / Problem(X, y).L
    rates = top * np.arange(1, 61) / 60
    scales = [problem.scale(rates * problem.L) for problem in problems.values()]
    start, middle, outer = (list(problems)[k] for k in (0, 2, 7))
    lrate = scales[0].values[16]
    view = BorderView(gradient_step, problems, top)
    return Lab(
        "Move the border yourself",
        [
            Slider("lrate", "learning rate", scales, start=lrate),
            Slider("place", "x of the point", [Scale(list(problems))], start=start),
        ],
        view.panels,
        view.frame,
        facts=["curvature L", "border 2/L", "|1 − ηL|, measured"],
        steps=STEPS,
        stored=[(lrate, start), (lrate, middle), (lrate, outer)],
        alt=(
            "The data, the border 2/L and the loss against steps at one learning rate, with a point"
            " at three places: as it moves out the border sinks below the rate, and the loss rises."
        ),
    )
