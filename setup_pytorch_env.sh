#!/usr/bin/env bash
# Makes pytorch_env/, the course's Python environment, and opens or proves the course. See --help.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"    # started as `sh setup_pytorch_env.sh`

env=pytorch_env
stamp=$env/.complete          # written last: an environment without it is not a finished one
lock=$env/.setup-lock         # holds the process id of the set-up that is at work
wheels=https://download.pytorch.org/whl
pythons="Python 3.11 to 3.14"   # PyTorch has wheels for these; find_python checks it

usage() {
  cat <<'END'
Usage: ./setup_pytorch_env.sh [--lab [--course] | --test [ROUND or NOTEBOOK ...] [--all[=PART,...]]] [--cpu | --cuda]

Makes pytorch_env/ with everything the course needs, or brings it up to date.

  --lab    then opens your own copy of the course in JupyterLab: my_course/, made or brought up to date first
           (COURSE_HOME names another folder; --lab --course opens the proved notebooks, to read or change them)
  --test   then proves the course, in about three minutes on two cores: runs every notebook, compares
           each pair, the figures and the numbers in the text, and runs the tests; --test Round2 proves one round
           (--test --all: then at length, half an hour more; --test --all=browser: that part alone, and
           --test --help lists the parts)
  --cpu    takes PyTorch's CPU build
  --cuda   takes PyTorch's build for NVIDIA GPUs (about 3 GB)
  --help   prints this

Without --cpu or --cuda, an environment keeps the build it has; a new one gets the CPU build
on Linux without an NVIDIA driver, and PyTorch's default build everywhere else.
END
}

say() { printf '%s\n' "$*"; }
die() { printf 'setup_pytorch_env.sh: %s\n' "$*" >&2; exit 1; }

# Prints the path of a Python that can make the environment. Of a virtual environment's Python it
# prints the one behind it, since the environment may be the very one that is about to be replaced.
find_python() {
  local candidate answer problem=""
  for candidate in python3 python python3.14 python3.13 python3.12 python3.11 'py -3'; do
    # shellcheck disable=SC2086  # "py -3" is two words
    answer=$($candidate -c '
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    kind = "old" if sys.version_info < (3, 11) else "new"
    print("Python %d.%d is too %s" % (sys.version_info[0], sys.version_info[1], kind))
else:
    try:
        import ensurepip, venv
        print("found " + (getattr(sys, "_base_executable", "") or sys.executable))
    except ImportError:
        print("no venv")
' 2>/dev/null) || continue
    answer=${answer%$'\r'}
    case $answer in
      'found '*) say "${answer#found }"; return ;;
      'no venv') problem="Python's venv module is missing: install it (Debian and Ubuntu: sudo apt install python3-venv)" ;;
      Python*) [ "$problem" ] || problem="$answer: install $pythons (python.org/downloads)" ;;
    esac
  done
  [ "$problem" ] || problem="No Python was found: install $pythons (python.org/downloads)"
  die "$problem, then run this again."
}

# Sets $python to the environment's own; false where there is none that runs.
find_env_python() {
  for python in $env/bin/python $env/Scripts/python.exe; do
    "$python" -c 'import pip' 2>/dev/null && return
  done
}

# What the stamp of a finished environment says: its place, its build, what it was made from.
fingerprint() {
  printf '%s\n%s\n' "$PWD" "$build"
  { cat requirements.txt constraints.txt pyproject.toml; find jupyter -type f -exec cat {} + 2>/dev/null; } | cksum
}

# True if each package of requirements.txt is installed in the version that constraints.txt names, and its folder is there.
env_is_whole() {
  "$python" -I -c '
import re
from importlib.metadata import distribution
pinned = dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", open("constraints.txt").read()))
for name in re.findall(r"(?m)^[\w.-]+", open("requirements.txt").read()) + ["course_utils"]:
    found = distribution(name)
    installed = found.version.split("+")[0]    # 2.x.y+cpu is 2.x.y
    assert installed == pinned.get(name, installed)
    packages = [file for file in found.files or () if file.name == "__init__.py" and len(file.parts) == 2]
    assert all(file.locate().exists() for file in packages)
' 2>/dev/null
}

empty_env() { find $env/ -mindepth 1 -maxdepth 1 ! -name "${lock##*/}" -exec rm -rf {} + 2>/dev/null; }

# Lets one set-up work at a time. The lock of a process that is gone, or is another program, counts for nothing.
take_lock() {
  local holder
  mkdir -p $env 2>/dev/null
  [ -w $env ] || die "This folder cannot be written to: copy the course to a folder of your own, then run this again."
  if ! (set -o noclobber; echo $$ >$lock) 2>/dev/null; then
    holder=$(cat $lock 2>/dev/null)
    case $( (tr '\0' ' ' <"/proc/$holder/cmdline" || ps -p "$holder" -o args=) 2>/dev/null) in
      *setup_pytorch_env*)
        [ "$holder" = $$ ] ||
          die "Another set-up is at work here (process $holder): wait until it ends, then run this again." ;;
    esac
    echo $$ 2>/dev/null >$lock || die "The disk is full: free some space, then run this again."
  fi
  trap release_lock EXIT
  trap 'say "Interrupted: run this again to finish." >&2; exit 130' INT TERM HUP
}

# At the end of a set-up, whichever it is: takes away an environment that could not be finished.
release_lock() {
  [ -z "$making" ] || empty_env
  rm -f $lock
  rmdir $env 2>/dev/null    # if nothing else is in it
}

# Runs a command; shows only what it downloads, and keeps all it said in $words.
run() {
  words=$("$@" 2>&1 | while IFS= read -r line; do
    case $line in (*Downloading*) printf '  %s\n' "$line" >&2 ;; esac    # "(" for macOS's bash 3.2
    printf '%s\n' "$line"
  done; exit "${PIPESTATUS[0]}")
}

# Says what went wrong, from what the command said, and stops.
explain() {
  printf '%s\n' "$words" | grep . | tail -n 6 | sed 's/^/  /' >&2
  case $words in
    *'No space left'* | *'ot enough space'* | *'os error 28'* | *'os error 112'*)
      die "The disk is full: free some space (2 GB, or 6 GB with CUDA), then run this again." ;;
    *'Read-only file system'* | *'ermission denied'* | *'Access is denied'*)
      die "A file could not be written: close the programs that use $env/, or copy the course to a folder of your own, then run this again." ;;
  esac
  [ "$making" ] || mv $stamp.old $stamp    # installers download first: the old environment is as it was
  case $words in
    *'Retrying (Retry'* | *'NewConnectionError'* | *'timed out'* | *'onnection refused'* | *'ertificate'*)
      die "The packages cannot be downloaded: check the network (behind a proxy, set HTTPS_PROXY), then run this again." ;;
    *'No matching distribution'* | *'ResolutionImpossible'*)
      die "No set of packages fits this computer: PyTorch needs 64-bit Linux, 64-bit Windows or macOS 14 on Apple silicon, with $pythons." ;;
  esac
  die "$1"
}

# uv does not read pip's settings, and schools and CI machines keep their mirror, wheel folder,
# proxy or certificate there. Prints them as uv's arguments, one a line, and as NAME=VALUE lines.
pip_settings_for_uv() {
  "$python" -m pip config list 2>/dev/null | "$python" -c '
import ast, os, sys
from urllib.parse import urlsplit

def exists(place):    # pip passes over a folder that is not there; uv would stop
    parts = urlsplit(place)
    if parts.scheme == "file":
        from urllib.request import url2pathname    # slow to load, and rarely needed
        return os.path.exists(url2pathname(parts.path))
    return len(parts.scheme) > 1 or os.path.exists(os.path.expanduser(place))

lines = [line.strip().partition("=") for line in sys.stdin]    # such as  global.find-links="/wheels"
settings = {}
for section in ("global.", "install.", ":env:."):              # from the weakest to the strongest
    settings.update({key[len(section):]: ast.literal_eval(value)
                     for key, _, value in lines if key.startswith(section)})
sys.stdout.reconfigure(newline="\n")
for name, option in (("index-url", "--default-index"), ("extra-index-url", "--index"), ("find-links", "--find-links")):
    for place in filter(exists, settings.get(name, "").split()):
        print(option, place, sep="\n")
for host in settings.get("trusted-host", "").split():
    print("--allow-insecure-host", host, sep="\n")
if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
    print("--no-index")
for name, variable in (("cert", "SSL_CERT_FILE"), ("proxy", "ALL_PROXY")):
    if settings.get(name) and not os.environ.get(variable):
        print(variable, settings[name], sep="=")
'
}

has_nvidia_driver() { [ -e /proc/driver/nvidia ] || nvidia-smi >/dev/null 2>&1; }

# True if the address answers within 4 s; the timer is for the name look-up, which urllib's limit leaves out.
answers() {
  "$python" -c '
import os, sys, threading, urllib.request
timer = threading.Timer(4, os._exit, [1])
timer.daemon = True
timer.start()
urllib.request.urlopen(sys.argv[1], timeout=3)
' "$1" 2>/dev/null
}

# Sets torch_from: what tells the installer which of PyTorch's builds to take.
choose_torch() {
  torch_from=()
  case $build-$(uname -s) in
    cpu-Linux)
      if answers "$wheels/cpu/torch/"; then
        torch_from=(--find-links "$wheels/cpu/torch/")    # its 2.x.y+cpu goes before PyPI's 2.x.y
      else
        say "PyTorch's CPU index does not answer: taking the build that the other package sources have."
      fi ;;
    cuda-Linux) torch_from=("torch!=$(sed -n 's/^torch==//p' constraints.txt)+cpu") ;;
    cuda-*) torch_from=(--find-links "$wheels/cu130/torch/") ;;    # Windows: PyPI has the CPU build only
  esac
}

install_with_uv() {
  local setting settings=()
  while IFS= read -r setting; do
    case $setting in
      [A-Z]*=*) export "${setting?}" ;;
      *) settings+=("$setting") ;;
    esac
  done < <(pip_settings_for_uv)
  export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}    # like pip: the certificates that this computer trusts
  # Like pip, too: of all sources the best version, not the first source that has the package.
  settings+=(--index-strategy unsafe-best-match --python "$python" -c constraints.txt)
  run "$python" -m uv pip install "${settings[@]}" "$@" hatchling -r requirements.txt &&
    run "$python" -m uv pip install "${settings[@]}" --no-deps --no-build-isolation -e .
}

install_with_pip() {
  run "$python" -m pip install -q -c constraints.txt "$@" hatchling -r requirements.txt &&
    run "$python" -m pip install -q --no-deps --no-build-isolation -e .
}

install() {
  if run "$python" -m pip install -q --retries 1 -c constraints.txt uv && install_with_uv "$@"; then return; fi
  case $words in *'No space left'* | *'os error 28'*) explain ;; esac
  say "uv could not install them: trying with pip, which takes a minute or two ..."
  install_with_pip "$@" || explain "The packages could not be installed: see the lines above, then run this again."
}

set_up() {
  local base
  take_lock
  export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
  if find_env_python && [ "$(head -n 2 $stamp 2>/dev/null)" = "$(fingerprint | head -n 2)" ]; then
    say "Updating $env/ ..."
    mv $stamp $stamp.old
  else
    base=$(find_python) || exit 1
    say "Making $env/ ..."
    making=yes
    empty_env
    if ! { run "$base" -m venv $env && find_env_python; }; then
      explain "$env/ could not be made: see the lines above, then run this again."
    fi
  fi
  choose_torch
  say "Installing the packages ..."
  install ${torch_from[@]+"${torch_from[@]}"}
  # What Jupyter finds here: no pop-ups at the first start, and the figures' alt text in HTML exports.
  [ ! -d jupyter ] || run cp -R jupyter/. $env/ || explain "jupyter/ could not be copied: see the lines above, then run this again."
  env_is_whole || die "$env/ is not complete: delete it, then run this again."
  if [ "$build" = cuda ] && ! "$python" -c 'import sys, torch; sys.exit(not torch.version.cuda)'; then
    die "Your package sources have no CUDA build of PyTorch: run this again with --cpu."
  fi
  { fingerprint >$stamp.new && mv $stamp.new $stamp; } 2>/dev/null || die "The disk is full: free some space, then run this again."
  rm -f $stamp.old
  making=""
  release_lock
  trap - EXIT INT TERM HUP
  say "$env/ is ready, after $SECONDS s."
}

action="" build="" making="" words="" python="" help="" course=""
what=()    # what to prove, and how long: the course's own command reads it
for argument in "$@"; do
  case $argument in
    --lab | --test) [ -z "$action" ] || die "Take one of --lab and --test."; action=$argument ;;
    --cpu | --cuda) [ -z "$build" ] || die "Take one of --cpu and --cuda."; build=${argument#--} ;;
    -h | --help) help=yes ;;
    --course) course=$argument ;;
    --all | --all=*) what+=("$argument") ;;
    -*) printf 'setup_pytorch_env.sh: There is no option %s: --help names those there are.\n' "$argument" >&2; exit 2 ;;
    *) what+=("$argument") ;;
  esac
done
if [ ${#what[@]} -gt 0 ] && [ "$action" != --test ]; then
  printf 'setup_pytorch_env.sh: %s belongs behind --test: --help says more.\n' "${what[0]}" >&2
  exit 2
fi
if [ "$course" ] && [ "$action" != --lab ]; then
  printf 'setup_pytorch_env.sh: --course belongs behind --lab: --help says more.\n' >&2
  exit 2
fi
if [ "$help" ]; then
  if [ "$action" = --test ]; then what+=(--help); else usage; exit; fi
fi
system=$(uname -s)
[ "$build$system" != cudaDarwin ] || die "There is no CUDA on macOS: run this again without --cuda."

CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
for file in requirements.txt constraints.txt pyproject.toml; do
  [ -r $file ] || die "$file is missing beside this script: get it back with 'git checkout -- $file'."
done
if [ -e $env ] && [ ! -e $env/pyvenv.cfg ] && [ ! -e $lock ] && [ "$(ls -A $env)" ]; then
  die "$env is there, but this script did not make it: move it away, then run this again."
fi
[ "$build" ] || build=$(sed -n 2p $stamp 2>/dev/null)
if [ -z "$build" ]; then
  build=default
  if [ "$system" = Linux ] && ! has_nvidia_driver; then build=cpu; fi
fi

if ! { find_env_python && [ "$(cat $stamp 2>/dev/null)" = "$(fingerprint)" ] && env_is_whole; }; then
  set_up
elif [ -z "$action" ]; then
  say "$env/ is up to date."
fi

export PATH="$PWD/${python%/*}:$PATH" JUPYTER_PREFER_ENV_PATH=1    # notebooks start programs by name
case $action in
  --test) exec "$python" -m course_utils test ${what[@]+"${what[@]}"} ;;
  --lab) exec "$python" -m course_utils lab ${course:+"$course"} ;;
esac
say "Next:"
say "  ./setup_pytorch_env.sh --lab    opens your own copy of the course in JupyterLab"
say "  ./setup_pytorch_env.sh --test   proves it: every notebook, every pair"
