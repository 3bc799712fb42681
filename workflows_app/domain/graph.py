"""Read the graphs of subscriptions: four statements, however many there are and however deep."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from workflows_app.models import (
    FixedInput,
    InstanceRelation,
    Subscription,
    SubscriptionInstance,
)

_TABLE = InstanceRelation._meta.db_table
_REACHABLE = """
WITH RECURSIVE reached (id, depends_on_id) AS (
    SELECT id, depends_on_id FROM {table}
    WHERE in_use_by_id IS NULL AND subscription_id IN ({subscriptions})
  UNION
    SELECT edge.id, edge.depends_on_id FROM {table} AS edge
    JOIN reached ON edge.in_use_by_id = reached.depends_on_id
)
SELECT edge.* FROM {table} AS edge JOIN reached ON edge.id = reached.id
ORDER BY edge.attribute, edge."order"
"""


@dataclass(frozen=True, slots=True)
class Graph:
    """What the database holds of some subscriptions.

    Attributes:
        edges: by the id of the subscription or instance that they start in, in their order.
        instances: every instance that can be reached, whoever owns it.
        fixed_inputs: by product, then name.
    """

    subscriptions: Mapping[UUID, Subscription]
    edges: Mapping[UUID, Sequence[InstanceRelation]]
    instances: Mapping[UUID, SubscriptionInstance]
    fixed_inputs: Mapping[UUID, Mapping[str, str]]

    def targets(self, start: UUID, attribute: str) -> list[SubscriptionInstance]:
        """Return the instances under ``attribute`` of a subscription or an instance."""
        edges = self.edges.get(start, ())
        return [self.instances[e.depends_on_id] for e in edges if e.attribute == attribute]


def read(subscription_ids: Collection[UUID]) -> Graph:
    """Return the graphs of the subscriptions that there are."""
    rows = Subscription.objects.select_related("product").filter(pk__in=subscription_ids)
    subscriptions = {row.pk: row for row in rows}
    edges = _edges(subscriptions)
    reached = {edge.depends_on_id for group in edges.values() for edge in group}
    # Not in_bulk: on SQLite that asks in portions of 999.
    instances = SubscriptionInstance.objects.select_related("product_block").filter(pk__in=reached)
    return Graph(
        subscriptions=subscriptions,
        edges=edges,
        instances={instance.pk: instance for instance in instances},
        fixed_inputs=fixed_inputs({row.product_id for row in subscriptions.values()}),
    )


def fixed_inputs(product_ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, str]]:
    """Return the fixed inputs of products."""
    found: dict[UUID, dict[str, str]] = defaultdict(dict)
    for row in FixedInput.objects.filter(product__in=product_ids):
        found[row.product_id][row.name] = row.value
    return found


def _edges(subscription_ids: Collection[UUID]) -> Mapping[UUID, Sequence[InstanceRelation]]:
    found: dict[UUID, list[InstanceRelation]] = defaultdict(list)
    if not subscription_ids:
        return found
    key = Subscription._meta.pk
    parameters = [key.get_db_prep_value(pk, connection) for pk in subscription_ids]
    sql = _REACHABLE.format(table=_TABLE, subscriptions=", ".join(["%s"] * len(parameters)))
    for edge in InstanceRelation.objects.raw(sql, parameters):
        found[edge.in_use_by_id or edge.subscription_id].append(edge)
    return found
