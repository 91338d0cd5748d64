"""The lab "rate and momentum": a rule with momentum in a ravine, and what theory says of it."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from course_utils.labs.drawing import (
    COLOURS,
    STYLE,
    Band,
    BandLook,
    Frame,
    Layer,
    Panel,
    Scale,
    Shape,
    Slider,
)
from course_utils.labs.kit import LegendEntry, arrival, legend, loss_panel, mark_height
from course_utils.labs.walks import CREEPING, long_run_factor, walk
from course_utils.labs.widget import Lab

MOMENTA = (0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
UNMARKED = (0.45, 0.95)  # no room for them below the slider

GOAL = 1e-6  # of the first loss

CEILING = 1.3  # the curves of the factors end there, below the legend

LOOKS: dict[str, BandLook] = {
    "creeping": "slow",
    "smooth": "good",
    "swinging": "swing",
    "zigzagging": "zigzag",
}


class Ravine:
    """The ravine ½ Σ λᵢ wᵢ² and what is known of momentum in it without any walk.

    curvatures: the λᵢ (n,). start: (n,), where the walks start. drop: the loss there; the minimum
    is 0.
    """

    def __init__(self, curvatures: np.ndarray, start: np.ndarray):
        self.curvatures, self.start = curvatures, start
        self.drop = float(self.loss(start))

    def loss(self, weights: np.ndarray) -> np.ndarray:
        """Return the loss (...) at weights (..., n)."""
        return 0.5 * np.asarray(weights) ** 2 @ self.curvatures

    def gradient(self, weight: np.ndarray) -> np.ndarray:
        return self.curvatures * weight

    def roots(self, lrate: float, beta: float) -> np.ndarray:
        """Return the roots of r² − (1 + β − ηλ) r + β = 0 for each curvature λ, shape (n, 2): a
        step's factors.
        """
        half = (1 + beta - lrate * self.curvatures) / 2
        swing = np.sqrt(half**2 - beta + 0j)
        return np.stack([half + swing, half - swing], axis=-1)

    def factors(self, lrate: float, beta: float) -> np.ndarray:
        """Return the factor per step of each direction in the long run, (n,)."""
        return np.abs(self.roots(lrate, beta)).max(axis=1)

    def regime(self, lrate: float, beta: float) -> str:
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
        if slowest.real < 0:
            return "zigzagging"
        return "creeping" if factor > CREEPING else "smooth"

    def border(self, beta: float) -> float:
        """Return the learning rate at which the steepest direction no longer shrinks."""
        return 2 * (1 + beta) / self.curvatures.max()

    def bands(self, beta: float, top: float) -> list[Band]:
        """Return the regimes along the learning rates up to ``top``."""
        border, bands, first = self.border(beta), [], 0.0
        rates = np.linspace(0, border, 1001)[1:-1]
        regimes = [self.regime(rate, beta) for rate in rates]
        for rate, regime, previous in zip(rates[1:], regimes[1:], regimes):
            if regime != previous:
                bands.append(Band(previous, first, rate, LOOKS[previous]))
                first = rate
        bands.append(Band(regimes[-1], first, border, LOOKS[regimes[-1]]))
        return [*bands, Band("diverging", border, top, "away")]


def ravine_panel(ravine: Ravine) -> Panel:
    """Return the panel of the lines of equal loss."""
    panel = Panel(
        "The path in the ravine",
        "weight 1",
        "weight 2",
        alt="Lines of equal loss over the two weights: a ravine.",
    )
    w1 = 1.15 * abs(ravine.start[0]) * np.linspace(-1, 1, 161)
    w2 = 2.2 * abs(ravine.start[1]) * np.linspace(-1, 1, 161)
    heights = ravine.loss(np.stack(np.meshgrid(w1, w2), axis=-1))
    levels = ravine.drop * 4.0 ** np.arange(-4, 2)
    panel.ax.contour(w1, w2, heights, levels, colors=COLOURS["data"], linewidths=1)
    panel.ax.plot(0, 0, "D", color=COLOURS["green"], ms=6)
    return panel


class LossPanel:
    """The panel of the loss against steps: predicted and measured."""

    def __init__(self, ravine: Ravine, steps: int):
        self.drop, self.all_steps = ravine.drop, np.arange(steps + 1)
        self.panel = loss_panel([ravine.drop], steps, lowest=1e-10, highest=1e2)
        mark_height(
            self.panel.ax, steps, GOAL * ravine.drop, "a millionth of the start", offset=-13
        )
        self.forecast = self.panel.path("ink", line=1.5, dash="5 4")
        self.line = self.panel.path("blue", line=1.5, dots=2.5, head=5, walk=True)
        legend(
            self.panel.ax,
            LegendEntry("measured", "blue", 1.5, dot=5),
            LegendEntry("predicted", "ink", 1.5, dash=(0, (3.3, 2.7))),
        )

    def draw(self, losses: np.ndarray, predicted: float) -> dict[Layer, Shape]:
        """Return what is drawn of the losses (k + 1,) and of the predicted factor per step."""
        forecast = self.drop * predicted ** (2 * self.all_steps)
        return {
            self.line: Shape(np.arange(len(losses)), np.maximum(losses, 1e-14 * self.drop)),
            self.forecast: Shape(self.all_steps, forecast),
        }


class FactorPanel:
    """The panel of the factor per step against the learning rate, up to ``top``: the predicted one
    of either direction at all rates, and the measured one of one rate.
    """

    def __init__(self, ravine: Ravine, top: float):
        self.ravine, self.top = ravine, top
        self.panel = Panel(
            "What one step leaves of the distance",
            "learning rate",
            "factor per step",
            alt=(
                "The predicted factor against the learning rate for either direction; above 1"
                " beyond the border."
            ),
        )
        axes = self.panel.ax
        axes.axhline(1, color=COLOURS["ink"], lw=1)
        axes.set(
            xlim=(0, top),
            ylim=(0, 1.5),
            xticks=MaxNLocator(5).tick_values(0, top)[:-1],
            yticks=np.arange(6) / 4,
        )
        legend(
            axes,
            LegendEntry("flat", "purple", 4),
            LegendEntry("steep", "red", 1.5),
            LegendEntry("measured", "blue", 0, dot=9),
        )
        self._add_layers()
        self.rates = np.linspace(0, top, 141)
        self.curves = {beta: self._curves(beta) for beta in MOMENTA}

    def _add_layers(self):
        panel = self.panel
        self.directions = panel.path("purple", line=4), panel.path("red", line=1.5)
        self.border_line = panel.path("ink", line=1, dash="2 3")
        self.border_label = panel.text("ink", "end")
        self.drop_line = panel.path("blue", line=1, dash="3 3")
        self.dot = panel.path("blue", head=6)
        self.label = panel.text("blue")

    def _curves(self, beta: float) -> np.ndarray:
        """Return the predicted factors of all rates, a row for each direction; NaN above the
        ceiling.
        """
        factors = np.array([self.ravine.factors(rate, beta) for rate in self.rates]).T
        factors[factors > CEILING] = np.nan
        return factors

    def draw(self, lrate: float, beta: float, measured: float) -> dict[Layer, Shape]:
        """Return what is drawn at a rate and a momentum; measured: a factor, or NaN for none."""
        border = self.ravine.border(beta)
        shapes = {
            layer: Shape(self.rates, curve)
            for layer, curve in zip(self.directions, self.curves[beta])
        }
        shapes[self.border_line] = Shape([border] * 2, [0, CEILING])
        shapes[self.border_label] = Shape([border - 0.015 * self.top], [1.2], "2(1 + β)/λ")
        if np.isfinite(measured):
            height = min(measured, CEILING)
            inside = min(max(lrate, 0.1 * self.top), 0.9 * self.top)
            shapes[self.drop_line] = Shape([lrate] * 2, [0, height])
            shapes[self.dot] = Shape([lrate], [height])
            shapes[self.label] = Shape([inside], [min(height, 1) - 0.16], f"{measured:.2f}")
        return shapes


class MomentumView:
    """The panels of the lab, and what they show at a learning rate and a momentum."""

    def __init__(self, rule: Callable, ravine: Ravine, steps: int, top: float):
        self.rule, self.ravine, self.steps = rule, ravine, steps
        self.map = ravine_panel(ravine)
        self.path = self.map.path("blue", line=1.2, dots=3, head=6, walk=True)
        self.loss = LossPanel(ravine, steps)
        self.factor = FactorPanel(ravine, top)
        self.panels = [self.map, self.loss.panel, self.factor.panel]

    def frame(self, lrate: float, beta: float) -> Frame:
        ravine = self.ravine
        where = f"at learning rate {lrate:.3g}, momentum {beta}"
        weights, error = walk(
            self.rule, ravine.gradient, ravine.start, self.steps, where, lrate=lrate, momentum=beta
        )
        losses = ravine.loss(weights)
        predicted = ravine.factors(lrate, beta).max()
        measured = long_run_factor(weights, ravine.curvatures, lrate)
        draw = {
            self.path: Shape(*weights.T),
            **self.loss.draw(losses, predicted),
            **self.factor.draw(lrate, beta, measured),
        }
        never = "never" if predicted >= 1 else f"over {self.steps}"
        facts = [
            f"{predicted:.3f}, {measured:.3f}",
            "" if error else arrival(losses, GOAL * ravine.drop, never),
        ]
        regime = "" if np.isnan(measured) else ravine.regime(lrate, beta)
        return Frame(regime, facts, draw, error)


def _rate_scales(ravine: Ravine, top: float) -> list[Scale]:
    """Return the scale of the learning rate for each momentum: the same rates below ``top``, with
    regimes and a border of their own.
    """
    spacing = float(f"{top / 56:.1g}")
    decimals = max(0, round(-np.floor(np.log10(spacing))))
    rates = [float(f"{rate:.12g}") for rate in np.arange(1, top / spacing) * spacing]
    labels = [f"{rate:.{decimals}f}" for rate in rates]
    scales = []
    for beta in MOMENTA:
        border = ravine.border(beta)
        marks = {f"2(1 + β)/λ = {border:.3g}": border}
        scales.append(Scale(rates, labels, marks, ravine.bands(beta, rates[-1])))
    return scales


def _checked(curvatures: ArrayLike, start: ArrayLike) -> Ravine:
    """Return the ravine. Raises ValueError for what is none."""
    curvatures, start = (np.asarray(numbers, dtype=float).copy() for numbers in (curvatures, start))
    two_each = curvatures.shape == start.shape == (2,)
    if not two_each or not (curvatures > 0).all() or not start.any():
        raise ValueError(
            "momentum_lab needs two curvatures above 0 and a start of two weights away from 0, not"
            f" {curvatures} and {start}"
        )
    return Ravine(curvatures, start)


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
    ravine = _checked(curvatures, start)
    top = 1.05 * ravine.border(MOMENTA[-1])
    view, scales = MomentumView(rule, ravine, steps, top), _rate_scales(ravine, top)
    marks = {f"{beta:g}": beta for beta in MOMENTA if beta not in UNMARKED}
    rates, labels = scales[0].values, scales[0].labels
    slow, fast = 24, 36  # places on the first slider
    return Lab(
        "Rate and momentum",
        [
            Slider("lrate", "learning rate", scales, start=rates[slow]),
            Slider("momentum", "momentum", [Scale(MOMENTA, marks=marks)]),
        ],
        view.panels,
        view.frame,
        facts=["factor per step: predicted, measured", "steps to a millionth of the first loss"],
        steps=steps,
        stored=[[rates[slow], 0], [rates[fast], 0.45], [rates[fast], 0.9]],
        alt=(
            "The path in a ravine, the loss against steps and the factor per step. Without"
            f" momentum, at learning rate {labels[slow]}, the path zigzags and creeps; with"
            f" momentum 0.45 at {labels[fast]} it arrives; with 0.9 it swings around the minimum."
        ),
    )
