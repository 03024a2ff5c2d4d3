"""What scikit-learn's networks call a parameter, or a value of one, that has another name here."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec

from ms_dnn.presentation.notation import nearest_name

P = ParamSpec("P")

_PARAMETERS = {
    "alpha": "the penalty is `l2` here",
    "learning_rate_init": "it is `learning_rate` here",
    "power_t": "the learning rate changes by `schedule` here",
    "momentum": "it is 0.9 by solver='momentum' here",
    "nesterovs_momentum": "it is solver='nesterov' here",
    "beta_1": "solver='adam' takes 0.9 here",
    "beta_2": "solver='adam' takes 0.999 here",
    "epsilon": "solver='adam' takes 1e-8 here",
    "shuffle": "each epoch is shuffled here, unless batch_size is the number of samples",
    "max_fun": "there is no solver 'lbfgs' here",
    "loss": "the targets decide it here",
}
_RATE = "scikit-learn's learning_rate is `schedule` here (constant or cosine_decay), its learning_rate_init this"
_VALUES = {
    ("learning_rate", "adaptive"): _RATE,
    ("learning_rate", "constant"): _RATE,
    ("learning_rate", "invscaling"): _RATE,
    ("schedule", "adaptive"): "what adapts here is solver='adam'",
    ("schedule", "invscaling"): "what falls here is 'cosine_decay'",
    ("schedule", "cosine"): "it is 'cosine_decay' here",
    ("solver", "sgd"): "it is 'gradient_descent' here, or, with scikit-learn's default momentum, 'nesterov'",
    ("solver", "lbfgs"): "take 'adam', with batch_size the number of samples if all are to count in each step",
    ("activation", "logistic"): "it is 'sigmoid' here",
    ("initializer", "glorot"): "it is 'xavier' here",
    ("initializer", "kaiming"): "it is 'he' here",
    ("device", "cuda"): "it is 'GPU' here",
    ("device", "npu"): "it is 'Ascend' here",
}


def hint_of_value(name: str, value: Any, choices: list[str]) -> str:
    """Return what to take in place of a wrong value of a parameter, or the nearest of the choices, after ": "."""
    if isinstance(value, str):
        if (name, value) in _VALUES:
            return f": {_VALUES[name, value]}"
        near = nearest_name(value, choices)
        return f": did you mean {near!r}?" if near else ""
    return ""


def with_twins_named(constructor: Callable[P, None]) -> Callable[P, None]:
    """Return the constructor of an estimator such that its TypeError for an unknown parameter says what to take."""
    known = list(signature(constructor).parameters)[1:]

    @wraps(constructor)
    def constructed(*args: P.args, **kwargs: P.kwargs) -> None:
        for name in kwargs:
            if name not in known:
                near = nearest_name(name, known)
                hint = _PARAMETERS.get(name) or (f"did you mean {near!r}?" if near else f"expected {', '.join(known)}")
                raise TypeError(f"{type(args[0]).__name__} has no parameter {name!r}: {hint}")
        constructor(*args, **kwargs)

    return constructed
