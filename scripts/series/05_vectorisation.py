r"""05 · Vectorisation
==================

One of the texts behind this series promises up to 300 times the speed, for the same multiplications, once the loops
have gone. Can that be, and where was the time? A layer is a product of matrices. Written as three loops, as one loop
over rows, as one call of NumPy or as one operation of MindSpore it gives the same numbers; this chapter measures the
times.

:Teaches: the matrix product in four forms, why loops in Python are slow, and how to measure without fooling oneself.
:Needs: chapter 02; the chapter generates its numbers; about 15 seconds, most of them in the slow forms.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import mindspore as ms
import numpy as np
from matplotlib import pyplot as plt
from mindspore import Tensor

from ms_dnn.maths.affine import linear
from ms_dnn.series.chapter import BLUE, GREEN, ORANGE, begin, check_answer, label, say, show_code

begin()

# %%
# One product, four ways to write it
# ----------------------------------
# The weighted sums of all units for all samples are one product of matrices. In the column form of many texts W is
# (m, n), one row a unit, and X is (n, h), one column a sample:
#
# .. _formula-matrix-product:
#
# .. math:: Z = W X, \qquad z_{ij} = \sum_{k=1}^{n} w_{ik} \, x_{kj}
#
# In the package, as in MindSpore, a sample is a row. That is the same product, transposed: :math:`Z^T = X^T W^T`, and W
# is the same array in both.

show_code(linear)

# %%
# **The triple loop** is the formula, spelt out: for every unit i, every sample j and every feature k one multiplication
# and one addition.


def triple_loop(W: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return Z = W X, number by number."""
    Z = np.zeros((W.shape[0], X.shape[1]), W.dtype)
    for i in range(W.shape[0]):
        for j in range(X.shape[1]):
            for k in range(W.shape[1]):
                Z[i, j] += W[i, k] * X[k, j]
    return Z


# %%
# **The loop over rows** keeps one loop and leaves the sums over k and the samples j to NumPy: row i of Z is row i of W,
# times X.


def row_loop(W: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return Z = W X, row by row."""
    Z = np.zeros((W.shape[0], X.shape[1]), W.dtype)
    for i in range(W.shape[0]):
        Z[i] = np.dot(W[i], X)
    return Z


# %%
# **One call** of ``np.dot`` has no loop in Python at all, and **MindSpore** compiles the package's function for the
# shapes it gets and runs it on the device. To be fair, its tensors are on the device before the clock starts, and the
# clock stops when the numbers are back, for a call may return before the device has done the work.

compiled = ms.jit(linear)


def mindspore_on(W: np.ndarray, X: np.ndarray) -> Callable[[], np.ndarray]:
    """Return the call that is to be measured: Zᵀ = Xᵀ Wᵀ, compiled, and its numbers brought back."""
    rows, weight = Tensor(np.ascontiguousarray(X.T)), Tensor(W)
    return lambda: compiled(rows, weight).asnumpy()


# %%
# The same numbers
# ----------------
# Before anything is measured: do they compute the same? On small integers every sum is exact, so all four must agree to
# the last bit. On non-integers the order of the additions matters, and with it the last digits.

generator = np.random.default_rng(0)
W_whole, X_whole = (generator.integers(-4, 5, size).astype(np.float32) for size in ((5, 7), (7, 6)))
W_real, X_real = (generator.normal(size=size).astype(np.float32) for size in ((5, 7), (7, 6)))


def all_ways(W: np.ndarray, X: np.ndarray) -> list[np.ndarray]:
    """Return Z = W X in the four ways, all in the column form."""
    return [triple_loop(W, X), row_loop(W, X), np.dot(W, X), mindspore_on(W, X)().T]


first, *others = all_ways(W_whole, X_whole)
print(
    label("integers, the same to the last bit:", "整数，每一位都相同："),
    all(np.array_equal(first, other) for other in others),
)
first, *others = all_ways(W_real, X_real)
apart = max(float(abs(first - other).max()) for other in others)
say(f"non-integers, largest difference: {apart:.1e}", f"非整数，最大差别：{apart:.1e}")

# %%
# The measurement
# ---------------
# Square matrices of float32 and growing size. Each form is called several times and the **median** counts, because
# another program that happens to run would spoil a mean. MindSpore compiles once for each new shape; that first call is
# measured by itself. After the timing every result is compared with that of ``np.dot``. Loops stop early: the next size
# of the triple loop would take eight times as long.

names = {
    "triple loop": label("triple loop", "三重循环"),
    "loop over rows": label("loop over rows", "逐行循环"),
    "np.dot": "np.dot",
    "MindSpore": label("MindSpore, compiled", "MindSpore（已编译）"),
}
largest = {"triple loop": 64, "loop over rows": 512, "np.dot": 1024, "MindSpore": 1024}
sizes = [8, 16, 32, 64, 128, 256, 512, 1024]


def seconds(call: Callable[[], np.ndarray], repeats: int) -> tuple[float, np.ndarray]:
    """Return the median time of a call, and its last result."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        Z = call()
        times.append(perf_counter() - start)
    return median(times), Z


measured: dict[str, dict[int, float]] = {name: {} for name in names}
compiling = []
for n in sizes:
    W, X = generator.normal(size=(2, n, n)).astype(np.float32)
    on_device = mindspore_on(W, X)
    compiling.append(seconds(on_device, 1)[0])
    calls = {
        "triple loop": lambda W=W, X=X: triple_loop(W, X),
        "loop over rows": lambda W=W, X=X: row_loop(W, X),
        "np.dot": lambda W=W, X=X: np.dot(W, X),
        "MindSpore": on_device,
    }
    reference = np.dot(W.astype(np.float64), X.astype(np.float64))
    for name, call in calls.items():
        if n <= largest[name]:
            measured[name][n], Z = seconds(call, 5 if name == "triple loop" else 101 if n <= 128 else 9)
            Z = Z.T if name == "MindSpore" else Z
            # Rounding grows with the number of terms; what is not rounding is a wrong result.
            bound = n * np.finfo(np.float32).eps * (abs(W).astype(np.float64) @ abs(X).astype(np.float64))
            np.testing.assert_array_less(abs(Z - reference), bound)

say("median milliseconds; every result was compared", "中位数，毫秒；每个结果都作了比较")
print("    n" + "".join(f"{name:>16}" for name in names))
for n in sizes:
    cells = (f"{1e3 * measured[name][n]:16.3f}" if n in measured[name] else " " * 15 + "–" for name in names)
    print(f"{n:5}" + "".join(cells))
say(
    f"the first call of MindSpore for a shape, which compiles: {1e3 * median(compiling):.0f} ms",
    f"MindSpore 对一种形状的首次调用（包含编译）：{1e3 * median(compiling):.0f} ms",
)

# %%
# The table was measured on this machine; every machine gives another. In words, computed from the same numbers. Is it
# the promised "**up to 300 times**"? The factor has no fixed value: it grows with the matrices.

slow = largest["triple loop"]
loops = measured["triple loop"][slow]
for name in ("loop over rows", "np.dot", "MindSpore"):
    say(
        f"n = {slow}: {name} is {loops / measured[name][slow]:,.0f} times as fast as the triple loop",
        f"n = {slow}：{names[name]} 的速度是三重循环的 {loops / measured[name][slow]:,.0f} 倍",
    )
beyond = next((n for n in sizes if n <= slow and measured["triple loop"][n] > 300 * measured["np.dot"][n]), None)
print(
    label("np.dot 300 times and more as fast:", "np.dot 快 300 倍以上："),
    label(f"from n = {beyond} on", f"从 n = {beyond} 起")
    if beyond
    else label("at none of these sizes", "这些大小都没有"),
)
top = sizes[-1]
ratio = measured["np.dot"][top] / measured["MindSpore"][top]
say(
    f"n = {top}: np.dot takes {ratio:.2f} times as long as MindSpore",
    f"n = {top}：np.dot 所用的时间是 MindSpore 的 {ratio:.2f} 倍",
)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
for (name, shown), marker, dashes in zip(names.items(), "os^D", ("-", "--", "-.", ":"), strict=True):
    ns, times = (np.array(list(part)) for part in (measured[name].keys(), measured[name].values()))
    left.loglog(ns, 1e3 * times, marker + dashes, label=shown)
    right.loglog(ns, 1e9 * times / ns**3.0, marker + dashes, label=shown)
left.set(ylabel=label("milliseconds", "毫秒"), title=label("Time of one product", "一次乘积所用的时间"))
right.set(
    ylabel=label("nanoseconds", "纳秒"),
    title=label("Time of one multiplication and addition", "一次乘加所用的时间"),
)
for part in (left, right):
    part.set_xlabel(label("size n of the matrices", "矩阵的大小 n"))
    part.set_xticks(sizes, [str(n) for n in sizes])
    part.minorticks_off()
left.legend()
figure.suptitle(label("The same product in four forms, on this machine", "本机上同一乘积的四种写法"))

# %%
# Why
# ---
# In the triple loop the multiplication is the least of the work. For each one Python interprets the line anew: it makes
# two index pairs, takes two numbers out of arrays, wraps each in an object, finds out what ``*`` means for them, and
# puts the result back. The right-hand picture shows that price as a flat line: it is the same for every number.
#
# ``np.dot`` is interpreted once and pays that price once. Inside, a compiled library works on several numbers with one
# instruction (**SIMD**: single instruction, multiple data), keeps blocks of both matrices in the fast memory near the
# processor, and may share the rows among several cores, since no row of Z needs another. So its line falls: the larger
# the matrix, the less one multiplication costs, until the processor is busy all the time.
#
# A call into a compiled graph costs more than one into NumPy, whatever is in it: the request goes through MindSpore's
# runtime to the device and comes back. For small matrices that is nearly all of the time; it pays off for large ones,
# or for many operations in one graph. That is why the package's training compiles a whole epoch, and not single
# products.

# %%
# A picture has 12 288 features
# -----------------------------
# The same for the unit of chapter 02, which looks at pictures of 64 × 64 × 3 numbers: z of one picture by a loop over
# its features, and of 100 pictures in one product.

w, picture = generator.normal(size=(2, 12288)).astype(np.float32)
pictures = generator.normal(size=(100, 12288)).astype(np.float32)


def feature_loop(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return z = w · x, feature by feature."""
    z = np.float32(0)
    for k in range(len(w)):
        z += w[k] * x[k]
    return z


one_by_loop, z_loop = seconds(lambda: feature_loop(w, picture), 5)
one_by_dot, z_dot = seconds(lambda: np.dot(w, picture), 5)
hundred, _ = seconds(lambda: np.dot(pictures, w), 5)
np.testing.assert_allclose(z_loop, z_dot, atol=12288 * np.finfo(np.float32).eps * float(abs(w) @ abs(picture)))
say(f"one picture, loop:    {1e3 * one_by_loop:9.4f} ms", f"一张图片，循环：    {1e3 * one_by_loop:9.4f} ms")
say(f"one picture, np.dot:  {1e3 * one_by_dot:9.4f} ms", f"一张图片，np.dot：  {1e3 * one_by_dot:9.4f} ms")
say(f"100 pictures, np.dot: {1e3 * hundred:9.4f} ms", f"100 张图片，np.dot：{1e3 * hundred:9.4f} ms")

# %%
# The text that promises the factor speaks of a billion pictures, **12 288 × 10⁹** multiplications for one pass forward.
# At the speeds just measured that takes:

say(f"by the loop:   {1e9 * one_by_loop / 86400:10.1f} days", f"用循环：   {1e9 * one_by_loop / 86400:10.1f} 天")
say(f"by np.dot:     {1e9 * hundred / 100 / 60:10.1f} minutes", f"用 np.dot：{1e9 * hundred / 100 / 60:10.1f} 分钟")

figure, axes = plt.subplots(figsize=(8, 2.6))
bars = {
    label("one picture, loop over features", "一张图片，逐特征循环"): one_by_loop,
    label("one picture, np.dot", "一张图片，np.dot"): one_by_dot,
    label("one of 100 pictures, np.dot", "一百张中的一张，np.dot"): hundred / 100,
}
shown = axes.barh(list(bars), [1e6 * time for time in bars.values()], color=[ORANGE, BLUE, GREEN])
axes.bar_label(shown, fmt="{:,.1f}", padding=3)
axes.set(xscale="log", xlabel=label("microseconds a picture", "每张图片的微秒数"))
axes.margins(x=0.15)
axes.invert_yaxis()
figure.suptitle(label("12 288 multiplications a picture", "每张图片 12 288 次乘法"))

# %%
# Questions
# ---------
# 1. *How many multiplications does the triple loop take for W (m, n) and X (n, h), and how many for matrices of twice
#    the size?* :math:`m \cdot n \cdot h`, and eight times as many. Numbers that count how often they are multiplied say
#    so, and the clock nearly does: the slope of the measured line, as a power of n, should be about 3.


class Counted(float):
    """A number that counts the multiplications of all its kind."""

    count = 0

    def __mul__(self, other: float) -> float:
        Counted.count += 1
        return float(self) * other


def multiplications(m: int, n: int, h: int) -> int:
    """Return how many multiplications the triple loop makes."""
    Counted.count = 0
    triple_loop(np.array([[Counted(1)] * n] * m, object), np.ones((n, h)))
    return Counted.count


ns, times = (np.array(list(part)) for part in (measured["triple loop"].keys(), measured["triple loop"].values()))
say(
    f"measured: n to the power of {np.polyfit(np.log(ns), np.log(times), 1)[0]:.1f}",
    f"实测：n 的 {np.polyfit(np.log(ns), np.log(times), 1)[0]:.1f} 次幂",
)
check_answer(1, multiplications(3, 4, 5) == 3 * 4 * 5 and multiplications(6, 8, 10) == 8 * 60)

# %%
# 2. *Why may the four forms differ in the last digit, although all are right?* Floating-point addition is not
#    associative: each form adds in its own order, and each order rounds in its own places.

large, small = np.float32(1e8), np.float32(1)
check_answer(2, (large + small) - large != small + (large - large))

# %%
# 3. *Column form and row form: which array has to be transposed, and which not?* The samples and the sums; the weight
#    is the same array.

Z_rows = linear(Tensor(np.ascontiguousarray(X_real.T)), Tensor(W_real)).asnumpy()
check_answer(3, Z_rows.shape == (6, 5) and np.allclose(Z_rows, np.dot(W_real, X_real).T, atol=1e-5))
