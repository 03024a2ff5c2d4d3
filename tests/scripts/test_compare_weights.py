"""Comparing the final weights of two commits: what is equal, what differs, and one training of a configuration."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import checkouts
import compare_weights
import numpy as np
import pytest
from safetensors.numpy import save_file

SCRIPT = Path(compare_weights.__file__)


def test_equal_bits_are_no_difference_and_one_bit_is_one():
    right = {"W": np.float32([1, -4]), "step": np.int64(3)}
    assert compare_weights.differences(right, {key: array.copy() for key, array in right.items()}, "weights") == []
    found = compare_weights.differences(right, {**right, "W": np.float32([1, -4.0000005])}, "weights")
    assert found == ["weights: 1 of 2 arrays differ, W most, by 1.2e-07"]
    assert compare_weights.digest(right) != compare_weights.digest({**right, "W": np.float32([1, -4.0000005])})


@pytest.mark.parametrize(
    ("got", "says"),
    [
        ({"w": np.zeros(2)}, "only one of both has W, w"),
        ({"W": np.zeros(3)}, "W is float64 (3,), was float64 (2,)"),
        ({"W": np.zeros(2, np.float32)}, "W is float32 (2,), was float64 (2,)"),
        ({"W": np.array([0, np.nan])}, "by inf"),
        ({"W": np.array([0.0, -0.0])}, "by 0.0e+00"),
    ],
)
def test_every_difference_is_said(got, says):
    (sentence,) = compare_weights.differences({"W": np.zeros(2)}, got, "weights")
    assert says in sentence


@pytest.mark.parametrize("other", [1.0, 1.0000001])
def test_the_exit_code_is_1_when_the_other_commit_trains_to_other_weights(other, monkeypatch, tmp_path, capsys):
    def train(checkout, arguments, folder):
        run = folder / arguments[arguments.index("--run") + 1]
        run.mkdir()
        weight = np.float32([1.0 if checkout == checkouts.ROOT else other])
        save_file({"weight": weight}, run / "checkpoint-000001.safetensors")
        (run / "checkpoint.json").write_text(json.dumps({"file": "checkpoint-000001.safetensors"}))
        (run / "metrics.jsonl").write_text(json.dumps({"step": 1, "cost": 0.5, "seconds": float(weight[0])}) + "\n")

    @contextmanager
    def checkout_of(commit):
        yield tmp_path

    monkeypatch.setattr(compare_weights, "run_command", train)
    monkeypatch.setattr(compare_weights, "checkout_of", checkout_of)
    monkeypatch.setattr(compare_weights, "check_import", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["compare_weights.py", "perceptron.yaml", "--against", "abc"])
    code = compare_weights.main()
    said = capsys.readouterr().out
    assert code == (other != 1.0)
    assert ("equal, bit for bit" in said) == (other == 1.0)


@pytest.mark.campaign
def test_a_configuration_trains_with_synthetic_files(tmp_path):
    configs = checkouts.ROOT / "configs"
    command = [sys.executable, SCRIPT, configs / "table.yaml", "--iterations", "3", "--keep", tmp_path]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("table ")
    rows = (tmp_path / "here" / "table" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(rows[-1])["step"] == 3


def test_a_commit_is_written_into_a_folder_that_goes(monkeypatch, tmp_path):
    monkeypatch.setattr(checkouts, "ROOT", tmp_path)
    (tmp_path / "file.txt").write_text("committed")
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    (tmp_path / "file.txt").write_text("changed")
    with checkouts.checkout_of("HEAD") as folder:
        assert (folder / "file.txt").read_text() == "committed"
    assert not folder.exists()
    with pytest.raises(SystemExit, match="nonsense"), checkouts.checkout_of("nonsense"):
        pass
