"""Which engine a run is on: chosen at its start, kept in its folder, and the same when it goes on."""

import signal

import numpy as np
import pytest

import ms_dnn
from ms_dnn.config import load_config
from ms_dnn.operators import build
from ms_dnn.training.checkpoints import read_checkpoint

SHORT = ["data.set=wine", "training.epochs=4", "training.early_stopping=null"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run from start to end."""
    folder = tmp_path_factory.mktemp("engine") / "whole"
    ms_dnn.train("wine", folder, SHORT)
    return folder


def weights(folder):
    return read_checkpoint(folder).arrays


def test_the_engine_is_kept_in_the_run(whole):
    assert load_config(whole / "config.yaml").training.engine == "operator"


class StopAtHalf:
    """Sends what Ctrl-C sends."""

    def on_start(self, plan, state): ...
    def on_chunk(self, state, speed): ...
    def on_end(self, state): ...
    def on_report(self, row):
        if row["epoch"] == 2:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def half(tmp_path):
    """A run that was interrupted."""
    with pytest.raises(KeyboardInterrupt):
        ms_dnn.train("wine", tmp_path / "half", SHORT, callback=StopAtHalf())
    return ms_dnn.load_run(tmp_path / "half")


def test_a_run_goes_on_on_its_engine_bit_for_bit(whole, half):
    half.resume()
    for name, array in weights(whole).items():
        np.testing.assert_array_equal(weights(half.folder)[name], array, err_msg=name)


def test_both_engines_come_to_the_same_network(whole, tmp_path):
    ms_dnn.train("wine", tmp_path / "graph", [*SHORT, "training.engine=graph"])
    assert load_config(tmp_path / "graph" / "config.yaml").training.engine == "graph"
    for name, array in weights(whole).items():
        np.testing.assert_allclose(weights(tmp_path / "graph")[name], array, atol=1e-4, err_msg=name)


def test_a_run_goes_on_without_the_operator_where_there_is_none(whole, half, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    build.library.cache_clear()
    try:
        assert half.resume().metrics[-1]["epoch"] == 4
    finally:
        build.library.cache_clear()
