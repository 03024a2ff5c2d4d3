"""The tests of the operator once more, compiled to stop at an access out of bounds or at undefined behaviour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = ("test_operator_gradients.py", "test_operator_epoch.py")
FLAGS = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined"


@pytest.mark.campaign
def test_nothing_is_out_of_bounds_or_undefined(tmp_path):
    libraries = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = {
        **os.environ,
        "CXXFLAGS": FLAGS,
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # MindSpore and Python keep what they have
        "XDG_CACHE_HOME": str(tmp_path),
    }
    # Not the planted faults, which compile for themselves.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not planted"]
    done = subprocess.run(
        [*command, *(str(HERE / name) for name in TESTS)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert len(list((tmp_path / "ms-dnn").glob("*.so"))) == 1
