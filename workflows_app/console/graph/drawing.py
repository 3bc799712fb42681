"""Rows of steps, and the steps in them."""

import unicodedata
from collections.abc import Iterator, Sequence

from workflows_app.console.graph.boxes import boxes
from workflows_app.console.graph.lines import lanes, skips, steps
from workflows_app.console.graph.outlines import outline
from workflows_app.console.graph.parts import (
    FALL,
    LABEL,
    LANE,
    MARGIN,
    MEDIUM,
    NARROW,
    PAD,
    TURN,
    WIDE,
    Drawing,
    Grid,
    Node,
    Row,
    Spot,
    shared,
)


def drawings(*chains: Sequence[Spot]) -> list[Drawing]:
    """Return one drawing for each width of a page. All show the same."""
    return [draw(chains, grid) for grid in (WIDE, MEDIUM, NARROW)]


def draw(chains: Sequence[Sequence[Spot]], grid: Grid) -> Drawing:
    """Lay the chains out, one below the other; nothing leads from one to the next."""
    chains = [chain for chain in chains if chain]
    beside = LANE * max(map(lanes, chains), default=0) if grid.vertical else 0
    columns = min(grid.columns, max(map(len, chains), default=1))
    width = 2 * (MARGIN + beside) + columns * (grid.width + grid.gap) - grid.gap
    drawing, top = Drawing(grid.name, width, 0), 2
    for chain in chains:
        nodes, top = _place(chain, grid, top, left=MARGIN + beside)
        drawing.nodes.extend(nodes)
        drawing.boxes.extend(boxes(nodes, vertical=grid.vertical))
        drawing.edges.extend(steps(nodes, vertical=grid.vertical, width=width))
        drawing.edges.extend(skips(nodes, vertical=grid.vertical, width=width))
    return Drawing(grid.name, width, top, drawing.nodes, drawing.boxes, drawing.edges)


def _place(chain: Sequence[Spot], grid: Grid, top: int, *, left: int) -> tuple[list[Node], int]:
    """Return the chain's nodes from ``top`` on, and where the next chain may begin."""
    nodes: list[Node] = []
    for row in _rows(chain, grid):
        y = top + row.above
        for column, spot in enumerate(row.spots):
            x = left + column * (grid.width + grid.gap)
            nodes.append(_node(spot, row, _begun(chain, row.first + column), x, y, grid))
        top = y + grid.height + row.below + (FALL if grid.vertical else TURN)
    return nodes, top


def _rows(chain: Sequence[Spot], grid: Grid) -> Iterator[Row]:
    number = lanes(chain)
    under = LANE * number + 4 if number else 0
    for first in range(0, len(chain), grid.columns):
        spots = chain[first : first + grid.columns]
        levels = max(len(spot.groups) for spot in spots)
        begun = max(_begun(chain, first + at) for at in range(len(spots)))
        if grid.vertical:
            yield Row(spots, first, LABEL * begun, PAD * _ended(chain, first), levels)
        else:
            above = (LABEL if begun else PAD) * levels
            yield Row(spots, first, above, PAD * levels + under, levels)


def _begun(chain: Sequence[Spot], at: int) -> int:
    """Return how many groups begin with that step."""
    before = chain[at - 1].groups if at else ()
    return len(chain[at].groups) - shared(before, chain[at].groups)


def _ended(chain: Sequence[Spot], at: int) -> int:
    after = chain[at + 1].groups if at + 1 < len(chain) else ()
    return len(chain[at].groups) - shared(after, chain[at].groups)


def _node(spot: Spot, row: Row, opens: int, x: int, y: int, grid: Grid) -> Node:
    texts = wrapped(spot.name, grid.letters, grid.lines)
    baseline = y + grid.height // 2 + 4 - 7 * (len(texts) - 1)
    lines = [(baseline + 14 * number, text) for number, text in enumerate(texts)]
    path = outline(spot.kind, x, y, grid.width, grid.height)
    return Node(spot, row, opens, x, y, grid.width, grid.height, path, lines)


def wrapped(name: str, letters: int, lines: int) -> list[str]:
    """Return a name in so many lines at most; what does not fit is an ellipsis.

    >>> wrapped("Start the playbook runner", 12, 2)
    ['Start the', 'playbook ru…']
    """
    found = [""]
    for word in name.split():
        longer = f"{found[-1]} {word}".strip()
        if _room(longer) <= letters or not found[-1] or len(found) == lines:
            found[-1] = longer
        else:
            found.append(word)
    return [_cut(line, letters) for line in found]


def _cut(line: str, letters: int) -> str:
    if _room(line) <= letters:
        return line
    while _room(line) > letters - 1:
        line = line[:-1]
    return f"{line.rstrip()}…"


def _room(text: str) -> int:
    """Return how many letters' room a text takes: those of some scripts are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
