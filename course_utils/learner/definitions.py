"""What notebooks define for others, the reader's own first: one source, no copies."""

import ast
import io
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from course_utils.contents import contents
from course_utils.learner.blanks import is_blank_call, is_open
from course_utils.notebooks import definitions
from course_utils.resources import HOME, beside, find


def functions_from(*stems: str) -> dict[str, Any]:
    """Return ``{name: value}`` of what the notebooks ``stems`` define for others: functions,
    classes, constants.

    The cells with the tag ``define`` are run, in their order and in one namespace, with those
    imports of the set-up cell that they use; no other cell is. Where the reader has a copy of the
    notebook, what it defines counts: save it, and you get your own. A definition of yours that
    still has a blank in it, raises, or does not pass the blank's check, is replaced by the
    course's, and a printed line for each notebook says so.

    Raises FileNotFoundError for a notebook that does not exist, ValueError for one that defines
    nothing, and what a cell of the course raises.
    """
    namespace: dict[str, Any] = {}
    for stem in stems:
        wrong: dict[str, list[str]] = {}  # what is wrong with the reader's: the names
        name = contents().file_of(stem)
        own = beside(name) if (HOME / name).exists() else None
        yours = _own_definitions(own) if own else []
        for source in definitions(HOME / name if own else find(name)):
            if not any(_use(mine, source, namespace, wrong) for mine in yours):
                _run(_parts(source)[0], f"{stem}.ipynb", namespace)
        for problem, replaced in wrong.items():
            print(f"{stem}: for {', '.join(replaced)} the course's is used; yours {problem}")
    return {
        name: value
        for name, value in namespace.items()
        if name != "__builtins__" and not isinstance(value, ModuleType)
    }


def _own_definitions(path: Path) -> list[str]:
    """Return the defining cells of a reader's notebook; none if it is damaged, or its tags are
    gone.
    """
    try:
        return [source for source in definitions(path) if _names(source)]
    except (OSError, ValueError, KeyError, SyntaxError):
        return []


def _names(source: str) -> list[str]:
    """Return the names of the functions, classes and constants that a cell defines."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return list(dict.fromkeys(found))


def _parts(source: str) -> tuple[ast.Module, ast.Module]:
    """Return what a cell defines, and its checks of blanks, ``loss = blank("1.loss", loss)``."""
    body = ast.parse(source).body
    checks = [node for node in body if is_blank_call(node)]
    return ast.Module([node for node in body if node not in checks], []), ast.Module(checks, [])


def _run(tree: ast.Module, name: str, namespace: dict[str, Any]) -> None:
    exec(compile(tree, name, "exec"), namespace)


def _use(mine: str, source: str, namespace: dict[str, Any], wrong: dict[str, list[str]]) -> bool:
    """Run the reader's cell ``mine`` if it stands for the course's ``source``; tell whether it
    did. What is wrong with it is noted in ``wrong``, with the names that it defines.
    """
    names = _names(mine)
    if mine == source or not set(names) & set(_names(source)):
        return False
    problem = ""
    defined, checks = _parts(mine)
    if is_open(defined):
        problem = "still has a blank"
    else:
        try:
            _run(defined, "your notebook", namespace)
            yours = {name: namespace.get(name) for name in names}
            with redirect_stdout(io.StringIO()):  # the notebook itself says what is wrong
                _run(checks, "your notebook", namespace)
            if any(namespace.get(name) is not value for name, value in yours.items()):
                problem = "is not right yet"  # the check hands on the course's
        except Exception as error:  # whatever a reader's cell raises
            problem = f"raises {type(error).__name__} ({error})"
    if problem:
        wrong.setdefault(problem, []).extend(names)
    return not problem
