"""The folder of a run: what was asked for, where it ran, what came of it.

``config.yaml`` (effective), ``environment.json``, ``features.json`` (what was fitted), ``data.json`` (what the
outputs mean, and by what the data are recognised), ``metrics.jsonl``, ``curves.png`` and other pictures,
``checkpoint.json`` and ``checkpoint-*.safetensors``; where they were asked for, the folder ``tensorboard`` and
``report.html``.
"""

import base64
import html
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ms_dnn.errors import RunError
from ms_dnn.runtime.durable import sync_folder, write_durably

CONFIG = "config.yaml"
ENVIRONMENT = "environment.json"
FEATURES = "features.json"
DATA = "data.json"
METRICS = "metrics.jsonl"
COLUMNS = ("step", "epoch", "cost", "learning_rate", "seconds")
"""What every row of the metrics has, all of them numbers."""
CURVES = "curves.png"
HISTOGRAMS = "histograms.png"
BOUNDARY = "boundary.png"
MISCLASSIFIED = "misclassified.png"
REPORT = "report.html"
EVENT_FILES = "tensorboard"

Row = dict[str, Any]


class RunFolder:
    """A run's folder that exists; :func:`create_run_folder` makes one.

    Raises:
        RunError: when the folder is not there or holds no run.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise RunError(f"{path}: no such run folder; expected one that 'ms-dnn train' made")
        if not (path / CONFIG).is_file():
            raise RunError(f"{path}: not a run folder (it has no {CONFIG}); expected one that 'ms-dnn train' made")
        self.path = path

    def __str__(self) -> str:
        """The folder, and the newest row of the metrics."""
        rows = self.metrics()
        if not rows:
            return f"{self.path}: no report yet"
        shown = [key for key in rows[-1] if key not in ("step", "seconds")]
        return f"{self.path}: " + ", ".join(f"{key.replace('_', ' ')} {rows[-1][key]:.4g}" for key in shown)

    def _repr_html_(self) -> str:
        """Return what :meth:`__str__` does, with the curves where they are drawn."""
        curves = self.path / CURVES
        text = f"<p>{html.escape(str(self))}</p>"
        if not curves.is_file():
            return text
        image = base64.b64encode(curves.read_bytes()).decode()
        return f'{text}<img alt="cost and score by epoch" src="data:image/png;base64,{image}">'

    def read(self, name: str) -> str:
        """Return the text of one of the run's files.

        Raises:
            RunError: when it cannot be read.
        """
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no UTF-8 text"
            raise RunError(
                f"{self.path / name}: cannot be read ({reason}): restore it from a copy, or train anew"
            ) from error

    def append_metrics(self, row: Row) -> None:
        """Add one row to ``metrics.jsonl``.

        Raises:
            RunError: when it cannot be written.
        """
        try:
            with (self.path / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise RunError(f"{self.path / METRICS}: cannot be written ({error.strerror})") from error

    def metrics(self) -> list[Row]:
        """Return the rows of ``metrics.jsonl``; a last line that a kill left incomplete is left out.

        Raises:
            RunError: when another line is damaged.
        """
        path = self.path / METRICS
        if not path.exists():
            return []
        whole = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        rows: list[Row] = []
        for number, line in enumerate(whole, start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                row, reason = None, f"{error}"
            else:
                reason = f"expected the numbers {', '.join(COLUMNS)}"
            if not _is_row(row):
                raise RunError(
                    f"{path}: line {number} is damaged ({reason}): restore the file from a copy, or delete it"
                )
            rows.append(row)
        return rows

    def cut_metrics(self, step: int) -> list[Row]:
        """Drop the rows after ``step``, which a resumed run will write again, and return the others.

        Raises:
            RunError: when the file is damaged or cannot be written.
        """
        rows = [row for row in self.metrics() if row["step"] <= step]
        try:
            write_durably(self.path / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())
        except OSError as error:
            raise RunError(f"{self.path / METRICS}: cannot be written ({error.strerror})") from error
        return rows


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and all(column in row for column in COLUMNS)
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in row.values())
        and isinstance(row["step"], int)
    )


def default_folder(name: str) -> Path:
    """Return where a new run or sweep goes that no folder was named for: ``runs/NAME-DATE-TIME``."""
    return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def check_no_run(path: Path) -> None:
    """Raise :class:`RunError` when there is something where a run is to have its folder."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(
            f"{path}: exists already; a run needs a new folder: choose another with --run, or continue that run "
            f"with --resume {path}"
        )


def create_run_folder(path: Path, files: Mapping[str, str]) -> RunFolder:
    """Make the folder ``path`` with the given text files in it, all at once.

    Raises:
        RunError: when it exists and is not empty, or cannot be made.
    """
    check_no_run(path)
    parent = path.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=parent))
    except OSError as error:
        raise RunError(
            f"{parent}: no run folder can be made there ({error.strerror}): choose another with --run"
        ) from error
    try:
        partial.chmod(0o777 & ~_umask())
        for name, text in files.items():
            write_durably(partial / name, text.encode())
        partial.replace(path)
        sync_folder(parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise RunError(f"{path}: the run folder could not be written ({error.strerror})") from error
    return RunFolder(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def row_of_weights(rows: Sequence[Row], stop_reason: str | None, best_step: int) -> tuple[Row | None, bool]:
    """Return the row of the metrics for the weights of the run, and whether these are the best ones, restored."""
    restored = [row for row in rows if stop_reason and row["step"] == best_step]
    if restored:
        return restored[0], True
    return (rows[-1] if rows else None), False
