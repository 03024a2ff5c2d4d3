"""A judgement as one HTML file that needs nothing else: no script, no network, pictures inside."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ms_dnn.judge.judgement import Judgement
from ms_dnn.judge.report.agreement import LEGEND, SEVERITY_MARKS, VERDICT_MARKS, describe_kink, describe_part
from ms_dnn.judge.report.figures import heat_map, remainder_pictures
from ms_dnn.judge.report.table import matrix_table, tensor_table
from ms_dnn.presentation.document import Column, Table
from ms_dnn.presentation.notation import counted, html_text, index_text, plain, size_text, value_text
from ms_dnn.presentation.page import definitions, html_page, scrolling, section, statement_list

MOST_LINES = 24
"""Findings, faulty parts and kinks that are open at once."""
OPTION_NAMES = {"overrides": "set"}
"""What the command line calls a setting by another name."""
JUDGEMENT_STYLE = """
.matrix .centred { min-width: 3.4rem; padding-right: .4rem; padding-left: .4rem; }
.heat .differ { font-weight: 600; }
.heat .undecided { background: repeating-linear-gradient(45deg, #ece9e2 0 6px, #dcd8cf 6px 12px); color: #2b2820; }
svg .floor { fill: var(--quiet); opacity: .2; }
svg .law { fill: none; stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 1.5 3.5; stroke-linecap: round; }
svg .limit { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 6 4; }
svg .other { fill: none; stroke: var(--route0); stroke-width: 1; opacity: .55; }
svg .difference { stroke-dasharray: 5 2 1 2; }
svg .curve[stroke-dasharray] { stroke-linecap: butt; }
""".strip()
"""What the report adds to the style sheet of all pages."""
HOW_TO_READ = (
    "Along a direction v in each tensor, the difference quotient D(h) of the cost is compared with g·v, the "
    "directional derivative by a gradient g: if g is correct, the remainder |D(h) − g·v| falls with h² down to the "
    "grey floor of rounding, and if g is wrong, it levels off at the error. Several routes to the same gradient are "
    "compared in pairs, and a route that differs from all others while they agree is the one to blame. No tolerance "
    "was chosen: what is allowed follows from the rounding of the numbers and from how far the difference quotients "
    "converged, and where too much had to be allowed, the verdict is INCONCLUSIVE and not PASS."
)


def html_report(judgement: Judgement) -> str:
    """Return the whole page.

    The same judgement gives the same text. All that came from outside is escaped; the page holds no script and its
    security policy lets it load nothing.
    """
    verdict, subject = judgement.verdict.value, judgement.conditions.subject
    pictures = remainder_pictures(judgement)
    sections = [
        _banner(judgement),
        _what_is_wrong(judgement),
        section("How to read this", f"<p>{html_text(HOW_TO_READ)}</p>"),
        _sensitivity(judgement),
        _agreement(judgement),
        section("Remainder against step", pictures) if pictures else "",
        _conditions(judgement),
    ]
    return html_page(
        f"{verdict}: gradients of {subject}", "Gradients judged by ms-dnn", subject, sections, JUDGEMENT_STYLE
    )


def replay_command(replay: Mapping[str, Any]) -> str:
    """Return the command line that judges the same again, from the settings of ``ms-dnn check``; "" if unknown."""
    if not replay.get("target"):
        return ""
    words = ["ms-dnn", "check", str(replay["target"])]
    for name, setting in replay.items():
        if name == "target" or setting is None:
            continue
        for one in setting if isinstance(setting, (list, tuple)) else [setting]:
            words += [f"--{OPTION_NAMES.get(name, name).replace('_', '-')}", str(one)]
    return shlex.join(words)


def _banner(judgement: Judgement) -> str:
    conditions, verdict = judgement.conditions, judgement.verdict.value
    facts = [f"{conditions.dtype} on {conditions.device}", counted(len(judgement.tensors), "tensor")]
    facts += [counted(len(judgement.routes), "route"), f"{judgement.seconds:.1f} s"]
    if judgement.blame:
        facts.append(f"blamed: {judgement.blame}")
    words = " · ".join(f"<span>{html_text(fact)}</span>" for fact in facts)
    return f"""<section class="banner {verdict}" id="verdict" data-verdict="{verdict}" aria-label="Verdict">
<p class="verdict"><span aria-hidden="true">{VERDICT_MARKS[verdict]}</span> {verdict}</p>
<p>{html_text(_reason(judgement))}</p>
<p class="quiet">{words}</p>
</section>"""


def _reason(judgement: Judgement) -> str:
    """Return the reason as a sentence; a name that it starts with keeps its letters."""
    reason = plain(judgement.reason)
    names = (*judgement.routes, *(tensor.name for tensor in judgement.tensors))
    if not reason.startswith(names):
        reason = reason[:1].upper() + reason[1:]
    return reason if reason.endswith(".") else f"{reason}."


def _what_is_wrong(judgement: Judgement) -> str:
    lines: list[tuple[str, str, str]] = [
        ("error", f"✗ {part.part} {part.tensor}", describe_part(part)) for part in judgement.faulty
    ]
    if not judgement.forward.within:
        lines.append(("error", "✗ forward passes", judgement.forward.describe()))
    lines += [
        (finding.severity, f"{SEVERITY_MARKS[finding.severity]} {finding.kind}", finding.message)
        for finding in judgement.gravest_first
    ]
    lines += [
        ("warning", f"~ kink in {tensor.name}", describe_kink(line))
        for tensor in judgement.tensors
        for line in tensor.kinks
    ]
    wrong = _wrong_elements(judgement)
    if not lines and not wrong:
        return ""
    titles = {"PASS": "What was noticed", "FAIL": "What is wrong", "INCONCLUSIVE": "What is in the way"}
    said = statement_list(lines[:MOST_LINES]) if lines else ""
    if len(lines) > MOST_LINES:
        summary = f"<summary>{len(lines) - MOST_LINES} more like these</summary>"
        said += f"<details>{summary}{statement_list(lines[MOST_LINES:])}</details>"
    return section(titles[judgement.verdict.value], said + wrong)


def _wrong_elements(judgement: Judgement) -> str:
    rows = [
        [
            tensor.name,
            index_text(one.index),
            value_text(one.got),
            value_text(one.expected),
            size_text(abs(one.got - one.expected)),
        ]
        for tensor in judgement.tensors
        for one in tensor.wrong_elements
    ]
    if not rows:
        return ""
    counts = ", ".join(f"{tensor.wrong} in {tensor.name}" for tensor in judgement.tensors if tensor.wrong)
    numbers = [Column(name, "right") for name in ("got", "expected", "difference")]
    table = Table([Column("tensor"), Column("element"), *numbers], rows)
    return scrolling(table.html(), f"Wrong elements, the worst of each tensor ({counts})")


def _sensitivity(judgement: Judgement) -> str:
    if not judgement.tensors:
        return ""
    caption = "The worst errors found, and the smallest error of one single element that this run would have detected"
    table = scrolling(tensor_table(judgement, "full").html(), caption)
    return section("Smallest detectable errors", _least_sensitive(judgement) + table)


def _least_sensitive(judgement: Judgement) -> str:
    known = [(tensor.sensitivity.relative, tensor) for tensor in judgement.tensors if tensor.sensitivity]
    if len(known) < len(judgement.tensors):
        return ""
    relative, tensor = max(known, key=lambda one: one[0])
    return (
        f"<p>A single wrong element would have been detected in each of the {counted(len(known), 'tensor')} if it was "
        f"off by {size_text(relative)} of the largest or more; {html_text(tensor.name)} is the least sensitive.</p>"
    )


def _agreement(judgement: Judgement) -> str:
    if len(judgement.routes) < 2:
        return ""
    forward = judgement.forward.describe()
    sentence = f"<p>{html_text(forward)}.</p>" if judgement.forward.within and forward else ""
    legend = f"{LEGEND}; with the number of tensors unless it is all of them"
    parts = [sentence, scrolling(matrix_table(judgement).html("matrix"), legend)]
    if judgement.pairs:
        caption = (
            "log₁₀(error / allowed) over tensors and pairs: below 0 within what rounding allows, above 0 beyond it"
        )
        parts.append(scrolling(heat_map(judgement), caption))
    return section("Which routes agree", "".join(parts))


def _conditions(judgement: Judgement) -> str:
    conditions = judgement.conditions
    facts: dict[str, object] = {
        "judged": conditions.subject,
        "numbers": f"{conditions.dtype} on {conditions.device}, differences in {conditions.precision}",
        "seed": conditions.seed,
        "random directions": f"{conditions.directions} in each tensor",
        "point": f"SHA-256 {conditions.point}",
        **judgement.environment,
    }
    command = replay_command(judgement.replay)
    again = "<p>How to judge this again was not recorded: it was called from Python.</p>"
    if command:
        again = f"<p>The same judgement again:</p><pre><code>{html_text(command)}</code></pre>"
    return section("Conditions", definitions([*facts.items()]) + again)
