"""What the proof compares: the two notebooks of a pair with each other, and a notebook with what is
stored of it.

The functions return sentences, none where all agrees. Twins are compared by their checkpoints, and
by what they say alike: a line of the same words under the same heading, a name, a figure of the
same description, a lab of the same name.
"""

import ast
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from compare_figures import compare_twins_figures, compare_with_stored_figures, figures_by_section
from compare_labs import compare_labs

from course_utils.checkpoints import LOOSEST_RTOL, RTOL, difference
from course_utils.notebooks import checkpoints, printed
from course_utils.recording.records import record_path

NUMBER = re.compile(r"(?<![\w.])[-−+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
#: What a printed line claims.
SAID = re.compile(rf"{NUMBER.pattern}|[-−]?\b(?:nan|inf)\b|\b(?:True|False)\b")


# --- A pair, and a notebook with what is stored ---------------------------------------------------


@dataclass
class Run:
    """One run of a notebook: its cells with the outputs that they gave, its name without
    ``.ipynb``, the folder of its records, and as they are stored, with their outputs, the cells
    that were left out because they need more than is installed here.
    """

    cells: list
    stem: str
    folder: Path
    absent: list = field(default_factory=list)

    def record(self, kind):
        return read_lines(record_path(self.stem, kind, self.folder))


@dataclass
class Compared:
    """What the comparison of a pair showed: how much was compared, and sentences on what
    differs.
    """

    differences: dict  # {checkpoint: relative difference}
    names: int = 0
    figures: int = 0
    problems: list = field(default_factory=list)


def compare_pair(ours, theirs):
    """Compare a run of the NumPy notebook with one of its twin, both a Run, by all that both say.

    Returns a Compared.
    """
    paths = [record_path(run.stem, "checkpoints", run.folder) for run in (ours, theirs)]
    absent = ours.absent + theirs.absent
    differences, problems = compare_records(
        *paths, without={entry["name"] for cell in absent for entry in checkpoints(cell.outputs)}
    )
    held = [names_by_section(run.cells, run.record("names")) for run in (ours, theirs)]
    differ = said_to_differ(ours.cells)
    for cell in absent:
        for name in assigned(cell.source):
            differ.pop(f"{cell.section}: {name}", None)
            for side in held:
                side.get(cell.section, {}).pop(name, None)
    names, apart = compare_names(*held, differ)
    drawn = [figures_by_section(run.cells, run.record("figures")) for run in (ours, theirs)]
    shared, unlike = compare_twins_figures(*drawn)
    problems += compare_printed(ours.cells, theirs.cells) + apart + unlike
    problems += [
        f"{problem} (NumPy)" for problem in compare_labs(theirs.record("labs"), ours.record("labs"))
    ]
    return Compared(differences, names, shared, problems)


def compare_with_stored(run, stored, labs):
    """Compare a run's figures and labs with the stored cells and with the labs that lie beside the
    notebook.
    """
    return compare_with_stored_figures(stored, run.record("figures")) + compare_labs(
        run.record("labs"), labs
    )


def read_lines(path):
    """Return the entries of a record, one JSON object a line; none if it was not written."""
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if path.exists()
        else []
    )


# --- Printed numbers ------------------------------------------------------------------------------


def printed_lines(cells):
    """Return ``{heading: {line without its numbers: [numbers of each such line]}}`` of what code
    cells printed.
    """
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
    """Return ``{"MSE # kg²": [numbers]}``: each number of some lines, under the two words before it
    and the one after it.
    """
    found = defaultdict(list)
    for words, rows in lines.items():
        around = re.split(r"#", words)
        for place, (before, after) in enumerate(zip(around, around[1:])):
            part = " ".join(
                [*before.split()[-2:], "#", *(word.strip(",.;:()") for word in after.split()[:1])]
            )
            found[part] += [[numbers[place]] for numbers in rows if place < len(numbers)]
    return {part: sorted(rows, key=lambda row: _value(row[0])) for part, rows in found.items()}


def compare_printed(numpy_cells, torch_cells):
    """Compare the numbers, and True and False, in lines of the same words under the same heading.

    Of six digits or more the last may differ by one: rounding may decide it.

    Of lines that only one of the two prints, the numbers are compared that stand between the same
    words in both, in any order.
    """
    problems, theirs = [], printed_lines(torch_cells)
    for heading, ours in printed_lines(numpy_cells).items():
        others = theirs[heading]
        same = {words: (ours[words], others[words]) for words in ours if words in others}
        parts = [
            _parts({words: side[words] for words in side if words not in same})
            for side in (ours, others)
        ]
        same |= {
            words: (parts[0][words], parts[1][words])
            for words in parts[0]
            if len(parts[0][words]) == len(parts[1].get(words, ()))
        }
        for words, (rows, their_rows) in same.items():
            if len(rows) != len(their_rows):
                problems.append(
                    f"under {heading!r} NumPy prints {words!r} {len(rows)} times, PyTorch"
                    f" {len(their_rows)} times"
                )
            for mine, other in zip(rows, their_rows):
                if len(mine) != len(other) or not all(map(_as_printed, mine, other)):
                    problems.append(
                        f"under {heading!r}, {words!r}: NumPy prints {', '.join(mine)}, PyTorch"
                        f" {', '.join(other)}"
                    )
    return problems


def _as_printed(a, b):
    if a == b:
        return True
    if sum(sign.isdigit() for sign in a.partition("e")[0].lstrip("-−+0.")) < 6:
        return False
    return _last_digit(a) == _last_digit(b) and abs(_value(a) - _value(b)) <= 1.01 * _last_digit(a)


def _value(text):
    return (
        float(text == "True")
        if text in ("True", "False")
        else float(text.replace(",", "").replace("−", "-"))
    )


def _last_digit(text):
    """Return what one in the last digit of a printed number stands for."""
    digits, _, power = text.replace(",", "").lower().partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


# --- Names ----------------------------------------------------------------------------------------


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


def assigned(source):
    """Return the names to which this code gives a value."""
    nodes = ast.walk(ast.parse(source))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def said_to_differ(cells):
    """Return ``{"heading: name": reason}`` from the metadata ("differ") of a NumPy notebook's
    cells.
    """
    return {
        f"{cell.section}: {name}": reason
        for cell in cells
        for name, reason in cell.metadata.get("differ", {}).items()
    }


def compare_names(ours, theirs, differ):
    """Compare what twins hold under the same name at the end of the same section, both as
    names_by_section gives it.

    differ: ``{"heading: name": reason}`` for names that mean different things in the two on
    purpose. Returns (how many were compared, sentences).
    """
    compared, problems, apart = 0, [], set()
    for heading in ours:
        for name in ours[heading].keys() & theirs.get(heading, {}).keys():
            compared += 1
            if problem := _compare_numbers(ours[heading][name], theirs[heading][name]):
                apart.add(f"{heading}: {name}")
                if f"{heading}: {name}" not in differ:
                    problems.append(f"at the end of {heading!r} {name} {problem}")
    problems += [
        f"{place} is said to differ in the two, and does not"
        for place in sorted(set(differ) - apart)
    ]
    return compared, problems


def _compare_numbers(mine, other):
    if mine["shape"] != other["shape"]:
        return f"has shape {mine['shape']} in NumPy, {other['shape']} in PyTorch"
    a, b = (np.array(side["value"], dtype=float) for side in (mine, other))
    with np.errstate(all="ignore"):
        scale = np.nanmax(np.abs(np.where(np.isfinite(a), a, 0)), initial=0.01)
        good = (
            (np.abs(a - b) <= 1e-9 * np.abs(a) + 1e-10 * scale)
            | (a == b)
            | (np.isnan(a) & np.isnan(b))
        )
    if good.all():
        return ""
    place = int(np.argmin(good))
    return f"is {a[place]:.10g} in NumPy, {b[place]:.10g} in PyTorch" + (
        f", at number {place}" if len(a) > 1 else ""
    )


# --- Checkpoints ----------------------------------------------------------------------------------


def read_record(path):
    """Return the entries of one ``.jsonl`` record, in order.

    Raises ValueError if it is missing, empty or damaged.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(
            f"no record {path.name}: the notebook was not run, or it has no checkpoint"
        )
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for entry in entries:
            if list(np.shape(entry["value"])) != entry["shape"] or entry["dtype"] != "float64":
                raise ValueError(f"{entry['name']!r} does not have the shape and dtype it states")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the record {path.name} is damaged: {error}") from None
    if not entries:
        raise ValueError(f"the record {path.name} is empty")
    return entries


def compare_records(numpy_record, torch_record, without=()):
    """Compare the two records of a pair, given as paths, but for the checkpoints ``without``.

    Returns ``(differences, problems)``: the relative difference of each checkpoint that both have,
    as ``{name: float}``, and a list of sentences, empty when the pair agrees.
    """
    try:
        ours, theirs = read_record(numpy_record), read_record(torch_record)
    except ValueError as error:
        return {}, [str(error)]
    ours, theirs = ([e for e in side if e["name"] not in without] for side in (ours, theirs))
    differences, problems = {}, []
    names, torch_names = [e["name"] for e in ours], [e["name"] for e in theirs]
    if names != torch_names:
        at = next(
            (i for i, (a, b) in enumerate(zip(names, torch_names)) if a != b),
            min(len(names), len(torch_names)),
        )
        a, b = (repr(x[at]) if at < len(x) else "nothing" for x in (names, torch_names))
        problems.append(f"checkpoint number {at + 1} is {a} in NumPy, {b} in PyTorch")
    by_name = {entry["name"]: entry for entry in theirs}
    for mine in ours:
        other = by_name.get(mine["name"])
        if other is None:
            continue
        if mine["shape"] != other["shape"]:
            problems.append(
                f"{mine['name']!r}: shape {mine['shape']} in NumPy, {other['shape']} in PyTorch"
            )
            continue
        bound = max(_bound(mine), _bound(other))
        differences[mine["name"]] = d = difference(mine, other)
        if not d <= bound:
            problems.append(f"{mine['name']!r} differs by {d:.1e} relative, more than {bound:.0e}")
    return differences, problems


def _bound(entry):
    rtol = entry.get("rtol", RTOL)
    return min(rtol, LOOSEST_RTOL) if entry.get("reason") else min(rtol, RTOL)
