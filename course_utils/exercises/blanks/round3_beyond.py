"""What the reader writes in Round3_Beyond, and the known mistakes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from course_utils.exercises.blanks.feeding import drawn, fed
from course_utils.exercises.model import Exercise, Goal, Mistake
from course_utils.exercises.results import same


def _trust_ratio(
    weight: np.ndarray, update: np.ndarray, power: float = 1.0, zero: float = 1.0
) -> float:
    size, length = np.linalg.norm(weight), np.linalg.norm(update)
    return float((size / length) ** power) if size > 0 and length > 0 else zero


TRUST_RATIO = Exercise(
    function="trust_ratio",
    parts={"ratio": "number"},
    right=lambda weight, update: _trust_ratio(weight, update),
    cases=[
        (np.array([3.0, 4.0]), np.array([0.0, 2.0])),
        (np.array([1.0, -2.0, 2.0]), np.array([4.0, 2.0, -4.0])),
        (np.array([0.0, 0.0]), np.array([1.0, 2.0])),
        (np.array([1.0, 2.0]), np.array([0.0, 0.0])),
    ],
    mistakes=[
        Mistake(
            "It is upside down: the weight's length over the update's.",
            lambda weight, update: _trust_ratio(weight, update, power=-1.0),
        ),
        Mistake(
            "This is the length of the weight alone. Divide by the update's.",
            lambda weight, update: (
                _trust_ratio(weight, update)
                if not weight.any() or not update.any()
                else float(np.linalg.norm(weight))
            ),
        ),
        Mistake(
            "These are squares of lengths: the root is missing.",
            lambda weight, update: _trust_ratio(weight, update, power=2.0),
        ),
        Mistake(
            "Where one of the two is 0 the ratio is 1, so that the weight can move.",
            lambda weight, update: _trust_ratio(weight, update, zero=0.0),
        ),
    ],
)


def _root(matrix: np.ndarray, power: float, how: str = "") -> np.ndarray:
    """Return matrix^(−1/power); ``how`` names a mistake."""
    values, vectors = np.linalg.eigh(matrix)
    if how == "entries":
        return np.abs(matrix) ** (-1 / power)
    if how == "eigenvalues":
        return np.diag(values ** (-1 / power))
    if how == "precedence":
        return np.linalg.inv(matrix) / power
    exponents = {"up": 1 / power, "whole": -1.0 * power, "half": -0.5, "quarter": -0.25, "one": -1}
    exponent = exponents.get(how, -1 / power)
    return vectors * values**exponent @ (vectors if how == "unturned" else vectors.T)


INVERSE_ROOT = Exercise(
    function="inverse_root",
    parts={"root": "array"},
    right=lambda matrix, power: _root(matrix, power),
    cases=[
        (np.array([[2.0, 1.0], [1.0, 2.0]]), 2),
        (np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.3], [0.5, 0.3, 1.5]]), 4),
        (np.array([[5.0, -2.0], [-2.0, 4.0]]), 4),
    ],
    mistakes=[
        Mistake(
            "This is the root, not one over it: the exponent is −1 / power.",
            lambda matrix, power: _root(matrix, power, "up"),
        ),
        Mistake(
            "The exponent is −1 / power, not −power.",
            lambda matrix, power: _root(matrix, power, "whole"),
        ),
        Mistake(
            "Only the eigenvalues come back, on the diagonal. Turn back: vectors on the left,"
            " vectors.T on the right.",
            lambda matrix, power: _root(matrix, power, "eigenvalues"),
        ),
        Mistake(
            "Brackets are missing: values ** -1 / power divides by power. Write ** (-1 / power).",
            lambda matrix, power: _root(matrix, power, "precedence"),
        ),
        *[
            Mistake(
                f"The exponent is always {each}; it is −1 / power, with the argument power. (-1 //"
                " power is -1.)",
                lambda matrix, power, how=how: _root(matrix, power, how),
            )
            for each, how in (("−1", "one"), ("−1/2", "half"), ("−1/4", "quarter"))
        ],
        Mistake(
            "The power is taken of each entry. It belongs to the eigenvalues.",
            lambda matrix, power: _root(matrix, power, "entries"),
        ),
        Mistake(
            "The eigenvectors on the right are not transposed: vectors.T.",
            lambda matrix, power: _root(matrix, power, "unturned"),
        ),
    ],
)


def _shampoo(
    gradients: np.ndarray, powers: tuple[int, int] = (4, 4), grow: bool = True
) -> np.ndarray:
    """Return Shampoo's steps at the rate 0.1."""
    steps, left, right = [], 1e-2 * np.eye(gradients.shape[1]), 1e-2 * np.eye(gradients.shape[2])
    for g in gradients:
        new_left, new_right = left + g @ g.T, right + g.T @ g
        steps.append(0.1 * _root(new_left, powers[0]) @ g @ _root(new_right, powers[1]))
        if grow:
            left, right = new_left, new_right
    return np.array(steps)


def _matrices(seed: int, steps: int, rows: int, columns: int) -> np.ndarray:
    return drawn(seed, steps, rows * columns).reshape(steps, rows, columns)


SHAMPOO = Exercise(
    function="shampoo",
    parts={"steps": "array"},
    right=lambda gradients: _shampoo(gradients),
    call=lambda function, gradients: fed(function, gradients, lrate=0.1, eps=1e-2),
    cases=[(_matrices(81, 1, 2, 2),), (_matrices(82, 3, 2, 3),), (_matrices(83, 4, 3, 2),)],
    mistakes=[
        Mistake(
            "Each side is a fourth root, so that both together make a square root.",
            lambda gradients: _shampoo(gradients, powers=(2, 2)),
        ),
        Mistake(
            "Nothing adds up: the sums of the last step must be in the state.",
            lambda gradients: _shampoo(gradients, grow=False),
        ),
        Mistake("The rate is missing.", lambda gradients: 10 * _shampoo(gradients)),
    ],
)

DISTANCE_SEEN = Exercise(
    function="distance_seen",
    parts={"d": "number"},
    right=lambda d, ahead, total: max(d, ahead / np.abs(total).sum()),
    cases=[
        (0.1, 3.0, np.array([1.0, -2.0])),
        (2.0, 3.0, np.array([1.0, -2.0])),
        (0.5, 4.0, np.array([0.5, -1.0, 1.5])),
        (0.1, -1.0, np.array([1.0, 3.0])),
    ],
    mistakes=[
        Mistake(
            "The larger of the two counts: d never shrinks.",
            lambda d, ahead, total: ahead / np.abs(total).sum(),
        ),
        Mistake(
            "The sum is taken with its signs. It is the sum of sizes, np.abs(total).",
            lambda d, ahead, total: max(d, ahead / total.sum()),
        ),
        Mistake(
            "This is the other length, the root of the squares. Here it is the sum of sizes.",
            lambda d, ahead, total: max(d, ahead / np.linalg.norm(total)),
        ),
        Mistake(
            "The smaller of the two comes back; it should be the larger one.",
            lambda d, ahead, total: min(d, ahead / np.abs(total).sum()),
        ),
    ],
)


def _yogi_square(v, g, beta2, share=None):
    return v + (1 - beta2 if share is None else share) * np.sign(g**2 - v) * g**2


YOGI_SQUARE = Exercise(
    function="yogi_square",
    parts={"v": "array"},
    right=lambda v, g, beta2: _yogi_square(v, g, beta2),
    cases=[
        (np.array([1.0, 1.0]), np.array([2.0, 0.5]), 0.9),
        (np.array([0.0, 2.0, 0.3]), np.array([0.4, -1.0, 0.1]), 0.5),
    ],
    mistakes=[
        Mistake(
            "This is Adam's fading average. Yogi takes a step of (1 − β₂)g², whatever v is.",
            lambda v, g, beta2: beta2 * v + (1 - beta2) * g**2,
        ),
        Mistake(
            "The sign is turned round: v moves towards g², not away from it.",
            lambda v, g, beta2: _yogi_square(v, g, 2 - beta2),
        ),
        Mistake(
            "It always grows. Where v is above g², it sinks: the sign of v − g² is missing.",
            lambda v, g, beta2: v + (1 - beta2) * g**2,
        ),
        Mistake(
            "The share is 1 − β₂, not β₂.",
            lambda v, g, beta2: _yogi_square(v, g, beta2, share=beta2),
        ),
    ],
)

# --- In PyTorch -----------------------------------------------------------------------------------


def _layers(first, steps, lrate, *, piling=False, alone=False, ends=True):
    """Return the path of two layers under plain descent on ½ (ab − 1)²; piling: gradients add up,
    alone: only the first layer moves, ends: once a layer is above 10⁶.
    """
    path, total = [np.array([first, 0.2 / first])], np.zeros(2)
    for _ in range(steps):
        a, b = path[-1]
        gradient = (a * b - 1) * np.array([b, a])
        if alone:
            gradient[1] = 0.0
        total = total + gradient if piling else gradient
        path.append(path[-1] - lrate * total)
        if ends and not abs(path[-1]).max() <= 1e6:
            break
    return np.array(path)


def _with_sgd(function: Callable[..., Any], first: float, steps: int, lrate: float) -> Any:
    import torch

    return function(torch.optim.SGD, first, steps, lr=lrate)


TWO_LAYERS = Exercise(
    function="two_layers",
    parts={"path": "array"},
    right=_layers,
    call=_with_sgd,
    # In the last the layers fly apart: rows above a million end it before its steps are over.
    cases=[(np.float64(0.5), 2, 0.1), (np.float64(2.0), 4, 0.05), (np.float64(4.0), 6, 2.0)],
    mistakes=[
        Mistake(
            "The gradients pile up: empty them with optimizer.zero_grad() before backward.",
            lambda first, steps, lrate: _layers(first, steps, lrate, piling=True),
        ),
        Mistake(
            "The layers never move: the gradients are emptied between backward and step, or no step"
            " is taken.",
            lambda first, steps, lrate: np.tile(_layers(first, 0, lrate), (steps + 1, 1)),
        ),
        Mistake(
            "Each row is a step behind: the row is kept after the step, and backward comes before.",
            lambda first, steps, lrate: np.vstack(
                [_layers(first, 0, lrate), _layers(first, steps, lrate)]
            )[: steps + 1],
        ),
        Mistake(
            "The start is missing: the first row holds both layers before the first step.",
            lambda first, steps, lrate: _layers(first, steps, lrate)[1:],
        ),
        Mistake(
            "It goes on when a layer is above a million: look at the newest row after it was"
            " appended, and break.",
            lambda first, steps, lrate: _layers(first, steps, lrate, ends=False),
        ),
        Mistake(
            "It stops after the first step. Does a return or a break stand in each turn?",
            lambda first, steps, lrate: _layers(first, 1, lrate),
        ),
        Mistake(
            "Only the first layer moves: hand both to the optimizer, as a list.",
            lambda first, steps, lrate: _layers(first, steps, lrate, alone=True),
        ),
    ],
)


def _of_a_tensor(inverse_root: Callable[..., Any], matrix: np.ndarray, power: int) -> Any:
    import torch

    return inverse_root(torch.from_numpy(matrix), power)


def _turned_the_wrong_way(yours: list[tuple], right: list[tuple]) -> str:
    """Return a sentence where the right vectors stand in the wrong order or untransposed, whatever
    their signs; otherwise an empty text.
    """
    found = []
    for (your,), (matrix, power) in zip(yours, INVERSE_ROOT.cases):
        values, vectors = np.linalg.eigh(matrix)
        signs = [vectors * each for each in product([1, -1], repeat=len(values))]
        middle = values ** (-1 / power)
        ways = {
            "not transposed": [v * middle @ v for v in signs],
            "on the wrong sides": [v.T * middle @ v for v in signs],
            "multiplied number by number": [v * middle * v.T for v in signs],
        }
        found.append({way for way in ways if any(same((your,), (each,)) for each in ways[way])})
    both = sorted(set.intersection(*found))
    if not both:
        return ""
    return f"The eigenvectors are {both[0]}: vectors * values ** (…) @ vectors.T."


#: Without the last mistake: it hangs on the signs of the eigenvectors, which are free.
TORCH_INVERSE_ROOT = replace(
    INVERSE_ROOT,
    parts={"root": "tensor"},
    call=_of_a_tensor,
    mistakes=INVERSE_ROOT.mistakes[:-1],
    explain=_turned_the_wrong_way,
)

BEYOND: dict[str, Exercise | Goal] = {
    "trust_ratio": TRUST_RATIO,
    "inverse_root": INVERSE_ROOT,
    "shampoo": SHAMPOO,
    "distance_seen": DISTANCE_SEEN,
    "yogi_square": YOGI_SQUARE,
}

BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round3_Beyond": BEYOND,
    "Round3_Beyond-PyTorch": {"two_layers": TWO_LAYERS, "inverse_root": TORCH_INVERSE_ROOT},
}
