"""Pictures of a judgement as HTML and SVG: the remainder against the step, and the heat map."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ms_dnn.judge.judgement import Judgement, Line, PairResult, TensorJudgement
from ms_dnn.judge.report.agreement import MARKS, TONES, describe_kink, letters
from ms_dnn.presentation.charts import COLOURS, RIGHT, WIDTH, Axes, Point, horizontal, legend, picture, vertical
from ms_dnn.presentation.notation import counted, html_text, shape_text, size_text

MOST_FIGURES = 12
"""Pictures that are open at once; the others are folded away."""
PERIOD = 36.0
"""Length of the dashes of curves that lie over each other, and of their gaps, together."""
LEVELS = (-6.0, -2.0, 0.0, 2.0, 6.0)
"""Of log₁₀(error / allowed), between the six colours of the heat map."""


def _colour_class(judgement: Judgement, route: str) -> str:
    """Return the style of a route, the same in all pictures."""
    return f"route{judgement.routes.index(route) % len(COLOURS)}"


# The remainder against the step ----------------------------------------------------------------------------------


def remainder_pictures(judgement: Judgement) -> str:
    """Return a legend and one picture a tensor, the worst first; "" where no differences were taken."""
    drawn = [tensor for tensor in judgement.tensors if _drawn_lines(tensor)]
    if not drawn:
        return ""
    # Python's sort is stable: tensors that are as bad as each other stay in their order.
    drawn.sort(key=lambda tensor: (tensor.agrees, -max((pair.excess for pair in tensor.pairs), default=0.0)))
    shown, folded = (
        "".join(_figure(judgement, tensor) for tensor in some) for some in (drawn[:MOST_FIGURES], drawn[MOST_FIGURES:])
    )
    body = f'{_legend(judgement, drawn)}<div class="figures">{shown}</div>'
    if folded:
        summary = f"<summary>The other {counted(len(drawn) - MOST_FIGURES, 'tensor')}, which are no worse</summary>"
        body += f'<details>{summary}<div class="figures">{folded}</div></details>'
    without = [tensor.name for tensor in judgement.tensors if tensor not in drawn]
    if without:
        body += f'<p class="quiet">Without differences, and therefore not drawn: {html_text(", ".join(without))}.</p>'
    return body


def _legend(judgement: Judgement, drawn: Sequence[TensorJudgement]) -> str:
    lines = [line for tensor in drawn for line in _drawn_lines(tensor)]
    routes = [route for route in judgement.routes if any(route in line.slopes for line in lines)]
    stroke = '<line class="{}" x1="2" y1="6" x2="28" y2="6"{}/>'
    swatches = [
        (stroke.format(f"curve {_colour_class(judgement, route)}", ' stroke-width="2.4"'), route) for route in routes
    ]
    swatches.append((stroke.format("other", ""), f"{routes[0]}, other directions"))
    if any(line.purpose == "duel" for line in lines):
        swatches.append(
            (stroke.format("other difference", ""), f"{routes[0]}, direction of the difference of two routes")
        )
    swatches.append((stroke.format("law", ""), "h², as a correct gradient falls"))
    swatches.append((stroke.format("limit", ""), f"allowed to {routes[0]}"))
    swatches.append(('<rect class="floor" x="2" y="1" width="26" height="10"/>', "rounding of D(h)"))
    return legend(swatches)


def _figure(judgement: Judgement, tensor: TensorJudgement) -> str:
    kind, line = judgement.relation_on(tensor), _drawn_lines(tensor)[0]
    ends = ", ".join(
        f"{route} {size_text(_distance(line, route))}" for route in judgement.routes if route in line.slopes
    )
    jump = f"<br>on a kink: {html_text(describe_kink(line))}" if line.kind == "kink" else ""
    mark = f'<span class="{TONES[kind]}">{MARKS[kind]}</span>'
    return (
        f"<figure><figcaption>{mark} <strong>{html_text(tensor.name)}</strong> "
        f'{shape_text(tensor.shape)}<br><span class="quiet">levels off at: {html_text(ends)}{jump}</span></figcaption>'
        f"{_picture(judgement, tensor)}</figure>"
    )


def _drawn_lines(tensor: TensorJudgement) -> list[Line]:
    """Return the lines along which differences were taken, the one that says the worst of any route first."""
    lines = [line for line in tensor.lines if line.slopes and len(_finite_rungs(line)) > 1]
    return sorted(lines, key=_farthest_off, reverse=True)


def _distance(line: Line, route: str) -> float:
    """Return |g·v − slope|, where the remainder levels off; ∞ where that is no number."""
    found = abs(line.slopes[route] - line.value)
    return found if math.isfinite(found) else math.inf


def _picture(judgement: Judgement, tensor: TensorJudgement) -> str:
    """Return an SVG: |D(h) − g·v| against h for each route, with the h² line, the rounding floor, what is allowed."""
    main, *others = _drawn_lines(tensor)
    routes = [route for route in judgement.routes if route in main.slopes]
    axes = _axes(main, others)
    parts = [axes.grid("step h", "|D(h) − g·v|"), _floor(axes, main), _square_law(axes, main)]
    parts.append(_limit(axes, main.allowed.get(routes[0], 0.0)))
    parts += [
        axes.line(_remainder(line, routes[0]), "other difference" if line.purpose == "duel" else "other")
        for line in others
        if routes[0] in line.slopes
    ]
    for number, route in enumerate(routes):
        parts.append(
            axes.line(_remainder(main, route), f"curve {_colour_class(judgement, route)}", 2.4, _dashes(number))
        )
    return picture(parts, _in_words(tensor, main, routes))


def _dashes(number: int) -> str:
    """Return the dashes of a curve that is drawn over ``number`` others: where they coincide, all can be seen."""
    dash = PERIOD / 2**number
    return f"{dash:g} {PERIOD - dash:g}" if number else ""


def _farthest_off(line: Line) -> float:
    return max(_distance(line, route) / max(line.allowed.get(route, 0.0), 1e-300) for route in line.slopes)


def _finite_rungs(line: Line) -> list[tuple[float, float, float]]:
    rungs = zip(line.steps, line.quotients, line.floor, strict=True)
    return [rung for rung in rungs if all(map(math.isfinite, rung)) and rung[0] > 0]


def _remainder(line: Line, route: str) -> list[Point]:
    found = [(step, abs(quotient - line.slopes[route])) for step, quotient, _ in _finite_rungs(line)]
    return [point for point in found if math.isfinite(point[1])]


def _in_words(tensor: TensorJudgement, line: Line, routes: Sequence[str]) -> str:
    ends = [
        f"{route} levels off at {size_text(_distance(line, route))}, allowed {size_text(line.allowed.get(route, 0.0))}"
        for route in routes
    ]
    return f"Remainder of {tensor.name} against the step h. {'; '.join(ends)}."


def _axes(main: Line, others: Sequence[Line]) -> Axes:
    """Return logarithmic axes around one line of a tensor and the others."""
    points = [point for line in (main, *others) for route in line.slopes for point in _remainder(line, route)]
    steps = [step for line in (main, *others) for step, *_ in _finite_rungs(line)]
    sizes = [size for _, size in points if size > 0]
    floors = [floor for _, _, floor in _finite_rungs(main) if floor > 0]
    allowed = [size for size in main.allowed.values() if 0 < size < math.inf]
    right = math.log10(max(steps))
    left = min(math.log10(min(steps)), right - 1)
    high = math.ceil(math.log10(max([*sizes, *floors, *allowed], default=1.0)) + 0.15)
    # Down to what is allowed and to most of what was found; a lucky remainder below, and 0, lie on the bottom line.
    typical = float(np.quantile(sizes, 0.05)) if sizes else 0.1
    low = min(math.floor(math.log10(min([typical, *allowed])) - 0.5), high - 2)
    return Axes(horizontal(left, right, log=True), vertical(low, high, log=True))


def _floor(axes: Axes, line: Line) -> str:
    rungs = [(step, floor) for step, _, floor in _finite_rungs(line) if floor > 0]
    corners = [*rungs, (rungs[-1][0], 0.0), (rungs[0][0], 0.0)] if rungs else []
    return axes.line(corners, "floor").replace("polyline", "polygon")


def _square_law(axes: Axes, line: Line) -> str:
    """Draw C h² through the remainder of the witness's own derivative on the largest step."""
    step, quotient, _ = _finite_rungs(line)[0]
    truncation = abs(quotient - line.value)
    if not 0 < truncation < math.inf:
        return ""
    lowest = max(10.0**axes.x.low, step * math.sqrt(10.0**axes.y.low / truncation))
    if lowest >= step:
        return ""
    near = lowest * (step / lowest) ** 0.08  # the lower end, where no curve of a right gradient goes
    x, y = axes.x.place(near) + 9, axes.y.place(truncation * (near / step) ** 2) + 2
    law = axes.line([(step, truncation), (lowest, truncation * (lowest / step) ** 2)], "law")
    return law + f'<text class="note" x="{x:.1f}" y="{y:.1f}">∝ h²</text>'


def _limit(axes: Axes, allowed: float) -> str:
    if not 0 < allowed < math.inf:
        return ""
    x, y = WIDTH - RIGHT - 4, axes.y.place(allowed) - 5
    line = axes.line([(10.0**axes.x.low, allowed), (10.0**axes.x.high, allowed)], "limit")
    return f'{line}<text class="note" x="{x}" y="{y:.1f}" text-anchor="end">allowed</text>'


# The heat map over tensors and pairs -----------------------------------------------------------------------------


def heat_map(judgement: Judgement) -> str:
    """Return an HTML table, tensors × pairs of routes: log₁₀(error / allowed), coloured, 0 being the limit."""
    short = letters(judgement)
    head = "".join(
        f'<th scope="col"><abbr title="{html_text(f"{a} against {b}")}">{short[a]}\u200a–\u200a{short[b]}</abbr></th>'
        for a, b in judgement.pairs
    )
    rows = []
    for tensor in judgement.tensors:
        found = {(pair.first, pair.second): pair for pair in tensor.pairs}
        cells = "".join(_heat_cell(found.get(pair)) for pair in judgement.pairs)
        rows.append(f'<tr><th scope="row">{html_text(tensor.name)}</th>{cells}</tr>')
    return (
        f'<table class="heat"><thead><tr><th scope="col">tensor</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _heat_cell(pair: PairResult | None) -> str:
    if pair is None:
        return '<td class="apart" title="not compared">·</td>'
    ratio, kind = pair.excess, pair.relation
    power = math.log10(ratio) if 0 < ratio < math.inf else (math.inf if ratio else -math.inf)
    level = sum(power > edge for edge in LEVELS)
    if kind == "differ":
        level = max(level, 3)  # one element may lie outside though the largest error is allowed elsewhere
    words = {math.inf: "∞", -math.inf: "exact"}.get(power, f"{power:+.1f}".replace("-", "−"))
    mark = "" if kind == "agree" else f"{MARKS[kind]} "
    title = f"{size_text(pair.relative_error)} of {size_text(pair.tolerance)} allowed, by {pair.by}"
    return f'<td class="level{level} {kind}" title="{html_text(title)}">{mark}{words}</td>'
