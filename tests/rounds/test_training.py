"""Round 4's training loop and its checkpoints, as they stand in the two notebooks: stopped
anywhere, killed, damaged.
"""

import ast
import importlib.util
import json
import mmap
import os
import random
import signal
import struct
import sys
import time
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from definitions import NOTEBOOKS, definitions_of_round
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import DataLoader, Dataset, get_worker_info

from course_utils import load_digits
from course_utils.notebooks import code_cells
from course_utils.resources import HOME

STEPS_AN_EPOCH = 4


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(request):
    """What one notebook defines, with a small part of the digits: four batches an epoch."""
    torch.set_num_threads(1)
    names = definitions_of_round(request.param)
    train, validation, _ = names["split_digits"](*load_digits())
    train = train[0][:230], train[1][:230]
    if request.param == "PyTorch":
        train, validation = (
            [torch.from_numpy(array) for array in part] for part in (train, validation)
        )
    # The rate changes at each epoch, and nothing ends a run early.
    names.update(HALVE_EVERY=1, PATIENCE=10**9)
    round4 = SimpleNamespace(**names, language=request.param, names=names)
    round4.fit_digits = lambda run, epochs, after_step=None: round4.fit(
        run, train, validation, epochs, after_step
    )
    return round4


def state_of(run):
    """Return all that a run holds as one flat list of numbers, in full precision."""
    if hasattr(run, "velocity"):
        arrays = [*run.model.parameters.values(), *run.velocity.values(), *run.best.values()]
    else:
        buffers = [
            run.optimizer.state[parameter]["momentum_buffer"]
            for parameter in run.model.parameters()
        ]
        arrays = [*run.model.state_dict().values(), *buffers, *run.best.values()]
    numbers = [
        number
        for array in (*arrays, *run.snapshots)
        for number in np.asarray(array).ravel().tolist()
    ]
    return numbers, run.progress


class Stopped(Exception):
    pass


def stop_after(notebook, steps, path, epochs=3):
    """Train, save after ``steps`` steps, stop there, and return the run that was loaded."""

    def save_and_stop(run):
        if STEPS_AN_EPOCH * run.progress["epoch"] + run.progress["batch"] == steps:
            notebook.save_run(path, run)
            raise Stopped

    with pytest.raises(Stopped):
        notebook.fit_digits(notebook.new_run(), epochs, save_and_stop)
    return notebook.load_run(path)


# A warning in the middle of a resumed run would puzzle whoever resumes it.
@pytest.mark.filterwarnings("error")
def test_stopped_at_any_step_and_resumed_it_is_the_same_run_bit_for_bit(notebook, tmp_path):
    whole = state_of(notebook.fit_digits(notebook.new_run(), 3))
    for steps in range(1, 3 * STEPS_AN_EPOCH + 1):
        resumed = stop_after(notebook, steps, tmp_path / "run")
        assert state_of(notebook.fit_digits(resumed, 3)) == whole, f"stopped after {steps} steps"


def test_a_resumed_run_is_drawn_whole(notebook, tmp_path):
    """TensorBoard shows every epoch of it, those before the stop as well: curves, histograms,
    mistakes and graph.
    """
    run = notebook.fit_digits(stop_after(notebook, 6, tmp_path / "run"), 3)
    mistakes = notebook.split_digits(*load_digits())[2][0][:2]
    notebook.log_run(
        tmp_path / "board",
        run,
        torch.from_numpy(mistakes) if notebook.language == "PyTorch" else mistakes,
    )
    events = EventAccumulator(
        str(tmp_path / "board"), size_guidance={"scalars": 0, "histograms": 0}
    ).Reload()
    whole = notebook.fit_digits(notebook.new_run(), 3)
    assert [point.step for point in events.Histograms("weight")] == [1, 2, 3]
    assert [point.histogram_value.sum for point in events.Histograms("weight")] == pytest.approx(
        [float(snapshot.sum()) for snapshot in whole.snapshots]
    )
    for name in whole.progress["history"][0]:
        expected = [np.float32(row[name]) for row in whole.progress["history"]]
        assert [np.float32(point.value) for point in events.Scalars(name)] == expected, name


@pytest.mark.parametrize("piece", ["velocity", "rate", "shuffle", "batch", "best loss"])
def test_each_piece_of_the_checkpoint_is_needed(notebook, tmp_path, piece):
    """The test above could not fail if a run forgot something that changes nothing."""
    whole = state_of(notebook.fit_digits(notebook.new_run(), 3))
    run, fresh = stop_after(notebook, 6, tmp_path / "run"), notebook.new_run()
    if piece == "velocity" and notebook.language == "NumPy":
        run.velocity = fresh.velocity
    elif piece == "velocity":
        for parameter in run.model.parameters():
            run.optimizer.state[parameter]["momentum_buffer"].zero_()
    elif piece == "rate" and notebook.language == "NumPy":
        run.lrate = 2 * run.lrate
    elif piece == "rate":
        run.optimizer.param_groups[0]["lr"] = notebook.LRATE
    else:
        key = piece.replace(" ", "_")
        run.progress[key] = fresh.progress[key] if key != "best_loss" else -1.0
    assert state_of(notebook.fit_digits(run, 3)) != whole


@pytest.mark.part("kills")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: run it on Linux, macOS or WSL")
def test_killed_at_twenty_random_moments_nothing_is_lost_but_the_part_since_the_last_save(
    notebook, tmp_path
):
    # Memory that the child shares with the test.
    path, saved_step = tmp_path / "run", mmap.mmap(-1, 8)

    def save_now_and_then(run):
        step = STEPS_AN_EPOCH * run.progress["epoch"] + run.progress["batch"]
        if step % 3 == 0:
            notebook.save_run(path, run)
            saved_step[:] = struct.pack("q", step)

    notebook.save_run(path, notebook.fit_digits(notebook.new_run(), 1))
    moments, step = random.Random(0), STEPS_AN_EPOCH
    for kill in range(20):
        child = os.fork()
        if child == 0:
            try:
                notebook.fit_digits(notebook.load_run(path), 10**6, save_now_and_then)
            finally:
                os._exit(1)
        before = struct.unpack("q", saved_step[:])[0]
        # Half of the kills wait until the child has saved, so that a hanging child could not pass.
        if kill % 2:
            deadline = time.monotonic() + 20
            while struct.unpack("q", saved_step[:])[0] == before and time.monotonic() < deadline:
                time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (
            "the child ended by itself"
        )
        survivor, began, last_save = (
            notebook.load_run(path).progress,
            step,
            struct.unpack("q", saved_step[:])[0],
        )
        step = STEPS_AN_EPOCH * survivor["epoch"] + survivor["batch"]
        # A child that dies between the save and the note has saved once more than it told.
        told = max(began, last_save)
        assert told <= step <= told + 3, (
            f"kill {kill}: began at {began}, told of {last_save}, found {step}"
        )
    assert struct.unpack("q", saved_step[:])[0] > 20
    epochs = survivor["epoch"] + 2
    resumed = notebook.fit_digits(notebook.load_run(path), epochs)
    assert state_of(resumed) == state_of(notebook.fit_digits(notebook.new_run(), epochs))


def test_a_save_that_fails_leaves_the_earlier_checkpoint(notebook, tmp_path, monkeypatch):
    path = tmp_path / "run"
    run = stop_after(notebook, 5, path)
    earlier = path.read_bytes()

    def disk_is_full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_is_full)
    with pytest.raises(OSError, match="No space"):
        notebook.save_run(path, notebook.fit_digits(run, 3))
    assert path.read_bytes() == earlier


def test_a_damaged_file_is_refused_or_the_damage_changed_nothing(notebook, tmp_path):
    path = tmp_path / "run"
    stop_after(notebook, 5, path)
    whole, good = path.read_bytes(), json.dumps(state_of(notebook.load_run(path)))
    refused = 0
    for place in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            # Padding between the entries.
            assert json.dumps(state_of(notebook.load_run(path))) == good, f"byte {place}"
        except ValueError as error:
            assert path.name in str(error)
            refused += 1
    assert refused > 30
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="run is damaged"):
            notebook.load_run(path)


class RunsCode:
    """An object whose pickle, read carelessly, makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_foreign_file_is_refused_and_its_code_never_runs(notebook, tmp_path):
    trap = tmp_path / "trap"
    np.savez(tmp_path / "numpy.npz", a=np.zeros(3))
    np.savez(
        tmp_path / "numpy-code.npz",
        format=np.array([RunsCode(trap)], dtype=object),
        allow_pickle=True,
    )
    np.save(
        tmp_path / "numpy-code.npy", np.array([RunsCode(trap)], dtype=object), allow_pickle=True
    )
    torch.save({"a": torch.zeros(3)}, tmp_path / "torch.pt")
    torch.save([1, 2], tmp_path / "torch-list.pt")
    torch.save({"format": notebook.FORMAT, "a": RunsCode(trap)}, tmp_path / "torch-code.pt")
    (tmp_path / "text.txt").write_text("a poem")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(ValueError, match=path.name):
            notebook.load_checkpoint(path)
    assert not trap.exists()
    with pytest.raises(FileNotFoundError):
        notebook.load_checkpoint(tmp_path / "missing")


def damaged(notebook, path, change):
    """Save the run at ``path`` again, with its parts changed by ``change(parts, progress)``."""
    loaded = notebook.load_checkpoint(path)
    if notebook.language == "NumPy":
        arrays, progress = loaded
        change(arrays, progress)
        notebook.save_checkpoint(path, arrays, progress)
    else:
        change(loaded, loaded.get("progress"))
        notebook.save_checkpoint(path, loaded)


def test_a_run_with_a_part_missing_or_misshaped_is_refused_by_name(notebook, tmp_path):
    path = tmp_path / "run"
    stop_after(notebook, 6, path)
    good = path.read_bytes()
    loaded = notebook.load_checkpoint(path)
    parts, progress = loaded if notebook.language == "NumPy" else (loaded, loaded["progress"])
    for name in set(parts) - {"format"}:
        damaged(notebook, path, lambda parts, _, name=name: parts.pop(name))
        with pytest.raises(ValueError, match=f"run.* lacks '{name}'"):
            notebook.load_run(path)
        path.write_bytes(good)
    for name in progress:
        damaged(notebook, path, lambda _, progress, name=name: progress.pop(name))
        with pytest.raises(ValueError, match=f"run: .*progress.* lacks '{name}'"):
            notebook.load_run(path)
        path.write_bytes(good)
    damaged(notebook, path, lambda _, progress: progress.update(epoch="two"))
    with pytest.raises(ValueError, match="'epoch' should be of type int, not str"):
        notebook.load_run(path)
    path.write_bytes(good)
    small = np.zeros((3, 64)) if notebook.language == "NumPy" else torch.zeros(3, 64)
    shapes = {"best": r"has the shape \(3, 64\), not \(10, 64\)", "snapshots": "shape|snapshot"}
    for name, said in shapes.items():
        if notebook.language == "NumPy":
            key = "best weight" if name == "best" else name
            damaged(notebook, path, lambda parts, _, key=key: parts.update({key: small}))
        elif name == "best":
            damaged(notebook, path, lambda parts, _: parts["best"].update(weight=small))
        else:
            damaged(notebook, path, lambda parts, _: parts.update(snapshots=[small]))
        with pytest.raises(ValueError, match=f"run.*{said}"):
            notebook.load_run(path)
        path.write_bytes(good)
    damaged(notebook, path, lambda parts, _: parts.update(snapshots=parts["snapshots"][:0]))
    with pytest.raises(ValueError, match="run.*snapshot"):
        notebook.load_run(path)


@pytest.mark.parametrize(
    "setting, other", [("BATCH_SIZE", 32), ("DECAY", 0.1), ("MAX_NORM", 1.0), ("MOMENTUM", 0.5)]
)
def test_a_run_trained_with_other_settings_is_refused(
    notebook, tmp_path, monkeypatch, setting, other
):
    stop_after(notebook, 6, tmp_path / "run")
    monkeypatch.setitem(notebook.names, setting, other)
    with pytest.raises(ValueError, match="run was trained with other settings: .*halve every"):
        notebook.load_run(tmp_path / "run")


def test_a_float32_run_is_refused_by_name(notebook, tmp_path):
    kind = np.float32 if notebook.language == "NumPy" else torch.float32
    notebook.save_run(tmp_path / "run", notebook.new_run(dtype=kind))
    with pytest.raises(
        ValueError, match="run was trained with other settings: .*'digits': 'float32'"
    ):
        notebook.load_run(tmp_path / "run")


def test_autocast_stands_around_forward_and_loss_only(monkeypatch):
    names, seen = definitions_of_round("PyTorch"), []

    def note(what, call):
        def noted(*arguments, **more):
            seen.append((what, torch.is_autocast_enabled("cpu")))
            return call(*arguments, **more)

        return noted

    (X, y), _, _ = names["split_digits"](*load_digits())
    X, y = torch.from_numpy(X).float(), torch.from_numpy(y)
    run = names["new_run"](dtype=torch.float32, autocast=True)
    monkeypatch.setattr(run.model, "forward", note("forward", run.model.forward))
    monkeypatch.setattr(torch.autograd, "backward", note("backward", torch.autograd.backward))
    names["train_step"](run, X[:64], y[:64])
    names["evaluate"](run.model, X, y)
    assert seen == [("forward", True), ("backward", False), ("forward", False)]
    assert run.model.weight.dtype == run.model.weight.grad.dtype == torch.float32


def test_a_numpy_file_with_a_progress_that_is_no_json_is_refused(tmp_path):
    names = definitions_of_round("NumPy")
    for arrays in ({}, {"progress": "{half"}, {"progress": np.zeros(3)}):
        np.savez(tmp_path / "run.npz", format=names["FORMAT"], **arrays)
        with pytest.raises(
            ValueError, match="run.npz is damaged: it has no progress that can be read"
        ):
            names["load_run"](tmp_path / "run.npz")


def test_a_run_saved_before_its_first_step_is_the_same_run(notebook, tmp_path):
    whole = state_of(notebook.fit_digits(notebook.new_run(), 2))
    notebook.save_run(tmp_path / "run", notebook.new_run())
    assert state_of(notebook.fit_digits(notebook.load_run(tmp_path / "run"), 2)) == whole


@pytest.mark.filterwarnings("error", "ignore:`torch.jit.trace:DeprecationWarning")
@pytest.mark.parametrize("case", ["diverged", "no mistakes", "all grey"])
def test_what_cannot_be_drawn_is_left_out_of_the_board_and_the_rest_is_there(
    notebook, tmp_path, case
):
    run = notebook.fit_digits(notebook.new_run(), 3)
    mistakes = {
        "diverged": np.eye(64)[:2],
        "no mistakes": np.zeros((0, 64)),
        "all grey": np.zeros((2, 64)),
    }[case]
    if case == "diverged":
        run.snapshots[1:] = [run.snapshots[0] * float("nan"), run.snapshots[0] * 1e200]
        run.progress["history"][2]["loss/train"] = float("nan")
        if notebook.language == "PyTorch":
            with torch.no_grad():
                run.model.weight.fill_(float("nan"))
    notebook.log_run(
        tmp_path / "board",
        run,
        torch.from_numpy(mistakes) if notebook.language == "PyTorch" else mistakes,
    )
    events = EventAccumulator(
        str(tmp_path / "board"), size_guidance={"scalars": 0, "histograms": 0}
    ).Reload()
    for name in run.progress["history"][0]:
        assert [point.step for point in events.Scalars(name)] == [1, 2, 3], name
    assert [point.step for point in events.Histograms("weight")] == (
        [1] if case == "diverged" else [1, 2, 3]
    )
    assert events.Tags()["images"] == ([] if case == "no mistakes" else ["mistakes"])
    assert events.Tags()["graph"]


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_the_misread_images_are_drawn_as_they_were(language):
    """The training images' mean, which was taken off, is what is added again."""
    X, y = load_digits()
    names = definitions_of_round(language)
    train, validation, test = names["split_digits"](X, y)
    names |= {
        "X_all": X,
        "parts": [train, validation, test],
        "train": train,
        "validation": validation,
        "test": test,
    }
    sources = code_cells(HOME / "Round4" / f"{NOTEBOOKS[language]}.ipynb")
    for source in sources:
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
                "centred",
                "train_mean",
            ):
                exec(compile(ast.Module([node], []), language, "exec"), names)
    original = X[np.random.default_rng(0).permutation(len(X))[1497:]]
    np.testing.assert_allclose(test[0] + names["train_mean"], original, atol=1e-13)
    assert any("X_test[image]) + train_mean)" in source for source in sources)


def test_early_stopping_keeps_the_lowest_loss_and_waits_for_a_gain(notebook):
    """MIN_GAIN gates the patience, not what is kept."""
    notebook.names["PATIENCE"] = 2
    try:
        run = notebook.fit_digits(notebook.new_run(), 60)
    finally:
        notebook.names["PATIENCE"] = 10**9
    progress = run.progress
    losses = [row["loss/validation"] for row in progress["history"]]
    mark, waited, epochs = float("inf"), 0, 0
    while waited < 2:
        gained = losses[epochs] < mark - notebook.MIN_GAIN
        mark, waited = (losses[epochs], 0) if gained else (mark, waited + 1)
        epochs += 1
    assert len(losses) == epochs < 60  # two epochs of patience, not 60
    assert progress["best_loss"] == min(losses) == losses[progress["best_epoch"]] < mark
    best = np.asarray(run.best["weight"])
    assert np.array_equal(best, np.asarray(run.snapshots[progress["best_epoch"]]))


@pytest.mark.parametrize("losses", [[3, 1, 2, 2, 2, 2, 0], [1, 0.9995, 0.9991, 0.9992, 0.9993]])
def test_stopping_read_off_a_curve_is_the_loops_own(notebook, losses):
    notebook.names["PATIENCE"] = 4
    try:
        kept, epochs = notebook.stop(losses)
    finally:
        notebook.names["PATIENCE"] = 10**9
    assert (kept, epochs) == ((1, 6) if losses[0] == 3 else (2, 5))


def test_the_splits_of_the_comparison_begin_with_the_rounds_own(notebook):
    X, y = load_digits()
    notebook.names |= {"X_all": X, "y_all": y}
    parts = notebook.stack_splits(splits=2)
    for (stacked, labels), (own, own_labels) in zip(parts, notebook.split_digits(X, y)):
        np.testing.assert_array_equal(stacked[0, :, :64], own)
        np.testing.assert_array_equal(labels[0], own_labels)
        assert np.all(stacked[..., 64] == 1) and not np.array_equal(labels[0], labels[1])
    wrong = notebook.stack_splits(wrong=0.3, splits=1)
    changed = np.mean(wrong[0][1] != parts[0][1][:1])
    assert 0.2 < changed < 0.3  # a tenth of the chance labels are right
    for changed_part, part in zip(wrong[1:], parts[1:]):
        np.testing.assert_array_equal(changed_part[1][0], part[1][0])


def test_no_image_is_in_two_parts(notebook):
    X = np.arange(1797.0)[:, None]
    parts = notebook.split_digits(X, np.arange(1797))
    assert sorted(np.concatenate([y for _, y in parts])) == list(range(1797))
    # Centred on the training images alone.
    assert abs(parts[0][0].mean()) < 1e-9 < abs(parts[1][0].mean())


class Noisy(Dataset):
    """A data set with a generator of its own, which each worker gets a copy of."""

    def __init__(self):
        self.generator = np.random.default_rng(5)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return self.generator.standard_normal()


def seed_by_number(number):
    get_worker_info().dataset.generator = np.random.default_rng([5, number])


def seed_by_worker_info(_):
    worker = get_worker_info()
    worker.dataset.generator = np.random.default_rng(worker.seed)


@pytest.mark.part("kills")
def test_real_workers_repeat_their_noise_unless_seeded_for_worker_and_epoch():
    def epochs(cure, **more):
        order = torch.Generator().manual_seed(0)
        loader = DataLoader(
            Noisy(), batch_size=4, num_workers=2, worker_init_fn=cure, generator=order, **more
        )
        return [torch.cat(list(loader)) for _ in range(2)]

    def shared(one, other):
        return set(one.tolist()) & set(other.tolist())

    first, second = epochs(None)
    assert torch.equal(first[:4], first[4:]) and torch.equal(first, second)
    first, second = epochs(seed_by_number)
    assert not shared(first[:4], first[4:]) and torch.equal(first, second)
    first, second = epochs(seed_by_number, persistent_workers=True)
    assert not shared(first, second)
    first, second = epochs(seed_by_worker_info)
    assert not shared(first[:4], first[4:]) and not shared(first, second)
    assert torch.equal(first, epochs(seed_by_worker_info)[0])  # the loader's generator decides


@pytest.fixture
def benchmark():
    spec = importlib.util.spec_from_file_location(
        "loader_speed", HOME / "benchmarks" / "loader_speed.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_loader_benchmark_compares_loops_that_do_the_same_work(benchmark):
    X, y = load_digits()
    by_hand, in_torch = benchmark.NumpyModel(), benchmark.TorchModel()
    for batch in benchmark.numpy_batches(X, y, 256, np.random.default_rng(0)):
        expected = by_hand.step(*batch)
        assert in_torch.step(*map(torch.from_numpy, batch)) == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(
        in_torch.linear.weight.detach(), by_hand.weight, rtol=1e-10, atol=1e-12
    )


def test_the_loader_benchmark_fails_where_a_loader_is_slower_than_it_promises(
    benchmark, monkeypatch, capsys
):
    names = benchmark.compare(256, 0.01)
    assert names["NumPy floor"][1] == names["PyTorch floor"][1] == 1
    for factor, status in ((1.29, 0), (1.31, 1)):
        monkeypatch.setattr(sys, "argv", ["loader_speed.py"])
        measured = dict.fromkeys(names, (1e6, factor))
        monkeypatch.setattr(benchmark, "compare", Mock(return_value=measured))
        assert benchmark.main() == status and f"({factor})" in capsys.readouterr().out


@pytest.mark.part("times")
def test_the_default_loader_is_slower_than_ours(benchmark):
    result = benchmark.compare(256, 0.05)
    assert result["PyTorch, default DataLoader"][1] > result["PyTorch with make_loader"][1]
