"""Cases and results as lines of text."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise
from course_utils.exercises.results import same_part


def in_one_line(value: Any, digits: int = 6) -> str:
    """Return a number or an array in one short line: [[1, 2], [3, 0]]. Of an array with more than
    24 numbers it is the shape.
    """
    array = np.asarray(value, float) + 0.0  # + 0.0 turns -0 into 0
    if array.size > 24:
        return f"(an array of shape {array.shape})"

    def short(number: Any) -> str:
        return f"{number:.{digits}g}"

    written = np.array2string(array, separator=", ", formatter={"float": short})
    return " ".join(written.split()).replace("[ ", "[")


def digits_to_tell_apart(values: Sequence[Any]) -> int:
    """Return how many digits it takes until different ``values`` look different: 6, 10 or 17."""
    for digits in (6, 10):
        if len({in_one_line(value, digits) for value in values}) == len(values):
            return digits
    return 17


def case_in_lines(exercise: Exercise, case: tuple) -> list[str]:
    """Return the lines that show a case: each argument with its shape and its values; a function by
    its docstring.
    """
    lines = []
    for name, value in exercise.arguments(case):
        if callable(value):
            lines.append(value.__doc__)
        elif isinstance(value, bool):
            lines.append(f"{name} = {value}")
        elif isinstance(value, np.ndarray):
            lines.append(f"{name} {value.shape} = {in_one_line(value)}")
        else:
            lines.append(f"{name} = {in_one_line(value)}")
    return lines


def side_by_side(exercise: Exercise, case: tuple, yours: tuple, right: tuple) -> list[str]:
    """Return the lines that show a case, and each result, yours above expected, with the digits it
    takes to see a difference.
    """
    lines = case_in_lines(exercise, case)
    for name, your, expected in zip(exercise.parts, yours, right):
        digits = 6 if same_part(your, expected) else digits_to_tell_apart([your, expected])
        lines.append(f"yours     {name} {in_one_line(your, digits)}")
        lines.append(f"expected  {name} {in_one_line(expected, digits)}")
    return lines
