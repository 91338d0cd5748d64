"""The reader of ``.ipynb`` files: cells with the section that they stand in, what their outputs hold,
and what a notebook defines for others: one source, no copies.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.contents import contents
from course_utils.resources import HOME, beside, find

#: The keys under which an output's metadata carry a cell's checkpoints and a figure's numbers: as
#: JSON in a text, since a notebook's file gives each number in a list a line of its own.
CHECKPOINTS, FIGURE = "course_checkpoints", "course_figure"
WIDGET = "application/vnd.jupyter.widget-view+json"
_HEADING = re.compile(r"^## (.+?)\s*$", re.MULTILINE)


@dataclass
class Cell:
    """One cell of a notebook.

    kind: "markdown" or "code". section: the text of the ``##`` heading that it stands under, ""
    before the first; the cell with the heading belongs to it. outputs, metadata: as in the file.
    """

    kind: str
    source: str
    section: str = ""
    outputs: list = field(default_factory=list)
    metadata: dict = field(default_factory=dict)

    @property
    def tags(self) -> list:
        return self.metadata.get("tags", [])


def read_notebook(path):
    """Return the cells of the notebook at ``path``, in order.

    Raises OSError or ValueError if it cannot be read.
    """
    cells, section = [], ""
    for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and (headings := _HEADING.findall(source)):
            section = headings[-1]
        cells.append(
            Cell(
                cell["cell_type"],
                source,
                section,
                cell.get("outputs", []),
                cell.get("metadata", {}),
            )
        )
    return cells


def code_cells(path):
    """Return the sources of the code cells of the notebook at ``path`` that are not empty, in
    order.
    """
    return [
        cell.source for cell in read_notebook(path) if cell.kind == "code" and cell.source.strip()
    ]


def checkpoints(outputs):
    """Return the checkpoints among a cell's outputs, in order, as the records of course_utils.checkpoints
    hold them.
    """
    return [
        entry
        for output in outputs
        for entry in json.loads(output.get("metadata", {}).get(CHECKPOINTS, "[]"))
    ]


def figures(outputs):
    """Return ``[(alt text, numbers)]`` of the figures (labs apart) among a cell's outputs; see
    course_utils.figures.
    """
    found = [
        json.loads(output["metadata"][FIGURE])
        for output in outputs
        if FIGURE in output.get("metadata", {})
    ]
    return [(numbers["alt"], numbers) for numbers in found]


def printed(outputs):
    """Return what a cell printed, as text: its streams and its result.

    Checkpoints, figures and labs are not among it.
    """
    texts = []
    for output in outputs:
        own = {CHECKPOINTS, FIGURE} & set(output.get("metadata", {})) or {
            "image/png",
            WIDGET,
        } & set(output.get("data", {}))
        if not own:
            texts.append(
                "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
            )
    return "\n".join(texts)


# --- What a notebook defines for others -----------------------------------------------------------


def functions_from(*stems):
    """Return ``{name: value}`` of what the notebooks ``stems`` define for others: functions,
    classes, constants.

    The cells with the tag ``define`` are run, in their order and in one namespace, with those
    imports of the set-up cell that they use; no other cell is. Where the reader has a copy of the
    notebook, what it defines counts: save it, and you get your own. A definition of yours that
    still has a blank in it, or raises, is replaced by the course's, and a printed line says so.

    Raises FileNotFoundError for a notebook that does not exist, ValueError for one that defines
    nothing, and what a cell of the course raises.
    """
    namespace = {}
    for stem in stems:
        name = contents().file_of(stem)
        own = beside(name) if (HOME / name).exists() else None
        yours = _by_names(own) if own else {}
        for source in definitions(find(name) if own is None else HOME / name):
            for key, changed in yours.items():
                if set(key) & set(_names(source)) and changed != source:
                    problem = _run(changed, namespace)
                    if not problem:
                        break
                    print(f"{stem}: your {', '.join(key)} {problem}; the course's is used")
            else:
                exec(compile(source, f"{stem}.ipynb", "exec"), namespace)
    modules = type(ast)
    return {
        name: value
        for name, value in namespace.items()
        if not name.startswith("__") and not isinstance(value, modules)
    }


def definitions(path):
    """Return the sources of what the notebook at ``path`` defines for others, a cell each: first
    the imports that the definitions use.

    Raises ValueError if no cell has the tag ``define``.
    """
    cells = [cell for cell in read_notebook(path) if cell.kind == "code"]
    found = [cell.source for cell in cells if "define" in cell.tags]
    if not found:
        raise ValueError(f"{Path(path).name} defines nothing for others: no cell is tagged define")
    used = {node.id for node in ast.walk(ast.parse("\n".join(found))) if isinstance(node, ast.Name)}
    imports = []
    for node in ast.parse(cells[0].source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if (alias.asname or alias.name) in used]
            imports += [ast.unparse(node)] if node.names else []
    return ["\n".join(imports), *found]


def _by_names(path):
    """Return ``{(name, ...): source}`` of the defining cells of a reader's notebook."""
    try:
        return {_names(source): source for source in definitions(path) if _names(source)}
    except (OSError, ValueError, KeyError, SyntaxError):  # damaged, or its tags are gone
        return {}


def _names(source):
    """Return the names of the functions, classes and constants that a cell defines."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(found)


def _run(source, namespace):
    """Run a reader's definition in ``namespace``; return what is wrong with it, or ""."""
    blanks = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    if any(node.value is Ellipsis for node in blanks):
        return "still has a blank"
    try:
        exec(compile(source, "your notebook", "exec"), namespace)
    except Exception as error:  # whatever a reader's cell raises
        return f"raises {type(error).__name__} ({error})"
    return ""
