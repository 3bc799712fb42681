"""Keep the claim of the running process alive for as long as this worker is.

One thread per worker, with a database connection of its own that opens only when a claim lasts
longer than a third of the lease. The worker's death ends the renewal, and so the lease.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection

from workflows_app import app_settings, queue
from workflows_app.queue import Claim

logger = logging.getLogger(__name__)


@contextmanager
def kept(claim: Claim) -> Iterator[None]:
    """Renew ``claim`` until the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(claim, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _renew(claim: Claim, ended: threading.Event) -> None:
    pause = app_settings.lease().total_seconds() / 3
    try:
        while not ended.wait(pause):
            try:
                if not queue.renew(claim):
                    return
            except Error:
                logger.warning("Lease not renewed", extra={"process_id": claim.process_id})
                connection.close()
    finally:
        connection.close()
