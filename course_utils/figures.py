"""Figures: shown with alt text, and recorded as the numbers that a reader sees in them."""

import base64
import io
import json
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from course_utils.notebooks import FIGURE
from course_utils.recording.figure_numbers import figure_numbers, thinned
from course_utils.recording.records import pictures_wanted, record
from course_utils.style import DPI

_SHARPNESS = 1.5  # the picture holds so many pixels for a pixel of the page


def show(
    alt: str,
    fig: Figure | None = None,
    *,
    varies: dict[str, str] | None = None,
    alone: str | None = None,
) -> None:
    """Show a figure in the notebook, with ``alt``, record what it draws, and close it.

    ``alt`` says in a sentence or two what is to be seen, for readers who do not see the picture; it
    travels with the figure into the notebook file and into its HTML export. ``fig`` is the current
    figure unless told.

    varies: what cannot be the same in two runs, ``{artist: reason}``; "axes 2: line 1" (or its
    label) is one artist, "axes 2" all numbers of one axes. alone: why the twin shows no such
    figure, or another one, under the same heading.

    Raises ValueError if ``alt`` is empty, there is no figure, or ``varies`` names nothing that is
    drawn.
    """
    if not str(alt).strip():
        raise ValueError("show() needs alt text: a sentence that says what the figure shows")
    if fig is None:
        if not plt.get_fignums():
            raise ValueError("there is no figure to show: draw one first, then call show()")
        fig = plt.gcf()
    fig.draw_without_rendering()  # the limits and places are final only now
    numbers = {"alt": alt} | figure_numbers(fig, varies or {})
    if alone:
        numbers["alone"] = alone
    record("figures", numbers)
    data = {"text/plain": f"Figure: {alt}"}
    metadata: dict[str, Any] = {FIGURE: json.dumps(thinned(numbers), ensure_ascii=False)}
    if pictures_wanted():
        png, width, height = figure_png(fig)
        data["image/png"] = base64.b64encode(png).decode()
        metadata["image/png"] = {"alt": alt, "width": width, "height": height}
    plt.close(fig)
    display(data, metadata=metadata, raw=True)


def figure_png(fig: Figure) -> tuple[bytes, int, int]:
    """Return ``fig`` as ``(PNG bytes, width, height)``; width and height in pixels of the page."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI * _SHARPNESS)
    width, height = (round(inches * DPI) for inches in fig.get_size_inches())
    return quantised(Image.open(buffer)), width, height


def quantised(picture: Image.Image, colours: int = 256) -> bytes:
    """Return a PIL image as the bytes of a PNG of so many colours at most, which takes less than
    half the room.
    """
    buffer = io.BytesIO()
    picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()
