"""A model and its variants: one class for each stretch of a subscription's life.

The base describes what a subscription is at first, when little is known. Each variant is a
subclass with ``lifecycle=[...]`` that demands more. A status without a variant has the base.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import get_annotations
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from workflows_app.domain.fields import BlockField, block_field
from workflows_app.errors import DefinitionError
from workflows_app.lifecycle import SubscriptionLifecycle

M = TypeVar("M", bound="DomainModel")


@dataclass
class Shape:
    """What is known of a class of a domain model.

    Attributes:
        name: of the product block; "" for subscriptions.
        base: the class whose variants these are; None for a class that is only inherited from.
        variants: by status; shared by all classes of one base.
    """

    cls: type["DomainModel"]
    name: str = ""
    base: type["DomainModel"] | None = None
    lifecycle: tuple[SubscriptionLifecycle, ...] = ()
    variants: dict[SubscriptionLifecycle, type["DomainModel"]] = field(default_factory=dict)

    @cached_property
    def blocks(self) -> dict[str, BlockField]:
        """The fields that hold product blocks, by name.

        Raises:
            DefinitionError: one cannot be stored, or is too lax for a status of the class.
        """
        if not self.cls.__pydantic_complete__:
            self.cls.model_rebuild()
        found = (block_field(name, info) for name, info in self.cls.model_fields.items())
        blocks = {block.name: block for block in found if block}
        for block in blocks.values():
            self._require_strict(block)
        return blocks

    def _require_strict(self, block: BlockField) -> None:
        """Refuse a field that admits less of a block than its variant for our statuses demands."""
        for status in self.lifecycle:
            for kind in block.types:
                wanted = kind.shape__.variant(status)
                if not issubclass(kind, wanted):
                    raise DefinitionError(
                        f"{self.cls.__name__} is for '{status}', where '{block.name}' must be a "
                        f"{wanted.__name__}; a {kind.__name__} is not complete enough"
                    )

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The names of the author's other fields."""
        own = self.cls.model_fields.keys() - self.cls.engine_fields__ - self.blocks.keys()
        return tuple(name for name in self.cls.model_fields if name in own)

    @property
    def statuses(self) -> list[SubscriptionLifecycle]:
        """The statuses in which this very class is the variant."""
        return [status for status in SubscriptionLifecycle if self.variant(status) is self.cls]

    def variant(self, status: SubscriptionLifecycle) -> type["DomainModel"]:
        """Return the class for ``status``."""
        if self.base is None:
            raise DefinitionError(f"{self.cls.__name__} is no domain model of its own")
        return self.variants.get(status, self.base)


class DomainModel(BaseModel):
    """What subscriptions and product blocks have in common."""

    model_config = ConfigDict(
        validate_assignment=True,
        validate_default=True,
        extra="forbid",
        ser_json_inf_nan="constants",  # As null, NaN would get lost without a word.
    )

    shape__: ClassVar[Shape]
    engine_fields__: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def describe__(
        cls, *, is_base: bool, name: str = "", lifecycle: Sequence[SubscriptionLifecycle] | None
    ) -> None:
        """Note what the class is: a base, a variant of one, or neither.

        Raises:
            DefinitionError: a variant has no base, its statuses have a variant already, or it has
                a field of a name that is the engine's.
        """
        if clash := cls.engine_fields__ & get_annotations(cls).keys():
            raise DefinitionError(
                f"{cls.__name__}: every domain model has {', '.join(sorted(clash))} already; "
                "give your field another name"
            )
        inherited: Shape | None = getattr(cls, "shape__", None)
        statuses = tuple(SubscriptionLifecycle(status) for status in lifecycle or ())
        if is_base:
            cls.shape__ = Shape(cls, name, cls, statuses)
        elif inherited and inherited.base:
            cls.shape__ = Shape(cls, inherited.name, inherited.base, statuses, inherited.variants)
        elif statuses:
            raise DefinitionError(
                f"{cls.__name__} has a lifecycle but no base: give the first class of the chain "
                "is_base=True, or a product block its product_block_name"
            )
        else:
            cls.shape__ = Shape(cls)
        for status in statuses:
            _add_variant(cls, status)
        if cls.__pydantic_complete__:
            _ = cls.shape__.blocks  # What is wrong with a field is told where it is defined.


def _add_variant(cls: type[DomainModel], status: SubscriptionLifecycle) -> None:
    known = cls.shape__.variants.get(status)
    if known and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise DefinitionError(
            f"{cls.__name__} and {known.__name__} are both the variant for '{status}'"
        )
    cls.shape__.variants[status] = cls


def as_variant(cls: type[M], status: SubscriptionLifecycle) -> type[M]:
    """Return the variant of ``cls`` for ``status``."""
    found: Any = cls.shape__.variant(status)
    return found  # type: ignore[no-any-return]
