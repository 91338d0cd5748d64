"""The course as a wheel: in an environment of its own, for notebooks that lie alone in a folder."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement

from course_utils.contents import contents
from course_utils.resources import HOME

PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ALONE = [
    name
    for name in contents().notebooks()
    if name.startswith(("Round1/", "Round2/")) and not name.endswith("_Exercises")
]
# In place of torch, where there is none: an import of it ends the notebook.
NO_TORCH = "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n"
SAVE = """
import numpy as np
from course_utils import learning_rate_lab, load_regression

def step(X, y, weight, lrate):
    error = X @ weight - y
    return weight - lrate * 2 * X.T @ error / len(y), float(np.mean(error**2))

learning_rate_lab(step, *load_regression()).save_html("lab.html")
"""


def test_its_base_leaves_a_cloud_s_own_torch_alone():
    base = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert "torch" not in base and "tensorboard" not in base
    assert "torch" in {
        Requirement(line).name for line in PROJECT["optional-dependencies"]["course"]
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", folder, HOME], check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """A Python with the wheel; the other packages are those of the course's environment, the clone
    is not among them.
    """
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("[Ll]ib/**/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site)
    return next(path for path in folder.glob("*/python*") if path.stem == "python")


def run(python, arguments, folder, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.part("setup")
def test_it_holds_what_notebooks_reach_and_stays_small(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    inside = "course_utils/course/"
    for name in contents().notebooks():
        assert f"{inside}{name}.ipynb" in names
    for name in ("course.toml", "Dataset/penguins.csv", "Round4/board.py"):
        assert inside + name in names
    for name in ("lab.html", "lab.js", "lab.css"):
        assert f"course_utils/labs/front/{name}" in names
    assert not [name for name in names if name.endswith(".labs.json.gz") or "/runs/" in name]
    assert wheel.stat().st_size < 3e6
    metadata = (
        zipfile.ZipFile(wheel).read(next(n for n in names if n.endswith("/METADATA"))).decode()
    )
    assert re.search(r"^Version: ", metadata, re.M) and "# Gradient-Based Learning" in metadata


@pytest.mark.part("setup")
def test_a_lab_is_saved_as_a_page(python, tmp_path):
    done = run(python, ["-c", SAVE], tmp_path)
    assert not done.returncode, done.stderr
    assert "Learning rate, one weight" in (tmp_path / "lab.html").read_text(encoding="utf-8")


@pytest.mark.part("setup")
@pytest.mark.parametrize("name", ALONE)
def test_a_notebook_alone_in_a_folder_runs_to_its_end(python, tmp_path, name):
    alone = tmp_path / f"{name.split('/')[-1]}.ipynb"
    alone.write_bytes((HOME / f"{name}.ipynb").read_bytes())
    environment = {"PYTHONPATH": str(tmp_path / "without")} if "PyTorch" not in name else {}
    if environment and "Solutions" not in name:  # a NumPy notebook needs no torch
        (tmp_path / "without").mkdir()
        (tmp_path / "without" / "torch.py").write_text(NO_TORCH)
    done = run(python, [HOME / "tools" / "running.py", alone], tmp_path, **environment)
    assert not done.returncode, done.stderr
    assert str(HOME) not in done.stdout
    if name.endswith("-PyTorch"):
        assert "✓ equals NumPy's" in done.stdout and "run it first" not in done.stdout
