"""Round 5's two tapes against torch's autograd: random formulas, stretched shapes, bad input."""

import numpy as np
import pytest
import torch
from drawing import cases
from hypothesis import given
from hypothesis import strategies as st

from course_utils import functions_from

SCALAR = functions_from("Round5_Tape")
ARRAYS = functions_from("Round5_Arrays")
Node, Array = SCALAR["Node"], ARRAYS["Array"]

#: By name: how an operation on one array is called on our tape, and in torch. What goes in is
#: bounded, by tanh, before it meets one that grows fast.
UNARY = {
    "tanh": (ARRAYS["tanh"], torch.tanh),
    "exp of tanh": (lambda a: ARRAYS["exp"](ARRAYS["tanh"](a)), lambda a: torch.tanh(a).exp()),
    "log": (lambda a: ARRAYS["log"](a * a + 1.0), lambda a: torch.log(a * a + 1.0)),
    "relu": (ARRAYS["relu"], torch.relu),
    "cube": (lambda a: ARRAYS["tanh"](a) ** 3.0, lambda a: torch.tanh(a) ** 3),
    "one over": (lambda a: 1.0 / (a * a + 2.0), lambda a: 1.0 / (a * a + 2.0)),
    "less itself's mean": (
        lambda a: a - ARRAYS["mean"](a, -1)[..., None],
        lambda a: a - a.mean(-1, keepdim=True),
    ),
    "sum kept": (lambda a: ARRAYS["total"](a, -1, True) + a, lambda a: a.sum(-1, keepdim=True) + a),
    "less the largest": (lambda a: a - ARRAYS["largest"](a), lambda a: a - a.amax()),
    "transposed": (ARRAYS["transpose"], lambda a: a.mT),
    "reshaped": (
        lambda a: ARRAYS["reshape"](a, *a.data.shape[::-1]),
        lambda a: a.reshape(a.shape[::-1]),
    ),
    "rows twice": (lambda a: a[[0, -1, 0]], lambda a: a[[0, -1, 0]]),
    "log-sum-exp": (lambda a: a - ARRAYS["log_sum_exp"](a), lambda a: torch.log_softmax(a, -1)),
}
BINARY = {
    "sum": (lambda a, b: a + b, lambda a, b: a + b),
    "difference": (lambda a, b: a - b, lambda a, b: a - b),
    "product": (lambda a, b: a * b, lambda a, b: a * b),
    "quotient": (lambda a, b: a / (b * b + 1.0), lambda a, b: a / (b * b + 1.0)),
}
SHAPES = [(3, 4), (1, 4), (3, 1), (1, 1), (4,), (1,), ()]


def both(seed, steps):
    """Return (our gradients, torch's) of a random formula of three arrays and ``steps`` steps, in
    which each result may be used again.
    """
    rng = np.random.default_rng(seed)
    shapes = [(3, 4), *(SHAPES[k] for k in rng.integers(len(SHAPES), size=2))]
    drawn = [rng.normal(size=shape) for shape in shapes]
    ours = [Array(each) for each in drawn]
    theirs = [torch.tensor(each, requires_grad=True) for each in drawn]
    made = [(ours[0], theirs[0])]
    for _ in range(steps):
        kind = rng.integers(3)
        a = made[rng.integers(len(made))]
        if kind == 0:
            operation = UNARY[list(UNARY)[rng.integers(len(UNARY))]]
            made.append((operation[0](a[0]), operation[1](a[1])))
        elif kind == 1:
            operation = BINARY[list(BINARY)[rng.integers(len(BINARY))]]
            k = rng.integers(3)
            if any(m != n and 1 not in (m, n) for m, n in zip(a[1].shape[::-1], shapes[k][::-1])):
                continue  # they do not fit
            made.append((operation[0](a[0], ours[k]), operation[1](a[1], theirs[k])))
        else:
            W = rng.normal(size=(a[1].shape[1], 4)) / 2
            made.append((ARRAYS["tanh"](a[0] @ W), torch.tanh(a[1] @ torch.from_numpy(W))))
    weights = [rng.normal(size=tuple(each[1].shape)) for each in made]
    loss = sum((ARRAYS["total"](a * w) for (a, _), w in zip(made, weights)), start=Array(0.0))
    torch_loss = sum((a * torch.from_numpy(w)).sum() for (_, a), w in zip(made, weights))
    np.testing.assert_allclose(loss.data, torch_loss.item(), rtol=1e-12)
    ARRAYS["backward"](loss)
    torch_loss.backward()
    pairs = zip(ours, theirs)
    return [(a.grad, b.grad.numpy()) for a, b in pairs if b.grad is not None]


def agree(seed, steps):
    for a, b in both(seed, steps):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11 * (1 + np.abs(b).max()))


@pytest.mark.parametrize("seed", range(30))
def test_random_formulas_have_torchs_gradients(seed):
    agree(seed, 3 + seed % 8)


@pytest.mark.part("drawn")
@cases(fixed=10, fresh=300)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14))
def test_drawn_formulas_have_torchs_gradients(seed, steps):
    agree(seed, steps)


@pytest.mark.parametrize("name", list(UNARY))
def test_an_operation_alone_is_torchs_to_rounding(name):
    for shape in ((3, 4), (1, 1), (2, 1)):
        drawn = np.random.default_rng(1).normal(size=shape)
        a, b = Array(drawn), torch.tensor(drawn, requires_grad=True)
        ours, theirs = UNARY[name][0](a), UNARY[name][1](b)
        weights = np.random.default_rng(2).normal(size=tuple(theirs.shape))
        ARRAYS["backward"](ARRAYS["total"](ours * weights))
        (theirs * torch.from_numpy(weights)).sum().backward()
        np.testing.assert_allclose(ours.data, theirs.detach(), rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-12, atol=1e-13)


STRETCHED = [(), (1,), (3,), (1, 3), (2, 3), (2, 1), (1, 1), (2, 1, 3), (4, 2, 1), (0, 3), (0, 1)]
PAIRS = [
    (left, right)
    for left in STRETCHED
    for right in STRETCHED
    if all(a == b or 1 in (a, b) for a, b in zip(left[::-1], right[::-1]))
]


@pytest.mark.parametrize("name", list(BINARY))
def test_all_shapes_that_broadcast_have_torchs_gradients(name):
    assert len(PAIRS) > 60
    for left, right in PAIRS:
        rng = np.random.default_rng(3)
        drawn = rng.normal(size=left), rng.normal(size=right)
        ours = list(map(Array, drawn))
        theirs = [torch.tensor(each, requires_grad=True) for each in drawn]
        result, expected = BINARY[name][0](*ours), BINARY[name][1](*theirs)
        weights = rng.normal(size=tuple(expected.shape))
        ARRAYS["backward"](ARRAYS["total"](result * weights))
        (expected * torch.from_numpy(weights)).sum().backward()
        for a, b in zip(ours, theirs):
            assert a.grad.shape == a.data.shape
            np.testing.assert_allclose(a.grad, b.grad, rtol=1e-12, atol=1e-14)


def test_the_tape_of_numbers_has_torchs_gradients():
    def formula(a, b, c, tanh, exp, log):
        u = a * b - c / (1.0 + b * b)
        v = tanh(u) * u + exp(-1.0 * u * u)
        return log(v * v + 1.0) ** 2 + v * a + u * u * u

    rng = np.random.default_rng(4)
    for values in rng.normal(size=(20, 3)):
        ours = [Node(float(value)) for value in values]
        theirs = [torch.tensor(value, requires_grad=True) for value in values]
        names = ("tanh", "exp", "log")
        SCALAR["backward"](formula(*ours, *(SCALAR[name] for name in names)))
        formula(*theirs, *(getattr(torch, name) for name in names)).backward()
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(a.grad, b.grad.item(), rtol=1e-11)


def test_inputs_collect_and_numbers_in_between_are_emptied():
    w = Node(3.0)
    u = w * w
    f = u * u
    for walks in (1, 2, 3):
        SCALAR["backward"](f)
        assert w.grad == walks * 4 * 3.0**3
        assert u.grad == 2 * 9.0


def test_concatenate_hands_each_its_own_slice():
    rng = np.random.default_rng(5)
    drawn = [rng.normal(size=(2, n)) for n in (1, 3, 0, 2)]
    ours = list(map(Array, drawn))
    theirs = [torch.tensor(each, requires_grad=True) for each in drawn]
    weights = rng.normal(size=(2, 6))
    ARRAYS["backward"](ARRAYS["total"](ARRAYS["concatenate"](ours, 1) * weights))
    (torch.cat(theirs, 1) * torch.from_numpy(weights)).sum().backward()
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-14)


def walked_twice():
    once = ARRAYS["total"](Array([1.0, 2.0]) * 2.0)
    ARRAYS["backward"](once)
    ARRAYS["backward"](once)


BAD = {
    "take a sum or a mean": lambda: ARRAYS["backward"](Array([1.0, 2.0]) * 2.0),
    "no input of this result needs a gradient": lambda: ARRAYS["backward"](
        ARRAYS["as_array"](1.0) * 2.0
    ),
    "walked before": walked_twice,
    r"\(2, 3\) @ \(2, 3\)": lambda: Array(np.ones((2, 3))) @ np.ones((2, 3)),
    "both need two axes": lambda: Array(np.ones((2, 3))) @ np.ones(3),
    "integer": lambda: Array(np.arange(3)),
    "broadcast": lambda: Array(np.ones(3)) + np.ones(4),
}


@pytest.mark.parametrize("words", list(BAD))
def test_bad_input_is_refused_in_words(words):
    with pytest.raises((ValueError, RuntimeError, TypeError), match=words):
        BAD[words]()


def test_kept_notes_can_be_walked_again():
    w = Array(3.0)
    f = w * w * w
    ARRAYS["backward"](f, keep=True)
    ARRAYS["backward"](f)
    assert w.grad == 2 * 27.0


def test_the_engine_stays_readable():
    """At most 150 lines in all, definitions and docstrings counted."""
    from course_utils.notebooks import definitions
    from course_utils.resources import HOME

    lines = [
        line
        for source in definitions(HOME / "Round5/Round5_Arrays.ipynb")
        for line in source.splitlines()
        if line.strip()
    ]
    assert len(lines) <= 150
