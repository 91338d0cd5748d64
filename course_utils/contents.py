"""The contents of the course, as course.toml lists them: rounds, pairs, exercises, labs, pages.

Whoever wants to know what belongs to the course asks here: the proof, the maps, the reuse of an
earlier round's definitions.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from course_utils.resources import HOME

TORCH_SUFFIX = "-PyTorch"


@dataclass(frozen=True)
class Page:
    """A notebook, by its path in the course without ``.ipynb``.

    about: what it is, in some words. minutes: how long a reader takes, from and to. labs: the
    functions of course_utils that show its sliders.
    """

    name: str
    about: str
    minutes: tuple[int, int]
    labs: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).name


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

    @property
    def folder(self) -> str:
        return f"Round{self.number}"


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
        exercises = [page for each in self.rounds for page in each.exercises or ()]
        return [*self.pages, *exercises]

    def notebooks(self) -> Iterator[str]:
        """Yield the name of every notebook; of a pair the one in NumPy comes first."""
        for pair in self.pairs():
            yield pair.name
            yield pair.twin
        yield from (page.name for page in self.alone())

    def file_of(self, stem: str) -> str:
        """Return the path in the course of the notebook ``stem``; of one that the course does not
        list just its file name.
        """
        names = {PurePosixPath(name).name: name for name in self.notebooks()}
        return f"{names.get(stem, stem)}.ipynb"


def read(path: Path) -> Contents:
    """Return the contents that a ``course.toml`` lists. Raises ValueError that names a bad entry."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        pages = tuple(_page(Page, entry) for entry in data.get("page", ()))
        rounds = tuple(_round(entry) for entry in data.get("round", ()))
        return Contents(data["title"], data.get("repository", ""), rounds, pages)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: {error!r} is missing or wrong; the entries before it may"
            " show how it should look"
        ) from None


def _page(kind, entry: dict, folder: str = ""):
    first, last = entry["minutes"]
    labs = tuple(entry.get("labs", ()))
    return kind(folder + entry["notebook"], entry["about"], (first, last), labs)


def _round(entry: dict) -> Round:
    number = entry["number"]
    folder = f"Round{number}/"
    pairs = tuple(_page(Pair, pair, folder) for pair in entry["pair"])
    exercises = None
    if "exercises" in entry:
        about, minutes = entry["exercises"]["about"], entry["exercises"]["minutes"]
        names = (f"{folder}Round{number}_Exercises", f"{folder}solutions/Round{number}_Solutions")
        exercises = tuple(Page(name, about, tuple(minutes)) for name in names)
    scripts = tuple(folder + name for name in entry.get("scripts", ()))
    return Round(number, entry["title"], entry["question"], pairs, exercises, scripts)


@cache
def contents() -> Contents:
    """Return the contents of this course."""
    return read(HOME / "course.toml")
