"""What the learner's edition leaves out of a proved cell, and that nothing else changes."""

import ast
import json
import re

import nbformat
import pytest
from small_course import notebook

from course_utils.contents import contents
from course_utils.learner import blanks
from course_utils.learner.blanks import is_open, learners_cell, learners_notebook, stub
from course_utils.learner.edition import notebooks
from course_utils.resources import HOME

TWO = '''RATE = 0.1


def loss(weight):  # the header
    """The loss."""
    error = weight - 1  # how far

    return error**2


@decorated
def step(
    weight,  # where we are
    rate=RATE,
):
    # first the slope
    slope = 2 * (weight - 1)
    return weight - rate * slope
    # that was it


loss, step = blank("1.both", loss, step)
print("é", loss(1))'''

MODEL = """class Line(nn.Module):
    features = 1

    def __init__(self, n):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n))

    def forward(self, X):
        return X @ self.weight


Line = blank("2.line", Line)"""

LOOP = '''def descend(weight, steps):
    """Walk."""
    walk = [weight]
    for number in range(steps):
        # empty it
        optimizer.zero_grad()
        value = loss(
            weight
        )
        value.backward()
        optimizer.step()
    else:
        done()
        said()
    return weight, walk'''


def cell(source, *tags, **metadata):
    return notebook([("code", source, {"tags": list(tags)} | metadata)])["cells"][0]


def opened(source, *tags, **metadata):
    return learners_cell(cell(source, *tags, **metadata))["source"]


# --- The modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("metadata", [{}, {"blank": "empty"}])
def test_an_empty_blank_keeps_the_first_lines_and_what_follows(metadata):
    assert (
        opened(TWO, "blank", **metadata)
        == '''RATE = 0.1


def loss(weight):  # the header
    """The loss."""
    return ...


@decorated
def step(
    weight,  # where we are
    rate=RATE,
):
    return ...


loss, step = blank("1.both", loss, step)
print("é", loss(1))'''
    )


def test_the_last_line_is_missing():
    assert opened(TWO, "blank", blank="last") == TWO.replace("error**2", "...").replace(
        "    return weight - rate * slope\n    # that was it", "    return ..."
    )
    source = "def f(x):\n    for k in x:\n        y += k\n    if y:\n        y = 2\n        z = 3"
    assert stub(source, "last") == "def f(x):\n    for k in x:\n        y += k\n    ..."
    assert stub("def f(x):\n    x += 1", "last") == "def f(x):\n    ..."
    assert stub("def f(x):\n    y = 1; return y", "last") == "def f(x):\n    y = 1;\n    return ..."


def test_a_class_loses_the_bodies_of_its_methods():
    assert opened(MODEL, "blank") == MODEL.replace(
        "super().__init__()\n        self.weight = nn.Parameter(torch.zeros(n))", "..."
    ).replace("X @ self.weight", "...")
    assert opened(MODEL, "blank", blank="last") == MODEL.replace(
        "self.weight = nn.Parameter(torch.zeros(n))", "..."
    ).replace("X @ self.weight", "...")


def test_lines_stand_in_another_order_and_each_block_keeps_its_own():
    mixed = opened(LOOP, "blank", blank="lines")
    head, comment, *body = mixed.split("\n")[1:]
    assert head == '    """Walk."""' and comment == "    # Put these lines in order."
    assert sorted(body) == sorted(LOOP.split("\n")[2:])
    assert body[-1] != "    return weight, walk"
    loop = body.index("    for number in range(steps):")
    within = body[loop + 1 : loop + 8]
    assert all(line.startswith(" " * 8) for line in within)
    assert within != LOOP.split("\n")[4:11] and within[-1] != "        optimizer.step()"
    value = within.index("        value = loss(")
    assert within[value : value + 3] == LOOP.split("\n")[6:9]
    emptied = within.index("        optimizer.zero_grad()")
    assert within[emptied - 1] == "        # empty it"
    assert body[body.index("    else:") + 1] == "        said()"
    ast.parse(mixed)


def test_plain_lines_keep_the_functions_indentation_and_follow_from_the_cell():
    source = "def f(x):\n" + "".join(f"    x = g{n}(x)\n\n" for n in range(8)) + "    return x"
    seen = set()
    for seed in map(str, range(40)):
        mixed = stub(source, "lines", seed)
        assert mixed == stub(source, "lines", seed)
        lines = mixed.split("\n")[2:]
        assert sorted(lines) == sorted(line for line in source.split("\n")[1:] if line)
        assert lines[-1] != "    return x"
        seen.add(mixed)
    assert len(seen) > 30
    two = "def f(x):\n    x += 1\n    return x"
    for seed in "abcdef":
        assert stub(two, "lines", seed).endswith("    return x\n    x += 1")


def test_lines_of_branches_stay_python():
    source = """def f(a, b):
    try:
        one(); two()
        three()
    except ValueError:
        four()
        five()
    finally:
        six()
    if a: seven()
    elif b:
        eight()
        nine()
    else:
        with a, b:
            ten()
            eleven()
    match a:
        case 1:
            twelve()
            thirteen()
        case _:
            pass

    def inner():
        \"\"\"Stays whole.\"\"\"
        x = 1
        return x

    return inner"""
    for seed in map(str, range(20)):
        mixed = stub(source, "lines", seed)
        assert sorted(mixed.split("\n")[2:]) == sorted(filter(str.strip, source.split("\n")[1:]))
        assert '"""Stays whole."""\n        x = 1\n        return x' in mixed
        assert "        five()\n        four()" in mixed and "one(); two()" in mixed
        assert "            thirteen()\n            twelve()" in mixed
        assert "            eleven()\n            ten()" in mixed


@pytest.mark.parametrize(
    ("source", "mode"),
    [
        ("x = 1", "empty"),
        ('def f():\n    """Nothing."""', "empty"),
        ("def f():\n    return ...", "empty"),
        ("def f():\n    return 1", "lines"),
        ("def f():\n    a()\n    a()", "lines"),
        ("def f(): return 1", "lines"),
        ("def f(): return 1", "first"),
        ("def f(:", "empty"),
    ],
)
def test_a_blank_with_nothing_to_write_is_the_authors_mistake_and_told(source, mode):
    with pytest.raises(ValueError, match=r"cell 'c0': .*(nothing for the learner|one of|syntax)"):
        opened(source, "blank", blank=mode)


def test_a_function_in_one_line():
    assert stub("def f(x): return x") == "def f(x):\n    return ..."
    assert (
        stub("class A:\n    def f(self): self.x = 1") == "class A:\n    def f(self):\n        ..."
    )


def test_a_text_that_speaks_of_the_answer_is_left_out_and_others_stay():
    texts = [("markdown", "**Why.**", {"tags": ["blank"]}), ("markdown", "Go on.", {})]
    texts += [("markdown", "**Why.**", {"tags": ["blank"]})]
    assert [c["source"] for c in learners_notebook(notebook(texts))["cells"]] == ["Go on."]


# --- Guesses and marks ----------------------------------------------------------------------------


def test_the_guess_is_emptied_and_nothing_else():
    source = """guess("the löss", 3.2)
who = guess("who is first",
            "Adam", choices=["SGD", "Adam"])  # guess("no", 1)
guess("the löss", [1, 2]); guess("é", (1 + 2)); answer("the löss", 3.2)
other.guess("x", 1), guess("alone")"""
    assert (
        opened(source, "guess")
        == """guess("the löss", ...)
who = guess("who is first",
            ..., choices=["SGD", "Adam"])  # guess("no", 1)
guess("the löss", ...); guess("é", (...)); answer("the löss", 3.2)
other.guess("x", 1), guess("alone")"""
    )
    assert opened(source) == source
    with pytest.raises(ValueError, match=r"cell 'c0': it is tagged guess, and holds no guess"):
        opened("x = 1", "guess")


def test_marks_are_taken_away_where_the_tag_says_so():
    source = "lab(step, marks=True)\nlab(step, marks=True, wide=True)"
    assert opened(source, "marks") == source.replace("marks=True", "marks=False")
    assert opened(source) == source and opened("lab()", "marks") == "lab()"


# --- What is open ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source", ["return ...", "...", "x = ...", "return ..., 1", "return x - rate * ...", "f(...)"]
)
def test_dots_are_open_wherever_they_stand(source):
    assert is_open(ast.parse(f"def f():\n    {source}"))


@pytest.mark.parametrize("source", ["return x[..., 0]", "a: tuple[int, ...] = 1", "return '...'"])
def test_dots_that_index_are_not(source):
    assert not is_open(ast.parse(f"def f():\n    {source}"))


# --- The course's own notebooks -------------------------------------------------------------------


def filled(open_source, proved):
    """Return a learner's cell with the answers written into it: the bodies of its functions, its
    guesses and its marks, and only these, are those of the proved cell.
    """
    for mine, given in zip(functions(open_source), functions(proved), strict=True):
        assert mine[0] == given[0]
        open_source = open_source.replace("\n".join(mine), "\n".join(given), 1)
    for given in guess_arguments(proved):
        pattern = r"(,\s+)\.\.\."  # a long question stands on a line of its own
        before, gap, after = re.split(pattern, open_source, maxsplit=1)
        open_source = before + gap + given + after
    return open_source.replace("marks=False", "marks=True")


def functions(source):
    """Return the lines of each function or method, with the comments that end it."""
    found, lines = [], source.split("\n")
    for node in ast.parse(source).body:
        for member in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(member, ast.FunctionDef):
                end = member.end_lineno
                indent = " " * (member.col_offset + 4) + "#"
                while end < len(lines) and lines[end].startswith(indent):
                    end += 1
                found.append(lines[member.lineno - 1 : end])
    return found


def guess_arguments(source):
    return [
        ast.get_source_segment(source, node.args[1])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "guess"
    ]


@pytest.mark.parametrize("mode", ["empty", "last", "lines"])
@pytest.mark.parametrize("source", [TWO, MODEL, LOOP])
def test_filled_in_again_it_is_the_proved_cell(source, mode):
    assert filled(opened(source, "blank", blank=mode), source) == source


def test_filled_guesses_and_marks_are_the_proved_cell():
    source = 'guess("a, b", 3.2)\nguess("c", "Adam", choices=["é"])\nlab(f, marks=True)'
    assert filled(opened(source, "guess", "marks"), source) == source


SOLUTIONS = [f"{page.name}.ipynb" for page in contents().alone() if "solutions" in page.name]


@pytest.mark.parametrize("name", [*notebooks(), *SOLUTIONS])
def test_of_the_course_only_blanks_guesses_and_marks_change(name):
    proved = json.loads((HOME / name).read_text(encoding="utf-8"))
    learners = learners_notebook(proved)
    nbformat.validate(nbformat.from_dict(learners))
    by_id = {c["id"]: c for c in learners["cells"]}
    for each in proved["cells"]:
        source, tags = "".join(each["source"]), set(each["metadata"].get("tags", []))
        if each["id"] not in by_id:
            assert each["cell_type"] == "markdown" and "blank" in tags
            continue
        mine = by_id.pop(each["id"])["source"]
        if each["cell_type"] == "code" and tags & {"blank", "guess", "marks"}:
            assert filled(mine, source) == source
            assert mine != source or tags & {"marks"}
        else:
            assert mine == source
    assert not by_id
    assert {tag for c in learners["cells"] for tag in c["metadata"].get("tags", [])} <= {
        *blanks.KEPT_TAGS
    }
