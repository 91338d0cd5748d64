"""What several labs share: panels, marks and legends."""

import numpy as np
from matplotlib.lines import Line2D

from course_utils.labs.drawing import COLOURS, Panel


def power_of_ten(value, _):
    return "10" + f"{np.log10(value):.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def loss_panel(problems, steps, lowest=1e-8, highest=1e3):
    """Return the panel of the loss above the minimum against steps, from ``lowest`` to ``highest``
    times the start's.
    """
    panel = Panel(
        "Loss above the minimum",
        "step",
        "loss − minimum",
        versions=len(problems),
        alt="The loss above the minimum against the step, on a log scale.",
    )
    for problem, axes in zip(problems, panel.axes):
        axes.set(
            xlim=(0, steps), ylim=(lowest * problem.drop, highest * problem.drop), yscale="log"
        )
        axes.yaxis.set_major_formatter(power_of_ten)
        axes.minorticks_off()
    return panel


def mark_height(axes, steps, height, name, offset=4):
    """Draw a dashed line at ``height``, named at its right end, ``offset`` pixels above it."""
    axes.axhline(height, color=COLOURS["green"], ls=(0, (5, 3)), lw=1.5)
    axes.annotate(
        name, (steps, height), (-2, offset), textcoords="offset points", ha="right", fontsize=11
    )


def mark_one_percent(panel, problems, steps):
    for problem, axes in zip(problems, panel.axes):
        mark_height(axes, steps, 0.01 * problem.minimum, "1 % above the minimum")


def legend(axes, entries):
    """Name moving lines by their look: [(text, colour, line width, dash, dot size)]."""
    handles = [
        Line2D([], [], color=COLOURS[colour], lw=width, ls=dash, marker="o", ms=dot, label=name)
        for name, colour, width, dash, dot in entries
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


def curve_panel(problem):
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


def surroundings(axes, middle, reach):
    """Return the weights (161,) along either axis around ``middle``, at least ``reach`` far, both
    (2,).

    A unit is as long on both axes: only then is a step at right angles to the line of equal loss it
    starts from.
    """
    size = np.array(axes.bbox.size)
    return [
        centre + half * np.linspace(-1, 1, 161)
        for centre, half in zip(middle, (max(reach / size) or 1 / size[0]) * size)
    ]


def contour_panel(problems):
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
        above = problem.loss(*np.meshgrid(w1, w2)) - problem.minimum
        axes.contour(
            w1,
            w2,
            above,
            problem.drop * np.array([0.003, 0.03, 0.12, 0.3, 0.6, 1.0, 1.6, 2.4]),
            colors=COLOURS["data"],
            linewidths=1,
        )
        axes.plot(*problem.best, "D", color=COLOURS["green"], ms=6)
    return panel


def arrival(problem, losses):
    """Say after how many steps the loss came within 1 % of the minimum."""
    there = np.flatnonzero(losses <= 1.01 * problem.minimum)
    return str(there[0]) if len(there) else f"over {max(len(losses) - 1, 0)}"
