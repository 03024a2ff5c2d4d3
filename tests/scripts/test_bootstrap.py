"""The shell scripts as real processes, on a PATH that holds only what a test puts there."""

import importlib.util
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = ["bash", "sh", "env", "dirname", "basename", "uname", "awk", "grep", "sed", "tail", "cut", "cat", "rm"]
TOOLS += ["mkdir", "cp", "date"]


class Machine:
    """A checkout below a folder with spaces, and a PATH with the tools of a bare system and no Python."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.checkout = folder / "check out"
        for name in ("scripts", ".ci"):
            shutil.copytree(CHECKOUT / name, self.checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        (self.checkout / "tests").mkdir()
        for name in ("pyproject.toml", "tests/constraints.txt", "LICENSE"):
            shutil.copy(CHECKOUT / name, self.checkout / name)
        (self.checkout / "README.md").write_text("ms-dnn\n")
        self.calls = folder / "calls"
        self.folder = folder
        self.executable("g++", "exit 1")
        self.executable("df", 'echo header; echo "disk 9 9 99999999 1% /"')

    @property
    def venv(self) -> Path:
        return self.checkout / ".venv"

    def executable(self, name: str, body: str) -> Path:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{textwrap.dedent(body)}\n")
        path.chmod(0o755)
        return path

    def python_without_packages(self, name: str = "python3") -> Path:
        """A Python whose environments have a pip that notes its calls and installs tools that do so too."""
        tool = self.executable(
            "tool", f'echo "${{0##*/}} $*" >> "{self.calls}"; [ "${{0##*/}}" != "$FAILING" ] || exit 7'
        )
        pip = self.executable(
            "python-of-venv",
            f"""
            here=$(dirname "$0")
            case "$1 $2 $3" in
            "-m pip --version") ;;
            "-m pip install")
                echo "pip $*" >> "{self.calls}"
                if [ -n "$PIP_CUT" ]; then
                    echo "Installing collected packages: numpy, ms-dnn" > "$here/../install.log"
                    echo "ERROR: cut"; exit 1
                fi
                for name in ms-dnn ruff mypy lint-imports deptry; do cp "{tool}" "$here/$name"; done ;;
            "-m pytest"*) cp "{tool}" "$here/pytest"; shift 2; exec "$here/pytest" "$@" ;;
            *) exec "{sys.executable}" "$@" ;;
            esac""",
        )
        return self.executable(
            name,
            f"""
            case "$1 $2" in
            "-m venv") mkdir -p "$3/bin"; cp "{pip}" "$3/bin/python"; echo venv >> "{self.calls}" ;;
            *) exec "{sys.executable}" "$@" ;;
            esac""",
        )

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / script, *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.folder), "LANG": "C.UTF-8", **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def bootstrap(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("scripts/bootstrap.sh", *arguments, **environment)

    def calls_made(self) -> list[str]:
        """What the fakes were called with since the last question, one word for each call of pip or venv."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [f"pip {line.split()[-1]}" if line.startswith("pip ") else line for line in lines]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def assert_refused(process: subprocess.CompletedProcess[str], *fragments: str) -> None:
    assert process.returncode == 2, process
    assert process.stderr.startswith("ms-dnn: ")
    assert process.stderr.count("\n") == 1, process.stderr
    for fragment in fragments:
        assert fragment in process.stderr


def test_says_which_pythons_were_found_when_none_is_in_range(machine):
    new = machine.executable("python3", "echo 3.13.0")
    shim = machine.executable("python3.12", 'echo "pyenv: python3.12: command not found" >&2; exit 127')
    process = machine.bootstrap()
    assert_refused(process, f"found Python 3.13.0 ({new}), {shim} that does not run", "3.10, 3.11 or 3.12", "PYTHON=")
    assert not machine.venv.exists()


def test_says_so_when_there_is_no_python(machine):
    assert_refused(machine.bootstrap(), "found no Python on PATH")


def test_a_python_that_was_asked_for_is_not_replaced_by_another(machine):
    machine.python_without_packages()
    old = machine.executable("old", "echo 3.9.18")
    assert_refused(machine.bootstrap(PYTHON=str(old)), f"PYTHON={old} is Python 3.9.18")
    assert_refused(machine.bootstrap(PYTHON="python4"), "PYTHON=python4 is no executable")
    assert_refused(machine.bootstrap(PYTHON="nowhere/python3"), "PYTHON=nowhere/python3 is in no folder")
    assert machine.calls_made() == []


def test_a_relative_python_is_looked_for_where_the_user_stands(machine):
    machine.python_without_packages("mine")
    assert machine.bootstrap(PYTHON="bin/mine").returncode == 0
    assert machine.calls_made() == ["venv", "pip ."]


def test_a_shim_that_fails_is_passed_over(machine):
    machine.executable("python3", "exit 127")
    machine.python_without_packages("python3.10")
    assert machine.bootstrap().returncode == 0


def test_names_the_debian_package_when_venv_is_missing(machine):
    machine.executable("python3", 'case "$2" in *ensurepip*) exit 1 ;; *) echo 3.11.2 ;; esac')
    assert_refused(machine.bootstrap(), "Python 3.11.2", "apt-get install python3-venv")
    assert not machine.venv.exists()


def test_leaves_no_half_made_environment(machine):
    machine.executable(
        "python3",
        'case "$1" in -c) echo 3.11.2 ;; *) mkdir -p "$3/bin"; echo "Error: no wheel"; exit 1 ;; esac',
    )
    assert_refused(machine.bootstrap(), "could not make", "Error: no wheel")
    assert not machine.venv.exists()


def test_refuses_a_platform_without_wheels(machine):
    machine.python_without_packages()
    machine.executable("uname", 'case "$1" in -s) echo Linux ;; *) echo riscv64 ;; esac')
    assert_refused(machine.bootstrap(), "Linux riscv64", "x86_64")
    assert machine.calls_made() == []


def test_names_the_way_on_windows(machine):
    machine.python_without_packages()
    machine.executable("uname", 'case "$1" in -s) echo MINGW64_NT-10.0 ;; *) echo x86_64 ;; esac')
    assert_refused(machine.bootstrap(), "MINGW64_NT-10.0 x86_64", "install by hand")
    assert machine.calls_made() == []


def test_refuses_a_full_disk(machine):
    machine.python_without_packages()
    machine.executable("df", 'echo header; echo "disk 9 9 204800 99% /"')
    assert_refused(machine.bootstrap(), "only 200 MB free", "needs 6 GB")
    assert machine.calls_made() == []


def test_says_that_the_index_is_out_of_reach_and_where_the_log_is(machine):
    # A real environment with a borrowed pip: ensurepip would take longer than all the other tests.
    (machine.folder / "borrowed").mkdir()
    pip = Path(importlib.util.find_spec("pip").origin).parent
    (machine.folder / "borrowed/pip").symlink_to(pip)
    machine.executable(
        "python3",
        f"""
        case "$1 $2" in
        "-m venv") exec "{sys.executable}" -m venv --without-pip "$3" ;;
        *) exec "{sys.executable}" "$@" ;;
        esac""",
    )
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        environment = {"PIP_INDEX_URL": index, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
        process = machine.bootstrap(PYTHONPATH=str(machine.folder / "borrowed"), **environment)
    log = machine.venv / "install.log"
    assert_refused(process, "package index could not be reached", "pip: ", str(log))
    assert log.exists()
    assert not list(machine.venv.glob("installed-*"))


def test_a_second_run_installs_nothing(machine):
    machine.python_without_packages()
    first = machine.bootstrap()
    assert first.stdout.startswith("Installing ms-dnn and MindSpore into .venv (about 1 GB")
    assert machine.calls_made() == ["venv", "pip ."]
    second = machine.bootstrap()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.calls_made() == []


def test_extras_accumulate(machine):
    machine.python_without_packages()
    machine.bootstrap("test")
    assert machine.calls_made() == ["venv", "pip .[test]"]
    machine.bootstrap()
    machine.bootstrap("test")
    assert machine.calls_made() == []
    machine.bootstrap("docs")
    assert machine.calls_made() == ["pip .[docs]"]


def apt_get(machine, body: str) -> None:
    """An apt-get that notes what it was asked for, reached through a sudo unless the tests run as root."""
    machine.executable("sudo", 'shift; exec "$@"')
    machine.executable("apt-get", f'for last; do :; done; echo "apt-get $last" >> "{machine.calls}"\n{body}')


def test_the_test_extra_brings_a_browser_once(machine):
    machine.python_without_packages()
    apt_get(machine, f'cp "$0" "{machine.bin}/chromium"')
    first = machine.bootstrap("test")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Installing chromium for the tests that open pages" in first.stdout
    assert machine.calls_made() == ["venv", "pip .[test]", "apt-get chromium"]
    second = machine.bootstrap("test")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.calls_made() == []


def test_the_test_extra_brings_a_compiler(machine):
    (machine.bin / "g++").unlink()
    machine.executable("chromium", "exit 1")
    machine.python_without_packages()
    apt_get(machine, f'cp "$0" "{machine.bin}/g++"')
    process = machine.bootstrap("test")
    assert (process.returncode, process.stderr) == (0, "")
    assert "Installing g++ for the tests of the training operator" in process.stdout
    assert machine.calls_made() == ["venv", "pip .[test]", "apt-get g++"]


def test_no_other_extra_brings_a_browser(machine):
    machine.python_without_packages()
    apt_get(machine, "exit 1")
    machine.bootstrap()
    machine.bootstrap("export")
    assert machine.calls_made() == ["venv", "pip .", "pip .[export]"]


def test_old_lists_of_packages_are_renewed_before_the_browser_is_given_up(machine):
    machine.python_without_packages()
    apt_get(
        machine,
        f'case $last in update) cp "$0" "{machine.bin}/chromium" ;; *) [ -e "{machine.bin}/chromium" ] ;; esac',
    )
    process = machine.bootstrap("test")
    assert (process.returncode, process.stderr) == (0, "")
    assert machine.calls_made()[2:] == ["apt-get chromium", "apt-get update", "apt-get chromium"]


def test_says_why_there_is_no_browser_and_goes_on(machine):
    machine.python_without_packages()
    without = machine.bootstrap("test")
    assert without.returncode == 0
    assert without.stderr.startswith("ms-dnn: no browser for the tests that open pages, which will fail")
    assert "(this machine has no apt-get)" in without.stderr
    assert without.stderr.count("\n") == 1
    machine.calls_made()
    apt_get(machine, 'echo "E: Unable to locate package chromium" >&2; echo; exit 100')
    refused = machine.bootstrap("test")
    assert refused.returncode == 0
    assert refused.stderr.endswith("(apt-get: E: Unable to locate package chromium)\n")
    assert machine.calls_made() == ["apt-get chromium", "apt-get update"]


def test_the_browsers_looked_for_are_those_of_the_test():
    script = (CHECKOUT / "scripts/bootstrap.sh").read_text()
    names = re.search(r"^BROWSERS = \((.*)\)$", (CHECKOUT / "tests/reports/browser.py").read_text(), re.M).group(1)
    assert f"for name in {' '.join(shlex.split(names.replace(',', ' ')))} " in script


def test_installs_again_when_the_requirements_change(machine):
    machine.python_without_packages()
    machine.bootstrap("test")
    machine.calls_made()
    with (machine.checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    machine.bootstrap("test")
    assert machine.calls_made() == ["pip .[test]"]


def test_remakes_an_environment_whose_unpacking_was_cut(machine):
    machine.python_without_packages()
    assert_refused(machine.bootstrap(PIP_CUT="1"), "the installation failed", "pip: cut")
    machine.calls_made()
    assert machine.bootstrap().returncode == 0
    assert machine.calls_made() == ["venv", "pip ."]


def test_goes_on_with_an_environment_that_was_cut_before_unpacking(machine):
    machine.python_without_packages()
    machine.bootstrap()
    (machine.venv / "installed-base").unlink()
    machine.calls_made()
    machine.bootstrap()
    assert machine.calls_made() == ["pip ."]


def test_remakes_an_environment_whose_python_is_gone(machine):
    machine.python_without_packages()
    machine.bootstrap()
    (machine.venv / "bin/python").unlink()
    machine.calls_made()
    assert "Remaking .venv" in machine.bootstrap().stdout
    assert machine.calls_made() == ["venv", "pip ."]


def test_remakes_an_environment_that_was_moved(machine):
    machine.python_without_packages()
    machine.bootstrap()
    machine.checkout = machine.checkout.rename(machine.folder / "moved")
    machine.calls_made()
    machine.bootstrap()
    assert machine.calls_made() == ["venv", "pip ."]


def test_demo_trains_checks_evaluates_and_names_the_run(machine):
    machine.python_without_packages()
    process = machine.run("scripts/demo.sh")
    assert process.returncode == 0, process
    run = Path(process.stdout.splitlines()[-1].removeprefix("The run is in "))
    assert run.parent == machine.checkout / "runs"
    assert machine.calls_made()[2:] == [
        f"ms-dnn train configs/digits.yaml --run runs/{run.name}",
        "ms-dnn check configs/digits.yaml",
        f"ms-dnn evaluate runs/{run.name}",
    ]


def test_demo_hands_on_the_exit_code(machine):
    machine.python_without_packages()
    process = machine.run("scripts/demo.sh", FAILING="ms-dnn")
    assert process.returncode == 7
    assert "The run is in" not in process.stdout


def test_ci_runs_every_check_hands_its_arguments_to_pytest_and_builds_the_site(machine):
    machine.python_without_packages()
    (machine.checkout / "scripts/build_docs.sh").write_text("#!/bin/sh\necho the site is built\n")
    process = machine.run(".ci/run", "-k", "two words")
    assert process.returncode == 0, process
    assert process.stdout.endswith("the site is built\n")
    calls = machine.calls_made()
    assert calls[:2] == ["venv", "pip .[test]"]
    assert [call.split()[0] for call in calls[2:]] == ["ruff", "ruff", "mypy", "lint-imports", "deptry", "pytest"]
    assert calls[-1] == "pytest --numprocesses 2 --dist loadfile -k two words"


@pytest.mark.parametrize("tool", ["ruff", "mypy", "lint-imports", "deptry", "pytest"])
def test_stops_at_the_first_check_that_fails(machine, tool):
    machine.python_without_packages()
    process = machine.run("scripts/test.sh", FAILING=tool)
    assert process.returncode == 7
    assert machine.calls_made()[-1].split()[0] == tool
