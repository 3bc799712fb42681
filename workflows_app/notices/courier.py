"""Send what is due, beside the workers: a thread that works with the database, and more that wait.

Only the first touches the database, and holds no transaction while something is sent. What is sent
has a thread of its own, so a receiver that hangs holds up neither a step nor another receiver. A
process that ends in between loses nothing: the leases end, and another sends it again.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from django.db import Error as DatabaseError, close_old_connections, connection
from django.utils.translation import gettext_noop as marked

from workflows_app import app_settings, stopping
from workflows_app.authors import authors_code
from workflows_app.errors import AuthorsMistake, WorkflowError
from workflows_app.models import Channel, Delivery
from workflows_app.notices import deliveries, emails, handing_out, webhooks
from workflows_app.notices.deliveries import Result

logger = logging.getLogger(__name__)

SLOTS = {Channel.EMAIL: 4, Channel.WEBHOOK: 8}  # How many are sent at once.
LONGEST = 60.0  # Seconds after which a sending counts as failed, whatever its thread does.
_AFTER_TROUBLE = 5.0


class Courier:
    """Takes what is due, has it sent, and writes down what came of it."""

    def __init__(self) -> None:
        self._under_way: dict[int, tuple[Delivery, float]] = {}
        self._results: queue.SimpleQueue[tuple[int, int, Result]] = queue.SimpleQueue()

    def round(self) -> bool:
        """Write down what has ended, begin to send, and hand out; True if there may be more now."""
        self._collect()
        claimed = [one for channel in SLOTS for one in self._claim(channel)]
        for delivery in claimed:
            self._begin(delivery)
        return bool(handing_out.hand_out() or claimed)

    def run(self) -> None:
        """Go on until this host's workers are asked to stop."""
        while not stopping.asked():
            try:
                close_old_connections()
                with authors_code("what tells people"):
                    if not self.round():
                        self.wait()
            except DatabaseError as error:
                logger.warning("Database not reached: %s", error)
                self._rest()
            except WorkflowError:  # It is in the log, and the thread must live.
                self._rest()

    def drain(self) -> None:
        """Send all that is due, and return when it has ended."""
        while self.round() or self._under_way:
            self.wait()

    def wait(self) -> None:
        """Return when a sending has ended, or when something may be due."""
        try:
            ended = self._results.get(timeout=app_settings.get("MAX_IDLE_SECONDS"))
        except queue.Empty:
            return
        self._settle(*ended)

    def _claim(self, channel: Channel) -> list[Delivery]:
        under_way = [one for one, _ends in self._under_way.values() if one.channel == channel]
        free = SLOTS[channel] - len(under_way)
        busy = [one.endpoint_id for one in under_way]
        return deliveries.claim(channel, free, busy=busy) if free > 0 else []

    def _begin(self, delivery: Delivery) -> None:
        try:
            with authors_code("a notice"):  # One that cannot be written holds up no other.
                if why := deliveries.needless(delivery):
                    deliveries.drop(delivery, why)
                    return
                send = _prepared(delivery)
        except AuthorsMistake:
            deliveries.settle(delivery, Result(False, marked("it could not be written")))
            return
        self._under_way[delivery.pk] = (delivery, time.monotonic() + LONGEST)
        threading.Thread(
            target=self._send, args=(delivery.pk, delivery.attempts, send), daemon=True
        ).start()

    def _send(self, pk: int, attempt: int, send: Callable[[], Result]) -> None:
        self._results.put((pk, attempt, send()))

    def _collect(self) -> None:
        while not self._results.empty():
            self._settle(*self._results.get())
        for delivery, ends in list(self._under_way.values()):
            if time.monotonic() > ends:
                result = Result(False, f"no answer within {LONGEST:g} s")
                self._settle(delivery.pk, delivery.attempts, result)

    def _settle(self, pk: int, attempt: int, result: Result) -> None:
        delivery, _ends = self._under_way.get(pk, (None, 0.0))
        if delivery is not None and delivery.attempts == attempt:
            deliveries.settle(delivery, result)
            del self._under_way[pk]

    def _rest(self) -> None:
        connection.close()
        time.sleep(_AFTER_TROUBLE)


def start() -> None:
    """Send in the background of this process until it ends."""
    threading.Thread(target=Courier().run, name="courier", daemon=True).start()


def _prepared(delivery: Delivery) -> Callable[[], Result]:
    if delivery.endpoint is None:
        return emails.prepared(delivery)
    message_id = str(delivery.notice_id)
    content = webhooks.message(delivery.notice)
    return webhooks.prepared(delivery.endpoint, message_id=message_id, content=content)
