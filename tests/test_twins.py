"""Checkpoints, their records, and their comparison."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_utils import Twin, twins
from course_utils.twins import compare_records, difference, read_record, stored_checkpoints


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
    path = record(records, "RoundX_A", one=1 / 3, two=np.array([[0.1], [0.2]]), three=torch.tensor([1e-300], dtype=torch.float64))
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


def test_a_learner_may_run_a_cell_twice(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_RECORD_DIR", raising=False)
    twin = Twin("RoundX_A")
    twin.check("a", 1.0)
    twin.check("a", 2.0)
    assert capsys.readouterr().out == "a: 1\na: 2\n"


@pytest.mark.parametrize("value, words", [
    (np.nan, "not finite"), ([1.0, np.inf], "not finite"), ([], "empty"),
    (np.float32(1), "float32; checkpoints are compared in float64"), (torch.ones(2), "float32"), ("1", "compared in float64"),
    (1 + 2j, "complex"),
])  # fmt: skip
def test_what_cannot_be_compared_is_refused(value, words):
    with pytest.raises(ValueError, match=words):
        Twin("RoundX_A").check("a", value)


def test_a_looser_bound_needs_a_reason_and_has_a_limit():
    twin = Twin("RoundX_A")
    with pytest.raises(ValueError, match="needs a reason"):
        twin.check("a", 1.0, rtol=1e-8)
    with pytest.raises(ValueError, match="may not exceed 1e-06"):
        twin.check("a", 1.0, rtol=1e-5, reason="because")


@pytest.mark.parametrize("value, text", [
    (1 / 3, "0.333333"), (-1e-17, "0"), (12345.678, "12345.7"), (1.5e9, "1.5e+09"), ([1.0, -1e-16], "[1, 0]"), (3, "3"),
    (np.arange(50) / 7, "50 values [0, 0.142857, …, 7]"), (np.eye(3), "3 × 3 values [1, 0, …, 1]"),
])  # fmt: skip
def test_the_line_is_short_and_rounding_noise_is_zero(capsys, value, text):
    Twin("RoundX_A").check("v", value)
    assert capsys.readouterr().out == f"v: {text}\n"


# --- comparing ------------------------------------------------------------------------------------------------------


def pair(records, ours, theirs):
    return compare_records(record(records, "RoundX_A", **ours), record(records, "RoundX_A-PyTorch", **theirs))


def test_equal_records_agree(records):
    differences, problems = pair(records, {"a": 1.0, "b": [1.0, 2.0]}, {"a": 1.0 + 1e-13, "b": torch.tensor([1.0, 2.0]).double()})
    assert problems == [] and list(differences) == ["a", "b"]
    assert differences["a"] == pytest.approx(1e-13, rel=0.01) and differences["b"] == 0


@pytest.mark.parametrize("theirs, words", [
    ({"a": 1.0 + 3e-10, "b": 2.0}, "'a' differs by 3.0e-10 relative, more than 1e-10"),
    ({"a": -1.0, "b": 2.0}, "'a' differs"),
    ({"a": 1.0}, "number 2: NumPy has 'b', PyTorch has nothing"),
    ({"b": 2.0, "a": 1.0}, "number 1: NumPy has 'a', PyTorch has 'b'"),
    ({"a": 1.0, "b": 2.0, "c": 3.0}, "NumPy has nothing, PyTorch has 'c'"),
    ({"a": [1.0], "b": 2.0}, "shape"),
])  # fmt: skip
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
        twin.write_text({"empty": "", "cut": text[:20], "wrong shape": text.replace('"shape": [2]', '"shape": [3]')}[damage])
    assert compare_records(path, twin)[1]


def test_difference_is_relative_to_the_first():
    def entry(value):
        return {"value": value}

    assert difference(entry([100.0, 1.0]), entry([101.0, 1.0])) == pytest.approx(0.01, rel=1e-3)


# --- live, in a notebook --------------------------------------------------------------------------------------------


def stored_notebook(tmp_path, monkeypatch, **checks):
    """Write a NumPy notebook whose stored outputs hold these checkpoints."""
    outputs = [
        {"output_type": "display_data", "data": {}, "metadata": {twins.METADATA_KEY: {
            "name": name, "value": value, "shape": list(np.shape(value)), "dtype": "float64"}}}
        for name, value in checks.items()
    ]  # fmt: skip
    (tmp_path / "RoundX_A.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}))
    monkeypatch.setattr(twins, "notebook_path", lambda stem: tmp_path / f"{stem}.ipynb")


def test_the_pytorch_line_says_that_it_equals_numpys_or_shows_both(tmp_path, monkeypatch, capsys):
    stored_notebook(tmp_path, monkeypatch, a=1.0, b=2.0, c=[1.0, 2.0])
    twin = Twin("RoundX_A-PyTorch")
    twin.check("a", 1.0 + 1e-12)
    twin.check("b", 2.5)
    twin.check("c", [1.0])
    twin.check("d", 1.0)
    assert capsys.readouterr().out.splitlines() == [
        "a: 1   equals NumPy's",
        "b: 2.5   NumPy: 2, largest difference 5.0e-01",
        "c: [1]   NumPy's has another shape: (2,)",
        "d: 1   (the NumPy notebook has not stored this checkpoint yet: run it first)",
    ]


@pytest.mark.parametrize("content", [None, "not json", '{"cells": [{}]}', "{}"])
def test_a_numpy_notebook_that_cannot_be_read_stops_nobody(tmp_path, content):
    path = tmp_path / "RoundX_A.ipynb"
    if content is not None:
        path.write_text(content)
    assert stored_checkpoints(path) == {}


def test_in_a_kernel_the_value_rides_along_in_the_outputs_metadata():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell; InteractiveShell.instance();"
        "from IPython.utils.capture import capture_output; from course_utils import Twin;\n"
        "with capture_output() as c: Twin('RoundX_A').check('third', 1/3)\n"
        "print(c.outputs[0].data, c.outputs[0].metadata['course_checkpoint']['value'] == 1/3)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "{'text/plain': 'third: 0.333333'} True\n"
