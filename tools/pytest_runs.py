"""pytest started by the proof: what it does is told while it does it, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from kernels import can_fork, end_with_parent

from course_utils.resources import HOME

#: Two workers on two cores: one thread each.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Progress:
    """One line that counts: in place on a terminal, a line now and then in a log."""

    def __init__(self, every=15):
        self.start, self.every, self._said, self._last = time.monotonic(), every, 0.0, ""
        self.in_place = sys.stdout.isatty()

    def seconds(self):
        return time.monotonic() - self.start

    def count(self, text):
        line = f"  {text}, {self.seconds():.0f} s"
        if self.in_place:
            print(f"\r{line}\x1b[K", end="", flush=True)
        elif text != self._last and (self.seconds() - self._said >= self.every or not self._last):
            print(line, flush=True)
            self._said = self.seconds()
            self._last = text

    def done(self, text):
        print(
            ("\r\x1b[K" if self.in_place else "") + f"{text}   ({self.seconds():.0f} s)", flush=True
        )


def run_pytest(arguments, folder, environment, on_event, tick):
    """Run pytest with these arguments and ``notebook_run`` as a plugin; hand each event to
    ``on_event``. Returns (exit status, what it said).

    However this ends, Ctrl-C included, pytest, its workers and all that they started end with it.
    """
    events, output = folder / "events.jsonl", folder / "pytest.txt"
    events.touch()
    command = [
        sys.executable,
        str(Path(__file__).with_name("notebook_run.py")),
        *arguments,
        "-p",
        "no:cacheprovider",
    ]
    posix = {"start_new_session": True} if os.name == "posix" else {}
    if can_fork():
        parent = os.getpid()
        posix["preexec_fn"] = lambda: end_with_parent(parent)
    with output.open("w") as file, events.open(encoding="utf-8") as lines:
        process = subprocess.Popen(
            command,
            cwd=HOME,
            env=environment | {"COURSE_EVENTS": str(events)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            **posix,
        )
        try:
            rest = ""
            while True:
                ended = process.poll() is not None
                *whole, rest = (rest + lines.read()).split("\n")
                for line in whole:
                    on_event(json.loads(line))
                tick()
                if ended:
                    return process.returncode, output.read_text(encoding="utf-8", errors="replace")
                time.sleep(0.1)
        finally:
            if os.name == "posix":
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.kill()
            process.wait()


def run_environment(extra):
    """Return the environment of a run: one thread a worker, and nothing of the caller's that
    changes what a notebook computes.
    """
    left_out = {"PYTHONPATH", "COURSE_RECORD_DIR", "PYTEST_ADDOPTS", "COURSE_DEVICE"}
    return (
        {name: value for name, value in os.environ.items() if name not in left_out}
        | ONE_THREAD
        | extra
    )
