"""The sweep section: which keys of the experiment are tried, over which values, how often, and by which measure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from ms_dnn.config.settings import Conflict, Settings, mapping_or

Metric = Literal["validation_loss", "validation_accuracy", "validation_r2"]
Scalar = str | int | float | bool | None

_Number = Annotated[int | float, Field(json_schema_extra={"expected": "a number"})]


class IntervalConfig(Settings):
    """All values from low to high, both included."""

    low: _Number = Field(description="Smallest value.")
    high: _Number = Field(description="Largest value.")
    log: bool = Field(False, description="Whether the logarithm is spread evenly, as suits a learning rate.")
    step: Annotated[int | float, Field(gt=0, json_schema_extra={"expected": "a number > 0"})] | None = Field(
        None, description="Only low, low + step, low + 2 step, …"
    )

    def _conflicts(self) -> Iterator[Conflict]:
        if self.low > self.high:
            yield Conflict(("low",), f"low {self.low:g} is above high {self.high:g}; exchange them")
        elif self.log and self.low <= 0:
            sentence = f"got {self.low:g}, expected a number > 0, because log: true spreads the logarithm"
            yield Conflict(("low",), f"{sentence}; raise low, or leave log out")
        elif self.log and self.step is not None:
            sentence = "log and step are both given; keep one, or list the values: [0.001, 0.01, 0.1]"
            yield Conflict(("step",), sentence)


Choices = Annotated[tuple[Any, ...], Field(strict=False, min_length=1)]
Range = Annotated[
    Annotated[IntervalConfig, Tag("interval")] | Annotated[Choices, Tag("choices")],
    mapping_or("choices", "interval"),
]


class SweepConfig(Settings):
    """A search for hyperparameters; ``ms-dnn sweep`` reads it, and ``ms-dnn train`` passes it over."""

    trials: int = Field(20, ge=1, le=100_000, description="Trainings in all, however many processes share them.")
    metric: Metric = Field("validation_loss", description="What is to become small (the loss) or large (accuracy, R²).")
    sampler: Literal["tpe", "random", "grid"] = Field(
        "tpe", description="tpe learns from the trials before; random does not; grid takes every combination once."
    )
    pruning: Literal["none", "median", "hyperband"] = Field(
        "median",
        description="Which trials end early: median, those worse than half of the others were at the same report; "
        "hyperband, the worse ones of groups that were given different numbers of reports.",
    )
    warm_up_reports: int = Field(5, ge=0, description="Reports of a trial before it may be ended early.")
    seed: int | None = Field(None, ge=0, le=2**63 - 1, description="Of the sampler; left out: the experiment's.")
    ranges: dict[str, Range] = Field(
        min_length=1,
        description="For each key, as --set has it, {low, high, log, step} or a list of choices. network.depth, "
        "network.width and network.activation change all hidden layers.",
        json_schema_extra={"expected": "a mapping from keys such as learning_rate to {low, high} or a list of choices"},
    )

    @property
    def minimizes(self) -> bool:
        """Whether the smaller metric is the better one."""
        return self.metric == "validation_loss"

    def _conflicts(self) -> Iterator[Conflict]:
        for address, choices in self.ranges.items():
            yield from _repeated(address, choices)


def _repeated(address: str, choices: Any) -> Iterator[Conflict]:
    """Find choices that are no single value, or stand twice in their list."""
    if isinstance(choices, IntervalConfig):
        return
    seen: list[Any] = []
    for index, choice in enumerate(choices):
        path = ("ranges", address, "choices", index)
        if not isinstance(choice, Scalar):
            yield Conflict(path, "a choice is one text, number, true, false or null; sweep the keys in it instead")
        elif any(choice == other and type(choice) is type(other) for other in seen):
            yield Conflict(path, f"the choice {choice} stands twice in the list; keep one")
        seen.append(choice)
