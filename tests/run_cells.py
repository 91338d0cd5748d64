"""Runs a notebook's code cells as one plain script, without Jupyter: for tests that need a notebook's checkpoints, fast.

Usage: python run_cells.py NOTEBOOK  (with COURSE_RECORD_DIR set, the checkpoints are recorded)
"""

import os
import sys
from pathlib import Path

import matplotlib

from prove import code_cells

if __name__ == "__main__":
    matplotlib.use("Agg")
    notebook = Path(sys.argv[1]).resolve()
    os.chdir(notebook.parent)
    sys.path.insert(0, str(notebook.parent))  # as in Jupyter: the scripts beside a notebook can be imported
    namespace = {"__name__": "__main__"}
    for number, source in enumerate(code_cells(notebook), 1):
        exec(compile(source, f"{notebook.name}, cell {number}", "exec"), namespace)
