r"""18 · One network by pencil
==========================

A network says 42 %, and the right answer is "yes". It has nine numbers. Which of them are to blame, by how much, and
what must each of them become, so that it says 94 %?

:Teaches: every product of one training step on paper (forward, loss, backward, update), and the same step by loops, by
   MindSpore alone and by the package, all with the same numbers.
:Needs: a pencil; best read after chapter 09, or in its place if you would rather calculate than derive; about 5
   seconds.
"""

import math

import mindspore as ms
import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor, nn, ops

from ms_dnn import Cost, HandwrittenGradient, ShallowNetwork
from ms_dnn.gradients.blog import batch_gradient_descent, sample_gradients
from ms_dnn.series import pencil
from ms_dnn.series.chapter import BLUE, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend, with_parameters
from ms_dnn.series.pictures import draw_network, name_layers

begin()

# %%
# The network
# -----------
# Two inputs, two hidden units, one output, the sigmoid :math:`\sigma(z) = 1 / (1 + e^{-z})` in every unit: a 2-2-1
# network. Six weights and three biases, each with one decimal. One sample, :math:`x = (1, 3)`, and its target
# :math:`y = 1`, which means "yes".

((w11, w12), (w21, w22)), ((v1, v2),) = pencil.WEIGHTS
(b1, b2), (c,) = pencil.BIASES
((x1, x2),), ((y,),) = pencil.X, pencil.Y


def sigmoid(z: float) -> float:
    """Return 1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + math.exp(-z))


def text(number: float) -> str:
    """Return a number with up to four decimals, and with a true minus sign."""
    return f"{number:.4f}".rstrip("0").rstrip(".").replace("-", "−")


def product(*factors: float) -> str:
    """Return a product as it is written on paper, negative factors in brackets where they need them."""
    first, *others = (text(factor) for factor in factors)
    return " · ".join([first, *(f"({other})" if other.startswith("−") else other for other in others)])


def line(name: str, terms: list[tuple[float, ...]], value: float) -> None:
    """Print a sum of products with its numbers, and its value."""
    written = " + ".join(product(*term) for term in terms).replace("+ −", "− ")
    print(f"{name:<5} = {written} = {text(value)}")


# %%
# Forward
# -------
# Each unit multiplies its inputs by its weights, adds the products and its bias, and applies the sigmoid. The outputs
# of the hidden units are the inputs of the last one. Calculate along; four decimals are enough on paper, and the
# program carries all of them.

z1, z2 = w11 * x1 + w12 * x2 + b1, w21 * x1 + w22 * x2 + b2
h1, h2 = sigmoid(z1), sigmoid(z2)
z = v1 * h1 + v2 * h2 + c
a = sigmoid(z)
line("z₁", [(w11, x1), (w12, x2), (b1,)], z1)
line("z₂", [(w21, x1), (w22, x2), (b2,)], z2)
print(f"h₁    = σ({text(z1)}) = {text(h1)}")
print(f"h₂    = σ({text(z2)}) = {text(h2)}")
line("z", [(v1, h1), (v2, h2), (c,)], z)
print(f"a     = σ({text(z)}) = {text(a)}")

figure, axes = plt.subplots(figsize=(7, 4))
draw_network(
    axes, [[x1, x2], [h1, h2], [a]], pencil.WEIGHTS, name_layers(["x", "h", "a"]), biases=pencil.BIASES
)  # fmt: skip
figure.suptitle(
    label("The network: weights on the lines, biases below the units", "这个网络：线上是权重，神经元下方是偏置")
)

# %%
# The loss
# --------
# The loss is the binary cross-entropy, minus the logarithm of the probability that the network gives to the truth:
#
# .. math:: \ell = -\left[\, y \ln a + (1 - y) \ln (1 - a) \,\right]
#
# With y = 1 only the first term is left.


def loss_of(a: float) -> float:
    """Return the cross-entropy of an output a."""
    return -(y * math.log(a) + (1 - y) * math.log(1 - a))


loss = loss_of(a)
print(f"ℓ     = −ln {text(a)} = {text(loss)}")

# %%
# Backward
# --------
# Now from right to left. First ask how the loss changes with the output, then with z, the sum inside the last unit:
#
# .. math::
#
#    \frac{\partial \ell}{\partial a} = -\frac{y}{a} + \frac{1 - y}{1 - a}, \qquad
#    \delta = \frac{\partial \ell}{\partial z} = \frac{\partial \ell}{\partial a} \cdot a (1 - a)
#
# The second factor is the derivative of the sigmoid. The product is :math:`a - y`, as chapter 02 found.

da = -y / a + (1 - y) / (1 - a)
delta = da * a * (1 - a)
print(f"∂ℓ/∂a = −1 / {text(a)} = {text(da)}")
line("δ", [(da, a, 1 - a)], delta)
np.testing.assert_allclose(delta, a - y, rtol=1e-12)

# %%
# A weight v₁ stands in z as a factor of h₁. So its gradient is δ times h₁, and that of the bias is δ itself. And h₁
# stands there as a factor of v₁: that is the way on to the hidden layer.

dv1, dv2, dc = delta * h1, delta * h2, delta
dh1, dh2 = v1 * delta, v2 * delta
line("∂ℓ/∂v₁", [(delta, h1)], dv1)
line("∂ℓ/∂v₂", [(delta, h2)], dv2)
print(f"∂ℓ/∂c = δ = {text(dc)}")
line("∂ℓ/∂h₁", [(v1, delta)], dh1)
line("∂ℓ/∂h₂", [(v2, delta)], dh2)

# %%
# In the hidden layer the same again: times the derivative of the sigmoid, :math:`h (1 - h)`, which gives δ₁ and δ₂;
# then times the inputs.

delta1, delta2 = dh1 * h1 * (1 - h1), dh2 * h2 * (1 - h2)
line("δ₁", [(dh1, h1, 1 - h1)], delta1)
line("δ₂", [(dh2, h2, 1 - h2)], delta2)
dw11, dw12, dw21, dw22 = delta1 * x1, delta1 * x2, delta2 * x1, delta2 * x2
for name, factors, value in (
    ("∂ℓ/∂w₁₁", (delta1, x1), dw11),
    ("∂ℓ/∂w₁₂", (delta1, x2), dw12),
    ("∂ℓ/∂w₂₁", (delta2, x1), dw21),
    ("∂ℓ/∂w₂₂", (delta2, x2), dw22),
):
    line(name, [factors], value)
print(f"∂ℓ/∂b₁ = δ₁ = {text(delta1)}, ∂ℓ/∂b₂ = δ₂ = {text(delta2)}")

# %%
# So much for the blame. The largest gradient belongs to w₁₂: its input is the largest, and the weight v₁ behind it
# is, too. A negative gradient asks for a larger number, a positive one for a smaller.

names = ["w₁₁", "w₁₂", "w₂₁", "w₂₂", "b₁", "b₂", "v₁", "v₂", "c"]
before = np.array([w11, w12, w21, w22, b1, b2, v1, v2, c])
gradient = np.array([dw11, dw12, dw21, dw22, delta1, delta2, dv1, dv2, dc])
figure, axes = plt.subplots(figsize=(7, 3.6))
bars = axes.barh(names, gradient, color=[ORANGE if value < 0 else BLUE for value in gradient])
axes.bar_label(bars, [text(value) for value in gradient], padding=3)
axes.axvline(0, color=GREY, linewidth=1)
axes.margins(x=0.15)
axes.invert_yaxis()
axes.set_xlabel(label("gradient of the loss", "损失的梯度"))
figure.suptitle(
    label("Who is to blame: the gradients of the nine numbers", "责任如何分摊：九个参数各自的梯度")
)  # fmt: skip

# %%
# Update
# ------
# Each number gives up r times its gradient, :math:`w' = w - r \, \partial \ell / \partial w`, here with the learning
# rate r = 1. All gradients were computed with the old numbers, so the order does not matter.

r = pencil.RATE
after = before - r * gradient
for name, old, slope, new in zip(names, before, gradient, after, strict=True):
    minus_gradient = f"+ {text(-slope)}" if slope < 0 else f"− {text(slope)}"
    print(f"{name:<4} = {text(old)} {minus_gradient} = {text(new)}")


def output(numbers: np.ndarray) -> float:
    """Return a of the network with these nine numbers."""
    w11, w12, w21, w22, b1, b2, v1, v2, c = numbers
    first, second = sigmoid(w11 * x1 + w12 * x2 + b1), sigmoid(w21 * x1 + w22 * x2 + b2)
    return sigmoid(v1 * first + v2 * second + c)


new_a = output(after)
print(label("output:", "输出："), f"{a:.3f} → {new_a:.3f}")
print(label("loss:", "损失："), f"{loss:.3f} → {loss_of(new_a):.3f}")

# %%
# From 42 % to 94 % in one step. Was r = 1 a good choice? Go along the same line with other rates: the loss falls at
# first as steeply as the gradient promises (the dashed line), and then less.

rates = np.linspace(0, 3, 121)
losses = [loss_of(output(before - rate * gradient)) for rate in rates]
figure, axes = plt.subplots(figsize=(7, 3.6))
axes.plot(rates, losses, color=BLUE)
near = rates[rates <= 0.3]
axes.plot(
    near,
    loss - near * (gradient @ gradient),
    "--",
    color=GREY,
    label=label("as the gradient promises", "梯度所预示的下降"),
)
axes.plot(0, loss, "s", color=ORANGE, markersize=8, label=label("before the step", "更新之前"))
axes.plot(r, loss_of(new_a), "*", color=ORANGE, markersize=14, label=label("after it, r = 1", "更新之后（r = 1）"))
axes.set(xlabel=label("learning rate r", "学习率 r"), ylabel=label("loss", "损失"), ylim=(0, None))
axes.legend()
figure.suptitle(label("The loss after one step, for every rate", "不同学习率下，一步之后的损失"))

# %%
# The same by loops
# -----------------
# ``ms_dnn/gradients/blog.py`` is the algorithm of the blog post, with loops and without MindSpore. One sample, one
# iteration:

show_code(sample_gradients)

(of_hidden, of_output) = sample_gradients(
    pencil.WEIGHTS, pencil.BIASES, pencil.ACTIVATIONS, pencil.LOSS, pencil.X[0], pencil.Y[0]
)
by_loops = np.concatenate([part.ravel() for part in (*of_hidden, *of_output)])
trained = batch_gradient_descent(
    pencil.WEIGHTS, pencil.BIASES, pencil.ACTIVATIONS, pencil.LOSS, pencil.X, pencil.Y, r, max_iterations=1, tolerance=0
)
np.testing.assert_allclose(by_loops, gradient, rtol=1e-12)
np.testing.assert_allclose(trained.costs, [loss, loss_of(new_a)], rtol=1e-12)
print(label("loss by the loops:", "用循环计算的损失："), " → ".join(text(cost) for cost in trained.costs))

# %%
# The same by MindSpore alone
# ---------------------------
# A dozen lines are the whole network and its loss. A network is a **Cell**: its constructor makes the layers, its
# ``construct`` is the forward pass. ``nn.Dense`` is the fully connected layer. Nothing says how to go backward.

W1, W2 = (Tensor(np.array(weight, np.float32)) for weight in pencil.WEIGHTS)
B1, B2 = (Tensor(np.array(bias, np.float32)) for bias in pencil.BIASES)
sample, target = Tensor(np.array(pencil.X, np.float32)), Tensor(np.array(pencil.Y, np.float32))


class Network(nn.Cell):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Dense(2, 2, W1, B1)
        self.output = nn.Dense(2, 1, W2, B2)

    def construct(self, x):
        return ops.sigmoid(self.output(ops.sigmoid(self.hidden(x))))


network = Network()


def cost_of(x, y):
    a = network(x)
    return -(y * ops.log(a) + (1 - y) * ops.log(1 - a)).mean()


# %%
# MindSpore derives the backward pass by itself. There are two calls for it. ``GradOperation`` returns the gradients
# alone; with ``get_by_list`` they are those of the parameters that it is given. ``value_and_grad`` returns the cost as
# well, from the same pass, and is what a training loop needs.

parameters = ms.ParameterTuple(network.trainable_params())

by_gradoperation = ops.GradOperation(get_by_list=True)(cost_of, parameters)(sample, target)
J, by_value_and_grad = ms.value_and_grad(cost_of, None, parameters)(sample, target)

for parameter, dw in zip(parameters, by_value_and_grad, strict=True):
    ops.assign_sub(parameter, r * dw)  # update

# %%
# The numbers are float32, MindSpore's default, with about seven digits. To that precision they are those on paper.

by_mindspore = np.concatenate([dw.asnumpy().ravel() for dw in by_value_and_grad])
for one, other in zip(by_gradoperation, by_value_and_grad, strict=True):
    np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())
np.testing.assert_allclose(by_mindspore, gradient, rtol=1e-5)
np.testing.assert_allclose(float(J), loss, rtol=1e-5)
np.testing.assert_allclose(network(sample).asnumpy()[0, 0], new_a, rtol=1e-5)
print(label("output by MindSpore, after the update:", "更新之后 MindSpore 给出的输出："), network(sample))

# %%
# The same by the package
# -----------------------
# Here the backward pass is written by hand, as above, for all samples of a batch at once.

show_code(HandwrittenGradient.propagate_forward, HandwrittenGradient.propagate_error_back)

numbers = [part for pair in zip(pencil.WEIGHTS, pencil.BIASES, strict=True) for part in pair]
by_hand = with_parameters(ShallowNetwork(2, 2, 1, *pencil.ACTIVATIONS, dtype="float64"), numbers)
x_rows, y_rows = Tensor(np.array(pencil.X)), Tensor(np.array(pencil.Y))
J_of_package, gradients = HandwrittenGradient(by_hand, Cost(pencil.LOSS))(x_rows, y_rows)
of_package = np.concatenate([dw.asnumpy().ravel() for dw in gradients])
np.testing.assert_allclose(of_package, gradient, rtol=1e-12)
np.testing.assert_allclose(float(J_of_package), loss, rtol=1e-12)
descend(by_hand, Cost(pencil.LOSS), pencil.X, pencil.Y, [r])
np.testing.assert_allclose(by_hand(x_rows).asnumpy()[0, 0], new_a, rtol=1e-12)

ways = (gradient, by_loops, by_mindspore, of_package)
say(
    "             pencil         loops     MindSpore       package",
    "               纸笔          循环     MindSpore        软件包",
)
for number, name in enumerate(names):
    print(f"{name:<6}" + "".join(f"{way[number]:14.8f}" for way in ways))

# %%
# Questions
# ---------
# 1. *The target is 0 instead of 1. How do the nine gradients change?* All of them by the same factor: every one is δ
#    times something that does not know y, and δ = a − y goes from −0.584 to 0.416.

(of_hidden, of_output) = sample_gradients(
    pencil.WEIGHTS, pencil.BIASES, pencil.ACTIVATIONS, pencil.LOSS, pencil.X[0], [0.0]
)
for_zero = np.concatenate([part.ravel() for part in (*of_hidden, *of_output)])
check_answer(1, np.allclose(for_zero / gradient, a / (a - 1)))

# %%
# 2. *How much does the loss fall in a very small step of rate r?* By :math:`r \lVert g \rVert^2`, g being all nine
#    gradients: the loss falls by g · (r g). The larger r, the less exact that is.

promised = {rate: rate * (gradient @ gradient) for rate in (1e-4, 1.0)}
found = {rate: loss - loss_of(output(before - rate * gradient)) for rate in promised}
check_answer(2, np.isclose(found[1e-4], promised[1e-4], rtol=1e-2) and found[1.0] < promised[1.0] / 2)

# %%
# 3. *The input x₁ is 0. Which weights do not learn from this sample?* w₁₁ and w₂₁: their gradients are δ₁ · 0 and
#    δ₂ · 0. What an input did not contribute to cannot be its weight's fault.

rest = (pencil.WEIGHTS, pencil.BIASES, pencil.ACTIVATIONS, pencil.LOSS)
((without_x1, _), _) = sample_gradients(*rest, [0.0, x2], pencil.Y[0])
check_answer(3, (without_x1[:, 0] == 0).all() and (without_x1[:, 1] != 0).all())
