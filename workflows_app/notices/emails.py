"""Tell people by e-mail, in plain text."""

import smtplib
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app import app_settings
from workflows_app.models import Delivery, Notice, NoticeKind
from workflows_app.notices.deliveries import Result
from workflows_app.notices.wording import headline, reader

LONGEST_REASON = 500  # Characters.


def available() -> bool:
    """Return whether this site can send e-mail: with SMTP it takes a server."""
    return bool(settings.EMAIL_HOST) or not settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")


def prepared(delivery: Delivery) -> Callable[[], Result]:
    """Return what sends the delivery's e-mail when it is called, without the database."""
    if not available():
        return lambda: Result(False, marked("this site has no mail server (EMAIL_HOST)"))
    notice, user = delivery.notice, delivery.user
    host = urlsplit(app_settings.get("BASE_URL")).hostname or "localhost"
    with reader(user):
        message = EmailMessage(
            subject=_one_line(headline(notice)),
            body=body(notice),
            to=[user.email],
            headers={
                "Message-ID": f"<{notice.pk}.{delivery.pk}@{host}>",  # The same if sent again.
                "Auto-Submitted": "auto-generated",
            },
        )
    return partial(_send, message)


def body(notice: Notice) -> str:
    """Return the text in the reader's language and time."""
    paragraphs = [headline(notice), "\n".join(_facts(notice)), _address(notice)]
    chosen = _("You are told because you chose so: {url}")
    paragraphs.append(chosen.format(url=_site(reverse("workflows:notifications"))))
    return "\n\n".join(paragraphs) + "\n"


def _facts(notice: Notice) -> list[str]:
    process = notice.process
    facts = [
        (_("Step: {value}"), notice.step if notice.kind != NoticeKind.FINISHED else ""),
        (_("Reason: {value}"), notice.reason[:LONGEST_REASON]),
        (_("Waits for: {value}"), notice.assignee),
        (_("Note: {value}"), process.note),
        (_("Started by: {value}"), process.created_by),
        (_("Started at: {value}"), _clock(process.created_at)),
        (_("Id: {value}"), process.pk),
    ]
    return [text.format(value=value) for text, value in facts if value]


def _send(message: EmailMessage) -> Result:
    try:
        message.send()
    except smtplib.SMTPResponseException as error:
        return Result(False, f"the mail server answered {error.smtp_code}")
    except smtplib.SMTPRecipientsRefused:
        return Result(False, marked("the mail server does not take mail for this address"))
    except (smtplib.SMTPException, OSError, ValueError):
        return Result(False, marked("the mail server cannot be reached, or takes no mail"))
    return Result(True, marked("sent"))


def _address(notice: Notice) -> str:
    return _site(notice.process.get_absolute_url())


def _site(path: str) -> str:
    return f"{app_settings.get('BASE_URL')}{path}"


def _clock(at: Any) -> str:
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
