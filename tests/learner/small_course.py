"""A small course, made up for the tests, and a folder for a learner's copy of it."""

import json
from pathlib import Path

TOML = """
title = "T"

[[page]]
notebook = "notebooks/Start_Here"
about = "a"
minutes = [1, 1]

[[page]]
notebook = "notebooks/Table"
about = "a"
minutes = [1, 1]

[[round]]
number = 1
title = "R"
question = "why?"
scripts = ["walk.py"]

[round.exercises]
about = "a"
minutes = [1, 1]

[[round.pair]]
notebook = "Round1_Down"
about = "a"
minutes = [1, 1]
"""
LOSS = '''def loss(weight):
    """The loss."""
    error = weight - 1
    return error**2


loss = blank("1.loss", loss)'''
DOWN = [
    (
        "markdown",
        "# Down\n\n![](hill.png), [the data](../Dataset/README.md), [out](../../x.txt)",
        {},
    ),
    ("code", "from course_utils import blank, guess\n", {"tags": ["setup"]}),
    ("code", LOSS, {"tags": ["blank", "define", "same"], "blank": "last", "numbers": {"1": "x"}}),
    ("code", 'guess("the loss", 3.2)', {"tags": ["guess"]}),
    ("code", "lab(loss, marks=True)", {"tags": ["marks"]}),
    ("code", "print(loss(2))", {"differ": {"a": "b"}}),
]


def notebook(cells):
    """Return the JSON of a proved notebook of (kind, source, metadata)."""
    made = []
    for number, (kind, source, metadata) in enumerate(cells):
        cell = {"cell_type": kind, "id": f"c{number}", "metadata": metadata}
        cell["source"] = source.splitlines(keepends=True)
        if kind == "code":
            shown = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
            cell |= {"execution_count": number, "outputs": [shown]}
        made.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    told = {"kernelspec": kernel, "language_info": {"name": "python", "version": "3.12"}}
    return {"cells": made, "metadata": told, "nbformat": 4, "nbformat_minor": 5}


class Course:
    """The course's folder ``home`` and the learner's ``mine``."""

    def __init__(self, folder: Path):
        self.home, self.mine = folder / "course", folder / "my own"
        for name, text in (
            ("course.toml", TOML),
            ("Round1/walk.py", "print('walk')\n"),
            ("Round1/hill.png", "a picture"),
            ("Round1/unlinked.txt", "?"),
            ("Dataset/README.md", "the data"),
        ):
            self.write(self.home / name, text)
        self.change("Round1/Round1_Down.ipynb", DOWN)
        for name in ("Round1_Down-PyTorch", "Round1_Exercises", "solutions/Round1_Solutions"):
            self.change(f"Round1/{name}.ipynb", [("code", "x = 1", {})])
        for name in ("Start_Here", "Table"):
            self.change(f"notebooks/{name}.ipynb", [("markdown", f"# {name}", {})])
        (folder / "x.txt").write_text("not the course's")

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name, cells):
        self.write(self.home / name, json.dumps(notebook(cells)))

    def sources(self, name):
        """Return the sources of a notebook of the learner's."""
        cells = json.loads((self.mine / name).read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells]

    def edit(self, name, **changes):
        """Change the learner's notebook as Jupyter would: the cell c2 by ``c2="its source"``."""
        path = self.mine / name
        book = json.loads(path.read_text(encoding="utf-8"))
        for cell in book["cells"]:
            cell["source"] = changes.get(cell["id"], cell["source"])
        self.write(path, json.dumps(book))

    def run(self, name):
        """Run and save the learner's notebook: outputs and metadata come, and an empty cell."""
        path = self.mine / name
        book = json.loads(path.read_text(encoding="utf-8"))
        book["metadata"]["language_info"]["version"] = "3.99"
        book["cells"].append({"cell_type": "code", "id": "new", "metadata": {}, "source": []})
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                shown = {"output_type": "stream", "name": "stdout", "text": ["mine\n"]}
                cell |= {"execution_count": 7, "outputs": [shown]}
                cell["metadata"]["trusted"] = True
        self.write(path, json.dumps(book))
