"""The exercises of chapters 06 to 11: features, and networks forward, backward and trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.series.exercises.exercise import Exercise

Array = NDArray[Any]
_RANDOM = np.random.default_rng(9)


def _standardise(fault: str, train: Array, test: Array) -> tuple[Array, Array]:
    axis = 1 if fault == "rows" else 0
    fitted = np.vstack([train, test]) if fault == "both" else train

    def scaled(values: Array, of: Array) -> Array:
        mean, spread = of.mean(axis), of.std(axis)
        spread = spread**2 if fault == "variance" else spread
        if fault != "constant":
            spread = np.where(spread == 0, 1.0, spread)
        with np.errstate(all="ignore"):
            return np.asarray((values - (0.0 if fault == "centre" else mean)) / spread)

    return scaled(train, fitted), scaled(test, test if fault == "own" else fitted)


_TABLES: dict[tuple[int, ...], str] = {
    (0, 1, 1, 1): "or",
    (0, 0, 0, 1): "and",
    (1, 1, 1, 0): "nand",
    (1, 0, 0, 1): "xnor",
    (0, 0, 0, 0): "constant",
    (1, 1, 1, 1): "constant",
}


def _arrays(result: Any) -> list[Array]:
    """Return what a reader's function returned as arrays, none of them where it is nothing of that kind."""
    try:
        return [np.asarray(part, dtype=np.float64) for part in result]
    except (TypeError, ValueError):
        return []


def _judge_xor(network: Callable[[], Any]) -> str | None:
    """Return what else than XOR a network 2-2-1 computes, with ReLU below and a threshold of 0 above."""
    parts = _arrays(network())
    if [part.shape for part in parts] != [(2, 2), (2,), (1, 2), (1,)]:
        return "shape"
    W1, b1, W2, b2 = parts
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    outputs = np.maximum(0.0, inputs @ W1.T + b1) @ W2.T + b2
    table = tuple(int(z > 0) for z in outputs[:, 0])
    return None if table == (0, 1, 1, 0) else _TABLES.get(table, "other")


def _forward(fault: str, weights: Sequence[Array], biases: Sequence[Array], x: Array) -> list[Array]:
    a, outputs = x, []
    for number, (W, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = (W.T if fault == "transpose" else W) @ (x if fault == "input" else a) + (0 if fault == "bias" else b)
        a = z if fault == "linear" or (fault == "last" and number == len(weights)) else np.tanh(z)
        outputs.append(z if fault == "sums" else a)
    return outputs


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


def _sample_gradients(
    fault: str, weights: Sequence[Array], biases: Sequence[Array], x: Array, y: Array
) -> list[tuple[Array, Array]]:
    inputs, zs = [x], []
    for W, b in zip(weights, biases, strict=True):
        zs.append(W @ inputs[-1] + b)
        inputs.append(_sigmoid(zs[-1]))

    def slope(level: int) -> Array:
        a = _sigmoid(inputs[level + 1] if fault == "at_a" else zs[level])
        return a if fault == "one_minus_a" else a * (1 - a)

    error = y - inputs[-1] if fault == "sign" else inputs[-1] - y
    delta = error if fault == "output" else error * slope(len(weights) - 1)
    gradients = []
    for level in reversed(range(len(weights))):
        dW = np.outer(inputs[level], delta) if fault == "outer" else np.outer(delta, inputs[level])
        gradients.append((dW, delta))
        if level:
            W = weights[level - 1] if fault == "layer" else weights[level]
            delta = (W if fault == "transpose" else W.T) @ delta * (1.0 if fault == "hidden" else slope(level - 1))
    return gradients[::-1]


def _squared_error_of(
    weights: Sequence[Array], biases: Sequence[Array], x: Array, y: Array
) -> tuple[Callable[..., Any], list[Any]]:
    from mindspore import Tensor, ops

    sample, label = Tensor(x), Tensor(y)

    def loss(*parameters: Any) -> Any:
        a = sample
        for W, b in zip(parameters[::2], parameters[1::2], strict=True):
            a = ops.sigmoid(ops.matmul(W, a) + b)
        return 0.5 * ((a - label) ** 2).sum()

    return loss, [part for pair in zip(weights, biases, strict=True) for part in pair]


def _judge_planted(backward: Callable[..., Any]) -> str | None:
    """Return why a fault of a layer's backward pass is not the one that was asked for: in dW alone, and downhill."""
    x, W, dz = _PLANTED
    right = (dz @ W, dz.T @ x, dz.sum(0))
    parts = _arrays(backward(x.copy(), W.copy(), dz.copy()))
    if [part.shape for part in parts] != [part.shape for part in right]:
        return "shape"
    if not all(np.isfinite(part).all() for part in parts):
        return "nan"
    agree = [np.allclose(part, expected, rtol=1e-6) for part, expected in zip(parts, right, strict=True)]
    if all(agree):
        return "none"
    if not (agree[0] and agree[2]):
        return "others"
    return None if (parts[1] * right[1]).sum() > 0 else "uphill"


def _contracted_layer(x: Array, W: Array, dz: Array) -> tuple[Callable[..., Any], list[Any]]:
    """Return x, W, b → Σ dz (x Wᵀ + b), and the arrays by which it is differentiated."""
    from mindspore import Tensor, ops

    cotangent = Tensor(dz)
    return lambda x, W, b: (cotangent * (ops.matmul(x, W.T) + b)).sum(), [x, W, np.zeros(len(W))]


def _train(
    fault: str, gradient: Callable[[Array], Array], w: Array, r: float, max_iterations: int, tolerance: float
) -> tuple[Array, int, str]:
    for iteration in range(1, max_iterations + 1):
        dw = gradient(w)
        change = -r * dw
        w = w + change
        size = {"gradient": np.abs(dw).max(), "any": np.abs(change).min(), "signed": change.max()}
        if size.get(fault, np.abs(change).max()) < tolerance and fault != "never":
            reason = "max_iterations" if fault == "reason" else "tolerance"
            return (w - change if fault == "undone" else w), iteration, reason
    return w, max_iterations, "max_iterations"


def _valley(w: Array) -> Array:
    """Return the gradient of ½ (w₁² + 0.2 w₂² + 0.5 w₃²)."""
    return np.array([1.0, 0.2, 0.5]) * w


_WEIGHTS = [_RANDOM.normal(size=(3, 3)) for _ in range(3)]
_BIASES = [_RANDOM.normal(size=3) for _ in range(3)]
_PLANTED = (_RANDOM.normal(size=(4, 3)), _WEIGHTS[0], _RANDOM.normal(size=(4, 3)))
_SAMPLE, _TARGET = _RANDOM.normal(size=3), np.array([0.0, 1.0, 0.0])
_TABLE = np.array([[1.0, 200.0, 7.0], [2.0, 400.0, 7.0], [4.0, 900.0, 7.0]])

EXERCISES = (
    Exercise(
        6, "standardise", [(_TABLE, np.array([[3.0, 100.0, 7.0], [9.0, 300.0, 7.0]]))], _standardise, ("train", "test")
    ),
    Exercise(7, "xor_network", judge=_judge_xor),
    Exercise(8, "forward", [(_WEIGHTS, _BIASES, _SAMPLE)], _forward, ("a[1]", "a[2]", "a[3]")),
    Exercise(
        9,
        "sample_gradients",
        [(_WEIGHTS, _BIASES, _SAMPLE, _TARGET)],
        _sample_gradients,
        ("dW[1]", "db[1]", "dW[2]", "db[2]", "dW[3]", "db[3]"),
        _squared_error_of,
    ),
    Exercise(
        10, "faulty_backward", [_PLANTED], results=("dx", "dW", "db"), gradient=_contracted_layer, judge=_judge_planted
    ),
    Exercise(
        11,
        "train",
        [(_valley, np.array([2.0, 3.0, -1.0]), 0.5, most, 1e-3) for most in (100, 5)],
        _train,
        ("w", "iterations", "reason"),
    ),
)
