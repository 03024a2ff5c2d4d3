"""A training run as event files, which TensorBoard shows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ms_dnn.errors import ConfigError, RunError

if TYPE_CHECKING:
    from ms_dnn.training.state import LayerNumbers

Row = dict[str, Any]

SCALARS = ("cost", "learning_rate", "validation_loss", "validation_accuracy", "validation_r2")
BINS = 64
NAME = "events.out.tfevents"


class _Plan(Protocol):
    @property
    def report_interval(self) -> int: ...


class _State(Protocol):
    @property
    def step(self) -> int: ...
    @property
    def stop_reason(self) -> str | None: ...


class EventFiles:
    """Listens to a training run and writes a file for each of its sessions into one folder.

    Scalars at every report; histograms at the start and at every ``histograms_every``-th report. All of a report is on
    the disk before the checkpoint that follows it, so that a resumed run misses none; what a killed session reported
    after its last checkpoint, the next one tells TensorBoard to forget.

    Args:
        folder: where the files go; made when the run begins.
        histograms_every: reports from one set of histograms to the next.
        look: returns the numbers of the layers.
    """

    def __init__(self, folder: Path, histograms_every: int, look: Callable[[], LayerNumbers]) -> None:
        self.folder, self.histograms_every, self.look = folder, histograms_every, look
        self._writer: Any = None
        self._report_interval = 1

    def on_start(self, plan: _Plan, state: _State) -> None:
        """Begin a file, and mark what earlier ones hold of later steps as forgotten."""
        self._report_interval = plan.report_interval
        if state.stop_reason is not None:
            return
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.record_writer import RecordWriter

        try:
            self.folder.mkdir(exist_ok=True)
            # Numbered, because readers take the files in the order of their names; the name must hold "tfevents".
            numbers = [path.suffix[1:] for path in self.folder.glob(f"{NAME}.*")]
            number = 1 + max((int(text) for text in numbers if text.isdecimal()), default=0)
            self._writer = RecordWriter(str(self.folder / f"{NAME}.{number:05d}"))
        except OSError as error:
            raise self._cannot_write(error) from error
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        forgotten_from = state.step + 1 if state.step else 0
        beginning = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=time.time(), step=forgotten_from, session_log=beginning))
        if state.step == 0:
            self._add_histograms(0)
        self._flush()

    def on_chunk(self, state: _State, samples_per_second: float) -> None:
        """Write nothing: a chunk ends where the clock says."""

    def on_report(self, row: Row) -> None:
        """Write the scalars, and the histograms if they are due."""
        from tensorboardX import summary

        for name in SCALARS:
            if name in row:
                self._add(summary.scalar(name, row[name]), row["step"])
        report = -(-row["step"] // self._report_interval)
        if report % self.histograms_every == 0:
            self._add_histograms(row["step"])
        self._flush()

    def on_end(self, state: _State | None) -> None:
        """Close the file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _add_histograms(self, step: int) -> None:
        from tensorboardX import summary

        found = self.look()
        kinds: dict[str, Mapping[str, NDArray[Any]]] = {
            "weights": found.weights,
            "gradients": found.gradients,
            "activations": found.activations,
        }
        for kind, arrays in kinds.items():
            for name, array in arrays.items():
                finite = array[np.isfinite(array)]
                if finite.size:
                    self._add(summary.histogram(f"{kind}/{name}", finite, BINS), step)

    def _add(self, summary: Any, step: int) -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._write(Event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, event: Any) -> None:
        try:
            self._writer.write(event.SerializeToString())
        except OSError as error:
            raise self._cannot_write(error) from error

    def _flush(self) -> None:
        try:
            self._writer.flush()
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> RunError:
        with contextlib.suppress(OSError):
            self.on_end(None)
        return RunError(
            f"{self.folder}: the event files for TensorBoard cannot be written ({error.strerror}): free some space, or "
            "set reports.tensorboard to false in the run's config.yaml and resume"
        )


def require_event_writer() -> None:
    """Raise :class:`ConfigError` unless tensorboardX is installed."""
    from importlib.util import find_spec

    if find_spec("tensorboardX") is None:
        raise ConfigError(
            "reports.tensorboard: got true, expected the package tensorboardX, which writes event files and is not "
            "installed: pip install 'ms-dnn[looking]', or leave reports.tensorboard out"
        )
