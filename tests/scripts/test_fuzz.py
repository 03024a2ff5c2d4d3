"""The fuzzing script: a handful of its cases pass, and what it looks for it would see."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
PATIENCE = 900.0

PLANT = """
import json, sys
from pathlib import Path
from fuzzing import children
import ms_dnn.cli.main as command
children.ROOM = 100 * 2**20
children.without_training = lambda: None
case = Path(sys.argv[1]); case.mkdir()
def planted(arguments):
    {fault}
command.main = planted
print(json.dumps(vars(children.run_case(0, "planted", case, [], {seconds}))))
"""
FAULTS = {
    "raise ValueError('planted')": "exit code 99",
    "print('Traceback (most recent call last)')": "a traceback",
    "import signal; signal.pause()": "no answer in 0.5 s",
    "b'x' * 150 * 2**20; sys.exit(2)": "memory",
    "sys.exit(1)": "exit code 1",
    "import os; os.kill(os.getpid(), 11)": "killed by SIGSEGV",
    "Path('CANARY').touch(); sys.exit(2)": "the file had its way: the canary is there",
    "sys.exit(2)": "",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_way_to_fail_is_seen(fault, tmp_path):
    seconds = 0.5 if "pause" in fault else PATIENCE  # for whatever ends, however slow the machine
    done = subprocess.run(
        [sys.executable, "-c", PLANT.format(fault=fault, seconds=seconds), str(tmp_path / "case")],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, check=True,
    )  # fmt: skip
    failure = json.loads(done.stdout.splitlines()[-1])["failure"]
    assert failure == FAULTS[fault] or (FAULTS[fault] == "memory" and failure.endswith(" MB more memory"))


def test_some_cases_of_every_kind_pass():
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "fuzz.py"), "--cases", "8", "--jobs", "1", "--seconds", str(PATIENCE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 cases in" in done.stdout
