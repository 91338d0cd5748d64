"""The lab "dials of a training run": rate, batch size, decay and patience, and what early stopping
keeps.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from course_utils.labs.drawing import (
    COLOURS,
    STYLE,
    Frame,
    Layer,
    Panel,
    Scale,
    Shape,
    Slider,
    Value,
)
from course_utils.labs.kit import LegendEntry, legend, mark_height
from course_utils.labs.walks import name_of
from course_utils.labs.widget import Lab

RATES = (0.06, 0.12, 0.25, 0.5, 1, 2, 4, 8)
DECAYS = {0: "none", 1: "1/m", 10: "10/m"}  # m: the number of training images
BATCH_SIZES = (16, 64, 256)
PATIENCES = (1, 2, 4)
OFF = "off"  # the patience of a run that nothing stops

# From this rate for each image of a batch on, a run multiplies its rounding errors.
UNSTEADY = 0.2
ROUNDING = "rounding decides"

LOWEST, HIGHEST = 0.01, 10.0  # losses that are drawn


class Curves(NamedTuple):
    """One run after each epoch, as far as its numbers are finite: the losses and the share of
    validation images read rightly, each (k,); error: "" or what went wrong.
    """

    training: np.ndarray
    validation: np.ndarray
    accuracy: np.ndarray
    error: str = ""


NO_CURVES = Curves(np.empty(0), np.empty(0), np.empty(0))


class Kept(NamedTuple):
    """What early stopping makes of a run: the epoch kept, counted from 0, and how many were run;
    error: "" or what went wrong.
    """

    epoch: int = 0
    run: int = 0
    error: str = ""


def _stacked(numbers: Any, runs: int) -> Any:
    """Return an array or a tensor once for each run, without a copy."""
    shape = runs, *numbers.shape
    return numbers.expand(shape) if hasattr(numbers, "expand") else np.broadcast_to(numbers, shape)


class Runs:
    """All runs of the lab: those of all rates and decays at once, for each data set and batch size
    when they are first asked for.

    train_runs, stop: the learner's, see training_lab. data: {name: (train, validation)}.
    """

    def __init__(
        self, train_runs: Callable, stop: Callable, data: Mapping[str, tuple], epochs: int
    ):
        self.train_runs, self.stop, self.data, self.epochs = train_runs, stop, data, epochs
        grid = [(lrate, decay) for lrate in RATES for decay in DECAYS]
        self.columns = {setting: column for column, setting in enumerate(grid)}
        self._trained: dict[tuple, tuple[np.ndarray, str]] = {}
        self._kept: dict[tuple, Kept] = {}

    def curves(self, lrate: float, batch_size: int, decay: int, name: str) -> Curves:
        """Return one run's curves."""
        where = f"at learning rate {lrate:g}, batch size {batch_size}, {name}"
        if (name, batch_size) not in self._trained:
            self._trained[name, batch_size] = self._train(batch_size, name)
        trained, error = self._trained[name, batch_size]
        if not error:
            run = trained[..., self.columns[lrate, decay]]
            bad = ~np.isfinite(run).all(axis=1)
            end = int(np.argmax(bad)) if bad.any() else len(run)
            # What has grown out of the numbers is no mistake, and ends there.
            if end < len(run) and not (end and run[end - 1, 1] > 2 * run[0, 1]):
                error = "gave NaN or infinity"
                where += f", epoch {end + 1}"
        if error:
            return NO_CURVES._replace(error=f"{name_of(self.train_runs)} {error} {where}.")
        return Curves(*run[:end].T)

    def _train(self, batch_size: int, name: str) -> tuple[np.ndarray, str]:
        """Call the learner's function for all rates and decays; return its curves (epochs, 3, runs)
        and "", or what went wrong as the words that follow the function's name.
        """
        runs, nothing = len(self.columns), np.empty(0)
        settings = np.array(list(self.columns), dtype=float)
        lrate, decay = settings.T.reshape(2, runs, 1, 1)
        train, validation = (
            tuple(_stacked(numbers, runs) for numbers in part) for part in self.data[name]
        )
        try:
            with np.errstate(all="ignore"):  # a diverging run may overflow
                result = self.train_runs(
                    train,
                    validation,
                    lrate=lrate.copy(),
                    decay=decay.copy(),
                    batch_size=batch_size,
                    epochs=self.epochs,
                )
            curves = np.asarray(result, dtype=float).copy()
        except Exception as raised:  # the learner's function may raise anything
            return nothing, f"raised {type(raised).__name__} ({raised})"
        wanted = self.epochs, 3, runs
        if curves.shape != wanted:
            return nothing, f"returned curves of shape {curves.shape}, expected {wanted},"
        return curves, ""

    def kept(
        self, lrate: float, batch_size: int, decay: int, patience: int | str, name: str
    ) -> Kept:
        """Return what early stopping makes of a run; of one without curves, nothing."""
        key = lrate, batch_size, decay, patience, name
        if key not in self._kept:
            losses = self.curves(lrate, batch_size, decay, name).validation
            where = f"at learning rate {lrate:g}, patience {patience}, {name}"
            self._kept[key] = self._stopped(losses, patience, where)
        return self._kept[key]

    def _stopped(self, losses: np.ndarray, patience: int | str, where: str) -> Kept:
        """Call the learner's ``stop``."""
        if not len(losses):
            return Kept()
        try:
            # The first epoch is an improvement, so that as many as there are cannot be waited for.
            kept, run = self.stop(
                losses.copy(), self.epochs if isinstance(patience, str) else patience
            )
            kept, run = int(kept), int(run)
        except Exception as raised:  # the learner's function may raise anything
            problem = f"raised {type(raised).__name__} ({raised})"
        else:
            if 0 <= kept < run <= len(losses):
                return Kept(kept, run)
            problem = f"kept epoch {kept} of {run} run, counted from 0, of {len(losses)} epochs"
        return Kept(error=f"{name_of(self.stop)} {problem} {where}.")


def _label_losses(axes: Axes, limits: tuple[float, float], ticks: Sequence[float]) -> None:
    axes.set(yscale="log", ylim=limits)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _number_epochs(axes: Axes, epochs: int) -> None:
    axes.set(xlim=(0, epochs + 0.5), xticks=np.arange(0, epochs + 1, max(1, epochs // 4)))


class CurvePanel:
    """The panel of the two losses against the epoch, up to where the run was stopped."""

    def __init__(self, epochs: int, guessing: float):
        self.panel = Panel(
            "The run, epoch by epoch",
            "epoch",
            "loss",
            alt="Training and validation loss against the epoch, on a log scale.",
        )
        axes = self.panel.ax
        _number_epochs(axes, epochs)
        _label_losses(axes, (LOWEST, HIGHEST), (0.01, 0.03, 0.1, 0.3, 1, 3, 10))
        mark_height(axes, epochs, guessing, "guessing")
        self.drop_line = self.panel.path("ink", line=1, dash="3 3")
        self.training = self.panel.path("blue", line=1.8, dash="7 3")
        self.validation = self.panel.path("orange", line=1.8, dots=2.6)
        self.kept = self.panel.path("red", head=6)
        legend(
            axes,
            LegendEntry("training", "blue", 1.8, dash=(0, (3.9, 1.7))),
            LegendEntry("validation", "orange", 1.8, dot=5),
            LegendEntry("kept", "red", 0, dot=9),
        )

    def draw(self, curves: Curves, kept: Kept) -> dict[Layer, Shape]:
        epochs = 1 + np.arange(kept.run)
        shapes = {
            self.training: Shape(epochs, curves.training[: kept.run]),
            self.validation: Shape(epochs, curves.validation[: kept.run]),
        }
        if kept.run:
            epoch, loss = kept.epoch + 1, curves.validation[kept.epoch]
            shapes[self.drop_line] = Shape([epoch] * 2, [LOWEST, loss])
            shapes[self.kept] = Shape([epoch], [loss])
        return shapes


class AccuracyPanel:
    """The panel of the share of validation images read rightly, against the epoch."""

    def __init__(self, epochs: int, classes: int):
        self.panel = Panel(
            "Validation images read rightly",
            "epoch",
            "accuracy in %",
            alt="The accuracy on validation against the epoch.",
        )
        _number_epochs(self.panel.ax, epochs)
        self.panel.ax.set(ylim=(0, 100), yticks=np.arange(0, 101, 20))
        mark_height(self.panel.ax, epochs, 100 / classes, "guessing")
        self.line = self.panel.path("orange", line=1.8, dots=2.6)
        self.kept = self.panel.path("red", head=6)

    def draw(self, curves: Curves, kept: Kept) -> dict[Layer, Shape]:
        shapes = {self.line: Shape(1 + np.arange(kept.run), 100 * curves.accuracy[: kept.run])}
        if kept.run:
            shapes[self.kept] = Shape([kept.epoch + 1], [100 * curves.accuracy[kept.epoch]])
        return shapes


class RatePanel:
    """The panel of the kept validation loss at every rate."""

    def __init__(self, guessing: float):
        self.panel = Panel(
            "What is kept, at every rate",
            "learning rate",
            "validation loss kept",
            alt="The validation loss of the kept epoch against the learning rate, on log scales.",
        )
        axes = self.panel.ax
        axes.set(xscale="log", xlim=(RATES[0] / 1.3, RATES[-1] * 1.3))
        ticks = RATES[::2]
        axes.set_xticks(ticks, [f"{rate:g}" for rate in ticks])
        _label_losses(axes, (0.05, 5), (0.05, 0.1, 0.2, 0.5, 1, 2, 5))
        axes.axhline(guessing, color=COLOURS["green"], ls=(0, (5, 3)), lw=1.5)
        self.curve = self.panel.path("purple", line=1.8, dots=2.6)
        self.here = self.panel.path("red", head=6)

    def draw(self, losses: Sequence[float], lrate: float) -> dict[Layer, Shape]:
        """Return what is drawn of the kept losses at all rates (inf where there is none)."""
        heights = np.clip(losses, LOWEST, 1e4)
        return {
            self.curve: Shape(RATES, heights),
            self.here: Shape([lrate], [heights[RATES.index(lrate)]]),
        }


class TrainingView:
    """The panels of the lab, and what they show at a position of the dials."""

    def __init__(self, runs: Runs, classes: int):
        self.runs, self.guessing = runs, float(np.log(classes))
        self.curves = CurvePanel(runs.epochs, self.guessing)
        self.accuracy = AccuracyPanel(runs.epochs, classes)
        self.rates = RatePanel(self.guessing)
        self.panels = [self.curves.panel, self.accuracy.panel, self.rates.panel]

    def frame(
        self, lrate: float, batch_size: int, decay: int, patience: int | str, name: str
    ) -> Frame:
        runs, dials = self.runs, (batch_size, decay, patience, name)
        curves, kept = runs.curves(lrate, batch_size, decay, name), runs.kept(lrate, *dials)
        error = curves.error or kept.error
        losses = [self._kept_loss(rate, *dials) for rate in RATES]
        draw = self.curves.draw(curves, kept) | self.accuracy.draw(curves, kept)
        if not error:
            draw |= self.rates.draw(losses, lrate)
        varies = self._varies(lrate, batch_size)
        if not kept.run:
            return Frame("", ["", "", ""], draw, error, varies=varies)
        loss, last = curves.validation[kept.epoch], kept.run - 1
        facts = [
            f"{kept.run}, {kept.epoch + 1}",
            f"{_written(loss)}, {100 * curves.accuracy[kept.epoch]:.1f} %",
            _written(curves.validation[last] - curves.training[last]),
        ]
        return Frame(self._regime(curves, kept), facts, draw, varies=varies)

    def _kept_loss(self, lrate: float, batch_size: int, decay: int, *rest: Any) -> float:
        kept = self.runs.kept(lrate, batch_size, decay, *rest)
        if not kept.run:
            return np.inf
        return self.runs.curves(lrate, batch_size, decay, rest[-1]).validation[kept.epoch]

    def _varies(self, lrate: float, batch_size: int) -> dict[Layer | None, str]:
        """Return what rounding decides in a frame: all of it, or the rates' curve."""
        if lrate / batch_size > UNSTEADY:
            return {None: ROUNDING}
        return {self.rates.curve: ROUNDING} if RATES[-1] / batch_size > UNSTEADY else {}

    def _regime(self, curves: Curves, kept: Kept) -> str:
        if kept.run == len(curves.validation) < self.runs.epochs:
            return "diverging"
        if curves.validation[kept.epoch] >= self.guessing:
            return "worse than guessing"
        if kept.run < self.runs.epochs:
            return "stopped"
        return "still falling" if kept.epoch == kept.run - 1 else "past its best"


def _written(loss: float) -> str:
    """Write a loss, or a difference of two."""
    return "over 100" if abs(loss) > 100 else f"{loss:.3f}".replace("-0.000", "0.000")


def _checked(data: Mapping[str, tuple]) -> int:
    """Return how many classes the labels have. Raises ValueError for what is no data."""
    if not data:
        raise ValueError("training_lab needs data: {name: (train, validation)}")
    classes = 0
    for name, parts in data.items():
        try:
            (X, y), (X_new, y_new) = parts
            shapes = [tuple(numbers.shape) for numbers in (X, y, X_new, y_new)]
        except (AttributeError, TypeError, ValueError):
            raise ValueError(
                f"training_lab needs ((X, y), (X, y)) of arrays or tensors for {name!r}:"
                " training and validation"
            ) from None
        X, y, X_new, y_new = shapes
        if len(X) != 2 or len(X_new) != 2 or X[1] != X_new[1] or y != X[:1] or y_new != X_new[:1]:
            raise ValueError(
                f"the shapes of {name!r} do not fit together: X {X} and y {y}, for validation X"
                f" {X_new} and y {y_new}"
            )
        classes = max(classes, *(int(labels.max()) + 1 for _, labels in parts))
    return classes


@mpl.rc_context(STYLE)
def training_lab(
    train_runs: Callable,
    stop: Callable,
    data: Mapping[str, tuple],
    *,
    epochs: int = 20,
    marks: bool = True,
) -> Lab:
    """Show the lab "dials of a training run" and return it; ``lab.lrate``, ``lab.batch_size``,
    ``lab.decay``, ``lab.patience`` and ``lab.data`` read and set its sliders.

    train_runs: the learner's ``train_runs(train, validation, *, lrate, decay, batch_size, epochs)
    -> curves (epochs, 3, runs)``: training loss, validation loss and validation accuracy after each
    epoch of many runs at once. It is given each part of the data once for each run, X (runs, m, n)
    and y (runs, m), and lrate and decay (runs, 1, 1); decay counts in 1/m. stop: the learner's
    ``stop(losses, patience) -> (the epoch kept, epochs run)``, the former counted from 0. data:
    ``{name: (train, validation)}``, each (X (m, n), y (m,)) of arrays or tensors. marks: whether
    what became of the run, and the loss kept at every rate, is told before one asks for it. Raises
    ValueError for data whose shapes do not fit together.
    """
    classes = _checked(data)
    view = TrainingView(Runs(train_runs, stop, data, epochs), classes)
    first = next(iter(data))
    start: list[Value] = [0.5, 64, 0, OFF, first]
    last = list(data)[-1]
    return Lab(
        "Dials of a training run",
        [
            Slider("lrate", "learning rate", [Scale(RATES)], start=0.5),
            Slider("batch_size", "batch size", [Scale(BATCH_SIZES)], start=64),
            Slider("decay", "weight decay", [Scale(list(DECAYS), list(DECAYS.values()))]),
            Slider("patience", "patience", [Scale([*PATIENCES, OFF])], start=OFF),
            Slider("data", "data", [Scale(list(data))], start=first),
        ],
        view.panels,
        view.frame,
        marks=marks,
        answers=[view.rates.panel],
        facts=[
            "epochs run, epoch kept",
            "kept: validation loss, accuracy",
            "last epoch: validation − training loss",
        ],
        stored=[start, [1, 64, 0, OFF, last], [1, 64, 0, 2, last]],
        alt=(
            "Training and validation loss against the epoch, with the kept epoch marked; the"
            " validation accuracy; and the loss kept at every learning rate. On the data"
            f" {first!r} at learning rate 0.5; on {last!r} at 1 without and with early stopping."
        ),
    )
