r"""02 · Logistic regression
========================

The perceptron says "malignant". How sure is it? It cannot tell, and it learns nothing from a patient about whom it was
only just right. A unit whose output is a probability does both. Its derivative is never 0, so the derivative of the
loss can be followed back to every weight, in five short steps.

:Teaches: the sigmoid, the derivation from dL/da to dw and db, probabilities and decisions, a picture as a vector.
:Needs: chapter 01; the breast-cancer data of scikit-learn and pictures that the chapter makes; about 30 seconds.
"""

import tempfile
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from PIL import Image

from ms_dnn import Cost, FrameworkGradient, HandwrittenGradient, LogisticRegression, check_gradients
from ms_dnn.data.catalogue import load_bundled
from ms_dnn.data.formats.images import read_picture
from ms_dnn.data.splitting import split
from ms_dnn.features.scaling import fit_scaling
from ms_dnn.maths.activations import sigmoid, sigmoid_vjp
from ms_dnn.maths.affine import affine, affine_vjp
from ms_dnn.maths.losses import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_with_logits_gradient,
)
from ms_dnn.presentation.plots import CLASS_COLOURS, plot_decisions, plot_samples
from ms_dnn.series.chapter import GREY, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend, with_parameters
from ms_dnn.series.pictures import frame_legend
from ms_dnn.series.synthetic_pictures import cats_or_not

begin()

# %%
# A probability as the output
# ---------------------------
# The unit forms the same weighted sum as the perceptron. Then the sigmoid maps it into the range from 0 to 1, and the
# result is read as the probability that the sample belongs to class 1:
#
# .. _formula-logistic-answer:
#
# .. math:: z = w^T x + b, \qquad \hat y = a = \sigma(z) = \frac{1}{1 + e^{-z}}

show_code(sigmoid, LogisticRegression)

# %%
# z = 0 means ½: the unit does not know. Far away on either side it is nearly sure, but never quite. For a yes or a no
# instead of a probability, take "yes" above ½, that is, for z > 0. The dashed line is the tangent at 0: the curve is
# steepest there, with the derivative ¼, and flat far outside.

figure, axes = plt.subplots(figsize=(7, 3.4))
sums = np.linspace(-8, 8, 321)
axes.plot(sums, sigmoid(Tensor(sums)).asnumpy())
axes.plot(
    [-2, 2], [0, 1], "--", color=GREY, linewidth=1.2, label=label("tangent at 0: slope ¼", "0 处的切线：斜率为 ¼")
)
axes.axhline(0.5, color="0.85", linewidth=1, zorder=0)
axes.axvline(0, color="0.85", linewidth=1, zorder=0)
axes.set(xlabel="z", ylabel="σ(z)", yticks=[0, 0.25, 0.5, 0.75, 1])
axes.legend(loc="upper left")
figure.suptitle(label("The sigmoid: from a sum to a probability", "sigmoid：从加权和到概率"))

# %%
# Logistic regression is a **generalised linear model**: the features enter in one sum, :math:`w^T x + b`, and one fixed
# function leads from there to the expected value of y. Only the name says regression; what it does is to classify.

x = Tensor(np.array([[1.5, -2.0]]))  # one sample with two features
y = Tensor(np.array([[1.0]]))  # it belongs to class 1
unit = with_parameters(LogisticRegression(2, dtype="float64"), [[[0.4, 0.7]], [0.1]])
z = affine(x, unit.layers[0].weight, unit.layers[0].bias)
a = sigmoid(z)
say(
    f"z = {z.asnumpy()[0, 0]:.4f}, probability {a.asnumpy()[0, 0]:.4f}, prediction {unit.decide(x)[0]}, target 1",
    f"z = {z.asnumpy()[0, 0]:.4f}，概率 {a.asnumpy()[0, 0]:.4f}，预测 {unit.decide(x)[0]}，目标 1",
)

# %%
# Back from the loss to the weights
# ---------------------------------
# The loss of one sample is the binary cross-entropy, :math:`L = -[y \ln a + (1 - y) \ln(1 - a)]`: minus the logarithm
# of the probability of the true class. (Chapter 03 says why not the square of the error.) L depends on a, a on z, and z
# on w and b, so the chain rule takes three factors:
#
# .. math:: \frac{dL}{dw} = \frac{dL}{da} \cdot \frac{da}{dz} \cdot \frac{dz}{dw}
#
# **Step 1: the loss by the output.** The derivative of ln a is 1/a, that of ln(1 − a) is −1/(1 − a):
#
# .. _formula-logistic-da:
#
# .. math:: da = \frac{dL}{da} = -\frac{y}{a} + \frac{1 - y}{1 - a}

show_code(binary_cross_entropy, binary_cross_entropy_gradient)
da = binary_cross_entropy_gradient(a, y)
print(f"da = {da.asnumpy()[0, 0]:.6f}")

# %%
# **Step 2: the output by the sum.** With :math:`a = (1 + e^{-z})^{-1}` the chain rule gives
#
# .. math::
#
#    \frac{da}{dz} = \frac{e^{-z}}{(1 + e^{-z})^2}
#    = \frac{1}{1 + e^{-z}} \cdot \frac{(1 + e^{-z}) - 1}{1 + e^{-z}} = a \cdot (1 - a)
#
# and so the derivative needs no further exponential: the output itself is enough.
#
# .. _formula-sigmoid-slope:
#
# .. math:: \frac{da}{dz} = a (1 - a)

show_code(sigmoid_vjp)
derivative = sigmoid_vjp(z, a, Tensor(np.ones((1, 1))))
print(f"da/dz = {derivative.asnumpy()[0, 0]:.6f}")

# %%
# **Step 3: the loss by the sum.** In the product, the derivative of step 2 cancels the denominators of step 1:
#
# .. math::
#
#    \left(-\frac{y}{a} + \frac{1 - y}{1 - a}\right) a (1 - a) = -y (1 - a) + (1 - y) a = a - y
#
# .. _formula-logistic-dz:
#
# .. math:: dz = \frac{dL}{dz} = \frac{dL}{da} \cdot \frac{da}{dz} = a - y
#
# What remains is the error: how much probability is too much. The package also has this short form, for networks whose
# last layer leaves out the sigmoid and outputs z.

show_code(binary_cross_entropy_with_logits_gradient)
dz = sigmoid_vjp(z, a, da)
short = binary_cross_entropy_with_logits_gradient(z, y)
say(
    f"dz = {dz.asnumpy()[0, 0]:.6f}, a − y = {(a - y).asnumpy()[0, 0]:.6f}, short form {short.asnumpy()[0, 0]:.6f}",
    f"dz = {dz.asnumpy()[0, 0]:.6f}，a − y = {(a - y).asnumpy()[0, 0]:.6f}，简短形式 {short.asnumpy()[0, 0]:.6f}",
)

# %%
# **Steps 4 and 5: the sum by w and by b.** :math:`z = w \cdot x + b` has the derivatives x and 1:
#
# .. _formula-logistic-gradients:
#
# .. math:: dw = x (a - y), \qquad db = a - y
#
# For many samples the cost is the mean of the losses, and so its gradient is the mean of these gradients. The package
# divides once, where the cost is differentiated; what flows into the layers already carries the 1/N.

show_code(affine_vjp)
_, dw, db = affine_vjp(x, unit.layers[0].weight, dz)
cost = Cost("binary_cross_entropy")
_, by_hand = HandwrittenGradient(unit, cost)(x, y)
_, by_mindspore = FrameworkGradient(unit, cost)(x, y)
print("                              dw₁        dw₂        db")
routes = {
    "the five steps": (dw, db),
    "HandwrittenGradient": by_hand,
    "MindSpore's own derivative": by_mindspore,
}
for name, (of_weight, of_bias) in routes.items():
    print(f"{name:26}", *(f"{number:10.6f}" for number in [*of_weight.asnumpy()[0], *of_bias.asnumpy()]))
    np.testing.assert_allclose(of_weight.asnumpy(), dw.asnumpy())
    np.testing.assert_allclose(of_bias.asnumpy(), db.asnumpy())

# %%
# Malignant or benign
# -------------------
# 569 tumours, measured under the microscope. A quarter of them is held out as the test set, the scaling (mean 0,
# standard deviation 1) is fitted on the others alone, and two of the thirty features are enough for a picture.

tumours = load_bundled("breast_cancer")
subsets = split(tumours, validation=0.0, test=0.25, seed=3)
scaling = fit_scaling("standard", subsets.train.x)
train_x, test_x = (scaling.apply(subset.x).astype(np.float32) for subset in (subsets.train, subsets.test))
train_y, test_y = (subset.y for subset in (subsets.train, subsets.test))
two = [tumours.feature_names.index(name) for name in ("mean radius", "mean texture")]

of_two = LogisticRegression(2)
descend(of_two, cost, train_x[:, two], train_y[:, None], [0.5] * 150)
right = (of_two.decide(Tensor(test_x[:, two])) == test_y).mean()
say(f"test accuracy with two features: {right:.1%}", f"用两个特征的测试准确率：{right:.1%}")

# %%
# The package checks the gradients that trained it: by hand, by ``GradOperation``, by central differences and by the
# complex step.

judgement = check_gradients(of_two, Tensor(train_x[:, two]), cost, [Tensor(train_y[:, None].astype(np.float32))])
print(label("gradients on the training set:", "训练集上的梯度："), judgement.verdict.value)

# %%
# The probability is constant along straight lines, and the line of ½ is the decision boundary. The further away from
# it, the surer the prediction; how fast it becomes sure depends on the length of w.

points = train_x[:, two]
across, up = (np.linspace(v.min() - 0.3, v.max() + 0.3, 161, dtype=np.float32) for v in points.T)
plane = np.stack([grid.ravel() for grid in np.meshgrid(across, up)], axis=1)
probability = of_two(Tensor(plane)).asnumpy().reshape(len(up), len(across))
figure, axes = plt.subplots(figsize=(7, 4.6))
names = (label("malignant", "恶性"), label("benign", "良性"))
shades = plot_decisions(axes, across, up, (probability > 0.5).astype(int), names, probability)
plot_samples(axes, points, train_y, names, size=20)
axes.set(
    xlabel=label("mean radius, scaled", "平均半径（缩放后）"),
    ylabel=label("mean texture, scaled", "平均纹理（缩放后）"),
)
figure.colorbar(shades, label=label("probability of benign", "良性的概率"))
frame_legend(axes, "upper right")
figure.suptitle(label("The probability, and its line of ½ in black", "概率与概率为 ½ 的分界线（黑色）"))

# %%
# A picture has room for two features, the unit for all thirty:

of_all = LogisticRegression(30)
way = descend(of_all, cost, train_x, train_y[:, None], [0.5] * 150)
right = (of_all.decide(Tensor(test_x)) == test_y).mean()
say(
    f"test accuracy with all {tumours.n_features} features: {right:.1%}",
    f"用全部 {tumours.n_features} 个特征的测试准确率：{right:.1%}",
)

figure, (left, middle) = plt.subplots(1, 2, figsize=(10, 3.6))
left.plot(way.costs)
left.set(
    xlabel=label("step", "步"),
    ylabel=label("cost", "成本"),
    ylim=(0, None),
    title=label("The cost falls from ln 2, from not knowing", "成本从 ln 2（一无所知）开始下降"),
)
probabilities = of_all(Tensor(test_x)).asnumpy()[:, 0]
middle.hist(
    [probabilities[test_y == 0], probabilities[test_y == 1]], bins=10, range=(0, 1), color=CLASS_COLOURS[:2],
    label=[label("malignant", "恶性"), label("benign", "良性")],
)  # fmt: skip
middle.set(
    xlabel=label("probability of benign", "良性的概率"),
    ylabel=label("tumours of the test set", "测试集中的肿瘤数"),
    title=label("Most predictions are nearly sure", "多数预测都相当肯定"),
)
middle.legend(loc="upper center")

# %%
# A picture is a vector, too
# --------------------------
# A colour picture is three numbers a pixel: red, green and blue. Written row by row into one long row, it is a sample
# like any other:
#
# .. _formula-flatten:
#
# .. math:: H \times W \times 3 = 64 \times 64 \times 3 = 12\,288
#
# The pictures of this chapter are **synthetic**: a program draws round heads of random colour, size and place, and
# every second one gets the two ears of a "cat". To be read as a photograph would be, one is saved as a PNG file.

show_code(read_picture)
pictures, cats = cats_or_not(400, seed=2)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "cat.png"
    Image.fromarray(pictures[1]).save(file)
    vector = read_picture(file, (64, 64, 3))
print(label("picture", "图片"), pictures[1].shape, label("→ vector", "→ 向量"), vector.shape)
print(
    label("back again, every number is in its place:", "再变回图片，每个数都在原位："),
    np.array_equal(np.rint(255 * vector).reshape(64, 64, 3), pictures[1]),
)

# %%
# Row i, column j and colour k stand at place :math:`(64\, i + j) \cdot 3 + k`. No number is lost, but the vector no
# longer says which pixels are neighbours.

figure, axes = plt.subplots(2, 4, figsize=(9, 3.8), height_ratios=[4, 1])
for place, (picture, cat) in enumerate(zip(pictures, cats, strict=False)):
    if place == 4:
        break
    axes[0, place].imshow(picture)
    axes[0, place].set_title(label("cat", "猫") if cat else label("no cat", "不是猫"))
    axes[1, place].imshow(picture.reshape(1, 64 * 64, 3), aspect="auto", interpolation="nearest")
for part in axes.flat:
    part.set(xticks=[], yticks=[])
figure.suptitle(label("Synthetic pictures, and below each its pixels in one row", "合成图片及其排成一行的像素"))

# %%
# 300 pictures to train on, 100 to test on, one weight for each of the 12 288 numbers. The rate is small, because so
# many numbers add up in z.

flat = pictures.reshape(len(pictures), -1) / np.float32(255)
of_pictures = LogisticRegression(12288)
way = descend(of_pictures, cost, flat[:300], cats[:300, None], [0.004] * 150)
right = (of_pictures.decide(Tensor(flat[300:])) == cats[300:]).mean()
say(
    f"cost {way.costs[0]:.3f} → {way.costs[-1]:.3f}; test accuracy {right:.1%}",
    f"成本 {way.costs[0]:.3f} → {way.costs[-1]:.3f}；测试准确率 {right:.1%}",
)

# %%
# w has as many numbers as a picture, so it can be looked at as one. It has become a template: orange where brightness
# raises the probability of a cat, which is where ears are, and violet where it lowers it, above all between the ears.

template = of_pictures.layers[0].weight.asnumpy().reshape(64, 64, 3).mean(-1)
difference = (flat[:300][cats[:300] == 1].mean(0) - flat[:300][cats[:300] == 0].mean(0)).reshape(64, 64, 3).mean(-1)
figure, axes = plt.subplots(1, 2, figsize=(9, 4))
titles = (
    label("Mean cat minus mean of the others", "猫的平均图减去其余的平均图"),
    label("The learnt w, as a picture", "学到的 w，画成图片"),
)
for part, numbers, title in zip(axes, (difference, template), titles, strict=True):
    most = abs(numbers).max()
    shown = part.imshow(numbers, cmap="PuOr_r", vmin=-most, vmax=most)
    part.set(xticks=[], yticks=[], title=title)
    figure.colorbar(shown, ax=part, shrink=0.8)

# %%
# Questions
# ---------
# 1. *What does an untrained unit, w = 0 and b = 0, predict, and what is its cost?* ½ for every sample, and :math:`-\ln
#    \tfrac12 = \ln 2`, whatever the classes are.

fresh = LogisticRegression(30)
guess = fresh(Tensor(train_x))
start = cost(guess, Tensor(train_y[:, None].astype(np.float32)))
check_answer(1, np.all(guess.asnumpy() == 0.5) and np.isclose(float(start), np.log(2)))

# %%
# 2. *A doctor wants to read "benign" only above a probability of 0.9. Which line is the decision boundary now?* One
#    parallel to the old: :math:`\sigma(z) > 0.9` where :math:`z > \ln 9`, so the boundary is w · x + b = ln 9, as if b
#    were smaller by ln 9.

careful = of_two(Tensor(plane)).asnumpy()[:, 0] > 0.9
w, b = (parameter.asnumpy() for parameter in of_two.trainable_params())
stricter = with_parameters(LogisticRegression(2), [w, b - np.log(9)])
check_answer(2, (stricter.decide(Tensor(plane)) == careful).mean() > 0.999)

# %%
# 3. *Would the unit learn the cats as well if all pictures were flattened in another order, the same for all?* Exactly
#    as well: z is a sum, and the weights only trade places with the pixels.

shuffle = np.random.default_rng(0).permutation(12288)
other = LogisticRegression(12288)
again = descend(other, cost, flat[:300][:, shuffle], cats[:300, None], [0.004] * 10)
moved = way.ways["layers.0.weight"][10][:, shuffle]
check_answer(3, np.allclose(again.ways["layers.0.weight"][-1], moved, atol=1e-5) and abs(moved).max() > 1e-3)
