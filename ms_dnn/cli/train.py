"""``ms-dnn train``: train an experiment into a run folder, or resume one."""

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ms_dnn.cli.options import BackpropName, DeviceName, EngineName, Overrides, run_folder
from ms_dnn.errors import ConfigError
from ms_dnn.runtime.distributed import TERMINAL, is_main_process
from ms_dnn.runtime.working import LOADING, working

if TYPE_CHECKING:
    from rich.console import Console

    from ms_dnn.config import ExperimentConfig
    from ms_dnn.experiment.data import PreparedData
    from ms_dnn.runtime.device import Device
    from ms_dnn.training.engine import Engine
    from ms_dnn.training.state import State

_INTERRUPTED_EXIT_CODE = 130


def train(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file of the experiment, or a name such as digits.", show_default=False)
    ] = None,
    run: Annotated[Path | None, typer.Option("--run", help="New folder for the run; else runs/NAME-DATE-TIME.")] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Continue the run in this folder.")] = None,
    device: DeviceName = None,
    backprop: BackpropName = None,
    engine: EngineName = None,
    overrides: Overrides = None,
) -> None:
    """Train a network by hand-written backprop (or the framework's) into a run folder."""
    console = _console()
    if resume is not None:
        if config is not None or run is not None or overrides or backprop or engine:
            raise ConfigError(
                "--resume continues a run with its own configuration: leave out CONFIG, --run, --set, --backprop and "
                "--engine"
            )
        _resume(console, resume, device)
        return
    if config is None:
        raise ConfigError("got neither a configuration nor --resume; try: ms-dnn train digits")
    from ms_dnn.config import load_config
    from ms_dnn.training.run_folder import check_no_run

    asked = list(overrides or [])
    options = {"device": device, "backprop": backprop, "training.engine": engine}
    asked += [f"{key}={value}" for key, value in options.items() if value]
    loaded = load_config(config, asked)
    path = run_folder(run, loaded.name)
    check_no_run(path)  # before MindSpore is loaded

    console.print(f"{loaded.name}: {_describe(loaded)}", soft_wrap=True)
    with working("reading the data"):
        from ms_dnn.experiment.data import plan_of, prepare_data

        loaded = loaded.model_copy(update={"data": loaded.data.with_absolute_paths()})
        prepared = prepare_data(loaded)
        plan_of(loaded, prepared)  # what does not fit the data is refused before MindSpore is loaded
    with working(LOADING):
        from ms_dnn.experiment.experiment import Experiment
        from ms_dnn.runs.reports.training_progress import TrainingProgress
        from ms_dnn.runs.training import start_run

        experiment = Experiment(loaded)
        device_in_use, engine_in_use = experiment.device, experiment.engine
    _show(console, device_in_use, engine_in_use)
    _, state, _ = start_run(loaded, path, TrainingProgress(console), prepared)
    _conclude(console, loaded, path, state, prepared)


def _resume(console: "Console", path: Path, device: str | None) -> None:
    from ms_dnn.training.run_folder import RunFolder

    RunFolder(path)  # says what is wrong with it before MindSpore is loaded
    with working(LOADING):
        from ms_dnn.runs.reports.training_progress import TrainingProgress
        from ms_dnn.runs.stored import StoredRun
        from ms_dnn.runs.training import resume_run

        run = StoredRun(path, device)
        engine = run.experiment.engine
    _show(console, run.device, engine)
    _, state, data = resume_run(path, TrainingProgress(console), device)
    _conclude(console, run.config, path, state, data)


def _console() -> "Console":
    """Return the console; a worker's is the terminal that its launcher names, or silent."""
    from rich.console import Console

    terminal = os.environ.get(TERMINAL)
    if not is_main_process():
        return Console(quiet=True)
    stream = open(terminal, "a", encoding="utf-8") if terminal else None  # noqa: SIM115, PTH123 - open to the end
    return Console(file=stream, markup=False, highlight=False)


def _show(console: "Console", device: "Device", engine: "Engine") -> None:
    console.print(f"device: {device.name}, {device.reason}", soft_wrap=True)
    console.print(f"engine: {engine.name}, {engine.reason}", soft_wrap=True)


def _describe(config: "ExperimentConfig") -> str:
    layers = config.network.layers
    sizes = "-".join(str(layer.units) for layer in layers)
    norms = sorted({layer.normalization for layer in layers} - {"none"})
    also = "".join(f", {norm} normalisation" for norm in norms)
    if config.network.input_dropout or any(layer.dropout for layer in layers):
        also += ", dropout"
    return (
        f"data {config.data.set}, layers {sizes}{also}, {config.loss}, {config.optimizer.name}, "
        f"backprop {config.backprop}, {config.precision}"
    )


def _conclude(console: "Console", config: "ExperimentConfig", path: Path, state: "State", data: "PreparedData") -> None:
    """Say what ended the run, what came of it and what to do next."""
    from ms_dnn.runs.reports.endings import ending_text
    from ms_dnn.training.run_folder import BOUNDARY, CURVES, HISTOGRAMS, MISCLASSIFIED, RunFolder, row_of_weights

    for note in data.notes:
        console.print(f"note: {note}", soft_wrap=True, style="dim")
    shown, restored = row_of_weights(RunFolder(path).metrics(), state.stop_reason, state.best_step)
    if shown is not None:
        metrics = ", ".join(
            f"{key.replace('_', ' ')} {value:.4g}"
            for key, value in shown.items()
            if key == "cost" or key.startswith("validation")
        )
        best = " (best, restored)" if restored else ""
        console.print(f"epoch {shown['epoch']:.4g}{best}: {metrics}", soft_wrap=True)
    console.print(ending_text(config.training, state), soft_wrap=True)
    if state.stop_reason is None:
        console.print(f"continue with: ms-dnn train --resume {quote(str(path))}", soft_wrap=True)
        raise typer.Exit(_INTERRUPTED_EXIT_CODE)
    console.print(f"run folder: {path} ({CURVES} shows the curves)", soft_wrap=True)
    drawn = [name for name in (HISTOGRAMS, BOUNDARY, MISCLASSIFIED) if (path / name).is_file()]
    if drawn:
        console.print(f"pictures there, too: {', '.join(drawn)}", soft_wrap=True)
    console.print(f"next: ms-dnn evaluate {quote(str(path))}", soft_wrap=True)
