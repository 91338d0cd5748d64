"""One look for every figure of the course: a palette, a size, and alt text with each figure."""

import base64
import io

import matplotlib as mpl
import matplotlib.pyplot as plt

#: Okabe and Ito's colours (https://jfly.uni-koeln.de/color), told apart without colour vision.
#: Lines that mean different things also differ in dash or marker.
PALETTE = {
    "data": "#7A8CA3",
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#1A1A1A",
    "grey": "#8C8C8C",
}

FIGURE_SIZE = (7.0, 4.2)  # inches
DPI = 110  # pixels of the page per inch; the picture itself holds 1.5 times as many, for sharp screens
_SHARPNESS = 1.5


def use_style():
    """Give matplotlib the course's figure size, fonts, grid and colours."""
    order = ("blue", "red", "green", "purple", "orange", "sky", "black")
    mpl.rcParams.update({
        "figure.figsize": FIGURE_SIZE,
        "figure.dpi": DPI,
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "font.size": 10.5,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": 10.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#555555",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E6E6E6",
        "grid.linewidth": 0.8,
        "axes.prop_cycle": mpl.cycler(color=[PALETTE[name] for name in order]),
        "lines.linewidth": 2.0,
        "lines.markersize": 5.5,
        "legend.frameon": False,
        "image.cmap": "cividis",
    })


def figure_png(fig):
    """Return ``fig`` as ``(PNG bytes, width, height)``; width and height in pixels of the page."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI * _SHARPNESS)
    width, height = (round(inches * DPI) for inches in fig.get_size_inches())
    return buffer.getvalue(), width, height


def show(alt, fig=None):
    """Show a figure in the notebook, with ``alt``, and close it.

    ``alt`` says in a sentence or two what is to be seen, for readers who do not see the picture; it travels with the
    figure into the notebook file and into its HTML export. ``fig`` is the current figure unless told.

    Raises ValueError if ``alt`` is empty or there is no figure.
    """
    if not str(alt).strip():
        raise ValueError("show() needs alt text: a sentence that says what the figure shows")
    if fig is None:
        if not plt.get_fignums():
            raise ValueError("there is no figure to show: draw one first, then call show()")
        fig = plt.gcf()
    from IPython.display import display

    png, width, height = figure_png(fig)
    plt.close(fig)
    display(
        {"image/png": base64.b64encode(png).decode(), "text/plain": f"Figure: {alt}"},
        metadata={"image/png": {"alt": alt, "width": width, "height": height}},
        raw=True,
    )
