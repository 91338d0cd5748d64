"""A lab on a page, and the hands that move it: what both browser tests check.

What is on the screen is compared with the path recomputed in Python (oracle.py), to half a
pixel of the picture; so are the texts, and what a screen reader is told.
"""

import io
import itertools
from pathlib import Path

from oracle import Expected
from PIL import Image

HALF_A_PIXEL = 0.5


def script(name):
    """Return the JavaScript function in js/NAME.js, which says what it returns."""
    return (Path(__file__).parent / "js" / f"{name}.js").read_text(encoding="utf-8")


def near(drawn, points):
    """Say whether points are drawn where they belong."""
    return all(
        abs(a - b) <= HALF_A_PIXEL
        for here, there in zip(drawn, points)
        for a, b in zip(here, there)
    )


def overlap(a, b):
    """Say whether two boxes [left, top, right, bottom] lie on each other."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


class LabOnPage:
    """One lab on a page, and what it should show.

    root: the lab's element. hidden: the groups whose check boxes are not ticked. unticked: those
    that are not at first.
    """

    def __init__(self, page, root, expected: Expected):
        self.page, self.root, self.expected = page, root, expected
        self.name = expected.name
        root.scroll_into_view_if_needed()
        assert root.get_attribute("aria-label") == self.name
        assert root.get_attribute("role") == "group"
        self.sliders = root.get_by_role("slider").all()
        assert len(self.sliders) == len(expected.counts)
        for slider in self.sliders:
            self._check_name(slider)
        self.boxes = {
            group: root.get_by_role("checkbox", name=group, exact=True) for group in expected.groups
        }
        assert root.get_by_role("checkbox").count() == len(expected.groups)
        self.unticked = {group for group, box in self.boxes.items() if not box.is_checked()}
        self.hidden = set(self.unticked)

    def _check_name(self, slider):
        """A slider is found by the name that a screen reader says."""
        name = slider.get_attribute("aria-label")
        assert name, f"{self.name}: a slider has no name"
        assert self.root.get_by_role("slider", name=name, exact=True).count() == 1
        words = slider.get_attribute("aria-valuetext") or ""
        assert words.startswith(f"{name} "), f"{self.name}: a slider says nothing"

    def places(self):
        """Return where the sliders stand."""
        return [int(slider.input_value()) for slider in self.sliders]

    def number(self):
        """Return the number of the position at which the sliders stand."""
        return self.expected.places.index(self.places())

    # --- What is to be seen and heard ---

    def check_words(self, number=None):
        """Compare what the sliders say, and that they stand at ``number`` if it is given."""
        here = self.number()
        assert number is None or here == number, (
            f"{self.name}: the sliders stand at {self.places()}, number {here}, not {number}"
        )
        words = [slider.get_attribute("aria-valuetext") for slider in self.sliders]
        self._compare_words(here, words)

    def _compare_words(self, number, words):
        expected = self.expected.words[number]
        assert words == expected, f"{self.name}, position {number}: {words}, expected {expected}"

    def check(self, number, seed, step=None):
        """Compare all that is drawn and written at ``number`` with the path recomputed in Python.

        step: the one to which the paths are drawn, the last unless told.
        """
        where, steps = f"{self.name}, position {number}, seed {seed}", self.expected.steps
        step = steps if step is None else step
        frame = self.expected.frames[number]
        self.check_words(number)
        facts = self.root.locator("dd").all_inner_texts()
        walked = [f"{step} of {steps}"] if steps else []
        assert facts == [*walked, *frame["facts"]][: len(facts)], f"{where}: {facts}"
        assert self.root.locator(".gbl-trouble").inner_text() == frame["error"], where
        self._check_boxes(frame["notes"], where)
        panels = self.root.evaluate(script("read_panels"))
        for panel, layers in zip(panels, frame["panels"], strict=True):
            assert panel["shown"], f"{where}: a picture is not shown"
            nodes = iter(panel["nodes"])
            for layer in layers:
                for node in itertools.islice(nodes, layer["nodes"]):
                    self._check_node(node, layer, step, where)
            assert next(nodes, None) is None, f"{where}: more is drawn than expected"

    def _check_boxes(self, notes, where):
        texts = [notes.get(group, "") for group in self.boxes]
        spoken = [box.get_attribute("aria-description") for box in self.boxes.values()]
        assert self.root.locator(".gbl-note").all_inner_texts() == texts, where
        assert spoken == texts, where
        empty = {group for group, box in self.boxes.items() if not box.is_checked()}
        assert empty == self.hidden, where

    def _check_node(self, node, layer, step, where):
        """Compare one element of the picture with the layer that it belongs to."""
        if layer["group"] in self.hidden:
            assert node["hidden"], f"{where}: {layer['group']} is still drawn"
            return
        points = layer["points"][: step + 1] if layer["walk"] else layer["points"]
        if node["kind"] == "path":
            assert not node["hidden"], f"{where}: a path is not drawn"
            if node["dots"] or len(points) > 1:
                self._check_path(node["points"], points, where)
            return
        is_cut = len(points) < len(layer["points"])
        assert node["hidden"] == (not points) or is_cut, where
        if node["hidden"] or not points:
            return
        # The head of a path that was cut lies far outside.
        is_far = max(abs(value) for value in node["points"][0]) > 2000
        assert is_far or near(node["points"], points[-1:]), (
            f"{where}: {node['kind']} {node['points']} {points[-1:]}"
        )
        assert node["text"] == layer["text"], where

    @staticmethod
    def _check_path(drawn, points, where):
        """Compare a path; one more point may be drawn, where it leaves the surroundings."""
        assert len(points) <= len(drawn) <= len(points) + 1, (
            f"{where}: {len(drawn)} of {len(points)} points"
        )
        assert near(drawn, points), f"{where}: the path is off by more than {HALF_A_PIXEL} pixels"

    def check_layout(self):
        """The facts stand side by side, each name over its value: a theme's own rules for lists may
        not reach them.
        """
        boxes = self.root.evaluate(script("read_facts"))
        assert boxes, self.name
        for _, name, value in boxes:
            assert name[3] <= value[1] + 1, (
                f"{self.name}: a fact's name and value share a line: {name} {value}"
            )
            assert name[3] - name[1] < 30, (
                f"{self.name}: a fact's name is broken into lines: {name}"
            )
        for (fact, *_), (other, *_) in itertools.combinations(boxes, 2):
            assert not overlap(fact, other), (
                f"{self.name}: two facts lie on each other: {fact} {other}"
            )

    def check_colours(self):
        """Look at the pixels themselves: where a path's end is drawn and nothing lies on it, the
        screen has its colour. Return how many ends were looked at.
        """
        count = 0
        for panel in self.root.locator(".gbl-panel").all():
            panel.scroll_into_view_if_needed()
            picture = Image.open(io.BytesIO(panel.screenshot())).convert("RGB")
            for x, y, colour in panel.evaluate(script("read_heads")):
                pixels = [
                    picture.getpixel((round(x) + dx, round(y) + dy))
                    for dx, dy in itertools.product((-1, 0, 1), repeat=2)
                ]
                best = min(max(abs(a - b) for a, b in zip(pixel, colour)) for pixel in pixels)
                assert best < 30, f"{self.name}: no {colour} at {x:.0f}, {y:.0f}: {pixels}"
                count += 1
        return count

    # --- Hands ---

    def go(self, number):
        """Move every slider to position ``number`` by the keys."""
        places = self.expected.places[number]
        for slider, place, count in zip(self.sliders, places, self.expected.counts):
            slider.focus()
            is_left = place < count / 2
            self.page.keyboard.press("Home" if is_left else "End")
            for _ in range(min(place, count - 1 - place)):
                self.page.keyboard.press("ArrowRight" if is_left else "ArrowLeft")

    def listen(self):
        """From now on, note where the sliders stand and what they say each time one of them has
        moved.
        """
        self.root.evaluate(script("listen"))

    def heard(self, n):
        """Check all that was said since ``listen``, and return where slider ``n`` went."""
        heard = self.page.evaluate("heard")
        for places, words in heard:
            self._compare_words(self.expected.places.index(places), words)
        return [places[n] for places, _ in heard]

    def sweep_by_keys(self):
        """Press every position of every slider, from one end to the other, and the keys for larger
        steps.
        """
        for n, (slider, count) in enumerate(zip(self.sliders, self.expected.counts)):
            slider.focus()
            self._press_to_the_ends(n, count)
            self.listen()
            for place in range(1, count):
                self.page.keyboard.press("ArrowRight" if place % 2 else "ArrowUp")
            went = self.heard(n)
            assert went == list(range(1, count)), f"{self.name}: the arrow keys lead to {went}"
            for key in ("PageDown", "PageUp", "ArrowLeft", "ArrowDown"):
                self._press_once(n, count, key)
            assert slider.evaluate("(node) => node === document.activeElement"), (
                "the keys moved the focus away"
            )

    def _press_to_the_ends(self, n, count):
        """Press Home and End, and leave the slider at its left end."""
        self.page.keyboard.press("End" if self.places()[n] == 0 else "Home")
        self.listen()
        for key in ("End", "Home", "End", "Home"):
            self.page.keyboard.press(key)
        ends = self.heard(n)
        assert ends[-2:] == [count - 1, 0], f"{self.name}: End and Home lead to {ends}"

    def _press_once(self, n, count, key):
        """Press a key: it moves the slider its way, at most a tenth of the places."""
        before = self.places()[n]
        self.page.keyboard.press(key)
        if key == "PageUp":
            moved, room = self.places()[n] - before, count - 1 - before
        else:
            moved, room = before - self.places()[n], before
        furthest = max(1, round(count / 10)) + 1
        assert min(1, room) <= moved <= furthest, f"{self.name}: {key} moves by {moved} places"
        self.check_words()

    def sweep_by_mouse(self):
        """Drag every slider over its whole range, and click on it."""
        for n, (slider, count) in enumerate(zip(self.sliders, self.expected.counts)):
            slider.scroll_into_view_if_needed()
            box = slider.bounding_box()
            went = self._drag(n, box)
            dragged = f"{self.name}: dragged over {went}"
            assert went and went[0] == 0 and went[-1] == count - 1, dragged
            assert went == sorted(went) and len(set(went)) >= min(count, 30), dragged
            # The thumb is round, and as high as the slider.
            thumb = box["height"]
            for part in (0.4, 0.7):
                x = box["width"] * part
                self.page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
                place = (x - thumb / 2) / (box["width"] - thumb) * (count - 1)
                assert abs(self.places()[n] - place) <= 0.6, (
                    f"{self.name}: a click at {place:.1f} leads to {self.places()[n]}"
                )
                self.check_words()

    def _drag(self, n, box):
        """Drag slider ``n`` from its left end to its right end, and return where it went."""
        y = box["y"] + box["height"] / 2
        self.page.mouse.click(box["x"] + box["width"] / 2, y)
        self.page.mouse.move(box["x"] + 2, y)
        self.listen()
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"], y, steps=40)
        self.page.mouse.up()
        return self.heard(n)

    def play(self, seed):
        """Play, pause, compare the part of the path that is drawn, and reset."""
        steps = self.expected.steps
        if not steps:  # nothing to play
            self._press_button("Reset")
            self.check_words(self.expected.start)
            return
        number, first_fact = self.number(), self.root.locator("dd").first
        self._press_button("Play")
        self.page.wait_for_timeout(400)
        self._press_button("Pause")
        step = int(first_fact.inner_text().split()[0])
        assert 0 < step < steps or steps < 5
        if number in self.expected.frames:
            self.check(number, seed, step)
        self._press_button("Reset")
        assert first_fact.inner_text() == f"{steps} of {steps}"
        self.check_words(self.expected.start)

    def _press_button(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    def tick(self, seed):
        """Hide and show every group, or show and hide it: the first by the keyboard, the others by
        the mouse; what is drawn follows.
        """
        number, groups = self.number(), list(self.boxes)
        for group in groups:
            for other in ({group}, set()):
                self.hidden = self.unticked ^ other
                if group == groups[0]:
                    self._tick_by_keyboard(self.boxes[group])
                else:
                    self.boxes[group].click()
                self.check(number, seed)
        for group in groups[:2]:
            self.boxes[group].click()
        self.hidden = self.unticked ^ set(groups[:2])
        self.check(number, seed)
        self._press_button("Reset")
        self.hidden = set(self.unticked)
        self.go(number)
        self.check(number, seed)

    def _tick_by_keyboard(self, box):
        box.focus()
        self.page.keyboard.press("Space")
        assert box.evaluate("(node) => node === document.activeElement")


def try_everything(lab, seed, numbers=None):
    """All that a lab must do under a hand: the whole test of one lab on a page.

    numbers: the positions at which all that is drawn is compared, all that are known unless told.
    """
    frames = lab.expected.frames
    lab.sweep_by_keys()
    lab.sweep_by_mouse()
    for number in numbers or frames:
        lab.go(number)
        lab.check(number, seed)
    if lab.boxes:
        lab.tick(seed)
    lab.play(seed)
    assert lab.check_colours() or any(frame["error"] for frame in frames.values()), (
        f"{lab.name}: no path's end is to be seen"
    )


def watch(page):
    """Return the list into which the page's warnings, errors and exceptions will be written."""
    messages = []

    def keep(message):
        if message.type in ("warning", "error"):
            messages.append(message.text)

    page.on("console", keep)
    page.on("pageerror", lambda error: messages.append(str(error)))
    return messages
