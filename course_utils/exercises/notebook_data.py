"""Calls a function that stands in a notebook with other data than the notebook's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from course_utils.exercises.kinds import is_tensor
from course_utils.exercises.model import NotRight
from course_utils.exercises.watching import globals_of


def with_data(*names: str, tensors: bool = False) -> Callable[..., Any]:
    """Return a ``call`` for an Exercise whose cases begin with the values of the notebook's
    ``names``, which the function reads there; the function is called with the rest of a case. The
    notebook's ``m`` is then the number of examples in ``y``.

    tensors: NumPy arrays are handed over as PyTorch tensors.
    """

    def call(function: Callable[..., Any], *case: Any) -> Any:
        values = [as_tensor(value) if tensors else value for value in case]
        data = dict(zip(names, values))
        data |= {"m": len(data["y"])} if "y" in data else {}
        with _exchanged(globals_of(function), data):
            return _called(function, values[len(names) :])

    return call


def as_tensor(value: Any) -> Any:
    """Return a NumPy array as a tensor on the same memory, so that a change in place shows; all
    else as it is.
    """
    if not isinstance(value, np.ndarray):
        return value
    import torch

    return torch.from_numpy(value)


def in_tensors(function: Callable[..., Any], *case: Any) -> Any:
    """Call ``function`` with the arrays of a case as tensors."""
    return _called(function, list(map(as_tensor, case)))


def _called(function: Callable[..., Any], handed: list[Any]) -> Any:
    """Return function(*handed). Raise NotRight where it turned requires_grad on in a tensor of its
    caller's, and a result comes back.
    """
    plain = [each for each in handed if is_tensor(each) and not each.requires_grad]
    result = function(*handed)
    if is_tensor(result) and any(each.requires_grad for each in plain):
        raise NotRight(
            "It turns requires_grad on in the caller's own tensor: requires_grad_() works in place."
            " Make a tensor of your own first: .clone().requires_grad_()."
        )
    return result


@contextmanager
def _exchanged(namespace: dict[str, Any], values: dict[str, Any]) -> Iterator[None]:
    """Let the names of ``values`` mean those, in ``namespace``, and put back what they meant."""
    before = {name: namespace[name] for name in values if name in namespace}
    namespace.update(values)
    try:
        yield
    finally:
        for name in values:
            namespace.pop(name, None)
        namespace.update(before)
