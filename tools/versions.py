"""The notebooks under other versions than constraints.txt pins: the oldest and the newest promised.

``python tools/versions.py oldest`` (or ``newest``, or both) makes a throwaway environment from
constraints-oldest.txt, or from the newest packages that requirements.txt admits, and proves every
notebook in it. It needs the network. PyTorch is taken from its CPU index; where that does not
answer, the other old packages are proved with the PyTorch that is installed here, and a line says
so. ``--torch 2.6.0`` insists on that version, wherever pip finds it: several GB outside of the CPU
index.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from importlib import metadata
from pathlib import Path

from course_utils.contents import contents
from course_utils.resources import HOME

CPU_INDEX = "https://download.pytorch.org/whl/cpu/torch/"
WHICH = ("oldest", "newest")


def online():
    """True if pip can download a (small) package."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir"]
        pip += ["--retries", "0", "--timeout", "5", "-d", folder, "iniconfig"]
        return subprocess.run(pip, capture_output=True, check=False).returncode == 0


def prove_under(which, folder, torch=None):
    """Prove the notebooks under the ``which`` versions, in an environment under ``folder``.

    Returns sentences on what failed.
    """
    environment = folder / which
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = str(scripts / "python")
    constraints = folder / f"{which}.txt"
    sources, pins = choose(which, torch)
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for what in (
        ["-c", str(constraints), *sources, "-r", "requirements.txt"],
        ["--no-deps", "--no-build-isolation", "-e", "."],
    ):
        done = subprocess.run([*install, *what], cwd=HOME, capture_output=True, text=True)
        if done.returncode:
            print((done.stdout + done.stderr)[-2000:])
            return [f"the {which} packages could not be installed (see above)"]
    asked = "torch numpy matplotlib scikit-learn tensorboard jupyterlab ipykernel".split()
    told = f"from importlib.metadata import version as v; print(*[n + ' ' + v(n) for n in {asked}])"
    print(
        f"  {which}:", subprocess.check_output([python, "-c", told], text=True).strip(), flush=True
    )
    path = os.pathsep.join((str(scripts), os.environ["PATH"]))  # notebooks start programs by name
    names = [Path(name).name for name in contents().notebooks()]
    status = subprocess.run(
        [python, str(HOME / "tools" / "prove.py"), *names],
        cwd=HOME,
        env=os.environ | {"PATH": path, "JUPYTER_PREFER_ENV_PATH": "1"},
        check=False,
    ).returncode
    return [f"the notebooks do not hold under the {which} versions (see above)"] if status else []


def choose(which, torch):
    """Return (pip's arguments on where PyTorch comes from, the lines that constrain pip)."""
    pins = []
    if which == "oldest":
        text = (HOME / "constraints-oldest.txt").read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    if torch:
        return ["--find-links", CPU_INDEX], [*without(pins, {"torch"}), f"torch=={torch}"]
    try:
        urllib.request.urlopen(CPU_INDEX, timeout=5).close()
        return ["--find-links", CPU_INDEX], pins
    except OSError:
        here = metadata.version("torch").split("+")[0]
        print(f"  PyTorch's CPU index does not answer: {which} all but PyTorch, which is {here}.")
        own = {re.match(r"[\w.-]+", need)[0] for need in metadata.requires("torch") or ()}
        return [], [*without(pins, own | {"torch"}), f"torch=={here}"]


def without(pins, names):
    return [pin for pin in pins if pin.partition("==")[0] not in names]


def main():
    command = argparse.ArgumentParser(description="Prove the notebooks under other versions.")
    command.add_argument("which", nargs="?", choices=WHICH, help="default: both")
    command.add_argument("--torch", metavar="VERSION", help="insist on this PyTorch")
    options = command.parse_args()
    problems = []
    for which in [options.which] if options.which else WHICH:
        with tempfile.TemporaryDirectory(prefix="versions") as folder:
            problems += prove_under(which, Path(folder), options.torch)
    print("\n".join(f"NOT PROVED: {problem}" for problem in problems) or "All of that holds.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
