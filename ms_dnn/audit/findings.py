"""What an audit found, as plain data: no MindSpore, no NumPy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ms_dnn.presentation.document import Block, Shown
from ms_dnn.presentation.notation import counted

SCHEMA = 1

RIGHT = "RIGHT"
CONVENTION = "CONVENTION"
UNJUDGED = "UNJUDGED"
UNSUPPORTED = "UNSUPPORTED"
NO_GRADIENT = "NO GRADIENT"
"""The forward works, the gradient (or its gradient) is refused with an error."""
IMPRECISE_FORWARD = "IMPRECISE FORWARD"
IMPRECISE_GRADIENT = "IMPRECISE GRADIENT"
IMPRECISE_UPDATE = "IMPRECISE UPDATE"
WRONG_FORWARD = "WRONG FORWARD"
WRONG_GRADIENT = "WRONG GRADIENT"
WRONG_UPDATE = "WRONG UPDATE"
STALE_FORWARD = "STALE FORWARD"
STALE_GRADIENT = "STALE GRADIENT"
"""Right in a fresh process, wrong after an earlier call in it, mostly one at another shape."""
HANG = "HANG"
CRASH = "CRASH"
AUDIT_ERROR = "AUDIT ERROR"
"""The entry itself is broken: its formula or its source text raises."""
MARKS = {
    RIGHT: "✓",
    CONVENTION: "∠",
    UNJUDGED: "?",
    UNSUPPORTED: "–",
    NO_GRADIENT: "f–",
    IMPRECISE_FORWARD: "~f",
    IMPRECISE_GRADIENT: "~g",
    IMPRECISE_UPDATE: "~u",
    STALE_FORWARD: "✗s",
    STALE_GRADIENT: "✗s",
    WRONG_FORWARD: "✗f",
    WRONG_GRADIENT: "✗g",
    WRONG_UPDATE: "✗u",
    HANG: "hang",
    CRASH: "crash",
    AUDIT_ERROR: "error",
}
"""How tables write the verdicts; from best to worst."""
SEVERITY = tuple(MARKS)
FAULTS = SEVERITY[SEVERITY.index(STALE_FORWARD) :]
"""What makes an API WRONG, and the exit code 1."""


@dataclass(frozen=True)
class Outcome:
    """The verdict on one tensor in one dtype, mode and case.

    Attributes:
        mode: "PyNative" or "compiled".
        case: label of the case, and what was done before it in the process, if anything; "" where the verdict speaks
            of all.
        tensor: "output", or the input or parameter whose gradient was judged.
        verdict: one of :data:`SEVERITY`.
        detail: one sentence with the figures; "" when RIGHT.
        units: largest error in rounding units of the dtype, conditioning included; None where nothing was measured.
    """

    dtype: str
    mode: str
    case: str
    tensor: str
    verdict: str
    detail: str = ""
    units: float | None = None


def without_repeats(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return the outcomes without the stale ones of tensors that are wrong in a fresh process, too."""
    wrong = {(o.dtype, o.mode, o.tensor) for o in outcomes if o.verdict.startswith("WRONG")}
    stale = (STALE_FORWARD, STALE_GRADIENT)
    return tuple(o for o in outcomes if o.verdict not in stale or (o.dtype, o.mode, o.tensor) not in wrong)


@dataclass(frozen=True)
class ApiFinding:
    """All outcomes of one API.

    Attributes:
        known: the catalogue's explanation of what is wrong.
        outcomes: in the order of examination.
        script: source that reproduces the worst finding with MindSpore and NumPy alone; "" when nothing is WRONG.
    """

    name: str
    family: str
    call: str
    known: str
    outcomes: tuple[Outcome, ...]
    script: str = ""

    def mark(self, dtype: str, mode: str) -> str:
        """Return the mark of the worst verdict in one dtype and mode; "·" where it was not asked."""
        verdicts = [o.verdict for o in self.outcomes if (o.dtype, o.mode) == (dtype, mode)]
        judged = [verdict for verdict in verdicts if verdict != UNSUPPORTED] or verdicts
        return MARKS[max(judged, key=SEVERITY.index)] if judged else "·"

    @property
    def verdict(self) -> str:
        """The worst verdict. Refused dtypes do not count where another dtype was judged."""
        verdicts = [o.verdict for o in self.outcomes] or [UNJUDGED]
        judged = [verdict for verdict in verdicts if verdict not in (UNSUPPORTED, UNJUDGED)]
        return max(judged or verdicts, key=SEVERITY.index)

    @property
    def faulty(self) -> bool:
        """Whether anything is WRONG, crashes or hangs."""
        return self.verdict in FAULTS


@dataclass(frozen=True, repr=False)
class Audit(Shown):
    """One run over the catalogue or a part of it.

    Attributes:
        environment: MindSpore's, NumPy's and Python's version, device, machine.
        findings: one for each API, in the catalogue's order.
    """

    environment: dict[str, str]
    findings: tuple[ApiFinding, ...]
    seconds: float = field(default=0.0, compare=False)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())
        return f"Audit({counted(len(self.findings), 'API')}: {counts})"

    def blocks(self) -> Sequence[Block]:
        """Return what ``ms-dnn audit`` prints."""
        from ms_dnn.audit.table import audit_report

        return audit_report(self)

    @property
    def counts(self) -> dict[str, int]:
        """Number of APIs by verdict, from best to worst."""
        found = Counter(finding.verdict for finding in self.findings)
        return {verdict: found[verdict] for verdict in SEVERITY if found[verdict]}

    @property
    def faulty(self) -> bool:
        """Whether any API is WRONG, crashes or hangs."""
        return any(finding.faulty for finding in self.findings)

    def to_json(self) -> str:
        """Return the whole audit; ``schema`` is raised whenever a key changes its meaning."""
        document: dict[str, Any] = {"schema": SCHEMA, "counts": self.counts, "wrong": self.faulty}
        document |= asdict(self)
        for finding, written in zip(self.findings, document["findings"], strict=True):
            written["verdict"] = finding.verdict
        return json.dumps(document, indent=2, ensure_ascii=False)
