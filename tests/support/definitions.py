"""Functions straight out of a notebook's file, wherever they stand in it: what is tested is what
the learner sees.
"""

import ast
import sys

import numpy as np
import torch

from course_utils import load_script
from course_utils.contents import contents
from course_utils.notebooks import code_cells
from course_utils.resources import HOME


def source_of(*stems):
    """Return the functions and CAPITAL constants that notebooks define, as Python source."""
    found = []
    for stem in stems:
        for source in code_cells(HOME / contents().file_of(stem)):
            for node in ast.parse(source).body:
                constant = isinstance(node, ast.Assign) and all(
                    isinstance(target, ast.Name) and target.id.isupper() for target in node.targets
                )
                if constant or isinstance(node, ast.FunctionDef):
                    found.append(ast.get_source_segment(source, node))
    return "\n\n\n".join(found)


def functions_of(*stems):
    """Return ``{name: function}`` of all that notebooks define; they share a namespace."""
    namespace = {"np": np}
    exec(compile(source_of(*stems), ", ".join(stems), "exec"), namespace)
    return {name: value for name, value in namespace.items() if getattr(value, "__code__", None)}


NOTEBOOKS = {"NumPy": "Round4_Training", "PyTorch": "Round4_Training-PyTorch"}


def definitions(language):
    """Return the functions, classes and settings that a notebook of the round defines, without
    running the rest.
    """
    names = {"__name__": "round4", "y_train": np.zeros(1197), "device": torch.device("cpu")}
    board = load_script("Round4/board.py")
    names |= {name: getattr(board, name) for name in ("BoardWriter", "read_curve", "show_board")}
    for source in code_cells(HOME / "Round4" / f"{NOTEBOOKS[language]}.ipynb"):
        for node in ast.parse(source).body:
            settings = isinstance(node, ast.Assign) and all(
                name.id.isupper()
                for name in ast.walk(node.targets[0])
                if isinstance(name, ast.Name)
            )
            if settings or isinstance(
                node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
            ):
                exec(compile(ast.Module([node], []), f"{language} notebook", "exec"), names)
    return names


def definitions_of_round(language):
    # As in Jupyter, where a notebook's own folder comes first.
    sys.path.insert(0, str(HOME / "Round4"))
    try:
        return definitions(language)
    finally:
        sys.path.pop(0)
