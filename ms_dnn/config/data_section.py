"""The data section: which samples, from where, in which sets."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import Self

from ms_dnn.config.columns_section import ColumnsConfig, WeightColumn
from ms_dnn.config.settings import Conflict, Settings

Delimiter = Literal["auto", "comma", "semicolon", "tab", "bar", "space"]
Decimal = Literal["plain", "point", "comma"]
PATHS = ("file", "folder", "test_folder", "validation_folder")
DataSet = Literal[
    "digits",
    "breast_cancer",
    "wine",
    "iris",
    "diabetes",
    "mnist",
    "fashion_mnist",
    "cifar10",
    "csv",
    "parquet",
    "npz",
    "hdf5",
    "images",
    "npy",
    "mindrecord",
]

# Those that come with test files of their own.
_WITH_TEST_FILES = ("mnist", "fashion_mnist", "cifar10", "hdf5")

# The folder of a set that is not a share of the samples.
_OWN_SETS = {"test": "test_folder", "validation": "validation_folder"}

# What each set of files has to be told, and what it may be; the others come with scikit-learn.
_NEEDED = {
    "mnist": {"folder": "the folder of the four idx files"},
    "fashion_mnist": {"folder": "the folder of the four idx files"},
    "cifar10": {"folder": "the folder cifar-10-batches-bin"},
    "csv": {"file": "the path of a table with a header", "target": "the name of the column to predict"},
    "parquet": {"file": "the path of a Parquet file", "target": "the name of the column to predict"},
    "npz": {"file": "the path of an archive with the arrays x and y"},
    "hdf5": {"folder": "the folder of train_catvnoncat.h5 and test_catvnoncat.h5"},
    "images": {"folder": "a folder with a sub-folder of pictures for each class"},
    "npy": {"folder": "a folder with x.npy and y.npy"},
    "mindrecord": {"file": "the path of a MindRecord"},
}
_REGRESSION_SETS = frozenset({"diabetes"})
_OPEN_SETS = frozenset({"csv", "parquet", "npz", "npy", "mindrecord"})  # their targets may be either
_OF_TABLES = ("target_kind", "target_unit", "classes", "drop", "columns")
_OF_CSV = ("encoding", "delimiter", "decimal")
_ALLOWED = {
    "csv": (*_OF_TABLES, *_OF_CSV),
    "parquet": _OF_TABLES,
    "npz": ("target", "target_kind", "drop"),
    "images": ("image_size", *_OWN_SETS.values()),
    "npy": ("target_kind", "stream"),
    "mindrecord": ("target", "target_kind", "drop", "stream"),
}


def _known_encoding(name: str) -> str:
    try:
        text = name == "auto" or codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):  # unknown, or with a NUL
        text = False
    if not text:
        raise ValueError(name)
    return name


_PathText = Annotated[str, Field(min_length=1, json_schema_extra={"expected": "a path"})]
_EncodingName = Annotated[
    str,
    AfterValidator(_known_encoding),
    Field(json_schema_extra={"expected": "auto or the name of an encoding, such as gbk, utf-16-le or cp1252"}),
]
_Pixels = Annotated[int, Field(ge=1, le=4096)]
_Size = Annotated[
    tuple[_Pixels, ...],
    Field(strict=False, json_schema_extra={"expected": "a list [height, width]"}),
]


class DataConfig(Settings):
    """Which samples, how they are split into training, validation and test set, and how they are scaled."""

    set: DataSet = Field(
        description="A data set of the catalogue: digits, breast_cancer, wine, iris and diabetes (regression) come "
        "with scikit-learn; the others are read from your files. 'ms-dnn data convert' writes mindrecord and npy."
    )
    file: _PathText | None = Field(
        None,
        description="File of csv, parquet, npz or mindrecord; a relative path starts from the folder where the command "
        "runs.",
    )
    folder: _PathText | None = Field(
        None,
        description="Folder of mnist, fashion_mnist, cifar10, hdf5, images (one sub-folder a class) or npy; a relative "
        "path starts from the folder where the command runs.",
    )
    test_folder: _PathText | None = Field(
        None, description="images: folder of the test set, with the same sub-folders; left out, a share of all."
    )
    validation_folder: _PathText | None = Field(
        None, description="images: folder of the validation set, with the same sub-folders; left out, a share of all."
    )
    target: str | None = Field(
        None,
        description="csv, parquet: the column to predict; mindrecord: the field to predict, y if left out; npz: the "
        "array to predict, y, y_train, target, labels and the like if left out.",
    )
    target_kind: Literal["auto", "classes", "numbers"] = Field(
        "auto",
        description="csv, parquet, npz, npy, mindrecord: what the target is. auto takes texts (outside tables also "
        "whole numbers) for classes, and other numbers for regression.",
    )
    target_unit: str = Field(
        "", description="csv, parquet: what stands before or behind each number of the target, such as % or €."
    )
    classes: tuple[str, ...] = Field(
        (),
        strict=False,
        description="csv, parquet: the names of the classes, in their order, where texts such as NA and None are names "
        "and not missing. Left out: those in the table, sorted.",
    )
    drop: tuple[str, ...] = Field(
        (), strict=False, description="csv, parquet, mindrecord, npz: columns, fields or arrays that are no features."
    )
    columns: ColumnsConfig = Field(
        {},
        validate_default=True,
        description="csv, parquet: what columns hold, by their names; columns left out are numbers with no missing "
        "values.",
    )
    encoding: _EncodingName = Field(
        "auto",
        description="csv: the encoding of a text that is neither UTF-8 nor begins with a byte-order mark, such as gbk; "
        "auto refuses such a text and says what it probably is.",
    )
    delimiter: Delimiter = Field(
        "auto",
        description="csv: what separates the cells; auto finds what divides all lines into equally many cells.",
    )
    decimal: Decimal = Field(
        "plain", description="csv: how numbers are written: plain is 1234.5, point is 1,234.5, and comma is 1.234,5."
    )
    image_size: _Size | None = Field(
        None, description="images: [height, width] to resize to; left out, all pictures must have one size."
    )
    stream: bool = Field(
        False,
        description="npy, mindrecord: leave the samples in their file and read those of the next steps while the "
        "network trains on others, for sets larger than memory; the run is the same to the bit.",
    )
    validation: float = Field(
        0.1, ge=0, lt=1, description="Share of all samples (but those of test files) for validation; 0 is none."
    )
    test: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="Share of all samples kept for the test; 0 is none. Not used by mnist, fashion_mnist, cifar10 and "
        "hdf5, whose test files are the test set.",
    )
    scaling: Literal["none", "standard", "min_max"] = Field(
        "standard", description="Scaling of the features, fitted on the training set only."
    )
    target_scaling: Literal["none", "standard"] = Field(
        "none", description="Scaling of regression targets, fitted on the training set only."
    )

    @model_validator(mode="before")
    @classmethod
    def _takes_no_share_for_a_set_of_its_own(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        own = {share for share, folder in _OWN_SETS.items() if values.get(folder) is not None}
        own |= {"test"} if values.get("set") in _WITH_TEST_FILES else set()
        return dict.fromkeys(own, 0.0) | values

    def _conflicts(self) -> Iterator[Conflict]:
        needed = _NEEDED.get(self.set, {})
        allowed = (*needed, *_ALLOWED.get(self.set, ()))
        for key in (
            "file",
            "folder",
            *_OWN_SETS.values(),
            "target",
            "target_kind",
            "target_unit",
            "classes",
            "drop",
            "columns",
            *_OF_CSV,
            "image_size",
            "stream",
        ):
            given = getattr(self, key) != type(self).model_fields[key].default
            if key in needed and not given:
                yield Conflict((key,), f"missing; {self.set} needs {needed[key]}")
            elif given and key not in allowed:
                known = f"reads {', '.join(allowed)}" if allowed else "comes with scikit-learn"
                yield Conflict((key,), f"{self.set} has no use for it ({self.set} {known}); leave {key} out")
        weights = [name for name, column in self.columns.items() if isinstance(column, WeightColumn)]
        if len(weights) > 1:
            sentence = f"{weights[0]!r} is the weight of a sample already; drop one of the two (kind: drop)"
            yield Conflict(("columns", weights[1]), sentence)
        if self.classes and (len(set(self.classes)) < max(2, len(self.classes)) or self.target_kind == "numbers"):
            yield Conflict(("classes",), "expected at least two names, each once, and no target_kind: numbers")
        if self.image_size is not None and len(self.image_size) != 2:
            yield Conflict(("image_size",), f"got {len(self.image_size)} numbers, expected a list [height, width]")
        yield from self._conflicts_of_shares()

    def _conflicts_of_shares(self) -> Iterator[Conflict]:
        if self.test and self.set in _WITH_TEST_FILES:
            sentence = f"got {self.test:g}, but {self.set} has test files, which are the test set; leave test out"
            yield Conflict(("test",), sentence)
        for share, folder in _OWN_SETS.items():
            if getattr(self, share) and getattr(self, folder) is not None:
                yield Conflict((share,), f"got {getattr(self, share):g}, but {folder} has that set; leave {share} out")
        if self.validation + self.test >= 1:
            shares = f"data.validation {self.validation:g} and data.test {self.test:g}"
            yield Conflict((), f"{shares} leave nothing to train on; their sum must be below 1")

    @property
    def known_target_kind(self) -> str:
        """Return "classes", "numbers", or "auto" where only the file can tell."""
        if self.set in _OPEN_SETS:
            return "classes" if self.classes else self.target_kind
        return "numbers" if self.set in _REGRESSION_SETS else "classes"

    @property
    def validates(self) -> bool:
        """Whether there is a validation set."""
        return self.validation > 0 or self.validation_folder is not None

    def with_absolute_paths(self) -> Self:
        """Return the same section for any working directory."""
        paths = {key: getattr(self, key) for key in PATHS}
        return self.model_copy(update={key: str(Path(path).absolute()) for key, path in paths.items() if path})
