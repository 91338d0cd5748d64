"""Answers to the blanks of Round 4: what learners write, and what must be said of it."""

WRONG, RIGHT = [], []

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
