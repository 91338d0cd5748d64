"""Start_Here's environment check: it says in words whether all is well, and what to do if not."""

from importlib import metadata

import pytest

from course_utils import check_environment
from course_utils.learner import environment


def test_here_all_is_well(capsys):
    assert check_environment() is True
    assert capsys.readouterr().out.endswith("All is well. You can start.\n")


def old_python(monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 1))


def missing_package(monkeypatch):
    def version(name, real=metadata.version):
        if name == "anywidget":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(environment.metadata, "version", version)


def wrong_version(monkeypatch):
    monkeypatch.setattr(
        environment.metadata,
        "version",
        lambda name, real=metadata.version: "1.0" if name == "torch" else real(name),
    )


def damaged_data(monkeypatch):
    def load():
        raise ValueError("penguins.csv is not the file the course was written with")

    monkeypatch.setattr(environment, "load_penguins", load)


def broken_torch(monkeypatch):
    import torch

    def tensor(*args, **kwargs):
        raise OSError("libtorch_cpu.so: cannot open shared object file")

    monkeypatch.setattr(torch, "tensor", tensor)


@pytest.mark.parametrize(
    "damage, words",
    [
        (old_python, "this is Python 3.10; the course needs 3.11"),
        (missing_package, "anywidget is missing"),
        (wrong_version, "torch is 1.0, but"),
        (damaged_data, "penguins.csv is not the file"),
        (broken_torch, "PyTorch does not work here: OSError: libtorch_cpu.so"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(monkeypatch, capsys, damage, words):
    damage(monkeypatch)
    assert check_environment() is False
    out = capsys.readouterr().out
    assert f" WRONG  {words}" in out and "setup_pytorch_env.sh" in out and out.count("WRONG") == 1
