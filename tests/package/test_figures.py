"""Figures as numbers: what is recorded, what a reader would see differ, and what nobody sees."""

import json
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from compare_figures import compare_figures
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from course_utils import figures, show, use_style
from course_utils.notebooks import FIGURE
from course_utils.recording.figure_numbers import figure_numbers, thinned


@pytest.fixture(autouse=True)
def no_figures():
    InteractiveShell.instance()
    plt.close("all")
    use_style()
    yield
    plt.close("all")


@cache
def drawn(change=None, *, scale="linear", **varies):
    """Draw a figure with one of everything, after ``change(axes)``, and return its numbers."""
    fig, axes = plt.subplots()
    x = np.linspace(1, 3, 200)
    axes.plot(x, x**2, label="square")
    axes.scatter(x[::40], x[::40] + 1, c=x[::40])
    axes.fill_between(x, x, x + 1, alpha=0.2)
    axes.bar([1, 2], [3, 4], color="#777777")
    axes.imshow(np.arange(6.0).reshape(2, 3), extent=(1, 2, 1, 2), aspect="auto")
    axes.contour(
        np.linspace(1, 3, 20),
        np.linspace(1, 9, 20),
        np.add.outer(np.arange(20.0), np.arange(20.0)),
        [5, 10],
    )
    axes.text(2, 5, "here")
    axes.annotate("there", (1.5, 2), (10, 10), textcoords="offset points")
    axes.annotate("", (2, 3), (1.5, 4), arrowprops={"arrowstyle": "->"})
    axes.axhline(4)
    axes.set(title="A title", xlabel="x", ylabel="y", xlim=(0.5, 3.5), ylim=(0.5, 10), yscale=scale)
    axes.legend(["square"])
    if change:
        change(axes)
    fig.draw_without_rendering()
    numbers = {"alt": "alt"} | figure_numbers(fig, varies or None)
    plt.close(fig)
    return numbers


def test_everything_that_is_drawn_is_recorded_in_parts_of_the_axes():
    (axes,) = drawn()["axes"]
    kinds = [artist["kind"] for artist in axes["artists"]]
    assert sorted(kinds) == [
        "contours",
        "dots",
        "fill",
        "image",
        "line",
        "line",
        "patch",
        "patch",
        "text",
        "text",
        "text",
    ]
    line = next(artist for artist in axes["artists"] if artist["name"] == "square")
    assert line["points"][0] == pytest.approx([0.5 / 3, 0.5 / 9.5]) and len(line["points"]) == 200
    assert (axes["title"], axes["xlim"], axes["yscale"], axes["legend"]) == (
        "A title",
        [0.5, 3.5],
        "linear",
        ["square"],
    )
    json.dumps(drawn(), allow_nan=False)


@cache
def moved(kind, by):
    """Move the artists of one kind that hold data."""

    def change(axes):
        if kind == "line":
            axes.lines[0].set_ydata(axes.lines[0].get_ydata() + by)
        elif kind == "one point of a line":
            y = axes.lines[0].get_ydata().copy()
            y[101] += by
            axes.lines[0].set_ydata(y)
        elif kind == "dots":
            axes.collections[0].set_offsets(axes.collections[0].get_offsets() + [0, by])
        elif kind == "colours":
            axes.collections[0].set_array(
                axes.collections[0].get_array() + np.array([0, by, 0, 0, 0])
            )
        elif kind == "bar":
            axes.patches[0].set_height(3 + by)
        elif kind == "image":
            axes.images[0].set_data(np.array([[0, 1, 2], [3, 4 + by, 5]]))
        elif kind == "text":
            axes.texts[0].set_y(5 + by)
        elif kind == "arrow":
            axes.texts[2].xy = (2, 3 + by)
        elif kind == "limits":
            axes.set_ylim(0.5, 10 + by)

    return change


KINDS = (
    "line",
    "one point of a line",
    "dots",
    "colours",
    "bar",
    "image",
    "text",
    "arrow",
    "limits",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_what_a_reader_sees_move_is_noticed_and_rounding_is_not(kind, scale):
    still = drawn(scale=scale)
    assert compare_figures(drawn(moved(kind, 1e-9), scale=scale), still) == []
    assert compare_figures(drawn(moved(kind, 1e-3), scale=scale), still)
    assert compare_figures(thinned(drawn(moved(kind, 1e-9), scale=scale)), thinned(still)) == []
    assert compare_figures(thinned(drawn(moved(kind, 1e-1), scale=scale)), thinned(still))


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda axes: axes.set_title("Another"), "title is 'Another'"),
        (lambda axes: axes.set_xlabel("z"), "xlabel is 'z'"),
        (lambda axes: axes.set_xscale("log"), "xscale is 'log'"),
        (lambda axes: axes.texts[0].set_text("elsewhere"), "'elsewhere', expected 'here'"),
        (lambda axes: axes.plot([1, 2], [1, 2]), "draws"),
        (lambda axes: axes.lines[0].remove(), "draws"),
        (lambda axes: axes.lines[0].set_color("black"), "#000000"),
        (lambda axes: axes.lines[0].set_data([1, 2], [1, 4]), "2 points, expected 200"),
        (lambda axes: axes.set_xticks([1, 2], ["one", "two"]), "xticks"),
    ],
)
def test_each_difference_is_named(change, words):
    assert any(words in problem for problem in compare_figures(drawn(change), drawn()))


def test_a_dot_of_rounding_noise_is_on_the_axis_and_out_of_sight_is_out_of_mind():
    def plotted(y):
        fig, axes = plt.subplots()
        axes.plot([0, 1, 2], y)
        axes.set_ylim(0, 1)
        fig.draw_without_rendering()
        return {"alt": ""} | figure_numbers(fig)

    assert compare_figures(plotted([1e-15, 1, 0.5]), plotted([0.0, 1, 0.5])) == []
    assert compare_figures(plotted([1e30, 1, np.nan]), plotted([2e40, 1, np.nan])) == []
    assert compare_figures(plotted([0.5, 1, np.nan]), plotted([0.5, 1, 0.5]))


def test_the_copy_in_small_is_small():
    assert len(json.dumps(thinned(drawn()))) < 5000 < len(json.dumps(drawn()))


def test_what_varies_is_named_artist_by_artist():
    numbers = drawn(**{"axes 1: square": "a run time"})
    other = drawn(moved("line", 1.0), **{"axes 1: square": "a run time"})
    assert compare_figures(numbers, other) == []
    assert compare_figures(drawn(moved("dots", 1.0), **{"axes 1: square": "a run time"}), numbers)
    assert (
        compare_figures(
            drawn(moved("limits", 1.0), **{"axes 1": "run times"}), drawn(**{"axes 1": "run times"})
        )
        == []
    )
    assert compare_figures(drawn(), numbers) != []
    with pytest.raises(
        ValueError, match=r"varies names axes 1: squares; this figure draws .*axes 1: square"
    ):
        drawn(**{"axes 1: squares": "no such line"})


def test_inset_axes_are_recorded_too():
    fig, axes = plt.subplots()
    axes.inset_axes([0.5, 0.5, 0.4, 0.4]).plot([0, 1], [1, 0], label="inside")
    fig.draw_without_rendering()
    numbers = figure_numbers(fig)
    assert [artist["name"] for artist in numbers["axes"][1]["artists"]] == ["inside"]


def test_a_figure_reaches_the_notebook_with_alt_text_and_numbers_and_is_closed():
    plt.plot([0, 1], [0, 1])
    with capture_output() as captured:
        show("A rising line.")
    (output,) = captured.outputs
    assert output.data["text/plain"] == "Figure: A rising line." and "image/png" in output.data
    assert output.metadata["image/png"] == {"alt": "A rising line.", "width": 770, "height": 462}
    assert json.loads(output.metadata[FIGURE])["axes"][0]["artists"][0]["kind"] == "line"
    assert not plt.get_fignums()


def test_in_the_proof_it_is_recorded_whole_and_not_painted(tmp_path, monkeypatch):
    for name, value in {
        "COURSE_RECORD_DIR": tmp_path,
        "COURSE_NO_PICTURES": 1,
        "COURSE_NOTEBOOK": "a/Alone.ipynb",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("course_utils.recording.records._notebook", None)
    plt.plot(np.linspace(0, 1, 100))
    with capture_output() as captured:
        show("A rising line.", alone="no twin")
    assert set(captured.outputs[0].data) == {"text/plain"}
    (line,) = (tmp_path / "Alone.figures.jsonl").read_text().splitlines()
    assert (
        json.loads(line)["alone"] == "no twin"
        and len(json.loads(line)["axes"][0]["artists"][0]["points"]) == 100
    )


def test_a_figure_without_alt_text_or_no_figure_is_refused():
    with pytest.raises(ValueError, match="alt text"):
        show("  ")
    with pytest.raises(ValueError, match="no figure"):
        show("Nothing.")


def test_a_picture_of_few_colours_keeps_them():
    fig, axes = plt.subplots()
    axes.plot([0, 1], [0, 1], color="#d55e00", lw=8)
    png, width, height = figures.figure_png(fig)
    from io import BytesIO

    from PIL import Image

    picture = Image.open(BytesIO(png))
    assert picture.mode == "P" and picture.size == (1155, 693) and (width, height) == (770, 462)
    assert (0xD5, 0x5E, 0x00) in {colour for _, colour in picture.convert("RGB").getcolors(10**6)}
