"""Hand out callbacks, and find the one that a token opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from callbacks_app import signing, tracing
from callbacks_app.errors import UnknownToken
from callbacks_app.models import OPEN, CallbackStatus, CallbackToken
from callbacks_app.options import CallbackOptions
from callbacks_app.signing import Scope
from workflows_app import app_settings


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token opens, and what it may be used for."""

    callback: CallbackToken
    scope: Scope


def issue(
    process_id: UUID,
    *,
    path: str,
    options: CallbackOptions,
    waits_at: str = "",
    items: int = 1,
    traceparent: str = "",
) -> Sequence[CallbackToken]:
    """Open callbacks for the step ``path``; open ones of an earlier attempt are superseded.

    Args:
        waits_at: the path of the step that waits; "" if that shows only when it does.
        traceparent: of the request that started the process.
    """
    earlier = CallbackToken.objects.filter(process_id=process_id, path=path)
    earlier.filter(status__in=OPEN).update(status=CallbackStatus.SUPERSEDED)
    last = earlier.order_by("-attempt").values_list("attempt", flat=True).first() or 0
    issued = [
        CallbackToken(
            process_id=process_id,
            path=path,
            waits_at=waits_at,
            item=item,
            attempt=last + 1,
            key_id=signing.signing_key_id(),
            timeout=options.timeout_span(),
            heartbeat=options.heartbeat_span(),
        )
        for item in range(items)
    ]
    for callback in issued:
        with tracing.operation(path, op_id=callback.public_id, parent=traceparent):
            callback.traceparent = tracing.traceparent()
    return CallbackToken.objects.bulk_create(issued)


def route(callback: CallbackToken, *, scope: Scope = "result") -> str:
    """Return the relative address at which ``callback`` is answered."""
    token = signing.make(callback, scope=scope)
    return f"/api/processes/{callback.process_id}/callback/{token}"


def url(callback: CallbackToken) -> str:
    """Return the absolute address at which ``callback`` is answered."""
    return f"{app_settings.get('BASE_URL')}{route(callback)}"


def progress_url(callback: CallbackToken) -> str:
    """Return the absolute address for progress. Its token cannot answer the callback."""
    return f"{app_settings.get('BASE_URL')}{route(callback, scope='progress')}/progress"


def mistral_url(callback: CallbackToken) -> str:
    """Return the base URL under which ``callback`` is an action execution of OpenStack Mistral."""
    return f"{app_settings.get('BASE_URL')}/api/mistral/{signing.make(callback)}"


def verified(token: str, *, process_id: str | None = None) -> Opened:
    """Return what ``token`` opens. One read, whatever the token.

    Raises:
        UnknownToken: no such process or callback, or a forged token: which, is not told.
    """
    rows = CallbackToken.objects.select_related("process__workflow")
    callback = rows.filter(public_id=signing.public_id(token)).first()
    scope = signing.scope_of(token, callback)
    if callback is None or scope is None:
        raise UnknownToken
    if process_id is not None and str(callback.process_id) != process_id.lower():
        raise UnknownToken
    return Opened(callback, scope)
