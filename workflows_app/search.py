"""What is typed into the search box, as a condition on processes.

Words are looked for in the id, the note, the workflow, and in the subscriptions and customers
that a process concerns; ``key=value`` is a key of the state. All of it must fit.

Note [Values of the state]
~~~~~~~~~~~~~~~~~~~~~~~~~~
The state is the fold of the patches, so a step that set the key to the value counts only if no
later step set it again. On PostgreSQL an index of the patches' top-level scalars finds the steps
(migration 0009 says why not of whole patches); SQLite reads them.
"""

import json
import math
import operator
import re
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, Func, JSONField, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTransform

from workflows_app.json_values import JSON
from workflows_app.masking import is_masked
from workflows_app.models import ProcessStep, ProcessSubscription, Subscription, Workflow

MOST_TERMS = 8
FEW = 2000  # Processes that a query names by their ids.
_TERM = re.compile(
    r'(?:(?P<key>[^\W\d][\w.-]*)=(?=\S))?(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>\S+))'
)
_HEX = re.compile("[0-9a-f]{1,32}")
_SCALARS = "workflows_app_state_terms"  # Made by migration 0009.


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or the value of a key of the state."""

    text: str
    key: str = ""


def terms(text: str) -> list[Term]:
    """Take apart what was typed.

    >>> terms('vlan=1001 name="city library" ab12 "not a=key"')
    [Term(text='1001', key='vlan'), Term(text='city library', key='name'),
     Term(text='ab12', key=''), Term(text='not a=key', key='')]
    """
    found = []
    for match in _TERM.finditer(text.replace("\0", "")):
        quoted, plain, key = match["quoted"], match["plain"], match["key"] or ""
        if quoted or plain or key:
            found.append(Term(quoted if plain is None else plain, key))
    return found[:MOST_TERMS]


def matching(text: str, user: Any) -> Q:
    """Return the condition that all terms of ``text`` put on a process.

    Values of the state are looked up here and now: few processes have most of them, and to
    name those is quicker than to let each query of a page find them again.
    """
    condition, few = Q(), None
    for term in terms(text):
        if not term.key:
            condition &= _word(term.text, user)
            continue
        holders = _holders(term, within=few)
        found = list(holders[: FEW + 1])
        if len(found) > FEW:
            condition &= Q(pk__in=holders)
        else:
            few = found
    return condition if few is None else condition & Q(pk__in=few)


def hidden_keys(text: str) -> list[str]:
    """Return the keys in what was typed whose values are hidden, and so never found."""
    return [term.key for term in terms(text) if term.key and is_masked(term.key)]


def by_id(text: str, column: str = "pk") -> Q:
    """Return what finds the rows whose id begins like ``text``; nothing if it is no id's."""
    digits = text.lower().replace("-", "")
    if not _HEX.fullmatch(digits):
        return Q(pk__in=[])
    first, last = digits.ljust(32, "0"), digits.ljust(32, "f")
    return Q((f"{column}__gte", UUID(first)), (f"{column}__lte", UUID(last)))


def sees_subscriptions(user: Any) -> bool:
    """Whether ``user`` may read what processes say of subscriptions and customers."""
    return bool(user.has_perm("workflows_app.view_subscription"))


def _word(text: str, user: Any) -> Q:
    workflows = Workflow.objects.filter(Q(name__icontains=text) | Q(description__icontains=text))
    condition = Q(note__icontains=text) | Q(workflow__in=workflows.values("pk")) | by_id(text)
    if not sees_subscriptions(user):
        return condition
    subscriptions = Subscription.objects.filter(
        Q(description__icontains=text) | Q(customer_id__icontains=text) | by_id(text)
    )
    links = ProcessSubscription.objects.filter(subscription__in=subscriptions.values("pk"))
    return condition | Q(pk__in=links.values("process"))


def _holders(term: Term, *, within: list[UUID] | None) -> QuerySet[ProcessStep, UUID]:
    """Return the processes in whose state the key has the value now, each once."""
    if is_masked(term.key):
        return ProcessStep.objects.none().values_list("process", flat=True)
    later = ProcessStep.objects.filter(
        process=OuterRef("process"),
        position__gt=OuterRef("position"),
        superseded=False,
        patch__has_key=term.key,
    )
    latest = _setting(term).filter(~Exists(later), superseded=False)
    if within is not None:
        latest = latest.filter(process__in=within)
    return latest.values_list("process", flat=True)


def _setting(term: Term) -> QuerySet[ProcessStep]:
    """Return the steps whose patch has the value under the key."""
    if connection.vendor == "postgresql":
        scalars = Func(F("patch"), function=_SCALARS, output_field=JSONField())
        fitting = [Q(scalars__contains={term.key: value}) for value in _values(term.text)]
        return ProcessStep.objects.annotate(scalars=scalars).filter(_any(fitting))
    path = Value(f"$.{json.dumps(term.key)}")
    kind = Func(F("patch"), path, function="JSON_TYPE", output_field=TextField())
    steps = ProcessStep.objects.annotate(at_key=KeyTransform(term.key, "patch"), kind_at_key=kind)
    fitting = [Q(at_key=value) for value in _values(term.text)]
    return steps.filter(_any(fitting)).exclude(kind_at_key__in=["object", "array"])


def _any(conditions: list[Q]) -> Q:
    return reduce(operator.or_, conditions)


def _values(text: str) -> list[JSON]:
    """Return what ``text`` may stand for in JSON: itself, or a number, true, false or null.

    >>> _values("1001"), _values("surf"), _values("[1]"), _values("1e999"), _values("NaN")
    (['1001', 1001], ['surf'], ['[1]'], ['1e999'], ['NaN'])
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    finite = not isinstance(value, float) or math.isfinite(value)
    return [text, value] if isinstance(value, bool | int | float | None) and finite else [text]
