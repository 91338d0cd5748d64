"""The run of Round 4 that can be stopped, as the two notebooks define it, on a small part of the
digits: four batches an epoch.
"""

from types import SimpleNamespace

import numpy as np
import torch
from definitions import definitions

from course_utils import functions_from, load_script

NOTEBOOKS = {"NumPy": "Round4_Resuming", "PyTorch": "Round4_Resuming-PyTorch"}
STEPS_AN_EPOCH = 4


def _defined(language):
    """Return what a notebook imports and defines; nothing else of it runs."""
    stem = NOTEBOOKS[language]
    training = SimpleNamespace(**functions_from(stem.replace("Resuming", "Training")))
    return definitions(
        stem,
        skip=["what_is_said"],  # it needs the notebook's data, and only prints
        training=training,
        batches=getattr(training, "batches", None),
        device=torch.device("cpu"),
        charts=load_script("Round4/board.py"),
    )


def resuming(language, images=230):
    """Return what a notebook defines, with ``train``, ``validation``, and ``fit_digits(run, epochs,
    after_step)``. The rate changes at each epoch, and nothing ends a run early.
    """
    torch.set_num_threads(1)
    names = _defined(language)
    training = names["training"]
    train, validation, _ = training.split_digits(training.X_all, training.y_all)
    parts = [(train[0][:images], train[1][:images]), validation]
    if language == "PyTorch":
        parts = [tuple(map(torch.from_numpy, part)) for part in parts]
    names.update(HALVE_EVERY=1, PATIENCE=10**9, train=parts[0], validation=parts[1])
    round4 = SimpleNamespace(**names, language=language, names=names)
    round4.fresh = lambda **how: round4.new_run(parts[0], **how)
    round4.load = lambda path: round4.load_run(path, parts[0])
    round4.fit_digits = lambda run, epochs, after_step=None: round4.go_on(
        run, *parts, epochs, after_step
    )
    return round4


def state_of(run):
    """Return all that a run holds as one flat list of numbers, in full precision, and its notes."""
    if hasattr(run, "velocity"):
        arrays = [*run.model.parameters.values(), *run.velocity.values(), *run.best.values()]
    else:
        buffers = [
            run.optimizer.state[parameter]["momentum_buffer"]
            for parameter in run.model.parameters()
        ]
        arrays = [*run.model.state_dict().values(), *buffers, *run.best.values()]
    numbers = [number for array in arrays for number in np.asarray(array).ravel().tolist()]
    return numbers, (run.history, run.batch, run.steps, run.shuffle, run.settings)
