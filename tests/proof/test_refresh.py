"""Refreshing stores what changed and nothing else: not a byte where the outputs say what they
said.
"""

import json

import compare_labs
import nbformat
import pytest
import refresh
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.notebooks import CHECKPOINTS, FIGURE, WIDGET

SOURCE = "print('one', {})\nprint('two')\nvalue = 1"


@pytest.fixture
def path(tmp_path):
    """A notebook that was never run."""
    path = tmp_path / "Alone.ipynb"
    path.write_text(
        nbformat.writes(
            new_notebook(cells=[new_code_cell(SOURCE.format(1)), new_code_cell("value")])
        )
        + "\n",
        encoding="utf-8",
    )
    return path


def change(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_what_changed_is_stored_and_nothing_else_is_touched(path, tmp_path):
    assert refresh.refresh(path, tmp_path) == "2 outputs"
    once = path.read_bytes()
    assert refresh.refresh(path, tmp_path) == "" and path.read_bytes() == once
    change(path, "print('one', 1)", "print('one', 3)")
    assert refresh.refresh(path, tmp_path) == "1 outputs"
    first = nbformat.read(path, as_version=4).cells[0]
    assert (
        [output.text for output in first.outputs] == ["one 3\ntwo\n"]
        and first.execution_count == 1
        and first.metadata == {}
    )
    change(path, "print('two')", "1 / 0       ")
    broken = path.read_bytes()
    with pytest.raises(CellExecutionError):
        refresh.refresh(path, tmp_path)
    assert path.read_bytes() == broken and sorted(file.name for file in tmp_path.iterdir()) == [
        "Alone.ipynb"
    ]


def shown(text="Figure: A line.", png="old", **metadata):
    return new_output(
        "display_data", data={"text/plain": text, "image/png": png}, metadata=metadata
    )


def figure(x):
    points = {
        "kind": "line",
        "name": "line 1",
        "look": "",
        "n": 1,
        "mean": [x, 0],
        "at": f"{round(x * 1e7)} 0",
    }
    axes = {
        "title": "",
        "xlabel": "",
        "ylabel": "",
        "xscale": "linear",
        "yscale": "linear",
        "xlim": [0, 1],
        "ylim": [0, 1],
        "artists": [points],
    }
    return json.dumps({"alt": "A line.", "size": [1, 1], "title": "", "axes": [axes]})


def checkpoint(value, name="a"):
    return json.dumps([{"name": name, "value": value, "shape": [], "dtype": "float64"}])


@pytest.mark.parametrize(
    "old, new, same",
    [
        (shown(png="old"), shown(png="painted by other fonts"), True),
        (shown(), shown(text="Figure: Another line."), False),
        (shown(**{FIGURE: figure(0.5)}), shown(**{FIGURE: figure(0.5 + 2e-7)}), True),
        (shown(**{FIGURE: figure(0.5)}), shown(**{FIGURE: figure(0.51)}), False),
        (shown(), shown(**{FIGURE: figure(0.5)}), False),
        (
            shown(**{CHECKPOINTS: checkpoint(1.0)}),
            shown(**{CHECKPOINTS: checkpoint(1.0 + 1e-12)}),
            True,
        ),
        (
            shown(**{CHECKPOINTS: checkpoint(1.0)}),
            shown(**{CHECKPOINTS: checkpoint(1.0 + 1e-8)}),
            False,
        ),
        (
            shown(**{CHECKPOINTS: checkpoint(1.0)}),
            shown(**{CHECKPOINTS: checkpoint(1.0, "b")}),
            False,
        ),
    ],
)
def test_an_output_is_the_same_if_a_reader_could_not_tell(old, new, same):
    cell = new_code_cell("show()", outputs=[old])
    assert refresh.same_outputs(cell, [new], labs_changed=False) == same


def test_a_labs_output_is_stored_anew_with_its_states():
    lab = new_output(
        "display_data",
        data={"text/plain": "Lab", "image/png": "", WIDGET: {"model_id": "random"}},
        metadata={},
    )
    other = new_output(
        "display_data",
        data={"text/plain": "Lab", "image/png": "", WIDGET: {"model_id": "another"}},
        metadata={},
    )
    cell = new_code_cell("lab()", outputs=[lab])
    assert refresh.same_outputs(cell, [other], labs_changed=False) and not refresh.same_outputs(
        cell, [other], labs_changed=True
    )


def test_a_cell_whose_output_may_differ_is_stored_anew_if_its_words_do():
    cell = new_code_cell(
        "# NBVAL_IGNORE_OUTPUT", outputs=[new_output("stream", name="stdout", text="took 1.5 s")]
    )
    assert refresh.same_outputs(
        cell, [new_output("stream", name="stdout", text="took 2.7 s")], labs_changed=False
    )
    assert not refresh.same_outputs(
        cell, [new_output("stream", name="stdout", text="needed 2.7 s")], labs_changed=False
    )


def test_the_states_of_labs_lie_beside_their_notebook_and_go_with_them(path):
    refresh._store_labs(path, [{"spec": 1}], changed=True)
    assert compare_labs.stored_labs(path) == [{"spec": 1}]
    before = compare_labs.labs_path(path).read_bytes()
    refresh._store_labs(path, [{"spec": 1}], changed=True)
    assert compare_labs.labs_path(path).read_bytes() == before  # no time stamp in it
    refresh._store_labs(path, [], changed=False)
    assert not compare_labs.labs_path(path).exists()


def test_a_name_that_leads_nowhere_is_an_error(capsys):
    assert refresh.main(["Round9"]) == 2
    assert "course.toml lists no 'Round9'" in capsys.readouterr().err
