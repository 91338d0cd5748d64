"""Answers to 2.2 and 2.4, which ask for what the notebooks' blanks ask, under another rule and on
another loss: right ones in many styles, and wrong ones with what the check must say.
"""


def careful(
    gradient="2 / len(y) * X.T @ (X @ w - y)",
    begin="ws, ls = [w], [loss(w)]",
    epochs="range(epochs)",
    at_once="",
    kept="new < ls[-1]",
    if_kept="w = t",
    if_not="rate /= 2",
    row="ws.append(w); ls.append(loss(w))",
    back="np.array(ws), np.array(ls), rate",
    sign="-",
):
    """Return an answer to 2.2 with one part replaced."""
    return f"""
        def cd(X, y, w, lrate, epochs):
            def loss(w): return np.mean((X @ w - y) ** 2)
            rate, start, g0 = lrate, w, 2 / len(y) * X.T @ (X @ w - y)
            {begin}
            for k in {epochs}:
                {at_once}
                t = w {sign} rate * {gradient}
                new = loss(t)
                if {kept}:
                    {if_kept}
                else:
                    {if_not}
                {row}
            return {back}"""


def robust(
    order="order = rng.permutation(len(y))",
    starts="range(0, len(y), B)",
    rows="rows = order[k : k + B]",
    X="X[rows]",
    y="y[rows]",
    slope="np.tanh(e)",
    size="len(rows)",
    price="np.log(np.cosh(e))",
    add="total += np.sum({price})",
    new="w = w - lrate / {size} * {X}.T @ {slope}",
    late="",
    back="w, total / len(y)",
):
    """Return an answer to 2.4 with one part replaced."""
    add, late = add.format(price=price), late.format(price=price)
    return f"""
        def re(X, y, weight, lrate, B, rng):
            {order}
            w, total, means = weight, 0.0, []
            for k in {starts}:
                {rows}
                e = {X} @ w - {y}
                {add}
                {new.format(size=size, X=X, slope=slope)}
                {late}
            return {back}"""


_AGAIN = "e = X[rows] @ w - y[rows]; total += np.sum({price})"

#: The weight moves within its own array, a new one at first.
_WITHIN = {"begin": "ws, ls = [w.copy()], [loss(w)]; w = w.copy()", "if_kept": "w[:] = t"}
_MEANT = "total += len(rows) * np.log({})"

#: What blind tries at these two exercises found without a name, or with another's.
WRONG = [
    ("2.2", "weights are the tries", careful(row="ws.append(t); ls.append(loss(w))")),
    (
        "2.2",
        "weights are the tries",
        careful(row="ws.append(t); ls.append(new)", kept="new < loss(w)"),
    ),
    (
        "2.2",
        "its weight along, but not its loss",
        careful(
            "2 / len(y) * X.T @ (X @ w - y)",
            "ws, ls = [w], [loss(w)]; l = ls[0]",
            kept="new < l",
            row="ws.append(w); ls.append(l)",
        ),
    ),
    (
        "2.2",
        "its loss along, but not its weight",
        careful(
            begin="ws, ls = [w], [loss(w)]; l = ls[0]",
            kept="new < l",
            if_kept="l = new",
            row="ws.append(w); ls.append(l)",
        ),
    ),
    (
        "2.2",
        "Where the weight stays, its loss stays",
        careful(
            begin="ws, ls = [w], [loss(w)]; l = ls[0]",
            kept="new < l",
            row="l = new; ws.append(w); ls.append(l)",
        ),
    ),
    (
        "2.2",
        "Start at weight, not at tried",
        careful(
            "2 / len(y) * X.T @ (X @ t - y)", "ws, ls, t = [w], [loss(w)], w", at_once="here = t"
        ).replace("t = w -", "t = here -"),
    ),
    ("2.2", "the first rate is back", careful(if_kept="w = t; rate = lrate")),
    (
        "2.2",
        "a try late",
        careful(
            at_once="rate = lrate / 2 ** sum(a == b for a, b in zip(ls, ls[1:]))", if_not="pass"
        ),
    ),
    (
        "2.2",
        "Only the tries that are kept are counted",
        careful(
            begin="ws, ls, k = [w], [loss(w)], 0",
            epochs="range(500)",
            at_once="if k == epochs: break",
            if_kept="w = t; k += 1",
        ).replace("for k in", "for _ in"),
    ),
    ("2.2", "one too low", careful(at_once="ws.append(w); ls.append(loss(w))", row="")),
    ("2.2", "All rows below the first", careful(**_WITHIN)),
    ("2.2", "divided by n, the number of weights", careful("2 / len(w) * X.T @ (X @ w - y)")),
    ("2.4", "shuffled twice", robust("order = rng.permutation(len(y)); X, y = X[order], y[order]")),
    ("2.4", "Two orders are drawn", robust("order = rng.permutation(rng.permutation(len(y)))")),
    (
        "2.4",
        "Two orders are drawn",
        robust("rng.permutation(len(y)); order = rng.permutation(len(y))"),
    ),
    ("2.4", "taken from its end", robust("order = rng.permutation(len(y))[::-1]")),
    (
        "2.4",
        "not the examples",
        robust("order = np.arange(len(y))", "rng.permutation(np.arange(0, len(y), B))"),
    ),
    ("2.4", "drawn for each batch", robust(rows="rows = rng.permutation(len(y))[k : k + B]")),
    ("2.4", "drawn for each batch", robust("", rows="rows = rng.permutation(len(y))[:B]")),
    ("2.4", "with replacement", robust(rows="rows = rng.choice(len(y), B)")),
    ("2.4", "one row too many", robust(rows="rows = order[k : k + B + 1]")),
    ("2.4", "start at 0, not at 1", robust(starts="range(1, len(y), B)")),
    ("2.4", "second one", robust(slope="(1 - np.tanh(e) ** 2)")),
    ("2.4", "arctan stands", robust(slope="np.arctan(e)")),
    ("2.4", "mean cosh", robust(add=_MEANT.format("np.cosh(e).mean()"))),
    ("2.4", "mean error", robust(add=_MEANT.format("np.cosh(e.mean())"))),
    ("2.2", "No try is taken back", careful(kept="True")),
    ("2.2", "but the try is kept all the same", careful(if_not="rate /= 2; w = t")),
    ("2.2", "taken back, but the rate stays", careful(if_not="pass")),
    ("2.2", "compared with the loss at the start", careful(kept="new < ls[0]")),
    ("2.2", "compared with the loss at the start", careful(kept="new < loss(start)")),
    ("2.2", "The condition is turned round", careful(kept="new > ls[-1]")),
    ("2.2", "leaves the loss as it is was kept", careful(kept="new <= ls[-1]")),
    ("2.2", "halved after each try", careful(if_kept="w = t; rate /= 2")),
    ("2.2", "halved after a try that was kept", careful(if_kept="w = t; rate /= 2", if_not="pass")),
    ("2.2", "multiplied by 2 after a try that was kept", careful(if_kept="w = t; rate *= 2")),
    ("2.2", "multiplied by 1.1 after a try", careful(if_kept="w = t; rate *= 1.1")),
    ("2.2", "multiplied by 0.1. Halve it", careful(if_not="rate *= 0.1")),
    ("2.2", "multiplied by 0.9. Halve it", careful(if_not="rate *= 0.9")),
    (
        "2.2",
        "The losses show those of the tries",
        careful(kept="new < loss(w)", row="ws.append(w); ls.append(new)"),
    ),
    ("2.2", "leaves no row", careful(if_kept="w = t; ws.append(w); ls.append(new)", row="pass")),
    ("2.2", "stops at the first try", careful(if_not="rate /= 2; break")),
    ("2.2", "is the one passed in", careful(back="np.array(ws), np.array(ls), lrate")),
    ("2.2", "The gradient is taken once", careful(gradient="g0")),
    ("2.2", "The start is missing", careful(back="np.array(ws)[1:], np.array(ls)[1:], rate")),
    ("2.2", "The end is missing", careful(epochs="range(epochs - 1)")),
    ("2.2", "one try too many", careful(epochs="range(epochs + 1)")),
    ("2.2", "The first loss is missing", careful(back="np.array(ws), np.array(ls)[1:], rate")),
    ("2.2", "The last loss is missing", careful(back="np.array(ws), np.array(ls)[:-1], rate")),
    ("2.2", "The first weight is missing", careful(back="np.array(ws[1:]), np.array(ls), rate")),
    ("2.2", "Only the last weight comes back", careful(back="w, np.array(ls), rate")),
    ("2.2", "wrong order", careful(back="np.array(ls), np.array(ws), rate")),
    ("2.2", "No try is ever kept", careful(sign="+")),
    ("2.2", "No try is ever kept", careful(kept="False")),
    ("2.2", "starts at 0", careful(begin="w = 0 * w; ws, ls = [w], [loss(w)]")),
    ("2.2", "The weight never moves", careful(if_kept="pass")),
    ("2.2", "The factor 2 of the gradient", careful("1 / len(y) * X.T @ (X @ w - y)")),
    ("2.2", "summed, not averaged", careful("2 * X.T @ (X @ w - y)")),
    ("2.2", "The losses are roots", careful(back="np.array(ws), np.sqrt(np.array(ls)), rate")),
    ("2.2", "The losses are halved", careful(back="np.array(ws), np.array(ls) / 2, rate")),
    ("2.2", "The rate begins at 0.1", careful(begin="rate = 0.1; ws, ls = [w], [loss(w)]")),
    (
        "2.2",
        "within an epoch until its step is kept. Here",
        careful(
            at_once="""while loss(w - rate * 2 / len(y) * X.T @ (X @ w - y)) >= loss(w):
                    rate /= 2"""
        ),
    ),
    (
        "2.2",
        "from the first rate on each time",
        careful(
            at_once="""rate = lrate
                while loss(w - rate * 2 / len(y) * X.T @ (X @ w - y)) >= loss(w):
                    rate /= 2"""
        ),
    ),
    ("2.2", "y is missing", careful("2 / len(y) * X.T @ X @ w")),
    (
        "2.2",
        "changes its argument weight in place",
        """
        def cd(X, y, w, lrate, epochs):
            loss = np.mean((X @ w - y) ** 2)
            ws, ls = [w.copy()], [loss]
            for _ in range(epochs):
                move = lrate * 2 / len(y) * X.T @ (X @ w - y)
                w -= move
                new = np.mean((X @ w - y) ** 2)
                if new < loss:
                    loss = new
                else:
                    w += move
                    lrate /= 2
                ws.append(w.copy())
                ls.append(loss)
            return np.array(ws), np.array(ls), lrate
        """,
    ),
    (
        "2.2",
        "All rows of weights are the last weight",
        """
        def cd(X, y, weight, lrate, epochs):
            w = weight.copy()
            loss = np.mean((X @ w - y) ** 2)
            ws, ls = [w], [loss]
            for _ in range(epochs):
                t = w - lrate * 2 / len(y) * X.T @ (X @ w - y)
                new = np.mean((X @ t - y) ** 2)
                if new < loss:
                    w[:] = t
                    loss = new
                else:
                    lrate /= 2
                ws.append(w)
                ls.append(loss)
            return np.array(ws), np.array(ls), lrate
        """,
    ),
    ("2.4", "in their old order", robust(order="order = np.arange(len(y))")),
    ("2.4", "with replacement", robust(order="order = rng.integers(0, len(y), len(y))")),
    ("2.4", "X is shuffled, y is not", robust(y="y[k : k + B]")),
    ("2.4", "y is shuffled, X is not", robust(X="X[k : k + B]")),
    (
        "2.4",
        "shuffled apart",
        robust(
            order="order = rng.permutation(len(y)); X = X[order]; y = y[rng.permutation(len(y))]",
            rows="rows = np.arange(len(y))[k : k + B]",
        ),
    ),
    (
        "2.4",
        "A new permutation is drawn for each batch",
        robust(order="pass", rows="rows = rng.permutation(len(y))[k : k + B]"),
    ),
    (
        "2.4",
        "drawn for each batch anew",
        robust(order="pass", rows="rows = rng.choice(len(y), B)", back="w, total / len(y)"),
    ),
    ("2.4", "The smaller last batch is left out", robust(starts="range(0, len(y) // B * B, B)")),
    ("2.4", "Only the first batch", robust(starts="[0]", back="w, total / min(B, len(y))")),
    ("2.4", "divided by m, the number of all", robust(size="len(y)")),
    ("2.4", "divided by batch_size, but the last", robust(size="B")),
    ("2.4", "gradient is summed", robust(size="1")),
    ("2.4", "A factor 2 stands before", robust(slope="(2 * np.tanh(e))")),
    ("2.4", "uphill", robust(slope="-np.tanh(e)")),
    (
        "2.4",
        "Every batch starts at the weight",
        robust(
            new="w = weight - lrate / len(rows) * X[rows].T @ np.tanh(X[rows] @ weight - y[rows])"
        ).replace("e = X[rows] @ w ", "e = X[rows] @ weight "),
    ),
    (
        "2.4",
        "All gradients are taken at the first weight",
        robust(slope="np.tanh(X[rows] @ weight - y[rows])"),
    ),
    ("2.4", "did not move", robust(new="pass")),
    ("2.4", "lrate is not used", robust(new="w = w - X[rows].T @ np.tanh(e) / len(rows)")),
    ("2.4", "This is the step on the MSE", robust(slope="(2 * e)")),
    ("2.4", "This is the step on the MSE", robust(slope="e")),
    ("2.4", "Only the sign of each error", robust(slope="np.sign(e)")),
    ("2.4", "sinh(e) / cosh(e)", robust(slope="np.sinh(e)")),
    ("2.4", "upside down", robust(slope="(1 / np.tanh(e))")),
    (
        "2.4",
        "tanh stands round the whole gradient",
        robust(new="w = w - lrate * np.tanh(2 / len(rows) * X[rows].T @ e)"),
    ),
    (
        "2.4",
        "tanh of the mean error",
        robust(new="w = w - lrate * X[rows].mean(axis=0) * np.tanh(e.mean())"),
    ),
    ("2.4", "The inner derivative is missing", robust(new="w = w - lrate * np.mean(np.tanh(e))")),
    ("2.4", "the one after its step", robust(add="pass", late=_AGAIN)),
    (
        "2.4",
        "mean of the batches' means",
        robust(add="means.append(np.mean({price}))", back="w, np.mean(means)"),
    ),
    (
        "2.4",
        "that of the last batch alone",
        robust(add="total = np.mean({price})", back="w, total"),
    ),
    ("2.4", "mean losses are added up", robust(add="total += np.mean({price})", back="w, total")),
    ("2.4", "without len(rows)", robust(add="total += np.mean({price})")),
    ("2.4", "multiplied by batch_size", robust(add="total += B * np.mean({price})")),
    ("2.4", "added up over the examples", robust(back="w, total")),
    ("2.4", "divided by the number of batches", robust(back="w, total / -(-len(y) // B)")),
    ("2.4", "at the weight in the end", robust(back="w, np.mean(np.log(np.cosh(X @ w - y)))")),
    ("2.4", "at the weight passed in", robust(back="w, np.mean(np.log(np.cosh(X @ weight - y)))")),
    ("2.4", "The loss is the MSE", robust(price="e**2")),
    ("2.4", "The loss is that of the absolute errors", robust(price="abs(e)")),
    ("2.4", "log(2) too large", robust(price="np.logaddexp(e, -e)")),
    ("2.4", "The log is missing", robust(price="np.cosh(e)")),
    ("2.4", "a factor 2 is missing", robust(price="np.log(np.cosh(e)) / 2")),
    (
        "2.4",
        "Its own generator (seed 0)",
        robust(order="order = np.random.default_rng(0).permutation(len(y))"),
    ),
    (
        "2.4",
        "The rate is always 0.1",
        robust(new="w = w - 0.1 / len(rows) * X[rows].T @ np.tanh(e)"),
    ),
    ("2.4", "This is one step on all examples", robust(starts="[0]", rows="rows = order")),
    (
        "2.4",
        "Each step uses all examples",
        robust(rows="rows = order", add="means.append(np.mean({price}))", back="w, np.mean(means)"),
    ),
    (
        "2.4",
        "changes its argument weight in place",
        robust(new="w -= lrate / len(rows) * X[rows].T @ np.tanh(e)"),
    ),
]

RIGHT = [
    ("2.2", careful()),
    ("2.2", careful("2 * ((X @ w - y) @ X) / X.shape[0]")),
    ("2.2", careful("2 * np.mean((X @ w - y)[:, None] * X, axis=0)")),
    ("2.2", careful("np.array([2 * np.mean((X @ w - y) * c) for c in X.T])")),
    ("2.2", careful("sum(2 * (x @ w - t) * x for x, t in zip(X, y)) / len(y)")),
    ("2.2", careful("2 / len(y) * (X.T @ X @ w - X.T @ y)")),
    ("2.2", careful(kept="not new >= ls[-1]")),
    ("2.2", careful(kept="new - loss(w) < 0", if_not="rate = rate * 0.5")),
    ("2.2", careful(back="np.vstack(ws), np.asarray(ls), float(rate)")),
    (
        "2.2",
        """
        def cd(X, y, weight, lrate, epochs):
            weights = np.zeros((epochs + 1, len(weight)))
            losses = np.zeros(epochs + 1)
            weights[0], losses[0] = weight, ((X @ weight - y) ** 2).mean()
            for k in range(epochs):
                weights[k + 1], losses[k + 1] = weights[k], losses[k]
                tried = weights[k] - lrate * 2 / len(y) * (X.T @ (X @ weights[k] - y))
                loss = ((X @ tried - y) ** 2).mean()
                if loss < losses[k]:
                    weights[k + 1], losses[k + 1] = tried, loss
                else:
                    lrate *= 0.5
            return weights, losses, lrate
        """,
    ),
    (
        "2.2",
        """
        def cd(X, y, weight, lrate, epochs):
            def look(w):
                e = X @ w - y
                return e @ e / len(e), 2 * e @ X / len(e)

            loss, slope = look(weight)
            path = [(weight, loss)]
            while len(path) <= epochs:
                tried = weight - lrate * slope
                new, new_slope = look(tried)
                weight, loss, slope, lrate = (
                    (tried, new, new_slope, lrate) if new < loss
                    else (weight, loss, slope, lrate / 2))
                path.append((weight, loss))
            return np.array([w for w, _ in path]), np.array([l for _, l in path]), lrate
        """,
    ),
    (
        "2.2",
        """
        def cd(X, y, weight, lrate, epochs):
            def walk(w, rate, left):
                here = np.mean((X @ w - y) ** 2)
                if left == 0:
                    return [w], [here], rate
                t = w - rate * 2 / len(y) * X.T @ (X @ w - y)
                if np.mean((X @ t - y) ** 2) < here:
                    ws, ls, rate = walk(t, rate, left - 1)
                else:
                    ws, ls, rate = walk(w, rate / 2, left - 1)
                return [w] + ws, [here] + ls, rate

            ws, ls, rate = walk(weight, lrate, epochs)
            return np.array(ws), np.array(ls), rate
        """,
    ),
    (
        "2.2",
        """
        def cd(X, y, weight, lrate, epochs):
            ws, ls = [weight], [gradient_step(X, y, weight, lrate)[1]]
            for _ in range(epochs):
                new, old_loss = gradient_step(X, y, ws[-1], lrate)
                new_loss = gradient_step(X, y, new, lrate)[1]
                if new_loss >= old_loss:
                    new, new_loss, lrate = ws[-1], old_loss, lrate / 2
                ws.append(new)
                ls.append(new_loss)
            return np.array(ws), np.array(ls), lrate
        """,
    ),
    (
        "2.2",
        """
        def cd(X, y, weight, lrate, epochs):
            w = weight.copy()
            best = float(np.mean(np.square(np.dot(X, w) - y)))
            ws, ls, halvings = [w.copy()], [best], 0
            for _ in range(epochs):
                old = w.copy()
                w -= lrate / 2**halvings * 2 / len(y) * X.T.dot(X.dot(w) - y)
                loss = float(np.mean(np.square(np.dot(X, w) - y)))
                if loss < best:
                    best = loss
                else:
                    w[:] = old
                    halvings += 1
                ws.append(w.copy())
                ls.append(best)
            return np.array(ws), np.array(ls), lrate / 2**halvings
        """,
    ),
    ("2.4", robust()),
    ("2.4", robust(price="np.logaddexp(e, -e) - np.log(2)")),
    ("2.4", robust(price="abs(e) + np.log1p(np.exp(-2 * abs(e))) - np.log(2)")),
    ("2.4", robust(slope="(np.sinh(e) / np.cosh(e))")),
    ("2.4", robust(slope="(1 - 2 / (np.exp(2 * e) + 1))")),
    ("2.4", robust(add="total += len(rows) * np.mean({price})")),
    ("2.4", robust(add="means.extend({price})", back="w, np.mean(means)")),
    ("2.4", robust(add="means.append({price})", back="w, np.concatenate(means).mean()")),
    ("2.4", robust(new="w = w - lrate * np.tanh(e) @ X[rows] / len(e)")),
    ("2.4", robust(new="w = w - lrate * np.mean(np.tanh(e)[:, None] * X[rows], axis=0)")),
    (
        "2.4",
        """
        def re(X, y, weight, lrate, batch_size, rng):
            order = rng.permutation(len(y))
            X, y = X[order], y[order]
            losses = np.empty(len(y))
            for k in range(int(np.ceil(len(y) / batch_size))):
                part = slice(k * batch_size, (k + 1) * batch_size)
                errors = X[part] @ weight - y[part]
                losses[part] = np.log(np.cosh(errors))
                weight = weight - lrate * X[part].T @ np.tanh(errors) / len(errors)
            return weight, losses.mean()
        """,
    ),
    (
        "2.4",
        """
        def re(X, y, weight, lrate, batch_size, rng):
            left, total = list(rng.permutation(len(y))), 0
            while left:
                rows, left = left[:batch_size], left[batch_size:]
                step = 0
                for r in rows:
                    e = X[r] @ weight - y[r]
                    total += np.log(np.cosh(e)) / len(y)
                    step = step + np.tanh(e) * X[r]
                weight = weight - lrate * step / len(rows)
            return weight, total
        """,
    ),
    (
        "2.4",
        """
        def re(X, y, weight, lrate, batch_size, rng):
            order = rng.permutation(len(y))
            w, mean = weight.copy(), 0.0
            for rows in np.split(order, range(batch_size, len(y), batch_size)):
                e = X[rows].dot(w) - y[rows]
                mean += np.log(np.cosh(e)).sum() / len(y)
                w -= lrate * X[rows].T.dot(np.tanh(e)) / rows.size
            return w, float(mean)
        """,
    ),
]

#: Loops that never end.
ENDLESS = [
    (
        "2.2",
        """
        def cd(X, y, w, lrate, epochs):
            ws, ls = [w], [np.mean((X @ w - y) ** 2)]
            while len(ws) <= epochs:
                t = w - lrate * 2 / len(y) * X.T @ (X @ w - y)
                if np.mean((X @ t - y) ** 2) < ls[-1]:
                    w = t
                    ws.append(w)
                    ls.append(np.mean((X @ w - y) ** 2))
            return np.array(ws), np.array(ls), lrate
        """,
    ),
    (
        "2.4",
        """
        def re(X, y, w, lrate, B, rng):
            order, k, total = rng.permutation(len(y)), 0, 0
            while k < len(y):
                rows = order[k : k + B]
                e = X[rows] @ w - y[rows]
                total += np.log(np.cosh(e)).sum()
                w = w - lrate / len(rows) * X[rows].T @ np.tanh(e)
            return w, total / len(y)
        """,
    ),
]
