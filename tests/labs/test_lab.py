"""The labs, seen from Python; test_lab_browser.py moves their sliders in a browser."""

import base64
import io
import itertools
import json
import random
import re
import time
import warnings
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import oracle
import pytest
from drawing import cases
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from problems import MAKERS, X2, X, drawn, gradient_step, gradient_step_pytorch, y, y2

from course_utils import batch_size_lab, learning_rate_lab, load_regression, two_weight_lab
from course_utils.labs import drawing, widget
from course_utils.labs.border_lab import PLACES
from course_utils.labs.drawing import FAR, PER_PIXEL, Frame, Panel, Scale, Shape, Slider
from course_utils.labs.frames import Frames
from course_utils.labs.linear_fit import Noise, Problem
from course_utils.labs.picture import SHARPNESS
from course_utils.labs.positions import Positions
from course_utils.labs.walks import measured_factor, regime
from course_utils.labs.widget import Lab
from course_utils.resources import HOME


@pytest.fixture(scope="module")
def labs():
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def one(labs):
    return labs["one weight"]


# --- What is drawn --------------------------------------------------------------------------------


@pytest.mark.part("drawn")
@pytest.mark.parametrize("name", MAKERS)
@cases(fixed=1, fresh=4)
@given(seed=st.integers(0, 10**6))
def test_what_is_handed_over_is_the_path_recomputed(labs, name, seed):
    lab = labs[name]
    for number in random.Random(seed).sample(range(len(lab.frames)), 25):
        expected = oracle.frame_at(lab, number)
        layers = [layer for panel in expected["panels"] for layer in panel]
        assert expected["facts"] == list(lab.frames[number]["facts"])
        for got, wanted in zip(drawn(lab, number), layers, strict=True):
            points = np.array(wanted["points"]).reshape(-1, 2)
            assert len(points) <= len(got[0]) <= len(points) + 1, (seed, number)
            np.testing.assert_allclose(
                got[0][: len(points)], points, atol=0.051, err_msg=f"seed {seed}, position {number}"
            )
            assert got[1] == wanted["text"]


def test_the_path_is_gradient_descents(one):
    """The frame's own path, against the closed form w* + (1 - ηL)^k (w0 - w*)."""
    L, best = 2 * np.mean(X**2), np.sum(X[:, 0] * y) / np.sum(X**2)
    path = one.panels[0].layers[0]
    for lrate in (0.01, 0.37, 0.95, 1.2):
        weights, losses, _ = one.frame(lrate).draw[path]
        np.testing.assert_allclose(
            np.ravel(weights), best - best * (1 - lrate * L) ** np.arange(41), rtol=1e-8, atol=1e-12
        )
        np.testing.assert_allclose(
            losses, [np.mean((X[:, 0] * w - y) ** 2) for w in np.ravel(weights)], rtol=1e-10
        )


def test_autograd_and_numpy_give_the_same_pictures():
    by_hand, by_torch = (
        two_weight_lab(step, X2, y2, steps=15) for step in (gradient_step, gradient_step_pytorch)
    )
    a, b = (np.frombuffer(lab.points, "<i2").astype(int) for lab in (by_hand, by_torch))
    assert len(a) == len(b) and np.abs(a - b).max() <= 1, "more than a tenth of a pixel apart"
    assert [f["name"] for f in by_hand.frames] == [f["name"] for f in by_torch.frames]


def test_the_two_weight_lab_counts_until_both_directions_have_arrived():
    """The loss alone would not tell: with raw features it is low long before that."""
    X, y = load_regression(2)
    lab = two_weight_lab(gradient_step, X * [1, 5], y, steps=60)
    fewest = {"raw": 61, "standardised": 61}
    for number, frame in enumerate(lab.frames):
        lrate, features = lab.positions.values(number)
        data = X * [1, 5] if features == "raw" else X
        curvatures = np.linalg.eigvalsh(2 * data.T @ data / len(data))
        left = np.abs(1 - lrate * curvatures).max() ** np.arange(61)
        arrives = int(np.argmax(left <= 0.01)) if left[-1] <= 0.01 else 61
        said = frame["facts"][2]
        assert said == str(arrives) if arrives <= 60 else said.startswith("over"), (lrate, features)
        fewest[features] = min(fewest[features], arrives)
    assert fewest == {"raw": 59, "standardised": 2}


def test_another_function_gives_another_lab(one):
    def forgets_the_2(X, y, weight, lrate):
        new, loss = gradient_step(X, y, weight, lrate / 2)
        return new, loss

    lab = learning_rate_lab(forgets_the_2, X, y)
    lab.lrate = 1.0
    assert lab.regime == "one-step" and lab.frames[lab.number]["facts"][0] == "1.000, 0.000"


def test_a_diverging_path_leaves_the_frame_and_is_cut_far_outside():
    def explodes(X, y, weight, lrate):
        return weight * -1e30 + 1, float(np.sum(weight**2))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lab = learning_rate_lab(explodes, X, y)
    assert {frame["name"] for frame in lab.frames} == {"diverging"}
    assert not any(frame["trouble"] for frame in lab.frames)
    points = np.frombuffer(lab.points, "<i2")
    assert np.abs(points / PER_PIXEL).max() <= FAR + 0.1


def test_a_far_point_keeps_the_direction_in_which_the_path_leaves():
    panel = Panel("t", "x", "y", alt="a")
    panel.ax.set(xlim=(0, 1), ylim=(0, 1))
    layer = panel.path("blue", line=1)
    here, there = layer.pixels(0, [0.5, 1e6], [0.5, 2e6]) / PER_PIXEL
    (width, height), (left, top, right, bottom) = drawing.SIZE, drawing.MARGINS
    slope = 2 * (height - top - bottom) / (width - left - right)
    assert np.abs(there).max() == FAR
    assert (here[1] - there[1]) / (there[0] - here[0]) == pytest.approx(slope, rel=1e-3)
    assert len(layer.pixels(0, [0.5, np.nan, 0.6], [0.5, 0.5, 0.6])) == 1


# --- Regimes and borders --------------------------------------------------------------------------


def test_the_regimes_are_named_where_they_begin(one):
    names = {place: frame["name"] for place, frame in enumerate(one.frames)}
    # Η = 1/L = 0.5, and nowhere else.
    assert [n for n, name in names.items() if name == "one-step"] == [49]
    assert [n for n, name in names.items() if name == "on the border"] == [99]  # η = 2/L = 1
    for place, name in names.items():
        factor = 1 - one.sliders[0].scales[0].values[place] * 2
        if abs(abs(factor) - 1) < 1e-9 or abs(factor) < 1e-9:
            continue
        wanted = (
            "diverging"
            if factor < -1
            else "oscillating"
            if factor < 0
            else "creeping"
            if factor > 0.799
            else "smooth"
        )
        assert name == wanted, (place, factor)


#: The features at each place of the second slider.
FEATURES = {
    "one weight": [X],
    "two weights": [X2, X2 / X2.std(axis=0)],
    "batches": [X2] * 8,
    "batches, one weight": [X] * 8,
    "border": [np.vstack([X[:5], X[5:6] * times]) for times in PLACES],
}


@pytest.mark.parametrize("name", FEATURES)
def test_every_learning_rate_slider_marks_the_border(labs, name):
    lab = labs[name]
    for features, scale in zip(FEATURES[name], lab.sliders[0].scales):
        L = np.linalg.eigvalsh(2 * features.T @ features / len(features))[-1]
        mark = next(text for text in scale.mark_places if text.startswith("2/L"))
        assert float(mark.split("=")[1]) == pytest.approx(2 / L, rel=5e-3)
        left, right = int(np.floor(scale.mark_places[mark])), int(np.ceil(scale.mark_places[mark]))
        assert scale.values[left] * (1 - 1e-9) <= 2 / L <= scale.values[right] * (1 + 1e-9)
        assert scale.bands[-1].name == "diverging"
        assert scale.bands[-1].first == pytest.approx(2 / L)


@pytest.mark.part("drawn")
@cases(fixed=20, fresh=60)
@given(st.floats(-1.5, 1.5).filter(lambda f: abs(f) > 1e-3))
def test_the_measured_factor_is_the_factor(factor):
    distances = 3.0 * factor ** np.arange(41)
    assert measured_factor(distances) == pytest.approx(factor, rel=1e-6)


def test_regime_edges():
    assert [regime(f) for f in (1.0, -1.0, 1.01, -1.01, 0.0, -0.5, 0.9, 0.5)] == [
        "on the border",
        "on the border",
        "diverging",
        "diverging",
        "one-step",
        "oscillating",
        "creeping",
        "smooth",
    ]
    assert np.isnan(measured_factor(np.array([1.0]))) and np.isnan(measured_factor(np.zeros(3)))


def test_the_noise_floor_of_one_weight_is_the_closed_form():
    problem = Problem(X, y)
    h, g = 2 * X[:, 0] ** 2, 2 * X[:, 0] * (X[:, 0] * problem.best - y)
    for B, lrate in ((1, 0.1), (10, 0.4), (30, 0.9), (100, 0.9)):
        share = (100 - B) / (B * 99)
        wanted = (
            problem.L
            / 2
            * lrate
            * share
            * g.var()
            / (2 * problem.L - lrate * (problem.L**2 + share * h.var()))
        )
        assert Noise(problem, B).floor(lrate) == pytest.approx(wanted, rel=1e-9, abs=1e-15)
    border = 2 * problem.L / (problem.L**2 + h.var())
    assert Noise(problem, 1).border(2 / problem.L) == pytest.approx(border, rel=1e-6)
    assert Noise(problem, 1).floor(border * 1.001) == np.inf


def test_the_noise_floor_is_where_a_long_walk_hovers():
    problem, rng, weight, above = (
        Problem(X2 / [1, 5], y2),
        np.random.default_rng(5),
        np.zeros(2),
        [],
    )
    for _ in range(20_000):
        rows = rng.permutation(100)[:10]
        weight, _ = gradient_step(problem.X[rows], y2[rows], weight, 0.4)
        above.append(problem.loss(weight) - problem.minimum)
    assert np.mean(above[1000:]) == pytest.approx(Noise(problem, 10).floor(0.4), rel=0.05)


def test_the_loss_is_a_calm_line_among_faint_dots(labs):
    panel = labs["batches, one weight"].panels[1]
    draw = labs["batches, one weight"].frame(0.2, 3).draw
    dots, line = (np.array(draw[layer].y) for layer in panel.layers[:2])
    assert not panel.layers[0].line and panel.layers[1].line
    assert line[:4] == pytest.approx(dots[:4])  # on the way down it does not trail behind
    last = min(1 + (len(dots) - 1) // 4, 20)
    assert line[-1] == pytest.approx(dots[-last:].mean())
    late = slice(len(dots) // 3, None)
    assert np.std(np.log(line[late])) < np.std(np.log(dots[late])) / 2


def test_the_variance_line_is_the_variance(labs):
    spread = labs["batches"].panels[2]
    sizes, variances, _ = labs["batches"].frame(0.2 / 25, 10).draw[spread.layers[0]]
    slopes = 2 * X2 * (X2 @ np.linalg.lstsq(X2, y2)[0] - y2)[:, None]
    for B, measured in zip(sizes, variances):
        wanted = slopes.var(axis=0).sum() * (100 - B) / (B * 99)
        assert measured == pytest.approx(wanted, rel=0.12, abs=1e-12), B


# --- Positions ------------------------------------------------------------------------------------


def test_positions_are_numbered_with_the_second_slider_running_faster():
    rates = [Scale([0.1, 0.2, 0.3]), Scale([1, 2, 3])]
    both = Positions([Slider("lrate", "rate", rates), Slider("kind", "kind", [Scale(["a", "b"])])])
    assert len(both) == 6 and both.counts == [3, 2]
    everywhere = [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    assert [both.places(number) for number in range(6)] == everywhere
    assert [both.number(places) for places in everywhere] == list(range(6))
    assert [both.version(number) for number in range(6)] == [0, 1] * 3
    assert [both.values(number) for number in (2, 3)] == [[0.2, "a"], [2, "b"]]
    assert both.words(3) == ["rate 2", "kind b"]
    nearest = [both.nearest(values) for values in ([2.9, "b"], [0.12, "a"], [None, "b"], [2, None])]
    assert nearest == [5, 0, 1, 4]
    with pytest.raises(ValueError):
        both.number([3, 0])


def test_the_positions_of_one_slider_are_its_places():
    alone = Positions([Slider("lrate", "rate", [Scale([0.1, 0.2, 0.3])])])
    assert [alone.places(number) for number in range(len(alone))] == [[0], [1], [2]]
    assert alone.number([2]) == 2 and alone.version(2) == 0
    assert alone.nearest([0.19]) == 1 and alone.nearest([None]) == 0


# --- Values, from Python --------------------------------------------------------------------------


def test_values_are_read_and_set(one):
    one.lrate = 0.953
    assert (one.lrate, one.position, one.regime) == (0.95, [94], "oscillating")
    one.position = [49]
    assert (one.lrate, one.regime) == (0.5, "one-step")
    with pytest.raises(
        ValueError, match="'fast' is not on this slider, which goes from 0.01 to 1.20"
    ):
        one.lrate = "fast"
    with pytest.raises(ValueError, match="nan"):
        one.lrate = float("nan")
    assert one.lrate == 0.5
    one.lrate = 99
    assert one.lrate == 1.2
    seen = []
    one.observe(lambda change: seen.append(change.new), "lrate")
    one.position = [9]
    assert seen == [0.1]


def test_the_second_slider_changes_the_firsts_values(labs):
    lab = labs["two weights"]
    lab.features, lab.lrate = "raw", 0.03
    place, raw = lab.position[0], lab.lrate
    assert raw == pytest.approx(0.03, abs=1e-3)
    lab.features = "standardised"
    assert lab.position == [place, 1] and lab.lrate / raw == pytest.approx(25, rel=0.1)
    lab.features = "raw"
    assert lab.lrate == raw
    batches = labs["batches"]
    batches.batch_size = 12
    assert batches.batch_size == 10 and isinstance(batches.batch_size, int)


def test_its_text_is_fixed_and_its_output_carries_a_picture(labs):
    for lab in labs.values():
        data, metadata = lab._repr_mimebundle_()
        assert repr(lab) == f"<Lab: {lab.spec['name']}>" and data["text/plain"] == f"Lab: {lab.alt}"
        assert (
            "application/vnd.jupyter.widget-view+json" in data
            and len(metadata["image/png"]["alt"]) > 60
        )
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
        rows, width = len(lab.stored), len(lab.panels) * drawing.SIZE[0]
        assert (
            picture.width == width * SHARPNESS
            and picture.height > rows * drawing.SIZE[1] * SHARPNESS
        )
        assert len(base64.b64decode(data["image/png"])) < 150_000


def test_the_stored_picture_shows_the_paths(one):
    """The head of the loss path stands in the PNG where the browser would draw it."""
    picture = np.array(Image.open(io.BytesIO(one.png())).convert("RGB")).astype(int)
    strip = picture.shape[0] // 3 - round(drawing.SIZE[1] * SHARPNESS)
    x, y = drawn(one, one.stored[0])[0][0][-1] * SHARPNESS
    blue = np.array([0x00, 0x72, 0xB2])
    assert np.abs(picture[round(strip + y), round(x)] - blue).max() < 25


def test_the_rest_of_matplotlib_is_left_alone():
    before, state = dict(mpl.rcParams), np.random.get_state()[1].copy()
    learning_rate_lab(gradient_step, X, y, steps=3)
    assert dict(mpl.rcParams) == before and not plt.get_fignums()
    assert (np.random.get_state()[1] == state).all()


# --- What the learner may hand over ---------------------------------------------------------------


def raises(X, y, weight, lrate):
    if lrate > 0.9 and weight[0] > 0.5:
        raise ZeroDivisionError("division by zero")
    return gradient_step(X, y, weight, lrate)


def wrong_shape(X, y, weight, lrate):
    new, loss = gradient_step(X, y, weight, lrate)
    return (np.append(new, 1.0) if lrate > 0.9 else new), loss


def gives_nan(X, y, weight, lrate):
    new, loss = gradient_step(X, y, weight, lrate)
    return (new * np.nan if lrate > 0.9 else new), loss


def gives_infinity(X, y, weight, lrate):
    new, loss = gradient_step(X, y, weight, lrate)
    return new, (np.inf if lrate > 0.9 else loss)


def returns_only_the_weight(X, y, weight, lrate):
    return gradient_step(X, y, weight, lrate)[0 if lrate > 0.9 else slice(None)]


def returns_none(X, y, weight, lrate):
    return None if lrate > 0.9 else gradient_step(X, y, weight, lrate)


def works_in_place(X, y, weight, lrate):
    new, loss = gradient_step(X, y, weight, lrate)
    X *= 1.1
    y -= 1
    weight[:] = new
    return weight, loss


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            raises,
            r"raises raised ZeroDivisionError \(division by zero\) at learning rate 0.91, step 2\.",
        ),
        (
            wrong_shape,
            (
                r"wrong_shape returned a weight of shape \(2,\), expected \(1,\), at learning rate"
                r" 0.91, step 1\."
            ),
        ),
        (gives_nan, r"gives_nan gave NaN at learning rate 0.91, step 1\."),
        (gives_infinity, r"gives_infinity gave infinity at learning rate 0.91, step 1\."),
        (
            returns_only_the_weight,
            (
                r"returns_only_the_weight returned ndarray, expected a weight and its MSE, at"
                r" learning rate 0.91, step 1\."
            ),
        ),
        (
            returns_none,
            (
                r"returns_none returned NoneType, expected a weight and its MSE, at learning rate"
                r" 0.91, step 1\."
            ),
        ),
    ],
)
def test_a_function_that_fails_at_some_rates_is_named_with_rate_and_step(one, step, message):
    lab, whole = learning_rate_lab(step, X, y), one
    lab.lrate = 0.91
    assert re.fullmatch(message, lab.frames[lab.number]["trouble"])
    for number in range(90):
        assert (
            lab.frames[number]["trouble"] == ""
            and lab.frames[number]["name"] == whole.frames[number]["name"]
        )
        np.testing.assert_array_equal(drawn(lab, number)[0][0], drawn(whole, number)[0][0])
    assert all(frame["trouble"] for frame in lab.frames[90:])
    assert len(drawn(lab, 90)[0][0]) == (1 if step is raises else 0), (
        "the steps before it are drawn"
    )


@pytest.mark.parametrize("name", MAKERS)
def test_no_failure_breaks_a_lab(name):
    def fails(*arguments, **settings):
        raise NameError("name 'gradient' is not defined")

    lab = MAKERS[name](fails)
    where = "at w = " if name == "graph" else "learning rate"
    assert all(
        "NameError" in frame["trouble"] and where in frame["trouble"] for frame in lab.frames
    )
    assert lab.regime == "" and lab._repr_mimebundle_()[0]["image/png"]
    assert json.dumps(lab.frames)


def test_a_failure_at_high_rates_leaves_the_rest_of_the_batch_lab():
    def raises(X, y, weight, lrate):
        if lrate > 0.4:
            raise OverflowError("too fast")
        return gradient_step(X, y, weight, lrate)

    lab, whole = (
        batch_size_lab(raises, X, y, steps=60),
        batch_size_lab(gradient_step, X, y, steps=60),
    )
    for number, (frame, wanted) in enumerate(zip(lab.frames, whole.frames)):
        rate = lab.positions.values(number)[0]
        if rate > 0.4:
            assert (
                frame["trouble"]
                == f"raises raised OverflowError (too fast) at learning rate {rate:.3g}, step 1."
            )
        else:
            assert (frame["trouble"], frame["facts"], frame["name"]) == (
                "",
                wanted["facts"],
                wanted["name"],
            )


def test_a_batch_too_small_for_the_function_is_named():
    def raises(X, y, weight, lrate):
        if len(X) < 5:
            raise ValueError("five rows at least")
        return gradient_step(X, y, weight, lrate)

    lab = batch_size_lab(raises, X, y, steps=60)
    for batch_size in (3, 10):
        lab.batch_size = batch_size
        assert ("five rows at least" in lab.frames[lab.number]["trouble"]) == (batch_size < 5)


def test_a_variance_that_cannot_be_measured_says_why():
    def gives_nan(X, y, weight, lrate):
        new, loss = gradient_step(X, y, weight, lrate)
        return (
            new * np.nan
            if len(X) == 10 and abs(weight[0]) > 0.9 * abs(np.linalg.lstsq(X, y)[0][0])
            else new
        ), loss

    lab = batch_size_lab(gives_nan, X, y, steps=2)
    lab.batch_size = 10
    assert re.search(
        r"gives_nan gave NaN or infinity at learning rate .*, batch \d+ of the 1000 of size 10",
        lab.frames[lab.number]["trouble"],
    )


def test_a_function_that_hands_out_its_own_weight_is_drawn_as_it_walks(one):
    class Walker:
        weight = np.zeros(1)

        def __call__(self, X, y, weight, lrate):
            new, loss = gradient_step(X, y, weight, lrate)
            self.weight[:] = new
            return self.weight, loss

    assert learning_rate_lab(Walker(), X, y).points == one.points


def test_a_loss_that_is_not_one_number_is_named():
    lab = learning_rate_lab(
        lambda X, y, w, lrate: (gradient_step(X, y, w, lrate)[0], np.ones(1)), X, y
    )
    assert "returned an MSE of shape (1,), expected one number," in lab.frames[0]["trouble"]


def test_a_function_that_works_in_place_gets_copies(one):
    kept = X.copy(), y.copy()
    lab = learning_rate_lab(works_in_place, X, y)
    assert lab.points == one.points
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(y, kept[1])


def test_a_column_weight_is_as_good_as_a_row(one):
    lab = learning_rate_lab(
        lambda X, y, w, lrate: (
            gradient_step(X, y, w, lrate)[0].reshape(-1, 1),
            gradient_step(X, y, w, lrate)[1],
        ),
        X,
        y,
    )
    assert lab.points == one.points


@pytest.mark.parametrize(
    ("make", "X", "y", "words"),
    [
        (learning_rate_lab, X2, y2, r"X \(100, 2\)"),
        (learning_rate_lab, X, y[:50], r"y \(50,\)"),
        (two_weight_lab, X, y, r"X \(100, 1\)"),
        (two_weight_lab, X @ [[1, 2]], y, "one line"),
        (batch_size_lab, np.ones((100, 3)), y, r"X \(100, 3\)"),
        (batch_size_lab, X @ [[1, 2]], y, "one line"),
        (batch_size_lab, X[:1], y[:1], "one row"),
        (two_weight_lab, np.column_stack([np.ones(100), X]), y, "same in every row"),
        (learning_rate_lab, X, 0 * y, "weight 0 is the best"),
        (learning_rate_lab, 0 * X, y, "one is 0 everywhere"),
    ],
)
def test_data_that_does_not_fit_is_refused_by_name(make, X, y, words):
    with pytest.raises(ValueError, match=words):
        make(gradient_step, X, y)


def test_a_frame_function_that_raises_costs_one_position():
    panel = Panel("t", "x", "y", alt="a")
    line = panel.path("blue", line=1)

    def frame(value):
        return Frame("fine", [], {line: Shape([0, 1], [0, 1 / (value - 1)])})

    lab = Lab(
        "Mine",
        [Slider("value", "value", [Scale([0, 1, 2])])],
        [panel],
        frame,
        stored=[[0], [2]],
        alt="two lines",
    )
    assert [f["trouble"] for f in lab.frames] == [
        "",
        "ZeroDivisionError at value 1: division by zero",
        "",
    ]


# --- Time -----------------------------------------------------------------------------------------


@pytest.mark.part("times")
@pytest.mark.parametrize(
    ("step", "limit"),
    [(gradient_step, 0.5), (gradient_step_pytorch, 3.0)],
    ids=["NumPy", "autograd"],
)
def test_a_hundred_positions_are_computed_in_time(step, limit):
    lab, seconds = learning_rate_lab(step, X, y), []
    for _ in range(3):
        start = time.process_time()  # of this process alone: others may be busy
        for number in range(100):
            lab.computed.compute(number)
        seconds.append(time.process_time() - start)
    assert min(seconds) < limit, f"{min(seconds):.2f} s for 100 positions"


class Screen:
    """Stands in for the notebook: keeps how many positions were ready each time the lab was shown
    or updated.
    """

    def __init__(self, monkeypatch):
        self.shown = []
        monkeypatch.setattr(widget, "get_ipython", lambda: self)
        monkeypatch.setattr(widget, "display", self.display)

    def display(self, lab, display_id):
        self.update(lab)
        return self

    def update(self, lab):
        self.shown.append(
            (
                sum(frame is not None for frame in lab.frames),
                "image/png" in lab._repr_mimebundle_()[0],
            )
        )


def note_calls(monkeypatch, owner, method, note):
    """Call ``note(self, ...)`` after each call of a method."""
    whole = getattr(owner, method)

    def noted(self, *arguments):
        result = whole(self, *arguments)
        note(self, *arguments)
        return result

    monkeypatch.setattr(owner, method, noted)


def slow_lab(step, seconds, monkeypatch):
    clock = itertools.count(0.0, seconds)
    monkeypatch.setattr(widget, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    return learning_rate_lab(step, X, y, steps=2)


def test_a_fast_function_shows_the_lab_once_and_whole(monkeypatch):
    screen = Screen(monkeypatch)
    slow_lab(gradient_step, 0.001, monkeypatch)
    assert screen.shown == [(120, True)]


def test_a_slow_function_shows_the_lab_with_what_is_ready_and_then_the_rest(monkeypatch):
    screen, handed = Screen(monkeypatch), []
    note_calls(monkeypatch, Lab, "hand_over", lambda lab: handed.append(sum(map(bool, lab.frames))))
    slow_lab(gradient_step, 0.6, monkeypatch)
    assert screen.shown[0][0] == 1 and not screen.shown[0][1], (
        "it appears at once, before its picture can be drawn"
    )
    assert screen.shown[-1] == (120, True) and len(screen.shown) == 2, "and is stored whole"
    assert handed == sorted(handed) and len(handed) > 50, "with progress in between"


def test_what_is_ready_first_is_spread_over_the_slider(monkeypatch):
    order = []
    note_calls(monkeypatch, Frames, "compute", lambda frames, number: order.append(number))
    lab = learning_rate_lab(gradient_step, X, y, steps=2)
    assert order[:3] == lab.stored and sorted(order) == list(range(120))
    assert np.diff(sorted(order[:19])).max() <= 8


def test_interrupting_keeps_what_is_ready(monkeypatch):
    calls = iter(range(10**6))

    def interrupted(X, y, weight, lrate):
        if next(calls) > 100:
            raise KeyboardInterrupt
        return gradient_step(X, y, weight, lrate)

    screen = Screen(monkeypatch)
    lab = slow_lab(interrupted, 0.001, monkeypatch)
    ready = [frame for frame in lab.frames if frame]
    assert 20 < len(ready) < 40 and screen.shown[-1][0] == len(ready)
    lab.lrate = next(
        v for v, frame in zip(lab.sliders[0].scales[0].values, lab.frames) if frame is None
    )
    assert lab.regime == ""


# --- Without a kernel -----------------------------------------------------------------------------


def test_the_page_asks_for_nothing(one, tmp_path):
    one.save_html(tmp_path / "lab.html")
    page = (tmp_path / "lab.html").read_text(encoding="utf-8")
    addresses = {part.split('"')[0].split("'")[0].split("\\")[0] for part in page.split("http")[1:]}
    # Of formats, in the pictures; nothing is fetched from there.
    names = ("www.w3.org", "purl.org", "creativecommons.org/ns")
    assert all(any(name in address for name in names) for address in addresses), addresses
    assert "import " not in page.split("<script")[1] and page.count("</script>") == 1


def test_text_cannot_break_out_of_the_page(tmp_path):
    panel = Panel("t", "x", "y", alt="</script><b>")
    lab = Lab(
        "<i>Mine</i>",
        [Slider("v", "</script>", [Scale([0, 1])])],
        [panel],
        lambda v: Frame("</script>"),
        stored=[[0]],
        alt="a",
    )
    lab.save_html(tmp_path / "lab.html")
    page = (tmp_path / "lab.html").read_text(encoding="utf-8")
    assert page.count("</script>") == 1 and "<i>" not in page.split("<script")[0]


LAB_NOTEBOOKS = oracle.notebooks(HOME)


def test_there_are_notebooks_with_labs():
    assert {"Learning_Rate_Lab", "Batch_Size_Lab"} <= {path.stem for path in LAB_NOTEBOOKS}


@pytest.mark.parametrize("path", LAB_NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_lab_carries_its_picture_and_no_state(path):
    """JupyterLab shows the PNG until the cell runs; the state would change with each run and weigh
    hundreds of kilobytes.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"]
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    views = [o for o in outputs if "application/vnd.jupyter.widget-view+json" in o.get("data", {})]
    assert views and all(
        "image/png" in o["data"]
        and o["metadata"]["image/png"]["alt"]
        and "".join(o["data"]["text/plain"]).startswith("Lab: ")
        for o in views
    )
