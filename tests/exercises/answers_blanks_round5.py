"""Answers to the blanks of Round 5: what learners write, and what must be said of it."""

WRONG, RIGHT = [], []

# --- Round 5: the tape ----------------------------------------------------------------------------

TAPE, TORCH_TAPE = "Round5_Tape", "Round5_Tape-PyTorch"


def _multiply(answer):
    return f"def multiply(a, b): return {answer}"


def _own(answer):
    return f"""
        def log_cosh(a):
            value = np.log(np.cosh(a.data))
            return {answer}"""


def _hand(line):
    return f"""
        def hand_back(node):
            for earlier, slope in node.made_from:
                {line}"""


EMPTY = """for node in tape:
                if node.made_from:
                    node.grad = 0.0"""
START = "last.grad += 1.0"
BACK_ALONG = "for node in reversed(tape): hand_back(node)"


def _back(*parts):
    body = "\n            ".join(parts)
    return f"""
        def backward(last):
            tape = all_before(last)
            {body}"""


def _slope(*lines):
    body = "\n            ".join(lines)
    return f"""
        def slope(f, value):
            {body}"""


LEAF = "w = torch.tensor(value, requires_grad=True)"
NONE, WALK = "w.grad = None", "loss_of(w).backward()"
STEP_W = "with torch.no_grad(): w -= lrate * w.grad"


def _before(*lines, over="function.next_functions"):
    body = "\n            ".join(lines)
    return f"""
        def all_before(function):
            earlier = [each for each, _ in {over} if each is not None]
            {body}"""


def _blind(answer):
    return f"def half_blind(e): return {answer}"


STEPS_BACK = """
        def all_before(function):
            found, to_visit = set(), [function]
            while to_visit:
                one = to_visit.pop()
                if one is not None and one not in found:
                    found.add(one)
                    to_visit += [pair[0] for pair in one.next_functions]
            return found"""


def _down(*lines):
    body = "\n            ".join(lines)
    return f"""
        def step_down(loss_of, w, lrate):
            {body}"""


WRONG += [
    (TAPE, "exchanged", _multiply('Node(a.data * b.data, ((a, a.data), (b, b.data)), "*")')),
    (TAPE, "belong to the sum", _multiply('Node(a.data * b.data, ((a, 1.0), (b, 1.0)), "*")')),
    (TAPE, "value is a sum", _multiply('Node(a.data + b.data, ((a, b.data), (b, a.data)), "*")')),
    (TAPE, "Only a was noted", _multiply('Node(a.data * b.data, ((a, b.data),), "*")')),
    (TAPE, "Only b was noted", _multiply('Node(a.data * b.data, ((b, a.data),), "*")')),
    (TAPE, "not the node b", _multiply('Node(a.data * b.data, ((a, b), (b, a)), "*")')),
    (TAPE, "not its number", _multiply("Node(a.data * b.data, ((a.data, b.data),))")),
    (TAPE, "should hold pairs", _multiply("Node(a.data * b.data, (a, b.data))")),
    (TAPE, "return a Node", _multiply("a.data * b.data")),
    (
        TAPE,
        "product of both",
        """
        def multiply(a, b):
            value = a.data * b.data
            return Node(value, ((a, value), (b, value)))""",
    ),
    (
        TAPE,
        "Both pairs belong to a",
        _multiply("Node(a.data * b.data, ((a, b.data), (a, b.data)))"),
    ),
    (TAPE, "Nothing would come back", _multiply("Node(a.data * b.data)")),
    (
        TAPE,
        "Nothing would come back",
        _multiply("Node(a.data * b.data, ((a, b.grad), (b, a.grad)))"),
    ),
    (TAPE, "multiplied by earlier.grad", _hand("earlier.grad += slope * earlier.grad")),
    (TAPE, "It multiplies", _hand("earlier.grad *= slope * node.grad")),
    (TAPE, "inside the loop", _hand("earlier.grad += slope * node.grad; return")),
    (TAPE, "comes before last.grad is 1", _back(BACK_ALONG, EMPTY, START)),
    (TAPE, "on its head", _own("Node(value, ((a, 1 / np.tanh(a.data)),))")),
    (TAPE, "value as a factor", _own("Node(value, ((a, np.tanh(a.data) * value),))")),
    (TAPE, "tan is not tanh", _own("Node(value, ((a, np.tan(a.data)),))")),
    (TORCH_TAPE, "plain numbers", _slope("return (f(value + 1e-5) - f(value - 1e-5)) / 2e-5")),
    (TAPE, "stops half way", _own("Node(value, ((a, 1 / np.cosh(a.data)),))")),
    (TAPE, "cosh alone", _own("Node(value, ((a, np.sinh(a.data)),))")),
    (TAPE, "tanh's own", _own("Node(value, ((a, 1 - np.tanh(a.data) ** 2),))")),
    (TAPE, "sign", _own("Node(value, ((a, -np.tanh(a.data)),))")),
    (TAPE, "always 0", _own("Node(value)")),
    (TAPE, "logarithm is missing", _own("Node(np.cosh(a.data), ((a, np.tanh(a.data)),))")),
    (TAPE, "needs a comma", _own("Node(value, (a, np.tanh(a.data)))")),
    (TAPE, "overwrites", _hand("earlier.grad = slope * node.grad")),
    (TAPE, "derivative alone", _hand("earlier.grad += slope")),
    (TAPE, "goes back as it is", _hand("earlier.grad += node.grad")),
    (TAPE, "two are added", _hand("earlier.grad += node.grad + slope")),
    (TAPE, "Nothing arrives", _hand("node.grad += slope * earlier.grad")),
    (TAPE, "signs are turned", _hand("earlier.grad -= slope * node.grad")),
    (TAPE, "Nothing comes back", _back(START, EMPTY, BACK_ALONG)),
    (TAPE, "Nothing comes back", _back(EMPTY, BACK_ALONG, START)),
    (TAPE, "forwards", _back(EMPTY, START, "for node in tape: hand_back(node)")),
    (TAPE, "not emptied", _back(START, BACK_ALONG)),
    (TAPE, "inputs are emptied", _back("for node in tape: node.grad = 0.0", START, BACK_ALONG)),
    (TORCH_TAPE, "f itself", _slope(LEAF, "return f(w).item()")),
    (TORCH_TAPE, "value that came in", _slope(LEAF, "f(w).backward()", "return value")),
    (
        TORCH_TAPE,
        "added up",
        _slope(LEAF, "f(w).backward()", "f(w).backward()", "return w.grad.item()"),
    ),
    (TORCH_TAPE, "", _slope(LEAF, "return w.grad")),
    (TORCH_TAPE, "pile up", _down(WALK, STEP_W)),
    (TORCH_TAPE, "after backward has filled", _down(WALK, NONE, STEP_W)),
    (TORCH_TAPE, "of the step before", _down(STEP_W, WALK)),
    (TORCH_TAPE, "never moves", _down(NONE, WALK)),
    (TORCH_TAPE, "uphill", _down(NONE, WALK, STEP_W.replace("-=", "+="))),
    (TORCH_TAPE, "no_grad", _down(NONE, WALK, "w -= lrate * w.grad")),
    (TORCH_TAPE, "held before", _down(STEP_W, NONE, WALK)),
    (TORCH_TAPE, "before backward has filled", _down(NONE, STEP_W, WALK)),
    (TORCH_TAPE, "before backward has filled", _down(STEP_W, WALK, NONE)),
    (TORCH_TAPE, "emptied at the end", _down(WALK, STEP_W, NONE)),
    (
        TORCH_TAPE,
        "itself is left out",
        _before("return set(earlier).union(*map(all_before, earlier))"),
    ),
    (TORCH_TAPE, "directly made from", _before("return {function, *earlier}")),
    (
        TORCH_TAPE,
        "counted twice",
        _before("return [function] + [one for each in earlier for one in all_before(each)]"),
    ),
    (
        TORCH_TAPE,
        "holds None",
        """
        def all_before(function):
            return {function}.union(*(all_before(each) for each, _ in function.next_functions))""",
    ),
    (
        TORCH_TAPE,
        "None is among them",
        """
        def all_before(function):
            if function is None: return {None}
            return {function}.union(*(all_before(each) for each, _ in function.next_functions))""",
    ),
    (
        TORCH_TAPE,
        "AccumulateGrad is left out",
        _before(
            "if not function.next_functions: return set()",
            "return {function}.union(*map(all_before, earlier))",
        ),
    ),
    (TORCH_TAPE, "return the set", _before("return len(earlier)")),
    (
        TORCH_TAPE,
        "take the first of each pair",
        _before("return {function}.union(*map(all_before, function.next_functions))"),
    ),
    (TORCH_TAPE, "Nothing is cut", _blind("e * e")),
    (TORCH_TAPE, "both factors are constants", _blind("e.detach() * e.detach()")),
    (TORCH_TAPE, "both factors are constants", _blind("(e * e).detach()")),
    (TORCH_TAPE, "value is to be whole", _blind("e * e / 2")),
    (TORCH_TAPE, "second factor is missing", _blind("e")),
    (TORCH_TAPE, "return a tensor", _blind("(e * e).item()")),
    (TORCH_TAPE, "value should be", _blind("e + e.detach()")),
    (
        TAPE,
        "used before it is laid out",
        """
        def backward(last):
            for node in reversed(tape): hand_back(node)
            tape = all_before(last)""",
    ),
]

RIGHT += [
    (TAPE, _multiply("Node(a.data * b.data, ((b, a.data), (a, b.data)))")),
    (TAPE, _multiply("Node(a.data * b.data, [(a, b.data), (b, a.data)], 'times')")),
    (TAPE, _own("Node(value, ((a, np.sinh(a.data) / np.cosh(a.data)),))")),
    (
        TAPE,
        """
        def log_cosh(a):
            back = exp(multiply(as_node(-1.0), a))
            return log(multiply(as_node(0.5), add(exp(a), back)))""",
    ),
    (TAPE, _hand("earlier.grad = earlier.grad + node.grad * slope")),
    (
        TAPE,
        """
        def hand_back(node):
            for pair in node.made_from:
                pair[0].grad += pair[1] * node.grad""",
    ),
    (TORCH_TAPE, _slope(LEAF, "return torch.autograd.grad(f(w), w)[0].item()")),
    (TORCH_TAPE, _down(NONE, WALK, "w.data -= lrate * w.grad")),
    (TORCH_TAPE, _down("w.grad.zero_()", WALK, STEP_W)),
    (TORCH_TAPE, STEPS_BACK),
    (TORCH_TAPE, _before("return set([function]).union(*[all_before(one) for one in earlier])")),
    (
        TORCH_TAPE,
        _before(
            "found = {function}", "for one in earlier: found |= all_before(one)", "return found"
        ),
    ),
    (TORCH_TAPE, _blind("e * e.data")),
    (TORCH_TAPE, _blind("e * e.item()")),
    (TORCH_TAPE, _blind("e.detach() * e")),
    (TORCH_TAPE, _blind("e * e.clone().detach()")),
]


# --- Round 5: arrays ------------------------------------------------------------------------------

ARRAYS, TORCH_ARRAYS = "Round5_Arrays", "Round5_Arrays-PyTorch"


def _unstretch(*lines):
    body = "\n            ".join(lines)
    return f"""
        def unstretch(g, shape):
            {body}"""


FRONT = "g = g.sum(axis=tuple(range(g.ndim - len(shape))))"
ONES = "ones = tuple(axis for axis, n in enumerate(shape) if n == 1)"


def _matmul(to_a="g @ b.data.swapaxes(-1, -2)", to_b="a.data.swapaxes(-1, -2) @ g", value="@"):
    return f"""
        def matmul(a, b):
            return made(a.data {value} b.data, (a, lambda g: {to_a}), (b, lambda g: {to_b}))"""


def _pick(line, back="back"):
    return f"""
        def pick(a, index):
            def rule(g):
                back = np.zeros_like(a.data)
                {line}
                return {back}

            return made(a.data[index], (a, rule))"""


def _lse(rule="g * np.exp(s.data - value)", value="top + np.log(inside)"):
    return f"""
        def log_sum_exp(s):
            top = s.data.max(axis=-1, keepdims=True)
            inside = np.exp(s.data - top).sum(axis=-1, keepdims=True)
            value = {value}
            return made(value, (s, lambda g: {rule}))"""


def _back_of(to_a="G @ B.mT", to_b="A.mT @ G"):
    return f"def matmul_back(A, B, G): return {to_a}, {to_b}"


def _function(rule="g * torch.exp(s - value)", value="top + (s - top).exp().sum(-1, True).log()"):
    return f"""
        class LogSumExp(torch.autograd.Function):
            @staticmethod
            def forward(ctx, s):
                top = s.amax(dim=-1, keepdim=True)
                value = {value}
                ctx.save_for_backward(s, value)
                return value

            @staticmethod
            def backward(ctx, g):
                s, value = ctx.saved_tensors
                return {rule}"""


def _rows(answer, *lines):
    body = "\n            ".join(lines)
    return f"""
        def table_of(f, a):
            a = a.clone().requires_grad_()
            b = f(a)
            {body}
            return {answer}"""


def _each_row(g="g", where="torch.eye(len(b))", keep=", retain_graph=True"):
    return f"[torch.autograd.grad(b, a, {g}{keep})[0] for g in {where}]"


def _hooked(rule, end="return a"):
    return f"""
        def limit_gradient(a, limit):
            a.register_hook(lambda g: {rule})
            {end}"""


NAIVE = """
        def log_sum_exp(s):
            value = np.log(np.exp(s.data).sum(axis=-1, keepdims=True))
            return made(value, (s, lambda g: g * np.exp(s.data - value)))"""

WRONG += [
    (ARRAYS, "those of length 1 are not", _unstretch(FRONT, "return g")),
    (ARRAYS, "those in front are not", _unstretch(ONES, "return g.sum(axis=ones, keepdims=True)")),
    (ARRAYS, "are gone", _unstretch(FRONT, ONES, "return g.sum(axis=ones)")),
    (
        ARRAYS,
        "averages",
        _unstretch(FRONT.replace("sum", "mean"), ONES, "return g.mean(axis=ones, keepdims=True)"),
    ),
    (ARRAYS, "Nothing is summed", _unstretch("return g")),
    (
        ARRAYS,
        "the mean is taken",
        _unstretch(FRONT, ONES, "return g.mean(axis=ones, keepdims=True)"),
    ),
    (ARRAYS, "largest part", _unstretch(FRONT, ONES, "return g.max(axis=ones, keepdims=True)")),
    (
        ARRAYS,
        "first part",
        _unstretch(
            "while g.ndim > len(shape): g = g[0]",
            "for k, n in enumerate(shape):",
            "    if n == 1: g = g.take([0], axis=k)",
            "return g",
        ),
    ),
    (
        ARRAYS,
        "b is not on the tape",
        "def matmul(a, b): return made(a.data @ b.data, (a, lambda g: g @ b.data.mT))",
    ),
    (
        ARRAYS,
        "a is not on the tape",
        "def matmul(a, b): return made(a.data @ b.data, (b, lambda g: a.data.mT @ g))",
    ),
    (ARRAYS, "Nothing goes back", "def matmul(a, b): return Array(a.data @ b.data)"),
    (ARRAYS, "to b is transposed", _matmul(to_b="g.swapaxes(-1, -2) @ a.data")),
    (ARRAYS, "to a is transposed", _matmul(to_a="b.data @ g.swapaxes(-1, -2)")),
    (ARRAYS, "number by number", _matmul("g * b.data.mT", "a.data.mT * g")),
    (ARRAYS, "turns all axes round", _matmul("g @ b.data.T", "a.data.T @ g")),
    (ARRAYS, "hands back nothing", _pick("np.add.at(back, index, g)", "None")),
    (ARRAYS, "hands back nothing", _pick("pass", "np.add.at(back, index, g)")),
    (ARRAYS, "a's own numbers", _pick("back = a.data.copy(); np.add.at(back, index, g)")),
    (ARRAYS, "begins with ones", _pick("back += 1; np.add.at(back, index, g)")),
    (
        ARRAYS,
        "Called twice",
        """
        def pick(a, index):
            back = np.zeros_like(a.data)

            def rule(g):
                np.add.at(back, index, g)
                return back

            return made(a.data[index], (a, rule))""",
    ),
    (ARRAYS, "not yet divided", _lse("g * np.exp(s.data - top)")),
    (ARRAYS, "g is added", _lse("g + np.exp(s.data - value)")),
    (ARRAYS, "exponential is missing", _lse("g * (s.data - value)")),
    (ARRAYS, "to one number", _unstretch("return np.full(shape, g.sum())")),
    (ARRAYS, "b is not transposed", _matmul(to_a="g @ b.data")),
    (ARRAYS, "a is not transposed", _matmul(to_b="a.data @ g")),
    (ARRAYS, "rule of b has its factors", _matmul(to_b="g @ a.data.swapaxes(-1, -2)")),
    (ARRAYS, "rule of a has its factors", _matmul(to_a="b.data.swapaxes(-1, -2) @ g")),
    (
        ARRAYS,
        "two rules are exchanged",
        _matmul("a.data.swapaxes(-1, -2) @ g", "g @ b.data.swapaxes(-1, -2)"),
    ),
    (ARRAYS, "is left out", _matmul("b.data.swapaxes(-1, -2)", "a.data.swapaxes(-1, -2)")),
    (ARRAYS, "one by one", _matmul("g * b.data", "g * a.data", "*")),
    (ARRAYS, "return made", "def matmul(a, b): return a.data @ b.data"),
    (
        ARRAYS,
        "pairs (earlier array, rule)",
        "def matmul(a, b): return made(a.data @ b.data, (a, b.data))",
    ),
    (ARRAYS, "only its last part: back[index]", _pick("back[index] += g")),
    (ARRAYS, "only its last part", _pick("back[index] = g")),
    (ARRAYS, "Nothing goes back", _pick("np.add.at(back.copy(), index, g)")),
    (ARRAYS, "gets 1 for each time", _pick("np.add.at(back, index, 1.0)")),
    (ARRAYS, "sum of all that has", _pick("np.add.at(back, index, g.sum())")),
    (ARRAYS, "left out", _lse("np.exp(s.data - value)")),
    (ARRAYS, "g as it is", _lse("g * np.ones_like(s.data)")),
    (ARRAYS, "never added again", _lse("g * np.exp(s.data - top - value)", "np.log(inside)")),
    (
        ARRAYS,
        "slope of softmax itself",
        _lse("g * np.exp(s.data - value) * (1 - np.exp(s.data - value))"),
    ),
    (ARRAYS, "sign", _lse("-g * np.exp(s.data - value)")),
    (ARRAYS, "overflows", NAIVE),
    (TORCH_ARRAYS, "exchanged", _rows(f"torch.stack({_each_row()}, dim=1)")),
    (TORCH_ARRAYS, "exchanged", _rows(f"torch.stack({_each_row()}).T")),
    (TORCH_ARRAYS, "All rows are added up", _rows("torch.autograd.grad(b.sum(), a)[0]")),
    (TORCH_ARRAYS, "sum of all", _rows(f"torch.stack({_each_row('torch.ones(len(b))')})")),
    (TORCH_ARRAYS, "notes are gone", _rows(f"torch.stack({_each_row(keep='')})")),
    (TORCH_ARRAYS, "f(a) itself", _rows("b.detach()")),
    (TORCH_ARRAYS, "Only the first row", _rows(f"{_each_row()}[0]")),
    (TORCH_ARRAYS, "", _rows(_each_row())),
    (TORCH_ARRAYS, "Nothing is cut", _hooked("None")),
    (TORCH_ARRAYS, "Nothing is cut", "def limit_gradient(a, limit): return a"),
    (TORCH_ARRAYS, "below 0 as well", _hooked("g.clamp(max=limit)")),
    (TORCH_ARRAYS, "too large as well", _hooked("g.clamp(min=-limit)")),
    (
        TORCH_ARRAYS,
        "a itself is cut",
        "def limit_gradient(a, limit): return a.clamp(-limit, limit)",
    ),
    (TORCH_ARRAYS, "lost its sign", _hooked("g.abs().clamp(max=limit)")),
    (TORCH_ARRAYS, "becomes 0", _hooked("g * (g.abs() <= limit)")),
    (TORCH_ARRAYS, "is scaled", _hooked("g * min(1.0, limit / g.norm())")),
    (TORCH_ARRAYS, "return a itself", _hooked("g.clamp(-limit, limit)", "return None")),
    (TORCH_ARRAYS, "Nothing comes back", _hooked("g.clamp(-limit, limit)", "return a.detach()")),
    (TORCH_ARRAYS, "B is not transposed", _back_of("G @ B")),
    (TORCH_ARRAYS, "A is not transposed", _back_of(to_b="A @ G")),
    (TORCH_ARRAYS, "two are exchanged", _back_of("A.mT @ G", "G @ B.mT")),
    (TORCH_ARRAYS, "factors exchanged", _back_of(to_b="G @ A.mT")),
    (TORCH_ARRAYS, "left out", _back_of("B.mT", "A.mT")),
    (TORCH_ARRAYS, "one by one", _back_of("G * B", "G * A")),
    (TORCH_ARRAYS, "to A has its factors exchanged", _back_of("B.mT @ G")),
    (TORCH_ARRAYS, "to B is transposed", _back_of(to_b="G.mT @ A")),
    (TORCH_ARRAYS, "turns all axes round", _back_of("G @ B.T", "A.T @ G")),
    (TORCH_ARRAYS, "another shape", _function("g")),
    (TORCH_ARRAYS, "returns nothing", _function("None")),
    (TORCH_ARRAYS, "exponential is missing", _function("g * (s - value)")),
    (TORCH_ARRAYS, "left out", _function("torch.exp(s - value)")),
    (TORCH_ARRAYS, "g as it is", _function("g * torch.ones_like(s)")),
    (TORCH_ARRAYS, "sign", _function("-g * torch.exp(s - value)")),
    (TORCH_ARRAYS, "overflows", _function(value="s.exp().sum(-1, True).log()")),
]

RIGHT += [
    (
        ARRAYS,
        _unstretch(
            "extra = g.ndim - len(shape)",
            "ones = [extra + i for i, n in enumerate(shape) if n == 1]",
            "return g.sum(axis=(*range(extra), *ones)).reshape(shape)",
        ),
    ),
    (
        ARRAYS,
        _unstretch(
            "while g.ndim > len(shape): g = g.sum(axis=0)",
            "for axis, n in enumerate(shape):",
            "    if n == 1: g = g.sum(axis=axis, keepdims=True)",
            "return g",
        ),
    ),
    (ARRAYS, _matmul("g @ np.swapaxes(b.data, -2, -1)", "np.swapaxes(a.data, -2, -1) @ g")),
    (ARRAYS, _matmul("np.einsum('...ij,...kj->...ik', g, b.data)")),
    (ARRAYS, _pick("for place, part in zip(index, g): back[place] += part")),
    (ARRAYS, _lse("g * np.exp(s.data - top) / inside")),
    (TORCH_ARRAYS, _rows(f"torch.vstack({_each_row()})")),
    (
        TORCH_ARRAYS,
        _rows("torch.stack([torch.autograd.grad(f(a)[k], a)[0] for k in range(len(b))])"),
    ),
    (TORCH_ARRAYS, "def table_of(f, a): return torch.autograd.functional.jacobian(f, a)"),
    (
        TORCH_ARRAYS,
        _rows(
            "torch.stack(rows)",
            "rows = []",
            "for g in torch.eye(len(b), dtype=b.dtype):",
            "    a.grad = None",
            "    b.backward(g, retain_graph=True)",
            "    rows.append(a.grad)",
        ),
    ),
    (TORCH_ARRAYS, _hooked("torch.clamp(g, min=-limit, max=limit)")),
    (TORCH_ARRAYS, _hooked("g.clip(-limit, limit)")),
    (TORCH_ARRAYS, _hooked("torch.where(g.abs() > limit, limit * g.sign(), g)")),
    (TORCH_ARRAYS, _hooked("torch.minimum(g, torch.full_like(g, limit)).clamp(min=-limit)")),
    (TORCH_ARRAYS, _back_of("torch.matmul(G, B.transpose(-1, -2))")),
    (TORCH_ARRAYS, _function(value="torch.logsumexp(s, -1, keepdim=True)")),
    (TORCH_ARRAYS, _function("g * torch.softmax(s, -1)")),
]


# --- Round 5: costs -------------------------------------------------------------------------------

COSTS, TORCH_COSTS = "Round5_Costs", "Round5_Costs-PyTorch"


def _dual(answer):
    return f"def dual_multiply(a, b): return {answer}"


def _push(answer):
    return f"def push_forward(a, W, d): return {answer}"


def _again(last="total(stretch(again) * g)", back="again.grad", begin="again = Array(data)"):
    return f"""
        def back_again(stretch, data, g):
            {begin}
            backward({last})
            return {back}"""


def _dual_walk(
    *results,
    data="Dual(*pair)",
    pairs="zip(point, direction)",
    gradient="node.grad.value",
    curved="node.grad.slope",
):
    ends = results or (
        f"np.array([{gradient} for node in nodes]), np.array([{curved} for node in nodes])",
    )
    return f"""
        def along(f, point, direction):
            nodes = [Node({data}) for pair in {pairs}]
            scalar["backward"](f(*nodes))
            return {ends[0]}"""


def _each(answer):
    return f"def each_gradient(f, parameters, x, y): return {answer}"


def _quiet(*lines):
    body = "\n            ".join(lines)
    return f"""
        def without_notes(f, w):
            {body}"""


def _along(answer):
    return f"def slope_along(f, w, d): return {answer}"


def _curved(*lines, product="slope @ d", end="slope.detach(), curved"):
    between = "\n            ".join(lines)
    return f"""
        def curvature_along(f, w, d):
            w = w.clone().requires_grad_()
            (slope,) = torch.autograd.grad(f(w), w, create_graph=True)
            (curved,) = torch.autograd.grad({product}, w)
            {between}
            return {end}"""


WRONG += [
    (COSTS, "slopes are multiplied", _dual("(a[0] * b[0], a[1] * b[1])")),
    (COSTS, "its own value", _dual("(a[0] * b[0], a[1] * a[0] + b[1] * b[0])")),
    (COSTS, "as for a sum", _dual("(a[0] * b[0], a[1] + b[1])")),
    (COSTS, "Only the first", _dual("(a[0] * b[0], a[1] * b[0])")),
    (COSTS, "Only the second", _dual("(a[0] * b[0], a[0] * b[1])")),
    (COSTS, "values are added", _dual("(a[0] * b[0], a[0] + b[0])")),
    (COSTS, "second order", _dual("(a[0] * b[0], a[1] * b[0] + a[0] * b[1] + a[1] * b[1])")),
    (COSTS, "there twice", _dual("(a[0] * b[0], 2 * a[1] * b[0])")),
    (COSTS, "values alone", _dual("(a[0] * b[0] + a[1] * b[1], a[1] * b[0] + a[0] * b[1])")),
    (COSTS, "complex", _dual("(a[0] * b[0] - a[1] * b[1], a[1] * b[0] + a[0] * b[1])")),
    (COSTS, "quotient", _dual("(a[0] * b[0], a[1] * b[0] - a[0] * b[1])")),
    (COSTS, "exchanged", _dual("(a[1] * b[0] + a[0] * b[1], a[0] * b[0])")),
    (COSTS, "slope of tanh is missing", _push("d @ W")),
    (COSTS, "through W is missing", _push("d * (1 - np.tanh(a @ W) ** 2)")),
    (COSTS, "W is transposed", _push("(d @ W.T) * (1 - np.tanh(a @ W) ** 2)")),
    (COSTS, "tanh at d", _push("np.tanh(d @ W)")),
    (COSTS, "taken at d @ W", _push("(d @ W) * (1 - np.tanh(d @ W) ** 2)")),
    (COSTS, "with a square", _push("(d @ W) * (1 - np.tanh(a @ W))")),
    (COSTS, "tanh itself stands", _push("(d @ W) * np.tanh(a @ W)")),
    (COSTS, "direction is left out", _push("(a @ W) * (1 - np.tanh(a @ W) ** 2)")),
    (
        COSTS,
        "as if it were approximated",
        _push("(np.tanh((a + 1e-4 * d) @ W) - np.tanh(a @ W)) / 1e-4"),
    ),
    (COSTS, "left out", _again(last="total(stretch(again))")),
    (COSTS, "stretch itself goes back", _again(back="g * stretch(Array(data)).data")),
    (
        COSTS,
        "was not computed from an Array",
        "def back_again(stretch, data, g): return stretch(data)",
    ),
    (COSTS, "as it is", _again(back="g")),
    (COSTS, "twice", _again(back="g * again.grad")),
    (COSTS, "returns nothing", _again(back="None")),
    (COSTS, "returns an Array", _again(back="Array(again.grad)")),
    (
        COSTS,
        "returns an Array",
        "def back_again(stretch, data, g): return stretch(Array(data)) * g",
    ),
    (COSTS, "the mean", _again(last="mean(stretch(again) * g)")),
    (COSTS, "take a sum or a mean", _again(last="stretch(again) * g")),
    (COSTS, "no input of this result", _again(begin="again = as_array(data)")),
    (COSTS, "Two walks", _again(last="total(stretch(again) * g * 2.0)")),
    (COSTS, "wrong order", _dual_walk(gradient="node.grad.slope", curved="node.grad.value")),
    (COSTS, "direction is left out", _dual_walk(data="Dual(pair[0], 1.0)")),
    (COSTS, "", _dual_walk(data="pair[0]")),
    (COSTS, "H d is 0", _dual_walk(data="Dual(pair[0])")),
    (
        COSTS,
        "gradient times d",
        _dual_walk("(g := np.array([n.grad.value for n in nodes])), g * direction"),
    ),
    (COSTS, "are exchanged", _dual_walk(pairs="zip(direction, point)")),
    (COSTS, "stands there twice", _dual_walk(curved="node.grad.value")),
    (COSTS, "dual numbers in it", _dual_walk("[node.grad for node in nodes]")),
    (COSTS, "nodes in it", _dual_walk("nodes")),
    (COSTS, "", _dual_walk("np.array([node.grad.slope for node in nodes])")),
    (TORCH_COSTS, "added up", _each("grad(lambda p: f(p, x, y).sum())(parameters)")),
    (TORCH_COSTS, "averaged", _each("grad(lambda p: f(p, x, y).mean())(parameters)")),
    (TORCH_COSTS, "values of f", _each("vmap(f, in_dims=(None, 0, 0))(parameters, x, y)")),
    (TORCH_COSTS, "first row", _each("grad(f)(parameters, x[0], y[0])")),
    (
        TORCH_COSTS,
        "derivative is by x",
        _each("vmap(grad(f, argnums=1), in_dims=(None, 0, 0))(parameters, x, y)"),
    ),
    (
        TORCH_COSTS,
        "exchanged",
        _each("vmap(grad(f), in_dims=(None, 0, 0), out_dims=1)(parameters, x, y)"),
    ),
    (TORCH_COSTS, "", _each("vmap(grad(f))(parameters, x, y)")),
    (TORCH_COSTS, "", _each("grad(f)(parameters, x, y)")),
    (TORCH_COSTS, "notes are on the result", _quiet("return f(w)")),
    (TORCH_COSTS, "they were made", _quiet("return f(w).detach()")),
    (TORCH_COSTS, "they were made", _quiet("v = f(w)", "with torch.no_grad(): return v.clone()")),
    (TORCH_COSTS, "stays off", _quiet("torch.set_grad_enabled(False)", "return f(w)")),
    (
        TORCH_COSTS,
        "no longer asks",
        _quiet("w.requires_grad_(False)", "with torch.no_grad(): return f(w)"),
    ),
    (TORCH_COSTS, "w itself", _quiet("with torch.no_grad(): f(w)", "return w.detach()")),
    (TORCH_COSTS, "expected a PyTorch tensor", _quiet("with torch.no_grad(): return f(w).item()")),
    (TORCH_COSTS, "f itself", _along("jvp(f, (w,), (d,))[0]")),
    (TORCH_COSTS, "does not count", _along("jvp(f, (w,), (torch.ones_like(d),))[1]")),
    (TORCH_COSTS, "whole gradient", _along("grad(f)(w)")),
    (TORCH_COSTS, "entry by entry", _along("grad(f)(w) * d")),
    (TORCH_COSTS, "w and d are exchanged", _along("jvp(f, (d,), (w,))[1]")),
    (TORCH_COSTS, "length 1", _along("jvp(f, (w,), (d / d.norm(),))[1]")),
    (TORCH_COSTS, "approximated", _along("(f(w + 1e-6 * d) - f(w)) / 1e-6")),
    (
        TORCH_COSTS,
        "comes too late",
        _curved(product="slope.sum()", end="slope.detach(), curved * d"),
    ),
    (TORCH_COSTS, "one number, d H d", _curved(end="slope.detach(), curved @ d")),
    (
        TORCH_COSTS,
        "columns multiplied",
        "def curvature_along(f, w, d): return grad(f)(w), hessian(f)(w) * d",
    ),
    (TORCH_COSTS, "whole table", "def curvature_along(f, w, d): return grad(f)(w), hessian(f)(w)"),
    (
        TORCH_COSTS,
        "caller's own w",
        _curved().replace("w = w.clone().requires_grad_()", "w.requires_grad_()"),
    ),
    (TORCH_COSTS, "direction is left out", _curved(product="slope.sum()")),
    (TORCH_COSTS, "once more", _curved(end="slope.detach(), curved * d")),
    (TORCH_COSTS, "its product with d", _curved(end="(slope @ d).detach(), curved")),
    (TORCH_COSTS, "wants a second", _curved(end="slope.detach(), (slope * d).detach()")),
    (TORCH_COSTS, "wrong order", _curved(end="curved, slope.detach()")),
]

RIGHT += [
    (COSTS, _dual("[a[0] * b[0], b[1] * a[0] + b[0] * a[1]]")),
    (COSTS, _push("(1 - np.tanh(a @ W) ** 2) * (d @ W)")),
    (COSTS, _push("np.matmul(d, W) / np.cosh(np.matmul(a, W)) ** 2")),
    (COSTS, _push("(1 - np.square(np.tanh(np.dot(a, W)))) * np.dot(d, W)")),
    (COSTS, _push("(np.tanh((a + 1e-200j * d) @ W)).imag / 1e-200")),
    (COSTS, _again()),
    (COSTS, _again(last="total(g * stretch(again))")),
    (COSTS, _again(begin="again = Array(data.copy())")),
    (COSTS, _again(last="total(stretch(again) * as_array(g))")),
    (COSTS, _again(last="total(multiply(stretch(again), as_array(g)))")),
    (
        COSTS,
        """
        def back_again(stretch, data, g):
            a = Array(data)
            result = stretch(a)
            weighted = result * g
            loss = total(weighted)
            backward(loss, keep=True)
            return a.grad""",
    ),
    (COSTS, _dual_walk("np.array([[node.grad.value, node.grad.slope] for node in nodes]).T")),
    (
        COSTS,
        _dual_walk(
            "tuple(np.array([getattr(n.grad, k) for n in nodes]) for k in ('value', 'slope'))"
        ),
    ),
    (
        COSTS,
        """
        def along(f, point, direction):
            nodes = []
            for p, d in zip(point, direction):
                nodes.append(Node(Dual(p, d)))
            last = f(*nodes)
            scalar["backward"](last)
            grads = [node.grad for node in nodes]
            return np.array([g.value for g in grads]), np.array([g.slope for g in grads])""",
    ),
    (TORCH_COSTS, _each("torch.stack([grad(f)(parameters, *row) for row in zip(x, y)])")),
    (TORCH_COSTS, _each("vmap(lambda one, true: grad(f)(parameters, one, true))(x, y)")),
    (TORCH_COSTS, _each("jacrev(lambda p: vmap(f, in_dims=(None, 0, 0))(p, x, y))(parameters)")),
    (TORCH_COSTS, _each("vmap(grad(f, argnums=0), (None, 0, 0))(parameters, x, y)")),
    (TORCH_COSTS, _quiet("with torch.inference_mode(): return f(w)")),
    (TORCH_COSTS, _quiet("with torch.no_grad():", "    value = f(w)", "return value")),
    (TORCH_COSTS, _quiet("with torch.set_grad_enabled(False): return f(w)")),
    (TORCH_COSTS, _quiet("return torch.no_grad()(f)(w)")),
    (TORCH_COSTS, _along("grad(f)(w) @ d")),
    (TORCH_COSTS, _along("vjp(f, w)[1](torch.ones(()))[0] @ d")),
    (TORCH_COSTS, "def curvature_along(f, w, d): return jvp(grad(f), (w,), (d,))"),
    (TORCH_COSTS, "def curvature_along(f, w, d): return grad(f)(w), hessian(f)(w) @ d"),
    (TORCH_COSTS, _curved(end="slope, curved")),
]
