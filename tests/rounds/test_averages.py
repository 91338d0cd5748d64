"""Averages and clipping of Round 3 beside torch.optim.swa_utils and torch.nn.utils: every step.

The functions are read out of the notebook as they stand there. Schedule-free SGD is not in torch:
its referees are the mean of plain descent, which it is at beta = 0, and the formula written with
all past weights at once.
"""

from contextlib import contextmanager

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from definitions import functions_of
from drawing import cases
from hypothesis import given
from torch import nn
from torch.optim import swa_utils

from course_utils.checkpoints import stored_checkpoints
from course_utils.resources import HOME

AVERAGES = functions_of("Round3_Averages")
OURS, TORCHS = (
    {
        name: np.array(entry["value"])
        for name, entry in stored_checkpoints(HOME / f"Round3/Round3_Averages{twin}.ipynb").items()
    }
    for twin in ("", "-PyTorch")
)
STEPS = 300


@contextmanager
def everything_in_float64():
    """torch rounds some scalars, such as ASGD's rate or 1 / (n + 1), to the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def walked(seed, scale):
    return scale * np.cumsum(np.random.default_rng(seed).normal(size=(STEPS, 4, 3)), axis=0)


def averaged_by_torch(weights, **kind):
    """Return AveragedModel's mean after each of the weights."""
    model = nn.ParameterList([torch.zeros(weights.shape[1:])])
    averaged, means = swa_utils.AveragedModel(model, **kind), []
    for weight in weights:
        with torch.no_grad():
            model[0].copy_(torch.from_numpy(weight))
        averaged.update_parameters(model)
        means.append(averaged.module[0].detach().numpy().copy())
    return np.array(means)


scales = st.sampled_from([1e-6, 1.0, 1e6])


@pytest.mark.part("drawn")
@cases(fixed=6, fresh=20)
@given(st.integers(0, 2**32 - 1), scales, st.floats(0, 1))
def test_means_at_every_step(seed, scale, decay):
    weights = walked(seed, scale)
    with everything_in_float64():
        plain = averaged_by_torch(weights)
        fading = averaged_by_torch(weights, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(decay))
    mean, faded = np.zeros((4, 3)), None
    most = 1e-13 * np.max(np.abs(weights))
    for n, weight in enumerate(weights):
        mean = AVERAGES["running_mean"](mean, weight, n)
        faded = AVERAGES["ema"](faded, weight, decay)
        assert np.max(np.abs(mean - plain[n])) <= most
        assert np.max(np.abs(faded - fading[n])) <= most


@pytest.mark.part("drawn")
@cases(fixed=10, fresh=60)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1e-12, 1e-7, 1e-3, 1.0, 1e3, 1e12]),
    st.sampled_from([1e-8, 0.1, 1.0, 1e5]),
)
def test_cuts(seed, scale, most):
    """Each of ours as torch cuts a parameter of its own; 0, tiny and huge ones among them."""
    gradients = scale * np.random.default_rng(seed).normal(size=(5, 4, 3))
    by_norm = AVERAGES["clip_by_norm"](gradients, most)
    by_value = AVERAGES["clip_by_value"](gradients, most)
    for gradient, shortened, cut in zip(gradients, by_norm, by_value):
        weight = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
        weight.grad = torch.from_numpy(gradient.copy())
        nn.utils.clip_grad_norm_([weight], most)
        np.testing.assert_allclose(shortened, weight.grad, rtol=1e-14, atol=0)
        weight.grad = torch.from_numpy(gradient.copy())
        nn.utils.clip_grad_value_([weight], most)
        assert (cut == weight.grad.numpy()).all()


@pytest.mark.part("drawn")
@cases(fixed=6, fresh=20)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(1e-3, 0.2),
    st.sampled_from([0.0, 1e-4, 0.1]),
    st.sampled_from([0.0, 0.75, 1.0]),
    st.sampled_from([0, 1, 7, 50, 1e6]),
)
def test_asgd_s_weight_and_mean(seed, lrate, lambd, alpha, t0):
    noise = np.random.default_rng(seed).normal(size=(STEPS, 10, 2))
    curvature, bottom = np.array([1.0, 8.0]), np.array([2.0, 1.0])
    AVERAGES["slope"].__globals__.update(curvature=curvature, bottom=bottom)
    with everything_in_float64():
        weight = torch.zeros(10, 2, requires_grad=True)
        optimizer = torch.optim.ASGD([weight], lr=lrate, lambd=lambd, alpha=alpha, t0=t0)
        for n, one in enumerate(noise, 1):
            slope = curvature * (weight.detach().numpy() - bottom) + one
            weight.grad = torch.from_numpy(slope)
            optimizer.step()
            if n in (1, 2, 3, 9, 60, STEPS):
                last, mean = AVERAGES["asgd"](noise[:n], lrate, lambd, alpha, t0)
                ax = optimizer.state[weight]["ax"]
                np.testing.assert_allclose(last, weight.detach(), rtol=1e-12, atol=1e-12)
                np.testing.assert_allclose(mean, ax, rtol=1e-12, atol=1e-12)


@pytest.mark.part("drawn")
@cases(fixed=6, fresh=20)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(1e-3, 0.3))
def test_schedule_free_by_all_past_weights_at_once(seed, beta, lrate):
    """x is the mean of all z, and z the start less the rate times the sum of all gradients."""
    rng = np.random.default_rng(seed)
    targets, start = rng.normal(size=(60, 3)), rng.normal(size=3)
    curvature = np.array([0.1, 1.0, 3.0])

    def slope(y, k):
        return curvature * (y - targets[k])

    slopes, past = [], []
    for k in range(60):
        z = start - lrate * np.sum(slopes, axis=0) if slopes else start
        x = np.mean(past, axis=0) if past else start
        slopes.append(slope((1 - beta) * z + beta * x, k))
        past.append(start - lrate * np.sum(slopes, axis=0))
        found = AVERAGES["schedule_free"](slope, start, lrate, range(k + 1), beta)
        np.testing.assert_allclose(found, np.mean(past, axis=0), rtol=0, atol=1e-12)


def test_without_beta_it_is_the_mean_of_plain_descent():
    targets, weight, seen = np.random.default_rng(3).normal(size=(50, 2)), np.zeros(2), []
    for target in targets:
        weight = weight - 0.2 * (weight - target)
        seen.append(weight)
    found = AVERAGES["schedule_free"](
        lambda y, k: y - targets[k], np.zeros(2), 0.2, range(50), beta=0
    )
    np.testing.assert_allclose(found, np.mean(seen, axis=0), rtol=0, atol=1e-14)


EXACT = ("ten noisy walks", "mean of all so far", "ASGD's weight and mean", "SWA's rates")


@pytest.mark.parametrize("name", [*EXACT, "with t0 of a million", "heights without noise"])
def test_the_twins_are_a_trillionth_apart_at_most(name):
    assert np.max(np.abs(OURS[name] - TORCHS[name])) <= 1e-12


def test_swa_s_rates_are_swalr_s():
    """168 steps, from the middle third's end on: also for a training of another length."""
    AVERAGES["swa_rate"].__globals__.update(
        n=90, begin=60, cosine=lambda k, rate, n: rate * (1 + np.cos(np.pi * k / n)) / 2
    )
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=1.0)
    first, then, rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 90), None, []
    for k in range(90):
        if k == 60:
            then = swa_utils.SWALR(optimizer, 0.3, anneal_epochs=7)
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        (then or first).step()
    ours = [AVERAGES["swa_rate"](k, level=0.3, anneal=7) for k in range(90)]
    np.testing.assert_allclose(ours, rates, rtol=0, atol=1e-14)


def test_what_is_counted_does_not_hang_on_rounding():
    """Rates this large amplify rounding, to 1e-9 and less; what "lower" compares is further apart
    by a factor of ten thousand.
    """
    rivals = {
        "constant, 0": "constant, last",
        "cosine, 0": "cosine, last",
        "SWA's ": "the cosine's last",
        "free, ": "the cosine's last",
        "cosine, flawed, by": "cosine, flawed, none",
        "cosine, clean, by": "cosine, clean, none",
        "constant, clean, by": "constant, clean, none",
    }
    pairs = [
        (OURS[name], OURS[rival])
        for group, rival in rivals.items()
        for name in OURS
        if name.startswith(group) and OURS[name].shape == (10,)
    ]
    assert len(pairs) == 4 + 4 + 2 + 3 + 2 + 2 + 2
    for losses, others in pairs:
        assert np.min(np.abs(losses / others - 1)) > 1e-6
