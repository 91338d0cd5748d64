"""What the tests share, and which of them run: all but the long parts, or with ``--part NAME``
those of that part alone.
"""

import os

import drawing
import pytest
from prove import PARTS

# Notebooks and records of the tests' own never mix with a proof that is running.
os.environ.pop("COURSE_RECORD_DIR", None)


def pytest_addoption(parser):
    told = "; ".join(f"{name}: {what}" for name, (what, _) in PARTS.items())
    parser.addoption(
        "--part",
        action="append",
        default=[],
        choices=PARTS,
        metavar="NAME",
        help=(
            f"run only the tests of this part, which do not run otherwise; may be repeated. {told}"
        ),
    )


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "part(name): runs only under --part NAME, see tests/conftest.py"
    )
    drawing.FRESH = "drawn" in config.getoption("part")


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium; where there is none the test is skipped, but in CI it fails."""
    import browser
    import programs  # here, because it loads playwright

    if programs.find_browser() is None and not os.environ.get("CI"):
        pytest.skip(browser.HOW_TO_RUN)
    with browser.open_browser() as found:
        yield found


def pytest_collection_modifyitems(config, items):
    wanted = set(config.getoption("part"))
    chosen, left_out = [], []
    for item in items:
        parts = {mark.args[0] for mark in item.iter_markers("part")}
        if not parts <= PARTS.keys():
            told = f"{item.nodeid}: no such part: {parts - PARTS.keys()};"
            raise pytest.UsageError(f"{told} PARTS in tools/prove.py lists them")
        runs = parts & wanted if wanted else parts <= {"drawn"}
        (chosen if runs else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen
