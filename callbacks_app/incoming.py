"""One request to a callback: its credential, its body, and its line in the log."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType

from django.utils import timezone
from rest_framework.request import Request

from callbacks_app import attempts, payloads, signatures, throttles
from callbacks_app.attempts import Kind, Sender, Via
from callbacks_app.errors import (
    AlreadyAnswered,
    CallbackError,
    KeyReused,
    NoLongerOpen,
    NotPermitted,
)
from callbacks_app.models import CallbackToken
from callbacks_app.options import CallbackOptions, options_of
from callbacks_app.payloads import Message
from callbacks_app.tokens import Opened
from workflows_app.json_values import JSON

_TOO_LATE = (AlreadyAnswered, KeyReused, NoLongerOpen)


@dataclass
class Incoming(AbstractContextManager["Incoming"]):
    """A request that is being handled. A refusal that leaves the block is written down."""

    request: Request
    opened: Opened
    kind: Kind
    via: Via = "callback"
    body: bytes = b""
    message: Message | None = None
    options: CallbackOptions = field(init=False)

    def __post_init__(self) -> None:
        self.options = options_of(self.callback)

    @property
    def callback(self) -> CallbackToken:
        """The callback that the request is for."""
        return self.opened.callback

    @property
    def traceparent(self) -> str:
        """The trace that the request is part of."""
        return self.request.headers.get("traceparent", "")

    def read(self, *, allow_text: bool = False, optional: bool = False) -> JSON:
        """Return the payload; with ``optional``, an empty object for an empty body.

        Raises:
            NotPermitted: the token is for progress only.
            BadSignature: the step wants a signature.
            PayloadTooLarge, UnsupportedType, MalformedPayload: see ``payloads``.
        """
        if self.opened.scope == "progress" and self.kind not in ("progress", "heartbeat"):
            raise NotPermitted("This token is for progress and heartbeats only.")
        request = self.request._request  # noqa: SLF001 - unparsed.
        self.body = payloads.raw(request)
        if self.options.signature:
            secrets = signatures.secrets_of(self.options.signature)
            signatures.verify(request.headers, self.body, secrets=secrets, now=timezone.now())
        if optional and not self.body.strip():
            return {}
        self.message = payloads.message(request, self.body, allow_text=allow_text)
        return self.message.value

    @property
    def sender(self) -> Sender:
        """Who sent the request, and what tells it from others."""
        return Sender(
            source=throttles.address(self.request),
            via=self.via,
            key=self.message.key if self.message else "",
            digest=attempts.digest(self.kind, self.body) if self.body else "",
            size=len(self.body),
        )

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Write a refusal down."""
        if not isinstance(error, CallbackError):
            return
        if self.kind == "result" and self.message and isinstance(error, _TOO_LATE):
            attempts.record_late(
                self.callback, self.sender, outcome=error.code, result=self.message.value
            )
        else:
            attempts.record(self.callback, self.sender, kind=self.kind, outcome=error.code)
