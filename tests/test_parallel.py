"""Round 4's script under torchrun: the same weights from 1, 2 and 3 processes, and what happens when one dies."""

import ast
import os
import re
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import psutil
import pytest
import torch
from prove import ROOT, code_cells
from test_training import definitions

from course_utils import load_digits

SCRIPT = ROOT / "Round4" / "train_parallel.py"
ENVIRONMENT = os.environ | {"COURSE_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
EPOCHS = 6  # the learning rate is halved after the fifth


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
    """A file of 322 images: the last batch of 64 holds two, so that three processes get shards of 1, 1 and 0."""
    X, y = script.split_digits(*load_digits())[0]
    path = tmp_path_factory.mktemp("data") / "train.npz"
    np.savez(path, X=X[:322], y=y[:322])
    return path


def in_this_process(script, monkeypatch, *arguments):
    """Run the script's main() here, as one process without torchrun, and without the time that a new Python takes."""
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


def torchrun(processes, *arguments):
    """Run the script under torchrun; returns the finished process. Whatever it started is ended with it."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", SCRIPT]
    started = subprocess.Popen([*command, *map(str, arguments)], env=ENVIRONMENT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        output, errors = started.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        for process in [*psutil.Process(started.pid).children(recursive=True), started]:
            process.kill()
        raise
    return subprocess.CompletedProcess(started.args, started.returncode, output, errors)


def weights(path):
    return {name: tensor.numpy() for name, tensor in torch.load(path, weights_only=True)["model"].items()}


def assert_equal_weights(one, other):
    for name in one:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-10, atol=1e-12)


@pytest.fixture(scope="module")
def one_process(script, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "run.pt"
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(script, patch, "--data", data, "--checkpoint", path, "--epochs", EPOCHS)
    return weights(path)


def test_three_processes_end_with_the_weights_of_one(one_process, data, tmp_path):
    done = torchrun(3, "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", EPOCHS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch ") == EPOCHS  # process 0 alone prints
    assert_equal_weights(one_process, weights(tmp_path / "run.pt"))


def test_two_processes_of_which_one_dies_end_with_a_message_and_a_checkpoint_that_resumes_to_the_weights_of_one(
    one_process, script, data, tmp_path, monkeypatch
):
    """One start for both: two processes share 35 of the 36 steps, small last batches and the lower rate included."""
    path = tmp_path / "run.pt"
    common = "--data", data, "--checkpoint", path, "--epochs", EPOCHS
    done = torchrun(2, *common, "--save-every", 5, "--kill-at-step", 35)
    assert done.returncode != 0
    said = r"process 0 of 2 (could not finish step 35 \(.*\)|was ended), most likely because another process died.* --resume"
    assert re.search(said, done.stderr), done.stderr
    assert "SIGKILL" in done.stderr.split("Root Cause")[1]
    ours = done.stderr.split("torch.distributed.elastic.multiprocessing.errors")[0]  # torchrun's own report follows
    assert "Exception ignored" not in ours and "GLHF" not in ours and "train_parallel.py\", line" not in ours, ours
    state = script.load_checkpoint(path)
    assert (state["progress"]["epoch"], state["progress"]["batch"]) == (5, 5), "saved at the end of step 34"
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if str(path) in (p.info["cmdline"] or [])]
    assert not left, "processes were left behind"
    in_this_process(script, monkeypatch, *common, "--resume")
    assert_equal_weights(one_process, weights(path))


def test_a_process_that_dies_between_two_epochs_gives_the_same_message(script, data, tmp_path, monkeypatch):
    """Alone, as the first of two: the sum of the losses, after an epoch's last step, finds nobody to add up with."""

    def nobody_answers(total):
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(sys, "argv", ["train_parallel.py", "--data", str(data), "--checkpoint", str(tmp_path / "run.pt")])
    monkeypatch.setattr(script.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(script.dist, "all_reduce", nobody_answers)
    monkeypatch.setattr(script.nn.parallel, "DistributedDataParallel", lambda model, device_ids: model)
    with pytest.raises(SystemExit, match=r"process 0 of 2 could not finish step 5 \(Connection closed by peer\), .*--resume"):
        script.train(script.parse_arguments(), 0, 2, torch.device("cpu"))


def test_one_process_without_torchrun_is_the_notebooks_own_run(script, tmp_path, monkeypatch, capsys):
    in_this_process(script, monkeypatch, "--checkpoint", tmp_path / "run.pt")
    printed = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()]
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        notebook = definitions("NumPy")
    finally:
        sys.path.pop(0)
    train, validation, _ = notebook["split_digits"](*load_digits())
    run = notebook["fit"](notebook["new_run"](), train, validation, epochs=6)
    assert_equal_weights(run.model.parameters, weights(tmp_path / "run.pt"))
    np.testing.assert_allclose(printed, [row["loss/train"] for row in run.progress["history"]], atol=1e-6)


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
    assert saves == [divmod(step, 6) for step in range(1, 13)]  # after every step; an epoch's last is the next one's start
    for stop_after in range(1, 12):
        saves.clear()
        monkeypatch.setattr(script, "save_checkpoint", partial(save, stop_after=stop_after))
        with pytest.raises(KeyboardInterrupt):
            in_this_process(script, monkeypatch, *common)
        in_this_process(script, monkeypatch, *common, "--resume")
        for name in whole:
            assert np.array_equal(weights(path)[name], whole[name]), f"stopped after save {stop_after}"


def test_a_checkpoint_of_another_run_is_refused(script, data, tmp_path, monkeypatch):
    common = "--data", data, "--checkpoint", tmp_path / "run.pt", "--epochs", 1
    in_this_process(script, monkeypatch, *common)
    with pytest.raises(SystemExit, match="process 0 of 1: .*another run.*'batch_size': 64.*'batch_size': 32"):
        in_this_process(script, monkeypatch, *common, "--batch-size", 32, "--resume")


def test_help_and_wrong_arguments_answer_before_torch_is_loaded(tmp_path):
    for arguments, expected in (
        (["--help"], "torchrun --standalone"),
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--resume", "--checkpoint", str(tmp_path / "none.pt")], "there is no checkpoint"),
    ):
        done = subprocess.run([sys.executable, "-X", "importtime", SCRIPT, *arguments], capture_output=True, text=True,
                              timeout=60, env=ENVIRONMENT)
        assert expected in done.stdout + done.stderr
        assert done.returncode == (0 if "--help" in arguments else 2)
        assert not any(line.endswith("| torch") for line in done.stderr.splitlines())


def test_notebooks_and_script_share_the_very_same_functions():
    """What stands in more than one of the three files is the same code, or this says which one drifted."""

    def found(sources, names):
        nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
        defined = {node.name: ast.dump(node) for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        return {name: defined[name] for name in names}

    in_script = [SCRIPT.read_text(encoding="utf-8")]
    in_torch = code_cells(ROOT / "Round4" / "Round4_Training-PyTorch.ipynb")
    in_numpy = code_cells(ROOT / "Round4" / "Round4_Training.ipynb")
    shared = "split_digits", "SoftmaxRegression", "save_checkpoint", "load_checkpoint"
    assert found(in_script, shared) == found(in_torch, shared)
    assert found(in_script, ["split_digits"]) == found(in_numpy, ["split_digits"])
    formats = [line for source in (*in_script, *in_torch) for line in source.splitlines() if line.startswith("FORMAT =")]
    assert len(formats) == 2 and len(set(formats)) == 1
