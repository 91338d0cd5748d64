"""Softmax regression on handwritten digits in one process or in many, with the same result.

It is the loop of the round's first notebook, whole: batches, momentum and an evaluation after each
epoch; and, where they are asked for, decay, clipping, halving and early stopping.

    python train_parallel.py                 # one process
    torchrun --standalone --nproc-per-node=3 train_parallel.py           # three, on this machine
    torchrun --standalone --nproc-per-node=3 train_parallel.py --resume  # from the checkpoint

Each process holds a copy of the model and takes its share of every batch; DistributedDataParallel
averages the gradients. It takes its share of the validation images, too. The batch size is that of
all processes together, so their number changes who does the work, not the weights. SIGTERM saves
the run and ends it with the exit status 143, as a shell counts it (128 + 15): it is not finished,
and what waits for it must not take it for finished.
"""

import argparse
import contextlib
import copy
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

FORMAT = "Gradient-Based Learning, round 4, train_parallel.py checkpoint 3"
DATA = (
    "an .npz file with X (m, n), finite numbers, and y (m,), whole numbers from 0 to 9; for"
    " validation, X_validation and y_validation as well"
)
MIN_GAIN = 0.001  # early stopping: a smaller gain is not worth waiting for
SETTINGS = (
    "batch_size",
    "lrate",
    "momentum",
    "decay",
    "max_norm",
    "halve_every",
    "patience",
    "seed",
)
NAMES = ("X", "y", "X_validation", "y_validation")
HERE = Path(__file__).resolve().parent


def say(message):
    """Write a line to stderr in one piece, so that those of several processes do not run
    together.
    """
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def leave(message, status, same_for_all=False):
    """End this process: say why, and exit with ``status``.

    same_for_all: every process of this machine ends for this reason. Then the first one alone says
    so and fails, which is enough for torchrun to fail, and to report one failure.
    """
    if same_for_all and os.environ.get("LOCAL_RANK", "0") != "0":
        message, status = "", 0
    # Torchrun is about to send it: first the message.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if message:
        say(message)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if "RANK" in os.environ:
        if status:  # a second, in which torchrun finds the process that died first
            time.sleep(1)
        sys.stdout.flush()
        # At the interpreter's end, a thread of gloo's that is still tidying up could abort the
        # process.
        os._exit(status)
    sys.exit(status)


class Ended(SystemExit):
    """The run ends before it is finished: what ``leave`` is to say, and the exit status."""

    def __init__(self, message, status=1, same_for_all=False):
        super().__init__(message)
        self.status, self.same_for_all = status, same_for_all


class Parser(argparse.ArgumentParser):
    """A parser that, under torchrun, answers a wrong argument with one line for all processes."""

    def error(self, message):
        if "RANK" not in os.environ:
            super().error(message)
        leave(f"{self.prog}: {message}", 2, same_for_all=True)


def parse_arguments():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    parser.add_argument("--momentum", type=float, default=0.9, help="momentum (default 0.9)")
    parser.add_argument(
        "--decay", type=float, default=0.0, help="weight decay of the weight (default 0)"
    )
    parser.add_argument(
        "--max-norm",
        type=float,
        default=math.inf,
        help="longer gradients are clipped to this (default inf: none is)",
    )
    parser.add_argument(
        "--halve-every",
        type=int,
        default=0,
        metavar="EPOCHS",
        help="epochs between two halvings of the learning rate (default 0: it is not halved)",
    )
    parser.add_argument(
        "--patience",
        type=int,
        default=0,
        metavar="EPOCHS",
        help="end after so many epochs in which the validation loss has not improved by at least"
        f" {MIN_GAIN} (default 0: go on to the last epoch)",
    )
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
    if not 0 <= arguments.momentum < 1:
        parser.error(f"--momentum must be at least 0 and below 1, not {arguments.momentum}")
    if not 0 <= arguments.decay < math.inf:
        parser.error(f"--decay must be a finite number of at least 0, not {arguments.decay}")
    if not arguments.max_norm > 0:
        parser.error(f"--max-norm must be above 0, not {arguments.max_norm}")
    for name in ("seed", "halve_every", "patience", "kill_at_step"):
        if (getattr(arguments, name) or 0) < 0:
            parser.error(
                f"--{name.replace('_', '-')} must be at least 0, not {getattr(arguments, name)}"
            )
    if arguments.checkpoint.is_dir():
        parser.error(f"--checkpoint {arguments.checkpoint} is a folder: name a file in it")
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
    rows = np.split(order, [1197, 1497])
    mean = X[rows[0]].mean(axis=0)
    return [(X[part] - mean, y[part]) for part in rows]


def waited(losses):
    """Return how many epochs ago the last gain was."""
    mark, epochs = np.inf, 0
    for loss in losses:
        epochs += 1
        if loss < mark - MIN_GAIN:
            mark, epochs = loss, 0
    return epochs


def first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]


def read_data(path):
    """Return (X (m, n), float64, y (m,), int64) of an .npz file, for training and for validation;
    for validation None, where the file has none.

    Raises ValueError for what cannot be trained on.
    """

    def need(condition, problem):
        if not condition:
            raise ValueError(f"--data {path}: {problem}. It should be {DATA}")

    need(path.exists(), "there is no such file")
    need(zipfile.is_zipfile(path), "it is no .npz file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name in NAMES}
    except Exception as error:  # a damaged archive has many ways to say so
        need(False, f"it cannot be read ({first_line(error)})")

    def checked(images, labels):
        for name in (images, labels):
            need(name in arrays, f"it has no {name}")
            kind = arrays[name].dtype
            need(kind.kind in "biuf", f"{name} holds {kind}, not numbers")
        X, y = arrays[images], arrays[labels]
        need(X.ndim == 2, f"{images} has the shape {X.shape}")
        need(y.ndim == 1, f"{labels} has the shape {y.shape}")
        need(len(X) == len(y), f"{images} has {len(X)} rows and {labels} has {len(y)} labels")
        need(X.size, f"{images} is empty, shape {X.shape}")
        X = np.ascontiguousarray(X, dtype=np.float64)
        need(np.isfinite(X).all(), f"{images} holds a number that is not finite")
        digits = (y >= 0) & (y <= 9) & (y == np.floor(y))
        need(digits.all(), f"{labels} holds {y[np.argmin(digits)]}")
        return X, y.astype(np.int64)

    train, validation = checked(*NAMES[:2]), None
    if set(NAMES[2:]) & set(arrays):
        validation = checked(*NAMES[2:])
        shapes = train[0].shape[1], validation[0].shape[1]
        need(shapes[0] == shapes[1], "X has {} columns and X_validation has {}".format(*shapes))
    return train, validation


class SoftmaxRegression(nn.Module):
    """Ten scores for an image: X weightᵀ + bias."""

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
            raise Ended(
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


def train_step(model, optimizer, X_shard, y_shard, batch_size, processes, max_norm):
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


def checksum(*arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


class TrainingRun:
    """What one process holds of the run that the arguments describe, and what it does with it.

    progress: the epoch and the batch that come next, the sum of this epoch's losses so far, the
    state that the epoch was shuffled from, and the validation losses of the epochs so far. best:
    the weights of the lowest of them. parallel: the model, wrapped where several processes average
    their gradients. asked: whether SIGTERM has asked this process to end; stop: whether it
    has asked any, as all of them know after a step.
    """

    def __init__(self, arguments, rank, processes, device):
        self.arguments, self.rank, self.processes = arguments, rank, processes
        self.device = device
        if arguments.data:
            (X, y), validation = read_data(arguments.data)
        else:
            (X, y), validation, _ = split_digits(*load_digits())
        if arguments.patience and validation is None:
            raise ValueError(f"--patience needs validation images; {arguments.data} has none")
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        self.validation = validation and tuple(map(torch.from_numpy, validation))
        self.batches = -(-len(X) // arguments.batch_size)
        self.rng = np.random.default_rng(arguments.seed)
        start = 0.01 * self.rng.standard_normal((10, X.shape[1]))
        self.rng = np.random.default_rng(arguments.seed)  # the batches' own, as in the notebook
        self.model = self.parallel = SoftmaxRegression(start, np.zeros(10)).to(device)
        self.optimizer = self._optimizer()
        never = 10**9
        self.scheduler = torch.optim.lr_scheduler.StepLR(
            self.optimizer, arguments.halve_every or never, gamma=0.5
        )
        self.settings = {name: getattr(arguments, name) for name in SETTINGS}
        self.settings["examples"] = len(X)
        self.settings["sha256 of X and y"] = checksum(X, y)
        self.settings["sha256 of validation"] = checksum(*validation) if validation else ""
        shuffle = self.rng.bit_generator.state
        self.progress = {"epoch": 0, "batch": 0, "loss_sum": 0.0, "shuffle": shuffle}
        self.progress["losses"] = []
        self.best = copy.deepcopy(self.model.state_dict())
        self.begun = 0  # the last step that was begun: where the run ended, if it ends early
        self.asked = self.stop = False
        with torch.no_grad():
            scores = self.model(self.X.to(device)).cpu()
        self.first_loss = F.cross_entropy(scores, self.y).item()

    def _optimizer(self):
        """Return SGD with momentum; the weight decays, the bias does not, velocities start at 0."""
        weight, bias = self.model.weight, self.model.bias
        groups = [{"params": [weight], "weight_decay": self.arguments.decay}, {"params": [bias]}]
        momentum = self.arguments.momentum
        optimizer = torch.optim.SGD(groups, lr=self.arguments.lrate, momentum=momentum)
        for parameter in self.model.parameters():
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        return optimizer

    @property
    def step(self):
        """The number of the step that comes next, counted from the run's start."""
        return self.progress["epoch"] * self.batches + self.progress["batch"]

    def parts(self):
        """Return what a checkpoint holds."""
        return {
            "settings": self.settings,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "progress": self.progress,
            "best": self.best,
        }

    def save(self):
        if self.rank == 0:
            self.arguments.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            save_checkpoint(self.arguments.checkpoint, self.parts())

    def resume(self):
        """Take over what the checkpoint holds. Raises ValueError if it is of another run."""
        name = self.arguments.checkpoint.name
        state = load_checkpoint(self.arguments.checkpoint)
        check_parts(name, state, {"settings": self.settings})
        other = {n: v for n, v in state["settings"].items() if self.settings.get(n) != v}
        if other:
            here = {n: self.settings.get(n) for n in other}
            raise ValueError(f"{name} is of another run: {other}, not {here}")
        check_parts(name, state, self.parts())
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.progress, self.best = state["progress"], state["best"]
        self.begun = self.step

    @property
    def gave_up(self):
        """Whether early stopping has ended the run."""
        patience = self.arguments.patience
        return bool(patience) and waited(self.progress["losses"]) >= patience

    @property
    def finished(self):
        return self.progress["epoch"] >= self.arguments.epochs or self.gave_up

    def check_finite(self, *losses):
        finite = all(torch.isfinite(parameter).all() for parameter in self.model.parameters())
        if not (finite and all(map(math.isfinite, (self.progress["loss_sum"], *losses)))):
            raise ValueError(
                f"the loss is no longer finite after step {self.begun}: start again with a"
                " smaller --lrate. The last good state is still in"
                f" {self.arguments.checkpoint.name}"
            )

    def check_learned(self, mean):
        """Raise ValueError if the last epoch's mean loss is well above that of the first weights.

        A tenth is allowed: batches differ.
        """
        if mean > 1.1 * self.first_loss:
            raise ValueError(
                f"warning: the loss has climbed from {self.first_loss:.6f}, before the first step,"
                f" to {mean:.6f}, the mean of epoch {self.progress['epoch']}. Start again with a"
                " smaller --lrate"
            )

    def average_gradients(self):
        """From here on, backward() averages the gradients of all processes."""
        device_ids = [self.device] if self.device.type == "cuda" else None
        with together(self.processes):  # process 0 has saved
            self.parallel = nn.parallel.DistributedDataParallel(self.model, device_ids=device_ids)

    def train_batch(self, rows):
        """Take one step on this process's shard of a batch, and tell the others."""
        self.begun = self.step
        if self.arguments.kill_at_step == self.begun and self.rank == self.processes - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        shard = rows.tensor_split(self.processes)[self.rank]
        X, y = self.X[shard].to(self.device), self.y[shard].to(self.device)
        part = train_step(
            self.parallel, self.optimizer, X, y, len(rows), self.processes, self.arguments.max_norm
        )
        told = torch.stack([part, torch.full_like(part, self.asked)])
        if dist.is_initialized():
            with together(self.processes):
                # The shards' parts add up to the loss; and all end at the same step, or none.
                dist.all_reduce(told)
        self.progress["loss_sum"] += told[0].item()
        self.stop = told[1].item() > 0
        self.progress["batch"] += 1

    @torch.no_grad()
    def evaluate(self):
        """Return (loss, accuracy) on the validation images, the same in all processes."""
        shard = [part.tensor_split(self.processes)[self.rank] for part in self.validation]
        X, y = (part.to(self.device) for part in shard)
        scores = self.model(X)
        hits = (scores.argmax(dim=1) == y).sum()
        told = torch.stack([F.cross_entropy(scores, y, reduction="sum"), hits.double()])
        if dist.is_initialized():
            with together(self.processes):
                dist.all_reduce(told)  # sums, not means: the shards differ in size
        return (told / len(self.validation[1])).tolist()

    def keep_best(self):
        """Evaluate, note the loss, and keep the weights of the lowest; return what to tell."""
        loss, accuracy = self.evaluate()
        self.check_finite(loss)
        self.progress["losses"].append(loss)
        if loss == min(self.progress["losses"]):
            self.best = copy.deepcopy(self.model.state_dict())
        return f"   validation {loss:.6f}, {100 * accuracy:.1f} % right"

    def train_epoch(self):
        """Train to the end of the epoch, from wherever in it the run stands, evaluate, save, and
        return the mean loss of its batches.
        """
        self.rng.bit_generator.state = self.progress["shuffle"]  # its order, also after a restart
        order = torch.from_numpy(self.rng.permutation(len(self.X)))
        for rows in order.split(self.arguments.batch_size)[self.progress["batch"] :]:
            self.train_batch(rows)
            last = self.progress["batch"] == self.batches  # the epoch's end saves in any case
            if not last and (self.stop or self.step % self.arguments.save_every == 0):
                self.check_finite()
                self.save()
                self.end_if_asked()
        self.check_finite()
        seen = self.keep_best() if self.validation else ""
        self.scheduler.step()
        mean, epoch = self.progress["loss_sum"] / self.batches, self.progress["epoch"] + 1
        shuffle = self.rng.bit_generator.state
        self.progress.update(epoch=epoch, batch=0, loss_sum=0.0, shuffle=shuffle)
        if not self.validation:
            self.best = copy.deepcopy(self.model.state_dict())  # the last, for want of a judge
        self.save()
        if self.rank == 0:
            told = f"mean loss of {self.batches} batches {mean:.6f}"
            print(f"epoch {epoch:3d}   {told}{seen}", flush=True)  # at once, also into a file
        return mean

    def end_if_asked(self):
        """End the run if SIGTERM has asked for it; it was saved just now."""
        if self.stop and not self.finished:
            raise Ended(
                f"SIGTERM has ended the run after {self.step} steps, which are saved in"
                f" {self.arguments.checkpoint}. Go on with the same command and --resume",
                128 + signal.SIGTERM,
                same_for_all=True,
            )


def train(arguments, rank, processes, device):
    """Train, or go on with, the run that the arguments describe; process 0 saves and prints."""
    run = TrainingRun(arguments, rank, processes, device)
    if not arguments.resume:
        run.save()  # so that there is something to resume from, and that it is of this run
    else:
        run.resume()
        if run.finished:
            if rank == 0:
                held = f"{arguments.checkpoint} holds {run.progress['epoch']} epochs already"
                enough = "early stopping has ended it" if run.gave_up else ""
                enough = enough or f"--epochs is {arguments.epochs}"
                print(f"nothing is left to do: {held}, and {enough}")
            return
    go_on = "The run ends here. Go on from the last checkpoint with the same command and --resume"
    if arguments.kill_at_step is not None:
        go_on += ", without --kill-at-step"
    one_of_all = f"process {rank} of {processes}"
    try:
        if dist.is_initialized():
            run.average_gradients()
        # Only a note: a step that was begun is finished, or there is nothing whole to save.
        signal.signal(signal.SIGTERM, lambda *_: setattr(run, "asked", True))
        while not run.finished:
            mean = run.train_epoch()
            run.end_if_asked()
    except dist.DistError as error:
        if processes == 1:
            raise
        raise Ended(
            f"{one_of_all} could not finish step {run.begun} ({first_line(error)}),"
            f" most likely because another process died. {go_on}"
        ) from None
    except RuntimeError as error:
        error.add_note(f"{one_of_all} could not finish step {run.begun}")
        raise
    if rank == 0 and run.validation:
        losses = run.progress["losses"]
        end = "early stopping" if run.gave_up else "the end"
        best = f"the lowest validation loss, {min(losses):.6f}, after {1 + np.argmin(losses)}"
        print(f"{end} after {len(losses)} epochs; {best}", flush=True)
    run.check_learned(mean)


def main():
    torch.set_num_threads(1)  # the processes share the cores
    try:
        rank, processes, device = start_processes()
        train(arguments, rank, processes, device)
    except (ValueError, OSError) as error:
        rank, processes = os.environ.get("RANK", 0), os.environ.get("WORLD_SIZE", 1)
        message = f"process {rank} of {processes}: {error}"
        # A disk can fail one process alone.
        raise Ended(message, same_for_all=isinstance(error, ValueError)) from None
    if dist.is_initialized():
        dist.destroy_process_group()  # only here: after a process has died, it could wait for ever


if __name__ == "__main__":
    try:
        main()
    except Ended as end:
        leave(str(end), end.status, end.same_for_all)
    except Exception:
        leave(traceback.format_exc().rstrip(), 1)
    leave("", 0)
