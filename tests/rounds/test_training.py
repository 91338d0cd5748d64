"""Round 4's training loop, as it stands in the two notebooks: with and without its devices."""

import importlib.util
import sys
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from definitions import definitions
from torch.utils.data import DataLoader, Dataset, get_worker_info

from course_utils import load_digits
from course_utils.resources import HOME

NOTEBOOKS = {"NumPy": "Round4_Training", "PyTorch": "Round4_Training-PyTorch"}


@pytest.fixture(scope="module", params=NOTEBOOKS)
def notebook(request):
    """What one notebook defines, with a small part of the digits: four batches an epoch."""
    torch.set_num_threads(1)
    names = definitions(NOTEBOOKS[request.param], device=torch.device("cpu"))
    X, y = load_digits()
    names |= {"X_all": X, "y_all": y}
    train, validation, _ = names["split_digits"](X, y)
    parts = [(train[0][:230], train[1][:230]), validation]
    if request.param == "PyTorch":
        parts = [tuple(map(torch.from_numpy, part)) for part in parts]
    round4 = SimpleNamespace(**names, language=request.param, names=names, parts=parts)
    round4.run = lambda epochs=6, **devices: run(round4, epochs, **devices)
    return round4


def run(round4, epochs, **devices):
    """Return the model and the numbers of its epochs."""
    model = round4.new_model()
    return model, round4.fit(model, *round4.parts, epochs, **devices)


def weight_of(parameters):
    return np.asarray(parameters["weight"])


def parameters_of(model):
    return model.parameters if isinstance(model.parameters, dict) else model.state_dict()


def test_without_devices_it_is_the_bare_loop(notebook):
    bare = notebook.new_model()
    rng = np.random.default_rng(1)
    curve = notebook.train_bare(bare, *notebook.parts, 6, rng)
    model, history = notebook.run()
    names = ("loss/train", "loss/validation", "accuracy/validation")
    np.testing.assert_allclose([[row[name] for name in names] for row in history], curve)
    np.testing.assert_allclose(weight_of(parameters_of(model)), weight_of(parameters_of(bare)))


@pytest.mark.parametrize(
    "device", [{"decay": 0.01}, {"max_norm": 0.25}, {"halve_every": 2}, {"batch_size": 50}]
)
def test_each_device_is_the_formula_and_changes_the_run(notebook, device):
    """Beside a loop of its own, written straight from the formulas."""
    settings = {"decay": 0.0, "max_norm": np.inf, "halve_every": 10**9, "batch_size": 64} | device
    (X, y), _ = [tuple(map(np.asarray, part)) for part in notebook.parts]
    w = 0.01 * np.random.default_rng(1).standard_normal((10, 64))
    rng, bias, velocity = np.random.default_rng(1), np.zeros(10), [0.0, 0.0]
    for epoch in range(6):
        order = rng.permutation(len(y))
        for first in range(0, len(y), settings["batch_size"]):
            rows = order[first : first + settings["batch_size"]]
            scores = X[rows] @ w.T + bias
            p = np.exp(scores - scores.max(axis=1, keepdims=True))
            error = (p / p.sum(axis=1, keepdims=True) - np.eye(10)[y[rows]]) / len(rows)
            g, b = error.T @ X[rows], error.sum(axis=0)
            clip = min(1, settings["max_norm"] / (np.hypot(*map(np.linalg.norm, (g, b))) + 1e-6))
            velocity[0] = 0.9 * velocity[0] + clip * g + settings["decay"] * w
            velocity[1] = 0.9 * velocity[1] + clip * b
            rate = 0.5 * 0.5 ** (epoch // settings["halve_every"])
            w, bias = w - rate * velocity[0], bias - rate * velocity[1]
    model, history = notebook.run(**device)
    np.testing.assert_allclose(weight_of(parameters_of(model)), w, rtol=1e-9, atol=1e-12)
    assert history[-1]["rate"] == rate
    ratio = rate * np.linalg.norm(velocity[0]) / np.linalg.norm(w)
    assert history[-1]["update ratio/weight"] == pytest.approx(ratio, rel=1e-9)
    assert history[-1]["loss/train"] != notebook.run()[1][-1]["loss/train"]


def test_early_stopping_keeps_the_lowest_loss_and_waits_for_a_gain(notebook):
    """MIN_GAIN gates the patience, not what is kept."""
    model, history = notebook.run(60, lrate=2.0, patience=2)
    losses = [row["loss/validation"] for row in history]
    mark, waited, epochs = float("inf"), 0, 0
    while waited < 2:
        gained = losses[epochs] < mark - notebook.MIN_GAIN
        mark, waited = (losses[epochs], 0) if gained else (mark, waited + 1)
        epochs += 1
    assert len(losses) == epochs < 60
    kept = int(np.argmin(losses))
    again, _ = notebook.run(kept + 1, lrate=2.0)
    assert np.array_equal(weight_of(model.best), weight_of(parameters_of(again)))


@pytest.mark.parametrize("losses", [[3, 1, 2, 2, 2, 2, 0], [1, 0.9995, 0.9991, 0.9992, 0.9993]])
def test_early_stopping_read_off_a_curve(notebook, losses):
    assert notebook.stop(losses) == ((1, 6) if losses[0] == 3 else (2, 5))


def test_the_splits_of_the_comparison_begin_with_the_rounds_own(notebook):
    X, y = load_digits()
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
