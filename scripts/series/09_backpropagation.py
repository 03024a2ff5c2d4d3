r"""09 · Backpropagation
====================

How much does the cost change when one weight changes? A network has thousands of weights, and one pass back through its
layers gives the derivatives of all of them. It takes four formulas; this chapter derives them and computes them twice.

:Teaches: the chain rule through a network, step by step; δ and why it has a symbol of its own; the loop over samples
   and the vectorised form with caches; what the backward pass costs.
:Needs: forward propagation from chapter 08, losses from chapter 03; about 10 seconds.
"""

from itertools import pairwise

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor

from ms_dnn import DNN, Cost, Dense, HandwrittenGradient, build_dnn
from ms_dnn.gradients import reference
from ms_dnn.gradients.blog import LOSS_SLOPES, looped_gradients, matrix_forward, sample_gradients, through_activation
from ms_dnn.layers.dense import dense
from ms_dnn.maths.affine import affine_vjp
from ms_dnn.presentation.notation import shape_text
from ms_dnn.series.chapter import begin, check_answer, label, say, show_code
from ms_dnn.series.pictures import draw_arrays, draw_flow, draw_network, name_layers

begin()

# %%
# The question
# ------------
# Here is a small network, 3-4-2-3, with the cost ½‖a − y‖², averaged over samples. The effect of a weight on the cost
# can be found by trying: change it a little up and a little down, and compare. That takes two forward passes for a
# single weight, and everything below is checked against it.

sizes, activations = (3, 4, 2, 3), ("tanh", "tanh", "sigmoid")
network = build_dnn(sizes, activations, seed=9, dtype="float64")
weights = [layer.weight.asnumpy().copy() for layer in network.layers]
biases = [layer.bias.asnumpy().copy() for layer in network.layers]
generator = np.random.default_rng(9)
X, Y = generator.normal(size=(5, 3)), np.eye(3)[[0, 1, 2, 0, 1]]


def nudged(layer: int, j: int, k: int, x: np.ndarray, y: np.ndarray, h: float = 1e-5) -> float:
    """Return (J(w + h) − J(w − h)) / 2h for the weight w from unit k to unit j of a layer."""
    up, down = ([weight.copy() for weight in weights] for _ in range(2))
    up[layer - 1][j, k] += h
    down[layer - 1][j, k] -= h
    costs = [reference.cost(W, biases, activations, "squared_error", "mean", x, y) for W in (up, down)]
    return (costs[0] - costs[1]) / (2 * h)


tried = nudged(1, 2, 0, X[:1], Y[:1])
say(
    f"weight from input 1 to unit 3 of layer 1, tried: {tried:.9f}",
    f"从输入 1 到第 1 层神经元 3 的权重，试探得到：{tried:.9f}",
)

# %%
# A chain of single units
# -----------------------
# Take one unit a layer first: :math:`x \to z_1 \to a_1 \to z_2 \to a_2 \to J`. Each arrow is a simple function, and the
# derivative of the whole is the product of the derivatives of the arrows:
#
# .. math::
#    \frac{\partial J}{\partial w_2} = \frac{\partial J}{\partial a_2} \cdot \sigma'(z_2) \cdot a_1, \qquad
#    \frac{\partial J}{\partial w_1} = \frac{\partial J}{\partial a_2} \cdot \sigma'(z_2) \cdot w_2 \cdot \sigma'(z_1)
#    \cdot x
#
# Both begin with the same two factors. Computed once, from the end to the beginning, they leave three more factors for
# the second derivative. So what is reused gets a symbol: δ, the derivative by the weighted sum:
#
# .. math:: \delta^{[l]} = \frac{\partial J}{\partial z^{[l]}}
#
# Why by z, and not by a? Because z is where W, b and the layer below meet: all three are one step away from it.
#
# Step 1: δ at the output
# -----------------------
# With many units, :math:`z_j` of the last layer changes only its own :math:`a_j = \sigma(z_j)`, and so the cost by
# :math:`\partial J / \partial a_j \cdot \sigma'(z_j)`. For all j at once, multiply entry by entry; that is the
# Hadamard product ⊙:
#
# .. _formula-output-delta:
#
# .. math:: \delta^{[L]} = \frac{\partial J}{\partial a^{[L]}} \odot \sigma'(z^{[L]})
#
# Softmax is the exception: there every z changes every a, and the product with its whole Jacobian takes the place of
# ⊙. The code has both.

show_code(through_activation)

x, y = X[0], Y[0]
layers = matrix_forward(weights, biases, activations, x)
delta_3 = through_activation("sigmoid", layers[2].z, LOSS_SLOPES["squared_error"](layers[2].a, y))
print("∂J/∂a[3] = a − y =", *(layers[2].a - y).round(4))
print("δ[3]             =", *delta_3.round(4))

# %%
# Step 2: δ of a hidden layer
# ---------------------------
# The output :math:`a_k` of a hidden unit enters every sum of the layer above, :math:`z^{[l+1]}_j = \sum_k w_{jk} a_k +
# b_j`, each with its own weight. Its effect on the cost is the sum over these paths:
#
# .. math:: \frac{\partial J}{\partial a^{[l]}_k} = \sum_j \frac{\partial J}{\partial z^{[l+1]}_j}
#           \frac{\partial z^{[l+1]}_j}{\partial a^{[l]}_k} = \sum_j \delta^{[l+1]}_j w^{[l+1]}_{jk}
#
# The forward pass sums over k, along a row of W. This sums over j, along a column: it is the product with the
# transpose. From a to z it is one factor more, as at the output:
#
# .. _formula-hidden-delta:
#
# .. math:: \delta^{[l]} = \bigl(W^{[l+1]}\bigr)^T \delta^{[l+1]} \odot \sigma'(z^{[l]})
#
# In one line, from sum to sum and for all units at once:
#
# .. _formula-sum-to-sum:
#
# .. math:: \frac{\partial z^{[l+1]}}{\partial z^{[l]}} = W^{[l+1]} \operatorname{diag}\bigl(\sigma'(z^{[l]})\bigr)
#
# This is the key step of the blog post. Its transpose, times :math:`\delta^{[l+1]}`, is the formula above: with δ of
# the last layer known, **induction** gives δ of every layer. (One of the texts has a further factor :math:`da^{[l-1]}`
# on the right-hand side. That is a typo: :math:`da^{[l-1]}` is what is being computed.)
#
# So the errors run backwards along the same connections as the outputs run forwards. In the package every layer
# computes its own δ, and hands :math:`W^T \delta` down:

show_code(DNN.backward, Dense.delta)

delta_2 = through_activation("tanh", layers[1].z, weights[2].T @ delta_3)
delta_1 = through_activation("tanh", layers[0].z, weights[1].T @ delta_2)
step_2_to_3 = weights[2] @ np.diag(1 - np.tanh(layers[1].z) ** 2)  # ∂z[3]/∂z[2]
np.testing.assert_allclose(step_2_to_3.T @ delta_3, delta_2, rtol=1e-12)
print("δ[2] =", *delta_2.round(4))
print("δ[1] =", *delta_1.round(4))

# %%
# Step 3: the gradients
# ---------------------
# A weight :math:`w_{jk}` occurs in one place, as the factor of :math:`a^{[l-1]}_k` in :math:`z^{[l]}_j`. One factor
# more, and it is done: :math:`\partial J / \partial w_{jk} = \delta_j a_k`, for all j and k the outer product
#
# .. _formula-weight-gradient:
#
# .. math:: \frac{\partial J}{\partial W^{[l]}} = \delta^{[l]} \bigl(a^{[l-1]}\bigr)^T
#
# The bias is a summand of z, with derivative 1:
#
# .. _formula-bias-gradient:
#
# .. math:: \frac{\partial J}{\partial b^{[l]}} = \delta^{[l]}
#
# These four formulas are the whole algorithm. For one sample, as a text would write it down:

show_code(sample_gradients)

one = sample_gradients(weights, biases, activations, "squared_error", x, y)
np.testing.assert_allclose(one[0][0], np.outer(delta_1, x), rtol=1e-12)
say(
    f"the weight that was tried: by backpropagation {one[0][0][2, 0]:.9f}, by trying {tried:.9f}",
    f"试探过的那个权重：反向传播得到 {one[0][0][2, 0]:.9f}，试探得到 {tried:.9f}",
)
np.testing.assert_allclose(one[0][0][2, 0], tried, rtol=1e-6)

figure, (upper, lower) = plt.subplots(2, 1, figsize=(8.5, 9.6))
names = name_layers(["x", "a[1]", "a[2]", "a[3]"])
draw_network(upper, [x, *(layer.a for layer in layers)], weights, names, biases=biases)
upper.set_title(label("Forward: outputs a, lines are weights", "前向：输出 a，线为权重"))
deltas = [weights[0].T @ delta_1, delta_1, delta_2, delta_3]
names = name_layers(["∂J/∂x", "δ[1]", "δ[2]", "δ[3]"])
draw_network(lower, deltas, [dW for dW, _ in one], names, backward=True)
lower.set_title(label("Backward: δ, lines are gradients of the weights", "反向：δ，线为权重的梯度"))
figure.suptitle(label("Outputs run forward, errors run back over the same lines", "输出向前传，误差沿同样的线传回"))

# %%
# Many samples: a loop, or a product
# ----------------------------------
# The cost is a mean over samples, so its gradient is the mean of theirs. The loop does it literally: for each sample
# forward and backward, then add up.

show_code(looped_gradients)

# %%
# The package has the samples as rows. Then the product :math:`\delta^T X` sums over the samples by itself, for the
# inner index of that product is the sample: (O × N)(N × I). No loop is left. The 1/N is already in :math:`\partial J /
# \partial a`, so it is nowhere else.

show_code(Dense.backward, affine_vjp, HandwrittenGradient.propagate_error_back)

gradient = HandwrittenGradient(network, Cost("squared_error"))
a, caches = gradient.propagate_forward(Tensor(X))
J, vectorised = gradient.propagate_error_back(a, caches, Tensor(Y))
of_layers = looped_gradients(weights, biases, activations, "squared_error", "mean", X, Y)
looped = [part for layer in of_layers for part in layer]
for name, fast, slow in zip(network.parameter_names, vectorised, looped, strict=True):
    difference = np.abs(fast.asnumpy() - slow).max()
    say(
        f"{name:15s} {shape_text(fast.shape):>4s}  loop and product differ by {difference:.1e}",
        f"{name:15s} {shape_text(fast.shape):>4s}  循环与乘积相差 {difference:.1e}",
    )
    np.testing.assert_allclose(fast.asnumpy(), slow, rtol=1e-10, atol=1e-15)

da = Cost("squared_error").forward_backward(a, Tensor(Y))[1]
delta_of_all = []
for layer, cache in zip(reversed(network.layers), reversed(caches), strict=True):
    delta_of_all.insert(0, layer.delta(cache, da).asnumpy())
    da = layer.backward(cache, da)[0]

figure, axes = plt.subplots(figsize=(7, 2.8))
parts = [("δᵀ", delta_of_all[0].T), "·", ("X", X), "=", ("∂J/∂W[1]", vectorised[0].asnumpy())]
draw_arrays(axes, parts, widest=14, tallest=5)
figure.suptitle(label("Five samples in one product: the sum over them is inside", "五个样本一次乘完：求和就在乘积之中"))

# %%
# What the caches keep
# --------------------
# The lines of the backward pass contain numbers of the forward pass: :math:`a^{[l-1]}` in the gradient of W, and
# :math:`z^{[l]}` in σ′ (or :math:`a^{[l]}`, where σ′ is cheaper from there: 1 − a² for tanh). To compute them a second
# time would cost another forward pass, so every layer stores three arrays: its input, z, and a. W and b need no cache,
# they are in the layer anyway and do not change until the step is made.
#
# That is the price of backpropagation: memory. It grows with the samples of a mini-batch and with the depth, and all of
# it is kept until the backward pass.

show_code(dense, Dense.forward)

for number, cache in enumerate(caches, start=1):
    print(
        label(f"cache {number}:", f"缓存 {number}："),
        ", ".join(f"{name} {shape_text(part.shape)}" for name, part in zip("xza", cache, strict=True)),
    )
shared = all(np.array_equal(caches[i][2].asnumpy(), caches[i + 1][0].asnumpy()) for i in range(2))
print(label("the a of one layer is the x of the next:", "一层的 a 就是下一层的 x："), shared)

# %%
# The whole pass as a flow of blocks, one a layer: forward from left to right along the top, backward from right to left
# along the bottom, and between them what the **caches** hand down.

figure, axes = plt.subplots(figsize=(9, 3.8))
draw_flow(axes, 3)
figure.suptitle(label("Blocks and caches: forward above, backward below", "模块与缓存：上面前向，下面反向"))

# %%
# What it costs
# -------------
# Count the multiplications in the products of matrices, for one sample. Forward, layer l multiplies every weight once:
# n[l] · n[l − 1]. Backward it does so twice, once for :math:`\delta a^T` and once for :math:`W^T \delta`. (The second
# is not needed in the first layer: x is not trained. The package computes it all the same, to show the effect of an
# input.) Derivatives of activations and sums are a few more for each unit, not for each weight.
#
# So a gradient of **all** parameters costs some three forward passes. Trying each parameter up and down costs two
# passes for every one of them.


def multiplications(widths: tuple[int, ...]) -> tuple[int, int, int]:
    """Return those of a forward pass, of the backward pass, and of central differences for every weight and bias."""
    forward = sum(above * below for below, above in pairwise(widths))
    return forward, 2 * forward, 2 * (forward + sum(widths[1:])) * forward


shown = ((3, 4, 2, 3), (64, 32, 10), (784, 128, 64, 10), (12288, 256, 64, 1))
for widths in shown:
    forward, backward, differences = multiplications(widths)
    name = "-".join(map(str, widths))
    say(
        f"{name:16s} forward {forward:>9,}  backward {backward:>9,}  by trying {differences:>18,}",
        f"{name:16s} 前向 {forward:>9,}  反向 {backward:>9,}  逐个试探 {differences:>18,}",
    )

figure, axes = plt.subplots(figsize=(7, 3.8))
breadths = 2 ** np.arange(2, 11)
counts = np.array([multiplications((int(n),) * 4) for n in breadths], dtype=float)
names = (label("forward", "前向"), label("backward", "反向"), label("trying every parameter", "逐个参数试探"))
for column, (name, marks) in enumerate(zip(names, ("o-", "s--", "^:"), strict=True)):
    axes.loglog(breadths, counts[:, column], marks, label=name)
axes.set(
    xlabel=label("units in each of three layers", "三层中每层的神经元数"),
    ylabel=label("multiplications, one sample", "乘法次数（一个样本）"),
)
axes.legend()
figure.suptitle(label("Backward is twice forward; trying is out of reach", "反向是前向的两倍；逐个试探无法承受"))

# %%
# Questions
# ---------
# 1. *With a sigmoid at the output and cross-entropy, what is δ[L]?* :math:`a - y`: the derivative of the loss,
#    :math:`-y/a + (1-y)/(1-a)`, is multiplied by a (1 − a), and everything that could be small cancels. With the
#    squared error the factor a (1 − a) stays, and an output that is wrong and sure of it hardly learns.

sure = np.array([-6.0, -6.0, 6.0])  # z: wrong for the first, right for the others
a_sure = reference.activate("sigmoid", sure)
target = np.array([1.0, 0.0, 1.0])
by_entropy = through_activation("sigmoid", sure, LOSS_SLOPES["binary_cross_entropy"](a_sure, target))
by_squares = through_activation("sigmoid", sure, LOSS_SLOPES["squared_error"](a_sure, target))
check_answer(1, np.allclose(by_entropy, a_sure - target) and abs(by_entropy[0]) > 100 * abs(by_squares[0]))

# %%
# 2. *A common error: σ′ is taken at a instead of z. Is it noticed?* Not in the shapes, and not at once in the training.
#    Trying one weight shows it.

wrong = through_activation("tanh", layers[0].a, weights[1].T @ delta_2)
difference = nudged(1, 2, 0, X[:1], Y[:1])
check_answer(
    2, np.isclose(delta_1[2] * x[0], difference, rtol=1e-6) and not np.isclose(wrong[2] * x[0], difference, rtol=1e-3)
)

# %%
# 3. *A hidden unit with ReLU has z < 0 for every sample. What do its weights learn?* Nothing: its σ′ is 0, and with it
#    its δ and its row of the gradient. Such a unit is called dead.

low = [biases[0] - np.array([0.0, 100.0, 0.0, 0.0]), *biases[1:]]
dead = looped_gradients(weights, low, ("relu", "tanh", "sigmoid"), "squared_error", "mean", X, Y)[0][0]
check_answer(3, (dead[1] == 0).all() and np.any(dead[[0, 2, 3]] != 0))
