"""What the models in code say the catalog should hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.domain.variants import DomainModel
from workflows_app.errors import CatalogError, DefinitionError
from workflows_app.writing.migrations import owner


@dataclass(frozen=True)
class Modelled:
    """A product or a product block: a base with its variants.

    Attributes:
        name: of the product or the block.
        registered: the class that was found; any of the family.
    """

    name: str
    registered: type[DomainModel]

    @cached_property
    def family(self) -> list[type[DomainModel]]:
        """The base and its variants.

        Raises:
            DefinitionError: the class has no base.
        """
        base = getattr(self.registered, "shape__", None) and self.registered.shape__.base
        if base is None:
            raise DefinitionError(f"{self.registered!r} is no domain model of its own")
        return [base, *(cls for cls in dict.fromkeys(base.shape__.variants.values()))]

    @property
    def app(self) -> str:
        """The label of the app that it is defined in."""
        return owner(self.family[0].__module__)

    @property
    def description(self) -> str:
        """The first line of the base's docstring; "" if it has none of its own."""
        text = self.family[0].__dict__.get("__doc__") or ""
        return next(iter(text.strip().splitlines()), "")

    @cached_property
    def values(self) -> frozenset[str]:
        """The names of its values: of a product, its fixed inputs."""
        return frozenset(name for cls in self.family for name in cls.shape__.values)

    @cached_property
    def parts(self) -> dict[str, type[DomainModel]]:
        """The product blocks that it is directly made of, by name."""
        return {
            kind.shape__.name: kind
            for cls in self.family
            for field in cls.shape__.blocks.values()
            for kind in field.types
        }

    def demands(self, name: str) -> bool:
        """Return whether a variant cannot be loaded without that value."""
        return self._strictest(name).is_required()

    def fit(self, name: str, value: Any) -> Any:
        """Return ``value`` as the field ``name`` stores it.

        Raises:
            CatalogError: the variant that demands most does not take it.
        """
        field = self._strictest(name)
        annotation: Any = Annotated[field.annotation, field]
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        try:
            return adapter.dump_python(adapter.validate_python(value), mode="json")
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise CatalogError(
                f"{value!r} is no value for '{name}' of '{self.name}': {why}"
            ) from error

    def _strictest(self, name: str) -> FieldInfo:
        """Return the field as the first variant has it that demands it, or the last that has it."""
        found = [cls.model_fields[name] for cls in self.family if name in cls.model_fields]
        return next((field for field in found if field.is_required()), found[-1])


def products() -> dict[str, Modelled]:
    """Return the products in ``SUBSCRIPTION_MODEL_REGISTRY``, by name."""
    return {name: Modelled(name, cls) for name, cls in SUBSCRIPTION_MODEL_REGISTRY.items()}


def blocks(of: Iterable[Modelled]) -> dict[str, Modelled]:
    """Return the product blocks that products are made of, however deep, by name."""
    found: dict[str, Modelled] = {}
    left = list(of)
    while left:
        for name, cls in left.pop().parts.items():
            if name not in found:
                found[name] = Modelled(name, cls)
                left.append(found[name])
    return found
