"""What the labs of the tests and of the benchmark are made of: problems, rules, and all labs."""

import numpy as np
from definitions import functions_of

from course_utils import (
    batch_size_lab,
    border_lab,
    first_walk_lab,
    functions_from,
    graph_lab,
    learning_rate_lab,
    load_digits,
    load_regression,
    momentum_lab,
    race_lab,
    training_lab,
    two_weight_lab,
)
from course_utils.labs.drawing import PER_PIXEL

X, y = load_regression(n_features=1)
X2, y2 = load_regression(n_features=2)
X2 = X2 * [1, 5]


def gradient_step(X, y, weight, lrate):
    error = X @ weight - y
    return weight - lrate * 2 * X.T @ error / len(y), float(np.mean(error**2))


def gradient_step_pytorch(X, y, weight, lrate):
    import torch

    X, y, w = torch.tensor(X), torch.tensor(y), torch.tensor(weight, requires_grad=True)
    loss = torch.mean((X @ w - y) ** 2)
    loss.backward()
    with torch.no_grad():
        w -= lrate * w.grad
    return w.detach().numpy(), loss.item()


RULES = functions_of("Round3_Optimizers", "Round3_MoreOptimizers")
RACERS = {
    "SGD": (RULES["sgd"], {}),
    "momentum": (RULES["sgd"], {"momentum": 0.9}),
    "Nesterov": (RULES["sgd"], {"momentum": 0.9, "nesterov": True}),
    "Adagrad": (RULES["adagrad"], {}),
    "RMSprop": (RULES["rmsprop"], {}),
    "Adam": (RULES["adam"], {}),
    "L-BFGS": (RULES["lbfgs"], {"history_size": 10}),
}
SURFACES = {
    "ravine": (
        lambda w: (w[0] ** 2 + 25 * w[1] ** 2) / 2,
        lambda w: np.array([1, 25]) * w,
        [-2, 0.8],
        [0, 0],
    ),
    "bent valley": (
        lambda w: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2,
        lambda w: np.array(
            [-2 * (1 - w[0]) - 400 * w[0] * (w[1] - w[0] ** 2), 200 * (w[1] - w[0] ** 2)]
        ),
        [-1.2, 1],
        [1, 1],
    ),
}


def softmax(scores):
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def judge(W, X, y):
    """Return the losses and accuracies (runs,) of W (runs, k, n) on X (runs, m, n), y (runs, m)."""
    scores = X @ W.swapaxes(1, 2)
    with np.errstate(divide="ignore"):
        logs = np.log(np.take_along_axis(softmax(scores), y[..., None], axis=2))
    return -logs.mean(axis=(1, 2)), (scores.argmax(axis=2) == y).mean(axis=1)


def train_runs(train, validation, *, lrate, decay, batch_size, epochs):
    (X, y), rng, curves = train, np.random.default_rng(1), []
    m = y.shape[1]
    W = np.zeros((len(X), 10, X.shape[2]))
    V = np.zeros_like(W)
    for _ in range(epochs):
        for rows in np.split(rng.permutation(m), range(batch_size, m, batch_size)):
            error = softmax(X[:, rows] @ W.swapaxes(1, 2)) - np.eye(10)[y[:, rows]]
            V = 0.9 * V + error.swapaxes(1, 2) @ X[:, rows] / len(rows) + decay / m * W
            W = W - lrate * V
        curves.append([judge(W, *train)[0], *judge(W, *validation)])
    return np.array(curves)


def stop(losses, patience, min_gain=0.001):
    mark, waited, kept = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        kept, waited = (epoch if loss < losses[kept] else kept), waited + 1
        if loss < mark - min_gain:
            mark, waited = loss, 0
        if waited == patience:
            break
    return kept, epoch + 1


def digits(images=1197, wrong=0.0):
    """Return (train, validation) of so many images and 300, a part of the labels by chance."""
    X, y = load_digits()
    rng = np.random.default_rng(0)
    rows, new = np.split(rng.permutation(len(y))[:1497], [1197])
    rows, mean = rows[:images], X[rows[:images]].mean(axis=0)
    labels, bad = y[rows], int(wrong * images)
    labels[:bad] = rng.integers(0, 10, size=bad)
    return (X[rows] - mean, labels), (X[new] - mean, y[new])


TAPE = functions_from("Round5_Tape")


def small(w, x):
    u = w * x
    return u * u + w


MAKERS = {
    "one weight": lambda function=gradient_step: learning_rate_lab(function, X, y),
    "first walk": lambda function=gradient_step: first_walk_lab(function, X, y),
    "border": lambda function=gradient_step: border_lab(function, X[:6], y[:6]),
    "two weights": lambda function=gradient_step: two_weight_lab(function, X2, y2),
    "batches": lambda function=gradient_step: batch_size_lab(function, X2, y2, steps=60),
    "batches, one weight": lambda function=gradient_step: batch_size_lab(function, X, y, steps=60),
    "momentum": lambda rule=RULES["sgd"]: momentum_lab(rule, [1, 25], [-10, 1.5]),
    "race": lambda rule=None: race_lab(
        {name: (rule or own, settings) for name, (own, settings) in RACERS.items()},
        SURFACES,
        steps=40,
    ),
    "graph": lambda function=TAPE["hand_back"]: graph_lab(
        small,
        {"w": 1.0, "x": 2.0},
        node=TAPE["Node"],
        all_before=TAPE["all_before"],
        hand_back=function,
    ),
    "training": lambda function=train_runs: training_lab(
        function, stop, {"all": digits(), "few": digits(120, 0.3)}
    ),
}


def drawn(lab, number):
    """Return what lab.js would draw at a position: a list of (points, text) for each layer, as it
    reads them.
    """
    frame, points = lab.frames[number], np.frombuffer(lab.points, "<i2").reshape(-1, 2) / PER_PIXEL
    begin, layers = frame["at"] // 2, []
    for n, count in enumerate(frame["counts"]):
        layers.append((points[begin : begin + count], frame["labels"].get(str(n), "")))
        begin += count
    return layers
