r"""00 · Concepts, and a map
========================

Nobody can write down the rule by which a person sees that a message is spam. How can a program be right about messages
that nobody has looked at?

:Teaches: label, feature, sample, model, training, inference; layers, and what "fully connected" means; which chapter is
   for what.
:Needs: nothing; the chapter makes up its messages; about 5 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor, nn

from ms_dnn import Cost, LogisticRegression, build_dnn
from ms_dnn.presentation.plots import plot_samples
from ms_dnn.series.catalogue import chapters
from ms_dnn.series.chapter import begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend
from ms_dnn.series.pictures import draw_decision, draw_map, draw_network, frame_legend, name_layers

begin()

# %%
# Sample, feature, label
# ----------------------
# Do not write the rule: show examples. Each message is a **sample**. What is known of it, as numbers, are its
# **features**; here two of them, the number of links and the share of capital letters. What we want to know is its
# **label**: spam, 1, or not, 0. The label of a price would be the price, that of a photograph the animal in it.
#
# A sample with features and a label, (x, y), is a **labelled sample**: somebody has marked the message. One with
# features alone, (x, ?), is an **unlabelled sample**: the message has just come in.
#
# The messages are **synthetic**: a program makes them up.

generator = np.random.default_rng(5)


def messages(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features (number, 2), links and percent of capitals, and labels (number,)."""
    spam = generator.integers(0, 2, number)
    links = generator.poisson(np.where(spam == 1, 4.5, 1.2)) + generator.uniform(-0.2, 0.2, number)
    capitals = np.clip(generator.normal(np.where(spam == 1, 28, 11), 6), 0, None)
    return np.stack([links, capitals], axis=1).astype(np.float32), spam


x, y = messages(80)
x_new, y_hidden = messages(40)
say("links   capitals   label", "链接数   大写字母   标签")
for (links, capitals), mark in [*zip(x[:4], y[:4], strict=True), *((row, "?") for row in x_new[:2])]:
    print(f"{abs(round(links)):5.0f}   {capitals:6.0f} %   {mark}")

# %%
# Model, training, inference
# --------------------------
# A **model** is what leads from the features to the label: a formula with numbers in it that are still free. Here it is
# one unit, :math:`\sigma(w_1 x_1 + w_2 x_2 + b)`, with three of them. **Training** finds them: the model is shown the
# labelled samples, and its numbers are changed until its outputs are near the labels. **Inference** uses the trained
# model on unlabelled samples; its output is the **prediction** ŷ.

show_code(LogisticRegression)

middle, spread = x.mean(0), x.std(0)
model, cost = LogisticRegression(2), Cost("binary_cross_entropy")
way = descend(model, cost, (x - middle) / spread, y[:, None], [1.0] * 100)
print(label("training: cost", "训练：成本"), f"{way.costs[0]:.3f} → {way.costs[-1]:.3f}")


def predict(points: np.ndarray) -> np.ndarray:
    """Return 1 for spam and 0 for others, for features (N, 2)."""
    return model.decide(Tensor(((points - middle) / spread).astype(np.float32)))


right = (predict(x_new) == y_hidden).mean()
print(label("inference on 40 new messages, right:", "对 40 封新邮件的推断，正确率："), f"{right:.0%}")

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharex=True, sharey=True)
names = [label("not spam", "正常邮件"), label("spam", "垃圾邮件")]
plot_samples(axes[0], x, y, names, size=30)
unlabelled = label("unlabelled", "无标签")
axes[0].plot(*x_new.T, linestyle="", marker="$?$", color="black", markersize=7, label=unlabelled)
axes[0].set_title(label("Before: labelled samples to train on, and new ones", "之前：用于训练的有标签样本，以及新样本"))
draw_decision(axes[1], predict, x_new, predict(x_new), names)
axes[1].set_title(label("After: the model, and its predictions for the new", "之后：模型，以及它对新样本的预测"))
for part in axes:
    frame_legend(part, "upper left")
for part in axes:
    part.set_xlabel(label("links", "链接数"))
axes[0].set_ylabel(label("capital letters, %", "大写字母，%"))
figure.suptitle(label("Two stages in the life of a model", "模型生命周期的两个阶段"))

# %%
# Layers
# ------
# One unit draws one straight line. For more, units stand side by side in a **layer**, and layers one after another. The
# **input layer** holds the features and computes nothing, the **output layer** gives the prediction, the layers in
# between are **hidden layers**. With many of them the network is deep: DNN stands for *deep neural network*.
#
# The layers of this series are **fully connected**: every unit of a layer is connected with every unit of the next, and
# each connection has a weight of its own.

network = build_dnn((3, 4, 3, 2), ("tanh", "tanh", "sigmoid"), seed=2)
edges = [layer.weight.asnumpy() for layer in network.layers]
features = np.array([[0.5, -1.0, 0.8]], np.float32)
values = [features[0], *(a.asnumpy()[0] for a in network.activations(Tensor(features)))]
figure, axes = plt.subplots(figsize=(8.5, 4.8))
draw_network(axes, values, edges, name_layers(["x", "a[1]", "a[2]", "a[3] = ŷ"]))
figure.suptitle(
    label("Fully connected: each unit with all of the next layer", "全连接：每个神经元与下一层的所有神经元相连")
)

# %%
# Other kinds of layers connect fewer. In a **convolutional** layer a unit sees a small window of a picture, and all
# windows share their weights; a **recurrent** layer feeds its output back to itself, one word of a text after another.
# MindSpore has them as ``nn.Conv2d`` and ``nn.LSTM``; this series keeps to the fully connected layer, ``nn.Dense``, for
# what it teaches about gradients holds for all. Layers without weights of their own, as dropout, and those that
# normalise, come in chapters 13 and 14.

fully = sum(p.size for p in build_dnn((64 * 64 * 3, 100), ("identity",)).trainable_params())
windows = nn.Conv2d(3, 100, 3, has_bias=True, pad_mode="valid")
of_windows = sum(p.size for p in windows.trainable_params())
print(
    label("100 units on a picture of 64 × 64 × 3, fully connected:", "64 × 64 × 3 的图片接 100 个神经元，全连接："),
    f"{fully:,}",
)
print(label("100 windows of 3 × 3 × 3, shared:", "100 个共享的 3 × 3 × 3 窗口："), f"{of_windows:,}")

# %%
# A map
# -----
# The chapters in the order in which they need one another, from the top to the bottom. If you follow the blog post,
# read 01, 07, 08, 09 and 11.

ROWS = (
    (label("one unit", "一个神经元"), {
        1: label("perceptron", "感知机"), 2: label("logistic\nregression", "逻辑回归"), 3: label("loss", "损失"),
        4: label("gradient\ndescent", "梯度下降"), 5: label("vectors", "向量化"), 6: label("features", "特征"),
    }),
    (label("networks", "网络"), {
        7: label("shallow", "浅层网络"), 8: label("forward", "前向传播"), 9: label("backward", "反向传播"),
        18: label("by pencil", "纸笔计算"), 11: label("MAX and ε", "MAX 与 ε"),
    }),
    (label("is it right?", "算对了吗？"), {19: "MindSpore", 10: label("judging\ngradients", "检验梯度")}),
    (label("training well", "训练得好"), {
        12: label("hyper-\nparameters", "超参数"), 13: label("regulari-\nsation", "正则化"),
        14: label("initial\nweights", "初始化"), 15: label("optimizers", "优化器"),
    }),
    (label("the machine", "机器"), {16: "Ascend", 17: label("operator", "算子")}),
)  # fmt: skip
figure, axes = plt.subplots(figsize=(9, 4.6))
draw_map(axes, ROWS)
figure.suptitle(label("The series: what builds on what", "本系列各章：后者以前者为基础"))
np.testing.assert_array_equal(
    sorted(number for _, row in ROWS for number in row), [chapter.number for chapter in chapters()[1:]]
)

# %%
# Questions
# ---------
# 1. *How many weights lie between a layer of 5 units and one of 4, fully connected? How many biases belong to the
#    second?* 5 · 4 = 20 weights, and 4 biases, one for each unit.

pair = build_dnn((5, 4), ("tanh",))
check_answer(1, [parameter.size for parameter in pair.trainable_params()] == [20, 4])

# %%
# 2. *A program stores all labelled messages and looks new ones up. It is right about 100 % of the training samples. Is
#    it a good model?* No: no new message is among those that it has stored, so it knows nothing about it. What counts
#    is inference, so the labels of some samples are held out and the predictions compared with them.

table = {tuple(row): mark for row, mark in zip(x.tolist(), y, strict=True)}
on_training = np.mean([table[tuple(row)] == mark for row, mark in zip(x.tolist(), y, strict=True)])
found = [tuple(row) in table for row in x_new.tolist()]
check_answer(2, on_training == 1 and not any(found) and right > 0.8)
