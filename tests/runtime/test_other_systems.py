"""macOS and Windows, simulated: what is missing there is done without, or said in one sentence."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ms_dnn.audit import workers
from ms_dnn.cli import series
from ms_dnn.data.formats.row_file import RowFile
from ms_dnn.errors import WorkerError
from ms_dnn.runtime import launch, processes
from ms_dnn.runtime.durable import write_durably

sys.path.append(str(Path(__file__).parents[1] / "cli"))
from command import here, refused


@pytest.fixture
def no_proc(monkeypatch):
    """A system whose /proc is not there."""
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: not str(path).startswith("/proc") and exists(path))


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_workers_are_for_linux(monkeypatch, system):
    monkeypatch.setattr(launch.platform, "system", lambda: system)
    message = refused(here("train-distributed", "digits", "--workers", 2))
    assert message.startswith(f"workers: got {system}, expected Linux")
    assert message.endswith("train in one process with ms-dnn train")


def test_workers_need_proc(no_proc):
    with pytest.raises(WorkerError, match="got Linux without /proc, expected Linux"):
        launch.check_system()


def test_the_audit_needs_a_fork(monkeypatch):
    monkeypatch.setattr(workers, "get_all_start_methods", lambda: ["spawn"])
    monkeypatch.setattr(workers.platform, "system", lambda: "Windows")
    assert refused(here("audit", "nn.ReLU")).startswith(
        "audit: got Windows, which cannot fork, expected Linux or macOS"
    )


def refuse(*_):
    raise PermissionError(13, "Permission denied")


def test_files_are_durable_where_folders_cannot_be_opened(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        patch.setattr(os, "name", "nt")
        write_durably(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


def test_processes_are_known_and_ended_without_proc_and_sessions(monkeypatch, no_proc):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    name = processes.process_name(process.pid)
    assert not processes.is_gone(name)
    assert float(name.rpartition(":")[2]) > 0
    monkeypatch.delattr(os, "killpg")
    processes.kill_session(process)
    assert processes.is_gone(name)


def test_rows_are_read_without_preadv(monkeypatch, tmp_path):
    (path := tmp_path / "rows").write_bytes(np.arange(12.0).tobytes())
    rows = RowFile(path, 24 * np.arange(4), 24).column(np.dtype(np.float64), 3)
    monkeypatch.delattr(os, "preadv")
    np.testing.assert_array_equal(rows[np.array([3, 0, 1])], [[9, 10, 11], [0, 1, 2], [3, 4, 5]])


def test_a_chapter_is_waited_for_on_windows(monkeypatch):
    called = []

    def run(command, **_):
        called.append(command)
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(series, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(series.subprocess, "run", run)
    assert here("series", "1").returncode == 3
    assert any(word.endswith("01_perceptron.py") for word in called[0])
