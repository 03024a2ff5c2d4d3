"""The audit's worker processes: one crash or hang costs one task, never the audit.

Each worker is a process of its own (:mod:`ms_dnn.audit.worker`), fed one entry at a time by a thread. When the child
that examines it dies, the task that it had announced is recorded as CRASH and the rest of the entry is ordered again;
when the worker does not respond in time it is HANG, and a new worker is started.
"""

from __future__ import annotations

import contextlib
import json
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_all_start_methods
from typing import Any

from ms_dnn.audit.entry import HISTORIES, Entry
from ms_dnn.audit.findings import CRASH, HANG, ApiFinding, Audit, Outcome, without_repeats
from ms_dnn.errors import WorkerError
from ms_dnn.runtime.environment import describe_environment
from ms_dnn.runtime.processes import ending, kill_session, with_threads

TIME_LIMIT = 60.0
"""Seconds that one dtype and mode of an entry may take; the usual is a tenth of one."""
START_LIMIT = 120.0
"""Seconds until a new worker must be ready: MindSpore's import on a busy machine."""
CATALOGUE = "ms_dnn.audit.catalogue"

Progress = Callable[[ApiFinding], None]


def audit_entries(
    entries: Sequence[Entry],
    *,
    jobs: int = 2,
    time_limit: float = TIME_LIMIT,
    catalogue: str = CATALOGUE,
    progress: Progress | None = None,
) -> Audit:
    """Examine entries in so many worker processes, which look their names up in the ``ENTRIES`` of the catalogue.

    One dtype and mode of an entry may take ``time_limit`` seconds. ``progress`` is called with each finding as it
    comes, from any thread.
    """
    if "fork" not in get_all_start_methods():
        raise WorkerError(
            f"audit: got {platform.system()}, which cannot fork, expected Linux or macOS, where what crashes MindSpore "
            "ends a fork and not the audit: run it there, or in a container"
        )
    began = time.monotonic()
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()

    def examine(entry: Entry) -> ApiFinding:
        worker = idle.get()
        try:
            finding = worker.examine(entry)
        finally:
            idle.put(worker)
        if progress is not None:
            progress(finding)
        return finding

    with contextlib.ExitStack() as ending_workers:
        # Workers that die leave their modules behind: they get a folder that goes with the audit.
        folder = ending_workers.enter_context(tempfile.TemporaryDirectory(prefix="ms-dnn-audit-"))
        for _ in range(jobs):
            idle.put(ending_workers.enter_context(contextlib.closing(_Worker(catalogue, time_limit, folder))))
        pool = ending_workers.enter_context(ThreadPoolExecutor(max_workers=jobs))
        findings = tuple(pool.map(examine, entries))
    return Audit(environment(), findings, time.monotonic() - began)


def environment() -> dict[str, str]:
    """Return the versions that the result depends on, without importing MindSpore."""
    found = describe_environment("mindspore", "numpy")
    names = {"MindSpore": "mindspore", "NumPy": "numpy", "Python": "python"}
    return {**{name: found[key] for name, key in names.items()}, "device": "CPU", "machine": found["machine"]}


class _Worker:
    """A process that is started when it is needed, and again after it died."""

    def __init__(self, catalogue: str, time_limit: float, folder: str) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._time_limit = time_limit
        self._process: subprocess.Popen[str] | None = None
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def examine(self, entry: Entry) -> ApiFinding:
        """Examine one entry, with as many processes as it takes."""
        left = entry.tasks()
        outcomes: list[Outcome] = []
        script = ""
        while left:
            self._start()
            self._order({"name": entry.name, "tasks": left})
            while left:
                message = self._next(self._time_limit)
                if isinstance(message, Outcome):
                    dtype, mode = left.pop(0)
                    history = mode if mode in HISTORIES else ""
                    mode = "PyNative" if history else mode
                    outcomes.append(Outcome(dtype, mode, history, "output", message.verdict, message.detail))
                    break
                if "found" in message:
                    left.pop(0)
                    outcomes += [Outcome(**found) for found in message["found"]]
                    script = script or message["script"]
            else:
                self._next(self._time_limit)  # done
        return ApiFinding(entry.name, entry.family, entry.call, entry.known, without_repeats(outcomes), script)

    def _start(self) -> None:
        if self._process is not None:
            return
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "ms_dnn.audit.worker", self._catalogue],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # A session, and so a group, of its own, so that a child that hangs is killed with its parent.
            start_new_session=True,
            env={**with_threads(1), "TMPDIR": self._folder, "MS_OM_PATH": self._folder},
        )
        self._process = process
        messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._messages = messages

        def listen() -> None:
            if process.stdout is not None:
                for line in process.stdout:
                    messages.put(json.loads(line))
            messages.put(None)

        threading.Thread(target=listen, daemon=True).start()
        ready = self._next(START_LIMIT)
        if isinstance(ready, Outcome):
            raise RuntimeError(f"the audit's worker did not start ({ready.detail}): python -m ms_dnn.audit.worker")

    def _order(self, order: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the audit's worker ended before it was given a task")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _next(self, limit: float) -> dict[str, Any] | Outcome:
        """Return the next message; or the end of the process as an outcome without place."""
        try:
            message = self._messages.get(timeout=limit)
        except queue.Empty:
            self.close()
            return Outcome("", "", "", "", HANG, f"no response within {limit:g} s")
        if message is not None and "died" in message:
            return Outcome("", "", "", "", CRASH, f"the process ended with {message['died']}")
        if message is not None:
            return message
        code = self._process.wait() if self._process is not None else 0
        self.close()
        return Outcome("", "", "", "", CRASH, f"the process ended with {ending(code)}")

    def close(self) -> None:
        """End the process, and the child that it may have."""
        process, self._process = self._process, None
        if process is not None:
            kill_session(process)
