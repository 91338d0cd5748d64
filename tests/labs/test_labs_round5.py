"""Round 5's lab: what it shows is what the tape holds, and what goes wrong is said."""

import numpy as np
import pytest
from problems import MAKERS, TAPE, drawn, small

from course_utils import graph_lab
from course_utils.labs.graph_lab import MOST, layout

ENGINE = {name: TAPE[{"node": "Node"}.get(name, name)] for name in ("all_before", "hand_back")}
ENGINE["node"] = TAPE["Node"]


@pytest.fixture(scope="module")
def lab():
    return MAKERS["graph"]()


def texts(lab, number):
    return [text for _, text in drawn(lab, number) if text]


def number_of(lab, value, walk):
    return lab.positions.nearest([value, walk])


@pytest.mark.parametrize("value", [-2.0, -0.125, 1.0, 1.75])
def test_values_and_gradients_are_those_of_pencil_and_paper(lab, value):
    u = 2 * value
    values = [value, 2.0, u, u * u, u * u + value]
    grads = [2 * u * 2 + 1, 2 * u * value, 2 * u, 1.0, 1.0]
    end = len(lab.sliders[1].scales[0].values) - 1
    shown = texts(lab, number_of(lab, value, end))
    written = [f"{each:.3g}" for each in values] + [f"{each:.3g}" for each in grads]
    assert sorted(shown) == sorted(written)
    facts = lab.frames[number_of(lab, value, end)]["facts"]
    assert facts[1:] == [f"{values[-1]:.4g}", f"{grads[0]:.4g}"]


def test_values_appear_one_by_one_and_then_gradients(lab):
    counts = [len(texts(lab, number_of(lab, 1.0, k))) for k in range(9)]
    assert counts == [0, 1, 2, 3, 4, 6, 8, 9, 10]
    said = [lab.frames[number_of(lab, 1.0, k)]["facts"][0] for k in (0, 3, 6)]
    assert said == ["nothing yet", "* gives 2", "+ hands back, times 1, 1"]


def test_a_node_used_twice_gets_its_second_part_later(lab):
    first, last = ([float(text) for text in texts(lab, number_of(lab, 1.0, k))[5:]] for k in (6, 8))
    assert 1.0 in first and 9.0 in last and 9.0 not in first


def test_values_go_along_blue_edges_and_gradients_along_red_ones(lab):
    for step, colour in ((3, "blue"), (8, "red")):
        thick = [layer.colour for layer in lab.frame(1.0, step).draw if layer.line == 3.5]
        assert thick == [colour, colour]


def test_the_tangent_has_the_slope_that_arrives(lab):
    frame = lab.frame(1.0, 8)
    shape = next(shape for layer, shape in frame.draw.items() if layer.dash)
    assert np.diff(shape.y)[0] / np.diff(shape.x)[0] == pytest.approx(9.0)


def test_no_edge_runs_through_a_node():
    w, x = TAPE["Node"](1.0), TAPE["Node"](2.0)
    nodes = TAPE["all_before"](small(w, x))
    number = {id(node): k for k, node in enumerate(nodes)}
    edges = [[(number[id(one)], s) for one, s in node.made_from] for node in nodes]
    from course_utils.labs.graph_lab import Tape

    places = layout(Tape(nodes, edges, []))
    assert len(np.unique(places, axis=0)) == len(nodes)


def test_a_formula_of_the_learners_own_is_drawn():
    made = graph_lab(lambda a: TAPE["tanh"](a) * 3.0 + a, {"a": 0.5}, **ENGINE)
    assert "tanh" in made.panels[0].spec()["pictures"][0]
    end = len(made.sliders[1].scales[0].values) - 1
    assert f"{4 - 3 * np.tanh(0.5) ** 2:.4g}" in made.frames[number_of(made, 0.5, end)]["facts"]


def test_hand_back_that_overwrites_shows_in_the_lab():
    def overwrites(node):
        for earlier, slope in node.made_from:
            earlier.grad = slope * node.grad

    made = graph_lab(small, {"w": 1.0, "x": 2.0}, **ENGINE | {"hand_back": overwrites})
    assert made.frames[number_of(made, 1.0, 8)]["facts"][2] != "9"


def broken(node):
    raise KeyError("not written yet")


def test_what_goes_wrong_in_the_walk_is_said():
    made = graph_lab(small, {"w": 1.0, "x": 2.0}, **ENGINE | {"hand_back": broken})
    frame = made.frame(1.0, 8)
    assert frame.error == "broken raised KeyError ('not written yet') at w = 1."


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (lambda w: w.nothing, "raised AttributeError"),
        (lambda w: w, "needs 2 to"),
        (lambda w: sum([w * 2.0 for _ in range(9)], w), f"needs 2 to {MOST}"),
    ],
)
def test_a_formula_that_cannot_be_drawn_is_refused(formula, words):
    with pytest.raises(ValueError, match=words):
        graph_lab(formula, {"w": 1.0}, **ENGINE)
