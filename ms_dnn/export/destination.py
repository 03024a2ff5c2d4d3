"""Where an exported run goes: a model file, the JSON file beside it, and a program that uses them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ms_dnn.errors import ExportError
from ms_dnn.runtime.durable import check_writable

PROGRAM = Path(__file__).with_name("predict_program.py")
"""What is written as ``predict.py``."""
Format = Literal["mindir", "onnx", "air"]


@dataclass(frozen=True)
class Destination:
    """Names of the files, and what the model file holds; ``program`` uses both, and is None for AIR."""

    file_format: Format
    model: Path
    facts: Path
    program: Path | None


def destination(run: Path, file_format: Format, output: Path | None, *, force: bool) -> Destination:
    """Return where a run goes: ``output``, or else ``model.FORMAT`` in the run's folder.

    Beside it go the same with ``.json``, and ``predict.py``, which is the same for all models.

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
    facts, program = model.with_name(f"{model.name}.json"), model.with_name("predict.py")
    for file in (model, facts, program):
        check_writable(file, "--output")
        ours = file == program and file.is_file() and file.read_bytes() == PROGRAM.read_bytes()
        if file.exists() and not (force or ours):
            raise ExportError(f"{file}: exists already: choose another name with --output, or replace it with --force")
    return Destination(file_format, model, facts, None if file_format == "air" else program)
