"""What a config's choices become: smoothed targets, the penalty of the cost, the perceptron's note."""

import numpy as np
import pytest

from ms_dnn.config import parse_config
from ms_dnn.experiment import data as experiment_data
from ms_dnn.experiment.data import prepare_data
from ms_dnn.experiment.experiment import Experiment

pytestmark = pytest.mark.usefixtures("cpu")

IRIS = """\
name: tiny
data: {set: iris, validation: 0.1, test: 0.1}
network: {layers: [{units: 3, activation: identity}]}
loss: softmax_cross_entropy
optimizer: {name: gradient_descent}
learning_rate: 0.01
training: {batch_size: all, epochs: 3}
"""


def config(*overrides):
    return parse_config(IRIS, "c.yaml", overrides)


def test_only_the_training_set_is_smoothed():
    data = prepare_data(config("training.label_smoothing=0.3"))
    assert set(np.unique(data.train.y.round(12))) == {0.1, 0.8}
    assert set(np.unique(data.validation.y)) == set(np.unique(data.test.y)) == {0.0, 1.0}


def test_the_penalty_is_part_of_the_cost():
    penalty = Experiment(config("penalty={l1: 0.1, l2: 0.2, biases: true}")).cost().penalty
    assert (penalty.l1, penalty.l2, penalty.biases) == (0.1, 0.2, True)
    assert Experiment(config()).cost().penalty is None


def test_a_perceptron_is_told_which_classes_it_cannot_separate():
    (note,) = [note for note in prepare_data(config("loss=perceptron")).notes if "hyperplane" in note]
    assert "no hyperplane separates 'versicolor', 'virginica' from the rest" in note
    assert not [note for note in prepare_data(config("loss=hinge")).notes if "hyperplane" in note]


def test_what_a_perceptron_had_no_time_to_find_out_is_said(monkeypatch):
    monkeypatch.setattr(experiment_data, "separable_outputs", lambda x, targets: [True, None, False])
    known, unknown = [note for note in prepare_data(config("loss=perceptron")).notes if "hyperplane" in note]
    assert "no hyperplane separates 'virginica' from" in known
    assert "whether a hyperplane separates 'versicolor' from the rest of the training set was not found out" in unknown


def test_the_weight_of_a_sample_is_that_of_its_class_times_its_own(tmp_path):
    rows = [f"{value},{'yes' if value % 3 else 'no'},{value / 2}" for value in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["size,kind,importance", *rows]) + "\n")
    columns = "{importance: {kind: weight}}"
    found = config(
        f"data={{set: csv, file: {tmp_path / 't.csv'}, target: kind, scaling: none, columns: {columns}}}",
        "training.class_weight={no: 10}",
        "network.layers=[{units: 2, activation: identity}]",
    )
    data = prepare_data(found)
    sizes = data.train.x[:, 0]
    assert data.features.names == ("size",)
    np.testing.assert_allclose(data.train.weights, sizes / 2 * np.where(sizes % 3, 1, 10))
    assert Experiment(found).cost().weighted
