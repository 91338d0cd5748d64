"""Random bugs: what a bug is, where in a code cell one can sit, and which are drawn.

``spots(source)`` returns each place of a code cell where a bug can sit, with all the bugs that can
sit there: slips that students and refactorings really make (a sign, a factor, mean for sum, an
index off by one, x for y, a forgotten ``zero_grad()``). It reads nothing but the source, and
``sample`` draws from all spots of all pairs with a fixed seed: neither knows which bugs are caught.
plant_bugs.py plants them.
"""

import ast
import builtins
import random
import re
from dataclasses import dataclass

from course_utils.contents import TORCH_SUFFIX
from course_utils.notebooks import code_cells

SEED = 20_251_125
# How many bugs: in cells of one twin only, and in cells that stand in both twins alike.
ONE_SIDE, BOTH_SIDES = 320, 110

# --- what is not a spot ---------------------------------------------------------------------------

#: Names of figures and axes in this course; what is called on them draws.
CANVASES = {
    "plt",
    "fig",
    "figure",
    "ax",
    "axes",
    "axis",
    "left",
    "middle",
    "right",
    "upper",
    "lower",
    "patheffects",
}
#: The drawing calls whose positional arguments are data. A third one that is a name is a format
#: ("o-"), not data.
DRAWS_DATA = {
    "plot",
    "scatter",
    "loglog",
    "semilogx",
    "semilogy",
    "step",
    "bar",
    "barh",
    "contour",
    "contourf",
    "vlines",
    "hlines",
    "axhline",
    "axvline",
    "axhspan",
    "axvspan",
    "fill_between",
    "errorbar",
    "hist",
    "imshow",
}
WITH_FORMAT = {"plot", "loglog", "semilogx", "semilogy", "step"}
#: Their keywords that are data, too.
DATA_KEYWORDS = {"levels", "bins", "yerr"}
#: Names that hold looks or places of labels.
LOOKS = {
    "colour",
    "colours",
    "color",
    "dash",
    "marker",
    "style",
    "styles",
    "looks",
    "place",
    "rim",
    "PALETTE",
}
#: Names that hold no data either.
MODULES = {
    "np",
    "torch",
    "nn",
    "F",
    "os",
    "sys",
    "subprocess",
    "tempfile",
    "timeit",
    "zipfile",
    "json",
    "pickle",
    "atexit",
    "twin",
    "self",
    "device",
    "lr_scheduler",
}
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
    """Return the nodes under which nothing is a spot: imports, drawing, words, and how a value is
    recorded.
    """
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
            found += [
                node.func,
                *node.args[:1],
                *(k for k in node.keywords if k.arg in CHECK_KEYWORDS),
            ]
        elif isinstance(node, ast.Call) and _draws(node):
            name, data = _called(node), []
            if name in DRAWS_DATA:
                formats = node.args[2:] if name in WITH_FORMAT else []
                data = [a for a in node.args if a not in formats or not isinstance(a, ast.Name)]
            found += [node.func, *(a for a in node.args if a not in data)]
            found += [
                k for k in node.keywords if not (name in DRAWS_DATA and k.arg in DATA_KEYWORDS)
            ]
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
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple)
    ]
    for loop in loops:
        for row in getattr(loop.iter, "elts", ()):
            for target, element in zip(loop.target.elts, getattr(row, "elts", ())):
                if (
                    isinstance(target, ast.Name)
                    and all(loads.get(target.id, [False]))
                    and _is_literal(element)
                ):
                    found |= {id(target), *(id(below) for below in ast.walk(element))}
    return found


def _is_literal(node):
    kinds = (ast.Constant, ast.Tuple, ast.List, ast.UnaryOp, ast.USub, ast.Load)
    return all(isinstance(below, kinds) for below in ast.walk(node))


# --- the cell's text, and where its nodes stand in it ---------------------------------------------


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
        self.parent = {
            id(child): node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }
        self.skip = _not_a_spot(self.tree)
        calls = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        self.functions = {call.func.id for call in calls}
        self.own_names = {}  # of each scope, filled as they are asked for

    def span(self, node):
        """Return where ``node`` begins and ends, in bytes; parentheses around it are not part of
        it.
        """
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[
            node.end_lineno - 1
        ] + node.end_col_offset

    def text(self, node):
        start, end = self.span(node)
        return self.code[start:end].decode()

    def between(self, a, b):
        """Return where the text between two nodes begins and ends."""
        return self.span(a)[1], self.span(b)[0]

    def find(self, pattern, start, end):
        """Return where ``pattern``, a word or an operator, stands between ``start`` and ``end``,
        comments apart.
        """
        gap = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), self.code[start:end])
        match = re.search(pattern, gap)
        return start + match.start(), start + match.end()

    def sides(self, node):
        """Return a binary operation's two sides, with the parentheses around them, and where its
        operator stands.
        """
        start, end = self.span(node)
        at, after = self.find(rb"\*\*|//|<<|>>|[-+*/%@|&^]", *self.between(node.left, node.right))
        return (
            self.code[start:at].decode().rstrip(),
            self.code[after:end].decode().lstrip(),
            (at, after),
        )

    def _place_expressions_in_strings(self):
        """Give the expressions in f-strings their exact places: until Python 3.12 the parser's are
        wrong.
        """
        strings = _outer_strings(self.tree)
        while strings:
            string = strings.pop()
            fields = [value for value in string.values if isinstance(value, ast.FormattedValue)]
            for field, (start, end) in zip(
                fields, _fields(self.code, *self.span(string)), strict=True
            ):
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
    """Yield where the expressions of the f-string from ``at`` to ``end`` stand; several strings in
    a row are one.
    """
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


# --- the operators: each yields the bugs of its kind that can sit at one node ---------------------

SWAPPED = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.Pow: "*",
    ast.FloorDiv: "/",
    ast.Mod: "//",
}
PRODUCT = (ast.Mult, ast.Div, ast.MatMult)
COMPARED = {
    ast.Lt: ("<=", ">"),
    ast.LtE: ("<", ">="),
    ast.Gt: (">=", "<"),
    ast.GtE: (">", "<="),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
}
#: Names that are taken for one another.
EXCHANGED = {
    "mean": "sum",
    "sum": "mean",
    "median": "mean",
    "max": "min",
    "min": "max",
    "amax": "amin",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "argmin": "argmax",
    "std": "var",
    "var": "std",
    "any": "all",
    "all": "any",
    "ceil": "floor",
    "floor": "ceil",
    "sin": "cos",
    "cos": "sin",
    "log": "log10",
    "log10": "log",
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "eigh": "eigvalsh",
    "float64": "float32",
    "no_grad": "enable_grad",
    "column_stack": "vstack",
    "vstack": "column_stack",
}
#: Functions and methods that are forgotten: f(x) becomes x, and x.f() becomes x.
FORGOTTEN = {
    "sqrt",
    "abs",
    "square",
    "exp",
    "log",
    "log10",
    "sign",
    "copy",
    "clone",
    "detach",
    "float",
    "cumsum",
    "reversed",
    "round",
    "int",
    "norm",
    "ravel",
    "flatten",
    "squeeze",
    "asarray",
}
UPDATES = {
    ast.Add: ("-=", "="),
    ast.Sub: ("+=", "="),
    ast.Mult: ("/=", "="),
    ast.Div: ("*=",),
    ast.Pow: ("*=",),
}
# To remove one of these, a check or a drawing is seen at once.
NO_STATEMENT = {"print", "show", "use_style", "display"}


def _operation(cell, node):
    """a + b becomes a - b, a or b; a * b becomes a / b, a, b or -a * b; a @ b gets a transposed
    side.
    """
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
    if (
        kind in (ast.Sub, ast.Div)
        and _is_atom(cell, node.left, left)
        and _is_atom(cell, node.right, right)
    ):
        yield Bug(
            "two operands swapped", start, end, f"{right} {'-' if kind is ast.Sub else '/'} {left}"
        )
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
    return isinstance(node, (ast.JoinedStr, ast.List)) or isinstance(
        getattr(node, "value", None), (str, bytes)
    )


def _is_atom(cell, node, text):
    return isinstance(
        node, (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call)
    ) or text != cell.text(node)


def _sign(cell, node):
    """-x becomes x, not x becomes x, ~x becomes x; return x becomes return -x."""
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        what = "sign flipped" if isinstance(node.op, ast.USub) else "condition negated"
        start = cell.span(node)[0]
        yield Bug(
            what, start, cell.find(rb"-|\+|~|not\b", start, cell.span(node.operand)[0])[1], ""
        )
    if isinstance(node, ast.Return) and isinstance(node.value, (ast.Call, ast.Name, ast.Subscript)):
        start = cell.span(node.value)[0]
        yield Bug("sign flipped", start, start, "-")


def _comparison(cell, node):
    """< becomes <= or >, == becomes !=, and so on; in a chain each of them."""
    if not isinstance(node, ast.Compare):
        return
    for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators):
        place = cell.find(
            rb"[<>=!]=?|\bnot\s+in\b|\bin\b|\bis\s+not\b|\bis\b", *cell.between(left, right)
        )
        for other in COMPARED[type(op)]:
            yield Bug("comparison changed", *place, other)


def _constant(cell, node):
    """A number becomes another; True becomes False.

    Axes and indices have operators of their own.
    """
    if not isinstance(node, ast.Constant) or isinstance(
        node.value, (str, bytes, complex, type(None), type(...))
    ):
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
        elif (
            number < 0
            and isinstance(parent, ast.BinOp)
            and isinstance(parent.op, ast.Pow)
            and parent.left is node
        ):
            continue
        else:
            yield Bug(what if number >= 0 else "sign flipped", *place, repr(number))


def _other_numbers(value):
    if isinstance(value, float):
        return [float(f"{value * 1.1:.12g}"), value * 0.5, -value] if value else [0.1, 1.0]
    others = (
        [value + 1, value * 2, value // 2 if value % 2 == 0 else value / 2, -value]
        if value
        else [1, 2]
    )
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
        for bound in (
            (part.lower, part.upper, part.step) if isinstance(part, ast.Slice) else (part,)
        ):
            number = _whole_number(bound)
            if number is not None:
                others = (
                    [number + 1, number - 1]
                    if number not in (0, -1)
                    else [1]
                    if number == 0
                    else [-2]
                )
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
    known = (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int)
        and not isinstance(node.value, bool)
    )
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
        at, after = cell.find(rb"[-+*/@%|&]+=", *cell.between(node.target, node.value))
        for other in UPDATES.get(type(node.op), ()):
            yield Bug(f"an update became {other}", at, after, other)
        yield Bug("a statement removed", *cell.span(node), "pass")
    elif isinstance(node, ast.Assign):
        targets = {
            n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)
        }
        reads = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if targets & reads:
            yield Bug("a statement removed", *cell.span(node), "pass")
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if not (_draws(call) or _is_check(call) or _called(call) in NO_STATEMENT | SETTINGS):
            yield Bug("a statement removed", *cell.span(node), "pass")


def _arguments(cell, node):
    """Two neighbours, names or words, change places; a keyword is forgotten; range(n) becomes
    range(n - 1).
    """
    if isinstance(node, (ast.Call, ast.Tuple, ast.List)):
        elements = node.args if isinstance(node, ast.Call) else node.elts
        for a, b in zip(elements, elements[1:]):
            alike = _is_plain_name(a) and _is_plain_name(b) or _is_word(a) and _is_word(b)
            if alike and cell.text(a) != cell.text(b) and not {id(a), id(b)} & cell.skip:
                between = cell.code[cell.span(a)[1] : cell.span(b)[0]].decode()
                what = (
                    "two arguments swapped"
                    if isinstance(node, ast.Call)
                    else "two elements swapped"
                )
                yield Bug(
                    what, cell.span(a)[0], cell.span(b)[1], cell.text(b) + between + cell.text(a)
                )
    if (
        not isinstance(node, ast.Call)
        or _draws(node)
        or _called(node) in SETTINGS | {"print"}
        or _is_check(node)
    ):
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
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(re.search("[A-Za-z]{2}", node.value))
    )


def _decision(cell, node):
    """A condition is negated; and becomes or."""
    if isinstance(node, ast.BoolOp):
        for a, b in zip(node.values, node.values[1:]):
            other = "or" if isinstance(node.op, ast.And) else "and"
            yield Bug(
                "and and or swapped", *cell.find(rb"\band\b|\bor\b", *cell.between(a, b)), other
            )
    tests = (
        [node.test]
        if isinstance(node, (ast.If, ast.IfExp, ast.While))
        else getattr(node, "ifs", [])
    )
    for test in tests:
        start, end = cell.span(test)
        yield Bug("condition negated", start, end, f"not ({cell.text(test)})")


def _name(cell, node):
    """x becomes y: another name that is read or bound in the same function (outside of one, in the
    cell so far).
    """
    if (
        not isinstance(node, ast.Name)
        or not isinstance(node.ctx, ast.Load)
        or not _is_data(cell, node.id)
    ):
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
                if name.lineno < node.lineno or (
                    name.lineno == node.lineno and isinstance(name.ctx, ast.Load)
                ):
                    found.add(name.id)
    return sorted(name for name in found if _is_data(cell, name))


def _bound_by(scope):
    """Return the names that a function's arguments or a comprehension's loops bind."""
    targets = [generator.target for generator in getattr(scope, "generators", ())]
    if hasattr(scope, "args"):
        targets.append(scope.args)
    nodes = [
        node
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, (ast.arg, ast.Name))
    ]
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


OPERATORS = (
    _operation,
    _sign,
    _comparison,
    _constant,
    _index,
    _exchange,
    _forgotten,
    _statement,
    _arguments,
    _decision,
    _key,
)


def spots(source):
    """Return the spots of a code cell, in order; a spot is the list of the bugs that can sit at one
    place.

    The place is a node of the syntax tree. For names taken for one another it is the whole
    statement, or half of all spots would be names.
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
    return sorted(
        (bugs for bugs in lists if bugs),
        key=lambda bugs: (bugs[0].start, bugs[0].end, bugs[0].operator),
    )


# --- the sample -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planted:
    """A bug in a cell: ``cells`` holds (notebook, number of its code cell, from 1) once or, for
    both twins, twice.
    """

    cells: tuple
    source: str
    bug: Bug


def sample(root, pairs, one_side=ONE_SIDE, both_sides=BOTH_SIDES, seed=SEED):
    """Draw bugs: return those in cells that stand in one twin only, and those in cells that stand
    in both alike.

    pairs: NumPy notebooks relative to ``root``, without ``.ipynb``. Each spot is equally likely,
    then each bug that can sit there; no spot is drawn twice. The same seed and notebooks give the
    same bugs, and a larger sample begins with the smaller one.
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
