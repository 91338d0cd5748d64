"""A learner's own copy of the course: made, completed and brought up to date, and nothing of the
learner's is ever lost.

* A file is written whole or not at all: beside its place, to the disk, then moved into it.
* ``.course.json`` in the folder says of each file what was handed out. A file that still says one
  of that is the course's, and is replaced when the course's changes; one that does not is the
  learner's, and the new one is put beside it. Where the list is gone or damaged, every file that
  differs from the course's is the learner's.
* The list is written before the files, with what is about to be handed out, and again after them:
  a run that was killed is completed by the next.
"""

import contextlib
import errno
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from course_utils.learner.edition import content, digest, files, find_notebook
from course_utils.resources import HOME

MANIFEST = ".course.json"
PART = ".course-"  # begins the name of a file that is being written
OWN_FOLDER = (
    "choose a folder of your own, as in python -m course_utils edition ~/my_course, or set"
    " COURSE_HOME to it"
)


class Refused(Exception):
    """A sentence on why nothing, or no more, was done, and what to do."""


def default_folder() -> Path:
    """Return where the learner's copy lies: ``$COURSE_HOME``; else my_course in the clone, or, if
    the course is installed, in the current folder.
    """
    if os.environ.get("COURSE_HOME"):
        return Path(os.environ["COURSE_HOME"]).expanduser()
    in_clone = (HOME / "course_utils").is_dir()
    return (HOME if in_clone else Path.cwd()) / "my_course"


@dataclass
class Changes:
    """What an update did. made: files that were not there. replaced: those that the learner had
    not touched. beside: {file: the course's new one, put beside the learner's}.
    """

    first: bool = False
    list_lost: bool = False
    made: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)


def update(folder: Path) -> Changes:
    """Make the learner's copy in ``folder``, complete it, or bring it up to date.

    Raises Refused where that cannot be.
    """
    root = _own_folder(folder)
    with _told(root):
        root.mkdir(parents=True, exist_ok=True)
        if not os.access(root, os.W_OK):
            raise PermissionError(errno.EACCES, "read-only")
        return _update(root)


def begin_anew(folder: Path, name: str) -> tuple[str, str]:
    """Hand out the notebook ``name`` anew, and keep the learner's beside it, numbered.

    Returns both files' names; the second is "" where there was nothing to keep. Raises Refused.
    """
    try:
        name = find_notebook(name)
    except ValueError as error:
        raise Refused(f"{error}.") from None
    root = _own_folder(folder)
    with _told(root):
        path, data, kept = _place(root, name), content(name), ""
        manifest = _Manifest(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.read_bytes() if path.exists() else None
        if old is not None and old != data:
            beside = _free(path, "mine")
            _put(beside, old, None)
            kept = beside.relative_to(root).as_posix()
        _put(path, data, old)
        manifest.about_to_hand_out(name, data)
        manifest.handed_out(name, data)
        manifest.write()
        return name, kept


def _update(root: Path) -> Changes:
    places = {name: _place(root, name) for name in files()}
    manifest, changes = _Manifest(root), Changes()
    there = [name for name, path in places.items() if path.exists()]
    changes.first = not there
    changes.list_lost = bool(there) and manifest.lost
    _sweep({root, *(path.parent for path in places.values())})
    planned = {}
    for name, path in places.items():
        data, old = content(name), path.read_bytes() if path.exists() else None
        planned[name] = (data, old, manifest.what_to_do(name, data, old))
        manifest.about_to_hand_out(name, data)
    manifest.write()
    for name, (data, old, what) in planned.items():
        path = places[name]
        if what in ("make", "replace"):
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(path, data, old)
            (changes.made if what == "make" else changes.replaced).append(name)
        elif what == "beside":
            changes.beside[name] = _put_beside(path, name, data).relative_to(root).as_posix()
        manifest.handed_out(name, data)
    manifest.write()
    return changes


def _put_beside(path: Path, name: str, data: bytes) -> Path:
    """Put the course's new file beside the learner's; return where it lies."""
    for other in sorted(path.parent.glob(f"{path.stem}.new-*{path.suffix}")):
        if other.is_file() and digest(name, other.read_bytes()) == digest(name, data):
            return other  # an earlier run that was killed put it there
    beside = _free(path, "new")
    _put(beside, data, None)
    return beside


def _free(path: Path, word: str) -> Path:
    """Return a path beside ``path`` at which nothing lies: Name.new-1.ipynb, Name.new-2.ipynb."""
    for number in count(1):
        free = path.with_name(f"{path.stem}.{word}-{number}{path.suffix}")
        if not free.exists() and not free.is_symlink():
            return free
    raise AssertionError  # count() does not end


# --- The list of what was handed out --------------------------------------------------------------


class _Manifest:
    """What was handed out: of each file the digests of all its states, and which is the present
    one.

    lost: the list is not there, or cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self._path, self._text = _place(root, MANIFEST), ""
        self._files: dict[str, Any] = {}
        try:
            self._text = self._path.read_text(encoding="utf-8")
            for name, entry in json.loads(self._text)["files"].items():
                states = [str(state) for state in entry["handed_out"]]
                self._files[name] = {"handed_out": states, "now": str(entry["now"])}
            self.lost = False
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            self._files, self.lost = {}, True

    def what_to_do(self, name: str, data: bytes, old: bytes | None) -> str:
        """Return "make", "replace", "beside", or "" for a file that stays as it is.

        data: what the course has now. old: what lies there; None if nothing does.
        """
        if old is None:
            return "make"
        entry = self._files.get(name, {"handed_out": [], "now": ""})
        changed = entry["now"] != sha256(data).hexdigest()
        mine = digest(name, old)
        if mine == digest(name, data):  # what the learner ran stays, unless tags changed
            return "replace" if changed and entry["now"] and old != data else ""
        if mine in entry["handed_out"]:
            return "replace"
        return "beside" if changed else ""

    def about_to_hand_out(self, name: str, data: bytes) -> None:
        entry = self._files.setdefault(name, {"handed_out": [], "now": ""})
        if (state := digest(name, data)) not in entry["handed_out"]:
            entry["handed_out"].append(state)

    def handed_out(self, name: str, data: bytes) -> None:
        self._files[name]["now"] = sha256(data).hexdigest()

    def write(self) -> None:
        about = "What the course handed out: python -m course_utils edition reads and writes it."
        text = json.dumps({"about": about, "files": self._files}, indent=1) + "\n"
        if text != self._text:
            _put(self._path, text.encode(), ...)
            self._text, self.lost = text, False


# --- Files ----------------------------------------------------------------------------------------


def _own_folder(folder: Path) -> Path:
    """Return the folder's true path. Raises Refused for one that is the course's, or no folder."""
    try:
        root, home = folder.expanduser().resolve(), HOME.resolve()
    except (OSError, RuntimeError) as error:  # a circle of links, no home
        raise Refused(f"{folder} leads nowhere ({error}): {OWN_FOLDER}.") from None
    if root.is_relative_to(home) and not root.is_relative_to(home / "my_course"):
        raise Refused(f"{root} belongs to the course itself: {OWN_FOLDER}.")
    if root.exists() and not root.is_dir():
        raise Refused(f"{root} is a file: {OWN_FOLDER}.")
    return root


def _place(root: Path, name: str) -> Path:
    """Return the path of a file in the learner's copy. Raises Refused if it is a link, a folder,
    or lies elsewhere.
    """
    path = root / name
    true = os.path.normcase(path.resolve())
    if path.is_symlink() or true != os.path.normcase(path):
        elsewhere = f"{path} leads to {path.resolve()}, out of its place"
        raise Refused(f"{elsewhere}: move it away, then run this again.")
    if path.exists() and not path.is_file():
        raise Refused(f"{path} is a folder: move it away, then run this again.")
    return path


def _put(path: Path, data: bytes, expected: Any) -> None:
    """Write a file whole or not at all, onto the disk.

    expected: what lies there now, None for nothing, ``...`` for whatever. If that has changed
    meanwhile, Refused is raised: somebody saved it.
    """
    number, part = tempfile.mkstemp(prefix=PART, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o666 & ~_umask())
        there = path.read_bytes() if path.exists() else None
        if expected is not ... and there not in (expected, data):
            raise Refused(f"{path} was saved just now: run this again.")
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    with contextlib.suppress(OSError):  # the folder's entry, too, where a system can
        number = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sweep(folders: set[Path]) -> None:
    """Remove what killed runs left half written; what is younger than an hour may be in work."""
    for path in (path for folder in folders for path in folder.glob(f"{PART}*.part")):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > 3600:
                path.unlink()


@contextlib.contextmanager
def _told(root: Path) -> Iterator[None]:
    """Turn what a system says of files into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            where = root if not os.access(root, os.W_OK) else Path(error.filename or root).parent
            raise Refused(f"{where} cannot be written to: {OWN_FOLDER}.") from None
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(f"The disk of {root} is full: free some space, run this again.") from None
        raise Refused(f"{root}: {error}. Mend that, then run this again.") from None
