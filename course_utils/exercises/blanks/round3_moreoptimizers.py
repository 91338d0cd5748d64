"""What the reader writes in Round3_MoreOptimizers, and the known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.blanks.feeding import drawn, fed, without_trail
from course_utils.exercises.model import FLOAT32, Exercise, Goal, Mistake


def _adamax(
    gradients: np.ndarray,
    lrate: float,
    betas: tuple[float, float],
    *,
    power: int = 1,
    corrected: bool = True,
    momentum: bool = True,
    sign: int = 1,
) -> np.ndarray:
    """Return Adamax's steps; what is not 1 or true is a mistake."""
    mean, largest, steps = np.zeros(gradients[0].shape), np.zeros(gradients[0].shape), []
    for t, g in enumerate(gradients, 1):
        mean = betas[0] * mean + (1 - betas[0]) * g
        largest = np.maximum(betas[1] * largest, np.abs(g) + 1e-8)
        scale = 1 - betas[0] ** t if corrected else 1.0
        divisor = np.sqrt(largest) if power == 2 else largest
        steps.append(sign * lrate / scale * (mean if momentum else g) / divisor)
    return np.array(steps)


ADAMAX = Exercise(
    function="adamax",
    parts={"steps": "array"},
    right=lambda gradients, lrate, betas: _adamax(gradients, lrate, betas),
    call=lambda function, gradients, lrate, betas: fed(
        function, gradients, lrate=lrate, betas=betas
    ),
    cases=[
        (drawn(61, 2, 1), 1.0, (0.5, 0.9)),
        (drawn(62, 4, 2), 0.1, (0.9, 0.99)),
        (drawn(63, 6, 3), 0.02, (0.8, 0.7)),
    ],
    mistakes=[
        Mistake(
            "The mean is not corrected: in the first steps it is too small. Divide by"
            " 1 - betas[0] ** t.",
            lambda *case: _adamax(*case, corrected=False),
        ),
        Mistake(
            "There is no root here: largest is a size already, not a square.",
            lambda *case: _adamax(*case, power=2),
        ),
        Mistake(
            "The gradient stands where its mean belongs.",
            lambda *case: _adamax(*case, momentum=False),
        ),
        Mistake(
            "The sign is turned round. A rule returns the step that is taken away from the weight.",
            lambda *case: _adamax(*case, sign=-1),
        ),
    ],
)


def _trust(t: int, beta2: float, limit: float = 5, root: bool = True, over: bool = False) -> float:
    """Return RAdam's factor; what is not 5, true and false is a mistake."""
    top = 2 / (1 - beta2) - 1
    rho = top - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= limit:
        return 0.0
    square = (rho - 4) * (rho - 2) * top / ((top - 4) * (top - 2) * rho)
    return (1 / square if over else square) ** (0.5 if root else 1)


TRUST = Exercise(
    function="trust",
    parts={"factor": "number"},
    right=_trust,
    cases=[(10, 0.9), (2, 0.9), (5, 0.999), (6, 0.999), (300, 0.99)],
    mistakes=[
        Mistake("The root is missing.", lambda t, beta2: _trust(t, beta2, root=False)),
        Mistake(
            "It is upside down: the factor grows towards 1 from below.",
            lambda t, beta2: _trust(t, beta2, over=True),
        ),
        Mistake(
            "This is the paper's limit, ρ > 4; PyTorch's rule divides where ρ > 5.",
            lambda t, beta2: _trust(t, beta2, limit=4),
        ),
        Mistake(
            "The last factor is missing: ρ∞ in the numerator, ρ in the denominator.",
            lambda t, beta2: _trust(t, beta2) * np.sqrt(_rho(t, beta2) / (2 / (1 - beta2) - 1)),
        ),
    ],
)


def _rho(t: int, beta2: float) -> float:
    return 2 / (1 - beta2) - 1 - 2 * t * beta2**t / (1 - beta2**t)


def _paces(size, agree, etas, step_sizes, bounded=True):
    factor = np.where(agree > 0, etas[1], np.where(agree < 0, etas[0], 1.0))
    return np.clip(size * factor, *step_sizes) if bounded else size * factor


_SIGNS = np.array([1.0, -1.0, 0.0, 1.0])

PACES = Exercise(
    function="paces",
    parts={"sizes": "array"},
    right=lambda size, agree, etas, step_sizes: _paces(size, agree, etas, step_sizes),
    cases=[
        (np.array([0.1, 0.2, 0.3, 0.4]), _SIGNS, (0.5, 1.2), (1e-6, 50.0)),
        (np.array([2.0, 0.1, 1.0, 0.4]), _SIGNS, (0.4, 1.5), (0.05, 2.5)),
        (np.array([0.2, 0.2]), np.array([-1.0, 1.0]), (0.1, 3.0), (0.1, 0.5)),
    ],
    mistakes=[
        Mistake(
            "Grow and shrink are exchanged: the pace grows where the sign stayed the same.",
            lambda size, agree, etas, limits: _paces(size, -agree, etas, limits),
        ),
        Mistake(
            "The bounds are missing: no pace is below step_sizes[0] or above step_sizes[1].",
            lambda size, agree, etas, limits: _paces(size, agree, etas, limits, bounded=False),
        ),
        Mistake(
            "Where there is no sign, agree = 0, the pace stays as it is.",
            lambda size, agree, etas, limits: _paces(
                size, np.where(agree == 0, 1.0, agree), etas, limits
            ),
        ),
        Mistake(
            "Every weight grows: where the sign flipped, agree < 0, the pace shrinks.",
            lambda size, agree, etas, limits: _paces(size, np.abs(agree), etas, limits),
        ),
        Mistake(
            "This is the factor alone. The new pace is the old one times it.",
            lambda size, agree, etas, limits: _paces(np.ones(size.shape), agree, etas, limits),
        ),
    ],
)


def _rebuilt(square: np.ndarray, how: str = "") -> np.ndarray:
    """Return what row and column means stand for; ``how`` names a mistake."""
    if square.ndim < 2:
        return square
    row, column = square.mean(axis=-1, keepdims=True), square.mean(axis=-2, keepdims=True)
    total = row.mean(axis=-2, keepdims=True)
    return {
        "": row * column / total,
        "undivided": row * column,
        "rows": row * np.ones(square.shape),
        "sum": row * column / (row.shape[-2] * total),
    }[how]


def _second_moment(square: np.ndarray) -> tuple[int, np.ndarray]:
    return (1 if square.ndim < 2 else 2), _rebuilt(square)


def _both_moments(function: Callable[..., Any], square: np.ndarray) -> tuple[int, Any]:
    new, stands_for = function({}, square, 1.0, 1e-30)
    return len(new), stands_for


SECOND_MOMENT = Exercise(
    function="second_moment",
    parts={"arrays kept": "number", "squares": "array"},
    right=_second_moment,
    call=_both_moments,
    cases=[
        (np.array([[1.0, 3.0], [2.0, 2.0]]),),
        (np.array([[4.0, 1.0, 1.0], [9.0, 2.0, 4.0]]),),
        (np.array([1.0, 4.0]),),
    ],
    mistakes=[
        Mistake(
            "The division is missing: row times column is a product of two means of squares.",
            lambda square: (_second_moment(square)[0], _rebuilt(square, "undivided")),
        ),
        Mistake(
            "Only the rows are there. Multiply by the columns as well.",
            lambda square: (_second_moment(square)[0], _rebuilt(square, "rows")),
        ),
        Mistake(
            "A sum stands where a mean belongs: divide by total, the mean of the rows.",
            lambda square: (_second_moment(square)[0], _rebuilt(square, "sum")),
        ),
    ],
)


def _newton_schulz(matrix: np.ndarray, steps: int, scaled: bool = True, swap: bool = False) -> Any:
    """Return the iteration by singular values: what it does to each."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    a, b, c = 3.4445, -4.7750, 2.0315
    if swap:
        b, c = c, b
    values = values / np.linalg.norm(matrix) if scaled else values
    for _ in range(steps):
        values = a * values + b * values**3 + c * values**5
    return left * values @ right


_WIDE = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])

NEWTON_SCHULZ = Exercise(
    function="newton_schulz",
    parts={"matrix": "array"},
    right=_newton_schulz,
    cases=[(_WIDE / 2, 1), (_WIDE.T / 3, 2), (np.array([[3.0, 1.0], [1.0, 2.0]]) / 4, 5)],
    mistakes=[
        Mistake(
            "The matrix is not divided by its norm first.",
            lambda matrix, steps: _newton_schulz(matrix, steps, scaled=False),
        ),
        Mistake(
            "b and c are exchanged: b goes with the gram matrix, c with its square.",
            lambda matrix, steps: _newton_schulz(matrix, steps, swap=True),
        ),
        Mistake(
            "There is a single iteration; repeat it ns_steps times.",
            lambda matrix, steps: _newton_schulz(matrix, 1),
        ),
        Mistake(
            "There is no iteration: this is the matrix divided by its norm.",
            lambda matrix, steps: _newton_schulz(matrix, 0),
        ),
    ],
)


def _wolfe(before, after, length, slope, slope_there, *, c1=1e-4, c2=0.9, strong=True):
    size = abs(slope_there) if strong else -slope_there
    return float(after <= before + c1 * length * slope), float(size <= c2 * abs(slope))


def _as_numbers(function: Callable[..., Any], *case: float) -> Any:
    falls, flatter = function(*case)
    return falls if falls is ... else float(falls), flatter if flatter is ... else float(flatter)


WOLFE = Exercise(
    function="wolfe",
    parts={"first": "number", "second": "number"},
    right=lambda before, after, length, slope, slope_there: _wolfe(
        before, after, length, slope, slope_there
    ),
    call=_as_numbers,
    cases=[
        (2.0, 1.0, 1.0, -2.0, -1.0),
        (2.0, 1.0, 1.0, -2.0, -1.9),
        (2.0, 1.0, 1.0, -2.0, 1.9),
        (2.0, 2.5, 1.0, -2.0, 0.5),
        (2.0, 1.9999, 1.0, -2.0, 1.0),
        (2.0, 1.9999, 0.25, -2.0, 1.9),
        (2.0, 1.0, 1.0, -2.0, 0.1),
    ],
    mistakes=[
        Mistake(
            "The strong form looks at the size of the slope there, up or down: abs(slope_there).",
            lambda *case: _wolfe(*case, strong=False),
        ),
        Mistake(
            "c1 and c2 are exchanged: the fall need be small, the slope must shrink a little.",
            lambda *case: _wolfe(*case, c1=0.9, c2=1e-4),
        ),
        Mistake(
            "The length is missing in the first condition: what the slope promises grows with it.",
            lambda before, after, length, slope, there: _wolfe(before, after, 1.0, slope, there),
        ),
        Mistake(
            "The first condition asks only that the loss does not rise. It must fall by a part of"
            " what the slope promised, c1 * length * slope.",
            lambda *case: _wolfe(*case, c1=0.0),
        ),
        Mistake("The two results are in the wrong order.", lambda *case: _wolfe(*case)[::-1]),
    ],
)


def _quasi_newton(pairs: np.ndarray, g: np.ndarray, how: str = "") -> np.ndarray:
    """Return L-BFGS's direction from the inverse that BFGS builds, a matrix; ``how``: a mistake."""
    s, y = pairs[-1]
    inverse = np.eye(len(g)) * (1.0 if how == "unscaled" else (s @ y) / (y @ y))
    for s, y in pairs:
        turn = np.eye(len(g)) - np.outer(s, y) / (s @ y)
        inverse = turn @ inverse @ turn.T + np.outer(s, s) / (s @ y)
    return inverse @ g


def _oldest_first(pairs: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return what comes out if the first loop goes through the pairs from the oldest on."""
    shares: list[float] = []
    for s, y in pairs:
        shares.append((s @ g) / (s @ y))
        g = g - shares[-1] * y
    g = g * (s @ y) / (y @ y)
    for (s, y), share in zip(pairs, reversed(shares)):
        g = g + (share - (y @ g) / (s @ y)) * s
    return g


def _with_pairs(function: Callable[..., Any], pairs: np.ndarray, g: np.ndarray) -> Any:
    return function(tuple((s, y) for s, y in pairs), g)


def _pairs(seed: int, number: int, size: int) -> np.ndarray:
    """Return pairs (number, 2, size) of steps and changes of gradient, with a curvature above 0."""
    s = drawn(seed, number, size)
    return np.stack([s, s * np.linspace(1.0, 3.0, size) + 0.1 * s[:, ::-1]], axis=1)


QUASI_NEWTON = Exercise(
    function="quasi_newton",
    parts={"direction": "array"},
    right=lambda pairs, g: _quasi_newton(pairs, g),
    call=_with_pairs,
    cases=[
        (_pairs(71, 1, 2), np.array([1.0, 2.0])),
        (_pairs(72, 2, 3), np.array([1.0, -1.0, 0.5])),
        (_pairs(73, 3, 4), np.array([0.2, 1.0, -2.0, 1.0])),
    ],
    mistakes=[
        Mistake(
            "The scale between the two loops is missing: (s @ y) / (y @ y) of the newest pair.",
            lambda pairs, g: _quasi_newton(pairs, g, "unscaled"),
        ),
        Mistake(
            "The order of the pairs is turned round: the first loop begins with the newest pair.",
            _oldest_first,
        ),
        Mistake("The direction is the gradient itself: no pair is used.", lambda pairs, g: g),
        Mistake(
            "The sign is turned round: the direction is what is taken away from the weight.",
            lambda pairs, g: -_quasi_newton(pairs, g),
        ),
    ],
)

# --- In PyTorch -----------------------------------------------------------------------------------


def _bowl(weight: Any) -> Any:
    """A bowl over two weights, bent a little, so that L-BFGS needs several steps."""
    return (weight**2).sum() + 3 * weight[0] ** 2 + 0.1 * weight[1] ** 4


def _walked(
    start, steps, max_iter, *, empties="within", moves=True, copies="all", first=True, anew=False
):
    """Return the path under torch.optim.LBFGS; what is not as at first is a mistake. empties: the
    gradients, within the closure, or before it, or never. anew: an optimizer for each step.
    """
    import torch

    weight = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=max_iter, lr=0.5)

    def here(copied):
        return weight.detach().clone() if copied else weight.detach()

    path = [here(copies != "none")] if first else []

    def closure():
        if empties == "within":
            optimizer.zero_grad()
        value = _bowl(weight)
        value.backward()
        if not moves:
            optimizer.zero_grad()
        return value

    for _ in range(steps):
        if anew:
            optimizer = torch.optim.LBFGS([weight], max_iter=max_iter, lr=0.5)
        if empties == "before":
            optimizer.zero_grad()
        optimizer.step(closure)
        path.append(here(copies == "all"))
    return torch.stack(path).numpy()


def _walked_with(**slip: Any) -> Callable[..., np.ndarray]:
    return lambda start, steps, max_iter: _walked(start, steps, max_iter, **slip)


WALK_LBFGS = Exercise(
    function="walk_lbfgs",
    parts={"path": "tensor"},
    right=_walked_with(),
    call=lambda function, start, steps, max_iter: without_trail(
        function(_bowl, start, steps, max_iter=max_iter, lr=0.5)
    ),
    cases=[
        (np.array([1.0, -0.5]), 2, 1),
        (np.array([0.5, 1.5]), 4, 1),
        (np.array([0.5, 1.5]), 2, 3),
    ],
    mistakes=[
        Mistake(
            "The gradients pile up: empty them in the closure, before backward.",
            _walked_with(empties="never"),
        ),
        Mistake(
            "The gradients pile up within a step: with max_iter above 1 it calls the closure"
            " several times. Empty them in the closure, not before step.",
            _walked_with(empties="before"),
        ),
        Mistake(
            "The weight never moves: the gradient is emptied after backward, or backward never"
            " runs.",
            _walked_with(moves=False),
        ),
        *[
            Mistake(
                "Rows hold the same tensor again and again. Keep a copy, .detach().clone().",
                _walked_with(copies=copies),
            )
            for copies in ("first", "none")
        ],
        Mistake(
            "The start is missing: the first row is the weight before the first step.",
            _walked_with(first=False),
        ),
        Mistake(
            "Each row is a step behind: the copy is kept after the step.",
            lambda start, steps, max_iter: np.vstack([start, _walked(start, steps - 1, max_iter)]),
        ),
        Mistake(
            "The optimizer is made anew in each turn and forgets what it remembers. Make it once,"
            " above the loop.",
            _walked_with(anew=True),
        ),
        Mistake(
            "max_iter is not handed on to the optimizer: it is always 1.",
            lambda start, steps, max_iter: _walked(start, steps, 1),
        ),
        Mistake(
            "max_iter is not handed on to the optimizer, which then takes 20.",
            lambda start, steps, max_iter: _walked(start, steps, 20),
        ),
        Mistake(
            "It stops after the first step. Does a return stand inside the loop?",
            lambda start, steps, max_iter: _walked(start, 1, max_iter),
        ),
    ],
)


def _valley_slopes(w: np.ndarray, times: float = 1.0) -> np.ndarray:
    x, y = w
    bent = 200 * (y - x**2)
    return times * np.array([-2 * (1 - x) - 2 * x * bent, bent])


SLOPES = Exercise(
    function="slopes",
    parts={"gradient": "array"},
    right=_valley_slopes,
    # The last lies near the lowest place, where a finite difference is not exact.
    cases=[(np.array([0.5, 1.0]),), (np.array([-1.0, 0.25]),), (np.array([1.001, 1.0]),)],
    close=FLOAT32,
    mistakes=[
        Mistake(
            "This is the loss, not its gradient: ask torch.autograd.grad for it, or backward.",
            lambda w: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2,
        ),
        Mistake("This is w itself. Its gradient stands in .grad, after backward.", lambda w: w),
        Mistake("The sign is turned: the gradient points uphill.", lambda w: -_valley_slopes(w)),
        Mistake(
            "The gradient came in twice: backward adds to what stands in .grad.",
            lambda w: _valley_slopes(w, times=2.0),
        ),
        Mistake(
            "Only the first entry comes back: torch.autograd.grad gives a tuple with one gradient"
            " for each leaf; take [0] of the tuple, not of the gradient.",
            lambda w: _valley_slopes(w)[0],
        ),
    ],
)

MORE_OPTIMIZERS: dict[str, Exercise | Goal] = {
    "adamax": ADAMAX,
    "trust": TRUST,
    "paces": PACES,
    "second_moment": SECOND_MOMENT,
    "newton_schulz": NEWTON_SCHULZ,
    "quasi_newton": QUASI_NEWTON,
    "wolfe": WOLFE,
}

BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round3_MoreOptimizers": MORE_OPTIMIZERS,
    "Round3_MoreOptimizers-PyTorch": {"walk_lbfgs": WALK_LBFGS, "slopes": SLOPES},
}
