"""The helpers that the course's notebooks import: data, devices, batches, twins, plot style, labs.

What the course teaches never hides in here: gradients, update rules and training loops stand in the
notebooks.

Importing this package is fast. Each name below is loaded from its module when it is first asked
for, so a NumPy notebook never loads torch, and a script that draws nothing never loads matplotlib.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "2.0"

_NAMES_IN = {
    "batches": "make_loader",
    "checkpoints": "Twin",
    "data": "load_penguins load_regression load_digits check_arrays",
    "devices": "pick_device",
    "exercises.blank": "blank",
    "exercises.check": "check",
    "figures": "show",
    "learner.definitions": "functions_from",
    "learner.environment": "check_environment",
    "learner.guesses": "guess answer",
    "learner.progress": "progress",
    "learner.versions": "have",
    "resources": "find load_script",
    "style": "PALETTE use_style",
}
_HOME_OF = {name: module for module, names in _NAMES_IN.items() for name in names.split()}
# A lab is a file of its own: labs/NAME_lab.py defines NAME_lab.
_HOME_OF |= {
    path.stem: f"labs.{path.stem}" for path in sorted(Path(__file__).parent.glob("labs/*_lab.py"))
}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"course_utils has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"course_utils.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
