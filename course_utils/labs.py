"""The course's labs: what the sliders of lab.py show of the learner's own function on the learner's
own data.

Each lab calls ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``: by hand in NumPy or with
autograd in PyTorch, the pictures are the same. The descent that is drawn is the learner's; only
what it is compared with is computed here.
"""

from functools import lru_cache

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D

from course_utils.data import check_arrays
from course_utils.lab import COLOURS, STYLE, Frame, Lab, Panel, Scale, Slider

STEPS = 40  # of a path
# A step that leaves at least this of the distance creeps: over ten steps for each factor of ten.
CREEPING = 0.8
# Below 2/L, yet the noise of small batches lets the mean square distance grow.
UNSTEADY = "unsteady"


class Problem:
    """What is known of a linear fit without any descent:

    H, its eigen-directions, the minimum, and the start at 0.
    """

    def __init__(self, X, y):
        self.X, self.y = X, y
        self.hessian = 2 * X.T @ X / len(X)
        self.curvatures, self.directions = np.linalg.eigh(self.hessian)  # the steepest last
        self.L = self.curvatures[-1]
        self.best = np.linalg.lstsq(X, y, rcond=None)[0]
        self.minimum = self.loss(self.best)
        self.drop = self.loss(np.zeros(X.shape[1])) - self.minimum
        if not self.curvatures[0] > 1e-12 * self.L:
            raise ValueError(
                "the columns of X lie on one line, or one is 0 everywhere, so the loss has no"
                " single minimum: choose other features"
            )
        if not self.drop > 1e-12 * np.mean(y**2):
            raise ValueError(
                "weight 0 is the best weight already, so there is no way down to show: choose other"
                " data"
            )

    def loss(self, *weights):
        """Return the MSE at weights (n,), or on a grid: one array for each weight."""
        weights = (
            np.stack(np.broadcast_arrays(*weights), axis=-1) if len(weights) > 1 else weights[0]
        )
        return np.mean((weights @ self.X.T - self.y) ** 2, axis=-1)

    def above(self, losses):
        """Return the losses above the minimum, kept out of rounding's reach: below 1e-12 of the
        start's it would decide.
        """
        return np.maximum(losses - self.minimum, 1e-12 * self.drop)

    def scale(self, grid, border=None, **marks):
        """Return the learning-rate slider's scale at the rates ``grid / L``: the regimes, the
        border 2/L and other ``marks``.

        border: where the floor of noisy steps is lost, if that is below 2/L.
        """
        rates = [float(f"{rate:.12g}") for rate in np.asarray(grid) / self.L]
        digits = round(-np.floor(np.log10(rates[0])))
        labels = [f"{rate:.{digits}f}" if 0 < digits < 5 else f"{rate:.3g}" for rate in rates]
        border = min(border or np.inf, 2 / self.L)
        bands, first = [], 0
        for name, last, look in (
            ("creeping", (1 - CREEPING) / self.L, "slow"),
            ("smooth", 1 / self.L, "good"),
            ("oscillating", 2 / self.L, "swing"),
        ):
            if first < border:
                bands.append((name, first, min(last, border), look))
            first = last
        bands += [(UNSTEADY, border, 2 / self.L, "away")] if border < 2 / self.L else []
        bands.append(("diverging", 2 / self.L, rates[-1], "away"))
        return Scale(rates, labels, {f"2/L = {2 / self.L:.3g}": 2 / self.L} | marks, bands)


class Noise:
    """What is known of steps on batches of B rows, drawn without repetition, anew for each step."""

    def __init__(self, problem, B):
        X, m = problem.X, len(problem.X)
        self.hessian = problem.hessian
        # The variance of a mean of B of m rows, as part of the variance of one row.
        share = (m - B) / (B * (m - 1))
        # Each row's gradient at the minimum; their mean is 0.
        slopes = 2 * X * (X @ problem.best - problem.y)[:, None]
        self.gradient = share * slopes.T @ slopes / m
        # Each row's curvature against the mean.
        bends = 2 * X[:, :, None] * X[:, None, :] - problem.hessian
        self.curvature = (
            share * np.einsum("iab,icd->acbd", bends, bends).reshape(self.gradient.size, -1) / m
        )

    def growth(self, lrate):
        """Return the matrix by which one step multiplies the mean square distance, as a vector of
        its n × n entries.
        """
        keep = np.eye(len(self.hessian)) - lrate * self.hessian
        return np.kron(keep, keep) + lrate**2 * self.curvature

    def floor(self, lrate):
        """Return the mean loss above the minimum in the long run, ½ tr(H S) with S the mean square
        distance; inf beyond the border.
        """
        growth = self.growth(lrate)
        if np.abs(np.linalg.eigvals(growth)).max() >= 1:
            return np.inf
        S = np.linalg.solve(np.eye(len(growth)) - growth, lrate**2 * self.gradient.ravel())
        return 0.5 * float(self.hessian.ravel() @ S)

    def border(self, top):
        """Return the learning rate up to which there is a floor, found by bisection below
        ``top``.
        """
        low = 0.0
        for _ in range(40):
            middle = (low + top) / 2
            low, top = (middle, top) if np.isfinite(self.floor(middle)) else (low, middle)
        return low


def regime(factor):
    """Name what a step does that multiplies the distance to the minimum by ``factor``."""
    if abs(abs(factor) - 1) < 1e-6:
        return "on the border"
    if abs(factor) > 1:
        return "diverging"
    if abs(factor) < 1e-6:
        return "one-step"
    return "oscillating" if factor < 0 else "creeping" if factor > CREEPING - 1e-6 else "smooth"


def measured_factor(distances):
    """Return the factor by which a step multiplied a signed distance: the mean over the steps
    before rounding sets in.
    """
    sizes = np.abs(distances)
    if len(sizes) < 2 or sizes[0] == 0:
        return np.nan
    inside = sizes > 1e-6 * sizes[0]
    last = max(int(np.argmin(inside)) - 1 if not inside.all() else len(sizes) - 1, 1)
    return float(np.sign(distances[1] / distances[0]) * (sizes[last] / sizes[0]) ** (1 / last))


def name_of(step):
    """Return what to call the learner's function in a message."""
    return getattr(step, "__name__", "the function")


def attempt(step, X, y, weight, lrate):
    """Call the learner's function once, on copies, and return ``(weight (n,), MSE, trouble)``.

    trouble: "" or what went wrong, as the words that follow the function's name; then the weight is
    the old one.
    """
    try:
        with np.errstate(all="ignore"):  # a diverging path may overflow
            result = step(X.copy(), y.copy(), weight.copy(), lrate)
    except Exception as error:  # the learner's function may raise anything
        return weight, np.nan, f"raised {type(error).__name__} ({error})"
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return weight, np.nan, f"returned {type(result).__name__}, expected a weight and its MSE,"
    try:
        # Copies: the function may go on changing its own.
        new, loss = (np.array(value, dtype=float) for value in result)
    except Exception as error:  # whatever refuses to become numbers
        return weight, np.nan, f"returned what are not numbers ({error})"
    if new.shape not in (weight.shape, (len(weight), 1)):
        return weight, np.nan, f"returned a weight of shape {new.shape}, expected {weight.shape},"
    if loss.shape:
        return weight, np.nan, f"returned an MSE of shape {loss.shape}, expected one number,"
    return new.reshape(-1), float(loss), ""


def descend(step, X, y, lrate, steps, batches=None):
    """Walk ``steps`` steps from weight 0 and return ``(weights (k + 1, n), losses (k + 1,),
    trouble)``.

    ``losses[k]`` is the MSE that ``step`` gives at ``weights[k]``; on mini-batches (``batches``: a
    list of row numbers for each step) it is the batch's. trouble: "" or a sentence that says what
    went wrong, where. A path that grows out of the numbers ends there, and that is no trouble.
    """
    weight = np.zeros(X.shape[1])
    weights, losses = [weight], []
    for k in range(steps + 1):
        rows = slice(None) if batches is None else batches[k]
        new, loss, trouble = attempt(step, X[rows], y[rows], weight, lrate)
        if not (trouble or np.isfinite([*new, loss]).all()) and not (
            losses and losses[-1] > 2 * losses[0]
        ):
            trouble = f"gave {'NaN' if np.isnan([*new, loss]).any() else 'infinity'}"
        if trouble:
            trouble = f"{name_of(step)} {trouble} at learning rate {lrate:.3g}, step {k + 1}."
            break
        if not np.isfinite([*new, loss]).all():
            break
        weight = new
        weights.append(weight)
        losses.append(loss)
    return (
        np.array(weights[: len(losses)]).reshape(len(losses), X.shape[1]),
        np.array(losses),
        trouble,
    )


def _power_of_ten(value, _):
    return "10" + f"{np.log10(value):.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _loss_panel(problems, steps, lowest=1e-8, highest=1e3):
    """Return the panel of the loss above the minimum against steps, from ``lowest`` to ``highest``
    times the start's.
    """
    panel = Panel(
        "Loss above the minimum",
        "step",
        "loss − minimum",
        versions=len(problems),
        alt="The loss above the minimum against the step, on a log scale.",
    )
    for problem, axes in zip(problems, panel.axes):
        axes.set(
            xlim=(0, steps), ylim=(lowest * problem.drop, highest * problem.drop), yscale="log"
        )
        axes.yaxis.set_major_formatter(_power_of_ten)
        axes.minorticks_off()
    return panel


def _mark_height(axes, steps, height, name, offset=4):
    """Draw a dashed line at ``height``, named at its right end, ``offset`` pixels above it."""
    axes.axhline(height, color=COLOURS["green"], ls=(0, (5, 3)), lw=1.5)
    axes.annotate(
        name, (steps, height), (-2, offset), textcoords="offset points", ha="right", fontsize=11
    )


def _mark_one_percent(panel, problems, steps):
    for problem, axes in zip(problems, panel.axes):
        _mark_height(axes, steps, 0.01 * problem.minimum, "1 % above the minimum")


def _legend(axes, entries):
    """Name moving lines by their look: [(text, colour, line width, dash, dot size)]."""
    handles = [
        Line2D([], [], color=COLOURS[colour], lw=width, ls=dash, marker="o", ms=dot, label=name)
        for name, colour, width, dash, dot in entries
    ]
    axes.legend(
        handles=handles,
        loc="upper right",
        ncols=len(handles),
        frameon=False,
        fontsize=11,
        handlelength=1.8,
        columnspacing=1.2,
        borderaxespad=0,
        borderpad=0.2,
    )


def _curve_panel(problem):
    """Return the panel of the loss against the one weight."""
    panel = Panel(
        "The path on the loss curve",
        "weight",
        "loss (MSE)",
        alt="The loss against the weight: a parabola.",
    )
    best = problem.best[0]
    weights = best + np.linspace(-1.5, 1.5, 121) * (abs(best) or 1)
    heights = problem.loss(weights[:, None])
    panel.ax.plot(weights, heights, color=COLOURS["data"])
    panel.ax.plot(best, problem.minimum, "D", color=COLOURS["green"], ms=6)
    panel.ax.set(xlim=weights[[0, -1]], ylim=(problem.minimum - 0.06 * np.ptp(heights), heights[0]))
    return panel


def _surroundings(axes, middle, reach):
    """Return the weights (161,) along either axis around ``middle``, at least ``reach`` far, both
    (2,).

    A unit is as long on both axes: only then is a step at right angles to the line of equal loss it
    starts from.
    """
    size = np.array(axes.bbox.size)
    return [
        centre + half * np.linspace(-1, 1, 161)
        for centre, half in zip(middle, (max(reach / size) or 1 / size[0]) * size)
    ]


def _contour_panel(problems):
    """Return the panel of the loss over two weights, a picture for each problem."""
    panel = Panel(
        "The path on the loss surface",
        "weight 1",
        "weight 2",
        versions=len(problems),
        alt="Lines of equal loss over the two weights: ellipses around the minimum.",
    )
    for problem, axes in zip(problems, panel.axes):
        w1, w2 = _surroundings(axes, problem.best, 1.4 * abs(problem.best))
        above = problem.loss(*np.meshgrid(w1, w2)) - problem.minimum
        axes.contour(
            w1,
            w2,
            above,
            problem.drop * np.array([0.003, 0.03, 0.12, 0.3, 0.6, 1.0, 1.6, 2.4]),
            colors=COLOURS["data"],
            linewidths=1,
        )
        axes.plot(*problem.best, "D", color=COLOURS["green"], ms=6)
    return panel


def _arrival(problem, losses):
    """Say after how many steps the loss came within 1 % of the minimum."""
    there = np.flatnonzero(losses <= 1.01 * problem.minimum)
    return str(there[0]) if len(there) else f"over {max(len(losses) - 1, 0)}"


@mpl.rc_context(STYLE)
def learning_rate_lab(step, X, y, *, steps=STEPS):
    """Show the lab "learning rate, one weight" and return it; ``lab.lrate`` reads and sets the
    learning rate.

    step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1). y: (m,).
    The path starts at weight 0. Raises ValueError if X and y do not fit together or X has more than
    one column.
    """
    X, y, _ = check_arrays(X, y, np.zeros(1))
    problem = Problem(X, y)
    L, best = problem.L, problem.best[0]

    curve = _curve_panel(problem)
    path = curve.path("blue", line=1.2, dots=3, head=6, walk=True)

    loss = _loss_panel([problem], steps)
    _mark_one_percent(loss, [problem], steps)
    losses_line = loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)

    per_step = Panel(
        "What one step leaves of the distance",
        "learning rate",
        "|1 − ηL|",
        alt=(
            "The predicted factor against the learning rate: a V that touches 0 at 1/L and 1 at"
            " 2/L."
        ),
    )
    scale = problem.scale(np.arange(1, 121) / 50, **{f"1/L = {1 / L:.3g}": 1 / L})
    top = scale.values[-1]
    per_step.ax.plot([0, 1 / L, top], [1, 0, top * L - 1], color=COLOURS["data"], ls=(0, (5, 3)))
    per_step.ax.axhline(1, color=COLOURS["ink"], lw=1)
    per_step.ax.axvline(2 / L, color=COLOURS["ink"], lw=1)
    per_step.ax.set(xlim=(0, top), ylim=(-0.04, 1.5))
    per_step.ax.annotate(
        "2/L", (2 / L, 1.42), (-4, 0), textcoords="offset points", ha="right", weight="bold"
    )
    drop_line = per_step.path("red", line=1, dash="3 3")
    dot, says = per_step.path("red", head=6), per_step.text("red")

    def frame(lrate):
        weights, losses, trouble = descend(step, X, y, lrate, steps)
        factor = measured_factor(weights[:, 0] - best) if len(weights) else np.nan
        number = np.arange(len(losses))
        draw = {path: (weights, losses), losses_line: (number, problem.above(losses))}
        if np.isfinite(factor):
            draw |= {drop_line: ([lrate] * 2, [-1, abs(factor)]), dot: ([lrate], [abs(factor)])}
            # Below the dot where the frame ends.
            height = abs(factor) + (0.09 if abs(factor) < 1.3 else -0.17)
            draw[says] = [min(max(lrate, 0.12 * top), 0.88 * top)], [height], f"{abs(factor):.2f}"
        facts = [f"{abs(1 - lrate * L):.3f}, {abs(factor):.3f}", _arrival(problem, losses)]
        return Frame("" if np.isnan(factor) else regime(factor), facts, draw, trouble)

    at = [scale.values[n] for n in (14, 89, 104)]
    return Lab(
        "Learning rate, one weight",
        [Slider("lrate", "learning rate", scale, start=at[0])],
        [curve, loss, per_step],
        frame,
        facts=["|1 − ηL|: predicted, measured", "steps to 1 % above the minimum"],
        steps=steps,
        stored=[[rate] for rate in at],
        alt=(
            "The path on the loss curve, the loss against steps and the factor per step, at"
            f" learning rates {scale.labels[14]} (smooth), {scale.labels[89]} (oscillating) and"
            f" {scale.labels[104]} (diverging)."
        ),
    )


@mpl.rc_context(STYLE)
def two_weight_lab(step, X, y, *, steps=STEPS):
    """Show the lab "learning rate, two weights" and return it; ``lab.lrate`` and ``lab.features``
    read and set its sliders.

    step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 2), y: (m,):
    the features as measured, best with the mean taken off, since the line has no bias. The second
    slider standardises them: mean 0, standard deviation 1. Raises ValueError if X and y do not fit
    together, X has not two columns, or one column says what the other says.
    """
    X, y, _ = check_arrays(X, y, np.zeros(2))
    if not np.all(np.ptp(X, axis=0) > 0):
        raise ValueError(
            "a column of X is the same in every row, so it cannot be standardised: leave it out,"
            " the line has no bias"
        )
    kinds = {
        "raw": Problem(X, y),
        "standardised": Problem((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()),
    }
    problems = list(kinds.values())

    contour = _contour_panel(problems)
    path = contour.path("blue", line=1.2, dots=3, head=6, walk=True)
    loss = _loss_panel(problems, steps)
    _mark_one_percent(loss, problems, steps)
    losses_line = loss.path("blue", line=1.5, dots=2.5, head=5, walk=True)
    split = Panel(
        "The distance, split in two directions",
        "step",
        "distance / distance at the start",
        alt=(
            "The distance to the minimum along the steep and the flat direction against the step,"
            " on a log scale."
        ),
    )
    split.ax.set(xlim=(0, steps), ylim=(1e-4, 30), yscale="log")
    split.ax.yaxis.set_major_formatter(_power_of_ten)
    split.ax.minorticks_off()
    lines = (
        split.path("purple", line=2.5, head=5, walk=True),
        split.path("red", line=1, dots=3, head=5, walk=True),
    )
    forecasts = [split.path("ink", line=1.2, dash="4 4") for _ in range(2)]
    _legend(
        split.ax,
        [
            ("steep", "red", 1, "-", 6),
            ("flat", "purple", 2.5, "-", 0),
            ("predicted", "ink", 1.2, (0, (4, 4)), 0),
        ],
    )

    def frame(lrate, kind):
        problem = kinds[kind]
        weights, losses, trouble = descend(step, problem.X, problem.y, lrate, steps)
        number = np.arange(len(losses))
        draw = (
            {path: weights.T, losses_line: (number, problem.above(losses))} if len(losses) else {}
        )
        facts, factors = [], []
        for n, (curvature, line) in enumerate(zip(problem.curvatures, lines)):
            distances = (weights - problem.best) @ problem.directions[:, n]
            factors.append(measured_factor(distances))
            facts = [f"{1 - lrate * curvature:.3f}, {factors[n]:.3f}".replace("-", "−"), *facts]
            if np.isfinite(factors[n]):
                draw |= {
                    forecasts[n]: (
                        np.arange(steps + 1),
                        np.abs(1 - lrate * curvature) ** np.arange(steps + 1),
                    ),
                    line: (number, np.maximum(np.abs(distances / distances[0]), 1e-7)),
                }
        flat, steep = factors
        names = {
            regime(factor): which
            for factor, which in ((steep, "steep"), (flat, "flat"))
            if not np.isnan(factor)
        }
        name = (
            ", ".join(f"{name} ({which})" for name, which in names.items())
            if len(names) > 1
            else "".join(names)
        )
        name = "diverging" if "diverging" in names else name
        return Frame(name, [*facts, _arrival(problem, losses)], draw, trouble)

    grid = np.arange(1, 49) / 20
    scales = [problem.scale(grid) for problem in problems]
    return Lab(
        "Learning rate, two weights",
        [
            Slider("lrate", "learning rate", scales, start=scales[0].values[35]),
            Slider("features", "features", Scale(list(kinds))),
        ],
        [contour, loss, split],
        frame,
        steps=steps,
        facts=[
            "steep 1 − ηλ: predicted, measured",
            "flat 1 − ηλ: predicted, measured",
            "steps to 1 % above the minimum",
        ],
        stored=[[scale.values[35], kind] for scale, kind in zip(scales, kinds)],
        alt=(
            "The path over the lines of equal loss, the loss against steps, and the distance in the"
            " steep and in the flat direction, at 1.8/L: with raw features the path zigzags into a"
            " long valley and creeps, with standardised ones it arrives."
        ),
    )


def _number(value):
    return "none" if not np.isfinite(value) else "0" if abs(value) < 1e-12 else f"{value:.2g}"


@mpl.rc_context(STYLE)
def batch_size_lab(step, X, y, *, steps=300, seed=0):
    """Show the lab "batch size and noise" and return it; ``lab.lrate`` and ``lab.batch_size`` read
    and set its sliders.

    step: the learner's ``gradient_step(X, y, weight, lrate) -> (weight, MSE)``. X: (m, 1) or (m,
    2). y: (m,). Each step draws a fresh batch of rows, without repetition, from
    ``numpy.random.default_rng(seed)``: the same batches at every learning rate. Raises ValueError
    if X and y do not fit together or X has more than two columns.
    """
    X = np.asarray(X, dtype=float)
    X, y, _ = check_arrays(X, y, np.zeros(min(X.shape[-1], 2)))
    problem, m, settled = Problem(X, y), len(X), steps // 3
    if m < 2:
        raise ValueError("one row leaves no batches to choose from: choose data with more")
    sizes = [B for B in (1, 3, 10, 30, 100, 300) if B < 0.7 * m] + [m]
    grid = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2.2]
    noise = {B: Noise(problem, B) for B in sizes}
    variance = {B: float(np.trace(noise[B].gradient)) for B in sizes}

    def batches(B, count):
        rng = np.random.default_rng(seed)
        return [rng.permutation(m)[:B] if B < m else np.arange(m) for _ in range(count)]

    @lru_cache
    def measured_variance(B):
        """Return the summed variance of the learner's gradient at the minimum over 1000 batches, or
        NaN, and what went wrong.
        """
        lrate, moved = grid[0] / problem.L, []
        for k, rows in enumerate(batches(B, 1000)):
            new, _, trouble = attempt(step, X[rows], y[rows], problem.best, lrate)
            if trouble or not np.isfinite(new).all():
                return (
                    np.nan,
                    (
                        f"{name_of(step)} {trouble or 'gave NaN or infinity'} at learning rate"
                        f" {lrate:.3g}, batch {k + 1} of the 1000 of size {B} on which its variance"
                        " is measured."
                    ),
                )
            moved.append(new)
        return float(np.var(np.array(moved) / lrate, axis=0).sum()), ""

    place = _curve_panel(problem) if X.shape[1] == 1 else _contour_panel([problem])
    cloud = place.path("blue", line=0.5 if X.shape[1] > 1 else 0, dots=2.2, head=6, walk=True)
    loss = _loss_panel([problem], steps, lowest=1e-6, highest=1e2)
    losses_line = loss.path("blue", line=0.8, dots=1.2, head=5, walk=True)
    measured, predicted = loss.path("red", line=3), loss.path("ink", line=1.5, dash="5 4")
    _legend(
        loss.ax,
        [("floor, measured", "red", 3, "-", 0), ("predicted", "ink", 1.5, (0, (3.3, 2.7)), 0)],
    )
    spread = Panel(
        "Variance of the mini-batch gradient",
        "batch size",
        "variance",
        alt="The variance of the gradient against the batch size, on log scales: it falls as 1/B.",
    )
    B = np.geomspace(1, m - 0.5, 200)
    spread.ax.loglog(B, variance[1] / B, color=COLOURS["ink"], ls=(0, (5, 3)), lw=1.5)
    spread.ax.loglog(B, variance[1] * (m - B) / (B * (m - 1)), color=COLOURS["data"])
    spread.ax.set(
        xlim=(0.8, 1.25 * m),
        ylim=(variance[1] / m / 8, 3 * variance[1]),
        xticks=sizes,
        xticklabels=sizes,
    )
    spread.ax.minorticks_off()
    spread.ax.yaxis.set_major_formatter(_power_of_ten)
    spread.ax.annotate("1/B", (m / 4, 4 * variance[1] / m), (6, 6), textcoords="offset points")
    all_sizes, this_size = spread.path("red", dots=3.5), spread.path("red", head=7)

    def frame(lrate, batch_size):
        weights, losses, trouble = descend(step, X, y, lrate, steps, batches(batch_size, steps + 1))
        if not len(weights):
            return Frame(trouble=trouble)
        above = problem.above(problem.loss(weights))
        floor, tail = (
            noise[batch_size].floor(lrate),
            np.mean(above[settled:]) if len(above) > settled else np.inf,
        )
        # That of all rows is 0, which no log scale has.
        seen = np.maximum([measured_variance(B)[0] for B in sizes], 1e-13 * variance[1])
        seen_here, no_variance = measured_variance(batch_size)
        heights = weights.T if X.shape[1] > 1 else (weights[:, 0], above + problem.minimum)
        after = [settled, steps]
        draw = {
            cloud: heights,
            losses_line: (np.arange(len(above)), above),
            predicted: (after, [floor] * 2),
            measured: (after, [tail] * 2),
            all_sizes: (sizes, seen),
            this_size: ([batch_size], seen[[sizes.index(batch_size)]]),
        }
        if len(weights) <= steps or tail > problem.drop:
            name = "diverging"
        else:
            name = regime(1 - lrate * problem.L) if np.isfinite(floor) else UNSTEADY
            # A single noisy step may do otherwise.
            name += " on average" if batch_size < m and np.isfinite(floor) else ""
        facts = [
            f"{_number(floor)}, {_number(tail)}",
            f"{_number(variance[batch_size])}, {_number(seen_here)}",
        ]
        return Frame(name, facts, draw, trouble or no_variance)

    scales = [problem.scale(grid, noise[B].border(2 / problem.L)) for B in sizes]
    batch_scale = Scale(sizes, [*map(str, sizes[:-1]), f"all {m}"])
    at = scales[0].values
    return Lab(
        "Batch size and noise",
        [
            Slider("lrate", "learning rate", scales, start=at[3]),
            Slider("batch_size", "batch size", batch_scale, start=10),
        ],
        [place, loss, spread],
        frame,
        steps=steps,
        facts=["noise floor: predicted, measured", "gradient variance: predicted, measured"],
        stored=[[at[3], 1], [at[3], 10], [at[3], m]],
        alt=(
            "Paths of mini-batch descent, their loss above the minimum with the noise floor, and"
            " the variance of the gradient against the batch size, at learning rate"
            f" {scales[0].labels[3]} and batch sizes 1, 10 and all: the cloud and the floor shrink."
        ),
    )
