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
        (0, 0.0, "right"),
        (8, 8, "right"),
        (298, 297, "within a tenth"),
        (9, 8, "too large"),
        (0.5, 0.5, "right"),
        (0.9 / 3.943, 0.228248, "right"),
        (-0.13, -0.1, "too low"),
        (-0.08, -0.1, "too high"),
        (-0.095, -0.1, "within a tenth"),
        (-30, -3.0, "too low, 10 times too far from 0"),
        (-1, -3.0, "too high, 3 times too near to 0"),
        (np.float64(3), torch.tensor(3.0), "right"),
    ],
)
def test_a_number_stands_beside_the_truth(yours, truth, words, capsys):
    before, after = said(capsys, yours, truth)
    assert before == ""
    assert after == f"the loss: {float(truth):.4g}   (you guessed {float(yours):g}: {words})\n"


@pytest.mark.parametrize(
    "what, yours, truth, words",
    [
        ("the direction, in degrees", 90, 45.0, "off by 45°"),
        ("the direction, in degrees", 45, 45.0, "right"),
        ("percent of the penguins", 0.68, 68.4, "within a tenth, but asked in percent: 68"),
        ("part that is saved", 31, 0.3143, "within a tenth, but in percent: as a part it is 0.31"),
        ("the departure", 31, 0.3143, "99 times too large"),
    ],
)
def test_angles_and_percents_are_no_factors(what, yours, truth, words, capsys):
    guess(what, yours)
    answer(what, truth)
    assert capsys.readouterr().out.endswith(f"(you guessed {yours:g}: {words})\n")


@pytest.mark.parametrize("options", [{}, {"choices": ["0.3", "0.5"]}])
def test_a_decimal_comma_is_named_and_not_a_guess(options, capsys):
    guess("the loss", 0, 5, **options)
    assert capsys.readouterr().out == (
        "Guess the loss: 0,5 are 2 values; write one, 0.5, with a point, not a comma.\n"
    )
    answer("the loss", 0.5)
    assert "you guessed" not in capsys.readouterr().out


@pytest.mark.parametrize("value, number", [("0,5", "0.5"), ("95 %", "95"), ("3", "3")])
def test_a_number_in_quotes_is_shown_as_it_should_be_written(value, number, capsys):
    before, after = said(capsys, value, 3.0)
    assert f" is not a number. Write {number}, without quotes" in before
    assert "you guessed" not in after


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
    before, after = said(capsys, "adams", "Adam", choices=["Adam", "momentum"])
    assert before == "Guess the loss: 'adams' is not one of 'Adam', 'momentum'.\n"
    assert after == "the loss: Adam\n"


@pytest.mark.parametrize(
    "yours, choices, meant",
    [
        (0.3, ["0.1", "0.3"], "0.3"),
        (1e-8, ["1e-2", "1e-8", "1e-15"], "1e-8"),
        (0.01, ["1e-2", "1e-8", "1e-15"], "1e-2"),
        ("Half ", ["half", "twice"], "half"),
        ("b", ["B", "b"], "b"),
    ],
)
def test_a_choice_needs_neither_quotes_round_a_number_nor_the_same_case(
    yours, choices, meant, capsys
):
    before, after = said(capsys, yours, meant, choices=choices)
    assert before == ""
    assert after.endswith(f"(you guessed {meant}: right)\n")


def test_a_withdrawn_guess_is_forgotten(capsys):
    said(capsys, 3.0, 3.0)
    assert "you guessed" not in said(capsys, ..., 3.0)[1]
