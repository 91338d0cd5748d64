"""The proof itself must be able to fail: each way to break a notebook turns it red, and what it
says can be read.

One run proves a small course in which most pairs are broken, each in its own way; the comparisons
behind it are tried one by one.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import compare
import compare_figures
import compare_labs
import nbformat
import prove
import psutil
import pytest
from kernels import can_fork
from mini_course import CHECK, START, executed
from notebook_run import manager_without_ports
from prove import Course
from pytest_runs import Progress

from course_utils.contents import TORCH_SUFFIX
from course_utils.notebooks import Cell

FIGURE = "plt.plot([0, 1], [0, {}])\nshow('A line that rises.')"
#: A pair is broken by what is put in the place of a cell of its second notebook after it was
#: executed, a notebook without a twin likewise.
PAIRS = {
    "Sound": None,
    "Value": (1, CHECK.format(2.000000001)),
    "Check": (1, "print('two')"),
    "Figure": (2, FIGURE.format(1.001)),
}
ALONE = {
    "Output": (1, CHECK.format(2.0).replace("print('two')", "print('too')")),
    "Raises": (1, CHECK.format(2.0) + "\n1 / 0"),
    "Hidden": (
        2,
        "# NBVAL_IGNORE_OUTPUT\n"
        + FIGURE.format(1)
        + "\nplt.plot([0, 1], [1, 0])\nshow('Another.')",
    ),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The proof of a course, under a path with a space, that is broken as PAIRS and ALONE say; and
    what it said.
    """
    root = tmp_path_factory.mktemp("a mini course")
    (root / "Round1").mkdir()

    def write(text, name, change=None):
        book = nbformat.reads(
            text.replace("Round1_Template", name.removesuffix(TORCH_SUFFIX)), as_version=4
        )
        if change:
            [cell for cell in book.cells if cell.cell_type == "code"][change[0]].source = change[1]
        nbformat.write(book, root / "Round1" / f"{name}.ipynb")

    template, texts = root / "Round1_Template.ipynb", []
    for suffix in ("", TORCH_SUFFIX):
        cells = [START.format(f"Round1_Template{suffix}"), CHECK.format(2.0), FIGURE.format(1)]
        texts.append(nbformat.writes(executed(cells, root)))
        template.write_text(texts[0], encoding="utf-8")  # the twin reads it
    template.unlink()
    ours, theirs = texts
    for pair, change in PAIRS.items():
        write(ours, f"Round1_{pair}")
        write(theirs, f"Round1_{pair}{TORCH_SUFFIX}", change)
    for name, change in ALONE.items():
        write(ours, f"Round1_{name}", change)
    (root / "Round1" / "Extra.ipynb").write_text(json.dumps({"cells": []}))
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "Round1" / "Mine.ipynb").write_text("a learner's own, which nobody proves")
    pairs, alone = ([f"Round1/Round1_{name}" for name in names] for names in (PAIRS, ALONE))
    course = Course(root, [*pairs, "Round1/Round1_Missing"], alone)
    with redirect_stdout(io.StringIO()) as said:
        proof = prove.prove(course, folder=tmp_path_factory.mktemp("records"))
    return proof, said.getvalue()


EXPECTED = {
    "Output": "cells ran and gave their stored output",
    "Value": "Round1_Value: 'two' differs by 5.0e-10 relative, more than 1e-10",
    "Check": "Round1_Check: no record",
    "Figure": "under 'Section 2' the figure 'A line that rises.'",
    "Hidden": "Round1_Hidden: 2 figures were shown, 1 are stored",
    "Missing": "Round1_Missing.ipynb is missing",
    "Extra": "Extra.ipynb is under version control, but course.toml does not list it",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_break_turns_the_proof_red(broken, name):
    proof, _ = broken
    assert any(EXPECTED[name] in problem for problem in proof.problems), proof.problems
    assert "NOT PROVED" in proof.summary()


def test_what_is_sound_is_counted_and_blamed_for_nothing(broken):
    proof, _ = broken
    assert not any("Round1_Sound" in problem for problem in proof.problems)
    # Of 11 notebooks of 3 cells, one cell gives another output, one raises, one lacks its
    # checkpoint and one says that its value parts from NumPy's; one may differ.
    assert (proof.notebooks, proof.cells, proof.ignored) == (11, 28, 1)
    assert "29 of 33 cells ran" in proof.summary()


def test_a_failing_output_is_shown_beside_the_stored_one_with_the_command_that_refreshes_it(broken):
    _, said = broken
    assert "Round1/Round1_Output.ipynb, code cell 2, under 'Section 1':" in said
    assert "stored  two" in said and "fresh   too" in said
    assert "it raises ZeroDivisionError: division by zero" in said and "----> " in said
    assert "python -m course_utils refresh Round1/Round1_Output" in said


# --- the comparisons, one by one ------------------------------------------------------------------


def cells(*texts, heading="A heading", source=""):
    """Code cells that print these texts."""
    return [
        Cell("code", source, heading, [{"output_type": "stream", "name": "stdout", "text": text}])
        for text in texts
    ]


@pytest.mark.parametrize(
    "ours, theirs, words",
    [
        ("loss 0.250000 after 10 steps", "loss 0.250000 after 10 steps", None),
        # The last digit is rounded.
        ("loss 0.250000 after 10 steps", "loss 0.250001 after 10 steps", None),
        (
            "loss 0.250000 after 10 steps",
            "loss 0.250002 after 10 steps",
            "NumPy prints 0.250000, 10, PyTorch 0.250002, 10",
        ),
        ("loss -1.0e-05", "loss 1.0e-05", "NumPy prints -1.0e-05"),
        ("loss 1.0e-05", "loss 1.1e-05", "NumPy prints 1.0e-05"),
        ("equal within 1e-9: True", "equal within 1e-9: False", "PyTorch 1e-9, False"),
        ("the root is nan kg", "the root is 0.39 kg", "NumPy prints nan"),
        ("a loss of -inf", "a loss of 0.39", "NumPy prints -inf"),
        ("loss 1\nloss 2", "loss 1", "2 times, PyTorch 1 times"),
        ("the loss is 0.5 kg, by hand", "then the loss is 0.5 kg", None),
        ("the loss is 0.5 kg, by hand", "then the loss is 0.8 kg", "'loss is # kg"),
        ("only NumPy 1", "only PyTorch 2", None),
    ],
)
def test_numbers_that_twins_print_are_compared_where_their_words_are_the_same(ours, theirs, words):
    problems = compare.compare_printed(cells(ours), cells(theirs))
    assert bool(problems) == bool(words) and all(words in problem for problem in problems), problems


def test_printed_numbers_of_other_sections_and_of_ignored_cells_are_left_alone():
    assert compare.compare_printed(cells("loss 1"), cells("loss 2", heading="Another")) == []
    assert (
        compare.compare_printed(cells("loss 1", source="# NBVAL_IGNORE_OUTPUT"), cells("loss 2"))
        == []
    )


def figure(alt="A line.", **more):
    return {"alt": alt, "size": [1, 1], "title": "", "axes": []} | more


def test_a_figure_that_only_one_twin_shows_needs_a_reason():
    ours, theirs = [("A", figure()), ("B", figure("Only here."))], [("A", figure())]
    assert compare_figures.compare_twins_figures(theirs, theirs) == (1, [])
    compared, problems = compare_figures.compare_twins_figures(ours, theirs)
    assert compared == 1 and "under 'B' only NumPy shows 'Only here.'" in problems[0]
    assert "only PyTorch" in compare_figures.compare_twins_figures(theirs, ours)[1][0]
    ours[1][1]["alone"] = "because"
    assert compare_figures.compare_twins_figures(ours, theirs) == (1, [])


def test_labs_are_compared_by_what_they_show():
    import numpy as np

    from course_utils import learning_rate_lab

    def lab(factor):
        def gradient_step(X, y, weight, lrate):
            error = X @ weight - y
            return weight - lrate * factor * 2 * X.T @ error / len(y), np.mean(error**2)

        X = np.array([[1.0], [2.0]])
        return json.loads(json.dumps(learning_rate_lab(gradient_step, X, X[:, 0], steps=5).state()))

    state = lab(1.0)
    assert compare_labs.compare_labs([state], [lab(1.0)]) == []
    assert "the labs are" in compare_labs.compare_labs([state], [])[0]
    problems = compare_labs.compare_labs([lab(1.01)], [state])
    assert any("pixels apart" in problem for problem in problems), problems


PICTURE = '<svg><path d="M 0 0 L 10 0 L 20 5"/><text x="3.0">one</text>−0.5</svg>'


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"L 10 0": "L 4 0 L 10 0"}, None),
        ({"3.0": "3.001"}, None),
        ({"20 5": "20 5.1"}, None),
        ({"20 5": "20 6"}, "draws a line elsewhere"),
        ({" L 20 5": ""}, "draws a line elsewhere"),
        ({"one": "two"}, "draws other things"),
        ({"3.0": "3.1"}, "places something 0.10 pixels elsewhere"),
        ({'<path d="M 0 0 L 10 0 L 20 5"/>': ""}, "draws other things"),
    ],
)
def test_a_labs_still_pictures_are_compared_by_their_lines_and_not_by_their_points(change, words):
    changed = PICTURE
    for old, new in change.items():
        changed = changed.replace(old, new)
    for pair in ((PICTURE, changed), (changed, PICTURE)):
        assert compare_labs._compare_trees("it", *pair) == ([f"it {words}"] if words else [])


# --- the command ----------------------------------------------------------------------------------


def test_help_answers_at_once(capsys):
    with pytest.raises(SystemExit) as stopped:
        prove.main(["--help"])
    said = capsys.readouterr().out
    assert stopped.value.code == 0 and "three minutes" in said and "browser" in said


@pytest.mark.parametrize(
    "arguments, words",
    [(["Round9"], "course.toml lists no 'Round9'"), (["--all=browse"], "no part browse")],
)
def test_a_name_that_leads_nowhere_is_an_error(capsys, arguments, words):
    assert prove.main(arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "what, names",
    [
        (
            ["Round4"],
            [
                f"Round4/Round4_{topic}{language}"
                for topic in ("Training", "Judging", "Resuming", "Parallel")
                for language in ("", "-PyTorch")
            ],
        ),
        (
            ["Round3/Round3_Race-PyTorch.ipynb"],
            ["Round3/Round3_Race", "Round3/Round3_Race-PyTorch"],
        ),
        (
            ["Round1_Exercises", "notebooks/Start_Here"],
            ["Round1/Round1_Exercises", "notebooks/Start_Here"],
        ),
    ],
)
def test_a_part_of_the_course_is_chosen_by_round_notebook_or_file(what, names):
    assert prove.THE_COURSE.select(what).names() == names


def test_progress_is_plain_lines_in_a_log(capsys):
    progress = Progress(every=0)
    progress.count("1 of 2 notebooks")
    progress.count("1 of 2 notebooks")
    progress.count("2 of 2 notebooks")
    progress.done("notebooks: 2 run")
    said = capsys.readouterr().out
    assert [line.split(",")[0].split("   (")[0].strip() for line in said.splitlines()] == [
        "1 of 2 notebooks",
        "2 of 2 notebooks",
        "notebooks: 2 run",
    ]


@pytest.mark.part("kills")
@pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")
def test_when_the_proof_is_killed_nothing_is_left(tmp_path):
    """Killed outright, in the middle of a cell: pytest, its workers, the preloaded processes and
    the kernels all end.
    """
    path = tmp_path / "Round1" / "Sleeper.ipynb"
    path.parent.mkdir()
    source = (
        "import subprocess, time\nchild = subprocess.Popen(['sleep',"
        f" '600'])\nopen({str(tmp_path / 'runs')!r}, 'w').close()\ntime.sleep(600)"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, execution_count=1)])
    nbformat.write(book, path)
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import prove;"
        " prove.prove(prove.Course(Path(sys.argv[2]), [], ['Round1/Sleeper']),"
        " folder=Path(sys.argv[2]) / 'records')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(prove.HOME / "tools"), str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not (tmp_path / "runs").exists() and time.monotonic() < until:
            time.sleep(0.05)
        family = psutil.Process(process.pid).children(recursive=True)
        assert (tmp_path / "runs").exists() and len(family) >= 5, family
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    _, alive = psutil.wait_procs(family, timeout=3)
    assert not alive, alive


def test_no_port_is_chosen_for_a_kernel(monkeypatch, request):
    """Or another process may have taken it by the time that the kernel opens it."""
    folder = tempfile.mkdtemp(prefix="kernels")  # a socket's path must be short
    request.addfinalizer(lambda: shutil.rmtree(folder))
    monkeypatch.setenv("COURSE_KERNELS", folder)
    manager = manager_without_ports(kernel_name="python3")
    manager.start_kernel()
    try:
        connection = json.loads(Path(manager.connection_file).read_text())
        assert connection["transport"] == "ipc" and connection["ip"].startswith(folder)
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)
