"""The lab widget: sliders that answer within one frame.

For every position of the sliders the kernel calls ``frame(...)`` up front, and hands the browser
lines, dots and short texts in the picture's own pixels. front/lab.js shows the frame of the current
position; neither file knows anything of gradient descent. Each lab of the course is a file
``*_lab.py`` beside this one.
"""

import base64
import time

import anywidget
import matplotlib as mpl
import numpy as np
import traitlets
from IPython import get_ipython
from IPython.display import display
from PIL import Image

from course_utils.figures import quantised
from course_utils.labs import page
from course_utils.labs.drawing import COLOURS, DARK, SIZE, STYLE, Frame, headline
from course_utils.recording.records import pictures_wanted, record


class _Value(traitlets.TraitType):
    """A slider's value, read and set from Python; what is set snaps to the slider's nearest
    position.
    """

    def __init__(self, number):
        super().__init__()
        self.number = number

    def validate(self, lab, value):
        return lab.scale(self.number).values[lab.scale(self.number).nearest(value)]


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

    _esm = page.FRONT / "lab.js"
    _css = page.FRONT / "lab.css"
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
                        headline(f"{self._at(at)[1]}: {self._drawn[at][0].name}", row.shape[1]),
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
        page.save_html(self.state(), path)
