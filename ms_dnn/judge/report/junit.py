"""A judgement as JUnit XML, which CI systems read: one test a tensor, one of the forward passes, one of findings.

What fails here and what the judge calls FAIL are the same: where the verdict is FAIL, every tensor that differs is a
failure; where it is INCONCLUSIVE, the same is skipped, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

from ms_dnn.judge.report.agreement import describe_element, describe_kink, describe_pair, describe_part
from ms_dnn.presentation.notation import counted, plain

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement, TensorJudgement

Outcome = Literal["failure", "error", "skipped"]
SUITE = "gradients"


@dataclass(frozen=True)
class _Case:
    """One test: the group that it is in, its name, and how it ended unless it passed."""

    group: str
    name: str
    outcome: Outcome | None = None
    kind: str = ""
    message: str = ""
    details: str = ""


def junit_xml(judgement: Judgement) -> str:
    """Return the judgement as one ``testsuites`` element with one ``testsuite``, in the schema of Jenkins and GitLab.

    Failures and errors are there if and only if the verdict is FAIL; skipped tests and none of those if and only if
    it is INCONCLUSIVE. A route that stopped with an exception is an error, all else a failure.
    """
    cases = _agreeing_with_the_verdict(
        [_forward(judgement), *(_tensor(judgement, tensor) for tensor in judgement.tensors), _findings(judgement)],
        judgement,
    )
    counts = {"tests": str(len(cases))}
    for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[attribute] = str(sum(case.outcome == outcome for case in cases))
    seconds = f"{judgement.seconds:.3f}"
    suites = ElementTree.Element("testsuites", {"name": SUITE, **counts, "time": seconds})
    name = plain(judgement.conditions.subject)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": name, **counts, "time": seconds})
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in _properties(judgement).items():
        ElementTree.SubElement(properties, "property", {"name": plain(key), "value": plain(value)})
    for case in cases:
        _append(suite, case)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True).decode() + "\n"


def _append(suite: ElementTree.Element, case: _Case) -> None:
    test = ElementTree.SubElement(suite, "testcase", {"classname": f"{SUITE}.{case.group}", "name": plain(case.name)})
    if case.outcome is None:
        return
    attributes = {"message": plain(case.message)}
    if case.outcome != "skipped":  # the schema knows no type there
        attributes["type"] = plain(case.kind)
    ended = ElementTree.SubElement(test, case.outcome, attributes)
    ended.text = "\n".join(plain(line) for line in case.details.splitlines())


def _properties(judgement: Judgement) -> dict[str, object]:
    conditions = judgement.conditions
    return {
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "blame": judgement.blame or "nobody",
        "routes": ", ".join(judgement.routes),
        "dtype": conditions.dtype,
        "device": conditions.device,
        "precision": conditions.precision,
        "seed": conditions.seed,
        "directions": conditions.directions,
        "point": conditions.point,
        **judgement.environment,
    }


def _failed(judgement: Judgement) -> Outcome:
    return "failure" if judgement.verdict.value == "FAIL" else "skipped"


def _forward(judgement: Judgement) -> _Case:
    forward = judgement.forward
    if forward.within:
        return _Case("judgement", "forward")
    message = forward.describe()
    details = "\n".join(f"J = {value!r} by {name}" for name, value in forward.values.items())
    return _Case("judgement", "forward", _failed(judgement), "forward passes differ", message, details)


def _tensor(judgement: Judgement, tensor: TensorJudgement) -> _Case:
    group = f"{tensor.kind}s"
    if not tensor.agrees:
        outside = [pair for pair in tensor.pairs if not pair.within]
        message = f"{tensor.name}: {counted(len(outside), 'pair')} of routes differ: {describe_pair(outside[0])}"
        return _Case(group, tensor.name, _failed(judgement), "gradients differ", message, _details(tensor))
    if judgement.relation_on(tensor) == "undecided":
        message = f"{tensor.name}: this run cannot tell"
        return _Case(group, tensor.name, "skipped", "", message, _details(tensor))
    return _Case(group, tensor.name)


def _details(tensor: TensorJudgement) -> str:
    lines = [describe_pair(pair) for pair in tensor.pairs if pair.relation != "agree"]
    if tensor.wrong:
        lines.append(f"{counted(tensor.wrong, 'element')} wrong, the worst of them:")
    lines += map(describe_element, tensor.wrong_elements)
    lines += [f"on a kink: {describe_kink(line)}" for line in tensor.kinks]
    return "\n".join(lines)


def _findings(judgement: Judgement) -> _Case:
    found = [finding for finding in judgement.gravest_first if finding.severity != "note"]
    faulty = [f"{part.part} {part.tensor}: {describe_part(part)}" for part in judgement.faulty]
    if not found and not faulty:
        return _Case("judgement", "findings")
    details = "\n".join([f"{one.severity}: {one.kind}: {plain(one.message)}" for one in found] + faulty)
    message = found[0].message if found else faulty[0]
    outcome = _failed(judgement)
    if outcome == "failure" and found and found[0].kind == "stopped":
        outcome = "error"
    return _Case("judgement", "findings", outcome, found[0].kind if found else "faulty part", message, details)


def _agreeing_with_the_verdict(cases: list[_Case], judgement: Judgement) -> list[_Case]:
    """Return the tests with the reason of the verdict as the end of the last one, if no test says as much."""
    verdict = judgement.verdict.value
    *others, last = cases
    if verdict == "PASS":
        return [_Case(case.group, case.name) for case in cases]
    wanted: tuple[Outcome, ...] = ("failure", "error") if verdict == "FAIL" else ("skipped",)
    if any(case.outcome in wanted for case in cases):
        return cases
    return [*others, _Case(last.group, last.name, _failed(judgement), verdict, judgement.reason, last.details)]
