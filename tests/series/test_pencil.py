"""The network for a pencil: its numbers are short, and one step does what the chapter says."""

import numpy as np
import pytest

from ms_dnn.gradients.blog import batch_gradient_descent, matrix_forward
from ms_dnn.series import pencil


def test_one_step_changes_the_output_from_0_416_to_0_943():
    step = batch_gradient_descent(
        pencil.WEIGHTS, pencil.BIASES, pencil.ACTIVATIONS, pencil.LOSS, pencil.X, pencil.Y, pencil.RATE, 1, 0.0
    )
    outputs = [
        matrix_forward(weights, biases, pencil.ACTIVATIONS, pencil.X[0])[-1].a[0]
        for weights, biases in ((pencil.WEIGHTS, pencil.BIASES), (step.weights, step.biases))
    ]
    assert outputs == pytest.approx([0.416, 0.943], abs=5e-4)
    assert step.costs == pytest.approx(-np.log(outputs))


def test_every_number_has_one_decimal():
    parts = (*pencil.WEIGHTS, *pencil.BIASES, pencil.X, pencil.Y)
    numbers = np.concatenate([np.ravel(part) for part in parts])
    np.testing.assert_array_equal(numbers, numbers.round(1))
