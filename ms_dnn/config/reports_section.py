"""The reports section: what a run writes down of itself besides its metrics."""

from __future__ import annotations

from pydantic import Field

from ms_dnn.config.settings import Settings


class ReportsConfig(Settings):
    """Event files for TensorBoard, in the folder ``tensorboard`` of the run."""

    tensorboard: bool = Field(False, description="Whether event files are written; needs the package tensorboardX.")
    histograms_every: int = Field(
        10, ge=1, description="Reports between two histograms of weights, gradients and activations in them."
    )
