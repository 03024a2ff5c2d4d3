"""From one run of the chapters to the pages of each language."""

import json
import sys
from pathlib import Path

from PIL import Image

from ms_dnn.series.chapter import in_every_language

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs"))

from site_pages.chapters import write_chapters


def test_pages_of_a_language_have_its_pictures_and_its_words(tmp_path):
    ran = tmp_path / "ran"
    for folder, colour in ((ran / "images", "red"), (ran / "images" / "zh-CN", "blue")):
        folder.mkdir(parents=True)
        Image.new("RGB", (40, 20), colour).save(folder / "sphx_glr_01_a_001.png")
    (ran / "01_a.rst").write_text(in_every_language("right", "对"), encoding="utf-8")
    (ran / "01_a.py.md5").write_text("0")
    (ran / "09_backpropagation.ipynb").write_text("{}")
    for language, word, colour in (("en", "right", (255, 0, 0)), ("zh-CN", "对", (0, 0, 255))):
        write_chapters(ran, tmp_path / language, language)
        assert (tmp_path / language / "01_a.rst").read_text(encoding="utf-8") == word
        assert (tmp_path / language / "01_a.py.md5").is_file()
        notebook = json.loads((tmp_path / language / "09_backpropagation.ipynb").read_text(encoding="utf-8"))
        prose = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        assert ("反向传播" in prose[0]) == (language == "zh-CN")
        assert Image.open(tmp_path / language / "images" / "sphx_glr_01_a_001.png").getpixel((0, 0)) == colour
        assert (tmp_path / language / "images" / "thumb" / "sphx_glr_01_a_thumb.png").is_file()
