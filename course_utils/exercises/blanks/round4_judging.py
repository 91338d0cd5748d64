"""Round 4, judging: the functions that the reader writes in the notebooks, and their known
mistakes.
"""

from collections.abc import Callable
from dataclasses import replace
from math import comb
from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise, Mistake

# --- How sure is an accuracy? ---------------------------------------------------------------------


def _interval(hits, m, *, z=1.96, squares=4.0, centre=2.0, shrink=True, root=True):
    """Wilson's interval; the keywords after z are mistakes."""
    middle = (hits + z**2 / centre) / (m + z**2)
    scatter = hits * (m - hits) / m + z**2 / squares
    reach = z / (m + (z**2 if shrink else 0)) * (np.sqrt(scatter) if root else scatter)
    return np.array([middle - reach, middle + reach])


def _simple(hits, m):
    share = hits / m
    reach = 1.96 * np.sqrt(share * (1 - share) / m)
    return np.array([share - reach, share + reach])


def _ends(found: Any) -> Any:
    """Return a pair as an array; an open ``...`` stays."""
    if found is Ellipsis or not isinstance(found, tuple | list):
        return found
    if any(each is Ellipsis for each in found):
        return Ellipsis
    return np.array(found, dtype=float)


INTERVAL = Exercise(
    function="interval",
    parts={"lowest and highest share": "array"},
    right=lambda hits, m: _interval(hits, m),
    call=lambda function, hits, m: _ends(function(hits, m)),
    cases=[(4, 5), (95, 100), (20, 20), (7, 50)],
    mistakes=[
        Mistake("This is the simple interval around hits / m, not Wilson's.", _simple),
        Mistake(
            "The higher end comes first: return centre - reach, centre + reach.",
            lambda hits, m: _interval(hits, m)[::-1],
        ),
        Mistake(
            "The middle is hits / m. Wilson's lies a little nearer to one half: it is centre.",
            lambda hits, m: _interval(hits, m) - np.mean(_interval(hits, m)) + hits / m,
        ),
        Mistake(
            "The reach has no root: z / (m + z**2) times the root.",
            lambda hits, m: _interval(hits, m, root=False),
        ),
        Mistake(
            "This is how far the interval reaches to both sides of 0: add the centre.",
            lambda hits, m: _interval(hits, m) - np.mean(_interval(hits, m)),
        ),
    ],
)

# --- Is one better than the other? ----------------------------------------------------------------


def _sign_test(wins, losses, *, twice=2, below=True, cap=True, end=1):
    """The two-sided sign test; the keywords are mistakes."""
    n, k = wins + losses, min(wins, losses)
    if below:
        tail = sum(comb(n, i) for i in range(k + end)) / 2**n
    else:
        tail = comb(n, k) / 2**n
    return float(min(1.0, twice * tail) if cap else twice * tail)


SIGN_TEST = Exercise(
    function="sign_test",
    parts={"chance": "number"},
    right=lambda wins, losses: _sign_test(wins, losses),
    cases=[(3, 0), (1, 5), (4, 4), (8, 2)],
    mistakes=[
        Mistake(
            "This is one side only. As uneven the other way round counts as well: twice.",
            lambda wins, losses: _sign_test(wins, losses, twice=1),
        ),
        Mistake(
            "This is more than 1 where both counts are equal: the middle is counted twice. Take"
            " the smaller of it and 1.",
            lambda wins, losses: _sign_test(wins, losses, cap=False),
        ),
        Mistake(
            "This is the chance of exactly these counts. Asked for are these or more uneven ones:"
            " the sum from 0 to the smaller count.",
            lambda wins, losses: _sign_test(wins, losses, below=False),
        ),
        Mistake(
            "The counts themselves are left out: the sum goes from 0 to the smaller count, that one"
            " included.",
            lambda wins, losses: _sign_test(wins, losses, end=0),
        ),
        Mistake(
            "This is the chance of the opposite: 1 - p.",
            lambda wins, losses: 1 - _sign_test(wins, losses),
        ),
    ],
)

# --- When one class is rare -----------------------------------------------------------------------


def _counts(y, c):
    return np.asarray(c)[y]


def _error(p, y, c, total=lambda counts: counts.sum(axis=-1)):
    """The gradient by the scores; total: what the sum is divided by."""
    counts = _counts(y, c)
    truth = np.eye(len(c))[y]
    return (counts / total(counts)[..., None])[..., None] * (p - truth)


_P = np.array([[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
_Y, _C = np.array([0, 2, 2]), np.array([1.0, 3.0, 5.0])
WEIGHTED_ERROR = Exercise(
    function="weighted_error",
    parts={"gradient": "array"},
    right=lambda p, y, c: _error(p, y, c),
    cases=[
        (_P[:2], _Y[:2], _C),
        (_P, _Y, _C),
        (np.array([_P, _P[[2, 0, 1]]]), np.array([_Y, [1, 0, 0]]), _C),
    ],
    mistakes=[
        Mistake(
            "The sum is divided by the number of images. A weighted mean is divided by the sum of"
            " the weights.",
            lambda p, y, c: _error(p, y, c, lambda counts: 0 * counts.sum(axis=-1) + y.shape[-1]),
        ),
        Mistake(
            "The weights of the classes are added up, c.sum(). Divide by the sum over the images:"
            " each has the weight of its label.",
            lambda p, y, c: _error(p, y, c, lambda counts: 0 * counts.sum(axis=-1) + c.sum()),
        ),
        Mistake(
            "Nothing is divided: this is the gradient of the weighted sum.",
            lambda p, y, c: _error(p, y, c, lambda counts: 0 * counts.sum(axis=-1) + 1),
        ),
        Mistake(
            "The weights stand at the columns. An image has one weight, that of its true label, in"
            " its whole row.",
            lambda p, y, c: (
                c * (p - np.eye(len(c))[y]) / _counts(y, c).sum(axis=-1, keepdims=True)[..., None]
            ),
        ),
        Mistake(
            "The truth is missing: p less a 1 at the true label.",
            lambda p, y, c: _error(p, y, c) + _error(0 * p, y, c) * -1,
        ),
        Mistake("The sign is turned round: P - Y.", lambda p, y, c: -_error(p, y, c)),
        Mistake(
            "The weights are not used: this is the plain mean's gradient.",
            lambda p, y, c: _error(p, y, 0 * c + 1),
        ),
    ],
)


def _loss(scores, y, c, total=lambda counts: counts.sum(axis=-1)):
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    each = -np.take_along_axis(log_p, y[..., None], axis=-1)[..., 0]
    counts = _counts(y, c)
    return (counts * each).sum(axis=-1) / total(counts)


def _in_torch(weighted_losses: Callable[..., Any], scores: Any, y: Any, c: Any) -> Any:
    import torch

    return weighted_losses(*(torch.from_numpy(each) for each in (scores, y, c)))


_SCORES = np.array([[[2.0, 1.0, -1.0], [0.0, 1.0, 0.5]], [[1.0, 0.0, 3.0], [0.5, -1.0, 1.0]]])
_LABELS = np.array([[0, 2], [1, 0]])
WEIGHTED_LOSSES = Exercise(
    function="weighted_losses",
    parts={"losses": "tensor"},
    right=lambda scores, y, c: _loss(scores, y, c),
    cases=[(_SCORES[:1], _LABELS[:1], _C), (_SCORES, _LABELS, _C)],
    call=_in_torch,
    mistakes=[
        Mistake(
            "The weights are not used: weight=c.", lambda scores, y, c: _loss(scores, y, 0 * c + 1)
        ),
        Mistake(
            'The sum is divided by the number of images, as after reduction="none" and a mean.'
            " Leave the reduction as it is: it divides by the sum of the weights.",
            lambda scores, y, c: _loss(scores, y, c, lambda counts: y.shape[-1]),
        ),
        Mistake(
            "This is the weighted sum: leave the reduction as it is, a mean.",
            lambda scores, y, c: _loss(scores, y, c, lambda counts: 1.0),
        ),
        Mistake(
            "All splits are in one mean, so one's weights divide another's losses: one loss for"
            " each split.",
            lambda scores, y, c: (
                _loss(scores, y, c, lambda counts: 1.0).sum() / _counts(y, c).sum()
                + np.zeros(len(y))
            ),
        ),
    ],
)

# --- May its confidence be believed? --------------------------------------------------------------


def _newton(beta, scores, y, *, sign=-1, squared=True, at=None, curved=True):
    """A step of Newton's method; the keywords are mistakes."""
    tempered = (beta if at is None else at) * scores
    p = np.exp(tempered - np.log(np.exp(tempered).sum(axis=1, keepdims=True)))
    mean = (p * scores).sum(axis=1)
    variance = (p * scores**2).sum(axis=1) - (mean**2 if squared else 0)
    slope = np.mean(mean - scores[np.arange(len(y)), y])
    return float(beta + sign * slope / (variance.mean() if curved else 1.0))


_SCORED = np.array([[2.0, 0.0, -1.0], [1.0, 3.0, 0.0], [0.0, 1.0, 2.0], [1.5, 1.0, 0.0]])
_TRUE = np.array([0, 1, 1, 0])
NEWTON_STEP = Exercise(
    function="newton_step",
    parts={"the next beta": "number"},
    right=lambda beta, scores, y: _newton(beta, scores, y),
    cases=[
        (1.0, _SCORED[:3], _TRUE[:3]),
        (0.5, _SCORED, _TRUE),
        (2.0, _SCORED[[3, 1, 2]], np.array([1, 1, 2])),
    ],
    mistakes=[
        Mistake(
            "This climbs: beta minus the slope over the curvature.",
            lambda beta, scores, y: _newton(beta, scores, y, sign=1),
        ),
        Mistake(
            "The square of the mean is missing: the variance is the mean of the squares less the"
            " square of the mean.",
            lambda beta, scores, y: _newton(beta, scores, y, squared=False),
        ),
        Mistake(
            "The probabilities are those of beta = 1: multiply the scores by beta before the"
            " softmax.",
            lambda beta, scores, y: _newton(beta, scores, y, at=1.0),
        ),
        Mistake(
            "This is a step of gradient descent, with the rate 1: divide the slope by the"
            " curvature.",
            lambda beta, scores, y: _newton(beta, scores, y, curved=False),
        ),
        Mistake(
            "This is the step alone: take it from beta.",
            lambda beta, scores, y: _newton(beta, scores, y) - beta,
        ),
        Mistake(
            "This is a temperature, 1 / beta: keep to beta.",
            lambda beta, scores, y: 1 / _newton(beta, scores, y),
        ),
    ],
)


def _stepped_in_torch(newton_step: Callable[..., Any], beta: Any, scores: Any, y: Any) -> Any:
    import torch

    found = newton_step(*(torch.from_numpy(np.array(each)) for each in (beta, scores, y)))
    return found.item() if isinstance(found, torch.Tensor) else found


TORCH_NEWTON_STEP = replace(NEWTON_STEP, call=_stepped_in_torch)


def _best(scores, y, steps=30):
    beta = 1.0
    for _ in range(steps):
        beta = _newton(beta, scores, y)
    return beta


def _fitted_in_torch(inverse_temperature: Callable[..., Any], scores: Any, y: Any) -> Any:
    """Return the number found to nine digits: L-BFGS ends near the minimum, not on it."""
    import torch

    found = inverse_temperature(torch.from_numpy(scores), torch.from_numpy(y))
    found = found.item() if isinstance(found, torch.Tensor) else found
    right = _best(scores, y)
    near = isinstance(found, float) and abs(found - right) < 1e-6 * right
    return right if near else found


_TRUE_OF_TWO = np.array([1, 1, 1, 0, 0])
_SCORED_TWO = np.array([[1.0, 3.0], [2.0, 1.0], [0.0, 4.0], [2.0, -1.0], [1.0, 1.5]])
INVERSE_TEMPERATURE = Exercise(
    function="inverse_temperature",
    parts={"beta": "number"},
    right=lambda scores, y: _best(scores, y),
    cases=[(_SCORED, _TRUE), (_SCORED_TWO, _TRUE_OF_TWO)],
    call=_fitted_in_torch,
    mistakes=[
        Mistake(
            "beta stays where it began: call optimizer.step(closure), and backward in the closure.",
            lambda scores, y: 1.0,
        ),
        Mistake(
            "This is the temperature, 1 / beta: return beta.",
            lambda scores, y: 1 / _best(scores, y),
            1e-6,
        ),
        Mistake(
            "This is the loss at the end: step returns that, or the closure's first. Return beta.",
            lambda scores, y: float(np.mean(_loss(_best(scores, y) * scores, y, np.ones(3)))),
            1e-6,
        ),
        Mistake(
            "This is the loss at the start, which step returns. Return beta.",
            lambda scores, y: float(np.mean(_loss(scores, y, np.ones(3)))),
        ),
    ],
)

# --- A saved model reads a new image --------------------------------------------------------------


def _read(pixels, weight, bias, mean, beta):
    """Return (digit, confidence)."""
    tempered = beta * (weight @ (np.reshape(pixels, -1) - mean) + bias)
    p = np.exp(tempered - np.max(tempered))
    p /= p.sum()
    return np.array([p.argmax(), p.max()], dtype=float)


def _reading(read: Callable[..., Any], *case: Any) -> Any:
    pixels, *parts = case
    saved = dict(zip(("weight", "bias", "mean", "beta"), map(np.array, parts)))
    return _ends(read(pixels, saved))


def _reader(seed):
    """Return a case: an image, and a model whose answer hangs on all of its parts."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2, (8, 8)).astype(float)
    weight, bias = 0.3 * rng.standard_normal((10, 64)), rng.standard_normal(10)
    return pixels, weight, bias, rng.random(64), float(rng.uniform(0.3, 0.7))


READ = Exercise(
    function="read",
    parts={"digit and confidence": "array"},
    right=_read,
    call=_reading,
    cases=[_reader(0), _reader(1), _reader(2)],
    mistakes=[
        Mistake(
            "The training mean is not taken off the pixels: saved['mean'].",
            lambda pixels, weight, bias, mean, beta: _read(pixels, weight, bias, 0, beta),
        ),
        Mistake(
            "The temperature is not used: multiply the scores by saved['beta'].",
            lambda pixels, weight, bias, mean, beta: _read(pixels, weight, bias, mean, 1),
        ),
        Mistake(
            "Neither mean nor temperature is used.",
            lambda pixels, weight, bias, mean, beta: _read(pixels, weight, bias, 0, 1),
        ),
        Mistake(
            "The bias is missing.",
            lambda pixels, weight, bias, mean, beta: _read(pixels, weight, 0, mean, beta),
        ),
        Mistake(
            "The scores are divided by beta; beta is 1 / T, so multiply.",
            lambda pixels, weight, bias, mean, beta: _read(pixels, weight, bias, mean, 1 / beta),
        ),
        Mistake(
            "The confidence comes first: return the digit, then the confidence.",
            lambda *case: _read(*case)[::-1],
        ),
    ],
)

BLANKS: dict[str, dict[str, Exercise]] = {
    "Round4_Judging": {
        "interval": INTERVAL,
        "sign_test": SIGN_TEST,
        "weighted_error": WEIGHTED_ERROR,
        "newton_step": NEWTON_STEP,
        "read": READ,
    },
    "Round4_Judging-PyTorch": {
        "interval": INTERVAL,
        "sign_test": SIGN_TEST,
        "weighted_losses": WEIGHTED_LOSSES,
        "newton_step": TORCH_NEWTON_STEP,
        "inverse_temperature": INVERSE_TEMPERATURE,
    },
}
