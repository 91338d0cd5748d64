"""What the reader writes in Round3_Momentum, and the known mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.blanks.feeding import (
    NEW_WEIGHT,
    drawn,
    fed,
    slipped,
    velocities,
    without_trail,
)
from course_utils.exercises.model import Exercise, Goal, Mistake

# --- By hand --------------------------------------------------------------------------------------

#: What ball and nesterov have in common: the new weight in the place of the step.
_FORGOTTEN = (
    "The velocity is forgotten: it belongs into the step, and into the state, which hands it on,"
    ' {"velocity": velocity}.'
)

BALL = Exercise(
    function="ball",
    parts={"steps": "array"},
    right=lambda gradients, lrate, momentum: lrate * velocities(gradients, momentum),
    call=lambda function, gradients, lrate, momentum: fed(
        function, gradients, lrate=lrate, momentum=momentum
    ),
    cases=[(drawn(1, 2, 1), 0.1, 0.5), (drawn(2, 4, 2), 0.02, 0.9)],
    mistakes=[
        Mistake(_FORGOTTEN, lambda gradients, lrate, momentum: lrate * gradients),
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
            NEW_WEIGHT, slipped(lambda v, g, w, lrate, m: (m * v + g, w - lrate * (m * v + g)))
        ),
        Mistake(
            "The state holds the step. Hand on the velocity itself, without the rate.",
            slipped(lambda v, g, w, lrate, m: (lrate * (m * v + g),) * 2),
        ),
        Mistake(
            "The momentum multiplies the step once more: the step is lrate times the velocity.",
            slipped(lambda v, g, w, lrate, m: (m * v + g, lrate * m * (m * v + g))),
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
        Mistake(
            "The momentum's quotient is upside down: high - low over high + low.",
            _polyak_but(momentum=-1.0),
        ),
        Mistake(
            "Brackets are missing: 2 / high + low divides by high alone.",
            lambda flattest, steepest: (
                (2 / steepest**0.5 + flattest**0.5) ** 2,
                ((steepest**0.5 - flattest**0.5) / steepest**0.5 + flattest**0.5) ** 2,
            ),
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
            _FORGOTTEN,
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
            "The velocity stays 0: compute the new one first, momentum times the old one plus the"
            " gradient; use it in the step, and hand it on.",
            lambda gradients, lrate, momentum: lrate * gradients,
        ),
        Mistake(
            NEW_WEIGHT,
            slipped(lambda v, g, w, lrate, m: (m * v + g, w - lrate * (g + m * (m * v + g)))),
        ),
        Mistake(
            "The state holds gradient + momentum · velocity, which is the step's. Hand on the"
            " velocity, which grows as the ball's does.",
            slipped(lambda v, g, w, lrate, m: (g + m * (m * v + g), lrate * (g + m * (m * v + g)))),
        ),
        Mistake(
            "The momentum multiplies the gradient, too: the step is lrate times gradient +"
            " momentum · velocity.",
            slipped(lambda v, g, w, lrate, m: (m * v + g, lrate * m * (g + m * v + g))),
        ),
        Mistake(
            "The rate multiplies the gradient alone. It multiplies the whole: brackets.",
            slipped(lambda v, g, w, lrate, m: (m * v + g, lrate * g + m * (m * v + g))),
        ),
        Mistake(
            "The new gradient is weighed by 1 − momentum in the velocity. It enters whole.",
            lambda gradients, lrate, momentum: _nesterov(
                gradients, lrate, momentum, velocities(gradients, momentum, 1 - momentum)
            ),
        ),
        Mistake(
            "1 + momentum multiplies the velocity: the gradient enters beside it, once.",
            lambda gradients, lrate, momentum: (
                lrate * (1 + momentum) * velocities(gradients, momentum)
            ),
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
        *[
            Mistake(
                sentence,
                lambda x, middle=middle, right=right: np.where(
                    x < 1, 25 * x, np.where(x < 2, middle(x), right(x))
                ),
            )
            for sentence, middle, right in (
                (
                    "The last piece is 25x − 24, with a minus.",
                    lambda x: x + 24,
                    lambda x: 25 * x + 24,
                ),
                (
                    "The last piece is wrong: from 2 on the slope is 25x − 24.",
                    lambda x: x + 24,
                    lambda x: 25 * x,
                ),
                (
                    "The last piece is 25x − 24, without brackets.",
                    lambda x: x + 24,
                    lambda x: 25 * (x - 24),
                ),
                (
                    "The second question is turned round: the middle piece holds where x < 2.",
                    lambda x: 25 * x - 24,
                    lambda x: x + 24,
                ),
            )
        ],
        Mistake(
            "The first question is turned round: np.where(question, where true, where false), and"
            " 25x holds where x < 1.",
            lambda x: np.where(x < 1, np.where(x < 2, x + 24, 25 * x - 24), 25 * x),
        ),
        Mistake(
            "At 1 itself no piece holds: 0 comes back there. Where one begins, write <= or >=.",
            lambda x: np.where(x == 1, 0.0, _bent(x)),
        ),
        Mistake(
            "At 1 and at 2 themselves no piece holds: 0 comes back there. Write <= or >= on one"
            " side.",
            lambda x: np.where((x == 1) | (x == 2), 0.0, _bent(x)),
        ),
        Mistake(
            "That is f, the function. Its slope is asked for, as it stands above.",
            lambda x: np.where(
                x < 1,
                12.5 * x**2,
                np.where(x < 2, x**2 / 2 + 24 * x - 12, 12.5 * x**2 - 24 * x + 36),
            ),
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
    "All rows, or all after the start, are the last weight: the list holds the same tensor again"
    " and again."
    " Keep a copy, .detach().clone()."
)


_STOPS = "It stops after the first step. Does a return stand inside the loop?"


def _last_only(path: np.ndarray, whole: bool = False) -> np.ndarray:
    """Return the path whose rows are all the last; the first, too, if ``whole``."""
    rows = np.tile(path[-1], (len(path), 1))
    return rows if whole else np.vstack([path[:1], rows[1:]])


DESCEND = Exercise(
    function="descend",
    parts={"path": "tensor"},
    right=lambda start, lrate, steps: _down(start, lrate, steps),
    call=lambda function, *case: without_trail(function(_bowl, *case)),
    cases=[(_START, 0.1, 1), (_START, 0.3, 4)],
    mistakes=[
        Mistake(_NO_START, lambda start, lrate, steps: _down(start, lrate, steps)[1:]),
        Mistake(
            "Only the last weight comes back. Return the whole path, stacked.",
            lambda start, lrate, steps: _down(start, lrate, steps)[-1],
        ),
        *[
            Mistake(_SAME_ROWS, lambda *case, whole=whole: _last_only(_down(*case), whole))
            for whole in (False, True)
        ],
        Mistake(_STOPS, lambda *case: _down(*case)[:2]),
        Mistake("The last weight is missing.", lambda *case: _down(*case)[:-1]),
        Mistake(
            "The gradients pile up: backward adds to .grad. Empty it in each turn, weight.grad ="
            " None, or ask torch.autograd.grad.",
            lambda start, lrate, steps: _down(start, lrate, steps, piling=True),
        ),
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

    return without_trail(
        function(torch.optim.SGD, _bowl, start, steps, lr=lrate, momentum=momentum)
    )


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
        *[
            Mistake(_SAME_ROWS, lambda *case, whole=whole: _last_only(_down(*case), whole))
            for whole in (False, True)
        ],
        Mistake(_STOPS, lambda *case: _down(*case)[:2]),
        Mistake(
            "Only the start and the end are kept: append in each turn of the loop.",
            lambda *case: _down(*case)[[0, -1]],
        ),
        Mistake(
            "The optimizer is made anew in each turn and forgets its velocity. Make it once, above"
            " the loop.",
            lambda start, lrate, steps, momentum: _down(start, lrate, steps),
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


def _ahead(
    start,
    lrate,
    momentum,
    steps,
    *,
    at="ahead",
    give="ahead",
    reach=1.0,
    onward=False,
    keep=1.0,
    old=False,
    share=None,
    way=1.0,
):
    """Return Nesterov's places ahead (steps + 1, n); at: where the gradient is taken, give: what is
    kept, reach: the part of the way ahead; onward: from the place, not the weight; keep: the share
    of the velocity that stays beside the momentum; old: the way ahead goes by the velocity before;
    share: the gradient's, if 1 − momentum; way: -1 goes uphill.
    """
    weight, velocity, place, kept = start, 0.0 * start, start, [start]
    for _ in range(steps):
        before = velocity
        gradient = _BOWL * (place if at == "ahead" else weight)
        velocity = keep * momentum * velocity + (1 - momentum if share else 1.0) * gradient
        weight = (place if onward else weight) - way * lrate * velocity
        place = weight - reach * lrate * momentum * (before if old else velocity)
        kept.append(place if give == "ahead" else weight)
    return np.array(kept)


def _ahead_with(**slip: Any) -> Callable[..., np.ndarray]:
    return lambda start, lrate, momentum, steps: _ahead(start, lrate, momentum, steps, **slip)


PLACES_AHEAD = Exercise(
    function="places_ahead",
    parts={"places": "tensor"},
    right=_ahead_with(),
    call=lambda function, *case: without_trail(function(_bowl, *case)),
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
        Mistake(
            "The place ahead lies a whole step further: by lrate · momentum · velocity only.",
            lambda start, lrate, momentum, steps: _ahead(
                start, lrate, momentum, steps, reach=1 / momentum
            ),
        ),
        Mistake(
            "The rate is missing on the way ahead: lrate · momentum · velocity.",
            lambda start, lrate, momentum, steps: _ahead(
                start, lrate, momentum, steps, reach=1 / lrate
            ),
        ),
        Mistake(
            "The weight moves on from the place ahead. It moves from where it was; only the"
            " gradient is taken there.",
            _ahead_with(onward=True),
        ),
        Mistake("The weight walks uphill: subtract lrate · velocity.", _ahead_with(way=-1.0)),
        Mistake(
            "The velocity begins anew in each turn: what was before is lost. Set it to zero once,"
            " above the loop.",
            _ahead_with(keep=0.0),
        ),
        Mistake("The way ahead goes by the old velocity. Take the new one.", _ahead_with(old=True)),
        Mistake(
            "The gradient is weighed by 1 − momentum. It enters whole: v ← βv + g.",
            _ahead_with(share=True),
        ),
        Mistake(_STOPS, lambda *case: _ahead(*case)[:2]),
        Mistake("The last place is missing.", lambda *case: _ahead(*case)[:-1]),
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
