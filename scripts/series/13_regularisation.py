r"""13 · Regularisation
===================

The training cost is nearly 0, and with every step the predictions on new samples get worse. What has the network
learnt? One with more weights than samples can overfit: it fits the training samples, noise included, and not the law
behind them. Four regularisation methods reduce that: L1 and L2 penalties on the weights, dropout, and early stopping.

:Teaches: what overfitting looks like, L1 and L2 penalties as a part of the cost, inverted dropout with reproducible
   masks, and early stopping.
:Needs: chapters 09 and 10 (the gradients of a layer); samples that are generated here; about 30 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from sklearn.datasets import make_moons

from ms_dnn import Cost, FrameworkGradient, HandwrittenGradient, build_dnn
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.penalty import Penalty
from ms_dnn.maths.dropout import keep_factors, threshold_and_scale
from ms_dnn.maths.penalties import l1, l1_gradient, l2, l2_gradient
from ms_dnn.series.chapter import BLUE, GREEN, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.curves import train_curves
from ms_dnn.series.descent import with_parameters
from ms_dnn.series.pictures import draw_decision, frame_legend
from ms_dnn.training.stopping import EarlyStopping

begin()

# %%
# Overfitting
# -----------
# Two half moons, 50 samples, and so much noise that the classes overlap. The network has two hidden layers of 64 units:
# almost a hundred weights and biases a sample. Another 400 samples, which the training never sees, tell how well the
# network generalises; their cost is the **validation cost**.


def moons(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x (N, 2) and the classes in one-hot form (N, 2)."""
    points, classes = make_moons(number, noise=0.35, random_state=seed)
    return points.astype(np.float32), np.eye(2, dtype=np.float32)[classes]


samples, validation = moons(50, seed=1), moons(400, seed=2)
SIZES, ACTIVATIONS = [2, 64, 64, 2], ["relu", "relu", "identity"]
STEPS, EVERY = 400, 20
RATES = 0.005 * (1 + np.cos(np.pi * np.arange(STEPS) / STEPS))  # 0.01 at first, 0 at the end


def train(penalty: Penalty | None = None, dropouts: float = 0.0):
    """Return the trained network and what was seen on the way; the same starting weights each time."""
    network = build_dnn(SIZES, ACTIVATIONS, "he", seed=3, dropouts=dropouts)
    cost = Cost("softmax_cross_entropy", penalty=penalty)
    return network, train_curves(network, cost, samples, validation, RATES, every=EVERY)


def report(name: str, curves) -> None:
    """Print the two costs at the end."""
    say(
        f"training cost {curves.costs[-1]:.4f}, validation cost {curves.validation_costs[-1]:.3f}: {name}",
        f"训练成本 {curves.costs[-1]:.4f}，验证成本 {curves.validation_costs[-1]:.3f}：{name}",
    )


plain, plain_curves = train()
weights = sum(parameter.size for parameter in plain.trainable_params())
say(f"{weights} weights and biases, {len(samples[0])} samples", f"{weights} 个权重和偏置，{len(samples[0])} 个样本")
report(label("no regularisation", "无正则化"), plain_curves)
best = int(plain_curves.validation_costs.argmin())
say(
    f"lowest validation cost: {plain_curves.validation_costs[best]:.3f}, after {plain_curves.steps[best]} steps",
    f"最低的验证成本：{plain_curves.validation_costs[best]:.3f}，在第 {plain_curves.steps[best]} 步",
)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
left.semilogy(plain_curves.steps, plain_curves.costs, "--", label=label("training", "训练"))
left.semilogy(plain_curves.steps, plain_curves.validation_costs, color=ORANGE, label=label("validation", "验证"))
left.axvline(plain_curves.steps[best], color=GREY, linewidth=1, linestyle=":")
left.set(xlabel=label("step", "步"), ylabel=label("cost", "成本"))
left.set_title(label("The training cost falls, the validation cost turns", "训练成本不断下降，验证成本却掉头上升"))
left.legend()
names = [label("class 0", "类别 0"), label("class 1", "类别 1")]
classes = samples[1].argmax(1)
draw_decision(right, lambda points: plain(Tensor(points)).asnumpy().argmax(1), samples[0], classes, names)
right.set_title(label("The boundary winds around single samples", "决策边界绕着个别样本转"))
frame_legend(right, "upper right")

# %%
# L2: large weights are penalised
# -------------------------------
# A decision boundary with sharp turns needs large weights. So the cost gets a second term that grows with them:
#
# .. _formula-l2-penalty:
#
# .. math:: J + R, \qquad R = \frac{\lambda_2}{2} \sum_{l} \sum_{j,k} \left(w^{[l]}_{jk}\right)^2
#
# The sum runs over the weights and leaves the biases out: a bias only shifts a boundary.

show_code(l2, l2_gradient)

# %%
# R is part of the cost, so it is part of the gradient. The backward pass adds one term to the gradient:
#
# .. _formula-weight-decay-gradient:
#
# .. math:: \frac{\partial (J + R)}{\partial W^{[l]}} = dW^{[l]} + \lambda_2 W^{[l]}
#
# In a step of gradient descent that is :math:`W \leftarrow (1 - r \lambda_2)\, W - r\, dW`: each weight first loses a
# fixed share of itself, which is why it is also called **weight decay**. (With Adam the two are not the same, for Adam
# divides the penalty's gradient, too, by its own length.)

show_code(Penalty.add_gradient)
with_l2, l2_curves = train(Penalty(l2=0.02))
report("L2: 0.02", l2_curves)

# %%
# L1: small weights are penalised as well
# ---------------------------------------
# The gradient of the L2 penalty shrinks with the weight. That of the absolute value does not:
#
# .. _formula-l1-penalty:
#
# .. math:: R = \lambda_1 \sum_{l} \sum_{j,k} \left| w^{[l]}_{jk} \right|,
#    \qquad \frac{\partial R}{\partial w} = \lambda_1 \operatorname{sign}(w)
#
# A weight with :math:`|\partial J / \partial w|` below :math:`\lambda_1` is pushed all the way to 0. There the steps
# carry it from one side to the other, by about the learning rate; the rates here fall to 0, so what is left is tiny.

show_code(l1, l1_gradient)
with_l1, l1_curves = train(Penalty(l1=0.01))
report("L1: 0.01", l1_curves)


def all_weights(network) -> np.ndarray:
    """Return the numbers of all weights, without the biases."""
    return np.concatenate([p.asnumpy().ravel() for p in network.trainable_params() if p.ndim > 1])


NEAR_ZERO = 1e-3
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), sharey=True)
compared = ((label("no penalty", "无惩罚"), plain, BLUE), ("L2", with_l2, ORANGE), ("L1", with_l1, GREEN))
largest = max(np.abs(all_weights(network)).max() for _, network, _ in compared)  # so that no weight is cut off
for place, (name, network, colour) in zip(axes, compared, strict=True):
    numbers = all_weights(network)
    place.hist(numbers, bins=np.linspace(-largest, largest, 82), color=colour, log=True)
    share = np.mean(np.abs(numbers) < NEAR_ZERO)
    place.set_title(label(f"{name}: {share:.1%} within ±{NEAR_ZERO}", f"{name}：{share:.1%} 落在 ±{NEAR_ZERO} 内"))
    place.set_xlabel(label("weight", "权重"))
axes[0].set_ylabel(label("number of weights", "权重个数"))
figure.suptitle(label("L2 shrinks the weights, L1 makes most of them 0", "L2 使权重缩小，L1 使大多数权重变为 0"))

# %%
# Dropout
# -------
# In each step, each unit of a hidden layer is left out with probability p. No unit can then count on a certain other
# one. Those that stay are multiplied by :math:`1/(1-p)`, so that the next layer gets the same input on average; that is
# **inverted** dropout, and because of it prediction needs no change at all.
#
# .. _formula-dropout-mask:
#
# .. math:: \tilde{a} = a \odot \frac{m}{1 - p}, \qquad P(m_{nj} = 0) = p, \quad P(m_{nj} = 1) = 1 - p
#
# Backward, :math:`da` is multiplied by the same factors, so they are kept in the cache.

show_code(Dropout.forward, Dropout.backward)

# %%
# A generator with a state gives another mask at each call. This one is stateless: the mask is a function of a key (made
# of the seed and the layer's number), of the step and of the place in the batch. So two routes to one gradient drop the
# same units, and a resumed run drops the same units as an uninterrupted one.

ones = Tensor(np.ones((400, 64), np.float32))
layer, twin = Dropout(0.3, key=7), Dropout(0.3, key=7)
dropped = layer.forward(ones)[0].asnumpy()
print(
    label("the same key and step give the same mask:", "同样的键和步数给出同样的掩码："),
    np.array_equal(dropped, twin.forward(ones)[0].asnumpy()),
)
layer.step.set_data(Tensor(1, layer.step.dtype))
print(
    label("and the next step another one:           ", "下一步则给出另一个掩码："),
    not np.array_equal(dropped, layer.forward(ones)[0].asnumpy()),
)
say(
    f"dropped: {np.mean(dropped == 0):.3f} of the ones, mean of all: {dropped.mean():.3f}",
    f"被略去的比例：{np.mean(dropped == 0):.3f}，全体的均值：{dropped.mean():.3f}",
)
print(
    label("prediction drops nothing:                ", "预测时什么也不略去："),
    np.array_equal(layer(ones).asnumpy(), ones.asnumpy()),
)

with_dropout, dropout_curves = train(dropouts=0.6)
report(label("dropout, 0.6", "随机失活，0.6"), dropout_curves)

# %%
# Early stopping
# --------------
# The cheapest method changes no formula. Measure the validation cost at intervals, keep the weights of its lowest
# value, stop when it has not improved for a while, and restore those weights.

show_code(EarlyStopping)


def stop_early(curves, stopping: EarlyStopping) -> tuple[int, int]:
    """Return the number of the report with the best weights, and of the one at which the training ends."""
    at, lowest = 0, None
    for number, value in enumerate(curves.validation_costs):
        if stopping.improves(value, lowest):
            at, lowest = number, value
        elif number - at >= stopping.patience:
            return at, number
    return at, len(curves.validation_costs) - 1


kept, ended = stop_early(plain_curves, EarlyStopping("validation_loss", larger_is_better=False, patience=10))
stopped = with_parameters(build_dnn(SIZES, ACTIVATIONS), plain_curves.weights[kept])
say(
    f"ended after {plain_curves.steps[ended]} steps, with the weights of step {plain_curves.steps[kept]} restored",
    f"在第 {plain_curves.steps[ended]} 步停止，并恢复第 {plain_curves.steps[kept]} 步的权重",
)

figure, axes = plt.subplots(figsize=(7.5, 4))
compared = (
    (label("no regularisation", "无正则化"), plain_curves, "-"),
    ("L2", l2_curves, "--"),
    ("L1", l1_curves, "-."),
    (label("dropout", "随机失活"), dropout_curves, ":"),
)
for name, curves, dashes in compared:
    axes.plot(curves.steps, curves.validation_costs, dashes, label=name)
axes.plot(
    plain_curves.steps[kept], plain_curves.validation_costs[kept], "*", color=BLUE, markersize=14,
    markeredgecolor="black", label=label("early stopping", "早停"),
)  # fmt: skip
axes.set(xlabel=label("step", "步"), ylabel=label("validation cost", "验证成本"), ylim=(0.2, 2))
axes.legend(ncols=2, loc="center right")
figure.suptitle(label("With each method the validation cost ends lower", "用任何一种方法，验证成本最终都更低"))

# %%
# The resulting decision boundaries. None of them is the true one, which 50 samples do not determine; but they are
# simpler, and the cost of 400 other samples is lower. Dropout alone helps least here: the validation cost still rises,
# only much more slowly.

figure, axes = plt.subplots(1, 4, figsize=(12, 3.3), sharex=True, sharey=True)
regularised = (
    ("L2", with_l2),
    ("L1", with_l1),
    (label("dropout", "随机失活"), with_dropout),
    (label("early stopping", "早停"), stopped),
)
loss, (x_other, y_other) = Cost("softmax_cross_entropy"), (Tensor(part) for part in validation)
for place, (name, network) in zip(axes, regularised, strict=True):
    draw_decision(place, lambda points, n=network: n(Tensor(points)).asnumpy().argmax(1), samples[0], classes, names)
    J = float(loss(network(x_other), y_other))
    place.set_title(label(f"{name}: validation {J:.2f}", f"{name}：验证成本 {J:.2f}"))
figure.suptitle(label("With regularisation the boundaries are simpler", "正则化之后，决策边界变得简单"))

# %%
# Is it still the right gradient?
# -------------------------------
# Penalty and dropout belong to the function that every route differentiates: by hand, and by MindSpore's automatic
# differentiation of the same forward pass. Were λ₂ W forgotten by hand, the two would not agree. Here in float64 with
# everything on, and once with the penalty left out by hand:

both = Cost("softmax_cross_entropy", penalty=Penalty(l1=0.01, l2=0.1))
small = build_dnn([2, 6, 5, 2], ["tanh", "tanh", "identity"], seed=3, dtype="float64", dropouts=0.4)
x, y = (Tensor(part.astype(np.float64)) for part in samples)


def furthest(gradients, others) -> float:
    """Return the largest difference between two gradients, over all parameters."""
    return max(np.abs(a.asnumpy() - b.asnumpy()).max() for a, b in zip(gradients, others, strict=True))


by_framework = FrameworkGradient(small, both)(x, y)[1]
agree = furthest(HandwrittenGradient(small, both)(x, y)[1], by_framework)
forgotten = furthest(HandwrittenGradient(small, Cost("softmax_cross_entropy"))(x, y)[1], by_framework)
say(
    f"largest difference: {agree:.0e}; with the penalty forgotten: {forgotten:.1e}",
    f"最大差别：{agree:.0e}；漏掉惩罚时：{forgotten:.1e}",
)

# %%
# ``ms-dnn check`` also compares with differences of the cost and with the complex step, both with penalty and dropout.
#
# Questions
# ---------
# 1. *All gradients of the loss are 0 from now on. How does a weight change in 100 steps of gradient descent with L2,
#    and how with L1?* L2 multiplies it by :math:`(1 - r \lambda_2)^{100}`, which never reaches 0; L1 takes :math:`100\,
#    r \lambda_1` away, and a weight that was not larger reaches 0 before.

r, strength, w_l2, w_l1 = 0.1, 0.05, 0.4, 0.4
for _ in range(100):
    zero = (Tensor(np.zeros((1, 1))),)
    w_l2 -= r * float(Penalty(l2=strength).backward((Tensor(np.array([[w_l2]])),), zero)[0][0, 0])
    w_l1 -= r * float(Penalty(l1=strength).backward((Tensor(np.array([[w_l1]])),), zero)[0][0, 0])
say(
    f"L2: 0.4 becomes {w_l2:.4f}; L1: 0.4 becomes {abs(w_l1):.4f}",
    f"L2：0.4 变成 {w_l2:.4f}；L1：0.4 变成 {abs(w_l1):.4f}",
)
check_answer(1, np.isclose(w_l2, 0.4 * (1 - r * strength) ** 100) and abs(w_l1) <= r * strength)

# %%
# 2. *Does the hand-written gradient drop the same units as MindSpore's, though each computes its own masks?* Yes: the
#    mask is a function, and both call it with the same arguments.

dropping = build_dnn([2, 32, 2], ["tanh", "identity"], seed=5, dtype="float64", dropouts=0.5)
loss_only = Cost("softmax_cross_entropy")
by_hand = HandwrittenGradient(dropping, loss_only)(x, y)[1]
same = furthest(by_hand, FrameworkGradient(dropping, loss_only)(x, y)[1])
dropping.layers[1].step.set_data(Tensor(1, layer.step.dtype))
other = furthest(by_hand, FrameworkGradient(dropping, loss_only)(x, y)[1])
say(
    f"largest difference at one step: {same:.0e}; between two steps: {other:.1e}",
    f"同一步的最大差别：{same:.0e}；两步之间：{other:.1e}",
)
check_answer(2, same < 1e-12 < 1e-3 < other)

# %%
# 3. *A unit has a = 2 and p = 0.2. What does the next layer get from it, on average over many steps?* 2: in four of
#    five steps :math:`2 / 0.8 = 2.5`, in the fifth 0.

step = Tensor(0, layer.step.dtype)
factors = keep_factors((1000, 200), *threshold_and_scale(0.2), 11, step, ones).asnumpy()
say(
    f"values: {sorted({float(v) for v in np.unique(2 * factors)})}, mean {2 * factors.mean():.3f}",
    f"取值：{sorted({float(v) for v in np.unique(2 * factors)})}，均值 {2 * factors.mean():.3f}",
)
check_answer(3, np.isclose(2 * factors.mean(), 2.0, atol=0.02))
