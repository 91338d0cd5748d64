"""Rules of Round 3 at work: gradients to feed them with, and the steps that they take."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.model import NotRight


def drawn(seed: int, steps: int, size: int) -> np.ndarray:
    """Return gradients (steps, size) with one decimal, none of them 0."""
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], (steps, size)) * rng.integers(1, 20, (steps, size)) / 10


def fed(function: Callable[..., Any], gradients: np.ndarray, **settings: Any) -> Any:
    """Return the steps of a rule that is fed ``gradients``, from weights of one on. Raises NotRight
    where it returns no state and step, or changes what it is handed.
    """
    state: dict[str, Any] = {}
    weight, steps = np.ones(gradients.shape[1:]), []
    for gradient in gradients:
        handed = {"gradient": gradient.copy(), "weight": weight.copy()}
        try:
            result = function(state, *handed.values(), **settings)
        except KeyError as error:
            if state:
                raise
            raise NotRight(
                f"Before the first step the state is empty, and {error} is looked up in it. Ask"
                f" state.get({error}, 0.0), which is 0 then."
            ) from None
        if not isinstance(result, tuple | list) or len(result) != 2:
            if result is Ellipsis:
                return result
            raise NotRight("It should return two things, the new state and the step.")
        if isinstance(result[1], dict) and not isinstance(result[0], dict):
            raise NotRight("The results are in the wrong order: the state first, then the step.")
        if not isinstance(result[0], dict):
            raise NotRight(
                "The state, the first of what a rule returns, is a dictionary with what it"
                " remembers under a name."
            )
        for name, before in (("gradient", gradient), ("weight", weight)):
            if not np.array_equal(handed[name], before):
                raise NotRight(
                    f"It changes its argument {name} in place, and the loop still needs it. Return"
                    " the step; the loop takes it."
                )
        state, step = result
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


def slipped(rule: Callable[..., tuple]) -> Callable[..., np.ndarray]:
    """Return the steps of a rule with a mistake: rule(velocity, gradient, weight, lrate, momentum)
    returns the velocity to keep and the step.
    """

    def steps(gradients: np.ndarray, lrate: float, momentum: float) -> np.ndarray:
        def function(state: dict, gradient: np.ndarray, weight: np.ndarray) -> tuple:
            kept, step = rule(state.get("kept", 0.0), gradient, weight, lrate, momentum)
            return {"kept": kept}, step

        return fed(function, gradients)

    return steps


def without_trail(result: Any) -> Any:
    """Return what a reader's function returned; raise NotRight where it is a tensor that still
    hangs on a graph, as what follows turns it into an array.
    """
    if getattr(result, "requires_grad", False):
        raise NotRight(
            "The numbers are right or not, but they hang on the graph: NumPy and Matplotlib refuse"
            " such a tensor. Keep copies without it, .detach().clone(), and let only a copy ask"
            " for a gradient: .detach().requires_grad_()."
        )
    return result
