"""What the pictures show, against what is known of the data and the weights."""

from pathlib import Path

import numpy as np
import pytest
from mindspore import Tensor, ops
from PIL import Image
from sklearn.datasets import load_digits, make_moons

from ms_dnn.config import load_config
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.runs.inspection import GRID, MOST_SHOWN, boundary_of, misclassified_of, network_outputs
from ms_dnn.runs.pictures import draw_pictures, numbers_at_start_and_now

CONFIGS = Path(__file__).parents[2] / "configs"
pytestmark = pytest.mark.usefixtures("cpu")


def moons(folder, *overrides):
    """Two moons around (5, 0) as an archive, and an experiment on them with one linear unit."""
    x, y = make_moons(120, noise=0.1, random_state=0)
    np.savez(folder / "moons.npz", x=x * [1, 3] + [5, 0], y=np.array(["left", "right"])[y])
    settings = [f"data={{set: npz, file: {folder / 'moons.npz'}, test: 0.2, validation: 0.1, scaling: standard}}"]
    settings += ["network.layers=[{units: 1, activation: identity}]", "loss=binary_cross_entropy_with_logits"]
    return Experiment(load_config(CONFIGS / "digits.yaml", [*settings, *overrides]))


def test_the_boundary_lies_where_the_weights_put_it_in_the_features_own_units(tmp_path):
    experiment = moons(tmp_path)
    data, network = experiment.data, experiment.network()
    # z = 4 (x₁ − 5.25) / scale: the answer changes at 5.25, whatever the scaling.
    scale, offset = data.features.columns[0].scale, data.features.columns[0].offset
    ops.assign(network.layers[0].weight, Tensor(np.array([[4.0, 0.0]], np.float32)))
    ops.assign(network.layers[0].bias, Tensor(np.array([4 * (offset - 5.25) / scale], np.float32)))
    found = boundary_of(experiment, network)
    assert found.answers.shape == found.probability.shape == (GRID, GRID)
    np.testing.assert_array_equal(found.answers, np.broadcast_to(found.across > 5.25, (GRID, GRID)))
    np.testing.assert_array_equal(found.answers, found.probability > 0.5)
    with np.load(tmp_path / "moons.npz") as archive:
        everything = {tuple(row): name for row, name in zip(archive["x"].round(6), archive["y"], strict=True)}
    for row, number in zip(found.x.round(6), found.classes, strict=True):
        assert everything[tuple(row)] == found.class_names[number]
    low, high = found.x.min(axis=0), found.x.max(axis=0)
    assert (found.across[0], found.up[0]) < tuple(low)
    assert (found.across[-1], found.up[-1]) > tuple(high)


@pytest.mark.parametrize("name", ["digits", "regression", "wine"])
def test_there_is_a_boundary_for_classes_on_two_features_only(name):
    experiment = Experiment(load_config(CONFIGS / f"{name}.yaml"))
    assert boundary_of(experiment, experiment.network()) is None


def test_misclassified_pictures_come_with_the_most_confident_first():
    overrides = ["network.layers.0.units=16", "network.layers.1.units=8"]
    experiment = Experiment(load_config(CONFIGS / "digits.yaml", overrides))
    data, network = experiment.data, experiment.network()
    found = misclassified_of(experiment, network)
    output = network_outputs(network, data.test.x)
    given = output.argmax(axis=1)
    assert (found.samples, found.wrong) == (len(given), int((given != data.test.targets).sum()))
    assert len(found.images) == len(found.right) == MOST_SHOWN
    assert (np.diff(found.probability) <= 0).all()
    assert all(right != said for right, said in zip(found.right, found.given, strict=True))
    # The pictures are those of the data set, with the class that it gives them.
    digits = load_digits()
    for image, right in zip(found.images, found.right, strict=True):
        (number,) = np.flatnonzero(np.abs(digits.images - image).max(axis=(1, 2)) < 1e-9)
        assert str(digits.target[number]) == right
    likely = np.exp(output.astype(float)) / np.exp(output.astype(float)).sum(axis=1, keepdims=True)
    assert found.probability[0] == pytest.approx(likely.max(axis=1)[given != data.test.targets].max(), rel=1e-5)


def test_the_start_is_brought_back_by_the_seed_and_the_gradients_are_those_of_the_route(tmp_path):
    experiment = moons(tmp_path)
    data, network = experiment.data, experiment.network()
    start = {
        name: p.asnumpy().copy() for name, p in zip(network.parameter_names, network.trainable_params(), strict=True)
    }
    ops.assign(network.layers[0].bias, Tensor(np.array([3.0], np.float32)))
    before, now = numbers_at_start_and_now(experiment, network)
    for name, array in start.items():
        np.testing.assert_array_equal(before.weights[name], array)
    assert now.weights["layers.0.bias"] == 3
    # db of one logistic unit over all samples: the mean of σ(z) − y.
    z = now.activations["layers.0"]
    assert z.shape == (len(data.train.x), 1)
    expected = float(np.mean(1 / (1 + np.exp(-z.astype(float))) - _targets_of(now, data)))
    assert now.gradients["layers.0.bias"][0] == pytest.approx(expected, abs=1e-5)


def _targets_of(numbers, data):
    """Fewer samples than the probe takes at most, so it has them all, in their order."""
    assert len(numbers.activations["layers.0"]) == len(data.train.y)
    return data.train.y


def test_pictures_are_drawn_where_they_apply_and_old_ones_removed(tmp_path):
    experiment = moons(tmp_path)
    (tmp_path / "misclassified.png").write_bytes(b"of an earlier time")
    drawn = draw_pictures(experiment, experiment.network(), tmp_path)
    assert drawn == ("histograms.png", "boundary.png")
    assert not (tmp_path / "misclassified.png").exists()
    for name in drawn:
        with Image.open(tmp_path / name) as picture:
            assert picture.width >= 600
            assert len(np.unique(np.asarray(picture.convert("L")))) > 10
