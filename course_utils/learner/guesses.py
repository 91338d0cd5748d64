"""Guess first, then look: the guess and the truth, beside each other."""

import re
from collections.abc import Sequence
from math import isfinite
from numbers import Real
from typing import Any

_guesses: dict[str, Any] = {}


#: How far from the truth a number may lie to count as hit: what is left of a rounded sum on paper.
HIT = 1e-3


def guess(what: str, value: Any = ..., *more: Any, choices: Sequence[str] = ()) -> None:
    """Keep your guess of ``what``, a number or one of the ``choices``, until :func:`answer` shows
    it beside the truth.

    Never waits: with ``...`` in place of the guess, a line says what to write there, and so it does
    where the guess is no number or none of the choices, or where a comma (``more``) cuts it in two.
    """
    expected = f"one of {', '.join(map(repr, choices))}" if choices else "a number"
    _guesses.pop(what, None)
    kept = _choice(value, choices) if choices else value if _is_number(value) else None
    if value is ...:
        asked = "a choice, in quotes," if choices else expected
        print(f"Guess {what}: write {asked} for the ... , then run this cell again.")
    elif more:
        parts = ",".join(str(part) for part in (value, *more))
        point = f" {'.'.join(parts.split(','))}, with a point," if len(more) == 1 else ""
        print(f"Guess {what}: {parts} are {len(more) + 1} values; write one,{point} not a comma.")
    elif kept is None:
        print(f"Guess {what}: {value!r} is not {expected}.{_hint(value, choices)}")
    else:
        _guesses[what] = kept


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
        verdict = _verdict(what, float(yours), float(truth))
    guessed = yours if isinstance(yours, str) else f"{float(yours):g}"
    print(f"{what}: {shown}   (you guessed {guessed}: {verdict})")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _choice(value: Any, choices: Sequence[str]) -> str | None:
    """Return the choice that is meant: 0.3 is as good as "0.3", " Half" as "half"."""
    written = str(value).strip()
    for same in (
        lambda choice: choice == written,
        lambda choice: choice.casefold() == written.casefold(),
        lambda choice: _is_number(value) and _as_number(choice) == value,
    ):
        found = [choice for choice in choices if same(choice)]
        if len(found) == 1:
            return found[0]
    return None


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _hint(value: Any, choices: Sequence[str]) -> str:
    """Return how to write a number that stands in quotes, or nothing."""
    if choices or not isinstance(value, str):
        return ""
    number = _as_number(value.strip().removesuffix("%").strip().replace(",", "."))
    return "" if number is None else f" Write {number:g}, without quotes or sign of percent."


def _verdict(what: str, yours: float, truth: float) -> str:
    """Return in words how far a guessed number lies from the true one."""
    off = abs(yours - truth)
    if off == 0 or (off <= HIT * abs(truth) and not truth.is_integer()):
        return "right"
    if _near(yours, truth):
        return "within a tenth"
    if "in degrees" in what:
        return f"off by {off:.3g}°"
    if re.search(r"percent|%", what) and _near(100 * yours, truth):
        return f"within a tenth, but asked in percent: {100 * yours:g}"
    if re.match(r"(the )?(part|share|fraction)\b", what) and _near(yours / 100, truth):
        return f"within a tenth, but in percent: as a part it is {yours / 100:g}"
    if yours * truth <= 0 or truth == 0:
        return "too high" if yours > truth else "too low"
    factor = max(yours / truth, truth / yours)
    far = abs(yours) > abs(truth)
    if truth > 0:
        size = "too large" if far else "too small"
        return f"{factor:.2g} times {size}" if factor >= 2 else size
    times = f", {factor:.2g} times too {'far from' if far else 'near to'} 0" if factor >= 2 else ""
    return ("too low" if far else "too high") + times


def _near(yours: float, truth: float) -> bool:
    return abs(yours - truth) <= 0.1 * abs(truth)
