"""The filters of the process list as an address, and the chips that change it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from workflows_app import keyset
from workflows_app.console import columns
from workflows_app.selection import KINDS, STATUSES, TARGETS, Selection, instant

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

STATUS_LABELS: Mapping[str, Promise] = {
    "": gettext_lazy("All"),
    "open": gettext_lazy("Open"),
    "me": gettext_lazy("Needs me"),
    "failed": gettext_lazy("Failed"),
    "suspended": gettext_lazy("Suspended"),
    "awaiting_callback": gettext_lazy("Awaiting callback"),
    "waiting": gettext_lazy("Waiting"),
    "running": gettext_lazy("Running"),
    "completed": gettext_lazy("Completed"),
    "aborted": gettext_lazy("Aborted"),
}
KIND_LABELS: Mapping[str, Promise] = {
    "": gettext_lazy("Workflows and tasks"),
    "workflow": gettext_lazy("Workflows"),
    "task": gettext_lazy("Tasks"),
}
SORT_LABELS: Mapping[str, Promise] = {
    "": gettext_lazy("Needs attention"),
    "newest": gettext_lazy("Newest"),
}
# Behind a fold, as they are asked for less often.
FURTHER = (
    "target", "customer", "product", "created_by", "assignee", "started_after", "started_before",
)  # fmt: skip


@dataclass(frozen=True)
class Chip:
    """One choice of a filter."""

    label: str
    url: str
    on: bool
    count: str = ""


def texts_of(filters: type["DataclassInstance"], query: QueryDict) -> dict[str, str]:
    """Return what an address says of each filter, without what a database cannot be asked for."""
    return {f.name: query.get(f.name, "").replace("\0", "").strip()[:200] for f in fields(filters)}


def page_number(text: str) -> int:
    """Return the page that an address names; 1 if it names none."""
    number = int(text) if text.isascii() and text.isdecimal() else 1
    return min(max(number, 1), 100_000)


def address(filters: "DataclassInstance") -> str:
    """Return the query of an address, without what filters nothing."""
    pairs = {f.name: getattr(filters, f.name) for f in fields(filters)}
    return "?" + urlencode(
        {key: value for key, value in pairs.items() if value and (key, value) != ("page", 1)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(Selection):
    """What the address says. An unknown value is no filter."""

    sort: str = ""
    cols: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        texts["mine"] = "1" if texts["mine"] else ""
        texts["cols"] = columns.text(query.getlist("cols"))
        texts["cursor"] = texts["cursor"] if keyset.cursor(texts["cursor"]) else ""
        for name, known in _KNOWN.items():
            if texts[name] not in known:
                texts[name] = ""
        for name in ("started_after", "started_before"):
            if instant(texts[name]) is None:
                texts[name] = ""
        return cls(**texts)

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; whatever is changed leads to the first page."""
        return address(replace(self, **({"cursor": ""} | changes)))

    def hidden(self) -> list[tuple[str, str]]:
        """Return what the form of the filters must carry along: what it has no field for."""
        names = ("status", "kind", "mine", "sort", "cols")
        return [(name, value) for name in names if (value := getattr(self, name))]

    def all_but_columns(self) -> list[tuple[str, str]]:
        """Return what the form of the columns must carry along."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return [(name, value) for name, value in pairs if value and name not in ("cols", "cursor")]

    def further(self) -> bool:
        """Whether a filter behind the fold is set."""
        return any(getattr(self, name) for name in FURTHER)

    def statuses(self, counts: Mapping[str, str]) -> list[Chip]:
        """Return the choices of a status, with how many processes have it."""
        return [
            Chip(
                str(label),
                self.address(status=key),
                on=key == self.status,
                count=counts.get(key, ""),
            )
            for key, label in STATUS_LABELS.items()
        ]

    def chips(self) -> dict[str, list[Chip]]:
        """Return the other choices that need no form, by what they choose."""
        kinds = [
            Chip(str(label), self.address(kind=key), on=key == self.kind)
            for key, label in KIND_LABELS.items()
        ]
        sorts = [
            Chip(str(label), self.address(sort=key), on=key == self.sort)
            for key, label in SORT_LABELS.items()
        ]
        mine = [Chip(_("Mine"), self.address(mine="" if self.mine else "1"), on=bool(self.mine))]
        return {"kind": kinds, "mine": mine, "sort": sorts}


_KNOWN: Mapping[str, Any] = {
    "status": STATUSES,
    "kind": KINDS,
    "target": TARGETS,
    "sort": SORT_LABELS,
}
