"""Makes each exercise notebook from its solutions, so that the two cannot drift apart.

Run it after you changed RoundN/solutions/RoundN_Solutions.ipynb:  python tools/make_exercises.py

In the solutions, the cells with the tag "blank" (in JupyterLab: the gear at the right, Cell Tags)
are the answers. A text cell with this tag is left out of the exercises; in a code cell each
function keeps its first lines, up to its docstring, and the rest becomes ``return ...``, as in the
learner's edition (course_utils.learner.blanks). All else is the same in both.
"""

import re
import sys

import nbformat

from course_utils.learner.blanks import learners_notebook
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


def exercises_from(solutions):
    """Return the exercise notebook, without outputs, that belongs to the notebook ``solutions``."""
    exercises = nbformat.from_dict(learners_notebook(solutions))
    for cell in exercises.cells:
        # The exercises are proved, too, and their stubs are cells like others.
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != "blank"]
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "markdown":  # links: the exercises lie one folder higher
            cell.source = re.sub(r"\]\(\.\./", "](", cell.source)
    return exercises


def keep_numbers(exercises, before):
    """Keep what the exercises ``before`` say of the numbers in their prose: it is not what the
    solutions say, where these numbers are printed.
    """
    numbers = {c.id: c.metadata["numbers"] for c in before.cells if "numbers" in c.metadata}
    for cell in exercises.cells:
        if cell.id in numbers:
            cell.metadata["numbers"] = numbers[cell.id]


def main():
    """Write and execute the exercises of all rounds."""
    from nbclient import NotebookClient

    for number in ROUNDS:
        target, source = paths(number)
        notebook = exercises_from(nbformat.read(source, 4))
        if target.exists():
            keep_numbers(notebook, nbformat.read(target, 4))
        NotebookClient(notebook, resources={"metadata": {"path": target.parent}}).execute()
        nbformat.write(notebook, target)
        print(f"wrote {target.relative_to(HOME)}")


if __name__ == "__main__":
    sys.exit(main())
