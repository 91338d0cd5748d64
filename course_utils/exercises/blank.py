"""Blanks: functions that the reader writes in the flow of a notebook, checked and handed on.

``mse = blank("Round1_Gradient", mse)`` stands below a function in a cell with the tag ``blank``.
In the proved notebook the cell is the solution; the reader's copy has a gap there, which
course_utils.learner makes. Whatever stands in the gap, what follows in the notebook works.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Callable
from typing import Any

from course_utils.contents import TORCH_SUFFIX, contents
from course_utils.exercises.check import judge, table_of
from course_utils.exercises.model import Exercise, Goal
from course_utils.learner.blanks import BLANK, stub
from course_utils.notebooks import code_cells
from course_utils.resources import HOME

STANDS_IN = "stands in for it"


def blank(stem: str, function: Callable) -> Callable:
    """Print whether ``function``, from the notebook ``stem``, does what is asked of it; return it
    if so, otherwise the course's function of that name.

    What is wrong is named, as by :func:`course_utils.check`. Raises ValueError where the notebook
    has no such blank.
    """
    namespace = sys._getframe(1).f_globals
    exercise = find_blank(stem, _name_of(stem, function, namespace))
    state, text = judge(exercise.function, exercise, function)
    if state == "right":
        print(f"{exercise.function}: right")
        return function
    if state == "wrong" and lies_as_it_came(stem, exercise.function, function):
        text = f"{exercise.function}: not done yet; its lines lie as they came, put them in order"
    print(f"{text}\n    Until then the course's {exercise.function} {STANDS_IN}.\n", end="")
    return the_course_s(stem, exercise.function, namespace)


def lies_as_it_came(stem: str, name: str, function: Callable) -> bool:
    """Tell whether the lines of ``function``, which the reader is to put in order, stand as the
    notebook ``stem`` was handed out.
    """
    try:
        lines = textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return False
    file = HOME / contents().file_of(stem)
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["metadata"].get(BLANK) == "lines" and f"def {name}(" in source:
            return lines in stub(source, "lines", cell["id"])
    return False


def _name_of(stem: str, function: Callable, namespace: dict[str, Any]) -> str:
    """Return the name of a function; of a lambda or an object, which bear none, the name of the
    blank that it is called in the notebook.
    """
    name = getattr(function, "__name__", "")
    called = [each for each in blanks_of(stem) if namespace.get(each) is function]
    return name if name in blanks_of(stem) or not called else called[0]


def find_blank(stem: str, name: str) -> Exercise | Goal:
    """Return what is asked of the function ``name`` in the notebook ``stem``; it stands in blanks/.
    Raises ValueError if there is no such blank.
    """
    blanks = blanks_of(stem)
    if name not in blanks:
        raise ValueError(
            f"{stem} asks for no function {name!r}; it asks for {', '.join(blanks) or 'none'}. Keep"
            " the name that stands behind def"
        )
    return blanks[name]


def blanks_of(stem: str) -> dict[str, Exercise | Goal]:
    """Return what the notebook ``stem`` asks for, by function; nothing where it asks for none."""
    pair = stem.removesuffix(TORCH_SUFFIX).lower()
    for module in (f"blanks.{pair}", f"blanks.{pair.split('_')[0]}"):
        if found := table_of(module, "BLANKS").get(stem):
            return found
    return {}


def the_course_s(stem: str, name: str, namespace: dict[str, Any]) -> Callable:
    """Return the function or class ``name`` as the proved notebook ``stem`` defines it, in the
    ``namespace`` of the reader's notebook, whose data it uses.

    Raises ValueError if the notebook does not define it.
    """
    for source in code_cells(HOME / contents().file_of(stem)):  # not the reader's own copy
        if f"def {name}(" not in source and f"class {name}" not in source:
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                module = ast.Module([node], [])
                exec(compile(module, f"{stem}.ipynb", "exec"), namespace)
                return namespace[name]
    raise ValueError(f"{stem} defines no {name}")
