"""Says of an answer to an exercise that it is right, or names the mistake.

``check("1.2", log_cosh_gradient)`` calls the learner's function on a small case of whole numbers
and on drawn ones, compares with the right answer to 9 digits, and prints what it found.
"""

import io
import textwrap
import warnings
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout, suppress
from importlib import import_module
from typing import Literal

from course_utils.exercises.diagnosis import (
    RIGHT_FOR_THE_SMALLEST,
    THEY_DIFFER,
    diagnose,
    known_mistake,
)
from course_utils.exercises.kinds import type_in_words
from course_utils.exercises.model import Exercise, Goal, NotDone, NotRight, WrongType
from course_utils.exercises.results import as_tuple, same
from course_utils.exercises.running import guarded, run_case
from course_utils.exercises.showing import side_by_side


def check(number: str, function: Callable) -> None:
    """Print whether ``function`` solves exercise ``number``, such as "1.2"; if not, name the
    mistake. Raises ValueError where there is no such exercise.
    """
    _, text = verdict(number, function)
    print(f"{text}\n", end="")  # one write: a slow machine would store two as two outputs


def verdict(number: str, function: Callable) -> tuple[Literal["right", "not done", "wrong"], str]:
    """Return the verdict on an answer, and the text that :func:`check` prints. Raises ValueError
    where there is no such exercise.
    """
    exercise = _find(number)
    return judge(f"{number} {exercise.function}", exercise, function)


def judge(
    title: str, exercise: Exercise | Goal, function: Callable
) -> tuple[Literal["right", "not done", "wrong"], str]:
    """Return the verdict on ``function`` as an answer to ``exercise``, and the text that says so
    under the ``title``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the sentence below says it better
            lines = _examine(exercise, function)
    except NotDone as reason:
        return "not done", f"{title}: not done yet{reason}"
    except NotRight as reason:
        sentence = textwrap.wrap(str(reason), 100, break_long_words=False)
        return "wrong", "\n    ".join([f"{title}: not right yet", *sentence, *reason.shown])
    return "right", "\n    ".join([f"{title}: right", *lines])


def _find(number: str) -> Exercise | Goal:
    """Return the exercise of a number; 1.2 stands in round1.py. Raises ValueError if it does
    not.
    """
    exercises = table_of(f"round{str(number).split('.')[0]}", "EXERCISES")
    if number not in exercises:
        raise ValueError(
            f'there is no exercise {number!r}; write check("1.2", the_function) with the number'
            " above"
        )
    return exercises[number]


def table_of(module: str, table: str) -> dict:
    """Return what a round's file, such as round1.py, lists under the name ``table``; nothing where
    there is no such file.
    """
    module = f"course_utils.exercises.{module}"
    try:
        return getattr(import_module(module), table)
    except ModuleNotFoundError as error:
        if error.name != module:  # the round is there, and something that it needs is not
            raise
        return {}


def _examine(exercise: Exercise | Goal, function: Callable) -> list[str]:
    """Return the lines to print of an answer that is right; raise NotDone or NotRight otherwise."""
    if not callable(function):
        raise NotRight(
            f"check needs the function {exercise.function} itself, not {type_in_words(function)}."
            " Leave out the brackets."
        )
    if isinstance(exercise, Goal):
        return exercise.run(function)
    return _compare_cases(exercise, function)


def _of_chance(exercise: Exercise, function: Callable, yours: tuple) -> str:
    """Return a sentence where the last case, whose results were ``yours``, gives others when it
    comes again; otherwise an empty text.
    """
    case = exercise.cases[-1]
    with redirect_stdout(io.StringIO()), suppress(NotRight):
        if not same(run_case(exercise, function, case, as_tuple(exercise.right(*case))), yours):
            return (
                "The same case gives another result when it comes again. Is chance drawn from"
                " elsewhere (np.random, torch.randperm, shuffle=True), or something kept between"
                " two calls?"
            )
    return ""


def _compare_cases(exercise: Exercise, function: Callable) -> list[str]:
    """Run all cases, and the smallest once more; return the line to print when all are right."""
    cases = exercise.cases
    right = [as_tuple(exercise.right(*case)) for case in cases]
    yours: list[tuple] = []
    wrong_type: WrongType | None = None
    for case, expected in zip([*cases, cases[0]], [*right, right[0]]):
        # What the learner's function prints is seen once, for the smallest case.
        with redirect_stdout(io.StringIO()) if yours else nullcontext():
            try:
                yours.append(run_case(exercise, function, case, expected))
            except WrongType as problem:
                wrong_type = wrong_type or problem
                if problem.values is None:
                    raise wrong_type from None
                yours.append(problem.values)
            except NotRight:
                if wrong_type:
                    raise wrong_type from None
                raise
    if wrong_type:  # a known mistake says more than the type that it leads to
        sentence = known_mistake(exercise, yours[:-1])
        raise NotRight(sentence, *wrong_type.shown) if sentence else wrong_type
    again = yours.pop()
    for case, your, expected in zip(cases, yours, right):
        if not same(your, expected):
            shown = side_by_side(exercise, case, your, expected)
            sentence = diagnose(exercise, yours, right)
            if sentence in (RIGHT_FOR_THE_SMALLEST, THEY_DIFFER):
                sentence = _of_chance(exercise, function, yours[-1]) or sentence
            raise NotRight(sentence, *shown)
    if not same(again, right[0]):
        raise NotRight(
            "Right at first, but another result when the same case comes again: something is kept"
            " between two calls (a global variable, a default argument). Start afresh in each"
            " call.",
            *side_by_side(exercise, cases[0], again, right[0]),
        )
    guarded(lambda: exercise.besides(function), function, [])
    return [f"{len(cases)} cases agree with the expected result to 9 digits."]
