r"""04 · Gradient descent
=====================

The gradient points where the cost grows fastest; learning is walking the other way. How long the steps are, where the
walk starts and how many samples are asked before each step decide where it ends.

:Teaches: the descent step, the limit of the learning rate, decay, local minima, and batch, mini-batch and stochastic.
:Needs: chapters 02 and 03; the data are drawn by the chapter; about 20 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor

from ms_dnn import DNN, Cost, Dense, HandwrittenGradient
from ms_dnn.config.optimization import InverseDecay
from ms_dnn.maths.activations import tanh
from ms_dnn.maths.losses import squared_error
from ms_dnn.series.chapter import BLUE, GREEN, ORANGE, begin, check_answer, label, show_code
from ms_dnn.series.descent import Descent, descend
from ms_dnn.series.pictures import draw_path, draw_surface
from ms_dnn.training.optimizers import GradientDescent
from ms_dnn.training.schedules import learning_rates

begin()

# %%
# One step downhill
# -----------------
# Near the point where it stands, a smooth cost is a slope. Its gradient dw points uphill, so a step of length r against
# it goes down, if r is small enough for the slope to be a fair picture that far:
#
# .. _formula-descent-step:
#
# .. math:: w' = w - r \, dw, \qquad b' = b - r \, db

show_code(GradientDescent)

# %%
# To watch it, take the smallest problem that has a w and a b: a line a = w x + b through 200 noisy points, with the
# squared error. Its cost is a bowl, and here the bottom can be computed, by two equations with two unknowns. (A unit
# that looks at pictures has 12 289 of them, and with a sigmoid they are not linear: then one has to walk.)

generator = np.random.default_rng(5)
x = generator.normal(0.8, 1.0, (200, 1))
y = 1.5 * x + 0.5 + generator.normal(0, 0.6, (200, 1))
cost = Cost("squared_error")
bottom = np.linalg.lstsq(np.hstack([x, np.ones_like(x)]), y, rcond=None)[0][:, 0]
print(f"the bottom: w = {bottom[0]:.4f}, b = {bottom[1]:.4f}")


def costs_at(w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cost on all samples of the lines (w, b), in the shape of w and b."""
    lines = Tensor(w.ravel()[:, None] * x[:, 0] + b.ravel()[:, None])  # a row is a line, a column is a sample
    targets = Tensor(np.tile(y[:, 0], (w.size, 1)))
    return (squared_error(lines, targets).asnumpy() / len(x)).reshape(w.shape)


def walk(rates: np.ndarray, batches: list[np.ndarray] | None = None) -> tuple[Descent, np.ndarray]:
    """Return the descent from w = −1.5, b = 3.2, and its points (w, b), (steps + 1, 2)."""
    line = DNN([Dense(np.array([[-1.5]]), np.array([3.2]), "identity")])
    descent = descend(line, cost, x, y, rates, batches=batches)
    return descent, np.hstack([descent.ways["layers.0.weight"][:, 0], descent.ways["layers.0.bias"]])


# %%
# Too small, good, too large
# --------------------------
# Along a direction in which the cost is :math:`\tfrac12 \lambda u^2`, its derivative is λu, and one step multiplies the
# distance u to the bottom by :math:`1 - r \lambda`. That shrinks only while
#
# .. math:: |1 - r \lambda| < 1, \qquad \text{that is} \quad 0 < r < \frac{2}{\lambda}
#
# A surface bends differently in different directions. The strongest bend, the largest eigenvalue of the matrix of
# second derivatives, sets the limit of r; the weakest one decides how long the walk takes.

hessian = np.array([[np.mean(x**2), np.mean(x)], [np.mean(x), 1.0]])
weakest, strongest = np.linalg.eigvalsh(hessian)
limit = 2 / strongest
print(f"bends from {weakest:.3f} to {strongest:.3f}: the rate must stay below {limit:.3f}")
steps = 30
choices = {
    label("too small", "太小"): 0.03 * limit,
    label("good", "合适"): 0.7 * limit,
    label("too large", "太大"): 1.03 * limit,
}
walks = {name: walk(np.full(steps, rate)) for name, rate in choices.items()}
for (name, rate), (_, points) in zip(choices.items(), walks.values(), strict=True):
    away = np.linalg.norm(points[-1] - bottom)
    print(f"r = {rate:.3f}, {name}: after {steps} steps {away:.4f} away from the bottom")

across, up = np.linspace(-3.5, 5.0, 121), np.linspace(-4.0, 5.0, 121)
surface = costs_at(*np.meshgrid(across, up))
levels = np.geomspace(surface.min(), surface.max(), 20)
figure, axes = plt.subplots(1, 3, figsize=(11, 4), sharey=True)
for part, name, (_, points) in zip(axes, choices, walks.values(), strict=True):
    draw_surface(part, across, up, surface, levels)
    draw_path(part, points, name)
    part.plot(*bottom, "+", color="white", markersize=12, markeredgewidth=2)
    part.set(xlabel="w", title=f"{name}: r = {choices[name]:.2f}", xlim=(-3.5, 5.0), ylim=(-4.0, 5.0))
axes[0].set_ylabel("b")
figure.suptitle(label("Thirty steps from the square to the star; + is the bottom", "从方块到星形的三十步；+ 为最低点"))

# %%
# A rate that decays
# ------------------
# Long steps first, to get along, and short ones later, to come to rest. The package has six ways to let the rate fall;
# one of them divides by a number that grows with the time t:
#
# .. _formula-rate-decay:
#
# .. math:: r_t = \frac{r_0}{1 + k t}
#
# All rates of a run are worked out before it begins. Here the first one is far above the limit. The walk starts by
# climbing, but soon the rate is below the limit, and what was wrong is forgotten.

show_code(InverseDecay, learning_rates)
settings = {"initial": 1.4 * limit, "rate": 0.1, "epochs": 1, "staircase": False}
decaying = learning_rates("inverse_decay", settings, total_steps=steps, steps_per_epoch=1)
below = int(np.argmax(decaying < limit))
print(f"r: {decaying[0]:.3f} at first, below the limit from step {below} on, {decaying[-1]:.3f} at the end")
decayed, decayed_points = walk(decaying)
print(f"{np.linalg.norm(decayed_points[-1] - bottom):.4f} away from the bottom")

figure, axes = plt.subplots(figsize=(7, 3.8))
styles = (("-", BLUE), ("--", GREEN), (":", ORANGE))
least = costs_at(*bottom[:, None])[0]
for (name, (descent, _)), (dashes, colour) in zip(walks.items(), styles, strict=True):
    axes.semilogy(descent.costs - least, dashes, color=colour, label=f"{name}, r = {choices[name]:.2f}")
axes.semilogy(decayed.costs - least, "-.", color="black", label=label("too large, but decaying", "太大，但逐渐衰减"))
axes.set(xlabel=label("step", "步"), ylabel=label("cost above the least", "成本与最小值之差"), ylim=(1e-7, None))
axes.legend(loc="lower left")
figure.suptitle(
    label("The same thirty steps: how far the cost still is from its least", "同样三十步：成本离最小值还有多远")
)

# %%
# A valley that is not the deepest
# --------------------------------
# A bowl has one bottom. With an activation and the squares there may be several, even for one unit with one weight.
# Here are three samples that want different things of :math:`a = \tanh(w x)`: x = 1 with y = −0.8, twice, wants a
# negative w, x = 6 with y = 0.8 a small positive one. Where tanh is flat, a sample cannot make itself heard: of two
# starts close to one another, on either side of the ridge, each finds the valley of its own side.

few_x, few_y = np.array([[1.0], [1.0], [6.0]]), np.array([[-0.8], [-0.8], [0.8]])


def fall(start: float) -> Descent:
    """Return the descent of the unit a = tanh(w x) from a start."""
    unit = DNN([Dense(np.array([[start]]), None, "tanh")])
    return descend(unit, cost, few_x, few_y, [0.1] * 250)


weights = np.linspace(-2.2, 1.4, 401)
answers = tanh(Tensor(weights[:, None] * few_x[:, 0]))
heights = squared_error(answers, Tensor(np.tile(few_y[:, 0], (len(weights), 1)))).asnumpy() / 3
falls = {start: fall(start) for start in (-0.5, -0.3)}
figure, axes = plt.subplots(figsize=(7, 3.8))
axes.plot(weights, heights, color="0.5")
for (start, way), marker, colour in zip(falls.items(), ("o", "s"), (ORANGE, BLUE), strict=True):
    ws = way.ways["layers.0.weight"].ravel()
    print(f"from w = {start:+.1f} to w = {ws[-1]:+.3f}, where the cost is {way.costs[-1]:.3f}")
    axes.plot(
        ws[:-1:5], way.costs[::5], marker, color=colour, markersize=5, label=label(f"from {start}", f"从 {start} 出发")
    )
    axes.plot(ws[-1], way.costs[-1], "*", color=colour, markeredgecolor="black", markersize=16, zorder=3)
axes.set(xlabel="w", ylabel=label("cost", "成本"))
axes.legend()
figure.suptitle(label("Two starts, two valleys: only one is the deepest", "两个起点，两个谷：只有一个最深"))

# %%
# At the bottom of the shallow valley the gradient is 0. Nothing in it tells of the deeper one; another start does, or a
# cost that is convex, as that of chapter 03.

# %%
# Whom to ask before a step
# -------------------------
# The cost is a mean over all N samples, and so is its gradient. A few samples B have a mean as well, less exact and
# cheaper, and right on average:
#
# .. _formula-mini-batch-gradient:
#
# .. math:: dw \approx \frac{1}{|B|} \sum_{n \in B} \frac{\partial \ell_n}{\partial w}
#
# - **batch**: B is everybody, and the sign is =;
# - **mini-batch**: B is a small part, another one in each step;
# - **stochastic**: B is one sample.
#
# They are one algorithm. In the package only the rows differ that are handed to it (``batch_size`` in a configuration);
# the division by their number is in the cost.

show_code(Cost.forward_backward, Cost._reduce, descend)
passes = 4
order = generator.permutation(len(x))
sizes = {
    label("batch, 200", "批量，200"): 200,
    label("mini-batch, 20", "小批量，20"): 20,
    label("stochastic, 1", "随机，1"): 1,
}
ways = {}
for name, size in sizes.items():
    batches = [order[first : first + size] for first in range(0, len(x), size)]
    _, points = walk(np.full(passes * len(batches), 0.12), batches)
    ways[name] = points
settings = {"initial": 0.12, "rate": 2.0, "epochs": 1, "staircase": False}
slowing = learning_rates("inverse_decay", settings, total_steps=passes * len(x), steps_per_epoch=len(x))
calm = label("stochastic, decaying", "随机，衰减")
ways[calm] = walk(slowing, [order[n : n + 1] for n in range(len(x))])[1]
sizes[calm] = 1
costs = {name: costs_at(*points.T) for name, points in ways.items()}
for name, points in ways.items():
    print(f"{len(points) - 1:4} steps, at the end {costs[name][-1] - least:.5f} above the least cost: {name}")

# %%
# One pass over the samples gives one step, or ten, or two hundred, for about the same arithmetic. In the beginning the
# many inexact steps get much further. In the end they cannot stay where they are: at the bottom the gradients of
# the samples cancel one another on average only, and at a constant rate each still pushes by r. A rate that decays
# from pass to pass quiets them.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
near_across, near_up = np.linspace(-1.8, 2.2, 121), np.linspace(-0.3, 4.2, 121)
near = costs_at(*np.meshgrid(near_across, near_up))
draw_surface(left, near_across, near_up, near, np.geomspace(near.min(), near.max(), 20))
for number, name in enumerate(list(ways)[:3]):
    draw_path(left, ways[name], name, number)
left.set(xlabel="w", ylabel="b", title=label("The ways of four passes", "四遍数据走过的路径"))
left.legend(loc="lower left", frameon=True, facecolor="0.25", edgecolor="none", labelcolor="white")
for (name, values), dashes in zip(costs.items(), ("-", "--", ":", "-."), strict=True):
    seen, above = np.arange(len(values)) * sizes[name], values - least
    if sizes[name] == 1:  # single steps are too ragged to be read: the mean of twenty
        seen, above = (numbers[:-1].reshape(-1, 20).mean(1) for numbers in (seen, above))
    right.semilogy(seen, above, dashes, label=name)
right.set(
    xlabel=label("samples seen", "看过的样本数"),
    ylabel=label("cost above the least", "成本与最小值之差"),
    title=label("The cost against what it took", "成本与所用样本数"),
)
right.legend(loc="lower left")

# %%
# Questions
# ---------
# 1. *With which rate does a walk on* :math:`\tfrac12 \lambda w^2` *arrive in one step, and with which does it hop to
#    and fro for ever?* With 1/λ, where :math:`1 - r\lambda = 0`, and with 2/λ, where it is −1.

bend = 4.0


def hop(rate: float) -> np.ndarray:
    """Return w before and after each of four steps on ½ λ w²."""
    slope = DNN([Dense(np.array([[1.5]]), None, "identity")])
    return descend(slope, cost, [[np.sqrt(bend)]], [[0.0]], [rate] * 4).ways["layers.0.weight"].ravel()


check_answer(1, np.allclose(hop(1 / bend)[1:], 0) and np.allclose(hop(2 / bend), [1.5, -1.5, 1.5, -1.5, 1.5]))

# %%
# 2. *Is the mean of the gradients of all mini-batches the gradient of the batch?* Yes, at one and the same w and with
#    equal sizes; along a walk w changes between them, and then it is not.

gradient = HandwrittenGradient(DNN([Dense(np.array([[0.3]]), np.array([-0.2]), "identity")]), cost)
parts = [gradient(Tensor(x[rows]), Tensor(y[rows]))[1] for rows in order.reshape(10, 20)]
whole = gradient(Tensor(x), Tensor(y))[1]
mean_of_parts = [np.mean([part[i].asnumpy() for part in parts], axis=0) for i in range(2)]
check_answer(2, all(np.allclose(mean, of_all.asnumpy()) for mean, of_all in zip(mean_of_parts, whole, strict=True)))

# %%
# 3. *Which of the three variants goes another way when the samples come in another order?* The two that see them in
#    portions. The batch is a sum, and a sum does not care.

backwards = order[::-1]
differ = []
for name, size in list(sizes.items())[:3]:
    batches = [backwards[first : first + size] for first in range(0, len(x), size)]
    differ.append(not np.allclose(walk(np.full(len(batches), 0.12), batches)[1], ways[name][: len(batches) + 1]))
check_answer(3, differ == [False, True, True])
