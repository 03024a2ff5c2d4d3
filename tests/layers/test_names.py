"""Names of activations, losses and the like that are not there: one sentence with the nearest one."""

import numpy as np
import pytest

from ms_dnn.dnn import ShallowNetwork, build_dnn
from ms_dnn.errors import ConfigError
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.normalization import LayerNorm


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Cost("squared_eror"), r"loss: got 'squared_eror', expected one of .*: did you mean 'squared_error'\?"),
        (lambda: Cost("hinge", "avg"), "reduction: got 'avg', expected mean or sum"),
        (lambda: Dense(np.ones((1, 1)), np.ones(1), "relux"), r"activation: got 'relux', .*: did you mean 'relu'\?"),
        (lambda: LayerNorm(2, "ReLU"), r"activation: got 'ReLU', .*: did you mean 'relu'\?"),
        (lambda: build_dnn([2, 1], ["tanh"], "xaver"), r"initializer: got 'xaver', .*: did you mean 'xavier'\?"),
        (lambda: build_dnn([2, 1], ["tanh"], normalizations=["bach"]), r"normalization: got 'bach', .*'batch'\?"),
        (lambda: build_dnn([2, 1], [None]), "activation: got None, expected one of identity, "),
        (lambda: ShallowNetwork(2, 2, 1, initializer="hee"), r"initializer: got 'hee', .*: did you mean 'he'\?"),
    ],
)
def test_an_unknown_name_is_one_sentence(cpu, make, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make()
