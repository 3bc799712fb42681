"""Validate every active subscription, a few at a time.

Note [Throttle]
~~~~~~~~~~~~~~~
Each validation is started with a key made of this process, the subscription and the workflow. The
step goes through them in order, starts as many as there is room for, and waits; when it runs again
it goes on after the last that was started, which the keys tell. Nothing has to be kept in between,
and a crash repeats nothing. What cannot be started now is left for the next time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import F

from workflows_app import StepList, app_settings, begin, engine, task
from workflows_app.dsl import Context, primitive
from workflows_app.errors import FormRejected, StartRefused, UnknownWorkflow
from workflows_app.lifecycle import SubscriptionLifecycle
from workflows_app.localized import marked
from workflows_app.models import Process, Subscription
from workflows_app.outcomes import Outcome, Success, Wait
from workflows_app.statuses import FAILURES, FINAL, Target

PAUSE = timedelta(seconds=5)
ENDED = [*FINAL, *FAILURES]


def _validate(context: Context) -> Outcome:
    begun = Process.objects.filter(start_key__startswith=f"{context.process_id}:")
    last = begun.order_by("-start_key").values_list("start_key", flat=True).first() or ""
    room = app_settings.get("VALIDATIONS_AT_ONCE") - begun.exclude(status__in=ENDED).count()
    for validation in _wanted(context.process_id):
        if validation.key <= last:
            continue
        if room <= 0:
            return Wait(context.now + PAUSE)
        room -= _start(validation, by=context.reporter)
    return Success({"validations": begun.count()})


@dataclass(frozen=True, slots=True)
class _Validation:
    """A subscription that is in order, and a workflow that checks it."""

    key: str
    subscription_id: UUID
    workflow: str


def _wanted(process_id: UUID) -> Iterator[_Validation]:
    """Yield the validations in the order of their keys."""
    rows = Subscription.objects.filter(
        status=SubscriptionLifecycle.ACTIVE,
        insync=True,
        product__workflows__target=Target.VALIDATE,
        product__workflows__in_code=True,
    )
    named = rows.annotate(workflow=F("product__workflows__name"))
    found = (
        _Validation(f"{process_id}:{pk}:{workflow}", pk, workflow)
        for pk, workflow in named.values_list("pk", "workflow")
    )
    yield from sorted(found, key=lambda validation: validation.key)


def _start(validation: _Validation, *, by: str) -> bool:
    """Start a validation; return whether it could be."""
    page = {"subscription_id": str(validation.subscription_id)}
    try:
        engine.start(validation.workflow, inputs=[page], by=by, key=validation.key)
    except (FormRejected, StartRefused, UnknownWorkflow):
        return False
    return True


@task(marked("Validate subscriptions"))
def task_validate_subscriptions() -> StepList:
    return begin >> primitive(marked("Start validations"), _validate, engine_step=False)
