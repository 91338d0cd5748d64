"""The page that shows a lab without a kernel and without a network: moved like the real one, and
looked at.

The last tests damage it, and see the checks go red.
"""

import random

import oracle
import pytest
from driver import LabOnPage, script, try_everything, watch
from problems import MAKERS, X, gradient_step, y

from course_utils import learning_rate_lab

pytestmark = pytest.mark.part("browser")


def open_file(chromium, path, **options):
    """Open a page from a file with the network off; return (page, messages, requests)."""
    context = chromium.new_context(**{"viewport": {"width": 1180, "height": 700}} | options)
    context.set_offline(True)
    page = context.new_page()
    messages, requests = watch(page), []
    page.on("console", lambda message: messages.append(message.text))
    page.on(
        "request",
        lambda request: (
            requests.append(request.url) if not request.url.startswith("data:") else None
        ),
    )
    page.goto(path.as_uri())
    return page, messages, requests


def on_page(page, lab, seed, count):
    """Return the one lab of a page; it is compared at ``count`` random positions and both ends."""
    expected = oracle.expected(lab, oracle.chosen(lab, seed, count))
    return LabOnPage(page, page.locator(".gbl-lab"), expected)


def raises_above_one(X, y, weight, lrate):
    if lrate > 0.9:
        raise ZeroDivisionError("division by zero")
    return gradient_step(X, y, weight, lrate)


EXPORTED = {**MAKERS, "a function that fails": lambda: MAKERS["one weight"](raises_above_one)}


@pytest.mark.parametrize("name", EXPORTED)
def test_the_page_without_a_kernel(chromium, tmp_path, name):
    seed = random.randrange(10**6)
    lab = EXPORTED[name]()
    lab.save_html(tmp_path / "lab.html")
    page, messages, requests = open_file(chromium, tmp_path / "lab.html")
    try_everything(on_page(page, lab, seed, 6), seed)
    assert not messages and requests == [(tmp_path / "lab.html").as_uri()]
    page.context.close()


def export(tmp_path_factory, name):
    """Return (the page of one of the labs of test_lab.py, the lab)."""
    path, lab = tmp_path_factory.mktemp("page") / "lab.html", MAKERS[name]()
    lab.save_html(path)
    return path, lab


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    return export(tmp_path_factory, "two weights")


@pytest.fixture(scope="module")
def race_file(tmp_path_factory):
    return export(tmp_path_factory, "race")


def test_a_finger_moves_it_and_the_page_can_be_scrolled(chromium, page_file):
    page, messages, _ = open_file(
        chromium,
        page_file[0],
        viewport={"width": 400, "height": 800},
        has_touch=True,
        is_mobile=True,
    )
    slider = page.get_by_role("slider", name="learning rate")
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    assert abs(int(slider.input_value()) - 0.75 * 47) <= 2
    assert slider.evaluate("(node) => getComputedStyle(node).touchAction") == "pan-y"
    assert box["height"] >= 24, "large enough for a finger"
    page.context.close()


@pytest.mark.parametrize("width", [400, 700, 1180])
def test_it_fits_the_width(chromium, page_file, width):
    page, _, _ = open_file(chromium, page_file[0], viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    panels = page.locator(".gbl-panel").all()
    assert all(panel.bounding_box()["width"] >= 220 for panel in panels)
    columns = len({round(panel.bounding_box()["x"]) for panel in panels})
    assert columns == {400: 1, 700: 2, 1180: 3}[width]
    page.context.close()


def test_text_scales(chromium, page_file):
    page, _, _ = open_file(chromium, page_file[0])
    before = page.evaluate(script("read_font_sizes"))
    page.add_style_tag(content="html { font-size: 200% }")
    assert page.evaluate(script("read_font_sizes")) == pytest.approx([2 * size for size in before])
    assert page.evaluate("document.documentElement.scrollWidth") <= 1180
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_on_either_ground(chromium, page_file, scheme):
    """Contrast with the ground, by WCAG's formula: words 4.5, lines 3; and the picture's own
    colours follow.
    """
    page, _, _ = open_file(chromium, page_file[0], color_scheme=scheme)
    colours = page.evaluate(script("read_colours"))
    ground = (255, 255, 255) if scheme == "light" else (18, 18, 18)
    assert min(contrast(colour, ground) for colour in colours["words"]) >= 4.5
    assert min(contrast(colour, ground) for colour in colours["lines"]) >= 3
    assert ("#333333" in colours["picture"]) == (scheme == "light") and (
        "#dcdcdc" in colours["picture"]
    ) == (scheme == "dark")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        "decodeURIComponent(document.querySelector('.gbl-panel img').src).includes('#333333')",
        timeout=5000,
    )
    page.context.close()


def contrast(colour, ground):
    def light(rgb):
        parts = [
            v / 255 / 12.92 if v / 255 <= 0.03928 else ((v / 255 + 0.055) / 1.055) ** 2.4
            for v in rgb
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    rgb = (
        [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        if colour.startswith("#")
        else [float(v) for v in colour[4:-1].split(",")]
    )
    a, b = sorted([light(rgb), light(ground)])
    return (b + 0.05) / (a + 0.05)


def test_the_focus_is_visible(chromium, page_file):
    page, _, _ = open_file(chromium, page_file[0])
    place = page.locator(".gbl-controls")
    before = place.screenshot()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range" and place.screenshot() != before
    order = [
        page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent")
    ]
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent")
        )
    assert order == ["learning rate", "features", "Play", "Reset"]
    page.context.close()


# --- The checks above can fail --------------------------------------------------------------------

DAMAGE = {
    "the path is off by 2 pixels": ("points[at] / PER_PIXEL,", "points[at] / PER_PIXEL + 2,"),
    "one point is off by 2 pixels": (
        "const last = shown.at(-1);",
        "const last = shown.at(-1)?.map((value) => value + 2);",
    ),
    "the path is another position's": (
        "[numberOf(position)];",
        "[Math.max(0, numberOf(position) - counts[1])];",
    ),
    "a callback raises": (
        'input.addEventListener("input", () => onInput',
        'input.addEventListener("input", () => missing',
    ),
    "drawing raises": ("    text && (text.textContent", "    missing(); text && (text.textContent"),
    "the slider ignores Page Up": (
        "input.addEventListener(",
        "input.onkeydown = (e) => e.key !== 'PageUp'; input.addEventListener(",
    ),
    "the slider ignores an arrow": (
        "input.addEventListener(",
        "input.onkeydown = (e) => e.key !== 'ArrowUp'; input.addEventListener(",
    ),
    "it cannot be dragged": (
        "input.addEventListener(",
        "input.onpointerdown = input.onmousedown = () => false; input.addEventListener(",
    ),
    "it says nothing": (
        'input.setAttribute("aria-valuetext"',
        'input.setAttribute("data-valuetext"',
    ),
    "it has no name": ('"aria-label": slider.name', '"data-label": slider.name'),
    "the picture is moved": (".gbl-panel img {", ".gbl-panel img { transform: translateX(3px);"),
    "the path is not visible": (".gbl-moving {", ".gbl-moving { visibility: hidden;"),
    "a message is logged": (
        "const spec = model.get",
        'console.log("here"); const spec = model.get',
    ),
    "Play does nothing": ("timer = on ?", "timer = false ?"),
}


CHECK_BOX_DAMAGE = {
    "a check box hides nothing": (
        'classList.toggle("gbl-off", hidden)',
        'classList.toggle("gbl-off", false)',
    ),
    "a check box hides its neighbour": ("name === group.group ? on", "name === names[0] ? on"),
    "what is hidden is seen": (".gbl-off {", ".gbl-on {"),
    "a check box has no name": ('"aria-label": group.group', '"data-label": group.group'),
    "a check box says nothing": ("note.textContent = said", "note.title = said"),
    "a check box ignores the keyboard": (
        "box.addEventListener(",
        "box.onkeydown = () => false; box.addEventListener(",
    ),
    "Reset forgets the check boxes": ('model.set("shown", spec.shown ?? names);', ""),
}


def move_all(lab, messages):
    middle = sorted(lab.expected.frames)[1]
    lab.go(middle)
    lab.check(middle, 1)
    try_everything(lab, 1, [middle])
    assert not messages, messages


def tick_all(lab, messages):
    lab.go(max(lab.expected.frames))
    lab.tick(1)
    assert not messages, messages


def use_damaged(chromium, exported, folder, damage, use):
    """Open the page with ``damage``, (what stands there, what stands there instead), and ``use(lab,
    messages)`` it.
    """
    path, lab = exported
    page_text = path.read_text(encoding="utf-8")
    whole, damaged = damage
    if whole != damaged and page_text.count(whole) != 1:
        # No AssertionError, which the callers expect of damage.
        raise LookupError(f"{whole!r} is no longer in lab.js")
    (folder / "lab.html").write_text(page_text.replace(whole, damaged), encoding="utf-8")
    page, messages, _ = open_file(chromium, folder / "lab.html")
    page.set_default_timeout(3000)
    try:
        use(on_page(page, lab, 1, 2), messages)
    finally:
        page.context.close()


@pytest.fixture(scope="module")
def noticed(chromium):
    """The ways in which a check goes red."""
    # Slow to load, where only the names of the tests are wanted.
    from playwright.sync_api import Error

    return AssertionError, Error


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_noticed(chromium, page_file, tmp_path, noticed, name):
    with pytest.raises(noticed):
        use_damaged(chromium, page_file, tmp_path, DAMAGE[name], move_all)


@pytest.mark.parametrize("name", CHECK_BOX_DAMAGE)
def test_damage_to_the_check_boxes_is_noticed(chromium, race_file, tmp_path, noticed, name):
    with pytest.raises(noticed):
        use_damaged(chromium, race_file, tmp_path, CHECK_BOX_DAMAGE[name], tick_all)


@pytest.mark.parametrize(("lab", "use"), [("page_file", move_all), ("race_file", tick_all)])
def test_undamaged_nothing_is_noticed(chromium, request, tmp_path, lab, use):
    use_damaged(chromium, request.getfixturevalue(lab), tmp_path, ("", ""), use)


@pytest.mark.parametrize("width", [400, 1180])
def test_the_race_fits_the_width(chromium, race_file, width):
    page, _, _ = open_file(chromium, race_file[0], viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [box.bounding_box() for box in page.locator(".gbl-toggle").all()]
    assert all(
        box["height"] >= 28 and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes
    )
    assert page.evaluate(
        "[...document.querySelectorAll('.gbl-toggle')].every((node) => node.scrollWidth <="
        " node.clientWidth)"
    )
    marks = [
        mark.bounding_box()
        for mark in page.locator(".gbl-scale:not([hidden]) .gbl-mark > span").all()
    ]
    for a in marks:
        assert not any(
            a is not b
            and a["y"] == b["y"]
            and a["x"] < b["x"] + b["width"]
            and b["x"] < a["x"] + a["width"]
            for b in marks
        )
    page.context.close()


def test_marks_and_regimes_wait_until_they_are_asked_for(chromium, tmp_path):
    """Of what answers "where is the border?" nothing is seen or spoken before the button."""
    lab = learning_rate_lab(gradient_step, X, y, marks=False)
    lab.save_html(tmp_path / "lab.html")
    page, messages, _ = open_file(chromium, tmp_path / "lab.html")
    slider, button = page.get_by_role("slider"), page.get_by_role("button", name="the marks")
    answers = [*page.locator(".gbl-band, .gbl-mark").all(), page.locator(".gbl-panel").nth(2)]

    def spoken():
        return slider.get_attribute("aria-valuetext"), page.locator(".gbl-regime").text_content()

    assert len(answers) > 4 and not any(part.is_visible() for part in answers)
    said, regime = spoken()
    assert regime == "" and lab.regime not in said
    button.focus()
    page.keyboard.press("Enter")
    assert all(part.is_visible() for part in answers)
    assert spoken() == (f"{said}, {lab.regime}", lab.regime)
    slider.press("ArrowRight")
    button.click()
    assert not any(part.is_visible() for part in answers) and spoken()[1] == ""
    assert not messages
    page.context.close()


def test_without_a_wish_there_is_no_such_button(chromium, page_file):
    page, _, _ = open_file(chromium, page_file[0])
    assert page.get_by_role("button").count() == 2
    page.context.close()
