"""The blanks of the notebooks: the course's own functions pass, wrong ones are named, and whatever
stands in a gap, a function that works is handed on.
"""

import ast
import json
import linecache
import textwrap
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from course_utils import blank, functions_from
from course_utils.contents import TORCH_SUFFIX, contents
from course_utils.exercises.blank import blanks_of, find_blank, the_course_s
from course_utils.exercises.check import judge
from course_utils.learner.blanks import stub
from course_utils.notebooks import code_cells, read_notebook
from course_utils.resources import HOME

ANSWERS = {
    path: import_module(path.stem)
    for path in sorted(Path(__file__).parent.glob("answers_blanks_*.py"))
}
WRONG = [answer for answers in ANSWERS.values() for answer in answers.WRONG]
RIGHT = [answer for answers in ANSWERS.values() for answer in answers.RIGHT]
STEMS = [name.split("/")[1] for pair in contents().pairs() for name in (pair.name, pair.twin)]
BLANKS = {stem: asked for stem in STEMS if (asked := blanks_of(stem))}
EVERY = [(stem, name) for stem, asked in BLANKS.items() for name in asked]


@cache
def definitions(stem):
    """Return (what the round's notebooks define for others, the compiled imports, functions and
    classes of the notebook ``stem``).
    """
    others, suffix = {}, "-PyTorch" if stem.endswith("-PyTorch") else ""
    for other in STEMS:
        if other.startswith(stem.split("_")[0]) and other.endswith(suffix):
            with suppress(ValueError):  # it defines nothing for others
                others |= functions_from(other)
    nodes = [
        node
        for source in code_cells(HOME / contents().file_of(stem))
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
    ]
    return others, [compile(ast.Module([node], []), stem, "exec") for node in nodes]


def space_of(stem):
    """Return the names that a blank of the notebook ``stem`` may use: what it imports, what it and
    the other notebooks of its round define. A space of its own: a blank's check changes the data.
    """
    space = {"loss_function": nn.MSELoss(), "scalar": functions_from("Round5_Tape")}
    others, own = definitions(stem)
    space |= others
    for code in own:
        with suppress(NameError):  # it needs the notebook's data to be defined
            exec(code, space)
    return space


def define(stem, source):
    """Return the last thing that ``source`` defines in the notebook ``stem``'s namespace."""
    source = textwrap.dedent(source)
    file = f"<blank {hash(source)}>"
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    space = space_of(stem)
    exec(compile(source, file, "exec"), space)
    return space[ast.parse(source).body[-1].name]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_no_helper_of_the_answers_has_anothers_name(path):
    """The second would serve both, and the first one's answers would test something else."""
    made = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            made.append(node.name)
        for target in node.targets if isinstance(node, ast.Assign) else ():
            made += [name.id for name in ast.walk(target) if isinstance(name, ast.Name)]
    assert sorted(made) == sorted(set(made))


def asked_for():
    """Return [(stem, name)] of what the notebooks' cells with the tag blank hand on."""
    found = []
    for pair in contents().pairs():
        for notebook in (pair.name, pair.twin):
            for cell in read_notebook(HOME / f"{notebook}.ipynb"):
                if cell.kind == "code" and "blank" in cell.tags:
                    names = [
                        node
                        for node in ast.walk(ast.parse(cell.source))
                        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "blank"
                    ]
                    assert names, f"{notebook}: a cell with the tag blank hands nothing on"
                    found += [(each.args[0].value, each.args[1].id) for each in names]
                    assert all(stem == notebook.split("/")[-1] for stem, _ in found[-len(names) :])
    return found


def test_each_blank_of_a_notebook_has_its_check_and_each_check_its_blank():
    assert sorted(asked_for()) == sorted(EVERY)


def test_a_notebook_has_four_to_seven_blanks_a_twin_two_at_least():
    for stem, asked in BLANKS.items():
        assert (2 if stem.endswith(TORCH_SUFFIX) else 4) <= len(asked) <= 7, stem


@pytest.mark.parametrize("stem, name", EVERY)
def test_the_course_s_own_function_is_right_and_has_three_known_mistakes(stem, name):
    asked = find_blank(stem, name)
    state, text = judge(name, asked, the_course_s(stem, name, space_of(stem)))
    assert state == "right", text
    assert len(asked.mistakes) >= 3


@pytest.mark.parametrize(
    "stem, name", [each for each in EVERY if each[0].startswith("Round3_Race")]
)
def test_what_is_left_open_is_not_done_yet(stem, name):
    state, text = judge(name, find_blank(stem, name), define(stem, f"def {name}(*_): return ..."))
    assert state == "not done", text


def test_a_switch_is_shown_as_it_is_written():
    function = define("Round1_Gradient-PyTorch", "def descend(empty_grad, steps=40): return [0.0]")
    asked = find_blank("Round1_Gradient-PyTorch", "descend")
    assert "empty_grad = True" in judge("descend", asked, function)[1]


LINES = [
    (stem, cell["id"], "".join(cell["source"]))
    for stem in STEMS
    for cell in json.loads((HOME / contents().file_of(stem)).read_text(encoding="utf-8"))["cells"]
    if cell["metadata"].get("blank") == "lines"
]


@pytest.mark.parametrize("stem, place, solved", LINES)
def test_lines_that_lie_as_they_were_handed_out_are_not_done_yet(stem, place, solved, capsys):
    for opened in (stub(solved, "lines", place), solved):
        tree = ast.parse(opened)
        last = [each for each in tree.body if isinstance(each, ast.FunctionDef)][-1]
        function = define(stem, "\n".join(opened.splitlines()[: last.end_lineno]))
        blank(stem, function)
        said, touched = capsys.readouterr().out, opened == solved
        assert ("not done yet; its lines lie as they came" in said) != touched, said
        assert (said == f"{last.name}: right\n") == touched, said


@pytest.mark.parametrize("stem, says, source", WRONG)
def test_a_wrong_answer_is_named(stem, says, source):
    function = define(stem, source)
    state, text = judge(function.__name__, find_blank(stem, function.__name__), function)
    assert state == "wrong" and says in " ".join(text.split()), text


@pytest.mark.parametrize("stem, source", RIGHT)
def test_another_way_is_right_too(stem, source):
    function = define(stem, source)
    state, text = judge(function.__name__, find_blank(stem, function.__name__), function)
    assert state == "right", text


def test_every_blank_has_three_wrong_answers_that_are_named():
    for stem, name in EVERY:
        named = [source for of, _, source in WRONG if of == stem and f" {name}" in source]
        assert len(named) >= 3, (stem, name)


def test_what_is_right_is_handed_on(capsys):
    mine = define("Round1_Gradient", "def mse(w): return np.mean(np.square(y.mean() + x * w - y))")
    assert blank("Round1_Gradient", mine) is mine
    assert capsys.readouterr().out == "mse: right\n"


@pytest.mark.parametrize(
    "source",
    [
        "mse = lambda w: np.mean((y.mean() + w * x - y) ** 2)",
        """
        class Loss:
            def __call__(self, w):
                return np.mean((y.mean() + w * x - y) ** 2)

        mse = Loss()
        """,
    ],
)
def test_what_bears_no_name_is_known_by_what_the_notebook_calls_it(source, capsys):
    space = {"np": np, "blank": blank, "__name__": "__main__"}
    exec(f"{textwrap.dedent(source)}\nmine = mse\nmse = blank('Round1_Gradient', mse)", space)
    assert space["mse"] is space["mine"] and capsys.readouterr().out == "mse: right\n"


@pytest.mark.parametrize(
    "body", ["...", "return ...", "return np.mean(y.mean() + w * x - y)", "1 / 0"]
)
def test_otherwise_the_course_s_stands_in_with_the_notebook_s_data(body, capsys):
    space = globals() | {"blank": blank, "x": np.array([1.0, 2.0]), "y": np.array([0.0, 1.0])}
    exec(f"def mse(w): {body}\nmse = blank('Round1_Gradient', mse)", space)
    assert space["mse"](0.5) == 0.625
    said = capsys.readouterr().out
    assert said.startswith(("mse: not done yet", "mse: not right yet"))
    assert said.endswith("Until then the course's mse stands in for it.\n")


def test_the_notebook_s_own_data_are_put_back():
    space = globals() | {"x": "mine"}
    exec("def mse(w): return np.mean((y.mean() + w * x - y) ** 2)", space)
    judge("mse", find_blank("Round1_Gradient", "mse"), space["mse"])
    assert space["x"] == "mine" and "y" not in space


def test_another_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="asks for no function 'loss'; it asks for mse, gradient"):
        blank("Round1_Gradient", define("Round1_Gradient", "def loss(w): return 0"))
    with pytest.raises(ValueError, match="Round9_Attention asks for no function"):
        blank("Round9_Attention", print)
