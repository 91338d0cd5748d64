"""The whole edition at work: with every blank open a notebook runs to its end, and filled in it
shows what the proved one shows.
"""

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils.contents import contents
from course_utils.learner.workspace import update
from course_utils.notebooks import read_notebook
from course_utils.resources import HOME

WITH_BLANKS = [
    pair
    for pair in contents().pairs()
    if any("blank" in cell.tags for cell in read_notebook(HOME / f"{pair.name}.ipynb"))
]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A copy of the course, whose kernels paint no pictures: their text is compared."""
    update(tmp_path)
    monkeypatch.setenv("COURSE_NO_PICTURES", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def run(path):
    """Execute the notebook at ``path`` and save it, as a learner would; return its code cells."""
    book = nbformat.read(path, 4)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": path.parent}}).execute()
    nbformat.write(book, path)
    return [cell for cell in book.cells if cell.cell_type == "code"]


def fill(path, proved):
    """Write into the notebook at ``path`` what stands in the cells of the proved one."""
    book, sources = nbformat.read(path, 4), {cell.id: cell.source for cell in proved.cells}
    for cell in book.cells:
        cell.source = sources[cell.id]
    nbformat.write(book, path)


def told(outputs):
    """Return what outputs say in words. A stream may come in pieces, cut anywhere."""
    texts = [o["text"] if "text" in o else f"{o['data'].get('text/plain', '')}\n" for o in outputs]
    return "".join(texts)


@pytest.mark.part("edition")
@pytest.mark.parametrize("pair", WITH_BLANKS, ids=lambda pair: pair.name)
def test_with_every_blank_open_a_pair_runs_to_its_end_and_its_numbers_agree(mine, pair):
    for name in (pair.name, pair.twin):
        cells = run(mine / f"{name}.ipynb")
        blanks = [cell for cell in cells if "blank" in cell.metadata.get("tags", [])]
        assert blanks or name == pair.twin  # two of Round 3's twins have none
        for cell in blanks:
            assert "stands in for it" in told(cell.outputs), f"{name}: {cell.source}"
        lines = "".join(told(cell.outputs) for cell in cells)
        assert "your NumPy notebook has" not in lines
    assert "equals your NumPy notebook's" in lines


@pytest.mark.part("edition")
@pytest.mark.parametrize("pair", WITH_BLANKS, ids=lambda pair: pair.name)
def test_filled_in_a_pair_shows_what_the_proved_one_shows(mine, pair):
    for each in WITH_BLANKS:  # a later notebook uses what an earlier one defines
        for name in (each.name, each.twin):
            fill(mine / f"{name}.ipynb", nbformat.read(HOME / f"{name}.ipynb", 4))
    for name in (pair.name, pair.twin):
        path, proved = mine / f"{name}.ipynb", nbformat.read(HOME / f"{name}.ipynb", 4)
        stored = {cell.id: cell.outputs for cell in proved.cells if cell.cell_type == "code"}
        for cell in run(path):
            if "NBVAL_IGNORE_OUTPUT" in cell.source:
                continue
            shown = told(cell.outputs).replace("your NumPy notebook's", "NumPy's")
            assert shown == told(stored[cell.id]), f"{name}: {cell.source}"
