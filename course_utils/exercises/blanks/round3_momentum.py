"""What the reader writes in Round3_Momentum, and the known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.blanks.feeding import NEW_WEIGHT, drawn, fed, new_weights, velocities
from course_utils.exercises.model import Exercise, Goal, Mistake

# --- By hand --------------------------------------------------------------------------------------

BALL = Exercise(
    function="ball",
    parts={"steps": "array"},
    right=lambda gradients, lrate, momentum: lrate * velocities(gradients, momentum),
    call=lambda function, gradients, lrate, momentum: fed(
        function, gradients, lrate=lrate, momentum=momentum
    ),
    cases=[(drawn(1, 2, 1), 0.1, 0.5), (drawn(2, 4, 2), 0.02, 0.9)],
    mistakes=[
        Mistake(
            'The velocity is forgotten: hand it on as the state, {"velocity": velocity}.',
            lambda gradients, lrate, momentum: lrate * gradients,
        ),
        Mistake(
            "The rate is missing: the step is lrate times the velocity.",
            lambda gradients, lrate, momentum: velocities(gradients, momentum),
        ),
        Mistake(
            "This is Nesterov's form, which adds the gradient once more. Here the step is lrate"
            " times the velocity.",
            lambda gradients, lrate, momentum: (
                lrate * (gradients + momentum * velocities(gradients, momentum))
            ),
        ),
        Mistake(
            "The sign is turned: the loop subtracts the step, so the step points uphill.",
            lambda gradients, lrate, momentum: -lrate * velocities(gradients, momentum),
        ),
        Mistake(
            "The new gradient is weighed by 1 − momentum. In PyTorch's form, and here, it enters"
            " whole: v ← βv + g.",
            lambda gradients, lrate, momentum: (
                lrate * velocities(gradients, momentum, 1 - momentum)
            ),
        ),
        Mistake(
            NEW_WEIGHT,
            lambda gradients, lrate, momentum: new_weights(lrate * velocities(gradients, momentum)),
        ),
    ],
)


def _polyak(flattest: float, steepest: float) -> tuple[float, float]:
    low, high = flattest**0.5, steepest**0.5
    return (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2


def _polyak_but(rate: float = 1.0, momentum: float = 1.0) -> Callable[..., tuple[float, float]]:
    """Return Polyak's values, each to a power."""
    return lambda flattest, steepest: (
        _polyak(flattest, steepest)[0] ** rate,
        _polyak(flattest, steepest)[1] ** momentum,
    )


def _plain(flattest: float, steepest: float) -> tuple[float, float]:
    """Return what the curvatures themselves give in the place of their roots."""
    return _polyak(flattest**2, steepest**2)


POLYAK = Exercise(
    function="polyak",
    parts={"rate": "number", "momentum": "number"},
    right=_polyak,
    cases=[(1.0, 4.0), (0.5, 18.0)],
    mistakes=[
        Mistake(
            "The two are exchanged: return the rate first, then the momentum.",
            lambda flattest, steepest: _polyak(flattest, steepest)[::-1],
        ),
        Mistake("The momentum lacks its square.", _polyak_but(momentum=0.5)),
        Mistake("The rate lacks its square.", _polyak_but(rate=0.5)),
        Mistake("Both lack their squares.", _polyak_but(0.5, 0.5)),
        Mistake("Roots are missing: low and high are roots of the curvatures.", _plain),
        Mistake(
            "This rate is plain descent's best, 2 / (λmin + λmax). The ball's has roots in it.",
            lambda flattest, steepest: (2 / (flattest + steepest), _polyak(flattest, steepest)[1]),
        ),
    ],
)


def _nesterov(
    gradients: np.ndarray, lrate: float, momentum: float, velocity: np.ndarray | None = None
) -> np.ndarray:
    """Return the steps of Nesterov's form; velocity: the one that a mistake adds."""
    v = velocities(gradients, momentum) if velocity is None else velocity
    return lrate * (gradients + momentum * v)


NESTEROV = Exercise(
    function="nesterov",
    parts={"steps": "array"},
    right=lambda gradients, lrate, momentum: _nesterov(gradients, lrate, momentum),
    call=lambda function, gradients, lrate, momentum: fed(
        function, gradients, lrate=lrate, momentum=momentum
    ),
    cases=[(drawn(21, 2, 1), 0.1, 0.5), (drawn(22, 4, 2), 0.02, 0.9)],
    mistakes=[
        Mistake(
            "This is the ball: its step is lrate times the velocity. Nesterov's is lrate times"
            " gradient + momentum · velocity, with the new velocity (with the old one the sum"
            " is the new one, and the step the ball's).",
            lambda gradients, lrate, momentum: lrate * velocities(gradients, momentum),
        ),
        Mistake(
            "The velocity is added whole: in the step it is multiplied by the momentum once more.",
            lambda gradients, lrate, momentum: (
                lrate * (gradients + velocities(gradients, momentum))
            ),
        ),
        Mistake(
            'The velocity is forgotten: hand it on as the state, {"velocity": velocity}.',
            lambda gradients, lrate, momentum: _nesterov(gradients, lrate, momentum, gradients),
        ),
        Mistake(
            "The sign is turned: the loop subtracts the step, so the step points uphill.",
            lambda gradients, lrate, momentum: -_nesterov(gradients, lrate, momentum),
        ),
        Mistake(
            "The rate is missing.",
            lambda gradients, lrate, momentum: _nesterov(gradients, 1.0, momentum),
        ),
        Mistake(
            "The rate stands at the gradient alone. It multiplies the whole sum: brackets.",
            lambda gradients, lrate, momentum: (
                lrate * gradients + momentum * velocities(gradients, momentum)
            ),
        ),
        Mistake(
            "The velocity stays 0: compute the new one first, momentum times the old one plus the"
            " gradient; use it in the step, and hand it on.",
            lambda gradients, lrate, momentum: lrate * gradients,
        ),
        Mistake(
            NEW_WEIGHT,
            lambda gradients, lrate, momentum: new_weights(_nesterov(gradients, lrate, momentum)),
        ),
    ],
)


def _bent(x: np.ndarray, jump: float = 24.0, low: float = 1.0, high: float = 2.0) -> np.ndarray:
    """Return the slope; jump: the shift of the outer pieces, low and high: the bends."""
    return np.where(x < low, 25 * x, np.where(x < high, x + jump, 25 * x - jump))


BENT_SLOPE = Exercise(
    function="bent_slope",
    parts={"slope": "array"},
    right=_bent,
    cases=[(np.array([-1.0, 0.5, 1.0, 1.5, 2.0, 3.0]),), (np.array([[0.0, 1.25], [1.75, 4.0]]),)],
    mistakes=[
        Mistake(
            "The middle piece is missing: from 1 to 2 the slope is x + 24.",
            lambda x: np.where(x < 2, 25 * x, 25 * x - 24),
        ),
        Mistake(
            "The last piece is missing: from 2 on the slope is 25x − 24.",
            lambda x: np.where(x < 1, 25 * x, x + 24),
        ),
        Mistake(
            "The pieces do not meet: the middle one is x + 24, the last one 25x − 24.",
            lambda x: _bent(x, jump=0.0),
        ),
        Mistake(
            "These are the curvatures, 25, 1 and 25. The slope itself is asked for.",
            lambda x: np.where(x < 1, 25.0, np.where(x < 2, 1.0, 25.0)),
        ),
    ],
)

# --- In PyTorch -----------------------------------------------------------------------------------

#: The curvatures of the bowl on which loops walk: f(w) = ½ Σ λᵢ wᵢ².
_BOWL = np.array([1.0, 4.0])


def _bowl(weight: Any) -> Any:
    import torch

    return 0.5 * (torch.from_numpy(_BOWL) * weight**2).sum()


def _down(start, lrate, steps, momentum=0.0, piling=False):
    """Return the path (steps + 1, n) in the bowl; piling: gradients add up."""
    path, velocity, total = [start], 0.0, 0.0
    for _ in range(steps):
        gradient = _BOWL * path[-1]
        total = total + gradient if piling else gradient
        velocity = momentum * velocity + total
        path.append(path[-1] - lrate * velocity)
    return np.array(path)


_START = np.array([1.0, -0.5])
_NO_START = "The start is missing: the first row is the weight before the first step."
_SAME_ROWS = (
    "Every row after the start is the last weight: the list holds the same tensor again and again."
    " Keep a copy, .detach().clone()."
)


def _last_only(path: np.ndarray) -> np.ndarray:
    return np.vstack([path[:1], np.tile(path[-1], (len(path) - 1, 1))])


DESCEND = Exercise(
    function="descend",
    parts={"path": "tensor"},
    right=lambda start, lrate, steps: _down(start, lrate, steps),
    call=lambda function, *case: function(_bowl, *case),
    cases=[(_START, 0.1, 1), (_START, 0.3, 4)],
    mistakes=[
        Mistake(_NO_START, lambda start, lrate, steps: _down(start, lrate, steps)[1:]),
        Mistake(
            "Only the last weight comes back. Return the whole path, stacked.",
            lambda start, lrate, steps: _down(start, lrate, steps)[-1],
        ),
        Mistake(_SAME_ROWS, lambda start, lrate, steps: _last_only(_down(start, lrate, steps))),
        Mistake(
            "It walks uphill. Subtract the gradient.",
            lambda start, lrate, steps: _down(start, -lrate, steps),
        ),
    ],
)


def _with_sgd(
    function: Callable[..., Any], start: np.ndarray, lrate: float, steps: int, momentum: float
) -> Any:
    import torch

    return function(torch.optim.SGD, _bowl, start, steps, lr=lrate, momentum=momentum)


MINIMISE = Exercise(
    function="minimise",
    parts={"path": "tensor"},
    right=lambda start, lrate, steps, momentum: _down(start, lrate, steps, momentum),
    call=_with_sgd,
    cases=[(_START, 0.1, 2, 0.0), (_START, 0.05, 4, 0.5)],
    mistakes=[
        Mistake(
            "The gradients pile up: empty .grad with optimizer.zero_grad() before backward, in each"
            " turn of the loop.",
            lambda start, lrate, steps, momentum: _down(start, lrate, steps, momentum, piling=True),
        ),
        Mistake(
            "The weight never moves: the gradient is emptied between backward and step, or no step"
            " is taken.",
            lambda start, lrate, steps, momentum: np.tile(start, (steps + 1, 1)),
        ),
        Mistake(
            _SAME_ROWS,
            lambda start, lrate, steps, momentum: _last_only(_down(start, lrate, steps, momentum)),
        ),
        Mistake(
            _NO_START,
            lambda start, lrate, steps, momentum: _down(start, lrate, steps, momentum)[1:],
        ),
        Mistake(
            "Each row is a step behind: backward comes before step, and the copy is kept after it.",
            lambda start, lrate, steps, momentum: np.vstack(
                [start, _down(start, lrate, steps, momentum)[:-1]]
            ),
        ),
    ],
)


def _ahead(start, lrate, momentum, steps, *, at="ahead", give="ahead", reach=1.0):
    """Return Nesterov's places ahead (steps + 1, n); at: where the gradient is taken, give: what is
    kept, reach: the part of the way ahead.
    """
    weight, velocity, place, kept = start, 0.0 * start, start, [start]
    for _ in range(steps):
        velocity = momentum * velocity + _BOWL * (place if at == "ahead" else weight)
        weight = weight - lrate * velocity
        place = weight - reach * lrate * momentum * velocity
        kept.append(place if give == "ahead" else weight)
    return np.array(kept)


def _ahead_with(**slip: Any) -> Callable[..., np.ndarray]:
    return lambda start, lrate, momentum, steps: _ahead(start, lrate, momentum, steps, **slip)


PLACES_AHEAD = Exercise(
    function="places_ahead",
    parts={"places": "tensor"},
    right=_ahead_with(),
    call=lambda function, *case: function(_bowl, *case),
    cases=[(_START, 0.1, 0.5, 2), (_START, 0.05, 0.8, 4)],
    mistakes=[
        Mistake(
            "The gradient is taken at the weight: it is due at the place ahead, ahead[-1].",
            _ahead_with(at="weight"),
        ),
        Mistake(
            "These are the weights. Keep the places ahead, lrate · momentum · velocity further.",
            _ahead_with(give="weight"),
        ),
        Mistake(
            "This is the ball's path: gradient and row are the weight's. Nesterov looks ahead.",
            _ahead_with(at="weight", give="weight"),
        ),
        Mistake(
            "The place ahead lies on the wrong side: subtract lrate · momentum · velocity.",
            _ahead_with(reach=-1.0),
        ),
        Mistake(
            "The start is missing: the first row is the start itself.",
            lambda *case: _ahead(*case)[1:],
        ),
        Mistake("Only the last place comes back. Stack all.", lambda *case: _ahead(*case)[-1]),
        Mistake(
            "The first row moves along: weight -= changes the very tensor that lies in the list."
            " Make a new one, weight = weight - lrate * velocity.",
            lambda *case: np.vstack([_ahead(*case, give="weight")[-1:], _ahead(*case)[1:]]),
        ),
    ],
)

# --- All of the pair ------------------------------------------------------------------------------

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round3_Momentum": {
        "ball": BALL,
        "polyak": POLYAK,
        "nesterov": NESTEROV,
        "bent_slope": BENT_SLOPE,
    },
    "Round3_Momentum-PyTorch": {
        "descend": DESCEND,
        "minimise": MINIMISE,
        "places_ahead": PLACES_AHEAD,
    },
}
