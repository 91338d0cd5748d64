"""A number in the prose is a claim too: each is found in what its section shows, bound by name, or
marked as given.

Prose is the text of markdown cells with its headings, the alt texts of figures and labs, and the
titles of figures. Each number in it is held in one of three ways:

* **found**: it has three digits or more, and stands, rounded as the text rounds it, among the
  values of its ``##`` section: the numbers that its cells print, and the elements and lengths of
  its checkpoints. Where so many values stand that a changed digit would be found as well, this says
  nothing, and the number needs a binding;
* **bound**: the cell's metadata say which value it is. So it must be with one or two digits: those
  a search finds by chance;
* **given**: the cell's metadata say that nothing here computes it, and why: a year, a definition, a
  fact's source.

Bindings stand in the metadata of the markdown cell, or of the code cell that shows the figure or
lab::

    "numbers": { "0.39": "loss of three lines[1]",         an element of a checkpoint of the
        notebook; [1, -1] in a matrix "41 places": "errors: length",            also ": min" and ":
        max"; nothing, if it is a single value "wrong by 2.5 %": "printed: w = 0.5 #3",  the third
        number of the section's printed line that starts so "0.60": "printed in \"How wrong?\":
        near",  ... of another section; the first number, where no # says which "25 steps": "code:
        epochs=25",            a part of the section's code, where no output repeats a setting;
        "0.8, the": "code: {\"\": 0.5, \"\": 0.8 #2",    texts in it are written "" "below 0.01":
        "above worst error: max",   the number is above the value, or equal: for below, at most,
        within "over 40 %": "below accuracy[-1]",        the number is below the value, or equal:
        for over, at least "0.7 lower": "minus change",              the text says the sign in a
        word "497 g": "slope in kg/cm × 1000",         another unit; powers of ten only "(2014)":
        "given: year of the source" }

A key is the number as written, with as much of the text after it, or before it, as makes it unique
in its cell: it starts with its number or, if it starts with none, ends with it. A binding that
names nothing is a failure, and so is one whose number is not in the text.

What is a number: digits with sign (also "minus 3"), decimals, thousands (1,000), powers of ten
(1e-6, 10⁻⁶, 3 × 10⁻⁶, million), per cent. What is not: formulas, code, addresses, HTML; whole
numbers up to 12, unless they have a sign, a power, or are per cent; digits with letters attached
(L2, float64, 12th, 3-D); the numbers of lists and headings; those of names (Round 3, PyTorch 2.13).

What it claims: its value, to half a unit of its last digit. Whole numbers are exact to the last
digit, but after "about", "some", "nearly" and their like the zeros at the end only fill up: "about
300" claims 250 to 350, and has one digit. Per cent: 40 % is 0.40; a value bound by name may also
say 40. Nothing is computed from values: by chance, sums and quotients would give any number.

The numbers that nothing holds yet stand in ``unbound_numbers.txt``, which may only shrink. From the
root::

    python tools/prose.py [NOTEBOOK ...]        every number and what holds it; for an open one,
                                                what it may be
    python tools/prose.py --shrink              deletes the lines of the list that are no longer
                                                open; never adds one
    python tools/prose.py --plant 300 --seed 1  changes digits, signs and points at random; how
                                                many are noticed?
"""

import argparse
import dataclasses
import io
import json
import random
import re
import sys
import tokenize
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import notebooks
from course_utils.contents import contents
from course_utils.resources import HOME

LIST = Path(__file__).with_name("unbound_numbers.txt")
LIST_HEADER = """\
# Numbers in the prose that nothing holds yet (see tools/prose.py): notebook | section | number
# | its surroundings. This list may only shrink: bind a number, or compute it, and run
#     python tools/prose.py --shrink
"""
SMALL = 12  # whole numbers up to here are words rather than measurements
SEARCHED = 3  # from so many digits on, a search says something
FOOLED = 0.05  # the part of a number's changed forms that a search may find as well

# --- Numbers in a text ----------------------------------------------------------------------------

_NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$"  # code and formulas
    r"|(?<=\])\([^)\s]*\)|<!--.*?-->|</?[A-Za-z][^>]*>|(?:https?://|www\.)\S+"  # addresses and HTML
    r"|^[ >]*\d\d?[.)](?= )|^#+ \d+\.\d*(?= )",  # the numbers of lists and headings
    re.DOTALL | re.MULTILINE,
)
_NAMES = (
    "Rounds?|Parts?|[Ss]ections?|[Cc]hapters?|[Ll]ectures?|Exercises?|Figures?|Tables?|Notebooks?|"
    "PyTorch|Python|NumPy|CUDA|Jupyter|JupyterLab|matplotlib|TensorFlow"
)
_NAMED = re.compile(rf"\b(?:{_NAMES})\s\d+(?:\.\d+)*(?:(?:,| and| to| or|–)\s?\d+(?:\.\d+)*\b)*")
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = f"⁻?[{_SUPERSCRIPTS}]+"
_TO_DIGITS = str.maketrans(_SUPERSCRIPTS + "⁻", "0123456789-")
_MULTIPLES = {"thousand": 3, "million": 6, "billion": 9}
_SIGN = r"[−-]|\bminus\s"
_DIGITS = r"(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_NUMBER = re.compile(
    rf"(?<![\w.,^])(?:(?<!\d)(?<!\d )(?P<sign>{_SIGN}))?{_DIGITS}"
    rf"(?:e(?P<e>[+-]?\d+)|\s?[×·]\s?10(?P<times>{_RAISED})|(?P<power>{_RAISED})"
    rf"|\s(?P<multiple>{'|'.join(_MULTIPLES)})\b)?"
    r"(?P<percent>\s?%|\s(?:per\scent|percent)\b)?"
    r"(?![A-Za-z_]|[-‑][A-Za-z]|[.,]?\d)"
)
_ABOUT = re.compile(
    r"(?:\b(?:about|some|nearly|almost|roughly|around|approximately)\s|[≈~]\s?)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Number:
    """One number of a text: as written, where, and what it claims."""

    text: str  # as written, per cent and power included
    start: int  # its place in the text
    value: float  # 0.4 for "40 %"
    half: float  # half a unit of its last digit
    digits: int  # how many of its digits say something
    percent: bool = False

    @property
    def end(self):
        return self.start + len(self.text)

    def is_rounded_from(self, value):
        """Whether ``value``, rounded as the text rounds, is this number. (A half may be rounded
        either way.)
        """
        return abs(value - self.value) <= self.half * (1 + 1e-9) + 1e-15 * abs(self.value)

    def fits(self, value):
        """The same for a value that is known by name: per cent may stand in it as 0.4 or as 40."""
        return self.is_rounded_from(value) or (
            self.percent and self.value != 0 and self.is_rounded_from(value / 100)
        )


def numbers_in(text):
    """Return the :class:`Number` s of a markdown text, in order."""
    text = _NOT_PROSE.sub(_blank, text)
    text = _NAMED.sub(_blank, text)
    found = []
    for match in _NUMBER.finditer(text):
        about = bool(_ABOUT.search(text[max(0, match.start() - 15) : match.start()]))
        if not match["power"] or match["digits"] == "10":  # otherwise it is the square of something
            found.append(_number(match, about))
    for i in reversed(range(len(found) - 1)):  # "8 to 18 %": the 8 is per cent as well
        one, other = found[i], found[i + 1]
        if (
            other.percent
            and not one.percent
            and re.fullmatch(r"\s(?:to|or)\s|\s?–\s?", text[one.end : other.start])
        ):
            found[i] = dataclasses.replace(
                one, value=one.value / 100, half=one.half / 100, percent=True
            )
    return [
        number
        for number in found
        if number.percent or not number.text.isdecimal() or number.value > SMALL
    ]


def _blank(match):
    """Blank out a match, so that all places in the text stay."""
    return "\x00" * len(match[0])


def _number(match, about):
    digits, power = match["digits"].replace(",", ""), 0
    if match["power"]:
        digits, power = "1", int(match["power"].translate(_TO_DIGITS))
    elif match["times"]:
        power = int(match["times"].translate(_TO_DIGITS))
    elif match["e"]:
        power = int(match["e"])
    elif match["multiple"]:
        power = _MULTIPLES[match["multiple"]]
    if match["percent"]:
        power -= 2
    places, said = len(digits.partition(".")[2]), digits.replace(".", "").lstrip("0")
    if about and not places:  # the zeros at the end only fill up
        places = len(said.rstrip("0")) - len(said)
        said = said.rstrip("0")
    value = float(f"{digits}e{power}") * (-1 if match["sign"] else 1)
    return Number(
        match[0],
        match.start(),
        value,
        0.5 * 10.0 ** (power - places),
        len(said),
        bool(match["percent"]),
    )


def sentence_around(text, number, width=110):
    """Return the sentence of ``text`` in which ``number`` stands; of a long one about ``width``
    characters.
    """
    # Where the end of a line ends a sentence.
    text = re.sub(r"\n(?=\s*(?:[-*|>#]|\d+\.|\n))", "\x01", text)
    text = text.replace("\n", " ")
    ends = [match.end() for match in re.finditer(r"\x01|[.?!]\*{0,2} (?=\S)", text)]
    start = max((end for end in ends if end <= number.start), default=0)
    end = min((end for end in ends if end >= number.end), default=len(text))
    if end - start > width:
        room = width // 2
        if number.start - start > room:
            start = number.start - room + text[number.start - room : number.start].find(" ") + 1
        if end - number.end > room:
            end = number.end + max(text[number.end : number.end + room].rfind(" "), 0)
    return text[start:end].replace("\x01", " ").strip()


def changed_forms(text):
    """Return ``[(kind, form)]``: the number ``text`` with one digit changed, its sign, or its point
    by a place.
    """
    minus, rest = re.fullmatch(rf"({_SIGN})?(.*)", text, re.DOTALL).groups(default="")
    digits = re.match(_DIGITS, rest)["digits"]
    tail = rest[len(digits) :]
    forms = [("sign", rest if minus else "−" + rest)]
    for at, old in enumerate(rest):
        if at < len(digits) and re.match(_RAISED, tail):
            continue  # the 10 of a power of ten is no digit of its own
        ten = next((ten for ten in ("0123456789", _SUPERSCRIPTS) if old in ten), "")
        for new in ten.replace(old, ""):
            if not (new == "0" and at == 0 and rest[1:2].isdecimal()):  # nobody writes 042
                forms.append(("digit", minus + rest[:at] + new + rest[at + 1 :]))
    whole, _, part = digits.replace(",", "").partition(".")
    forms.append(("point", f"{minus}{whole[:-1] or '0'}.{whole[-1]}{part}{tail}"))
    if part:
        right = f"{whole}{part[0]}".lstrip("0") or "0"
        forms.append(("point", f"{minus}{right}{'.' * (len(part) > 1)}{part[1:]}{tail}"))
    return forms


# --- What a notebook shows ------------------------------------------------------------------------

_SHOWN = re.compile(
    rf"(?<![A-Za-z_\d.])(?P<sign>[+−-])?{_DIGITS}(?:e(?P<e>[+-]?\d+))?(?P<percent>\s?%)?"
)


@dataclass
class Line:
    """A printed line, or a piece of code, with single spaces; and its numbers."""

    text: str
    values: list

    @classmethod
    def of(cls, text):
        values = []
        for match in _SHOWN.finditer(re.sub(r"(?<=\d)_(?=\d)", "", text)):  # code writes 10_000
            value = float(f"{match['digits'].replace(',', '')}e{match['e'] or 0}")
            value = -value if match["sign"] in ("-", "−") else value
            values.append(value / 100 if match["percent"] else value)
        return cls(" ".join(text.split()), values)


@dataclass
class Section:
    """What one section shows: printed lines, checkpoints, code; and all values shown, sorted, with
    their names.
    """

    lines: list = field(default_factory=list)
    checkpoints: dict = field(default_factory=dict)
    code: list = field(default_factory=list)
    values: list = field(default_factory=list)
    names: list = field(default_factory=list)

    def finish(self):
        """Gather the values."""
        pairs = [
            (value, (line, k)) for line in self.lines for k, value in enumerate(line.values, 1)
        ]
        for name, value in self.checkpoints.items():
            pairs += [(number, (name, index)) for index, number in _flat(value)]
            if isinstance(value, list):
                pairs.append((float(len(value)), (name, "length")))
        pairs.sort(key=lambda pair: pair[0])
        self.values, self.names = [value for value, _ in pairs], [name for _, name in pairs]

    def has(self, number):
        """Whether some value rounds to ``number``."""
        at = bisect_left(self.values, number.value - 2 * number.half)
        while at < len(self.values) and self.values[at] <= number.value + 2 * number.half:
            if number.is_rounded_from(self.values[at]):
                return True
            at += 1
        return False

    def printed(self, start):
        """Return the printed line that starts with ``start``.

        Raises ValueError if none does, or different ones do.
        """
        lines = {line.text: line for line in self.lines if line.text.startswith(start)}
        if len(lines) != 1:
            raise ValueError(
                f"{len(lines) or 'no'} printed lines of the section start with {start!r}"
            )
        return next(iter(lines.values()))

    def written(self, part):
        """Return a part of the section's code as a line.

        Raises ValueError if the code has no such part.
        """
        if not re.search(r"(?<![\d.])[A-Za-z]", part):
            raise ValueError(
                f"{part!r} does not say what it sets: write some of the code before it"
            )
        # Not 25 of 250.
        whole = re.compile(r"(?<!\w)" * part[0].isalnum() + re.escape(part) + r"(?!\w|\.\d)")
        if not any(map(whole.search, self.code)):
            raise ValueError(f"the section's code (without its texts and comments) has no {part!r}")
        return Line.of(part)

    def candidates(self, number, most=8):
        """Return the bindings, as written, whose value is ``number``: first what equals it, printed
        before recorded.
        """
        fitting = [
            (value, name) for value, name in zip(self.values, self.names) if number.fits(value)
        ]
        fitting.sort(
            key=lambda pair: (
                abs(pair[0] - number.value) > 1e-9 * number.half,
                isinstance(pair[1][0], str),
            )
        )
        found = [self._words(name) for _, name in fitting[:most]]
        for code in self.code:
            for match in re.finditer(
                r"(?:[A-Za-z_]\w*\W+)?[A-Za-z_]\w*[^A-Za-z_]*?(?<![\w.])[-\d.e]+\b", code
            ):
                values = Line.of(match[0]).values
                if values and number.fits(values[-1]):
                    found.append(f"code: {match[0]}" + f" #{len(values)}" * (len(values) > 1))
        return list(dict.fromkeys(found))[: 2 * most]

    def nearest(self, number):
        """Return the value nearest to ``number``, in words."""
        if not self.values:
            return "its section shows no value"
        value, name = min(
            zip(self.values, self.names), key=lambda pair: abs(pair[0] - number.value)
        )
        shown = f"{100 * value:.6g} %" if number.percent else f"{value:.6g}"
        what = f"printed: {name[0].text}" if isinstance(name[0], Line) else self._words(name)
        return f"the nearest value that its section shows is {shown} ({what})"

    def _words(self, name):
        """Return the name of a value as a binding writes it."""
        what, which = name
        if isinstance(what, Line):
            words = what.text.split(" ")
            starts = [" ".join(words[:n]) for n in range(1, len(words) + 1)]
            others = {line.text for line in self.lines} - {what.text}
            start = next(
                (s for s in starts if not any(other.startswith(s) for other in others)), what.text
            )
            return f"printed: {start}" + f" #{which}" * (which > 1)
        if which == "length":
            return f"{what}: length"
        return what + (f"[{', '.join(map(str, which))}]" if which else "")


def _flat(value, index=()):
    """Yield ``(index, number)`` of all numbers in nested lists."""
    if isinstance(value, list):
        for i, part in enumerate(value):
            yield from _flat(part, (*index, i))
    else:
        yield index, float(value)


def _bare_code(source):
    """Return a cell's code in one line, each text in it as "", without comments: what they say is
    prose, no setting.
    """
    lines, opened = [list(line) for line in source.splitlines(keepends=True)], []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            kind = tokenize.tok_name[token.type]
            if kind == "FSTRING_START":  # from Python 3.12 on a formatted text is many tokens
                opened.append(token.start)
            elif kind in ("STRING", "COMMENT", "FSTRING_END"):
                row, column = opened.pop() if kind == "FSTRING_END" else token.start
                last_row, last_column = token.end
                for blanked in range(row, last_row + 1):
                    end = last_column if blanked == last_row else len(lines[blanked - 1])
                    start = column if blanked == row else 0
                    lines[blanked - 1][start:end] = [""] * (end - start)
                lines[row - 1][column] = "" if kind == "COMMENT" else '""'
    except (tokenize.TokenError, SyntaxError):
        return ""  # no Python, such as a shell command
    return " ".join("".join(map("".join, lines)).split())


#: Behind an answer, what the reader had guessed (course_utils.answer).
_YOUR_GUESS = re.compile(r" +\(you guessed .*\)$", re.MULTILINE)


def _is_evidence(cell):
    """Whether what a cell shows counts: what is never compared proves nothing, nor what a reader
    guesses.
    """
    unsure = r"NBVAL_(?:IGNORE_OUTPUT|SKIP)|^\s*(?:\w+ = )?guess\("
    return cell.kind == "code" and not re.search(unsure, cell.source, re.MULTILINE)


class Evidence:
    """What a notebook shows: ``sections`` by their headings, and ``checkpoints`` of all of them by
    name.
    """

    def __init__(self, cells):
        self.sections, self.checkpoints = {}, {}
        for cell in cells:
            section = self.sections.setdefault(cell.section, Section())
            if cell.kind == "code":
                section.code.append(_bare_code(cell.source))
            if _is_evidence(cell):
                printed = _YOUR_GUESS.sub("", notebooks.printed(cell.outputs)).splitlines()
                section.lines += [Line.of(line) for line in printed if line.strip()]
                section.checkpoints |= {
                    entry["name"]: entry["value"] for entry in notebooks.checkpoints(cell.outputs)
                }
                self.checkpoints |= section.checkpoints
        for section in self.sections.values():
            section.finish()

    def value(self, name, section):
        """Return the value that a binding names, seen from ``section``.

        Raises ValueError if it names none.
        """
        if times := re.fullmatch(r"(.+) × (10*|0?\.0*1)", name, re.DOTALL):
            return self.value(times[1], section) * float(times[2])
        if line := re.fullmatch(
            r'(printed|code)(?: in "(.+?)")?: (.+?)(?: #(\d+))?', name, re.DOTALL
        ):
            return self._in_line(*line.groups(), section)
        return self._in_checkpoint(name)

    def _in_line(self, kind, heading, start, k, section):
        if (heading or section) not in self.sections:
            raise ValueError(f"the notebook has no section {heading!r}")
        shown, start = self.sections[heading or section], " ".join(start.split())
        line, k = shown.printed(start) if kind == "printed" else shown.written(start), int(k or 1)
        if not 0 < k <= len(line.values):
            raise ValueError(f"{line.text!r} has {len(line.values)} numbers, so no #{k}")
        return line.values[k - 1]

    def _in_checkpoint(self, name):
        part = ""
        if name not in self.checkpoints:
            with_part = re.fullmatch(r"(.+?)(\[-?\d+(?:, ?-?\d+)*\]|: (?:min|max|length))", name)
            name, part = with_part.groups() if with_part else (name, "")
        if name not in self.checkpoints:
            raise ValueError(f"the notebook has no checkpoint {name!r}")
        value = self.checkpoints[name]
        if part == ": length" and isinstance(value, list):
            return float(len(value))
        if part in (": min", ": max"):
            return (min if part == ": min" else max)(number for _, number in _flat(value))
        try:
            for index in json.loads(part) if part.startswith("[") else ():
                value = value[index]
        except (IndexError, TypeError):
            raise ValueError(f"the checkpoint {name!r} has no {part}") from None
        numbers = [number for _, number in _flat(value)]
        if len(numbers) != 1 or part == ": length":
            raise ValueError(f"{name}{part} is {len(numbers)} values: name one of them")
        return numbers[0]


# --- Judgement ------------------------------------------------------------------------------------


@dataclass
class Claim:
    """A number of a notebook, and what holds it.

    state: "found", "bound", "given"; "open", if nothing holds it; "wrong", if its binding does not
    hold. why: the binding, the reason, or what is wrong.
    """

    section: str
    text: str
    number: Number
    key: str = None
    state: str = "open"
    why: str = ""

    @property
    def surroundings(self):
        """The number with the words next to it, in one line."""
        before = re.search(r"(?:\S+\s+){0,4}\S*$", self.text[: self.number.start])[0]
        after = re.match(r"\S*(?:\s+\S+){0,4}", self.text[self.number.end :])[0]
        return " ".join(f"{before}{self.number.text}{after}".split())

    @property
    def problem(self):
        """What is wrong, as a sentence."""
        says = f"in {self.section!r}, {sentence_around(self.text, self.number)!r}: "
        if self.state == "wrong":
            return says + f"{self.number.text} is bound by {self.key!r}, but {self.why}"
        return says + f"nothing holds {self.number.text}; {self.why}"


def prose(cells):
    """Yield ``(cell, [(section, text)])``.

    A markdown cell's text is cut at its headings; a code cell's are the alt texts and titles that
    it shows, each once.
    """
    section = ""
    for cell in cells:
        if cell.kind == "markdown":
            headings = list(re.finditer(r"^## (.+?)\s*$", cell.source, re.MULTILINE))
            cuts = [0, *(heading.start() for heading in headings), len(cell.source)]
            names = [section if headings else cell.section, *(heading[1] for heading in headings)]
            yield cell, [(name, cell.source[a:b]) for name, a, b in zip(names, cuts, cuts[1:])]
        else:
            yield (
                cell,
                [(cell.section, text) for text in dict.fromkeys(_captions(cell.outputs)) if text],
            )
        section = cell.section


def _captions(outputs):
    """Yield the alt texts and titles of figures, and the alt texts of labs; the proof's own runs
    paint no pictures.
    """
    for output in outputs:
        data, metadata = output.get("data", {}), output.get("metadata", {})
        if notebooks.WIDGET in data:
            yield "".join(data.get("text/plain", "")).removeprefix("Lab: ")
            continue
        yield metadata.get("image/png", {}).get("alt")
        figure = metadata.get(notebooks.FIGURE) or {}
        figure = json.loads(figure) if isinstance(figure, str) else figure
        yield figure.get("alt")
        yield figure.get("title")
        yield from (axes.get("title") for axes in figure.get("axes", []))


def judge(cells):
    """Return ``(claims, problems)`` of a notebook: all its numbers, and sentences on the bindings
    that meet none.
    """
    evidence, claims, problems = Evidence(cells), [], []
    for cell, texts in prose(cells):
        theirs, wrong = _judge_cell(texts, cell.metadata.get("numbers", {}), evidence)
        claims += theirs
        problems += wrong
    return claims, problems


def _judge_cell(texts, bindings, evidence):
    claims = [
        Claim(section, text, number) for section, text in texts for number in numbers_in(text)
    ]
    problems = []
    for key, what in bindings.items():
        meant = [claim for claim in claims if _names(key, claim)]
        if len(meant) != 1:
            why = (
                "fits several numbers of its cell: write more of the text"
                if meant
                else "fits no number of its cell"
            )
            problems.append(
                f"in {texts[-1][0] if texts else ''!r}, the binding {key!r}: {what!r} {why}"
            )
        elif meant[0].key:
            problems.append(
                f"in {meant[0].section!r}, {key!r} and {meant[0].key!r} bind the same number"
            )
        else:
            meant[0].key = key
            meant[0].state, meant[0].why = _bound(meant[0], what, evidence)
    for claim in claims:
        if not claim.key:
            claim.state, claim.why = _searched(
                claim.number, evidence.sections.get(claim.section, Section())
            )
    return claims, problems


def _names(key, claim):
    """Whether ``key`` is this number with some text after it or, where it starts with no number,
    before it.
    """
    pattern = re.compile(r"\s+".join(map(re.escape, key.split())))
    start, end = claim.number.start, claim.number.end
    if (match := pattern.match(claim.text, start)) and match.end() >= end:
        return True
    if re.match(rf"(?:{_SIGN})?\d", key):
        return False
    return any(
        match.end() == end and match.start() < start for match in pattern.finditer(claim.text)
    )


def _bound(claim, what, evidence):
    """Return ``(state, why)`` of a number that a binding says to be ``what``."""
    number = claim.number
    if what.startswith("given:"):
        reason = what.removeprefix("given:").strip()
        return ("given", reason) if reason else ("wrong", "'given:' needs a reason")
    relation, name = re.fullmatch(r"(?:(above|below|minus) )?(.*)", what, re.DOTALL).groups()
    try:
        value = evidence.value(name, claim.section)
    except ValueError as error:
        return "wrong", str(error)
    if relation == "above":
        holds = number.value >= value
    elif relation == "below":
        holds = number.value <= value
    else:
        holds = number.fits(-value if relation else value)
    return ("bound", what) if holds else ("wrong", f"{name} is {value:.6g}")


def _searched(number, section):
    """Return ``(state, why)`` of a number without a binding."""
    if number.digits < SEARCHED:
        return (
            "open",
            (
                f"with fewer than {SEARCHED} digits it must be bound by name;"
                f" {section.nearest(number)}"
            ),
        )
    if not section.has(number):
        return "open", section.nearest(number)
    forms = changed_forms(number.text)
    fooled = sum(any(map(section.has, numbers_in(form))) for _, form in forms)
    if fooled > FOOLED * len(forms):
        return (
            "open",
            f"it is found, but so are {fooled} of its {len(forms)} changed forms: bind it by name",
        )
    return "found", ""


def check_notebook(cells, listed=None):
    """Return what is wrong with a notebook's numbers, as sentences: what nothing holds, and
    bindings that don't.

    Open numbers that are listed are not among it; listed: the entries, from the file unless told.
    """
    claims, problems = judge(cells)
    known = {entry.split(" | ", 1)[1] for entry in (read_list() if listed is None else listed)}
    unknown = [
        claim
        for claim in claims
        if claim.state == "open" and _entry("", claim).split(" | ", 1)[1] not in known
    ]
    return problems + [
        claim.problem for claim in claims if claim.state == "wrong" or claim in unknown
    ]


def count(cells):
    """Return how many of a notebook's numbers are found, bound, given, and open (or wrongly
    bound).
    """
    states = Counter(claim.state for claim in judge(cells)[0])
    states["open"] += states["wrong"]
    return {state: states[state] for state in ("found", "bound", "given", "open")}


# --- The course, and the list ---------------------------------------------------------------------


def _entry(name, claim):
    return (
        f"{name} | {claim.section} | {' '.join(claim.number.text.split())} | {claim.surroundings}"
    )


def read_list(path=LIST):
    """Return the entries of the list of open numbers."""
    return [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]


@dataclass
class Found:
    """What is known of a course's numbers: how many hold, how many are open and listed, and what is
    wrong.
    """

    held: int = 0
    open: int = 0
    problems: list = field(default_factory=list)


def check_course(cells, whole=True, listed=None):
    """Check notebooks, ``{name: cells}``, against the list of open numbers. Returns :class:`Found`.

    What is wrong: a binding that does not hold, an open number that is not listed, an entry of the
    list whose number is no longer open. whole: these are all the notebooks, so an entry of another
    one names nothing. listed: the entries, from the file unless told.
    """
    listed, met, result = set(read_list() if listed is None else listed), set(), Found()
    for name, theirs in cells.items():
        claims, wrong = judge(theirs)
        result.problems += [f"{name}: {problem}" for problem in wrong]
        for claim in claims:
            if claim.state == "open" and (entry := _entry(name, claim)) in listed:
                met.add(entry)
                result.open += 1
            elif claim.state in ("open", "wrong"):
                result.problems.append(f"{name}: {claim.problem}")
            else:
                result.held += 1
    stale = sorted(entry for entry in listed - met if whole or entry.split(" | ")[0] in cells)
    result.problems += [
        f"{LIST.name}: this number is no longer open, delete its line: {entry}" for entry in stale
    ]
    return result


def shrink(cells, path=LIST):
    """Delete the entries of the list that are no longer open.

    Returns the open numbers that it lacks, and won't get.
    """
    claims = [
        (name, claim)
        for name, theirs in cells.items()
        for claim in judge(theirs)[0]
        if claim.state == "open"
    ]
    still = {_entry(name, claim): claim.problem for name, claim in claims}
    kept = [entry for entry in dict.fromkeys(read_list(path)) if entry in still]
    path.write_text(LIST_HEADER + "".join(f"{entry}\n" for entry in kept), encoding="utf-8")
    return [f"{entry}\n    {problem}" for entry, problem in still.items() if entry not in kept]


# --- Does it notice? ------------------------------------------------------------------------------


def plant(cells, times, seed):
    """Change digits, signs and points at random in numbers that are found or bound.

    The keys of bindings change along, so that only a value can notice, not a key that fits no
    longer. Returns ``[(kind, noticed, sentence)]``.
    """
    rng, held = random.Random(seed), []
    for name, theirs in cells.items():
        evidence = Evidence(theirs)
        for cell, texts in prose(theirs):
            bindings = cell.metadata.get("numbers", {})
            claims, problems = _judge_cell(texts, bindings, evidence)
            before = len(problems) + sum(claim.state in ("open", "wrong") for claim in claims)
            held += [
                (name, claim, texts, bindings, evidence, before)
                for claim in claims
                if claim.state in ("found", "bound")
            ]
    planted = []
    for _ in range(times):
        name, claim, texts, bindings, evidence, before = rng.choice(held)
        kind, number = rng.choice(("digit", "digit", "sign", "point")), claim.number
        form = rng.choice(
            [form for its_kind, form in changed_forms(number.text) if its_kind == kind]
        )
        new = claim.text[: number.start] + form + claim.text[number.end :]
        texts = [(section, new if text is claim.text else text) for section, text in texts]
        bindings = {
            _changed(key, number.text, form) if key == claim.key else key: bindings[key]
            for key in bindings
        }
        claims, problems = _judge_cell(texts, bindings, evidence)
        after = len(problems) + sum(claim.state in ("open", "wrong") for claim in claims)
        what = (
            f"{name}: {number.text} to {form} ({claim.why or 'found'}) in"
            f" {sentence_around(claim.text, number)!r}"
        )
        planted.append((kind, after > before, what))
    return planted


def _changed(key, old, new):
    """Return a binding's key with its number changed."""
    old, key = " ".join(old.split()), " ".join(key.split())
    return new + key[len(old) :] if key.startswith(old) else key[: -len(old)] + new


def wilson(hits, times, z=1.96):
    """Return the 95 % interval of a share of ``hits`` in ``times``."""
    share, extra = hits / times, z * z / times
    middle, reach = (
        share + extra / 2,
        z * (share * (1 - share) / times + extra / (4 * times)) ** 0.5,
    )
    return (middle - reach) / (1 + extra), (middle + reach) / (1 + extra)


# --- Commands -------------------------------------------------------------------------------------


def _show(name, cells):
    """Print every number of a notebook, what holds it or, ready for the metadata, what may."""
    print(f"\n{name}: " + ", ".join(f"{number} {state}" for state, number in count(cells).items()))
    evidence = Evidence(cells)
    for cell, texts in prose(cells):
        claims, problems = _judge_cell(texts, cell.metadata.get("numbers", {}), evidence)
        for problem in problems:
            print(f"  WRONG  {problem}")
        for claim in claims:
            print(f"  {claim.state:6} {claim.surroundings}\n{'':9}{claim.why}")
            if claim.state == "open":
                for binding in evidence.sections[claim.section].candidates(claim.number):
                    print(
                        f"{'':9}may be "
                        f" {json.dumps(shortest_key(claim, claims), ensure_ascii=False)}:"
                        f" {json.dumps(binding, ensure_ascii=False)}"
                    )


def shortest_key(claim, claims):
    """Return a short key that fits ``claim`` alone among the ``claims`` of its cell."""
    number, text = claim.number, claim.text
    for words in range(20):
        after = re.match(rf"\S*(?:\s+\S+){{{words}}}" if words else "", text[number.end :])
        before = re.search(rf"(?:\S+\s+){{{words}}}\S*$", text[: number.start])
        keys = [number.text + after[0] if after else "", before[0] + number.text if before else ""]
        for key in (" ".join(key.split()) for key in keys if key):
            if [other for other in claims if _names(key, other)] == [claim]:
                return key
    return number.text


def main(arguments=None):
    """Run a command of this module; return the exit status."""

    parser = argparse.ArgumentParser(
        description="The numbers in the notebooks' prose, and what holds them."
    )
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="such as Round2/Round2_SGD; all, if none"
    )
    parser.add_argument(
        "--shrink", action="store_true", help="delete what is no longer open from the list"
    )
    parser.add_argument(
        "--plant", type=int, metavar="N", help="change N numbers at random; how many are noticed?"
    )
    parser.add_argument("--seed", type=int, default=1, help="of --plant")
    chosen = parser.parse_args(arguments)
    every = list(contents().notebooks())
    names = [name.removesuffix(".ipynb") for name in chosen.notebooks] or every
    cells = {
        name: notebooks.read_notebook(HOME / f"{name}.ipynb")
        for name in (every if chosen.shrink else names)
    }
    if chosen.shrink:
        lacking = shrink(cells)
        print(f"{len(read_list())} numbers are still open")
        print(*(["NOT ADDED, bind them instead:", *lacking] if lacking else []), sep="\n")
        return 1 if lacking else 0
    if chosen.plant:
        planted = plant(cells, chosen.plant, chosen.seed)
        for kind in ("digit", "sign", "point", ""):
            of_it = [noticed for its_kind, noticed, _ in planted if kind in ("", its_kind)]
            if of_it:
                low, high = wilson(sum(of_it), len(of_it))
                print(
                    f"{kind or 'all':6} {sum(of_it)} of {len(of_it)} noticed:"
                    f" {sum(of_it) / len(of_it):.1%} (95 % interval {low:.1%} to {high:.1%})"
                )
        print(*(f"missed: {sentence}" for _, noticed, sentence in planted if not noticed), sep="\n")
        return 0 if sum(noticed for _, noticed, _ in planted) >= 0.95 * len(planted) else 1
    for name, theirs in cells.items():
        _show(name, theirs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
