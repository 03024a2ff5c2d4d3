"""What ended a training, and which weights it left, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ms_dnn.config import TrainingConfig
    from ms_dnn.training.state import State


def ending_text(training: TrainingConfig, state: State) -> str:
    """Return "ended after 975 steps in 3.6 s: no gain on the validation set in 10 reports"."""
    patience = training.early_stopping.patience if training.early_stopping else 0
    reasons = {
        "max_iterations": f"all {training.epochs} epochs are done"
        if training.epochs
        else f"MAX = {training.max_iterations} iterations are done",
        "tolerance": f"no weight or bias changed by ε = {training.tolerance} or more",
        "pruned": "its sweep ended it, because other trials were better",
        "early_stopping": f"no gain on the validation set in {patience} reports",
        None: "interrupted; everything up to here is saved",
    }
    steps = "1 step" if state.step == 1 else f"{state.step} steps"
    return f"ended after {steps} in {state.seconds:.1f} s: {reasons[state.stop_reason]}"
