"""What a figure draws, as numbers: what a reader sees in it, and what the proof compares.

Of each axes the limits, scales, title and labels, and the points of its lines, dots, bars, fills,
contours, images and texts. Points are given in parts of the axes: 0 is its left or lower end, 1 the
other, on the axes' own scale (linear or logarithmic). So two figures are compared on the scale on
which they are seen.
"""

import numpy as np
from matplotlib import collections, contour, image, lines, patches, spines, text
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

VISIBLE = 1e-6  # of an axes' width or height: what lies nearer together is the same to every reader
UNIT = 1e-7  # the copy beside the picture counts in these parts of the axes
_LARGEST = 4000  # points of one artist in a record


def figure_numbers(fig: Figure, varies: dict[str, str] | None = None) -> dict:
    """Return what ``fig`` draws, as a dict that JSON can hold; draw the figure before.

    For ``varies`` see show().
    """
    varies, places = dict(varies or {}), []
    shown = [axes for top in fig.axes for axes in (top, *top.child_axes) if axes.get_visible()]
    for number, axes in enumerate(shown, 1):
        place, name = _axes_numbers(axes), f"axes {number}"
        if name in varies:
            place = {key: place[key] for key in ("title", "xlabel", "ylabel")} | {
                "varies": varies.pop(name),
                "artists": [],
            }
        for artist in place["artists"]:
            reason = varies.pop(f"{name}: {artist['name']}", None)
            if reason:
                del artist["points"]
                artist["varies"] = reason
        places.append(place)
    if varies:
        known = [
            f"axes {n}: {artist['name']}"
            for n, place in enumerate(places, 1)
            for artist in place["artists"]
        ]
        raise ValueError(f"varies names {', '.join(varies)}; this figure draws {', '.join(known)}")
    headings = [fig.get_suptitle(), fig.get_supxlabel(), fig.get_supylabel()]
    return {
        "size": [float(inches) for inches in fig.get_size_inches()],
        "title": "; ".join(filter(None, headings)),
        "axes": places,
    }


def _axes_numbers(axes):
    place = {
        "title": "; ".join(
            filter(None, (axes.get_title(loc) for loc in ("left", "center", "right")))
        )
    }
    for way in ("x", "y"):
        axis, low_high = getattr(axes, f"{way}axis"), getattr(axes, f"get_{way}lim")()
        place[f"{way}label"] = axis.get_label_text()
        place[f"{way}scale"] = axis.get_scale()
        place[f"{way}lim"] = [float(end) for end in low_high]
        if isinstance(axis.get_major_locator(), FixedLocator) and axes.axison:
            place[f"{way}ticks"] = [label.get_text() for label in axis.get_ticklabels()]
    legend = axes.get_legend()
    place["legend"] = [entry.get_text() for entry in legend.get_texts()] if legend else []
    count, artists = {}, []
    for artist in axes.get_children():
        if artist is axes.patch or isinstance(artist, spines.Spine) or not artist.get_visible():
            continue
        described = _artist_numbers(artist, axes)
        if described:
            kind = described["kind"]
            count[kind] = count.get(kind, 0) + 1
            label = str(artist.get_label())
            described["name"] = (
                label if label and not label.startswith("_") else f"{kind} {count[kind]}"
            )
            artists.append(described)
    return place | {"artists": artists}


def _artist_numbers(artist, axes):
    """Return kind, look and points of one artist; None for what holds no data, such as an axis or
    the title.
    """

    def parts(points, transform):
        """Points (n, 2) of any coordinate system, in parts of the axes."""
        with np.errstate(all="ignore"):
            pixels = transform.transform(np.asarray(points, dtype=float).reshape(-1, 2))
            return axes.transAxes.inverted().transform(pixels)

    if isinstance(artist, lines.Line2D):
        look = (
            f"{to_hex(artist.get_color())} {artist.get_linewidth():g} {artist.get_linestyle()}"
            f" {artist.get_marker()}"
        )
        return _described("line", look, parts(artist.get_xydata(), artist.get_transform()))
    if isinstance(artist, text.Text):
        arrow = getattr(artist, "arrow_patch", None)
        if not (artist.get_text() or arrow) or artist in (
            axes.title,
            axes._left_title,
            axes._right_title,
        ):
            return None
        points = [artist.get_transform().transform(artist.get_unitless_position())]
        if isinstance(artist, text.Annotation) and artist.xycoords == "data":
            points.append(axes.transData.transform(artist.xy))
        return _described("text", artist.get_text(), axes.transAxes.inverted().transform(points))
    if isinstance(artist, image.AxesImage):
        left, right, bottom, top = artist.get_extent()
        corners = parts([(left, bottom), (right, top)], artist.get_transform())
        return _described("image", artist.get_cmap().name, corners, artist.norm(artist.get_array()))
    if isinstance(artist, contour.ContourSet):
        outlines = [
            parts(outline, artist.get_transform())
            for path in artist.get_paths()
            for outline in _outlines(path)
        ]
        points = np.concatenate([_evenly(outline) for outline in outlines] or [np.empty((0, 2))])
        return _described("contours", " ".join(f"{level:.6g}" for level in artist.levels), points)
    if isinstance(artist, collections.PathCollection):
        points = parts(artist.get_offsets(), artist.get_offset_transform())
        return _described("dots", _colours(artist), points, artist.get_array(), artist.get_sizes())
    if isinstance(artist, collections.QuadMesh):
        points = parts(artist.get_coordinates().reshape(-1, 2), artist.get_transform())
        return _described("mesh", artist.get_cmap().name, points, artist.norm(artist.get_array()))
    if isinstance(artist, collections.Collection):
        paths = [parts(path.vertices, artist.get_transform()) for path in artist.get_paths()]
        return _described("fill", _colours(artist), np.concatenate(paths or [np.empty((0, 2))]))
    if isinstance(artist, patches.Patch):
        return _described(
            "patch",
            to_hex(artist.get_facecolor()),
            parts(artist.get_path().vertices, artist.get_transform()),
        )
    return None


def _outlines(path):
    """Return the lines of a contour.

    A label cuts a ring in pieces; two that meet where the ring was begun are one line.
    """
    starts = [0] if path.codes is None else np.flatnonzero(path.codes == path.MOVETO)
    pieces = [piece for piece in np.split(path.vertices, starts) if len(piece)]
    outlines = []
    while pieces:
        line = pieces.pop(0)
        before = [
            n
            for n, piece in enumerate(pieces)
            if np.allclose(piece[-1], line[0], rtol=0, atol=1e-9 * np.ptp(path.vertices))
        ]
        outlines.append(np.concatenate([pieces.pop(before[0]), line]) if before else line)
    return outlines


def _evenly(points, count=40):
    """Return ``count`` points at equal distances along a line: where it crosses a corner of the
    grid, rounding decides on its vertices.
    """
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if lengths[-1] < VISIBLE:
        return np.empty((0, 2))
    places = np.linspace(0, lengths[-1], count)
    return np.column_stack([np.interp(places, lengths, points[:, way]) for way in (0, 1)])


def _colours(collection):
    colours = [
        *map(to_hex, collection.get_facecolor()[:3]),
        *map(to_hex, collection.get_edgecolor()[:3]),
    ]
    return " ".join(colours) if collection.get_array() is None else collection.get_cmap().name


def _described(kind, look, points, *values):
    """``values``: arrays beside the points, such as colours; they follow the points, one a row, as
    (value, value).
    """
    rows = [np.asarray(points, dtype=float)]
    rows += [
        np.repeat(np.ma.filled(np.ma.asarray(v, dtype=float), np.nan).reshape(-1, 1), 2, axis=1)
        for v in values
        if v is not None
    ]
    rows = np.concatenate(rows)
    rows = rows[:: -(-len(rows) // _LARGEST)] if len(rows) else rows
    # What lies further out is out of sight.
    rows = np.where(np.isnan(rows), np.nan, np.clip(rows, -1, 2))
    return {
        "kind": kind,
        "look": look,
        "points": [[None if np.isnan(v) else float(v) for v in row] for row in rows],
    }


# --- The copy beside the picture ------------------------------------------------------------------


def thinned(numbers: dict) -> dict:
    """Return the record of a figure in small, as it is stored with the picture: some 300 points, in
    ten millionths of the axes.

    Of what is left out, the number and the mean stay, so that a point that moves is noticed all the
    same.
    """
    artists = [
        artist for place in numbers["axes"] for artist in place["artists"] if "points" in artist
    ]
    room = int(np.clip(300 / max(len(artists), 1), 4, 24))

    def small(artist):
        if "points" not in artist:
            return artist
        points = artist_points(artist)
        chosen = (
            points[
                np.unique(
                    np.linspace(0, len(points) - 1, min(room, len(points))).round().astype(int)
                )
            ]
            if len(points)
            else points
        )
        seen = points[np.isfinite(points).all(axis=1)]
        mean = seen.mean(axis=0).round(7).tolist() if len(seen) else []
        return {key: value for key, value in artist.items() if key != "points"} | {
            "n": len(points),
            "mean": mean,
            "at": " ".join("nan" if np.isnan(v) else str(round(v / UNIT)) for v in chosen.ravel()),
        }

    places = []
    for place in numbers["axes"]:
        limits = {
            key: [float(f"{end:.9g}") for end in place[key]]
            for key in ("xlim", "ylim")
            if key in place
        }
        places.append(place | limits | {"artists": [small(artist) for artist in place["artists"]]})
    return numbers | {"axes": places}


def artist_points(artist: dict) -> np.ndarray:
    """Return an artist's points, (n, 2), from a record or from its copy in small."""
    if "at" in artist:
        return np.array([float(v) for v in artist["at"].split()]).reshape(-1, 2) * UNIT
    return np.array(
        [[np.nan if v is None else v for v in row] for row in artist["points"]], dtype=float
    ).reshape(-1, 2)
