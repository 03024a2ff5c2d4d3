"""What a file or folder is, by its name and what is in it: the data section that reads it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ms_dnn.config.bundled import bundled_configs
from ms_dnn.data.formats.image_folders import sets_in
from ms_dnn.data.formats.images import IMAGE_SUFFIXES, examine_picture, folders_in, pictures_in
from ms_dnn.data.formats.mindrecord import index_of
from ms_dnn.data.source import is_file, is_folder, reading
from ms_dnn.data.tables.cells import number_in
from ms_dnn.data.tables.declared import quoted_names, repeated
from ms_dnn.data.tables.dialect import Dialect, encoding_of, likely_encoding
from ms_dnn.data.tables.files import CSV_SUFFIXES, PARQUET_SUFFIXES, CsvTable, ParquetTable, TableFile
from ms_dnn.data.tables.guessing import guess_decimal, guess_feature, guess_target, look_at
from ms_dnn.data.tables.training_table import check_rows
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import nearest_name

LARGEST_SIDE = 64
_KNOWN = (
    "a CSV or Parquet table, an .npz, a MindRecord, or a folder of idx files, of CIFAR-10's .bin files, of x.npy and "
    "y.npy, or with a sub-folder of pictures for each class"
)
_IN_FOLDERS = re.compile(
    r"(train|t10k)-(images-idx3|labels-idx1)-ubyte(\.gz)?|(data_batch_[1-5]|test_batch)\.bin|"
    r"(train|test)_catvnoncat\.h5|[xy]\.npy"
)
_CURES = {
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "save the sheet as CSV"),
    **dict.fromkeys(IMAGE_SUFFIXES, "put it into the folder of its class, and name the folder around all classes"),
    **dict.fromkeys((".json", ".jsonl"), "write it as a table with pandas.DataFrame.to_csv"),
    ".npy": "name it x.npy and put it beside a y.npy",
}
_IDX = ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz")


@dataclass(frozen=True)
class Recognized:
    """A data section, as values, what was seen of its entries, by dotted key, and what the user should look at."""

    data: dict[str, Any]
    seen: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def recognize(path: Path, target: str | None = None) -> Recognized:
    """Return the data section for a file or a folder; ``target`` is the column or field to predict.

    Raises :class:`DataError` for what is none of the known formats, and for a table whose target is not named.
    """
    with reading(f"{str(path)!r}: cannot be read (", "): check its permissions", OSError):
        found = _recognized(path, target)
    if target is not None and "target" not in found.data:
        raise DataError(
            f"--target: got {target!r}, expected none, for {found.data['set']} has no columns to choose from: leave it "
            "out"
        )
    return found


def _recognized(path: Path, target: str | None) -> Recognized:
    if is_folder(path):
        return _of_folder(path)
    if not is_file(path):
        name = nearest_name(path, bundled_configs())
        cure = f"did you mean the configuration {name}?" if name else "check the path"
        raise DataError(f"{str(path)!r}: got no such file or folder, expected {_KNOWN}: {cure}")
    suffix = path.suffix.lower()
    if is_table(path):
        return recognize_table(path, target)
    if suffix == ".npz":
        return Recognized({"set": "npz", "file": str(path)} | ({"target": target} if target else {}))
    if index_of(path).is_file():
        return Recognized({"set": "mindrecord", "file": str(path)} | ({"target": target} if target else {}))
    if _IN_FOLDERS.fullmatch(path.name):
        return _of_folder(path.parent)
    cure = _CURES.get(suffix, "convert it to one of these")
    raise DataError(f"{str(path)!r}: got a file of an unknown kind, expected {_KNOWN}: {cure}")


def _of_folder(path: Path) -> Recognized:
    names = {entry.name for entry in path.iterdir()}
    folder = {"folder": str(path)}
    if names & set(_IDX):
        fashion = "fashion" in str(path.absolute()).lower()
        doubt = "the classes are called 0 to 9, as those of MNIST: for Fashion-MNIST say set: fashion_mnist"
        return Recognized({"set": "fashion_mnist" if fashion else "mnist", **folder}, {}, () if fashion else (doubt,))
    if "cifar-10-batches-bin" in names or "data_batch_1.bin" in names:
        return Recognized({"set": "cifar10", **folder})
    if "train_catvnoncat.h5" in names:
        return Recognized({"set": "hdf5", **folder})
    if {"x.npy", "y.npy"} <= names:
        return Recognized({"set": "npy", **folder})
    sets = sets_in(path)
    if sets and all(map(folders_in, sets.values())):
        return _of_sets(sets)
    classes = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    if len(classes) > 1 and any(file.suffix.lower() in IMAGE_SUFFIXES for one in classes for file in one.iterdir()):
        return _of_pictures(path, classes)
    found = f"a folder with {quoted_names(sorted(names))}" if names else "an empty folder"
    raise DataError(f"{str(path)!r}: got {found}, expected {_KNOWN}: name another one, or sort the files")


def _of_pictures(path: Path, classes: list[Path]) -> Recognized:
    """Return the section of a folder of pictures, which are resized where they differ or are large."""
    sizes = Counter(examine_picture(file)[:2] for folder in classes for file in pictures_in(folder))
    (height, width), _ = sizes.most_common(1)[0]
    data: dict[str, Any] = {"set": "images", "folder": str(path)}
    seen = f"{sizes.total():,} pictures in {len({folder.name for folder in classes})} classes"
    if len(sizes) == 1 and max(height, width) <= LARGEST_SIDE:
        return Recognized(data, {"folder": f"{seen}, all {height}×{width}"})
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    size = [max(1, round(height * shrink)), max(1, round(width * shrink))]
    most = f"most are {height}×{width}" if len(sizes) > 1 else f"all are {height}×{width}"
    return Recognized(
        data | {"image_size": size}, {"folder": seen, "image_size": f"{most}; larger is finer, and slower"}
    )


def _of_sets(sets: dict[str, Path]) -> Recognized:
    """Return the section of folders of pictures for the training, test and validation set, some of them."""
    found = _of_pictures(sets["train"], [entry for folder in sets.values() for entry in folders_in(folder)])
    own = {f"{split}_folder": str(sets[split]) for split in ("test", "validation") if split in sets}
    return Recognized(found.data | own, found.seen, found.doubts)


def is_table(path: Path) -> bool:
    """Tell whether a file is a table, by its name."""
    return is_file(path) and path.suffix.lower() in (*CSV_SUFFIXES, ".txt", *PARQUET_SUFFIXES)


def open_any_table(path: Path) -> tuple[TableFile, dict[str, str]]:
    """Open a table, in the encoding that it probably has; return it with the keys that say how it is to be read."""
    if path.suffix.lower() in PARQUET_SUFFIXES:
        return ParquetTable(path), {}
    try:
        encoding_of(path)
        dialect = Dialect()
    except DataError:
        dialect = Dialect(likely_encoding(path))
    return CsvTable(path, dialect), {} if dialect.encoding == "auto" else {"encoding": dialect.encoding}


def recognize_table(path: Path, target: str | None) -> Recognized:
    """Return the section of a table: each column is declared that is not simply numbers."""
    table, keys = open_any_table(path)
    check_rows(table)
    twice = [name for name in repeated(table.first) if name]
    if twice:
        raise DataError(f"{path.name!r}: got the columns {quoted_names(twice)} twice, expected each once: rename one")
    if target is None or target not in table.first:
        meant = nearest_name(target, table.first) if target else None
        cure = f"did you mean {meant!r}?" if meant else "name the column to predict"
        if any(number_in(name) is not None for name in table.first):
            cure = "put a line with the names of the columns above the others"
        got = "no --target" if target is None else f"--target {target}"
        raise DataError(f"{path.name!r}: got {got}, expected one of its columns, {quoted_names(table.first)}: {cure}")
    facts = look_at(table)
    decimal, doubt = guess_decimal(facts, isinstance(table, CsvTable) and table.delimiter == ";")
    keys |= {} if decimal == "plain" else {"decimal": decimal}
    predicted = guess_target(next(one for one in facts if one.name == target), decimal)
    features = [guess_feature(one, decimal) for one in facts if one.name != target]
    if all(one.kind == "drop" for one in features):
        found = "; ".join(f"{one.facts.name!r}: {one.seen}" for one in features[:5]) or "nothing"
        raise DataError(f"{path.name!r}: got {found}, expected a column beside {target!r} to learn from: add one")
    data: dict[str, Any] = {"set": "parquet" if isinstance(table, ParquetTable) else "csv", "file": str(path), **keys}
    data |= {"target": target, **predicted.options}
    seen = {"file": f"{facts[0].rows:,} rows" + (f", {table.separated}" if isinstance(table, CsvTable) else "")}
    if "encoding" in keys:
        seen["encoding"] = "probably: look at the names below"
    seen["target"] = predicted.seen
    data["columns"] = {one.facts.name: one.declaration for one in features}
    seen |= {f"columns.{one.facts.name}": one.seen for one in features}
    doubts = (doubt, *(one.doubt for one in (predicted, *features)))
    return Recognized(data, seen, tuple(filter(None, doubts)))
