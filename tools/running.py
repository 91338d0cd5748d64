"""Runs a notebook's code cells in this process, one by one, without a kernel: quick, and the caller
may act in between.

What a cell shows is caught in the form that notebook files have: stream, display_data,
execute_result, error. There is a shell as in Jupyter: ``get_ipython()`` returns it, the events
before and after each cell fire, the notebook's folder is the working directory and importable, and
nothing opens a window. Run one notebook in a process: it leaves traces in all that it imports
(torch's default dtype, matplotlib's settings, threads).

Usage: python tools/running.py NOTEBOOK   prints what the notebook prints (with COURSE_RECORD_DIR
set, it also records)
"""

import ast
import io
import os
import sys
import traceback
from pathlib import Path

import names
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from course_utils.notebooks import read_notebook
from course_utils.recording.records import recording


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
        output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
        same = self.shell.displays.setdefault((transient or {}).get("display_id"), [])
        if update:
            for old in same:
                old.update(output)
        else:
            self.shell.outputs.append(output)
            same.append(output)


class _Result(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outputs.append(
            {
                "output_type": "execute_result",
                "data": format_dict,
                "metadata": md_dict or {},
                "execution_count": self.prompt_count,
            }
        )


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr while a cell runs: what is written joins what was written just
    before.
    """

    encoding = "utf-8"

    def __init__(self, shell, name):
        self.shell, self.name = shell, name

    def writable(self):
        return True

    def write(self, text):
        last = self.shell.outputs[-1] if self.shell.outputs else {}
        if last.get("name") == self.name:
            last["text"] += text
        elif text:
            self.shell.outputs.append({"output_type": "stream", "name": self.name, "text": text})
        return len(text)


class Shell(InteractiveShell):
    """A shell that keeps the outputs of the cell that runs in ``outputs``."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Result)

    def __init__(self, **options):
        self.outputs, self.displays = [], {}  # the displays by their display_id
        super().__init__(**options)

    def showtraceback(self, *_, **__):
        self._show_error(sys.exc_info())

    def showsyntaxerror(self, *_, **__):
        self._show_error(sys.exc_info())

    def _show_error(self, info):
        error = {"output_type": "error", "ename": info[0].__name__, "evalue": str(info[1])}
        self.outputs.append(
            error | {"traceback": "".join(traceback.format_exception(*info)).splitlines()}
        )

    def run(self, source):
        """Run one cell and return its outputs."""
        self.outputs, streams = [], (sys.stdout, sys.stderr)
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")
        try:
            self.run_cell(source, store_history=True)
        finally:
            sys.stdout, sys.stderr = streams
        return self.outputs


def open_shell(folder):
    """Return a fresh shell that works in ``folder``; this process's working directory and import
    path change, too.
    """
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    InteractiveShell.clear_instance()
    config = Config()
    # Nor a thread that writes it: a process with threads cannot be forked.
    config.HistoryManager.enabled = False
    shell = Shell.instance(config=config)
    if recording():
        names.watch(shell)
    return shell


def failed(outputs):
    """Return how a cell failed, as "TypeError: ...", or None if it did not."""
    errors = [output for output in outputs if output["output_type"] == "error"]
    return f"{errors[0]['ename']}: {errors[0]['evalue']}" if errors else None


def run_notebook(path, shell=None):
    """Yield (cell, outputs) for each code cell that is not empty, up to the first that raises."""
    path = Path(path).resolve()
    shell = shell or open_shell(path.parent)
    for cell in read_notebook(path):
        if cell.kind == "code" and cell.source.strip():
            outputs = shell.run(cell.source)
            yield cell, outputs
            if failed(outputs):
                return


# --- branches that are never taken ----------------------------------------------------------------


class _Arms(ast.NodeTransformer):
    """Lets each arm of the code say that it was reached: of if, conditional expression, function,
    loop.
    """

    def __init__(self):
        self.cell, self.arms, self.reached = 0, {}, set()

    def _new(self, node, what):
        key = (self.cell, node.lineno, node.col_offset, what)
        self.arms[key] = ast.unparse(node).splitlines()[0]
        return ast.Call(ast.Name("__reached__", ast.Load()), [ast.Constant(key)], [])

    def visit_Module(self, tree):
        self.cell += 1
        return ast.fix_missing_locations(self.generic_visit(tree))

    def _statements(self, node, field, what):
        body = getattr(node, field)
        if body and not all(isinstance(statement, ast.Raise) for statement in body):
            call = self._new(body[0], what)
            body.insert(0, ast.Expr(call))
        return node

    def visit_FunctionDef(self, node):
        first = node.body[0]
        docstring = isinstance(first, ast.Expr) and isinstance(
            getattr(first.value, "value", None), str
        )
        doc = [node.body.pop(0)] if docstring and len(node.body) > 1 else []
        self._statements(self.generic_visit(node), "body", f"function {node.name}")
        node.body[:0] = doc
        return node

    def visit_If(self, node):
        self.generic_visit(node)
        # An elif has arms of its own.
        if not (len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)):
            self._statements(node, "orelse", "else")
        return self._statements(node, "body", "if")

    def visit_For(self, node):
        return self._statements(self.generic_visit(node), "body", "loop")

    visit_While = visit_For

    def visit_ExceptHandler(self, node):
        return self._statements(self.generic_visit(node), "body", "except")

    def visit_IfExp(self, node):
        body, other = (
            self._new(node.body, "if, in an expression"),
            self._new(node.orelse, "else, in an expression"),
        )
        self.generic_visit(node)
        # The call returns None, so the value is the arm's own.
        node.body = ast.BoolOp(ast.Or(), [body, node.body])
        node.orelse = ast.BoolOp(ast.Or(), [other, node.orelse])
        return node

    def visit_Lambda(self, node):
        call = self._new(node.body, "lambda")
        self.generic_visit(node)
        node.body = ast.BoolOp(ast.Or(), [call, node.body])
        return node


def unreached_arms(path):
    """Run the notebook at ``path``; return [(cell, line, what, the arm's first line)] of the arms
    that nothing reached.

    Arms that only raise are left out. Raises RuntimeError if a cell fails.
    """
    path = Path(path).resolve()
    shell, arms = open_shell(path.parent), _Arms()
    shell.ast_transformers.append(arms)
    shell.user_ns["__reached__"] = arms.reached.add
    for _, outputs in run_notebook(path, shell):
        if failed(outputs):
            raise RuntimeError(f"{path.name}, code cell {arms.cell}: {failed(outputs)}")
    missing = sorted(key for key in arms.arms if key not in arms.reached)
    return [
        (cell, line, what, arms.arms[cell, line, column, what])
        for cell, line, column, what in missing
    ]


def main(notebook):
    """Run the notebook; return the exit status."""
    for _, outputs in run_notebook(notebook):
        for output in outputs:
            if output["output_type"] == "error":
                print("\n".join(output["traceback"]), file=sys.stderr)
                return 1
            text = output.get("text") or output["data"].get("text/plain", "") + "\n"
            print(
                text,
                end="",
                file=sys.stderr if output.get("name") == "stderr" else sys.stdout,
                flush=True,
            )
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/running.py NOTEBOOK")
    sys.exit(main(sys.argv[1]))
