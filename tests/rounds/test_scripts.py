"""Round 2's two scripts: their gradient steps keep the contract, they print the same lines, and
they are the notebooks' code.
"""

import ast
import importlib.util
import json
import os
import runpy
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from course_utils import load_regression
from course_utils.resources import HOME

NUMPY_SCRIPT = HOME / "Round2" / "Gradient-Based-Learning.py"
TORCH_SCRIPT = HOME / "Round2" / "Gradient-Based-Learning-PyTorch.py"
SCRIPTS = (NUMPY_SCRIPT, TORCH_SCRIPT)


@cache
def module(path):
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def step_of(path):
    return getattr(
        module(path), "gradient_step_pytorch" if path == TORCH_SCRIPT else "gradient_step"
    )


@pytest.fixture(params=SCRIPTS, ids=["NumPy", "PyTorch"])
def script(request):
    return request.param


@pytest.fixture
def step(script):
    return step_of(script)


# --- the gradient step ----------------------------------------------------------------------------


def test_one_step_by_hand(step):
    # error = (0 - 2, 0 - 4), gradient = 2/2 · (1·(-2) + 2·(-4)) = -10, MSE = (4 + 16) / 2
    weight, mse = step([[1.0], [2.0]], [2.0, 4.0], [0.0], 0.1)
    assert weight.tolist() == [1.0] and mse == 10.0 and type(mse) is float


def test_the_gradient_is_the_slope_of_the_mse(step):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=3)
    gradient = weight - step(X, y, weight, 1.0)[0]
    h = 1e-6
    for j in range(3):
        move = h * np.eye(3)[j]
        slope = (step(X, y, weight + move, 1.0)[1] - step(X, y, weight - move, 1.0)[1]) / (2 * h)
        assert gradient[j] == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize("weight_shape", [(3,), (3, 1)])
@pytest.mark.parametrize("y_shape", [(7,), (7, 1)])
def test_columns_are_as_good_as_rows_and_nothing_is_changed(step, weight_shape, y_shape):
    rng = np.random.default_rng(1)
    X, y, weight = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=3)
    expected, expected_mse = step(X, y, weight, 0.3)
    arguments = X, y.reshape(y_shape), weight.reshape(weight_shape)
    before = [array.copy() for array in arguments]
    for array in arguments:
        array.flags.writeable = False
    new, mse = step(*arguments, 0.3)
    assert isinstance(new, np.ndarray) and new.shape == weight_shape and new.dtype == np.float64
    assert np.array_equal(new.ravel(), expected) and mse == expected_mse
    assert all(np.array_equal(a, b) for a, b in zip(arguments, before))
    assert not np.shares_memory(new, arguments[2])


def test_both_scripts_take_the_same_step():
    X, y = load_regression(4)
    weight, mse = step_of(NUMPY_SCRIPT)(X, y, np.ones(4), 0.1)
    torch_weight, torch_mse = step_of(TORCH_SCRIPT)(X, y, np.ones(4), 0.1)
    assert torch_weight == pytest.approx(weight, rel=1e-12) and torch_mse == pytest.approx(
        mse, rel=1e-12
    )


@pytest.mark.parametrize(
    ("X", "y", "weight", "named"),
    [
        (np.ones((3, 2)), np.ones(4), np.ones(2), ["(3, 2)", "(4,)", "(2,)"]),
        (np.ones((3, 2)), np.ones(3), np.ones(3), ["(3, 2)", "(3,)"]),
        (np.ones(3), np.ones(3), np.ones(1), ["(3,)", "(1,)"]),
        (np.ones((0, 2)), np.ones(0), np.ones(2), ["(0, 2)", "(0,)"]),
        (np.full((3, 2), np.nan), np.ones(3), np.ones(2), ["X", "NaN", "(3, 2)"]),
        (np.ones((3, 2)), np.array([1, np.nan, 1]), np.ones(2), ["y", "NaN", "(3,)"]),
        (np.ones((3, 2)), np.ones(3), np.array([np.inf, 0]), ["weight", "infinite", "(2,)"]),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(step, X, y, weight, named):
    with pytest.raises(ValueError) as error:
        step(X, y, weight, 0.1)
    assert all(part in str(error.value) for part in named)


# --- the loops ------------------------------------------------------------------------------------


def test_descent_records_the_start_and_every_step(script):
    X, y = load_regression(1)
    weights, losses = module(script).gradient_descent(X, y, np.zeros(1), 0.1, 3)
    assert weights.shape == (4, 1) and losses.shape == (4,)
    best = np.mean(X[:, 0] * y) / np.mean(X**2)
    # 1 - ηL = 1 - 0.1 · 2.
    assert weights[:, 0] == pytest.approx(best - best * 0.8 ** np.arange(4), rel=1e-12)
    assert losses == pytest.approx(np.mean((X @ weights.T - y[:, None]) ** 2, axis=0), rel=1e-12)
    weights, losses = module(script).gradient_descent(X, y, np.zeros(1), 0.1, 0)
    assert weights.tolist() == [[0.0]] and len(losses) == 1


@pytest.mark.parametrize("batch_size", [1, 10, 30, 100, 500])
def test_mini_batches_are_the_same_in_both(batch_size):
    X, y = load_regression(4)
    paths = [
        module(path).minibatch_descent(
            X, y, np.zeros(4), 0.02, 2, batch_size, np.random.default_rng(5)
        )
        for path in SCRIPTS
    ]
    assert len(paths[0]) == 1 + 2 * -(-100 // batch_size)
    assert paths[1] == pytest.approx(paths[0], rel=1e-12)


def test_a_mini_batch_step_is_a_gradient_step_on_the_next_rows_of_the_permutation(script):
    X, y = load_regression(4)
    order = np.random.default_rng(5).permutation(100)
    weights = module(script).minibatch_descent(
        X, y, np.zeros(4), 0.02, 1, 30, np.random.default_rng(5)
    )
    for k, rows in enumerate((order[:30], order[30:60], order[60:90], order[90:])):
        expected, _ = step_of(script)(X[rows], y[rows], weights[k], 0.02)
        assert weights[k + 1] == pytest.approx(expected, rel=1e-12)


# --- the command line -----------------------------------------------------------------------------


def shell(path, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, path, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def in_process(path, capsys, monkeypatch, *arguments):
    """Run the script's command line here and return its lines; a new process would import torch
    each time.
    """
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.setattr(sys, "argv", [path.name, *arguments])
    from script_support import run

    run(
        "PyTorch" if path == TORCH_SCRIPT else "NumPy",
        module(path).gradient_descent,
        module(path).minibatch_descent,
    )
    return capsys.readouterr().out.splitlines()


def as_a_program(path, capsys, monkeypatch, *arguments):
    """Run the file itself, as Python does with a program, but here, where torch is loaded; return
    what it said.
    """
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_as_programs_the_two_differ_in_the_library_s_name_alone(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    a, b = (
        as_a_program(path, capsys, monkeypatch, "--epochs", "3").splitlines() for path in SCRIPTS
    )
    assert (
        a[0] == "Gradient-Based Learning with NumPy"
        and b[0] == "Gradient-Based Learning with PyTorch"
    )
    assert a[1:] == b[1:] and len(a) > 25 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")]
)
def test_the_plot_is_written(suffix, magic, tmp_path, capsys, monkeypatch):
    in_process(
        NUMPY_SCRIPT,
        capsys,
        monkeypatch,
        "--epochs",
        "2",
        "--plot",
        str(tmp_path / f"loss{suffix}"),
    )
    assert (tmp_path / f"loss{suffix}").read_bytes().startswith(magic)


def test_bad_values_end_a_shell_s_run_with_status_2():
    result = shell(NUMPY_SCRIPT, "--lrate", "nan")
    assert result.returncode == 2 and result.stdout == ""
    assert "--lrate: must be a finite number above 0, not nan" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lrate", "0"], "--lrate: must be a finite number above 0, not 0"),
        (["--lrate", "-0.1"], "--lrate: must be a finite number above 0, not -0.1"),
        (["--lrate", "inf"], "--lrate: must be a finite number above 0, not inf"),
        (["--lrate", "fast"], "--lrate: 'fast' is not a number"),
        (["--epochs", "-1"], "--epochs: must be at least 0, not -1"),
        (["--epochs", "2.5"], "--epochs: '2.5' is not a whole number"),
        (["--batch-size", "0"], "--batch-size: must be at least 1, not 0"),
        (["--batch-size", "10", "all"], "--batch-size: 'all' is not a whole number"),
        (["--plot", "loss.txt"], "--plot: 'loss.txt' must end in .png, .pdf or .svg"),
        (["--plot", "no/such/folder/loss.png"], "--plot: there is no folder"),
        (["--epochs", "1", "--plot", "{folder}/taken.png"], "--plot: cannot write"),
        (["--momentum", "0.9"], "unrecognized arguments: --momentum 0.9"),
    ],
)
def test_bad_values_are_answered_clearly(script, arguments, message, tmp_path, capsys, monkeypatch):
    (tmp_path / "taken.png").mkdir()  # a folder stands where the picture should go
    with pytest.raises(SystemExit) as end:
        in_process(
            script, capsys, monkeypatch, *(part.format(folder=tmp_path) for part in arguments)
        )
    captured = capsys.readouterr()
    assert end.value.code == 2 and message in captured.err and captured.out == ""


def test_help_names_every_option(script, capsys, monkeypatch):
    with pytest.raises(SystemExit) as end:
        in_process(script, capsys, monkeypatch, "--help")
    told = capsys.readouterr().out
    assert end.value.code == 0
    assert all(
        option in told for option in ("--epochs", "--lrate", "--batch-size", "--plot", "--help")
    )


@pytest.mark.parametrize("lrate", ["3", "1e308"])
def test_a_diverging_rate_is_told_in_words(script, lrate, capsys, monkeypatch, recwarn):
    lines = in_process(script, capsys, monkeypatch, "--lrate", lrate, "--epochs", "30")
    assert sum("diverges: choose a smaller learning rate" in line for line in lines) == 5
    assert not any(word in line for line in lines for word in ("nan", " inf"))
    assert not [str(warning.message) for warning in recwarn]


def test_no_epochs_leave_everything_where_it_starts(script, capsys, monkeypatch):
    lines = in_process(script, capsys, monkeypatch, "--epochs", "0")
    assert "  loss at the end                     1.00000" in lines
    assert "  batch size   10   steps      0   loss 1.00000" in lines


def test_a_batch_larger_than_the_data_is_the_data(script, capsys, monkeypatch):
    lines = in_process(script, capsys, monkeypatch, "--epochs", "2", "--batch-size", "100", "500")
    hundred, more = (line.split("loss ")[1] for line in lines[-2:])
    assert more == f"{hundred}   (only 100 examples: one batch holds all)"


# --- script and notebooks say the same ------------------------------------------------------------


def definitions(source):
    """Return ``{name: the definition's code}`` for the functions and classes at the top level of
    ``source``.

    Docstrings do not count: a script's says what a notebook says in the prose around it.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return {
        node.name: ast.dump(node)
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }


def drift(script_source, cells):
    """Return ``(the names that cells and script both define, those of them that differ)``."""
    expected = definitions(script_source)
    shared, different = set(), set()
    for cell in cells:
        for name, code in definitions(cell).items():
            if name in expected:
                shared.add(name)
                if code != expected[name]:
                    different.add(name)
    return shared, different


def code_of(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


# Stubs differ.
NOTEBOOKS = [
    path for path in sorted(HOME.glob("Round*/Round*.ipynb")) if "_Exercises" not in path.stem
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_define_the_functions_as_the_scripts_do(path):
    torch_side = path.stem.endswith("-PyTorch")
    shared, different = drift(
        (TORCH_SCRIPT if torch_side else NUMPY_SCRIPT).read_text(encoding="utf-8"), code_of(path)
    )
    # Later rounds may build loops of their own under these names.
    if path.parent.name not in ("Round1", "Round2"):
        different &= {"gradient_step", "gradient_step_pytorch"}
    assert not different, (
        f"{path.name} and the script of Round 2 define these differently: {sorted(different)}"
    )
    if path.stem.startswith("Round2_SGD"):
        step = "gradient_step_pytorch" if torch_side else "gradient_step"
        assert {step, "gradient_descent"} <= shared


@pytest.mark.parametrize("ending", ["", "-PyTorch"], ids=["NumPy", "PyTorch"])
def test_what_a_script_defines_stands_in_its_round_s_notebooks(ending):
    script = (TORCH_SCRIPT if ending else NUMPY_SCRIPT).read_text(encoding="utf-8")
    pairs = [HOME / "Round2" / f"Round2_{topic}{ending}.ipynb" for topic in ("SGD", "Noise")]
    shared = set().union(*(drift(script, code_of(path))[0] for path in pairs))
    assert shared == set(definitions(script))


def test_drift_is_noticed():
    source = NUMPY_SCRIPT.read_text(encoding="utf-8")
    same = ast.unparse(ast.parse(source).body[3])
    assert same.startswith("def gradient_step(")
    assert drift(source, [same, "weight = 1"]) == ({"gradient_step"}, set())
    assert drift(source, [same.replace("2 / len(y)", "1 / len(y)")]) == (
        {"gradient_step"},
        {"gradient_step"},
    )
