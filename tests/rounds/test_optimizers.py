"""The update rules of Round 3 beside torch.optim: every step, weights and state.

The rules are read out of the notebooks as they stand there, so what is tested is what the learner
sees. Settings are drawn: the same few in every run, fresh ones under ``--part drawn``. Each case
names its seed and settings in hypothesis's failure report, with a line to reproduce it.
"""

import ast
import inspect
import itertools
import re

import hypothesis.strategies as st
import numpy as np
import pytest
import rules
import torch
from definitions import functions_of, source_of
from drawing import cases
from hypothesis import given
from rules import (
    BAD,
    PAIRS,
    RTOL,
    RULES,
    SHAPES,
    STEPS,
    STRICTER,
    Pair,
    assert_equal,
    compare,
    gradients,
    run_both,
    the_settings,
    torch_lbfgs,
)

from course_utils import load_digits

float64_scalars, exact_muon = rules.float64_scalars, rules.exact_muon  # fixtures


def open_loop(
    name,
    chosen,
    *,
    seed,
    shapes,
    scale,
    pattern="dense",
    foreach=False,
    middle=False,
    size=1.0,
    steps=STEPS,
):
    """Random gradients of any scale, any shapes, torch's single-tensor or foreach code, from the
    start or from t = 5.
    """
    rng = np.random.default_rng(seed)
    weights = [size * rng.normal(size=shape) for shape in shapes]
    grads = gradients(rng, steps, shapes, scale, pattern)
    assert_equal(
        run_both(
            PAIRS[name],
            RULES[name],
            chosen,
            weights,
            grads,
            middle=rng if middle else None,
            foreach=foreach,
        )
    )


@pytest.mark.part("drawn")
@pytest.mark.parametrize("name", PAIRS)
def test_open_loop(name, exact_muon):
    pair = PAIRS[name]

    @cases(fixed=5, fresh=20)
    @given(st.data())
    def check(data):
        chosen = the_settings(data, pair)
        allowed = [shape for shape in SHAPES if len(shape) == 2] if pair.matrices else SHAPES
        scales = [1.0, 1e4] if chosen.get("weight_decay") else [1e-6, 1.0, 1e4]
        open_loop(
            name,
            chosen,
            seed=data.draw(st.integers(0, 2**32 - 1), label="seed"),
            shapes=data.draw(
                st.lists(st.sampled_from(allowed), min_size=1, max_size=2, unique=True),
                label="shapes",
            ),
            scale=data.draw(st.sampled_from(scales), label="gradient scale"),
            pattern=data.draw(st.sampled_from(["dense", "silent", "swelling"]), label="pattern"),
            foreach=pair.foreach and data.draw(st.booleans(), label="foreach"),
            middle=data.draw(st.booleans(), label="starts at t = 5"),
            # From 0 the weight is the sum of the steps: what a step is wrong by cannot hide behind
            # the weight.
            size=data.draw(st.sampled_from([0.0, 1.0]), label="size of the first weights"),
        )

    check()


#: Cases in which both sides are right and a comparison once said that they part, each with what it
#: did not know.
FOUND = {
    # torch's foreach code takes the average from its start, 0.1, to the weight, 1e-6, by adding the
    # difference of the two, which is rounded as 0.1 is.
    "a start that is forgotten": (
        "asgd",
        {"lrate": 1e-6, "alpha": 0.472, "t0": 100.0},
        {"seed": 0, "shapes": [(7,)], "scale": 1.0, "foreach": True, "middle": True, "size": 0.0},
    ),
    # An entry of 1e-8 in a step of 1e-3: it was summed from entries of that size.
    "an entry of a product that happens to be small": (
        "muon",
        {
            "lrate": 1e-3,
            "momentum": 0.0,
            "nesterov": False,
            "weight_decay": 1e-4,
            "adjust_lr_fn": "original",
            "ns_steps": 6,
        },
        {"seed": 0, "shapes": [(5, 2)], "scale": 1.0, "size": 0.0},
    ),
}


@pytest.mark.parametrize("found", FOUND)
def test_a_case_that_was_found(found, exact_muon):
    name, chosen, how = FOUND[found]
    open_loop(name, chosen, **how)


@pytest.mark.parametrize("terms", ["gradient and decay", "gradient and mean"])
@pytest.mark.parametrize(
    "name", ["sgd", "adagrad", "adadelta", "adam", "adamw", "adamax", "nadam", "radam"]
)
def test_terms_that_cancel_in_the_first_step_are_rounded_as_they_are(name, terms):
    """A hundred-thousandth of either is left, and with it only eleven digits that are the same on
    both sides.
    """
    rng = np.random.default_rng(3)
    weight, grads, left = (
        rng.normal(size=(3, 4)),
        rng.normal(size=(4, 3, 4)),
        1 + 1e-5 * rng.normal(size=(3, 4)),
    )
    if terms == "gradient and decay":
        grads[0] = -0.1 * weight * left
        results = run_both(
            PAIRS[name], RULES[name], {"lrate": 1e-3, "weight_decay": 0.1}, [weight], [grads]
        )
    else:
        mean = np.random.default_rng(21).uniform(-0.3, 0.3, (3, 4))  # as state_after sets it first
        grads[0] = -9 * mean * left
        results = run_both(
            PAIRS[name],
            RULES[name],
            {"lrate": 1e-3},
            [0 * weight],
            [grads],
            middle=np.random.default_rng(21),
        )
    assert_equal(results)


def rosenbrock_gradient(w):
    x, y = w[0::2], w[1::2]
    g = np.empty_like(w)
    g[0::2], g[1::2] = -2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)
    return g


def closed_loop(pair, rule, chosen, gradient, start, steps):
    """Both sides walk on their own; three more walks are ours with 1e-14 of noise in all that a
    step is made of.

    They show what rounding may do: in the gradient, in the weight and in the state, too, since a
    step may be made of a difference in the state (RMSprop's variance), which rounds on the scale of
    what is subtracted. Three, because one may by chance have no part in the direction in which
    rounding grows. Returns both walks up to the step at which that noise, a hundred times
    rounding's, has grown to half of RTOL.
    """
    noise = itertools.cycle(
        1 + 1e-14 * np.random.default_rng(9).choice([-1, 1], (997, *start.shape))
    )

    def shaken(value):
        if isinstance(value, dict):
            return {name: shaken(part) for name, part in value.items()}
        if isinstance(value, tuple):
            return tuple(map(shaken, value))
        # Not the number of the step.
        return value * next(noise) if isinstance(value, np.ndarray) else value

    param = torch.tensor(start, requires_grad=True)
    optimizer = pair.theirs(
        [param], **pair.to_torch(chosen), **({"foreach": False} if pair.foreach else {})
    )
    weight, state, walks = start, {}, [(start, {})] * 3
    ours, theirs, size = [start], [start], np.abs(start)
    for _ in range(steps):
        param.grad = torch.from_numpy(gradient(theirs[-1]))
        optimizer.step(*[lambda: torch.zeros(())] * (pair.theirs is torch.optim.LBFGS))
        with np.errstate(over="ignore", invalid="ignore"):
            try:
                state, step = rule(state, gradient(weight), weight, **chosen)
                weight = weight - step
                for i, (other, held) in enumerate(walks):
                    held, step = rule(held, shaken(gradient(other)), other, **chosen)
                    walks[i] = (shaken(other - step), shaken(held))
            except ValueError:  # the walk has left the numbers
                break
        reached = param.detach().numpy().copy()
        size = np.maximum(size, np.abs(reached))
        if (
            not np.isfinite(reached).all()
            or max(np.max(np.abs(weight - other) / size) for other, _ in walks) > RTOL / 2
        ):
            break
        ours.append(weight)
        theirs.append(reached)
    return np.array(ours), np.array(theirs)


ALL_PAIRS = PAIRS | {"lbfgs": Pair(torch.optim.LBFGS, {}, foreach=False)}


def closed_walks(name, chosen, problem, seed, steps=STEPS):
    """Walk down Rosenbrock's valley or a drawn quadratic, compare, and return how many steps said
    something.
    """
    pair, rng = ALL_PAIRS[name], np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    hessian = turn.T * rng.uniform(1.0, 20.0, 6) @ turn
    gradient = (
        rosenbrock_gradient
        if problem == "Rosenbrock"
        else lambda w: (hessian @ w.reshape(6, -1)).reshape(w.shape)
    )
    start = rng.uniform(-1.5, 1.5, 6)
    if pair.matrices:
        start = start.reshape(2, 3)
        inner, gradient = gradient, lambda w: inner(w.ravel()).reshape(2, 3)
    ours, theirs = closed_loop(pair, RULES[name], chosen, gradient, start, steps)
    compare(name, ours, theirs)
    return len(ours) - 1


@pytest.mark.part("drawn")
@pytest.mark.parametrize("problem", ["Rosenbrock", "quadratic"])
@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_closed_loop(name, problem, exact_muon):
    """As many steps as STEPS, or as there are before rounding is amplified."""
    pair, lengths = ALL_PAIRS[name], []

    @cases(fixed=4, fresh=20)
    @given(st.data())
    def check(data):
        if name == "lbfgs":
            chosen = {
                "lrate": data.draw(st.sampled_from([0.1, 0.5])),
                "history_size": data.draw(st.integers(1, 6)),
            }
        else:
            chosen = the_settings(data, pair)
            chosen["lrate"] = data.draw(
                st.sampled_from([1e-4, 1e-3, 0.01]), label="rate in the closed loop"
            )
            chosen["maximize"] = False  # uphill there is no end: the open loop tries it
            if "maximize" not in pair.options:
                del chosen["maximize"]
        lengths.append(
            closed_walks(name, chosen, problem, data.draw(st.integers(0, 2**32 - 1), label="seed"))
        )

    check()
    # A drawn rate may be too fast for a rule: SGD leaves Rosenbrock's valley at once in a third of
    # the cases.
    assert np.quantile(lengths, 0.75) >= 5, (
        f"rounding grows at once, the walks say nothing: {lengths}"
    )


#: Walks that once parted before the noise said so, each with what the noise did not know.
FOUND_WALKS = {
    # RMSprop's variance is the difference of two states much larger: noise in gradient and weight
    # alone left it too exact.
    "a difference in the state": (
        "rmsprop",
        {
            "lrate": 0.01,
            "alpha": 0.5,
            "eps": 1e-4,
            "weight_decay": 0.05,
            "momentum": 0.7179535376741092,
            "centered": True,
        },
        "quadratic",
        100,
    ),
    # Within a few steps rounding grows a thousandfold, in a direction that the one walk with noise
    # hardly had a part in.
    "a sudden growth": (
        "adafactor",
        {"lrate": 1e-3, "beta2_decay": -0.5479631295472842},
        "Rosenbrock",
        930,
    ),
}


@pytest.mark.parametrize("found", FOUND_WALKS)
def test_a_walk_that_was_found(found):
    assert closed_walks(*FOUND_WALKS[found], steps=700) > 20


@pytest.mark.part("drawn")
@cases(fixed=10, fresh=30)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.sampled_from([0.1, 0.5, 1.0]),
    st.integers(2, 12),
)
def test_lbfgs_step_by_step(seed, history_size, lrate, n):
    """Its memory amplifies rounding, so each step starts from torch's own state: pairs, gradient
    and last step.
    """
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(n, n)))[0]
    hessian = turn.T * rng.uniform(1.0, 30.0, n) @ turn
    start = rng.uniform(1.0, 2.0, n)
    moving = 0
    for state, g, before, after in torch_lbfgs(
        start, lambda w: hessian @ w, lr=lrate, history_size=history_size
    ):
        _, step = RULES["lbfgs"](state, g, before, lrate=lrate, history_size=history_size)
        largest = np.max(np.abs(after - before))
        assert np.max(np.abs(before - step - after)) <= RTOL * max(largest, np.max(np.abs(before)))
        if largest > 1e-3:  # the step itself, not only the weight it leaves
            assert np.max(np.abs(before - step - after)) <= 1e-10 * largest
            moving += 1
    assert moving >= 2


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_zero_gradient_from_the_start_and_in_the_middle(name, exact_muon):
    rng = np.random.default_rng(4)
    weight, zero = rng.normal(size=(3, 2)), np.zeros((3, 2))
    if name == "lbfgs":
        state, step = RULES[name]({}, zero, weight)
        assert state == {} and not step.any()
        return
    grads = rng.normal(size=(30, 3, 2))
    grads[:3] = 0
    grads[15:20] = 0
    chosen = {"weight_decay": 0.0} if "weight_decay" in PAIRS[name].options else {}
    results = run_both(PAIRS[name], RULES[name], chosen, [weight], [grads])
    assert_equal(results)
    moved = weight * 1e-4 * (name == "asgd")  # only ASGD pulls at the weights without being asked
    np.testing.assert_allclose(results[0][1][1], weight - 0.01 * moved, rtol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_at_rate_zero_nothing_moves(name, exact_muon):
    pair, rng = PAIRS[name], np.random.default_rng(8)
    chosen = {"lrate": 0.0} | ({"step_sizes": (0.0, 0.0)} if name == "rprop" else {})
    results = run_both(
        pair, RULES[name], chosen, [rng.normal(size=(3, 2))], [rng.normal(size=(5, 3, 2))]
    )
    assert_equal(results)
    assert all((weight == results[0][1][0]).all() for weight in results[0][1])


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_what_is_not_set_is_as_in_torch(name):
    """Each setting of a rule has torch's own default."""
    named = {("muon", "adjust_lr_fn"): "original"}  # what torch's None stands for
    theirs = inspect.signature(ALL_PAIRS[name].theirs).parameters
    for setting, ours in inspect.signature(RULES[name]).parameters.items():
        if ours.kind is inspect.Parameter.KEYWORD_ONLY:
            default = theirs["lr" if setting == "lrate" else setting].default
            assert ours.default == named.get((name, setting), default), (
                f"{name}: {setting} is {ours.default}, torch has {default}"
            )


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_nothing_handed_in_is_changed_or_kept(name):
    """The state, the weight and the gradient stay as they were; changing the gradient later does
    not reach the state.
    """
    rng = np.random.default_rng(5)
    weight, grads, chosen = (
        rng.normal(size=(3, 3)),
        rng.normal(size=(4, 3, 3)),
        {"momentum": 0.9} if name == "sgd" else {},
    )
    state, reused = {}, {}
    buffer = np.empty((3, 3))
    for g in grads:
        copies = weight.copy(), g.copy(), repr(state)
        buffer[:] = g
        after, step = RULES[name](state, g, weight, **chosen)
        reused, same = RULES[name](reused, buffer, weight, **chosen)
        np.testing.assert_array_equal(step, same)
        assert (weight == copies[0]).all() and (g == copies[1]).all() and repr(state) == copies[2]
        step += 1.0  # a step that was a view of the state would spoil the next one
        state = after


def test_radam_on_either_side_of_its_rectification():
    """With β₂ = 0.999 rectification sets in at step 6; every step around it equals torch's, and the
    two branches differ.
    """
    grads = np.random.default_rng(6).normal(size=(12, 4))
    assert_equal(run_both(PAIRS["radam"], RULES["radam"], {"lrate": 0.1}, [np.ones(4)], [grads]))
    factors = [RULES["trust"](t, 0.999) for t in range(1, 13)]
    assert [factor > 0 for factor in factors] == [False] * 5 + [True] * 7


@pytest.mark.parametrize("name, chosen, argument", STRICTER)
def test_where_ours_is_stricter(name, chosen, argument):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        RULES[name]({}, np.ones((2, 2)), np.ones((2, 2)), **chosen)


@pytest.mark.parametrize(
    "name, chosen",
    [
        ("asgd", {"alpha": 1.0}),
        ("asgd", {"alpha": 0.0}),
        ("lbfgs", {"history_size": 1}),
        ("rprop", {"step_sizes": (0.1, 0.1)}),
        ("adam", {"betas": [0.9, 0.999]}),
    ],
)
def test_the_edge_of_what_is_allowed(name, chosen):
    RULES[name]({}, np.ones((2, 2)), np.ones((2, 2)), **chosen)


@pytest.mark.parametrize(
    "name, chosen, argument",
    BAD,
    ids=lambda value: str(value) if isinstance(value, (str, dict)) else "",
)
def test_a_bad_setting_is_refused_by_name_as_torch_refuses_it(name, chosen, argument):
    with pytest.raises(ValueError, match=rf"(?i)\b{argument}\b"):
        RULES[name]({}, np.ones((2, 2)), np.ones((2, 2)), **chosen)
    with pytest.raises(ValueError):
        pair = ALL_PAIRS[name]
        pair.theirs([torch.ones(2, 2, requires_grad=True)], **pair.to_torch(chosen))


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_bad_arrays_are_refused_by_name(name):
    """torch goes on with a NaN; ours stops, and so it does for numbers that no rule converges
    with.
    """
    rule, weight = RULES[name], np.ones((2, 2))
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="gradient"):
            rule({}, np.array([[1.0, bad], [0.0, 1.0]]), weight)
        with pytest.raises(ValueError, match="lrate"):
            rule({}, weight, weight, lrate=bad)
    with np.errstate(over="ignore", invalid="ignore"):
        rule({}, np.full((2, 2), 1e200), weight)  # its square overflows, but it is finite
    with pytest.raises(ValueError, match=r"gradient \(4,\) and weight \(2, 2\)"):
        rule({}, np.ones(4), weight)
    if "momentum" in inspect.signature(rule).parameters:
        with pytest.raises(ValueError, match="momentum"):
            rule({}, weight, weight, momentum=1.0)
    if name == "muon":
        with pytest.raises(ValueError, match="weight"):
            rule({}, np.ones(4), np.ones(4))


RULE_SOURCES = {
    node.name: node
    for node in ast.parse(source_of("Round3_Optimizers", "Round3_MoreOptimizers")).body
    if isinstance(node, ast.FunctionDef)
}


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_a_rule_is_short(name):
    """At most 15 lines of body: the docstring, comments and empty lines are not counted."""
    lines = {
        line
        for statement in RULE_SOURCES[name].body[1:]
        for node in ast.walk(statement)
        if hasattr(node, "lineno")
        for line in (node.lineno, node.end_lineno)
    }
    assert len(lines) <= 15, f"{name} has {len(lines)} lines"


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_a_rule_names_its_source(name):
    """The paper with its year, and where in it: an equation, an algorithm, a figure or a slide."""
    docstring = RULES[name].__doc__
    assert re.search(r"[A-Z]\w+.* \((19|20)\d\d\)", docstring), docstring
    assert re.search(
        r"\b(eq\. \d|[Aa]lgorithms? (\d|in PyTorch's documentation|iRprop)|figure \d|slide \d)",
        docstring,
    ), docstring


@pytest.mark.parametrize("name", [*PAIRS, "lbfgs"])
def test_handwritten_digits(name, exact_muon):
    """Softmax regression on 1,797 real images: ours with the gradient by hand, torch's with
    autograd, within 1e-10.
    """
    X, y = load_digits()
    onehot = np.eye(10)[y]
    rng = np.random.default_rng(7)
    weight = 0.01 * rng.normal(size=(64, 10))
    param = torch.tensor(weight, requires_grad=True)
    pair, state, Xt, yt = ALL_PAIRS[name], {}, torch.from_numpy(X), torch.from_numpy(y)
    optimizer = pair.theirs([param], **pair.to_torch({"lrate": 0.01}))

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(Xt @ param, yt)
        loss.backward()
        return loss

    for _ in range(30):
        optimizer.step(closure)
        scores = np.exp(X @ weight - (X @ weight).max(axis=1, keepdims=True))
        gradient = X.T @ (scores / scores.sum(axis=1, keepdims=True) - onehot) / len(X)
        state, step = RULES[name](state, gradient, weight, lrate=0.01)
        weight = weight - step
        theirs = param.detach().numpy()
        assert np.max(np.abs(weight - theirs)) <= 1e-10 * np.max(np.abs(theirs))


def test_centered_rmsprop_survives_a_constant_gradient():
    """The variance of a constant is 0, and rounding makes it negative at times: torch's root is
    then NaN, ours is not.
    """
    state, weight = {}, np.ones(3)
    for _ in range(5000):
        state, step = RULES["rmsprop"](
            state, np.array([0.1, 0.3, 0.7]), weight, centered=True, alpha=0.9
        )
        assert np.isfinite(step).all()


def test_torch_muon_is_ours_to_bfloat16_only():
    rng = np.random.default_rng(8)
    weight = rng.normal(size=(20, 12))
    param = torch.tensor(weight, requires_grad=True)
    param.grad = torch.from_numpy(rng.normal(size=(20, 12)))
    torch.optim.Muon([param], lr=1.0, weight_decay=0.0).step()
    _, step = RULES["muon"]({}, param.grad.numpy(), weight, lrate=1.0, weight_decay=0.0)
    apart = np.max(np.abs(weight - step - param.detach().numpy())) / np.max(np.abs(step))
    assert 1e-4 < apart < 5e-2


def test_sparse_adam_is_torch_s_at_every_step():
    """Rows seen now and then; no row, one, several; any options; from a weight that is not 0."""
    rng = np.random.default_rng(12)
    for chosen in ({}, {"betas": (0.5, 0.7), "eps": 0.1, "maximize": True, "lrate": 0.3}):
        weight, state = rng.normal(size=(5, 3)), {}
        param = torch.tensor(weight)
        renamed = {("lr" if name == "lrate" else name): value for name, value in chosen.items()}
        optimizer = torch.optim.SparseAdam([param], **renamed)
        for _ in range(STEPS):
            g = rng.normal(size=(5, 3)) * (rng.random((5, 1)) < 0.4)
            g[rng.integers(5), rng.integers(3)] *= rng.integers(2)  # a 0 in a row that is seen
            param.grad = torch.from_numpy(g).to_sparse(1)
            optimizer.step()
            before, (state, step) = weight, RULES["sparse_adam"](state, g, weight, **chosen)
            weight = weight - step
            unseen = ~g.any(axis=1)
            assert (weight[unseen] == before[unseen]).all()
            np.testing.assert_allclose(weight, param.numpy(), rtol=RTOL, atol=1e-15)


def test_the_line_search_meets_wolfe_s_conditions_where_the_full_step_does_not():
    """On valleys, ravines and lines along which the loss is anything but a parabola."""
    rng, tried, start = np.random.default_rng(13), [], np.array([-1.2, 1.0])
    loss, gradient = RULES["rosenbrock"], RULES["rosenbrock_gradient"]
    for first in (1e-3, 1.0, 30.0):
        for _ in range(20):
            w = rng.uniform(-2, 2, 2)
            direction = -gradient(w) * rng.uniform(0.5, 2, 2)
            length, count = RULES["search"](loss, gradient, w, direction, first)
            there, slope = w + length * direction, gradient(w) @ direction
            assert loss(there) <= loss(w) + 1e-4 * length * slope
            assert abs(gradient(there) @ direction) <= 0.9 * abs(slope)
            tried.append(count)
    assert min(tried) == 1 and max(tried) > 5
    with pytest.raises(ValueError, match="downhill"):
        RULES["search"](loss, gradient, start, gradient(start), 1.0)


@pytest.mark.parametrize(
    "first, found", [(5.0, 2.5), (1.0, 1.0), (0.1, 0.8), (3.0, 1.5)], ids=["a second hill", *"abc"]
)
def test_the_line_search_halves_and_doubles(first, found):
    """Down a sine: at 5 it is higher than at first and falls again, so 5 is too long, not too
    short; at 0.1 and up to 0.4 it is as steep as at first; at 3 it rises too steeply.
    """
    one = np.ones(1)
    length, _ = RULES["search"](lambda w: -np.sin(w[0]), lambda w: -np.cos(w), 0 * one, one, first)
    assert length == pytest.approx(found, rel=1e-15)


@pytest.mark.parametrize("pieces", [4, 6])
def test_several_steps_in_one_call_are_the_same_walk(pieces):
    """torch's max_iter: every so-many-th place of ours; below 4 its max_eval ends a call early."""
    rng = np.random.default_rng(15)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    hessian = turn.T * np.array([1.0, 3.0, 8.0, 20.0]) @ turn
    start, state = rng.uniform(1, 2, 4), {}
    weight = start
    param = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.LBFGS([param], lr=0.5, max_iter=pieces, history_size=3)

    def closure():
        optimizer.zero_grad()
        value = 0.5 * param @ torch.from_numpy(hessian) @ param
        value.backward()
        return value

    for _ in range(12 // pieces):
        optimizer.step(closure)
        for _ in range(pieces):
            state, step = RULES["lbfgs"](state, hessian @ weight, weight, lrate=0.5, history_size=3)
            weight = weight - step
        theirs = param.detach().numpy()
        assert np.max(np.abs(weight - theirs)) <= RTOL * np.max(np.abs(start))


# --- Beyond torch.optim: the papers are the referees, and torch.optim where a rule contains its own

BEYOND = functions_of("Round3_Optimizers", "Round3_MoreOptimizers", "Round3_Beyond")


def torch_steps(optimizer_class, grads, weights, **settings):
    """Return the steps that torch takes under these gradients, from these weights each time."""
    param, steps = torch.zeros(grads[0].shape, dtype=torch.float64), []
    optimizer = optimizer_class([param], **settings)
    for g, weight in zip(grads, weights):
        param.copy_(torch.from_numpy(weight))
        param.grad = torch.from_numpy(g)
        optimizer.step()
        steps.append(weight - param.numpy())
    return np.array(steps)


def test_lamb_takes_adam_s_direction_and_the_weight_s_length():
    rng, state = np.random.default_rng(31), {}
    weight, grads = rng.normal(size=(4, 3)), rng.normal(size=(STEPS, 4, 3))
    directions = torch_steps(torch.optim.Adam, grads, 0 * grads, lr=1.0, eps=1e-6)
    for decay in (0.0, 0.3):
        state, w = {}, weight
        for g, direction in zip(grads, directions):
            state, step = BEYOND["lamb"](state, g, w, lrate=0.01, weight_decay=decay)
            update = direction + decay * w
            expected = 0.01 * np.linalg.norm(w) / np.linalg.norm(update) * update
            np.testing.assert_allclose(step, expected, rtol=1e-10, atol=1e-14)
            w = w - step


def test_a_layer_of_zeros_moves_and_a_layer_without_gradient_stays():
    g = np.ones((2, 2))
    assert np.allclose(BEYOND["lamb"]({}, g, 0 * g, lrate=0.1)[1], 0.1)
    assert not BEYOND["lamb"]({}, 0 * g, g, lrate=0.1)[1].any()
    assert not BEYOND["lars"]({}, g, 0 * g)[1].any()


def test_lars_keeps_momentum_and_decays_within_its_ratio():
    """Its formula, written out for two steps."""
    rng = np.random.default_rng(32)
    w, (g1, g2) = rng.normal(size=5), rng.normal(size=(2, 5))
    how = {"lrate": 0.2, "momentum": 0.7, "weight_decay": 0.3, "trust": 0.01}
    state, first = BEYOND["lars"]({}, g1, w, **how)
    _, second = BEYOND["lars"](state, g2, w - first, **how)
    steps = []
    for g, at in ((g1, w), (g2, w - first)):
        n, m = np.sqrt(np.sum(at**2)), np.sqrt(np.sum(g**2))
        steps.append(0.2 * 0.01 * n / (m + 0.3 * n) * (g + 0.3 * at))
    np.testing.assert_allclose(first, steps[0], rtol=RTOL)
    np.testing.assert_allclose(second, 0.7 * first + steps[1], rtol=RTOL)


def test_full_adagrad_along_the_axes_is_torch_s_adagrad_and_turns_with_its_gradients():
    """Gradients that point along one axis at a time leave the matrix diagonal."""
    rng = np.random.default_rng(33)
    grads = rng.normal(size=(STEPS, 1)) * np.eye(3)[rng.integers(3, size=STEPS)]
    theirs = torch_steps(
        torch.optim.Adagrad, grads, 0 * grads, lr=0.3, initial_accumulator_value=0.1, eps=0.0
    )
    ours = BEYOND["steps_under"](BEYOND["full_adagrad"], grads, lrate=0.3, eps=0.1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-14)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turned = BEYOND["steps_under"](BEYOND["full_adagrad"], grads @ turn, lrate=0.3, eps=0.1)
    np.testing.assert_allclose(turned, theirs @ turn, rtol=1e-9, atol=1e-12)


def test_shampoo_is_the_kronecker_matrix_and_turns_with_its_gradients():
    rng = np.random.default_rng(34)
    grads, turn = rng.normal(size=(12, 4, 3)), np.linalg.qr(rng.normal(size=(4, 4)))[0]
    steps = BEYOND["steps_under"](BEYOND["shampoo"], grads, lrate=0.5, eps=0.1)
    left, right = 0.1 * np.eye(4), 0.1 * np.eye(3)
    for g, step in zip(grads, steps):
        left, right = left + g @ g.T, right + g.T @ g
        values, vectors = np.linalg.eigh(np.kron(left, right))
        large = vectors * values**-0.25 @ vectors.T
        np.testing.assert_allclose(step.ravel(), 0.5 * large @ g.ravel(), rtol=1e-10, atol=1e-13)
    both = BEYOND["steps_under"](BEYOND["shampoo"], turn @ grads, lrate=0.5, eps=0.1)
    np.testing.assert_allclose(turn @ steps, both, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("every", [1, 3])
def test_soap_in_its_own_axes_is_torch_s_adam(every):
    """Diagonal gradients whose sizes keep their order leave the axes where they are; the first
    gradient only sets them.
    """
    rng = np.random.default_rng(35)
    sizes = rng.choice([-1, 1], (40, 3)) * (np.array([1.0, 3.0, 9.0]) + rng.random((40, 3)))
    grads = sizes[:, :, None] * np.eye(3)
    ours = BEYOND["steps_under"](
        BEYOND["soap"], grads, lrate=0.1, betas=(0.8, 0.9), eps=1e-6, every=every
    )
    theirs = torch_steps(
        torch.optim.Adam, grads[1:], 0 * grads[1:], lr=0.1, betas=(0.8, 0.9), eps=1e-6
    )
    assert not ours[0].any()
    np.testing.assert_allclose(ours[1:], theirs, rtol=1e-10, atol=1e-13)


def test_prodigy_is_its_sums_and_its_guess_stays_below_the_distance():
    """Each fading sum once more, over all gradients so far; and the last d in the step."""
    rng, betas = np.random.default_rng(36), (0.8, 0.95)
    curvatures, start = rng.uniform(1, 20, 4), rng.normal(size=4)
    state, weight, fade, d, seen = {}, start, 0.95**0.5, [1e-6], []
    for _ in range(60):
        g = curvatures * weight
        state, step = BEYOND["prodigy"](state, g, weight, lrate=0.7, betas=betas)
        seen.append((g, start - weight))
        ages = np.arange(len(seen))[::-1]
        sizes, gs = np.array(d), np.array([g for g, _ in seen])
        way = np.array([g @ far for g, far in seen])
        share = 0.7 * (1 - fade) * fade**ages * sizes**2
        mean = ((1 - betas[0]) * betas[0] ** ages * sizes) @ gs
        square = ((1 - betas[1]) * betas[1] ** ages * sizes**2) @ gs**2
        expected = 0.7 * d[-1] * mean / (np.sqrt(square) + d[-1] * 1e-8)
        np.testing.assert_allclose(step, expected, rtol=1e-9, atol=1e-14)
        d.append(max(d[-1], share @ way / np.abs(share @ gs).sum()))
        assert state["d"] == pytest.approx(d[-1], rel=1e-9)
        weight = weight - step
    assert 0.05 * np.abs(start).max() < d[-1] <= np.abs(start).max()


def test_adopt_divides_by_the_squares_before():
    grads = [np.array([2.0]), np.array([3.0]), np.array([5.0])]
    state, steps = {}, []
    for g in grads:
        state, step = BEYOND["adopt"](state, g, lrate=1.0, betas=(0.5, 0.75))
        steps.append(step[0])
    before = 0.75 * 4 + 0.25 * 9
    np.testing.assert_allclose(steps, [0, 0.5 * 1.5, 0.25 * 1.5 + 0.5 * 5 / np.sqrt(before)])


@pytest.mark.parametrize("name", ["lars", "lamb", "full_adagrad", "shampoo", "soap", "prodigy"])
def test_beyond_s_rules_refuse_what_is_no_number(name):
    shape = (3,) if name == "full_adagrad" else (3, 3)
    with pytest.raises(ValueError, match="gradient"):
        BEYOND[name]({}, np.full(shape, np.nan), np.ones(shape))
    with pytest.raises(ValueError, match="lrate"):
        BEYOND[name]({}, np.ones(shape), np.ones(shape), lrate=-1.0)
    assert re.search(
        r"[A-Z]\w+.* \((19|20)\d\d\), .*(algorithm|eq\.|figure) \d", BEYOND[name].__doc__
    )
