"""The computer that the tests of the set-up run on."""

import pytest
from computer import Course


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)
