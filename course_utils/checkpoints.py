"""Checkpoints: the named values that the two notebooks of a pair must agree on.

A pair is ``RoundN/RoundN_Topic.ipynb`` (NumPy) and ``RoundN/RoundN_Topic-PyTorch.ipynb``. Each
calls ``twin.check(name, value)`` for the same values in the same order.

* In front of the reader, the checkpoints of a cell are one short line at its end. Their
  full-precision values ride along in the output's metadata, and the PyTorch notebook reads them
  from the NumPy notebook's file to say whether the two are equal.
* In the proof each checkpoint is also recorded (course_utils.recording), and the two fresh
  records of a pair are compared.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from IPython import get_ipython
from IPython.display import display

from course_utils.contents import TORCH_SUFFIX, contents
from course_utils.notebooks import CHECKPOINTS, checkpoints, read_notebook
from course_utils.recording import records
from course_utils.resources import HOME, beside

RTOL, ATOL = 1e-10, 1e-12
LOOSEST_RTOL = 1e-6
TICK = "✓ equals"
NUMPY, YOURS = "NumPy", "your NumPy notebook"


class Twin:
    """One notebook's side of a pair.

    ``stem`` is the notebook's file name without ``.ipynb``; a name that ends in ``-PyTorch`` is
    compared, live, with what the NumPy notebook last stored: the reader's own copy of it, if it
    has stored checkpoints, otherwise the course's.
    """

    def __init__(self, stem: str) -> None:
        self.stem = stem
        self._names: set[str] = set()
        self._cell: list[tuple[str, str, dict]] = []  # of those in the cell that runs
        self._theirs, self._whose = None, NUMPY
        if stem.endswith(TORCH_SUFFIX):
            self._theirs, self._whose = _numpy_side(stem.removesuffix(TORCH_SUFFIX))
        records.start(stem)

    def __repr__(self):
        return f"Twin({self.stem!r})"

    def check(
        self,
        name: str,
        value: Any,
        *,
        digits: int = 6,
        rtol: float = RTOL,
        reason: str | None = None,
    ) -> None:
        """Record ``value`` under ``name``; at the end of the cell its name stands in one line with
        the cell's other checkpoints.

        value: a number, a list, a NumPy array or a float64 torch tensor, of any shape. A number is
        shown, rounded to ``digits`` significant digits; of more than three numbers only the shape,
        since the record keeps all digits. rtol: the relative difference that the pair may have
        here; above 1e-10 only with a ``reason``, and never above 1e-6. Where the two notebooks
        state different ones, the looser holds.

        Raises ValueError if the value is not finite or not float64, and for a looser bound without
        a reason; in the proof also if the name was used already (in front of a reader a cell may be
        run twice).
        """
        if rtol > LOOSEST_RTOL or (rtol > RTOL and not reason):
            raise ValueError(
                f"checkpoint {name!r}: a bound above {RTOL:g} needs a reason and may not exceed"
                f" {LOOSEST_RTOL:g}"
            )
        array = _as_float64(name, value)
        entry = {"name": name, "value": array.tolist(), "shape": list(array.shape)}
        entry |= {"dtype": "float64"}
        if rtol != RTOL:
            entry |= {"rtol": rtol, "reason": reason}
        if records.recording() and name in self._names:
            raise ValueError(f"checkpoint {name!r} stands twice in {self.stem}: rename one")
        records.record("checkpoints", entry)
        self._names.add(name)
        self._show(name, array, entry, digits)

    def _show(self, name, array, entry, digits):
        """Keep the checkpoint's line for the end of the cell; a plain script shows none."""
        shell = get_ipython()
        if shell is None:
            return
        if not self._cell:
            shell.events.register("post_run_cell", self._end_of_cell)
        self._cell.append((f"{name}: {_text(array, digits)}", self._verdict(entry, digits), entry))

    def _end_of_cell(self, *_):
        """Show the cell's checkpoints: in one line those that need no word of their own, then what
        parts from NumPy's.
        """
        get_ipython().events.unregister("post_run_cell", self._end_of_cell)
        cell, self._cell = self._cell, []
        plain = ("", self._tick())
        good = [text for text, verdict, _ in cell if verdict in plain]
        lines = [f"{' · '.join(good)}   {plain[self._theirs is not None]}".rstrip()] if good else []
        lines += [f"{text}   {verdict}" for text, verdict, _ in cell if verdict not in plain]
        display(
            {"text/plain": "\n".join(lines)},
            metadata={CHECKPOINTS: json.dumps([entry for *_, entry in cell])},
            raw=True,
        )

    def _tick(self):
        return f"{TICK} {self._whose}'s"

    def _verdict(self, mine, digits):
        """Return how the value compares with NumPy's stored one, in words; nothing in a NumPy
        notebook.
        """
        if self._theirs is None:
            return ""
        theirs = self._theirs.get(mine["name"])
        if theirs is None:
            return "(the NumPy notebook has not stored this checkpoint yet: run it first)"
        if theirs["shape"] != mine["shape"]:
            return f"{self._whose}'s has another shape: {tuple(theirs['shape'])}"
        if difference(theirs, mine) <= mine.get("rtol", RTOL):
            return self._tick()
        a, b = np.array(theirs["value"]), np.array(mine["value"])
        place = np.unravel_index(np.argmax(np.abs(a - b)), a.shape)
        where = f" at {[int(i) for i in place]}" if a.ndim else ""
        return (
            f"{self._whose} has {a[place]:.{digits}g}, here {b[place]:.{digits}g}{where},"
            f" {np.abs(a - b)[place]:.1e} apart"
        )


def _numpy_side(stem):
    """Return what the NumPy notebook ``stem`` has stored, ``{name: entry}``, and whose it is."""
    name = contents().file_of(stem)
    own, the_course = beside(name), HOME / name
    found = stored_checkpoints(own) if own else {}
    if not found:
        return stored_checkpoints(the_course), NUMPY
    return found, YOURS if the_course.exists() else NUMPY


def _as_float64(name, value):
    if hasattr(value, "detach"):  # a torch tensor, recognised without importing torch
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype != np.float64:
        raise ValueError(
            f"checkpoint {name!r} is {array.dtype}; checkpoints are compared in float64"
        )
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(
            f"checkpoint {name!r} is empty or not finite, so it can equal nothing: {array.tolist()}"
        )
    return array


def _text(array, digits):
    """Return a number or up to three of them in words; of a larger array the shape, since the
    record keeps its digits.
    """
    if array.size > 3:
        return f"{' × '.join(str(side) for side in array.shape)} values"
    # Rounding noise around zero would print differently on each machine.
    array = np.where(np.abs(array) < ATOL * max(1.0, np.abs(array).max()), 0.0, array)
    numbers = ", ".join(f"{number:.{digits}g}" for number in array.ravel())
    return f"[{numbers}]" if array.ndim else numbers


def stored_checkpoints(path: Path) -> dict[str, dict]:
    """Return ``{name: entry}`` from the stored outputs of the notebook at ``path``; empty if it
    cannot be read.
    """
    try:
        cells = read_notebook(path)
    except (OSError, ValueError, KeyError):
        return {}
    return {entry["name"]: entry for cell in cells for entry in checkpoints(cell.outputs)}


def difference(a: dict, b: dict) -> float:
    """Return the largest relative difference of two entries of one shape.

    Each difference is divided by |a| + ATOL / RTOL, so that the result is at most rtol exactly
    where |a − b| ≤ rtol · (|a| + 0.01): values near zero are compared absolutely, within 1e-12 at
    the usual rtol of 1e-10.
    """
    x, y = np.array(a["value"]), np.array(b["value"])
    return float(np.max(np.abs(x - y) / (np.abs(x) + ATOL / RTOL)))
