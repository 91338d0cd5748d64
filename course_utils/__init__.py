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

_HOME_OF = {
    "Twin": "checkpoints",
    "check_environment": "learner.environment",
    "load_penguins": "data",
    "load_regression": "data",
    "load_digits": "data",
    "check_arrays": "data",
    "pick_device": "devices",
    "make_loader": "batches",
    "PALETTE": "style",
    "use_style": "style",
    "show": "figures",
    "functions_from": "learner.definitions",
    "find": "resources",
    "load_script": "resources",
    "check": "exercises.check",
    "have": "learner.versions",
}
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
