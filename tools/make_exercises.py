"""Makes each exercise notebook from its solutions, so that the two cannot drift apart.

Run it after you changed RoundN/solutions/RoundN_Solutions.ipynb:  python tools/make_exercises.py

In the solutions, the cells with the tag "solution" (in JupyterLab: the gear at the right, Cell
Tags) are the answers. A text cell with this tag is left out of the exercises; in a code cell each
function keeps its first lines, up to its docstring, and the rest becomes ``return ...``. All else
is the same in both.
"""

import ast
import re
import sys

import nbformat

from course_utils.resources import HOME

ROUNDS = tuple(
    sorted(int(path.parts[-3][5:]) for path in HOME.glob("Round*/solutions/Round*_Solutions.ipynb"))
)


def paths(number):
    """Return the paths of the exercises and of the solutions of a round."""
    folder = HOME / f"Round{number}"
    return (
        folder / f"Round{number}_Exercises.ipynb",
        folder / "solutions" / f"Round{number}_Solutions.ipynb",
    )


def stub(source):
    """Return the source of a solved cell with the body of each function, after its docstring,
    replaced by ``return ...``.
    """
    lines = source.splitlines()
    for function in reversed(
        [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    ):
        lines[function.body[0].end_lineno : function.end_lineno] = ["    return ..."]
    return "\n".join(lines)


def exercises_from(solutions):
    """Return the exercise notebook, without outputs, that belongs to the notebook ``solutions``."""
    cells = []
    for cell in solutions.cells:
        solved = "solution" in cell.metadata.get("tags", [])
        # Links: the exercises lie one folder higher.
        if cell.cell_type == "markdown" and not solved:
            cells.append(
                nbformat.v4.new_markdown_cell(re.sub(r"\]\(\.\./", "](", cell.source), id=cell.id)
            )
        elif cell.cell_type == "code":
            source = stub(cell.source) if solved else cell.source
            tags = {"tags": ["setup"]} if "setup" in cell.metadata.get("tags", []) else {}
            cells.append(nbformat.v4.new_code_cell(source, id=cell.id, metadata=tags))
    metadata = {"kernelspec": solutions.metadata.kernelspec, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def main():
    """Write and execute the exercises of all rounds."""
    from nbclient import NotebookClient

    for number in ROUNDS:
        target, source = paths(number)
        notebook = exercises_from(nbformat.read(source, 4))
        NotebookClient(notebook, resources={"metadata": {"path": target.parent}}).execute()
        nbformat.write(notebook, target)
        print(f"wrote {target.relative_to(HOME)}")


if __name__ == "__main__":
    sys.exit(main())
