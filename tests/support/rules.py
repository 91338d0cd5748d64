"""Round 3's rules beside torch.optim: settings to draw, gradients to feed, steps to compare."""

import inspect
from dataclasses import dataclass, field

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from definitions import functions_of
from drawing import choose

RULES = functions_of("Round3_Optimizers", "Round3_MoreOptimizers")
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
