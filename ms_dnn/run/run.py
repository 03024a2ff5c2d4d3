"""Runs from Python: train one, load one, and ask it what the commands ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from yaml.representer import RepresenterError

from ms_dnn.config import ExperimentConfig, load_config, parse_config
from ms_dnn.config.loading import dump_values
from ms_dnn.errors import ConfigError, DataError, ParameterError, RunError
from ms_dnn.export.destination import destination
from ms_dnn.export.exporting import Exported, export_run
from ms_dnn.presentation.notation import named
from ms_dnn.runs.evaluation import evaluate_run
from ms_dnn.runs.prediction import predict_file
from ms_dnn.runs.records import Predictions, Scores
from ms_dnn.runs.stored import StoredRun
from ms_dnn.runs.training import resume_run, start_run
from ms_dnn.runtime.arrays import as_array
from ms_dnn.runtime.durable import check_new_folder
from ms_dnn.runtime.threads import one_thread_at_a_time
from ms_dnn.training.callbacks import Callback, Callbacks
from ms_dnn.training.run_folder import Row, RunFolder, default_folder

_SPLITS = {name: name for name in ("test", "validation", "train")}
_FORMATS = {name: name for name in ("mindir", "onnx", "air")}


class Run:
    """A run in its folder, trained by :func:`train` or ``ms-dnn train``. Each method does what the command does.

    Args:
        folder: the run's folder.
        device: another device than the run's: "auto", "Ascend", "GPU" or "CPU".

    Attributes:
        folder: the path.
        config: the configuration, all defaults filled in.

    Raises:
        RunError, ConfigError, DeviceError: when the folder holds no run, or its configuration or device is not fit.

    Examples:
        >>> import tempfile
        >>> run = ms_dnn.train("configs/wine.yaml", tempfile.mkdtemp(), ["training.epochs=1"])
        >>> run.evaluate().samples, run.predict(np.zeros((3, 13))).outputs.shape
        (36, (3, 3))
    """

    def __init__(self, folder: str | PathLike[str], device: str | None = None) -> None:
        self.folder, self.device = _path("folder", folder), device
        self.config: ExperimentConfig = StoredRun(self.folder, device).config

    def __repr__(self) -> str:
        sizes = "-".join(str(layer.units) for layer in self.config.network.layers)
        return f"Run({str(self.folder)!r}: {self.config.name}, layers {sizes}, {self.config.loss})"

    def __str__(self) -> str:
        return f"{self.config.name} in {RunFolder(self.folder)}"

    def _repr_html_(self) -> str:
        return RunFolder(self.folder)._repr_html_()

    @property
    def metrics(self) -> list[Row]:
        """The rows of ``metrics.jsonl``, one a report: "step", "epoch", "cost", "validation_loss", …."""
        return RunFolder(self.folder).metrics()

    @one_thread_at_a_time
    def evaluate(self, split: str = "test") -> Scores:
        """Return how the run does on its "test", "validation" or "train" set."""
        return evaluate_run(self.folder, named(_SPLITS, "split", split), self.device)

    @one_thread_at_a_time
    def predict(self, samples: Any, *, invert: bool = False) -> Predictions:
        """Return what the run predicts, for features in the units of the training data.

        Args:
            samples: a DataFrame with the columns of the training table, in any order; numbers (N, I), as an array, a
                list or a tensor; or files: a path or several, as ``ms-dnn predict`` takes them.
            invert: take the negatives of pictures.

        Raises:
            MsDnnError: when the samples are not such, with the row and the column, or the run has no weights.
        """
        with self._as_files(samples) as files:
            return predict_file(self.folder, files, self.device, invert=invert)

    @one_thread_at_a_time
    def export(
        self,
        file_format: str = "mindir",
        output: str | PathLike[str] | None = None,
        *,
        probabilities: bool = False,
        force: bool = False,
    ) -> Exported:
        """Write the network as "mindir", "onnx" or "air", with a JSON file beside it, and return what was written.

        Args:
            file_format: of the model file.
            output: the model file; None for ``model.FORMAT`` in the run's folder.
            probabilities: append softmax or sigmoid, as the loss has it.
            force: replace files that are there.

        Raises:
            ExportError, MismatchError: when it cannot be written so, or does not predict as the run does.
        """
        chosen: Any = named(_FORMATS, "file_format", file_format)
        to = destination(self.folder, chosen, None if output is None else _path("output", output), force=force)
        return export_run(self.folder, to, as_probabilities=probabilities, device=self.device)

    @one_thread_at_a_time
    def resume(self, callback: Callback | None = None) -> Run:
        """Continue an interrupted training where its last checkpoint left off; a run that has ended stays as it is."""
        _check_callback(callback)
        _, state, _ = resume_run(self.folder, callback or Callbacks(), self.device)
        return self._unless_interrupted(state.stop_reason)

    @contextmanager
    def _as_files(self, samples: Any) -> Iterator[list[Path]]:
        """Enter with the samples in files, which is how a run reads them; those made here are gone after it."""
        several = list(samples) if isinstance(samples, list | tuple) else [samples]
        if several and all(isinstance(one, str | PathLike) for one in several):
            yield [Path(one) for one in several]
            return
        if self.config.data.columns and not isinstance(samples, pd.DataFrame):
            raise DataError(
                f"samples: got a {type(samples).__name__}, expected a DataFrame or files: the table of this run has "
                "columns that are no plain numbers"
            )
        with TemporaryDirectory() as folder:
            if isinstance(samples, pd.DataFrame):
                file = Path(folder, "DataFrame.csv")
                narrow = samples.select_dtypes(["float16", "float32"]).columns
                samples.astype(dict.fromkeys(narrow, "float64")).to_csv(file, index=False)
            else:
                file = Path(folder, "array.npy")
                np.save(file, _numbers(samples))
            yield [file]

    def _unless_interrupted(self, stop_reason: str | None) -> Run:
        if stop_reason is None:
            raise KeyboardInterrupt(f"the training was interrupted: ms_dnn.load_run({str(self.folder)!r}).resume()")
        return self


@one_thread_at_a_time
def train(
    config: ExperimentConfig | Mapping[str, Any] | str | PathLike[str],
    folder: str | PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    *,
    callback: Callback | None = None,
) -> Run:
    """Train an experiment into a new folder, as ``ms-dnn train`` does, and return the run.

    Args:
        config: a YAML file, a mapping with its keys, or what :func:`load_config` returns.
        folder: of the run; None for ``runs/NAME-DATE-TIME``.
        overrides: such as ``training.epochs=5``; not beside what :func:`load_config` has checked already.
        callback: is notified of what happens; see :class:`ms_dnn.training.callbacks.Callback`.

    Raises:
        MsDnnError: when the configuration, its data, the device or the folder is not fit, or training fails.
        KeyboardInterrupt: after Ctrl-C, when all is saved; ``ms_dnn.load_run(folder).resume()`` goes on.

    Examples:
        >>> import tempfile
        >>> ms_dnn.train("configs/wine.yaml", tempfile.mkdtemp(), ["training.epochs=2"]).metrics[-1]["epoch"]
        2.0
    """
    _check_callback(callback)
    checked = _checked(config, overrides)
    path = default_folder(checked.name) if folder is None else _path("folder", folder)
    check_new_folder(path, "folder")
    _, state, _ = start_run(checked, path, callback or Callbacks())
    return Run(path)._unless_interrupted(state.stop_reason)


@one_thread_at_a_time
def load_run(folder: str | PathLike[str], device: str | None = None) -> Run:
    """Return the run in a folder; see :class:`Run` for what is raised.

    Examples:
        >>> ms_dnn.load_run("configs")
        Traceback (most recent call last):
        ms_dnn.errors.RunError: configs: not a run folder (it has no config.yaml); expected one that 'ms-dnn train' made
    """
    return Run(folder, device)


def _path(name: str, path: Any) -> Path:
    if not isinstance(path, str | PathLike):
        raise RunError(f"{name}: got a {type(path).__name__}, expected a path")
    return Path(path)


def _check_callback(callback: Any) -> None:
    if callback is not None and not hasattr(callback, "on_report"):
        raise ParameterError(f"callback: got {callback!r}, expected a ms_dnn.training.callbacks.Callback")


def _checked(config: Any, overrides: Sequence[str]) -> ExperimentConfig:
    if isinstance(config, str | PathLike):
        return load_config(Path(config), overrides)
    if isinstance(config, Mapping):
        try:
            return parse_config(dump_values(dict(config)), "config", overrides)
        except RepresenterError as error:
            raise ConfigError(
                f"config: got values that no YAML file holds ({error.args[1]!r}), expected texts, Python's numbers, "
                "lists and mappings"
            ) from error
    if not isinstance(config, ExperimentConfig):
        raise ConfigError(f"config: got a {type(config).__name__}, expected a YAML file, a mapping, or load_config(…)")
    return (
        parse_config(dump_values(config.model_dump(exclude_unset=True)), "config", overrides) if overrides else config
    )


def _numbers(samples: Any) -> Any:
    refused = DataError(
        f"samples: got a {type(samples).__name__}, expected a DataFrame, numbers in rows of one length, or paths"
    )
    if samples is None:
        raise refused
    try:
        return np.asarray(as_array(samples), np.float64)
    except (TypeError, ValueError) as error:
        raise refused from error
