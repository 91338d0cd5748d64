"""Answers to the exercises of Round 2: what learners write, and what the check must say of it."""


def twenty(rate="0.5 * border", new="w, _", times="20", back="w", before=""):
    """Return an answer to 2.6 with one part replaced."""
    return f"""
        def rg(step, X, y, w):
            border, start = 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), w
            {before}
            for k in range({times}):
                {new} = step(w, {rate})
            return {back}"""


def torch_step(loss="nn.MSELoss()(model(X).squeeze(1), y)", back="l.item()"):
    """Return an answer to 2.5 with one part replaced."""
    return f"""
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = {loss}
            l.backward()
            opt.step()
            return {back}"""


def ridge(gradient="2 / len(y) * X.T @ e + 2 * p * w", loss="np.mean(e**2) + p * w @ w", sign="-"):
    """Return an answer to 2.1 with one part replaced."""
    return f"""
        def rs(X, y, w, lrate, p):
            e = X @ w - y
            g = {gradient}
            return w {sign} lrate * g, {loss}"""


#: Wrong answers: (exercise, what the check must say, the answer); "a|b" allows either.
WRONG = [
    ("2.1", "missing in both", ridge("2 / len(y) * X.T @ e", "np.mean(e**2)")),
    ("2.1", "missing in the gradient", ridge("2 / len(y) * X.T @ e")),
    ("2.1", "missing in the loss", ridge(loss="np.mean(e**2)")),
    ("2.1", "the 2 is missing", ridge("2 / len(y) * X.T @ e + p * w")),
    ("2.1", "the weight is missing", ridge("2 / len(y) * X.T @ e + 2 * p")),
    ("2.1", "away from 0", ridge("2 / len(y) * X.T @ e - 2 * p * w")),
    ("2.1", "It is a price", ridge(loss="np.mean(e**2) - p * w @ w")),
    ("2.1", "asked is their sum", ridge(loss="np.mean(e**2) + p * np.mean(w**2)")),
    (
        "2.1",
        "in both results; asked is their sum",
        ridge("2 / len(y) * X.T @ e + 2 * p * w / len(w)", "np.mean(e**2) + p * np.mean(w**2)"),
    ),
    ("2.1", "Leave the root out", ridge(loss="np.mean(e**2) + p * np.linalg.norm(w)")),
    (
        "2.1",
        "absolute weights",
        ridge("2 / len(y) * X.T @ e + p * np.sign(w)", "np.mean(e**2) + p * np.sum(np.abs(w))"),
    ),
    ("2.1", "without the penalty's factor", ridge(loss="np.mean(e**2) + w @ w")),
    (
        "2.1",
        "after the step. Both gradients",
        """
        def rs(X, y, w, lrate, p):
            e = X @ w - y
            new = w - lrate * 2 / len(y) * X.T @ e
            return new - lrate * 2 * p * new, np.mean(e**2) + p * w @ w""",
    ),
    (
        "2.1",
        "The loss is the one after the step",
        """
        def rs(X, y, w, lrate, p):
            w = w - lrate * (2 / len(y) * X.T @ (X @ w - y) + 2 * p * w)
            return w, np.mean((X @ w - y) ** 2) + p * w @ w""",
    ),
    ("2.1", "goes uphill", ridge(sign="+")),
    ("2.1", "did not move", ridge("0 * w")),
    ("2.1", "division by m is missing", ridge("2 * X.T @ e + 2 * p * w")),
    ("2.1", "of the MSE the 2 is missing", ridge("X.T @ e / len(y) + 2 * p * w")),
    ("2.1", "a factor 2 is missing", ridge("X.T @ e / len(y) + p * w")),
    ("2.1", "added up", ridge(loss="e @ e + p * w @ w")),
    (
        "2.1",
        "divided by m, too",
        ridge("2 / len(y) * (X.T @ e + p * w)", "(e @ e + p * w @ w) / len(y)"),
    ),
    (
        "2.1",
        "changes its argument weight in place",
        """
        def rs(X, y, w, lrate, p):
            loss = np.mean((X @ w - y) ** 2) + p * w @ w
            w -= lrate * (2 / len(y) * X.T @ (X @ w - y) + 2 * p * w)
            return w, loss""",
    ),
    ("2.1", "The rate is always 0.1", ridge().replace("lrate *", "0.1 *")),
    ("2.1", "The inner derivative is missing", ridge("2 * np.mean(e) + 2 * p * w")),
    ("2.1", "The errors are squared here", ridge("2 / len(y) * X.T @ e**2 + 2 * p * w")),
    (
        "step",
        "The step goes uphill",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w + lrate * 2 / len(y) * X.T @ e, np.mean(e**2)
        """,
    ),
    (
        "step",
        "a factor 2 is missing",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w - lrate / len(y) * X.T @ e, np.mean(e**2)
        """,
    ),
    (
        "step",
        "new weight: m times too large",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w - lrate * 2 * X.T @ e, np.mean(e**2)
        """,
    ),
    (
        "step",
        "MSE: a factor 2 is missing",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w - lrate * 2 / len(y) * X.T @ e, np.mean(e**2) / 2
        """,
    ),
    (
        "step",
        "MSE: m times too large",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w - lrate * 2 / len(y) * X.T @ e, e @ e
        """,
    ),
    (
        "step",
        "The MSE is the one after the step",
        """
        def gs(X, y, w, lrate):
            w = w - lrate * 2 / len(y) * X.T @ (X @ w - y)
            return w, np.mean((X @ w - y) ** 2)
        """,
    ),
    (
        "step",
        "changes its argument weight in place",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            w -= lrate * 2 / len(y) * X.T @ e
            return w, np.mean(e**2)
        """,
    ),
    (
        "step",
        "wrong order",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return np.mean(e**2), w - lrate * 2 / len(y) * X.T @ e
        """,
    ),
    (
        "step",
        "should return new weight and MSE; it returns an array",
        "def gs(X, y, w, lrate): return w - lrate * 2 / len(y) * X.T @ (X @ w - y)",
    ),
    (
        "step",
        "lrate is not used",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w - 2 / len(y) * X.T @ e, np.mean(e**2)
        """,
    ),
    (
        "step",
        "The first result is the gradient",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return 2 / len(y) * X.T @ e, np.mean(e**2)
        """,
    ),
    (
        "step",
        "did not move",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w, np.mean(e**2)
        """,
    ),
    (
        "step",
        "root of the MSE",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return w - lrate * 2 / len(y) * X.T @ e, np.sqrt(np.mean(e**2))
        """,
    ),
    (
        "step",
        "a PyTorch tensor comes back, expected a NumPy array",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return torch.from_numpy(w - lrate * 2 / len(y) * X.T @ e), np.mean(e**2)
        """,
    ),
    (
        "step",
        "float32",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
            return np.float32(w - lrate * 2 / len(y) * X.T @ e), np.mean(e**2)
        """,
    ),
    (
        "2.3",
        "half the border",
        "def lr(X): return 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()",
    ),
    (
        "2.3",
        "The factor 2 of the Hessian is missing",
        "def lr(X): return 2 / np.linalg.eigvalsh(X.T @ X / len(X)).max()",
    ),
    (
        "2.3",
        "The smallest curvature",
        "def lr(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).min()",
    ),
    ("2.3", "1 / m is missing", "def lr(X): return 2 / np.linalg.eigvalsh(2 * X.T @ X).max()"),
    ("2.3", "diagonal", "def lr(X): return 2 / np.diag(2 / len(X) * X.T @ X).max()"),
    ("2.3", "the trace", "def lr(X): return 2 / (2 * np.mean(X**2, axis=0).sum())"),
    ("2.3", "without its square", "def lr(X): return 2 / (2 / len(X) * np.linalg.svd(X)[1].max())"),
    (
        "2.3",
        "the largest curvature itself",
        "def lr(X): return np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()",
    ),
    ("2.3", "Frobenius", "def lr(X): return 2 / np.linalg.norm(2 / len(X) * X.T @ X)"),
    (
        "2.3",
        "an array of shape (2,) comes back",
        "def lr(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)",
    ),
    (
        "2.5",
        "The gradient is accumulated",
        """
        def ts(model, opt, X, y):
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "(m, 1), y has (m,): the loss compares every prediction with every y. Use",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X), y)
            l.backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "And gradients accumulate",
        """
        def ts(model, opt, X, y):
            l = nn.MSELoss()(model(X), y)
            l.backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "does not move",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "does not move",
        """
        def ts(model, opt, X, y):
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            opt.zero_grad()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "the one after the step",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            nn.MSELoss()(model(X).squeeze(1), y).backward()
            opt.step()
            return nn.MSELoss()(model(X).squeeze(1), y).item()
        """,
    ),
    (
        "2.5",
        "summed over the examples",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss(reduction='sum')(model(X).squeeze(1), y)
            l.backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "a PyTorch tensor comes back, expected a plain number. .item()",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            opt.step()
            return l
        """,
    ),
    (
        "2.5",
        "absolute errors",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.L1Loss()(model(X).squeeze(1), y)
            l.backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "momentum is not used",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
            return l.item()
        """,
    ),
    (
        "2.6",
        "A fixed rate suits one data set only",
        """
        def rg(step, X, y, w):
            for _ in range(20):
                w, _ = step(w, 0.4)
            return w
        """,
    ),
    (
        "2.6",
        "It diverges",
        """
        def rg(step, X, y, w):
            for _ in range(20):
                w, _ = step(w, 1.2)
            return w
        """,
    ),
    (
        "2.6",
        "It creeps",
        """
        def rg(step, X, y, w):
            for _ in range(20):
                w, _ = step(w, 0.001)
            return w
        """,
    ),
    (
        "2.6",
        "It swings to and fro",
        """
        def rg(step, X, y, w):
            for _ in range(20):
                w, _ = step(w, 0.99)
            return w
        """,
    ),
    (
        "2.6",
        "It stops too soon",
        """
        def rg(step, X, y, w):
            for _ in range(2):
                w, _ = step(w, 0.05)
            return w
        """,
    ),
    (
        "2.6",
        "It took 100 steps",
        """
        def rg(step, X, y, w):
            for _ in range(100):
                w, _ = step(w, 0.4 / np.mean(X**2))
            return w
        """,
    ),
    (
        "2.6",
        "none that step gave you",
        """
        def rg(step, X, y, w):
            step(w, 0.1)
            return np.linalg.lstsq(X, y, rcond=None)[0]
        """,
    ),
    (
        "2.6",
        "takes no step at all",
        "def rg(step, X, y, w): return np.linalg.lstsq(X, y, rcond=None)[0]",
    ),
    ("2.6", "should return the last weight", "def rg(step, X, y, w): return step(w, 0.1)"),
    # Right in some cases only: the cases differ in what these answers forget.
    (
        "2.3",
        "eig do not sort them",
        "def lr(X): return 2 / np.linalg.eigvals(2 / len(X) * X.T @ X)[0]",
    ),
    (
        "2.3",
        "eig do not sort them",
        "def lr(X): return 2 / np.linalg.eig(2 / len(X) * X.T @ X)[0][0]",
    ),
    (
        "2.3",
        "eig do not sort them",
        "def lr(X): return 2 / np.linalg.eigvals(2 / len(X) * X.T @ X)[-1]",
    ),
    (
        "2.5",
        "float32 stood somewhere",
        torch_step("nn.MSELoss()(model(X).squeeze(1).float().double(), y)"),
    ),
    # A goal's failure has the name of its cause.
    (
        "2.6",
        "neither the one passed in",
        twenty(rate="0.0", times="2", before="w = np.linalg.lstsq(X, y, rcond=None)[0]"),
    ),
    ("2.6", "neither the one passed in", twenty(before="w = w + 1")),
    ("2.6", "Every step starts at the first weight again", twenty(new="_")),
    ("2.6", "Every step starts at the first weight again", twenty(new="new, _", back="new")),
    ("2.6", "A rate is negative", twenty(rate="-0.5 * border")),
    ("2.6", "The rate is 0 in every step", twenty(rate="0.0")),
    ("2.6", "infinite or NaN", twenty(rate="np.nan")),
    ("2.6", "Return the one that the last step gave", twenty(back="start")),
    ("2.6", "It stops too soon", twenty(times="1", rate="0.2 * border")),
    ("2.6", "It creeps", twenty(rate="0.01 * border")),
    ("2.6", "It diverges", twenty(rate="1.1 * border")),
    ("2.6", "Not low enough yet", twenty(rate="(0.2 if k < 1 else 0.001) * border")),
    (
        "step",
        "it returns None. Is there a return?",
        """
        def gs(X, y, w, lrate):
            e = X @ w - y
        """,
    ),
    (
        "2.5",
        "a NumPy array with a single number in it comes back, expected a plain number. .item()",
        torch_step(back="l.detach().numpy()"),
    ),
]

#: {exercise: lines of mutants of the solution that are right: they compute the same, or reach the
#: goal another way}
EQUIVALENT = {
    "2.1": [
        "    gradient = 2 / len(X) * X.T @ error + 2 * penalty * weight",
        "    return (weight - lrate * gradient, np.mean(error ** 2) + weight @ (penalty * weight))",
    ],
    "2.2": [
        "    loss = np.mean((y - X @ weight) ** 2)",
        "        new_loss = np.mean((y - X @ tried) ** 2)",
        "        tried = weight - lrate * 2 / len(X) * X.T @ (X @ weight - y)",
    ],
    "2.3": ["    hessian = X @ (2 / len(X) * X.T)"],  # the same eigenvalues, and zeros
    "2.4": [
        "    order, total = (rng.permutation(len(X)), 0.0)",
        "    for start in range(0, len(X), batch_size):",
        "    return (weight, total / len(X))",
    ],
    "2.6": [  # a goal, not a formula: any rate that is safe and not much too small reaches it
        "    curvatures = np.linalg.eigvalsh(3 / len(X) * X.T @ X)",
        "    curvatures = np.linalg.eigvalsh(2.5 / len(X) * X.T @ X)",
        "    curvatures = np.linalg.eigvalsh(2 / len(y) * X.T @ X)",
        "    lrate = 3 / (curvatures.min() + curvatures.max())",
        "    lrate = 1 / (curvatures.min() + curvatures.max())",
        "    lrate = 2.5 / (curvatures.min() + curvatures.max())",
        "    lrate = 2 / (curvatures.min() + curvatures.min())",
        "    for _ in range(19):",
    ],
}
