"""Where an exported run goes: a model file and the JSON file beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ms_dnn.errors import ExportError
from ms_dnn.runtime.durable import check_writable

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
        ExportError: when the name does not end with the format's, or a file is there already and ``force`` is not
            given.
        OutputError: when a file cannot be written there.
    """
    model = run / f"model.{file_format}" if output is None else output
    if model.suffix != f".{file_format}":
        raise ExportError(
            f"--output: got '{model}', expected a name that ends with .{file_format}: change it, or give the --format "
            f"that it names (now {file_format})"
        )
    facts = model.with_name(f"{model.name}.json")
    for file in (model, facts):
        check_writable(file, "--output")
        if file.exists() and not force:
            raise ExportError(f"{file}: exists already: choose another name with --output, or replace it with --force")
    return Destination(file_format, model, facts)
