"""Functions that a notebook defines, for another notebook, a test or a benchmark: one source, no
copies.
"""

import ast
import json

import numpy as np

from course_utils.twins import notebook_path


def notebook_definitions(stem):
    """Return the functions and CAPITAL constants that notebook ``stem`` defines, as Python source
    in their order.
    """
    cells = json.loads(notebook_path(stem).read_text(encoding="utf-8"))["cells"]
    found = []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        for node in ast.parse(source).body:
            constant = isinstance(node, ast.Assign) and all(
                isinstance(target, ast.Name) and target.id.isupper() for target in node.targets
            )
            if constant or isinstance(node, ast.FunctionDef):
                found.append(ast.get_source_segment(source, node))
    return "\n\n\n".join(found)


def functions_from(*stems):
    """Return ``{name: function}`` of every function that the notebooks ``stems`` define, as they
    stand in their files.

    The definitions share one namespace that holds NumPy as ``np``; no other cell of the notebooks
    is run. If you changed a rule in its notebook, save that notebook, and you get the changed one.

    Raises FileNotFoundError for a notebook that does not exist, SyntaxError for a cell that is not
    plain Python.
    """
    namespace = {"np": np}
    for stem in stems:
        exec(compile(notebook_definitions(stem), f"{stem}.ipynb", "exec"), namespace)
    return {name: value for name, value in namespace.items() if getattr(value, "__code__", None)}
