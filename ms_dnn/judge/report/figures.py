"""Pictures of a judgement as HTML and SVG that take their colours from the page.

Made by hand and not by matplotlib: a picture then follows the page's light and dark, its words are words, and two
reports of one judgement are the same file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ms_dnn.judge.report.agreement import MARKS, describe_kink, excess, excess_of_tensor, letters, relation, relation_on
from ms_dnn.presentation.notation import counted, html_text, shape_text, size_text

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement, Line, PairResult, TensorJudgement

Point = tuple[float, float]

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 28, 40
MOST_FIGURES = 12
"""Pictures that are open at once; the others are folded away."""
COLOURS = 6
"""How many routes have a colour of their own in the style sheet."""
LEVELS = (-6.0, -2.0, 0.0, 2.0, 6.0)
"""Of log₁₀(error / allowed), between the six colours of the heat map."""


def _colour_class(judgement: Judgement, route: str) -> str:
    """Return the style of a route, the same in all pictures."""
    return f"route{judgement.routes.index(route) % COLOURS}"


# The remainder against the step ----------------------------------------------------------------------------------


def remainder_pictures(judgement: Judgement) -> str:
    """Return a legend and one picture a tensor, the worst first; "" where no differences were taken."""
    drawn = [tensor for tensor in judgement.tensors if _drawn_lines(tensor)]
    if not drawn:
        return ""
    # Python's sort is stable: tensors that are as bad as each other stay in their order.
    drawn.sort(key=lambda tensor: (tensor.agrees, -excess_of_tensor(tensor)))
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
    swatches = [
        (
            f'<line class="curve {_colour_class(judgement, route)}" x1="2" y1="6" x2="28" y2="6" stroke-width="4"/>',
            route,
        )
        for route in judgement.routes
        if any(route in line.slopes for line in lines)
    ]
    judged = swatches[0][1]
    swatches.append(('<line class="other" x1="2" y1="6" x2="28" y2="6"/>', f"{judged}, other lines"))
    if any(line.purpose == "duel" for line in lines):
        swatches.append(
            (
                '<line class="other duel" x1="2" y1="6" x2="28" y2="6"/>',
                f"{judged}, line along the difference of two routes",
            )
        )
    swatches.append(('<line class="law" x1="2" y1="6" x2="28" y2="6"/>', "h², as a right gradient falls"))
    swatches.append(('<line class="limit" x1="2" y1="6" x2="28" y2="6"/>', f"allowed to {judged}"))
    swatches.append(('<rect class="floor" x="2" y="1" width="26" height="10"/>', "rounding of D(h)"))
    items = "".join(
        f'<li><svg viewBox="0 0 30 12" aria-hidden="true">{drawing}</svg>{html_text(name)}</li>'
        for drawing, name in swatches
    )
    return f'<ul class="legend">{items}</ul>'


def _figure(judgement: Judgement, tensor: TensorJudgement) -> str:
    kind, line = relation_on(judgement, tensor), _drawn_lines(tensor)[0]
    ends = ", ".join(
        f"{route} {size_text(_distance(line, route))}" for route in judgement.routes if route in line.slopes
    )
    jump = f"<br>on a kink: {html_text(describe_kink(line))}" if line.kind == "kink" else ""
    return (
        f'<figure><figcaption><span class="{kind}">{MARKS[kind]}</span> <strong>{html_text(tensor.name)}</strong> '
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
    axes = _Axes(main, [*others])
    parts = [axes.grid(), axes.floor(main), axes.square_law(main), axes.limit(main, routes[0])]
    parts += [
        axes.curve(_remainder(line, routes[0]), f"other {line.purpose}") for line in others if routes[0] in line.slopes
    ]
    # The judged route on top and thinnest: where curves coincide, the others show as its margins.
    for number, route in reversed(list(enumerate(routes))):
        style = f"curve {_colour_class(judgement, route)}"
        parts.append(axes.curve(_remainder(main, route), style, width=2.2 + 3.2 * number))
    label = html_text(_in_words(tensor, main, routes))
    body = "\n".join(part for part in parts if part)
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">\n{body}\n</svg>'


def _farthest_off(line: Line) -> float:
    return max(_distance(line, route) / max(line.allowed.get(route, 0.0), 1e-300) for route in line.slopes)


def _finite_rungs(line: Line) -> list[tuple[float, float, float]]:
    rungs = zip(line.steps, line.quotients, line.floor, strict=True)
    return [rung for rung in rungs if all(map(math.isfinite, rung)) and rung[0] > 0]


def _remainder(line: Line, route: str) -> list[Point]:
    return [(step, abs(quotient - line.slopes[route])) for step, quotient, _ in _finite_rungs(line)]


def _in_words(tensor: TensorJudgement, line: Line, routes: Sequence[str]) -> str:
    ends = [
        f"{route} levels off at {size_text(_distance(line, route))}, allowed {size_text(line.allowed.get(route, 0.0))}"
        for route in routes
    ]
    return f"Remainder of {tensor.name} against the step h. {'; '.join(ends)}."


class _Axes:
    """Logarithmic axes around one line of a tensor, and what is drawn into them."""

    def __init__(self, main: Line, others: Sequence[Line]) -> None:
        points = [point for line in (main, *others) for route in line.slopes for point in _remainder(line, route)]
        sizes = [size for _, size in points if 0 < size < math.inf]
        floors = [floor for _, _, floor in _finite_rungs(main) if floor > 0]
        allowed = [size for size in main.allowed.values() if 0 < size < math.inf]
        self.right = math.log10(max(step for step, _ in points))
        self.left = min(math.log10(min(step for step, _ in points)), self.right - 1)
        self.high = math.ceil(math.log10(max([*sizes, *floors, *allowed], default=1.0)) + 0.15)
        # The noise of the remainder falls a little below the floor, and what is exactly 0 is drawn on the bottom line.
        low = min(floors, default=min(sizes, default=0.1)) / 10
        self.low = min(math.floor(math.log10(low)), self.high - 2)

    def curve(self, points: Sequence[Point], style: str, width: float | None = None) -> str:
        found = " ".join(f"{self._x(step):.1f},{self._y(size):.1f}" for step, size in points if math.isfinite(size))
        wide = f' stroke-width="{width:.1f}"' if width is not None else ""
        return f'<polyline class="{style}"{wide} points="{found}"/>' if found else ""

    def floor(self, line: Line) -> str:
        rungs = [(step, floor) for step, _, floor in _finite_rungs(line) if floor > 0]
        if not rungs:
            return ""
        above = [f"{self._x(step):.1f},{self._y(floor):.1f}" for step, floor in rungs]
        bottom = [f"{self._x(step):.1f},{self._y(0.0):.1f}" for step in (rungs[-1][0], rungs[0][0])]
        return f'<polygon class="floor" points="{" ".join([*above, *bottom])}"/>'

    def square_law(self, line: Line) -> str:
        """Draw C h² through the remainder of the witness's own slope on the largest step."""
        step, quotient, _ = _finite_rungs(line)[0]
        truncation = abs(quotient - line.value)
        if not 0 < truncation < math.inf:
            return ""
        lowest = max(10.0**self.left, step * math.sqrt(10.0**self.low / truncation))
        if lowest >= step:
            return ""
        ends = [(step, truncation), (lowest, truncation * (lowest / step) ** 2)]
        middle = math.sqrt(step * lowest)
        x, y = self._x(middle) - 8, self._y(truncation * (middle / step) ** 2) - 8
        return self.curve(ends, "law") + f'<text class="note" x="{x:.1f}" y="{y:.1f}" text-anchor="end">∝ h²</text>'

    def limit(self, line: Line, route: str) -> str:
        allowed = line.allowed.get(route, 0.0)
        if not 0 < allowed < math.inf:
            return ""
        drawn = self.curve([(10.0**self.left, allowed), (10.0**self.right, allowed)], "limit")
        x, y = WIDTH - RIGHT - 4, self._y(allowed) - 5
        return f'{drawn}<text class="note" x="{x}" y="{y:.1f}" text-anchor="end">allowed</text>'

    def grid(self) -> str:
        parts = ['<text class="axis" x="4" y="15">|D(h) − g·v|</text>']
        for power in self._powers(self.low, self.high, 6):
            y = self._y(10.0**power)
            parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{_power(power)}</text>')
        for power in self._powers(math.ceil(self.left), math.floor(self.right), 6):
            x, y = self._x(10.0**power), HEIGHT - BOTTOM
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 5}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{y + 18}" text-anchor="middle">{_power(power)}</text>')
        parts.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">step h</text>')
        return "\n".join(parts)

    @staticmethod
    def _powers(low: int, high: int, most: int) -> list[int]:
        stride = max(1, math.ceil((high - low) / most))
        return [power for power in range(low, high + 1) if power % stride == 0]

    def _x(self, step: float) -> float:
        return LEFT + (math.log10(step) - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def _y(self, size: float) -> float:
        power = math.log10(size) if size > 0 else self.low
        share = (min(max(power, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _power(power: int) -> str:
    return "1" if power == 0 else "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


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
    ratio, kind = excess(pair), relation(pair)
    power = math.log10(ratio) if 0 < ratio < math.inf else (math.inf if ratio else -math.inf)
    level = sum(power > edge for edge in LEVELS)
    if kind == "differ":
        level = max(level, 3)  # one element may lie outside though the largest error is allowed elsewhere
    words = {math.inf: "∞", -math.inf: "exact"}.get(power, f"{power:+.1f}".replace("-", "−"))
    mark = "" if kind == "agree" else f"{MARKS[kind]} "
    title = f"{size_text(pair.relative_error)} of {size_text(pair.tolerance)} allowed, by {pair.by}"
    return f'<td class="level{level} {kind}" title="{html_text(title)}">{mark}{words}</td>'
