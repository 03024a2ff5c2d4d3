"""One call of ``ms-dnn sweep``: starts the workers, watches the study while they work, and tidies up after them."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from optuna.trial import TrialState

from ms_dnn.errors import SweepError
from ms_dnn.runtime.processes import close_pipes, ending, kill_session, process_name, with_threads
from ms_dnn.sweep.folder import SweepFolder
from ms_dnn.sweep.outcome import SweepOutcome, TrialRow
from ms_dnn.sweep.study import Study
from ms_dnn.training.interruption import Interruption

LOOK_SECONDS = 0.25
DRAW_SECONDS = 2.0
END_SECONDS = 60.0
"""How long a worker may take to end its trial in order, a compilation included."""


@dataclass
class _Worker:
    """A process, its name in the study, and its log."""

    process: subprocess.Popen[str]
    name: str
    log: Path


class Session:
    """Runs as many worker processes as there are jobs, until no trial is waiting."""

    def __init__(self, folder: SweepFolder, study: Study, jobs: int) -> None:
        self._folder, self._study, self._jobs = folder, study, jobs
        self._workers: list[_Worker] = []
        self._started = 0
        self._drawn: tuple[float, int] = (0.0, 0)

    def run(self, watch: Callable[[SweepOutcome], None]) -> SweepOutcome:
        """Work until no trial is waiting, or until Ctrl-C; ``watch`` sees the trials again and again.

        Raises:
            SweepError: when the workers cannot run any trial, or the results cannot be written.
        """
        with Interruption() as interruption:
            try:
                for _ in range(min(self._jobs, self._study.waiting())):
                    self._start()
                while self._workers and not interruption.requested:
                    time.sleep(LOOK_SECONDS)
                    self._replace_the_dead()
                    outcome = self.outcome()
                    watch(outcome)
                    self._draw(outcome)
            finally:
                self._end()
        outcome = self.outcome()
        watch(outcome)
        self._folder.write_results(self._study.swept, outcome)
        return outcome

    def outcome(self) -> SweepOutcome:
        """Return all trials as they are now."""
        return outcome_of(self._study)

    def _start(self) -> None:
        self._started += 1
        log = self._folder.path / f"worker-{self._started}.log"
        with log.open("w", encoding="utf-8") as errors:
            process = _spawn(self._folder.path, errors, self._jobs)
        if process.stdin is not None:
            place = {"storage": self._folder.storage, "study": self._folder.study}
            process.stdin.write(json.dumps(place) + "\n")
            process.stdin.flush()  # and left open: its end tells the worker that we are gone
        self._workers.append(_Worker(process, process_name(process.pid), log))

    def _replace_the_dead(self) -> None:
        """Record what became of the trials of workers that died, and start others while there is work."""
        for worker in [worker for worker in self._workers if worker.process.poll() is not None]:
            self._workers.remove(worker)
            said = worker.process.stdout.read() if worker.process.stdout is not None else ""
            close_pipes(worker.process)
            code = worker.process.returncode
            if code == 0:
                continue
            if code == SweepError.exit_code and said:
                raise SweepError(said)
            trial, how = self._study.of_worker(worker.name), ending(code)
            if trial is None:
                raise SweepError(f"a worker of the sweep ended with {how} between two trials: see {worker.log}")
            reason = f"its process ended with {how}; see the end of {worker.log.name}"
            self._study.end(trial.number, TrialState.FAIL, "crashed", reason)
            if self._study.waiting():
                self._start()

    def _draw(self, outcome: SweepOutcome) -> None:
        """Draw the picture anew when a trial has ended, but do not spend the processors on it."""
        at, finished = self._drawn
        if len(outcome.finished) == finished or time.monotonic() - at < DRAW_SECONDS:
            return
        with contextlib.suppress(OSError):  # said at the end, when it is written for good
            self._folder.draw(outcome)
        self._drawn = (time.monotonic(), len(outcome.finished))

    def _end(self) -> None:
        """End all workers in order, and let their trials wait again."""
        for worker in self._workers:
            worker.process.terminate()
        try:
            deadline = time.monotonic() + END_SECONDS
            for worker in self._workers:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            for worker in self._workers:
                kill_session(worker.process)
                trial = self._study.of_worker(worker.name)
                if trial is not None:
                    self._study.requeue(trial.number)
            self._workers.clear()


def outcome_of(study: Study) -> SweepOutcome:
    """Return all trials of a study as the reports want them."""
    swept = study.swept
    rows = tuple(_row_of(one, len(swept.parameters)) for one in study.trials())
    return SweepOutcome(swept.base.name, swept.sweep.metric, swept.parameters, rows)


def _row_of(trial: Any, keys: int) -> TrialRow:
    states = {TrialState.WAITING: "waiting", TrialState.RUNNING: "running"}
    state = states.get(trial.state) or trial.user_attrs.get("outcome", "failed")
    value = None
    if state == "complete":
        value = trial.value
    elif state in ("pruned", "running") and trial.intermediate_values:
        value = trial.intermediate_values[max(trial.intermediate_values)]
    seconds = None
    if trial.datetime_start is not None and trial.datetime_complete is not None:
        seconds = round((trial.datetime_complete - trial.datetime_start).total_seconds(), 2)
    return TrialRow(
        trial.number,
        state,
        value,
        dict(trial.params) if len(trial.params) == keys else {},  # some, while they are being sampled
        len(trial.intermediate_values),
        seconds,
        trial.user_attrs.get("folder", ""),
        trial.user_attrs.get("reason", ""),
    )


def _spawn(folder: Path, errors: IO[str], jobs: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "ms_dnn.sweep.worker", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        # A session of its own, so that Ctrl-C reaches the sweep alone, which then ends its workers.
        start_new_session=True,
        env=with_threads(max(1, (os.cpu_count() or 1) // jobs)) if jobs > 1 else None,
    )
