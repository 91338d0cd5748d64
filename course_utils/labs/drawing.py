"""What a lab is drawn with: sliders' scales, panels, and the layers that move over them.

matplotlib draws once what stays still, the browser draws what moves: a layer's points travel in the
picture's own pixels. Nothing here knows anything of gradient descent.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils.style import PALETTE

COLOURS = {name: colour.lower() for name, colour in PALETTE.items()} | {
    "ink": "#333333",
    "grid": "#e3e6e9",
}

#: What each colour becomes on a dark page.
DARK = {
    "data": "#9fb1c8",
    "blue": "#4fb3f0",
    "orange": "#f2b233",
    "green": "#2fc79b",
    "red": "#ff8a47",
    "purple": "#e3a3c3",
    "black": "#f2f2f2",
    "grey": "#a8a8a8",
    "ink": "#dcdcdc",
    "grid": "#3a3f45",
}

STYLE = {
    "font.size": 12,
    "font.family": "sans-serif",
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 1,
    "grid.color": COLOURS["grid"],
    "lines.linewidth": 2,
    "lines.markersize": 4,
    "svg.fonttype": "none",
    "svg.hashsalt": "lab",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "axes.formatter.limits": (-4, 5),
    "axes.formatter.use_mathtext": False,
    "figure.constrained_layout.use": False,
    **dict.fromkeys(
        (
            "text.color",
            "axes.labelcolor",
            "axes.titlecolor",
            "axes.edgecolor",
            "xtick.color",
            "ytick.color",
        ),
        COLOURS["ink"],
    ),
}

SIZE = (340, 280)  # pixels of a panel's picture; it is drawn at 72 dpi, where a point is a pixel

MARGINS = (60, 28, 12, 42)  # left, top, right, bottom

# Coordinates travel as tenths of a pixel in 16 bits; a path is cut 3000 pixels out.
PER_PIXEL, FAR = 10, 3000

#: What stands at a slider's place.
Value = float | str

#: How a band looks on a slider's track: front/lab.css has a style for each.
BandLook = Literal["slow", "good", "swing", "zigzag", "away"]


@dataclass(frozen=True)
class Band:
    """A part of a slider's track with a name, from the value ``first`` to the value ``last``."""

    name: str
    first: float
    last: float
    look: BandLook


@dataclass
class Scale:
    """What stands at the places of a slider, from left to right.

    values: numbers that grow, then texts. labels: how each is written and spoken. marks: {text:
    value} across the track; without any, the places of a scale of up to eight are all marked.
    bands: the named parts of the track.
    """

    values: Sequence[Value]
    labels: Sequence[str] = ()
    marks: Mapping[str, Value] = field(default_factory=dict)
    bands: Sequence[Band] = ()

    def __post_init__(self) -> None:
        self.values = [
            value if isinstance(value, (str, int)) else float(value) for value in self.values
        ]
        self.numbers: list[float] = [value for value in self.values if not isinstance(value, str)]
        self.labels = self.labels or [
            value if isinstance(value, str) else f"{value:.3g}" for value in self.values
        ]
        #: {text: where on the track it stands, in places from the left}.
        self.mark_places = {name: self._place(value) for name, value in self.marks.items()}
        if not self.marks and len(self.values) <= 8:
            self.mark_places = {label: place for place, label in enumerate(self.labels)}

    def _place(self, value: Value) -> float:
        """Return where on the track a value lies, in places from the left; a number may lie between
        two of them.
        """
        if isinstance(value, str):
            return self.values.index(value)
        return float(np.interp(value, self.numbers, np.arange(len(self.numbers))))

    def nearest(self, wanted: Any) -> int:
        """Return the place whose value is nearest.

        Raises ValueError for what lies on no such scale.
        """
        if wanted in self.values:
            return self.values.index(wanted)
        try:
            distances = [abs(value - float(wanted)) for value in self.numbers]
        except (TypeError, ValueError):
            distances = []
        if not distances or not np.isfinite(distances).all():
            raise ValueError(
                f"{wanted!r} is not on this slider, which goes from {self.labels[0]} to"
                f" {self.labels[-1]}"
            )
        return int(np.argmin(distances))

    def spec(self) -> dict:
        """Return what the browser draws the track from."""
        bands = [
            {
                "name": band.name,
                "from": self._place(band.first),
                "to": self._place(band.last),
                "look": band.look,
            }
            for band in self.bands
        ]
        marks = [{"name": name, "at": place} for name, place in self.mark_places.items()]
        return {"labels": self.labels, "marks": marks, "bands": bands}


@dataclass
class Slider:
    """One slider: ``key`` is its name in Python, ``name`` what the reader sees and hears, ``start``
    its value at first (None: that of its first place).

    scales: one Scale; or, where the first slider's values depend on the second slider, one for each
    place of that.
    """

    key: str
    name: str
    scales: list[Scale]
    start: Value | None = None

    def scale(self, version: int) -> Scale:
        """Return the scale that belongs to a place of the second slider."""
        return self.scales[version % len(self.scales)]

    def spec(self) -> dict:
        """Return what the browser makes the slider from."""
        return {"name": self.name, "scales": [scale.spec() for scale in self.scales]}


def _before_the_edge(xy: np.ndarray) -> np.ndarray:
    """Return the points (k, 2) of a path, in pixels, up to where it leaves the far surroundings of
    the picture; the last lies on their edge, in the direction in which the path leaves.
    """
    outside = np.abs(xy).max(axis=1, initial=0) > FAR
    if not outside.any():
        return xy
    first = int(np.argmax(outside))
    here = xy[max(first - 1, 0)].clip(-FAR, FAR)
    leap = xy[first] - here
    room = (FAR - np.sign(leap) * here) / np.maximum(np.abs(leap), 1e-9)
    return np.vstack([xy[:first], here + leap * min(room.min(), 1.0)])


@dataclass(eq=False)
class Layer:
    """Something that moves: a line, dots, a larger dot at the end (``head``), or a text. Sizes are
    in pixels; 0 is without.

    axes: those of each of the panel's pictures. colour: a key of COLOURS. dash: lengths drawn and
    left out in turn, such as "5 4". walk: the points are the steps 0, 1, 2, ... of a path, and the
    play button walks them. anchor: "start", "middle" or "end" for a text. group: the name of the
    check box that shows and hides this layer together with all others of that name; the box carries
    the look of the first of them.
    """

    axes: list[Axes]
    colour: str
    line: float = 0
    dash: str = ""
    dots: float = 0
    head: float = 0
    walk: bool = False
    anchor: str = ""
    group: str = ""

    def spec(self) -> dict:
        """Return what the browser makes the layer from."""
        return {
            "colour": COLOURS[self.colour],
            "line": self.line,
            "dash": self.dash,
            "dots": self.dots,
            "head": self.head,
            "walk": self.walk,
            "anchor": self.anchor,
            "group": self.group,
        }

    def pixels(self, version: int, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """Return points in the axes' units as tenths of pixels from the picture's top left, 16
        bits, shape (k, 2).

        A path ends where it leaves the numbers (NaN, inf), and is cut where it leaves the far
        surroundings of the picture.
        """
        axes = self.axes[version % len(self.axes)]
        with np.errstate(all="ignore"):
            xy = axes.transData.transform(np.column_stack([np.ravel(x), np.ravel(y)]).astype(float))
        xy[:, 1] = SIZE[1] - xy[:, 1]
        finite = np.isfinite(xy).all(axis=1)
        if not finite.all():
            xy = xy[: np.argmin(finite)]
        return np.round(_before_the_edge(xy) * PER_PIXEL).astype("<i2")


class Panel:
    """One picture: ``axes`` to draw on what stays still, and the layers that move over it.

    versions: how many pictures there are, one for each place of the second slider;
    ``panel.axes[version]``. ``panel.ax`` is the first. Set the limits and the scale before the lab
    is made: the layers' pixels depend on them.
    """

    def __init__(self, title: str, xlabel: str, ylabel: str, *, alt: str, versions: int = 1):
        self.alt = alt
        self.axes: list[Axes] = []
        self.layers: list[Layer] = []
        (width, height), (left, top, right, bottom) = SIZE, MARGINS
        box = (
            left / width,
            bottom / height,
            1 - (left + right) / width,
            1 - (top + bottom) / height,
        )
        with mpl.rc_context(STYLE):
            for _ in range(versions):
                figure = Figure(figsize=(width / 72, height / 72), dpi=72)
                FigureCanvasAgg(figure)
                self.axes.append(figure.add_axes(box, title=title, xlabel=xlabel, ylabel=ylabel))

    @property
    def ax(self) -> Axes:
        return self.axes[0]

    def path(self, colour: str, **look: Any) -> Layer:
        """Add a layer of lines and dots (see Layer) and return it: the key under which a Frame
        draws it.
        """
        self.layers.append(Layer(self.axes, colour, **look))
        return self.layers[-1]

    def text(self, colour: str, anchor: str = "middle", group: str = "") -> Layer:
        """Add a short text that moves and return its layer."""
        return self.path(colour, anchor=anchor, group=group)

    def spec(self) -> dict:
        """Return what the browser makes the panel from: its pictures as SVG, and its layers."""
        (width, height), (left, top, right, bottom) = SIZE, MARGINS
        # Three pixels more than the axes, so that a dot on the frame is drawn whole.
        frame = [left - 3, top - 3, width - left - right + 6, height - top - bottom + 6]
        return {
            "size": SIZE,
            "frame": frame,
            "pictures": [_svg(axes) for axes in self.axes],
            "layers": [layer.spec() for layer in self.layers],
            "alt": self.alt,
        }


def _svg(axes: Axes) -> str:
    figure: Any = axes.figure
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    picture = buffer.getvalue()
    return picture[picture.index("<svg") :]


class Shape(NamedTuple):
    """What a layer draws: points in the axes' units, and the text of a text layer."""

    x: ArrayLike
    y: ArrayLike
    text: str = ""


NOTHING = Shape((), ())


@dataclass
class Frame:
    """What the lab shows at one position.

    regime: a word or two, spoken with the slider's value. facts: a short text for each of the lab's
    ``facts``. draw: what each layer draws; the others stay empty. error: what went wrong, and
    where. notes: {group: a short text beside its check box}. varies: {layer: reason} for what
    rounding decides, so that no two machines need draw the same; {None: reason} for all of the
    frame.
    """

    regime: str = ""
    facts: Sequence[str] = ()
    draw: dict[Layer, Shape] = field(default_factory=dict)
    error: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    varies: dict[Layer | None, str] = field(default_factory=dict)


def points_of(state: Mapping) -> np.ndarray:
    """Return all coordinates of a lab's state, in tenths of a pixel, as its frames count them."""
    return np.frombuffer(base64.b64decode(state["points"]), "<i2")
