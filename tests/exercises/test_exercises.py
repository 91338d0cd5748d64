"""The checks of the exercises: they accept the solutions, and refuse wrong answers with the right
diagnosis.
"""

import ast
import copy
import linecache
import textwrap

import nbformat
import numpy as np
import pytest
import torch
from make_exercises import ROUNDS, exercises_from, paths, stub
from torch import nn

from course_utils.exercises.check import check, verdict

NAMESPACE = {"np": np, "torch": torch, "nn": nn}


def solved_cells(number):
    """Return {function's name: source} of the solved cells of a round."""
    cells = nbformat.read(paths(number)[1], 4).cells
    solved = [
        c.source
        for c in cells
        if c.cell_type == "code" and "solution" in c.metadata.get("tags", [])
    ]
    return {ast.parse(source).body[0].name: source for source in solved}


SOLVED = {f"{r}.{k}": item for r in ROUNDS for k, item in enumerate(solved_cells(r).items(), 1)}
every_exercise = pytest.mark.parametrize("number", SOLVED)


STEP = """
def gradient_step(X, y, weight, lrate):
    error = X @ weight - y
    return weight - lrate * 2 / len(y) * X.T @ error, np.mean(error**2)
"""


def define(*sources):
    """Return the last function that the sources define; the course's own gradient_step is there for
    2.2.
    """
    space = dict(NAMESPACE)
    for source in (STEP, *sources):
        source = textwrap.dedent(source)
        # As IPython does for a cell.
        linecache.cache["<learner>"] = len(source), None, source.splitlines(True), "<learner>"
        exec(compile(source, "<learner>", "exec"), space)
    return space[ast.parse(textwrap.dedent(sources[-1])).body[-1].name]


def moves_in_place(back="pass"):
    """Return an answer to 1.3 that moves the caller's own weight, and ``back`` is what it then
    does.
    """
    return f"""
        def ng(f, weight, h):
            slopes = np.zeros(len(weight))
            for j in range(len(weight)):
                weight[j] += h
                right = f(weight)
                weight[j] -= 2 * h
                slopes[j] = (right - f(weight)) / (2 * h)
                {back}
            return slopes"""


# What learners write: (exercise, what the check must say, the answer); "a|b" allows either.
WRONG = [
    ("1.1", "The mean is squared", "def mse(X, y, weight): return np.mean(X @ weight - y) ** 2"),
    ("1.1", "The errors are not squared", "def mse(X, y, weight): return np.mean(X @ weight - y)"),
    ("1.1", "absolute errors", "def mse(X, y, weight): return np.mean(np.abs(X @ weight - y))"),
    (
        "1.1",
        "the root of the MSE",
        "def mse(X, y, weight): return np.sqrt(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "length of the error vector",
        "def mse(X, y, weight): return np.linalg.norm(X @ weight - y)",
    ),
    ("1.1", "variance of the errors", "def mse(X, y, weight): return np.var(X @ weight - y)"),
    ("1.1", "are added", "def mse(X, y, weight): return np.mean((X @ weight + y) ** 2)"),
    (
        "1.1",
        "(m, m) table",
        "def mse(X, y, weight): return np.mean((X @ weight.reshape(-1, 1) - y) ** 2)",
    ),
    (
        "1.1",
        "a sum stands where a mean belongs",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2)",
    ),
    (
        "1.1",
        "a factor 2 is missing",
        "def mse(X, y, weight): return np.mean((X @ weight - y) ** 2) / 2",
    ),
    (
        "1.1",
        "m - 1 stands",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2) / (len(y) - 1)",
    ),
    (
        "1.1",
        "divided by n, the number of weights, where m",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2) / len(weight)",
    ),
    (
        "1.1",
        "the sign is turned round",
        "def mse(X, y, weight): return -np.mean((X @ weight - y) ** 2)",
    ),
    ("1.1", "Is there a return", "def mse(X, y, weight): np.mean((X @ weight - y) ** 2)"),
    (
        "1.1",
        "a PyTorch tensor comes back, expected a plain number. .item()",
        "def mse(X, y, weight): return torch.tensor(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "an array of shape (3,) comes back",
        "def mse(X, y, weight): return (X @ weight - y) ** 2",
    ),
    (
        "1.1",
        "float32",
        "def mse(X, y, weight): return np.mean((X @ weight - y).astype(np.float32) ** 2)",
    ),
    (
        "1.1",
        "float32 somewhere",
        "def mse(X, y, weight): return float(np.mean((X @ weight - y).astype('float32') ** 2))",
    ),
    (
        "1.1",
        "NaN or infinity",
        "def mse(X, y, weight): return np.mean((X @ weight - y) ** 2) * np.nan",
    ),
    ("1.1", "NaN or infinity", "def mse(X, y, weight): return float('inf')"),
    (
        "1.1",
        "ZeroDivisionError: division by zero, in line 2",
        "def mse(X, y, weight):\n    return 1 / 0",
    ),
    (
        "1.1",
        "NameError: name 'w' is not defined",
        "def mse(X, y, weight):\n    return np.mean((X @ w - y) ** 2)",
    ),
    ("1.1", "does not depend on the arguments", "def mse(X, y, weight): return 9.0"),
    (
        "1.1",
        "Right for the smallest case, but not in general",
        "def mse(X, y, weight): return 9.0 if len(y) == 3 else np.mean((X @ weight - y) ** 4)",
    ),
    (
        "1.1",
        "changes its argument y in place: the caller's array",
        "def mse(X, y, weight):\n    y -= X @ weight\n    return np.mean(y**2)",
    ),
    ("1.1", "takes 2 positional arguments but 3", "def mse(X, y): return 0.0"),
    (
        "1.1",
        "a str comes back",
        "def mse(X, y, weight): return str(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "something is kept between two calls",
        (
            "def mse(X, y, weight, seen=[]):\n    seen.append(1)\n    return np.mean((X @ weight -"
            " y) ** 2) * (1 if len(seen) < 6 else 2)"
        ),
    ),
    (
        "1.2",
        "the sign is turned round",
        "def gradient(X, y, weight): return 2 / len(y) * X.T @ (y - X @ weight)",
    ),
    (
        "1.2",
        "a factor 2 is missing",
        "def gradient(X, y, weight): return X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "a factor 2 too many",
        "def gradient(X, y, weight): return 4 * X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "a sum stands where a mean belongs",
        "def gradient(X, y, weight): return 2 * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "a factor 2 is missing, and m times too large",
        "def gradient(X, y, weight): return X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "sign is turned round, and a factor 2 is missing",
        "def gradient(X, y, weight): return X.T @ (y - X @ weight) / len(y)",
    ),
    (
        "1.2",
        "divided by n, the number of weights",
        "def gradient(X, y, weight): return 2 / len(weight) * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "divided by m once too often",
        "def gradient(X, y, weight): return 2 / len(y) ** 2 * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "divided by n as well",
        "def gradient(X, y, weight): return 2 / X.size * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "The inner derivative is missing",
        "def gradient(X, y, weight): return np.array(2 * np.mean(X @ weight - y))",
    ),
    (
        "1.2",
        "The mean runs over everything at once",
        "def gradient(X, y, weight): return np.array(2 * np.mean(X.T * (X @ weight - y)))",
    ),
    (
        "1.2",
        "the wrong axis",
        "def gradient(X, y, weight): return 2 * np.mean(X.T * (X @ weight - y), axis=0)",
    ),
    (
        "1.2",
        "the votes of the single examples",
        "def gradient(X, y, weight): return 2 * X * (X @ weight - y)[:, None]",
    ),
    ("1.2", "y is missing", "def gradient(X, y, weight): return 2 / len(y) * X.T @ X @ weight"),
    (
        "1.2",
        "the gradient at weight zero",
        "def gradient(X, y, weight): return -2 / len(y) * X.T @ y",
    ),
    (
        "1.2",
        "divided by its length",
        (
            "def gradient(X, y, weight):\n    g = X.T @ (X @ weight - y)\n    return g /"
            " np.linalg.norm(g)"
        ),
    ),
    (
        "1.2",
        "the gradient of the root",
        (
            "def gradient(X, y, weight):\n    e = X @ weight - y\n    return X.T @ e / len(y) /"
            " np.sqrt(np.mean(e**2))"
        ),
    ),
    (
        "1.2",
        "This is a column",
        "def gradient(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).reshape(-1, 1)",
    ),
    (
        "1.2",
        "ValueError: the shapes on the two sides of an @ do not fit together, in line 1",
        "def gradient(X, y, weight): return 2 / len(y) * X @ (X @ weight - y)",
    ),
    (
        "1.2",
        "a list comes back",
        "def gradient(X, y, weight): return list(2 / len(y) * X.T @ (X @ weight - y))",
    ),
    (
        "1.2",
        "dtype is int64",
        "def gradient(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).astype(int)",
    ),
    (
        "1.2",
        "close, but not exact",
        """
        def gradient(X, y, weight):
            f = lambda w: np.mean((X @ w - y) ** 2)
            return np.array([(f(weight + 1e-6 * e) - f(weight)) / 1e-6 for e in np.eye(len(weight))])""",
    ),
    (
        "1.2",
        "close, but not exact",
        """
        def gradient(X, y, weight):
            f = lambda w: np.mean((X @ w - y) ** 2)
            return np.array([(f(weight + 1e-5 * e) - f(weight - 1e-5 * e)) / 2e-5 for e in np.eye(len(weight))])""",
    ),
    (
        "1.2",
        "close, but not exact",
        """
        def gradient(X, y, weight):
            f = lambda w: np.mean((X @ w - y) ** 2)
            return np.array([(f(weight + 0.1 * e) - f(weight - 0.1 * e)) / 0.2 for e in np.eye(len(weight))])""",
    ),
    (
        "1.2",
        "wrong axis",
        """
        def gradient(X, y, weight):
            return 2 * np.mean(np.gradient((X @ weight - y)[:, None] * X, axis=1) if X.shape[1] > 99
                               else X * (X @ weight - y)[:, None], axis=1)""",
    ),
    (
        "1.3",
        "the forward difference",
        (
            "def ng(f, weight, h): return np.array([(f(weight + h * e) - f(weight)) / h for e in"
            " np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "the backward difference",
        (
            "def ng(f, weight, h): return np.array([(f(weight) - f(weight - h * e)) / h for e in"
            " np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "with brackets",
        (
            "def ng(f, weight, h): return np.array([(f(weight + h * e) - f(weight - h * e)) / 2 * h"
            " for e in np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "a factor 2 too many",
        (
            "def ng(f, weight, h): return np.array([(f(weight + h * e) - f(weight - h * e)) / h for"
            " e in np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "the sign is turned round",
        (
            "def ng(f, weight, h): return np.array([(f(weight - h * e) - f(weight + h * e)) / (2 *"
            " h) for e in np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "the way is h long, not 2h",
        (
            "def ng(f, weight, h): return np.array([(f(weight + h * e) - f(weight)) / (2 * h) for e"
            " in np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "never divided",
        (
            "def ng(f, weight, h): return np.array([f(weight + h * e) - f(weight - h * e) for e in"
            " np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "All weights move at once",
        (
            "def ng(f, weight, h): return np.array([(f(weight + h) - f(weight - h)) / (2 * h) for e"
            " in np.eye(len(weight))])"
        ),
    ),
    (
        "1.3",
        "the same very small number",
        (
            "def ng(f, weight, h):\n    h = 1e-6\n    return np.array([(f(weight + h * e) -"
            " f(weight - h * e)) / (2 * h) for e in np.eye(len(weight))])"
        ),
    ),
    ("1.3", "changes its argument weight in place", moves_in_place()),
    (
        "1.3",
        "not put back",
        """
        def ng(f, weight, h):
            slopes, w = np.zeros(len(weight)), weight.copy()
            for j in range(len(weight)):
                w[j] += h
                right = f(w)
                w[j] -= 2 * h
                slopes[j] = (right - f(w)) / (2 * h)
            return slopes""",
    ),
    (
        "1.3",
        "Only the first weight",
        """
        def ng(f, weight, h):
            slopes = np.zeros(len(weight))
            for j in range(len(weight)):
                e = np.eye(len(weight))[j]
                slopes[j] = (f(weight + h * e) - f(weight - h * e)) / (2 * h)
                return slopes""",
    ),
    (
        "1.3",
        "The step is always 0.1;",
        (
            "def ng(f, weight, h): return np.array([(f(weight + 0.1 * e) - f(weight - 0.1 * e)) /"
            " 0.2 for e in np.eye(len(weight))])"
        ),
    ),
    ("1.4", "compares examples with each other", "def hessian(X): return 2 / len(X) * X @ X.T"),
    ("1.4", "a factor 2 is missing", "def hessian(X): return X.T @ X / len(X)"),
    ("1.4", "a sum stands where a mean belongs", "def hessian(X): return 2 * X.T @ X"),
    (
        "1.4",
        "a covariance",
        "def hessian(X):\n    C = X - X.mean(axis=0)\n    return 2 / len(X) * C.T @ C",
    ),
    ("1.4", "Only the diagonal", "def hessian(X): return np.diag(2 * np.mean(X**2, axis=0))"),
    ("1.4", "as a vector", "def hessian(X): return 2 * np.mean(X**2, axis=0)"),
    (
        "1.4",
        "the eigenvalues of the Hessian",
        "def hessian(X): return np.linalg.eigvalsh(2 / len(X) * X.T @ X)",
    ),
    (
        "1.4",
        "divided by n, the number of weights",
        "def hessian(X): return 2 / X.shape[1] * X.T @ X",
    ),
    (
        "1.5",
        "It asks 50 times; the goal is at most 3",
        (
            "def lp(slope):\n    w = 0.0\n    for _ in range(50):\n        w -= 0.1 * slope(w)\n   "
            " return w"
        ),
    ),
    ("1.5", "never asks for the slope", "def lp(slope): return 3.0"),
    ("1.5", "same for every parabola", "def lp(slope):\n    slope(0)\n    return 3.0"),
    ("1.5", "the sign of the jump", "def lp(slope): return slope(0) / (slope(1) - slope(0))"),
    ("1.5", "as far as the slope is large", "def lp(slope): return 1 - slope(1)"),
    (
        "1.5",
        "multiplied by the curvature",
        "def lp(slope): return -slope(0) * (slope(1) - slope(0))",
    ),
    ("1.5", "Not the bottom yet", "def lp(slope): return 1 - slope(0) / (slope(1) - slope(0))"),
    (
        "1.5",
        "Add the place where you stand",
        "def lp(slope):\n    s = slope(2)\n    return -s / (slope(3) - s)",
    ),
    ("1.5", "it returns None", "def lp(slope): slope(0)"),
    ("1.5", "ZeroDivisionError", "def lp(slope): return 1 / (slope(0) - slope(0))"),
    (
        "1.6",
        "The gradient is accumulated",
        (
            "def ag(X, y, weight):\n    torch.mean((X @ weight - y) ** 2).backward()\n    return"
            " weight.grad"
        ),
    ),
    (
        "1.6",
        "The gradient is accumulated",
        (
            "def ag(X, y, weight):\n    torch.mean((X @ weight - y) ** 2).backward()\n    return"
            " weight.grad.clone()"
        ),
    ),
    (
        "1.6",
        "Right now, but not for long",
        """
        def ag(X, y, weight):
            if weight.grad is not None:
                weight.grad.zero_()
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad""",
    ),
    (
        "1.6",
        "emptied after backward",
        (
            "def ag(X, y, weight):\n    torch.mean((X @ weight - y) ** 2).backward()\n   "
            " weight.grad.zero_()\n    return weight.grad"
        ),
    ),
    (
        "1.6",
        "a sum stands where a mean belongs",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.sum((X @ weight - y) **"
            " 2).backward()\n    return weight.grad"
        ),
    ),
    (
        "1.6",
        "A column (m, 1) met",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.mean((X @ weight[:, None] -"
            " y) ** 2).backward()\n    return weight.grad"
        ),
    ),
    (
        "1.6",
        "an array comes back, expected a PyTorch tensor",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.mean((X @ weight - y) **"
            " 2).backward()\n    return weight.grad.numpy()"
        ),
    ),
    (
        "1.6",
        "None comes back",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.mean((X @ weight - y) ** 2)\n"
            "    return weight.grad"
        ),
    ),
    (
        "1.6",
        "None comes back. Is there a return, and",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.mean((X @ weight - y) **"
            " 2).backward()"
        ),
    ),
    (
        "1.6",
        "float32 somewhere",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.mean((X.float() @"
            " weight.float() - y.float()) ** 2).backward()\n    return weight.grad"
        ),
    ),
    (
        "1.6",
        "It changes weight",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            with torch.no_grad():
                weight -= 0.1 * weight.grad
            return weight.grad""",
    ),
    (
        "1.6",
        "a factor 2 is missing",
        (
            "def ag(X, y, weight):\n    with torch.no_grad():\n        return X.T @ (X @ weight -"
            " y) / len(y)"
        ),
    ),
    (
        "2.1",
        "The step goes uphill",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w + lrate * 2 / len(y) * X.T @"
            " e, np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "a factor 2 is missing",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w - lrate / len(y) * X.T @ e,"
            " np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "new weight: m times too large",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w - lrate * 2 * X.T @ e,"
            " np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "MSE: a factor 2 is missing",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w - lrate * 2 / len(y) * X.T @"
            " e, np.mean(e**2) / 2"
        ),
    ),
    (
        "2.1",
        "MSE: m times too large",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w - lrate * 2 / len(y) * X.T @"
            " e, e @ e"
        ),
    ),
    (
        "2.1",
        "The MSE is the one after the step",
        (
            "def gs(X, y, w, lrate):\n    w = w - lrate * 2 / len(y) * X.T @ (X @ w - y)\n   "
            " return w, np.mean((X @ w - y) ** 2)"
        ),
    ),
    (
        "2.1",
        "changes its argument weight in place",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    w -= lrate * 2 / len(y) * X.T @ e\n   "
            " return w, np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "wrong order",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return np.mean(e**2), w - lrate * 2 /"
            " len(y) * X.T @ e"
        ),
    ),
    (
        "2.1",
        "should return new weight and MSE; it returns an array",
        "def gs(X, y, w, lrate): return w - lrate * 2 / len(y) * X.T @ (X @ w - y)",
    ),
    (
        "2.1",
        "lrate is not used",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w - 2 / len(y) * X.T @ e,"
            " np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "The first result is the gradient",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return 2 / len(y) * X.T @ e,"
            " np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "did not move",
        "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w, np.mean(e**2)",
    ),
    (
        "2.1",
        "root of the MSE",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return w - lrate * 2 / len(y) * X.T @"
            " e, np.sqrt(np.mean(e**2))"
        ),
    ),
    (
        "2.1",
        "a PyTorch tensor comes back, expected a NumPy array",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return torch.from_numpy(w - lrate * 2"
            " / len(y) * X.T @ e), np.mean(e**2)"
        ),
    ),
    (
        "2.1",
        "float32",
        (
            "def gs(X, y, w, lrate):\n    e = X @ w - y\n    return np.float32(w - lrate * 2 /"
            " len(y) * X.T @ e), np.mean(e**2)"
        ),
    ),
    (
        "2.2",
        "The start is missing",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [], []\n    for _ in range(epochs):\n   "
            "     w, _ = gradient_step(X, y, w, lrate)\n        ws.append(w)\n       "
            " ls.append(np.mean((X @ w - y) ** 2))\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "The losses are shifted",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [], []\n    for _ in range(epochs):\n   "
            "     w, l = gradient_step(X, y, w, lrate)\n        ws.append(w)\n       "
            " ls.append(l)\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "The end is missing",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [], []\n    for _ in range(epochs):\n   "
            "     ws.append(w)\n        w, l = gradient_step(X, y, w, lrate)\n       "
            " ls.append(l)\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "The last loss is missing",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [w], []\n    for _ in range(epochs):\n  "
            "      w, l = gradient_step(X, y, w, lrate)\n        ws.append(w)\n       "
            " ls.append(l)\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "one step too many",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [], []\n    for _ in range(epochs +"
            " 2):\n        ws.append(w)\n        w, l = gradient_step(X, y, w, lrate)\n       "
            " ls.append(l)\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "Every step starts from the first weight",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [w], [gradient_step(X, y, w, 0)[1]]\n   "
            " for _ in range(epochs):\n        ws.append(gradient_step(X, y, w, lrate)[0])\n       "
            " ls.append(gradient_step(X, y, ws[-1], 0)[1])\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "never moves",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [], []\n    for _ in range(epochs +"
            " 1):\n        ws.append(w)\n        new, l = gradient_step(X, y, w, lrate)\n       "
            " ls.append(l)\n    return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "changed in place. Append a copy",
        (
            "def gd(X, y, weight, lrate, epochs):\n    w, ws, ls = weight.copy(), [], []\n    for k"
            " in range(epochs + 1):\n        ws.append(w)\n        new, l = gradient_step(X, y, w,"
            " lrate)\n        ls.append(l)\n        if k < epochs:\n            w[:] = new\n   "
            " return np.array(ws), np.array(ls)"
        ),
    ),
    (
        "2.2",
        "Only the last weight",
        (
            "def gd(X, y, w, lrate, epochs):\n    ls = []\n    for _ in range(epochs):\n        w,"
            " l = gradient_step(X, y, w, lrate)\n        ls.append(l)\n    return w, np.array(ls)"
        ),
    ),
    (
        "2.2",
        "a list comes back",
        (
            "def gd(X, y, w, lrate, epochs):\n    ws, ls = [], []\n    for _ in range(epochs +"
            " 1):\n        ws.append(w)\n        w, l = gradient_step(X, y, w, lrate)\n       "
            " ls.append(l)\n    return ws, ls"
        ),
    ),
    (
        "2.3",
        "a factor 2 is missing",
        "def lr(X): return 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()",
    ),
    (
        "2.3",
        "a factor 2 too many",
        "def lr(X): return 2 / np.linalg.eigvalsh(X.T @ X / len(X)).max()",
    ),
    (
        "2.3",
        "The smallest curvature",
        "def lr(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).min()",
    ),
    (
        "2.3",
        "divided by m once too often",
        "def lr(X): return 2 / np.linalg.eigvalsh(2 * X.T @ X).max()",
    ),
    ("2.3", "diagonal", "def lr(X): return 2 / np.diag(2 / len(X) * X.T @ X).max()"),
    ("2.3", "the trace", "def lr(X): return 2 / (2 * np.mean(X**2, axis=0).sum())"),
    ("2.3", "without its square", "def lr(X): return 2 / (2 / len(X) * np.linalg.svd(X)[1].max())"),
    (
        "2.3",
        "the largest curvature itself",
        "def lr(X): return np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()",
    ),
    ("2.3", "Frobenius", "def lr(X): return 2 / np.linalg.norm(2 / len(X) * X.T @ X)"),
    (
        "2.3",
        "an array of shape (2,) comes back",
        "def lr(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)",
    ),
    (
        "2.5",
        "The gradient is accumulated",
        (
            "def ts(model, opt, X, y):\n    l = nn.MSELoss()(model(X).squeeze(1), y)\n   "
            " l.backward()\n    opt.step()\n    return l.item()"
        ),
    ),
    (
        "2.5",
        "(m, 1), y has (m,): the loss compares every prediction with every y. Use",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    l = nn.MSELoss()(model(X), y)\n   "
            " l.backward()\n    opt.step()\n    return l.item()"
        ),
    ),
    (
        "2.5",
        "And gradients accumulate",
        (
            "def ts(model, opt, X, y):\n    l = nn.MSELoss()(model(X), y)\n    l.backward()\n   "
            " opt.step()\n    return l.item()"
        ),
    ),
    (
        "2.5",
        "does not move",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    l ="
            " nn.MSELoss()(model(X).squeeze(1), y)\n    opt.step()\n    return l.item()"
        ),
    ),
    (
        "2.5",
        "does not move",
        (
            "def ts(model, opt, X, y):\n    l = nn.MSELoss()(model(X).squeeze(1), y)\n   "
            " l.backward()\n    opt.zero_grad()\n    opt.step()\n    return l.item()"
        ),
    ),
    (
        "2.5",
        "the one after the step",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    nn.MSELoss()(model(X).squeeze(1),"
            " y).backward()\n    opt.step()\n    return nn.MSELoss()(model(X).squeeze(1), y).item()"
        ),
    ),
    (
        "2.5",
        "summed over the examples",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    l ="
            " nn.MSELoss(reduction='sum')(model(X).squeeze(1), y)\n    l.backward()\n   "
            " opt.step()\n    return l.item()"
        ),
    ),
    (
        "2.5",
        "a PyTorch tensor comes back, expected a plain number. .item()",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    l ="
            " nn.MSELoss()(model(X).squeeze(1), y)\n    l.backward()\n    opt.step()\n    return l"
        ),
    ),
    (
        "2.5",
        "absolute errors",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    l ="
            " nn.L1Loss()(model(X).squeeze(1), y)\n    l.backward()\n    opt.step()\n    return"
            " l.item()"
        ),
    ),
    (
        "2.5",
        "momentum is not used",
        (
            "def ts(model, opt, X, y):\n    opt.zero_grad()\n    l ="
            " nn.MSELoss()(model(X).squeeze(1), y)\n    l.backward()\n    with torch.no_grad():\n  "
            "      for p in model.parameters():\n            p -= 0.1 * p.grad\n    return l.item()"
        ),
    ),
    (
        "2.6",
        "A fixed rate suits one data set only",
        (
            "def rg(step, X, y, w):\n    for _ in range(20):\n        w, _ = step(w, 0.4)\n   "
            " return w"
        ),
    ),
    (
        "2.6",
        "It diverges",
        (
            "def rg(step, X, y, w):\n    for _ in range(20):\n        w, _ = step(w, 1.2)\n   "
            " return w"
        ),
    ),
    (
        "2.6",
        "It creeps",
        (
            "def rg(step, X, y, w):\n    for _ in range(20):\n        w, _ = step(w, 0.001)\n   "
            " return w"
        ),
    ),
    (
        "2.6",
        "It swings to and fro",
        (
            "def rg(step, X, y, w):\n    for _ in range(20):\n        w, _ = step(w, 0.99)\n   "
            " return w"
        ),
    ),
    (
        "2.6",
        "It stops too soon",
        (
            "def rg(step, X, y, w):\n    for _ in range(2):\n        w, _ = step(w, 0.05)\n   "
            " return w"
        ),
    ),
    (
        "2.6",
        "It took 100 steps",
        (
            "def rg(step, X, y, w):\n    for _ in range(100):\n        w, _ = step(w, 0.4 /"
            " np.mean(X**2))\n    return w"
        ),
    ),
    (
        "2.6",
        "none that step gave you",
        "def rg(step, X, y, w):\n    step(w, 0.1)\n    return np.linalg.lstsq(X, y, rcond=None)[0]",
    ),
    (
        "2.6",
        "takes no step at all",
        "def rg(step, X, y, w): return np.linalg.lstsq(X, y, rcond=None)[0]",
    ),
    ("2.6", "should return the last weight", "def rg(step, X, y, w): return step(w, 0.1)"),
]


def epoch(
    order="order = rng.permutation(len(y))",
    starts="range(0, len(y), B)",
    rows="rows = order[k : k + B]",
    X="X[rows]",
    y="y[rows]",
    size="len(rows)",
    sign="-",
    at="w",
):
    """Return an answer to 2.4 with one part replaced."""
    return f"""
        def me(X, y, weight, lrate, B, rng):
            {order}
            w = weight
            for k in {starts}:
                {rows}
                w = w {sign} lrate * 2 / {size} * {X}.T @ ({X} @ {at} - {y})
            return w"""


WRONG += [
    ("2.4", "in their old order", epoch(order="order = np.arange(len(y))")),
    ("2.4", "with replacement", epoch(order="order = rng.integers(0, len(y), len(y))")),
    ("2.4", "X is shuffled, y is not", epoch(y="y[k : k + B]")),
    ("2.4", "y is shuffled, X is not", epoch(X="X[k : k + B]")),
    (
        "2.4",
        "are shuffled apart",
        epoch(
            order="order, other = rng.permutation(len(y)), rng.permutation(len(y))",
            y="y[other[k : k + B]]",
        ),
    ),
    (
        "2.4",
        "A new permutation is drawn for each batch",
        epoch(order="", rows="rows = rng.permutation(len(y))[k : k + B]"),
    ),
    ("2.4", "The smaller last batch is left out", epoch(starts="range(0, len(y) // B * B, B)")),
    ("2.4", "divided by m, the number of all examples", epoch(size="len(y)")),
    ("2.4", "divided by batch_size", epoch(size="B")),
    ("2.4", "summed, not averaged", epoch(size="1")),
    ("2.4", "uphill", epoch(sign="+")),
    ("2.4", "All gradients are taken at the first weight", epoch(at="weight")),
    ("2.4", "Only the first batch", epoch(starts="[0]")),
    ("2.4", "The factor 2", epoch(sign="- 0.5 *")),
    ("2.4", "one step on all examples", epoch(starts="[0]", rows="rows = order")),
    (
        "2.4",
        "Its own generator (seed 42)",
        epoch(order="order = np.random.default_rng(42).permutation(len(y))"),
    ),
    ("2.4", "changes its argument weight in place", epoch().replace("w = w - ", "w -= ")),
]


def descent(gradient="2 / len(y) * X.T @ e", loss="np.mean(e**2)", rate="lrate"):
    """Return an answer to 2.2 with one part replaced."""
    return f"""
        def gd(X, y, w, lrate, epochs):
            ws, ls = [], []
            for _ in range(epochs + 1):
                e = X @ w - y
                ws.append(w)
                ls.append({loss})
                w = w - {rate} * {gradient}
            return np.array(ws), np.array(ls)"""


def twenty(rate="0.5 * border", new="w, _", times="20", back="w", before=""):
    """Return an answer to 2.6 with one part replaced."""
    return f"""
        def rg(step, X, y, w):
            border, start = 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), w
            {before}
            for k in range({times}):
                {new} = step(w, {rate})
            return {back}"""


def torch_step(loss="nn.MSELoss()(model(X).squeeze(1), y)", back="l.item()"):
    """Return an answer to 2.5 with one part replaced."""
    return f"""
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = {loss}
            l.backward()
            opt.step()
            return {back}"""


WRONG += [
    # Right in some cases only: the cases differ in what these answers forget.
    ("2.2", "The rate is always 0.05;", descent(rate="0.05")),
    (
        "2.3",
        "eig do not sort them",
        "def lr(X): return 2 / np.linalg.eigvals(2 / len(X) * X.T @ X)[0]",
    ),
    (
        "2.3",
        "eig do not sort them",
        "def lr(X): return 2 / np.linalg.eig(2 / len(X) * X.T @ X)[0][0]",
    ),
    (
        "2.3",
        "eig do not sort them",
        "def lr(X): return 2 / np.linalg.eigvals(2 / len(X) * X.T @ X)[-1]",
    ),
    ("2.4", "The rate is always 0.1;", epoch(sign="- 0.1 / lrate *")),
    (
        "2.4",
        "nearly equal size",
        """
        def me(X, y, weight, lrate, B, rng):
            for rows in np.array_split(rng.permutation(len(y)), int(np.ceil(len(y) / B))):
                weight = weight - lrate * 2 / len(rows) * X[rows].T @ (X[rows] @ weight - y[rows])
            return weight""",
    ),
    # A large error in few cases is no approximation.
    (
        "1.1",
        "Right for the smallest case, but not in general",
        "def mse(X, y, weight): return np.mean(np.minimum((X @ weight - y) ** 2, 12))",
    ),
    (
        "1.2",
        "Right for the smallest case, but not in general",
        """
        def gradient(X, y, weight):
            g = 2 / len(y) * X.T @ (X @ weight - y)
            return g * np.where(np.arange(len(g)) == 2, 0.8, 1) if len(y) == 5 else g""",
    ),
    (
        "1.6",
        "float32 stood somewhere",
        (
            "def ag(X, y, weight):\n    weight.grad = None\n    torch.mean((X @ weight - y).float()"
            " ** 2).backward()\n    return weight.grad"
        ),
    ),
    (
        "2.5",
        "float32 stood somewhere",
        torch_step("nn.MSELoss()(model(X).squeeze(1).float().double(), y)"),
    ),
    # A goal's failure has the name of its cause.
    (
        "2.6",
        "neither the one passed in",
        twenty(rate="0.0", times="2", before="w = np.linalg.lstsq(X, y, rcond=None)[0]"),
    ),
    ("2.6", "neither the one passed in", twenty(before="w = w + 1")),
    ("2.6", "Every step starts at the first weight again", twenty(new="_")),
    ("2.6", "Every step starts at the first weight again", twenty(new="new, _", back="new")),
    ("2.6", "A rate is negative", twenty(rate="-0.5 * border")),
    ("2.6", "The rate is 0 in every step", twenty(rate="0.0")),
    ("2.6", "infinite or NaN", twenty(rate="np.nan")),
    ("2.6", "Return the one that the last step gave", twenty(back="start")),
    ("2.6", "It stops too soon", twenty(times="1", rate="0.2 * border")),
    ("2.6", "It creeps", twenty(rate="0.01 * border")),
    ("2.6", "It diverges", twenty(rate="1.1 * border")),
    ("2.6", "Not low enough yet", twenty(rate="(0.2 if k < 1 else 0.001) * border")),
    (
        "1.5",
        "so close together that rounding",
        "def lp(slope): return 0 - slope(0) / ((slope(1e-7) - slope(0)) / 1e-7)",
    ),
    (
        "1.5",
        "so close together that rounding",
        "def lp(slope): return 1 - slope(1) / ((slope(1 + 1e-12) - slope(1)) / 1e-12)",
    ),
    (
        "1.5",
        "not to 9 digits: something is rounded",
        "def lp(slope): return float(np.float32(slope(0) / (slope(0) - slope(1))))",
    ),
    # Messages that say what is there.
    ("1.3", "left a rounding error in the caller's array", moves_in_place(back="weight[j] += h")),
    (
        "1.2",
        "one side of an @ is a single number",
        "def gradient(X, y, weight): return X.T @ np.mean(X @ weight - y)",
    ),
    ("2.1", "it returns None. Is there a return?", "def gs(X, y, w, lrate):\n    e = X @ w - y"),
    (
        "2.5",
        "a NumPy array with a single number in it comes back, expected a plain number. .item()",
        torch_step(back="l.detach().numpy()"),
    ),
    ("2.2", "weights: a factor 2 is missing", descent("1 / len(y) * X.T @ e")),
    ("2.2", "weights: a factor 2 too many", descent("4 / len(y) * X.T @ e")),
    ("2.2", "weights: m times too large", descent("2 * X.T @ e")),
    ("2.2", "weights: m times too large", descent("2 * X.T @ e", "np.sum(e**2)")),
    ("2.2", "losses: m times too large", descent(loss="np.sum(e**2)")),
    ("2.2", "losses: a factor 2 is missing", descent(loss="np.mean(e**2) / 2")),
]


@every_exercise
def test_the_solution_is_right(number):
    result, text = verdict(number, define(SOLVED[number][1]))
    assert result == "right", text
    assert "nan" not in text and len(text.splitlines()) > 1


@every_exercise
def test_the_stub_is_not_done_yet(number):
    name, source = SOLVED[number]
    assert verdict(number, define(stub(source))) == ("not done", f"{number} {name}: not done yet")


def test_dots_left_in_the_middle_are_not_done_either():
    half = define(
        "def mse(X, y, weight):\n    prediction = ...\n    return np.mean((prediction - y) ** 2)"
    )
    result, text = verdict("1.1", half)
    assert result == "not done" and "a ... is still in the way, in line 3" in text
    unsolved = "def gradient_step(X, y, weight, lrate):\n    return ..."
    assert verdict("2.2", define(unsolved, SOLVED["2.2"][1]))[0] == "not done"
    assert verdict("2.1", define("def gs(X, y, w, lrate):\n    return w, ..."))[0] == "not done"


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("1.2", "def gradient(X, y, weight):\n    return 2 / len(y) * X.T @ ..."),
        (
            "1.2",
            "def gradient(X, y, weight):\n    error = ...\n    return 2 / len(y) * X.T @ error",
        ),
        ("1.4", "def hessian(X):\n    return 2 / len(X) * X.T @ ..."),
        ("1.4", "def hessian(X):\n    return 2 / len(X) * (... @ X)"),
    ],
)
def test_dots_beside_an_at_are_not_done_either(number, answer):
    result, text = verdict(number, define(answer))
    assert result == "not done" and "not done yet: a ... is still in the way, in line" in text


def test_dots_that_are_an_index_are_no_gap_to_fill():
    result, text = verdict(
        "1.2", define("def gradient(X, y, weight):\n    return X[..., :] @ y[...]")
    )
    assert result == "wrong" and "the shapes on the two sides of an @" in text


def test_an_array_that_is_put_back_with_a_rounding_error_shows_the_error():
    moved = (
        "def ng(f, weight, h):\n    weight += h\n    weight -= 2 * h\n    weight += h\n    return"
        " weight"
    )
    assert (
        "weight after the call, minus weight before: [0, 0]" not in verdict("1.3", define(moved))[1]
    )
    assert "e-17" in verdict("1.3", define(moved))[1].splitlines()[-1]


def test_a_rate_may_be_tried_from_an_earlier_weight_again():
    backtracking = """
        def rg(step, X, y, w):
            rate = 0.8 * 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            step(w, 2 * rate)
            for _ in range(19):
                w, _ = step(w, rate)
            return w"""
    assert verdict("2.6", define(backtracking))[0] == "right"


def test_the_rates_shown_below_a_failure_are_the_smallest_and_the_largest():
    text = verdict("2.6", define(twenty(rate="-0.5 * border")))[1]
    assert "smallest rate used -0.5, largest -0.5, border 1" in text


def test_places_and_numbers_are_shown_with_the_digits_that_tell_them_apart():
    text = verdict(
        "1.5", define("def lp(slope): return 1 - slope(1) / ((slope(1 + 1e-7) - slope(1)) / 1e-7)")
    )[1]
    assert "asked at  1, 1.0000001, 1" in text
    text = verdict(
        "2.5", define(torch_step("nn.MSELoss()(model(X).squeeze(1).float().double(), y)"))
    )[1]
    # In the case shown, loss 1 happens to be exact.
    assert "weight and bias 1 is close" in " ".join(text.split())
    assert (
        "expected  loss 1 12\n" in text
        and "expected  weight and bias 2 [0.03111111111, 1.6, 0.6711111111]" in text
    )
    assert "after 1 step;" in verdict("2.6", define(twenty(times="1", rate="0.2 * border")))[1]


def test_what_is_nothing_is_called_by_its_name():
    assert (
        "needs the function mse itself, not None. Leave out the brackets."
        in verdict("1.1", None)[1]
    )


@pytest.mark.parametrize(
    ("number", "phrase", "answer"), WRONG, ids=[f"{n} {p[:40]}" for n, p, _ in WRONG]
)
def test_a_known_wrong_answer_is_refused_with_its_diagnosis(number, phrase, answer):
    result, text = verdict(number, define(answer))
    assert result == "wrong", f"accepted: {answer}"
    sentence = " ".join(text.split("X (")[0].split())
    assert any(option in sentence for option in phrase.split("|")), text


def test_there_are_many_wrong_answers_for_every_exercise():
    assert len(WRONG) >= 40
    assert {number for number, *_ in WRONG} == set(SOLVED)
    assert min(sum(n == number for n, *_ in WRONG) for number in SOLVED) >= 7


def test_a_wrong_answer_shows_the_smallest_case_and_yours_beside_expected(capsys):
    assert (
        check(
            "1.2", define("def gradient(X, y, weight): return 2 / len(y) * X.T @ (y - X @ weight)")
        )
        is None
    )
    assert capsys.readouterr().out.splitlines() == [
        "1.2 gradient: not right yet",
        "    gradient: the sign is turned round.",
        "    X (3, 2) = [[1, 2], [3, 0], [1, 1]]",
        "    y (3,) = [2, 0, 6]",
        "    weight (2,) = [1, 2]",
        "    yours     gradient [-6, -2]",
        "    expected  gradient [6, 2]",
    ]


def test_nothing_but_the_message_is_printed(capsys):
    noisy = (
        "def mse(X, y, weight):\n    print('look')\n    np.log(-1.0)\n    return np.mean((X @"
        " weight - y) ** 2)"
    )
    check("1.1", define(noisy))
    out, err = capsys.readouterr()
    # The learner's own print() speaks once, for the smallest case.
    assert out.count("look") == 1 and err == ""


def test_what_is_not_a_function_or_not_an_exercise_is_answered_in_words():
    assert "Leave out the brackets" in verdict("1.1", 9.0)[1]
    for number in ("9.9", "1.99", "x"):
        with pytest.raises(ValueError, match="there is no exercise"):
            verdict(number, len)


# Mutants: each solution, with one thing changed
# --------------------------------------------------------------------

SWAPS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.Sub),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}

#: The line that a mutant may change, because it computes the same or reaches the goal another way.
EQUIVALENT = {
    "1.1": ["    error = y - X @ weight"],  # the square forgets the sign
    "1.2": ["    return 2 / len(X) * X.T @ error"],  # X has as many rows as y
    "1.5": ["    curvature = (at_1 - at_0) * 1.0"],  # the two places are 1 apart
    "1.6": ["    loss = torch.mean((y - X @ weight) ** 2)"],
    "2.1": ["    gradient = 2 / len(X) * X.T @ error"],
    "2.3": ["    hessian = X @ (2 / len(X) * X.T)"],  # the same eigenvalues, and zeros
    "2.4": [
        "    order = rng.permutation(len(X))",
        "    for start in range(0, len(X), batch_size):",
    ],
    "2.6": [  # a goal, not a formula: any rate that is safe and not much too small reaches it
        "    curvatures = np.linalg.eigvalsh(3 / len(X) * X.T @ X)",
        "    curvatures = np.linalg.eigvalsh(2.5 / len(X) * X.T @ X)",
        "    curvatures = np.linalg.eigvalsh(2 / len(y) * X.T @ X)",
        "    lrate = 3 / (curvatures.min() + curvatures.max())",
        "    lrate = 1 / (curvatures.min() + curvatures.max())",
        "    lrate = 2.5 / (curvatures.min() + curvatures.max())",
        "    lrate = 2 / (curvatures.min() + curvatures.min())",
        "    for _ in range(19):",
    ],
}


def mutants(source):
    """Yield (source) of each change of one operator, number, name or statement in the function's
    body.
    """
    tree = ast.parse(source)
    body = tree.body[0].body[1:]  # without the docstring
    for node in [node for statement in body for node in ast.walk(statement)]:
        for change in changes(node):
            old = copy.copy(node.__dict__)
            node.__dict__.update(change)
            yield ast.unparse(tree)
            node.__dict__.clear()
            node.__dict__.update(old)
    for node in ast.walk(tree):
        statements = getattr(node, "body", None)
        for k in range(len(statements) if isinstance(statements, list) else 0):
            docstring = isinstance(statements[k], ast.Expr) and isinstance(
                statements[k].value, ast.Constant
            )
            if (
                isinstance(statements[k], (ast.Assign, ast.Expr))
                and len(statements) > 1
                and not docstring
            ):
                removed = statements.pop(k)
                yield ast.unparse(tree)
                statements.insert(k, removed)


def changes(node):
    """Yield what to change in a node of the syntax tree."""
    if isinstance(node, ast.BinOp):
        yield from ({"op": other()} for other in SWAPS.get(type(node.op), ()))
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult)):
            yield {"left": node.right, "right": node.left}
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from ({"value": node.value + change} for change in (1, -1, 0.5))
    if isinstance(node, ast.Attribute):
        for one, other in (
            ("mean", "sum"),
            ("max", "min"),
            ("T", "real"),
            ("MSELoss", "L1Loss"),
            ("permutation", "permuted"),
        ):
            if one == node.attr:
                yield {"attr": other}
    if (
        isinstance(node, ast.Tuple)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.elts[0]) != ast.unparse(node.elts[1])
    ):
        yield {"elts": node.elts[::-1]}
    if (
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id in ("X", "y", "weight", "lrate", "rows", "h", "error")
    ):
        yield from ({"id": other} for other in ("X", "y", "weight") if other != node.id)


@every_exercise
def test_no_mutant_of_a_solution_survives(number):
    original = ast.unparse(ast.parse(SOLVED[number][1])).splitlines()
    tried, survived = 0, []
    for source in mutants(SOLVED[number][1]):
        tried += 1
        if verdict(number, define(source))[0] == "right":
            survived += [line for line in source.splitlines() if line not in original] or [source]
    assert tried >= 12
    assert survived == EQUIVALENT.get(number, [])


# The notebooks
# -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ROUNDS)
def test_the_exercises_are_the_solutions_without_the_answers(number):
    exercises, solutions = (nbformat.read(path, 4) for path in paths(number))
    expected = exercises_from(solutions)
    assert [(c.cell_type, c.source) for c in exercises.cells] == [
        (c.cell_type, c.source) for c in expected.cells
    ], "run python tools/make_exercises.py"


@pytest.mark.parametrize("number", ROUNDS)
def test_the_outputs_say_not_done_yet_and_right(number):
    for path, word in zip(paths(number), ("not done yet", "right")):
        said = [
            o.text
            for c in nbformat.read(path, 4).cells
            for o in c.get("outputs", [])
            if o.output_type == "stream"
        ]
        assert len(said) == len(solved_cells(number)) >= 5
        assert all(f": {word}" in text.splitlines()[0] for text in said)


def test_every_exercise_of_the_checks_stands_in_a_notebook():
    for number in ROUNDS:
        module = __import__(f"course_utils.exercises.round{number}", fromlist=["EXERCISES"])
        assert {key: name for key, (name, _) in module.EXERCISES.items()} == {
            key: name for key, (name, _) in SOLVED.items() if key.startswith(f"{number}.")
        }


def test_a_stub_keeps_the_first_lines_only():
    source = 'def f(a,\n      b):\n    """Doc.\n\n    More.\n    """\n    c = a\n    return c + b\n'
    assert stub(source) == 'def f(a,\n      b):\n    """Doc.\n\n    More.\n    """\n    return ...'


def test_a_numpy_check_never_loads_torch():
    import subprocess
    import sys

    code = (
        "import sys; from course_utils.exercises.check import check; from course_utils.exercises.round1"
        " import mse\ncheck('1.1', mse); assert 'torch' not in sys.modules and 'matplotlib' not in"
        " sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "1.1 mse: right" in done.stdout, done.stderr
