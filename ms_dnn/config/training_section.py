"""The training section, the penalty, early stopping, and what a run writes down of itself besides its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Self

from ms_dnn.config.settings import Conflict, Settings


class PenaltyConfig(Settings):
    """R(θ) = l1 Σ |w| + l2/2 Σ w², which is added to the cost J to keep the weights small."""

    l1: float = Field(0.0, ge=0, description="λ₁: draws weights to exactly 0.")
    l2: float = Field(0.0, ge=0, description="λ₂: draws weights towards 0, the larger the more.")
    biases: bool = Field(False, description="Whether biases are penalised like the weights.")


class EarlyStoppingConfig(Settings):
    """Stop when the validation samples no longer gain."""

    monitor: Literal["validation_loss", "validation_accuracy"] = Field(
        "validation_loss", description="The metric that has to improve."
    )
    patience: int = Field(ge=1, description="Reports without improvement before training stops.")
    min_delta: float = Field(0.0, ge=0, description="Smaller changes of the metric are no improvement.")


class TrainingConfig(Settings):
    """How long to train, on how many samples at a time, and how often to look."""

    batch_size: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        description="Samples for one update of the weights: 1 is stochastic, all is batch gradient descent."
    )
    epochs: int | None = Field(None, ge=1, le=10**6, description="Passes over the training set.")
    max_iterations: int | None = Field(
        None, ge=1, le=10**8, description="Updates of the weights; the MAX of the algorithm. Either this or epochs."
    )
    tolerance: float | None = Field(
        None, ge=1e-30, description="ε: stop when no weight or bias changed by as much in one iteration."
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="ε: training compares with (1 − ε) y + ε/C; of cross-entropy losses."
    )
    class_weight: Literal["balanced"] | dict[str, Annotated[float, Field(ge=0)]] | None = Field(
        None,
        description="What the samples of a class weigh in the cost: balanced makes all classes weigh the same; or a "
        "mapping from class names to weights, the others 1.",
        json_schema_extra={"expected": "balanced, or a mapping from class names to weights"},
    )
    clip_norm: float | None = Field(
        None, gt=0, description="Global norm that the gradients are clipped to before an update; left out: no limit."
    )
    engine: Literal["auto", "graph", "operator"] = Field(
        "auto",
        description="What does the steps: graph, compiled by MindSpore, for every device; operator, written in C++, "
        "for CPU, many times as fast for small networks. auto takes the operator where it covers what is asked for.",
    )
    report_every: int = Field(1, ge=1, description="Epochs between two rows of the metrics.")
    checkpoint_seconds: float = Field(
        5.0, ge=0, description="Seconds between two checkpoints, also within an epoch; 0 writes several a second."
    )
    early_stopping: EarlyStoppingConfig | None = Field(None, description="Left out: train to the end.")

    def resumed(self) -> Self:
        """Return the section of a run that goes on: on its engine, and that of a run from before there were two."""
        engine = "auto" if self.engine == "operator" else "graph"
        return self.model_copy(update={"engine": engine})

    def _conflicts(self) -> Iterator[Conflict]:
        if self.epochs is None and self.max_iterations is None:
            yield Conflict(("epochs",), "missing; say how long to train, with either epochs or max_iterations")
        if self.epochs is not None and self.max_iterations is not None:
            sentence = "epochs and max_iterations are both given; keep one (an iteration is one update)"
            yield Conflict(("max_iterations",), sentence)


class ReportsConfig(Settings):
    """Event files for TensorBoard, in the folder ``tensorboard`` of the run."""

    tensorboard: bool = Field(False, description="Whether event files are written; needs the package tensorboardX.")
    histograms_every: int = Field(
        10, ge=1, description="Reports between two histograms of weights, gradients and activations in them."
    )
