"""Lion, which torch.optim does not have: its referee is the formula in another form, without any
state: both averages written out as sums over all gradients so far.
"""

import ast

import numpy as np
import pytest
import torch
from definitions import functions_of
from drawing import cases
from hypothesis import given
from hypothesis import strategies as st

from course_utils.notebooks import code_cells
from course_utils.resources import HOME

LION = functions_of("Round3_Optimizers")["lion"]


def the_class():
    """Return the twin's Lion, a class."""
    names = {"torch": torch}
    for source in code_cells(HOME / "Round3" / "Round3_Optimizers-PyTorch.ipynb"):
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and node.name == "Lion":
                exec(compile(ast.Module([node], []), "the twin", "exec"), names)
    return names["Lion"]


def written_out(gradients, weight, lrate, betas, weight_decay):
    """Return the weights: m before step t is the sum of (1 − β₂) β₂^(t − 1 − i) gᵢ over i < t."""
    walk = [weight]
    for t, newest in enumerate(gradients):
        shares = (1 - betas[1]) * betas[1] ** np.arange(t - 1, -1, -1)
        mean = np.tensordot(shares, gradients[:t], 1) if t else 0.0
        mixed = betas[0] * mean + (1 - betas[0]) * newest
        direction = (mixed > 0) * 1.0 - (mixed < 0) * 1.0
        walk.append(walk[-1] * (1 - lrate * weight_decay) - lrate * direction)
    return np.array(walk)


def by_hand(gradients, weight, **settings):
    state, walk = {}, [weight]
    for g in gradients:
        state, step = LION(state, g, walk[-1], **settings)
        walk.append(walk[-1] - step)
    return np.array(walk)


def with_the_class(gradients, weight, lrate, betas, weight_decay):
    parameter = torch.tensor(weight)
    optimizer = the_class()([parameter], lr=lrate, betas=betas, weight_decay=weight_decay)
    walk = [weight]
    for g in gradients:
        parameter.grad = torch.tensor(g)
        optimizer.step()
        walk.append(parameter.numpy().copy())
    return np.array(walk)


@pytest.mark.part("drawn")
@cases(fixed=6, fresh=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-4, 0.01, 0.3]),
    st.tuples(st.sampled_from([0.0, 0.9, 0.95]), st.sampled_from([0.0, 0.9, 0.99])),
    st.sampled_from([0.0, 0.01, 1.0]),
    st.sampled_from([(1,), (3, 2)]),
)
def test_it_is_the_formula_written_out(seed, lrate, betas, weight_decay, shape):
    rng = np.random.default_rng(seed)
    gradients, weight = rng.normal(0.2, 1, (60, *shape)), rng.normal(size=shape)
    settings = {"lrate": lrate, "betas": betas, "weight_decay": weight_decay}
    right = written_out(gradients, weight, **settings)
    for walk in (
        by_hand(gradients, weight, **settings),
        with_the_class(gradients, weight, **settings),
    ):
        np.testing.assert_allclose(walk, right, rtol=1e-12, atol=1e-12)


def test_maximize_climbs():
    gradients, weight = np.random.default_rng(2).normal(size=(20, 3)), np.ones(3)
    settings = {"lrate": 0.1, "betas": (0.9, 0.99), "weight_decay": 0.1}
    up = by_hand(gradients, weight, maximize=True, **settings)
    np.testing.assert_array_equal(up, by_hand(-gradients, weight, **settings))


def test_what_is_not_set_is_as_in_the_paper_and_a_slip_is_named():
    assert LION.__kwdefaults__ == {
        "lrate": 1e-4,
        "betas": (0.9, 0.99),
        "weight_decay": 0.0,
        "maximize": False,
    }
    for slip in ({"lrate": -1.0}, {"betas": (1.0, 0.9)}, {"weight_decay": -1.0}):
        with pytest.raises(ValueError, match=next(iter(slip))):
            LION({}, np.ones(2), np.ones(2), **slip)
    for bad in (np.array([1.0, np.nan]), np.ones(3)):
        with pytest.raises(ValueError, match="gradient"):
            LION({}, bad, np.ones(2))


def test_nothing_handed_in_is_changed():
    state, weight, g = {"mean": np.ones(2)}, np.ones(2), np.array([1.0, -3.0])
    LION(state, g, weight, lrate=0.1, weight_decay=0.1)
    assert (state["mean"] == 1).all() and (weight == 1).all() and (g == [1, -3]).all()
