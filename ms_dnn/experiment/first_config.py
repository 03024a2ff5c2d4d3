"""A first configuration for somebody's data: commented, and such that it trains as it is; no MindSpore."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ms_dnn.config import ExperimentConfig, parse_config
from ms_dnn.config.data_section import DataConfig
from ms_dnn.config.loading import entry
from ms_dnn.data import Dataset, load_data
from ms_dnn.data.recognizing import Recognized, recognize
from ms_dnn.experiment.data import PreparedData, prepare_data
from ms_dnn.experiment.source import source_of_data
from ms_dnn.presentation.notation import plain

_MOST_LISTED = 40
_FEWEST_TO_VALIDATE = 30


@dataclass(frozen=True)
class FirstConfig:
    """The text of a configuration, what it says, the data as it prepares them, and what the user should look at."""

    text: str
    config: ExperimentConfig
    data: PreparedData
    doubts: tuple[str, ...]


def first_config(path: Path, target: str | None = None) -> FirstConfig:
    """Return a configuration for a file or folder, after its data were loaded, checked, split and encoded by it.

    Raises :class:`ms_dnn.errors.DataError` for data that no configuration can read, with all that is wrong at once.
    """
    found = recognize(path, target)
    dataset, own_test, own_validation = load_data(source_of_data(DataConfig.model_validate(found.data)))
    validates = own_validation is not None or len(dataset) >= _FEWEST_TO_VALIDATE
    lines = [
        f"# Written by ms-dnn init for {plain(path)}: correct what was guessed wrong.",
        "#   Any value can be changed for one run: --set training.epochs=5 --set network.layers.0.units=128",
        "version: 1",
        entry("name", name_of(path)),
        "seed: 0",
        "",
        *_data_lines(found, dataset, own_test is not None, None if own_validation is not None else validates),
        "",
        *_network_lines(dataset),
        "",
        *_training_lines(dataset, validates),
    ]
    text = "\n".join(lines) + "\n"
    config = parse_config(text, f"the configuration for {path}")
    return FirstConfig(text, config, prepare_data(config), found.doubts)


def name_of(path: Path) -> str:
    """Return the name of an experiment on a file or folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", path.resolve().stem).strip("_-")[:100] or "experiment"


def _data_lines(found: Recognized, dataset: Dataset, own_test: bool, validates: bool | None) -> list[str]:
    """Return the data section; ``validates`` is None where the validation set is one of its own."""
    lines = ["data:"]
    for key, value in found.data.items():
        if key == "columns":
            lines += _column_lines(value, found.seen)
        else:
            lines.append(_line(2, key, value, found.seen.get(key, "")))
    if own_test:
        lines.append(_line(2, "test", 0, "the files have a test set of their own"))
    else:
        test = 0.2 if round(0.2 * len(dataset)) else 0
        lines.append(_line(2, "test", test, "share of the samples in the test set, which is for ms-dnn evaluate"))
    if validates is not None:
        share = 0.1 if validates else 0
        lines.append(_line(2, "validation", share, "share in the validation set, which decides when to stop"))
    picture = dataset.image_shape is not None
    scaling = "min_max" if picture else "standard"
    lines.append(_line(2, "scaling", scaling, "of all numbers, measured on the training set only"))
    if dataset.task == "regression":
        lines.append(_line(2, "target_scaling", "standard", "suits weights that start near 0"))
    return lines


def _column_lines(columns: dict[str, Any], seen: dict[str, str]) -> list[str]:
    """Return the declared columns; those of numbers, too, unless there are many."""
    listed = {name: what for name, what in columns.items() if what or len(columns) <= _MOST_LISTED}
    if not any(columns.values()):
        listed = {}
    if not listed:
        return []
    head = "  columns:" + ("" if len(listed) == len(columns) else "  # those that are not listed hold numbers")
    return [
        head,
        *(_line(4, name, what or {"kind": "number"}, seen[f"columns.{name}"]) for name, what in listed.items()),
    ]


def _network_lines(dataset: Dataset) -> list[str]:
    units = (256, 128) if dataset.image_shape is not None else (64, 32)
    classes = dataset.task == "classification"
    outputs = dataset.n_classes if classes else int(dataset.y.shape[1])
    last = "logits, one a class: the loss applies softmax itself" if classes else "any number may be predicted"
    return [
        "network:",
        "  layers:",
        *(f"    - {{units: {one}, activation: relu, initializer: he}}" for one in units),
        f"    - {{units: {outputs}, activation: identity}}  # {last}",
        "",
        f"loss: {'softmax_cross_entropy' if classes else 'squared_error'}",
        "",
        "optimizer: {name: adam}",
        "learning_rate: 0.001",
    ]


def _training_lines(dataset: Dataset, validates: bool) -> list[str]:
    lines = ["training:", f"  batch_size: {max(1, min(32, len(dataset) // 4))}", "  epochs: 60"]
    if validates:
        lines.append("  early_stopping: {monitor: validation_loss, patience: 10}  # reports without improvement")
    return lines


def _line(indent: int, key: str, value: Any, comment: str) -> str:
    return f"{' ' * indent}{entry(key, value)}" + (f"  # {plain(comment)}" if comment else "")
