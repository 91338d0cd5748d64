"""Drives setup_pytorch_env.sh through what can happen to it on other people's computers.

The script is copied to a folder with a space in its name and finds only the programs that a test
gives it: a Python that makes environments quickly, and a stand-in for pip and uv that writes down
how it was called and can fail on request. Two tests use the real pip and the real uv on a folder of
small wheels. No test needs a network. What answers in a moment is tested in test_setup_command.py.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from computer import ROOT, SCRIPT, TORCH, no_driver, write
from packaging.requirements import Requirement

pytestmark = [
    pytest.mark.part("setup"),
    pytest.mark.skipif(
        sys.platform == "win32", reason="the stand-ins for programs are POSIX shell scripts"
    ),
]


# ---- The command line ----


def test_a_first_run_makes_the_environment_and_says_what_is_next(course):
    output, _ = course.run()
    assert course.is_finished()
    assert "--lab" in output and "--test" in output
    assert len(output.splitlines()) < 10
    assert "requirements.txt" in course.calls("uv")[0]
    assert course.calls("uv")[1][-2:] == ["-e", "."]
    assert [call[-1] for call in course.calls("pip")] == ["uv"]


def test_a_second_run_does_nothing(course):
    course.run()
    calls = course.all_calls()
    assert "up to date" in course.run()[0]
    assert course.all_calls() == calls


def started(output):
    """Return what the stand-in for the course's commands said about how it was started."""
    return json.loads(output.split("STARTED ")[1])


def test_lab_starts_the_course_s_command(course):
    lab = started(course.run("--lab")[0])
    assert lab["folder"] == str(course.folder) and lab["prefix"] == str(course.env)
    assert lab["path"] == str(course.env / "bin") and lab["arguments"] == ["lab"]
    assert started(course.run("--course", "--lab")[0])["arguments"] == ["lab", "--course"]


def test_the_options_that_lab_uses_exist():
    """JupyterLab passes over an option that it doesn't know, so a misspelt one would go
    unnoticed.
    """
    from jupyter_server.serverapp import ServerApp
    from jupyterlab.labapp import LabApp

    assert "default_url" in LabApp.class_trait_names()
    assert {"root_dir", "ip", "allow_root"} <= set(ServerApp.class_trait_names())


def test_what_jupyter_finds_in_the_environment_is_brought_along(course):
    """No pop-ups at the first start, and the figures' alt text in HTML exports: see jupyter/."""
    shutil.copytree(ROOT / "jupyter", course.folder / "jupyter")
    course.run()
    settings = json.loads((course.env / "share/jupyter/lab/settings/overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"] == {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
    assert (course.env / "share/jupyter/nbconvert/templates/course/index.html.j2").exists()
    (course.folder / "jupyter/share/jupyter/lab/settings/overrides.json").write_text("{}")
    course.run()  # a change is noticed
    assert (course.env / "share/jupyter/lab/settings/overrides.json").read_text() == "{}"


@pytest.mark.parametrize("what", [(), ("Round2", "--all=browser,setup"), ("--all",), ("--help",)])
def test_test_hands_what_to_prove_on_and_the_exit_status_back(course, what):
    proof = started(course.run("--test", *what, status=7)[0])
    assert proof["folder"] == str(course.folder) and proof["prefix"] == str(course.env)
    assert proof["arguments"] == ["test", *what]


# ---- Python ----


@pytest.mark.parametrize(
    ("version", "says"),
    [((3, 10, 9), "Python 3.10 is too old"), ((3, 15, 0), "Python 3.15 is too new")],
)
def test_a_python_that_does_not_do(course, version, says):
    course.fails(says=says, PRETEND=f"import sys; sys.version_info = {version}")
    assert not course.env.exists()


def test_a_second_python_that_does(course):
    course.add_program("python3", "#!/bin/bash\nexit 127\n")
    course.add_program("python", "#!/bin/bash\necho Python 2.7 is too old\n")
    course.add_python("python3.12")
    course.run()
    assert course.is_finished()


def test_without_the_venv_module(course):
    course.fails(
        says="sudo apt install python3-venv", PRETEND="import sys; sys.modules['ensurepip'] = None"
    )
    assert not course.env.exists()


def test_an_environment_that_cannot_be_made(course):
    course.fails(says="could not be made", VENV_FAILS="something odd")
    assert not course.env.exists()


def test_the_folders_and_the_launcher_of_windows(course):
    (course.bin / "python3").rename(course.bin / "py")
    course.run(WINDOWS="1", SYSTEM="MINGW64_NT-10.0")
    assert (course.env / "Scripts/python.exe").exists() and course.is_finished()
    assert "up to date" in course.run()[0]


def test_the_python_behind_an_active_environment_is_taken(course):
    """The environment's own Python may be first on the PATH when the environment has to be made
    anew.
    """
    course.run()
    (course.env / ".complete").unlink()
    base = (course.bin / "python3").rename(course.bin / "base")
    course.add_program("python3", f'#!/bin/bash\nexec "{course.env}/bin/python" "$@"\n')
    output, _ = course.run(BASE=str(base))
    assert "Making" in output and course.is_finished()


# ---- What can go wrong half-way ----


def test_disk_full(course):
    for tool in ("uv", "both"):
        course.fails(
            says="The disk is full", FAIL=f"{tool} OSError: [Errno 28] No space left on device"
        )
        assert not course.env.exists(), "half an environment is left on the full disk"
    course.run()
    assert course.is_finished()


def test_no_network(course):
    course.fails(
        says="check the network",
        FAIL=(
            "both WARNING: Retrying (Retry(total=0)) after connection broken by"
            " NewConnectionError\nERROR: No matching distribution found for numpy"
        ),
    )
    assert not course.env.exists()


def test_a_computer_without_wheels(course):
    course.fails(
        says="No set of packages fits",
        FAIL="both ERROR: No matching distribution found for torch==2.13.0",
    )


def test_any_other_failure_shows_what_the_installer_said(course):
    messages = course.fails(says="see the lines above", FAIL="both the moon is in the way")
    assert "the moon is in the way" in messages


def test_a_folder_that_cannot_be_written_to(course):
    if os.geteuid() == 0:  # no permission stops root: let the program fail that would
        (course.bin / "mkdir").unlink()
        course.add_program("mkdir", '#!/bin/bash\necho "Read-only file system" >&2\nexit 1\n')
    else:
        course.folder.chmod(0o555)
    course.fails(says="copy the course to a folder of your own")
    course.folder.chmod(0o755)


@pytest.mark.parametrize("what", ["a file", "a folder"])
def test_what_the_user_keeps_under_that_name_is_left_alone(course, what):
    if what == "a file":
        write(course.env, "mine")
    else:
        write(course.env / "notes.txt", "mine")
    course.fails(says="move it away")
    assert "mine" in (course.env if what == "a file" else course.env / "notes.txt").read_text()


def break_python(course):
    (course.env / "bin/python").unlink()
    (course.env / "bin/python").symlink_to("/nowhere/python")


def break_packages(course):
    shutil.rmtree(next(course.env.glob("lib/python3*/site-packages")))


def break_stamp(course):
    (course.env / ".complete").write_text("")


@pytest.mark.parametrize("damage", [break_python, break_packages, break_stamp])
def test_a_broken_environment_is_made_anew(course, damage):
    course.run()
    damage(course)
    output, _ = course.run()
    assert "Making" in output and course.is_finished()


def test_an_empty_folder_is_used(course):
    course.env.mkdir()
    course.run()
    assert course.is_finished()


def test_a_package_that_was_changed_by_hand_is_put_right(course):
    course.run()
    site = next(course.env.glob("lib/python3*/site-packages"))
    (site / "numpy-2.4.dist-info/METADATA").write_text("Name: numpy\nVersion: 1.26\n")
    output, _ = course.run()
    assert "Updating" in output and course.is_finished()
    assert "2.4" in (site / "numpy-2.4.dist-info/METADATA").read_text()


def test_a_package_whose_folder_is_gone_is_noticed(course):
    course.run()
    site = next(course.env.glob("lib/python3*/site-packages"))
    (site / "numpy-2.4.dist-info/RECORD").write_text("numpy/__init__.py,,\n")  # and no folder numpy
    output, _ = course.run()
    assert "Updating" in output and course.is_finished()


def test_an_environment_that_was_moved_is_made_anew(course):
    course.run()
    course.folder = course.folder.rename(course.folder.with_name("another course"))
    course.env = course.folder / "pytorch_env"
    output, _ = course.run()
    assert "Making" in output and course.is_finished()
    assert str(course.folder) in (course.env / ".complete").read_text()


def wait_for(path, process):
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")


@pytest.mark.parametrize("first", ["making", "updating"])
def test_killed_half_way_then_run_again(course, tmp_path, first):
    if first == "updating":
        course.run()
        write(course.folder / "constraints.txt", "numpy==2.5\ntorch==2.13.0\nuv==1.0\n")
    process = course.start(HANG=str(tmp_path / "half-way"))
    wait_for(tmp_path / "half-way", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert course.env.exists() and not course.is_finished()
    output, _ = course.run()
    assert "Making" in output and course.is_finished()
    assert "up to date" in course.run()[0]


def test_control_c_half_way_leaves_nothing(course, tmp_path):
    process = course.start(HANG=str(tmp_path / "half-way"))
    wait_for(tmp_path / "half-way", process)
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=300)
    assert process.returncode == 130 and "run this again" in messages
    assert not course.env.exists()


def test_two_at_the_same_time(course, tmp_path):
    process = course.start(HANG=str(tmp_path / "half-way"))
    wait_for(tmp_path / "half-way", process)
    course.fails(says=f"at work here (process {process.pid})")
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=300)
    course.run()
    assert course.is_finished()


@pytest.mark.parametrize("holder", ["1", ""])
def test_a_lock_left_behind_counts_for_nothing(course, holder):
    write(course.env / ".setup-lock", holder)
    course.run()
    assert course.is_finished()


# ---- What is installed ----


def test_a_changed_file_updates_the_environment(course):
    course.run()
    for updates, name in enumerate(("requirements.txt", "constraints.txt", "pyproject.toml"), 2):
        with open(course.folder / name, "a") as file:
            file.write("\n# changed\n")
        output, _ = course.run()
        assert (
            "Updating" in output and len(course.calls("uv")) == 2 * updates and course.is_finished()
        )
    assert "up to date" in course.run()[0]


def test_a_failed_update_leaves_the_old_environment(course):
    course.run()
    before = (course.folder / "constraints.txt").read_text()
    write(course.folder / "constraints.txt", before.replace("2.4", "2.5"))
    course.fails(says="check the network", FAIL="both WARNING: Retrying (Retry(total=0))")
    write(course.folder / "constraints.txt", before)
    assert "up to date" in course.run()[0]


def test_pip_where_uv_cannot_be_had(course):
    output, _ = course.run(NO_UV="1")
    assert "trying with pip" in output and course.is_finished()
    assert not course.calls("uv")
    assert (
        "requirements.txt" in course.calls("pip")[1] and "constraints.txt" in course.calls("pip")[1]
    )
    assert course.calls("pip")[2][-2:] == ["-e", "."]


def test_pip_where_uv_fails(course):
    course.run(FAIL="uv error: certificate")
    assert course.is_finished() and course.calls("uv") and len(course.calls("pip")) == 3


CPU_PAGE = "https://download.pytorch.org/whl/cpu/torch/"


@pytest.mark.parametrize("no_uv", ["", "1"])
def test_the_cpu_build_without_a_driver(course, no_uv):
    if not no_driver():
        pytest.skip("this computer has an NVIDIA driver")
    course.run(PYTORCH_INDEX="answers", NO_UV=no_uv)
    arguments = course.calls("pip")[1] if no_uv else course.calls("uv")[0]
    assert arguments[arguments.index("--find-links") + 1] == CPU_PAGE


def test_other_sources_where_the_cpu_index_does_not_answer(course):
    output, _ = course.run("--cpu")
    assert "does not answer" in output
    assert CPU_PAGE not in course.calls("uv")[0]


def test_a_cpu_index_that_hangs_holds_nothing_up(course):
    """The index would hang for ten minutes; Course.run waits for five."""
    course.run("--cpu", PYTORCH_INDEX="hangs")
    assert course.is_finished()


def test_the_default_build_with_a_driver(course):
    course.add_program("nvidia-smi", "#!/bin/bash\nexit 0\n")
    course.run(PYTORCH_INDEX="answers")
    assert (
        CPU_PAGE not in course.calls("uv")[0]
        and (course.env / ".complete").read_text().splitlines()[1] == "default"
    )


def test_the_cpu_build_where_nvidia_smi_finds_no_driver(course):
    if not no_driver():
        pytest.skip("this computer has an NVIDIA driver")
    course.add_program("nvidia-smi", "#!/bin/bash\nexit 9\n")
    course.run(PYTORCH_INDEX="answers")
    assert CPU_PAGE in course.calls("uv")[0]


@pytest.mark.parametrize("system", ["Darwin", "MINGW64_NT-10.0"])
def test_the_default_build_elsewhere(course, system):
    course.run(PYTORCH_INDEX="answers", SYSTEM=system)
    assert CPU_PAGE not in course.calls("uv")[0]


def test_cuda_is_never_the_cpu_build(course):
    write(course.packages / "torch.py", TORCH.replace("None", "'13.0'"))
    course.run("--cuda", PYTORCH_INDEX="answers")
    assert "torch!=2.13.0+cpu" in course.calls("uv")[0] and CPU_PAGE not in course.calls("uv")[0]


def test_cuda_from_pytorchs_index_on_windows(course):
    write(course.packages / "torch.py", TORCH.replace("None", "'13.0'"))
    course.run("--cuda", SYSTEM="MINGW64_NT-10.0")
    assert "https://download.pytorch.org/whl/cu130/torch/" in course.calls("uv")[0]


def test_cuda_that_cannot_be_had_is_said(course):
    course.fails("--cuda", says="no CUDA build")
    course.fails("--cuda", says="no CUDA on macOS", SYSTEM="Darwin")
    assert not course.env.exists()


def test_a_build_stays_until_another_is_asked_for(course):
    course.add_program("nvidia-smi", "#!/bin/bash\nexit 0\n")
    course.run("--cpu")
    assert "up to date" in course.run()[0]
    write(course.packages / "torch.py", TORCH.replace("None", "'13.0'"))
    assert "Making" in course.run("--cuda")[0]
    assert "up to date" in course.run()[0]


def test_uv_gets_what_pip_is_configured_with(course, tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "mirror of ours").mkdir()
    mirror = (tmp_path / "mirror of ours").as_uri()
    settings = {
        "global.find-links": f"/no/such/folder {tmp_path}/wheels https://example.invalid/wheels",
        "global.extra-index-url": f"\n{mirror}\nfile:///no/such/index",
        "global.index-url": "https://weaker.invalid/simple",
        "install.index-url": "https://middling.invalid/simple",
        ":env:.index-url": "https://stronger.invalid/simple",
        "install.trusted-host": "stronger.invalid",
        "global.no-index": "false",
        "global.cert": "/some/certificate.pem",
        "global.proxy": "http://proxy.invalid:3128",
        "global.timeout": "60",
    }
    course.run(PIP_SETTINGS="\n".join(f"{key}={value!r}" for key, value in settings.items()))
    call = next(call for call in course.all_calls() if call["tool"] == "uv")
    arguments = call["arguments"]
    given = list(zip(arguments, arguments[1:]))

    def places(wanted):
        return [place for option, place in given if option == wanted]

    assert places("--find-links") == [f"{tmp_path}/wheels", "https://example.invalid/wheels"]
    assert places("--index") == [mirror]
    assert places("--default-index") == ["https://stronger.invalid/simple"]
    assert ("--allow-insecure-host", "stronger.invalid") in given
    assert ("--index-strategy", "unsafe-best-match") in given
    assert "--no-index" not in arguments
    assert (call["cert"], call["proxy"]) == ("/some/certificate.pem", "http://proxy.invalid:3128")


# ---- The real pip and the real uv ----


def pack(name, wheels):
    """Make a wheel of an installed package again, so that the tests need no network."""
    installed = distribution(name)
    tag = next(
        line.split(": ")[1]
        for line in installed.read_text("WHEEL").splitlines()
        if line.startswith("Tag:")
    )
    stem = f"{name.replace('-', '_')}-{installed.version}"
    with zipfile.ZipFile(wheels / f"{stem}-{tag}.whl", "w") as wheel:
        for file in installed.files:
            if file.parts[0] == "..":
                wheel.write(file.locate(), f"{stem}.data/scripts/{file.name}")
            elif file.suffix != ".pyc" and file.name not in ("RECORD", "INSTALLER", "REQUESTED"):
                wheel.write(file.locate(), str(file))
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


def needed_by(name):
    """Return ``name`` and all that it needs here, as its metadata say."""
    found, left = {}, [name]
    while left:
        found[name := left.pop()] = requires = distribution(name).requires or ()
        wanted = map(Requirement, requires)
        left += [
            each.name
            for each in wanted
            if each.name not in found and (not each.marker or each.marker.evaluate({"extra": ""}))
        ]
    return list(found)


def make_wheel(name, version, wheels):
    with zipfile.ZipFile(wheels / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        info = f"{name}-{version}.dist-info"
        wheel.writestr(f"{name}.py", f"__version__ = '{version}'\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def real(course, tmp_path):
    """A course whose environment has the real pip, and a pip configured with a folder of small
    wheels.
    """
    shutil.rmtree(course.packages / "pip")
    about = Path(distribution("pip")._path)
    (course.packages / "pip").symlink_to(about.parent / "pip")
    shutil.copytree(about, course.packages / about.name)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in needed_by("hatchling"):  # what pyproject.toml builds the package with
        pack(name, wheels)
    for name, version in (
        ("torch", "2.13.0"),
        ("torch", "2.13.0+cpu"),
        ("numpy", "2.4"),
        ("numpy", "2.5"),
    ):
        make_wheel(name, version, wheels)
    write(course.folder / "constraints.txt", "numpy==2.4\ntorch==2.13.0\n")
    (course.folder / "tools").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT.md", "tools/wheel.py"):
        shutil.copy(ROOT / name, course.folder / name)
    write(course.folder / "course_utils/__init__.py", "ANSWER = 42\n")
    course.environ |= {"PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "1", "PIP_NO_COMPILE": "1"}
    course.environ["UV_CACHE_DIR"] = str(tmp_path / "cache")
    course.wheels = wheels
    return course


def what_is_installed(course):
    code = (
        "import course_utils, numpy, torch; print(numpy.__version__, torch.__version__,"
        " course_utils.ANSWER)"
    )
    return subprocess.check_output(
        [course.env / "bin/python", "-c", code], text=True, cwd="/", env=course.environ
    ).split()


def test_the_real_uv(real):
    pack("uv", real.wheels)
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"/no/such/folder {real.wheels}"}
    output, _ = real.run(**settings)
    assert "trying with pip" not in output
    assert what_is_installed(real) == ["2.4", "2.13.0+cpu", "42"]
    write(real.folder / "course_utils/__init__.py", "ANSWER = 43\n")
    write(real.folder / "constraints.txt", "numpy==2.5\ntorch==2.13.0\n")
    assert "Updating" in real.run(**settings)[0]
    assert what_is_installed(real) == ["2.5", "2.13.0+cpu", "43"]


def test_the_real_pip(real):
    output, _ = real.run(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(real.wheels))
    assert "trying with pip" in output
    assert what_is_installed(real) == ["2.4", "2.13.0+cpu", "42"]


def test_the_real_pip_without_a_network(real):
    real.fails(says="check the network", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert not real.env.exists()


# ---- The scripts themselves ----


@pytest.mark.parametrize("name", [SCRIPT, ".ci/run"])
def test_shellcheck_finds_nothing(name):
    if not shutil.which("shellcheck") and not (os.environ.get("CI") and sys.platform == "linux"):
        pytest.skip("shellcheck is not installed")
    process = subprocess.run(["shellcheck", ROOT / name], capture_output=True, text=True)
    assert process.returncode == 0, process.stdout
    assert os.access(ROOT / name, os.X_OK)
