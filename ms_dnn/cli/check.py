"""``ms-dnn check``: gradients of an experiment's network, or of anybody's Cell, judged."""

import gc
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ms_dnn.cli.options import AsJson, DeviceName, Overrides, output_file, print_report
from ms_dnn.errors import SubjectError
from ms_dnn.runtime.durable import write_file
from ms_dnn.runtime.working import LOADING, working

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}
OF_CELL = partial(typer.Option, rich_help_panel="What is judged: a Cell")
OF_EXPERIMENT = partial(typer.Option, rich_help_panel="What is judged: an experiment")

Inputs = Annotated[
    list[str] | None,
    OF_CELL(
        "--inputs",
        metavar="SPEC",
        help="One or several inputs: 32x784, 32x784:float64, 32:int32<10, file.npy, file.npz:name, file.npz, a folder "
        "of .npy files, folder:call of an msprobe dump.",
    ),
]
Precision = Annotated[
    Literal["float64", "float32", "float16", "bfloat16"] | None,
    typer.Option(
        "--precision",
        help="Experiments: else float64, and float32 on Ascend, which has none. Cells: else as they are.",
        show_default=False,
    ),
]
EXPECT = (
    "What a bprop is meant to return in place of a derivative: straight-through, reversal, stopped, or a factor k for "
    "k dout; by Cell: grl=-0.3,round=straight-through."
)
Replay = Annotated[
    Path | None,
    typer.Option("--replay", metavar="FILE", help="Judge again as the --json report FILE did, and compare."),
]


OPTIONS_OF_CELLS: dict[str, Any] = {
    "inputs": [], "loss": None, "targets": [], "wrt": "parameters+inputs", "order": 1, "expect": None,
}  # fmt: skip
OPTIONS_OF_EXPERIMENTS: dict[str, Any] = {"overrides": [], "samples": 32, "after": 0}


@dataclass(frozen=True)
class CheckOptions:
    """What is judged and how, as the options say; a JSON report keeps it for ``--replay``."""

    target: str
    inputs: list[str]
    loss: str | None
    targets: list[str]
    wrt: str
    overrides: list[str]
    samples: int
    after: int
    device: str | None
    precision: str | None
    mode: str
    directions: int
    seed: int
    order: int = 1
    expect: str | None = None

    def options(self, device: str) -> dict[str, Any]:
        """Return what :func:`ms_dnn.judge.check.check_gradients` takes of them."""
        modes = ("pynative", "compiled") if self.mode == "both" else (self.mode,)
        return {"modes": modes, "device": device, "directions": self.directions, "seed": self.seed}


def check(
    target: Annotated[
        str | None,
        typer.Argument(help="YAML file of an experiment, or package.module:name of a Cell, function or factory."),
    ] = None,
    inputs: Inputs = None,
    loss: Annotated[str | None, OF_CELL("--loss", metavar="MODULE:NAME", help="Of (output, *targets).")] = None,
    targets: Annotated[
        list[str] | None, OF_CELL("--targets", metavar="SPEC", help="As --inputs, for the loss.")
    ] = None,
    wrt: Annotated[
        str, OF_CELL("--wrt", help="parameters+inputs, parameters, inputs, or names with commas between them.")
    ] = "parameters+inputs",
    order: Annotated[int, OF_CELL("--order", min=1, max=2, help="2: the gradient of the gradient as well.")] = 1,
    expect: Annotated[str | None, OF_CELL("--expect", metavar="K", help=EXPECT, show_default=False)] = None,
    overrides: Overrides = None,
    samples: Annotated[int, OF_EXPERIMENT("--samples", min=1, help="Random samples of the training set.")] = 32,
    after: Annotated[
        int, OF_EXPERIMENT("--after", min=0, metavar="STEPS", help="Train as many steps on the samples first.")
    ] = 0,
    device: DeviceName = None,
    precision: Precision = None,
    mode: Annotated[
        Literal["both", "pynative", "compiled", "operator"],
        typer.Option("--mode", help="How the judged gradients are run."),
    ] = "both",
    directions: Annotated[
        int, typer.Option("--directions", min=1, help="Random directions in each tensor for the numerical routes.")
    ] = 2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of samples, inputs, directions and cotangents.")] = 0,
    as_json: AsJson = False,
    html: Annotated[Path | None, output_file("--html", "Write the report as one page with pictures.")] = None,
    junit: Annotated[Path | None, output_file("--junit", "Write the report for a CI system.")] = None,
    replay: Replay = None,
) -> None:
    """Judge hand-written gradients against MindSpore's and against numerical witnesses.

    Exits with 0 when they agree (PASS), 1 when they do not (FAIL), 3 when this run cannot tell (INCONCLUSIVE).
    """
    if (target is None) == (replay is None):
        got = "nothing to judge" if target is None else "both a target and --replay"
        raise SubjectError(f"got {got}, expected a YAML file, a package.module:name, or --replay FILE: name one")
    asked = CheckOptions(
        target=target or "", inputs=list(inputs or ()), loss=loss, targets=list(targets or ()), wrt=wrt,
        overrides=list(overrides or ()), samples=samples, after=after, device=device, precision=precision, mode=mode,
        directions=directions, seed=seed, order=order, expect=expect,
    )  # fmt: skip
    before = None
    if replay is not None:
        from ms_dnn.judge.replay import read_judgement

        before = read_judgement(replay)
        try:
            asked = CheckOptions(**before["replay"])
        except TypeError as error:
            raise SubjectError(f"{replay}: was made with other options than this version has ({error})") from None
    with working(LOADING):
        judgement = replace(judge_target(asked), replay=vars(asked))
    _show(judgement, as_json, html, junit)
    raise typer.Exit(EXIT_CODES[judgement.verdict.value] if before is None else _compare(replay, before, judgement))


def _compare(replay: Path | None, before: dict[str, Any], judgement: "Judgement") -> int:
    """Say whether the judgement is the one before, and return the exit code."""
    from ms_dnn.judge.replay import first_difference

    difference = first_difference(before, judgement)
    typer.echo(f"replay of {replay}: {difference or 'the same bit for bit'}", err=True)
    return 0 if difference is None else 1


def judge_target(asked: CheckOptions) -> "Judgement":
    """Judge an experiment's network (the target is a YAML file) or a Cell (``package.module:name``)."""
    if ":" not in asked.target or asked.target.endswith((".yaml", ".yml")):
        _check_is_experiment(asked.target)
        _refuse(asked, OPTIONS_OF_CELLS, "an experiment")
        return _judge_experiment(asked)
    _refuse(asked, OPTIONS_OF_EXPERIMENTS, "a Cell")
    from ms_dnn.runtime.device import use_device
    from ms_dnn.runtime.precision import check_precision

    chosen = use_device(asked.device or "auto")
    if asked.precision is not None:
        check_precision(asked.precision, chosen.name)
    from ms_dnn.judge.check import check_gradients
    from ms_dnn.judge.target import load_target

    found = load_target(asked.target, asked.inputs, asked.loss, asked.targets, asked.seed)
    if asked.targets and found.loss is None:
        raise SubjectError("--targets: got without a loss, which takes them: name one with --loss, or leave them out")
    gc.freeze()  # each compilation of MindSpore's collects garbage: among what was imported there is none
    try:
        return check_gradients(
            found.function,
            found.inputs,
            found.loss,
            found.targets,
            wrt=asked.wrt.split(",") if "," in asked.wrt else asked.wrt,
            precision=asked.precision,
            order=asked.order,
            expect=_declared(asked.expect),
            **asked.options(chosen.name),
        )
    except SubjectError as error:
        if not found.origins:
            raise
        raise SubjectError(f"{error}; {found.origins}") from error


def _check_is_experiment(target: str) -> None:
    """Raise :class:`SubjectError` for what is no file and no name of a configuration, nor nearly one."""
    from ms_dnn.config.bundled import bundled_configs
    from ms_dnn.presentation.notation import nearest_name

    path = Path(target)
    if not (path.exists() or path.suffix in (".yaml", ".yml") or nearest_name(target, bundled_configs())):
        raise SubjectError(
            f"{target!r}: got no file and no name of a configuration, expected one, or package.module:name, such as "
            "mindspore.nn:ReLU: correct it"
        )


def _refuse(asked: CheckOptions, defaults: dict[str, Any], what: str) -> None:
    """Refuse options that have no meaning for what is judged."""
    for name, default in defaults.items():
        if getattr(asked, name) != default:
            option = "set" if name == "overrides" else name
            raise SubjectError(
                f"--{option}: got with {what}, '{asked.target}', to which it does not apply: leave it out"
            )


def _declared(text: str | None) -> float | str | dict[str, float | str] | None:
    """Return what ``expect`` takes for "straight-through", "-0.3" or "grl=-0.3,ste=straight-through"."""
    if text is None or "=" not in text:
        return None if text is None else _number(text)
    return {name: _number(factor) for name, _, factor in (one.partition("=") for one in text.split(","))}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _judge_experiment(asked: CheckOptions) -> "Judgement":
    from ms_dnn.config import load_config

    config = load_config(Path(asked.target), asked.overrides)
    from ms_dnn.runtime.device import use_device
    from ms_dnn.runtime.precision import check_precision

    chosen = use_device(asked.device or config.device)
    precision = asked.precision or ("float32" if chosen.name == "Ascend" else "float64")
    check_precision(precision, chosen.name)

    import numpy as np
    from mindspore import Tensor

    from ms_dnn.experiment.experiment import Experiment
    from ms_dnn.gradients.burn_in import train_briefly
    from ms_dnn.judge.check import check_gradients
    from ms_dnn.runtime.seeding import stream
    from ms_dnn.training.engine import OPERATOR, choose_engine

    experiment = Experiment(config)
    built = "float32" if precision == "bfloat16" else precision  # NumPy has no bfloat16: the judge makes a copy in it
    train, network, cost = experiment.data.train, experiment.network(built), experiment.cost()
    picked = stream(asked.seed, "checked samples").permutation(len(train.x))[: asked.samples]
    x, y = (Tensor(np.ascontiguousarray(rows[picked]).astype(built)) for rows in (train.x, train.weighted_y))
    gc.freeze()  # each compilation of MindSpore's collects garbage: among what was imported there is none
    train_briefly(network, cost, x, y, asked.after)
    options = asked.options(chosen.name)
    if asked.mode == "both" and choose_engine(config.training.engine, chosen.name, precision).name == OPERATOR:
        options["modes"] += (OPERATOR,)
    in_copy = None if built == precision else precision
    return check_gradients(network, x, cost, (y,), precision=in_copy, **options)


def _show(judgement: "Judgement", as_json: bool, html: Path | None, junit: Path | None) -> None:
    """Print the judgement, and then write the files: where a disk is full, the verdict is known all the same."""
    if as_json:
        typer.echo(judgement.to_json())
    else:
        print_report(judgement.blocks())
    if html is not None:
        from ms_dnn.judge.report.page import html_report

        write_file(html, html_report(judgement))
    if junit is not None:
        from ms_dnn.judge.report.junit import junit_xml

        write_file(junit, junit_xml(judgement))
