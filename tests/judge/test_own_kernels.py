"""Cells around a kernel of the user's own, which MindSpore cannot differentiate: their bprop is all that there is."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from mindspore import dtype as mstype
from mindspore import nn, ops

from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.judgement import Verdict
from ms_dnn.operators.build import find_compiler

SOURCE = Path(__file__).with_name("own_kernel.cpp")
X = np.array([[0.5, -1.0], [2.0, 0.1]])


@pytest.fixture
def kernel(tmp_path):
    """Returns a function that compiles the kernels with some definitions."""

    def compiled(*definitions):
        library = tmp_path / "kernel.so"
        flags = ["-shared", "-fPIC", *(f"-D{definition}" for definition in definitions)]
        subprocess.run([find_compiler(), *flags, str(SOURCE), "-o", str(library)], check=True)
        return library

    return compiled


class Cube(nn.Cell):
    """x³; the shape is told in advance, as in MindSpore's examples, or follows x."""

    def __init__(self, library, shape=None):
        super().__init__()
        shapes = (lambda *given: given[0]) if shape is None else shape
        dtypes = (lambda *given: given[0]) if shape is None else mstype.float32
        self.cube = ops.Custom(f"{library}:cube", shapes, dtypes, func_type="aot")
        self.grad = ops.Custom(f"{library}:cube_grad", shapes, dtypes, func_type="aot")

    def construct(self, x):
        return self.cube(x)

    def bprop(self, x, out, dout):
        return (self.grad(x, dout),)


def test_a_right_kernel_passes_by_the_differences_alone(kernel):
    judgement = check_gradients(Cube(kernel("FACTOR=1")), X)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert any("Custom's bprop not defined" in finding.message for finding in judgement.findings)


def test_a_wrong_kernel_fails_and_what_cannot_be_differentiated_is_not_to_blame(kernel):
    judgement = check_gradients(Cube(kernel("FACTOR=1.000001")), X)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason.startswith("bprop and central_differences differ by")


@pytest.mark.parametrize("shape", [None, (2, 2)])
def test_a_kernel_that_has_float32_alone(kernel, shape):
    assert check_gradients(Cube(kernel("FACTOR=1", "ONLY_FLOAT32"), shape), X.astype(np.float32))


def test_a_wrong_kernel_that_has_float32_alone(kernel):
    judgement = check_gradients(Cube(kernel("FACTOR=1.1", "ONLY_FLOAT32")), X.astype(np.float32))
    assert judgement.verdict is Verdict.FAIL
