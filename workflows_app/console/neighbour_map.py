"""A subscription's neighbourhood drawn: users on the left, what is used on the right. No HTML.

On a narrow page the users are above, what is used below, and only those next to the one in the
middle are drawn. Every length is in pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _, ngettext

from workflows_app.console.graph.drawing import wrapped
from workflows_app.console.neighbours import More, Neighbour, Neighbourhood

WIDTH, HEIGHT, NARROW_WIDTH = 212, 46, 306
BESIDE, BELOW, MARGIN, LANE = 56, 10, 4, 12
LETTERS, NARROW_LETTERS, NARROW_MOST = 22, 36, 5
_RIGHTWARDS, _LEFTWARDS = "m-5-4 5 4-5 4", "m5-4-5 4 5 4"  # Arrowheads.


@dataclass(frozen=True, slots=True)
class Box:
    """One subscription where it is drawn, with its two lines of text."""

    node: Neighbour
    x: int
    y: int
    width: int
    name: str
    says: str
    height: int = HEIGHT

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def middle(self) -> int:
        return self.y + self.height // 2

    @property
    def text_x(self) -> int:
        return self.x + 30

    @property
    def name_y(self) -> int:
        return self.y + 19

    @property
    def says_y(self) -> int:
        return self.y + 36

    @property
    def shape_x(self) -> int:
        return self.x + 9

    @property
    def shape_y(self) -> int:
        return self.y + 16


@dataclass(frozen=True, slots=True)
class Note:
    """How many are not drawn, below those that are."""

    text: str
    x: int
    y: int


@dataclass(slots=True)
class Drawing:
    """All of it, in one width."""

    name: str
    width: int
    height: int
    boxes: list[Box] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)


def drawings(found: Neighbourhood) -> list[Drawing]:
    """Return one drawing for each width of a page; none if there is nothing around."""
    return [wide(found), narrow(found)] if len(found.nodes) > 1 else []


def wide(found: Neighbourhood) -> Drawing:
    """Draw every level as a column."""
    columns = [(level, found.at(level)) for level in range(-2, 3)]
    columns = [(level, nodes) for level, nodes in columns if nodes]
    heights = [_tall(len(nodes), level, found.more) for level, nodes in columns]
    drawing = Drawing("wide", 0, max(heights) + 2 * MARGIN)
    for number, (level, nodes) in enumerate(columns):
        x = MARGIN + number * (WIDTH + BESIDE)
        y = (drawing.height - heights[number]) // 2
        _stack(drawing, nodes, found.more, x=x, y=y, width=WIDTH, level=level, letters=LETTERS)
        drawing.width = x + WIDTH + MARGIN
    places = {box.node.row.pk: box for box in drawing.boxes}
    drawing.edges = list(_curves(found.edges, places))
    return drawing


def narrow(found: Neighbourhood) -> Drawing:
    """Draw the nearest ones, each on a row of its own."""
    drawing, y = Drawing("narrow", LANE + NARROW_WIDTH + 2 * MARGIN, 0), MARGIN
    for level in (-1, 0, 1):
        nodes = found.at(level)
        hidden = [more for more in found.more if more.level == level]
        if len(nodes) > NARROW_MOST:
            count = len(nodes) - NARROW_MOST + sum(more.count for more in hidden)
            hidden = [More(count, level, any(more.at_least for more in hidden))]
        y = _stack(
            drawing,
            nodes[:NARROW_MOST],
            hidden,
            x=MARGIN + LANE,
            y=y,
            width=NARROW_WIDTH,
            level=level,
            letters=NARROW_LETTERS,
        )
    drawing.height = y
    drawing.edges = list(_elbows(found.edges, drawing.boxes))
    return drawing


def _tall(count: int, level: int, more: Sequence[More]) -> int:
    noted = any(each.level == level for each in more)
    return (count + noted) * (HEIGHT + BELOW) - BELOW


def _stack(
    drawing: Drawing,
    nodes: Sequence[Neighbour],
    more: Sequence[More],
    *,
    x: int,
    y: int,
    width: int,
    level: int,
    letters: int,
) -> int:
    """Put the boxes of a level below each other; return where the next one may begin."""
    for node in nodes:
        name = wrapped(node.row.description, letters, 1)[0]
        drawing.boxes.append(Box(node, x, y, width, name, _says(node, letters)))
        y += HEIGHT + BELOW
    for each in more:
        if each.level == level:
            drawing.notes.append(Note(_and_more(each), x + 30, y + HEIGHT // 2))
            y += HEIGHT + BELOW
    return y


def _says(node: Neighbour, letters: int) -> str:
    word = node.look.word
    if not node.row.insync:
        return _("%(status)s, out of sync") % {"status": word}
    return f"{word} · {wrapped(str(node.row.product), max(letters - len(word) - 2, 4), 1)[0]}"


def _and_more(more: More) -> str:
    if more.at_least:
        return _("and more than %(count)s others") % {"count": more.count}
    text = ngettext("and %(count)s other", "and %(count)s others", more.count)
    return text % {"count": more.count}


def _curves(edges: Sequence[tuple[UUID, UUID]], places: dict[UUID, Box]) -> Iterator[str]:
    """Yield a line from each user to what it uses, which is as a rule further to the right."""
    for user, used in edges:
        one, other = places[user], places[used]
        bend = BESIDE // 2
        if one.right < other.x:
            start, end, aside, arrow = one.right, other.x, other.x - bend, _RIGHTWARDS
        else:
            start, end, aside, arrow = one.x, other.right, other.right + bend, _LEFTWARDS
            start = one.right if one.x == other.x else start
        leaving = start + bend if start == one.right else start - bend
        curve = f"C{leaving} {one.middle} {aside} {other.middle} {end} {other.middle}"
        yield f"M{start} {one.middle}{curve}{arrow}"


def _elbows(edges: Sequence[tuple[UUID, UUID]], boxes: Sequence[Box]) -> Iterator[str]:
    """Yield the lines to and from the one in the middle, on its left side."""
    places = {box.node.row.pk: box for box in boxes}
    for user, used in edges:
        one, other = places.get(user), places.get(used)
        if one and other and 0 in (one.node.level, other.node.level):
            # They leave the middle one below where they reach it.
            start = one.middle + 8 * (one.node.level == 0)
            end = other.middle - 8 * (other.node.level == 0)
            yield f"M{one.x} {start}H{MARGIN}V{end}H{other.x}{_RIGHTWARDS}"
