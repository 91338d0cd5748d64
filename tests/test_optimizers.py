"""The update rules of Round 3 beside torch.optim: every step, weights and state.

The rules are read out of the notebooks as they stand there, so what is tested is what the learner
sees. Settings are drawn: the same few in every run, fresh ones under ``--part drawn``. Each case
names its seed and settings in hypothesis's failure report, with a line to reproduce it.
"""

import ast
import inspect
import itertools
import re
from dataclasses import dataclass, field

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from drawing import cases, choose
from hypothesis import given

from course_utils import load_digits
from course_utils.reuse import functions_from, notebook_definitions

RULES = functions_from("Round3_Optimizers", "Round3_MoreOptimizers")
RTOL = 1e-12
# No rule rounds more than twenty times on the way to one step, on either side.
FIRST = 20 * np.finfo(np.float64).eps
STEPS = choose(fixed=100, fresh=1000)


@pytest.fixture(autouse=True)
def float64_scalars():
    """torch keeps the step-dependent rates of NAdam and ASGD in the default dtype, so that has to
    be float64.
    """
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)


@pytest.fixture
def exact_muon(monkeypatch):
    """torch's own Newton–Schulz source with its one rounding to bfloat16 taken out."""
    module = torch.optim._muon
    source = inspect.getsource(module._zeropower_via_newtonschulz)
    assert source.count("grad.bfloat16()") == 1, (
        "torch changed its Muon: look at the bfloat16 lesson again"
    )
    namespace = dict(vars(module))
    exec(source.replace("grad.bfloat16()", "grad.clone()"), namespace)
    monkeypatch.setattr(
        module, "_zeropower_via_newtonschulz", namespace["_zeropower_via_newtonschulz"]
    )


@dataclass
class Pair:
    """One rule and its class in torch.optim: which settings to draw, and which name the state has
    on either side.
    """

    theirs: type
    options: dict
    state: dict = field(default_factory=dict)  # our name: torch's name
    matrices: bool = False
    foreach: bool = True

    def to_torch(self, ours):
        renamed = {("lr" if name == "lrate" else name): value for name, value in ours.items()}
        return renamed | ({"max_iter": 1} if self.theirs is torch.optim.LBFGS else {})


def between(low, high):
    return st.floats(low, high, allow_nan=False)


RATE = st.sampled_from([1e-6, 1e-3, 0.02, 0.1, 1.0])
EPS = st.sampled_from([1e-12, 1e-8, 1e-4, 0.1])
DECAY = st.sampled_from([0.0, 0.0, 1e-4, 0.01, 0.3])
FLAG = st.booleans()
BETAS = st.tuples(
    st.one_of(st.just(0.0), between(0.1, 0.99)), st.one_of(st.just(0.999), between(0.1, 0.9999))
)
ADAM_STATE = {"t": "step", "mean": "exp_avg", "square": "exp_avg_sq"}
ADAM_OPTIONS = {"lrate": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "maximize": FLAG}
o = torch.optim
PAIRS = {
    "sgd": Pair(
        o.SGD,
        {
            "lrate": RATE,
            "momentum": st.one_of(st.just(0.0), between(0.1, 0.99)),
            "dampening": st.sampled_from([0.0, 0.0, 0.3, 1.0]),
            "nesterov": FLAG,
            "weight_decay": DECAY,
            "maximize": FLAG,
        },
        {"velocity": "momentum_buffer"},
    ),
    "adagrad": Pair(
        o.Adagrad,
        {
            "lrate": RATE,
            "lr_decay": st.sampled_from([0.0, 1e-3, 0.1]),
            "weight_decay": DECAY,
            "initial_accumulator_value": st.sampled_from([0.0, 0.1]),
            "eps": EPS,
            "maximize": FLAG,
        },
        {"t": "step", "total": "sum"},
    ),
    "rmsprop": Pair(
        o.RMSprop,
        {
            "lrate": RATE,
            "alpha": between(0.5, 0.999),
            "eps": EPS,
            "weight_decay": DECAY,
            "momentum": st.one_of(st.just(0.0), between(0.1, 0.99)),
            "centered": FLAG,
            "maximize": FLAG,
        },
        {"square": "square_avg", "mean": "grad_avg", "velocity": "momentum_buffer"},
    ),
    "adadelta": Pair(
        o.Adadelta,
        {
            "lrate": RATE,
            "rho": st.one_of(st.just(0.0), between(0.1, 0.999)),
            "eps": EPS,
            "weight_decay": DECAY,
            "maximize": FLAG,
        },
        {"square": "square_avg", "moved": "acc_delta"},
    ),
    "adam": Pair(
        o.Adam, ADAM_OPTIONS | {"amsgrad": FLAG}, ADAM_STATE | {"largest": "max_exp_avg_sq"}
    ),
    "adamw": Pair(
        o.AdamW, ADAM_OPTIONS | {"amsgrad": FLAG}, ADAM_STATE | {"largest": "max_exp_avg_sq"}
    ),
    "adamax": Pair(o.Adamax, ADAM_OPTIONS, {"t": "step", "mean": "exp_avg", "largest": "exp_inf"}),
    "nadam": Pair(
        o.NAdam,
        ADAM_OPTIONS
        | {"momentum_decay": st.sampled_from([0.0, 4e-3, 0.1]), "decoupled_weight_decay": FLAG},
        ADAM_STATE | {"product": "mu_product"},
    ),
    "radam": Pair(o.RAdam, ADAM_OPTIONS | {"decoupled_weight_decay": FLAG}, ADAM_STATE),
    "rprop": Pair(
        o.Rprop,
        {
            "lrate": RATE,
            "etas": st.tuples(between(0.1, 0.9), between(1.1, 3.0)),
            "step_sizes": st.sampled_from([(1e-6, 50.0), (1e-3, 0.1)]),
            "maximize": FLAG,
        },
        {"gradient": "prev", "size": "step_size"},
    ),
    "asgd": Pair(
        o.ASGD,
        {
            "lrate": RATE,
            "lambd": st.sampled_from([0.0, 1e-4, 0.1]),
            "alpha": between(0.3, 0.99),
            "t0": st.sampled_from([1e6, 0.0, 100.0]),
            "weight_decay": DECAY,
            "maximize": FLAG,
        },
        {"t": "step", "average": "ax"},
    ),
    "adafactor": Pair(
        o.Adafactor,
        {
            "lrate": RATE,
            "beta2_decay": between(-0.95, -0.3),
            "eps": st.sampled_from([(None, 1e-3), (1e-3, 0.1)]),
            "d": st.sampled_from([1.0, 2.0]),
            "weight_decay": DECAY,
            "maximize": FLAG,
        },
        {"t": "step", "row": "row_var", "column": "col_var", "square": "variance"},
    ),
    "muon": Pair(
        o.Muon,
        {
            "lrate": RATE,
            "momentum": st.one_of(st.just(0.0), between(0.1, 0.99)),
            "nesterov": FLAG,
            "weight_decay": DECAY,
            "adjust_lr_fn": st.sampled_from(["original", "match_rms_adamw"]),
            "ns_steps": st.integers(1, 6),
        },
        {"mean": "momentum_buffer"},
        matrices=True,
        foreach=False,
    ),
}
SHAPES = [(1,), (7,), (3, 4), (5, 2), (1, 3), (2, 3, 2)]


def the_settings(data, pair):
    """Draw one set of options; Nesterov's needs momentum and no dampening, in torch as in ours."""
    chosen = {name: data.draw(strategy, label=name) for name, strategy in pair.options.items()}
    if (
        chosen.get("nesterov")
        and "dampening" in chosen
        and (chosen["momentum"] == 0 or chosen["dampening"] != 0)
    ):
        chosen["nesterov"] = False
    if chosen.get("weight_decay") and chosen["lrate"] > 0:
        # Decay feeds the weight back into a rule that divides by the gradient's size: a strong one
        # amplifies rounding.
        chosen["weight_decay"] = min(chosen["weight_decay"], 1e-3 / chosen["lrate"])
    if chosen.get("rho") == 0:
        # Adadelta without memory makes each step as long as the last, whatever the rate: there even
        # a weak decay amplifies it.
        chosen["weight_decay"] = 0.0
    return chosen


def gradients(rng, steps, shapes, scale, pattern):
    """Random gradients, (steps, ...) for each shape: dense, with silent stretches, or growing and
    shrinking.
    """
    loudness = {
        "dense": np.ones(steps),
        "silent": rng.random(steps) < 0.7,
        "swelling": 10.0 ** (2 * np.sin(np.arange(steps) / 40)),
    }
    return [
        scale
        * rng.normal(0.3, 1.0, (steps, *shape))
        * loudness[pattern].reshape(-1, *[1] * len(shape))
        for shape in shapes
    ]


def state_after(pair, state, weight, rng):
    """A torch state at t = 5 with random moments, for a run that starts in the middle."""
    for key, value in state.items():
        if key == "step":
            value.fill_(5.0)
        elif key in ("mu", "eta"):
            continue
        elif key == "mu_product":
            value.fill_(rng.uniform(0.01, 0.5))
        elif torch.is_tensor(value):
            signed = key in ("exp_avg", "grad_avg", "momentum_buffer", "prev", "ax")
            # No mean's square exceeds a mean square: there are no such numbers.
            low, high = (-0.3, 0.3) if signed else (0.1, 1.0)
            value.copy_(torch.from_numpy(rng.uniform(low, high, value.shape)))


def our_state(pair, theirs):
    """Translate torch's state of one parameter."""
    ours = {}
    for name, key in pair.state.items():
        value = theirs.get(key)
        if value is not None:
            ours[name] = value.numpy().copy() if value.ndim else value.item()
    return ours


def in_full(pair, state, weight):
    """Our state with what torch holds from the start: its average is a copy of the weight until
    averaging sets in.
    """
    return {"average": weight} | state if "average" in pair.state else state


def compare(label, ours, theirs, before=0.0, whole=False):
    """Both: (steps, ...). Each number may be off by RTOL of the largest that it has been so far in
    the run, its start included.

    before: the size of what its first step was made of, see the_first_step; it may be off by FIRST
    of that, too. whole: products of matrices made it, which round each entry on the scale of whole
    rows: then the largest entry counts.
    """
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    assert ours.shape == theirs.shape, f"{label}: shapes {ours.shape} and {theirs.shape}"
    assert np.isfinite(theirs).all(), (
        f"{label}: torch's values are not finite, the case says nothing"
    )
    size = np.maximum.accumulate(np.abs(theirs), axis=0)
    if whole:
        size = size.max(axis=(1, 2), keepdims=True)
    apart = np.abs(ours - theirs)
    bad = ~(apart <= RTOL * size + FIRST * before)
    if bad.any():
        step = int(np.argwhere(bad)[0][0])
        place = np.unravel_index(np.argmax(np.where(bad, apart, 0.0)[step]), apart.shape[1:])
        raise AssertionError(
            f"{label} part at step {step}: {ours[step][place]} and {theirs[step][place]}, "
            f"{apart[step][place]:.1e} apart"
        )


def the_first_step(pair, rule, chosen, state, gradient, weight):
    """Return {name: the size of what the first step makes it of}, for the weight and the state.

    Rounding is on that scale, and no value after the step need show it: the state it started from
    may be forgotten at once (ASGD's average, until averaging sets in), and terms may cancel. Those
    that do add up where the gradient's sign is turned. From the second step on, all that a step is
    made of has been seen.
    """
    turned, step = rule(state, -gradient, weight, **chosen)
    start, turned = (in_full(pair, *at) for at in ((state, weight), (turned, weight - step)))
    sizes = {
        name: np.maximum(np.abs(start.get(name, 0.0)), np.abs(value))
        for name, value in turned.items()
    }
    return sizes | {"weight": np.maximum(np.abs(weight), np.abs(weight - step))}


def run_both(pair, rule, chosen, weights, grads, *, middle=None, foreach=False):
    """Feed both sides the same gradients; return their weights and states at every step as lists of
    what compare takes.
    """
    extra = {"foreach": foreach} if pair.foreach else {}
    params = [torch.tensor(weight, requires_grad=True) for weight in weights]
    optimizer = pair.theirs(params, **pair.to_torch(chosen), **extra)
    ours, states, steps = (
        [weight.copy() for weight in weights],
        [{} for _ in weights],
        len(grads[0]),
    )
    if middle is not None:  # one step to make torch set up its state, then overwrite what it holds
        for param in params:
            param.grad = torch.ones_like(param)
        optimizer.step()
        for i, param in enumerate(params):
            state_after(pair, optimizer.state[param], weights[i], middle)
            with torch.no_grad():
                param.copy_(torch.from_numpy(weights[i]))
            if pair.theirs is torch.optim.ASGD:
                group, state = optimizer.param_groups[0], optimizer.state[param]
                state["eta"].fill_(
                    group["lr"] / (1 + group["lambd"] * group["lr"] * 5) ** group["alpha"]
                )
                state["mu"].fill_(1 / max(1, 5 - group["t0"]))
            states[i] = our_state(pair, optimizer.state[param])
    before = [
        the_first_step(pair, rule, chosen, *first)
        for first in zip(states, (grad[0] for grad in grads), ours)
    ]
    ready = [torch.from_numpy(grad).unbind() for grad in grads]
    log = {
        ("weight", i): ([weight.copy()], np.empty((steps + 1, *weight.shape)))
        for i, weight in enumerate(weights)
    }
    for i, weight in enumerate(weights):
        log["weight", i][1][0] = weight  # a step may cancel the start
    # Torch changes its tensors in place, so each is looked up once; one that it replaced would
    # stand still here.
    views = {}
    for t in range(steps):
        for i, param in enumerate(params):
            param.grad = ready[i][t]
            states[i], step = rule(states[i], grads[i][t], ours[i], **chosen)
            ours[i] = ours[i] - step
        optimizer.step()
        for i, param in enumerate(params):
            if t == 0:
                views["weight", i] = param.detach().numpy()
                for name in in_full(pair, states[i], ours[i]):
                    views[name, i] = optimizer.state[param][pair.state[name]].numpy()
                    log[name, i] = ([], np.empty((steps, *views[name, i].shape)))
            log["weight", i][0].append(ours[i])
            log["weight", i][1][t + 1] = views["weight", i]
            for name, value in in_full(pair, states[i], ours[i]).items():
                log[name, i][0].append(value)
                log[name, i][1][t] = views[name, i]
    return [
        (
            f"{name} of parameter {i}",
            ours,
            theirs,
            before[i][name],
            pair.matrices and name == "weight",
        )
        for (name, i), (ours, theirs) in log.items()
    ]


def assert_equal(results):
    for result in results:
        compare(*result)


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


def torch_lbfgs(weight, gradients_at, **chosen):
    """Walk torch's L-BFGS; return its weights and, before each step, its state in our names."""
    param = torch.tensor(weight, requires_grad=True)
    optimizer = torch.optim.LBFGS([param], max_iter=1, **chosen)
    walk = []
    for _ in range(40):
        held = optimizer.state[param]
        state = {}
        if held.get("d") is not None:
            state = {
                "pairs": tuple(
                    (s.numpy().copy(), y.numpy().copy())
                    for s, y in zip(held["old_stps"], held["old_dirs"])
                ),
                "gradient": held["prev_flat_grad"].numpy().copy(),
                "step": -float(held["t"]) * held["d"].numpy().copy(),
            }
        before = param.detach().numpy().copy()
        g = gradients_at(before)
        param.grad = torch.from_numpy(g.copy())
        optimizer.step(lambda: torch.zeros(()))
        walk.append((state, g, before, param.detach().numpy().copy()))
    return walk


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


BAD = [
    ("sgd", {"lrate": -0.1}, "lrate"),
    ("sgd", {"momentum": -0.1}, "momentum"),
    ("sgd", {"weight_decay": -1.0}, "weight_decay"),
    ("sgd", {"nesterov": True}, "nesterov"),
    ("sgd", {"momentum": 0.9, "dampening": 0.1, "nesterov": True}, "nesterov"),
    ("adagrad", {"lr_decay": -1.0}, "lr_decay"),
    ("adagrad", {"initial_accumulator_value": -1.0}, "initial_accumulator_value"),
    ("adagrad", {"eps": -1.0}, "eps"),
    ("rmsprop", {"alpha": -0.1}, "alpha"),
    ("rmsprop", {"momentum": -0.1}, "momentum"),
    ("rmsprop", {"eps": -1e-8}, "eps"),
    ("adadelta", {"rho": 1.5}, "rho"),
    ("adadelta", {"eps": -1.0}, "eps"),
    *[
        (name, {"betas": bad}, "betas")
        for name in ("adam", "adamw", "adamax", "nadam", "radam")
        for bad in ((1.0, 0.9), (0.9, 1.0), (-0.1, 0.9))
    ],
    *[(name, {"eps": -1e-8}, "eps") for name in ("adam", "adamw", "adamax", "nadam", "radam")],
    *[(name, {"lrate": -1.0}, "lrate") for name in [*PAIRS, "lbfgs"] if name != "sgd"],
    *[
        (name, {"weight_decay": -1.0}, "weight_decay")
        for name in ("adagrad", "rmsprop", "adam", "adamw", "nadam", "radam", "adafactor", "muon")
    ],
    ("nadam", {"momentum_decay": -1.0}, "momentum_decay"),
    ("rprop", {"etas": (1.1, 1.2)}, "etas"),
    ("rprop", {"etas": (0.5, 0.9)}, "etas"),
    ("adafactor", {"beta2_decay": 0.5}, "beta2_decay"),
    ("adafactor", {"d": 0.5}, "d"),
    ("adafactor", {"eps": (None, -1.0)}, "eps"),
    ("muon", {"adjust_lr_fn": "sometimes"}, "adjust_lr_fn"),
    ("muon", {"momentum": -0.1}, "momentum"),
]


#: What torch lets pass, and no rule can work with.
STRICTER = [
    ("asgd", {"alpha": -1.0}, "alpha"),
    ("asgd", {"alpha": np.inf}, "alpha"),
    ("lbfgs", {"history_size": 0}, "history_size"),
    ("rprop", {"step_sizes": (1.0, 0.1)}, "step_sizes"),
    ("muon", {"eps": -1.0}, "eps"),
    ("muon", {"ns_steps": -1}, "ns_steps"),
    ("adam", {"betas": [0.9, 1.0]}, "betas"),
]


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
    for node in ast.parse(
        "\n\n".join(map(notebook_definitions, ("Round3_Optimizers", "Round3_MoreOptimizers")))
    ).body
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


SCHEDULES = functions_from("Round3_Schedules")
EPOCHS = 1000
s = torch.optim.lr_scheduler


def torch_rates(lrate, make_scheduler):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lrate)
    scheduler, rates = make_scheduler(optimizer), []
    for _ in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


def compare_schedules(lrate, step_size, gamma, warm):
    """Ours computes each rate afresh from k, and so do two of torch's: they agree within 1e-15.

    The others of torch's multiply the last rate by a factor, a division of two sums: each step
    rounds four times, and after k steps the rate may be off by 4k half-units in the last place of
    the highest, lrate.
    """
    both = {
        "step_decay": ((step_size, gamma), lambda o: s.StepLR(o, step_size, gamma)),
        "exponential": ((gamma,), lambda o: s.ExponentialLR(o, gamma)),
        "cosine": ((EPOCHS,), lambda o: s.CosineAnnealingLR(o, EPOCHS)),
        "warm_restarts": ((step_size, 2), lambda o: s.CosineAnnealingWarmRestarts(o, step_size, 2)),
        "warm_up": (
            (EPOCHS, 0.01, warm),
            lambda o: s.SequentialLR(
                o,
                milestones=[warm],
                schedulers=[
                    s.LinearLR(o, 0.01, total_iters=warm),
                    s.CosineAnnealingLR(o, EPOCHS - warm),
                ],
            ),
        ),
        "one_cycle": ((EPOCHS,), lambda o: s.OneCycleLR(o, lrate, EPOCHS, cycle_momentum=False)),
    }
    for name, (arguments, make_scheduler) in both.items():
        ours = np.array([SCHEDULES[name](k, lrate, *arguments) for k in range(EPOCHS)])
        apart = np.abs(ours - torch_rates(lrate, make_scheduler))
        chained = 2 * np.finfo(np.float64).eps * lrate * np.arange(1, EPOCHS + 1)
        allowed = 1e-15 if name in ("warm_restarts", "one_cycle") else chained
        assert (apart <= allowed).all(), f"{name}: {np.max(apart):.1e}"


@pytest.mark.part("drawn")
@cases(fixed=2, fresh=5)
@given(st.floats(1e-4, 0.3), st.integers(1, 400), st.floats(0.1, 0.999), st.integers(2, 300))
def test_schedules_over_a_thousand_steps(lrate, step_size, gamma, warm):
    compare_schedules(lrate, step_size, gamma, warm)


def test_a_long_warm_up_rounds_hundreds_of_times():
    """Torch ends at 1.03e-15 from ours; 1e-15 was the bound here once, and chance kept most cases
    below it.
    """
    compare_schedules(0.206, 30, 0.999, 221)


@pytest.mark.part("drawn")
@cases(fixed=5, fresh=10)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9), st.integers(0, 15))
def test_plateau_over_a_thousand_losses(seed, factor, patience):
    falling = np.minimum.accumulate(np.random.default_rng(seed).uniform(0.5, 1, EPOCHS))
    losses = falling + np.random.default_rng(seed).uniform(0, 0.01, EPOCHS)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = s.ReduceLROnPlateau(optimizer, factor=factor, patience=patience, eps=0.0)
    state = None
    for loss in losses:
        scheduler.step(loss)
        state, rate = SCHEDULES["plateau"](state, loss, lrate=0.1, factor=factor, patience=patience)
        assert abs(rate - optimizer.param_groups[0]["lr"]) <= 1e-15
