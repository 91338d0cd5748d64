"""The helpers that the course's notebooks import: data, devices, batches, twins, plot style, labs.

What the course teaches never hides in here: gradients, update rules and training loops stand in the
notebooks.

Importing this package is fast. Each name below is loaded from its module when it is first asked
for, so a NumPy notebook never loads torch, and a script that draws nothing never loads matplotlib.
"""

from importlib import import_module

_HOME_OF = {
    "Twin": "twins",
    "check_environment": "environment",
    "load_penguins": "data",
    "load_regression": "data",
    "load_digits": "data",
    "check_arrays": "data",
    "pick_device": "devices",
    "make_loader": "batches",
    "PALETTE": "style",
    "use_style": "style",
    "show": "figures",
    "learning_rate_lab": "labs",
    "two_weight_lab": "labs",
    "batch_size_lab": "labs",
    "momentum_lab": "labs_round3",
    "race_lab": "labs_round3",
}

__all__ = list(_HOME_OF)


def __getattr__(name):
    if name not in _HOME_OF:
        raise AttributeError(f"course_utils has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"course_utils.{_HOME_OF[name]}"), name)


def __dir__():
    return __all__
