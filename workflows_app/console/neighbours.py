"""What is around a subscription: what uses it and what it uses, two steps far on both sides.

As many queries however much is there, and no more of it than a page can show: the nearest first,
the living before the terminated, and how many others there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from workflows_app.console import subscription_words as words
from workflows_app.console.sentences import Look
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.models import InstanceRelation, Subscription

MOST = {1: 12, 2: 7}  # Shown on each side, by their distance: 39 with the one in the middle.
COUNTED = 500
_OVER = Case(
    When(status=SubscriptionLifecycle.TERMINATED, then=Value(True)),
    default=Value(False),
    output_field=BooleanField(),
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A subscription; ``level`` is how far it is, and negative on the side of the users."""

    row: Subscription
    level: int

    @property
    def look(self) -> Look:
        return words.look(self.row)


@dataclass(frozen=True, slots=True)
class More:
    """How many are not shown, at which level; ``at_least`` if not all of them were counted."""

    count: int
    level: int
    at_least: bool


@dataclass(slots=True)
class Neighbourhood:
    """The subscriptions around one, with who uses what as pairs of ids."""

    nodes: list[Neighbour]
    more: list[More] = field(default_factory=list)
    edges: list[tuple[UUID, UUID]] = field(default_factory=list)

    def at(self, level: int) -> list[Neighbour]:
        """Return those of one level, in order."""
        return [node for node in self.nodes if node.level == level]


def around(row: Subscription) -> Neighbourhood:
    """Return what is around the subscription. Six queries and one for the rows, at most."""
    levels: dict[UUID, int] = {row.pk: 0}
    found = Neighbourhood([])
    for distance, most in MOST.items():
        for level in (-distance, distance):
            pks = list(_beyond(level, levels)[: COUNTED + 1])
            levels.update(dict.fromkeys(pks[:most], level))
            if len(pks) > most:
                at_least = len(pks) > COUNTED
                found.more.append(More(min(len(pks), COUNTED) - most, level, at_least))
    if len(levels) > 1:
        found.edges = list(_edges(levels))
    found.nodes = list(_nodes(row, levels))
    return found


def _beyond(level: int, levels: dict[UUID, int]) -> QuerySet[Subscription, UUID]:
    """Return the ids of those that are one step beyond what was found before on that side."""
    nearer = level - 1 if level > 0 else level + 1
    reached = [pk for pk, at in levels.items() if at == nearer]
    joined = Q(instances__incoming__subscription__in=reached)
    if level < 0:
        joined = Q(relations__depends_on__subscription__in=reached)
    rows = Subscription.objects.filter(joined).exclude(pk__in=levels).annotate(over=_OVER)
    return rows.order_by("over", "description", "pk").values_list("pk", flat=True).distinct()


def _edges(levels: Sequence[UUID] | dict[UUID, int]) -> Iterator[tuple[UUID, UUID]]:
    among = InstanceRelation.objects.filter(
        subscription__in=levels, depends_on__subscription__in=levels
    )
    pairs = among.values_list("subscription", "depends_on__subscription").distinct()
    return (pair for pair in pairs if pair[0] != pair[1])


def _nodes(row: Subscription, levels: dict[UUID, int]) -> Iterator[Neighbour]:
    others = Subscription.objects.select_related("product").defer("metadata")
    rows = others.in_bulk([pk for pk in levels if pk != row.pk]) | {row.pk: row}
    for pk, level in levels.items():
        if pk in rows:
            yield Neighbour(rows[pk], level)
