"""The numbers that twins hold under the same names: what is recorded of them, and how they are
compared.
"""

import json

import compare
import names
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from course_utils.notebooks import Cell


@pytest.mark.parametrize(
    "value, numbers",
    [
        (3, 3.0),
        (True, 1.0),
        (2.5, 2.5),
        (np.float64(2.5), 2.5),
        ([1, 2.5], [1.0, 2.5]),
        ((1, [2, 3]), [1.0, 2.0, 3.0]),
        ({"a": 1.0, "b": 2.0}, [1.0, 2.0]),
        (np.eye(2), [[1.0, 0.0], [0.0, 1.0]]),
        (torch.eye(2).double(), [[1.0, 0.0], [0.0, 1.0]]),
        ([torch.ones(2).double(), np.zeros(2)], [[1.0, 1.0], [0.0, 0.0]]),
        (torch.tensor([1, 2]), [1.0, 2.0]),
        (torch.ones(2), None),
        (np.ones(2, np.float32), None),
        ("1", None),
        ([], None),
        ([1, "a"], None),
        (np.ones(30_000), None),
        (torch.Tensor, None),
        (np.array([1j]), None),
        (None, None),
        (len, None),
    ],
)
def test_what_counts_as_numbers(value, numbers):
    found = names.numbers_of(value)
    assert (
        found is None
        if numbers is None
        else found.dtype == np.float64 and found.tolist() == numbers
    )


def test_after_each_cell_what_changed_is_recorded():
    shell, entries = InteractiveShell(), []
    names.watch(shell, lambda kind, entry: entries.append((kind, entry)))
    for source in (
        "a = 1.5; _hidden = 2; text = 'no'",
        "b = a",
        "b = [b, float('nan')]",
        "a = 1.5",
    ):
        shell.run_cell(source)
    assert entries == [
        ("names", {"a": {"shape": [], "value": [1.5]}}),
        ("names", {"b": {"shape": [], "value": [1.5]}}),
        ("names", {"b": {"shape": [2], "value": [1.5, None]}}),
        ("names", {}),
    ]
    json.dumps(entries, allow_nan=False)


def held(*values, heading="A"):
    """What a notebook holds at the end of a section, from ``(name, value)``."""
    return {
        heading: {
            name: {"shape": list(np.shape(value)), "value": np.ravel(value).tolist()}
            for name, value in values
        }
    }


def test_the_same_name_must_hold_the_same_numbers():
    ours = held(("w", [1.0, 2.0]), ("only", 1.0))
    assert compare.compare_names(ours, held(("w", [1.0, 2.0 + 1e-11])), {}) == (1, [])
    assert (
        "w is 2 in NumPy, 2.00001 in PyTorch, at number 1"
        in compare.compare_names(ours, held(("w", [1.0, 2.00001])), {})[1][0]
    )
    assert (
        "w has shape [2] in NumPy, [] in PyTorch"
        in compare.compare_names(ours, held(("w", 1.0)), {})[1][0]
    )
    assert compare.compare_names(ours, held(("w", 1.0), heading="B"), {}) == (0, [])


def test_what_is_said_to_differ_must_differ():
    ours, said = held(("w", 1.0)), {"A: w": "because"}
    assert compare.compare_names(ours, held(("w", 2.0)), said)[1] == []
    assert (
        "is said to differ in the two, and does not"
        in compare.compare_names(ours, ours, said)[1][0]
    )
    assert (
        compare.said_to_differ(
            [Cell("markdown", "## A", "A", metadata={"differ": {"w": "because"}})]
        )
        == said
    )


def test_the_record_begins_with_the_cell_that_makes_the_twin():
    cells = [
        Cell("code", "import this", "A"),
        Cell("code", "twin = Twin('x')", "A"),
        Cell("code", "w = 1", "B"),
        Cell("code", "w = 2", "B"),
    ]
    entries = [{"m": 1}, {"w": 1}, {"w": 2, "v": 3}]
    assert compare.names_by_section(cells, entries) == {"A": {"m": 1}, "B": {"w": 2, "v": 3}}
