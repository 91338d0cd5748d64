"""The set-up cell of every notebook, stamped from one template by ``refresh``.

A set-up cell has the tag ``setup``. Its author writes what is the notebook's own: what must stand
before all imports, the imports of other packages, settings of its own. The template adds what
follows from the notebook: the names of course_utils that its cells use, the style, the twin.
"""

import ast
import textwrap
from pathlib import PurePosixPath

import course_utils
from course_utils.contents import TORCH_SUFFIX, contents

TEMPLATE = """\
{first}
{imports}

{course}

{style}
{own}
{twin}
"""
WIDTH = 79  # of a notebook's lines: twins will stand side by side


def stamped(cells, stem):
    """Return the source that the set-up cell should have; None if no cell has the tag ``setup``.

    cells: the notebook's, as course_utils.notebooks reads them. stem: its name without ``.ipynb``.
    """
    code = [cell for cell in cells if cell.kind == "code"]
    found = [cell for cell in code if "setup" in cell.tags]
    if not found:
        return None
    parts = {"first": [], "imports": [], "own": []}
    for statement, text in _statements(found[0].source):
        kind = _kind(statement, parts)
        if kind:
            parts[kind].append(text)
    used = _names_used([cell.source for cell in code if cell is not found[0]] + parts["own"])
    pairs = {PurePosixPath(pair.name).name for pair in contents().pairs()}
    is_pair = stem.removesuffix(TORCH_SUFFIX) in pairs
    names = {name for name in course_utils.__all__ if name in used}
    names |= {"use_style"} if "show" in names else set()
    names |= {"Twin"} if is_pair else set()
    filled = TEMPLATE.format(
        first="".join(parts["first"]) + ("\n" if parts["first"] else ""),
        imports="".join(parts["imports"]).strip("\n"),
        course=_import_line(
            sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
        ),
        style="use_style()" if "use_style" in names else "",
        own="".join(parts["own"]).strip("\n"),
        twin=f'twin = Twin("{stem}")' if is_pair else "",
    )
    return _without_double_blanks(filled)


def _statements(source):
    """Yield each statement of a cell with its text: the comments and blank lines before it too."""
    lines, begin = source.splitlines(keepends=True), 0
    for statement in ast.parse(source).body:
        text = "".join(lines[begin : statement.end_lineno])
        yield statement, text if text.endswith("\n") else text + "\n"
        begin = statement.end_lineno


def _kind(statement, parts):
    """Return which part of the template a statement belongs to; "" for what the template writes."""
    text = ast.unparse(statement)
    if text == "use_style()" or text.startswith(("twin = Twin(", "from course_utils import")):
        return ""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return "imports" if parts["imports"] or text != "import os" else "first"
    return "own" if parts["imports"] else "first"


def _names_used(sources):
    """Return the names that cells use and do not define themselves."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names} - defined


def _import_line(names):
    line = f"from course_utils import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    indent = {"initial_indent": "    ", "subsequent_indent": "    "}
    return f"from course_utils import (\n{textwrap.fill(', '.join(names), WIDTH, **indent)},\n)"


def _without_double_blanks(text):
    lines = text.strip("\n").split("\n")
    kept = [
        line
        for number, line in enumerate(lines)
        if line.strip() or (number and lines[number - 1].strip())
    ]
    # The style, a notebook's own settings and its twin stand together.
    joined, after = [], False
    for line in kept:
        if line or not after:
            joined.append(line)
        after = after or line == "use_style()"
    return "\n".join(joined)
