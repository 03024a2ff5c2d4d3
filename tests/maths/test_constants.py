"""Why constants are made by ``constant``: both reasons are shown to hold still."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from ms_dnn.maths.constants import constant


class TenthByConstant(nn.Cell):
    def construct(self, x):
        return constant(0.1, x) * x

    @ms.jit
    def compiled(self, x):
        return self.construct(x)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_constant_is_rounded_once_to_its_own_dtype(dtype):
    x = Tensor(np.array([1.0, 3.0], dtype))
    wanted = (np.array(0.1, dtype) * x.asnumpy()).tolist()
    assert TenthByConstant()(x).asnumpy().tolist() == wanted
    assert TenthByConstant().compiled(x).asnumpy().tolist() == wanted


def test_mindspore_still_rounds_a_bare_number_to_float32():
    """When this fails, ``constant`` has lost its reason."""
    assert (Tensor(np.array([1.0])) * 0.1).asnumpy()[0] == np.float32(0.1)
