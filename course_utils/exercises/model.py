"""What an exercise is: what the learner's function must return, and which mistakes are known."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from course_utils.exercises.results import RTOL

#: What one result of a function has to be: a plain number, a NumPy array, a PyTorch tensor.
Kind = Literal["number", "array", "tensor"]

#: What to say of results that are nearly right: where NumPy computes, and where PyTorch does.
APPROXIMATED = (
    "as if it were approximated (a finite difference?) or rounded on the way. Use the formula, with"
    " all digits."
)
FLOAT32 = (
    "as if float32 stood somewhere: .float(), or dtype=torch.float32. Keep float64 all the way. (Or"
    " is it a finite difference? Let autograd differentiate.)"
)


class NotDone(Exception):
    """There is still a ``...`` where the answer goes. The message says where, or is empty."""


class NotRight(Exception):
    """The answer is wrong.

    sentence: what is wrong. shown: the lines to print below it, such as the case, yours and
    expected.
    """

    def __init__(self, sentence: str, *shown: str):
        super().__init__(sentence)
        self.shown = shown


class WrongType(NotRight):
    """A result has a wrong type.

    values: the results as arrays, by which a known mistake may still be recognised; or None.
    """

    def __init__(self, sentence: str, *shown: str, values: tuple | None):
        super().__init__(sentence, *shown)
        self.values = values


@dataclass(frozen=True)
class Mistake:
    """A mistake that learners make, recognised by the results it gives.

    sentence: what the learner is told. result(*case): what a function with this mistake returns.
    rtol: how near the learner's results have to come, relative to the largest.
    """

    sentence: str
    result: Callable[..., Any]
    rtol: float = RTOL


def call_with_case(function: Callable[..., Any], *case: Any) -> Any:
    """Return function(*case): how most exercises call the learner's function."""
    return function(*case)


def _explains_nothing(yours: list[tuple], right: list[tuple]) -> str:
    """Return an empty text: most exercises have nothing to add to their mistakes."""
    return ""


def _asks_nothing(function: Callable[..., Any]) -> None:
    """Ask nothing more of a function whose results are right, as most exercises do."""


@dataclass(frozen=True)
class Exercise:
    """A function to write, compared with the right one on a few cases.

    function: its name. parts: {name of a result: its kind}. right(*case), like the result of each
    of the mistakes, returns one result, or a tuple, as floats and NumPy arrays; its arguments bear
    the names that the learner reads. cases: tuples of arguments, the smallest first; X (m, n)
    comes first if there is one. call(function, *case): how the learner's function is called, for
    instance twice. factor_in: {part: a function of (its value, *case)} where a factor or a sign
    does not show in the part itself, but in what this returns: the way that a weight moved, for
    instance. close: what to say of results that are nearly right. explain(yours, right), the
    results of all cases: the sentence for a mistake that shows in a property of the results, such
    as a rate that decays, or an empty text; asked when no mistake fits. besides(the learner's
    function): raises NotRight where what is right in all cases lacks what no result shows.
    """

    function: str
    parts: dict[str, Kind]
    right: Callable[..., Any]
    cases: list[tuple]
    mistakes: list[Mistake]
    call: Callable[..., Any] = call_with_case
    factor_in: dict[str, Callable[..., Any]] = field(default_factory=dict)
    close: str = APPROXIMATED
    explain: Callable[[list[tuple], list[tuple]], str] = _explains_nothing
    besides: Callable[[Callable[..., Any]], None] = _asks_nothing

    def arguments(self, case: tuple) -> list[tuple[str, Any]]:
        """Return [(name, value)] of the arguments in a case."""
        return list(zip(inspect.signature(self.right).parameters, case))


@dataclass(frozen=True)
class Goal:
    """An exercise that asks for a goal, not for a formula: every way that reaches it is right.

    function: the name of the function to write. run(the learner's function) returns the lines to
    print when the goal is reached; otherwise it raises NotDone or NotRight.
    """

    function: str
    run: Callable[[Callable[..., Any]], list[str]]
