r"""10 · Judging gradients
======================

Your network trains, and the cost falls. Is its gradient right? A wrong backward pass rarely crashes: it trains, only
worse. This chapter computes one gradient in four ways, looks at what each can be trusted with, and then lets the
package judge backward passes that were made wrong on purpose.

:Teaches: central differences and their best step, the complex step, a verdict without a tolerance, and how a fault is
          found and named.
:Needs: backpropagation (chapter 09); iris from scikit-learn's bundled data; about 15 seconds.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor, nn, ops
from sklearn.datasets import load_iris

from ms_dnn import DNN, Cost, Dense, HandwrittenGradient, build_dnn, check_gradients
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.reference import complex_step_gradient
from ms_dnn.gradients.reference import cost as cost_in_numpy
from ms_dnn.judge.network import check_network
from ms_dnn.judge.routes.network import ComplexStepRoute, GradOperationRoute, HandwrittenRoute, plain_network
from ms_dnn.judge.routes.slope import ladder, slope
from ms_dnn.series.chapter import BLUE, GREEN, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.faults import DerivativeAtA, ForgottenMean, SlightlyTooLarge, SumOverEverything, TransposedWeight

begin()

# %%
# One network, one gradient
# -------------------------
# Thirty flowers, a hidden layer of tanh, three classes, all in double precision. Small, because one of the ways below
# evaluates the cost dozens of times for every single weight.

iris = load_iris()
X = iris.data[::5]
X = (X - X.mean(0)) / X.std(0)
Y = np.eye(3)[iris.target[::5]]
network = build_dnn((4, 3, 3), ("tanh", "identity"), seed=1, dtype="float64")
cost = Cost("softmax_cross_entropy")
x, y = Tensor(X), Tensor(Y)

# %%
# The first two ways know the derivatives: those written by hand in chapter 09, and MindSpore's own, which
# differentiates the operations of the forward pass.

by_hand = [gradient.asnumpy().copy() for gradient in HandwrittenGradient(network, cost)(x, y)[1]]
by_mindspore = [gradient.asnumpy().copy() for gradient in GradOperationGradient(network, cost)(x, y)]

# %%
# Central differences
# -------------------
# The third way needs the cost alone. Go a step h along a direction v and a step back, and look at how much J has
# changed:
#
# .. _formula-central-difference:
#
# .. math:: D(h) = \frac{J(\theta + h v) - J(\theta - h v)}{2 h} = \nabla J \cdot v + O(h^2)
#
# Why the square? Taylor's series of :math:`J(\theta + h v)` is :math:`J + h J' + \frac{h^2}{2} J'' + \frac{h^3}{6} J'''
# + \dots`, and that of :math:`J(\theta - h v)` has the same terms with the odd ones negative. In the difference all
# even terms vanish, and after the division by 2h the first one that is left over is :math:`\frac{h^2}{6} J'''`. The
# simpler forward difference, :math:`(J(\theta + h v) - J(\theta)) / h`, keeps :math:`\frac{h}{2} J''`.
#
# The package takes D(h) for a series of steps, a **ladder** in its code. From neighbouring steps it removes the terms
# in h² and h⁴ (Richardson's extrapolation) and estimates the error of the result:

show_code(slope)

# %%
# The complex step
# ----------------
# The fourth way goes a step into the imaginary direction. :math:`J(\theta + i h v) = J + i h J' - \frac{h^2}{2} J'' -
# \dots`: the derivative stands alone in the imaginary part. No two nearly equal numbers are subtracted, so h may be as
# small as one likes; the package takes :math:`10^{-30}`, and the :math:`h^2` that is neglected is then far below
# anything that a double can hold.
#
# .. _formula-complex-step:
#
# .. math:: \nabla J \cdot v = \frac{\operatorname{Im} J(\theta + i h v)}{h} + O(h^2)
#
# It needs a forward pass that accepts complex numbers and is smooth. MindSpore's is not made for that, so the package
# has a second one, in NumPy, written independently of the first. Each confirms the other.

show_code(ComplexStepRoute.slope, complex_step_gradient)

weights, biases, activations = plain_network(network)
found = complex_step_gradient(weights, biases, activations, "softmax_cross_entropy", "mean", X, Y)
by_complex_step = [array for layer in found for array in layer]

# %%
# Differences need only the cost as a function of the distance t along a line. Along the axis of a single weight, the
# directional derivative is one element of the gradient; 27 weights and biases are 27 lines.

parameters = [array for layer in zip(weights, biases, strict=True) for array in layer]


def along(number: int, v: np.ndarray) -> Callable[[Any], Any]:
    """Return t ↦ J(θ + t v), for v in the parameter of that number; t may be complex."""

    def cost_at(t: Any) -> Any:
        moved = [array + t * v if place == number else array for place, array in enumerate(parameters)]
        return cost_in_numpy(moved[::2], moved[1::2], activations, "softmax_cross_entropy", "mean", X, Y)

    return cost_at


def differences(line: Callable[[Any], Any], smallest: float = 2.0**-24) -> Any:
    """Return the directional derivative along the line at 0, by the package's central differences."""
    return slope(lambda positions: np.array([[line(t)] for t in positions]), ladder(1.0, smallest))


def axes_of(array: np.ndarray) -> np.ndarray:
    """Return one direction for each element of the array: 1 there, 0 elsewhere."""
    return np.eye(array.size).reshape(-1, *array.shape)


by_differences = [
    np.array([differences(along(number, v)).value for v in axes_of(array)]).reshape(array.shape)
    for number, array in enumerate(parameters)
]

ways = {"MindSpore": by_mindspore, "complex step": by_complex_step, "differences": by_differences}
say(
    "largest difference from the gradient by hand, relative to the largest element",
    "与手写梯度的最大差别，相对于最大的元素",
)
print(f"{'':17}" + "".join(f"{name:>15}" for name in ways))
for number, name in enumerate(network.parameter_names):
    largest = np.abs(by_hand[number]).max()
    apart = [np.abs(way[number] - by_hand[number]).max() / largest for way in ways.values()]
    print(f"{name:17}" + "".join(f"{value:15.1e}" for value in apart))

# %%
# Three ways agree to the last digit or two. The differences lose four or five digits more. Where do those go?
#
# The error against the step
# --------------------------
# Take a random line through the weights of the first layer and make h smaller and smaller. Two errors compete:
#
# - **truncation**, what Taylor's series leaves over: it falls as h², for forward differences as h;
# - **rounding**: J is known to about :math:`\varepsilon = 2.2 \cdot 10^{-16}` of itself, and dividing by h makes
#   :math:`\varepsilon / h` of it, which grows as h falls.

v = np.random.default_rng(0).choice([-1.0, 1.0], parameters[0].shape)
line = along(0, v)
truth = float(np.sum(by_hand[0] * v))
measured = differences(line, smallest=2.0**-46)
h = measured.steps
central = np.abs(measured.quotients - truth)
forward = np.abs([(line(step) - line(0.0)) / step - truth for step in h])
imaginary = np.abs([np.imag(line(1j * step)) / step - truth for step in h])

figure, axes = plt.subplots(figsize=(7.6, 4.8))
LOWEST = 2e-17  # what is exactly 0 is drawn here
for errors, style, colour, name in (
    (forward, "^:", ORANGE, label("forward difference", "前向差分")),
    (central, "o-", BLUE, label("central difference", "中心差分")),
    (imaginary, "s--", GREEN, label("complex step", "复数步长法")),
):
    axes.loglog(h, np.maximum(errors, LOWEST), style, color=colour, markersize=4, linewidth=1.2, label=name)
wide, narrow = h[h > 1e-5], h[h < 2e-4]
axes.loglog(wide, 4 * central[0] * (wide / h[0]) ** 2, color=GREY, linewidth=1)
axes.loglog(narrow, 8e-16 / narrow, color=GREY, linewidth=1)
axes.text(4e-4, 3e-9, "h²", color=GREY, fontsize=12)
axes.text(5e-6, 1e-5, "h", color=GREY, fontsize=12)
axes.text(3e-11, 1e-4, "ε / h", color=GREY, fontsize=12)
axes.set(
    xlabel=label("step h (smaller to the left)", "步长 h（越往左越小）"),
    ylabel=label("error of the derivative", "导数的误差"),
    ylim=(1e-17, 1),
)
axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.1))
figure.suptitle(
    label(
        "Differences have a best step, the complex step has none to choose",
        "差分法有最佳步长，复数步长法无须选择步长",
    )
)


def power(errors: np.ndarray, low: float, high: float) -> float:
    """Return p of error ∝ hᵖ between two steps."""
    part = (h > low) & (h < high)
    return float(np.polyfit(np.log(h[part]), np.log(errors[part]), 1)[0])


say(
    f"truncation, central: h^{power(central, 1e-3, 0.1):.2f}    forward: h^{power(forward, 1e-6, 0.1):.2f}",
    f"截断误差，中心差分：h^{power(central, 1e-3, 0.1):.2f}    前向差分：h^{power(forward, 1e-6, 0.1):.2f}",
)
say(
    f"rounding,   central: h^{power(central, 1e-14, 1e-8):.2f}",
    f"舍入误差，中心差分：h^{power(central, 1e-14, 1e-8):.2f}",
)
best = int(np.argmin(central))
say(
    f"best single step: h = {h[best]:.0e}, error {central[best]:.0e}",
    f"最佳的单个步长：h = {h[best]:.0e}，误差 {central[best]:.0e}",
)
say(
    f"extrapolated:     error {abs(measured.value - truth):.0e}, the package's own estimate {measured.error:.0e}",
    f"外推之后：误差 {abs(measured.value - truth):.0e}，软件包自己的估计 {measured.error:.0e}",
)
say(f"complex step:     error {imaginary[-1]:.0e}", f"复数步长法：误差 {imaginary[-1]:.0e}")

# %%
# The sum :math:`c h^2 + \varepsilon / h` is smallest near :math:`h = \varepsilon^{1/3} \approx 6 \cdot 10^{-6}`, and
# there it is about :math:`\varepsilon^{2/3} \approx 4 \cdot 10^{-11}`: a third of the digits is lost. A smaller step is
# not a more careful one. Single steps do better by chance, when rounding happens to cancel, but which ones is unknown
# without the true derivative; the extrapolation needs no chance. The complex step follows h² as well, and its error
# never turns back up.
#
# A verdict without a tolerance
# -----------------------------
# Many checkers need a tolerance, and then detect nothing once training has made the gradients smaller than it. This
# package takes the rounding error as its limit, for every tensor anew, and compares every route with every other. This
# is the table that ``ms-dnn check`` prints:

print(check_network(network, cost, x, y, directions=1))

# %%
# The last column is the **smallest detectable error** of this run, of a single element.
#
# A fault is planted
# ------------------
# Is the judge any good? One finds out by making the backward pass wrong on purpose. A faulty layer is a class that
# inherits everything from ``Dense`` but the step that it gets wrong. Here the derivative of tanh is taken at a, where
# it belongs at z:

show_code(DerivativeAtA)


def network_of(first: type[Dense] = Dense, second: type[Dense] = Dense) -> DNN:
    """Return the network with the same weights and biases, its layers of these classes."""
    return DNN([first(weights[0], biases[0], "tanh"), second(weights[1], biases[1], "identity")])


def judged(network: DNN, cost: Cost = cost) -> Any:
    """Return the judgement of three fast ways."""
    fast = [way(network, cost, x, y) for way in (HandwrittenRoute, GradOperationRoute, ComplexStepRoute)]
    return check_network(network, cost, x, y, routes=fast, directions=1)


print(judged(network_of(first=DerivativeAtA)))

# %%
# The hand-written way stands alone against the others, so it is blamed. Then each layer is given the right input and
# judged by itself: that finds the place, and a list of explanations is tried on the error until one fits it in every
# digit. Four more mistakes, of the cost, of dx, of db and of dW:

show_code(ForgottenMean, TransposedWeight, SumOverEverything, SlightlyTooLarge)

for judgement in (
    judged(network, ForgottenMean("softmax_cross_entropy")),
    judged(network_of(second=TransposedWeight)),
    judged(network_of(first=SumOverEverything)),
    judged(network_of(second=SlightlyTooLarge)),
):
    print(f"{judgement.verdict.value}  {judgement.faulty[0].diagnosis}")
    print(label("      seen in", "      见于"), ", ".join(judgement.disagreeing))

# %%
# Write others. ``scripts/bench_gradient_checkers.py`` plants a whole catalogue of mistakes, most of them seen in real
# code, and counts what this judge and the checkers of other packages make of them.
#
# A wrong dx of layer 2 shows in the gradients of layer 1 alone: an error goes down with the backward pass, never up.
#
# What the judge looks at is the remainder :math:`|D(h) - g \cdot v|`. For a right gradient g it goes down with h²
# until only rounding is left. For a wrong one it levels off, at the size of the error, however small the step:

slightly_wrong, wrong = (
    HandwrittenGradient(network_of(first=faulty), cost)(x, y)[1][0].asnumpy().copy()
    for faulty in (SlightlyTooLarge, DerivativeAtA)
)

figure, axes = plt.subplots(figsize=(7.6, 4.2))
shown = h > 1e-9
for gradient, style, colour, name in (
    (wrong, "^:", ORANGE, label("derivative at a instead of z", "在 a 而非 z 处求导")),
    (slightly_wrong, "s--", GREEN, label("too large by 1 part in 100 000", "偏大十万分之一")),
    (by_hand[0], "o-", BLUE, label("right", "正确")),
):
    remainder = np.abs(measured.quotients - np.sum(gradient * v))
    axes.loglog(h[shown], remainder[shown], style, color=colour, markersize=4, linewidth=1.2, label=name)
axes.fill_between(h[shown], 1e-17, measured.floor[shown], color=GREY, alpha=0.25, linewidth=0)
axes.text(3e-9, 2e-13, label("rounding", "舍入误差"), color=GREY)
axes.set(
    xlabel=label("step h", "步长 h"),
    ylabel=label("remainder |D(h) − g·v|", "余项 |D(h) − g·v|"),
    ylim=(1e-14, 10),
)
axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.83))
figure.suptitle(
    label(
        "A wrong gradient levels off, a right one falls to rounding",
        "错误梯度的余项停在高处，正确梯度的余项降到舍入误差",
    )
)

# %%
# A Cell of your own
# ------------------
# The same judge takes any Cell of MindSpore. This one computes :math:`x / (1 + |x|)` and has a ``bprop`` by hand, whose
# author forgot that the denominator is squared: the derivative is :math:`1 / (1 + |x|)^2`.


class Softsign(nn.Cell):
    """x / (1 + |x|), with an error in its derivative."""

    def construct(self, x: Tensor) -> Tensor:
        return x / (1 + ops.abs(x))

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        return (dout / (1 + ops.abs(x)),)


class RightSoftsign(Softsign):
    """The same with the square."""

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor]:
        return (dout / ((1 + ops.abs(x)) * (1 + ops.abs(x))),)


inputs = Tensor(np.random.default_rng(1).normal(size=(4, 3)))
wrong_softsign = check_gradients(Softsign(), inputs)
print(wrong_softsign)

# %%
# No explanation that it knows fits this error, and the judge says so instead of guessing. In a test of your own,
# ``ms_dnn.assert_gradients(cell, inputs)`` raises with this report unless the verdict is PASS.

right_softsign = check_gradients(RightSoftsign(), inputs)
print(right_softsign.verdict.value, "-", right_softsign.reason)

# %%
# Questions
# ---------
# 1. *Single precision has* :math:`\varepsilon \approx 1.2 \cdot 10^{-7}`. *What is the best step for central
#    differences there, and what error is left?* About :math:`\varepsilon^{1/3} \approx 5 \cdot 10^{-3}`, with
#    :math:`\varepsilon^{2/3} \approx 2 \cdot 10^{-5}`. That is why the judge takes its differences in double precision
#    even for a network in single.

rounded = {step: (np.float32(line(step)) - np.float32(line(-step))) / (2 * step) for step in h[h > 1e-6]}
errors = {step: abs(float(quotient) - truth) for step, quotient in rounded.items()}
step = min(errors, key=errors.__getitem__)
say(
    f"best step {step:.0e}, error {errors[step]:.0e}; at h = 1e-5 about {errors[h[np.argmin(abs(h - 1e-5))]]:.0e}",
    f"最佳步长 {step:.0e}，误差 {errors[step]:.0e}；h = 1e-5 时约为 {errors[h[np.argmin(abs(h - 1e-5))]]:.0e}",
)
typical = np.median([error for near, error in errors.items() if 2e-3 < near < 2e-2])
check_answer(1, 1e-7 < typical < 1e-3 and errors[h[np.argmin(abs(h - 1e-5))]] > 3 * typical)

# %%
# 2. *A checker accepts what lies within* :math:`10^{-5} + 10^{-3} |g|` *of the truth. Does it see a gradient that is
#    too large by 1 part in 100 000? Does the judge?* The checker does not; the judge does, and says which tensor it is.

judgement = judged(network_of(first=SlightlyTooLarge))
accepted_by_tolerance = np.allclose(slightly_wrong, by_complex_step[0], rtol=1e-3, atol=1e-5)
passes = label("passes", "通过") if accepted_by_tolerance else label("fails", "不通过")
print(label("checker:", "检验工具："), passes, label("   judge:", "   检验器："), judgement.verdict.value)
check_answer(2, accepted_by_tolerance and judgement.disagreeing == ("layers.0.weight",))

# %%
# 3. *What do central differences give for |t| at t = 0?* Its slope is −1 on the left and +1 on the right, and D(h) is
#    0, the mean, for every h. No extrapolation helps; but :math:`f(h) + f(-h) - 2 f(0)` falls as h here and not as h²,
#    and that is how the package detects a kink. ReLU has one in every unit.

corner = slope(lambda positions: np.abs(positions)[:, np.newaxis], ladder())
say(
    f"{corner.kind}: D = {corner.value:.0f}, left {corner.left:+.0f}, right {corner.right:+.0f}",
    f"不可导点：D = {corner.value:.0f}，左侧 {corner.left:+.0f}，右侧 {corner.right:+.0f}",
)
check_answer(3, corner.kind == "kink" and (corner.value, corner.left, corner.right) == (0.0, -1.0, 1.0))
