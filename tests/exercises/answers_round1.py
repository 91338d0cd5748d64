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
    ("1.1", "The mean is squared", "def mse(X, y, weight): return np.mean(X @ weight - y) ** 2"),
    ("1.1", "The errors are not squared", "def mse(X, y, weight): return np.mean(X @ weight - y)"),
    ("1.1", "absolute errors", "def mse(X, y, weight): return np.mean(np.abs(X @ weight - y))"),
    (
        "1.1",
        "the root of the MSE",
        "def mse(X, y, weight): return np.sqrt(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "length of the error vector",
        "def mse(X, y, weight): return np.linalg.norm(X @ weight - y)",
    ),
    ("1.1", "variance of the errors", "def mse(X, y, weight): return np.var(X @ weight - y)"),
    ("1.1", "are added", "def mse(X, y, weight): return np.mean((X @ weight + y) ** 2)"),
    (
        "1.1",
        "(m, m) table",
        "def mse(X, y, weight): return np.mean((X @ weight.reshape(-1, 1) - y) ** 2)",
    ),
    (
        "1.1",
        "a sum stands where a mean belongs",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2)",
    ),
    (
        "1.1",
        "a factor 2 is missing",
        "def mse(X, y, weight): return np.mean((X @ weight - y) ** 2) / 2",
    ),
    (
        "1.1",
        "m - 1 stands",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2) / (len(y) - 1)",
    ),
    (
        "1.1",
        "divided by n, the number of weights, where m",
        "def mse(X, y, weight): return np.sum((X @ weight - y) ** 2) / len(weight)",
    ),
    (
        "1.1",
        "the sign is turned round",
        "def mse(X, y, weight): return -np.mean((X @ weight - y) ** 2)",
    ),
    ("1.1", "Is there a return", "def mse(X, y, weight): np.mean((X @ weight - y) ** 2)"),
    (
        "1.1",
        "a PyTorch tensor comes back, expected a plain number. .item()",
        "def mse(X, y, weight): return torch.tensor(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "an array of shape (3,) comes back",
        "def mse(X, y, weight): return (X @ weight - y) ** 2",
    ),
    (
        "1.1",
        "float32",
        "def mse(X, y, weight): return np.mean((X @ weight - y).astype(np.float32) ** 2)",
    ),
    (
        "1.1",
        "float32 somewhere",
        "def mse(X, y, weight): return float(np.mean((X @ weight - y).astype('float32') ** 2))",
    ),
    (
        "1.1",
        "NaN or infinity",
        "def mse(X, y, weight): return np.mean((X @ weight - y) ** 2) * np.nan",
    ),
    ("1.1", "NaN or infinity", "def mse(X, y, weight): return float('inf')"),
    (
        "1.1",
        "ZeroDivisionError: division by zero, in line 2",
        """
        def mse(X, y, weight):
            return 1 / 0
        """,
    ),
    (
        "1.1",
        "NameError: name 'w' is not defined",
        """
        def mse(X, y, weight):
            return np.mean((X @ w - y) ** 2)
        """,
    ),
    ("1.1", "does not depend on the arguments", "def mse(X, y, weight): return 9.0"),
    (
        "1.1",
        "Right for the smallest case, but not in general",
        "def mse(X, y, weight): return 9.0 if len(y) == 3 else np.mean((X @ weight - y) ** 4)",
    ),
    (
        "1.1",
        "changes its argument y in place: the caller's array",
        """
        def mse(X, y, weight):
            y -= X @ weight
            return np.mean(y**2)
        """,
    ),
    ("1.1", "takes 2 positional arguments but 3", "def mse(X, y): return 0.0"),
    (
        "1.1",
        "a str comes back",
        "def mse(X, y, weight): return str(np.mean((X @ weight - y) ** 2))",
    ),
    (
        "1.1",
        "something is kept between two calls",
        """
        def mse(X, y, weight, seen=[]):
            seen.append(1)
            return np.mean((X @ weight - y) ** 2) * (1 if len(seen) < 8 else 2)
        """,
    ),
    (
        "1.2",
        "the sign is turned round",
        "def gradient(X, y, weight): return 2 / len(y) * X.T @ (y - X @ weight)",
    ),
    (
        "1.2",
        "a factor 2 is missing",
        "def gradient(X, y, weight): return X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "a factor 2 too many",
        "def gradient(X, y, weight): return 4 * X.T @ (X @ weight - y) / len(y)",
    ),
    (
        "1.2",
        "a sum stands where a mean belongs",
        "def gradient(X, y, weight): return 2 * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "a factor 2 is missing, and m times too large",
        "def gradient(X, y, weight): return X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "sign is turned round, and a factor 2 is missing",
        "def gradient(X, y, weight): return X.T @ (y - X @ weight) / len(y)",
    ),
    (
        "1.2",
        "divided by n, the number of weights",
        "def gradient(X, y, weight): return 2 / len(weight) * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "divided by m once too often",
        "def gradient(X, y, weight): return 2 / len(y) ** 2 * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "divided by n as well",
        "def gradient(X, y, weight): return 2 / X.size * X.T @ (X @ weight - y)",
    ),
    (
        "1.2",
        "The inner derivative is missing",
        "def gradient(X, y, weight): return np.array(2 * np.mean(X @ weight - y))",
    ),
    (
        "1.2",
        "The mean runs over everything at once",
        "def gradient(X, y, weight): return np.array(2 * np.mean(X.T * (X @ weight - y)))",
    ),
    (
        "1.2",
        "the wrong axis",
        "def gradient(X, y, weight): return 2 * np.mean(X.T * (X @ weight - y), axis=0)",
    ),
    (
        "1.2",
        "the votes of the single examples",
        "def gradient(X, y, weight): return 2 * X * (X @ weight - y)[:, None]",
    ),
    ("1.2", "y is missing", "def gradient(X, y, weight): return 2 / len(y) * X.T @ X @ weight"),
    (
        "1.2",
        "the gradient at weight zero",
        "def gradient(X, y, weight): return -2 / len(y) * X.T @ y",
    ),
    (
        "1.2",
        "divided by its length",
        """
        def gradient(X, y, weight):
            g = X.T @ (X @ weight - y)
            return g / np.linalg.norm(g)
        """,
    ),
    (
        "1.2",
        "the gradient of the root",
        """
        def gradient(X, y, weight):
            e = X @ weight - y
            return X.T @ e / len(y) / np.sqrt(np.mean(e**2))
        """,
    ),
    (
        "1.2",
        "This is a column",
        "def gradient(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).reshape(-1, 1)",
    ),
    (
        "1.2",
        "ValueError: the shapes on the two sides of an @ do not fit together, in line 1",
        "def gradient(X, y, weight): return 2 / len(y) * X @ (X @ weight - y)",
    ),
    (
        "1.2",
        "a list comes back",
        "def gradient(X, y, weight): return list(2 / len(y) * X.T @ (X @ weight - y))",
    ),
    (
        "1.2",
        "dtype is int64",
        "def gradient(X, y, weight): return (2 / len(y) * X.T @ (X @ weight - y)).astype(int)",
    ),
    (
        "1.2",
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
        "1.2",
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
        "1.2",
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
        "1.2",
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
        "The step is always 0.1;",
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
        "1.1",
        "Right for the smallest case, but not in general",
        "def mse(X, y, weight): return np.mean(np.minimum((X @ weight - y) ** 2, 12))",
    ),
    (
        "1.2",
        "Right for the smallest case, but not in general",
        """
        def gradient(X, y, weight):
            g = 2 / len(y) * X.T @ (X @ weight - y)
            return g * np.where(np.arange(len(g)) == 2, 0.8, 1) if len(y) == 5 else g
        """,
    ),
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
    (
        "1.2",
        "one side of an @ is a single number",
        "def gradient(X, y, weight): return X.T @ np.mean(X @ weight - y)",
    ),
]

#: {exercise: lines of mutants of the solution that are right: they compute the same, or reach the
#: goal another way}
EQUIVALENT = {
    "1.1": ["    error = y - X @ weight"],  # the square forgets the sign
    "1.2": ["    return 2 / len(X) * X.T @ error"],  # X has as many rows as y
    "1.5": ["    curvature = (at_1 - at_0) * 1.0"],  # the two places are 1 apart
    "1.6": ["    loss = torch.mean((y - X @ weight) ** 2)"],
}
