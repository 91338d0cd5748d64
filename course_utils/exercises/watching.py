"""Stops what never ends, by counting: a learner's ``while`` whose condition stays true.

Counted are the lines that run, and the turns of loops that stand in one line, never seconds, so the
verdict is the same on every machine.
"""

import dis
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

#: More lines of the learner's than any answer needs, in one call.
MOST_LINES = 500_000
#: More calls of the function that an exercise hands out than any answer needs.
MOST_CALLS = 1_000


class Endless(BaseException):
    """The learner's code goes on without an end. The message says how that was seen.

    No Exception, so that a learner's ``except Exception`` lets it pass. counts_calls: calls of what
    the exercise hands out were counted, not lines.
    """

    counts_calls = False


@contextmanager
def lines_counted(function: Callable, most: int = MOST_LINES) -> Iterator[None]:
    """While this context is open, count the lines that run in the function's notebook, its helpers
    from other cells included, and raise Endless after ``most``. A trace function that was set
    before, by a debugger or a measure of coverage, is set again at the end.
    """
    globals_ = globals_of(function)
    count = 0

    def count_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if event == "line" or event == "opcode" and frame.f_lasti in _one_line_loops(frame.f_code):
            count += 1
            if count > most:
                raise Endless(f"after {most:,} lines it was stopped")
        return count_line

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_globals is not globals_:
            return None
        frame.f_trace_opcodes = bool(_one_line_loops(frame.f_code))
        return count_line

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)


@functools.cache
def _one_line_loops(code: CodeType) -> frozenset[int]:
    """Return where in a function's code a jump leads back to its own line, as at the end of
    ``while True: pass``: Python tells of a line once, not at each turn within it.
    """
    line, lines, back = 0, {}, []
    for step in dis.get_instructions(code):
        line = step.positions.lineno or line if step.positions else line
        lines[step.offset] = line
        if "BACKWARD" in step.opname:
            back.append((step.offset, step.argval))
    return frozenset(jump for jump, target in back if lines[target] == lines[jump])


def require_not_endless(calls: int, what: str) -> None:
    """Raise Endless where ``calls`` of ``what`` the exercise hands out, such as "questions", are
    more than any answer needs.
    """
    if calls >= MOST_CALLS:
        error = Endless(f"after {MOST_CALLS:,} {what} it was stopped")
        error.counts_calls = True
        raise error


def globals_of(function: Callable) -> dict[str, Any]:
    """Return the globals that the function's code sees; in a notebook all its cells share them."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    for code in (function, type(function).__call__):  # an object with a method __call__, too
        if hasattr(code, "__globals__"):
            return code.__globals__
    return vars(sys.modules["__main__"])
