"""Round 3's labs: what the sliders of lab.py show of the learner's own update rules.

A rule is ``rule(state, gradient, weight, *, lrate, **settings) -> (state, step)``, as Round 3
defines it: by hand in NumPy, or around an optimizer of torch. The walks that are drawn are the
rule's; only what they are compared with is computed here.
"""

import warnings
from functools import lru_cache

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from course_utils.lab import COLOURS, STYLE, Frame, Lab, Panel, Scale, Slider
from course_utils.labs import (
    CREEPING,
    _legend,
    _loss_panel,
    _mark_height,
    _power_of_ten,
    _surroundings,
)

LOST = 1e9  # a walk that is this far away has left the map


def walk(rule, gradient, start, steps, where, name=None, **settings):
    """Walk ``steps`` steps of ``rule`` from ``start`` and return ``(weights (k + 1, n), trouble)``.

    settings: the rule's, lrate among them. name: the rule's own unless told. trouble: "" or a
    sentence that says what went wrong, ``where``, and at which step. A walk that leaves the map
    ends there, and that is no trouble.
    """
    name = name or getattr(rule, "__name__", "the rule")
    weights, state = [start], {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a diverging walk may overflow
        for k in range(steps):
            weight, trouble = weights[-1], ""
            try:
                state, step = rule(
                    state,
                    np.asarray(gradient(weight.copy()), dtype=float),
                    weight.copy(),
                    **settings,
                )
                step = np.asarray(step, dtype=float)
                if step.shape != weight.shape:
                    trouble = f"returned a step of shape {step.shape}, expected {weight.shape},"
                elif not np.isfinite(step).all():
                    trouble = f"gave {'NaN' if np.isnan(step).any() else 'infinity'}"
            except Exception as error:  # the learner's function may raise anything
                trouble = f"raised {type(error).__name__} ({error})"
            if trouble:
                return np.array(weights), f"{name} {trouble} {where}, step {k + 1}."
            weights.append(weight - step)
            if np.abs(weights[-1]).max() > LOST:
                break
    return np.array(weights), ""


# --- Momentum -------------------------------------------------------------------------------------


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


def measured_rate(weights, curvatures, lrate):
    """Return the factor by which a step multiplied the distance to 0, in the long run.

    It is half the slope of the straight line through the logarithm of the energy, in the later two
    thirds before rounding sets in. Energy, motion plus height, because a weight that swings is
    close to 0 now and then and has not arrived.
    """
    if len(weights) < 3:
        return np.nan
    middle, moved = (weights[1:] + weights[:-1]) / 2, np.diff(weights, axis=0)
    energy = (moved**2 + lrate * curvatures * middle**2).sum(axis=1)
    energy = energy[: np.argmin(energy > 1e-24 * energy[:1]) or None]
    late = np.log(energy[len(energy) // 3 :]) / 2
    if len(late) < 2:
        return np.nan
    k = np.arange(len(late)) - (len(late) - 1) / 2
    return float(np.exp(k @ late / (k @ k)))


@mpl.rc_context(STYLE)
def momentum_lab(rule, curvatures, start, *, steps=60):
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

    loss = _loss_panel([ravine], steps, lowest=1e-10, highest=1e2)
    goal = 1e-6 * ravine.drop
    _mark_height(loss.ax, steps, goal, "a millionth of the start", offset=-13)
    forecast, losses_line = (
        loss.path("ink", line=1.5, dash="5 4"),
        loss.path("blue", line=1.5, dots=2.5, head=5, walk=True),
    )
    _legend(
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
    _legend(
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


# --- The race -------------------------------------------------------------------------------------

OWN_BEST = "own best"  # the rate's last position: each rule at the rate that serves it best
RATES = 10.0 ** (np.arange(-12, 3) / 4)
# A rule has arrived when the height above the minimum stays below this part of the start's.
TARGET = 1e-3
LOOKS = (
    ("blue", ""),
    ("green", "7 3"),
    ("purple", ""),
    ("orange", "7 3"),
    ("grey", "3 3"),
    ("red", ""),
    ("black", "9 3 2 3"),
)


class Surface:
    """A surface over two weights: ``loss(w)`` with w (2, ...), its gradient, where the walks start,
    and a minimum.
    """

    def __init__(self, loss, gradient, start, minimum):
        self.loss, self.gradient = loss, gradient
        self.start, self.minimum = np.array(start, dtype=float), np.array(minimum, dtype=float)
        self.lowest = float(loss(self.minimum))
        self.drop = float(loss(self.start)) - self.lowest
        self.L = self._steepest()

    def _steepest(self, tiny=1e-4):
        """Return the largest curvature at the minimum, by differences of the gradient; NaN if the
        gradient fails there.
        """
        try:
            here = [
                np.asarray(self.gradient(self.minimum + move), dtype=float)
                for move in tiny * np.eye(2)
            ]
            there = [
                np.asarray(self.gradient(self.minimum - move), dtype=float)
                for move in tiny * np.eye(2)
            ]
            return float(np.linalg.eigvalsh(np.subtract(here, there) / (2 * tiny)).max())
        except (
            Exception
        ):  # the learner's function may raise anything; the runs will name what went wrong
            return np.nan

    def height(self, weights):
        """Return the loss above the minimum as a part of the start's, at weights (2, ...)."""
        with np.errstate(all="ignore"):
            return (np.asarray(self.loss(weights), dtype=float) - self.lowest) / self.drop


def _map_panel(surfaces):
    """Return the panel of the paths, a picture for each surface."""
    panel = Panel(
        "The paths",
        "weight 1",
        "weight 2",
        versions=len(surfaces),
        alt="Lines of equal loss over the two weights.",
    )
    for surface, axes in zip(surfaces, panel.axes):
        reach = np.maximum(
            abs(surface.start - surface.minimum) / 2,
            1e-3 * abs(surface.start - surface.minimum).max(),
        )
        w1, w2 = _surroundings(axes, (surface.start + surface.minimum) / 2, 2 * reach)
        heights = surface.height(np.stack(np.meshgrid(w1, w2)))
        axes.contour(
            w1, w2, heights, np.geomspace(0.003, 30, 9), colors=COLOURS["data"], linewidths=1
        )
        axes.plot(*surface.start, "s", color=COLOURS["ink"], ms=6)
        axes.plot(*surface.minimum, "D", color=COLOURS["green"], ms=7)
    return panel


def _height_panel(title, xlabel, alt, **axes):
    panel = Panel(title, xlabel, "height / height at the start", alt=alt)
    panel.ax.set(ylim=(1e-8, 1e2), yscale="log", **axes)
    panel.ax.yaxis.set_major_formatter(_power_of_ten)
    panel.ax.minorticks_off()
    return panel


def _apart(heights, gap=0.65, low=-7.8, high=1.7):
    """Return places for labels beside ``heights``, at least ``gap`` powers of ten apart, in the
    order of the heights.
    """
    wanted = np.log10(np.clip(heights, 10.0**low, 10.0**high))
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    places = np.empty(len(wanted))
    places[order] = (
        np.clip(np.maximum.accumulate(wanted[order] - steps), low, high - steps[-1]) + steps
    )
    return 10.0**places


@mpl.rc_context(STYLE)
def race_lab(racers, surfaces, *, rates=RATES, steps=60, varies=None):
    """Show the lab "optimizer race" and return it; ``lab.lrate``, ``lab.surface`` and ``lab.shown``
    read and set what is chosen.

    racers: ``{name: (rule, settings)}``, up to seven, with the learner's ``rule(state, gradient,
    weight, *, lrate, **settings) -> (state, step)``. surfaces: ``{name: (loss, gradient, start,
    minimum)}``, each over two weights; ``loss(w)`` takes w of shape (2, ...). rates: those of the
    slider, growing; its last position gives each rule the one of them at which it ends lowest.
    varies: ``{(racer, surface, rate): reason}`` for walks that rounding decides, such as chaotic
    ones, so that they are not compared. Raises ValueError for no racers or more than seven.
    """
    if not 0 < len(racers) <= len(LOOKS):
        raise ValueError(f"race_lab has room for one to {len(LOOKS)} racers, not {len(racers)}")
    surfaces = {name: Surface(*surface) for name, surface in surfaces.items()}
    varies = varies or {}
    rates = [float(f"{rate:.3g}") for rate in rates]

    place = _map_panel(list(surfaces.values()))
    loss = _height_panel(
        "The loss above the minimum",
        "step",
        xlim=(0, 1.5 * steps),
        xticks=np.arange(0, steps + 1, max(1, steps // 4)),
        alt="The loss above the minimum against the step, on a log scale.",
    )
    loss.ax.plot([0, steps], [TARGET] * 2, color=COLOURS["ink"], ls=(0, (2, 2)), lw=1)
    loss.ax.annotate("target", (0, TARGET), (3, -12), textcoords="offset points", fontsize=11)
    ends = _height_panel(
        f"After {steps} steps, at every rate",
        "learning rate",
        xlim=(rates[0] / 1.2, rates[-1] * 1.2),
        xscale="log",
        alt="The height reached against the learning rate, on log scales.",
    )
    here = ends.path("ink", line=1, dash="3 3")
    layers = {}
    for name, (colour, dash) in zip(racers, LOOKS):
        look = {"line": 1.8, "dash": dash, "group": name}
        layers[name] = (
            place.path(colour, **look, dots=2.2, head=5, walk=True),
            loss.path(colour, **look, head=4, walk=True),
            loss.path(colour, line=1, group=name),
            loss.text("ink", "start", group=name),
            ends.path(colour, **look),
            ends.path(colour, head=5, group=name),
        )

    @lru_cache(None)
    def run(name, kind, lrate):
        """Return one racer's run: (weights, heights, trouble, step of its arrival or inf, height at
        its end).

        The end is infinite for a run that left the map, NaN for one that failed.
        """
        (rule, settings), surface = racers[name], surfaces[kind]
        where = f"at learning rate {lrate:.3g}, {kind}"
        weights, trouble = walk(
            rule, surface.gradient, surface.start, steps, where, name, lrate=lrate, **settings
        )
        heights = np.maximum(surface.height(weights.T), 1e-12)
        arrival = np.flatnonzero(heights > TARGET)[-1] + 1  # it may cross the target and come back
        end = np.nan if trouble else np.inf if len(heights) <= steps else heights[-1]
        return weights, heights, trouble, arrival if end <= TARGET else np.inf, end

    @lru_cache(None)
    def best(name, kind):
        """Return the rate at which a racer ends lowest; of several at the very bottom, the one at
        which it arrives first.
        """
        runs = {lrate: run(name, kind, lrate) for lrate in rates}
        sound = [lrate for lrate in rates if np.isfinite(runs[lrate][-1])]
        return min(sound, key=lambda lrate: runs[lrate][:-3:-1], default=rates[0])

    def frame(lrate, kind):
        at = {name: best(name, kind) if lrate == OWN_BEST else lrate for name in racers}
        runs = {name: run(name, kind, rate) for name, rate in at.items()}
        beside = _apart(
            [np.inf if np.isinf(end) else heights[-1] for _, heights, _, _, end in runs.values()]
        )
        draw, notes = {here: ([lrate] * 2, [1e-9, 1e3])} if lrate != OWN_BEST else {}, {}
        for (name, (weights, heights, trouble, arrival, end)), height in zip(runs.items(), beside):
            path, line, leader, label, curve, dot = layers[name]
            ends_here = np.array([run(name, kind, rate)[-1] for rate in rates])
            draw |= {
                path: weights.T,
                line: (np.arange(len(heights)), heights),
                label: ([1.07 * steps], [0.75 * height], name),
                leader: ([steps, 1.05 * steps], [np.clip(heights[-1], 1e-8, 1e2), height]),
                curve: (rates, np.clip(ends_here, None, 1e4)),
                dot: ([at[name]], [max(end, 1e-8)]),
            }
            says = (
                "left"
                if np.isinf(end)
                else f"over {steps}"
                if np.isinf(arrival)
                else f"{arrival} steps"
            )
            says = "failed" if trouble else says
            notes[name] = f"at {at[name]:.3g}: {says}" if lrate == OWN_BEST else says
        fewest = min(arrival for *_, arrival, _ in runs.values())
        first = [name for name, (*_, arrival, _) in runs.items() if arrival == fewest < np.inf]
        lost = sum(np.isinf(end) for *_, end in runs.values())
        facts = [
            f"{', '.join(first)}: {fewest} steps" if first else "none",
            f"{lost} of {len(racers)}",
        ]
        trouble = next((trouble for _, _, trouble, *_ in runs.values() if trouble), "")
        regime = (
            "nobody arrives"
            if not first
            else f"{first[0] if len(first) == 1 else f'{len(first)} rules'} first"
        )
        unsure = {}
        for (name, surface, rate), reason in varies.items():
            if surface == kind and lrate != OWN_BEST and np.isclose(rate, lrate, rtol=0.01):
                unsure[None] = reason
            elif surface == kind:
                unsure |= dict.fromkeys(layers[name], reason)
        return Frame("" if trouble else regime, facts, draw, trouble, notes, unsure)

    borders = [
        {f"2/L = {2 / surface.L:.3g}": 2 / surface.L} if surface.L > 0 else {}
        for surface in surfaces.values()
    ]
    scales = [Scale([*rates, OWN_BEST], marks=border | {"best": OWN_BEST}) for border in borders]
    kinds = list(surfaces)
    return Lab(
        "Optimizer race",
        [
            Slider("lrate", "learning rate", scales, start=OWN_BEST),
            Slider("surface", "surface", Scale(kinds)),
        ],
        [place, loss, ends],
        frame,
        facts=["first below a thousandth of the start's height", "left the map"],
        steps=steps,
        stored=[[OWN_BEST, kind] for kind in kinds[:3]],
        alt=(
            f"The paths of {', '.join(racers)} on the surfaces {', '.join(kinds[:3])}, each rule at"
            " its own best rate; the loss against steps; and the height reached against the rate."
        ),
    )
