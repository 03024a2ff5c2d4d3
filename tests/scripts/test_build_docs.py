"""What ``build_docs.sh`` refuses before it builds anything."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_docs.sh"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--publish"], "got '--publish', expected nothing or --publish FOLDER"),
        (["--publsh", "site"], "got '--publsh site', expected nothing or --publish FOLDER"),
        (["--publish", "mine"], "--publish: got 'mine', which holds other files: name a new folder"),
    ],
)
def test_wrong_arguments_are_one_sentence(tmp_path, arguments, says):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    done = subprocess.run(["bash", SCRIPT, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"build_docs.sh: {says}\n"
    assert (tmp_path / "mine" / "thesis.txt").is_file()
