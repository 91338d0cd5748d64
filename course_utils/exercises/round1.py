"""Round 1: what each exercise expects, on which cases, and the mistakes that its check names."""

import math
import numbers
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from course_utils.data import load_penguins
from course_utils.exercises.cases import (
    LINES,
    ONLY_THE_FIRST,
    ONLY_THE_LAST,
    SLIPS,
    TOUCHY,
    draw,
    gradient,
    hessian,
    mse,
)
from course_utils.exercises.kinds import is_too_large
from course_utils.exercises.model import FLOAT32, Exercise, Goal, Mistake, NotRight
from course_utils.exercises.results import RTOL, same
from course_utils.exercises.running import guarded
from course_utils.exercises.showing import digits_to_tell_apart, in_one_line
from course_utils.exercises.watching import require_not_endless

# --- 1.1 and 1.2: a loss that no notebook shows ---------------------------------------------------


def _few(seed: int, m: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return X (m, n), y (m,), weight (n,) with errors between -2 and 2: there tanh is neither e
    nor 1.
    """
    X, errors, weight = draw(seed, m, n)
    return X, np.round(X @ weight - errors / 1.5, 1), weight


def _one_slip() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X, y, weight = _few(25, 5, 2)
    y[3] += 20
    return X, y, weight


def _steep() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X, y, weight = _few(26, 4, 2)
    return 20 * X, y, weight / 20


#: Cases (X, y, weight). The errors of the smallest are 1, 0, -2; in the last but one, one error is
#: large, in the last, the bend is sharp. No error's square overflows in np.cosh.
MILD = [
    (
        np.array([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0]]),
        np.array([4.0, 3.0, 5.0]),
        np.array([1.0, 2.0]),
    ),
    _few(21, 4, 1),
    _few(22, 5, 3),
    _few(23, 2, 3),
    _few(24, 3, 3),
    _one_slip(),
    _steep(),
]
#: One more (X, y, weight): a loss of hundreds with a small slope, so what is not exact shows.
FAR = (
    np.array([[1.0], [-1.0], [1.0], [-1.0]]),
    np.array([300.5, 299.5, 301.5, 0.0]),
    np.array([0.5]),
)
TABLE = (
    "A column (m, 1) met a row (m,): NumPy made an (m, m) table of all differences. Keep both at"
    " (m,)."
)


def _of_one_example(parts: Callable[..., Any]) -> list[Mistake]:
    """Return the mistakes that take the last, or the first, of ``parts(X, y, weight)``, an array
    with one part for each example, instead of their mean.
    """

    def alone(X, y, weight, k, all_m):
        return parts(X, y, weight)[k] / (len(y) if all_m else 1)

    return [
        Mistake(sentence, partial(alone, k=k, all_m=all_m))
        for sentence, k in ((ONLY_THE_LAST, -1), (ONLY_THE_FIRST, 0))
        for all_m in (False, True)
    ]


def _log_cosh(X, y, w):
    """Return log cosh of each error, (m,), without overflow."""
    error = X @ w - y
    return np.logaddexp(error, -error) - np.log(2)


def _huber(e):
    """Return half the square of each error, further out than 1 its size less a half."""
    return np.where(abs(e) < 1, e**2 / 2, abs(e) - 0.5)


LOG_COSH = Exercise(
    function="log_cosh_loss",
    parts={"loss": "number"},
    right=lambda X, y, weight: np.mean(_log_cosh(X, y, weight)),
    cases=MILD,
    mistakes=[
        Mistake("This is the mean squared error. Take log cosh of each error.", mse),
        Mistake(
            "This is half the mean squared error: what log cosh is near zero only. Use np.cosh and"
            " np.log.",
            lambda X, y, w: mse(X, y, w) / 2,
        ),
        Mistake(
            "This is the mean of the absolute errors. Take log cosh of each error.",
            lambda X, y, w: np.mean(abs(X @ w - y)),
        ),
        Mistake(
            "The mean is taken first: errors of both signs cancel. Take log cosh of each error,"
            " then the mean.",
            lambda X, y, w: np.log(np.cosh(np.mean(X @ w - y))),
        ),
        Mistake(
            "log cosh is taken of the mean squared error. It belongs to each error.",
            lambda X, y, w: np.log(np.cosh(mse(X, y, w))),
        ),
        Mistake(
            "The logarithm is missing: this is the mean of cosh.",
            lambda X, y, w: np.mean(np.cosh(X @ w - y)),
        ),
        Mistake(
            "The logarithm is taken of the mean. Take it of each cosh, then the mean.",
            lambda X, y, w: np.log(np.mean(np.cosh(X @ w - y))),
        ),
        Mistake(
            "The logarithm is taken of the sum. Take it of each cosh, then the mean.",
            lambda X, y, w: np.log(np.sum(np.cosh(X @ w - y))),
        ),
        Mistake(
            "The two are turned round: first cosh, then the logarithm of it.",
            lambda X, y, w: np.mean(np.cosh(np.log(abs(X @ w - y)))),
        ),
        *[
            Mistake(
                f"This is the logarithm to the base {base}. np.log is the one with the base e.",
                lambda X, y, w, base=base: np.mean(_log_cosh(X, y, w)) / np.log(base),
            )
            for base in (2, 10)
        ],
        Mistake(
            "1 is added before the logarithm (log1p). Take np.log.",
            lambda X, y, w: np.mean(np.log1p(np.cosh(X @ w - y))),
        ),
        Mistake(
            "The errors are squared inside. log cosh takes the error as it is.",
            lambda X, y, w: np.mean(np.logaddexp(e2 := (X @ w - y) ** 2, -e2) - np.log(2)),
        ),
        Mistake(
            "log cosh is squared. Its mean is asked for.",
            lambda X, y, w: np.mean(_log_cosh(X, y, w) ** 2),
        ),
        Mistake(
            "The root is taken. Leave it out.", lambda X, y, w: np.sqrt(np.mean(_log_cosh(X, y, w)))
        ),
        Mistake(
            "The errors are added up first, and cancel. Take log cosh of each, then the mean.",
            lambda X, y, w: np.log(np.cosh(np.sum(X @ w - y))),
        ),
        Mistake(
            "log cosh is taken of the length of the error vector. It belongs to each error.",
            lambda X, y, w: np.log(np.cosh(np.linalg.norm(X @ w - y))),
        ),
        *[
            Mistake(
                "log cosh is taken of prediction and truth apart. Take it of their difference.",
                lambda X, y, w, f=f: np.mean(f(_log_cosh(X, 0 * y, w) - _log_cosh(X, y, 0 * w))),
            )
            for f in (lambda difference: difference, abs)
        ],
        Mistake(
            "The mean is squared at the end. Leave the square out.",
            lambda X, y, w: np.mean(_log_cosh(X, y, w)) ** 2,
        ),
        *[
            Mistake(
                "A factor stands inside: log cosh takes the error as it is.",
                lambda X, y, w, factor=factor: np.mean(_log_cosh(X, factor * y, factor * w)),
            )
            for factor in (0.5, 2)
        ],
        *[
            Mistake(
                "This is the mean error: errors of both signs cancel. In cosh one exponent is e,"
                " the other -e.",
                lambda X, y, w, sign=sign: sign * np.mean(X @ w - y),
            )
            for sign in (1, -1)
        ],
        *[
            Mistake(
                "This is exp, half of cosh: (exp(e) + exp(-e)) / 2.",
                lambda X, y, w, sign=sign: np.mean(np.exp(sign * (X @ w - y))),
            )
            for sign in (1, -1)
        ],
        Mistake(
            "This is what log cosh e comes near to far out, the size of e less log 2. Take np.log"
            " of np.cosh.",
            lambda X, y, w: np.mean(abs(X @ w - y)) - np.log(2),
        ),
        *[
            Mistake("This is another loss that forgives large errors. Asked is log cosh.", other)
            for other in (
                lambda X, y, w: np.mean(_huber(X @ w - y)),
                lambda X, y, w: np.mean(np.sqrt(1 + (X @ w - y) ** 2) - 1),
                lambda X, y, w: np.mean(np.log(1 + (X @ w - y) ** 2)),
            )
        ],
        *[
            Mistake("This is how far the losses scatter; expected their mean.", scatter)
            for scatter in (
                lambda X, y, w: np.std(_log_cosh(X, y, w)),
                lambda X, y, w: np.var(_log_cosh(X, y, w)),
            )
        ],
        Mistake(
            "This is tanh, the derivative of log cosh. The loss is asked for.",
            lambda X, y, w: np.mean(np.tanh(X @ w - y)),
        ),
        Mistake(
            "The half is missing in cosh e = (exp(e) + exp(-e)) / 2.",
            lambda X, y, w: np.mean(_log_cosh(X, y, w)) + np.log(2),
        ),
        Mistake(
            "Prediction and truth are added; the error is their difference.",
            lambda X, y, w: np.mean(_log_cosh(X, -y, w)),
        ),
        Mistake(TABLE, lambda X, y, w: np.mean(_log_cosh(X[:, None], y, w))),
        Mistake(
            "y is missing: this is the loss for a truth of zero.",
            lambda X, y, w: np.mean(_log_cosh(X, 0 * y, w)),
        ),
        Mistake(
            "The prediction is missing: this is the loss at weight zero.",
            lambda X, y, w: np.mean(_log_cosh(X, y, 0 * w)),
        ),
        Mistake(
            "weight is not used: this is the loss of a model whose weights are all 1.",
            lambda X, y, w: np.mean(_log_cosh(X, y, 0 * w + 1)),
        ),
        Mistake(
            "This is the median; expected the mean.", lambda X, y, w: np.median(_log_cosh(X, y, w))
        ),
        Mistake(
            "This is the largest of the losses; expected their mean.",
            lambda X, y, w: np.max(_log_cosh(X, y, w)),
        ),
        Mistake(
            "m - 1 stands in the denominator; the mean divides by m.",
            lambda X, y, w: np.sum(_log_cosh(X, y, w)) / (len(y) - 1),
        ),
        *[
            Mistake("The first example is left out.", short)
            for short in (
                lambda X, y, w: np.mean(_log_cosh(X, y, w)[1:]),
                lambda X, y, w: np.sum(_log_cosh(X, y, w)[1:]) / len(y),
            )
        ],
        *[
            Mistake("The last example is left out.", short)
            for short in (
                lambda X, y, w: np.mean(_log_cosh(X, y, w)[:-1]),
                lambda X, y, w: np.sum(_log_cosh(X, y, w)[:-1]) / len(y),
            )
        ],
        *_of_one_example(_log_cosh),
    ],
)


def _for_each_vote(vote: Callable[..., Any]) -> Callable[..., Any]:
    """Return the gradient in which each row of X counts as ``vote(its error)`` says."""
    return lambda X, y, w: X.T @ vote(X @ w - y) / len(y)


_log_cosh_gradient = _for_each_vote(np.tanh)


def _tanh_votes(X, y, w):
    return X * np.tanh(X @ w - y)[:, None]


LOG_COSH_GRADIENT = Exercise(
    function="log_cosh_gradient",
    parts={"gradient": "array"},
    right=lambda X, y, weight: _log_cosh_gradient(X, y, weight),
    cases=[*MILD, FAR],
    mistakes=[
        Mistake(
            "This is the gradient of the mean squared error: 2 e. The derivative of log cosh e is"
            " tanh e.",
            gradient,
        ),
        Mistake(
            "The error itself stands where its tanh belongs: this is the gradient of half the mean"
            " squared error.",
            _for_each_vote(lambda e: e),
        ),
        Mistake(
            "The sign of the error stands where its tanh belongs: this is the gradient of the mean"
            " of the absolute errors.",
            _for_each_vote(np.sign),
        ),
        Mistake(
            "The errors are cut off at 1: nearly tanh, but not it. Use np.tanh.",
            _for_each_vote(lambda e: np.clip(e, -1, 1)),
        ),
        Mistake(
            "The chain rule stops half way: log gives 1 / cosh e, times the derivative of cosh,"
            " which is sinh e. The 1 / cosh is missing.",
            _for_each_vote(np.sinh),
        ),
        Mistake(
            "The chain rule stops half way: log gives 1 / cosh e, times the derivative of cosh,"
            " which is sinh e. The sinh is missing.",
            _for_each_vote(lambda e: 1 / np.cosh(e)),
        ),
        Mistake(
            "This is turned round: tanh is sinh / cosh, not cosh / sinh.",
            _for_each_vote(lambda e: 1 / np.tanh(e)),
        ),
        Mistake("cosh stands where tanh belongs.", _for_each_vote(np.cosh)),
        Mistake("This is tan, not tanh.", _for_each_vote(np.tan)),
        Mistake(
            "1 / cosh² is the derivative of tanh, so this has one derivative too many.",
            _for_each_vote(lambda e: 1 / np.cosh(e) ** 2),
        ),
        Mistake(
            "log cosh itself stands where its derivative tanh belongs.",
            _for_each_vote(lambda e: np.logaddexp(e, -e) - np.log(2)),
        ),
        Mistake(
            "The tanh is multiplied by the error, too, as in the derivative of a square.",
            _for_each_vote(lambda e: e * np.tanh(e)),
        ),
        Mistake(
            "The tanh is multiplied by the error, too, as in the derivative of a square.",
            _for_each_vote(lambda e: 2 * e * np.tanh(e)),
        ),
        Mistake(
            "The size of the votes is used without their sign.",
            _for_each_vote(lambda e: abs(np.tanh(e))),
        ),
        Mistake("The tanh is squared.", _for_each_vote(lambda e: np.tanh(e) ** 2)),
        Mistake(
            "The tanh is raised to the third power.", _for_each_vote(lambda e: np.tanh(e) ** 3)
        ),
        Mistake("This is arctan, not tanh: np.tanh.", _for_each_vote(np.arctan)),
        Mistake(
            "sinh is multiplied by cosh, not divided by it.",
            _for_each_vote(lambda e: np.sinh(e) * np.cosh(e)),
        ),
        *[
            Mistake(
                "tanh is divided by cosh: sinh / cosh is tanh already.",
                _for_each_vote(lambda e, factor=factor: factor * np.tanh(e) / np.cosh(e)),
            )
            for factor in (1, 2)
        ],
        *[
            Mistake(
                "A factor stands inside the tanh: it takes the error as it is.",
                _for_each_vote(lambda e, factor=factor: np.tanh(factor * e)),
            )
            for factor in (0.5, 2)
        ],
        Mistake(
            "The error is divided by m inside the tanh. Take tanh of each error, then the mean.",
            lambda X, y, w: X.T @ np.tanh((X @ w - y) / len(y)),
        ),
        Mistake(
            "tanh is taken of prediction and truth apart. Take it of their difference.",
            lambda X, y, w: X.T @ (np.tanh(X @ w) - np.tanh(y)) / len(y),
        ),
        *[
            Mistake(
                "tanh is taken of sums over the examples. It belongs to each error, before it meets"
                " its row of X.",
                lambda X, y, w, m=m: np.tanh(X.T @ (X @ w - y)) / (len(y) if m else 1),
            )
            for m in (True, False)
        ],
        *[
            Mistake(
                "The derivative is multiplied by weight, too. The inner derivative is the row of X"
                " alone.",
                slip,
            )
            for slip in (
                lambda X, y, w: _log_cosh_gradient(X, y, w) * w,
                lambda X, y, w: w * np.mean(np.tanh(X @ w - y)),
            )
        ],
        Mistake(
            "The sum of X is multiplied by the mean of the tanh. Each example's tanh belongs to"
            " its own row of X: multiply first, then take the mean.",
            lambda X, y, w: X.sum(axis=0) * np.mean(np.tanh(X @ w - y)),
        ),
        Mistake(
            "X is squared: the inner derivative is X itself.",
            lambda X, y, w: (X**2).T @ np.tanh(X @ w - y) / len(y),
        ),
        Mistake(
            "The sign of X is lost. Multiply by X itself.",
            lambda X, y, w: abs(X).T @ np.tanh(X @ w - y) / len(y),
        ),
        Mistake(
            "The inner derivative is missing: each tanh must be multiplied by its row of X.",
            lambda X, y, w: np.mean(np.tanh(X @ w - y)),
        ),
        Mistake(
            "The inner derivative is missing: each tanh must be multiplied by its row of X.",
            lambda X, y, w: np.full(len(w), np.mean(np.tanh(X @ w - y))),
        ),
        Mistake(
            "The inner derivative is missing: each tanh must be multiplied by its row of X, and"
            " the mean taken.",
            lambda X, y, w: np.tanh(X @ w - y),
        ),
        Mistake(
            "The row of X stands inside the tanh. Take tanh of the error, then multiply by the"
            " row.",
            lambda X, y, w: np.mean(np.tanh(X * (X @ w - y)[:, None]), axis=0),
        ),
        *[
            Mistake(
                "tanh is taken of the whole gradient. It belongs to each error, before it meets its"
                " row of X.",
                lambda X, y, w, size=size: np.tanh(size * gradient(X, y, w)),
            )
            for size in (0.5, 1)
        ],
        Mistake(
            "tanh is taken of the mean error. Take it of each error, and multiply by its row of X.",
            lambda X, y, w: X.mean(axis=0) * np.tanh(np.mean(X @ w - y)),
        ),
        Mistake(
            "The mean of X is multiplied by the mean of the tanh. Each example's tanh belongs to"
            " its own row of X: multiply first, then take the mean.",
            lambda X, y, w: X.mean(axis=0) * np.mean(np.tanh(X @ w - y)),
        ),
        Mistake(
            "The mean runs over everything at once. Each weight has its own: take the mean over the"
            " examples only (axis 0).",
            lambda X, y, w: np.mean(_tanh_votes(X, y, w)),
        ),
        Mistake(
            "The mean runs along the weights, not along the examples: the wrong axis.",
            lambda X, y, w: _tanh_votes(X, y, w).mean(axis=1),
        ),
        Mistake(
            "These are the votes of the single examples. Take their mean over the examples (axis"
            " 0).",
            _tanh_votes,
        ),
        Mistake(
            "This is where a step leads, weight minus the gradient. Asked is the gradient alone.",
            lambda X, y, w: w - _log_cosh_gradient(X, y, w),
        ),
        Mistake(
            "The gradient was divided by its length. Its size is lost, and the size matters.",
            lambda X, y, w: (
                _log_cosh_gradient(X, y, w) / np.linalg.norm(_log_cosh_gradient(X, y, w))
            ),
        ),
        Mistake(
            "y is missing: this is the gradient for a truth of zero.",
            lambda X, y, w: _log_cosh_gradient(X, 0 * y, w),
        ),
        Mistake(
            "This is the gradient at weight zero. Is the prediction missing, or is weight"
            " replaced?",
            lambda X, y, w: _log_cosh_gradient(X, y, 0 * w),
        ),
        Mistake(
            "Prediction and truth are added; the error is prediction minus truth.",
            lambda X, y, w: _log_cosh_gradient(X, -y, w),
        ),
        Mistake(
            "The truth alone stands in the tanh; it belongs to the error, prediction minus truth.",
            lambda X, y, w: X.T @ (X @ w - np.tanh(y)) / len(y),
        ),
        Mistake(
            "A column (m, 1) met a row (m,): each prediction is compared with every y. Keep both at"
            " (m,).",
            lambda X, y, w: X.T @ np.tanh((X @ w)[:, None] - y).mean(axis=1) / len(y),
        ),
        Mistake("This is the loss, not its gradient.", lambda X, y, w: np.mean(_log_cosh(X, y, w))),
        Mistake(
            "The last example is left out.",
            lambda X, y, w: _tanh_votes(X, y, w)[:-1].sum(axis=0) / len(y),
        ),
        *_of_one_example(_tanh_votes),
    ],
)

# --- 1.3 ------------------------------------------------------------------------------------------


def _bent(w):
    """f(w) = w0**3 + 2*w0*w1"""
    return float(w[0] ** 3 + 2 * w[0] * w[1])


def _wavy(w):
    """f(w) = sin(w0) + w1**3 - exp(w2) * w0"""
    return float(np.sin(w[0]) + w[1] ** 3 - np.exp(w[2]) * w[0])


def _valley(w):
    """f(w) = w0**4 + 1"""
    return float(w[0] ** 4 + 1)


def _difference(f, weight, left, right, divisor):
    """Return, for each weight, f there moved by ``right``, minus f there moved by ``left``, divided
    by ``divisor``.
    """
    units = np.eye(len(weight))
    return np.array([(f(weight + right * e) - f(weight + left * e)) / divisor for e in units])


def _central_difference(f, weight, h):
    return _difference(f, weight, -h, h, 2 * h)


def _all_at_once(f, weight, h):
    """Return a number: all weights move together."""
    return (f(weight + h) - f(weight - h)) / (2 * h)


def _not_put_back(f, weight, h, side):
    """Return the differences where each weight stays where it was moved to: h to the right if
    ``side`` is 1, h to the left if it is -1.
    """
    moved, slopes = weight.copy(), []
    for j in range(len(weight)):
        moved[j] += side * h
        opposite = moved.copy()
        opposite[j] -= side * 2 * h
        slopes.append(side * (f(moved) - f(opposite)) / (2 * h))
    return np.array(slopes)


def _always(h):
    """Return the mistake that a number stands where the argument h belongs."""
    return Mistake(
        f"The gap is always {h}; use the argument h.",
        lambda f, weight, _: _central_difference(f, weight, h),
    )


NUMERICAL_GRADIENT = Exercise(
    function="numerical_gradient",
    parts={"gradient": "array"},
    right=_central_difference,
    cases=[
        (_bent, np.array([1.0, 2.0]), 1.0),
        (_bent, np.array([-0.3, 0.7]), 0.1),
        (_wavy, np.array([0.4, -1.1, 0.2]), 0.25),
        (_valley, np.array([1.5]), 0.5),
        (_wavy, np.array([2.0, 0.3, -1.0]), 0.001),
    ],
    mistakes=[
        Mistake(
            "This is the forward difference. The central one looks h to both sides: f at w + h and"
            " at w - h.",
            lambda f, weight, h: _difference(f, weight, 0, h, h),
        ),
        Mistake(
            "This is the backward difference. The central one looks h to both sides: f at w + h and"
            " at w - h.",
            lambda f, weight, h: _difference(f, weight, -h, 0, h),
        ),
        Mistake(
            "From w to w + h the way is h long, not 2h; and a central difference starts at w - h.",
            lambda f, weight, h: _difference(f, weight, 0, h, 2 * h),
        ),
        Mistake(
            "It is divided by 2 and then multiplied by h: write / (2 * h), with brackets.",
            lambda f, weight, h: _difference(f, weight, -h, h, 2 / h),
        ),
        Mistake(
            "It is never divided by the way from w - h to w + h, which is 2h long.",
            lambda f, weight, h: _difference(f, weight, -h, h, 1),
        ),
        Mistake(
            "It is multiplied by 2h; divide by it.",
            lambda f, weight, h: _difference(f, weight, -h, h, 1 / (2 * h)),
        ),
        Mistake(
            "All weights move at once. Move one weight at a time and leave the others where they"
            " are.",
            lambda f, weight, h: np.full(len(weight), _all_at_once(f, weight, h)),
        ),
        Mistake(
            "All weights move at once, and one number comes out. Move one weight at a time.",
            _all_at_once,
        ),
        Mistake(
            "A moved weight is not put back before the next one moves.",
            partial(_not_put_back, side=1),
        ),
        Mistake(
            "A weight moved to w - h is not put back before the next one moves.",
            partial(_not_put_back, side=-1),
        ),
        Mistake(
            "Only the first weight was moved; the other derivatives are still zero.",
            lambda f, weight, h: _central_difference(f, weight, h) * (np.arange(len(weight)) == 0),
        ),
        Mistake(
            "All zero. Is each slope stored in the result? Or is f asked twice at the same place: a"
            " = weight makes no new array, so what moves one moves the other. Take weight.copy()"
            " for each.",
            lambda f, weight, h: 0 * weight,
        ),
        Mistake(
            "This is the second derivative. Asked is the first: the difference of two values, by"
            " 2h.",
            lambda f, weight, h: np.array(
                [
                    (f(weight + h * e) - 2 * f(weight) + f(weight - h * e)) / h**2
                    for e in np.eye(len(weight))
                ]
            ),
        ),
        Mistake(
            "The sign is lost: a slope may be negative. Leave abs out.",
            lambda f, weight, h: abs(_central_difference(f, weight, h)),
        ),
        Mistake(
            "The first weight was never moved: its derivative is still zero.",
            lambda f, weight, h: _central_difference(f, weight, h) * (np.arange(len(weight)) > 0),
        ),
        Mistake(
            "Only the second value is divided. Brackets around the difference: (f(…) - f(…)) / (2 *"
            " h).",
            lambda f, weight, h: np.array(
                [f(weight + h * e) - f(weight - h * e) / (2 * h) for e in np.eye(len(weight))]
            ),
        ),
        Mistake(
            "Only the last weight was moved; the other derivatives are still zero.",
            lambda f, weight, h: (
                _central_difference(f, weight, h) * (np.arange(len(weight)) == len(weight) - 1)
            ),
        ),
        Mistake(
            "It is divided by h squared: that belongs to the second derivative. Divide by 2h.",
            lambda f, weight, h: _difference(f, weight, -h, h, h**2),
        ),
        Mistake(
            "It is divided by 2; the way from w - h to w + h is 2h long.",
            lambda f, weight, h: _difference(f, weight, -h, h, 2),
        ),
        Mistake(
            "It moves by h / 2 to each side: then the way is h long. Asked is h to each side.",
            lambda f, weight, h: _difference(f, weight, -h / 2, h / 2, h),
        ),
        Mistake(
            "It moves by 2h to each side. Asked is h to each side.",
            lambda f, weight, h: _difference(f, weight, -2 * h, 2 * h, 4 * h),
        ),
        Mistake(
            "The values are added; their difference is asked.",
            lambda f, weight, h: np.array(
                [(f(weight + h * e) + f(weight - h * e)) / (2 * h) for e in np.eye(len(weight))]
            ),
        ),
        *[_always(h) for h in (1, 0.1, 0.01, 0.001, 0.0001)],
        Mistake(
            "The gap is always the same very small number; use the argument h.",
            lambda f, weight, h: _central_difference(f, weight, 1e-5),
            rtol=1e-5,
        ),
    ],
)

# --- 1.4 ------------------------------------------------------------------------------------------


def _covariance(X, bias):
    """Return NumPy's covariance of the columns as (n, n), for a single column, too."""
    n = X.shape[1]
    return np.cov(X.T, bias=bias).reshape(n, n)


HESSIAN = Exercise(
    function="hessian",
    parts={"Hessian": "array"},
    right=hessian,
    cases=[(X,) for X, _, _ in LINES],
    mistakes=[
        Mistake(
            "X @ X.T compares examples with each other, (m, m). The Hessian compares weights,"
            " (n, n): X.T @ X.",
            lambda X: 2 / len(X) * X @ X.T,
        ),
        Mistake(
            "X @ X.T compares examples with each other, (m, m); expected X.T @ X. And the factor"
            " 2 / m is missing.",
            lambda X: X @ X.T,
        ),
        Mistake(
            "Only what stands below the diagonal is there. The diagonal belongs to it, and the"
            " other half mirrors this one.",
            lambda X: np.tril(hessian(X), -1),
        ),
        Mistake(
            "The mean of each column was taken away first: this is a covariance. The loss uses X as"
            " it is.",
            lambda X: 2 * _covariance(X, bias=True),
        ),
        Mistake(
            "This is NumPy's covariance. The Hessian takes no mean away, divides by m, and has a"
            " factor 2.",
            lambda X: _covariance(X, bias=False),
        ),
        *[
            Mistake(
                "This is NumPy's covariance. The Hessian takes no mean away, divides by m, and has"
                " a factor 2.",
                covariance,
            )
            for covariance in (
                lambda X: np.cov(X.T),  # of a single column it is no table, but a number
                lambda X: np.cov(X.T, bias=True),
                lambda X: _covariance(X, bias=True),
                np.cov,
                lambda X: 2 * np.cov(X),
            )
        ],
        *[
            Mistake(
                "The mean of each column was taken away first: this is a covariance. The loss uses"
                " X as it is.",
                covariance,
            )
            for covariance in (
                lambda X: 2 * np.cov(X.T, bias=True),
                lambda X: 2 * np.cov(X.T),
                lambda X: 2 * _covariance(X, bias=False),
            )
        ],
        Mistake(
            "X is multiplied by itself place by place: * in the place of @. (The shape is that of"
            " X.)",
            lambda X: 2 / len(X) * X * X,
        ),
        *[
            Mistake(ONLY_THE_LAST, last)
            for last in (
                lambda X: 2 * np.outer(X[-1], X[-1]),
                lambda X: 2 / len(X) * np.outer(X[-1], X[-1]),
            )
        ],
        *[
            Mistake(ONLY_THE_FIRST, first)
            for first in (
                lambda X: 2 * np.outer(X[0], X[0]),
                lambda X: 2 / len(X) * np.outer(X[0], X[0]),
            )
        ],
        Mistake(
            "The mean of the rows is taken first. Multiply each row with itself, then take the"
            " mean.",
            lambda X: 2 * np.outer(X.mean(axis=0), X.mean(axis=0)),
        ),
        *[
            Mistake("Only one half of the table is there. The other mirrors it.", half)
            for half in (lambda X: np.triu(hessian(X)), lambda X: np.tril(hessian(X)))
        ],
        Mistake("The Hessian is multiplied with itself.", lambda X: hessian(X) @ hessian(X)),
        Mistake(
            "Only the diagonal is there. How the slope of one weight changes with another stands"
            " beside it.",
            lambda X: np.diag(np.diag(hessian(X))),
        ),
        Mistake(
            "Only the diagonal is there, as a vector. The Hessian is a table (n, n).",
            lambda X: np.diag(hessian(X)),
        ),
        Mistake(
            "These are the eigenvalues of the Hessian; expected the Hessian itself.",
            lambda X: np.linalg.eigvalsh(hessian(X)),
        ),
        Mistake("This is the inverse of the Hessian.", lambda X: np.linalg.pinv(hessian(X))),
        Mistake(
            "All curvatures are added up. The Hessian is a table (n, n).",
            lambda X: 2 * np.mean(X**2),
        ),
    ],
)

# --- 1.5 ------------------------------------------------------------------------------------------

#: The learner may ask so often for the slope of a parabola.
MOST_QUESTIONS = 3


@dataclass(frozen=True)
class Parabola:
    """A parabola whose slope is curvature * (w - bottom), and the label that shows it."""

    label: str
    curvature: float
    bottom: float

    def slope(self, w: float) -> float:
        """Return the slope at w."""
        return self.curvature * (w - self.bottom)


@dataclass
class Search:
    """The learner's search for the bottom of one parabola: where it asked for the slope, and what
    came back.
    """

    parabola: Parabola
    asked: list[float] = field(default_factory=list)
    answer: Any = None

    def slope(self, w: float) -> float:
        """Return the parabola's slope at w, and note the question. Raises Endless."""
        require_not_endless(len(self.asked), f"questions, where {MOST_QUESTIONS} are allowed,")
        self.asked.append(float(w))
        return self.parabola.slope(float(w))


def _parabolas() -> Iterator[Parabola]:
    yield Parabola("slope(w) = 2 * (w - 3)", 2.0, 3.0)
    yield Parabola("slope(w) = 0.04 * (w + 5)", 0.04, -5.0)
    yield Parabola("slope(w) = 30 * (w - 0.7)", 30.0, 0.7)
    X_mm, y_g = load_penguins()
    flipper = (X_mm[:, 0] - X_mm[:, 0].mean()) / 10
    mass = (y_g - y_g.mean()) / 1000
    bottom = np.mean(flipper * mass) / np.mean(flipper**2)
    yield Parabola("the slope of the penguins' MSE", 2 * np.mean(flipper**2), bottom)
    yield Parabola("slope(w) = 7 * w", 7.0, 0.0)
    yield Parabola("slope(w) = 1 * (w - 12)", 1.0, 12.0)


def find_lowest_points(function: Callable) -> list[str]:
    """Return a line for each parabola whose bottom the learner's function finds.

    Raises NotDone; or NotRight where it returns no number, asks too often, or misses a bottom.
    """
    searches = [_search(function, parabola) for parabola in _parabolas()]
    for search in searches:
        bottom = search.parabola.bottom
        if not abs(search.answer - bottom) <= RTOL * max(1, abs(bottom)):
            raise NotRight(_why_not_the_bottom(searches), *_search_in_lines(search))
    return [
        f"{search.parabola.label:28}  bottom at {in_one_line(search.answer)}, asked"
        f" {len(search.asked)} times; at most {MOST_QUESTIONS} allowed: reached"
        for search in searches
    ]


def _search(function: Callable, parabola: Parabola) -> Search:
    """Let the learner's function search one bottom. Raises NotDone or NotRight."""
    search = Search(parabola)
    w = guarded(lambda: function(search.slope), function, [parabola.label])
    search.answer = w
    if isinstance(w, numbers.Real) and is_too_large(w):
        raise NotRight("The number that comes back is too large for a float.", parabola.label)
    if isinstance(w, bool) or not isinstance(w, numbers.Real) or not np.isfinite(float(w)):
        raise NotRight(
            f"It should return the weight at the bottom, a plain number; it returns {w!r:.40}.",
            *_questions_in_lines(search),
        )
    if len(search.asked) > MOST_QUESTIONS:
        raise NotRight(
            f"It asks {len(search.asked)} times; the goal is at most {MOST_QUESTIONS}. Two slopes"
            " tell the curvature, and with it how far to go.",
            *_search_in_lines(search),
        )
    return search


def _questions_in_lines(search: Search) -> list[str]:
    digits = digits_to_tell_apart(sorted(set(search.asked)))
    places = [in_one_line(w, digits) for w in search.asked[:8]]
    if len(search.asked) > 8:
        places.append("…")
    return [search.parabola.label, f"asked at  {', '.join(places)}"]


def _search_in_lines(search: Search) -> list[str]:
    w, parabola = search.answer, search.parabola
    return [
        *_questions_in_lines(search),
        f"yours     {in_one_line(w, 10)}, where the slope is {in_one_line(parabola.slope(w))}",
        f"expected  {in_one_line(parabola.bottom, 10)}, where the slope is 0",
    ]


def _why_not_the_bottom(searches: list[Search]) -> str:
    """Return the sentence that explains all answers, some of which are wrong."""
    if all(_asks_close_together(each) for each in searches) and _are_within(searches, 0.5):
        return (
            "The places where you ask lie so close together that rounding spoils the difference"
            " of their slopes. The slope is a straight line, so they may be far apart: take 0"
            " and 1."
        )
    if _are_rounded(searches):
        return "It is the bottom, rounded. Return it with all its digits."
    if _are_within(searches, 1e-5):
        return (
            "Nearly, but not to 9 digits: something is rounded or approximated on the way (float32,"
            " round?)."
        )
    if not all(each.asked for each in searches):
        return (
            "It never asks for the slope: nobody can know the bottom of a parabola without a"
            " question."
        )
    for question in (0, 1, -1):
        if _is_the_slope(searches, question):
            return (
                "What comes back is the slope at a place where you asked; expected is a place: the"
                " weight at which the slope is 0."
            )
    if all(np.isclose(each.answer, each.parabola.curvature) for each in searches):
        return (
            "What comes back is the curvature. With it, the bottom = where you stand - slope there"
            " / curvature."
        )
    if all(each.answer == searches[0].answer for each in searches):
        return "The answer is the same for every parabola: it does not follow from the slopes."
    for question in (0, -1):  # the jump may have started at the first place or at the last
        sentence = _wrong_jump(searches, question)
        if sentence:
            return sentence
    return "Not the bottom yet. Bottom = where you stand - slope there / curvature."


def _is_the_slope(searches: list[Search], question: int) -> bool:
    """Tell whether all answers are the slopes at one of the places asked at."""
    for each in searches:
        if len(each.asked) <= question:
            return False
        if not np.isclose(each.answer, each.parabola.slope(each.asked[question])):
            return False
    return True


def _are_rounded(searches: list[Search]) -> bool:
    """Tell whether all answers are the bottoms, rounded to some digit after the point."""
    ways: list[Callable[[float], float]] = [math.trunc, math.floor]
    ways += [partial(round, ndigits=digits) for digits in range(9)]
    return any(
        all(abs(each.answer - rounded(each.parabola.bottom)) < 1e-9 for each in searches)
        for rounded in ways
    )


def _asks_close_together(search: Search) -> bool:
    """Tell whether two places are so close that the difference of their slopes is mostly
    rounding.
    """
    gaps = np.diff(sorted(set(search.asked)))
    return 0 < np.min(gaps, initial=1) < 1e-4


def _are_within(searches: list[Search], distance: float) -> bool:
    """Tell whether all answers lie near the bottom, relative to the bottom if it is above 1."""
    for each in searches:
        bottom = each.parabola.bottom
        if not abs(each.answer - bottom) < distance * max(1, abs(bottom)):
            return False
    return True


def _wrong_jump(searches: list[Search], question: int) -> str:
    """Return what is wrong with the way from one of the places asked at to the answers, or an empty
    text.
    """
    starts = np.array([each.asked[question] for each in searches])
    answers = np.array([each.answer for each in searches])
    bottoms = np.array([each.parabola.bottom for each in searches])
    curvatures = np.array([each.parabola.curvature for each in searches])
    jumps, slopes = answers - starts, curvatures * (starts - bottoms)
    if np.allclose(jumps, starts - bottoms):
        return "As far as it should go, but uphill: the sign of the jump is turned round."
    if np.allclose(jumps, -slopes):
        return (
            "It goes as far as the slope is large. Divide the slope by the curvature: so far"
            " away is the bottom."
        )
    if np.allclose(jumps, -slopes * curvatures):
        return (
            "The slope is multiplied by the curvature. Divide: the steeper it bends, the nearer"
            " is the bottom."
        )
    if question == 0 and _rate_of_all_moves(searches):
        return (
            "It goes down at a fixed rate, the same for every parabola. How far to go depends on"
            " the curvature: two slopes tell it."
        )
    parts = jumps[starts != bottoms] / (bottoms - starts)[starts != bottoms]
    if len(parts) and parts[0] and np.allclose(parts, parts[0]):
        return (
            f"It goes {parts[0]:.4g} times as far as it should, on every parabola. The curvature is"
            " the difference of two slopes, divided by the distance between the two places."
        )
    if np.allclose(answers, bottoms - starts):
        return "This is how far the bottom is from where you asked. Add the place where you stand."
    return ""


def _rate_of_all_moves(searches: list[Search]) -> float | None:
    """Return the one rate at which all searches went from place to place; None if there is none."""
    rates = []
    for each in searches:
        places = [*each.asked, each.answer]
        for here, there in zip(places, places[1:]):
            if each.parabola.slope(here):
                rates.append(float((here - there) / each.parabola.slope(here)))
    return rates[0] if rates and np.allclose(rates, rates[0]) else None


LOWEST_POINT = Goal(function="lowest_point", run=find_lowest_points)

# --- 1.6 ------------------------------------------------------------------------------------------


def _left_over(y):
    """Return what stands in weight.grad before the first call; 0 if nothing does."""
    return 1.0 if len(y) % 2 == 0 else 0.0


def _call_twice(function, X, y, weight):
    """Call with tensors at weight, and then, with the same ones, at weight + 1. Return the first
    result as it was, the second, and the first as it is after the second call.
    """
    import torch

    right = _autograd(X, y, weight)
    left_over = _left_over(y)
    X, y, w = torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(weight.copy())
    w.requires_grad_()
    if left_over:
        w.grad = torch.full_like(w, left_over)
    first = _asked_for_no_leaf(lambda: function(X, y, w))
    if not isinstance(first, torch.Tensor):
        return first, first, first
    kept = first.clone()
    with torch.no_grad():
        if not np.array_equal(w.numpy(), weight):
            raise NotRight(
                "It changes weight. Asking for a gradient leaves the weight where it is: no step"
                " here.",
                f"weight    {in_one_line(weight)}",
                f"after it  {in_one_line(w.numpy())}",
            )
        w += 1
    second = function(X, y, w)
    results = kept, second, first
    if all(isinstance(each, torch.Tensor) and each.shape == w.shape for each in results):
        values = tuple(each.detach().to(torch.float64).numpy() for each in results)
        if same(values, right) and not _walks_back(lambda: function(X, y, w)):
            raise NotRight(
                "The numbers are right, but the formula is yours. Let autograd find it: compute the"
                " loss, call loss.backward(), and return weight.grad."
            )
    return results


def _asked_for_no_leaf(action):
    """Return action(). Raises NotRight where it returns None because it asked a computed tensor for
    its .grad: PyTorch warns of that, and the warning says what to do.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = action()
    if result is None and any("not a leaf" in str(each.message) for each in caught):
        raise NotRight(
            "None comes back, and PyTorch warns: the tensor whose .grad you ask for is not a leaf."
            " It is computed from weight (a copy, a column, …), and only weight itself keeps its"
            " gradient. Return weight.grad."
        )
    return result


def _walks_back(action):
    """Tell whether action() has autograd compute a derivative: backwards, for which it asks for the
    tensors that were saved, or forwards.
    """
    import torch
    from torch.autograd import forward_ad

    asked = []

    def unpack(tensor):
        asked.append(tensor)
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack),
        patch.object(forward_ad, "make_dual", wraps=forward_ad.make_dual) as forwards,
    ):
        try:
            action()
        except RuntimeError:  # torch.func allows no such hooks: a gradient was asked for
            return True
    return bool(asked) or forwards.called


def _two_gradients(X, y, weight):
    return gradient(X, y, weight), gradient(X, y, weight + 1)


def _autograd(X, y, weight, slip=gradient):
    first, second = slip(X, y, weight), slip(X, y, weight + 1)
    return first, second, first


def _accumulated(X, y, weight):
    first, second = _two_gradients(X, y, weight)
    first = first + _left_over(y)
    return first, first + second, first


def _accumulated_and_not_copied(X, y, weight):
    first, both, _ = _accumulated(X, y, weight)
    return first, both, both


def _emptied_afterwards(X, y, weight):
    first, second = _two_gradients(X, y, weight)
    first = first + _left_over(y)
    return first, second, first


def _not_copied(X, y, weight):
    first, second = _two_gradients(X, y, weight)
    return first, second, second


def _emptied(X, y, weight):
    zero = 0 * weight
    return zero, zero, zero


_ACCUMULATED = (
    "The gradient is accumulated: backward() adds to what stands in weight.grad, be it from the"
    " call before. Set weight.grad = None before it"
)

AUTOGRAD = Exercise(
    function="autograd_gradient",
    parts={
        "gradient at weight": "tensor",
        "gradient at weight + 1": "tensor",
        "first result, looked at again later": "tensor",
    },
    right=_autograd,
    cases=[*LINES, TOUCHY],
    call=_call_twice,
    mistakes=[
        Mistake(
            f"{_ACCUMULATED}; and what you return is weight.grad itself, which changes later.",
            _accumulated_and_not_copied,
        ),
        Mistake(f"{_ACCUMULATED}.", _accumulated),
        Mistake(
            "weight itself comes back. Return what backward() has left in weight.grad.",
            lambda X, y, w: (w, w + 1, w + 1),
        ),
        Mistake(
            "Right now, but not for long: you return weight.grad itself, and the next call"
            " overwrites it. Return weight.grad.clone(), or set weight.grad = None instead of"
            " zeroing it.",
            _not_copied,
        ),
        Mistake(
            "weight.grad is emptied only afterwards. What stood in it before your function was"
            " called is added to the first result: set weight.grad = None before backward().",
            _emptied_afterwards,
        ),
        Mistake("All zero: weight.grad was emptied after backward(). Empty it before.", _emptied),
        Mistake(
            "A column (m, 1) met a row (m,): the loss compares every prediction with every y. Keep"
            " both at (m,).",
            lambda X, y, w: _autograd(X, y.mean() + 0 * y, w),
        ),
        *[Mistake(sentence, partial(_autograd, slip=slip)) for sentence, slip in SLIPS],
    ],
    close=FLOAT32,
)

EXERCISES: dict[str, Exercise | Goal] = {
    "1.1": LOG_COSH,
    "1.2": LOG_COSH_GRADIENT,
    "1.3": NUMERICAL_GRADIENT,
    "1.4": HESSIAN,
    "1.5": LOWEST_POINT,
    "1.6": AUTOGRAD,
}
