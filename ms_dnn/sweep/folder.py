"""The folder of a sweep: ``sweep.yaml`` (effective), ``sweep.json`` (its storage), ``study.db``, a run folder a trial.

``trials.csv``, ``sweep.png`` and ``best.yaml`` say what came of it; ``worker-N.log`` the workers' stderr.
"""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ms_dnn.config import dump_config
from ms_dnn.config.swept import SweptExperiment, parse_swept
from ms_dnn.errors import SweepError
from ms_dnn.runtime.durable import write_durably
from ms_dnn.sweep.figure import sweep_png
from ms_dnn.sweep.outcome import SweepOutcome
from ms_dnn.sweep.worker import SWEEP

PLACE = "sweep.json"
DATABASE = "study.db"
TRIALS = "trials.csv"
FIGURE = "sweep.png"
BEST = "best.yaml"


@dataclass(frozen=True)
class SweepFolder:
    """A sweep's folder that exists, the URL of its database, and the name of the study in it."""

    path: Path
    storage: str
    study: str

    def write_results(self, swept: SweptExperiment, outcome: SweepOutcome) -> None:
        """Write the table, the picture and the best configuration, as far as there are some.

        Raises:
            SweepError: when they cannot be written.
        """
        try:
            write_durably(self.path / TRIALS, _csv_of(outcome).encode())
            if outcome.best is not None:
                best = dump_config(swept.with_values(outcome.best.parameters))
                write_durably(self.path / BEST, best.encode())
            self.draw(outcome)
        except OSError as error:
            raise SweepError(f"{self.path}: the results cannot be written ({error.strerror})") from error

    def draw(self, outcome: SweepOutcome) -> None:
        """Draw the picture anew, whole at every moment."""
        picture = sweep_png(outcome)
        if picture is not None:
            write_durably(self.path / FIGURE, picture)


def make_or_open_folder(path: Path, swept: SweptExperiment, storage: str | None, study: str | None) -> SweepFolder:
    """Return the folder for a sweep; one that has trials already is continued, also with more of them.

    Without a URL of a storage the database is in the folder; without a name of a study it is the experiment's.

    Raises:
        SweepError: when the folder holds something else, or cannot be written.
    """
    if (path / PLACE).is_file():
        opened = open_folder(path, storage)
        if study not in (None, opened.study) or storage not in (None, opened.storage):
            raise SweepError(f"{path}: is a sweep of another study or storage: choose another folder with --run")
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise SweepError(f"{path}: exists already and is no sweep: choose another folder with --run")
    else:
        opened = SweepFolder(path, storage or f"sqlite:///{(path / DATABASE).absolute()}", study or swept.base.name)
    try:
        # A password is not written down: the user gives the URL again to continue the sweep.
        secret = database_url(opened.storage).password is not None
        place = {"storage": None if secret or storage is None else opened.storage, "study": opened.study}
        path.mkdir(parents=True, exist_ok=True)
        write_durably(path / SWEEP, swept.text().encode())
        write_durably(path / PLACE, (json.dumps(place, indent=1) + "\n").encode())
    except OSError as error:
        raise SweepError(f"{path}: no sweep can be made there ({error.strerror}): choose another with --run") from error
    return opened


def database_url(url: str) -> URL:
    """Return the parts of a database's URL.

    Raises:
        SweepError: when it is none.
    """
    try:
        return make_url(url)
    except ArgumentError as error:
        raise SweepError(
            f"--storage: got {url!r}, expected a database URL such as sqlite:///study.db or "
            "postgresql://user@host/database"
        ) from error


def open_folder(path: Path, storage: str | None) -> SweepFolder:
    """Return the folder of a sweep that was begun.

    Raises:
        SweepError: when it is none.
    """
    try:
        place = json.loads((path / PLACE).read_text(encoding="utf-8"))
        stored, study = place["storage"], str(place["study"])
    except FileNotFoundError as error:
        raise SweepError(f"{path}: no sweep (it has no {PLACE}); expected a folder that 'ms-dnn sweep' made") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SweepError(f"{path / PLACE}: damaged ({error}): restore it from a copy, or sweep anew") from error
    local = path / DATABASE
    return SweepFolder(path, storage or stored or f"sqlite:///{local.absolute()}", study)


def stored_sweep(path: Path) -> SweptExperiment:
    """Return the experiment and the ranges of a sweep that was begun.

    Raises:
        MsDnnError: when the folder is not one of a sweep, or its configuration was damaged.
    """
    try:
        return parse_swept((path / SWEEP).read_text(encoding="utf-8"), str(path / SWEEP))
    except (OSError, UnicodeDecodeError) as error:
        raise SweepError(
            f"{path}: no sweep (its {SWEEP} cannot be read); expected a folder that 'ms-dnn sweep' made"
        ) from error


def _csv_of(outcome: SweepOutcome) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [axis.address for axis in outcome.axes]
    writer.writerow(["trial", "state", outcome.metric, *names, "reports", "seconds", "folder", "reason"])
    for row in outcome.rows:
        values = ["" if row.parameters.get(name) is None else row.parameters[name] for name in names]
        measured = ["" if row.value is None else row.value, *values, row.reports]
        writer.writerow([row.number, row.state, *measured, row.seconds or "", row.folder, row.reason])
    return file.getvalue()
