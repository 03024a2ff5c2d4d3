r"""01 · The perceptron
===================

A unit is shown two kinds of flowers, and at first it is wrong about half of them. How can it learn from its errors
alone, and when will it never stop making them? The perceptron weighs its inputs, adds a bias and predicts one of two
classes. It converges only where a straight line separates them.

:Teaches: the weighted sum, the sign as an output, the perceptron loss and its rule, and what "separable" means.
:Needs: nothing; two kinds of iris from scikit-learn's bundled data; about 20 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from sklearn.datasets import load_iris

from ms_dnn import Cost, HandwrittenGradient, Perceptron
from ms_dnn.data.separability import linearly_separable
from ms_dnn.errors import NoDerivativeError
from ms_dnn.maths.activations import sign
from ms_dnn.maths.affine import affine
from ms_dnn.maths.losses import perceptron, perceptron_gradient
from ms_dnn.presentation.plots import CLASS_COLOURS
from ms_dnn.series.chapter import BLUE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend, with_parameters
from ms_dnn.series.pictures import draw_decision, frame_legend

begin()

# %%
# A weighted sum and a sign
# -------------------------
# The perceptron multiplies each input by a weight, adds the products and a bias, and gets one number:
#
# .. _formula-perceptron-sum:
#
# .. math:: z = w \cdot x + b
#
# A weight says how much its input matters: a feature whose weight is 0 is ignored, and of features of the same size the
# one with the larger :math:`|w_k|` is the more **important**. The sign says in which direction it pulls. The bias
# shifts the threshold that the sum has to pass.
#
# In the package one sample is one **row**, so a layer of several units on many samples at once is
# :math:`z = x W^T + b`; with one unit and one row that is the line above.

show_code(affine)

x = Tensor(np.array([[2.0, -1.0, 0.5]], np.float32))  # one sample with three features
w = Tensor(np.array([[0.5, 1.0, 2.0]], np.float32))
b = Tensor(np.array([0.25], np.float32))
z = affine(x, w, b)
print(f"z = 0.5 · 2 + 1 · (−1) + 2 · 0.5 + 0.25 = {z.asnumpy()[0, 0]}")

# %%
# The output is the side of zero on which z lies. Zero itself needs a convention; here the output is −1:
#
# .. _formula-perceptron-answer:
#
# .. math:: a = \operatorname{sign}(z) = \begin{cases} +1 & z > 0 \\ -1 & z \le 0 \end{cases}

show_code(sign)
print(
    label("sign of −2, 0 and 3:", "−2、0、3 的符号："), sign(Tensor(np.array([-2.0, 0.0, 3.0], np.float32))).asnumpy()
)

# %%
# The perceptron rule
# -------------------
# The derivative of the sign is 0 on both sides of its jump, so it cannot say in which direction w should move. What can
# be differentiated is how far z lies on the wrong side. For a target y of +1 or −1:
#
# .. _formula-perceptron-loss:
#
# .. math:: \ell = \max(0, -y z), \qquad \frac{d\ell}{dz} = \begin{cases} -y & y z < 0 \\ 0 & y z \ge 0 \end{cases}
#
# A sample on the right side has loss 0 and gradient 0. One on the wrong side changes w: after :math:`w \leftarrow w +
# r\, y\, x` its own z is nearer to the right side, by :math:`r \lVert x \rVert^2`.

show_code(perceptron, perceptron_gradient)

figure, axes = plt.subplots(figsize=(6, 3.2))
margins = np.linspace(-2, 2, 201, dtype=np.float32)[:, None]
losses = perceptron(Tensor(margins), Tensor(np.ones_like(margins))).asnumpy()
axes.plot(margins[:, 0], losses)
axes.axvline(0, color="0.8", linewidth=1)
axes.set(xlabel="y z", ylabel=label("loss", "损失"))
figure.suptitle(
    label(
        "The perceptron loss: 0 on the right side, linear on the wrong",
        "感知机损失：分对为零，分错则线性",
    )
)

# %%
# Two kinds of iris
# -----------------
# Setosa and versicolor, by length and width of the sepal. The classes become −1 and +1, and the features are moved to
# mean 0, for a line far away from the origin is slow to find.

iris = load_iris()
kinds = iris.target < 2
features = (iris.data[kinds, :2] - iris.data[kinds, :2].mean(0)).astype(np.float32)
classes = iris.target[kinds]
y = np.where(classes == 1, 1.0, -1.0).astype(np.float32)[:, None]
print(label("linearly separable:", "线性可分："), linearly_separable(features, y[:, 0]))

# %%
# Rosenblatt's rule looks at one sample at a time, in random order. w starts at a small number instead of 0, because at
# z = 0 the loss has its kink, and all gradients would be 0.

order = np.random.default_rng(4).permutation(len(features))
one_by_one = [order[i : i + 1] for i in range(len(order))]


def correct(samples: np.ndarray, targets: np.ndarray, epochs: int) -> tuple[Perceptron, np.ndarray, np.ndarray]:
    """Return the trained perceptron, the costs of its steps, and (w₁, w₂, b) at the start and after each step."""
    unit = with_parameters(Perceptron(2), [[[0.01, 0.01]], [0.0]])
    rates = [0.1] * (epochs * len(samples))
    way = descend(unit, Cost("perceptron"), samples, targets, rates, batches=one_by_one)
    return unit, way.costs, np.hstack([way.ways["layers.0.weight"][:, 0], way.ways["layers.0.bias"]])


unit, costs, ways = correct(features, y, epochs=8)
corrections = [int((costs[start : start + 100] > 0).sum()) for start in range(0, len(costs), 100)]
print(label("corrections in each round:", "每一轮的修正次数："), corrections)
wrong = int((unit.decide(Tensor(features)) != y).sum())
say(f"misclassified at the end: {wrong} of {len(y)}", f"最后判错 {wrong} 个，共 {len(y)} 个")

# %%
# Once no sample is on the wrong side, all gradients are 0: the perceptron has converged. That this takes finitely many
# corrections, however the samples are ordered, is Novikoff's theorem of 1962, and it holds for separable classes alone.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
names = [str(name) for name in iris.target_names[:2]]
draw_decision(left, lambda points: unit.decide(Tensor(points))[:, 0] > 0, features, classes, names)
left.set(
    xlabel=label("sepal length, cm from the mean", "萼片长度（去均值，cm）"),
    ylabel=label("sepal width, cm from the mean", "萼片宽度（去均值，cm）"),
    title=label("Setosa and versicolor are separated", "山鸢尾与变色鸢尾被分开"),
)
frame_legend(left, "lower right")
reach = np.array([features[:, 0].min(), features[:, 0].max()])
changed = np.flatnonzero(np.any(np.diff(ways, axis=0), axis=1)) + 1
for number, step in enumerate(changed, start=1):
    w1, w2, bias = ways[step]
    last = number == len(changed)
    named = number == 1 or last
    right.plot(
        reach,
        -(w1 * reach + bias) / w2,
        color="black" if last else BLUE,
        alpha=(1 + 3 * number / len(changed)) / 4,
        linestyle="-" if last else "--",
        label=label(f"after correction {number}", f"第 {number} 次修正之后") if named else None,
    )
for value, marker in ((0, "o"), (1, "s")):
    own = features[classes == value]
    right.scatter(own[:, 0], own[:, 1], s=14, color=CLASS_COLOURS[value], marker=marker)
right.set(
    xlim=left.get_xlim(),
    ylim=left.get_ylim(),
    xlabel=left.get_xlabel(),
    title=label("The line after each correction", "每次修正之后的分界线"),
)
right.legend(loc="lower right", frameon=True)

# %%
# What it cannot learn
# --------------------
# Versicolor and virginica overlap in these two features. A linear program proves that no line separates them, and the
# perceptron never converges: each correction for one sample puts another on the wrong side.

others = iris.target > 0
overlapping = (iris.data[others, :2] - iris.data[others, :2].mean(0)).astype(np.float32)
targets = np.where(iris.target[others] == 2, 1.0, -1.0).astype(np.float32)[:, None]
print(label("linearly separable:", "线性可分："), linearly_separable(overlapping, targets[:, 0]))
_, costs, _ = correct(overlapping, targets, epochs=8)
still = [int((costs[start : start + 100] > 0).sum()) for start in range(0, len(costs), 100)]
print(label("corrections in each round:", "每一轮的修正次数："), still)

figure, axes = plt.subplots(figsize=(6.5, 3.4))
rounds = np.arange(1, 9)
axes.plot(rounds, corrections, "o-", label=label("separable", "线性可分"))
axes.plot(rounds, still, "s--", label=label("not separable", "线性不可分"))
axes.set(xlabel=label("round", "轮次"), ylabel=label("corrections", "修正次数"))
axes.legend()
figure.suptitle(label("Only where a line exists do the corrections end", "只有存在分界线时，修正才会停止"))

# %%
# Questions
# ---------
# 1. *How do the outputs change when w and b are both doubled?* Not at all: z doubles, its sign stays. The line depends
#    on the direction of w, not on its length.

doubled = with_parameters(Perceptron(2), [2 * parameter.asnumpy() for parameter in unit.trainable_params()])
check_answer(1, (doubled.decide(Tensor(features)) == unit.decide(Tensor(features))).all())

# %%
# 2. *A sample x lies on the wrong side, with y = +1. By how much does its z grow in one step of rate r on it?* By
#    :math:`r (\lVert x \rVert^2 + 1)`: w gains :math:`r x`, which adds :math:`r\, x \cdot x`, and b gains r.

learner = with_parameters(Perceptron(2), [[[-1.0, -1.0]], [0.0]])
sample = np.array([[0.6, 0.8]], np.float32)
before = float(learner(Tensor(sample))[0, 0])
descend(learner, Cost("perceptron"), sample, [[1.0]], [0.1])
check_answer(2, np.isclose(float(learner(Tensor(sample))[0, 0]) - before, 0.1 * (1.0 + 1)))

# %%
# 3. *Why does the gradient of a network with the sign in its last layer stop with an error?* Because it would be 0
#    everywhere it exists: a training that changes nothing should raise an error.

try:
    HandwrittenGradient(Perceptron(2), Cost("zero_one"))
except NoDerivativeError as error:
    print(error)
    check_answer(3, "no useful gradient" in str(error))
