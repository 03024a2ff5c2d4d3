"""Small runs, whom to tell of them, and when two of them are the same, for the tests of this folder."""

import os
import signal
from pathlib import Path
from typing import Any

from ms_dnn.config import ExperimentConfig, load_config
from ms_dnn.training.checkpoints import Checkpoint, read_checkpoint
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import RunFolder
from ms_dnn.training.state import State

CONFIGS = Path(__file__).parents[2] / "configs"


class Silent:
    """A callback that interrupts the run after so many chunks, if asked to, as Ctrl-C does or another signal."""

    def __init__(self, interrupt_after: int | None = None, number: signal.Signals = signal.SIGINT) -> None:
        self.chunks = 0
        self.interrupt_after, self.number = interrupt_after, number

    def on_start(self, plan: Plan, state: State) -> None: ...

    def on_chunk(self, state: State, samples_per_second: float) -> None:
        self.chunks += 1
        if self.chunks == self.interrupt_after:
            os.kill(os.getpid(), self.number)

    def on_report(self, row: dict[str, Any]) -> None: ...

    def on_end(self, state: State) -> None: ...


def iris(*overrides: str) -> ExperimentConfig:
    """A small run: 105 samples, 13 steps an epoch, a validation set."""
    return load_config(
        CONFIGS / "blog_batch_gradient_descent.yaml",
        [
            "training.batch_size=8",
            "training.max_iterations=100",
            "training.tolerance=null",
            "training.report_every=2",
            *overrides,
        ],
    )


def checkpoint_of(path: Path) -> Checkpoint:
    checkpoint = read_checkpoint(path)
    assert checkpoint is not None
    return checkpoint


def same_run(one: Path, other: Path) -> None:
    """Assert that two runs ended with the same bits, and reported the same."""
    arrays, others = checkpoint_of(one).arrays, checkpoint_of(other).arrays
    assert arrays.keys() == others.keys()
    for name in arrays:
        assert arrays[name].tobytes() == others[name].tobytes(), name
    rows = [[{**row, "seconds": 0} for row in RunFolder(path).metrics()] for path in (one, other)]
    assert rows[0] == rows[1]
    states = [{**checkpoint_of(path).state, "seconds": 0} for path in (one, other)]
    assert states[0] == states[1]


REGULARIZED = (
    "network.input_dropout=0.1",
    "network.layers.0.normalization=batch",
    "network.layers.0.dropout=0.3",
    "training.class_weight=balanced",
)
