"""Is this the environment that the course was written for? The answer, in words."""

import sys
from importlib import metadata

from packaging.requirements import Requirement

from course_utils.data import load_penguins

ADVICE = (
    "Run ./setup_pytorch_env.sh in the course's folder, then restart the kernel (menu Kernel,"
    " Restart Kernel)."
)


def check_environment() -> bool:
    """Check Python, the packages of the course, the data, and that PyTorch finds a gradient;
    print what was found.

    Returns True if all is well. Never raises: each thing that is wrong is named in a line, with
    what to do about it.
    """
    found = {
        "Python is recent enough": _python(),
        "every package is there, in a version that was tested": _packages(),
        "the data is there and unaltered": _data(),
        "PyTorch computes, and finds the gradient": _gradient(),
    }
    for what, problem in found.items():
        print(f"{'  ok  ' if not problem else ' WRONG'}  {what if not problem else problem}")
    if any(found.values()):
        print(f"\n{ADVICE}")
        return False
    print("\nAll is well. You can start.")
    return True


def _python():
    if sys.version_info < (3, 11):  # noqa: UP036  # who reaches the package by a path finds out here
        return (
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}; the course needs 3.11 or"
            " newer"
        )
    return ""


def _packages():
    problems = []
    for line in metadata.requires("course_utils") or ():
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": "course"}):
            continue
        try:
            version = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{need.name} is missing")
            continue
        if not need.specifier.contains(version, prereleases=True):
            problems.append(f"{need.name} is {version}, but {need.specifier} was tested")
    return "; ".join(problems)


def _data():
    try:
        load_penguins()
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _gradient():
    try:
        import torch

        x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
        (x**2).backward()
        if x.grad.item() == 6.0:
            return ""
        return f"PyTorch says that the derivative of x² at 3 is {x.grad.item()}, not 6"
    except Exception as error:  # whatever a broken installation raises, the reader gets a sentence
        return f"PyTorch does not work here: {type(error).__name__}: {error}"
