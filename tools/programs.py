"""The programs that parts of the long proof need, and where they lie on this machine."""

import os
import shutil
from pathlib import Path

PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    *(
        f"{os.environ.get(root, '')}/Google/Chrome/Application/chrome.exe"
        for root in ("PROGRAMFILES", "LOCALAPPDATA")
    ),
)


def find_browser():
    """Return the path of a Chromium or Chrome on this machine, or None."""
    from playwright.sync_api import sync_playwright

    named = (
        shutil.which(name)
        for name in (
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
            "chrome",
        )
    )
    installed = next((path for path in (*named, *PLACES) if path and Path(path).exists()), None)
    if installed:
        return installed
    with sync_playwright() as playwright:
        return next(
            (path for path in [playwright.chromium.executable_path] if Path(path).exists()), None
        )
