"""Softmax regression on handwritten digits in one process or in many, with the same result.

    python train_parallel.py                                            one process
    torchrun --standalone --nproc-per-node=3 train_parallel.py          three processes on this machine
    torchrun --standalone --nproc-per-node=3 train_parallel.py --resume the same, from the last checkpoint

Each process holds a copy of the model and takes its share of every batch; DistributedDataParallel averages the
gradients. The batch size is that of all processes together, so their number changes the speed, not the weights.
"""

import argparse
import os
import re
import signal
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

FORMAT = "Gradient-Based Learning, round 4, checkpoint 1"
RESUME = ("most likely because another process died. The run ends here. Go on from the last checkpoint with the same "
          "command and --resume")
HERE = Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=6, help="passes over the training data (default 6)")
    parser.add_argument("--batch-size", type=int, default=64, help="examples a step, all processes together (default 64)")
    parser.add_argument("--lrate", type=float, default=0.5, help="learning rate (default 0.5)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first weights and of the batches (default 1)")
    parser.add_argument("--data", type=Path, help="an .npz file with X (m, n) and y (m,), instead of the course's split")
    parser.add_argument("--checkpoint", type=Path, default=HERE / "runs" / "parallel.pt",
                        help="where the run is saved (default runs/parallel.pt beside this script)")
    parser.add_argument("--save-every", type=int, default=10, metavar="STEPS", help="steps between two saves (default 10)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint instead of starting afresh")
    parser.add_argument("--kill-at-step", type=int, metavar="STEP",
                        help="an experiment: the last process kills itself before this step")
    arguments = parser.parse_args()
    for name in ("epochs", "batch_size", "save_every"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, not {getattr(arguments, name)}")
    if arguments.resume and not arguments.checkpoint.exists():
        parser.error(f"--resume: there is no checkpoint {arguments.checkpoint}; start without --resume")
    return arguments


arguments = parse_arguments() if __name__ == "__main__" else None  # --help answers before torch is imported

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils import load_digits, pick_device  # noqa: E402


def split_digits(X, y):
    """Return (train, validation, test), each (X, y); pixels are centred on the training images' mean."""
    order = np.random.default_rng(0).permutation(len(X))
    train, validation, test = np.split(order, [1197, 1497])
    mean = X[train].mean(axis=0)
    return [(X[rows] - mean, y[rows]) for rows in (train, validation, test)]


class SoftmaxRegression(nn.Module):
    """Ten scores for an image: scores = X weightᵀ + bias."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))  # (10, 64), a copy
        self.bias = nn.Parameter(torch.tensor(bias))  # (10,)

    def forward(self, X):
        return X @ self.weight.T + self.bias


def save_checkpoint(path, state):
    """Write ``state`` to ``path``: killed at any moment, the old or the new file is there, whole."""
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
        raise ValueError(f"{path.name} is a PyTorch file, but no checkpoint of this round")
    return state


def start_processes():
    """Join the processes that torchrun started. Returns (this process's number, how many there are, its device)."""
    device = pick_device()
    if "RANK" not in os.environ:  # started without torchrun
        return 0, 1, device
    on_gpu = device.type == "cuda"
    if on_gpu:
        local_rank, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local_rank >= gpus:
            raise SystemExit(f"process {local_rank} has no GPU of its own: this machine has {gpus}. Start at most {gpus} "
                             "processes, or set COURSE_DEVICE=cpu")
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    return dist.get_rank(), dist.get_world_size(), device


def train_step(model, optimizer, X_shard, y_shard, batch_size, processes, max_norm=0.25):
    """Change the parameters once; returns this shard's part of the batch's loss.

    The loss is the shard's *sum* over the whole batch's size, times the number of processes, because
    DistributedDataParallel divides by that number: so shards of different sizes weigh what they should.
    """
    optimizer.zero_grad()
    part = F.cross_entropy(model(X_shard), y_shard, reduction="sum") / batch_size
    (part * processes).backward()  # DistributedDataParallel averages the gradients of all processes here
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return part.detach()


def train(arguments, rank, processes, device):
    """Train, or go on with, the run that the arguments describe; process 0 saves and prints."""
    if arguments.data:
        with np.load(arguments.data, allow_pickle=False) as file:
            X, y = file["X"], file["y"]
    else:
        X, y = split_digits(*load_digits())[0]
    rng = np.random.default_rng(arguments.seed)
    model = SoftmaxRegression(0.01 * rng.standard_normal((10, X.shape[1])), np.zeros(10)).to(device)
    decay = 1 / len(X)
    optimizer = torch.optim.SGD(
        [{"params": [model.weight], "weight_decay": decay}, {"params": [model.bias]}], lr=arguments.lrate, momentum=0.9
    )
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
    settings = {name: getattr(arguments, name) for name in ("batch_size", "lrate", "seed")} | {"examples": len(X)}
    progress = {"epoch": 0, "batch": 0, "shuffle": rng.bit_generator.state}
    if arguments.resume:
        state = load_checkpoint(arguments.checkpoint)
        if state.get("settings") != settings:
            raise ValueError(f"{arguments.checkpoint.name} is of another run: {state.get('settings')}, not {settings}")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        scheduler.load_state_dict(state["scheduler"])
        progress = state["progress"]
    parallel = model
    if dist.is_initialized():
        parallel = nn.parallel.DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    batches = -(-len(X) // arguments.batch_size)

    def save():
        if rank == 0:
            arguments.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            save_checkpoint(arguments.checkpoint, {
                "settings": settings, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(), "progress": progress,
            })

    while progress["epoch"] < arguments.epochs:
        rng.bit_generator.state = progress["shuffle"]  # this epoch's order, also after a restart
        order = torch.from_numpy(rng.permutation(len(X)))
        total = torch.zeros((), dtype=torch.float64, device=device)
        first = progress["batch"]
        try:
            for batch in range(first, batches):
                step = progress["epoch"] * batches + batch
                if arguments.kill_at_step == step and rank == processes - 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                rows = order[batch * arguments.batch_size : (batch + 1) * arguments.batch_size]
                shard = rows.tensor_split(processes)[rank]
                X_shard, y_shard = X[shard].to(device, non_blocking=True), y[shard].to(device, non_blocking=True)
                total += train_step(parallel, optimizer, X_shard, y_shard, len(rows), processes)
                progress["batch"] = batch + 1
                if (step + 1) % arguments.save_every == 0 and batch + 1 < batches:  # the epoch's end saves in any case
                    save()
            if dist.is_initialized():
                dist.all_reduce(total)  # the shards' parts add up to the loss
        except RuntimeError as error:
            if processes == 1:
                raise
            reason = re.sub(r"^\[.*?\] ", "", str(error).splitlines()[0]).split(". ")[0]  # without gloo's file and advice
            raise SystemExit(f"process {rank} of {processes} could not finish step {step} ({reason}), {RESUME}") from None
        scheduler.step()
        progress = {"epoch": progress["epoch"] + 1, "batch": 0, "shuffle": rng.bit_generator.state}
        save()
        if rank == 0:
            print(f"epoch {progress['epoch']:3d}   mean loss of {batches - first} batches {total.item() / (batches - first):.6f}")


def main():
    torch.set_num_threads(1)  # the processes share the cores
    rank, processes, device = start_processes()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"process {rank} of {processes} was ended, {RESUME}"))
    try:
        train(arguments, rank, processes, device)
    except (ValueError, OSError) as error:
        raise SystemExit(f"process {rank} of {processes}: {error}") from None
    if dist.is_initialized():
        dist.destroy_process_group()  # only here: after a process has died, it could wait for ever


if __name__ == "__main__":
    status = 0
    try:
        main()
    except SystemExit as end:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun is about to send it: first the message
        print(end, file=sys.stderr, flush=True)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        status = 1
    if "RANK" in os.environ:
        time.sleep(status)  # one second, in which torchrun finds the process that died first
        sys.stdout.flush()
        os._exit(status)  # at the interpreter's end, a thread of gloo's that is still tidying up could abort the process
    sys.exit(status)
