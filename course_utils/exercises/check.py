"""Checks of the exercises: they say what is right, and where something is wrong they name the
mistake.

``check("1.2", gradient)`` calls the learner's function on a small case of whole numbers and on
drawn ones, compares with the right answer to 9 digits, and prints what it found. What each exercise
expects, and which mistakes it knows, stands in exercises_round1.py and so on, how a mistake is
recognised in diagnosis.py.
"""

import ast
import inspect
import io
import numbers
import textwrap
import traceback
import warnings
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

from course_utils.exercises.diagnosis import as_tuple, diagnose, same


@dataclass(frozen=True)
class Exercise:
    """What a function must return, and what known mistakes return instead.

    parts: {name of a result: "number", "array" or "tensor"}. right(*case) and each of mistakes
    {sentence: function of the case, or (function, rtol)} return one result, or a tuple, as NumPy
    arrays and floats. cases: tuples of arguments, the smallest first. call(function, *case)
    replaces function(*case), for instance to call it twice. compare: {part: what a factor or a sign
    is looked for in, as a function of (part's value, *case)}. close: what to say of results that
    are nearly right.
    """

    parts: dict
    right: object
    cases: list
    mistakes: dict
    call: object = None
    compare: dict = field(default_factory=dict)
    close: str = "as if it were approximated (a finite difference?). Use the formula."


class NotDone(Exception):
    """There is still a ``...`` where the answer goes."""


class Mistake(Exception):
    """A sentence that says what is wrong, and what to show below it: the case, yours and
    expected.
    """

    def __init__(self, sentence, *shown):
        super().__init__(sentence)
        self.shown = shown


def check(number, function):
    """Print whether ``function`` solves exercise ``number``, such as "1.2"; if not, name the
    mistake. Returns nothing.
    """
    _, text = verdict(number, function)
    print(f"{text}\n", end="")  # one write: a slow machine would store two as two outputs


def verdict(number, function):
    """Return ("right", "not done" or "wrong", the text that :func:`check` prints)."""
    try:
        name, exercise = import_module(
            f"course_utils.exercises.round{str(number).split('.')[0]}"
        ).EXERCISES[number]
    except (ModuleNotFoundError, KeyError):
        raise ValueError(
            f'there is no exercise {number!r}; write check("1.2", the_function) with the number'
            " above"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the sentence below says it better
        try:
            if not callable(function):
                raise Mistake(
                    f"check needs the function {name} itself, not {_type(function)}. Leave out the"
                    " brackets."
                )
            lines = (
                _examine(exercise, function)
                if isinstance(exercise, Exercise)
                else exercise(function)
            )
        except NotDone as reason:
            return "not done", f"{number} {name}: not done yet{reason}"
        except Mistake as mistake:
            sentence = textwrap.wrap(str(mistake), 100, break_long_words=False)
            return "wrong", "\n    ".join(
                [f"{number} {name}: not right yet", *sentence, *mistake.shown]
            )
    return "right", "\n    ".join([f"{number} {name}: right", *lines])


def _examine(exercise, function):
    """Run all cases; raise NotDone or Mistake, or return the lines to print when all are right."""
    right, yours = [as_tuple(exercise.right(*case)) for case in exercise.cases], []
    for k in [*range(len(right)), 0]:  # the smallest case comes again at the end
        # The learner's print() speaks once.
        with redirect_stdout(io.StringIO()) if yours else nullcontext():
            yours.append(_run(exercise, function, exercise.cases[k], right[k]))
    again = yours.pop()
    different = [k for k in range(len(right)) if not same(yours[k], right[k])]
    if different:
        k = different[0]
        raise Mistake(
            diagnose(exercise, yours, right),
            *_show_both(exercise, exercise.cases[k], yours[k], right[k]),
        )
    if not same(again, right[0]):
        raise Mistake(
            "Right at first, but another result when the same case comes again: something is kept"
            " between two calls (a global variable, a default argument). Start afresh in each"
            " call.",
            *_show_both(exercise, exercise.cases[0], again, right[0]),
        )
    return [f"{len(right)} cases agree with the expected result to 9 digits."]


def _run(exercise, function, case, right):
    """Call ``function`` on copies of a case; return its results as float64 arrays, or raise NotDone
    or Mistake.
    """
    shown, kinds = show_case(exercise, case), exercise.parts
    given = [value.copy() if isinstance(value, np.ndarray) else value for value in case]
    call = exercise.call or (lambda function, *given: function(*given))
    results = as_tuple(guarded(lambda: call(function, *given), function, shown))
    if len(results) != len(kinds):
        got = f"{len(results)} results" if len(results) > 1 else _type(*results)
        question = " Is there a return?" if results[0] is None else ""
        raise Mistake(
            f"It should return {' and '.join(kinds)}; it returns {got}.{question}", *shown
        )
    if (
        list(kinds.values()) == ["array", "number"]
        and np.ndim(results[0]) == 0
        and np.ndim(results[1]) > 0
    ):
        raise Mistake(f"The results are in the wrong order. Return {', '.join(kinds)}.", *shown)
    for name, before, after in zip(inspect.signature(exercise.right).parameters, case, given):
        if isinstance(before, np.ndarray) and (
            before.shape != after.shape or before.tobytes() != after.tobytes()
        ):
            # To 6 digits the same.
            if before.shape == after.shape and np.allclose(before, after, rtol=1e-12, atol=1e-12):
                raise Mistake(
                    f"It moves its argument {name} and puts it back, but not exactly: adding and"
                    " subtracting left a rounding error in the caller's array. Move a copy,"
                    f" {name}.copy(), or put the old number back.",
                    *shown,
                    f"{name} after the call, minus {name} before: {show(after - before)}",
                )
            raise Mistake(
                f"It, or a function that it calls, changes its argument {name} in place: the"
                f" caller's array is spoiled. Make a new one: {name} = {name} - …, or"
                f" {name}.copy(); not -=, and not {name}[j] = … on the original.",
                *shown,
                f"{name} after the call: {show(after)}",
            )
    for (name, kind), value, expected in zip(kinds.items(), results, right):
        problem = _type_problem(kind, value)
        if problem:
            raise Mistake(f"{name}: {problem}", *shown, f"expected  {name} {show(expected)}")
    return tuple(
        np.array(v.detach() if kind == "tensor" else v, float)
        for kind, v in zip(kinds.values(), results)
    )


def guarded(action, function, shown=()):
    """Return action(); what the learner's function raises becomes a Mistake, a ``...`` in it
    becomes NotDone.
    """
    try:
        result = action()
    except Mistake:
        raise
    except Exception as error:
        home = getattr(getattr(function, "__code__", None), "co_filename", None)
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == home
        ]
        place = f', in line {frames[-1].lineno} of its cell: "{frames[-1].line}"' if frames else ""
        if (
            "ellipsis" in str(error)
            or isinstance(error, (TypeError, ValueError))
            and _has_dots(function)
        ):
            raise NotDone(f": a ... is still in the way{place}") from None
        words = str(error).splitlines()[0] if str(error) else "no message"
        if "core dimension" in words:  # NumPy's own words for it need a decoder
            words = "the shapes on the two sides of an @ do not fit together"
        if "enough dimensions" in words:
            words = "one side of an @ is a single number, and @ needs an array on both sides"
        problem = f"{type(error).__name__}: {words}"
        raise Mistake(f"It stops with {problem}{place}.", *shown) from None
    if any(value is Ellipsis for value in as_tuple(result)):
        raise NotDone
    return result


def _has_dots(function):
    """Tell whether a ``...`` stands in the source of a function, other than as an index such as
    X[..., 0].
    """
    try:
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    except (OSError, TypeError, SyntaxError):  # no source, or none that stands alone
        return False
    indices = {
        inner for node in nodes if isinstance(node, ast.Subscript) for inner in ast.walk(node.slice)
    }
    return any(
        isinstance(node, ast.Constant) and node.value is Ellipsis and node not in indices
        for node in nodes
    )


def _type_problem(kind, value):
    """Return what is wrong with the type of one result, or an empty text."""
    wanted = {"number": "a plain number", "array": "a NumPy array", "tensor": "a PyTorch tensor"}[
        kind
    ]
    is_tensor = type(value).__module__.split(".")[0] == "torch"
    if value is None:
        return "None comes back. Is there a return, and does every name in it hold a value?"
    if is_tensor and kind != "tensor":
        turn = ".item()" if kind == "number" else ".detach().numpy()"
        return f"a PyTorch tensor comes back, expected {wanted}. {turn} turns it into one."
    if kind == "number" and isinstance(value, np.ndarray) and value.ndim == 0:
        return (
            "a NumPy array with a single number in it comes back, expected a plain number. .item()"
            " takes it out."
        )
    if kind == "number" and isinstance(value, np.ndarray):
        return (
            f"an array of shape {value.shape} comes back, expected {wanted}. Is a mean missing, or"
            " an index?"
        )
    if kind == "array" and isinstance(value, (list, tuple)):
        return f"{_type(value)} comes back, expected {wanted}. np.array(…) makes one."
    if not (
        is_tensor
        if kind == "tensor"
        else isinstance(value, numbers.Real if kind == "number" else np.ndarray)
    ):
        return f"{_type(value)} comes back, expected {wanted}."
    dtype = str(getattr(value, "dtype", "float64")).split(".")[-1]
    if dtype == "float32":
        return (
            "it is float32, which keeps 7 digits only. The course computes in float64 throughout."
        )
    if dtype != "float64" and kind != "number":
        return (
            f"its dtype is {dtype}, expected float64. Was it rounded, or made from whole numbers?"
        )
    array = np.array(value.detach() if is_tensor else value, float)
    if not np.isfinite(array).all():
        return (
            f"it holds NaN or infinity: {show(array)}. Look for a division by zero, or the root of"
            " a negative number."
        )
    return ""


def show(value, digits=6):
    """Return a number or an array in one short line: [[1, 2], [3, 0]]."""
    array = np.asarray(value, float) + 0.0  # + 0.0 turns -0 into 0
    if array.size > 24:
        return f"(an array of shape {array.shape})"
    written = np.array2string(
        array, separator=", ", formatter={"float": lambda x: f"{x:.{digits}g}"}
    )
    return " ".join(written.split()).replace("[ ", "[")


def show_case(exercise, case):
    """Return the lines that show a case: each argument, its shape and its values; a function by its
    docstring.
    """
    lines = []
    for name, value in zip(inspect.signature(exercise.right).parameters, case):
        shape = f" {value.shape}" if isinstance(value, np.ndarray) else ""
        lines.append(value.__doc__ if callable(value) else f"{name}{shape} = {show(value)}")
    return lines


def _show_both(exercise, case, yours, right):
    """Return the lines that show a case, and yours beside expected, with the digits it takes to see
    a difference.
    """
    lines = show_case(exercise, case)
    for name, a, b in zip(exercise.parts, yours, right):
        digits = (
            6 if same((a,), (b,)) else next((d for d in (6, 10) if show(a, d) != show(b, d)), 17)
        )
        lines += [f"yours     {name} {show(a, digits)}", f"expected  {name} {show(b, digits)}"]
    return lines


def _type(value):
    known = {"ndarray": "an array", "Tensor": "a PyTorch tensor", "NoneType": "None"}
    return known.get(type(value).__name__, f"a {type(value).__name__}")
