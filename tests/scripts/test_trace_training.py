"""The trace of a training: what counts as a climb, and a whole way down to the update of the weights."""

import json
import subprocess
import sys
from pathlib import Path

import trace_training
from trace_training import Step, climbs_of

SCRIPT = Path(trace_training.__file__)
CONFIGS = SCRIPT.parents[1] / "configs"


def test_a_climb_is_a_step_into_a_file_entered_before():
    way = [(None, "a"), ("a", "b"), ("b", "c"), ("c", "b"), ("a", "d"), ("d", "a")]
    assert [step[:2] for step in climbs_of([Step(*pair, "f") for pair in way])] == [("c", "b"), ("d", "a")]


def test_calls_are_traced_through_other_packages_and_imports_are_not(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "top.py").write_text("def enter(below):\n    return list(map(below, [1]))\n")
    (package / "low.py").write_text("def inner(x):\n    return x\n\ndef below(x):\n    return inner(x)\n\nbelow(2)\n")
    trace = trace_training.Trace(package)
    places = {name: {"__name__": name} for name in ("top", "low")}
    sys.setprofile(trace)
    try:
        for name, place in places.items():
            exec(compile((package / f"{name}.py").read_text(), package / f"{name}.py", "exec"), place)
        places["top"]["enter"](places["low"]["below"])
    finally:
        sys.setprofile(None)
    assert list(trace.steps.values()) == [Step(None, "top.py", "enter"), Step("top.py", "low.py", "below")]


def test_a_training_is_followed_to_the_update_of_the_weights():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(CONFIGS / "perceptron.yaml"), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    steps = [Step(*step) for step in found["steps"]]
    assert steps[0].caller is None
    assert found["files"] == len({step.file for step in steps}) > 10
    assert found["climbs"] == len(steps) - found["files"]
    # The last are called only by the step that MindSpore otherwise compiles.
    assert {Path(step.file).name for step in steps} >= {"train.py", "trainer.py", "optimizers.py", "affine.py"}
