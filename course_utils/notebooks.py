"""The reader of ``.ipynb`` files: cells with their section, what their outputs hold, and what a
notebook defines for others: one source, no copies.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

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
    outputs: list[dict] = field(default_factory=list)
    metadata: dict = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        return self.metadata.get("tags", [])


def read_notebook(path: Path) -> list[Cell]:
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


def code_cells(path: Path) -> list[str]:
    """Return the sources of the code cells of the notebook at ``path`` that are not empty, in
    order.
    """
    return [
        cell.source for cell in read_notebook(path) if cell.kind == "code" and cell.source.strip()
    ]


def checkpoints(outputs: list[dict]) -> list[dict]:
    """Return the checkpoints among a cell's outputs, in order, as course_utils.checkpoints records
    them.
    """
    return [
        entry
        for output in outputs
        for entry in json.loads(output.get("metadata", {}).get(CHECKPOINTS, "[]"))
    ]


def figures(outputs: list[dict]) -> list[tuple[str, dict]]:
    """Return ``[(alt text, numbers)]`` of the figures (labs apart) among a cell's outputs; see
    course_utils.figures.
    """
    found = [
        json.loads(output["metadata"][FIGURE])
        for output in outputs
        if FIGURE in output.get("metadata", {})
    ]
    return [(numbers["alt"], numbers) for numbers in found]


def printed(outputs: list[dict]) -> str:
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


def definitions(path: Path) -> list[str]:
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
