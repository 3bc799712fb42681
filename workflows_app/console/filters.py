"""Which processes a list shows: filters that are also its address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict

from workflows_app.console.needs import needs, of_groups
from workflows_app.models import Process
from workflows_app.statuses import FAILURES, FINAL, ProcessStatus

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_P = ProcessStatus
UNFINISHED = frozenset(_P) - FINAL  # Named one by one, so that the index on statuses serves.
STATUSES: Mapping[str, tuple[str, Q]] = {
    "": ("All", Q()),
    "open": ("Open", Q(status__in=UNFINISHED)),
    "me": ("Needs me", Q(status=_P.SUSPENDED, needs_me=True)),
    "failed": ("Failed", Q(status__in=FAILURES)),
    "suspended": ("Suspended", Q(status=_P.SUSPENDED)),
    "awaiting_callback": ("Awaiting callback", Q(status=_P.AWAITING_CALLBACK)),
    "waiting": ("Waiting", Q(status=_P.WAITING)),
    "running": ("Running", Q(status__in=[_P.CREATED, _P.RESUMED, _P.RUNNING])),
    "completed": ("Completed", Q(status=_P.COMPLETED)),
    "aborted": ("Aborted", Q(status=_P.ABORTED)),
}
KINDS: Mapping[str, tuple[str, Q]] = {
    "": ("Workflows and tasks", Q()),
    "workflow": ("Workflows", Q(is_task=False)),
    "task": ("Tasks", Q(is_task=True)),
}
SORTS: Mapping[str, str] = {"": "Needs attention", "newest": "Newest"}
_HEX = re.compile("[0-9a-f]{1,32}")


@dataclass(frozen=True)
class Chip:
    """One choice of a filter."""

    label: str
    url: str
    on: bool


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


def by_id(text: str) -> Q:
    """Return what finds the rows whose id begins like ``text``; nothing if it is no id's."""
    digits = text.lower().replace("-", "")
    if not _HEX.fullmatch(digits):
        return Q(pk__in=[])
    first, last = digits.ljust(32, "0"), digits.ljust(32, "f")
    return Q(pk__gte=UUID(first), pk__lte=UUID(last))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. An unknown value is no filter."""

    status: str = ""
    kind: str = ""
    mine: str = ""
    workflow: str = ""
    assignee: str = ""
    q: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read the filters of an address."""
        texts = texts_of(cls, query)
        page = page_number(texts.pop("page"))
        texts["mine"] = "1" if texts["mine"] else ""
        for name, known in (("status", STATUSES), ("kind", KINDS), ("sort", SORTS)):
            if texts[name] not in known:
                texts[name] = ""
        return cls(**texts, page=page)

    def address(self, **changes: Any) -> str:
        """Return the query with ``changes``; whatever is changed but the page leads to page 1."""
        return address(replace(self, **({"page": 1} | changes)))

    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return any((self.status, self.kind, self.mine, self.workflow, self.assignee, self.q))

    def apply(self, user: Any) -> QuerySet[Process]:
        """Return the processes that fit, each with ``needs_me``."""
        rows = Process.objects.annotate(needs_me=needs(user))
        rows = rows.filter(STATUSES[self.status][1], KINDS[self.kind][1])
        if self.mine:
            rows = rows.filter(Q(created_by=user.get_username()) | of_groups(user))
        if self.workflow:
            rows = rows.filter(workflow__name=self.workflow)
        if self.assignee:
            rows = rows.filter(assignee=self.assignee)
        return rows.filter(_search(self.q)) if self.q else rows

    def chips(self) -> dict[str, list[Chip]]:
        """Return the choices that need no form, by what they choose."""
        statuses = [
            Chip(label, self.address(status=key), on=key == self.status)
            for key, (label, _) in STATUSES.items()
        ]
        kinds = [
            Chip(label, self.address(kind=key), on=key == self.kind)
            for key, (label, _) in KINDS.items()
        ]
        mine = [Chip("Mine", self.address(mine="" if self.mine else "1"), on=bool(self.mine))]
        sorts = [
            Chip(label, self.address(sort=key), on=key == self.sort) for key, label in SORTS.items()
        ]
        return {"status": statuses, "kind": kinds, "mine": mine, "sort": sorts}


def _search(text: str) -> Q:
    return Q(note__icontains=text) | by_id(text)
