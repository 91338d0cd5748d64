"""When two results of an exercise are the same."""

from typing import Any

import numpy as np

#: Results are compared to 9 digits: enough for every formula, too tight for float32 and for finite
#: differences.
RTOL = 1e-9


def as_tuple(result: Any) -> tuple:
    """Return ``result`` as a tuple: itself, or the only member."""
    return result if isinstance(result, tuple) else (result,)


def same(a: tuple, b: tuple, rtol: float = RTOL) -> bool:
    """Tell whether two tuples of results have the same shapes, and the same values up to ``rtol``
    of the largest in ``b``.
    """
    return len(a) == len(b) and all(same_part(x, z, rtol) for x, z in zip(a, b))


def same_part(x: Any, z: Any, rtol: float = RTOL) -> bool:
    """Tell the same of a single result: a number or an array. Empty ones are the same in any shape:
    np.array([]) has lost how long its rows would be.
    """
    if np.size(x) == np.size(z) == 0:
        return True
    if np.shape(x) != np.shape(z):
        return False
    largest = max(np.max(np.abs(z), initial=0), 1e-3)
    return bool(np.all(np.abs(np.subtract(x, z)) <= rtol * largest))
