"""Answers to the blanks of Rounds 1 and 2: what learners write, and what must be said of it."""

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
