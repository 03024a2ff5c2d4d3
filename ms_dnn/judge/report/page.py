"""A judgement as one HTML file that needs nothing else: no script, no network, pictures inside."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ms_dnn.judge.report.agreement import (
    LEGEND,
    MARKS,
    SEVERITY_MARKS,
    VERDICT_MARKS,
    blame_matrix,
    describe_forward,
    describe_kink,
    describe_part,
    gravest_first,
    kinks,
    letters,
    relation,
    relation_on,
    worst_pair,
)
from ms_dnn.judge.report.figures import heat_map, remainder_pictures
from ms_dnn.presentation.notation import counted, html_text, index_text, plain, shape_text, size_text, value_text
from ms_dnn.presentation.page import definitions, html_page, scrolling, section, table_head

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement, PairResult

MOST_LINES = 24
"""Findings, faulty parts and kinks that are open at once."""
OPTION_NAMES = {"overrides": "set"}
"""What the command line calls a setting by another name."""
JUDGEMENT_STYLE = """
.agree { color: var(--pass); } .differ { color: var(--fail); font-weight: 600; }
.undecided { color: var(--unsure); } .apart { color: var(--quiet); }
.matrix td, .matrix thead th + th { text-align: center; min-width: 3.4rem; padding-right: .4rem;
  padding-left: .4rem; }
.matrix .blamed > th { color: var(--fail); }
.heat .undecided { background: repeating-linear-gradient(45deg, #ece9e2 0 6px, #dcd8cf 6px 12px); color: #2b2820; }
svg .floor { fill: var(--quiet); opacity: .2; }
svg .law { fill: none; stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 1.5 3.5; stroke-linecap: round; }
svg .limit { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 6 4; }
svg .other { fill: none; stroke: var(--route0); stroke-width: 1; opacity: .55; }
svg .duel { stroke-dasharray: 5 2 1 2; }
""".strip()
"""What the report adds to the style sheet of all pages."""
HOW_TO_READ = (
    "Along a line v through each tensor, the difference quotient D(h) of the cost is compared with what a gradient g "
    "says of it, g·v: if g is right, the remainder |D(h) − g·v| falls with h² down to the grey floor of rounding, and "
    "if g is wrong, it levels off at the error. Several routes to the same gradient are compared in pairs, and a route "
    "that differs from all others while they agree is the one to blame. No tolerance was chosen: what is allowed "
    "follows from the rounding of the numbers and from how far the difference quotients converged, and where that says "
    "too little, the verdict is INCONCLUSIVE and no pass."
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


def _said(lines: Sequence[tuple[str, str, str]]) -> str:
    """Return a list of (style, what comes first, sentence)."""
    items = "".join(
        f'<li class="{style}"><strong>{html_text(start)}</strong> {html_text(rest)}</li>'
        for style, start, rest in lines
    )
    return f'<ul class="said">{items}</ul>'


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
        lines.append(("error", "✗ forward passes", describe_forward(judgement.forward)))
    lines += [
        (finding.severity, f"{SEVERITY_MARKS[finding.severity]} {finding.kind}", finding.message)
        for finding in gravest_first(judgement)
    ]
    lines += [
        ("warning", f"~ kink in {tensor.name}", describe_kink(line))
        for tensor in judgement.tensors
        for line in kinks(tensor)
    ]
    wrong = _wrong_elements(judgement)
    if not lines and not wrong:
        return ""
    titles = {"PASS": "What was noticed", "FAIL": "What is wrong", "INCONCLUSIVE": "What is in the way"}
    said = _said(lines[:MOST_LINES]) if lines else ""
    if len(lines) > MOST_LINES:
        summary = f"<summary>{len(lines) - MOST_LINES} more like these</summary>"
        said += f"<details>{summary}{_said(lines[MOST_LINES:])}</details>"
    return section(titles[judgement.verdict.value], said + wrong)


def _wrong_elements(judgement: Judgement) -> str:
    rows = []
    for tensor in judgement.tensors:
        for one in tensor.wrong_elements:
            cells = (value_text(one.got), value_text(one.expected), size_text(abs(one.got - one.expected)))
            numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
            where = f'<th scope="row">{html_text(tensor.name)}</th><td>{index_text(one.index)}</td>'
            rows.append(f"<tr>{where}{numbers}</tr>")
    if not rows:
        return ""
    counts = ", ".join(f"{tensor.wrong} in {tensor.name}" for tensor in judgement.tensors if tensor.wrong)
    head = table_head(["tensor", "element", "#got", "#expected", "#apart"])
    caption = f"Wrong elements, the worst of each tensor ({counts})"
    return scrolling(f"<table>{head}<tbody>{''.join(rows)}</tbody></table>", caption)


def _sensitivity(judgement: Judgement) -> str:
    if not judgement.tensors:
        return ""
    rows = []
    for tensor in judgement.tensors:
        kind, found = relation_on(judgement, tensor), tensor.sensitivity
        caught = ["–", "–", "–"]
        if found is not None:
            caught = [f"≥ {size_text(found.absolute)}", size_text(found.relative), found.by]
        largest = max(tensor.largest.values(), default=0.0)
        rows.append(
            f'<tr><th scope="row"><span class="{kind}">{MARKS[kind]}</span> {html_text(tensor.name)}</th>'
            f"<td>{shape_text(tensor.shape)}</td>"
            f'<td class="number">{caught[0]}</td><td class="number">{caught[1]}</td><td>{html_text(caught[2])}</td>'
            f"{_worst(worst_pair(tensor, 'elements'))}{_worst(worst_pair(tensor, 'directions'))}"
            f'<td class="number">{size_text(largest)}</td></tr>'
        )
    names = ["tensor", "shape", "#would catch", "#of the largest", "by", "elements: worst error / allowed"]
    head = table_head([*names, "slopes: worst error / allowed", "#largest |g|"])
    caption = "The smallest error of one single element that this run would have caught, and the worst that it found"
    table = f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"
    return section("What would have been caught", _bluntest(judgement) + scrolling(table, caption))


def _bluntest(judgement: Judgement) -> str:
    known = [(tensor.sensitivity.relative, tensor) for tensor in judgement.tensors if tensor.sensitivity]
    if len(known) < len(judgement.tensors):
        return ""
    relative, tensor = max(known, key=lambda one: one[0])
    return (
        f"<p>One single element that is wrong by {size_text(relative)} of the largest would have been caught in any of "
        f"the {counted(len(known), 'tensor')}; {html_text(tensor.name)} hides the most.</p>"
    )


def _worst(pair: PairResult | None) -> str:
    if pair is None:
        return '<td class="apart">·</td>'
    kind = relation(pair)
    sizes = f"{MARKS[kind]} {size_text(pair.relative_error)} / {size_text(pair.tolerance)}"
    return f'<td class="{kind}" title="{html_text(pair.first)} and {html_text(pair.second)}">{sizes}</td>'


def _agreement(judgement: Judgement) -> str:
    if len(judgement.routes) < 2:
        return ""
    short, cells = letters(judgement), blame_matrix(judgement)
    head = table_head(["route", *(short[route] for route in judgement.routes)])
    rows = []
    for first in judgement.routes:
        row = ""
        for second in judgement.routes:
            cell = cells.get((first, second))
            row += f'<td class="{cell.relation}">{cell.text}</td>' if cell else '<td class="apart">╲</td>'
        style = ' class="blamed"' if first == judgement.blame else ""
        rows.append(f'<tr{style}><th scope="row">{short[first]}&ensp;{html_text(first)}</th>{row}</tr>')
    matrix = f'<table class="matrix">{head}<tbody>{"".join(rows)}</tbody></table>'
    legend = f"{LEGEND}; with the number of tensors unless it is all of them"
    forward = describe_forward(judgement.forward)
    sentence = f"<p>{html_text(forward)}.</p>" if judgement.forward.within and forward else ""
    parts = [sentence, scrolling(matrix, legend)]
    if judgement.pairs:
        caption = (
            "log₁₀(error / allowed) over tensors and pairs: below 0 within what rounding allows, above 0 beyond it"
        )
        parts.append(scrolling(heat_map(judgement), caption))
    return section("Who agrees with whom", "".join(parts))


def _conditions(judgement: Judgement) -> str:
    conditions = judgement.conditions
    facts: dict[str, object] = {
        "judged": conditions.subject,
        "numbers": f"{conditions.dtype} on {conditions.device}, differences in {conditions.precision}",
        "seed": conditions.seed,
        "random lines": f"{conditions.directions} in each tensor",
        "point": f"SHA-256 {conditions.point}",
        **judgement.environment,
    }
    command = replay_command(judgement.replay)
    again = "<p>How to judge this again was not recorded: it was called from Python.</p>"
    if command:
        again = f"<p>The same judgement again:</p><pre><code>{html_text(command)}</code></pre>"
    return section("Conditions", definitions([*facts.items()]) + again)
