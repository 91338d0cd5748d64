"""Where a run of a notebook leaves what it computed, for the proof: checkpoints, figures and labs,
each in a file of its own.

Nothing is recorded unless ``COURSE_RECORD_DIR`` names a folder. There lie, after a run of the
notebook ``STEM.ipynb``:

* ``STEM.jsonl``: its checkpoints, one JSON object a line (course_utils.checkpoints);
* ``STEM.figures.jsonl``: what its figures show, one a line (course_utils.figures);
* ``STEM.labs.jsonl``: the states of its labs, one a line (course_utils.lab);
* ``STEM.names.jsonl``: the numbers under its names, one line a cell from the set-up cell on
  (course_utils.names).
"""

import json
import os
import warnings
from pathlib import Path

# What PyTorch says of its own calls is no output of a notebook: SequentialLR's before 2.9, and
# that of TensorBoard's graph in 2.15.
warnings.filterwarnings("ignore", r"The epoch parameter in `scheduler\.step", module="torch.optim")
warnings.filterwarnings("ignore", r"`torch\.jit\.trace", module="torch.jit")

KINDS = {kind: f".{kind}.jsonl" for kind in ("figures", "labs", "names")} | {
    "checkpoints": ".jsonl"
}
_notebook: str | None = None  # the stem of the notebook that runs in this process


def start(stem: str) -> None:
    """From now on the records of this process are those of the notebook ``stem``; what an earlier
    run left of them goes.
    """
    global _notebook
    _notebook = stem
    if recording():
        for kind in KINDS:
            record_path(stem, kind).unlink(missing_ok=True)


def record_path(stem: str | None, kind: str, folder: Path | None = None) -> Path:
    """Return where the records of one kind of the notebook ``stem`` lie."""
    return Path(folder or os.environ["COURSE_RECORD_DIR"]) / f"{stem}{KINDS[kind]}"


def recording() -> bool:
    """True in the proof."""
    return bool(os.environ.get("COURSE_RECORD_DIR"))


def record(kind: str, entry: dict) -> None:
    """Append ``entry`` to the running notebook's record of that kind, if anything is to be
    recorded.

    A notebook without a Twin is known by ``COURSE_NOTEBOOK``, which the proof sets for each kernel.
    """
    if not recording():
        return
    if _notebook is None:
        if not os.environ.get("COURSE_NOTEBOOK"):
            return
        start(Path(os.environ["COURSE_NOTEBOOK"]).stem)
    with record_path(_notebook, kind).open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def pictures_wanted() -> bool:
    """False in the proof: it compares the numbers that a figure draws, so no pixel needs to be
    painted.
    """
    return not os.environ.get("COURSE_NO_PICTURES")
