"""Round 4's script under torchrun: the same weights from 1, 2 and 3 processes, and what happens
when one dies.
"""

import ast
import os
import re
import signal
import subprocess
import sys
from functools import partial
from unittest.mock import Mock

import numpy as np
import psutil
import pytest
import torch
from resuming import NOTEBOOKS, resuming

from course_utils import functions_from, load_digits
from course_utils.notebooks import code_cells
from course_utils.resources import HOME

SCRIPT = HOME / "Round4" / "train_parallel.py"
ENVIRONMENT = os.environ | {"COURSE_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
EPOCHS = 6  # the learning rate is halved after the fifth
DEVICES = "--decay", 1 / 322, "--max-norm", 0.25, "--halve-every", 5, "--patience", 4


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        import train_parallel
    finally:
        sys.path.pop(0)
    return train_parallel


@pytest.fixture(scope="module")
def data(tmp_path_factory, script):
    """A file of 322 images: the last batch of 64 holds two, so that three processes get shards of
    1, 1 and 0; and 40 for validation, which three do not share evenly.
    """
    (X, y), (X_validation, y_validation), _ = script.split_digits(*load_digits())
    path = tmp_path_factory.mktemp("data") / "train.npz"
    validation = {"X_validation": X_validation[:40], "y_validation": y_validation[:40]}
    np.savez(path, X=X[:322], y=y[:322], **validation)
    return path


def in_this_process(script, monkeypatch, *arguments):
    """Run the script's main() here, as one process without torchrun, and without the time that a
    new Python takes.
    """
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setattr(sys, "argv", ["train_parallel.py", *map(str, arguments)])
    monkeypatch.setattr(script, "arguments", script.parse_arguments())
    threads, before = torch.get_num_threads(), signal.getsignal(signal.SIGTERM)
    try:
        script.main()
    finally:
        signal.signal(signal.SIGTERM, before)
        torch.set_num_threads(threads)


def torchrun(processes, *arguments, script=SCRIPT, environment=ENVIRONMENT):
    """Run the script under torchrun; returns the finished process.

    Whatever it started is ended with it.
    """
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc-per-node={processes}",
        script,
    ]
    started = subprocess.Popen(
        [*command, *map(str, arguments)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = started.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        for process in [*psutil.Process(started.pid).children(recursive=True), started]:
            process.kill()
        raise
    return subprocess.CompletedProcess(started.args, started.returncode, output, errors)


def weights(path, part="model"):
    return {
        name: tensor.numpy() for name, tensor in torch.load(path, weights_only=True)[part].items()
    }


def validation_losses(path):
    return torch.load(path, weights_only=True)["progress"]["losses"]


def assert_equal_weights(one, other):
    for name in one:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-10, atol=1e-12)


@pytest.fixture(scope="module")
def one_process_s_file(script, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "run.pt"
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(
            script, patch, "--data", data, "--checkpoint", path, "--epochs", EPOCHS, *DEVICES
        )
    return path


@pytest.fixture(scope="module")
def one_process(one_process_s_file):
    return weights(one_process_s_file)


@pytest.mark.part("kills")
def test_three_processes_end_with_the_weights_and_the_validation_of_one(
    one_process, one_process_s_file, data, tmp_path
):
    done = torchrun(
        3, "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", EPOCHS, *DEVICES
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch ") == EPOCHS  # process 0 alone prints
    assert "the end after 6 epochs; the lowest validation loss, 0." in done.stdout
    assert_equal_weights(one_process, weights(tmp_path / "run.pt"))
    assert_equal_weights(weights(one_process_s_file, "best"), weights(tmp_path / "run.pt", "best"))
    three = validation_losses(tmp_path / "run.pt")
    assert len(three) == EPOCHS
    np.testing.assert_allclose(three, validation_losses(one_process_s_file), rtol=1e-12)


@pytest.mark.part("kills")
def test_two_processes_of_which_one_dies_leave_a_checkpoint_that_resumes_to_the_same_weights(
    one_process, script, data, tmp_path, monkeypatch
):
    """One start for both: two processes share 35 of the 36 steps, small last batches and the lower
    rate included.
    """
    path = tmp_path / "run.pt"
    common = "--data", data, "--checkpoint", path, "--epochs", EPOCHS, *DEVICES
    done = torchrun(2, *common, "--save-every", 5, "--kill-at-step", 35)
    assert done.returncode != 0
    said = (
        r"process 0 of 2 could not finish step 35 \(.*\), most likely because another process died"
        r".* --resume, without --kill-at-step\n"
    )
    assert re.search(said, done.stderr), done.stderr
    assert "SIGKILL" in done.stderr.split("Root Cause")[1]
    # Torchrun's own report follows.
    ours = done.stderr.split("torch.distributed.elastic.multiprocessing.errors")[0]
    assert (
        "Exception ignored" not in ours
        and "GLHF" not in ours
        and 'train_parallel.py", line' not in ours
    ), ours
    state = script.load_checkpoint(path)
    assert (state["progress"]["epoch"], state["progress"]["batch"]) == (5, 5), (
        "saved at the end of step 34"
    )
    left = [
        p.pid for p in psutil.process_iter(["cmdline"]) if str(path) in (p.info["cmdline"] or [])
    ]
    assert not left, "processes were left behind"
    in_this_process(script, monkeypatch, *common, "--resume")
    assert_equal_weights(one_process, weights(path))


def test_a_process_that_dies_after_a_step_gives_the_same_message(
    script, data, tmp_path, monkeypatch
):
    """Alone, as the first of two: the loss, after the step, finds nobody to add up with."""

    def nobody_answers(told):
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(
        sys,
        "argv",
        ["train_parallel.py", "--data", str(data), "--checkpoint", str(tmp_path / "run.pt")],
    )
    monkeypatch.setattr(script.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(script.dist, "all_reduce", nobody_answers)
    monkeypatch.setattr(
        script.nn.parallel, "DistributedDataParallel", lambda model, device_ids: model
    )
    monkeypatch.setattr(script.signal, "signal", lambda *_: None)
    with pytest.raises(
        SystemExit,
        match=r"process 0 of 2 could not finish step 0 \(Connection closed by peer\), .*--resume",
    ):
        script.train(script.parse_arguments(), 0, 2, torch.device("cpu"))


@pytest.fixture(scope="module", params=["Round4_Training", "Round4_Training-PyTorch"])
def notebook(request):
    return functions_from(request.param)


@pytest.mark.parametrize(
    "settings, epochs",
    [({}, 3), ({"decay": 1 / 1197, "max_norm": 0.25, "halve_every": 5, "patience": 4}, 40)],
)
def test_the_script_is_the_notebooks_loop_with_all_its_devices_or_none(
    notebook, script, settings, epochs, tmp_path, monkeypatch, capsys
):
    """The same means, validation, weights, best weights, and the same end."""
    path = tmp_path / "run.pt"
    options = [[f"--{name.replace('_', '-')}", value] for name, value in settings.items()]
    given = "--checkpoint", path, "--epochs", epochs, *sum(options, [])
    in_this_process(script, monkeypatch, *given)
    *lines, end = capsys.readouterr().out.splitlines()
    printed = [
        [float(n) for n in re.findall(r"[\d.]+\d", line.split("batches")[1])] for line in lines
    ]
    parts = notebook["split_digits"](*load_digits())[:2]
    model, in_torch = notebook["new_model"](), "set_up" in notebook
    if in_torch:
        parts = [tuple(map(torch.from_numpy, part)) for part in parts]
    history = notebook["fit"](model, *parts, epochs, **settings)
    keys = "loss/train", "loss/validation", "accuracy/validation"
    found = [[row[key] for key in keys] for row in history]
    assert len(printed) == len(found) == (18 if settings else 3)
    np.testing.assert_allclose(np.array(printed) * [1, 1, 0.01], found, atol=6e-4)
    np.testing.assert_allclose(np.array(printed)[:, :2], np.array(found)[:, :2], atol=1e-6)
    losses = [row["loss/validation"] for row in history]
    np.testing.assert_allclose(validation_losses(path), losses, rtol=1e-10)
    why = "early stopping" if settings else "the end"
    kept = f"the lowest validation loss, {min(losses):.6f}, after {1 + np.argmin(losses)}"
    assert end == f"{why} after {len(history)} epochs; {kept}"
    now = model.state_dict() if in_torch else model.parameters
    assert_equal_weights({name: np.asarray(now[name]) for name in now}, weights(path))
    best = {name: np.asarray(model.best[name]) for name in model.best}
    assert_equal_weights(best, weights(path, "best"))
    in_this_process(script, monkeypatch, *given, "--resume")
    left = "early stopping has ended it" if settings else "--epochs is 3"
    assert capsys.readouterr().out.endswith(f"holds {len(history)} epochs already, and {left}\n")


def test_without_validation_images_the_last_weights_are_kept_and_patience_is_refused(
    script, data, tmp_path, monkeypatch, capsys
):
    with np.load(data) as file:
        np.savez(tmp_path / "train.npz", X=file["X"], y=file["y"])
    common = "--data", tmp_path / "train.npz", "--checkpoint", tmp_path / "run.pt", "--epochs", 2
    in_this_process(script, monkeypatch, *common)
    assert "validation" not in capsys.readouterr().out
    assert_equal_weights(weights(tmp_path / "run.pt"), weights(tmp_path / "run.pt", "best"))
    with pytest.raises(SystemExit, match="--patience needs validation images; .*train.npz has"):
        in_this_process(script, monkeypatch, *common, "--patience", 4)


def test_the_best_weights_outlive_a_restart(script, data, tmp_path, monkeypatch):
    """Stopped in the epoch after the best one: what was kept before is still kept."""
    path = tmp_path / "run.pt"
    common = "--data", data, "--checkpoint", path, "--epochs", 3, "--lrate", 3
    in_this_process(script, monkeypatch, *common)
    losses, best = validation_losses(path), weights(path, "best")
    assert np.argmin(losses) < 2, "the last epoch must not be the best, or nothing is tested"
    begun = 6 * (np.argmin(losses) + 1) + 3

    taken = iter(range(99))

    def step(*given, take=script.train_step):
        if next(taken) == begun:
            raise KeyboardInterrupt
        return take(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(script, "train_step", step)
        in_this_process(script, patch, *common)
    in_this_process(script, monkeypatch, *common, "--resume")
    assert validation_losses(path) == losses
    assert all(np.array_equal(weights(path, "best")[name], best[name]) for name in best)


@pytest.mark.filterwarnings("error")  # torch warns where a schedule and an optimizer come apart
def test_stopped_after_any_save_the_script_resumes_in_silence_and_ends_with_the_same_weights(
    script, data, tmp_path, monkeypatch
):
    path, saves = tmp_path / "run.pt", []
    common = "--data", data, "--checkpoint", path, "--epochs", 2, "--save-every", 1

    def save(path, state, stop_after=None, write=script.save_checkpoint):
        write(path, state)
        saves.append((state["progress"]["epoch"], state["progress"]["batch"]))
        if len(saves) == stop_after:
            raise KeyboardInterrupt

    monkeypatch.setattr(script, "save_checkpoint", save)
    in_this_process(script, monkeypatch, *common)
    whole = weights(path)
    assert saves == [divmod(step, 6) for step in range(13)]  # at the start and after every step
    for stop_after in range(1, 13):
        saves.clear()
        monkeypatch.setattr(script, "save_checkpoint", partial(save, stop_after=stop_after))
        with pytest.raises(KeyboardInterrupt):
            in_this_process(script, monkeypatch, *common)
        in_this_process(script, monkeypatch, *common, "--resume")
        for name in whole:
            assert np.array_equal(weights(path)[name], whole[name]), (
                f"stopped after save {stop_after}"
            )


def test_a_checkpoint_of_another_run_is_refused(script, data, tmp_path, monkeypatch):
    common = "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", 1
    in_this_process(script, monkeypatch, *common)
    with pytest.raises(
        SystemExit, match="process 0 of 1: .*another run.*'batch_size': 64.*'batch_size': 32"
    ):
        in_this_process(script, monkeypatch, *common, "--batch-size", 32, "--resume")


def test_other_data_of_the_same_length_are_refused(script, data, tmp_path, monkeypatch):
    common = "--checkpoint", tmp_path / "run.pt", "--epochs", 1
    in_this_process(script, monkeypatch, *common, "--data", data)
    with np.load(data) as file:
        good = dict(file)
    X, y = good["X"], good["y"]
    for changed, which in (
        ({"X": X + 1e-9}, "X and y"),
        ({"y": y[::-1]}, "X and y"),
        ({"X_validation": 2 * good["X_validation"]}, "validation"),
    ):
        np.savez(tmp_path / "other.npz", **good | changed)
        with pytest.raises(
            SystemExit, match=f"another run: {{'sha256 of {which}': '[0-9a-f]{{64}}'}}, not "
        ):
            in_this_process(
                script, monkeypatch, *common, "--data", tmp_path / "other.npz", "--resume"
            )
    # The same numbers, otherwise stored.
    same = {"X": np.asfortranarray(X), "y": y.astype(np.int32)}
    np.savez(tmp_path / "same.npz", **good | same)
    in_this_process(script, monkeypatch, *common, "--data", tmp_path / "same.npz", "--resume")


def test_a_run_that_fails_before_its_first_step_has_replaced_an_earlier_runs_checkpoint(
    one_process, script, data, tmp_path, monkeypatch, capsys
):
    common = "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", EPOCHS, *DEVICES
    in_this_process(script, monkeypatch, *common, "--seed", 1)
    with monkeypatch.context() as patch:
        patch.setattr(script, "train_step", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            in_this_process(script, patch, *common)
    assert script.load_checkpoint(tmp_path / "run.pt")["progress"]["epoch"] == 0
    capsys.readouterr()
    in_this_process(script, monkeypatch, *common, "--resume")
    assert capsys.readouterr().out.count("epoch ") == EPOCHS
    assert_equal_weights(one_process, weights(tmp_path / "run.pt"))


@pytest.mark.parametrize("at", [0, 7, 5, 35])
def test_sigterm_saves_the_step_that_was_begun_and_ends_with_a_word_and_143(
    one_process, script, data, tmp_path, at, monkeypatch, capsys
):
    """In the first step, within an epoch, in an epoch's last step, and in the run's last, where
    nothing is left to end.
    """
    path, steps = tmp_path / "run.pt", []
    common = "--data", data, "--checkpoint", path, "--epochs", EPOCHS, *DEVICES

    def step(*given, take=script.train_step):
        if len(steps) == at:
            signal.raise_signal(signal.SIGTERM)
        steps.append(given)
        return take(*given)

    with monkeypatch.context() as patch:
        patch.setattr(script, "train_step", step)
        if at == 35:
            in_this_process(script, patch, *common)
        else:
            with pytest.raises(SystemExit) as end:
                in_this_process(script, patch, *common)
            assert end.value.status == 143
            assert str(end.value) == (
                f"SIGTERM has ended the run after {at + 1} steps, which are saved in {path}."
                " Go on with the same command and --resume"
            )
            progress = script.load_checkpoint(path)["progress"]
            assert 6 * progress["epoch"] + progress["batch"] == len(steps) == at + 1
    in_this_process(script, monkeypatch, *common, "--resume")
    assert_equal_weights(one_process, weights(path))


def test_sigterm_that_comes_too_late_to_be_told_ends_the_run_a_step_later(
    script, data, tmp_path, monkeypatch
):
    note, noted = script.torch.full_like, []

    def too_late(part, asked):
        noted.append(asked)
        if len(noted) == 3:
            signal.raise_signal(signal.SIGTERM)
        return note(part, asked)

    monkeypatch.setattr(script.torch, "full_like", too_late)
    with pytest.raises(SystemExit, match="SIGTERM has ended the run after 4 steps"):
        in_this_process(script, monkeypatch, "--data", data, "--checkpoint", tmp_path / "run.pt")


@pytest.mark.part("kills")
def test_sigterm_to_one_of_two_processes_ends_both_at_the_same_step_with_one_word(
    one_process, script, data, tmp_path, monkeypatch
):
    """The second is asked to end before its first step; the first hears of it after the step."""
    path, main = tmp_path / "run.pt", tmp_path / "asked.py"
    main.write_text(
        "import os, runpy, signal, torch\n"
        "def step(self, *rest, take=torch.optim.SGD.step):\n"
        "    if os.environ['RANK'] == '1':\n"
        "        signal.raise_signal(signal.SIGTERM)\n"
        "    return take(self, *rest)\n"
        "torch.optim.SGD.step = step\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    common = "--data", data, "--checkpoint", path, "--epochs", EPOCHS, *DEVICES
    done = torchrun(2, *common, script=main)
    assert (
        done.returncode != 0 and done.stderr.count("SIGTERM has ended the run after 1 steps") == 1
    )
    assert "process 1 of 2" not in done.stderr
    assert re.search(r"exitcode +: 143", done.stderr), done.stderr
    assert script.load_checkpoint(path)["progress"]["batch"] == 1
    in_this_process(script, monkeypatch, *common, "--resume")
    assert_equal_weights(one_process, weights(path))


def test_after_a_restart_the_epochs_mean_is_over_all_its_batches(
    script, data, tmp_path, monkeypatch, capsys
):
    common = "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", 2
    in_this_process(script, monkeypatch, *common)
    whole = capsys.readouterr().out
    with monkeypatch.context() as patch:
        take, steps = script.train_step, iter(range(9))

        def step(*given):
            if next(steps) == 8:  # steps 0 to 7 are done, 6 of them in the first epoch
                raise KeyboardInterrupt
            return take(*given)

        patch.setattr(script, "train_step", step)
        with pytest.raises(KeyboardInterrupt):
            in_this_process(script, patch, *common, "--save-every", 2)
    in_this_process(script, monkeypatch, *common, "--resume")
    assert capsys.readouterr().out == whole


def test_a_checkpoint_in_an_older_format_is_named(script, data, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    common = "--data", data, "--checkpoint", path, "--epochs", 1
    in_this_process(script, monkeypatch, *common)
    state = script.load_checkpoint(path)
    torch.save(state | {"format": state["format"].replace("checkpoint 3", "checkpoint 2")}, path)
    with pytest.raises(SystemExit, match="run.pt .* none of the format '.*checkpoint 3'"):
        in_this_process(script, monkeypatch, *common, "--resume")


def test_a_loss_that_climbs_ends_the_run_with_a_warning(
    script, data, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "run.pt"
    with pytest.raises(
        SystemExit, match=r"warning: the loss has climbed from 2\.30\d+, .* smaller --lrate"
    ) as end:
        in_this_process(script, monkeypatch, "--data", data, "--checkpoint", path, "--lrate", 1000)
    assert end.value.status == 1 and capsys.readouterr().out.count("epoch ") == 6
    # A rate that moves nothing is no climb.
    in_this_process(script, monkeypatch, "--data", data, "--checkpoint", path, "--lrate", 1e-9)


@pytest.mark.parametrize(
    "wrong, device, status, said",
    [
        (["--epochs", 0], "cpu", 2, "train_parallel.py: --epochs must be at least 1, not 0"),
        ([], "cuda:99", 1, r"process 0 of 2: COURSE_DEVICE='cuda:99', but this machine has .*"),
    ],
)
@pytest.mark.part("kills")
def test_what_stops_every_process_is_said_once_in_a_line(wrong, device, status, said, tmp_path):
    path = tmp_path / "run.pt"
    done = torchrun(
        2, *wrong, "--checkpoint", path, environment=ENVIRONMENT | {"COURSE_DEVICE": device}
    )
    assert done.returncode != 0
    first, *others = done.stderr.splitlines()
    assert re.fullmatch(said, first), done.stderr
    assert re.search(rf"exitcode +: {status} ", done.stderr), done.stderr
    # The rest is torchrun's own report, of one failure.
    assert not any("train_parallel.py: " in line or "process 1 of" in line for line in others)
    assert done.stderr.count("exitcode  :") == 1 and 'train_parallel.py", line' not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_not_there_is_one_sentence(script, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--checkpoint", tmp_path / "run.pt"],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT | {"COURSE_DEVICE": "cuda:99"},
    )
    assert done.returncode == 1 and not done.stdout and not list(tmp_path.iterdir())
    assert re.fullmatch(
        r"process 0 of 1: COURSE_DEVICE='cuda:99', but this machine has .*\n", done.stderr
    )


def test_a_killed_run_has_told_every_epoch_that_it_finished(data, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--data", data, "--checkpoint", tmp_path / "run.pt"]
        + ["--kill-at-step", "35"],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": ""},
    )
    assert done.returncode == -signal.SIGKILL and done.stdout.count("epoch ") == 5


def test_an_error_that_may_be_of_one_process_alone_is_told_by_that_process(
    script, data, tmp_path, monkeypatch
):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(script, "save_checkpoint", full)
    with pytest.raises(SystemExit, match="^process 0 of 1: No space left on device$") as end:
        in_this_process(script, monkeypatch, "--data", data, "--checkpoint", tmp_path / "run.pt")
    assert end.value.status == 1 and not end.value.same_for_all


def test_a_finished_run_says_that_nothing_is_left_to_do(
    script, data, tmp_path, monkeypatch, capsys
):
    common = "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", 1
    in_this_process(script, monkeypatch, *common)
    capsys.readouterr()
    in_this_process(script, monkeypatch, *common, "--resume")
    assert re.fullmatch(
        r"nothing is left to do: .*run\.pt holds 1 epochs already, and --epochs is 1\n",
        capsys.readouterr().out,
    )


def test_only_an_error_of_what_processes_do_together_blames_another_process(
    script, data, tmp_path, monkeypatch
):
    def fails(error):
        def raise_it(*_):
            raise error

        return raise_it

    monkeypatch.setattr(
        sys,
        "argv",
        ["train_parallel.py", "--data", str(data), "--checkpoint", str(tmp_path / "run.pt")],
    )
    monkeypatch.setattr(script.signal, "signal", lambda *_: None)
    arguments = script.parse_arguments()
    monkeypatch.setattr(
        script, "train_step", fails(RuntimeError("expected m1 and m2 to have the same dtype"))
    )
    with pytest.raises(RuntimeError, match="same dtype") as error:
        script.train(arguments, 0, 2, torch.device("cpu"))
    assert error.value.__notes__ == ["process 0 of 2 could not finish step 0"]
    monkeypatch.setattr(script, "train_step", fails(script.dist.DistBackendError("NCCL error")))
    with pytest.raises(
        SystemExit, match=r"step 0 \(NCCL error\), most likely because another process died"
    ):
        script.train(arguments, 0, 2, torch.device("cpu"))
    # There is no other process.
    with pytest.raises(script.dist.DistBackendError, match="NCCL error"):
        script.train(arguments, 0, 1, torch.device("cpu"))


def test_an_error_in_backward_is_another_process_only_where_there_is_one(script):
    class Breaks(torch.autograd.Function):
        @staticmethod
        def forward(context, X):
            return X.clone()

        @staticmethod
        def backward(context, gradient):
            raise error

    model = script.SoftmaxRegression(np.zeros((10, 4)), np.zeros(10))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    X, y = torch.ones(2, 4, dtype=torch.float64), torch.tensor([1, 2])
    error = RuntimeError("[/gloo/pair.cc:1] Connection closed by peer. Advice")
    for processes, kind, said in (
        (1, RuntimeError, "pair.cc"),
        (2, script.NoAnswer, "^Connection closed by peer$"),
    ):
        with pytest.raises(RuntimeError, match=said) as raised:
            script.train_step(lambda X: Breaks.apply(model(X)), optimizer, X, y, 2, processes, 1)
        assert type(raised.value) is kind
    error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError):
        script.train_step(lambda X: Breaks.apply(model(X)), optimizer, X, y, 2, 2, 1)


def test_a_message_is_written_in_one_piece(script, monkeypatch):
    """Two writes of two processes can run together on one line."""
    written = []
    monkeypatch.setattr(
        sys,
        "stderr",
        type(
            "Terminal", (), {"write": lambda _, text: written.append(text), "flush": lambda _: None}
        )(),
    )
    script.say("process 0 of 2: it ended")
    assert written == ["process 0 of 2: it ended\n"]
    assert "print(end" not in SCRIPT.read_text(encoding="utf-8")


def bad_data():
    X, y = np.linspace(-1, 1, 60).reshape(20, 3), np.arange(20) % 10
    hole = X.copy()
    hole[3, 1] = np.nan
    good = {"X": X, "y": y}
    return {
        "no y_validation": (good | {"X_validation": X}, "it has no y_validation"),
        "other columns": (
            good | {"X_validation": X[:, 1:], "y_validation": y},
            "X has 3 columns and X_validation has 2",
        ),
        "a hole in X_validation": (
            good | {"X_validation": hole, "y_validation": y},
            "X_validation holds a number that is not finite",
        ),
        "no X": ({"y": y}, "it has no X"),
        "no y": ({"X": X}, "it has no y"),
        "y too short": ({"X": X, "y": y[:-1]}, "X has 20 rows and y has 19 labels"),
        "X of one dimension": ({"X": X[:, 0], "y": y}, r"X has the shape \(20,\)"),
        "y of two dimensions": ({"X": X, "y": y[:, None]}, r"y has the shape \(20, 1\)"),
        "a label of 10": ({"X": X, "y": y + 1}, "y holds 10"),
        "a label below 0": ({"X": X, "y": y - 1}, "y holds -1"),
        "half a label": ({"X": X, "y": y / 2}, "y holds 0.5"),
        "a label nan": ({"X": X, "y": y * np.nan}, "y holds nan"),
        "empty": ({"X": X[:0], "y": y[:0]}, r"X is empty, shape \(0, 3\)"),
        "no pixels": ({"X": X[:, :0], "y": y}, r"X is empty, shape \(20, 0\)"),
        "nan": ({"X": hole, "y": y}, "X holds a number that is not finite"),
        "inf": (
            {"X": np.where(hole < 0, np.inf, 0), "y": y},
            "X holds a number that is not finite",
        ),
        "texts": ({"X": X.astype(str), "y": y}, "X holds <U.*, not numbers"),
        "complex": ({"X": X + 1j, "y": y}, "X holds complex128, not numbers"),
        "objects": ({"X": X, "y": y.astype(object)}, r"it cannot be read \(Object arrays"),
    }


@pytest.mark.parametrize("what", bad_data())
def test_bad_data_are_refused_in_one_sentence_and_the_checkpoint_stays(
    script, what, tmp_path, monkeypatch
):
    arrays, said = bad_data()[what]
    np.savez(tmp_path / "data.npz", **arrays)
    (tmp_path / "run.pt").write_text("an earlier run")
    with pytest.raises(
        SystemExit,
        match=rf"process 0 of 1: --data .*data\.npz: {said}.* It should be an .npz file with X",
    ) as end:
        in_this_process(
            script,
            monkeypatch,
            "--data",
            tmp_path / "data.npz",
            "--checkpoint",
            tmp_path / "run.pt",
        )
    assert "\n" not in str(end.value) and (tmp_path / "run.pt").read_text() == "an earlier run"


def test_a_file_that_holds_no_data_is_refused(script, data, tmp_path, monkeypatch):
    np.save(tmp_path / "X.npy", np.zeros((3, 2)))
    (tmp_path / "text.npz").write_text("a poem")
    (tmp_path / "half.npz").write_bytes(data.read_bytes()[:5000])
    flipped = bytearray(data.read_bytes())
    flipped[5000] ^= 1
    (tmp_path / "flipped.npz").write_bytes(flipped)
    for name, said in (
        ("X.npy", "no .npz"),
        ("text.npz", "no .npz"),
        ("half.npz", "no .npz"),
        ("flipped.npz", "cannot be read .Bad CRC"),
        ("none.npz", "no such file"),
        (".", "no .npz"),
    ):
        with pytest.raises(SystemExit, match=f"process 0 of 1: --data .*{said}"):
            in_this_process(
                script, monkeypatch, "--data", tmp_path / name, "--checkpoint", tmp_path / "run.pt"
            )


def test_data_of_another_type_train_to_the_same_weights(script, data, tmp_path, monkeypatch):
    with np.load(data) as file:
        X, y = np.round(16 * file["X"]), file["y"]
    trained = {}
    for X_type, y_type in (
        (np.float64, np.int64),
        (np.float32, np.int32),
        (np.int16, np.float64),
        (">f8", np.uint8),
    ):
        np.savez(tmp_path / "data.npz", X=X.astype(X_type), y=y.astype(y_type))
        in_this_process(
            script,
            monkeypatch,
            "--data",
            tmp_path / "data.npz",
            "--checkpoint",
            tmp_path / "run.pt",
            "--epochs",
            1,
            "--max-norm",
            0.25,
        )
        trained[X_type, y_type] = weights(tmp_path / "run.pt")
    first, *others = trained.values()
    for other in others:
        assert all(np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--lrate", "nan"),
        ("--lrate", "inf"),
        ("--lrate", "0"),
        ("--lrate=-1",),
        ("--seed=-1",),
        ("--kill-at-step", "-3"),
        ("--momentum", "1"),
        ("--decay=-1",),
        ("--max-norm", "0"),
        ("--max-norm", "nan"),
        ("--halve-every=-1",),
        ("--patience=-1",),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(script, wrong, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train_parallel.py", *wrong])
    with pytest.raises(SystemExit) as end:
        script.parse_arguments()
    assert end.value.code == 2 and re.search(
        "--lrate must be a finite number above 0|--max-norm must be above 0"
        "|--decay must be a finite"
        "|--(seed|kill-at-step|momentum|halve-every|patience) must be at least 0",
        capsys.readouterr().err,
    )


@pytest.mark.parametrize("save_every", [1, 100])
def test_a_diverged_run_stops_and_keeps_its_last_good_checkpoint(
    script, data, tmp_path, save_every, monkeypatch, capsys
):
    with pytest.raises(
        SystemExit,
        match=r"process 0 of 1: the loss is no longer finite after step \d.* smaller --lrate",
    ):
        in_this_process(
            script,
            monkeypatch,
            "--data",
            data,
            "--checkpoint",
            tmp_path / "run.pt",
            "--lrate",
            1e308,
            "--save-every",
            save_every,
        )
    assert "nan" not in capsys.readouterr().out
    assert all(np.isfinite(array).all() for array in weights(tmp_path / "run.pt").values())


def test_a_loss_that_overflows_stops_the_run_although_the_weights_are_finite(
    script, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(script, "train_step", lambda *_: torch.tensor(np.inf))
    with pytest.raises(SystemExit, match="the loss is no longer finite after step 5"):
        in_this_process(script, monkeypatch, "--data", data, "--checkpoint", tmp_path / "run.pt")
    assert script.load_checkpoint(tmp_path / "run.pt")["progress"]["epoch"] == 0


def test_a_checkpoint_with_a_part_missing_or_misshaped_is_refused_by_name(
    script, data, tmp_path, monkeypatch
):
    path = tmp_path / "run.pt"
    common = "--data", data, "--checkpoint", path, "--epochs", 1
    in_this_process(script, monkeypatch, *common)
    good = script.load_checkpoint(path)
    resume = partial(in_this_process, script, monkeypatch, *common[:-1], 2, "--resume")
    for changed, said in (
        ({"settings": None}, "'settings' should be of type dict, not NoneType"),
        ({"settings": {}}, "'settings' lacks 'batch_size'"),
        ({"best": {}}, "'best' lacks 'weight'"),
        ({"model": {"weight": torch.zeros(10, 64)}}, "'model' lacks 'bias'"),
        (
            {"model": good["model"] | {"weight": torch.zeros(3, 64)}},
            r"'weight' has the shape \(3, 64\), not \(10, 64\)",
        ),
        ({"optimizer": good["optimizer"] | {"state": {}}}, "'optimizer': 'state' lacks 0"),
        ({"scheduler": []}, "'scheduler' should be of type dict, not list"),
        ({"progress": {}}, "'progress' lacks 'epoch'"),
        (
            {"progress": good["progress"] | {"epoch": "one"}},
            "'epoch' should be of type int, not str",
        ),
    ):
        script.save_checkpoint(path, good | changed)
        with pytest.raises(SystemExit, match=f"process 0 of 1: run.pt.*{said}"):
            resume()
    for name in ("settings", "model", "optimizer", "scheduler", "progress", "best"):
        script.save_checkpoint(path, {part: value for part, value in good.items() if part != name})
        with pytest.raises(SystemExit, match=f"process 0 of 1: run.pt lacks '{name}'"):
            resume()


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_script_and_notebooks_refuse_each_others_checkpoints_by_name(
    script, data, language, tmp_path, monkeypatch
):
    """Each saves other parts, and says so in its FORMAT."""
    notebook = resuming(language)
    path, run = tmp_path / "run.pt", partial(in_this_process, script, monkeypatch)
    run("--data", data, "--checkpoint", path, "--epochs", 1)
    with pytest.raises(ValueError, match=f"^run.pt is none of the format '{notebook.FORMAT}'$"):
        notebook.load(path)
    notebook.save_run(path, notebook.fresh())
    said = {
        "NumPy": "damaged or no checkpoint",
        "PyTorch": f"a PyTorch file, but none of the format '{script.FORMAT}'",
    }
    with pytest.raises(SystemExit, match=f"^process 0 of 1: run.pt is {said[language]}"):
        run("--data", data, "--checkpoint", path, "--resume")
    assert len({script.FORMAT, *(resuming(each).FORMAT for each in NOTEBOOKS)}) == 3


def damaged_files(path):
    """Write three files that are no checkpoint, made from the good one at ``path``."""
    good = path.read_bytes()
    middle = len(good) // 3
    flipped = good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]
    (path.parent / "half").write_bytes(good[: len(good) // 2])
    (path.parent / "flipped").write_bytes(flipped)
    torch.save({"a": print}, path.parent / "code")
    return "half", "flipped", "code"


def test_what_reads_a_checkpoint_refuses_the_same_files_in_script_and_notebook(
    script, tmp_path, monkeypatch
):
    """Their load_checkpoint, and what surrounds it, is not the same code. The notebook builds it
    from pieces that a learner reads one by one (a file by write_whole, which its NumPy twin shares;
    parts that are arrays, numbers and texts). The script writes into the file as it goes, because
    a large model does not fit into memory twice, and its check_parts looks into lists, too.
    """
    notebook = resuming("PyTorch")
    notebook.save_run(tmp_path / "run", notebook.fresh())
    for name in damaged_files(tmp_path / "run"):
        for read in (script.load_checkpoint, notebook.load_checkpoint):
            with pytest.raises(ValueError, match=f"^{name} is damaged"):
                read(tmp_path / name)
    for check in (script.check_parts, notebook.check_parts):
        check("run", {"a": 1, "b": [1]}, {"a": 1.0})
        for found, said in (
            ({"a": "1"}, "'a' should be a|'a' should be of type float"),
            ({}, "lacks 'a'"),
        ):
            with pytest.raises(ValueError, match=f"^run.* ?{said}"):
                check("run", found, {"a": 1.0})
        with pytest.raises(ValueError, match=r"has the shape \(3,\), not \(4,\)"):
            check("run", {"a": torch.zeros(3)}, {"a": torch.zeros(4)})


def test_help_and_wrong_arguments_answer_before_torch_is_loaded(tmp_path):
    for arguments, expected in (
        (["--help"], "torchrun --standalone"),
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--resume", "--checkpoint", str(tmp_path / "none.pt")], "there is no checkpoint"),
        (["--checkpoint", str(tmp_path)], f"--checkpoint {tmp_path} is a folder: name a file"),
    ):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", SCRIPT, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=ENVIRONMENT,
        )
        assert expected in done.stdout + done.stderr
        assert done.returncode == (0 if "--help" in arguments else 2)
        assert not any(line.endswith("| torch") for line in done.stderr.splitlines())
        assert not list(tmp_path.parent.glob("*.partial"))


def test_notebooks_and_script_share_the_very_same_functions():
    """What stands in more than one of the three files is the same code, or this says which one
    drifted.
    """

    def found(sources, names):
        nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
        for (
            node
        ) in nodes:  # a notebook's lines are shorter than a script's: texts may break elsewhere
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = " ".join(node.value.split())
        defined = {
            node.name: ast.dump(node)
            for node in nodes
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }
        return {name: defined[name] for name in names}

    in_script = [SCRIPT.read_text(encoding="utf-8")]
    in_torch = code_cells(HOME / "Round4" / "Round4_Training-PyTorch.ipynb")
    in_numpy = code_cells(HOME / "Round4" / "Round4_Training.ipynb")
    shared = ["split_digits", "SoftmaxRegression", "waited"]
    assert found(in_script, shared) == found(in_torch, shared)
    assert found(in_script, ["split_digits", "waited"]) == found(
        in_numpy, ["split_digits", "waited"]
    )
