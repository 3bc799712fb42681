"""Show a person the address of an open callback, and write down who has seen it.

The address is derived at that moment and stored nowhere, so nobody can read it afterwards.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from callbacks_app import answers, attempts, by_hand, deadlines, tokens
from callbacks_app.attempts import Sender, Via
from callbacks_app.errors import NotPermitted
from callbacks_app.models import CallbackToken
from workflows_app.models import ProcessEvent
from workflows_app.statuses import FINAL

SHOWN = "callback address shown"  # In the action log.


@dataclass(frozen=True, slots=True)
class Addresses:
    """What opens a callback: its address, and the one that is for progress only."""

    url: str
    progress_url: str


def reveal(callback: CallbackToken, *, user: Any, via: Via, reason: str = "") -> Addresses:
    """Return the addresses of an open callback. Every time is an entry in both logs.

    Raises:
        NotPermitted: the user may not answer it; or its key has left the settings.
        NoLongerOpen, AlreadyAnswered: it has ended, so the address is worth nothing.
    """
    by_hand.require(user, callback)
    with transaction.atomic():
        callback.process = answers.lock(callback.process_id)
        row = CallbackToken.objects.filter(pk=callback.pk)
        if callback.process.status in FINAL or not _is_live(row):
            raise answers.refusal(callback)
        found = _addresses(callback)
        sender = Sender(source=user.get_username(), via=via, reason=reason.strip())
        attempts.record(callback, sender, kind="reveal", outcome="accepted")
        ProcessEvent.objects.create(
            process=callback.process,
            actor=user.get_username(),
            action=SHOWN,
            reason=reason.strip(),
            details={"callback": callback.public_id},
        )
    return found


def _is_live(row: Any) -> bool:
    return deadlines.live(row).exists() or deadlines.forgive_pause(row)


def _addresses(callback: CallbackToken) -> Addresses:
    try:
        return Addresses(tokens.url(callback), tokens.progress_url(callback))
    except KeyError as error:
        raise NotPermitted(_("The key of this address is no longer in the settings.")) from error
