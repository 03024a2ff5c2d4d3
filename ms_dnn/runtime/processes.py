"""Worker processes: their output, how they end, and names of theirs that are never used twice."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TextIO

import psutil


def own_output() -> TextIO:
    """Return stdout for this program alone: what MindSpore's C++ side writes to file descriptor 1 goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def with_threads(number: int) -> dict[str, str]:
    """Return this environment for a process whose numerical libraries take so many threads.

    Workers that share the cores would only wait for each other's threads.
    """
    return {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(number))}


def ending(code: int) -> str:
    """Return how a process ended, of its return code: "SIGABRT" or "exit code 1"."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def kill_session(process: "subprocess.Popen[str]") -> None:
    """Kill a process that leads a session, and its children, wait for it and close its pipes."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows, which has no sessions
            process.kill()
    process.wait()
    close_pipes(process)


def close_pipes(process: "subprocess.Popen[str]") -> None:
    """Close the pipes to stdin and from stdout of a process that has ended."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def process_name(pid: int) -> str:
    """Return host, process id and, where the system tells, the time of its start."""
    return f"{socket.gethostname()}:{pid}:{_start_of(pid) or ''}"


def is_gone(name: str) -> bool:
    """Whether the process of this name has ended. Of another host's processes nothing is known: False."""
    host, pid, start = name.rsplit(":", 2)
    return host == socket.gethostname() and _start_of(int(pid)) != start


def _start_of(pid: int) -> str | None:
    """Return when a process started, as the system counts; "" where it does not tell; None when the process is gone."""
    if not Path("/proc/self/stat").exists():
        try:
            return str(psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None
        except psutil.Error:
            return ""
    try:
        # The name in parentheses may hold anything, spaces included.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
