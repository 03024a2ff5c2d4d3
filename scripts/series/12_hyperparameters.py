r"""12 · Hyperparameters
====================

The network is bad. Is it too small, too deep, trained too briefly, or only with the wrong rate? And how do you choose
without deceiving yourself? Weights are learned; rate, iterations, depth, widths and activations are chosen. Here each
of them is written down in one place, changed alone, and searched for, on samples that training does not see.

:Teaches: an experiment as a configuration, the loss against each hyperparameter, rates on a logarithmic scale, grid and
          random search, and what the validation set and the test set are for.
:Needs: the training of a network (chapters 08 to 11); handwritten digits from scikit-learn; about 30 seconds.
"""

import warnings
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from ms_dnn import DNNClassifier, build_dnn
from ms_dnn.config import ExperimentConfig, parse_config
from ms_dnn.config.swept import SweptExperiment, parse_swept
from ms_dnn.errors import ConfigError, DivergenceError
from ms_dnn.experiment.data import prepare_data
from ms_dnn.series.chapter import BLUE, GREEN, ORANGE, begin, check_answer, label, say, show_code

begin()

# %%
# Everything in one place
# -----------------------
# An experiment of the package is a YAML file; ``configs/`` has examples, and ``ms_dnn.load_config`` reads one. Whatever
# can be chosen stands there, and nothing else decides: the same file and seed give the same run. This one is written
# into the chapter, so ``parse_config`` reads it. The last section says what may be tried.

EXPERIMENT = """
name: digits_by_hand
seed: 1
data: {set: digits, test: 0.2, validation: 0.2, scaling: min_max}
network:
  layers:
    - {units: 32, activation: tanh}
    - {units: 10, activation: identity}
loss: softmax_cross_entropy
optimizer: {name: gradient_descent}
learning_rate: 0.3
training: {batch_size: 64, epochs: 10}
sweep:
  sampler: grid
  ranges:
    network.depth: [1, 2, 3, 4]
    network.width: [2, 8, 32, 64]
"""
config = parse_config(EXPERIMENT)
print(
    config.network.layers[0].units,
    label("units, rate", "个神经元，学习率"),
    config.learning_rate,
    "-",
    config.training.epochs,
    label("epochs", "轮"),
)

# %%
# Any value can be changed for one run, as ``--set`` does on the command line. A typo raises an error with a hint; it
# does not start a run with a default in its place:

changed = parse_config(EXPERIMENT, overrides=["learning_rate=0.05", "network.layers.0.units=64"])
print(changed.network.layers[0].units, label("units, rate", "个神经元，学习率"), changed.learning_rate)
try:
    parse_config(EXPERIMENT, overrides=["learnin_rate=0.05"])
except ConfigError as error:
    print(error)

# %%
# Depth and width are not keys of one layer but of all hidden ones. A **swept experiment** makes configurations for
# them; ``with_values`` checks each, as if it were a file.

show_code(SweptExperiment.with_values, SweptExperiment.combinations)

swept = parse_swept(EXPERIMENT)
print(len(swept.combinations()), label("combinations, the first:", "种组合，第一种："), swept.combinations()[0])
deeper = swept.with_values({"network.depth": 3, "network.width": 16})
print([layer.units for layer in deeper.network.layers])

# %%
# Training set, validation set, test set
# --------------------------------------
# - The **training set** gives the gradients that move the weights.
# - The **validation set** chooses among the trained networks. No gradient uses it.
# - The **test set** is used once, at the end.

data = prepare_data(config)
for name, samples in (
    (label("training", "训练"), data.train),
    (label("validation", "验证"), data.validation),
    (label("test", "测试"), data.test),
):
    say(f"{len(samples.x):5} samples for {name}", f"{len(samples.x):5} 个样本用于{name}")


def train(experiment: ExperimentConfig) -> DNNClassifier:
    """Return a network that was trained as the configuration says."""
    *hidden, _ = experiment.network.layers
    model = DNNClassifier(
        [layer.units for layer in hidden],
        hidden[0].activation,
        initializer="xavier",
        solver="gradient_descent",
        learning_rate=experiment.learning_rate,
        batch_size=experiment.training.batch_size,
        max_iter=experiment.training.epochs,
        tol=0.0,
        n_iter_no_change=10_000,
        random_state=experiment.seed,
        precision="float32",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # to stop after so many epochs is what we want
        return model.fit(data.train.x, data.train.targets)


def loss_on(model: DNNClassifier, samples: Any) -> float:
    """Return the mean cross-entropy on a set of samples."""
    return float(log_loss(samples.targets, model.predict_proba(samples.x), labels=np.arange(10)))


tried: list[tuple[dict[str, Any], DNNClassifier, float]] = []


def losses_with(values: dict[str, Any]) -> tuple[float, float]:
    """Return the losses on the training and the validation set with some values changed; ∞ where it diverged."""
    try:
        model = train(swept.with_values(values))
    except DivergenceError:
        return np.inf, np.inf
    of_validation = loss_on(model, data.validation)
    tried.append((values, model, of_validation))
    return loss_on(model, data.train), of_validation


# %%
# One at a time
# -------------
# Five hyperparameters, each changed alone while the others stay as they are written above.

CHOICES: dict[str, list[Any]] = {
    "learning_rate": [float(f"{rate:.2g}") for rate in np.logspace(-3, 1.5, 10)],
    "training.epochs": [1, 3, 10, 30, 60],
    "network.depth": [1, 2, 3, 4],
    "network.width": [2, 8, 32, 64],
    "network.activation": ["sigmoid", "tanh", "relu"],
}
found = {key: np.array([losses_with({key: value}) for value in values]) for key, values in CHOICES.items()}
for key, values in CHOICES.items():
    of_validation = found[key][:, 1]
    best = values[int(np.argmin(of_validation))]
    say(
        f"{key:19} best {best!s:8} validation loss {of_validation.min():.3f}, worst {of_validation.max():.3f}",
        f"{key:19} 最佳 {best!s:8} 验证损失 {of_validation.min():.3f}，最差 {of_validation.max():.3f}",
    )

figure, grid = plt.subplots(2, 3, figsize=(10, 6))
NAMES = {
    "learning_rate": label("learning rate", "学习率"),
    "training.epochs": label("epochs", "轮次"),
    "network.depth": label("hidden layers", "隐藏层数"),
    "network.width": label("units of the hidden layer", "隐藏层的神经元数"),
    "network.activation": label("activation", "激活函数"),
}
for axes, (key, values) in zip(grid.flat, CHOICES.items(), strict=False):
    places = values if key != "network.activation" else range(len(values))
    axes.plot(places, found[key][:, 0], "s--", color=ORANGE, markersize=4, label=label("training", "训练集"))
    axes.plot(places, found[key][:, 1], "o-", color=BLUE, markersize=4, label=label("validation", "验证集"))
    axes.set(xlabel=NAMES[key])
    if key in ("learning_rate", "training.epochs"):
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_ylim(0, None)
    if key == "network.width":
        axes.set_xscale("log", base=2)
    if key in ("network.depth", "network.activation"):
        axes.set_xticks(list(places), [str(value) for value in values])
for axes in grid[:, 0]:
    axes.set_ylabel(label("loss", "损失"))
grid.flat[0].legend()
models = {values["learning_rate"]: model for values, model, _ in tried if "learning_rate" in values}
last = grid.flat[5]
for rate, style, colour in ((0.01, ":", GREEN), (0.32, "-", BLUE), (3.2, "--", ORANGE)):
    last.plot(np.arange(1, 11), models[rate].loss_curve_, style, color=colour, label=f"r = {rate}")
last.set(xlabel=label("epoch", "轮次"), yscale="log", ylim=(0.1, 1000))
last.legend(loc="upper right")
figure.suptitle(
    label("The loss against each hyperparameter, and against time", "损失随各个超参数的变化，以及随时间的变化")
)

# %%
# The rate is the one to begin with: too small and ten epochs are too few, too large and the cost never falls. Between
# two useless ends lies a valley that is wide on this axis, and it ends in a cliff. More iterations keep lowering the
# training loss, and the validation loss less and less. Two units are too few for ten classes. A depth or width costs
# time as well: a network of sizes :math:`n^{[0]}, \dots, n^{[L]}` has :math:`\sum_l n^{[l]} (n^{[l-1]} + 1)`
# parameters.
#
# Rates have a logarithmic scale
# ------------------------------
# Between 0.01 and 0.02 as much happens as between 0.1 and 0.2: what counts is the factor. On a linear axis almost all
# of the valley is squeezed into the left edge, where uniformly random rates between 0 and 30 hardly ever fall. Take a
# uniformly random exponent instead: :math:`r = 10^u`. In a sweep that is ``log: true``.

generator = np.random.default_rng(0)
uniform = generator.uniform(0.001, 30, 1000)
log_uniform = 10 ** generator.uniform(np.log10(0.001), np.log10(30), 1000)
for name, tried_rates in (
    (label("uniform", "均匀分布"), uniform),
    (label("log-uniform", "对数均匀分布"), log_uniform),
):
    share = np.mean((tried_rates > 0.1) & (tried_rates < 2))
    say(f"{share:6.1%} of the rates lie between 0.1 and 2: {name}", f"{share:6.1%} 的学习率在 0.1 与 2 之间：{name}")

figure, pair = plt.subplots(1, 2, figsize=(10, 3.6))
rates, losses = np.array(CHOICES["learning_rate"]), found["learning_rate"][:, 1]
for axes, tried_rates, scale, title in (
    (pair[0], uniform, "linear", label("Linear: hardly any of 60 is useful", "线性刻度：60 次抽取，几乎都没有用")),
    (pair[1], log_uniform, "log", label("Logarithmic: 60 over all the range", "对数刻度：60 次抽取覆盖全程")),
):
    axes.semilogy(rates, losses, "o-", color=BLUE)
    axes.plot(tried_rates[:60], np.full(60, 0.07), "|", color=ORANGE, markersize=12)
    axes.set(xscale=scale, xlabel=NAMES["learning_rate"], title=title)
pair[0].set_ylabel(label("validation loss", "验证损失"))
figure.suptitle(label("The same losses on two axes", "同样的损失，两种坐标轴"))

# %%
# Grid search or random search
# ----------------------------
# Two hyperparameters, nine trainings. A grid of 3 × 3 tries three rates, three times each. Nine random trials try nine
# rates, and almost as many numbers of epochs. Where one of the two matters much more than the other, and beforehand
# nobody knows which, the grid spends six of its nine trainings on rates that it has tried already.

GRID = [(rate, epochs) for rate in (0.01, 0.1, 1.0) for epochs in (4, 8, 16)]
RANDOM = [
    (float(10**u), int(epochs))
    for u, epochs in zip(generator.uniform(-2.3, 0.3, 9), generator.integers(3, 18, 9), strict=True)
]
figure, pair = plt.subplots(1, 2, figsize=(10, 4), sharex=True, sharey=True)
for axes, points, name, title in (
    (pair[0], GRID, "grid", label("Grid: 3 rates", "网格：3 个学习率")),
    (pair[1], RANDOM, "random", label("Random: 9 rates", "随机：9 个学习率")),
):
    losses = [losses_with({"learning_rate": rate, "training.epochs": epochs})[1] for rate, epochs in points]
    say(
        f"{name:7} best validation loss {min(losses):.3f} at r = {points[int(np.argmin(losses))][0]:.3f}",
        f"{name:7} 最佳验证损失 {min(losses):.3f}，r = {points[int(np.argmin(losses))][0]:.3f}",
    )
    across, up = np.array(points).T
    shown = axes.scatter(across, up, c=np.log10(losses), s=130, edgecolors="black", vmin=-1, vmax=0.4, zorder=3)
    axes.plot(across, np.full(9, 1.0), "|", color=ORANGE, markersize=16, markeredgewidth=2)
    axes.set(xscale="log", ylim=(0, 19), xlabel=NAMES["learning_rate"], title=title)
pair[0].set_ylabel(NAMES["training.epochs"])
figure.colorbar(shown, ax=pair, label=label("log₁₀ of the validation loss", "验证损失的 log₁₀"))
figure.suptitle(
    label("Nine trainings, and the rates that they try (ticks below)", "九次训练，以及它们试过的学习率（下方短线）")
)

# %%
# Nine trials are few, and either may win by chance; the number of rates tried does not depend on chance. The package
# does this with one command, for any key of the configuration. It plots while it runs, prunes hopeless trials, and can
# be interrupted and resumed::
#
#    ms-dnn sweep configs/sweep_wine.yaml --jobs 2
#
# ``sampler`` is ``grid``, ``random`` or ``tpe``, which learns from the trials so far. In the folder of the sweep,
# ``sweep.png`` shows the loss against each hyperparameter, ``trials.csv`` has the numbers and ``best.yaml`` is the
# configuration to train next.
#
# Validation is not test
# ----------------------
# The best of many networks was chosen because it did well on the validation set, by merit and by chance. Chance does
# not carry over to new samples. So the choice is made on one set, and the reported number comes from another. (It may
# well be the better one of the two, as here: with 359 samples, one set can be easier than another.)

values, chosen, of_validation = min(tried, key=lambda one: one[2])
say(f"chosen among {len(tried)}: {values}", f"从 {len(tried)} 个中选出：{values}")
for name, part in ((label("validation", "验证集"), data.validation), (label("test", "测试集"), data.test)):
    loss, accuracy = loss_on(chosen, part), chosen.score(part.x, part.targets)
    print(label(f"loss {loss:.3f}, accuracy {accuracy:.3f}", f"损失 {loss:.3f}，准确率 {accuracy:.3f}"), name)

# %%
# Questions
# ---------
# 1. *Rates are uniformly random between 0.0001 and 1. How many fall below 0.01? How many when the exponent is uniformly
#    random?* One in a hundred, and one in two: from −4 to −2 is half of the way from −4 to 0.

uniform = np.random.default_rng(1).uniform(1e-4, 1, 100_000)
log_uniform = 10 ** np.random.default_rng(1).uniform(-4, 0, 100_000)
say(
    f"{np.mean(uniform < 0.01):.3f} and {np.mean(log_uniform < 0.01):.3f}",
    f"{np.mean(uniform < 0.01):.3f} 和 {np.mean(log_uniform < 0.01):.3f}",
)
check_answer(1, abs(np.mean(uniform < 0.01) - 0.01) < 0.002 and abs(np.mean(log_uniform < 0.01) - 0.5) < 0.01)

# %%
# 2. *64 inputs, two hidden layers of 32 units, 10 outputs: how many parameters are there, and how many with 64 units?*
#    :math:`32 \cdot 65 + 32 \cdot 33 + 10 \cdot 33 = 3466`, and 8970. The matrix between the hidden layers grows with
#    the square of the width.


def parameters(width: int) -> int:
    """Return the number of parameters of a network with two hidden layers."""
    network = build_dnn((64, width, width, 10), ("tanh", "tanh", "identity"))
    return sum(parameter.size for parameter in network.trainable_params())


check_answer(2, (parameters(32), parameters(64)) == (3466, 8970))

# %%
# 3. *Fifty networks are equally good: each is right with probability 0.95 on every sample. On how many of 359
#    validation samples is the best of them right, and how good is it on new samples?* On about 97 in a hundred, by
#    chance; on new samples 95, like the others.

generator = np.random.default_rng(2)
best_of_fifty = np.array([generator.binomial(359, 0.95, 50).max() / 359 for _ in range(200)])
say(
    f"the best of fifty: {best_of_fifty.mean():.3f} on the validation set",
    f"五十个中最好的一个：验证集上 {best_of_fifty.mean():.3f}",
)
check_answer(3, 0.965 < best_of_fifty.mean() < 0.985)
