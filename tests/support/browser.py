"""A browser and a real JupyterLab for the tests and the benchmark: started here, on 127.0.0.1, and
ended here.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

from programs import find_browser

HOW_TO_RUN = (
    "no Chromium or Chrome found, so no slider was moved; to run these tests: python -m playwright"
    " install chromium, then python -m pytest tests --part browser"
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_browser():
    """Yield a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class JupyterLab:
    """A JupyterLab over ``folder/work``; its settings, its token and all that it writes are its
    own.
    """

    SETTINGS = {
        "apputils-extension/notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
            "doNotDisturbMode": True,
        },
        "docmanager-extension/plugin": {"autosave": False},
        # Or cells out of sight are not in the page.
        "notebook-extension/tracker": {"windowingMode": "none"},
    }

    def __init__(self, folder):
        self.folder = folder
        (folder / "work").mkdir(parents=True, exist_ok=True)
        for plugin, values in self.SETTINGS.items():
            path = folder / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url, self.runtime = f"http://127.0.0.1:{port}", self.folder / "runtime"
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        self.log = (self.folder / "log").open("w")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--allow-root",
                "--ip=127.0.0.1",
                f"--port={port}",
                "--ServerApp.port_retries=0",
                "--IdentityProvider.token=lab",
                f"--ServerApp.root_dir={self.folder / 'work'}",
            ],
            env=os.environ | {name: str(self.folder / path) for name, path in own.items()},
            stdout=self.log,
            stderr=self.log,
        )
        for _ in range(600):
            try:
                self.get("api/status")
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/{path}?token=lab", timeout=5) as answer:
            return json.load(answer)

    def add(self, notebook, path):
        """Copy a notebook to ``path`` (below work/) without its outputs: a number beside a cell
        then says that it ran here.
        """
        content = json.loads(notebook.read_text(encoding="utf-8"))
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        (self.folder / "work" / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "work" / path).write_text(json.dumps(content), encoding="utf-8")

    def open_notebook(self, page, path):
        """Open the notebook at ``path`` (below work/) and wait until its kernel takes orders."""
        page.goto(f"{self.url}/lab/tree/{path}?token=lab&reset")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        while not self.kernels(path):
            page.wait_for_timeout(50)

    def run_notebook(self, page, path):
        """Open the notebook at ``path`` (below work/), run all its cells, and return a client of
        its kernel.
        """
        self.open_notebook(page, path)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        ran = (
            "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every((prompt) =>"
            " /\\d/.test(prompt.textContent))"
        )
        page.wait_for_function(f"() => {ran}", timeout=180_000)
        return self.kernel(path)

    def kernels(self, path):
        return [
            session["kernel"]["id"]
            for session in self.get("api/sessions")
            if session["path"] == path
        ]

    def kernel(self, path):
        from jupyter_client import BlockingKernelClient

        client = BlockingKernelClient(
            connection_file=str(self.runtime / f"kernel-{self.kernels(path)[0]}.json")
        )
        client.load_connection_file()
        client.start_channels()
        return client


def ask(client, code):
    """Run ``code`` in the kernel and return what it prints.

    Raises RuntimeError with its traceback if it fails.
    """
    said = []

    def keep(message):
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=keep, store_history=False, timeout=60)
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return "".join(said)
