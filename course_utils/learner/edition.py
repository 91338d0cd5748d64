"""The learner's edition: which files it holds, and what stands in them.

It has the course's folders: every notebook in the learner's form (course_utils.learner.blanks), and
beside them the scripts and what else the notebooks' text leads to, the solutions among it, as they
are. course_utils.learner.workspace lays it into a folder; ``python -m course_utils edition`` calls
that.
"""

import json
import re
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from course_utils.contents import contents
from course_utils.learner.blanks import learners_notebook
from course_utils.resources import HOME

FIRST = "notebooks/Start_Here.ipynb"
_LINK = re.compile(r"\]\(([^)\s#]+)|src=\"([^\"]+)\"")


def notebooks() -> list[str]:
    """Return the files of the edition's notebooks, in the order in which they are read."""
    pages = [f"{page.name}.ipynb" for page in contents().pages]
    found = [name for name in pages if name == FIRST]
    for each in contents().rounds:
        found += [f"{name}.ipynb" for pair in each.pairs for name in (pair.name, pair.twin)]
        found += [f"{page.name}.ipynb" for page in (each.exercises or ())[:1]]
    return found + [name for name in pages if name != FIRST]


def find_notebook(name: str) -> str:
    """Return the file of the notebook that ``name`` names: "Round1_Gradient", with its folder or
    without, with ``.ipynb`` or without.

    Raises ValueError for one that the edition does not hold.
    """
    wanted = name.replace("\\", "/").removesuffix(".ipynb")
    for each in notebooks():
        if wanted in (each.removesuffix(".ipynb"), PurePosixPath(each).stem):
            return each
    known = ", ".join(PurePosixPath(each).stem for each in notebooks())
    raise ValueError(f"the course has no notebook {name!r} for learners; it has {known}")


def learners(name: str) -> dict[str, Any]:
    """Return the learner's form of the course's notebook ``name``."""
    path = HOME / name
    return _learners(path, path.stat().st_mtime_ns)


@cache
def _learners(path: Path, _: int) -> dict[str, Any]:
    try:
        return learners_notebook(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from None


def content(name: str) -> bytes:
    """Return what the edition's file ``name`` holds when it is handed out."""
    if name not in notebooks():  # what is there to be read, the solutions among it
        return (HOME / name).read_bytes()
    notebook = learners(name)
    cells = [cell | {"source": cell["source"].splitlines(True)} for cell in notebook["cells"]]
    text = json.dumps(notebook | {"cells": cells}, ensure_ascii=False, indent=1, sort_keys=True)
    return f"{text}\n".encode()


def files() -> list[str]:
    """Return the names of the edition's files: notebooks, scripts, what the text leads to."""
    found = notebooks() + [name for each in contents().rounds for name in each.scripts]
    for name in notebooks():
        text = "\n".join(
            cell["source"] for cell in learners(name)["cells"] if cell["cell_type"] == "markdown"
        )
        for link in ("".join(pair) for pair in _LINK.findall(text)):
            path, home = ((HOME / name).parent / link).resolve(), HOME.resolve()
            to_read = path.suffix != ".ipynb" or path.parent.name == "solutions"
            if to_read and path.is_relative_to(home) and path.is_file():
                found.append(path.relative_to(home).as_posix())
    return list(dict.fromkeys(found))


def digest(name: str, data: bytes) -> str:
    """Return what tells the contents of a file from others.

    Of a notebook only what stands in its cells counts: outputs, metadata and empty cells change
    when it is run and saved.
    """
    if name.endswith(".ipynb"):
        try:
            cells = [
                [cell["cell_type"], source]
                for cell in json.loads(data)["cells"]
                if (source := "".join(cell["source"])).strip()
            ]
            data = json.dumps(cells).encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # not a notebook, or a damaged one: it equals none that was handed out
    return sha256(data).hexdigest()
