"""One look for every figure of the course: a palette and a size."""

import matplotlib as mpl
from cycler import cycler

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
DPI = 110  # pixels of the page per inch


def use_style() -> None:
    """Give matplotlib the course's figure size, fonts, grid and colours."""
    order = ("blue", "red", "green", "purple", "orange", "sky", "black")
    mpl.rcParams.update(
        {
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
            "axes.prop_cycle": cycler(color=[PALETTE[name] for name in order]),
            "lines.linewidth": 2.0,
            "lines.markersize": 5.5,
            "legend.frameon": False,
            "image.cmap": "cividis",
        }
    )
