"""The library is made once, and where it cannot be made the graph trains."""

import os
import shutil
import stat
from functools import partial

import pytest

from ms_dnn.errors import OperatorError
from ms_dnn.operators import build
from ms_dnn.training.engine import choose_engine

PATH = os.environ["PATH"]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with a cache of its own and no compiler; returns a function that puts one there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CXX", raising=False)
    (tmp_path / "bin").mkdir()
    build.library.cache_clear()

    def install(script):
        compiler = tmp_path / "bin" / "g++"
        compiler.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)

    yield install
    build.library.cache_clear()


def test_without_a_compiler_the_graph_trains(machine):
    engine = choose_engine("auto", "CPU")
    assert engine.name == "graph"
    assert "there is no C++ compiler (c++, g++ or clang++): install one" in engine.reason
    with pytest.raises(OperatorError, match=r"training.engine: got operator, but there is no C\+\+ compiler"):
        choose_engine("operator", "CPU")


def test_without_a_compiler_the_one_that_a_wheel_carries_is_taken(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "CARRIED", tmp_path / "carried")
    monkeypatch.setattr(build, "_processor", lambda: "flags : sse2 avx2 fma bmi1 bmi2 f16c")
    compiler = next(filter(None, map(partial(shutil.which, path=PATH), build.COMPILERS)))
    monkeypatch.setenv("PATH", PATH)
    monkeypatch.setattr(build, "FLAGS", [flag for flag in build.FLAGS if flag != "-O3"])
    build.compile_library(compiler, build.carried("x86-64"), "x86-64")
    for level in ("x86-64-v4", "x86-64-v3"):  # of another machine; and damaged
        build.carried(level).write_bytes(b"")
    monkeypatch.setenv("PATH", "")
    assert build.library() == build.carried("x86-64")
    assert choose_engine("auto", "CPU").name == "operator"


def test_a_compiler_that_fails_is_quoted(machine):
    machine('if [ "$1" = --version ]; then echo 1; else echo "operator.cpp:1: error: no such thing" >&2; exit 1; fi')
    assert "cannot compile it (operator.cpp:1: error: no such thing)" in choose_engine("auto", "CPU").reason


def test_a_library_that_cannot_be_loaded_is_not_taken(machine, tmp_path):
    machine('echo no library > "$(/bin/echo "$@" | /usr/bin/tr " " "\\n" | /bin/grep "so$" || /bin/echo /dev/null)"')
    assert "cannot be loaded" in choose_engine("auto", "CPU").reason


def test_a_cache_that_cannot_be_written_is_named(machine, tmp_path):
    machine("echo 1")
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert f"{tmp_path / 'cache' / 'ms-dnn'}: it cannot be kept there" in choose_engine("auto", "CPU").reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"device": "Ascend"}, "it computes on CPU, and the device is Ascend"),
        ({"device": "CPU", "precision": "mixed_float16"}, "the precision is mixed_float16"),
        ({"device": "CPU", "backprop": "framework"}, "it is the hand-written backward pass"),
        ({"device": "CPU", "is_worker": True}, "several workers share each mini-batch"),
    ],
)
def test_what_the_operator_does_not_cover_is_the_graphs(options, reason):
    engine = choose_engine("auto", **options)
    assert (engine.name, reason in engine.reason) == ("graph", True)


def test_the_graph_can_be_named():
    assert choose_engine("graph", "CPU").reason == "as the configuration says"
