"""Dropout: each number is kept with probability 1 − p and then divided by it, else 0 ("inverted" dropout).

Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014). Dividing in
training is what lets prediction go without dropout: the expectation is the same.

The numbers that decide come from a counter-based generator: a function of a key, the step, the sample n and the unit o,
with no state in between. So a mask can be computed again at any time (a resumed run, another route to the gradient) and
is the same in PyNative and compiled, on every device that computes int32 modulo 2³². MindSpore's own stateless
generators have no kernel on CPU, and its bitwise ones cost ten times a product there; so bits are mixed one by one
only for the N + O counters, and the N × O numbers are made of those by products:

    u, v = mixed counters of the samples (N,), w, t of the units (O,);   h[n, o] = (u[n] w[o] + v[n])² + t[o]

all modulo 2³². Only the high bits of h are random, and only they decide: the number is kept where h ≥ the threshold
of p. The mixing is C. Wellons' ``lowbias32``.
"""

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops

from ms_dnn.maths.constants import constant

_ODD = np.uint32(0x9E3779B9).astype(np.int32)  # 2³² / the golden ratio: steps lie far apart
_FIRST, _SECOND = np.array([0x7FEB352D, 0x846CA68B], np.uint32).astype(np.int32)

_xor = ops.BitwiseXor()
_and = ops.BitwiseAnd()
_right = ops.RightShift()


def threshold_and_scale(rate: float) -> tuple[int, float]:
    """Return the int32 below which a number is dropped, and 1 / (1 − p); for p = ``rate``, 0 ≤ p < 1.

    Outside the graph, whose compiler would work both out in float32.
    """
    return round(rate * 2**32) - 2**31, 1.0 / (1.0 - rate)


def keep_factors(
    shape: tuple[int, int],
    threshold: int,
    scale: float,
    key: int,
    step: Tensor,
    like: Tensor,
    *,
    first: int = 0,
    stride: int = 1,
) -> Tensor:
    """Return what dropout multiplies with: 1 / (1 − p) where a number is kept, else 0; (N, O) in the dtype of ``like``.

    Where the samples are a shard of a mini-batch, the factors are those rows of the whole one's.

    Args:
        shape: (N, O).
        threshold: of :func:`threshold_and_scale`.
        scale: of :func:`threshold_and_scale`.
        key: of the layer, −2³¹ … 2³¹ − 1.
        step: number of the training step, 0-d int32.
        like: gives the dtype.
        first: place of the first sample in the whole mini-batch, below ``stride``.
        stride: distance of two samples in the whole mini-batch, which has N · stride.
    """
    random = _random(shape[0], shape[1], key, step, first, stride)
    kept = ops.cast(ops.greater_equal(random, Tensor(threshold, ms.int32)), like.dtype)
    return kept * constant(scale, like)


def _random(samples: int, units: int, key: int, step: Tensor, first: int, stride: int) -> Tensor:
    """Return int32 numbers (N, O) whose high bits are random."""
    batch = samples * stride
    # Two counters a sample of the batch, those of the second kind after all of the first, then two a unit.
    of_samples = np.arange(first, 2 * batch, stride, dtype=np.int32)
    of_units = np.arange(2 * batch, 2 * (batch + units), dtype=np.int32)
    counters = Tensor(np.concatenate((of_samples, of_units)))
    mixed = _mixed(counters + (step * Tensor(_ODD) + Tensor(key, ms.int32)))
    u, v = mixed[:samples].reshape(samples, 1), mixed[samples : 2 * samples].reshape(samples, 1)
    w, t = mixed[2 * samples : 2 * samples + units], mixed[2 * samples + units :]
    h = u * w + v
    return h * h + t


def _mixed(x: Tensor) -> Tensor:
    """Return int32 counters with every bit spread over all others."""
    x = _xor(x, _shifted(x, 16)) * Tensor(_FIRST)
    x = _xor(x, _shifted(x, 15)) * Tensor(_SECOND)
    return _xor(x, _shifted(x, 16))


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Return x shifted to the right, zeros coming in: MindSpore's shift of an int32 brings in its sign."""
    return _and(_right(x, Tensor(bits, ms.int32)), Tensor(2 ** (32 - bits) - 1, ms.int32))
