"""What a run predicts for new samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.data import Samples, read_declared_table, read_features
from ms_dnn.data.formats.images import IMAGE_SUFFIXES
from ms_dnn.data.prediction_input import check_not_inverted
from ms_dnn.data.tables.declared import quoted_names, read_cells
from ms_dnn.data.tables.files import TABLE_SUFFIXES
from ms_dnn.experiment.predictions import regression_scores
from ms_dnn.experiment.source import source_of
from ms_dnn.features.columns import Features
from ms_dnn.runs.records import Predictions
from ms_dnn.runs.stored import StoredRun

if TYPE_CHECKING:
    from pandas import DataFrame


def predict_file(
    path: Path, files: list[Path], device: str | None = None, *, invert: bool = False, keep: bool = False
) -> Predictions:
    """Return what a run predicts for the samples of npz, CSV, Parquet or image files.

    Args:
        path: the run's folder.
        files: one or more files, or folders of pictures.
        device: another device than the run's.
        invert: take the negatives of pictures.
        keep: keep the columns of the tables.

    Raises:
        MsDnnError: when the folder, its checkpoint or a file is not fit.
    """
    run = StoredRun(path, device)
    features, decoder, classes = run.load_preprocessing(), run.decoder, run.metadata.class_names
    parts = [_read(run, features, group, invert=invert) for group in _groups(files)]
    row_names = [[_row_name(part, row, len(files)) for row in part.samples.row_names] for part in parts]
    labels = _labels([part.samples.labels for part in parts], classes)
    x = np.concatenate([features.apply(part.samples.x, part.name) for part in parts])
    network = run.network()
    outputs = network(Tensor(x, network.trainable_params()[0].dtype)).asnumpy()
    predictions = decoder.predictions(outputs)
    values = tuple(classes[index] for index in predictions) if classes else tuple(predictions.tolist())
    one_a_class = len(classes) == outputs.shape[1]
    return Predictions(
        tuple(name for names in row_names for name in names),
        values,
        classes,
        decoder.probabilities(outputs),
        outputs,
        classes if one_a_class else tuple(f"output {j}" for j in range(outputs.shape[1])),
        labels,
        (*(note for part in parts for note in part.samples.notes), *_notes_on_labels(parts, labels, classes)),
        _scores(values, labels, classes),
        _given(parts, row_names, features, classes) if keep else None,
    )


@dataclass(frozen=True)
class _Part:
    """A file or folder, or several pictures, and the samples in it, not yet scaled or encoded."""

    files: list[Path]
    samples: Samples

    @property
    def name(self) -> str:
        return repr(self.files[0].name or str(self.files[0])) if len(self.files) == 1 else "the pictures"


def _groups(files: list[Path]) -> list[list[Path]]:
    """Return the files in their order, pictures that follow each other together."""
    groups: list[list[Path]] = []
    for file in files:
        if groups and _is_picture(file) and _is_picture(groups[-1][0]):
            groups[-1].append(file)
        else:
            groups.append([file])
    return groups


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES


def _read(run: StoredRun, features: Features, files: list[Path], *, invert: bool) -> _Part:
    """Return the samples of one file or folder, or of several pictures, with notes on how they are unlike others."""
    source, metadata, file = source_of(run.config), run.metadata, files[0]
    names = tuple(features.declared)
    if source.columns:
        check_not_inverted(file, invert=invert)
        samples, absent = read_declared_table(file, features.declared, source.target, source.dropped)
        filled = (
            f"{file.name!r} has no column {name!r}: filled as declared ({features.filling(name)})" for name in absent
        )
        samples = samples._replace(notes=(*filled, *samples.notes))
    else:
        samples = read_features(
            files if _is_picture(file) else file,
            len(names),
            metadata.image_shape,
            metadata.value_range,
            names if metadata.named else (),
            source.target,
            source.drop,
            metadata.class_names,
            invert=invert,
        )
    if not (_is_picture(file) or file.is_dir()):
        cure = "give black + white − x where ink and ground are exchanged"
    else:
        cure = "leave --invert out" if invert else "add --invert where ink and ground are exchanged"
    part = _Part(files, samples)
    unlike = metadata.unlike_training(samples, names, part.name, cure)
    return _Part(files, samples._replace(notes=(*samples.notes, *unlike)))


def _given(
    parts: Sequence[_Part], row_names: list[list[str]], features: Features, class_names: tuple[str, ...]
) -> DataFrame:
    """Return what was given, as texts, the parts one below the other; more than one with the names of the samples."""
    import pandas as pd

    frames = []
    for part, names in zip(parts, row_names, strict=True):
        if part.files[0].suffix.lower() in TABLE_SUFFIXES:
            frame = read_cells(part.files[0], list(features.declared))
            if len(parts) > 1:
                frame.insert(0, "sample", names)
        else:
            labels = _labels([part.samples.labels], class_names)
            frame = pd.DataFrame({"sample": names} | ({} if labels is None else {"label": labels}))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True).fillna("")


def _row_name(part: _Part, row: str, files: int) -> str:
    file = part.files[0]
    return row if files == 1 or _is_picture(file) else f"{file.name} {row}"


def _scores(values: Sequence[Any], labels: Sequence[Any] | None, class_names: tuple[str, ...]) -> dict[str, float]:
    if labels is None:
        return {}
    if class_names:
        return {"accuracy": float(np.mean([value == label for value, label in zip(values, labels, strict=True)]))}
    if len(values[0]) > 1 or any(isinstance(label, str) for label in labels):
        return {}
    return regression_scores(np.array(values), np.array(labels, np.float64)[:, np.newaxis])


def _notes_on_labels(parts: Sequence[_Part], labels: Sequence[Any] | None, class_names: Sequence[str]) -> list[str]:
    """Say which labels are no class of the run, or that only some of the files have labels."""
    if labels is None and any(part.samples.labels is not None for part in parts):
        return ["not all files have labels: nothing to compare the predictions with"]
    strange = sorted({str(label) for label in labels or () if class_names and label not in class_names})
    return [f"labels that are no class of the run count as wrong: {quoted_names(strange)}"] if strange else []


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
