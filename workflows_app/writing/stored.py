"""What the catalog holds, as plain values that renames can be played through on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workflows_app.models import Product, ProductBlock


@dataclass
class Stored:
    """A row of a product or a product block.

    Attributes:
        values: its fixed inputs with their values, or its fields.
        parts: the names of the product blocks that it is directly made of.
        used: whether subscriptions have it.
    """

    name: str
    columns: dict[str, Any]
    values: dict[str, Any]
    parts: set[str]
    used: bool
    workflows: list[str] = field(default_factory=list)


def stored_products() -> Iterator[Stored]:
    """Yield the products of the catalog."""
    for row in Product.objects.with_parts():
        yield Stored(
            name=row.name,
            columns={
                "product_id": str(row.pk),
                "product_type": row.product_type,
                "description": row.description,
                "tag": row.tag,
                "status": row.status,
            },
            values={fixed.name: fixed.value for fixed in row.fixed_inputs.all()},
            parts={block.name for block in row.product_blocks.all()},
            used=row.subscriptions.exists(),
            workflows=[workflow.name for workflow in row.workflows.all()],
        )


def stored_blocks() -> Iterator[Stored]:
    """Yield the product blocks of the catalog."""
    for row in ProductBlock.objects.prefetch_related("depends_on"):
        yield Stored(
            name=row.name,
            columns={"description": row.description, "tag": row.tag},
            values=dict.fromkeys(row.fields),
            parts={block.name for block in row.depends_on.all()},
            used=row.instances.exists(),
        )
