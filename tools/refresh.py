"""Run notebooks afresh and store what changed: ``python -m course_utils refresh [NOTEBOOK or ROUND
...]``.

The NumPy notebook of a pair runs first, since its twin reads its values. An output that says the
same as before stays as it is, byte for byte: a checkpoint whose value moved by rounding, a figure
whose numbers a reader could not tell apart, a lab's random identity. So an unchanged notebook is
not touched. Beside a notebook with labs their states are stored (``.labs.json.gz``). A notebook in
which a cell fails is left as it was.
"""

import argparse
import gzip
import json
import re
import sys
import tempfile
from pathlib import Path

import compare
import compare_labs
import nbformat
import pages
from compare_figures import compare_figures
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from prove import THE_COURSE
from pytest_runs import run_environment
from setup_cells import stamped

from course_utils.checkpoints import RTOL, difference
from course_utils.contents import TORCH_SUFFIX
from course_utils.learner.versions import missing
from course_utils.notebooks import CHECKPOINTS, FIGURE, WIDGET, checkpoints, read_notebook
from course_utils.recording.records import record_path


def refresh(path, records, repaint=False):
    """Run the notebook at ``path`` and store what changed; return what did, as words.

    Raises CellExecutionError if a cell fails.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is listed in course.toml, and missing")
    stamp(path)
    before = path.read_text(encoding="utf-8")
    old, new = (nbformat.reads(before, as_version=4) for _ in range(2))
    environment = run_environment({"COURSE_RECORD_DIR": str(records), "COURSE_NOTEBOOK": str(path)})
    client = NotebookClient(
        new,
        timeout=600,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute(env=environment)
    labs = compare.read_lines(record_path(path.stem, "labs", records))
    labs_changed = bool(compare_labs.compare_labs(labs, compare_labs.stored_labs(path)))
    changed = 0
    for was, now in zip(old.cells, new.cells):
        if was.cell_type == "code" and not missing(was.metadata):
            now.outputs = whole_streams(now.outputs)
            if repaint or not same_outputs(was, now.outputs, labs_changed):
                changed += was.outputs != now.outputs
                was.outputs = now.outputs
            was.execution_count = now.execution_count
    after = nbformat.writes(old) + "\n"
    if after != before:
        pages.write_whole(path, after.encode())
    _store_labs(path, labs, labs_changed)
    said = [f"{changed} outputs"] * bool(changed) + ["labs"] * labs_changed
    return " and ".join(said) or ("the order of cells" if after != before else "")


def stamp(path):
    """Write the set-up cell of the notebook at ``path`` as its template has it."""
    wanted = stamped(read_notebook(path), path.stem)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []) and cell.source != wanted:
            cell.source = wanted
            pages.write_whole(path, (nbformat.writes(notebook) + "\n").encode())


def whole_streams(outputs):
    """Return outputs in which what was printed in one go is one: a kernel sends it in pieces, as
    time has it.
    """
    whole = []
    for output in outputs:
        if (
            whole
            and output.output_type == "stream"
            and whole[-1].output_type == "stream"
            and whole[-1].name == output.name
        ):
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def _store_labs(path, labs, changed):
    place = compare_labs.labs_path(path)
    if labs and changed:
        pages.write_whole(
            place, gzip.compress(json.dumps(labs, ensure_ascii=False).encode(), 9, mtime=0)
        )
    elif not labs:
        place.unlink(missing_ok=True)


def same_outputs(cell, outputs, labs_changed):
    """True if ``outputs`` say what is stored with ``cell``."""
    # Its numbers differ from run to run: only other words are new.
    if "NBVAL_IGNORE_OUTPUT" in cell.source:
        return [_words(output) for output in cell.outputs] == [_words(output) for output in outputs]
    return len(cell.outputs) == len(outputs) and all(
        _same(a, b, labs_changed) for a, b in zip(cell.outputs, outputs)
    )


def _words(output):
    return re.sub(r"[\d.]+", "#", str(output.get("text", output.get("data", {}).get("text/plain"))))


def _same(old, new, labs_changed):
    data = [
        {
            key: value
            for key, value in output.get("data", {}).items()
            if key not in ("image/png", WIDGET)
        }
        for output in (old, new)
    ]
    kinds = [
        (output.output_type, output.get("name"), output.get("text"), set(output.get("data", {})))
        for output in (old, new)
    ]
    if (
        kinds[0] != kinds[1]
        or data[0] != data[1]
        or (labs_changed and WIDGET in old.get("data", {}))
    ):
        return False
    metadata = [dict(output.get("metadata", {})) for output in (old, new)]
    numbers = [side.pop(FIGURE, None) for side in metadata]
    if (numbers[0] is None) != (numbers[1] is None) or (
        numbers[0] and compare_figures(*map(json.loads, numbers))
    ):
        return False
    for side in metadata:
        side.pop(CHECKPOINTS, None)
    return metadata[0] == metadata[1] and _same_checkpoints(checkpoints([old]), checkpoints([new]))


def _same_checkpoints(old, new):
    def place(entry):
        return {key: value for key, value in entry.items() if key != "value"}

    return len(old) == len(new) and all(
        place(a) == place(b) and difference(a, b) <= RTOL for a, b in zip(old, new)
    )


def main(arguments=None):
    """Run what the command line asks for; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m course_utils refresh", description=__doc__.splitlines()[0].replace("``", "")
    )
    command.add_argument(
        "what",
        nargs="*",
        help="a round (Round2), a notebook or a pair (Round3_Race), README; everything unless told",
    )
    command.add_argument(
        "--repaint",
        action="store_true",
        help="store each picture anew, also where its numbers are the same",
    )
    options = command.parse_args(arguments)
    try:
        course = THE_COURSE.select([word for word in options.what if word != "README"])
    except ValueError as error:
        print(f"python -m course_utils refresh: {error}", file=sys.stderr)
        return 2
    names = course.names() if options.what != ["README"] else []
    failed = []
    with tempfile.TemporaryDirectory(prefix="refresh") as records:
        for name in names:
            if name.removesuffix(TORCH_SUFFIX) in failed:
                print(f"{name}: not run, since the NumPy notebook failed")
                continue
            try:
                print(
                    f"{name}:"
                    f" {refresh(course.path(name), Path(records), options.repaint) or 'unchanged'}",
                    flush=True,
                )
            except FileNotFoundError as error:
                failed.append(name)
                print(error, flush=True)
            except CellExecutionError as error:
                failed.append(name)
                print(f"{name}: a cell fails, the notebook is left as it was\n{error}", flush=True)
    for page in pages.refresh() if not failed else ():
        print(f"{page}: what course.toml and the notebooks say")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
