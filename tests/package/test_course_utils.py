"""The helper package: what it loads, what it refuses, and how fast it imports."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import course_utils
from course_utils import (
    batches,
    check_arrays,
    data,
    devices,
    find,
    load_digits,
    load_penguins,
    load_regression,
    make_loader,
    pick_device,
    style,
)


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


# --- the package itself ---------------------------------------------------------------------------


def test_importing_loads_neither_torch_nor_matplotlib():
    loaded = run_python(
        "import sys; import course_utils; print('torch' in sys.modules, 'matplotlib' in"
        " sys.modules)"
    )
    assert loaded.split() == ["False", "False"]


@pytest.mark.part("times")
def test_importing_is_fast():
    code = (
        "import time; start = time.perf_counter(); import course_utils; print(time.perf_counter() -"
        " start)"
    )
    assert min(float(run_python(code)) for _ in range(3)) < 0.050


def test_what_a_numpy_notebook_imports_does_not_load_torch():
    code = (
        "import sys; from course_utils import Twin, load_penguins, load_regression, load_digits,"
        " show, use_style, check_arrays;use_style(); load_penguins(); load_regression();"
        " load_digits(); Twin('x'); print('torch' in sys.modules)"
    )
    assert run_python(code).strip() == "False"


def test_every_exported_name_exists_and_an_unknown_one_lists_them():
    for name in course_utils.__all__:
        assert getattr(course_utils, name).__doc__ or name.isupper()
    with pytest.raises(AttributeError, match="load_penguins"):
        _ = course_utils.load_pinguins


# --- data -----------------------------------------------------------------------------------------


def test_penguins_are_the_published_table():
    X, y = load_penguins()
    assert X.shape == (342, 1) and y.shape == (342,) and X.dtype == y.dtype == np.float64
    assert (X.min(), X.max(), y.min(), y.max()) == (172, 231, 2700, 6300)
    # The slope and intercept that are published for these two columns: about 49.7 g per mm and
    # -5781 g.
    slope, intercept = np.polyfit(X[:, 0], y, 1)
    assert slope == pytest.approx(49.69, abs=0.01) and intercept == pytest.approx(-5780.8, abs=0.1)
    X, y = load_penguins(["bill_length_mm", "bill_depth_mm", "flipper_length_mm"])
    assert X.shape == (342, 3) and np.isfinite(X).all()


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """A copy of Dataset/ that a test may damage."""
    path = tmp_path / data.PENGUINS
    path.parent.mkdir()
    path.write_bytes(find(data.PENGUINS).read_bytes())
    monkeypatch.setattr("course_utils.resources.HOME", tmp_path)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize("damage", ["missing", "truncated", "altered", "empty"])
def test_a_damaged_file_is_named_with_how_to_restore_it(dataset, damage):
    content = dataset.read_bytes()
    if damage == "missing":
        dataset.unlink()
    else:
        changed = {
            "truncated": content[:5000],
            "altered": content.replace(b"39.1", b"93.1", 1),
            "empty": b"",
        }[damage]
        dataset.write_bytes(changed)
    with pytest.raises(
        (FileNotFoundError, ValueError), match="penguins.csv.*git restore Dataset/penguins.csv"
    ) as error:
        load_penguins()
    assert damage == "missing" or "expected 344 rows" in str(error.value)


def test_windows_line_ends_are_the_same_data(dataset):
    dataset.write_bytes(dataset.read_bytes().replace(b"\n", b"\r\n"))
    assert load_penguins()[0].shape == (342, 1)


def test_an_unknown_column_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="'species'.*bill_length_mm"):
        load_penguins(["species"])
    with pytest.raises(ValueError, match="choose from"):
        load_penguins([])


@pytest.mark.parametrize("n", [1, 4])
def test_regression_data_is_sklearns_standardised(n):
    from sklearn.datasets import make_regression

    X, y = load_regression(n)
    raw_X, raw_y = make_regression(n_samples=100, n_features=n, noise=20, random_state=42)
    assert X.shape == (100, n) and y.shape == (100,)
    np.testing.assert_allclose(X * raw_X.std(axis=0) + raw_X.mean(axis=0), raw_X, atol=1e-12)
    np.testing.assert_allclose([*X.mean(axis=0), y.mean()], 0, atol=1e-14)
    np.testing.assert_allclose([*X.std(axis=0), y.std()], 1)
    np.testing.assert_allclose(np.corrcoef(y, raw_y)[0, 1], 1)


def test_digits():
    X, y = load_digits()
    assert (
        X.shape == (1797, 64)
        and X.min() == 0
        and X.max() == 1
        and set(y) == set(range(10))
        and y.dtype == np.int64
    )


def test_check_arrays_flattens_columns_and_keeps_float64():
    X, y, weight = check_arrays(
        [[1, 2], [3, 4], [5, 6]], [[1], [2], [3]], np.ones((2, 1), dtype=np.float32)
    )
    assert X.shape == (3, 2) and y.shape == (3,) and weight.shape == (2,)
    assert X.dtype == y.dtype == weight.dtype == np.float64


@pytest.mark.parametrize(
    ("X", "y", "weight", "words"),
    [
        (np.ones((3, 2)), np.ones(4), np.ones(2), r"X \(3, 2\), y \(4,\), weight \(2,\)"),
        (np.ones((3, 2)), np.ones(3), np.ones(3), r"weight \(3,\); expected"),
        (np.ones(3), np.ones(3), np.ones(1), r"X \(3,\).*expected X \(m, n\)"),
        (np.ones((3, 1)), np.ones((1, 3)), np.ones(1), r"y \(1, 3\)"),
        (np.ones((0, 2)), np.ones(0), np.ones(2), r"nothing to learn from: X \(0, 2\)"),
        (np.array([[np.nan]]), np.ones(1), np.ones(1), r"X holds NaN"),
        (np.ones((1, 1)), np.array([np.inf]), np.ones(1), r"y holds NaN or infinite"),
        (np.ones((1, 1)), np.ones(1), np.array([np.nan]), r"weight holds NaN"),
    ],
)
def test_check_arrays_names_the_shapes(X, y, weight, words):
    with pytest.raises(ValueError, match=words):
        check_arrays(X, y, weight)


# --- devices: no accelerator is needed to test the rules; the availability checks are substituted -


def pretend_accelerator(monkeypatch, kind):
    """Let torch say that it has one accelerator of this kind (None: none)."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: kind is not None)
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda: kind and torch.device(kind)
    )
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: int(kind is not None))
    monkeypatch.delenv("COURSE_DEVICE", raising=False)


def test_without_an_accelerator_it_is_the_cpu(monkeypatch, capsys):
    pretend_accelerator(monkeypatch, None)
    assert pick_device() == torch.device("cpu")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_an_accelerator_is_chosen(monkeypatch, kind):
    pretend_accelerator(monkeypatch, kind)
    monkeypatch.setattr(devices, "_try_float64", lambda device: None)
    assert pick_device() == torch.device(kind)


def test_an_accelerator_without_float64_falls_back_and_says_why_in_one_line(monkeypatch, capsys):
    pretend_accelerator(monkeypatch, "mps")

    def no_float64(device):
        if device.type == "mps":
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype\nas the MPS framework doesn't support"
                " float64"
            )

    monkeypatch.setattr(devices, "_try_float64", no_float64)
    assert pick_device() == torch.device("cpu")
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "mps cannot hold float64" in out and "Cannot convert" in out


def test_course_device_overrides(monkeypatch):
    pretend_accelerator(monkeypatch, "cuda")
    monkeypatch.setattr(devices, "_try_float64", lambda device: None)
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert pick_device() == torch.device("cpu")
    monkeypatch.setenv("COURSE_DEVICE", "cuda:0")
    assert pick_device() == torch.device("cuda:0")


@pytest.mark.parametrize(
    "wanted, words", [("gpu", "not a device"), ("cuda", "only a CPU"), ("cuda:7", "only a CPU")]
)
def test_a_course_device_that_is_not_there(monkeypatch, wanted, words):
    pretend_accelerator(monkeypatch, None)
    monkeypatch.setenv("COURSE_DEVICE", wanted)
    with pytest.raises(ValueError, match=f"COURSE_DEVICE='{wanted}'.*{words}.*Set it to cpu"):
        pick_device()


def test_a_course_device_number_that_is_not_there(monkeypatch):
    pretend_accelerator(monkeypatch, "cuda")
    monkeypatch.setenv("COURSE_DEVICE", "cuda:1")
    with pytest.raises(ValueError, match="1 device"):
        pick_device()


@pytest.mark.parametrize(
    "accelerator, where, pinned",
    [
        (None, "cpu", False),
        ("cuda", "cpu", True),
        ("xpu", "cpu", True),
        ("mps", "cpu", False),
        ("cuda", "meta", False),
    ],
)
def test_pinning_exactly_when_an_accelerator_can_use_it_and_the_tensor_is_on_the_cpu(
    monkeypatch, accelerator, where, pinned
):
    pretend_accelerator(monkeypatch, accelerator)
    assert devices.can_pin(torch.ones(2), torch.ones(2, device=where)) is pinned
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert not devices.can_pin(torch.ones(2), torch.ones(2))


# --- batches --------------------------------------------------------------------------------------


def numpy_batches(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


@pytest.mark.parametrize("batch_size", [1, 7, 25, 100, 1000])
def test_the_loader_visits_the_numpy_twins_batches_in_its_order(batch_size):
    X, y = load_regression(4)
    loader = make_loader(X, y, batch_size, rng=np.random.default_rng(3))
    twin = np.random.default_rng(3)
    for _epoch in range(3):
        expected = list(numpy_batches(X, y, batch_size, twin))
        got = list(loader)
        assert len(got) == len(expected) == len(loader)
        for (Xb, yb), (X_numpy, y_numpy) in zip(got, expected):
            assert Xb.dtype == torch.float64 and Xb.device.type == "cpu"
            np.testing.assert_array_equal(Xb.numpy(), X_numpy)
            np.testing.assert_array_equal(yb.numpy(), y_numpy)


def test_without_a_generator_the_rows_come_in_order_and_torchs_generator_is_untouched():
    X, y = load_regression(1)
    before = torch.get_rng_state()
    rows = torch.cat([Xb for Xb, _ in make_loader(X, y, 32)])
    np.testing.assert_array_equal(rows.numpy(), X)
    list(make_loader(X, y, 32, rng=np.random.default_rng(0)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("accelerator, pinned", [(None, False), ("cuda", True), ("mps", False)])
def test_the_loader_pins_by_the_rule(monkeypatch, accelerator, pinned):
    pretend_accelerator(monkeypatch, accelerator)
    assert make_loader(np.ones((4, 1)), np.ones(4), 2).pin_memory is pinned


@pytest.mark.parametrize("batch_size", [None, "4", True, 2.5, float("nan"), float("inf"), 0])
def test_a_bad_batch_size_is_named(batch_size):
    with pytest.raises(
        ValueError, match=f"batch_size must be a whole number of at least 1, not {batch_size!r}"
    ):
        make_loader(np.ones((4, 1)), np.ones(4), batch_size)


def test_reversed_and_read_only_arrays_are_taken_as_they_read(recwarn):
    X, y = np.arange(8.0).reshape(4, 2), np.arange(4.0)
    y.setflags(write=False)
    ((X_batch, y_batch),) = make_loader(X[::-1], y[::-1], 4)
    assert (
        X_batch.tolist() == X[::-1].tolist()
        and y_batch.tolist() == y[::-1].tolist()
        and not recwarn.list
    )
    assert all(
        torch.from_numpy(a).is_contiguous()
        for a in check_arrays(X[:, ::-1], y[::-1], np.zeros(4)[::-2])
    )


def test_tensors_on_a_device_are_answered_with_what_to_do_instead():
    X = torch.ones(4, 2, device="meta")
    with pytest.raises(ValueError, match=r"X lies on meta.*X\.cpu\(\).*non_blocking=True"):
        make_loader(X, torch.ones(4), 2)
    with pytest.raises(ValueError, match="y lies on meta"):
        make_loader(torch.ones(4, 2), torch.ones(4, device="meta"), 2)


@pytest.mark.parametrize(
    "X, y, size, rng, words",
    [
        (np.ones((3, 1)), np.ones(4), 2, None, r"X \(3, 1\) and y \(4,\)"),
        (np.ones((0, 1)), np.ones(0), 2, None, "no examples"),
        (np.ones((3, 1)), np.ones(3), 0, None, "not 0"),
        (np.ones((3, 1)), np.ones(3), 2.5, None, "not 2.5"),
        (np.ones((3, 1)), np.ones(3), 2, 42, "default_rng"),
    ],
)
def test_the_loader_refuses_what_makes_no_sense(X, y, size, rng, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make_loader(X, y, size, rng=rng)


@pytest.mark.part("times")
def test_the_loader_is_at_least_four_times_faster_than_the_default_one():
    X, y = torch.rand(60_000, 64), torch.rand(60_000)
    default = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, y), batch_size=256, shuffle=True
    )
    ours = make_loader(X, y, 256, rng=np.random.default_rng(0))

    def seconds(loader):
        start = time.perf_counter()
        for _ in loader:
            pass
        return time.perf_counter() - start

    # Alternating, and the best of each: what else the machine does then weighs on both alike.
    slow, fast = zip(*((seconds(default), seconds(ours)) for _ in range(4)))
    assert min(slow) / min(fast) > 4, f"only {min(slow) / min(fast):.1f} times faster"


# --- figures --------------------------------------------------------------------------------------


def contrast(a, b):
    """WCAG 2's contrast of two colours, 1 to 21."""

    def luminance(colour):
        channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_palette_is_told_apart_without_colour_vision():
    lines = ("blue", "red", "green", "orange", "purple", "black")
    colours = [style.PALETTE[name] for name in lines]
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in style.PALETTE.values())
    # Machado, Oliveira and Fernandes (2009): how a colour looks without red-sensitive and
    # green-sensitive cones.
    protan = np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    )
    deutan = np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    )
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for matrix in (np.eye(3), protan, deutan):
        seen = np.clip(linear @ matrix.T, 0, 1) ** (1 / 2.4)
        distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1) + np.eye(len(lines))
        assert distance.min() > 0.15


def test_lines_stand_out_from_white():
    assert all(
        contrast(style.PALETTE[name], "#FFFFFF") > 2.2
        for name in ("blue", "red", "green", "orange", "purple", "data")
    )


def test_rows_are_fetched_in_one_indexing_call(monkeypatch):
    asked = []

    class Watching(torch.utils.data.TensorDataset):
        def __getitem__(self, rows):
            asked.append(rows.tolist())
            return super().__getitem__(rows)

    monkeypatch.setattr(batches, "TensorDataset", Watching)
    list(make_loader(np.ones((10, 2)), np.ones(10), 4))
    assert asked == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
