"""What every notebook of the course must be, seen from its file alone; what it computes is nbval's
part (prove.py).
"""

import ast
import html
import json
import re

import pytest
from setup_cells import stamped

import course_utils
from course_utils.checkpoints import NUMPY, TICK
from course_utils.contents import TORCH_SUFFIX, contents
from course_utils.notebooks import CHECKPOINTS, FIGURE, WIDGET, code_cells, read_notebook
from course_utils.resources import HOME

PAIRS = [pair.name for pair in contents().pairs()]
PATHS = [HOME / f"{name}.ipynb" for name in contents().notebooks()]
every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
every_pair = pytest.mark.parametrize("pair", PAIRS)


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def text(cell):
    return "".join(cell["source"])


def headings(path):
    prose = "\n".join(text(cell) for cell in cells(path) if cell["cell_type"] == "markdown")
    return re.findall(r"^## (.+?)\s*$", prose, re.MULTILINE)


def sections(path):
    """Return ``{heading: [code, ...]}`` for each ``##`` section; the set-up cell stands before the
    first.
    """
    found, current = {}, None
    for cell in cells(path):
        for heading in (
            re.findall(r"^## (.+?)\s*$", text(cell), re.MULTILINE)
            if cell["cell_type"] == "markdown"
            else ()
        ):
            current = heading
            found[current] = []
        if cell["cell_type"] == "code" and current:
            found[current].append(text(cell))
    return found


@every_notebook
def test_it_was_executed_whole_and_in_order(path):
    counts = [cell["execution_count"] for cell in cells(path) if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert all(text(cell).strip() for cell in cells(path)), "an empty cell"


@every_notebook
def test_its_outputs_are_fit_to_be_compared(path):
    for cell in cells(path):
        for output in cell.get("outputs", []):
            shown = json.dumps(output.get("text", output.get("data", {}).get("text/plain", "")))
            assert output.get("name") != "stderr", f"writes to stderr: {text(cell)}"
            assert output["output_type"] != "error" or "raises-exception" in cell["metadata"].get(
                "tags", []
            )
            assert not re.search(
                r"0x[0-9a-f]{6,}|(/tmp|/home|/Users|/root)/|-0\.0+\b(?!\d)", shown
            ), shown
            assert "image/svg+xml" not in output.get("data", {}) and "image/jpeg" not in output.get(
                "data", {}
            )


@every_notebook
def test_no_cell_is_hidden_from_the_comparison_without_a_reason(path):
    for cell in cells(path):
        tags = cell["metadata"].get("tags", [])
        assert not {"nbval-skip", "nbval-ignore-output"} & set(tags)
        assert "NBVAL_SKIP" not in text(cell) and "NBVAL_RAISES" not in text(cell)
        if "NBVAL_IGNORE_OUTPUT" in text(cell):
            mark, reason = text(cell).splitlines()[:2]
            assert (
                mark == "# NBVAL_IGNORE_OUTPUT"
                and reason.startswith("# because ")
                and len(reason) > 30
            )


@every_notebook
def test_what_a_cell_needs_is_said_in_its_metadata_and_to_the_reader(path):
    for cell in cells(path):
        said = re.findall(r'^if have\("(.+)"\):$', text(cell), re.MULTILINE)
        needs = cell["metadata"].get("needs")
        assert said == ([needs] if needs else []), text(cell)
        shown = (
            [
                {FIGURE, WIDGET} & {*output.get("metadata", {}), *output.get("data", {})}
                for output in cell.get("outputs", ())
            ]
            if needs
            else []
        )
        assert not any(shown), "what needs a newer package is printed, not drawn"


def test_the_ignored_outputs_can_be_counted_on_one_hand():
    assert (
        sum("NBVAL_IGNORE_OUTPUT" in source for path in PATHS for source in code_cells(path)) <= 5
    )


@every_notebook
def test_it_reads_well(path):
    """A word between two code cells, cells that fit on a screen, and no trailing semicolon."""
    all_cells = cells(path)
    assert all_cells[0]["cell_type"] == "markdown" and text(all_cells[0]).startswith("# ")
    for before, after in zip(all_cells, all_cells[1:]):
        assert not before["cell_type"] == after["cell_type"] == "code", (
            f"no word before: {text(after)}"
        )
    for cell in read_notebook(path):
        most = 24 if "setup" in cell.tags else 18  # a set-up cell is looked up, not read
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert cell.kind != "code" or len(lines) <= most, cell.source
    for source in code_cells(path):
        assert not re.search(r";\s*$", source, re.MULTILINE), source
        assert "plt.show" not in source, "show(alt) gives the figure its alt text"
    for cell in all_cells:
        prose = re.sub(r"`[^`]*`|\$[^$]*\$|<!--.*?-->", "", text(cell))
        assert cell["cell_type"] == "code" or not re.search("[!](?![\\[=])", prose)


@every_notebook
def test_every_figure_has_alt_text(path):
    for cell in cells(path):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                assert len(output["metadata"].get("image/png", {}).get("alt", "")) > 20, text(cell)


@pytest.mark.parametrize("name", ["notebooks/Start_Here", "notebooks/Conventions"])
def test_the_alt_text_reaches_the_html_export(name):
    """As a reader exports it, with the template that the environment brings along."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    path = HOME / f"{name}.ipynb"
    settings = json.loads((HOME / "jupyter/etc/jupyter/jupyter_nbconvert_config.json").read_text())
    page, _ = HTMLExporter(config=Config(settings)).from_filename(str(path))
    said = {html.unescape(alt) for alt in re.findall(r'<img[^>]* alt="([^"]*)"', page)}
    alts = [
        output["metadata"]["image/png"]["alt"]
        for cell in cells(path)
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {}) and WIDGET not in output["data"]
    ]
    assert alts and said >= set(alts) and not any("No description" in alt for alt in said)


@every_notebook
def test_links_lead_somewhere(path):
    for cell in cells(path):
        for target in (
            re.findall(r"\]\(([^)#\s]+)", text(cell)) if cell["cell_type"] == "markdown" else ()
        ):
            assert target.startswith("http") or (path.parent / target).exists(), target


@every_pair
def test_a_pair_has_the_same_headings_in_the_same_order(pair):
    assert headings(HOME / f"{pair}.ipynb") == headings(HOME / f"{pair}{TORCH_SUFFIX}.ipynb")


@every_pair
def test_every_section_that_computes_has_a_checkpoint(pair):
    for path in (HOME / f"{pair}.ipynb", HOME / f"{pair}{TORCH_SUFFIX}.ipynb"):
        without = [
            name
            for name, code in sections(path).items()
            if code and "twin.check(" not in "\n".join(code)
        ]
        assert not without, f"{path.name}: no checkpoint in {without}"


@every_pair
def test_the_numpy_notebook_never_loads_torch(pair):
    for source in code_cells(HOME / f"{pair}.ipynb"):
        imported = [
            n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.Import, ast.ImportFrom))
        ]
        names = [getattr(n, "module", None) or alias.name for n in imported for alias in n.names]
        assert not any(name.split(".")[0] == "torch" for name in names)


@every_pair
def test_the_pytorch_notebook_says_that_it_equals_numpys(pair):
    shown = [
        "".join(output["data"]["text/plain"])
        for cell in cells(HOME / f"{pair}{TORCH_SUFFIX}.ipynb")
        for output in cell.get("outputs", [])
        if CHECKPOINTS in output.get("metadata", {})
    ]
    assert shown and all(line.endswith(f"{TICK} {NUMPY}'s") for line in shown)


def test_few_figures_hold_what_cannot_repeat():
    figures = [
        json.loads(output["metadata"][FIGURE])
        for path in PATHS
        for cell in cells(path)
        for output in cell.get("outputs", [])
        if FIGURE in output.get("metadata", {})
    ]
    varying = [
        figure["alt"]
        for figure in figures
        if any("varies" in place for axes in figure["axes"] for place in (axes, *axes["artists"]))
    ]
    assert len(varying) <= len(figures) / 20, varying


@every_notebook
def test_its_text_is_spared_the_numbers_that_ride_along(path):
    """The copies of the figures make a notebook larger by a few per cent at most."""
    size = sum(
        len(output["metadata"].get(FIGURE, ""))
        for cell in cells(path)
        for output in cell.get("outputs", [])
        if "metadata" in output
    )
    assert size <= 0.05 * path.stat().st_size


@every_notebook
def test_the_set_up_cell_is_as_its_template_has_it(path):
    tagged = [cell for cell in read_notebook(path) if "setup" in cell.tags]
    assert len(tagged) == (path.stem != "Start_Here"), "its first step stands before any set-up"
    for cell in tagged:
        assert cell.source == stamped(read_notebook(path), path.stem), (
            f"run: python -m course_utils refresh {path.stem.removesuffix(TORCH_SUFFIX)}"
        )


@every_pair
def test_the_cells_that_are_the_same_in_both_are_the_same(pair):
    ours, theirs = (
        [(cell.section, cell.source) for cell in read_notebook(path) if "same" in cell.tags]
        for path in (HOME / f"{pair}.ipynb", HOME / f"{pair}{TORCH_SUFFIX}.ipynb")
    )
    assert ours == theirs


@every_pair
def test_equal_cells_under_a_heading_are_tagged_so_that_they_stay_equal(pair):
    untagged = [
        {
            (cell.section, cell.source)
            for cell in read_notebook(path)
            if cell.kind == "code" and "same" not in cell.tags
        }
        for path in (HOME / f"{pair}.ipynb", HOME / f"{pair}{TORCH_SUFFIX}.ipynb")
    ]
    assert not untagged[0] & untagged[1], "tag them same in both"


def test_minutes_and_labs_are_as_the_contents_say():
    for page in (*contents().pairs(), *contents().alone()):
        cells = read_notebook(HOME / f"{page.name}.ipynb")
        code = "\n".join(cell.source for cell in cells if cell.kind == "code")
        used = {name for name in course_utils.__all__ if name.endswith("_lab")}
        assert {name for name in used if f"{name}(" in code} == set(page.labs), page.name


@every_notebook
def test_the_course_s_own_blanks_are_right(path):
    """A mistake in one would be hidden: the check names it, and hands on the function that stands
    in the stored notebook.
    """
    for cell in read_notebook(path):
        names = re.findall(rf'^(\w+) = blank\(\s*"{path.stem}", \1\s*\)', cell.source, re.MULTILINE)
        said = "".join("".join(output.get("text", "")) for output in cell.outputs)
        assert all(f"{name}: right\n" in said for name in names), f"{names}: {said}"
        assert len(names) == cell.source.count("= blank("), "name = blank(notebook, name)"


def pattern(words):
    """Return the pattern of a text in the code; what an f-string fills in may be anything."""
    if isinstance(words, ast.JoinedStr):
        return "".join(
            re.escape(each.value) if isinstance(each, ast.Constant) else ".+"
            for each in words.values
        )
    return re.escape(ast.literal_eval(words))


@every_notebook
def test_each_guess_has_its_answer_further_down_under_the_same_words(path):
    """Otherwise the guess is never shown: what is asked is found again by its words."""
    calls = [
        (node.func.id, node.args[0])
        for source in code_cells(path)
        for node in ast.walk(ast.parse(source))
        if getattr(getattr(node, "func", None), "id", "") in ("guess", "answer")
    ]
    answers = [(k, pattern(words)) for k, (name, words) in enumerate(calls) if name == "answer"]
    guesses = {ast.literal_eval(w): k for k, (name, w) in enumerate(calls) if name == "guess"}
    assert len(guesses) == len(calls) - len(answers), "two guesses of the same words"
    for what, k in guesses.items():
        places = [place for place, words in answers if re.fullmatch(words, what)]
        assert len(places) == 1 and places[0] > k, f"answers to {what!r}: {len(places)}"
    for _, words in answers:
        assert any(re.fullmatch(words, what) for what in guesses), f"nobody guesses {words}"
