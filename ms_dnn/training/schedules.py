"""Learning rates of all steps of a run, worked out before it by ``mindspore.nn``'s schedule functions."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from mindspore import nn
from numpy.typing import NDArray

Rates = list[float]


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
    return np.asarray(SCHEDULES[schedule](settings, total_steps, steps_per_epoch), np.float64)


def _constant(settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> Rates:
    return [settings["rate"]] * total_steps


def _decay(function: Callable[..., Rates]) -> Callable[[Mapping[str, Any], int, int], Rates]:
    def rates(settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> Rates:
        return function(
            settings["initial"],
            settings["rate"],
            total_steps,
            steps_per_epoch,
            settings["epochs"],
            settings["staircase"],
        )

    return rates


def _natural_decay(settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> Rates:
    # MindSpore's function counts epochs, and the other decays count in units of `epochs`.
    per_epoch = {**settings, "rate": settings["rate"] / settings["epochs"]}
    return _decay(nn.natural_exp_decay_lr)(per_epoch, total_steps, steps_per_epoch)


def _cosine(settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> Rates:
    return nn.cosine_decay_lr(settings["final"], settings["initial"], total_steps, steps_per_epoch, settings["epochs"])


def _polynomial(settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> Rates:
    return nn.polynomial_decay_lr(
        settings["initial"],
        settings["final"],
        total_steps,
        steps_per_epoch,
        settings["epochs"],
        settings["power"],
    )


def _piecewise(settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> Rates:
    ends = [milestone * steps_per_epoch for milestone in settings["milestones"]]
    rates = nn.piecewise_constant_lr(ends, list(settings["rates"]))[:total_steps]
    return rates + [settings["rates"][-1]] * (total_steps - len(rates))


SCHEDULES: dict[str, Callable[[Mapping[str, Any], int, int], Rates]] = {
    "constant": _constant,
    "exponential_decay": _decay(nn.exponential_decay_lr),
    "natural_exponential_decay": _natural_decay,
    "inverse_decay": _decay(nn.inverse_decay_lr),
    "cosine_decay": _cosine,
    "polynomial_decay": _polynomial,
    "piecewise_constant": _piecewise,
}
