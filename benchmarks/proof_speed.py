"""How much processor time the proof takes, and how much of it could not be less.

``python benchmarks/proof_speed.py [--rounds]`` proves the course once (``python -m course_utils
test``) and prints the processor seconds of its parts, with one thread a worker, beside the floor:
the same kernels started plainly, with the same imports and, where a notebook makes an optimizer,
one first optimizer, which imports ``torch._dynamo``. With ``--rounds`` it also proves each notebook
alone and an empty one of its kind, and prints what the notebooks of each round take, starts apart.

Seconds of the processor do not depend on what else a machine does as those of the clock do, but
they are not free of it: compare numbers of one run. Linux and macOS.
"""

import argparse
import ast
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

from course_utils.resources import HOME

sys.path.insert(0, str(HOME / "tools"))

import prove  # found through the line above
import pytest_runs  # found through the line above
from notebook_run import uses_torch

from course_utils.notebooks import code_cells


class Silent(pytest_runs.Progress):
    """Says nothing while it counts."""

    def count(self, text):
        pass


def spent():
    """Return the processor seconds of all children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(work):
    """Return (what ``work()`` returns, its processor seconds in other processes, its seconds)."""
    processor, clock = spent(), time.perf_counter()
    result = work()
    return result, spent() - processor, time.perf_counter() - clock


def imports_of(path):
    """Return the import statements of the notebook at ``path``, and whether it makes an optimizer
    of torch's.
    """
    sources = code_cells(path)
    nodes = [
        node
        for source in sources
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(map(ast.unparse, nodes)), bool(
        re.search(r"\boptim\.\w+\(|torch\.optim\.\w+", "\n".join(sources))
    )


def start_plainly(path):
    """Start a kernel and let it import what the notebook at ``path`` imports."""
    code, optimizer = imports_of(path)
    if optimizer:
        code += "\nimport torch\ntorch.optim.SGD([torch.zeros(1)])"
    manager, client = start_new_kernel(
        cwd=str(path.parent),
        env=pytest_runs.run_environment({}),
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=120)
    assert reply["content"]["status"] == "ok", f"{path.name}: {reply['content']['evalue']}"
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def prove_one(course):
    """Prove a part of the course without a word; raises AssertionError if it does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        proof = prove.prove(course, folder=Path(folder), progress=Silent())
    assert not proof.problems, proof.problems


def empty_course(folder, torch):
    """Return a course of one notebook that does nothing, in a kernel with or without torch."""
    path = folder / "Round0" / "Empty.ipynb"
    path.parent.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("import torch" if torch else "import numpy", execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return prove.Course(folder, [], ["Round0/Empty"], whole=False)


def by_round():
    """Print the processor seconds of each round's notebooks, starts apart."""
    print("\nprocessor seconds of a round's notebooks, starts apart (30 are meant to be enough)")
    with tempfile.TemporaryDirectory() as folder:
        start = {}
        for torch in (False, True):
            empty = empty_course(Path(folder) / str(torch), torch)
            # The first finds nothing loaded yet.
            start[torch] = min(measured(lambda empty=empty: prove_one(empty))[1] for _ in range(3))
    total = {}
    for name in prove.THE_COURSE.names():
        alone = prove.Course(HOME, [], [name], whole=False)
        seconds = (
            measured(lambda alone=alone: prove_one(alone))[1]
            - start[uses_torch(code_cells(alone.path(name)))]
        )
        total[name.split("/")[0]] = total.get(name.split("/")[0], 0) + seconds
        print(f"  {name:42} {seconds:6.1f}")
    for folder, seconds in total.items():
        print(f"  {folder:42} {seconds:6.1f}  in all")


def main():
    command = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    command.add_argument("--rounds", action="store_true", help="also each notebook alone")
    options = command.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proof, notebooks, clock = measured(
            lambda: prove.prove(folder=Path(folder) / "quick", progress=Silent())
        )
        records = Path(folder) / "quick" / "records"
        (passed, failed), tests, tests_clock = measured(
            lambda: prove.run_tests(Path(folder) / "tests", Silent(), records=records)
        )
    _, floor, _ = measured(
        lambda: [start_plainly(prove.THE_COURSE.path(name)) for name in prove.THE_COURSE.names()]
    )
    print(f"{'':46}processor s    clock s")
    print(
        f"{proof.notebooks} notebooks, {proof.cells} cells {'':22} {notebooks:12.1f} {clock:10.1f}"
    )
    print(f"{passed} tests {'':35} {tests:12.1f} {tests_clock:10.1f}")
    print(f"all of it {'':36} {notebooks + tests:11.1f} {clock + tests_clock:10.1f}")
    print(f"floor: the same kernels plainly, imports only {floor:11.1f}")
    if options.rounds:
        by_round()
    return 1 if proof.problems or failed else 0


if __name__ == "__main__":
    sys.exit(main())
