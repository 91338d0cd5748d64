"""The course's commands: ``python -m course_utils lab | edition | test | refresh``; each has
``--help``.
"""

import sys
from importlib import import_module

from course_utils.resources import HOME

USAGE = """Usage: python -m course_utils COMMAND [--help]

  lab       open your own copy of the course in JupyterLab; --course: the proved notebooks
  edition   make that copy, or bring it up to date; --list: what is done, and what is next
  test      prove the course: every notebook, every pair, every figure, every number in the prose
  refresh   run notebooks afresh and store what changed"""


def main(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; return the exit status."""
    command, *rest = arguments or ["--help"]
    if command in ("lab", "edition"):
        return getattr(import_module("course_utils.learner.commands"), command)(rest)
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
