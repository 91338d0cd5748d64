"""The numbers in the prose: what counts as one, what it claims, what holds it, and that a wrong one
is noticed.
"""

import json

import prose
import pytest
from prose import (
    changed_forms,
    check_course,
    check_notebook,
    count,
    judge,
    numbers_in,
    plant,
    read_list,
    shrink,
)

from course_utils.notebooks import CHECKPOINTS, FIGURE, WIDGET, Cell

# --- Numbers in a text ----------------------------------------------------------------------------


def written(text):
    return [number.text for number in numbers_in(text)]


def values(text):
    return [number.value for number in numbers_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it falls from 0.93 to 0.15.", [0.93, 0.15]),
        ("a slope of −1.5, or -1.5, or minus 1.5", [-1.5, -1.5, -1.5]),
        ("2007–2009, 20-30, 15 - 14", [2007, 2009, 20, 30, 15, 14]),
        ("1,000 steps, 16,777,216 of them, (201, 342)", [1000, 16777216, 201, 342]),
        ("1e-6, 2.5e3, 10⁻⁶, 3 × 10⁻⁶, 3·10²", [1e-6, 2500, 1e-6, 3e-6, 300]),
        ("16.8 million numbers, 7 billion", [16.8e6, 7e9]),
        ("40 %, 0.5%, 12 per cent and 99\u00a0%", [0.40, 0.005, 0.12, 0.99]),
        ("8 to 18 %, 5–10 %, 20 and 30 %", [0.08, 0.18, 0.05, 0.10, 20, 0.30]),
        ("a factor of 1000; 84,000 times; 3.5× as fast; 45°", [1000, 84000, 3.5, 45]),
        ("it ends at 342.\nNext, (2018).", [342, 2018]),
        ("1 + 1/1000, 0.9/L", [1000, 0.9]),
    ],
)
def test_numbers_are_read_as_people_read_them(text, expected):
    assert values(text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "formulas: $x=0.37$ and $$\n0.37\n$$",
        "code: `lrate=0.37` and\n```python\nlrate = 0.37\n```\n",
        "[a page](http://a.b/0.37/2018) https://a.b/2018 ![](picture-0.37.png)",
        '<!-- 0.37 --><img width="640"><span style="margin: 0.37em">',
        "whole numbers: 0, 3 and 12, of 8 × 8",
        "names: Round 3, Rounds 1 to 4, PyTorch 2.13, Python 3.11, section 4.3, chapter 18",
        "with letters: L2, float64, bfloat16, e90081, 12th, 45th, 64-bit, 20-step, 2.13.1",
        "## 1.13 A heading\n\n15. an item\n> 16. another\n",
        "5² and 0.37²",
    ],
)
def test_what_is_no_number(text):
    assert written(text) == []


def test_small_whole_numbers_count_with_a_sign_a_power_or_as_per_cent():
    assert written("5, −5, 5 %, 5.0, 5 million, 10⁵, 5e1") == [
        "−5",
        "5 %",
        "5.0",
        "5 million",
        "10⁵",
        "5e1",
    ]


@pytest.mark.parametrize(
    ("text", "inside", "outside", "digits"),
    [
        ("0.39", (0.385, 0.395, 0.391739), (0.3849, 0.3951, -0.39), 2),
        ("0.390", (0.3904,), (0.391739,), 3),
        ("300", (299.6, 300.4), (299, 310), 3),
        ("about 300", (251, 312, 349), (249, 351), 1),
        ("some 1,200", (1150, 1249), (1100, 1251), 2),
        ("about 0.30", (0.297, 0.3049), (0.31, 0.294), 2),
        ("−1.20", (-1.2, -1.2049), (1.2, -1.206), 3),
        ("40 %", (0.395, 0.40449), (0.394, 0.406, 40), 2),
        ("0.5 %", (0.005, 0.00549), (0.5, 0.0056), 1),
        ("3 × 10⁻⁶", (3.4e-6, 2.51e-6), (3.6e-6, 3e-5), 1),
        ("16.8 million", (16777216, 16849999), (16.8, 16.9e6), 3),
        ("1e-9", (1e-9,), (1.6e-9, 1e-8), 1),
        ("0.0", (0.04, -0.04), (0.06,), 0),
    ],
)
def test_a_number_claims_its_value_to_half_a_unit_of_its_last_digit(text, inside, outside, digits):
    (number,) = numbers_in(text)
    assert number.digits == digits
    assert all(number.is_rounded_from(value) for value in inside)
    assert not any(number.is_rounded_from(value) for value in outside)


def test_every_changed_form_is_another_number():
    for text in (
        "0.39",
        "342",
        "−1.20",
        "minus 1.2",
        "40 %",
        "1,000",
        "3 × 10⁻⁶",
        "10⁻⁶",
        "1e-9",
        "16.8 million",
    ):
        (number,) = numbers_in(text)
        forms = changed_forms(text)
        assert {kind for kind, _ in forms} == {"digit", "sign", "point"} and len(forms) >= 9, text
        for _, form in forms:
            assert values(form) != [number.value], (text, form)
    assert ("point", "3.9") in changed_forms("0.39") and ("point", "0.039") in changed_forms("0.39")
    assert ("digit", "10⁻⁷") in changed_forms("10⁻⁶") and ("digit", "20⁻⁶") not in changed_forms(
        "10⁻⁶"
    )


# --- Small notebooks ------------------------------------------------------------------------------


def text(source, section="One"):
    return bound(source, {}, section)


def bound(source, numbers, section="One"):
    return Cell("markdown", source, section, metadata={"numbers": numbers})


def code(printed="", checkpoints=None, section="One", source="pass", outputs=()):
    outputs = [*outputs, {"output_type": "stream", "name": "stdout", "text": [printed]}]
    for name, value in (checkpoints or {}).items():
        entry = {"name": name, "value": value, "shape": [], "dtype": "float64"}
        outputs.append(
            {
                "data": {"text/plain": f"{name}: 0.777777"},
                "metadata": {CHECKPOINTS: json.dumps([entry])},
            }
        )
    return Cell("code", source, section, outputs)


def states(*cells):
    return [(claim.number.text, claim.state) for claim in judge(list(cells))[0]]


HEADING = text("## One")


def test_three_digits_are_found_in_what_the_section_prints_and_records_before_and_after():
    cells = [text("## One\n\n0.693 comes."), code("loss 0.692864")]
    cells += [text("So −1.23 and 1.98."), code("", {"a": [-1.2345, 1.984]})]
    assert states(*cells) == [("0.693", "found"), ("−1.23", "found"), ("1.98", "found")]
    assert check_notebook(cells) == []


def test_what_is_rounded_wrongly_has_another_sign_or_stands_elsewhere_is_open():
    shown = code("loss 0.692864, slope -3.9307")
    assert states(HEADING, text("0.692"), shown) == [("0.692", "open")]
    assert states(HEADING, text("3.93"), shown) == [("3.93", "open")]
    assert states(HEADING, text("-3.93"), shown) == [("-3.93", "found")]
    both = states(text("## One"), shown, text("0.693\n\n## Two\n\n0.693", "Two"))
    assert both == [("0.693", "found"), ("0.693", "open")]
    assert states(text("0.777777"), code("", {"a": 0.5})) == [("0.777777", "open")], (
        "a checkpoint's line is no output"
    )


def test_the_heading_belongs_to_its_section():
    cells = [text("## 342 penguins", "342 penguins"), code("342 of them", section="342 penguins")]
    assert states(*cells) == [("342", "found")]


def test_per_cent_powers_and_lengths_are_understood():
    assert states(text("39.2 %"), code("share 0.3917")) == [("39.2 %", "found")]
    assert states(text("39.2 %"), code("share 39.17 %")) == [("39.2 %", "found")]
    assert states(text("39.2 %"), code("share 39.17")) == [("39.2 %", "open")], (
        "an unnamed 39 may be anything"
    )
    assert states(text("1.57 × 10⁻⁶"), code("1.5701e-06")) == [("1.57 × 10⁻⁶", "found")]
    assert states(text("201 of them"), code("", {"curve": [0.5] * 201})) == [("201", "found")]
    assert states(text("1,500"), code("of 1,500 and 1_000")) == [("1,500", "found")]


def test_one_or_two_digits_are_never_found_by_chance():
    assert states(text("0.39 and 25"), code("0.39 25")) == [("0.39", "open"), ("25", "open")]


def test_a_number_that_a_changed_digit_would_find_as_well_must_be_bound():
    crowded = code("", {"curve": [k / 100 for k in range(1000)]})
    assert states(text("4.56"), crowded) == [("4.56", "open")]
    assert "changed forms" in check_notebook([text("4.56"), crowded])[0]
    assert states(bound("4.56", {"4.56": "curve[456]"}), crowded) == [("4.56", "bound")]


def test_what_is_never_compared_and_what_readers_guess_proves_nothing():
    for source in (
        "# NBVAL_IGNORE_OUTPUT\nx",
        "guess('how many?', 342)",
        "mine = guess('how many?')",
    ):
        assert states(text("342"), code("342", {"a": 342.0}, source=source)) == [("342", "open")], (
            source
        )


def picture(alt, **figure):
    metadata = {"image/png": {"alt": alt}} | ({FIGURE: json.dumps(figure)} if figure else {})
    return {"data": {"image/png": "", "text/plain": "Figure: 342"}, "metadata": metadata}


def test_alt_texts_and_titles_are_prose_and_no_evidence():
    axes = [{"title": "rate 0.123", "xlabel": "0.456"}, {"title": "rate 0.124"}]
    figure = picture("342 dots", title="0.125", axes=axes)
    lab = {
        "data": {WIDGET: {}, "text/plain": "Lab: at rate 0.777", "image/png": ""},
        "metadata": {},
    }
    cells = [text("342, 0.123, 0.777"), code("", outputs=[figure, lab])]
    assert {state for _, state in states(*cells)} == {"open"}
    assert [number for number, _ in states(*cells)][3:] == [
        "342",
        "0.125",
        "0.123",
        "0.124",
        "0.777",
    ]
    cells[1].metadata["numbers"] = {
        "0.124": "rate: max",
        "342": "given: a test",
        "0.777": "given: the lab's own",
    }
    cells.append(code("0.1231", {"rate": [0.1, 0.124]}))
    assert [state for _, state in states(*cells)][3:] == [
        "given",
        "open",
        "found",
        "bound",
        "given",
    ]


def test_in_the_proof_figures_are_not_painted_and_their_alt_text_counts_all_the_same():
    figure = json.dumps({"alt": "342 dots", "title": "342 dots", "axes": []})
    unpainted = {"data": {"text/plain": "Figure"}, "metadata": {FIGURE: figure}}
    assert states(code("", outputs=[unpainted])) == [("342", "open")], (
        "once, though it is said twice"
    )


# --- Bindings -------------------------------------------------------------------------------------

SHOWN = code(
    "w = 0.2   MSE 0.328284\nw = 0.5   MSE 0.154566\n",
    {
        "one": 0.25,
        "lonely": [[0.75]],
        "three: of them": [1.0, 2.5, -3.5],
        "table": [[1.0, 2.0], [3.0, 41.0]],
    },
    source=(
        "# epochs = 77\nfor lrate, look in ((0.1, '-'), (0.9, f'k={99}')):\n    fit(epochs=10_000,"
        " name='k=88')"
    ),
)


@pytest.mark.parametrize(
    ("number", "what"),
    [
        ("0.25", "one"),
        ("0.2", "one"),  # a half is rounded either way
        ("0.3", "one"),
        ("0.75", "lonely"),
        ("2.5", "three: of them[1]"),
        ("−3.5", "three: of them[-1]"),
        ("2.5", "three: of them: max"),
        ("-3.5", "three: of them: min"),
        ("3.0", "three: of them: length"),
        ("41", "table[1, -1]"),
        ("41.0", "table[1,1]"),
        ("0.33", "printed: w = 0.2 #2"),
        ("0.5", "printed: w = 0.5"),
        ("0.15", "printed:  w = 0.5   MSE #2"),
        ("0.9", 'code: look in ((0.1, ""), (0.9 #2'),
        ("10,000", "code: epochs=10_000"),
        ("25 %", "one"),
        ("41 %", "table[1, 1]"),
        ("250", "one × 1000"),
        ("0.025", "one × 0.1"),
        ("3.5", "minus three: of them[2]"),
        ("0.3", "above one"),
        ("0.25", "above one"),
        ("0.1", "below one"),
        ("0.7", "given: Gorman (2014)"),
    ],
)
def test_a_binding_names_a_value(number, what):
    cells = [bound(f"It is {number}.", {number: what}), SHOWN]
    assert check_notebook(cells) == []
    assert states(*cells) == [(number, "given" if "given" in what else "bound")]


@pytest.mark.parametrize(
    ("number", "what", "why"),
    [
        ("0.24", "one", "one is 0.25"),
        ("-0.25", "one", "one is 0.25"),
        ("0.5", "two", "no checkpoint 'two'"),
        ("2.5", "three: of them", "3 values"),
        ("2.5", "three: of them[3]", "has no [3]"),
        ("2.5", "three: of them[0]", "is 1"),
        ("41", "table[1]", "2 values"),
        ("1.0", "one: length", "name one"),
        ("0.33", "printed: w = 0.5 #2", "is 0.154566"),
        ("0.33", "printed: w = #2", "2 printed lines"),
        ("0.33", "printed: v = #2", "no printed lines"),
        ("0.33", "printed: w = 0.2 #3", "has 2 numbers"),
        ("0.33", 'printed in "Nowhere": w = 0.2', "no section 'Nowhere'"),
        ("0.8", 'code: look in ((0.1, ""), (0.9 #2', "is 0.9"),
        ("0.8", 'code: look in ((0.1, ""), (0.8 #2', "has no"),
        ("99", "code: k={99", "has no"),
        ("10 %", "code: epochs=10", "has no"),
        ("10,000", "code: pochs=10_000", "has no"),
        ("0.9", "code: 0.9", "does not say what it sets"),
        ("88", "code: k=88", "has no"),  # a text, and a comment, set nothing
        ("77", "code: epochs = 77", "has no"),
        ("24 %", "one", "is 0.25"),
        ("0 %", "one", "is 0.25"),
        ("250", "one × 100", "is 25"),
        ("500", "one × 2000", "no checkpoint"),
        ("0.24", "above one", "one is 0.25"),
        ("0.26", "below one", "one is 0.25"),
        ("0.7", "given:", "needs a reason"),
    ],
)
def test_a_wrong_binding_is_told(number, what, why):
    cells = [bound(f"It is {number}.", {number: what}), SHOWN]
    (problem,) = check_notebook(cells)
    assert why in problem and number in problem
    assert states(*cells) == [(number, "wrong")]


def test_a_binding_reaches_into_another_section_by_its_heading():
    elsewhere = code("it is 0.39", section="Two", source="steps = 25")
    cells = [
        bound("0.39, 25", {"0.39": 'printed in "Two": it is', "25": 'code in "Two": steps = 25'}),
        elsewhere,
    ]
    assert states(*cells) == [("0.39", "bound"), ("25", "bound")]
    assert states(bound("0.39", {"0.39": "printed: it is"}), elsewhere) == [("0.39", "wrong")]


def test_a_key_is_its_number_with_as_much_text_as_makes_it_unique():
    source = "At 0.5 it creeps, at\n0.5 in the end, 0.52 and 15 %."
    for key in ("0.5", "0.5 ", "it", "0.5 of", "0.9", "15"):
        assert len(judge([bound(source, {key: "given: x"})])[1]) == 1, key
    places = {
        "0.5 it": 0,
        "At 0.5": 0,
        "0.5 in the": 1,
        "creeps, at 0.5": 1,
        "0.52": 2,
        "0.52 and 15 %": 2,
        "15 %": 3,
    }
    for key, at in places.items():
        claims, problems = judge([bound(source, {key: "given: x"})])
        assert problems == [] and [claim.state for claim in claims].index("given") == at, key


def test_two_bindings_of_one_number_are_told():
    assert (
        "same number"
        in check_notebook([bound("At 0.5 it", {"0.5": "given: x", "At 0.5": "given: y"})])[0]
    )


def test_a_binding_whose_number_left_the_text_is_told():
    (problem,) = check_notebook([bound("Nothing here.", {"0.5": "given: x"})])
    assert "'0.5'" in problem and "no number" in problem


def test_the_message_names_section_sentence_number_and_the_nearest_value():
    cells = [
        HEADING,
        text("First. The loss ends at 0.694, they say. Last."),
        code("loss 0.692864", {"far": 30.0}),
    ]
    (problem,) = check_notebook(cells)
    for part in (
        "'One'",
        "'The loss ends at 0.694, they say.'",
        "holds 0.694",
        "0.692864",
        "printed: loss 0.692864",
    ):
        assert part in problem


# --- The list and the course ----------------------------------------------------------------------


def test_counts():
    cells = [
        bound(
            "0.693, 0.39, (2014), 0.5 and 0.4", {"0.39": "one", "2014": "given: x", "0.4": "one"}
        ),
        code("0.693", {"one": 0.39}),
    ]
    assert count(cells) == {"found": 1, "bound": 2, "given": 1, "open": 1}
    cells[0].metadata["numbers"]["0.4"] = "two"
    assert count(cells) == {"found": 1, "bound": 1, "given": 1, "open": 2}


def test_the_list_lets_open_numbers_pass_and_nothing_else(tmp_path):
    cells = {"A": [HEADING, text("It is 0.39 here."), SHOWN]}
    entry = "A | One | 0.39 | It is 0.39 here."
    assert check_course(cells, listed=[entry]).problems == []
    assert check_course(cells, listed=[entry]).open == 1
    assert (
        len(check_course(cells, listed=[]).problems)
        == len(check_notebook(cells["A"], listed=[]))
        == 1
    )
    assert check_notebook(cells["A"], listed=[entry]) == []
    assert (
        len(
            check_course(
                {"A": [HEADING, text("It was 0.39 here."), SHOWN]}, listed=[entry]
            ).problems
        )
        == 2
    )
    cells["A"][1].metadata["numbers"] = {"0.39": "given: x"}
    (problem,) = check_course(cells, listed=[entry]).problems
    assert "delete its line" in problem and entry in problem
    cells["A"][1].metadata["numbers"] = {"0.39": "nothing"}
    assert len(check_course(cells, listed=[entry]).problems) == 2, (
        "a wrong binding does not hide behind the list"
    )


def test_entries_of_other_notebooks_count_only_when_all_are_checked():
    cells = {"A": [HEADING, text("It is 0.39 here.")]}
    entries = ["A | One | 0.39 | It is 0.39 here.", "B | One | 0.5 | 0.5"]
    assert check_course(cells, whole=False, listed=entries).problems == []
    assert len(check_course(cells, whole=True, listed=entries).problems) == 1


def test_the_list_only_shrinks(tmp_path):
    path = tmp_path / "list.txt"
    kept, gone = "A | One | 0.39 | It is 0.39 and 0.5.", "A | One | 0.6 | gone"
    path.write_text(f"# a comment\n{gone}\n{kept}\n", encoding="utf-8")
    (lacking,) = shrink({"A": [HEADING, text("It is 0.39 and 0.5.")]}, path)
    assert read_list(path) == [kept]
    assert lacking.startswith("A | One | 0.5 | ")


def test_planted_changes_are_noticed_unless_nothing_can_notice_them():
    good = bound("It is 0.25, 0.693, 41.", {"0.25": "one", "41": "table[1, 1]"})
    planted = plant({"A": [HEADING, good, SHOWN, code("0.693")]}, 200, seed=3)
    assert len(planted) == 200 and all(noticed for _, noticed, _ in planted)
    assert {kind for kind, _, _ in planted} == {"digit", "sign", "point"}
    loose = bound("It is below 500.", {"500": "above one"})
    planted = plant({"A": [HEADING, loose, SHOWN]}, 100, seed=3)
    assert 0 < sum(noticed for _, noticed, _ in planted) < 100, (
        "a changed limit is only noticed when it is wrong"
    )
    assert plant({"A": [HEADING, good, SHOWN]}, 20, seed=1) == plant(
        {"A": [HEADING, good, SHOWN]}, 20, seed=1
    )


def test_a_key_that_is_proposed_fits_its_number_alone():
    cell = bound("0.5 here, 0.5 there; at\n0.5, and 0.5 here", {})
    claims, _ = judge([cell])
    keys = [prose.shortest_key(claim, claims) for claim in claims]
    cell.metadata["numbers"] = dict.fromkeys(keys, "given: x")
    assert len(set(keys)) == 4 and check_notebook([cell]) == []
