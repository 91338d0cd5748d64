"""Guess first, then look: the guess and the truth, beside each other."""

from collections.abc import Sequence
from math import isfinite
from numbers import Real
from typing import Any

_guesses: dict[str, Any] = {}


def guess(what: str, value: Any = ..., choices: Sequence[str] = ()) -> None:
    """Keep your guess of ``what``, a number or one of the ``choices``, until :func:`answer` shows
    it beside the truth.

    Never waits: with ``...`` in place of the guess, a line says what to write there, and so it does
    where the guess is no number or none of the choices.
    """
    expected = f"one of {', '.join(map(repr, choices))}" if choices else "a number"
    _guesses.pop(what, None)
    if choices and value is not ...:
        value = str(value)  # 0.3 is as good as "0.3"
    fits = value in choices if choices else _is_number(value)
    if value is ...:
        asked = "a choice" if choices else expected
        print(f"Guess {what}: write {asked} for the ... , then run this cell again.")
    elif not fits:
        print(f"Guess {what}: {value!r} is not {expected}.")
    else:
        _guesses[what] = value


def answer(what: str, truth: Any) -> None:
    """Print the truth about ``what``, a number or a choice, and your guess if you made one."""
    shown = truth if isinstance(truth, str) else f"{float(truth):.4g}"
    if what not in _guesses:
        print(f"{what}: {shown}")
        return
    yours = _guesses[what]
    if isinstance(truth, str):
        verdict = "right" if yours == truth else "not so"
    else:
        verdict = _apart(float(yours), float(truth))
    guessed = yours if isinstance(yours, str) else f"{float(yours):g}"
    print(f"{what}: {shown}   (you guessed {guessed}: {verdict})")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _apart(yours: float, truth: float) -> str:
    """Return in words how far a guessed number lies from the true one."""
    off = abs(yours - truth)
    if off <= 0.1 * abs(truth):
        return "within a tenth"
    if yours * truth <= 0 or truth == 0:
        return "too high" if yours > truth else "too low"
    factor = max(yours / truth, truth / yours)
    size = "too large" if abs(yours) > abs(truth) else "too small"
    return f"{factor:.2g} times {size}" if factor >= 2 else size
