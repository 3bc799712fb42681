"""What a workflow's predicate says now, before anybody has filled in the form.

It only advises: the predicate is asked again at the start, under the lock that makes its answer
hold. One that looks at the inputs cannot say anything yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import Error as DatabaseError
from django.db.models import Count
from django.utils.translation import gettext as _

from workflows_app.authors import authors_code
from workflows_app.definition import WorkflowDefinition
from workflows_app.engine.starting import PredicateContext
from workflows_app.errors import WorkflowError
from workflows_app.models import Process
from workflows_app.statuses import FINAL


class NotFilledIn(WorkflowError):
    """The predicate looks at the inputs."""


class _Blank(Mapping[str, Any]):
    """Inputs that are not there yet."""

    def __getitem__(self, key: str) -> NoReturn:
        raise NotFilledIn(key)

    def __iter__(self) -> Iterator[str]:
        raise NotFilledIn

    def __len__(self) -> int:
        raise NotFilledIn


@dataclass(frozen=True, slots=True)
class Foreseen(PredicateContext):
    """A predicate's context whose unfinished processes have been counted."""

    counted: int

    def unfinished(self) -> int:
        return self.counted


def refusals(definitions: Iterable[WorkflowDefinition]) -> dict[str, str]:
    """Return why workflows would be refused now, by name. One query, whatever their number."""
    asked = [definition for definition in definitions if definition.run_predicate]
    if not asked:
        return {}
    running = Process.objects.filter(workflow__name__in=[each.name for each in asked])
    running = running.exclude(status__in=FINAL).order_by()
    counts = dict(running.values_list("workflow__name").annotate(Count("pk")))
    answers = {each.name: _answer(each, counts.get(each.name, 0)) for each in asked}
    return {name: why for name, why in answers.items() if why}


def foreseen(definition: WorkflowDefinition) -> str:
    """Return why the workflow would be refused now; "" if it would not, or nobody can tell yet."""
    return refusals([definition]).get(definition.name, "")


def _answer(definition: WorkflowDefinition, unfinished: int) -> str:
    if definition.run_predicate is None:
        return ""
    blank: Any = _Blank()
    try:
        with authors_code(_("the predicate of %(workflow)s") % {"workflow": definition.name}):
            answer = definition.run_predicate(Foreseen(definition.name, blank, unfinished))
    except (WorkflowError, DatabaseError):
        return ""  # Starting it will say why.
    if answer is False:
        return _("It cannot be started now.")
    return answer if isinstance(answer, str) else ""
