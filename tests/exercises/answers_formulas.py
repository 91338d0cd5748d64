"""Answers to two formulas that blanks lean on, the MSE of a linear model and its gradient: what
learners write, and what the check must say of it. (They were exercises once.)
"""

#: Wrong answers: ("mse" or "grad", what the check must say, the answer); "a|b" allows
#: either, and where nothing stands, the check has no name for it.
WRONG = [
    ("mse", "The mean is squared", "def mse(X, y, weight): return np.mean(X @ weight - y) ** 2"),
    ("mse", "The errors are not squared", "def mse(X, y, weight): return np.mean(X @ weight - y)"),
    ("mse", "absolute errors", "def mse(X, y, weight): return np.mean(np.abs(X @ weight - y))"),
    (
        "mse",
        "the root of the MSE",
        "def mse(X, y, weight): return np.sqrt(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "mse",
        "length of the error vector",
        "def mse(X, y, weight): return np.linalg.norm(X @ weight - y)",
    ),
    ("mse", "variance of the errors", "def mse(X, y, weight): return np.var(X @ weight - y)"),
    ("mse", "are added", "def mse(X, y, weight): return np.mean((X @ weight + y) ** 2)"),
    (
        "mse",
        "(m, m) table",
        "def mse(X, y, weight): return np.mean((X @ weight.reshape(-1, 1) - y) ** 2)",
    ),
    (
        "mse",
        "a sum stands where a mean belongs",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2)",
    ),
    (
        "mse",
        "a factor 2 is missing",
        "def mse(X, y, weight): return np.mean((X @ weight - y) ** 2) / 2",
    ),
    (
        "mse",
        "m - 1 stands",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2) / (len(y) - 1)",
    ),
    (
        "mse",
        "divided by n, the number of weights, where m",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2) / len(weight)",
    ),
    (
        "mse",
        "the sign is turned round",
        "def mse(X, y, weight): return -np.mean((X @ weight - y) ** 2)",
    ),
    ("mse", "Is there a return", "def mse(X, y, weight): np.mean((X @ weight - y) ** 2)"),
    (
        "mse",
        "a PyTorch tensor comes back, expected a plain number. .item()",
        "def mse(X, y, weight): return torch.tensor(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "mse",
        "an array of shape (3,) comes back",
        "def mse(X, y, weight): return (X @ weight - y) ** 2",
    ),
    (
        "mse",
        "float32",
        "def mse(X, y, weight): return np.mean((X @ weight - y).astype(np.float32) ** 2)",
    ),
    (
        "mse",
        "float32 somewhere",
        "def mse(X, y, weight): return float(np.mean((X @ weight - y).astype('float32') ** 2))",
    ),
    (
        "mse",
        "NaN or infinity",
        "def mse(X, y, weight): return np.mean((X @ weight - y) ** 2) * np.nan",
    ),
    ("mse", "NaN or infinity", "def mse(X, y, weight): return float('inf')"),
    (
        "mse",
        "ZeroDivisionError: division by zero, in line 2",
        """
        def mse(X, y, weight):
            return 1 / 0
        """,
    ),
    (
        "mse",
        "NameError: name 'w' is not defined",
        """
        def mse(X, y, weight):
            return np.mean((X @ w - y) ** 2)
        """,
    ),
    ("mse", "does not depend on the arguments", "def mse(X, y, weight): return 9.0"),
    (
        "mse",
        "Right for the smallest case, but not in general",
        "def mse(X, y, weight): return 9.0 if len(y) == 3 else np.mean((X @ weight - y) ** 4)",
    ),
    (
        "mse",
        "changes its argument y in place: the caller's array",
        """
        def mse(X, y, weight):
            y -= X @ weight
            return np.mean(y**2)
        """,
    ),
    ("mse", "takes 2 positional arguments but 3", "def mse(X, y): return 0.0"),
    (
        "mse",
        "a str comes back",
        "def mse(X, y, weight): return str(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "mse",
        "something is kept between two calls",
        """
        def mse(X, y, weight, seen=[]):
            seen.append(1)
            return np.mean((X @ weight - y) ** 2) * (1 if len(seen) < 8 else 2)
        """,
    ),
    (
        "grad",
        "the sign is turned round",
        "def gradient(X, y, weight): return 2 / len(y) * X.T @ (y - X @ weight)",
    ),
    (
        "grad",
        "a factor 2 is missing",
        "def gradient(X, y, weight): return X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "grad",
        "a factor 2 too many",
        "def gradient(X, y, weight): return 4 * X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "grad",
        "a sum stands where a mean belongs",
        "def gradient(X, y, weight): return 2 * X.T @ (X @ weight - y)",
    ),
    (
        "grad",
        "a factor 2 is missing, and m times too large",
        "def gradient(X, y, weight): return X.T @ (X @ weight - y)",
    ),
    (
        "grad",
        "sign is turned round, and a factor 2 is missing",
        "def gradient(X, y, weight): return X.T @ (y - X @ weight) / len(y)",
    ),
    (
        "grad",
        "divided by n, the number of weights",
        "def gradient(X, y, weight): return 2 / len(weight) * X.T @ (X @ weight - y)",
    ),
    (
        "grad",
        "divided by m once too often",
        "def gradient(X, y, weight): return 2 / len(y) ** 2 * X.T @ (X @ weight - y)",
    ),
    (
        "grad",
        "divided by n as well",
        "def gradient(X, y, weight): return 2 / X.size * X.T @ (X @ weight - y)",
    ),
    (
        "grad",
        "The inner derivative is missing",
        "def gradient(X, y, weight): return np.array(2 * np.mean(X @ weight - y))",
    ),
    (
        "grad",
        "The mean runs over everything at once",
        "def gradient(X, y, weight): return np.array(2 * np.mean(X.T * (X @ weight - y)))",
    ),
    (
        "grad",
        "the wrong axis",
        "def gradient(X, y, weight): return 2 * np.mean(X.T * (X @ weight - y), axis=0)",
    ),
    (
        "grad",
        "the votes of the single examples",
        "def gradient(X, y, weight): return 2 * X * (X @ weight - y)[:, None]",
    ),
    ("grad", "y is missing", "def gradient(X, y, weight): return 2 / len(y) * X.T @ X @ weight"),
    (
        "grad",
        "the gradient at weight zero",
        "def gradient(X, y, weight): return -2 / len(y) * X.T @ y",
    ),
    (
        "grad",
        "divided by its length",
        """
        def gradient(X, y, weight):
            g = X.T @ (X @ weight - y)
            return g / np.linalg.norm(g)
        """,
    ),
    (
        "grad",
        "the gradient of the root",
        """
        def gradient(X, y, weight):
            e = X @ weight - y
            return X.T @ e / len(y) / np.sqrt(np.mean(e**2))
        """,
    ),
    (
        "grad",
        "This is a column",
        "def gradient(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).reshape(-1, 1)",
    ),
    (
        "grad",
        "ValueError: the shapes on the two sides of an @ do not fit together, in line 1",
        "def gradient(X, y, weight): return 2 / len(y) * X @ (X @ weight - y)",
    ),
    (
        "grad",
        "a list comes back",
        "def gradient(X, y, weight): return list(2 / len(y) * X.T @ (X @ weight - y))",
    ),
    (
        "grad",
        "dtype is int64",
        "def gradient(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).astype(int)",
    ),
    (
        "grad",
        "close, but not exact",
        """
        def gradient(X, y, weight):
            f = lambda w: np.mean((X @ w - y) ** 2)
            return np.array(
                [(f(weight + 1e-6 * e) - f(weight)) / 1e-6 for e in np.eye(len(weight))]
            )
        """,
    ),
    (
        "grad",
        "close, but not exact",
        """
        def gradient(X, y, weight):
            f = lambda w: np.mean((X @ w - y) ** 2)
            return np.array(
                [
                    (f(weight + 1e-5 * e) - f(weight - 1e-5 * e)) / 2e-5
                    for e in np.eye(len(weight))
                ]
            )
        """,
    ),
    (
        "grad",
        "close, but not exact",
        """
        def gradient(X, y, weight):
            f = lambda w: np.mean((X @ w - y) ** 2)
            return np.array(
                [
                    (f(weight + 0.1 * e) - f(weight - 0.1 * e)) / 0.2
                    for e in np.eye(len(weight))
                ]
            )
        """,
    ),
    (
        "grad",
        "wrong axis",
        """
        def gradient(X, y, weight):
            return 2 * np.mean(
                np.gradient((X @ weight - y)[:, None] * X, axis=1)
                if X.shape[1] > 99
                else X * (X @ weight - y)[:, None],
                axis=1,
            )
        """,
    ),
    (
        "mse",
        "Right for the smallest case, but not in general",
        "def mse(X, y, weight): return np.mean(np.minimum((X @ weight - y) ** 2, 12))",
    ),
    (
        "grad",
        "Right for the smallest case, but not in general",
        """
        def gradient(X, y, weight):
            g = 2 / len(y) * X.T @ (X @ weight - y)
            return g * np.where(np.arange(len(g)) == 2, 0.8, 1) if len(y) == 5 else g
        """,
    ),
    (
        "grad",
        "one side of an @ is a single number",
        "def gradient(X, y, weight): return X.T @ np.mean(X @ weight - y)",
    ),
    ("grad", "inner derivative is missing", "def g(X, y, weight): return 2*np.mean(X@weight-y)"),
    ("grad", "runs over everything", "def g(X, y, w): return 2*np.mean(X.T * (X@w-y))"),
    ("grad", "This is the loss", "def g(X, y, w): return np.mean((X@w-y)**2)"),
    ("grad", "inner derivative is missing", "def g(X, y, w): return 2*float(np.mean(X@w-y))"),
    ("mse", "rounded to 3 digits", "def mse(X, y, w): return round(np.mean((X @ w - y)**2), 3)"),
    ("mse", "rounded to 6 digits", "def mse(X, y, w): return np.round(np.mean((X@w - y)**2), 6)"),
    ("grad", "rounded to 4 digits", "def g(X, y, w): return np.round(2/len(y)*X.T@(X@w-y), 4)"),
    (
        "grad",
        "rounded to 6 digits",
        "def g(X, y, w): return (X.T @ (X @ w - y) * 2 / len(y)).round(6)",
    ),
    (
        "grad",
        "",
        """
        def g(X, y, w):
            A = X if X.shape[0] == X.shape[1] else X.T
            return 2 / len(y) * A @ (X @ w - y)
        """,
    ),
    (
        "mse",
        "Only the last example counts",
        """
        def mse(X, y, w):
            for k in range(len(y)):
                total = (X[k] @ w - y[k]) ** 2
            return total / len(y)
        """,
    ),
    (
        "grad",
        "Only the last example counts",
        """
        def g(X, y, w):
            g = np.zeros(len(w))
            for k in range(len(y)):
                g = 2 * (X[k] @ w - y[k]) * X[k]
            return g / len(y)
        """,
    ),
    (
        "grad",
        "Only the last example counts",
        """
        def g(X, y, w):
            g = np.zeros(len(w))
            for i in range(len(y)):
                for j in range(len(w)):
                    g[j] = 2 / len(y) * (X[i] @ w - y[i]) * X[i, j]
            return g
        """,
    ),
    ("mse", "too large", "def mse(X, y, w): return 10**400"),
    ("mse", "SystemExit", "def mse(X, y, w): raise SystemExit"),
    ("mse", "calls itself", "def mse(X, y, w): return mse(X, y, w)"),
    (
        "mse",
        "The square belongs to the error",
        "def f(X, y, weight): return np.mean(X @ weight - y ** 2)",
    ),
    (
        "mse",
        "Both are squared before their",
        "def f(X, y, weight): return np.mean((X @ weight) ** 2 - y ** 2)",
    ),
    (
        "mse",
        "This is the sum of the absolute",
        "def f(X, y, weight): return np.sum(np.abs(X @ weight - y))",
    ),
    (
        "mse",
        "The errors are doubled, not squared",
        "def f(X, y, weight): return np.mean((X @ weight - y) * 2)",
    ),
    (
        "mse",
        "The sum is squared; expected the mean",
        "def f(X, y, weight): return (np.sum(X @ weight) - np.sum(y)) ** 2 / len(y)",
    ),
    (
        "mse",
        "MSE: divided by n as well: a mean",
        "def f(X, y, weight): return np.sum((X @ weight - y) ** 2) / X.size",
    ),
    ("mse", "", "def f(X, y, weight): return np.mean((X * weight - y[:, None]) ** 2)"),
    (
        "mse",
        "weight is not used: this is the error",
        "def f(X, y, weight): return np.mean((X.sum(axis=1) - y) ** 2)",
    ),
    (
        "mse",
        "This is the standard deviation of the",
        "def f(X, y, weight): return np.std(X @ weight - y)",
    ),
    (
        "mse",
        "It stops with ValueError: the shapes",
        "def f(X, y, weight): return np.mean((weight @ X - y) ** 2)",
    ),
    (
        "mse",
        "MSE: a list comes back, expected a",
        "def f(X, y, weight): return [np.mean((X @ weight - y) ** 2)]",
    ),
    (
        "mse",
        "MSE: None comes back. Is there a",
        "def f(X, y, weight): print(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "mse",
        "MSE is rounded to 0 digits after the",
        "def f(X, y, weight): return int(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "mse",
        "This is the mean of the absolute",
        "def f(X, y, weight): return np.mean(np.sqrt((X @ weight - y) ** 2))",
    ),
    (
        "mse",
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
        "mse",
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
        "grad",
        "The size of the errors is used",
        "def f(X, y, weight): return 2 * X.T @ np.abs(X @ weight - y) / len(y)",
    ),
    (
        "grad",
        "The errors are squared here, too. The",
        "def f(X, y, weight): return 2 / len(y) * X.T @ (X @ weight - y) ** 2",
    ),
    (
        "grad",
        "The square is forgotten: each vote is",
        "def f(X, y, weight): return 2 * np.mean(X, axis=0)",
    ),
    ("grad", "", "def f(X, y, weight): return 2 * np.mean(X @ weight - y) * weight"),
    (
        "grad",
        "gradient has the shape (3,), expected",
        "def f(X, y, weight): return 2 * (X @ weight - y)",
    ),
    (
        "grad",
        "gradient: a factor 2 is missing, and",
        "def f(X, y, weight): return X.T @ X @ weight - X.T @ y",
    ),
    (
        "grad",
        "gradient: a float64 comes back",
        "def f(X, y, weight): return np.sum((X @ weight - y) * X.T)",
    ),
    (
        "grad",
        "The mean of X is multiplied by the",
        "def f(X, y, weight): return 2 * np.mean(X, axis=0) * np.mean(X @ weight - y)",
    ),
    (
        "grad",
        "gradient: a float64 comes back",
        "def f(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).sum()",
    ),
    (
        "grad",
        "It stops with ValueError: operands",
        "def f(X, y, weight): return 2 / len(y) * (X @ weight - y) * X",
    ),
    (
        "grad",
        "This is where a step leads, weight",
        "def f(X, y, weight): return weight - 2 / len(y) * X.T @ (X @ weight - y)",
    ),
    ("grad", "", "def f(X, y, weight): return 2 * np.linalg.norm(X @ weight - y) * X.mean(axis=0)"),
    ("grad", "", "def f(X, y, weight): return 0.1 * X.T @ (X @ weight - y)"),
    (
        "grad",
        "gradient has the shape (3,), expected",
        "def f(X, y, weight): return np.gradient((X @ weight - y) ** 2)",
    ),
    (
        "mse",
        "MSE: a factor 2 is missing, and m",
        """
        def f(X, y, w): return np.sum((X @ w - y) ** 2) / 2
        """,
    ),
    (
        "mse",
        "MSE: m times too large: a sum stands",
        """
        def f(X, y, w): return (X @ w - y).T @ (X @ w - y)
        """,
    ),
    (
        "mse",
        "MSE: an array of shape (1,) comes",
        """
        def f(X, y, w): return np.mean((X @ w - y) ** 2, axis=0, keepdims=True)
        """,
    ),
    (
        "mse",
        "",
        """
        def f(X, y, w): return np.mean((X @ w - np.mean(y)) ** 2)
        """,
    ),
    (
        "mse",
        "",
        """
        def f(X, y, w): return 1 - np.sum((X @ w - y) ** 2) / np.sum((y - y.mean()) ** 2)
        """,
    ),
    (
        "mse",
        "It stops with TypeError: ^ is no",
        """
        def f(X, y, w): return np.mean(X @ w - y ^ 2)
        """,
    ),
    (
        "mse",
        "Only the last example counts: in the",
        """
        def f(X, y, w):
            error = (X @ w - y) ** 2
            for e in error:
                total = 0
                total += e
            return total / len(error)
        """,
    ),
    (
        "mse",
        "",
        """
        def f(X, y, w): return np.mean((X[0] @ w - y) ** 2)
        """,
    ),
    (
        "mse",
        "MSE: it holds NaN or infinity: inf",
        """
        def f(X, y, w): return np.mean((y / (X @ w) - 1) ** 2)
        """,
    ),
    (
        "mse",
        "It stops with ValueError: the shapes",
        """
        def f(X, w, y): return np.mean((X @ w - y) ** 2)
        """,
    ),
    (
        "grad",
        "It stops with ValueError: operands",
        """
        def f(X, y, w): return 2 / len(y) * X.T @ (X @ w) - y
        """,
    ),
    (
        "grad",
        "multiplies in pairs",
        """
        def f(X, y, w): return 2 * X.T * (X @ w - y) / len(y)
        """,
    ),
    (
        "grad",
        "gradient: divided by m - 1, where m",
        """
        def f(X, y, w): return X.T @ (X @ w - y) * 2 / (len(y) - 1)
        """,
    ),
    (
        "grad",
        "gradient: a factor 2 is missing, and",
        """
        def f(X, y, w): return (X @ w - y) @ X
        """,
    ),
    (
        "grad",
        "gradient: a float64 comes back",
        """
        def f(X, y, w): return np.mean(2 * (X @ w - y) @ X)
        """,
    ),
    (
        "grad",
        "gradient: a float64 comes back",
        """
        def f(X, y, w): return 2 * np.mean((X @ w - y) * X[:, 0])
        """,
    ),
    (
        "grad",
        "gradient: the sign is turned round. X",
        """
        def f(X, y, w): return -2 / len(y) * X.T @ (X @ w - y)
        """,
    ),
    (
        "grad",
        "It stops with ValueError: operands",
        """
        def f(X, y, w):
            g = np.zeros(len(w))
            for j in range(len(w)):
                g[j] = 2 * np.sum((X @ w - y) * X[j]) / len(y)
            return g
        """,
    ),
    (
        "grad",
        "",
        """
        def f(X, y, w):
            e = X @ w - y
            return 2 / len(y) * X.T @ e * w
        """,
    ),
    (
        "grad",
        "gradient: its dtype is int64",
        """
        def f(X, y, w):
            g = np.zeros(len(w), dtype=int)
            g[:] = 2 / len(y) * X.T @ (X @ w - y)
            return g
        """,
    ),
    *[
        (
            "grad",
            "cut off",
            f"def g(X, y, w): return np.clip(2 / len(y) * X.T @ (X @ w - y), -{c}, {c})",
        )
        for c in (10, 100)
    ],
]

#: Right answers: ("mse" or "grad", the answer).
RIGHT = [
    ("mse", "def f(X, y, weight): return ((X @ weight - y) ** 2).mean()"),
    ("mse", "def f(X, y, weight): return np.linalg.norm(X @ weight - y) ** 2 / len(y)"),
    ("mse", "def f(X, y, weight): return np.dot(e := y - X.dot(weight), e) / e.size"),
    ("mse", "def f(X, y, weight): return sum((x @ weight - t)**2 for x, t in zip(X, y)) / len(X)"),
    ("mse", "def f(X, y, weight): return np.average(np.square(np.matmul(X, weight) - y))"),
    ("mse", "def f(X, y, weight): return np.var(X @ weight - y) + np.mean(X @ weight - y) ** 2"),
    ("mse", "def f(X, y, weight): return np.einsum('i,i->', e := X @ weight - y, e) / y.shape[0]"),
    ("mse", "def f(*args): return float(np.mean((args[0] @ args[2] - args[1]) ** 2))"),
    ("mse", "def f(X, y, weight): return np.mean(((X * weight).sum(axis=1) - y) ** 2)"),
    (
        "mse",
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
        "mse",
        """
        class Loss:
            def __call__(self, X, y, weight):
                return np.mean((X @ weight - y) ** 2)
        def f(X, y, weight, loss=Loss()):
            return loss(X, y, weight)
        """,
    ),
    ("grad", "def f(X, y, weight): return 2 * np.mean((X @ weight - y)[:, None] * X, axis=0)"),
    ("grad", "def f(X, y, weight): return (X @ weight - y) @ X * 2 / len(y)"),
    ("grad", "def f(X, y, weight): return np.array([2 * np.mean((X@weight-y)*c) for c in X.T])"),
    ("grad", "def f(X, y, weight): return 2 / len(y) * (X.T @ X @ weight - X.T @ y)"),
    ("grad", "def f(X, y, weight): return -2 * np.dot(X.T, y - np.dot(X, weight)) / X.shape[0]"),
    ("grad", "def f(X, y, w): return np.einsum('ij,i->j', X, X @ w - y) * (2 / len(y))"),
    ("grad", "def f(X, y, w): return sum(2 * (x @ w - t) * x for x, t in zip(X, y)) / len(y)"),
    (
        "grad",
        """
        def f(X, y, w):
            g = np.zeros_like(w)
            for i in range(len(y)):
                g += 2 * (X[i] @ w - y[i]) * X[i]
            return g / len(y)
        """,
    ),
    (
        "grad",
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
    ("grad", "def f(X, y, w): return (2 / len(y) * X.T @ (X @ w[:, None] - y[:, None])).ravel()"),
    (
        "mse",
        """
        def f(X, y, w):
            r = y - X @ w
            return (r @ r) / r.shape[0]
        """,
    ),
    (
        "mse",
        """
        def f(X, y, w):
            return np.mean([(sum(a * b for a, b in zip(x, w)) - t) ** 2 for x, t in zip(X, y)])
        """,
    ),
    (
        "mse",
        """
        def f(X, y, w):
            import math
            return math.fsum((X @ w - y) ** 2) / len(y)
        """,
    ),
    (
        "mse",
        """
        f = lambda X, y, w: np.mean((X @ w) ** 2 - 2 * (X @ w) * y + y ** 2)
        def g(*a): return f(*a)
        """,
    ),
    (
        "grad",
        """
        def f(X, y, w): return np.dot(X @ w - y, X) / (0.5 * len(y))
        """,
    ),
    (
        "grad",
        """
        def f(X, y, w): return np.array([(2 * x * (X @ w - y)).mean() for x in X.T])
        """,
    ),
    (
        "grad",
        """
        def f(X, y, w):
            g = np.zeros(w.shape)
            for j in range(len(w)):
                for i in range(len(y)):
                    g[j] += 2 * X[i, j] * (X[i] @ w - y[i]) / len(y)
            return g
        """,
    ),
    (
        "grad",
        """
        def f(X, y, w):
            m, n = X.shape
            e = (X @ w.reshape(n, 1)).reshape(m) - y
            return np.sum(2 * e.reshape(m, 1) * X, 0) / m
        """,
    ),
]

#: Answers whose loop has no end: ("mse" or "grad", the answer).
ENDLESS = [
    (
        "mse",
        """
        def mse(X, y, weight):
            total, k = 0.0, 0
            while k < len(y): total += (X[k] @ weight - y[k]) ** 2
            return total / len(y)
        """,
    )
]
