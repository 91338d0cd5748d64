"""The proof: every notebook is run and compared with what it stores, every pair with each other,
every number in the prose with what was computed, and the tests guard all of it. ``python -m
course_utils test --help`` says how to call it.

A notebook, a pair or a comparison that is missing is a failure. The quick proof draws nothing
afresh: two runs of the same commit on the same machine give the same verdict. What takes longer, or
is drawn afresh, belongs to the long proof (``PARTS``).
"""

import argparse
import difflib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import compare
import compare_labs
import prose
import versions
from compare_figures import compare_figures
from kernels import KINDS, PLAIN, PreloadedKernels, can_fork, write_spec
from notebook_run import uses_torch
from pytest_runs import Progress, run_environment, run_pytest

from course_utils.checkpoints import RTOL
from course_utils.contents import TORCH_SUFFIX, contents
from course_utils.learner.versions import missing
from course_utils.notebooks import read_notebook
from course_utils.recording.records import record_path
from course_utils.resources import HOME

#: These take longest, so they start first: no worker shall wait for another at the end.
LONGEST = ("Round3_Race", "Round4_Training", "Round2_SGD")

#: What the notebooks must also survive, in the long proof: the instructions of an older processor,
#: in PyTorch and in the linear algebra under it (MKL) and under NumPy (OpenBLAS).
OTHER_MACHINE = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}
if platform.machine().lower() in ("x86_64", "amd64"):
    OTHER_MACHINE["OPENBLAS_CORETYPE"] = "Nehalem"

#: The long proof, part by part: what it does, and the program that it needs.
PARTS = {
    "plain": ("notebooks in kernels started plainly, pictures painted: they record the same", None),
    "machines": ("notebooks under an older processor's instructions", None),
    "drawn": ("cases drawn afresh", None),
    "mutants": ("update rules with a mistake in them: each is noticed", None),
    "kills": ("training processes killed and resumed", None),
    "setup": ("the set-up under faults", None),
    "edition": ("the learner's copy, its blanks open and filled, run to its end", None),
    "browser": ("every slider moved in a real JupyterLab", "chromium"),
    "planted": ("random bugs in the notebooks", None),
    "times": ("what must be quick", None),
    "versions": ("notebooks under the oldest and the newest versions promised", "network"),
    "keras": ("the other side of PYTORCH_MIGRATION.md", "tensorflow"),
}


# --- What is proved -------------------------------------------------------------------------------


@dataclass
class Course:
    """The notebooks under ``root`` that are to be proved, by their names without ``.ipynb``.

    pairs: names of NumPy notebooks, each with a twin. alone: notebooks without one. whole: all of
    the course, so that a notebook that is found and not named is a failure.
    """

    root: Path
    pairs: list
    alone: list
    whole: bool = True

    def names(self):
        return [name for pair in self.pairs for name in (pair, pair + TORCH_SUFFIX)] + list(
            self.alone
        )

    def path(self, name):
        return self.root / f"{name}.ipynb"

    def select(self, wanted):
        """Return the part of the course that ``wanted`` names: rounds ("Round2"), folders,
        notebooks or their files.

        Raises ValueError for a name that leads nowhere.
        """
        if not wanted:
            return self
        pairs, alone = [], []
        for word in wanted:
            word = word.removesuffix(".ipynb").rstrip("/").removesuffix(TORCH_SUFFIX)
            found = [
                name
                for name in (*self.pairs, *self.alone)
                if word in (name, Path(name).name, *map(str, Path(name).parents))
            ]
            if not found:
                choice = ", ".join(
                    sorted(
                        {Path(name).parts[0] for name in self.names()}
                        | {Path(n).name for n in self.names()}
                    )
                )
                raise ValueError(
                    f"course.toml lists no {word!r}, the course's one list; it has {choice}"
                )
            pairs += [name for name in found if name in self.pairs and name not in pairs]
            alone += [name for name in found if name in self.alone and name not in alone]
        return Course(self.root, pairs, alone, whole=False)

    def misplaced(self):
        """Return sentences on notebooks that are missing, or kept and not listed."""
        gone = [f"{name}.ipynb is missing" for name in self.names() if not self.path(name).exists()]
        if not self.whole:
            return gone
        listed = {f"{name}.ipynb" for name in self.names()}
        return gone + [
            f"{path} is under version control, but course.toml does not list it"
            for path in self.kept_notebooks()
            if path not in listed
        ]

    def kept_notebooks(self):
        """Return the notebooks that are under version control, wherever they lie: a learner's own
        are not. None where the course was not cloned.
        """
        command = ["git", "ls-files", "-z", "--", "*.ipynb"]
        try:
            kept = subprocess.run(command, cwd=self.root, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return []
        return sorted(kept.stdout.decode().split("\0")[:-1])


THE_COURSE = Course(
    HOME, [pair.name for pair in contents().pairs()], [page.name for page in contents().alone()]
)


@dataclass
class Proof:
    """What one run of the notebooks showed; it holds exactly when ``problems`` is empty."""

    notebooks: int = 0
    cells: int = 0
    ignored: int = 0
    pairs: int = 0
    figures: int = 0
    twin_figures: int = 0
    labs: int = 0
    absent: int = 0  # cells that need more than is installed
    names: int = 0
    numbers: int = 0
    unbound: int = 0
    # {"'checkpoint' of Notebook": relative difference}.
    differences: dict = field(default_factory=dict)
    looser: dict = field(default_factory=dict)  # {"'checkpoint' of Notebook": (bound, reason)}
    problems: list = field(default_factory=list)
    seconds: float = 0.0

    def summary(self):
        """Return the proof in words, for people who have not read this file."""
        strict = {
            name: value for name, value in self.differences.items() if name not in self.looser
        }
        name, largest = max(strict.items(), key=lambda item: item[1], default=("none", 0.0))
        lines = [
            f"notebooks                {self.notebooks}, {self.cells} cells gave their stored"
            " output"
            + (f" ({self.ignored} more may differ, each with its reason)" if self.ignored else "")
            + (f"; {self.absent} said what newer package they need" if self.absent else ""),
            f"pairs, NumPy = PyTorch   {self.pairs}",
            (
                f"checkpoints              {len(self.differences)} agree; largest difference"
                f" {largest:.1e} of {RTOL:.0e} allowed, at {name}"
            ),
        ]
        lines += [
            f"                         {self.differences[name]:.1e} of {bound:.0e} allowed at"
            f" {name}: {reason}"
            for name, (bound, reason) in self.looser.items()
            if self.differences.get(name, 0) > RTOL
        ]
        lines += [
            f"names in both twins      {self.names} hold the same numbers; so does what both print",
            (
                f"figures                  {self.figures} as stored, {self.twin_figures} pairs of"
                f" them alike; {self.labs} labs"
            ),
            f"numbers in the prose     {self.numbers} hold"
            + (f", {self.unbound} are not bound yet" if self.unbound else ""),
        ]
        return "\n".join(lines + [f"NOT PROVED: {problem}" for problem in self.problems])


# --- The notebooks --------------------------------------------------------------------------------


def prove(course=THE_COURSE, *, folder, extra_env=None, plain=None, progress=None):
    """Run the notebooks of ``course`` under strict nbval and compare what they give. Returns a
    :class:`Proof`.

    folder: where the records go, in ``records/``; they stay there. extra_env: environment variables
    to run them under. plain: kernels are started plainly and pictures painted; otherwise kernels
    are forked where that is safe.
    """
    proof, progress = Proof(), progress or Progress()
    proof.problems += course.misplaced()
    names = [name for name in course.names() if course.path(name).exists()]
    names.sort(
        key=lambda name: next((n for n, long in enumerate(LONGEST) if long in name), len(LONGEST))
    )
    records = folder / "records"
    records.mkdir(parents=True)
    stored = {name: read_notebook(course.path(name)) for name in names}
    plain = not can_fork() if plain is None else plain
    fresh = (
        _run_notebooks(course, stored, records, extra_env or {}, plain, proof, progress)
        if names
        else {}
    )
    for pair in course.pairs:
        if pair in fresh and pair + TORCH_SUFFIX in fresh:
            _compare_pair(pair, fresh, stored, records, proof)
    for name in names:
        _compare_with_stored(course.path(name), fresh[name], stored[name], records, proof)
    ours = course.root == HOME  # a course that a test makes has no list of open numbers
    prose_found = prose.check_course(
        stored, whole=course.whole and ours, listed=None if ours else ()
    )
    proof.numbers, proof.unbound = prose_found.held, prose_found.open
    proof.problems += prose_found.problems
    proof.seconds = progress.seconds()
    return proof


def _run_notebooks(course, stored, records, extra_env, plain, proof, progress):
    """Run notebooks, ``{name: cells}``, under nbval and note in ``proof`` what failed.

    Returns them with what the cells gave now.
    """
    run = NotebookRun(course, stored)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kernels")))
        environment = run_environment({"COURSE_RECORD_DIR": str(records)} | extra_env)
        if plain:
            kernel = PLAIN
            environment |= write_spec(place, PLAIN, [], "plain", environment)
        else:
            kernel = PreloadedKernels.NAME
            preloaded = PreloadedKernels(place, run.kinds(), environment)
            environment |= stack.enter_context(preloaded) | {"COURSE_NO_PICTURES": "1"}
        status, said = run_pytest(
            run.arguments(kernel),
            records.parent,
            environment,
            run.on_event,
            lambda: progress.count(run.told()),
        )
    for name, event in run.failed:
        print("\n" + _difference(name, stored[name], event))
    if status or run.good != run.total:
        if not run.failed:
            print(said)
        proof.problems.append(
            f"{run.good} of {run.total} cells ran and gave their stored output (see above)"
        )
    code = [cell for cells in stored.values() for cell in cells if cell.kind == "code"]
    proof.ignored = sum("NBVAL_IGNORE_OUTPUT" in cell.source for cell in code)
    proof.absent = sum(bool(missing(cell.metadata)) for cell in code)
    proof.notebooks, proof.cells = len(stored), run.good - proof.ignored - proof.absent
    return run.fresh()


class NotebookRun:
    """nbval's run of some notebooks, ``{name: cells}``, while its events come in.

    good: cells that gave their stored output, of ``total``. failed: (name, event) of the others.
    """

    def __init__(self, course, stored):
        self.course, self.stored = course, stored
        self.waiting = {
            name: sum(cell.kind == "code" and bool(cell.source.strip()) for cell in cells)
            for name, cells in stored.items()
        }
        self.total, self.good, self.failed = sum(self.waiting.values()), 0, []
        self.outputs = {}
        self.by_path = {os.path.relpath(course.path(name), course.root): name for name in stored}

    def kinds(self):
        """Return which kinds of preloaded kernels the notebooks want."""
        sources = (
            [cell.source for cell in cells if cell.kind == "code"] for cells in self.stored.values()
        )
        return sorted({KINDS[uses_torch(each)] for each in sources})

    def arguments(self, kernel):
        """Return pytest's arguments: strict nbval, a notebook on one worker, in the given order."""
        workers = f"-n {min(2, len(self.stored))} --dist loadscope --no-loadscope-reorder"
        nbval = f"--nbval --nbval-kernel-name {kernel}"
        paths = [str(self.course.path(name)) for name in self.stored]
        places = [f"--rootdir={self.course.root}", "-c", os.devnull]
        return ["-q", *nbval.split(), *workers.split(), *places, *paths]

    def on_event(self, event):
        name = self.by_path.get(event["path"].replace("/", os.sep))
        if not name or "cell" not in event:
            return
        self.waiting[name] -= 1
        self.good += event["ok"]
        self.outputs[name, event["cell"]] = event["outputs"]
        if not event["ok"]:
            self.failed.append((name, event))

    def told(self):
        done = sum(not rest for rest in self.waiting.values())
        return f"{done} of {len(self.stored)} notebooks"

    def fresh(self):
        """Return the notebooks with what their cells gave now."""
        found = {}
        for name, cells in self.stored.items():
            numbers, now = iter(range(len(cells))), []
            for cell in cells:
                if cell.kind == "code":
                    cell = replace(cell, outputs=self.outputs.get((name, next(numbers)), []))
                now.append(cell)
            found[name] = now
        return found


def _difference(name, cells, event):
    """Return in words what a cell gave and what it should have given."""
    cell = [cell for cell in cells if cell.kind == "code"][event["cell"]]
    stored, fresh = (_texts(outputs) for outputs in (cell.outputs, event["outputs"]))
    lines = [f"{name}.ipynb, code cell {event['cell'] + 1}, under {cell.section!r}:"]
    errors = [output for output in event["outputs"] if output["output_type"] == "error"]
    if errors:
        code = [
            line
            for line in _plain("\n".join(errors[0]["traceback"])).splitlines()
            if line.startswith("---->")
        ]
        lines += [
            f"  it raises {errors[0]['ename']}: {errors[0]['evalue']}",
            *(f"  {line}" for line in code),
        ]
    elif stored != fresh:
        lines += [
            f"  {'stored' if line[0] == '-' else 'fresh '}  {line[2:]}"
            for line in difflib.ndiff(stored, fresh)
            if line[0] in "-+"
        ][:24]
    else:
        lines += [f"  {line}" for line in event["why"].splitlines()[-12:]]
    return "\n".join(
        [
            *lines,
            (
                "  If that is what you mean: python -m course_utils refresh"
                f" {name.removesuffix(TORCH_SUFFIX)}"
            ),
        ]
    )


def _texts(outputs):
    texts = [
        "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
        for output in outputs
    ]
    return "\n".join(texts).splitlines()


def _plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _compare_pair(pair, fresh, stored, records, proof):
    """Compare the two notebooks of a pair as they ran now, but for what needs newer packages."""
    ours, theirs = (
        compare.Run(
            fresh[name],
            Path(name).name,
            records,
            [cell for cell in stored[name] if missing(cell.metadata)],
        )
        for name in (pair, pair + TORCH_SUFFIX)
    )
    compared = compare.compare_pair(ours, theirs)
    entries = (
        ours.record("checkpoints") + theirs.record("checkpoints") if compared.differences else []
    )
    for entry in entries:
        if "reason" in entry:
            proof.looser[f"{entry['name']!r} of {ours.stem}"] = entry["rtol"], entry["reason"]
    proof.differences |= {
        f"{name!r} of {ours.stem}": value for name, value in compared.differences.items()
    }
    proof.names += compared.names
    proof.twin_figures += compared.figures
    proof.pairs += not compared.problems
    proof.problems += [f"{ours.stem}: {problem}" for problem in compared.problems]


def _compare_with_stored(path, fresh, stored, records, proof):
    """Compare a notebook's figures and labs as they are now with those that are stored in it and
    beside it.
    """
    run = compare.Run(fresh, path.stem, records)
    proof.figures += len(run.record("figures"))
    proof.labs += len(run.record("labs"))
    problems = compare.compare_with_stored(run, stored, compare_labs.stored_labs(path))
    proof.problems += [f"{path.stem}: {problem}" for problem in problems]


# --- The tests ------------------------------------------------------------------------------------


def run_tests(folder, progress, part=None, records=None):
    """Run the tests that guard the proof, or those of one part of the long proof.

    Returns (how many passed, sentences).
    """
    passed, problems, skipped = 0, [], {}

    def on_event(event):
        nonlocal passed
        passed += event["ok"]
        if event["skipped"]:
            reason = event["why"].split("Skipped: ")[-1].strip("')\" \n")
            skipped[reason] = skipped.get(reason, 0) + 1
        elif not event["ok"]:
            problems.append(f"{event['test']} failed")
            print(f"\n{event['test']}\n{event['why']}")

    folder.mkdir()
    options = "-q -n 2 --dist loadfile -p no:nbval" + (f" --part {part}" if part else "")
    arguments = ["tests", *options.split(), f"--rootdir={HOME}"]
    environment = run_environment({"COURSE_PROOF_RECORDS": str(records)} if records else {})
    status, said = run_pytest(
        arguments, folder, environment, on_event, lambda: progress.count(f"{passed} tests")
    )
    if status and not problems:
        print(said)
        problems.append("the tests could not be run (see above)")
    for reason, number in skipped.items():
        print(f"  not run: {number} tests, {reason}")
    return passed, problems


# --- The command ----------------------------------------------------------------------------------


def parts_wanted(text):
    """Return the parts that ``--all`` or ``--all=browser,setup`` names.

    Raises ValueError for one that there is not.
    """
    if text is None:
        return []
    wanted = [part.strip() for part in text.split(",") if part.strip()] or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise ValueError(
            f"the long proof has no part {', '.join(unknown)}; it has {', '.join(PARTS)}"
        )
    return wanted


def missing_for(parts):
    """Return sentences on programs that parts of the long proof need and that are not here."""
    found = []
    if {"browser"} & set(parts):
        from programs import find_browser  # it loads playwright

        if find_browser() is None:
            found.append("browser: no Chromium or Chrome is installed, so no slider will be moved")
    if "keras" in parts and not any((HOME / "tensorflow_env").glob("*/python*")):
        found.append(
            "keras: there is no tensorflow_env/, so the Keras side of PYTORCH_MIGRATION.md will not"
            " run; CONTRIBUTING.md says how to make it"
        )
    if "setup" in parts and shutil.which("shellcheck") is None:
        found.append("setup: shellcheck is not installed, so the script's style is not checked")
    if "versions" in parts and not versions.online():
        found.append("versions: no package can be downloaded, so this part will fail")
    return found


def run_part(part, folder, quick):
    """Run one part of the long proof. ``quick``: the records of the quick proof in this run.

    Returns sentences on what failed.
    """
    progress = Progress()
    if part in ("plain", "machines"):
        extra = OTHER_MACHINE if part == "machines" else {}
        proof = prove(folder=folder, extra_env=extra, plain=True, progress=progress)
        problems = list(proof.problems)
        if part == "plain" and can_fork():
            if quick is None:
                quick = folder.with_name("forked") / "records"
                problems += prove(folder=quick.parent, progress=progress).problems
            problems += same_records(quick, folder / "records")
        progress.done(f"{part}: {proof.cells} cells, {proof.pairs} pairs")
        print(
            "\n".join(f"NOT PROVED: {problem}" for problem in problems),
            end="\n" if problems else "",
        )
        return problems
    if part == "planted":
        command = [
            sys.executable,
            str(HOME / "tools" / "plant_bugs.py"),
            "--count",
            "40",
            "--both",
            "14",
            "--at-least",
            "0.7",
        ]
        status = subprocess.run(command, cwd=HOME, check=False).returncode
        progress.done("planted")
        return ["planted bugs were not noticed (see above)"] if status else []
    if part == "versions":
        folder.mkdir()
        under = [versions.prove_under(which, folder) for which in versions.WHICH]
        progress.done("versions")
        return [problem for problems in under for problem in problems]
    passed, problems = run_tests(folder, progress, part)
    progress.done(
        f"{part}: {passed} tests passed" + (f", {len(problems)} failed" if problems else "")
    )
    return problems


def same_records(one, other):
    """Return sentences on what two runs of the course recorded differently, each notebook with
    itself.

    The last digits may differ: where an array lies in memory decides in which order a processor
    adds its numbers.
    """
    problems = []
    for name in THE_COURSE.names():
        runs = [compare.Run([], Path(name).name, folder) for folder in (one, other)]
        found = compare_labs.compare_labs(*(run.record("labs") for run in runs))
        figures = [run.record("figures") for run in runs]
        found += [problem for a, b in zip(*figures) for problem in compare_figures(a, b)]
        found += ["another number of figures"] if len(figures[0]) != len(figures[1]) else []
        paths = [record_path(run.stem, "checkpoints", run.folder) for run in runs]
        found += compare.compare_records(*paths)[1] if any(path.exists() for path in paths) else []
        problems += [
            f"{name} is not the same in a forked kernel and in one started plainly: {problem}"
            for problem in found
        ]
    return problems


def parser():
    command = argparse.ArgumentParser(
        prog="python -m course_utils test",
        description=(
            "Prove the course: run every notebook, compare every output, every pair, every figure"
            " and every number in the prose, and run the tests that guard them. About three"
            " minutes on two cores."
        ),
        epilog="Parts of the long proof, about half an hour in all:\n"
        + "\n".join(f"  {name:9} {what}" for name, (what, _) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "what",
        nargs="*",
        help="only these: a round (Round2) or a notebook (Round3_Race); seconds for most",
    )
    command.add_argument(
        "--all",
        nargs="?",
        const="",
        metavar="PART,...",
        help="then the long proof, or these parts of it alone (--all=browser)",
    )
    return command


def main(arguments=None):
    """Run what the command line asks for; return the exit status."""
    options = parser().parse_args(arguments)
    try:
        course, parts = THE_COURSE.select(options.what), parts_wanted(options.all)
    except ValueError as error:
        print(f"python -m course_utils test: {error}", file=sys.stderr)
        return 2
    for sentence in missing_for(parts):
        print(f"Missing for {sentence}.", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="proof") as folder:
            return _main(course, parts, only_parts=bool(options.all), folder=Path(folder))
    except KeyboardInterrupt:
        print("\nInterrupted: nothing is proved.", flush=True)
        return 130


def _main(course, parts, only_parts, folder):
    start, problems, quick = Progress(), [], None
    if not only_parts:
        names = len(course.names())
        print(
            f"Proving {names} notebooks"
            + (" and running the tests" if course.whole else "")
            + " ...",
            flush=True,
        )
        proof = prove(course, folder=folder / "quick", progress=start)
        quick = folder / "quick" / "records"
        start.done(f"notebooks: {proof.notebooks} run, {proof.cells + proof.ignored} cells")
        problems += proof.problems
        if course.whole:
            progress = Progress()
            passed, failed = run_tests(folder / "tests", progress, records=quick)
            progress.done(f"tests: {passed} passed" + (f", {len(failed)} failed" if failed else ""))
            problems += failed
        print(f"\n{proof.summary()}")
    for part in parts:
        print(f"\n{part}: {PARTS[part][0]} ...", flush=True)
        problems += run_part(part, folder / part, quick)
    print(f"\nAll of it took {start.seconds():.0f} s.")
    print("Everything holds." if not problems else "NOT PROVED: " + "; ".join(problems), flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
