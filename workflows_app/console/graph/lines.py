"""Lines between steps: to the next one, and dashed past what a condition guards."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from workflows_app.console.graph.parts import EDGE, LANE, PAD, TURN, Edge, Node, Spot

_NOT_REACHED = {"rest", "skipped"}
_RIGHTWARDS, _UPWARDS, _LEFTWARDS = "m-5-4 5 4-5 4", "m-4 5 4-5 4 5", "m5-4-5 4 5 4"  # Arrowheads.


def steps(nodes: Sequence[Node], *, vertical: bool, width: int) -> Iterator[Edge]:
    """Yield the lines from each step to the next."""
    for one, other in pairwise(nodes):
        reached = not {one.spot.state, other.spot.state} & _NOT_REACHED
        path = _down(one, other) if vertical else _across(one, other, width)
        yield Edge("done" if reached else "rest", path)


def skips(nodes: Sequence[Node], *, vertical: bool, width: int) -> Iterator[Edge]:
    """Yield the lines from each condition to what follows if it is false."""
    for start, end, lane in pairs([node.spot for node in nodes]):
        one, other = nodes[start], nodes[end]
        kind = "taken" if nodes[start + 1].spot.state == "skipped" else "skip"
        yield Edge(kind, (_beside if vertical else _below)(one, other, lane, width))


def lanes(spots: Sequence[Spot]) -> int:
    """Return how many skips lie beside each other at most."""
    return max((lane + 1 for _start, _end, lane in pairs(spots)), default=0)


def _down(one: Node, other: Node) -> str:
    return f"M{one.x + 16} {one.bottom}V{other.y}"


def _across(one: Node, other: Node, width: int) -> str:
    if one.row is other.row:
        return f"M{one.right} {one.middle}H{other.x}"
    between = other.y - other.row.above - TURN // 2
    turn = f"H{width - EDGE}V{between}H{EDGE}V{other.middle}H{other.x}"
    return f"M{one.right} {one.middle}{turn}{_RIGHTWARDS}"


def _beside(one: Node, other: Node, lane: int, _width: int) -> str:
    """Lead past the steps between, at the right of their column."""
    aside = f"H{one.right + LANE * (lane + 1)}V{other.middle}H{other.right}"
    return f"M{one.right} {one.middle}{aside}{_LEFTWARDS}"


def _below(one: Node, other: Node, lane: int, width: int) -> str:
    """Lead past the steps between, under their row; over the right side to another row."""
    aside = f"H{width - EDGE - 5 + 2 * lane}V{_under(other, lane)}"
    turn = "" if one.row is other.row else aside
    return (
        f"M{one.centre} {one.bottom}V{_under(one, lane)}{turn}"
        f"H{other.centre}V{other.bottom}{_UPWARDS}"
    )


def _under(node: Node, lane: int) -> int:
    return node.bottom + PAD * node.row.levels + LANE * (lane + 1)


def pairs(spots: Sequence[Spot]) -> Iterator[tuple[int, int, int]]:
    """Yield the skips: from which step to which, and in which lane. Inner ones are nearer."""
    places = {spot.path: at for at, spot in enumerate(spots)}
    found = [
        (at, places[spot.until] + 1)
        for at, spot in enumerate(spots)
        if at < places.get(spot.until, -1) + 1 < len(spots)
    ]
    for start, end in found:
        inner = [pair for pair in found if start < pair[0] and pair[1] <= end]
        yield start, end, len(inner)
