"""The lab "learning rate, two weights": raw and standardised features, two directions."""

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.data import check_arrays
from course_utils.labs.drawing import STYLE, Frame, Layer, Panel, Scale, Shape, Slider
from course_utils.labs.kit import (
    LegendEntry,
    arrival,
    contour_panel,
    descent_panel,
    label_powers,
    legend,
)
from course_utils.labs.linear_fit import Problem
from course_utils.labs.walks import descend, measured_factor, regime
from course_utils.labs.widget import Lab

STEPS = 40  # of a path

NEAR = 0.01  # of the start's distance: there a walk along a direction counts as arrived


@dataclass
class Component:
    """A walk along one eigen-direction: its signed distances (k + 1,) from the minimum, and the
    factors 1 − ηλ per step.
    """

    distances: np.ndarray
    predicted: float
    measured: float

    @property
    def fact(self) -> str:
        return f"{self.predicted:.3f}, {self.measured:.3f}".replace("-", "−")


def components(problem: Problem, weights: np.ndarray, lrate: float) -> list[Component]:
    """Split a walk (k + 1, 2) into its components along the flat and the steep direction."""
    distances = ((weights - problem.best) @ direction for direction in problem.directions.T)
    return [
        Component(along, 1 - lrate * curvature, measured_factor(along))
        for along, curvature in zip(distances, problem.curvatures)
    ]


def remaining(split: list[Component]) -> np.ndarray:
    """Return the part of the start's distance that is left after each step (k + 1,), in the
    direction that is further behind; a direction in which nothing moved does not count.
    """
    parts = [
        np.abs(component.distances / component.distances[0])
        for component in split
        if not np.isnan(component.measured)
    ]
    return np.max(parts, axis=0) if parts else np.array([])


def regime_of(flat: Component, steep: Component) -> str:
    """Name what a walk does: one regime, or one for each direction where they differ."""
    regimes = {
        name: regime(component.measured)
        for name, component in (("steep", steep), ("flat", flat))
        if not np.isnan(component.measured)
    }
    different = set(regimes.values())
    if "diverging" in different:
        return "diverging"
    if len(different) == 2:
        return ", ".join(f"{regime} ({name})" for name, regime in regimes.items())
    return "".join(different)


class ComponentPanel:
    """The panel of the distance along the flat and the steep direction against the step."""

    def __init__(self, steps: int):
        self.steps = steps
        self.panel = Panel(
            "The distance, split in two directions",
            "step",
            "distance / distance at the start",
            alt=(
                "The distance to the minimum along the steep and the flat direction against the"
                " step, on a log scale."
            ),
        )
        axes = self.panel.ax
        axes.set(xlim=(0, steps), ylim=(1e-4, 30), yscale="log")
        label_powers(axes)
        self.lines = [
            self.panel.path("purple", line=2.5, head=5, walk=True),
            self.panel.path("red", line=1, dots=3, head=5, walk=True),
        ]
        self.forecasts = [self.panel.path("ink", line=1.2, dash="4 4") for _ in range(2)]
        legend(
            axes,
            LegendEntry("steep", "red", 1, dot=6),
            LegendEntry("flat", "purple", 2.5),
            LegendEntry("predicted", "ink", 1.2, dash=(0, (4, 4))),
        )

    def draw(self, split: list[Component]) -> dict[Layer, Shape]:
        """Return what is drawn of the flat and the steep component."""
        shapes = {}
        all_steps = np.arange(self.steps + 1)
        for component, line, forecast in zip(split, self.lines, self.forecasts):
            if np.isfinite(component.measured):
                relative = np.abs(component.distances / component.distances[0])
                shapes[line] = Shape(np.arange(len(relative)), np.maximum(relative, 1e-7))
                shapes[forecast] = Shape(all_steps, np.abs(component.predicted) ** all_steps)
        return shapes


class TwoWeightView:
    """The panels of the lab, and what they show at a learning rate with one kind of features."""

    def __init__(self, gradient_step: Callable, problems: dict[str, Problem], steps: int):
        self.gradient_step, self.problems, self.steps = gradient_step, problems, steps
        self.surface = contour_panel(list(problems.values()))
        self.path = self.surface.path("blue", line=1.2, dots=3, head=6, walk=True)
        self.loss = descent_panel(list(problems.values()), steps)
        self.loss_line = self.loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)
        self.split = ComponentPanel(steps)
        self.panels = [self.surface, self.loss, self.split.panel]

    def frame(self, lrate: float, features: str) -> Frame:
        problem = self.problems[features]
        weights, losses, error = descend(
            self.gradient_step, problem.X, problem.y, lrate, self.steps
        )
        flat, steep = components(problem, weights, lrate)
        draw = {
            self.path: Shape(*weights.T),
            self.loss_line: Shape(np.arange(len(losses)), problem.excess_loss(losses)),
        } | self.split.draw([flat, steep])
        facts = [steep.fact, flat.fact, arrival(remaining([flat, steep]), NEAR)]
        return Frame(regime_of(flat, steep), facts, draw, error)


def problems_of(X: np.ndarray, y: np.ndarray) -> dict[str, Problem]:
    """Return the fit of the features as they are and standardised, by name.

    Raises ValueError for a column that does not vary.
    """
    if not np.all(np.ptp(X, axis=0) > 0):
        raise ValueError(
            "a column of X is the same in every row, so it cannot be standardised: leave it out,"
            " the line has no bias"
        )
    return {
        "raw": Problem(X, y),
        "standardised": Problem((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()),
    }


@mpl.rc_context(STYLE)
def two_weight_lab(
    gradient_step: Callable, X: ArrayLike, y: ArrayLike, *, steps: int = STEPS, marks: bool = True
) -> Lab:
    """Show the lab "learning rate, two weights" and return it; ``lab.lrate`` and ``lab.features``
    read and set its sliders.

    gradient_step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 2),
    y: (m,): the features as measured, best with the mean taken off, since the line has no bias. The
    second slider standardises them: mean 0, standard deviation 1. marks: whether the rate's slider
    tells the border and the regimes before one asks for them. Raises ValueError if X and y do
    not fit together, X has not two columns, or one column says what the other says.
    """
    X, y, _ = check_arrays(X, y, np.zeros(2))
    problems = problems_of(X, y)
    scales = [problem.scale(np.arange(1, 49) / 20) for problem in problems.values()]
    view = TwoWeightView(gradient_step, problems, steps)
    fast = 35  # the place of 1.8/L
    return Lab(
        "Learning rate, two weights",
        [
            Slider("lrate", "learning rate", scales, start=scales[0].values[fast]),
            Slider("features", "features", [Scale(list(problems))]),
        ],
        view.panels,
        view.frame,
        steps=steps,
        marks=marks,
        facts=[
            "steep 1 − ηλ: predicted, measured",
            "flat 1 − ηλ: predicted, measured",
            "steps until both distances are below 1 %",
        ],
        stored=[[scale.values[fast], kind] for scale, kind in zip(scales, problems)],
        alt=(
            "The path over the lines of equal loss, the loss against steps, and the distance in the"
            " steep and in the flat direction, at 1.8/L: with raw features the path zigzags into a"
            " long valley and creeps, with standardised ones it arrives."
        ),
    )
