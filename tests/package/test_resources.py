"""One way to every file of the course, and the list of what belongs to it."""

import pytest

from course_utils import find, load_script, resources
from course_utils.contents import contents, read

ENTRY = '[[round]]\nnumber = 9\ntitle = "Nothing"\nquestion = "why?"\n'
PAIR = '[[round.pair]]\nnotebook = "Round9_Nothing"\nabout = "nothing"\nminutes = [1, 2]\n'


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The course's folder, and the folder of a notebook in a reader's own copy of it."""
    home, copy = tmp_path / "course", tmp_path / "my copy"
    for folder in (home / "Round1", home / "Dataset", copy / "Round1"):
        folder.mkdir(parents=True)
    (home / "Dataset" / "a.csv").write_text("the course's")
    (home / "Round1" / "script.py").write_text("whose = 'the course'")
    monkeypatch.setattr(resources, "HOME", home)
    monkeypatch.chdir(copy / "Round1")
    return home, copy


def test_what_lies_nowhere_else_is_the_courses(folders):
    assert find("Dataset/a.csv").read_text() == "the course's"
    assert resources.beside("Dataset/a.csv") is None


@pytest.mark.parametrize("place", ["Round1/a.csv", "Dataset/a.csv"])
def test_what_lies_beside_the_notebook_or_in_its_copy_of_the_course_comes_first(folders, place):
    path = folders[1] / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    assert find("Dataset/a.csv").read_text() == "mine"


def test_in_the_course_itself_nothing_is_anybody_s_copy(folders, monkeypatch):
    monkeypatch.chdir(folders[0] / "Round1")
    assert find("Dataset/a.csv").read_text() == "the course's"
    assert resources.beside("Dataset/a.csv") is None and resources.beside("Round1/x.py") is None


def test_a_file_that_is_nowhere_is_named_with_the_places(folders):
    with pytest.raises(FileNotFoundError, match=r"b\.csv is not part of this course.*my copy"):
        find("Dataset/b.csv")


def test_a_script_is_imported_the_readers_own_first(folders):
    assert load_script("Round1/script.py").whose == "the course"
    (folders[1] / "Round1" / "script.py").write_text("whose = 'the reader'")
    assert load_script("Round1/script.py").whose == "the reader"


def test_everything_that_is_listed_is_there():
    names = [f"{name}.ipynb" for name in contents().notebooks()]
    names += [name for each in contents().rounds for name in each.scripts]
    for name in names:
        assert (resources.HOME / name).is_file(), name


def test_a_round_is_its_folder_and_an_entry(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text('title = "T"\n' + ENTRY + PAIR)
    found = read(path)
    assert found.notebooks() == ["Round9/Round9_Nothing", "Round9/Round9_Nothing-PyTorch"]
    assert found.file_of("Round9_Nothing-PyTorch") == "Round9/Round9_Nothing-PyTorch.ipynb"
    assert found.file_of("Somewhere") == "Somewhere.ipynb"


@pytest.mark.parametrize("gone", ["title", "number", "question", "notebook", "about", "minutes"])
def test_an_entry_that_lacks_something_is_told_what(tmp_path, gone):
    path = tmp_path / "course.toml"
    lines = ('title = "T"\n' + ENTRY + PAIR).splitlines(keepends=True)
    position = next(n for n, line in enumerate(lines) if line.startswith(f"{gone} "))
    path.write_text("".join(lines[:position] + lines[position + 1 :]))
    if gone == "title":  # the round's own comes after the course's
        path.write_text(ENTRY + PAIR)
    with pytest.raises(ValueError, match=f"course.toml.*'{gone}'"):
        read(path)
