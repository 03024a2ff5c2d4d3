"""Where an exported run goes: a model file and the JSON file beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ms_dnn.errors import ExportError

Format = Literal["mindir", "onnx", "air"]


@dataclass(frozen=True)
class Destination:
    """Names of the two files, and what the model file holds."""

    file_format: Format
    model: Path
    facts: Path


def destination(run: Path, file_format: Format, output: Path | None, *, force: bool) -> Destination:
    """Return where a run goes: ``output``, or else ``model.FORMAT`` in the run's folder; and the same with ``.json``.

    Raises:
        ExportError: when the name does not end with the format's, there is no such folder, or a file is there already
            and ``force`` is not given.
    """
    model = run / f"model.{file_format}" if output is None else output
    if model.suffix != f".{file_format}":
        raise ExportError(
            f"--output: got '{model}', expected a name that ends with .{file_format}: change it, or give the --format "
            f"that it names (now {file_format})"
        )
    if not model.parent.is_dir():
        raise ExportError(f"--output: got '{model}', but there is no folder '{model.parent}': make it first")
    facts = model.with_name(f"{model.name}.json")
    for file in (model, facts):
        if file.is_dir():
            raise ExportError(f"--output: got '{file}', which is a folder, expected a file: choose another name")
        if file.exists() and not force:
            raise ExportError(f"{file}: exists already: choose another name with --output, or replace it with --force")
    return Destination(file_format, model, facts)
