"""The code as such: its style, its types, and which module may know of which."""

import ast
import inspect
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

import course_utils
from course_utils.resources import HOME

PACKAGE = HOME / "course_utils"
#: From the ground up: a module imports from its own floor and from those below.
FLOORS = (
    ("resources",),
    ("contents",),
    ("notebooks", "style", "data", "recording"),
    ("checkpoints", "figures", "devices", "batches"),
    ("labs", "exercises", "learner"),
    ("__main__",),
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
CORE_LINES = 1000  # what every notebook may need stays small enough to be read


@pytest.mark.parametrize(
    "command",
    [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_the_tools_find_nothing(command):
    found = subprocess.run(
        [sys.executable, "-m", *command], cwd=HOME, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def modules():
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py"
    }


def imported(path):
    """Return the modules of the package that a file imports, wherever in it and however."""
    known, found = modules(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_utils"):
            inside = node.module.removeprefix("course_utils").lstrip(".")
            names = [f"{inside}.{alias.name}".lstrip(".") for alias in node.names]
            found.update(name if name in known else inside for name in names)
        elif isinstance(node, ast.Import):
            found.update(
                alias.name.removeprefix("course_utils.")
                for alias in node.names
                if alias.name.startswith("course_utils.")
            )
    return found - {""}


@pytest.mark.parametrize("name", modules())
def test_no_module_knows_of_a_higher_floor(name):
    higher = [
        other
        for other in imported(modules()[name])
        if FLOOR[other.split(".")[0]] > FLOOR[name.split(".")[0]]
    ]
    assert not higher, f"{name} imports from a higher floor: {', '.join(higher)}"


def test_there_is_no_circle():
    TopologicalSorter({name: imported(path) for name, path in modules().items()}).prepare()


def test_nothing_outside_imports_a_round_and_no_test_another_test():
    for folder in ("course_utils", "tools", "tests", "benchmarks"):
        for path in (HOME / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for name in names:
                    assert not name.startswith(("Round", "test_")), f"{path.name} imports {name}"


def test_the_core_stays_small():
    lines = sum(len(path.read_text().splitlines()) for path in PACKAGE.glob("*.py"))
    assert lines <= CORE_LINES


@pytest.mark.parametrize("name", course_utils.__all__)
def test_the_face_of_the_package_is_typed(name):
    value = getattr(course_utils, name)
    functions = [value] if inspect.isfunction(value) else []
    if inspect.isclass(value):
        functions = [
            member
            for key, member in vars(value).items()
            if inspect.isfunction(member) and not key.startswith("_")
        ]
    for function in functions:
        signature = inspect.signature(function)
        untyped = [
            parameter.name
            for parameter in signature.parameters.values()
            if parameter.annotation is parameter.empty and parameter.name != "self"
        ]
        assert not untyped and signature.return_annotation is not signature.empty
