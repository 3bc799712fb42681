from typing import Annotated
from uuid import UUID

from annotated_types import Len

from examples.l2vpn.products.product_blocks.sap import SapBlock, SapBlockInactive
from workflows_app.domain import ProductBlockModel, SubscriptionLifecycle


class VirtualCircuitBlockInactive(ProductBlockModel, product_block_name="VirtualCircuitBlock"):
    saps: Annotated[list[SapBlockInactive], Len(min_length=2, max_length=2)]
    speed: int | None = None  # Mbit/s
    job_id: UUID | None = None  # Of the playbook that configured it as it is.


class VirtualCircuitBlockProvisioning(
    VirtualCircuitBlockInactive, lifecycle=[SubscriptionLifecycle.PROVISIONING]
):
    saps: Annotated[list[SapBlock], Len(min_length=2, max_length=2)]  # type: ignore[assignment]
    speed: int


class VirtualCircuitBlock(
    VirtualCircuitBlockProvisioning, lifecycle=[SubscriptionLifecycle.ACTIVE]
):
    job_id: UUID
