"""One trial of a sweep: an ordinary run in a folder of its own, whose reports may end it early."""

from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from ms_dnn.errors import DivergenceError, MsDnnError
from ms_dnn.runs.training import resume_run, start_run
from ms_dnn.sweep.study import Study
from ms_dnn.training.callbacks import StopTraining
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import CONFIG, Row, RunFolder
from ms_dnn.training.state import State

PRUNED = "pruned"


class _Reports:
    """Tells the study each value of the metric, and ends the run when the pruner says so."""

    def __init__(self, trial: Any, metric: str, known: set[int]) -> None:
        self._trial, self._metric, self._known, self._report_interval = trial, metric, known, 1

    def on_start(self, plan: Plan, state: State) -> None:
        self._report_interval = plan.report_interval

    def on_chunk(self, state: State, samples_per_second: float) -> None: ...

    def on_report(self, row: Row) -> None:
        number = -(-row["step"] // self._report_interval) - 1
        if number not in self._known:  # a run that is resumed makes some reports again
            self._trial.report(row[self._metric], number)
        if self._trial.should_prune():
            raise StopTraining(PRUNED)

    def on_end(self, state: State) -> None: ...


def run_trial(study: Study, trial: Any, sweep_folder: Path, known: set[int]) -> bool:
    """Train one trial, or go on with it where it was interrupted, and record the result.

    Return False when it was interrupted by a signal, and waits again. The study has the reports of the numbers in
    ``known`` already.
    """
    values, metric = study.suggest(trial), study.swept.sweep.metric
    path = sweep_folder / f"trial-{trial.number:04d}"
    trial.set_user_attr("folder", str(path.absolute()))
    callback = _Reports(trial, metric, known)
    try:
        if (path / CONFIG).is_file():
            folder, state, _ = resume_run(path, callback)
        else:
            folder, state, _ = start_run(study.swept.with_values(values), path, callback)
    except DivergenceError as error:
        # Pruned and not failed: the sampler is to learn that these values are bad.
        study.end(trial.number, TrialState.PRUNED, "diverged", str(error))
    except MsDnnError as error:
        study.end(trial.number, TrialState.FAIL, "failed", str(error))
    else:
        if state.stop_reason is None:
            study.requeue(trial.number)
            return False
        if state.stop_reason == PRUNED:
            study.end(trial.number, TrialState.PRUNED, "pruned", f"others were better after {state.step} steps")
        else:
            study.complete(trial, _value_of(folder, state, metric))
    return True


def _value_of(folder: RunFolder, state: State, metric: str) -> float:
    """Return the metric of the weights that the run ended with: the best ones, where early stopping restored them."""
    rows = folder.metrics()
    restored = [row for row in rows if row["step"] == state.best_step]
    return float((restored or rows)[-1][metric])
