"""Plants random bugs in the course's code, one at a time, and counts how many the proof catches, and by what.

The first part says what a bug is. ``spots(source)`` returns each place of a code cell where a bug can sit, with all the
bugs that can sit there: slips that students and refactorings really make (a sign, a factor, mean for sum, an index off
by one, x for y, a forgotten ``zero_grad()``). It reads nothing but the source, and ``sample`` draws from all spots of
all pairs with a fixed seed: neither knows which bugs are caught.

The second part plants them. A notebook runs as it is up to the bug's cell; there a process is forked, which goes on
with the bug and stops at the first difference that decides. Linux only.
"""

import argparse
import ast
import builtins
import contextlib
import ctypes
import dataclasses
import json
import math
import os
import random
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from running import failed, open_shell, unreached_arms

from course_utils.notebooks import code_cells, read_notebook
from course_utils.records import record_path
from course_utils.twins import TORCH_SUFFIX, compare_records

SEED = 20_251_125
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ONE_SIDE, BOTH_SIDES = 320, 110  # how many bugs: in cells of one twin only, and in cells that stand in both twins alike

# --- what is not a spot ---------------------------------------------------------------------------------------------

#: Names of figures and axes in this course; what is called on them draws.
CANVASES = {"plt", "fig", "figure", "ax", "axes", "axis", "left", "middle", "right", "upper", "lower", "patheffects"}
#: The drawing calls whose positional arguments are data. A third one that is a name is a format ("o-"), not data.
DRAWS_DATA = {"plot", "scatter", "loglog", "semilogx", "semilogy", "step", "bar", "barh", "contour", "contourf",
              "vlines", "hlines", "axhline", "axvline", "axhspan", "axvspan", "fill_between", "errorbar", "hist",
              "imshow"}  # fmt: skip
WITH_FORMAT = {"plot", "loglog", "semilogx", "semilogy", "step"}
#: Their keywords that are data, too.
DATA_KEYWORDS = {"levels", "bins", "yerr"}
#: Names that hold looks or places of labels.
LOOKS = {"colour", "colours", "color", "dash", "marker", "style", "styles", "looks", "place", "rim", "PALETTE"}
#: Names that hold no data either.
MODULES = {"np", "torch", "nn", "F", "os", "sys", "subprocess", "tempfile", "timeit", "zipfile", "json", "pickle",
           "atexit", "twin", "self", "device", "lr_scheduler"}  # fmt: skip
#: Calls that neither compute nor decide anything: style, pictures' alt text, the number of threads.
SETTINGS = {"use_style", "show", "Twin", "set_num_threads", "withStroke"}
#: Keywords of twin.check that are no values.
CHECK_KEYWORDS = {"digits", "rtol", "reason"}


def _root(node):
    """Return the name at the very left of ``a.b[c].d(e)``, or ""."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _called(call):
    """Return the last name of what is called: "mean" of ``np.mean(x)`` and of ``x.mean()``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _draws(call):
    return isinstance(call.func, ast.Attribute) and _root(call.func) in CANVASES


def _is_check(call):
    return _called(call) == "check" and _root(call.func) == "twin"


def _not_a_spot(tree):
    """Return the nodes under which nothing is a spot: imports, drawing, words, and how a value is recorded."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise)):
            found.append(node)
        elif isinstance(node, ast.Name) and node.id in LOOKS:
            found.append(node)
        elif isinstance(node, ast.Subscript) and _root(node) == "PALETTE":
            found.append(node)
        elif isinstance(node, ast.Assign) and _root(node.targets[0]) in LOOKS | {"os"}:
            found.append(node)  # os.environ holds the number of threads
        elif isinstance(node, ast.FormattedValue) and node.format_spec:
            found.append(node.format_spec)
        elif isinstance(node, ast.Call) and _called(node) in SETTINGS:
            found += [node.func, *node.args, *node.keywords]
        elif isinstance(node, ast.Call) and _is_check(node):
            found += [node.func, *node.args[:1], *(k for k in node.keywords if k.arg in CHECK_KEYWORDS)]
        elif isinstance(node, ast.Call) and _draws(node):
            name, data = _called(node), []
            if name in DRAWS_DATA:
                formats = node.args[2:] if name in WITH_FORMAT else []
                data = [a for a in node.args if a not in formats or not isinstance(a, ast.Name)]
            found += [node.func, *(a for a in node.args if a not in data)]
            found += [k for k in node.keywords if not (name in DRAWS_DATA and k.arg in DATA_KEYWORDS)]
    inside = {id(below) for node in found for below in ast.walk(node)}
    return inside | _label_places(tree, inside)


def _label_places(tree, inside):
    """Return the literals in a loop's rows that only labels read.

    As in ``for at, text in (((2, 3), "here"), ((4, 5), "there")): plt.text(*at, text)``.
    """
    loads = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loads.setdefault(node.id, []).append(id(node) in inside)
    found = set()
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple)]
    for loop in loops:
        for row in getattr(loop.iter, "elts", ()):
            for target, element in zip(loop.target.elts, getattr(row, "elts", ())):
                if isinstance(target, ast.Name) and all(loads.get(target.id, [False])) and _is_literal(element):
                    found |= {id(target), *(id(below) for below in ast.walk(element))}
    return found


def _is_literal(node):
    kinds = (ast.Constant, ast.Tuple, ast.List, ast.UnaryOp, ast.USub, ast.Load)
    return all(isinstance(below, kinds) for below in ast.walk(node))


# --- the cell's text, and where its nodes stand in it ---------------------------------------------------------------


@dataclass(frozen=True)
class Bug:
    """Replace the bytes from ``start`` to ``end`` of a cell's source by ``text``."""

    operator: str
    start: int
    end: int
    text: str

    def plant(self, source):
        """Return ``source`` with the bug in it, and nothing else changed."""
        code = source.encode()
        return (code[: self.start] + self.text.encode() + code[self.end :]).decode()

    def line(self, source):
        """Return the number, from 0, of the line of ``source`` in which the bug begins."""
        return source.encode()[: self.start].count(b"\n")


class _Cell:
    """A code cell's text and tree."""

    def __init__(self, source):
        self.code = source.encode()
        self.starts = [0, *(match.end() for match in re.finditer(rb"\n", self.code))]
        self.tree = ast.parse(source)
        self._place_expressions_in_strings()
        self.parent = {id(child): node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.skip = _not_a_spot(self.tree)
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        self.functions = {call.func.id for call in calls}
        self.own_names = {}  # of each scope, filled as they are asked for

    def span(self, node):
        """Return where ``node`` begins and ends, in bytes; parentheses around it are not part of it."""
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node):
        start, end = self.span(node)
        return self.code[start:end].decode()

    def between(self, a, b):
        """Return where the text between two nodes begins and ends."""
        return self.span(a)[1], self.span(b)[0]

    def find(self, pattern, start, end):
        """Return where ``pattern``, a word or an operator, stands between ``start`` and ``end``, comments apart."""
        gap = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), self.code[start:end])
        match = re.search(pattern, gap)
        return start + match.start(), start + match.end()

    def sides(self, node):
        """Return a binary operation's two sides, with the parentheses around them, and where its operator stands."""
        start, end = self.span(node)
        at, after = self.find(rb"\*\*|//|<<|>>|[-+*/%@|&^]", *self.between(node.left, node.right))
        return self.code[start:at].decode().rstrip(), self.code[after:end].decode().lstrip(), (at, after)

    def _place_expressions_in_strings(self):
        """Give the expressions in f-strings their exact places: until Python 3.12 the parser's are wrong."""
        strings = _outer_strings(self.tree)
        while strings:
            string = strings.pop()
            fields = [value for value in string.values if isinstance(value, ast.FormattedValue)]
            for field, (start, end) in zip(fields, _fields(self.code, *self.span(string)), strict=True):
                inner = ast.parse(b"(" + self.code[start:end] + b")", mode="eval").body
                line = self.code.count(b"\n", 0, start)
                for node in ast.walk(inner):
                    if hasattr(node, "lineno"):
                        node.col_offset += start - self.starts[line] - 1
                        node.end_col_offset += start - self.starts[line] - 1
                        node.lineno = node.end_lineno = line + 1
                field.value = inner
                strings += _outer_strings(inner)


def _outer_strings(node):
    """Return the f-strings in ``node`` that stand in no other f-string."""
    if isinstance(node, ast.JoinedStr):
        return [node]
    return [string for child in ast.iter_child_nodes(node) for string in _outer_strings(child)]


_OPENS = re.compile(rb"([A-Za-z]*)(\"\"\"|'''|\"|')")


def _fields(code, at, end):
    """Yield where the expressions of the f-string from ``at`` to ``end`` stand; several strings in a row are one."""
    while at < end:
        opens = _OPENS.match(code, at)
        if not opens:  # space, or a comment, between strings in a row
            at = code.index(b"\n", at) if code[at : at + 1] == b"#" else at + 1
            continue
        formatted, quote, at = b"f" in opens[1].lower(), opens[2], opens.end()
        while not code.startswith(quote, at):
            if code[at : at + 1] == b"\\" or (formatted and code[at : at + 2] in (b"{{", b"}}")):
                at += 2
            elif formatted and code[at : at + 1] == b"{":
                stop = _end_of_field(code, at + 1)
                yield at + 1, stop
                depth = 1
                while depth:  # to the end of its format
                    depth += {b"{": 1, b"}": -1}.get(code[stop : stop + 1], 0)
                    stop += 1
                at = stop
            else:
                at += 1
        at += len(quote)


def _end_of_field(code, at):
    depth, quote = 0, None
    while True:
        byte = code[at : at + 1]
        if quote:
            quote = None if byte == quote else quote
        elif byte in b"'\"":
            quote = byte
        elif byte in b"([{":
            depth += 1
        elif depth and byte in b")]}":
            depth -= 1
        elif not depth and (byte in b":}" or (byte == b"!" and code[at + 1 : at + 2] != b"=")):
            return at
        at += 1


# --- the operators: each yields the bugs of its kind that can sit at one node ---------------------------------------

SWAPPED = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.FloorDiv: "/", ast.Mod: "//"}
PRODUCT = (ast.Mult, ast.Div, ast.MatMult)
COMPARED = {ast.Lt: ("<=", ">"), ast.LtE: ("<", ">="), ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=",),
            ast.NotEq: ("==",), ast.In: ("not in",), ast.NotIn: ("in",), ast.Is: ("is not",),
            ast.IsNot: ("is",)}  # fmt: skip
#: Names that are taken for one another.
EXCHANGED = {
    "mean": "sum", "sum": "mean", "median": "mean", "max": "min", "min": "max", "amax": "amin", "maximum": "minimum",
    "minimum": "maximum", "argmax": "argmin", "argmin": "argmax", "std": "var", "var": "std", "any": "all",
    "all": "any", "ceil": "floor", "floor": "ceil", "sin": "cos", "cos": "sin", "log": "log10", "log10": "log",
    "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like", "eigh": "eigvalsh",
    "float64": "float32", "no_grad": "enable_grad", "column_stack": "vstack", "vstack": "column_stack",
}  # fmt: skip
#: Functions and methods that are forgotten: f(x) becomes x, and x.f() becomes x.
FORGOTTEN = {"sqrt", "abs", "square", "exp", "log", "log10", "sign", "copy", "clone", "detach", "float", "cumsum",
             "reversed", "round", "int", "norm", "ravel", "flatten", "squeeze", "asarray"}  # fmt: skip
UPDATES = {ast.Add: ("-=", "="), ast.Sub: ("+=", "="), ast.Mult: ("/=", "="), ast.Div: ("*=",), ast.Pow: ("*=",)}
NO_STATEMENT = {"print", "show", "use_style", "display"}  # to remove one of these, a check or a drawing is seen at once


def _operation(cell, node):
    """a + b becomes a - b, a or b; a * b becomes a / b, a, b or -a * b; a @ b gets a transposed side."""
    if not isinstance(node, ast.BinOp) or _is_text(node.left) or _is_text(node.right):
        return
    kind, (left, right, operator) = type(node.op), cell.sides(node)
    start, end = cell.span(node)
    if kind in SWAPPED:
        yield Bug("arithmetic operator swapped", *operator, SWAPPED[kind])
    if kind in (ast.Mult, ast.Add, ast.Sub):
        what = "a factor dropped" if kind is ast.Mult else "a term dropped"
        yield Bug(what, start, end, left)
        yield Bug(what, start, end, right)
    elif kind in (ast.Div, ast.Pow, ast.FloorDiv):
        yield Bug("a power dropped" if kind is ast.Pow else "a divisor dropped", start, end, left)
    if kind in (ast.Sub, ast.Div) and _is_atom(cell, node.left, left) and _is_atom(cell, node.right, right):
        yield Bug("two operands swapped", start, end, f"{right} {'-' if kind is ast.Sub else '/'} {left}")
    if kind is ast.MatMult:
        for side, text in ((node.left, left), (node.right, right)):
            if isinstance(side, ast.Attribute) and side.attr == "T":
                yield Bug("an operand transposed", _before_dot(cell, side), cell.span(side)[1], "")
            elif _is_atom(cell, side, text) and text == cell.text(side):
                yield Bug("an operand transposed", cell.span(side)[1], cell.span(side)[1], ".T")
    if isinstance(node.op, PRODUCT) and not isinstance(cell.parent[id(node)], ast.BinOp):
        yield Bug("sign flipped", start, start, "-")


def _is_text(node):
    """Does + or * put texts or lists in a row here?"""
    return isinstance(node, (ast.JoinedStr, ast.List)) or isinstance(getattr(node, "value", None), (str, bytes))


def _is_atom(cell, node, text):
    return isinstance(node, (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call)) or text != cell.text(node)


def _sign(cell, node):
    """-x becomes x, not x becomes x, ~x becomes x; return x becomes return -x."""
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        what = "sign flipped" if isinstance(node.op, ast.USub) else "condition negated"
        start = cell.span(node)[0]
        yield Bug(what, start, cell.find(rb"-|\+|~|not\b", start, cell.span(node.operand)[0])[1], "")
    if isinstance(node, ast.Return) and isinstance(node.value, (ast.Call, ast.Name, ast.Subscript)):
        start = cell.span(node.value)[0]
        yield Bug("sign flipped", start, start, "-")


def _comparison(cell, node):
    """< becomes <= or >, == becomes !=, and so on; in a chain each of them."""
    if not isinstance(node, ast.Compare):
        return
    for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators):
        place = cell.find(rb"[<>=!]=?|\bnot\s+in\b|\bin\b|\bis\s+not\b|\bis\b", *cell.between(left, right))
        for other in COMPARED[type(op)]:
            yield Bug("comparison changed", *place, other)


def _constant(cell, node):
    """A number becomes another; True becomes False. Axes and indices have operators of their own."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, (str, bytes, complex, type(None), type(...))):
        return
    value, place, parent = node.value, cell.span(node), cell.parent[id(node)]
    if isinstance(value, bool):
        yield Bug("True and False swapped", *place, str(not value))
        return
    in_keyword = isinstance(parent, ast.keyword)
    if in_keyword and parent.arg in ("axis", "dim") and value in (0, 1):
        yield Bug("an axis changed", *place, str(1 - value))
        return
    if _indexed(cell, node):
        return
    minus = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)
    what = "a keyword's number changed" if in_keyword else "a number changed"
    for number in _other_numbers(value):
        if number < 0 and minus:  # -3 becomes 3, not --3
            start = cell.span(parent)[0]
            yield Bug("sign flipped", start, cell.find(rb"-", start, place[0])[1], "")
        elif number < 0 and isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow) and parent.left is node:
            continue
        else:
            yield Bug(what if number >= 0 else "sign flipped", *place, repr(number))


def _other_numbers(value):
    if isinstance(value, float):
        return [float(f"{value * 1.1:.12g}"), value * 0.5, -value] if value else [0.1, 1.0]
    others = [value + 1, value * 2, value // 2 if value % 2 == 0 else value / 2, -value] if value else [1, 2]
    return list(dict.fromkeys(others))


def _indexed(cell, node):
    """Is this number, or its minus, an index or a slice's bound?"""
    parent = cell.parent[id(node)]
    if isinstance(parent, ast.UnaryOp):
        node, parent = parent, cell.parent[id(parent)]
    if isinstance(parent, ast.Slice):
        return True
    if isinstance(parent, ast.Tuple):
        node, parent = parent, cell.parent[id(parent)]
    return isinstance(parent, ast.Subscript) and parent.slice is node


def _index(cell, node):
    """[0] becomes [1], [-1] becomes [-2], and each bound of a slice moves by one."""
    if not isinstance(node, ast.Subscript):
        return
    for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
        for bound in (part.lower, part.upper, part.step) if isinstance(part, ast.Slice) else (part,):
            number = _whole_number(bound)
            if number is not None:
                others = [number + 1, number - 1] if number not in (0, -1) else [1] if number == 0 else [-2]
                for other in others:
                    if bound is not getattr(part, "step", None) or other > 0:
                        yield Bug("an index moved by one", *cell.span(bound), str(other))
            elif isinstance(part, ast.Slice) and isinstance(bound, (ast.Name, ast.BinOp)):
                end = cell.span(bound)[1]
                yield Bug("an index moved by one", end, end, " + 1")
                yield Bug("an index moved by one", end, end, " - 1")


def _whole_number(node):
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    node = node.operand if sign < 0 else node
    known = isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)
    return sign * node.value if known else None


def _exchange(cell, node):
    """mean becomes sum, max becomes min, argmin becomes argmax, float64 becomes float32, ..."""
    if isinstance(node, ast.Attribute) and node.attr in EXCHANGED:
        end, other = cell.span(node)[1], EXCHANGED[node.attr]
        yield Bug(f"{node.attr} became {other}", end - len(node.attr), end, other)
    elif isinstance(node, ast.Name) and node.id in ("max", "min", "any", "all"):
        yield Bug(f"{node.id} became {EXCHANGED[node.id]}", *cell.span(node), EXCHANGED[node.id])


def _forgotten(cell, node):
    """np.sqrt(x) becomes (x), x.abs() becomes x, X.T becomes X."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield Bug("a transpose dropped", _before_dot(cell, node), cell.span(node)[1], "")
    if not isinstance(node, ast.Call) or _called(node) not in FORGOTTEN or _draws(node):
        return
    what = f"{_called(node)} dropped"
    function = re.fullmatch(r"\w+|(np|torch)\.[\w.]+", cell.text(node.func))  # else it is a method
    if function:
        if node.args and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
            yield Bug(what, *cell.span(node), f"({cell.text(node.args[0])})")
    else:
        yield Bug(what, _before_dot(cell, node.func), cell.span(node)[1], "")


def _before_dot(cell, attribute):
    """Return where the value of ``value.name`` ends, with the parentheses around it."""
    end = cell.span(attribute)[1] - len(attribute.attr)
    return cell.code.rindex(b".", 0, end + 1)


def _statement(cell, node):
    """A statement is forgotten: an update, a call for its effect, x = f(x)."""
    if isinstance(node, ast.AugAssign):
        target, (at, after) = node.target, cell.find(rb"[-+*/@%|&]+=", *cell.between(node.target, node.value))
        for other in UPDATES.get(type(node.op), ()):
            yield Bug(f"an update became {other}", at, after, other)
        yield Bug("a statement removed", *cell.span(node), "pass")
    elif isinstance(node, ast.Assign):
        targets = {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        reads = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if targets & reads:
            yield Bug("a statement removed", *cell.span(node), "pass")
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if not (_draws(call) or _is_check(call) or _called(call) in NO_STATEMENT | SETTINGS):
            yield Bug("a statement removed", *cell.span(node), "pass")


def _arguments(cell, node):
    """Two neighbours, names or words, change places; a keyword is forgotten; range(n) becomes range(n - 1)."""
    if isinstance(node, (ast.Call, ast.Tuple, ast.List)):
        elements = node.args if isinstance(node, ast.Call) else node.elts
        for a, b in zip(elements, elements[1:]):
            alike = _is_plain_name(a) and _is_plain_name(b) or _is_word(a) and _is_word(b)
            if alike and cell.text(a) != cell.text(b) and not {id(a), id(b)} & cell.skip:
                between = cell.code[cell.span(a)[1] : cell.span(b)[0]].decode()
                what = "two arguments swapped" if isinstance(node, ast.Call) else "two elements swapped"
                yield Bug(what, cell.span(a)[0], cell.span(b)[1], cell.text(b) + between + cell.text(a))
    if not isinstance(node, ast.Call) or _draws(node) or _called(node) in SETTINGS | {"print"} or _is_check(node):
        return
    arguments = sorted([*node.args, *node.keywords], key=cell.span)
    for before, keyword in zip(arguments, arguments[1:]):
        if isinstance(keyword, ast.keyword) and keyword.arg:
            comma = cell.find(rb",", *cell.between(before, keyword))[0]
            yield Bug("a keyword forgotten", comma, cell.span(keyword)[1], "")
    if _called(node) in ("range", "arange") and node.args:
        last = node.args[min(1, len(node.args) - 1)]
        if _whole_number(last) is None:
            yield Bug("a range one shorter", cell.span(last)[1], cell.span(last)[1], " - 1")
        elif last.lineno:
            yield Bug("a range one shorter", *cell.span(last), str(_whole_number(last) - 1))


def _is_plain_name(node):
    return isinstance(node, ast.Name) and node.id not in CANVASES | MODULES


def _is_word(node):
    """Is this a string with letters in it, and no line's format?"""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(re.search("[A-Za-z]{2}", node.value))


def _decision(cell, node):
    """A condition is negated; and becomes or."""
    if isinstance(node, ast.BoolOp):
        for a, b in zip(node.values, node.values[1:]):
            other = "or" if isinstance(node.op, ast.And) else "and"
            yield Bug("and and or swapped", *cell.find(rb"\band\b|\bor\b", *cell.between(a, b)), other)
    tests = [node.test] if isinstance(node, (ast.If, ast.IfExp, ast.While)) else getattr(node, "ifs", [])
    for test in tests:
        start, end = cell.span(test)
        yield Bug("condition negated", start, end, f"not ({cell.text(test)})")


def _name(cell, node):
    """x becomes y: another name that is read or bound in the same function (outside of one, in the cell so far)."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or not _is_data(cell, node.id):
        return
    for other in _names_nearby(cell, node):
        if other != node.id:
            yield Bug(f"another name: {node.id} became {other}", *cell.span(node), other)


NO_DATA = CANVASES | LOOKS | MODULES | set(dir(builtins))


def _is_data(cell, name):
    """Is ``name`` neither a module, nor a function that this cell calls, nor a look?"""
    return name not in NO_DATA and name not in cell.functions


_LARGE_SCOPES = (ast.FunctionDef, ast.Module)
_SMALL_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _names_nearby(cell, node):
    """Return the names of data that can be read where ``node`` stands, in alphabetical order."""
    scope, found = node, set()
    while not isinstance(scope, _LARGE_SCOPES):
        scope = cell.parent[id(scope)]
        if isinstance(scope, (*_LARGE_SCOPES, *_SMALL_SCOPES)):
            found |= _bound_by(scope)
            for name in _own_names(cell, scope):
                if name.lineno < node.lineno or (name.lineno == node.lineno and isinstance(name.ctx, ast.Load)):
                    found.add(name.id)
    return sorted(name for name in found if _is_data(cell, name))


def _bound_by(scope):
    """Return the names that a function's arguments or a comprehension's loops bind."""
    targets = [generator.target for generator in getattr(scope, "generators", ())]
    if hasattr(scope, "args"):
        targets.append(scope.args)
    nodes = [node for target in targets for node in ast.walk(target) if isinstance(node, (ast.arg, ast.Name))]
    return {node.arg if isinstance(node, ast.arg) else node.id for node in nodes}


def _own_names(cell, scope):
    """Return the names in a scope that are no drawing and do not stand in a scope inside it."""
    if id(scope) not in cell.own_names:
        names, queue = [], list(ast.iter_child_nodes(scope))
        while queue:
            node = queue.pop()
            if isinstance(node, ast.Name) and id(node) not in cell.skip:
                names.append(node)
            if not isinstance(node, (*_LARGE_SCOPES, *_SMALL_SCOPES, ast.ClassDef)):
                queue += ast.iter_child_nodes(node)
        cell.own_names[id(scope)] = names
    return cell.own_names[id(scope)]


def _key(cell, node):
    """row["loss"] becomes row["rate"]: another word in brackets of the same cell."""
    if isinstance(node, ast.Subscript) and _is_word(node.slice):
        brackets = [other for other in ast.walk(cell.tree) if isinstance(other, ast.Subscript)]
        words = {b.slice.value for b in brackets if _is_word(b.slice) and id(b) not in cell.skip}
        for other in sorted(words - {node.slice.value}):
            quote = cell.text(node.slice)[-1]
            yield Bug("another key", *cell.span(node.slice), quote + other + quote)


OPERATORS = (_operation, _sign, _comparison, _constant, _index, _exchange, _forgotten, _statement, _arguments,
             _decision, _key)  # fmt: skip


def spots(source):
    """Return the spots of a code cell, in order; a spot is the list of the bugs that can sit at one place.

    The place is a node of the syntax tree. For names taken for one another it is the whole statement, or half of all
    spots would be names.
    """
    cell, found = _Cell(source), {}
    for node in ast.walk(cell.tree):
        if id(node) in cell.skip:
            continue
        found[id(node)] = [bug for operator in OPERATORS for bug in operator(cell, node)]
        if isinstance(node, ast.Name):
            statement = node
            while not isinstance(statement, ast.stmt):
                statement = cell.parent[id(statement)]
            found.setdefault((id(statement), "names"), []).extend(_name(cell, node))
    lists = [[bug for bug in bugs if bug.plant(source) != source] for bugs in found.values()]
    return sorted((bugs for bugs in lists if bugs), key=lambda bugs: (bugs[0].start, bugs[0].end, bugs[0].operator))


# --- the sample -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planted:
    """A bug in a cell: ``cells`` holds (notebook, number of its code cell, from 1) once or, for both twins, twice."""

    cells: tuple
    source: str
    bug: Bug


def sample(root, pairs, one_side=ONE_SIDE, both_sides=BOTH_SIDES, seed=SEED):
    """Draw bugs: return those in cells that stand in one twin only, and those in cells that stand in both alike.

    pairs: NumPy notebooks relative to ``root``, without ``.ipynb``. Each spot is equally likely, then each bug that can
    sit there; no spot is drawn twice. The same seed and notebooks give the same bugs, and a larger sample begins with
    the smaller one.
    """
    one, both = [], []
    for pair in pairs:
        names = pair, pair + TORCH_SUFFIX
        cells = [code_cells(root / f"{name}.ipynb") for name in names]
        for side, name in enumerate(names):
            for number, source in enumerate(cells[side], 1):
                if source not in cells[1 - side]:
                    one += [(((name, number),), source, bugs) for bugs in spots(source)]
                elif side == 0:
                    places = (name, number), (names[1], cells[1].index(source) + 1)
                    both += [(places, source, bugs) for bugs in spots(source)]
    return _draw(one, one_side, seed), _draw(both, both_sides, seed)


def _draw(population, count, seed):
    rng = random.Random(seed)
    rng.shuffle(population)
    return [Planted(cells, source, rng.choice(bugs)) for cells, source, bugs in population[:count]]


# --- what a run showed, compared ------------------------------------------------------------------------------------

TWINS, PROSE, OUTPUTS, NOTHING = "twins", "prose", "outputs", "nothing"
IMAGES = {"image/png", "image/jpeg", "application/vnd.jupyter.widget-view+json"}  # these differ from machine to machine


def shown(outputs):
    """Return what a cell's outputs say, in order, as [[stream or kind of output, text]]; pictures and widgets apart."""
    found = []
    for output in outputs:
        if output["output_type"] == "stream":
            if not found or found[-1][0] != output["name"]:
                found.append([output["name"], ""])
            found[-1][1] += "".join(output["text"])
        else:
            data = {kind: "".join(text) for kind, text in output.get("data", {}).items() if kind not in IMAGES}
            found.append([output["output_type"], data or output.get("ename")])
    return found


def changed_outputs(stored, fresh):
    """Return where the code cells of a run say something else than the stored ones, in sentences."""
    pairs = [(a, b) for a, b in zip(stored, fresh, strict=True) if a.kind == "code" and a.source.strip()]
    return [
        f"the output of code cell {number} changed"
        for number, (old, new) in enumerate(pairs, 1)
        if "NBVAL_IGNORE_OUTPUT" not in old.source and shown(old.outputs) != shown(new.outputs)
    ]


def judge(stored, mutant, twin, stored_labs=(), known=()):
    """Return what tells a run of a changed notebook from the unchanged pair: one of the four words, and a sentence.

    known: sentences that the unchanged notebook gives as well, so that they tell nothing. The rest: see ``findings``.
    """
    for kind, problems in findings(stored, mutant, twin, stored_labs):
        unknown = [problem for problem in problems if problem not in known]
        if unknown:
            return kind, unknown[0]
    return NOTHING, ""


def findings(stored, mutant, twin, stored_labs=()):
    """Yield what the proof's comparisons say, as (kind, sentences), in the order in which they count.

    stored: the notebook's cells as in its file. mutant, twin: a compare.Run of the changed notebook and of its unchanged
    twin. stored_labs: the states of the labs that lie beside the notebook.
    """
    import compare  # these load matplotlib and more, and only judging needs them
    import prose

    pair = (twin, mutant) if mutant.stem.endswith(TORCH_SUFFIX) else (mutant, twin)
    yield TWINS, compare.compare_pair(*pair).problems
    yield PROSE, prose.check_notebook(mutant.cells)
    yield OUTPUTS, changed_outputs(stored, mutant.cells) + compare.compare_with_stored(mutant, stored, stored_labs)


def parted(mine, other, seen):
    """Compare the checkpoints of two records from number ``seen`` on, as far as ``mine`` goes.

    Returns (how many ``mine`` has, how they differ or None).
    """
    lines = mine.read_text(encoding="utf-8").splitlines() if mine.exists() else []
    if len(lines) <= seen:
        return len(lines), None
    pieces = lines[seen:], other.read_text(encoding="utf-8").splitlines()[seen : len(lines)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.jsonl" for number in range(2)]
        for path, piece in zip(paths, pieces):
            path.write_text("\n".join(piece), encoding="utf-8")
        problems = compare_records(*paths)[1]
    return len(lines), problems[0] if problems else None


# --- processes: forked, watched, and none left behind ---------------------------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
MEMORY = 6 * 2**30  # what a bug may ask for on top


def _fork(work):
    """Run ``work(send)`` in a forked process that ends with this one; return (its number, the pipe it sends to)."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # orphans of what the notebook starts stay in sight
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's affair
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(read)
        with open(write, "wb", buffering=0) as pipe:
            work(lambda message: _write_all(pipe, json.dumps(message).encode() + b"\n"))
        status = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        _end(_descendants(os.getpid()))
        os._exit(status)  # no exit handlers: they are those of the process that was forked


def _write_all(pipe, content):
    while content:
        content = content[pipe.write(content) :]


def _descendants(pid):
    """Return all processes below ``pid``."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" ", 1)
        except OSError:
            continue
        children.setdefault(int(rest.rsplit(")", 1)[1].split()[1]), []).append(int(number))
    found, queue = [], [pid]
    while queue:
        queue += (below := children.get(queue.pop(), []))
        found += below
    return found


def _end(pids):
    """Kill processes, and bury those that are this process's children."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


class _Files:
    """What stands in the files under a folder, to be put back when a bug's run has changed it."""

    def __init__(self, folder):
        self.folder = folder
        self.saved = {path: (self._stamp(path), path.read_bytes()) for path in self._files()}

    def _files(self):
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def _stamp(self, path):
        return path.stat().st_size, path.stat().st_mtime_ns

    def put_back(self):
        for path in set(self._files()) - set(self.saved):
            path.unlink()
        for path, (stamp, content) in self.saved.items():
            if not path.exists() or self._stamp(path) != stamp:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("r+b" if path.exists() else "wb") as file:  # the same file: it may be open
                    file.write(content)
                    file.truncate()
                self.saved[path] = self._stamp(path), content


# --- the runs -------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """An unchanged notebook's run: its cells with fresh outputs, each code cell's seconds, the file of checkpoints."""

    cells: list
    seconds: list
    record: Path


@dataclass(frozen=True)
class Task:
    """Bug number ``number`` of the sample, planted in code cell ``cell`` of the notebook that a walk runs."""

    number: int
    cell: int
    bug: Bug
    alone: bool  # in this twin only: compared with the unchanged twin. Else compared with what is stored.


class Course:
    """The pairs under ``root``: runs of the unchanged notebooks, and walks, which plant bugs."""

    def __init__(self, root, pairs, work):
        self.root, self.work = root, work
        self.names = [name for pair in pairs for name in (pair, pair + TORCH_SUFFIX)]
        self.stored = {name: read_notebook(root / f"{name}.ipynb") for name in self.names}
        self.runs, self.known = {}, {}  # known: what is found without any bug

    def sources(self, name):
        return [cell.source for cell in self.stored[name] if cell.kind == "code" and cell.source.strip()]

    def with_outputs(self, name, outputs):
        """Return the notebook's cells, the code cells with these outputs."""
        outputs = iter(outputs)
        return [
            dataclasses.replace(cell, outputs=next(outputs)) if cell.kind == "code" and cell.source.strip() else cell
            for cell in self.stored[name]
        ]

    def twin(self, name):
        return name.removesuffix(TORCH_SUFFIX) if name.endswith(TORCH_SUFFIX) else name + TORCH_SUFFIX

    def open(self, name):
        """Return (a shell for the notebook in a copy of its folder, the folder in which all its files lie)."""
        folder = Path(tempfile.mkdtemp(dir=self.work))
        shutil.copytree((self.root / name).parent, folder / "round")
        for part in ("records", "tmp"):
            (folder / part).mkdir()
        os.environ |= {"COURSE_RECORD_DIR": str(folder / "records"), "TMPDIR": str(folder / "tmp"),
                       "COURSE_NO_PICTURES": "1"}  # fmt: skip
        tempfile.tempdir = None  # so that it looks at TMPDIR again
        return open_shell(folder / "round"), folder

    def run(self, name, send):
        """Run the unchanged notebook; send its outputs, the seconds of its cells and the place of its record."""
        shell, folder = self.open(name)
        outputs, seconds = [], []
        for number, source in enumerate(self.sources(name), 1):
            start = time.monotonic()
            outputs.append(shell.run(source))
            seconds.append(time.monotonic() - start)
            if failed(outputs[-1]):
                raise RuntimeError(f"unchanged, {name} fails in code cell {number}: {failed(outputs[-1])}")
        for output in (output for cell in outputs for output in cell):
            output.get("data", {}).update({kind: "" for kind in IMAGES & set(output.get("data", {}))})
        record = folder / "records" / f"{Path(name).name}.jsonl"
        send({"outputs": outputs, "seconds": seconds, "record": str(record)})

    def walk(self, name, tasks, send):
        """Run the notebook as it is; before a cell with bugs fork a process for each, which goes on with the bug."""
        shell, folder = self.open(name)
        outputs, last = [], max(task.cell for task in tasks)
        for cell, source in enumerate(self.sources(name)[:last], 1):
            here = [task for task in tasks if task.cell == cell]
            if here:
                _wait_for_processes(shell)
                files, limit = _Files(folder), 4 * sum(self.runs[name].seconds[cell - 1 :]) + 20
            for task in here:
                before, start = set(_descendants(os.getpid())), time.monotonic()
                pid, pipe = _fork(lambda answer, task=task: answer(self.mutant(name, task, shell, folder, outputs)))
                verdict, why = _answer(pipe, limit)
                _end([pid, *(set(_descendants(os.getpid())) - before - {pid})])
                files.put_back()
                send({"number": task.number, "verdict": verdict, "why": why, "seconds": time.monotonic() - start})
            outputs.append(shell.run(source) if cell < last else [])

    def mutant(self, name, task, shell, folder, outputs):
        """Go on from the bug's cell to the end, or to the first difference that decides; return (verdict, why)."""
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        run, twin = self.runs[name], self.runs[self.twin(name)]
        record = folder / "records" / run.record.name
        other = twin.record if task.alone else run.record
        seen = parted(record, other, 0)[0]
        expected = [cell.outputs for cell in run.cells if cell.kind == "code" and cell.source.strip()]
        for cell, source in list(enumerate(self.sources(name), 1))[task.cell - 1 :]:
            outputs.append(shell.run(task.bug.plant(source) if cell == task.cell else source))
            if failed(outputs[-1]):
                return TWINS, f"code cell {cell} raises {failed(outputs[-1])}"[:200]
            seen, problem = parted(record, other, seen)
            if problem:
                return TWINS, problem
            ignored = task.alone or "NBVAL_IGNORE_OUTPUT" in source
            if not ignored and shown(outputs[-1]) != shown(expected[cell - 1]):
                return OUTPUTS, f"the output of code cell {cell} changed"
        if not record.exists():
            return TWINS, "no checkpoint is recorded"
        return judge(*self.evidence(name, self.with_outputs(name, outputs), record), self.known[name])

    def evidence(self, name, cells, record):
        """Return what a run of the notebook, with a bug or without, is judged by: the arguments of ``judge``."""
        import compare

        twin, labs = self.runs[self.twin(name)], compare.stored_labs(self.root / f"{name}.ipynb")
        sides = [compare.Run(own, path.stem, path.parent) for own, path in ((cells, record), (twin.cells, twin.record))]
        return self.stored[name], *sides, labs


def _wait_for_processes(shell):
    """Let the processes that the notebook has started end, and keep what they print.

    A forked process can neither wait for its parent's processes nor share the pipes from them.
    """
    for process in shell.user_ns.values():
        if isinstance(process, subprocess.Popen) and process.returncode is None:
            printed = process.communicate(timeout=300)
            process.communicate = lambda *_, printed=printed, **__: printed


def _answer(pipe, limit):
    """Return the (verdict, why) that comes out of a pipe; to die, or to be silent for too long, is to be caught."""
    content, end = b"", time.monotonic() + limit
    with open(pipe, "rb", buffering=0) as file:
        while not content.endswith(b"\n"):
            if not select.select([file], [], [], max(end - time.monotonic(), 0))[0]:
                return TWINS, f"does not end in {limit:.0f} seconds"
            piece = file.read(65536)
            if not piece:
                return TWINS, "the process dies"
            content += piece
    return json.loads(content)


def run_jobs(jobs, count, received):
    """Run jobs, ``count`` at a time, each in a process of its own; hand each of their messages to ``received``.

    Raises RuntimeError if one fails. Nothing is left running, whatever happens.
    """
    jobs, running = list(jobs), {}
    try:
        while jobs or running:
            while jobs and len(running) < count:
                pid, pipe = _fork(jobs.pop(0))
                running[pipe] = pid, b""
            for pipe in select.select(list(running), [], [])[0]:
                pid, content = running[pipe]
                piece = os.read(pipe, 1 << 20)
                *lines, rest = (content + piece).split(b"\n")
                for line in lines:
                    received(json.loads(line))
                running[pipe] = pid, rest
                if not piece:
                    os.close(pipe)
                    del running[pipe]
                    if os.waitpid(pid, 0)[1]:
                        raise RuntimeError("a run failed: see above")
    finally:
        _end([pid for first, _ in running.values() for pid in [*_descendants(first), first]])


def preload():
    """Load what notebooks import, once for all processes that are forked from this one."""
    for name in ("matplotlib.pyplot", "sklearn.datasets", "sklearn.linear_model", "course_utils.labs_round3"):
        import_module(name)
    import torch

    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1)])  # a process's first optimizer loads a compiler


def _chunks(course, name, tasks, longest=150):
    """Cut a notebook's tasks into walks of some ``longest`` seconds each, in the order of their cells."""
    found, seconds = [], course.runs[name].seconds
    for task in sorted(tasks, key=lambda task: task.cell):
        cost = sum(seconds[task.cell - 1 :]) * 0.6
        if not found or found[-1][0] + cost > longest:
            found.append([sum(seconds[: task.cell - 1]), []])
        found[-1][0] += cost
        found[-1][1].append(task)
    return [(cost, name, chunk) for cost, chunk in found]


def plant(root, pairs, one, both, jobs=2, only="", progress=lambda text: None):
    """Plant the bugs ``one`` and ``both`` of a sample; return for each (verdict, why, seconds), None if it is left out.

    only: what a pair's name must have in it for its bugs to be planted.
    """
    bugs = one + both
    wanted = [number for number, planted in enumerate(bugs) if only in planted.cells[0][0]]
    verdicts = [None] * len(bugs)
    with tempfile.TemporaryDirectory() as work:
        pairs = [pair for pair in pairs if only in pair]
        course = Course(root, pairs, Path(work))
        _run_unchanged(course, jobs, progress)

        def received(message):
            verdicts[message["number"]] = message["verdict"], message["why"], message["seconds"]
            done = sum(verdict is not None for verdict in verdicts)
            progress(f"{done} of {len(wanted)} bugs planted")

        for side in range(2):  # a bug in both twins that the NumPy notebook's run shows is caught
            tasks = {}
            for number in wanted:
                planted, alone = bugs[number], number < len(one)
                if side == 0 or (not alone and verdicts[number][0] == NOTHING):
                    name, cell = planted.cells[side]
                    tasks.setdefault(name, []).append(Task(number, cell, planted.bug, alone))
            chunks = [chunk for name in tasks for chunk in _chunks(course, name, tasks[name])]
            chunks.sort(key=lambda chunk: -chunk[0])
            walks = [lambda send, name=name, chunk=chunk: course.walk(name, chunk, send) for _, name, chunk in chunks]
            run_jobs(walks, jobs, received)
    return verdicts


def _run_unchanged(course, jobs, progress):
    """Run each notebook as it is, and note what the proof finds there already.

    Raises RuntimeError if one fails or its checkpoints are not its twin's: then nothing can be told from them.
    """
    def run(name, send):
        course.run(name, lambda message: send(message | {"name": name}))

    def received(message):
        name = message["name"]
        cells = course.with_outputs(name, message["outputs"])
        course.runs[name] = Run(cells, message["seconds"], Path(message["record"]))
        progress(f"{len(course.runs)} of {len(course.names)} notebooks run unchanged")

    names = sorted(course.names, key=lambda name: not name.endswith(TORCH_SUFFIX))  # the long ones first
    run_jobs([lambda send, name=name: run(name, send) for name in names], jobs, received)
    for name in course.names:
        found = findings(*course.evidence(name, course.runs[name].cells, course.runs[name].record))
        course.known[name] = [problem for _, problems in found for problem in problems]
        apart = compare_records(course.runs[name].record, course.runs[course.twin(name)].record)[1]
        if apart:
            raise RuntimeError(f"{name} and its twin part without any bug: {apart[0]}")
        for problem in course.known[name]:
            print(f"without any bug, so it does not count: {name}: {problem}", file=sys.stderr, flush=True)


# --- the report -----------------------------------------------------------------------------------------------------


def wilson(count, total, z=1.959964):
    """Return the 95 % interval of a share, after Wilson (1927)."""
    if not total:
        return 0.0, 1.0
    share, extra = count / total, z * z / total
    middle, half = share + extra / 2, z * math.sqrt(share * (1 - share) / total + extra / (4 * total))
    return max((middle - half) / (1 + extra), 0.0), min((middle + half) / (1 + extra), 1.0)


def table(title, rows, verdicts):
    """Return a population's table; rows: [(words, verdicts that count)]."""
    lines = [f"{title}: {len(verdicts)} bugs"]
    for words, kinds in rows:
        count = sum(verdict[0] in kinds for verdict in verdicts)
        low, high = wilson(count, len(verdicts))
        share = count / max(len(verdicts), 1)
        lines.append(f"  {words:24} {count:4}   {share:6.1%}   (95 %: {low:.1%} to {high:.1%})")
    return "\n".join(lines)


def describe(planted, verdict):
    """Return a bug in words: where, what, and the lines before and after."""
    before, after = planted.source.splitlines(), planted.bug.plant(planted.source).splitlines()
    first = planted.bug.line(planted.source)
    length = planted.source.encode()[planted.bug.start : planted.bug.end].count(b"\n") + 1
    where = ", ".join(f"{name}, code cell {number}" for name, number in planted.cells)
    lines = [f"{verdict[0]}: {where}: {planted.bug.operator}" + (f" ({verdict[1]})" if verdict[1] else "")]
    lines += [f"    - {line.strip()}" for line in before[first : first + length]]
    lines += [f"    + {line.strip()}" for line in after[first : first + length - (len(before) - len(after))]]
    return "\n".join(lines)


ONE_ROWS = [("caught by the twins", {TWINS}), ("by the prose", {PROSE}), ("by stored outputs only", {OUTPUTS}),
            ("by nothing", {NOTHING})]  # fmt: skip
BOTH_ROWS = [("caught", {TWINS, PROSE, OUTPUTS}), ("by nothing", {NOTHING})]


def report(one, both, verdicts):
    """Return (the tables and the survivors, the caught bugs), in words."""
    told = [(planted, verdict) for planted, verdict in zip(one + both, verdicts)]
    first = [pair for pair in told[: len(one)] if pair[1]]
    second = [pair for pair in told[len(one) :] if pair[1]]
    parts = [table("In one twin only", ONE_ROWS, [verdict for _, verdict in first]),
             table("In both twins at once", BOTH_ROWS, [verdict for _, verdict in second])]  # fmt: skip
    alive = [pair for pair in first + second if pair[1][0] == NOTHING]
    alive += [pair for pair in first if pair[1][0] == OUTPUTS]
    parts += [f"Survivors: {len(alive)}", *(describe(*pair) for pair in alive)]
    caught = [describe(*pair) for pair in first + second if pair not in alive]
    return "\n\n".join(parts), "\n\n".join(caught)


def show_branches(root, pairs, jobs):
    """Print, for each notebook, the arms of its code that none of its cells reaches."""
    def look(name, send):
        course.open(name)
        send({"name": name, "arms": unreached_arms(Path.cwd() / f"{Path(name).name}.ipynb")})

    with tempfile.TemporaryDirectory() as work:
        course, found = Course(root, pairs, Path(work)), {}
        looks = [lambda send, name=name: look(name, send) for name in course.names]
        run_jobs(looks, jobs, lambda message: found.update({message["name"]: message["arms"]}))
    for name in course.names:
        print(f"{name}: {len(found[name]) or 'no'} arms that nothing reaches")
        for cell, line, what, text in found[name]:
            print(f"  code cell {cell}, line {line}: {what}: {text}")


def main():
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Plants random bugs in the notebooks and counts what catches them.")
    parser.add_argument("--count", type=int, default=ONE_SIDE, help="bugs in one twin only")
    parser.add_argument("--both", type=int, default=BOTH_SIDES, help="bugs in both twins at once")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only bugs of pairs whose name has this in it, such as Round3")
    parser.add_argument("--report", type=Path, help="write tables, survivors and caught bugs to this file")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="SHARE",
                        help="exit with 1 if the twins and the prose catch less than this share of the first")
    parser.add_argument("--branches", action="store_true", help="instead: list the code that no cell reaches")
    arguments = parser.parse_args()
    if sys.platform != "linux":
        print("plant_bugs.py forks processes with loaded libraries and needs Linux", file=sys.stderr)
        return 2
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # Libraries have read this when they were loaded, and a process with threads cannot be forked.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    from prove import PAIRS, ROOT

    pairs = [pair for pair in PAIRS if arguments.only in pair]
    if arguments.branches:
        show_branches(ROOT, pairs, arguments.jobs)
        return 0
    start = told = time.monotonic()

    def progress(text):
        nonlocal told
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"{text}, {(told - start) / 60:.1f} minutes", file=sys.stderr, flush=True)

    preload()
    one, both = sample(ROOT, PAIRS, arguments.count, arguments.both, arguments.seed)
    verdicts = plant(ROOT, pairs, one, both, arguments.jobs, arguments.only, progress)
    text, caught = report(one, both, verdicts)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = f"seed {arguments.seed}, {(time.monotonic() - start) / 60:.1f} minutes"
    minutes += f", {(used.ru_utime + used.ru_stime) / 60:.1f} of a processor"
    print(f"{text}\n\n{minutes}")
    if arguments.report:
        arguments.report.write_text(f"{text}\n\n{minutes}\n\nCaught\n\n{caught}\n", encoding="utf-8")
    found = [verdict[0] in (TWINS, PROSE) for verdict in verdicts[: len(one)] if verdict]
    return int(sum(found) < arguments.at_least * len(found))


if __name__ == "__main__":
    sys.exit(main())
