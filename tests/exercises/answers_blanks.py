"""Answers to the blanks of the notebooks: what learners write, and what must be said of it."""

GRADIENT, AUTOGRAD = "Round1_Gradient", "Round1_Gradient-PyTorch"
CURVATURE, SECOND = "Round1_Curvature", "Round1_Curvature-PyTorch"
SGD, TORCH_SGD = "Round2_SGD", "Round2_SGD-PyTorch"

STEP = """
    {head}
        X, y, w = check_arrays(X, y, weight)
        {body}
        return {new}.reshape(np.shape(weight)), float(np.mean(error**2))"""


def _step(body="error = X @ w - y", new="(w - lrate * 2 / len(y) * X.T @ error)"):
    return STEP.format(head="def gradient_step(X, y, weight, lrate):", body=body, new=new)


def _torch_step(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def gradient_step_pytorch(X, y, weight, lrate):
            X, y, w = (torch.tensor(array) for array in check_arrays(X, y, weight))
            w.requires_grad_()
{body}
            return w.detach().numpy().reshape(np.shape(weight)), loss.item()"""


def _walk(*lines, before="weights, losses = [], []", rounds="epochs + 1", step="gradient_step"):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def gradient_descent(X, y, weight, lrate, epochs):
            {before}
            step = {step}
            for _ in range({rounds}):
{body}
            return np.array(weights), np.array(losses)"""


def _batches(*lines, order="rng.permutation(len(y))", end="weights"):
    body = "\n".join(f"                    {line}" for line in lines)
    return f"""
        def minibatch_descent(X, y, weight, lrate, epochs, batch_size, rng):
            weights = [weight]
            for _ in range(epochs):
                order = {order}
                for start in range(0, len(y), batch_size):
                    rows = order[start : start + batch_size]
{body}
            return np.array({end})"""


def _torch_batches(*lines, kept="model.weight.detach().numpy().copy()"):
    body = "\n".join(f"                    {line}" for line in lines)
    return f"""
        def minibatch_descent(X, y, weight, lrate, epochs, batch_size, rng, device="cpu"):
            model, loss_function = LinearModel(weight), nn.MSELoss()
            optimizer = torch.optim.SGD(model.parameters(), lr=lrate)
            loader, weights = make_loader(X, y, batch_size, rng=rng), [weight]
            for _ in range(epochs):
                for X_batch, y_batch in loader:
                    loss = loss_function(model(X_batch), y_batch)
{body}
                    weights.append({kept})
            return np.array(weights)"""


def _model(init="self.weight = nn.Parameter(torch.tensor(weight))", predict="X @ self.weight"):
    return f"""
        class LinearModel(nn.Module):
            def __init__(self, weight):
                super().__init__()
                {init}

            def forward(self, X):
                return {predict}"""


def _gradients(row, rows="s, s + batch_size", end="", step="gradient_step"):
    return f"""
        def batch_gradients(X, y, weight, batch_size):
            step = {step}
            batches = [slice({rows}) for s in range(0, len(y), batch_size)]
            return np.array([{row} for b in batches]){end}"""


#: Wrong answers: (notebook, what must be said, the answer).
WRONG = [
    (GRADIENT, "The mean is squared", "def mse(w): return np.mean(y.mean() + w * x - y) ** 2"),
    (GRADIENT, "not squared", "def mse(w): return np.mean(y.mean() + w * x - y)"),
    (GRADIENT, "the root", "def mse(w): return np.sqrt(np.mean((y.mean() + w * x - y) ** 2))"),
    (GRADIENT, "sum stands where a mean", "def mse(w): return np.sum((y.mean() + w * x - y) ** 2)"),
    (GRADIENT, "2 is missing", "def mse(w): return np.mean((y.mean() + w * x - y) ** 2) / 2"),
    (GRADIENT, "2 is missing", "def gradient(w): return np.mean((y.mean() + w * x - y) * x)"),
    (GRADIENT, "inner derivative", "def gradient(w): return 2 * np.mean(y.mean() + w * x - y)"),
    (GRADIENT, "sign is turned", "def gradient(w): return 2 * np.mean((y - y.mean() - w * x) * x)"),
    (GRADIENT, "votes of the single", "def gradient(w): return 2 * (y.mean() + w * x - y) * x"),
    (GRADIENT, "is the loss", "def gradient(w): return np.mean((y.mean() + w * x - y) ** 2)"),
    (
        GRADIENT,
        "close, but not exact",
        """
        def gradient(w):
            f = lambda w: np.mean((y.mean() + w * x - y) ** 2)
            return (f(w + 1e-5) - f(w)) / 1e-5""",
    ),
    (GRADIENT, "same for every case", "def gradient(w): return -1.25"),
    (GRADIENT, "forward difference", "def central(f, w, h): return (f(w + h) - f(w)) / h"),
    (GRADIENT, "with brackets", "def central(f, w, h): return (f(w + h) - f(w - h)) / 2 * h"),
    (GRADIENT, "divided by h", "def central(f, w, h): return (f(w + h) - f(w - h)) / h"),
    (GRADIENT, "sign is turned", "def central(f, w, h): return (f(w - h) - f(w + h)) / (2 * h)"),
    (
        CURVATURE,
        "2 is missing",
        "def mse_gradient(X, y, weight): return X.T @ (X @ weight - y) / len(y)",
    ),
    (CURVATURE, "sum stands", "def mse_gradient(X, y, weight): return 2 * X.T @ (X @ weight - y)"),
    (CURVATURE, "sign", "def mse_gradient(X, y, weight): return 2 / len(y) * (y - X @ weight) @ X"),
    (GRADIENT, "uphill", _step(new="(w + lrate * 2 / len(y) * X.T @ error)")),
    (GRADIENT, "is the gradient", _step(new="(2 / len(y) * X.T @ error)")),
    (GRADIENT, "new weight", _step(new="(w - lrate * X.T @ error / len(y))")),
    (GRADIENT, "new weight", _step(new="(w - lrate * 2 * X.T @ error)")),
    (AUTOGRAD, "The mean is squared", "def mse(w): return torch.mean(y.mean() + w * x - y) ** 2"),
    (
        AUTOGRAD,
        "a float comes back",
        "def mse(w): return torch.mean((y.mean() + w * x - y) ** 2).item()",
    ),
    (
        AUTOGRAD,
        "sum stands where a mean",
        "def mse(w): return torch.sum((y.mean() + w * x - y) ** 2)",
    ),
    (
        AUTOGRAD,
        "None until backward has run",
        """
        def gradient(w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            mse(w)
            return w.grad""",
    ),
    (
        AUTOGRAD,
        "is the loss",
        """
        def gradient(w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            loss = mse(w)
            loss.backward()
            return loss""",
    ),
    (
        AUTOGRAD,
        "float32",
        """
        def gradient(w):
            w = torch.tensor(w, requires_grad=True)
            mse(w).backward()
            return w.grad""",
    ),
    (
        AUTOGRAD,
        "does not require grad",
        """
        def gradient(w):
            w = torch.tensor(w, dtype=torch.float64)
            mse(w).backward()
            return w.grad""",
    ),
    (
        SECOND,
        "None until backward has run",
        """
        def mse_gradient(X, y, weight):
            weight.requires_grad_()
            mean_squared_error(X, y, weight)
            return weight.grad""",
    ),
    (
        SECOND,
        "sign",
        """
        def mse_gradient(X, y, weight):
            weight = weight.clone().requires_grad_()
            (-mean_squared_error(X, y, weight)).backward()
            return weight.grad""",
    ),
    (
        SECOND,
        "root of the MSE",
        """
        def mse_gradient(X, y, weight):
            weight = weight.clone().requires_grad_()
            mean_squared_error(X, y, weight).sqrt().backward()
            return weight.grad""",
    ),
    (
        SECOND,
        "sum stands",
        """
        def mse_gradient(X, y, weight):
            weight = weight.clone().requires_grad_()
            torch.sum((X @ weight - y) ** 2).backward()
            return weight.grad""",
    ),
    (
        AUTOGRAD,
        "uphill",
        _torch_step(
            "loss = torch.mean((X @ w - y) ** 2)",
            "loss.backward()",
            "with torch.no_grad(): w += lrate * w.grad",
        ),
    ),
    (
        AUTOGRAD,
        "did not move",
        _torch_step("loss = torch.mean((X @ w - y) ** 2)", "loss.backward()", "w - lrate * w.grad"),
    ),
    (
        AUTOGRAD,
        "leaf Variable",
        _torch_step(
            "loss = torch.mean((X @ w - y) ** 2)", "loss.backward()", "w -= lrate * w.grad"
        ),
    ),
    (
        AUTOGRAD,
        "NoneType",
        _torch_step(
            "loss = torch.mean((X @ w - y) ** 2)", "with torch.no_grad(): w -= lrate * w.grad"
        ),
    ),
    (
        SGD,
        "never moves",
        _walk(
            "new, loss = step(X, y, weight, lrate)", "weights.append(weight)", "losses.append(loss)"
        ),
    ),
    (
        SGD,
        "is the one after a step",
        _walk(
            "weight, loss = step(X, y, weight, lrate)",
            "weights.append(weight)",
            "losses.append(step(X, y, weight, lrate)[1])",
        ),
    ),
    (
        SGD,
        "one row too late or too early",
        _walk(
            "weight, loss = step(X, y, weight, lrate)",
            "weights.append(weight)",
            "losses.append(loss)",
        ),
    ),
    (
        SGD,
        "a step too few",
        _walk(
            "weights.append(weight)",
            "weight, loss = step(X, y, weight, lrate)",
            "losses.append(loss)",
            rounds="epochs",
        ),
    ),
    (
        SGD,
        "a step too many",
        _walk(
            "weights.append(weight)",
            "weight, loss = step(X, y, weight, lrate)",
            "losses.append(loss)",
            rounds="epochs + 2",
        ),
    ),
    (
        SGD,
        "largest comes first",
        """
        def extreme_curvatures(X):
            c = np.linalg.eigvalsh(2 / len(X) * X.T @ X)
            return c[-1], c[0]""",
    ),
    (
        SGD,
        "factor 2 / m",
        """
        def extreme_curvatures(X):
            c = np.linalg.eigvalsh(X.T @ X)
            return c[0], c[-1]""",
    ),
    (
        SGD,
        "diagonal",
        """
        def extreme_curvatures(X):
            c = np.diag(2 / len(X) * X.T @ X)
            return c.min(), c.max()""",
    ),
    (
        SGD,
        "singular values",
        """
        def extreme_curvatures(X):
            c = np.linalg.svd(X)[1]
            return c[-1], c[0]""",
    ),
    (
        SGD,
        "starts at the first weight",
        _batches("new, _ = gradient_step(X[rows], y[rows], weight, lrate)", "weights.append(new)"),
    ),
    (
        SGD,
        "never shuffled",
        _batches(
            "weight, _ = gradient_step(X[rows], y[rows], weight, lrate)",
            "weights.append(weight)",
            order="np.arange(len(y))",
        ),
    ),
    (
        SGD,
        "All the rows",
        _batches("weight, _ = gradient_step(X, y, weight, lrate)", "weights.append(weight)"),
    ),
    (
        SGD,
        "start is missing",
        _batches(
            "weight, _ = gradient_step(X[rows], y[rows], weight, lrate)",
            "weights.append(weight)",
            end="weights[1:]",
        ),
    ),
    (SGD, "sign is turned", _gradients("step(X[b], y[b], weight, lrate=1.0)[0] - weight")),
    (SGD, "weights after a step", _gradients("step(X[b], y[b], weight, lrate=1.0)[0]")),
    (
        SGD,
        "starts at row 0",
        _gradients("weight - step(X[b], y[b], weight, lrate=1.0)[0]", rows="0, batch_size"),
    ),
    (
        SGD,
        "mean of all",
        _gradients("weight - step(X[b], y[b], weight, lrate=1.0)[0]", end=".mean(axis=0)"),
    ),
    (
        TORCH_SGD,
        "never moves",
        _walk(
            "new, loss = step(X, y, weight, lrate)",
            "weights.append(weight)",
            "losses.append(loss)",
            step="gradient_step_pytorch",
        ),
    ),
    (
        TORCH_SGD,
        "one row too late or too early",
        _walk(
            "weight, loss = step(X, y, weight, lrate)",
            "weights.append(weight)",
            "losses.append(loss)",
            step="gradient_step_pytorch",
        ),
    ),
    (
        TORCH_SGD,
        "a step too few",
        _walk(
            "weights.append(weight)",
            "weight, loss = step(X, y, weight, lrate)",
            "losses.append(loss)",
            rounds="epochs",
            step="gradient_step_pytorch",
        ),
    ),
    (TORCH_SGD, "nn.Parameter", _model(init="self.weight = torch.tensor(weight)")),
    (TORCH_SGD, "cut off the graph", _model(predict="X @ self.weight.detach()")),
    (
        TORCH_SGD,
        "starts at zero",
        _model(init="self.weight = nn.Parameter(torch.zeros(len(weight), dtype=torch.float64))"),
    ),
    (TORCH_SGD, "pile up", _torch_batches("loss.backward()", "optimizer.step()")),
    (
        TORCH_SGD,
        "never moves",
        _torch_batches("loss.backward()", "optimizer.zero_grad()", "optimizer.step()"),
    ),
    (
        TORCH_SGD,
        "same tensor",
        _torch_batches(
            "optimizer.zero_grad()",
            "loss.backward()",
            "optimizer.step()",
            kept="model.weight.detach().numpy()",
        ),
    ),
    (
        TORCH_SGD,
        "sign is turned",
        _gradients("step(X[b], y[b], weight, lrate=1.0)[0] - weight", step="gradient_step_pytorch"),
    ),
    (
        TORCH_SGD,
        "weights after a step",
        _gradients("step(X[b], y[b], weight, lrate=1.0)[0]", step="gradient_step_pytorch"),
    ),
    (
        TORCH_SGD,
        "all the data",
        _gradients("weight - step(X, y, weight, lrate=1.0)[0]", step="gradient_step_pytorch"),
    ),
    (GRADIENT, "The mean is missing", "def mse(w): return np.mean((w * x - y) ** 2)"),
    (
        CURVATURE,
        "central difference",
        "def forward(f, w, h): return (f(w + h) - f(w - h)) / (2 * h)",
    ),
    (CURVATURE, "Without brackets", "def forward(f, w, h): return f(w + h) - f(w) / h"),
    (CURVATURE, "sign is turned", "def forward(f, w, h): return (f(w) - f(w + h)) / h"),
    (CURVATURE, "forward difference", "def central(f, w, h): return (f(w + h) - f(w)) / h"),
    (CURVATURE, "with brackets", "def central(f, w, h): return (f(w + h) - f(w - h)) / 2 * h"),
    (CURVATURE, "divided by h", "def central(f, w, h): return (f(w + h) - f(w - h)) / h"),
    (
        CURVATURE,
        "The prediction is missing",
        """
        def growth_gradient(w):
            prediction = y.mean() * np.exp(w * x)
            return 2 * np.mean((prediction - y) * x)""",
    ),
    (
        CURVATURE,
        "The x is missing",
        """
        def growth_gradient(w):
            prediction = y.mean() * np.exp(w * x)
            return 2 * np.mean((prediction - y) * prediction)""",
    ),
    (
        CURVATURE,
        "sign is turned",
        """
        def growth_gradient(w):
            prediction = y.mean() * np.exp(w * x)
            return 2 * np.mean((y - prediction) * prediction * x)""",
    ),
    (
        AUTOGRAD,
        "never emptied",
        """
        def descend(empty_grad, steps=40):
            w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
            weights = [0.0]
            for _ in range(steps):
                mse(w).backward()
                with torch.no_grad():
                    w -= 0.1 * w.grad
                weights.append(w.item())
            return weights""",
    ),
    (
        AUTOGRAD,
        "always emptied",
        """
        def descend(empty_grad, steps=40):
            weights = [0.0]
            for _ in range(steps):
                w = torch.tensor(weights[-1], dtype=torch.float64, requires_grad=True)
                mse(w).backward()
                weights.append((w - 0.1 * w.grad).item())
            return weights""",
    ),
    (
        AUTOGRAD,
        "NoneType",
        """
        def descend(empty_grad, steps=40):
            w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
            weights = [0.0]
            for _ in range(steps):
                mse(w).backward()
                if empty_grad:
                    w.grad = None
                with torch.no_grad():
                    w -= 0.1 * w.grad
                weights.append(w.item())
            return weights""",
    ),
    (
        SECOND,
        "a float comes back",
        """
        def growth_gradient(w):
            w = w.clone().requires_grad_()
            return torch.autograd.grad(growth_loss(w), w)[0].item()""",
    ),
    (SECOND, "is the loss", "def growth_gradient(w): return growth_loss(w)"),
    (
        SECOND,
        "sign is turned",
        """
        def growth_gradient(w):
            w = w.clone().requires_grad_()
            return torch.autograd.grad(-growth_loss(w), w)[0]""",
    ),
    (
        SECOND,
        "This is the slope.",
        """
        def curvature(loss, w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            return torch.autograd.grad(loss(w), w, create_graph=True)[0]""",
    ),
    (
        SECOND,
        "does not require grad",
        """
        def curvature(loss, w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            slope = torch.autograd.grad(loss(w), w)[0]
            return torch.autograd.grad(slope, w)[0]""",
    ),
    (
        SECOND,
        "slope squared",
        """
        def curvature(loss, w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            return torch.autograd.grad(loss(w), w)[0] ** 2""",
    ),
    (SECOND, "compares examples", "def hessian(X, y): return 2 / len(X) * X @ X.T"),
    (SECOND, "2 is missing", "def hessian(X, y): return X.T @ X / len(X)"),
    (SECOND, "Only the diagonal", "def hessian(X, y): return torch.diag(2 * torch.mean(X**2, 0))"),
]

#: Right answers in another way: (notebook, the answer).
RIGHT = [
    (GRADIENT, "def mse(w): return sum((y.mean() + w * x - y) ** 2) / m"),
    (GRADIENT, "def gradient(w): return 2 / m * np.sum((y.mean() + w * x - y) * x)"),
    (AUTOGRAD, "def mse(w): return torch.sum((y.mean() + w * x - y) ** 2) / m"),
    (
        CURVATURE,
        """
        def growth_gradient(w):
            p = y.mean() * np.exp(w * x)
            return 2 / m * sum((p - y) * p * x)""",
    ),
    (GRADIENT, "def mse(w): return ((y.mean() + w * x - y) ** 2).sum() / len(x)"),
    (
        GRADIENT,
        "def mse(w): return float(np.dot(y.mean() + w * x - y, y.mean() + w * x - y) / y.size)",
    ),
    (GRADIENT, "def gradient(w): return 2 / len(x) * x @ (y.mean() + x * w - y)"),
    (GRADIENT, "def gradient(w): return -2 * np.mean(x * (y - y.mean() - w * x))"),
    (GRADIENT, "def gradient(w): return sum((y.mean() + w * x - y) * x) / len(x) * 2"),
    (GRADIENT, "def central(f, w, h): return (f(w + h) - f(w - h)) / h / 2"),
    (CURVATURE, "def mse_gradient(X, y, weight): return 2 * ((X @ weight - y) @ X) / len(X)"),
    (AUTOGRAD, "def mse(w): return ((y.mean() + w * x - y) ** 2).mean()"),
    (
        AUTOGRAD,
        """
        def gradient(w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            return torch.autograd.grad(mse(w), w)[0]""",
    ),
    (
        SECOND,
        """
        def mse_gradient(X, y, weight):
            return torch.func.grad(mean_squared_error, argnums=2)(X, y, weight)""",
    ),
    (
        SGD,
        _walk(
            "weights.append(weight)",
            "losses.append(step(X, y, weight, 0.0)[1])",
            "weight = step(X, y, weight, lrate)[0]",
        ),
    ),
    (
        SGD,
        """
        def extreme_curvatures(X):
            values = np.linalg.eigvalsh(X.T @ X) * 2 / len(X)
            return float(values[0]), float(values[-1])""",
    ),
    (
        SGD,
        _batches(
            "error = X[rows] @ weights[-1] - y[rows]",
            "weights += [weights[-1] - lrate * 2 / len(rows) * X[rows].T @ error]",
        ),
    ),
    (TORCH_SGD, _torch_batches("model.zero_grad()", "loss.backward()", "optimizer.step()")),
    (TORCH_SGD, _torch_batches("loss.backward()", "optimizer.step()", "optimizer.zero_grad()")),
    (
        TORCH_SGD,
        _model(
            init="self.weight = nn.Parameter(torch.from_numpy(weight.copy()))",
            predict="(X * self.weight).sum(dim=1)",
        ),
    ),
]
