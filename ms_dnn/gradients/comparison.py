"""What a comparison of gradients found, as plain immutable data; :mod:`ms_dnn.gradients.compare` makes it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal

SCHEMA_VERSION = 1


class Verdict(str, Enum):
    """PASS: all routes agree. FAIL: one that trains is wrong. INCONCLUSIVE: this run cannot tell."""

    PASS = "PASS"  # noqa: S105 (a verdict, no password)
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Pair:
    """Two routes and how far they may lie apart.

    Attributes:
        first: name of a route.
        second: name of another.
        tolerance: largest difference of a right pair, relative to the larger of the two, a tensor at a time.
        rounding: the same relative to the scale of the terms that a gradient is summed from, because a sum that
            cancels has no digits of its own (:mod:`ms_dnn.gradients.rounding`).
    """

    first: str
    second: str
    tolerance: float
    rounding: float


@dataclass(frozen=True)
class PairResult:
    """One pair of routes on one tensor.

    Attributes:
        first: name of a route.
        second: name of another.
        elements: how many elements both routes know.
        relative_error: max |a − b| / max(max |a|, max |b|) over these; 0 where both are zero.
        tolerance: what was allowed, in the same unit: the pair's, raised to what rounding and the routes' own
            error estimates make unavoidable.
        within: whether no element lies outside of what is allowed.
        decisive: False when so much had to be allowed that agreement says nothing.
        worst: index of the element that lies farthest apart, relative to what is allowed there.
    """

    first: str
    second: str
    elements: int
    relative_error: float
    tolerance: float
    within: bool
    decisive: bool
    worst: tuple[int, ...]


@dataclass(frozen=True)
class TensorComparison:
    """One parameter.

    Attributes:
        name: its name in the network.
        shape: its shape.
        elements: how many of its elements the sampled routes were asked for.
        unsettled: for each route the asked elements that it could not differentiate (a kink).
        largest: for each route the largest |gradient| that it found.
        pairs: the results, in the order of :attr:`Comparison.pairs`; a pair without common elements is missing.
    """

    name: str
    shape: tuple[int, ...]
    elements: int
    unsettled: dict[str, int]
    largest: dict[str, float]
    pairs: tuple[PairResult, ...]

    @property
    def agrees(self) -> bool:
        """Whether every pair is within its tolerance."""
        return all(pair.within for pair in self.pairs)


@dataclass(frozen=True)
class ForwardAgreement:
    """J by MindSpore's forward and by the independent one in NumPy, compared before any gradient is.

    Attributes:
        mindspore: J of the network, in its precision.
        numpy: J of the NumPy forward, in float64.
        relative_error: |difference| / larger of the two.
        tolerance: what was allowed, in the same unit.
        within: whether they agree; if not, the NumPy witness speaks of another function.
    """

    mindspore: float
    numpy: float
    relative_error: float
    tolerance: float
    within: bool


@dataclass(frozen=True)
class Finding:
    """Something that no relative error shows.

    Attributes:
        kind: what it is, e.g. "not finite" or "all-zero gradient".
        severity: an error makes the verdict FAIL, or INCONCLUSIVE where only a witness erred, as a warning does.
        route: the route concerned, or "all".
        parameter: the parameter concerned, or None for all.
        message: one sentence for people.
    """

    kind: str
    severity: Literal["error", "warning"]
    route: str
    parameter: str | None
    message: str


@dataclass(frozen=True)
class Conditions:
    """What was compared: enough to do it again.

    Attributes:
        sizes: n[0], …, n[L].
        activations: one name a layer.
        loss: name of the loss.
        reduction: "mean" or "sum".
        samples: N.
        dtype: of the weights.
        device: where they live.
        seed: of the drawn elements.
        elements: most elements of a parameter that a sampled route was asked for at random.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    reduction: str
    samples: int
    dtype: str
    device: str
    seed: int
    elements: int


@dataclass(frozen=True)
class Comparison:
    """The whole comparison.

    Attributes:
        verdict: what it comes to.
        reason: why, in one sentence.
        blame: the route that is alone against the others, "forward", or None when that cannot be told.
        conditions: what was compared.
        routes: names, in their order.
        pairs: the pairs and their nominal tolerances.
        forward: agreement of the two forward passes.
        tensors: one entry a parameter, in the network's order.
        findings: everything else.
        seconds: how long it took.
    """

    verdict: Verdict
    reason: str
    blame: str | None
    conditions: Conditions
    routes: tuple[str, ...]
    pairs: tuple[Pair, ...]
    forward: ForwardAgreement
    tensors: tuple[TensorComparison, ...]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """Names of the parameters on which some pair disagrees, in the network's order."""
        return tuple(tensor.name for tensor in self.tensors if not tensor.agrees)

    def to_json(self) -> str:
        """Return everything as JSON; a number that is not finite becomes the text "nan", "inf" or "-inf"."""
        document = {"schema": SCHEMA_VERSION, **asdict(self), "disagreeing": self.disagreeing}
        return json.dumps(_finite(document), indent=2, allow_nan=False, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
