"""A new layer is one new file: three methods are enough for all that the package does with a network.

Here it is RMS normalisation (Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019).
"""

import mindspore as ms
import numpy as np
import onnx
import pytest
import torch
from mindspore import Parameter, Tensor, ops

from ms_dnn import Layer, check_gradients
from ms_dnn.dnn import DNN
from ms_dnn.errors import ExportError, NoDerivativeError, ShapeError
from ms_dnn.export.exporting import largest_difference, loaded_mindir, loaded_onnx
from ms_dnn.export.mindspore_files import mindir_bytes
from ms_dnn.export.onnx_graph import onnx_bytes
from ms_dnn.gradients.bprop import with_handwritten_bprop
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.mixed_precision import MixedPrecisionGradient
from ms_dnn.judge.judgement import Verdict
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.layer import as_float64
from ms_dnn.maths.constants import constant
from ms_dnn.runs.reports.layer_histograms import draw_layer_histograms
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import GradientDescent
from ms_dnn.training.probe import Probe

SAMPLES, BATCH, STEPS, RATE = 24, 8, 12, 0.3


class RMSNorm(Layer):
    """a = γ ⊙ x / √(mean x² + ε), the mean over the units of a sample."""

    def __init__(self, units, dtype, epsilon=1e-5):
        super().__init__()
        self.epsilon = epsilon
        self.scale = Parameter(Tensor(np.ones(units, dtype)), name="scale")

    def construct(self, x):
        return self.forward(x)[0]

    def forward(self, x):
        inverse = ops.rsqrt((x * x).mean(axis=1, keep_dims=True) + constant(self.epsilon, x))
        x_hat = x * inverse
        return x_hat * self.scale, (x_hat, inverse)

    def backward(self, cache, da):
        """dγ = Σ_n da_n ⊙ x̂_n; dx = (dx̂ − x̂ mean(dx̂ ⊙ x̂)) / √(mean x² + ε) for dx̂ = γ ⊙ da."""
        x_hat, inverse = cache
        dx_hat = da * self.scale
        dx = inverse * (dx_hat - x_hat * (dx_hat * x_hat).mean(axis=1, keep_dims=True))
        return dx, ((da * x_hat).sum(axis=0),)


def rms_norm(x, scale, epsilon):
    return scale * x / np.sqrt((x * x).mean(axis=1, keepdims=True) + epsilon)


class ToldRMSNorm(RMSNorm):
    """The same, which also says how many inputs it takes, and what it is in NumPy and in ONNX."""

    @property
    def inputs(self):
        return self.scale.shape[0]

    def plain(self):
        return rms_norm, {"scale": as_float64(self.scale), "epsilon": self.epsilon}

    def onnx(self, graph, place, x):
        mean = graph.add("ReduceMean", graph.add("Mul", x, x), axes=[1], keepdims=1)
        root = graph.add("Sqrt", graph.add("Add", mean, graph.constant(self.epsilon)))
        return graph.add("Mul", graph.add("Div", x, root), *graph.parameters(place, self, "scale"))


def network(dtype="float64", norm=RMSNorm):
    """Dense, RMS normalisation, dense: 5-6-3, with a γ that is not 1."""
    rng = np.random.default_rng(17)
    W1, W2 = rng.normal(size=(6, 5)).astype(dtype), rng.normal(size=(3, 6)).astype(dtype)
    layers = [Dense(W1, np.zeros(6, dtype), "tanh"), norm(6, dtype), Dense(W2, np.zeros(3, dtype), "identity")]
    ops.assign(layers[1].scale, Tensor(rng.uniform(0.5, 1.5, 6).astype(dtype)))
    return DNN(layers)


def samples(dtype="float64"):
    rng = np.random.default_rng(18)
    return rng.normal(size=(SAMPLES, 5)).astype(dtype), np.eye(3)[rng.integers(0, 3, SAMPLES)].astype(dtype)


def trained(dnn, x, y, picked, route=HandwrittenGradient):
    """Gradient descent in the compiled epoch; return the mean cost of its first and of its second half."""
    cost = Cost("softmax_cross_entropy")
    epoch, dtype = Epoch(route(dnn, cost), GradientDescent(dnn.trainable_params())), dnn.trainable_params()[0].dtype
    rates, nothing = Tensor(np.full(len(picked), RATE), dtype), Tensor(0.0, dtype)
    halves = []
    for first, last in ((0, len(picked) // 2), (len(picked) // 2, len(picked))):
        steps = Tensor(first, ms.int32), Tensor(last, ms.int32)
        _, total, _ = epoch(Tensor(x), Tensor(y), Tensor(picked), (rates,), *steps, nothing, nothing)
        halves.append(float(total) / (last - first))
    return halves


def batches():
    rng = np.random.default_rng(19)
    return np.array([rng.permutation(SAMPLES)[:BATCH] for _ in range(STEPS)], np.int32)


def trained_by_torch(dnn, x, y, picked):
    W1, b1, scale, W2, b2 = start = [torch.tensor(p.asnumpy(), requires_grad=True) for p in dnn.trainable_params()]
    optimizer = torch.optim.SGD(start, lr=RATE)
    for batch in picked:
        h = torch.tanh(torch.tensor(x[batch]) @ W1.T + b1)
        h = scale * h / torch.sqrt((h * h).mean(dim=1, keepdim=True) + 1e-5)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(h @ W2.T + b2, torch.tensor(y[batch])).backward()
        optimizer.step()
    return [parameter.detach().numpy() for parameter in start]


def test_it_trains_to_the_weights_of_torch():
    dnn, (x, y), picked = network(), samples(), batches()
    wanted = trained_by_torch(dnn, x, y, picked)
    before, after = trained(dnn, x, y, picked)
    assert after < before
    assert dnn.parameter_names[2] == "layers.1.scale"
    for got, right in zip(dnn.trainable_params(), wanted, strict=True):
        np.testing.assert_allclose(got.asnumpy(), right, rtol=0, atol=1e-13)


def test_it_trains_in_mixed_precision_in_the_dtype_of_its_scale():
    dnn, (x, y) = network("float32"), samples("float32")
    before, after = trained(dnn, x, y, batches(), MixedPrecisionGradient)
    assert after < before


class TwiceDx(RMSNorm):
    def backward(self, cache, da):
        dx, gradients = super().backward(cache, da)
        return dx * constant(2.0, dx), gradients


class HalfOfScale(ToldRMSNorm):
    def backward(self, cache, da):
        dx, (d_scale,) = super().backward(cache, da)
        return dx, (d_scale * constant(0.5, dx),)


def judged(dtype, norm=RMSNorm):
    dnn, (x, y) = network(dtype, norm), samples(dtype)
    return check_gradients(dnn, Tensor(x), Cost("softmax_cross_entropy"), [Tensor(y)])


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.campaign)])
def test_the_judge_passes_it_and_says_which_witness_does_not_know_it(dtype):
    judgement = judged(dtype)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    twin, wide = (["handwritten (float64)"], ["grad_operation (float64)"]) if dtype == "float32" else ([], [])
    routes = ["handwritten", "handwritten (compiled)", *twin, "grad_operation", *wide, "central_differences"]
    assert list(judgement.routes) == routes
    (finding,) = [finding for finding in judgement.findings if finding.route == "complex_step"]
    assert finding.message == (
        "the complex step is left out: layer 2, RMSNorm, gives no NumPy formula of scale: add it to RMSNorm.plain"
    )


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.campaign)])
def test_the_complex_step_witnesses_a_layer_that_gives_its_formula(dtype):
    judgement = judged(dtype, ToldRMSNorm)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert "complex_step" in judgement.routes
    assert not judgement.findings
    assert set(judgement.forward.values) == {"mindspore", "numpy"}


@pytest.mark.parametrize(
    ("norm", "tensor", "factor"),
    [
        pytest.param(TwiceDx, "dx", "2 × too large", marks=pytest.mark.campaign),
        (HalfOfScale, "dscale", "0.5 × what it should be"),
    ],
)
def test_a_wrong_factor_is_found_in_the_layer_and_the_tensor(norm, tensor, factor):
    judgement = judged("float64", norm)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.blame == "handwritten"
    (part,) = judgement.faulty
    assert (part.part, part.tensor) == ("layer 2", tensor)
    assert factor in part.diagnosis


def test_it_comes_back_from_mindir_as_it_was():
    dnn, (x, _) = network("float32"), samples("float32")
    _, predict = loaded_mindir(mindir_bytes(dnn))
    assert largest_difference(predict, lambda x: dnn(Tensor(x)).asnumpy(), x) <= 1e-6


def test_a_layer_that_names_its_operators_becomes_onnx():
    dnn, (x, _) = network("float32", ToldRMSNorm), samples("float32")
    content = onnx_bytes(dnn)
    _, predict = loaded_onnx(content)
    assert largest_difference(predict, lambda x: dnn(Tensor(x)).asnumpy(), x) <= 1e-6
    assert "layers.1.scale" in {constant.name for constant in onnx.load_from_string(content).graph.initializer}


def test_one_that_does_not_raises_with_the_cure():
    with pytest.raises(ExportError) as error:
        onnx_bytes(network("float32"))
    assert str(error.value) == (
        "--format onnx: layers.1, RMSNorm, names no ONNX operators (Layer.onnx): add that method, or choose "
        "--format mindir"
    )
    assert error.value.exit_code == 2


def test_one_without_a_function_cannot_be_differentiated_by_bprop():
    with pytest.raises(NoDerivativeError, match=r"the layer 'RMSNorm' defines no Layer\.function: use Handwritten"):
        with_handwritten_bprop(network(), Cost("squared_error"))


def test_it_stands_in_the_summary_and_the_table():
    dnn = network()
    assert str(dnn) == "5 → 6 tanh → RMSNorm → 3 identity"
    assert "<tr><td>2</td><td>RMSNorm</td><td></td><td>6</td><td>6</td></tr>" in dnn._repr_html_()


def test_it_is_drawn(tmp_path):
    dnn, (x, y) = network("float32"), samples("float32")
    numbers = Probe(dnn, Cost("softmax_cross_entropy"), x, y, 0)()
    assert list(numbers.activations) == ["layers.0", "layers.1", "layers.2"]
    assert numbers.gradients["layers.1.scale"].shape == (6,)
    draw_layer_histograms(numbers, numbers, tmp_path / "histograms.png", "RMS")
    assert (tmp_path / "histograms.png").stat().st_size > 10_000


def test_one_that_says_how_many_inputs_it_takes_is_held_to_it():
    dense = Dense(np.zeros((6, 5)), np.zeros(6), "tanh")
    with pytest.raises(ShapeError, match="layer 2: it takes 4 inputs, but layer 1 has 6 units: give it 6"):
        DNN([dense, ToldRMSNorm(4, "float64")])
