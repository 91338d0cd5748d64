"""How many examples a second the training loop of Round 4 gets through, and what the loading costs.

    pytorch_env/bin/python benchmarks/loader_speed.py [--seconds 2] [--batch-size 256]

The same steps (softmax regression on the digits, clipping, weight decay, momentum) are fed in
several ways, all in one run and in turn, so that a busy machine slows all of them alike:

* the floor: batches already cut, nothing but steps;
* NumPy and PyTorch with make_loader: the loop as the course writes it, with shuffling, logging and
  an evaluation an epoch;
* the same PyTorch loop with a DataLoader that has its defaults.

One thread does everything, so its processor time is what an idle machine's clock would show, and
other programs count for less. The factor is that time against the floor of the same language, each
the best of all rounds. Exits with 1 if the factor of one of the course's two loops is above 1.3.

Seen on two cores of a server: NumPy 1.08 to 1.09 times the floor, make_loader 1.20 to 1.22, the
default DataLoader 3.8.
"""

import argparse
import os
import sys
import time

# Before NumPy and torch are loaded.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from course_utils import load_digits, make_loader

TRAINING = 1536  # six batches of 256
DECAY, MAX_NORM = 1 / 1197, 0.25  # as in Round 4
HIGHEST_FACTOR = 1.3


class NumpyModel:
    """Softmax regression by hand, as in Round 4."""

    def __init__(self, n=64, k=10):
        self.weight, self.bias = np.zeros((k, n)), np.zeros(k)
        self.velocity = [np.zeros((k, n)), np.zeros(k)]

    def scores(self, X):
        return X @ self.weight.T + self.bias

    def step(self, X, y):
        rows, scores = np.arange(len(y)), self.scores(X)
        scores -= scores.max(axis=1, keepdims=True)
        error = np.exp(scores)
        total = error.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - scores[rows, y]).mean()
        error /= total
        error[rows, y] -= 1
        gradients = error.T @ X / len(y), error.mean(axis=0)
        norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
        clip = min(1.0, MAX_NORM / (norm + 1e-6))
        self.velocity[0] = 0.9 * self.velocity[0] + (clip * gradients[0] + DECAY * self.weight)
        self.velocity[1] = 0.9 * self.velocity[1] + clip * gradients[1]
        self.weight, self.bias = (
            self.weight - 0.1 * self.velocity[0],
            self.bias - 0.1 * self.velocity[1],
        )
        return float(loss), float(norm)

    def accuracy(self, X, y):
        return float(np.mean(self.scores(X).argmax(axis=1) == y))


class TorchModel:
    """The same in PyTorch."""

    def __init__(self, n=64, k=10):
        self.linear = torch.nn.Linear(n, k, dtype=torch.float64)
        torch.nn.init.zeros_(self.linear.weight)
        torch.nn.init.zeros_(self.linear.bias)
        groups = [
            {"params": [self.linear.weight], "weight_decay": DECAY},
            {"params": [self.linear.bias]},
        ]
        self.optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)

    def step(self, X, y):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.linear(X), y)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.linear.parameters(), MAX_NORM)
        self.optimizer.step()
        return loss.item(), norm.item()

    @torch.no_grad()
    def accuracy(self, X, y):
        return (self.linear(X).argmax(dim=1) == y).double().mean().item()


def numpy_batches(X, y, batch_size, rng):
    """Yield one shuffled pass, as the NumPy notebook does."""
    order = rng.permutation(len(y))
    for first in range(0, len(y), batch_size):
        rows = order[first : first + batch_size]
        yield X[rows], y[rows]


def floor(model, cut):
    """One pass of nothing but steps."""
    for X, y in cut:
        model.step(X, y)


def loop(model, loader, validation, history):
    """One epoch of the course's loop: batches from a loader, the losses kept, an evaluation at the
    end.
    """
    losses, norms = zip(*[model.step(X, y) for X, y in loader])
    history.append((np.mean(losses), np.mean(norms), model.accuracy(*validation)))


def measure(ways, seconds):
    """Return ``{name: seconds an epoch}``, each a list of all rounds; the ways take turns."""
    times = {name: [] for name in ways}
    for one in ways.values():
        one()  # the first call imports, allocates and starts things
    end = time.process_time() + seconds * len(ways)
    while time.process_time() < end or min(map(len, times.values())) < 5:
        for name, one in ways.items():
            start = time.process_time()
            one()
            times[name].append(time.process_time() - start)
    return times


def compare(batch_size, seconds):
    """Return ``{name: (examples a second, factor)}``; the factor is the best time over the floor's
    best.
    """
    X, y = load_digits()
    train, validation = (X[:TRAINING], y[:TRAINING]), (X[TRAINING:], y[TRAINING:])
    X_train, y_train = (torch.from_numpy(array) for array in train)
    torch_validation = [torch.from_numpy(array) for array in validation]
    rng = np.random.default_rng(0)
    numpy_cut = list(numpy_batches(*train, batch_size, rng))
    torch_cut = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in numpy_cut]
    models = {
        name: (NumpyModel if name.startswith("NumPy") else TorchModel)()
        for name in (
            "NumPy floor",
            "NumPy loop",
            "PyTorch floor",
            "PyTorch with make_loader",
            "PyTorch, default DataLoader",
        )
    }
    loader = make_loader(X_train, y_train, batch_size, rng=rng)
    default = DataLoader(TensorDataset(X_train, y_train), batch_size=batch_size, shuffle=True)
    history = []
    ways = {
        "NumPy floor": lambda: floor(models["NumPy floor"], numpy_cut),
        "NumPy loop": lambda: loop(
            models["NumPy loop"], numpy_batches(*train, batch_size, rng), validation, history
        ),
        "PyTorch floor": lambda: floor(models["PyTorch floor"], torch_cut),
        "PyTorch with make_loader": lambda: loop(
            models["PyTorch with make_loader"], loader, torch_validation, history
        ),
        "PyTorch, default DataLoader": lambda: loop(
            models["PyTorch, default DataLoader"], default, torch_validation, history
        ),
    }
    times = measure(ways, seconds)
    result = {}
    for name, values in times.items():
        lowest = min(times["NumPy floor" if name.startswith("NumPy") else "PyTorch floor"])
        result[name] = TRAINING / min(values), min(values) / lowest
    return result


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="about so long for each way (default 2)"
    )
    arguments = parser.parse_args()
    result = compare(arguments.batch_size, arguments.seconds)
    print(
        f"{'way':30} {'examples/s':>12} {'time / floor':>13}   batch size {arguments.batch_size},"
        " one thread"
    )
    for name, (speed, factor) in result.items():
        print(f"{name:30} {speed:12,.0f} {factor:13.2f}")
    slowest = max(result[name][1] for name in ("NumPy loop", "PyTorch with make_loader"))
    held = slowest <= HIGHEST_FACTOR
    print(f"at most {HIGHEST_FACTOR} × the floor: {'yes' if held else 'NO'} ({slowest:.2f})")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
