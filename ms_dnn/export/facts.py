"""What somebody needs who has the model file alone: what goes in, what comes out, and what it means."""

from __future__ import annotations

import json
from typing import Any

from ms_dnn import __version__
from ms_dnn.config import ExperimentConfig
from ms_dnn.data.tables.cells import MISSING
from ms_dnn.data.tables.dialect import DELIMITERS
from ms_dnn.errors import ExportError
from ms_dnn.features.columns import Features
from ms_dnn.features.encoding import threshold
from ms_dnn.features.stored import DatasetMetadata, features_to_json

VERSION = 1

#: The activation that makes probabilities of the outputs.
_TO_PROBABILITIES = {
    "softmax_cross_entropy": "softmax",
    "binary_cross_entropy_with_logits": "sigmoid",
    "binary_cross_entropy": "identity",
}


def final_activation(config: ExperimentConfig, *, as_probabilities: bool) -> str:
    """Return what is to be applied to the prediction of the network.

    Raises:
        ExportError: when probabilities are asked for and the loss gives the prediction no such meaning.
    """
    if not as_probabilities:
        return "identity"
    if config.loss not in _TO_PROBABILITIES:
        raise ExportError(
            f"--probabilities: got a run with the loss {config.loss}, expected one of {', '.join(_TO_PROBABILITIES)}, "
            "because the outputs have no such meaning: leave it out"
        )
    return _TO_PROBABILITIES[config.loss]


def facts_of(
    config: ExperimentConfig, known: DatasetMetadata, features: Features, final: str, dtype: str, *, batch: int | None
) -> dict[str, Any]:
    """Return the facts as JSON-able values, for a model that applies ``final`` to the prediction.

    Its input and outputs are of the dtype; it takes ``batch`` samples, or any number where that is None.
    """
    samples: str | int = "N" if batch is None else batch
    outputs = config.network.layers[-1].units
    kind = _kind(config, known, final)
    return {
        "version": VERSION,
        "ms_dnn": __version__,
        "name": config.name,
        "loss": config.loss,
        "input": {"name": "x", "dtype": dtype, "shape": [samples, len(features.names)], "order": list(features.names)},
        "output": {
            "name": "outputs",
            "dtype": dtype,
            "shape": [samples, outputs],
            "kind": kind,
            "meaning": _meaning(kind, config.loss, known.class_names, outputs),
        },
        "class_names": list(known.class_names),
        "target_scaling": None if known.target_scaling is None else known.target_scaling.model_dump(mode="json"),
        "answer": _answer(config, kind),
        "table": _table(config),
        "picture": None
        if known.image_shape is None
        else {"shape": list(known.image_shape), "range": list(known.value_range or (0.0, 1.0))},
        "features": json.loads(features_to_json(features)),
    }


def facts_to_json(facts: dict[str, Any], features: Features) -> str:
    """Return the facts as JSON that a person can read: one line a fact, and one a column."""
    lines = [f"{json.dumps(key)}: {json.dumps(fact, ensure_ascii=False)}" for key, fact in facts.items()][:-1]
    return "{\n" + ",\n".join([*lines, f'"features": {features_to_json(features).strip()}']) + "\n}\n"


def _table(config: ExperimentConfig) -> dict[str, Any]:
    """Return how the cells of a table are written: what separates them (None: to be found out), and what is missing."""
    data = config.data
    return {
        "encoding": data.encoding,
        "delimiter": DELIMITERS.get(data.delimiter),
        "decimal": data.decimal,
        "missing": list(MISSING),
    }


def _kind(config: ExperimentConfig, known: DatasetMetadata, final: str) -> str:
    if known.task == "regression":
        return "values"
    if config.loss not in _TO_PROBABILITIES:
        return "scores"
    return "probabilities" if _TO_PROBABILITIES[config.loss] == final else "logits"


def _meaning(kind: str, loss: str, class_names: tuple[str, ...], outputs: int) -> str:
    if kind == "values":
        return "values, scaled as the targets were in training"
    whose = f"of {class_names[1]!r}" if outputs == 1 else "of each class by itself"
    if kind == "scores":
        return f"scores {whose}, no probabilities: the larger, the more it is that class"
    softmax = loss == "softmax_cross_entropy"
    if kind == "probabilities":
        return "probabilities of the classes, whose sum is 1" if softmax else f"probability {whose}"
    if softmax:
        return "logits: the softmax of them is the probability of each class"
    return f"logits: 1 / (1 + exp(-output)) is the probability {whose}"


def _answer(config: ExperimentConfig, kind: str) -> dict[str, Any]:
    """Return how the outputs of a sample become the answer of ``ms-dnn predict``."""
    if kind == "values":
        return {"rule": "output * target_scaling.scale + target_scaling.offset"}
    last = config.network.layers[-1]
    if last.units > 1:
        return {"rule": "class of the largest output"}
    limit = 0.5 if kind == "probabilities" else threshold(config.loss, last.activation)
    return {"rule": "second class where the output is above the threshold, else the first", "threshold": limit}
