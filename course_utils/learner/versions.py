"""What a cell needs of an installed package, and what it says where that is too old.

A cell whose code needs a newer package than the course promises says so twice, in the same words:
in its metadata, ``"needs": "torch>=2.9"``, which the proof reads, and in its code, ``if
have("torch>=2.9"):``, which tells the reader in one line why there is nothing to see.
"""

from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement


def have(requirement: str) -> bool:
    """Return whether ``requirement``, such as "torch>=2.9", is installed; print one line if not."""
    if line := unmet(requirement):
        print(line)
    return not line


def missing(metadata: dict) -> str:
    """Return the line that a cell with this metadata prints instead of running, since it needs more
    than is installed here; "" where nothing is missing.
    """
    return unmet(metadata["needs"]) if "needs" in metadata else ""


def unmet(requirement: str) -> str:
    """Return the line that says that ``requirement`` is not met here, "" where it is met."""
    need = Requirement(requirement)
    try:
        met = need.specifier.contains(version(need.name), prereleases=True)
    except PackageNotFoundError:
        met = False
    return "" if met else f"This cell needs {requirement}, which is not installed here."
