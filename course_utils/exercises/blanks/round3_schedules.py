"""What the reader writes in Round3_Schedules, and the known mistakes."""

from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise, Mistake

# --- Schedules ------------------------------------------------------------------------------------


def _stairs(k, lrate, step_size, gamma):
    return lrate * gamma ** (k // step_size)


STEP_DECAY = Exercise(
    function="step_decay",
    parts={"rate": "number"},
    right=_stairs,
    cases=[(4, 0.1, 2, 0.5), (7, 0.3, 5, 0.1), (0, 0.2, 3, 0.5), (5, 0.4, 3, 0.5)],
    mistakes=[
        Mistake(
            "The rate falls in every step: count the whole stairs only, k // step_size, not"
            " k / step_size.",
            lambda k, lrate, step_size, gamma: lrate * gamma ** (k / step_size),
        ),
        Mistake(
            "step_size is missing: gamma is multiplied in k times, not once in each step_size"
            " steps.",
            lambda k, lrate, step_size, gamma: lrate * gamma**k,
        ),
        Mistake(
            "gamma is multiplied by the number of stairs. Each stair multiplies the rate by gamma"
            " once more: a power, gamma ** (k // step_size).",
            lambda k, lrate, step_size, gamma: lrate * gamma * (k // step_size),
        ),
        Mistake(
            "Each stair comes a step too early: after step_size steps, k is step_size.",
            lambda k, lrate, step_size, gamma: _stairs(k + 1, lrate, step_size, gamma),
        ),
        Mistake(
            "There is a stair too many: the first step_size steps have the rate lrate.",
            lambda k, lrate, step_size, gamma: _stairs(k + step_size, lrate, step_size, gamma),
        ),
        Mistake(
            "lrate is missing: this is the factor on it.",
            lambda k, lrate, step_size, gamma: gamma ** (k // step_size),
        ),
        Mistake(
            "k % step_size is what is left over; the number of whole stairs is k // step_size.",
            lambda k, lrate, step_size, gamma: lrate * gamma ** (k % step_size),
        ),
    ],
)


def _half_wave(k, lrate, steps, lowest):
    return lowest + (lrate - lowest) * (1 + np.cos(np.pi * k / steps)) / 2


COSINE = Exercise(
    function="cosine",
    parts={"rate": "number"},
    right=_half_wave,
    cases=[(2, 0.1, 8, 0.0), (3, 0.5, 4, 0.1), (0, 0.2, 5, 0.05), (5, 0.3, 9, 0.02)],
    mistakes=[
        Mistake(
            "The half is missing: 1 + cos is 2 at the start.",
            lambda k, lrate, steps, lowest: (
                lowest + (lrate - lowest) * (1 + np.cos(np.pi * k / steps))
            ),
        ),
        Mistake(
            "The wave ends at 0, not at lowest: its height is lrate - lowest, and it stands on"
            " lowest.",
            lambda k, lrate, steps, lowest: _half_wave(k, lrate, steps, 0.0),
        ),
        Mistake(
            "The wave stands on lowest, but is as high as lrate: at the start the rate is"
            " lrate + lowest. Its height is lrate - lowest.",
            lambda k, lrate, steps, lowest: lowest + _half_wave(k, lrate, steps, 0.0),
        ),
        Mistake(
            "lowest is taken off, but not put back: the wave stands on lowest.",
            lambda k, lrate, steps, lowest: _half_wave(k, lrate, steps, lowest) - lowest,
        ),
        Mistake(
            "This wave rises. The cosine itself falls: 1 + cos, not 1 - cos.",
            lambda k, lrate, steps, lowest: (
                lowest + (lrate - lowest) * (1 - np.cos(np.pi * k / steps)) / 2
            ),
        ),
    ],
)


def _up_level_down(k, lrate, steps, first, warm, down):
    return lrate * np.interp(k, [0, warm, steps - down, steps], [first, 1, 1, 0])


TRAPEZOID = Exercise(
    function="trapezoid",
    parts={"rate": "number"},
    right=_up_level_down,
    cases=[
        (1, 0.5, 12, 0.1, 3, 4),
        (5, 0.5, 12, 0.1, 3, 4),
        (10, 0.5, 12, 0.1, 3, 4),
        (0, 0.3, 9, 0.2, 2, 5),
        (6, 0.3, 9, 0.2, 2, 5),
    ],
    mistakes=[
        Mistake(
            "lrate is missing: this is the factor on it.",
            lambda k, lrate, steps, first, warm, down: _up_level_down(
                k, 1.0, steps, first, warm, down
            ),
        ),
        Mistake(
            "It begins at 0: the first height is first.",
            lambda k, lrate, steps, first, warm, down: _up_level_down(
                k, lrate, steps, 0.0, warm, down
            ),
        ),
        Mistake(
            "It never falls: the last height is 0.",
            lambda k, lrate, steps, first, warm, down: (
                lrate * np.interp(k, [0, warm, steps], [first, 1, 1])
            ),
        ),
        Mistake(
            "It ends at the height first: the last height is 0.",
            lambda k, lrate, steps, first, warm, down: (
                lrate * np.interp(k, [0, warm, steps - down, steps], [first, 1, 1, first])
            ),
        ),
        Mistake(
            "The heights are rates already, first among them, which is a share of lrate: multiply"
            " the whole by lrate.",
            lambda k, lrate, steps, first, warm, down: np.interp(
                k, [0, warm, steps - down, steps], [first, lrate, lrate, 0]
            ),
        ),
    ],
)


def _listens(losses, lrate, factor, patience, *, least=1e-4, most=0, keep_bad=False, stuck=False):
    """Return the rate after each loss; the keywords are mistakes."""
    rate, best, bad, found = lrate, np.inf, 0, []
    for loss in losses:
        if loss < best * (1 - least):
            best, bad = loss, 0
        else:
            bad += 1
        best = loss if stuck else best
        if bad > patience - most:
            rate, bad = rate * factor, bad if keep_bad else 0
        found.append(rate)
    return np.array(found)


def _told_one_by_one(plateau, losses, lrate, factor, patience):
    state, found = None, []
    for loss in losses:
        state, rate = plateau(state, loss, lrate=lrate, factor=factor, patience=patience)
        found.append(rate)
    return np.array(found)


_HEARD = np.array([1.0, 0.9, 0.9, 0.95, 0.9, 0.89999, 0.8, 0.81, 0.82, 0.81, 0.83, 0.84, 0.85])
PLATEAU = Exercise(
    function="plateau",
    parts={"rates, one after each loss": "array"},
    right=lambda losses, lrate, factor, patience: _listens(losses, lrate, factor, patience),
    cases=[(_HEARD[:6], 0.1, 0.5, 2), (_HEARD, 0.1, 0.1, 1), (_HEARD, 0.4, 0.5, 3)],
    call=_told_one_by_one,
    mistakes=[
        Mistake(
            "It loses its patience a check too early: more than patience checks without a record.",
            lambda losses, lrate, factor, patience: _listens(
                losses, lrate, factor, patience, most=1
            ),
        ),
        Mistake(
            "After a fall the count of bad checks goes on: it begins anew, at 0.",
            lambda losses, lrate, factor, patience: _listens(
                losses, lrate, factor, patience, keep_bad=True
            ),
        ),
        Mistake(
            "Each loss is compared with the one before: keep the best of all.",
            lambda losses, lrate, factor, patience: _listens(
                losses, lrate, factor, patience, stuck=True
            ),
        ),
        Mistake(
            "A record by less than the threshold counts here: better means below"
            " best * (1 - threshold).",
            lambda losses, lrate, factor, patience: _listens(
                losses, lrate, factor, patience, least=0.0
            ),
        ),
        Mistake(
            "The rate never falls.",
            lambda losses, lrate, factor, patience: np.full(len(losses), lrate),
        ),
    ],
)


def _pulled(weight, targets, rates):
    """Return the weight after steps on (weight - target)² / 2, each at its rate."""
    for rate, target in zip(rates, targets):
        weight = weight - rate * (weight - target)
    return weight


def _pulls(descend, weight, targets, rates):
    """Call the reader's loop on the losses (weight - target)² / 2, one target a step."""
    return descend(
        lambda w, rows: w - targets[rows].mean(axis=0),
        weight,
        lambda k: rates[k],
        [[k] for k in range(len(targets))],
    )


TARGETS = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0], [2.0, 2.5]])
_RATES = np.array([0.5, 0.4, 0.2, 0.1, 0.3])
DESCEND = Exercise(
    function="descend",
    parts={"weight": "array"},
    right=_pulled,
    cases=[(np.array([0.0, 1.0]), TARGETS[:2], _RATES), (np.array([2.0, -1.0]), TARGETS, _RATES)],
    call=_pulls,
    mistakes=[
        Mistake(
            "Each rate comes a step too early: the first step has schedule(0).",
            lambda weight, targets, rates: _pulled(weight, targets, rates[1:]),
        ),
        Mistake(
            "The rate never changes: ask schedule(k) in every step.",
            lambda weight, targets, rates: _pulled(weight, targets, rates[:1].repeat(5)),
        ),
        Mistake(
            "It walks uphill. Subtract the gradient.",
            lambda weight, targets, rates: _pulled(weight, targets, -rates),
        ),
        Mistake(
            "It stops after the first batch. Does a return stand inside the loop?",
            lambda weight, targets, rates: _pulled(weight, targets[:1], rates),
        ),
        Mistake(
            "The weight never moves: keep what a step gives, weight = …",
            lambda weight, targets, rates: weight,
        ),
        Mistake(
            "The rate is missing: schedule(k) multiplies the gradient.",
            lambda weight, targets, rates: _pulled(weight, targets, np.ones(5)),
        ),
    ],
)

# --- Schedules, in PyTorch ------------------------------------------------------------------------


def _sgd(lrate: float) -> tuple[Any, Any]:
    import torch

    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    return torch.optim.SGD([weight], lr=lrate), torch.optim.lr_scheduler


def _rates_of_stairs(rates, lrate, step_size, gamma, count):
    _, schedulers = _sgd(lrate)
    return rates(lambda o: schedulers.StepLR(o, step_size, gamma), lrate, count)


RATES = Exercise(
    function="rates",
    parts={"rates": "array"},
    right=lambda lrate, step_size, gamma, count: _stairs(np.arange(count), lrate, step_size, gamma),
    cases=[(0.1, 2, 0.5, 5), (0.3, 3, 0.1, 7), (0.2, 1, 0.5, 4)],
    call=_rates_of_stairs,
    mistakes=[
        Mistake(
            "The rates are those after each step. Write the rate down first: the first is lrate.",
            lambda lrate, step_size, gamma, count: _stairs(
                np.arange(1, count + 1), lrate, step_size, gamma
            ),
        ),
        Mistake(
            "The rate never changes: call scheduler.step() in each step.",
            lambda lrate, step_size, gamma, count: np.full(count, lrate),
        ),
        Mistake(
            "The scheduler steps twice in each step.",
            lambda lrate, step_size, gamma, count: _stairs(
                2 * np.arange(count), lrate, step_size, gamma
            ),
        ),
        Mistake(
            "There is a rate too many: count of them are wanted.",
            lambda lrate, step_size, gamma, count: _stairs(
                np.arange(count + 1), lrate, step_size, gamma
            ),
        ),
    ],
)


def _line_and_wave(lrate, steps, first, warm, wave=None, low=None):
    """Return the rates of a warm-up and a half wave; wave, low: what mistakes make of them."""
    k, wave, low = np.arange(steps), wave or steps - warm, first if low is None else low
    up = lrate * (low + (1 - low) * k / warm)
    return np.where(k < warm, up, _half_wave(k - warm, lrate, wave, 0.0))


def _rates_of_warm_up(warm_up, lrate, steps, first, warm):
    optimizer, _ = _sgd(lrate)
    scheduler, found = warm_up(optimizer, steps, first, warm), []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(found)


WARM_UP = Exercise(
    function="warm_up",
    parts={"rates, one for each step": "array"},
    right=lambda lrate, steps, first, warm: _line_and_wave(lrate, steps, first, warm),
    cases=[(0.1, 6, 0.1, 2), (0.4, 12, 0.25, 4), (0.2, 10, 0.01, 3)],
    call=_rates_of_warm_up,
    mistakes=[
        Mistake(
            "The wave follows too late: as many steps as it has itself, steps - warm, pass before"
            " it. The milestone is warm.",
            lambda lrate, steps, first, warm: np.r_[
                lrate * np.minimum(first + (1 - first) * np.arange(steps - warm) / warm, 1),
                _half_wave(np.arange(warm), lrate, steps - warm, 0.0),
            ],
        ),
        Mistake(
            "The wave never comes: after the warm-up the rate stays level.",
            lambda lrate, steps, first, warm: (
                lrate * np.minimum(first + (1 - first) * np.arange(steps) / warm, 1)
            ),
        ),
        Mistake(
            "The warm-up is missing: the wave begins at once.",
            lambda lrate, steps, first, warm: _half_wave(
                np.arange(steps), lrate, steps - warm, 0.0
            ),
        ),
        Mistake(
            "The wave is as long as the whole training; it has steps - warm steps.",
            lambda lrate, steps, first, warm: _line_and_wave(lrate, steps, first, warm, steps),
        ),
        Mistake(
            "The warm-up begins at a third of the rate, LinearLR's own choice: hand it first.",
            lambda lrate, steps, first, warm: _line_and_wave(lrate, steps, first, warm, low=1 / 3),
        ),
    ],
)


def _rates_heard(listen, losses, lrate, factor, patience):
    optimizer, schedulers = _sgd(lrate)
    scheduler = schedulers.ReduceLROnPlateau(optimizer, factor=factor, patience=patience)
    return listen(scheduler, optimizer, losses)


LISTEN = Exercise(
    function="listen",
    parts={"rates": "array"},
    right=lambda losses, lrate, factor, patience: _listens(losses, lrate, factor, patience),
    cases=[(_HEARD[:6], 0.1, 0.5, 2), (_HEARD, 0.1, 0.7, 1), (_HEARD, 0.4, 0.5, 2)],
    call=_rates_heard,
    mistakes=[
        Mistake(
            "Each rate is the one before its loss was heard: call scheduler.step(loss) first.",
            lambda losses, lrate, factor, patience: np.r_[
                lrate, _listens(losses, lrate, factor, patience)[:-1]
            ],
        ),
        Mistake(
            "The rate never changes: tell the scheduler each loss, scheduler.step(loss).",
            lambda losses, lrate, factor, patience: np.full(len(losses), lrate),
        ),
        Mistake(
            "The scheduler hears each loss twice.",
            lambda losses, lrate, factor, patience: _listens(
                np.repeat(losses, 2), lrate, factor, patience
            )[1::2],
        ),
    ],
)


def _pulls_in_torch(descend, weight, targets, lrate, gamma):
    """Call the reader's loop on the losses |weight - target|² / 2; return the last weight."""
    import torch

    moved, towards = torch.tensor(weight, requires_grad=True), torch.from_numpy(targets)
    optimizer = torch.optim.SGD([moved], lr=lrate)
    descend(
        lambda rows: torch.sum((moved - towards[rows].mean(dim=0)) ** 2) / 2,
        optimizer,
        torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma),
        [[k] for k in range(len(targets))],
    )
    return moved.detach().numpy()


def _fading(lrate, gamma):
    return lrate * gamma ** np.arange(4)


def _piling_up(weight, targets, lrate, gamma):
    """Return the weight if no gradient is ever forgotten."""
    slope = 0 * weight
    for rate, target in zip(_fading(lrate, gamma), targets):
        slope = slope + weight - target
        weight = weight - rate * slope
    return weight


TORCH_DESCEND = Exercise(
    function="descend",
    parts={"weight": "array"},
    right=lambda weight, targets, lrate, gamma: _pulled(weight, targets, _fading(lrate, gamma)),
    cases=[
        (np.array([0.0, 1.0]), TARGETS[:2], 0.5, 0.5),
        (np.array([2.0, -1.0]), TARGETS, 0.4, 0.8),
    ],
    call=_pulls_in_torch,
    mistakes=[
        Mistake(
            "Each rate comes a step too early: scheduler.step() stands before optimizer.step()."
            " The step first, then the scheduler.",
            lambda weight, targets, lrate, gamma: _pulled(
                weight, targets, _fading(lrate * gamma, gamma)
            ),
        ),
        Mistake(
            "The rate never changes: call scheduler.step() after each step.",
            lambda weight, targets, lrate, gamma: _pulled(
                weight, targets, np.full(len(targets), lrate)
            ),
        ),
        Mistake("Old gradients pile up: optimizer.zero_grad() before each backward().", _piling_up),
        Mistake(
            "The weight never moves: backward() finds the gradient, optimizer.step() uses it.",
            lambda weight, targets, lrate, gamma: weight,
        ),
        Mistake(
            "It stops after the first batch. Does a return stand inside the loop?",
            lambda weight, targets, lrate, gamma: _pulled(weight, targets[:1], [lrate]),
        ),
    ],
)

BLANKS: dict[str, dict[str, Exercise]] = {
    "Round3_Schedules": {
        "step_decay": STEP_DECAY,
        "cosine": COSINE,
        "trapezoid": TRAPEZOID,
        "plateau": PLATEAU,
        "descend": DESCEND,
    },
    "Round3_Schedules-PyTorch": {
        "rates": RATES,
        "warm_up": WARM_UP,
        "listen": LISTEN,
        "descend": TORCH_DESCEND,
    },
}
