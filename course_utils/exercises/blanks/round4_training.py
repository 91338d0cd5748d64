"""Round 4, the training loop: the functions that the reader writes, and their known mistakes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise, Goal, Mistake
from course_utils.exercises.notebook_data import as_tensor, with_data
from course_utils.exercises.watching import globals_of

# --- Softmax and its loss -------------------------------------------------------------------------


def _log_softmax(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


_SCORES = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 0.5]])
LOG_SOFTMAX = Exercise(
    function="log_softmax",
    parts={"log-probabilities": "array"},
    right=_log_softmax,
    cases=[(np.array([1.0, 3.0]),), (_SCORES,), (500 * _SCORES,)],
    mistakes=[
        Mistake(
            "The logarithm of the sum is missing: these are the exponents, not yet the"
            " log-probabilities. Take log of the sum of exp(shifted) off.",
            lambda scores: scores - scores.max(axis=-1, keepdims=True),
        ),
        Mistake(
            "The sum itself was taken off; log p has the logarithm of the sum.",
            lambda scores: (
                (shifted := scores - scores.max(axis=-1, keepdims=True))
                - np.exp(shifted).sum(axis=-1, keepdims=True)
            ),
        ),
        Mistake(
            "These are the probabilities; asked for are their logarithms.",
            lambda scores: np.exp(_log_softmax(scores)),
        ),
        Mistake(
            "The sum runs over all rows. Each row is one image: sum over the last axis, and keep it"
            " (axis=-1, keepdims=True).",
            lambda scores: (
                (shifted := scores - scores.max(axis=-1, keepdims=True))
                - np.log(np.exp(shifted).sum())
            ),
        ),
        Mistake(
            "The logarithm of the sum is added; it has to come off.",
            lambda scores: 2 * (scores - scores.max(axis=-1, keepdims=True)) - _log_softmax(scores),
        ),
    ],
)


def _problem(seed, images, pixels, digits):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((images, pixels)), rng.integers(0, digits, images)
    return X, y, rng.standard_normal((digits, pixels)), rng.standard_normal(digits)


def _loss_and_gradient(X, y, weight, bias, factor=1.0, truth=1.0):
    log_p = _log_softmax(X @ weight.T + bias)
    chosen = np.eye(len(weight))[y]
    error = factor * (np.exp(log_p) - truth * chosen)
    return -np.mean((log_p * chosen).sum(axis=1)), error.T @ X / len(y), error.mean(axis=0)


LOSS_AND_GRADIENT = Exercise(
    function="loss_and_gradient",
    parts={"loss": "number", "gradient of weight": "array", "gradient of bias": "array"},
    right=lambda X, y, weight, bias: _loss_and_gradient(X, y, weight, bias),
    cases=[_problem(0, 3, 2, 3), _problem(1, 5, 4, 2), _problem(2, 4, 1, 4)],
    mistakes=[
        Mistake(
            "The loss is right, the gradients are sums over the batch. The loss is a mean: divide"
            " by len(y).",
            lambda X, y, weight, bias: (
                _loss_and_gradient(X, y, weight, bias)[0],
                *(len(y) * each for each in _loss_and_gradient(X, y, weight, bias)[1:]),
            ),
        ),
        Mistake(
            "Everything is a sum over the batch; loss and gradients are means: divide by len(y).",
            lambda X, y, weight, bias: tuple(
                len(y) * each for each in _loss_and_gradient(X, y, weight, bias)
            ),
        ),
        Mistake(
            "The bias's gradient is a sum over the batch. It is a mean too: error.mean(axis=0).",
            lambda X, y, weight, bias: (
                *_loss_and_gradient(X, y, weight, bias)[:2],
                len(y) * _loss_and_gradient(X, y, weight, bias)[2],
            ),
        ),
        Mistake(
            "The weight's gradient is a sum over the batch. The loss is a mean: divide by len(y).",
            lambda X, y, weight, bias: (
                (found := _loss_and_gradient(X, y, weight, bias))[0],
                len(y) * found[1],
                found[2],
            ),
        ),
        Mistake(
            "The gradient points the other way: the error is P − Y, not Y − P.",
            lambda X, y, weight, bias: _loss_and_gradient(X, y, weight, bias, factor=-1.0),
        ),
        Mistake(
            "Nothing was taken off at the true digits: the error is P, and should be P − Y.",
            lambda X, y, weight, bias: _loss_and_gradient(X, y, weight, bias, truth=0.0),
        ),
        Mistake(
            "The loss has the wrong sign: it is the mean of −log p at the true digits.",
            lambda X, y, weight, bias: (
                -_loss_and_gradient(X, y, weight, bias)[0],
                *_loss_and_gradient(X, y, weight, bias)[1:],
            ),
        ),
    ],
)

# --- The loop -------------------------------------------------------------------------------------


def _run(batch_size, lrate, momentum, X, y, X_new, y_new, weight, bias, epochs, seed, **mistake):
    """Return the bare loop's rows: mean loss of an epoch's batches, then loss and accuracy on new
    images. A mistake is switched on by its name.
    """
    rng, curve, losses, total = np.random.default_rng(seed), [], [], 0.0
    velocity, parameters = np.zeros(2), [weight, bias]
    before: list = [0.0, 0.0]
    for _ in range(epochs):
        order = np.arange(len(y)) if mistake.get("in_order") else rng.permutation(len(y))
        if not mistake.get("all_epochs"):
            losses = []
        if mistake.get("anew"):
            velocity = np.zeros(2)
        if mistake.get("looks_first"):
            curve.append(_look(X_new, y_new, parameters))
        for first in range(0, len(y), batch_size):
            rows = order[first : first + batch_size]
            if mistake.get("step_first"):
                velocity = [momentum * v + g for v, g in zip(velocity, before)]
                parameters = [p - lrate * v for p, v in zip(parameters, velocity)]
            loss, *gradients = _loss_and_gradient(X[rows], y[rows], *parameters)
            losses.append(loss)
            if mistake.get("step_first"):
                before = gradients
                continue
            total = [old + new for old, new in zip(before, gradients)]
            used = before if mistake.get("stale") else gradients
            before = total if mistake.get("piling") else gradients
            used = total if mistake.get("piling") else used
            velocity = [momentum * v + g for v, g in zip(velocity, used)]
            if not mistake.get("standing"):
                parameters = [p - lrate * v for p, v in zip(parameters, velocity)]
        if mistake.get("looks_first"):
            curve[-1] = [np.mean(losses), *curve[-1]]
        else:
            curve.append([np.mean(losses), *_look(X_new, y_new, parameters)])
        if mistake.get("last_batch"):
            curve[-1][0] = losses[-1]
    return np.array(curve)


def _look(X, y, parameters):
    scores = X @ parameters[0].T + parameters[1]
    loss = _loss_and_gradient(X, y, *parameters)[0]
    return [loss, np.mean(scores.argmax(axis=1) == y)]


def _trained(function: Callable[..., Any], *case: Any) -> Any:
    """Call a bare loop with a model of the notebook's own class, on small arrays or tensors."""
    settings, (X, y, X_new, y_new, weight, bias, epochs, seed) = case[:3], case[3:]
    space = globals_of(function)
    parts = [(X, y), (X_new, y_new)]
    if "torch" in space:
        parts = [(as_tensor(images), as_tensor(labels)) for images, labels in parts]
    if "torch" in space and "device" not in space:
        space["device"] = "cpu"
    model = space["SoftmaxRegression"](weight, bias)
    model = model.to(space["device"]) if "torch" in space else model
    call = with_data("BATCH_SIZE", "LRATE", "MOMENTUM")
    return call(function, *settings, model, *parts, epochs, np.random.default_rng(seed))


def _case(seed, batch_size, lrate, momentum, epochs):
    X, y, weight, bias = _problem(seed, 7, 3, 3)
    X_new, y_new, *_ = _problem(seed + 50, 5, 3, 3)
    return batch_size, lrate, momentum, X, y, X_new, y_new, weight, bias, epochs, seed


_NOT_PILED = Mistake(
    "The gradients pile up: .grad of the last batch is still there when the next one is added."
    " Empty it with optimizer.zero_grad() before backward.",
    partial(_run, piling=True),
)
_LOOP_MISTAKES = [
    Mistake(
        "The model never moves: in each turn the gradient has to be found first, and then the step"
        " made with it.",
        partial(_run, standing=True),
    ),
    Mistake(
        "Each step uses the gradient of the batch before: the step stands before backward.",
        partial(_run, stale=True),
    ),
    Mistake(
        "Each step uses the gradient of the batch before: the step stands before backward.",
        partial(_run, step_first=True),
    ),
    Mistake(
        "Validation is looked at before the epoch's steps; asked for is the look after them.",
        partial(_run, looks_first=True),
    ),
    Mistake(
        "The mean goes over the losses of all epochs so far: the list of losses begins anew in"
        " each.",
        partial(_run, all_epochs=True),
    ),
    Mistake(
        "The velocity begins anew in each epoch: make it once, before the loop over the epochs.",
        partial(_run, anew=True),
    ),
    Mistake(
        "The training loss is that of the last batch; asked for is the mean over the epoch's.",
        partial(_run, last_batch=True),
    ),
]
TRAIN_BARE = Exercise(
    function="train_bare",
    parts={"rows: training loss, validation loss, accuracy": "array"},
    right=_run,
    call=_trained,
    cases=[_case(3, 4, 0.3, 0.5, 2), _case(4, 3, 0.2, 0.9, 3), _case(5, 7, 0.5, 0.0, 2)],
    mistakes=_LOOP_MISTAKES,
)
TRAIN_BARE_IN_PYTORCH = Exercise(
    function="train_bare",
    parts=TRAIN_BARE.parts,
    right=_run,
    call=_trained,
    cases=TRAIN_BARE.cases,
    mistakes=[_NOT_PILED, *_LOOP_MISTAKES],
)


def _evaluated(function: Callable[..., Any], X: Any, y: Any, weight: Any, bias: Any) -> Any:
    space = globals_of(function)
    space.setdefault("device", "cpu")
    model = space["SoftmaxRegression"](weight, bias).to(space["device"])
    return function(model, as_tensor(X), as_tensor(y))


def _looked(X, y, weight, bias):
    return tuple(_look(X, y, [weight, bias]))


EVALUATE = Exercise(
    function="evaluate",
    parts={"loss": "number", "accuracy": "number"},
    right=_looked,
    call=_evaluated,
    cases=[_problem(60, 5, 2, 3), _problem(61, 7, 3, 3), _problem(62, 6, 4, 2)],
    mistakes=[
        Mistake(
            "This is how many are right; accuracy is their share, the mean of hits.",
            lambda X, y, *p: (_looked(X, y, *p)[0], len(y) * _looked(X, y, *p)[1]),
        ),
        Mistake(
            "The accuracy is in per cent; asked for is the share, at most 1.",
            lambda X, y, *p: (_looked(X, y, *p)[0], 100 * _looked(X, y, *p)[1]),
        ),
        Mistake(
            "Accuracy first; asked for is the loss, then the accuracy.",
            lambda *case: _looked(*case)[::-1],
        ),
        Mistake(
            "F.cross_entropy wants raw scores: it takes softmax itself, and here it was taken"
            " before.",
            lambda X, y, weight, bias: (
                -np.mean(
                    _log_softmax(np.exp(_log_softmax(X @ weight.T + bias)))[np.arange(len(y)), y]
                ),
                _looked(X, y, weight, bias)[1],
            ),
        ),
        Mistake(
            "The loss is a sum over the images; F.cross_entropy gives the mean unless it is told"
            " otherwise.",
            lambda X, y, *p: (len(y) * _looked(X, y, *p)[0], _looked(X, y, *p)[1]),
        ),
    ],
)

# --- Early stopping -------------------------------------------------------------------------------


def _waited(min_gain, losses, creeping=False, total=False, gain=1.0, neighbour=False, late=0):
    mark, epochs, all_epochs = np.inf, 0, 0
    for loss in losses:
        epochs += 1
        if loss < mark - gain * min_gain:
            epochs, mark = late, loss
        else:
            all_epochs += 1
        if neighbour or creeping and loss < mark:
            mark = loss
    return float(all_epochs if total else epochs)


WAITED = Exercise(
    function="waited",
    parts={"epochs": "number"},
    right=_waited,
    call=with_data("MIN_GAIN"),
    cases=[
        (0.1, [3.0, 2.0, 2.5]),
        (0.1, [1.0, 0.95, 0.91, 0.88, 0.87]),
        (0.3, [2.0, 1.8, 1.6, 1.65, 1.5, 1.45]),
        (0.1, [1.0]),
        (0.2, [1.0, 1.5, 1.2, 0.9, 0.7, 0.75, 0.72]),
        (0.1, [2.0, 1.0, 1.5, 1.2, 1.1]),
    ],
    mistakes=[
        Mistake(
            "MIN_GAIN has no effect: every lower loss counts as a gain. One is a gain only if it"
            " lies more than MIN_GAIN below the mark.",
            partial(_waited, gain=0.0),
        ),
        Mistake(
            "The mark creeps down with gains too small to count, so that many of them together"
            " never count. It moves with a gain that counts, and then only.",
            partial(_waited, creeping=True),
        ),
        Mistake(
            "Each loss is compared with the one before it. Compare it with the mark, the last loss"
            " that was a gain.",
            partial(_waited, neighbour=True),
        ),
        Mistake(
            "It counts all epochs without a gain since the start; after a gain the count begins"
            " anew.",
            partial(_waited, total=True),
        ),
        Mistake(
            "MIN_GAIN is added: a loss that is a little worse counts as a gain. It lies below mark"
            " − MIN_GAIN.",
            partial(_waited, gain=-1.0),
        ),
        Mistake(
            "One too many: in the epoch of a gain nothing has been waited yet, 0.",
            partial(_waited, late=1),
        ),
    ],
)

# --- The verdict ----------------------------------------------------------------------------------


def _paired(bare, other):
    difference = other - bare
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


def _ten(seed, splits):
    rng = np.random.default_rng(seed)
    bare = 1 + rng.uniform(size=splits)
    return bare, bare + 0.1 * rng.standard_normal(splits)


PAIRED = Exercise(
    function="paired",
    parts={"mean": "number", "standard error": "number"},
    right=_paired,
    cases=[(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])), _ten(70, 10), _ten(71, 5)],
    mistakes=[
        Mistake(
            "Turned round: it is other − bare, so that a lower loss gives a negative mean.",
            lambda bare, other: _paired(other, bare),
        ),
        Mistake(
            "This is the spread of the differences, their standard deviation. The error of their"
            " mean is smaller: divide by the root of their number.",
            lambda bare, other: (_paired(bare, other)[0], (other - bare).std(ddof=1)),
        ),
        Mistake(
            "The standard deviation is divided by the number of splits; it is the root of that.",
            lambda bare, other: (_paired(bare, other)[0], (other - bare).std(ddof=1) / len(bare)),
        ),
        Mistake(
            "The standard deviation has n below the fraction; asked for is n − 1: std(ddof=1).",
            lambda bare, other: (
                _paired(bare, other)[0],
                (other - bare).std() / np.sqrt(len(bare)),
            ),
        ),
        Mistake(
            "The two spreads are added up as if the losses had nothing to do with each other. Take"
            " the differences first, split by split, and then their spread.",
            lambda bare, other: (
                _paired(bare, other)[0],
                np.sqrt((bare.var(ddof=1) + other.var(ddof=1)) / len(bare)),
            ),
        ),
    ],
)

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round4_Training": {
        "log_softmax": LOG_SOFTMAX,
        "loss_and_gradient": LOSS_AND_GRADIENT,
        "train_bare": TRAIN_BARE,
        "waited": WAITED,
        "paired": PAIRED,
    },
    "Round4_Training-PyTorch": {
        "evaluate": EVALUATE,
        "train_bare": TRAIN_BARE_IN_PYTORCH,
        "waited": WAITED,
        "paired": PAIRED,
    },
}
