"""``ms-dnn sweep``: try hyperparameters over ranges, in as many processes as wanted."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ms_dnn.cli.options import DeviceName, Overrides, run_folder
from ms_dnn.errors import ConfigError, SweepError

if TYPE_CHECKING:
    from rich.console import Console

    from ms_dnn.sweep.folder import SweepFolder
    from ms_dnn.sweep.outcome import SweepOutcome
    from ms_dnn.sweep.study import Study

_INTERRUPTED_EXIT_CODE = 130


def sweep(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file of an experiment with a sweep section.", show_default=False)
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", help="Folder of the sweep; else runs/NAME-DATE-TIME. One that exists goes on."),
    ] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Continue the sweep in this folder.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, help="Worker processes on this machine.")] = 1,
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="Database that several machines share; else one in the folder."),
    ] = None,
    study: Annotated[str | None, typer.Option("--study", help="Name in the database; else the experiment's.")] = None,
    device: DeviceName = None,
    overrides: Overrides = None,
) -> None:
    """Search for hyperparameters: train once for each choice of values, and draw the metric against each of them.

    Ctrl-C keeps everything that was done. Exits with 1 when no trial was completed.
    """
    from rich.console import Console

    from ms_dnn.config.swept import load_swept

    if resume is not None and (config is not None or run is not None or overrides or device or study):
        raise ConfigError(
            "--resume continues a sweep with its own configuration: leave out CONFIG, --run, --set, --device and "
            "--study"
        )
    if resume is None and config is None:
        raise ConfigError("got neither a configuration nor --resume; try: ms-dnn sweep sweep_wine")
    asked = None
    if config is not None:
        asked = load_swept(config, [*(overrides or []), *([f"device={device}"] if device else [])])
    _require_optuna()
    from ms_dnn.sweep.folder import make_or_open_folder, open_folder, stored_sweep
    from ms_dnn.sweep.study import Study

    if resume is not None:
        folder = open_folder(resume, storage)
        swept = stored_sweep(resume)
    elif asked is not None:
        swept = asked
        path = run_folder(run, swept.base.name)
        folder = make_or_open_folder(path, swept, storage, study)
    _search(Console(markup=False, highlight=False), folder, Study(folder.storage, folder.study, swept), jobs)


def _search(console: "Console", folder: "SweepFolder", shared: "Study", jobs: int) -> None:
    """Run the trials that are left, and print the result."""
    from ms_dnn.sweep.progress import SweepProgress
    from ms_dnn.sweep.session import Session, outcome_of

    lost = shared.fail_lost_trials()
    if lost:
        which = "1 trial of a killed process was" if lost == 1 else f"{lost} trials of killed processes were"
        console.print(f"{which} marked failed; as many others take the place", soft_wrap=True)
    before = outcome_of(shared)
    console.print(_beginning(before, folder), soft_wrap=True)
    with SweepProgress(console) as progress:
        progress.begin(before)
        outcome = Session(folder, shared, jobs).run(progress.show)
    _conclude(console, outcome, shared.importances(), folder)


def _require_optuna() -> None:
    try:
        import optuna  # noqa: F401 - whether it is there
    except ImportError as error:
        raise SweepError(
            "a sweep needs the package optuna, which is not installed: pip install 'ms-dnn[sweep]'"
        ) from error


def _beginning(outcome: "SweepOutcome", folder: "SweepFolder") -> str:
    keys = ", ".join(axis.address for axis in outcome.axes)
    done = len(outcome.finished) - outcome.counts.get("lost", 0)
    ended = f"; {done} of them have ended" if done else ""
    return f"{outcome.name}: {outcome.planned} trials over {keys}{ended} (folder {folder.path})"


def _conclude(
    console: "Console", outcome: "SweepOutcome", importances: dict[str, float], folder: "SweepFolder"
) -> None:
    """Print the result of the sweep, how to continue it, and what to do next."""
    from ms_dnn.presentation.document import print_blocks
    from ms_dnn.sweep.folder import BEST, FIGURE, TRIALS
    from ms_dnn.sweep.progress import sweep_report

    console.print()
    print_blocks(console, sweep_report(outcome, importances))
    if outcome.finished:
        files = [FIGURE, TRIALS, *([BEST] if outcome.best is not None else [])]
        console.print(f"in {folder.path}: {', '.join(files)}", soft_wrap=True)
    if outcome.counts.get("waiting"):
        console.print("interrupted; everything that was done is kept", soft_wrap=True)
        console.print(f"continue with: ms-dnn sweep --resume {quote(str(folder.path))}", soft_wrap=True)
        raise typer.Exit(_INTERRUPTED_EXIT_CODE)
    if outcome.counts.get("running"):
        console.print("the running trials belong to other processes; call again when those have ended", soft_wrap=True)
    if outcome.best is None:
        raise typer.Exit(1)
    console.print(f"next: ms-dnn train {quote(str(folder.path / BEST))}", soft_wrap=True)
