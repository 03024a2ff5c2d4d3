"""``ms-dnn check``: the hand-written gradients of an experiment's network, compared with three other routes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ms_dnn.cli.options import AsJson, DeviceName, Overrides

if TYPE_CHECKING:
    from ms_dnn.config import ExperimentConfig
    from ms_dnn.gradients.comparison import Comparison

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


def check(
    config: Annotated[Path, typer.Argument(help="YAML file of the experiment.", show_default=False)],
    overrides: Overrides = None,
    device: DeviceName = None,
    precision: Annotated[
        Literal["float64", "float32"] | None,
        typer.Option(
            "--precision", help="Else float64, and float32 on Ascend, which has no float64.", show_default=False
        ),
    ] = None,
    elements: Annotated[
        int, typer.Option("--elements", min=1, help="Elements of each parameter that the numerical routes look at.")
    ] = 256,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Samples drawn from the training part.")] = 32,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which samples and elements are drawn.")] = 0,
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="STEPS", help="Train as many steps on the samples first.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare the hand-written gradients with GradOperation, central differences and the complex step.

    Exits with 0 when they agree, 1 when they do not, 3 when this run cannot tell.
    """
    from ms_dnn.config import load_config

    experiment = load_config(config, overrides or ())
    comparison = _compare(experiment, device, precision, elements, samples, seed, after)
    if as_json:
        typer.echo(comparison.to_json())
    else:
        from rich.console import Console

        from ms_dnn.reports.gradient_table import print_comparison

        print_comparison(Console(), comparison)
    raise typer.Exit(EXIT_CODES[comparison.verdict.value])


def _compare(
    config: "ExperimentConfig",
    device: str | None,
    precision: str | None,
    elements: int,
    samples: int,
    seed: int,
    after: int,
) -> "Comparison":
    from ms_dnn.runtime.device import use_device
    from ms_dnn.runtime.precision import check_precision

    chosen = use_device(device or config.device)
    precision = precision or ("float32" if chosen.name == "Ascend" else "float64")
    check_precision(precision, chosen.name)

    import numpy as np
    from mindspore import Tensor

    from ms_dnn.experiment import build_cost, build_network, prepare_data
    from ms_dnn.gradients.burn_in import train_briefly
    from ms_dnn.gradients.compare import compare_gradients
    from ms_dnn.runtime.seeding import stream

    train = prepare_data(config).train
    network, cost = build_network(config, train.x.shape[1], precision), build_cost(config)
    drawn = stream(seed, "checked samples").permutation(len(train.x))[:samples]
    x, y = (Tensor(np.ascontiguousarray(part[drawn]).astype(precision)) for part in (train.x, train.y))
    train_briefly(network, cost, x, y, after)
    return compare_gradients(network, cost, x, y, device=chosen.name, elements=elements, seed=seed)
