"""Names of processes that are never used twice, and whether the process of a name is still there."""

import os
import socket
from pathlib import Path


def process_name(pid: int) -> str:
    """Return host, process id and, where the system tells, the time of its start."""
    return f"{socket.gethostname()}:{pid}:{_start_of(pid) or ''}"


def is_gone(name: str) -> bool:
    """Whether the process of this name has ended. Of another host's processes nothing is known: False."""
    host, pid, start = name.rsplit(":", 2)
    return host == socket.gethostname() and _start_of(int(pid)) != start


def _start_of(pid: int) -> str | None:
    """Return when a process started, in the system's ticks; "" where they are not to be had; None when it is gone."""
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return ""
    try:
        # The name in parentheses may hold anything, spaces included.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
