"""Judgements made by hand, in no time and without MindSpore."""

import math
from dataclasses import replace

from ms_dnn.judge.judgement import (
    Conditions,
    FaultyPart,
    Finding,
    ForwardAgreement,
    Judgement,
    Line,
    PairResult,
    Sensitivity,
    TensorJudgement,
    Verdict,
    WrongElement,
)

ROUTES = ("handwritten", "grad_operation", "central_differences", "complex_step")
MANY_ROUTES = (
    "handwritten",
    "handwritten (compiled)",
    "grad_operation",
    "grad_operation (float64)",
    "central_differences",
    "complex_step",
)
NASTY = "<script>alert(1)</script>[bold]&\"'\x1b[31m\x00\ud800\u202e"
"""A name that no report may take for markup, nor hand on as it is."""


def line(error=0.0, purpose="random", kind="smooth", witness="central_differences", routes=ROUTES[:2]):
    """f(t) = exp(t) along a line; the first route's slope is off by ``error``."""
    steps = tuple(0.125 * 1.9**-k for k in range(20))
    return Line(
        witness=witness,
        purpose=purpose,
        kind=kind,
        value=1.0,
        error=1e-13,
        left=0.25 if kind == "kink" else 1.0,
        right=1.75 if kind == "kink" else 1.0,
        noise=1e-16,
        steps=steps,
        quotients=tuple(math.sinh(h) / h for h in steps),
        floor=tuple(1e-16 / h for h in steps),
        slopes={route: 1.0 + (error if number == 0 else 1e-15) for number, route in enumerate(routes)},
        allowed=dict.fromkeys(routes, 1e-12),
        length=2.0,
    )


def tensor(name, shape=(6, 4), error=0.0, decisive=True, routes=ROUTES, kind="parameter", **changes):
    """Every pair that the first route is in is off by ``error``."""
    pairs = []
    for number, first in enumerate(routes):
        for second in routes[number + 1 :]:
            elements = "_" not in second or "grad" in second
            found = error if number == 0 else 2.5e-16
            by = "elements" if elements else "directions"
            worst = (0,) * len(shape) if elements else None
            pairs.append(PairResult(first, second, by, found, 5e-12, found <= 5e-12, decisive, worst))
    changes.setdefault("lines", (line(error, routes=routes[:2]), line(error, "duel", routes=routes[:2])))
    changes.setdefault("sensitivity", None if error else Sensitivity(5e-14, 1e-12, " / ".join(routes[:2])))
    return TensorJudgement(name, kind, shape, "float64", dict.fromkeys(routes[:2], 0.05), tuple(pairs), **changes)


def judgement(verdict="PASS", tensors=None, routes=ROUTES, **changes):
    tensors = tensors or tuple(
        tensor(f"layers.{number}.{what}", shape, routes=routes)
        for number in range(3)
        for what, shape in (("weight", (6, 4)), ("bias", (6,)))
    )
    made = Judgement(
        verdict=Verdict(verdict),
        reason=f"all routes agree on all {len(tensors)} parameters",
        blame=None,
        conditions=Conditions("DNN 4-6-6-6 (tanh), 7 samples", "float64", "CPU", "float64", 0, 2, "ab" * 32),
        routes=routes,
        forward=ForwardAgreement({"mindspore": 1.25, "numpy": 1.25}, 1e-16, 1e-12, True),
        tensors=tuple(tensors),
        findings=(),
        faulty=(),
        environment={"python": "3.11.7", "mindspore": "2.10.0"},
        seconds=0.25,
    )
    return replace(made, **changes)


def failing():
    """One weight of three is 32 times too large."""
    elements = tuple(WrongElement((i, 0), 32.0 * i, 1.0 * i) for i in range(1, 6))
    wrong = tensor("layers.1.weight", error=0.97, wrong=24, wrong_elements=elements)
    return judgement(
        "FAIL",
        (tensor("layers.0.weight"), wrong, tensor("layers.2.weight")),
        reason="handwritten is alone against the others: handwritten and grad_operation differ",
        blame="handwritten",
        faulty=(FaultyPart("layer 2", "dW", 0.97, "dW is 32 × too large, 32 is the batch: the 1/N is missing", "1/N"),),
    )


def inconclusive():
    """One tensor sits on a kink, one is zero everywhere."""
    kinked = tensor("layers.0.weight", decisive=False, lines=(line(kind="kink"),), sensitivity=None)
    return judgement(
        "INCONCLUSIVE",
        (kinked, tensor("layers.0.bias")),
        reason="layers.0.weight sits on a kink",
        findings=(
            Finding("note of it", "note", "all", None, "dropout is seeded"),
            Finding("all-zero gradient", "warning", "all", "layers.0.bias", "every route says zero"),
        ),
    )


def nasty():
    """Every text comes from outside, and every number is one that arithmetic cannot be done with."""
    nothing = replace(
        line(), value=math.nan, error=math.inf, slopes={NASTY: math.nan, "b": 1.0}, allowed={NASTY: math.inf}
    )
    silent = replace(line(), steps=(), quotients=(), floor=())
    pairs = (
        PairResult(NASTY, "b", "elements", math.nan, 0.0, False, False, (0, 1)),
        PairResult(NASTY, "c", "directions", math.inf, math.inf, True, False, None),
    )
    tensors = (
        tensor(NASTY, routes=(NASTY, "b", "c"), shape=(), lines=(nothing, silent)),
        replace(tensor("pairs"), pairs=pairs, lines=(silent,), sensitivity=Sensitivity(0.0, math.inf, NASTY)),
        replace(
            tensor("none"), pairs=(), lines=(), largest={}, wrong=1, wrong_elements=(WrongElement((), math.nan, 0.0),)
        ),
    )
    return judgement(
        "FAIL",
        tensors,
        (NASTY, "b", "c"),
        reason=NASTY,
        blame=NASTY,
        conditions=Conditions(NASTY, NASTY, NASTY, NASTY, 0, 2, NASTY),
        forward=ForwardAgreement({NASTY: math.nan, "numpy": 1.0}, math.nan, 0.0, False),
        findings=(Finding(NASTY, "error", NASTY, None, f"{NASTY} of a finding"),),
        faulty=(FaultyPart(NASTY, NASTY, math.inf, NASTY, NASTY),),
        environment={NASTY: NASTY},
        replay={"target": NASTY, "overrides": [f"a={NASTY}"]},
    )
