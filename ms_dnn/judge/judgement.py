"""What the judge found, as plain immutable data; :mod:`ms_dnn.judge.judging` makes it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Literal

from ms_dnn.errors import SubjectError
from ms_dnn.judge.routes.base import family
from ms_dnn.presentation.document import Block, Shown
from ms_dnn.presentation.notation import counted, size_text

SCHEMA_VERSION = 2
Relation = Literal["agree", "differ", "undecided", "apart"]
DETOUR, STOP, IN_PLACE = "NumPy detour", "gradient stopped", "in place"
NO_FLOAT64, FLOAT32_INSIDE = "no float64", "float32 inside"
STALE = "stale softmax"
"""Kinds of findings that bear on the verdict."""
APART = -1
"""The part of a tensor that a kink sets apart: it need not be decided."""
SEVERITIES = ("error", "warning", "note")


class Verdict(str, Enum):
    """PASS: all routes agree. FAIL: one that trains is wrong. INCONCLUSIVE: this run cannot tell."""

    PASS = "PASS"  # noqa: S105 (a verdict, no password)
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class PairResult:
    """Two routes on one tensor, compared by "elements", or by "directions" where one knows only derivatives along them.

    Attributes:
        relative_error: of elements: max |a − b| / max(max |a|, max |b|), on a kink what is beyond its jump; of
            directions: max |(a − b)·v| / ‖g‖₂. 0 where both are zero.
        tolerance: what was allowed, in the same unit: what the dtype, the rounding of the terms and the witness's
            own error estimate make unavoidable.
        within: whether nothing lies outside of what is allowed.
        decisive: False when so much had to be allowed that agreement is inconclusive.
        worst: index of the element that lies farthest outside, relative to what is allowed; None of directions.
    """

    first: str
    second: str
    by: Literal["elements", "directions"]
    relative_error: float
    tolerance: float
    within: bool
    decisive: bool
    worst: tuple[int, ...] | None

    @property
    def relation(self) -> Relation:
        """What the pair says of the tensor: it agrees, it differs, or so much was allowed that it is inconclusive."""
        if not self.within:
            return "differ"
        return "agree" if self.decisive else "undecided"

    @property
    def independent(self) -> bool:
        """Whether the two run different code: that a route agrees with itself, compiled, decides nothing."""
        return family(self.first) != family(self.second)

    @property
    def excess(self) -> float:
        """Error / allowed: 0 for no error, ∞ where anything is not a number."""
        if math.isnan(self.relative_error) or math.isnan(self.tolerance):
            return math.inf
        if self.relative_error == 0 or math.isinf(self.tolerance):
            return 0.0
        return self.relative_error / self.tolerance if self.tolerance else math.inf


@dataclass(frozen=True)
class Line:
    """One direction v in one tensor: the directional derivative d/dt J(θ + t v) by a witness, and by the gradients.

    Attributes:
        purpose: "random", random signs ±1; "duel", the direction of the difference of two gradients.
        slopes: g·v of each gradient route.
        allowed: how far g·v of each may lie from the value.
        length: ‖v‖₂.
        part: number of the part of the tensor in which v is not 0.

    The others are those of :class:`ms_dnn.judge.routes.slope.Slope`; a witness without differences has no rungs.
    """

    witness: str
    purpose: Literal["random", "duel"]
    kind: str
    value: float
    error: float
    left: float
    right: float
    noise: float
    steps: tuple[float, ...]
    quotients: tuple[float, ...]
    floor: tuple[float, ...]
    slopes: Mapping[str, float]
    allowed: Mapping[str, float]
    length: float
    part: int = 0


@dataclass(frozen=True)
class Sensitivity:
    """The smallest error of one single element of the judged gradient that this run detects.

    Attributes:
        absolute: in the unit of the gradient.
        relative: the same over the largest |gradient| of the tensor; ∞ where that is 0.
        by: the pair of routes that detects it.
    """

    absolute: float
    relative: float
    by: str


@dataclass(frozen=True)
class WrongElement:
    """An element that the blamed route has wrong: where, what it says, and what it should be."""

    index: tuple[int, ...]
    got: float
    expected: float


@dataclass(frozen=True)
class TensorJudgement:
    """One parameter or input.

    Attributes:
        largest: for each gradient route the largest |gradient| that it found.
        pairs: the results; a pair without common ground is missing.
        lines: the directions in which derivatives were taken.
        sensitivity: the smallest detectable error; None where nothing could be compared.
        wrong: how many elements of the judged route are wrong.
        wrong_elements: the worst of them.
    """

    name: str
    kind: Literal["parameter", "input"]
    shape: tuple[int, ...]
    dtype: str
    largest: Mapping[str, float]
    pairs: tuple[PairResult, ...]
    lines: tuple[Line, ...]
    sensitivity: Sensitivity | None
    wrong: int = 0
    wrong_elements: tuple[WrongElement, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every pair is within its tolerance."""
        return all(pair.within for pair in self.pairs)

    def is_decided(self, judged: str) -> bool:
        """Return whether the judged route was compared to some use with a route of other code."""
        return any(
            pair.decisive and pair.independent and family(judged) in (family(pair.first), family(pair.second))
            for pair in self.pairs
        )

    @property
    def kinks(self) -> tuple[Line, ...]:
        """The lines along which J has a kink at the very point that is judged."""
        return tuple(line for line in self.lines if line.kind == "kink")

    def worst_pair(self, by: str) -> PairResult | None:
        """Return the worst pair of one kind: one that differs before one that agrees, then by the excess."""
        pairs = [pair for pair in self.pairs if pair.by == by]
        return max(pairs, key=lambda pair: (not pair.within, pair.excess), default=None)


@dataclass(frozen=True)
class ForwardAgreement:
    """The same number by several forward passes, compared before any gradient is.

    Attributes:
        values: what each computed, by name; the first is the judged one.
        relative_error: largest difference from the first / largest of all.
        tolerance: what was allowed, in the same unit.
        within: whether they agree; if not, some route speaks of another function.
    """

    values: Mapping[str, float]
    relative_error: float
    tolerance: float
    within: bool

    def describe(self) -> str:
        """Return one sentence: whether the forward passes agree, to what, and on which J."""
        if len(self.values) < 2:
            return ", ".join(f"J = {value:.6g} by {name}" for name, value in self.values.items())
        names, judged = " and ".join(self.values), next(iter(self.values.values()))
        difference = f"{size_text(self.relative_error)} (allowed {size_text(self.tolerance)})"
        if self.within:
            return f"J = {judged:.6g}: the forward passes of {names} agree to {difference}"
        values = ", ".join(f"{value!r} by {name}" for name, value in self.values.items())
        return f"the forward passes differ by {difference}: J is {values}"


@dataclass(frozen=True)
class Finding:
    """Something that no relative error shows.

    Attributes:
        severity: an error makes the verdict FAIL, or INCONCLUSIVE where only a witness erred, as a warning does; a
            note changes nothing.
        route: the route concerned, or "all".
        tensor: the parameter or input concerned, or None for all.
        message: one sentence for people, with the cure where there is one.
    """

    kind: str
    severity: Literal["error", "warning", "note"]
    route: str
    tensor: str | None
    message: str


@dataclass(frozen=True)
class FaultyPart:
    """A part of the hand-written backward pass that is wrong by itself, given correct input.

    Attributes:
        part: "layer 2", "cost", or the name of a Cell.
        tensor: what it computes wrongly: "dx", "dW", "db", "dz" or a name.
        relative_error: against MindSpore's derivative of the same part.
        diagnosis: what the error looks like, in one sentence; "" where it looks like nothing known.
        fault: the name of that in the catalogue of faults; "" where the judge abstains.
    """

    part: str
    tensor: str
    relative_error: float
    diagnosis: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Conditions:
    """What was judged, and how.

    Attributes:
        precision: in which the differences are taken.
        seed: of directions and cotangents.
        directions: random directions in each tensor.
        point: SHA-256 of all parameters and inputs: two runs with the same one judged at the same point.
    """

    subject: str
    dtype: str
    device: str
    precision: str
    seed: int
    directions: int
    point: str


@dataclass(frozen=True, repr=False)
class Judgement(Shown):
    """What the judge found at one point; ``print`` shows the report of the terminal, and PASS alone is true.

    Attributes:
        reason: why the verdict, in one sentence.
        blame: the route that is alone against the others, "forward", or None when that cannot be told.
        routes: names, in their order; the first is the judged one.
        forward: agreement of the forward passes.
        tensors: one entry a parameter or input, in order.
        faulty: the parts of the backward pass that are wrong by themselves.
        environment: versions and machine.
        replay: how to do it again; {} where that is not known.
        seconds: how long it took.
    """

    verdict: Verdict
    reason: str
    blame: str | None
    conditions: Conditions
    routes: tuple[str, ...]
    forward: ForwardAgreement
    tensors: tuple[TensorJudgement, ...]
    findings: tuple[Finding, ...]
    faulty: tuple[FaultyPart, ...]
    environment: Mapping[str, str]
    seconds: float
    replay: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __repr__(self) -> str:
        what = f"{counted(len(self.tensors), 'tensor')}, {counted(len(self.routes), 'route')}"
        return f"Judgement({self.verdict.value}, {what}, {self.reason!r})"

    def blocks(self) -> list[Block]:
        """Return what ``ms-dnn check`` prints."""
        from ms_dnn.judge.report.table import judgement_report

        return judgement_report(self)

    def report(self, form: str = "text") -> str:
        """Return the report as "text", as "html" or "junit", each a whole file, or as "json".

        Raises:
            SubjectError: there is no such form.
        """
        from ms_dnn.judge.report.junit import junit_xml
        from ms_dnn.judge.report.page import html_report

        forms: dict[str, Callable[[Judgement], str]] = {
            "text": str,
            "html": html_report,
            "junit": junit_xml,
            "json": Judgement.to_json,
        }
        if form not in forms:
            raise SubjectError(f"report: got '{form}', expected one of {', '.join(forms)}")
        return forms[form](self)

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """Names of the tensors on which some pair disagrees, in order."""
        return tuple(tensor.name for tensor in self.tensors if not tensor.agrees)

    @property
    def gravest_first(self) -> tuple[Finding, ...]:
        """The findings: errors, then warnings, then notes."""
        return tuple(sorted(self.findings, key=lambda finding: SEVERITIES.index(finding.severity)))

    def relation_on(self, tensor: TensorJudgement) -> Relation:
        """Return what the whole run says of one tensor, findings included."""
        found = {finding.severity for finding in self.findings if finding.tensor == tensor.name}
        if not tensor.agrees or "error" in found:
            return "differ"
        return "agree" if tensor.is_decided(self.routes[0]) and "warning" not in found else "undecided"

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All pairs of routes that were compared on some tensor, in the order of the routes."""
        found = {(pair.first, pair.second) for tensor in self.tensors for pair in tensor.pairs}
        return tuple(
            (first, second)
            for number, first in enumerate(self.routes)
            for second in self.routes[number + 1 :]
            if (first, second) in found
        )

    def to_json(self) -> str:
        """Return everything as JSON; a number that is not finite becomes the text "nan", "inf" or "-inf"."""
        document = {"schema": SCHEMA_VERSION, **asdict(self), "disagreeing": self.disagreeing}
        return json.dumps(_finite(document), indent=2, allow_nan=False, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
