"""Round 2: the functions that the reader writes in the notebooks, and their known mistakes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from course_utils.exercises.cases import draw, gradient, hessian, mse
from course_utils.exercises.model import Exercise, Goal, Mistake, NotRight
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

# --- Curvatures and the border --------------------------------------------------------------------

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
            "These are the smallest and the largest number in the Hessian. The extreme curvatures"
            " are its eigenvalues.",
            lambda X: (hessian(X).min(), hessian(X).max()),
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

BORDER_OF = Exercise(
    function="border_of",
    parts={"border": "number"},
    right=lambda X: 2 / (2 * np.mean(X**2)),
    cases=[(draw(seed, m, 1)[0],) for seed, m in ((24, 3), (25, 5), (26, 4))],
    mistakes=[
        Mistake(
            "This is 1/L, where one step arrives. The border is twice as far.",
            lambda X: 1 / (2 * np.mean(X**2)),
        ),
        Mistake(
            "The 2 of L = 2/m Σ x² is missing: the border is 2/L, and L twice the mean of x².",
            lambda X: 2 / np.mean(X**2),
        ),
        Mistake("This is L. The border is 2/L.", lambda X: 2 * np.mean(X**2)),
        Mistake(
            "It is divided by the sum of the squares. L has their mean.",
            lambda X: 2 / (2 * np.sum(X**2)),
        ),
        Mistake(
            "The mean of x was taken away. L is twice the mean of x² as x is, also where its mean"
            " is not 0.",
            lambda X: 1 / np.var(X),
        ),
        Mistake("The mean of x is squared. L has the mean of x².", lambda X: 1 / np.mean(X) ** 2),
        Mistake(
            "m is taken as 342, the number of the notebook's penguins. Count the rows at hand,"
            " len(X).",
            lambda X: 342 / np.sum(X**2),
        ),
        Mistake(
            "L is taken as the sum of the squares; it is 2/m times that.",
            lambda X: 2 / np.sum(X**2),
        ),
        *[
            Mistake(
                "The standard deviation stands in it. L is twice the mean of x².",
                lambda X, size=size: size / np.std(X),
            )
            for size in (1, 2)
        ],
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


def _order_for_each(X, y, weight, lrate, epochs, batch_size, seed):
    """Return the walk whose order is drawn anew for each batch."""
    rng, weights = np.random.default_rng(seed), [weight]
    for _ in range(epochs):
        for start in range(0, len(y), batch_size):
            rows = rng.permutation(len(y))[start : start + batch_size]
            weights.append(weights[-1] - lrate * gradient(X[rows], y[rows], weights[-1]))
    return np.array(weights)


def _y_unshuffled(X, y, weight, lrate, epochs, batch_size, seed):
    """Return the walk whose rows of X are shuffled, and those of y are not."""
    weights = [weight]
    for order in _anew(np.random.default_rng(seed), len(y), epochs):
        for rows, old in zip(_batches(order, batch_size), _batches(range(len(y)), batch_size)):
            weights.append(weights[-1] - lrate * gradient(X[rows], y[list(old)], weights[-1]))
    return np.array(weights)


def _one_too_late(X, y, weight, *rest):
    """Return the walk with its start twice and without its end."""
    return np.array([weight, *_right_walk(X, y, weight, *rest)[:-1]])


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
            "A new order is drawn for each batch: some examples come twice, others never. Draw one"
            " for the epoch, before the loop over the batches.",
            _order_for_each,
        ),
        Mistake(
            "The weight is written down before its step: the first stands twice, the last is"
            " missing.",
            _one_too_late,
        ),
        Mistake("The rows of y are not those of X: take y[rows], too.", _y_unshuffled),
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
            "One gradient comes back, the sum of all. Return one row for each batch.",
            lambda X, y, w, B: _of_batches(X, y, w, B).sum(axis=0),
        ),
        Mistake(
            "Each row is the gradient of all the data. Take the rows of the batch from X and y.",
            lambda X, y, w, B: np.tile(gradient(X, y, w), (-(-len(y) // B), 1)),
        ),
    ],
)

# --- The same in PyTorch --------------------------------------------------------------------------


def _in_other_words(call: Callable[..., Any], sentences: dict[str, str]) -> Callable[..., Any]:
    """Return ``call``, with NotRight(sentence) for an error whose message holds its key."""

    def called(function, *case):
        try:
            return call(function, *case)
        except (AttributeError, NameError, RuntimeError, TypeError, ValueError) as error:
            for words, sentence in sentences.items():
                if words in str(error):
                    raise NotRight(sentence) from None
            raise

    return called


def _not_in_one(function: Callable[..., Any], *case: Any) -> Any:
    """Return function(*case). Raise NotRight where all batches' gradients come back as one."""
    result = function(*case)
    if isinstance(result, tuple) and len(result) == 1 and np.shape(result[0]) == case[2].shape:
        raise NotRight(
            "One gradient comes back, in a tuple: given several losses, torch.autograd.grad adds"
            " their gradients up. Ask for each loss alone, torch.autograd.grad(loss, w)[0], and"
            " make an array of the rows."
        )
    return result


BATCH_GRADIENTS_IN_PYTORCH = replace(BATCH_GRADIENTS, call=_not_in_one)


def _predict(model: Callable[..., Any], X: np.ndarray, weight: np.ndarray) -> Any:
    """Make the model, let it predict, and let the sum of its predictions flow back."""
    made = model(weight)
    prediction = made(as_tensor(X))
    found = list(made.parameters())
    if prediction.requires_grad:
        prediction.sum().backward()
    if any(np.shares_memory(parameter.detach().numpy(), weight) for parameter in found):
        raise NotRight(
            "The parameter lies where the caller's array lies: each step of an optimizer would"
            " change that, too. Copy it: torch.tensor(weight), not torch.from_numpy(weight)."
        )
    if len(found) == 1 and not hasattr(made, "weight"):
        (name,) = dict(made.named_parameters())
        raise NotRight(
            f"The parameter is called {name}, and the cells below read model.weight: keep it as"
            " self.weight."
        )
    slopes = [parameter.grad for parameter in found if parameter.grad is not None]
    return prediction, len(found), slopes[0].numpy() if slopes else np.zeros(len(weight))


LINEAR_MODEL = Exercise(
    function="LinearModel",
    parts={"prediction": "tensor", "number of parameters": "number", "slope": "array"},
    right=lambda X, weight: (X @ weight, 1, X.sum(axis=0)),
    call=_in_other_words(
        _predict,
        {
            "'numpy.ndarray' object has no attribute 'detach'": (
                "nn.Parameter wraps a tensor, and weight comes as a NumPy array:"
                " torch.tensor(weight)."
            ),
            **dict.fromkeys(
                ("same dtype", "expected scalar type"),
                "The parameter is float32, as torch.Tensor and nn.Linear make it, and X is float64."
                " torch.tensor(weight), with a small t, keeps the type of the array.",
            ),
            "name 'weight' is not defined": (
                "What __init__ makes is gone at its end, unless it is kept on self: self.weight in"
                " both methods."
            ),
        },
    ),
    cases=[(draw(seed, m, n)[0], draw(seed, m, n)[2]) for seed, m, n in ((51, 3, 2), (52, 4, 1))],
    mistakes=[
        Mistake(
            "The weight is a plain tensor: parameters() does not find it, so no optimizer will move"
            " it. Wrap it in nn.Parameter.",
            lambda X, weight: (X @ weight, 0, 0 * weight),
        ),
        Mistake(
            "The prediction is cut off the graph: no gradient comes back. Leave out .detach(),"
            " .item() and no_grad in forward, and requires_grad=False in the parameter.",
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


def _piling_up(X, y, weight, lrate, epochs, batch_size, seed, each_epoch=False):
    """Return the walk in which each step takes the sum of all gradients so far; each_epoch: so far
    in its epoch.
    """
    weights, total = [weight], 0
    for order in _anew(np.random.default_rng(seed), len(y), epochs):
        total = 0 if each_epoch else total
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
            "Each row stands one too late: the weight is written down before its step, or step()"
            " stands before backward() and takes the step of the batch before.",
            _one_too_late,
        ),
        Mistake(
            "The gradients pile up within an epoch: optimizer.zero_grad() belongs into the loop"
            " over the batches, before each backward.",
            partial(_piling_up, each_epoch=True),
        ),
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


def _learnt(descend: Callable[..., Any], *case: Any) -> Any:
    """Let ``descend`` change a linear model; return its weights, or what came back in its place."""
    from torch import nn

    X, y, weight, lrate, epochs = case
    model = nn.Linear(len(weight), 1, bias=False, dtype=as_tensor(weight).dtype)
    model.weight.data[0] = as_tensor(weight)
    made = descend(nn.Sequential(model, nn.Flatten(0)), as_tensor(X), as_tensor(y), lrate, epochs)
    return model.weight.detach().numpy()[0] if isinstance(made, nn.Module) else made


def _adding_up(X, y, weight, lrate, epochs):
    """Return the end of a walk on all the data whose gradients pile up."""
    total = 0
    for _ in range(epochs):
        total = total + gradient(X, y, weight)
        weight = weight - lrate * total
    return weight


def _a_step_late(X, y, weight, lrate, epochs):
    """Return the end of a walk whose steps use the gradient of the step before."""
    old = np.zeros(len(weight))
    for _ in range(epochs):
        weight, old = weight - lrate * old, gradient(X, y, weight)
    return weight


DESCEND = Exercise(
    function="descend",
    parts={"weight": "array"},
    right=lambda X, y, w, lrate, epochs: _walk(X, y, w, lrate, epochs)[0][-1],
    call=_learnt,
    cases=[(*draw(11, 3, 1), 0.1, 2), (*draw(12, 5, 2), 0.05, 3), (*draw(13, 4, 3), 0.02, 4)],
    mistakes=[
        Mistake(
            "The gradients pile up: .grad of the last step is still there when the next one is"
            " added. Empty it with optimizer.zero_grad() before backward, in every turn.",
            _adding_up,
        ),
        Mistake(
            "Each step uses the gradient of the step before: step stands before backward.",
            _a_step_late,
        ),
        Mistake(
            "The weight never moves: between backward and step the gradient is emptied, or no step"
            " is taken.",
            lambda X, y, w, lrate, epochs: w,
        ),
        Mistake(
            "The rate is always 0.1; use the argument lrate.",
            lambda X, y, w, lrate, epochs: _walk(X, y, w, 0.1, epochs)[0][-1],
        ),
        Mistake(
            "It takes a step too few; expected epochs steps.",
            lambda X, y, w, lrate, epochs: _walk(X, y, w, lrate, epochs - 1)[0][-1],
        ),
        Mistake(
            "It takes a single step. The three lines belong into the loop.",
            lambda X, y, w, lrate, epochs: _walk(X, y, w, lrate, 1)[0][-1],
        ),
    ],
)

BY_ROWS = replace(
    IN_PYTORCH,
    function="minibatch_by_rows",
    call=_in_other_words(
        with_generator,
        {
            "'numpy.ndarray' and 'Parameter'": (
                "X and y come as NumPy arrays, and the model computes with tensors. Before the"
                " loop: torch.from_numpy(X), torch.from_numpy(y)."
            )
        },
    ),
)

# --- What a batch costs ---------------------------------------------------------------------------


def _squared_scatter(single):
    return np.mean(np.sum((single - single.mean(axis=0)) ** 2, axis=1))


SCATTER = Exercise(
    function="scatter",
    parts={"S": "number"},
    right=_squared_scatter,
    cases=[(draw(seed, m, n)[0],) for seed, m, n in ((61, 3, 2), (62, 5, 3), (63, 4, 1))],
    mistakes=[
        Mistake(
            "The mean was not taken away: this is the mean squared length of the rows. S asks how"
            " far they lie from their mean.",
            lambda single: np.mean(np.sum(single**2, axis=1)),
        ),
        Mistake(
            "The columns are averaged, too. The squares of a row are added up, and only the rows"
            " are averaged.",
            lambda single: np.mean((single - single.mean(axis=0)) ** 2),
        ),
        Mistake(
            "A single mean is taken away from all columns. Each column has its own: axis=0.",
            lambda single: np.mean(np.sum((single - single.mean()) ** 2, axis=1)),
        ),
        Mistake(
            "The lengths are averaged, not their squares. Leave the root out.",
            lambda single: np.mean(np.linalg.norm(single - single.mean(axis=0), axis=1)),
        ),
        Mistake(
            "The standard deviations are added up. Add up the variances, their squares.",
            lambda single: single.std(axis=0).sum(),
        ),
        Mistake(
            "This is the variance of all numbers together. Each column has its own mean, and the"
            " columns are added up.",
            np.var,
        ),
        Mistake(
            "This is the sum over the rows. Take their mean.",
            lambda single: np.sum((single - single.mean(axis=0)) ** 2),
        ),
        Mistake(
            "It is divided by m - 1. S is a mean over the m examples at hand.",
            lambda single: np.sum(single.var(axis=0, ddof=1)),
        ),
        Mistake(
            "The mean is taken of each row, not of all rows: axis=0 averages over the examples.",
            lambda single: np.mean(
                np.sum((single - single.mean(axis=1, keepdims=True)) ** 2, axis=1)
            ),
        ),
    ],
)


def _side_by_side(step: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Return walks (steps + 1, walks, n) whose weight moves by ``step``(X, y, weight, lrate)."""

    def walks(X, y, weight, lrates, rows):
        found = [np.tile(weight, (rows.shape[1], 1))]
        for lrate, batch in zip(lrates, rows):
            moves = zip(batch, found[-1], strict=True)
            found.append(np.array([step(X[r], y[r], w, lrate) for r, w in moves]))
        return np.array(found)

    return walks


def _from_the_start(X, y, weight, lrates, rows):
    steps = [
        [weight - lrate * gradient(X[r], y[r], weight) for r in batch]
        for lrate, batch in zip(lrates, rows)
    ]
    return np.array([np.tile(weight, (rows.shape[1], 1)), *steps])


_right_walks = _side_by_side(lambda X, y, w, lrate: w - lrate * gradient(X, y, w))


def _rows(seed: int, m: int, steps: int, walks: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(m, size=(steps, walks, size))


NOISY_DESCENT = Exercise(
    function="noisy_descent",
    parts={"weights": "array"},
    right=_right_walks,
    cases=[
        (*draw(71, 4, 1), np.array([0.1, 0.05]), _rows(1, 4, 2, 2, 1)),
        (*draw(72, 5, 2), np.array([0.05, 0.02, 0.01]), _rows(2, 5, 3, 2, 3)),
        (*draw(73, 6, 3), np.array([0.02, 0.03]), _rows(3, 6, 2, 4, 2)),
    ],
    mistakes=[
        Mistake(
            "Every step starts at the first weights. Take the last of the list, weights[-1].",
            _from_the_start,
        ),
        Mistake(
            "The start is missing: the first entry holds the weights before the first step.",
            lambda *case: _right_walks(*case)[1:],
        ),
        Mistake(
            "The walks go uphill. Subtract the gradient.",
            _side_by_side(lambda X, y, w, lrate: w + lrate * gradient(X, y, w)),
        ),
        Mistake(
            "The factor 2 of the gradient is missing.",
            _side_by_side(lambda X, y, w, lrate: w - lrate * gradient(X, y, w) / 2),
        ),
        Mistake(
            "Every step takes the first rate. Each has its own: for lrate, batch in zip(lrates,"
            " rows).",
            lambda X, y, w, lrates, rows: _right_walks(X, y, w, 0 * lrates + lrates[0], rows),
        ),
        Mistake(
            "The gradients of a batch are added up. Take their mean.",
            _side_by_side(lambda X, y, w, lrate: w - lrate * len(y) * gradient(X, y, w)),
        ),
    ],
)

RATE_FOR = Exercise(
    function="rate_for",
    parts={"learning rate": "number"},
    right=lambda aim, B, S, L: min(2 * B * aim / S, 1 / (2 * L)),
    cases=[(0.01, 4, 2.0, 3.0), (0.02, 1, 0.8, 2.5), (0.1, 50, 2.0, 4.0)],
    mistakes=[
        Mistake(
            "There is no cap: for large batches the rate grows beyond the border. At most"
            " 1 / (2 L).",
            lambda aim, B, S, L: 2 * B * aim / S,
        ),
        Mistake(
            "This is the rate whose floor is the whole aim. Half of it is asked for.",
            lambda aim, B, S, L: min(4 * B * aim / S, 1 / (2 * L)),
        ),
        Mistake(
            "1 / 2 * L is a half times L. Write 1 / (2 * L), with brackets.",
            lambda aim, B, S, L: min(2 * B * aim / S, 1 / 2 * L),
        ),
        Mistake(
            "This is the floor for the rate aim, not the rate for a floor. Set η S / (4 B) to"
            " aim / 2, and solve for η.",
            lambda aim, B, S, L: min(aim * S / (8 * B), 1 / (2 * L)),
        ),
        Mistake(
            "The aim is always 0.001; use the argument aim.",
            lambda aim, B, S, L: min(2 * B * 0.001 / S, 1 / (2 * L)),
        ),
        Mistake(
            "Only the cap comes back. The rate is the smaller of two: the one whose floor is"
            " aim / 2, and the cap.",
            lambda aim, B, S, L: 1 / (2 * L),
        ),
        Mistake(
            "The larger of the two comes back. A cap is a smallest value of two: min.",
            lambda aim, B, S, L: max(2 * B * aim / S, 1 / (2 * L)),
        ),
        Mistake(
            "The cap is 1 / L. Half of it, 1 / (2 L), is asked for.",
            lambda aim, B, S, L: min(2 * B * aim / S, 1 / L),
        ),
        Mistake(
            "The batch size stands on the wrong side: the floor is η S / (4 B), so a larger batch"
            " allows a larger rate.",
            lambda aim, B, S, L: min(2 * aim / (S * B), 1 / (2 * L)),
        ),
    ],
)


def _handed_over(make: Callable[..., Any], *case: Any) -> Any:
    """Return the number of batches of the loader that ``make`` makes, and what they hold."""
    from torch.utils.data import DataLoader

    loader = make(*case)
    if not isinstance(loader, DataLoader):
        return loader
    batches = list(loader)
    rows = [np.column_stack([np.asarray(part) for part in batch]) for batch in batches]
    return len(batches), np.vstack(rows)


def _in_order(X, y, batch_size, order):
    return -(-len(order) // batch_size), np.column_stack([X, y])[order]


LOADER_OF = Exercise(
    function="loader_of",
    parts={"number of batches": "number", "rows of X and y": "array"},
    right=_in_order,
    call=_in_other_words(
        _handed_over,
        {
            "truth value of an array": (
                "The order stands where DataLoader asks for shuffle, a yes or no (its third"
                " argument by place). Hand it over by its name, sampler=order."
            )
        },
    ),
    cases=[
        (*draw(81, 3, 1)[:2], 2, np.array([2, 0, 1])),
        (*draw(82, 5, 2)[:2], 2, np.array([4, 1, 3, 0, 2])),
        (*draw(83, 6, 3)[:2], 4, np.array([5, 2, 0, 3, 1, 4])),
    ],
    mistakes=[
        Mistake(
            "The rows come in the order of the data: the sampler says in which order they are to"
            " come, sampler=order.",
            lambda X, y, B, order: _in_order(X, y, B, np.arange(len(y))),
        ),
        Mistake(
            "Every batch holds one example. Hand over batch_size.",
            lambda X, y, B, order: (len(y), _in_order(X, y, B, order)[1]),
        ),
        Mistake(
            "The last batch, which is smaller, is left out: that is what drop_last does.",
            lambda X, y, B, order: (len(y) // B, _in_order(X, y, B, order)[1][: len(y) // B * B]),
        ),
    ],
)


def _of_each(X, y, weight):
    return 2 * (X @ weight - y)[:, None] * X


SINGLE_GRADIENTS = Exercise(
    function="single_gradients",
    parts={"gradients": "array"},
    right=_of_each,
    call=_in_other_words(
        lambda function, *case: function(*case),
        {
            **dict.fromkeys(
                ("non-Tensor arguments", "must be Tensor, got <class 'numpy.ndarray'>"),
                "vmap and grad want tensors, and X, y and weight come as NumPy arrays:"
                " torch.from_numpy makes tensors of them, .numpy() an array of what comes back.",
            ),
            "same size in the mapped dimension": (
                "vmap runs over the rows of everything that it is handed, so over the weight, too."
                " in_dims=(None, 0, 0) hands that over whole."
            ),
            "MSELoss.forward() takes": (
                "loss_function takes predictions and targets. grad wants a function of the weight,"
                " one row and its target: their squared error."
            ),
        },
    ),
    cases=[draw(91, 3, 1), draw(92, 4, 2), draw(93, 5, 3)],
    mistakes=[
        Mistake(
            "One gradient comes back, the mean of all. Return one row for each example.",
            lambda X, y, w: _of_each(X, y, w).mean(axis=0),
        ),
        Mistake(
            "One gradient comes back, the sum of all. Return one row for each example.",
            lambda X, y, w: _of_each(X, y, w).sum(axis=0),
        ),
        Mistake(
            "Each row is the derivative by the row of X: grad differentiates by the first argument."
            " Let the weight come first.",
            lambda X, y, w: 2 * (X @ w - y)[:, None] * w,
        ),
        Mistake(
            "Every row is divided by m: they are parts of the mean's gradient. Each is to be the"
            " gradient of the example's own squared error.",
            lambda X, y, w: _of_each(X, y, w) / len(y),
        ),
        Mistake(
            "Each row is the gradient of all the data. vmap hands over one example at a time:"
            " in_dims is (None, 0, 0).",
            lambda X, y, w: np.tile(gradient(X, y, w), (len(y), 1)),
        ),
    ],
)

#: By notebook, then by the name of the function.
BLANKS: dict[str, dict[str, Exercise | Goal]] = {
    "Round2_SGD": {
        "gradient_descent": GRADIENT_DESCENT,
        "border_of": BORDER_OF,
        "extreme_curvatures": EXTREME_CURVATURES,
        "minibatch_descent": MINIBATCH_DESCENT,
    },
    "Round2_SGD-PyTorch": {
        "gradient_descent": GRADIENT_DESCENT,
        "border_of": BORDER_OF,
        "LinearModel": LINEAR_MODEL,
        "descend": DESCEND,
        "minibatch_by_rows": BY_ROWS,
    },
    "Round2_Noise": {
        "batch_gradients": BATCH_GRADIENTS,
        "scatter": SCATTER,
        "noisy_descent": NOISY_DESCENT,
        "rate_for": RATE_FOR,
    },
    "Round2_Noise-PyTorch": {
        "loader_of": LOADER_OF,
        "minibatch_descent": IN_PYTORCH,
        "batch_gradients": BATCH_GRADIENTS_IN_PYTORCH,
        "single_gradients": SINGLE_GRADIENTS,
    },
}
