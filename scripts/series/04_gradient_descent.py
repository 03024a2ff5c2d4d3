r"""04 · Gradient descent
=====================

You stand on a hillside in fog and feel only how the ground slopes under your feet. How long a step dare you take, and
is the valley where you arrive the deepest one? The length of the steps, the starting point and the number of samples in
each step decide where gradient descent ends.

:Teaches: the descent step, the limit of the learning rate, decay, local minima, and batch, mini-batch and stochastic.
:Needs: chapters 02 and 03; the chapter generates its data; about 20 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor

from ms_dnn import DNN, Cost, Dense, HandwrittenGradient
from ms_dnn.config.optimization import InverseDecay
from ms_dnn.maths.activations import tanh
from ms_dnn.maths.losses import squared_error
from ms_dnn.series.chapter import BLUE, GREEN, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import Descent, descend
from ms_dnn.series.pictures import draw_path, draw_surface
from ms_dnn.training.optimizers import GradientDescent
from ms_dnn.training.schedules import learning_rates

begin()

# %%
# One step downhill
# -----------------
# Near any point, a smooth cost is almost linear. Its gradient dw points uphill, so a step against it, of length
# :math:`r \lVert dw \rVert`, goes down if r is small enough for the linear approximation to hold that far:
#
# .. _formula-descent-step:
#
# .. math:: w' = w - r \, dw, \qquad b' = b - r \, db

show_code(GradientDescent)

# %%
# To watch it, take the smallest problem that has a w and a b: a line a = w x + b through 200 noisy points, with the
# squared error. Its cost is a bowl, and here the minimum can be computed, by two equations with two unknowns.

generator = np.random.default_rng(5)
x = generator.normal(0.8, 1.0, (200, 1))
y = 1.5 * x + 0.5 + generator.normal(0, 0.6, (200, 1))
cost = Cost("squared_error")
minimum = np.linalg.lstsq(np.hstack([x, np.ones_like(x)]), y, rcond=None)[0][:, 0]
say(f"the minimum: w = {minimum[0]:.4f}, b = {minimum[1]:.4f}", f"最小值点：w = {minimum[0]:.4f}，b = {minimum[1]:.4f}")


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
# First with b held at its best value, so that the cost is a curve over one w. Its derivative at a point is the slope of
# the **tangent**. Each step goes against it, and the flatter the curve becomes, the shorter are the steps.

line = DNN([Dense(np.array([[-1.5]]), None, "identity")])
of_one = descend(line, cost, x, y - minimum[1], [0.25] * 8)
ws = of_one.ways["layers.0.weight"].ravel()
heights = costs_at(ws, np.full_like(ws, minimum[1]))
derivatives = -np.diff(ws) / 0.25
figure, axes = plt.subplots(figsize=(7, 3.8))
along = np.linspace(-1.9, 4.2, 121)
axes.plot(along, costs_at(along, np.full_like(along, minimum[1])), color=GREY, label=label("cost J(w)", "成本 J(w)"))
for number in (0, 2):
    near = ws[number] + np.array([-0.4, 1.3])
    tangent = heights[number] + derivatives[number] * (near - ws[number])
    axes.plot(near, tangent, "--", color=ORANGE, label=label("tangent", "切线") if number == 0 else None)
axes.plot(ws, heights, "o", color=BLUE, markersize=7, label=label("steps", "各步"))
axes.set(xlabel="w", ylabel=label("cost J", "成本 J"), ylim=(0, None))
axes.legend()
figure.suptitle(label("The cost over one w: each step goes down the tangent", "一个 w 上的成本：每一步沿切线下降"))

fall = heights[0] - heights[1]
promised = 0.25 * derivatives[0] ** 2
say(
    f"first step, r = 0.25: w changes by {ws[1] - ws[0]:.3f}, J falls by {fall:.3f}; r · dw² = {promised:.3f}",
    f"第一步，r = 0.25：w 变化 {ws[1] - ws[0]:.3f}，J 下降 {fall:.3f}；r · dw² = {promised:.3f}",
)

# %%
# So r is neither the change of w nor that of the cost: :math:`\Delta w = r \, dw`, and for a small r the cost falls by
# about :math:`r \, dw^2`. (One of the texts calls the learning rate the difference in height ΔJ. That is a small error
# in a good text: it is the factor, not the height.)
#
# Why not solve dJ/dw = 0?
# ------------------------
# At the minimum all derivatives are 0, so one might solve the equations instead of going there. For a linear unit and
# the squared error they are linear, :math:`X^T X\, w = X^T y`, one for each feature. A picture of 64 × 64 × 3 has
# **12 288** of them. The matrix needs memory as n², its elimination time as n³; and if there are fewer samples than
# features it is **singular**: it has no inverse, and infinitely many w are solutions. With a sigmoid in between the
# equations are not even linear, and they have to be solved by steps, too.

n = 64 * 64 * 3
say(
    f"{n:,} equations: a matrix of {8 * n**2 / 1e9:.1f} GB, about {n**3 / 3:.0e} multiplications to eliminate",
    f"{n:,} 个方程：矩阵占 {8 * n**2 / 1e9:.1f} GB，消元约需 {n**3 / 3:.0e} 次乘法",
)
say(
    f"one step of gradient descent on 1000 pictures: {2 * 1000 * n:.0e} multiplications",
    f"在 1000 张图片上做一步梯度下降：{2 * 1000 * n:.0e} 次乘法",
)
few_samples = generator.normal(size=(5, 8))
rank = np.linalg.matrix_rank(few_samples.T @ few_samples)
say(f"5 samples of 8 features: the matrix is 8 × 8, its rank {rank}", f"5 个样本、8 个特征：矩阵是 8 × 8，秩为 {rank}")

# %%
# Too small, good, too large
# --------------------------
# Along a direction in which the cost is :math:`\tfrac12 \lambda u^2`, its derivative is λu, and one step multiplies the
# distance u to the minimum by :math:`1 - r \lambda`. That shrinks only while
#
# .. math:: |1 - r \lambda| < 1 \quad \Longleftrightarrow \quad 0 < r < \frac{2}{\lambda}
#
# A surface has a curvature of its own in each direction. The largest one, the largest eigenvalue of the matrix of
# second derivatives (the Hessian), sets the limit of r; the smallest one decides how many steps it takes.

hessian = np.array([[np.mean(x**2), np.mean(x)], [np.mean(x), 1.0]])
smallest, largest = np.linalg.eigvalsh(hessian)
limit = 2 / largest
say(
    f"curvature from {smallest:.3f} to {largest:.3f}: the rate must stay below {limit:.3f}",
    f"曲率从 {smallest:.3f} 到 {largest:.3f}：学习率必须小于 {limit:.3f}",
)
steps = 30
choices = {
    label("too small", "太小"): 0.03 * limit,
    label("good", "合适"): 0.7 * limit,
    label("too large", "太大"): 1.03 * limit,
}
walks = {name: walk(np.full(steps, rate)) for name, rate in choices.items()}
for (name, rate), (_, points) in zip(choices.items(), walks.values(), strict=True):
    away = np.linalg.norm(points[-1] - minimum)
    say(
        f"r = {rate:.3f}, {name}: after {steps} steps {away:.4f} away from the minimum",
        f"r = {rate:.3f}，{name}：{steps} 步之后离最小值点 {away:.4f}",
    )

across, up = np.linspace(-3.5, 5.0, 121), np.linspace(-4.0, 5.0, 121)
surface = costs_at(*np.meshgrid(across, up))
levels = np.geomspace(surface.min(), surface.max(), 20)
figure, axes = plt.subplots(1, 3, figsize=(11, 4), sharey=True)
for part, name, (_, points) in zip(axes, choices, walks.values(), strict=True):
    shown = draw_surface(part, across, up, surface, levels)
    part.plot(*minimum, "o", markersize=20, markerfacecolor="none", markeredgecolor="white", markeredgewidth=1.8)
    draw_path(part, points, name)
    part.set(xlabel="w", title=f"{name}: r = {choices[name]:.2f}", xlim=(-3.5, 5.0), ylim=(-4.0, 5.0))
axes[0].set_ylabel("b")
figure.colorbar(shown, ax=axes, format="%.1f", label=label("cost J", "成本 J"))
figure.suptitle(
    label(
        "Thirty steps from the square to the star; the ring is at the minimum", "从方块到星形的三十步；圆环处为最低点"
    )
)

# %%
# A rate that decays
# ------------------
# Long steps first, for fast progress, and short ones later, to converge. The package has six ways to let the rate fall;
# one of them divides by a number that grows with the time t:
#
# .. _formula-rate-decay:
#
# .. math:: r_t = \frac{r_0}{1 + k t}
#
# All rates of a run are worked out before it begins. Here the first one is far above the limit. The cost rises at
# first, but soon the rate is below the limit, and the descent converges.

show_code(InverseDecay, learning_rates)
settings = {"initial": 1.4 * limit, "rate": 0.1, "epochs": 1, "staircase": False}
decaying = learning_rates("inverse_decay", settings, total_steps=steps, steps_per_epoch=1)
below = int(np.argmax(decaying < limit))
say(
    f"r: {decaying[0]:.3f} at first, below the limit from step {below} on, {decaying[-1]:.3f} at the end",
    f"r：起初为 {decaying[0]:.3f}，从第 {below} 步起低于上限，最后为 {decaying[-1]:.3f}",
)
decayed, decayed_points = walk(decaying)
say(
    f"{np.linalg.norm(decayed_points[-1] - minimum):.4f} away from the minimum",
    f"离最小值点 {np.linalg.norm(decayed_points[-1] - minimum):.4f}",
)

figure, axes = plt.subplots(figsize=(7, 3.8))
styles = (("-", BLUE), ("--", GREEN), (":", ORANGE))
least = costs_at(*minimum[:, None])[0]
for (name, (descent, _)), (dashes, colour) in zip(walks.items(), styles, strict=True):
    axes.semilogy(descent.costs - least, dashes, color=colour, label=f"{name}, r = {choices[name]:.2f}")
axes.semilogy(decayed.costs - least, "-.", color="black", label=label("too large, but decaying", "太大，但逐渐衰减"))
axes.set(xlabel=label("step", "步"), ylabel=label("cost above the least", "成本与最小值之差"), ylim=(1e-7, None))
axes.legend(loc="lower left")
figure.suptitle(
    label("The same thirty steps: how far the cost still is from its least", "同样三十步：成本离最小值还有多远")
)

# %%
# A local minimum
# ---------------
# A bowl has one minimum. With an activation and the squares there may be several, even for one unit with one weight.
# Here are samples that conflict for :math:`a = \tanh(w x)`: x = 1 with y = −0.8, twelve times, needs a negative w, x =
# 10 with y = 0.8, twice, a small positive one. Where tanh is flat, a sample has hardly any gradient: of two starts
# close to one another, on either side of the ridge, each finds the minimum on its own side.
#
# The rate decides as well. From one and the same start a **small** rate goes down into the local minimum and stays
# there. A **large** one jumps over it and over the ridge, and finds the global one. That is luck, not a method: with
# another start it jumps over the global minimum just as well.

few_x = np.array([[1.0]] * 12 + [[10.0]] * 2)
few_y = np.array([[-0.8]] * 12 + [[0.8]] * 2)


def costs_of(weights: np.ndarray) -> np.ndarray:
    """Return the cost of a = tanh(w x) for each w, (W,)."""
    outputs = tanh(Tensor(weights[:, None] * few_x[:, 0]))
    return squared_error(outputs, Tensor(np.tile(few_y[:, 0], (len(weights), 1)))).asnumpy() / len(few_x)


def fall_from(start: float, rate: float) -> np.ndarray:
    """Return w before the first and after each of 300 steps from a start, (301,)."""
    unit = DNN([Dense(np.array([[start]]), None, "tanh")])
    return descend(unit, cost, few_x, few_y, [rate] * 300).ways["layers.0.weight"].ravel()


weights = np.linspace(-1.7, 0.62, 401)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
panels = (
    (left, ((-0.2, 0.1), (-0.05, 0.1)), label("Two starts, one rate", "两个起点，同一学习率")),
    (right, ((0.5, 0.05), (0.5, 1.0)), label("One start, two rates", "同一起点，两个学习率")),
)
for part, runs, title in panels:
    part.plot(weights, costs_of(weights), color=GREY, linewidth=1.2)
    for (start, rate), marker, colour in zip(runs, ("o", "s"), (ORANGE, BLUE), strict=True):
        ws = fall_from(start, rate)
        say(
            f"from w = {start:+.2f} at r = {rate}: to w = {ws[-1]:+.3f}, where the cost is {costs_of(ws)[-1]:.3f}",
            f"从 w = {start:+.2f} 出发，r = {rate}：到 w = {ws[-1]:+.3f}，成本为 {costs_of(ws)[-1]:.3f}",
        )
        seen = ws[:60] if rate < 1 else ws[:12]
        name = label(f"from {start}, r = {rate}", f"从 {start} 出发，r = {rate}")
        part.plot(seen, costs_of(seen), marker + ":", color=colour, markersize=5, linewidth=1, label=name)
        part.plot(ws[-1], costs_of(ws)[-1], "*", color=colour, markeredgecolor="black", markersize=16, zorder=3)
    part.set(xlabel="w", title=title)
    part.legend(loc="upper center")
left.set_ylabel(label("cost", "成本"))
figure.suptitle(
    label("Two minima: start and rate decide which one is found", "两个极小值：落入哪一个由起点与学习率决定")
)

# %%
# At the local minimum the gradient is 0. Nothing in it points to the global one. Another start finds it; a convex cost,
# as that of chapter 03, has no other.

# %%
# Batch, mini-batch and stochastic
# --------------------------------
# The cost is a mean over all N samples, and so is its gradient. A few samples B have a mean as well, less exact and
# cheaper, and right on average:
#
# .. _formula-mini-batch-gradient:
#
# .. math:: dw \approx \frac{1}{|B|} \sum_{n \in B} \frac{\partial \ell_n}{\partial w}
#
# - **batch**: B is all samples, and ≈ becomes =;
# - **mini-batch**: B is a few samples, others in each step;
# - **stochastic**: B is one sample.
#
# They are one algorithm. In the package they differ only in the rows that are handed to it (``batch_size`` in a
# configuration); the division by their number is in the cost.

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
    say(
        f"{len(points) - 1:4} steps, at the end {costs[name][-1] - least:.5f} above the least cost: {name}",
        f"{len(points) - 1:4} 步，最后比最小成本高 {costs[name][-1] - least:.5f}：{name}",
    )

# %%
# One pass over the samples gives one step, or ten, or two hundred, for about the same arithmetic. In the beginning the
# many inexact steps get much further. In the end they do not converge: at the minimum the gradients of the samples
# cancel one another on average only, and at a constant rate each still moves w and b. With a rate that decays from pass
# to pass they converge.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
near_across, near_up = np.linspace(-1.8, 2.2, 121), np.linspace(-0.3, 4.2, 121)
near = costs_at(*np.meshgrid(near_across, near_up))
draw_surface(left, near_across, near_up, near, np.geomspace(near.min(), near.max(), 20))
for number, name in enumerate(list(ways)[:3]):
    draw_path(left, ways[name], name, number)
left.set(xlabel="w", ylabel="b", title=label("The paths of four passes", "四遍数据走过的路径"))
left.legend(loc="lower left", frameon=True, facecolor="0.25", edgecolor="none", labelcolor="white")
for (name, values), dashes in zip(costs.items(), ("-", "--", ":", "-."), strict=True):
    seen, above = np.arange(len(values)) * sizes[name], values - least
    if sizes[name] == 1:  # single steps are too ragged to be read: the mean of twenty
        seen, above = (numbers[:-1].reshape(-1, 20).mean(1) for numbers in (seen, above))
    right.semilogy(seen, above, dashes, label=name)
right.set(
    xlabel=label("samples seen", "看过的样本数"),
    ylabel=label("cost above the least", "成本与最小值之差"),
    title=label("The cost against the samples seen", "成本与看过的样本数"),
)
right.legend(loc="lower left")

# %%
# Questions
# ---------
# 1. *With which rate does gradient descent on* :math:`\tfrac12 \lambda w^2` *reach the minimum in one step, and with
#    which does it oscillate for ever?* With 1/λ, where :math:`1 - r\lambda = 0`, and with 2/λ, where it is −1.

curvature = 4.0


def four_steps(rate: float) -> np.ndarray:
    """Return w before and after each of four steps on ½ λ w²."""
    unit = DNN([Dense(np.array([[1.5]]), None, "identity")])
    return descend(unit, cost, [[np.sqrt(curvature)]], [[0.0]], [rate] * 4).ways["layers.0.weight"].ravel()


in_one, oscillating = four_steps(1 / curvature), four_steps(2 / curvature)
check_answer(1, np.allclose(in_one[1:], 0) and np.allclose(oscillating, [1.5, -1.5, 1.5, -1.5, 1.5]))

# %%
# 2. *Is the mean of the gradients of all mini-batches the gradient of the batch?* Yes, at one and the same w and with
#    equal sizes; during a descent w changes between them, and then it is not.

gradient = HandwrittenGradient(DNN([Dense(np.array([[0.3]]), np.array([-0.2]), "identity")]), cost)
of_batches = [gradient(Tensor(x[rows]), Tensor(y[rows]))[1] for rows in order.reshape(10, 20)]
whole = gradient(Tensor(x), Tensor(y))[1]
means = [np.mean([of_batch[i].asnumpy() for of_batch in of_batches], axis=0) for i in range(2)]
check_answer(2, all(np.allclose(mean, of_all.asnumpy()) for mean, of_all in zip(means, whole, strict=True)))

# %%
# 3. *Which of the three variants takes another path when the samples are shuffled?* The two that see a few at a time.
#    The batch is a sum, and a sum does not depend on the order.

backwards = order[::-1]
differ = []
for name, size in list(sizes.items())[:3]:
    batches = [backwards[first : first + size] for first in range(0, len(x), size)]
    differ.append(not np.allclose(walk(np.full(len(batches), 0.12), batches)[1], ways[name][: len(batches) + 1]))
check_answer(3, differ == [False, True, True])
