"""Several fits and predictions at once, in threads and processes: the numbers are those of one after the other."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fits_at_once import CALLS, search
from sklearn.utils.parallel import joblib
from small_estimators import classifier, iris

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]


def found_by(way: str, folder: Path) -> dict[str, np.ndarray]:
    program = Path(__file__).with_name("fits_at_once.py")
    subprocess.run([sys.executable, program, folder / "found.npz", way], check=True)
    return dict(np.load(folder / "found.npz"))


def assert_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_threads_fit_what_one_thread_fits(tmp_path):
    assert_equal(found_by("threads", tmp_path), {name: call() for name, call in CALLS.items()})


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.campaign)])
def test_a_grid_search_with_two_workers_is_the_serial_one(backend, tmp_path):
    with joblib.parallel_backend("sequential"):
        assert_equal(found_by(backend, tmp_path), search())


@pytest.mark.campaign
def test_threads_predict_what_one_thread_predicts(tmp_path):
    x, y = iris()
    models = [classifier(hidden_layer_sizes=(units,), max_iter=2).fit(x, y) for units in (4, 5)]
    expected = {str(i): np.stack([models[i % 2].predict_proba(x)] * 20) for i in range(4)}
    assert_equal(found_by("predictions", tmp_path), expected)
