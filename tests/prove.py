"""The proof: runs every notebook, compares every output, compares the two notebooks of each pair, then runs the tests.

Run by ``./setup_pytorch_env.sh --test``. Exits with 0 only if all of it holds: a notebook, a pair or a comparison that
is missing is a failure.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.twins import RTOL, TORCH_SUFFIX, compare_records

ROOT = Path(__file__).resolve().parents[1]

#: The whole course. A notebook that is listed and missing, or there and not listed, is a failure.
PAIRS = (
    "Round1/Round1_Gradient",
    "Round2/Round2_SGD",
    "Round3/Round3_Optimizers",
    "Round3/Round3_MoreOptimizers",
    "Round3/Round3_Schedules",
    "Round3/Round3_Race",
    "Round4/Round4_Training",
)
ALONE = (
    "notebooks/Start_Here",
    "notebooks/Learning_Rate_Lab",
    "notebooks/Batch_Size_Lab",
    "notebooks/Conventions",
    "Round1/Round1_Exercises",
    "Round1/solutions/Round1_Solutions",
    "Round2/Round2_Exercises",
    "Round2/solutions/Round2_Solutions",
)

#: What the notebooks must also survive, in CI: one thread, and the instructions of an older processor, in PyTorch and in
#: the linear algebra under it (MKL) and under NumPy (OpenBLAS).
OTHER_MACHINE = {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}
if platform.machine().lower() in ("x86_64", "amd64"):
    OTHER_MACHINE["OPENBLAS_CORETYPE"] = "Nehalem"


@dataclass
class Proof:
    """What one run of the notebooks showed; it holds exactly when ``problems`` is empty."""

    notebooks: int = 0
    cells: int = 0
    ignored: int = 0
    pairs: int = 0
    differences: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    seconds: float = 0.0

    def summary(self):
        """Return the proof in words, for people who have not read this file."""
        name, largest = max(self.differences.items(), key=lambda item: item[1], default=("none", 0.0))
        lines = [
            f"notebooks run            {self.notebooks}",
            f"cells compared           {self.cells}" + (f" (and {self.ignored} whose output may differ)" if self.ignored else ""),
            f"pairs, NumPy = PyTorch   {self.pairs}",
            f"checkpoints compared     {len(self.differences)}",
            f"largest difference       {largest:.1e} relative, at {name}; {RTOL:.0e} is allowed where a checkpoint states no bound of its own",
            f"seconds                  {self.seconds:.0f}",
        ]
        lines += [f"NOT PROVED: {problem}" for problem in self.problems]
        return "\n".join(lines)


def prove(root, pairs=PAIRS, alone=ALONE, extra_env=None):
    """Run the notebooks under ``root`` under strict nbval and compare the fresh records of each pair.

    pairs: names of NumPy notebooks relative to ``root``, without ``.ipynb``, each with a twin; alone: notebooks without
    one. extra_env: environment variables to run them under. Returns a :class:`Proof`.
    """
    start, proof = time.monotonic(), Proof()
    expected = [root / f"{name}.ipynb" for pair in pairs for name in (pair, pair + TORCH_SUFFIX)]
    expected += [root / f"{name}.ipynb" for name in alone]
    found = [p for p in sorted(root.glob("*/**/*.ipynb")) if not {"pytorch_env", ".ipynb_checkpoints"} & set(p.parts)]
    proof.problems += [f"{path.name} is missing" for path in expected if path not in found]
    proof.problems += [f"{path.name} is not listed in tests/prove.py" for path in found if path not in expected]

    present = [path for path in expected if path in found]
    with tempfile.TemporaryDirectory() as records:
        _run_notebooks(root, present, {"COURSE_RECORD_DIR": records, **(extra_env or {})}, proof)
        for pair in pairs:
            stem = Path(pair).name
            differences, problems = compare_records(
                Path(records) / f"{stem}.jsonl", Path(records) / f"{stem}{TORCH_SUFFIX}.jsonl"
            )
            proof.pairs += not problems
            proof.differences |= {f"{name!r} of {stem}": value for name, value in differences.items()}
            proof.problems += [f"{stem}: {problem}" for problem in problems]
    proof.seconds = time.monotonic() - start
    return proof


def _run_notebooks(root, notebooks, env, proof):
    """Run ``notebooks`` under nbval, count what was compared, and note in ``proof`` what failed."""
    if not notebooks:
        return
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider", "-n", "2",
             "--dist", "loadscope", f"--rootdir={root}", f"--junitxml={report}", *map(str, notebooks)],
            env=os.environ | env, cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    bad = [case for case in cases if any(child.tag in ("failure", "error", "skipped") for child in case)]
    sources = [source for path in notebooks for source in code_cells(path)]
    if run.returncode or bad or len(cases) != len(sources):
        print(run.stdout, run.stderr, sep="\n")
        proof.problems.append(f"{len(cases) - len(bad)} of {len(sources)} cells ran and gave their stored output (see above)")
    proof.notebooks = len(notebooks)
    proof.ignored = sum(bool(re.search(r"NBVAL_(IGNORE_OUTPUT|SKIP)", source)) for source in sources)
    proof.cells = len(cases) - len(bad) - proof.ignored


def code_cells(path):
    """Return the sources of the code cells of the notebook at ``path`` that are not empty, in order."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return [source for source in sources if source.strip()]


def main():
    """Run the whole proof; return the exit status."""
    start = time.monotonic()
    print("Running every notebook and comparing every output …", flush=True)
    proof = prove(ROOT)
    problems = list(proof.problems)
    print(proof.summary(), flush=True)
    if os.environ.get("CI"):
        setting = " ".join(f"{name}={value}" for name, value in OTHER_MACHINE.items())
        print(f"\nThe same with {setting} …", flush=True)
        again = prove(ROOT, extra_env=OTHER_MACHINE)
        problems += again.problems
        print(again.summary(), flush=True)
    print("\nRunning the tests …", flush=True)
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", "-q", "-rs", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"],
        cwd=ROOT, check=False,
    )  # fmt: skip
    if tests.returncode:
        problems.append("the tests above failed")
    print("\nThe proof")
    print(proof.summary())
    print(f"tests                    {'passed' if not tests.returncode else 'FAILED'}")
    print(f"all of it took           {time.monotonic() - start:.0f} seconds")
    print("Everything holds." if not problems else "NOT PROVED: " + "; ".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
