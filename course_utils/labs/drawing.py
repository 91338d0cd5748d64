"""What a lab is drawn with: sliders' scales, panels, and the layers that move over them.

matplotlib draws once what stays still, the browser draws what moves: a layer's points travel in the
picture's own pixels. Nothing here knows anything of gradient descent.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D

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

SHARPNESS = 1.25  # the stored PNG holds this many dots for a pixel

SIZE = (340, 280)  # pixels of a panel's picture; it is drawn at 72 dpi, where a point is a pixel

MARGINS = (60, 28, 12, 42)  # left, top, right, bottom

# Coordinates travel as tenths of a pixel in 16 bits; a path is cut 3000 pixels out.
PER_PIXEL, FAR = 10, 3000


@dataclass
class Scale:
    """The positions of a slider, from left to right.

    values: numbers that grow, then texts. labels: how each is written and spoken. marks: {text:
    value} across the track; up to eight positions are all marked by themselves. bands: [(text,
    first value, last value, look)], look one of "slow", "good", "swing", "zigzag", "away".
    """

    values: list
    labels: list | None = None
    marks: dict | None = None
    bands: Sequence = ()

    def __post_init__(self):
        self.values = [
            value if isinstance(value, (str, int)) else float(value) for value in self.values
        ]
        self.numbers = [value for value in self.values if not isinstance(value, str)]
        self.labels = self.labels or [
            value if isinstance(value, str) else f"{value:.3g}" for value in self.values
        ]
        if self.marks is None and len(self.values) <= 8:
            self.places = {label: n for n, label in enumerate(self.labels)}
        else:
            self.places = {name: self._place(value) for name, value in (self.marks or {}).items()}

    def _place(self, value):
        if isinstance(value, str):
            return self.values.index(value)
        return float(np.interp(value, self.numbers, np.arange(len(self.numbers))))

    def nearest(self, wanted):
        """Return the position whose value is nearest.

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

    def spec(self):
        bands = [
            {"name": name, "from": self._place(first), "to": self._place(last), "look": look}
            for name, first, last, look in self.bands
        ]
        marks = [{"name": name, "at": place} for name, place in self.places.items()]
        return {"labels": self.labels, "marks": marks, "bands": bands}


@dataclass
class Slider:
    """One slider: ``key`` is its name in Python, ``name`` what the reader sees and hears, ``start``
    its value at first.

    scales: one Scale, or, where the first slider's values depend on the second slider, a list of
    one for each of its positions.
    """

    key: str
    name: str
    scales: Any  # a Scale, or a list of them
    start: object = None

    def __post_init__(self):
        self.scales = self.scales if isinstance(self.scales, list) else [self.scales]

    def scale(self, version):
        return self.scales[version % len(self.scales)]


@dataclass(eq=False)
class Layer:
    """Something that moves: a line, dots, a larger dot at the end (``head``), or a text. Sizes are
    in pixels.

    walk: the points are the steps 0, 1, 2, ... of a path, and the play button walks them. group:
    the name of the check box that shows and hides this layer together with all others of that name;
    the box carries the look of the first of them.
    """

    axes: list
    colour: str
    line: float = 0
    dash: str = ""
    dots: float = 0
    head: float = 0
    walk: bool = False
    anchor: str = ""
    group: str = ""

    def spec(self):
        return {name: value for name, value in vars(self).items() if name != "axes"} | {
            "colour": COLOURS[self.colour]
        }

    def pixels(self, version, x, y):
        """Return points in the axes' units as tenths of pixels from the picture's top left, 16
        bits, shape (k, 2).

        A path ends where it leaves the numbers (NaN, inf), and is cut where it leaves the far
        surroundings of the picture.
        """
        axes = self.axes[version % len(self.axes)]
        with np.errstate(all="ignore"):
            xy = axes.transData.transform(np.column_stack([np.ravel(x), np.ravel(y)]).astype(float))
        xy[:, 1] = SIZE[1] - xy[:, 1]
        sound = np.isfinite(xy).all(axis=1)
        xy = xy if sound.all() else xy[: np.argmin(sound)]
        out = np.abs(xy).max(axis=1, initial=0) > FAR
        if out.any():
            k = int(np.argmax(out))
            here = xy[max(k - 1, 0)].clip(-FAR, FAR)
            leap = xy[k] - here
            room = (FAR - np.sign(leap) * here) / np.maximum(np.abs(leap), 1e-9)
            xy = np.vstack([xy[:k], here + leap * min(room.min(), 1.0)])
        return np.round(xy * PER_PIXEL).astype("<i2")

    def artists(self, axes, points, text):
        """Return what matplotlib draws for this layer in the stored picture."""
        x, y = points[:, 0] / PER_PIXEL, SIZE[1] - points[:, 1] / PER_PIXEL
        place = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
        common = {"color": COLOURS[self.colour], "transform": place, "clip_path": axes.patch}
        if self.anchor:
            side = {"start": "left", "middle": "center", "end": "right"}[self.anchor]
            return (
                [axes.text(x[-1], y[-1], text, ha=side, fontsize=12, weight="bold", **common)]
                if len(x)
                else []
            )
        dash = (0, [float(part) / self.line for part in self.dash.split()]) if self.dash else "-"
        parts = [Line2D(x, y, lw=self.line, ls=dash, **common)] if self.line else []
        parts += (
            [Line2D(x, y, ls="", marker="o", ms=2 * self.dots, mew=0, **common)]
            if self.dots
            else []
        )
        parts += (
            [Line2D(x[-1:], y[-1:], marker="o", ms=2 * self.head, mec="white", **common)]
            if self.head
            else []
        )
        return [axes.add_line(part) for part in parts]


class Panel:
    """One picture: ``axes`` to draw on what stays still, and the layers that move over it.

    versions: how many pictures there are, one for each position of the second slider;
    ``panel.axes[version]``. ``panel.ax`` is the first. Set the limits and the scale before the lab
    is made: the layers' pixels depend on them.
    """

    def __init__(self, title, xlabel, ylabel, *, alt, versions=1):
        self.alt, self.axes, self.layers = alt, [], []
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
    def ax(self):
        return self.axes[0]

    def path(self, colour, **look):
        """Add a layer of lines and dots (see Layer) and return it: the key under which a Frame
        draws it.
        """
        self.layers.append(Layer(self.axes, colour, **look))
        return self.layers[-1]

    def text(self, colour, anchor="middle", group=""):
        """Add a short text that moves and return its layer."""
        return self.path(colour, anchor=anchor, group=group)

    def spec(self):
        (width, height), (left, top, right, bottom) = SIZE, MARGINS
        pictures = []
        for axes in self.axes:
            buffer = io.StringIO()
            axes.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
            picture = buffer.getvalue()
            pictures.append(picture[picture.index("<svg") :])
        # Three pixels more than the axes, so that a dot on the frame is drawn whole.
        frame = [left - 3, top - 3, width - left - right + 6, height - top - bottom + 6]
        layers = [layer.spec() for layer in self.layers]
        return {
            "size": SIZE,
            "frame": frame,
            "pictures": pictures,
            "layers": layers,
            "alt": self.alt,
        }

    def raster(self, shown):
        """Return the picture with its layers drawn, for the stored PNG: a list of arrays (h, w, 3).

        shown: list of (version, [(points, text) of each layer]).
        """
        still, pictures = {}, []
        for version, drawn in shown:
            axes = self.axes[version % len(self.axes)]
            figure, canvas = axes.figure, axes.figure.canvas
            if axes not in still:
                figure.set(dpi=72 * SHARPNESS, facecolor="white")
                canvas.draw()
                still[axes] = canvas.copy_from_bbox(figure.bbox)
            canvas.restore_region(still[axes])
            for layer, (points, text) in zip(self.layers, drawn):
                for artist in layer.artists(axes, points, text):
                    axes.draw_artist(artist)
                    artist.remove()
            pictures.append(np.array(canvas.buffer_rgba())[..., :3])
        for axes in still:
            axes.figure.set(dpi=72, facecolor="none")
        return pictures


@dataclass
class Frame:
    """What the lab shows at one position.

    name: the regime in a word or two, spoken with the slider's value. facts: a short text for each
    of the lab's ``facts``. draw: {layer: (x, y)}, arrays in the axes' units; for a text layer
    {layer: (x, y, text)}. trouble: what went wrong, and where. notes: {group: a short text beside
    its check box}. varies: {layer: reason} for what rounding decides, so that no two machines need
    draw the same; {None: reason} for all of the frame.
    """

    name: str = ""
    facts: Sequence = ()
    draw: dict = field(default_factory=dict)
    trouble: str = ""
    notes: dict = field(default_factory=dict)
    varies: dict = field(default_factory=dict)


def points_of(state):
    """Return all coordinates of a lab's state, in tenths of a pixel, as its frames count them."""
    return np.frombuffer(base64.b64decode(state["points"]), "<i2")


def headline(text, width):
    figure = Figure(figsize=(width / 72 / SHARPNESS, 0.42), dpi=72 * SHARPNESS, facecolor="white")
    figure.text(8 / width, 0.2, text, fontsize=15)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
