"""The learner's functions at work: the walks that a lab draws, and what is measured on them.

A learner's function may raise anything and return anything. What went wrong comes back as text,
``error``, and a lab shows it; "" is none.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# A step that leaves at least this of the distance creeps: over ten steps for each factor of ten.
CREEPING = 0.8

LOST = 1e9  # a walk that is this far away has left the map


def name_of(function: Callable, default: str = "the function") -> str:
    """Return what to call the learner's function in a message."""
    return getattr(function, "__name__", default)


def _not_finite(*numbers: Any) -> str:
    """Say which numbers are not finite: "gave NaN", "gave infinity", or "" where all are."""
    flat = np.hstack([np.ravel(number) for number in numbers])
    if np.isnan(flat).any():
        return "gave NaN"
    return "" if np.isfinite(flat).all() else "gave infinity"


def call_gradient_step(
    gradient_step: Callable, X: np.ndarray, y: np.ndarray, weight: np.ndarray, lrate: float
) -> tuple[np.ndarray, float, str]:
    """Call the learner's function once, on copies, and return ``(weight (n,), MSE, error)``.

    error: "" or what went wrong, as the words that follow the function's name; then the weight is
    the old one, and the MSE NaN.
    """
    try:
        with np.errstate(all="ignore"):  # a diverging path may overflow
            result = gradient_step(X.copy(), y.copy(), weight.copy(), lrate)
    except Exception as raised:  # the learner's function may raise anything
        return weight, np.nan, f"raised {type(raised).__name__} ({raised})"
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return weight, np.nan, f"returned {type(result).__name__}, expected a weight and its MSE,"
    try:
        # Copies: the function may go on changing its own.
        new, loss = (np.array(value, dtype=float) for value in result)
    except Exception as raised:  # whatever refuses to become numbers
        return weight, np.nan, f"returned what are not numbers ({raised})"
    if new.shape not in (weight.shape, (len(weight), 1)):
        return weight, np.nan, f"returned a weight of shape {new.shape}, expected {weight.shape},"
    if loss.shape:
        return weight, np.nan, f"returned an MSE of shape {loss.shape}, expected one number,"
    return new.reshape(-1), float(loss), ""


def descend(
    gradient_step: Callable,
    X: np.ndarray,
    y: np.ndarray,
    lrate: float,
    steps: int,
    batches: Sequence[np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Walk ``steps`` steps from weight 0 and return ``(weights (k + 1, n), losses (k + 1,),
    error)``.

    ``losses[k]`` is the MSE that ``gradient_step`` gives at ``weights[k]``; on mini-batches
    (``batches``: a list of row numbers for each step) it is the batch's. error: "" or a sentence
    that says what went wrong, where. A path that grows out of the numbers ends there, and that is
    no error.
    """
    weight = np.zeros(X.shape[1])
    weights: list[np.ndarray] = []
    losses: list[float] = []
    error = ""
    for k in range(steps + 1):
        rows = slice(None) if batches is None else batches[k]
        new, loss, error = call_gradient_step(gradient_step, X[rows], y[rows], weight, lrate)
        overflow = "" if error else _not_finite(new, loss)
        has_grown = len(losses) > 0 and losses[-1] > 2 * losses[0]
        if not has_grown:
            error = error or overflow
        if error or overflow:
            break
        weights.append(weight)
        losses.append(loss)
        weight = new
    if error:
        error = f"{name_of(gradient_step)} {error} at learning rate {lrate:.3g}, step {k + 1}."
    return np.array(weights).reshape(len(losses), X.shape[1]), np.array(losses), error


def _call_rule(
    rule: Callable, state: Any, gradient: Callable, weight: np.ndarray, settings: dict
) -> tuple[Any, np.ndarray, str]:
    """Call the learner's rule once, on copies, and return ``(state, step (n,), error)``.

    error: "" or what went wrong, as the words that follow the rule's name; the gradient's failures
    are among it.
    """
    try:
        slope = np.asarray(gradient(weight.copy()), dtype=float)
        state, step = rule(state, slope, weight.copy(), **settings)
        step = np.asarray(step, dtype=float)
    except Exception as raised:  # the learner's function may raise anything
        return state, weight, f"raised {type(raised).__name__} ({raised})"
    if step.shape != weight.shape:
        return state, step, f"returned a step of shape {step.shape}, expected {weight.shape},"
    return state, step, _not_finite(step)


def walk(
    rule: Callable,
    gradient: Callable,
    start: np.ndarray,
    steps: int,
    where: str,
    name: str = "",
    **settings: Any,
) -> tuple[np.ndarray, str]:
    """Walk ``steps`` steps of ``rule`` from ``start`` and return ``(weights (k + 1, n), error)``.

    settings: the rule's, lrate among them. name: the rule's own unless told. error: "" or a
    sentence that says what went wrong, ``where``, and at which step. A walk that leaves the map
    ends there, and that is no error.
    """
    weights = [start]
    state: Any = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a diverging walk may overflow
        for k in range(steps):
            weight = weights[-1]
            state, step, error = _call_rule(rule, state, gradient, weight, settings)
            if error:
                name = name or name_of(rule, "the rule")
                return np.array(weights), f"{name} {error} {where}, step {k + 1}."
            weights.append(weight - step)
            if np.abs(weights[-1]).max() > LOST:
                break
    return np.array(weights), ""


def regime(factor: float) -> str:
    """Name what a step does that multiplies the distance to the minimum by ``factor``."""
    if abs(abs(factor) - 1) < 1e-6:
        return "on the border"
    if abs(factor) > 1:
        return "diverging"
    if abs(factor) < 1e-6:
        return "one-step"
    if factor < 0:
        return "oscillating"
    return "creeping" if factor > CREEPING - 1e-6 else "smooth"


def _first(flags: np.ndarray) -> int:
    """Return the place of the first flag that is set, or how many there are."""
    return int(np.argmax(flags)) if flags.any() else len(flags)


def measured_factor(distances: np.ndarray) -> float:
    """Return the factor by which a step multiplied a signed distance (k,): the mean over the steps
    before rounding sets in; NaN where nothing moved.
    """
    sizes = np.abs(distances)
    if len(sizes) < 2 or sizes[0] == 0:
        return np.nan
    last = max(_first(~(sizes > 1e-6 * sizes[0])) - 1, 1)
    size = (sizes[last] / sizes[0]) ** (1 / last)
    return float(np.sign(distances[1] / distances[0]) * size)


def long_run_factor(weights: np.ndarray, curvatures: np.ndarray, lrate: float) -> float:
    """Return the factor by which a step multiplied the distance to 0 in the long run, given the
    walk (k + 1, n); NaN for a walk of less than two steps.

    It is half the slope of the straight line through the logarithm of the energy, in the later two
    thirds before rounding sets in. Energy, motion plus height, because a weight that swings is
    close to 0 now and then and has not arrived.
    """
    if len(weights) < 3:
        return np.nan
    middle, moved = (weights[1:] + weights[:-1]) / 2, np.diff(weights, axis=0)
    energy = (moved**2 + lrate * curvatures * middle**2).sum(axis=1)
    energy = energy[: _first(~(energy > 1e-24 * energy[0]))]
    late = np.log(energy[len(energy) // 3 :]) / 2
    if len(late) < 2:
        return np.nan
    k = np.arange(len(late)) - (len(late) - 1) / 2
    return float(np.exp(k @ late / (k @ k)))
