"""The learner's functions at work: the walks that a lab draws, and what is measured on them.

A learner's function may raise anything and return anything; what went wrong comes back as a
sentence, and a lab shows it.
"""

import warnings

import numpy as np

# A step that leaves at least this of the distance creeps: over ten steps for each factor of ten.
CREEPING = 0.8

LOST = 1e9  # a walk that is this far away has left the map


def name_of(step):
    """Return what to call the learner's function in a message."""
    return getattr(step, "__name__", "the function")


def attempt(step, X, y, weight, lrate):
    """Call the learner's function once, on copies, and return ``(weight (n,), MSE, trouble)``.

    trouble: "" or what went wrong, as the words that follow the function's name; then the weight is
    the old one.
    """
    try:
        with np.errstate(all="ignore"):  # a diverging path may overflow
            result = step(X.copy(), y.copy(), weight.copy(), lrate)
    except Exception as error:  # the learner's function may raise anything
        return weight, np.nan, f"raised {type(error).__name__} ({error})"
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return weight, np.nan, f"returned {type(result).__name__}, expected a weight and its MSE,"
    try:
        # Copies: the function may go on changing its own.
        new, loss = (np.array(value, dtype=float) for value in result)
    except Exception as error:  # whatever refuses to become numbers
        return weight, np.nan, f"returned what are not numbers ({error})"
    if new.shape not in (weight.shape, (len(weight), 1)):
        return weight, np.nan, f"returned a weight of shape {new.shape}, expected {weight.shape},"
    if loss.shape:
        return weight, np.nan, f"returned an MSE of shape {loss.shape}, expected one number,"
    return new.reshape(-1), float(loss), ""


def descend(step, X, y, lrate, steps, batches=None):
    """Walk ``steps`` steps from weight 0 and return ``(weights (k + 1, n), losses (k + 1,),
    trouble)``.

    ``losses[k]`` is the MSE that ``step`` gives at ``weights[k]``; on mini-batches (``batches``: a
    list of row numbers for each step) it is the batch's. trouble: "" or a sentence that says what
    went wrong, where. A path that grows out of the numbers ends there, and that is no trouble.
    """
    weight = np.zeros(X.shape[1])
    weights, losses = [weight], []
    for k in range(steps + 1):
        rows = slice(None) if batches is None else batches[k]
        new, loss, trouble = attempt(step, X[rows], y[rows], weight, lrate)
        if not (trouble or np.isfinite([*new, loss]).all()) and not (
            losses and losses[-1] > 2 * losses[0]
        ):
            trouble = f"gave {'NaN' if np.isnan([*new, loss]).any() else 'infinity'}"
        if trouble:
            trouble = f"{name_of(step)} {trouble} at learning rate {lrate:.3g}, step {k + 1}."
            break
        if not np.isfinite([*new, loss]).all():
            break
        weight = new
        weights.append(weight)
        losses.append(loss)
    return (
        np.array(weights[: len(losses)]).reshape(len(losses), X.shape[1]),
        np.array(losses),
        trouble,
    )


def walk(rule, gradient, start, steps, where, name=None, **settings):
    """Walk ``steps`` steps of ``rule`` from ``start`` and return ``(weights (k + 1, n), trouble)``.

    settings: the rule's, lrate among them. name: the rule's own unless told. trouble: "" or a
    sentence that says what went wrong, ``where``, and at which step. A walk that leaves the map
    ends there, and that is no trouble.
    """
    name = name or getattr(rule, "__name__", "the rule")
    weights, state = [start], {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a diverging walk may overflow
        for k in range(steps):
            weight, trouble = weights[-1], ""
            try:
                state, step = rule(
                    state,
                    np.asarray(gradient(weight.copy()), dtype=float),
                    weight.copy(),
                    **settings,
                )
                step = np.asarray(step, dtype=float)
                if step.shape != weight.shape:
                    trouble = f"returned a step of shape {step.shape}, expected {weight.shape},"
                elif not np.isfinite(step).all():
                    trouble = f"gave {'NaN' if np.isnan(step).any() else 'infinity'}"
            except Exception as error:  # the learner's function may raise anything
                trouble = f"raised {type(error).__name__} ({error})"
            if trouble:
                return np.array(weights), f"{name} {trouble} {where}, step {k + 1}."
            weights.append(weight - step)
            if np.abs(weights[-1]).max() > LOST:
                break
    return np.array(weights), ""


def regime(factor):
    """Name what a step does that multiplies the distance to the minimum by ``factor``."""
    if abs(abs(factor) - 1) < 1e-6:
        return "on the border"
    if abs(factor) > 1:
        return "diverging"
    if abs(factor) < 1e-6:
        return "one-step"
    return "oscillating" if factor < 0 else "creeping" if factor > CREEPING - 1e-6 else "smooth"


def measured_factor(distances):
    """Return the factor by which a step multiplied a signed distance: the mean over the steps
    before rounding sets in.
    """
    sizes = np.abs(distances)
    if len(sizes) < 2 or sizes[0] == 0:
        return np.nan
    inside = sizes > 1e-6 * sizes[0]
    last = max(int(np.argmin(inside)) - 1 if not inside.all() else len(sizes) - 1, 1)
    return float(np.sign(distances[1] / distances[0]) * (sizes[last] / sizes[0]) ** (1 / last))


def measured_rate(weights, curvatures, lrate):
    """Return the factor by which a step multiplied the distance to 0, in the long run.

    It is half the slope of the straight line through the logarithm of the energy, in the later two
    thirds before rounding sets in. Energy, motion plus height, because a weight that swings is
    close to 0 now and then and has not arrived.
    """
    if len(weights) < 3:
        return np.nan
    middle, moved = (weights[1:] + weights[:-1]) / 2, np.diff(weights, axis=0)
    energy = (moved**2 + lrate * curvatures * middle**2).sum(axis=1)
    energy = energy[: np.argmin(energy > 1e-24 * energy[:1]) or None]
    late = np.log(energy[len(energy) // 3 :]) / 2
    if len(late) < 2:
        return np.nan
    k = np.arange(len(late)) - (len(late) - 1) / 2
    return float(np.exp(k @ late / (k @ k)))
