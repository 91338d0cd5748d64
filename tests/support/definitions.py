"""Functions straight out of a notebook's file, wherever they stand in it: what is tested is what
the learner sees.
"""

import ast

import numpy as np

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


def definitions(stem, skip=(), **given):
    """Return ``given`` and what a notebook imports and defines (functions, classes, and CAPITAL
    settings, also several in a line), without running the rest.
    """
    names = {"__name__": stem} | given
    kinds = ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef
    for source in code_cells(HOME / contents().file_of(stem)):
        for node in ast.parse(source).body:
            settings = isinstance(node, ast.Assign) and all(
                name.id.isupper()
                for name in ast.walk(node.targets[0])
                if isinstance(name, ast.Name)
            )
            if settings or isinstance(node, kinds) and getattr(node, "name", None) not in skip:
                exec(compile(ast.Module([node], []), stem, "exec"), names)
    return names
