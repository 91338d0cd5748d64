"""The reader of ``.ipynb`` files: cells with the section that they stand in, and what their outputs
hold.
"""

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
    outputs: list = field(default_factory=list)
    metadata: dict = field(default_factory=dict)


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
    """Return the checkpoints among a cell's outputs, in order, as the records of course_utils.twins
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
