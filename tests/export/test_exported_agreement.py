"""That the comparison of a model file with its run can fail."""

import numpy as np
import pytest

from ms_dnn.errors import ExportError
from ms_dnn.export.exporting import BATCHES, largest_difference


def doubled(x):
    return 2 * x


def with_fault(fault):
    def predict(x):
        answers = 2 * x
        fault(answers)
        return answers

    return predict


X = np.arange(1.0, 201.0).reshape(100, 2)


def test_the_same_answers_do_not_differ():
    assert largest_difference(doubled, doubled, X) == 0
    assert largest_difference(np.zeros_like, np.zeros_like, X) == 0


@pytest.mark.parametrize("size", BATCHES)
def test_a_fault_in_the_last_sample_of_one_size_of_batch_is_seen(size):
    def fault(answers):
        if len(answers) == size:
            answers[-1, -1] += 0.256

    # The largest number expected is 2 * 128, the last of the 64th sample.
    assert largest_difference(with_fault(fault), doubled, X) == pytest.approx(1e-3)


def test_few_samples_are_asked_again():
    sizes = []

    def predict(x):
        sizes.append(len(x))
        return doubled(x)

    assert largest_difference(predict, doubled, X[:3]) == 0
    assert sizes == list(BATCHES)


def test_nan_is_a_difference():
    def fault(answers):
        answers[0] = np.nan

    assert np.isnan(largest_difference(with_fault(fault), doubled, X))
    assert np.isnan(largest_difference(doubled, with_fault(fault), X))


def test_answers_of_another_shape_are_no_answers():
    with pytest.raises(ExportError, match=r"got outputs of shape \(1, 1\), expected \(1, 2\) as in the run"):
        largest_difference(lambda x: x[:, :1], doubled, X)
