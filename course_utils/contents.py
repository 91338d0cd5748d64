"""The contents of the course, as course.toml lists them: rounds, pairs, exercises, labs, pages.

The proof, the maps and the reuse of an earlier round's definitions ask here.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from course_utils.resources import HOME

TORCH_SUFFIX = "-PyTorch"


@dataclass(frozen=True)
class Page:
    """A notebook, by its path in the course without ``.ipynb``.

    about: what is in it, in some words. minutes: how long a reader takes, from and to. labs: the
    functions of course_utils that show its sliders. question: the one it answers, if it has one.
    """

    name: str
    about: str
    minutes: tuple[int, int]
    labs: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True)
class Pair(Page):
    """A notebook in NumPy, of which Page tells, and its twin in PyTorch."""

    @property
    def twin(self) -> str:
        return self.name + TORCH_SUFFIX


@dataclass(frozen=True)
class Round:
    """One round. exercises: the notebook to solve, then the solved one; None if it has none yet.

    scripts: files beside the notebooks that they, or a reader in a shell, run.
    """

    number: int
    title: str
    question: str
    pairs: tuple[Pair, ...]
    exercises: tuple[Page, Page] | None
    scripts: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """The whole course. repository: its public address, or ""."""

    title: str
    repository: str
    rounds: tuple[Round, ...]
    pages: tuple[Page, ...]

    def pairs(self) -> list[Pair]:
        return [pair for each in self.rounds for pair in each.pairs]

    def alone(self) -> list[Page]:
        """Return the notebooks without a twin."""
        return [*self.pages, *(page for each in self.rounds for page in each.exercises or ())]

    def notebooks(self) -> list[str]:
        """Return the name of every notebook; of a pair the one in NumPy comes first."""
        pairs = [name for pair in self.pairs() for name in (pair.name, pair.twin)]
        return pairs + [page.name for page in self.alone()]

    def file_of(self, stem: str) -> str:
        """Return the path of the notebook ``stem``; of one that is not listed its file name."""
        names = {PurePosixPath(name).name: name for name in self.notebooks()}
        return f"{names.get(stem, stem)}.ipynb"


def read(path: Path) -> Contents:
    """Return the contents that a ``course.toml`` lists; ValueError names a bad entry."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        pages = tuple(Page(**_fields(entry)) for entry in data.get("page", ()))
        rounds = tuple(_round(entry) for entry in data.get("round", ()))
        return Contents(data["title"], data.get("repository", ""), rounds, pages)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: an entry lacks {error}, or has it wrong") from None


def _fields(entry: dict, folder: str = "") -> dict[str, Any]:
    first, last = entry["minutes"]
    labs = tuple(entry.get("labs", ()))
    name = folder + entry["notebook"]
    words = {"about": entry["about"], "question": entry.get("question", "")}
    return {"name": name, "minutes": (first, last), "labs": labs} | words


def _round(entry: dict) -> Round:
    number, folder, exercises = entry["number"], f"Round{entry['number']}/", None
    pairs = tuple(Pair(**_fields(pair, folder)) for pair in entry["pair"])
    if "exercises" in entry:
        to_solve, solved = f"Round{number}_Exercises", f"solutions/Round{number}_Solutions"
        exercises = (
            Page(**_fields(entry["exercises"] | {"notebook": to_solve}, folder)),
            Page(**_fields(entry["exercises"] | {"notebook": solved}, folder)),
        )
    scripts = tuple(folder + name for name in entry.get("scripts", ()))
    return Round(number, entry["title"], entry["question"], pairs, exercises, scripts)


@cache
def contents() -> Contents:
    """Return the contents of this course."""
    return read(HOME / "course.toml")
