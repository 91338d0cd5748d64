"""Notebooks for a course that a test makes up."""

import nbformat
from nbclient import NotebookClient

START = (
    "from course_utils import Twin, show, use_style\nimport matplotlib.pyplot as plt\ntwin ="
    " Twin('{}')"
)
CHECK = "twin.check('two', {})\nprint('two')"


def executed(sources, folder):
    """Return an executed notebook of these code cells, each under a heading of its own."""
    cells = []
    for number, source in enumerate(sources):
        cells += [
            nbformat.v4.new_markdown_cell(f"## Section {number}"),
            nbformat.v4.new_code_cell(source),
        ]
    book = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        book,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    ).execute()
    return book
