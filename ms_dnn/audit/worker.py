"""A worker process: examines entries that it is told on stdin, and says on stdout what it is at and what it found.

One JSON object a line. In: ``{"name": "nn.ELU", "tasks": [["float64", "PyNative"], …]}``. Out: ``{"ready": true}``
once; then ``{"at": [dtype, mode]}`` before each task and ``{"found": [outcome, …], "script": text}`` after it; and
``{"done": name}``. Whoever reads knows from this which task a crash or a hang belongs to.

    python -m ms_dnn.audit.worker ms_dnn.audit.catalogue
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from typing import Any, TextIO


def main() -> None:
    """Serve until stdin ends."""
    # MindSpore's C++ side writes to file descriptor 1 as it likes: keep a copy for ourselves and turn 1 into stderr.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from ms_dnn.runtime.device import use_device

    use_device("CPU")
    entries = {entry.name: entry for entry in import_module(sys.argv[1]).ENTRIES}
    _say(out, {"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        _examine(out, entries[order["name"]], order["tasks"])
        _say(out, {"done": order["name"]})


def _examine(out: TextIO, entry: Any, tasks: list[list[str]]) -> None:
    from ms_dnn.audit.examination import Examination, Examined
    from ms_dnn.audit.findings import AUDIT_ERROR, Outcome

    examination = Examination(entry)
    for dtype, mode in tasks:
        _say(out, {"at": [dtype, mode]})
        try:
            found = examination.examine(dtype, mode)
        except Exception as error:  # noqa: BLE001 - MindSpore's refusals are caught below: the entry itself is broken
            why = f"{type(error).__name__}: {str(error).strip()[:300]}"
            found = [Examined(Outcome(dtype, mode, "", "output", AUDIT_ERROR, why))]
        script = next((examined.script for examined in found if examined.script), "")
        _say(out, {"found": [asdict(examined.outcome) for examined in found], "script": script})


def _say(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
