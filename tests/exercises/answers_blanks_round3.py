"""Answers to the blanks of Round 3: what learners write, and what must be said of it."""

WRONG, RIGHT = [], []

# --- Round3_Momentum and Round3_Optimizers --------------------------------------------------------

MOMENTUM, TORCH_MOMENTUM = "Round3_Momentum", "Round3_Momentum-PyTorch"
RULES, OPTIM = "Round3_Optimizers", "Round3_Optimizers-PyTorch"


def _ball(step="lrate * velocity", state='{"velocity": velocity}', share="gradient"):
    return f"""
        def ball(state, gradient, weight, *, lrate, momentum):
            velocity = momentum * state.get("velocity", 0.0) + {share}
            return {state}, {step}"""


def _polyak(answer):
    return f"""
        def polyak(flattest, steepest):
            low, high = flattest**0.5, steepest**0.5
            rate, momentum = (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2
            return {answer}"""


def _nesterov(step="lrate * (gradient + momentum * new)", state='{"velocity": new}'):
    return f"""
        def nesterov(state, gradient, weight, *, lrate, momentum):
            old = state.get("velocity", 0.0)
            new = momentum * old + gradient
            return {state}, {step}"""


def _places_ahead(at="ahead[-1]", row="weight - lrate * momentum * v", end="torch.stack(ahead)"):
    return f"""
        def places_ahead(loss, start, lrate, momentum, steps):
            weight, v = torch.tensor(start), 0.0
            ahead = [weight]
            for _ in range(steps):
                place = ({at}).detach().clone().requires_grad_()
                loss(place).backward()
                v = momentum * v + place.grad
                weight = weight - lrate * v
                ahead.append({row})
            return {end}"""


def _adagrad(step, state='{"t": t, "total": total}'):
    return f"""
        def adagrad(state, gradient, weight, *, lrate=1e-2, lr_decay=0.0, eps=1e-10):
            t, total = state.get("t", 0) + 1, state.get("total", 0.0) + gradient**2
            rate = lrate / (1 + (t - 1) * lr_decay)
            return {state}, {step}"""


def _rmsprop(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def rmsprop(state, gradient, weight, *, lrate=1e-2, alpha=0.99, eps=1e-8,
                    momentum=0.0, centered=False):
            g = prepare(gradient, weight)
            new = {{"square": alpha * state.get("square", 0.0) + (1 - alpha) * g * g}}
            spread = new["square"]
{body}
            return new, lrate * step"""


_CENTRE = (
    'new["mean"] = alpha * state.get("mean", 0.0) + (1 - alpha) * g',
    'spread = np.maximum(spread - centered * new["mean"] ** 2, 0.0)',
)
_DIVIDE = "step = g / (np.sqrt(spread) + eps)"
_ADD = ('step = step + momentum * state.get("velocity", 0.0)', 'new["velocity"] = step')


def _adamw(step, to_adam=""):
    return f"""
        def adamw(state, gradient, weight, *, lrate=1e-3, weight_decay=1e-2, **settings):
            state, step = adam(state, gradient, weight, lrate=lrate{to_adam}, **settings)
            return state, {step}"""


def _descend(end="torch.stack(path)", row="weight.detach().clone()", first=True, sign="-"):
    return f"""
        def descend(loss, start, lrate, steps):
            weight = torch.tensor(start, requires_grad=True)
            path = [weight.detach().clone()][: {int(first)}]
            for _ in range(steps):
                (gradient,) = torch.autograd.grad(loss(weight), weight)
                with torch.no_grad():
                    weight {sign}= lrate * gradient
                path.append({row})
            return {end}"""


def _minimise(*lines):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def minimise(optimizer_class, loss, start, steps, **settings):
            weight = torch.tensor(start, requires_grad=True)
            optimizer = optimizer_class([weight], **settings)
            path = [weight.detach().clone()]
            for _ in range(steps):
{body}
            return torch.stack(path)"""


_EMPTY, _BACK, _STEP = "optimizer.zero_grad()", "loss(weight).backward()", "optimizer.step()"
_KEEP = "path.append(weight.detach().clone())"


def _steps_under(*lines):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def steps_under(optimizer_class, gradients, **settings):
            weight = torch.zeros(gradients.shape[1:])
            optimizer, steps = optimizer_class([weight], **settings), []
            for g in gradients:
{body}
            return torch.stack(steps)"""


_HAND_IN, _ZERO, _READ = (
    "weight.grad = torch.as_tensor(g)",
    "weight.zero_()",
    "steps.append(-weight)",
)


def _grouped(slopes='"lr": 0.05, "weight_decay": 0.1', biases='"lr": 0.1, "weight_decay": d'):
    return f"""
        def grouped(slopes, biases, d):
            groups = [{{"params": slopes, {slopes}}}, {{"params": biases, {biases}}}]
            return torch.optim.AdamW(groups)"""


WRONG += [
    (MOMENTUM, "velocity is forgotten", _ball(state="{}")),
    (MOMENTUM, "rate is missing", _ball(step="velocity")),
    (MOMENTUM, "Nesterov", _ball(step="lrate * (gradient + momentum * velocity)")),
    (MOMENTUM, "sign is turned", _ball(step="-lrate * velocity")),
    (MOMENTUM, "enters whole", _ball(share="(1 - momentum) * gradient")),
    (MOMENTUM, "the new weight", _ball(step="weight - lrate * velocity")),
    (MOMENTUM, "is a dictionary", _ball(state="velocity")),
    (MOMENTUM, "exchanged", _polyak("momentum, rate")),
    (MOMENTUM, "momentum lacks", _polyak("rate, momentum**0.5")),
    (MOMENTUM, "rate lacks", _polyak("rate**0.5, momentum")),
    (MOMENTUM, "Both lack", _polyak("rate**0.5, momentum**0.5")),
    (MOMENTUM, "plain descent", _polyak("2 / (low**2 + high**2), momentum")),
    (MOMENTUM, "Roots are missing", _polyak("rate, momentum").replace("**0.5", "")),
    (MOMENTUM, "This is the ball", _nesterov(step="lrate * new")),
    (MOMENTUM, "This is the ball", _nesterov(step="lrate * (gradient + momentum * old)")),
    (MOMENTUM, "added whole", _nesterov(step="lrate * (gradient + new)")),
    (MOMENTUM, "forgotten", _nesterov(state="{}")),
    (MOMENTUM, "rate is missing", _nesterov(step="gradient + momentum * new")),
    (MOMENTUM, "sign is turned", _nesterov(step="-lrate * (gradient + momentum * new)")),
    (MOMENTUM, "brackets", _nesterov(step="lrate * gradient + momentum * new")),
    (
        MOMENTUM,
        "stays 0",
        _nesterov(step="lrate * (gradient + momentum * old)", state='{"velocity": old}'),
    ),
    (MOMENTUM, "the new weight", _nesterov(step="weight - lrate * (gradient + momentum * new)")),
    (MOMENTUM, "middle piece", "def bent_slope(x): return 25 * x - 24 * (x >= 2)"),
    (MOMENTUM, "last piece", "def bent_slope(x): return np.where(x < 1, 25 * x, x + 24)"),
    (MOMENTUM, "do not meet", "def bent_slope(x): return np.where((x < 1) | (x >= 2), 25 * x, x)"),
    (
        MOMENTUM,
        "the curvatures",
        "def bent_slope(x): return np.where((x < 1) | (x >= 2), 25.0, 1.0)",
    ),
    (TORCH_MOMENTUM, "taken at the weight", _places_ahead(at="weight")),
    (
        TORCH_MOMENTUM,
        "These are the weights",
        _places_ahead(at="weight - lrate * momentum * v", row="weight"),
    ),
    (TORCH_MOMENTUM, "ball's path", _places_ahead(at="weight", row="weight")),
    (TORCH_MOMENTUM, "wrong side", _places_ahead(row="weight + lrate * momentum * v")),
    (TORCH_MOMENTUM, "start is missing", _places_ahead(end="torch.stack(ahead[1:])")),
    (TORCH_MOMENTUM, "last place", _places_ahead(end="ahead[-1]")),
    (
        TORCH_MOMENTUM,
        "moves along",
        _places_ahead().replace("weight = weight - lrate", "weight -= lrate"),
    ),
    (RULES, "its root", _adagrad("rate * gradient / (total + eps)")),
    (RULES, "inside the root", _adagrad("rate * gradient / np.sqrt(total + eps)")),
    (RULES, "rate is missing", _adagrad("gradient / (np.sqrt(total) + eps)")),
    (RULES, "plain descent", _adagrad("rate * gradient")),
    (RULES, "does not grow", _adagrad("rate * gradient / (np.sqrt(total) + eps)", state="{}")),
    (RULES, "no effect", _adagrad("lrate * gradient / (np.sqrt(total) + eps)")),
    (
        RULES,
        "hand t on",
        _adagrad("rate * gradient / (np.sqrt(total) + eps)", state='{"total": total}'),
    ),
    (RULES, "the new weight", _adagrad("weight - rate * gradient / (np.sqrt(total) + eps)")),
    (RULES, "two things", "def adagrad(state, gradient, weight, **settings): return gradient"),
    (RULES, "centered has no effect", _rmsprop(_DIVIDE, *_CENTRE, *_ADD)),
    (
        RULES,
        "momentum has no effect",
        _rmsprop(*_CENTRE, _ADD[0].replace("step +", "0 +"), _DIVIDE),
    ),
    (RULES, "not squared", _rmsprop(*_CENTRE, _DIVIDE, *_ADD).replace("g * g", "abs(g)")),
    (
        RULES,
        "forgets nothing",
        _rmsprop(*_CENTRE, _DIVIDE, *_ADD).replace("(1 - alpha) * g * g", "g * g"),
    ),
    (RULES, "the first step", "def unbiased(average, beta, t): return average / (1 - beta)"),
    (RULES, "Brackets", "def unbiased(average, beta, t): return average / 1 - beta**t"),
    (RULES, "should divide", "def unbiased(average, beta, t): return average * (1 - beta**t)"),
    (RULES, "what is there", "def unbiased(average, beta, t): return average / beta**t"),
    (RULES, "Nothing is corrected", "def unbiased(average, beta, t): return average"),
    (RULES, "power of t", "def unbiased(average, beta, t): return average / (1 - beta * t)"),
    (RULES, "Keep it back", _adamw("step", to_adam=", weight_decay=weight_decay")),
    (RULES, "decay is missing", _adamw("step")),
    (RULES, "lacks the rate", _adamw("step + weight_decay * weight")),
    (RULES, "wrong sign", _adamw("step - lrate * weight_decay * weight")),
    (
        RULES,
        "hand **settings",
        _adamw("step + lrate * weight_decay * weight").replace(", **settings)\n", ")\n"),
    ),
    (
        RULES,
        "own usual rate",
        _adamw("step + lrate * weight_decay * weight").replace("lrate=lrate, **", "**"),
    ),
    (TORCH_MOMENTUM, "Only the last weight", _descend(end="weight.detach()")),
    (TORCH_MOMENTUM, "same tensor again", _descend(row="weight.detach()")),
    (TORCH_MOMENTUM, "start is missing", _descend(first=False)),
    (TORCH_MOMENTUM, "uphill", _descend(sign="+")),
    (TORCH_MOMENTUM, "pile up", _minimise(_BACK, _STEP, _KEEP)),
    (TORCH_MOMENTUM, "never moves", _minimise(_BACK, _EMPTY, _STEP, _KEEP)),
    (TORCH_MOMENTUM, "a step behind", _minimise(_STEP, _EMPTY, _BACK, _KEEP)),
    (
        TORCH_MOMENTUM,
        "same tensor again",
        _minimise(_EMPTY, _BACK, _STEP, "path.append(weight.detach())"),
    ),
    (TORCH_MOMENTUM, "a step behind", _minimise(_EMPTY, _BACK, _KEEP, _STEP)),
    (OPTIM, "summed up", _steps_under(_HAND_IN, _STEP, "steps.append(-weight.clone())")),
    (OPTIM, "Every step is zero", _steps_under(_HAND_IN, _STEP, _ZERO, _READ)),
    (OPTIM, "sign is turned", _steps_under(_HAND_IN, _ZERO, _STEP, "steps.append(weight.clone())")),
    (OPTIM, "step before", _steps_under(_ZERO, _STEP, _HAND_IN, _READ)),
    (OPTIM, "as the slopes do", _grouped(biases='"lr": 0.1, "weight_decay": 0.1')),
    (OPTIM, "usual 0.01: their", _grouped(biases='"lr": 0.1')),
    (OPTIM, "of 0.1", _grouped(slopes='"lr": 0.05')),
    (
        OPTIM,
        "do not move",
        """
        def grouped(slopes, biases, d):
            return torch.optim.AdamW(slopes, lr=0.05, weight_decay=0.1)""",
    ),
    (OPTIM, "rate 0.05", _grouped(biases='"lr": 0.05, "weight_decay": d')),
    (
        OPTIM,
        "exchanged",
        _grouped('"lr": 0.05, "weight_decay": d', '"lr": 0.1, "weight_decay": 0.1'),
    ),
]
RIGHT += [
    (MOMENTUM, _ball(step="velocity * lrate")),
    (MOMENTUM, _polyak("rate, momentum")),
    (MOMENTUM, _nesterov(step="lrate * gradient + lrate * momentum * new")),
    (MOMENTUM, "def bent_slope(x): return 25 * x - 24 * np.clip(x - 1, 0, 1)"),
    (TORCH_MOMENTUM, _places_ahead()),
    (RULES, _adagrad("rate / (eps + total**0.5) * gradient")),
    (RULES, _rmsprop(*_CENTRE, _DIVIDE, *_ADD)),
    (RULES, "def unbiased(average, beta, t): return average / (1.0 - np.power(beta, t))"),
    (RULES, _adamw("lrate * weight_decay * weight + step")),
    (TORCH_MOMENTUM, _descend(row="weight.clone().detach()")),
    (TORCH_MOMENTUM, _minimise(_BACK, _STEP, _EMPTY, _KEEP)),
    (OPTIM, _steps_under(_ZERO, _HAND_IN, _STEP, "steps.append(-weight.clone())")),
    (OPTIM, _grouped()),
]

# --- Round 3, schedules ---------------------------------------------------------------------------

SCHEDULES, TORCH_SCHEDULES = "Round3_Schedules", "Round3_Schedules-PyTorch"


def _plateau(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def plateau(state, loss, *, lrate, factor=0.1, patience=10, threshold=1e-4):
{body}
            return (rate, best, bad), rate"""


def _steps_of_torch(*lines):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def descend(loss_of, optimizer, scheduler, batches):
            for rows in batches:
{body}"""


def _rates(*lines, end="np.array(found)"):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def rates(make_scheduler, lrate=0.1, count=1000, key="lr", momentum=0.0):
            weight = torch.zeros(1, requires_grad=True)
            optimizer = torch.optim.SGD([weight], lr=lrate, momentum=momentum)
            scheduler, found = make_scheduler(optimizer), []
            for _ in range(count):
{body}
            return {end}"""


def _warm_up(milestone="warm", steps="steps - warm", first="first, ", schedulers="[up, down]"):
    return f"""
        def warm_up(optimizer, steps, first, warm):
            up = lr_scheduler.LinearLR(optimizer, {first}total_iters=warm)
            down = lr_scheduler.CosineAnnealingLR(optimizer, {steps})
            return lr_scheduler.SequentialLR(optimizer, {schedulers}, milestones=[{milestone}])"""


BEGIN = "rate, best, bad = state or (lrate, np.inf, 0)"
BETTER = "better = loss < best * (1 - threshold)"
COUNT = "best, bad = (loss, 0) if better else (best, bad + 1)"
LOSE = ("if bad > patience:", "    rate, bad = rate * factor, 0")
SEEN, MOVE, ON = (
    "found.append(optimizer.param_groups[0][key])",
    "optimizer.step()",
    "scheduler.step()",
)

WRONG += [
    (SCHEDULES, says, f"def step_decay(k, lrate, step_size, gamma=0.1): return {answer}")
    for says, answer in (
        ("falls in every step", "lrate * gamma ** (k / step_size)"),
        ("step_size is missing", "lrate * gamma**k"),
        ("a power", "lrate * gamma * (k // step_size)"),
        ("what is left over", "lrate * gamma ** (k % step_size)"),
        ("lrate is missing", "gamma ** (k // step_size)"),
        ("a step too early", "lrate * gamma ** ((k + 1) // step_size)"),
        ("a stair too many", "lrate * gamma ** (1 + k // step_size)"),
    )
]
WRONG += [
    (
        SCHEDULES,
        says,
        f"""
        def cosine(k, lrate, steps, lowest=0.0):
            wave = 1 + np.cos(np.pi * k / steps)
            return {answer}""",
    )
    for says, answer in (
        ("The half is missing", "lowest + (lrate - lowest) * wave"),
        ("ends at 0, not at lowest", "lrate * wave / 2"),
        ("Its height is lrate - lowest", "lowest + lrate * wave / 2"),
        ("not put back", "(lrate - lowest) * wave / 2"),
        ("This wave rises", "lowest + (lrate - lowest) * (1 - wave / 2)"),
    )
]
WRONG += [
    (
        SCHEDULES,
        says,
        f"""
        def trapezoid(k, lrate, steps, first, warm, down):
            places = [0, warm, steps - down, steps]
            return {answer}""",
    )
    for says, answer in (
        ("lrate is missing", "np.interp(k, places, [first, 1, 1, 0])"),
        ("It begins at 0", "lrate * np.interp(k, places, [0, 1, 1, 0])"),
        ("It never falls", "lrate * np.interp(k, places, [first, 1, 1, 1])"),
        ("ends at the height first", "lrate * np.interp(k, places, [first, 1, 1, first])"),
        ("heights are rates already", "np.interp(k, places, [first, lrate, lrate, 0])"),
    )
]
WRONG += [
    (
        SCHEDULES,
        "a check too early",
        _plateau(BEGIN, BETTER, COUNT, "if bad >= patience:", LOSE[1]),
    ),
    (
        SCHEDULES,
        "begins anew, at 0",
        _plateau(BEGIN, BETTER, COUNT, LOSE[0], "    rate = rate * factor"),
    ),
    (
        SCHEDULES,
        "keep the best of all",
        _plateau(BEGIN, BETTER, "best, bad = loss, 0 if better else bad + 1", *LOSE),
    ),
    (SCHEDULES, "less than the threshold", _plateau(BEGIN, "better = loss < best", COUNT, *LOSE)),
    (SCHEDULES, "The rate never falls", _plateau(BEGIN, BETTER, COUNT)),
]
WRONG += [
    (
        SCHEDULES,
        says,
        f"""
        def descend(gradient, weight, schedule, batches):
            for k, rows in enumerate(batches):
                {line}
            return weight""",
    )
    for says, line in (
        ("a step too early", "weight = weight - schedule(k + 1) * gradient(weight, rows)"),
        ("The rate never changes", "weight = weight - schedule(0) * gradient(weight, rows)"),
        ("uphill", "weight = weight + schedule(k) * gradient(weight, rows)"),
        ("The rate is missing", "weight = weight - gradient(weight, rows)"),
        ("never moves", "schedule(k) * gradient(weight, rows)"),
        ("after the first batch", "return weight - schedule(k) * gradient(weight, rows)"),
    )
]
WRONG += [
    (TORCH_SCHEDULES, "those after each step", _rates(MOVE, ON, SEEN)),
    (TORCH_SCHEDULES, "The rate never changes", _rates(SEEN, MOVE)),
    (TORCH_SCHEDULES, "steps twice", _rates(SEEN, MOVE, ON, ON)),
    (
        TORCH_SCHEDULES,
        "a rate too many",
        _rates(SEEN, MOVE, ON, end="np.array([*found, optimizer.param_groups[0][key]])"),
    ),
    (TORCH_SCHEDULES, "The milestone is warm", _warm_up("steps - warm")),
    (TORCH_SCHEDULES, "The wave never comes", _warm_up("steps")),
    (TORCH_SCHEDULES, "The warm-up is missing", _warm_up("0")),
    (TORCH_SCHEDULES, "as long as the whole training", _warm_up(steps="steps")),
    (TORCH_SCHEDULES, "a third of the rate", _warm_up(first="")),
]
WRONG += [
    (
        TORCH_SCHEDULES,
        says,
        f"""
        def listen(scheduler, optimizer, losses):
            found = []
            for loss in losses:
                {first}
                {then}
            return np.array(found)""",
    )
    for says, first, then in (
        (
            "the one before its loss",
            'found.append(optimizer.param_groups[0]["lr"])',
            "scheduler.step(loss)",
        ),
        ("The rate never changes", 'found.append(optimizer.param_groups[0]["lr"])', ""),
        (
            "each loss twice",
            "scheduler.step(loss); scheduler.step(loss)",
            'found.append(optimizer.param_groups[0]["lr"])',
        ),
    )
]
ZERO, BACK = "optimizer.zero_grad()", "loss_of(rows).backward()"
WRONG += [
    (TORCH_SCHEDULES, "before optimizer.step()", _steps_of_torch(ZERO, BACK, ON, MOVE)),
    (TORCH_SCHEDULES, "The rate never changes", _steps_of_torch(ZERO, BACK, MOVE)),
    (TORCH_SCHEDULES, "Old gradients pile up", _steps_of_torch(BACK, MOVE, ON)),
    (TORCH_SCHEDULES, "The weight never moves", _steps_of_torch(ZERO, BACK, ON)),
    (TORCH_SCHEDULES, "after the first batch", _steps_of_torch(ZERO, BACK, MOVE, ON, "return")),
]
RIGHT += [
    (
        SCHEDULES,
        "def step_decay(k, lrate, s, gamma=0.1): return lrate * np.power(gamma, int(k / s))",
    ),
    (
        SCHEDULES,
        """
        def descend(gradient, weight, schedule, batches):
            weight, k = weight.copy(), 0
            for rows in batches:
                weight -= schedule(k) * gradient(weight, rows)
                k += 1
            return weight""",
    ),
    (TORCH_SCHEDULES, _steps_of_torch(BACK, MOVE, ZERO, ON)),
]

# --- Round3_MoreOptimizers ------------------------------------------------------------------------

MORE = "Round3_MoreOptimizers"


def _adamax(step):
    return f"""
        def adamax(state, gradient, weight, *, lrate=2e-3, betas=(0.9, 0.999),
                   eps=1e-8, weight_decay=0.0, maximize=False):
            g, t = gradient, state.get("t", 0) + 1
            mean = betas[0] * state.get("mean", 0.0) + (1 - betas[0]) * g
            fade = betas[1] * state.get("largest", 0.0)
            largest = np.maximum(fade, np.abs(g) + eps)
            return {{"t": t, "mean": mean, "largest": largest}}, {step}"""


def _trust(answer, limit=5):
    return f"""
        def trust(t, beta2):
            top = 2 / (1 - beta2) - 1
            rho = top - 2 * t * beta2**t / (1 - beta2**t)
            if rho <= {limit}:
                return 0.0
            return {answer}"""


def _paces(*lines, end="np.clip(size * factor, *step_sizes)"):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def paces(size, agree, etas, step_sizes):
            factor = np.ones(np.shape(agree))
{body}
            return {end}"""


def _second_moment(squares):
    return f"""
        def second_moment(state, square, share, smallest):
            if square.ndim < 2:
                return {{"square": square}}, square
            row, column = square.mean(axis=1, keepdims=True), square.mean(axis=0, keepdims=True)
            total = row.mean(axis=0, keepdims=True)
            return {{"row": row, "column": column}}, {squares}"""


def _newton_schulz(start="matrix / np.linalg.norm(matrix)", turn="b * gram + c * gram @ gram"):
    return f"""
        def newton_schulz(matrix, ns_steps=5):
            a, b, c = 3.4445, -4.7750, 2.0315
            x = {start}
            for _ in range(ns_steps):
                gram = x @ x.T
                x = a * x + ({turn}) @ x
            return x"""


def _quasi_newton(order="reversed(pairs)", back="zip(pairs, reversed(shares))", scale=True):
    scaled = "q = q * (s @ y) / (y @ y)" if scale else "q = q"
    return f"""
        def quasi_newton(pairs, g):
            q, shares = g.copy(), []
            for s, y in {order}:
                shares.append((s @ q) / (s @ y))
                q = q - shares[-1] * y
            s, y = pairs[-1]
            {scaled}
            for (s, y), share in {back}:
                q = q + (share - (y @ q) / (s @ y)) * s
            return q"""


def _wolfe(falls="after <= before + c1 * length * slope", flatter="abs(slope_there)"):
    return f"""
        def wolfe(before, after, length, slope, slope_there, c1=1e-4, c2=0.9):
            return {falls}, {flatter} <= c2 * abs(slope)"""


_GROW, _SHRINK = "factor[agree > 0] = etas[1]", "factor[agree < 0] = etas[0]"

WRONG += [
    (MORE, "not corrected", _adamax("lrate * mean / largest")),
    (MORE, "no root", _adamax("lrate / (1 - betas[0] ** t) * mean / np.sqrt(largest)")),
    (MORE, "where its mean belongs", _adamax("lrate / (1 - betas[0] ** t) * g / largest")),
    (MORE, "sign is turned", _adamax("-lrate / (1 - betas[0] ** t) * mean / largest")),
    (
        MORE,
        "root is missing",
        _trust("(rho - 4) * (rho - 2) * top / ((top - 4) * (top - 2) * rho)"),
    ),
    (
        MORE,
        "upside down",
        _trust("np.sqrt((top - 4) * (top - 2) * rho / ((rho - 4) * (rho - 2) * top))"),
    ),
    (
        MORE,
        "the paper's limit",
        _trust("np.sqrt((rho - 4) * (rho - 2) * top / ((top - 4) * (top - 2) * rho))", limit=4),
    ),
    (
        MORE,
        "last factor is missing",
        _trust("np.sqrt((rho - 4) * (rho - 2) / ((top - 4) * (top - 2)))"),
    ),
    (
        MORE,
        "Grow and shrink are exchanged",
        _paces("factor[agree > 0] = etas[0]", "factor[agree < 0] = etas[1]"),
    ),
    (MORE, "bounds are missing", _paces(_GROW, _SHRINK, end="size * factor")),
    (MORE, "stays as it is", _paces("factor[agree >= 0] = etas[1]", _SHRINK)),
    (MORE, "Every weight grows", _paces("factor[agree != 0] = etas[1]")),
    (MORE, "factor alone", _paces(_GROW, _SHRINK, end="np.clip(factor, *step_sizes)")),
    (MORE, "division is missing", _second_moment("row * column")),
    (MORE, "Only the rows", _second_moment("row * np.ones(square.shape)")),
    (MORE, "sum stands where a mean", _second_moment("row * column / row.sum()")),
    (MORE, "not divided by its norm", _newton_schulz(start="matrix")),
    (MORE, "b and c are exchanged", _newton_schulz(turn="c * gram + b * gram @ gram")),
    (
        MORE,
        "single iteration",
        _newton_schulz().replace("return x", "    return x").replace("ns_steps)", "ns_steps or 1)"),
    ),
    (
        MORE,
        "no iteration",
        "def newton_schulz(matrix, ns_steps=5): return matrix / np.linalg.norm(matrix)",
    ),
    (MORE, "between the two loops", _quasi_newton(scale=False)),
    (MORE, "order of the pairs", _quasi_newton(order="pairs")),
    (MORE, "the gradient itself", "def quasi_newton(pairs, g): return g.copy()"),
    (MORE, "sign is turned", _quasi_newton().replace("return q", "return -q")),
    (MORE, "up or down", _wolfe(flatter="-slope_there")),
    (
        MORE,
        "c1 and c2 are exchanged",
        """
        def wolfe(before, after, length, slope, slope_there):
            falls = after <= before + 0.9 * length * slope
            return falls, abs(slope_there) <= 1e-4 * abs(slope)""",
    ),
    (MORE, "length is missing", _wolfe(falls="after <= before + c1 * slope")),
    (MORE, "does not rise", _wolfe(falls="after <= before")),
    (
        MORE,
        "wrong order",
        """
        def wolfe(before, after, length, slope, slope_there):
            falls = after <= before + 1e-4 * length * slope
            return abs(slope_there) <= 0.9 * abs(slope), falls""",
    ),
]

RIGHT += [
    (MORE, _adamax("mean * lrate / largest / (1 - betas[0] ** t)")),
    (
        MORE,
        """
        def paces(size, agree, etas, step_sizes):
            factor = np.where(agree > 0, etas[1], np.where(agree < 0, etas[0], 1.0))
            return np.minimum(np.maximum(size * factor, step_sizes[0]), step_sizes[1])""",
    ),
    (MORE, _second_moment("row @ column / np.mean(square)")),
    (
        MORE,
        """
        def wolfe(before, after, length, slope, slope_there, c1=1e-4, c2=0.9):
            return before - after >= -c1 * length * slope, slope_there**2 <= c2**2 * slope**2""",
    ),
]


# --- Round 3, averages and clipping ---------------------------------------------------------------

AVERAGES, TORCH_AVERAGES = "Round3_Averages", "Round3_Averages-PyTorch"


def _free(at="(1 - beta) * z + beta * x", step="z - lrate * slope_at(y, rows)", count="k + 1"):
    return f"""
        def schedule_free(slope_at, weight, lrate, batches, beta=0.9):
            x = z = weight
            for k, rows in enumerate(batches):
                y = {at}
                z = {step}
                x = x + (z - x) / ({count})
            return x"""


def _trained(*lines):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def train(loss_of, model, optimizer, scheduler, averaged, batches):
            for rows in batches:
{body}"""


def _clipped(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def clipped_step(loss, optimizer, cut):
{body}"""


TAKE_IN = "averaged.update_parameters(model)"
FOUND = "loss.backward()"
CUT = 'for weight in optimizer.param_groups[0]["params"]: cut(weight)'
WRONG += [
    (AVERAGES, says, f"def running_mean(mean, weight, n): return {answer}")
    for says, answer in (
        ("one of n + 1", "mean + (weight - mean) / max(n, 1)"),
        ("a half each", "(mean + weight) / 2"),
        ("counts n times", "(mean + weight) / (n + 1)"),
        ("moves away", "mean + (mean - weight) / (n + 1)"),
        ("the step to the new mean", "(weight - mean) / (n + 1)"),
    )
]
WRONG += [
    (
        AVERAGES,
        says,
        f"""
        def ema(mean, weight, decay):
            if mean is None:
                return weight
            return {answer}""",
    )
    for says, answer in (
        ("are exchanged", "(1 - decay) * mean + decay * weight"),
        ("The new weight counts in full", "decay * mean + weight"),
        ("The old mean counts in full", "mean + (1 - decay) * weight"),
        ("Nothing of the new weight", "decay * mean"),
    )
]
WRONG += [
    (
        AVERAGES,
        says,
        f"""
        def clip_by_norm(gradient, most):
            square = np.sum(gradient**2, axis={axis}, keepdims=True)
            return gradient * {factor}""",
    )
    for says, axis, factor in (
        ("Short gradients are made longer: the", "(-2, -1)", "most / (np.sqrt(square) + 1e-6)"),
        ("long ones left", "(-2, -1)", "np.maximum(1, most / (np.sqrt(square) + 1e-6))"),
        ("shortened together", "None", "np.minimum(1, most / (np.sqrt(square) + 1e-6))"),
        ("Each row is shortened", "-1", "np.minimum(1, most / (np.sqrt(square) + 1e-6))"),
        ("The root is missing", "(-2, -1)", "np.minimum(1, most / (square + 1e-6))"),
    )
]
WRONG += [
    (AVERAGES, "that is by value", "def clip_by_norm(g, most): return np.clip(g, -most, most)"),
    (AVERAGES, "Large negative numbers", "def clip_by_value(g, most): return np.minimum(g, most)"),
    (AVERAGES, "Negative numbers are", "def clip_by_value(g, most): return np.clip(g, 0, most)"),
    (AVERAGES, "The signs", "def clip_by_value(g, most): return np.minimum(np.abs(g), most)"),
    (AVERAGES, "become 0", "def clip_by_value(g, most): return g * (np.abs(g) <= most)"),
]
for _stem in (AVERAGES, TORCH_AVERAGES):
    WRONG += [
        (_stem, "at x alone", _free("x")),
        (_stem, "at z alone", _free("z")),
        (_stem, "beta belongs to x", _free("beta * z + (1 - beta) * x")),
        (_stem, "counts the start as well", _free(count="k + 2")),
        (_stem, "uphill", _free(step="z + lrate * slope_at(y, rows)")),
        (_stem, "This is z", _free().replace("return x", "return z")),
    ]
WRONG += [
    (TORCH_AVERAGES, "before its step", _trained(ZERO, BACK, TAKE_IN, MOVE, ON)),
    (TORCH_AVERAGES, "stays where it began", _trained(ZERO, BACK, MOVE, ON)),
    (TORCH_AVERAGES, "The rate never changes", _trained(ZERO, BACK, MOVE, TAKE_IN)),
    (
        TORCH_AVERAGES,
        "Only the last weight",
        _trained(ZERO, BACK, MOVE, ON) + f"\n            {TAKE_IN}",
    ),
]
WRONG += [
    (
        TORCH_AVERAGES,
        says,
        f"""
        def fading(model, decay):
            swa = torch.optim.swa_utils
            return swa.AveragedModel(model{kind})""",
    )
    for says, kind in (
        ("the plain mean", ""),
        ("are exchanged", ", multi_avg_fn=swa.get_ema_multi_avg_fn(1 - decay)"),
        ("0.999", ", multi_avg_fn=swa.get_ema_multi_avg_fn()"),
    )
]
WRONG += [
    (TORCH_AVERAGES, "too late or too early", _clipped(ZERO, FOUND, MOVE, CUT)),
    (TORCH_AVERAGES, "Old gradients pile up", _clipped(FOUND, CUT, MOVE)),
    (TORCH_AVERAGES, "The weight never moves", _clipped(ZERO, FOUND, CUT)),
]
RIGHT += [
    (AVERAGES, "def running_mean(mean, weight, n): return (n * mean + weight) / (n + 1)"),
    (AVERAGES, "def clip_by_value(g, most): return np.maximum(-most, np.minimum(g, most))"),
    (TORCH_AVERAGES, _free()),
    (TORCH_AVERAGES, _clipped("optimizer.zero_grad(set_to_none=False)", FOUND, CUT, MOVE)),
]

# --- Round 3: the race ----------------------------------------------------------------------------

RACE, TORCH_RACE = "Round3_Race", "Round3_Race-PyTorch"


def _draw(body):
    return f"def draw_rates(low, high, shape, rng): return {body}"


def _steps_to(end, low="heights[::-1] <= target"):
    return f"""
        def steps_to(heights, target):
            low = {low}
            stay = np.logical_and.accumulate(low).sum(axis=0)
            return {end}"""


def _choose(body):
    return f"""
        def choose(steps):
            half = steps.shape[-1] // 2
            return {body}"""


def _within(body):
    return f"def within(steps, factor): return {body}"


def _saddle_slope(x="x", y="y**3 - 2 * y", axis=", axis=-1"):
    return f"""
        def saddle_gradient(w):
            x, y = w[..., 0], w[..., 1]
            return np.stack([{x}, {y}]{axis})"""


def _make(call):
    return f"def make_optimizer(name, parameters, lrate, settings): return {call}"


def _run(
    empty="optimizer.zero_grad()",
    backward="now.backward()",
    kept="weight.detach().clone()",
    first="path = [weight.detach().clone()]",
):
    return f"""
        def run(name, lrate, settings, loss, start, steps):
            weight = torch.tensor(start, dtype=torch.float64, requires_grad=True)
            optimizer = getattr(torch.optim, name)([weight], lr=lrate, **settings)
            {first}

            def closure():
                {empty}
                now = loss(weight)
                {backward}
                return now

            for _ in range(steps):
                optimizer.step(closure)
                path.append({kept})
            return torch.stack(path)"""


_RACES_COUNTED = [
    ("infinitely many steps", _steps_to("len(heights) - stay")),
    (
        "counts the looks at which the height stays low",
        _steps_to("np.where(stay > 0, stay, np.inf)"),
    ),
    ("One too few", _steps_to("np.where(stay > 0, len(heights) - stay - 1, np.inf)")),
    (
        "the first look that is low enough",
        """
        def steps_to(heights, target):
            low = heights <= target
            return np.where(low.any(axis=0), low.argmax(axis=0), np.inf)""",
    ),
    ("All starts are looked at", _choose("np.argmin(steps.max(axis=-1), axis=0)")),
    ("The second half is looked at", _choose("np.argmin(steps[..., half:].max(axis=-1), axis=0)")),
    ("one lucky start decides", _choose("np.argmin(steps[..., :half].min(axis=-1), axis=0)")),
    ("argmin, not argmax", _choose("np.argmax(steps[..., :half].max(axis=-1), axis=0)")),
    ("argmin, not min", _choose("steps[..., :half].max(axis=-1).min(axis=0)")),
    (
        "inf <= inf is true",
        _within("np.mean(steps <= factor * steps.min(axis=1, keepdims=True), axis=0)"),
    ),
    (
        "The fastest of all races",
        _within("np.mean((steps <= factor * steps.min()) & np.isfinite(steps), axis=0)"),
    ),
    (
        "a rule is compared with itself",
        _within("np.mean((steps <= factor * steps.min(axis=0)) & np.isfinite(steps), axis=0)"),
    ),
    (
        "<=, not <",
        _within(
            "np.mean((steps < factor * steps.min(axis=1, keepdims=True)) & np.isfinite(steps),"
            " axis=0)"
        ),
    ),
]
WRONG += [(stem, says, source) for stem in (RACE, TORCH_RACE) for says, source in _RACES_COUNTED]
WRONG += [
    (RACE, "These are the exponents", _draw("rng.uniform(np.log10(low), np.log10(high), shape)")),
    (RACE, "np.exp undoes", _draw("np.exp(rng.uniform(np.log10(low), np.log10(high), shape))")),
    (RACE, "even on a plain scale", _draw("rng.uniform(low, high, shape)")),
    (RACE, "those of 2", _draw("2 ** rng.uniform(np.log10(low), np.log10(high), shape)")),
    (RACE, "points downhill", _saddle_slope("-x", "2 * y - y**3")),
    (RACE, "The inner derivative is missing", _saddle_slope(y="(y**2 - 2) / 2")),
    (RACE, "A factor of two in y", _saddle_slope(y="2 * y * (y**2 - 2)")),
    (RACE, "The derivative of x² / 2 is x", _saddle_slope("2 * x")),
    (RACE, "belong on the last axis", _saddle_slope(axis="")),
    (
        TORCH_RACE,
        "The settings are not used",
        _make("getattr(torch.optim, name)(parameters, lr=lrate)"),
    ),
    (
        TORCH_RACE,
        "The rate is not used",
        _make("getattr(torch.optim, name)(parameters, **settings)"),
    ),
    (TORCH_RACE, "Neither the rate nor", _make("getattr(torch.optim, name)(parameters)")),
    (TORCH_RACE, "The gradients pile up", _run(empty="pass")),
    (TORCH_RACE, "The weight never moves", _run(backward="pass")),
    (TORCH_RACE, "the same tensor again and again", _run(kept="weight.detach()")),
    (TORCH_RACE, "The start is missing", _run(first="path = []")),
]
RIGHT += [
    (RACE, _draw("np.exp(rng.uniform(np.log(low), np.log(high), shape))")),
    (RACE, _draw("low * (high / low) ** rng.uniform(0, 1, shape)")),
    (RACE, _saddle_slope(y="y * (y**2 - 2)")),
    (
        RACE,
        """
        def steps_to(heights, target):
            high = np.arange(1, len(heights) + 1).reshape(-1, *[1] * (np.ndim(heights) - 1))
            last = np.max(np.where(heights > target, high, 0), axis=0)
            return np.where(last < len(heights), last, np.inf)""",
    ),
    (RACE, _choose("steps[..., :half].max(axis=-1).argmin(axis=0)")),
    (TORCH_RACE, _run(first="path = [torch.tensor(start, dtype=torch.float64)]")),
    (TORCH_RACE, _make("vars(torch.optim)[name](params=parameters, **{'lr': lrate, **settings})")),
]


# --- Round3_Beyond --------------------------------------------------------------------------------

BEYOND = "Round3_Beyond"


def _trust_ratio(ratio, nothing="1.0"):
    return f"""
        def trust_ratio(weight, update):
            size, length = np.linalg.norm(weight), np.linalg.norm(update)
            if size == 0 or length == 0:
                return {nothing}
            return {ratio}"""


def _inverse_root(powers="values ** (-1 / power)", right="vectors.T"):
    return f"""
        def inverse_root(matrix, power):
            values, vectors = np.linalg.eigh(matrix)
            return vectors * {powers} @ {right}"""


def _shampoo(power="-1 / 4", held="left, right", rate="lrate"):
    return f"""
        def shampoo(state, g, weight, *, lrate=0.1, eps=1e-4):
            def root(matrix):
                values, vectors = np.linalg.eigh(matrix)
                return vectors * values ** ({power}) @ vectors.T

            first = eps * np.eye(len(g)), eps * np.eye(len(g.T))
            left, right = state.get("sums", first)
            left, right = left + g @ g.T, right + g.T @ g
            return {{"sums": ({held})}}, {rate} * root(left) @ g @ root(right)"""


def _distance_seen(answer):
    return f"def distance_seen(d, ahead, total): return {answer}"


def _yogi_square(answer):
    return f"def yogi_square(v, g, beta2): return {answer}"


WRONG += [
    (BEYOND, "upside down", _trust_ratio("length / size")),
    (BEYOND, "weight alone", _trust_ratio("size")),
    (BEYOND, "root is missing", _trust_ratio("(size / length) ** 2")),
    (BEYOND, "0 the ratio is 1", _trust_ratio("size / length", nothing="0.0")),
    (BEYOND, "the root, not one over", _inverse_root("values ** (1 / power)")),
    (BEYOND, "not −power", _inverse_root("values ** (-power)")),
    (
        BEYOND,
        "of each entry",
        "def inverse_root(matrix, power): return np.abs(matrix) ** (-1 / power)",
    ),
    (BEYOND, "not transposed", _inverse_root(right="vectors")),
    (BEYOND, "fourth root", _shampoo(power="-1 / 2")),
    (BEYOND, "Nothing adds up", _shampoo(held="first[0], first[1]")),
    (BEYOND, "rate is missing", _shampoo(rate="1.0")),
    (BEYOND, "never shrinks", _distance_seen("ahead / np.abs(total).sum()")),
    (BEYOND, "with its signs", _distance_seen("max(d, ahead / total.sum())")),
    (BEYOND, "other length", _distance_seen("max(d, ahead / np.linalg.norm(total))")),
    (BEYOND, "smaller of the two", _distance_seen("min(d, ahead / np.abs(total).sum())")),
    (BEYOND, "Adam's fading average", _yogi_square("beta2 * v + (1 - beta2) * g**2")),
    (BEYOND, "sign is turned", _yogi_square("v + (1 - beta2) * np.sign(v - g**2) * g**2")),
    (BEYOND, "always grows", _yogi_square("v + (1 - beta2) * g**2")),
    (BEYOND, "not β₂", _yogi_square("v - beta2 * np.sign(v - g**2) * g**2")),
]

RIGHT += [
    (BEYOND, _trust_ratio("np.sqrt(np.sum(weight**2) / np.sum(update**2))")),
    (BEYOND, _inverse_root("np.exp(-np.log(values) / power)")),
    (
        BEYOND,
        """
        def yogi_square(v, g, beta2):
            step = (1 - beta2) * g**2
            return np.where(v > g**2, v - step, np.where(v < g**2, v + step, v))""",
    ),
]

# --- Round3_MoreOptimizers and Round3_Beyond in PyTorch -------------------------------------------

TORCH_MORE, TORCH_BEYOND = "Round3_MoreOptimizers-PyTorch", "Round3_Beyond-PyTorch"


def _walk_lbfgs(*lines, row="weight.detach().clone()", end="torch.stack(path)"):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def walk_lbfgs(loss, start, steps, max_iter=1, **settings):
            weight = torch.tensor(start, requires_grad=True)
            optimizer = torch.optim.LBFGS([weight], max_iter=max_iter, **settings)

            def closure():
{body}
                return value

            path = [weight.detach().clone()]
            for _ in range(steps):
                optimizer.step(closure)
                path.append({row})
            return {end}"""


_VALUE = ("value = loss(weight)", "value.backward()")


def _slopes(answer):
    return f"""
        def slopes(w):
            w = torch.tensor(w, requires_grad=True)
            loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
            return {answer}"""


_LAYERS_LEAVE = "if not abs(path[-1]).max() <= 1e6: break"


def _two_layers(*lines, kept="layers", first="", leaves=_LAYERS_LEAVE):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def two_layers(rule, first, steps, **settings):
            layers = [torch.tensor([each], requires_grad=True) for each in (first, 0.2 / first)]
            optimizer = rule({kept}, **settings)
            path = [torch.cat(layers).detach().numpy().copy()]
            for _ in range(steps):
{body}
                {leaves}
            return np.array(path{first})"""


_LAYERS_BACK = "(0.5 * (layers[0] * layers[1] - 1) ** 2).backward()"
_LAYERS_KEEP = "path.append(torch.cat(layers).detach().numpy().copy())"


def _slip(source, *pairs):
    """Return an answer with parts replaced, each of which must be there."""
    for old, new in pairs:
        assert old in source, (old, source)
        source = source.replace(old, new)
    return source


def _torch_root(answer):
    return f"""
        def inverse_root(matrix, power):
            values, vectors = torch.linalg.eigh(matrix)
            return {answer}"""


WRONG += [
    (TORCH_MORE, "pile up", _walk_lbfgs(*_VALUE)),
    (TORCH_MORE, "never moves", _walk_lbfgs(*_VALUE, _EMPTY)),
    (TORCH_MORE, "same tensor", _walk_lbfgs(_EMPTY, *_VALUE, row="weight.detach()")),
    (TORCH_MORE, "start is missing", _walk_lbfgs(_EMPTY, *_VALUE, end="torch.stack(path[1:])")),
    (TORCH_MORE, "the loss", _slopes("loss.detach().numpy()")),
    (TORCH_MORE, "sign is turned", _slopes("-torch.autograd.grad(loss, w)[0].numpy()")),
    (TORCH_MORE, "came in twice", _slopes("2 * torch.autograd.grad(loss, w)[0].numpy()")),
    (TORCH_MORE, "first entry", _slopes("torch.autograd.grad(loss, w)[0][0].numpy()")),
    (TORCH_BEYOND, "pile up", _two_layers(_LAYERS_BACK, _STEP, _LAYERS_KEEP)),
    (TORCH_BEYOND, "never move", _two_layers(_LAYERS_BACK, _EMPTY, _STEP, _LAYERS_KEEP)),
    (TORCH_BEYOND, "a step behind", _two_layers(_EMPTY, _LAYERS_BACK, _LAYERS_KEEP, _STEP)),
    (
        TORCH_BEYOND,
        "start is missing",
        _two_layers(_EMPTY, _LAYERS_BACK, _STEP, _LAYERS_KEEP, first="[1:]"),
    ),
    (
        TORCH_BEYOND,
        "first layer",
        _two_layers(_EMPTY, _LAYERS_BACK, _STEP, _LAYERS_KEEP, kept="layers[:1]"),
    ),
    (TORCH_BEYOND, "not one over it", _torch_root("vectors * values ** (1 / power) @ vectors.T")),
    (TORCH_BEYOND, "not −power", _torch_root("vectors * values ** (-power) @ vectors.T")),
    (TORCH_BEYOND, "each entry", _torch_root("matrix.abs() ** (-1 / power)")),
]
RIGHT += [
    (TORCH_MORE, _walk_lbfgs(_VALUE[0], _EMPTY, _VALUE[1])),
    (TORCH_MORE, _slopes("(loss.backward(), w.grad.numpy())[1]")),
    (TORCH_BEYOND, _two_layers(_LAYERS_BACK, _STEP, _EMPTY, _LAYERS_KEEP)),
    (TORCH_BEYOND, _torch_root("vectors @ torch.diag(values ** (-1 / power)) @ vectors.T")),
]


# --- What blind tries at these blanks found accepted, or without a fitting name -------------------

_ROOT = "values ** (-1 / power)"
_MINIMISED = _minimise(_EMPTY, _BACK, _STEP, _KEEP)
_WALKED = _walk_lbfgs(_EMPTY, *_VALUE)
_LAYERED = _two_layers(_EMPTY, _LAYERS_BACK, _STEP, _LAYERS_KEEP)


def _bend(first="x < 1", second="x < 2", middle="x + 24", right="25 * x - 24"):
    inner = f"np.where({second}, {middle}, {right})"
    return f"def bent_slope(x): return np.where({first}, 25 * x, {inner})"


_AHEAD = """
    def places_ahead(loss, start, lrate, momentum, steps):
        weight = torch.tensor(start)
        velocity, ahead = torch.zeros_like(weight), [weight]
        for _ in range(steps):
            place, old = ahead[-1].detach().requires_grad_(), velocity
            (gradient,) = torch.autograd.grad(loss(place), place)
            velocity = momentum * velocity + gradient
            weight = weight - lrate * velocity
            ahead.append(weight - lrate * momentum * velocity)
        return torch.stack(ahead)"""

WRONG += [
    (MOMENTUM, "the new weight", _ball(step="weight - lrate * velocity")),
    (MOMENTUM, "state holds the step", _ball(state='{"velocity": lrate * velocity}')),
    (MOMENTUM, "once more", _ball(step="lrate * momentum * velocity")),
    (MOMENTUM, "state first, then the step", "def ball(*a, **s): return s['lrate'] * a[1], {}"),
    (MOMENTUM, "two things", "def ball(*a, **s): return s['lrate'] * a[1]"),
    (
        MOMENTUM,
        "changes its argument weight",
        """
        def ball(state, gradient, weight, *, lrate, momentum):
            velocity = momentum * state.get("velocity", 0.0) + gradient
            weight -= lrate * velocity
            return {"velocity": velocity}, lrate * velocity""",
    ),
    (
        MOMENTUM,
        "Before the first step the state is empty",
        """
        def nesterov(state, gradient, weight, *, lrate, momentum):
            velocity = momentum * state["velocity"] + gradient
            return {"velocity": velocity}, lrate * (gradient + momentum * velocity)""",
    ),
    (MOMENTUM, "upside down", _polyak("rate, 1 / momentum")),
    (
        MOMENTUM,
        "Brackets are missing",
        _polyak("(2 / high + low) ** 2, ((high - low) / high + low) ** 2"),
    ),
    (MOMENTUM, "the new weight", _nesterov(step="weight - lrate * (gradient + momentum * new)")),
    (MOMENTUM, "which is the step's", _nesterov(state='{"velocity": gradient + momentum * new}')),
    (
        MOMENTUM,
        "multiplies the gradient, too",
        _nesterov(step="lrate * momentum * (gradient + new)"),
    ),
    (MOMENTUM, "gradient alone", _nesterov(step="lrate * gradient + momentum * new")),
    (MOMENTUM, "1 + momentum", _nesterov(step="lrate * (1 + momentum) * new")),
    (MOMENTUM, "with a minus", _bend(right="25 * x + 24")),
    (MOMENTUM, "last piece is wrong", _bend(right="25 * x")),
    (MOMENTUM, "without brackets", _bend(right="25 * (x - 24)")),
    (MOMENTUM, "second question", _bend(second="x > 2")),
    (MOMENTUM, "first question", _bend(first="x >= 1")),
    (
        MOMENTUM,
        "At 1 itself",
        "def bent_slope(x): return (x != 1) * (25 * x - 24 * np.clip(x - 1, 0, 1))",
    ),
    (
        MOMENTUM,
        "That is f",
        """
        def bent_slope(x):
            middle, right = x**2 / 2 + 24 * x - 12, 12.5 * x**2 - 24 * x + 36
            return np.where(x < 1, 12.5 * x**2, np.where(x < 2, middle, right))""",
    ),
    (MOMENTUM, "np.where asks for each", "def bent_slope(x): return 25 * x if x < 1 else x + 24"),
    (TORCH_MOMENTUM, "hang on the graph", _descend(row="weight.clone()")),
    (TORCH_MOMENTUM, "same tensor again", _slip(_MINIMISED, (".detach().clone()", ".detach()"))),
    (TORCH_MOMENTUM, "return stand inside", _slip(_MINIMISED, ("    return", "        return"))),
    (
        TORCH_MOMENTUM,
        "forgets its velocity",
        _minimise("optimizer = optimizer_class([weight], **settings)", _EMPTY, _BACK, _STEP, _KEEP),
    ),
    (TORCH_MOMENTUM, "hang on the graph", _slip(_AHEAD, (".detach().requires", ".requires"))),
    (TORCH_MOMENTUM, "a whole step further", _slip(_AHEAD, ("lrate * momentum *", "lrate *"))),
    (TORCH_MOMENTUM, "rate is missing", _slip(_AHEAD, ("lrate * momentum *", "momentum *"))),
    (TORCH_MOMENTUM, "old velocity", _slip(_AHEAD, ("momentum * velocity)", "momentum * old)"))),
    (TORCH_MOMENTUM, "begins anew", _slip(_AHEAD, ("velocity + gradient", "0 + gradient"))),
    (
        TORCH_MOMENTUM,
        "uphill",
        _slip(_AHEAD, ("weight - lrate * velocity", "weight + lrate * velocity")),
    ),
    (
        TORCH_MOMENTUM,
        "moves on from the place ahead",
        _slip(_AHEAD, ("weight - lrate * velocity", "place.detach() - lrate * velocity")),
    ),
    (TORCH_MOMENTUM, "enters whole", _slip(_AHEAD, ("+ gradient", "+ (1 - momentum) * gradient"))),
    (
        TORCH_MORE,
        "not before step",
        _slip(_walk_lbfgs(*_VALUE), ("optimizer.step(", "optimizer.zero_grad(); optimizer.step(")),
    ),
    (TORCH_MORE, "same tensor", _slip(_WALKED, (".detach().clone()", ".detach()"))),
    (TORCH_MORE, "handed on", _slip(_WALKED, ("max_iter=max_iter, ", ""))),
    (
        TORCH_MORE,
        "forgets what it remembers",
        _slip(
            _WALKED,
            (
                "optimizer.step(",
                "optimizer = torch.optim.LBFGS([weight], max_iter=max_iter, **settings);"
                " optimizer.step(",
            ),
        ),
    ),
    (TORCH_MORE, "w itself", _slopes("w.detach().numpy()")),
    (
        TORCH_MORE,
        "Let autograd differentiate",
        """
        def slopes(w):
            steps = 1e-5 * np.eye(2)
            return np.array([
                (rosenbrock(torch.tensor(w + d)) - rosenbrock(torch.tensor(w - d))).item() / 2e-5
                for d in steps
            ])""",
    ),
    (TORCH_BEYOND, "above a million", _slip(_LAYERED, (_LAYERS_LEAVE, ""))),
    (TORCH_BEYOND, "stops after the first step", _slip(_LAYERED, (_LAYERS_LEAVE, "break"))),
    (TORCH_BEYOND, "Brackets", _torch_root("vectors * (values ** -1 / power) @ vectors.T")),
    (TORCH_BEYOND, "always −1/2", _torch_root("vectors * values ** -0.5 @ vectors.T")),
    (TORCH_BEYOND, "always −1;", _torch_root("torch.linalg.inv(matrix)")),
    (TORCH_BEYOND, "on the diagonal", _torch_root(f"torch.diag({_ROOT})")),
    (TORCH_BEYOND, "not transposed", _torch_root(f"vectors * {_ROOT} @ vectors")),
    (TORCH_BEYOND, "wrong sides", _torch_root(f"vectors.T * {_ROOT} @ vectors")),
    (TORCH_BEYOND, "number by number", _torch_root(f"vectors * {_ROOT} * vectors.T")),
]
RIGHT += [
    (TORCH_MOMENTUM, _AHEAD),
    (
        TORCH_MOMENTUM,
        """
        def descend(loss, start, lrate, steps):
            path = [torch.tensor(start)]
            for _ in range(steps):
                path.append(path[-1] - lrate * torch.func.grad(loss)(path[-1]))
            return torch.stack(path)""",
    ),
    (
        TORCH_BEYOND,
        _two_layers(_LAYERS_LEAVE, _EMPTY, _LAYERS_BACK, _STEP, _LAYERS_KEEP, leaves=""),
    ),
    (
        TORCH_BEYOND,
        _two_layers(_EMPTY, _LAYERS_BACK, _STEP, _LAYERS_LEAVE, _LAYERS_KEEP, leaves=""),
    ),
]
