"""The counters of a run, as a checkpoint holds them."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ms_dnn.errors import CheckpointError
from ms_dnn.training.checkpoints import Arrays
from ms_dnn.training.stopping import Progress

RENAMED = {"stopped_by": "stop_reason"}
"""Keys of checkpoints that earlier versions wrote, and what they are called now."""


@dataclass
class State(Progress):
    """The counters of a run; with the arrays of a checkpoint they determine all that follows.

    Attributes:
        total: sum of the costs of the current report interval so far.
        seconds: time spent training, over all sessions.
    """

    total: float = 0.0
    seconds: float = 0.0

    @staticmethod
    def of(stored: dict[str, Any]) -> "State":
        """Return the counters that a checkpoint holds.

        Raises:
            CheckpointError: when something else stands there.
        """
        renamed = {RENAMED.get(key, key): value for key, value in stored.items()}
        try:
            state: State = TypeAdapter(State).validate_json(json.dumps(renamed), strict=True)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
        else:
            where = next((key for key in renamed if key not in vars(state)), "")
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
        activations: output of each layer for them, (N, n[l]), by ``layers.0``, …
    """

    weights: Arrays
    gradients: Arrays
    activations: Arrays
