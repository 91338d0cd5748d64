"""The numbers that a notebook holds under its names, recorded in the proof: twins that call a thing
alike must mean the same numbers.

After each cell the names that are new or have changed are recorded (course_utils.recording). The
reader sees nothing of it.
"""

import sys

import numpy as np

from course_utils.recording.records import record

LARGEST = 20_000  # numbers under one name; of a larger array nothing is recorded
KEPT = 1_000


def watch(shell, record=record):
    """From now on hand ``{name: {"shape", "value"}}`` of what each cell of the notebook in this
    shell changed to ``record("names", ...)``; one entry a cell.
    """
    before = {}

    def look(*_):
        changed = {}
        for name, value in list(shell.user_ns.items()):
            if name.startswith("_") or name in ("In", "Out"):
                continue
            numbers = numbers_of(value)
            if numbers is not None and before.get(name) != (
                mark := (numbers.shape, numbers.tobytes())
            ):
                before[name] = mark
                flat = numbers.ravel()
                flat = flat[:: -(-len(flat) // KEPT)]
                changed[name] = {
                    "shape": list(numbers.shape),
                    "value": [None if np.isnan(v) else float(v) for v in flat],
                }
        record("names", changed)

    shell.events.register("post_run_cell", look)


def numbers_of(value):
    """Return a number, an array, a float64 tensor, or a list, tuple or dict of them as an array of
    float64; None for anything else.

    What has parts of different shapes becomes one long row. float32 is left out: it differs by its
    rounding.
    """
    if isinstance(value, dict | list | tuple):
        parts = [
            numbers_of(part)
            for part in (value.values() if isinstance(value, dict) else value[: LARGEST + 1])
        ]
        if not parts or any(part is None for part in parts):
            return None
        same = len({part.shape for part in parts}) == 1
        array = np.stack(parts) if same else np.concatenate([part.ravel() for part in parts])
    elif isinstance(value, bool | int | float | np.ndarray | np.number | np.bool_):
        array = np.asarray(value)
    elif _is_tensor(value):
        array = value.detach().cpu().numpy()
    else:
        return None
    if (
        array.dtype.kind not in "iubf"
        or array.dtype in (np.float16, np.float32)
        or not 0 < array.size <= LARGEST
    ):
        return None
    return array.astype(np.float64)


def _is_tensor(value):
    """True for a torch tensor of float64 or whole numbers; torch is not imported for it."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor):
        return False
    return value.dtype == torch.float64 or not (value.is_floating_point() or value.is_complex())
