import numpy as np
import pytest
import torch

from ms_dnn.errors import DataError
from ms_dnn.features.encoding import class_indices, encode_targets, smooth_targets

BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "squared_error", "hinge", "perceptron")
SIGNED = ("hinge", "perceptron")


@pytest.mark.parametrize("loss", [*BINARY, "softmax_cross_entropy"])
def test_one_output_a_class(loss):
    low = -1.0 if loss in SIGNED else 0.0
    got = encode_targets([2, 0], 3, loss, outputs=3)
    assert got.dtype == np.float64
    assert got.tolist() == [[low, low, 1], [1, low, low]]


@pytest.mark.parametrize("loss", BINARY)
def test_one_output_for_two_classes(loss):
    low = -1.0 if loss in SIGNED else 0.0
    assert encode_targets(np.array([0, 1, 1]), 2, loss, outputs=1).tolist() == [[low], [1], [1]]


@pytest.mark.parametrize("loss", [*BINARY, "softmax_cross_entropy"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_decide_reads_what_encode_wrote(loss, outputs):
    if loss == "softmax_cross_entropy" and outputs == 1:
        return
    y = np.array([0, 1, 1, 0])
    got = class_indices(encode_targets(y, 2, loss, outputs), loss, "identity")
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, y)


@pytest.mark.parametrize(
    ("loss", "activation", "threshold"),
    [
        ("binary_cross_entropy", "sigmoid", 0.5),
        ("binary_cross_entropy_with_logits", "identity", 0.0),
        ("binary_cross_entropy_with_logits", "sigmoid", 0.5),
        ("squared_error", "identity", 0.5),
        ("squared_error", "tanh", 0.5),
        ("hinge", "tanh", 0.0),
        ("perceptron", "sign", 0.0),
    ],
)
def test_thresholds_of_one_output(loss, activation, threshold):
    prediction = np.array([[threshold - 1e-9], [threshold], [threshold + 1e-9]])
    assert class_indices(prediction, loss, activation).tolist() == [0, 0, 1]


def test_the_first_of_equal_outputs_wins():
    assert class_indices([[1, 1, 0]], "softmax_cross_entropy", "identity").tolist() == [0]


def test_regression_targets_pass():
    y = np.array([[0.5, 1.5]])
    assert encode_targets(y, 0, "squared_error", 2).tolist() == y.tolist()


@pytest.mark.parametrize(
    ("y", "n_classes", "loss", "outputs", "message"),
    [
        ([0, 1], 3, "softmax_cross_entropy", 2, "2 unit.*softmax_cross_entropy on 3 classes needs 3;"),
        ([0, 1], 2, "softmax_cross_entropy", 1, "needs 2;"),
        ([0, 1], 3, "binary_cross_entropy", 1, "needs 3;"),
        ([0, 1], 2, "hinge", 3, "on 2 classes needs 2 or 1;"),
        ([0, 3], 3, "hinge", 3, "label 3 is outside 0 to 2"),
        ([0, -1], 3, "hinge", 3, "label -1"),
        ([0.5], 2, "hinge", 1, "float64 of shape"),
        ([[0]], 2, "hinge", 1, "expected whole numbers"),
        ([0], 2, "zero_one", 1, "no targets are defined for the loss 'zero_one'"),
        ([[0.5]], 0, "hinge", 1, "data are for regression; use squared_error"),
        ([[0.5]], 0, "squared_error", 2, r"2 unit\(s\), but the targets have shape \(1, 1\) and need 1"),
    ],
)
def test_targets_that_do_not_fit_the_last_layer(y, n_classes, loss, outputs, message):
    with pytest.raises(DataError, match=message):
        encode_targets(y, n_classes, loss, outputs)


@pytest.mark.parametrize(
    ("prediction", "loss", "message"),
    [
        ([0.5], "hinge", r"shape \(1,\); expected \(N, O\)"),
        ([[0.5], [np.nan]], "hinge", "row 1 .* is NaN"),
        ([[0.5]], "softmax_cross_entropy", "1 output knows one class only"),
        ([[0.5]], "zero_one", "'zero_one'"),
    ],
)
def test_predictions_that_name_no_class(prediction, loss, message):
    with pytest.raises(DataError, match=message):
        class_indices(prediction, loss, "identity")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothed_targets_are_torchs(smoothing):
    draws = np.random.default_rng(0)
    logits, labels = draws.normal(size=(6, 4)), draws.integers(0, 4, 6)
    targets = smooth_targets(encode_targets(labels, 4, "softmax_cross_entropy", 4), smoothing)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    wanted = torch.nn.functional.cross_entropy(
        torch.tensor(logits), torch.tensor(labels), reduction="none", label_smoothing=smoothing
    )
    np.testing.assert_allclose(-(targets * log_p).sum(axis=1), wanted.numpy(), rtol=1e-12)


def test_one_column_counts_as_two_classes():
    np.testing.assert_allclose(smooth_targets([[0.0], [1.0]], 0.2), [[0.1], [0.9]])


@pytest.mark.parametrize("loss", ["hinge", "squared_error"])
def test_no_smoothing_leaves_every_bit(loss):
    targets = encode_targets(np.array([0, 2, 1]), 3, loss, 3)
    np.testing.assert_array_equal(smooth_targets(targets, 0.0), targets)
