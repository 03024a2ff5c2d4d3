"""The pictures of a run for unusual layers and samples: drawn without a warning, and told in the right words."""

import numpy as np
import pytest
from PIL import Image

from ms_dnn.runs.records import Boundary, Misclassified
from ms_dnn.runs.reports import layer_histograms
from ms_dnn.runs.reports.layer_histograms import draw_layer_histograms
from ms_dnn.runs.reports.sample_pictures import draw_boundary, draw_misclassified
from ms_dnn.training.state import LayerNumbers

RANDOM = np.random.default_rng(0)


def numbers(layers):
    weights = {f"layers.{i}.weight": RANDOM.normal(size=(3, 4)) for i in range(layers)}
    return LayerNumbers(weights, weights, {f"layers.{i}": RANDOM.normal(size=(5, 3)) for i in range(layers)})


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def test_of_a_deep_network_the_first_and_the_last_layers_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_histograms, "MOST_LAYERS", 4)
    draw_layer_histograms(numbers(30), numbers(30), tmp_path / "deep.png", "deep")
    draw_layer_histograms(numbers(4), numbers(4), tmp_path / "four.png", "four")
    assert size_of(tmp_path / "deep.png") == size_of(tmp_path / "four.png")


def test_a_layer_without_parameters_dead_units_and_one_sample(tmp_path):
    w = np.ones((1, 1))
    start = LayerNumbers(
        {"layers.0.weight": w, "layers.2.gamma": w[0]},
        {"layers.0.weight": 0 * w},
        {"layers.0": np.zeros((1, 1)), "layers.1": np.zeros((1, 1)), "layers.2": np.full((1, 1), np.nan)},
    )
    draw_layer_histograms(start, start, tmp_path / "odd.png", "odd")
    assert size_of(tmp_path / "odd.png")[0] >= 1000


def test_the_share_of_zeros_is_that_of_all_numbers(tmp_path, monkeypatch):
    said = []
    from matplotlib.axes import Axes

    text = Axes.text
    monkeypatch.setattr(
        Axes, "text", lambda self, x, y, words, **how: said.append(words) or text(self, x, y, words, **how)
    )
    w = np.ones((2, 2))
    activations = [np.array([[0.0, 0, 0, 1]]), np.array([[0.0, 2, 3, 1]])]
    one, other = (LayerNumbers({"layers.0.weight": w}, {"layers.0.weight": w}, {"layers.0": a}) for a in activations)
    draw_layer_histograms(one, other, tmp_path / "zeros.png", "zeros")
    assert "exactly 0: 75% → 25%" in said


@pytest.mark.parametrize(("classes", "probable"), [(1, False), (2, True), (2, False), (11, False)])
def test_boundaries_of_one_and_of_many_classes(tmp_path, classes, probable):
    across = np.linspace(0, 1, 20)
    plane = np.add.outer(across, across) / 2
    answers = np.minimum((plane * classes).astype(int), classes - 1)
    boundary = Boundary(
        across,
        across * 10,
        answers,
        plane if probable else None,
        RANDOM.random((30, 2)),
        RANDOM.integers(0, classes, 30),
        tuple(f"a class of a long name {number}" for number in range(classes)),
        ("width", "height"),
    )
    draw_boundary(boundary, tmp_path / "boundary.png", "many")
    with Image.open(tmp_path / "boundary.png") as picture:
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > min(classes, 8)


@pytest.mark.parametrize("shape", [(1, 5, 4), (7, 4, 5, 3), (3, 4, 4, 1)])
def test_mistakes_grey_in_colour_and_without_probability(tmp_path, shape):
    count = shape[0]
    mistakes = Misclassified(
        "test", 100, count + 5, RANDOM.random(shape), None, ("a rather long class name",) * count, ("b",) * count, None
    )
    draw_misclassified(mistakes, tmp_path / "mistakes.png", "mistakes")
    assert size_of(tmp_path / "mistakes.png")[0] >= 600
