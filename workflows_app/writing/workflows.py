"""The difference between the workflows in code and in the database, as choices to be made.

Note [Attach]
~~~~~~~~~~~~~
Code does not say on which product types a workflow works. A workflow for subscriptions that is
attached to no product is proposed for the one product type whose name, in snake case, ends its own:
``create_user_group`` for ``UserGroup``. If there are several such types, or none, somebody has to
choose.

The engine's own workflows are registered by ``sync_workflows`` alone and belong to no author's app,
so they are no difference; but they can be attached, which the author's migration does.

A row may have been made by ``sync_workflows``, which no migration repeats elsewhere. So whatever
is done with a workflow, the migration begins with ``create_workflow``, which brings it in line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from workflows_app import registration, registry
from workflows_app.definition import WorkflowDefinition
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.models import Product, Workflow
from workflows_app.statuses import Target
from workflows_app.writing.calls import Call, Change, call
from workflows_app.writing.migrations import mentioning, owner
from workflows_app.writing.spelling import apart, slug

_ENGINE = ("workflows_app", "callbacks_app")


@dataclass(slots=True)
class Entry:
    """A workflow: what code and database say of it, and what shall be done.

    Attributes:
        code: what its row should say; None if the code has no such workflow.
        stored: what its row says; None if there is none.
        products: the names of those it is attached to.
        types: the product types of which it is attached to every product.
        wanted: the product types that it shall be attached to.
        stock: whether it is one of the engine's own.
        chosen: whether the migration shall do what ``action`` says.
    """

    name: str
    module: str
    code: dict[str, Any] | None
    stored: dict[str, Any] | None
    products: list[str]
    types: frozenset[str]
    wanted: frozenset[str] = frozenset()
    stock: bool = False
    chosen: bool = False

    @property
    def action(self) -> str:
        """What brings the database in line; "" for nothing."""
        if self.code is None:
            return "remove"
        if not self.stock and self._row_action:
            return self._row_action
        if self.wanted != self.types:
            return "attach" if self.wanted > self.types else "re-attach"
        return ""

    @property
    def _row_action(self) -> str:
        """What brings the row in line, whatever it is attached to; "" for nothing."""
        if self.stored is None or not self.stored["in_code"]:
            return "add"
        if self.stored["target"] != (self.code or {})["target"]:
            return "retarget"
        return "update" if self.stored != self.code else ""

    @property
    def differs(self) -> bool:
        """Whether ``--check`` complains."""
        return bool(self.action)

    @property
    def lacks_product(self) -> bool:
        """Whether it works on subscriptions, but could be started on none."""
        target = (self.code or {}).get("target", Target.SYSTEM)
        attached = self.wanted or self.products
        return not self.stock and target != Target.SYSTEM and not attached

    def __str__(self) -> str:
        target = (self.code or self.stored or {})["target"]
        where = f"  for {', '.join(sorted(self.wanted))}" if self.wanted else ""
        return f"{self.action or 'in line':<9} {self.name}  {target}{where}"


@dataclass(frozen=True)
class Catalog:
    """All workflows, and the product types that they can be attached to."""

    entries: list[Entry]
    types: Mapping[str, list[str]] = field(default_factory=dict)  # Names of products, by type.

    def differing(self) -> list[Entry]:
        """Return the workflows that code and database do not agree on."""
        return [entry for entry in self.entries if entry.differs]

    def changes(self) -> list[Change]:
        """Return what the migration shall do."""
        return [self._change(entry) for entry in self.entries if entry.chosen and entry.action]

    def _change(self, entry: Entry) -> Change:
        settle = _removal if entry.code is None else _registration
        forwards, backwards = settle(entry)
        return Change(
            sentence=str(entry),
            forwards=tuple(forwards),
            backwards=tuple(backwards),
            app="" if entry.stock else owner(entry.module) or mentioning([entry.name]),
            needs=frozenset(self._owners_of_products(entry.wanted)),
        )

    def _owners_of_products(self, types: Iterable[str]) -> Iterator[str]:
        for name in (name for kind in types for name in self.types[kind]):
            model = SUBSCRIPTION_MODEL_REGISTRY.get(name)
            if model and (label := owner(model.__module__)):
                yield label


def compare() -> Catalog:
    """Compare code and database; every difference is chosen, see Note [Attach].

    Raises:
        UnknownWorkflow: a lazily registered workflow cannot be imported.
    """
    types: dict[str, list[str]] = {}
    for name, kind in Product.objects.order_by("name").values_list("name", "product_type"):
        types.setdefault(kind, []).append(name)
    rows = {row.name: row for row in _rows()}
    code = registry.definitions()
    entries = [
        _entry(name, code.get(name), rows.get(name), types)
        for name in sorted(code.keys() | rows.keys())
    ]
    return Catalog(entries, types)


def proposed_type(name: str, types: Iterable[str]) -> str:
    """Return the one product type whose name ends the workflow's; "" if there is not one."""
    fitting = [
        kind
        for kind in types
        if any(name.endswith(f"_{end}") for end in (slug(kind), slug(apart(kind))) if end)
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _rows() -> Iterator[Workflow]:
    """Yield the rows, but not those that are only kept for their processes."""
    rows = Workflow.objects.annotate(runs=Count("processes", distinct=True))
    for row in rows.prefetch_related("products"):
        if row.in_code or row.name in registry.names() or not row.runs or row.products.all():
            yield row


def _entry(
    name: str,
    definition: WorkflowDefinition | None,
    row: Workflow | None,
    types: Mapping[str, list[str]],
) -> Entry:
    products = sorted(product.name for product in row.products.all()) if row else []
    whole = frozenset(kind for kind, names in types.items() if {*names} <= {*products})
    entry = Entry(
        name=name,
        module=definition.module if definition else "",
        code=registration.columns(definition) if definition else None,
        stored=registration.stored(row) if row else None,
        products=products,
        types=whole,
        wanted=whole if definition else frozenset(),
        stock=definition is not None and owner(definition.module) in _ENGINE,
        chosen=True,
    )
    if entry.lacks_product and (kind := proposed_type(name, types)):
        entry.wanted = frozenset({kind})
    return entry


def _registration(entry: Entry) -> tuple[list[Call], list[Call]]:
    added, removed = sorted(entry.wanted - entry.types), sorted(entry.types - entry.wanted)
    first, *others = added or [""]
    described = _described(entry.name, entry.code or {}, brief=entry.action == "add")
    forwards = [call("create_workflow", described | ({"product_type": first} if first else {}))]
    forwards += [call("attach_workflow", entry.name, kind) for kind in others]
    forwards += [call("detach_workflow", entry.name, kind) for kind in removed]
    if entry.action == "add":
        return forwards, [call("delete_workflow", entry.name)]
    backwards = [call("detach_workflow", entry.name, kind) for kind in added]
    if removed or (added and entry.products):
        backwards.append(call("attach_workflow", entry.name, products=entry.products))
    if entry.stored and entry.stored != entry.code and not entry.stock:
        backwards.append(call("create_workflow", _described(entry.name, entry.stored)))
    return forwards, backwards


def _removal(entry: Entry) -> tuple[list[Call], list[Call]]:
    backwards = [call("create_workflow", _described(entry.name, entry.stored or {}, brief=True))]
    if entry.products:
        backwards.append(call("attach_workflow", entry.name, products=entry.products))
    return [call("delete_workflow", entry.name)], backwards


def _described(name: str, columns: Mapping[str, Any], *, brief: bool = False) -> dict[str, Any]:
    """Return what ``create_workflow`` takes; a new row needs no ``is_task`` that is False."""
    left_out = {"in_code", "is_task"} if brief and not columns["is_task"] else {"in_code"}
    return {"name": name} | {key: value for key, value in columns.items() if key not in left_out}
