"""Gradient descent by hand, in NumPy: the algorithms of Round 2 as one plain script.

Run it:  python Round2/Gradient-Based-Learning.py --help
Its twin, Gradient-Based-Learning-PyTorch.py, prints the same lines; `diff` their outputs to see it.
"""

import numpy as np

from course_utils import check_arrays


def gradient_step(X, y, weight, lrate):
    """Take one step downhill on the MSE of the linear model X @ weight.

    X: (m, n). y: (m,) or (m, 1). weight: (n,) or (n, 1). lrate: step size η.
    Returns (new weight in the shape that came in, MSE at the weight that came in). Changes no
    argument. Raises ValueError that names the shapes if they do not fit, are empty, or hold NaN.
    """
    X, y, w = check_arrays(X, y, weight)
    error = X @ w - y
    gradient = 2 / len(y) * X.T @ error
    return (w - lrate * gradient).reshape(np.shape(weight)), float(np.mean(error**2))


def gradient_descent(X, y, weight, lrate, epochs):
    """Take `epochs` steps, each on all the data.

    Returns (weights (epochs + 1, n), losses (epochs + 1,)): row k and loss k belong together, row 0
    is the start.
    """
    weights = []
    losses = []
    for _ in range(epochs + 1):
        weights.append(weight)
        weight, loss = gradient_step(X, y, weight, lrate)
        losses.append(loss)
    return np.array(weights), np.array(losses)


def minibatch_descent(X, y, weight, lrate, epochs, batch_size, rng):
    """Take a step on each batch of `batch_size` examples, in an order that is shuffled anew each
    epoch.

    Returns weights (steps + 1, n): the start, then the weight after every step.
    """
    weights = [weight]
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            weight, _ = gradient_step(X[rows], y[rows], weight, lrate)
            weights.append(weight)
    return np.array(weights)


if __name__ == "__main__":
    from script_support import run

    run("NumPy", gradient_descent, minibatch_descent)
