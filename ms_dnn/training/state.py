"""The counters of a run, as a checkpoint holds them."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ms_dnn.errors import CheckpointError
from ms_dnn.training.checkpoints import Arrays


@dataclass
class State:
    """The counters of a run; with the arrays of a checkpoint they determine all that follows.

    Attributes:
        step: steps done.
        total: sum of the costs of the current stretch so far.
        seconds: time spent training, over all sessions.
        best_value: best value of the watched metric, or None.
        best_step: step at which it was reached.
        reports_without_gain: reports since then.
        stopped_by: what ended the run, or None while it has not ended.
    """

    step: int = 0
    total: float = 0.0
    seconds: float = 0.0
    best_value: float | None = None
    best_step: int = 0
    reports_without_gain: int = 0
    stopped_by: str | None = None

    @staticmethod
    def of(stored: dict[str, Any]) -> "State":
        """Return the counters that a checkpoint holds.

        Raises:
            CheckpointError: when something else stands there.
        """
        try:
            state: State = TypeAdapter(State).validate_json(json.dumps(stored), strict=True)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
        else:
            where = next((key for key in stored if key not in vars(state)), "")
        if where:
            raise CheckpointError(
                f"checkpoint: '{where}' of its state is not what ms-dnn writes there: restore it, or train anew"
            )
        return state


@dataclass(frozen=True)
class LayerNumbers:
    """What the layers hold at one moment.

    Attributes:
        weights: by parameter name, ``layers.0.weight``, …
        gradients: ∂J/∂θ of the probe's samples, by the same names.
        activations: what each layer answers to them, (N, n[l]), by ``layers.0``, …
    """

    weights: Arrays
    gradients: Arrays
    activations: Arrays
