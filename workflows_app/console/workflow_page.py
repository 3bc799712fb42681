"""The page of one workflow: what it does, who may do what, and how it has been doing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from statistics import median
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_GET

from workflows_app import forms, policy, registry
from workflows_app.authors import authors_code
from workflows_app.console.catalogue import HEADINGS
from workflows_app.console.foreseen import foreseen
from workflows_app.console.graph import Drawing, drawings, planned
from workflows_app.console.graph.spots import KINDS
from workflows_app.console.moments import duration
from workflows_app.console.pages import console_view, page, sentence
from workflows_app.console.schedules import Line as ScheduleLine, Run, of_workflow
from workflows_app.console.workflows import definition_of, drift
from workflows_app.definition import WorkflowDefinition
from workflows_app.dsl.steps import Step
from workflows_app.engine.starting import start_form
from workflows_app.errors import FormError, WorkflowError
from workflows_app.localized import localized
from workflows_app.models import Process, Workflow
from workflows_app.retry import ONLY_WHEN_ASKED, Retry
from workflows_app.statuses import ProcessStatus

MOST_RUNS = 10
MEASURED = 50  # Of the last completed processes, whose duration is typical.


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step as its table has it: what is said of it only where it is said."""

    step: Step

    @property
    def groups(self) -> str:
        return " / ".join(localized(group.name) for group in self.step.groups)

    @property
    def name(self) -> str:
        return localized(self.step.name)

    @property
    def kind(self) -> Any:
        """What kind of step it is, where it is a special one."""
        return KINDS.get(self.step.kind, "")

    @property
    def notes(self) -> list[str]:
        """What is special about it."""
        step = self.step
        notes = [
            *(_("if %(condition)s") % {"condition": block.label} for block in step.blocks),
            _retries(step.retry),
            _("stopped after %(span)s") % {"span": _seconds(step.timeout)} if step.timeout else "",
            _("not run again after a crash") if step.on_interrupt == "fail" else "",
            _authorised(_("answered by whom %(function)s lets"), step.authorize_resume),
            _authorised(_("retried by whom %(function)s lets"), step.authorize_retry),
        ]
        return [note for note in notes if note]


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of the first page of the start form."""

    name: str
    title: str
    kind: str
    required: bool


@console_view
@require_GET
def workflow(request: HttpRequest, *, workflow_name: str) -> HttpResponse:
    """Show a workflow of the code or the database."""
    name = workflow_name.replace("\0", "")
    row = Workflow.objects.filter(name=name).first()
    if row is None and name not in registry.names():
        raise Http404(_("There is no workflow %(name)s.") % {"name": name})
    shown = View(request.user, name, row)
    return page(request, "workflows/workflow.html", {"title": shown.title, "view": shown})


class View:
    """What the page shows to ``user``."""

    def __init__(self, user: Any, name: str, row: Workflow | None) -> None:
        self.user, self.name, self.row = user, name, row
        found = definition_of(name, row)
        self.definition = found if isinstance(found, WorkflowDefinition) else None
        self.gone = found if isinstance(found, str) else ""
        self.drift = drift(row, found)

    @property
    def title(self) -> str:
        """What the workflow is called."""
        if self.row and self.row.description:
            return str(self.row)
        return self.definition.title if self.definition else self.name

    @property
    def target(self) -> Any:
        """What it does to a subscription."""
        known = self.row or self.definition
        return HEADINGS[known.target] if known else ""

    @property
    def is_task(self) -> bool:
        """Whether it changes nothing for a customer."""
        known = self.row or self.definition
        return bool(known and known.is_task)

    @cached_property
    def why_not(self) -> str:
        """Why the user cannot start it; "" if they can."""
        if self.definition is None:
            return self.gone
        if self.row is None:
            return _("It is not registered.")
        if not policy.may_start(self.user, self.definition):
            return _("You may not start it.")
        return ""

    @cached_property
    def advice(self) -> str:
        """Why it would be refused just now."""
        return "" if self.why_not or self.definition is None else foreseen(self.definition)

    @property
    def may_schedule(self) -> bool:
        """Whether the user may set up a schedule of it."""
        allowed = self.user.has_perm(policy.PERMISSIONS["add schedules"])
        return allowed and not self.why_not

    @cached_property
    def drawings(self) -> list[Drawing]:
        """The workflow as a graph, once for each width of a page."""
        if self.definition is None:
            return []
        chains = (self.definition.snapshot(), self.definition.cleanup_snapshot())
        return drawings(*(planned(chain) for chain in chains))

    @property
    def position(self) -> str:
        """What the graph shows, for those who do not see it."""
        count = len(self.definition.steps) if self.definition else 0
        return ngettext("%(count)s step.", "%(count)s steps.", count) % {"count": count}

    @property
    def steps(self) -> list[StepLine]:
        """Its steps, in order; those of the clean-up last."""
        found = self.definition
        return [StepLine(step) for step in (*found.steps, *found.cleanup)] if found else []

    @cached_property
    def form(self) -> list[Asked] | str:
        """What the first page of the start form asks for; or why nobody can tell."""
        definition = self.definition
        if definition is None or definition.initial_input_form is None:
            return []
        blank = Process(created_by=self.user.get_username())
        try:
            with authors_code(_("the start form")):
                outcome = forms.walk(start_form(definition, blank), {}, [])
        except (FormError, WorkflowError) as error:
            return sentence(error)
        return _asked(outcome.model) if isinstance(outcome, forms.NextPage) else []

    @property
    def rules(self) -> list[str]:
        """On what, when and by whom it may be started."""
        found = self.definition
        return _rules(found) if found else []

    @cached_property
    def products(self) -> Sequence[Any]:
        """The products whose subscriptions it works on."""
        return list(self.row.products.order_by("name")) if self.row else []

    @cached_property
    def runs(self) -> list[Run]:
        """Its newest processes."""
        rows = Process.objects.filter(workflow=self.row).defer("definition")
        newest = rows.order_by("-created_at", "-pk")[:MOST_RUNS] if self.row else []
        return [Run(process) for process in newest]

    @cached_property
    def typical(self) -> str:
        """How long half of the last completed processes took at most."""
        rows = Process.objects.filter(workflow=self.row, status=ProcessStatus.COMPLETED)
        last = rows.order_by("-created_at").values_list("created_at", "finished_at")[:MEASURED]
        spans = [(ended - begun).total_seconds() for begun, ended in last if ended]
        return _seconds(median(spans)) if spans else ""

    @cached_property
    def schedules(self) -> list[ScheduleLine]:
        """Its schedules, if the user may see them."""
        allowed = self.user.has_perm(policy.PERMISSIONS["see schedules"])
        return of_workflow(self.name) if allowed else []


def _asked(model: Any) -> list[Asked]:
    schema = forms.page_schema(model)
    required = set(schema.get("required", ()))
    return [
        Asked(name, str(field.get("title", name)), _type(field, schema), name in required)
        for name, field in schema.get("properties", {}).items()
    ]


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return the type of a field as its schema says it."""
    if reference := field.get("$ref"):
        field = schema.get("$defs", {}).get(str(reference).rsplit("/", 1)[-1], {})
    options = field.get("anyOf") or field.get("oneOf")
    if options:
        types = [_type(option, schema) for option in options]
        return _(" or ").join(dict.fromkeys(filter(None, types)))
    if field.get("enum"):
        return _("a choice of %(count)s") % {"count": len(field["enum"])}
    return str(field.get("format") or field.get("type", ""))


def _rules(definition: WorkflowDefinition) -> list[str]:
    usable, rules = definition.usable, []
    if usable:
        statuses = ", ".join(sorted(str(status.label) for status in usable.statuses))
        rules.append(_("On subscriptions that are %(statuses)s.") % {"statuses": statuses})
        rules += [
            text
            for said, text in (
                (usable.out_of_sync, _("Also on one that is out of sync.")),
                (not usable.in_use, _("Not on one that others use.")),
                (usable.related_out_of_sync, _("Also while a related one is out of sync.")),
            )
            if said
        ]
    if definition.run_predicate:
        text = _("Not while %(predicate)s refuses.")
        rules.append(text % {"predicate": _named(definition.run_predicate)})
    rules.append(_authorised(_("Started by whom %(function)s lets."), definition.authorize))
    rules.append(_authorised(_("Retried by whom %(function)s lets."), definition.authorize_retry))
    return [rule for rule in rules if rule]


def _authorised(text: str, authorizer: Callable[..., Any] | None) -> str:
    return text % {"function": _named(authorizer)} if authorizer else ""


def _named(function: Callable[..., Any]) -> str:
    """Return where to look for a function of the author's."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', '')}.{name}".removeprefix(".")


def _retries(retry: Retry) -> str:
    if retry == ONLY_WHEN_ASKED:
        return ""
    given = {"times": retry.max_attempts, "pause": _seconds(retry.backoff.total_seconds())}
    if retry.max_attempts is None:
        return _("tried again without end, first after %(pause)s") % given
    return _("tried up to %(times)s times, first again after %(pause)s") % given


def _seconds(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))
