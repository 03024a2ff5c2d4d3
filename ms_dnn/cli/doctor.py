"""``ms-dnn doctor``: is this machine ready, and is this experiment worth starting?"""

from pathlib import Path
from typing import Annotated

import typer

from ms_dnn.cli.options import AsJson, DeviceName, Overrides, output_file, print_report
from ms_dnn.runtime.durable import write_file
from ms_dnn.runtime.working import LOADING, step, working


def doctor(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file of an experiment to examine, too.", show_default=False)
    ] = None,
    device: DeviceName = None,
    plot: Annotated[Path | None, output_file("--plot", "Draw the learning-rate range test (PNG).")] = None,
    as_json: AsJson = False,
    overrides: Overrides = None,
) -> None:
    """Look at the environment, and at an experiment before it is trained.

    Of an experiment: the cost at the start, units that pass no gradient on, the first update, whether the network can
    overfit 20 samples, and a learning-rate range test. Exits with 1 when something is bad.
    """
    from ms_dnn.errors import ConfigError

    if plot is not None and config is None:
        raise ConfigError("--plot draws the learning-rate range test of an experiment: give its CONFIG, too")
    if overrides and config is None:
        raise ConfigError("--set changes an experiment: give its CONFIG, too")
    loaded = None
    if config is not None:
        from ms_dnn.config import load_config

        loaded = load_config(config, [*(overrides or []), *([f"device={device}"] if device else [])])

    with working(LOADING):
        from ms_dnn.experiment.preflight import examine, examine_environment
        from ms_dnn.runtime.device import use_device

        chosen = use_device(device or (loaded.device if loaded is not None else "auto"))
        environment = examine_environment(chosen)
        step("examining the experiment")
        preflight = examine(loaded) if loaded is not None else None
    findings = [*environment, *(preflight.findings if preflight is not None else ())]
    if as_json:
        from ms_dnn.experiment.preflight_report import preflight_json

        typer.echo(preflight_json(findings, preflight))
    else:
        from ms_dnn.experiment.preflight_report import preflight_report

        print_report(preflight_report(findings, () if preflight is None else preflight.layers))
    if plot is not None and preflight is not None and loaded is not None:
        from ms_dnn.experiment.preflight_report import range_test_png

        write_file(plot, range_test_png(preflight.range_test, loaded.name))
    raise typer.Exit(1 if any(finding.verdict == "bad" for finding in findings) else 0)
