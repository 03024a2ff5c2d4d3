"""One judgement that no test made up."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def real_failure(cpu):
    """The judge's own word on a network whose second layer has its weight gradient 32 times too large."""
    from mindspore import Tensor

    from ms_dnn.dnn import build_dnn
    from ms_dnn.judge.network import check_network
    from ms_dnn.layers.cost import Cost

    generator = np.random.default_rng(0)
    network = build_dnn([4, 5, 3], ["tanh", "identity"], seed=0, dtype="float64")
    for layer in network.layers:
        layer.bias.set_data(Tensor(generator.normal(0.0, 0.3, layer.bias.shape)))
    right = layer.backward

    def wrong(cache, da):
        dx, (dW, db) = right(cache, da)
        return dx, (dW * 32, db)

    layer.backward = wrong
    x, y = generator.normal(size=(7, 4)), np.eye(3)[generator.integers(0, 3, 7)]
    return check_network(network, Cost("softmax_cross_entropy"), Tensor(x), Tensor(y), compiled=False)
