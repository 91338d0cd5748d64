"""A lab as a page of its own: one HTML file that needs no kernel and no network."""

import html
import json
import os
import re
from pathlib import Path

#: What the browser runs: the widget's JavaScript and style, and the page around them.
FRONT = Path(__file__).with_name("front")


def save_html(state: dict, path: str | os.PathLike) -> None:
    """Write the page of a lab, given what Lab.state() returns."""
    script = FRONT.joinpath("lab.js").read_text(encoding="utf-8")
    parts = {
        "title": html.escape(state["spec"]["name"]),
        "css": FRONT.joinpath("lab.css").read_text(encoding="utf-8"),
        "js": script.replace("export default", "const lab ="),
        "state": json.dumps(state).replace("</", "<\\/"),
    }
    page = FRONT.joinpath("lab.html").read_text(encoding="utf-8")
    filled = re.sub("@([a-z]+)@", lambda part: parts[part[1]], page)
    Path(path).write_text(filled, encoding="utf-8")
