"""The sections of the bench, each a task on one point that answers plain data: tasks run in processes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradient_checkers.ours import COUNTS_FROM, Bench, Changed, ChangedSlopes, Planted, mutants, shortfall
from gradient_checkers.peers import IN_FLOAT32, IN_FLOAT64, Peers
from gradient_checkers.planted.catalogue import FAULTS
from gradient_checkers.points import Architecture, make_point
from gradient_checkers.second_order import cases_of
from ms_dnn.judge.judgement import Judgement, Verdict
from ms_dnn.judge.routes.base import GradientRoute, Gradients, Route, SlopeRoute, family

Array = NDArray[Any]
Spec = tuple[Architecture, int, str]
"""Architecture, seed and state of a point."""

OURS_64, OURS_32 = "ms-dnn check, float64", "ms-dnn check, float32"
CHECKERS = {"float64": (OURS_64, *IN_FLOAT64), "float32": (OURS_32, *IN_FLOAT32)}
OURS = {"float64": OURS_64, "float32": OURS_32}
BISECTIONS = 14
"""Halvings of the logarithm between the smallest and the largest error that is tried: to 0.1 %."""


@dataclass
class Mutant:
    """One wrong gradient, and who refused it.

    Attributes:
        fault: its name.
        layer: number from 1.
        dtype: the network's.
        point: what it was planted into.
        state: "start" or "trained".
        effect: relative difference from the right gradient.
        refused: the checkers that refuse it.
        killed: those of them that accept the right one.
        verdict: ours.
        nearest: of a miss of ours, how near it came.
        located: whether our judge names exactly the part and tensor.
        expected: the fault's name in the vocabulary, with others that are true; the first may be "".
        spoken: the name that our judge gives; None where the part was not located.
    """

    fault: str
    layer: int
    dtype: str
    point: str
    state: str
    effect: float
    refused: list[str]
    killed: list[str]
    verdict: str
    nearest: str
    located: bool
    expected: list[str]
    spoken: str | None


@dataclass
class Answer:
    """What a task found: mutants, right points and cases, whichever it looked at.

    Attributes:
        mutants: wrong gradients.
        right: for each checker one entry a right point, whether it was refused.
        inconclusive: right points of which our judge cannot tell.
        alarms: what our judge said of each right point that it refused.
        cases: of the other sections.
    """

    mutants: list[Mutant] = field(default_factory=list)
    right: dict[str, list[bool]] = field(default_factory=dict)
    inconclusive: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)


def kills(spec: Spec, number: int, share: int) -> Answer:
    """Plant every ``share``-th fault, another lot at the next architecture, in float64 and in float32."""
    point = make_point(*spec)
    peers, answer = Peers(point), Answer()
    for dtype in CHECKERS:
        bench = Bench(point, dtype)
        alarms = _refused(peers, bench, bench.judge(), answer, str(spec))
        for planted in mutants(bench, number)[(number // 2) % share :: share]:
            found = _mutant(peers, bench, planted, alarms)
            if found is not None:
                answer.mutants.append(found)
    return answer


def false_alarms(spec: Spec, with_peers: bool) -> Answer:
    """Ask ours about a right gradient, without anything kept; and the peers, who take most of the time."""
    point = make_point(*spec)
    answer = Answer()
    for dtype in CHECKERS:
        bench = Bench(point, dtype)
        judgement = bench.judge_afresh()
        if with_peers:
            _refused(Peers(point), bench, judgement, answer, str(spec))
        else:
            _note_right(answer, OURS[dtype], judgement, str(spec))
    return answer


def float32_alarms(spec: Spec) -> Answer:
    """Ask ours about a right gradient in float32."""
    bench, answer = Bench(make_point(*spec), "float32"), Answer()
    _note_right(answer, OURS_32, bench.judge_afresh(), str(spec))
    return answer


def _named_parts(judgement: Judgement) -> dict[tuple[str, str], str]:
    """Return the fault by (part, tensor), as :meth:`PlantedFault.faulty` foretells them."""
    return {
        (part.part, "" if part.part in ("chain", "penalty") else part.tensor): part.fault for part in judgement.faulty
    }


def localisation(spec: Spec, trials: int) -> Answer:
    """Plant one to three faults at once into different parts, and see whether exactly those are named."""
    bench, answer = Bench(make_point(*spec)), Answer()
    generator = np.random.default_rng([spec[1], 13])
    while len(answer.cases) < trials:
        chosen = _some_faults(bench, generator)
        wanted = {fault.faulty(layer) for fault, layer in chosen}
        if len(wanted) < len(chosen) or not _all_matter(bench, chosen):
            continue
        with bench.plant(*chosen):
            judgement = bench.judge()
        got = set(_named_parts(judgement))
        answer.cases.append(
            {"right": got == wanted, "wanted": sorted(wanted), "got": sorted(got), "point": _title(spec),
             "faults": [f"{fault.name} in {layer + 1}" for fault, layer in chosen], "count": len(chosen)}
        )  # fmt: skip
    return answer


def blame(spec: Spec, dtype: str) -> Answer:
    """Corrupt each route in turn: one tensor of it, in three ways."""
    bench, answer = Bench(make_point(*spec), dtype), Answer()
    generator = np.random.default_rng([spec[1], 17])
    for place, route in enumerate(bench.routes):
        for kind in ("sign", "1 %", "element"):
            tensor = str(generator.choice(list(bench.right)))
            errors = {tensor: _error(bench.right[tensor].astype(np.float64), kind, generator)}
            routes = list(bench.routes)
            routes[place] = _corrupted(route, errors)
            judgement = bench.judge(routes)
            answer.cases.append(
                {
                    "right": _is_named(route.name, judgement),
                    "noticed": judgement.verdict is not Verdict.PASS,
                    "route": route.name,
                    "kind": kind,
                    "tensor": tensor,
                    "blame": judgement.blame,
                    "verdict": judgement.verdict.value,
                    "point": f"{dtype} {_title(spec)}",
                }
            )
    return answer


def sensitivity(spec: Spec, dtype: str) -> Answer:
    """For each tensor compare the stated sensitivity with the least error of a drawn element that is found out."""
    bench, answer = Bench(make_point(*spec), dtype), Answer()
    generator = np.random.default_rng([spec[1], 19])
    for tensor in bench.judge().tensors:
        gradient = bench.right[tensor.name]
        at = tuple(int(generator.integers(size)) for size in gradient.shape)
        sign = float(generator.choice([-1.0, 1.0]))
        if tensor.sensitivity is None:
            continue
        stated = tensor.sensitivity.absolute
        found = _threshold(bench, tensor.name, at, sign, stated)
        answer.cases.append(
            {"ratio": stated / found, "stated": stated, "found": found, "relative": tensor.sensitivity.relative,
             "by": tensor.sensitivity.by, "tensor": tensor.name, "dtype": dtype, "point": _title(spec)}
        )  # fmt: skip
    return answer


def second_order(name: str) -> Answer:
    """Ask ours with ``order=2`` and torch's ``gradgradcheck`` about the backward passes of one function."""
    return Answer(cases=cases_of(name))


def _is_named(route: str, judgement: Judgement) -> bool:
    """Tell whether a judgement blames the code of a route, or passes the others and sets that one aside by its name."""
    if judgement.verdict is Verdict.PASS:
        return f"all routes but {route} agree" in judgement.reason
    return judgement.blame == family(route)


# Single steps ------------------------------------------------------------------------------------------------


def _mutant(peers: Peers, bench: Bench, planted: Planted, alarms: Sequence[str]) -> Mutant | None:
    fault, layer = planted
    with bench.plant(planted):
        wrong = bench.wrong()
        if not wrong.effect > COUNTS_FROM:
            return None
        judgement = bench.judge()
        refused = peers.refuse(wrong.supply) if bench.dtype == "float64" else peers.forbid_float32(wrong.supply)
    refused[OURS[bench.dtype]] = judgement.verdict is Verdict.FAIL
    faulty = _named_parts(judgement)
    where = fault.faulty(layer)
    of = bench.point
    return Mutant(
        fault=fault.name,
        layer=layer + 1,
        dtype=bench.dtype,
        point=str(of.architecture),
        state=of.state,
        effect=wrong.effect,
        refused=[name for name, yes in refused.items() if yes],
        killed=[name for name, yes in refused.items() if yes and name not in alarms],
        verdict=judgement.verdict.value,
        nearest="" if judgement.verdict is Verdict.FAIL else shortfall(judgement),
        located=set(faulty) == {where},
        expected=[fault.expected, *fault.also],
        spoken=faulty.get(where),
    )


def _refused(peers: Peers, bench: Bench, judgement: Judgement, answer: Answer, what: str) -> list[str]:
    supply = bench.wrong().supply
    refused = peers.refuse(supply) if bench.dtype == "float64" else peers.forbid_float32(supply)
    for name, yes in refused.items():
        answer.right.setdefault(name, []).append(yes)
    _note_right(answer, OURS[bench.dtype], judgement, f"{bench.dtype} {what}")
    return [name for name, yes in refused.items() if yes] + (
        [OURS[bench.dtype]] if judgement.verdict is Verdict.FAIL else []
    )


def _note_right(answer: Answer, name: str, judgement: Judgement, what: str) -> None:
    answer.right.setdefault(name, []).append(judgement.verdict is Verdict.FAIL)
    if judgement.verdict is Verdict.FAIL:
        answer.alarms.append(f"{what}: {judgement.reason}")
    if judgement.verdict is Verdict.INCONCLUSIVE:
        answer.inconclusive.append(f"{what}: {judgement.reason}")


def _some_faults(bench: Bench, generator: np.random.Generator) -> list[Planted]:
    """Draw one to three faults; one between the layers stays alone, for it shows only where all layers are right."""
    chosen: list[Planted] = []
    for place in generator.permutation(len(FAULTS))[: int(generator.integers(1, 4))]:
        fault, layers = FAULTS[place], bench.places(FAULTS[place])
        if fault.chain and layers:
            return [(fault, 0)]
        if layers:
            chosen.append((fault, int(generator.choice(layers))))
    return chosen


def _all_matter(bench: Bench, chosen: Sequence[Planted]) -> bool:
    """Return whether the gradients would change if any one of the faults were taken out: none hides another."""
    with bench.plant(*chosen):
        together = bench.wrong().supply
    try:
        for number in range(len(chosen)):
            with bench.plant(*chosen[:number], *chosen[number + 1 :]):
                without = bench.wrong().supply
            if not _apart(together(), without()):
                return False
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError):
        return len(chosen) == 1
    return bool(chosen)


def _apart(first: Sequence[Array | None], second: Sequence[Array | None]) -> bool:
    for a, b in zip(first, second, strict=True):
        if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
            return True
        scale = float(max(np.max(np.abs(a)), np.max(np.abs(b))))
        if not np.max(np.abs(a - b)) <= COUNTS_FROM * scale:
            return True
    return False


def _error(gradient: Array, kind: str, generator: np.random.Generator) -> Array:
    if kind == "sign":
        return -2 * gradient
    if kind == "1 %":
        return 0.01 * gradient
    error = np.zeros(gradient.shape)
    error[tuple(int(generator.integers(size)) for size in gradient.shape)] = 0.1 * float(np.max(np.abs(gradient)))
    return error


def _corrupted(route: Route, errors: Gradients) -> Route:
    if isinstance(route, SlopeRoute):
        return ChangedSlopes(route, errors)
    assert isinstance(route, GradientRoute)  # noqa: S101 (there is no third kind)
    return Changed(route, lambda right: {**right, **{name: right[name] + error for name, error in errors.items()}})


def _threshold(bench: Bench, tensor: str, at: tuple[int, ...], sign: float, stated: float) -> float:
    """Return the least error of one element that makes the verdict FAIL, by bisection of its logarithm."""

    def fails(size: float) -> bool:
        error = np.zeros(bench.right[tensor].shape)
        error[at] = sign * size
        return bench.judge([_corrupted(bench.routes[0], {tensor: error}), *bench.routes[1:]]).verdict is Verdict.FAIL

    low, high = stated / 1e2, stated * 1e2
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if fails(middle) else (middle, high)
    return high


def _title(spec: Spec) -> str:
    return f"{spec[0]}, {spec[2]}, seed {spec[1]}"
