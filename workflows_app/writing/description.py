"""A product as somebody describes it in YAML, before there is code; docs/registration.md has it."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from keyword import iskeyword
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from workflows_app.domain import ProductBlockModel, SubscriptionModel
from workflows_app.errors import CatalogError
from workflows_app.writing.spelling import apart, slug

Required = Literal["provisioning", "active"]
Verb = Literal["create", "modify", "terminate", "validate"]
VERBS: tuple[Verb, ...] = ("create", "modify", "terminate", "validate")

# By type: what has to be imported, and two values as JSON that tests can use.
SCALARS: Mapping[str, tuple[str, tuple[Any, Any]]] = {
    "str": ("", ("one", "two")),
    "int": ("", (1, 2)),
    "float": ("", (1.5, 2.5)),
    "bool": ("", (True, False)),
    "UUID": (
        "from uuid import UUID",
        ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    ),
    "date": ("from datetime import date", ("2030-01-01", "2030-01-02")),
    "datetime": (
        "from datetime import datetime",
        ("2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"),
    ),
    "Decimal": ("from decimal import Decimal", ("1.5", "2.5")),
    "IPv4Address": ("from ipaddress import IPv4Address", ("192.0.2.1", "192.0.2.2")),
    "IPv6Address": ("from ipaddress import IPv6Address", ("2001:db8::1", "2001:db8::2")),
}
_GIVEN = """
    attempt callback_handle callback_route callback_url customer_id idempotency_key process_id
    product product_name progress_url reporter state subscription subscription_id traceparent
    version workflow_name
"""  # What a state holds or a step is given under these names.
_INHERITED = {name for name in dir(BaseModel) if not name.startswith("_")}
_TAKEN = {*re.findall(r"\w+", _GIVEN)} | ProductBlockModel.engine_fields__ | _INHERITED


def _identifier(name: str) -> str:
    if not name.isidentifier() or iskeyword(name) or name.startswith("_"):
        raise ValueError(f"{name!r} cannot be a name in Python")
    return name


def _free(name: str) -> str:
    if name in _TAKEN:
        raise ValueError(f"{name!r} means something else already; take another name")
    return name


Name = Annotated[str, AfterValidator(_identifier)]
FieldName = Annotated[str, AfterValidator(_identifier), AfterValidator(_free)]


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FixedInputDescription(_Described):
    """A value that is the same for all subscriptions of a product; each makes another product."""

    name: FieldName
    type: Literal["str", "int", "float", "bool", "enum"] = "str"
    values: Annotated[list[str | int | float | bool], Field(min_length=1)]

    @model_validator(mode="after")
    def _free_in_products(self) -> "FixedInputDescription":
        if self.name in SubscriptionModel.engine_fields__:
            raise ValueError(f"{self.name!r} is a field of every subscription")
        return self

    @property
    def annotation(self) -> str:
        """Its type in code."""
        return _literal(self.values) if self.type == "enum" else self.type


class FieldDescription(_Described):
    """A field of a product block: a value, or another block.

    Attributes:
        required: the status from which on it is demanded; None for never.
    """

    name: FieldName
    type: str = "str"
    values: list[str | int] = []
    required: Required | None = None
    default: Any = None
    modifiable: bool = True
    example: Any = None

    @model_validator(mode="after")
    def _enumeration_has_values(self) -> "FieldDescription":
        if (self.type == "enum") != bool(self.values):
            raise ValueError("an enum has values, and no other type has")
        return self

    @property
    def many(self) -> bool:
        """Whether it is a list."""
        return self.type.startswith("list[") and self.type.endswith("]")

    @property
    def item(self) -> str:
        """Its type, or that of the items of the list."""
        return self.type[len("list[") : -1] if self.many else self.type

    @property
    def is_scalar(self) -> bool:
        """Whether it is no block."""
        return self.item in SCALARS or self.item == "enum"

    @property
    def annotation(self) -> str:
        """Its type in code, of a value."""
        return _literal(self.values) if self.type == "enum" else self.type

    def sample(self, which: int) -> Any:
        """Return a value for tests: the first, or another."""
        if self.example is not None and which == 0:
            return self.example
        if self.type == "enum":
            return self.values[-which]
        value = SCALARS[self.item][1][which]
        return [value] if self.many else value


class BlockDescription(_Described):
    """A product block, and its name as a part of the product if it is the first one."""

    name: Name
    attribute: FieldName | None = None
    description: str = ""
    tag: str = ""
    fields: Annotated[list[FieldDescription], Field(min_length=1)]

    def parts(self) -> Iterator[FieldDescription]:
        """Yield the fields that hold other blocks."""
        return (field for field in self.fields if not field.is_scalar)


class ProductDescription(_Described):
    """A product, with its blocks, its fixed inputs and its workflows."""

    name: Annotated[str, Field(min_length=1, max_length=150)]
    product_type: Name
    tag: str = ""
    description: str = ""
    fixed_inputs: list[FixedInputDescription] = []
    product_blocks: Annotated[list[BlockDescription], Field(min_length=1)]
    workflows: list[Verb] = list(VERBS)

    @cached_property
    def blocks(self) -> dict[str, BlockDescription]:
        """The blocks by name, parts before what they are parts of."""
        by_name = {block.name: block for block in self.product_blocks}
        needs = {name: {part.item for part in block.parts()} for name, block in by_name.items()}
        return {name: by_name[name] for name in TopologicalSorter(needs).static_order()}

    @property
    def root(self) -> BlockDescription:
        """The block that the product is directly made of."""
        return self.product_blocks[0]

    @property
    def attribute(self) -> str:
        """The name of the root block in the product's model."""
        return self.root.attribute or slug(apart(self.root.name)).removesuffix("_block")

    @property
    def slug(self) -> str:
        """Its name in those of modules and workflows: of its type, as Note [Attach] has it."""
        upper = self.product_type.isupper()
        return slug(self.product_type if upper else apart(self.product_type))

    @model_validator(mode="after")
    def _fits_together(self) -> "ProductDescription":
        names = [block.name for block in self.product_blocks]
        for name in (*names, self.product_type):
            if [*names, self.product_type].count(name) > 1:
                raise ValueError(f"there are two classes {name}; give a block another name")
        for block in self.product_blocks:
            for field in block.parts():
                if field.item not in names:
                    known = ", ".join([*SCALARS, "enum", *names])
                    raise ValueError(
                        f"{block.name}.{field.name} is a {field.item!r}; known are {known}"
                    )
        try:
            _ = self.blocks
        except CycleError as error:
            raise ValueError(f"a block is a part of itself: {error.args[1]}") from error
        if self.attribute in SubscriptionModel.engine_fields__:
            raise ValueError(f"{self.attribute!r} is a field of every subscription: set attribute")
        return self


def read(text: str) -> ProductDescription:
    """Return what the YAML describes.

    Raises:
        CatalogError: it is no YAML, or describes no product; every mistake is named.
    """
    try:
        return ProductDescription.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise CatalogError(f"the description is no YAML: {error}") from error
    except ValidationError as error:
        mistakes = "\n".join(
            f"  {'.'.join(map(str, one['loc'])) or 'product'}: {one['msg']}"
            for one in error.errors()
        )
        raise CatalogError(f"the description is not one of a product:\n{mistakes}") from error


def _literal(values: list[Any]) -> str:
    return f"Literal[{', '.join(map(repr, values))}]"
