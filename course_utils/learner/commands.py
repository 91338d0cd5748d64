"""``python -m course_utils edition`` and ``lab``: the learner's copy of the course, and JupyterLab
on it.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from course_utils.learner.edition import FIRST
from course_utils.learner.progress import in_words
from course_utils.learner.workspace import Changes, Refused, begin_anew, default_folder, update
from course_utils.resources import HOME

OPENING = "Opening JupyterLab in the browser. Ctrl-C in this window ends it."


def edition(arguments: list[str]) -> int:
    """Make or update a learner's copy; return the exit status."""
    options = _parser().parse_args(arguments)
    folder = options.folder or default_folder()
    try:
        if options.list:
            print(in_words(folder.expanduser().resolve()))
        elif options.again is not None:
            name, kept = begin_anew(folder, options.again)
            print(f"{name} is begun anew" + (f"; yours is kept as {kept}." if kept else "."))
        else:
            print(told(folder, update(folder)))
    except Refused as sentence:
        print(f"python -m course_utils edition: {sentence}", file=sys.stderr)
        return 2
    return 0


def lab(arguments: list[str]) -> int:
    """Open the learner's copy in JupyterLab, at its first page, or with ``--course`` the course;
    other ``arguments`` are JupyterLab's own. Does not return on POSIX.
    """
    options, others = _lab_parser().parse_known_args(arguments)
    folder = HOME
    if not options.course:
        try:
            folder = default_folder().expanduser().resolve()
            print(told(folder, update(folder)), flush=True)
        except Refused as sentence:
            print(f"python -m course_utils lab: {sentence}", file=sys.stderr)
            return 2
    # In a container.
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    print(OPENING, flush=True)
    own = "--log-level=WARN --ip=127.0.0.1 --LabApp.default_url=/lab/tree/" + FIRST
    command = [sys.executable, "-m", "jupyterlab", *own.split(), *as_root, *others]
    command.insert(3, f"--ServerApp.root_dir={folder}")  # its path may hold spaces
    if os.name == "posix":
        return os.execv(sys.executable, command)  # which does not return
    return subprocess.call(command)


def told(folder: Path, changes: Changes) -> str:
    """Return in words what an update did."""
    if changes.first:
        return f"Your own copy of the course lies in {folder}: {len(changes.made)} files."
    lines = [f"Your copy of the course, in {folder}, is up to date."]
    if changes.list_lost:
        lines.append(
            "  The list of what was handed out is gone or damaged: whatever differs from the"
            " course's was left as it is."
        )
    for word, names in (("new", changes.made), ("updated", changes.replaced)):
        if names:
            lines.append(f"  {word}: {', '.join(names)}")
    lines += [
        f"  {name}: you changed yours, and it stays; the course's new one is {beside}"
        for name, beside in changes.beside.items()
    ]
    return "\n".join(lines)


def _lab_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils lab",
        description=(
            "Make your own copy of the course, or bring it up to date, and open it in JupyterLab."
            " It lies in $COURSE_HOME, else in my_course. Other options are JupyterLab's own."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "--course", action="store_true", help="open the proved notebooks, to read or change them"
    )
    return parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils edition",
        description=(
            "Make your own copy of the course, with blanks to fill, or bring it up to date. What"
            " you wrote stays: a notebook that you changed is never written over."
        ),
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="where it lies; if not said, $COURSE_HOME, else my_course",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--again",
        metavar="NOTEBOOK",
        help="begin this notebook anew, such as Round1_Gradient; yours is kept beside it",
    )
    what.add_argument("--list", action="store_true", help="show what is done, and what is next")
    return parser
