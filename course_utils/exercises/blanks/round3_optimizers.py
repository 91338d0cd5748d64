"""What the reader writes in Round3_Optimizers, and the known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.blanks.feeding import NEW_WEIGHT, drawn, fed, new_weights, velocities
from course_utils.exercises.model import Exercise, Goal, Mistake

# --- By hand --------------------------------------------------------------------------------------


def _totals(gradients: np.ndarray) -> np.ndarray:
    return np.cumsum(gradients**2, axis=0)


def _adagrad(gradients, lrate, lr_decay, eps, totals=_totals):
    """Return Adagrad's steps; totals: what it divides by the root of."""
    rates = lrate / (1 + np.arange(len(gradients)) * lr_decay)
    return rates[:, None] * gradients / (np.sqrt(totals(gradients)) + eps)


ADAGRAD = Exercise(
    function="adagrad",
    parts={"steps": "array"},
    right=lambda gradients, lrate, lr_decay, eps: _adagrad(gradients, lrate, lr_decay, eps),
    call=lambda function, gradients, lrate, lr_decay, eps: fed(
        function, gradients, lrate=lrate, lr_decay=lr_decay, eps=eps
    ),
    cases=[
        (drawn(3, 2, 1), 0.1, 0.0, 0.5),
        (drawn(4, 5, 2), 0.3, 0.0, 0.01),
        (drawn(14, 3, 1), 0.3, 0.5, 0.01),
    ],
    mistakes=[
        Mistake(
            "It divides by the sum of squares itself. Take its root.",
            lambda gradients, lrate, lr_decay, eps: _adagrad(
                gradients, lrate, lr_decay, eps, lambda gradients: _totals(gradients) ** 2
            ),
        ),
        Mistake(
            "eps stands inside the root. PyTorch has it outside: the root, plus eps.",
            lambda gradients, lrate, lr_decay, eps: _adagrad(
                gradients, lrate, lr_decay, 0.0, lambda gradients: _totals(gradients) + eps
            ),
        ),
        Mistake(
            "The sum does not grow: hand the new total on in the state.",
            lambda gradients, lrate, lr_decay, eps: _adagrad(gradients, lrate, 0.0, eps, np.square),
        ),
        Mistake(
            "lr_decay has no effect: multiply by rate, which falls with t, not by lrate, and hand t"
            " on in the state beside the total.",
            lambda gradients, lrate, lr_decay, eps: _adagrad(gradients, lrate, 0.0, eps),
        ),
        Mistake(
            "The division is missing: this is plain descent.",
            lambda gradients, lrate, lr_decay, eps: _adagrad(
                gradients, lrate, lr_decay, 1.0, np.zeros_like
            ),
        ),
        Mistake(
            "The rate is missing.",
            lambda gradients, lrate, lr_decay, eps: _adagrad(gradients, 1.0, 0.0, eps),
        ),
        Mistake(
            NEW_WEIGHT,
            lambda gradients, lrate, lr_decay, eps: new_weights(
                _adagrad(gradients, lrate, lr_decay, eps)
            ),
        ),
    ],
)


def _averages(values: np.ndarray, share: float) -> np.ndarray:
    """Return the moving average share · s + (1 − share) · value, from 0 on."""
    return velocities(values, share, 1 - share)


def _rms(gradients, lrate, alpha, momentum, centered, eps=1e-8, square=np.square, share=None):
    """Return RMSprop's steps; share: with which the new square enters."""
    spread = velocities(square(gradients), alpha, 1 - alpha if share is None else share)
    if centered:
        spread = np.maximum(spread - _averages(gradients, alpha) ** 2, 0.0)
    return lrate * velocities(gradients / (np.sqrt(spread) + eps), momentum)


RMSPROP = Exercise(
    function="rmsprop",
    parts={"steps": "array"},
    right=lambda gradients, lrate, alpha, momentum, centered: _rms(
        gradients, lrate, alpha, momentum, centered
    ),
    call=lambda function, gradients, lrate, alpha, momentum, centered: fed(
        function, gradients, lrate=lrate, alpha=alpha, momentum=momentum, centered=centered
    ),
    cases=[
        (drawn(5, 3, 1), 0.1, 0.9, 0.0, False),
        (drawn(6, 4, 2), 0.02, 0.8, 0.5, False),
        (drawn(7, 4, 2), 0.02, 0.6, 0.5, True),
    ],
    mistakes=[
        Mistake(
            "centered has no effect: the mean's square must be taken from the spread before the"
            " step is divided by its root.",
            lambda gradients, lrate, alpha, momentum, centered: _rms(
                gradients, lrate, alpha, momentum, False
            ),
        ),
        Mistake(
            "momentum has no effect: the velocity must be added to the step before it is returned.",
            lambda gradients, lrate, alpha, momentum, centered: _rms(
                gradients, lrate, alpha, 0.0, centered
            ),
        ),
        Mistake(
            'The gradient is not squared in the average: "square" averages g * g.',
            lambda gradients, lrate, alpha, momentum, centered: _rms(
                gradients, lrate, alpha, momentum, centered, square=np.abs
            ),
        ),
        Mistake(
            "The average forgets nothing: the new square enters with the share 1 − alpha.",
            lambda gradients, lrate, alpha, momentum, centered: _rms(
                gradients, lrate, alpha, momentum, centered, share=1.0
            ),
        ),
    ],
)

UNBIASED = Exercise(
    function="unbiased",
    parts={"corrected": "array"},
    right=lambda average, beta, t: average / (1 - beta**t),
    cases=[(np.array([0.1]), 0.9, 1), (np.array([0.3, -0.2]), 0.8, 3)],
    mistakes=[
        Mistake(
            "It is corrected as if this were the first step: beta to the power of t.",
            lambda average, beta, t: average / (1 - beta),
        ),
        Mistake(
            "It multiplies where it should divide: the average is too small.",
            lambda average, beta, t: average * (1 - beta**t),
        ),
        Mistake(
            "This divides by beta to the power of t. What is missing from a full average is that;"
            " what is there is 1 − beta**t.",
            lambda average, beta, t: average / beta**t,
        ),
        Mistake("Nothing is corrected.", lambda average, beta, t: average),
        Mistake(
            "Brackets are missing: a / 1 - b is (a / 1) - b.",
            lambda average, beta, t: average / 1 - beta**t,
        ),
        Mistake(
            "beta stands times t where it should stand to the power of t.",
            lambda average, beta, t: average / (1 - beta * t),
        ),
    ],
)


def _adam_steps(gradients, lrate, weight_decay=0.0, kind="", betas=(0.9, 0.999), eps=1e-8):
    """Return Adam's steps from a weight of ones; kind: how the decay enters, or what is amiss."""
    adams = 1e-3 if kind == "adam's own" else lrate
    weight, mean, square, steps = np.ones(gradients.shape[1]), 0.0, 0.0, []
    for t, g in enumerate(gradients, 1):
        g = g + weight_decay * weight if kind == "coupled" else g
        mean = betas[0] * mean + (1 - betas[0]) * g
        square = betas[1] * square + (1 - betas[1]) * g * g
        root = np.sqrt(square / (1 - betas[1] ** t)) + eps
        step = adams * mean / (1 - betas[0] ** t) / root
        decay = {
            "decoupled": lrate * weight_decay,
            "adam's own": lrate * weight_decay,
            "alone": weight_decay,
            "up": -lrate * weight_decay,
        }
        step = step + decay.get(kind, 0.0) * weight
        steps.append(step)
        weight = weight - step
    return np.array(steps)


def _adam_with(kind: str) -> Callable[..., np.ndarray]:
    return lambda gradients, lrate, weight_decay, betas: _adam_steps(
        gradients, lrate, weight_decay, kind, betas
    )


ADAMW = Exercise(
    function="adamw",
    parts={"steps": "array"},
    right=_adam_with("decoupled"),
    call=lambda function, gradients, lrate, weight_decay, betas: fed(
        function, gradients, lrate=lrate, weight_decay=weight_decay, betas=betas
    ),
    cases=[
        (drawn(8, 2, 1), 0.1, 0.5, (0.9, 0.999)),
        (drawn(9, 4, 2), 0.02, 0.3, (0.9, 0.999)),
        (drawn(13, 3, 1), 0.1, 0.5, (0.5, 0.9)),
    ],
    mistakes=[
        Mistake(
            "The decay goes through Adam's division: it was handed on to adam. Keep it back, and"
            " add lrate · weight_decay · weight to the step.",
            _adam_with("coupled"),
        ),
        Mistake("The decay is missing: this is Adam.", _adam_with("")),
        Mistake(
            "The other settings, here betas, have no effect: hand **settings on to adam.",
            lambda gradients, lrate, weight_decay, betas: _adam_steps(
                gradients, lrate, weight_decay, "decoupled"
            ),
        ),
        Mistake(
            "Adam steps at its own usual rate, 0.001: the rate has a name here, so it is not among"
            " the settings. Hand lrate on as well.",
            _adam_with("adam's own"),
        ),
        Mistake(
            "The decay lacks the rate: PyTorch's AdamW decays by lrate · weight_decay a step.",
            _adam_with("alone"),
        ),
        Mistake(
            "The decay has the wrong sign: the loop subtracts the step, so add the decay to it.",
            _adam_with("up"),
        ),
    ],
)

# --- In PyTorch -----------------------------------------------------------------------------------


def _feed_sgd(
    function: Callable[..., Any], gradients: np.ndarray, lrate: float, momentum: float
) -> Any:
    """Feed SGD, with float64 as the usual dtype, as the notebook's set-up has it."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return function(torch.optim.SGD, gradients, lr=lrate, momentum=momentum)
    finally:
        torch.set_default_dtype(before)


STEPS_UNDER = Exercise(
    function="steps_under",
    parts={"steps": "tensor"},
    right=lambda gradients, lrate, momentum: lrate * velocities(gradients, momentum),
    call=_feed_sgd,
    cases=[(drawn(11, 2, 1), 0.1, 0.5), (drawn(12, 4, 2), 0.3, 0.9)],
    mistakes=[
        Mistake(
            "These are the weights, summed up over the steps: set the weight to zero before each"
            " step, not only once.",
            lambda gradients, lrate, momentum: np.cumsum(
                lrate * velocities(gradients, momentum), axis=0
            ),
        ),
        Mistake(
            "The sign is turned: the optimizer subtracts its step from a weight of zero.",
            lambda gradients, lrate, momentum: -lrate * velocities(gradients, momentum),
        ),
        Mistake(
            "Every step is zero: the weight is read after it was emptied.",
            lambda gradients, lrate, momentum: 0.0 * gradients,
        ),
        Mistake(
            "Each step uses the gradient of the step before: hand the gradient in before step.",
            lambda gradients, lrate, momentum: (
                lrate * velocities(np.vstack([0.0 * gradients[:1], gradients[:-1]]), momentum)
            ),
        ),
    ],
)


def _two_groups(
    function: Callable[..., Any], slope: np.ndarray, bias: np.ndarray, decay_of_bias: float
) -> tuple:
    """Take two steps with the optimizer that ``function`` makes; the gradients are 1 and −1."""
    import torch

    weights = [torch.from_numpy(value.copy()) for value in (slope, bias)]
    optimizer = function([weights[0]], [weights[1]], decay_of_bias)
    for _ in range(2):
        for weight, sign in zip(weights, (1.0, -1.0)):
            weight.grad = torch.full_like(weight, sign)
        optimizer.step()
    return tuple(weights)


def _grouped(slope, bias, decay_of_bias, rates=(0.05, 0.1), decays=(0.1, None)):
    """Return both weights after two AdamW steps under the gradients 1 and −1: Adam steps by one
    rate under a constant gradient.
    """
    found = []
    for weight, rate, decay, sign in zip((slope, bias), rates, decays, (1.0, -1.0)):
        decay = decay_of_bias if decay is None else decay
        for _ in range(2):
            weight = (1 - rate * decay) * weight - rate * sign / (1 + 1e-8)
        found.append(weight)
    return tuple(found)


def _groups_with(**changed: Any) -> Callable[..., tuple]:
    return lambda slope, bias, decay_of_bias: _grouped(slope, bias, decay_of_bias, **changed)


GROUPED = Exercise(
    function="grouped",
    parts={"slopes": "tensor", "biases": "tensor"},
    right=_groups_with(),
    call=_two_groups,
    cases=[(np.array([2.0]), np.array([4.0]), 0.0), (np.array([1.0, -1.0]), np.array([3.0]), 0.4)],
    mistakes=[
        Mistake(
            "The biases decay as the slopes do: their group needs a weight_decay of its own,"
            " decay_of_bias.",
            _groups_with(decays=(0.1, 0.1)),
        ),
        Mistake(
            "The biases decay by AdamW's usual 0.01: their group needs weight_decay, too.",
            _groups_with(decays=(0.1, 0.01)),
        ),
        Mistake(
            "The slopes decay by AdamW's usual 0.01: their group needs a weight_decay of 0.1.",
            _groups_with(decays=(0.01, None)),
        ),
        Mistake(
            "Both groups have the rate 0.05; the biases' is 0.1.", _groups_with(rates=(0.05, 0.05))
        ),
        Mistake(
            "Both groups have the rate 0.1; the slopes' is 0.05.", _groups_with(rates=(0.1, 0.1))
        ),
        Mistake(
            "The biases do not move: the optimizer was not handed a group with them.",
            _groups_with(rates=(0.05, 0.0)),
        ),
        Mistake(
            "A group has no rate of its own: 0.001 is AdamW's usual one.",
            _groups_with(rates=(0.001, 0.001)),
        ),
        Mistake(
            "The decays are exchanged: 0.1 belongs to the slopes, decay_of_bias to the biases.",
            lambda slope, bias, decay_of_bias: _grouped(
                slope, bias, decay_of_bias, decays=(decay_of_bias, 0.1)
            ),
        ),
    ],
)

# --- All of the pair ------------------------------------------------------------------------------

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round3_Optimizers": {
        "adagrad": ADAGRAD,
        "rmsprop": RMSPROP,
        "unbiased": UNBIASED,
        "adamw": ADAMW,
    },
    "Round3_Optimizers-PyTorch": {"steps_under": STEPS_UNDER, "grouped": GROUPED},
}
