"""The study that all processes of a sweep share: its trials, who works on which, and what came of them.

All trials are put into the study at its creation, as waiting ones, and are then only ever claimed: so their number is
right, however many processes take part. What Optuna keeps of a trial is completed by attributes: ``worker`` (who has
it), ``folder``, ``outcome`` and ``reason``.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import optuna
import sqlalchemy
from optuna.trial import TrialState

from ms_dnn.config.data_section import PATHS
from ms_dnn.config.swept import Parameter, SweptExperiment
from ms_dnn.errors import SweepError
from ms_dnn.presentation.notation import first_line
from ms_dnn.runtime.processes import is_gone, process_name
from ms_dnn.sweep.folder import database_url

JOIN_SECONDS = 20.0
"""How long the one who made a study may take to put its trials in, before another one does it."""
UNCLAIMED_SECONDS = 60.0
"""Age at which a running trial that nobody put his name to is taken for lost."""
_SQLITE_SECONDS = 120.0
_CREATION_ATTEMPTS = 10


class Study:
    """A study in its storage, whose URL is one of SQLAlchemy such as ``sqlite:///study.db``.

    Raises:
        SweepError: when the storage cannot be used, or the study is of another experiment.
    """

    def __init__(self, url: str, name: str, swept: SweptExperiment) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.swept = swept
        self._storage = _open_storage(url)
        self._study = self._created_or_joined(name)
        self._id = self._storage.get_study_id_from_name(name)

    def trials(self) -> list[Any]:
        """Return all trials in the order of their numbers."""
        return list(self._study.get_trials(deepcopy=False))

    def waiting(self) -> int:
        """Return the number of trials that nobody has claimed."""
        return len(self._in_state(TrialState.WAITING))

    def claim(self) -> Any | None:
        """Take a waiting trial for this process, or return None when there is none."""
        for frozen in self._in_state(TrialState.WAITING):
            trial_id = self._id_of(frozen.number)
            try:
                mine = self._storage.set_trial_state_values(trial_id, TrialState.RUNNING)
            except RuntimeError:  # another process has even finished it
                continue
            if mine:
                self._study.sampler = self._sampler_of(frozen.number)
                trial = optuna.trial.Trial(self._study, trial_id)
                trial.set_user_attr("worker", process_name(os.getpid()))
                return trial
        return None

    def _sampler_of(self, number: int) -> Any:
        """Return a sampler seeded by sweep and trial.

        No two processes draw the same values, and an interrupted sweep goes on with those that it would have had.
        """
        kind = optuna.samplers.TPESampler if self.swept.sweep.sampler == "tpe" else optuna.samplers.RandomSampler
        return kind(seed=int(np.random.SeedSequence([_seed(self.swept), number]).generate_state(1)[0]))

    def suggest(self, trial: Any) -> dict[str, Any]:
        """Return the values of the parameters for a claimed trial; the same ones when it was begun before."""
        return {parameter.address: _suggest(trial, parameter) for parameter in self.swept.parameters}

    def complete(self, trial: Any, value: float) -> None:
        """Record the metric of a trial."""
        trial.set_user_attr("outcome", "complete")
        self._study.tell(trial, value)

    def end(self, number: int, state: Any, outcome: str, reason: str = "") -> None:
        """Record a trial that has no metric: PRUNED for those that the sampler should learn from, else FAIL."""
        trial_id = self._id_of(number)
        self._storage.set_trial_user_attr(trial_id, "outcome", outcome)
        self._storage.set_trial_user_attr(trial_id, "reason", reason)
        self._study.tell(number, state=state)

    def requeue(self, number: int) -> None:
        """Let a trial wait again, which was interrupted."""
        self._storage.set_trial_state_values(self._id_of(number), TrialState.WAITING)

    def of_worker(self, worker: str) -> Any | None:
        """Return the running trial that a process has claimed, or None."""
        running = self._in_state(TrialState.RUNNING)
        return next((trial for trial in running if trial.user_attrs.get("worker") == worker), None)

    def fail_lost_trials(self) -> int:
        """Mark the trials whose process was killed as failed, let others wait in their place; return how many."""
        lost = [trial for trial in self._in_state(TrialState.RUNNING) if _is_lost(trial)]
        for trial in lost:
            trial_id = self._id_of(trial.number)
            try:
                self._storage.set_trial_user_attr(trial_id, "outcome", "lost")
                self._storage.set_trial_user_attr(trial_id, "reason", "its process was killed")
                self._storage.set_trial_state_values(trial_id, TrialState.FAIL)
            except RuntimeError:  # another process has just done the same
                continue
            self._study.enqueue_trial(trial.params or trial.system_attrs.get("fixed_params", {}))
        return len(lost)

    def importances(self) -> dict[str, float]:
        """Return the share of each parameter in the spread of the metric; empty where there is too little to say."""
        complete = self._in_state(TrialState.COMPLETE)
        if len(complete) < 10 or len({trial.value for trial in complete}) < 2:
            return {}
        varied = [
            parameter.address
            for parameter in self.swept.parameters
            if len({repr(trial.params[parameter.address]) for trial in complete}) > 1
        ]
        if len(varied) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return dict(optuna.importance.get_param_importances(self._study, evaluator=evaluator, params=varied))

    def _in_state(self, state: Any) -> list[Any]:
        return list(self._study.get_trials(deepcopy=False, states=(state,)))

    def _id_of(self, number: int) -> int:
        return int(self._storage.get_trial_id_from_study_id_trial_number(self._id, number))

    def _created_or_joined(self, name: str) -> Any:
        settings = {"storage": self._storage, "study_name": name, "pruner": _pruner(self.swept)}
        direction = "minimize" if self.swept.sweep.minimizes else "maximize"
        try:
            study = optuna.create_study(direction=direction, **settings)
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(**settings)
            self._join(study, name)
        else:
            study.set_user_attr("experiment", _fingerprint(self.swept))
            self._add_trials(study, 0)
        return study

    def _join(self, study: Any, name: str) -> None:
        """Wait until the one who made the study has put its trials in; put in more if more are asked for now."""
        deadline = time.monotonic() + JOIN_SECONDS
        while "trials" not in study.user_attrs and time.monotonic() < deadline:
            time.sleep(0.05)
        if study.user_attrs.get("experiment", _fingerprint(self.swept)) != _fingerprint(self.swept):
            raise SweepError(
                f"study '{name}': was made for another experiment or other ranges: continue it with the configuration "
                "that it was made with, or choose another name with --study (or another folder with --run)"
            )
        present = study.user_attrs.get("trials", len(study.get_trials(deepcopy=False)))
        if present < self.swept.trials or "trials" not in study.user_attrs:
            self._add_trials(study, present)

    def _add_trials(self, study: Any, present: int) -> None:
        grid: list[dict[str, Any]] = []
        if self.swept.sweep.sampler == "grid":
            grid = self.swept.combinations()
            random.Random(_seed(self.swept)).shuffle(grid)  # noqa: S311 - no secret
        for index in range(present, self.swept.trials):
            study.enqueue_trial(grid[index] if grid else {})
        study.set_user_attr("trials", max(present, self.swept.trials))


def _seed(swept: SweptExperiment) -> int:
    return swept.base.seed if swept.sweep.seed is None else swept.sweep.seed


def _pruner(swept: SweptExperiment) -> Any:
    warm_up, training = swept.sweep.warm_up_reports, swept.base.training
    if swept.sweep.pruning == "none":
        return optuna.pruners.NopPruner()
    if swept.sweep.pruning == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=warm_up)
    reports = "auto" if training.epochs is None else max(training.epochs // training.report_every, warm_up, 1)
    return optuna.pruners.HyperbandPruner(min_resource=max(warm_up, 1), max_resource=reports)


def _suggest(trial: Any, parameter: Parameter) -> Any:
    if parameter.choices is not None:
        return trial.suggest_categorical(parameter.address, parameter.choices)
    low, high, step = parameter.low, parameter.high, parameter.step
    if parameter.integer:
        last = low + (high - low) // (step or 1) * (step or 1)
        return trial.suggest_int(parameter.address, low, last, step=int(step or 1), log=parameter.log)
    last = high if step is None else (parameter.values or (high,))[-1]
    return trial.suggest_float(parameter.address, low, last, step=step, log=parameter.log)


def _is_lost(trial: Any) -> bool:
    worker = trial.user_attrs.get("worker")
    if worker is None:
        return bool(datetime.now() - trial.datetime_start > timedelta(seconds=UNCLAIMED_SECONDS))
    return is_gone(worker)


def _fingerprint(swept: SweptExperiment) -> str:
    """Return what two sweeps have in common whose trials may be in one study: all but number and paths."""
    data = swept.base.data.model_copy(update=dict.fromkeys(PATHS))
    base = swept.base.model_copy(update={"data": data, "device": "auto"})
    section = swept.sweep.model_copy(update={"trials": 1})
    return hashlib.sha256(f"{base!r}{section!r}".encode()).hexdigest()


def _open_storage(url: str) -> Any:
    """Open the storage; SQLite so that processes wait for each other instead of failing.

    Raises:
        SweepError: when the URL, its driver or the database is not fit.
    """
    parts = database_url(url)
    shown, sqlite = parts.render_as_string(hide_password=True), parts.get_backend_name() == "sqlite"
    if sqlite and parts.database in (None, "", ":memory:"):
        raise SweepError(f"--storage: {shown} is in memory, where no other process sees it: name a file")
    settings = {"connect_args": {"timeout": _SQLITE_SECONDS}} if sqlite else {}
    for attempt in range(_CREATION_ATTEMPTS):
        try:
            storage = optuna.storages.RDBStorage(url, engine_kwargs=settings)
            break
        except (ImportError, sqlalchemy.exc.NoSuchModuleError) as error:
            raise SweepError(
                f"--storage: {shown} needs a driver that is not installed ({error}): install it"
            ) from error
        except (sqlalchemy.exc.SQLAlchemyError, RuntimeError) as error:
            reason = first_line(getattr(error, "orig", error))
            # Two processes that make the tables at the same moment: one of them comes too late.
            late = isinstance(error, sqlalchemy.exc.IntegrityError) or "already exists" in reason or "locked" in reason
            if not late or attempt + 1 == _CREATION_ATTEMPTS:
                raise SweepError(f"--storage: {shown} cannot be used ({reason}): name a database that can") from error
            time.sleep(0.1 * (attempt + 1))
    if sqlite:
        _lock_at_begin(storage.engine)
    return storage


def _lock_at_begin(engine: Any) -> None:
    """Let every transaction of SQLite take the lock when it begins.

    By default one reads first and asks for the lock when it writes: then two processes can claim the same trial, or
    one of them finds the database locked at once, without waiting.
    """

    @sqlalchemy.event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    @sqlalchemy.event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()  # connections from before know nothing of this
