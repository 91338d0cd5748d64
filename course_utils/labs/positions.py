"""The positions of a lab's sliders: how they are numbered, and what each of them means."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.labs.drawing import Scale, Slider, Value


class Positions:
    """All positions of one slider or of several.

    A position is a list of places, one on each slider, counted from 0 at the left. Positions are
    numbered: the places of the last slider follow each other, then those of the one before it.
    """

    def __init__(self, sliders: Sequence[Slider]):
        self.sliders = list(sliders)
        self.counts = [len(slider.scales[0].values) for slider in self.sliders]

    def __len__(self) -> int:
        return math.prod(self.counts)

    def number(self, places: Sequence[int]) -> int:
        """Return the number of a position. Raises ValueError for a place that no slider has."""
        return int(np.ravel_multi_index(tuple(places), self.counts))

    def places(self, number: int) -> list[int]:
        """Return the position of a number. Raises ValueError for a number that none has."""
        return [int(place) for place in np.unravel_index(number, self.counts)]

    def version(self, number: int) -> int:
        """Return which of a panel's pictures, and of the first slider's scales, belongs to a
        number: the place on the second slider.
        """
        return self.places(number)[1] if len(self.sliders) > 1 else 0

    def scales(self, number: int) -> list[Scale]:
        """Return the scale that each slider has at a number."""
        return [slider.scale(self.version(number)) for slider in self.sliders]

    def values(self, number: int) -> list[Value]:
        """Return the value of each slider at a number."""
        return [
            scale.values[place] for scale, place in zip(self.scales(number), self.places(number))
        ]

    def words(self, number: int) -> list[str]:
        """Return what each slider says at a number, such as "learning rate 0.95"."""
        return [
            f"{slider.name} {scale.labels[place]}"
            for slider, scale, place in zip(self.sliders, self.scales(number), self.places(number))
        ]

    def nearest(self, values: Sequence[Any]) -> int:
        """Return the number of the position nearest to ``values``, one for each slider; None is a
        slider's first place.

        Raises ValueError for a value that lies on no such scale.
        """
        places = [0] * len(self.sliders)
        # The last first: the first slider's scale depends on the place of the second.
        for n in reversed(range(len(self.sliders))):
            if values[n] is not None:
                places[n] = self.scales(self.number(places))[n].nearest(values[n])
        return self.number(places)
