"""The frames of a lab: computed for one position after the other, and packed for the browser."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.labs.drawing import NOTHING, Frame, Panel
from course_utils.labs.positions import Positions


@dataclass
class DrawnFrame:
    """A frame whose layers are in pixels.

    version: which of a panel's pictures lies below. points: of each layer of all panels, tenths of
    a pixel, (k, 2), 16 bits. texts: of each layer, "" for one that is no text.
    """

    frame: Frame
    version: int
    points: list[np.ndarray]
    texts: list[str]


class Frames:
    """The frames of all positions, None where one is not computed yet: ``frames.drawn[number]``.

    frame: function of the sliders' values that returns a Frame.
    """

    def __init__(self, frame: Callable[..., Frame], positions: Positions, panels: Sequence[Panel]):
        self.frame, self.positions = frame, positions
        self.layers = [layer for panel in panels for layer in panel.layers]
        self.drawn: list[DrawnFrame | None] = [None] * len(positions)

    def order(self, first: Sequence[int]) -> list[int]:
        """Return all numbers in the order in which to compute them: the ``first`` ones, then ever
        finer between those that are ready.
        """
        rest = set(range(len(self.drawn))) - set(first)
        # Read backwards, the bits of 0, 1, 2, ... halve the gaps.
        return [*first, *sorted(rest, key=lambda number: f"{number:016b}"[::-1])]

    def compute(self, number: int) -> DrawnFrame:
        """Compute the frame at a position's number, keep and return it.

        Where the function raises, the frame says so: one position must not end the lab.
        """
        try:
            frame = self.frame(*self.positions.values(number))
        except Exception as raised:  # the learner's function may raise anything
            words = ", ".join(self.positions.words(number))
            frame = Frame(error=f"{type(raised).__name__} at {words}: {raised}")
        version = self.positions.version(number)
        shapes = [frame.draw.get(layer, NOTHING) for layer in self.layers]
        drawn = DrawnFrame(
            frame,
            version,
            [layer.pixels(version, *shape[:2]) for layer, shape in zip(self.layers, shapes)],
            [shape.text for shape in shapes],
        )
        self.drawn[number] = drawn
        return drawn

    def packed(self) -> tuple[list[dict | None], bytes]:
        """Return what the browser shows at each position, and the points of all of them.

        The points are 16-bit numbers, x and y in turn; ``at`` says where those of a frame begin.
        Frames that draw the same share them.
        """
        packed: list[dict | None] = []
        begins: dict[bytes, int] = {}
        end = 0
        for drawn in self.drawn:
            if drawn is None:
                packed.append(None)
                continue
            points = b"".join(xy.tobytes() for xy in drawn.points)
            if points not in begins:
                begins[points] = end
                end += sum(xy.size for xy in drawn.points)
            packed.append(self._packed_frame(drawn, begins[points]))
        return packed, b"".join(begins)

    def _packed_frame(self, drawn: DrawnFrame, begin: int) -> dict:
        frame = drawn.frame
        packed = {
            "name": frame.regime,
            "facts": frame.facts,
            "trouble": frame.error,
            "notes": frame.notes,
            "at": begin,
            "counts": [len(xy) for xy in drawn.points],
            "labels": {str(n): text for n, text in enumerate(drawn.texts) if text},
        }
        if frame.varies:
            packed["varies"] = {
                "all" if layer is None else str(self.layers.index(layer)): reason
                for layer, reason in frame.varies.items()
            }
        return packed
