r"""06 · Features
=============

A table has rooms, years and cities. What is Shanghai times 0.3, and why does the column of the years spoil what the
column of the rooms has learnt? A network multiplies its inputs by weights, so they have to be numbers, and numbers of a
size that suits the steps of gradient descent. This chapter makes such numbers of the table.

:Teaches: scaling fitted on the training set alone, and what it does to the cost surface; integers, one-hot and
   multi-hot for categories, a class for unseen values, and the distances that each encoding implies.
:Needs: gradient descent from chapter 04; a table made on the spot; about 10 seconds.
"""

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from mindspore import Tensor

from ms_dnn import DNN, Cost, Dense
from ms_dnn.config.columns_section import CategoryColumn, MultiHotColumn
from ms_dnn.errors import DataError
from ms_dnn.features.columns import fit_features
from ms_dnn.features.fitted import FittedCategory, FittedMultiHot
from ms_dnn.features.scaling import Scaling, fit_scaling
from ms_dnn.maths.affine import linear
from ms_dnn.maths.losses import squared_error
from ms_dnn.series.chapter import BLUE, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend
from ms_dnn.series.pictures import distances, draw_distances, draw_path, draw_surface

begin()

# %%
# A table of flats
# ----------------
# Two hundred flats, generated, so that the true law is known: the rent in thousands of yuan grows with the rooms, falls
# with the years, and depends on the city. The first 140 rows are the training set; the other 60 are the test set, flats
# that nobody has seen yet.

generator = np.random.default_rng(6)
places = ["Beijing", "Shanghai", "Shenzhen", "Chengdu", "Xi'an"]
level = {"Beijing": 3.0, "Shanghai": 4.0, "Shenzhen": 2.0, "Chengdu": -1.0, "Xi'an": -1.0}
flats = pd.DataFrame(
    {
        "rooms": generator.integers(1, 6, 200).astype(float),
        "years": generator.integers(0, 31, 200).astype(float),
        "city": generator.choice(places, 200, p=[0.3, 0.2, 0.3, 0.1, 0.1]),
    }
)
noise = 0.4 * generator.normal(size=200)
rent = (3 + 1.5 * flats["rooms"] - 0.08 * flats["years"] + flats["city"].map(level) + noise).to_numpy()
train, test = flats[:140], flats[140:]
print(train.head(3).to_string(index=False))

# %%
# Scaling
# -------
# Rooms go from 1 to 5, years from 0 to 30. Standard scaling moves each column to mean 0 and divides it by its standard
# deviation:
#
# .. _formula-standard-scaling:
#
# .. math:: x' = \frac{x - \mu}{s}, \qquad \mu = \frac1N \sum_n x_n, \quad s^2 = \frac1N \sum_n (x_n - \mu)^2
#
# Min-max scaling maps the smallest value to 0 and the largest to 1:
#
# .. _formula-min-max-scaling:
#
# .. math:: x' = \frac{x - \min}{\max - \min}
#
# Both are a subtraction and a division, so one class does both; they differ in what is measured.

show_code(Scaling.apply, fit_scaling)

numbers = train[["rooms", "years"]].to_numpy()
standard = fit_scaling("standard", numbers)
for i, name in enumerate(("rooms", "years")):
    say(
        f"{name}: mean {standard.offset[i]:6.3f}, standard deviation {standard.scale[i]:.3f}",
        f"{name}：均值 {standard.offset[i]:6.3f}，标准差 {standard.scale[i]:.3f}",
    )

# %%
# Why the scale matters
# ---------------------
# One linear unit predicts the rent from rooms and years; both are centred, and so is the rent, so that two weights are
# all there is and the cost can be drawn over them. It is
#
# .. math:: J(w) = \frac1{2N} \sum_n (w \cdot x_n - y_n)^2,
#           \qquad \frac{\partial^2 J}{\partial w^2} = H = \frac1N \sum_n x_n x_n^T .
#
# Its curvature H depends on the features alone, not on the rents. Along the years, whose spread is some six times that
# of the rooms, the cost is some forty times as steep. A step that suits the one direction is too long for the other.
# The best that a constant rate can do is :math:`2 / (\lambda_{min} + \lambda_{max})` of the eigenvalues of H, and each
# step then shrinks the error by the factor :math:`(\kappa - 1) / (\kappa + 1)`, :math:`\kappa = \lambda_{max} /
# \lambda_{min}`.

y = (rent[:140] - rent[:140].mean()).astype(np.float32)[:, None]
inputs = {
    "unscaled": (numbers - standard.offset).astype(np.float32),
    "scaled": standard.apply(numbers).astype(np.float32),
}
unit_of = {"unscaled": np.ones(2), "scaled": standard.scale}  # the same first prediction in both
paths, costs = {}, {}
for kind, x in inputs.items():
    smallest, largest = np.linalg.eigvalsh(x.T @ x / len(x))
    rate = 2 / (smallest + largest)
    start = (np.array([[0.2, 0.6]]) * unit_of[kind]).astype(np.float32)
    way = descend(DNN([Dense(start, None, "identity")]), Cost("squared_error"), x, y, [rate] * 40)
    paths[kind], costs[kind] = way.ways["layers.0.weight"][:, 0], way.costs
    print(
        label(
            f"{kind:9s} κ = {largest / smallest:6.2f}, rate {rate:.4f}; J after 0, 5, 39 steps:",
            f"{kind:9s} κ = {largest / smallest:6.2f}，学习率 {rate:.4f}；0、5、39 步之后的 J：",
        ),
        *way.costs[[0, 5, 39]].round(4),
    )

# %%
# To draw the surface, every point of a grid becomes one unit of a layer, and one product gives the predictions of them
# all. Both pictures have the same scale on both axes: the valley is that long.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6))
frames = {"unscaled": ((-1.1, 2.5), (-1.3, 1.3)), "scaled": ((-5.7, 10.4), (-5.2, 6.43))}
names = {
    "unscaled": label("unscaled: a valley", "未缩放：狭长的山谷"),
    "scaled": label("scaled: a bowl", "缩放后：圆碗"),
}
for panel, kind in zip(axes, inputs, strict=True):
    across, up = (np.linspace(*ends, 81, dtype=np.float32) for ends in frames[kind])
    candidates = np.stack([grid.ravel() for grid in np.meshgrid(across, up)], axis=1)
    predictions = linear(Tensor(candidates), Tensor(inputs[kind]))  # (candidates, N): w · x of each with each
    J = (squared_error(predictions, Tensor(y.T)) / len(y)).asnumpy().reshape(81, 81)
    draw_surface(panel, across, up, np.log10(J))
    draw_path(panel, paths[kind], kind)
    panel.set(xlabel=label("weight of the rooms", "房间数的权重"), title=names[kind], aspect="equal")
axes[0].set_ylabel(label("weight of the years", "房龄的权重"))
figure.suptitle(
    label(
        "40 steps of gradient descent, each at its best rate (colours: log J)",
        "40 步梯度下降，各用最佳学习率（颜色：log J）",
    )
)

# %%
# Fitted on the training set alone
# --------------------------------
# The scaling is fitted once, on the training set, and then applied to everything: to the test set, and to every flat to
# be predicted later. A test row may then lie outside [0, 1]; that is no error, it is information.
#
# Suppose that one test row has a typo, 40 rooms instead of 4. Fitted on all rows, min-max scaling lets this one row
# squeeze the rooms of the whole training set into the first tenth of the range. That is **data leakage**: the training
# depends on rows that it should not know, and here its cost shows it at once:

with_typo = flats.copy()
with_typo.loc[150, "rooms"] = 40.0
both = with_typo[["rooms", "years"]].to_numpy()
fits = {"training set": fit_scaling("min_max", both[:140]), "all rows": fit_scaling("min_max", both)}
scaled_rooms = {}
for name, scaling in fits.items():
    x = scaling.apply(both)
    scaled_rooms[name] = x[:140, 0]
    unit = DNN([Dense(np.zeros((1, 2), np.float32), np.zeros(1, np.float32), "identity")])
    way = descend(unit, Cost("squared_error"), x[:140], rent[:140, None], [0.7] * 80)
    reach = f"rooms {x[:140, 0].min():.2f} to {x[:140, 0].max():.2f}"
    say(
        f"fitted on {name:13s}: {reach}, J after 79 steps {way.costs[-1]:.3f}",
        f"拟合于 {name:13s}：{reach}，79 步之后的 J 为 {way.costs[-1]:.3f}",
    )

figure, axes = plt.subplots(figsize=(7, 2.6))
shown = {
    "training set": label("on the training set", "只用训练集"),
    "all rows": label("on all rows (leak)", "用全部样本（泄漏）"),
}
for height, (name, marker, colour) in enumerate((("all rows", "s", ORANGE), ("training set", "o", BLUE))):
    spread = height + 0.24 * np.random.default_rng(0).uniform(-1, 1, 140)
    axes.scatter(scaled_rooms[name], spread, s=10, marker=marker, color=colour, alpha=0.7)
axes.set_yticks([0, 1], [shown["all rows"], shown["training set"]])
axes.set(
    xlim=(-0.03, 1.03),
    ylim=(-0.5, 1.5),
    xlabel=label("rooms of the training set, scaled", "训练集的房间数（缩放后）"),
)
figure.suptitle(label("One wrong row of the test set squeezes all others", "测试集的一个错误样本挤压了所有样本"))

# %%
# A mean over all rows is a milder case, and a linear unit that is trained to convergence makes up for either (question
# 3). No training makes up for the other fault: a score on rows that the scaling was fitted on is no score on unseen
# rows.
#
# Cities as integers
# ------------------
# A city is a word. The simplest encoding numbers the words: Beijing 0, Shanghai 1, Shenzhen 2. Not every city of the
# world is in the table, so one more number, 3, stands for all others, whether they are in the training set or first
# appear later. (Texts often count from 1; the package counts from 0.) Two numbers have a distance, wanted or not:
#
# .. _formula-integer-distance:
#
# .. math:: d(i, j) = \lvert i - j \rvert
#
# One-hot encoding gives each class a feature of its own, 1 for its members and 0 for all others. Two different classes
# then differ in exactly two features, by 1 each:
#
# .. _formula-one-hot-distance:
#
# .. math:: d(i, j) = \sqrt{1^2 + 1^2} = \sqrt 2 \qquad (i \ne j)

show_code(FittedCategory.encode, distances)

known = ("Beijing", "Shanghai", "Shenzhen")
four = pd.DataFrame({"city": ["Beijing", "Shanghai", "Shenzhen", "Harbin"]})
encoders = {
    encoding: fit_features(
        train[["city"]], "none", {"city": CategoryColumn(encoding=encoding, categories=known, unseen="other")}
    )
    for encoding in ("integer", "one_hot")
}
print(label("Harbin was never seen:", "从未见过哈尔滨："), *encoders["one_hot"].names)
for encoding, encoder in encoders.items():
    for city, row in zip(four["city"], encoder.apply(four).astype(int), strict=True):
        print(f"{encoding:8s} {city:9s}", *row)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2))
titles = (
    label("integers: Beijing is nearer to Shanghai", "整数：北京离上海更近"),
    label("one-hot: all √2 apart", "独热：两两相距 √2"),
)
words = [label("Beijing", "北京"), label("Shanghai", "上海"), label("Shenzhen", "深圳"), label("other", "其他")]
for panel, encoder, title in zip(axes, encoders.values(), titles, strict=True):
    draw_distances(panel, distances(encoder.apply(four)), words, largest=3.0)
    panel.set_title(title)
figure.suptitle(label("Distances between cities", "城市之间的距离"))

# %%
# Where a class for others is not wanted, an unseen word is an error that says where it stands:

strict = fit_features(train[["city"]], "none", {"city": CategoryColumn(encoding="one_hot")})
try:
    strict.apply(four)
except DataError as error:
    print(textwrap.fill(str(error), 110))

# %%
# What the order costs
# --------------------
# With one integer a linear unit has one weight for the city: its predictions lie on a line, in whatever order the
# cities were numbered. With one-hot it has a weight for each, which becomes the mean rent of that city. Where the order
# is real (small, medium, large), integers are right; where it is not, they impose an order that does not exist.

predicted = {}
for encoding, encoder in encoders.items():
    x = encoder.apply(train)
    bias = np.zeros(1, np.float32) if encoding == "integer" else None
    unit = DNN([Dense(np.zeros((1, x.shape[1]), np.float32), bias, "identity")])
    way = descend(unit, Cost("squared_error"), x, rent[:140, None], [0.5] * 80)
    predicted[encoding] = unit(Tensor(encoder.apply(four).astype(np.float32))).asnumpy()[:, 0]
    print(f"{encoding:8s} J = {way.costs[-1]:.3f}")

codes = encoders["integer"].apply(train)[:, 0]
means = np.array([rent[:140][codes == code].mean() for code in range(4)])
figure, axes = plt.subplots(figsize=(7, 3.8))
axes.bar(
    range(4),
    means,
    color=GREY,
    alpha=0.35,
    width=0.6,
    label=label("mean rent of the training set", "训练集的平均租金"),
)
axes.plot(range(4), predicted["integer"], "o--", color=ORANGE, label=label("learnt with integers", "用整数学到的"))
axes.plot(range(4), predicted["one_hot"], "D", color=BLUE, label=label("learnt with one-hot", "用独热编码学到的"))
axes.set_xticks(range(4), words)
axes.set(ylabel=label("rent, thousand yuan", "租金（千元）"), ylim=(0, 15))
axes.legend(loc="upper right")
figure.suptitle(label("Integers force the cities onto a line", "整数编码迫使各城市落在一条直线上"))

# %%
# Several at once
# ---------------
# A person can be an actor and a singer. Multi-hot encoding sets one feature for each of the occupations in the cell:

show_code(FittedMultiHot.words, FittedMultiHot.encode)

people = pd.DataFrame({"work": ["cook", "actor;singer", "teacher", "actor", "cook;pilot"]})
occupations = MultiHotColumn(categories=("cook", "actor", "teacher", "singer"), unseen="other")
work = fit_features(people[:4], "none", {"work": occupations})
print(*work.names)
encoded = work.apply(people)
for cell, row in zip(people["work"], encoded.astype(int), strict=True):
    print(f"{cell:13s}", *row)

# %%
# Questions
# ---------
# 1. *New data lie two standard deviations above the training set. What happens to this shift when they are scaled by
#    their own mean and deviation?* It vanishes: the new mean is 0 as well. Scaled by what was fitted on the training
#    set, the new mean is 2, and the shift is visible.

newer = numbers + 2 * standard.scale
by_itself = fit_scaling("standard", newer).apply(newer)
check_answer(1, np.allclose(by_itself.mean(0), 0) and np.allclose(standard.apply(newer).mean(0), 2))

# %%
# 2. *How far apart are two multi-hot rows?* As far as the square root of the number of occupations that one of them has
#    and the other has not: "actor;singer" and "actor" 1, "actor;singer" and "teacher" √3.

apart = distances(encoded)
check_answer(2, np.isclose(apart[1, 3], 1) and np.isclose(apart[1, 2], np.sqrt(3)))

# %%
# 3. *Does the scaling change what the best linear unit predicts?* No. A line in x is a line in x′, with other weights;
#    the scaling changes the path of the descent. With least squares, which needs no descent, both fits predict the same
#    rents.

best = []
for scaling in fits.values():
    columns = np.column_stack([scaling.apply(both[:140]), np.ones(140)])
    best.append(columns @ np.linalg.lstsq(columns, rent[:140], rcond=None)[0])
check_answer(3, np.allclose(best[0], best[1]) and abs(fits["all rows"].scale[0] - fits["training set"].scale[0]) > 30)
