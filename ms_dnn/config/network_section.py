"""The network section: the layers, from the first hidden one to the output."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ms_dnn.config.settings import Settings

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
