"""Round 3: the functions that the reader writes in the notebooks, and their known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.model import Exercise, Goal, Mistake

# --- The race -------------------------------------------------------------------------------------


def _with_generator(function: Callable[..., Any], *case: Any) -> Any:
    """Call ``function`` with a generator in place of the seed that ends a case."""
    return function(*case[:-1], np.random.default_rng(case[-1]))


def _rates(low, high, shape, rng):
    return 10 ** np.random.default_rng(rng).uniform(np.log10(low), np.log10(high), shape)


DRAW_RATES = Exercise(
    function="draw_rates",
    parts={"rates": "array"},
    right=_rates,
    call=_with_generator,
    cases=[(0.01, 1.0, (3,), 0), (1e-3, 10.0, (2, 3), 1), (0.5, 4.0, (4, 1), 2)],
    mistakes=[
        Mistake(
            "These are the exponents. The rates are 10 to the power of them.",
            lambda low, high, shape, rng: np.log10(_rates(low, high, shape, rng)),
        ),
        Mistake(
            "np.exp undoes the natural logarithm; the exponents are powers of ten: 10**exponents.",
            lambda low, high, shape, rng: np.exp(np.log10(_rates(low, high, shape, rng))),
        ),
        Mistake(
            "The rates are even on a plain scale: nearly all of them lie close to the largest. Draw"
            " the exponents evenly, and then take 10 to the power of them.",
            lambda low, high, shape, rng: np.random.default_rng(rng).uniform(low, high, shape),
        ),
        Mistake(
            "Upside down: these are 1 / rate. The exponent has no minus.",
            lambda low, high, shape, rng: 1 / _rates(low, high, shape, rng),
        ),
        Mistake(
            "The powers are those of 2; np.log10 belongs to powers of 10.",
            lambda low, high, shape, rng: 2 ** np.log10(_rates(low, high, shape, rng)),
        ),
    ],
)


def _steps(heights, target):
    """Return 1 + the number of the last look above the target, inf for never: look by look."""
    heights = np.asarray(heights, dtype=float)
    found = np.zeros(heights.shape[1:])
    for number, height in enumerate(heights):
        found = np.where(height > target, number + 1.0, found)
    return np.where(found == len(heights), np.inf, found)


def _finite(steps):
    """Return steps with 99 for infinity, to compare and print; an open ``...`` stays."""
    if steps is Ellipsis:
        return steps
    return np.where(np.isposinf(steps), 99.0, steps)


def _first_below(heights, target):
    low = heights <= target
    return np.where(low.any(axis=0), low.argmax(axis=0), np.inf)


#: Heights (looks, runs): one that arrives, one that comes back up, one that never does, one that
#: begins low, one that stands on the target itself.
_HEIGHTS = np.array(
    [
        [1.0, 1.0, 1.0, 0.1, 1.0],
        [0.5, 0.1, 0.9, 0.1, 0.2],
        [0.1, 0.6, 0.8, 0.0, 0.2],
        [0.0, 0.2, 0.7, 0.1, 0.2],
    ]
)
STEPS_TO = Exercise(
    function="steps_to",
    parts={"steps, with 99 for infinity": "array"},
    right=lambda heights, target: _finite(_steps(heights, target)),
    call=lambda function, heights, target: _finite(function(heights, target)),
    cases=[
        (_HEIGHTS[:, [0, 3]], 0.2),
        (_HEIGHTS[:, [0, 1]], 0.3),
        (_HEIGHTS, 0.2),
        (_HEIGHTS[:, None, :], 0.15),
    ],
    mistakes=[
        Mistake(
            "This is the first look that is low enough. The height has to stay there: a run that"
            " comes up again has not arrived yet.",
            lambda heights, target: _finite(_first_below(heights, target)),
        ),
        Mistake(
            "This counts the looks at which the height stays low, from the end. The steps are those"
            " before: len(heights) - stay.",
            lambda heights, target: np.where(
                np.isinf(_steps(heights, target)), 99.0, len(heights) - _steps(heights, target)
            ),
        ),
        Mistake(
            "A run that never arrives needs infinitely many steps: np.inf where stay is 0, not"
            " len(heights).",
            lambda heights, target: np.where(
                np.isinf(_steps(heights, target)), len(heights), _steps(heights, target)
            ),
        ),
        Mistake(
            "One too few: heights[0] is the start, after no step. len(heights) - stay is the number"
            " of the first look from which on all are low.",
            lambda heights, target: _finite(_steps(heights, target) - 1),
        ),
        Mistake(
            "This counts all looks above the target, also those before it was crossed for the first"
            " time and again: read from the end, and stop at the first that is too high.",
            lambda heights, target: np.where(
                heights[-1] > target, 99.0, np.sum(heights > target, axis=0)
            ),
        ),
    ],
)

#: Steps (trials, one team, starts): each way to choose wrongly takes another trial.
_ONE_TEAM = np.array(
    [
        [np.inf, 9.0, 5.0, 5.0],
        [5.25, 5.25, 9.0, 9.0],
        [2.0, 8.75, 7.0, 7.0],
        [6.0, 6.0, 1.0, 1.0],
        [3.0, 6.5, 8.0, 8.0],
        [5.5, 5.5, 2.0, 2.0],
    ]
)[:, None]
_COUNTS = np.concatenate([_ONE_TEAM, _ONE_TEAM[[3, 5, 4, 0, 2, 1]]], axis=1)


def _in_floats(numbers):
    """Return whole numbers as floats; an open ``...`` stays."""
    return numbers if numbers is Ellipsis else np.asarray(numbers, dtype=float)


def _chosen(steps, of=slice(None, 2), over=np.max, best=np.argmin):
    return best(over(steps[..., of], axis=-1), axis=0).astype(float)


CHOOSE = Exercise(
    function="choose",
    parts={"best": "array"},
    right=lambda steps: _chosen(steps, slice(None, steps.shape[-1] // 2)),
    call=lambda function, steps: _in_floats(function(steps)),
    cases=[(_ONE_TEAM,), (_COUNTS,), (_COUNTS[[2, 0, 1, 5]],)],
    mistakes=[
        Mistake(
            "All starts are looked at. The second half is for the report: what it has chosen itself"
            " would flatter it.",
            lambda steps: _chosen(steps, slice(None)),
        ),
        Mistake(
            "The second half is looked at. Choose by the first, steps[..., :half].",
            lambda steps: _chosen(steps, slice(steps.shape[-1] // 2, None)),
        ),
        Mistake(
            "This is the trial whose fastest start is fastest: one lucky start decides. Take the"
            " slowest of a trial's starts, max, and then the smallest of these.",
            lambda steps: _chosen(steps, over=np.min),
        ),
        Mistake(
            "The mean of the starts is taken. Here the slowest counts: max over the last axis.",
            lambda steps: _chosen(steps, over=np.mean),
        ),
        Mistake(
            "This is the slowest trial: argmin, not argmax.",
            lambda steps: _chosen(steps, best=np.argmax),
        ),
        Mistake(
            "These are the fewest steps. Asked for is the number of the trial that has them:"
            " argmin, not min.",
            lambda steps: _chosen(steps, best=np.min),
        ),
    ],
)


def _saddle(w):
    x, y = w[..., 0], w[..., 1]
    return np.stack([x, y**3 - 2 * y], axis=-1)


SADDLE_GRADIENT = Exercise(
    function="saddle_gradient",
    parts={"gradient": "array"},
    right=_saddle,
    cases=[
        (np.array([2.0, 1.0]),),
        (np.array([[0.5, 3.0], [-1.0, -0.5]]),),
        (np.array([[[1.5, 0.25]], [[0.1, -2.0]]]),),
    ],
    mistakes=[
        Mistake("The sign is turned round: this points downhill.", lambda w: -_saddle(w)),
        Mistake(
            "The inner derivative is missing: (y² − 2)² / 4 has the derivative (y² − 2) / 2 times"
            " 2y.",
            lambda w: np.stack([w[..., 0], (w[..., 1] ** 2 - 2) / 2], axis=-1),
        ),
        Mistake(
            "A factor of two in y: (y² − 2)² / 4 has the derivative (y² − 2) / 2 times 2y, which is"
            " y (y² − 2).",
            lambda w: np.stack([w[..., 0], 2 * w[..., 1] * (w[..., 1] ** 2 - 2)], axis=-1),
        ),
        Mistake(
            "The derivative of x² / 2 is x.",
            lambda w: np.stack([2 * w[..., 0], _saddle(w)[..., 1]], axis=-1),
        ),
        Mistake(
            "x and y change places: the derivative by x comes first.",
            lambda w: _saddle(w)[..., ::-1],
        ),
        Mistake(
            "The two parts belong on the last axis: np.stack([..., ...], axis=-1).",
            lambda w: np.stack([_saddle(w)[..., 0], _saddle(w)[..., 1]]),
        ),
    ],
)


def _share(steps, factor):
    rows = [
        [each <= factor * min(row) and np.isfinite(each) for each in row] for row in np.array(steps)
    ]
    return np.mean(rows, axis=0)


#: Steps (races, rules); in the last race nobody arrives.
_RACES = np.array([[4.0, 8.0, 5.0], [9.0, 3.0, np.inf], [6.0, 6.0, 7.0], [np.inf] * 3])
WITHIN = Exercise(
    function="within",
    parts={"share": "array"},
    right=_share,
    cases=[(_RACES[:2], 2.0), (_RACES[:3], 1.2), (_RACES, 1.0), (_RACES[[3, 0, 2, 1]], 3.0)],
    mistakes=[
        Mistake(
            "A race in which nobody arrives counts for everybody: inf <= inf is true. Ask for"
            " np.isfinite(steps) as well.",
            lambda steps, factor: np.mean(
                steps <= factor * steps.min(axis=1, keepdims=True), axis=0
            ),
        ),
        Mistake(
            "The fastest of all races is taken. Each race has its own: min(axis=1, keepdims=True).",
            lambda steps, factor: np.mean(
                (steps <= factor * steps.min()) & np.isfinite(steps), axis=0
            ),
        ),
        Mistake(
            "The smallest of each column is taken: a rule is compared with itself. The fastest rule"
            " of a race stands in its row: axis=1.",
            lambda steps, factor: np.mean(
                (steps <= factor * steps.min(axis=0)) & np.isfinite(steps), axis=0
            ),
        ),
        Mistake(
            "These are counts. Asked for is the share of the races: the mean, not the sum.",
            lambda steps, factor: _share(steps, factor) * len(steps),
        ),
        Mistake(
            "The mean is taken over the rules. One share for each rule: axis=0.",
            lambda steps, factor: np.mean(
                (steps <= factor * steps.min(axis=1, keepdims=True)) & np.isfinite(steps), axis=1
            ),
        ),
        Mistake(
            "At exactly the factor it counts, too: <=, not <.",
            lambda steps, factor: np.mean(
                (steps < factor * steps.min(axis=1, keepdims=True)) & np.isfinite(steps), axis=0
            ),
        ),
    ],
)

# --- The race in PyTorch --------------------------------------------------------------------------


def _by_hand(adam, lrate, beta):
    """Return where a weight (2,) stands after each of three steps from zero: SGD with momentum
    ``beta``, or Adam with the first beta.
    """
    w = first = second = np.zeros(2)
    places = []
    for t, g in enumerate(_GRADIENTS, 1):
        if adam:
            first, second = beta * first + (1 - beta) * g, 0.999 * second + 0.001 * g**2
            step = first / (1 - beta**t) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        else:
            step = first = beta * first + g
        w = w - lrate * step
        places.append(w)
    return np.array(places)


_GRADIENTS = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 1.0]])


def _driven(make: Callable[..., Any], adam: int, lrate: float, beta: float) -> np.ndarray:
    """Let the learner's optimizer walk, with gradients that are put into ``.grad``."""
    import torch

    name, settings = ("Adam", {"betas": (beta, 0.999)}) if adam else ("SGD", {"momentum": beta})
    weight, places = torch.zeros(2, dtype=torch.float64, requires_grad=True), []
    optimizer = make(name, [weight], lrate, settings)
    for gradient in _GRADIENTS:
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        places.append(weight.detach().numpy().copy())
    return np.array(places)


MAKE_OPTIMIZER = Exercise(
    function="make_optimizer",
    parts={"weights after each of three steps": "array"},
    right=_by_hand,
    call=_driven,
    cases=[(0, 0.5, 0.5), (1, 0.25, 0.5), (0, 0.1, 0.9), (1, 0.1, 0.7)],
    mistakes=[
        Mistake(
            "The settings are not used: hand them on as keywords, **settings.",
            lambda adam, lrate, beta: _by_hand(adam, lrate, 0.9 if adam else 0.0),
        ),
        Mistake(
            "The rate is not used, so the optimizer takes its default: lr=lrate.",
            lambda adam, lrate, beta: _by_hand(adam, 1e-3, beta),
        ),
        Mistake(
            "Neither the rate nor the settings are used: lr=lrate, **settings.",
            lambda adam, lrate, beta: _by_hand(adam, 1e-3, 0.9 if adam else 0.0),
        ),
    ],
)


def _pull(w):
    """A loss of a torch weight, with the gradient (1, 4) * w − (1, 0)."""
    return 0.5 * w[0] ** 2 + 2 * w[1] ** 2 - w[0]


def _slope(w):
    return np.array([1.0, 4.0]) * w - np.array([1.0, 0.0])


def _path(lrate, momentum, start, steps, piled=0):
    """Return the path (steps + 1, 2) of momentum; piled: what remains of ``.grad`` each time."""
    w, velocity, total = np.array(start), np.zeros(2), np.zeros(2)
    path = [w]
    for _ in range(steps):
        total = piled * total + _slope(w)
        velocity = momentum * velocity + total
        w = w - lrate * velocity
        path.append(w)
    return np.array(path)


def _walked(run: Callable[..., Any], *case: Any) -> Any:
    lrate, momentum, start, steps = case
    return run("SGD", lrate, {"momentum": momentum}, _pull, list(start), steps)


RUN = Exercise(
    function="run",
    parts={"path": "tensor"},
    right=_path,
    call=_walked,
    cases=[(0.1, 0.0, (2.0, 1.0), 1), (0.1, 0.5, (2.0, 1.0), 3), (0.05, 0.0, (-1.0, 0.5), 4)],
    mistakes=[
        Mistake(
            "The gradients pile up: .grad of the step before is still there. Empty it in the"
            " closure, optimizer.zero_grad(), before backward.",
            lambda lrate, momentum, start, steps: _path(lrate, momentum, start, steps, 1),
        ),
        Mistake(
            "The weight never moves: does the closure call backward, before it returns the loss?",
            lambda lrate, momentum, start, steps: np.tile(start, (steps + 1, 1)),
        ),
        Mistake(
            "Every row is the last weight: the path holds the same tensor again and again. Keep a"
            " copy, weight.detach().clone().",
            lambda *case: np.tile(_path(*case)[-1], (case[-1] + 1, 1)),
        ),
        Mistake(
            "Every row after the start is the last weight: the path holds the same tensor again and"
            " again. Keep a copy, weight.detach().clone().",
            lambda *case: np.array([_path(*case)[0], *[_path(*case)[-1]] * case[-1]]),
        ),
        Mistake(
            "The start is missing: the first row is the weight before the first step.",
            lambda *case: _path(*case)[1:],
        ),
        Mistake(
            "Each row is kept before its step, so the start stands there twice and the last weight"
            " is missing.",
            lambda *case: np.concatenate([_path(*case)[:1], _path(*case)[:-1]]),
        ),
    ],
)

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round3_Race": {
        "draw_rates": DRAW_RATES,
        "steps_to": STEPS_TO,
        "choose": CHOOSE,
        "saddle_gradient": SADDLE_GRADIENT,
        "within": WITHIN,
    },
    "Round3_Race-PyTorch": {
        "make_optimizer": MAKE_OPTIMIZER,
        "run": RUN,
        "steps_to": STEPS_TO,
        "choose": CHOOSE,
        "within": WITHIN,
    },
}
