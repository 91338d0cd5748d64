"""Answers to the exercises of Round 1: what learners write, and what the check must say of it."""


def moves_in_place(back="pass"):
    """Return an answer to 1.3 that moves the caller's own weight, and ``back`` is what it then
    does.
    """
    return f"""
        def ng(f, weight, h):
            slopes = np.zeros(len(weight))
            for j in range(len(weight)):
                weight[j] += h
                right = f(weight)
                weight[j] -= 2 * h
                slopes[j] = (right - f(weight)) / (2 * h)
                {back}
            return slopes"""


#: Wrong answers: (exercise, what the check must say, the answer); "a|b" allows either.
WRONG = [
    ("1.1", "added up first", "def f(X, y, w): return np.log(np.cosh(np.sum(X @ w - y)))"),
    (
        "1.1",
        "length of the error vector",
        "def f(X, y, w): return np.log(np.cosh(np.linalg.norm(X @ w - y)))",
    ),
    (
        "1.1",
        "prediction and truth apart",
        "def f(X, y, w): return np.mean(np.log(np.cosh(X @ w)) - np.log(np.cosh(y)))",
    ),
    (
        "1.1",
        "prediction and truth apart",
        "def f(X, y, w): return np.mean(abs(np.log(np.cosh(X @ w)) - np.log(np.cosh(y))))",
    ),
    (
        "1.1",
        "The mean is squared at the end",
        "def f(X, y, w): return np.mean(np.log(np.cosh(X @ w - y))) ** 2",
    ),
    (
        "1.1",
        "A factor stands inside",
        "def f(X, y, w): return np.mean(np.log(np.cosh((X @ w - y) / 2)))",
    ),
    (
        "1.1",
        "A factor stands inside",
        "def f(X, y, w): return np.mean(np.log(np.cosh(2 * (X @ w - y))))",
    ),
    (
        "1.1",
        "This is the mean error",
        "def f(X, y, w): return np.mean(np.log((np.exp(X @ w - y) + np.exp(X @ w - y)) / 2))",
    ),
    ("1.1", "This is the mean error", "def f(X, y, w): return np.mean(y - X @ w)"),
    ("1.1", "This is exp", "def f(X, y, w): return np.mean(np.exp(X @ w - y))"),
    (
        "1.1",
        "comes near to far out",
        "def f(X, y, w): return np.mean(np.abs(X @ w - y) - np.log(2))",
    ),
    (
        "1.1",
        "another loss that forgives",
        "def f(X, y, w): return np.mean(np.where(abs(e := X @ w - y) < 1, e**2 / 2, abs(e) - 0.5))",
    ),
    (
        "1.1",
        "another loss that forgives",
        "def f(X, y, w): return np.mean(np.sqrt(1 + (X @ w - y) ** 2) - 1)",
    ),
    (
        "1.1",
        "another loss that forgives",
        "def f(X, y, w): return np.mean(np.log(1 + (X @ w - y) ** 2))",
    ),
    (
        "1.1",
        "how far the losses scatter",
        "def f(X, y, w): return np.std(np.log(np.cosh(X @ w - y)))",
    ),
    (
        "1.1",
        "how far the losses scatter",
        "def f(X, y, w): return np.var(np.log(np.cosh(X @ w - y)))",
    ),
    (
        "1.2",
        "raised to the third power",
        "def f(X, y, w): return X.T @ np.tanh(X @ w - y) ** 3 / len(y)",
    ),
    ("1.2", "This is arctan", "def f(X, y, w): return X.T @ np.arctan(X @ w - y) / len(y)"),
    (
        "1.2",
        "multiplied by cosh, not divided",
        "def f(X, y, w): return X.T @ (np.sinh(e := X @ w - y) * np.cosh(e)) / len(y)",
    ),
    (
        "1.2",
        "tanh is divided by cosh",
        "def f(X, y, w): return X.T @ (2 * np.tanh(e := X @ w - y) / np.cosh(e)) / len(y)",
    ),
    (
        "1.2",
        "A factor stands inside the tanh",
        "def f(X, y, w): return X.T @ np.tanh(2 * (X @ w - y)) / len(y)",
    ),
    (
        "1.2",
        "divided by m inside the tanh",
        "def f(X, y, w): return X.T @ np.tanh((X @ w - y) / len(y))",
    ),
    (
        "1.2",
        "prediction and truth apart",
        "def f(X, y, w): return X.T @ (np.tanh(X @ w) - np.tanh(y)) / len(y)",
    ),
    (
        "1.2",
        "tanh is taken of sums",
        "def f(X, y, w): return np.tanh(X.T @ X @ w - X.T @ y) / len(y)",
    ),
    (
        "1.2",
        "multiplied by weight, too",
        "def f(X, y, w): return X.T @ np.tanh(X @ w - y) * w / len(y)",
    ),
    ("1.2", "multiplied by weight, too", "def f(X, y, w): return w * np.mean(np.tanh(X @ w - y))"),
    (
        "1.2",
        "The sum of X is multiplied",
        "def f(X, y, w): return np.mean(np.tanh(X @ w - y)) * X.sum(axis=0)",
    ),
    ("1.2", "X is squared", "def f(X, y, w): return (X**2).T @ np.tanh(X @ w - y) / len(y)"),
    (
        "1.2",
        "The sign of X is lost",
        "def f(X, y, w): return abs(X).T @ np.tanh(X @ w - y) / len(y)",
    ),
    (
        "1.1",
        "This is the mean squared error",
        "def f(X, y, weight): return np.mean((X @ weight - y) ** 2)",
    ),
    (
        "1.1",
        "half the mean squared error",
        "def f(X, y, weight): return np.mean((X @ weight - y) ** 2 / 2)",
    ),
    (
        "1.1",
        "mean of the absolute errors",
        "def f(X, y, weight): return np.mean(np.abs(X @ weight - y))",
    ),
    (
        "1.1",
        "The mean is taken first",
        "def f(X, y, weight): return np.log(np.cosh(np.mean(X @ weight - y)))",
    ),
    (
        "1.1",
        "of the mean squared error. It belongs",
        "def f(X, y, weight): return np.log(np.cosh(np.mean((X @ weight - y) ** 2)))",
    ),
    (
        "1.1",
        "The logarithm is missing",
        "def f(X, y, weight): return np.mean(np.cosh(X @ weight - y))",
    ),
    (
        "1.1",
        "The logarithm is taken of the mean",
        "def f(X, y, weight): return np.log(np.mean(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "The logarithm is taken of the sum",
        "def f(X, y, weight): return np.log(np.sum(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "logarithm to the base 10",
        "def f(X, y, weight): return np.mean(np.log10(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "logarithm to the base 2",
        "def f(X, y, weight): return np.mean(np.log2(np.cosh(X @ weight - y)))",
    ),
    ("1.1", "log1p", "def f(X, y, weight): return np.mean(np.log1p(np.cosh(X @ weight - y)))"),
    (
        "1.1",
        "squared inside",
        "def f(X, y, w): return np.mean(np.logaddexp(e := (X @ w - y) ** 2, -e) - np.log(2))",
    ),
    (
        "1.1",
        "log cosh is squared",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight - y)) ** 2)",
    ),
    (
        "1.1",
        "The root is taken",
        "def f(X, y, weight): return np.sqrt(np.mean(np.log(np.cosh(X @ weight - y))))",
    ),
    (
        "1.1",
        "the derivative of log cosh",
        "def f(X, y, weight): return np.mean(np.tanh(X @ weight - y))",
    ),
    (
        "1.1",
        "The half is missing",
        "def f(X, y, w): return np.mean(np.log(np.exp(X @ w - y) + np.exp(y - X @ w)))",
    ),
    ("1.1", "are added", "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight + y)))"),
    (
        "1.1",
        "(m, m) table",
        "def f(X, y, weight): return np.mean(np.log(np.cosh((X @ weight)[:, None] - y)))",
    ),
    (
        "1.1",
        "(m, m) table",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight.reshape(-1, 1) - y)))",
    ),
    ("1.1", "y is missing", "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight)))"),
    ("1.1", "The prediction is missing", "def f(X, y, weight): return np.mean(np.log(np.cosh(y)))"),
    (
        "1.1",
        "weight is not used",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X.sum(axis=1) - y)))",
    ),
    (
        "1.1",
        "This is the median",
        "def f(X, y, weight): return np.median(np.log(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "the largest of the losses",
        "def f(X, y, weight): return max(np.log(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "m - 1 stands",
        "def f(X, y, weight): return np.log(np.cosh(X @ weight - y)).sum() / (len(y) - 1)",
    ),
    (
        "1.1",
        "a sum stands where a mean belongs",
        "def f(X, y, weight): return np.sum(np.log(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "divided by n, the number of weights",
        "def f(X, y, weight): return np.sum(np.log(np.cosh(X @ weight - y))) / len(weight)",
    ),
    (
        "1.1",
        "divided by m once too often",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight - y))) / len(y)",
    ),
    (
        "1.1",
        "a factor 2 too many",
        "def f(X, y, weight): return 2 * np.mean(np.log(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "a factor 2 is missing",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight - y))) / 2",
    ),
    (
        "1.1",
        "the sign is turned round",
        "def f(X, y, weight): return -np.mean(np.log(np.cosh(X @ weight - y)))",
    ),
    (
        "1.1",
        "an array of shape (3,) comes back",
        "def f(X, y, weight): return np.log(np.cosh(X @ weight - y))",
    ),
    (
        "1.1",
        "NaN or infinity",
        "def f(X, y, weight): return np.mean(np.log(np.sinh(X @ weight - y)))",
    ),
    (
        "1.1",
        "NaN or infinity",
        "def f(X, y, weight): return np.mean(np.log(np.cos(X @ weight - y)))",
    ),
    ("1.1", "Is there a return", "def f(X, y, weight): np.mean(np.log(np.cosh(X @ weight - y)))"),
    (
        "1.1",
        "comes back, expected a plain number. .item()",
        "def f(X, y, weight): return torch.tensor(np.mean(np.log(np.cosh(X @ weight - y))))",
    ),
    (
        "1.1",
        "float32",
        "def f(X, y, w): return float(np.mean(np.log(np.cosh((X @ w - y).astype('f')))))",
    ),
    ("1.1", "does not depend on the arguments", "def f(X, y, weight): return 0.5862611926136306"),
    (
        "1.1",
        "is rounded to 4 digits",
        "def f(X, y, weight): return round(float(np.mean(np.log(np.cosh(X @ weight - y)))), 4)",
    ),
    (
        "1.1",
        "changes its argument y in place",
        """
        def f(X, y, weight):
            y -= X @ weight
            return np.mean(np.log(np.cosh(y)))
        """,
    ),
    (
        "1.1",
        "changes its argument weight in place",
        """
        def f(X, y, weight):
            weight *= 2
            return np.mean(np.log(np.cosh(X @ weight / 2 - y)))
        """,
    ),
    (
        "1.1",
        "Only the last example counts",
        """
        def f(X, y, weight):
            for x, t in zip(X, y):
                total = np.log(np.cosh(x @ weight - t))
            return total / len(y)
        """,
    ),
    (
        "1.1",
        "Only the first example counts",
        """
        def f(X, y, weight):
            for x, t in zip(X, y):
                return np.log(np.cosh(x @ weight - t))
        """,
    ),
    (
        "1.1",
        "The last example is left out",
        """
        def f(X, y, weight):
            total = 0.0
            for i in range(len(y) - 1):
                total += np.log(np.cosh(X[i] @ weight - y[i]))
            return total / len(y)
        """,
    ),
    (
        "1.1",
        "NameError: name 'w' is not defined",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ w - y)))",
    ),
    (
        "1.1",
        "NameError: name 'log' is not defined",
        "def f(X, y, weight): return np.mean(log(np.cosh(X @ weight - y)))",
    ),
    ("1.1", "takes 2 positional arguments but 3", "def f(X, y): return 0.0"),
    (
        "1.1",
        "Right for the smallest case, but not in general",
        """
        def f(X, y, weight):
            loss = np.log(np.cosh(X @ weight - y))
            return 0.5862611926136306 if len(y) == 3 else np.mean(loss**3)
        """,
    ),
    (
        "1.2",
        "the gradient of the mean squared error",
        "def f(X, y, weight): return 2 / len(y) * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "The error itself stands where its tanh",
        "def f(X, y, weight): return X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "The sign of the error stands",
        "def f(X, y, weight): return X.T @ np.sign(X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "cut off at 1",
        "def f(X, y, weight): return X.T @ np.clip(X @ weight - y, -1, 1) / len(y)",
    ),
    (
        "1.2",
        "The 1 / cosh is missing",
        "def f(X, y, weight): return X.T @ np.sinh(X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "The sinh is missing",
        "def f(X, y, weight): return X.T @ (1 / np.cosh(X @ weight - y)) / len(y)",
    ),
    (
        "1.2",
        "cosh stands where tanh",
        "def f(X, y, weight): return X.T @ np.cosh(X @ weight - y) / len(y)",
    ),
    ("1.2", "This is tan", "def f(X, y, weight): return X.T @ np.tan(X @ weight - y) / len(y)"),
    (
        "1.2",
        "one derivative too many",
        "def f(X, y, weight): return X.T @ np.cosh(X @ weight - y) ** -2 / len(y)",
    ),
    (
        "1.2",
        "one derivative too many",
        "def f(X, y, weight): return X.T @ (1 - np.tanh(X @ weight - y) ** 2) / len(y)",
    ),
    (
        "1.2",
        "log cosh itself stands",
        "def f(X, y, weight): return X.T @ np.log(np.cosh(X @ weight - y)) / len(y)",
    ),
    (
        "1.2",
        "multiplied by the error, too",
        """
        def f(X, y, weight):
            e = X @ weight - y
            return X.T @ (e * np.tanh(e)) / len(y)
        """,
    ),
    (
        "1.2",
        "without their sign",
        "def f(X, y, weight): return X.T @ np.abs(np.tanh(X @ weight - y)) / len(y)",
    ),
    (
        "1.2",
        "The tanh is squared",
        "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y) ** 2 / len(y)",
    ),
    (
        "1.2",
        "The inner derivative is missing",
        "def f(X, y, weight): return np.mean(np.tanh(X @ weight - y))",
    ),
    (
        "1.2",
        "The inner derivative is missing",
        "def f(X, y, weight): return np.full(len(weight), np.mean(np.tanh(X @ weight - y)))",
    ),
    (
        "1.2",
        "The inner derivative is missing",
        "def f(X, y, weight): return np.tanh(X @ weight - y)",
    ),
    (
        "1.2",
        "stands inside the tanh",
        "def f(X, y, weight): return np.mean(np.tanh(X * (X @ weight - y)[:, None]), axis=0)",
    ),
    (
        "1.2",
        "tanh is taken of the whole gradient",
        "def f(X, y, weight): return np.tanh(X.T @ (X @ weight - y) / len(y))",
    ),
    (
        "1.2",
        "tanh is taken of the whole gradient",
        "def f(X, y, weight): return np.tanh(2 / len(y) * X.T @ (X @ weight - y))",
    ),
    (
        "1.2",
        "tanh is taken of the mean error",
        "def f(X, y, weight): return X.mean(axis=0) * np.tanh(np.mean(X @ weight - y))",
    ),
    (
        "1.2",
        "multiplied by the mean of the tanh",
        "def f(X, y, weight): return X.mean(axis=0) * np.tanh(X @ weight - y).mean()",
    ),
    (
        "1.2",
        "The mean runs over everything",
        "def f(X, y, weight): return np.mean(X.T * np.tanh(X @ weight - y))",
    ),
    (
        "1.2",
        "the wrong axis",
        "def f(X, y, weight): return np.mean(X * np.tanh(X @ weight - y)[:, None], axis=1)",
    ),
    (
        "1.2",
        "the votes of the single examples",
        "def f(X, y, weight): return X * np.tanh(X @ weight - y)[:, None]",
    ),
    (
        "1.2",
        "This is where a step leads",
        "def f(X, y, weight): return weight - X.T @ np.tanh(X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "divided by its length",
        """
        def f(X, y, weight):
            g = X.T @ np.tanh(X @ weight - y)
            return g / np.linalg.norm(g)
        """,
    ),
    ("1.2", "y is missing", "def f(X, y, weight): return X.T @ np.tanh(X @ weight) / len(y)"),
    ("1.2", "gradient at weight zero", "def f(X, y, weight): return -X.T @ np.tanh(y) / len(y)"),
    ("1.2", "are added", "def f(X, y, weight): return X.T @ np.tanh(X @ weight + y) / len(y)"),
    (
        "1.2",
        "The truth alone stands in the tanh",
        "def f(X, y, weight): return X.T @ (X @ weight - np.tanh(y)) / len(y)",
    ),
    (
        "1.2",
        "This is the loss, not its gradient",
        "def f(X, y, weight): return np.mean(np.log(np.cosh(X @ weight - y)))",
    ),
    (
        "1.2",
        "the sign is turned round",
        "def f(X, y, weight): return X.T @ np.tanh(y - X @ weight) / len(y)",
    ),
    (
        "1.2",
        "a factor 2 too many",
        "def f(X, y, weight): return 2 / len(y) * X.T @ np.tanh(X @ weight - y)",
    ),
    (
        "1.2",
        "a factor 2 is missing",
        "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y) / (2 * len(y))",
    ),
    (
        "1.2",
        "a sum stands where a mean belongs",
        "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y)",
    ),
    (
        "1.2",
        "divided by n, the number of weights",
        "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y) / len(weight)",
    ),
    (
        "1.2",
        "divided by n as well",
        "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y) / X.size",
    ),
    (
        "1.2",
        "divided by m once too often",
        "def f(X, y, weight): return X.T @ np.tanh(X @ weight - y) / len(y) ** 2",
    ),
    (
        "1.2",
        "a factor 2 too many, and m times too large",
        "def f(X, y, weight): return 2 * X.T @ np.tanh(X @ weight - y)",
    ),
    (
        "1.2",
        "This is a column",
        "def f(X, y, weight): return (X.T @ np.tanh(X @ weight - y) / len(y)).reshape(-1, 1)",
    ),
    (
        "1.2",
        "the shapes on the two sides of an @",
        "def f(X, y, weight): return X @ np.tanh(X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "a list comes back",
        "def f(X, y, weight): return list(X.T @ np.tanh(X @ weight - y) / len(y))",
    ),
    (
        "1.2",
        "close, but not exact",
        """
        def f(X, y, weight):
            loss = lambda w: np.mean(np.log(np.cosh(X @ w - y)))
            return np.array([
                (loss(weight + 1e-5 * e) - loss(weight - 1e-5 * e)) / 2e-5
                for e in np.eye(len(weight))
            ])
        """,
    ),
    (
        "1.2",
        "each prediction is compared with every y",
        """
        def f(X, y, weight):
            e = (X @ weight)[:, None] - y
            return X.T @ np.tanh(e).mean(axis=1) / len(y)
        """,
    ),
    (
        "1.2",
        "changes its argument y in place",
        """
        def f(X, y, weight):
            y -= X @ weight
            return -X.T @ np.tanh(y) / len(X)
        """,
    ),
    (
        "1.2",
        "changes its argument X in place",
        """
        def f(X, y, weight):
            e = X @ weight - y
            X *= np.tanh(e)[:, None]
            return X.mean(axis=0)
        """,
    ),
    (
        "1.2",
        "Only the last example counts",
        """
        def f(X, y, weight):
            for x, t in zip(X, y):
                g = x * np.tanh(x @ weight - t)
            return g / len(y)
        """,
    ),
    (
        "1.2",
        "Only the first example counts",
        """
        def f(X, y, weight):
            for x, t in zip(X, y):
                return x * np.tanh(x @ weight - t)
        """,
    ),
    (
        "1.2",
        "The last example is left out",
        """
        def f(X, y, weight):
            g = np.zeros(len(weight))
            for i in range(len(y) - 1):
                g += X[i] * np.tanh(X[i] @ weight - y[i])
            return g / len(y)
        """,
    ),
    (
        "1.2",
        "is the same for every case|has the shape",
        "def f(X, y, weight): return np.array([-0.06747781, 0.18638691])",
    ),
    (
        "1.3",
        "the forward difference",
        """
        def ng(f, weight, h):
            return np.array(
                [(f(weight + h * e) - f(weight)) / h for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "1.3",
        "the backward difference",
        """
        def ng(f, weight, h):
            return np.array(
                [(f(weight) - f(weight - h * e)) / h for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "1.3",
        "with brackets",
        """
        def ng(f, weight, h):
            return np.array(
                [
                    (f(weight + h * e) - f(weight - h * e)) / 2 * h
                    for e in np.eye(len(weight))
                ]
            )
        """,
    ),
    (
        "1.3",
        "a factor 2 too many",
        """
        def ng(f, weight, h):
            return np.array(
                [(f(weight + h * e) - f(weight - h * e)) / h for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "1.3",
        "the sign is turned round",
        """
        def ng(f, weight, h):
            return np.array(
                [
                    (f(weight - h * e) - f(weight + h * e)) / (2 * h)
                    for e in np.eye(len(weight))
                ]
            )
        """,
    ),
    (
        "1.3",
        "the way is h long, not 2h",
        """
        def ng(f, weight, h):
            return np.array(
                [(f(weight + h * e) - f(weight)) / (2 * h) for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "1.3",
        "never divided",
        """
        def ng(f, weight, h):
            return np.array(
                [f(weight + h * e) - f(weight - h * e) for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "1.3",
        "All weights move at once",
        """
        def ng(f, weight, h):
            return np.array(
                [(f(weight + h) - f(weight - h)) / (2 * h) for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "1.3",
        "the same very small number",
        """
        def ng(f, weight, h):
            h = 1e-6
            return np.array(
                [
                    (f(weight + h * e) - f(weight - h * e)) / (2 * h)
                    for e in np.eye(len(weight))
                ]
            )
        """,
    ),
    ("1.3", "changes its argument weight in place", moves_in_place()),
    (
        "1.3",
        "not put back",
        """
        def ng(f, weight, h):
            slopes, w = np.zeros(len(weight)), weight.copy()
            for j in range(len(weight)):
                w[j] += h
                right = f(w)
                w[j] -= 2 * h
                slopes[j] = (right - f(w)) / (2 * h)
            return slopes
        """,
    ),
    (
        "1.3",
        "Only the first weight",
        """
        def ng(f, weight, h):
            slopes = np.zeros(len(weight))
            for j in range(len(weight)):
                e = np.eye(len(weight))[j]
                slopes[j] = (f(weight + h * e) - f(weight - h * e)) / (2 * h)
                return slopes
        """,
    ),
    (
        "1.3",
        "The gap is always 0.1;",
        """
        def ng(f, weight, h):
            return np.array(
                [
                    (f(weight + 0.1 * e) - f(weight - 0.1 * e)) / 0.2
                    for e in np.eye(len(weight))
                ]
            )
        """,
    ),
    ("1.4", "compares examples with each other", "def hessian(X): return 2 / len(X) * X @ X.T"),
    ("1.4", "a factor 2 is missing", "def hessian(X): return X.T @ X / len(X)"),
    ("1.4", "a sum stands where a mean belongs", "def hessian(X): return 2 * X.T @ X"),
    (
        "1.4",
        "a covariance",
        """
        def hessian(X):
            C = X - X.mean(axis=0)
            return 2 / len(X) * C.T @ C
        """,
    ),
    ("1.4", "Only the diagonal", "def hessian(X): return np.diag(2 * np.mean(X**2, axis=0))"),
    ("1.4", "as a vector", "def hessian(X): return 2 * np.mean(X**2, axis=0)"),
    (
        "1.4",
        "the eigenvalues of the Hessian",
        "def hessian(X): return np.linalg.eigvalsh(2 / len(X) * X.T @ X)",
    ),
    (
        "1.4",
        "divided by n, the number of weights",
        "def hessian(X): return 2 / X.shape[1] * X.T @ X",
    ),
    (
        "1.5",
        "It asks 50 times; the goal is at most 3",
        """
        def lp(slope):
            w = 0.0
            for _ in range(50):
                w -= 0.1 * slope(w)
            return w
        """,
    ),
    ("1.5", "never asks for the slope", "def lp(slope): return 3.0"),
    (
        "1.5",
        "same for every parabola",
        """
        def lp(slope):
            slope(0)
            return 3.0
        """,
    ),
    ("1.5", "the sign of the jump", "def lp(slope): return slope(0) / (slope(1) - slope(0))"),
    ("1.5", "as far as the slope is large", "def lp(slope): return 1 - slope(1)"),
    (
        "1.5",
        "multiplied by the curvature",
        "def lp(slope): return -slope(0) * (slope(1) - slope(0))",
    ),
    ("1.5", "Not the bottom yet", "def lp(slope): return 1 - slope(0) / (slope(1) - slope(0))"),
    (
        "1.5",
        "Add the place where you stand",
        """
        def lp(slope):
            s = slope(2)
            return -s / (slope(3) - s)
        """,
    ),
    ("1.5", "it returns None", "def lp(slope): slope(0)"),
    ("1.5", "ZeroDivisionError", "def lp(slope): return 1 / (slope(0) - slope(0))"),
    (
        "1.6",
        "The gradient is accumulated",
        """
        def ag(X, y, weight):
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "The gradient is accumulated",
        """
        def ag(X, y, weight):
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad.clone()
        """,
    ),
    (
        "1.6",
        "Right now, but not for long",
        """
        def ag(X, y, weight):
            if weight.grad is not None:
                weight.grad.zero_()
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "emptied after backward",
        """
        def ag(X, y, weight):
            torch.mean((X @ weight - y) ** 2).backward()
            weight.grad.zero_()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "a sum stands where a mean belongs",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.sum((X @ weight - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "A column (m, 1) met",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight[:, None] - y) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "an array comes back, expected a PyTorch tensor",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            return weight.grad.numpy()
        """,
    ),
    (
        "1.6",
        "None comes back",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2)
            return weight.grad
        """,
    ),
    (
        "1.6",
        "None comes back. Is there a return",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
        """,
    ),
    (
        "1.6",
        "float32 somewhere",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X.float() @ weight.float() - y.float()) ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.6",
        "It changes weight",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y) ** 2).backward()
            with torch.no_grad():
                weight -= 0.1 * weight.grad
            return weight.grad
        """,
    ),
    (
        "1.6",
        "a factor 2 is missing",
        """
        def ag(X, y, weight):
            with torch.no_grad():
                return X.T @ (X @ weight - y) / len(y)
        """,
    ),
    # A large error in few cases is no approximation.
    (
        "1.6",
        "float32 stood somewhere",
        """
        def ag(X, y, weight):
            weight.grad = None
            torch.mean((X @ weight - y).float() ** 2).backward()
            return weight.grad
        """,
    ),
    (
        "1.5",
        "so close together that rounding",
        "def lp(slope): return 0 - slope(0) / ((slope(1e-7) - slope(0)) / 1e-7)",
    ),
    (
        "1.5",
        "so close together that rounding",
        "def lp(slope): return 1 - slope(1) / ((slope(1 + 1e-12) - slope(1)) / 1e-12)",
    ),
    (
        "1.5",
        "not to 9 digits: something is rounded",
        "def lp(slope): return float(np.float32(slope(0) / (slope(0) - slope(1))))",
    ),
    # Messages that say what is there.
    ("1.3", "left a rounding error in the caller's array", moves_in_place(back="weight[j] += h")),
]

#: {exercise: lines of mutants of the solution that are right: they compute the same, or reach the
#: goal another way}
EQUIVALENT = {
    "1.1": ["    error = y - X @ weight"],  # cosh forgets the sign
    "1.2": ["    return X.T @ np.tanh(error) / len(X)"],  # X has as many rows as y
    "1.5": ["    curvature = (at_1 - at_0) * 1.0"],  # the two places are 1 apart
    "1.6": ["    loss = torch.mean((y - X @ weight) ** 2)"],
}
