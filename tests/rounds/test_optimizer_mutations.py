"""Would the comparison with torch.optim notice a slip? Every rule is changed in one place at a
time, and has to be caught.

Changed are: each number, each arithmetic operator, each sign, each comparison, each index (betas[0]
and betas[1]), each name that is calculated with (into another such name of the rule), the order of
what is subtracted, divided or raised to a power, and minimum against maximum. A mutant is caught
when its weights or its state leave torch.optim's by more than 1e-12, or when it lets a bad setting
pass. Those that compute the same are listed, each with its reason.
"""

import ast
import copy
import warnings

import numpy as np
import pytest
import rules
from definitions import source_of

SOURCE = source_of("Round3_Optimizers", "Round3_MoreOptimizers")
float64_scalars, exact_muon = rules.float64_scalars, rules.exact_muon

#: Settings that reach every branch of a rule; each is run from the start and from t = 5.
CASES = {
    "sgd": [
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "maximize": True},
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
        {"weight_decay": 1.0},
        {"momentum": 0.6},
    ],
    "adagrad": [
        {
            "lr_decay": 0.1,
            "initial_accumulator_value": 0.2,
            "eps": 0.15,
            "weight_decay": 0.3,
            "maximize": True,
        },
        {},
    ],
    "rmsprop": [
        {"centered": True, "momentum": 0.7, "eps": 0.1, "alpha": 0.9, "weight_decay": 0.2},
        {"weight_decay": 0.1, "maximize": True},
        {"momentum": 0.5},
    ],
    "adadelta": [{"eps": 0.1, "weight_decay": 0.1, "maximize": True}, {"lrate": 0.5}],
    "adam": [
        {"amsgrad": True, "eps": 0.1, "weight_decay": 0.2},
        {"maximize": True},
        {"betas": (0.7, 0.6)},
    ],
    "adamw": [{"weight_decay": 0.1, "amsgrad": True}, {"maximize": True}],
    "adamax": [{"eps": 0.1, "weight_decay": 0.1, "maximize": True}, {"betas": (0.7, 0.6)}],
    "nadam": [
        {"eps": 0.1, "weight_decay": 0.1, "maximize": True, "momentum_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
    ],
    "radam": [
        {"eps": 0.1, "weight_decay": 0.1, "maximize": True},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "betas": (0.8, 0.9)},
    ],
    "rprop": [{"lrate": 0.02, "maximize": True}, {"etas": (0.3, 1.7), "step_sizes": (0.005, 0.05)}],
    "asgd": [{"t0": 3.0, "lambd": 0.1, "weight_decay": 0.1, "maximize": True}, {"lrate": 0.5}],
    "adafactor": [
        {"weight_decay": 0.1, "maximize": True, "lrate": 0.3},
        {"eps": (0.3, 0.9), "d": 1.1},
        {"lrate": 10.0},
    ],
    "muon": [
        {"weight_decay": 0.1, "lrate": 0.1},
        {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"},
        {},
    ],
}
HELPERS = {
    "check": "sgd",
    "prepare": "sgd",
    "moments": "adam",
    "unbiased": "adam",
    "trust": "radam",
    "paces": "rprop",
    "second_moment": "adafactor",
    "rms": "adafactor",
    "newton_schulz": "muon",
    "quasi_newton": "lbfgs",
}
RULE_NAMES = [*CASES, "lbfgs"]


class Mutate(ast.NodeTransformer):
    """Apply the change number ``wanted``; ``count`` ends as the number of changes there are."""

    SWAPS = {
        ast.Add: ast.Sub,
        ast.Sub: ast.Add,
        ast.Mult: ast.Div,
        ast.Div: ast.Mult,
        ast.Pow: ast.Mult,
        ast.FloorDiv: ast.Mult,
        ast.Lt: ast.GtE,
        ast.LtE: ast.Gt,
        ast.Gt: ast.LtE,
        ast.GtE: ast.Lt,
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
        ast.And: ast.Or,
        ast.Or: ast.And,
    }
    NAMES = {"maximum": "minimum", "max": "min", "min": "max", "reversed": "tuple"}

    def __init__(self, wanted, names=()):
        self.wanted, self.count, self.what, self.names = wanted, 0, None, list(names)

    def turn(self, node, what):
        self.count += 1
        if self.count - 1 == self.wanted:
            self.what = f"line {node.lineno}: {what}"
            return True
        return False

    def visit_FunctionDef(self, node):
        # Not the defaults: every case sets its own.
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_Raise(self, node):
        return node  # a message may read as it likes

    def visit_Constant(self, node):
        if (
            isinstance(node.value, (int, float))
            and not isinstance(node.value, bool)
            and self.turn(node, f"{node.value} changed")
        ):
            return ast.copy_location(
                ast.Constant(
                    node.value + 1 if isinstance(node.value, int) else node.value * 1.1 + 0.01
                ),
                node,
            )
        return node

    def swap(self, node, holder, field_name):
        kind = type(getattr(node, field_name))
        if kind in self.SWAPS and self.turn(
            node, f"{kind.__name__} turned into {self.SWAPS[kind].__name__}"
        ):
            setattr(node, field_name, self.SWAPS[kind]())

    def visit_BinOp(self, node):
        self.generic_visit(node)
        self.swap(node, node, "op")
        if isinstance(node.op, (ast.Sub, ast.Div, ast.Pow)) and self.turn(
            node, "operands exchanged"
        ):
            node.left, node.right = node.right, node.left
        for side in ("left", "right"):
            for other in self.names:
                operand = getattr(node, side)
                if (
                    isinstance(operand, ast.Name)
                    and operand.id != other
                    and self.turn(operand, f"{operand.id} replaced by {other}")
                ):
                    setattr(node, side, ast.copy_location(ast.Name(other, ast.Load()), operand))
                    return node
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        self.swap(node, node, "op")
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        for i, operator in enumerate(node.ops):
            if type(operator) in self.SWAPS and self.turn(
                node, f"{type(operator).__name__} turned round"
            ):
                node.ops[i] = self.SWAPS[type(operator)]()
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.USub) and self.turn(node, "minus left out"):
            return node.operand
        return node

    def visit_IfExp(self, node):
        self.generic_visit(node)
        if self.turn(node, "the two cases exchanged"):
            node.body, node.orelse = node.orelse, node.body
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        if node.attr in self.NAMES and self.turn(node, f"{node.attr} turned round"):
            node.attr = self.NAMES[node.attr]
        return node

    def visit_Name(self, node):
        if (
            node.id in self.NAMES
            and isinstance(node.ctx, ast.Load)
            and self.turn(node, f"{node.id} turned round")
        ):
            node.id = self.NAMES[node.id]
        return node


#: (function, changed line as Python prints it afterwards): why it computes the same, or differs
#: only where torch has no answer.
EQUIVALENT = {
    (
        "sgd",
        "leap = fresh + momentum * velocity if nesterov else velocity",
    ): "nesterov wants a dampening of 0, and then the fresh gradient is the gradient",
    (
        "second_moment",
        "return (1 - share) * state.get(name, 0.01) + share * value",
    ): "at t = 1 the share is 1 for any decay",
    **dict.fromkeys(
        [
            ("newton_schulz", "x = x.T if len(x) <= len(x.T) else x"),
            ("newton_schulz", "x = x if len(x) > len(x.T) else x.T"),
        ],
        "the polynomial gives the same matrix either way; turning it only makes the products"
        " smaller",
    ),
}


def mutants(name):
    """Yield (what was changed, changed line, namespace with the mutant) for one function."""
    tree = ast.parse(SOURCE)
    index = max(  # the last of this name: it counts, as in the notebook
        i
        for i, node in enumerate(tree.body)
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    names = sorted(
        {
            operand.id
            for node in ast.walk(tree.body[index])
            if isinstance(node, ast.BinOp)
            for operand in (node.left, node.right)
            if isinstance(operand, ast.Name)
        }
    )
    counter = Mutate(-1, names)
    counter.visit(copy.deepcopy(tree.body[index]))
    original = ast.unparse(tree.body[index]).splitlines()
    base = {"np": np}
    exec(compile(SOURCE, "rules", "exec"), base)
    for wanted in range(counter.count):
        change = Mutate(wanted, names)
        function = ast.fix_missing_locations(change.visit(copy.deepcopy(tree.body[index])))
        text = ast.unparse(function).splitlines()
        line = next(b.strip() for a, b in zip(original, text) if a != b)
        # The other functions must call the mutant, so everything is defined anew in one namespace.
        changed = ast.Module(tree.body[:index] + [function] + tree.body[index + 1 :], [])
        namespace = {"np": np}
        exec(compile(changed, "mutant", "exec"), namespace)
        yield change.what, line, namespace


class Recorded(dict):
    """torch's side of every case, walked once: {(rule, number of the case, in the middle): its
    results}.
    """


@pytest.fixture(scope="module")
def torch_side():
    return Recorded()


STEPS = 14


def case_data(rule):
    rng = np.random.default_rng(20)
    shapes = {"muon": [(5, 2), (2, 5)], "adafactor": [(2, 4), (3,), (2, 3, 2)]}.get(
        rule, [(2, 4), (3,)]
    )
    weights = [rng.normal(size=shape) for shape in shapes]
    grads = rules.gradients(rng, STEPS, shapes, 1.0, "dense")
    for g in grads:
        g[0] *= 1e-4  # a faint start, so that what the state starts from shows
        g[3], g[8] = -0.2 * g[2], 0.0  # a flipped sign and a silent step
    return weights, grads


def replay(pair, function, chosen, weights, grads, start):
    """Our side alone: [(label, values)] as run_both names them."""
    # As rules.run_both logs its start.
    log = {f"weight of parameter {i}": [weight] for i, weight in enumerate(weights)}
    states, ours = [dict(state) for state in start], [weight.copy() for weight in weights]
    for t in range(len(grads[0])):
        for i, g in enumerate(grads):
            states[i], step = function(states[i], g[t], ours[i], **chosen)
            ours[i] = ours[i] - step
            log.setdefault(f"weight of parameter {i}", []).append(ours[i])
            for key, value in rules.in_full(pair, states[i], ours[i]).items():
                log.setdefault(f"{key} of parameter {i}", []).append(value)
    return log


def is_caught(rule, namespace, torch_side):
    """True as soon as one case tells the mutant from torch.optim."""
    function = namespace[rule]
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if rule == "lbfgs":
                return not lbfgs_equal(function, torch_side)
            for number, chosen in enumerate(CASES[rule]):
                for middle in (False, True):
                    key = (rule, number, middle)
                    weights, grads = case_data(rule)
                    if key not in torch_side:
                        torch_side[key] = record(rule, chosen, weights, grads, middle)
                    start, theirs = torch_side[key]
                    ours = replay(rules.PAIRS[rule], function, chosen, weights, grads, start)
                    if set(ours) != set(theirs):
                        return True
                    for label in theirs:
                        rules.compare(label, ours[label], theirs[label])
            for name, chosen, _ in rules.BAD + rules.STRICTER:
                if name == rule and not refuses(function, chosen):
                    return True
            if not (
                refuses(function, {"lrate": -1.0}, says="finite")
                and (rule != "adam" or refuses(function, {"betas": (1.0, 0.9)}, says="below 1"))
            ):
                return True
            if refuses(function, {}, np.full((2, 2), 1e200)):
                return True
            return not (
                refuses(function, {"lrate": np.inf})
                and refuses(function, {}, np.full((2, 2), np.nan))
                and refuses(function, {}, np.ones(4))
            )
    except Exception:  # whatever a mutant raises, it was noticed
        return True


def refuses(function, chosen, gradient=None, says=""):
    try:
        function({}, np.ones((2, 2)) if gradient is None else gradient, np.ones((2, 2)), **chosen)
    except ValueError as error:
        return says in str(error)
    return False


def record(rule, chosen, weights, grads, middle):
    pair = rules.PAIRS[rule]
    started = []

    def first(state, gradient, weight, **settings):
        started.append(dict(state))
        return rules.RULES[rule](state, gradient, weight, **settings)

    results = rules.run_both(
        pair, first, chosen, weights, grads, middle=np.random.default_rng(21) if middle else None
    )
    return started[: len(weights)], {label: theirs for label, _, theirs, *_ in results}


def lbfgs_equal(function, torch_side):
    rng = np.random.default_rng(22)
    hessian = np.diag([1.0, 4.0, 9.0, 20.0])
    if "lbfgs" not in torch_side:
        torch_side["lbfgs"] = rules.torch_lbfgs(
            rng.uniform(1, 2, 4), lambda w: hessian @ w, lr=0.5, history_size=3
        )
    for state, g, before, after in torch_side["lbfgs"][:25]:
        new, step = function(state, g, before, lrate=0.5, history_size=3)
        if (
            np.max(np.abs(before - step - after)) > 1e-12
            or len(new["pairs"]) > 3
            or (new["step"] != step).any()
            or (new["gradient"] != g).any()
        ):
            return False
    quiet = function({}, np.full(4, 1e-8), np.ones(4))
    if quiet[1].any() or quiet[0]:
        return False
    # Below and above 1 in all.
    for gradient in (np.array([0.0, 0.1, 0.2, 0.1]), np.array([0.0, 1.0, 2.0, 1.0])):
        if (
            np.max(
                np.abs(function({}, gradient, np.ones(4))[1] - gradient / max(1.0, gradient.sum()))
            )
            > 1e-15
        ):
            return False
    function({}, np.ones(4), np.ones(4), history_size=1)  # the least there is
    # What counts is gradient times direction: below or above 1e-9.
    for curvature, moves in ((1e-2, False), (1e-3, True)):
        pair = np.array([1.0, 0.0, 0.0, 0.0]) / curvature, np.array([1.0, 0.0, 0.0, 0.0])
        held = {"pairs": (pair,), "gradient": np.full(4, 1e-6), "step": np.zeros(4)}
        if function(held, np.full(4, 1e-6), np.ones(4))[1].any() != moves:
            return False
    faint = function({}, np.full(4, 1e-6), np.ones(4))
    return not faint[1].any() and all(
        refuses(function, bad) for name, bad, _ in rules.BAD + rules.STRICTER if name == "lbfgs"
    )


@pytest.mark.part("mutants")
@pytest.mark.parametrize("name", [*RULE_NAMES, *HELPERS])
def test_every_mutant_is_caught(name, torch_side, exact_muon):
    rule = HELPERS.get(name, name)
    survivors, count = [], 0
    for what, line, namespace in mutants(name):
        count += 1
        changed = (
            RULE_NAMES
            if name in ("check", "prepare")
            else [rule]
            if name != "moments"
            else ["adam", "nadam"]
        )
        if (name, line) not in EQUIVALENT and not any(
            is_caught(each, namespace, torch_side) for each in changed
        ):
            survivors.append(f"{what}  →  {line}")
    assert count > 0, "nothing was changed"
    assert not survivors, f"{len(survivors)} of {count} mutants of {name} survive:\n" + "\n".join(
        survivors
    )


@pytest.mark.parametrize("name", RULE_NAMES)
def test_the_rules_themselves_are_not_caught(name, torch_side, exact_muon):
    """Otherwise every mutant would be caught for nothing; and it runs always: the cases that notice
    every slip hold for the rules.
    """
    namespace = {"np": np}
    exec(compile(SOURCE, "rules", "exec"), namespace)
    assert not is_caught(name, namespace, torch_side)
