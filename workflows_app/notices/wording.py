"""A notice in one sentence, in its reader's language and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from workflows_app.models import Notice, NoticeKind
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
def reader(_user: Any) -> Iterator[None]:
    """Use the language and the time zone of the reader, as far as they are known."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(settings.TIME_ZONE):
        yield
