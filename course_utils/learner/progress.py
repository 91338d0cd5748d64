"""What a reader has done in a copy of the course, and what is next: read from the notebooks as they
were saved.
"""

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from course_utils.learner.blanks import BLANK, guesses, is_open
from course_utils.learner.edition import find_notebook, learners, notebooks
from course_utils.learner.workspace import MANIFEST, default_folder


@dataclass
class Done:
    """What is done in one notebook. blanks, guesses: {name: done}. ran, cells: how many of its code
    cells were run. there: the notebook lies in the reader's copy, and can be read.
    """

    blanks: dict[str, bool] = field(default_factory=dict)
    guesses: dict[str, bool] = field(default_factory=dict)
    ran: int = 0
    cells: int = 0
    there: bool = True

    def next(self) -> str:
        """Return what comes next in this notebook; "" if all is done."""
        for what, parts in (("the blank", self.blanks), ("the guess", self.guesses)):
            for name, done in parts.items():
                if not done:
                    return f"{what} {name}"
        if self.blanks or self.guesses or (self.there and self.ran >= self.cells):
            return ""
        return "read it, and run its cells" if not self.ran else "the cells that are not run yet"

    def __str__(self) -> str:
        if not self.there:
            return "cannot be read"
        told = [
            f"{sum(parts.values())} of {len(parts)} {name}"
            for name, parts in (("blanks", self.blanks), ("guesses", self.guesses))
            if parts
        ]
        return ", ".join([*told, f"{self.ran} of {self.cells} cells run"])


def progress(folder: str | Path | None = None) -> None:
    """Print what is done in each notebook of your copy of the course, and what is next.

    folder: where the copy lies; None for the one that this notebook belongs to, or, elsewhere, for
    ``$COURSE_HOME`` or my_course. Save a notebook, and it counts.
    """
    print(in_words(Path(folder) if folder else _folder_here()))


def in_words(root: Path) -> str:
    """Return the text that :func:`progress` prints."""
    if not (root / MANIFEST).exists():
        return f"There is no copy of the course in {root}: python -m course_utils edition makes it."
    lines, following = [f"Your course, in {root}:"], ""
    for name in notebooks():
        done = done_in(root, name)
        lines.append(f"  {PurePosixPath(name).stem:32}  {done}")
        if not following and (part := done.next()):
            following = f"Next: {name}, {part}"
    return "\n".join([*lines, following or "All of it is done."])


def done_in(root: Path, name: str) -> Done:
    """Return what is done in the notebook ``name`` of the copy in ``root``."""
    name = find_notebook(name)
    handed_out = learners(name)["cells"]
    try:
        cells = json.loads((root / name).read_text(encoding="utf-8"))["cells"]
        mine = [cell for cell in cells if cell["cell_type"] == "code"]
        found, made = _definitions(mine), _guesses(mine)
    except (OSError, ValueError, KeyError, TypeError):
        mine, found, made, there = [], {}, {}, False
    else:
        there = True
    code = [cell for cell in handed_out if cell["cell_type"] == "code"]
    done = Done(there=there, cells=len(code), ran=min(len(code), _ran(mine)))
    for cell in code:
        given = _definitions([cell])
        if any(is_open(node) for node in given.values()) or BLANK in _tags(cell):
            done.blanks[", ".join(given)] = all(
                key in found and not is_open(found[key]) and ast.dump(found[key]) != ast.dump(node)
                for key, node in given.items()
            )
        for what, guess in _guesses([cell]).items():
            if is_open(guess):
                done.guesses[what] = what in made and not is_open(made[what])
    return done


def _folder_here() -> Path:
    """Return the reader's copy that the running notebook belongs to, or the usual one."""
    here = Path.cwd()
    copies = [folder for folder in (here, *here.parents) if (folder / MANIFEST).exists()]
    return copies[0] if copies else default_folder()


def _tags(cell: dict[str, Any]) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])


def _ran(cells: list[dict[str, Any]]) -> int:
    return sum(cell.get("execution_count") is not None for cell in cells)


def _parsed(cells: list[dict[str, Any]]) -> list[ast.Module]:
    """Return the cells that are Python; one with a slip in it is not done."""
    found = []
    for cell in cells:
        try:
            found.append(ast.parse("".join(cell["source"])))
        except (SyntaxError, ValueError):
            continue
    return found


def _definitions(cells: list[dict[str, Any]]) -> dict[str, ast.stmt]:
    """Return {name: definition} of the functions and classes; of two of a name the last."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {
        node.name: node for tree in _parsed(cells) for node in tree.body if isinstance(node, kinds)
    }


def _guesses(cells: list[dict[str, Any]]) -> dict[str, ast.expr]:
    return {what: guess for tree in _parsed(cells) for what, guess in guesses(tree)}
