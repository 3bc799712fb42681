"""Post notices to endpoints, as Standard Webhooks does.

No value of a process's state is in a message: who wants to know more has the address to ask.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import requests
from django.utils import timezone
from django.utils.translation import gettext_noop as marked

from workflows_app import app_settings, outgoing, webhook_signing
from workflows_app.errors import ProcessFailureError, SealBroken
from workflows_app.models import Notice, WebhookEndpoint
from workflows_app.notices.deliveries import Result
from workflows_app.sealing import unseal

logger = logging.getLogger(__name__)

LONGEST_REASON = 1000  # Characters.


def message(notice: Notice) -> dict[str, Any]:
    """Return what is posted of a notice."""
    process = notice.process
    return {
        "type": f"process.{notice.kind}",
        "timestamp": notice.at.isoformat(),
        "data": {
            "process": {
                "id": str(process.pk),
                "workflow": process.workflow.name,
                "description": process.workflow.description,
                "status": notice.status,
                "is_task": process.is_task,
                "step": notice.step,
                "assignee": notice.assignee,
                "note": process.note,
                "failed_reason": notice.reason[:LONGEST_REASON],
                "started_by": process.created_by,
                "started_at": process.created_at.isoformat(),
                "ended_by": notice.by,
                "url": f"{app_settings.get('BASE_URL')}{process.get_absolute_url()}",
            }
        },
    }


def test_message(now: datetime) -> dict[str, Any]:
    """Return what is posted to try an endpoint."""
    return {"type": "test", "timestamp": now.isoformat(), "data": {}}


def prepared(
    endpoint: WebhookEndpoint, *, message_id: str, content: dict[str, Any]
) -> Callable[[], Result]:
    """Return what posts ``content`` when it is called, without the database."""
    body, now = json.dumps(content).encode(), timezone.now()
    try:
        secrets = [unseal(sealed) for sealed in _secrets(endpoint, now)]
    except SealBroken:
        return lambda: Result(False, marked("its secret cannot be opened: make a new one"))
    headers = {"Content-Type": "application/json"} | webhook_signing.headers(
        message_id=message_id, at=now, body=body, signed_with=secrets
    )
    return partial(post, endpoint.url, body, headers)


def post(url: str, body: bytes, headers: dict[str, str]) -> Result:
    """Post once, and say what came of it. A redirect is a refusal like another; no body is read."""
    seconds = app_settings.get("NOTICE_TIMEOUT_SECONDS")
    try:
        with (
            outgoing.session() as session,
            session.post(url, data=body, headers=headers, timeout=seconds, stream=True) as answer,
        ):
            status = answer.status_code
    except ProcessFailureError:
        return Result(False, marked("this site's settings do not allow the address"))
    except requests.Timeout:
        return Result(False, f"no answer within {seconds:g} s")
    except requests.exceptions.SSLError:
        return Result(False, marked("its certificate is not trusted"))
    except requests.ConnectionError:
        return Result(False, marked("no connection"))
    except requests.RequestException:
        return Result(False, marked("the address cannot be used, or what answers speaks no HTTP"))
    return Result(requests.codes.ok <= status < 300, f"answered {status}", gone=status == 410)


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Return the sealed secrets that sign: for a while after a change the former one as well."""
    former = endpoint.previous_until is not None and endpoint.previous_until > now
    return [endpoint.secret, endpoint.previous_secret] if former else [endpoint.secret]
