"""Answers that the checks once hung on, crashed on, misnamed, or judged wrongly, one by one."""

ENDLESS = [
    # One line: Python tells of it once, not at each turn.
    (
        "1.1",
        """
        def f(X, y, weight):
            while True: pass
        """,
    ),
    (
        "1.1",
        """
        def f(X, y, weight):
            k = 0
            while k < len(y): y[0] = 1
        """,
    ),
    (
        "1.5",
        """
        def lp(slope):
            w = 0.0
            while slope(w) != 0:
                w -= 0.1 * slope(w)
            return w
        """,
    ),
    (
        "1.5",
        """
        def lp(slope):
            w, s = 0.0, slope(0.0)
            while s != 0:
                w -= 0.1 * s
            return w
        """,
    ),
    (
        "1.4",
        """
        def hessian(X):
            return sum(2 / len(X) * X.T @ X for _ in iter(int, 1))
        """,
    ),
    (
        "1.3",
        """
        def ng(f, weight, h):
            old, new = 0.0, 1.0
            while abs(new - old) > 0:
                try:
                    old, new = new, f(weight + h) - old
                except Exception:
                    pass
            return new * weight
        """,
    ),
    (
        "2.6",
        """
        def rg(step, X, y, weight):
            loss = 1.0
            while loss > 0.05:
                weight, loss = step(weight, 1e-9)
            return weight
        """,
    ),
]

WRONG = [
    # Said before the type.
    (
        "1.3",
        "All weights move at once, and one number comes out",
        "def ng(f, weight, h): return (f(weight + h) - f(weight - h)) / (2 * h)",
    ),
    ("1.4", "All curvatures are added up", "def hessian(X): return 2 * np.mean(X**2)"),
    (
        "1.6",
        "not a leaf",
        """
        def ag(X, y, weight):
            w = weight[:, None]
            torch.mean((X @ w - y[:, None]) ** 2).backward()
            return w.grad
        """,
    ),
    (
        "1.6",
        "not a leaf",
        """
        def ag(X, y, weight):
            w = weight.clone()
            torch.mean((X @ w - y) ** 2).backward()
            return w.grad
        """,
    ),
    # Misnamed.
    (
        "1.6",
        "rounded to 5 digits",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad.round(decimals=5)
        """,
    ),
    ("1.5", "rounded", "def lp(slope): return round(-slope(0) / (slope(1) - slope(0)), 3)"),
    ("1.4", "NumPy's covariance", "def hessian(X): return np.cov(X.T)"),
    ("1.4", "a covariance", "def hessian(X): return 2 * np.cov(X.T, bias=True)"),
    ("1.4", "NumPy's covariance", "def hessian(X): return np.cov(X, rowvar=False)"),
    ("1.5", "the slope at", "def lp(slope): return slope(-(a := slope(0)) / (slope(1) - a))"),
    ("1.5", "the slope at", "def lp(slope): return slope(0)"),
    ("1.5", "the slope at", "def lp(slope): return slope(1.0)"),
    (
        "1.4",
        "",
        "def hessian(X): return 2/len(X) * (X @ X.T if X.shape[0] == X.shape[1] else X.T @ X)",
    ),
    (
        "1.6",
        "autograd",
        "def ag(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).detach()",
    ),
    (
        "1.6",
        "autograd",
        """
        def ag(X, y, weight):
            with torch.no_grad():
                return 2 / len(y) * X.T @ (X @ weight - y)
        """,
    ),
    (
        "1.6",
        "emptied only afterwards",
        """
        def ag(X, y, weight):
            torch.mean((X @ weight - y) ** 2).backward()
            g = weight.grad.clone()
            weight.grad.zero_()
            return g
        """,
    ),
    (
        "1.6",
        "emptied only afterwards",
        """
        def ag(X, y, weight):
            torch.mean((X @ weight - y) ** 2).backward()
            g = weight.grad
            weight.grad = None
            return g
        """,
    ),
    # = where += belongs.
    (
        "1.4",
        "Only the last example counts",
        """
        def hessian(X):
            for x in X:
                H = 2 * np.outer(x, x)
            return H / len(X)
        """,
    ),
    ("1.5", "it returns ()", "def lp(slope): return ()"),
    ("1.6", "a tuple comes back", "def ag(X, y, w): return ()"),
    ("1.5", "too large", "def lp(slope): return 10**400"),
    ("step", "did not move", "def gs(X, y, w, lrate): return w, np.sum((X @ w - y)**2)"),
    ("step", "did not move", "def gs(X, y, w, lrate): return w.copy(), np.mean(np.abs(X@w-y))"),
    ("2.3", "1 / m is missing", "def lr(X): return 2 / np.linalg.eigvalsh(2 * X.T @ X).max()"),
    (
        "2.3",
        "The factor 2 of the Hessian is missing",
        "def lr(X): return 2 / np.linalg.eigvalsh(X.T @ X / len(X)).max()",
    ),
    (
        "2.3",
        "The factor 2 / m of the Hessian is missing",
        "def lr(X): return 2 / np.linalg.eigvalsh(X.T @ X).max()",
    ),
    (
        "2.3",
        "divided by n",
        "def lr(X): return 2 / np.linalg.eigvalsh(2 / X.shape[1] * X.T @ X).max()",
    ),
    # Once accepted.
    *[
        (
            "step",
            "cut off",
            f"""
            def gs(X, y, w, lrate):
                g = np.clip(2 / len(y) * X.T @ (X @ w - y), -{c}, {c})
                return w - lrate * g, np.mean((X @ w - y) ** 2)
            """,
        )
        for c in (10, 100)
    ],
    *[
        (
            "step",
            "cut off",
            f"""
            def gs(X, y, w, lrate):
                g = 2 / len(y) * X.T @ (X @ w - y)
                g = g * min(1, {c} / np.linalg.norm(g))
                return w - lrate * g, np.mean((X @ w - y) ** 2)
            """,
        )
        for c in (10, 100)
    ],
    (
        "2.5",
        "cut off",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            torch.nn.utils.clip_grad_value_(model.parameters(), 100)
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "cut off",
        """
        def ts(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.3",
        "starts at a vector of ones",
        """
        def lr(X):
            H, v = 2 / len(X) * X.T @ X, np.ones(X.shape[1])
            for _ in range(2000):
                v = H @ v
                v = v / np.linalg.norm(v)
            return 2 / (v @ H @ v)
        """,
    ),
    (
        "step",
        "",
        """
        def gs(X, y, w, lrate):
            A = X if X.shape[0] == X.shape[1] else X.T
            return w - lrate * 2 / len(y) * A @ (X @ w - y), np.mean((X @ w - y)**2)
        """,
    ),
    (
        "2.5",
        "emptied only afterwards",
        """
        def ts(model, opt, X, y):
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            opt.step()
            opt.zero_grad()
            return l.item()
        """,
    ),
    (
        "2.5",
        "step() comes before backward()",
        """
        def ts(model, opt, X, y):
            l = nn.MSELoss()(model(X).squeeze(1), y)
            opt.step()
            opt.zero_grad()
            l.backward()
            return l.item()
        """,
    ),
    (
        "2.6",
        "starts at 0",
        """
        def rg(step, X, y, weight):
            w = np.zeros(X.shape[1])
            for _ in range(20):
                w, _ = step(w, 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max())
            return w
        """,
    ),
    (
        "2.6",
        "the one before",
        """
        def rg(step, X, y, w):
            for _ in range(20):
                last = w
                w, _ = step(w, 0.9 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max())
            return last
        """,
    ),
    (
        "step",
        "Only the last example counts",
        """
        def gs(X, y, w, lrate):
            for i in range(len(y)):
                g = 2 / len(y) * (X[i] @ w - y[i]) * X[i]
            return w - lrate * g, np.mean((X @ w - y) ** 2)
        """,
    ),
    ("2.5", "a tuple comes back", "def ts(model, opt, X, y): return ()"),
    ("2.6", "it returns tuple ()", "def rg(step, X, y, w): return ()"),
    # NumPy's list of what may be an index holds an ellipsis: no ... was left here.
    (
        "1.3",
        "what stands in [ ] is no whole number",
        """
        def over_the_values(f, weight, h):
            g = np.zeros(len(weight))
            for j in weight:
                move = np.zeros(len(weight))
                move[j] = h
                g[j] = (f(weight + move) - f(weight - move)) / (2 * h)
            return g
        """,
    ),
    # A thousand questions that come to an end are no loop without one.
    (
        "1.5",
        "It goes on too long: after 1,000 questions",
        """
        def on_a_grid(slope):
            ws = np.linspace(-5, 5, 1001)
            return ws[np.argmin(np.abs([slope(w) for w in ws]))]
        """,
    ),
    (
        "1.1",
        "a logarithm",
        "def swapped(X, y, weight): return np.mean(np.log(np.sinh(X @ weight - y)))",
    ),
    # Once it was said that the prediction is missing.
    (
        "1.6",
        "This is the gradient at weight zero. Is the prediction missing, or is weight replaced?",
        """
        def from_zero(X, y, weight):
            w = torch.zeros_like(weight).requires_grad_()
            ((X @ w - y) ** 2).mean().backward()
            return w.grad
        """,
    ),
    # No float32 is in it.
    (
        "1.6",
        "Or is it a finite difference?",
        """
        def measured(X, y, weight):
            f, w, h = lambda w: torch.mean((X @ w - y) ** 2), weight.detach(), 1e-3
            steps = h * torch.eye(len(w), dtype=w.dtype)
            return torch.stack([(f(w + step) - f(w)) / h for step in steps])
        """,
    ),
    # The check stopped with an error: a module comes from PyTorch, and is no tensor.
    (
        "2.5",
        "a Linear comes back, expected a plain number",
        """
        def the_model(model, optimizer, X, y):
            optimizer.zero_grad()
            nn.MSELoss()(model(X).squeeze(1), y).backward()
            optimizer.step()
            return model
        """,
    ),
    ("1.4", "divided by 342", "def penguins(X): return 2 / 342 * X.T @ X"),
    # The weights' sign and size: in every case all weights were positive.
    *[
        (
            "2.1",
            says,
            f"""
            def ridge(X, y, weight, lrate, penalty):
                e = X @ weight - y
                loss = np.mean(e**2) + penalty * weight @ weight
                pull = 2 * penalty * weight
                slope = 2 / len(y) * X.T @ e
                {line}
                return weight - lrate * (slope + pull), loss
            """,
        )
        for says, line in (
            ("the weights' signs or sizes alone", "pull = 2 * penalty * abs(weight)"),
            ("the weights' signs or sizes alone", "pull = 2 * penalty * np.sign(weight)"),
            ("The penalty itself stands in the gradient", "pull = penalty * weight**2"),
            ("the weights are added up", "pull = 2 * penalty * weight.sum()"),
            ("stands outside the brackets", "slope, pull = slope - pull / lrate, 0"),
            ("is not multiplied by lrate", "pull /= lrate"),
            ("In the gradient the penalty is divided by m", "pull /= len(y)"),
            (
                "the penalty of the new weight",
                "new = weight - lrate * (slope + pull); loss = np.mean(e**2) + penalty * new @ new",
            ),
            (
                "lrate stands where the penalty belongs",
                "pull *= lrate / penalty; loss = np.mean(e**2) + lrate * weight @ weight",
            ),
            (
                "The penalty is always 0.1",
                "pull = 0.2 * weight; loss = np.mean(e**2) + 0.1 * weight @ weight",
            ),
            (
                "the root of the MSE is taken",
                "loss = np.sqrt(np.mean(e**2)) + penalty * weight @ weight",
            ),
            ("The part of the MSE goes uphill", "slope = -slope"),
        )
    ],
    # It was said that the weight did not move.
    (
        "1.6",
        "weight itself comes back",
        """
        def the_weight(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            return weight
        """,
    ),
    (
        "1.1",
        "The first example is left out",
        "def later(X, y, w): return np.sum(np.log(np.cosh(X @ w - y))[1:]) / len(y)",
    ),
    ("1.4", "Only what stands below", "def lower(X): return np.tril(2 / len(X) * X.T @ X, -1)"),
    # The last number, or the first, left at 0; and shapes in words.
    *[
        (
            "1.2",
            f"right but for its {which} number, which is still 0",
            f"""
            def but_one(X, y, weight):
                g = np.zeros(len(weight))
                for j in {places}:
                    g[j] = np.mean(X[:, j] * np.tanh(X @ weight - y))
                return g
            """,
        )
        for which, places in (("last", "range(len(weight) - 1)"), ("first", "range(1, len(g))"))
    ],
    (
        "1.6",
        "A single number: is a mean, a sum or a loss taken",
        """
        def added_up(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad.sum()
        """,
    ),
]

RIGHT = [
    (
        "1.6",
        """
        def grad(X, y, weight):
            return torch.autograd.grad(torch.mean((X @ weight - y) ** 2), weight)[0]
        """,
    ),
    (
        "1.6",
        """
        def leaf(X, y, weight):
            w = weight.detach().clone().requires_grad_()
            torch.mean((X @ w - y) ** 2).backward()
            return w.grad
        """,
    ),
    (
        "1.6",
        """
        def func(X, y, weight):
            return torch.func.grad(lambda w: torch.mean((X @ w - y) ** 2))(weight.detach())
        """,
    ),
    (
        "1.6",
        """
        def jacobian(X, y, weight):
            f = lambda w: ((X @ w - y) ** 2).mean()
            return torch.autograd.functional.jacobian(f, weight)
        """,
    ),
    (
        "1.6",
        """
        def forward_mode(X, y, weight):
            return torch.func.jacfwd(lambda w: ((X @ w - y) ** 2).mean())(weight.detach())
        """,
    ),
    (
        "1.6",
        """
        def zeroed(X, y, weight):
            if weight.grad is not None:
                weight.grad.zero_()
            ((X @ weight - y) ** 2).mean().backward()
            return weight.grad.clone()
        """,
    ),
    (
        "1.6",
        """
        def retained(X, y, weight):
            w = weight * 1
            w.retain_grad()
            ((X @ w - y) ** 2).mean().backward()
            return w.grad
        """,
    ),
    (
        "2.6",
        """
        def nesterov(step, X, y, w):
            L, old = np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), w
            for k in range(20):
                ahead = w + 0.2 * (w - old)
                old = w
                w, _ = step(ahead, 1 / L)
            return w
        """,
    ),
    (
        "2.6",
        """
        def heavy_ball(step, X, y, w):
            rate, old = 0.8 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), w
            for k in range(20):
                new, _ = step(w, rate)
                w, old = new + 0.1 * (w - old), w
            return w
        """,
    ),
    (
        "2.6",
        """
        def velocity(step, X, y, w):
            rate, v = 0.8 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), 0 * w
            for k in range(20):
                new, _ = step(w, rate)
                v = 0.1 * v + (new - w)
                w = w + v
            return w
        """,
    ),
    (
        "2.6",
        """
        def tail_average(step, X, y, w):
            rate, seen = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), []
            for k in range(20):
                w, _ = step(w, rate)
                seen.append(w)
            return np.mean(seen[10:], axis=0)
        """,
    ),
    (
        "2.6",
        """
        def moving_average(step, X, y, w):
            rate, slow = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), w
            for k in range(20):
                w, _ = step(w, rate)
                slow = 0.5 * slow + 0.5 * w
            return slow
        """,
    ),
    (
        "2.6",
        """
        def stops_at_the_goal(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            for k in range(20):
                new, loss = step(w, rate)
                if loss < (0.35 if X.shape[1] == 1 else 0.05):
                    return w
                w = new
            return w
        """,
    ),
    (
        "2.6",
        """
        def best_seen(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            best, best_loss = w, np.inf
            for k in range(20):
                new, _ = step(w, rate)
                loss = np.mean((X @ new - y) ** 2)
                if loss < best_loss:
                    best, best_loss = new, loss
                w = new
            return best
        """,
    ),
    (
        "2.3",
        """
        def many_rounds(X):
            H, v = 2 / len(X) * X.T @ X, np.random.default_rng(0).normal(size=X.shape[1])
            for _ in range(50_000):
                v = H @ v
                v = v / np.linalg.norm(v)
            return 2 / (v @ H @ v)
        """,
    ),
]
