"""The runs that Round 4's two notebooks log, in a real TensorBoard, seen by a real browser: both
there, both equal.
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from resuming import NOTEBOOKS, resuming
from torch.utils.tensorboard import SummaryWriter

from course_utils import load_script
from course_utils.notebooks import code_cells
from course_utils.resources import HOME

TAGS = {
    "loss/train",
    "loss/validation",
    "accuracy/validation",
    "rate",
    "gradient norm",
    "update ratio/weight",
}
seen_in_a_browser = pytest.mark.part("browser")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The folder with two runs of eight epochs, trained and watched by the notebooks' own
    functions.
    """
    folder = tmp_path_factory.mktemp("board") / "runs"
    for language in NOTEBOOKS:
        round4 = resuming(language)
        with writer_of(language)(folder / language.lower()) as board:
            run = round4.fresh()
            round4.fit_digits(run, 8, round4.watch(board, run))
    return folder


def writer_of(language):
    return SummaryWriter if language == "PyTorch" else load_script("Round4/board.py").BoardWriter


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_the_notebook_logs_its_run_under_the_name_that_the_board_shows(language):
    cells = code_cells(HOME / "Round4" / f"{NOTEBOOKS[language]}.ipynb")
    (cell,) = (cell for cell in cells if "logs = Path" in cell)
    assert f'logs = Path("runs/{language.lower()}")' in cell
    writer = "SummaryWriter" if language == "PyTorch" else "charts.BoardWriter"
    assert any(f"with {writer}(logs) as board:" in cell for cell in cells)


@contextmanager
def served(logs):
    """Yield the address of a TensorBoard that was started by the one command that the notebooks
    name.
    """
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        logs,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--load_fast",
        "false",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        for line in process.stderr:
            if found := re.search(r"http://\S+?:\d+/", line):
                yield found.group()
                break
        else:
            pytest.fail("TensorBoard ended without an address")
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def board(logs):
    with served(logs) as address:
        yield address


@pytest.fixture(scope="module")
def page(chromium, board):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(
        f"{board}?darkMode=false&smoothing=0&tagFilter=loss|update#timeseries",
        wait_until="domcontentloaded",
    )
    return page


def fetched(page, path):
    """Return what the page itself gets from TensorBoard's server."""
    return page.evaluate("path => fetch(path).then(answer => answer.json())", path)


@seen_in_a_browser
def test_both_runs_are_there_with_every_chart(page):
    tags = fetched(page, "data/plugin/timeseries/tags")
    for run in ("numpy", "pytorch"):
        assert TAGS <= set(tags["scalars"]["runTagInfo"][run])
        assert "weight" in tags["histograms"]["runTagInfo"][run]
    for run in ("numpy", "pytorch"):
        page.locator("runs-table, runs-data-table").get_by_text(run, exact=True).first.wait_for(
            timeout=20000
        )


@seen_in_a_browser
def test_both_curves_are_equal_in_every_chart(page):
    for tag in sorted(TAGS):
        points = {
            run: np.array(
                fetched(
                    page, f"data/plugin/scalars/scalars?tag={tag.replace(' ', '%20')}&run={run}"
                )
            )
            for run in ("numpy", "pytorch")
        }
        steps, values = points["numpy"][:, 1], points["numpy"][:, 2]
        assert len(steps) > 5 and np.array_equal(steps, points["pytorch"][:, 1])
        # Float32.
        np.testing.assert_allclose(points["pytorch"][:, 2], values, rtol=2e-7, err_msg=tag)


@seen_in_a_browser
def test_the_chart_on_the_screen_shows_both_runs_with_the_same_values(page):
    chart = page.locator("card-view", has_text="loss/train").first
    chart.locator("tb-data-table-content-row").nth(1).wait_for(timeout=20000)
    rows = [row.inner_text().split() for row in chart.locator("tb-data-table-content-row").all()]
    # Without the last column, the time since the run began.
    by_run = {row[0]: row[1:-2] for row in rows}
    assert set(by_run) == {"numpy", "pytorch"}, rows
    assert by_run["numpy"] == by_run["pytorch"] and float(by_run["numpy"][0]) < 1, rows


@seen_in_a_browser
def test_a_run_that_is_going_on_is_seen_as_far_as_it_has_come(chromium, tmp_path):
    """With all digits, as in the notebooks: NumPy's run has ended, PyTorch's is in its tenth
    epoch.
    """
    with ExitStack() as stack:
        for language, epochs in (("NumPy", 25), ("PyTorch", 9)):
            round4 = resuming(language, images=1197)
            round4.names["HALVE_EVERY"] = 5
            # Not closed, as long as it runs.
            board = stack.enter_context(writer_of(language)(tmp_path / language.lower()))
            run = round4.fresh()
            round4.fit_digits(run, epochs, round4.watch(board, run))
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        address = stack.enter_context(served(tmp_path))
        page.goto(
            f"{address}?darkMode=false&smoothing=0&tagFilter=loss|weight$#timeseries",
            wait_until="domcontentloaded",
        )
        for run, epochs in (("numpy", 25), ("pytorch", 9)):
            points = fetched(page, f"data/plugin/scalars/scalars?tag=loss/train&run={run}")
            assert [step for _, step, _ in points] == list(range(1, epochs + 1))
        chart = page.locator("card-view", has_text="loss/train").first
        chart.locator("tb-data-table-content-row").nth(1).wait_for(timeout=20000)
        if where := os.environ.get("COURSE_SCREENSHOT"):  # refreshes the picture in the notebooks
            page.get_by_role("button", name="Settings").last.click()
            page.wait_for_timeout(2000)
            page.screenshot(path=where)
        page.close()


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_the_histograms_begin_with_the_weights_before_the_first_step(logs, language):
    charts, round4 = load_script("Round4/board.py"), resuming(language)
    found = charts.read_histograms(logs / language.lower(), "weight")
    assert found[:, 0].tolist() == list(range(9))
    run = round4.fresh()
    weight = np.asarray(run.best["weight"])
    np.testing.assert_allclose(found[0, 1:], [weight.min(), weight.max()])
    weight = np.asarray(round4.fit_digits(run, 8).best["weight"])
    np.testing.assert_allclose(found[8, 1:], [weight.min(), weight.max()])


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_each_epoch_is_there_to_be_read_as_soon_as_it_has_ended(tmp_path, language):
    charts, round4, found = load_script("Round4/board.py"), resuming(language), []
    with writer_of(language)(tmp_path / "run") as board:
        run = round4.fresh()
        note = round4.watch(board, run)

        def look(run):
            note(run)
            if run.batch == 0:
                found.append(len(charts.read_curve(tmp_path / "run", "rate")))

        round4.fit_digits(run, 4, look)
    assert found == [1, 2, 3, 4]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("language", NOTEBOOKS)
def test_what_cannot_be_drawn_is_left_out_and_the_rest_is_there(tmp_path, language):
    charts, round4 = load_script("Round4/board.py"), resuming(language)
    with writer_of(language)(tmp_path / "run") as board:
        run = round4.fresh()
        note = round4.watch(board, run)

        def diverge(run):
            if run.batch == 0 and len(run.history) > 1:
                run.history[-1]["loss/train"] = float("nan")
                weight = run.best["weight"] * (float("nan") if len(run.history) > 2 else 1e200)
                if language == "PyTorch":
                    run.model.weight.data = weight
                else:
                    run.model.parameters["weight"] = weight
            note(run)

        with np.errstate(all="ignore"):
            round4.fit_digits(run, 3, diverge)
    assert charts.read_histograms(tmp_path / "run", "weight")[:, 0].tolist() == [0, 1]
    for name in TAGS:
        assert len(charts.read_curve(tmp_path / "run", name)) == 3, name


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_a_resumed_run_is_drawn_once_and_whole(tmp_path, language, capfd):
    """What was drawn after the last save is forgotten, with ``purge_step``; the test would fail
    without it.
    """
    charts, round4 = load_script("Round4/board.py"), resuming(language)
    save = tmp_path / "checkpoint"
    whole = round4.losses_of(round4.fit_digits(round4.fresh(), 4))
    for purge, epochs in ((True, [1, 2, 3, 4]), (False, [1, 2, 3, 3, 4])):
        folder = tmp_path / str(purge)
        with writer_of(language)(folder) as board:
            run = round4.fresh()
            note = round4.watch(board, run)
            round4.save_run(save, round4.fit_digits(run, 2, note))
            round4.fit_digits(run, 3, note)
        run = round4.load(save)
        more = {"purge_step": len(run.history) + 1} if purge else {}
        with writer_of(language)(folder, **more) as board:
            round4.fit_digits(run, 4, round4.watch(board, run))
        found = charts.read_curve(folder, "loss/validation")
        assert sorted(np.float32(found)) == sorted(np.float32([whole[e - 1] for e in epochs]))
    assert capfd.readouterr().err == ""


def test_the_notebook_opens_the_same_board_inside_its_own_process(logs):
    """``start_board`` serves the runs and leaves no process behind."""
    code = (
        "import sys, time, urllib.request, json, psutil; sys.path.insert(0, sys.argv[1]); import"
        " board; "
        "address = board.start_board(sys.argv[2]); assert address =="
        " board.start_board(sys.argv[2]); "
        "runs = lambda: sorted(json.load(urllib.request.urlopen(address + 'data/runs'))); "
        # It reads the files in its own time.
        "[time.sleep(0.05) for _ in range(400) if len(runs()) < 2]; "
        "assert 'torch' not in sys.modules and not psutil.Process().children(recursive=True);"
        " print(*runs())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, HOME / "Round4", logs],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout.split(), done.stderr) == (["numpy", "pytorch"], "")


def test_board_started_as_a_script_shows_the_runs_until_it_is_interrupted(logs, tmp_path):
    """Its page opens in the browser: here in a program that writes down what it was to open."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, HOME / "Round4" / "board.py", logs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"BROWSER": str(browser)},
        # A proof that runs in a shell's background ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        line = process.stdout.readline()
        found = re.fullmatch(rf"TensorBoard on {logs}: (http://\S+:\d+/)   Ctrl-C ends it\n", line)
        assert found, line
        with urllib.request.urlopen(found[1] + "data/logdir") as answer:
            assert str(logs) in answer.read().decode()
        for _ in range(200):
            if opened.exists() and opened.read_text():
                break
            time.sleep(0.05)
        assert opened.read_text() == found[1] + "\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("\n", "") and process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_a_wrong_folder_or_tag_is_a_sentence(logs, tmp_path):
    board = load_script("Round4/board.py")
    nowhere = tmp_path / "nowhere"
    (tmp_path / "empty").mkdir()
    for show in (
        board.start_board,
        board.show_board,
        lambda where: board.read_curve(where, "rate"),
    ):
        with pytest.raises(ValueError, match=rf"^there is no folder {nowhere}: has the run been"):
            show(nowhere)
        with pytest.raises(ValueError, match="/empty holds no run that TensorBoard can read$"):
            show(tmp_path / "empty")
    with pytest.raises(
        ValueError, match="numpy has no curve 'loss/tran'. Its curves: .*loss/train"
    ):
        board.read_curve(logs / "numpy", "loss/tran")
    with pytest.raises(ValueError, match="numpy has no histogram 'bias'. Its histograms: weight$"):
        board.read_histograms(logs / "numpy", "bias")
    with pytest.raises(ValueError, match="Its curves: none; name the folder of one run$"):
        board.read_curve(logs, "loss/train")
    done = subprocess.run(
        [sys.executable, HOME / "Round4" / "board.py", nowhere],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and not done.stdout
    assert re.fullmatch(r"board.py: there is no folder .*\n", done.stderr)


def test_the_line_for_the_terminal_names_the_folder_that_is_shown(tmp_path, monkeypatch):
    import IPython.display

    board, shown = load_script("Round4/board.py"), []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    monkeypatch.setattr(board, "start_board", lambda folder: "http://127.0.0.1:9/")
    monkeypatch.chdir(HOME / "Round4")
    for folder, named in (
        ("runs", "Round4/runs"),
        ("../Round4/other", "Round4/other"),
        (tmp_path / "my runs", f"&#x27;{tmp_path}/my runs&#x27;"),
    ):
        board.show_board(folder)
        assert f"<code>tensorboard --logdir {named}</code>" in shown[-1].data


@seen_in_a_browser
def test_the_cell_that_opens_the_board_shows_it_in_the_page_and_without_a_kernel_says_how(
    page, board, logs, monkeypatch
):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    monkeypatch.syspath_prepend(str(HOME / "Round4"))
    import board as round4

    monkeypatch.setattr(round4, "start_board", lambda folder: board)  # the one that runs already
    notebook = page.context.browser.new_page()
    try:
        notebook.goto(f"{board}data/logdir")  # a page of this machine, as JupyterLab's is
        round4.show_board(logs)
        notebook.set_content(shown[0].data)
        inside = notebook.frame_locator("iframe[title=TensorBoard]")
        for run in ("numpy", "pytorch"):
            inside.locator("runs-table, runs-data-table").get_by_text(
                run, exact=True
            ).first.wait_for(timeout=20000)
        # Nobody answers there.
        monkeypatch.setattr(round4, "start_board", lambda folder: "http://127.0.0.1:9/")
        round4.show_board(logs)
        notebook.set_content(shown[1].data)
        notebook.wait_for_timeout(500)
        assert (
            not notebook.locator("iframe").count()
            and "tensorboard --logdir" in notebook.locator("div").first.inner_text()
        )
    finally:
        notebook.close()
