"""From wrong numbers to the name of the mistake: what ``diagnose`` sees when it lays yours beside
the right ones.
"""

import numpy as np

#: Results are compared to 9 digits: enough for every formula, too tight for float32 and finite
#: differences.
RTOL = 1e-9


def diagnose(exercise, yours, right):
    """Return the sentence that explains all results: a known mistake, a shape, an approximation, a
    factor.
    """
    for sentence, mistake in exercise.mistakes.items():
        rule, rtol = mistake if isinstance(mistake, tuple) else (mistake, RTOL)
        if all(
            same(your, as_tuple(rule(*case)), rtol) for case, your in zip(exercise.cases, yours)
        ):
            return sentence
    # The case that stands below the sentence,.
    shown = next((x, z) for x, z in zip(yours, right) if not same(x, z))
    fine = [same((x,), (z,)) for x, z in zip(*shown)]  # so first name what is wrong there
    for index, name in sorted(enumerate(exercise.parts), key=lambda part: fine[part[0]]):
        a, b = ([results[index] for results in side] for side in (yours, right))
        bad = [(x, z) for x, z in zip(a, b) if not same((x,), (z,))]
        if not bad:
            continue
        for x, z in bad:
            if np.shape(x) != np.shape(z):
                column = (
                    " This is a column: use .reshape(-1)." if x.shape == (np.size(z), 1) else ""
                )
                return f"{name} has the shape {x.shape}, expected {np.shape(z)}.{column}"
        if all(same((x,), (a[0],)) for x in a):
            return (
                f"{name} is the same for every case: it does not depend on the arguments. A fixed"
                " number, or a global?"
            )
        errors = [np.abs(x - z).max() / _size(z, case) for x, z, case in zip(a, b, exercise.cases)]
        if max(errors) < 1e-3:  # all of them: a mistake that shows in few cases is no approximation
            if all((x.astype(np.float32) == x).all() for x in a):
                return (
                    f"{name} agrees to 7 digits only: float32 somewhere. Keep float64 all the way."
                )
            return f"{name} is close, but not exact, {exercise.close}"
        view = exercise.compare.get(name, lambda value, *case: value)
        a, b = (
            [view(value, *case) for value, case in zip(side, exercise.cases)] for side in (a, b)
        )
        found = _factor(a, b, [(*np.shape(case[0]), 1, 1)[:2] for case in exercise.cases])
        if found:
            return f"{name}: {found}."
    if same(yours[0], right[0]):
        return "Right for the smallest case, but not in general. Here is a case where it differs:"
    return "The numbers differ. Follow the smallest case that shows it with pencil and paper:"


def _size(right, case):
    """Return the largest number in the right answer and in the case's arrays: so large are the
    numbers that were rounded.
    """
    arrays = [right, *(value for value in case if isinstance(value, np.ndarray))]
    return max(np.max(np.abs(value), initial=0) for value in arrays) or 1


def _factor(yours, right, shapes):
    """Return in words by which factor ``yours`` is off in every case: a sign, 2, m; or an empty
    text.
    """
    rows = [(x, z, m, n) for x, z, (m, n) in zip(yours, right, shapes) if np.any(z)]
    ratios, m, n = np.array([(np.sum(x * z) / np.sum(z * z), m, n) for x, z, m, n in rows], float).T
    if not all(
        same((x,), (ratio * np.asarray(z),), 1e-7) for ratio, (x, z, *_) in zip(ratios, rows)
    ):
        return ""
    for by_size, words in (
        (1 + 0 * m, ""),
        (m, "m times too large: a sum stands where a mean belongs"),
        (1 / m, "divided by m once too often"),
        (1 / n, "divided by n as well: a mean over everything"),
        (m / n, "divided by n, the number of weights, where m, the number of examples, belongs"),
    ):
        c = round(float(ratios[0] / by_size[0]), 7)
        if np.allclose(ratios, c * by_size, rtol=1e-6) and (not words or abs(c) in (0.5, 1, 2)):
            size = {0: "always zero", 1: "", 2: "a factor 2 too many", 0.5: "a factor 2 is missing"}
            sign = "the sign is turned round" if c < 0 else ""
            return ", and ".join(
                filter(
                    None,
                    (sign, size.get(abs(c), f"always {abs(c):g} times the right value"), words),
                )
            )
    return ""


def same(a, b, rtol=RTOL):
    """Tell whether two tuples of results have the same shapes and, up to ``rtol`` of the largest,
    the same values.
    """
    return len(a) == len(b) and all(
        np.shape(x) == np.shape(z)
        and np.all(np.abs(np.subtract(x, z)) <= rtol * max(np.max(np.abs(z), initial=0), 1e-3))
        for x, z in zip(a, b)
    )


def as_tuple(result):
    """Return ``result`` as a tuple: itself, or the only member."""
    return result if isinstance(result, tuple) else (result,)
