"""Line charts and scatter plots as SVG that take their colours from the page, light or dark.

Made by hand and not by matplotlib: a picture then follows the page's light and dark, its words are words, and two
pages of one result are the same file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ms_dnn.presentation.notation import html_text

Point = tuple[float, float]

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 28, 42
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#A8528A", "#767676", "#B08800")
"""Okabe & Ito's, purple and yellow darkened for a white page; further curves repeat them with other dashes."""
COLOURS_ON_DARK = ("#5FB4EE", "#F58A3C", "#35C295", "#D78FBD", "#A0A0A0", "#E0BD4A")
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
        return f"curve route{self.number % len(COLOURS)} dash{self.number // len(COLOURS) % DASHES}"

    @staticmethod
    def margin(number: int, total: int) -> float:
        """Return by how much a curve is wider than the last one: where curves coincide, it shows as a margin."""
        return 0.8 * min(total - 1 - number, 4)


def is_logarithmic(values: Sequence[float]) -> bool:
    """Return whether values are easier to read on a logarithmic axis."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM


@dataclass(frozen=True)
class Scale:
    """One axis: the place of a value in the picture, and the ticks.

    Values from ``low`` to ``high``, their log₁₀ where the axis is logarithmic, have places from ``start`` to ``end``.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = field(default=False, kw_only=True)
    percent: bool = field(default=False, kw_only=True)

    def place(self, value: float) -> float:
        """Return where a value lies; what is outside of the axis lies at its end."""
        if self.log:
            value = math.log10(value) if value > 0 else self.low
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def text(self, value: float) -> str:
        """Return a value as the axis writes it."""
        return f"{100 * value:.4g} %" if self.percent else f"{value:.3g}"

    def ticks(self) -> list[tuple[float, str]]:
        """Return (place, text) of a few round values."""
        if not self.log:
            return [(self.place(value), self.text(value)) for value in _round_values(self.low, self.high)]
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for multiples in ((1,), (1, 3), (1, 2, 5)):
            inside = [(m, p) for p in powers for m in multiples if self.low <= math.log10(m) + p <= self.high]
            if len(inside) >= 3:
                break
        shown = inside[:: max(1, math.ceil(len(inside) / MOST_TICKS))]
        long = any(abs(power) > 4 for _, power in shown) and all(multiple == 1 for multiple, _ in shown)
        return [
            (self.place(m * 10.0**p), _power_text(p) if long else self.text(m * 10.0**p))
            for m, p in shown
        ]  # fmt: skip


@dataclass(frozen=True)
class Axes:
    """A pair of scales, and what is drawn into them."""

    x: Scale
    y: Scale

    @classmethod
    def around(cls, points: Sequence[Point], *, log: bool = False, percent: bool = False) -> Axes:
        """Return axes into which the points fit; ``log`` and ``percent`` are of the vertical one."""
        left, right = _widened(min(x for x, _ in points), max(x for x, _ in points), 0.0)
        heights = [math.log10(y) if log else y for _, y in points]
        low, high = _widened(min(heights), max(heights), 0.04)
        if percent:
            low, high = max(low, 0.0), min(high, 1.0)
        return cls(horizontal(left, right), vertical(low, high, log=log, percent=percent))

    def place(self, point: Point) -> tuple[str, str]:
        """Return where a point lies in the picture."""
        return f"{self.x.place(point[0]):.1f}", f"{self.y.place(point[1]):.1f}"

    def line(self, points: Sequence[Point], style: str, width: float | None = None, dashes: str = "") -> str:
        """Return a line through the points; "" where there are none."""
        wide = "" if width is None else f' stroke-width="{width:.1f}"'
        wide += f' stroke-dasharray="{dashes}"' if dashes else ""
        places = " ".join(",".join(self.place(point)) for point in points)
        return f'<polyline class="{style}"{wide} points="{places}"/>' if points else ""

    def circle(self, point: Point, style: str, radius: float) -> str:
        """Return a circle around a point."""
        x, y = self.place(point)
        return f'<circle class="{style}" cx="{x}" cy="{y}" r="{radius:g}"/>'

    def grid(self, x_name: str, y_name: str = "") -> str:
        """Return the grid, the ticks and the names of the axes."""
        parts = [f'<text class="axis" x="4" y="15">{html_text(y_name)}</text>'] if y_name else []
        for y, text in self.y.ticks():
            parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
        bottom = HEIGHT - BOTTOM
        for x, text in self.x.ticks():
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{text}</text>')
        name = html_text(x_name)
        parts.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}" text-anchor="end">{name}</text>')
        return "\n".join(parts)


def horizontal(low: float, high: float, *, log: bool = False) -> Scale:
    """Return the scale from the left to the right of a picture."""
    return Scale(low, high, LEFT, WIDTH - RIGHT, log=log)


def vertical(low: float, high: float, *, log: bool = False, percent: bool = False) -> Scale:
    """Return the scale from the bottom to the top of a picture."""
    return Scale(low, high, HEIGHT - BOTTOM, TOP, log=log, percent=percent)


def picture(parts: Sequence[str], words: str) -> str:
    """Return an SVG of what is drawn, with a description for those who do not see it."""
    body = "\n".join(part for part in parts if part)
    label = html_text(words)
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">\n{body}\n</svg>'


def line_chart(curves: Sequence[Curve], title: str, x_name: str, *, percent: bool = False) -> str:
    """Return a figure with the curves, or "" when no point is finite; logarithmic where the values ask for it."""
    drawn = [Curve(c.name, _thinned(c.points), c.number) for c in curves]
    drawn = [curve for curve in drawn if curve.points]
    if not drawn:
        return ""
    log = not percent and is_logarithmic([y for curve in drawn for _, y in curve.points])
    axes = Axes.around([point for curve in drawn for point in curve.points], log=log, percent=percent)
    parts = [axes.grid(x_name)]
    for number, curve in enumerate(drawn):
        if len(curve.points) == 1:
            parts.append(axes.circle(curve.points[0], "end", 3))
        parts.append(axes.line(curve.points, curve.style, 2 + curve.margin(number, len(drawn))))
    ends = "; ".join(f"{curve.name} ends at {axes.y.text(curve.points[-1][1])}" for curve in drawn)
    return _figure(title, picture(parts, f"{title} against {x_name}: {ends}"))


def scatter_chart(points: Sequence[Point], title: str, x_name: str, y_name: str) -> str:
    """Return a figure with a dot a point and the line on which x = y."""
    shown = _thinned(points)
    if not shown:
        return ""
    ends = [(value, value) for value in (min(map(min, shown)), max(map(max, shown)))]
    axes = Axes.around(ends)
    dots = [axes.circle(point, "dot", 3.2) for point in shown]
    parts = [axes.grid(x_name, y_name), axes.line(ends, "ideal"), *dots]
    return _figure(title, picture(parts, f"{y_name} against {x_name} for {len(shown)} samples"))


def chart_legend(curves: Sequence[Curve]) -> str:
    """Return the names beside their lines."""
    return legend(
        (f'<line class="{curve.style}" x1="2" y1="6" x2="28" y2="6" stroke-width="3"/>', curve.name)
        for curve in curves
    )  # fmt: skip


def legend(swatches: Iterable[tuple[str, str]]) -> str:
    """Return names beside their drawings, which are 30 wide and 12 high."""
    items = "".join(
        f'<li><svg viewBox="0 0 30 12" aria-hidden="true">{drawing}</svg>{html_text(name)}</li>'
        for drawing, name in swatches
    )
    return f'<ul class="legend">{items}</ul>'


def _figure(title: str, svg: str) -> str:
    return f"<figure><figcaption><strong>{html_text(title)}</strong></figcaption>{svg}</figure>"


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Return the finite points, not many more than MOST_POINTS, the last of them among them."""
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    stride = max(1, len(finite) // MOST_POINTS)
    return finite if stride == 1 else [*finite[:-1:stride], finite[-1]]


def _widened(low: float, high: float, share: float) -> Point:
    if high == low:
        return low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    return low - share * (high - low), high + share * (high - low)


def _round_values(low: float, high: float) -> list[float]:
    """Return a few round numbers from ``low`` to ``high``."""
    raw = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _power_text(power: int) -> str:
    return "1" if power == 0 else "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
