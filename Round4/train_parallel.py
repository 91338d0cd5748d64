"""Softmax regression on handwritten digits in one process or in many, with the same result.

    python train_parallel.py                                            one process torchrun
    --standalone --nproc-per-node=3 train_parallel.py          three processes on this machine
    torchrun --standalone --nproc-per-node=3 train_parallel.py --resume the same, from the last
    checkpoint

Each process holds a copy of the model and takes its share of every batch; DistributedDataParallel
averages the gradients. The batch size is that of all processes together, so their number changes
the speed, not the weights.
"""

import argparse
import contextlib
import hashlib
import math
import os
import re
import signal
import sys
import time
import traceback
import zipfile
from pathlib import Path

import numpy as np

FORMAT = "Gradient-Based Learning, round 4, train_parallel.py checkpoint 1"
DATA = "an .npz file with X (m, n), finite numbers, and y (m,), whole numbers from 0 to 9"
HERE = Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--epochs", type=int, default=6, help="passes over the training data (default 6)"
    )
    parser.add_argument(
        "--batch-size",
        type=int,
        default=64,
        help="examples a step, all processes together (default 64)",
    )
    parser.add_argument("--lrate", type=float, default=0.5, help="learning rate (default 0.5)")
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="seed of the first weights and of the batches (default 1)",
    )
    parser.add_argument("--data", type=Path, help=f"{DATA}; instead of the course's split")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=HERE / "runs" / "parallel.pt",
        help="where the run is saved (default runs/parallel.pt beside this script)",
    )
    parser.add_argument(
        "--save-every",
        type=int,
        default=10,
        metavar="STEPS",
        help="steps between two saves (default 10)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint instead of starting afresh"
    )
    parser.add_argument(
        "--kill-at-step",
        type=int,
        metavar="STEP",
        help="an experiment: the last process kills itself before this step",
    )
    arguments = parser.parse_args()
    for name in ("epochs", "batch_size", "save_every"):
        if getattr(arguments, name) < 1:
            parser.error(
                f"--{name.replace('_', '-')} must be at least 1, not {getattr(arguments, name)}"
            )
    if not 0 < arguments.lrate < math.inf:
        parser.error(f"--lrate must be a finite number above 0, not {arguments.lrate}")
    if arguments.seed < 0:
        parser.error(f"--seed must be at least 0, not {arguments.seed}")
    if arguments.resume and not arguments.checkpoint.exists():
        parser.error(
            f"--resume: there is no checkpoint {arguments.checkpoint}; start without --resume"
        )
    return arguments


# --help answers before torch is imported.
arguments = parse_arguments() if __name__ == "__main__" else None

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils import load_digits, pick_device  # noqa: E402


def split_digits(X, y):
    """Return (train, validation, test), each (X, y); pixels are centred on the training images'
    mean.
    """
    order = np.random.default_rng(0).permutation(len(X))
    train, validation, test = np.split(order, [1197, 1497])
    mean = X[train].mean(axis=0)
    return [(X[rows] - mean, y[rows]) for rows in (train, validation, test)]


def first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]


def read_data(path):
    """Return X (m, n), float64, and y (m,), int64, of an .npz file.

    Raises ValueError for what cannot be trained on.
    """

    def need(condition, problem):
        if not condition:
            raise ValueError(f"--data {path}: {problem}. It should be {DATA}")

    need(path.exists(), "there is no such file")
    need(zipfile.is_zipfile(path), "it is no .npz file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("X", "y") if name in file}
    except Exception as error:  # a damaged archive has many ways to say so
        need(False, f"it cannot be read ({first_line(error)})")
    for name in ("X", "y"):
        need(name in arrays, f"it has no {name}")
        need(arrays[name].dtype.kind in "biuf", f"{name} holds {arrays[name].dtype}, not numbers")
    X, y = arrays["X"], arrays["y"]
    need(X.ndim == 2, f"X has the shape {X.shape}")
    need(y.ndim == 1, f"y has the shape {y.shape}")
    need(len(X) == len(y), f"X has {len(X)} rows and y has {len(y)} labels")
    need(X.size, f"X is empty, shape {X.shape}")
    X = np.ascontiguousarray(X, dtype=np.float64)
    need(np.isfinite(X).all(), "X holds a number that is not finite")
    digits = (y >= 0) & (y <= 9) & (y == np.floor(y))
    need(digits.all(), f"y holds {y[np.argmin(digits)]}")
    return X, y.astype(np.int64)


class SoftmaxRegression(nn.Module):
    """Ten scores for an image: scores = X weightᵀ + bias."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))  # (10, 64), a copy
        self.bias = nn.Parameter(torch.tensor(bias))  # (10,)

    def forward(self, X):
        return X @ self.weight.T + self.bias


def save_checkpoint(path, state):
    """Write ``state`` to ``path``: killed at any moment, the old or the new file is there,
    whole.
    """
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        torch.save({"format": FORMAT, **state}, file)
        file.flush()
        os.fsync(file.fileno())  # on the disk, not only in the system's memory
    os.replace(partial, path)  # one indivisible step


def load_checkpoint(path):
    """Return the state that was saved. Raises ValueError for a damaged or foreign file."""
    try:
        damaged = zipfile.ZipFile(path).testzip()  # torch.load alone does not look at the checksums
        state = None if damaged else torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0].split(". ")[0]
        raise ValueError(f"{path.name} is damaged or no checkpoint: {reason}") from None
    if damaged:
        raise ValueError(f"{path.name} is damaged: the checksum of {damaged} is wrong")
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"{path.name} is a PyTorch file, but none of the format '{FORMAT}'")
    return state


def check_parts(name, found, like):
    """Raise ValueError unless ``found`` has every part of ``like``, of the same kind and shape."""
    kind = (
        dict if isinstance(like, dict) else (int, float) if isinstance(like, float) else type(like)
    )
    if not isinstance(found, kind):
        raise ValueError(
            f"{name} should be of type {type(like).__name__}, not {type(found).__name__}"
        )
    if isinstance(like, dict):
        for key, part in like.items():
            if key not in found:
                raise ValueError(f"{name} lacks {key!r}")
            check_parts(f"{name}: {key!r}", found[key], part)
    elif isinstance(like, list):
        for part in found if like else ():  # each is like the first
            check_parts(f"{name}, an entry", part, like[0])
    elif np.shape(found) != np.shape(like):
        raise ValueError(f"{name} has the shape {tuple(found.shape)}, not {tuple(like.shape)}")


def start_processes():
    """Join the processes that torchrun started.

    Returns (this process's number, how many there are, its device).
    """
    device = pick_device()
    if "RANK" not in os.environ:  # started without torchrun
        return 0, 1, device
    on_gpu = device.type == "cuda"
    if on_gpu:
        local_rank, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local_rank >= gpus:
            raise SystemExit(
                f"process {local_rank} has no GPU of its own: this machine has {gpus}. Start at"
                f" most {gpus} processes, or set COURSE_DEVICE=cpu"
            )
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    return dist.get_rank(), dist.get_world_size(), device


class NoAnswer(dist.DistError):
    """The processes could not finish what they do together."""


@contextlib.contextmanager
def together(processes):
    """Around what all processes do together: with more than one, an error in there is another
    process's silence.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        if processes == 1:
            raise
        # Without gloo's file and advice.
        reason = re.sub(r"^\[.*?\] ", "", first_line(error)).split(". ")[0]
        raise NoAnswer(reason) from error


def train_step(model, optimizer, X_shard, y_shard, batch_size, processes, max_norm=0.25):
    """Change the parameters once; returns this shard's part of the batch's loss.

    The loss is the shard's *sum* over the whole batch's size, times the number of processes,
    because DistributedDataParallel divides by that number: so shards of different sizes weigh what
    they should.
    """
    optimizer.zero_grad()
    part = F.cross_entropy(model(X_shard), y_shard, reduction="sum") / batch_size
    with together(processes):
        # DistributedDataParallel averages the gradients of all processes here.
        (part * processes).backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return part.detach()


def train(arguments, rank, processes, device):
    """Train, or go on with, the run that the arguments describe; process 0 saves and prints."""
    X, y = read_data(arguments.data) if arguments.data else split_digits(*load_digits())[0]
    rng = np.random.default_rng(arguments.seed)
    model = SoftmaxRegression(0.01 * rng.standard_normal((10, X.shape[1])), np.zeros(10)).to(device)
    decay = 1 / len(X)
    optimizer = torch.optim.SGD(
        [{"params": [model.weight], "weight_decay": decay}, {"params": [model.bias]}],
        lr=arguments.lrate,
        momentum=0.9,
    )
    for parameter in model.parameters():
        # The velocity starts at zero.
        optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
    settings = {name: getattr(arguments, name) for name in ("batch_size", "lrate", "seed")}
    settings |= {
        "examples": len(X),
        "sha256 of X and y": hashlib.sha256(X.tobytes() + y.tobytes()).hexdigest(),
    }
    progress = {"epoch": 0, "batch": 0, "shuffle": rng.bit_generator.state}

    def parts():
        return {
            "settings": settings,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "progress": progress,
        }

    def save():
        if rank == 0:
            arguments.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            save_checkpoint(arguments.checkpoint, parts())

    if arguments.resume:
        state = load_checkpoint(arguments.checkpoint)
        check_parts(arguments.checkpoint.name, state, {"settings": settings})
        if other := {
            name: state["settings"][name]
            for name in settings
            if state["settings"][name] != settings[name]
        }:
            here = {name: settings[name] for name in other}
            raise ValueError(f"{arguments.checkpoint.name} is of another run: {other}, not {here}")
        check_parts(arguments.checkpoint.name, state, parts())
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        scheduler.load_state_dict(state["scheduler"])
        progress = state["progress"]
        if progress["epoch"] >= arguments.epochs:
            if rank == 0:
                print(
                    f"nothing is left to do: {arguments.checkpoint} holds {progress['epoch']}"
                    f" epochs already, and --epochs is {arguments.epochs}"
                )
            return
    else:
        save()  # so that there is something to resume from, and that it is of this run
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    batches = -(-len(X) // arguments.batch_size)
    step = progress["epoch"] * batches + progress["batch"]

    def check_finite(*tensors):
        if not all(torch.isfinite(tensor).all() for tensor in (*model.parameters(), *tensors)):
            raise ValueError(
                f"the loss is no longer finite after step {step}: start again with a smaller"
                f" --lrate. The last good state is still in {arguments.checkpoint.name}"
            )

    resume = "The run ends here. Go on from the last checkpoint with the same command and --resume"
    if arguments.kill_at_step is not None:
        resume += ", without --kill-at-step"
    try:
        parallel = model
        if dist.is_initialized():
            device_ids = [device] if device.type == "cuda" else None
            with together(processes):  # from here on, process 0 has saved
                parallel = nn.parallel.DistributedDataParallel(model, device_ids=device_ids)
        reason = (
            "SIGTERM (torchrun sends it to all when one has failed)" if processes > 1 else "SIGTERM"
        )
        ended = f"process {rank} of {processes} was ended by {reason}. {resume}"
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(ended))
        while progress["epoch"] < arguments.epochs:
            # This epoch's order, also after a restart.
            rng.bit_generator.state = progress["shuffle"]
            order = torch.from_numpy(rng.permutation(len(X)))
            total = torch.zeros((), dtype=torch.float64, device=device)
            first = progress["batch"]
            for batch in range(first, batches):
                step = progress["epoch"] * batches + batch
                if arguments.kill_at_step == step and rank == processes - 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                rows = order[batch * arguments.batch_size : (batch + 1) * arguments.batch_size]
                shard = rows.tensor_split(processes)[rank]
                total += train_step(
                    parallel,
                    optimizer,
                    X[shard].to(device),
                    y[shard].to(device),
                    len(rows),
                    processes,
                )
                progress["batch"] = batch + 1
                # The epoch's end saves in any case.
                if (step + 1) % arguments.save_every == 0 and batch + 1 < batches:
                    check_finite()
                    save()
            if dist.is_initialized():
                with together(processes):
                    dist.all_reduce(total)  # the shards' parts add up to the loss
            check_finite(total)
            scheduler.step()
            progress = {
                "epoch": progress["epoch"] + 1,
                "batch": 0,
                "shuffle": rng.bit_generator.state,
            }
            save()
            if rank == 0:
                mean = total.item() / (batches - first)
                print(
                    f"epoch {progress['epoch']:3d}   mean loss of {batches - first} batches"
                    f" {mean:.6f}"
                )
    except dist.DistError as error:
        if processes == 1:
            raise
        raise SystemExit(
            f"process {rank} of {processes} could not finish step {step} ({first_line(error)}),"
            f" most likely because another process died. {resume}"
        ) from None
    except RuntimeError as error:
        error.add_note(f"process {rank} of {processes} could not finish step {step}")
        raise


def main():
    torch.set_num_threads(1)  # the processes share the cores
    rank, processes, device = start_processes()
    try:
        train(arguments, rank, processes, device)
    except (ValueError, OSError) as error:
        raise SystemExit(f"process {rank} of {processes}: {error}") from None
    if dist.is_initialized():
        dist.destroy_process_group()  # only here: after a process has died, it could wait for ever


def say(message):
    """Write a line to stderr in one piece, so that those of several processes do not run
    together.
    """
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    status = 0
    try:
        main()
    except SystemExit as end:
        # Torchrun is about to send it: first the message.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say(end)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        status = 1
    except Exception:
        say(traceback.format_exc().rstrip())
        status = 1
    if "RANK" in os.environ:
        time.sleep(status)  # one second, in which torchrun finds the process that died first
        sys.stdout.flush()
        # At the interpreter's end, a thread of gloo's that is still tidying up could abort the
        # process.
        os._exit(status)
    sys.exit(status)
