"""What mypy says to a program that uses the package: the public names have types, though they load on first use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

RIGHT = """
import numpy as np

import ms_dnn

network: ms_dnn.DNN = ms_dnn.build_dnn((2, 3, 1), ("tanh", "sigmoid"), seed=1)
cost = ms_dnn.Cost("binary_cross_entropy", reduction="sum")
judgement = ms_dnn.check_gradients(network, np.zeros((4, 2)), cost, [np.ones((4, 1))], modes=("pynative",))
passed: bool = judgement.verdict.value == "PASS"
run: ms_dnn.Run = ms_dnn.train("experiment.yaml", overrides=["training.epochs=1"])
score: float = run.evaluate().score
model: ms_dnn.DNNClassifier = ms_dnn.DNNClassifier((8,), learning_rate=0.1).fit([[0.0], [1.0]], [0, 1])
"""
WRONG = {
    "ms_dnn.chek_gradients": "attr-defined",
    "ms_dnn.Cost(loss=3)": "arg-type",
    "ms_dnn.build_dnn((2, 3), ('tanh',), seeds=1)": "call-arg",
    "ms_dnn.build_dnn((2, '3'), ('tanh',))": "arg-type",
    "sizes: str = ms_dnn.build_dnn((2, 3), ('tanh',)).sizes": "assignment",
    "ms_dnn.load_config(3)": "arg-type",
}
"""A line each, and the code of mypy's error."""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Return what mypy --strict prints about the programs, a line an error, after one run for both."""
    folder = tmp_path_factory.mktemp("consumer")
    (folder / "right.py").write_text(RIGHT, encoding="utf-8")
    (folder / "wrong.py").write_text("\n".join(["import ms_dnn", *WRONG]), encoding="utf-8")
    options = ("--strict", "--follow-imports=silent", "--no-error-summary", "--hide-error-context", "--cache-dir=cache")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "right.py", "wrong.py"],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not run.stderr, run.stderr
    return [line for line in run.stdout.splitlines() if ": error: " in line]


def test_right_use_has_no_error(mypy):
    assert [line for line in mypy if line.startswith("right.py")] == []


@pytest.mark.parametrize(("number", "code"), [*enumerate(WRONG.values(), start=2)], ids=list(WRONG))
def test_wrong_use_is_one_error(mypy, number, code):
    (error,) = (line for line in mypy if line.startswith(f"wrong.py:{number}:"))
    assert error.endswith(f"[{code}]")
