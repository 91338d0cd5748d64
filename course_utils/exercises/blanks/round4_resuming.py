"""Round 4, resuming: the functions that the reader writes in the notebooks, and their known
mistakes.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from course_utils.exercises.model import Exercise, Goal, Mistake

# --- An epoch, entered in the middle --------------------------------------------------------------


def _order(X, shuffle):
    return np.random.default_rng(shuffle).permutation(len(X))


def _rest(X, y, batch_size, shuffle, done):
    return X[_order(X, shuffle)[done * batch_size :], 0]


def _entered(rest_of_epoch: Callable[..., Any], *case: Any) -> Any:
    """Return the first column of the batches, one below the other; a generator that has been used
    stands for the run's.
    """
    X, y, batch_size, shuffle, done = case
    rng, place = np.random.default_rng(5), np.random.default_rng(shuffle).bit_generator.state
    batches = rest_of_epoch(X, y, batch_size, rng, place, done)
    if batches is Ellipsis or batches is None:
        return batches
    columns = [np.asarray(X_batch)[:, 0] for X_batch, _ in batches]
    return np.concatenate([*columns, np.zeros(0)])


def _digits(m):
    return np.arange(2.0 * m).reshape(m, 2), np.arange(m)


REST_OF_EPOCH = Exercise(
    function="rest_of_epoch",
    parts={"first pixel of the images to come": "array"},
    right=_rest,
    call=_entered,
    cases=[(*_digits(5), 2, 1, 1), (*_digits(9), 2, 2, 3), (*_digits(8), 3, 3, 0)],
    mistakes=[
        Mistake(
            "The generator goes on from where it happens to be: put it back to the epoch's start"
            " first, rng.bit_generator.state = shuffle.",
            lambda X, y, batch_size, shuffle, done: _rest(X, y, batch_size, 5, done),
        ),
        Mistake(
            "The whole epoch comes again: the batches that are done have to be skipped.",
            lambda X, y, batch_size, shuffle, done: _rest(X, y, batch_size, shuffle, 0),
        ),
        Mistake(
            "These are the batches that are done. To come are those after them: islice(epoch,"
            " done, None).",
            lambda X, y, batch_size, shuffle, done: X[_order(X, shuffle)[: done * batch_size], 0],
        ),
        Mistake(
            "One batch too many is skipped: batch number done, counted from 0, is the next one.",
            lambda X, y, batch_size, shuffle, done: _rest(X, y, batch_size, shuffle, done + 1),
        ),
        Mistake(
            "One batch that is done comes again: skip done batches, not done - 1.",
            lambda X, y, batch_size, shuffle, done: _rest(
                X, y, batch_size, shuffle, max(done - 1, 0)
            ),
        ),
    ],
)

# --- What a checkpoint needs ----------------------------------------------------------------------

MISSING, NO_STATE = -1.0, -2.0


def _digest(value):
    """Return one number for all that a value holds, to compare it by."""
    if isinstance(value, dict):
        return sum(_digest(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return sum(_digest(each) for each in value)
    if isinstance(value, (int, float)):
        return float(value % 997)
    if isinstance(value, str):
        return 0.0
    if isinstance(value, np.ndarray):
        return float(value.sum())
    return NO_STATE


NUMPY_PARTS = ("parameters", "velocity", "best", "history", "batch", "steps", "shuffle", "settings")
TORCH_PARTS = ("model", "optimizer", "schedule", *NUMPY_PARTS[2:])


def _a_run(seed):
    """Return what is noted in a run of either language, in the middle of an epoch."""
    rng = np.random.default_rng(seed)
    place = rng.bit_generator.state
    rng.permutation(9)
    weights = [{"weight": rng.random((2, 3)), "bias": rng.random(2)} for _ in range(3)]
    notes = {
        "history": [{"loss/validation": float(seed)}],
        "batch": 5 + seed,
        "steps": [[0.25, 2.0 + seed]],
        "shuffle": place,
        "settings": {"rate": 0.5, "batch size": 64 + seed},
    }
    return rng, weights, notes


def _numpy_run(seed):
    rng, (parameters, velocity, best), notes = _a_run(seed)
    model = SimpleNamespace(parameters=parameters, gradients={"weight": np.ones((2, 3))})
    return SimpleNamespace(model=model, velocity=velocity, best=best, rng=rng, **notes)


def _torch_run(seed):
    rng, (parameters, velocity, best), notes = _a_run(seed)
    held = {"model": parameters, "optimizer": velocity, "schedule": {"last_epoch": seed}}
    objects = {
        name: SimpleNamespace(state_dict=lambda state=state: state) for name, state in held.items()
    }
    return SimpleNamespace(best=best, rng=rng, **objects, **notes)


def _kept(names, seed, **other):
    """Return the digest of each part that is to be kept; ``other``: of what stands there
    instead.
    """
    rng, (parameters, velocity, best), notes = _a_run(seed)
    state = {"model": parameters, "optimizer": velocity, "schedule": {"last_epoch": seed}}
    state |= {"parameters": parameters, "velocity": velocity, "best": best} | notes
    digests = {name: _digest(value) for name, value in state.items()} | other
    return np.array([digests[name] for name in names])


def _state_exercise(names, make_run, sentences, more):
    def call(state_of, seed):
        state = state_of(make_run(seed))
        if not isinstance(state, dict):
            return state
        return np.array([_digest(state[name]) if name in state else MISSING for name in names])

    def explain(yours, right):
        lacking = [name for name, found in zip(names, yours[0][0]) if found == MISSING]
        return f"It lacks {', '.join(map(repr, lacking))}." if lacking else ""

    missing = [
        Mistake(
            f"It lacks {name!r}. {sentence}",
            lambda seed, name=name: _kept(names, seed, **{name: MISSING}),
        )
        for name, sentence in sentences.items()
    ]
    return Exercise(
        function="state_of",
        parts={f"one number each for {', '.join(names)} (-1: missing)": "array"},
        right=lambda seed: _kept(names, seed),
        call=call,
        cases=[(1,), (2,)],
        mistakes=[*missing, *more(names)],
        explain=explain,
    )


def _wrong_place(names):
    """Return the mistake of keeping the generator's state of now."""
    return Mistake(
        "'shuffle' is the generator's state of now. By now it has shuffled this epoch, so the next"
        " shuffle would be another: run.shuffle, noted at the epoch's start, is what is needed.",
        lambda seed: _kept(names, seed, shuffle=_digest(_a_run_now(seed))),
    )


def _a_run_now(seed):
    rng, _, _ = _a_run(seed)
    return rng.bit_generator.state


_NOTES = {
    "best": "If no later epoch is better, the weights to keep are gone.",
    "history": "Early stopping reads from it how long it has waited, and the rate follows from how"
    " long it is.",
    "batch": "The epoch would begin again, with steps made twice.",
    "steps": "The mean loss of the broken epoch would be that of its second part only.",
    "shuffle": "The batches still to come would be of another shuffle.",
    "settings": "With another batch size the run would go on with other images, and say nothing.",
}
STATE_OF = _state_exercise(
    NUMPY_PARTS,
    _numpy_run,
    {
        "parameters": "Without the weights there is nothing to go on with.",
        "velocity": "Momentum would have to start from rest again.",
    }
    | _NOTES,
    lambda names: [
        _wrong_place(names),
        Mistake(
            "'parameters' holds the gradients: they are computed anew in each step. What has to be"
            " kept are run.model.parameters.",
            lambda seed: _kept(names, seed, parameters=6.0),
        ),
    ],
)
TORCH_STATE_OF = _state_exercise(
    TORCH_PARTS,
    _torch_run,
    {
        "model": "Without the weights there is nothing to go on with.",
        "optimizer": "It keeps momentum's velocity, and the rate.",
        "schedule": "It counts the epochs, and the next halving would come late.",
    }
    | _NOTES,
    lambda names: [
        _wrong_place(names),
        Mistake(
            "These are the objects themselves. What can be written to a file, and read again"
            " without running code, is their state_dict().",
            lambda seed: _kept(names, seed, model=NO_STATE, optimizer=NO_STATE, schedule=NO_STATE),
        ),
    ],
)

# --- A file that survives the kill ----------------------------------------------------------------


def _watched(write_whole: Callable[..., Any], *case: Any) -> Any:
    """Let a function replace a file, and return what can be seen on the way."""
    (size,) = case
    chunks = [b"a" * size, b"b"]
    synced, named = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        path.write_bytes(b"old")

        def fsync(file):
            number = file if isinstance(file, int) else file.fileno()
            synced.append((os.fstat(number).st_size, path.read_bytes() == b"old"))

        def replace(old, new, kind=os.replace):
            named.append(len(synced))
            kind(old, new)

        with (
            patch.object(os, "fsync", fsync),
            patch.object(os, "replace", replace),
            patch.object(os, "rename", replace),
        ):
            given = write_whole(path, chunks)
        if given is Ellipsis:
            return given
        written, good = synced[-1] if synced else (MISSING, MISSING)
        there = path.read_bytes() if path.exists() else b""
        return np.array(
            [
                written,
                good,
                named[-1] if named else MISSING,
                len(there),
                len(list(Path(folder).iterdir())) - path.exists(),
            ],
            float,
        )


def _seen(size, written=None, good=1, named=1, there=None, left=0):
    written = size + 1 if written is None else written
    return np.array([written, good, named, size + 1 if there is None else there, left], float)


WRITE_WHOLE = Exercise(
    function="write_whole",
    parts={
        "bytes on the disk at fsync, is the old file still there then (1), fsyncs before the"
        " renaming, bytes at the end, files left over (-1: did not happen)": "array"
    },
    right=lambda size: _seen(size),
    call=_watched,
    cases=[(10,), (100,)],
    mistakes=[
        Mistake(
            "At fsync there is nothing on the disk yet: what was written lies in Python's memory."
            " First writelines, then flush, then fsync.",
            lambda size: _seen(size, written=0),
        ),
        Mistake(
            "fsync is missing: after a power cut the new name could stand before an empty file.",
            lambda size: _seen(size, written=MISSING, good=MISSING, named=0),
        ),
        Mistake(
            "The good file is replaced before the new one is on the disk: os.replace comes last,"
            " after fsync.",
            lambda size: _seen(size, good=0, named=0),
        ),
        Mistake(
            "This writes over the good file itself. Write to partial, and rename it at the end.",
            lambda size: _seen(size, good=0, named=MISSING),
        ),
        Mistake(
            "The new file never gets the good one's name: os.replace(partial, path) is missing.",
            lambda size: _seen(size, named=MISSING, there=3, left=1),
        ),
    ],
)

# --- Dropout --------------------------------------------------------------------------------------


def _thinned(X, keep, rng):
    return X * (np.random.default_rng(rng).random(X.shape) < keep) / keep


def _with_generator(dropout: Callable[..., Any], *case: Any) -> Any:
    X, keep, seed = case
    return dropout(X, keep, np.random.default_rng(seed))


def _with_tensor(dropout: Callable[..., Any], *case: Any) -> Any:
    import torch

    X, keep, seed = case
    return dropout(torch.from_numpy(X), keep, np.random.default_rng(seed))


_IMAGES = 1.0 + np.arange(12.0).reshape(3, 4)


def _dropout(kind, call):
    return Exercise(
        function="dropout",
        parts={"X": kind},
        right=_thinned,
        call=call,
        cases=[(_IMAGES[:1], 0.5, 1), (_IMAGES, 0.8, 2), (_IMAGES, 0.25, 3)],
        mistakes=[
            Mistake(
                "What is left has to be divided by keep, so that the sum stays the same on"
                " average.",
                lambda X, keep, rng: keep * _thinned(X, keep, rng),
            ),
            Mistake(
                "What is left is multiplied by keep. It has to grow, to make up for what is gone:"
                " divide.",
                lambda X, keep, rng: keep**2 * _thinned(X, keep, rng),
            ),
            Mistake(
                "Those are left out that should stay: keep where rng.random(X.shape) < keep.",
                lambda X, keep, rng: (
                    X * (np.random.default_rng(rng).random(X.shape) >= keep) / keep
                ),
            ),
            Mistake(
                "It is divided by the share that is left out, 1 - keep.",
                lambda X, keep, rng: keep / (1 - keep) * _thinned(X, keep, rng),
            ),
            Mistake(
                "Whole images are left out: draw a number for each pixel, rng.random(X.shape).",
                lambda X, keep, rng: (
                    X * (np.random.default_rng(rng).random((len(X), 1)) < keep) / keep
                ),
            ),
        ],
    )


DROPOUT, TORCH_DROPOUT = _dropout("array", _with_generator), _dropout("tensor", _with_tensor)

# --- PyTorch: where the velocity lives ------------------------------------------------------------

_RATE, _MOMENTUM = 0.25, 0.5


def _gradients(seed):
    return np.random.default_rng(seed).standard_normal((2, 2, 3))


def _velocity(seed):
    first, second = _gradients(seed)
    return _MOMENTUM * first + second


def _after_two_steps(velocity_of: Callable[..., Any], *case: Any) -> Any:
    import torch
    from torch import nn

    model = nn.Linear(3, 2).double()
    with torch.no_grad():
        model.weight.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=_RATE, momentum=_MOMENTUM)
    for gradient in _gradients(*case):
        model.weight.grad = torch.tensor(gradient)
        model.bias.grad = torch.tensor(gradient[:, 0])
        optimizer.step()
    return velocity_of(SimpleNamespace(model=model, optimizer=optimizer))


VELOCITY_OF = Exercise(
    function="velocity_of",
    parts={"velocity of the weight after two steps": "tensor"},
    right=lambda seed: _velocity(seed),
    call=_after_two_steps,
    cases=[(1,), (2,)],
    mistakes=[
        Mistake(
            "This is the gradient of the last step. The velocity is in the optimizer:"
            " optimizer.state[weight]['momentum_buffer'].",
            lambda seed: _gradients(seed)[1],
        ),
        Mistake(
            "This is the update, the rate times the velocity.", lambda seed: _RATE * _velocity(seed)
        ),
        Mistake(
            "This is the weight, not its velocity.",
            lambda seed: -_RATE * (_gradients(seed)[0] + _velocity(seed)),
        ),
        Mistake("This is the bias's velocity.", lambda seed: _velocity(seed)[:, 0]),
    ],
)

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round4_Resuming": {
        "rest_of_epoch": REST_OF_EPOCH,
        "state_of": STATE_OF,
        "write_whole": WRITE_WHOLE,
        "dropout": DROPOUT,
    },
    "Round4_Resuming-PyTorch": {
        "velocity_of": VELOCITY_OF,
        "rest_of_epoch": REST_OF_EPOCH,
        "state_of": TORCH_STATE_OF,
        "dropout": TORCH_DROPOUT,
    },
}
