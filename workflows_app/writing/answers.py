"""What code does not say of a change: renames, defaults and the values of products.

The answers come as JSON, from ``--updates``::

    {"renames": {"products": {"Old": "New"}, "product_blocks": {"OldBlock": "NewBlock"},
                 "fields": {"UserBlock": {"name": "username"}},
                 "fixed_inputs": {"User": {"kind": "affiliation"}}},
     "defaults": {"UserBlock": {"age": 0}},
     "products": {"User": {"product_type": "User", "description": "A user", "tag": "U",
                           "fixed_inputs": {"affiliation": "internal"}}}}
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from workflows_app.errors import CatalogError
from workflows_app.writing.models import Modelled

NO_DEFAULT: Any = object()
_SHAPE: Mapping[str, Any] = {
    "renames": {"products", "product_blocks", "fields", "fixed_inputs"},
    "defaults": None,
    "products": None,
}


class Answers:
    """Answers from JSON alone; what is missing is refused, or taken not to be so."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._unused = {
            (*path, old) for path, renames in _renames(given.get("renames", {})) for old in renames
        }

    def renamed(self, new: str, gone: Collection[str], *path: str) -> str:
        """Return which of the vanished names ``new`` had before; "" if none.

        Args:
            path: "products", "product_blocks"; "fields" or "fixed_inputs" and whose they are.
        """
        for old, becomes in _at(self._given, "renames", *path).items():
            if becomes == new and old in gone:
                self._unused.discard((*path, old))
                return str(old)
        return self.guess(new, sorted(gone), *path)

    def guess(self, new: str, gone: Collection[str], *path: str) -> str:
        """Return which of the vanished names ``new`` had before if JSON does not say."""
        return ""

    def default(self, block: Modelled, field: str) -> Any:
        """Return the value of a new field for existing instances; NO_DEFAULT for none.

        Raises:
            CatalogError: the model demands one, or does not take the one that is given.
        """
        given = _at(self._given, "defaults", block.name)
        if field in given:
            return block.fit(field, given[field])
        return self.missing_default(block, field) if block.demands(field) else NO_DEFAULT

    def missing_default(self, block: Modelled, field: str) -> Any:
        """Return what the model demands and JSON does not give."""
        raise _missing(f"the new field '{field}'", {"defaults": {block.name: {field: "…"}}})

    def fixed_input(self, product: Modelled, name: str) -> str:
        """Return the value of a new fixed input.

        Raises:
            CatalogError: it is missing, or the model does not take it.
        """
        given = _at(self._given, "products", product.name, "fixed_inputs")
        if name not in given:
            return self.missing_fixed_input(product, name)
        return str(product.fit(name, given[name]))

    def missing_fixed_input(self, product: Modelled, name: str) -> str:
        """Return the fixed input that JSON does not give."""
        wanted = {"products": {product.name: {"fixed_inputs": {name: "…"}}}}
        raise _missing(f"the fixed input '{name}'", wanted)

    def column(self, product: Modelled, name: str, suggestion: str) -> str:
        """Return what a new product's row says: its ``product_type``, ``description``, ``tag``."""
        given = _at(self._given, "products", product.name)
        return str(given[name]) if name in given else self.missing_column(product, name, suggestion)

    def missing_column(self, product: Modelled, name: str, suggestion: str) -> str:
        """Return what JSON does not give."""
        return suggestion

    def require_all_used(self) -> None:
        """Raise CatalogError if JSON renames what is not there to be renamed."""
        if self._unused:
            named = ", ".join("/".join(path) for path in sorted(self._unused))
            raise CatalogError(f"--updates renames what has not vanished from the code: {named}")


def read(text: str) -> dict[str, Any]:
    """Return ``--updates``: JSON, or the path of a file with JSON.

    Raises:
        CatalogError: it is neither, or has keys that nobody would read.
    """
    try:
        given = json.loads(text if text.lstrip()[:1] == "{" else Path(text).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogError(f"--updates is neither JSON nor a file with JSON: {error}") from error
    if not isinstance(given, dict):
        raise CatalogError("--updates is not a JSON object")
    unknown = given.keys() - _SHAPE.keys()
    unknown |= _at(given, "renames").keys() - _SHAPE["renames"]
    if unknown:
        raise CatalogError(f"--updates has keys that nobody reads: {', '.join(sorted(unknown))}")
    return given


def _at(given: Any, *path: str) -> Mapping[str, Any]:
    """Return the object at that path; an empty one if there is none."""
    for key in path:
        given = given.get(key, {}) if isinstance(given, Mapping) else {}
    return given if isinstance(given, Mapping) else {}


def _renames(given: Any) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    found: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [
        ((kind,), _at(given, kind)) for kind in ("products", "product_blocks")
    ]
    for kind in ("fields", "fixed_inputs"):
        found += [((kind, whose), _at(given, kind, whose)) for whose in _at(given, kind)]
    return found


def _missing(what: str, wanted: Mapping[str, Any]) -> CatalogError:
    example = json.dumps(wanted, ensure_ascii=False)
    return CatalogError(f"{what} needs a value for what exists: give --updates '{example}'")
