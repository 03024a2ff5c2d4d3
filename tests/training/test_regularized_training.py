"""Dropout, batch normalisation and weights in the compiled epoch, against torch with the same masks, step by step."""

import numpy as np
import torch
from compiled_run import batches, run, samples
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.reference_chain import dropout_factors
from ms_dnn.layers.cost import Cost
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import OPTIMIZERS

STEPS, RATE = 12, 0.05


def test_twelve_steps_equal_torch():
    network = build_dnn([4, 8, 3], ["tanh", "identity"], seed=3, dtype="float64", normalizations="batch", dropouts=0.4)
    norm, dropout = network.layers[1], network.layers[2]
    x, y = samples()
    weights = np.random.default_rng(4).uniform(0.5, 2.0, (len(x), 1))
    twin = Twin(network)
    optimizer = torch.optim.Adam(twin.parameters, lr=RATE)
    total = 0.0
    for step, picked in enumerate(batches(STEPS)):
        factors = dropout_factors(len(picked), 8, dropout.rate, dropout.key, step)
        J = twin.cost(x[picked], y[picked], weights[picked, 0], factors)
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
        total += J.item()

    cost = Cost("softmax_cross_entropy", weighted=True)
    epoch = Epoch(HandwrittenGradient(network, cost), OPTIMIZERS["adam"](network.trainable_params()))
    _, got, _ = run(epoch, x, np.hstack([y, weights]), batches(STEPS), np.full(STEPS, RATE))
    assert abs(got - total) < 1e-11
    for parameter, wanted in zip(network.trainable_params(), twin.parameters, strict=True):
        np.testing.assert_allclose(parameter.asnumpy(), wanted.detach().numpy(), rtol=0, atol=1e-11)
    np.testing.assert_allclose(norm.mean.asnumpy(), twin.norm.running_mean.numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(norm.variance.asnumpy(), twin.norm.running_var.numpy(), rtol=0, atol=1e-12)
    assert int(dropout.step) == STEPS
    twin.norm.eval()
    np.testing.assert_allclose(network(Tensor(x)).asnumpy(), twin.predict(x, 1.0).detach().numpy(), rtol=0, atol=1e-11)


class Twin:
    """The same network in torch: x W₁ᵀ → batch normalisation → tanh → factors → x W₂ᵀ + b₂."""

    def __init__(self, network):
        of_network = [parameter.asnumpy().copy() for parameter in network.trainable_params()]
        self.parameters = [torch.tensor(array, requires_grad=True) for array in of_network]
        self.norm = torch.nn.BatchNorm1d(8, affine=False, dtype=torch.float64)

    def predict(self, x, factors):
        first, scale, shift, second, bias = self.parameters
        a = torch.tanh(self.norm(torch.tensor(x) @ first.T) * scale + shift)
        return a * torch.as_tensor(factors) @ second.T + bias

    def cost(self, x, y, weights, factors):
        logits = self.predict(x, factors)
        losses = torch.nn.functional.cross_entropy(logits, torch.tensor(y), reduction="none")
        return (losses * torch.tensor(weights)).mean()
