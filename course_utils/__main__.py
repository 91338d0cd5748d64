"""The course's commands: ``python -m course_utils test | refresh | lab``; each has ``--help``."""

import os
import subprocess
import sys
from importlib import import_module

from course_utils.resources import HOME

FIRST = "notebooks/Start_Here.ipynb"
USAGE = """Usage: python -m course_utils COMMAND [--help]

  lab       open the course in JupyterLab
  test      prove it: every notebook, every pair, every figure, every number in the prose
  refresh   run notebooks afresh and store what changed"""


def lab(arguments: list[str]) -> int:
    """Open the course in JupyterLab, at its first page; ``arguments`` are JupyterLab's own.

    Does not return on POSIX.
    """
    # In a container.
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    print("Opening JupyterLab in the browser. Ctrl-C in this window ends it.", flush=True)
    options = "--log-level=WARN --ip=127.0.0.1 --LabApp.default_url=/lab/tree/" + FIRST
    command = [sys.executable, "-m", "jupyterlab", *options.split(), *as_root, *arguments]
    command.insert(3, f"--ServerApp.root_dir={HOME}")  # its path may hold spaces
    if os.name == "posix":
        return os.execv(sys.executable, command)  # which does not return
    return subprocess.call(command)


def main(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; return the exit status."""
    command, *rest = arguments or ["--help"]
    if command == "lab":
        return lab(rest)
    if command in ("test", "refresh"):
        tools = HOME / "tools"
        if not tools.is_dir():
            needs = "needs the whole course: call it in a clone of its repository."
            print(f"python -m course_utils {command} {needs}", file=sys.stderr)
            return 2
        sys.path.insert(0, str(tools))
        return import_module({"test": "prove", "refresh": "refresh"}[command]).main(rest)
    print(USAGE, file=sys.stdout if command in ("-h", "--help") else sys.stderr)
    return 0 if command in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
