"""The README and its neighbours say what is so."""

import json
import re

import pages
import pytest
from prove import PARTS, THE_COURSE

from course_utils.resources import HOME

PAGES = (
    "README.md",
    "PYTORCH_MIGRATION.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE-TEXT.md",
    "Dataset/README.md",
)
NOTEBOOKS = [THE_COURSE.path(name) for name in THE_COURSE.names()]


def read(page):
    return (HOME / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    anchors = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-")
        for h in re.findall(r"^#+ (.+)$", read(page), re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("http"):
            assert ((HOME / page).parent / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "notebooks/Start_Here.ipynb"])
def test_the_maps_lead_to_every_notebook(page):
    text = read(page)
    for path in NOTEBOOKS:
        assert path.name in text or path.name == "Start_Here.ipynb", (
            f"{page} does not mention {path.name}"
        )


def test_readme_and_start_here_say_what_the_course_holds():
    told = "run: python -m course_utils refresh README"
    readme, start = read("README.md"), read(pages.START_HERE)
    assert pages.MARK.format("numbers") + pages.course_in_numbers() in readme, told
    assert pages.MARK.format("one map") + pages.course_map("about") in readme, told
    table = pages.course_map("question", "../").splitlines()
    assert all(json.dumps(row, ensure_ascii=False)[1:-1] in start for row in table), told


def test_contributing_explains_each_part_of_the_long_proof():
    assert all(f"| `{part}` |" in read("CONTRIBUTING.md") for part in PARTS)


def test_the_readmes_two_commands_are_the_scripts():
    assert "./setup_pytorch_env.sh --lab" in read(
        "README.md"
    ) and "./setup_pytorch_env.sh --test" in read("README.md")
    script = read("setup_pytorch_env.sh")
    assert all(option in script for option in ("--lab", "--test", "--cpu", "--cuda", "--help"))


def test_the_data_is_documented_with_the_sum_that_the_loader_checks():
    from course_utils.data import PENGUINS_SHA256

    assert PENGUINS_SHA256 in read("Dataset/README.md")
