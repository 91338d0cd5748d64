"""The run of Round 4 that can be stopped, as the two notebooks define it, on a small part of the
digits: four batches an epoch.
"""

import ast
from types import SimpleNamespace

import numpy as np
import torch

import course_utils
from course_utils import functions_from, load_script
from course_utils.notebooks import code_cells
from course_utils.resources import HOME

NOTEBOOKS = {"NumPy": "Round4_Resuming", "PyTorch": "Round4_Resuming-PyTorch"}
STEPS_AN_EPOCH = 4


def _settings(node):
    return isinstance(node, ast.Assign) and all(
        name.id.isupper() for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)
    )


def _defined(language):
    """Return what a notebook imports and defines, and its CAPITAL settings; nothing else of it
    runs.
    """
    stem = NOTEBOOKS[language]
    training = SimpleNamespace(**functions_from(stem.replace("Resuming", "Training")))
    names = {"__name__": "resuming", "training": training, "device": torch.device("cpu")}
    names |= {"batches": getattr(training, "batches", None)}
    names |= {name: getattr(course_utils, name) for name in ("functions_from", "make_loader")}
    names["charts"] = load_script("Round4/board.py")
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    for source in code_cells(HOME / "Round4" / f"{stem}.ipynb"):
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name == "what_is_said":
                continue  # it needs the notebook's data, and only prints
            if isinstance(node, kinds) or _settings(node):
                exec(compile(ast.Module([node], []), f"{language} notebook", "exec"), names)
    return names


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
