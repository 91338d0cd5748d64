"""What a lab should show, recomputed: its frame function is called anew, and turned into pixels by
plain interpolation.

Runs in the tests' process for exported labs, and in the notebook's kernel for those in JupyterLab.
"""

import json
import re

import numpy as np

from course_utils.labs import drawing


def pixels(layer, version, x, y):
    """Return ``[[x, y], ...]`` in the picture's pixels up to where the path leaves the numbers or
    the far surroundings.
    """
    axes = layer.axes[version % len(layer.axes)]
    (width, height), (left, top, right, bottom) = drawing.SIZE, drawing.MARGINS
    points = []
    for place in zip(np.ravel(x).astype(float), np.ravel(y).astype(float)):
        point = []
        for value, (low, high), scale in zip(
            place, (axes.get_xlim(), axes.get_ylim()), (axes.get_xscale(), axes.get_yscale())
        ):
            if scale == "log":
                low, high, value = (
                    np.log10(low),
                    np.log10(high),
                    np.log10(value) if value > 0 else -1000.0,
                )
            point.append(float((value - low) / (high - low)))
        point = [
            left + point[0] * (width - left - right),
            height - bottom - point[1] * (height - top - bottom),
        ]
        if not np.isfinite(point).all() or np.abs(point).max() > drawing.FAR:
            break
        points.append(point)
    return points


def at(lab, number):
    """Return what is to be seen and heard of ``lab`` at a position, as plain lists."""
    places = divmod(number, len(lab.sliders[1].scales[0].values) if len(lab.sliders) > 1 else 1)[
        : len(lab.sliders)
    ]
    version = places[-1] if len(places) > 1 else 0
    scales = [slider.scales[version % len(slider.scales)] for slider in lab.sliders]
    frame = lab.frame(*(scale.values[place] for scale, place in zip(scales, places)))
    said = [
        f"{slider.name} {scale.labels[place]}"
        for slider, scale, place in zip(lab.sliders, scales, places)
    ]
    said[0] += f", {frame.name}" if frame.name else ""
    panels = []
    for panel in lab.panels:
        drawn = [frame.draw.get(layer, ((), ())) for layer in panel.layers]
        panels.append(
            [
                {
                    "points": pixels(layer, version, *shape[:2]),
                    "text": shape[2] if len(shape) > 2 else "",
                    "walk": layer.walk,
                    "group": layer.group,
                    "parts": sum(map(bool, (layer.line, layer.dots, layer.head, layer.anchor))),
                }
                for layer, shape in zip(panel.layers, drawn)
            ]
        )
    return {
        "places": list(places),
        "said": said,
        "facts": list(frame.facts),
        "trouble": frame.trouble,
        "notes": frame.notes,
        "panels": panels,
    }


def labs():
    """Return the labs of this kernel in the order in which they were made."""
    from ipywidgets import widgets

    from course_utils.labs.widget import Lab

    return [w for w in widgets.widget._instances.values() if isinstance(w, Lab)]


def summary(seed, picks):
    """Return all of the kernel's labs as JSON: what is said at each position, and all that is drawn
    at some random ones.
    """
    rng, found = np.random.default_rng(seed), []
    for lab in labs():
        count = len(lab.frames)
        chosen = sorted({0, count - 1, *(int(n) for n in rng.choice(count, picks))})
        found.append(
            {
                "name": lab.spec["name"],
                "keys": [slider.key for slider in lab.sliders],
                "steps": lab.spec["steps"],
                "groups": list(lab.shown),
                "start": lab._find([slider.start for slider in lab.sliders]),
                "counts": [len(slider.scales[0].values) for slider in lab.sliders],
                "said": [at_words(lab, n) for n in range(count)],
                "picks": {n: at(lab, n) for n in chosen},
            }
        )
    return json.dumps(found)


def at_words(lab, number):
    """Return what the sliders say at a position, from the frames that the lab holds."""
    columns = len(lab.sliders[1].scales[0].values) if len(lab.sliders) > 1 else 1
    places = divmod(number, columns)[: len(lab.sliders)]
    scales = [slider.scales[(number % columns) % len(slider.scales)] for slider in lab.sliders]
    said = [
        f"{slider.name} {scale.labels[place]}"
        for slider, scale, place in zip(lab.sliders, scales, places)
    ]
    name = lab.frames[number]["name"]
    return [said[0] + (f", {name}" if name else ""), *said[1:]]


def notebooks(root):
    """Return the notebooks under ``root`` in which a code cell makes a lab."""
    found = []
    for path in sorted(root.glob("*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        if re.search(r"\b(\w+_lab|Lab)\(", code):
            found.append(path)
    return found
