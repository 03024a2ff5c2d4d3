"""The optimizers and learning rates that a configuration can name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator
from typing_extensions import Self

from ms_dnn.config.settings import Conflict, Settings, refusal

PositiveRate = Annotated[float, Field(gt=0)]
PositiveEpochs = Annotated[int, Field(ge=1)]


class GradientDescent(Settings):
    """w′ = w − r·dw."""

    name: Literal["gradient_descent"]


class Momentum(Settings):
    """v′ = μ·v + dw, w′ = w − r·v′."""

    name: Literal["momentum"]
    momentum: float = Field(0.9, ge=0, lt=1, description="μ, the share of the last velocity that is kept.")


class Nesterov(Settings):
    """v′ = μ·v + dw, w′ = w − r·(dw + μ·v′)."""

    name: Literal["nesterov"]
    momentum: float = Field(0.9, ge=0, lt=1, description="μ, the share of the last velocity that is kept.")


class Adam(Settings):
    """Steps scaled by running means of dw and dw², both corrected for their start at 0."""

    name: Literal["adam"]
    beta1: float = Field(0.9, gt=0, le=0.9999999, description="Decay of the running mean of dw.")
    beta2: float = Field(0.999, gt=0, le=0.9999999, description="Decay of the running mean of dw².")
    epsilon: float = Field(1e-8, ge=1e-30, description="Added to the root of the mean square: no division by 0.")


Optimizer = Annotated[GradientDescent | Momentum | Nesterov | Adam, Field(discriminator="name")]


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

    @model_validator(mode="after")
    def _descends(self) -> Self:
        if self.final >= self.initial:
            sentence = f"the cosine goes down, so {self.final:g} must be below the initial {self.initial:g}"
            raise refusal("cosine_decay", [Conflict(("final",), sentence)])
        return self


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

    @model_validator(mode="after")
    def _pieces_fit(self) -> Self:
        found = []
        for index in range(1, len(self.milestones)):
            before, here = self.milestones[index - 1], self.milestones[index]
            if here <= before:
                sentence = f"milestones must increase, and {here} comes after {before}"
                found.append(Conflict(("milestones", index), sentence))
        if len(self.rates) != len(self.milestones):
            counts = f"got {len(self.rates)} for {len(self.milestones)} milestones"
            found.append(Conflict(("rates",), f"{counts}; each milestone needs one rate"))
        if found:
            raise refusal("piecewise_constant", found)
        return self


Schedule = Annotated[
    ExponentialDecay | NaturalExponentialDecay | InverseDecay | CosineDecay | PolynomialDecay | PiecewiseConstant,
    Field(discriminator="schedule"),
]


def _constant_or_schedule(value: Any) -> str:
    return "schedule" if isinstance(value, dict | BaseModel) else "constant"


# The tag keeps the errors of the two alternatives apart: a bad schedule is not also "not a number".
LearningRate = Annotated[
    Annotated[PositiveRate, Tag("constant")] | Annotated[Schedule, Tag("schedule")],
    Discriminator(_constant_or_schedule),
]
