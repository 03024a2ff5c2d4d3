r"""17 · Your own operator
======================

A training step of a small network needs ten microseconds of arithmetic and takes two hundred. Where do the others go?
This chapter looks for them, writes a kernel in C++ with its derivative, lets the judge look at it, and then does whole
training steps in one kernel, as the package does on CPU.

:Teaches: kernels and what calling one costs, MindSpore's custom operators, a backward pass in C++, one operator for
          many training steps, and what would be different on Ascend.
:Needs: chapters 09 and 10 (backpropagation, judging gradients); a C++ compiler; about 20 seconds.
"""

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor, nn, ops

from ms_dnn import Cost, HandwrittenGradient, build_dnn, check_gradients
from ms_dnn.errors import OperatorError
from ms_dnn.operators.build import SOURCE, find_compiler
from ms_dnn.operators.call import Operator
from ms_dnn.series.chapter import BLUE, GREY, ORANGE, begin, check_answer, label, say, show_code
from ms_dnn.training.engine import make_loop
from ms_dnn.training.optimizers import GradientDescent

begin()

try:
    compiler = find_compiler()
except OperatorError as error:
    sys.exit(f"chapter 17 needs a C++ compiler: {error}")
folder = Path(tempfile.mkdtemp())

# %%
# Where does the time go?
# -----------------------
# A network of 64-32-10 and a mini-batch of 32 need :math:`6 \cdot 32 \cdot (64 \cdot 32 + 32 \cdot 10)`, some 450 000
# floating-point operations a step: forward once, backward twice as much. A core does some ten thousand millions of them
# a second. That is 45 microseconds if it does one at a time, and it does sixteen.
#
# MindSpore divides a step into **kernels**: one for each product, each bias, each activation, each update, two dozen
# here. Each is looked up, gets its memory and is called, which takes some microseconds whatever its size. So a small
# network waits for the calls. Here both engines of the package do the same 300 steps: the compiled graph of kernels,
# and the one operator that this chapter is about.

rng = np.random.default_rng(0)


def microseconds_a_step(engine, width, steps=300, batch=32):
    """Train a network of 64-width-10; return the least time of a step in three trials."""
    network = build_dnn((64, width, 10), ("relu", "identity"), seed=1)
    gradient = HandwrittenGradient(network, Cost("softmax_cross_entropy"))
    loop = make_loop(engine, gradient, GradientDescent(network.trainable_params()))
    x = Tensor(rng.normal(size=(320, 64)).astype(np.float32))
    y = Tensor(np.eye(10, dtype=np.float32)[rng.integers(0, 10, 320)])
    rows = Tensor(rng.integers(0, 320, (steps, batch)).astype(np.int32))
    coefficients = loop.coefficients(np.full(steps, 0.01), 0)
    loop.run_steps((x, y), rows, coefficients, 0, 1)  # compiles
    took = []
    for _ in range(3):
        start = time.perf_counter()
        loop.run_steps((x, y), rows, coefficients, 0, steps)
        took.append((time.perf_counter() - start) / steps * 1e6)
    return min(took)


widths = (8, 32, 128, 512)
times = {engine: [microseconds_a_step(engine, width) for width in widths] for engine in ("graph", "operator")}
for number, width in enumerate(widths):
    of_graph, of_operator = times["graph"][number], times["operator"][number]
    say(
        f"64-{width}-10: graph {of_graph:6.0f} µs a step, operator {of_operator:6.0f} µs",
        f"64-{width}-10：计算图每步 {of_graph:6.0f} 微秒，算子 {of_operator:6.0f} 微秒",
    )

figure, axes = plt.subplots(figsize=(7, 4))
for engine, color, name in (("graph", GREY, label("graph", "图")), ("operator", BLUE, label("operator", "算子"))):
    axes.loglog(widths, times[engine], "o-", color=color, label=name)
operations = [6 * 32 * (64 * width + width * 10) for width in widths]
axes.loglog(
    widths,
    [n / 5e4 for n in operations],
    "--",
    color=ORANGE,
    label=label("arithmetic at 50 GFLOP/s", "50 GFLOP/s 的算术"),
)
axes.set_xticks(widths, widths)
axes.set_xlabel(label("units of the hidden layer", "隐藏层神经元数"))
axes.set_ylabel(label("µs a step", "每步微秒"))
axes.legend()

plt.show()

# %%
# A kernel of one's own
# ---------------------
# An operator of the kind "aot" (ahead of time) is a C function in a library. MindSpore gives it pointers to the inputs
# and the outputs, their shapes and the names of their dtypes; a return value other than 0 is an error. This one is
# SiLU, :math:`a = z \, \sigma(z)`, and beside it the product of its derivative with what comes from above:
#
# .. math:: \frac{da}{dz} = \sigma(z) \, \bigl(1 + z \, (1 - \sigma(z))\bigr)

SILU = r"""
#include <cmath>
#include <cstdint>
#include <cstring>

template <class T> T sigmoid(T z) { return 1 / (1 + std::exp(-z)); }
template <class T> T silu(T z, T) { return z * sigmoid(z); }
template <class T> T silu_grad(T z, T da) { return da * sigmoid(z) * (1 + z * (1 - sigmoid(z))); }

// Calls f(z, da) for each number; of silu, which has one input, the second is never looked at.
template <class T> void each(T (*f)(T, T), int inputs, void** data, int64_t n) {
  const T *z = static_cast<T*>(data[0]), *da = static_cast<T*>(data[inputs - 1]);
  T* out = static_cast<T*>(data[inputs]);
  for (int64_t k = 0; k < n; ++k) out[k] = f(z[k], da[k]);
}

#define KERNEL(name)                                                                                            \
  extern "C" int name##_kernel(int number, void** data, int* axes, int64_t** shapes, const char** dtypes,       \
                               void*, void*) {                                                                  \
    int64_t n = 1;                                                                                              \
    for (int axis = 0; axis < axes[0]; ++axis) n *= shapes[0][axis];                                            \
    if (std::strcmp(dtypes[0], "float64") == 0) each<double>(name<double>, number - 1, data, n);                \
    else if (std::strcmp(dtypes[0], "float32") == 0) each<float>(name<float>, number - 1, data, n);             \
    else return 1;                                                                                              \
    return 0;                                                                                                   \
  }
KERNEL(silu)
KERNEL(silu_grad)
"""


def compiled(source, name):
    """Return the path of the library that the compiler makes of a source text."""
    (folder / f"{name}.cpp").write_text(source, encoding="utf-8")
    library = folder / f"{name}.so"
    command = [compiler, "-O2", "-std=c++17", "-shared", "-fPIC", folder / f"{name}.cpp", "-o", library]
    subprocess.run(command, check=True)
    return library


class Silu(nn.Cell):
    """z → z σ(z), forward and backward by the kernels of a library."""

    def __init__(self, library):
        super().__init__()
        self.silu = ops.Custom(f"{library}:silu_kernel", lambda z: z, lambda z: z, func_type="aot")
        self.silu_grad = ops.Custom(f"{library}:silu_grad_kernel", lambda z, da: z, lambda z, da: z, func_type="aot")

    def construct(self, z):
        return self.silu(z)

    def bprop(self, z, out, dout):
        return (self.silu_grad(z, dout),)


right = Silu(compiled(SILU, "right"))
z = Tensor(np.linspace(-4, 4, 12).reshape(3, 4))
print("silu(1) =", right(Tensor([1.0])).asnumpy()[0], label(" formula:", " 公式："), 1 / (1 + np.exp(-1)))

# %%
# MindSpore cannot differentiate what it does not know: without ``bprop`` there would be no gradient. And what stands in
# ``bprop`` is believed by everybody except the judge, who asks the forward kernel alone, by differences:

judgement = check_gradients(right, z)
print(judgement.verdict.value, "-", judgement.reason)
print(label("note:", "注："), judgement.findings[0].message)

# %%
# One sign wrong in the C++, :math:`1 + z (1 + \sigma)`, compiles and trains as well. The judge takes nobody's word:

wrong = Silu(compiled(SILU.replace("(1 - sigmoid(z)))", "(1 + sigmoid(z)))"), "wrong"))
judgement = check_gradients(wrong, z)
print(judgement.verdict.value, "-", judgement.reason)

# %%
# One operator for many steps
# ---------------------------
# A kernel of one's own for each function saves nothing: it is called like the others. What saves is to call less. The
# operator of the package takes a whole **chunk** of training steps in one call, and inside it nothing waits: the loop
# over the steps, the products (by the matrix library that MindSpore has loaded), activations, losses, dropout and the
# update. Its functions are those of ``ms_dnn/maths`` once more, each beside its derivative:

functions = (SOURCE / "functions.h").read_text(encoding="utf-8")
start = functions.index("template <class T> struct Silu")
print(functions[start : functions.index("};", start) + 2])

# %%
# From Python it is one call, which changes weights and slots where they lie:

show_code(Operator.__call__)

# %%
# The operator can also stop after the backward pass and hand out the gradients. So it is one more route for the judge,
# beside the Python code, MindSpore's own derivative, differences and the complex step:

network = build_dnn((5, 7, 6, 3), ("silu", "tanh", "identity"), seed=3, dtype="float64", dropouts=0.3)
x, y = Tensor(rng.normal(size=(8, 5))), Tensor(np.eye(3)[rng.integers(0, 3, 8)])
print(check_gradients(network, x, Cost("softmax_cross_entropy"), (y,), modes=("pynative", "operator"), directions=1))

# %%
# On Ascend
# ---------
# There the graph trains: its kernels are few and large for the device, and a loop of steps stays on it. A counterpart
# of this operator would be written in Ascend C, and the way to it is the same: a library, ``ops.Custom`` with the kind
# "aot", a Cell with a ``bprop``, and the judge. What would be different, as the vendor's documentation describes it:
#
# ==========================  =============================  ==========================================
# what                        here, on CPU                   in Ascend C
# ==========================  =============================  ==========================================
# where numbers lie           in memory, cached by itself    in global memory; blocks are copied to the
#                                                            local buffer and back by the kernel
# who computes                a core, 8 or 16 at a time      the Vector unit, thousands of bytes at a
#                                                            time; products by the Cube unit
# how work is divided         panels of rows and units       tiles, one part for each AI core
# how it is built             a C++ compiler, some seconds   the vendor's compiler and a package
# ==========================  =============================  ==========================================
#
# None of the right column was run for this chapter: there was no Ascend.
#
# Questions
# ---------
# 1. *What is the derivative of SiLU at 0?* :math:`\sigma(0) \, (1 + 0) = \frac{1}{2}`. The kernel says so, too.

kernel = ctypes.CDLL(str(folder / "right.so"))
at_zero = float(right.silu_grad(Tensor([0.0]), Tensor([1.0])).asnumpy()[0])
print(label("the kernel's derivative at 0:", "算子在 0 处的导数："), at_zero)
check_answer(1, at_zero == 0.5 and hasattr(kernel, "silu_grad_kernel"))

# %%
# 2. *Two threads each sum half of the numbers in float32. Is the result that of one thread?* Not to the bit: rounding
#    depends on the order. The operator therefore cuts its work into the same parts for any number of threads.

numbers = rng.normal(size=100_000).astype(np.float32)
one = np.cumsum(numbers, dtype=np.float32)[-1]
two = np.cumsum(numbers[:50_000], dtype=np.float32)[-1] + np.cumsum(numbers[50_000:], dtype=np.float32)[-1]
say(
    f"one thread {one:.6f}, two {two:.6f}, exactly {numbers.sum(dtype=np.float64):.6f}",
    f"一个线程 {one:.6f}，两个 {two:.6f}，精确值 {numbers.sum(dtype=np.float64):.6f}",
)
check_answer(2, one != two and abs(one - two) < 0.1)

# %%
# 3. *The mini-batches name a row that the samples do not have. What happens in the loop of the operator?* It is never
#    entered: all sizes and indices are checked at its door, once a call, and MindSpore raises an error. A check inside
#    the loop would cost time in every step, and no check would read memory that belongs to somebody else.

loop = make_loop(
    "operator",
    HandwrittenGradient(network, Cost("softmax_cross_entropy")),
    GradientDescent(network.trainable_params()),
)
before = network.trainable_params()[0].asnumpy().copy()
try:
    loop.run_steps((x, y), Tensor(np.array([[0, 8]], np.int32)), loop.coefficients([0.1], 0), 0, 1)
    refused = False
except RuntimeError:
    refused = True
print(label("a row that is not there is refused:", "不存在的行被拒绝："), refused)
check_answer(3, refused and np.array_equal(before, network.trainable_params()[0].asnumpy()))
