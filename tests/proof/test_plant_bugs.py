"""The tool that plants bugs: each operator makes exactly the mistake it names, and the right judge
catches it.
"""

import ast
import json
import sys
from pathlib import Path

import pytest
from bugs import BOTH_SIDES, ONE_SIDE, Planted, sample, spots
from plant_bugs import plant, report, run_jobs, wilson
from prove import THE_COURSE
from running import failed, run_notebook, unreached_arms

from course_utils.exercises.blank import STANDS_IN
from course_utils.resources import HOME

needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="processes with loaded libraries are forked"
)


def mistakes(source):
    """Return {operator: what each of its bugs makes of ``source``}."""
    found = {}
    for bugs in spots(source):
        for bug in bugs:
            found.setdefault(bug.operator, []).append(bug.plant(source))
    return found


#: (operator, a cell, what all its bugs of this kind make of it)
OPERATORS = [
    ("arithmetic operator swapped", "f(a) + 1", ["f(a) - 1"]),
    ("arithmetic operator swapped", "e = (a - b) * c", ["e = (a - b) / c", "e = (a + b) * c"]),
    ("arithmetic operator swapped", "e = a**2", ["e = a*2"]),
    ("a factor dropped", "e = (a - b) * c", ["e = (a - b)", "e = c"]),
    ("a term dropped", "e = a + (b)", ["e = a", "e = (b)"]),
    ("a divisor dropped", "e = 2 / len(y)", ["e = 2"]),
    ("a power dropped", "e = np.mean((a - b) ** 2)", ["e = np.mean((a - b))"]),
    ("two operands swapped", "e = (a) - b", ["e = b - (a)"]),
    ("an operand transposed", "g = X.T @ e", ["g = X @ e", "g = X.T @ e.T"]),
    ("an operand transposed", "g = (X + 1).T @ e", ["g = (X + 1) @ e", "g = (X + 1).T @ e.T"]),
    ("sign flipped", "g = 2 * f(x)", ["g = -2 * f(x)", "g = -2 * f(x)"]),
    ("sign flipped", "g = -(x)", ["g = (x)"]),
    ("sign flipped", "g = f(-3)", ["g = f(3)"]),
    (
        "sign flipped",
        "def f():\n    return g(1.5)",
        ["def f():\n    return -g(1.5)", "def f():\n    return g(-1.5)"],
    ),
    (
        "comparison changed",
        "e = 0 <= a < b",
        ["e = 0 < a < b", "e = 0 >= a < b", "e = 0 <= a <= b", "e = 0 <= a > b"],
    ),
    ("comparison changed", "e = a not  in b", ["e = a in b"]),
    ("comparison changed", "e = a == b  # or a < b", ["e = a != b  # or a < b"]),
    ("a number changed", "f(4)", ["f(5)", "f(8)", "f(2)"]),
    ("a number changed", "f(0.1)", ["f(0.11)", "f(0.05)"]),
    ("a number changed", "f(0)", ["f(1)", "f(2)"]),
    ("a keyword's number changed", "f(a=1)", ["f(a=2)", "f(a=0.5)"]),
    ("True and False swapped", "f(a=True)", ["f(a=False)"]),
    ("an axis changed", "f(X, axis=1)", ["f(X, axis=0)"]),
    ("an index moved by one", "e = a[-1]", ["e = a[-2]"]),
    ("an index moved by one", "e = a[0, 2]", ["e = a[1, 2]", "e = a[0, 3]", "e = a[0, 1]"]),
    ("an index moved by one", "e = a[:k]", ["e = a[:k + 1]", "e = a[:k - 1]"]),
    ("an index moved by one", "e = a[1:]", ["e = a[2:]", "e = a[0:]"]),
    (
        "mean became sum",
        "e = np.mean(x) + x.mean()",
        ["e = np.sum(x) + x.mean()", "e = np.mean(x) + x.sum()"],
    ),
    ("max became min", "e = max(x)", ["e = min(x)"]),
    ("float64 became float32", "f(dtype=torch.float64)", ["f(dtype=torch.float32)"]),
    (
        "no_grad became enable_grad",
        "with torch.no_grad():\n    f()",
        ["with torch.enable_grad():\n    f()"],
    ),
    ("sqrt dropped", "e = np.sqrt(a + b) * c", ["e = (a + b) * c"]),
    ("abs dropped", "e = (a - b).abs().max()", ["e = (a - b).max()"]),
    ("clone dropped", "e = torch.zeros(3).clone()", ["e = torch.zeros(3)"]),
    ("a transpose dropped", "e = (a - b).T", ["e = (a - b)"]),
    (
        "a statement removed",
        "optimizer.zero_grad()\nx -= g(1)",
        ["pass\nx -= g(1)", "optimizer.zero_grad()\npass"],
    ),
    ("a statement removed", "x = f(x)\nz = f(y)", ["pass\nz = f(y)"]),
    ("an update became +=", "x -= g", ["x += g"]),
    ("an update became =", "x -= g", ["x = g"]),
    ("two arguments swapped", "f(a, b, 1)", ["f(b, a, 1)"]),
    ("two arguments swapped", 'load(("mass", "length"))', None),
    ("two elements swapped", 'load(("mass", "length"))', ['load(("length", "mass"))']),
    ("two elements swapped", "a, b = f()", ["b, a = f()"]),
    ("a keyword forgotten", "f(X, rng=rng, axis=(0))", ["f(X, axis=(0))", "f(X, rng=rng)"]),
    ("a range one shorter", "f(range(n))", ["f(range(n - 1))"]),
    ("a range one shorter", "f(range(2, 9, 3))", ["f(range(2, 8, 3))"]),
    ("and and or swapped", "e = a and b or c", ["e = a and b and c", "e = a or b or c"]),
    ("condition negated", "if a < b:\n    f()", ["if not (a < b):\n    f()"]),
    ("condition negated", "e = [a for a in b if c(a)]", ["e = [a for a in b if not (c(a))]"]),
    ("condition negated", "e = not a", ["e =  a"]),
    (
        "another name: x became y",
        "def f(x, y):\n    return g(x * y)",
        ["def f(x, y):\n    return g(y * y)"],
    ),
    (
        "another key",
        "e = row['aa'] + row[\"bb\"]",
        ["e = row['bb'] + row[\"bb\"]", "e = row['aa'] + row[\"aa\"]"],
    ),
    (
        "a number changed",
        'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
        [
            'print(f"ü {{}} {f(3):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
            'print(f"ü {{}} {f(4):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
            'print(f"ü {{}} {f(1):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
            'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(4)}")  # 4',
            'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(6)}")  # 4',
            'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(1.5)}")  # 4',
        ],
    ),
]


@pytest.mark.parametrize("operator, source, expected", OPERATORS)
def test_each_operator_makes_exactly_its_mistake(operator, source, expected):
    assert sorted(mistakes(source).get(operator, [])) == sorted(expected or [])


NOTHING = [
    "import numpy as np",
    "use_style()",
    'twin = Twin("Round1_Mini")',
    "torch.set_num_threads(1)",
    'plt.text(3.1, 2 * 0.4, f"w = {w + 1}", color=PALETTE["red"], lw=2)',
    "plt.xlim(-3, 3.9)",
    "ax.set(xlim=(0, 1), title='a')",
    "fig, axes = plt.subplots(1, 2, figsize=(7.0, 3.3))",
    "axes[0].axhline(y, lw=2, color=PALETTE[colour])",
    'show("A line through 3 points.")',
    'twin.check(f"loss {1 + 1}", loss, digits=4, rtol=1e-6, reason="rounding")',
    'raise ValueError(f"{n + 1} is too much")',
    'print("a", "bc")',
    'for x, y, text in ((0.1, 0.3, "here"), (0.9, 0.5, "there")):\n    plt.text(x, y, text)',
]


@pytest.mark.parametrize("source", NOTHING)
def test_style_words_and_settings_are_no_spots(source):
    assert spots(source) == []


def test_what_is_drawn_is_data_but_not_how():
    source = 'ax.plot(w, X @ w - y, dash, lw=2, color=PALETTE["red"])'
    found = mistakes(source)
    assert found["arithmetic operator swapped"] == [
        'ax.plot(w, X @ w + y, dash, lw=2, color=PALETTE["red"])'
    ]
    assert "another name: w became y" in found
    assert not any("a number changed" in operator or "dash" in operator for operator in found)


def test_checks_record_data_and_set_up_cells_draw_from_seeds():
    assert mistakes('twin.check("loss", f(2))')["a number changed"][0] == 'twin.check("loss", f(3))'
    assert (
        "rng = np.random.default_rng(8)"
        in mistakes("rng = np.random.default_rng(7)")["a number changed"]
    )


# --- the sample -----------------------------------------------------------------------------------


def notebook(path, *sources):
    """Write a notebook of these code cells, without outputs, and return its path."""
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    return path


def test_the_same_seed_draws_the_same_bugs_and_a_small_sample_begins_a_large_one(tmp_path):
    shared = "c = a * b\nd = np.mean(c[1:])"
    notebook(tmp_path / "Round1/Round1_Mini.ipynb", "a = 1 + x", shared)
    notebook(tmp_path / "Round1/Round1_Mini-PyTorch.ipynb", "a = x - 1", "b = 2", shared)
    one, both = sample(tmp_path, ["Round1/Round1_Mini"])
    assert (one, both) == sample(tmp_path, ["Round1/Round1_Mini"])
    assert one != sample(tmp_path, ["Round1/Round1_Mini"], seed=1)[0]
    assert sample(tmp_path, ["Round1/Round1_Mini"], 3, 2) == (one[:3], both[:2])
    assert {planted.cells for planted in both} == {
        (("Round1/Round1_Mini", 2), ("Round1/Round1_Mini-PyTorch", 3))
    }
    assert {planted.source for planted in one} == {"a = 1 + x", "a = x - 1", "b = 2"}


def test_the_sample_is_large_enough_and_every_bug_in_it_is_python():
    assert ONE_SIDE >= 320 and BOTH_SIDES >= 110
    one, both = sample(HOME, THE_COURSE.pairs[:2])  # the others take longer and are no different
    assert (len(one), len(both)) == (ONE_SIDE, BOTH_SIDES)
    for planted in one + both:
        ast.parse(planted.bug.plant(planted.source))


def test_wilson_intervals():
    for count, low, high in ((0, 0.0, 0.2775), (5, 0.2366, 0.7634), (10, 0.7225, 1.0)):
        assert wilson(count, 10) == pytest.approx((low, high), abs=1e-4)


# --- running --------------------------------------------------------------------------------------


def in_a_process(work):
    """Return what ``work()`` returns, from a process of its own: notebooks leave traces where they
    run.
    """
    answers = []
    run_jobs([lambda send: send(work())], 1, answers.append)
    return answers[0]


@needs_linux
def test_a_notebook_runs_as_in_jupyter(tmp_path):
    (tmp_path / "beside.py").write_text("THREE = 3")
    path = notebook(
        tmp_path / "some.ipynb",
        "from IPython.display import display\nprint('a')\nhandle = display('b',"
        " display_id=True)\nprint('c')",
        "handle.update('d')\nget_ipython().events.register('post_run_cell', lambda _:"
        " print('end'))\nimport beside",
        "beside.THREE",
        "1 / 0",
        "print('never')",
    )
    outputs = in_a_process(lambda: [outputs for _, outputs in run_notebook(path)])
    said = [
        [output.get("text") or output.get("data", {}).get("text/plain") for output in cell]
        for cell in outputs
    ]
    assert said == [["a\n", "'d'", "c\n"], ["end\n"], ["3", "end\n"], [None, "end\n"]]
    assert outputs[2][0]["output_type"] == "execute_result"
    assert failed(outputs[3]) == "ZeroDivisionError: division by zero"


@needs_linux
def test_arms_that_nothing_reaches_are_named(tmp_path):
    path = notebook(
        tmp_path / "some.ipynb",
        "def f(x):\n    if x > 1:\n        y = 2\n    elif x > 0:\n        y = 3 if x else 4\n   "
        " else:\n        raise ValueError\n    return y",
        "f(1)\nfor i in []:\n    print(i)\ng = lambda: 5",
    )
    arms = in_a_process(lambda: unreached_arms(path))
    assert arms == [
        [1, 3, "if", "y = 2"],
        [1, 5, "else, in an expression", "4"],
        [2, 3, "loop", "print(i)"],
        [2, 4, "lambda", "5"],
    ]


# --- planting -------------------------------------------------------------------------------------


#: A cell that says what a blank's check says of a wrong function.
CHECKED = f"print('f: right' if len('a') + 1 == 2 else 'the f of the course {STANDS_IN}.')"


@pytest.fixture
def mini_course(tmp_path):
    """A pair of executed notebooks; the processes that their last cells start would outlive
    them.
    """
    for suffix in ("", "-PyTorch"):
        path = notebook(
            tmp_path / f"Round1/Round1_Mini{suffix}.ipynb",
            "from course_utils import Twin\ntwin ="
            f" Twin('Round1_Mini{suffix}')\nprint('{suffix or 'NumPy'} has', 3 + 4)",
            f"two = {'1.0 + 1' if suffix else '2.0'}\nother = str(5)\n_unused = 7",
            "twin.check('two', two)\nprint(other)",
            CHECKED if not suffix else "checked = 1",
            "import subprocess\nsleeper = subprocess.Popen(['sleep', '7391'])",
        )
        outputs = in_a_process(lambda path=path: [outputs for _, outputs in run_notebook(path)])
        book = json.loads(path.read_text())
        for cell, shown in zip(book["cells"], outputs, strict=True):
            cell["outputs"] = shown
        path.write_text(json.dumps(book))
    return tmp_path


def planted(places, source, old, new):
    """The bug in ``source`` that makes ``new`` of ``old``."""
    wanted = source.replace(old, new)
    return next(
        Planted(places, source, bug)
        for bugs in spots(source)
        for bug in bugs
        if bug.plant(source) == wanted
    )


@needs_linux
def test_bugs_are_caught_by_the_twins_by_stored_outputs_or_by_nothing(mini_course):
    numpy, torch = "Round1/Round1_Mini", "Round1/Round1_Mini-PyTorch"
    # A name with a line in front, and a text, are no numbers that twins would share.
    source, twins = (
        "two = 2.0\nother = str(5)\n_unused = 7",
        "two = 1.0 + 1\nother = str(5)\n_unused = 7",
    )
    shared = "twin.check('two', two)\nprint(other)"
    start = "from course_utils import Twin\ntwin = Twin('Round1_Mini')\nprint('NumPy has', 3 + 4)"
    one = [
        planted(((numpy, 2),), source, "2.0", "2.2"),
        planted(((torch, 2),), twins, "1.0 + 1", "1.0"),
        planted(((numpy, 1),), start, "3 + 4", "3 - 4"),
        planted(((torch, 2),), twins, "7", "8"),
        planted(((numpy, 4),), CHECKED, "+ 1", "- 1"),
    ]
    both = [planted(((numpy, 3), (torch, 3)), shared, "print(other)", "print(two)")]
    verdicts = plant(mini_course, [numpy], one, both)
    assert [verdict for verdict, *_ in verdicts] == [
        "twins",
        "twins",
        "outputs",
        "nothing",
        "blanks",
        "outputs",
    ]
    assert not [
        path for path in Path("/proc").glob("[0-9]*/cmdline") if b"sleep\x007391" in read(path)
    ]
    text, caught = report(one, both, verdicts)
    assert (
        "caught by the twins         2    40.0%" in text
        and "caught                      1   100.0%" in text
    )
    assert (
        "nothing: Round1/Round1_Mini-PyTorch, code cell 2: a number changed\n    - _unused = 7\n"
        in text
    )
    assert "+ two = 2.2" in caught and "+ two = 2.2" not in text


def read(path):
    try:
        return path.read_bytes()
    except OSError:  # the process has ended meanwhile
        return b""
