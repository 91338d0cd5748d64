"""Round 2: the functions that the reader writes in the notebooks, and their known mistakes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from course_utils.exercises.cases import draw, gradient, hessian, mse
from course_utils.exercises.model import Exercise, Goal, Mistake
from course_utils.exercises.notebook_data import as_tensor

# --- Gradient descent -----------------------------------------------------------------------------


def _walk(X, y, weight, lrate, epochs):
    """Return the weights (epochs + 1, n) of a walk, and the MSE (epochs + 1,) at each."""
    weights = [weight]
    for _ in range(epochs):
        weights.append(weights[-1] - lrate * gradient(X, y, weights[-1]))
    return np.array(weights), np.array([mse(X, y, w) for w in weights])


def _one_later(X, y, weight, lrate, epochs):
    """Return the walk without its start, and with a step more."""
    weights, losses = _walk(X, y, weight, lrate, epochs + 1)
    return weights[1:], losses[1:]


def _standing(X, y, weight, lrate, epochs):
    """Return the walk in which each step starts where the first one did."""
    weights = np.tile(weight, (epochs + 1, 1))
    return weights, np.full(epochs + 1, mse(X, y, weight))


GRADIENT_DESCENT = Exercise(
    function="gradient_descent",
    parts={"weights": "array", "losses": "array"},
    right=_walk,
    cases=[(*draw(11, 3, 1), 0.1, 1), (*draw(12, 5, 2), 0.05, 3), (*draw(13, 4, 3), 0.02, 2)],
    mistakes=[
        Mistake(
            "The weight never moves: keep what the step returns, weight, loss = …, and start the"
            " next step there.",
            _standing,
        ),
        Mistake(
            "The first row should be the weight that walks off, with its loss; here it is the one"
            " after a step. Write the weight down before the step.",
            _one_later,
        ),
        Mistake(
            "Each loss stands one row too late or too early: a row holds a weight and the loss at"
            " that weight. The step returns the loss at the weight that came in.",
            lambda X, y, w, lrate, epochs: (
                _one_later(X, y, w, lrate, epochs)[0],
                _walk(X, y, w, lrate, epochs)[1],
            ),
        ),
        Mistake(
            "It takes a step too few: expected the start and epochs weights more.",
            lambda X, y, w, lrate, epochs: tuple(
                part[:epochs] for part in _walk(X, y, w, lrate, epochs)
            ),
        ),
        Mistake(
            "It takes a step too many: expected the start and epochs weights more.",
            lambda X, y, w, lrate, epochs: _walk(X, y, w, lrate, epochs + 1),
        ),
        Mistake(
            "It walks uphill. Subtract the gradient.",
            lambda X, y, w, lrate, epochs: _walk(X, y, w, -lrate, epochs),
        ),
        Mistake(
            "The weights and the losses are in the wrong order.",
            lambda X, y, w, lrate, epochs: _walk(X, y, w, lrate, epochs)[::-1],
        ),
    ],
)

# --- Curvatures -----------------------------------------------------------------------------------

EXTREME_CURVATURES = Exercise(
    function="extreme_curvatures",
    parts={"smallest": "number", "largest": "number"},
    right=lambda X: (np.linalg.eigvalsh(hessian(X))[0], np.linalg.eigvalsh(hessian(X))[-1]),
    cases=[(draw(seed, m, n)[0],) for seed, m, n in ((21, 3, 2), (22, 5, 3), (23, 4, 1))],
    mistakes=[
        Mistake(
            "The largest comes first. Return the smallest, then the largest.",
            lambda X: (np.linalg.eigvalsh(hessian(X))[-1], np.linalg.eigvalsh(hessian(X))[0]),
        ),
        Mistake(
            "These are the smallest and the largest on the Hessian's diagonal: the curvatures along"
            " the axes. The extreme ones lie in other directions: its eigenvalues.",
            lambda X: (np.diag(hessian(X)).min(), np.diag(hessian(X)).max()),
        ),
        Mistake(
            "The factor 2 / m is missing: the curvature is that of the mean of squares.",
            lambda X: tuple(np.linalg.eigvalsh(X.T @ X)[[0, -1]]),
        ),
        Mistake(
            "These are singular values of X. The curvatures are their squares times 2 / m.",
            lambda X: tuple(np.linalg.svd(X, compute_uv=False)[[-1, 0]]),
        ),
        Mistake(
            "This is the covariance of the columns: their means were taken away. The loss uses X as"
            " it is.",
            lambda X: tuple(np.linalg.eigvalsh(hessian(X - X.mean(axis=0)))[[0, -1]]),
        ),
    ],
)

# --- Mini-batches ---------------------------------------------------------------------------------


def _batches(order: Sequence[int], batch_size: int) -> list[Sequence[int]]:
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def _minibatches(orders: Callable[..., list], skip_rest: bool = False) -> Callable[..., np.ndarray]:
    """Return a walk on mini-batches, weights (steps + 1, n), that draws ``orders``(rng, m, epochs),
    the rows of each epoch; skip_rest: it leaves the last, smaller batch out.
    """

    def walk(X, y, weight, lrate, epochs, batch_size, seed):
        weights = [weight]
        for order in orders(np.random.default_rng(seed), len(y), epochs):
            for rows in _batches(order, batch_size):
                if skip_rest and len(rows) < batch_size:
                    continue
                weights.append(weights[-1] - lrate * gradient(X[rows], y[rows], weights[-1]))
        return np.array(weights)

    return walk


def _anew(rng, m, epochs):
    return [rng.permutation(m) for _ in range(epochs)]


_right_walk = _minibatches(_anew)


def _shuffled(rng, m, epochs):
    """Return the orders of one array that is shuffled in place, again and again."""
    order = np.arange(m)
    return [(rng.shuffle(order), order.copy())[1] for _ in range(epochs)]


def _own_steps(X, y, weight, lrate, epochs, batch_size, seed):
    """Return where each step leads that starts at the first weight."""
    rng = np.random.default_rng(seed)
    rows = [rows for order in _anew(rng, len(y), epochs) for rows in _batches(order, batch_size)]
    steps = [weight - lrate * gradient(X[r], y[r], weight) for r in rows]
    return np.array([weight, *steps])


def with_generator(function: Callable[..., Any], *case: Any) -> Any:
    """Call ``function`` with a generator in place of the seed that ends a case."""
    return function(*case[:-1], np.random.default_rng(case[-1]))


MINIBATCH_DESCENT = Exercise(
    function="minibatch_descent",
    parts={"weights": "array"},
    right=_right_walk,
    call=with_generator,
    cases=[
        (*draw(31, 4, 1), 0.1, 1, 2, 0),
        (*draw(32, 7, 2), 0.05, 3, 3, 1),
        (*draw(33, 5, 3), 0.02, 2, 5, 2),
        (*draw(34, 6, 1), 0.1, 2, 1, 3),
    ],
    mistakes=[
        Mistake(
            "Every batch starts at the first weight. Start each step where the last one ended.",
            _own_steps,
        ),
        Mistake(
            "The rows are never shuffled. Draw a new order at the beginning of each epoch:"
            " rng.permutation(len(y)).",
            _minibatches(lambda rng, m, epochs: [np.arange(m)] * epochs),
        ),
        Mistake(
            "The order is drawn once and kept for all epochs. Draw it inside the loop over epochs.",
            _minibatches(lambda rng, m, epochs: [rng.permutation(m)] * epochs),
        ),
        Mistake(
            "One array is shuffled again and again. That is a fair way, too, but it draws other"
            " batches than the other language's notebook: use rng.permutation(len(y)).",
            _minibatches(_shuffled),
        ),
        Mistake(
            "The last batch of an epoch, which is smaller, is left out. Its examples count, too.",
            _minibatches(_anew, skip_rest=True),
        ),
        Mistake(
            "Only the weights after each epoch are there. Write the weight down after every step.",
            lambda X, y, w, lrate, epochs, B, seed: _right_walk(X, y, w, lrate, epochs, B, seed)[
                :: -(-len(y) // B)
            ],
        ),
        Mistake(
            "The start is missing: the first row is the weight before the first step.",
            lambda *case: _right_walk(*case)[1:],
        ),
        Mistake(
            "All the rows are used in each step. Take the rows of the batch from X and from y.",
            lambda X, y, w, lrate, epochs, B, seed: _walk(X, y, w, lrate, epochs * -(-len(y) // B))[
                0
            ],
        ),
    ],
)


def _of_batches(X, y, weight, batch_size):
    rows = _batches(range(len(y)), batch_size)
    return np.array([gradient(X[list(r)], y[list(r)], weight) for r in rows])


BATCH_GRADIENTS = Exercise(
    function="batch_gradients",
    parts={"gradients": "array"},
    right=_of_batches,
    cases=[(*draw(41, 4, 1), 2), (*draw(42, 7, 2), 3), (*draw(43, 5, 3), 1)],
    mistakes=[
        Mistake(
            "The sign is turned round: minus a gradient is a step of rate 1, where the old weight"
            " was taken from the new one. Take the new one from the old one.",
            lambda X, y, w, B: -_of_batches(X, y, w, B),
        ),
        Mistake(
            "These are the weights after a step, not the gradients. At rate 1, the old weight minus"
            " the new one is the gradient.",
            lambda X, y, w, B: w - _of_batches(X, y, w, B),
        ),
        Mistake(
            "The last batch, which is smaller, is left out.",
            lambda X, y, w, B: _of_batches(X, y, w, B)[: len(y) // B],
        ),
        Mistake(
            "Every batch starts at row 0: each shows the same gradient.",
            lambda X, y, w, B: np.repeat(_of_batches(X, y, w, B)[:1], -(-len(y) // B), axis=0),
        ),
        Mistake(
            "One gradient comes back, the mean of all. Return one row for each batch.",
            lambda X, y, w, B: _of_batches(X, y, w, B).mean(axis=0),
        ),
        Mistake(
            "Each row is the gradient of all the data. Take the rows of the batch from X and y.",
            lambda X, y, w, B: np.tile(gradient(X, y, w), (-(-len(y) // B), 1)),
        ),
    ],
)

# --- The same in PyTorch --------------------------------------------------------------------------


def _predict(model: Callable[..., Any], X: np.ndarray, weight: np.ndarray) -> Any:
    """Make the model, let it predict, and let the sum of its predictions flow back."""
    made = model(weight)
    prediction = made(as_tensor(X))
    found = list(made.parameters())
    if prediction.requires_grad:
        prediction.sum().backward()
    slopes = [parameter.grad for parameter in found if parameter.grad is not None]
    return prediction, len(found), slopes[0].numpy() if slopes else np.zeros(len(weight))


LINEAR_MODEL = Exercise(
    function="LinearModel",
    parts={"prediction": "tensor", "number of parameters": "number", "slope": "array"},
    right=lambda X, weight: (X @ weight, 1, X.sum(axis=0)),
    call=_predict,
    cases=[(draw(seed, m, n)[0], draw(seed, m, n)[2]) for seed, m, n in ((51, 3, 2), (52, 4, 1))],
    mistakes=[
        Mistake(
            "The weight is a plain tensor: parameters() does not find it, so no optimizer will move"
            " it. Wrap it in nn.Parameter.",
            lambda X, weight: (X @ weight, 0, 0 * weight),
        ),
        Mistake(
            "The prediction is cut off the graph: no gradient comes back. Leave out .detach(),"
            " .item() and no_grad in forward.",
            lambda X, weight: (X @ weight, 1, 0 * weight),
        ),
        Mistake(
            "It starts at zero, not at the weight that is passed in.",
            lambda X, weight: (0 * (X @ weight), 1, X.sum(axis=0)),
        ),
        Mistake(
            "There is a bias besides the weight; this model has none.",
            lambda X, weight: (X @ weight, 2, X.sum(axis=0)),
        ),
    ],
)
#: Named where gradients pile up: .grad is never emptied.
PILING_UP = Mistake(
    "The gradients pile up: .grad of the last batch is still there when the next one is added."
    " Empty it with optimizer.zero_grad() before backward.",
    lambda X, y, w, lrate, epochs, B, seed: _piling_up(X, y, w, lrate, epochs, B, seed),
)


def _piling_up(X, y, weight, lrate, epochs, batch_size, seed):
    """Return the walk in which each step takes the sum of all gradients so far."""
    weights, total = [weight], 0
    for order in _anew(np.random.default_rng(seed), len(y), epochs):
        for rows in _batches(order, batch_size):
            total = total + gradient(X[rows], y[rows], weights[-1])
            weights.append(weights[-1] - lrate * total)
    return np.array(weights)


def _step_before(X, y, weight, lrate, epochs, batch_size, seed):
    """Return the walk in which each step uses the gradient of the batch before."""
    weights, old = [weight], np.zeros(len(weight))
    for order in _anew(np.random.default_rng(seed), len(y), epochs):
        for rows in _batches(order, batch_size):
            new = gradient(X[rows], y[rows], weights[-1])
            weights.append(weights[-1] - lrate * old)
            old = new
    return np.array(weights)


def _last_everywhere(X, y, weight, *rest):
    """Return the walk whose rows, after the start, all hold where it ended."""
    walk = _right_walk(X, y, weight, *rest)
    return np.array([weight, *[walk[-1]] * (len(walk) - 1)])


IN_PYTORCH = replace(
    MINIBATCH_DESCENT,
    mistakes=[
        PILING_UP,
        Mistake(
            "Each step uses the gradient of the batch before: step stands before backward.",
            _step_before,
        ),
        Mistake(
            "The weight never moves: between backward and step the gradient is emptied, or no step"
            " is taken.",
            lambda X, y, w, lrate, epochs, B, seed: np.tile(w, (epochs * -(-len(y) // B) + 1, 1)),
        ),
        Mistake(
            "Every row is the last weight: the list holds the same tensor again and again. Keep a"
            " copy of it after each step.",
            _last_everywhere,
        ),
        *MINIBATCH_DESCENT.mistakes,
    ],
)

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round2_SGD": {
        "gradient_descent": GRADIENT_DESCENT,
        "extreme_curvatures": EXTREME_CURVATURES,
        "minibatch_descent": MINIBATCH_DESCENT,
        "batch_gradients": BATCH_GRADIENTS,
    },
    "Round2_SGD-PyTorch": {
        "gradient_descent": GRADIENT_DESCENT,
        "LinearModel": LINEAR_MODEL,
        "minibatch_descent": IN_PYTORCH,
        "batch_gradients": BATCH_GRADIENTS,
    },
}
