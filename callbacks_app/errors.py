"""What can go wrong with a callback, as the remote system sees it.

CallbackError
├── UnknownToken       there is no such callback
├── BadSignature       the step wants signed requests, and this one is not
├── NotPermitted       the credential is good, but not for this
├── AlreadyAnswered    another answer came first; the first one counts
├── KeyReused          an idempotency key came back with another body
├── NoLongerOpen       it expired, was cancelled or replaced, or its process is over
├── MalformedPayload   the body cannot be read
├── PayloadTooLarge    the body is longer than the limit
├── UnsupportedType    the body is of a media type that is not taken here
├── InvalidPayload     the body does not fit what the step expects
└── ReasonMissing      whoever answers by hand must say why

What a step fails with:

CallbackFailed         the remote system reported a failure
CallbackTimedOut       nobody answered in time
└── CallbackHeartbeatTimedOut   nothing was heard of the remote system for too long
CallbackMapFailed      too few of several callbacks succeeded
CallbackCancelled      the callback was withdrawn
"""

from typing import Any

from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app.errors import ProcessFailureError


class CallbackError(Exception):
    """An answer is refused. ``code`` is stable; the message is for people."""

    code = "refused"

    def __init__(self, message: str = "", *, code: str = "", **facts: Any) -> None:
        super().__init__(message or _(self.__doc__ or self.code))
        self.code = code or self.code
        self.facts = facts


class UnknownToken(CallbackError):
    """There is no such callback."""

    code = "not_found"


class BadSignature(CallbackError):
    """The request is not signed as this step demands."""

    code = "bad_signature"


class NotPermitted(CallbackError):
    """The credential is good, but not for this."""

    code = "not_permitted"


class AlreadyAnswered(CallbackError):
    """Another answer came first; the first one counts."""

    code = "already_answered"


class KeyReused(CallbackError):
    """This idempotency key was used for another body."""

    code = "idempotency_key_reused"


class NoLongerOpen(CallbackError):
    """This callback is no longer open: stop sending."""

    code = "expired"


class MalformedPayload(CallbackError):
    """The body cannot be read as JSON."""

    code = "malformed_json"


class PayloadTooLarge(CallbackError):
    """The body is longer than the limit."""

    code = "too_large"


class UnsupportedType(CallbackError):
    """The body is of a media type that is not taken here."""

    code = "unsupported_type"


class InvalidPayload(CallbackError):
    """The body does not fit what the step expects."""

    code = "invalid_payload"


class ReasonMissing(CallbackError):
    """Whoever answers by hand must say why."""

    code = "reason_missing"


SAID = (  # The sentences above, for translators.
    marked("There is no such callback."),
    marked("The request is not signed as this step demands."),
    marked("The credential is good, but not for this."),
    marked("Another answer came first; the first one counts."),
    marked("This idempotency key was used for another body."),
    marked("This callback is no longer open: stop sending."),
    marked("The body cannot be read as JSON."),
    marked("The body is longer than the limit."),
    marked("The body is of a media type that is not taken here."),
    marked("The body does not fit what the step expects."),
    marked("Whoever answers by hand must say why."),
)


class CallbackFailed(ProcessFailureError):
    """The remote system reported a failure.

    Args:
        callback_id: the callback's public id.
        error: ``error_type``, ``error_message``, ``error_data``, ``retryable``, as far as sent.
    """

    def __init__(self, callback_id: str, error: dict[str, Any]) -> None:
        self.callback_id = callback_id
        self.error_type = str(error.get("error_type") or "Failure")
        said = error.get("error_message") or "the remote system reported a failure"
        super().__init__(
            f"{self.error_type}: {said} (callback {callback_id})", {"callback": callback_id} | error
        )


class CallbackTimedOut(ProcessFailureError):
    """Nobody answered the callback in time."""


class CallbackHeartbeatTimedOut(CallbackTimedOut):
    """Nothing was heard of the remote system for longer than the step allows."""


class CallbackMapFailed(ProcessFailureError):
    """Too few of several callbacks succeeded."""


class CallbackCancelled(ProcessFailureError):
    """The callback was withdrawn."""
