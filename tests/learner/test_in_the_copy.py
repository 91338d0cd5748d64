"""Notebooks that lie in a learner's copy: they find the data, the course's records, and what the
learner wrote.
"""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils import find, functions_from, resources
from course_utils.checkpoints import NUMPY, Twin, _numpy_side
from course_utils.learner.workspace import update

CHECKED = '''from types import SimpleNamespace


def blank(name, function):
    """Stands for the check: right is what doubles; else the course's is handed on."""
    print("checked", name)
    return function if function(2) == 4 else (lambda x: 2 * x)
'''
DOUBLE = '''def double(x):
    """Twice."""
    return 2 * x


double = blank("1.double", double)'''
CELLS = [("code", "from checks import blank", {}), ("code", DOUBLE, {"tags": ["define", "blank"]})]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A copy of the true course, and in it the folder of Round 1."""
    update(tmp_path)
    monkeypatch.chdir(tmp_path / "Round1")
    return tmp_path


def test_data_and_records_come_from_the_course(mine):
    assert find("Dataset/penguins.csv") == resources.HOME / "Dataset/penguins.csv"
    assert find("Round4/board.py") == mine / "Round4/board.py"
    assert resources.beside("Round1/Round1_Gradient.ipynb") == mine / "Round1/Round1_Gradient.ipynb"
    stored, whose = _numpy_side("Round1_Gradient")  # the learner's is not run yet
    assert stored and whose == NUMPY
    assert Twin("Round1_Gradient-PyTorch")._theirs == stored


def test_exercises_run_in_the_copy_and_a_right_answer_is_accepted(mine):
    path = mine / "Round1/Round1_Exercises.ipynb"
    solved = nbformat.read(resources.HOME / "Round1/solutions/Round1_Solutions.ipynb", 4)
    answers = {cell.id: cell.source for cell in solved.cells}
    book = nbformat.read(path, 4)
    setup, first, check, second, check_second = [c for c in book.cells if c.cell_type == "code"][:5]
    setup.source = setup.source.replace("import torch\n", "")  # which takes its time
    first.source = answers[first.id]
    book.cells = [setup, first, check, second, check_second]
    NotebookClient(book, resources={"metadata": {"path": str(path.parent)}}).execute()
    said = [cell.outputs[0].text.split("\n")[0] for cell in (check, check_second)]
    assert said == ["1.1 log_cosh_loss: right", "1.2 log_cosh_gradient: not done yet"]
    nbformat.write(book, path)
    before = path.read_bytes()
    assert not update(mine).replaced and path.read_bytes() == before


@pytest.fixture
def doubled(course, monkeypatch, tmp_path):
    """A course with a checked blank in a cell that later rounds run, and a copy of it."""
    (tmp_path / "checks.py").write_text(CHECKED)
    monkeypatch.syspath_prepend(tmp_path)
    course.change("Round1/Round1_Down.ipynb", CELLS)
    for module in ("resources", "learner.definitions"):
        monkeypatch.setattr(f"course_utils.{module}.HOME", course.home)
    names = {"Round1_Down": "Round1/Round1_Down.ipynb"}
    contents = type("Contents", (), {"file_of": lambda self, stem: names[stem]})
    monkeypatch.setattr("course_utils.learner.definitions.contents", contents)
    update(course.mine)
    monkeypatch.chdir(course.mine / "Round1")
    return course


@pytest.mark.parametrize(
    ("body", "result", "said"),
    [
        ("return x + x", 10, ""),
        ("return ...", 10, "still has a blank"),
        ("return 3 * x", 10, "is not right yet"),
        ("return x[..., 0] if x is None else x + x", 10, ""),
        ("raise KeyError(x)", 10, "raises KeyError"),
    ],
)
def test_a_later_round_takes_the_learners_own_if_its_check_does(
    doubled, capsys, body, result, said
):
    doubled.edit("Round1/Round1_Down.ipynb", c1=DOUBLE.replace("return 2 * x", body))
    double = functions_from("Round1_Down")["double"]
    told = capsys.readouterr().out
    assert double(5) == result
    assert ("x + x" in body) == (double.__code__.co_filename == "your notebook")
    assert told.count("\n") == bool(said) and said in told
    assert not said or told.startswith("Round1_Down: for double ")


def test_the_course_s_own_blanks_are_not_checked_again(doubled, capsys):
    os.unlink(doubled.mine / "Round1/Round1_Down.ipynb")
    assert functions_from("Round1_Down")["double"](5) == 10 and not capsys.readouterr().out
