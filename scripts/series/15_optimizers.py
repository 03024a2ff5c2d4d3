r"""15 · Optimizers
===============

The gradient says which way is down, and after sixty steps downhill you are hardly any lower. Why? How far to go, and
what to keep of the steps before, is decided by the optimizer: gradient descent, momentum, Nesterov's momentum, Adam,
and schedules for the learning rate.

:Teaches: the update rules beside their lines of code, why long valleys are slow, what momentum and Adam do about it,
   Adam's bias correction, and learning rates that change.
:Needs: chapter 04 (gradient descent); scikit-learn's bundled digits; about 25 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits

from ms_dnn import DNN, Cost
from ms_dnn.estimators.program import Architecture, FitResult, program_of, train_epochs
from ms_dnn.layers.dense import Dense
from ms_dnn.series.chapter import BLUE, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend
from ms_dnn.series.pictures import draw_path, draw_surface
from ms_dnn.training.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Nesterov
from ms_dnn.training.plan import Plan
from ms_dnn.training.schedules import learning_rates
from ms_dnn.training.stopping import EarlyStopping

begin()

# %%
# A long valley
# -------------
# One unit without a bias, two features, squared error. The second feature is eight times as large as the first, because
# it was not scaled. So the cost is a bowl more than 50 times as curved in one direction as in the other: a valley.

generator = np.random.default_rng(1)
x = generator.normal(size=(50, 2)) * [1.0, 8.0]
y = x @ np.array([[1.0], [0.2]])
cost = Cost("squared_error")
curvatures = np.linalg.eigvalsh(x.T @ x / len(x))
ratio = curvatures[1] / curvatures[0]
say(
    f"curvatures of the cost: {curvatures[0]:.2f} and {curvatures[1]:.1f}; ratio {ratio:.0f}",
    f"成本的曲率：{curvatures[0]:.2f} 和 {curvatures[1]:.1f}；比值 {ratio:.0f}",
)


def unit() -> DNN:
    """Return the unit at its start, w = (−1, 0.9)."""
    return DNN([Dense(np.array([[-1.0, 0.9]]), None, "identity")])


# %%
# Gradient descent with the rate r multiplies the distance to the minimum by :math:`1 - r\kappa` along each direction, κ
# its curvature. It diverges as soon as :math:`r > 2/\kappa` for the largest κ, and along the smallest a rate below that
# makes hardly any progress. That is why features are scaled, and why there are optimizers for what remains.
#
# Momentum
# --------
# A ball that rolls keeps its speed. The gradients across the valley change their sign from step to step and cancel in
# the sum; those along it agree and add up, to :math:`1/(1 - \mu)` of one gradient:
#
# .. _formula-momentum-update:
#
# .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - r v

show_code(Momentum)

# %%
# The code hands this to a fused kernel of MindSpore, one call a parameter. Nesterov's momentum looks ahead: it steps
# along the velocity that one more update by the same gradient would give, and so brakes a step earlier:
#
# .. _formula-nesterov-update:
#
# .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - r (g + \mu v)

show_code(Nesterov.update)

# %%
# Adam
# ----
# Adam keeps two moving averages for each weight, of its gradient and of the gradient's square, and divides one by the
# root of the other. So each weight takes steps of about r, whatever the size of its gradients:
#
# .. _formula-adam-update:
#
# .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
#    \hat{m} = \frac{m}{1 - \beta_1^t}, \quad \hat{v} = \frac{v}{1 - \beta_2^t}, \qquad
#    \theta \leftarrow \theta - r \frac{\hat{m}}{\sqrt{\hat{v}} + \varepsilon}
#
# Both corrections depend on the number t of the step alone. The package works them out on the host, in float64, and
# gives the device two numbers a step, :math:`r_t = r \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)` and :math:`\varepsilon_t =
# \varepsilon \sqrt{1 - \beta_2^t}`.

show_code(Adam.coefficients, Adam.update)

# %%
# The four on the same cost, 60 steps each:

STEPS = 60
runs = (
    (label("gradient descent", "梯度下降"), GradientDescent, 0.02),
    (label("momentum", "动量"), Momentum, 0.005),
    (label("Nesterov", "Nesterov 动量"), Nesterov, 0.005),
    ("Adam", Adam, 0.15),
)
descents = [descend(unit(), cost, x, y, [rate] * STEPS, optimizer=kind) for _, kind, rate in runs]

across, up = np.linspace(-1.6, 2.2, 101), np.linspace(-0.9, 1.3, 81)
first, second = np.meshgrid(across, up)
J = 0.5 * np.mean((first[..., None] * x[:, 0] + second[..., None] * x[:, 1] - y[:, 0]) ** 2, axis=-1)
figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharex=True, sharey=True)
for place, (name, _, rate), descent in zip(axes.flat, runs, descents, strict=True):
    draw_surface(place, across, up, np.sqrt(J))
    draw_path(place, descent.ways["layers.0.weight"][:, 0], name, 0)
    place.set_title(label(f"{name}, rate {rate}: cost {descent.costs[-1]:.1e}",
                          f"{name}，学习率 {rate}：成本 {descent.costs[-1]:.1e}"))  # fmt: skip
for place in axes[1]:
    place.set_xlabel("w₁")
for place in axes[:, 0]:
    place.set_ylabel("w₂")
figure.suptitle(
    label("60 steps in a long valley (colour: root of the cost)", "狭长山谷中的 60 步（颜色：成本的平方根）")
)

# %%
# The first steps of Adam
# -----------------------
# m and v start at 0 and are too small at first: after one step :math:`m = 0.1\, g` and :math:`v = 0.001\, g^2`. Without
# the corrections the first step would be :math:`0.1 / \sqrt{0.001} \approx 3.2` times r, and the next ones larger
# still, until v has caught up. With them a steady gradient gives steps of r from the first one on.

t = np.arange(1, 3001)
adam = Adam(unit().trainable_params())
corrected_rates, _ = adam.coefficients(np.ones(len(t)), 0)
m, v = 1 - adam.beta1**t, 1 - adam.beta2**t  # of a gradient that is always 1
without, corrected = m / np.sqrt(v), corrected_rates * m / np.sqrt(v)
print(label("step            ", "步              ") + "".join(f"{k:8d}" for k in (1, 2, 3, 10, 100, 1000)))
for name, sizes in (("without", without), ("with correction", corrected)):
    print(f"{name:<16}" + "".join(f"{sizes[k - 1]:8.3f}" for k in (1, 2, 3, 10, 100, 1000)))

figure, axes = plt.subplots(figsize=(6.5, 3.3))
axes.semilogx(t, without, "--", color=ORANGE, label=label("without correction", "不修正"))
axes.semilogx(t, corrected, color=BLUE, label=label("with bias correction", "偏差修正"))
axes.set(xlabel=label("step", "步"), ylabel=label("length of the step, in r", "步长（以 r 为单位）"), ylim=(0, 8))
axes.legend()
figure.suptitle(label("Adam's steps for a gradient that is always 1", "梯度恒为 1 时 Adam 的步长"))

# %%
# On digits
# ---------
# A fair comparison gives each optimizer a rate of its own. Four rates each, twelve epochs, the same starting weights,
# the same mini-batches; the curve is the one whose last cost is lowest. The compiled loop of the package takes the rate
# as an input, so that all four need one compilation.

digits = load_digits()
pictures, labels = (digits.data / 16).astype(np.float32), np.eye(10, dtype=np.float32)[digits.target]
EPOCHS, BATCH = 12, 64
plan = Plan(len(pictures), BATCH, len(pictures) // BATCH, 1, seed=1)
never = EarlyStopping("cost", larger_is_better=False, patience=EPOCHS + 1)
tried = {
    "gradient_descent": (0.1, 0.3, 1.0, 3.0),
    "momentum": (0.03, 0.1, 0.3, 1.0),
    "nesterov": (0.03, 0.1, 0.3, 1.0),
    "adam": (0.003, 0.01, 0.03, 0.1),
}
curves = {}
for name, rates in tried.items():
    architecture = Architecture((64, 32, 10), "relu", "softmax_cross_entropy", name, "float32")
    start = FitResult(architecture.starting_arrays(["he", "xavier"], seed=1))
    program = program_of(architecture)
    of_rates = {
        rate: train_epochs(
            program, start, pictures, labels, plan=plan, rates=np.full(EPOCHS, rate), stopping=never
        ).costs
        for rate in rates
    }
    best = min(of_rates, key=lambda rate: of_rates[rate][-1])
    curves[name] = best, of_rates[best]
    last = "  ".join(f"{rate:g}: {of_rates[rate][-1]:.4f}" for rate in rates)
    say(f"{name:<17} cost of epoch {EPOCHS} by rate   {last}", f"{name:<17} 第 {EPOCHS} 轮的成本，按学习率   {last}")

figure, axes = plt.subplots(figsize=(7.5, 4))
for (name, (rate, costs)), dashes in zip(curves.items(), ("-", "--", "-.", ":"), strict=True):
    shown = dict(zip(OPTIMIZERS, (run[0] for run in runs), strict=True))[name]
    steps = plan.steps_per_epoch * np.arange(1, EPOCHS + 1)
    axes.semilogy(steps, costs, dashes, marker="o", markersize=3, label=label(f"{shown}, {rate}", f"{shown}，{rate}"))
axes.set(xlabel=label("step", "步"), ylabel=label("mean cost of an epoch", "每个轮次的平均成本"))
axes.legend(title=label("optimizer, its best rate", "优化器及其最佳学习率"))
figure.suptitle(label("Digits, each optimizer with its own good rate", "手写数字：各优化器使用各自合适的学习率"))

# %%
# One data set and one seed say little about which is best. What carries over is the other lesson: the rate that is good
# for one is bad for another, by a factor of ten and more.
#
# Rates that change
# -----------------
# Mini-batch gradients are noisy. Far away a large rate is good; near the minimum the noise keeps the weights from
# converging, and only a smaller rate lets them. A schedule gives each epoch its own rate. The package knows those of
# MindSpore:

show_code(learning_rates)
schedules = {
    "constant": {"rate": 0.1},
    "exponential_decay": {"initial": 0.1, "rate": 0.5, "epochs": 10, "staircase": False},
    "natural_exponential_decay": {"initial": 0.1, "rate": 0.5, "epochs": 10, "staircase": True},
    "inverse_decay": {"initial": 0.1, "rate": 1.0, "epochs": 10, "staircase": False},
    "cosine_decay": {"initial": 0.1, "final": 0.0, "epochs": 40},
    "polynomial_decay": {"initial": 0.1, "final": 0.01, "epochs": 30, "power": 2.0},
    "piecewise_constant": {"milestones": [15, 30, 40], "rates": [0.1, 0.03, 0.01]},
}
figure, axes = plt.subplots(figsize=(8.5, 4))
marks = ("", "o", "s", "^", "D", "v", "P")
for (name, settings), mark in zip(schedules.items(), marks, strict=True):
    rates = learning_rates(name, settings, total_steps=40, steps_per_epoch=1)
    axes.plot(
        rates,
        drawstyle="steps-post",
        marker=mark,
        markevery=4,
        markersize=4,
        label=name,
        color=GREY if not mark else None,
    )
axes.set(xlabel=label("epoch", "轮次"), ylabel=label("learning rate", "学习率"))
axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
figure.suptitle(label("Schedules: one rate an epoch", "学习率调度：每个轮次一个学习率"))

# %%
# Questions
# ---------
# 1. *Do the optimizers really follow their formulas?* Three steps of each, by hand in NumPy:


def by_hand(kind: type, rate: float) -> np.ndarray:
    """Return w after three steps, by the formulas above."""
    w, v, m = np.array([-1.0, 0.9]), np.zeros(2), np.zeros(2)
    for t in (1, 2, 3):
        g = (x @ w - y[:, 0]) @ x / len(x)
        if kind is Adam:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        else:
            v = (0 if kind is GradientDescent else 0.9) * v + g
            w = w - rate * (g + 0.9 * v if kind is Nesterov else v)
    return w


agree = []
for (_, kind, rate), descent in zip(runs, descents, strict=True):
    there, here = descent.ways["layers.0.weight"][3, 0], by_hand(kind, rate)
    agree.append(np.allclose(there, here, rtol=1e-6))
    say(f"{kind.__name__:<16} {there}, by hand {here}", f"{kind.__name__:<16} {there}，手算 {here}")
check_answer(1, all(agree))

# %%
# 2. *A gradient stays the same for many steps. How long does a step with momentum 0.9 become?* Ten times that of
#    gradient descent: :math:`v = g (1 + \mu + \mu^2 + \dots) = g / (1 - \mu)`. So a rate that suits gradient descent is
#    ten times too large here.

linear = DNN([Dense(np.zeros((1, 1)), None, "identity")])
far = descend(linear, cost, [[1e-3]], [[1e3]], [0.1] * 100, optimizer=Momentum)
lengths = np.diff(far.ways["layers.0.weight"][:, 0, 0])
say(
    f"the first step {lengths[0]:.4f}, the hundredth {lengths[-1]:.4f}",
    f"第一步 {lengths[0]:.4f}，第一百步 {lengths[-1]:.4f}",
)
check_answer(2, np.isclose(lengths[-1] / lengths[0], 10, rtol=0.01))

# %%
# 3. *The cost is multiplied by 1000. Which path stays the same?* Adam's, except for ε: m̂ grows by 1000 and so does
#    √v̂. Gradient descent, with its old rate, diverges.

scaled = [descend(unit(), cost, np.sqrt(1000) * x, np.sqrt(1000) * y, [rate] * 5, optimizer=kind)
          for _, kind, rate in (runs[0], runs[3])]  # fmt: skip
moved = [np.abs(new.ways["layers.0.weight"] - old.ways["layers.0.weight"][:6]).max()
         for new, old in zip(scaled, (descents[0], descents[3]), strict=True)]  # fmt: skip
say(
    f"largest change of w in five steps: gradient descent {moved[0]:.1e}, Adam {moved[1]:.1e}",
    f"五步之内 w 的最大变化量：梯度下降 {moved[0]:.1e}，Adam {moved[1]:.1e}",
)
check_answer(3, moved[1] < 1e-6 < 1e3 < moved[0])
