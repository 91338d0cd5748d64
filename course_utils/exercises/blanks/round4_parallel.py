"""Round 4, many processes and fewer digits: what the reader writes, and its known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise, Mistake

# --- bfloat16 -------------------------------------------------------------------------------------


def _halves(x: Any, *, rounding: bool = True) -> np.ndarray:
    bits = np.asarray(x, np.float32).view(np.uint32)
    if rounding:
        bits = bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))
    return bits


def _read(bits: np.ndarray) -> np.ndarray:
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


_UPPER, _LOWER = np.uint32(0xFFFF0000), np.uint32(0xFFFF)
TO_BFLOAT16 = Exercise(
    function="to_bfloat16",
    parts={"rounded": "array"},
    right=lambda x: _read(_halves(x) & _UPPER),
    cases=[
        (np.array([1.005, -0.1]),),
        (np.array([[1 / 3, 1 + 2**-8], [1 + 3 * 2**-8, 300.0]]),),
        (np.array([1e-20, 3.14159, -7e10]),),
    ],
    mistakes=[
        Mistake(
            "The lower half is still there: keep the upper half of the bits alone, bits &"
            " np.uint32(0xFFFF0000).",
            lambda x: _read(_halves(x)),
        ),
        Mistake(
            "This only cuts off, towards zero. What was added to bits before makes the cut a"
            " rounding.",
            lambda x: _read(_halves(x, rounding=False) & _UPPER),
        ),
        Mistake(
            "The bits are read as a whole number. Read them as a float again:"
            " .view(np.float32), before .astype(float).",
            lambda x: (_halves(x) & _UPPER).astype(np.float64),
        ),
        Mistake(
            "The other half was kept. The upper one holds the sign, the size and the first digits:"
            " 0xFFFF0000.",
            lambda x: _read(_halves(x) & _LOWER),
        ),
    ],
)

# --- Loss scaling ---------------------------------------------------------------------------------


def _next(scale, good, finite, interval):
    if not finite:
        return scale / 2, 0
    return (2 * scale, 0) if good + 1 == interval else (scale, good + 1)


def _scales(function: Callable[..., Any], finite: np.ndarray, interval: int) -> Any:
    """Return the scale after each step, of which ``finite`` says whether it was (1) or not (0),
    from 16 on; an open ``...`` as it is.
    """
    scale, good, scales = 16.0, 0, []
    for each in finite:
        found = function(scale, good, bool(each), interval)
        if not (isinstance(found, tuple) and len(found) == 2):
            return found
        scale, good = found
        scales.append(float(scale))
    return np.array(scales)


def _slip(sentence: str, function: Callable[..., Any]) -> Mistake:
    return Mistake(sentence, lambda finite, interval: _scales(function, finite, interval))


NEXT_SCALE = Exercise(
    function="next_scale",
    parts={"scale after each step": "array"},
    right=lambda finite, interval: _scales(_next, finite, interval),
    call=_scales,
    cases=[
        (np.array([1, 1, 1, 1, 1, 1]), 2),
        (np.array([0, 0]), 3),
        (np.array([1, 0, 1, 1, 1]), 3),
        (np.array([1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1]), 3),
    ],
    mistakes=[
        _slip(
            "The scale never grows: after interval good steps in a row it doubles.",
            lambda scale, good, finite, interval: (scale, good + 1) if finite else (scale / 2, 0),
        ),
        _slip(
            "After it has doubled, the count begins again: good is 0.",
            lambda scale, good, finite, interval: (
                _next(scale, good, finite, interval)[0],
                good + 1 if finite else 0,
            ),
        ),
        _slip(
            "It doubles one step too late: this step is counted, so compare good after adding 1.",
            lambda scale, good, finite, interval: _next(scale, good, finite, interval + 1),
        ),
        _slip(
            "It doubles after each good step. Only interval of them in a row are a reason.",
            lambda scale, good, finite, interval: _next(scale, 0, finite, 1),
        ),
        _slip(
            "A step that is not finite needs a smaller scale: half, not twice.",
            lambda scale, good, finite, interval: (
                _next(scale, good, True, interval) if finite else (2 * scale, 0)
            ),
        ),
        _slip(
            "The good steps must be in a row: after one that is not finite, good is 0.",
            lambda scale, good, finite, interval: (
                _next(scale, good, True, interval) if finite else (scale / 2, good)
            ),
        ),
    ],
)

# --- Parts of a batch -----------------------------------------------------------------------------


def _scored(scores, y):
    """Return the mean cross-entropy, and P - Y."""
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean(), p - np.eye(scores.shape[1])[y]


def _whole(X, y, weight, bias):
    """Return the loss and its gradients by weight and bias, means over the images."""
    loss, error = _scored(X @ weight.T + bias, y)
    return loss, error.T @ X / len(y), error.mean(axis=0)


def _pieces(y, size):
    return [slice(first, first + size) for first in range(0, len(y), size)]


def _means(X, y, weight, bias, size):
    return [_whole(X[rows], y[rows], weight, bias)[1] for rows in _pieces(y, size)]


def _drawn(m: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    X = rng.integers(-9, 10, (m, 3)) / 10
    return X, rng.integers(0, 4, m), rng.integers(-9, 10, (4, 3)) / 10, rng.integers(-5, 6, 4) / 10


_CASES = [(*_drawn(5, 0), 2), (*_drawn(7, 1), 3), (*_drawn(6, 2), 4), (*_drawn(4, 3), 9)]
_MEAN_OF_MEANS = (
    "This is the mean of the micro-batches' means: an image in the last, smaller one counts for"
    " more. Weigh each by its share of the batch."
)
_SUM_OF_MEANS = (
    "The micro-batches' means are added up. Weigh each by its share of the batch, its size over"
    " len(y)."
)
_LAST_ONE = "Only the last micro-batch counts: each overwrites the one before. Add them up."
_DROPPED = "The last micro-batch is missing, since it is smaller than the others. It counts, too."


def _in_full(X, y, weight, bias, size):
    """What is found if a last, smaller micro-batch is left out."""
    full = max(len(y) // size, 1) * size
    part = X[:full], y[:full]
    return _whole(*part, weight, bias)[1] * len(part[1]) / len(y)


_ACCUMULATED = [
    Mistake(_MEAN_OF_MEANS, lambda *case: np.mean(_means(*case), axis=0)),
    Mistake(_SUM_OF_MEANS, lambda *case: np.sum(_means(*case), axis=0)),
    Mistake(
        _LAST_ONE,
        lambda X, y, w, b, size: (
            _means(X, y, w, b, size)[-1] * len(y[_pieces(y, size)[-1]]) / len(y)
        ),
    ),
    Mistake(_DROPPED, _in_full),
    Mistake(
        "This is the sum over the images. The batch's gradient is their mean: divide by len(y).",
        lambda X, y, w, b, size: _whole(X, y, w, b)[1] * len(y),
    ),
]
ACCUMULATE = Exercise(
    function="accumulate",
    parts={"gradient": "array"},
    right=lambda X, y, weight, bias, size: _whole(X, y, weight, bias)[1],
    cases=_CASES,
    mistakes=_ACCUMULATED,
)


def _linear(weight, bias):
    import torch

    model = torch.nn.Linear(weight.shape[1], len(weight), dtype=torch.float64)
    model.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    return model


def _in_torch(function: Callable[..., Any], *case: Any) -> np.ndarray:
    """Let the reader's function fill .grad, which holds something else at first."""
    import torch

    X, y, weight, bias, size = case
    model = _linear(weight, bias)
    model.weight.grad = torch.ones_like(model.weight)
    function(model, torch.from_numpy(X), torch.from_numpy(y), size)
    found = model.weight.grad
    return np.zeros_like(weight) if found is None else found.numpy().copy()


TORCH_ACCUMULATE = Exercise(
    function="accumulate",
    parts={"model.weight.grad": "array"},
    right=ACCUMULATE.right,
    call=_in_torch,
    cases=_CASES,
    mistakes=[
        *_ACCUMULATED,
        Mistake(
            "Nothing is computed: call backward() on each micro-batch's loss.",
            lambda X, y, weight, bias, size: 0 * weight,
        ),
        Mistake(
            "What stood in .grad before is still in it: model.zero_grad() before the first"
            " micro-batch.",
            lambda X, y, weight, bias, size: _whole(X, y, weight, bias)[1] + 1,
        ),
    ],
)


def _rows(m: int, processes: int, rank: int) -> np.ndarray:
    return np.array_split(np.arange(m), processes)[rank]


def _shared(rank, processes, X, y, weight, bias, *, factor=None, rows=None):
    rows = _rows(len(y), processes, rank) if rows is None else rows
    factor = len(rows) / len(y) if factor is None else factor
    return tuple(factor * each for each in _whole(X[rows], y[rows], weight, bias))


SHARE_OF = Exercise(
    function="share_of",
    parts={"loss": "number", "gradient of the weight": "array", "gradient of the bias": "array"},
    right=_shared,
    call=lambda function, *case: _three(function(*case)),
    cases=[
        (1, 2, *_drawn(5, 0)),
        (0, 3, *_drawn(7, 1)),
        (2, 3, *_drawn(8, 2)),
        (0, 1, *_drawn(4, 3)),
    ],
    mistakes=[
        Mistake(
            "This is the mean over the shard. Summed over all processes, it would be too large:"
            " weigh it by the shard's share of the batch.",
            lambda *case: _shared(*case, factor=1.0),
        ),
        Mistake(
            "Divided by the number of processes, which is right only if all shards are equal."
            " Weigh by len(rows) / len(y).",
            lambda *case: _shared(*case, factor=1 / case[1]),
        ),
        Mistake(
            "This is the sum over the shard. Divide by the size of the whole batch, len(y).",
            lambda *case: _shared(*case, factor=len(_rows(len(case[3]), case[1], case[0]))),
        ),
        Mistake(
            "Every process takes the first shard: rank says which is its own.",
            lambda *case: _shared(*case, rows=_rows(len(case[3]), case[1], 0)),
        ),
        Mistake(
            "Every process takes the whole batch. Its own rows are [rank] of np.array_split.",
            lambda *case: _shared(*case, rows=np.arange(len(case[3]))),
        ),
    ],
)


def _three(found: Any) -> Any:
    return tuple(found) if isinstance(found, list | tuple) and len(found) == 3 else found


def _lost(scores, y, batch_size, processes, factor=None):
    factor = len(y) * processes / batch_size if factor is None else factor
    return _scored(scores, y)[0] * factor


def _loss_in_torch(
    function: Callable[..., Any], scores: np.ndarray, y: np.ndarray, *rest: int
) -> Any:
    import torch

    found = function(torch.from_numpy(scores), torch.from_numpy(y), *rest)
    return found.item() if isinstance(found, torch.Tensor) and found.numel() == 1 else found


def _scores(m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 10, (m, 4)) / 4, rng.integers(0, 4, m)


LOSS_OF_SHARD = Exercise(
    function="loss_of_shard",
    parts={"loss": "number"},
    right=_lost,
    call=_loss_in_torch,
    cases=[(*_scores(2, 0), 5, 2), (*_scores(3, 1), 8, 3), (*_scores(4, 2), 4, 1)],
    mistakes=[
        Mistake(
            "This is the mean over the shard: an image in a smaller shard would count for more."
            " Take the sum, over the size of the whole batch.",
            lambda scores, y, size, processes: _lost(scores, y, size, processes, 1.0),
        ),
        Mistake(
            "The average divides by the number of processes once more: multiply by it.",
            lambda scores, y, size, processes: _lost(scores, y, size, processes, len(y) / size),
        ),
        Mistake(
            "This is the sum over the shard: divide it by the size of the whole batch.",
            lambda scores, y, size, processes: _lost(
                scores, y, size, processes, len(y) * processes
            ),
        ),
        Mistake(
            "The sum over the shard is neither divided by the batch's size nor multiplied by the"
            " number of processes.",
            lambda scores, y, size, processes: _lost(scores, y, size, processes, len(y)),
        ),
        Mistake(
            "Divided by the number of processes; the average does that already. Multiply by it.",
            lambda scores, y, size, processes: _lost(
                scores, y, size, processes, len(y) / size / processes
            ),
        ),
        Mistake(
            "The mean over the shard stands where its sum belongs: reduction='sum'.",
            lambda scores, y, size, processes: _lost(scores, y, size, processes, processes / size),
        ),
    ],
)

# --- The rows of a process ------------------------------------------------------------------------


def _turns(rank, processes, order):
    missing = -len(order) % processes
    return np.concatenate([order, order[:missing]])[rank::processes].astype(float)


def _row_floats(function: Callable[..., Any], *case: Any) -> Any:
    found = function(*case)
    return found if found is Ellipsis else np.asarray(found, dtype=float)


_ORDER = np.array([4, 0, 6, 2, 5, 1, 3])


def _blocks(rank, processes, order):
    missing = -len(order) % processes
    padded = np.concatenate([order, order[:missing]]).astype(float)
    return padded.reshape(processes, -1)[rank]


ROWS_OF = Exercise(
    function="rows_of",
    parts={"rows": "array"},
    right=_turns,
    call=_row_floats,
    cases=[
        (1, 2, _ORDER),
        (0, 2, _ORDER),
        (2, 3, _ORDER),
        (0, 3, _ORDER[:6]),
        (3, 4, _ORDER),
        (4, 5, _ORDER[:6]),
    ],
    mistakes=[
        Mistake(
            "Some process gets fewer rows than the others, and they would wait for it. Take what is"
            " missing from the beginning of order.",
            lambda rank, processes, order: order[rank::processes].astype(float),
        ),
        Mistake(
            "The rows that do not divide evenly are left out: some images would never be seen."
            " Fill up, from the beginning of order.",
            lambda rank, processes, order: order[: len(order) // processes * processes][
                rank::processes
            ].astype(float),
        ),
        Mistake("These are blocks. The processes take turns: [rank::processes].", _blocks),
        Mistake(
            "Filled up with the last rows. Take the first ones of order once more.",
            lambda rank, processes, order: np.concatenate(
                [order, order[len(order) - (-len(order) % processes) :]]
            )[rank::processes].astype(float),
        ),
        Mistake(
            "These are places in order, not what stands there: order itself is shuffled.",
            lambda rank, processes, order: _turns(rank, processes, np.arange(len(order))),
        ),
    ],
)

# --- The scaler's calls ---------------------------------------------------------------------------


def _scaling(gradients, *, piles=False, scaled=True, updated=True, stepped=True):
    """Return weight and scale after each step of SGD with a scaler that begins at 4 and grows after
    each second good step. The keywords are mistakes.
    """
    w, held, scale, good, trace = 1.0, 0.0, 4.0, 0, []
    for g in gradients:
        held = (held if piles else 0.0) + (scale if scaled else 1.0) * g
        found = held / scale
        held = found
        finite = bool(np.isfinite(found))
        if finite and stepped:
            w -= 0.5 * found
        if updated:
            scale, good = _next(scale, good, finite, 2)
        trace.append((w, scale))
    return np.array(trace)


def _scaled_in_torch(scaled_step: Callable[..., Any], gradients: tuple[float, ...]) -> np.ndarray:
    """Let the reader's step meet these gradients, one of them infinite."""
    import torch

    weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.5)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    scaler.scale(torch.zeros(1))  # so that it has a scale, whatever comes
    trace = []
    for gradient in gradients:
        scaled_step(scaler, optimizer, weight.sum() * gradient)
        trace.append((weight.item(), scaler.get_scale()))
    return np.array(trace)


SCALED_STEP = Exercise(
    function="scaled_step",
    parts={"weight and scale after each step": "array"},
    right=_scaling,
    call=_scaled_in_torch,
    cases=[((0.5,),), ((0.5, -0.25, 1.0),), ((0.25, np.inf, 0.5, 0.125, 0.75),)],
    mistakes=[
        Mistake(
            "The loss is not scaled, but the gradients are divided: scaler.scale(loss).backward().",
            lambda gradients: _scaling(gradients, scaled=False),
        ),
        Mistake(
            "Old gradients pile up: optimizer.zero_grad() before backward.",
            lambda gradients: _scaling(gradients, piles=True),
        ),
        Mistake(
            "The weight never moves: scaler.step(optimizer) after backward.",
            lambda gradients: _scaling(gradients, stepped=False),
        ),
    ],
)

BLANKS: dict[str, dict[str, Exercise]] = {
    "Round4_Parallel": {
        "to_bfloat16": TO_BFLOAT16,
        "next_scale": NEXT_SCALE,
        "accumulate": ACCUMULATE,
        "share_of": SHARE_OF,
        "rows_of": ROWS_OF,
    },
    "Round4_Parallel-PyTorch": {
        "scaled_step": SCALED_STEP,
        "accumulate": TORCH_ACCUMULATE,
        "loss_of_shard": LOSS_OF_SHARD,
    },
}
