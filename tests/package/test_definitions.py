"""functions_from: what a notebook defines for others, out of its file, and nothing else."""

import json

import pytest

from course_utils import functions_from, resources

SET_UP = "import numpy as np\nimport json, math\nraise RuntimeError('the set-up cell was run')"
RULE = "LIMIT = 3\n\n\ndef rule(x):\n    return np.minimum(LIMIT, helper(x))"
HELPER = """from math import tau


class Double:
    by = 2


def helper(x):
    return Double.by * x"""
OTHER = "raise RuntimeError('a cell that defines nothing for others was run')"


def write(path, *cells):
    """Write a notebook of (source, tags)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [
        {
            "cell_type": "code",
            "source": source.splitlines(keepends=True),
            "metadata": {"tags": tags},
        }
        for source, tags in cells
    ]
    prose = {"cell_type": "markdown", "source": ["def prose("]}
    path.write_text(json.dumps({"cells": [prose, *code]}), encoding="utf-8")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course whose only notebook defines a rule and its helper; its folder."""
    home = tmp_path / "course"
    write(home / "T.ipynb", (SET_UP, []), (OTHER, []), (RULE, ["define"]), (HELPER, ["define"]))
    for module in ("resources", "learner.definitions"):
        monkeypatch.setattr(f"course_utils.{module}.HOME", home)
    elsewhere = tmp_path / "mine" / "Round1"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    return home


def test_the_defining_cells_run_in_order_with_the_imports_they_use_and_nothing_else(course):
    found = functions_from("T")
    assert set(found) == {"LIMIT", "rule", "helper", "Double", "tau"}
    assert found["rule"](1) == 2 and found["rule"](5) == 3
    names = found["rule"].__globals__
    assert "np" in names and "json" not in names and "math" not in names


def test_a_changed_notebook_gives_the_changed_function(course):
    before = functions_from("T")["helper"]
    write(
        course / "T.ipynb", (SET_UP, []), (RULE, ["define"]), (HELPER.replace("2", "7"), ["define"])
    )
    assert functions_from("T")["helper"](1) == 7
    assert before(1) == 2


def test_two_notebooks_share_one_namespace(course):
    write(course / "More.ipynb", (SET_UP, []), ("def helper(x):\n    return -x", ["define"]))
    assert functions_from("T", "More")["rule"](1) == -1


@pytest.mark.parametrize("place", [".", "..", "../Round1"])
def test_the_readers_own_definition_counts(course, place, monkeypatch, capsys):
    own = resources.Path.cwd() / place / "T.ipynb"
    write(own, (SET_UP, []), (HELPER.replace("by = 2", "by = 10"), ["define"]))
    assert functions_from("T")["rule"](0.2) == 2 and not capsys.readouterr().out


@pytest.mark.parametrize(
    ("mine", "problem"),
    [
        ("def helper(x):\n    return ...", "still has a blank"),
        ("def helper(x):\n    ...", "still has a blank"),
        ("helper = 1 / 0", "raises ZeroDivisionError (division by zero)"),
        ("def helper(x):\n    return 3\n\n\nassert helper(1) == 2, 'not double'", "(not double)"),
    ],
)
def test_an_unfinished_or_broken_definition_falls_back_to_the_courses(
    course, mine, problem, capsys
):
    write(resources.Path.cwd() / "T.ipynb", (SET_UP, []), (RULE, ["define"]), (mine, ["define"]))
    assert functions_from("T")["rule"](1) == 2
    said = capsys.readouterr().out
    assert (
        said.count("\n") == 1
        and problem in said
        and said.startswith("T: for helper the course's is used; yours ")
    )


def test_what_is_wrong_is_said_once_for_all_that_have_it(course, capsys):
    open_ones = [source.split("return")[0] + "return ..." for source in (HELPER, RULE)]
    cells = [(source, ["define"]) for source in open_ones]
    write(resources.Path.cwd() / "T.ipynb", (SET_UP, []), *cells)
    assert functions_from("T")["rule"](1) == 2
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and said.startswith("T: for ") and "rule" in said
    assert said.endswith("helper the course's is used; yours still has a blank\n"), said


def test_a_damaged_copy_does_not_matter(course):
    (resources.Path.cwd() / "T.ipynb").write_text("{")
    assert functions_from("T")["rule"](1) == 2


def test_a_missing_notebook_one_without_definitions_and_a_broken_cell_are_named(course):
    with pytest.raises(FileNotFoundError, match="Nowhere.ipynb is not part of this course"):
        functions_from("Nowhere")
    write(course / "Bare.ipynb", (SET_UP, []), (RULE, []))
    with pytest.raises(ValueError, match="Bare.ipynb defines nothing for others"):
        functions_from("Bare")
    write(course / "Bad.ipynb", (SET_UP, []), ("%matplotlib inline", ["define"]))
    with pytest.raises(SyntaxError):
        functions_from("Bad")


def test_the_rules_of_round_3_are_found():
    assert {"sgd", "adam", "prepare", "minimise"} <= set(functions_from("Round3_Optimizers"))
