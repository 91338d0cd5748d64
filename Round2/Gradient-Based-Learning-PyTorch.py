"""Gradient descent in PyTorch: the algorithms of Round 2 as one plain script.

Run it:  python Round2/Gradient-Based-Learning-PyTorch.py --help
Its twin, Gradient-Based-Learning.py, prints the same lines; `diff` their outputs to see it.
"""

import numpy as np
import torch
from torch import nn

from course_utils import check_arrays, make_loader


def gradient_step_pytorch(X, y, weight, lrate):
    """Take one step downhill on the MSE of the linear model X @ weight, with autograd.

    X: (m, n). y: (m,) or (m, 1). weight: (n,) or (n, 1). lrate: step size η.
    Returns (new weight as an array in the shape that came in, MSE at the weight that came in).
    Changes no argument. Raises ValueError that names the shapes if they do not fit, are empty, or
    hold NaN.
    """
    X, y, w = (torch.tensor(array) for array in check_arrays(X, y, weight))  # copies, float64
    w.requires_grad_()
    loss = torch.mean((X @ w - y) ** 2)
    loss.backward()
    with torch.no_grad():
        w -= lrate * w.grad
    return w.detach().numpy().reshape(np.shape(weight)), loss.item()


def gradient_descent(X, y, weight, lrate, epochs):
    """Take `epochs` steps, each on all the data.

    Returns (weights (epochs + 1, n), losses (epochs + 1,)): row k and loss k belong together, row 0
    is the start.
    """
    weights = []
    losses = []
    for _ in range(epochs + 1):
        weights.append(weight)
        weight, loss = gradient_step_pytorch(X, y, weight, lrate)
        losses.append(loss)
    return np.array(weights), np.array(losses)


class LinearModel(nn.Module):
    """Predicts X @ weight, shape (m,); `weight` (n,) is where learning starts."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, X):
        return X @ self.weight


def minibatch_descent(X, y, weight, lrate, epochs, batch_size, rng, device="cpu"):
    """Take a step on each batch of `batch_size` examples, in an order that is shuffled anew each
    epoch.

    Returns weights (steps + 1, n): the start, then the weight after every step.
    """
    model, loss_function = LinearModel(weight).to(device), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lrate)
    loader = make_loader(X, y, batch_size, rng=rng)
    weights = [weight]
    for _ in range(epochs):
        for X_batch, y_batch in loader:
            X_batch, y_batch = (t.to(device, non_blocking=True) for t in (X_batch, y_batch))
            optimizer.zero_grad()
            loss_function(model(X_batch), y_batch).backward()
            optimizer.step()
            weights.append(model.weight.detach().cpu().numpy().copy())
    return np.array(weights)


if __name__ == "__main__":
    from script_support import run

    run("PyTorch", gradient_descent, minibatch_descent)
