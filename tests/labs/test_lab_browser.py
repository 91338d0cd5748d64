"""Every notebook's labs in a real JupyterLab: run, and every slider moved over its whole range, by
keys and by mouse.
"""

import json
import random
from pathlib import Path

import browser
import oracle
import pytest
from browser import ask
from driver import LabOnPage, try_everything, watch

from course_utils.resources import HOME

pytestmark = pytest.mark.part("browser")
NOTEBOOKS = oracle.notebooks(HOME)


@pytest.fixture(scope="module")
def jupyter(chromium, tmp_path_factory):
    """Yield (JupyterLab, a browser context whose pages share their cache)."""
    with browser.JupyterLab(tmp_path_factory.mktemp("jupyter")) as server:
        for path in NOTEBOOKS:
            server.add(path, path.relative_to(HOME))
        yield server, chromium.new_context(viewport={"width": 1280, "height": 900})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_sliders_of_every_notebook(jupyter, path):
    seed = random.randrange(10**6)
    server, context = jupyter
    page = context.new_page()
    messages = watch(page)
    kernel = server.run_notebook(page, path.relative_to(HOME).as_posix())
    try:
        ask(
            kernel,
            f"import sys; sys.path.insert(0, {str(Path(oracle.__file__).parent)!r}); import oracle",
        )
        summary = json.loads(ask(kernel, f"print(oracle.summary({seed}, 3))"))
        found = [oracle.Expected.from_json(data) for data in summary]
        roots = page.locator(".gbl-lab")
        assert found and roots.count() == len(found), (
            f"{path.name}: {roots.count()} labs are shown, {len(found)} were made"
        )
        labs = [LabOnPage(page, roots.nth(n), expected) for n, expected in enumerate(found)]
        for n, lab in enumerate(labs):
            lab.check_layout()
            try_everything(lab, seed)
            check_python(kernel, lab, n, seed)
        assert not messages, messages
        if path == NOTEBOOKS[0]:
            break_the_callback(kernel, labs[0], seed)
    finally:
        kernel.stop_channels()
        page.close()


def check_python(kernel, lab, n, seed):
    """The kernel knows what the slider chose, and moves the slider."""
    number = max(lab.expected.frames)
    lab.go(number)
    lab.check(number, seed)
    values = f"oracle.labs()[{n}].scale(0).values"
    for _ in range(50):
        known = ask(
            kernel,
            f"lab = oracle.labs()[{n}]; print(lab.position, getattr(lab, lab.sliders[0].key) =="
            f" {values}[lab.position[0]])",
        )
        if known.strip() == f"{lab.places()} True":
            break
        lab.page.wait_for_timeout(50)
    assert known.strip() == f"{lab.places()} True", (
        f"{lab.name}: Python says {known}, the sliders stand at {lab.places()}"
    )
    if lab.boxes:
        tick_in_python(kernel, lab, n, number, seed)
    ask(kernel, f"lab = oracle.labs()[{n}]; setattr(lab, lab.sliders[0].key, {values}[0])")
    lab.page.wait_for_function(
        "(node) => node.value === '0'", arg=lab.sliders[0].element_handle(), timeout=5000
    )
    lab.check_words()


def tick_in_python(kernel, lab, n, number, seed):
    """What a hand hides is known in Python, and what Python hides is hidden."""
    groups = list(lab.boxes)
    lab.boxes[groups[-1]].click()
    ticked = [group for group in groups if group not in lab.unticked ^ {groups[-1]}]
    for _ in range(50):
        known = ask(kernel, f"print(oracle.labs()[{n}].shown)").strip()
        if known == str(ticked):
            break
        lab.page.wait_for_timeout(50)
    assert known == str(ticked), f"{lab.name}: Python says {known}"
    for shown in (groups[1:], groups):
        ask(kernel, f"oracle.labs()[{n}].shown = {shown}")
        lab.hidden = set(groups) - set(shown)
        for group, box in lab.boxes.items():
            lab.page.wait_for_function(
                "([node, on]) => node.checked === on",
                arg=[box.element_handle(), group in shown],
                timeout=5000,
            )
        lab.check(number, seed)


def break_the_callback(kernel, lab, seed):
    """With a callback that raises, the same check must fail."""
    ask(
        kernel,
        "lab = oracle.labs()[0]; lab.unobserve(lab.read_values, 'position');"
        " lab.observe(lambda change: 1 / 0, 'position')",
    )
    with pytest.raises(AssertionError, match="Python says"):
        check_python(kernel, lab, 0, seed)
