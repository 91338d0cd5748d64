"""The lab "optimizer race": rules on surfaces over two weights, at one rate or each at its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import ArrayLike

from course_utils.labs.drawing import COLOURS, STYLE, Frame, Layer, Panel, Scale, Shape, Slider
from course_utils.labs.kit import label_powers, surroundings
from course_utils.labs.walks import walk
from course_utils.labs.widget import Lab

OWN_BEST = "own best"  # the rate's last position: each rule at the rate that serves it best

RATES = 10.0 ** (np.arange(-12, 3) / 4)

# A rule has arrived when the height above the minimum stays below this part of the start's.
TARGET = 1e-3
FAR_ABOVE = 10  # times the target: at a needle's neighbours a rule ends above it

CRITERION = "the height stays below a thousandth of the start's"

LOWEST, HIGHEST = 1e-8, 1e2  # heights that are drawn


@dataclass(frozen=True)
class Look:
    """A racer's colour and dash."""

    colour: str
    dash: str


LOOKS = (
    Look("blue", ""),
    Look("green", "7 3"),
    Look("purple", ""),
    Look("orange", "7 3"),
    Look("grey", "3 3"),
    Look("red", ""),
    Look("black", "9 3 2 3"),
)


class Surface:
    """A surface over two weights: ``loss(w)`` with w (2, ...), its gradient, where the walks start,
    and the best weights.

    minimum: the loss at the best weights. drop: by how much the start lies above it. L: the largest
    curvature at the minimum.
    """

    def __init__(self, loss: Callable, gradient: Callable, start: ArrayLike, best: ArrayLike):
        self.loss, self.gradient = loss, gradient
        self.start, self.best = np.array(start, dtype=float), np.array(best, dtype=float)
        self.minimum = float(loss(self.best))
        self.drop = float(loss(self.start)) - self.minimum
        self.L = self._largest_curvature()

    def _largest_curvature(self, tiny: float = 1e-4) -> float:
        """Return the largest curvature at the minimum, by differences of the gradient; NaN if the
        gradient fails there.
        """
        moves = tiny * np.eye(2)
        try:
            ahead = [np.asarray(self.gradient(self.best + move), dtype=float) for move in moves]
            behind = [np.asarray(self.gradient(self.best - move), dtype=float) for move in moves]
            return float(np.linalg.eigvalsh(np.subtract(ahead, behind) / (2 * tiny)).max())
        except Exception:  # the learner's function may raise anything; the runs will name it
            return np.nan

    def height(self, weights: np.ndarray) -> np.ndarray:
        """Return the loss above the minimum as a part of the start's, at weights (2, ...)."""
        with np.errstate(all="ignore"):
            return (np.asarray(self.loss(weights), dtype=float) - self.minimum) / self.drop


@dataclass(frozen=True)
class Run:
    """One racer on one surface at one rate.

    weights: (k + 1, 2). heights: (k + 1,), above the minimum, as parts of the start's. error: "" or
    what went wrong. arrival: the step from which on it stays below the target, or inf. end: its
    last height; inf for a run that left the map, NaN for one that failed.
    """

    weights: np.ndarray
    heights: np.ndarray
    error: str
    arrival: float
    end: float

    @property
    def left(self) -> bool:
        return bool(np.isinf(self.end))


class Race:
    """All runs of the racers on the surfaces, each computed once.

    racers: {name: (rule, settings)}. rates: those among which a rule's best one is looked for.
    """

    def __init__(
        self,
        racers: Mapping[str, tuple[Callable, dict]],
        surfaces: Mapping[str, Surface],
        rates: Sequence[float],
        steps: int,
    ):
        self.racers, self.surfaces, self.rates, self.steps = racers, surfaces, rates, steps
        self._runs: dict[tuple[str, str, float], Run] = {}

    def run(self, name: str, kind: str, lrate: float) -> Run:
        """Return the run of a racer on a surface."""
        key = name, kind, lrate
        if key not in self._runs:
            self._runs[key] = self._compute(*key)
        return self._runs[key]

    def _compute(self, name: str, kind: str, lrate: float) -> Run:
        (rule, settings), surface = self.racers[name], self.surfaces[kind]
        where = f"at learning rate {lrate:.3g}, {kind}"
        weights, error = walk(
            rule, surface.gradient, surface.start, self.steps, where, name, lrate=lrate, **settings
        )
        heights = np.maximum(surface.height(weights.T), 1e-12)
        if error:
            end = np.nan
        else:
            end = heights[-1] if len(heights) > self.steps else np.inf
        arrival = np.inf
        if end <= TARGET:
            arrival = np.flatnonzero(heights > TARGET)[-1] + 1  # it may have crossed the target
        return Run(weights, heights, error, arrival, end)

    def best_rate(self, name: str, kind: str) -> float:
        """Return the rate at which a racer arrives first; of several, or where it arrives at none,
        the one at which it ends lowest.
        """
        runs = {lrate: self.run(name, kind, lrate) for lrate in self.rates}
        sound = [lrate for lrate, run in runs.items() if np.isfinite(run.end)]
        return min(
            sound, key=lambda lrate: (runs[lrate].arrival, runs[lrate].end), default=self.rates[0]
        )

    def needles(self, name: str, kind: str) -> list[float]:
        """Return the rates at which a racer arrives although it ends far above the target, or
        nowhere, at the neighbours.
        """
        runs = [self.run(name, kind, lrate) for lrate in self.rates]
        far = [True, *(not run.end < FAR_ABOVE * TARGET for run in runs), True]
        return [
            lrate
            for place, (lrate, run) in enumerate(zip(self.rates, runs))
            if np.isfinite(run.arrival) and far[place] and far[place + 2]
        ]

    def at(self, lrate: float | str, kind: str) -> dict[str, float]:
        """Return the rate of each racer at a place of the slider."""
        if isinstance(lrate, str):
            return {name: self.best_rate(name, kind) for name in self.racers}
        return dict.fromkeys(self.racers, lrate)


def map_panel(surfaces: Sequence[Surface]) -> Panel:
    """Return the panel of the paths, a picture for each surface."""
    panel = Panel(
        "The paths",
        "weight 1",
        "weight 2",
        versions=len(surfaces),
        alt="Lines of equal loss over the two weights.",
    )
    for surface, axes in zip(surfaces, panel.axes):
        way = abs(surface.start - surface.best)
        reach = np.maximum(way / 2, 1e-3 * way.max())
        w1, w2 = surroundings(axes, (surface.start + surface.best) / 2, 2 * reach)
        heights, levels = surface.height(np.stack(np.meshgrid(w1, w2))), np.geomspace(0.003, 30, 9)
        axes.contour(w1, w2, heights, levels, colors=COLOURS["data"], linewidths=1)
        axes.plot(*surface.start, "s", color=COLOURS["ink"], ms=6)
        axes.plot(*surface.best, "D", color=COLOURS["green"], ms=7)
    return panel


def _height_panel(title: str, xlabel: str, alt: str, **axes: Any) -> Panel:
    panel = Panel(title, xlabel, "height / height at the start", alt=alt)
    panel.ax.set(ylim=(LOWEST, HIGHEST), yscale="log", **axes)
    label_powers(panel.ax)
    return panel


def height_panel(steps: int) -> Panel:
    """Return the panel of the heights against the step, with room for labels at its right."""
    panel = _height_panel(
        "The loss above the minimum",
        "step",
        xlim=(0, 1.5 * steps),
        xticks=np.arange(0, steps + 1, max(1, steps // 4)),
        alt="The loss above the minimum against the step, on a log scale.",
    )
    panel.ax.plot([0, steps], [TARGET] * 2, color=COLOURS["ink"], ls=(0, (2, 2)), lw=1)
    panel.ax.annotate("target", (0, TARGET), (3, -12), textcoords="offset points", fontsize=11)
    return panel


def end_panel(rates: Sequence[float], steps: int) -> Panel:
    """Return the panel of the heights at the runs' ends against the learning rate."""
    return _height_panel(
        f"After {steps} steps, at every rate",
        "learning rate",
        xlim=(rates[0] / 1.2, rates[-1] * 1.2),
        xscale="log",
        alt="The height reached against the learning rate, on log scales.",
    )


def separated(
    heights: ArrayLike, gap: float = 0.65, low: float = -7.8, high: float = 1.7
) -> np.ndarray:
    """Return places for labels beside ``heights``, at least ``gap`` powers of ten apart, in the
    order of the heights, and between the powers ``low`` and ``high``.
    """
    wanted = np.log10(np.clip(heights, 10.0**low, 10.0**high))
    order = np.argsort(wanted, kind="stable")
    offsets = gap * np.arange(len(wanted))
    # Without the gaps, the places need only not fall.
    lowest = np.maximum.accumulate(wanted[order] - offsets)
    places = np.empty(len(wanted))
    places[order] = np.clip(lowest, low, high - offsets[-1]) + offsets
    return 10.0**places


@dataclass(frozen=True)
class RacerLayers:
    """What is drawn of one racer: its path on the map; its heights, its label and the line that
    leads to it; the ends at all rates, a dot at this one, rings of dots at the needles.
    """

    path: Layer
    line: Layer
    leader: Layer
    label: Layer
    curve: Layer
    dot: Layer
    needles: Layer
    needle: Layer


class RaceView:
    """The panels of the lab, and what they show at a learning rate on a surface.

    varies: ``{(racer, surface, rate): reason}`` for walks that rounding decides.
    """

    def __init__(self, race: Race, varies: Mapping[tuple[str, str, float], str]):
        self.race, self.varies = race, varies
        self.map = map_panel(list(race.surfaces.values()))
        self.loss = height_panel(race.steps)
        self.ends = end_panel(race.rates, race.steps)
        self.panels = [self.map, self.loss, self.ends]
        self.rate_line = self.ends.path("ink", line=1, dash="3 3")
        self.layers = {name: self._layers(name, look) for name, look in zip(race.racers, LOOKS)}

    def _layers(self, name: str, look: Look) -> RacerLayers:
        line = {"line": 1.8, "dash": look.dash, "group": name}
        return RacerLayers(
            path=self.map.path(look.colour, **line, dots=2.2, head=5, walk=True),
            line=self.loss.path(look.colour, **line, head=4, walk=True),
            leader=self.loss.path(look.colour, line=1, group=name),
            label=self.loss.text("ink", "start", group=name),
            curve=self.ends.path(look.colour, **line),
            dot=self.ends.path(look.colour, head=5, group=name),
            needles=self.ends.path(look.colour, dots=5, group=name),
            needle=self.ends.text(look.colour, group=name),
        )

    def frame(self, lrate: float | str, kind: str) -> Frame:
        at = self.race.at(lrate, kind)
        runs = {name: self.race.run(name, kind, rate) for name, rate in at.items()}
        error = next((run.error for run in runs.values() if run.error), "")
        own = isinstance(lrate, str)
        # Words on all racers would count those that are hidden: each has its own, beside its box.
        return Frame(
            "" if error else "each at its own rate" if own else "one rate for all",
            [CRITERION, "at which it arrives first" if own else "of the slider"],
            self._draw(lrate, kind, at, runs),
            error,
            {
                name: self._note(run, at[name], lrate, at[name] in self.race.needles(name, kind))
                for name, run in runs.items()
            },
            self._varies(lrate, kind),
        )

    def _draw(
        self, lrate: float | str, kind: str, at: Mapping[str, float], runs: Mapping[str, Run]
    ) -> dict[Layer, Shape]:
        steps, rates, shapes = self.race.steps, self.race.rates, {}
        if not isinstance(lrate, str):
            shapes[self.rate_line] = Shape([lrate] * 2, [1e-9, 1e3])
        heights = separated([np.inf if run.left else run.heights[-1] for run in runs.values()])
        for (name, run), height in zip(runs.items(), heights):
            layers = self.layers[name]
            ends = np.array([self.race.run(name, kind, rate).end for rate in rates])
            needles = self.race.needles(name, kind)
            depths = [max(self.race.run(name, kind, rate).end, LOWEST) for rate in needles]
            last = np.clip(run.heights[-1], LOWEST, HIGHEST)
            shapes |= {
                layers.path: Shape(*run.weights.T),
                layers.line: Shape(np.arange(len(run.heights)), run.heights),
                layers.label: Shape([1.07 * steps], [0.75 * height], name),
                layers.leader: Shape([steps, 1.05 * steps], [last, height]),
                layers.curve: Shape(rates, np.clip(ends, None, 1e4)),
                layers.dot: Shape([at[name]], [max(run.end, LOWEST)]),
                layers.needles: Shape(needles, depths),
            }
            if needles:
                shapes[layers.needle] = Shape([needles[-1]], [2.5 * depths[-1]], "needle")
        return shapes

    def _note(self, run: Run, rate: float, lrate: float | str, needle: bool) -> str:
        """Say beside a racer's check box how its run went, at which rate if it is its own, and
        whether that rate is a needle.
        """
        if run.error:
            note = "failed"
        elif run.left:
            note = "left"
        elif np.isinf(run.arrival):
            note = f"over {self.race.steps}"
        else:
            note = f"{run.arrival} steps" + ", a needle" * needle
        return f"at {rate:.3g}: {note}" if lrate == OWN_BEST else note

    def _varies(self, lrate: float | str, kind: str) -> dict[Layer | None, str]:
        """Return what rounding decides in a frame: all of it at the rate itself, and the racer's
        layers elsewhere on the surface.
        """
        varies: dict[Layer | None, str] = {}
        for (name, surface, rate), reason in self.varies.items():
            if surface != kind:
                continue
            if not isinstance(lrate, str) and np.isclose(rate, lrate, rtol=0.01):
                varies[None] = reason
            else:
                varies |= dict.fromkeys(vars(self.layers[name]).values(), reason)
        return varies


def _rate_scale(surface: Surface, rates: Sequence[float]) -> Scale:
    """Return the scale of the learning rate for a surface, with the border of plain descent."""
    marks: dict[str, float | str] = {}
    if surface.L > 0:
        marks[f"2/L = {2 / surface.L:.3g}"] = 2 / surface.L
    marks["best"] = OWN_BEST
    return Scale([*rates, OWN_BEST], marks=marks)


@mpl.rc_context(STYLE)
def race_lab(
    racers: dict[str, tuple[Callable, dict]],
    surfaces: dict[str, Sequence],
    *,
    rates: Iterable[float] = RATES,
    steps: int = 60,
    varies: dict[tuple[str, str, float], str] | None = None,
    first: int = 3,
) -> Lab:
    """Show the lab "optimizer race" and return it; ``lab.lrate``, ``lab.surface`` and ``lab.shown``
    read and set what is chosen.

    racers: ``{name: (rule, settings)}``, up to seven, with the learner's ``rule(state, gradient,
    weight, *, lrate, **settings) -> (state, step)``. surfaces: ``{name: (loss, gradient, start,
    minimum)}``, each over two weights; ``loss(w)`` takes w of shape (2, ...), and ``minimum`` is
    the best w. rates: those of the slider, growing; its last position gives each rule the one of
    them at which it arrives first (or ends lowest, where it arrives at none). varies: ``{(racer,
    surface, rate): reason}`` for walks that rounding decides, such as chaotic ones, so that they
    are not compared. first: so many racers are shown at first; the others wait for a tick in their
    boxes. Raises ValueError for no racers or more than seven.
    """
    if not 0 < len(racers) <= len(LOOKS):
        raise ValueError(f"race_lab has room for one to {len(LOOKS)} racers, not {len(racers)}")
    rates = [float(f"{rate:.3g}") for rate in rates]
    race = Race(racers, {name: Surface(*given) for name, given in surfaces.items()}, rates, steps)
    view = RaceView(race, varies or {})
    kinds, stored = list(surfaces), list(surfaces)[:3]
    scales = [_rate_scale(surface, rates) for surface in race.surfaces.values()]
    return Lab(
        "Optimizer race",
        [
            Slider("lrate", "learning rate", scales, start=OWN_BEST),
            Slider("surface", "surface", [Scale(kinds)]),
        ],
        view.panels,
        view.frame,
        facts=["arrived", "learning rate"],
        steps=steps,
        shown=list(racers)[:first],
        stored=[[OWN_BEST, kind] for kind in stored],
        alt=(
            f"The paths of {', '.join(list(racers)[:first])} on the surfaces {', '.join(stored)},"
            " each rule at its own best rate; the loss against steps; and the height reached"
            " against the rate."
        ),
    )
