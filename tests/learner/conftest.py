"""The small course in a folder of its own, in the place of the true one."""

import pytest
from small_course import Course

from course_utils.contents import read
from course_utils.learner import edition, workspace


@pytest.fixture
def course(tmp_path, monkeypatch):
    made = Course(tmp_path)
    monkeypatch.setattr(edition, "HOME", made.home)
    monkeypatch.setattr(workspace, "HOME", made.home)
    monkeypatch.setattr(edition, "contents", lambda: read(made.home / "course.toml"))
    monkeypatch.delenv("COURSE_HOME", raising=False)
    return made
