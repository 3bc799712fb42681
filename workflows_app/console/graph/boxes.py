"""Groups as boxes: a rectangle for each row that a group is on, outer ones around inner ones."""

from collections.abc import Iterator, Sequence

from workflows_app.console.graph.parts import LABEL, PAD, Box, Node, shared


def boxes(nodes: Sequence[Node], *, vertical: bool) -> Iterator[Box]:
    """Yield the boxes of a chain, the outermost first."""
    for depth in range(max((len(node.spot.groups) for node in nodes), default=0)):
        run: list[Node] = []
        for node in nodes:
            if run and not _together(run[-1], node, depth, vertical=vertical):
                yield _box(run, depth, vertical=vertical)
                run = []
            if len(node.spot.groups) > depth:
                run.append(node)
        if run:
            yield _box(run, depth, vertical=vertical)


def _together(last: Node, node: Node, depth: int, *, vertical: bool) -> bool:
    same = shared(last.spot.groups, node.spot.groups) > depth
    return same and (vertical or last.row is node.row)


def _box(run: Sequence[Node], depth: int, *, vertical: bool) -> Box:
    first, last = run[0], run[-1]
    groups = first.spot.groups
    begins = depth >= len(groups) - first.opens
    inside = max(len(node.spot.groups) for node in run) - depth
    if vertical:
        above, below = LABEL * (len(groups) - depth), PAD * (len(last.spot.groups) - depth)
    else:
        levels = first.row.levels - depth
        above, below = first.row.above // first.row.levels * levels, PAD * levels
    x, y = first.x - PAD * inside, first.y - above + 1
    return Box(
        label=groups[depth] if begins else "",
        x=x,
        y=y,
        width=last.right + PAD * inside - x,
        height=last.bottom + below - y,
    )
