"""What a run predicts for new samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.data import Samples, read_declared_table, read_features
from ms_dnn.experiment.source import source_of
from ms_dnn.features.columns import Features
from ms_dnn.runs.stored import StoredRun


@dataclass(frozen=True)
class Predictions:
    """What a run predicts for samples from files.

    Attributes:
        row_names: one name a sample.
        values: a class name or a list of numbers a sample.
        class_names: names of the classes; empty for regression.
        probabilities: of each class, (N, C), where the loss gives the outputs such a meaning, else None.
        outputs: of the network, (N, n[L]).
        output_names: one name an output.
        labels: the targets by the files, as class names where they are class indices, or None.
        notes: which values were filled in.
    """

    row_names: tuple[str, ...]
    values: tuple[Any, ...]
    class_names: tuple[str, ...]
    probabilities: NDArray[Any] | None
    outputs: NDArray[Any]
    output_names: tuple[str, ...]
    labels: tuple[Any, ...] | None
    notes: tuple[str, ...]


def predict_file(path: Path, files: list[Path], device: str | None = None) -> Predictions:
    """Return what a run predicts for the samples of npz, CSV, Parquet or image files.

    Args:
        path: the run's folder.
        files: one or more files.
        device: another device than the run's.

    Raises:
        MsDnnError: when the folder, its checkpoint or a file is not fit.
    """
    run = StoredRun(path, device)
    features, decoder, classes = run.load_preprocessing(), run.decoder, run.metadata.class_names
    parts, notes = _raw_samples(run, features, files)
    x = np.concatenate([features.apply(part.x, repr(file.name)) for file, part in zip(files, parts, strict=True)])
    network = run.network()
    outputs = network(Tensor(x, network.trainable_params()[0].dtype)).asnumpy()
    predictions = decoder.predictions(outputs)
    one_a_class = len(classes) == outputs.shape[1]
    return Predictions(
        tuple(
            _row_name(file, row, len(files)) for file, part in zip(files, parts, strict=True) for row in part.row_names
        ),
        tuple(classes[index] for index in predictions) if classes else tuple(predictions.tolist()),
        classes,
        decoder.probabilities(outputs),
        outputs,
        classes if one_a_class else tuple(f"output {j}" for j in range(outputs.shape[1])),
        _labels([part.labels for part in parts], classes),
        notes,
    )


def _raw_samples(run: StoredRun, features: Features, files: list[Path]) -> tuple[list[Samples], tuple[str, ...]]:
    """Return the samples of each file, not yet scaled or encoded, and what was filled in."""
    source, metadata = source_of(run.config), run.metadata
    if not source.columns:
        names = tuple(column.column for column in features.columns)
        like = (len(names), metadata.image_shape, metadata.value_range, names if metadata.named else ())
        return [read_features(file, *like, source.target, source.drop, source.dialect) for file in files], ()
    read = [
        read_declared_table(file, features.declared, source.target, source.dropped, source.dialect) for file in files
    ]
    notes = (
        f"{file.name!r} has no column {name!r}: filled as declared ({features.filling(name)})"
        for file, (_, absent) in zip(files, read, strict=True)
        for name in absent
    )
    return [samples for samples, _ in read], tuple(notes)


def _row_name(file: Path, row: str, files: int) -> str:
    return row if files == 1 or row == file.name else f"{file.name} {row}"


def _labels(parts: list[NDArray[Any] | None], class_names: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Return the labels of all files, or None when one has none.

    Class indices become names; where the classes are called by whole numbers, a label is such a name, not an index.
    """
    having = [part for part in parts if part is not None]
    if len(having) < len(parts):
        return None
    labels = [label for part in having for label in part.tolist()]
    if all(name.removeprefix("-").isdecimal() for name in class_names):
        return tuple(str(label) if class_names else label for label in labels)
    known = range(len(class_names))
    return tuple(class_names[label] if isinstance(label, int) and label in known else label for label in labels)
