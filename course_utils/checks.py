"""Checks of the exercises: they say what is right, and where something is wrong they name the mistake.

``check("1.2", gradient)`` calls the learner's function on a small case of whole numbers and on drawn ones, compares
with the right answer to 9 digits, and prints what it found. What each exercise expects, and which mistakes it knows,
stands in exercises_round1.py and so on; here is what all of them share.
"""

import inspect
import io
import numbers
import traceback
import warnings
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

RTOL = 1e-9


@dataclass(frozen=True)
class Exercise:
    """What a function must return, and what known mistakes return instead.

    parts: {name of a result: "number", "array" or "tensor"}. right(*case) and each of mistakes {sentence: function of
    the case} return one result, or a tuple of them, as NumPy arrays and floats. cases: tuples of arguments, the
    smallest first. call(function, *case) replaces function(*case), for instance to call it twice. compare: {part: what
    a factor or a sign is looked for in, as a function of (part's value, *case)}.
    """

    parts: dict
    right: object
    cases: list
    mistakes: dict
    call: object = None
    compare: dict = field(default_factory=dict)


class NotDone(Exception):
    """There is still a ``...`` where the answer goes."""


class Mistake(Exception):
    """A sentence that says what is wrong, and what to show below it: the case, yours and expected."""

    def __init__(self, sentence, *shown):
        super().__init__(sentence)
        self.shown = [line for line in shown if line]


def check(number, function):
    """Print whether ``function`` solves exercise ``number``, such as "1.2"; if not, name the mistake. Returns nothing."""
    _, text = verdict(number, function)
    print(text)


def verdict(number, function):
    """Return ("right", "not done" or "wrong", the text that :func:`check` prints)."""
    try:
        name, exercise = import_module(f"course_utils.exercises_round{str(number).split('.')[0]}").EXERCISES[number]
    except (ModuleNotFoundError, KeyError):
        raise ValueError(f'there is no exercise {number!r}; write check("1.2", the_function) with the number above') from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the sentence below says it better
        try:
            if not callable(function):
                raise Mistake(f"check needs the function {name} itself, not {_type(function)}. Leave out the brackets.")
            lines = _examine(exercise, function) if isinstance(exercise, Exercise) else exercise(function)
        except NotDone as reason:
            return "not done", f"{number} {name}: not done yet{reason}"
        except Mistake as mistake:
            return "wrong", "\n    ".join([f"{number} {name}: not right yet", str(mistake), *mistake.shown])
    return "right", "\n    ".join([f"{number} {name}: right", *lines])


def _examine(exercise, function):
    """Run all cases; raise NotDone or Mistake, or return the lines to print when all are right."""
    yours, right = [], []
    for case in exercise.cases:
        right.append(as_tuple(exercise.right(*case)))
        with nullcontext() if not yours else redirect_stdout(io.StringIO()):  # print() speaks for the first case only
            yours.append(_run(exercise, function, case, right[-1]))
    different = [k for k, (a, b) in enumerate(zip(yours, right)) if not same(a, b)]
    if different:
        k = different[0]
        sentence = _diagnose(exercise, yours, right, different)
        raise Mistake(sentence, *_shown(exercise, exercise.cases[k], yours[k], right[k]))
    with redirect_stdout(io.StringIO()):
        again = _run(exercise, function, exercise.cases[0], right[0])
    if not same(again, right[0]):
        raise Mistake(
            "Right at first, but another result when the same case comes again: something is kept between two calls "
            "(a global variable, a default argument). Start afresh in each call.",
            *_shown(exercise, exercise.cases[0], again, right[0]),
        )
    return [f"{len(exercise.cases)} cases agree with the expected result to 9 digits."]


def _run(exercise, function, case, right):
    """Call ``function`` on copies of a case; return its results as float64 arrays, or raise NotDone or Mistake."""
    given = [value.copy() if isinstance(value, np.ndarray) else value for value in case]
    results = guarded(lambda: (exercise.call or (lambda f, *a: f(*a)))(function, *given), function, show_case(exercise, case))
    wanted = list(exercise.parts)
    if len(wanted) == 1 and not isinstance(results, tuple):
        results = (results,)
    if results is None or not isinstance(results, tuple) or len(results) != len(wanted):
        got = "None: is there a return?" if results is None else _type(results)
        if isinstance(results, tuple):
            got = f"{len(results)} results"
        raise Mistake(f"It should return {' and '.join(wanted)}; it returns {got}.", *show_case(exercise, case))
    for name, before, after in zip(inspect.signature(exercise.right).parameters, case, given):
        if isinstance(before, np.ndarray) and (before.shape != after.shape or before.tobytes() != after.tobytes()):
            raise Mistake(
                f"It changes its argument {name} in place, so the caller's array is spoiled. Make a new array: "
                f"{name} = {name} - …, or {name}.copy(); not -=, and not {name}[j] = … on the original.",
                *show_case(exercise, case),
                f"{name} after the call: {show(after)}",
            )
    pairs = zip(wanted, results, right)
    return tuple(_as_float64(exercise, case, name, value, expected) for name, value, expected in pairs)


def guarded(action, function, shown=()):
    """Return action(); what the learner's function raises becomes a Mistake, a ``...`` in it becomes NotDone."""
    try:
        result = action()
    except (Mistake, NotDone):
        raise
    except Exception as error:
        home = getattr(getattr(function, "__code__", None), "co_filename", None)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == home]
        place = f', in line {frames[-1].lineno} of its cell, "{frames[-1].line}"' if frames else ""
        if "ellipsis" in str(error):
            raise NotDone(f": a ... is still in the way{place}") from None
        problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        raise Mistake(f"It stops with {problem}{place}.", *shown) from None
    if any(value is Ellipsis for value in as_tuple(result)):
        raise NotDone
    return result


def _as_float64(exercise, case, name, value, expected):
    """Return one result as a float64 array, or raise the Mistake that its type is."""
    kind = exercise.parts[name]
    wanted = {"number": "a plain number", "array": "a NumPy array", "tensor": "a PyTorch tensor"}[kind]

    def wrong(sentence):
        raise Mistake(f"{name}: {sentence}", *show_case(exercise, case), f"expected  {name} {show(expected)}")

    is_tensor = type(value).__module__.split(".")[0] == "torch"
    if value is None:
        wrong("None comes back. Is there a return, and does every name in it hold a value?")
    if is_tensor and kind != "tensor":
        wrong(f"a PyTorch tensor comes back, expected {wanted}. {'.item()' if kind == 'number' else '.numpy()'} turns it into one.")
    if kind == "number" and isinstance(value, np.ndarray):
        wrong(f"an array of shape {value.shape} comes back, expected {wanted}. Is a mean missing, or an index?")
    if (kind == "tensor") != is_tensor or not isinstance(value, numbers.Real if kind == "number" else object):
        wrong(f"{_type(value)} comes back, expected {wanted}.")
    if kind == "array" and not isinstance(value, np.ndarray):
        wrong(f"{_type(value)} comes back, expected {wanted}. np.array(…) makes one.")
    array = np.asarray(value.detach() if is_tensor else value)
    if array.dtype == np.float32:
        wrong("it is float32, which keeps 7 digits only. The course computes in float64: convert nothing, and let it be.")
    if array.dtype != np.float64 and kind != "number":
        wrong(f"its dtype is {array.dtype}, expected float64. Was the array made from whole numbers (np.zeros makes float64)?")
    if not np.isfinite(array).all():
        wrong(f"it holds NaN or infinity: {show(array)}. Look for a division by zero, or a root of something negative.")
    return array.astype(np.float64)


def _diagnose(exercise, yours, right, different):
    """Return the sentence that explains all the results: a known mistake, a factor, a shape, an approximation."""
    for sentence, mistake in exercise.mistakes.items():
        if all(same(as_tuple(mistake(*case)), your) for case, your in zip(exercise.cases, yours)):
            return sentence
    for index, name in enumerate(exercise.parts):
        a, b = ([results[index] for results in side] for side in (yours, right))
        if all(same((x,), (z,)) for x, z in zip(a, b)):
            continue
        for x, z in zip(a, b):
            if np.shape(x) != np.shape(z):
                turned = ", the transpose of what is expected" if x.ndim == 2 and x.T.shape == np.shape(z) else ""
                column = f". A column: did a (m, 1) slip in, or is .reshape({x.size}) missing" if x.shape == (np.size(z), 1) else ""
                return f"{name} has the shape {x.shape}{turned}{column}; expected {np.shape(z)}."
        if len(a) > 2 and all(same((x,), (a[0],)) for x in a):
            return f"{name} is the same for every case: it does not depend on the arguments. A global variable, or a fixed number?"
        errors = [np.abs(x - z).max() / (np.abs(z).max() or 1) for x, z in zip(a, b)]
        if np.median(errors) < 1e-4 and max(errors) > RTOL:
            if all((x.astype(np.float32) == x).all() for x in a):
                return f"{name} agrees to 7 digits only: float32 somewhere. Keep float64 all the way."
            if np.median(errors) < 1e-5 and len(different) > len(a) / 3 or len(different) == 1:
                return f"{name} is close, but not exact, as if it were approximated (a finite difference?). Use the formula."
        view = exercise.compare.get(name, lambda value, *case: value)
        found = _factor(*([view(value, *case) for value, case in zip(side, exercise.cases)] for side in (a, b)), exercise.cases)
        if found:
            return f"{name}: {found}."
    if 0 not in different:
        return "Right for the smallest case, but not in general. Here is a case where it differs:"
    return "The numbers differ. Follow the smallest case that shows it with pencil and paper:"


def _factor(yours, right, cases):
    """Return in words by which factor ``yours`` is off in every case: a sign, 2, m; or an empty text."""
    rows = [(x, z, np.shape(case[0])) for x, z, case in zip(yours, right, cases) if np.any(z)]
    ratios = np.array([np.sum(x * z) / np.sum(z * z) for x, z, _ in rows])
    if not all(same((ratio * np.asarray(z),), (x,)) for ratio, (x, z, _) in zip(ratios, rows)):
        return ""
    m, n = (np.array([(shape + (1, 1))[k] for *_, shape in rows], float) for k in (0, 1))
    for by_size, words in ((1, ""), (m, "m times too large: a sum stands where a mean belongs"),
                           (1 / m, "divided by m once too often"), (1 / n, "divided by n as well: a mean over everything"),
                           (m / n, "divided by n, the number of weights, where m, the number of examples, belongs")):  # fmt: skip
        c = (ratios / by_size)[0]
        if np.allclose(ratios / by_size, c, rtol=1e-7) and (words or len(set(m)) > 1):
            size = {0: "it is always zero", 1: "", 2: "a factor 2 too many", 0.5: "a factor 2 is missing"}
            other = f"always {abs(c):.6g} times the right value"
            sign = "the sign is turned round" if c < 0 else ""
            if words and abs(c) not in (0.5, 1, 2):
                continue
            return ", and ".join(part for part in (sign, size.get(round(abs(c), 7), other), words) if part)
    return ""


def same(a, b):
    """Tell whether two tuples of results have the same shapes and, to 9 digits of the largest, the same values."""
    return len(a) == len(b) and all(
        np.shape(x) == np.shape(z) and bool(np.all(np.abs(np.subtract(x, z)) <= RTOL * max(np.max(np.abs(z), initial=0), 1e-3)))
        for x, z in zip(a, b)
    )


def as_tuple(result):
    """Return ``result`` as a tuple: itself, or the only member."""
    return result if isinstance(result, tuple) else (result,)


def show(value, digits=6):
    """Return a number or an array in one short line: [[1, 2], [3, 0]]; a function by its docstring."""
    if callable(value):
        return value.__doc__
    array = np.asarray(value, float) + 0.0  # + 0.0 turns -0 into 0
    if array.size > 24:
        return f"(an array of shape {array.shape})"
    return np.array2string(array, separator=", ", max_line_width=10**6, formatter={"float": lambda x: f"{x:.{digits}g}"}).replace(
        "\n", ""
    )


def show_case(exercise, case):
    """Return the lines that show a case: each argument, its shape and its values."""
    shape = [f" {np.shape(value)}" if isinstance(value, np.ndarray) else "" for value in case]
    names = inspect.signature(exercise.right).parameters
    return [f"{name}{s} = {show(value)}" for name, s, value in zip(names, shape, case)]


def _shown(exercise, case, yours, right):
    """Return the lines that show a case, and yours beside expected, with as many digits as it takes to see the difference."""
    rows = [[show(value, digits) for value in side] for digits in (6, 10, 17) for side in (yours, right)]
    mine, theirs = next(((a, b) for a, b in zip(rows[::2], rows[1::2]) if a != b), rows[-2:])
    lines = show_case(exercise, case)
    for name, a, b in zip(exercise.parts, mine, theirs):
        lines += [f"yours     {name} {a}", f"expected  {name} {b}"]
    return lines


def _type(value):
    return {"ndarray": "an array", "Tensor": "a PyTorch tensor"}.get(type(value).__name__, f"a {type(value).__name__}")
