"""The course's data as plain NumPy arrays, and the check of arrays that a gradient step is
given.
"""

import csv
import hashlib
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from course_utils.resources import find

PENGUINS = "Dataset/penguins.csv"
PENGUINS_SHA256 = "f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93"
PENGUINS_ROWS = 344


def _read_penguins():
    """Return the rows of Dataset/penguins.csv as dictionaries, after checking that the file is the
    one we know.
    """
    restore = (
        f"Restore it with: git restore {PENGUINS} (or copy it from a fresh download of the course)."
    )
    try:
        path = find(PENGUINS)
        content = path.read_bytes()
    except OSError as error:
        raise FileNotFoundError(f"{PENGUINS} cannot be read: {error}. {restore}") from None
    # Some tools convert line ends on Windows; the data is the same.
    content = content.replace(b"\r\n", b"\n")
    if hashlib.sha256(content).hexdigest() != PENGUINS_SHA256:
        rows = max(content.count(b"\n") - 1, 0)
        raise ValueError(
            f"{path} is not the file the course was written with: expected {PENGUINS_ROWS} rows"
            f" with SHA-256 {PENGUINS_SHA256[:12]}…, found {rows} rows with"
            f" {hashlib.sha256(content).hexdigest()[:12]}…. {restore}"
        )
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def load_penguins(
    features: str | Sequence[str] = ("flipper_length_mm",), target: str = "body_mass_g"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Palmer penguins' measurements as ``X`` (m, n) and ``y`` (m,), float64, unscaled.

    features and target: columns of Dataset/penguins.csv: ``bill_length_mm``, ``bill_depth_mm``,
    ``flipper_length_mm`` (millimetres), ``body_mass_g`` (grams) or ``year``. Rows in which one of
    them is missing are left out: with the four measurements m = 342 of 344.

    Raises FileNotFoundError if the file is missing, ValueError if it was truncated or altered, or
    for an unknown column; each says how to put it right.
    """
    features = [features] if isinstance(features, str) else list(features)
    numeric = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year")
    unknown = [column for column in [*features, target] if column not in numeric]
    if unknown or not features:
        raise ValueError(f"load_penguins: no column {unknown}; choose from {', '.join(numeric)}")
    rows = _read_penguins()
    complete = [row for row in rows if all(row[column] != "NA" for column in [*features, target])]
    X = np.array([[float(row[column]) for column in features] for row in complete])
    y = np.array([float(row[target]) for row in complete])
    return X, y


def load_regression(n_features: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the course's synthetic data: ``X`` (100, n_features) and ``y`` (100,), float64.

    scikit-learn's ``make_regression(n_samples=100, n_features=n_features, noise=20,
    random_state=42)``; then every column of X, and y, is standardised: mean 0, standard deviation
    1, without a unit.
    """
    from sklearn.datasets import make_regression  # slow to import, and only this function needs it

    X, y = make_regression(n_samples=100, n_features=n_features, noise=20, random_state=42)
    return (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's handwritten digits: ``X`` (1797, 64), float64 in [0, 1], and ``y``
    (1797,), int64, 0 to 9.

    Each row of X is an image of 8 × 8 pixels: 0 is the paper, 1 the darkest ink.
    """
    from sklearn.datasets import load_digits as load

    X, y = load(return_X_y=True)
    return X / 16.0, y.astype(np.int64)


def check_arrays(
    X: ArrayLike, y: ArrayLike, weight: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``X`` (m, n), ``y`` (m,) and ``weight`` (n,) as float64, flattened where they came as
    columns.

    X: shape (m, n). y: shape (m,) or (m, 1). weight: shape (n,) or (n, 1). The arrays may share
    memory with what was passed in: compute new ones from them, do not change them in place.

    Raises ValueError that names the three shapes if they do not fit together, if there are no
    examples or features, or if a value is NaN or infinite.
    """
    # PyTorch takes no reversed views.
    X, y, weight = (np.asarray(a, dtype=np.float64, order="C") for a in (X, y, weight))
    shapes = f"X {X.shape}, y {y.shape}, weight {weight.shape}"
    m, n = X.shape if X.ndim == 2 else (None, None)
    if m is None or y.shape not in ((m,), (m, 1)) or weight.shape not in ((n,), (n, 1)):
        raise ValueError(
            f"shapes do not fit together: {shapes}; expected X (m, n), y (m,) or (m, 1), weight"
            " (n,) or (n, 1)"
        )
    if X.size == 0:
        raise ValueError(f"nothing to learn from: {shapes}; expected an example and a feature")
    for name, array in (("X", X), ("y", y), ("weight", weight)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinite values ({shapes}): remove them first")
    return X, y.reshape(m), weight.reshape(n)
