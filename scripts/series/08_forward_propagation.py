r"""08 · Forward propagation
========================

A network of ten layers stops with an error: (5, 4) cannot be multiplied by (3, 5). Which layer is it, and which of the
two is wrong? A deep network is the same line again and again: a weighted sum, a bias, an activation. This chapter
writes the line three ways, by elements, by matrices with samples as columns, and by matrices with samples as rows, and
computes all three.

:Teaches: forward propagation at any depth, in elements and matrices; that columns and rows are transposes with the same
   W and b; which shape everything has, and how a wrong one is reported.
:Needs: the shallow network from chapter 07; about 10 seconds.
"""

import textwrap

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor

from ms_dnn import DNN, Cost, Dense, build_dnn
from ms_dnn.dnn import check_chain
from ms_dnn.errors import ShapeError
from ms_dnn.gradients.blog import element_forward, matrix_forward
from ms_dnn.layers.dense import dense
from ms_dnn.maths.affine import affine
from ms_dnn.presentation.notation import shape_text
from ms_dnn.series.chapter import begin, check_answer, label, say, show_code
from ms_dnn.series.pictures import draw_arrays, draw_network, name_layers

begin()

# %%
# One unit at a time
# ------------------
# Layers are numbered in brackets: the inputs are :math:`a^{[0]} = x`, the output is :math:`a^{[L]}`, and layer l has
# n[l] units. Unit j of layer l weighs every output of the layer below, adds its bias, and applies its activation:
#
# .. _formula-element-form:
#
# .. math:: a^{[l]}_j = \sigma\Bigl(\sum_{k=1}^{n[l-1]} w^{[l]}_{jk}\, a^{[l-1]}_k + b^{[l]}_j\Bigr)
#
# In each layer **every** unit weighs **every** output of the layer below: the layers are **fully connected**.
#
# Of the two indices of a weight the first is the unit where it ends, the second the one where it begins. That order
# looks the wrong way round until the matrices come; then it is what makes them multiply.

show_code(element_forward)

sizes, activations = (3, 4, 3, 2), ("tanh", "tanh", "sigmoid")
network = build_dnn(sizes, activations, seed=8, dtype="float64")
generator = np.random.default_rng(8)
for layer in network.layers:  # a new network has biases of 0, which would not show
    layer.bias.set_data(Tensor(generator.normal(0, 0.3, layer.units)))
weights = [layer.weight.asnumpy().copy() for layer in network.layers]
biases = [layer.bias.asnumpy().copy() for layer in network.layers]
samples = generator.normal(size=(5, 3))

one = element_forward(weights, biases, activations, samples[0])
print("x    =", *samples[0].round(3))
for number, layer in enumerate(one, start=1):
    print(f"a[{number}] =", *layer.a.round(3))

figure, axes = plt.subplots(figsize=(8.5, 5))
names = name_layers(["a[0] = x", "a[1]", "a[2]", "a[3]"])
draw_network(axes, [samples[0], *(layer.a for layer in one)], weights, names, biases=biases)
figure.suptitle(label("One sample on its way through 3-4-3-2", "一个样本穿过 3-4-3-2 网络"))

# %%
# Unit by unit, and then by induction
# -----------------------------------
# Written out, the four units of layer 1 are
#
# .. math::
#    \begin{aligned}
#    a^{[1]}_1 &= \sigma(w^{[1]}_{11} x_1 + w^{[1]}_{12} x_2 + w^{[1]}_{13} x_3 + b^{[1]}_1) \\
#    a^{[1]}_2 &= \sigma(w^{[1]}_{21} x_1 + w^{[1]}_{22} x_2 + w^{[1]}_{23} x_3 + b^{[1]}_2) \\
#    a^{[1]}_3 &= \sigma(w^{[1]}_{31} x_1 + w^{[1]}_{32} x_2 + w^{[1]}_{33} x_3 + b^{[1]}_3) \\
#    a^{[1]}_4 &= \sigma(w^{[1]}_{41} x_1 + w^{[1]}_{42} x_2 + w^{[1]}_{43} x_3 + b^{[1]}_4)
#    \end{aligned}
#
# and the three units of layer 2 take these four as their inputs:
#
# .. math::
#    \begin{aligned}
#    a^{[2]}_1 &= \sigma(w^{[2]}_{11} a^{[1]}_1 + w^{[2]}_{12} a^{[1]}_2 + w^{[2]}_{13} a^{[1]}_3
#    + w^{[2]}_{14} a^{[1]}_4 + b^{[2]}_1) \\
#    a^{[2]}_2 &= \sigma(w^{[2]}_{21} a^{[1]}_1 + w^{[2]}_{22} a^{[1]}_2 + w^{[2]}_{23} a^{[1]}_3
#    + w^{[2]}_{24} a^{[1]}_4 + b^{[2]}_2) \\
#    a^{[2]}_3 &= \sigma(w^{[2]}_{31} a^{[1]}_1 + w^{[2]}_{32} a^{[1]}_2 + w^{[2]}_{33} a^{[1]}_3
#    + w^{[2]}_{34} a^{[1]}_4 + b^{[2]}_3)
#    \end{aligned}
#
# (The blog post counts the input layer as layer 1. These are the second and the third layer there, and its loops run
# from 2 to L.)

x, (w, b) = samples[0], (weights[0][0], biases[0][0])
a11 = np.tanh(w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b)
h, (w, b) = one[0].a, (weights[1][0], biases[1][0])
a21 = np.tanh(w[0] * h[0] + w[1] * h[1] + w[2] * h[2] + w[3] * h[3] + b)
np.testing.assert_allclose([a11, a21], [one[0].a[0], one[1].a[0]], rtol=1e-12)
say(
    f"first unit of layer 1: {a11:.6f}, of layer 2: {a21:.6f}",
    f"第 1 层的第一个神经元：{a11:.6f}，第 2 层的：{a21:.6f}",
)

# %%
# Between the two only the number in the brackets has grown. That is the whole argument, and the post calls it very
# important: **induction**. The outputs of layer 0 are known, they are x. Where those of layer l − 1 are known, the line
# gives those of layer l. So it gives all of them, whatever L is. Backpropagation will use the same argument from the
# last layer down.
#
# .. admonition:: The forward algorithm
#
#    **Inputs:** L, the weights W[1] … W[L], the biases b[1] … b[L], the activations, and a sample x.
#
#    1. a[0] = x
#    2. for l = 1, 2, …, L: z[l] = W[l] a[l − 1] + b[l], then a[l] = σ(z[l])
#
#    **Output:** a[L].
#
# A layer at a time
# -----------------
# The sum over k is a row of W times a column a. All rows at once are the matrix W, and the layer is one product:
#
# .. _formula-matrix-form:
#
# .. math:: a^{[l]} = \sigma\bigl(W^{[l]} a^{[l-1]} + b^{[l]}\bigr)
#
# Nothing in it says that a is one column. With m samples side by side, as the m columns of a matrix A, the same product
# computes them all; b is added to each column.

show_code(matrix_forward)

# %%
# Samples as rows
# ---------------
# Texts write a sample as a column. Tables, files and MindSpore's batches have a sample a row. Transpose the line above,
# :math:`(W A)^T = A^T W^T`, and it is
#
# .. _formula-row-form:
#
# .. math:: Z = X W^T + b, \qquad A = \sigma(Z)
#
# The samples are transposed, W and b are not: they are the very same arrays, and a weight that was learnt in one form
# can be used in the other.

show_code(dense, affine, DNN.construct)

columns = matrix_forward(weights, biases, activations, samples.T)
rows = network.activations(Tensor(samples))
for number, (of_columns, of_rows) in enumerate(zip(columns, rows, strict=True), start=1):
    by_elements = np.stack([element_forward(weights, biases, activations, x)[number - 1].a for x in samples])
    np.testing.assert_allclose(of_columns.a.T, by_elements, rtol=1e-12)
    np.testing.assert_allclose(of_rows.asnumpy(), of_columns.a.T, rtol=1e-12)
    sizes_of = shape_text(of_columns.a.shape), shape_text(of_rows.shape)
    apart = np.abs(of_rows.asnumpy() - of_columns.a.T).max()
    say(
        f"layer {number}: columns {sizes_of[0]}, rows {sizes_of[1]}, largest difference {apart:.1e}",
        f"第 {number} 层：列形式 {sizes_of[0]}，行形式 {sizes_of[1]}，最大差别 {apart:.1e}",
    )

figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 5.2))
bias_column = np.tile(biases[0][:, None], (1, 5))
parts = [
    ("W", weights[0]),
    "·",
    ("A", samples.T),
    "+",
    (label("b, repeated", "b（重复）"), bias_column),
    "=",
    ("Z", columns[0].z),
]
draw_arrays(upper, parts, widest=24, tallest=4)
upper.set_title(label("Column form: every sample is a column", "列形式：每个样本是一列"))
parts = [
    ("X = Aᵀ", samples),
    "·",
    ("Wᵀ", weights[0].T),
    "+",
    (label("b, repeated", "b（重复）"), bias_column.T),
    "=",
    ("Zᵀ", columns[0].z.T),
]
draw_arrays(lower, parts, widest=24, tallest=5)
lower.set_title(label("Row form: every sample is a row", "行形式：每个样本是一行"))
figure.suptitle(
    label("Layer 1 on five samples: the same arrays, transposed", "第 1 层与五个样本：同样的数组，互为转置")
)

# %%
# It holds at any depth and any widths, a layer with a single unit included. Up to rounding: a product of matrices adds
# the same numbers in another order.

for shape in ((2, 1), (5, 1, 5), (4, 9, 2, 7, 3), (2, *[6] * 10, 1)):
    deep = build_dnn(shape, ["tanh"] * (len(shape) - 1), seed=1, dtype="float64")
    W, b = ([p.asnumpy() for p in deep.trainable_params()[first::2]] for first in (0, 1))
    x = generator.normal(size=(3, shape[0]))
    loop = np.stack([element_forward(W, b, ["tanh"] * len(W), row)[-1].a for row in x])
    apart = np.abs(deep(Tensor(x)).asnumpy() - loop).max()
    np.testing.assert_allclose(apart, 0, atol=1e-12)
    say(
        f"{'-'.join(map(str, shape)):28s} elements against rows: {apart:.1e}",
        f"{'-'.join(map(str, shape)):28s} 元素形式与行形式相差：{apart:.1e}",
    )

# %%
# The dimension check
# -------------------
# Most errors in such code are errors of shape, and a shape can be worked out on paper:
#
# .. _formula-dimensions:
#
# .. math::
#    \begin{aligned}
#    W^{[l]}, \tfrac{\partial J}{\partial W^{[l]}} &: n[l] \times n[l-1], &
#    b^{[l]}, \tfrac{\partial J}{\partial b^{[l]}} &: n[l], \\
#    z^{[l]}, a^{[l]}, \tfrac{\partial J}{\partial z^{[l]}}, \tfrac{\partial J}{\partial a^{[l]}} &: n[l] \times m
#    \end{aligned}
#
# Here m is the number of samples, 1 for a single one. In row form the last line is transposed, :math:`m \times n[l]`. A
# gradient always has the
# shape of the variable that it belongs to; the shapes of W and b, and so of their gradients, do not depend on the
# number of samples.

show_code(check_chain)

cost = Cost("squared_error")
seen = {}
for m in (1, 5):
    x, y = Tensor(samples[:m]), Tensor(np.ones((m, 2)))
    a, caches = network.forward(x)
    da = cost.forward_backward(a, y)[1]
    for number in (3, 2, 1):
        layer, cache = network.layers[number - 1], caches[number - 1]
        dz = layer.delta(cache, da)
        seen[m, number] = {"z": cache[1], "a": cache[2], "dz": dz, "da": da}
        da, (W_gradient, b_gradient) = layer.backward(cache, da)
        seen[m, number] |= {"W": layer.weight, "b": layer.bias, "dW": W_gradient, "db": b_gradient}

order = ("W", "dW", "b", "db", "z", "dz", "a", "da")
print("          ", *(f"{name:>4s}" for name in order))
for (m, number), tensors in sorted(seen.items()):
    print(
        label(f"m={m} layer {number}", f"m={m} 第{number}层 "),
        *(f"{shape_text(tensors[name].shape):>4s}" for name in order),
    )

# %%
# A wrong shape is an error
# -------------------------
# The message says what was got and what was expected, and, where one layer of a network is at fault, its number. Each
# of these is raised before anything is computed:


def show_error(call: object) -> None:
    """Call it and print the error that it raises."""
    try:
        call()
    except ShapeError as error:
        print(textwrap.fill(f"• {error}", 110, subsequent_indent="  "))


first = Dense(np.zeros((4, 3)), np.zeros(4), "tanh")
show_error(lambda: DNN([first, Dense(np.zeros((2, 5)), np.zeros(2), "sigmoid")]))  # neighbours that do not fit
show_error(lambda: Dense(np.zeros((4, 3)), np.zeros(3), "tanh"))  # a bias for each input instead of each unit
show_error(lambda: build_dnn((3, 4, 2), ("tanh",)))  # one activation too few
transposed = [weights[0], weights[1].T, weights[2]]
show_error(lambda: element_forward(transposed, biases, activations, samples[0]))
show_error(lambda: network.check_input(Tensor(samples.T)))  # columns where rows are expected

# %%
# Questions
# ---------
# 1. *How many multiplications does the element form make for one sample in 3-4-3-2?* One for each weight:
#    3 · 4 + 4 · 3 + 3 · 2 = 30.

check_answer(1, sum(weight.size for weight in weights) == 3 * 4 + 4 * 3 + 3 * 2 == 30)

# %%
# 2. *The units of layer 1 are permuted. What has to be permuted with them, so that the output stays the same?* The rows
#    of W[1] and the entries of b[1], which belong to the units, and the columns of W[2], which weigh their outputs.

permutation = [2, 0, 3, 1]
permuted_weights = [weights[0][permutation], weights[1][:, permutation], weights[2]]
permuted_biases = [biases[0][permutation], *biases[1:]]
permuted = matrix_forward(permuted_weights, permuted_biases, activations, samples.T)[-1].a
half_permuted = matrix_forward([weights[0][permutation], *weights[1:]], permuted_biases, activations, samples.T)[-1].a
check_answer(2, np.allclose(permuted, columns[-1].a) and not np.allclose(half_permuted, columns[-1].a))

# %%
# 3. *When can no check of shapes detect that columns were given for rows?* When there are as many samples as features:
#    the matrix is square, everything fits, and the outputs belong to samples that do not exist.

square = samples[:3]
network.check_input(Tensor(square.T))
right, wrong = network(Tensor(square)).asnumpy(), network(Tensor(square.T)).asnumpy()
check_answer(3, right.shape == wrong.shape and not np.allclose(right, wrong))
