"""Round 2: what each exercise expects, on which cases, and the mistakes that its check names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from course_utils.data import load_regression
from course_utils.exercises.cases import (
    LINES,
    SLIPS,
    SMALLEST,
    TOUCHY,
    cut_off_at,
    draw,
    gradient,
    hessian,
    mse,
)
from course_utils.exercises.model import FLOAT32, Exercise, Goal, Mistake, NotRight
from course_utils.exercises.running import guarded
from course_utils.exercises.showing import in_one_line
from course_utils.exercises.watching import require_not_endless

#: Rates that learners write down in place of the argument lrate.
USUAL_RATES = (1, 0.5, 0.1, 0.05, 0.01, 0.001)

# --- A step: what Round 1's first notebook asks for, and what the others build on -----------------


def gradient_step(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray, lrate: float
) -> tuple[np.ndarray, float]:
    """Return the weight (n,) after a step, and the MSE before it."""
    return weight - lrate * gradient(X, y, weight), mse(X, y, weight)


def _moved(X, y, weight, lrate):
    """Return the weight after a step."""
    return gradient_step(X, y, weight, lrate)[0]


def _after_each_example(X, y, weight, lrate):
    """Return the weight where each example's part of the gradient moves it at once."""
    for x, target in zip(X, y):
        weight = weight - lrate * 2 / len(y) * (x @ weight - target) * x
    return weight


GRADIENT_STEP = Exercise(
    function="gradient_step",
    parts={"new weight": "array", "MSE": "number"},
    right=gradient_step,
    cases=[
        (*case, lrate)
        for case, lrate in zip([*LINES, TOUCHY], (0.5, 0.1, 0.05, 1.5, 0.3, 0.25, 0.4, 0.2))
    ],
    factor_in={"new weight": lambda new, X, y, w, lrate: new - w},
    mistakes=[
        Mistake(
            "The step goes uphill: the sign is turned round. Subtract the gradient.",
            lambda X, y, w, lrate: (_moved(X, y, w, -lrate), mse(X, y, w)),
        ),
        Mistake(
            "The MSE is the one after the step. Expected the MSE at the weight that was passed in.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), mse(X, y, _moved(X, y, w, lrate))),
        ),
        Mistake(
            "The weight did not move: the first result is the weight that was passed in.",
            lambda X, y, w, lrate: (w, mse(X, y, w)),
        ),
        Mistake(
            "The first result is the gradient. Expected the new weight: weight - lrate * gradient.",
            lambda X, y, w, lrate: (gradient(X, y, w), mse(X, y, w)),
        ),
        Mistake(
            "The first result is the step alone. Expected where it leads: weight - lrate *"
            " gradient.",
            lambda X, y, w, lrate: (lrate * gradient(X, y, w), mse(X, y, w)),
        ),
        Mistake(
            "lrate is not used: the step is the whole gradient.",
            lambda X, y, w, lrate: (_moved(X, y, w, 1), mse(X, y, w)),
        ),
        Mistake(
            "The gradient is divided by lrate; multiply.",
            lambda X, y, w, lrate: (_moved(X, y, w, 1 / lrate), mse(X, y, w)),
        ),
        Mistake(
            "The second result is the root of the MSE. Leave the root out.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), np.sqrt(mse(X, y, w))),
        ),
        Mistake(
            "The second result is the mean of the errors. Square them before taking the mean.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), np.mean(X @ w - y)),
        ),
        Mistake(
            "The second result is the mean of the absolute errors. Square them instead.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), np.mean(abs(X @ w - y))),
        ),
        Mistake(
            "The mean is squared; expected the mean of the squares.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), np.mean(X @ w - y) ** 2),
        ),
        Mistake(
            "The errors come back, not their mean square.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), X @ w - y),
        ),
        Mistake(
            "The squared errors come back; expected their mean.",
            lambda X, y, w, lrate: (_moved(X, y, w, lrate), (X @ w - y) ** 2),
        ),
        Mistake(
            "lrate multiplies the weight as well: write weight - lrate * gradient.",
            lambda X, y, w, lrate: (lrate * (w - gradient(X, y, w)), mse(X, y, w)),
        ),
        Mistake(
            "lrate multiplies the weight, not the gradient: write weight - lrate * gradient.",
            lambda X, y, w, lrate: (lrate * w - gradient(X, y, w), mse(X, y, w)),
        ),
        Mistake(
            "lrate is subtracted, too: multiply the gradient by it.",
            lambda X, y, w, lrate: (w - lrate - gradient(X, y, w), mse(X, y, w)),
        ),
        Mistake(
            "The first result is the move alone. Expected where it leads: weight - lrate *"
            " gradient.",
            lambda X, y, w, lrate: (-lrate * gradient(X, y, w), mse(X, y, w)),
        ),
        Mistake(
            "The weight is multiplied by what belongs to be subtracted: write weight - lrate *"
            " gradient.",
            lambda X, y, w, lrate: (w * (1 - lrate * gradient(X, y, w)), mse(X, y, w)),
        ),
        Mistake(
            "The weight moves after each example. Add up the votes of all examples first, then take"
            " one step.",
            lambda X, y, w, lrate: (_after_each_example(X, y, w, lrate), mse(X, y, w)),
        ),
        Mistake(
            "It takes two steps; asked is one.",
            lambda X, y, w, lrate: (_moved(X, y, _moved(X, y, w, lrate), lrate), mse(X, y, w)),
        ),
        *[
            Mistake(
                f"The rate is always {rate}; use the argument lrate.",
                lambda X, y, w, lrate, rate=rate: (_moved(X, y, w, rate), mse(X, y, w)),
            )
            for rate in USUAL_RATES[1:]
        ],
        *[
            Mistake(
                sentence,
                lambda X, y, w, lrate, slip=slip: (w - lrate * slip(X, y, w), mse(X, y, w)),
            )
            for sentence, slip in SLIPS
        ],
    ],
)

# --- 2.1 ------------------------------------------------------------------------------------------


def _with_penalty(
    pull: Callable[..., Any] = lambda w, penalty: 2 * penalty * w,
    price: Callable[..., Any] = lambda w, penalty: penalty * w @ w,
    slip: Callable[..., Any] = gradient,
    sign: float = 1,
) -> Callable[..., tuple]:
    """Return a step on the MSE with a penalty. ``pull``(w, penalty): the penalty's gradient;
    ``price``: its part of the loss; ``slip``: the MSE's gradient; ``sign``: -1 goes uphill.
    """

    def step(X, y, weight, lrate, penalty):
        whole = slip(X, y, weight) + pull(weight, penalty)
        return weight - sign * lrate * whole, mse(X, y, weight) + price(weight, penalty)

    return step


_penalised = _with_penalty()


def _pulled_afterwards(X, y, weight, lrate, penalty):
    new = _moved(X, y, weight, lrate)
    return new - lrate * 2 * penalty * new, _penalised(X, y, weight, lrate, penalty)[1]


def _loss_afterwards(X, y, weight, lrate, penalty):
    new = _penalised(X, y, weight, lrate, penalty)[0]
    return new, _penalised(X, y, new, lrate, penalty)[1]


def _penalty_afterwards(X, y, weight, lrate, penalty):
    new = _penalised(X, y, weight, lrate, penalty)[0]
    return new, mse(X, y, weight) + penalty * new @ new


def _beside_the_rate(sign):
    """Return the step in which the penalty's gradient is not multiplied by the rate."""

    def step(X, y, weight, lrate, penalty):
        new = _moved(X, y, weight, lrate) + sign * 2 * penalty * weight
        return new, _penalised(X, y, weight, lrate, penalty)[1]

    return step


def _alternating(weight):
    """Return a weight whose first number is negative, the next positive, and so on."""
    return weight * np.resize([-1.0, 1.0], len(weight))


def _nothing(w, penalty):
    return 0


RIDGE_STEP = Exercise(
    function="ridge_step",
    parts={"new weight": "array", "loss": "number"},
    right=lambda X, y, weight, lrate, penalty: _penalised(X, y, weight, lrate, penalty),
    # With weights of both signs, so that abs(weight) and its sign show.
    cases=[
        (*case, lrate, penalty)
        for case, lrate, penalty in zip(
            [SMALLEST, *((X, y, _alternating(w)) for X, y, w in [*LINES[1:], TOUCHY])],
            (0.5, 0.1, 0.05, 1.5, 0.3, 0.25, 0.4, 0.2),
            (0.3, 0.7, 0.2, 0.4, 0.6, 0.15, 0.9, 0.25),
        )
    ],
    factor_in={"new weight": lambda new, X, y, w, lrate, penalty: new - w},
    mistakes=[
        Mistake(
            "The penalty is missing in both results: this is the plain step on the MSE.",
            _with_penalty(_nothing, _nothing),
        ),
        Mistake(
            "The penalty is missing in the gradient. Differentiate it, too: the derivative of"
            " penalty · w² is 2 · penalty · w.",
            _with_penalty(pull=_nothing),
        ),
        Mistake(
            "The penalty is missing in the loss that comes back.", _with_penalty(price=_nothing)
        ),
        Mistake(
            "In the gradient of the penalty the 2 is missing: the derivative of penalty · w² is"
            " 2 · penalty · w.",
            _with_penalty(lambda w, penalty: penalty * w),
        ),
        Mistake(
            "In the gradient of the penalty the weight is missing: the derivative of penalty · w²"
            " is 2 · penalty · w.",
            _with_penalty(lambda w, penalty: 2 * penalty),
        ),
        *[
            Mistake(
                "The gradient of the penalty has the weights' signs or sizes alone, as that of"
                " absolute weights. The derivative of penalty · w² is 2 · penalty · w.",
                _with_penalty(pull),
            )
            for pull in (
                lambda w, penalty: 2 * penalty * np.sign(w),
                lambda w, penalty: penalty * np.sign(w),
                lambda w, penalty: 2 * penalty * abs(w),
            )
        ],
        *[
            Mistake(
                "The penalty itself stands in the gradient; its derivative belongs there:"
                " 2 · penalty · w, a number for each weight.",
                _with_penalty(pull),
            )
            for pull in (lambda w, penalty: penalty * w**2, lambda w, penalty: penalty * w @ w)
        ],
        Mistake(
            "In the gradient of the penalty the weights are added up. Each weight has its own:"
            " 2 · penalty · w.",
            _with_penalty(lambda w, penalty: 2 * penalty * np.sum(w)),
        ),
        Mistake(
            "The penalty's gradient stands outside the brackets, added to the weight. Multiply the"
            " sum of both gradients by lrate, and subtract.",
            _beside_the_rate(1),
        ),
        Mistake(
            "The penalty's gradient is not multiplied by lrate: brackets belong round the sum of"
            " both gradients.",
            _beside_the_rate(-1),
        ),
        Mistake(
            "In the gradient the penalty is divided by m. It is added to the mean as it is.",
            lambda X, y, w, lrate, penalty: (
                _penalised(X, y, w, lrate, penalty / len(y))[0],
                _penalised(X, y, w, lrate, penalty)[1],
            ),
        ),
        Mistake(
            "The loss takes the penalty of the new weight. Both belong to the weight that was"
            " passed in.",
            _penalty_afterwards,
        ),
        Mistake(
            "lrate stands where the penalty belongs.",
            lambda X, y, w, lrate, penalty: _penalised(X, y, w, lrate, lrate),
        ),
        *[
            Mistake(
                f"The penalty is always {fixed}; use the argument penalty.",
                lambda X, y, w, lrate, penalty, fixed=fixed: _penalised(X, y, w, lrate, fixed),
            )
            for fixed in USUAL_RATES
        ],
        Mistake(
            "In the loss the root of the MSE is taken. Leave the root out.",
            lambda X, y, w, lrate, penalty: (
                _penalised(X, y, w, lrate, penalty)[0],
                np.sqrt(mse(X, y, w)) + penalty * w @ w,
            ),
        ),
        Mistake(
            "The part of the MSE goes uphill: prediction minus truth, not truth minus prediction.",
            _with_penalty(slip=lambda X, y, w: -gradient(X, y, w)),
        ),
        Mistake(
            "The penalty pushes the weights away from 0: its gradient is added to that of the MSE,"
            " and the sum is subtracted.",
            _with_penalty(lambda w, penalty: -2 * penalty * w),
        ),
        Mistake(
            "The penalty is subtracted from the loss. It is a price: add it.",
            _with_penalty(price=lambda w, penalty: -penalty * w @ w),
        ),
        Mistake(
            "The penalty takes the mean of the squared weights; asked is their sum.",
            _with_penalty(price=lambda w, penalty: penalty * np.mean(w**2)),
        ),
        Mistake(
            "The penalty takes the mean of the squared weights, in both results; asked is their"
            " sum.",
            _with_penalty(
                lambda w, penalty: 2 * penalty * w / len(w),
                lambda w, penalty: penalty * np.mean(w**2),
            ),
        ),
        Mistake(
            "The penalty is the length of the weights, not squared. Leave the root out.",
            _with_penalty(price=lambda w, penalty: penalty * np.linalg.norm(w)),
        ),
        Mistake(
            "The penalty is that of the absolute weights. Square them instead.",
            _with_penalty(
                lambda w, penalty: penalty * np.sign(w), lambda w, penalty: penalty * abs(w).sum()
            ),
        ),
        Mistake(
            "The squared weights stand in the loss without the penalty's factor.",
            _with_penalty(price=lambda w, penalty: w @ w),
        ),
        Mistake(
            "In the gradient of the MSE the division by m is missing. Only the penalty has none.",
            _with_penalty(slip=lambda X, y, w: len(y) * gradient(X, y, w)),
        ),
        Mistake(
            "In the gradient of the MSE the 2 is missing.",
            _with_penalty(slip=lambda X, y, w: gradient(X, y, w) / 2),
        ),
        Mistake(
            "In the loss the squared errors are added up. Take their mean, then add the penalty.",
            lambda X, y, w, lrate, penalty: (
                _penalised(X, y, w, lrate, penalty)[0],
                len(y) * mse(X, y, w) + penalty * w @ w,
            ),
        ),
        Mistake(
            "The penalty is divided by m, too, in both results. It is added to the mean as it is.",
            lambda X, y, w, lrate, penalty: _penalised(X, y, w, lrate, penalty / len(y)),
        ),
        Mistake(
            "The penalty pulls at the weight after the step. Both gradients are taken at the weight"
            " that was passed in.",
            _pulled_afterwards,
        ),
        Mistake(
            "The loss is the one after the step. Expected the loss at the weight that was passed"
            " in.",
            _loss_afterwards,
        ),
        Mistake(
            "The step goes uphill: the sign is turned round. Subtract the gradient.",
            _with_penalty(sign=-1),
        ),
        Mistake(
            "The weight did not move: the first result is the weight that was passed in.",
            _with_penalty(sign=0),
        ),
        Mistake(
            "The first result is the gradient. Expected the new weight: weight - lrate * gradient.",
            lambda X, y, w, lrate, penalty: (
                gradient(X, y, w) + 2 * penalty * w,
                _penalised(X, y, w, lrate, penalty)[1],
            ),
        ),
        *[
            Mistake(
                f"The rate is always {rate}; use the argument lrate.",
                lambda X, y, w, lrate, penalty, rate=rate: (
                    _penalised(X, y, w, rate, penalty)[0],
                    _penalised(X, y, w, lrate, penalty)[1],
                ),
            )
            for rate in USUAL_RATES
        ],
        *[Mistake(sentence, _with_penalty(slip=slip)) for sentence, slip in SLIPS],
    ],
)

# --- 2.2 ------------------------------------------------------------------------------------------


def _is_lower(new, old):
    return new < old


def _careful(
    X,
    y,
    weight,
    lrate,
    epochs,
    *,
    slope=gradient,
    price=mse,
    lower=_is_lower,
    against=-1,
    shrink=0.5,
    grow=1.0,
    back=True,
    shows_refused=False,
    stops=False,
    at_first=False,
    late=False,
    from_tried=False,
):
    """Return the weights (epochs + 1, n), the losses (epochs + 1,), and the rate that is left.

    slope, price: another gradient or loss. lower(new loss, old loss): whether a try is kept.
    against: the place of the loss that a new one is compared with. shrink, grow: what the rate is
    multiplied by after a try that is taken back, or kept. back: whether such a try is taken back at
    all. shows_refused: whether its loss is shown. stops: whether it ends there. at_first: whether
    the gradient is the one at the start. late: whether the rate is halved before the next try.
    from_tried: whether a step starts where the last try led, kept or not.
    """
    weights, losses = [weight], [price(X, y, weight)]
    shown, tried, first, refusals = losses[:], weight, lrate, 0
    for _ in range(epochs):
        if late:
            lrate = first * shrink**refusals
        here = tried if from_tried else weights[-1]
        tried = here - lrate * slope(X, y, weight if at_first else here)
        loss = refused = price(X, y, tried)
        kept = lower(loss, losses[against])
        refusals += not kept
        if not late:
            lrate = lrate * (grow if kept else shrink)
        if stops and not kept:
            break
        weights.append(tried if kept or not back else weights[-1])
        loss = loss if kept or not back else losses[-1]
        losses.append(loss)
        shown.append(refused if shows_refused else loss)
    return np.array(weights), np.array(shown), lrate


def _tries_within(X, y, weight, lrate, epochs, *, afresh=False):
    """Return the path where each epoch halves the rate until its step is kept; ``afresh``: from the
    first rate on in each.
    """
    weights, losses, first = [weight], [mse(X, y, weight)], lrate
    for _ in range(epochs):
        lrate = first if afresh else lrate
        for _ in range(60):
            tried = _moved(X, y, weights[-1], lrate)
            if mse(X, y, tried) < losses[-1]:
                break
            lrate = lrate / 2
        weights.append(tried)
        losses.append(mse(X, y, tried))
    return np.array(weights), np.array(losses), lrate


def _rate_as_it_was(*case):
    weights, losses, _ = _careful(*case)
    return weights, losses, case[3]


def _kept_alone(*case):
    """Return the path without the rows that repeat the one before."""
    weights, losses, rate = _careful(*case)
    kept = np.append(True, np.diff(losses) != 0)
    return weights[kept], losses[kept], rate


def _careful_part(X, y, weight, lrate, epochs, *, more=0, rows=slice(None), losses=slice(None)):
    """Return these rows of the weights and these losses of a path with ``more`` epochs."""
    all_weights, all_losses, rate = _careful(X, y, weight, lrate, epochs + more)
    return all_weights[rows], all_losses[losses], rate


def _never_moved(X, y, weight, lrate, epochs):
    for _ in range(epochs):
        if not mse(X, y, _moved(X, y, weight, lrate)) < mse(X, y, weight):
            lrate = lrate / 2
    return np.tile(weight, (epochs + 1, 1)), np.full(epochs + 1, mse(X, y, weight)), lrate


def _all_the_last(*case, first=False):
    """Return the path whose rows are all the last weight; ``first``: but for the first row."""
    weights, losses, rate = _careful(*case)
    rows = np.tile(weights[-1], (len(weights), 1))
    return np.vstack([weights[:1], rows[1:]]) if first else rows, losses, rate


def _half_kept(X, y, weight, lrate, epochs, *, weight_kept):
    """Return the path where a kept try brings its weight along, but not its loss, or the other way
    round.
    """
    weights, losses = [weight], [mse(X, y, weight)]
    for _ in range(epochs):
        tried = _moved(X, y, weights[-1], lrate)
        kept, loss = mse(X, y, tried) < losses[-1], mse(X, y, tried)
        lrate = lrate if kept else lrate / 2
        weights.append(tried if kept and weight_kept else weights[-1])
        losses.append(loss if kept and not weight_kept else losses[-1])
    return np.array(weights), np.array(losses), lrate


def _tries_in_rows(X, y, weight, lrate, epochs, *, losses_too):
    """Return the path whose rows are the tries, kept or not; ``losses_too``: and their losses."""
    weights, losses, rate = _careful(X, y, weight, lrate, epochs)
    rows, now = [weight], lrate
    for k in range(epochs):
        rows.append(_moved(X, y, weights[k], now))
        now = now if mse(X, y, rows[-1]) < losses[k] else now / 2
    rows = np.array(rows)
    return rows, np.mean((rows @ X.T - y) ** 2, axis=1) if losses_too else losses, rate


def _loss_of_the_refused(X, y, weight, lrate, epochs):
    """Return the path where the loss of a try that is taken back is the one to beat."""
    weights, losses = [weight], [mse(X, y, weight)]
    for _ in range(epochs):
        tried = _moved(X, y, weights[-1], lrate)
        losses.append(mse(X, y, tried))
        kept = losses[-1] < losses[-2]
        lrate = lrate if kept else lrate / 2
        weights.append(tried if kept else weights[-1])
    return np.array(weights), np.array(losses), lrate


def _whole_rate_again(X, y, weight, lrate, epochs):
    """Return the path where a try that is kept brings the first rate back."""
    weights, losses, now = [weight], [mse(X, y, weight)], lrate
    for _ in range(epochs):
        tried = _moved(X, y, weights[-1], now)
        kept = mse(X, y, tried) < losses[-1]
        now = lrate if kept else now / 2
        weights.append(tried if kept else weights[-1])
        losses.append(mse(X, y, weights[-1]))
    return np.array(weights), np.array(losses), now


def _kept_ones_counted(X, y, weight, lrate, epochs):
    """Return the path where an epoch ends only with a try that is kept; up to 500 of them."""
    losses, tries = _careful(X, y, weight, lrate, 500)[1], 0
    while tries < 500 and np.sum(np.diff(losses[: tries + 1]) != 0) < epochs:
        tries += 1
    return _careful(X, y, weight, lrate, tries)


def _written_down_first(*case):
    """Return the rows as they were at the top of each turn, below the start."""
    weights, losses, rate = _careful(*case)
    return (
        np.vstack([weights[:1], weights])[: len(weights)],
        np.append(losses[:1], losses)[: len(losses)],
        rate,
    )


def _with_rate(rate):
    """Return the path at a fixed first rate, with the rate that is left."""
    return lambda X, y, w, lrate, epochs: _careful(X, y, w, rate, epochs)


_BUT_FIRST, _BUT_LAST = slice(1, None), slice(-1)
#: The start (weight 3) and the rate lie such that the first try leads to the same loss, exactly.
_EVEN = (np.array([[1.0], [1.0]]), np.array([2.0, 2.0]), np.array([3.0]), 1.0, 1)

CAREFUL_DESCENT = Exercise(
    function="careful_descent",
    parts={"weights": "array", "losses": "array", "rate": "number"},
    right=lambda X, y, weight, lrate, epochs: _careful(X, y, weight, lrate, epochs),
    # A try that is taken back at once, after some that were kept, and among them; a loss that stays
    # the same; a rate that suits from the start; no epoch at all.
    cases=[
        (*SMALLEST, 0.5, 3),
        (*LINES[2], 1.7, 6),
        (*LINES[1], 2.8, 4),
        (*draw(2, 4, 2), 0.84, 6),
        (*draw(10, 6, 3), 0.73, 6),
        (*LINES[4], 0.1, 3),
        (*LINES[6], 1.1, 4),
        _EVEN,
        (*LINES[0], 0.1, 0),
    ],
    mistakes=[
        Mistake(
            "No try is taken back: this is the plain descent. Where the loss does not become lower,"
            " keep the weight and halve the rate.",
            partial(_careful, lower=lambda new, old: True),
        ),
        Mistake(
            "The rate is halved, but the try is kept all the same. Go back to the weight before"
            " it.",
            partial(_careful, back=False),
        ),
        Mistake(
            "The try is taken back, but the rate stays: the next one fails as it did. Halve it.",
            partial(_careful, shrink=1.0),
        ),
        Mistake(
            "A rate is halved within an epoch until its step is kept. Here an epoch is one try:"
            " where it is taken back, its row repeats the weight before.",
            _tries_within,
        ),
        Mistake(
            "A rate is halved within an epoch until its step is kept, from the first rate on each"
            " time. Here an epoch is one try, and the rate that was halved stays.",
            partial(_tries_within, afresh=True),
        ),
        Mistake(
            "Each try is compared with the loss at the start. Compare it with the one just before.",
            partial(_careful, against=0),
        ),
        Mistake(
            "The condition is turned round: a try that lowers the loss is taken back.",
            partial(_careful, lower=lambda new, old: not new < old),
        ),
        Mistake(
            "A try that leaves the loss as it is was kept. Kept is what is lower, and nothing else:"
            " <, not <=.",
            partial(_careful, lower=lambda new, old: new <= old),
        ),
        Mistake(
            "The rate is halved after each try, kept or not. Halve it where the try is taken back.",
            partial(_careful, grow=0.5),
        ),
        Mistake(
            "The rate is halved after a try that was kept. Halve it where the try is taken back.",
            partial(_careful, grow=0.5, shrink=1.0),
        ),
        *[
            Mistake(
                f"The rate is multiplied by {grow} after a try that was kept. Here it stays.",
                partial(_careful, grow=grow),
            )
            for grow in (1.05, 1.1, 1.2, 1.5, 2)
        ],
        *[
            Mistake(
                f"After a try that is taken back the rate is multiplied by {shrink}. Halve it.",
                partial(_careful, shrink=shrink),
            )
            for shrink in (0.1, 0.2, 0.25, 0.7, 0.75, 0.8, 0.9, 0.95, 2)
        ],
        Mistake(
            "The losses show those of the tries that were taken back. Loss k is the MSE at row k of"
            " weights.",
            partial(_careful, shows_refused=True),
        ),
        *[
            Mistake(
                "The rows of weights are the tries, those that were taken back among them. Append"
                " the weight where you stand then, not tried.",
                partial(_tries_in_rows, losses_too=losses_too),
            )
            for losses_too in (False, True)
        ],
        Mistake(
            "A try that is kept brings its weight along, but not its loss: the loss to beat, and to"
            " write down, stays that of the start. Change both.",
            partial(_half_kept, weight_kept=True),
        ),
        Mistake(
            "A try that is kept brings its loss along, but not its weight: the next step starts at"
            " the old one. Change both.",
            partial(_half_kept, weight_kept=False),
        ),
        Mistake(
            "The loss of a try that was taken back is kept, and the next one is compared with it."
            " Where the weight stays, its loss stays.",
            _loss_of_the_refused,
        ),
        Mistake(
            "A step starts where the try before led, even if that was taken back. Start at weight,"
            " not at tried.",
            partial(_careful, from_tried=True),
        ),
        Mistake(
            "After a try that was kept the first rate is back. The rate that was halved stays, for"
            " all that follows.",
            _whole_rate_again,
        ),
        Mistake(
            "The rate is halved a try late: not where one is taken back, but before the next.",
            partial(_careful, late=True),
        ),
        Mistake(
            "Only the tries that are kept are counted. Take epochs tries, kept or not.",
            _kept_ones_counted,
        ),
        Mistake(
            "Each row stands one too low, and the start twice: append at the end of a turn, after"
            " the comparison.",
            _written_down_first,
        ),
        Mistake(
            "A try that is taken back leaves no row. Each epoch adds one: the weight before stands"
            " there again.",
            _kept_alone,
        ),
        Mistake(
            "It stops at the first try that is taken back. Halve the rate and go on.",
            partial(_careful, stops=True),
        ),
        Mistake(
            "The rate that comes back is the one passed in. Return the one that is left, halved as"
            " often as a try was taken back.",
            _rate_as_it_was,
        ),
        Mistake(
            "The gradient is taken once, at the start. Take it afresh at each weight.",
            partial(_careful, at_first=True),
        ),
        Mistake(
            "The losses are roots of the MSE. Leave the root out.",
            partial(_careful, price=lambda X, y, w: np.sqrt(mse(X, y, w))),
        ),
        Mistake(
            "The start is missing: row 0 of weights is the weight passed in, and loss 0 is its"
            " MSE.",
            partial(_careful_part, rows=_BUT_FIRST, losses=_BUT_FIRST),
        ),
        Mistake(
            "The end is missing: epochs tries give epochs + 1 rows, the start included.",
            partial(_careful_part, more=-1),
        ),
        Mistake(
            "It takes one try too many: epochs tries give epochs + 1 rows, the start included.",
            partial(_careful_part, more=1),
        ),
        Mistake(
            "The losses are shifted by one: loss k is that of row k + 1. Loss 0 is the MSE at the"
            " start.",
            partial(_careful_part, more=1, rows=_BUT_LAST, losses=_BUT_FIRST),
        ),
        Mistake(
            "The weights are shifted by one: row k is the weight after k + 1 tries. Row 0 is the"
            " start: write the weight down before the step.",
            partial(_careful_part, more=1, rows=_BUT_FIRST, losses=_BUT_LAST),
        ),
        Mistake(
            "The first loss is missing: loss 0 is the MSE at the start.",
            partial(_careful_part, losses=_BUT_FIRST),
        ),
        Mistake(
            "The last loss is missing: the last weight has a loss, too.",
            partial(_careful_part, losses=_BUT_LAST),
        ),
        Mistake(
            "The first weight is missing: row 0 is the weight passed in.",
            partial(_careful_part, rows=_BUT_FIRST),
        ),
        Mistake(
            "Only the last weight comes back; expected all of them, a row for each epoch, the start"
            " included.",
            partial(_careful_part, rows=-1),
        ),
        Mistake(
            "All rows of weights are the last weight: the same array was appended each time and"
            " changed in place. Append a copy, or make a new array in each step.",
            _all_the_last,
        ),
        Mistake(
            "All rows below the first are the last weight: the same array was appended each time"
            " and changed in place. Append a copy, or make a new array in each step.",
            partial(_all_the_last, first=True),
        ),
        Mistake(
            "The results are in the wrong order. Return weights, losses, rate.",
            lambda *case: (*_careful(*case)[1::-1], _careful(*case)[2]),
        ),
        Mistake(
            "No try is ever kept, and the rate is halved each time. Does the step go uphill"
            " (subtract the gradient), or is the condition never true?",
            partial(_careful, slope=lambda X, y, w: -gradient(X, y, w)),
        ),
        Mistake(
            "It starts at 0. Start at weight, the argument.",
            lambda X, y, w, lrate, epochs: _careful(X, y, 0 * w, lrate, epochs),
        ),
        Mistake(
            "The weight never moves: where the loss is lower, what the try leads to is not kept.",
            _never_moved,
        ),
        Mistake(
            "The factor 2 of the gradient is missing in each step.",
            partial(_careful, slope=lambda X, y, w: gradient(X, y, w) / 2),
        ),
        Mistake(
            "In the gradient the errors are summed, not averaged: divide by m.",
            partial(_careful, slope=lambda X, y, w: len(y) * gradient(X, y, w)),
        ),
        Mistake(
            "In the gradient the sum is divided by n, the number of weights. Divide by m, the"
            " number of examples: len(y).",
            partial(_careful, slope=lambda X, y, w: len(y) / len(w) * gradient(X, y, w)),
        ),
        Mistake(
            "The losses are sums. Divide by m: expected the mean of the squared errors.",
            partial(_careful, price=lambda X, y, w: len(y) * mse(X, y, w)),
        ),
        Mistake(
            "The losses are halved: the MSE has no ½.",
            partial(_careful, price=lambda X, y, w: mse(X, y, w) / 2),
        ),
        *[
            Mistake(f"The rate begins at {rate}; begin at the argument lrate.", _with_rate(rate))
            for rate in USUAL_RATES
        ],
        *[Mistake(sentence, partial(_careful, slope=slip)) for sentence, slip in SLIPS],
    ],
)

# --- 2.3 ------------------------------------------------------------------------------------------


def _curvatures(X):
    """Return the eigenvalues of the Hessian, the smallest first."""
    return np.linalg.eigvalsh(hessian(X))


def largest_rate(X: np.ndarray) -> float:
    """Return the rate above which gradient descent diverges."""
    return 2 / _curvatures(X)[-1]


def _power_iteration_from_ones(X):
    H, direction = hessian(X), np.ones(X.shape[1])
    for _ in range(2000):
        direction = H @ direction
        direction = direction / np.linalg.norm(direction)
    return 2 / (direction @ H @ direction)


LARGEST_RATE = Exercise(
    function="largest_rate",
    parts={"largest rate": "number"},
    right=largest_rate,
    # In the last two, the largest is neither the first nor the last that np.linalg.eigvals finds:
    # it does not sort. The Hessian of the third is diagonal, and of such a one the eigenvalues come
    # as they stand there, whoever computes them.
    cases=[
        (np.array([[2.0, 1.0], [1.0, 2.0], [1.0, -1.0]]),),
        (draw(7, 4, 1)[0],),
        (np.array([[0.5, 2.0, 1.2], [0.5, -2.0, 1.2], [0.5, 2.0, -1.2], [0.5, -2.0, -1.2]]),),
        (draw(9, 6, 4)[0],),
        # The steepest direction, (1, -1), stands at right angles to a vector of ones; and rounding
        # leads no way out, as all numbers of the Hessian are powers of two.
        (np.array([[1.0, -1.0], [1.0, -1.0], [1.0, -1.0], [1.0, 1.0]]),),
        (draw(6, 3, 3)[0],),
    ],
    close="as if an iteration was stopped too early, or something was rounded on the way. Let NumPy"
    " find the eigenvalue: np.linalg.eigvalsh.",
    mistakes=[
        Mistake(
            "In the Hessian, 1 / m is missing: it is 2 / m X.T @ X.",
            lambda X: largest_rate(X) / len(X),
        ),
        Mistake(
            "The factor 2 of the Hessian is missing: it is 2 / m X.T @ X. (Or the border is 4 / L;"
            " expected 2 / L.)",
            lambda X: 2 * largest_rate(X),
        ),
        Mistake(
            "The factor 2 / m of the Hessian is missing: it is 2 / m X.T @ X.",
            lambda X: 2 * largest_rate(X) / len(X),
        ),
        Mistake(
            "The factor 2 / m is squared, too: take the singular value of X, square it, then"
            " multiply by 2 / m.",
            lambda X: largest_rate(X) * len(X) / 2,
        ),
        Mistake(
            "The rate is m times too large: in the Hessian, 1 / m stands once, 2 / m X.T @ X.",
            lambda X: largest_rate(X) * len(X),
        ),
        Mistake("This is half the border, 1 / L. Asked is 2 / L.", lambda X: largest_rate(X) / 2),
        Mistake(
            "The Hessian is divided by n, the number of weights, where m, the number of examples,"
            " belongs.",
            lambda X: largest_rate(X) * X.shape[1] / len(X),
        ),
        Mistake(
            "The Hessian is divided by n, the number of weights, where m, the number of examples,"
            " belongs; and its factor 2 is missing.",
            lambda X: 2 * largest_rate(X) * X.shape[1] / len(X),
        ),
        Mistake(
            "The mean of each column was taken away first: this is a covariance. The loss uses X as"
            " it is.",
            lambda X: largest_rate(X - X.mean(axis=0)),
        ),
        Mistake(
            "NumPy's covariance stands where the Hessian belongs: it takes the mean away and"
            " divides by m - 1.",
            lambda X: 2 / np.linalg.eigvalsh(np.atleast_2d(np.cov(X.T)))[-1],
        ),
        Mistake(
            "The power iteration starts at a vector of ones, and in this case it never finds the"
            " steepest direction, which is at right angles to it. Start at random, or use"
            " np.linalg.eigvalsh.",
            _power_iteration_from_ones,
            rtol=1e-6,
        ),
        Mistake(
            "The largest sum of a row is used: it bounds the largest eigenvalue, but is larger.",
            lambda X: 2 / np.abs(hessian(X)).sum(axis=1).max(),
        ),
        Mistake(
            "The determinant is used: the product of all curvatures. Take the largest eigenvalue"
            " alone.",
            lambda X: 2 / np.linalg.det(hessian(X)),
        ),
        Mistake("This is L / 2, upside down: the border is 2 / L.", lambda X: 1 / largest_rate(X)),
        Mistake(
            "The largest curvature is multiplied by 2; divide 2 by it.",
            lambda X: 4 / largest_rate(X),
        ),
        Mistake("This is 1 / L**2; the border is 2 / L.", lambda X: largest_rate(X) ** 2 / 4),
        Mistake(
            "The root of L is used; the border is 2 / L.", lambda X: np.sqrt(2 * largest_rate(X))
        ),
        Mistake(
            "The mean of all entries of the Hessian is used; take the largest eigenvalue.",
            lambda X: 2 / hessian(X).mean(),
        ),
        Mistake(
            "The smallest curvature is used. The steepest direction explodes first: take the"
            " largest.",
            lambda X: 2 / _curvatures(X)[0],
        ),
        Mistake(
            "The first eigenvalue is used, but np.linalg.eigvals and eig do not sort them. Take the"
            " largest: .max().",
            lambda X: 2 / np.linalg.eigvals(hessian(X))[0],
        ),
        Mistake(
            "The last eigenvalue is used, but np.linalg.eigvals and eig do not sort them. Take the"
            " largest: .max().",
            lambda X: 2 / np.linalg.eigvals(hessian(X))[-1],
        ),
        Mistake(
            "This is the best rate for all directions together, 2 / (smallest + largest"
            " curvature); asked is the border.",
            lambda X: 2 / (_curvatures(X)[0] + _curvatures(X)[-1]),
        ),
        Mistake(
            "The largest entry of the Hessian is used; it stands on the diagonal. A slanted"
            " direction can be steeper still: take the largest eigenvalue.",
            lambda X: 2 / np.diag(hessian(X)).max(),
        ),
        Mistake(
            "All curvatures are added up (the trace). Take the largest eigenvalue alone.",
            lambda X: 2 / np.trace(hessian(X)),
        ),
        Mistake(
            "The mean of the curvatures is used; the largest decides.",
            lambda X: 2 / np.mean(_curvatures(X)),
        ),
        Mistake(
            "A singular value of X is used without its square: the Hessian holds X twice.",
            lambda X: 2 / (2 / len(X) * np.linalg.norm(X, 2)),
        ),
        Mistake(
            "This is the largest curvature itself. The border is 2 divided by it.",
            lambda X: _curvatures(X)[-1],
        ),
        Mistake(
            "The length of the whole Hessian (Frobenius) is used. Take its largest eigenvalue.",
            lambda X: 2 / np.linalg.norm(hessian(X)),
        ),
    ],
)

# --- 2.4 ------------------------------------------------------------------------------------------


def _log_cosh(X, y, w):
    """Return log cosh of each error, (m,), without overflow."""
    error = X @ w - y
    return np.logaddexp(error, -error) - np.log(2)


def _votes_by(slope):
    """Return the gradient of a loss whose derivative by the error is ``slope``."""
    return lambda X, y, w: X.T @ slope(X @ w - y) / len(y)


_tanh_gradient = _votes_by(np.tanh)


def _shuffled(y, seed):
    """Return the right order of the rows, for X and for y."""
    order = np.random.default_rng(seed).permutation(len(y))
    return order, order


def _full_size(rows, m, batch_size):
    return 1.0


def _in_batches(order, batch_size):
    """Return the pieces of an order."""
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def _over_all_examples(prices, after, X, y, weight, batch_size):
    """Return the mean over the examples of what each batch saw before its step."""
    return np.mean(np.concatenate(prices))


def _robust(
    X,
    y,
    weight,
    lrate,
    batch_size,
    seed,
    *,
    orders=_shuffled,
    cut=_in_batches,
    slope=_tanh_gradient,
    price=_log_cosh,
    size=_full_size,
    start_anew=False,
    at_first=False,
    total=_over_all_examples,
    after_step=False,
    only=slice(None),
):
    """Return the weight (n,) after an epoch, and the loss (a number) on the way.

    orders(y, seed): the rows of X and those of y, as they come. cut(order, batch_size): the
    batches. slope, price: the gradient, and the loss of each example. size(rows in the batch, m,
    batch_size): a factor of each step. start_anew: each step starts at the weight passed in.
    at_first: each gradient is taken there. total(the batches' losses, the weight in the end, X, y,
    the weight passed in, batch_size): the loss that is returned. after_step: losses are those
    after the batch's step. only: which of the batches are used.
    """
    order, y_order = orders(y, seed)
    now, prices = weight, []
    for rows, y_rows in list(zip(cut(order, batch_size), cut(y_order, batch_size)))[only]:
        before = weight if start_anew else now
        factor = lrate * size(len(rows), len(y), batch_size)
        now = before - factor * slope(X[rows], y[y_rows], weight if at_first else before)
        prices.append(price(X[rows], y[y_rows], now if after_step else before))
    return now, total(prices, now, X, y, weight, batch_size)


def _same_for_both(draw_order):
    """Return the orders for X and y, both the one that draw_order(rng, m) gives."""

    def orders(y, seed):
        order = draw_order(np.random.default_rng(seed), len(y))
        return order, order

    return orders


def _shuffled_apart(y, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(len(y)), rng.permutation(len(y))


def _anew_for_each_batch(
    X, y, weight, lrate, batch_size, seed, *, replace, before=False, head=False
):
    """Return the epoch whose batches are drawn one by one; before: after an order that is not used,
    head: from the first rows of each order.
    """
    rng, prices = np.random.default_rng(seed), []
    if before:
        rng.permutation(len(y))
    for start in range(0, len(y), batch_size):
        first = 0 if head else start
        if replace:
            rows = rng.choice(len(y), batch_size)
        else:
            rows = rng.permutation(len(y))[first : first + batch_size]
        prices.append(_log_cosh(X[rows], y[rows], weight))
        weight = weight - lrate * _tanh_gradient(X[rows], y[rows], weight)
    return weight, np.mean(np.concatenate(prices))


def _all_rows(order, batch_size):
    """Return the whole order for each batch."""
    return [order for _ in range(0, len(order), batch_size)]


def _overlapping(order, batch_size):
    return [order[start : start + batch_size] for start in range(len(order))]


def _one_too_large(order, batch_size):
    return [order[start : start + batch_size + 1] for start in range(0, len(order), batch_size)]


def _from_the_end(order, batch_size):
    return [order[max(0, k - batch_size) : k] for k in range(len(order), 0, -batch_size)]


def _whole_batches_shuffled(y, seed, batch_size):
    """Return the old order, its batches shuffled."""
    starts = np.random.default_rng(seed).permutation(np.arange(0, len(y), batch_size))
    return [np.arange(start, min(start + batch_size, len(y))) for start in starts]


def _shuffled_batches(X, y, weight, lrate, batch_size, seed):
    pieces = _whole_batches_shuffled(y, seed, batch_size)
    return _robust(X, y, weight, lrate, batch_size, seed, cut=lambda order, size: pieces)


def _equal_pieces(order, batch_size):
    return np.array_split(order, int(np.ceil(len(order) / batch_size)))


def _mean_or_zero(prices):
    """Return the mean over the examples of some batches; of no batch 0."""
    return np.mean(np.concatenate(prices)) if prices else 0.0


def _sum_of_means(prices, after, X, y, weight, batch_size):
    return sum(np.mean(each) for each in prices)


#: (sentence, total): losses other than the mean over the examples as their batch found them.
_TOTALS = [
    (
        "The loss is the mean of the batches' means. The last batch can be smaller, and then its"
        " examples count too much: add up over the examples, and divide by m.",
        lambda prices, *rest: np.mean([np.mean(each) for each in prices]),
    ),
    (
        "The loss is that of the last batch alone. Expected the mean over all m examples.",
        lambda prices, *rest: np.mean(prices[-1]),
    ),
    (
        "The loss is that of the first batch alone. Expected the mean over all m examples.",
        lambda prices, *rest: np.mean(prices[0]),
    ),
    (
        "The batches' mean losses are added up. Weigh each by len(rows), and divide the sum by m.",
        _sum_of_means,
    ),
    (
        "The batches' mean losses are divided by m, without len(rows): a mean counts for as many"
        " examples as its batch has.",
        lambda prices, after, X, y, w, B: _sum_of_means(prices, after, X, y, w, B) / len(y),
    ),
    (
        "The batches' mean losses are multiplied by batch_size, but the last batch can be smaller:"
        " by len(rows).",
        lambda prices, after, X, y, w, B: _sum_of_means(prices, after, X, y, w, B) * B / len(y),
    ),
    (
        "The losses are added up over the examples. Divide by m.",
        lambda prices, *rest: np.sum(np.concatenate(prices)),
    ),
    (
        "The sum of the losses is divided by the number of batches. Divide by m, the number of"
        " examples.",
        lambda prices, *rest: np.sum(np.concatenate(prices)) / len(prices),
    ),
    (
        "The sum of the losses is divided by batch_size. Divide by m, the number of examples.",
        lambda prices, after, X, y, w, B: np.sum(np.concatenate(prices)) / B,
    ),
    (
        "The loss is that of all examples at the weight in the end. Expected what each batch finds"
        " on the way, before its step.",
        lambda prices, after, X, y, w, B: np.mean(_log_cosh(X, y, after)),
    ),
    (
        "The loss is that of all examples at the weight passed in. Expected what each batch finds"
        " on the way, before its step.",
        lambda prices, after, X, y, w, B: np.mean(_log_cosh(X, y, w)),
    ),
    ("The loss is always zero: nothing was added to it.", lambda prices, *rest: 0.0),
]


def _robust_at(rate):
    return lambda X, y, w, lrate, batch_size, seed: _robust(X, y, w, rate, batch_size, seed)


def _robust_drawn_by(own):
    return lambda X, y, w, lrate, batch_size, seed: _robust(X, y, w, lrate, batch_size, own)


def _call_with_generator(function, X, y, weight, lrate, batch_size, seed):
    return function(X, y, weight, lrate, batch_size, np.random.default_rng(seed))


ROBUST_EPOCH = Exercise(
    function="robust_epoch",
    parts={"new weight": "array", "loss": "number"},
    right=lambda X, y, weight, lrate, batch_size, seed: _robust(
        X, y, weight, lrate, batch_size, seed
    ),
    cases=[
        (*LINES[0], 0.1, 2, 5),
        (*draw(5, 6, 2), 0.05, 4, 6),
        (*LINES[2], 0.2, 2, 7),
        (*LINES[4], 0.03, 1, 8),
        (*LINES[1], 0.15, 9, 9),
        (*LINES[5], 0.1, 2, 10),
        (*draw(15, 7, 2), 0.02, 3, 11),
    ],
    call=_call_with_generator,
    factor_in={"new weight": lambda new, X, y, w, *rest: new - w},
    mistakes=[
        Mistake(
            "The examples are taken in their old order. Shuffle first: order ="
            " rng.permutation(len(y)).",
            partial(_robust, orders=_same_for_both(lambda rng, m: np.arange(m))),
        ),
        Mistake(
            "Rows are drawn with replacement: some come twice, others never. In an epoch each"
            " comes once: rng.permutation.",
            partial(_robust, orders=_same_for_both(lambda rng, m: rng.integers(0, m, m))),
        ),
        Mistake(
            "X is shuffled, y is not: examples get the wrong targets. Use the same rows for both.",
            partial(_robust, orders=lambda y, seed: (_shuffled(y, seed)[0], np.arange(len(y)))),
        ),
        Mistake(
            "y is shuffled, X is not: examples get the wrong targets. Use the same rows for both.",
            partial(_robust, orders=lambda y, seed: (np.arange(len(y)), _shuffled(y, seed)[0])),
        ),
        Mistake(
            "X and y are shuffled apart, by two permutations: examples get the wrong targets. Draw"
            " one order for both.",
            partial(_robust, orders=_shuffled_apart),
        ),
        Mistake(
            "The rows are shuffled twice, by rows of rows: X and y lie in the new order already, or"
            " order is drawn from order. Shuffle once.",
            partial(
                _robust,
                orders=_same_for_both(
                    lambda rng, m: (lambda order: order[order])(rng.permutation(m))
                ),
            ),
        ),
        Mistake(
            "Two orders are drawn, and the second is used, or both. Draw one.",
            partial(
                _robust, orders=_same_for_both(lambda rng, m: rng.permutation(rng.permutation(m)))
            ),
        ),
        Mistake(
            "Two orders are drawn, and the second is used, or both. Draw one.",
            partial(
                _robust,
                orders=_same_for_both(lambda rng, m: [rng.permutation(m) for _ in range(2)][1]),
            ),
        ),
        Mistake(
            "The order is taken from its end. Batches are cut from its front.",
            partial(_robust, cut=_from_the_end),
        ),
        Mistake(
            "The batches are shuffled, but not the examples: neighbours in the data stay in one"
            " batch. Shuffle the examples, then cut.",
            _shuffled_batches,
        ),
        *[
            Mistake(
                "A new permutation is drawn for each batch: some examples come twice, others never."
                " Draw one for the epoch.",
                partial(_anew_for_each_batch, replace=False, before=before, head=head),
            )
            for before in (False, True)
            for head in (False, True)
        ],
        *[
            Mistake(
                "Rows are drawn for each batch anew, with replacement: some come twice, others"
                " never. Draw one order for the epoch: rng.permutation.",
                partial(_anew_for_each_batch, replace=True, before=before),
            )
            for before in (False, True)
        ],
        Mistake(
            "The batches hold one row too many, and neighbours share it. A slice ends before its"
            " second number: order[start : start + batch_size].",
            partial(_robust, cut=_one_too_large),
        ),
        Mistake(
            "The first example of the order is left out: start at 0, not at 1.",
            partial(
                _robust,
                cut=lambda order, batch_size: _in_batches(order[1:], batch_size),
                total=lambda prices, after, X, y, w, B: np.sum([p.sum() for p in prices]) / len(y),
            ),
        ),
        Mistake(
            "The batches are of nearly equal size (np.array_split). Each holds batch_size rows;"
            " only the last may be smaller.",
            partial(_robust, cut=_equal_pieces),
        ),
        Mistake(
            "The batches overlap: a new one starts at every example. Start at 0, batch_size, 2 *"
            " batch_size …",
            partial(_robust, cut=_overlapping),
        ),
        Mistake(
            "Each step uses all examples. Cut the shuffled order into batches: rows ="
            " order[start : start + batch_size].",
            partial(_robust, cut=_all_rows),
        ),
        Mistake(
            "This is one step on all examples. Cut the shuffled order into batches.",
            partial(_robust, cut=lambda order, batch_size: [order]),
        ),
        Mistake(
            "Each step uses a single example. Take batch_size of them: rows = order[start : start +"
            " batch_size].",
            partial(_robust, cut=lambda order, batch_size: _in_batches(order, 1)),
        ),
        Mistake(
            "Only the first batch was used. Go on to the end of the order.",
            partial(_robust, only=slice(1)),
        ),
        Mistake(
            "The last batch is left out. Every example counts once an epoch.",
            partial(_robust, only=slice(-1), total=lambda prices, *rest: _mean_or_zero(prices)),
        ),
        Mistake(
            "The last batch is left out. Every example counts once an epoch.",
            partial(
                _robust,
                only=slice(-1),
                total=lambda prices, after, X, y, w, B: np.sum([p.sum() for p in prices]) / len(y),
            ),
        ),
        *[
            Mistake(
                "The smaller last batch is left out. Every example counts once an epoch.",
                partial(
                    _robust,
                    cut=lambda order, batch_size: _in_batches(
                        order[: len(order) // batch_size * batch_size], batch_size
                    ),
                    total=total,
                ),
            )
            for total in (
                lambda prices, *rest: _mean_or_zero(prices),
                lambda prices, after, X, y, w, B: np.sum([p.sum() for p in prices]) / len(y),
            )
        ],
        Mistake(
            "Each batch is divided by m, the number of all examples. The mean runs over the batch:"
            " len(rows).",
            partial(_robust, size=lambda rows, m, batch_size: rows / m),
        ),
        Mistake(
            "Each batch is divided by batch_size, but the last one can be smaller: divide by"
            " len(rows).",
            partial(_robust, size=lambda rows, m, batch_size: rows / batch_size),
        ),
        Mistake(
            "Each batch's gradient is summed, not averaged: divide by len(rows).",
            partial(_robust, size=lambda rows, m, batch_size: rows),
        ),
        Mistake(
            "A factor 2 stands before the gradient, as with the square. The derivative of"
            " log(cosh(e)) is tanh(e), without it.",
            partial(_robust, size=lambda rows, m, batch_size: 2),
        ),
        Mistake(
            "The steps go uphill: the sign is turned round.",
            partial(_robust, size=lambda rows, m, batch_size: -1),
        ),
        Mistake(
            "All gradients are taken at the first weight. Each batch starts where the one before"
            " ended.",
            partial(_robust, at_first=True),
        ),
        Mistake(
            "Every batch starts at the weight that was passed in, so only the last one's step is"
            " left. Each starts where the one before ended: weight = weight - …",
            partial(_robust, start_anew=True),
        ),
        Mistake(
            "The weight did not move: the step is not kept.",
            partial(_robust, size=lambda rows, m, batch_size: 0),
        ),
        Mistake("The step is the gradient alone: lrate is not used.", _robust_at(1)),
        *[
            Mistake(
                "This is the step on the MSE. Here the loss of an example is log(cosh(e)), and its"
                " derivative tanh(e) stands where 2 e stood.",
                partial(_robust, slope=slope, price=price),
            )
            for slope in (gradient, _votes_by(lambda e: e))
            for price in (_log_cosh, lambda X, y, w: (X @ w - y) ** 2)
        ],
        Mistake(
            "Only the sign of each error is used: the gradient of the absolute error. tanh does so"
            " for large errors alone.",
            partial(_robust, slope=_votes_by(np.sign)),
        ),
        Mistake(
            "The derivative of cosh is sinh, but the log stands round it: sinh(e) / cosh(e), which"
            " is tanh(e).",
            partial(_robust, slope=_votes_by(np.sinh)),
        ),
        Mistake(
            "1 − tanh² is the derivative of tanh, the loss's second one. In the gradient stands the"
            " first: tanh(e).",
            partial(_robust, slope=_votes_by(lambda e: 1 - np.tanh(e) ** 2)),
        ),
        *[
            Mistake(
                f"{name} stands where tanh, np.tanh, belongs.",
                partial(_robust, slope=_votes_by(wrong)),
            )
            for name, wrong in (("tan", np.tan), ("arctan", np.arctan))
        ],
        Mistake(
            "The derivative is turned upside down: it is sinh(e) / cosh(e), tanh(e).",
            partial(_robust, slope=_votes_by(lambda e: 1 / np.tanh(e))),
        ),
        Mistake(
            "The loss stands where its derivative belongs: tanh(e) in the gradient.",
            partial(_robust, slope=_votes_by(lambda e: np.logaddexp(e, -e) - np.log(2))),
        ),
        Mistake(
            "tanh of the mean error is taken. Each example has its own tanh: multiply it by the"
            " example's row first, then take the mean.",
            partial(_robust, slope=lambda X, y, w: X.mean(axis=0) * np.tanh(np.mean(X @ w - y))),
        ),
        Mistake(
            "The inner derivative is missing: each tanh must be multiplied by its row of X.",
            partial(_robust, slope=lambda X, y, w: np.full(len(w), np.tanh(X @ w - y).mean())),
        ),
        Mistake(
            "tanh stands round the whole gradient of the MSE. Take it of each error, before the"
            " mean.",
            partial(_robust, slope=lambda X, y, w: np.tanh(gradient(X, y, w))),
        ),
        Mistake(
            "The loss of each batch is the one after its step. Compute it before.",
            partial(_robust, after_step=True),
        ),
        *[Mistake(sentence, partial(_robust, total=total)) for sentence, total in _TOTALS],
        Mistake(
            "log(2) too large: it is the log of e to the error plus e to the minus error, without"
            " the half that cosh has.",
            partial(_robust, price=lambda X, y, w: _log_cosh(X, y, w) + np.log(2)),
        ),
        Mistake(
            "The loss is the MSE. Here an example's loss is log(cosh(e)).",
            partial(_robust, price=lambda X, y, w: (X @ w - y) ** 2),
        ),
        Mistake(
            "The loss is that of the absolute errors. Here an example's loss is log(cosh(e)).",
            partial(_robust, price=lambda X, y, w: abs(X @ w - y)),
        ),
        *[
            Mistake(
                f"The loss of a batch is taken of its mean {of}. Each example has its own"
                " log(cosh(e)); the mean comes after.",
                partial(_robust, price=price),
            )
            for of, price in (
                (
                    "cosh",
                    lambda X, y, w: np.full(len(y), np.log(np.mean(np.exp(_log_cosh(X, y, w))))),
                ),
                ("error", lambda X, y, w: np.full(len(y), np.log(np.cosh(np.mean(X @ w - y))))),
            )
        ],
        Mistake(
            "The log is missing: an example's loss is log(cosh(e)).",
            partial(_robust, price=lambda X, y, w: np.exp(_log_cosh(X, y, w))),
        ),
        *[
            Mistake(
                f"Its own generator (seed {seed}) is used. Take the rng that is passed in.",
                _robust_drawn_by(seed),
            )
            for seed in (0, 1, 42)
        ],
        *[
            Mistake(f"The rate is always {rate}; use the argument lrate.", _robust_at(rate))
            for rate in USUAL_RATES[1:]
        ],
    ],
)

# --- 2.5 ------------------------------------------------------------------------------------------


def _left_over(y):
    """Return what stands in .grad of the model's parameters before the first call; 0 if nothing
    does.
    """
    return 1.0 if len(y) % 2 == 0 else 0.0


def _call_twice(function, X, y, weight, bias, lrate, momentum):
    """Let the learner's function train an nn.Linear with SGD twice. Return what came back and the
    weight with the bias, (n + 1,), after the first call, and the same after the second.
    """
    import torch

    left_over = _left_over(y)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    model = torch.nn.Linear(X.shape[1], 1, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(weight))
        model.bias.fill_(bias)
    if left_over:
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, left_over)
    optimizer = torch.optim.SGD(model.parameters(), lr=lrate, momentum=momentum)
    results = []
    for _ in range(2):
        results.append(function(model, optimizer, X, y))
        parameters = torch.cat([model.weight.detach().flatten(), model.bias.detach()])
        results.append(parameters.numpy().copy())
    return tuple(results)


def train_twice(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: float, lrate: float, momentum: float
) -> tuple[float, np.ndarray, float, np.ndarray]:
    """Return the loss before each of two steps of SGD, and weight and bias (n + 1,) after it."""
    return _train_twice_with(X, y, weight, bias, lrate, momentum)


_RIGHT_ORDER = "zero loss backward step"
_NEVER_EMPTIED = "loss backward step"


def _train_twice_with(
    X, y, weight, bias, lrate, momentum, *, gradient_of=gradient, loss_of=mse, order=_RIGHT_ORDER
):
    """Return the same with a mistake in it.

    gradient_of and loss_of(X, y, weight): in place of those of the MSE. order: what is done in a
    call; its last loss is returned.
    """
    X, w = np.column_stack([X, np.ones(len(X))]), np.append(weight, bias)
    slope: Any = np.full(len(w), _left_over(y))
    velocity, at, loss, results = np.zeros(len(w)), w, 0.0, []
    for _ in range(2):
        for action in order.split():
            if action == "zero":
                slope = None
            elif action == "loss":
                at, loss = w, loss_of(X, y, w)
            elif action == "backward":
                slope = gradient_of(X, y, at) + (0 if slope is None else slope)
            elif slope is not None:
                velocity = momentum * velocity + slope
                w = w - lrate * velocity
        results += [loss, w]
    return tuple(results)


def _gradient_with_column(X, y, w):
    """Return the gradient where each prediction is compared with every y."""
    return gradient(X, y.mean() + 0 * y, w)


def _loss_with_column(X, y, w):
    return np.mean(((X @ w)[:, None] - y) ** 2)


def _gradient_of_sum(X, y, w):
    return len(y) * gradient(X, y, w)


def _loss_of_sum(X, y, w):
    return len(y) * mse(X, y, w)


def _gradient_of_absolute_errors(X, y, w):
    return X.T @ np.sign(X @ w - y) / len(y)


def _loss_of_absolute_errors(X, y, w):
    return np.mean(abs(X @ w - y))


TRAIN_STEP = Exercise(
    function="train_step",
    parts={
        "loss 1": "number",
        "weight and bias 1": "array",
        "loss 2": "number",
        "weight and bias 2": "array",
    },
    right=train_twice,
    cases=[
        (*case, 1.0, 0.1, momentum)
        for case, momentum in zip(LINES, (0.0, 0.0, 0.9, 0.5, 0.0, 0.3, 0.8))
    ],
    call=_call_twice,
    mistakes=[
        Mistake(
            "The gradient is accumulated: backward() adds to what stands in .grad, be it from the"
            " step before. Call optimizer.zero_grad() before backward().",
            partial(_train_twice_with, order=_NEVER_EMPTIED),
        ),
        Mistake(
            "The gradient is emptied only afterwards. What stood in .grad before your function was"
            " called goes into the first step: call optimizer.zero_grad() before backward().",
            partial(_train_twice_with, order="loss backward step zero"),
        ),
        Mistake(
            "The gradient is emptied only afterwards; and the loss is the one after the step.",
            partial(_train_twice_with, order="loss backward step zero loss"),
        ),
        *[
            Mistake(
                "step() comes before backward(): it moves by an old gradient, or not at all. First"
                " backward(), then step().",
                partial(_train_twice_with, order=order),
            )
            for order in (
                "loss step zero backward",
                "loss step backward zero",
                "loss step backward",
                "step zero loss backward",
                "step loss zero backward",
                "step loss backward",
                "step loss backward zero",
            )
        ],
        Mistake(
            "backward() is missing: step() moves by what already stood in .grad.",
            partial(_train_twice_with, order="loss step"),
        ),
        Mistake(
            "backward() is missing: step() moves by what already stood in .grad.",
            partial(_train_twice_with, order="loss step zero"),
        ),
        Mistake(
            "model(X) has the shape (m, 1), y has (m,): the loss compares every prediction with"
            " every y. Use model(X).squeeze(1).",
            partial(
                _train_twice_with, gradient_of=_gradient_with_column, loss_of=_loss_with_column
            ),
        ),
        Mistake(
            "model(X) has the shape (m, 1), y has (m,): the loss compares every prediction with"
            " every y. And gradients accumulate.",
            partial(
                _train_twice_with,
                gradient_of=_gradient_with_column,
                loss_of=_loss_with_column,
                order=_NEVER_EMPTIED,
            ),
        ),
        Mistake(
            "model(X) has the shape (m, 1), y has (m,): the loss compares every prediction with"
            " every y, and is summed over all of them. Use model(X).squeeze(1), and the mean.",
            partial(
                _train_twice_with,
                gradient_of=lambda X, y, w: len(y) ** 2 * _gradient_with_column(X, y, w),
                loss_of=lambda X, y, w: len(y) ** 2 * _loss_with_column(X, y, w),
            ),
        ),
        Mistake(
            "The model does not move. backward(), then step(); and zero_grad() not between the"
            " two.",
            partial(_train_twice_with, order="zero loss"),
        ),
        Mistake(
            "The loss is the one after the step. Return the one that backward() was called on.",
            partial(_train_twice_with, order="zero loss backward step loss"),
        ),
        Mistake(
            "The loss is summed over the examples, not averaged: nn.MSELoss() averages by itself.",
            partial(_train_twice_with, gradient_of=_gradient_of_sum, loss_of=_loss_of_sum),
        ),
        Mistake(
            "The loss that comes back is right, but backward() was called on another one: a sum.",
            partial(_train_twice_with, gradient_of=_gradient_of_sum),
        ),
        *[
            Mistake("It takes two steps in one call.", partial(_train_twice_with, order=order))
            for order in (f"{_RIGHT_ORDER} {_RIGHT_ORDER}", "zero loss backward step step")
        ],
        *[
            Mistake(
                "It takes two steps in one call, and the gradient is accumulated.",
                partial(_train_twice_with, order=order),
            )
            for order in (f"{_NEVER_EMPTIED} {_NEVER_EMPTIED}", "loss backward step step")
        ],
        Mistake(
            "backward() is called twice, and the second gradient is added to the first.",
            partial(_train_twice_with, order="zero loss backward backward step"),
        ),
        *[
            # PyTorch adds 1e-6 to the length that it divides by.
            Mistake(sentence, partial(_train_twice_with, gradient_of=slip), rtol=1e-6)
            for most in (1, 5, 10, 50, 100, 1000)
            for sentence, slip in cut_off_at(most)
        ],
        Mistake(
            "The loss that comes back is the root of the MSE; and backward() is called on it.",
            partial(
                _train_twice_with,
                gradient_of=lambda X, y, w: gradient(X, y, w) / 2 / np.sqrt(mse(X, y, w)),
                loss_of=lambda X, y, w: np.sqrt(mse(X, y, w)),
            ),
        ),
        Mistake(
            "The loss that comes back is divided by m once more: nn.MSELoss() averages by itself.",
            partial(_train_twice_with, loss_of=lambda X, y, w: mse(X, y, w) / len(y)),
        ),
        Mistake(
            "The loss that comes back is multiplied by m: it should be the mean, not the sum.",
            partial(_train_twice_with, loss_of=_loss_of_sum),
        ),
        Mistake(
            "The loss is divided by m once more: nn.MSELoss() averages by itself.",
            partial(
                _train_twice_with,
                gradient_of=lambda X, y, w: gradient(X, y, w) / len(y),
                loss_of=lambda X, y, w: mse(X, y, w) / len(y),
            ),
        ),
        Mistake(
            "The loss is half the MSE; asked is nn.MSELoss().",
            partial(
                _train_twice_with,
                gradient_of=lambda X, y, w: gradient(X, y, w) / 2,
                loss_of=lambda X, y, w: mse(X, y, w) / 2,
            ),
        ),
        Mistake(
            "The step goes uphill.",
            partial(_train_twice_with, gradient_of=lambda X, y, w: -gradient(X, y, w)),
        ),
        Mistake(
            "The loss is the mean of the absolute errors (nn.L1Loss); asked is nn.MSELoss.",
            partial(
                _train_twice_with,
                gradient_of=_gradient_of_absolute_errors,
                loss_of=_loss_of_absolute_errors,
            ),
        ),
        Mistake(
            "The first step is right, but the optimizer's momentum is not used: let"
            " optimizer.step() move the weights.",
            lambda X, y, w, bias, lrate, momentum: train_twice(X, y, w, bias, lrate, 0.0),
        ),
    ],
    close=FLOAT32,
)

# --- 2.6 ------------------------------------------------------------------------------------------

#: The learner may take so many steps on a data set.
MOST_STEPS = 20


@dataclass(frozen=True)
class DataSet:
    """Data on which gradient descent shall come below a given MSE from a given start, and the label
    that shows it.
    """

    label: str
    X: np.ndarray
    y: np.ndarray
    goal: float
    start: tuple[float, ...]


@dataclass
class Descent:
    """The learner's way down on one data set: where each step started, at which rate, and where the
    steps led; ``given`` begins with the start. losses: the MSE where each step started. last: the
    weight that came back in the end.
    """

    data: DataSet
    given: list[np.ndarray]
    starts: list[np.ndarray] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    last: Any = None

    def step(self, weight: np.ndarray, lrate: float) -> tuple[np.ndarray, float]:
        """Return the weight after a gradient step and the MSE before it, and note the step. Raises
        Endless.
        """
        require_not_endless(len(self.rates), f"steps, where {MOST_STEPS} are allowed,")
        start = np.array(weight, float)
        new, loss = gradient_step(self.data.X, self.data.y, start, lrate)
        self.starts.append(start)
        self.rates.append(float(lrate))
        self.losses.append(loss)
        self.given.append(new)
        return new.copy(), loss

    def loss(self, weight: np.ndarray) -> float:
        """Return the MSE at a weight."""
        return mse(self.data.X, self.data.y, weight)

    @property
    def is_low_enough(self) -> bool:
        """Whether the weight that came back reaches the goal."""
        return self.loss(self.last) < self.data.goal

    @property
    def border(self) -> float:
        """The rate above which gradient descent diverges."""
        return largest_rate(self.data.X)


@cache
def _data_sets() -> tuple[DataSet, ...]:
    X, y = load_regression(1)
    X_4, y_4 = load_regression(4)
    return (
        DataSet("load_regression()", X, y, 0.35, (0.0,)),
        DataSet("load_regression(4)", X_4, y_4, 0.05, (0.0,) * 4),
        DataSet(
            "load_regression(4), X in units 10 times smaller", X_4 * 10.0, y_4, 0.05, (0.0,) * 4
        ),
        DataSet("load_regression(), X in units 100 times larger", X * 0.01, y, 0.35, (0.0,)),
        DataSet("load_regression(4), another start", X_4, y_4, 0.05, (2.0, -1.0, 1.0, 3.0)),
    )


def reach_goal(function: Callable) -> list[str]:
    """Return a line for each data set on which the learner's function comes below the MSE asked
    for, in whatever units the data comes.

    Raises NotDone; or NotRight where it gets there otherwise than by steps, takes too many, or does
    not come low enough.
    """
    descents = [_descent(function, data) for data in _data_sets()]
    for k, descent in enumerate(descents):
        if len(descent.rates) > MOST_STEPS:
            raise NotRight(
                f"It took {len(descent.rates)} steps; the goal allows {MOST_STEPS}.",
                _descent_in_a_line(descent),
            )
        if not descent.is_low_enough:
            raise NotRight(
                _why_not_low_enough(descent, descents[:k]),
                _descent_in_a_line(descent),
                f"smallest rate used {min(descent.rates):.6g}, largest {max(descent.rates):.6g},"
                f" border {descent.border:.6g}",
            )
    for descent in descents:
        if _hands_back_the_one_before(descent):
            raise NotRight(
                "What comes back is not the weight that the last step gave you, but the one before"
                " it. Return the last.",
                _descent_in_a_line(descent),
            )
    return [f"{_descent_in_a_line(descent)}: reached" for descent in descents]


def _descent(function: Callable, data: DataSet) -> Descent:
    """Let the learner's function descend on one data set. Raises NotDone or NotRight."""
    start = np.array(data.start)
    descent = Descent(data, given=[start])
    weight = guarded(
        lambda: function(descent.step, data.X.copy(), data.y.copy(), start.copy()),
        function,
        [data.label],
    )
    descent.last = weight
    if not isinstance(weight, np.ndarray) or weight.shape != start.shape:
        raise NotRight(
            f"It should return the last weight, an array of shape {start.shape}; it returns"
            f" {type(weight).__name__} {str(weight)[:40]}.",
            data.label,
        )
    _require_steps_alone(descent)
    return descent


def _require_steps_alone(descent: Descent) -> None:
    """Raise NotRight unless steps lead to the weight that came back: each from where another
    started or led, or carried on from there by some of an earlier move (momentum). What comes back
    may be a mean of such weights, too.
    """
    label = descent.data.label
    if not descent.rates:
        raise NotRight("It takes no step at all. Call weight, loss = step(weight, lrate).", label)
    seen = descent.given[:1]
    for k, start in enumerate(descent.starts):
        if not _is_reached_from(start, seen):
            raise NotRight(_why_not_a_start(descent, k), label, _start_in_a_line(start, k))
        seen += [start, descent.given[k + 1]]
    if not _is_reached_from(descent.last, seen) and not _is_between(descent.last, seen):
        raise NotRight(
            "The weight that comes back is none that step gave you, nor a mean of such. The goal is"
            " to get there by steps.",
            label,
        )


def _why_not_a_start(descent: Descent, k: int) -> str:
    if k == 0 and not np.any(descent.starts[0]):
        return "It always starts at 0. Start at weight, the argument: here it is not 0."
    return (
        f"Step {k + 1} starts at a weight that is neither the one passed in nor one that step gave"
        " you. The goal is to get there by steps: start at weight, and go on from what the last"
        " step returned. (Momentum may carry on from there, by some of an earlier move.)"
    )


def _start_in_a_line(start: np.ndarray, k: int) -> str:
    return f"step {k + 1} starts at {in_one_line(start)}"


def _is_reached_from(weight: np.ndarray, seen: list[np.ndarray]) -> bool:
    """Tell whether ``weight`` is one of those seen, or one of them plus at most a whole difference
    of two others.
    """
    if weight.shape != seen[0].shape:
        return False
    # NaN comes from a rate that is NaN.
    if any(np.array_equal(weight, w, equal_nan=True) for w in seen):
        return True
    places = np.array(seen)
    if not np.isfinite(places).all():
        return False
    tolerance = 1e-9 * max(1e-3, float(np.abs(places).max()))
    moves = (places[:, None] - places[None]).reshape(-1, places.shape[1])
    lengths = np.sum(moves**2, axis=1)
    moves = moves[lengths > 0]
    for place in places:
        way = weight - place
        part = np.clip(moves @ way / np.sum(moves**2, axis=1), 0, 1)
        off = np.abs(way - part[:, None] * moves).max(axis=1, initial=0)
        if np.any(off <= tolerance):
            return True
    return False


def _is_between(weight: np.ndarray, seen: list[np.ndarray]) -> bool:
    """Tell whether each number of ``weight`` lies between those seen, as in every mean of them."""
    tolerance = 1e-9 * np.abs(seen).max()
    return bool(
        np.all(np.min(seen, axis=0) - tolerance <= weight)
        and np.all(weight <= np.max(seen, axis=0) + tolerance)
    )


def _hands_back_the_one_before(descent: Descent) -> bool:
    """Tell whether the weight that came back is where the last step started, although that step
    led lower. Who stops as soon as step tells an MSE below the goal does so for good reason.
    """
    if not np.array_equal(descent.last, descent.starts[-1]):
        return False
    stopped_at_the_goal = descent.losses[-1] < descent.data.goal and not any(
        loss < descent.data.goal for loss in descent.losses[:-1]
    )
    leads_lower = descent.loss(descent.given[-1]) < descent.losses[-1]
    return leads_lower and not stopped_at_the_goal


def _descent_in_a_line(descent: Descent) -> str:
    steps = "1 step" if len(descent.rates) == 1 else f"{len(descent.rates)} steps"
    return (
        f"{descent.data.label}: MSE {descent.loss(descent.last):.6g} after {steps}; goal: below"
        f" {descent.data.goal} in at most {MOST_STEPS}"
    )


def _why_not_low_enough(descent: Descent, reached: list[Descent]) -> str:
    """Return what kept a descent from its goal; ``reached``: the descents before it."""
    rates = descent.rates
    if not np.isfinite(rates).all():
        return "A rate is infinite or NaN. Look for a division by zero."
    if min(rates) < 0:
        return "A rate is negative: such a step goes uphill."
    if not any(rates):
        return "The rate is 0 in every step: the weight never moves."
    start = descent.given[0]
    if len(rates) > 1 and all(np.array_equal(each, start) for each in descent.starts):
        return (
            "Every step starts at the first weight again. Keep what step returns: weight, loss ="
            " step(weight, lrate)."
        )
    if descent.loss(descent.given[-1]) < descent.data.goal:
        return (
            "The last step reaches the goal, but another weight comes back. Return the one that the"
            " last step gave you."
        )
    different = {rate for each in [*reached, descent] for rate in each.rates}
    if reached and len(different) == 1:
        return "A fixed rate suits one data set only. Let the data say it: compute the rate from X."
    return _why_the_rates_do_not_suit(descent)


def _why_the_rates_do_not_suit(descent: Descent) -> str:
    rates, border = descent.rates, descent.border
    start, end = descent.given[0], descent.given[-1]
    if max(rates) > border and not descent.loss(end) < descent.loss(start):
        return "It diverges: the rate lies above the border 2 / L."
    if 0.95 * border < min(rates) and max(rates) <= border:
        return (
            "It swings to and fro: the rate lies so near the border 2 / L that it hardly settles."
        )
    if len(rates) < MOST_STEPS:
        return "It stops too soon: there are steps left."
    if max(rates) < 0.1 * border:
        return "It creeps: the rate is far below the border 2 / L."
    return (
        "Not low enough yet. Half the border, 1 / L, would do in each step: print your rates and"
        " the MSE that step returns."
    )


REACH_GOAL = Goal(function="reach_goal", run=reach_goal)

EXERCISES: dict[str, Exercise | Goal] = {
    "2.1": RIDGE_STEP,
    "2.2": CAREFUL_DESCENT,
    "2.3": LARGEST_RATE,
    "2.4": ROBUST_EPOCH,
    "2.5": TRAIN_STEP,
    "2.6": REACH_GOAL,
}
