"""What a step costs: each NumPy rule of Round 3 beside its class in torch.optim, for 10 to 10⁶
parameters.

    pytorch_env/bin/python benchmarks/optimizer_speed.py [--sizes 10 1000 100000] [--rules adam sgd]
    [--plot FILE]

The rules are read out of the notebooks as they stand there. One weight vector of float64, and a few
ready gradients that are handed over in turn: what is timed is the rule and the change of the
weight, in place on both sides; no loss, no autograd. torch.optim runs its plain loop over the
parameters (single-tensor, foreach=False) and its foreach code. The three take turns, so that drift
hits all alike, on one thread; each is measured by its processor time, and the table shows medians.

The target, of each NumPy rule against torch's single-tensor code: faster below 10³ parameters, and
from there on never slower than 2 ×. Three rules stand apart. Plain descent is a single pass over
memory in torch; a rule that returns its step writes it out, and it is read again. Muon's torch
class iterates in bfloat16, another computation (it gets a square matrix, and has no foreach code).
L-BFGS reads all the pairs that it holds (10 here), and has no foreach code either. Exits with 1 if
one of the others misses the target.
"""

import argparse
import ctypes
import os
import platform
import re
import statistics
import sys
import time
from pathlib import Path

# Before NumPy and torch are loaded.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import torch

from course_utils.notebooks import functions_from

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
SMALL, SLOWEST = 1_000, 2.0  # the target
#: Rule: its class in torch.optim, and options that make it do its usual work.
CLASSES = {
    "descent": ("SGD", {}),
    "sgd": ("SGD", {"momentum": 0.9}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "adamax": ("Adamax", {}),
    "nadam": ("NAdam", {}),
    "radam": ("RAdam", {}),
    "rprop": ("Rprop", {}),
    "asgd": ("ASGD", {}),
    "adafactor": ("Adafactor", {}),
    "muon": ("Muon", {}),
    "lbfgs": ("LBFGS", {"history_size": 10}),
}
APART = ("descent", "muon", "lbfgs")
LRATE = 1e-3


def numpy_steps(rule, weight, gradients, options):
    """Return a function that takes so many NumPy steps; as torch does, it changes the weight in
    place.
    """
    state, weight, count = {}, weight.copy(), 0

    def take(steps):
        nonlocal state, weight, count
        for _ in range(steps):
            state, step = rule(
                state, gradients[count % len(gradients)], weight, lrate=LRATE, **options
            )
            weight -= step
            del step  # the next one can have its memory
            count += 1

    return take


def torch_steps(name, weight, gradients, options, **path):
    """The same with torch.optim; path: which of its codes."""
    param = torch.tensor(weight, requires_grad=True)
    gradients, count = [torch.from_numpy(gradient) for gradient in gradients], 0
    optimizer = getattr(torch.optim, name)([param], lr=LRATE, **options, **path)
    closure = (lambda: torch.zeros(()),) if name == "LBFGS" else ()

    def take(steps):
        nonlocal count
        for _ in range(steps):
            param.grad = gradients[count % len(gradients)]
            optimizer.step(*closure)
            count += 1

    return take


def ways(name, size, rules):
    """Return ``{way: function that takes so many steps}`` for one rule and size."""
    rng = np.random.default_rng(0)
    shape = (int(size**0.5), int(size**0.5)) if name == "muon" else (size,)
    weight, gradients = rng.normal(size=shape), list(rng.normal(size=(4, *shape)))
    theirs, options = CLASSES[name]
    found = {"NumPy": numpy_steps(rules[name], weight, gradients, options)}
    if name == "lbfgs":
        return found | {"single": torch_steps(theirs, weight, gradients, options, max_iter=1)}
    if name == "muon":
        return found | {"single": torch_steps(theirs, weight, gradients, options)}
    return found | {
        "single": torch_steps(theirs, weight, gradients, options, foreach=False),
        "foreach": torch_steps(theirs, weight, gradients, options, foreach=True),
    }


def measure(takes, seconds):
    """Return ``{way: median seconds a step}``; the ways take turns, each block of steps takes some
    milliseconds.
    """
    blocks, times = {}, {way: [] for way in takes}
    for way, take in takes.items():
        # The first calls allocate and import; RAdam's first five steps are cheaper than the rest.
        take(12)
        start = time.process_time()
        take(3)
        blocks[way] = max(3, int(0.004 * 3 / (time.process_time() - start)))
    end = time.process_time() + seconds * len(takes)
    while time.process_time() < end or len(times[way]) < 7:
        for way, take in takes.items():
            start = time.process_time()
            take(blocks[way])
            times[way].append((time.process_time() - start) / blocks[way])
    return {way: statistics.median(values) for way, values in times.items()}


def held(size, ratio):
    """Does the target hold for this size and this NumPy / single-tensor time?"""
    return ratio < 1 if size < SMALL else ratio <= SLOWEST


def keep_freed_memory():
    """Tell glibc to keep freed memory for the next array instead of handing it back to the system.

    Left alone it does either, depending on what else lies in the heap; where it hands memory back,
    a rule that returns new arrays of a million numbers can take twice as long, and chance decides.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    for parameter in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        mallopt(parameter, 1 << 30)


def machine():
    """Return processor, cores and library versions in a few words."""
    try:
        model = re.search(
            r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8")
        )[1]
    except (OSError, TypeError):
        model = platform.machine()
    return (
        f"one thread of {os.cpu_count()} cores of {model}, torch {torch.__version__.split('+')[0]},"
        f" NumPy {np.__version__}"
    )


def plot(result, sizes, path):
    """Draw Adam's times, and beside them NumPy's over torch's single-tensor time for every rule
    that has the target.
    """
    import matplotlib.pyplot as plt

    from course_utils import PALETTE, use_style
    from course_utils.style import DPI

    use_style()
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(9.6, 4.4), gridspec_kw={"width_ratios": (4, 5)}
    )
    fig.get_layout_engine().set(wspace=0.06)
    for way, label, colour, dash in (
        ("NumPy", "NumPy", "blue", "o-"),
        ("single", "torch, single-tensor", "red", "s--"),
        ("foreach", "torch, foreach", "green", "^:"),
    ):
        left.loglog(
            sizes,
            [result["adam", size][way] * 1e6 for size in sizes],
            dash,
            color=PALETTE[colour],
            label=label,
            lw=1.5,
        )
    left.set(xlabel="weights", ylabel="µs a step", title="Adam: NumPy is cheaper to call")
    left.legend()
    rules = [name for name in CLASSES if name not in APART and (name, sizes[0]) in result]
    ratios = {
        name: [result[name, size]["NumPy"] / result[name, size]["single"] for size in sizes]
        for name in rules
    }
    for values in ratios.values():
        right.semilogx(sizes, values, color=PALETTE["grey"], lw=0.9, alpha=0.7)
    ends = sorted(rules, key=lambda name: ratios[name][-1])
    for name, colour, dash in (
        (ends[-1], "red", "s--"),
        ("adam", "blue", "o-"),
        (ends[0], "green", "^:"),
    ):
        right.semilogx(sizes, ratios[name], dash, color=PALETTE[colour], lw=1.5)
        right.text(sizes[-1] * 1.3, ratios[name][-1], name, color=PALETTE[colour], va="center")
    right.axhline(1, color=PALETTE["black"], lw=0.9)
    right.text(sizes[0], 1.04, "above: NumPy is slower", fontsize=9)
    right.text(sizes[0], 0.96, "below: NumPy is faster", fontsize=9, va="top")
    right.set(
        xlabel="weights",
        ylabel="NumPy's time / torch's, single-tensor",
        ylim=(0, None),
        title="Twelve rules: NumPy leads up to 10⁴",
    )
    right.set_xlim(sizes[0] / 1.5, sizes[-1] * 8)
    fig.supxlabel(f"measured on {machine()}", fontsize=8.5, color="#555555", x=0.99, ha="right")
    fig.savefig(path, dpi=1.5 * DPI)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of parameters")
    parser.add_argument(
        "--rules", nargs="+", choices=CLASSES, default=list(CLASSES), metavar="RULE"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.15,
        help="about so long for each way and size (default 0.15)",
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="also draw the figure of the notebook's section on cost"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    rules = functions_from("Round3_Optimizers", "Round3_MoreOptimizers")
    result, missed = {}, []
    print(
        f"{machine()}\n\n{'µs a step':10} {'parameters':>11} {'NumPy':>11} {'single':>11}"
        f" {'foreach':>11} {'NumPy / single':>15}"
    )
    for name in arguments.rules:
        for size in arguments.sizes:
            times = result[name, size] = measure(ways(name, size, rules), arguments.seconds)
            ratio = times["NumPy"] / times["single"]
            miss = name not in APART and not held(size, ratio)
            missed += [f"{name} at {size:,}: {ratio:.2f}"] * miss
            columns = [
                f"{times[way] * 1e6:11,.1f}" if way in times else " " * 11
                for way in ("NumPy", "single", "foreach")
            ]
            print(
                f"{name:10} {size:11,} {' '.join(columns)}"
                f" {ratio:15.2f}{'   missed' if miss else ''}",
                flush=True,
            )
    if arguments.plot:
        plot(result, arguments.sizes, arguments.plot)
    print(
        f"\nfaster than torch's single-tensor code below {SMALL:,} parameters, at most {SLOWEST:g}"
        " × its time from there on: "
        + (f"NO, missed by {', '.join(missed)}" if missed else "yes")
        + f" (not counted: {', '.join(APART)})"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
