"""Rules of Round 3 at work: gradients to feed them with, and the steps that they take."""

from collections.abc import Callable
from typing import Any

import numpy as np


def drawn(seed: int, steps: int, size: int) -> np.ndarray:
    """Return gradients (steps, size) with one decimal, none of them 0."""
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], (steps, size)) * rng.integers(1, 20, (steps, size)) / 10


def fed(function: Callable[..., Any], gradients: np.ndarray, **settings: Any) -> np.ndarray:
    """Return the steps of a rule that is fed ``gradients``, from weights of one on.

    Raises ValueError if it does not return a state, a dictionary, and a step.
    """
    state: dict[str, Any] = {}
    weight, steps = np.ones(gradients.shape[1:]), []
    for gradient in gradients:
        found = function(state, gradient.copy(), weight.copy(), **settings)
        if not isinstance(found, tuple) or len(found) != 2:
            raise ValueError("a rule returns two things, the new state and the step")
        state, step = found
        if not isinstance(state, dict):
            raise ValueError(
                "the state, the first of what a rule returns, is a dictionary with what it"
                " remembers under a name"
            )
        steps.append(step)
        weight = weight - step
    return np.array(steps)


def velocities(gradients: np.ndarray, momentum: float, share: float = 1.0) -> np.ndarray:
    """Return v ← momentum · v + share · g at each step."""
    velocity, found = np.zeros(gradients.shape[1:]), []
    for g in gradients:
        velocity = momentum * velocity + share * g
        found.append(velocity)
    return np.array(found)


def new_weights(steps: np.ndarray) -> np.ndarray:
    """Return what :func:`fed` finds if a rule returns weight − step where the step belongs."""
    return np.vstack([1 - steps[:1], steps[:-1] - steps[1:]])


#: What to say then.
NEW_WEIGHT = "This is the new weight. Return the step alone: the loop subtracts it from the weight."
