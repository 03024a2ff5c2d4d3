"""The Chinese of the pictures: a font of the system where there is one, else that of mplfonts."""

import sys
from types import SimpleNamespace

import pytest
from matplotlib import font_manager

from ms_dnn.errors import SeriesError
from ms_dnn.series.chapter import font_family


@pytest.fixture
def installed(monkeypatch):
    def install(*names):
        monkeypatch.setattr(font_manager.fontManager, "ttflist", [SimpleNamespace(name=name) for name in names])

    return install


def test_a_font_of_the_system_comes_first(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "mplfonts", None)
    installed("DejaVu Sans", "SimHei", "Noto Sans CJK SC")
    assert font_family("zh-CN") == ["Noto Sans CJK SC", "DejaVu Sans"]


def test_else_the_package_brings_one(installed):
    pytest.importorskip("mplfonts")
    installed("DejaVu Sans")
    first, second = font_family("zh-CN")
    assert first in {font.name for font in font_manager.fontManager.ttflist}
    assert (first.partition(" CJK")[0], second) == ("Noto Sans", "DejaVu Sans")


def test_without_any_one_sentence_says_what_to_install(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "mplfonts", None)
    installed("DejaVu Sans")
    with pytest.raises(SeriesError, match="fonts-noto-cjk"):
        font_family("zh-CN")
