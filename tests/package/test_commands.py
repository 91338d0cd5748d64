"""``python -m course_utils``: each command answers, and says what is missing."""

import pytest

from course_utils import __main__ as commands


@pytest.mark.parametrize("arguments, status", [([], 0), (["--help"], 0), (["prove"], 2)])
def test_what_there_is(capsys, arguments, status):
    assert commands.main(arguments) == status
    said = capsys.readouterr()
    commands_there = ("lab", "edition", "test", "refresh")
    assert all(f"\n  {command} " in said.out + said.err for command in commands_there)


@pytest.mark.parametrize("command", ["test", "refresh", "edition", "lab"])
def test_each_command_answers_to_help(capsys, command):
    with pytest.raises(SystemExit) as stopped:
        commands.main([command, "--help"])
    assert (
        stopped.value.code == 0 and f"python -m course_utils {command}" in capsys.readouterr().out
    )


@pytest.mark.parametrize("command", ["test", "refresh"])
def test_without_the_repository_it_says_what_it_needs(capsys, monkeypatch, tmp_path, command):
    monkeypatch.setattr(commands, "HOME", tmp_path)
    assert commands.main([command]) == 2
    assert "needs the whole course" in capsys.readouterr().err
