"""Answers written without a look at what the checks know: right ones in many styles, and wrong
ones.
"""

RIGHT = [
    ("1.1", "def f(X, y, weight): return np.mean(np.log(np.cosh(y - X @ weight)))"),
    ("1.1", "def f(X, y, weight): return np.log(np.cosh(X @ weight - y)).mean()"),
    (
        "1.1",
        "def f(X, y, weight): return np.mean(np.logaddexp(e := X @ weight - y, -e)) - np.log(2)",
    ),
    (
        "1.1",
        "def f(X, y, w): return sum(np.log(np.cosh(x @ w - t)) for x, t in zip(X, y)) / len(X)",
    ),
    (
        "1.1",
        "def f(X, y, weight): return float(np.average(np.log(np.cosh(np.matmul(X, weight) - y))))",
    ),
    (
        "1.1",
        """
        def f(X, y, w):
            size = abs(X @ w - y)
            return np.mean(size + np.log1p(np.exp(-2 * size)) - np.log(2))
        """,
    ),
    ("1.1", "def f(X, y, weight): return np.mean(-np.log(1 / np.cosh(X.dot(weight) - y)))"),
    ("1.1", "def f(X, y, w): return np.einsum('i->', np.log(np.cosh(X @ w - y))) / y.shape[0]"),
    ("1.1", "def f(X, y, w): return np.mean(0.5 * np.log(np.cosh(X @ w - y) ** 2))"),
    ("1.1", "def f(*args): return float(np.mean(np.log(np.cosh(args[0] @ args[2] - args[1]))))"),
    (
        "1.1",
        """
        def f(X, y, weight):
            import math
            total = 0
            for i in range(X.shape[0]):
                guess = 0
                for j in range(X.shape[1]):
                    guess += X[i, j] * weight[j]
                total += math.log(math.cosh(guess - y[i]))
            return total / X.shape[0]
        """,
    ),
    (
        "1.1",
        """
        def f(X, y, weight):
            e = X @ weight - y
            cosh = (np.exp(e) + np.exp(-e)) / 2
            return np.mean(np.log(cosh))
        """,
    ),
    ("1.2", "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y) / len(y)"),
    ("1.2", "def f(X, y, weight): return np.tanh(X @ weight - y) @ X / len(y)"),
    ("1.2", "def f(X, y, weight): return np.mean(np.tanh(X @ weight - y)[:, None] * X, axis=0)"),
    ("1.2", "def f(X, y, weight): return -X.T @ np.tanh(y - X @ weight) / X.shape[0]"),
    (
        "1.2",
        "def f(X, y, weight): return np.array([np.mean(np.tanh(X @ weight - y) * c) for c in X.T])",
    ),
    (
        "1.2",
        "def f(X, y, weight): return np.einsum('ij,i->j', X, np.tanh(X @ weight - y)) / len(y)",
    ),
    ("1.2", "def f(X, y, w): return sum(np.tanh(x @ w - t) * x for x, t in zip(X, y)) / len(y)"),
    ("1.2", "def f(X, y, weight): return (X.T * np.tanh(X @ weight - y)).mean(axis=1)"),
    (
        "1.2",
        "def f(X, y, weight): return X.T @ (np.sinh(e := X @ weight - y) / np.cosh(e)) / len(y)",
    ),
    (
        "1.2",
        "def f(X, y, weight): return X.T @ (1 - 2 / (np.exp(2 * (X @ weight - y)) + 1)) / len(y)",
    ),
    ("1.2", "def f(X, y, w): return np.dot(X.T, np.tanh(np.dot(X, w) - y)) / y.size"),
    (
        "1.2",
        """
        def f(X, y, weight):
            g = np.zeros_like(weight)
            for i in range(len(y)):
                g += np.tanh(X[i] @ weight - y[i]) * X[i]
            return g / len(y)
        """,
    ),
    (
        "1.2",
        """
        def f(X, y, weight):
            g = []
            for j in range(X.shape[1]):
                total = 0.0
                for i in range(X.shape[0]):
                    total += X[i, j] * np.tanh(X[i] @ weight - y[i])
                g.append(total / X.shape[0])
            return np.array(g)
        """,
    ),
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
    (
        "1.3",
        """
        def g(f, weight, h):
            I = np.eye(weight.shape[0]) * h
            return np.fromiter(((f(weight + r) - f(weight - r)) / 2 / h for r in I), float)
        """,
    ),
    (
        "1.3",
        """
        def g(f, weight, h):
            out = []
            for j, w in enumerate(weight):
                up = weight.tolist(); up[j] = w + h
                dn = weight.tolist(); dn[j] = w - h
                out.append((f(np.array(up)) - f(np.array(dn))) / (2.0 * h))
            return np.array(out)
        """,
    ),
    (
        "1.3",
        """
        def g(f, weight, h):
            j, g = 0, np.zeros_like(weight)
            while j < len(weight):
                u = np.zeros_like(weight); u[j] = 1
                g[j] = 0.5 / h * (f(weight + h * u) - f(weight - h * u))
                j += 1
            return g
        """,
    ),
    (
        "1.4",
        """
        def f(X): return np.dot(X.T, X) / (len(X) / 2)
        """,
    ),
    (
        "1.4",
        """
        def f(X):
            n = X.shape[1]
            H = np.zeros((n, n))
            for i in range(n):
                for j in range(n):
                    H[i, j] = 2 * np.mean(X[:, i] * X[:, j])
            return H
        """,
    ),
    (
        "1.4",
        """
        def f(X): A = X / np.sqrt(len(X) / 2); return A.T @ A
        """,
    ),
    (
        "1.5",
        """
        def f(slope):
            w = 3.0
            c = slope(w + 1) - slope(w)
            return w - slope(w) / c
        """,
    ),
    (
        "1.5",
        """
        def f(slope):
            s = [slope(w) for w in (-1, 1)]
            return (s[0] + s[1]) / (s[0] - s[1])
        """,
    ),
    (
        "1.5",
        """
        def f(slope):
            A = np.array([[0, 1], [1, 1]])
            c, b = np.linalg.solve(A, [slope(0), slope(1)])
            return float(-b / c)
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = ((X @ weight - y) ** 2).sum() / len(y)
            loss.backward()
            g = weight.grad
            weight.grad = None
            return g
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            opt = torch.optim.SGD([weight], lr=1.0)
            opt.zero_grad()
            nn.MSELoss()(X @ weight, y).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        """
        def f(X, y, weight):
            return torch.func.grad(lambda w, A, b: ((A @ w - b) ** 2).mean())(weight, X, y).detach()
        """,
    ),
    (
        "2.1",
        """
        def f(X, y, weight, lrate, penalty):
            e = np.dot(X, weight) - y
            shrunk = (1 - 2 * lrate * penalty) * weight
            loss = (e @ e) / e.size + penalty * sum(weight**2)
            return shrunk - 2 * lrate * (e @ X) / e.size, loss
        """,
    ),
    (
        "2.1",
        """
        def f(X, y, weight, lrate, penalty):
            m, n = X.shape
            rows = np.vstack([X, np.sqrt(m * penalty) * np.eye(n)])
            e = rows @ weight - np.append(y, np.zeros(n))
            return weight - lrate * 2 / m * rows.T @ e, float(np.sum(e**2) / m)
        """,
    ),
    (
        "2.1",
        """
        def f(X, y, weight, lrate, penalty):
            w = torch.tensor(weight, requires_grad=True)
            e = torch.from_numpy(X) @ w - torch.from_numpy(y)
            loss = (e**2).mean() + penalty * (w**2).sum()
            loss.backward()
            return weight - lrate * w.grad.numpy(), loss.item()
        """,
    ),
    ("step", "def f(X, y, w, lr): e = X @ w - y; return w - 2*lr/len(y) * e @ X, e @ e / len(e)"),
    (
        "step",
        """
        def f(X, y, w, lr):
            loss = ((X @ w - y) ** 2).mean()
            w = w.copy()
            w -= lr * 2 * np.mean(X * (X @ w - y)[:, None], axis=0)
            return w, loss
        """,
    ),
    (
        "step",
        """
        def f(X, y, weight, lrate):
            g = np.zeros(len(weight))
            for x, t in zip(X, y):
                g = g + 2 * (x @ weight - t) * x / len(y)
            return np.subtract(weight, lrate * g), float(np.mean(np.square(y - X @ weight)))
        """,
    ),
    ("2.3", "def f(X): return len(X) / np.linalg.norm(X, 2) ** 2"),
    ("2.3", "def f(X): return 2 / max(np.linalg.eigvals(2 / len(X) * X.T @ X).real)"),
    ("2.3", "def f(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X @ X.T)[-1]"),
    ("2.3", "def f(X): return len(X) / np.linalg.svd(X, compute_uv=False)[0] ** 2"),
    ("2.3", "def f(X): return 2 / np.linalg.norm(2 / len(X) * X.T @ X, ord=2)"),
    ("2.3", "def f(X): return 1 / np.linalg.eigh(X.T @ X / X.shape[0])[0][-1]"),
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
    (
        "step",
        """
        def f(X, y, weight, lrate):
            pred = X.dot(weight)
            diff = pred - y
            mse = np.mean(diff ** 2)
            grad = (2.0 / X.shape[0]) * X.T.dot(diff)
            new = weight.copy()
            for j in range(len(new)):
                new[j] -= lrate * grad[j]
            return new, mse
        """,
    ),
    (
        "step",
        """
        def f(X, y, w, lr):
            H = 2 / len(y) * X.T @ X
            b = 2 / len(y) * X.T @ y
            return w - lr * (H @ w - b), np.mean((X @ w - y) ** 2)
        """,
    ),
    (
        "2.3",
        """
        def f(X):
            H = 2 / len(X) * X.T @ X
            vals = np.sort(np.linalg.eigvals(H))[::-1]
            return float(2 / vals[0].real)
        """,
    ),
    (
        "2.3",
        """
        def f(X): return 1 / (np.linalg.norm(X, ord=2) ** 2 / len(X))
        """,
    ),
    (
        "2.5",
        """
        def f(model, optimizer, X, y):
            model.train()
            optimizer.zero_grad(set_to_none=False)
            pred = model(X)
            loss = nn.MSELoss()(pred, y.reshape(-1, 1))
            loss.backward()
            optimizer.step()
            return loss.detach().numpy().item()
        """,
    ),
    (
        "2.5",
        """
        def f(model, optimizer, X, y):
            out = model.forward(X).squeeze(-1)
            loss = nn.MSELoss(reduction='sum')(out, y) / len(y)
            [setattr(p, 'grad', None) for p in model.parameters()]
            torch.autograd.backward(loss)
            optimizer.step()
            return loss.item()
        """,
    ),
    (
        "2.6",
        """
        def f(step, X, y, w):
            L = 2 * np.linalg.norm(X, 2) ** 2 / len(X)
            losses = []
            for k in range(20):
                w, loss = step(w, 1.0 / L)
                losses.append(loss)
            return w
        """,
    ),
    (
        "2.6",
        """
        def f(step, X, y, w):
            L = np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]
            v, t = w, 1.0
            for k in range(20):
                new, _ = step(v, 1 / L)
                t2 = (1 + (1 + 4 * t * t) ** 0.5) / 2
                v, w, t = new + (t - 1) / t2 * (new - w), new, t2
            return w
        """,
    ),
    # A list holds the two as well as a tuple: weight, loss = … takes both apart.
    (
        "2.1",
        """
        def f(X, y, w, lrate, p):
            e = X @ w - y
            return [w - lrate * 2 * (X.T @ e / len(y) + p * w), np.mean(e**2) + p * w @ w]
        """,
    ),
]

WRONG = [
    (
        "1.3",
        "The gap is always 1; use the",
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
        "It never ended: after 1,000 questions",
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
        "backward starts at a single number, and here are several",
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
        "It stops with RuntimeError: it does not require grad, so no way leads back",
        """
        def f(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight.detach() - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.3",
        "This is the forward difference. The",
        """
        def g(f, weight, h):
            s = []
            for j in range(len(weight)):
                a = weight.copy(); a[j] += h
                s.append((f(a) - f(weight)) / h)
            return np.array(s)
        """,
    ),
    (
        "1.3",
        "Only the second value is divided",
        """
        def g(f, weight, h):
            s = np.zeros(len(weight))
            for j in range(len(weight)):
                a = weight.copy(); a[j] += h
                b = weight.copy(); b[j] -= h
                s[j] = f(a) - f(b) / (2 * h)
            return s
        """,
    ),
    (
        "1.3",
        "It is divided by 2; the way from w -",
        """
        def g(f, weight, h):
            s = np.zeros(len(weight))
            for j in range(len(weight)):
                u = np.zeros(len(weight)); u[j] = 1
                s[j] = (f(weight + u * h) - f(weight - u * h)) / 2
            return s
        """,
    ),
    (
        "1.3",
        "All zero. Is each slope stored in the",
        """
        def g(f, weight, h):
            s = np.zeros(len(weight))
            for j in range(len(weight)):
                u = np.zeros(len(weight)); u[j] = h
                (f(weight + u) - f(weight - u)) / (2 * h)
            return s
        """,
    ),
    (
        "1.3",
        "gradient: a float comes back",
        """
        def g(f, weight, h):
            s = 0
            for j in range(len(weight)):
                u = np.zeros(len(weight)); u[j] = h
                s += (f(weight + u) - f(weight - u)) / (2 * h)
            return s
        """,
    ),
    (
        "1.3",
        "np.gradient is for a list of values",
        """
        def g(f, weight, h): return np.gradient(f(weight), h)
        """,
    ),
    (
        "1.3",
        "The first weight was never moved: its",
        """
        def g(f, weight, h):
            s = np.zeros(len(weight))
            for j in range(1, len(weight)):
                u = np.zeros(len(weight)); u[j] = h
                s[j] = (f(weight + u) - f(weight - u)) / (2 * h)
            return s
        """,
    ),
    (
        "1.4",
        "It stops with ValueError: operands",
        """
        def f(X): return 2 / len(X) * X.T * X
        """,
    ),
    (
        "1.4",
        "",
        """
        def f(X): return 2 / len(X) * X.T @ X @ X.T @ X
        """,
    ),
    (
        "1.4",
        "Hessian: a factor 2 too many. X (3",
        """
        def f(X): return 4 / len(X) * X.T @ X
        """,
    ),
    (
        "1.4",
        "Hessian: divided by m - 1, where m",
        """
        def f(X): return 2 / (len(X) - 1) * X.T @ X
        """,
    ),
    (
        "1.4",
        "Hessian: the sign is turned round. X",
        """
        def f(X): return -2 / len(X) * X.T @ X
        """,
    ),
    (
        "1.4",
        "Hessian: a float64 comes back",
        """
        def f(X): return np.sum(2 / len(X) * X.T @ X)
        """,
    ),
    (
        "1.4",
        "Hessian: a float64 comes back",
        """
        def f(X): return np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
        """,
    ),
    (
        "1.4",
        "Only the first example counts. Does a",
        """
        def f(X):
            for i in range(len(X)):
                return 2 * np.outer(X[i], X[i])
        """,
    ),
    (
        "1.5",
        "",
        """
        def f(slope): return slope(0) / slope(1)
        """,
    ),
    (
        "1.5",
        "It goes on too long: after 1,000 questions",
        """
        def f(slope):
            w = 0
            for _ in range(1000000): w -= 0.01 * slope(w)
            return w
        """,
    ),
    (
        "1.5",
        "",
        """
        def f(slope): c = slope(1) - slope(0); return 1 / c
        """,
    ),
    (
        "1.5",
        "As far as it should go, but uphill",
        """
        def f(slope): c = slope(1) - slope(0); return slope(0) / c
        """,
    ),
    (
        "1.5",
        "The slope is multiplied by the",
        """
        def f(slope): c = slope(1) - slope(0); return -slope(0) * c
        """,
    ),
    (
        "1.5",
        "",
        """
        def f(slope): return (slope(0) + slope(1)) / 2
        """,
    ),
    (
        "1.5",
        "It goes as far as the slope is large",
        """
        def f(slope): w = 5; return w - slope(w)
        """,
    ),
    (
        "1.5",
        "It stops with TypeError: only",
        """
        def f(slope): s = slope(np.array([0.0, 1.0])); return -s[0] / (s[1] - s[0])
        """,
    ),
    (
        "1.5",
        "It should return the weight at the",
        """
        def f(slope): print(-slope(0) / (slope(1) - slope(0)))
        """,
    ),
    (
        "1.6",
        "The gradient is accumulated",
        """
        def f(X, y, weight):
            loss = torch.mean((X @ weight - y) ** 2)
            loss.backward(retain_graph=True)
            return weight.grad
        """,
    ),
    (
        "1.6",
        "It stops with RuntimeError: it does not require grad, so no way leads back",
        """
        def f(X, y, weight):
            weight = weight.detach()
            loss = torch.mean((X @ weight - y) ** 2)
            loss.backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "gradient at weight: the sign is",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = torch.mean((X @ weight - y) ** 2)
            loss.backward()
            return -weight.grad
        """,
    ),
    (
        "1.6",
        "here are tensors: torch.mean for np.mean",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = np.mean((X @ weight - y) ** 2)
            loss.backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "gradient at weight has the shape (2",
        """
        def f(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad.reshape(-1, 1)
        """,
    ),
    (
        "1.6",
        "This is the gradient of the root of",
        """
        def f(X, y, weight):
            weight.grad = None
            torch.sqrt(torch.mean((X @ weight - y) ** 2)).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "None comes back, and PyTorch warns",
        """
        def f(X, y, weight):
            weight.grad = None
            loss = torch.mean((X @ weight - y) ** 2)
            loss.backward()
            return loss.grad
        """,
    ),
    (
        "step",
        "new weight: a factor 2 is missing",
        "def f(X, y, w, lr): e = X @ w - y; return w - lr * e @ X, np.mean(e**2)",
    ),
    (
        "step",
        "The step goes uphill: the sign is",
        "def f(X, y, w, lr): e = y - X @ w; return w - lr*2/len(y)*X.T @ e, np.mean(e**2)",
    ),
    (
        "step",
        "The inner derivative is missing: each",
        "def f(X, y, w, lr): e = X@w - y; return w - lr*2*np.mean(e), np.mean(e**2)",
    ),
    (
        "step",
        "The weight is multiplied by what",
        "def f(X, y, w, lr): e = X@w-y; return w*(1 - lr*2/len(y)*X.T@e), np.mean(e**2)",
    ),
    (
        "step",
        "The loss stands where its gradient",
        "def f(X, y, w, lr): e = X@w - y; return w - lr * np.mean(e**2), np.mean(e**2)",
    ),
    (
        "step",
        "The squared errors come back",
        "def f(X, y, w, lr): e = X@w - y; return w - lr*2/len(y)*X.T@e, e**2",
    ),
    (
        "step",
        "The second result is the mean of the",
        "def f(X, y, w, lr): e = X@w - y; return w - lr*2/len(y)*X.T@e, abs(e).mean()",
    ),
    (
        "step",
        "new weight: The weight moves after",
        """
        def f(X, y, w, lr):
            for i in range(len(y)):
                w = w - lr * 2 / len(y) * (X[i] @ w - y[i]) * X[i]
            return w, np.mean((X @ w - y) ** 2)
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
        "It stops with RuntimeError: it does not require grad, so no way leads back",
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
        "It never ended: after 1,000 steps",
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
    (
        "step",
        "new weight: a factor 2 is missing. X",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            return w - lr * X.T @ e / len(y), np.mean(e ** 2) / 2
        """,
    ),
    (
        "step",
        "The gradient was divided by its",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            g = 2 * X.T @ e / len(y)
            return w - lr * g / np.linalg.norm(g), np.mean(e ** 2)
        """,
    ),
    (
        "step",
        "It should return new weight and MSE",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            w = w - lr * 2 / len(y) * X.T @ e
            return w
        """,
    ),
    (
        "step",
        "",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            return w - lr * 2 / len(y) * X.T @ e, np.sum(e) ** 2 / len(y)
        """,
    ),
    (
        "step",
        "",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            return (1 - lr) * w - lr * 2 / len(y) * X.T @ e, np.mean(e ** 2)
        """,
    ),
    (
        "step",
        "new weight: divided by n, the number",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            return w - lr * 2 / len(w) * X.T @ e, np.mean(e ** 2)
        """,
    ),
    (
        "step",
        "",
        """
        def f(X, y, w, lr):
            e = X @ w - y
            return w - lr + 2 / len(y) * X.T @ e, np.mean(e ** 2)
        """,
    ),
    (
        "2.3",
        "",
        """
        def f(X): return 2 / np.linalg.eigvalsh(X.T @ X / len(X)).min()
        """,
    ),
    (
        "2.3",
        "All curvatures are added up (the",
        """
        def f(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).sum()
        """,
    ),
    (
        "2.3",
        "The factor 2 / m is squared, too",
        """
        def f(X): return 2 / np.linalg.svd(2 / len(X) * X)[1].max() ** 2
        """,
    ),
    (
        "2.3",
        "",
        """
        def f(X): return 2 / np.mean(X ** 2)
        """,
    ),
    (
        "2.3",
        "largest rate: an array of shape (2,)",
        """
        def f(X): return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)
        """,
    ),
    (
        "2.3",
        "largest rate: the sign is turned",
        """
        def f(X): return -2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
        """,
    ),
    (
        "2.3",
        "largest rate is rounded to 2 digits",
        """
        def f(X): return round(2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max(), 2)
        """,
    ),
    (
        "2.3",
        "largest rate: always 0.99 times the",
        """
        def f(X): return 0.99 * 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
        """,
    ),
    (
        "2.5",
        "The model does not move. backward()",
        """
        def f(model, opt, X, y):
            l = nn.MSELoss()(model(X).squeeze(1), y)
            opt.zero_grad()
            opt.step()
            l.backward()
            return l.item()
        """,
    ),
    (
        "2.5",
        "loss 1: a str comes back, expected a",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            opt.step()
            return str(l.item())
        """,
    ),
    (
        "2.5",
        "loss 1: None comes back. Is there a",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            l.backward()
            opt.step()
        """,
    ),
    (
        "2.5",
        "The step goes uphill. X (3, 2) = [[1",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            l = nn.MSELoss()(model(X).squeeze(1), y)
            (-l).backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "model(X) has the shape (m, 1), y has",
        """
        def f(model, opt, X, y):
            opt.zero_grad()
            l = torch.sum((model(X) - y) ** 2)
            l.backward()
            opt.step()
            return l.item()
        """,
    ),
    (
        "2.5",
        "",
        """
        def f(model, opt, X, y):
            for _ in range(10):
                opt.zero_grad()
                l = nn.MSELoss()(model(X).squeeze(1), y)
                l.backward()
                opt.step()
            return l.item()
        """,
    ),
    (
        "2.6",
        "It diverges: the rate lies above the",
        """
        def f(step, X, y, w):
            for k in range(20):
                w, _ = step(w, 0.5 / (k + 1))
            return w
        """,
    ),
    (
        "2.6",
        "It took 200 steps; the goal allows",
        """
        def f(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            for k in range(200):
                w, _ = step(w, rate)
            return w
        """,
    ),
    (
        "2.6",
        "The weight that comes back is none",
        """
        def f(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            w, _ = step(w, rate)
            return np.linalg.solve(X.T @ X, X.T @ y)
        """,
    ),
    (
        "2.6",
        "Every step starts at the first weight",
        """
        def f(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            for k in range(20):
                new, loss = step(w, rate)
            return new
        """,
    ),
    (
        "2.6",
        "It should return the last weight, an",
        """
        def f(step, X, y, w):
            rate = 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).max()
            for k in range(20):
                w, loss = step(w, rate)
        """,
    ),
    (
        "2.6",
        "It never ended: after 500,000 lines",
        """
        def f(step, X, y, w):
            rate = 1
            for k in range(20):
                new, loss = step(w, rate)
                while np.mean((X @ new - y) ** 2) > loss:
                    rate /= 2
                w = new
            return w
        """,
    ),
]
