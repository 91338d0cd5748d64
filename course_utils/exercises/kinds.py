"""The kinds of results, a number, an array or a tensor, and what is wrong with a result's type."""

import numbers
import sys
from typing import Any

import numpy as np

from course_utils.exercises.model import Kind
from course_utils.exercises.showing import in_one_line

_WANTED = {"number": "a plain number", "array": "a NumPy array", "tensor": "a PyTorch tensor"}
_TYPES = {"ndarray": "an array", "Tensor": "a PyTorch tensor", "NoneType": "None"}


def type_in_words(value: Any) -> str:
    """Return the type of a value with its article: "a list", "an array", "None"."""
    name = type(value).__name__
    return _TYPES.get(name, f"a {name}")


def is_tensor(value: Any) -> bool:
    """Tell whether a value is a tensor of PyTorch, without loading it; a module is none."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def as_float64(value: Any) -> np.ndarray:
    """Return a number, an array or a tensor as a new NumPy array of float64."""
    if is_tensor(value):
        value = value.detach()
    return np.array(value, float)


def type_problem(kind: Kind, value: Any) -> str:
    """Return what is wrong with the type of one result, or an empty text."""
    if value is None and kind == "tensor":
        return (
            "None comes back. Is there a return? A .grad is None until backward has run, from a"
            " loss that this very tensor went into."
        )
    if value is None:
        hint = " (backward() itself returns nothing.)" if kind == "tensor" else ""
        return f"None comes back. Is there a return, and does every name in it hold a value?{hint}"
    if is_tensor(value) and kind != "tensor":
        turn = ".item()" if kind == "number" else ".detach().numpy()"
        return f"a PyTorch tensor comes back, expected {_WANTED[kind]}. {turn} turns it into one."
    problem = {"number": _no_number, "array": _no_array, "tensor": _no_tensor}[kind](value)
    return problem or _dtype_problem(kind, value) or _not_finite(value)


def _no_number(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return (
            "a NumPy array with a single number in it comes back, expected a plain number. .item()"
            " takes it out."
        )
    if isinstance(value, np.ndarray):
        return (
            f"an array of shape {value.shape} comes back, expected a plain number. Is a mean"
            " missing, or an index?"
        )
    if not isinstance(value, numbers.Real):
        return f"{type_in_words(value)} comes back, expected a plain number."
    if is_too_large(value):
        return "the number that comes back is too large for a float."
    return ""


def is_too_large(value: Any) -> bool:
    """Tell whether a whole number has no float: Python's own have no largest one."""
    try:
        float(value)
    except OverflowError:
        return True
    return False


def _no_array(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        what = type_in_words(value)
        return f"{what} comes back, expected a NumPy array. np.array(…) makes one."
    if not isinstance(value, np.ndarray):
        return f"{type_in_words(value)} comes back, expected a NumPy array."
    return ""


def _no_tensor(value: Any) -> str:
    if not is_tensor(value):
        return f"{type_in_words(value)} comes back, expected a PyTorch tensor."
    return ""


def _dtype_problem(kind: Kind, value: Any) -> str:
    dtype = str(getattr(value, "dtype", "float64")).removeprefix("torch.")
    if dtype == "float32":
        return (
            "it is float32, which keeps 7 digits only. The course computes in float64 throughout."
        )
    if dtype != "float64" and kind != "number":
        return (
            f"its dtype is {dtype}, expected float64. Was it rounded, or made from whole numbers?"
        )
    return ""


def _not_finite(value: Any) -> str:
    array = as_float64(value)
    if np.isfinite(array).all():
        return ""
    return (
        f"it holds NaN or infinity: {in_one_line(array)}. Look for a division by zero, a root or a"
        " logarithm of a negative number, or numbers that grow without bounds."
    )
