"""From wrong numbers to the mistake's sentence: yours are laid beside the right ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.exercises.model import Exercise, Mistake
from course_utils.exercises.results import as_tuple, same, same_part

#: One part of the results, of each case.
Arrays = list[np.ndarray]


#: What is said of numbers that no known mistake explains.
RIGHT_FOR_THE_SMALLEST = (
    "Right for the smallest case, but not in general. Here is a case where it differs:"
)
THEY_DIFFER = "The numbers differ. Follow the smallest case that shows it with pencil and paper:"


def diagnose(exercise: Exercise, yours: list[tuple], right: list[tuple]) -> str:
    """Return the sentence that explains the results of all cases: a known mistake, a shape, an
    approximation, a factor.

    yours and right hold a tuple of results for each case; in at least one case they differ.
    """
    sentence = known_mistake(exercise, yours) or exercise.explain(yours, right)
    if sentence:
        return sentence
    for index, name in _parts_to_explain(exercise, yours, right):
        your_part = [results[index] for results in yours]
        right_part = [results[index] for results in right]
        sentence = _known_in_part(exercise, index, your_part, right_part)
        if sentence:
            return f"{name}: {sentence}"
        sentence = _diagnose_part(exercise, name, your_part, right_part)
        if sentence:
            return sentence
    if same(yours[0], right[0]):
        return RIGHT_FOR_THE_SMALLEST
    return THEY_DIFFER


def known_mistake(exercise: Exercise, yours: list[tuple]) -> str:
    """Return the sentence of the mistake that gives the results of all cases, or an empty text."""
    for mistake in exercise.mistakes:
        if _explains(mistake, exercise.cases, yours):
            return mistake.sentence
    return ""


def _known_in_part(exercise: Exercise, index: int, yours: Arrays, right: Arrays) -> str:
    """Return the sentence of the mistake that gives one part of the results in all cases, or an
    empty text. Where there is only one part, all mistakes were tried before.
    """
    if len(exercise.parts) == 1:
        return ""
    for mistake in exercise.mistakes:
        parts = [as_tuple(mistake.result(*case)) for case in exercise.cases]
        if all(
            len(results) == len(exercise.parts) and same_part(x, results[index], mistake.rtol)
            for x, results in zip(yours, parts)
        ):
            return mistake.sentence
    return ""


def _explains(mistake: Mistake, cases: list[tuple], yours: list[tuple]) -> bool:
    return all(
        same(your, as_tuple(mistake.result(*case)), mistake.rtol)
        for case, your in zip(cases, yours)
    )


def _parts_to_explain(
    exercise: Exercise, yours: list[tuple], right: list[tuple]
) -> list[tuple[int, str]]:
    """Return (index, name) of the parts that are wrong in some case: first those that are wrong in
    the case which stands below the sentence, the first that differs.
    """
    first = next(k for k in range(len(right)) if not same(yours[k], right[k]))
    at_once, later = [], []
    for index, name in enumerate(exercise.parts):
        if not same_part(yours[first][index], right[first][index]):
            at_once.append((index, name))
        elif any(not same_part(x[index], z[index]) for x, z in zip(yours, right)):
            later.append((index, name))
    return at_once + later


def _diagnose_part(exercise: Exercise, name: str, yours: Arrays, right: Arrays) -> str:
    """Return what is wrong with one part of the results, or an empty text."""
    for x, z in zip(yours, right):
        if np.shape(x) != np.shape(z):
            return f"{name} has the shape {x.shape}, expected {np.shape(z)}.{_of_shapes(x, z)}"
    if all(same_part(x, yours[0]) for x in yours):
        return (
            f"{name} is the same for every case: it does not depend on the arguments. A fixed"
            " number, or a global?"
        )
    for end, which in ((-1, "last"), (0, "first")):
        if _one_left_zero(yours, right, end):
            return (
                f"{name}: right but for its {which} number, which is still 0. Does the loop leave"
                " out a weight?"
            )
    digits = _rounded_to(yours, right)
    if digits is not None:
        return (
            f"{name} is rounded to {digits} digits after the point. Return it with all its digits."
        )
    if _is_nearly_right(yours, right, exercise.cases):
        if all((x.astype(np.float32) == x).all() for x in yours):
            return f"{name} agrees to 7 digits only: float32 somewhere. Keep float64 all the way."
        return f"{name} is close, but not exact, {exercise.close}"
    if name in exercise.factor_in:
        look_at = exercise.factor_in[name]
        yours = [look_at(x, *case) for x, case in zip(yours, exercise.cases)]
        right = [look_at(z, *case) for z, case in zip(right, exercise.cases)]
        if not any(np.any(x) for x in yours):
            return f"{name}: it did not move; what was passed in comes back."
    factor = _factor_in_words(yours, right, exercise.cases)
    return f"{name}: {factor}." if factor else ""


def _of_shapes(x: np.ndarray, z: np.ndarray) -> str:
    """Return a sentence on how the shape of ``x`` differs from that of ``z``, or an empty text."""
    if x.shape == (np.size(z), 1):
        return " This is a column: use .reshape(-1)."
    if x.shape == ():
        return " A single number: is a mean, a sum or a loss taken where each place has its own?"
    if x.ndim == 2 and same_part(x.T, z):
        return " Rows and columns are exchanged: is there a .T too many, or one too few?"
    if x.shape == np.shape(z)[1:]:
        return " One row comes back, where all are asked for."
    if x.shape[1:] == np.shape(z):
        return " Several rows come back, where one is asked for."
    if same_part(np.ravel(x), np.ravel(z)):
        return " All numbers are there, in another shape."
    if x.ndim > 1 and x.shape[1:] == np.shape(z)[1:]:
        return f" Rows that come back: {len(x)}; rows that are asked for: {len(z)}."
    return ""


def _one_left_zero(yours: Arrays, right: Arrays, end: int) -> bool:
    """Tell whether all vectors are right but for one end, the last (-1) or the first (0), which is
    0; a vector of a single number has no other.
    """
    if any(np.ndim(z) != 1 for z in right) or all(len(z) < 2 for z in right):
        return False
    rest = slice(None, -1) if end else slice(1, None)
    return all(x[end] == 0 and same_part(x[rest], z[rest]) for x, z in zip(yours, right) if len(z))


def _rounded_to(yours: Arrays, right: Arrays) -> int | None:
    """Return to how many digits after the point ``yours`` were rounded; None if they were not."""
    for digits in range(9):
        rounded = [np.round(z, digits) for z in right]
        if all(same_part(x, z, 1e-12) for x, z in zip(yours, rounded)):
            return digits
    if all(same_part(x, np.trunc(z), 1e-12) for x, z in zip(yours, right)):
        return 0
    return None


def _is_nearly_right(yours: Arrays, right: Arrays, cases: list[tuple]) -> bool:
    """Tell whether all cases agree to three digits: a mistake that shows in few is no
    approximation. The digits count from the largest number in the answer and in the case's arrays,
    for so large are the numbers that were rounded.
    """
    for x, z, case in zip(yours, right, cases):
        arrays = [z, *(value for value in case if isinstance(value, np.ndarray))]
        largest = max(np.max(np.abs(array), initial=0) for array in arrays) or 1
        if not np.abs(x - z).max() / largest < 1e-3:
            return False
    return True


@dataclass(frozen=True)
class _SizeFactor:
    """A factor that depends on m, the number of examples, and n, the number of weights."""

    words: str
    value: Callable[[int, int], float]


_SIZE_FACTORS = [
    _SizeFactor("m times too large: a sum stands where a mean belongs", lambda m, n: m),
    _SizeFactor("divided by m once too often", lambda m, n: 1 / m),
    _SizeFactor(
        "divided by m - 1, where m, the number of examples, belongs",
        lambda m, n: m / (m - 1) if m > 1 else 1,
    ),
    _SizeFactor(
        "divided by 342, the number of the notebook's penguins, where m, the number of examples at"
        " hand, belongs (len(y))",
        lambda m, n: m / 342,
    ),
    _SizeFactor("divided by n as well: a mean over everything", lambda m, n: 1 / n),
    _SizeFactor(
        "divided by n, the number of weights, where m, the number of examples, belongs",
        lambda m, n: m / n,
    ),
]


def _factor_in_words(yours: Arrays, right: Arrays, cases: list[tuple]) -> str:
    """Return by which factor ``yours`` is off in every case: a sign, 2, m; or an empty text."""
    ratios, sizes = [], []
    for x, z, case in zip(yours, right, cases):
        if not np.any(z):
            continue  # of zero, every multiple is the same
        ratio = np.sum(x * z) / np.sum(z * z)
        if not same_part(x, ratio * np.asarray(z), 1e-7):
            return ""
        ratios.append(ratio)
        sizes.append(_examples_and_weights(case))
    if not ratios:
        return ""
    constant = _common_constant(ratios, [1] * len(ratios))
    if constant is not None:
        return _constant_in_words(constant)
    for factor in _SIZE_FACTORS:
        constant = _common_constant(ratios, [factor.value(m, n) for m, n in sizes])
        if constant is not None and abs(constant) in (0.5, 1, 2):
            before = _constant_in_words(constant)
            return f"{before}, and {factor.words}" if before else factor.words
    return ""


def _examples_and_weights(case: tuple) -> tuple[int, int]:
    """Return (m, n), the shape of a case's X; (m, 1) of one feature x, or (1, 1)."""
    X = case[0]
    if isinstance(X, np.ndarray):
        return len(X), X[0].size
    return 1, 1


def _common_constant(ratios: list[float], factors: list[float]) -> float | None:
    """Return the constant c with ratios = c * factors, rounded to 7 decimals; None if there is
    none.
    """
    constant = round(float(ratios[0] / factors[0]), 7)
    expected = constant * np.array(factors)
    return constant if np.allclose(ratios, expected, rtol=1e-6) else None


def _constant_in_words(constant: float) -> str:
    """Return a constant factor in words, such as a sign and a factor 2; of 1 an empty text."""
    known = {0: "always zero", 1: "", 2: "a factor 2 too many", 0.5: "a factor 2 is missing"}
    size = known.get(abs(constant), f"always {abs(constant):g} times the right value")
    if constant >= 0:
        return size
    sign = "the sign is turned round"
    return f"{sign}, and {size}" if size else sign
