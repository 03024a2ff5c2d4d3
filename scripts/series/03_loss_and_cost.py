r"""03 · Loss and cost
==================

Two predictions are wrong about the same patient: one gives the truth 40 %, the other 1 %. How much worse is the second?
A loss says how wrong one prediction is, a cost how wrong all of them are. The choice of the loss decides how large the
gradients are, and whether gradient descent surely finds the minimum.

:Teaches: five losses and their derivatives, the mean over samples, a factor to watch, logits, and convexity.
:Needs: chapter 02; the data are a dozen numbers; about 10 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor, nn

from ms_dnn import Cost
from ms_dnn.errors import NoDerivativeError
from ms_dnn.maths.activations import sigmoid, sigmoid_vjp
from ms_dnn.maths.losses import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_gradient,
    hinge,
    hinge_gradient,
    softmax_cross_entropy,
    softmax_cross_entropy_gradient,
    squared_error,
    squared_error_gradient,
    zero_one,
)
from ms_dnn.series.chapter import BLUE, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.pictures import draw_surface

begin()

# %%
# The loss of one sample
# ----------------------
# **Squares.** For an output of several numbers, as in regression: half the squared distance to the target. The half is
# there for the derivative, which becomes the plain error a − y.
#
# .. _formula-squared-error:
#
# .. math:: \ell(a, y) = \tfrac12 \lVert a - y \rVert^2, \qquad \frac{\partial \ell}{\partial a} = a - y

show_code(squared_error, squared_error_gradient)

# %%
# **Binary cross-entropy.** For a probability a of the class 1: minus the logarithm of the probability of the true
# class. To be sure and wrong costs without limit.
#
# .. _formula-binary-cross-entropy:
#
# .. math:: \ell(a, y) = -\left[\, y \ln a + (1 - y) \ln (1 - a) \,\right]

show_code(binary_cross_entropy, binary_cross_entropy_gradient)

# %%
# **Softmax cross-entropy.** For C classes of which one is true. The network outputs C free numbers, the logits z;
# :math:`\operatorname{softmax}(z)_j = e^{z_j} / \sum_k e^{z_k}` makes probabilities of them, and the loss is minus the
# logarithm of that of the true class. With the one-hot y both steps are one formula:
#
# .. _formula-softmax-cross-entropy:
#
# .. math::
#
#    \ell(z, y) = \ln \sum_k e^{z_k} - \sum_j y_j z_j, \qquad
#    \frac{\partial \ell}{\partial z} = \operatorname{softmax}(z) - y

show_code(softmax_cross_entropy, softmax_cross_entropy_gradient)
logits = Tensor(np.array([[2.0, 0.5, -1.0]]))
for true in range(3):
    loss = softmax_cross_entropy(logits, Tensor(np.eye(3)[[true]])).asnumpy()[0]
    say(f"true class {true}: loss {loss:.4f}", f"正确类别 {true}：损失 {loss:.4f}")

# %%
# Cross-entropy is a **distance of distributions**: of the true one, y, and of the one that the network gives, p. It is
# :math:`-\sum_j y_j \ln p_j`, and its least value over all p, at p = y, is the entropy of y. What lies above that is
# the Kullback–Leibler divergence, 0 where both agree and positive elsewhere. (It is no distance in the strict sense:
# the way back has another length.) A one-hot y has entropy 0, so there the loss itself is the divergence.

true_shares = np.array([[0.5, 0.3, 0.2]])
other_shares = np.array([[0.2, 0.3, 0.5], [0.45, 0.35, 0.2], [0.5, 0.3, 0.2]])
entropy = -(true_shares * np.log(true_shares)).sum()
for shares in other_shares:
    loss = softmax_cross_entropy(Tensor(np.log(shares)[None]), Tensor(true_shares)).asnumpy()[0]
    say(
        f"y = {true_shares[0]}, p = {shares}: cross-entropy {loss:.4f}, above the entropy {loss - entropy:.4f}",
        f"y = {true_shares[0]}，p = {shares}：交叉熵 {loss:.4f}，超出熵 {loss - entropy:.4f}",
    )

# %%
# **Hinge.** For outputs z whose sign decides, y being −1 or +1. It is 0, and so is its gradient, only when z is on the
# right side by at least 1. (For the perceptron's loss of chapter 01, 0 is enough.)
#
# .. _formula-hinge:
#
# .. math:: \ell(z, y) = \max(0, 1 - y z)

show_code(hinge, hinge_gradient)

# %%
# **Zero-one.** What counts in the end, the error rate, is the mean of
#
# .. _formula-zero-one:
#
# .. math:: \ell(z, y) = \begin{cases} 0 & \operatorname{sign}(z) = y \\ 1 & \operatorname{sign}(z) \ne y \end{cases}
#
# It is a step function: its derivative is 0 wherever it has one, and gives no direction. So it can be reported, but not
# be trained with, and the package raises an error:

show_code(zero_one)
try:
    Cost("zero_one")
except NoDerivativeError as error:
    print(error)

# %%
# The others take its place in training: they are surrogate losses. Over the margin y z, which is positive where the
# prediction is right:

margins = np.linspace(-3, 3, 301)[:, None]
ones = Tensor(np.ones_like(margins))
shares = np.linspace(0.01, 0.99, 197)[:, None]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
left.plot(shares, binary_cross_entropy(Tensor(shares), Tensor(np.ones_like(shares))).asnumpy(), label="−ln a")
left.plot(shares, squared_error(Tensor(shares), Tensor(np.ones_like(shares))).asnumpy(), "--", label="½ (a − 1)²")
left.set(
    xlabel=label("probability a of the true class", "正确类别的概率 a"),
    ylabel=label("loss", "损失"),
    title=label("Sure and wrong: one grows without limit", "肯定却判错：只有一个无限增长"),
)
left.legend()
right.plot(margins, zero_one(Tensor(margins), ones).asnumpy(), color="black", label=label("zero-one", "0-1 损失"))
right.plot(margins, hinge(Tensor(margins), ones).asnumpy(), "--", color=ORANGE, label=label("hinge", "铰链损失"))
right.plot(
    margins,
    binary_cross_entropy_with_logits(Tensor(margins), ones).asnumpy(),
    "-.",
    color=BLUE,
    label=label("cross-entropy", "交叉熵"),
)
right.set(xlabel="y z", title=label("The step, and its surrogate losses", "阶跃，以及它的替代损失"))
right.legend()

# %%
# The cost of all samples
# -----------------------
# The cost is the mean of the losses, so that it does not grow with the number of samples, and with it the step that
# its gradient takes. (A sum can be chosen instead.)
#
# .. _formula-cost:
#
# .. math:: J = \frac1N \sum_{n=1}^{N} \ell(a_n, y_n)

show_code(Cost.construct, Cost.of_samples)
generator = np.random.default_rng(3)
a, y = generator.normal(size=(2, 5, 3)).astype(np.float32)
cost = Cost("squared_error")
print(
    label("losses:", "各样本的损失："),
    cost.of_samples(Tensor(a), Tensor(y)).asnumpy().round(4),
    label(f"cost: {float(cost(Tensor(a), Tensor(y))):.4f}", f"成本：{float(cost(Tensor(a), Tensor(y))):.4f}"),
)

# %%
# If you compare with MindSpore's ``nn.MSELoss``, you find another number. It averages over the :math:`n_L` outputs as
# well, and has no half:
#
# .. _formula-mse-factor:
#
# .. math::
#
#    J = \frac1N \sum_n \tfrac12 \lVert a_n - y_n \rVert^2
#    = \frac{n_L}{2} \cdot \frac{1}{N n_L} \sum_n \sum_j (a_{nj} - y_{nj})^2 = \frac{n_L}{2} \, \mathrm{MSELoss}
#
# The factor is 1 for two outputs. A program that forgot it passes every test with :math:`n_L = 2`.

show_code(squared_error)
say("outputs   cost      MSELoss   cost / MSELoss", "输出数    成本      MSELoss   成本 / MSELoss")
factors = []
for outputs in (1, 2, 3, 10):
    a, y = generator.normal(size=(2, 5, outputs)).astype(np.float32)
    ours, theirs = float(cost(Tensor(a), Tensor(y))), float(nn.MSELoss()(Tensor(a), Tensor(y)))
    factors.append(ours / theirs)
    print(f"{outputs:7}   {ours:7.4f}   {theirs:7.4f}   {ours / theirs:.4f}")

# %%
# Probabilities overflow, logits do not
# -------------------------------------
# In float32 there is no number between :math:`1 - 2^{-24}` and 1, so σ(z) is exactly 1 from about z = 17 on. If the
# true class is 0, the loss is then −ln 0, which is infinite. The package clips a just below 1 and says so; but a flat
# loss has no gradient, and the sample that is most wrong of all changes nothing.
#
# On the logit the same loss needs no clipping: :math:`-\ln(1 - \sigma(z)) = \ln(1 + e^z)`, the softplus of z, which is
# z for large z, and its derivative is σ(z) − y, which is 1. Written literally it is infinite in float32 from about z =
# 89 on, for :math:`e^z` overflows; so the package computes softplus in a form that does not:

show_code(binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_gradient)
sums = np.array([[1.0], [10.0], [16.0], [20.0], [50.0], [100.0]], np.float32)
wrong = Tensor(np.zeros_like(sums))
a = sigmoid(Tensor(sums))
with np.errstate(divide="ignore"):
    naive = -np.log(1 - a.asnumpy())[:, 0]
clipped = binary_cross_entropy(a, wrong).asnumpy()
by_probability = sigmoid_vjp(Tensor(sums), a, binary_cross_entropy_gradient(a, wrong)).asnumpy()[:, 0]
on_logits = binary_cross_entropy_with_logits(Tensor(sums), wrong).asnumpy()
by_logit = binary_cross_entropy_with_logits_gradient(Tensor(sums), wrong).asnumpy()[:, 0]
say(
    "    z   −ln(1 − a)   clipped    gradient   on logits    gradient",
    "    z   −ln(1 − a)    截断后        梯度    用 logits        梯度",
)
for row in zip(sums[:, 0], naive, clipped, by_probability, on_logits, by_logit, strict=True):
    print("{:5.0f}   {:10.4f}   {:7.4f}   {:9.4f}   {:9.4f}   {:9.4f}".format(*row))

# %%
# A bowl or plateaus
# ------------------
# Why does logistic regression not use the squares? Take a dozen samples of one feature, of which two are labelled
# against the order, and look at the cost over all w and b. Every point of the plane is one unit; the losses of all
# of them are computed by the package's functions at once.

feature = np.array([-3.0, -2.2, -1.8, -1.1, -0.6, -0.2, 0.3, 0.8, 1.2, 1.9, 2.4, 6.0])
classes = np.array([0.0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0])


def costs_at(w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean cross-entropy and the mean of the squares of the units (w, b), in the shape of w and b."""
    z = Tensor(w.ravel()[:, None] * feature + b.ravel()[:, None])  # a row is a unit, a column is a sample
    y = Tensor(np.tile(classes, (w.size, 1)))
    entropy = binary_cross_entropy_with_logits(z, y).asnumpy() / len(feature)
    squares = squared_error(sigmoid(z), y).asnumpy() / len(feature)
    return entropy.reshape(w.shape), squares.reshape(w.shape)


across, up = np.linspace(-8, 8, 161), np.linspace(-8, 8, 161)
surfaces = costs_at(*np.meshgrid(across, up))
names = (label("cross-entropy", "交叉熵"), label("squares", "平方误差"))
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
for part, surface, name in zip(axes, surfaces, names, strict=True):
    shown = draw_surface(part, across, up, surface)
    row, column = np.unravel_index(surface.argmin(), surface.shape)
    part.plot(across[column], up[row], "*", color="white", markeredgecolor="black", markersize=14)
    part.set(xlabel="w", title=name)
    figure.colorbar(shown, ax=part)
axes[0].set_ylabel("b")
figure.suptitle(
    label("The cost over w and b: a bowl, and plateaus with a hollow", "w、b 上的成本：一只碗，与带凹陷的高原")
)

# %%
# The left one is **convex**: along every straight line it curves upwards only, and so it has one minimum. To see why,
# go along a line, :math:`(w, b) + t\,(u, v)`. The z of a sample then moves at the speed :math:`s = u x + v`, and
#
# .. math:: \frac{d^2}{dt^2} \ln(1 + e^z) = a (1 - a)\, s^2 \ge 0, \qquad \frac{d^2}{dt^2} (- y z) = 0
#
# A mean of such losses is convex, too. For the squares the same derivative is
#
# .. math:: \frac{d^2}{dt^2} \tfrac12 (a - y)^2 = a (1 - a) \left[ a (1 - a) + (a - y)(1 - 2 a) \right] s^2
#
# and the bracket is negative for a sample that is clearly wrong: with y = 0 it is :math:`a (2 - 3 a)`, below 0 from a =
# ⅔ on. There the surface curves downwards, flattens out, and the gradient vanishes just where it is needed most.
#
# The numbers agree. At 20 000 random points, along a random direction at each, the curvature by second differences:

place, direction = generator.uniform(-8, 8, (2, 20000)), generator.normal(size=(2, 20000))
direction /= np.hypot(*direction)
step = 1e-3
behind, here, ahead = (np.stack(costs_at(*(place + t * direction))) for t in (-step, 0.0, step))
curvature = (behind - 2 * here + ahead) / step**2
rounding = 4 * np.finfo(float).eps * here.max() / step**2
say(f"rounding of a second difference: up to about {rounding:.0e}", f"二阶差分的舍入误差：最大约 {rounding:.0e}")
for name, values in zip(names, curvature, strict=True):
    least, below = values.min(), (values < -rounding).mean()
    say(
        f"smallest curvature {least:10.2e}, below 0 at {below:.1%} of the points: {name}",
        f"最小曲率 {least:10.2e}，在 {below:.1%} 的点上小于 0：{name}",
    )

# %%
# A slice through both surfaces, along w at one b, shows what a descent would meet.

along = np.linspace(-8, 8, 401)
slices = costs_at(along, np.full_like(along, -1.0))
figure, axes = plt.subplots(1, 2, figsize=(10, 3.4))
for part, values, name, dashes, colour in zip(axes, slices, names, ("-", "--"), (BLUE, ORANGE), strict=True):
    part.plot(along, values, dashes, color=colour)
    part.set(xlabel="w", title=name)
axes[0].set_ylabel(label("cost at b = −1", "b = −1 处的成本"))
figure.suptitle(label("Steep wherever it is wrong, against nearly flat", "错处皆陡，与近乎平坦"))

# %%
# Questions
# ---------
# 1. *What is the softmax cross-entropy of a network that knows nothing about C classes?* Its logits are equal, each
#    class gets 1/C, and the loss is ln C. A first cost far from it points to an error in the setup.

sizes = (2, 10, 1000)
idle = [softmax_cross_entropy(Tensor(np.zeros((1, C))), Tensor(np.eye(C)[:1])).asnumpy()[0] for C in sizes]
check_answer(1, np.allclose(idle, np.log(sizes)))

# %%
# 2. *Is softmax cross-entropy on two logits something other than binary cross-entropy?* No: only their difference
#    matters, :math:`\operatorname{softmax}(z)_1 = \sigma(z_1 - z_0)`.

pairs = generator.normal(size=(6, 2))
labels = np.array([0, 1, 1, 0, 1, 0])
soft = softmax_cross_entropy(Tensor(pairs), Tensor(np.eye(2)[labels])).asnumpy()
binary = binary_cross_entropy_with_logits(Tensor(pairs[:, 1:] - pairs[:, :1]), Tensor(labels[:, None] * 1.0)).asnumpy()
check_answer(2, np.allclose(soft, binary))

# %%
# 3. *A program with 3 outputs takes half of* ``nn.MSELoss`` *for the squared error cost. By what factor are its
#    gradients too small?* By :math:`n_L = 3`: the cost is :math:`n_L` times half of it, and derivatives inherit the
#    factor.

a, y = (Tensor(values) for values in generator.normal(size=(2, 5, 3)))
_, da = cost.forward_backward(a, y)
half_mse = (a - y).asnumpy() / a.size
check_answer(3, np.allclose(da.asnumpy(), 3 * half_mse) and np.isclose(factors[2], 3 / 2, rtol=1e-5))
