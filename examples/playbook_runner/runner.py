"""Run jobs: a few workers, one playbook at a time each.

Every job that was accepted ends with one result on its way to the caller, whatever happens here: a
playbook that fails, a runner that breaks, a service that is stopped.
"""

import logging
import queue
import threading
import time

from examples.playbook_runner.ansible_run import run_playbook
from examples.playbook_runner.children import Children
from examples.playbook_runner.errors import Stopping
from examples.playbook_runner.jobs import Job, JobBook, JobStatus
from examples.playbook_runner.reports import RetryPolicy, deliver, progress_posts

logger = logging.getLogger(__name__)

BROKEN = -1
STOP_SECONDS = 15.0


class Runner:
    """The queue of jobs, its workers, and the results that are on their way."""

    def __init__(
        self,
        *,
        workers: int = 2,
        retry_policy: RetryPolicy | None = None,
        progress_interval: float = 0.25,
    ) -> None:
        self.book = JobBook()
        self._lock = threading.Lock()
        self._retry_policy = retry_policy or RetryPolicy()
        self._progress_interval = progress_interval
        self._waiting: queue.Queue[Job | None] = queue.Queue()
        self._children = Children()
        self._stopping = threading.Event()
        self._deliveries: set[threading.Thread] = set()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()

    def submit(self, job: Job) -> Job:
        """Queue a job; if its order came with the same key before, return that job instead.

        Raises:
            RunnerError: the job is not taken; the subclass says why.
        """
        with self._lock:  # A job behind the workers' end marks would never be run.
            if self._stopping.is_set():
                raise Stopping("The service is being stopped.")
            entered = self.book.enter(job)
            if entered is job:
                self._waiting.put(job)
        return entered

    def stop(self) -> None:
        """End all jobs, with a last attempt to tell each caller, in bounded time."""
        with self._lock:
            self._stopping.set()
        self._children.stop()
        for _ in self._workers:
            self._waiting.put(None)
        ends_at = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, ends_at - time.monotonic()))
        for delivery in list(self._deliveries):
            delivery.join(max(0.0, ends_at - time.monotonic()))

    def _work(self) -> None:
        while job := self._waiting.get():
            self._run(job)
            delivery = threading.Thread(target=self._deliver, args=(job,), daemon=True)
            self._deliveries.add(delivery)
            delivery.start()

    def _run(self, job: Job) -> None:
        job.status = JobStatus.RUNNING
        progress = job.transcript.progress
        try:
            with progress_posts(job.order.progress, progress, self._progress_interval):
                return_code = run_playbook(job.order, job.transcript, self._children)
        except Stopping:
            return_code = BROKEN
        except Exception as error:  # Ansible and the system around it: anything may go wrong.
            logger.exception("Job %s could not be run", job.id)
            job.transcript.add(f"The runner broke: {type(error).__name__}: {error}\n")
            return_code = BROKEN
        if self._stopping.is_set() and return_code:
            job.transcript.add(f"{Stopping.__doc__}\n")
            return_code = BROKEN
        job.finish(return_code)

    def _deliver(self, job: Job) -> None:
        job.report = deliver(
            job.order.callback,
            job.result(),
            policy=self._retry_policy,
            stopping=self._stopping,
        )
        self._deliveries.discard(threading.current_thread())
