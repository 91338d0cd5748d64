"""Every pair of code blocks in PYTORCH_MIGRATION.md runs, and both sides print the same."""

import contextlib
import io
import os
import re
import subprocess
import sys

import pytest

from course_utils.resources import HOME

TEXT = (HOME / "PYTORCH_MIGRATION.md").read_text(encoding="utf-8")
PAIRS = re.findall(
    r"^Before, (NumPy|TensorFlow):\n\n```python\n(.+?)^```\n\nAfter,"
    r" PyTorch:\n\n```python\n(.+?)^```",
    TEXT,
    re.DOTALL | re.MULTILINE,
)


def tensorflow_python():
    """Return a Python that has TensorFlow, or None.

    The course does not need it; it is what this page leads away from.
    """
    for candidate in ("bin/python", "Scripts/python.exe"):
        if (HOME / "tensorflow_env" / candidate).exists():
            return str(HOME / "tensorflow_env" / candidate)
    return None


def run_here(blocks):
    """Run each block by itself in this process, where torch is loaded; return what each printed."""
    printed = []
    for block in blocks:
        with contextlib.redirect_stdout(io.StringIO()) as text:
            exec(block, {})
        printed.append(text.getvalue())
    return printed


def run(python, blocks):
    """Run each block by itself in one process of another Python (TensorFlow starts slowly); return
    what each printed.
    """
    code = "import sys\n" + "".join(
        f"exec({block!r}, {{}})\nprint('-- end of block --')\n" for block in blocks
    )
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [python, "-W", "ignore", "-c", code],
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("-- end of block --\n")[:-1]


def test_every_code_block_belongs_to_a_pair():
    assert len(PAIRS) >= 10
    assert TEXT.count("```python") == 2 * len(PAIRS)


def test_numpy_and_pytorch_print_the_same():
    numpy_pairs = [(before, after) for kind, before, after in PAIRS if kind == "NumPy"]
    before, after = map(run_here, zip(*numpy_pairs))
    assert all(before) and before == after


TENSORFLOW_PAIRS = [(before, after) for kind, before, after in PAIRS if kind == "TensorFlow"]


@pytest.fixture(scope="module")
def pytorchs_side():
    return run_here([after for _, after in TENSORFLOW_PAIRS])


def test_pytorchs_side_of_the_tensorflow_pairs_runs(pytorchs_side):
    assert pytorchs_side and all(pytorchs_side)


@pytest.mark.part("keras")
def test_tensorflow_and_pytorch_print_the_same(pytorchs_side):
    python = tensorflow_python()
    has_small_build = sys.platform == "linux" and sys.version_info < (3, 14)
    if python is None and not (os.environ.get("CI") and has_small_build):
        pytest.skip(
            "only PyTorch's side was run: TensorFlow is no part of the course. To run the other"
            " side: python3 -m venv tensorflow_env && tensorflow_env/bin/pip install tensorflow-cpu"
        )
    assert python, "in CI tensorflow_env/ must be there"
    assert run(python, [before for before, _ in TENSORFLOW_PAIRS]) == pytorchs_side
