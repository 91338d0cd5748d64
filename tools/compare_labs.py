"""Labs beside each other: all positions of their sliders, of twins, and of a run with what is
stored.

The functions return sentences, none where all agrees.
"""

import gzip
import json
import re

import numpy as np

from course_utils.labs.drawing import points_of

#: Labs draw in tenths of a pixel, whole numbers: rounding may move one by one.
LAB_UNIT = 1
_NUMBER = re.compile(r"(?<![\w.])[-−+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def stored_labs(notebook):
    """Return the lab states that lie beside the notebook at this path."""
    path = labs_path(notebook)
    return json.loads(gzip.decompress(path.read_bytes())) if path.exists() else []


def labs_path(notebook):
    return notebook.with_suffix(".labs.json.gz")


def compare_labs(fresh, stored):
    """Compare the labs of a run with those of another one, or with the stored ones."""
    names = [[lab["spec"]["name"] for lab in side] for side in (fresh, stored)]
    if names[0] != names[1]:
        return [f"the labs are {names[0]}, expected {names[1]}"]
    return [
        f"the lab {name!r}: {problem}"
        for name, a, b in zip(names[0], fresh, stored)
        for problem in _compare_states(a, b)
    ]


def _compare_states(a, b):
    problems = [
        f"{key} is {a[key]}, expected {b[key]}"
        for key in ("position", "step", "shown")
        if a[key] != b[key]
    ]
    problems += _compare_trees("its spec", a["spec"], b["spec"])[:3]
    if len(a["frames"]) != len(b["frames"]):
        return [*problems, f"{len(a['frames'])} positions, expected {len(b['frames'])}"]
    points, boxes = (points_of(a), points_of(b)), _boxes(a["spec"])
    for number, frames in enumerate(zip(a["frames"], b["frames"])):
        problems += [
            f"position {number}: {problem}" for problem in _compare_frames(frames, points, boxes)
        ]
        if len(problems) > 3:  # they would go on
            break
    return problems


def _boxes(spec):
    """Return for each layer what is to be seen of its panel, as ((left, top), (right, bottom)) in
    tenths of a pixel.
    """
    boxes = []
    for panel in spec["panels"]:
        left, top, width, height = (10 * side for side in panel["frame"])
        boxes += [((left, top), (left + width, top + height))] * len(panel["layers"])
    return boxes


def _compare_frames(frames, points, boxes):
    """Compare two frames of a lab: their words, and the points of each layer as far as they are to
    be seen.
    """
    varies = [frame.get("varies", {}) for frame in frames]
    if varies[0] != varies[1]:
        return [f"varies is {varies[0]}, expected {varies[1]}"]
    if "all" in varies[0]:
        return []
    unsure, words = set(map(int, varies[0])), [{**frame} for frame in frames]
    for side in words:
        # Where the points lie, and what the layers say, is looked at below.
        for key in ("at", "counts", "labels", "varies"):
            side.pop(key, None)
    problems = _compare_trees("it", *words)
    starts = [frame["at"] for frame in frames]
    for layer, (counts, box) in enumerate(zip(zip(*(frame["counts"] for frame in frames)), boxes)):
        drawn = [
            side[at : at + 2 * count].reshape(-1, 2).astype(int)
            for side, at, count in zip(points, starts, counts)
        ]
        starts = [at + 2 * count for at, count in zip(starts, counts)]
        if layer in unsure:
            continue
        texts = [frame["labels"].get(str(layer)) for frame in frames]
        if counts[0] != counts[1] or texts[0] != texts[1]:
            problems.append(
                f"layer {layer} has {counts[0]} points {texts[0] or ''}, expected {counts[1]}"
                f" {texts[1] or ''}"
            )
            continue
        apart = np.abs(np.subtract(*(np.clip(side, *box) for side in drawn))).max(initial=0)
        if apart > LAB_UNIT:
            problems.append(f"layer {layer} lies up to {apart / 10:.1f} pixels apart")
    return problems


def _compare_trees(place, a, b):
    """Compare what JSON holds; a panel's still picture is an SVG in a text."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [
            problem for key in a for problem in _compare_trees(f"{place}, {key}", a[key], b[key])
        ]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            problem
            for n, pair in enumerate(zip(a, b))
            for problem in _compare_trees(f"{place}, {n}", *pair)
        ]
    if a == b or (
        isinstance(a, float | int)
        and isinstance(b, float | int)
        and abs(a - b) <= 1e-6 * max(abs(b), 1)
    ):
        return []
    if isinstance(a, str) and isinstance(b, str) and "<svg" in a and "<svg" in b:
        return [f"{place} {problem}" for problem in _compare_pictures(a, b)]
    return [f"{place} is {str(a)[:60]!r}, expected {str(b)[:60]!r}"]


_PATH = re.compile(r'(?<= d=")[^"]*')
SEEN = 0.01  # pixels
# Matplotlib leaves out points of a line that lie within a ninth of a pixel of it, of a closed one
# none.
SIMPLIFIED = 1 / 9 + SEEN


def _compare_pictures(a, b):
    """Compare two SVG: the same elements and words at the same places, and lines that nobody could
    tell from each other.

    A contour may have more points in one: where it crosses a corner of its grid, rounding decides,
    and also whether it is closed.
    """
    lines = [_PATH.findall(picture) for picture in (a, b)]
    rest = [_PATH.sub("", picture) for picture in (a, b)]
    if len(lines[0]) != len(lines[1]) or _NUMBER.sub("#", rest[0]) != _NUMBER.sub("#", rest[1]):
        return ["draws other things"]
    values = [
        np.array([float(number.replace("−", "-")) for number in _NUMBER.findall(picture)])
        for picture in rest
    ]
    if np.abs(values[0] - values[1]).max(initial=0) > SEEN:
        return [f"places something {np.abs(values[0] - values[1]).max():.2f} pixels elsewhere"]
    for one, other in zip(*lines):
        points = [
            np.array([float(number) for number in _NUMBER.findall(line.replace(",", " "))])
            for line in (one, other)
        ]
        if one != other and max(_from_line(*points), _from_line(*points[::-1])) > SIMPLIFIED:
            return ["draws a line elsewhere"]
    return []


def _from_line(points, line):
    """Return how far the furthest of some points lies from a line through others, both flat: x, y,
    x, y, ...
    """
    points, line = (flat[: len(flat) // 2 * 2].reshape(-1, 2) for flat in (points, line))
    if len(line) < 2 or not len(points):
        return (
            0.0 if points.shape == line.shape and np.allclose(points, line, atol=SEEN) else np.inf
        )
    starts, along = line[:-1], np.diff(line, axis=0)
    reach = ((points[:, None] - starts) * along).sum(axis=2) / np.maximum(
        (along**2).sum(axis=1), 1e-12
    )
    nearest = starts + np.clip(reach, 0, 1)[..., None] * along
    return float(np.sqrt(((points[:, None] - nearest) ** 2).sum(axis=2)).min(axis=1).max())
