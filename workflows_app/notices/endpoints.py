"""A person's webhook endpoints. A secret is told once, when it is made."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from workflows_app.errors import EndpointRefused, UnknownEndpoint
from workflows_app.models import Delivery, DeliveryStatus, ProcessEvent, WebhookEndpoint
from workflows_app.notices import webhooks
from workflows_app.notices.deliveries import Result, remember
from workflows_app.sealing import seal
from workflows_app.webhook_signing import new_secret

MOST = 10  # Of one person.
BOTH_SIGN = timedelta(days=1)  # How long the former secret signs as well.
_LONGEST_URL = 2000
_LARGEST_ID = 2**63 - 1
_URL = TypeAdapter(AnyHttpUrl)


def found(user: Any, endpoint_id: int) -> WebhookEndpoint:
    """Return an endpoint of the user's own.

    Raises:
        UnknownEndpoint: there is none of that id.
    """
    mine = WebhookEndpoint.objects.filter(user=user).select_related("user")
    endpoint = mine.filter(pk=endpoint_id).first() if endpoint_id <= _LARGEST_ID else None
    if endpoint is None:
        raise UnknownEndpoint(endpoint_id)
    return endpoint


@transaction.atomic
def add(user: Any, *, name: str, url: str) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint, and return it with its secret.

    Raises:
        EndpointRefused: the address cannot be one, or the person has too many endpoints.
    """
    if WebhookEndpoint.objects.filter(user=user).count() >= MOST:
        raise EndpointRefused(
            _("you have %(number)s webhooks, which is the most; delete one first")
            % {"number": MOST}
        )
    secret = new_secret()
    endpoint = WebhookEndpoint.objects.create(
        user=user, name=name or "Webhook", url=_checked(url), secret=seal(secret)
    )
    _log(endpoint, "webhook added")
    return endpoint, secret


@transaction.atomic
def rotate(endpoint: WebhookEndpoint) -> str:
    """Give the endpoint a new secret, and return it; for a day messages are signed with both."""
    secret = new_secret()
    endpoint.previous_secret, endpoint.secret = endpoint.secret, seal(secret)
    endpoint.previous_until = timezone.now() + BOTH_SIGN
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    _log(endpoint, "webhook secret changed")
    return secret


def enable(endpoint: WebhookEndpoint, *, enabled: bool) -> None:
    """Post to the endpoint, or no longer."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(enabled=enabled, disabled_because="")


@transaction.atomic
def delete(endpoint: WebhookEndpoint) -> None:
    """Delete the endpoint, with what was not delivered to it yet."""
    _log(endpoint, "webhook deleted")
    endpoint.delete()


def test(endpoint: WebhookEndpoint) -> Result:
    """Post a message that says nothing, and return what came of it."""
    send = webhooks.prepared(
        endpoint,
        message_id=str(uuid.uuid4()),
        content=webhooks.test_message(timezone.now()),
    )
    result = send()
    remember(endpoint.pk, result, at=timezone.now())
    return result


def try_again(delivery: Delivery) -> bool:
    """Make a delivery that was given up due once more, for another day; False if it was not."""
    given_up = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.GIVEN_UP)
    now = timezone.now()
    return bool(
        given_up.update(status=DeliveryStatus.PENDING, due_at=now, done_at=None, created_at=now)
    )


def _checked(url: str) -> str:
    try:
        parsed = _URL.validate_python(url)
    except ValidationError as error:
        raise EndpointRefused(_("the address is not one of http or https")) from error
    if parsed.username or parsed.password:
        raise EndpointRefused(_("the address must not contain a user name or a password"))
    if len(str(parsed)) > _LONGEST_URL:
        raise EndpointRefused(
            _("the address is longer than %(number)s characters") % {"number": _LONGEST_URL}
        )
    return str(parsed)


def _log(endpoint: WebhookEndpoint, action: str) -> None:
    """Keep in the action log who sends what happens here to which host; paths may be secret."""
    host = _URL.validate_python(endpoint.url).host
    ProcessEvent.objects.create(
        actor=endpoint.user.get_username(),
        action=action,
        details={"name": endpoint.name, "host": host},
    )
