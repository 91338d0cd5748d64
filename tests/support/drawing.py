"""How the tests that draw their cases draw them: the same few in every run, or, under ``--part
drawn``, fresh ones.

Such a test is marked ``part("drawn")``. A failure that a drawn run finds becomes a case of its own,
beside the test.
"""

from hypothesis import HealthCheck, Phase, settings

#: Set by conftest.py before it imports any test.
FRESH = False


def choose(fixed, fresh):
    """Return what belongs to this run: ``fixed`` in the proof that everybody runs, ``fresh`` where
    the cases are drawn afresh.
    """
    return fresh if FRESH else fixed


def cases(fixed, fresh):
    """Return hypothesis's settings for that many cases.

    A failure's report ends with a line that draws its case again.
    """
    return settings(
        max_examples=choose(fixed, fresh),
        derandomize=not FRESH,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
