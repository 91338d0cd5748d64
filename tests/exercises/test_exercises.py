"""The checks of the exercises: they accept the solutions, and refuse wrong answers with the right
diagnosis.
"""

import ast
import linecache
import re
import subprocess
import sys
import textwrap
from importlib import import_module
from types import SimpleNamespace

import answers_mended as mended
import answers_transfer as transfer
import answers_tried as tried
import nbformat
import numpy as np
import pytest
import torch
from answers_round2 import torch_step, twenty
from make_exercises import ROUNDS, exercises_from, keep_numbers, paths
from mutants import mutants
from torch import nn

from course_utils.exercises import check as checks
from course_utils.exercises.check import check
from course_utils.exercises.model import Goal
from course_utils.exercises.round2 import GRADIENT_STEP
from course_utils.learner.blanks import stub
from course_utils.resources import HOME

NAMESPACE = {"np": np, "torch": torch, "nn": nn}


def solved_cells(number):
    """Return {function's name: source} of the solved cells of a round."""
    cells = nbformat.read(paths(number)[1], 4).cells
    solved = [
        c.source for c in cells if c.cell_type == "code" and "blank" in c.metadata.get("tags", [])
    ]
    return {ast.parse(source).body[0].name: source for source in solved}


SOLVED = {f"{r}.{k}": item for r in ROUNDS for k, item in enumerate(solved_cells(r).items(), 1)}
every_exercise = pytest.mark.parametrize("number", SOLVED)

#: What is asked for in a notebook, and whose answers stand beside those of the exercises.
ELSEWHERE = {"step": GRADIENT_STEP}  # of rows alone, not of columns


def verdict(number, function):
    """Return the verdict on an answer to an exercise, or to what a notebook asks for."""
    if number not in ELSEWHERE:
        return checks.verdict(number, function)
    exercise = ELSEWHERE[number]
    return checks.judge(f"{number} {exercise.function}", exercise, function)


#: Of each round: what learners write, and what the check must say of it.
ANSWERS = [import_module(f"answers_round{number}") for number in ROUNDS]
WRONG = [answer for answers in ANSWERS for answer in answers.WRONG] + mended.WRONG + transfer.WRONG


STEP = """
def gradient_step(X, y, weight, lrate):
    error = X @ weight - y
    return weight - lrate * 2 / len(y) * X.T @ error, np.mean(error**2)
"""


def define(*sources):
    """Return the last function that the sources define; the course's own gradient_step is there for
    2.2.
    """
    space = dict(NAMESPACE)
    for source in (STEP, *sources):
        source = textwrap.dedent(source).strip()
        # As IPython does for a cell.
        linecache.cache["<learner>"] = len(source), None, source.splitlines(True), "<learner>"
        exec(compile(source, "<learner>", "exec"), space)
    return space[ast.parse(textwrap.dedent(sources[-1])).body[-1].name]


def define_name(source):
    """Return the name of the function that a source defines."""
    return ast.parse(textwrap.dedent(source)).body[-1].name


#: What the check says where it knows no name for what is wrong.
UNNAMED = ("The numbers differ", "Right for the smallest case", "Not the bottom yet")


@every_exercise
def test_the_solution_is_right(number):
    result, text = verdict(number, define(SOLVED[number][1]))
    assert result == "right", text
    assert "nan" not in text and len(text.splitlines()) > 1


@every_exercise
def test_the_stub_is_not_done_yet(number):
    name, source = SOLVED[number]
    assert verdict(number, define(stub(source))) == ("not done", f"{number} {name}: not done yet")


def test_dots_left_in_the_middle_are_not_done_either():
    half = define(
        "def log_cosh_loss(X, y, weight):\n    error = ...\n    return np.mean(error - y)"
    )
    result, text = verdict("1.1", half)
    assert result == "not done" and "a ... is still in the way, in line 3" in text
    unsolved = "def gradient_step(X, y, weight, lrate):\n    return ..."
    calls_it = (
        "def cd(X, y, w, lrate, epochs):\n    for _ in range(epochs + 1):\n        w, loss ="
        " gradient_step(X, y, w, lrate)\n    return w, loss, lrate"
    )
    assert verdict("2.2", define(unsolved, calls_it))[0] == "not done"
    assert verdict("step", define("def gs(X, y, w, lrate):\n    return w, ..."))[0] == "not done"


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("1.2", "def gradient(X, y, weight):\n    return 2 / len(y) * X.T @ ..."),
        (
            "1.2",
            "def gradient(X, y, weight):\n    error = ...\n    return 2 / len(y) * X.T @ error",
        ),
        ("1.4", "def hessian(X):\n    return 2 / len(X) * X.T @ ..."),
        ("1.4", "def hessian(X):\n    return 2 / len(X) * (... @ X)"),
    ],
)
def test_dots_beside_an_at_are_not_done_either(number, answer):
    result, text = verdict(number, define(answer))
    assert result == "not done" and "not done yet: a ... is still in the way, in line" in text


def test_dots_that_are_an_index_are_no_gap_to_fill():
    result, text = verdict(
        "1.2", define("def gradient(X, y, weight):\n    return X[..., :] @ y[...]")
    )
    assert result == "wrong" and "the shapes on the two sides of an @" in text


def test_an_array_that_is_put_back_with_a_rounding_error_shows_the_error():
    moved = (
        "def ng(f, weight, h):\n    weight += h\n    weight -= 2 * h\n    weight += h\n    return"
        " weight"
    )
    assert (
        "weight after the call, minus weight before: [0, 0]" not in verdict("1.3", define(moved))[1]
    )
    assert "e-17" in verdict("1.3", define(moved))[1].splitlines()[-1]


def test_a_rate_may_be_tried_from_an_earlier_weight_again():
    backtracking = """
        def rg(step, X, y, w):
            rate = 0.8 * 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            step(w, 2 * rate)
            for _ in range(19):
                w, _ = step(w, rate)
            return w"""
    assert verdict("2.6", define(backtracking))[0] == "right"


def test_the_rates_shown_below_a_failure_are_the_smallest_and_the_largest():
    text = verdict("2.6", define(twenty(rate="-0.5 * border")))[1]
    assert "smallest rate used -0.5, largest -0.5, border 1" in text


def test_places_and_numbers_are_shown_with_the_digits_that_tell_them_apart():
    text = verdict(
        "1.5", define("def lp(slope): return 1 - slope(1) / ((slope(1 + 1e-7) - slope(1)) / 1e-7)")
    )[1]
    assert "asked at  1, 1.0000001, 1" in text
    text = verdict(
        "2.5", define(torch_step("nn.MSELoss()(model(X).squeeze(1).float().double(), y)"))
    )[1]
    # In the case shown, loss 1 happens to be exact.
    assert "weight and bias 1 is close" in " ".join(text.split())
    assert (
        "expected  loss 1 12\n" in text
        and "expected  weight and bias 2 [0.03111111111, 1.6, 0.6711111111]" in text
    )
    assert "after 1 step;" in verdict("2.6", define(twenty(times="1", rate="0.2 * border")))[1]


def test_what_is_nothing_is_called_by_its_name():
    assert (
        "needs the function log_cosh_loss itself, not None. Leave out the brackets."
        in verdict("1.1", None)[1]
    )


@pytest.mark.parametrize(
    ("number", "phrase", "answer"), WRONG, ids=[f"{n} {p[:40]}" for n, p, _ in WRONG]
)
def test_a_known_wrong_answer_is_refused_with_its_diagnosis(number, phrase, answer):
    result, text = verdict(number, define(answer))
    assert result == "wrong", f"accepted: {answer}"
    sentence = " ".join(text.split("X (")[0].split())
    assert any(option in sentence for option in phrase.split("|")), text


def test_there_are_many_wrong_answers_for_every_exercise():
    assert len(WRONG) >= 40
    assert {number for number, *_ in WRONG} == {*SOLVED, *ELSEWHERE}
    assert min(sum(n == number for n, *_ in WRONG) for number in (*SOLVED, *ELSEWHERE)) >= 7


def test_a_wrong_answer_shows_the_smallest_case_and_yours_beside_expected(capsys):
    assert (
        check("1.2", define("def f(X, y, weight): return X.T @ np.tanh(y - X @ weight) / len(y)"))
        is None
    )
    assert capsys.readouterr().out.splitlines() == [
        "1.2 log_cosh_gradient: not right yet",
        "    gradient: the sign is turned round.",
        "    X (3, 2) = [[1, 2], [3, 0], [1, 1]]",
        "    y (3,) = [4, 3, 5]",
        "    weight (2,) = [1, 2]",
        "    yours     gradient [0.0674778, -0.186387]",
        "    expected  gradient [-0.0674778, 0.186387]",
    ]


def test_nothing_but_the_message_is_printed(capsys):
    noisy = (
        "def f(X, y, weight):\n    print('look')\n    np.log(-1.0)\n    return np.mean(np.log("
        "np.cosh(X @ weight - y)))"
    )
    check("1.1", define(noisy))
    out, err = capsys.readouterr()
    # The learner's own print() speaks once, for the smallest case.
    assert out.count("look") == 1 and err == ""


def test_what_is_not_a_function_or_not_an_exercise_is_answered_in_words():
    assert "Leave out the brackets" in verdict("1.1", 9.0)[1]
    for number in ("9.9", "1.99", "x"):
        with pytest.raises(ValueError, match="there is no exercise"):
            verdict(number, len)


@every_exercise
def test_no_mutant_of_a_solution_survives(number):
    original = ast.unparse(ast.parse(SOLVED[number][1])).splitlines()
    tried, survived = 0, []
    for source in mutants(SOLVED[number][1]):
        tried += 1
        if verdict(number, define(source))[0] == "right":
            survived += [line for line in source.splitlines() if line not in original] or [source]
    assert tried >= 12
    equivalent = [line for each in ANSWERS for line in each.EQUIVALENT.get(number, [])]
    assert survived == equivalent


# --- The notebooks --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ROUNDS)
def test_the_exercises_are_the_solutions_without_the_answers(number):
    exercises, solutions = (nbformat.read(path, 4) for path in paths(number))
    expected = exercises_from(solutions)
    assert [(c.cell_type, c.source) for c in exercises.cells] == [
        (c.cell_type, c.source) for c in expected.cells
    ], "run python tools/make_exercises.py"
    keep_numbers(expected, exercises)
    assert [c.metadata for c in exercises.cells] == [c.metadata for c in expected.cells]


@pytest.mark.parametrize("number", ROUNDS)
def test_the_outputs_say_not_done_yet_and_right(number):
    for path, word in zip(paths(number), ("not done yet", "right")):
        said = [
            o.text
            for c in nbformat.read(path, 4).cells
            for o in c.get("outputs", [])
            if o.output_type == "stream"
        ]
        assert len(said) == len(solved_cells(number)) >= 5
        assert all(f": {word}" in text.splitlines()[0] for text in said)


def test_every_exercise_of_the_checks_stands_in_a_notebook():
    for number in ROUNDS:
        module = import_module(f"course_utils.exercises.round{number}")
        assert {key: each.function for key, each in module.EXERCISES.items()} == {
            key: name for key, (name, _) in SOLVED.items() if key.startswith(f"{number}.")
        }


def test_a_stub_keeps_the_first_lines_only():
    source = 'def f(a,\n      b):\n    """Doc.\n\n    More.\n    """\n    c = a\n    return c + b\n'
    assert stub(source) == 'def f(a,\n      b):\n    """Doc.\n\n    More.\n    """\n    return ...'


def test_a_numpy_check_never_loads_torch():
    code = """
        import sys
        from course_utils.exercises.check import check
        import numpy as np
        check("1.1", lambda X, y, weight: np.mean(np.log(np.cosh(X @ weight - y))))
        assert not {"torch", "matplotlib"} & set(sys.modules)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "1.1 log_cosh_loss: right" in done.stdout, done.stderr


# --- The package ----------------------------------------------------------------------------------


def test_a_result_of_no_parts_is_counted():
    text = verdict("1.1", define("def mse(X, y, weight): return ()"))[1]
    assert "It should return loss; it returns 0 results." in text


def test_a_new_round_is_found_by_its_number(monkeypatch):
    module = SimpleNamespace(EXERCISES={"7.1": Goal("seven", lambda function: [function()])})
    monkeypatch.setitem(sys.modules, "course_utils.exercises.round7", module)
    assert verdict("7.1", lambda: "reached") == ("right", "7.1 seven: right\n    reached")
    with pytest.raises(ValueError, match="there is no exercise"):
        verdict("7.2", len)


def test_a_round_that_needs_a_missing_package_says_so(monkeypatch):
    monkeypatch.delitem(sys.modules, "course_utils.exercises.round1", raising=False)
    monkeypatch.setitem(sys.modules, "course_utils.data", None)  # importing it fails
    with pytest.raises(ModuleNotFoundError, match="course_utils.data"):
        verdict("1.1", len)


#: The files of the package; each may import those before it only.
ORDER = "results model cases showing kinds watching running diagnosis round check".split()
ORDER += ["notebook_data", "blanks", "blank"]


@pytest.mark.parametrize("path", sorted((HOME / "course_utils/exercises").rglob("[!_]*.py")))
def test_imports_go_one_way(path):
    def place(name):
        return ORDER.index(re.sub(r"\d", "", name))

    own = place("blanks" if path.parent.name == "blanks" else path.stem)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("course_utils.exercises."):
            other = place(node.module.split(".")[2])
            among_blanks = other == own == place("blanks")
            assert other < own or among_blanks, f"line {node.lineno} imports {node.module}"


# --- Mended ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "answer"),
    mended.ENDLESS + transfer.ENDLESS,
    ids=[f"{n} {k}" for k, (n, _) in enumerate(mended.ENDLESS + transfer.ENDLESS)],
)
def test_a_loop_without_end_is_stopped_and_said(number, answer):
    result, text = verdict(number, define(answer))
    assert result == "wrong" and "It never ended" in text, text
    assert "in line" in text, text


@pytest.mark.parametrize(
    ("number", "answer"),
    mended.RIGHT,
    ids=[f"{n} {define_name(answer)}" for n, answer in mended.RIGHT],
)
def test_another_right_way_is_accepted(number, answer):
    result, text = verdict(number, define(answer))
    assert result == "right", text


@pytest.mark.parametrize("number", [*SOLVED, *ELSEWHERE])
def test_no_right_answer_that_was_tried_is_refused(number):
    answers = [answer for n, answer in tried.RIGHT + transfer.RIGHT if n == number]
    refused = [answer for answer in answers if verdict(number, define(answer))[0] != "right"]
    assert answers and not refused


@pytest.mark.parametrize("number", [*SOLVED, *ELSEWHERE])
def test_every_wrong_answer_that_was_tried_is_refused_by_its_name(number):
    for phrase, answer in [(phrase, answer) for n, phrase, answer in tried.WRONG if n == number]:
        result, text = verdict(number, define(answer))
        assert result == "wrong", answer
        said = " ".join(text.split())
        assert phrase in said, f"{answer}\n{text}"
        # Nothing else is said where nothing is known.
        assert phrase or any(words in said for words in UNNAMED), f"{answer}\n{text}"


def test_most_wrong_answers_that_were_tried_are_named():
    assert sum(bool(phrase) for _, phrase, _ in tried.WRONG) >= 0.7 * len(tried.WRONG)


def test_a_trace_that_was_there_is_there_again():
    def debugger(frame, event, arg):
        return None

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        verdict("1.1", define(SOLVED["1.1"][1]))
        after_right = sys.gettrace()
        verdict("1.1", define("def mse(X, y, weight):\n    while True:\n        k = 1"))
        after_endless = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after_right is debugger and after_endless is debugger
