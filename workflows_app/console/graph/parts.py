"""What a drawing is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workflows_app.console.sentences import LOOKS, Look

LABEL, PAD = 15, 5  # The room of a group's name, and between a step and the box it is in.
TURN, FALL = 18, 10  # Between two rows: of several steps, and of one.
SHAPE, TEXT, LETTER = 9, 26, 6  # To a status' shape, to a name; and the width of a letter.
LANE = 7  # Between two lines that lead past steps.
MARGIN, EDGE = 18, 6  # At both sides: to the steps, and to the lines that turn to the next row.


@dataclass(frozen=True, slots=True)
class Spot:
    """One step to be drawn.

    Attributes:
        groups: the names of the groups that it is in, outermost first.
        until: for a condition, the path of the last step that it guards.
        state: ``done``, ``here``, ``failed``, ``skipped`` or ``rest``.
        href: where a click leads.
        says: the step in words.
    """

    path: str
    name: str
    kind: str = "step"
    groups: tuple[str, ...] = ()
    until: str = ""
    look: Look = LOOKS["pending"]
    state: str = "rest"
    href: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """How many steps a row has, and how large one is drawn."""

    name: str
    columns: int
    width: int
    height: int
    gap: int
    lines: int
    letters: int

    @property
    def vertical(self) -> bool:
        """Whether the chain runs downwards."""
        return self.columns == 1


WIDE = Grid("wide", columns=8, width=130, height=38, gap=22, lines=2, letters=15)
MEDIUM = Grid("medium", columns=5, width=130, height=38, gap=22, lines=2, letters=15)
NARROW = Grid("narrow", columns=1, width=296, height=28, gap=0, lines=1, letters=38)


@dataclass(frozen=True, slots=True)
class Row:
    """The steps of one row, and the room they need above and below."""

    spots: Sequence[Spot]
    first: int
    above: int
    below: int
    levels: int


@dataclass(frozen=True, slots=True)
class Node:
    """A step where it is drawn. ``opens`` is how many groups begin with it."""

    spot: Spot
    row: Row
    opens: int
    x: int
    y: int
    width: int
    height: int
    outline: str
    lines: list[tuple[int, str]]

    @property
    def middle(self) -> int:
        """Half way down."""
        return self.y + self.height // 2

    @property
    def centre(self) -> int:
        """Half way across."""
        return self.x + self.width // 2

    @property
    def right(self) -> int:
        """The right side."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The lower side."""
        return self.y + self.height

    @property
    def shape_x(self) -> int:
        """Where the shape of its status is."""
        return self.x + SHAPE

    @property
    def shape_y(self) -> int:
        """Where the shape of its status is."""
        return self.middle - SHAPE + 2

    @property
    def text_x(self) -> int:
        """Where its name begins."""
        return self.x + TEXT


@dataclass(frozen=True, slots=True)
class Box:
    """A group, or the part of one that is on a row; only the first part has its name."""

    label: str
    x: int
    y: int
    width: int
    height: int

    @property
    def label_x(self) -> int:
        """Where its name begins."""
        return self.x + PAD + 1

    @property
    def label_y(self) -> int:
        """The line that its name stands on."""
        return self.y + LABEL - 4

    @property
    def shown(self) -> str:
        """As much of its name as has room."""
        room = max(3, self.width // LETTER)
        return self.label if len(self.label) <= room else f"{self.label[: room - 1]}…"


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from one step to another: ``done`` or ``rest``; past others: ``taken`` or ``skip``."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn, and how large it is."""

    name: str
    width: int
    height: int
    nodes: list[Node] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many outer groups two steps have in common.

    >>> shared(("a", "b"), ("a", "c", "b"))
    1
    """
    common = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        common += 1
    return common
