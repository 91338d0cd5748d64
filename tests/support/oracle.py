"""What a lab should show, recomputed: its frame function is called anew, and turned into pixels by
plain interpolation.

Runs in the tests' process for exported labs, and in the notebook's kernel for those in JupyterLab.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from course_utils.labs import drawing
from course_utils.labs.drawing import Frame, Layer, Shape
from course_utils.labs.widget import Lab


@dataclass
class Expected:
    """What a lab should show, as plain lists that JSON can hold.

    counts: how many places each slider has. start: the number of the first position. places,
    words: for each position's number, where the sliders stand and what they say. frames:
    {number: all that is to be seen there} (see ``frame_at``) of some positions.
    """

    name: str
    steps: int
    groups: list[str]
    counts: list[int]
    start: int
    places: list[list[int]]
    words: list[list[str]]
    frames: dict[int, dict]

    @classmethod
    def from_json(cls, data: dict) -> "Expected":
        """Return what ``summary`` wrote: JSON's keys are texts."""
        frames = {int(number): frame for number, frame in data["frames"].items()}
        return cls(**data | {"frames": frames})


def expected(lab: Lab, chosen: Sequence[int]) -> Expected:
    """Return what a lab should show, with all that is drawn at the ``chosen`` numbers."""
    everywhere = range(len(lab.frames))
    return Expected(
        name=lab.spec["name"],
        steps=lab.spec["steps"],
        groups=[group["group"] for group in lab.spec["groups"]],
        counts=lab.positions.counts,
        start=lab.positions.nearest([slider.start for slider in lab.sliders]),
        places=[lab.positions.places(number) for number in everywhere],
        words=[words_at(lab, number, lab.frames[number]["name"]) for number in everywhere],
        frames={number: frame_at(lab, number) for number in chosen},
    )


def chosen(lab: Lab, seed: int, count: int) -> list[int]:
    """Return the numbers of the first and the last position, and of ``count`` random others."""
    last = len(lab.frames) - 1
    drawn = np.random.default_rng(seed).choice(last + 1, count)
    return sorted({0, last, *map(int, drawn)})


def summary(seed: int, count: int) -> str:
    """Return the ``Expected`` of all of the kernel's labs as JSON, with all that is drawn at some
    positions.
    """
    return json.dumps([asdict(expected(lab, chosen(lab, seed, count))) for lab in labs()])


def labs() -> list[Lab]:
    """Return the labs of this kernel in the order in which they were made."""
    from ipywidgets import widgets

    return [w for w in widgets.widget._instances.values() if isinstance(w, Lab)]


def words_at(lab: Lab, number: int, regime: str) -> list[str]:
    """Return what the sliders say at a position: the first one says the regime, too."""
    first, *others = lab.positions.words(number)
    return [f"{first}, {regime}" if regime else first, *others]


def frame_at(lab: Lab, number: int) -> dict:
    """Return what is to be seen and heard of a lab at a position, as plain lists."""
    frame = lab.frame(*lab.positions.values(number))
    version = lab.positions.version(number)
    return {
        "words": words_at(lab, number, frame.regime),
        "facts": list(frame.facts),
        "error": frame.error,
        "notes": frame.notes,
        "panels": [
            [layer_at(layer, frame, version) for layer in panel.layers] for panel in lab.panels
        ],
    }


def layer_at(layer: Layer, frame: Frame, version: int) -> dict:
    """Return what a layer shows of a frame; nodes: of how many the browser draws it."""
    shape = frame.draw.get(layer, Shape((), ()))
    return {
        "points": pixels(layer, version, shape.x, shape.y),
        "text": shape.text,
        "walk": layer.walk,
        "group": layer.group,
        "nodes": sum(map(bool, (layer.line, layer.dots, layer.head, layer.anchor))),
    }


def part_of(value: float, limits: tuple[float, float], scale: str) -> float:
    """Return which part of an axis lies below a value."""
    low, high = limits
    if scale == "log":
        low, high = np.log10(low), np.log10(high)
        value = np.log10(value) if value > 0 else -1000.0
    return float((value - low) / (high - low))


def pixels(layer: Layer, version: int, x: ArrayLike, y: ArrayLike) -> list[list[float]]:
    """Return ``[[x, y], ...]`` in the picture's pixels up to where the path leaves the numbers or
    the far surroundings.
    """
    axes = layer.axes[version % len(layer.axes)]
    (width, height), (left, top, right, bottom) = drawing.SIZE, drawing.MARGINS
    points = []
    for x_here, y_here in zip(np.ravel(x).astype(float), np.ravel(y).astype(float)):
        across = part_of(x_here, axes.get_xlim(), axes.get_xscale())
        up = part_of(y_here, axes.get_ylim(), axes.get_yscale())
        point = [
            left + across * (width - left - right),
            height - bottom - up * (height - top - bottom),
        ]
        if not np.isfinite(point).all() or np.abs(point).max() > drawing.FAR:
            break
        points.append(point)
    return points


def notebooks(root: Path) -> list[Path]:
    """Return the notebooks under ``root`` in which a code cell makes a lab."""
    found = []
    for path in sorted(root.glob("*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        if re.search(r"\b(\w+_lab|Lab)\(", code):
            found.append(path)
    return found
