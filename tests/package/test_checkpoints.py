"""Checkpoints, their records, and their comparison."""

import json

import numpy as np
import pytest
import torch
from compare import compare_records, read_record
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from course_utils import Twin, checkpoints
from course_utils.checkpoints import difference, stored_checkpoints
from course_utils.notebooks import CHECKPOINTS


@pytest.fixture
def records(tmp_path, monkeypatch):
    """Record checkpoints in a folder of the test's own; returns the folder."""
    monkeypatch.setenv("COURSE_RECORD_DIR", str(tmp_path))
    return tmp_path


def record(folder, stem, **checks):
    twin = Twin(stem)
    for name, value in checks.items():
        twin.check(name, value)
    return folder / f"{stem}.jsonl"


def test_a_record_holds_one_json_line_a_checkpoint_at_full_precision(records):
    path = record(
        records,
        "RoundX_A",
        one=1 / 3,
        two=np.array([[0.1], [0.2]]),
        three=torch.tensor([1e-300], dtype=torch.float64),
    )
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"name": "one", "value": 1 / 3, "shape": [], "dtype": "float64"}
    assert lines[1] == {"name": "two", "value": [[0.1], [0.2]], "shape": [2, 1], "dtype": "float64"}
    assert lines[2]["value"] == [1e-300]
    assert read_record(path) == lines


def test_a_second_run_starts_a_fresh_record(records):
    record(records, "RoundX_A", a=1.0)
    assert len(read_record(record(records, "RoundX_A", a=1.0))) == 1


def test_a_name_may_stand_once_in_a_proof(records):
    twin = Twin("RoundX_A")
    twin.check("a", 1.0)
    with pytest.raises(ValueError, match="'a' stands twice"):
        twin.check("a", 1.0)


def run_cell(twin, *checks):
    """Run a cell with these checkpoints in a notebook's shell; return the outputs that stand below
    it.
    """
    shell = InteractiveShell.instance()
    # Of checkpoints that other tests made outside of any cell.
    shell.events.callbacks["post_run_cell"].clear()
    shell.user_ns |= {"twin": twin, "checks": checks}
    with capture_output() as captured:
        result = shell.run_cell("for name, value in checks: twin.check(name, value)")
    result.raise_error()
    return captured.outputs


def line(twin, *checks):
    """Return what stands below a cell with these checkpoints."""
    (output,) = run_cell(twin, *checks)
    return output.data["text/plain"]


def test_a_learner_may_run_a_cell_twice(monkeypatch):
    monkeypatch.delenv("COURSE_RECORD_DIR", raising=False)
    twin = Twin("RoundX_A")
    assert line(twin, ("a", 1.0)) == "a: 1" and line(twin, ("a", 2.0)) == "a: 2"
    assert run_cell(twin) == []


def test_the_checkpoints_of_a_cell_are_one_line_with_all_values_in_its_metadata():
    (output,) = run_cell(Twin("RoundX_A"), ("third", 1 / 3), ("curve", np.arange(5.0)))
    assert output.data["text/plain"] == "third: 0.333333 · curve: 5 values"
    assert [
        (entry["name"], entry["value"]) for entry in json.loads(output.metadata[CHECKPOINTS])
    ] == [("third", 1 / 3), ("curve", [0.0, 1, 2, 3, 4])]


def test_in_a_plain_script_nothing_is_shown(capsys, monkeypatch):
    monkeypatch.setattr(checkpoints, "get_ipython", lambda: None)
    Twin("RoundX_A").check("a", 1.0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "value, words",
    [
        (np.nan, "not finite"),
        ([1.0, np.inf], "not finite"),
        ([], "empty"),
        (np.float32(1), "float32; checkpoints are compared in float64"),
        (torch.ones(2), "float32"),
        ("1", "compared in float64"),
        (1 + 2j, "complex"),
    ],
)
def test_what_cannot_be_compared_is_refused(value, words):
    with pytest.raises(ValueError, match=words):
        Twin("RoundX_A").check("a", value)


def test_a_looser_bound_needs_a_reason_and_has_a_limit():
    twin = Twin("RoundX_A")
    with pytest.raises(ValueError, match="needs a reason"):
        twin.check("a", 1.0, rtol=1e-8)
    with pytest.raises(ValueError, match="may not exceed 1e-06"):
        twin.check("a", 1.0, rtol=1e-5, reason="because")


@pytest.mark.parametrize(
    "value, text",
    [
        (1 / 3, "0.333333"),
        (-1e-17, "0"),
        (12345.678, "12345.7"),
        (1.5e9, "1.5e+09"),
        ([1.0, -1e-16], "[1, 0]"),
        (3, "3"),
        (np.arange(50) / 7, "50 values"),
        (np.eye(3), "3 × 3 values"),
    ],
)
def test_the_line_is_short_and_rounding_noise_is_zero(value, text):
    assert line(Twin("RoundX_A"), ("v", value)) == f"v: {text}"


# --- comparing ------------------------------------------------------------------------------------


def pair(records, ours, theirs):
    return compare_records(
        record(records, "RoundX_A", **ours), record(records, "RoundX_A-PyTorch", **theirs)
    )


def test_equal_records_agree(records):
    differences, problems = pair(
        records,
        {"a": 1.0, "b": [1.0, 2.0]},
        {"a": 1.0 + 1e-13, "b": torch.tensor([1.0, 2.0]).double()},
    )
    assert problems == [] and list(differences) == ["a", "b"]
    assert differences["a"] == pytest.approx(1e-13, rel=0.01) and differences["b"] == 0


@pytest.mark.parametrize(
    "theirs, words",
    [
        ({"a": 1.0 + 3e-10, "b": 2.0}, "'a' differs by 3.0e-10 relative, more than 1e-10"),
        ({"a": -1.0, "b": 2.0}, "'a' differs"),
        ({"a": 1.0}, "number 2 is 'b' in NumPy, nothing in PyTorch"),
        ({"b": 2.0, "a": 1.0}, "number 1 is 'a' in NumPy, 'b' in PyTorch"),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, "is nothing in NumPy, 'c' in PyTorch"),
        ({"a": [1.0], "b": 2.0}, "shape"),
    ],
)
def test_each_way_to_differ_is_named(records, theirs, words):
    _, problems = pair(records, {"a": 1.0, "b": 2.0}, theirs)
    assert any(words in problem for problem in problems), problems


def test_near_zero_the_bound_is_absolute(records):
    assert pair(records, {"a": 0.0}, {"a": 9e-13})[1] == []
    assert pair(records, {"a": 0.0}, {"a": 2e-12})[1] != []


def test_one_bad_value_among_many_is_seen(records):
    values = np.linspace(100, 200, 1000)
    changed = values.copy()
    changed[500] *= 1 + 1e-9
    assert "1.0e-09" in pair(records, {"a": values}, {"a": changed})[1][0]


def test_a_looser_bound_holds_with_its_reason_only(records):
    for stem, value in (("RoundX_A", 1.0), ("RoundX_A-PyTorch", 1.0 + 1e-8)):
        Twin(stem).check("a", value, rtol=1e-7, reason="a difference quotient amplifies rounding")
    paths = [records / "RoundX_A.jsonl", records / "RoundX_A-PyTorch.jsonl"]
    assert compare_records(*paths)[1] == []
    for path in paths:  # without the reason it does not count
        entry = json.loads(path.read_text())
        del entry["reason"]
        path.write_text(json.dumps(entry) + "\n")
    assert compare_records(*paths)[1] != []


def test_a_tighter_bound_holds(records):
    for stem, value in (("RoundX_A", 1.0), ("RoundX_A-PyTorch", 1.0 + 1e-12)):
        Twin(stem).check("a", value, rtol=1e-14)
    assert compare_records(records / "RoundX_A.jsonl", records / "RoundX_A-PyTorch.jsonl")[1] != []


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "wrong shape"])
def test_a_record_that_is_not_whole_is_a_problem(records, damage):
    path = record(records, "RoundX_A", a=[1.0, 2.0])
    twin = record(records, "RoundX_A-PyTorch", a=[1.0, 2.0])
    if damage == "missing":
        twin.unlink()
    else:
        text = twin.read_text()
        twin.write_text(
            {
                "empty": "",
                "cut": text[:20],
                "wrong shape": text.replace('"shape": [2]', '"shape": [3]'),
            }[damage]
        )
    assert compare_records(path, twin)[1]


def test_difference_is_relative_to_the_first():
    def entry(value):
        return {"value": value}

    assert difference(entry([100.0, 1.0]), entry([101.0, 1.0])) == pytest.approx(0.01, rel=1e-3)


# --- live, in a notebook --------------------------------------------------------------------------


def stored_notebook(tmp_path, monkeypatch, **checks):
    """Write a NumPy notebook whose stored outputs hold these checkpoints."""
    entries = [
        {"name": name, "value": value, "shape": list(np.shape(value)), "dtype": "float64"}
        for name, value in checks.items()
    ]
    outputs = [
        {"output_type": "display_data", "data": {}, "metadata": {CHECKPOINTS: json.dumps(entries)}}
    ]
    (tmp_path / "RoundX_A.ipynb").write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": [], "outputs": outputs}]})
    )
    monkeypatch.chdir(tmp_path)


def test_the_pytorch_line_says_that_it_equals_numpys_or_shows_both(tmp_path, monkeypatch):
    stored_notebook(
        tmp_path, monkeypatch, a=1.0, b=2.0, c=[1.0, 2.0], e=[1.0, 2.0, 3.0, 4.0], f=5.0
    )
    checks = (
        ("a", 1.0 + 1e-12),
        ("b", 2.5),
        ("c", [1.0]),
        ("d", 1.0),
        ("e", [1.0, 2.0, 3.5, 4.0]),
        ("f", 5.0),
    )
    assert line(Twin("RoundX_A-PyTorch"), *checks).splitlines() == [
        "a: 1 · f: 5   ✓ equals NumPy's",
        "b: 2.5   NumPy has 2, here 2.5, 5.0e-01 apart",
        "c: [1]   NumPy's has another shape: (2,)",
        "d: 1   (the NumPy notebook has not stored this checkpoint yet: run it first)",
        "e: 4 values   NumPy has 3, here 3.5 at [2], 5.0e-01 apart",
    ]


def test_the_readers_own_numpy_notebook_counts_where_it_has_stored_anything(tmp_path, monkeypatch):
    home = tmp_path / "course"
    home.mkdir()
    monkeypatch.setattr("course_utils.checkpoints.HOME", home)
    monkeypatch.setattr("course_utils.resources.HOME", home)
    stored_notebook(home, monkeypatch, a=1.0)
    mine = tmp_path / "mine"
    mine.mkdir()
    monkeypatch.chdir(mine)
    assert line(Twin("RoundX_A-PyTorch"), ("a", 1.0)) == "a: 1   ✓ equals NumPy's"
    stored_notebook(mine, monkeypatch)
    assert line(Twin("RoundX_A-PyTorch"), ("a", 1.0)) == "a: 1   ✓ equals NumPy's"
    stored_notebook(mine, monkeypatch, a=2.0)
    assert line(Twin("RoundX_A-PyTorch"), ("a", 2.0)) == "a: 2   ✓ equals your NumPy notebook's"
    assert line(Twin("RoundX_A-PyTorch"), ("a", 1.0)).startswith("a: 1   your NumPy notebook has 2")


@pytest.mark.parametrize("content", [None, "not json", '{"cells": [{}]}', "{}"])
def test_a_numpy_notebook_that_cannot_be_read_stops_nobody(tmp_path, content):
    path = tmp_path / "RoundX_A.ipynb"
    if content is not None:
        path.write_text(content)
    assert stored_checkpoints(path) == {}
