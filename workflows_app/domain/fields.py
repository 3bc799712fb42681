"""Which fields of a domain model hold product blocks, and in which way."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from workflows_app.errors import DefinitionError

if TYPE_CHECKING:
    from workflows_app.domain.blocks import ProductBlockModel


@dataclass(frozen=True, slots=True)
class BlockField:
    """A field that holds product blocks.

    Attributes:
        types: the classes that it admits; each is of another product block.
        many: whether it is a list.
        minimum: the shortest that the list may be.
    """

    name: str
    types: tuple[type["ProductBlockModel"], ...]
    many: bool
    optional: bool
    minimum: int

    def type_for(self, block_name: str) -> type["ProductBlockModel"] | None:
        """Return the class for instances of the product block of that name."""
        return next((cls for cls in self.types if cls.shape__.name == block_name), None)


def block_field(name: str, info: FieldInfo) -> BlockField | None:
    """Return what the field holds if that is product blocks; None for any other value.

    Raises:
        DefinitionError: it mixes product blocks with other values, or two variants of one block;
            it holds them in something other than a list; or one has no name.
    """
    parts = list(_parts(info.annotation))
    lists = [part for part in parts if get_origin(part) is list]
    items = [item for part in lists for item in _parts(*get_args(part))]
    candidates = [part for part in parts if part not in lists and part is not NoneType]
    blocks = [cls for cls in (*candidates, *items) if _is_model(cls)]
    if not blocks:
        if any(map(_is_model, _leaves(info.annotation))):
            raise DefinitionError(
                f"the field '{name}' holds product blocks in another way than one or a list"
            )
        return None
    if len(blocks) != len(candidates) + len(items) or (lists and candidates):
        raise DefinitionError(f"the field '{name}' mixes product blocks with other values")
    for cls in blocks:
        if not cls.shape__.name:
            raise DefinitionError(f"the field '{name}': {cls.__name__} has no product_block_name")
    names = [cls.shape__.name for cls in blocks]
    if len(set(names)) != len(names):
        raise DefinitionError(f"the field '{name}' admits two variants of one product block")
    minimum = max(_minimums(info), default=0)
    return BlockField(name, tuple(blocks), bool(lists), NoneType in parts, minimum)


def _parts(*annotations: Any) -> Iterator[Any]:
    """Yield the members of unions, without what annotates them."""
    for annotation in map(_unaliased, annotations):
        origin = get_origin(annotation)
        if origin is Annotated:
            yield from _parts(get_args(annotation)[0])
        elif origin in (Union, UnionType):
            yield from _parts(*get_args(annotation))
        else:
            yield annotation


def _unaliased(annotation: Any) -> Any:
    """Return what a type alias (``type X = ...``) stands for."""
    return getattr(annotation, "__value__", annotation)


def _leaves(annotation: Any) -> Iterator[Any]:
    """Yield the classes that an annotation is made of, however deep."""
    yield annotation
    for argument in get_args(_unaliased(annotation)):
        yield from _leaves(argument)


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and hasattr(value, "shape__")


def _minimums(info: FieldInfo) -> Iterator[int]:
    for constraint in (*info.metadata, *_inner_constraints(info.annotation)):
        minimum = getattr(constraint, "min_length", None)
        if isinstance(minimum, int):
            yield minimum


def _inner_constraints(annotation: Any) -> Iterator[Any]:
    """Yield what annotates members of a union, or an alias of a list."""
    annotation = _unaliased(annotation)
    if get_origin(annotation) is Annotated:
        inner, *constraints = get_args(annotation)
        for constraint in constraints:
            yield from (constraint.metadata if isinstance(constraint, FieldInfo) else [constraint])
        yield from _inner_constraints(inner)
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _inner_constraints(member)
