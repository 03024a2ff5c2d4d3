"""What the sweep does about its workers' ends, with workers that do not train."""

import subprocess
import sys
from pathlib import Path

import pytest
import sweeps
from sweeps import iris

from ms_dnn.errors import SweepError
from ms_dnn.sweep.folder import make_or_open_folder
from ms_dnn.sweep.outcome import SweepOutcome
from ms_dnn.sweep.session import Session
from ms_dnn.sweep.study import Study


def session_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Session:
    """A session whose workers are another Python program."""
    swept = iris("sweep.trials=2")
    opened = make_or_open_folder(folder, swept, None, None)

    def spawn(*_: object) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, *(argument.replace("URL", opened.storage) for argument in arguments)]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True)

    monkeypatch.setattr("ms_dnn.sweep.session._spawn", spawn)
    return Session(opened, Study(opened.storage, opened.study, swept), 1)


def ignore(_: SweepOutcome) -> None: ...


def test_a_worker_that_crashes_costs_its_trial_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path, monkeypatch, sweeps.__file__, "crash", "URL", "2")
    outcome = session.run(ignore)
    assert outcome.counts == {"crashed": 2}
    assert "SIGSEGV; see the end of worker-1.log" in outcome.rows[0].reason
    assert "worker-2.log" in outcome.rows[1].reason


def test_what_no_trial_could_mend_ends_the_sweep_and_spends_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(tmp_path, monkeypatch, "-c", "import sys; print('no such file', end=''); sys.exit(2)")
    with pytest.raises(SweepError, match=r"^no such file$"):
        session.run(ignore)
    assert session.outcome().counts == {"waiting": 2}


def test_a_worker_that_cannot_even_start_is_no_endless_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path, monkeypatch, "-c", "import sys; sys.exit(7)")
    with pytest.raises(SweepError, match=r"ended with exit code 7 between two trials: see .*worker-1\.log"):
        session.run(ignore)


def test_a_password_is_not_written_into_the_folder(tmp_path: Path) -> None:
    folder = make_or_open_folder(tmp_path / "s", iris(), "postgresql://me:secret@host/db", None)
    assert folder.storage.endswith("secret@host/db")
    assert not [path for path in (tmp_path / "s").iterdir() if "secret" in path.read_text()]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(SweepError, match="exists already and is no sweep"):
        make_or_open_folder(tmp_path, iris(), None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
