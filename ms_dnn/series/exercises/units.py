"""The exercises of chapters 01 to 05: one unit, its loss, its descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.series.exercises.exercise import Exercise

Array = NDArray[Any]
_RANDOM = np.random.default_rng(1)


def _perceptron_step(fault: str, w: Array, b: float, x: Array, y: float, r: float) -> tuple[Array, float]:
    if y * (w @ x + b) > 0 and fault != "every":
        return w, b
    move = {"sign": -r * y, "rate": y, "y": r}.get(fault, r * y)
    return w + move * x, b if fault == "bias" else b + move


def _logistic_gradients(fault: str, w: Array, b: float, x: Array, y: Array) -> tuple[Array, float]:
    z = x @ w + b
    a = z if fault == "linear" else 1 / (1 + np.exp(-z))
    dz = {"sign": y - a, "slope": (a - y) * a * (1 - a)}.get(fault, a - y)
    share = 1.0 if fault == "sum" else 1 / len(y)
    return share * (x.T @ dz), dz.sum() if fault == "bias" else share * dz.sum()


def _logistic_cost(w: Array, b: float, x: Array, y: Array) -> tuple[Callable[..., Any], list[Any]]:
    from mindspore import Tensor, ops

    samples, labels = Tensor(x), Tensor(y)

    def cost(w: Any, b: Any) -> Any:
        a = ops.sigmoid(ops.matmul(samples, w) + b)
        return -(labels * ops.log(a) + (1 - labels) * ops.log(1 - a)).mean()

    return cost, [w, np.array(b)]


def _cross_entropy(fault: str, z: Array, y: Array) -> Array:
    ones, zeros = np.logaddexp(0.0, -z), np.logaddexp(0.0, z)  # −ln a and −ln (1 − a)
    with np.errstate(all="ignore"):
        a = 1 / (1 + np.exp(-z))
        if fault == "overflow":
            return -(y * np.log(a) + (1 - y) * np.log(1 - a))
        if fault == "softplus":
            return np.log(1 + np.exp(z)) - y * z
    if fault == "clipped":
        a = np.clip(a, 1e-15, 1 - 1e-15)
        return -(y * np.log(a) + (1 - y) * np.log(1 - a))
    loss = y * ones + (1 - y) * zeros
    wrong = {"half": y * ones, "sign": -loss, "swapped": (1 - y) * ones + y * zeros, "mean": loss.mean()}
    return np.asarray(wrong.get(fault, loss))


def _descend(fault: str, gradient: Callable[[Array], Array], w: Array, r: float, steps: int) -> list[Array]:
    way = [np.array(w)]
    first = gradient(way[0])
    for step in range(steps):
        dw = first if fault == "first" else gradient(way[-1])
        rate = {"ascends": -r, "decay": r / (1 + step), "unit": r / np.linalg.norm(dw)}.get(fault, r)
        way.append(way[-1] - rate * dw)
    return {"start": way[1:], "last": way[:-1]}.get(fault, way)


def _layer(fault: str, x: Array, w: Array, b: Array) -> Array:
    wrong = {
        "transpose": x @ w + b,
        "bias": x @ w.T,
        "samples": x @ w.T + b[:, np.newaxis],
        "columns": (x @ w.T + b).T,
        "entries": x * w + b,
    }
    return np.asarray(wrong.get(fault, x @ w.T + b))


def _bowl(w: Array) -> Array:
    """Return the gradient of ½ (w₁² + 4 w₂²)."""
    return np.array([1.0, 4.0]) * w


_X, _W, _SQUARE = _RANDOM.normal(size=(3, 3)), _RANDOM.normal(size=3), _RANDOM.normal(size=(3, 3))
_LABEL = np.array([1.0, 0.0, 1.0])
_Z, _LABELS = np.array([-1000.0, -2.0, 0.0, 0.5, 3.0, 1000.0] * 2), np.repeat([0.0, 1.0], 6)

EXERCISES = (
    Exercise(
        1,
        "perceptron_step",
        [
            (np.array([0.5, -1.0]), 0.25, np.array([2.0, 1.5]), 1.0, 0.1),
            (np.array([0.5, -1.0]), 0.25, np.array([2.0, 1.5]), -1.0, 0.1),
            (np.array([0.5, 1.0]), 0.25, np.array([2.0, 1.5]), -1.0, 0.3),
        ],
        _perceptron_step,
        ("w", "b"),
    ),
    Exercise(2, "logistic_gradients", [(_W, 0.3, _X, _LABEL)], _logistic_gradients, ("dw", "db"), _logistic_cost),
    Exercise(3, "cross_entropy", [(_Z, _LABELS)], _cross_entropy, ("loss",)),
    Exercise(4, "descend", [(_bowl, np.array([3.0, -1.0]), 0.2, 4)], _descend),
    Exercise(5, "layer", [(_X, _SQUARE, _W)], _layer, ("Z",), without_loop=True),
)
