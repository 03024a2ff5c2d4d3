"""A worker process: examines entries that it reads from stdin, and reports on stdout what it does and what it found.

One JSON object a line. In: ``{"name": "nn.ELU", "tasks": [["float64", "PyNative"], …]}``. Out: ``{"ready": true}``
once; then ``{"at": [dtype, mode]}`` before each task and ``{"found": [outcome, …], "script": text}`` after it; and
``{"done": name}``, or ``{"died": "SIGABRT"}`` when the task that was announced last has killed the process that ran it.

The worker imports MindSpore and computes nothing. Each entry is examined in a child that starts from there, and each
of its histories in another: what MindSpore keeps of one shape must not be found again in the judgement of the next.

    python -m ms_dnn.audit.worker ms_dnn.audit.catalogue
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import Any, TextIO

from ms_dnn.runtime.processes import ending, own_output


def main() -> None:
    """Serve until stdin ends."""
    out = own_output()
    from ms_dnn.audit.entry import MODES
    from ms_dnn.audit.examination import Examination
    from ms_dnn.runtime.device import use_device

    use_device("CPU")
    entries = {entry.name: entry for entry in import_module(sys.argv[1]).ENTRIES}
    # MindSpore collects garbage after each graph that it compiles; what the imports made is none.
    gc.freeze()
    _send(out, {"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        examination = Examination(entries[order["name"]])
        together = [task for task in order["tasks"] if task[1] in MODES]
        alone = [[task] for task in order["tasks"] if task[1] not in MODES]
        for tasks in (together, *alone):
            died = _in_child(partial(_examine, out, examination, tasks))
            if died:
                _send(out, {"died": died})
                break
        else:
            _send(out, {"done": order["name"]})


def _in_child(work: Callable[[], None]) -> str:
    """Run the work in a fork of this process; return how it died, "" when it did not."""
    child = get_context("fork").Process(target=work)
    child.start()
    child.join()
    return ending(child.exitcode) if child.exitcode else ""


def _examine(out: TextIO, examination: Any, tasks: list[list[str]]) -> None:
    from ms_dnn.audit.examination import Examined
    from ms_dnn.audit.findings import AUDIT_ERROR, Outcome

    for dtype, mode in tasks:
        _send(out, {"at": [dtype, mode]})
        try:
            found = examination.examine(dtype, mode)
        except Exception as error:  # noqa: BLE001 - MindSpore's refusals are caught below: the entry itself is broken
            why = f"{type(error).__name__}: {str(error).strip()[:300]}"
            found = [Examined(Outcome(dtype, mode, "", "output", AUDIT_ERROR, why))]
        script = next((examined.script for examined in found if examined.script), "")
        _send(out, {"found": [asdict(examined.outcome) for examined in found], "script": script})


def _send(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
