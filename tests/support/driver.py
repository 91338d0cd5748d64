"""A lab on a page, and the hands that move it: what both browser tests check.

What is on the screen is compared with the path recomputed in Python (oracle.py), to half a
pixel of the picture; so are the texts, and what a screen reader is told.
"""

import io

from PIL import Image

HALF_A_PIXEL = 0.5

#: Where each layer's points are on the screen, in the pixels of the picture below them: measured by
#: the browser, not read from lab.js.
READ = """(root) => [...root.querySelectorAll(".gbl-panel")].map((panel) => {
  const image = [...panel.querySelectorAll("img")].find((img) => !img.hidden);
  const box = image.getBoundingClientRect();
  const overlay = panel.querySelector("svg"), width = overlay.viewBox.baseVal.width;
  const place = (node, x, y) => {
    const point = new DOMPoint(x, y).matrixTransform(node.getScreenCTM());
    return [(point.x - box.left) * width / box.width, (point.y - box.top) * width / box.width];
  };
  const points = (node) => {
    const pairs = node.getAttribute("d").matchAll(/(-?[\\d.e-]+),(-?[\\d.e-]+)/g);
    return [...pairs].map((pair) => place(node, +pair[1], +pair[2]));
  };
  const point = (node) => {
    const [x, y] = node.tagName === "text" ? ["x", "y"] : ["cx", "cy"];
    return [place(node, +node.getAttribute(x), +node.getAttribute(y))];
  };
  const nodes = [...overlay.firstChild.children].map((node) => ({
    kind: node.tagName, dots: node.getAttribute("stroke-linecap") === "round",
    hidden: getComputedStyle(node).display === "none",
    points: node.tagName === "path" ? points(node) : point(node),
    text: node.textContent, colour: getComputedStyle(node).fill,
  }));
  return { shown: image.complete && image.naturalWidth > 0, nodes };
})"""


class LabOnPage:
    """One lab on a page, and what it should show."""

    def __init__(self, page, root, name, keys, counts, said, picks, steps, start, groups):
        self.page, self.root, self.name, self.keys, self.counts, self.start = (
            page,
            root,
            name,
            keys,
            counts,
            start,
        )
        self.groups, self.hidden = groups, set()
        self.said, self.picks, self.steps = said, {int(n): pick for n, pick in picks.items()}, steps
        root.scroll_into_view_if_needed()
        assert root.get_attribute("aria-label") == name and root.get_attribute("role") == "group"
        self.sliders = root.get_by_role("slider").all()
        assert len(self.sliders) == len(counts)
        for slider in self.sliders:  # found by the name that a screen reader says
            label = slider.get_attribute("aria-label")
            assert label, f"{name}: a slider has no name"
            assert root.get_by_role("slider", name=label, exact=True).count() == 1
            assert (slider.get_attribute("aria-valuetext") or "").startswith(label + " "), (
                f"{name}: a slider says nothing"
            )
        self.boxes = {
            group: root.get_by_role("checkbox", name=group, exact=True) for group in groups
        }
        assert root.get_by_role("checkbox").count() == len(groups)

    def places(self):
        return [int(slider.input_value()) for slider in self.sliders]

    def number(self):
        places = self.places()
        return places[0] * (self.counts[1] if len(places) > 1 else 1) + (
            places[1] if len(places) > 1 else 0
        )

    def check_words(self, number=None):
        """Compare what the sliders say, and that they stand at ``number`` if it is given."""
        at = self.number()
        assert number is None or at == number, (
            f"{self.name}: the sliders stand at {self.places()}, number {at}, not {number}"
        )
        said = [slider.get_attribute("aria-valuetext") for slider in self.sliders]
        assert said == self.said[at], (
            f"{self.name} at {self.places()}: says {said}, expected {self.said[at]}"
        )

    def check(self, number, seed, step=None):
        """Compare all that is drawn and written at ``number`` with the path recomputed in
        Python.
        """
        self.check_words(number)
        wanted, where = self.picks[number], f"{self.name}, position {number}, seed {seed}"
        facts = self.root.locator("dd").all_inner_texts()
        step = self.steps if step is None else step
        assert facts == [f"{step} of {self.steps}", *wanted["facts"]][: len(facts)], (
            f"{where}: {facts}"
        )
        assert self.root.locator(".gbl-trouble").inner_text() == wanted["trouble"], where
        notes = [wanted["notes"].get(group, "") for group in self.groups]
        assert self.root.locator(".gbl-note").all_inner_texts() == notes, where
        assert [box.get_attribute("aria-description") for box in self.boxes.values()] == notes, (
            where
        )
        assert {
            group for group, box in self.boxes.items() if not box.is_checked()
        } == self.hidden, where
        for panel, layers in zip(self.root.evaluate(READ), wanted["panels"], strict=True):
            assert panel["shown"], f"{where}: a picture is not shown"
            nodes = iter(panel["nodes"])
            for layer in layers:
                self._check_layer(nodes, layer, step, where)
            assert next(nodes, None) is None, f"{where}: more is drawn than expected"

    def _check_layer(self, nodes, layer, step, where):
        points = layer["points"][: step + 1] if layer["walk"] else layer["points"]
        for node in self._nodes_of(nodes, layer):
            if layer["group"] in self.hidden:
                assert node["hidden"], f"{where}: {layer['group']} is still drawn"
                continue
            assert not (node["hidden"] and node["kind"] == "path"), f"{where}: a path is not drawn"
            if node["kind"] != "path":
                points_here = points[-1:]
                assert node["hidden"] == (not points) or len(points) < len(layer["points"]), where
                if node["hidden"] or not points:
                    continue
                # The head of a path that was cut far outside.
                far = max(abs(value) for value in node["points"][0]) > 2000
                assert far or self._near(node["points"], points_here), (
                    f"{where}: {node['kind']} {node['points']} {points_here}"
                )
                assert node["text"] == layer["text"], where
            elif node["dots"] or len(points) > 1:
                assert len(points) <= len(node["points"]) <= len(points) + 1, (
                    f"{where}: {len(node['points'])} of {len(points)} points"
                )
                assert self._near(node["points"], points), (
                    f"{where}: the path is off by more than {HALF_A_PIXEL} pixels"
                )

    @staticmethod
    def _near(drawn, points):
        return all(
            abs(a - b) <= HALF_A_PIXEL
            for here, there in zip(drawn, points)
            for a, b in zip(here, there)
        )

    @staticmethod
    def _nodes_of(nodes, layer):
        return [next(nodes) for _ in range(layer["parts"])]

    def check_layout(self):
        """The facts stand side by side, each name over its value: a theme's own rules for lists may
        not reach them.
        """
        boxes = self.root.evaluate(
            """(root) => [...root.querySelectorAll(".gbl-says dl > div")].map((fact) =>
              [fact, ...fact.children].map((node) => {
                const box = node.getBoundingClientRect();
                return [box.left, box.top, box.right, box.bottom];
              }))"""
        )
        assert boxes, self.name
        for _, name, value in boxes:
            assert name[3] <= value[1] + 1, (
                f"{self.name}: a fact's name and value share a line: {name} {value}"
            )
            assert name[3] - name[1] < 30, (
                f"{self.name}: a fact's name is broken into lines: {name}"
            )
        for n, (fact, *_) in enumerate(boxes):
            for other, *_ in boxes[:n]:
                apart = (
                    fact[0] >= other[2]
                    or fact[2] <= other[0]
                    or fact[1] >= other[3]
                    or fact[3] <= other[1]
                )
                assert apart, f"{self.name}: two facts lie on each other: {fact} {other}"

    # --- Hands ---

    def go(self, number):
        """Move every slider to position ``number`` by the keys."""
        places = divmod(number, self.counts[1]) if len(self.counts) > 1 else [number]
        for slider, place, count in zip(self.sliders, places, self.counts):
            slider.focus()
            self.page.keyboard.press("Home" if place < count / 2 else "End")
            for _ in range(min(place, count - 1 - place)):
                self.page.keyboard.press("ArrowRight" if place < count / 2 else "ArrowLeft")

    def listen(self):
        """From now on, note where the sliders stand and what they say each time one of them has
        moved.
        """
        self.root.evaluate("""(root) => {
          const sliders = [...root.querySelectorAll("input[type=range]")];
          window.heard = [];
          root.oninput = () => heard.push([
            sliders.map((s) => Number(s.value)),
            sliders.map((s) => s.getAttribute("aria-valuetext")),
          ]);
        }""")

    def heard(self, n):
        """Check all that was said since ``listen``, and return where slider ``n`` went."""
        visited = self.page.evaluate("heard")
        for places, said in visited:
            number = places[0] * (self.counts[1] if len(places) > 1 else 1) + (
                places[1] if len(places) > 1 else 0
            )
            assert said == self.said[number], (
                f"{self.name} at {places}: says {said}, expected {self.said[number]}"
            )
        return [places[n] for places, _ in visited]

    def sweep_by_keys(self):
        """Press every position of every slider, from one end to the other, and the keys for larger
        steps.
        """
        for n, (slider, count) in enumerate(zip(self.sliders, self.counts)):
            slider.focus()
            self.page.keyboard.press("End" if self.places()[n] == 0 else "Home")
            self.listen()
            for key in ("End", "Home", "End", "Home"):
                self.page.keyboard.press(key)
            ends = self.heard(n)
            assert ends[-2:] == [count - 1, 0], f"{self.name}: End and Home lead to {ends}"
            self.listen()
            for place in range(1, count):
                self.page.keyboard.press("ArrowRight" if place % 2 else "ArrowUp")
            assert (went := self.heard(n)) == list(range(1, count)), (
                f"{self.name}: the arrow keys lead to {went}"
            )
            page_step = max(1, round(count / 10))
            for key, direction in (
                ("PageDown", -1),
                ("PageUp", 1),
                ("ArrowLeft", -1),
                ("ArrowDown", -1),
            ):
                before = self.places()[n]
                self.page.keyboard.press(key)
                moved, room = (
                    (self.places()[n] - before) * direction,
                    before if direction < 0 else count - 1 - before,
                )
                assert min(1, room) <= moved <= page_step + 1, (
                    f"{self.name}: {key} moves by {moved * direction}"
                )
                self.check_words()
            assert slider.evaluate("(node) => node === document.activeElement"), (
                "the keys moved the focus away"
            )

    def sweep_by_mouse(self):
        """Drag every slider over its whole range, and click on it."""
        for n, (slider, count) in enumerate(zip(self.sliders, self.counts)):
            slider.scroll_into_view_if_needed()
            box = slider.bounding_box()
            # The thumb is round, and as high as the slider.
            thumb, y = box["height"], box["y"] + box["height"] / 2
            place_of = lambda x: (x - box["x"] - thumb / 2) / (box["width"] - thumb) * (count - 1)  # noqa: B023, E731
            self.page.mouse.click(box["x"] + box["width"] / 2, y)
            self.page.mouse.move(box["x"] + 2, y)
            self.listen()
            self.page.mouse.down()
            self.page.mouse.move(box["x"] + box["width"], y, steps=40)
            self.page.mouse.up()
            went = self.heard(n)
            assert went and went[0] == 0 and went[-1] == count - 1, (
                f"{self.name}: dragged over {went}"
            )
            assert went == sorted(went) and len(set(went)) >= min(count, 30), (
                f"{self.name}: dragged over {went}"
            )
            for part in (0.4, 0.7):
                x = box["x"] + box["width"] * part
                self.page.mouse.click(x, y)
                assert abs(self.places()[n] - place_of(x)) <= 0.6, (
                    f"{self.name}: a click at {place_of(x):.1f} leads to {self.places()[n]}"
                )
                self.check_words()

    def play(self, seed):
        """Play, pause, compare the part of the path that is drawn, let it run to its end, and
        reset.
        """
        if not self.steps:
            return
        number = self.number()
        button = self.root.get_by_role("button", name="Play", exact=True)
        button.click()
        self.page.wait_for_timeout(400)
        self.root.get_by_role("button", name="Pause", exact=True).click()
        step = int(self.root.locator("dd").first.inner_text().split()[0])
        assert 0 < step < self.steps or self.steps < 5
        if number in self.picks:
            self.check(number, seed, step)
        self.root.get_by_role("button", name="Reset", exact=True).click()
        assert self.root.locator("dd").first.inner_text() == f"{self.steps} of {self.steps}"
        self.check_words(self.start)

    def tick(self, seed):
        """Hide and show every group: the first by the keyboard, the others by the mouse; what is
        drawn follows.
        """
        number = self.number()
        for n, (group, box) in enumerate(self.boxes.items()):
            for self.hidden in ({group}, set()):
                if n == 0:
                    box.focus()
                    self.page.keyboard.press("Space")
                    assert box.evaluate("(node) => node === document.activeElement")
                else:
                    box.click()
                self.check(number, seed)
        for group in self.groups[:2]:
            self.boxes[group].click()
        self.hidden = set(self.groups[:2])
        self.check(number, seed)
        self.root.get_by_role("button", name="Reset", exact=True).click()
        self.hidden = set()
        self.go(number)
        self.check(number, seed)

    def check_colours(self):
        """Look at the pixels themselves: where a path's end is drawn and nothing lies on it, the
        screen has its colour.
        """
        seen = 0
        for panel in self.root.locator(".gbl-panel").all():
            panel.scroll_into_view_if_needed()
            picture = Image.open(io.BytesIO(panel.screenshot())).convert("RGB")
            for x, y, colour in panel.evaluate("""(panel) => {
                const box = panel.getBoundingClientRect();
                const overlay = panel.querySelector("svg").viewBox.baseVal;
                const view = panel.querySelector("svg svg").viewBox.baseVal;
                const scale = box.width / overlay.width;
                const frame = { left: box.left + view.x * scale, top: box.top + view.y * scale };
                frame.right = frame.left + view.width * scale;
                frame.bottom = frame.top + view.height * scale;
                const drawn = [...panel.querySelectorAll("circle")];
                return drawn.filter((c) => c.style.display !== "none").map((circle) => {
                  const c = circle.getBoundingClientRect();
                  const x = c.left + c.width / 2, y = c.top + c.height / 2;
                  if (document.elementFromPoint(x, y) !== circle) return false;
                  const inside = x > frame.left + 4 && x < frame.right - 4
                    && y > frame.top + 4 && y < frame.bottom - 4;
                  const colour = getComputedStyle(circle).fill.match(/\\d+/g).map(Number);
                  return inside && [x - box.left, y - box.top, colour];
                }).filter(Boolean);
            }"""):
                near = [
                    picture.getpixel((round(x) + dx, round(y) + dy))
                    for dx in (-1, 0, 1)
                    for dy in (-1, 0, 1)
                ]
                best = min(max(abs(a - b) for a, b in zip(pixel, colour)) for pixel in near)
                assert best < 30, f"{self.name}: no {colour} at {x:.0f}, {y:.0f}: {near}"
                seen += 1
        return seen


def look_for(lab, seed, numbers=None):
    """All that a lab must do under a hand: the whole test of one lab on a page."""
    lab.sweep_by_keys()
    lab.sweep_by_mouse()
    for number in numbers or lab.picks:
        lab.go(number)
        lab.check(number, seed)
    if lab.groups:
        lab.tick(seed)
    lab.play(seed)
    assert lab.check_colours() or any(lab.picks[n]["trouble"] for n in lab.picks), (
        f"{lab.name}: no path's end is to be seen"
    )


def watch(page):
    """Return the list into which the page's warnings, errors and exceptions will be written."""
    messages = []
    page.on(
        "console",
        lambda message: (
            messages.append(message.text) if message.type in ("warning", "error") else None
        ),
    )
    page.on("pageerror", lambda error: messages.append(str(error)))
    return messages
