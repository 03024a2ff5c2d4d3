r"""07 · The shallow network
========================

"One or the other, not both": a child learns it from four examples, and logistic regression never does. What does it
lack? One hidden layer between the input layer and the output layer. That is the smallest network in which a gradient
has to pass through a layer, and it learns what no single layer can.

:Teaches: forward and backward through two layers, by hand for one sample; why XOR needs a hidden layer; how a decision
   boundary becomes curved during training.
:Needs: logistic regression from chapter 02, gradient descent from chapter 04; about 20 seconds.
"""

import math

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from sklearn.datasets import make_moons

from ms_dnn import Cost, Dense, LogisticRegression, ShallowNetwork
from ms_dnn.data.separability import linearly_separable
from ms_dnn.layers.dense import dense
from ms_dnn.maths.affine import affine_vjp
from ms_dnn.presentation.plots import CLASS_COLOURS, SHAPES
from ms_dnn.series.chapter import begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend, with_parameters
from ms_dnn.series.pictures import draw_decision, draw_network, frame_legend, name_layers

begin()

# %%
# Forward
# -------
# The hidden layer outputs :math:`a_1 = \sigma_1(W_1 x + b_1)`; the output layer takes these activations as its inputs:
#
# .. _formula-shallow-forward:
#
# .. math:: a = \sigma_2\bigl(W_2\, \sigma_1(W_1 x + b_1) + b_2\bigr)
#
# The package writes a sample as a row and a layer as :math:`z = x W^T + b`. Here the activation of the hidden layer is
# tanh; the output is a probability, by the sigmoid.

show_code(ShallowNetwork, dense)

# %%
# Three hidden units, two inputs, one sample, and weights that a person can multiply in the head:

W1, b1 = np.array([[0.5, -1.0], [1.0, 0.5], [-0.5, 1.5]]), np.array([0.2, -0.5, 0.1])
W2, b2 = np.array([[1.0, -1.5, 0.5]]), np.array([0.25])
network = with_parameters(ShallowNetwork(2, 3, 1, "tanh", "sigmoid", dtype="float64"), [W1, b1, W2, b2])
x, y = np.array([[1.0, 0.5]]), np.array([[1.0]])

a, caches = network.forward(Tensor(x))
(_, z1, a1), (_, z2, a2) = ([part.asnumpy() for part in cache] for cache in caches)
print(
    "z₁ = 0.5 · 1 − 1 · 0.5 + 0.2 =",
    z1[0, 0].round(4),
    label(" (first of three:", " (三个中的第一个："),
    *z1[0].round(4),
    end=")\n",
)
print("a₁ = tanh z₁                 =", *a1[0].round(4))
print("z₂ = a₁₁ − 1.5 a₁₂ + 0.5 a₁₃ + 0.25 =", z2[0, 0].round(4))
print("a₂ = σ(z₂)                   =", a2[0, 0].round(4))
by_hand = [math.tanh(value) for value in (0.2, 0.75, 0.35)]
by_hand_z2 = by_hand[0] - 1.5 * by_hand[1] + 0.5 * by_hand[2] + 0.25
np.testing.assert_allclose(a2[0, 0], 1 / (1 + math.exp(-by_hand_z2)))

# %%
# Backward
# --------
# The loss is the cross-entropy, the target is y = 1. Write δ for the derivative of the loss by a layer's z. At the
# output it is what chapter 02 found for one unit, :math:`a - y`. Every other derivative follows from the chain rule,
# each by looking at one line of the forward pass:
#
# * z₂ contains W₂ as a factor of a₁, so :math:`\partial \ell / \partial W_2 = \delta_2 a_1^T`; it contains b₂ once, so
#   :math:`\partial \ell / \partial b_2 = \delta_2`.
# * z₂ contains a₁ with the factor W₂, so :math:`\partial \ell / \partial a_1 = W_2^T \delta_2`.
# * a₁ is tanh of z₁, entry by entry, with derivative :math:`1 - a_1^2`; so multiply by that, and arrive at δ₁.
# * From δ₁ to W₁ and b₁ it is the first point again, with x in place of a₁.
#
# .. _formula-shallow-backward:
#
# .. math::
#    \begin{aligned}
#    \delta_2 &= a - y, & \frac{\partial \ell}{\partial W_2} &= \delta_2\, a_1^T, &
#    \frac{\partial \ell}{\partial b_2} &= \delta_2 \\
#    \delta_1 &= W_2^T \delta_2 \odot \sigma_1'(z_1), & \frac{\partial \ell}{\partial W_1} &= \delta_1\, x^T, &
#    \frac{\partial \ell}{\partial b_1} &= \delta_1
#    \end{aligned}
#
# Each layer of the package does this for itself: it turns da into δ, δ into its gradients, and hands dx to the layer
# below.

show_code(Dense.backward, Dense.delta, affine_vjp)

cost = Cost("binary_cross_entropy")
hidden, output = network.layers
J, da = cost.forward_backward(a, Tensor(y))
delta_2 = output.delta(caches[1], da)
da_1, (W2_gradient, b2_gradient) = output.backward(caches[1], da)
delta_1 = hidden.delta(caches[0], da_1)
dx, (W1_gradient, b1_gradient) = hidden.backward(caches[0], da_1)

for name, numbers in (("δ₂", delta_2), ("dW₂", W2_gradient), ("da₁", da_1), ("δ₁", delta_1)):
    print(f"{name:3s} =", *numbers.asnumpy()[0].round(4))
error = a2[0, 0] - 1
delta_by_hand = [weight * error * (1 - a**2) for weight, a in zip((1.0, -1.5, 0.5), by_hand, strict=True)]
np.testing.assert_allclose(delta_1.asnumpy()[0], delta_by_hand)
np.testing.assert_allclose(W1_gradient.asnumpy(), np.outer(delta_by_hand, x))

# %%
# The same numbers in their places, in two digits. Blue is positive, orange and dashed negative; a line is the wider,
# the larger its number. Forward the lines are weights, with the biases (b) below the units; backward they are the
# gradients of these weights. A descent step subtracts them: the output has to grow, so weights that increase it grow,
# and weights that decrease it shrink.

figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 7.4))
draw_network(upper, [x, a1, a2], [W1, W2], name_layers(["x", "a₁", "a₂"]), biases=[b1, b2])
upper.set_title(label("Forward: the outputs a, and the weights", "前向：输出 a 与权重"))
deltas = [part.asnumpy() for part in (dx, delta_1, delta_2)]
gradients = [W1_gradient.asnumpy(), W2_gradient.asnumpy()]
draw_network(lower, deltas, gradients, name_layers(["∂ℓ/∂x", "δ₁", "δ₂"]), backward=True)
lower.set_title(label("Backward: δ, and the gradients of the weights", "反向：δ 与权重的梯度"))
figure.suptitle(label("One sample goes forward, its error comes back", "一个样本前向传播，误差反向传回"))

# %%
# What one layer cannot learn
# ---------------------------
# "One or the other, not both": the exclusive or (XOR). One unit predicts 1 where :math:`w_1 x_1 + w_2 x_2 + b > 0`, so
# it would need
#
# .. math:: b \le 0, \qquad w_1 + b > 0, \qquad w_2 + b > 0, \qquad w_1 + w_2 + b \le 0 .
#
# The two in the middle add up to :math:`w_1 + w_2 + 2 b > 0`, the other two to :math:`w_1 + w_2 + 2 b \le 0`. No
# numbers do that. Logistic regression raises no error; it converges to ½ everywhere.

corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
exclusive = np.array([0, 1, 1, 0])
targets = exclusive[:, None].astype(np.float32)
print(label("linearly separable:", "线性可分："), linearly_separable(corners, 2 * exclusive - 1))

single = LogisticRegression(2)
descend(single, cost, corners, targets, [1.0] * 20)
print(label("one layer predicts ", "一层的预测："), *single(Tensor(corners)).asnumpy()[:, 0].round(3))
pair = ShallowNetwork(2, 2, 1, "tanh", "sigmoid", seed=0)
descend(pair, cost, corners, targets, [3.0] * 100)
print(label("two layers predict ", "两层的预测："), *pair(Tensor(corners)).asnumpy()[:, 0].round(3))

# %%
# How do two hidden units do it? The boundary of each is still one straight line. But together they map every corner to
# a new point, :math:`(a_{11}, a_{12})`, and there a line suffices: the output unit's.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
names = [label("equal: 0", "相同：0"), label("different: 1", "不同：1")]
draw_decision(left, lambda points: pair(Tensor(points)).asnumpy()[:, 0] > 0.5, corners, exclusive, names)
left.set(xlabel="x₁", ylabel="x₂", title=label("The four inputs", "四个输入"))
frame_legend(left, "center")
weight, bias = (parameter.asnumpy() for parameter in pair.layers[1].trainable_params())
places = pair.layers[0](Tensor(corners)).asnumpy()
draw_decision(right, lambda points: points @ weight[0] + bias[0] > 0, places, exclusive, names)
for place, corner, above in zip(places, corners.astype(int), (True, False, True, False), strict=True):
    right.annotate(
        f"({corner[0]}, {corner[1]})", place, xytext=(0, 9 if above else -9), textcoords="offset points",
        ha="center", va="bottom" if above else "top", fontsize=9,
    )  # fmt: skip
right.set(
    xlabel=label("output of hidden unit 1", "隐藏神经元 1 的输出"),
    ylabel=label("output of hidden unit 2", "隐藏神经元 2 的输出"),
    title=label("The same four, as the hidden layer maps them", "同样四个点，经隐藏层映射之后"),
)
figure.suptitle(label("The exclusive or, before and after the hidden layer", "隐藏层之前与之后的异或"))

# %%
# A curved decision boundary
# --------------------------
# Two half moons, 200 points. The boundary of one layer is straight. That of eight hidden units becomes curved, step by
# step: at first it is hardly more than the line, for with small weights tanh is nearly linear; the curves come late.

moons, kinds = make_moons(200, noise=0.15, random_state=7)
moons, wanted = moons.astype(np.float32), kinds[:, None].astype(np.float32)
line = LogisticRegression(2)
descend(line, cost, moons, wanted, [2.0] * 60)
say(
    f"one layer: accuracy {(line.decide(Tensor(moons)) == kinds).mean():.1%}",
    f"一层：准确率 {(line.decide(Tensor(moons)) == kinds).mean():.1%}",
)

curved = ShallowNetwork(2, 8, 1, "tanh", "sigmoid", seed=3)
way = descend(curved, cost, moons, wanted, [2.0] * 180)
moments = (0, 10, 50, 100, 180)
shots = {step: [values[step] for values in way.ways.values()] for step in moments}


def decide(points: np.ndarray) -> np.ndarray:
    """Return the class at each point, by the network as it is now."""
    return curved(Tensor(points)).asnumpy()[:, 0] > 0.5


figure, axes = plt.subplots(2, 3, figsize=(10, 6), sharex=True, sharey=True)
draw_decision(axes[0, 0], lambda points: line.decide(Tensor(points)), moons, kinds, ["0", "1"])
axes[0, 0].set_title(label("one layer", "只有一层"))
for panel, (step, values) in zip(axes.flat[1:], shots.items(), strict=True):
    with_parameters(curved, values)
    accuracy = (decide(moons) == kinds).mean()
    draw_decision(panel, decide, moons, kinds, ["0", "1"])
    panel.set_title(label(f"two layers, step {step}: {accuracy:.1%}", f"两层，第 {step} 步：{accuracy:.1%}"))
figure.suptitle(
    label("The decision boundary of a shallow network becomes curved", "浅层神经网络的决策边界在训练中由直变曲")
)

# %%
# The cost shows the same: it falls fast to what a line can reach, stays there, and falls again when the boundary
# becomes curved. A plateau is not always the end.

figure, axes = plt.subplots(figsize=(7, 3.4))
axes.semilogy(way.costs, label=label("two layers", "两层"))
of_line = float(cost(line(Tensor(moons)), Tensor(wanted)))
axes.axhline(of_line, color=CLASS_COLOURS[0], linestyle="--", label=label("one layer, at its end", "一层，训练结束时"))
for number, step in enumerate(moments[1:-1]):
    axes.plot(step, way.costs[step], SHAPES[number], color="black")
axes.set(xlabel=label("step", "步"), ylabel=label("cost J", "成本 J"))
axes.legend()
figure.suptitle(label("The cost on the way; the marks are the panels above", "训练中的成本；标记对应上图各面板"))

# %%
# Questions
# ---------
# 1. *What if all hidden units start with the same weights?* Then their outputs are the same, their δ are the same, and
#    so are their steps: they stay copies of each other, and eight are worth one. This is why weights start at random.

copies = with_parameters(
    ShallowNetwork(2, 8, 1, "tanh", "sigmoid"), [np.full((8, 2), 0.3), np.zeros(8), np.full((1, 8), 0.3), [0.0]]
)
descend(copies, cost, moons, wanted, [1.0] * 10)
rows = copies.layers[0].weight.asnumpy()
check_answer(1, np.allclose(rows, rows[0], atol=1e-5) and not np.allclose(rows, 0.3))

# %%
# 2. *What does a hidden layer without non-linearity, with σ₁(z) = z, add?* Nothing: :math:`W_2 (W_1 x + b_1) + b_2 =
#    (W_2 W_1) x + (W_2 b_1 + b_2)` is one layer.

straight = ShallowNetwork(2, 8, 1, "identity", "sigmoid", seed=5, dtype="float64")
V1, c1, V2, c2 = (parameter.asnumpy() for parameter in straight.trainable_params())
alone = with_parameters(LogisticRegression(2, "float64"), [V2 @ V1, V2 @ c1 + c2])
points = Tensor(moons.astype(np.float64))
check_answer(2, np.allclose(straight(points).asnumpy(), alone(points).asnumpy(), rtol=1e-12))

# %%
# 3. *How many parameters does a shallow network with I inputs, H hidden units and O outputs have?* H (I + 1) + O (H +
#    1): each unit has a weight for each of its inputs, and a bias. Here 8 · 3 + 1 · 9 = 33.

check_answer(3, sum(parameter.size for parameter in curved.trainable_params()) == 8 * (2 + 1) + 1 * (8 + 1) == 33)
