"""Somebody else's computer: a copy of setup_pytorch_env.sh in a folder of its own, with the few
programs that a test gives it.
"""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "setup_pytorch_env.sh"
TOOLS = (
    "bash cat cksum cp dirname env find grep head id ln ls mkdir mv ps rm rmdir sed sh sleep"
    " tail tr"
)
# Stands for `python3`: answers questions as the real one, after $PRETEND; makes the least that is
# an environment, with the stand-ins in it. With $WINDOWS, the environment has its programs where
# Windows has them.
PYTHON = r"""#!/bin/bash
if [ "$1" = -3 ]; then shift; fi
if [ "$1" = -c ]; then
  answer=$("{real}" -c "$PRETEND
$2") || exit
  case $answer in found*) echo "found $0" ;; *) echo "$answer" ;; esac
elif [ "$1 $2" = "-m venv" ]; then
  [ -z "$VENV_FAILS" ] || {{ echo "$VENV_FAILS"; exit 1; }}
  programs=$3/bin python=python site=$3/lib/{version}/site-packages
  if [ "$WINDOWS" ]; then programs=$3/Scripts python=python.exe; fi
  mkdir -p "$programs" "$site"
  ln -s "{real}" "$programs/$python"
  printf '%s\n' "home = {home}" "include-system-site-packages = false" >"$3/pyvenv.cfg"
  cp -R "{packages}/." "$site"
fi
"""
# Stands for pip and for uv. $FAIL makes the installer named first fail with the words that follow;
# $HANG makes it wait half-way; $NO_UV makes pip find no uv.
INSTALLER = r"""
import json, os, re, shutil, sys, time
from pathlib import Path

here = Path(__file__).resolve().parent
site, tool, arguments = here.parent, here.name, sys.argv[1:]
with open(os.environ["CALLS"], "a") as log:
    log.write(json.dumps({"tool": tool, "arguments": arguments,
                          "cert": os.environ.get("SSL_CERT_FILE"),
                          "proxy": os.environ.get("ALL_PROXY")}) + "\n")
if arguments[:2] == ["config", "list"]:
    print(os.environ.get("PIP_SETTINGS", ""))
    sys.exit()

def install(name, version):
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    (site / f"{name}-{version}.dist-info").mkdir()
    metadata = site / f"{name}-{version}.dist-info/METADATA"
    metadata.write_text(f"Name: {name}\nVersion: {version}\n")

if arguments[-1] == "uv":
    if os.environ.get("NO_UV"):
        sys.exit("ERROR: No matching distribution found for uv")
    (site / "uv").mkdir(exist_ok=True)
    (site / "uv/__main__.py").write_text(Path(__file__).read_text())
    sys.exit()
failing, _, words = os.environ.get("FAIL", "").partition(" ")
if failing in (tool, "both"):
    sys.exit(words)
if "-e" in arguments:
    install("course_utils", "1.0")
    sys.exit()
pinned = dict(re.findall(r"(?m)^(\S+)==(\S+)", Path("constraints.txt").read_text()))
for position, name in enumerate(re.findall(r"(?m)^[\w-]+", Path("requirements.txt").read_text())):
    if position == 1 and os.environ.get("HANG"):
        Path(os.environ["HANG"]).touch()
        time.sleep(600)
    install(name, pinned[name])
"""
# Stands for the network, for the script's one question to it.
SITECUSTOMIZE = """
import os, sys
if "BASE" in os.environ:
    sys._base_executable = os.environ["BASE"]
if any("urlopen" in word for word in sys.orig_argv):
    import time, types, urllib

    def urlopen(address, timeout):
        if os.environ.get("PYTORCH_INDEX") == "hangs":
            time.sleep(600)
        if os.environ.get("PYTORCH_INDEX") != "answers":
            raise OSError(address)

    urllib.request = sys.modules["urllib.request"] = types.SimpleNamespace(urlopen=urlopen)
"""
# Stands for the course's own package, whose commands the script starts.
COMMANDS = """
import json, os, sys
print("STARTED", json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "prefix": sys.prefix,
                             "path": os.environ["PATH"].split(":")[0]}))
sys.exit(7 if "test" in sys.argv else 0)
"""
TORCH = "import types\nversion = types.SimpleNamespace(cuda=None)\n"


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


class Course:
    """A copy of the script in a folder of its own, with the few programs it may find there."""

    def __init__(self, place):
        self.folder = place / "a course"
        self.env = self.folder / "pytorch_env"
        self.bin = place / "bin"
        self.calls_file = place / "calls"
        self.environ = {
            "PATH": str(self.bin),
            "HOME": str(place),
            "CALLS": str(self.calls_file),
            "LC_ALL": "C",
        }
        self.folder.mkdir()
        shutil.copy(ROOT / SCRIPT, self.folder)
        write(self.folder / "requirements.txt", "# what it needs\ntorch>=2,<3\nnumpy>=2\n")
        write(self.folder / "constraints.txt", "numpy==2.4\ntorch==2.13.0\nuv==1.0\n")
        write(self.folder / "pyproject.toml", "[project]\nname = 'course_utils'\nversion = '1.0'\n")
        write(self.folder / "course_utils/__init__.py", "")
        write(self.folder / "course_utils/__main__.py", COMMANDS)
        self.packages = place / "packages"
        write(self.packages / "pip/__main__.py", INSTALLER)
        write(self.packages / "pip/__init__.py", "")
        write(self.packages / "sitecustomize.py", SITECUSTOMIZE)
        write(self.packages / "torch.py", TORCH)
        self.bin.mkdir()
        for tool in TOOLS.split():
            if shutil.which(tool):
                (self.bin / tool).symlink_to(shutil.which(tool))
        self.add_program("uname", '#!/bin/bash\necho "${SYSTEM:-Linux}"\n')
        self.add_python("python3")

    def add_program(self, name, text):
        write(self.bin / name, text, 0o755)

    def add_python(self, name):
        real = sys._base_executable
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.add_program(
            name,
            PYTHON.format(
                real=real, home=Path(real).parent, version=version, packages=self.packages
            ),
        )

    def start(self, *arguments, **environ):
        return subprocess.Popen(
            [self.folder / SCRIPT, *arguments],
            env={**self.environ, **environ},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # It is ignored where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments, status=0, **environ):
        """Run the script from another folder; return its output and its messages, and check its
        exit status.
        """
        process = self.start(*arguments, **environ)
        output, messages = process.communicate(timeout=300)
        assert process.returncode == status, output + messages
        return output, messages

    def fails(self, *arguments, says, status=1, **environ):
        """Run the script and check that its last message is one sentence that says what to do."""
        _, messages = self.run(*arguments, status=status, **environ)
        last = messages.splitlines()[-1]
        assert last.startswith(f"{SCRIPT}: ") and says in last and last.endswith("."), messages
        assert "line " not in last, "this is bash's own message"
        return messages

    def calls(self, tool):
        """Return the argument lists of the installations that the tool was asked for."""
        arguments = [call["arguments"] for call in self.all_calls() if call["tool"] == tool]
        return [words for words in arguments if "install" in words]

    def all_calls(self):
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def is_finished(self):
        return (self.env / ".complete").exists() and not (self.env / ".setup-lock").exists()


def no_driver():
    return not Path("/proc/driver/nvidia").exists()
