"""The labs of Round 1: the line that turns with its weight, the border that moves with a point."""

import numpy as np
import pytest
from problems import X, gradient_step, gradient_step_pytorch, y

from course_utils import border_lab, first_walk_lab
from course_utils.labs.border_lab import PLACES
from course_utils.labs.first_walk_lab import PARTS, STEPS

L = 2 * np.mean(X**2)
BEST = np.sum(X[:, 0] * y) / np.sum(X**2)


@pytest.fixture(scope="module")
def walk():
    return first_walk_lab(gradient_step, X, y, labels=("length (cm)", "mass (kg)"), unit=" kg")


@pytest.fixture(scope="module")
def border():
    return border_lab(gradient_step, X[:6], y[:6])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("step", [0, 1, 7, STEPS])
def test_the_line_has_the_slope_of_the_weight_after_so_many_steps(walk, step, part):
    lrate = float(f"{part * 2 / L:.3g}")
    frame = walk.frame(step, lrate)
    weight = BEST - BEST * (1 - lrate * L) ** step
    best, line = walk.panels[0].layers
    x, height = frame.draw[line][:2]
    assert (height[1] - height[0]) / (x[1] - x[0]) == pytest.approx(weight, rel=1e-9, abs=1e-12)
    assert height[0] == pytest.approx(weight * x[0], abs=1e-12), "the line has no bias"
    x, height = frame.draw[best][:2]
    np.testing.assert_allclose(height, BEST * x)
    loss = np.mean((X[:, 0] * weight - y) ** 2)
    for panel in walk.panels[1:]:
        across, up = frame.draw[panel.layers[0]][:2]
        assert len(across) == len(up) == step + 1
        assert up[-1] == pytest.approx(loss, rel=1e-9)
    assert frame.facts == [f"{weight:.4g}", f"{np.sqrt(loss):.3g} kg"]


def test_the_last_rate_leads_away_and_the_others_down(walk):
    losses = {
        rate: walk.frame(STEPS, rate).draw[walk.panels[2].layers[0]].y
        for rate in walk.sliders[1].scales[0].values
    }
    *inside, beyond = losses.values()
    assert all(loss[-1] < loss[0] for loss in inside) and beyond[-1] > beyond[0]


def test_a_function_that_fails_is_named_and_the_best_line_stays(walk):
    def fails(X, y, weight, lrate):
        raise ZeroDivisionError("no")

    lab = first_walk_lab(fails, X, y)
    frame = lab.frame(3, lab.sliders[1].scales[0].values[0])
    assert "fails raised ZeroDivisionError" in frame.error and len(frame.draw) == 1


@pytest.mark.parametrize("number", range(len(PLACES)))
def test_the_curvature_is_that_of_the_data_with_the_point_moved(border, number):
    moved = X[:6, 0].copy()
    moved[-1] *= PLACES[number]
    curvature = 2 * np.mean(moved**2)
    place = border.sliders[1].scales[0].values[number]
    rates = border.sliders[0].scales[number].values
    for lrate in (rates[3], rates[30], rates[-1]):
        frame = border.frame(lrate, place)
        assert frame.facts[:2] == [f"{curvature:.4g}", f"{2 / curvature:.4g}"]
        measured = abs(1 - lrate * curvature)
        if measured > 0.01:
            assert float(frame.facts[2]) == pytest.approx(measured, abs=6e-4)
        assert (frame.regime == "diverging") == (lrate > 2 / curvature)
        point = border.panels[0].layers[1]
        assert frame.draw[point].x == [moved[-1]] and frame.draw[point].y == [y[5]]


def test_the_rates_stay_while_the_border_moves(border):
    scales = border.sliders[0].scales
    np.testing.assert_allclose([scale.values for scale in scales], [scales[0].values] * len(scales))
    borders = [scale.bands[-1].first for scale in scales]
    assert (np.diff(borders) < 0).all(), "the further out, the steeper"
    assert borders[0] < scales[0].values[-1], "every border lies on the slider"


def test_autograd_s_pictures_are_the_same(walk, border):
    for ours, theirs in (
        (first_walk_lab(gradient_step_pytorch, X, y), first_walk_lab(gradient_step, X, y)),
        (border_lab(gradient_step_pytorch, X[:6], y[:6]), border),
    ):
        a, b = (np.frombuffer(lab.points, "<i2").astype(int) for lab in (ours, theirs))
        assert len(a) == len(b) and np.abs(a - b).max() <= 1, "more than a tenth of a pixel apart"


def test_a_point_at_zero_cannot_be_moved():
    with pytest.raises(ValueError, match="put another row last"):
        border_lab(gradient_step, np.array([[1.0], [0.0]]), np.array([1.0, 2.0]))
