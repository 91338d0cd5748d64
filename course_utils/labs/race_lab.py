"""The lab "optimizer race": rules on surfaces over two weights, at one rate or each at its own."""

from collections.abc import Iterable
from functools import lru_cache

import matplotlib as mpl
import numpy as np

from course_utils.labs.drawing import COLOURS, STYLE, Frame, Panel, Scale, Slider
from course_utils.labs.kit import power_of_ten, surroundings
from course_utils.labs.walks import walk
from course_utils.labs.widget import Lab

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
        w1, w2 = surroundings(axes, (surface.start + surface.minimum) / 2, 2 * reach)
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
    panel.ax.yaxis.set_major_formatter(power_of_ten)
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
def race_lab(
    racers: dict,
    surfaces: dict,
    *,
    rates: Iterable[float] = RATES,
    steps: int = 60,
    varies: dict | None = None,
) -> Lab:
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
