"""Plants random bugs in the course's code, one at a time, and counts how many the proof catches,
and by what.

bugs.py says what a bug is, and draws them. Here a notebook runs as it is up to the bug's cell;
there a process is forked, which goes on with the bug and stops at the first difference that
decides. Linux only.
"""

import argparse
import contextlib
import ctypes
import dataclasses
import json
import math
import os
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

from bugs import BOTH_SIDES, ONE_SIDE, SEED, Bug, sample
from compare import compare_records
from pytest_runs import ONE_THREAD
from running import failed, open_shell, unreached_arms

from course_utils.contents import TORCH_SUFFIX, contents
from course_utils.exercises.blank import STANDS_IN
from course_utils.notebooks import read_notebook
from course_utils.resources import HOME

# --- what a run showed, compared ------------------------------------------------------------------

TWINS, PROSE, BLANKS, OUTPUTS, NOTHING = "twins", "prose", "blanks", "outputs", "nothing"
# These differ from machine to machine.
IMAGES = {"image/png", "image/jpeg", "application/vnd.jupyter.widget-view+json"}


def shown(outputs):
    """Return what a cell's outputs say, in order, as [[stream or kind of output, text]]; pictures
    and widgets apart.
    """
    found = []
    for output in outputs:
        if output["output_type"] == "stream":
            if not found or found[-1][0] != output["name"]:
                found.append([output["name"], ""])
            found[-1][1] += "".join(output["text"])
        else:
            data = {
                kind: "".join(text)
                for kind, text in output.get("data", {}).items()
                if kind not in IMAGES
            }
            found.append([output["output_type"], data or output.get("ename")])
    return found


def changed_outputs(stored, fresh):
    """Return where the code cells of a run say something else than the stored ones, in
    sentences.
    """
    pairs = [
        (a, b) for a, b in zip(stored, fresh, strict=True) if a.kind == "code" and a.source.strip()
    ]
    return [
        f"the output of code cell {number} changed"
        for number, (old, new) in enumerate(pairs, 1)
        if "NBVAL_IGNORE_OUTPUT" not in old.source and shown(old.outputs) != shown(new.outputs)
    ]


def judge(stored, mutant, twin, stored_labs=(), known=()):
    """Return what tells a run of a changed notebook from the unchanged pair: one of the words,
    and a sentence.

    known: sentences that the unchanged notebook gives as well, so that they tell nothing. The rest:
    see ``findings``.
    """
    for kind, problems in findings(stored, mutant, twin, stored_labs):
        unknown = [problem for problem in problems if problem not in known]
        if unknown:
            return kind, unknown[0]
    return NOTHING, ""


def findings(stored, mutant, twin, stored_labs=()):
    """Yield what the proof's comparisons say, as (kind, sentences), in the order in which they
    count.

    stored: the notebook's cells as in its file. mutant, twin: a compare.Run of the changed notebook
    and of its unchanged twin. stored_labs: the states of the labs that lie beside the notebook.
    """
    import compare  # these load matplotlib and more, and only judging needs them
    import prose

    pair = (twin, mutant) if mutant.stem.endswith(TORCH_SUFFIX) else (mutant, twin)
    yield TWINS, compare.compare_pair(*pair).problems
    yield PROSE, prose.check_notebook(mutant.cells)
    yield (
        OUTPUTS,
        changed_outputs(stored, mutant.cells)
        + compare.compare_with_stored(mutant, stored, stored_labs),
    )


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


# --- processes: forked, watched, and none left behind ---------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
MEMORY = 6 * 2**30  # what a bug may ask for on top


def _fork(work):
    """Run ``work(send)`` in a forked process that ends with this one; return (its number, the pipe
    it sends to).
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Orphans of what the notebook starts stay in sight.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
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
                # The same file: it may be open.
                with path.open("r+b" if path.exists() else "wb") as file:
                    file.write(content)
                    file.truncate()
                self.saved[path] = self._stamp(path), content


# --- the runs -------------------------------------------------------------------------------------


@dataclass
class Run:
    """An unchanged notebook's run: its cells with fresh outputs, each code cell's seconds, the file
    of checkpoints.
    """

    cells: list
    seconds: list
    record: Path


@dataclass(frozen=True)
class Task:
    """Bug number ``number`` of the sample, planted in code cell ``cell`` of the notebook that a
    walk runs.
    """

    number: int
    cell: int
    bug: Bug
    # In this twin only: compared with the unchanged twin. Else compared with what is stored.
    alone: bool


class Course:
    """The pairs under ``root``: runs of the unchanged notebooks, and walks, which plant bugs."""

    def __init__(self, root, pairs, work):
        self.root, self.work = root, work
        self.names = [name for pair in pairs for name in (pair, pair + TORCH_SUFFIX)]
        self.stored = {name: read_notebook(root / f"{name}.ipynb") for name in self.names}
        self.runs, self.known = {}, {}  # known: what is found without any bug

    def sources(self, name):
        return [
            cell.source for cell in self.stored[name] if cell.kind == "code" and cell.source.strip()
        ]

    def with_outputs(self, name, outputs):
        """Return the notebook's cells, the code cells with these outputs."""
        outputs = iter(outputs)
        return [
            dataclasses.replace(cell, outputs=next(outputs))
            if cell.kind == "code" and cell.source.strip()
            else cell
            for cell in self.stored[name]
        ]

    def twin(self, name):
        return (
            name.removesuffix(TORCH_SUFFIX) if name.endswith(TORCH_SUFFIX) else name + TORCH_SUFFIX
        )

    def open(self, name):
        """Return (a shell for the notebook in a copy of its folder, the folder in which all its
        files lie).
        """
        folder = Path(tempfile.mkdtemp(dir=self.work))
        # Without the notebooks: a twin would take their copies for the reader's own, and say so.
        others = shutil.ignore_patterns("*.ipynb")
        shutil.copytree((self.root / name).parent, folder / "round", ignore=others)
        for part in ("records", "tmp"):
            (folder / part).mkdir()
        os.environ |= {
            "COURSE_RECORD_DIR": str(folder / "records"),
            "TMPDIR": str(folder / "tmp"),
            "COURSE_NO_PICTURES": "1",
        }
        tempfile.tempdir = None  # so that it looks at TMPDIR again
        return open_shell(folder / "round"), folder

    def run(self, name, send):
        """Run the unchanged notebook; send its outputs, the seconds of its cells and the place of
        its record.
        """
        shell, folder = self.open(name)
        outputs, seconds = [], []
        for number, source in enumerate(self.sources(name), 1):
            start = time.monotonic()
            outputs.append(shell.run(source))
            seconds.append(time.monotonic() - start)
            if failed(outputs[-1]):
                raise RuntimeError(
                    f"unchanged, {name} fails in code cell {number}: {failed(outputs[-1])}"
                )
        for output in (output for cell in outputs for output in cell):
            output.get("data", {}).update(dict.fromkeys(IMAGES & set(output.get("data", {})), ""))
        record = folder / "records" / f"{Path(name).name}.jsonl"
        send({"outputs": outputs, "seconds": seconds, "record": str(record)})

    def walk(self, name, tasks, send):
        """Run the notebook as it is; before a cell with bugs fork a process for each, which goes on
        with the bug.
        """
        shell, folder = self.open(name)
        outputs, last = [], max(task.cell for task in tasks)
        for cell, source in enumerate(self.sources(name)[:last], 1):
            here = [task for task in tasks if task.cell == cell]
            if here:
                _wait_for_processes(shell)
                files, limit = _Files(folder), 4 * sum(self.runs[name].seconds[cell - 1 :]) + 20
            for task in here:
                before, start = set(_descendants(os.getpid())), time.monotonic()
                pid, pipe = _fork(
                    lambda answer, task=task: answer(
                        self.mutant(name, task, shell, folder, outputs)
                    )
                )
                verdict, why = _answer(pipe, limit)
                _end([pid, *(set(_descendants(os.getpid())) - before - {pid})])
                files.put_back()
                send(
                    {
                        "number": task.number,
                        "verdict": verdict,
                        "why": why,
                        "seconds": time.monotonic() - start,
                    }
                )
            outputs.append(shell.run(source) if cell < last else [])

    def mutant(self, name, task, shell, folder, outputs):
        """Go on from the bug's cell to the end, or to the first difference that decides; return
        (verdict, why).
        """
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        run, twin = self.runs[name], self.runs[self.twin(name)]
        record = folder / "records" / run.record.name
        other = twin.record if task.alone else run.record
        seen = parted(record, other, 0)[0]
        expected = [
            cell.outputs for cell in run.cells if cell.kind == "code" and cell.source.strip()
        ]
        for cell, source in list(enumerate(self.sources(name), 1))[task.cell - 1 :]:
            outputs.append(shell.run(task.bug.plant(source) if cell == task.cell else source))
            if failed(outputs[-1]):
                return TWINS, f"code cell {cell} raises {failed(outputs[-1])}"[:200]
            if cell == task.cell and STANDS_IN in str(shown(outputs[-1])):
                # A test of the proof asks whether each blank of the course is right: no refresh
                # washes this away.
                return BLANKS, f"the blank's check in code cell {cell} refuses it"
            seen, problem = parted(record, other, seen)
            if problem:
                return TWINS, problem
            ignored = task.alone or "NBVAL_IGNORE_OUTPUT" in source
            if not ignored and shown(outputs[-1]) != shown(expected[cell - 1]):
                return OUTPUTS, f"the output of code cell {cell} changed"
        if not record.exists():
            return TWINS, "no checkpoint is recorded"
        return judge(
            *self.evidence(name, self.with_outputs(name, outputs), record), self.known[name]
        )

    def evidence(self, name, cells, record):
        """Return what a run of the notebook, with a bug or without, is judged by: the arguments of
        ``judge``.
        """
        import compare
        import compare_labs

        twin, labs = (
            self.runs[self.twin(name)],
            compare_labs.stored_labs(self.root / f"{name}.ipynb"),
        )
        sides = [
            compare.Run(own, path.stem, path.parent)
            for own, path in ((cells, record), (twin.cells, twin.record))
        ]
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
    """Return the (verdict, why) that comes out of a pipe; to die, or to be silent for too long, is
    to be caught.
    """
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
    """Run jobs, ``count`` at a time, each in a process of its own; hand each of their messages to
    ``received``.

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
    for name in (
        "matplotlib.pyplot",
        "sklearn.datasets",
        "sklearn.linear_model",
        "course_utils.labs.race_lab",
    ):
        import_module(name)
    import torch

    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1)])  # a process's first optimizer loads a compiler


def _chunks(course, name, tasks, longest=150):
    """Cut a notebook's tasks into walks of some ``longest`` seconds each, in the order of their
    cells.
    """
    found, seconds = [], course.runs[name].seconds
    for task in sorted(tasks, key=lambda task: task.cell):
        cost = sum(seconds[task.cell - 1 :]) * 0.6
        if not found or found[-1][0] + cost > longest:
            found.append([sum(seconds[: task.cell - 1]), []])
        found[-1][0] += cost
        found[-1][1].append(task)
    return [(cost, name, chunk) for cost, chunk in found]


def plant(root, pairs, one, both, jobs=2, only="", progress=lambda text: None):
    """Plant the bugs ``one`` and ``both`` of a sample; return for each (verdict, why, seconds),
    None if it is left out.

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
            walks = [
                lambda send, name=name, chunk=chunk: course.walk(name, chunk, send)
                for _, name, chunk in chunks
            ]
            run_jobs(walks, jobs, received)
    return verdicts


def _run_unchanged(course, jobs, progress):
    """Run each notebook as it is, and note what the proof finds there already.

    Raises RuntimeError if one fails or its checkpoints are not its twin's: then nothing can be told
    from them.
    """

    def run(name, send):
        course.run(name, lambda message: send(message | {"name": name}))

    def received(message):
        name = message["name"]
        cells = course.with_outputs(name, message["outputs"])
        course.runs[name] = Run(cells, message["seconds"], Path(message["record"]))
        progress(f"{len(course.runs)} of {len(course.names)} notebooks run unchanged")

    # The long ones first.
    names = sorted(course.names, key=lambda name: not name.endswith(TORCH_SUFFIX))
    run_jobs([lambda send, name=name: run(name, send) for name in names], jobs, received)
    for name in course.names:
        found = findings(*course.evidence(name, course.runs[name].cells, course.runs[name].record))
        course.known[name] = [problem for _, problems in found for problem in problems]
        apart = compare_records(course.runs[name].record, course.runs[course.twin(name)].record)[1]
        if apart:
            raise RuntimeError(f"{name} and its twin part without any bug: {apart[0]}")
        for problem in course.known[name]:
            print(
                f"without any bug, so it does not count: {name}: {problem}",
                file=sys.stderr,
                flush=True,
            )


# --- the report -----------------------------------------------------------------------------------


def wilson(count, total, z=1.959964):
    """Return the 95 % interval of a share, after Wilson (1927)."""
    if not total:
        return 0.0, 1.0
    share, extra = count / total, z * z / total
    middle, half = (
        share + extra / 2,
        z * math.sqrt(share * (1 - share) / total + extra / (4 * total)),
    )
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
    lines = [
        f"{verdict[0]}: {where}: {planted.bug.operator}"
        + (f" ({verdict[1]})" if verdict[1] else "")
    ]
    lines += [f"    - {line.strip()}" for line in before[first : first + length]]
    lines += [
        f"    + {line.strip()}"
        for line in after[first : first + length - (len(before) - len(after))]
    ]
    return "\n".join(lines)


ONE_ROWS = [
    ("caught by the twins", {TWINS}),
    ("by the prose", {PROSE}),
    ("by a blank's check", {BLANKS}),
    ("by stored outputs only", {OUTPUTS}),
    ("by nothing", {NOTHING}),
]
BOTH_ROWS = [("caught", {TWINS, PROSE, BLANKS, OUTPUTS}), ("by nothing", {NOTHING})]


def report(one, both, verdicts):
    """Return (the tables and the survivors, the caught bugs), in words."""
    told = [(planted, verdict) for planted, verdict in zip(one + both, verdicts)]
    first = [pair for pair in told[: len(one)] if pair[1]]
    second = [pair for pair in told[len(one) :] if pair[1]]
    parts = [
        table("In one twin only", ONE_ROWS, [verdict for _, verdict in first]),
        table("In both twins at once", BOTH_ROWS, [verdict for _, verdict in second]),
    ]
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
    parser = argparse.ArgumentParser(
        description="Plants random bugs in the notebooks and counts what catches them."
    )
    parser.add_argument("--count", type=int, default=ONE_SIDE, help="bugs in one twin only")
    parser.add_argument("--both", type=int, default=BOTH_SIDES, help="bugs in both twins at once")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--only", default="", help="only bugs of pairs whose name has this in it, such as Round3"
    )
    parser.add_argument(
        "--report", type=Path, help="write tables, survivors and caught bugs to this file"
    )
    parser.add_argument(
        "--at-least",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="exit with 1 if twins, prose and blanks catch less than this share of the first",
    )
    parser.add_argument(
        "--branches", action="store_true", help="instead: list the code that no cell reaches"
    )
    arguments = parser.parse_args()
    if sys.platform != "linux":
        print(
            "plant_bugs.py forks processes with loaded libraries and needs Linux", file=sys.stderr
        )
        return 2
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # Libraries have read this when they were loaded, and a process with threads cannot be
        # forked.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    pairs = [pair.name for pair in contents().pairs() if arguments.only in pair.name]
    if arguments.branches:
        show_branches(HOME, pairs, arguments.jobs)
        return 0
    start = told = time.monotonic()

    def progress(text):
        nonlocal told
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"{text}, {(told - start) / 60:.1f} minutes", file=sys.stderr, flush=True)

    preload()
    one, both = sample(
        HOME,
        [pair.name for pair in contents().pairs()],
        arguments.count,
        arguments.both,
        arguments.seed,
    )
    verdicts = plant(HOME, pairs, one, both, arguments.jobs, arguments.only, progress)
    text, caught = report(one, both, verdicts)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = f"seed {arguments.seed}, {(time.monotonic() - start) / 60:.1f} minutes"
    minutes += f", {(used.ru_utime + used.ru_stime) / 60:.1f} of a processor"
    print(f"{text}\n\n{minutes}")
    if arguments.report:
        arguments.report.write_text(
            f"{text}\n\n{minutes}\n\nCaught\n\n{caught}\n", encoding="utf-8"
        )
    found = [verdict[0] in (TWINS, PROSE, BLANKS) for verdict in verdicts[: len(one)] if verdict]
    return int(sum(found) < arguments.at_least * len(found))


if __name__ == "__main__":
    sys.exit(main())
