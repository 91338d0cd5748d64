"""Calls the learner's function, and finds words for what goes wrong there."""

import ast
import inspect
import re
import textwrap
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.kinds import as_float64, is_tensor, type_in_words, type_problem
from course_utils.exercises.model import Exercise, NotDone, NotRight, WrongType
from course_utils.exercises.results import as_tuple
from course_utils.exercises.showing import case_in_lines, in_one_line
from course_utils.exercises.watching import Endless, lines_counted

#: What torch.autograd.grad returns for one tensor, and what a comma behind a value makes of it.
ALONE_IN_A_TUPLE = (
    "it comes back in a tuple. Take it out, torch.autograd.grad(…)[0]; or is there a comma behind"
    " it?"
)


def run_case(exercise: Exercise, function: Callable, case: tuple, right: tuple) -> tuple:
    """Call ``function`` on copies of a case, and return its results as arrays of float64.

    right: the right results, shown where yours has a wrong type. Raises NotDone where a ``...`` is
    left; NotRight where the function stops with an error, changes its arguments, or returns
    something of a wrong number; WrongType where it is of a wrong type.
    """
    shown = case_in_lines(exercise, case)
    given = [value.copy() if isinstance(value, np.ndarray) else value for value in case]
    answer = guarded(lambda: exercise.call(function, *given), function, shown)
    results = _parts_of(exercise, answer)
    if not results and "np.gradient" in _source_of(function):
        raise NotRight(
            "np.gradient is for a list of values measured side by side, and one number has no"
            " neighbours. Write the derivative out yourself.",
            *shown,
        )
    _require_all_parts(exercise, results, shown)
    for (name, before), after in zip(exercise.arguments(case), given):
        if isinstance(before, np.ndarray):
            _require_unchanged(name, before, after, shown)
    names = exercise.parts
    for (name, kind), result, expected in zip(names.items(), results, right):
        problem = ALONE_IN_A_TUPLE if len(names) == 1 and isinstance(answer, tuple) else ""
        problem = problem or type_problem(kind, result)
        if problem:
            expectation = f"expected  {name} {in_one_line(expected)}"
            raise WrongType(f"{name}: {problem}", *shown, expectation, values=_as_arrays(results))
    return tuple(as_float64(result) for result in results)


def _parts_of(exercise: Exercise, answer: Any) -> tuple:
    """Return the results in an answer. Several may come in a list, several numbers in an array:
    ``a, b = …`` takes these apart as well.
    """
    count = len(exercise.parts)
    if count > 1 and isinstance(answer, list) and len(answer) == count:
        return tuple(answer)
    numbers_only = set(exercise.parts.values()) == {"number"}
    if count > 1 and numbers_only and isinstance(answer, np.ndarray) and answer.shape == (count,):
        return tuple(answer)
    return as_tuple(answer)


def _as_arrays(results: tuple) -> tuple | None:
    """Return results of whatever types as arrays, or None where one of them holds no numbers."""
    try:
        return tuple(as_float64(result) for result in results)
    except (TypeError, ValueError, OverflowError, RuntimeError, NotImplementedError):
        return None


def _require_all_parts(exercise: Exercise, results: tuple, shown: list[str]) -> None:
    names, kinds = list(exercise.parts), list(exercise.parts.values())
    if len(results) != len(names):
        got = type_in_words(results[0]) if len(results) == 1 else f"{len(results)} results"
        question = " Is there a return?" if len(results) == 1 and results[0] is None else ""
        raise NotRight(
            f"It should return {' and '.join(names)}; it returns {got}.{question}", *shown
        )
    if kinds == ["array", "number"] and np.ndim(results[0]) == 0 and np.ndim(results[1]) > 0:
        raise NotRight(f"The results are in the wrong order. Return {', '.join(names)}.", *shown)


def _require_unchanged(name: str, before: np.ndarray, after: np.ndarray, shown: list[str]) -> None:
    if before.shape == after.shape and before.tobytes() == after.tobytes():
        return
    # Nearly as before: it was moved, and put back with a rounding error.
    if before.shape == after.shape and np.allclose(before, after, rtol=1e-12, atol=1e-12):
        raise NotRight(
            f"It moves its argument {name} and puts it back, but not exactly: adding and"
            " subtracting left a rounding error in the caller's array. Move a copy,"
            f" {name}.copy(), or put the old number back.",
            *shown,
            f"{name} after the call, minus {name} before: {in_one_line(after - before)}",
        )
    raise NotRight(
        f"It, or a function that it calls, changes its argument {name} in place: the caller's array"
        f" is spoiled. Make a new one: {name} = {name} - …, or {name}.copy(); not -=, and not"
        f" {name}[j] = … on the original.",
        *shown,
        f"{name} after the call: {in_one_line(after)}",
    )


def guarded(action: Callable[[], Any], function: Callable, shown: list[str]) -> Any:
    """Return action(), which calls the learner's ``function``.

    Raises NotDone where a ``...`` stands in the way or comes back; NotRight, with the lines
    ``shown``, where the function stops with an error, or never stops.
    """
    try:
        with lines_counted(function):
            result = action()
    except (NotDone, NotRight):
        raise
    except Endless as error:
        stopped = f"{error}{_place_in_cell(error, function)}."
        if error.counts_calls and not _has_while(function):
            sentence = f"It goes on too long: {stopped} Every turn of a loop counts."
        else:
            sentence = (
                f"It never ended: {stopped} What a loop waits for must come true: does each turn"
                " change what its condition looks at, and does it ever get there?"
            )
        raise NotRight(sentence, *shown) from None
    except (Exception, SystemExit) as error:
        place = _place_in_cell(error, function)
        if _comes_from_dots(error, function):
            raise NotDone(f": a ... is still in the way{place}") from None
        if isinstance(error, UnboundLocalError) and (early := _too_early(error, function)):
            raise NotRight(f"Not in this order: {early}{place}.", *shown) from None
        problem = f"{type(error).__name__}: {_trail_missing(error, function)}"
        raise NotRight(f"It stops with {problem}{place}.", *shown) from None
    if any(value is Ellipsis for value in as_tuple(result)):
        raise NotDone
    return result


def _place_in_cell(error: BaseException, function: Callable) -> str:
    """Return in which line of the function's cell an error was raised, or an empty text."""
    code = getattr(function, "__code__", None)
    cell = getattr(code, "co_filename", None)
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == cell]
    if not frames:
        return ""
    return f', in line {frames[-1].lineno} of its cell: "{frames[-1].line}"'


def _too_early(error: UnboundLocalError, function: Callable) -> str:
    """Return which line stands too early, where an error comes from a name that is used above the
    line that makes it; an empty text where no line further down makes it.
    """
    found = re.search("'(.+?)'", str(error))
    code = getattr(function, "__code__", None)
    frames = [each for each in traceback.walk_tb(error.__traceback__) if each[0].f_code is code]
    if not found or not frames:
        return ""
    line = frames[-1][1] - frames[-1][0].f_code.co_firstlineno + 1
    makes = [
        node.lineno
        for node in _nodes_of(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == found[1]
    ]
    later = [each for each in makes if each > line]
    if not later:
        return ""
    return f"{found[1]} is used in a line that stands above the one that makes it"


def _trail_missing(error: BaseException, function: Callable) -> str:
    """Return an error's message in words; where a derivative by an argument was asked for that came
    in without requires_grad, what to do about it.
    """
    said = _message_in_words(error)
    frames = [each for each, _ in traceback.walk_tb(error.__traceback__)]
    source = _source_of(function)
    cut_here = any(word in source for word in ("requires_grad", "detach", "no_grad", "tensor("))
    if "not require grad" not in str(error) or cut_here:
        return said
    for frame in frames:
        for name in ("weight", "weights", "w"):
            if frame.f_code is getattr(function, "__code__", None) and name in frame.f_locals:
                value = frame.f_locals[name]
                if is_tensor(value) and not value.requires_grad:
                    return (
                        f"{name} came in without requires_grad, so nothing was recorded on the way"
                        f" to the loss. Make a copy that asks for it first: {name} ="
                        f" {name}.clone().requires_grad_()"
                    )
    return said


#: Messages that need a decoder, by some of their words.
_IN_OTHER_WORDS = {
    "only integers, slices": (
        "what stands in [ ] is no whole number; a loop over the values themselves gives no places,"
        " range(len(…)) does"
    ),
    "does not require grad and does not have a grad_fn": (
        "it does not require grad, so no way leads back from it to a weight: it was computed under"
        " no_grad(), behind a .detach(), from a tensor without requires_grad=True, or as a gradient"
        " without create_graph=True"
    ),
    "implicitly created only for scalar": (
        "backward starts at a single number, and here are several (is a mean missing?)"
    ),
    "a leaf Variable that requires grad is being used in an in-place": (
        "a weight with requires_grad=True is changed in place, which is allowed under"
        " torch.no_grad() only"
    ),
    "unexpected keyword argument 'axis'": (
        "NumPy's functions are for arrays, and here are tensors: torch.mean for np.mean"
    ),
    "'builtin_function_or_method'": (
        "a function stands where its result belongs; brackets are missing, y.mean() for y.mean"
    ),
    "'method'": "a method stands where its result belongs; brackets are missing behind its name",
    "name 'T' is not defined": "X transposed is written X.T, with a point",
    "name 'e' is not defined": (
        "e is a letter of the formula, no name of the code: write out what it stands for (the error"
        " is prediction minus truth; the exponential function is exp)"
    ),
    "name 'y_bar' is not defined": "the mean of y is y.mean() in code",
    "argument: 'inputs'": (
        "it wants two things, a function of the weights alone (lambda weight: …) and a point where"
        " to differentiate (as many zeros as there are weights)"
    ),
    "must have the same dtype": (
        "the tensors are of different types; where Python's numbers make a tensor, torch.zeros(3)"
        " too, say dtype=torch.float64"
    ),
    "expected m1 and m2 to have the same dtype": (
        "the tensors are of different types; where Python's numbers make a tensor, torch.zeros(3)"
        " too, say dtype=torch.float64"
    ),
    "size mismatch, got": (
        "the shapes on the two sides of an @ do not fit together; is there one weight for each"
        " column of X, X.shape[1] of them?"
    ),
    "truth value of an array": (
        "an if, and the words and, or, not, ask one question, and here is a whole array of answers;"
        " np.where asks for each, & and | join questions in brackets"
    ),
    "'NoneType'": (
        "something here is None: a .grad before backward() has run, or after it was emptied, or"
        " what a function without a return gives"
    ),
}


def _message_in_words(error: BaseException) -> str:
    """Return the first line of an error's message; where NumPy's need a decoder, a plain one."""
    lines = str(error).splitlines()
    if isinstance(error, RecursionError):
        return "the function calls itself, and that call itself again, without an end"
    if not lines:
        return "no message"
    if "bitwise_xor" in lines[0] or "for ^" in lines[0]:
        return "^ is no power in Python; write ** 2"
    if "inhomogeneous" in lines[0]:
        return (
            "several results stand where one array belongs; does a function that you call return"
            " two? Take them apart: weight, loss = …"
        )
    if "core dimension" in lines[0]:
        return "the shapes on the two sides of an @ do not fit together"
    for words, sentence in _IN_OTHER_WORDS.items():
        if words in lines[0]:
            return sentence
    if re.search(r"\b342(x\d+)?\b", lines[0]):
        return f"{lines[0]}. The 342 are the notebook's penguins; here come others"
    if "enough dimensions" in lines[0]:
        return "one side of an @ is a single number, and @ needs an array on both sides"
    return lines[0]


def _comes_from_dots(error: BaseException, function: Callable) -> bool:
    """Tell whether an error is likely due to a ``...`` that the learner has not replaced yet."""
    if "only integers, slices" in str(error):  # it lists what may be an index, `...` among it
        return _has_dots(function)
    if "ellipsis" in str(error):
        return True
    return isinstance(error, (TypeError, ValueError)) and _has_dots(function)


def _source_of(function: Callable) -> str:
    """Return the source of a function; an empty text where there is none."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _nodes_of(function: Callable) -> list[ast.AST]:
    """Return what the source of a function consists of; nothing where there is no source."""
    try:
        return list(ast.walk(ast.parse(textwrap.dedent(_source_of(function)))))
    except SyntaxError:  # it does not stand alone
        return []


def _has_while(function: Callable) -> bool:
    """Tell whether the source of a function holds a loop that waits for something."""
    return any(isinstance(node, ast.While) for node in _nodes_of(function))


def _has_dots(function: Callable) -> bool:
    """Tell whether a ``...`` stands in the source of a function, other than as an index such as
    X[..., 0].
    """
    nodes = _nodes_of(function)
    indices: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.Subscript):
            indices.update(ast.walk(node.slice))
    dots = [node for node in nodes if isinstance(node, ast.Constant) and node.value is Ellipsis]
    return any(node not in indices for node in dots)
