"""What the two scripts of Round 2 share: the command line, the printed lines and the figure.

The algorithms stand in the scripts; each hands over its own.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from course_utils import load_regression

# Learning rates of the sweep, as parts of the border 2/L.
SWEEP = (0.05, 0.25, 0.5, 0.75, 0.95, 1.05)
DIVERGED = 1e6  # the data is standardised, so the loss starts at 1


def run(library, gradient_descent, minibatch_descent):
    """Read the command line, run every algorithm, print what came of it and draw the figure if it
    is asked for.
    """
    parser = _parser(library)
    args = parser.parse_args()
    X, y = load_regression(1)
    X4, y4 = load_regression(4)
    border, border4 = _border(X), _border(X4)
    lines = [f"Gradient-Based Learning with {library}"]
    curves = {}

    def full_batch(*arguments):
        return gradient_descent(*arguments)[0]

    for title, data, targets, limit in (
        ("One feature", X, y, border),
        ("Many features", X4, y4, border4),
    ):
        n = data.shape[1]
        weights = _weights(full_batch, data, targets, np.zeros(n), args.lrate, args.epochs)
        losses = _mse(data, targets, weights)
        curves[f"gradient descent, n = {n}"] = losses
        lines += [
            "",
            (
                f"{title}: {len(targets)} examples, n = {n}, lrate {args.lrate:g}, epochs"
                f" {args.epochs}"
            ),
            f"  largest stable learning rate 2/L    {limit:.6f}",
            f"  loss at the start                   {_number(losses[0])}",
            f"  loss at the end                     {_number(losses[-1])}",
            f"  smallest loss there is              {_number(_best(data, targets)[1])}",
            f"  weights at the end                  {_vector(weights[-1])}",
            f"  best weights (closed form)          {_vector(_best(data, targets)[0])}",
        ]

    lines += ["", f"Learning-rate sweep: one feature, epochs {args.epochs}"]
    for part in SWEEP:
        weights = _weights(full_batch, X, y, np.zeros(1), part * border, args.epochs)
        lines.append(
            f"  {part:.2f} of the border   lrate {part * border:.6f}   loss"
            f" {_number(_mse(X, y, weights)[-1])}"
        )

    lines += ["", f"Mini-batches: n = 4, lrate {args.lrate:g}, epochs {args.epochs}"]
    for size in args.batch_size or (1, 10, len(y4)):
        rng = np.random.default_rng(0)
        weights = _weights(
            minibatch_descent, X4, y4, np.zeros(4), args.lrate, args.epochs, size, rng
        )
        steps = args.epochs * math.ceil(len(y4) / size)
        note = f"   (only {len(y4)} examples: one batch holds all)" if size > len(y4) else ""
        lines.append(
            f"  batch size {size:4d}   steps {steps:6d}   loss"
            f" {_number(_mse(X4, y4, weights)[-1])}{note}"
        )
        if len(weights) == steps + 1 and args.epochs:
            curves[f"mini-batches, B = {size}"] = _mse(X4, y4, weights[:: steps // args.epochs])

    if args.plot:
        try:
            _plot(curves, library, args.plot)
        except OSError as error:
            parser.error(f"argument --plot: cannot write {args.plot}: {error.strerror or error}")
    print("\n".join(lines))


def _parser(library):
    parser = argparse.ArgumentParser(
        description=(
            f"Run gradient descent with {library}: one feature, many features, a learning-rate"
            " sweep, mini-batches."
        )
    )
    parser.add_argument(
        "--epochs",
        type=_whole(0),
        default=50,
        help="passes over the data, at least 0 (default: 50)",
    )
    parser.add_argument(
        "--lrate",
        type=_lrate,
        default=0.05,
        help="learning rate, above 0 (default: 0.05); the sweep has its own",
    )
    parser.add_argument(
        "--batch-size",
        type=_whole(1),
        nargs="+",
        metavar="B",
        help="sizes of the mini-batches (default: 1 10 100)",
    )
    parser.add_argument(
        "--plot",
        type=_picture,
        metavar="FILE",
        help="draw the loss curves into FILE (.png, .pdf or .svg)",
    )
    return parser


def _whole(smallest):
    def parse(text):
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if number < smallest:
            raise argparse.ArgumentTypeError(f"must be at least {smallest}, not {number}")
        return number

    return parse


def _lrate(text):
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"must be a finite number above 0, not {text}")
    return number


def _picture(text):
    path = Path(text)
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png, .pdf or .svg")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"there is no folder {str(path.parent)!r} to write {path.name!r} into"
        )
    return path


def _weights(descend, X, y, weight, *settings):
    """Return the weights along the path; NaN for the end of a run whose weights outgrew float64."""
    try:
        # A diverging run overflows; the printed lines say so in words.
        with np.errstate(all="ignore"):
            return descend(X, y, weight, *settings)
    except ValueError:  # check_arrays refuses weights that are no longer finite
        return np.stack([weight, np.full_like(weight, np.nan)])


def _mse(X, y, weights):
    """Return the MSE on all the data for each row of ``weights`` (k, n)."""
    with np.errstate(all="ignore"):
        return np.mean((weights @ X.T - y) ** 2, axis=1)


def _border(X):
    """Return 2/L, where L is the largest curvature: the largest eigenvalue of the Hessian 2 XᵀX /
    m.
    """
    return 2 / np.linalg.eigvalsh(2 * X.T @ X / len(X))[-1]


def _best(X, y):
    weight = np.linalg.lstsq(X, y, rcond=None)[0]
    return weight, _mse(X, y, weight[None, :])[0]


def _number(value):
    return f"{value:#.6g}" if value < DIVERGED else "diverges: choose a smaller learning rate"


def _vector(values):
    if not np.abs(values).max() < DIVERGED:
        return "diverged"
    # + 0.0 turns -0.0 into 0.0.
    return " ".join(f"{value:.6f}" for value in np.round(values, 6) + 0.0)


def _plot(curves, library, path):
    from course_utils import PALETTE, use_style

    use_style()
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    colours = [PALETTE[name] for name in ("blue", "red", "green", "purple", "orange", "black")]
    for number, (name, losses) in enumerate(curves.items()):
        drawn = np.where(losses < DIVERGED, losses, np.nan)
        style, marker = ("-", "--", ":", "-.")[number % 4], "osv^Dx"[number % 6]
        width = max(4.5 - 0.8 * number, 1.2)  # curves that coincide show as one inside the other
        axes.plot(
            drawn,
            style,
            marker=marker,
            markevery=0.2,
            linewidth=width,
            color=colours[number % 6],
            label=name,
        )
    axes.set(
        xlabel="epochs",
        ylabel="MSE on all examples (no unit)",
        yscale="log",
        title=f"The loss, epoch by epoch ({library})",
    )
    axes.legend()
    figure.savefig(path)
