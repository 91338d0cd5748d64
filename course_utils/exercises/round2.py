"""What each exercise of Round 2 expects, on which cases, and the mistakes its check knows by name;
see Round 1's.
"""

from functools import cache

import numpy as np

from course_utils.data import load_regression
from course_utils.exercises.check import Exercise, Mistake, guarded, show
from course_utils.exercises.round1 import FLOAT32, LINES, TOUCHY, draw, gradient, hessian, mse

#: Rates that are written down in place of the argument lrate.
USUAL_RATES = (1, 0.5, 0.1, 0.05, 0.01, 0.001)


def _step(X, y, weight, lrate):
    return weight - lrate * gradient(X, y, weight), mse(X, y, weight)


GRADIENT_STEP = Exercise(
    parts={"new weight": "array", "MSE": "number"},
    right=_step,
    cases=[
        (*case, lrate) for case, lrate in zip([*LINES, TOUCHY], (0.5, 0.1, 0.05, 1.5, 0.3, 0.2))
    ],
    compare={"new weight": lambda new, X, y, w, lrate: new - w},
    mistakes={
        "The step goes uphill: the sign is turned round. Subtract the gradient.": (
            lambda X, y, w, lrate: (w + lrate * gradient(X, y, w), mse(X, y, w))
        ),
        "The MSE is the one after the step. Expected the MSE at the weight that was passed in.": (
            lambda X, y, w, lrate: (_step(X, y, w, lrate)[0], mse(X, y, _step(X, y, w, lrate)[0]))
        ),
        "The weight did not move: the first result is the weight that was passed in.": (
            lambda X, y, w, lrate: (w, mse(X, y, w))
        ),
        "The first result is the gradient. Expected the new weight: weight - lrate * gradient.": (
            lambda X, y, w, lrate: (gradient(X, y, w), mse(X, y, w))
        ),
        "The first result is the step alone. Expected where it leads: weight - lrate * gradient.": (
            lambda X, y, w, lrate: (lrate * gradient(X, y, w), mse(X, y, w))
        ),
        "lrate is not used: the step is the whole gradient.": lambda X, y, w, lrate: (
            w - gradient(X, y, w),
            mse(X, y, w),
        ),
        "The gradient is divided by lrate; multiply.": lambda X, y, w, lrate: (
            w - gradient(X, y, w) / lrate,
            mse(X, y, w),
        ),
        "The second result is the root of the MSE. Leave the root out.": lambda X, y, w, lrate: (
            _step(X, y, w, lrate)[0],
            np.sqrt(mse(X, y, w)),
        ),
        "The step is right; the second result is the mean of the errors. Square them before taking the mean.": lambda X, y, w, lrate: (
            _step(X, y, w, lrate)[0],
            np.mean(X @ w - y),
        ),
    },
)


def _descend(X, y, weight, lrate, epochs, step=_step):
    weights, losses = [weight], [mse(X, y, weight)]
    for _ in range(epochs):
        weights.append(step(X, y, weights[-1], lrate)[0])
        losses.append(mse(X, y, weights[-1]))
    return np.array(weights), np.array(losses)


def _cut(weights_cut, losses_cut, more=0):
    def mistake(X, y, w, lrate, epochs):
        weights, losses = _descend(X, y, w, lrate, epochs + more)
        return weights[weights_cut], losses[losses_cut]

    return mistake


GRADIENT_DESCENT = Exercise(
    parts={"weights": "array", "losses": "array"},
    right=lambda X, y, weight, lrate, epochs: _descend(X, y, weight, lrate, epochs),
    cases=[
        (*case, *more)
        for case, more in zip(LINES, [(0.05, 2), (0.1, 5), (0.02, 1), (0.2, 4), (0.03, 3)])
    ],
    # The first step tells a factor; later ones mix it.
    compare={"weights": lambda weights, *_: weights[1] - weights[0]},
    mistakes={
        "The start is missing: row 0 of weights is the weight passed in, and loss 0 is its MSE.": (
            _cut(slice(1, None), slice(1, None))
        ),
        "The losses are shifted: loss k belongs to row k of weights. Row 0 of weights is the start.": _cut(
            slice(1, None), slice(-1)
        ),
        "The end is missing: epochs steps visit epochs + 1 weights, and the last one has a loss, too.": _cut(
            slice(-1), slice(-1)
        ),
        "The last loss is missing: the last weight has a loss, too, so there are epochs + 1 losses.": _cut(
            slice(None), slice(-1)
        ),
        "The first loss is missing: loss 0 is the MSE at the start.": _cut(
            slice(None), slice(1, None)
        ),
        "The last weight is missing: there are epochs + 1 rows.": _cut(slice(-1), slice(None)),
        "It takes one step too many: epochs steps visit epochs + 1 weights.": _cut(
            slice(None), slice(None), 1
        ),
        "Only the last weight comes back; expected all of them, a row for each, the start included.": _cut(
            -1, slice(None)
        ),
        "Only the last weight comes back; expected all of them. And the last loss is missing.": (
            _cut(-1, slice(-1))
        ),
        "The weights go uphill: the sign of the step is turned round.": (
            lambda X, y, w, lrate, epochs: _descend(X, y, w, -lrate, epochs)
        ),
        "Every step starts from the first weight again. Hand the new weight to the next step: weight, … = step(…).": lambda X, y, w, lrate, epochs: (
            np.array([w] + [_step(X, y, w, lrate)[0]] * epochs),
            np.array([mse(X, y, w)] + [mse(X, y, _step(X, y, w, lrate)[0])] * epochs),
        ),
        "The weight never moves: the new weight of a step is not kept.": (
            lambda X, y, w, lrate, epochs: _descend(X, y, w, 0, epochs)
        ),
        "All rows of weights are the last weight: the same array was appended each time and changed in place. Append a copy, or make a new array in each step.": lambda X, y, w, lrate, epochs: (
            np.array([_descend(X, y, w, lrate, epochs)[0][-1]] * (epochs + 1)),
            _descend(X, y, w, lrate, epochs)[1],
        ),
    }
    | {
        f"The rate is always {fixed}; use the argument lrate.": (
            lambda X, y, w, lrate, epochs, k=fixed: _descend(X, y, w, k, epochs)
        )
        for fixed in USUAL_RATES
    },
)


def _curvatures(X):
    return np.linalg.eigvalsh(hessian(X))


LARGEST_RATE = Exercise(
    parts={"largest rate": "number"},
    right=lambda X: 2 / _curvatures(X)[-1],
    # In the last two, the largest is neither the first nor the last that np.linalg.eigvals finds:
    # it does not sort. The Hessian of the third is diagonal, and of such a one the eigenvalues come
    # as they stand there, whoever computes them.
    cases=[
        (np.array([[2.0, 1.0], [1.0, 2.0], [1.0, -1.0]]),),
        (draw(7, 4, 1)[0],),
        (np.array([[0.5, 2.0, 1.2], [0.5, -2.0, 1.2], [0.5, 2.0, -1.2], [0.5, -2.0, -1.2]]),),
        (draw(9, 6, 4)[0],),
    ],
    mistakes={
        "The smallest curvature is used. The steepest direction explodes first: take the largest.": lambda X: (
            2 / _curvatures(X)[0]
        ),
        "The first eigenvalue is used, but np.linalg.eigvals and eig do not sort them. Take the largest: .max().": lambda X: (
            2 / np.linalg.eigvals(hessian(X))[0]
        ),
        "The last eigenvalue is used, but np.linalg.eigvals and eig do not sort them. Take the largest: .max().": lambda X: (
            2 / np.linalg.eigvals(hessian(X))[-1]
        ),
        "This is the best rate for all directions together, 2 / (smallest + largest curvature); asked is the border.": lambda X: (
            2 / (_curvatures(X)[0] + _curvatures(X)[-1])
        ),
        "The largest entry of the Hessian is used; it stands on the diagonal. A slanted direction can be steeper still: take the largest eigenvalue.": (
            lambda X: 2 / np.diag(hessian(X)).max()
        ),
        "All curvatures are added up (the trace). Take the largest eigenvalue alone.": lambda X: (
            2 / np.trace(hessian(X))
        ),
        "The mean of the curvatures is used; the largest decides.": lambda X: (
            2 / np.mean(_curvatures(X))
        ),
        "A singular value of X is used without its square: the Hessian holds X twice.": lambda X: (
            2 / (2 / len(X) * np.linalg.norm(X, 2))
        ),
        "This is the largest curvature itself. The border is 2 divided by it.": lambda X: (
            _curvatures(X)[-1]
        ),
        "The length of the whole Hessian (Frobenius) is used. Take its largest eigenvalue.": lambda X: (
            2 / np.linalg.norm(hessian(X))
        ),
    },
)


def _epoch(X, y, weight, lrate, batch_size, seed, **mistake):
    """The epoch of 2.4; each of ``mistake`` replaces a part of it."""
    m, start_weight, rng = len(y), weight, np.random.default_rng(seed)
    order = mistake.get("order", lambda rng, m: rng.permutation(m))(rng, m)
    y_order = mistake.get("y_order", lambda order, rng: order)(order, rng)
    for start in range(0, m, batch_size)[: mistake.get("batches", lambda m, B: m)(m, batch_size)]:
        rows, y_rows = order[start : start + batch_size], y_order[start : start + batch_size]
        factor = mistake.get("factor", lambda rows, m, B: 1.0)(len(rows), m, batch_size)
        at = start_weight if "at_start" in mistake else weight
        weight = weight - lrate * factor * gradient(X[rows], y[y_rows], at)
    return weight


def _epoch_with(**mistake):
    return lambda *case: _epoch(*case, **mistake)


def _equal_pieces(X, y, w, lrate, B, seed):
    for rows in np.array_split(np.random.default_rng(seed).permutation(len(y)), -(-len(y) // B)):
        w = w - lrate * gradient(X[rows], y[rows], w)
    return w


def _own_orders(X, y, w, lrate, B, seed):
    rng = np.random.default_rng(seed)
    for start in range(0, len(y), B):
        rows = rng.permutation(len(y))[start : start + B]
        w = w - lrate * gradient(X[rows], y[rows], w)
    return w


MINIBATCH_EPOCH = Exercise(
    parts={"new weight": "array"},
    right=lambda X, y, weight, lrate, batch_size, seed: _epoch(
        X, y, weight, lrate, batch_size, seed
    ),
    cases=[
        (*case, lrate, batch_size, seed)
        for seed, (case, lrate, batch_size) in enumerate(
            [
                (LINES[0], 0.1, 2),
                (draw(5, 6, 2), 0.05, 4),
                (LINES[2], 0.2, 2),
                (LINES[4], 0.03, 1),
                (LINES[1], 0.15, 9),
            ],
            start=5,
        )
    ],
    call=lambda function, X, y, w, lrate, B, seed: function(
        X, y, w, lrate, B, np.random.default_rng(seed)
    ),
    compare={"new weight": lambda new, X, y, w, *_: new - w},
    mistakes={
        "The examples are taken in their old order. Shuffle first: order = rng.permutation(len(y)).": _epoch_with(
            order=lambda rng, m: np.arange(m)
        ),
        "Rows are drawn with replacement: some come twice, others never. In an epoch each comes once: rng.permutation.": _epoch_with(
            order=lambda rng, m: rng.integers(0, m, m)
        ),
        "X is shuffled, y is not: examples get the wrong targets. Use the same rows for both.": (
            _epoch_with(y_order=lambda order, rng: np.arange(len(order)))
        ),
        "y is shuffled, X is not: examples get the wrong targets. Use the same rows for both.": (
            _epoch_with(
                order=lambda rng, m: np.arange(m),
                y_order=lambda order, rng: rng.permutation(len(order)),
            )
        ),
        "X and y are shuffled apart, by two permutations: examples get the wrong targets. Draw one order for both.": _epoch_with(
            y_order=lambda order, rng: rng.permutation(len(order))
        ),
        "A new permutation is drawn for each batch: some examples come twice, others never. Draw one for the epoch.": (
            _own_orders
        ),
        "The batches are of nearly equal size (np.array_split). Each holds batch_size rows; only the last may be smaller.": (
            _equal_pieces
        ),
        "The smaller last batch is left out. Every example counts once an epoch.": _epoch_with(
            batches=lambda m, B: m // B
        ),
        "Only the first batch was used. Go on to the end of the order.": _epoch_with(
            batches=lambda m, B: 1
        ),
        "Each batch is divided by m, the number of all examples. The mean runs over the batch: len(rows).": _epoch_with(
            factor=lambda rows, m, B: rows / m
        ),
        "Each batch is divided by batch_size, but the last one can be smaller: divide by len(rows).": _epoch_with(
            factor=lambda rows, m, B: rows / B
        ),
        "Each batch is summed, not averaged: divide by len(rows).": _epoch_with(
            factor=lambda rows, m, B: rows
        ),
        "The factor 2 of the gradient is missing in each batch.": _epoch_with(
            factor=lambda rows, m, B: 0.5
        ),
        "The steps go uphill: the sign is turned round.": _epoch_with(factor=lambda rows, m, B: -1),
        "All gradients are taken at the first weight. Each batch starts where the one before ended.": _epoch_with(
            at_start=True
        ),
        "This is one step on all examples. Cut the shuffled order into batches.": lambda X, y, w, lrate, B, seed: (
            w - lrate * gradient(X, y, w)
        ),
    }
    | {
        f"Its own generator (seed {other}) is used. Take the rng that is passed in.": (
            lambda X, y, w, lrate, B, seed, k=other: _epoch(X, y, w, lrate, B, k)
        )
        for other in (0, 1, 42)
    }
    | {
        f"The rate is always {fixed}; use the argument lrate.": (
            lambda X, y, w, lrate, B, seed, k=fixed: _epoch(X, y, w, k, B, seed)
        )
        for fixed in USUAL_RATES
    },
)


def _train_twice(function, X, y, weight, bias, lrate, momentum):
    """Two training steps of nn.Linear and SGD; the losses that come back, and weight and bias after
    each step.
    """
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    model = torch.nn.Linear(X.shape[1], 1, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(weight))
        model.bias.fill_(bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=lrate, momentum=momentum)
    results = []
    for _ in range(2):
        results.append(function(model, optimizer, X, y))
        results.append(
            torch.cat([model.weight.detach().flatten(), model.bias.detach()]).numpy().copy()
        )
    return tuple(results)


def _sgd_twice(
    X,
    y,
    weight,
    bias,
    lrate,
    momentum,
    *,
    gradient=gradient,
    loss=mse,
    keep=False,
    after=False,
    steps=1,
):
    X, w = np.column_stack([X, np.ones(len(X))]), np.append(weight, bias)
    g, v, results = 0.0, 0.0, []
    for _ in range(2):
        before = w
        for _ in range(steps):
            g = gradient(X, y, w) + (g if keep else 0.0)
            v = momentum * v + g
            w = w - lrate * v
        results += [loss(X, y, w if after else before), w]
    return tuple(results)


def _with(**change):
    return lambda *case: _sgd_twice(*case, **change)


TRAIN_STEP = Exercise(
    parts={
        "loss 1": "number",
        "weight and bias 1": "array",
        "loss 2": "number",
        "weight and bias 2": "array",
    },
    right=lambda X, y, weight, bias, lrate, momentum: _sgd_twice(
        X, y, weight, bias, lrate, momentum
    ),
    cases=[(*case, 1.0, 0.1, momentum) for case, momentum in zip(LINES, (0.0, 0.0, 0.9, 0.5, 0.0))],
    call=_train_twice,
    mistakes={
        "The gradient is accumulated: the second step uses the sum of both. Call optimizer.zero_grad() before backward().": _with(
            keep=True
        ),
        "model(X) has the shape (m, 1), y has (m,): the loss compares every prediction with every y. Use model(X).squeeze(1).": _with(
            gradient=lambda X, y, w: gradient(X, y.mean() + 0 * y, w),
            loss=lambda X, y, w: np.mean(((X @ w)[:, None] - y) ** 2),
        ),
        "model(X) has the shape (m, 1), y has (m,): the loss compares every prediction with every y. And gradients accumulate.": _with(
            gradient=lambda X, y, w: gradient(X, y.mean() + 0 * y, w),
            keep=True,
            loss=lambda X, y, w: np.mean(((X @ w)[:, None] - y) ** 2),
        ),
        "The model does not move. backward(), then step(); and zero_grad() not between the two.": (
            _with(gradient=lambda X, y, w: 0.0 * w)
        ),
        "The loss is the one after the step. Return the one that backward() was called on.": _with(
            after=True
        ),
        "The loss is summed over the examples, not averaged: nn.MSELoss() averages by itself.": (
            _with(
                gradient=lambda X, y, w: len(y) * gradient(X, y, w),
                loss=lambda X, y, w: len(y) * mse(X, y, w),
            )
        ),
        "The loss that comes back is right, but backward() was called on another one: a sum.": (
            _with(gradient=lambda X, y, w: len(y) * gradient(X, y, w))
        ),
        "It takes two steps in one call.": _with(steps=2),
        "It takes two steps in one call, and the gradient is accumulated.": _with(
            steps=2, keep=True
        ),
        "The step goes uphill.": _with(gradient=lambda X, y, w: -gradient(X, y, w)),
        "The loss is the mean of the absolute errors (nn.L1Loss); asked is nn.MSELoss.": _with(
            gradient=lambda X, y, w: X.T @ np.sign(X @ w - y) / len(y),
            loss=lambda X, y, w: np.mean(abs(X @ w - y)),
        ),
        "The first step is right, but the optimizer's momentum is not used: let optimizer.step() move the weights.": lambda *case: (
            _sgd_twice(*case[:-1], 0.0)
        ),
    },
    close=FLOAT32,
)


@cache
def _goals():
    goals = []
    for label, n, scale, goal in (
        ("load_regression()", 1, 1.0, 0.35),
        ("load_regression(4)", 4, 1.0, 0.05),
        ("load_regression(4), X in units 10 times smaller", 4, 10.0, 0.05),
        ("load_regression(), X in units 100 times larger", 1, 0.01, 0.35),
    ):
        X, y = load_regression(n)
        goals.append((label, X * scale, y, goal))
    return goals


def reach_goal(function, most=20):
    """The goal of 2.6: below a given MSE in at most ``most`` gradient steps, in whatever units the
    data comes.
    """
    lines, failure, tried = [], None, []
    for label, X, y, goal in _goals():
        given, asked, rates = [np.zeros(X.shape[1])], [], []

        def step(weight, lrate, *, _X=X, _y=y, _given=given, _asked=asked, _rates=rates):
            at = np.array(weight, float)
            new, loss = _step(_X, _y, at, lrate)
            _asked.append(at)
            _rates.append(float(lrate))
            _given.append(new)
            return new.copy(), loss

        weight = guarded(
            lambda: function(step, X.copy(), y.copy(), given[0].copy()), function, [label]
        )
        if not isinstance(weight, np.ndarray) or weight.shape != given[0].shape:
            wanted = f"It should return the last weight, an array of shape {given[0].shape}"
            raise Mistake(
                f"{wanted}; it returns {type(weight).__name__} {str(weight)[:40]}.", label
            )
        if not rates:
            raise Mistake(
                "It takes no step at all. Call weight, loss = step(weight, lrate).", label
            )
        # Going back to an earlier weight, to try another rate from there, is allowed.
        for k, at in enumerate(asked):
            if not _is_among(at, given[: k + 1]):
                raise Mistake(
                    f"Step {k + 1} starts at a weight that is neither the one passed in nor one"
                    " that step gave you. The goal is to get there by steps: start at weight, and"
                    " go on from what the last step returned.",
                    label,
                    f"step {k + 1} starts at {show(at)}",
                )
        if not _is_among(weight, given):
            raise Mistake(
                "The weight that comes back is none that step gave you. The goal is to get there by"
                " steps.",
                label,
            )
        loss, border = mse(X, y, weight), 2 / _curvatures(X)[-1]
        steps = "step" if len(rates) == 1 else "steps"
        line = (
            f"{label}: MSE {loss:.6g} after {len(rates)} {steps}; goal: below {goal} in at most"
            f" {most}"
        )
        tried.append((rates, loss < goal))
        if failure is None and len(rates) > most:
            failure = Mistake(f"It took {len(rates)} steps; the goal allows {most}.", line)
        elif failure is None and not loss < goal:
            losses = [mse(X, y, w) for w in given]
            stuck = len(asked) > 1 and all(np.array_equal(at, given[0]) for at in asked)
            used = (
                f"smallest rate used {min(rates):.6g}, largest {max(rates):.6g}, border"
                f" {border:.6g}"
            )
            failure = Mistake(
                _why_not_reached(tried, losses, goal, stuck, border, most), line, used
            )
        lines.append(f"{line}: reached")
    if failure:
        raise failure
    return lines


def _is_among(weight, weights):
    # NaN comes from a rate that is NaN.
    return any(np.array_equal(weight, w, equal_nan=True) for w in weights)


def _why_not_reached(tried, losses, goal, stuck, border, most):
    """Name what kept the last of ``tried`` (rates, reached) from its goal; ``losses``: at the start
    and after each step.
    """
    rates, different = tried[-1][0], {rate for rates, _ in tried for rate in rates}
    if not np.isfinite(rates).all():
        return "A rate is infinite or NaN. Look for a division by zero."
    if min(rates) < 0:
        return "A rate is negative: such a step goes uphill."
    if not any(rates):
        return "The rate is 0 in every step: the weight never moves."
    if stuck:
        return (
            "Every step starts at the first weight again. Keep what step returns: weight, loss ="
            " step(weight, lrate)."
        )
    if losses[-1] < goal:
        return (
            "The last step reaches the goal, but another weight comes back. Return the one that the"
            " last step gave you."
        )
    if tried[0][1] and len(different) == 1:
        return "A fixed rate suits one data set only. Let the data say it: compute the rate from X."
    if max(rates) > border and not losses[-1] < losses[0]:
        return "It diverges: the rate lies above the border 2 / L."
    if 0.95 * border < min(rates) and max(rates) <= border:
        return (
            "It swings to and fro: the rate lies so near the border 2 / L that it hardly settles."
        )
    if len(rates) < most:
        return "It stops too soon: there are steps left."
    if max(rates) < 0.1 * border:
        return "It creeps: the rate is far below the border 2 / L."
    return (
        "Not low enough yet. Half the border, 1 / L, would do in each step: print your rates and"
        " the MSE that step returns."
    )


EXERCISES = {
    "2.1": ("gradient_step", GRADIENT_STEP),
    "2.2": ("gradient_descent", GRADIENT_DESCENT),
    "2.3": ("largest_rate", LARGEST_RATE),
    "2.4": ("minibatch_epoch", MINIBATCH_EPOCH),
    "2.5": ("train_step", TRAIN_STEP),
    "2.6": ("reach_goal", reach_goal),
}
