"""One way to everything that belongs to the course: its contents, data, notebooks and scripts.

A notebook may run in a clone, in a copy of one's own folder, alone in a cloud, or where the course
was installed from a wheel. What it needs is looked for beside it first, so that what a learner
changed counts, and then where the course itself lies: in the clone, or inside the installed
package.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_CLONE = Path(__file__).resolve().parents[1]
#: Where the course lies: the clone that this package stands in, or the package's own copy.
HOME = _CLONE if (_CLONE / "course.toml").exists() else Path(__file__).with_name("course")


def find(name: str) -> Path:
    """Return where the course's file ``name`` lies, such as "Dataset/penguins.csv".

    Raises FileNotFoundError if it lies neither beside the notebook nor in the course.
    """
    path = beside(name) or HOME / name
    if not path.exists():
        raise FileNotFoundError(
            f"{name} is not part of this course: it lies neither beside the notebook, in"
            f" {Path.cwd()}, nor in {HOME}"
        )
    return path


def beside(name: str) -> Path | None:
    """Return the reader's own copy of the course's file ``name``; None where there is none.

    Looked for in the folder of the running notebook, and where it would lie in a copy of the
    course that this folder belongs to. The course's own file is nobody's copy.
    """
    here = Path.cwd()
    for path in (here / Path(name).name, here.parent / name, here / name):
        if path.exists() and path.resolve() != (HOME / name).resolve():
            return path
    return None


def load_script(name: str) -> ModuleType:
    """Return the course's script ``name``, such as "Round4/board.py", imported as a module."""
    spec = spec_from_file_location(Path(name).stem, find(name))
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is not a Python script")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
