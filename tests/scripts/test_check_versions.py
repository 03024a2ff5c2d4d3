"""The choice of what is tested on every version, and the table; environments are made by the script alone."""

import sys
from pathlib import Path

import check_versions

ROOT = Path(__file__).parents[2]


def test_tested_is_what_is_there_and_needs_no_torch(tmp_path):
    files = check_versions.tested_files()
    assert "tests/cli/test_commands.py" in files
    assert all((ROOT / file).is_file() for file in files)
    assert "tests/training/test_optimizers.py" not in files  # PyTorch is its oracle
    (tmp_path / "test_one.py").write_text("def test():\n    import torch\n")
    assert check_versions.needs_torch(tmp_path / "test_one.py")


def test_a_pair_without_a_wheel_or_an_interpreter_is_told_from_one_that_fails(tmp_path, monkeypatch, capsys):
    told = {"3.10": "no Python 3.10 here", "3.11": check_versions.NO_WHEEL, "3.12": None}
    monkeypatch.setattr(check_versions, "install", lambda mindspore, python, environment: told[python])
    monkeypatch.setattr(check_versions, "tested_files", list)
    monkeypatch.setattr(sys, "argv", ["check_versions.py", str(tmp_path), "--mindspore", "2.9.0"])
    fake = tmp_path / "2.9.0-3.12" / "bin" / "python"
    fake.parent.mkdir(parents=True)
    fake.write_text("#!/bin/sh\necho '2 failed, 7 passed, 3 deselected in 2.1s (0:00:02)'\nexit 1\n")
    fake.chmod(0o755)
    assert check_versions.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "| 2.9.0 | no Python 3.10 here | no wheel | 2 failed, 7 passed |"
    )
    assert check_versions.interpreter("9.9") is None
