"""The proof itself must be able to fail: each way to break a notebook turns it red."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from prove import ROOT, code_cells, prove

from course_utils.twins import TORCH_SUFFIX, compare_records


def notebook(path, *sources):
    """Write an executed notebook of these code cells."""
    from nbclient import NotebookClient

    path.parent.mkdir(exist_ok=True)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(book, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(book, path)


@pytest.fixture(scope="module")
def mini_course(tmp_path_factory):
    """A pair of two cells each, under a path with a space, small enough to be proved in seconds."""
    root = tmp_path_factory.mktemp("a mini course")
    start = "from course_utils import Twin\ntwin = Twin('Round1_Mini{}')"
    notebook(root / "Round1" / "Round1_Mini.ipynb", start.format(""), "twin.check('two', 2.0)\nprint('two')")
    notebook(root / "Round1" / "Round1_Mini-PyTorch.ipynb", start.format(TORCH_SUFFIX), "twin.check('two', 2.0)\nprint('two')")
    return root


def edit(path, old, new):
    """Replace ``old`` by ``new`` in the code cells of a notebook's file; the stored outputs stay."""
    book = nbformat.read(path, as_version=4)
    changed = 0
    for cell in book.cells:
        if cell.cell_type == "code" and old in cell.source:
            cell.source, changed = cell.source.replace(old, new), changed + 1
    assert changed, f"{old!r} stands nowhere in {path.name}: this test would change nothing"
    nbformat.write(book, path)


def prove_mini(root):
    return prove(root, pairs=["Round1/Round1_Mini"], alone=[])


def test_a_whole_course_is_proved(mini_course):
    proof = prove_mini(mini_course)
    assert proof.problems == []
    assert (proof.notebooks, proof.cells, proof.pairs, len(proof.differences)) == (2, 4, 1, 1)
    assert "pairs, NumPy = PyTorch   1" in proof.summary() and "NOT PROVED" not in proof.summary()


BREAKS = {
    "a notebook deleted": (lambda r: (r / "Round1" / "Round1_Mini-PyTorch.ipynb").unlink(), "Round1_Mini-PyTorch.ipynb is missing"),
    "a checkpoint deleted": (lambda r: edit(r / "Round1" / "Round1_Mini-PyTorch.ipynb", "twin.check('two', 2.0)\n", ""), "no record"),
    "an output changed": (lambda r: edit(r / "Round1" / "Round1_Mini.ipynb", "print('two')", "print('too')"), "3 of 4 cells"),
    "a value changed beyond what the line shows": (
        lambda r: edit(r / "Round1" / "Round1_Mini-PyTorch.ipynb", "2.0", "2.000000001"), "'two' differs by 5.0e-10"),
    "a cell that raises": (lambda r: edit(r / "Round1" / "Round1_Mini.ipynb", "print('two')", "1 / 0"), "3 of 4 cells"),
    "a notebook nobody listed": (
        lambda r: (r / "Round1" / "Extra.ipynb").write_text(json.dumps({"cells": []})), "Extra.ipynb is not listed"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_each_break_turns_the_proof_red(mini_course, tmp_path, name, capsys):
    root = tmp_path / "broken course"
    shutil.copytree(mini_course, root)
    damage, words = BREAKS[name]
    damage(root)
    proof = prove_mini(root)
    assert any(words in problem for problem in proof.problems), proof.problems
    assert "NOT PROVED" in proof.summary()


# --- the real notebooks, mutated ------------------------------------------------------------------------------------


def record(path, folder, **env):
    """Run a notebook's cells as a script and return its record; what it prints does not matter here."""
    runner = ROOT / "tests" / "run_cells.py"
    subprocess.run(
        [sys.executable, str(runner), str(path)], env=os.environ | {"COURSE_RECORD_DIR": str(folder)} | env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return folder / f"{path.stem}.jsonl"


@pytest.fixture(scope="module")
def fresh_records(tmp_path_factory):
    """Fresh records of a notebook as it stands, made once."""
    folder, made = tmp_path_factory.mktemp("records"), {}

    def get(name):
        if name not in made:
            made[name] = record(ROOT / f"{name}.ipynb", folder)
        return made[name]

    return get


#: (the mistake, the notebook, what stands there, what the mistake makes of it)
MUTATIONS = [  # fmt: skip
    ("a sign flipped", "Round1/Round1_Gradient", "return 2 * np.mean((w * x - y) * x)", "return -2 * np.mean((w * x - y) * x)"),
    ("a factor 2 dropped", "Round1/Round1_Gradient", "return 2 * np.mean((w * x - y) * x)", "return np.mean((w * x - y) * x)"),
    ("a mean made a sum", "Round1/Round1_Gradient", "return np.mean((w * x - y) ** 2)", "return np.sum((w * x - y) ** 2)"),
    ("a mean made a sum", "Round1/Round1_Gradient-PyTorch", "return torch.mean((w * x - y) ** 2)", "return torch.sum((w * x - y) ** 2)"),
    ("a checkpoint deleted", "Round1/Round1_Gradient-PyTorch", 'twin.check("loss curve", curve)', ""),
    ("a sign flipped", "Round2/Round2_SGD", "gradient = 2 / len(y) * X.T @ error", "gradient = -2 / len(y) * X.T @ error"),
    ("a factor 2 dropped", "Round2/Round2_SGD", "gradient = 2 / len(y) * X.T @ error", "gradient = 1 / len(y) * X.T @ error"),
    ("a mean made a sum", "Round2/Round2_SGD", "gradient = 2 / len(y) * X.T @ error", "gradient = 2 * X.T @ error"),
    ("a batch order changed", "Round2/Round2_SGD", "order = rng.permutation(len(y))", "order = np.arange(len(y))"),
    ("a batch order changed", "Round2/Round2_SGD-PyTorch", "make_loader(X, y, batch_size, rng=rng)", "make_loader(X, y, batch_size)"),
    ("zero_grad removed", "Round2/Round2_SGD-PyTorch", "            optimizer.zero_grad()\n", ""),
    ("a checkpoint deleted", "Round2/Round2_SGD", 'twin.check("gradient noise by batch size", noise)', ""),
    ("a wave cut off early", "Round3/Round3_Schedules", "np.cos(np.pi * k / steps)", "np.cos(np.pi * k / (steps + 1))"),
    ("a mean made a sum", "Round4/Round4_Training", "error.T @ X / len(y)", "error.T @ X"),
]


@pytest.mark.parametrize("mistake, name, old, new", MUTATIONS, ids=[f"{m[0]} in {m[1].split('/')[1]}" for m in MUTATIONS])
def test_a_mistake_in_the_real_notebooks_turns_the_proof_red(fresh_records, tmp_path, mistake, name, old, new):
    shutil.copytree((ROOT / name).parent, tmp_path / "round")  # with the scripts that stand beside the notebook
    mutant = tmp_path / "round" / f"{name.split('/')[1]}.ipynb"
    edit(mutant, old, new)
    mine = record(mutant, tmp_path)
    other = fresh_records(name.removesuffix(TORCH_SUFFIX) if name.endswith(TORCH_SUFFIX) else name + TORCH_SUFFIX)
    pair = (other, mine) if name.endswith(TORCH_SUFFIX) else (mine, other)
    assert compare_records(*pair)[1], f"{mistake} was not noticed"


@pytest.mark.parametrize("name", sorted({m[1].removesuffix(TORCH_SUFFIX) for m in MUTATIONS}))
def test_unchanged_the_same_comparison_is_green(fresh_records, name):
    differences, problems = compare_records(fresh_records(name), fresh_records(name + TORCH_SUFFIX))
    assert problems == [] and len(differences) > 5
    assert code_cells(ROOT / f"{name}.ipynb")
