"""The versions that the course promises, pins and proves agree with each other, file by file."""

import re
import tomllib

import versions
from packaging.requirements import Requirement
from packaging.version import Version

from course_utils.resources import HOME

#: The proof's own tools: a reader needs none of them, so pyproject.toml names none.
TOOLS = {"nbval", "pytest", "pytest-xdist", "hypothesis", "playwright", "ruff", "mypy", "hatchling"}
#: Named in pyproject.toml without a bound: matplotlib and Jupyter bring them, in whatever version.
UNBOUND = {"pillow", "packaging"}


def requirements(name):
    """Return ``{package: specifier}`` of a file of requirements or constraints."""
    lines = (line.split("#")[0].strip() for line in (HOME / name).read_text().splitlines())
    found = [Requirement(line) for line in lines if line]
    assert len({need.name for need in found}) == len(found), f"{name} names a package twice"
    return {need.name: need.specifier for need in found}


def pinned(name):
    """Return ``{package: version}`` of a file of constraints, where each pins one version."""
    found = {package: str(version) for package, version in requirements(name).items()}
    assert all(re.fullmatch(r"==[\w.]+", version) for version in found.values())
    return {package: Version(version.removeprefix("==")) for package, version in found.items()}


PROMISED = requirements("requirements.txt")


def lower_bounds():
    return {
        name: next(Version(bound.version) for bound in bounds if bound.operator == ">=")
        for name, bounds in PROMISED.items()
    }


def test_the_package_promises_what_the_requirements_do():
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["course"]
    needs = {need.name: need.specifier for need in map(Requirement, lines)}
    assert needs.keys() == (PROMISED.keys() - TOOLS) | UNBOUND
    assert all(needs[name] == PROMISED[name] for name in needs.keys() - UNBOUND)
    assert not any(needs[name] for name in UNBOUND)


def test_both_pinned_sets_are_among_what_is_promised():
    for name in ("constraints.txt", "constraints-oldest.txt"):
        versions = pinned(name)
        for package, bounds in PROMISED.items():
            assert bounds.contains(versions[package]), (name, package)


def test_the_oldest_set_pins_the_lower_bounds():
    oldest = pinned("constraints-oldest.txt")
    assert {name: oldest[name] for name in PROMISED} == lower_bounds()


def test_every_promise_has_both_ends():
    for name, bounds in PROMISED.items():
        assert sorted(bound.operator for bound in bounds) == ["<", ">="], name


def test_where_the_cpu_index_does_not_answer_the_installed_torch_takes_the_old_ones_place(
    monkeypatch, capsys
):
    def silent(*_, **__):
        raise OSError

    monkeypatch.setattr(versions.urllib.request, "urlopen", silent)
    monkeypatch.setattr(versions.metadata, "version", lambda name: "2.99.0+cpu")
    monkeypatch.setattr(versions.metadata, "requires", lambda name: ["sympy>=1.13.3", "filelock"])
    sources, pins = versions.choose("oldest", None)
    assert not sources and "torch==2.99.0" in pins and "numpy==2.0.0" in pins
    assert not any(pin.startswith(("torch==2.6", "sympy==", "filelock==")) for pin in pins)
    assert "oldest all but PyTorch, which is 2.99.0" in capsys.readouterr().out


def test_a_version_of_torch_can_be_insisted_on():
    _, pins = versions.choose("newest", "2.6.0")
    assert pins == ["torch==2.6.0"]
