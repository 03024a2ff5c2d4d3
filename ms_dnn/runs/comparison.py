"""Several runs side by side: what differs in their configurations, and what came of them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ms_dnn.config import parse_config
from ms_dnn.errors import MsDnnError, RunError
from ms_dnn.presentation.notation import shortest_ends
from ms_dnn.runs.records import ComparedRun, Comparison
from ms_dnn.training.checkpoints import read_checkpoint
from ms_dnn.training.run_folder import CONFIG, RunFolder, row_of_weights
from ms_dnn.training.state import State

UNREMARKABLE = ("name", "version", "reports", "device", "training.checkpoint_seconds")
"""Keys that change nothing about the result."""
OF_THE_LOSS = ("loss", "reduction", "data.target_scaling")
"""Keys that decide what a loss means, and the cost with it."""
OF_THE_COST = ("penalty", "training.label_smoothing", "training.class_weight")
"""Keys that decide what the cost of training holds beyond the loss."""
OF_THE_SPLITS = ("seed", "data.validation", "data.test")
"""Keys that decide which samples are held out."""
OF_THE_DATA = (
    "data.set",
    "data.file",
    "data.folder",
    "data.test_folder",
    "data.validation_folder",
    "data.target",
    "data.target_kind",
    "data.classes",
    "data.drop",
    "data.image_size",
)


def compare_runs(paths: Sequence[Path], *, test: bool = False, device: str | None = None) -> Comparison:
    """Read runs and return them side by side; a run that cannot be read is left out and reported.

    Args:
        paths: folders of at least two runs.
        test: evaluate each on its test set, too; nothing is computed otherwise, and MindSpore is not needed.
        device: another device than the runs' for that.

    Raises:
        RunError: when fewer than two folders were given, or none can be read.
    """
    if len(paths) < 2:
        raise RunError(f"got {len(paths)} run folder, expected at least 2 to compare: name another one")
    runs, problems = [], []
    for path, name in zip(paths, short_names(paths), strict=True):
        try:
            runs.append(_read(path, name, test, device))
        except MsDnnError as error:
            sentence = str(error)
            problems.append(sentence if str(path) in sentence else f"{path}: {sentence}")
    if not runs:
        raise RunError("none of the runs can be read: " + "; ".join(problems))
    found = dict(differences([run.config for run in runs]))
    differing = {key: values for key, values in found.items() if not _within(key, UNREMARKABLE)}
    scores = [name for name in ("validation_accuracy", "validation_r2") if all(name in (r.row or {}) for r in runs)]
    return Comparison(
        tuple(runs), differing, scores[0] if scores else None, tuple(_warnings([*differing])), tuple(problems)
    )


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return for each path the shortest suffix that no other has."""
    parts = [path.resolve().parts for path in paths]
    different = [*dict.fromkeys(parts)]
    ends = dict(zip(different, shortest_ends(different), strict=True))
    return ["/".join(ends[own]) for own in parts]


def differences(configs: Sequence[Any], key: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield (key, one value a configuration) wherever plain values differ, as far down as their shapes agree.

    ``training.batch_size`` and ``network.layers.0.units``; but ``optimizer`` as a whole where the optimizers have other
    settings, and ``network.layers`` where there are more layers in one of them.
    """
    first = configs[0]
    if all(one == first for one in configs):
        return
    if all(isinstance(one, dict) and one.keys() == first.keys() for one in configs):
        inside = [(str(name), [one[name] for one in configs]) for name in first]
    elif all(_is_list_of_dicts(one) and len(one) == len(first) for one in configs):
        inside = [(str(index), [one[index] for one in configs]) for index in range(len(first))]
    else:
        yield key, tuple(configs)
        return
    for name, values in inside:
        yield from differences(values, f"{key}.{name}" if key else name)


def _is_list_of_dicts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _read(path: Path, name: str, test: bool, device: str | None) -> ComparedRun:
    folder = RunFolder(path)
    config = parse_config(folder.read(CONFIG), str(path / CONFIG), [])
    checkpoint = read_checkpoint(path)
    if checkpoint is None:
        raise RunError(f"{path}: no checkpoint yet, so nothing to compare: go on with ms-dnn train --resume {path}")
    state, rows = State.of(checkpoint.state), folder.metrics()
    scores = None
    if test:
        from ms_dnn.runs.evaluation import evaluate_run

        scores = evaluate_run(path, "test", device)
    return ComparedRun(
        name=name,
        folder=str(path),
        config=json.loads(config.model_dump_json()),
        rows=tuple(rows),
        row=row_of_weights(rows, state.stop_reason, state.best_step)[0],
        steps=state.step,
        seconds=state.seconds,
        stop_reason=state.stop_reason,
        test=scores,
    )


def _within(key: str, sections: Sequence[str]) -> bool:
    return any(key == one or key.startswith(f"{one}.") for one in sections)


def _warnings(differing: Sequence[str]) -> list[str]:
    """Say what of the runs cannot be compared, the gravest first."""

    def among(sections: Sequence[str]) -> str:
        return ", ".join(key for key in differing if _within(key, sections))

    found = []
    data, loss, cost, splits = map(among, (OF_THE_DATA, OF_THE_LOSS, OF_THE_COST, OF_THE_SPLITS))
    if data:
        found.append(f"not comparable: the runs were trained on different data ({data})")
    elif splits:
        found.append(f"compare scores with care: other samples were held out, or another number of them ({splits})")
    if loss:
        found.append(f"costs and losses are not comparable: they mean different things ({loss})")
    elif cost:
        found.append(f"costs are not comparable, losses are: what is added or weighed differs ({cost})")
    return found
