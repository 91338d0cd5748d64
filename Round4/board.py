"""TensorBoard for this round: a writer that needs no torch, and TensorBoard itself inside the
notebook.

    python board.py           shows the runs that the notebooks have logged, in the browser
    python board.py FOLDER    shows those of another folder
"""

import html
import io
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
    """

    def __init__(self, folder):
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._file = EventFileWriter(str(folder))

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

    def add_image(self, tag, image, step=0, dataformats="HW"):
        """Add a grey picture: ``image`` (height, width), uint8, 0 is black."""
        from PIL import Image
        from tensorboard.compat.proto.summary_pb2 import Summary

        if dataformats != "HW" or image.ndim != 2 or image.dtype != np.uint8:
            raise ValueError(
                f"add_image takes uint8 pictures (height, width), not {image.dtype} {image.shape}"
            )
        png = io.BytesIO()
        Image.fromarray(image).save(png, format="png")
        height, width = image.shape
        picture = Summary.Image(
            height=height, width=width, colorspace=1, encoded_image_string=png.getvalue()
        )
        self._add(step, tag=tag, image=picture)

    def add_graph(self, nodes):
        """Add the drawing of a computation: ``nodes`` is a list of ``(name, operation, names of its
        inputs)``.
        """
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.graph_pb2 import GraphDef
        from tensorboard.compat.proto.node_def_pb2 import NodeDef

        graph = GraphDef(
            node=[NodeDef(name=name, op=op, input=inputs) for name, op, inputs in nodes]
        )
        self._file.add_event(Event(wall_time=time.time(), graph_def=graph.SerializeToString()))


def check_folder(folder):
    """Raise ValueError unless ``folder`` holds something for TensorBoard, however deep."""
    if not Path(folder).is_dir():
        raise ValueError(f"there is no folder {folder}: has the run been logged?")
    if not any(Path(folder).rglob("*tfevents*")):
        raise ValueError(f"the folder {folder} holds no run that TensorBoard can read")


def read_curve(folder, tag):
    """Return one curve as TensorBoard reads it from a run's folder: values, float64 (they were kept
    in float32).

    Raises ValueError where there is no such folder or no such curve.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    check_folder(folder)
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    curves = events.Tags()["scalars"]
    if tag not in curves:
        held = ", ".join(sorted(curves)) or "none; name the folder of one run"
        raise ValueError(f"{folder} has no curve {tag!r}. Its curves: {held}")
    return np.array([point.value for point in events.Scalars(tag)])


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
