"""Write a product into an app: its models, its workflows, their migration and their tests."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product as combinations
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from workflows_app.statuses import Target
from workflows_app.writing.calls import Change, call
from workflows_app.writing.description import (
    SCALARS,
    BlockDescription,
    FieldDescription,
    ProductDescription,
)

_ENGINE = Engine(dirs=[str(Path(__file__).parent / "templates")])
_WANTED = {"create": ["from uuid import UUID"]}
# A status, the ending of its classes' names, and their argument.
_VARIANTS = (
    ("initial", "Inactive", ""),
    ("provisioning", "Provisioning", "lifecycle=[PROVISIONING]"),
    ("active", "", "lifecycle=[ACTIVE]"),
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one of a product's blocks, as forms and steps have it.

    Attributes:
        path: where it is in a subscription.
    """

    path: str
    field: FieldDescription

    @property
    def name(self) -> str:
        """Its name in forms and states."""
        return "_".join(self.path.split(".")[1:])

    @property
    def annotation(self) -> str:
        """Its type in forms and steps."""
        always = self.field.required or self.field.default is not None
        return self.field.annotation if always else f"{self.field.annotation} | None"

    @property
    def default(self) -> str:
        """What follows the type if it may be left out."""
        if self.field.default is not None:
            return f" = {self.field.default!r}"
        return "" if self.field.required else " = None"

    @property
    def keys(self) -> str:
        """How it is reached in a subscription's JSON."""
        return "".join(f'["{key}"]' for key in self.path.split("."))

    @property
    def key(self) -> str:
        """Its name as code."""
        return f'"{self.name}"'


def names(product: ProductDescription) -> dict[str, dict[str, Any]]:
    """Return the products that the fixed inputs make, with their fixed inputs."""
    inputs = product.fixed_inputs
    made = [
        dict(zip((one.name for one in inputs), chosen, strict=True))
        for chosen in combinations(*(one.values for one in inputs))
    ]
    if len(made) == 1:
        return {product.name: made[0]}
    return {" ".join([product.name, *map(str, given.values())]): given for given in made}


def changes(product: ProductDescription, label: str) -> list[Change]:
    """Return what the product's migration does."""
    blocks = {
        block.name: _present(
            description=block.description,
            tag=block.tag,
            fields=sorted(field.name for field in block.fields if field.is_scalar),
            depends_on=sorted({part.item for part in block.parts()}),
        )
        for block in product.blocks.values()
    }
    products = {
        name: _present(
            product_type=product.product_type,
            description=product.description or name,
            tag=product.tag,
            product_blocks=[product.root.name],
            fixed_inputs=fixed,
        )
        for name, fixed in names(product).items()
    }
    removed = [call("delete_product", name) for name in products]
    removed += [call("delete_product_block", name) for name in reversed(blocks)]
    made = [call("create_product_blocks", blocks), call("create_products", products)]
    return [
        Change(f"add {product.name}", tuple(made), tuple(removed), app=label),
        *(_registered(product, verb, label) for verb in product.workflows),
    ]


def files(product: ProductDescription, app: str) -> dict[str, str]:
    """Return the new modules, by path inside the app."""
    everywhere = {"product": product, "app": app, "products": [repr(n) for n in names(product)]}
    values = [*_values(product.root, product)]
    modified = [value for value in values if value.field.modifiable]
    found = {f"products/{product.slug}.py": _render("models", everywhere | _models(product))}
    for verb in product.workflows:
        used = modified if verb == "modify" else values
        context = {
            "values": sorted(used, key=lambda value: bool(value.default)),
            "imports": _imports([value.field for value in used], wanted=_WANTED.get(verb, [])),
            "title": repr(_title(product, verb)),
        }
        found[f"workflows/{verb}_{product.slug}.py"] = _render(verb, everywhere | context)
    tests = {
        "products": repr([*names(product)]),
        "values": values,
        "modified": modified,
        "tested": product.workflows if "create" in product.workflows else [],
        "order": repr({"customer_id": "customer"} | {v.name: v.field.sample(0) for v in values}),
        "changes": repr({value.name: value.field.sample(1) for value in modified}),
    }
    found[f"tests/test_{product.slug}.py"] = _render("tests", everywhere | tests)
    return found


def additions(product: ProductDescription, app: str) -> dict[str, list[str]]:
    """Return the lines that packages must have, by path inside the app."""
    importing = "from importlib import import_module\n"
    lazy = [
        f'LazyWorkflowInstance("{app}.workflows.{verb}_{product.slug}", "{verb}_{product.slug}")'
        for verb in product.workflows
    ]
    return {
        "__init__.py": [],
        "products/__init__.py": [importing, f'import_module("{app}.products.{product.slug}")'],
        "workflows/__init__.py": [
            importing.rstrip(),
            "",
            "from workflows_app import LazyWorkflowInstance\n",
            f'import_module("{app}.products")',
            *lazy,
        ],
        "migrations/__init__.py": [],
        "tests/__init__.py": [],
    }


def _registered(product: ProductDescription, verb: str, label: str) -> Change:
    name = f"{verb}_{product.slug}"
    described = {
        "name": name,
        "target": Target(verb.upper()).value,
        "description": _title(product, verb),
        "product_type": product.product_type,
    } | ({"is_task": True} if verb == "validate" else {})
    return Change(
        f"register {name}",
        (call("create_workflow", described),),
        (call("delete_workflow", name),),
        app=label,
    )


def _models(product: ProductDescription) -> dict[str, Any]:
    fixed = [one for one in product.fixed_inputs if one.type == "enum"]
    fields = [field for block in product.product_blocks for field in block.fields]
    classes = [
        made
        for block in product.blocks.values()
        for made in _family(block.name, block, f'product_block_name="{block.name}"')
    ]
    root = FieldDescription.model_construct(
        name=product.attribute, type=product.root.name, required="active"
    )
    own = BlockDescription.model_construct(
        name=product.product_type, description=product.description, fields=[root]
    )
    inputs = [f"{one.name}: {one.annotation}" for one in product.fixed_inputs]
    classes += _family(product.product_type, own, "is_base=True", inputs, "SubscriptionModel")
    literal = ["from typing import Literal"] if fixed else []
    return {"classes": classes, "imports": _imports(fields, wanted=literal)}


def _family(
    name: str,
    block: BlockDescription,
    argument: str,
    first: Iterable[str] = (),
    parent: str = "ProductBlockModel",
) -> Iterator[dict[str, Any]]:
    """Yield the base and its variants, each with what changes in it."""
    for status, ending, lifecycle in _VARIANTS:
        is_base = status == "initial"
        lines = [line for field in block.fields for line in _lines(field, status, ending)]
        yield {
            "name": name + ending,
            "arguments": f"{parent}, {lifecycle or argument}",
            "doc": _sentence(block.description) if is_base else "",
            "lines": [*(first if is_base else ()), *lines],
        }
        parent = name + ending


def _lines(field: FieldDescription, status: str, ending: str) -> Iterator[str]:
    """Yield what the class for ``status`` says of a field, if it says anything new."""
    if field.is_scalar:
        if status == "initial" and field.default is not None:
            yield f"{field.name}: {field.annotation} = {field.default!r}"
        elif status == "initial":
            yield f"{field.name}: {field.annotation} | None = None"
        elif status == field.required and field.default is None:
            yield f"{field.name}: {field.annotation}"
    elif field.many:
        yield f"{field.name}: list[{field.item}{ending}] = []"
    elif field.required:
        yield f"{field.name}: {field.item}{ending}"
    else:
        yield f"{field.name}: {field.item}{ending} | None = None"


def _values(
    block: BlockDescription, product: ProductDescription, path: str = ""
) -> Iterator[Value]:
    """Yield the values of a block and of the parts that it always has."""
    path = path or product.attribute
    for field in block.fields:
        if field.is_scalar:
            yield Value(f"{path}.{field.name}", field)
        elif field.required and not field.many:
            yield from _values(product.blocks[field.item], product, f"{path}.{field.name}")


def _imports(fields: Iterable[FieldDescription], *, wanted: Iterable[str] = ()) -> list[str]:
    """Return the imports that the fields' types need, and those that are wanted anyway."""
    lines = {SCALARS[field.item][0] if field.item in SCALARS else "" for field in fields}
    if any(field.type == "enum" for field in fields):
        lines.add("from typing import Literal")
    return sorted((lines | set(wanted)) - {""})


def _present(**columns: Any) -> dict[str, Any]:
    """Return what says something."""
    return {name: value for name, value in columns.items() if value}


def _title(product: ProductDescription, verb: str) -> str:
    return f"{verb.capitalize()} {product.name}"


def _sentence(text: str) -> str:
    """Return ``text`` as a docstring can hold it."""
    sentence = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return sentence if not sentence or sentence[-1] in ".!?" else f"{sentence}."


def _render(template: str, context: Mapping[str, Any]) -> str:
    text = _ENGINE.get_template(f"{template}.py-tpl").render(
        Context(dict(context), autoescape=False)
    )
    return text.rstrip() + "\n"
