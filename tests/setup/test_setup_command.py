"""What setup_pytorch_env.sh answers in a moment: its options, what it refuses, and the versions it
is to install.
"""

import os
import subprocess
import sys

import pytest
from computer import ROOT, SCRIPT

from course_utils.learner.commands import lab

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-ins for programs are POSIX shell scripts"
)


def test_help_explains_and_makes_nothing(course):
    output, _ = course.run("--help")
    assert all(option in output for option in ("--lab", "--test", "--cpu", "--cuda", "--help"))
    assert not course.env.exists()


@pytest.mark.parametrize("option", ["--tset", "lab", "-x", ""])
def test_an_unknown_option_is_refused(course, option):
    course.fails(option, says="--help", status=2)
    assert not course.env.exists()


@pytest.mark.parametrize("options", [("--lab", "--test"), ("--cpu", "--cuda")])
def test_options_that_exclude_each_other_are_refused(course, options):
    course.fails(*options, says="Take one of")


@pytest.mark.parametrize("what", ["Round2", "--all", "--all=browser"])
def test_what_to_prove_belongs_behind_test(course, what):
    course.fails(what, says="belongs behind --test", status=2)


def test_course_belongs_behind_lab(course):
    course.fails("--course", says="belongs behind --lab", status=2)
    course.fails("--test", "--course", says="belongs behind --lab", status=2)


@pytest.mark.parametrize("arguments", [[], ["--course"]])
def test_lab_opens_start_here_on_this_computer_only(monkeypatch, tmp_path, arguments):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "my own"))

    class Started(Exception):
        pass

    def start(*what):
        raise Started(*what)  # as the true one, it does not return

    monkeypatch.setattr(os, "execv", start)
    with pytest.raises(Started) as end:
        lab([*arguments, "--no-browser"])
    program, command = end.value.args
    assert program == command[0] == sys.executable and command[1:3] == ["-m", "jupyterlab"]
    assert "--ip=127.0.0.1" in command
    folder = ROOT if arguments else tmp_path / "my own"
    assert f"--ServerApp.root_dir={folder}" in command and command[-1] == "--no-browser"
    assert (tmp_path / "my own/notebooks/Start_Here.ipynb").exists() == (not arguments)
    assert "--LabApp.default_url=/lab/tree/notebooks/Start_Here.ipynb" in command
    assert not any("token" in argument or "password" in argument for argument in command)
    assert ("--allow-root" in command) == (os.geteuid() == 0)


def test_it_can_be_started_with_sh(course):
    assert "--lab" in subprocess.check_output(
        ["sh", course.folder / SCRIPT, "--help"], env=course.environ, text=True
    )


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt", "pyproject.toml"])
def test_a_missing_file_is_named(course, name):
    (course.folder / name).unlink()
    course.fails(says=name)


def test_without_python(course):
    (course.bin / "python3").unlink()
    course.fails(says="No Python was found: install Python 3.11 to 3.14")
    assert not course.env.exists()


def test_the_constraints_pin_what_the_requirements_ask_for():
    from packaging.requirements import Requirement

    def lines(name):
        found = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
        return [Requirement(line) for line in found if line]

    pinned = {
        requirement.name: str(requirement.specifier) for requirement in lines("constraints.txt")
    }
    assert all(version.startswith("==") and "+" not in version for version in pinned.values())
    assert "uv" in pinned and "setuptools" in pinned
    for requirement in lines("requirements.txt"):
        assert requirement.specifier.contains(pinned[requirement.name].removeprefix("==")), (
            requirement
        )
