"""What one experiment is: its data, network, loss, optimizer and training, as immutable pydantic models.

Building a model from wrong values raises :class:`pydantic.ValidationError`; :mod:`ms_dnn.config.loading` puts
that into sentences with the line of the file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from ms_dnn.config.conflicts import Conflict, conflicts_in, refusal
from ms_dnn.config.data_section import DataConfig
from ms_dnn.config.optimization import LearningRate, Optimizer, Settings
from ms_dnn.config.reports_section import ReportsConfig
from ms_dnn.config.sweep_section import SweepConfig

VERSION = 1

Activation = Literal[
    "identity",
    "sign",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "silu",
    "gelu",
    "softmax",
]
Initializer = Literal["zeros", "normal", "xavier", "he"]
Loss = Literal[
    "squared_error",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "softmax_cross_entropy",
    "hinge",
    "perceptron",
]


class LayerConfig(Settings):
    """One dense layer: z = W a + b, then the activation; with normalisation between the two, and dropout after it."""

    units: int = Field(ge=1, le=65536, description="Nodes of the layer, n[l].")
    activation: Activation = Field(description="σ in a = σ(z).")
    initializer: Initializer = Field("xavier", description="Random start of W; he suits relu and its relatives.")
    normalization: Literal["none", "batch", "layer"] = Field(
        "none",
        description="Of the weighted sum, before the activation: over the samples of the batch, or over the units.",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the units that each step of training drops.")


class NetworkConfig(Settings):
    """The layers from the first hidden one to the output; the input layer is the data."""

    layers: tuple[LayerConfig, ...] = Field(
        strict=False, min_length=1, description="At least one layer; the last one is the output layer."
    )
    input_dropout: float = Field(0.0, ge=0, lt=1, description="Share of the inputs that each step of training drops.")


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
    epochs: int | None = Field(None, ge=1, le=10**6, description="Passes over the training part.")
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
        None, gt=0, description="Length that all gradients together are cut to before an update; left out: no limit."
    )
    report_every: int = Field(1, ge=1, description="Epochs between two rows of the metrics.")
    checkpoint_seconds: float = Field(
        5.0, ge=0, description="Seconds between two checkpoints, also within an epoch; 0 writes several a second."
    )
    early_stopping: EarlyStoppingConfig | None = Field(None, description="Left out: train to the end.")

    @model_validator(mode="after")
    def _has_one_end(self) -> Self:
        if self.epochs is None and self.max_iterations is None:
            sentence = "missing; say how long to train, with either epochs or max_iterations"
            raise refusal("training", [Conflict(("epochs",), sentence)])
        if self.epochs is not None and self.max_iterations is not None:
            sentence = "epochs and max_iterations are both given; keep one (an iteration is one update)"
            raise refusal("training", [Conflict(("max_iterations",), sentence)])
        return self


class ExperimentConfig(Settings):
    """One experiment, complete: the same config and seed give the same run on the same device."""

    version: int = Field(VERSION, ge=1, description="Version of this format.")
    name: str = Field(
        max_length=100,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$",
        description="Name of the experiment, which also names its runs.",
        json_schema_extra={"expected": "a name of at most 100 letters, digits, '-' and '_'"},
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Source of everything random.")
    data: DataConfig
    network: NetworkConfig
    loss: Loss = Field(description="L of one sample; its mean or sum over the samples is the cost J.")
    reduction: Literal["mean", "sum"] = Field("mean", description="How the losses of the samples make the cost.")
    penalty: PenaltyConfig | None = Field(None, description="Left out: none.")
    optimizer: Optimizer = Field(description="How gradients become changes of the weights.")
    learning_rate: LearningRate = Field(description="r: one number > 0, or a schedule over the epochs.")
    training: TrainingConfig
    reports: ReportsConfig | None = Field(None, description="Left out: no event files for TensorBoard.")
    backprop: Literal["handwritten", "framework"] = Field(
        "handwritten",
        description="Whose backward pass trains: this project's, or MindSpore's own.",
    )
    device: Literal["auto", "Ascend", "GPU", "CPU"] = Field(
        "auto", description="auto takes the first of Ascend, GPU, CPU that is there; a name takes no other."
    )
    precision: Literal["float32", "float64", "mixed_float16", "mixed_bfloat16"] = Field(
        "float32",
        description="dtype of the weights; float64 not on Ascend. The mixed ones compute in 16 bits, keep weights, "
        "cost and updates in float32, and scale the cost's gradient so that small gradients are not lost.",
    )
    sweep: SweepConfig | None = Field(None, description="Only for ms-dnn sweep: what to try.")

    @model_validator(mode="before")
    @classmethod
    def _is_not_from_the_future(cls, values: Any) -> Any:
        version = values.get("version") if isinstance(values, dict) else None
        # type(): True is an int, and is no version.
        if type(version) is int and version > VERSION:
            sentence = f"written by a newer ms-dnn: version {version}, this one reads {VERSION}; upgrade ms-dnn"
            raise refusal("experiment", [Conflict(("version",), sentence)])
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = conflicts_in(self)
        if found:
            raise refusal("experiment", found)
        return self
