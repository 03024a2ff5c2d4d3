"""What the parameters of the estimators may be, and one sentence for each that is not."""

from collections.abc import Callable, Sequence
from functools import cache
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ms_dnn.errors import ParameterError
from ms_dnn.estimators.twins import hint_of_value
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.initializers import INITIALIZERS
from ms_dnn.presentation.notation import counted
from ms_dnn.runtime.device import PREFERENCE, use_device
from ms_dnn.runtime.precision import check_precision
from ms_dnn.training.optimizers import OPTIMIZERS
from ms_dnn.training.schedules import learning_rates

_RELU_LIKE = ("relu", "leaky_relu", "elu", "softplus", "silu", "gelu")
_MOST_OF_AUTO = 200
COSINE_DECAY = "cosine_decay"

Rule = tuple[Callable[[Any], bool], str]


def check_parameters(parameters: dict[str, Any]) -> None:
    """Raise a :class:`ParameterError` for the first parameter that is not what its name asks for."""
    for name, (fits, expected) in _RULES.items():
        if not fits(parameters[name]):
            hint = hint_of_value(name, parameters[name], _WORDS.get(name, []))
            raise ParameterError(f"{name}: got {parameters[name]!r}, expected {expected}{hint}")


def activations_of(activation: Any, hidden: int) -> str | tuple[str, ...]:
    """Return the activation of all hidden layers, or one for each.

    Raises:
        ParameterError: when there are more or fewer than hidden layers.
    """
    if isinstance(activation, str):
        return activation
    activations = tuple(map(str, activation))
    if len(activations) != hidden:
        raise ParameterError(
            f"activation: got {len(activations)} names for {counted(hidden, 'hidden layer')}, expected one for "
            "all or as many as hidden_layer_sizes has"
        )
    return activations


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Return the units of the hidden layers as a tuple; one number stands for one layer."""
    return tuple(int(size) for size in np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)))


def batch_size_of(batch_size: int | str, samples: int) -> int:
    """Return the samples of one step: the number given, or min(200, samples) for "auto"; at most all."""
    return min(_MOST_OF_AUTO if isinstance(batch_size, str) else int(batch_size), samples)


def initializers_of(initializer: str | None, activations: Sequence[str]) -> list[str]:
    """Return one initializer a layer: the one given, or he before ReLU and its relatives and xavier elsewhere."""
    return [initializer or ("he" if activation in _RELU_LIKE else "xavier") for activation in activations]


def rates_of(schedule: str, learning_rate: float, epochs: int) -> NDArray[np.float64]:
    """Return the learning rate of each epoch, (epochs,): the same, or falling to 0 along a cosine."""
    if schedule == "constant":
        return learning_rates(schedule, {"rate": learning_rate}, epochs, 1)
    return learning_rates(schedule, {"initial": learning_rate, "final": 0.0, "epochs": epochs}, epochs, 1)


def seed_of(random_state: Any) -> int:
    """Return the seed of a fit: the same one for the same number, another one whenever a generator is asked.

    Raises:
        ParameterError: when ``random_state`` is none of what scikit-learn takes.
    """
    try:
        generator = check_random_state(random_state)
    except ValueError as error:
        raise ParameterError(
            f"random_state: got {random_state!r}, expected None, a whole number from 0 to 2³² − 1, or a "
            "numpy.random.RandomState"
        ) from error
    return int(generator.randint(np.iinfo(np.int32).max))


def precision_of(precision: str, device: str, X: Any) -> str:
    """Return "float32" or "float64"; "auto" is that of X, for other dtypes float64, and float32 on Ascend."""
    if precision != "auto":
        return precision
    is_narrow = getattr(X, "dtype", None) in (np.float32, np.float16)
    return "float32" if is_narrow or _device_in_use(device) == "Ascend" else "float64"


def require_device(device: str, precision: str) -> None:
    """Raise a :class:`DeviceError` unless the device can be had and can compute in the precision."""
    check_precision(precision, _device_in_use(device))


@cache
def _device_in_use(device: str) -> str:
    """Choose the device, once a process, and return the name of the one that computes."""
    return use_device(device).name


def _is_whole(value: Any, least: int = 1) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and bool(np.isfinite(float(value)))


def _are_sizes(value: Any) -> bool:
    if isinstance(value, Integral):
        return _is_whole(value)
    return isinstance(value, Sequence | np.ndarray) and all(_is_whole(size) for size in value)


_WORDS = {
    "activation": [name for name, activation in ACTIVATIONS.items() if activation.vjp is not None],
    "initializer": list(INITIALIZERS),
    "solver": list(OPTIMIZERS),
    "schedule": ["constant", COSINE_DECAY],
    "normalization": ["none", "batch", "layer"],
}
"""Of the parameters that are words, what each may be."""


def _one_of(choices: Sequence[str]) -> Rule:
    return (lambda value: isinstance(value, str) and value in choices), f"one of {', '.join(choices)}"


def _are_activations(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    known = _WORDS["activation"]
    return isinstance(names, Sequence | np.ndarray) and all(isinstance(name, str) and name in known for name in names)


_FLAG: Rule = (lambda value: isinstance(value, bool | np.bool_), "True or False")
_INITIALIZER = _one_of(_WORDS["initializer"])

_RULES: dict[str, Rule] = {
    "hidden_layer_sizes": (_are_sizes, "whole numbers of at least 1, one a hidden layer, such as (100,)"),
    "activation": (_are_activations, f"{_one_of(_WORDS['activation'])[1]}, or one for each hidden layer"),
    "initializer": (lambda value: value is None or _INITIALIZER[0](value), f"None or {_INITIALIZER[1]}"),
    "solver": _one_of(_WORDS["solver"]),
    "learning_rate": (lambda value: _is_number(value) and value > 0, "a finite number above 0"),
    "schedule": _one_of(_WORDS["schedule"]),
    "l2": (lambda value: _is_number(value) and value >= 0, "a finite number of at least 0"),
    "dropout": (lambda value: _is_number(value) and 0 <= value < 1, "a number of at least 0 and below 1"),
    "normalization": _one_of(_WORDS["normalization"]),
    "batch_size": (
        lambda value: (isinstance(value, str) and value == "auto") or _is_whole(value),
        "'auto' or a whole number of at least 1",
    ),
    "max_iter": (_is_whole, "a whole number of epochs of at least 1"),
    "tol": (lambda value: _is_number(value) and value >= 0, "a finite number of at least 0"),
    "n_iter_no_change": (_is_whole, "a whole number of epochs of at least 1"),
    "early_stopping": _FLAG,
    "validation_fraction": (lambda value: _is_number(value) and 0 < value < 1, "a number above 0 and below 1"),
    "warm_start": _FLAG,
    "precision": _one_of(["auto", "float32", "float64"]),
    "device": _one_of(["auto", *PREFERENCE]),
    "verbose": (lambda value: isinstance(value, Integral | np.bool_), "True or False"),
}
