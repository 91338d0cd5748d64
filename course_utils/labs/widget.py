"""The lab widget: sliders that answer within one frame.

For every position of the sliders the kernel calls ``frame(...)`` up front, and hands the browser
lines, dots and short texts in the picture's own pixels. front/lab.js shows the frame of the current
position; neither file knows anything of gradient descent. Each lab of the course is a file
``*_lab.py`` beside this one.
"""

import base64
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import matplotlib as mpl
import traitlets
from IPython import get_ipython
from IPython.display import display

from course_utils.labs import page
from course_utils.labs.drawing import COLOURS, DARK, SIZE, STYLE, Frame, Panel, Scale, Slider, Value
from course_utils.labs.frames import Frames
from course_utils.labs.picture import stored_png
from course_utils.labs.positions import Positions
from course_utils.recording.records import pictures_wanted, record

PATIENCE = 0.5  # seconds after which a lab shows what is ready, and then shows more


class SliderValue(traitlets.TraitType):
    """The value of the slider of this number, read and set from Python; what is set snaps to the
    slider's nearest place.
    """

    def __init__(self, number: int):
        super().__init__()
        self.number = number

    def validate(self, lab, value):
        scale = lab.scale(self.number)
        return scale.values[scale.nearest(value)]


def _front_spec(sliders: Sequence[Slider], panels: Sequence[Panel]) -> dict[str, Any]:
    """Return what the browser makes the sliders, the panels and the check boxes from; a box has the
    look of its group's first layer.
    """
    groups: dict[str, dict] = {}
    for panel in panels:
        for layer in panel.layers:
            if layer.group:
                groups.setdefault(layer.group, layer.spec())
    with mpl.rc_context(STYLE):
        return {
            "sliders": [slider.spec() for slider in sliders],
            "panels": [panel.spec() for panel in panels],
            "groups": list(groups.values()),
            "dark": {COLOURS[colour]: shade for colour, shade in DARK.items()},
        }


class Lab(anywidget.AnyWidget):
    """A lab: one slider or several, panels side by side, and a frame for every position of the
    sliders.

    name: what the lab is called. sliders: list of Slider. panels: list of Panel. frame:
    function of the sliders' values that returns a Frame. facts: what the numbers are called that
    each Frame gives. steps: how many steps the paths have (0: nothing to play). stored: the
    positions, one value for each slider, that the stored PNG shows. alt: what that PNG shows.
    marks: whether the first slider's marks and bands, the regime's name and the panels ``answers``
    are seen from the start; if not, a button shows them.
    shown: the groups of layers whose boxes are ticked at first; all of them unless told.

    The lab computes all positions and shows itself. While that takes longer than half a second, it
    appears with what is ready and a progress bar; interrupting the kernel keeps what is ready.
    ``lab.<key>`` reads and sets a slider's value, ``lab.step`` the step to which paths are drawn,
    ``lab.shown`` the groups of layers whose check boxes are ticked; ``lab.regime`` and
    ``lab.notes`` tell the current frame's regime and notes. Raises ValueError for a value that is
    on no slider, and for a group that does not exist.
    """

    _esm = page.FRONT / "lab.js"
    _css = page.FRONT / "lab.css"
    spec = traitlets.Dict().tag(sync=True)
    position = traitlets.List(traitlets.Int()).tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)
    frames = traitlets.List().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        name: str,
        sliders: Sequence[Slider],
        panels: Sequence[Panel],
        frame: Callable[..., Frame],
        *,
        facts: Sequence[str] = (),
        steps: int = 0,
        stored: Sequence[Sequence[Value]],
        alt: str,
        marks: bool = True,
        answers: Sequence[Panel] = (),
        shown: Sequence[str] | None = None,
    ):
        self.sliders, self.panels, self.frame, self.alt = sliders, panels, frame, alt
        self.positions = Positions(sliders)
        self.computed = Frames(frame, self.positions, panels)
        self.stored = [self.positions.nearest(values) for values in stored]
        self._png: tuple[list[str], bytes] | None = None  # what was shown, and the picture
        start = self.positions.places(self.positions.nearest([s.start for s in sliders]))
        spec: dict[str, Any] = {"name": name, "facts": facts, "steps": steps, "start": start}
        spec |= _front_spec(sliders, panels)
        if not marks:
            spec["asks"] = [n for n, panel in enumerate(panels) if panel in answers]
        if shown is not None:
            spec["shown"] = list(shown)  # what a reset goes back to
        super().__init__(
            spec=spec,
            position=start,
            step=steps,
            shown=[group["group"] for group in spec["groups"]] if shown is None else list(shown),
            frames=[None] * len(self.positions),
        )
        self.add_traits(**{slider.key: SliderValue(n) for n, slider in enumerate(sliders)})
        self.read_values()
        self.observe(self.read_values, "position")
        self.observe(self._move, [slider.key for slider in sliders])
        self._compute_all()

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

    # --- The current position ---

    @property
    def number(self) -> int:
        """The number of the current position."""
        return self.positions.number(self.position)

    @property
    def regime(self) -> str:
        """What the current frame is called: "" while it is not ready, or has no name."""
        drawn = self.computed.drawn[self.number]
        return drawn.frame.regime if drawn else ""

    @property
    def notes(self) -> dict[str, str]:
        """What the current frame says of each group: {group: text}."""
        drawn = self.computed.drawn[self.number]
        return dict(drawn.frame.notes) if drawn else {}

    def scale(self, n: int) -> Scale:
        """Return the Scale that slider ``n`` has now: the first one's may depend on the second
        slider.
        """
        return self.positions.scales(self.number)[n]

    def read_values(self, change=None):
        """Set the sliders' values to those of the current position."""
        for n, slider in enumerate(self.sliders):
            setattr(self, slider.key, self.scale(n).values[self.position[n]])

    def _move(self, change):
        """Move a slider to the value that was set."""
        moved = [slider.key for slider in self.sliders].index(change.name)
        place = self.scale(moved).nearest(change.new)
        self.position = [place if n == moved else old for n, old in enumerate(self.position)]

    # --- All positions ---

    def _compute_all(self):
        """Compute every position, the stored ones first, and show the lab."""
        handle, handed_over = None, time.monotonic()
        try:
            for number in self.computed.order(self.stored):
                self.computed.compute(number)
                if time.monotonic() - handed_over > PATIENCE:
                    self.hand_over()
                    handle = handle or self._display()
                    handed_over = time.monotonic()
        except KeyboardInterrupt:
            pass  # the learner has waited long enough: what is ready stays
        self.hand_over()
        record("labs", self.state())
        if not handle:
            self._display()
        elif self._png is None:
            handle.update(self)  # the stored output gets its PNG

    def _display(self):
        return display(self, display_id=True) if get_ipython() else None

    def hand_over(self) -> None:
        """Give the browser all frames that are ready."""
        frames, points = self.computed.packed()
        with self.hold_sync():
            self.points = points
            self.frames = frames

    # --- What is stored ---

    def png(self) -> bytes | None:
        """Return the PNG of the stored positions, one below the other, or None while they are not
        ready.
        """
        if self._png is None or self._png[0] != self.shown:
            words = [", ".join(self.positions.words(number)) for number in self.stored]
            drawn = [frame for number in self.stored if (frame := self.computed.drawn[number])]
            if len(drawn) == len(self.stored):
                boxes = [group["group"] for group in self.spec["groups"]]
                hidden = set(boxes) - set(self.shown)
                picture = stored_png(self.panels, list(zip(words, drawn)), hidden)
                self._png = list(self.shown), picture
        return self._png and self._png[1]

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = f"Lab: {self.alt}"
        if pictures_wanted() and (png := self.png()):
            data["image/png"] = base64.b64encode(png).decode()
            size = {"alt": self.alt, "width": SIZE[0] * len(self.panels)}
            metadata = metadata | {"image/png": size}
        return data, metadata

    def state(self) -> dict:
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

    def save_html(self, path: str | os.PathLike) -> None:
        """Write the lab as one HTML file that needs no kernel and no network."""
        page.save_html(self.state(), path)
