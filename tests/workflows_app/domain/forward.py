"""Models whose annotations are strings, some of which name what comes later."""

from __future__ import annotations

from typing import Optional

from workflows_app.domain import ProductBlockModel, SubscriptionModel


class Tree(SubscriptionModel, is_base=True):
    root: NodeBlock
    others: list[NodeBlock | LeafBlock] = []
    spare: Optional[LeafBlock] = None  # noqa: UP045 - as authors write it.


class NodeBlock(ProductBlockModel, product_block_name="NodeBlock"):
    node_name: str = "n"
    leaf: LeafBlock | None = None


class LeafBlock(ProductBlockModel, product_block_name="LeafBlock"):
    colour: str = "green"
