"""What several labs share: panels, marks and legends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from course_utils.labs.drawing import COLOURS, Panel
from course_utils.labs.linear_fit import Problem

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def label_powers(axes: Axes) -> None:
    """Label a logarithmic y axis by powers of ten: 10⁻³."""
    axes.yaxis.set_major_formatter(
        lambda value, _: "10" + f"{np.log10(value):.0f}".translate(SUPERSCRIPTS)
    )
    axes.minorticks_off()


def loss_panel(
    drops: Sequence[float], steps: int, lowest: float = 1e-8, highest: float = 1e3
) -> Panel:
    """Return the panel of the loss above the minimum against steps, a picture for each of
    ``drops``: the loss above the minimum at the start. It reaches from ``lowest`` to ``highest``
    times that.
    """
    panel = Panel(
        "Loss above the minimum",
        "step",
        "loss − minimum",
        versions=len(drops),
        alt="The loss above the minimum against the step, on a log scale.",
    )
    for drop, axes in zip(drops, panel.axes):
        axes.set(xlim=(0, steps), ylim=(lowest * drop, highest * drop), yscale="log")
        label_powers(axes)
    return panel


def mark_height(axes: Axes, steps: int, height: float, name: str, offset: float = 4) -> None:
    """Draw a dashed line at ``height``, named at its right end, ``offset`` pixels above it."""
    axes.axhline(height, color=COLOURS["green"], ls=(0, (5, 3)), lw=1.5)
    axes.annotate(
        name, (steps, height), (-2, offset), textcoords="offset points", ha="right", fontsize=11
    )


def descent_panel(problems: Sequence[Problem], steps: int) -> Panel:
    """Return the panel of the loss above the minimum, with 1 % of the minimum marked."""
    panel = loss_panel([problem.drop for problem in problems], steps)
    for problem, axes in zip(problems, panel.axes):
        mark_height(axes, steps, 0.01 * problem.minimum, "1 % above the minimum")
    return panel


@dataclass(frozen=True)
class LegendEntry:
    """A moving line in a legend. dash: matplotlib's, in widths of the line. dot: the diameter of
    its dots, 0 for none.
    """

    name: str
    colour: str
    width: float
    dash: str | tuple = "-"
    dot: float = 0


def legend(axes: Axes, *entries: LegendEntry) -> None:
    """Name moving lines by their look."""
    handles = [
        Line2D(
            [],
            [],
            color=COLOURS[entry.colour],
            lw=entry.width,
            ls=entry.dash,
            marker="o",
            ms=entry.dot,
            label=entry.name,
        )
        for entry in entries
    ]
    axes.legend(
        handles=handles,
        loc="upper right",
        ncols=len(handles),
        frameon=False,
        fontsize=11,
        handlelength=1.8,
        columnspacing=1.2,
        borderaxespad=0,
        borderpad=0.2,
    )


def curve_panel(problem: Problem) -> Panel:
    """Return the panel of the loss against the one weight."""
    panel = Panel(
        "The path on the loss curve",
        "weight",
        "loss (MSE)",
        alt="The loss against the weight: a parabola.",
    )
    best = problem.best[0]
    weights = best + np.linspace(-1.5, 1.5, 121) * (abs(best) or 1)
    heights = problem.loss(weights[:, None])
    panel.ax.plot(weights, heights, color=COLOURS["data"])
    panel.ax.plot(best, problem.minimum, "D", color=COLOURS["green"], ms=6)
    panel.ax.set(xlim=weights[[0, -1]], ylim=(problem.minimum - 0.06 * np.ptp(heights), heights[0]))
    return panel


def surroundings(axes: Axes, middle: np.ndarray, reach: np.ndarray) -> list[np.ndarray]:
    """Return the weights (161,) along either axis around ``middle``, at least ``reach`` far, both
    (2,).

    A unit is as long on both axes: only then is a step at right angles to the line of equal loss it
    starts from.
    """
    size = np.array(axes.bbox.size)
    unit = max(reach / size) or 1 / size[0]
    return [centre + half * np.linspace(-1, 1, 161) for centre, half in zip(middle, unit * size)]


def contour_panel(problems: Sequence[Problem]) -> Panel:
    """Return the panel of the loss over two weights, a picture for each problem."""
    panel = Panel(
        "The path on the loss surface",
        "weight 1",
        "weight 2",
        versions=len(problems),
        alt="Lines of equal loss over the two weights: ellipses around the minimum.",
    )
    for problem, axes in zip(problems, panel.axes):
        w1, w2 = surroundings(axes, problem.best, 1.4 * abs(problem.best))
        grid = np.stack(np.meshgrid(w1, w2), axis=-1)
        levels = problem.drop * np.array([0.003, 0.03, 0.12, 0.3, 0.6, 1.0, 1.6, 2.4])
        heights = problem.loss(grid) - problem.minimum
        axes.contour(w1, w2, heights, levels, colors=COLOURS["data"], linewidths=1)
        axes.plot(*problem.best, "D", color=COLOURS["green"], ms=6)
    return panel


def arrival(losses: np.ndarray, target: float, never: str = "") -> str:
    """Say after how many steps the losses (k + 1,) reached ``target`` first; where they did not,
    ``never``, or "over k".
    """
    reached = np.flatnonzero(losses <= target)
    if len(reached):
        return str(reached[0])
    return never or f"over {max(len(losses) - 1, 0)}"
