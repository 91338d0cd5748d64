"""Answers written without a look at what the checks know: right ones in many styles, and wrong
ones.
"""

RIGHT = [
    ("1.1", "def f(X, y, weight): return ((X @ weight - y) ** 2).mean()"),
    ("1.1", "def f(X, y, weight): return np.linalg.norm(X @ weight - y) ** 2 / len(y)"),
    ("1.1", "def f(X, y, weight): return np.dot(e := y - X.dot(weight), e) / e.size"),
    ("1.1", "def f(X, y, weight): return sum((x @ weight - t)**2 for x, t in zip(X, y)) / len(X)"),
    ("1.1", "def f(X, y, weight): return np.average(np.square(np.matmul(X, weight) - y))"),
    ("1.1", "def f(X, y, weight): return np.var(X @ weight - y) + np.mean(X @ weight - y) ** 2"),
    ("1.1", "def f(X, y, weight): return np.einsum('i,i->', e := X @ weight - y, e) / y.shape[0]"),
    ("1.1", "def f(*args): return float(np.mean((args[0] @ args[2] - args[1]) ** 2))"),
    ("1.1", "def f(X, y, weight): return np.mean(((X * weight).sum(axis=1) - y) ** 2)"),
    (
        "1.1",
        """
        def f(X, y, weight):
            total = 0
            for i in range(X.shape[0]):
                guess = 0
                for j in range(X.shape[1]):
                    guess += X[i, j] * weight[j]
                total += (guess - y[i]) ** 2
            return total / X.shape[0]
        """,
    ),
    (
        "1.1",
        """
        class Loss:
            def __call__(self, X, y, weight):
                return np.mean((X @ weight - y) ** 2)
        def f(X, y, weight, loss=Loss()):
            return loss(X, y, weight)
        """,
    ),
    ("1.2", "def f(X, y, weight): return 2 * np.mean((X @ weight - y)[:, None] * X, axis=0)"),
    ("1.2", "def f(X, y, weight): return (X @ weight - y) @ X * 2 / len(y)"),
    ("1.2", "def f(X, y, weight): return np.array([2 * np.mean((X@weight-y)*c) for c in X.T])"),
    ("1.2", "def f(X, y, weight): return 2 / len(y) * (X.T @ X @ weight - X.T @ y)"),
    ("1.2", "def f(X, y, weight): return -2 * np.dot(X.T, y - np.dot(X, weight)) / X.shape[0]"),
    ("1.2", "def f(X, y, w): return np.einsum('ij,i->j', X, X @ w - y) * (2 / len(y))"),
    ("1.2", "def f(X, y, w): return sum(2 * (x @ w - t) * x for x, t in zip(X, y)) / len(y)"),
    (
        "1.2",
        """
        def f(X, y, w):
            g = np.zeros_like(w)
            for i in range(len(y)):
                g += 2 * (X[i] @ w - y[i]) * X[i]
            return g / len(y)
        """,
    ),
    (
        "1.2",
        """
        def f(X, y, w):
            g = []
            for j in range(X.shape[1]):
                s = 0
                for i in range(X.shape[0]):
                    s += 2 * (np.dot(X[i], w) - y[i]) * X[i, j]
                g.append(s / X.shape[0])
            return np.array(g)
        """,
    ),
    ("1.2", "def f(X, y, w): return (2 / len(y) * X.T @ (X @ w[:, None] - y[:, None])).ravel()"),
    (
        "1.3",
        """
        def f(f, w, h):
            return np.array([(f(w + h*u) - f(w - h*u)) / (2*h) for u in np.eye(len(w))])
        """,
    ),
    (
        "1.3",
        """
        def n(f, weight, h):
            g, w = np.empty_like(weight), weight.copy()
            for j in range(w.size):
                old = w[j]
                w[j] = old + h; up = f(w)
                w[j] = old - h; down = f(w)
                w[j] = old
                g[j] = (up - down) / (2 * h)
            return g
        """,
    ),
    (
        "1.3",
        """
        def n(f, weight, h):
            def slope(j):
                a, b = weight.copy(), weight.copy()
                a[j] += h
                b[j] -= h
                return (f(a) - f(b)) / h / 2
            return np.array(list(map(slope, range(len(weight)))))
        """,
    ),
    (
        "1.3",
        """
        def n(f, weight, h):
            W = np.tile(weight, (len(weight), 1)); E = h * np.identity(len(weight))
            return (np.apply_along_axis(f, 1, W + E) - np.apply_along_axis(f, 1, W - E)) / (2*h)
        """,
    ),
    (
        "1.3",
        """
        def n(f, weight, h):
            g = np.zeros(len(weight))
            for j in range(len(weight)):
                old = weight[j]
                weight[j] = old + h
                g[j] = f(weight)
                weight[j] = old - h
                g[j] = (g[j] - f(weight)) / (2 * h)
                weight[j] = old
            return g
        """,
    ),
    ("1.4", "def f(X): return 2 * (X.T @ X) / X.shape[0]"),
    ("1.4", "def f(X): return 2 * np.mean(X[:, :, None] * X[:, None, :], axis=0)"),
    ("1.4", "def f(X): return sum(2 * np.outer(x, x) for x in X) / len(X)"),
    ("1.4", "def f(X): return np.einsum('ij,ik->jk', X, X) * 2 / len(X)"),
    ("1.4", "def f(X): return np.array([[2 * np.mean(a * b) for b in X.T] for a in X.T])"),
    (
        "1.4",
        """
        def f(X):
            g = lambda w: 2 / len(X) * X.T @ (X @ w)
            return np.column_stack([g(e) for e in np.eye(X.shape[1])])
        """,
    ),
    ("1.5", "def f(slope): return slope(0) / (slope(0) - slope(1))"),
    ("1.5", "def f(slope): return -slope(0.0) / ((slope(10) - slope(-10)) / 20)"),
    ("1.5", "def f(slope): a, b = slope(2), slope(4); return 2 - a / ((b - a) / 2)"),
    ("1.5", "def f(slope): return np.float64(5) - (s := slope(5)) / (slope(6) - s)"),
    ("1.5", "def f(slope): b, a = slope(0), slope(1) - slope(0); return np.roots([a, b])[0]"),
    ("1.5", "def f(slope): c = np.polyfit([0, 1], [slope(0), slope(1)], 1); return -c[1] / c[0]"),
    (
        "1.5",
        """
        def f(slope):
            w, old = 1.0, 0.0
            s_old = slope(old)
            while True:
                s = slope(w)
                return w - s * (w - old) / (s - s_old)
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            weight.grad = None
            nn.functional.mse_loss(X @ weight, y).backward()
            return weight.grad.detach().clone()
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            if weight.grad is not None:
                weight.grad = None
            e = X.mv(weight) - y
            (e.dot(e) / len(y)).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            w = torch.tensor(weight.detach().numpy(), requires_grad=True)
            ((X @ w - y) ** 2).mean().backward()
            return w.grad
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            before = None if weight.grad is None else weight.grad.clone()
            ((X @ weight - y) ** 2).mean().backward()
            return weight.grad.clone() if before is None else weight.grad - before
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            g, = torch.autograd.grad(((X @ weight - y) ** 2).sum(), [weight])
            return g / y.shape[0]
        """,
    ),
    ("2.1", "def f(X, y, w, lr): e = X @ w - y; return w - 2*lr/len(y) * e @ X, e @ e / len(e)"),
    (
        "2.1",
        """
        def f(X, y, w, lr):
            loss = ((X @ w - y) ** 2).mean()
            w = w.copy()
            w -= lr * 2 * np.mean(X * (X @ w - y)[:, None], axis=0)
            return w, loss
        """,
    ),
    (
        "2.1",
        """
        def f(X, y, weight, lrate):
            g = np.zeros(len(weight))
            for x, t in zip(X, y):
                g = g + 2 * (x @ weight - t) * x / len(y)
            return np.subtract(weight, lrate * g), float(np.mean(np.square(y - X @ weight)))
        """,
    ),
    (
        "2.2",
        """
        def f(X, y, w, lr, epochs):
            W, L = np.zeros((epochs + 1, len(w))), np.zeros(epochs + 1)
            W[0] = w
            for k in range(epochs):
                W[k + 1], L[k] = gradient_step(X, y, W[k], lr)
            L[-1] = np.mean((X @ W[-1] - y) ** 2)
            return W, L
        """,
    ),
    (
        "2.2",
        """
        def f(X, y, w, lr, epochs):
            path = [w]
            while len(path) <= epochs:
                path.append(gradient_step(X, y, path[-1], lr)[0])
            return np.stack(path), np.array([np.mean((X @ v - y) ** 2) for v in path])
        """,
    ),
    (
        "2.2",
        """
        def f(X, y, w, lr, epochs):
            if epochs == 0:
                return w[None].copy(), np.array([gradient_step(X, y, w, lr)[1]])
            W, L = f(X, y, w, lr, epochs - 1)
            new, _ = gradient_step(X, y, W[-1], lr)
            return np.vstack([W, new]), np.append(L, gradient_step(X, y, new, lr)[1])
        """,
    ),
    ("2.3", "def f(X): return len(X) / np.linalg.norm(X, 2) ** 2"),
    ("2.3", "def f(X): return 2 / max(np.linalg.eigvals(2 / len(X) * X.T @ X).real)"),
    ("2.3", "def f(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X @ X.T)[-1]"),
    ("2.3", "def f(X): return len(X) / np.linalg.svd(X, compute_uv=False)[0] ** 2"),
    ("2.3", "def f(X): return 2 / np.linalg.norm(2 / len(X) * X.T @ X, ord=2)"),
    ("2.3", "def f(X): return 1 / np.linalg.eigh(X.T @ X / X.shape[0])[0][-1]"),
    (
        "2.4",
        """
        def f(X, y, w, lr, B, rng):
            p = rng.permutation(X.shape[0])
            X, y = X[p], y[p]
            for i in range(0, len(X), B):
                w, _ = gradient_step(X[i:i+B], y[i:i+B], w, lr)
            return w
        """,
    ),
    (
        "2.4",
        """
        def f(X, y, w, lr, B, rng):
            p, k = rng.permutation(len(y)), 0
            while k < len(y):
                r = p[k:k+B]
                w = w - lr * 2 * np.mean((X[r] @ w - y[r])[:, None] * X[r], axis=0)
                k += B
            return w
        """,
    ),
    (
        "2.4",
        """
        def f(X, y, w, lr, B, rng):
            p = rng.permutation(len(y))
            for r in np.split(p, range(B, len(p), B)):
                w = gradient_step(X[r], y[r], w, lr)[0]
            return w
        """,
    ),
    (
        "2.5",
        """
        def f(model, optimizer, X, y):
            model.zero_grad()
            loss = ((model(X)[:, 0] - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            return float(loss)
        """,
    ),
    (
        "2.5",
        """
        def f(model, optimizer, X, y):
            loss = nn.functional.mse_loss(model(X), y.unsqueeze(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.detach().item()
        """,
    ),
    (
        "2.5",
        """
        def f(model, optimizer, X, y):
            def closure():
                optimizer.zero_grad()
                loss = nn.MSELoss()(model(X).flatten(), y)
                loss.backward()
                return loss
            return optimizer.step(closure).item()
        """,
    ),
    (
        "2.5",
        """
        def f(model, optimizer, X, y):
            for p in model.parameters():
                p.grad = None
            l = torch.mean((model(X).view(-1) - y).pow(2))
            l.backward()
            optimizer.step()
            optimizer.zero_grad()
            return l.item()
        """,
    ),
    (
        "2.6",
        """
        def f(step, X, y, w):
            for _ in range(20):
                w = step(w, 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max())[0]
            return w
        """,
    ),
    (
        "2.6",
        """
        def f(step, X, y, w):
            for _ in range(20):
                g = 2 / len(y) * X.T @ (X @ w - y)
                Hg = 2 / len(y) * X.T @ (X @ g)
                w, _ = step(w, g @ g / (g @ Hg + 1e-300))
            return w
        """,
    ),
    (
        "2.6",
        """
        def f(step, X, y, w):
            lam = np.linalg.eigvalsh(2 / len(X) * X.T @ X)
            for l in lam:
                w, loss = step(w, 1 / l)
            return w
        """,
    ),
    (
        "2.6",
        """
        def f(step, X, y, w):
            rate, (new, loss) = 1.0, step(w, 0.0)
            rate = 1 / (2 * np.mean(np.sum(X**2, axis=1)))
            for _ in range(19):
                w, loss = step(w, 3 * rate if X.shape[1] > 1 else rate)
            return w
        """,
    ),
]

#: Wrong answers: (exercise, what the check says; "" where it may say that the numbers differ,
#: the answer).
WRONG = [
    (
        "1.1",
        "The square belongs to the error",
        "def f(X, y, weight): return np.mean(X @ weight - y ** 2)",
    ),
    (
        "1.1",
        "Both are squared before their",
        "def f(X, y, weight): return np.mean((X @ weight) ** 2 - y ** 2)",
    ),
    (
        "1.1",
        "This is the sum of the absolute",
        "def f(X, y, weight): return np.sum(np.abs(X @ weight - y))",
    ),
    (
        "1.1",
        "The errors are doubled, not squared",
        "def f(X, y, weight): return np.mean((X @ weight - y) * 2)",
    ),
    (
        "1.1",
        "The sum is squared; expected the mean",
        "def f(X, y, weight): return (np.sum(X @ weight) - np.sum(y)) ** 2 / len(y)",
    ),
    (
        "1.1",
        "MSE: divided by n as well: a mean",
        "def f(X, y, weight): return np.sum((X @ weight - y) ** 2) / X.size",
    ),
    ("1.1", "", "def f(X, y, weight): return np.mean((X * weight - y[:, None]) ** 2)"),
    (
        "1.1",
        "weight is not used: this is the error",
        "def f(X, y, weight): return np.mean((X.sum(axis=1) - y) ** 2)",
    ),
    (
        "1.1",
        "This is the standard deviation of the",
        "def f(X, y, weight): return np.std(X @ weight - y)",
    ),
    (
        "1.1",
        "It stops with ValueError: the shapes",
        "def f(X, y, weight): return np.mean((weight @ X - y) ** 2)",
    ),
    (
        "1.1",
        "MSE: a list comes back, expected a",
        "def f(X, y, weight): return [np.mean((X @ weight - y) ** 2)]",
    ),
    (
        "1.1",
        "MSE: None comes back. Is there a",
        "def f(X, y, weight): print(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "MSE is rounded to 0 digits after the",
        "def f(X, y, weight): return int(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "This is the mean of the absolute",
        "def f(X, y, weight): return np.mean(np.sqrt((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "The last example is left out. X (3",
        """
        def f(X, y, weight):
            total = 0
            for i in range(len(y) - 1):
                total += (X[i] @ weight - y[i]) ** 2
            return total / len(y)
        """,
    ),
    (
        "1.1",
        "Only the first example counts. Does a",
        """
        def f(X, y, weight):
            total = 0
            for i in range(len(y)):
                total += (X[i] @ weight - y[i]) ** 2
                return total / len(y)
        """,
    ),
    (
        "1.2",
        "The size of the errors is used",
        "def f(X, y, weight): return 2 * X.T @ np.abs(X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "The errors are squared here, too. The",
        "def f(X, y, weight): return 2 / len(y) * X.T @ (X @ weight - y) ** 2",
    ),
    (
        "1.2",
        "The square is forgotten: each vote is",
        "def f(X, y, weight): return 2 * np.mean(X, axis=0)",
    ),
    ("1.2", "", "def f(X, y, weight): return 2 * np.mean(X @ weight - y) * weight"),
    (
        "1.2",
        "gradient has the shape (3,), expected",
        "def f(X, y, weight): return 2 * (X @ weight - y)",
    ),
    (
        "1.2",
        "gradient: a factor 2 is missing, and",
        "def f(X, y, weight): return X.T @ X @ weight - X.T @ y",
    ),
    (
        "1.2",
        "gradient: a float64 comes back",
        "def f(X, y, weight): return np.sum((X @ weight - y) * X.T)",
    ),
    (
        "1.2",
        "The mean of X is multiplied by the",
        "def f(X, y, weight): return 2 * np.mean(X, axis=0) * np.mean(X @ weight - y)",
    ),
    (
        "1.2",
        "gradient: a float64 comes back",
        "def f(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).sum()",
    ),
    (
        "1.2",
        "It stops with ValueError: operands",
        "def f(X, y, weight): return 2 / len(y) * (X @ weight - y) * X",
    ),
    (
        "1.2",
        "This is where a step leads, weight",
        "def f(X, y, weight): return weight - 2 / len(y) * X.T @ (X @ weight - y)",
    ),
    ("1.2", "", "def f(X, y, weight): return 2 * np.linalg.norm(X @ weight - y) * X.mean(axis=0)"),
    ("1.2", "", "def f(X, y, weight): return 0.1 * X.T @ (X @ weight - y)"),
    (
        "1.2",
        "gradient has the shape (3,), expected",
        "def f(X, y, weight): return np.gradient((X @ weight - y) ** 2)",
    ),
    (
        "1.3",
        "The step is always 1; use the",
        """
        def f(f, weight, h):
            g = np.zeros(len(weight))
            for j in range(len(weight)):
                e = np.zeros(len(weight)); e[j] = 1
                g[j] = (f(weight + e) - f(weight - e)) / 2
            return g
        """,
    ),
    (
        "1.3",
        "All zero. Is each slope stored in the",
        """
        def n(f, weight, h):
            g = np.zeros(len(weight))
            for j in range(len(weight)):
                a = weight; b = weight
                a[j] += h; b[j] -= h
                g[j] = (f(a) - f(b)) / (2 * h)
            return g
        """,
    ),
    (
        "1.3",
        "gradient: a float comes back",
        """
        def n(f, weight, h):
            for j in range(len(weight)):
                e = np.zeros(len(weight)); e[j] = h
                g = (f(weight + e) - f(weight - e)) / (2 * h)
            return g
        """,
    ),
    (
        "1.3",
        "gradient: a list comes back, expected",
        """
        def n(f, weight, h):
            g = []
            for j in range(len(weight)):
                e = np.zeros(len(weight)); e[j] = h
                g.append((f(weight + e) - f(weight - e)) / (2 * h))
            return g
        """,
    ),
    (
        "1.3",
        "This is the second derivative. Asked",
        """
        def n(f, weight, h):
            return np.array([(f(weight + h*e) - 2*f(weight) + f(weight - h*e)) / h**2
                             for e in np.eye(len(weight))])
        """,
    ),
    (
        "1.3",
        "The sign is lost: a slope may be",
        """
        def n(f, weight, h):
            return np.array([abs(f(weight + h*e) - f(weight - h*e)) / (2*h)
                             for e in np.eye(len(weight))])
        """,
    ),
    (
        "1.3",
        "It stops with IndexError: invalid",
        """
        def n(f, weight, h):
            return np.array([(f(w + h) - f(w - h)) / (2 * h) for w in weight])
        """,
    ),
    ("1.4", "Hessian has the shape (3, 2)", "def f(X): return 2 * X / len(X)"),
    ("1.4", "", "def f(X): return np.linalg.inv(X.T @ X)"),
    ("1.4", "Hessian: a factor 2 is missing, and m", "def f(X): return X.T @ X"),
    ("1.4", "", "def f(X): return 2 * np.eye(X.shape[1])"),
    ("1.4", "Hessian: a float64 comes back", "def f(X): return np.corrcoef(X.T)"),
    ("1.4", "It stops with ValueError: shapes", "def f(X): return 2 / len(X) * np.dot(X, X)"),
    ("1.4", "Hessian has the shape (2,), expected", "def f(X): return 2 * np.mean(X, axis=0)"),
    (
        "1.4",
        "The mean of the rows is taken first",
        "def f(X): return 2 * np.outer(X.mean(axis=0), X.mean(axis=0))",
    ),
    (
        "1.4",
        "Hessian: a list comes back, expected",
        "def f(X): return (2 / len(X) * X.T @ X).tolist()",
    ),
    (
        "1.4",
        "Hessian: a float64 comes back",
        "def f(X): return np.linalg.norm(2 / len(X) * X.T @ X)",
    ),
    (
        "1.4",
        "Only one half of the table is there",
        "def f(X): return np.triu(2 / len(X) * X.T @ X)",
    ),
    (
        "1.5",
        "It asks 30 times; the goal is at most",
        "def f(slope): return min(range(-10, 20), key=lambda w: abs(slope(w)))",
    ),
    ("1.5", "It should return the weight at the", "def f(slope): return slope"),
    ("1.5", "It goes down at a fixed rate, the", "def f(slope): return -slope(0) / 2"),
    ("1.5", "What comes back is the curvature", "def f(slope): return slope(1) - slope(0)"),
    (
        "1.5",
        "It goes down at a fixed rate, the",
        "def f(slope): w = 0.0; w -= 0.5 * slope(w); w -= 0.5 * slope(w); return w",
    ),
    (
        "1.5",
        "It should return the weight at the",
        "def f(slope): return -slope(0) / (slope(1) - slope(0)), slope(1)",
    ),
    (
        "1.5",
        "It stops with ZeroDivisionError",
        "def f(slope): return -(slope(1) - slope(0)) / slope(0)",
    ),
    (
        "1.5",
        "As far as it should go, but uphill",
        "def f(slope): return 1 - slope(1) / (slope(0) - slope(1))",
    ),
    (
        "1.5",
        "It goes 0.5 times as far as it",
        "def f(slope): return -slope(0) / (slope(2) - slope(0))",
    ),
    (
        "1.5",
        "It is the bottom, rounded. Return it",
        "def f(slope): return int(-slope(0) / (slope(1) - slope(0)))",
    ),
    (
        "1.5",
        "It asks 48 times; the goal is at most",
        """
        def f(slope):
            lo, hi = -100.0, 100.0
            while hi - lo > 1e-12:
                mid = (lo + hi) / 2
                lo, hi = (mid, hi) if slope(mid) < 0 else (lo, mid)
            return lo
        """,
    ),
    (
        "1.5",
        "It never ends: after 1,000 questions",
        """
        def f(slope):
            w = 0.0
            while abs(slope(w)) > 1e-20:
                w = w - slope(w)
            return w
        """,
    ),
    (
        "1.6",
        "gradient at weight has the shape ()",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = torch.mean((X @ weight - y) ** 2)
            return loss
        """,
    ),
    (
        "1.6",
        "It stops with RuntimeError: grad can",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = (X @ weight - y) ** 2
            loss.backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "It stops with AttributeError: 'float'",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = torch.mean((X @ weight - y) ** 2).item()
            loss.backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "It stops with AttributeError",
        """
        def f(X, y, weight):
            weight.grad.zero_()
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "gradient at weight + 1: This is the",
        """
        def f(X, y, weight):
            weight.grad = None
            torch.mean(torch.abs(X @ weight - y)).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "gradient at weight: None comes back",
        """
        def f(X, y, weight):
            weight.grad = None
            return torch.mean((X @ weight - y) ** 2).backward()
        """,
    ),
    (
        "1.6",
        "The square is forgotten: each vote is",
        """
        def f(X, y, weight):
            weight.grad = None
            torch.mean(X @ weight - y).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "gradient at weight: a tuple comes",
        "def f(X, y, weight): return torch.autograd.grad(((X@weight - y)**2).mean(), weight)",
    ),
    (
        "1.6",
        "It stops with RuntimeError: element 0",
        """
        def f(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight.detach() - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "2.1",
        "new weight: a factor 2 is missing",
        "def f(X, y, w, lr): e = X @ w - y; return w - lr * e @ X, np.mean(e**2)",
    ),
    (
        "2.1",
        "The step goes uphill: the sign is",
        "def f(X, y, w, lr): e = y - X @ w; return w - lr*2/len(y)*X.T @ e, np.mean(e**2)",
    ),
    (
        "2.1",
        "The inner derivative is missing: each",
        "def f(X, y, w, lr): e = X@w - y; return w - lr*2*np.mean(e), np.mean(e**2)",
    ),
    (
        "2.1",
        "The weight is multiplied by what",
        "def f(X, y, w, lr): e = X@w-y; return w*(1 - lr*2/len(y)*X.T@e), np.mean(e**2)",
    ),
    (
        "2.1",
        "The loss stands where its gradient",
        "def f(X, y, w, lr): e = X@w - y; return w - lr * np.mean(e**2), np.mean(e**2)",
    ),
    (
        "2.1",
        "It should return new weight and MSE",
        "def f(X, y, w, lr): e = X@w - y; return [w - lr*2/len(y)*X.T@e, np.mean(e**2)]",
    ),
    (
        "2.1",
        "The squared errors come back",
        "def f(X, y, w, lr): e = X@w - y; return w - lr*2/len(y)*X.T@e, e**2",
    ),
    (
        "2.1",
        "The second result is the mean of the",
        "def f(X, y, w, lr): e = X@w - y; return w - lr*2/len(y)*X.T@e, abs(e).mean()",
    ),
    (
        "2.1",
        "new weight: The weight moves after",
        """
        def f(X, y, w, lr):
            for i in range(len(y)):
                w = w - lr * 2 / len(y) * (X[i] @ w - y[i]) * X[i]
            return w, np.mean((X @ w - y) ** 2)
        """,
    ),
    (
        "2.2",
        "It should return weights and losses",
        """
        def f(X, y, w, lr, epochs):
            W, L = [], []
            for _ in range(epochs):
                w, l = gradient_step(X, y, w, lr)
                W.append(w); L.append(l)
                return np.array(W), np.array(L)
        """,
    ),
    (
        "2.2",
        "The last loss was never filled in: it",
        """
        def f(X, y, w, lr, epochs):
            W, L = np.zeros((epochs + 1, len(w))), np.zeros(epochs + 1)
            W[0] = w
            for k in range(epochs):
                W[k + 1], L[k] = gradient_step(X, y, W[k], lr)
            return W, L
        """,
    ),
    (
        "2.2",
        "The weights are shifted by one: row k",
        """
        def f(X, y, w, lr, epochs):
            W, L = np.zeros((epochs + 1, len(w))), np.zeros(epochs + 1)
            for k in range(epochs + 1):
                w, L[k] = gradient_step(X, y, w, lr)
                W[k] = w
            return W, L
        """,
    ),
    (
        "2.2",
        "The losses are shifted by one: loss 0",
        """
        def f(X, y, w, lr, epochs):
            W, L = np.zeros((epochs + 1, len(w))), np.zeros(epochs + 1)
            W[0] = w
            for k in range(1, epochs + 1):
                W[k], L[k] = gradient_step(X, y, W[k - 1], lr)
            return W, L
        """,
    ),
    (
        "2.2",
        "losses: a float64 comes back",
        """
        def f(X, y, w, lr, epochs):
            W, L = [], []
            for k in range(epochs + 1):
                W.append(w)
                w, l = gradient_step(X, y, w, lr)
                L.append(l)
            return W[-1], L[-1]
        """,
    ),
    (
        "2.2",
        "There is momentum in it: a part of",
        """
        def f(X, y, w, lr, epochs):
            W, L, v = [w], [np.mean((X @ w - y) ** 2)], 0
            for k in range(epochs):
                v = 0.9 * v + 2 / len(y) * X.T @ (X @ w - y)
                w = w - lr * v
                W.append(w); L.append(np.mean((X @ w - y) ** 2))
            return np.array(W), np.array(L)
        """,
    ),
    (
        "2.2",
        "The gradient is taken once, at the",
        """
        def f(X, y, w, lr, epochs):
            W, L = [w], [np.mean((X @ w - y) ** 2)]
            g = 2 / len(y) * X.T @ (X @ w - y)
            for k in range(epochs):
                w = w - lr * g
                W.append(w); L.append(np.mean((X @ w - y) ** 2))
            return np.array(W), np.array(L)
        """,
    ),
    (
        "2.2",
        "The losses are roots of the MSE",
        """
        def f(X, y, w, lr, epochs):
            W, L = [w], [np.sqrt(np.mean((X @ w - y) ** 2))]
            for k in range(epochs):
                w, _ = gradient_step(X, y, w, lr)
                W.append(w); L.append(np.sqrt(np.mean((X @ w - y) ** 2)))
            return np.array(W), np.array(L)
        """,
    ),
    (
        "2.3",
        "It stops with LinAlgError: Last 2",
        "def f(X): return 2 / np.linalg.eigvalsh(X).max()",
    ),
    ("2.3", "", "def f(X): return 2 / np.linalg.norm(X)"),
    (
        "2.3",
        "It stops with LinAlgError",
        "def f(X): return 2 / np.linalg.eigvalsh(np.cov(X.T)).max()",
    ),
    ("2.3", "The mean of the curvatures is used", "def f(X): return 2 / (2 * np.mean(X**2))"),
    (
        "2.3",
        "In the Hessian, 1 / m is missing: it",
        "def f(X): return 1 / np.linalg.eigvalsh(X.T @ X).max()",
    ),
    (
        "2.3",
        "The factor 2 / m of the Hessian is",
        "def f(X): return 2 / np.linalg.svd(X)[1].max() ** 2",
    ),
    (
        "2.3",
        "The largest entry of the Hessian is",
        "def f(X): return 2 / np.max(2 / len(X) * X.T @ X)",
    ),
    (
        "2.3",
        "The smallest curvature is used. The",
        "def f(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[0]",
    ),
    ("2.3", "largest rate is the same for every", "def f(X): return 0.5"),
    (
        "2.3",
        "This is L / 2, upside down: the",
        "def f(X): return np.linalg.eigvalsh(2 / len(X) * X.T @ X).max() / 2",
    ),
    (
        "2.3",
        "It stops with AttributeError",
        "def f(X): return 2 / np.linalg.eigh(2 / len(X) * X.T @ X).max()",
    ),
    (
        "2.4",
        "It, or a function that it calls",
        """
        def f(X, y, w, lr, B, rng):
            rng.shuffle(X)
            for k in range(0, len(y), B):
                w, _ = gradient_step(X[k:k+B], y[k:k+B], w, lr)
            return w
        """,
    ),
    (
        "2.4",
        "Each step uses all examples. Cut the",
        """
        def f(X, y, w, lr, B, rng):
            order = rng.permutation(len(y))
            for k in range(0, len(y), B):
                w, _ = gradient_step(X[order], y[order], w, lr)
            return w
        """,
    ),
    (
        "2.4",
        "It stops with ZeroDivisionError",
        """
        def f(X, y, w, lr, B, rng):
            order = rng.permutation(len(y))
            for k in range(B):
                r = order[k:k+B]
                w, _ = gradient_step(X[r], y[r], w, lr)
            return w
        """,
    ),
    (
        "2.4",
        "Only the first batch was used. Go on",
        """
        def f(X, y, w, lr, B, rng):
            order = rng.permutation(len(y))
            for k in range(0, len(y), B):
                r = order[k:k+B]
                w, _ = gradient_step(X[r], y[r], w, lr)
                return w
        """,
    ),
    (
        "2.4",
        "",
        """
        def f(X, y, w, lr, B, rng):
            order = np.random.permutation(len(y))
            for k in range(0, len(y), B):
                r = order[k:k+B]
                w, _ = gradient_step(X[r], y[r], w, lr)
            return w
        """,
    ),
    (
        "2.4",
        "The batches overlap: a new one starts",
        """
        def f(X, y, w, lr, B, rng):
            order = rng.permutation(len(y))
            for k in range(0, len(y)):
                r = order[k:k+B]
                w, _ = gradient_step(X[r], y[r], w, lr)
            return w
        """,
    ),
    (
        "2.4",
        "It stops with ValueError: several",
        """
        def f(X, y, w, lr, B, rng):
            order = rng.permutation(len(y))
            for k in range(0, len(y), B):
                r = order[k:k+B]
                w = gradient_step(X[r], y[r], w, lr)
            return w
        """,
    ),
    (
        "2.5",
        "It stops with RuntimeError: Boolean",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            loss = nn.MSELoss(model(X).squeeze(1), y)
            loss.backward()
            opt.step()
            return loss.item()
        """,
    ),
    (
        "2.5",
        "It stops with RuntimeError: element 0",
        """
        def f(model, opt, X, y):
            with torch.no_grad():
                loss = nn.MSELoss()(model(X).squeeze(1), y)
            loss.backward()
            opt.step()
            return loss.item()
        """,
    ),
    (
        "2.5",
        "The gradient is accumulated",
        """
        def f(model, opt, X, y):
            opt.zero_grad
            loss = nn.MSELoss()(model(X).squeeze(1), y)
            loss.backward()
            opt.step()
            return loss.item()
        """,
    ),
    (
        "2.5",
        "The first step is right, but the",
        """
        def f(model, opt, X, y):
            opt = torch.optim.SGD(model.parameters(), lr=0.1)
            opt.zero_grad()
            loss = nn.MSELoss()(model(X).squeeze(1), y)
            loss.backward()
            opt.step()
            return loss.item()
        """,
    ),
    (
        "2.5",
        "The model does not move. backward()",
        """
        def f(model, opt, X, y):
            loss = nn.MSELoss()(model(X).squeeze(1), y)
            loss.backward()
            opt.zero_grad()
            opt.step()
            return loss
        """,
    ),
    (
        "2.5",
        "The model does not move. backward()",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            loss = nn.MSELoss()(model(X).squeeze(), y)
            loss.backward()
            return loss.item()
        """,
    ),
    (
        "2.5",
        "",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            loss = nn.SmoothL1Loss()(model(X).squeeze(1), y)
            loss.backward()
            opt.step()
            return loss.item()
        """,
    ),
    (
        "2.6",
        "It swings to and fro: the rate lies",
        """
        def f(step, X, y, w):
            for _ in range(20):
                w, _ = step(w, 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max())
            return w
        """,
    ),
    (
        "2.6",
        "Every step starts at the first weight",
        """
        def f(step, X, y, w):
            for _ in range(20):
                step(w, 0.5)
            return w
        """,
    ),
    (
        "2.6",
        "It stops with ValueError: several",
        """
        def f(step, X, y, w):
            for _ in range(20):
                w = step(w, 0.4)
            return w
        """,
    ),
    (
        "2.6",
        "It takes no step at all. Call weight",
        """
        def f(step, X, y, w):
            for _ in range(20):
                w = w - 0.4 * 2 / len(y) * X.T @ (X @ w - y)
            return w
        """,
    ),
    (
        "2.6",
        "It never ends: after 1,000 steps it",
        """
        def f(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            loss = 1
            while loss > 0.01:
                w, loss = step(w, rate)
            return w
        """,
    ),
    (
        "2.6",
        "It creeps: the rate is far below the",
        """
        def f(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(X.T @ X).max()
            for _ in range(20):
                w, _ = step(w, rate)
            return w
        """,
    ),
    (
        "2.6",
        "It takes no step at all. Call weight",
        "def f(step, X, y, w): return np.linalg.solve(X.T @ X, X.T @ y)",
    ),
    (
        "2.6",
        "It should return the last weight, an",
        """
        def f(step, X, y, w):
            w, loss = step(w, 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max())
            return loss
        """,
    ),
]
