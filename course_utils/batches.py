"""Mini-batches for PyTorch, in the same order as the NumPy notebook cuts them."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset

from course_utils.devices import can_pin


class _BatchOrder(Sampler):
    """Row numbers, a batch at a time; with ``rng``, each pass shuffles by one
    ``rng.permutation(m)``.
    """

    def __init__(self, m, batch_size, rng):
        self.m, self.batch_size, self.rng = m, batch_size, rng

    def __len__(self):
        return -(-self.m // self.batch_size)

    def __iter__(self):
        order = np.arange(self.m) if self.rng is None else self.rng.permutation(self.m)
        return iter(torch.from_numpy(order).split(self.batch_size))


def make_loader(
    X: np.ndarray | torch.Tensor,
    y: np.ndarray | torch.Tensor,
    batch_size: int,
    *,
    rng: np.random.Generator | None = None,
) -> DataLoader:
    """Return a ``DataLoader`` of ``(X_batch, y_batch)`` whose tensors lie on the CPU.

    X: array or CPU tensor, shape (m, ...); y: shape (m,) or (m, k); the same m. batch_size:
    examples a batch, the last batch holds what is left. rng: a ``numpy.random.Generator``; each
    pass over the loader then draws one ``rng.permutation(m)`` and cuts it into batches, exactly as
    a NumPy loop does with the same seed. Without it the rows come in order.

    Memory is pinned exactly when an accelerator can use it; move each batch with
    ``X_batch.to(device, non_blocking=True)``. A batch is fetched in one indexing call, which is
    several times faster than the default DataLoader's example by example.

    Raises ValueError for tensors on another device, lengths that differ, no examples, or a batch
    size below 1; TypeError for an rng that is not a NumPy generator.
    """
    # PyTorch takes no reversed views, and warns of arrays that nobody may write to: of those it
    # gets a copy.
    X, y = (
        torch.as_tensor(np.require(a, requirements=["C", "W"]) if isinstance(a, np.ndarray) else a)
        for a in (X, y)
    )
    for name, tensor in (("X", X), ("y", y)):
        if tensor.device.type != "cpu":
            raise ValueError(
                f"make_loader: {name} lies on {tensor.device}, but only CPU memory can be shuffled"
                f" and pinned here. Hand over {name}.cpu(), and move each batch inside the loop:"
                " X_batch = X_batch.to(device, non_blocking=True)"
            )
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
        raise ValueError(
            f"make_loader: X {tuple(X.shape)} and y {tuple(y.shape)} need the same number of rows"
        )
    if len(X) == 0:
        raise ValueError(f"make_loader: X {tuple(X.shape)} holds no examples")
    number = isinstance(batch_size, (int, float, np.number)) and not isinstance(batch_size, bool)
    if not (number and 1 <= batch_size < np.inf and batch_size % 1 == 0):
        raise ValueError(
            f"make_loader: batch_size must be a whole number of at least 1, not {batch_size!r}"
        )
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"make_loader: rng must be numpy.random.default_rng(seed), not {type(rng).__name__}"
        )
    return DataLoader(
        TensorDataset(X, y),
        sampler=_BatchOrder(len(X), int(batch_size), rng),
        batch_size=None,  # the sampler hands over whole batches: one indexing call for each
        pin_memory=can_pin(X, y),
        # Or each pass would draw a number from torch's global generator.
        generator=torch.Generator(),
    )
