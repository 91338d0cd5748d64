"""The MSE of a linear model and its gradient, on whose checks the notebooks' blanks lean: right
answers in many styles are accepted, wrong ones are named.
"""

import ast
import linecache
import textwrap

import numpy as np
import pytest
import torch
from answers_formulas import ENDLESS, RIGHT, WRONG

from course_utils.exercises.blanks.round1 import GRADIENT, MSE
from course_utils.exercises.check import judge

ASKED = {"mse": MSE, "grad": GRADIENT}
#: What the check says where it knows no name for what is wrong.
UNNAMED = ("The numbers differ", "Right for the smallest case")


def verdict_on(name, source):
    """Return (state, text) of the check of ``name`` on the last function in ``source``."""
    source = textwrap.dedent(source).strip()
    file = f"<formula {hash(source)}>"
    # As IPython does for a cell.
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    space = {"np": np, "torch": torch}
    exec(compile(source, file, "exec"), space)
    return judge(name, ASKED[name], space[ast.parse(source).body[-1].name])


@pytest.mark.parametrize("name", ASKED)
def test_every_right_answer_is_accepted(name):
    answers = [answer for of, answer in RIGHT if of == name]
    assert len(answers) >= 10
    for answer in answers:
        state, text = verdict_on(name, answer)
        assert state == "right", f"{answer}\n{text}"


@pytest.mark.parametrize("name, phrase, answer", WRONG, ids=[f"{n} {p[:40]}" for n, p, _ in WRONG])
def test_every_wrong_answer_is_refused_by_its_name(name, phrase, answer):
    state, text = verdict_on(name, answer)
    assert state == "wrong", answer
    whole = " ".join(text.split())
    said = (
        whole if phrase.endswith(" X") or "X (" in phrase else whole.split("X (")[0]
    )  # the sentence, without its case
    assert any(option in said for option in phrase.split("|")), text
    # Nothing else is said where nothing is known.
    assert phrase or any(words in said for words in UNNAMED), text


@pytest.mark.parametrize("name, answer", ENDLESS)
def test_a_loop_without_end_is_stopped_and_said(name, answer):
    state, text = verdict_on(name, answer)
    assert state == "wrong" and "It never ended" in text and "in line" in text, text


def test_most_wrong_answers_are_named():
    assert sum(bool(phrase) for _, phrase, _ in WRONG) >= 0.7 * len(WRONG)
