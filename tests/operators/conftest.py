import shutil

import pytest

from ms_dnn.operators import build


@pytest.fixture(scope="session", autouse=True)
def _on_cpu(cpu):
    """Every test of this folder computes in MindSpore."""


@pytest.fixture
def plant(monkeypatch, tmp_path):
    """Returns a function that puts other lines into the sources, and leaves the library of those for the test."""

    def planted(right, wrong):
        shutil.copytree(build.SOURCE, tmp_path / "source")
        found = [file for file in (tmp_path / "source").iterdir() if right in file.read_text(encoding="utf-8")]
        assert len(found) == 1
        found[0].write_text(found[0].read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
        monkeypatch.setattr(build, "SOURCE", tmp_path / "source")
        monkeypatch.setattr(build, "FLAGS", [flag for flag in build.FLAGS if flag != "-O3"])
        monkeypatch.setattr(build, "cache_folder", lambda: tmp_path)
        build.library.cache_clear()

    yield planted
    build.library.cache_clear()
