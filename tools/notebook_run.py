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
from uuid import uuid4

import nbformat
import nbval.kernel
import pytest
from jupyter_client.manager import KernelManager
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
    if "COURSE_KERNELS" in os.environ:
        nbval.kernel.KernelManager = manager_without_ports


def manager_without_ports(**settings):
    """Return what nbval starts a kernel with, talking to it through sockets that are files.

    A free port that is chosen for a kernel may be another process's by the time it is used; then
    the kernel dies at its start, and a proof turns red by chance.
    """
    file = os.path.join(os.environ["COURSE_KERNELS"], f"{uuid4().hex[:8]}.json")
    return KernelManager(transport="ipc", connection_file=file, **settings)


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
