"""Round 4's resumable run and its checkpoints, as they stand in the two notebooks: stopped
anywhere, killed, damaged.
"""

import copy
import json
import mmap
import os
import random
import signal
import struct
import time

import numpy as np
import pytest
import torch
from resuming import NOTEBOOKS, STEPS_AN_EPOCH, resuming, state_of


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(request):
    return resuming(request.param)


def steps_of(run):
    return STEPS_AN_EPOCH * len(run.history) + run.batch


class Stopped(Exception):
    pass


def stop_after(notebook, steps, path, epochs=3):
    """Train, save after ``steps`` steps, stop there, and return the run that was loaded."""

    def save_and_stop(run):
        if steps_of(run) == steps:
            notebook.save_run(path, run)
            raise Stopped

    with pytest.raises(Stopped):
        notebook.fit_digits(notebook.fresh(), epochs, save_and_stop)
    return notebook.load(path)


# A warning in the middle of a resumed run would puzzle whoever resumes it.
@pytest.mark.filterwarnings("error")
def test_stopped_at_any_step_and_resumed_it_is_the_same_run_bit_for_bit(notebook, tmp_path):
    whole = state_of(notebook.fit_digits(notebook.fresh(), 3))
    for steps in range(1, 3 * STEPS_AN_EPOCH + 1):
        resumed = stop_after(notebook, steps, tmp_path / "run")
        assert state_of(notebook.fit_digits(resumed, 3)) == whole, f"stopped after {steps} steps"


def test_a_run_saved_before_its_first_step_is_the_same_run(notebook, tmp_path):
    whole = state_of(notebook.fit_digits(notebook.fresh(), 2))
    notebook.save_run(tmp_path / "run", notebook.fresh())
    assert state_of(notebook.fit_digits(notebook.load(tmp_path / "run"), 2)) == whole


def test_the_loop_is_that_of_the_first_part(notebook):
    run = notebook.fit_digits(notebook.fresh(), 4)
    known = notebook.training.fit(
        notebook.training.new_model(), notebook.train, notebook.validation, 4, halve_every=1
    )
    assert run.history == known


def test_the_best_weights_are_those_of_the_lowest_loss(notebook, tmp_path, monkeypatch):
    """At a rate so large that the loss goes up and down; also where the run was stopped
    between.
    """
    monkeypatch.setitem(notebook.names, "LRATE", 20.0)
    monkeypatch.setitem(notebook.names, "HALVE_EVERY", 1000)
    seen = []
    run = notebook.fit_digits(
        notebook.fresh(), 8, lambda run: seen.append(copy.deepcopy(weights_of(run)))
    )
    ends = seen[STEPS_AN_EPOCH - 1 :: STEPS_AN_EPOCH]
    lowest = int(np.argmin(notebook.losses_of(run)))
    assert lowest < 7  # or it could not fail
    assert np.array_equal(np.asarray(run.best["weight"]), ends[lowest])
    resumed = stop_after(notebook, 4 * (lowest + 1) + 2, tmp_path / "run", 8)
    assert state_of(notebook.fit_digits(resumed, 8)) == state_of(run)


def weights_of(run):
    if hasattr(run, "velocity"):
        return run.model.parameters["weight"]
    return run.model.weight.detach().numpy()


@pytest.mark.parametrize("piece", ["velocity", "rate", "shuffle", "batch", "steps", "history"])
def test_each_piece_of_the_checkpoint_is_needed(notebook, tmp_path, piece):
    """The first test could not fail if a run forgot something that changes nothing."""
    whole = state_of(notebook.fit_digits(notebook.fresh(), 3))
    run, fresh = stop_after(notebook, 6, tmp_path / "run"), notebook.fresh()
    if piece == "velocity" and notebook.language == "NumPy":
        run.velocity = fresh.velocity
    elif piece == "velocity":
        for parameter in run.model.parameters():
            run.optimizer.state[parameter]["momentum_buffer"].zero_()
    elif piece == "rate" and notebook.language == "NumPy":
        run.history = run.history * 2  # from their number the rate follows
    elif piece == "rate":
        run.optimizer.param_groups[0]["lr"] = notebook.LRATE
    else:
        setattr(run, piece, getattr(fresh, piece))
    assert state_of(notebook.fit_digits(run, 3)) != whole


@pytest.mark.parametrize("steps", [3, 6, 8])
def test_with_dropout_the_masks_go_on_from_where_they_were(notebook, steps):
    def stop(run):
        if steps_of(run) == steps:
            raise Stopped

    whole = state_of(notebook.fit_digits(notebook.new_dropout_run(notebook.train), 3))
    stopped = notebook.new_dropout_run(notebook.train)
    with pytest.raises(Stopped):
        notebook.fit_digits(stopped, 3, stop)
    kept = copy.deepcopy(notebook.state_of(stopped))
    for place in (stopped.model.masks.bit_generator.state, None):
        run = notebook.new_dropout_run(notebook.train)
        notebook.restore(run, copy.deepcopy(kept))
        if place:
            run.model.masks.bit_generator.state = place
        assert (state_of(notebook.fit_digits(run, 3)) == whole) == bool(place)


def test_measuring_draws_no_mask(notebook):
    run = notebook.fit_digits(notebook.new_dropout_run(notebook.train), 1)
    assert run.model.training
    expected = np.random.default_rng(101)
    for size in (64, 64, 64, 38):
        expected.random((size, 64))
    assert run.model.masks.bit_generator.state == expected.bit_generator.state


@pytest.mark.parametrize("keep", [0.2, 0.8])
def test_dropout_keeps_its_share_and_the_mean(notebook, keep):
    X = np.ones((500, 64))
    given = torch.from_numpy(X) if notebook.language == "PyTorch" else X
    thin = np.asarray(notebook.dropout(given, keep, np.random.default_rng(0)))
    assert set(np.unique(thin)) == {0.0, 1 / keep}
    assert abs(np.mean(thin > 0) - keep) < 0.01 and abs(thin.mean() - 1) < 0.05


@pytest.mark.part("kills")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: run it on Linux, macOS or WSL")
def test_killed_at_twenty_random_moments_nothing_is_lost_but_the_part_since_the_last_save(
    notebook, tmp_path
):
    # Memory that the child shares with the test.
    path, saved_step = tmp_path / "run", mmap.mmap(-1, 8)

    def save_now_and_then(run):
        step = steps_of(run)
        if step % 3 == 0:
            notebook.save_run(path, run)
            saved_step[:] = struct.pack("q", step)

    notebook.save_run(path, notebook.fit_digits(notebook.fresh(), 1))
    moments, step = random.Random(0), STEPS_AN_EPOCH
    for kill in range(20):
        child = os.fork()
        if child == 0:
            try:
                notebook.fit_digits(notebook.load(path), 10**6, save_now_and_then)
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
        began, last_save = step, struct.unpack("q", saved_step[:])[0]
        survivor = notebook.load(path)
        step = steps_of(survivor)
        # A child that dies between the save and the note has saved once more than it told.
        told = max(began, last_save)
        assert told <= step <= told + 3, (
            f"kill {kill}: began at {began}, told of {last_save}, found {step}"
        )
    assert struct.unpack("q", saved_step[:])[0] > 20
    epochs = len(survivor.history) + 2
    resumed = notebook.fit_digits(notebook.load(path), epochs)
    assert state_of(resumed) == state_of(notebook.fit_digits(notebook.fresh(), epochs))


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
    whole, good = path.read_bytes(), json.dumps(state_of(notebook.load(path)))
    refused = 0
    for place in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            # Padding between the entries.
            assert json.dumps(state_of(notebook.load(path))) == good, f"byte {place}"
        except ValueError as error:
            assert path.name in str(error)
            refused += 1
    assert refused > 30
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="run is damaged"):
            notebook.load(path)


class RunsCode:
    """An object whose pickle, read carelessly, makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_foreign_file_is_refused_and_its_code_never_runs(notebook, tmp_path):
    trap = tmp_path / "trap"
    np.savez(tmp_path / "numpy.npz", a=np.zeros(3))
    np.savez(tmp_path / "bare.npz", format=notebook.FORMAT)
    coded = np.array([RunsCode(trap)], dtype=object)
    np.savez(tmp_path / "numpy-code.npz", format=coded, allow_pickle=True)
    np.save(tmp_path / "numpy-code.npy", coded, allow_pickle=True)
    torch.save({"a": torch.zeros(3)}, tmp_path / "torch.pt")
    torch.save([1, 2], tmp_path / "torch-list.pt")
    torch.save({"format": notebook.FORMAT, "a": RunsCode(trap)}, tmp_path / "torch-code.pt")
    (tmp_path / "text.txt").write_text("a poem")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(ValueError, match=path.name):
            notebook.load(path)
    assert not trap.exists()
    with pytest.raises(FileNotFoundError):
        notebook.load(tmp_path / "missing")


def test_a_numpy_file_with_a_diary_that_is_no_json_is_refused(tmp_path):
    notebook = resuming("NumPy")
    for entries in ({}, {"diary": "{half"}, {"diary": np.zeros(3)}, {"diary": "3"}):
        np.savez(tmp_path / "run.npz", format=notebook.FORMAT, **entries)
        with pytest.raises(ValueError, match="run.npz"):
            notebook.load(tmp_path / "run.npz")


def parts_of(state, name=""):
    """Yield (the dictionary, key) of every part of a state, those of a generator's and of an
    optimizer's state as a whole.
    """
    for key in state:
        yield state, key
        if isinstance(state[key], dict) and key not in ("shuffle", "optimizer", "schedule"):
            yield from parts_of(state[key])


@pytest.mark.parametrize("change", ["missing", "text"])
def test_a_run_with_a_part_missing_or_of_another_kind_is_refused_by_name(
    notebook, tmp_path, monkeypatch, change
):
    path, run = tmp_path / "run", notebook.fit_digits(notebook.fresh(), 1)
    fresh = notebook.state_of
    for number in range(len(list(parts_of(fresh(run))))):
        state = copy.deepcopy(fresh(run))
        holder, key = list(parts_of(state))[number]
        if change == "missing":
            del holder[key]
        else:
            kept = holder[key]
            holder[key] = np.array("text") if isinstance(kept, np.ndarray) else "text"
        if notebook.language == "NumPy" and key in ("parameters", "velocity", "best"):
            continue  # the entries stand for them
        monkeypatch.setitem(notebook.names, "state_of", lambda run, state=state: state)
        notebook.save_run(path, run)
        monkeypatch.setitem(notebook.names, "state_of", fresh)
        said = f"run.*lacks '{key}'" if change == "missing" else f"run.*'{key}'|otherwise: {key}"
        with pytest.raises(ValueError, match=said):
            notebook.load(path)


@pytest.mark.parametrize(
    "setting, other, said",
    [
        ("BATCH_SIZE", 32, "batch size"),
        ("LRATE", 0.1, "rate"),
        ("MOMENTUM", 0.5, "momentum"),
        ("HALVE_EVERY", 7, "halve every"),
        ("PATIENCE", 3, "patience"),
    ],
)
def test_a_run_trained_with_other_settings_is_refused(
    notebook, tmp_path, monkeypatch, setting, other, said
):
    stop_after(notebook, 6, tmp_path / "run")
    monkeypatch.setitem(notebook.names, setting, other)
    with pytest.raises(ValueError, match=f"run was trained otherwise: {said}$"):
        notebook.load(tmp_path / "run")


@pytest.mark.parametrize("what", ["a pixel", "a label", "the order", "float32"])
def test_a_run_trained_on_other_data_is_refused(notebook, tmp_path, what):
    stop_after(notebook, 6, tmp_path / "run")
    X, y = (np.asarray(part).copy() for part in notebook.train)
    if what == "a pixel":
        X[100, 20] += 1 / 16
    elif what == "a label":
        y[100] = (y[100] + 1) % 10
    elif what == "the order":
        X, y = X[::-1].copy(), y[::-1].copy()
    else:
        X = X.astype(np.float32)
    part = (torch.from_numpy(X), torch.from_numpy(y)) if notebook.language == "PyTorch" else (X, y)
    with pytest.raises(ValueError, match="run was trained otherwise: (data|digits)$"):
        notebook.load_run(tmp_path / "run", part)


def test_the_checksum_does_not_see_another_machine_s_rounding(notebook):
    X, y = (np.asarray(part).copy() for part in notebook.train)
    near = X * (1 + 2e-16)
    assert not np.array_equal(near, X)
    assert notebook.settings_of((near, y)) == notebook.settings_of((X, y))
