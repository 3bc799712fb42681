"""A product as steps see it."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from workflows_app.lifecycle import ProductLifecycle
from workflows_app.models import Product


class ProductModel(BaseModel):
    """What a subscription's product is."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    name: str
    description: str
    product_type: str
    tag: str
    status: ProductLifecycle

    @classmethod
    def of(cls, product: Product) -> "ProductModel":
        """Return the model of a row."""
        return cls(
            product_id=product.pk,
            name=product.name,
            description=product.description,
            product_type=product.product_type,
            tag=product.tag,
            status=ProductLifecycle(product.status),
        )
