"""The lab widget: sliders that answer within one frame.

matplotlib draws once what stays still, the browser draws what moves. For every position of the
sliders the kernel calls ``frame(...)`` up front, and hands the browser lines, dots and short texts
in the picture's own pixels. lab.js shows the frame of the current position; neither file knows
anything of gradient descent. The course's labs stand in labs.py and labs_round3.py.
"""

import base64
import html
import io
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import anywidget
import matplotlib as mpl
import numpy as np
import traitlets
from IPython import get_ipython
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D
from PIL import Image

from course_utils.figures import quantised
from course_utils.records import pictures_wanted, record
from course_utils.style import PALETTE

HERE = Path(__file__).parent
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
    labels: list = None
    marks: dict = None
    bands: list = ()

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
    scales: list
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
    facts: list = ()
    draw: dict = field(default_factory=dict)
    trouble: str = ""
    notes: dict = field(default_factory=dict)
    varies: dict = field(default_factory=dict)


def points_of(state):
    """Return all coordinates of a lab's state, in tenths of a pixel, as its frames count them."""
    return np.frombuffer(base64.b64decode(state["points"]), "<i2")


class _Value(traitlets.TraitType):
    """A slider's value, read and set from Python; what is set snaps to the slider's nearest
    position.
    """

    def __init__(self, number):
        super().__init__()
        self.number = number

    def validate(self, lab, value):
        return lab.scale(self.number).values[lab.scale(self.number).nearest(value)]


def _headline(text, width):
    figure = Figure(figsize=(width / 72 / SHARPNESS, 0.42), dpi=72 * SHARPNESS, facecolor="white")
    figure.text(8 / width, 0.2, text, fontsize=15)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


class Lab(anywidget.AnyWidget):
    """A lab: one or two sliders, panels side by side, and a frame for every position of the
    sliders.

    name: what the lab is called. sliders: one Slider, or two. panels: list of Panel. frame:
    function of the sliders' values that returns a Frame. facts: what the numbers are called that
    each Frame gives. steps: how many steps the paths have (0: nothing to play). stored: the
    positions, one value for each slider, that the stored PNG shows. alt: what that PNG shows.

    The lab computes all positions and shows itself. While that takes longer than half a second, it
    appears with what is ready and a progress bar; interrupting the kernel keeps what is ready.
    ``lab.<key>`` reads and sets a slider's value, ``lab.step`` the step to which paths are drawn,
    ``lab.shown`` the groups of layers whose check boxes are ticked; ``lab.regime`` and
    ``lab.notes`` tell the current frame's name and notes.
    """

    _esm = HERE / "lab.js"
    _css = HERE / "lab.css"
    spec = traitlets.Dict().tag(sync=True)
    position = traitlets.List(traitlets.Int()).tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)
    frames = traitlets.List().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)

    def __init__(self, name, sliders, panels, frame, *, facts=(), steps=0, stored, alt):
        self.sliders, self.panels, self.frame, self.alt = sliders, panels, frame, alt
        self._columns = len(sliders[1].scales[0].values) if len(sliders) > 1 else 1
        count = len(sliders[0].scales[0].values) * self._columns
        start = self._position(self._find([slider.start for slider in sliders]))
        grouped = [layer for panel in panels for layer in panel.layers if layer.group]
        # The first of a name stays.
        groups = {layer.group: layer.spec() for layer in reversed(grouped)}
        with mpl.rc_context(STYLE):
            spec = {
                "name": name,
                "facts": facts,
                "steps": steps,
                "start": start,
                "sliders": [
                    {"name": slider.name, "scales": [scale.spec() for scale in slider.scales]}
                    for slider in sliders
                ],
                "panels": [panel.spec() for panel in panels],
                "groups": list(groups.values())[::-1],
                "dark": {COLOURS[colour]: shade for colour, shade in DARK.items()},
            }
        super().__init__(
            spec=spec, position=start, step=steps, shown=list(groups), frames=[None] * count
        )
        self._stored, self._drawn, self._png = (
            [self._find(values) for values in stored],
            [None] * count,
            None,
        )
        self.add_traits(**{slider.key: _Value(number) for number, slider in enumerate(sliders)})
        self._read_values()
        self.observe(self._read_values, "position")
        self.observe(self._move, [slider.key for slider in sliders])
        self._compute()

    def __repr__(self):
        return f"<Lab: {self.spec['name']}>"

    @traitlets.validate("shown")
    def _known(self, proposal):
        names = [group["group"] for group in self.spec["groups"]]
        if not set(proposal.value) <= set(names):
            raise ValueError(
                f"{proposal.value} cannot be shown: this lab has"
                f" {', '.join(names) or 'nothing to choose'}"
            )
        return [name for name in names if name in proposal.value]

    @property
    def regime(self):
        drawn = self._drawn[self.number]
        return drawn[0].name if drawn else ""

    @property
    def notes(self):
        """What the current frame says of each group: {group: text}."""
        drawn = self._drawn[self.number]
        return dict(drawn[0].notes) if drawn else {}

    @property
    def number(self):
        """The number of the current position: the second slider's positions follow each other, then
        the first one's.
        """
        return self.position[0] * self._columns + (self.position[1] if len(self.sliders) > 1 else 0)

    def scale(self, n):
        """Return the Scale that slider ``n`` has now: the first one's may depend on the second
        slider.
        """
        return self.sliders[n].scale(self.number % self._columns)

    def _position(self, number):
        return list(divmod(number, self._columns))[: len(self.sliders)]

    def _at(self, number):
        """Return ([value of each slider], "learning rate 0.95, features raw") at a position
        number.
        """
        places = [
            (s.scale(number % self._columns), at)
            for s, at in zip(self.sliders, self._position(number))
        ]
        words = ", ".join(
            f"{slider.name} {scale.labels[at]}" for slider, (scale, at) in zip(self.sliders, places)
        )
        return [scale.values[at] for scale, at in places], words

    def _find(self, values):
        """Return the number of the position nearest to ``values``, one for each slider; None is the
        first position.
        """
        number = 0
        # The second first: the first's scale depends on it.
        for slider, value in reversed(list(zip(self.sliders, values))):
            place = 0 if value is None else slider.scale(number).nearest(value)
            number += place * (self._columns if slider is self.sliders[0] else 1)
        return number

    def _read_values(self, change=None):
        for n, slider in enumerate(self.sliders):
            setattr(self, slider.key, self.scale(n).values[self.position[n]])

    def _move(self, change):
        moved = [slider.key for slider in self.sliders].index(change.name)
        place = self.scale(moved).nearest(change.new)
        self.position = [place if n == moved else old for n, old in enumerate(self.position)]

    def _compute(self):
        """Compute every position, the stored ones first, then ever finer between those that are
        ready.
        """
        rest = set(range(len(self._drawn))) - set(self._stored)
        order = self._stored + sorted(rest, key=lambda at: f"{at:016b}"[::-1])
        handle, handed = None, time.monotonic()
        try:
            for at in order:
                self._drawn[at] = self._draw(at)
                if time.monotonic() - handed > 0.5:
                    self._hand_over()
                    handle = handle or self._display()
                    handed = time.monotonic()
        except KeyboardInterrupt:
            pass  # the learner has waited long enough: what is ready stays
        self._hand_over()
        record("labs", self.state())
        if handle and self._png is None:
            handle.update(self)  # the stored output gets its PNG
        elif not handle:
            self._display()

    def _display(self):
        return display(self, display_id=True) if get_ipython() else None

    def _draw(self, at):
        """Return (frame, [(points, text) of each layer]) at position number ``at``."""
        values, words = self._at(at)
        try:
            frame = self.frame(*values)
        except (
            Exception
        ) as error:  # the learner's function may raise anything; one position must not end the lab
            frame = Frame(trouble=f"{type(error).__name__} at {words}: {error}")
        drawn = []
        for layer in (layer for panel in self.panels for layer in panel.layers):
            x, y, text = (*frame.draw.get(layer, ((), ())), "")[:3]
            drawn.append((layer.pixels(at % self._columns, x, y), text))
        return frame, drawn

    def _hand_over(self):
        frames, points, begin = [], [], 0
        for ready in self._drawn:
            if ready is None:
                frames.append(None)
                continue
            frame, drawn = ready
            frames.append(
                {
                    "name": frame.name,
                    "facts": frame.facts,
                    "trouble": frame.trouble,
                    "notes": frame.notes,
                    "at": begin,
                    "counts": [len(xy) for xy, _ in drawn],
                    "labels": {str(n): text for n, (_, text) in enumerate(drawn) if text},
                }
            )
            if frame.varies:
                numbers = {
                    layer: str(n)
                    for n, layer in enumerate(
                        layer for panel in self.panels for layer in panel.layers
                    )
                }
                frames[-1]["varies"] = {
                    numbers.get(layer, "all"): reason for layer, reason in frame.varies.items()
                }
            points += [xy for xy, _ in drawn]
            begin += 2 * sum(frames[-1]["counts"])
        with self.hold_sync():
            self.points = np.concatenate([*points, np.empty((0, 2), "<i2")]).tobytes()
            self.frames = frames

    def png(self):
        """Return the PNG of the stored positions, one below the other, or None while they are not
        ready.
        """
        if self._png is None and all(self._drawn[at] for at in self._stored):
            columns, first = [], 0
            with mpl.rc_context(STYLE):
                for panel in self.panels:
                    last = first + len(panel.layers)
                    columns.append(
                        panel.raster(
                            [
                                (at % self._columns, self._drawn[at][1][first:last])
                                for at in self._stored
                            ]
                        )
                    )
                    first = last
                rows = []
                for at, pictures in zip(self._stored, zip(*columns)):
                    row = np.concatenate(pictures, axis=1)
                    rows += [
                        _headline(f"{self._at(at)[1]}: {self._drawn[at][0].name}", row.shape[1]),
                        row,
                    ]
            self._png = quantised(Image.fromarray(np.concatenate(rows)), colours=96)
        return self._png

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = f"Lab: {self.alt}"
        if pictures_wanted() and self.png():
            data["image/png"] = base64.b64encode(self.png()).decode()
            metadata = metadata | {
                "image/png": {"alt": self.alt, "width": SIZE[0] * len(self.panels)}
            }
        return data, metadata

    def state(self):
        """Return all that the front end needs to show the lab without a kernel, as a dict that JSON
        can hold.
        """
        return {
            "spec": self.spec,
            "position": self.position,
            "step": self.step,
            "shown": self.shown,
            "frames": self.frames,
            "points": base64.b64encode(self.points).decode(),
        }

    def save_html(self, path):
        """Write the lab as one HTML file that needs no kernel and no network."""
        parts = {
            "title": html.escape(self.spec["name"]),
            "css": HERE.joinpath("lab.css").read_text(encoding="utf-8"),
            "js": (
                HERE.joinpath("lab.js")
                .read_text(encoding="utf-8")
                .replace("export default", "const lab =")
            ),
            "state": json.dumps(self.state()).replace("</", "<\\/"),
        }
        page = HERE.joinpath("lab.html").read_text(encoding="utf-8")
        Path(path).write_text(
            re.sub("@([a-z]+)@", lambda part: parts[part[1]], page), encoding="utf-8"
        )
