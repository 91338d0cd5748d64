"""The kernels of the proof: they also record the numbers under a notebook's names (names.py).

Most start at once, forked from two processes that have loaded their packages already.

To start a kernel and import what a notebook imports costs seconds of processor time, the same ones
22 times over. So two processes load the packages once: one without torch, which a NumPy notebook
must never see, and one with. A kernel is then a fork of one of them. nbval starts it as any other,
through a kernel specification; what that starts is a small program, which asks for the fork and
lives as long as it (``python kernels.py start CONNECTION_FILE``).

No fork outlives anybody, nor does what a notebook starts: a fork ends with its whole group when its
starter ends (a closed socket tells it), and when the process that it was forked from ends, which
itself ends with the proof (PR_SET_PDEATHSIG). Linux only: elsewhere forking a process that has
loaded numerical libraries is unsafe, and kernels start plainly.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "course_utils"
KINDS = ("numpy", "torch")
#: Loaded before the forks; what only some notebooks use is worth it where it takes long.
PRELOADED = {
    "numpy": (
        "ipykernel.kernelapp",
        "ipykernel.ipkernel",
        "matplotlib_inline.backend_inline",
        "matplotlib.pyplot",
        "sklearn.datasets",
        "course_utils.checkpoints",
        "course_utils.figures",
        "course_utils.data",
        "course_utils.learner.environment",
        "course_utils.exercises.check",
        *(f"course_utils.labs.{path.stem}" for path in (PACKAGE / "labs").glob("*_lab.py")),
    ),
    "torch": (
        "torch",
        "torch.nn.functional",
        "torch.utils.data",
        "torch.func",
        "course_utils.devices",
        "course_utils.batches",
    ),
}
PRELOADED["torch"] = PRELOADED["numpy"] + PRELOADED["torch"]


# --- In the proof ---------------------------------------------------------------------------------


class PreloadedKernels:
    """The two processes, started and ended: ``with PreloadedKernels(folder, kinds) as environment``
    for pytest's --nbval-kernel-name.

    folder: an empty one, for the sockets and the kernel specification; its path must be short, as
    sockets' are. environment: what the two run under. What ``with`` gives is the environment that
    pytest needs on top.
    """

    NAME = "course-preloaded"

    def __init__(self, folder, kinds=KINDS, environment=None):
        self.folder, self.kinds, self.processes = folder, kinds, []
        self.environment = os.environ if environment is None else environment

    def __enter__(self):
        import subprocess

        found = write_spec(self.folder, self.NAME, ["-I", "-S"], "start", self.environment)
        for kind in self.kinds:
            arguments = [
                sys.executable,
                os.path.abspath(__file__),
                "serve",
                kind,
                self.socket_path(kind),
                str(os.getpid()),
            ]
            # Jupyter sets this for a kernel before its first import of matplotlib; here the import
            # comes before.
            environment = self.environment | {
                "MPLBACKEND": "module://matplotlib_inline.backend_inline"
            }
            self.processes.append(
                subprocess.Popen(
                    arguments,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        return found | {"COURSE_KERNELS": str(self.folder)}

    def socket_path(self, kind):
        return str(self.folder / kind)

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def write_spec(folder, name, options, command, environment):
    """Write a kernel specification that calls this file with ``command``; return the variable that
    tells Jupyter where it lies.
    """
    spec = folder / "jupyter" / "kernels" / name
    spec.mkdir(parents=True)
    argv = [sys.executable, *options, os.path.abspath(__file__), command, "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": name, "language": "python"})
    )
    path = filter(None, [str(folder / "jupyter"), environment.get("JUPYTER_PATH")])
    return {"JUPYTER_PATH": os.pathsep.join(path)}


PLAIN = "course-plain"


def can_fork():
    """True where kernels may be forked."""
    return sys.platform == "linux"


# --- The process that is forked -------------------------------------------------------------------


def end_with_parent(parent, by=signal.SIGKILL):
    """Let the operating system send this process a signal when its parent ends; end now if it has
    ended already.
    """
    import ctypes

    ctypes.CDLL(None).prctl(1, by)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def serve(kind, path, parent):
    """Load the packages, then fork a kernel for each starter that connects to the socket at
    ``path``.
    """
    import gc
    from importlib import import_module

    forks = []

    def reap(*_):
        """Wait for the forks that have ended: so their processor time counts as that of this
        process's children.
        """
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def end(*_):
        for group in forks:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.wait():
                pass
        except ChildProcessError:
            os._exit(0)

    signal.signal(signal.SIGTERM, end)
    end_with_parent(parent, by=signal.SIGTERM)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(16)
    import names  # noqa: F401  # run_kernel uses it

    del sys.path[0]  # this file's folder: a kernel does not have it
    for name in PRELOADED[kind]:
        import_module(name)
    if kind == "torch":
        import torch

        torch.optim.SGD([torch.zeros(1)])  # the first optimizer of a process imports torch._dynamo
    elif "torch" in sys.modules:
        sys.exit("what is loaded for the NumPy notebooks has loaded torch")
    signal.signal(signal.SIGCHLD, reap)
    gc.collect()
    gc.freeze()
    os.rename(path + ".new", path)  # from here on starters find it
    while True:
        starter, _ = listener.accept()
        request = starter.makefile().readline()
        if not request:
            starter.close()
            continue
        fork = os.fork()
        if fork == 0:
            listener.close()
            run_kernel(starter, **json.loads(request))
        os.setpgid(fork, fork)  # here and in the fork: whoever comes first
        forks.append(fork)
        starter.close()


def run_kernel(starter, connection_file, folder, environment):
    """Be a kernel until the starter goes; does not return."""
    import threading

    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent(os.getppid())
    os.environ.clear()
    os.environ.update(environment)
    # Ipykernel ends without the parent that stands here.
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # as nbval has it
    starter.sendall(b"%d\n" % os.getpid())

    def watch():
        while starter.recv(1):
            os.kill(os.getpid(), signal.SIGINT)
        os.killpg(0, signal.SIGKILL)  # with what the notebook has started

    threading.Thread(target=watch, daemon=True).start()
    try:
        launch(connection_file)
    finally:
        os._exit(0)


def launch(connection_file):
    """Be the kernel of a notebook, as ``python -m ipykernel_launcher`` is, and record its names."""
    import names
    from ipykernel.kernelapp import IPKernelApp

    if os.path.dirname(os.path.abspath(__file__)) in sys.path[:1]:
        del sys.path[0]  # a notebook finds its own folder there, not this one
    sys.argv = ["ipykernel_launcher.py", "-f", connection_file]
    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    names.watch(app.shell)
    app.start()


# --- What a kernel specification starts -----------------------------------------------------------


def start(connection_file):
    """Ask for a kernel and live as long as it: nbval, or whoever started this, sees a process like
    any other kernel.
    """
    parent = os.getppid()
    path = os.path.join(os.environ["COURSE_KERNELS"], os.environ.get("COURSE_KERNEL", "numpy"))
    preloaded = socket.socket(socket.AF_UNIX)
    while not _connected(preloaded, path):
        if os.getppid() != parent:
            return
        signal.sigtimedwait([], 0.05)  # it is still loading its packages
    request = {
        "connection_file": connection_file,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
    }
    preloaded.sendall(json.dumps(request).encode() + b"\n")
    signal.signal(signal.SIGINT, lambda *_: preloaded.sendall(b"i"))
    preloaded.settimeout(0.2)
    while os.getppid() == parent:
        try:
            if not preloaded.recv(64):
                return
        except TimeoutError:
            continue


def _connected(client, path):
    try:
        client.connect(path)
        return True
    except OSError:
        return False


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "serve":
        serve(arguments[0], arguments[1], int(arguments[2]))
    else:
        {"start": start, "plain": launch}[command](*arguments)
