"""A learner's copy of the course: made whole, brought up to date, and nothing is ever lost."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_utils.learner import workspace
from course_utils.learner.commands import edition, lab
from course_utils.learner.edition import content, files
from course_utils.learner.workspace import MANIFEST, Refused, begin_anew, default_folder, update
from course_utils.resources import HOME

DOWN = "Round1/Round1_Down.ipynb"
OTHER = "Round1/Round1_Exercises.ipynb"
OPEN = '''def loss(weight):
    """The loss."""
    error = weight - 1
    return ...


loss = blank("1.loss", loss)'''
MINE = OPEN.replace("...", "error**2 / 2")
links = pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")


def lying_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def names_in(folder):
    return sorted(set(lying_in(folder)) - {MANIFEST})


@pytest.fixture
def copy(course):
    update(course.mine)
    return course


def new_in_the_course(course):
    changed = OPEN.replace("...", "error**2").replace("The loss", "The new loss")
    cells = [("code", changed, {"tags": ["blank"]}), ("markdown", "New.", {})]
    course.change(DOWN, cells)


# --- What is handed out ---------------------------------------------------------------------------


def test_the_copy_has_the_courses_folders_without_the_solutions(course):
    changes = update(course.mine)
    assert changes.first and set(changes.made) == set(names_in(course.mine))
    assert names_in(course.mine) == [
        "Dataset/README.md",
        "Round1/Round1_Down-PyTorch.ipynb",
        "Round1/Round1_Down.ipynb",
        "Round1/Round1_Exercises.ipynb",
        "Round1/hill.png",
        "Round1/walk.py",
        "notebooks/Start_Here.ipynb",
        "notebooks/Table.ipynb",
    ]


def test_its_notebooks_are_open_and_bare(copy):
    book = json.loads((copy.mine / DOWN).read_text(encoding="utf-8"))
    _, setup, blank, guess, marks, shown = book["cells"]
    assert "".join(blank["source"]) == OPEN
    assert "".join(guess["source"]) == 'guess("the loss", ...)'
    assert "".join(marks["source"]) == "lab(loss, marks=False)"
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in book["cells"][1:])
    assert setup["metadata"] == {"tags": ["setup"]} and shown["metadata"] == {}
    assert blank["metadata"] == {"tags": ["define", "blank"]}
    assert [cell["id"] for cell in book["cells"]] == [f"c{n}" for n in range(6)]
    assert book["metadata"]["language_info"] == {"name": "python"}


def test_a_second_run_changes_nothing(copy):
    before = lying_in(copy.mine)
    changes = update(copy.mine)
    assert lying_in(copy.mine) == before
    assert not (changes.first or changes.made or changes.replaced or changes.beside)


# --- Updates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("was_run", [False, True])
def test_a_new_notebook_replaces_one_that_was_not_touched(copy, was_run):
    if was_run:
        copy.run(DOWN)
    new_in_the_course(copy)
    assert update(copy.mine).replaced == [DOWN]
    assert copy.sources(DOWN)[-1] == "New." and "new loss" in copy.sources(DOWN)[0]
    assert (copy.mine / DOWN).read_bytes() == content(DOWN)


def test_what_was_run_and_saved_stays_while_the_course_is_the_same(copy):
    copy.run(DOWN)
    before = lying_in(copy.mine)
    assert not update(copy.mine).replaced and lying_in(copy.mine) == before


def test_a_tag_that_came_is_an_update_of_what_was_not_touched(copy):
    copy.change(OTHER, [("code", "x = 1", {"tags": ["define"]})])
    assert update(copy.mine).replaced == [OTHER]
    assert b"define" in (copy.mine / OTHER).read_bytes()


def test_an_edited_notebook_stays_while_the_course_is_the_same(copy):
    copy.edit(DOWN, c2=MINE)
    before = lying_in(copy.mine)
    changes = update(copy.mine)
    assert lying_in(copy.mine) == before and not (changes.replaced or changes.beside)


def test_where_both_changed_the_new_one_lies_beside_once(copy):
    copy.edit(DOWN, c2=MINE)
    mine = (copy.mine / DOWN).read_bytes()
    new_in_the_course(copy)
    assert update(copy.mine).beside == {DOWN: "Round1/Round1_Down.new-1.ipynb"}
    assert (copy.mine / DOWN).read_bytes() == mine
    assert copy.sources("Round1/Round1_Down.new-1.ipynb")[-1] == "New."
    assert not update(copy.mine).beside
    copy.edit("Round1/Round1_Down.new-1.ipynb", c1="My note.")
    copy.change(DOWN, [("markdown", "Newer.", {})])
    assert update(copy.mine).beside == {DOWN: "Round1/Round1_Down.new-2.ipynb"}
    assert copy.sources("Round1/Round1_Down.new-1.ipynb")[-1] == "My note."
    assert (copy.mine / DOWN).read_bytes() == mine


def test_who_takes_the_new_one_gets_updates_again(copy):
    copy.edit(DOWN, c2=MINE)
    new_in_the_course(copy)
    update(copy.mine)
    os.replace(copy.mine / "Round1/Round1_Down.new-1.ipynb", copy.mine / DOWN)
    assert not update(copy.mine).beside
    copy.change(DOWN, [("markdown", "Newer.", {})])
    assert update(copy.mine).replaced == [DOWN]


def test_a_script_of_the_readers_stays_and_an_untouched_one_is_replaced(copy):
    (copy.home / "Round1/walk.py").write_text("print('run')\n")
    assert update(copy.mine).replaced == ["Round1/walk.py"]
    (copy.mine / "Round1/walk.py").write_text("print('mine')\n")
    (copy.home / "Round1/walk.py").write_text("print('fly')\n")
    assert update(copy.mine).beside == {"Round1/walk.py": "Round1/walk.new-1.py"}
    assert (copy.mine / "Round1/walk.py").read_text() == "print('mine')\n"


def test_a_deleted_notebook_comes_back_and_other_files_stay(copy):
    (copy.mine / DOWN).unlink()
    (copy.mine / "Round1/notes.ipynb").write_text("my notes")
    assert update(copy.mine).made == [DOWN]
    assert (copy.mine / "Round1/notes.ipynb").read_text() == "my notes"


def test_a_damaged_notebook_of_the_readers_is_not_written_over(copy):
    for number, text in enumerate(("", "{", "[]", '{"cells": [3]}')):
        (copy.mine / DOWN).write_text(text)
        copy.change(DOWN, [("markdown", f"New {number}.", {})])
        assert DOWN in update(copy.mine).beside and (copy.mine / DOWN).read_text() == text


def test_what_is_saved_while_it_is_replaced_is_not_lost(copy, monkeypatch):
    new_in_the_course(copy)
    mkstemp = workspace.tempfile.mkstemp

    def saved_meanwhile(**options):
        if options["dir"] == copy.mine / "Round1":
            copy.edit(DOWN, c2=MINE)
        return mkstemp(**options)

    monkeypatch.setattr(workspace.tempfile, "mkstemp", saved_meanwhile)
    with pytest.raises(Refused, match="Round1_Down.ipynb was saved just now: run this again"):
        update(copy.mine)
    monkeypatch.undo()
    assert copy.sources(DOWN)[2] == MINE


# --- The list of what was handed out --------------------------------------------------------------

DAMAGED = ["", "{", "[]", '{"files": []}', '{"files": {"a": 1}}', "\udcff", None]


@pytest.mark.parametrize("text", DAMAGED)
def test_without_the_list_nothing_is_written_over(copy, text):
    copy.edit(DOWN, c2=MINE)
    copy.run(OTHER)
    before = lying_in(copy.mine)
    if text is None:
        (copy.mine / MANIFEST).unlink()
    else:
        (copy.mine / MANIFEST).write_bytes(text.encode(errors="surrogateescape"))
    new_in_the_course(copy)
    copy.change("notebooks/Table.ipynb", [("markdown", "New.", {})])
    changes = update(copy.mine)
    assert changes.list_lost and not changes.first and not changes.replaced
    assert set(changes.beside) == {DOWN, "notebooks/Table.ipynb"}
    after = lying_in(copy.mine)
    assert all(after[name] == data for name, data in before.items() if name != MANIFEST)
    again = update(copy.mine)
    assert not (again.list_lost or again.beside or again.replaced)


def test_a_folder_that_holds_something_else_is_not_written_over(course):
    course.write(course.mine / DOWN, "mine since long")
    assert update(course.mine).beside == {DOWN: "Round1/Round1_Down.new-1.ipynb"}
    assert (course.mine / DOWN).read_text() == "mine since long"


# --- Killed and interrupted -----------------------------------------------------------------------


@pytest.mark.parametrize("stop", range(10))
def test_a_first_copy_that_fails_is_completed(course, monkeypatch, stop):
    calls, replace = [], os.replace

    def fail(*paths):
        calls.append(paths)
        if len(calls) > stop:
            raise OSError(errno.EIO, "the disk is gone")
        replace(*paths)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(Refused, match="the disk is gone"):
        update(course.mine)
    monkeypatch.setattr(os, "replace", replace)
    whole = {name: content(name) for name in files()}
    assert all(whole[n] == data for n, data in lying_in(course.mine).items() if n != MANIFEST)
    made = names_in(course.mine)
    assert len(made) == max(0, stop - 1)
    update(course.mine)
    assert {name: data for name, data in lying_in(course.mine).items() if name != MANIFEST} == whole
    course.change(OTHER, [("markdown", "New.", {})])
    assert update(course.mine).replaced == [OTHER]  # the list is right, too


def test_what_a_killed_first_copy_made_is_still_the_courses(course, monkeypatch):
    replace = os.replace
    calls = []

    def fail(*paths):
        calls.append(paths)
        if len(calls) > 6:
            raise KeyboardInterrupt
        replace(*paths)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        update(course.mine)
    monkeypatch.setattr(os, "replace", replace)
    assert (course.mine / DOWN).exists()
    new_in_the_course(course)
    changes = update(course.mine)
    assert changes.replaced == [DOWN] and not changes.beside


def test_two_that_run_at_once_do_not_mind_each_other(course, monkeypatch):
    put, inner = workspace._put, []

    def with_another(*what):
        if not inner:
            inner.append(update)
            update(course.mine)
        put(*what)

    monkeypatch.setattr(workspace, "_put", with_another)
    update(course.mine)
    assert inner and set(names_in(course.mine)) == set(files())


@pytest.mark.parametrize("stop", range(4))
def test_an_update_that_fails_is_completed_and_nothing_is_lost(copy, monkeypatch, stop):
    copy.edit(DOWN, c2=MINE)
    mine = (copy.mine / DOWN).read_bytes()
    new_in_the_course(copy)
    copy.change(OTHER, [("markdown", "New.", {})])
    calls, replace = [], os.replace

    def fail(*paths):
        calls.append(paths)
        if len(calls) > stop:
            raise KeyboardInterrupt
        replace(*paths)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        update(copy.mine)
    monkeypatch.setattr(os, "replace", replace)
    assert (copy.mine / DOWN).read_bytes() == mine
    changes = update(copy.mine)
    assert changes.beside == {DOWN: "Round1/Round1_Down.new-1.ipynb"}
    assert (copy.mine / DOWN).read_bytes() == mine and copy.sources(OTHER) == ["New."]
    assert not list((copy.mine / "Round1").glob("*new-2*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from course_utils.learner.workspace import update
calls, replace = [], os.replace
def killed(*paths):
    calls.append(paths)
    if len(calls) > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)
os.replace = killed
update(Path(sys.argv[1]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.parametrize("after", [0, 1, 12])
def test_a_first_copy_that_is_killed_is_completed(tmp_path, after):
    mine = tmp_path / "mine"
    done = subprocess.run([sys.executable, "-c", KILLED, mine, str(after)], check=False)
    assert done.returncode == -signal.SIGKILL
    whole = {name: content(name) for name in files()}
    assert all(whole[n] == lying_in(mine)[n] for n in names_in(mine) if not n.endswith(".part"))
    assert len([name for name in names_in(mine) if name in whole]) == max(0, after - 1)
    parts = list(mine.rglob("*.part"))
    assert len(parts) == 1 and parts[0].name.startswith(".")
    for path in parts:  # from a run of yesterday
        os.utime(path, (time.time() - 90000,) * 2)
    update(mine)
    lie = lying_in(mine)
    assert lie.pop(MANIFEST) and lie == whole


# --- What is refused ------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_to_is_told_in_one_sentence(course, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert edition([str(course.mine)]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == 1
    assert "my own cannot be written to: choose a folder of your own" in said.err
    assert "COURSE_HOME" in said.err and not names_in(course.mine)


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(course):
    course.mine.mkdir(mode=0o555)
    with pytest.raises(Refused, match="cannot be written to"):
        update(course.mine)
    with pytest.raises(Refused, match="cannot be written to"):
        update(course.mine / "inside")


@pytest.mark.parametrize(
    ("number", "sentence"), [(errno.EROFS, "cannot be written to"), (errno.ENOSPC, "full: free")]
)
def test_what_the_system_says_becomes_a_sentence(course, monkeypatch, number, sentence):
    def fail(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Refused, match=sentence):
        update(course.mine)
    assert not list(course.mine.rglob("*.part"))


@links
@pytest.mark.parametrize("what", ["file", "folder", "dangling", "list"])
def test_a_link_is_refused_before_anything_is_written(copy, tmp_path, what):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "Round1_Down.ipynb").write_text("somebody's")
    linked = copy.mine / {"folder": "Round1", "list": MANIFEST}.get(what, DOWN)
    linked.rename(tmp_path / "away")
    target = {"folder": elsewhere, "dangling": elsewhere / "new.ipynb"}.get(
        what, elsewhere / "Round1_Down.ipynb"
    )
    linked.symlink_to(target, target_is_directory=what == "folder")
    new_in_the_course(copy)
    before = lying_in(tmp_path)
    with pytest.raises(Refused, match="out of its place: move it away"):
        update(copy.mine)
    with pytest.raises(Refused, match="out of its place"):
        begin_anew(copy.mine, "Round1_Down")
    assert lying_in(tmp_path) == before


@links
def test_the_folder_itself_may_be_a_link(course, tmp_path):
    (tmp_path / "disk").mkdir()
    course.mine.symlink_to(tmp_path / "disk", target_is_directory=True)
    update(course.mine)
    assert (tmp_path / "disk" / DOWN).exists()


def test_a_folder_in_a_files_place_and_a_file_in_the_folders_are_refused(course, tmp_path):
    (course.mine / DOWN).mkdir(parents=True)
    with pytest.raises(Refused, match=r"Round1_Down\.ipynb is a folder: move it away"):
        update(course.mine)
    (tmp_path / "a file").write_text("mine")
    with pytest.raises(Refused, match="a file is a file: choose a folder of your own"):
        update(tmp_path / "a file")
    with pytest.raises(Refused, match="Mend that, then run this again"):
        update(tmp_path / "a file/inside")
    assert (tmp_path / "a file").read_text() == "mine"


@pytest.mark.parametrize("place", [".", "Round1", "my_courses", "my_course/../Round1"])
def test_the_course_itself_is_nobodys_copy(course, place):
    before = lying_in(course.home)
    with pytest.raises(Refused, match="belongs to the course itself: choose a folder"):
        update(course.home / place)
    assert lying_in(course.home) == before
    update(course.home / "my_course")


# --- Beginning anew -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Round1_Down", "Round1_Down.ipynb", "Round1/Round1_Down", DOWN])
def test_a_notebook_is_begun_anew_and_the_old_one_kept(copy, name):
    copy.edit(DOWN, c2=MINE)
    mine = (copy.mine / DOWN).read_bytes()
    assert begin_anew(copy.mine, name) == (DOWN, "Round1/Round1_Down.mine-1.ipynb")
    assert (copy.mine / "Round1/Round1_Down.mine-1.ipynb").read_bytes() == mine
    assert (copy.mine / DOWN).read_bytes() == content(DOWN)
    assert begin_anew(copy.mine, name) == (DOWN, "")
    copy.edit(DOWN, c2="second")
    assert begin_anew(copy.mine, name)[1] == "Round1/Round1_Down.mine-2.ipynb"
    assert (copy.mine / "Round1/Round1_Down.mine-1.ipynb").read_bytes() == mine
    new_in_the_course(copy)
    assert update(copy.mine).replaced == [DOWN]


def test_begun_anew_after_an_update_is_the_new_one(copy):
    copy.edit(DOWN, c2=MINE)
    new_in_the_course(copy)
    begin_anew(copy.mine, "Round1_Down")
    assert copy.sources(DOWN)[-1] == "New." and not update(copy.mine).beside


def test_begun_anew_in_an_empty_folder(course):
    assert begin_anew(course.mine, "Start_Here") == ("notebooks/Start_Here.ipynb", "")
    update(course.mine)
    assert set(names_in(course.mine)) == set(files())


def test_a_failing_new_beginning_loses_nothing(copy, monkeypatch):
    copy.edit(DOWN, c2=MINE)
    mine = (copy.mine / DOWN).read_bytes()
    for stop in (0, 1):
        calls, replace = [], os.replace

        def fail(*paths, calls=calls, replace=replace, stop=stop):
            calls.append(paths)
            if len(calls) > stop:
                raise OSError(errno.EIO, "the disk is gone")
            replace(*paths)

        with monkeypatch.context() as patched, pytest.raises(Refused):
            patched.setattr(os, "replace", fail)
            begin_anew(copy.mine, "Round1_Down")
        assert (copy.mine / DOWN).read_bytes() == mine


@pytest.mark.parametrize(
    "name",
    [
        "Nothing",
        "Round1_Solutions",
        "../course.toml",
        "/etc/passwd",
        "",
        "walk.py",
        "..",
        DOWN[:-8],
    ],
)
def test_a_name_that_the_course_does_not_list_is_refused_with_those_it_does(copy, capsys, name):
    before = lying_in(copy.mine)
    assert edition([str(copy.mine), "--again", name]) == 2
    said = capsys.readouterr().err
    assert f"no notebook {name!r}" in said and said.count("\n") == 1
    assert "Start_Here, Round1_Down, Round1_Down-PyTorch, Round1_Exercises, Table." in said
    assert lying_in(copy.mine) == before


# --- The commands ---------------------------------------------------------------------------------


def test_the_command_says_what_it_did(course, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(course.mine))
    assert edition([]) == 0 and "Your own copy of the course lies in" in capsys.readouterr().out
    course.edit(DOWN, c2=MINE)
    new_in_the_course(course)
    course.change(OTHER, [("markdown", "New.", {})])
    (course.mine / "Round1/walk.py").unlink()
    assert edition([]) == 0
    said = capsys.readouterr().out
    assert "updated: Round1/Round1_Exercises.ipynb\n" in said and "new: Round1/walk.py" in said
    assert f"{DOWN}: you changed yours, and it stays" in said
    assert "the course's new one is Round1/Round1_Down.new-1.ipynb" in said
    assert edition(["--again", "Round1_Down"]) == 0
    assert "yours is kept as Round1/Round1_Down.mine-1.ipynb" in capsys.readouterr().out
    (course.mine / MANIFEST).write_text("{")
    assert edition([]) == 0 and "gone or damaged" in capsys.readouterr().out


def test_lab_says_in_one_sentence_why_it_does_not_open(course, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(course.home / "Round1"))
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it was opened"))
    assert lab([]) == 2
    assert "belongs to the course itself" in capsys.readouterr().err


def test_where_the_copy_lies(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert default_folder() == tmp_path / "my_course"  # installed: no package in the course
    (course.home / "course_utils").mkdir()
    assert default_folder() == course.home / "my_course"
    monkeypatch.setenv("COURSE_HOME", "~/mine")
    assert default_folder() == Path.home() / "mine"


def test_git_and_the_tools_pass_over_my_course():
    lines = (HOME / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "my_course/" in lines and '"my_course"' in (HOME / "pyproject.toml").read_text(
        encoding="utf-8"
    )
