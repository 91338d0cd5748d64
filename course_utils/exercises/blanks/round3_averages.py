"""What the reader writes in Round3_Averages, and the known mistakes."""

from dataclasses import replace
from typing import Any

import numpy as np

from course_utils.exercises.blanks.round3_schedules import TARGETS
from course_utils.exercises.model import Exercise, Mistake

_W = [np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[4.0, -1.0], [2.0, 3.0]])]

RUNNING_MEAN = Exercise(
    function="running_mean",
    parts={"mean": "array"},
    right=lambda mean, weight, n: (n * mean + weight) / (n + 1),
    cases=[(_W[0], _W[1], 3), (_W[1], _W[0], 1), (_W[0], _W[1], 0)],
    mistakes=[
        Mistake(
            "The new weight counts one n-th; it is one of n + 1.",
            lambda mean, weight, n: mean + (weight - mean) / max(n, 1),
        ),
        Mistake(
            "Old mean and new weight count the same, a half each. The mean stands for n weights.",
            lambda mean, weight, n: (mean + weight) / 2,
        ),
        Mistake(
            "The mean is added once; it stands for n weights, so it counts n times.",
            lambda mean, weight, n: (mean + weight) / (n + 1),
        ),
        Mistake(
            "It moves away from the new weight: the difference is weight - mean.",
            lambda mean, weight, n: mean - (weight - mean) / (n + 1),
        ),
        Mistake(
            "This is the step to the new mean; add it to the old one.",
            lambda mean, weight, n: (weight - mean) / (n + 1),
        ),
    ],
)


def _faded(mean, weight, decay, old=None, new=None):
    if mean is None:
        return weight
    return (decay if old is None else old) * mean + (1 - decay if new is None else new) * weight


EMA = Exercise(
    function="ema",
    parts={"mean": "array"},
    right=lambda mean, weight, decay: _faded(mean, weight, decay),
    cases=[(_W[0], _W[1], 0.9), (_W[1], _W[0], 0.6), (None, _W[1], 0.9)],
    mistakes=[
        Mistake(
            "decay and 1 - decay are exchanged: the old mean counts decay.",
            lambda mean, weight, decay: _faded(mean, weight, decay, 1 - decay, decay),
        ),
        Mistake(
            "The new weight counts in full; it counts 1 - decay, so that the parts add up to 1.",
            lambda mean, weight, decay: _faded(mean, weight, decay, decay, 1.0),
        ),
        Mistake(
            "The old mean counts in full; it counts decay, so that the parts add up to 1.",
            lambda mean, weight, decay: _faded(mean, weight, decay, 1.0, 1 - decay),
        ),
        Mistake(
            "Nothing of the new weight goes in: it counts 1 - decay.",
            lambda mean, weight, decay: _faded(mean, weight, decay, decay, 0.0),
        ),
    ],
)

_SLOPES = np.array([[[3.0, -4.0], [0.0, 0.0]], [[0.1, 0.2], [-0.2, 0.1]], [[1.0, 2.0], [2.0, 0.5]]])


def _norms(gradient, axis=(-2, -1)):
    return np.sqrt(np.sum(gradient**2, axis=axis, keepdims=True))


CLIP_BY_NORM = Exercise(
    function="clip_by_norm",
    parts={"gradient": "array"},
    right=lambda gradient, most: gradient * np.minimum(1, most / (_norms(gradient) + 1e-6)),
    cases=[(_SLOPES[:1], 1.0), (_SLOPES, 1.0), (_SLOPES[::-1], 2.5)],
    mistakes=[
        Mistake(
            "Short gradients are made longer: the factor is 1 at most.",
            lambda gradient, most: gradient * most / (_norms(gradient) + 1e-6),
        ),
        Mistake(
            "Short gradients are made longer and long ones left: the factor is the smaller of the"
            " two, np.minimum.",
            lambda gradient, most: gradient * np.maximum(1, most / (_norms(gradient) + 1e-6)),
        ),
        Mistake(
            "All matrices are shortened together. Each has a norm of its own: sum over the last two"
            " axes only.",
            lambda gradient, most: gradient * np.minimum(1, most / (_norms(gradient, None) + 1e-6)),
        ),
        Mistake(
            "Each row is shortened by itself: the norm is that of the whole matrix, both axes.",
            lambda gradient, most: gradient * np.minimum(1, most / (_norms(gradient, -1) + 1e-6)),
        ),
        Mistake(
            "The root is missing: the square of the norm is used as the norm.",
            lambda gradient, most: gradient * np.minimum(1, most / (_norms(gradient) ** 2 + 1e-6)),
        ),
        Mistake(
            "Each number is cut: that is by value. Shorten the whole gradient by one factor.",
            lambda gradient, most: np.clip(gradient, -most, most),
        ),
    ],
)

CLIP_BY_VALUE = Exercise(
    function="clip_by_value",
    parts={"gradient": "array"},
    right=lambda gradient, most: np.clip(gradient, -most, most),
    cases=[(_SLOPES[:1], 1.0), (_SLOPES, 0.15), (_SLOPES, 1.5)],
    mistakes=[
        Mistake(
            "Large negative numbers pass: cut them at -most.",
            lambda gradient, most: np.minimum(gradient, most),
        ),
        Mistake(
            "Negative numbers are lost: the lower end is -most, not 0.",
            lambda gradient, most: np.clip(gradient, 0, most),
        ),
        Mistake("The signs are lost.", lambda gradient, most: np.minimum(np.abs(gradient), most)),
        Mistake(
            "The whole gradient is shortened: that is by norm. Here each number is cut by itself.",
            lambda gradient, most: gradient * np.minimum(1, most / (_norms(gradient) + 1e-6)),
        ),
        Mistake(
            "Numbers beyond the limit become 0; they become most, or -most.",
            lambda gradient, most: np.where(np.abs(gradient) > most, 0.0, gradient),
        ),
    ],
)


def _between(weight, targets, lrate, beta, *, at=None, count=1, give="x", swap=False):
    """Schedule-free SGD on (weight - target)² / 2; the keywords are mistakes."""
    x = z = weight
    for k, target in enumerate(targets):
        y = beta * z + (1 - beta) * x if swap else (1 - beta) * z + beta * x
        y = {"x": x, "z": z}.get(at, y)
        z = z - lrate * (y - target)
        x = x + (z - x) / (k + count)
    return x if give == "x" else z


def _free_of_schedule(schedule_free, weight, targets, lrate, beta):
    return schedule_free(
        lambda w, rows: w - targets[rows].mean(axis=0),
        weight,
        lrate,
        [[k] for k in range(len(targets))],
        beta,
    )


_FREE: dict[str, dict[str, Any]] = {
    "The gradient is taken at x alone: take it between x and z.": {"at": "x"},
    "The gradient is taken at z alone: take it between x and z.": {"at": "z"},
    "beta belongs to x, the mean; here it stands at z.": {"swap": True},
    "This is z. What counts in the end is x, the mean.": {"give": "z"},
    "The mean counts the start as well, or one step too many: divide by k + 1.": {"count": 2},
}
_PULLED_FREELY = [
    (np.array([0.0, 1.0]), np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]]), 0.5, 0.75),
    (np.array([2.0, -1.0]), TARGETS, 0.3, 0.9),
]
_UPHILL = Mistake(
    "It walks uphill. Subtract the gradient.",
    lambda weight, targets, lrate, beta: _between(weight, targets, -lrate, beta),
)


def _free_mistake(sentence: str, slip: dict[str, Any]) -> Mistake:
    return Mistake(
        sentence,
        lambda weight, targets, lrate, beta: _between(weight, targets, lrate, beta, **slip),
    )


SCHEDULE_FREE = Exercise(
    function="schedule_free",
    parts={"x": "array"},
    right=lambda weight, targets, lrate, beta: _between(weight, targets, lrate, beta),
    cases=_PULLED_FREELY,
    call=_free_of_schedule,
    mistakes=[_UPHILL, *[_free_mistake(*slip) for slip in _FREE.items()]],
)

# --- In PyTorch ------------------------------------------------------------


def _means(weight, targets, lrate, *, late=0, stays=False, gives_last=False):
    """The mean of the weights of a walk on (weight - target)² / 2; the keywords are mistakes."""
    weights = [weight]
    for k, target in enumerate(targets):
        rate = lrate * (1.0 if stays else 0.5**k)
        weights.append(weights[-1] - rate * (weights[-1] - target))
    if gives_last:
        return weights[-1]
    return np.mean(weights[1 - late : len(weights) - late], axis=0)


def _trained_with_mean(train, weight, targets, lrate):
    import torch
    from torch.optim.swa_utils import AveragedModel

    moved, towards = torch.tensor(weight, requires_grad=True), torch.from_numpy(targets)
    model, optimizer = torch.nn.ParameterList([moved]), torch.optim.SGD([moved], lr=lrate)
    averaged = AveragedModel(
        model, avg_fn=lambda mean, new, n: mean + (new - mean) / (n.double() + 1)
    )
    train(
        lambda rows: torch.sum((moved - towards[rows].mean(dim=0)) ** 2) / 2,
        model,
        optimizer,
        torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5),
        averaged,
        [[k] for k in range(len(targets))],
    )
    return averaged.module[0].detach().numpy()


_WALKED = [
    (np.array([0.0, 1.0]), np.array([[1.0, 2.0], [3.0, -1.0]]), 0.5),
    (np.array([2.0, -1.0]), TARGETS, 0.4),
]
TRAIN = Exercise(
    function="train",
    parts={"mean": "array"},
    right=lambda weight, targets, lrate: _means(weight, targets, lrate),
    cases=_WALKED,
    call=_trained_with_mean,
    mistakes=[
        Mistake(
            "The mean takes each weight in before its step: the start is in it, the last is not."
            " update_parameters after optimizer.step().",
            lambda weight, targets, lrate: _means(weight, targets, lrate, late=1),
        ),
        Mistake(
            "The mean stays where it began: call averaged.update_parameters(model) after each"
            " step.",
            lambda weight, targets, lrate: weight,
        ),
        Mistake(
            "The rate never changes: call scheduler.step() after each step.",
            lambda weight, targets, lrate: _means(weight, targets, lrate, stays=True),
        ),
        Mistake(
            "Only the last weight is in it: the mean takes a weight in after every step, within the"
            " loop.",
            lambda weight, targets, lrate: _means(weight, targets, lrate, gives_last=True),
        ),
    ],
)


def _fades(fading, weights, decay):
    import torch

    model = torch.nn.ParameterList([torch.from_numpy(weights[0].copy())])
    averaged = fading(model, decay)
    for weight in weights:
        with torch.no_grad():
            model[0].copy_(torch.from_numpy(weight))
        averaged.update_parameters(model)
    return averaged.module[0].detach().numpy()


def _fade(weights, decay):
    mean = weights[0]
    for weight in weights[1:]:
        mean = decay * mean + (1 - decay) * weight
    return mean


FADING = Exercise(
    function="fading",
    parts={"mean": "array"},
    right=_fade,
    cases=[
        (np.array([[0.0], [1.0], [2.0]]), 0.9),
        (np.array([[1.0, 2.0], [4.0, -1.0], [3.0, 3.0], [0.5, 1.0]]), 0.6),
    ],
    call=_fades,
    mistakes=[
        Mistake(
            "This is the plain mean: hand over multi_avg_fn=get_ema_multi_avg_fn(decay).",
            lambda weights, decay: np.mean(weights, axis=0),
        ),
        Mistake(
            "decay and 1 - decay are exchanged: the old mean counts decay.",
            lambda weights, decay: _fade(weights, 1 - decay),
        ),
        Mistake(
            "The decay is 0.999, PyTorch's own: hand decay on to get_ema_multi_avg_fn.",
            lambda weights, decay: _fade(weights, 0.999),
        ),
    ],
)


def _cut_steps(clipped_step, weight, targets, lrate, most):
    """Call the reader's step once for each target; cut by value, at most."""
    import torch

    moved, towards = torch.tensor(weight, requires_grad=True), torch.from_numpy(targets)
    optimizer = torch.optim.SGD([moved], lr=lrate)
    for target in towards:
        loss = torch.sum((moved - target) ** 2) / 2
        clipped_step(loss, optimizer, lambda w: torch.nn.utils.clip_grad_value_([w], most))
    return moved.detach().numpy()


def _cut_walk(weight, targets, lrate, most, *, piles=False, cut_sum=True):
    """The walk with each gradient cut; piles: gradients are added to the last ones, as cut."""
    held = 0 * weight
    for target in targets:
        held = (held if piles else 0 * weight) + weight - target
        held = np.clip(held, -most, most) if cut_sum else held
        weight = weight - lrate * held
    return weight


CLIPPED_STEP = Exercise(
    function="clipped_step",
    parts={"weight": "array"},
    right=lambda weight, targets, lrate, most: _cut_walk(weight, targets, lrate, most),
    cases=[
        (np.array([0.0, 1.0]), np.array([[3.0, 1.5], [2.0, -1.0]]), 0.5, 1.0),
        (np.array([2.0, -1.0]), TARGETS, 0.4, 0.8),
    ],
    call=_cut_steps,
    mistakes=[
        Mistake(
            "The gradient is cut too late or too early: after backward(), before optimizer.step().",
            lambda weight, targets, lrate, most: _cut_walk(weight, targets, lrate, np.inf),
        ),
        Mistake(
            "Old gradients pile up: optimizer.zero_grad() before backward().",
            lambda weight, targets, lrate, most: _cut_walk(
                weight, targets, lrate, most, piles=True
            ),
        ),
        Mistake(
            "The weight never moves: optimizer.step() comes last.",
            lambda weight, targets, lrate, most: weight,
        ),
    ],
)


def _free_in_torch(schedule_free, weight, targets, lrate, beta):
    import torch

    towards = torch.from_numpy(targets)
    x = schedule_free(
        lambda w, rows: w - towards[rows].mean(dim=0),
        torch.from_numpy(weight),
        lrate,
        [[k] for k in range(len(targets))],
        beta,
    )
    return x.detach().numpy()


TORCH_SCHEDULE_FREE = replace(SCHEDULE_FREE, call=_free_in_torch)

BLANKS: dict[str, dict[str, Exercise]] = {
    "Round3_Averages": {
        "running_mean": RUNNING_MEAN,
        "ema": EMA,
        "clip_by_norm": CLIP_BY_NORM,
        "clip_by_value": CLIP_BY_VALUE,
        "schedule_free": SCHEDULE_FREE,
    },
    "Round3_Averages-PyTorch": {
        "train": TRAIN,
        "fading": FADING,
        "clipped_step": CLIPPED_STEP,
        "schedule_free": TORCH_SCHEDULE_FREE,
    },
}
