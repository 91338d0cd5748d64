"""What README.md and Start_Here say of the whole course, from course.toml and the notebooks:
``python -m course_utils refresh README`` writes it.
"""

import json
import os

import prose
from prove import THE_COURSE

from course_utils.checkpoints import stored_checkpoints
from course_utils.contents import contents
from course_utils.notebooks import FIGURE, WIDGET, read_notebook
from course_utils.resources import HOME

MARK = "<!-- the course in {}, written by: python -m course_utils refresh README -->\n"
END = "<!-- end -->"
START_HERE = "notebooks/Start_Here.ipynb"


def course_in_numbers():
    """Return what the proof compares, counted in the notebooks as they are stored."""
    names = THE_COURSE.names()
    cells = {name: read_notebook(THE_COURSE.path(name)) for name in names}
    code = [
        cell
        for name in names
        for cell in cells[name]
        if cell.kind == "code" and cell.source.strip()
    ]
    rows = {
        "notebooks": len(names),
        "cells whose output is compared": sum(
            "NBVAL_IGNORE_OUTPUT" not in cell.source for cell in code
        ),
        "pairs, NumPy = PyTorch": len(THE_COURSE.pairs),
        "checkpoints of a pair compared": sum(
            len(stored_checkpoints(THE_COURSE.path(name))) for name in THE_COURSE.pairs
        ),
        "figures and labs": sum(
            FIGURE in o.get("metadata", {}) or WIDGET in o.get("data", {})
            for c in code
            for o in c.outputs
        ),
        "numbers in the prose": prose.check_course(cells, whole=False, listed=()).held,
    }
    return (
        "\n".join(
            [
                "| compared in each proof | |",
                "|---|---|",
                *(f"| {what} | {number:,} |" for what, number in rows.items()),
            ]
        )
        + "\n"
    )


def course_map(words, above=""):
    """Return the map of the course as a table.

    words: "about" or "question", what it says of each notebook. above: the way from the page to the
    course's folder.
    """
    rows = ["| round | what it is about | by hand in NumPy | in PyTorch |", "|---|---|---|---|"]
    for each in contents().rounds:
        heading = f"{each.number} {each.title}"
        if words == "about":
            heading += f": {each.question}"
        for pair in each.pairs:
            said = pair.about if words == "about" else pair.question or each.question
            rows.append(_row(heading, said, above, NumPy=pair.name, PyTorch=pair.twin))
            heading = ""
        if each.exercises:
            to_solve, solved = each.exercises
            rows.append(
                _row("", to_solve.about, above, exercises=to_solve.name, solutions=solved.name)
            )
    return "\n".join(rows) + "\n"


def _row(heading, said, above, **links):
    cells = [f"[{word}]({above}{name}.ipynb)" for word, name in links.items()]
    return f"| {' | '.join([heading, said, *cells])} |"


def written(text, what, block):
    """Return a page's text with the block between its marks written anew."""
    mark = MARK.format(what)
    head, found, rest = text.partition(mark)
    return head + mark + block + END + rest.partition(END)[2] if found else text


def refresh():
    """Write README.md and Start_Here anew; return the names of those that this changed."""
    changed = []
    readme = HOME / "README.md"
    before = readme.read_text(encoding="utf-8")
    after = written(before, "numbers", course_in_numbers())
    after = written(after, "one map", course_map("about"))
    if after != before:
        write_whole(readme, after.encode())
        changed.append(readme.name)
    path = HOME / START_HERE
    before = path.read_text(encoding="utf-8")
    book = json.loads(before)
    for cell in book["cells"]:
        text = "".join(cell["source"])
        cell["source"] = written(text, "one map", course_map("question", "../")).splitlines(
            keepends=True
        )
    after = json.dumps(book, ensure_ascii=False, indent=1) + "\n"
    if after != before:
        write_whole(path, after.encode())
        changed.append(path.name)
    return changed


def write_whole(path, content):
    """Write ``content`` to ``path`` whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)
