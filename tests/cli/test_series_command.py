"""``ms-dnn series``: the list, one chapter, and what is no chapter."""

import subprocess
import sys

from typer.testing import CliRunner

from ms_dnn.cli.main import app
from ms_dnn.series.catalogue import chapters


def test_the_list_has_every_chapter_and_needs_no_mindspore():
    lines = [
        "import sys",
        "from ms_dnn.cli.main import main",
        "try: main(['series'])",
        "finally: assert 'mindspore' not in sys.modules",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert all(f"{chapter.number:02} ·" in told for chapter in chapters())
    assert "ms-dnn series NUMBER runs one" in told


def test_a_chapter_takes_the_place_of_the_command(monkeypatch, tmp_path):
    replaced = []
    monkeypatch.setattr("os.execv", lambda program, arguments: replaced.append((program, arguments)))
    asked = ["series", "1", "--device", "CPU", "--language", "zh-CN", "--figures", str(tmp_path)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    ((program, arguments),) = replaced
    assert program == sys.executable
    assert arguments[1].endswith("scripts/series/01_perceptron.py")
    assert arguments[2:] == ["--device", "CPU", "--language", "zh-CN", "--figures", str(tmp_path)]


def test_a_chapter_that_is_not_there():
    done = subprocess.run([sys.executable, "-m", "ms_dnn", "series", "20"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("ms-dnn: series: '20' is no chapter; choose a number or one of 00_concepts, ")
    assert len(done.stderr.splitlines()) == 1
