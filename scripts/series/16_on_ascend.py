r"""16 · On Ascend
==============

You have trained on a laptop, and the next run is meant for Ascend. Which device will it really use, and what is lost
when numbers have 16 bits? This chapter shows how the device is chosen, what float16 can hold, and how several devices
share one mini-batch. Everything in it runs on a CPU, and it says so where that matters.

:Teaches: the device policy, float16 with a dynamic loss scale, widths for Ascend's Cube unit, data-parallel training
   and its commands, and what was measured on which device.
:Needs: chapters 09 and 15 (backpropagation, optimizers); no Ascend; about 15 seconds.
"""

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor
from sklearn.datasets import load_digits

from ms_dnn import Cost, HandwrittenGradient, build_dnn
from ms_dnn.errors import DeviceError
from ms_dnn.experiment.preflight import CUBE
from ms_dnn.gradients.mixed_precision import MixedPrecisionGradient
from ms_dnn.gradients.workers import SumOverWorkers
from ms_dnn.runtime.device import choose_device
from ms_dnn.runtime.distributed import Workers
from ms_dnn.runtime.precision import check_precision
from ms_dnn.series.chapter import BLUE, GREY, ORANGE, begin, check_answer, label, reason_in_chinese, say, show_code
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import GradientDescent

begin()

# %%
# Which device, and why
# ---------------------
# ``auto`` takes Ascend where there is one, else a GPU, else the CPU, and says so: the first line above was printed by
# it, or names the device that the command line asked for. The rule is a function of the devices that exist, so it can
# be called for other machines:

show_code(choose_device)

machines = {
    label("with Ascend", "有昇腾的机器"): {"Ascend", "CPU"},
    label("with a GPU", "有 GPU 的机器"): {"GPU", "CPU"},
    label("with neither", "两者都没有的机器"): {"CPU"},
}
for name, there in machines.items():
    device = choose_device("auto", there.__contains__)
    because = label(device.reason, reason_in_chinese("auto", device.name))
    say(f"{device.name:<7} on a machine {name}: {because}", f"{device.name:<7} 用于{name}：{because}")

# %%
# A device that was **named** is used, or it is an error. A run that was meant for Ascend and silently went to the CPU
# would be noticed after hours:

try:
    choose_device("Ascend", {"CPU"}.__contains__)
except DeviceError as error:
    print(error)

# %%
# What float16 can hold
# ---------------------
# A 16-bit number takes half of the memory, and the vendor's documentation says that Ascend's Cube unit multiplies
# matrices in 16 bits. The range of float16 is small: nothing above 65 504, nothing below :math:`6 \cdot 10^{-8}`, about
# three digits. These are facts of the format, the same on every device:

half = np.finfo(np.float16)
least, last = half.smallest_subnormal, half.eps / 2
say(
    f"largest {half.max:.0f}, smallest above 0 {least:.1e}, 1 + x is 1 up to x = {last:.1e}",
    f"最大 {half.max:.0f}，大于 0 的最小值 {least:.1e}，x 不超过 {last:.1e} 时 1 + x 等于 1",
)
with np.errstate(over="ignore"):
    print(
        label("70000 becomes", "70000 变成"),
        np.float16(70000),
        label("  2e-8 becomes", "  2e-8 变成"),
        np.float16(2e-8),
        "  1 + 0.0004 =",
        np.float16(1 + 4e-4),
    )

# %%
# The last one decides where 16 bits may be used. An update is often a thousandth of the weight, or less: added in
# float16 it would be lost. So the weights stay in float32, the **master weights**; forward and backward use float16
# copies; and the update is float32 again.
#
# The one before it is the danger on the way back: small gradients become 0. **Loss scaling** prevents it: multiply the
# cost by a large S before it is differentiated, and divide the gradient by S in float32:
#
# .. _formula-loss-scale:
#
# .. math:: g = \frac{1}{S} \, \frac{\partial (S \cdot J)}{\partial \theta}

show_code(MixedPrecisionGradient.differentiate)

digits = load_digits()
pictures, labels = (digits.data[:256] / 16).astype(np.float32), np.eye(10, dtype=np.float32)[digits.target[:256]]
x, y = Tensor(pictures), Tensor(labels)
cost = Cost("softmax_cross_entropy")


def deep():
    """Return the same network each time, with eight hidden layers of tanh."""
    return build_dnn([64, *[32] * 8, 10], [*["tanh"] * 8, "identity"], "xavier", seed=4)


def small_deep():
    """Return that network with a quarter of its weights: each layer then hands down a quarter of the gradient."""
    network = deep()
    for parameter in network.trainable_params():
        parameter.set_data(Tensor(0.25 * parameter.asnumpy(), parameter.dtype))
    return network


in_float32 = [g.asnumpy().copy() for g in HandwrittenGradient(small_deep(), cost)(x, y)[1]]
scales = 2.0 ** np.arange(0, 33, 4)
lost, infinite = [], []
for S in scales:
    gradient = MixedPrecisionGradient(small_deep(), cost, initial_scale=S)
    of_all = [g.asnumpy().copy() for g in gradient(x, y)[1]]
    matters = in_float32[0] != 0
    lost.append(np.mean(of_all[0][matters] == 0))
    infinite.append(np.mean([not np.isfinite(g).all() for g in of_all]))
    lost_here, infinite_here = f"{lost[-1]:4.0%}", f"{infinite[-1]:4.0%}"
    say(
        f"S = 2^{int(np.log2(S)):<2}  {lost_here} of dW[1] became 0, {infinite_here} of the tensors are not finite",
        f"S = 2^{int(np.log2(S)):<2}  dW[1] 有 {lost_here} 变成 0，{infinite_here} 的张量含非有限数",
    )

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8))
sizes = np.log10(np.abs(in_float32[0][in_float32[0] != 0]))
left.hist(sizes, bins=60, color=BLUE)
left.axvline(
    np.log10(half.smallest_subnormal), color=ORANGE, linestyle="--", label=label("float16 ends", "float16 下限")
)
left.set(
    xlabel=label("log₁₀ of |∂J/∂w|, computed in float32", "|∂J/∂w| 的 log₁₀（float32 计算）"),
    title=label("Gradients of the first layer", "第一层的梯度"),
)
left.set_ylabel(label("number of weights", "权重个数"))
left.legend(loc="upper left")
right.plot(np.log2(scales), lost, "o-", label=label("of dW[1] became 0", "dW[1] 中变成 0 的"))
right.plot(np.log2(scales), infinite, "s--", color=ORANGE, label=label("tensors not finite", "含非有限数的张量"))
right.set(
    xlabel=label("log₂ of the loss scale S", "损失缩放 S 的 log₂"),
    ylabel=label("share", "比例"),
    title=label("Too small an S loses gradients, too large a one overflows", "S 太小会丢失梯度，太大会溢出"),
)
right.legend(loc="upper center")

# %%
# More is lost than lies left of the dashed line: the δ of single samples, which dW adds up, are smaller still.
#
# The right S is not known beforehand, so it is adapted during the training, a **dynamic loss scale**: halved after a
# step whose gradients were not all finite (that step is skipped), doubled after so many good ones. Here S starts far
# too large and is doubled after 10 good steps instead of the usual 2 000, for the picture:

network = deep()
gradient = MixedPrecisionGradient(network, cost, initial_scale=2.0**24, doubled_after=10)
epoch = Epoch(gradient, GradientDescent(network.trainable_params()))
one_batch = Tensor(np.arange(256, dtype=np.int32)[None])
seen, costs = [float(gradient.loss_scale)], []
for _ in range(60):
    costs.append(epoch.run_steps((x, y), one_batch, epoch.coefficients([0.2], 0), 0, 1)[1])
    seen.append(float(gradient.loss_scale))
skipped = np.diff(seen) < 0
seen = np.array(seen[:-1])
last, kind = np.log2(seen[-1]), network.trainable_params()[0].dtype
say(
    f"{sum(skipped)} of {len(seen)} steps skipped; S ends at 2^{last:.0f}",
    f"{len(seen)} 步中跳过 {sum(skipped)} 步；S 最后为 2^{last:.0f}",
)
say(
    f"cost {costs[0]:.2f} → {costs[-1]:.2f}; master weights are {kind}",
    f"成本 {costs[0]:.2f} → {costs[-1]:.2f}；主权重为 {kind}",
)

figure, axes = plt.subplots(figsize=(7, 3.3))
steps = np.arange(len(seen))
axes.step(steps, np.log2(seen), where="post", color=GREY, linewidth=1)
axes.plot(steps[~skipped], np.log2(seen)[~skipped], ".", color=BLUE, label=label("done", "执行"))
axes.plot(steps[skipped], np.log2(seen)[skipped], "x", color=ORANGE, label=label("skipped: overflow", "跳过：溢出"))
axes.set(xlabel=label("step", "步"), ylabel=label("log₂ of S", "S 的 log₂"))
axes.legend()
figure.suptitle(label("The loss scale adapts to the gradients", "损失缩放随梯度自动调整"))

# %%
# bfloat16 has the exponents of float32 and needs no scale. MindSpore 2.10 has no MatMul for it on CPU, so it could not
# be tried here, and the package raises an error:

try:
    check_precision("mixed_bfloat16", "CPU")
except DeviceError as error:
    print(error)

# %%
# Widths
# ------
# The vendor's documentation recommends dimensions that 16 divides, for the Cube unit multiplies blocks of 16 × 16. By
# that, a layer of 100 units is computed like one of 112. ``ms-dnn doctor`` points such widths out:

for units in (16, 100, 128, 200, 256):
    padded = -(-units // CUBE) * CUBE
    padding = 1 - (units / padded) ** 3
    say(
        f"{units:4d} units: computed as {padded:4d}, {padding:4.0%} of a square product is padding",
        f"{units:4d} 个神经元：按 {padded:4d} 个计算，方阵乘积中 {padding:4.0%} 是填充",
    )

# %%
# That is arithmetic on what the documentation says. How much time it costs was not measured.
#
# Several devices, one mini-batch
# -------------------------------
# Data-parallel training gives each of the workers the whole network and a shard of each mini-batch. The gradient of the
# mini-batch is then the mean of theirs, weighted by the sizes of the shards:
#
# .. _formula-worker-mean:
#
# .. math:: \nabla J = \frac{1}{N} \sum_{r} N_r \nabla J_r
#
# Each worker divides its own sum by the N of all, so that its contribution is :math:`\frac{N_r}{N} \nabla J_r` already,
# and one AllReduce adds them up:

show_code(SumOverWorkers)

# %%
# AllReduce needs several processes. The sum does not: here one process plays both workers and adds up their gradients
# itself.

pair = [Workers(rank, 2) for rank in range(2)]
everyone = np.arange(256, dtype=np.int32)[None]
whole = HandwrittenGradient(deep(), cost)(x, y)[1]
shards = [worker.shard_of(everyone)[0] for worker in pair]
sharded_cost = Cost("softmax_cross_entropy", shards=2)
gradients = [HandwrittenGradient(deep(), sharded_cost)(Tensor(pictures[s]), Tensor(labels[s]))[1] for s in shards]
print(
    label("worker 0 has the samples", "进程 0 的样本"),
    shards[0][:4],
    label("…, worker 1", "…，进程 1 的样本"),
    shards[1][:4],
    "…",
)
furthest = max(
    np.abs(a.asnumpy() + b.asnumpy() - c.asnumpy()).max() / np.abs(c.asnumpy()).max()
    for a, b, c in zip(*gradients, whole, strict=True)
)
say(
    f"sum over the shards against the whole mini-batch: {furthest:.1e} of the largest element apart, in float32",
    f"各分片之和与整个小批量相差最大元素的 {furthest:.1e}（float32）",
)

# %%
# On one machine with eight Ascend devices the command would be
#
# ``ms-dnn train-distributed configs/mnist.yaml --workers 8 --device Ascend``
#
# and on two machines, on each of them with its own ``NODE_RANK`` (0 and 1), and with a run folder that both can see:
#
# ``MASTER_ADDR=10.0.0.1 MASTER_PORT=8118 NODE_RANK=0 LOCAL_WORKERS=8 ms-dnn train-distributed configs/mnist.yaml
# --workers 16 --run /shared/mnist-16``
#
# Both follow MindSpore's documentation of ``msrun``. Neither was run. The script was, on one machine, with
# ``--device CPU``, other data and two or four workers.
#
# What was measured where
# -----------------------
#
# ========================================  ==========================  =================
# what                                      CPU (x86-64)                Ascend, GPU
# ========================================  ==========================  =================
# training, gradients, every chapter        run                         not run
# float32, float64                          run                         not run
# mixed float16: range, loss scale          run                         not run
# mixed bfloat16                            refused: no MatMul          not run
# 2 and 4 workers, one machine, float32     run                         not run
# several machines                          not run                     not run
# speed                                     see the README              nothing is claimed
# ========================================  ==========================  =================
#
# What is prepared for Ascend: the training step uses no float64 and does not call back to the host, and a test reads
# the compiled graphs and checks that MindSpore's documentation declares Ascend for each primitive in them. That is a
# check of names in a document. Its first run on Ascend is still to come.
#
# Questions
# ---------
# 1. *A gradient is 3e-9. What is it in float16, and what with S = 2¹⁰?* Without a scale 0. Times 1024 it is
#    :math:`3.1 \cdot 10^{-6}`, which float16 holds, with a percent of error or so; divided in float32, 3e-9 is back.

plain = np.float16(3e-9)
scaled = np.float32(np.float16(3e-9 * 1024)) / np.float32(1024)
say(f"without a scale {plain}, with it {scaled:.3e}", f"不缩放 {plain}，缩放之后 {scaled:.3e}")
check_answer(1, plain == 0 and abs(scaled / 3e-9 - 1) < 0.02)

# %%
# 2. *One worker has 96 samples, another 32. Is the mean of their two gradients that of the mini-batch?* No, the sizes
#    must be the weights. That is why the package requires shards of one size: the batch size must divide by the
#    workers.

rows = np.split(np.arange(128), [96])
few = HandwrittenGradient(deep(), cost)(Tensor(pictures[:128]), Tensor(labels[:128]))[1][-1].asnumpy().copy()
of_each = [
    HandwrittenGradient(deep(), cost)(Tensor(pictures[r]), Tensor(labels[r]))[1][-1].asnumpy().copy() for r in rows
]
weighted, unweighted = (96 * of_each[0] + 32 * of_each[1]) / 128, (of_each[0] + of_each[1]) / 2
say(
    f"weighted mean off by {np.abs(weighted - few).max():.1e}, plain mean by {np.abs(unweighted - few).max():.1e}",
    f"加权平均相差 {np.abs(weighted - few).max():.1e}，普通平均相差 {np.abs(unweighted - few).max():.1e}",
)
check_answer(2, np.abs(weighted - few).max() < 1e-6 < 1e-4 < np.abs(unweighted - few).max())

# %%
# 3. *A step overflows. What happens to the weights, and what to S?* The weights stay as they are, and S is halved.

check_answer(3, skipped[0] and costs[1] == costs[0] and seen[1] == seen[0] / 2)
