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

import numpy as np
import pytest
import torch
from definitions import NOTEBOOKS, definitions_of_round

from course_utils import load_digits, load_script
from course_utils.notebooks import code_cells
from course_utils.resources import HOME

TAGS = {
    "loss/train",
    "loss/validation",
    "accuracy/validation",
    "rate",
    "gradient norm",
    "update ratio/weight",
    "update ratio/bias",
}
seen_in_a_browser = pytest.mark.part("browser")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The folder with two runs of eight epochs, trained and logged by the notebooks' own
    functions.
    """
    folder = tmp_path_factory.mktemp("board") / "runs"
    for language in NOTEBOOKS:
        names = definitions_of_round(language)
        parts = names["split_digits"](*load_digits())
        if language == "PyTorch":
            parts = [tuple(map(torch.from_numpy, part)) for part in parts]
        train, validation, test = parts
        run = names["fit"](names["new_run"](), train, validation, epochs=8)
        names["log_run"](folder / language.lower(), run, test[0][:5])
    return folder


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_the_notebook_logs_its_run_under_the_name_that_the_board_shows(language):
    (cell,) = (
        cell
        for cell in code_cells(HOME / "Round4" / f"{NOTEBOOKS[language]}.ipynb")
        if "log_run(logs, run" in cell
    )
    assert f'logs = Path("runs/{language.lower()}")' in cell


@pytest.fixture(scope="module")
def board(logs):
    """The address of a TensorBoard that was started by the one command that the notebooks name."""
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
        assert (
            "mistakes" in tags["images"]["tagRunSampledInfo"]
            and run in tags["images"]["tagRunSampledInfo"]["mistakes"]
        )
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
    if where := os.environ.get("COURSE_SCREENSHOT"):  # refreshes the picture in the notebooks
        page.get_by_role("button", name="Settings").last.click()
        page.wait_for_timeout(1000)
        page.screenshot(path=where)


@seen_in_a_browser
def test_the_graph_of_the_computation_is_there(board):
    for run, node in (("numpy", "CrossEntropy"), ("pytorch", "aten::matmul")):
        with urllib.request.urlopen(f"{board}data/plugin/graphs/graph?run={run}") as answer:
            assert node in answer.read().decode()


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
