"""What is done in a learner's copy, read from its files, and what is next."""

import json

import pytest

from course_utils.learner.progress import done_in, in_words, progress
from course_utils.learner.workspace import update

DOWN = "Round1/Round1_Down.ipynb"
RIGHT = '''def loss(weight):
    """The loss."""
    error = weight - 1
    return error**2'''
LINES = """def walk(weight):
    a(weight)
    b(weight)
    return weight


walk = blank("1.walk", walk)"""
BOTH = "def up(x):\n    return x + 1\n\n\ndef down(x):\n    return x - 1"


@pytest.fixture
def copy(course):
    update(course.mine)
    return course


def test_what_was_handed_out_is_not_done(copy):
    done = done_in(copy.mine, "Round1_Down")
    assert done.blanks == {"loss": False} and done.guesses == {"'the loss'": False}
    assert (done.ran, done.cells, done.next()) == (0, 5, "the blank loss")


@pytest.mark.parametrize(
    ("source", "done"),
    [
        (RIGHT, True),
        (RIGHT + '\n\n\nloss = blank("1.loss", loss)', True),
        (RIGHT.replace("error**2", "x[..., 0]"), True),
        (RIGHT.replace("error**2", "error * ..."), False),
        (RIGHT.replace("error**2", "(error"), False),
        ("", False),
        ("def other():\n    return 1", False),
    ],
)
def test_a_blank_is_done_when_nothing_in_it_is_open(copy, source, done):
    copy.edit(DOWN, c2=source)
    assert done_in(copy.mine, DOWN).blanks == {"loss": done}


def test_an_answer_in_another_cell_counts_and_the_last_one_does(copy):
    copy.edit(DOWN, c5=RIGHT)
    assert done_in(copy.mine, DOWN).blanks == {"loss": True}
    copy.edit(DOWN, c2=RIGHT, c5="def loss(weight): ...")
    assert done_in(copy.mine, DOWN).blanks == {"loss": False}


@pytest.mark.parametrize(
    ("source", "done"),
    [
        ('guess("the loss", 5)', True),
        ("guess('the loss', 1 / 2)", True),
        ('guess("the loss", ...)', False),
        ('guess("another", 5)', False),
        ("# no more", False),
    ],
)
def test_a_guess_is_made_when_something_stands_there(copy, source, done):
    copy.edit(DOWN, c3=source)
    assert done_in(copy.mine, DOWN).guesses == {"'the loss'": done}


def test_lines_are_done_when_they_stand_in_another_order(course):
    course.change(DOWN, [("code", LINES, {"tags": ["blank"], "blank": "lines"})])
    update(course.mine)
    handed_out = course.sources(DOWN)[0]
    assert done_in(course.mine, DOWN).blanks == {"walk": False}
    course.edit(DOWN, c0=handed_out.replace("# Put", "# I put").replace("a(weight)", "a( weight)"))
    assert done_in(course.mine, DOWN).blanks == {"walk": False}
    course.edit(DOWN, c0=LINES)
    assert done_in(course.mine, DOWN).blanks == {"walk": True}


def test_a_cell_with_two_functions_is_one_blank(course):
    course.change(DOWN, [("code", BOTH, {"tags": ["blank"]})])
    update(course.mine)
    course.edit(DOWN, c0=BOTH.replace("x - 1", "..."))
    assert done_in(course.mine, DOWN).blanks == {"up, down": False}
    course.edit(DOWN, c0=BOTH)
    assert done_in(course.mine, DOWN).blanks == {"up, down": True}


def test_exercises_are_blanks_without_a_tag(course):
    course.change("Round1/Round1_Exercises.ipynb", [("code", "def f(x):\n    return ...", {})])
    update(course.mine)
    assert done_in(course.mine, "Round1_Exercises").blanks == {"f": False}


def test_what_is_next_moves_through_the_course(copy):
    assert "Next: Round1/Round1_Down.ipynb, the blank loss" in in_words(copy.mine)
    copy.edit(DOWN, c2=RIGHT)
    assert "1 of 1 blanks, 0 of 1 guesses, 0 of 5 cells run" in in_words(copy.mine)
    assert "Next: Round1/Round1_Down.ipynb, the guess 'the loss'" in in_words(copy.mine)
    copy.edit(DOWN, c3='guess("the loss", 1)')
    told = "Next: Round1/Round1_Down-PyTorch.ipynb, "
    assert told + "read it, and run its cells" in in_words(copy.mine)
    copy.run("Round1/Round1_Down-PyTorch.ipynb")
    copy.run("Round1/Round1_Exercises.ipynb")
    assert "All of it is done." in in_words(copy.mine)
    (copy.mine / DOWN).write_text("{")
    text = in_words(copy.mine)
    assert "cannot be read" in text and "Next: Round1/Round1_Down.ipynb, the blank" in text


def test_a_notebook_that_was_run_in_part_is_next(copy):
    path = copy.mine / "Round1/Round1_Exercises.ipynb"
    book = json.loads(path.read_text())
    cell = book["cells"][0]
    book["cells"] = [cell | {"execution_count": 1, "id": "a"}, cell | {"id": "b"}]
    copy.change("Round1/Round1_Exercises.ipynb", [("code", "x = 1", {}), ("code", "y = 1", {})])
    path.write_text(json.dumps(book))
    assert done_in(copy.mine, "Round1_Exercises").next() == "the cells that are not run yet"


def test_progress_finds_the_copy_that_its_notebook_lies_in(copy, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(copy.mine / "Round1")
    progress()
    assert f"Your course, in {copy.mine}:" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    progress()
    assert "python -m course_utils edition makes it" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_HOME", str(copy.mine))
    progress()
    assert f"Your course, in {copy.mine}:" in capsys.readouterr().out
    progress(copy.mine)
    assert f"Your course, in {copy.mine}:" in capsys.readouterr().out
