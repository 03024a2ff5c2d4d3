"""The exercises of chapters 12 to 17: what makes a training good, and a layer of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.series.exercises.exercise import Exercise

Array = NDArray[Any]
_RANDOM = np.random.default_rng(16)


def _choose(fault: str, trials: Sequence[Mapping[str, float]]) -> tuple[int, float]:
    set_ = fault if fault in ("training", "test") else "validation"
    costs = np.array([trial[set_] for trial in trials])
    if fault == "nan":
        best = int(np.argmin(costs))
    else:
        best = int(np.nanargmax(costs) if fault == "largest" else np.nanargmin(costs))
    return best, trials[best]["validation" if fault == "reported" else "test"]


def _dropout(fault: str, a: Array, p: float, u: Array, training: bool) -> Array:
    if not training and fault != "always":
        return (1 - p) * a if fault == "inference" else a
    kept = u < p if fault == "inverted" else u >= p
    scale = {"unscaled": 1.0, "by_p": 1 / p, "inference": 1.0, "shrunk": 1 - p}.get(fault, 1 / (1 - p))
    return np.asarray(scale * kept * a)


def _softmax_vjp(fault: str, a: Array, da: Array) -> Array:
    wrong = {
        "diagonal": a * (1 - a) * da,
        "sum": a * da,
        "samples": a * (da - (a * da).sum(0, keepdims=True)),
        "unweighted": a * (da - da.mean(1, keepdims=True)),
        "factor": da - (a * da).sum(1, keepdims=True),
        "plus": a * (da + (a * da).sum(1, keepdims=True)),
    }
    return np.asarray(wrong.get(fault, a * (da - (a * da).sum(1, keepdims=True))))


def _contracted_softmax(a: Array, da: Array) -> tuple[Callable[..., Any], list[Any]]:
    """Return z → Σ da softmax(z), and the z at which softmax(z) is a."""
    from mindspore import Tensor, ops

    cotangent = Tensor(da)
    return lambda z: (cotangent * ops.softmax(z, axis=1)).sum(), [np.log(a)]


def _adam_step(fault: str, w: Array, dw: Array, m: Array, v: Array, t: int, r: float) -> tuple[Array, Array, Array]:
    beta1, beta2 = (0.999, 0.9) if fault == "swapped" else (0.9, 0.999)
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * (dw if fault == "square" else dw**2)
    t = t + 1 if fault == "late" else t
    first, second = (m, v) if fault == "correction" else (m / (1 - beta1**t), v / (1 - beta2**t))
    with np.errstate(all="ignore"):
        if fault == "root":
            return w - r * first / (second + 1e-8), m, v
        root = np.sqrt(second + 1e-8) if fault == "inside" else np.sqrt(second) + 1e-8
    return w - r * first / root, m, v


def _worker_mean(fault: str, gradients: Sequence[Array], counts: Sequence[int]) -> Array:
    parts, n = np.asarray(gradients), np.asarray(counts, dtype=np.float64)[:, np.newaxis]
    wrong = {
        "plain": parts.mean(0),
        "sum": parts.sum(0),
        "undivided": (n * parts).sum(0),
        "unweighted": parts.sum(0) / n.sum(),
        "inverse": (parts / n).sum(0) / (1 / n).sum(),
        "workers": (n * parts).mean(0),
    }
    return np.asarray(wrong.get(fault, (n * parts).sum(0) / n.sum()))


def _scaled_tanh(fault: str, x: Array, s: Array, t: Array, da: Array) -> tuple[Array, Array, Array, Array]:
    y = np.tanh(x)
    a = s * y if fault == "shift" else s * y + t
    slope = {"at_a": 1 - a**2, "slope": np.ones_like(y)}.get(fault, 1 - y**2)
    dx = da * slope if fault == "scale" else da * s * slope
    ds = (da * (x if fault == "at_x" else y)).sum(0)
    return a, dx, ds / len(x) if fault == "mean" else ds, da.mean(0) if fault == "mean" else da.sum(0)


def _as_function(layer: Any) -> Callable[..., Any]:
    """Return the layer's forward and backward pass as one function of x, s, t and da."""

    def both(x: Array, s: Array, t: Array, da: Array) -> Any:
        own = layer()
        a, cache = own.forward(x, s, t)
        return a, own.backward(cache, da)

    return both


def _contracted_tanh(x: Array, s: Array, t: Array, da: Array) -> tuple[Callable[..., Any], list[Any]]:
    """Return x, s, t → Σ da (s tanh(x) + t), and the arrays by which it is differentiated."""
    from mindspore import Tensor, ops

    cotangent = Tensor(da)
    return lambda x, s, t: (cotangent * (s * ops.tanh(x) + t)).sum(), [x, s, t]


_A = np.exp(_RANDOM.normal(size=(3, 4)))
_TRIALS = [
    {"training": 0.01, "validation": 0.52, "test": 0.61},
    {"training": float("nan"), "validation": float("nan"), "test": float("nan")},
    {"training": 0.20, "validation": 0.31, "test": 0.36},
    {"training": 0.25, "validation": 0.34, "test": 0.30},
    {"training": 0.70, "validation": 0.72, "test": 0.71},
]
_W, _DW = np.array([0.5, -1.0, 2.0]), np.array([1e-5, -0.3, 4.0])

EXERCISES = (
    Exercise(12, "choose", [(_TRIALS,)], _choose, ("index", "cost")),
    Exercise(
        13,
        "dropout",
        [
            (np.array([[1.0, 2.0], [3.0, -4.0]]), 0.2, np.array([[0.1, 0.9], [0.3, 0.6]]), True),
            (np.array([[1.0, 2.0], [3.0, -4.0]]), 0.2, np.array([[0.1, 0.9], [0.3, 0.6]]), False),
        ],
        _dropout,
        ("a",),
    ),
    Exercise(
        14,
        "softmax_vjp",
        [(_A / _A.sum(1, keepdims=True), _RANDOM.normal(size=(3, 4)))],
        _softmax_vjp,
        ("dz",),
        _contracted_softmax,
    ),
    Exercise(
        15,
        "adam_step",
        [
            (_W, _DW, np.zeros(3), np.zeros(3), 1, 0.01),
            (_W, _DW, np.array([0.1, 0.1, -0.2]), np.array([1e-9, 0.02, 0.1]), 5, 0.01),
        ],
        _adam_step,
        ("w", "m", "v"),
    ),
    Exercise(
        16,
        "worker_mean",
        [([np.array([1.0, 2.0]), np.array([3.0, -1.0]), np.array([0.5, 4.0])], [10, 10, 4])],
        _worker_mean,
        ("gradient",),
    ),
    Exercise(
        17,
        "ScaledTanh",
        [(_RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=3), _RANDOM.normal(size=3), _RANDOM.normal(size=(4, 3)))],
        _scaled_tanh,
        ("a", "dx", "ds", "dt"),
        _contracted_tanh,
        adapted=_as_function,
    ),
)
