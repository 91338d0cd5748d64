"""What a wheel of the package carries of the course: the build calls this (pyproject.toml).

A notebook reaches the course's data, the records of a twin, and what earlier rounds define through
``course_utils.find``, so they lie inside the installed package. Which files these are, course.toml
says. The notebooks go without their pictures, which nothing reads there, and the labs' states stay
out.
"""

import json
import shutil
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = "course_utils/course"
LEAN = "notebooks-without-pictures"  # a folder beside the wheel, while it is built


class CourseFiles(BuildHookInterface):
    """Adds the course's files to a wheel; an editable one leads to the clone, where they lie."""

    def initialize(self, version, build_data):
        if version == "editable":
            return
        root, lean = Path(self.root), Path(self.directory) / LEAN
        for name in files(root):
            source = root / name
            if source.suffix == ".ipynb":
                source = lean / name
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_text(without_pictures(root / name), encoding="utf-8")
            build_data["force_include"][str(source)] = f"{INSIDE}/{name}"

    def finalize(self, version, build_data, artifact_path):
        shutil.rmtree(Path(self.directory) / LEAN, ignore_errors=True)


def files(root):
    """Return the names of the files that notebooks need, by what ``root``/course.toml lists."""
    sys.path.insert(0, str(root))  # the package is not installed yet
    from course_utils.contents import read

    contents = read(root / "course.toml")
    scripts = [name for each in contents.rounds for name in each.scripts]
    data = [f"Dataset/{path.name}" for path in sorted((root / "Dataset").iterdir())]
    return ["course.toml", *data, *scripts, *(f"{name}.ipynb" for name in contents.notebooks())]


def without_pictures(path):
    """Return the text of the notebook at ``path`` without the pictures in its outputs."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
