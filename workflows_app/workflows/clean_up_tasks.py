"""Delete completed tasks, and what people were told, that are older than they have to be kept."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from workflows_app import State, StepList, app_settings, begin, registry, step, task
from workflows_app.errors import UnknownWorkflow
from workflows_app.localized import marked
from workflows_app.models import (
    BulkAction,
    Delivery,
    DeliveryStatus,
    Notice,
    Process,
    ProcessEvent,
    Workflow,
)
from workflows_app.statuses import ProcessStatus

AT_ONCE = 500  # Rows of one statement.
RESULTS_KEPT = timedelta(days=30)  # Of acts on many processes; the action log keeps each of them.


@step(marked("Clean up completed tasks"))
def clean_up(process_id: str, reporter: str) -> State:
    deleted = {row.name: _delete(row, but=process_id) for row in Workflow.objects.order_by("name")}
    deleted = {name: count for name, count in deleted.items() if count}
    if deleted:
        ProcessEvent.objects.create(
            process_id=process_id, actor=reporter, action="tasks cleaned up", details=deleted
        )
    results = BulkAction.objects.filter(created_at__lt=timezone.now() - RESULTS_KEPT)
    return {
        "deleted": deleted,
        "deleted_notices": _delete_notices(),
        "deleted_results": results.delete()[0],
    }


@task(marked("Clean up completed tasks"))
def task_clean_up_tasks() -> StepList:
    return begin >> clean_up


def _delete(workflow: Workflow, *, but: str) -> int:
    """Delete the old tasks of a workflow; return how many. Failed and aborted ones stay."""
    old = Process.objects.filter(
        workflow=workflow,
        is_task=True,
        status=ProcessStatus.COMPLETED,
        finished_at__lt=timezone.now() - _kept(workflow.name),
    ).exclude(pk=but)
    count = 0
    while batch := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        Process.objects.filter(pk__in=batch).delete()
        count += len(batch)
    return count


def _delete_notices() -> int:
    """Delete the old notices of which no delivery is under way; return how many."""
    kept = timedelta(days=app_settings.get("NOTICES_KEPT_DAYS"))
    under_way = Delivery.objects.filter(notice=OuterRef("pk"), status=DeliveryStatus.PENDING)
    old = Notice.objects.filter(
        ~Exists(under_way), handed_out_at__isnull=False, at__lt=timezone.now() - kept
    )
    count = 0
    while batch := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        Notice.objects.filter(pk__in=batch).delete()
        count += len(batch)
    return count


def _kept(name: str) -> timedelta:
    try:
        days = registry.get(name).keep_days
    except UnknownWorkflow:
        days = None
    return timedelta(days=app_settings.get("TASK_RETENTION_DAYS") if days is None else days)
