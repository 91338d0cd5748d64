"""How fast the labs answer: each of them, and ``interact`` + ``plt.show`` on the problem of the
first, in one JupyterLab, in one run.

    python benchmarks/lab_latency.py

For each first slider, 60 key presses: the time from the key event to the first frame with changed
pixels. For one with as many places, then a drag of 100 moves: the frames that showed something new,
a second. And for each lab the time
from Shift + Enter to the lab with all its positions. It needs Chromium or Chrome; a busy machine
spoils the figures.
"""

import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from course_utils.resources import HOME

sys.path[:0] = [str(HOME / "tests" / "support"), str(HOME / "tools")]
browser = importlib.import_module("browser")  # found through the line above
MAKERS = importlib.import_module("problems").MAKERS

PRESSES, MOVES = 60, 100

SET_UP = f"""
import sys
import matplotlib.pyplot as plt
import numpy as np
import torch  # here, or the time of the first lab that uses it would hold the import
from ipywidgets import FloatSlider, interact

sys.path.insert(0, {str(HOME / "tests" / "support")!r})
from problems import MAKERS, X, gradient_step, gradient_step_pytorch, y

best = np.linalg.lstsq(X, y)[0][0]
minimum = np.mean((X[:, 0] * best - y) ** 2)
weights = np.linspace(-0.5, 2.3, 121)
curve = [np.mean((X[:, 0] * w - y) ** 2) for w in weights]


def draw(lrate=0.15):
    weight, path, losses = np.zeros(1), [], []
    for _ in range(41):
        path.append(weight[0])
        weight, loss = gradient_step(X, y, weight, lrate)
        losses.append(loss)
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4))
    left.plot(weights, curve)
    left.plot(path, losses, "o-")
    left.set(xlim=(-0.5, 2.3), ylim=(0, 2), xlabel="weight", ylabel="loss")
    middle.semilogy(np.maximum(np.array(losses) - minimum, 1e-12), "o-")
    middle.set(xlabel="step", ylabel="loss - minimum")
    right.plot([0, 0.5, 1.2], [1, 0, 1.4])
    right.plot([lrate], [abs(1 - 2 * lrate)], "o")
    right.set(xlabel="learning rate", ylabel="what a step leaves")
    plt.show()
"""

THEIRS, OURS = "interact + plt.show", "one weight"  # the two on the same problem

CELLS = {
    THEIRS: "interact(draw, lrate=FloatSlider(0.15, min=0.01, max=1.2, step=0.01)) and None",
    "one weight, autograd": "lab = MAKERS['one weight'](gradient_step_pytorch)",
} | {name: f"lab = MAKERS[{name!r}]()" for name in MAKERS}


def script(name):
    """Return the JavaScript function in js/NAME.js, which says what it does."""
    return (HOME / "benchmarks" / "js" / f"{name}.js").read_text(encoding="utf-8")


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, round(part * (len(values) - 1)))]


def notebook():
    """Return the notebook as JSON has it: the set-up, then a cell for each of CELLS."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate([SET_UP.strip(), *CELLS.values()])
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def measure(page):
    """Return ``{cell: {"ready": ms, "latencies": [ms, ...], "frames": a second}}``."""
    figures = {}
    page.evaluate(script("note_start"))
    run_cell(page, 0)
    page.wait_for_function(
        "() => document.querySelector('.jp-InputPrompt').textContent.includes('[1]')",
        timeout=120_000,
    )
    for number, name in enumerate(CELLS, start=1):
        output = run_cell(page, number).locator(".jp-Cell-outputArea")
        figures[name] = {"ready": output.evaluate(script("ready"))}
        page.wait_for_timeout(1500)
        slider = output.locator("input[type=range], .noUi-handle").first
        slider.scroll_into_view_if_needed()
        page.evaluate(script("recorder"), output.element_handle())
        figures[name] |= press(page, slider)
        if name == THEIRS or int(slider.get_attribute("max")) >= MOVES:
            figures[name] |= drag(page, slider, output)
    return figures


def run_cell(page, number):
    """Run the code cell of this number and return it."""
    cell = page.locator(".jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    return cell


def press(page, slider):
    """Press an arrow key PRESSES times, away from an end once it is reached, and return the
    milliseconds until each was to be seen.
    """
    slider.focus()
    before, changed, key = slider.get_attribute("aria-valuetext"), 0, "ArrowRight"
    for n in range(PRESSES):
        for end, inward in (("min", "ArrowRight"), ("max", "ArrowLeft")):
            if slider.evaluate(f"(node) => node.value && node.value === node.{end}"):
                key = inward
        page.keyboard.press(key)
        page.wait_for_function(f"() => recorder.latencies.length > {n}", timeout=10_000, polling=10)
        page.wait_for_timeout(150)  # each press for itself
        after = slider.get_attribute("aria-valuetext")
        changed += after != before
        before = after
    assert changed == PRESSES, f"only {changed} of {PRESSES} presses moved the slider"
    return {"latencies": page.evaluate("recorder.latencies")}


def drag(page, slider, output):
    """Drag the slider from its left end to its right end in MOVES moves, one each 60th of a second,
    as a hand does; return the frames that showed something new, a second and in all.
    """
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(1500)
    left, right, y = ends(output)
    page.mouse.move(left, y)
    page.mouse.down()
    page.wait_for_timeout(1000)
    page.evaluate("recorder.frames.length = 0")
    begin, started = page.evaluate("performance.now()"), time.monotonic()
    for move in range(1, MOVES + 1):
        time.sleep(max(0, started + move / 60 - time.monotonic()))
        page.mouse.move(left + (right - left) * move / MOVES, y)
    end = page.evaluate("performance.now()")
    page.wait_for_timeout(3000)  # what still comes in late counts, and so does the time it took
    page.mouse.up()
    frames = page.evaluate("recorder.frames")
    seconds = (max([end, *frames]) - begin) / 1000
    return {"frames": len(frames) / seconds, "shown": len(frames)}


def ends(output):
    """Return where a slider's handle is at its left and at its right end, and its height: x, x and
    y on the page.
    """
    track = output.locator("input[type=range], .noUi-base").first.bounding_box()
    handle = output.locator(".noUi-handle").first
    # A native thumb is round, at the left end.
    box = handle.bounding_box() if handle.count() else track | {"width": track["height"]}
    half = box["width"] / 2
    right = track["x"] + track["width"] - half
    return box["x"] + half, right, track["y"] + track["height"] / 2


def report(figures):
    """Print the figures, and return whether the lab reached its targets."""
    print(f"{PRESSES} key presses, from the key event to changed pixels; a drag of {MOVES} moves\n")
    print(f"{'':22s}{'median ms':>10s}{'p95 ms':>9s}{'frames/s':>10s}{'frames':>8s}")
    reached = True
    for name, figure in figures.items():
        median = statistics.median(figure["latencies"])
        slow = percentile(figure["latencies"], 0.95)
        row = f"{name:22s}{median:10.1f}{slow:9.1f}"
        if "frames" in figure:
            row += f"{figure['frames']:10.1f}{figure['shown']:8d}"
        print(row)
        if name != THEIRS:
            reached &= median <= 16 and slow <= 25 and figure.get("frames", 50) >= 50
    ours, theirs = figures[OURS], figures[THEIRS]
    ratio = statistics.median(theirs["latencies"]) / statistics.median(ours["latencies"])
    print(
        f"\nthe lab answers {ratio:.0f} times faster, and shows"
        f" {ours['frames'] / theirs['frames']:.0f} times the frames"
    )
    reached &= ratio >= 10
    print(
        "targets (each lab: median 16 ms, p95 25 ms, 50 frames a second; 10 times):"
        f" {'reached' if reached else 'MISSED'}\n"
    )
    print("from Shift + Enter to the lab with all its positions")
    for name, figure in figures.items():
        print(f"  {name:30s}{figure['ready'] / 1000:6.2f} s")
    return reached


def main():
    with tempfile.TemporaryDirectory() as folder, browser.open_browser() as chromium:
        folder = Path(folder)
        with browser.JupyterLab(folder) as server:
            (folder / "work" / "latency.ipynb").write_text(json.dumps(notebook()))
            page = chromium.new_page(viewport={"width": 1400, "height": 1000})
            server.open_notebook(page, "latency.ipynb")
            figures = measure(page)
    return 0 if report(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
