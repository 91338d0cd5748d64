"""course_utils.reuse: functions straight out of a notebook's file, and nothing else of it."""

import json

import pytest

from course_utils import reuse

CELLS = [
    "import numpy as np\nraise RuntimeError('a cell that is not a definition was run')",
    "LIMIT = 3\nlower = 4\n\n\ndef rule(x):\n    return np.minimum(LIMIT, helper(x))",
    (
        "class Unwanted:\n    ran = print('the body of a class was run')\n\n\ndef helper(x):\n   "
        " return 2 * x\n\n\nprint(rule(1))"
    ),
]


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A function that writes code cells into the notebook that every stem leads to, beside one of
    prose.
    """
    path = tmp_path / "Round9_Test.ipynb"
    monkeypatch.setattr(reuse, "notebook_path", lambda stem: tmp_path / f"{stem}.ipynb")

    def write(cells):
        code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
        path.write_text(
            json.dumps({"cells": [{"cell_type": "markdown", "source": ["def prose("]}, *code]}),
            encoding="utf-8",
        )

    return write


def test_functions_see_each_other_and_the_constants_and_nothing_else_is_run(notebook, capsys):
    notebook(CELLS)
    found = reuse.functions_from("Round9_Test")
    assert set(found) == {"rule", "helper"}
    assert found["rule"](1) == 2 and found["rule"](5) == 3
    assert "lower" not in found["rule"].__globals__ and capsys.readouterr().out == ""


def test_a_changed_notebook_gives_the_changed_function(notebook):
    notebook(CELLS)
    before = reuse.functions_from("Round9_Test")["helper"]
    notebook([cell.replace("2 * x", "7 * x") for cell in CELLS])
    assert reuse.functions_from("Round9_Test")["helper"](1) == 7
    assert before(1) == 2


def test_two_notebooks_share_one_namespace(notebook, tmp_path):
    notebook(CELLS[1:2])
    cell = {"cell_type": "code", "source": ["def helper(x):\n", "    return -x"]}
    (tmp_path / "Round9_More.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    assert reuse.functions_from("Round9_Test", "Round9_More")["rule"](1) == -1


def test_a_missing_notebook_and_a_broken_cell_are_named(notebook):
    with pytest.raises(FileNotFoundError, match="Round9_Nowhere"):
        reuse.functions_from("Round9_Nowhere")
    notebook(["%matplotlib inline"])
    with pytest.raises(SyntaxError):
        reuse.functions_from("Round9_Test")


def test_the_rules_of_round_3_are_found():
    assert {"sgd", "adam", "prepare"} <= set(reuse.functions_from("Round3_Optimizers"))
