"""Round 3's labs, against formulas that do not come from them; their rules are the notebooks'
own.
"""

import re
import time

import numpy as np
import pytest
from problems import MAKERS, RACERS, RULES, SURFACES, drawn

from course_utils import momentum_lab, race_lab
from course_utils.labs.drawing import Scale
from course_utils.labs.race_lab import OWN_BEST, TARGET, Surface, separated
from course_utils.labs.walks import walk

CURVATURES, START = np.array([1.0, 25.0]), np.array([-10.0, 1.5])


def torch_rule(optimizer_class, **always):
    """Return the rule that an optimizer of torch follows."""
    import torch

    def rule(state, gradient, weight, *, lrate, **settings):
        if not state:
            parameter = torch.zeros(2, dtype=torch.float64, requires_grad=True)
            state = {
                "parameter": parameter,
                "optimizer": optimizer_class([parameter], lr=lrate, **always, **settings),
            }
        parameter = state["parameter"]
        parameter.data, parameter.grad = torch.tensor(weight), torch.tensor(gradient)
        state["optimizer"].step(lambda: 0.0)
        return state, weight - parameter.detach().numpy()

    return rule


@pytest.fixture(scope="module")
def momentum():
    return MAKERS["momentum"]()


def positions(lab):
    """Return (number, value of the first slider, value of the second) of every position."""
    return [(number, *lab.positions.values(number)) for number in range(len(lab.frames))]


def companion(curvature, lrate, beta):
    """What one step does to (w_k, w_k-1)."""
    return np.array([[1 + beta - lrate * curvature, -beta], [1, 0]])


# --- Momentum -------------------------------------------------------------------------------------


def test_the_predicted_factor_is_the_companion_matrixs_and_the_walk_follows_it(momentum):
    far = 0
    for number, lrate, beta in positions(momentum):
        factor = max(
            np.abs(np.linalg.eigvals(companion(curvature, lrate, beta))).max()
            for curvature in CURVATURES
        )
        predicted, measured = map(float, momentum.frames[number]["facts"][0].split(","))
        # Where two roots meet they are known to half the digits.
        assert predicted == pytest.approx(factor, abs=6e-4)
        assert measured == pytest.approx(factor, abs=0.03), (lrate, beta)
        far += abs(measured - factor) > 0.01
    assert far < 0.02 * len(momentum.frames), (
        "60 steps measure the factor to a hundredth nearly everywhere"
    )


def test_the_walk_is_the_matrixs_power(momentum):
    path = momentum.panels[0].layers[0]
    for lrate, beta in ((0.03, 0.0), (0.111, 0.45), (0.06, 0.9), (0.15, 0.3)):
        drawn_path = np.array(momentum.frame(lrate, beta).draw[path][:2])
        for weights, curvature, first in zip(drawn_path, CURVATURES, START):
            step, begin = (
                companion(curvature, lrate, beta),
                [first * (1 - lrate * curvature), first],
            )
            closed = [np.linalg.matrix_power(step, k) @ begin for k in range(len(weights) - 1)]
            np.testing.assert_allclose(weights[1:], np.array(closed)[:, 0], rtol=1e-8, atol=1e-9)


def test_the_regimes_are_named_and_banded_by_the_slowest_root(momentum):
    seen = set()
    for number, lrate, beta in positions(momentum):
        roots = np.concatenate(
            [np.linalg.eigvals(companion(curvature, lrate, beta)) for curvature in CURVATURES]
        )
        slowest = roots[np.argmax(np.abs(roots))]
        size, name = abs(slowest), momentum.frames[number]["name"]
        if abs(size - 1) < 1e-6 or abs(size - 0.8) < 1e-6 or 0 < abs(slowest.imag) < 1e-6:
            continue
        real = "zigzagging" if slowest.real < 0 else "creeping" if size > 0.8 else "smooth"
        assert name == ("diverging" if size > 1 else "swinging" if slowest.imag else real), (
            lrate,
            beta,
        )
        inside = [
            band.name
            for band in momentum.positions.scales(number)[0].bands
            if band.first < lrate * (1 - 2e-3) and lrate * (1 + 2e-3) < band.last
        ]
        assert inside in ([name], []), (lrate, beta)
        seen.add(name)
    assert seen == {"creeping", "smooth", "swinging", "zigzagging", "diverging"}


def test_the_border_stands_on_the_slider_of_every_momentum(momentum):
    for beta, scale in zip(
        momentum.sliders[1].scales[0].values, momentum.sliders[0].scales, strict=True
    ):
        border = 2 * (1 + beta) / 25
        (mark,) = scale.mark_places
        assert float(mark.split("=")[1]) == pytest.approx(border, rel=5e-3)
        assert np.interp(
            scale.mark_places[mark], np.arange(len(scale.values)), scale.values
        ) == pytest.approx(border)
        assert np.abs(np.linalg.eigvals(companion(25, border, beta))).max() == pytest.approx(1)
        assert (scale.bands[-1].name, scale.bands[-1].first) == ("diverging", pytest.approx(border))


def test_the_rate_does_not_move_with_the_momentum(momentum):
    momentum.momentum, momentum.lrate = 0.45, 0.111
    momentum.momentum = 0.9
    assert (momentum.lrate, momentum.momentum, momentum.regime) == (0.111, 0.9, "swinging")
    momentum.momentum, momentum.lrate = 0, 0.111
    assert momentum.regime == "diverging"
    number = momentum.positions.nearest([0.099, 0.5])
    assert momentum.frames[number]["facts"][1] == "19"


def test_the_notebooks_goal_is_a_ridge_and_no_needle(momentum):
    """At most 25 steps: several momenta and rates reach it, each with neighbours that do."""
    good = {
        (lrate, beta)
        for number, lrate, beta in positions(momentum)
        if (steps := momentum.frames[number]["facts"][1]).isdigit() and int(steps) <= 25
    }
    assert 15 <= len(good) <= 40 and len({beta for _, beta in good}) >= 3
    alone = [
        (rate, beta)
        for rate, beta in good
        if not any(b == beta and 0 < abs(r - rate) < 0.0061 for r, b in good)
    ]
    assert len(alone) <= 4


def test_what_is_drawn_beside_the_walk(momentum):
    _, loss, per_step = momentum.panels
    for lrate, beta in ((0.06, 0.0), (0.099, 0.5), (0.09, 0.2)):
        frame = momentum.frame(lrate, beta)
        predicted, measured = map(float, frame.facts[0].split(","))
        factor = max(
            np.abs(np.linalg.eigvals(companion(curvature, lrate, beta))).max()
            for curvature in CURVATURES
        )
        forecast = START**2 @ CURVATURES / 2 * factor ** (2 * np.arange(61))
        np.testing.assert_allclose(frame.draw[loss.layers[0]][1], forecast, rtol=1e-6)
        flat, steep, border, _, _, dot, label = (frame.draw[layer] for layer in per_step.layers)
        assert (
            set(border[0]) == {2 * (1 + beta) / 25}
            and dot[0] == [lrate]
            and dot[1][0] == pytest.approx(measured, abs=6e-4)
        )
        assert label.text == f"{dot[1][0]:.2f}"
        for (rates, curve, _), curvature in zip((flat, steep), CURVATURES):
            for rate, height in zip(rates[1::20], curve[1::20]):
                size = np.abs(np.linalg.eigvals(companion(curvature, rate, beta))).max()
                assert np.isnan(height) and size > 1.3 or height == pytest.approx(size, abs=1e-6)


def test_another_rule_gives_another_lab(momentum):
    """With the velocity as a mean, (1 − β) g, the same rate is worth less."""

    def averaged(state, gradient, weight, *, lrate, momentum):
        return RULES["sgd"](
            state, (1 - momentum) * gradient, weight, lrate=lrate, momentum=momentum
        )

    lab, number = (
        momentum_lab(averaged, CURVATURES, START),
        momentum.positions.nearest([0.111, 0.5]),
    )
    assert lab.frames[number]["facts"] != momentum.frames[number]["facts"]
    assert not np.array_equal(drawn(lab, number)[0][0], drawn(momentum, number)[0][0])


def test_torch_and_numpy_give_the_same_momentum_lab(momentum):
    import torch

    lab = momentum_lab(torch_rule(torch.optim.SGD), torch.tensor([1.0, 25.0]), START)
    a, b = (np.frombuffer(lab.points, "<i2").astype(int) for lab in (lab, momentum))
    assert len(a) == len(b) and np.abs(a - b).max() <= 1, "more than a tenth of a pixel apart"
    assert lab.frames == momentum.frames


def test_it_works_in_other_units():
    lab = momentum_lab(RULES["sgd"], [2e-6, 3e-6], [4e3, -1e3])
    names = {frame["name"] for frame in lab.frames}
    scale = lab.sliders[0].scales[0]
    assert names >= {"swinging", "diverging"} and len(set(scale.labels)) == len(scale.values)
    assert float(
        lab.frames[lab.positions.nearest([7e5, 0])]["facts"][0].split(",")[0]
    ) == pytest.approx(1.1, abs=0.03)


@pytest.mark.parametrize(
    ("curvatures", "start"),
    [([1], [1, 1]), ([1, 0], [1, 1]), ([1, 25], [0, 0]), ([1, 2, 3], [1, 2, 3])],
)
def test_what_is_no_ravine_is_refused(curvatures, start):
    with pytest.raises(ValueError, match="two curvatures above 0"):
        momentum_lab(RULES["sgd"], curvatures, start)


# --- The race -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def race():
    return MAKERS["race"]()


def run(name, kind, lrate, steps=40):
    """Return the heights of one racer's run above the minimum, as parts of the start's."""
    (rule, settings), (loss, gradient, start, minimum) = RACERS[name], SURFACES[kind]
    weight, state, heights = np.array(start, dtype=float), {}, []
    for _ in range(steps + 1):
        heights.append(
            (loss(weight) - loss(np.array(minimum)))
            / (loss(np.array(start)) - loss(np.array(minimum)))
        )
        if np.abs(weight).max() > 1e9:
            break
        state, step = rule(state, gradient(weight), weight, lrate=lrate, **settings)
        weight = weight - step
    return np.array(heights)


def test_every_run_of_the_race_is_the_rules_own(race):
    rates = race.sliders[0].scales[0].numbers
    for number in (3, 10, 17, 24, 29):
        frame, kind = race.frames[number], list(SURFACES)[number % 2]
        for name in RACERS:
            heights = run(name, kind, rates[number // 2])
            left, stays = (
                len(heights) <= 40,
                next(k for k in range(42) if (heights[k:] <= TARGET).all()),
            )
            assert frame["notes"][name].removesuffix(", a needle") == (
                "left" if left else f"{stays} steps" if stays <= 40 else "over 40"
            ), (name, number)


def test_no_words_of_the_race_count_who_may_be_hidden(race):
    """A hidden racer's run is told beside its own box, and nowhere else."""
    assert len({(frame["name"], *frame["facts"]) for frame in race.frames}) == 2
    for frame in race.frames:
        assert not any(name in text for name in RACERS for text in (frame["name"], *frame["facts"]))
        assert "a thousandth of the start's" in frame["facts"][0], "the criterion"


def test_a_needle_is_a_rate_whose_neighbours_fail():
    """Heights of a made-up rule: it lands on the minimum at some of the rates only."""
    lands = {0.1, 0.2, 0.4, 1.6}

    def rule(state, gradient, weight, *, lrate):
        return state, weight if lrate in lands or (lrate == 0.8 and state) else 0 * weight

    rates = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4]
    lab = race_lab(
        {"lands": (rule, {})},
        {"bowl": (lambda w: w[0] ** 2 + w[1] ** 2, lambda w: 2 * w, [1, 1], [0, 0])},
        rates=rates,
        steps=4,
    )
    told = {}
    for lab.lrate in rates:
        told[lab.lrate] = lab.notes["lands"]
    assert told == {
        0.1: "1 steps",
        0.2: "1 steps",
        0.4: "1 steps",
        0.8: "over 4",
        1.6: "1 steps, a needle",
        3.2: "over 4",
        6.4: "over 4",
    }
    frame = lab.frame(0.1, "bowl")
    dots, label = lab.panels[2].layers[-2:]
    assert list(frame.draw[dots].x) == [1.6] and frame.draw[label].text == "needle"
    assert (dots.group, label.group) == ("lands", "lands")


def test_the_last_position_gives_each_rule_its_own_best_rate(race):
    rates = race.sliders[0].scales[0].numbers
    race.lrate = OWN_BEST
    for race.surface in SURFACES:
        for name, note in race.frames[race.number]["notes"].items():
            rate, arrival = note.removesuffix(", a needle").removeprefix("at ").split(": ")
            runs = {f"{lrate:.3g}": run(name, race.surface, lrate) for lrate in rates}
            sound = {at: heights for at, heights in runs.items() if len(heights) > 40}
            stays = {
                at: next(k for k in range(42) if (heights[k:] <= TARGET).all())
                for at, heights in sound.items()
            }
            fewest = min(stays.values())
            assert stays[rate] == fewest, (name, race.surface)
            lowest = min(max(sound[at][-1], 1e-12) for at in sound if stays[at] == fewest)
            assert max(sound[rate][-1], 1e-12) == pytest.approx(lowest, rel=1e-9)
            assert arrival == (f"{fewest} steps" if fewest <= 40 else "over 40")


def test_what_is_drawn_of_the_race_is_the_runs(race):
    rates = race.sliders[0].scales[0].numbers
    for kind, lrate in (("ravine", 0.0316), ("bent valley", OWN_BEST)):
        frame = race.frame(lrate, kind)
        assert (race.panels[2].layers[0] in frame.draw) == (lrate != OWN_BEST), (
            "the line at everybody's rate"
        )
        for n, name in enumerate(RACERS):
            paths, losses, ends = (panel.layers for panel in race.panels)
            path, (line, leader, label), (curve, dot, *needles) = (
                paths[n],
                losses[3 * n : 3 * n + 3],
                ends[4 * n + 1 : 4 * n + 5],
            )
            groups = {layer.group for layer in (path, line, leader, label, curve, dot, *needles)}
            assert groups == {name}
            own = (
                float(frame.notes[name].split(":")[0].removeprefix("at "))
                if lrate == OWN_BEST
                else lrate
            )
            heights = np.maximum(run(name, kind, own), 1e-12)
            np.testing.assert_allclose(frame.draw[line][1], heights, rtol=1e-9)
            assert (
                np.shape(frame.draw[path][:2]) == (2, len(heights))
                and frame.draw[label].text == name
            )
            assert frame.draw[leader][1][0] == pytest.approx(np.clip(heights[-1], 1e-8, 1e2))
            assert frame.draw[dot][0] == [own] and frame.draw[dot][1] == [max(heights[-1], 1e-8)]
            runs = [run(name, kind, rate) for rate in rates]
            wanted = [
                1e4 if len(heights) <= 40 else np.clip(heights[-1], 1e-12, 1e4) for heights in runs
            ]
            np.testing.assert_allclose(frame.draw[curve][1], wanted, rtol=1e-9)
            assert list(frame.draw[curve][0]) == rates


def test_the_border_of_plain_descent_stands_on_every_surfaces_slider(race):
    for scale, steepest in zip(race.sliders[0].scales, (25, 1001.6006), strict=True):
        mark = next(text for text in scale.mark_places if text.startswith("2/L"))
        assert float(mark.split("=")[1]) == pytest.approx(2 / steepest, rel=5e-3)
        assert scale.mark_places["best"] == len(scale.values) - 1
    assert Surface(*SURFACES["bent valley"]).L == pytest.approx(
        501 + np.sqrt(501**2 - 400), rel=1e-6
    )


def test_what_is_shown_is_read_and_set(race):
    assert race.shown == list(RACERS)[:3], "it begins with three"
    race.shown = ["Adam", "SGD"]
    assert race.shown == ["SGD", "Adam"], "in the order of the boxes"
    with pytest.raises(
        ValueError, match="this lab has SGD, momentum, Nesterov, Adagrad, RMSprop, Adam, L-BFGS"
    ):
        race.shown = ["Lion"]
    with pytest.raises(ValueError, match="nothing to choose"):
        MAKERS["one weight"]().shown = ["Adam"]
    race.shown = list(RACERS)[:3]


def test_the_stored_picture_shows_whom_the_lab_shows():
    two = {name: RACERS[name] for name in ("SGD", "Adam")}
    one, both, hidden = (race_lab(two, SURFACES, steps=5, first=first) for first in (1, 2, 2))
    assert hidden.png() == both.png()  # it is drawn before, and anew after the boxes have changed
    hidden.shown = ["SGD"]
    assert one.png() == hidden.png() != both.png()


def test_every_rule_has_a_look_of_its_own(race):
    looks = {(group["colour"], group["dash"]) for group in race.spec["groups"]}
    assert len(looks) == len(race.spec["groups"]) == 7 and len({colour for colour, _ in looks}) == 7


def test_labels_keep_apart_and_in_order():
    rng = np.random.default_rng(4)
    for heights in (
        *(10 ** rng.uniform(-14, 4, 7) for _ in range(200)),
        np.full(7, 1e-30),
        np.full(7, np.inf),
    ):
        places = np.log10(separated(heights))
        order = np.argsort(np.clip(heights, 10**-7.8, 10**1.7), kind="stable")
        assert (
            np.diff(places[order]).min() >= 0.65 - 1e-9 and places.min() >= -8 and places.max() <= 2
        )
    alone = np.array([1e-1, 1e-4, 1e-7])
    np.testing.assert_allclose(separated(alone), alone)


def test_a_scale_of_numbers_and_then_a_text():
    scale = Scale([0.1, 1, 10, "best"], marks={"two": 2, "b": "best"})
    assert [scale.nearest(wanted) for wanted in (0.2, 9, 1000, "best", "1")] == [0, 2, 2, 3, 1]
    assert scale.mark_places == {"two": pytest.approx(1 + 1 / 9), "b": 3}
    with pytest.raises(
        ValueError, match="'worst' is not on this slider, which goes from 0.1 to best"
    ):
        scale.nearest("worst")


def test_torch_and_numpy_give_the_same_race(race):
    import torch

    def autograd(loss):
        def gradient(w):
            w = torch.tensor(w, requires_grad=True)
            return torch.autograd.grad(loss(w), w)[0].numpy()

        return gradient

    classes = {"SGD": "SGD", "momentum": "SGD", "Nesterov": "SGD", "L-BFGS": "LBFGS"}
    always = {"L-BFGS": {"max_iter": 1}}
    racers = {
        name: (
            torch_rule(getattr(torch.optim, classes.get(name, name)), **always.get(name, {})),
            settings,
        )
        for name, (_, settings) in RACERS.items()
    }
    surfaces = {
        name: (loss, autograd(loss), start, minimum)
        for name, (loss, _, start, minimum) in SURFACES.items()
    }
    lab = race_lab(racers, surfaces, steps=40)
    same = [
        a["notes"] == b["notes"] and a["facts"] == b["facts"]
        for a, b in zip(lab.frames, race.frames)
    ]
    # A walk that jumps about in the bent valley may amplify rounding.
    assert sum(same) >= len(same) - 1
    a, b = (np.frombuffer(lab.points, "<i2").astype(int) for lab in (lab, race))
    assert len(a) == len(b) and np.mean(np.abs(a - b) > 1) < 0.01


def test_one_racer_that_fails_does_not_stop_the_others(race):
    def breaks(state, gradient, weight, *, lrate):
        return {}, lrate * gradient if lrate < 0.1 else gradient[:1]

    lab = race_lab(RACERS | {"Adam": (breaks, {})}, SURFACES, steps=40)
    lab.lrate, lab.surface = 0.316, "ravine"
    frame = lab.frames[lab.number]
    assert (
        frame["trouble"]
        == "Adam returned a step of shape (1,), expected (2,), at learning rate 0.316, ravine,"
        " step 1."
    )
    assert frame["notes"]["Adam"] == "failed"
    assert frame["notes"] == race.frames[lab.number]["notes"] | {"Adam": "failed"}
    lab.lrate = OWN_BEST
    assert not lab.frames[lab.number]["trouble"] and lab.frames[lab.number]["notes"][
        "Adam"
    ].startswith("at 0.0")


def test_a_gradient_that_fails_is_named_by_the_runs():
    def gradient(w):
        raise NameError("name 'hessian' is not defined")

    lab = race_lab(
        {"SGD": (RULES["sgd"], {})},
        {"bowl": (lambda w: w[0] ** 2 + w[1] ** 2, gradient, [1, 1], [0, 0])},
        steps=2,
    )
    assert {frame["trouble"].split(" at ")[0] for frame in lab.frames} == {
        "SGD raised NameError (name 'hessian' is not defined)"
    }
    assert list(lab.sliders[0].scales[0].mark_places) == ["best"]


@pytest.mark.parametrize("count", [0, 8])
def test_a_race_has_room_for_seven(count):
    with pytest.raises(ValueError, match=f"one to 7 racers, not {count}"):
        race_lab({str(n): (RULES["sgd"], {}) for n in range(count)}, SURFACES)


# --- What the learner may hand over ---------------------------------------------------------------


#: What a rule may do instead of handing back a step, at fast rates and one momentum each; and what
#: is said then.
FAILURES = {
    0.1: (
        lambda step, weight: 1 / 0 if weight[0] > -9 else step,
        r"rule raised ZeroDivisionError \(.*\) HERE, step 2\.",
    ),
    0.2: (
        lambda step, weight: step[:1],
        r"rule returned a step of shape \(1,\), expected \(2,\), HERE, step 1\.",
    ),
    0.3: (lambda step, weight: step * np.nan, r"rule gave NaN HERE, step 1\."),
    0.4: (lambda step, weight: step / 0.0, r"rule gave infinity HERE, step 1\."),
    0.5: (
        lambda step, weight: None,
        r"rule returned a step of shape \(\), expected \(2,\), HERE, step 1\.",
    ),
}


def works_in_place(state, gradient, weight, *, lrate, momentum):
    state, step = RULES["sgd"](state, gradient, weight, lrate=lrate, momentum=momentum)
    gradient *= 0
    weight -= step
    return state, step


def test_a_rule_that_fails_at_some_rates_is_named_with_rate_and_step():
    def rule(state, gradient, weight, *, lrate, momentum):
        step = lrate * gradient
        return {}, (
            FAILURES[momentum][0](step, weight) if lrate > 0.1 and momentum in FAILURES else step
        )

    lab = momentum_lab(rule, CURVATURES, START, steps=10)
    for momentum, (_, error) in FAILURES.items():
        message = error.replace("HERE", rf"at learning rate 0\.111, momentum {momentum}")
        assert re.fullmatch(
            message, lab.frames[lab.positions.nearest([0.111, momentum])]["trouble"]
        ), momentum
    for number, lrate, momentum in positions(lab):
        assert bool(lab.frames[number]["trouble"]) == (lrate > 0.1 and momentum in FAILURES), (
            lrate,
            momentum,
        )


def test_a_rule_that_works_in_place_gets_copies(momentum):
    start = START.copy()
    lab = momentum_lab(works_in_place, CURVATURES, start)
    assert lab.points == momentum.points
    np.testing.assert_array_equal(start, START)


def test_a_walk_ends_where_it_leaves_the_map():
    def explodes(state, gradient, weight, *, lrate):
        return state, np.full(2, 1e300)

    weights, error = walk(explodes, lambda w: w, START, 10, "", lrate=1)
    assert len(weights) == 2 and error == ""


# --- Time -----------------------------------------------------------------------------------------


@pytest.mark.part("times")
def test_the_momentum_lab_is_ready_in_time_with_torch():
    import torch

    rule = torch_rule(torch.optim.SGD)
    rule({}, START, START, lrate=0.1, momentum=0.5)  # the first step imports half of torch
    start = time.process_time()
    momentum_lab(rule, CURVATURES, START)
    assert time.process_time() - start < 4


@pytest.mark.part("times")
@pytest.mark.parametrize("name", ["momentum", "race"])
def test_the_labs_are_ready_in_time_by_hand(name):
    seconds = []
    for _ in range(2):
        start = time.process_time()  # of this process alone: others may be busy
        lab = MAKERS[name]()
        lab.png()
        seconds.append(time.process_time() - start)
    assert min(seconds) < 1.5, f"{min(seconds):.2f} s"
