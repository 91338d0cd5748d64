"""What the proof compares: the two notebooks of a pair with each other, and a notebook with what is stored of it.

The functions return sentences, none where all agrees. Twins are compared by their checkpoints, and by what they say alike: a line of the
same words under the same heading, a name, a figure of the same description, a lab of the same name.
"""

import gzip
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from course_utils.figures import compare_figures, thinned
from course_utils.lab import points_of
from course_utils.notebooks import figures, printed
from course_utils.records import record_path
from course_utils.twins import compare_records

NUMBER = re.compile(r"(?<![\w.])[-−+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
SAID = re.compile(rf"{NUMBER.pattern}|[-−]?\b(?:nan|inf)\b|\b(?:True|False)\b")  # what a printed line claims
#: Labs draw in tenths of a pixel, whole numbers: rounding may move one by one.
LAB_UNIT = 1


# --- A pair, and a notebook with what is stored -----------------------------------------------------------------------------------


@dataclass
class Run:
    """One run of a notebook: its cells with the outputs that they gave, its name without ``.ipynb``, and the folder of its records."""

    cells: list
    stem: str
    folder: Path

    def record(self, kind):
        return read_lines(record_path(self.stem, kind, self.folder))


@dataclass
class Compared:
    """What the comparison of a pair showed: how much was compared, and sentences on what differs."""

    differences: dict  # {checkpoint: relative difference}
    names: int = 0
    figures: int = 0
    problems: list = field(default_factory=list)


def compare_pair(ours, theirs):
    """Compare a run of the NumPy notebook with one of its twin, both a Run, by all that both say. Returns a Compared."""
    paths = [record_path(run.stem, "checkpoints", run.folder) for run in (ours, theirs)]
    differences, problems = compare_records(*paths)
    held = [names_by_section(run.cells, run.record("names")) for run in (ours, theirs)]
    names, apart = compare_names(*held, said_to_differ(ours.cells))
    drawn = [figures_by_section(run.cells, run.record("figures")) for run in (ours, theirs)]
    shared, unlike = compare_twins_figures(*drawn)
    problems += compare_printed(ours.cells, theirs.cells) + apart + unlike
    problems += [f"{problem} (NumPy)" for problem in compare_labs(theirs.record("labs"), ours.record("labs"))]
    return Compared(differences, names, shared, problems)


def compare_with_stored(run, stored, labs):
    """Compare a run's figures and labs with the stored cells and with the labs that lie beside the notebook."""
    return _compare_with_stored_figures(stored, run.record("figures")) + compare_labs(run.record("labs"), labs)


def read_lines(path):
    """Return the entries of a record, one JSON object a line; none if it was not written."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# --- Printed numbers ------------------------------------------------------------------------------------------------------------


def printed_lines(cells):
    """Return ``{heading: {line without its numbers: [numbers of each such line]}}`` of what code cells printed."""
    found = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        if cell.kind == "code" and "NBVAL_IGNORE_OUTPUT" not in cell.source:
            for line in printed(cell.outputs).splitlines():
                numbers = SAID.findall(line)
                if numbers:
                    words = " ".join(SAID.sub("#", line).split()).replace("( #", "(#")
                    found[cell.section][words].append(numbers)
    return found


def _parts(lines):
    """Return ``{"MSE # kg²": [numbers]}``: each number of some lines, under the two words before it and the one after it."""
    found = defaultdict(list)
    for words, rows in lines.items():
        around = re.split(r"#", words)
        for place, (before, after) in enumerate(zip(around, around[1:])):
            part = " ".join([*before.split()[-2:], "#", *(word.strip(",.;:()") for word in after.split()[:1])])
            found[part] += [[numbers[place]] for numbers in rows if place < len(numbers)]
    return {part: sorted(rows, key=lambda row: _value(row[0])) for part, rows in found.items()}


def compare_printed(numpy_cells, torch_cells):
    """Compare the numbers, and True and False, in lines of the same words under the same heading.

    Of six digits or more the last may differ by one: rounding may decide it.

    Of lines that only one of the two prints, the numbers are compared that stand between the same words in both, in any order.
    """
    problems, theirs = [], printed_lines(torch_cells)
    for heading, ours in printed_lines(numpy_cells).items():
        others = theirs[heading]
        same = {words: (ours[words], others[words]) for words in ours if words in others}
        parts = [_parts({words: side[words] for words in side if words not in same}) for side in (ours, others)]
        same |= {words: (parts[0][words], parts[1][words]) for words in parts[0] if len(parts[0][words]) == len(parts[1].get(words, ()))}
        for words, (rows, their_rows) in same.items():
            if len(rows) != len(their_rows):
                problems.append(f"under {heading!r} NumPy prints {words!r} {len(rows)} times, PyTorch {len(their_rows)} times")
            for mine, other in zip(rows, their_rows):
                if len(mine) != len(other) or not all(map(_as_printed, mine, other)):
                    problems.append(f"under {heading!r}, {words!r}: NumPy prints {', '.join(mine)}, PyTorch {', '.join(other)}")
    return problems


def _as_printed(a, b):
    if a == b:
        return True
    if sum(sign.isdigit() for sign in a.partition("e")[0].lstrip("-−+0.")) < 6:
        return False
    return _last_digit(a) == _last_digit(b) and abs(_value(a) - _value(b)) <= 1.01 * _last_digit(a)


def _value(text):
    return float(text == "True") if text in ("True", "False") else float(text.replace(",", "").replace("−", "-"))


def _last_digit(text):
    """Return what one in the last digit of a printed number stands for."""
    digits, _, power = text.replace(",", "").lower().partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


# --- Names ----------------------------------------------------------------------------------------------------------------------


def names_by_section(cells, entries):
    """Return ``{heading: {name: numbers}}`` of what changed in each section, as it is at its end.

    entries: the notebook's record of names, which begins with the cell that makes the Twin.
    """
    code = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    first = next((n for n, cell in enumerate(code) if "Twin(" in cell.source), 0)
    found = {}
    for cell, entry in zip(code[first:], entries):
        found[cell.section] = found.get(cell.section, {}) | entry
    return found


def said_to_differ(cells):
    """Return ``{"heading: name": reason}`` from the metadata ("differ") of a NumPy notebook's cells."""
    return {f"{cell.section}: {name}": reason for cell in cells for name, reason in cell.metadata.get("differ", {}).items()}


def compare_names(ours, theirs, differ):
    """Compare what twins hold under the same name at the end of the same section, both as names_by_section gives it.

    differ: ``{"heading: name": reason}`` for names that mean different things in the two on purpose. Returns (how many were compared, sentences).
    """
    compared, problems, apart = 0, [], set()
    for heading in ours:
        for name in ours[heading].keys() & theirs.get(heading, {}).keys():
            compared += 1
            if problem := _compare_numbers(ours[heading][name], theirs[heading][name]):
                apart.add(f"{heading}: {name}")
                if f"{heading}: {name}" not in differ:
                    problems.append(f"at the end of {heading!r} {name} {problem}")
    problems += [f"{place} is said to differ in the two, and does not" for place in sorted(set(differ) - apart)]
    return compared, problems


def _compare_numbers(mine, other):
    if mine["shape"] != other["shape"]:
        return f"has shape {mine['shape']} in NumPy, {other['shape']} in PyTorch"
    a, b = (np.array(side["value"], dtype=float) for side in (mine, other))
    with np.errstate(all="ignore"):
        scale = np.nanmax(np.abs(np.where(np.isfinite(a), a, 0)), initial=0.01)
        good = (np.abs(a - b) <= 1e-9 * np.abs(a) + 1e-10 * scale) | (a == b) | (np.isnan(a) & np.isnan(b))
    if good.all():
        return ""
    place = int(np.argmin(good))
    return f"is {a[place]:.10g} in NumPy, {b[place]:.10g} in PyTorch" + (f", at number {place}" if len(a) > 1 else "")


# --- Figures --------------------------------------------------------------------------------------------------------------------


def figures_by_section(cells, fresh):
    """Return ``[(heading, record)]`` of a run: its cells with what they gave, and its record, hold the same figures in the same order."""
    sections = [cell.section for cell in cells for _ in figures(cell.outputs)]
    return list(zip(sections, fresh))


def _compare_with_stored_figures(cells, fresh):
    """Compare a run's figures with the copies in small that are stored in the notebook's cells."""
    stored = [numbers for cell in cells for _, numbers in figures(cell.outputs)]
    if len(stored) != len(fresh):
        return [f"{len(fresh)} figures were shown, {len(stored)} are stored"]
    problems = []
    for new, old in zip(fresh, stored):
        problems += [f"the figure {old['alt'][:60]!r}: {problem}" for problem in compare_figures(thinned(new), old)]
    return problems


def compare_twins_figures(ours, theirs):
    """Compare the figures of a pair, both as ``[(heading, record)]``. Returns (how many were compared, sentences)."""
    by_place = [{(heading, figure["alt"]): figure for heading, figure in side} for side in (ours, theirs)]
    problems, compared = [], 0
    for side, other, name in ((by_place[0], by_place[1], "NumPy"), (by_place[1], by_place[0], "PyTorch")):
        for (heading, alt), figure in side.items():
            if "alone" not in figure and (heading, alt) not in other:
                problems.append(f"under {heading!r} only {name} shows {alt[:60]!r}, and the call does not say why (alone=...)")
    for place, figure in by_place[0].items():
        if place in by_place[1] and "alone" not in figure and "alone" not in by_place[1][place]:
            compared += 1
            found = compare_figures(by_place[1][place], figure)
            problems += [f"under {place[0]!r} the figure {place[1][:60]!r}: {problem} (NumPy)" for problem in found]
    return compared, problems


# --- Labs -----------------------------------------------------------------------------------------------------------------------


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
    return [f"the lab {name!r}: {problem}" for name, a, b in zip(names[0], fresh, stored) for problem in _compare_states(a, b)]


def _compare_states(a, b):
    problems = [f"{key} is {a[key]}, expected {b[key]}" for key in ("position", "step", "shown") if a[key] != b[key]]
    problems += _compare_trees("its spec", a["spec"], b["spec"])[:3]
    if len(a["frames"]) != len(b["frames"]):
        return [*problems, f"{len(a['frames'])} positions, expected {len(b['frames'])}"]
    points, boxes = (points_of(a), points_of(b)), _boxes(a["spec"])
    for number, frames in enumerate(zip(a["frames"], b["frames"])):
        problems += [f"position {number}: {problem}" for problem in _compare_frames(frames, points, boxes)]
        if len(problems) > 3:  # they would go on
            break
    return problems


def _boxes(spec):
    """Return for each layer what is to be seen of its panel, as ((left, top), (right, bottom)) in tenths of a pixel."""
    boxes = []
    for panel in spec["panels"]:
        left, top, width, height = (10 * side for side in panel["frame"])
        boxes += [((left, top), (left + width, top + height))] * len(panel["layers"])
    return boxes


def _compare_frames(frames, points, boxes):
    """Compare two frames of a lab: their words, and the points of each layer as far as they are to be seen."""
    varies = [frame.get("varies", {}) for frame in frames]
    if varies[0] != varies[1]:
        return [f"varies is {varies[0]}, expected {varies[1]}"]
    if "all" in varies[0]:
        return []
    unsure, words = set(map(int, varies[0])), [{**frame} for frame in frames]
    for side in words:
        for key in ("at", "counts", "labels", "varies"):  # where the points lie, and what the layers say, is looked at below
            side.pop(key, None)
    problems = _compare_trees("it", *words)
    starts = [frame["at"] for frame in frames]
    for layer, (counts, box) in enumerate(zip(zip(*(frame["counts"] for frame in frames)), boxes)):
        drawn = [side[at : at + 2 * count].reshape(-1, 2).astype(int) for side, at, count in zip(points, starts, counts)]
        starts = [at + 2 * count for at, count in zip(starts, counts)]
        if layer in unsure:
            continue
        texts = [frame["labels"].get(str(layer)) for frame in frames]
        if counts[0] != counts[1] or texts[0] != texts[1]:
            problems.append(f"layer {layer} has {counts[0]} points {texts[0] or ''}, expected {counts[1]} {texts[1] or ''}")
            continue
        apart = np.abs(np.subtract(*(np.clip(side, *box) for side in drawn))).max(initial=0)
        if apart > LAB_UNIT:
            problems.append(f"layer {layer} lies up to {apart / 10:.1f} pixels apart")
    return problems


def _compare_trees(place, a, b):
    """Compare what JSON holds; a panel's still picture is an SVG in a text."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [problem for key in a for problem in _compare_trees(f"{place}, {key}", a[key], b[key])]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [problem for n, pair in enumerate(zip(a, b)) for problem in _compare_trees(f"{place}, {n}", *pair)]
    if a == b or (isinstance(a, float | int) and isinstance(b, float | int) and abs(a - b) <= 1e-6 * max(abs(b), 1)):
        return []
    if isinstance(a, str) and isinstance(b, str) and "<svg" in a and "<svg" in b:
        return [f"{place} {problem}" for problem in _compare_pictures(a, b)]
    return [f"{place} is {str(a)[:60]!r}, expected {str(b)[:60]!r}"]


_PATH = re.compile(r'(?<= d=")[^"]*')
SEEN = 0.01  # pixels
SIMPLIFIED = 1 / 9 + SEEN  # matplotlib leaves out points of a line that lie within a ninth of a pixel of it, of a closed one none


def _compare_pictures(a, b):
    """Compare two SVG: the same elements and words at the same places, and lines that nobody could tell from each other.

    A contour may have more points in one: where it crosses a corner of its grid, rounding decides, and also whether it is closed.
    """
    lines = [_PATH.findall(picture) for picture in (a, b)]
    rest = [_PATH.sub("", picture) for picture in (a, b)]
    if len(lines[0]) != len(lines[1]) or NUMBER.sub("#", rest[0]) != NUMBER.sub("#", rest[1]):
        return ["draws other things"]
    values = [np.array([_value(number) for number in NUMBER.findall(picture)]) for picture in rest]
    if np.abs(values[0] - values[1]).max(initial=0) > SEEN:
        return [f"places something {np.abs(values[0] - values[1]).max():.2f} pixels elsewhere"]
    for one, other in zip(*lines):
        points = [np.array([float(number) for number in NUMBER.findall(line.replace(",", " "))]) for line in (one, other)]
        if one != other and max(_from_line(*points), _from_line(*points[::-1])) > SIMPLIFIED:
            return ["draws a line elsewhere"]
    return []


def _from_line(points, line):
    """Return how far the furthest of some points lies from a line through others, both flat: x, y, x, y, ..."""
    points, line = (flat[: len(flat) // 2 * 2].reshape(-1, 2) for flat in (points, line))
    if len(line) < 2 or not len(points):
        return 0.0 if points.shape == line.shape and np.allclose(points, line, atol=SEEN) else np.inf
    starts, along = line[:-1], np.diff(line, axis=0)
    reach = ((points[:, None] - starts) * along).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1e-12)
    nearest = starts + np.clip(reach, 0, 1)[..., None] * along
    return float(np.sqrt(((points[:, None] - nearest) ** 2).sum(axis=2)).min(axis=1).max())
