"""What the pictures of the chapters show: the numbers that they were given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from ms_dnn.series.pictures import (
    MOST_UNITS,
    distances,
    draw_arrays,
    draw_decision,
    draw_distances,
    draw_network,
    name_layers,
)


@pytest.fixture
def axes():
    return Figure().subplots()


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_one_hot_rows_are_all_as_far_apart_and_integers_are_not():
    apart = distances(np.eye(4))
    np.testing.assert_allclose(apart[~np.eye(4, dtype=bool)], np.sqrt(2))
    np.testing.assert_allclose(distances([[0], [1], [3]]), [[0, 1, 3], [1, 0, 2], [3, 2, 0]])


def test_distances_stand_in_their_squares(axes):
    draw_distances(axes, distances([[0], [2]]), ["a", "b"], 2.0)
    assert words(axes) == ["0", "2", "2", "0"]


def test_a_network_shows_every_value_and_its_sign(axes):
    draw_network(axes, [[1.0, -2.0], [0.5]], [[[3.0, -4.0]]], ["x", "a"])
    assert {"1", "−2", "0.5", "x", "a"} <= set(words(axes))
    plus, minus = axes.lines
    assert plus.get_linestyle() == "-"
    assert minus.get_linestyle() == "--"
    assert minus.get_linewidth() > plus.get_linewidth()


def test_a_network_can_be_recomputed_from_its_picture(axes):
    draw_network(axes, [[1.0, -2.0], [0.5]], [[[3.0, -4.0]]], name_layers(["x", "a"]), biases=[[0.25]])
    assert {"3", "−4", "b 0.25", "x\ninput layer", "a\noutput layer"} <= set(words(axes))


def test_layers_have_names():
    assert name_layers(["x", "a", "b"])[1] == "a\nhidden layer"
    assert [name.partition("\n")[2] for name in name_layers(["x", "a", "b", "c"])] == [
        "input layer", "hidden layer 1", "hidden layer 2", "output layer"
    ]  # fmt: skip


def test_a_wide_layer_ends_in_its_number_of_units(axes):
    draw_network(axes, [np.ones(50), [1.0]], [np.ones((1, 50))])
    assert "⋮ 50" in words(axes)
    assert len(axes.lines) == MOST_UNITS


def test_the_plane_is_coloured_by_the_answers(axes):
    samples = np.array([[-1.0, 0.0], [1.0, 0.5]])
    draw_decision(axes, lambda points: points[:, 0] > 0, samples, [0, 1], ["left", "right"])
    (image,) = axes.images
    answers = image.get_array()
    assert answers[:, 0].max() == 0
    assert answers[:, -1].min() == 1
    assert axes.get_legend_handles_labels()[1] == ["left", "right"]


def test_a_formula_of_arrays_has_a_cell_a_number_and_says_its_shapes(axes):
    draw_arrays(axes, [("W", [[1.0, -1.0, 0.0]]), "=", ("Z", [[2.0], [-2.0]])], 6, 2)
    assert len(axes.patches) == 5
    assert {"W", "=", "Z", "1 × 3", "2 × 1"} == set(words(axes))
    positive, negative, zero = (patch.get_facecolor()[:3] for patch in axes.patches[:3])
    assert positive[2] > positive[0]
    assert negative[0] > negative[2]
    assert zero == pytest.approx((1, 1, 1), abs=0.01)
