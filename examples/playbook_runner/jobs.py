"""The jobs of this service, and the book in which they are found again.

Jobs live in memory: a killed service forgets them, and the caller's own deadline decides what that
means.
"""

import threading
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from examples.playbook_runner.errors import KeyReused, QueueFull, UnknownJob
from examples.playbook_runner.orders import Order
from examples.playbook_runner.reports import Report
from examples.playbook_runner.transcript import Transcript

WAITING_JOBS = 1000
REMEMBERED_JOBS = 200


class JobStatus(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"  # Accepted; no worker has taken it yet.
    RUNNING = "running"  # Ansible is at work.
    SUCCESSFUL = "successful"  # Ansible ended with return code 0.
    FAILED = "failed"  # Ansible ended with another return code, or could not be run.


@dataclass(eq=False)
class Job:
    """One run of one playbook. Its worker writes, everybody else only reads."""

    order: Order
    fingerprint: str
    key: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: JobStatus = JobStatus.QUEUED
    return_code: int | None = None
    report: Report = Report.PENDING
    transcript: Transcript = field(init=False)

    def __post_init__(self) -> None:
        self.transcript = Transcript(f"Starting {self.order.playbook_name}")

    def finish(self, return_code: int) -> None:
        """Record how Ansible ended."""
        self.return_code = return_code
        self.status = JobStatus.FAILED if return_code else JobStatus.SUCCESSFUL

    def result(self) -> dict[str, object]:
        """Return what the caller is told at the end, in the words of the callback documents."""
        return {
            "job_id": self.id,
            "output": self.transcript.lines(),
            "return_code": self.return_code,
            "status": self.status,
        }

    def summary(self) -> dict[str, object]:
        """Return what anybody may see: never the callback URL, which is a secret."""
        progress = self.transcript.progress()
        return {
            "job_id": self.id,
            "playbook_name": self.order.playbook_name,
            "status": self.status,
            "return_code": self.return_code,
            "report": self.report,
            **progress,
            "percent": 100 if self.status is JobStatus.SUCCESSFUL else progress["percent"],
        }


class JobBook:
    """The jobs that are remembered: all that are not over, and the latest of those that are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}  # In the order of their arrival.
        self._by_key: dict[str, Job] = {}

    def enter(self, job: Job) -> Job:
        """Enter a new job, or return the one that came with the same key and body before.

        Raises:
            KeyReused: the key came with another body.
            QueueFull: as many jobs as can be are waiting.
        """
        with self._lock:
            known = self._by_key.get(job.key) if job.key else None
            if known and known.fingerprint != job.fingerprint:
                raise KeyReused(KeyReused.__doc__)
            if known:
                return known
            if sum(j.status is JobStatus.QUEUED for j in self._jobs.values()) >= WAITING_JOBS:
                raise QueueFull(QueueFull.__doc__)
            self._forget_some()
            self._jobs[job.id] = job
            if job.key:
                self._by_key[job.key] = job
            return job

    def find(self, job_id: str) -> Job:
        """Return a job by its id, or raise UnknownJob."""
        with self._lock:
            if job_id not in self._jobs:
                raise UnknownJob("There is no such job, or no more.")
            return self._jobs[job_id]

    def _forget_some(self) -> None:
        over = [job for job in self._jobs.values() if job.report is not Report.PENDING]
        for job in over[: max(0, len(self._jobs) - REMEMBERED_JOBS)]:
            del self._jobs[job.id]
            if job.key:
                del self._by_key[job.key]
