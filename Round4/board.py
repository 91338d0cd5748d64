"""TensorBoard for this round: a writer that needs no torch, what reads its files again, and
TensorBoard itself inside the notebook.

    python board.py           shows the runs that the notebooks have logged, in the browser
    python board.py FOLDER    shows those of another folder
"""

import html
import logging
import shlex
import sys
import threading
import time
import webbrowser
from pathlib import Path

import numpy as np

COURSE = Path(__file__).resolve().parents[1]
_OPEN = {}  # one TensorBoard for each folder, however often its cell is run


class BoardWriter:
    """Writes a run for TensorBoard, without torch; the methods are those of torch's
    ``SummaryWriter``.

    folder: where the run's event file goes; the folder's name is the run's name in the charts.
    purge_step: a run that goes on forgets what the folder holds from this step on.
    """

    def __init__(self, folder, purge_step=None):
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._file = EventFileWriter(str(folder))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._file.add_event(Event(wall_time=time.time(), step=purge_step, session_log=start))

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._file.close()

    def _add(self, step, **value):
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(**value)])
        self._file.add_event(Event(wall_time=time.time(), step=step, summary=summary))

    def add_scalar(self, tag, value, step):
        """Add one point of the curve ``tag``. TensorBoard keeps it in float32."""
        self._add(step, tag=tag, simple_value=float(value))

    def add_histogram(self, tag, values, step, bins="sturges"):
        """Add the histogram of an array; ``bins`` as in ``numpy.histogram``."""
        from tensorboard.compat.proto.summary_pb2 import HistogramProto

        values = np.asarray(values, dtype=np.float64).ravel()
        counts, edges = np.histogram(values, bins=bins)
        histogram = HistogramProto(
            min=values.min(),
            max=values.max(),
            num=values.size,
            sum=values.sum(),
            sum_squares=values @ values,
            # Nothing lies below the first edge.
            bucket_limit=edges.tolist(),
            bucket=[0.0, *counts.tolist()],
        )
        self._add(step, tag=tag, histo=histogram)

    def flush(self):
        """Write all that was added to the file, now."""
        self._file.flush()


def check_folder(folder):
    """Raise ValueError unless ``folder`` holds something for TensorBoard, however deep."""
    if not Path(folder).is_dir():
        raise ValueError(f"there is no folder {folder}: has the run been logged?")
    if not any(Path(folder).rglob("*tfevents*")):
        raise ValueError(f"the folder {folder} holds no run that TensorBoard can read")


def _events(folder):
    """Return TensorBoard's own reader, with all that a run's folder holds."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    check_folder(folder)
    log = logging.getLogger("tensorboard")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns of each purge, which is what was asked for
    try:
        return EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0}).Reload()
    finally:
        log.setLevel(level)


def _points(folder, kind, tag):
    """Return the points of one chart of a run; ValueError where there is no such chart."""
    events = _events(folder)
    charts = events.Tags()[kind]
    what = "curve" if kind == "scalars" else "histogram"
    if tag not in charts:
        held = ", ".join(sorted(charts)) or "none; name the folder of one run"
        raise ValueError(f"{folder} has no {what} {tag!r}. Its {what}s: {held}")
    return events.Scalars(tag) if kind == "scalars" else events.Histograms(tag)


def read_curve(folder, tag):
    """Return one curve as TensorBoard reads it from a run's folder: values, float64 (they were kept
    in float32).

    Raises ValueError where there is no such folder or no such curve.
    """
    return np.array([point.value for point in _points(folder, "scalars", tag)])


def read_histograms(folder, tag):
    """Return (step, smallest, largest value) of each histogram, as TensorBoard reads them.

    Raises ValueError where there is no such folder or no such histogram.
    """
    return np.array(
        [
            [point.step, point.histogram_value.min, point.histogram_value.max]
            for point in _points(folder, "histograms", tag)
        ]
    )


def start_board(folder):
    """Start TensorBoard on ``folder`` inside this Python process and return its address.

    It runs in a thread, on a free port, for this machine only, and ends with the kernel: no process
    stays behind. A second call with the same folder returns the TensorBoard that is already there.
    Raises ValueError where the folder holds nothing to show.
    """
    check_folder(folder)
    folder = str(Path(folder).resolve())
    if folder not in _OPEN:
        from tensorboard import program

        server = program.TensorBoard()
        server.configure(
            argv=[
                None,
                "--logdir",
                folder,
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--load_fast",
                "false",
                "--reload_interval",
                "5",
            ]
        )
        _OPEN[folder] = server.launch()
    return _OPEN[folder]


def show_board(folder, height=640):
    """Show TensorBoard on ``folder`` in the notebook: a frame of ``height`` pixels.

    Where no kernel runs any more (a saved page), or the notebook's server is another machine, a
    line says so instead.
    """
    from IPython.display import HTML, display

    address = html.escape(start_board(folder))
    # As it is called in the course's folder, where the terminal is.
    path = Path(folder).resolve()
    named = path.relative_to(COURSE) if path.is_relative_to(COURSE) else path
    named = html.escape(shlex.quote(named.as_posix()))
    try:
        import google.colab  # noqa: F401  Colab reaches its machine's ports in its own way
    except ImportError:
        pass
    else:
        from tensorboard import notebook

        notebook.display(port=int(address.rstrip("/").rsplit(":")[-1]), height=height)
        return
    place = f"board-{time.time_ns()}"
    display(
        HTML(
            f'<div id="{place}" style="min-height: 2em">TensorBoard appears here while this'
            " notebook runs: run this cell again to open it. In a terminal: <code>tensorboard"
            f' --logdir {named}</code></div><script>fetch("{address}data/logdir", {{mode:'
            ' "no-cors"}).then(() => {const place ='
            f' document.getElementById("{place}");place.innerHTML = \'<iframe title="TensorBoard"'
            f' src="{address}" width="100%" height="{height}" style="border: 0"></iframe>\';'
            " }).catch(() => {});</script>"
        )
    )


def main(folder=COURSE / "Round4" / "runs"):
    """Show TensorBoard on ``folder`` in the browser, until Ctrl-C."""
    address = start_board(folder)
    print(f"TensorBoard on {folder}: {address}   Ctrl-C ends it", flush=True)
    webbrowser.open(address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2])
    except ValueError as error:
        sys.exit(f"board.py: {error}")
