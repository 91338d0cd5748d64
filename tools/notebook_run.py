"""nbval's run of the notebooks, as prove.py starts it: tells of each cell as it ends, and which
kernel its notebook wants.

``python notebook_run.py PYTEST_ARGUMENTS`` is pytest with this file as a plugin. For each cell a
JSON line is appended to the file that ``COURSE_EVENTS`` names: ``{"path", "cell", "ok", "why",
"outputs"}``; for a test ``{"path", "test", "ok", "why"}``.
"""

import json
import os
import re
import sys

import nbformat
import pytest
from kernels import can_fork, end_with_parent

from course_utils.learner.versions import missing

_TORCH = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)


def uses_torch(sources):
    """True if one of these code cells imports torch."""
    return any(_TORCH.search(source) for source in sources)


def pytest_configure(config):
    """A worker ends with the process that started it, at once; by itself it takes ten seconds to
    notice.
    """
    if hasattr(config, "workerinput") and can_fork():
        end_with_parent(os.getppid())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """nbval starts a notebook's kernel in the set-up of its first cell; the kernel inherits what is
    set here.
    """
    book = getattr(item.parent, "nb", None)
    if book is not None and os.environ.get("COURSE_NOTEBOOK") != str(item.path):
        os.environ["COURSE_NOTEBOOK"] = str(item.path)
        sources = [cell.source for cell in book.cells if cell.cell_type == "code"]
        os.environ["COURSE_KERNEL"] = "torch" if uses_torch(sources) else "numpy"
        # Of a cell that needs more than is installed, the line that says so is expected.
        for cell in book.cells:
            if line := missing(cell.metadata):
                cell.outputs = [nbformat.v4.new_output("stream", text=line + "\n")]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Send along what a cell gave: the report travels from the worker to the process that writes
    the events.
    """
    if call.when == "call" and getattr(item, "test_outputs", None) is not None:
        item.user_properties.append(("outputs", json.dumps(item.test_outputs)))
    yield


def pytest_runtest_logreport(report):
    # Once: not in the worker, too.
    if hasattr(report, "node") or not os.environ.get("PYTEST_XDIST_WORKER"):
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            event = {
                "path": report.location[0],
                "ok": report.passed,
                "skipped": report.skipped,
                "why": _plain(report.longreprtext),
            }
            name = report.nodeid.split("::")[-1]
            if name.startswith("Cell "):
                outputs = dict(report.user_properties).get("outputs", "[]")
                event |= {"cell": int(name.split()[-1]), "outputs": json.loads(outputs)}
            with open(os.environ["COURSE_EVENTS"], "a", encoding="utf-8") as file:
                file.write(json.dumps(event | {"test": report.nodeid}) + "\n")


def _plain(text):
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


if __name__ == "__main__":
    sys.exit(pytest.main([*sys.argv[1:], "-p", "notebook_run"]))
