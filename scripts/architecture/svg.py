"""The layout as SVG, light or dark as the page around it or, where it stands alone, as the reader's system."""

import html

from architecture.layout import LINE, NAME, Layout, lines_of

STYLE = """
.architecture { color-scheme: light dark; font-family: system-ui, sans-serif; }
.architecture rect { fill: var(--color-background-secondary, Canvas); stroke: var(--color-brand-primary, LinkText); }
.architecture text { fill: var(--color-foreground-primary, CanvasText); font-size: 13px; }
.architecture .name { font-size: 17px; font-weight: 600; }
.architecture path { fill: none; stroke: var(--color-foreground-secondary, GrayText); stroke-width: 1.3; }
.architecture path.upward { stroke: #d1242f; stroke-width: 2; stroke-dasharray: 6 4; }
.architecture marker path { fill: var(--color-foreground-secondary, GrayText); stroke: none; }
"""
HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z"/></marker>'
)


def svg(layout: Layout, says: dict[str, str], upward: set[tuple[str, str]]) -> str:
    """Return the picture; screen readers hear of the wings in the text beside it."""
    boxes = "\n".join(
        f'<g><rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="5"/>'
        + _text(box.x + 12, box.y + NAME - 5, name, "name")
        + "".join(
            _text(box.x + 12, box.y + NAME + LINE * (i + 1) - 4, line) for i, line in enumerate(lines_of(says[name]))
        )
        + "</g>"
        for name, box in layout.boxes.items()
    )
    arrows = "\n".join(
        f'<path d="{_curves(points)}" marker-end="url(#head)"{_class(arrow in upward)}/>'
        for arrow, points in layout.arrows.items()
    )
    return (
        f'<svg class="architecture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {layout.width:.0f}'
        f' {layout.height:.0f}" role="img" aria-label="{", ".join(layout.boxes)}">\n<style>{STYLE}</style>\n'
        f"<defs>{HEAD}</defs>\n{arrows}\n{boxes}\n</svg>\n"
    )


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}"{_class(bool(kind), kind)}>{html.escape(words)}</text>'


def _class(holds: bool, name: str = "upward") -> str:
    return f' class="{name}"' if holds else ""


def _curves(points: list[tuple[float, float]]) -> str:
    (x, y), *_ = points
    path = f"M{x:.0f} {y:.0f}"
    for (x, y), (to_x, to_y) in zip(points[::2], points[1::2], strict=True):
        middle = (y + to_y) / 2
        path += f" L{x:.0f} {y:.0f} C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
    return path
