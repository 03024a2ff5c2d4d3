r"""14 · Initialisation and activations
===================================

Two networks have the same layers, the same data and the same rate. One learns, the other stands still. What can be
wrong before anything is learnt? The first weights and the activations decide whether the units can become different,
whether a signal reaches the last layer, and whether an error reaches the first.

:Teaches: why hidden weights must not start at 0, where the numbers of Xavier and He come from, how gradients vanish and
   explode in a deep network, and what the activations and their derivatives have to do with it.
:Needs: chapter 09 (backpropagation); numbers that are generated here; about 15 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from sklearn.datasets import load_digits, make_circles

from ms_dnn import DNN, Cost, HandwrittenGradient, ShallowNetwork, build_dnn
from ms_dnn.maths.activations import ACTIVATIONS, relu_vjp, tanh_vjp
from ms_dnn.maths.initializers import he, xavier, zeros
from ms_dnn.series.chapter import BLUE, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend, with_parameters

begin()

# %%
# Zeros: units that stay copies
# -----------------------------
# Where W[1] = 0, all hidden units compute the same number. Going back, δ reaches them through equal columns of W[2], so
# all get the same gradient, and the same update. What is equal stays equal: four units, the work of one. (One layer
# alone may start at 0, as logistic regression does: its units differ by their targets.) Here they have to separate an
# inner ring of points from an outer one, for which one unit is not enough.

show_code(zeros)

points, classes = make_circles((40, 20), noise=0.1, factor=0.3, random_state=1)
x, y = points.astype(np.float32), classes.astype(np.float32)[:, None]
RATES = [8.0] * 120
ways = {}
for initializer in ("zeros", "xavier"):
    shallow = ShallowNetwork(2, 4, 1, "sigmoid", "sigmoid", initializer, seed=1)
    way = descend(shallow, Cost("binary_cross_entropy"), x, y, RATES)
    ways[initializer] = way.ways["layers.0.weight"]
    spread = np.ptp(ways[initializer][-1], axis=0).max()
    say(
        f"{initializer:<7} cost {way.costs[-1]:.3f}, largest difference between two hidden units {spread:.3f}",
        f"{initializer:<7} 成本 {way.costs[-1]:.3f}，两个隐藏神经元之间的最大差别 {spread:.3f}",
    )

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
titles = (
    label("zeros: four units, one curve", "全零：四个神经元，一条曲线"),
    label("random: four units", "随机：四个神经元"),
)
for place, (initializer, title) in zip(axes, zip(ways, titles, strict=True), strict=True):
    for unit, dashes in enumerate(("-", "--", "-.", ":")):
        place.plot(ways[initializer][:, unit, 1], dashes, label=label(f"unit {unit + 1}", f"神经元 {unit + 1}"))
    place.set(title=title, xlabel=label("step", "步"))
axes[0].set_ylabel(label("second weight of each hidden unit", "各隐藏神经元的第二个权重"))
axes[1].legend(ncols=2)

# %%
# How large should the random weights be?
# ---------------------------------------
# Take a weighted sum :math:`z_j = \sum_{k=1}^{I} w_{jk} a_k` of independent numbers, the weights with mean 0. Then
# mean squares of the factors multiply, and variances of the summands add up:
#
# .. math:: \operatorname{Var} z_j = I \operatorname{Var} w \, \operatorname{E}[a^2]
#
# So :math:`\operatorname{Var} w = 1/I` keeps the size of the signal. Backward :math:`da_k = \sum_{j=1}^{O} w_{jk}\,
# \delta_j` has O summands and asks for :math:`1/O`. Glorot and Bengio take the mean of I and O. A uniform distribution
# from −r to r has the variance r²/3, hence the 6:
#
# .. _formula-xavier-initialisation:
#
# .. math:: \operatorname{Var} w = \frac{2}{I + O}, \qquad w \sim U(-r, r), \quad r = \sqrt{\frac{6}{I + O}}

show_code(xavier)

# %%
# This assumes a derivative near 1 at z = 0, as tanh has it. ReLU sets half of the numbers to 0, so that
# :math:`\operatorname{E}[a^2] = \operatorname{Var} z / 2`. He and others compensate for that half:
#
# .. _formula-he-initialisation:
#
# .. math:: w \sim N\!\left(0, \frac{2}{I}\right)

show_code(he)

# %%
# Twenty layers
# -------------
# Backward, each layer multiplies by the derivatives of its activations and by its weights. Written out over all layers:
#
# .. _formula-gradient-product:
#
# .. math:: \delta^{[1]} = \left( \prod_{l=1}^{L-1} \operatorname{diag}\!\left(\sigma'(z^{[l]})\right) W^{[l+1]T}
#    \right) \delta^{[L]}
#
# A product of 19 factors is nearly always tiny or huge: :math:`0.5^{19}` is 2 in a million, and :math:`1.5^{19}` is
# over two thousand. In the code the product is the loop; each iteration passes its result to the next.

show_code(DNN.backward)

DEPTH, WIDTH = 20, 64
generator = np.random.default_rng(0)
inputs = Tensor(generator.normal(size=(128, WIDTH)))
targets = Tensor(np.eye(WIDTH)[generator.integers(0, WIDTH, 128)])


def deep(activation: str, initializer: str, times: float = 1.0) -> DNN:
    """Return 20 layers of 64 units in float64, the random weights multiplied by a factor."""
    network = build_dnn([WIDTH] * (DEPTH + 1), [activation] * (DEPTH - 1) + ["identity"], initializer, 0, "float64")
    return with_parameters(network, [times * parameter.asnumpy() for parameter in network.trainable_params()])


def walk(network: DNN) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return z[l], a[l] and δ[l] of all layers."""
    a, caches = network.forward(inputs)
    da = Cost("softmax_cross_entropy").forward_backward(a, targets)[1]
    deltas = []
    for layer, cache in zip(reversed(network.layers), reversed(caches), strict=True):
        deltas.insert(0, layer.delta(cache, da).asnumpy().copy())
        da = layer.backward(cache, da)[0]
    return [cache[1].asnumpy().copy() for cache in caches], [cache[2].asnumpy().copy() for cache in caches], deltas


compared = [
    ("sigmoid, Xavier", deep("sigmoid", "xavier"), "o"),
    ("tanh, N(0, 0.01²)", deep("tanh", "normal"), "v"),
    ("tanh, Xavier", deep("tanh", "xavier"), "^"),
    ("ReLU, Xavier", deep("relu", "xavier"), "s"),
    ("ReLU, He", deep("relu", "he"), "D"),
    ("ReLU, 1.5 × He", deep("relu", "he", 1.5), "P"),
]
walks = {name: walk(network) for name, network, _ in compared}
say(
    "                     std of a[19]   size of δ[1] / δ[20]",
    "                     a[19] 的标准差   δ[1] / δ[20] 的大小",
)
for name, (_, a, delta) in walks.items():
    print(f"{name:<20} {a[-2].std():12.2e}   {np.sqrt(np.mean(delta[0] ** 2) / np.mean(delta[-1] ** 2)):12.2e}")

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
numbers = np.arange(1, DEPTH + 1)
for name, _, marker in compared:
    _, a, delta = walks[name]
    left.semilogy(numbers[:-1], [layer.std() for layer in a[:-1]], marker=marker, markersize=4)
    right.semilogy(numbers, [np.sqrt(np.mean(d**2)) for d in delta], marker=marker, markersize=4, label=name)
left.set(xlabel=label("layer l", "层 l"), title=label("Forward: standard deviation of a[l]", "前向：a[l] 的标准差"))
right.set(xlabel=label("layer l", "层 l"), title=label("Backward: root mean square of δ[l]", "反向：δ[l] 的均方根"))
for place in (left, right):
    place.set_xticks([1, 5, 10, 15, 20])
figure.legend(loc="outside lower center", ncols=3)
figure.suptitle(
    label("20 layers: signals and gradients vanish, last or explode", "20 层网络：信号与梯度消失、保持或爆炸")
)

# %%
# The sigmoid's activations look healthy on the left, for they all lie around ½. Its gradients do not. The reason is the
# derivative: :math:`\sigma'(z) = a(1 - a) \le \frac{1}{4}`, so each layer costs a factor of four or more, unless the
# weights make up for it.

derivative = np.mean([ACTIVATIONS["sigmoid"].vjp(Tensor(z), Tensor(a), Tensor(np.ones_like(z))).asnumpy().mean()
                 for z, a in zip(*walks["sigmoid, Xavier"][:2], strict=True)][:-1])  # fmt: skip
say(
    f"mean derivative of the sigmoid in the 19 hidden layers: {derivative:.3f}",
    f"19 个隐藏层中 sigmoid 导数的均值：{derivative:.3f}",
)

# %%
# All activations and their derivatives
# -------------------------------------
# Two derivatives as formulas; in the code each is already multiplied by da:
#
# .. _formula-tanh-slope:
#
# .. math:: \frac{da}{dz} = 1 - a^2

show_code(tanh_vjp)

# %%
# and
#
# .. _formula-relu-slope:
#
# .. math:: \frac{da}{dz} = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}

show_code(relu_vjp)

grid = np.linspace(-4, 4, 401)[:, None]
figure, axes = plt.subplots(3, 4, figsize=(11, 7), sharex=True)
for place, (name, activation) in zip(axes.flat, ACTIVATIONS.items(), strict=False):
    z = grid if name != "softmax" else np.hstack([grid, 0 * grid])  # softmax needs a second unit: z₂ = 0
    a = activation.function(Tensor(z)).asnumpy().copy()
    place.plot(grid, a[:, 0], color=BLUE)
    if activation.vjp is not None:
        one = np.zeros_like(z)
        one[:, 0] = 1.0
        da_dz = activation.vjp(Tensor(z), Tensor(a), Tensor(one)).asnumpy()
        place.plot(grid, da_dz[:, 0], "--", color=ORANGE)
    place.axhline(0, color=GREY, linewidth=0.5)
    place.set(title=name, ylim=(-1.3, 2.2))
axes[2, 3].plot([], [], color=BLUE, label="a = σ(z)")
axes[2, 3].plot([], [], "--", color=ORANGE, label="σ′(z)")
axes[2, 3].legend(loc="center", fontsize="large")
axes[2, 3].axis("off")
figure.suptitle(label("Activations and their derivatives, against z (softmax beside a second z = 0)",
                      "各激活函数及其导数（横轴为 z；softmax 的另一个 z 为 0）"))  # fmt: skip

# %%
# Where a function has a kink, its derivative is a convention. The package takes that of MindSpore, and documents it
# with each function. The sign has no useful derivative, so it has none here.

at_zero = Tensor(np.zeros((1, 1)))
for name in ("relu", "leaky_relu"):
    value = ACTIVATIONS[name].vjp(at_zero, ACTIVATIONS[name].function(at_zero), Tensor(np.ones((1, 1))))
    say(f"derivative of {name} at z = 0: {float(value[0, 0]):g}", f"{name} 在 z = 0 处的导数：{float(value[0, 0]):g}")

# %%
# Dead units
# ----------
# A ReLU whose z is negative for every sample outputs 0 for all, has the derivative 0 for all, and so gets no gradient:
# it stays as it is. One step that is far too long can do that to almost half of a layer. A leaky ReLU keeps a
# derivative of 0.01 and can recover.

digits = load_digits()
pictures = (digits.data[:256] / 16).astype(np.float32)
labels = np.eye(10, dtype=np.float32)[digits.target[:256]]


def dead_after(rate: float, activation: str) -> float:
    """Return the share of the 128 hidden units without any derivative above 0 after one step."""
    network = build_dnn([64, 128, 10], [activation, "identity"], ["he", "xavier"], seed=2)
    descend(network, Cost("softmax_cross_entropy"), pictures, labels, [rate])
    _, z, a = network.forward(Tensor(pictures))[1][0]
    derivatives = ACTIVATIONS[activation].vjp(z, a, Tensor(np.ones(z.shape, np.float32))).asnumpy()
    return float(np.mean(np.all(derivatives == 0, axis=0)))


for rate in (0.1, 10.0, 100.0):
    dead, leaky = dead_after(rate, "relu"), dead_after(rate, "leaky_relu")
    say(
        f"one step of rate {rate:5g}: {dead:4.0%} of the ReLUs are dead, {leaky:.0%} of the leaky ones",
        f"以学习率 {rate:5g} 走一步：{dead:4.0%} 的 ReLU 死亡，Leaky ReLU 中 {leaky:.0%}",
    )

# %%
# Questions
# ---------
# 1. *A ReLU layer has 400 inputs and 100 units. What is the standard deviation of its weights after each of the two
#    initialisations?* He: :math:`\sqrt{2/400} \approx 0.0707`. Xavier: :math:`\sqrt{2/500} \approx 0.0632`.

deviations = [weights((100, 400), np.random.default_rng(1)).std() for weights in (he, xavier)]
print(f"He {deviations[0]:.4f}, Xavier {deviations[1]:.4f}")
check_answer(1, np.allclose(deviations, [np.sqrt(2 / 400), np.sqrt(2 / 500)], rtol=0.01))

# %%
# 2. *Is δ[1] of the code really that product?* Yes. For the first sample, with the matrices written out in NumPy:

network = deep("tanh", "xavier")
z, a, delta = walks["tanh, Xavier"]
product = delta[-1][0]
for l in range(DEPTH - 1, 0, -1):  # noqa: E741
    W_above = network.layers[l].weight.asnumpy()
    product = np.diag(1 - np.tanh(z[l - 1][0]) ** 2) @ W_above.T @ product
say(
    f"largest difference: {np.abs(product - delta[0][0]).max():.1e}, of {np.abs(delta[0][0]).max():.1e}",
    f"最大差别：{np.abs(product - delta[0][0]).max():.1e}，最大值为 {np.abs(delta[0][0]).max():.1e}",
)
check_answer(2, np.allclose(product, delta[0][0], rtol=1e-9, atol=1e-15))

# %%
# 3. *With zeros everywhere, and tanh in the hidden layer: which parameters move in the first step?* Only the last bias.
#    a[1] = 0 makes dW[2] = 0, and W[2] = 0 lets no δ through to the first layer.

still = ShallowNetwork(2, 4, 1, "tanh", "sigmoid", "zeros")
gradients = HandwrittenGradient(still, Cost("binary_cross_entropy"))(Tensor(x[:50]), Tensor(y[:50]))[1]
moving = [n for n, g in zip(still.parameter_names, gradients, strict=True) if np.any(g.asnumpy())]
print(label("parameters with a gradient:", "有梯度的参数："), moving)
check_answer(3, moving == ["layers.1.bias"])
