"""The optimizers and learning rates that a configuration can name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, Tag

from ms_dnn.config.settings import Conflict, Settings, mapping_or

PositiveRate = Annotated[float, Field(gt=0)]
PositiveEpochs = Annotated[int, Field(ge=1)]


class GradientDescentConfig(Settings):
    """w′ = w − r·dw."""

    name: Literal["gradient_descent"]


class MomentumConfig(Settings):
    """v′ = μ·v + dw, w′ = w − r·v′."""

    name: Literal["momentum"]
    momentum: float = Field(0.9, ge=0, lt=1, description="μ, the share of the last velocity that is kept.")


class NesterovConfig(Settings):
    """v′ = μ·v + dw, w′ = w − r·(dw + μ·v′)."""

    name: Literal["nesterov"]
    momentum: float = Field(0.9, ge=0, lt=1, description="μ, the share of the last velocity that is kept.")


class AdamConfig(Settings):
    """Steps scaled by running means of dw and dw², both corrected for their start at 0."""

    name: Literal["adam"]
    beta1: float = Field(0.9, gt=0, le=0.9999999, description="Decay of the running mean of dw.")
    beta2: float = Field(0.999, gt=0, le=0.9999999, description="Decay of the running mean of dw².")
    epsilon: float = Field(1e-8, ge=1e-30, description="Added to the root of the mean square: no division by 0.")


Optimizer = Annotated[GradientDescentConfig | MomentumConfig | NesterovConfig | AdamConfig, Field(discriminator="name")]


class _Decay(Settings):
    """Shared by the three decays, with t = epoch / epochs, rounded down if staircase."""

    initial: PositiveRate = Field(description="Learning rate of the first epoch, > 0.")
    rate: PositiveRate = Field(description="k in the formula of the schedule, > 0.")
    epochs: PositiveEpochs = Field(description="Epochs in which t grows by 1.")
    staircase: bool = Field(False, description="Whether the rate falls in steps, once every `epochs` epochs.")


class ExponentialDecay(_Decay):
    """initial · k^t."""

    schedule: Literal["exponential_decay"]


class NaturalExponentialDecay(_Decay):
    """initial · e^(−k·t)."""

    schedule: Literal["natural_exponential_decay"]


class InverseDecay(_Decay):
    """initial / (1 + k·t)."""

    schedule: Literal["inverse_decay"]


class CosineDecay(Settings):
    """Half a cosine from initial down to final in `epochs` epochs; final afterwards."""

    schedule: Literal["cosine_decay"]
    initial: PositiveRate = Field(description="Learning rate of the first epoch, > final.")
    final: float = Field(ge=0, description="Learning rate after `epochs` epochs.")
    epochs: PositiveEpochs = Field(description="Length of the descent, in epochs.")

    def _conflicts(self) -> Iterator[Conflict]:
        if self.final >= self.initial:
            sentence = f"the cosine goes down, so {self.final:g} must be below the initial {self.initial:g}"
            yield Conflict(("final",), sentence)


class PolynomialDecay(Settings):
    """(initial − final) · (1 − epoch / epochs)^power + final; final afterwards."""

    schedule: Literal["polynomial_decay"]
    initial: PositiveRate = Field(description="Learning rate of the first epoch, > 0.")
    final: float = Field(ge=0, description="Learning rate after `epochs` epochs.")
    epochs: PositiveEpochs = Field(description="Length of the descent, in epochs.")
    power: float = Field(gt=0, description="1 is a straight line, 2 a parabola that lands softly.")


class PiecewiseConstant(Settings):
    """rates[i] up to the end of epoch milestones[i]; the last rate is kept afterwards."""

    schedule: Literal["piecewise_constant"]
    milestones: tuple[PositiveEpochs, ...] = Field(
        strict=False, min_length=1, description="Epochs, each later than the one before."
    )
    rates: tuple[PositiveRate, ...] = Field(
        strict=False, min_length=1, description="One learning rate for each milestone, > 0."
    )

    def _conflicts(self) -> Iterator[Conflict]:
        for index, (before, here) in enumerate(pairwise(self.milestones), 1):
            if here <= before:
                yield Conflict(("milestones", index), f"milestones must increase, and {here} comes after {before}")
        if len(self.rates) != len(self.milestones):
            counts = f"got {len(self.rates)} for {len(self.milestones)} milestones"
            yield Conflict(("rates",), f"{counts}; each milestone needs one rate")


Schedule = Annotated[
    ExponentialDecay | NaturalExponentialDecay | InverseDecay | CosineDecay | PolynomialDecay | PiecewiseConstant,
    Field(discriminator="schedule"),
]


LearningRate = Annotated[
    Annotated[PositiveRate, Tag("constant")] | Annotated[Schedule, Tag("schedule")],
    mapping_or("constant", "schedule"),
]
