"""Set up a schedule, and change one: which workflow, with which inputs, and when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_noop as marked
from django.views.decorators.http import require_GET, require_http_methods

from workflows_app import policy, registry, schedules
from workflows_app.console.answering import Shown, attempt
from workflows_app.console.catalogue import Group, Startable, catalogue
from workflows_app.console.pages import page, sentence, view_for
from workflows_app.console.preferences import time_zones
from workflows_app.console.schedule_form import (
    CHOICES,
    ScheduleForm,
    disclosed,
    enclosed,
    filled,
    typed,
)
from workflows_app.console.unsent import post_only
from workflows_app.definition import WorkflowDefinition
from workflows_app.engine.starting import start_form
from workflows_app.errors import (
    FormNotComplete,
    FormRejected,
    SealBroken,
    UnknownWorkflow,
    WorkflowError,
)
from workflows_app.json_values import JSONObject
from workflows_app.masking import masked_at
from workflows_app.models import Process, Schedule
from workflows_app.wizard import Finished, Wizard

LONGEST_QUERY = 100
adding = view_for(policy.PERMISSIONS["add schedules"], marked("add schedules"))
changing = view_for(policy.PERMISSIONS["change schedules"], marked("change schedules"))


@adding
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """List the workflows that can be scheduled; with ``?q=`` those that match."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]
    found = catalogue(request.user, q)
    groups = [(group.heading, _possible(group)) for group in found.groups]
    context = {
        "title": _("New schedule"),
        "q": q,
        "groups": [(heading, items) for heading, items in groups if items],
    }
    return page(request, "workflows/schedule_choose.html", context)


@adding
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, *, workflow_name: str) -> HttpResponse:
    """Ask for the inputs as the start form does, then for the times; then set the schedule up."""
    definition = _startable(request, workflow_name)
    return Setting(request, definition).answer()


@changing
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, *, schedule_id: UUID) -> HttpResponse:
    """Change a schedule's name and times; with ``?inputs=1``, its inputs first."""
    schedule = schedules.found(schedule_id)
    definition = _startable(request, schedule.workflow)
    return Setting(request, definition, schedule).answer()


@view_for(policy.PERMISSIONS["see schedules"], marked("see schedules"))
@post_only
def preview(request: HttpRequest) -> HttpResponse:
    """Show the next times that the form would lead to, or what is wrong with it."""
    form = ScheduleForm(request.POST)
    form.full_clean()
    return render(request, "workflows/schedule_preview.html", {"form": form})


class Setting:
    """One request to set up a schedule, or to change ``schedule``."""

    def __init__(
        self, request: HttpRequest, definition: WorkflowDefinition, schedule: Schedule | None = None
    ) -> None:
        self.request, self.definition, self.schedule = request, definition, schedule
        self.user: Any = request.user
        about = schedule.pk if schedule else definition.name
        self.key = f"schedule:{about}:{self.user.pk}"

    def answer(self) -> HttpResponse:
        """Show the page that comes next, or do it."""
        if "enclosed" in self.request.POST:
            return self._timed()
        if self.request.method == "POST" or not self.schedule or "inputs" in self.request.GET:
            return self._filled()
        return self._ask_times(None)

    def _filled(self) -> HttpResponse:
        """Show a page of the start form; after the last one, ask for the times."""
        walked = attempt(self._walk)
        if isinstance(walked, Shown):
            context = self._context() | {"form": walked}
            return page(self.request, "workflows/schedule_inputs.html", context)
        return self._ask_times(walked)

    def _walk(self) -> Shown | list[JSONObject]:
        process = Process(created_by=self.user.get_username())
        wizard = Wizard(start_form(self.definition, process), {}, key=self.key)
        posted = self.request.POST
        answer = wizard.post(posted) if "pages" in posted else wizard.open(self._given())
        if isinstance(answer, Finished):
            return answer.inputs
        return Shown(answer, submit_label=_("Continue"))

    def _given(self) -> JSONObject:
        """Return the inputs that the schedule has, but for secrets, by their names."""
        inputs = self.schedule.inputs if self.schedule else []
        values = {key: value for given in inputs for key, value in given.items()}
        return {key: value for key, value in values.items() if masked_at(key, value) == value}

    def _ask_times(self, inputs: list[JSONObject] | None) -> HttpResponse:
        shown = filled(self.schedule) if self.schedule else _defaults(self.definition)
        form = self._form(shown)
        form.full_clean()
        return self._show(form, _token(inputs, self.key))

    def _timed(self) -> HttpResponse:
        """Take the form of the times."""
        token = self.request.POST["enclosed"]
        form = self._form(self.request.POST)
        try:
            inputs = disclosed(token, self.key) if token else None
        except (SealBroken, signing.BadSignature):
            messages.error(self.request, _("The form was open for too long. Start again."))
            return redirect(self.request.path)
        if not form.is_valid() or "preview" in self.request.POST:
            return self._show(form, token, status=200 if form.is_valid() else 400)
        try:
            return self._do(form, inputs)
        except (FormNotComplete, FormRejected):
            form.add_error(None, _("The inputs do not fit the start form any more. Change them."))
        except WorkflowError as error:
            form.add_error(None, sentence(error))
        return self._show(form, token, status=409)

    def _do(self, form: ScheduleForm, inputs: list[JSONObject] | None) -> HttpResponse:
        given = form.cleaned_data
        told = {"name": given["name"], "user": self.user, "reason": given["reason"]}
        assert form.cadence  # noqa: S101 - a form that is valid has one.
        if self.schedule:
            row = schedules.change(self.schedule.pk, cadence=form.cadence, inputs=inputs, **told)
            messages.success(self.request, _("The schedule is changed."))
        else:
            row = schedules.create(
                workflow=self.definition.name, cadence=form.cadence, inputs=inputs or [], **told
            )
            messages.success(self.request, _("The schedule is set up."))
        return redirect("workflows:schedule", schedule_id=row.pk)

    def _form(self, given: Mapping[str, Any]) -> ScheduleForm:
        form = ScheduleForm(given)
        form.known = self.schedule.cadence if self.schedule else None
        return form

    def _show(self, form: ScheduleForm, token: str, *, status: int = 200) -> HttpResponse:
        context = self._context() | {
            "form": form,
            "enclosed": token,
            "units": CHOICES,
            "time_zones": time_zones(),
            "here": timezone.get_current_timezone_name(),
        }
        return page(self.request, "workflows/schedule_times.html", context, status=status)

    def _context(self) -> dict[str, Any]:
        text = _("New schedule") if self.schedule is None else self.schedule.name
        return {"title": text, "definition": self.definition, "schedule": self.schedule}


def _startable(request: HttpRequest, name: str) -> WorkflowDefinition:
    try:
        definition = registry.get(name)
    except UnknownWorkflow as error:
        raise Http404(sentence(error)) from error
    policy.require_start(request.user, definition)
    return definition


def _possible(group: Group) -> list[Startable]:
    """Return the workflows of a target that the user may start."""
    return [item for _kind, items in group.kinds for item in items if not item.why_not]


def _token(inputs: list[JSONObject] | None, key: str) -> str:
    return "" if inputs is None else enclosed(inputs, key)


def _defaults(definition: WorkflowDefinition) -> dict[str, Any]:
    soon = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return {
        "name": definition.title[:100].strip(),
        "kind": "cron",
        "at": typed(soon),
        "amount": 1,
        "unit": "days",
        "cron": "0 3 * * *",
        "time_zone": timezone.get_current_timezone_name(),
    }
