"""Figures beside each other, as course_utils.figures records them: of twins, and of a run with what
is stored, on the scale on which a reader sees them.

The functions return sentences, none where all agrees.
"""

import numpy as np

from course_utils.notebooks import figures
from course_utils.recording.figure_numbers import UNIT, VISIBLE, artist_points, thinned


def compare_figures(a, b):
    """Compare two records of figures, or two copies in small; return sentences, none if a reader
    sees the same.

    The second is named "expected" in them.
    """
    found = [
        f"{what} is {a.get(what)!r}, expected {b.get(what)!r}"
        for what in ("alt", "size", "title")
        if a.get(what) != b.get(what)
    ]
    if len(a["axes"]) != len(b["axes"]):
        return [*found, f"{len(a['axes'])} axes, expected {len(b['axes'])}"]
    for number, (mine, other) in enumerate(zip(a["axes"], b["axes"]), 1):
        found += [f"axes {number}: {problem}" for problem in _compare_axes(mine, other)]
    return found


def _compare_axes(mine, other):
    if "varies" in mine and "varies" in other:
        return []
    words = ("title", "xlabel", "ylabel", "xscale", "yscale", "xticks", "yticks", "legend")
    found = [
        f"{word} is {mine.get(word)!r}, expected {other.get(word)!r}"
        for word in words
        if mine.get(word) != other.get(word)
    ]
    for way in ("x", "y"):
        found += _compare_limits(way, mine, other)
    kinds = [
        [(artist["kind"], artist["name"]) for artist in place["artists"]] for place in (mine, other)
    ]
    if kinds[0] != kinds[1]:
        return [*found, f"draws {_names(kinds[0])}, expected {_names(kinds[1])}"]
    for drawn, wanted in zip(mine["artists"], other["artists"]):
        found += [f"{drawn['name']}: {problem}" for problem in _compare_artists(drawn, wanted)]
    return found


def _names(kinds):
    return ", ".join(name for _, name in kinds) or "nothing"


def _compare_limits(way, mine, other):
    ours, theirs = mine.get(f"{way}lim"), other.get(f"{way}lim")
    if ours is None or theirs is None:
        return [] if ours == theirs else [f"{way} limits are missing in one"]
    a, b = np.array(ours), np.array(theirs)
    if mine.get(f"{way}scale") == "log" and (a > 0).all() and (b > 0).all():
        a, b = np.log10(a), np.log10(b)
    if np.abs(a - b).max() > VISIBLE * abs(b[1] - b[0]):
        return [
            f"the {way} axis goes from {ours[0]:.6g} to {ours[1]:.6g}, expected {theirs[0]:.6g} to"
            f" {theirs[1]:.6g}"
        ]
    return []


def _compare_artists(mine, other):
    found = (
        [f"{mine['look']!r}, expected {other['look']!r}"] if mine["look"] != other["look"] else []
    )
    if "varies" in mine and "varies" in other:
        return found
    if "varies" in mine or "varies" in other:
        return [*found, "varies in one only"]
    a, b = artist_points(mine), artist_points(other)
    if len(a) != len(b) or mine.get("n") != other.get("n"):
        return [*found, f"{mine.get('n', len(a))} points, expected {other.get('n', len(b))}"]
    apart = np.where(np.isnan(a) & np.isnan(b), 0.0, np.abs(a - b))
    bad = ~(apart <= VISIBLE + UNIT)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        ours, theirs = (f"({x:.7f}, {y:.7f})" for x, y in (a[row], b[row]))
        found.append(f"point {row + 1} of {len(a)} lies at {ours} of the axes, expected {theirs}")
    elif np.abs(np.subtract(mine.get("mean", 0), other.get("mean", 0))).max(initial=0) > VISIBLE:
        found.append(
            f"the mean of its points is {mine['mean']} of the axes, expected {other['mean']}"
        )
    return found


# --- Of a notebook ---


def figures_by_section(cells, fresh):
    """Return ``[(heading, record)]`` of a run: its cells with what they gave, and its record, hold
    the same figures in the same order.
    """
    sections = [cell.section for cell in cells for _ in figures(cell.outputs)]
    return list(zip(sections, fresh))


def compare_with_stored_figures(cells, fresh):
    """Compare a run's figures with the copies in small that are stored in the notebook's cells."""
    stored = [numbers for cell in cells for _, numbers in figures(cell.outputs)]
    if len(stored) != len(fresh):
        return [f"{len(fresh)} figures were shown, {len(stored)} are stored"]
    problems = []
    for new, old in zip(fresh, stored):
        problems += [
            f"the figure {old['alt'][:60]!r}: {problem}"
            for problem in compare_figures(thinned(new), old)
        ]
    return problems


def compare_twins_figures(ours, theirs):
    """Compare the figures of a pair, both as ``[(heading, record)]``.

    Returns (how many were compared, sentences).
    """
    by_place = [
        {(heading, figure["alt"]): figure for heading, figure in side} for side in (ours, theirs)
    ]
    problems, compared = [], 0
    for side, other, name in (
        (by_place[0], by_place[1], "NumPy"),
        (by_place[1], by_place[0], "PyTorch"),
    ):
        for (heading, alt), figure in side.items():
            if "alone" not in figure and (heading, alt) not in other:
                problems.append(
                    f"under {heading!r} only {name} shows {alt[:60]!r}, and the call does not say"
                    " why (alone=...)"
                )
    for place, figure in by_place[0].items():
        if place in by_place[1] and "alone" not in figure and "alone" not in by_place[1][place]:
            compared += 1
            found = compare_figures(by_place[1][place], figure)
            problems += [
                f"under {place[0]!r} the figure {place[1][:60]!r}: {problem} (NumPy)"
                for problem in found
            ]
    return compared, problems
