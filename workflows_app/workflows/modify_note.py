"""Change a subscription's note, whatever its status and whoever is changing the rest of it."""

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import ConfigDict, Field

from workflows_app import State, StepList, Target, begin, step, workflow
from workflows_app.forms import FormGenerator, LongText, SubmitFormPage
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.localized import marked
from workflows_app.models import Subscription
from workflows_app.subscriptions import (
    Usable,
    store_process_subscription,
    wrap_modify_initial_input_form,
)

ANY = Usable(
    statuses=frozenset(SubscriptionLifecycle),
    out_of_sync=True,
    related_out_of_sync=True,
    at_work=True,
)


def note_form(subscription_id: UUID) -> FormGenerator:
    """Ask for the new note, beginning with the old one."""
    before = Subscription.objects.values_list("note", flat=True).get(pk=subscription_id)

    class NotePage(SubmitFormPage):
        model_config = ConfigDict(title=_("Note"))

        note: Annotated[LongText, Field(title=_("Note"))] = LongText(before)

    page = yield NotePage
    return {"note": page.note, "note_before": before}


@step(marked("Change the note"))
def change_note(subscription_id: UUID, note: str) -> State:
    # Not through the model: a note raises no version, so nobody's work is lost to it.
    Subscription.objects.filter(pk=subscription_id).update(note=note.strip())
    return {"note": note.strip()}


@workflow(
    marked("Change the note"),
    target=Target.MODIFY,
    initial_input_form=wrap_modify_initial_input_form(note_form, ANY),
    usable=ANY,
)
def modify_note() -> StepList:
    return begin >> store_process_subscription() >> change_note
