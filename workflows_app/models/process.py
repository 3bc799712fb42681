"""Processes, the steps they executed, and what people did to them.

Note [Due]
~~~~~~~~~~
``due_at`` says when a worker must next look at a process: at once (created, resumed), at the
retry or the timer's end (waiting), at the callback's deadline (awaiting), or when the lease of
the worker that runs it ends (running). NULL means that only an answer can move it. So "runnable"
is one comparison on one indexed column, and recovery after a crash is ordinary work.

Note [State]
~~~~~~~~~~~~
The state is the fold of the patches, in the order of their positions, of the steps that are not
superseded. Nothing stores it a second time.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from workflows_app.errors import WrongStatus
from workflows_app.json_values import JSONObject
from workflows_app.models.workflow import Workflow
from workflows_app.statuses import FAILURES, FINAL, MOVES, ProcessStatus, StepStatus

# Sorted, because a migration compares them with those of another run.
_FINAL = sorted(FINAL)
_NEVER_DUE = [ProcessStatus.SUSPENDED, ProcessStatus.COMPLETED, *sorted(FAILURES)]
_ALWAYS_DUE = [
    ProcessStatus.CREATED,
    ProcessStatus.RESUMED,
    ProcessStatus.RUNNING,
    ProcessStatus.WAITING,
]


class Process(models.Model):
    """One run of a workflow."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="processes")
    status = models.CharField(
        max_length=20, choices=ProcessStatus, default=ProcessStatus.CREATED, editable=False
    )
    next_step = models.CharField(max_length=500, blank=True)  # A step's path; "" after the last.
    definition = models.JSONField(default=list)  # The steps it had when a worker last ran it.
    is_task = models.BooleanField(default=False)
    assignee = models.CharField(max_length=100, blank=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    failed_reason = models.TextField(blank=True)
    note = models.TextField(blank=True, max_length=5000)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # Note [Due].
    worker = models.CharField(max_length=200, blank=True)  # Who claimed it last, while running.
    fence = models.PositiveBigIntegerField(default=0)  # Grows with every claim.
    interruptions = models.PositiveSmallIntegerField(default=0)  # Since the last checkpoint.
    start_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique.
    start_digest = models.CharField(max_length=64, blank=True)
    traceparent = models.CharField(max_length=55, blank=True, default="", db_default="")
    schedule = models.ForeignKey(
        "workflows_app.Schedule",
        on_delete=models.SET_NULL,
        related_name="processes",
        null=True,
        blank=True,
        db_index=False,  # Most processes have none: a partial index is below.
    )

    class Meta:
        verbose_name_plural = "processes"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ProcessStatus.values), name="process_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=_FINAL, finished_at__isnull=False)
                | (~Q(status__in=_FINAL) & Q(finished_at__isnull=True)),
                name="process_finished_at_iff_final",
            ),
            models.CheckConstraint(
                condition=(~Q(status__in=_NEVER_DUE) | Q(due_at__isnull=True))
                & (~Q(status__in=_ALWAYS_DUE) | Q(due_at__isnull=False)),
                name="process_due_at_fits_status",
            ),
            models.UniqueConstraint(
                fields=["created_by", "start_key"], name="process_start_key_is_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="process_due"),
            models.Index(fields=["status", "-created_at"], name="process_status"),
            # Pages of the list are read from these two, each from where the last one ended.
            models.Index(fields=["-created_at", "-id"], name="process_newest"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(finished_at__isnull=True),
                name="process_unfinished",
            ),
            models.Index(fields=["created_by", "-created_at"], name="process_created_by"),
            models.Index(fields=["worker"], condition=~Q(worker=""), name="process_worker"),
            # What the last day led to, on the home page.
            models.Index(
                fields=["finished_at"],
                condition=Q(status=ProcessStatus.COMPLETED),
                name="process_completed",
            ),
            models.Index(
                fields=["schedule", "-created_at"],
                condition=Q(schedule__isnull=False),
                name="process_schedule",
            ),
        ]
        permissions = [
            ("start_process", "Can start processes"),
            ("resume_process", "Can resume processes and answer their forms"),
            ("retry_process", "Can retry failed processes"),
            ("abort_process", "Can abort processes"),
            ("repair_process", "Can skip a failed step and edit a state"),
            ("pause_engine", "Can pause and unpause the engine"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id}:{self.id}"

    def get_absolute_url(self) -> str:
        """Return the address of the process page."""
        return reverse("workflows:process", args=[self.pk])

    @property
    def is_final(self) -> bool:
        """Whether nothing can change its status any more."""
        return self.status in FINAL

    def move_to(
        self, status: ProcessStatus, *, at: datetime, due_at: datetime | None = None
    ) -> list[str]:
        """Change the status, and return the names of the columns that changed.

        The caller holds the row's lock or its claim, and saves. Nothing else writes ``status``
        but the claim itself.

        Raises:
            WrongStatus: there is no such move.
        """
        if status not in MOVES[ProcessStatus(self.status)]:
            raise WrongStatus(self.pk, actual=self.status, wanted=f"it cannot become {status}")
        self.status = status
        self.modified_at = at
        self.due_at = due_at
        self.finished_at = at if status in FINAL else None
        if status not in FAILURES and status != ProcessStatus.WAITING:
            self.failed_reason = ""
        return [*_MOVED]


_MOVED = ("status", "modified_at", "due_at", "finished_at", "failed_reason")


class ProcessStep(models.Model):
    """One recorded execution of a step."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    path = models.CharField(max_length=500)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, default="step")
    status = models.CharField(max_length=20, choices=StepStatus)
    patch = models.JSONField(default=dict)  # The keys it added or changed.
    progress = models.JSONField(null=True, blank=True)  # The remote system's latest, while open.
    attempt = models.PositiveIntegerField(default=1)
    by = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    error_class = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    details = models.JSONField(null=True, blank=True)
    traceback = models.TextField(blank=True)
    superseded = models.BooleanField(default=False)  # Undone by a retry of its whole group.

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=StepStatus.values), name="step_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["process", "position"], name="step_has_its_own_position"
            ),
        ]
        indexes = [
            models.Index(
                fields=["completed_at"],
                condition=Q(status=StepStatus.FAILED),
                name="step_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.path} {self.status}"


class ProcessEvent(models.Model):
    """One action of a person or of the engine; rows are only ever added."""

    process = models.ForeignKey(
        Process, on_delete=models.SET_NULL, related_name="events", null=True, blank=True
    )
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=50)
    at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)
    schedule = models.ForeignKey(
        "workflows_app.Schedule",
        on_delete=models.SET_NULL,
        related_name="events",
        null=True,
        blank=True,
        db_index=False,
    )

    class Meta:
        indexes = [
            models.Index(fields=["process", "at"], name="event_process"),
            models.Index(fields=["-at", "-id"], name="event_at"),
            models.Index(fields=["actor", "-at", "-id"], name="event_actor"),
            models.Index(fields=["action", "-at", "-id"], name="event_action"),
            models.Index(
                fields=["schedule", "at"],
                condition=Q(schedule__isnull=False),
                name="event_schedule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action}"


def fold(patches: Iterable[JSONObject]) -> dict[str, Any]:
    """Return the state that ``patches``, in order, lead to. See Note [State]."""
    state: dict[str, Any] = {}
    for patch in patches:
        state.update(patch)
    return state
