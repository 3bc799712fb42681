"""What a workflow's author says of a callback; the endpoints and the waiting step both read it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel

from callbacks_app.models import CallbackToken
from workflows_app import app_settings, registry
from workflows_app.errors import DefinitionError, UnknownStep, UnknownWorkflow
from workflows_app.json_values import JSON
from workflows_app.retry import Retry

OnTimeout: TypeAlias = Literal["fail", "retry", "continue"]
Span: TypeAlias = float | timedelta


class SiteDefault:
    """The type of ``SITE_DEFAULT``."""

    def __repr__(self) -> str:
        return "SITE_DEFAULT"


SITE_DEFAULT: Final = SiteDefault()  # The timeout of a step that names none.


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOptions:
    """How a callback is answered, and what happens if it is not.

    Args:
        timeout: seconds in all; ``SITE_DEFAULT`` for ``CALLBACK_TIMEOUT_SECONDS``, None for ever.
        heartbeat: the longest silence, in seconds: progress and heartbeats end it.
        payload_model: what a result must fit; another one is refused and may be sent again.
        on_timeout: what follows when nobody answers in time.
        default: the result with which ``on_timeout="continue"`` goes on.
        retry: how often and how soon to ask again: after a failure that the remote system calls
            retryable, and with ``on_timeout="retry"`` after a timeout.
        extend_limit: how far ahead, in seconds, the remote system itself may move the deadline.
        signature: the name in ``CALLBACK_SECRETS`` under which its requests must be signed.

    Raises:
        DefinitionError: a value makes no sense.
    """

    timeout: Span | SiteDefault | None = SITE_DEFAULT
    heartbeat: Span | None = None
    payload_model: type[BaseModel] | None = None
    on_timeout: OnTimeout = "fail"
    default: JSON = None
    retry: Retry | None = None
    extend_limit: Span | None = None
    signature: str = ""

    def __post_init__(self) -> None:
        if self.on_timeout not in ("fail", "retry", "continue"):
            raise DefinitionError("on_timeout is 'fail', 'retry' or 'continue'")
        if self.default is not None and self.on_timeout != "continue":
            raise DefinitionError("default= is for on_timeout='continue'")
        for name in ("timeout", "heartbeat", "extend_limit"):
            value = getattr(self, name)
            if value is not None and value is not SITE_DEFAULT and _span(value) <= timedelta(0):
                raise DefinitionError(f"{name} is a number of seconds above 0, or None")

    def timeout_span(self) -> timedelta | None:
        """Return how long a callback may take in all."""
        if isinstance(self.timeout, SiteDefault):
            return _optional(app_settings.get("CALLBACK_TIMEOUT_SECONDS"))
        return _optional(self.timeout)

    def heartbeat_span(self) -> timedelta | None:
        """Return the longest silence."""
        return _optional(self.heartbeat)

    def extend_span(self) -> timedelta | None:
        """Return how far ahead the remote system may move the deadline."""
        return _optional(self.extend_limit)

    def policy(self, *, timed_out: bool, retryable: bool) -> Retry | None:
        """Return when to ask again after a timeout or a failure; None for never."""
        if timed_out:
            return (self.retry or _AFTER_TIMEOUT) if self.on_timeout == "retry" else None
        return self.retry if retryable else None


_AFTER_TIMEOUT = Retry(max_attempts=3)


def options_of(callback: CallbackToken) -> CallbackOptions:
    """Return the options of the callback's step, as today's code has them."""
    try:
        step = registry.get(callback.process.workflow.name).step(callback.path)
    except (UnknownWorkflow, UnknownStep):
        return CallbackOptions()
    return step.options if isinstance(step.options, CallbackOptions) else CallbackOptions()


def _optional(value: Span | None) -> timedelta | None:
    return None if value is None else _span(value)


def _span(value: Span) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)
