"""Line charts and scatter plots as SVG that take their colours from the page, light or dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ms_dnn.presentation.notation import html_text

Point = tuple[float, float]

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 28, 42
COLOURS = 6
"""Of the style sheet; further curves repeat them with other dashes."""
DASHES = 4
MOST_POINTS = 1000
MOST_TICKS = 6
LOG_FROM = 8.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""

CHART_STYLE = """
.dash1 { stroke-dasharray: 7 3; } .dash2 { stroke-dasharray: 2 3; } .dash3 { stroke-dasharray: 8 3 2 3; }
svg .dot { fill: var(--route0); opacity: .65; }
svg .ideal { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 6 4; }
svg .end { fill: var(--ink); }
""".strip()


@dataclass(frozen=True)
class Curve:
    """A named line through points; ``number`` decides its colour and its dashes."""

    name: str
    points: Sequence[Point]
    number: int

    @property
    def style(self) -> str:
        """The classes of the style sheet."""
        return f"curve route{self.number % COLOURS} dash{self.number // COLOURS % DASHES}"


def line_chart(curves: Sequence[Curve], title: str, x_name: str, *, percent: bool = False) -> str:
    """Return a figure with the curves, or "" when no point is finite; logarithmic where the values ask for it."""
    drawn = [Curve(c.name, _thinned(c.points), c.number) for c in curves]
    drawn = [curve for curve in drawn if curve.points]
    if not drawn:
        return ""
    values = [y for curve in drawn for _, y in curve.points]
    log = not percent and min(values) > 0 and max(values) / min(values) >= LOG_FROM
    axes = _Axes([point for curve in drawn for point in curve.points], log=log, percent=percent)
    parts = [axes.grid(x_name)]
    for number, curve in enumerate(drawn):
        # The first is the widest: where curves coincide, it shows as the margin of those above it.
        width = 2 + 0.8 * min(len(drawn) - 1 - number, 4)
        points = " ".join(axes.place(point) for point in curve.points)
        if len(curve.points) == 1:
            x, y = axes.place(curve.points[0]).split(",")
            parts.append(f'<circle class="end" cx="{x}" cy="{y}" r="3"/>')
        parts.append(f'<polyline class="{curve.style}" stroke-width="{width:.1f}" points="{points}"/>')
    ends = "; ".join(f"{curve.name} ends at {axes.value_text(curve.points[-1][1])}" for curve in drawn)
    return _figure(title, "\n".join(parts), f"{title} against {x_name}: {ends}")


def scatter_chart(points: Sequence[Point], title: str, x_name: str, y_name: str) -> str:
    """Return a figure with a dot a point and the line on which x = y."""
    shown = _thinned(points)
    if not shown:
        return ""
    low, high = min(map(min, shown)), max(map(max, shown))
    axes = _Axes([(low, low), (high, high)], log=False, percent=False)
    dots = []
    for point in shown:
        x, y = axes.place(point).split(",")
        dots.append(f'<circle class="dot" cx="{x}" cy="{y}" r="3.2"/>')
    ideal = f'<polyline class="ideal" points="{axes.place((low, low))} {axes.place((high, high))}"/>'
    above = f'<text class="axis" x="4" y="15">{html_text(y_name)}</text>'
    body = "\n".join([axes.grid(x_name), above, ideal, *dots])
    return _figure(title, body, f"{y_name} against {x_name} for {len(shown)} samples")


def chart_legend(curves: Sequence[Curve]) -> str:
    """Return the names beside their lines."""
    items = "".join(
        f'<li><svg viewBox="0 0 30 12" aria-hidden="true"><line class="{curve.style}" x1="2" y1="6" x2="28" y2="6" '
        f'stroke-width="3"/></svg>{html_text(curve.name)}</li>'
        for curve in curves
    )
    return f'<ul class="legend">{items}</ul>'


def _figure(title: str, body: str, words: str) -> str:
    return (
        f"<figure><figcaption><strong>{html_text(title)}</strong></figcaption>"
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html_text(words)}">\n{body}\n</svg>'
        "</figure>"
    )


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Return the finite points, not many more than MOST_POINTS, the last of them among them."""
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    stride = max(1, len(finite) // MOST_POINTS)
    return finite if stride == 1 else [*finite[:-1:stride], finite[-1]]


class _Axes:
    """Places points in the picture."""

    def __init__(self, points: Sequence[Point], *, log: bool, percent: bool) -> None:
        self.log, self.percent = log, percent
        self.left, self.right = _widened(min(x for x, _ in points), max(x for x, _ in points), 0.0)
        heights = [math.log10(y) if log else y for _, y in points]
        self.low, self.high = _widened(min(heights), max(heights), 0.04)
        if percent:
            self.low, self.high = max(self.low, 0.0), min(self.high, 1.0)

    def place(self, point: Point) -> str:
        """Return "x,y" in the picture."""
        height = math.log10(point[1]) if self.log else point[1]
        return f"{self._x(point[0]):.1f},{self._y(height):.1f}"

    def grid(self, x_name: str) -> str:
        parts = []
        for value in self._heights():
            y = self._y(math.log10(value) if self.log else value)
            parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
            said = self.value_text(value)
            parts.append(f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{said}</text>')
        for value in _ticks(self.left, self.right):
            x, y = self._x(value), HEIGHT - BOTTOM
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 5}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{y + 18}" text-anchor="middle">{value:g}</text>')
        name = html_text(x_name)
        parts.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">{name}</text>')
        return "\n".join(parts)

    def value_text(self, value: float) -> str:
        """Return a value as the axis writes it."""
        return f"{100 * value:.4g} %" if self.percent else f"{value:.3g}"

    def _heights(self) -> list[float]:
        if not self.log:
            return _ticks(self.low, self.high)
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for multiples in ((1,), (1, 3), (1, 2, 5)):
            inside = [
                m * 10.0**p for p in powers for m in multiples if self.low <= math.log10(m * 10.0**p) <= self.high
            ]
            if len(inside) >= 3:
                break
        return inside[:: max(1, math.ceil(len(inside) / MOST_TICKS))]

    def _x(self, value: float) -> float:
        return LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _widened(low: float, high: float, share: float) -> Point:
    if high == low:
        return low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    return low - share * (high - low), high + share * (high - low)


def _ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers from ``low`` to ``high``."""
    raw = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
