r"""11 · MAX and ε
===============

The training has stopped by itself. Is it at the minimum, or has it only become slow? Here is the training algorithm of
the blog post: loops over iterations and samples, an update of every weight, and two rules that end it. One of them is
often misread.

:Teaches: the whole algorithm with its inputs, what MAX and ε mean, why ε bounds the change and not the distance to the
          minimum, and where the three steps of an iteration stand in the code.
:Needs: backpropagation (chapter 09); iris from scikit-learn's bundled data; about 15 seconds.
"""

import time

import mindspore as ms
import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from sklearn.datasets import load_iris

from ms_dnn import Cost, HandwrittenGradient, build_dnn
from ms_dnn.config import parse_config
from ms_dnn.gradients.blog import batch_gradient_descent, looped_gradients, sample_gradients
from ms_dnn.judge.routes.network import plain_network
from ms_dnn.series.chapter import BLUE, GREEN, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import with_parameters
from ms_dnn.series.pictures import draw_path, draw_surface
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import GradientDescent, Optimizer

begin()

# %%
# What goes in
# ------------
# - the number of layers L and the nodes of each: 4, 5 and 3. Here L counts the layers with weights, so **L = 2**; the
#   post counts the input layer as well, has L = 3 for the same network, and lets its loops run from 2 to L;
# - an activation for each layer, and a loss: sigmoid, and :math:`\frac{1}{2} \lVert a - y \rVert^2`;
# - the step α;
# - the largest number of iterations MAX, and the threshold ε;
# - m samples: 15 flowers with four measurements each, and their species as one-hot rows.
#
# What comes out are W and b of every layer. The first weights are random: were all equal, all units of a layer would
# get equal gradients and stay equal for ever.

iris = load_iris()
X = iris.data[::10]
X = (X - X.mean(0)) / X.std(0)
Y = np.eye(3)[iris.target[::10]]
network = build_dnn((4, 5, 3), ("sigmoid", "sigmoid"), "xavier", seed=0, dtype="float64")
weights, biases, activations = plain_network(network)
LOSS, ALPHA = "squared_error", 1.0

# %%
# For every sample
# ----------------
# Forward through all layers, then the error back from the last layer to the first: that is chapter 09, for one sample.

show_code(sample_gradients)

# %%
# For every iteration
# -------------------
# The gradients of the m samples are averaged, and only then do all layers move at once, the biases like the weights:
#
# .. _formula-blog-update:
#
# .. math::
#
#    W^{[l]} \leftarrow W^{[l]} - \alpha \, \frac{1}{m} \sum_{i=1}^{m} \frac{\partial J_i}{\partial W^{[l]}}, \qquad
#    b^{[l]} \leftarrow b^{[l]} - \alpha \, \frac{1}{m} \sum_{i=1}^{m} \frac{\partial J_i}{\partial b^{[l]}}
#
# Some texts leave out 1/m. That is the same algorithm with an α that is m times as large, and one more thing to change
# whenever the number of samples does.

show_code(looped_gradients, batch_gradient_descent)

trained = batch_gradient_descent(weights, biases, activations, LOSS, X, Y, ALPHA, max_iterations=300, tolerance=0.01)
say(
    f"iterations: {trained.iterations}, stopped by {trained.stop_reason}",
    f"迭代次数：{trained.iterations}，停止原因：{trained.stop_reason}",
)
say(
    f"cost: {trained.costs[0]:.4f} at the start, {trained.costs[-1]:.4f} at the end",
    f"成本：开始时 {trained.costs[0]:.4f}，结束时 {trained.costs[-1]:.4f}",
)
say(
    f"largest change in the last update: {trained.largest_change:.5f}",
    f"最后一次更新的最大变化量：{trained.largest_change:.5f}",
)

# %%
# Two rules that end it
# ---------------------
# MAX ends the training, whatever the result. The other rule looks at the last update, at every number of every W and b;
# θ stands for all of them:
#
# .. _formula-stopping-rule:
#
# .. math::
#
#    \max_k |\Delta \theta_k| = \alpha \, \max_k \left| \frac{\partial J}{\partial \theta_k} \right| < \varepsilon
#
# The equality is worth a second look. The change is α times the gradient, so the rule asks whether the gradient is
# small *for this α*. The trainer of the package has the same two rules in its compiled loop: ``i < last`` is MAX,
# ``change >= tolerance`` is ε.

show_code(Epoch.construct, Epoch._watched_step)

# %%
# To watch the rule at work, here is the algorithm one iteration at a time; it is the same as many in one call.

ITERATIONS = 600
W, b = weights, biases
costs, changes = [], []
for _ in range(ITERATIONS):
    one = batch_gradient_descent(W, b, activations, LOSS, X, Y, ALPHA, max_iterations=1, tolerance=0.0)
    W, b = one.weights, one.biases
    costs.append(one.costs[-1])
    changes.append(one.largest_change)


def ending(tolerance: float, most: int) -> tuple[int, str]:
    """Return how many iterations are made, and which rule ends them."""
    below = np.flatnonzero(np.array(changes[:most]) < tolerance)
    return (int(below[0]) + 1, "ε") if len(below) else (most, "MAX")


for tolerance, most in ((0.02, 300), (0.01, 600), (0.005, 600), (0.001, 600)):
    iterations, rule = ending(tolerance, most)
    reached = costs[iterations - 1]
    say(
        f"ε = {tolerance:<6} MAX = {most}: {iterations:4} iterations, stopped by {rule:4} cost {reached:.4f}",
        f"ε = {tolerance:<6} MAX = {most}：{iterations:4} 次迭代，停止于 {rule:4} 成本 {reached:.4f}",
    )

# %%
# The largest change does not fall all the way: again and again it rises for a while, and the cost falls all the time. A
# threshold that is met in a dip ends a training that still had much to gain. If you train by ε, look at the cost as
# well.

figure, (upper, lower) = plt.subplots(2, 1, figsize=(7.6, 5.6), sharex=True)
iterations = np.arange(1, ITERATIONS + 1)
upper.semilogy(iterations, changes, color=BLUE)
lower.plot(iterations, costs, color=BLUE)
for tolerance, colour, marker in ((0.01, ORANGE, "o"), (0.005, GREEN, "s")):
    last, _ = ending(tolerance, ITERATIONS)
    upper.axhline(tolerance, color=colour, linestyle="--", linewidth=1.2)
    upper.text(ITERATIONS, tolerance * 1.06, f"ε = {tolerance}", color=colour, ha="right", va="bottom")
    for axes, values in ((upper, changes), (lower, costs)):
        axes.plot(last, values[last - 1], marker, color=colour, markersize=9, markeredgecolor="black")
for axes in (upper, lower):
    axes.axvline(ITERATIONS, color=GREY, linewidth=1.2, linestyle=":")
lower.text(ITERATIONS - 5, 0.3, "MAX", color=GREY, ha="right")
upper.set(ylabel=label("largest change", "最大变化量"))
lower.set(xlabel=label("iteration", "迭代"), ylabel=label("cost J", "成本 J"), ylim=(0, None))
figure.suptitle(label("Where ε would stop, and what more iterations still gain", "ε 会停在何处，继续迭代还能得到什么"))

# %%
# What ε does not promise
# -----------------------
# An ε of 0.001 sounds as if W and b were then right to three digits. They are not: the rule says that the last **step**
# was short. To see how far away the end is, take a problem whose minimum is known: one unit without activation and two
# weights, a plain least-squares fit. Both sides have mean 0, so b stays 0.

flowers = iris.data[::19]
samples = flowers[:, [0, 3]] - flowers[:, [0, 3]].mean(0)
samples /= samples.std(0)
targets = flowers[:, 2:3] - flowers[:, 2:3].mean(0)
minimum = np.linalg.lstsq(samples, targets, rcond=None)[0][:, 0]
curvature = np.linalg.eigvalsh(samples.T @ samples / len(samples))
say(
    f"minimum at w = ({minimum[0]:.3f}, {minimum[1]:.3f}); curvatures {curvature[0]:.3f} and {curvature[1]:.3f}",
    f"最小值点 w = ({minimum[0]:.3f}, {minimum[1]:.3f})；曲率 {curvature[0]:.3f} 和 {curvature[1]:.3f}",
)

START, EPSILON = np.array([[-1.2, 2.2]]), 1e-3


def fit(alpha: float, most: int = 5000) -> tuple[np.ndarray, int]:
    """Return w where ε ends the fit, and the iterations."""
    end = batch_gradient_descent(
        [START], [np.zeros(1)], ["identity"], LOSS, samples, targets, alpha, most, tolerance=EPSILON
    )
    return end.weights[0][0], end.iterations


def way(alpha: float, steps: int) -> np.ndarray:
    """Return w at the start and after each step, (steps + 1, 2)."""
    points = [START[0]]
    for _ in range(steps):
        dW = looped_gradients([points[-1][np.newaxis]], [np.zeros(1)], ["identity"], LOSS, "mean", samples, targets)
        points.append(points[-1] - alpha * dW[0][0][0])
    return np.array(points)


rates = np.array([0.8, 0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625])
ends = [fit(alpha) for alpha in rates]
distances = np.array([np.linalg.norm(w - minimum) for w, _ in ends])
say("     α   iterations   distance to the minimum", "     α   迭代次数   到最小值点的距离")
for alpha, (_, steps), distance in zip(rates, ends, distances, strict=True):
    print(f"{alpha:7.5f} {steps:9} {distance:14.4f}")

# %%
# All of them stopped by the same ε. At the end the gradient g obeys :math:`\max |g_k| < \varepsilon / \alpha`, and
# where the cost is curved by at least λ in every direction, that puts the minimum within
#
# .. math:: \lVert w - w^* \rVert \le \frac{\lVert g \rVert}{\lambda} < \frac{\sqrt{2} \, \varepsilon}{\alpha \lambda}
#
# (the root of the number of weights, here 2). Half the α: about twice the distance. If you lower the rate, lower ε with
# it.

figure, (*panels, right) = plt.subplots(1, 4, figsize=(13, 3.8), width_ratios=[1, 1, 1, 1.3])
across, up = np.linspace(-1.6, 1.6, 61), np.linspace(-0.2, 2.6, 61)
surface = np.array([[np.mean((samples @ [u, v] - targets[:, 0]) ** 2) / 2 for u in across] for v in up])
for panel, place in zip(panels, (1, 5, 7), strict=True):
    draw_surface(panel, across, up, np.log10(surface))
    panel.plot(*minimum, "o", markersize=18, markerfacecolor="none", markeredgecolor="white", markeredgewidth=1.8)
    draw_path(panel, way(rates[place], ends[place][1]), f"α = {rates[place]:g}")
    steps = ends[place][1]
    panel.set(
        xlabel="$w_1$", title=label(f"α = {rates[place]:g}: {steps} steps", f"α = {rates[place]:g}：{steps} 步")
    )  # fmt: skip
panels[0].set_ylabel("$w_2$")
right.loglog(rates, distances, "o-", color=BLUE, label=label("distance at the end", "停止时的距离"))
bound = np.sqrt(2) * EPSILON / (rates * curvature[0])
right.loglog(rates, bound, "--", color=GREY, label=label("bound √2 ε / (α λ)", "上界 √2 ε / (α λ)"))
right.set(
    xlabel="α",
    ylabel=label("distance to the minimum", "到最小值点的距离"),
    title=label("A smaller α stops farther away", "α 越小，停得越远"),
)
right.legend()
figure.suptitle(
    label(
        "ε bounds the change, not the distance: one ε, three ends (stars), the minimum in the ring",
        "ε 限制的是变化量，而不是距离：同一个 ε，三个终点（星号），最低点在圆环处",
    )
)

# %%
# Three steps
# -----------
# Whatever the loops around it look like, an iteration has three steps. The texts cut them differently, and store
# different things on the way; in the training code of the package they are three functions, one below the other:
#
# .. list-table::
#    :header-rows: 1
#
#    * - three steps
#      - four processes of a cycle
#      - in the package
#    * - **forward**
#      - forward: x, w, b give ŷ and the caches (w, b, a)
#      - ``propagate_forward``: a and the caches (x, z, a)
#    * - **error and its propagation back**
#      - cost: ŷ and y give J
#      - ``propagate_error_back``: J and its derivative by a
#    * -
#      - backward: the caches give dw and db
#      - ``propagate_error_back``: the gradients
#    * - **iteration**
#      - update: w and b lose r times their gradients
#      - ``Optimizer``: the update
#
# The two kinds of caches hold the same. The a that the text stores with a layer is the input of that layer, for a₁ is x
# there: it is the x of the package's cache. W and b the package finds in the layer itself, and z is stored for σ′(z).

show_code(
    HandwrittenGradient.propagate_forward,
    HandwrittenGradient.propagate_error_back,
    Optimizer.construct,
    GradientDescent.update,
)

gradient = HandwrittenGradient(network, Cost(LOSS))
optimizer = GradientDescent(network.trainable_params())
x, y = Tensor(X), Tensor(Y)

a, caches = gradient.propagate_forward(x)
J, gradients = gradient.propagate_error_back(a, caches, y)
optimizer(gradients, (Tensor(ALPHA, ms.float64),))

one = batch_gradient_descent(weights, biases, activations, LOSS, X, Y, ALPHA, max_iterations=1, tolerance=0.0)
first = network.trainable_params()[0].asnumpy()
say(
    f"J by the three steps {float(J):.12f}, by the loops {one.costs[0]:.12f}",
    f"三个步骤算出的 J {float(J):.12f}，循环算出的 {one.costs[0]:.12f}",
)
say(
    f"largest difference of W[1] after the update: {np.abs(first - one.weights[0]).max():.0e}",
    f"更新之后 W[1] 的最大差别：{np.abs(first - one.weights[0]).max():.0e}",
)

# %%
# The same, compiled
# ------------------
# The loops over samples become matrix products, and the loop over iterations goes into a compiled graph, with both
# rules inside. It has to end at the same iteration and with the same numbers.

MAX, TOLERANCE = 600, 0.005
with_parameters(network, [array for layer in zip(weights, biases, strict=True) for array in layer])
epoch = Epoch(gradient, optimizer, watch_change=True)
every_sample = Tensor(np.tile(np.arange(len(X), dtype=np.int32), (MAX, 1)))
of_steps = epoch.coefficients(np.full(MAX, ALPHA), 0)


def compiled(first: int, last: int) -> tuple[int, float]:
    """Train from one iteration to another, and return the next one and the last largest change."""
    done, _, change = epoch.run_steps((x, y), every_sample, of_steps, first, last, tolerance=TOLERANCE)
    return done, change


compiled(0, 0)  # compiles, and does no iteration
begun = time.perf_counter()
done, change = compiled(0, MAX)
seconds = time.perf_counter() - begun
begun = time.perf_counter()
looped = batch_gradient_descent(weights, biases, activations, LOSS, X, Y, ALPHA, MAX, TOLERANCE)
of_loops = time.perf_counter() - begun
apart = max(
    np.abs(parameter.asnumpy() - array).max()
    for parameter, array in zip(network.trainable_params()[::2], looped.weights, strict=True)
)
say(
    f"loops:    {looped.iterations} iterations, stopped by {looped.stop_reason}, {of_loops:.2f} s",
    f"循环：{looped.iterations} 次迭代，停止原因 {looped.stop_reason}，{of_loops:.2f} 秒",
)
say(
    f"compiled: {done} iterations, stopped by {'tolerance' if change < TOLERANCE else 'MAX'}, {seconds:.2f} s",
    f"编译：{done} 次迭代，停止原因 {'tolerance' if change < TOLERANCE else 'MAX'}，{seconds:.2f} 秒",
)
say(f"largest difference of any weight: {apart:.0e}", f"所有权重的最大差别：{apart:.0e}")

# %%
# In a configuration the inputs of the algorithm have these names. ``configs/blog_batch_gradient_descent.yaml`` is the
# whole experiment, ``ms-dnn train`` runs it and says which rule ended it.

config = parse_config("""
name: literally
data: {set: iris, test: 0.2, scaling: standard}
network:
  layers:
    - {units: 5, activation: sigmoid}
    - {units: 3, activation: sigmoid}
loss: squared_error
optimizer: {name: gradient_descent}
learning_rate: 0.5        # α
training:
  batch_size: all         # all m samples in every iteration
  max_iterations: 5000    # MAX
  tolerance: 1.0e-5       # ε
""")
say(
    f"MAX {config.training.max_iterations}, ε {config.training.tolerance}, batch {config.training.batch_size}",
    f"MAX {config.training.max_iterations}，ε {config.training.tolerance}，批量 {config.training.batch_size}",
)

# %%
# Questions
# ---------
# 1. *What happens with* :math:`\varepsilon = 0`? No change is smaller than 0, so MAX alone ends the training.

endless = batch_gradient_descent(weights, biases, activations, LOSS, X, Y, ALPHA, max_iterations=20, tolerance=0.0)
check_answer(1, endless.stop_reason == "max_iterations" and endless.iterations == 20)

# %%
# 2. *The sum over the samples is taken instead of the mean. Which α gives the same training?* α / m: the sum is m times
#    the mean.

summed = looped_gradients(weights, biases, activations, LOSS, "sum", X, Y)
averaged = looped_gradients(weights, biases, activations, LOSS, "mean", X, Y)
check_answer(2, np.allclose(ALPHA / len(X) * summed[0][0], ALPHA * averaged[0][0]))

# %%
# 3. *α goes from 0.1 down to 0.025. What must ε become, so that the fit ends about as near to the minimum?* A quarter:
#    the ratio :math:`\varepsilon / \alpha` is what bounds the gradient at the end.

quarter = batch_gradient_descent(
    [START], [np.zeros(1)], ["identity"], LOSS, samples, targets, 0.025, 5000, tolerance=EPSILON / 4
)
reached = np.linalg.norm(quarter.weights[0][0] - minimum)
say(
    f"α = 0.1: {distances[3]:.4f}   α = 0.025 with the same ε: {distances[5]:.4f}, with a quarter: {reached:.4f}",
    f"α = 0.1：{distances[3]:.4f}   α = 0.025，ε 不变：{distances[5]:.4f}，ε 取四分之一：{reached:.4f}",
)
check_answer(3, np.isclose(reached, distances[3], rtol=0.1) and distances[5] > 3 * distances[3])
