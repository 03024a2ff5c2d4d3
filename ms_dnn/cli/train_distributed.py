"""``ms-dnn train-distributed``: ``ms-dnn train`` on several workers, started by MindSpore's ``msrun``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ms_dnn.cli.options import DeviceName, Overrides, run_folder
from ms_dnn.errors import ConfigError

if TYPE_CHECKING:
    from ms_dnn.config import ExperimentConfig


def train_distributed(
    workers: Annotated[int, typer.Option("--workers", min=1, help="Number of workers, of all machines together.")],
    config: Annotated[Path | None, typer.Argument(help="YAML file of the experiment.", show_default=False)] = None,
    run: Annotated[Path | None, typer.Option("--run", help="New folder for the run; else runs/NAME-DATE-TIME.")] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Continue the run in this folder.")] = None,
    device: DeviceName = None,
    overrides: Overrides = None,
) -> None:
    """Train on several workers, each with its share of every mini-batch, to the numbers of one process.

    training.batch_size is that of all workers together. On several machines run this on each, with MASTER_ADDR,
    MASTER_PORT, NODE_RANK and LOCAL_WORKERS (workers on this machine) in the environment.
    """
    from ms_dnn.config.sharing import require_shareable
    from ms_dnn.runtime.launch import Cluster, check_system, launch

    check_system()
    cluster = Cluster.of_environment(workers, os.environ)
    on_device = [] if device is None else [f"--device={device}"]
    if resume is not None:
        if config is not None or run is not None or overrides:
            raise ConfigError("--resume continues a run with its own configuration: leave out CONFIG, --run and --set")
        require_shareable(_config_of(resume), workers)
        raise typer.Exit(launch([f"--resume={resume}", *on_device], resume, cluster))
    if config is None:
        raise ConfigError("got neither a configuration nor --resume; try: ms-dnn train-distributed digits --workers 2")
    from ms_dnn.config import load_config
    from ms_dnn.training.run_folder import check_no_run

    loaded = load_config(config, list(overrides or []))
    require_shareable(loaded, workers)
    path = run_folder(run, loaded.name)
    check_no_run(path)  # before MindSpore is loaded
    settings = [f"--set={override}" for override in overrides or []]
    raise typer.Exit(launch([str(config), f"--run={path}", *settings, *on_device], path, cluster))


def _config_of(path: Path) -> "ExperimentConfig":
    from ms_dnn.config import parse_config
    from ms_dnn.training.run_folder import CONFIG, RunFolder

    return parse_config(RunFolder(path).read(CONFIG), str(path / CONFIG))
