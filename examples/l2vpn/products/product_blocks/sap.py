"""A service attachment point: a VLAN on a port of a node."""

from workflows_app.domain import ProductBlockModel, SubscriptionLifecycle

_COMPLETE = [SubscriptionLifecycle.PROVISIONING, SubscriptionLifecycle.ACTIVE]


class NodeBlockInactive(ProductBlockModel, product_block_name="NodeBlock"):
    node_name: str | None = None


class NodeBlock(NodeBlockInactive, lifecycle=_COMPLETE):
    node_name: str


class PortBlockInactive(ProductBlockModel, product_block_name="PortBlock"):
    node: NodeBlockInactive
    port_name: str | None = None


class PortBlock(PortBlockInactive, lifecycle=_COMPLETE):
    node: NodeBlock
    port_name: str


class SapBlockInactive(ProductBlockModel, product_block_name="SapBlock"):
    port: PortBlockInactive
    vlan: int | None = None


class SapBlock(SapBlockInactive, lifecycle=_COMPLETE):
    port: PortBlock
    vlan: int
