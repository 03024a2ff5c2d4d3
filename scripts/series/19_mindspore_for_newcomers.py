r"""19 · MindSpore for newcomers
============================

Two lines train the same weight. After two hundred steps one weight is nearly at its minimum, and the other has not
moved at all. No error, no warning. How do you tell the two lines apart before you have trained for a night?

:Teaches: Tensor, Parameter and Cell; PyNative mode and compiled graphs; the two calls for a gradient; the device; and
   traps that raise no error, with what you see when they bite.
:Needs: Python and NumPy; best read before chapter 10, or whenever a name of MindSpore is new to you; about 10 seconds.
"""

from time import perf_counter

import mindspore as ms
import numpy as np
from matplotlib import pyplot as plt
from mindspore import Parameter, Tensor, nn, ops
from sklearn.datasets import load_iris

from ms_dnn import DNN, Cost, Dense, build_dnn, check_gradients
from ms_dnn.series.chapter import BLUE, begin, check_answer, label, say, show_code
from ms_dnn.series.descent import descend
from ms_dnn.series.faults import DerivativeAtA, ForgottenMean, SlightlyTooLarge, SumOverEverything, TransposedWeight

begin()

# %%
# A weight that does not learn
# ----------------------------
# The cost is :math:`\tfrac12 w^2`, so its gradient is w itself. Both loops subtract a hundredth of it, 200 times. The
# first calls an operation of MindSpore, the second a method that ends in an underscore, as in PyTorch.

learns, stays = (Parameter(Tensor([2.0], ms.float32), name=name) for name in ("learns", "stays"))
for _ in range(200):
    ops.assign_sub(learns, 0.01 * learns)
    stays.sub_(0.01 * stays)
print("ops.assign_sub:", learns.asnumpy(), "  sub_:", stays.asnumpy())

# %%
# In MindSpore 2.10 on a CPU, outside of a compiled graph, the in-place methods ``add_``, ``sub_`` and ``mul_`` change
# nothing. ``ops.assign``, ``ops.assign_add`` and ``ops.assign_sub`` do what they say everywhere, and the package uses
# them alone. The rest of the chapter shows what such a program is made of, and then the other traps.
#
# Tensor
# ------
# A **Tensor** is an array with a shape and a dtype, as in NumPy, but it lives on the device, and operations on it are
# run there. Its dtype is not converted silently: a float32 matrix and a float64 matrix cannot be multiplied.

of_numbers, of_numpy = Tensor([[1.0, 2.0]]), Tensor(np.array([[1.0], [2.0]]))
print(label("from Python numbers:", "由 Python 数生成："), of_numbers.shape, of_numbers.dtype)
print(label("from NumPy:         ", "由 NumPy 生成：    "), of_numpy.shape, of_numpy.dtype)
try:
    ops.matmul(of_numbers, of_numpy)
except (TypeError, RuntimeError, ValueError) as error:
    say(f"product: {type(error).__name__}", f"乘积：{type(error).__name__}")
print(label("product after astype:", "astype 之后的乘积："), ops.matmul(of_numbers, of_numpy.astype(ms.float32)))

# %%
# ``asnumpy()`` gives the numbers back. It may give the same memory and not a copy, so copy it if the Tensor is going to
# change.
#
# Parameter
# ---------
# A **Parameter** is a Tensor that a network keeps and a training changes. It has a name, and ``requires_grad`` says
# whether the training is to change it. An operation returns a new Tensor, and so ``w - g`` is no Parameter; only
# assignments change one.

w = Parameter(Tensor(np.array([1.0, 2.0], np.float32)), name="w")
ops.assign(w, Tensor(np.array([0.5, 2.0], np.float32)))
print(w.name, w.asnumpy(), w.requires_grad, type(w - 1).__name__)

# %%
# Cell
# ----
# A **Cell** is a layer or a network. Its constructor makes Parameters and other Cells; ``construct`` is the forward
# pass, and calling the Cell runs it. MindSpore finds all Parameters inside by the attributes.


class Network(nn.Cell):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Dense(2, 3, weight_init="xavier_uniform")
        self.output = nn.Dense(3, 1, weight_init="xavier_uniform")

    def construct(self, x):
        return self.output(ops.tanh(self.hidden(x)))


ms.set_seed(1)
network = Network()
for parameter in network.trainable_params():
    print(f"{parameter.name:<15} {parameter.shape}")
x, y = (Tensor(np.array(rows, np.float32)) for rows in ([[1, 3], [0, -1]], [[1], [0]]))
print(network(x).shape)

# %%
# Every layer of this package is a Cell, too, with two methods more: ``forward``, which keeps what the backward pass
# needs, and ``backward``. ``nn.Dense`` and the package's ``Dense`` hold the same W, (outputs, inputs), and b.

show_code(Dense.construct, Dense.forward, Dense.backward)

# %%
# PyNative and compiled
# ---------------------
# Normally MindSpore runs each operation when Python reaches it: **PyNative mode**. That is easy to debug, and slow when
# the operations are small. ``ms.jit`` compiles a function into a **graph**: Python's lines are read once, the graph is
# run many times. The numbers are the same.

compiled = ms.jit(network.construct)


def milliseconds(call, rows) -> float:
    """Return how long a call on some rows takes, until its numbers are there."""
    start = perf_counter()
    call(rows).asnumpy()
    return 1e3 * (perf_counter() - start)


longer = Tensor(np.ones((5, 2), np.float32))
for way, rows, name in (
    (network, x, "PyNative"),
    (compiled, x, label("compiled, first call", "编译，首次调用")),
    (compiled, x, label("compiled, again", "编译，再次调用")),
    (compiled, longer, label("compiled, five rows, first call", "编译，五行，首次调用")),
    (compiled, longer, label("compiled, five rows, again", "编译，五行，再次调用")),
):
    print(f"{milliseconds(way, rows):8.2f} ms  {name}")
np.testing.assert_allclose(compiled(x).asnumpy(), network(x).asnumpy(), rtol=1e-6)

# %%
# The graph is made for one shape and one dtype; another shape compiles another graph. A Python number among the
# arguments is part of the graph, and each new number compiles again: give a learning rate as a Tensor.
#
# A gradient in one call
# ----------------------
# Both calls take a function, here the cost of a batch, and return a function that is called with the same arguments.
# ``value_and_grad`` returns the cost and the gradients. Its second argument says by which inputs to differentiate, None
# for none of them, the third by which Parameters.


def cost_of(x, y):
    return ((network(x) - y) ** 2).sum() / (2 * len(x))


parameters = ms.ParameterTuple(network.trainable_params())
J, gradients = ms.value_and_grad(cost_of, None, parameters)(x, y)
print(f"J = {float(J):.6f}")

# %%
# ``GradOperation`` is the older call, and the one of the blog post's time. It returns the gradients without the cost.
# Without ``get_by_list`` it differentiates by the first input, x.

by_gradoperation = ops.GradOperation(get_by_list=True)(cost_of, parameters)(x, y)
dx = ops.GradOperation()(cost_of)(x, y)
same = [np.array_equal(a.asnumpy(), b.asnumpy()) for a, b in zip(gradients, by_gradoperation, strict=True)]
print(label("the same bits:", "逐位相同："), all(same), "  ∂J/∂x:", dx.shape)

# %%
# A training step is one more line, the update. ``nn.SGD`` and the other optimizers do the same for all Parameters at
# once.

before = float(J)
for _ in range(10):
    J, gradients = ms.value_and_grad(cost_of, None, parameters)(x, y)
    for parameter, dw in zip(parameters, gradients, strict=True):
        ops.assign_sub(parameter, 0.1 * dw)
print(f"J: {before:.4f} → {float(J):.4f}")

# %%
# The device
# ----------
# ``ms.set_device("Ascend")`` chooses where everything runs, and has to come before the first operation: after it the
# device cannot change. A device that is not there raises an error at once. The first line that this chapter printed
# says which one it runs on; chapter 16 says how the package chooses.

print("CPU:", ms.device_context.cpu.is_available(), label("  chosen:", "  选中："), ms.get_context("device_target"))

# %%
# Traps that raise no error
# -------------------------
# **A Python number meets float64.** It is rounded to float32 first, so the result has seven digits, though its dtype
# promises sixteen. Write the number as a Tensor of the same dtype.

double = Tensor(np.array([3.0]))
print(
    label("relative error of 0.1 · x:           ", "0.1 · x 的相对误差：        "),
    abs((0.1 * double).asnumpy()[0] / (0.1 * 3.0) - 1),
)
print(
    label("relative error of Tensor(0.1) · x:   ", "Tensor(0.1) · x 的相对误差："),
    abs((Tensor(0.1, ms.float64) * double).asnumpy()[0] / (0.1 * 3.0) - 1),
)

# %%
# **NumPy inside of construct.** The forward pass is right. The gradient does not pass through the detour: it is 0, or
# lacks a part.


def detour(x):
    return Tensor(np.square(x.asnumpy())).sum() + x.sum()


point = Tensor(np.array([3.0, -2.0], np.float32))
print(
    label("value:", "值："),
    detour(point),
    label("  gradient:", "  梯度："),
    ms.grad(detour)(point),
    label("  right:", "  正确："),
    2 * point + 1,
)

# %%
# **A Cell with a Parameter and a bprop of its own.** ``bprop`` is a backward pass by hand, and its author returns one
# gradient for each input. In PyNative mode MindSpore then takes 0 for every Parameter inside: the layer does not learn.
# Let the Parameter be an input of the Cell that has the ``bprop``, and belong to another.


class Scale(nn.Cell):
    def __init__(self):
        super().__init__()
        self.factor = Parameter(Tensor([2.0], ms.float32), name="factor")

    def construct(self, x):
        return self.factor * x

    def bprop(self, x, out, dout):
        return (self.factor * dout,)


scale = Scale()
(of_factor,) = ms.grad(lambda x: scale(x).sum(), None, ms.ParameterTuple(scale.trainable_params()))(point)
print(label("gradient of the factor:", "factor 的梯度："), of_factor, label("  right:", "  正确："), point.sum())

# %%
# **Weights that a graph does not see.** ``ops.assign`` is seen by every graph. ``set_data`` puts new numbers into a
# Parameter, too, but a graph that was compiled before goes on with the old ones.

seen = Parameter(Tensor([1.0], ms.float32), name="seen")


@ms.jit
def tenfold():
    return 10 * seen


print(label("at first:        ", "起初：           "), tenfold())
ops.assign(seen, Tensor([3.0], ms.float32))
print(label("after ops.assign:", "ops.assign 之后："), tenfold(), label("  right: 30", "  正确：30"))
seen.set_data(Tensor([4.0], ms.float32))
print(label("after set_data:  ", "set_data 之后：  "), tenfold(), label("  right: 40", "  正确：40"))

# %%
# **A batch of one number.** In MindSpore 2.10 on a CPU ``nn.BCELoss`` gives twice the loss when it is given a single
# element, and the right one for more; the gradient is right in both. If you have one sample of one output, as chapter
# 18, write the cross-entropy out.

half, one = (Tensor(np.array([[number]], np.float32)) for number in (0.5, 1.0))
pair_of_halves, pair_of_ones = (ops.concat((number, number)) for number in (half, one))
print(
    label("one element: ", "一个元素： "),
    nn.BCELoss()(half, one),
    label("  two: ", "  两个： "),
    nn.BCELoss()(pair_of_halves, pair_of_ones),
)
print(label("right: ln 2 =", "正确值：ln 2 ="), f"{np.log(2):.6f}")

# %%
# The faults of chapter 10, in a training
# ---------------------------------------
# Chapter 10 plants five faults in a backward pass written by hand. What would you see of them, had you only the curve
# of the cost? Here each of them trains the network of that chapter, 100 steps from the same weights.

iris = load_iris()
samples = (iris.data[::5] - iris.data[::5].mean(0)) / iris.data[::5].std(0)
targets = np.eye(3)[iris.target[::5]]
start = build_dnn((4, 3, 3), ("tanh", "identity"), seed=1, dtype="float64")
weights = [layer.weight.asnumpy().copy() for layer in start.layers]
biases = [layer.bias.asnumpy().copy() for layer in start.layers]


def trained(first=Dense, second=Dense, cost=Cost) -> np.ndarray:
    """Return the costs of 100 steps with these classes of layers and of the cost."""
    network = DNN([first(weights[0], biases[0], "tanh"), second(weights[1], biases[1], "identity")])
    return descend(network, cost("softmax_cross_entropy"), samples, targets, [0.2] * 100).costs


right = trained()
faults = {
    label("derivative at a instead of z", "在 a 而非 z 处求导"): trained(first=DerivativeAtA),
    label("sum in place of the mean", "把平均写成求和"): trained(cost=ForgottenMean),
    label("W in place of its transpose", "W 没有转置"): trained(second=TransposedWeight),
    label("db sums over the units, too", "db 也对神经元求和"): trained(first=SumOverEverything),
    label("too large by 1 part in 100 000", "偏大十万分之一"): trained(second=SlightlyTooLarge),
}
say("cost after 100 steps", "100 步之后的成本")
print(f"{right[-1]:.6f}  {label('right', '正确')}")
for name, costs in faults.items():
    print(f"{costs[-1]:.6f}  {name}")

figure, axes = plt.subplots(figsize=(7.5, 4.2))
axes.semilogy(right, color=BLUE, linewidth=4, alpha=0.35, label=label("right", "正确"))
for (name, costs), dashes, colour in zip(
    faults.items(), ("--", "-.", ":", (0, (1, 1)), (0, (6, 4))), ("C1", "C2", "C3", "C5", "black"), strict=True
):
    axes.semilogy(costs, color=colour, linestyle=dashes, linewidth=1.5, label=name)
axes.set(xlabel=label("step", "步"), ylabel=label("cost", "成本"))
axes.legend()
figure.suptitle(label("Every one of them seems to learn", "每一个看上去都在学习"))

# %%
# In all five the cost falls. Two of them even look **better** than the right one here: the sum takes steps that are
# thirty times as long, and the wrong db happens to point somewhere useful. A curve does not show whether a gradient is
# right; comparing it with others does. That is chapter 10.

# %%
# Questions
# ---------
# 1. *Which of these change the Parameter that a network holds:* ``w = w - g``, ``ops.assign_sub(w, g)``, ``w.set_data(w
#    - g)``? The last two. The first makes a new Tensor and gives it the name w; the network keeps the old one.

kept = Parameter(Tensor([1.0], ms.float32), name="kept")
name = kept
name = name - 0.25
rebound = float(kept.asnumpy()[0])
ops.assign_sub(kept, Tensor([0.25], ms.float32))
subtracted = float(kept.asnumpy()[0])
kept.set_data(kept - 0.25)
check_answer(1, (rebound, subtracted, float(kept.asnumpy()[0])) == (1.0, 0.75, 0.5))

# %%
# 2. *What does MindSpore return as the gradient of softmax, whose output is not one number?* The gradient of the sum of
#    the outputs. Here the sum is always 1, so it is 0: differentiate a cost, never an output.

of_softmax = ms.grad(lambda z: ops.softmax(z))(Tensor(np.array([[1.0, 2.0, 4.0]], np.float32))).asnumpy()
check_answer(2, np.allclose(of_softmax, 0, atol=1e-6))

# %%
# 3. *Does the judge of chapter 10 notice the Cell whose Parameter does not learn?* Yes: its differences move the
#    factor, and the cost changes.

judgement = check_gradients(scale, point)
print(judgement.verdict.value)
check_answer(3, judgement.verdict.value == "FAIL")
