"""Answers to the blanks of the notebooks: what learners write, and what must be said of it."""

GRADIENT, AUTOGRAD = "Round1_Gradient", "Round1_Gradient-PyTorch"
CURVATURE, SECOND = "Round1_Curvature", "Round1_Curvature-PyTorch"
SGD, TORCH_SGD = "Round2_SGD", "Round2_SGD-PyTorch"
NOISE, TORCH_NOISE = "Round2_Noise", "Round2_Noise-PyTorch"

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


def _by_rows(*lines, kept="model.weight.detach().numpy().copy()"):
    body = "\n".join(f"                    {line}" for line in lines)
    return f"""
        def minibatch_by_rows(X, y, weight, lrate, epochs, batch_size, rng):
            X, y, model = torch.from_numpy(X), torch.from_numpy(y), LinearModel(weight)
            optimizer, weights = torch.optim.SGD(model.parameters(), lr=lrate), [weight]
            for _ in range(epochs):
                order = torch.from_numpy(rng.permutation(len(y)))
                for rows in order.split(batch_size):
                    loss = loss_function(model(X[rows]), y[rows])
{body}
                    weights.append({kept})
            return np.array(weights)"""


def _descend(*lines, after="return model"):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def descend(model, X, y, lrate, epochs):
            optimizer = torch.optim.SGD(model.parameters(), lr=lrate)
            for _ in range(epochs):
                loss = loss_function(model(X), y)
{body}
            {after}"""


def _border(result):
    return f"def border_of(X): return {result}"


def _border_by_autograd(*lines, result="2 / curvature.item()"):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def border_of(X):
            w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
            loss = torch.mean((torch.from_numpy(X) @ w) ** 2)
            (slope,) = torch.autograd.grad(loss, w, create_graph=True)
{body}
            return {result}"""


def _noisy(w="weights[-1]", gradient="2 * np.mean(x * error[:, :, None], axis=1)", new="w - lrate"):
    return f"""
        def noisy_descent(X, y, weight, lrates, rows):
            weights = [np.tile(weight, (rows.shape[1], 1))]
            for lrate, batch in zip(lrates, rows):
                x, w = X[batch], {w}
                error = np.sum(x * w[:, None], axis=2) - y[batch]
                weights.append({new} * {gradient})
            return np.array(weights)"""


def _loader(arguments, before="order = order"):
    return f"""
        def loader_of(X, y, batch_size, order):
            {before}
            dataset = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
            return DataLoader(dataset, {arguments})"""


def _of_each(inside="(x @ w - target) ** 2", dims="(None, 0, 0)", end=""):
    return f"""
        def single_gradients(X, y, weight):
            def loss_of_one(w, x, target):
                return {inside}

            of_each = torch.func.vmap(torch.func.grad(loss_of_one), {dims})
            found = of_each(*map(torch.from_numpy, (weight, X, y))).numpy()
            return found{end}"""


#: Wrong answers: (notebook, what must be said, the answer).
#: The lines of a walk that is right.
WHOLE = (
    "weights.append(weight)",
    "weight, loss = step(X, y, weight, lrate)",
    "losses.append(loss)",
)

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
        "is changed in place, which is allowed under torch.no_grad() only",
        _torch_step(
            "loss = torch.mean((X @ w - y) ** 2)", "loss.backward()", "w -= lrate * w.grad"
        ),
    ),
    (
        AUTOGRAD,
        "something here is None: a .grad before backward() has run",
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
    (NOISE, "sign is turned", _gradients("step(X[b], y[b], weight, lrate=1.0)[0] - weight")),
    (NOISE, "weights after a step", _gradients("step(X[b], y[b], weight, lrate=1.0)[0]")),
    (
        NOISE,
        "starts at row 0",
        _gradients("weight - step(X[b], y[b], weight, lrate=1.0)[0]", rows="0, batch_size"),
    ),
    (
        NOISE,
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
    (TORCH_SGD, "called w", _model("self.w = nn.Parameter(torch.tensor(weight))", "X @ self.w")),
    (TORCH_SGD, "cut off the graph", _model(predict="X @ self.weight.detach()")),
    (
        TORCH_SGD,
        "starts at zero",
        _model(init="self.weight = nn.Parameter(torch.zeros(len(weight), dtype=torch.float64))"),
    ),
    (TORCH_NOISE, "pile up", _torch_batches("loss.backward()", "optimizer.step()")),
    (
        TORCH_NOISE,
        "never moves",
        _torch_batches("loss.backward()", "optimizer.zero_grad()", "optimizer.step()"),
    ),
    (
        TORCH_NOISE,
        "same tensor",
        _torch_batches(
            "optimizer.zero_grad()",
            "loss.backward()",
            "optimizer.step()",
            kept="model.weight.detach().numpy()",
        ),
    ),
    (
        TORCH_NOISE,
        "sign is turned",
        _gradients("step(X[b], y[b], weight, lrate=1.0)[0] - weight", step="gradient_step_pytorch"),
    ),
    (
        TORCH_NOISE,
        "weights after a step",
        _gradients("step(X[b], y[b], weight, lrate=1.0)[0]", step="gradient_step_pytorch"),
    ),
    (
        TORCH_NOISE,
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
        "something here is None: a .grad before backward() has run",
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
    (SGD, "where one step arrives", _border("1 / (2 * np.mean(X**2))")),
    (SGD, "The 2 of L", _border("2 / np.mean(X**2)")),
    (SGD, "This is L", _border("2 * np.mean(X**2)")),
    (SGD, "sum of the squares", _border("2 / (2 * np.sum(X**2))")),
    (SGD, "taken away", _border("1 / np.var(X)")),
    (SGD, "mean of x is squared", _border("1 / np.mean(X) ** 2")),
    (TORCH_SGD, "where one step arrives", _border("0.5 / torch.tensor(X).square().mean().item()")),
    (
        TORCH_SGD,
        "This is L",
        _border_by_autograd(
            "(curvature,) = torch.autograd.grad(slope, w)", result="curvature.item()"
        ),
    ),
    (
        TORCH_SGD,
        "The 2 of L",
        _border_by_autograd("(curvature,) = torch.autograd.grad(slope / 2, w)"),
    ),
    (TORCH_SGD, "pile up", _descend("loss.backward()", "optimizer.step()")),
    (
        TORCH_SGD,
        "step before",
        _descend("optimizer.step()", "optimizer.zero_grad()", "loss.backward()"),
    ),
    (
        TORCH_SGD,
        "never moves",
        _descend("loss.backward()", "optimizer.zero_grad()", "optimizer.step()"),
    ),
    (
        TORCH_SGD,
        "single step",
        _descend("optimizer.zero_grad()", "loss.backward()", "optimizer.step()", "return model"),
    ),
    (
        TORCH_SGD,
        "None comes back",
        _descend("optimizer.zero_grad()", "loss.backward()", "optimizer.step()", after="return"),
    ),
    (TORCH_SGD, "pile up", _by_rows("loss.backward()", "optimizer.step()")),
    (
        TORCH_SGD,
        "batch before",
        _by_rows("optimizer.step()", "optimizer.zero_grad()", "loss.backward()"),
    ),
    (
        TORCH_SGD,
        "same tensor",
        _by_rows(
            "optimizer.zero_grad()",
            "loss.backward()",
            "optimizer.step()",
            kept="model.weight.detach().numpy()",
        ),
    ),
    (NOISE, "mean was not taken", "def scatter(single): return np.mean(np.sum(single**2, axis=1))"),
    (NOISE, "columns are averaged", "def scatter(single): return np.mean(single.var(axis=0))"),
    (
        NOISE,
        "sum over the rows",
        "def scatter(single): return np.sum((single - single.mean(axis=0)) ** 2)",
    ),
    (NOISE, "m - 1", "def scatter(single): return single.var(axis=0, ddof=1).sum()"),
    (
        NOISE,
        "of each row",
        """
        def scatter(single):
            noise = single - single.mean(axis=1)[:, None]
            return np.mean(np.sum(noise**2, axis=1))""",
    ),
    (NOISE, "first weights", _noisy(w="weights[0]")),
    (NOISE, "uphill", _noisy(new="w + lrate")),
    (NOISE, "factor 2", _noisy(gradient="np.mean(x * error[:, :, None], axis=1)")),
    (NOISE, "added up", _noisy(gradient="2 * np.sum(x * error[:, :, None], axis=1)")),
    (NOISE, "no cap", "def rate_for(aim, B, S, L): return 2 * B * aim / S"),
    (NOISE, "whole aim", "def rate_for(aim, B, S, L): return min(4 * B * aim / S, 1 / (2 * L))"),
    (NOISE, "larger of the two", "def rate_for(aim, B, S, L): return max(2*B*aim/S, 1 / (2 * L))"),
    (NOISE, "The cap is 1 / L", "def rate_for(aim, B, S, L): return min(2 * B * aim / S, 1 / L)"),
    (NOISE, "wrong side", "def rate_for(aim, B, S, L): return min(2 * aim / S / B, 1 / (2 * L))"),
    (TORCH_NOISE, "order of the data", _loader("batch_size=batch_size")),
    (TORCH_NOISE, "one example", _loader("sampler=order")),
    (TORCH_NOISE, "drop_last", _loader("batch_size=batch_size, sampler=order, drop_last=True")),
    (TORCH_NOISE, "mean of all", _of_each(end=".mean(axis=0)")),
    (TORCH_NOISE, "sum of all", _of_each(end=".sum(axis=0)")),
    (TORCH_NOISE, "divided by m", _of_each(end=" / len(y)")),
    (
        TORCH_NOISE,
        "of all the data",
        """
        def single_gradients(X, y, weight):
            X, y, w = map(torch.from_numpy, (X, y, weight))
            loss = lambda w: torch.mean((X @ w - y) ** 2)
            return torch.func.grad(loss)(w).repeat(len(y), 1).numpy()""",
    ),
    # Right for rows of numbers alone.
    (
        GRADIENT,
        "Right for rows, but not for y",
        """
        def gradient_step(X, y, weight, lrate):
            error = X @ weight - y
            return weight - lrate * 2 / len(y) * X.T @ error, float(np.mean(error**2))""",
    ),
    (GRADIENT, "the shape that came in", _step().replace(".reshape(np.shape(weight))", "")),
    (
        GRADIENT,
        "should be refused with a ValueError",
        """
        def gradient_step(X, y, weight, lrate):
            y, w = np.ravel(y), np.ravel(weight)
            error = X @ w - y
            new = w - lrate * 2 / len(y) * X.T @ error
            return new.reshape(np.shape(weight)), float(np.mean(error**2))""",
    ),
    # The numbers are right, and autograd finds no way back.
    *[
        (AUTOGRAD, "no way leads back from them to w", f"def mse(w): {lines}")
        for lines in (
            "return torch.mean((y.mean() + w * x - y) ** 2).detach()",
            "return torch.mean((y.mean() + float(w) * x - y) ** 2)",
            "w = torch.tensor(float(w), requires_grad=True, dtype=y.dtype);"
            " return torch.mean((y.mean() + w * x - y) ** 2)",
        )
    ],
    # A tensor of the caller's is changed: its requires_grad.
    (
        SECOND,
        "turns requires_grad on in the caller's own tensor",
        """
        def growth_gradient(w):
            w.requires_grad_()
            return torch.autograd.grad(growth_loss(w), w)[0]""",
    ),
    (
        SECOND,
        "turns requires_grad on in the caller's own tensor",
        """
        def mse_gradient(X, y, weight):
            weight.requires_grad_()
            return torch.autograd.grad(mean_squared_error(X, y, weight), weight)[0]""",
    ),
    (
        SECOND,
        "it comes back in a tuple",
        """
        def growth_gradient(w):
            w = w.clone().requires_grad_()
            return torch.autograd.grad(growth_loss(w), w)""",
    ),
    (
        SECOND,
        "The slope and the curvature are added up",
        """
        def curvature(loss, w):
            w = torch.tensor(w, dtype=torch.float64, requires_grad=True)
            slope = torch.autograd.grad(loss(w), w, create_graph=True)[0]
            loss(w).backward()
            slope.backward()
            return w.grad""",
    ),
    (GRADIENT, "342 are the notebook's", "def mse(w): return np.mean((w * np.ones(342) - y) ** 2)"),
    (
        GRADIENT,
        "mean is 0 only",
        "def gradient(w): return 2 * np.mean(x**2) * w - 2 * np.mean(x * y)",
    ),
    (GRADIENT, "which gives w", "def gradient(w): return 2 * np.mean((y.mean() + w * x - y) * w)"),
    (
        GRADIENT,
        "only y is multiplied",
        "def gradient(w): return 2 * np.mean(y.mean() + w * x - y * x)",
    ),
    (
        GRADIENT,
        "multiplied by y",
        "def gradient(w): return 2 * np.mean((y.mean() + w * x - y) * y)",
    ),
    (
        GRADIENT,
        "a forward difference, an approximation",
        """
        def gradient(w):
            def loss(w): return np.mean((y.mean() + w * x - y) ** 2)
            return (loss(w + 0.1) - loss(w)) / 0.1""",
    ),
    (GRADIENT, "the backward difference", "def central(f, w, h): return (f(w) - f(w - h)) / h"),
    (GRADIENT, "are added", "def central(f, w, h): return (f(w + h) + f(w - h)) / (2 * h)"),
    (GRADIENT, "Without brackets", "def central(f, w, h): return f(w + h) - f(w - h) / (2 * h)"),
    (GRADIENT, "half as far", "def central(f, w, h): return (f(w + h / 2) - f(w - h / 2)) / h"),
    (GRADIENT, "always 0.1", "def central(f, w, h): return (f(w + 0.1) - f(w - 0.1)) / 0.2"),
    (
        CURVATURE,
        "the second difference",
        "def central(f, w, h): return (f(w + h) - 2 * f(w) + f(w - h)) / h**2",
    ),
    (CURVATURE, "multiplied by h", "def forward(f, w, h): return (f(w + h) - f(w)) * h"),
    (
        CURVATURE,
        "which gives w",
        """
        def growth_gradient(w):
            prediction = y.mean() * np.exp(w * x)
            return 2 * np.mean((prediction - y) * prediction * w)""",
    ),
    (
        CURVATURE,
        "the straight line's MSE",
        "def growth_gradient(w): return 2 * np.mean((y.mean() + w * x - y) * x)",
    ),
    (
        CURVATURE,
        "The prediction is the straight line's",
        """
        def growth_gradient(w):
            prediction = y.mean() + w * x
            return 2 * np.mean((prediction - y) * prediction * x)""",
    ),
    *[
        (
            AUTOGRAD,
            says,
            f"""
            def descend(empty_grad, steps=40):
                w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
                weights = [{kept}]
                for _ in range({turns}):
                    if {switch}:
                        w.grad = None
                    torch.mean((y.mean() + w * x - y) ** 2).backward()
                    with torch.no_grad():
                        w -= 0.1 * w.grad
                    weights.append({kept})
                return weights""",
        )
        for says, kept, turns, switch in (
            ("The switch is turned round", "w.item()", "steps", "not empty_grad"),
            ("It takes 40 steps, whatever", "w.item()", "40", "empty_grad"),
            ("it holds one tensor again and again", "w", "steps", "empty_grad"),
        )
    ],
    (
        TORCH_SGD,
        "lies where the caller's array lies",
        _model("self.weight = nn.Parameter(torch.from_numpy(weight))"),
    ),
    # Errors of PyTorch whose own words lead astray.
    (TORCH_SGD, "torch.tensor(weight)", _model("self.weight = nn.Parameter(weight)")),
    (TORCH_SGD, "with a small t", _model("self.weight = nn.Parameter(torch.Tensor(weight))")),
    (
        TORCH_SGD,
        "Before the loop: torch.from_numpy(X)",
        _by_rows("loss.backward()").replace("torch.from_numpy(X), torch.from_numpy(y)", "X, y"),
    ),
    (
        TORCH_SGD,
        "kept on self",
        _model("weight = nn.Parameter(torch.tensor(weight))", "X @ weight"),
    ),
    (SGD, "the number of the notebook's penguins", _border("342 / np.sum(X**2)")),
    (TORCH_NOISE, "hands that over whole", _of_each(dims="(0, 0, 0)")),
    (
        TORCH_NOISE,
        "takes predictions and targets",
        _of_each().replace("grad(loss_of_one)", "grad(loss_function)"),
    ),
    (
        TORCH_NOISE,
        "Let the weight come first",
        _of_each(dims="(0, 0, None)")
        .replace("loss_of_one(w, x, target)", "loss_of_one(x, target, w)")
        .replace("(weight, X, y)", "(X, y, weight)"),
    ),
    (TORCH_NOISE, "asks for shuffle", _loader("batch_size, order")),
    (TORCH_NOISE, "asks for shuffle", _loader("batch_size=batch_size, shuffle=order")),
    (
        TORCH_NOISE,
        "vmap and grad want tensors",
        _of_each().replace("*map(torch.from_numpy, (weight, X, y))", "weight, X, y"),
    ),
    (
        TORCH_NOISE,
        "vmap and grad want tensors",
        _of_each().replace("(weight, X, y))", "(X, y))").replace("(*map", "(weight, *map"),
    ),
    (
        TORCH_NOISE,
        "Ask for each loss alone",
        """
        def batch_gradients(X, y, weight, batch_size):
            w = torch.tensor(weight, requires_grad=True)
            losses = [loss_function(X_batch @ w, y_batch)
                      for X_batch, y_batch in make_loader(X, y, batch_size)]
            return torch.autograd.grad(losses, w)""",
    ),
    (
        TORCH_NOISE,
        "the sum of all",
        """
        def batch_gradients(X, y, weight, batch_size):
            w = torch.tensor(weight, requires_grad=True)
            losses = [loss_function(X_batch @ w, y_batch)
                      for X_batch, y_batch in make_loader(X, y, batch_size)]
            return torch.autograd.grad(losses, w)[0].numpy()""",
    ),
    (
        TORCH_SGD,
        "requires_grad=False in the parameter",
        _model("self.weight = nn.Parameter(torch.tensor(weight), requires_grad=False)"),
    ),
    (
        SGD,
        "the smallest and the largest number in the Hessian",
        """
        def extreme_curvatures(X):
            H = 2 / len(X) * X.T @ X
            return H.min(), H.max()""",
    ),
    (SGD, "it is 2/m times that", "def border_of(X): return 2 / np.sum(X**2)"),
    (SGD, "standard deviation", "def border_of(X): return 1 / np.std(X)"),
    (
        SGD,
        "A new order is drawn for each batch",
        _batches(
            "rows = rng.permutation(len(y))[start : start + batch_size]",
            "weight, _ = gradient_step(X[rows], y[rows], weight, lrate)",
            "weights.append(weight)",
            order="None",
        ).replace("rows = order[start : start + batch_size]", "pass"),
    ),
    (
        SGD,
        "written down before its step",
        _batches(
            "weights.append(weight)", "weight, _ = gradient_step(X[rows], y[rows], weight, lrate)"
        ),
    ),
    (
        SGD,
        "The rows of y are not those of X",
        _batches(
            "old = slice(start, start + batch_size)",
            "weight, _ = gradient_step(X[rows], y[old], weight, lrate)",
            "weights.append(weight)",
        ),
    ),
    (
        TORCH_NOISE,
        "pile up within an epoch",
        _torch_batches("loss.backward()", "optimizer.step()").replace(
            "for X_batch", "optimizer.zero_grad()\n                for X_batch"
        ),
    ),
    *[
        (
            TORCH_SGD,
            says,
            f"""
            def descend(model, X, y, lrate, epochs):
                optimizer = torch.optim.SGD(model.parameters(), lr={rate})
                for _ in range({turns}):
                    optimizer.zero_grad()
                    loss_function(model(X), y).backward()
                    optimizer.step()
                return model""",
        )
        for says, rate, turns in (
            ("The rate is always 0.1", "0.1", "epochs"),
            ("a step too few", "lrate", "epochs - 1"),
        )
    ],
    (
        NOISE,
        "A single mean",
        "def scatter(single): return ((single - single.mean()) ** 2).sum(1).mean()",
    ),
    (
        NOISE,
        "The lengths are averaged",
        "def scatter(single): return np.linalg.norm(single - single.mean(axis=0), axis=1).mean()",
    ),
    (NOISE, "standard deviations", "def scatter(single): return single.std(axis=0).sum()"),
    (NOISE, "all numbers together", "def scatter(single): return single.var()"),
    (
        NOISE,
        "Every step takes the first rate",
        """
        def noisy_descent(X, y, weight, lrates, rows):
            weights = [np.tile(weight, (rows.shape[1], 1))]
            for batch in rows:
                x, w = X[batch], weights[-1]
                error = np.sum(x * w[:, None], axis=2) - y[batch]
                gradient = 2 * np.mean(x * error[:, :, None], axis=1)
                weights.append(w - lrates[0] * gradient)
            return np.array(weights)""",
    ),
    *[
        (NOISE, says, f"def rate_for(aim, B, S, L): return {rate}")
        for says, rate in (
            ("is a half times L", "min(2 * B * aim / S, 1 / 2 * L)"),
            ("not the rate for a floor", "min(aim * S / (8 * B), 1 / (2 * L))"),
            ("always 0.001", "min(2 * B * 0.001 / S, 1 / (2 * L))"),
            ("Only the cap", "1 / (2 * L)"),
        )
    ],
    (SGD, "Rows and columns are exchanged", _walk(*WHOLE).replace("(weights)", "(weights).T")),
    (SGD, "in another shape", _walk(*WHOLE).replace("(weights)", "(weights).ravel()")),
    (
        TORCH_SGD,
        "One row comes back, where all are asked for",
        """
        def minibatch_by_rows(X, y, weight, lrate, epochs, batch_size, rng):
            for _ in range(epochs):
                order = rng.permutation(len(y))
                for start in range(0, len(y), batch_size):
                    rows = order[start : start + batch_size]
                    error = X[rows] @ weight - y[rows]
                    weight = weight - lrate * 2 / len(rows) * X[rows].T @ error
            return weight""",
    ),
    (
        TORCH_NOISE,
        "step() stands before backward() and takes the step of the batch before",
        _torch_batches("optimizer.step()", "optimizer.zero_grad()", "loss.backward()").replace(
            "loss.backward()", "loss_function(model(X_batch), y_batch).backward()"
        ),
    ),
    # As many numbers, and not the same.
    (
        TORCH_NOISE,
        "expected (3, 1). X (3, 1)",
        "def single_gradients(X, y, weight): return (X @ weight - y) ** 2",
    ),
]

#: Right answers in another way: (notebook, the answer).
WRONG += [
    # Lines in a wrong order: which stands too early, not Python's "cannot access local variable".
    (
        GRADIENT,
        "Not in this order: error is used in a line that stands above the one that makes it",
        """
        def gradient_step(X, y, weight, lrate):
            X, y, w = check_arrays(X, y, weight)
            gradient = 2 / len(y) * X.T @ error
            error = X @ w - y
            return (
                (w - lrate * gradient).reshape(np.shape(weight)),
                float(np.mean(error**2)),
            )""",
    ),
    (
        AUTOGRAD,
        "loss is used in a line that stands above the one that makes it, in line 4 of its cell:",
        """
        def gradient_step_pytorch(X, y, weight, lrate):
            X, y, w = (torch.tensor(array) for array in check_arrays(X, y, weight))
            loss.backward()
            w.requires_grad_()
            loss = torch.mean((X @ w - y) ** 2)
            return w.detach().numpy(), loss.item()""",
    ),
    (
        AUTOGRAD,
        "Not in this order: w is used",
        """
        def descend(empty_grad, steps=40):
            weights = [w.item()]
            w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
            return weights""",
    ),
    (
        GRADIENT,  # no order of these lines would do
        "UnboundLocalError",
        """
        def mse(w):
            total += np.sum((y.mean() + w * x - y) ** 2)
            return total / m""",
    ),
    # First tries, as they were made.
    (GRADIENT, "list of values", "def gradient(w): return np.gradient(mse(w))"),
    (GRADIENT, "x stands outside", "def gradient(w): return 2 * np.mean(y.mean() + w * x - y) * x"),
    (GRADIENT, "letter of the formula", "def gradient(w): return 2 * np.mean(e * x)"),
    (GRADIENT, "y.mean() in code", "def mse(w): return np.mean((y_bar + w * x - y) ** 2)"),
    (GRADIENT, "brackets are missing", "def mse(w): return np.mean((y.mean + w * x - y) ** 2)"),
    (
        GRADIENT,
        "It is always mse's slope. Use f",
        "def central(f, w, h): return (mse(w + h) - mse(w - h)) / (2 * h)",
    ),
    (AUTOGRAD, "torch.mean for np.mean", "def mse(w): return np.mean((y.mean() + w * x - y) ** 2)"),
    (AUTOGRAD, "brackets", "def mse(w): return torch.mean((y.mean + w * x - y) ** 2)"),
    (
        CURVATURE,
        "at hand, belongs (len(y))",
        "def mse_gradient(X, y, weight): return 2 / 342 * X.T @ (X @ weight - y)",
    ),
    (
        CURVATURE,
        "@ adds the products up",
        "def mse_gradient(X, y, weight): return 2 / len(y) * X.T * (X @ weight - y)",
    ),
    (
        CURVATURE,
        "X.T, with a point",
        "def mse_gradient(X, y, weight): return 2 / len(y) * X^T @ (X @ weight - y)",
    ),
    *[
        (SECOND, "weight came in without requires_grad", source)
        for source in (
            """
            def mse_gradient(X, y, weight):
                return torch.autograd.grad(mean_squared_error(X, y, weight), weight)[0]""",
            """
            def mse_gradient(X, y, weight):
                mean_squared_error(X, y, weight).backward()
                return weight.grad""",
        )
    ],
    *[
        (SECOND, says, f"def hessian(X, y): return torch.autograd.functional.hessian({arguments})")
        for says, arguments in (
            ("it wants two things", "mean_squared_error"),
            (
                "dtype=torch.float64",
                "lambda weight: mean_squared_error(X, y, weight), torch.zeros(X.shape[1])",
            ),
            (
                "one weight for each column",
                "lambda weight: mean_squared_error(X, y, weight),"
                " torch.zeros(2, dtype=torch.float64)",
            ),
        )
    ],
]

RIGHT = [
    # Multiplied out: right, but rounded otherwise.
    (
        GRADIENT,
        """
        def mse(w):
            flat = np.mean(y**2) - y.mean() ** 2
            return flat - 2 * w * np.mean(x * (y - y.mean())) + w**2 * np.mean(x**2)""",
    ),
    (GRADIENT, "def gradient(w): return 2 * np.mean(y.mean() * x + w * x**2 - x * y)"),
    (
        GRADIENT,
        """
        def gradient(w):
            return 2 * (y.mean() * x.mean() + w * np.mean(x**2) - np.mean(x * y))""",
    ),
    (
        GRADIENT,
        """
        def gradient_step(X, y, weight, lrate):
            X, y, w = check_arrays(X, y, weight)
            gradient = 2 / len(y) * (X.T @ X @ w - X.T @ y)
            loss = (w @ X.T @ X @ w - 2 * w @ X.T @ y + y @ y) / len(y)
            return (w - lrate * gradient).reshape(np.shape(weight)), float(loss)""",
    ),
    (
        CURVATURE,
        """
        def mse_gradient(X, y, weight):
            return 2 / len(y) * (X.T @ X) @ weight - 2 / len(y) * X.T @ y""",
    ),
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
    (TORCH_NOISE, _torch_batches("model.zero_grad()", "loss.backward()", "optimizer.step()")),
    (TORCH_NOISE, _torch_batches("loss.backward()", "optimizer.step()", "optimizer.zero_grad()")),
    (
        TORCH_SGD,
        _model(
            init="self.weight = nn.Parameter(torch.from_numpy(weight.copy()))",
            predict="(X * self.weight).sum(dim=1)",
        ),
    ),
    (SGD, _border("float(1 / np.mean(np.square(X[:, 0])))")),
    (SGD, _border("2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]")),
    (TORCH_SGD, _border("1 / torch.mean(torch.from_numpy(X) ** 2).item()")),
    (TORCH_SGD, _descend("model.zero_grad()", "loss.backward()", "optimizer.step()")),
    (TORCH_SGD, _descend("loss.backward()", "optimizer.step()", "optimizer.zero_grad()")),
    (TORCH_SGD, _by_rows("model.zero_grad()", "loss.backward()", "optimizer.step()")),
    (NOISE, "def scatter(single): return single.var(axis=0).sum()"),
    (NOISE, _noisy(gradient="np.einsum('wbn,wb->wn', x, error) * 2 / batch.shape[1]")),
    (
        NOISE,
        """
        def rate_for(aim, B, S, L):
            lrate = aim / 2 * 4 * B / S
            return lrate if lrate < 0.5 / L else 0.5 / L""",
    ),
    (TORCH_NOISE, _loader("batch_size, sampler=list(order)")),
    (TORCH_NOISE, _loader("batch_size=batch_size", before="X, y = X[list(order)], y[list(order)]")),
    (TORCH_NOISE, _of_each("torch.square(torch.dot(x, w) - target)")),
    (
        TORCH_NOISE,
        """
        def single_gradients(X, y, weight):
            return 2 * (X @ weight - y)[:, None] * X""",
    ),
    (
        SGD,
        """
        def extreme_curvatures(X):
            return np.linalg.eigvalsh(2 / len(X) * X.T @ X)[[0, -1]]""",
    ),
    (
        TORCH_NOISE,
        """
        def loader_of(X, y, batch_size, order):
            data = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
            rows = [order[k : k + batch_size].tolist() for k in range(0, len(y), batch_size)]
            return DataLoader(data, batch_sampler=rows)""",
    ),
]

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


# --- Round4_Training ------------------------------------------------------------------------------

TRAINING, TORCH_TRAINING = "Round4_Training", "Round4_Training-PyTorch"


def _log_p(end, axis="axis=-1, keepdims=True"):
    return f"""
        def log_softmax(scores):
            shifted = scores - scores.max(axis=-1, keepdims=True)
            total = np.exp(shifted).sum({axis})
            return {end}"""


def _cross_entropy(
    loss="-log_p[rows, y].mean()", gradient="error.T @ X / len(y)", bias="mean", truth="-= 1"
):
    return f"""
        def loss_and_gradient(X, y, weight, bias):
            rows = np.arange(len(y))
            log_p = log_softmax(X @ weight.T + bias)
            error = np.exp(log_p)
            error[rows, y] {truth}
            return {loss}, {gradient}, error.{bias}(axis=0)"""


def _train_bare(
    once="velocity, curve = {}, []",
    losses=("", "losses = []"),
    epoch="pass",
    steps=("losses.append(model.backward(X, y))", "MOVE"),
    end="curve.append([np.mean(losses), *evaluate(model, *validation)])",
):
    move = "move(model.parameters, model.gradients, velocity, LRATE, MOMENTUM)"
    inner = "\n".join(f"                    {line.replace('MOVE', move)}" for line in steps)
    return f"""
        def train_bare(model, train, validation, epochs, rng):
            {once}
            {losses[0] or "pass"}
            for _ in range(epochs):
                {losses[1]}
                {epoch}
                for X, y in batches(*train, BATCH_SIZE, rng):
{inner}
                {end}
            return np.array(curve)"""


def _train_torch(*steps, once="optimizer = OPTIMIZER", epoch="pass"):
    inner = "\n".join(f"                    {line}" for line in steps)
    source = f"""
        def train_bare(model, train, validation, epochs, rng):
            {once}
            loader, curve = make_loader(*train, BATCH_SIZE, rng=rng), []
            for _ in range(epochs):
                losses = []
                {epoch}
                for X, y in loader:
                    X, y = X.to(device), y.to(device)
{inner}
                    losses.append(loss.item())
                curve.append([np.mean(losses), *evaluate(model, *validation)])
            return np.array(curve)"""
    return source.replace("OPTIMIZER", "torch.optim.SGD(model.parameters(), LRATE, MOMENTUM)")


ZERO, FOUND, BACK, STEPPED = (
    "optimizer.zero_grad()",
    "loss = F.cross_entropy(model(X), y)",
    "loss.backward()",
    "optimizer.step()",
)


def _looked_at(loss="F.cross_entropy(scores, y).item()", share="hits.mean().item()", turn=False):
    returned = f"{share}, {loss}" if turn else f"{loss}, {share}"
    return f"""
        def evaluate(model, X, y):
            with torch.no_grad():
                scores = model(X.to(device)).cpu()
            hits = (scores.argmax(dim=1) == y).double()
            return {returned}"""


def _waited(
    gain="loss < mark - MIN_GAIN", then="mark, epochs = loss, 0", after="pass", end="epochs"
):
    return f"""
        def waited(losses):
            mark, epochs, last = np.inf, 0, np.inf
            for loss in losses:
                epochs += 1
                if {gain}:
                    {then}
                {after}
                last = loss
            return {end}"""


def _verdict(error, difference="other - bare"):
    return f"""
        def paired(bare, other):
            d = {difference}
            return d.mean(), {error}"""


WRONG += [
    (TRAINING, "The logarithm of the sum is missing", _log_p("shifted")),
    (TRAINING, "The sum itself", _log_p("shifted - total")),
    (TRAINING, "These are the probabilities", _log_p("np.exp(shifted) / total")),
    (TRAINING, "over all rows", _log_p("shifted - np.log(total)", axis="")),
    (TRAINING, "is added", _log_p("shifted + np.log(total)")),
    (TRAINING, "gradients are sums", _cross_entropy(gradient="error.T @ X", bias="sum")),
    (
        TRAINING,
        "Everything is a sum",
        _cross_entropy("-log_p[rows, y].sum()", "error.T @ X", "sum"),
    ),
    (TRAINING, "The bias's gradient is a sum", _cross_entropy(bias="sum")),
    (TRAINING, "The weight's gradient is a sum", _cross_entropy(gradient="error.T @ X")),
    (TRAINING, "Nothing was taken off", _cross_entropy(truth="-= 0")),
    (TRAINING, "wrong sign", _cross_entropy("log_p[rows, y].mean()")),
    (
        TRAINING,
        "points the other way",
        """
        def loss_and_gradient(X, y, weight, bias):
            log_p = log_softmax(X @ weight.T + bias)
            error = np.eye(len(weight))[y] - np.exp(log_p)
            loss = -log_p[np.arange(len(y)), y].mean()
            return loss, error.T @ X / len(y), error.mean(axis=0)""",
    ),
    (
        TRAINING,
        "the gradient of the batch before",
        _train_bare(steps=("MOVE", "losses.append(model.backward(X, y))")),
    ),
    (
        TRAINING,
        "The model never moves",
        _train_bare(steps=("losses.append(model.backward(X, y))",)),
    ),
    (TRAINING, "of all epochs so far", _train_bare(losses=("losses = []", "pass"))),
    (TRAINING, "The velocity begins anew", _train_bare(epoch="velocity = {}")),
    (
        TRAINING,
        "before the epoch's steps",
        _train_bare(
            epoch="seen = evaluate(model, *validation)",
            end="curve.append([np.mean(losses), *seen])",
        ),
    ),
    (
        TRAINING,
        "that of the last batch",
        _train_bare(end="curve.append([losses[-1], *evaluate(model, *validation)])"),
    ),
    (TORCH_TRAINING, "The gradients pile up", _train_torch(FOUND, BACK, STEPPED)),
    (TORCH_TRAINING, "The model never moves", _train_torch(FOUND, BACK, ZERO, STEPPED)),
    (TORCH_TRAINING, "the gradient of the batch before", _train_torch(FOUND, STEPPED, ZERO, BACK)),
    (
        TORCH_TRAINING,
        "The velocity begins anew",
        _train_torch(ZERO, FOUND, BACK, STEPPED, once="pass", epoch="optimizer = OPTIMIZER"),
    ),
    (TORCH_TRAINING, "how many are right", _looked_at(share="hits.sum().item()")),
    (TORCH_TRAINING, "in per cent", _looked_at(share="100 * hits.mean().item()")),
    (TORCH_TRAINING, "Accuracy first", _looked_at(turn=True)),
    (
        TORCH_TRAINING,
        "wants raw scores",
        _looked_at("F.cross_entropy(scores.softmax(dim=1), y).item()"),
    ),
    (
        TORCH_TRAINING,
        "a sum over the images",
        _looked_at("F.cross_entropy(scores, y, reduction='sum').item()"),
    ),
]
for _stem in (TRAINING, TORCH_TRAINING):
    WRONG += [
        (_stem, "MIN_GAIN has no effect", _waited("loss < mark")),
        (_stem, "The mark creeps", _waited(then="epochs = 0", after="mark = min(mark, loss)")),
        (_stem, "the one before it", _waited("loss < last - MIN_GAIN")),
        (_stem, "all epochs without a gain", _waited(then="mark, epochs = loss, epochs - 1")),
        (_stem, "MIN_GAIN is added", _waited("loss < mark + MIN_GAIN")),
        (_stem, "One too many", _waited(then="mark, epochs = loss, 1")),
        (_stem, "Turned round", _verdict("d.std(ddof=1) / len(d)**0.5", "bare - other")),
        (_stem, "This is the spread", _verdict("d.std(ddof=1)")),
        (_stem, "it is the root", _verdict("d.std(ddof=1) / len(d)")),
        (_stem, "std(ddof=1)", _verdict("d.std() / len(d)**0.5")),
        (
            _stem,
            "The two spreads",
            _verdict("np.sqrt((bare.var(ddof=1) + other.var(ddof=1)) / len(d))"),
        ),
    ]
RIGHT += [
    (TRAINING, _log_p("-(np.log(total) - shifted)")),
    (TRAINING, _cross_entropy("np.mean(-log_p[rows, y])", "X.T.dot(error).T / len(X)")),
    (TRAINING, _train_bare(steps=("loss = model.backward(X, y)", "losses.append(loss)", "MOVE"))),
    (TORCH_TRAINING, _train_torch(FOUND, ZERO, BACK, STEPPED)),
    (TORCH_TRAINING, _train_torch(FOUND, BACK, STEPPED, ZERO)),
    (TORCH_TRAINING, _looked_at(share="(hits.sum() / len(y)).item()")),
    (TRAINING, _waited("mark - loss > MIN_GAIN")),
    (TORCH_TRAINING, _verdict("np.sqrt(d.var(ddof=1) / len(d))")),
]


# --- Round4_Judging -------------------------------------------------------------------------------

JUDGING, TORCH_JUDGING = "Round4_Judging", "Round4_Judging-PyTorch"


def _wilson(answer, reach="z / (m + z**2) * np.sqrt(hits * (m - hits) / m + z**2 / 4)"):
    return f"""
        def interval(hits, m, z=1.96):
            centre, reach = (hits + z**2 / 2) / (m + z**2), {reach}
            return {answer}"""


def _signs(answer, end="k + 1"):
    return f"""
        def sign_test(wins, losses):
            n, k = wins + losses, min(wins, losses)
            choices = [np.prod(np.arange(n - i + 1, n + 1) / np.arange(1, i + 1))
                       for i in range(n + 1)]
            tail = float(sum(choices[:{end}])) / 2**n
            return {answer}"""


def _weighted(share="counts / counts.sum(axis=-1, keepdims=True)", error="p - np.eye(len(c))[y]"):
    return f"""
        def weighted_error(p, y, c):
            counts = c[y]
            return ({share})[..., None] * ({error})"""


def _split_losses(call, after="torch.vmap(one_loss)(scores, y)"):
    return f"""
        def weighted_losses(scores, y, c):
            def one_loss(scores, y):
                return {call}
            return {after}"""


def _newton(answer, at="beta * scores", variance="(p * scores**2).sum(axis=1) - mean**2"):
    return f"""
        def newton_step(beta, scores, y):
            p = np.exp(log_softmax({at}))
            mean = (p * scores).sum(axis=1)
            variance = {variance}
            slope = mean - scores[np.arange(len(y)), y]
            return {answer}"""


def _torch_newton(answer, at="beta * scores"):
    return f"""
        def newton_step(beta, scores, y):
            slope = torch.func.grad(lambda beta: F.cross_entropy({at}, y))
            return {answer}"""


def _cooled(backward="loss.backward()", end="optimizer.step(closure)", answer="beta.item()"):
    return f"""
        def inverse_temperature(scores, y):
            beta = torch.ones((), dtype=torch.float64, requires_grad=True)
            optimizer = torch.optim.LBFGS([beta], max_iter=60, tolerance_grad=1e-13,
                                          tolerance_change=1e-16, line_search_fn="strong_wolfe")

            def closure():
                optimizer.zero_grad()
                loss = F.cross_entropy(beta * scores, y)
                {backward}
                return loss

            first = {end}
            return {answer}"""


def _read(x="pixels.reshape(64) - saved['mean']", beta="saved['beta'] *", answer="digit, p.max()"):
    return f"""
        def read(pixels, saved):
            scores = saved["weight"] @ ({x}) + saved["bias"]
            p = np.exp(log_softmax({beta} scores))
            digit = p.argmax()
            return {answer}"""


for _stem in (JUDGING, TORCH_JUDGING):
    WRONG += [
        (
            _stem,
            "the simple interval",
            _wilson(
                "hits / m - reach, hits / m + reach", reach="z * np.sqrt(hits * (m - hits) / m**3)"
            ),
        ),
        (_stem, "The higher end comes first", _wilson("centre + reach, centre - reach")),
        (_stem, "The middle is hits / m", _wilson("hits / m - reach, hits / m + reach")),
        (
            _stem,
            "The reach has no root",
            _wilson(
                "centre - reach, centre + reach",
                reach="z / (m + z**2) * (hits * (m - hits) / m + z**2 / 4)",
            ),
        ),
        (_stem, "both sides of 0", _wilson("-reach, reach")),
        (_stem, "one side only", _signs("tail")),
        (_stem, "more than 1", _signs("2 * tail")),
        (_stem, "exactly these counts", _signs("min(1.0, 2 * choices[k] / 2**n)")),
        (_stem, "left out", _signs("min(1.0, 2 * tail)", end="k")),
        (_stem, "the opposite", _signs("1 - min(1.0, 2 * tail)")),
    ]
    RIGHT += [(_stem, _signs("2 * tail if k < n - k else 1.0"))]
WRONG += [
    (JUDGING, "divided by the number of images", _weighted("counts / y.shape[-1]")),
    (JUDGING, "weights of the classes are added up", _weighted("counts / c.sum()")),
    (JUDGING, "Nothing is divided", _weighted("counts")),
    (
        JUDGING,
        "stand at the columns",
        """
        def weighted_error(p, y, c):
            total = c[y].sum(axis=-1, keepdims=True)[..., None]
            return c * (p - np.eye(len(c))[y]) / total""",
    ),
    (JUDGING, "The sign is turned round", _weighted(error="np.eye(len(c))[y] - p")),
    (JUDGING, "weights are not used", _weighted("np.ones(y.shape) / y.shape[-1]")),
    (TORCH_JUDGING, "The weights are not used", _split_losses("F.cross_entropy(scores, y)")),
    (
        TORCH_JUDGING,
        "divided by the number of images",
        _split_losses("F.cross_entropy(scores, y, weight=c, reduction='none').mean()"),
    ),
    (
        TORCH_JUDGING,
        "the weighted sum",
        _split_losses("F.cross_entropy(scores, y, weight=c, reduction='sum')"),
    ),
    (
        TORCH_JUDGING,
        "All splits are in one mean",
        _split_losses(
            "F.cross_entropy(scores, y, weight=c)",
            "one_loss(scores.flatten(0, 1), y.flatten()).repeat(len(y))",
        ),
    ),
    (JUDGING, "This climbs", _newton("beta + slope.mean() / variance.mean()")),
    (
        JUDGING,
        "square of the mean is missing",
        _newton("beta - slope.mean() / variance.mean()", variance="(p * scores**2).sum(axis=1)"),
    ),
    (JUDGING, "those of beta = 1", _newton("beta - slope.mean() / variance.mean()", at="scores")),
    (JUDGING, "a step of gradient descent", _newton("beta - slope.mean()")),
    (JUDGING, "the step alone", _newton("-slope.mean() / variance.mean()")),
    (JUDGING, "This is a temperature", _newton("1 / (beta - slope.mean() / variance.mean())")),
    (
        TORCH_JUDGING,
        "This climbs",
        _torch_newton("beta + slope(beta) / torch.func.grad(slope)(beta)"),
    ),
    (TORCH_JUDGING, "a step of gradient descent", _torch_newton("beta - slope(beta)")),
    (TORCH_JUDGING, "the step alone", _torch_newton("-slope(beta) / torch.func.grad(slope)(beta)")),
    (TORCH_JUDGING, "beta stays where it began", _cooled(backward="pass")),
    (TORCH_JUDGING, "This is the temperature, 1 / beta", _cooled(answer="1 / beta.item()")),
    (TORCH_JUDGING, "the loss at the start", _cooled(answer="first.item()")),
    (TORCH_JUDGING, "the loss at the end", _cooled(answer="closure().item()")),
    (JUDGING, "training mean is not taken off", _read(x="pixels.reshape(64)")),
    (JUDGING, "temperature is not used", _read(beta="")),
    (JUDGING, "Neither mean nor temperature", _read(x="pixels.reshape(64)", beta="")),
    (JUDGING, "beta is 1 / T, so multiply", _read(beta="1 / saved['beta'] *")),
    (JUDGING, "The confidence comes first", _read(answer="p.max(), digit")),
]
RIGHT += [
    (JUDGING, _wilson("tuple(centre + reach * np.array([-1, 1]))")),
    (JUDGING, _newton("beta - slope.sum() / variance.sum()")),
    (
        JUDGING,
        """
        def weighted_error(p, y, c):
            error = p.copy()
            np.put_along_axis(error, y[..., None], np.take_along_axis(p, y[..., None], -1) - 1, -1)
            return c[y][..., None] * error / c[y].sum(axis=-1)[..., None, None]""",
    ),
    (JUDGING, _read(answer="int(digit), float(p[digit])")),
    (
        TORCH_JUDGING,
        """
        def weighted_losses(scores, y, c):
            each = F.cross_entropy(scores.mT, y, weight=c, reduction="none")
            return each.sum(dim=1) / c[y].sum(dim=1)""",
    ),
    (TORCH_JUDGING, _torch_newton("beta - slope(beta) / torch.func.jacrev(slope)(beta)")),
]


# --- Round4_Resuming ------------------------------------------------------------------------------

RESUMING, TORCH_RESUMING = "Round4_Resuming", "Round4_Resuming-PyTorch"


def _rest(answer, back="rng.bit_generator.state = shuffle", batches="batches"):
    end = "rng=rng" if batches == "make_loader" else "rng"
    return f"""
        def rest_of_epoch(X, y, batch_size, rng, shuffle, done):
            {back}
            epoch = {batches}(X, y, batch_size, {end})
            return {answer}"""


def _state(parts, **other):
    state = {name: f"run.{name}" for name in ("best", "history", "batch", "steps")}
    state |= {"shuffle": "run.shuffle", "settings": "run.settings"} | parts | other
    items = ", ".join(f"{name!r}: {value}" for name, value in state.items() if value)
    return f"def state_of(run): return {{{items}}}"


OF_NUMPY = {"parameters": "run.model.parameters", "velocity": "run.velocity"}
OF_TORCH = {name: f"run.{name}.state_dict()" for name in ("model", "optimizer", "schedule")}
OBJECTS = {name: f"run.{name}" for name in OF_TORCH}


def _write(*within, to="partial", end="os.replace(partial, path)"):
    body = "\n".join(f"                {line}" for line in within)
    return f"""
        def write_whole(path, chunks):
            partial = path.with_name(path.name + ".partial")
            with open({to}, "wb") as file:
{body}
            {end}"""


WRITE, FLUSH, SYNC = "file.writelines(chunks)", "file.flush()", "os.fsync(file.fileno())"


def _thin(answer, mask="rng.random(X.shape) < keep"):
    return f"""
        def dropout(X, keep, rng):
            mask = {mask}
            return {answer}"""


def _torch_thin(answer, sign="<"):
    return f"""
        def dropout(X, keep, rng):
            mask = torch.from_numpy(rng.random(tuple(X.shape)) {sign} keep)
            return {answer}"""


def _velocity(answer):
    return f"def velocity_of(run): return {answer}"


BUFFER = "run.optimizer.state[run.model.{}]['momentum_buffer']"
WRONG += [
    (RESUMING, "goes on from where it happens to be", _rest("islice(epoch, done, None)", "pass")),
    (RESUMING, "The whole epoch comes again", _rest("epoch")),
    (RESUMING, "the batches that are done", _rest("islice(epoch, done)")),
    (RESUMING, "One batch too many", _rest("islice(epoch, done + 1, None)")),
    (RESUMING, "comes again: skip done", _rest("islice(epoch, max(done - 1, 0), None)")),
    (RESUMING, "start from rest", _state(OF_NUMPY, velocity="")),
    (RESUMING, "nothing to go on with", _state(OF_NUMPY, parameters="")),
    (RESUMING, "steps made twice", _state(OF_NUMPY, batch="")),
    (RESUMING, "second part only", _state(OF_NUMPY, steps="")),
    (RESUMING, "It lacks 'batch', 'steps'", _state(OF_NUMPY, batch="", steps="")),
    (RESUMING, "state of now", _state(OF_NUMPY, shuffle="run.rng.bit_generator.state")),
    (RESUMING, "holds the gradients", _state(OF_NUMPY, parameters="run.model.gradients")),
    (RESUMING, "nothing on the disk yet", _write(WRITE, SYNC, FLUSH)),
    (RESUMING, "nothing on the disk yet", _write(SYNC, WRITE, FLUSH)),
    (RESUMING, "fsync is missing", _write(WRITE, FLUSH)),
    (
        RESUMING,
        "os.replace comes last",
        _write(WRITE, FLUSH, "os.replace(partial, path)", SYNC, end="pass"),
    ),
    (RESUMING, "over the good file itself", _write(WRITE, FLUSH, SYNC, to="path", end="pass")),
    (RESUMING, "never gets the good one's name", _write(WRITE, FLUSH, SYNC, end="pass")),
    (RESUMING, "divided by keep", _thin("X * mask")),
    (RESUMING, "multiplied by keep", _thin("X * mask * keep")),
    (RESUMING, "should stay", _thin("X * mask / keep", "rng.random(X.shape) >= keep")),
    (RESUMING, "that is left out", _thin("X * mask / (1 - keep)")),
    (RESUMING, "Whole images", _thin("X * mask / keep", "rng.random((len(X), 1)) < keep")),
    (TORCH_RESUMING, "gradient of the last step", _velocity("run.model.weight.grad")),
    (TORCH_RESUMING, "the rate times", _velocity("0.25 * " + BUFFER.format("weight"))),
    (TORCH_RESUMING, "not its velocity", _velocity("run.model.weight.detach()")),
    (TORCH_RESUMING, "bias's velocity", _velocity(BUFFER.format("bias"))),
    (
        TORCH_RESUMING,
        "goes on from where",
        _rest("islice(epoch, done, None)", "pass", "make_loader"),
    ),
    (TORCH_RESUMING, "The whole epoch", _rest("epoch", batches="make_loader")),
    (TORCH_RESUMING, "that are done", _rest("islice(epoch, done)", batches="make_loader")),
    (TORCH_RESUMING, "keeps momentum's velocity", _state(OF_TORCH, optimizer="")),
    (TORCH_RESUMING, "counts the epochs", _state(OF_TORCH, schedule="")),
    (TORCH_RESUMING, "objects themselves", _state(OBJECTS)),
    (TORCH_RESUMING, "state of now", _state(OF_TORCH, shuffle="run.rng.bit_generator.state")),
    (TORCH_RESUMING, "divided by keep", _torch_thin("X * mask")),
    (TORCH_RESUMING, "multiplied by keep", _torch_thin("X * mask * keep")),
    (TORCH_RESUMING, "should stay", _torch_thin("X * mask / keep", ">=")),
]
RIGHT += [
    (RESUMING, _rest("iter(list(epoch)[done:])")),
    (RESUMING, _state(OF_NUMPY, shuffle="dict(run.shuffle)")),
    (RESUMING, _write(WRITE, FLUSH, SYNC, end="partial.replace(path)")),
    (RESUMING, _write("for chunk in chunks: file.write(chunk)", FLUSH, SYNC)),
    (RESUMING, _thin("np.where(mask, X / keep, 0.0)")),
    (TORCH_RESUMING, _torch_thin("torch.where(mask, X / keep, 0.0)")),
    (TORCH_RESUMING, _rest("islice(epoch, done, None)", batches="make_loader")),
]


# --- Round 4: many processes and fewer digits -----------------------------------------------------

PARALLEL, TORCH_PARALLEL = "Round4_Parallel", "Round4_Parallel-PyTorch"


def _to_bfloat16(answer, rounding="bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))"):
    return f"""
        def to_bfloat16(x):
            bits = np.asarray(x, np.float32).view(np.uint32)
            bits = {rounding}
            return {answer}"""


def _next_scale(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def next_scale(scale, good, finite, interval):
{body}"""


def _accumulate(weigh="len(y[rows]) / len(y) * mean", total="total + ", end="len(y)"):
    return f"""
        def accumulate(X, y, weight, bias, size):
            total = np.zeros_like(weight)
            for first in range(0, {end}, size):
                rows = slice(first, first + size)
                mean = loss_and_gradient(X[rows], y[rows], weight, bias)[1]
                total = {total}{weigh}
            return total"""


def _torch_accumulate(*lines, before="model.zero_grad()", reduction="sum"):
    body = "\n".join(f"                {line}" for line in lines)
    return f"""
        def accumulate(model, X, y, size):
            {before}
            for X_micro, y_micro in zip(X.split(size), y.split(size)):
                loss = F.cross_entropy(model(X_micro), y_micro, reduction="{reduction}")
{body}"""


def _share_of(weigh, rows="np.array_split(np.arange(len(y)), processes)[rank]"):
    return f"""
        def share_of(rank, processes, X, y, weight, bias):
            rows = {rows}
            part = loss_and_gradient(X[rows], y[rows], weight, bias)
            return [{weigh} * each for each in part]"""


def _loss_of_shard(answer):
    return f"""
        def loss_of_shard(scores, y_shard, batch_size, processes):
            return {answer}"""


def _rows_of(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def rows_of(rank, processes, order):
{body}"""


def _scaled_step(*lines):
    body = "\n".join(f"            {line}" for line in lines)
    return f"""
        def scaled_step(scaler, optimizer, loss):
{body}"""


_MASK = "(bits & np.uint32(0xFFFF0000))"
_SUM = 'F.cross_entropy(scores, y_shard, reduction="sum")'
_BACK_OFF = "if not finite: return scale / 2, 0"
_ZERO, _BACKWARD = "optimizer.zero_grad()", "scaler.scale(loss).backward()"
_CALL, _UPDATE = "scaler.step(optimizer)", "scaler.update()"

WRONG += [
    (PARALLEL, "lower half is still there", _to_bfloat16("bits.view(np.float32).astype(float)")),
    (
        PARALLEL,
        "only cuts off",
        _to_bfloat16(f"{_MASK}.view(np.float32).astype(float)", rounding="bits"),
    ),
    (PARALLEL, "whole number", _to_bfloat16(f"{_MASK}.astype(float)")),
    (
        PARALLEL,
        "other half",
        _to_bfloat16("(bits & np.uint32(0xFFFF)).view(np.float32).astype(float)"),
    ),
    (PARALLEL, "never grows", _next_scale(_BACK_OFF, "return scale, good + 1")),
    (
        PARALLEL,
        "count begins again",
        _next_scale(
            _BACK_OFF, "good += 1", "return (scale * 2 if good == interval else scale), good"
        ),
    ),
    (
        PARALLEL,
        "one step too late",
        _next_scale(_BACK_OFF, "return (scale * 2, 0) if good == interval else (scale, good + 1)"),
    ),
    (PARALLEL, "after each good step", _next_scale(_BACK_OFF, "return scale * 2, 0")),
    (
        PARALLEL,
        "half, not twice",
        _next_scale(
            "if not finite: return scale * 2, 0",
            "good += 1",
            "return (scale * 2, 0) if good == interval else (scale, good)",
        ),
    ),
    (
        PARALLEL,
        "must be in a row",
        _next_scale(
            "if not finite: return scale / 2, good",
            "good += 1",
            "return (scale * 2, 0) if good == interval else (scale, good)",
        ),
    ),
    (PARALLEL, "mean of the micro-batches' means", _accumulate("mean / -(-len(y) // size)")),
    (PARALLEL, "means are added up", _accumulate("mean")),
    (PARALLEL, "overwrites the one before", _accumulate(total="")),
    (PARALLEL, "smaller than the others", _accumulate(end="max(len(y) // size, 1) * size")),
    (PARALLEL, "sum over the images", _accumulate("len(y[rows]) * mean")),
    (PARALLEL, "mean over the shard", _share_of("1")),
    (PARALLEL, "only if all shards are equal", _share_of("1 / processes")),
    (PARALLEL, "sum over the shard", _share_of("len(rows)")),
    (
        PARALLEL,
        "takes the first shard",
        _share_of("len(rows) / len(y)", "np.array_split(np.arange(len(y)), processes)[0]"),
    ),
    (PARALLEL, "takes the whole batch", _share_of("len(rows) / len(y)", "np.arange(len(y))")),
    (PARALLEL, "fewer rows than the others", _rows_of("return order[rank::processes]")),
    (
        PARALLEL,
        "are left out",
        _rows_of("return order[: len(order) // processes * processes][rank::processes]"),
    ),
    (
        PARALLEL,
        "These are blocks",
        _rows_of(
            "padded = np.concatenate([order, order[: -len(order) % processes]])",
            "return np.split(padded, processes)[rank]",
        ),
    ),
    (
        PARALLEL,
        "with the last rows",
        _rows_of(
            "missing = -len(order) % processes",
            "return np.concatenate([order, order[len(order) - missing :]])[rank::processes]",
        ),
    ),
    (
        PARALLEL,
        "places in order",
        _rows_of(
            "return np.arange(rank, rank - (-len(order) // processes) * processes - rank,"
            " processes) % len(order)"
        ),
    ),
    (TORCH_PARALLEL, "is not scaled", _scaled_step(_ZERO, "loss.backward()", _CALL, _UPDATE)),
    (TORCH_PARALLEL, "pile up", _scaled_step(_BACKWARD, _CALL, _UPDATE)),
    (
        TORCH_PARALLEL,
        "never moves",
        _scaled_step(_ZERO, _BACKWARD, "scaler.unscale_(optimizer)", _UPDATE),
    ),
    (
        TORCH_PARALLEL,
        "mean of the micro-batches' means",
        _torch_accumulate("(loss / len(X.split(size))).backward()", reduction="mean"),
    ),
    (TORCH_PARALLEL, "means are added up", _torch_accumulate("loss.backward()", reduction="mean")),
    (
        TORCH_PARALLEL,
        "overwrites the one before",
        _torch_accumulate("model.zero_grad()", "(loss / len(y)).backward()"),
    ),
    (TORCH_PARALLEL, "sum over the images", _torch_accumulate("loss.backward()")),
    (TORCH_PARALLEL, "Nothing is computed", _torch_accumulate("loss / len(y)")),
    (
        TORCH_PARALLEL,
        "before is still in it",
        _torch_accumulate("(loss / len(y)).backward()", before="pass"),
    ),
    (
        TORCH_PARALLEL,
        "smaller shard would count",
        _loss_of_shard("F.cross_entropy(scores, y_shard)"),
    ),
    (TORCH_PARALLEL, "multiply by it", _loss_of_shard(f"{_SUM} / batch_size")),
    (TORCH_PARALLEL, "size of the whole batch", _loss_of_shard(f"{_SUM} * processes")),
    (TORCH_PARALLEL, "neither divided", _loss_of_shard(_SUM)),
    (TORCH_PARALLEL, "does that already", _loss_of_shard(f"{_SUM} / batch_size / processes")),
    (
        TORCH_PARALLEL,
        "where its sum belongs",
        _loss_of_shard("F.cross_entropy(scores, y_shard) * processes / batch_size"),
    ),
]

RIGHT += [
    (PARALLEL, _to_bfloat16("(bits >> 16 << 16).view(np.float32).astype(np.float64)")),
    (
        PARALLEL,
        _next_scale(
            "if not finite: return scale * 0.5, 0",
            "return (scale, good + 1) if good + 1 < interval else (2 * scale, 0)",
        ),
    ),
    (
        PARALLEL,
        _rows_of(
            "each = -(-len(order) // processes)",
            "return order[(rank + processes * np.arange(each)) % len(order)]",
        ),
    ),
    (
        TORCH_PARALLEL,
        _loss_of_shard("F.cross_entropy(scores, y_shard) * len(y_shard) * processes / batch_size"),
    ),
    (TORCH_PARALLEL, _scaled_step(_BACKWARD, _CALL, _UPDATE, _ZERO)),
]


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
