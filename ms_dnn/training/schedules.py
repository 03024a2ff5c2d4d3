"""Learning rates of all steps of a run, worked out before it by ``mindspore.nn``'s schedule functions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mindspore import nn
from numpy.typing import NDArray


def learning_rates(
    schedule: str, settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int
) -> NDArray[np.float64]:
    """Return the learning rate r of each step, shape (total_steps,).

    Args:
        schedule: a name of :data:`SCHEDULES`; the rate changes from epoch to epoch, not within one.
        settings: what that schedule takes; its lengths are in epochs.
        total_steps: steps of the whole run.
        steps_per_epoch: steps in one pass over the samples.
    """
    epochs = -(-total_steps // steps_per_epoch)
    of_epochs = np.asarray(SCHEDULES[schedule](settings, epochs), np.float64)
    return np.repeat(of_epochs, steps_per_epoch)[:total_steps]


# Each takes its settings and the number of epochs and returns one rate an epoch: to MindSpore's functions, which count
# steps, an epoch is one step.
Schedule = Callable[[Mapping[str, Any], int], Sequence[float] | NDArray[np.float64]]


def _constant(settings: Mapping[str, Any], epochs: int) -> NDArray[np.float64]:
    return np.full(epochs, settings["rate"])


def _decay(function: Callable[..., list[float]]) -> Schedule:
    def rates(settings: Mapping[str, Any], epochs: int) -> list[float]:
        return function(settings["initial"], settings["rate"], epochs, 1, settings["epochs"], settings["staircase"])

    return rates


def _natural_decay(settings: Mapping[str, Any], epochs: int) -> Sequence[float] | NDArray[np.float64]:
    # MindSpore's function counts epochs, and the other decays count in units of `epochs`.
    return _decay(nn.natural_exp_decay_lr)({**settings, "rate": settings["rate"] / settings["epochs"]}, epochs)


def _cosine(settings: Mapping[str, Any], epochs: int) -> list[float]:
    return nn.cosine_decay_lr(settings["final"], settings["initial"], epochs, 1, settings["epochs"])


def _polynomial(settings: Mapping[str, Any], epochs: int) -> list[float]:
    first, last = settings["initial"], settings["final"]
    return nn.polynomial_decay_lr(first, last, epochs, 1, settings["epochs"], settings["power"])


def _piecewise(settings: Mapping[str, Any], epochs: int) -> list[float]:
    rates = nn.piecewise_constant_lr(list(settings["milestones"]), list(settings["rates"]))[:epochs]
    return rates + [settings["rates"][-1]] * (epochs - len(rates))


SCHEDULES: dict[str, Schedule] = {
    "constant": _constant,
    "exponential_decay": _decay(nn.exponential_decay_lr),
    "natural_exponential_decay": _natural_decay,
    "inverse_decay": _decay(nn.inverse_decay_lr),
    "cosine_decay": _cosine,
    "polynomial_decay": _polynomial,
    "piecewise_constant": _piecewise,
}
