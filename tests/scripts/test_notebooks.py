"""Notebooks with what the chapters print and draw."""

import base64
import sys

import pytest
from notebooks import Session

from ms_dnn.series.chapter import LANGUAGE_VARIABLE
from ms_dnn.series.notebook import notebook_text

CHAPTER = '''"""01 · A chapter
===============

Prose.
"""

from matplotlib import pyplot as plt

figure, axes = plt.subplots(figsize=(1, 1))
print("drawn")

# %%
# More prose.

import inspect


def later():
    return 1


print(inspect.getsource(later), end="")
'''


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    monkeypatch.setattr("sys.modules", dict(sys.modules))
    path = tmp_path / "01_chapter.py"
    path.write_text(CHAPTER, encoding="utf-8")
    return path


def test_cells_keep_what_they_printed_and_drew(path):
    run = Session(path, "en").run
    printed, drawn = run('from matplotlib import pyplot as plt\nplt.figure(figsize=(1, 1))\nprint("drawn")', 6)
    assert printed == {"output_type": "stream", "name": "stdout", "text": "drawn\n"}
    assert base64.b64decode(drawn["data"]["image/png"]).startswith(b"\x89PNG")
    assert run("plt.get_fignums()", 9) == []


def test_a_function_of_a_cell_has_its_source(path):
    text = notebook_text(path, "en", Session(path, "en").run)
    assert r'"text": "def later():\n    return 1\n"' in text
    assert '"text": "drawn\\n"' in text
    assert "image/png" in text
