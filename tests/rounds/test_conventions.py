"""What notebooks/Conventions says of optax, and Lion, beside optax itself, where it is installed:
``pip install optax`` in the environment; the course needs it for nothing else.
"""

import ast
import inspect

import numpy as np
import pytest
from definitions import functions_of

from course_utils.notebooks import code_cells
from course_utils.resources import HOME

pytestmark = pytest.mark.part("drawn")
START = np.ones(2)


def the_page():
    """Return what the page's functions are, with the rules that they use."""
    names = functions_of("Round3_Optimizers", "Round3_MoreOptimizers") | {"np": np, "START": START}
    for source in code_cells(HOME / "notebooks" / "Conventions.ipynb"):
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef):
                exec(compile(ast.Module([node], []), "Conventions", "exec"), names)
    return names


HERE = the_page()
minimise, slope, walk = HERE["minimise"], HERE["slope"], HERE["walk"]


@pytest.fixture(scope="module")
def optax():
    found = pytest.importorskip(
        "optax", reason="optax is not installed: its conventions go untested"
    )
    import jax

    jax.config.update("jax_enable_x64", True)
    return found


def path(optax, optimizer, gradient=slope, weight=START, steps=20):
    state, weights = optimizer.init(weight), [weight]
    for _ in range(steps):
        step, state = optimizer.update(gradient(weights[-1]), state, weights[-1])
        weights.append(np.asarray(optax.apply_updates(weights[-1], step)))
    return np.array(weights)


def test_the_largest_corrected_square(optax):
    np.testing.assert_allclose(
        walk(HERE["largest_corrected"]), path(optax, optax.amsgrad(0.05)), rtol=1e-12
    )


def test_a_constant_momentum_in_nadam(optax):
    """optax's own correction of the first average is the one that a constant μ gives."""
    ours = minimise(HERE["nadam"], slope, START, 20, lrate=0.05, momentum_decay=1e9)
    np.testing.assert_allclose(ours, path(optax, optax.nadam(0.05)), rtol=1e-12)


def test_rprop_one_call_late(optax):
    np.testing.assert_allclose(walk(HERE["one_late"]), path(optax, optax.rprop(0.05)), rtol=1e-12)


def test_one_cycle_arrives_a_step_later(optax):
    theirs = optax.cosine_onecycle_schedule(100, 0.1)
    ours = HERE["half_wave"](99, 30, 100, 0.1, 0.1 / 25 / 1e4)
    assert float(theirs(99)) == pytest.approx(ours, rel=1e-9)
    assert float(theirs(100)) == pytest.approx(0.1 / 25 / 1e4, rel=1e-9)


def test_muon_counts_in_the_other_orientation(optax):
    rng, sizes = np.random.default_rng(0), {}
    for shape in ((40, 10), (10, 40)):
        muon = optax.contrib.muon(1.0)
        matrix = rng.normal(size=shape)
        step, _ = muon.update(matrix, muon.init(matrix), matrix)
        sizes[shape] = np.linalg.norm(np.asarray(step), 2)
    assert sizes[10, 40] / sizes[40, 10] == pytest.approx(2, rel=0.3)


def test_what_is_usual_there(optax):
    usual = {
        optax.adagrad: {"initial_accumulator_value": 0.1},
        optax.rmsprop: {"decay": 0.9},
        optax.adamw: {"weight_decay": 1e-4},
        optax.adam: {"eps": 1e-8},
        optax.radam: {"threshold": 5.0},
    }
    for maker, values in usual.items():
        for name, value in values.items():
            assert inspect.signature(maker).parameters[name].default == value, (maker, name)
    assert inspect.signature(optax.rprop).parameters["learning_rate"].default is inspect._empty


def test_lion(optax):
    noise = np.random.default_rng(11).normal(size=(300, 5))
    ours, theirs = iter(noise), iter(noise)
    settings = {"lrate": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.1}
    right = path(
        optax,
        optax.lion(0.01, b1=0.9, b2=0.99, weight_decay=0.1),
        lambda w: next(theirs),
        np.linspace(-1, 1, 5),
        300,
    )
    by_hand = minimise(HERE["lion"], lambda w: next(ours), np.linspace(-1, 1, 5), 300, **settings)
    np.testing.assert_allclose(by_hand, right, rtol=1e-12, atol=1e-14)
