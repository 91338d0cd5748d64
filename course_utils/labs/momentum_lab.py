"""The lab "rate and momentum": a rule with momentum in a ravine, and what theory says of it."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from course_utils.labs.drawing import COLOURS, STYLE, Frame, Panel, Scale, Slider
from course_utils.labs.kit import legend, loss_panel, mark_height
from course_utils.labs.walks import CREEPING, measured_rate, walk
from course_utils.labs.widget import Lab


class Ravine:
    """The ravine ½ Σ λᵢ wᵢ² and what is known of momentum in it without any walk."""

    def __init__(self, curvatures, start):
        self.curvatures, self.start = curvatures, start
        self.drop = self.loss(start)

    def loss(self, weights):
        return 0.5 * np.asarray(weights) ** 2 @ self.curvatures

    def roots(self, lrate, beta):
        """Return the roots of r² − (1 + β − ηλ) r + β = 0 for each curvature λ, shape (n, 2): a
        step's factors.
        """
        half = (1 + beta - lrate * self.curvatures) / 2
        swing = np.sqrt(half**2 - beta + 0j)
        return np.stack([half + swing, half - swing], axis=-1)

    def regime(self, lrate, beta):
        """Name what the direction does that comes in last."""
        roots = self.roots(lrate, beta).ravel()
        slowest = roots[np.argmax(np.abs(roots))]
        factor = abs(slowest)
        if abs(factor - 1) < 1e-9:
            return "on the border"
        if factor > 1:
            return "diverging"
        if abs(slowest.imag) > 1e-9:
            return "swinging"
        return "zigzagging" if slowest.real < 0 else "creeping" if factor > CREEPING else "smooth"

    def border(self, beta):
        """Return the learning rate at which the steepest direction no longer shrinks."""
        return 2 * (1 + beta) / self.curvatures.max()

    def bands(self, beta, top):
        """Return the regimes along the learning rates up to ``top``, as a Scale's bands."""
        looks = {"creeping": "slow", "smooth": "good", "swinging": "swing", "zigzagging": "zigzag"}
        rates = np.linspace(0, self.border(beta), 1001)[1:-1]
        names = [self.regime(rate, beta) for rate in rates]
        turns = [0, *(n for n in range(1, len(names)) if names[n] != names[n - 1]), len(names) - 1]
        places = [0.0, *rates[turns[1:-1]], self.border(beta)]
        bands = [
            (names[turn], first, last, looks[names[turn]])
            for turn, first, last in zip(turns, places, places[1:])
        ]
        return [*bands, ("diverging", self.border(beta), top, "away")]


@mpl.rc_context(STYLE)
def momentum_lab(
    rule: Callable, curvatures: ArrayLike, start: ArrayLike, *, steps: int = 60
) -> Lab:
    """Show the lab "rate and momentum" and return it; ``lab.lrate`` and ``lab.momentum`` read and
    set its sliders.

    rule: the learner's ``rule(state, gradient, weight, *, lrate, momentum) -> (state, step)``.
    curvatures, start: two numbers each, of the ravine ½ Σ λᵢ wᵢ² and of the weight that the walk
    starts from. Raises ValueError if they are not.
    """
    curvatures, start = (np.asarray(numbers, dtype=float).copy() for numbers in (curvatures, start))
    if (
        curvatures.shape != (2,)
        or start.shape != (2,)
        or not (curvatures > 0).all()
        or not start.any()
    ):
        given = f"{curvatures} and {start}"
        raise ValueError(
            "momentum_lab needs two curvatures above 0 and a start of two weights away from 0, not"
            f" {given}"
        )
    ravine = Ravine(curvatures, start)
    betas = [0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    top = 1.05 * ravine.border(betas[-1])
    apart = float(f"{top / 56:.1g}")
    rates = [float(f"{rate:.12g}") for rate in np.arange(1, top / apart) * apart]
    labels = [f"{rate:.{max(0, round(-np.floor(np.log10(apart))))}f}" for rate in rates]

    place = Panel(
        "The path in the ravine",
        "weight 1",
        "weight 2",
        alt="Lines of equal loss over the two weights: a ravine.",
    )
    w1, w2 = (
        1.15 * abs(start[0]) * np.linspace(-1, 1, 161),
        2.2 * abs(start[1]) * np.linspace(-1, 1, 161),
    )
    heights = ravine.loss(np.stack(np.meshgrid(w1, w2), axis=-1))
    place.ax.contour(
        w1, w2, heights, ravine.drop * 4.0 ** np.arange(-4, 2), colors=COLOURS["data"], linewidths=1
    )
    place.ax.plot(0, 0, "D", color=COLOURS["green"], ms=6)
    path = place.path("blue", line=1.2, dots=3, head=6, walk=True)

    loss = loss_panel([ravine], steps, lowest=1e-10, highest=1e2)
    goal = 1e-6 * ravine.drop
    mark_height(loss.ax, steps, goal, "a millionth of the start", offset=-13)
    forecast, losses_line = (
        loss.path("ink", line=1.5, dash="5 4"),
        loss.path("blue", line=1.5, dots=2.5, head=5, walk=True),
    )
    legend(
        loss.ax, [("measured", "blue", 1.5, "-", 5), ("predicted", "ink", 1.5, (0, (3.3, 2.7)), 0)]
    )

    per_step = Panel(
        "What one step leaves of the distance",
        "learning rate",
        "factor per step",
        alt=(
            "The predicted factor against the learning rate for either direction; above 1 beyond"
            " the border."
        ),
    )
    per_step.ax.axhline(1, color=COLOURS["ink"], lw=1)
    per_step.ax.set(
        xlim=(0, top),
        ylim=(0, 1.5),
        xticks=MaxNLocator(5).tick_values(0, top)[:-1],
        yticks=np.arange(6) / 4,
    )
    directions = per_step.path("purple", line=4), per_step.path("red", line=1.5)
    legend(
        per_step.ax,
        [
            ("flat", "purple", 4, "-", 0),
            ("steep", "red", 1.5, "-", 0),
            ("measured", "blue", 0, "-", 9),
        ],
    )
    border_line, border_name = per_step.path("ink", line=1, dash="2 3"), per_step.text("ink", "end")
    drop_line, dot, says = (
        per_step.path("blue", line=1, dash="3 3"),
        per_step.path("blue", head=6),
        per_step.text("blue"),
    )
    curve_rates = np.linspace(0, top, 141)
    curves = {
        beta: np.array([np.abs(ravine.roots(rate, beta)).max(axis=1) for rate in curve_rates]).T
        for beta in betas
    }
    ceiling = 1.3  # the curves end there, below the legend
    for curve in curves.values():
        curve[curve > ceiling] = np.nan

    def frame(lrate, beta):
        weights, trouble = walk(
            rule,
            lambda w: curvatures * w,
            start,
            steps,
            f"at learning rate {lrate:.3g}, momentum {beta}",
            lrate=lrate,
            momentum=beta,
        )
        losses, number = ravine.loss(weights), np.arange(len(weights))
        predicted, measured = (
            np.abs(ravine.roots(lrate, beta)).max(),
            measured_rate(weights, curvatures, lrate),
        )
        border, all_steps = ravine.border(beta), np.arange(steps + 1)
        draw = {
            path: weights.T,
            losses_line: (number, np.maximum(losses, 1e-14 * ravine.drop)),
            forecast: (all_steps, ravine.drop * predicted ** (2 * all_steps)),
            border_line: ([border] * 2, [0, ceiling]),
            border_name: ([border - 0.015 * top], [1.2], "2(1 + β)/λ"),
        }
        draw |= {line: (curve_rates, curve) for line, curve in zip(directions, curves[beta])}
        if np.isfinite(measured):
            height = min(measured, ceiling)
            draw |= {
                drop_line: ([lrate] * 2, [0, height]),
                dot: ([lrate], [height]),
                says: (
                    [min(max(lrate, 0.1 * top), 0.9 * top)],
                    [min(height, 1) - 0.16],
                    f"{measured:.2f}",
                ),
            }
        there = np.flatnonzero(losses <= goal)
        arrival = (
            ""
            if trouble
            else str(there[0])
            if len(there)
            else "never"
            if predicted >= 1
            else f"over {steps}"
        )
        regime = "" if np.isnan(measured) else ravine.regime(lrate, beta)
        return Frame(regime, [f"{predicted:.3f}, {measured:.3f}", arrival], draw, trouble)

    borders = {
        beta: {f"2(1 + β)/λ = {ravine.border(beta):.3g}": ravine.border(beta)} for beta in betas
    }
    scales = [Scale(rates, labels, borders[beta], ravine.bands(beta, rates[-1])) for beta in betas]
    beta_scale = Scale(
        betas, marks={f"{beta:g}": beta for beta in betas if beta not in (0.45, 0.95)}
    )
    at = [(rates[n], beta) for n, beta in ((24, 0), (36, 0.45), (36, 0.9))]
    return Lab(
        "Rate and momentum",
        [
            Slider("lrate", "learning rate", scales, start=at[0][0]),
            Slider("momentum", "momentum", beta_scale),
        ],
        [place, loss, per_step],
        frame,
        facts=["factor per step: predicted, measured", "steps to a millionth of the first loss"],
        steps=steps,
        stored=[list(values) for values in at],
        alt=(
            "The path in a ravine, the loss against steps and the factor per step. Without"
            f" momentum, at learning rate {labels[24]}, the path zigzags and creeps; with momentum"
            f" 0.45 at {labels[36]} it arrives; with 0.9 it swings around the minimum."
        ),
    )
