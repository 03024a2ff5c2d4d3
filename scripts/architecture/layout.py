"""Where boxes in rows stand and how arrows go from row to row without touching another box.

An arrow over several rows keeps a narrow place of its own in each row between, as Sugiyama's method has it: boxes and
such places are put in an order with few crossings, then each as near as may be to what it is joined with.
"""

import textwrap
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate, pairwise

BOX = 256.0
"""Width of a box; heights and widths are in pixels of the picture."""
PLACE = 6.0
"""Width of the place of an arrow that passes a row."""
GAP, BETWEEN_ROWS, MARGIN = 22.0, 52.0, 12.0
NAME, LINE = 26.0, 16.0
"""Height of the line of the name, and of each line below it."""
LETTERS = 32
"""Letters in a line of a box."""
SWEEPS = 12

Node = tuple[str, ...]
"""(wing,), or (from, to, row) for the place of an arrow."""


@dataclass(frozen=True)
class Box:
    """A box: left, top, width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """The boxes by name, the points of each arrow in pairs (end of one curve, start of the next), and the size."""

    boxes: dict[str, Box]
    arrows: dict[tuple[str, str], list[tuple[float, float]]]
    width: float
    height: float


def lines_of(says: str) -> list[str]:
    """Return the lines of a box below its name."""
    return textwrap.wrap(says, LETTERS, break_long_words=False)


def lay_out(rows: list[list[str]], arrows: list[tuple[str, str]], says: dict[str, str]) -> Layout:
    """Place boxes in the given rows, and arrows between them."""
    row_of = {name: number for number, row in enumerate(rows) for name in row}
    chains = {arrow: _chain(arrow, row_of) for arrow in arrows}
    filled: list[list[Node]] = [[(name,) for name in row] for row in rows]
    for (a, b), chain in chains.items():
        between = range(min(row_of[a], row_of[b]) + 1, max(row_of[a], row_of[b]))
        for number, node in zip(between, sorted(chain[1:-1], key=lambda node: int(node[2])), strict=True):
            filled[number].append(node)
    joined: dict[Node, list[Node]] = defaultdict(list)
    for chain in chains.values():
        for one, other in pairwise(chain):
            joined[one].append(other)
            joined[other].append(one)
    centres = _centres(_ordered(filled, joined), joined)
    left = min(x - _width(node) / 2 for node, x in centres.items()) - MARGIN
    centres = {node: x - left for node, x in centres.items()}
    heights = [NAME + LINE * max(len(lines_of(says[name])) for name in row) + 10 for row in rows]
    tops = list(accumulate((height + BETWEEN_ROWS for height in heights), initial=MARGIN))
    boxes = {
        name: Box(centres[(name,)] - BOX / 2, tops[number], BOX, heights[number])
        for number, row in enumerate(rows)
        for name in row
    }
    width = max(x + _width(node) / 2 for node, x in centres.items()) + MARGIN
    bands = [(top, top + height) for top, height in zip(tops, heights, strict=False)]
    points = {arrow: _points(chain, centres, row_of, bands, joined) for arrow, chain in chains.items()}
    return Layout(boxes, points, width, tops[-1] - BETWEEN_ROWS + MARGIN)


def _width(node: Node) -> float:
    return BOX if len(node) == 1 else PLACE


def _chain(arrow: tuple[str, str], row_of: dict[str, int]) -> list[Node]:
    """Return the nodes that an arrow passes, from the one with the tail to the one with the head."""
    first, last = row_of[arrow[0]], row_of[arrow[1]]
    step = 1 if last >= first else -1
    return [(arrow[0],), *((*arrow, str(row)) for row in range(first + step, last, step)), (arrow[1],)]


def _ordered(rows: list[list[Node]], joined: dict[Node, list[Node]]) -> list[list[Node]]:
    """Return the rows in an order with few crossings: each node at the mean place of those that it is joined with."""
    for sweep in range(SWEEPS):
        for number in range(len(rows)) if sweep % 2 == 0 else reversed(range(len(rows))):
            beside = number - 1 if sweep % 2 == 0 else number + 1
            if not 0 <= beside < len(rows):
                continue
            place = {node: i / max(len(rows[beside]) - 1, 1) for i, node in enumerate(rows[beside])}
            own = {node: i / max(len(rows[number]) - 1, 1) for i, node in enumerate(rows[number])}
            wanted = {
                node: _mean([place[other] for other in joined[node] if other in place], own[node]) for node in own
            }
            rows[number].sort(key=wanted.__getitem__)
    return rows


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _centres(rows: list[list[Node]], joined: dict[Node, list[Node]]) -> dict[Node, float]:
    """Return the middle of each node: as near as the order lets it to those that it is joined with."""
    centres: dict[Node, float] = {}
    for row in rows:
        start = -sum(_width(node) + GAP for node in row) / 2
        for node in row:
            centres[node] = start + _width(node) / 2
            start += _width(node) + GAP
    for _ in range(SWEEPS):
        for row in rows:
            wanted = [_mean([centres[other] for other in joined[node]], centres[node]) for node in row]
            centres |= dict(zip(row, _apart(row, wanted), strict=True))
    return centres


def _apart(row: list[Node], wanted: list[float]) -> list[float]:
    """Return the places nearest to those wanted, in least squares, that keep order and gaps: pool the violators."""
    steps = [(_width(a) + _width(b)) / 2 + GAP for a, b in pairwise(row)]
    offsets = list(accumulate(steps, initial=0.0))
    pools: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        total, count = place - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            total, count = total + pools[-1][0], count + pools[-1][1]
            pools.pop()
        pools.append((total, count))
    levels = [total / count for total, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _points(
    chain: list[Node],
    centres: dict[Node, float],
    row_of: dict[str, int],
    bands: list[tuple[float, float]],
    joined: dict[Node, list[Node]],
) -> list[tuple[float, float]]:
    """Return where each curve of an arrow starts and ends; between two curves it passes a row upright."""
    downward = row_of[chain[0][0]] < row_of[chain[-1][0]]
    points = []
    for one, other in pairwise(chain):
        start, end = bands[_row(one, row_of)], bands[_row(other, row_of)]
        edge, rim = (start[1], end[0]) if downward else (start[0], end[1])
        points += [
            (_port(one, other, centres, row_of, joined), edge),
            (_port(other, one, centres, row_of, joined), rim),
        ]
    return points


def _row(node: Node, row_of: dict[str, int]) -> int:
    return row_of[node[0]] if len(node) == 1 else int(node[2])


def _port(
    node: Node, towards: Node, centres: dict[Node, float], row_of: dict[str, int], joined: dict[Node, list[Node]]
) -> float:
    """Return where on a node's edge the arrow to a neighbour is: the arrows of an edge are spread over it, in order."""
    if len(node) > 1:
        return centres[node]
    below = _row(towards, row_of) > _row(node, row_of)
    others = [other for other in joined[node] if (_row(other, row_of) > _row(node, row_of)) == below]
    others.sort(key=lambda other: centres[other])
    return centres[node] - BOX / 2 + BOX * (others.index(towards) + 1) / (len(others) + 1)
