"""A cell that needs a newer package than is installed says so in one line, and the proof expects
that line and leaves out the cell's checkpoints and names in both notebooks.
"""

import io
from contextlib import redirect_stdout

import compare
import nbformat
import prove
import pytest
import refresh
from mini_course import CHECK, START, executed
from prove import Course

from course_utils.contents import TORCH_SUFFIX
from course_utils.learner.versions import have, unmet

LINE = "This cell needs numpy>=99, which is not installed here."
BODY = "new = {}\ntwin.check('new', new)\nprint('new is', new)"
LATER = "twin.check('later', 3.0)"


def test_what_is_installed_is_told_from_what_is_not(capsys):
    assert have("numpy>=1.0") and not capsys.readouterr().out
    assert not have("numpy>=99") and capsys.readouterr().out == LINE + "\n"
    assert unmet("no-such-package>=1")


#: What stands in the twin's cell that was stored under a "numpy 99": its code, and what its
#: metadata say that it needs.
PAIRS = {
    "Sound": (BODY.format(2.0), "numpy>=99"),
    "Other": (BODY.format(5.0), "numpy>=99"),  # what is not run here cannot be compared here
    "Unsaid": (BODY.format(2.0), None),
    "Less": (BODY.format(2.0), "numpy>=1"),
    "Words": ("print('something else')", "numpy>=99"),
    "Raises": ("1 / 0", "numpy>=99"),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of these pairs, what the proof shows of it, and what it says meanwhile."""
    root = tmp_path_factory.mktemp("course")
    (root / "Round1").mkdir()
    texts = []
    for suffix in ("", TORCH_SUFFIX):
        start = START.format(f"Round1_Template{suffix}").replace("import Twin", "import Twin, have")
        book = executed([start, BODY.format(2.0), CHECK.format(2.0), LATER], root / "Round1")
        texts.append(nbformat.writes(book))
        (root / "Round1" / "Round1_Template.ipynb").write_text(texts[0], encoding="utf-8")
    (root / "Round1" / "Round1_Template.ipynb").unlink()
    for name, (code, needs) in PAIRS.items():
        for suffix, text in zip(("", TORCH_SUFFIX), texts):
            book = nbformat.reads(text.replace("Round1_Template", f"Round1_{name}"), as_version=4)
            if suffix:
                cell = [cell for cell in book.cells if cell.cell_type == "code"][1]
                inner = code.replace("\n", "\n    ")
                asks = "if have('numpy>=99'):\n    "
                cell.source = asks + inner if "new" in code else code
                cell.metadata |= {"needs": needs} if needs else {}
            nbformat.write(book, root / "Round1" / f"Round1_{name}{suffix}.ipynb")
    names = [f"Round1/Round1_{name}" for name in PAIRS]
    with redirect_stdout(io.StringIO()) as said:
        proof = prove.prove(
            Course(root, names, [], whole=False), folder=tmp_path_factory.mktemp("records")
        )
    return root, proof, said.getvalue()


def test_what_such_a_cell_gave_is_left_out_on_both_sides(course):
    _, proof, _ = course
    for name in ("Sound", "Other"):
        assert not [problem for problem in proof.problems if f"Round1_{name}" in problem]
        held = [key.split("'")[1] for key in proof.differences if key.endswith(f"Round1_{name}")]
        assert held == ["two", "later"]
    assert proof.absent == 4 and "4 said what newer package they need" in proof.summary()


def test_a_cell_that_needs_more_must_say_so_in_that_line(course):
    _, proof, said = course
    failed = [line for line in said.splitlines() if "code cell" in line]
    assert len(failed) == 4 and all("code cell 2" in line for line in failed), said
    for name in ("Unsaid", "Less", "Words", "Raises"):
        assert any(f"Round1_{name}" in line for line in failed)
    for name in ("Unsaid", "Less"):
        assert any(
            problem.startswith(f"Round1_{name}: checkpoint number 1 is ")
            for problem in proof.problems
        )
    assert "44 of 48 cells ran and gave their stored output" in proof.problems[0]


def test_the_names_that_such_a_cell_gives_are_not_compared():
    assert compare.assigned("if a:\n    b, c = 1, 2\n    for d in e: f(d)") == set("bcd")


def test_refresh_keeps_what_a_newer_package_gave(course, tmp_path):
    path = course[0] / "Round1" / f"Round1_Sound{TORCH_SUFFIX}.ipynb"
    refresh.refresh(path, tmp_path)
    after = path.read_text(encoding="utf-8")
    assert LINE not in after and "new is 2.0" in after
