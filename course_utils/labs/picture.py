"""The picture that a notebook stores of a lab: matplotlib draws what the browser would, at a few
positions.
"""

from collections.abc import Sequence, Set
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D
from PIL import Image

from course_utils.figures import quantised
from course_utils.labs.drawing import COLOURS, PER_PIXEL, SIZE, STYLE, Layer, Panel
from course_utils.labs.frames import DrawnFrame

SHARPNESS = 1.25  # the picture holds this many dots for a pixel

SIDES = {"start": "left", "middle": "center", "end": "right"}  # of a text, in matplotlib's words


def stored_png(
    panels: Sequence[Panel], shown: Sequence[tuple[str, DrawnFrame]], hidden: Set[str] = frozenset()
) -> bytes:
    """Return the PNG of some positions, one below the other.

    shown: (what the sliders say, what is drawn) at each of them. hidden: the groups of layers that
    are not drawn.
    """
    first, columns = 0, []
    with mpl.rc_context(STYLE):
        for panel in panels:
            layers = slice(first, first + len(panel.layers))
            frames = [frame for _, frame in shown]
            columns.append(_panel_rasters(panel, frames, layers, hidden))
            first = layers.stop
        strips = []
        for (words, drawn), rasters in zip(shown, zip(*columns)):
            row = np.concatenate(rasters, axis=1)
            strips += [_headline(f"{words}: {drawn.frame.regime}", row.shape[1]), row]
    return quantised(Image.fromarray(np.concatenate(strips)), colours=96)


def _panel_rasters(
    panel: Panel, frames: Sequence[DrawnFrame], layers: slice, hidden: Set[str]
) -> list[np.ndarray]:
    """Return the panel's picture with its layers drawn, for each frame: arrays (h, w, 3).

    layers: which of all panels' layers are this panel's.
    """
    backgrounds: dict[Axes, Any] = {}
    rasters = []
    for drawn in frames:
        axes = panel.axes[drawn.version % len(panel.axes)]
        figure: Any = axes.figure
        canvas = figure.canvas
        if axes not in backgrounds:
            figure.set(dpi=72 * SHARPNESS, facecolor="white")
            canvas.draw()
            backgrounds[axes] = canvas.copy_from_bbox(figure.bbox)
        canvas.restore_region(backgrounds[axes])
        for layer, points, text in zip(panel.layers, drawn.points[layers], drawn.texts[layers]):
            if layer.group and layer.group in hidden:
                continue
            for artist in _artists(layer, axes, points, text):
                axes.draw_artist(artist)
                artist.remove()
        rasters.append(np.array(canvas.buffer_rgba())[..., :3])
    for axes in backgrounds:
        axes.figure.set(dpi=72, facecolor="none")
    return rasters


def _artists(layer: Layer, axes: Axes, points: np.ndarray, text: str) -> list[Artist]:
    """Add to the axes what matplotlib draws for a layer, and return it.

    points: (k, 2), tenths of pixels from the top left.
    """
    x, y = points[:, 0] / PER_PIXEL, SIZE[1] - points[:, 1] / PER_PIXEL
    common: dict[str, Any] = {
        "color": COLOURS[layer.colour],
        "transform": Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans,
        "clip_path": axes.patch,
    }
    if layer.anchor:
        if not len(x):
            return []
        side = SIDES[layer.anchor]
        return [axes.text(x[-1], y[-1], text, ha=side, fontsize=12, weight="bold", **common)]
    lines: list[Line2D] = []
    if layer.line:
        lines.append(Line2D(x, y, lw=layer.line, ls=_line_style(layer), **common))
    if layer.dots:
        lines.append(Line2D(x, y, ls="", marker="o", ms=2 * layer.dots, mew=0, **common))
    if layer.head:
        look: dict[str, Any] = {"marker": "o", "ms": 2 * layer.head, "mec": "white"}
        lines.append(Line2D(x[-1:], y[-1:], **look, **common))
    return [axes.add_line(line) for line in lines]


def _line_style(layer: Layer) -> str | tuple:
    """Return a layer's dash as matplotlib has it: in widths of the line."""
    if not layer.dash:
        return "-"
    return 0, [float(part) / layer.line for part in layer.dash.split()]


def _headline(text: str, width: int) -> np.ndarray:
    """Return a strip with a text, (h, width, 3)."""
    figure = Figure(figsize=(width / 72 / SHARPNESS, 0.42), dpi=72 * SHARPNESS, facecolor="white")
    figure.text(8 / width, 0.2, text, fontsize=15)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
