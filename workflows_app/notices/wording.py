"""A notice in one sentence, in its reader's language and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from workflows_app.models import Notice, NoticeKind, Preferences
from workflows_app.statuses import ProcessStatus


def headline(notice: Notice) -> str:
    """Say what happened."""
    return _sentence(notice).format(
        workflow=notice.process.workflow, step=notice.step, who=notice.by, group=notice.assignee
    )


def _sentence(notice: Notice) -> str:
    if notice.kind == NoticeKind.NEEDS_INPUT:
        return _("{workflow} needs input: {step}")
    if notice.kind == NoticeKind.FAILED:
        return _("{workflow} failed: {step}")
    if notice.status != ProcessStatus.ABORTED:
        return _("{workflow} has finished")
    return _("{workflow} was aborted by {who}") if notice.by else _("{workflow} was aborted")


@contextmanager
def reader(user: Any) -> Iterator[None]:
    """Use the language and the time zone that the reader chose, else the site's."""
    chosen = getattr(user, "preferences", None) or Preferences()
    language = chosen.language or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(_zone(chosen.time_zone)):
        yield


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):  # This host knows fewer than the console's.
        return ZoneInfo(settings.TIME_ZONE)
