"""From a proved notebook to the learner's: blanks opened, guesses emptied, answers taken away.

The proved notebook is the one source. Tags on its cells say what becomes of them:

* ``blank``, a code cell: each function, each method of a class, keeps its first lines, up to its
  docstring. The cell's metadata ``"blank"`` says what becomes of the rest: "empty" (or nothing
  said), it is replaced by ``return ...``; "last", only its last statement is; "lines", its lines
  stand in another order. What follows the function stays.
* ``blank``, a text cell: left out, as it speaks of the answer.
* ``guess``: the second argument of each ``guess("what", 3.2)`` becomes ``...``.
* ``marks``: ``marks=True`` becomes ``marks=False``, so that a lab does not give an answer away.

The exercises are made from their solutions in the same way
(tools/make_exercises.py). A notebook is here what its JSON holds.
"""

import ast
import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from typing import Any

BLANK, GUESS, MARKS = "blank", "guess", "marks"
#: What of a cell's metadata the reader's notebook needs; the rest is the proof's.
KEPT_TAGS = ("setup", "define", BLANK)
MODES = ("empty", "last", "lines")
IN_ORDER = "# Put these lines in order."

Function = ast.FunctionDef | ast.AsyncFunctionDef


def learners_notebook(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the learner's form of a proved notebook, without outputs.

    Raises ValueError for a cell that has nothing of what its tag says.
    """
    cells = [learners_cell(cell) for cell in notebook["cells"]]
    kernel = {name: notebook["metadata"][name] for name in ("kernelspec",)}
    return {
        "cells": [cell for cell in cells if cell is not None],
        "metadata": kernel | {"language_info": {"name": "python"}},
        "nbformat": notebook["nbformat"],
        "nbformat_minor": notebook["nbformat_minor"],
    }


def learners_cell(cell: dict[str, Any]) -> dict[str, Any] | None:
    """Return the learner's form of a cell; None for one that is left out."""
    tags = cell.get("metadata", {}).get("tags", [])
    code, source = cell["cell_type"] == "code", "".join(cell["source"])
    if BLANK in tags and not code:
        return None
    place = cell.get("id", "")
    try:
        if code and BLANK in tags:
            source = stub(source, cell["metadata"].get(BLANK, "empty"), place)
        if code and GUESS in tags:
            source = without_guesses(source)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"cell {place!r}: {error}") from None
    if code and MARKS in tags:
        source = source.replace("marks=True", "marks=False")
    kept = [tag for tag in KEPT_TAGS if tag in tags]
    mine = {"cell_type": cell["cell_type"], "metadata": {"tags": kept} if kept else {}}
    mine |= {name: cell[name] for name in ("id", "attachments") if cell.get(name)}
    return mine | {"source": source} | ({"execution_count": None, "outputs": []} if code else {})


# --- Blanks ---------------------------------------------------------------------------------------


def stub(source: str, mode: str = "empty", seed: str = "") -> str:
    """Return the source of a solved cell with what the learner writes taken out of each function
    and each method, in the way that ``mode`` names.

    seed: what the order of lines follows from, the same for the same seed. Raises ValueError where
    there is nothing to take out, or no such mode.
    """
    if mode not in MODES:
        raise ValueError(f"a blank is one of {', '.join(MODES)}, not {mode!r}")
    source = source.rstrip("\n")
    lines, tree = source.split("\n"), ast.parse(source)
    for function in reversed(list(_functions(tree, _handed_on(tree)))):
        _open(function, lines, mode, f"{seed} {function.name}")
    opened = "\n".join(lines)
    ast.parse(opened)  # what is handed out can be run
    if opened == source:
        raise ValueError(f"it is tagged {BLANK}, and has nothing for the learner to write")
    return opened


def _handed_on(tree: ast.Module) -> set[str]:
    """Return the names that a cell hands to ``blank``; the exercises' cells hand on none."""
    checks = [statement for statement in tree.body if is_blank_call(statement)]
    nodes = [node for check in checks for node in ast.walk(check)]
    return {node.id for node in nodes if isinstance(node, ast.Name)} - {BLANK}


def _functions(tree: ast.Module, names: set[str]) -> Iterator[Function]:
    """Yield the functions of a cell and the methods of its classes, in order; if there are
    ``names``, those of these names alone.
    """
    for node in tree.body:
        if names and getattr(node, "name", None) not in names:
            continue
        for member in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(member, Function):
                yield member


def _open(function: Function, lines: list[str], mode: str, seed: str) -> None:
    """Take out of ``lines`` what the learner writes of one function."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    statements = function.body[has_docstring:]
    if not statements:
        return
    if has_docstring:
        begin = function.body[0].end_lineno or 0
    else:
        begin = _with_comments(_first_line(statements[0]), lines)
    indent = _indent(lines[_first_line(statements[0])])
    kept: list[str] = []
    if (before := _before(statements[0], lines)).strip():  # all in one line
        begin, indent = _first_line(statements[0]), " " * (function.col_offset + 4)
        kept = [before.rstrip()]
    end = _end(function, lines, indent)
    if mode == "lines":
        solved = [line for line in lines[begin : function.end_lineno] if line.strip()]
        mixed = solved if kept else _mixed(statements, lines, begin, seed)
        if mixed != solved:
            lines[begin:end] = [indent + IN_ORDER, *mixed]
        return
    returns = _returns_something(function)
    if mode == "last" and len(statements) > 1:
        kept = lines[begin : _first_line(statements[-1])]
        if (before := _before(statements[-1], lines)).strip():
            kept.append(before.rstrip())
        returns = isinstance(statements[-1], ast.Return)
    lines[begin:end] = [*kept, indent + ("return ..." if returns else "...")]


def _first_line(statement: ast.stmt) -> int:
    """Return the index of the line where a statement begins, its decorators among it."""
    decorators = getattr(statement, "decorator_list", [])
    return min(node.lineno for node in (statement, *decorators)) - 1


def _before(statement: ast.stmt, lines: list[str]) -> str:
    """Return what stands before a statement in its line."""
    return lines[statement.lineno - 1].encode()[: statement.col_offset].decode()


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _with_comments(begin: int, lines: list[str]) -> int:
    """Return where the comments begin that stand over line ``begin``."""
    while begin and (not lines[begin - 1].strip() or lines[begin - 1].lstrip()[0] == "#"):
        begin -= 1
    return begin


def _end(function: Function, lines: list[str], indent: str) -> int:
    """Return the index of the line after a function, whose last comments are part of it."""
    end = place = function.end_lineno or 0
    while place < len(lines) and (
        not lines[place].strip() or lines[place].startswith(f"{indent}#")
    ):
        place += 1
        end = place if lines[place - 1].strip() else end
    return end


def _returns_something(function: Function) -> bool:
    nodes: list[ast.AST] = list(function.body)
    for node in nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            nodes += ast.iter_child_nodes(node)  # the loop goes on with them
    return False


def _mixed(statements: list[ast.stmt], lines: list[str], begin: int, seed: str) -> list[str]:
    """Return the lines of a block, from ``begin`` on, in another order.

    A statement keeps its lines and the comments over it; a block within keeps its header, and what
    is in it is mixed too.
    """
    units: list[list[str]] = []
    for statement in statements:
        end = statement.end_lineno or 0
        if end <= begin:  # in the line of the statement before
            continue
        unit: list[str] = []
        for block in _blocks(statement):
            start = _first_line(block[0])
            if not _before(block[0], lines).strip():
                start = _with_comments(start, lines)
                inner = _mixed(block, lines, start, f"{seed} {start}")
                unit += lines[begin:start] + inner
                begin = block[-1].end_lineno or 0
        unit += lines[begin:end]
        while not unit[0].strip():
            del unit[0]
        units.append(unit)
        begin = end
    return [line for unit in _in_another_order(units, seed) for line in unit]


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """Return the blocks of an ``if``, a loop, a ``with``, a ``try``, a ``match``, in order."""
    if isinstance(statement, Function | ast.ClassDef):
        return []
    parts = [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    names = ("body", "orelse", "finalbody")
    found = [getattr(part, name, []) for part in parts for name in names]
    return sorted((block for block in found if block), key=lambda block: block[0].lineno)


def _in_another_order(units: list[list[str]], seed: str) -> list[list[str]]:
    """Return the units in an order in which another one comes last; it follows from the seed."""
    if all(unit == units[0] for unit in units):
        return units
    for turn in count():
        keys = [sha256(f"{seed} {turn} {n}".encode()).digest() for n in range(len(units))]
        mixed = [units[n] for n in sorted(range(len(units)), key=keys.__getitem__)]
        if mixed[-1] != units[-1]:
            return mixed
    raise AssertionError  # count() does not end


# --- Guesses --------------------------------------------------------------------------------------


def guesses(tree: ast.Module) -> list[tuple[str, ast.expr]]:
    """Return (what is guessed, the guess) of each call of ``guess`` in a cell, in order."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == GUESS
        and len(node.args) > 1
    ]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [(ast.unparse(call.args[0]), call.args[1]) for call in calls]


def without_guesses(source: str) -> str:
    """Return a cell's source with ``...`` for each guess in it. Raises ValueError if there is
    none.
    """
    found = guesses(ast.parse(source))
    if not found:
        raise ValueError(f'it is tagged {GUESS}, and holds no {GUESS}("what", value)')
    starts = [0, *(match.end() for match in re.finditer(rb"\n", source.encode()))]
    text = source.encode()  # as ast counts
    for _, guess in reversed(found):
        begin = starts[guess.lineno - 1] + guess.col_offset
        end = starts[(guess.end_lineno or 0) - 1] + (guess.end_col_offset or 0)
        text = text[:begin] + b"..." + text[end:]
    return text.decode()


# --- What is still open ---------------------------------------------------------------------------


def is_open(node: ast.AST) -> bool:
    """Return whether a ``...`` stands where the reader is to write; ``x[..., 0]`` is none."""
    if isinstance(node, ast.Subscript):
        return is_open(node.value)
    if isinstance(node, ast.Constant):
        return node.value is Ellipsis
    return any(is_open(child) for child in ast.iter_child_nodes(node))


def is_blank_call(statement: ast.stmt) -> bool:
    """Return whether a statement is ``name = blank("RoundN_Topic", name)``, a blank's check."""
    return (
        isinstance(statement, ast.Assign | ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == BLANK
    )
