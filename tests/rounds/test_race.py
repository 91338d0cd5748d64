"""The race's verdicts keep a margin to rounding: with every start moved by some units of its last
digit, each team chooses the same trials and reports the same steps.
"""

import numpy as np
import pytest

from course_utils.contents import contents
from course_utils.notebooks import read_notebook
from course_utils.resources import HOME

LEFT_OUT = ("Watch the race", "What you have now")


@pytest.fixture(scope="module")
def notebook():
    """What the NumPy notebook's cells leave behind, up to where verdicts are drawn from it."""
    names = {}
    for cell in read_notebook(HOME / contents().file_of("Round3_Race")):
        if cell.section.startswith("Where Adam loses"):
            break
        if cell.kind == "code" and cell.section not in LEFT_OUT:
            exec(compile(cell.source, cell.section, "exec"), names)
    return names


@pytest.mark.part("drawn")
@pytest.mark.parametrize("size", [1e-15, 3e-15])
def test_rounding_decides_no_choice_and_no_count(notebook, size):
    rng = np.random.default_rng()
    assert len(notebook["results"]) == 9
    for title, before in notebook["results"].items():
        problem = notebook[title]
        noise = size * rng.normal(size=problem.starts.shape)
        starts = problem.starts + noise * np.maximum(abs(problem.starts), 1e-3)
        after = notebook["race"](title, problem._replace(starts=starts))
        for name, result in before.items():
            choice = notebook["choose"](result.steps)
            again = notebook["choose"](after[name].steps)
            np.testing.assert_array_equal(again, choice, f"{title}, {name}: the choice")
            np.testing.assert_array_equal(
                notebook["report"](after[name].steps, again),
                notebook["report"](result.steps, choice),
                f"{title}, {name}: the steps",
            )
