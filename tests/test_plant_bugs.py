"""The tool that plants bugs: each operator makes exactly the mistake it names, drawing is left alone, samples repeat."""

import ast
import json

import pytest
from plant_bugs import sample, spots
from prove import PAIRS, ROOT


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
    ("sign flipped", "def f():\n    return g(1.5)", ["def f():\n    return -g(1.5)", "def f():\n    return g(-1.5)"]),
    ("comparison changed", "e = 0 <= a < b", ["e = 0 < a < b", "e = 0 >= a < b", "e = 0 <= a <= b", "e = 0 <= a > b"]),
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
    ("mean became sum", "e = np.mean(x) + x.mean()", ["e = np.sum(x) + x.mean()", "e = np.mean(x) + x.sum()"]),
    ("max became min", "e = max(x)", ["e = min(x)"]),
    ("float64 became float32", "f(dtype=torch.float64)", ["f(dtype=torch.float32)"]),
    ("no_grad became enable_grad", "with torch.no_grad():\n    f()", ["with torch.enable_grad():\n    f()"]),
    ("sqrt dropped", "e = np.sqrt(a + b) * c", ["e = (a + b) * c"]),
    ("abs dropped", "e = (a - b).abs().max()", ["e = (a - b).max()"]),
    ("clone dropped", "e = torch.zeros(3).clone()", ["e = torch.zeros(3)"]),
    ("a transpose dropped", "e = (a - b).T", ["e = (a - b)"]),
    ("a statement removed", "optimizer.zero_grad()\nx -= g(1)", ["pass\nx -= g(1)", "optimizer.zero_grad()\npass"]),
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
    ("another name: x became y", "def f(x, y):\n    return np.mean(x * y)", ["def f(x, y):\n    return np.mean(y * y)"]),
    ("another key", "e = row['aa'] + row[\"bb\"]", ["e = row['bb'] + row[\"bb\"]", "e = row['aa'] + row[\"aa\"]"]),
    ("a number changed", 'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
     ['print(f"ü {{}} {f(3):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
      'print(f"ü {{}} {f(4):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
      'print(f"ü {{}} {f(1):9.6f}" " and {2}"\n      f"{x!r} {g(3)}")  # 4',
      'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(4)}")  # 4',
      'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(6)}")  # 4',
      'print(f"ü {{}} {f(2):9.6f}" " and {2}"\n      f"{x!r} {g(1.5)}")  # 4']),
]  # fmt: skip


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
    assert found["arithmetic operator swapped"] == ['ax.plot(w, X @ w + y, dash, lw=2, color=PALETTE["red"])']
    assert "another name: w became y" in found
    assert not any("a number changed" in operator or "dash" in operator for operator in found)


def test_checks_record_data_and_set_up_cells_draw_from_seeds():
    assert mistakes('twin.check("loss", f(2))')["a number changed"][0] == 'twin.check("loss", f(3))'
    assert "rng = np.random.default_rng(8)" in mistakes("rng = np.random.default_rng(7)")["a number changed"]


# --- the sample ------------------------------------------------------------------------------------------------------


def notebook(path, *sources):
    """Write a notebook of these code cells, without outputs."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def test_the_same_seed_draws_the_same_bugs_and_a_small_sample_begins_a_large_one(tmp_path):
    shared = "c = a * b\nd = np.mean(c[1:])"
    notebook(tmp_path / "Round1/Round1_Mini.ipynb", "a = 1 + x", shared)
    notebook(tmp_path / "Round1/Round1_Mini-PyTorch.ipynb", "a = x - 1", "b = 2", shared)
    one, both = sample(tmp_path, ["Round1/Round1_Mini"])
    assert (one, both) == sample(tmp_path, ["Round1/Round1_Mini"])
    assert one != sample(tmp_path, ["Round1/Round1_Mini"], seed=1)[0]
    assert sample(tmp_path, ["Round1/Round1_Mini"], 3, 2) == (one[:3], both[:2])
    assert {planted.cells for planted in both} == {(("Round1/Round1_Mini", 2), ("Round1/Round1_Mini-PyTorch", 3))}
    assert {planted.source for planted in one} == {"a = 1 + x", "a = x - 1", "b = 2"}


def test_every_bug_in_the_course_is_python():
    for planted in (bug for bugs in sample(ROOT, PAIRS, 400, 100, seed=3) for bug in bugs):
        ast.parse(planted.bug.plant(planted.source))
