"""``mindspore.train.Model`` and its callbacks, training by the hand-written gradients."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn
from mindspore import dataset as dataset_of
from mindspore.train import CheckpointConfig, LossMonitor, Model, ModelCheckpoint

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import NoDerivativeError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.model_step import HandwrittenTrainOneStep
from ms_dnn.training.optimizers import GradientDescent

SAMPLES, BATCH, EPOCHS, RATE = 32, 8, 6, 0.5


def network(seed=1, activation="tanh"):
    return build_dnn((4, 6, 3), (activation, "identity"), seed=seed)


def samples():
    rng = np.random.default_rng(81)
    x = rng.normal(size=(SAMPLES, 4)).astype(np.float32)
    return x, np.eye(3, dtype=np.float32)[(x @ rng.normal(size=(4, 3))).argmax(-1)]


def batched():
    return dataset_of.NumpySlicesDataset(samples(), ["x", "y"], shuffle=False).batch(BATCH)


def by_epoch(dnn):
    """Train the network the same way, by this package's own loop."""
    steps = EPOCHS * SAMPLES // BATCH
    batches = np.tile(np.arange(SAMPLES, dtype=np.int32).reshape(-1, BATCH), (EPOCHS, 1))
    x, y = (Tensor(array) for array in samples())
    epoch = Epoch(HandwrittenGradient(dnn, Cost("softmax_cross_entropy")), GradientDescent(dnn.trainable_params()))
    zero, schedule = Tensor(0.0, ms.float32), (Tensor(np.full(steps, RATE, np.float32)),)
    epoch(x, y, Tensor(batches), schedule, Tensor(0, ms.int32), Tensor(steps, ms.int32), zero, zero)


@pytest.fixture(params=["pynative", "graph"])
def mode(request):
    ms.set_context(mode=ms.PYNATIVE_MODE if request.param == "pynative" else ms.GRAPH_MODE)
    yield request.param
    ms.set_context(mode=ms.PYNATIVE_MODE)


def test_model_train_with_callbacks(mode, tmp_path, capsys):
    dnn = network()
    step = HandwrittenTrainOneStep(dnn, Cost("softmax_cross_entropy"), nn.SGD(dnn.trainable_params(), RATE))
    saver = ModelCheckpoint("by_hand", str(tmp_path), CheckpointConfig(save_checkpoint_steps=4, keep_checkpoint_max=9))
    Model(step).train(EPOCHS, batched(), callbacks=[LossMonitor(4), saver], dataset_sink_mode=False)

    losses = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines() if "loss is" in line]
    assert len(losses) == EPOCHS
    assert losses[-1] < 0.7 * losses[0]

    twin = network()
    by_epoch(twin)
    for got, wanted in zip(dnn.trainable_params(), twin.trainable_params(), strict=True):
        np.testing.assert_allclose(got.asnumpy(), wanted.asnumpy(), rtol=0, atol=1e-6)

    assert [parameter.name for parameter in dnn.trainable_params()] == list(dnn.parameter_names)
    fresh = network(seed=2)
    saved = ms.load_checkpoint(str(tmp_path / f"by_hand-{EPOCHS}_{SAMPLES // BATCH}.ckpt"))
    missing, _ = ms.load_param_into_net(fresh, saved)
    assert missing == []
    for got, wanted in zip(fresh.trainable_params(), dnn.trainable_params(), strict=True):
        np.testing.assert_array_equal(got.asnumpy(), wanted.asnumpy())


def torch_optimizers(parameters):
    import torch

    return {
        "sgd": torch.optim.SGD(parameters, 0.1),
        "momentum": torch.optim.SGD(parameters, 0.1, momentum=0.9),
        "adam": torch.optim.Adam(parameters, 0.01),
    }


def mindspore_optimizers(parameters):
    return {
        "sgd": lambda: nn.SGD(parameters, 0.1),
        "momentum": lambda: nn.Momentum(parameters, 0.1, 0.9),
        "adam": lambda: nn.Adam(parameters, 0.01),
    }


@pytest.mark.parametrize(
    ("name", "compiled"),
    [
        ("sgd", False),
        ("momentum", False),
        ("adam", False),
        ("adam", True),
        pytest.param("sgd", True, marks=pytest.mark.campaign),
        pytest.param("momentum", True, marks=pytest.mark.campaign),
    ],
)
def test_the_optimizers_of_mindspore_follow_torch(name, compiled):
    import torch

    dnn, (x, y) = network(), samples()
    variables = [torch.tensor(p.asnumpy().copy(), requires_grad=True) for p in dnn.trainable_params()]
    theirs = torch_optimizers(variables)[name]
    step = HandwrittenTrainOneStep(
        dnn, Cost("softmax_cross_entropy"), mindspore_optimizers(dnn.trainable_params())[name]()
    )
    run = ms.jit(step) if compiled else step
    W1, b1, W2, b2 = variables
    for t in range(1, 11):
        if name == "adam":
            # MindSpore puts epsilon beside √v before the bias correction, PyTorch beside it after.
            theirs.param_groups[0]["eps"] = 1e-8 / (1 - 0.999**t) ** 0.5
        theirs.zero_grad()
        z = torch.tanh(torch.tensor(x) @ W1.T + b1) @ W2.T + b2
        J = torch.nn.functional.cross_entropy(z, torch.tensor(y))
        J.backward()
        theirs.step()
        assert float(run(Tensor(x), Tensor(y))) == pytest.approx(J.item(), abs=5e-6)
    for got, wanted in zip(dnn.trainable_params(), variables, strict=True):
        np.testing.assert_allclose(got.asnumpy(), wanted.detach().numpy(), rtol=0, atol=1e-6)


def test_groups_of_parameters_get_their_own_gradients():
    """nn.Optimizer keeps the order of the groups: biases first here, unlike the gradients."""
    dnn, twin = network(), network()
    x, y = (Tensor(array) for array in samples())
    biases = [p for p in dnn.trainable_params() if "bias" in p.name]
    weights = [p for p in dnn.trainable_params() if "weight" in p.name]
    optimizer = nn.SGD([{"params": biases, "lr": 0.2}, {"params": weights, "lr": 0.1}], 0.1)
    _, gradients = HandwrittenGradient(twin, Cost("squared_error"))(x, y)
    HandwrittenTrainOneStep(dnn, Cost("squared_error"), optimizer)(x, y)
    for got, start, gradient in zip(dnn.trainable_params(), twin.trainable_params(), gradients, strict=True):
        rate = 0.2 if "bias" in got.name else 0.1
        np.testing.assert_allclose(got.asnumpy(), start.asnumpy() - rate * gradient.asnumpy(), rtol=0, atol=1e-7)


def test_only_the_parameters_of_the_optimizer_move():
    dnn, (x, y) = network(), samples()
    last = [p for p in dnn.trainable_params() if p.name.startswith("layers.1")]
    before = [p.asnumpy().copy() for p in dnn.trainable_params()]
    HandwrittenTrainOneStep(dnn, Cost("squared_error"), nn.SGD(last, 0.1))(Tensor(x), Tensor(y))
    moved = [(p.asnumpy() != old).any() for p, old in zip(dnn.trainable_params(), before, strict=True)]
    assert moved == [False, False, True, True]


def test_an_optimizer_of_another_network_is_refused():
    with pytest.raises(ValueError, match=r"got the parameters layers\.0\.weight, .* not of this network"):
        HandwrittenTrainOneStep(network(), Cost("squared_error"), nn.SGD(network().trainable_params(), 0.1))


def test_a_sign_layer_is_refused():
    dnn = network(activation="sign")
    with pytest.raises(NoDerivativeError, match="activation 'sign'"):
        HandwrittenTrainOneStep(dnn, Cost("squared_error"), nn.SGD(dnn.trainable_params(), 0.1))
