"""Guess and answer: neither ever stops a notebook, and both stand beside each other."""

import numpy as np
import pytest
import torch

from course_utils import answer, guess


def said(capsys, value, truth, **options):
    """Return what guess and answer print."""
    guess("the loss", value, **options)
    before = capsys.readouterr().out
    answer("the loss", truth)
    return before, capsys.readouterr().out


@pytest.mark.parametrize(
    "yours, truth, words",
    [
        (3.2, 3.0, "within a tenth"),
        (2.0, 3.0, "too small"),
        (1.0, 3.0, "3 times too small"),
        (30, 3.0, "10 times too large"),
        (-1, 3.0, "too low"),
        (1, -3.0, "too high"),
        (1, 0.0, "too high"),
        (0, 0.0, "within a tenth"),
        (-30, -3.0, "10 times too large"),
        (np.float64(3), torch.tensor(3.0), "within a tenth"),
    ],
)
def test_a_number_stands_beside_the_truth(yours, truth, words, capsys):
    before, after = said(capsys, yours, truth)
    assert before == ""
    assert after == f"the loss: {float(truth):.4g}   (you guessed {float(yours):g}: {words})\n"


def test_a_choice_stands_beside_the_truth(capsys):
    choices = ["Adam", "momentum"]
    assert said(capsys, "Adam", "Adam", choices=choices)[1].endswith("(you guessed Adam: right)\n")
    assert said(capsys, "Adam", "momentum", choices=choices)[1].endswith("not so)\n")


@pytest.mark.parametrize("value", [..., "three", None, True, float("nan"), [3]])
def test_without_a_guess_the_truth_is_shown_and_a_line_says_what_to_write(value, capsys):
    before, after = said(capsys, value, 3.0)
    assert "a number" in before and before.count("\n") == 1
    assert after == "the loss: 3\n"


def test_a_choice_that_is_none_is_named_with_those_there_are(capsys):
    before, after = said(capsys, "adam", "Adam", choices=["Adam", "momentum"])
    assert before == "Guess the loss: 'adam' is not one of 'Adam', 'momentum'.\n"
    assert after == "the loss: Adam\n"


def test_a_choice_that_is_a_number_needs_no_quotes(capsys):
    assert said(capsys, 0.3, "0.3", choices=["0.1", "0.3"])[1].endswith(
        "(you guessed 0.3: right)\n"
    )


def test_a_withdrawn_guess_is_forgotten(capsys):
    said(capsys, 3.0, 3.0)
    assert "you guessed" not in said(capsys, ..., 3.0)[1]
