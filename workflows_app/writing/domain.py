"""The difference between the domain models and the catalog, and what settles it.

Note [Order of a migration]
~~~~~~~~~~~~~~~~~~~~~~~~~~~
Renames come first, so that the rest speaks of new names only. Then what is new: blocks before what
is made of them. What vanished goes last, products before their blocks. Backwards is the reverse.
Rows that subscriptions have are kept, and are no difference: they are history.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from workflows_app.writing import models
from workflows_app.writing.answers import NO_DEFAULT, Answers
from workflows_app.writing.calls import Call, Change, call
from workflows_app.writing.migrations import mentioning
from workflows_app.writing.models import Modelled
from workflows_app.writing.stored import Stored, stored_blocks, stored_products


class Comparison:
    """Compares code and database, asking ``answers`` what neither says."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.products = models.products()
        self.blocks = models.blocks(self.products.values())
        self.stored_products = {row.name: row for row in stored_products()}
        self.stored_blocks = {row.name: row for row in stored_blocks()}

    def changes(self) -> list[Change]:
        """Return what settles the difference, in an order that works. Note [Order of a migration].

        Raises:
            CatalogError: an answer is missing, or does not fit.
            DefinitionError: a model cannot be built.
        """
        found = [
            *self._renamed("product_blocks", self.blocks, self.stored_blocks),
            *self._renamed("products", self.products, self.stored_products),
            *self._new_blocks(),
            *self._changed(self.blocks, self.stored_blocks, self._block_values, "block"),
            *self._new_products(),
            *self._changed(self.products, self.stored_products, self._fixed_inputs, "product"),
            *self._removed_products(),
            *self._removed_blocks(),
        ]
        self.answers.require_all_used()
        return found

    def kept(self) -> list[str]:
        """Return the names of what has left the code, but not the subscriptions."""
        return [
            row.name
            for code, stored in self._both()
            for row in stored.values()
            if row.used and row.name not in code
        ]

    def _both(self) -> Iterator[tuple[dict[str, Modelled], dict[str, Stored]]]:
        yield self.products, self.stored_products
        yield self.blocks, self.stored_blocks

    def _renamed(
        self, kind: str, code: dict[str, Modelled], stored: dict[str, Stored]
    ) -> Iterator[Change]:
        verb = f"rename_{kind.removesuffix('s')}"
        for old, new in self._renames(code.keys(), stored.keys(), kind):
            row = stored[new] = stored.pop(old)
            row.name = new
            for other in (*self.stored_products.values(), *self.stored_blocks.values()):
                if kind == "product_blocks" and old in other.parts:
                    other.parts = other.parts - {old} | {new}
            yield _change(
                f"rename {old} to {new}",
                code[new].app,
                [call(verb, old, new)],
                [call(verb, new, old)],
            )

    def _renames(
        self, code: Collection[str], stored: Collection[str], *path: str
    ) -> Iterator[tuple[str, str]]:
        gone = [name for name in stored if name not in code]
        for new in sorted(set(code) - set(stored)):
            if gone and (old := self.answers.renamed(new, gone, *path)):
                gone.remove(old)
                yield old, new

    def _new_blocks(self) -> Iterator[Change]:
        new = {name: b for name, b in self.blocks.items() if name not in self.stored_blocks}
        by_app: dict[str, list[str]] = {}
        for name in sorted(new):
            by_app.setdefault(new[name].app, []).append(name)
        for app, names in by_app.items():
            described = {name: _block(new[name]) for name in names}
            needs = {self.blocks[part].app for name in names for part in new[name].parts}
            yield _change(
                f"add the product blocks {', '.join(names)}",
                app,
                [call("create_product_blocks", described)],
                [call("delete_product_block", name) for name in reversed(names)],
                needs=needs,
            )

    def _new_products(self) -> Iterator[Change]:
        for name in sorted(self.products.keys() - self.stored_products.keys()):
            product = self.products[name]
            yield _change(
                f"add the product {name}",
                product.app,
                [call("create_products", {name: self._product(product)})],
                [call("delete_product", name)],
                needs=self._apps(product.parts),
            )

    def _product(self, product: Modelled) -> dict[str, Any]:
        suggested = {
            "product_type": product.family[-1].__name__,
            "description": product.description or product.name,
            "tag": "",
        }
        columns = {
            name: self.answers.column(product, name, text) for name, text in suggested.items()
        }
        fixed = {n: self.answers.fixed_input(product, n) for n in sorted(product.values)}
        made_of = {"product_blocks": sorted(product.parts), "fixed_inputs": fixed}
        return {name: value for name, value in (columns | made_of).items() if value}

    def _changed(
        self, code: dict[str, Modelled], stored: dict[str, Stored], values: Any, kind: str
    ) -> Iterator[Change]:
        for name in sorted(code.keys() & stored.keys()):
            model, row = code[name], stored[name]
            yield from values(model, row)
            for parts, (verb, undo) in (
                (model.parts.keys() - row.parts, _PARTS[kind]),
                (row.parts - model.parts.keys(), _PARTS[kind][::-1]),
            ):
                if parts:
                    yield _change(
                        f"{name}: {verb.replace('_', ' ')} {', '.join(sorted(parts))}",
                        model.app,
                        [call(verb, name, sorted(parts))],
                        [call(undo, name, sorted(parts))],
                        needs=self._apps(parts),
                    )

    def _block_values(self, block: Modelled, row: Stored) -> Iterator[Change]:
        name, fields = block.name, set(row.values)
        for old, new in self._renames(block.values, fields, "fields", name):
            fields = fields - {old} | {new}
            yield _renaming(block, "rename_block_field", old, new)
        for new in sorted(block.values - fields):
            default = self.answers.default(block, new)
            given = [] if default is NO_DEFAULT else [default]
            yield _change(
                f"{name}: add the field {new}",
                block.app,
                [call("add_block_field", name, new, *given)],
                [call("remove_block_field", name, new)],
            )
        for gone in sorted(fields - block.values):
            yield _change(
                f"{name}: remove the field {gone}",
                block.app,
                [call("remove_block_field", name, gone)],
                [call("add_block_field", name, gone)],
            )

    def _fixed_inputs(self, product: Modelled, row: Stored) -> Iterator[Change]:
        name, stored = product.name, dict(row.values)
        for old, new in self._renames(product.values, stored, "fixed_inputs", name):
            stored[new] = stored.pop(old)
            yield _renaming(product, "rename_fixed_input", old, new)
        for new in sorted(product.values - stored.keys()):
            given = {new: self.answers.fixed_input(product, new)}
            yield _change(
                f"{name}: add the fixed input {new}",
                product.app,
                [call("create_fixed_inputs", name, given)],
                [call("delete_fixed_inputs", name, [new])],
            )
        for gone in sorted(stored.keys() - product.values):
            yield _change(
                f"{name}: remove the fixed input {gone}",
                product.app,
                [call("delete_fixed_inputs", name, [gone])],
                [call("create_fixed_inputs", name, {gone: stored[gone]})],
            )

    def _removed_products(self) -> Iterator[Change]:
        for name, row in sorted(self.stored_products.items()):
            if name not in self.products and not row.used:
                given = row.columns | {
                    "product_blocks": sorted(row.parts),
                    "fixed_inputs": row.values,
                    "workflows": row.workflows,
                }
                yield _change(
                    f"remove the product {name}",
                    mentioning([name]),
                    [call("delete_product", name)],
                    [call("create_products", {name: {k: v for k, v in given.items() if v}})],
                )

    def _removed_blocks(self) -> Iterator[Change]:
        gone = [
            row
            for name, row in sorted(self.stored_blocks.items())
            if name not in self.blocks and not row.used
        ]
        for app, rows in _by_app(gone).items():
            described = {
                row.name: row.columns
                | {"fields": sorted(row.values), "depends_on": sorted(row.parts)}
                for row in rows
            }
            yield _change(
                f"remove the product blocks {', '.join(described)}",
                app,
                [call("delete_product_block", name) for name in described],
                [call("create_product_blocks", described)],
            )

    def _apps(self, block_names: Iterable[str]) -> set[str]:
        return {self.blocks[name].app for name in block_names if name in self.blocks}


_PARTS = {
    "block": ("add_block_relations", "remove_block_relations"),
    "product": ("add_blocks_to_product", "remove_blocks_from_product"),
}


def _change(
    sentence: str,
    app: str,
    forwards: Iterable[Call],
    backwards: Iterable[Call],
    needs: Iterable[str] = (),
) -> Change:
    others = frozenset(needs) - {app, ""}
    return Change(sentence, tuple(forwards), tuple(backwards), app=app, needs=others)


def _renaming(model: Modelled, verb: str, old: str, new: str) -> Change:
    return _change(
        f"{model.name}: rename {old} to {new}",
        model.app,
        [call(verb, model.name, old, new)],
        [call(verb, model.name, new, old)],
    )


def _by_app(rows: Iterable[Stored]) -> dict[str, list[Stored]]:
    found: dict[str, list[Stored]] = {}
    for row in rows:
        found.setdefault(mentioning([row.name]), []).append(row)
    return found


def _block(block: Modelled) -> dict[str, Any]:
    described = {
        "description": block.description,
        "fields": sorted(block.values),
        "depends_on": sorted(block.parts),
    }
    return {name: value for name, value in described.items() if value}
