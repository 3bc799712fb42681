"""Ask a remote service over HTTP, and wait until it calls back; or just wait.

Source: OpenStack Mistral's actions ``std.mistral_http`` and ``std.async_noop``.
"""

import json as json_format
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from django.utils import timezone
from requests import Response
from requests.structures import CaseInsensitiveDict

from callbacks_app import signatures, tracing
from callbacks_app.action_executions import task_id
from callbacks_app.errors import BadSignature
from callbacks_app.logging import masked
from callbacks_app.steps.handles import CallbackHandle
from callbacks_app.steps.one import callback_step
from workflows_app import outgoing, webhook_signing
from workflows_app.dsl import Call, Context, State, Step, StepList, begin
from workflows_app.errors import DefinitionError, ProcessFailureError, StepError
from workflows_app.json_values import JSON, to_json
from workflows_app.localized import marked
from workflows_app.outcomes import Outcome, Success
from workflows_app.retry import ONLY_WHEN_ASKED, Retry
from workflows_app.secret_values import opened, revealed, telling_secrets_in

ASK = marked("Send request")
TAKEN = range(200, 300)  # Mistral takes redirects for success; here nobody would begin the work.
_LOOKED_AT, _SHOWN = 4000, 300  # Bytes of a refusal's body; characters of it in the message.

Headers: TypeAlias = Mapping[str, Any]
OfState: TypeAlias = Callable[[State], Any]


class NotTaken(ProcessFailureError):
    """The remote service did not take the request."""


def http_step(
    name: str,
    url: str | OfState,
    *,
    method: str = "GET",
    params: Mapping[str, Any] | OfState | None = None,
    json: JSON | OfState = None,
    headers: Headers | OfState | None = None,
    request_timeout: float = 10.0,
    mistral_headers: bool = True,
    validate_step: Step | StepList | None = None,
    result_key: str = "callback_result",
    retry_request: Retry | None = None,
    **options: Any,
) -> StepList:
    """Ask a remote service to do something, and wait until it calls back.

    The request has the headers ``Callback-URL``, ``Progress-URL``, ``Idempotency-Key`` (the same
    if the request is sent again), ``traceparent`` and those of Mistral; they replace the author's
    of the same names. A status outside 200..299, or none at all, fails the step at once. What
    else the service answers is of no interest: the result is what it calls back with.

    ``url``, ``params``, ``json`` and ``headers`` may be functions of the state, which also has
    ``callback_url``, ``progress_url`` and the other names that an action of ``callback_step`` may
    ask for.

    Args:
        json: the body; None for none.
        request_timeout: seconds to connect, and for each part of the answer.
        mistral_headers: send OpenStack Mistral's five headers.
        validate_step: looks at the result, which is in the state under ``result_key``.
        retry_request: when to send the request again if it fails.
        options: as for ``callback_step``. ``signature`` names the secret shared with the service:
            the request is signed with it too, as in Standard Webhooks.

    Raises:
        DefinitionError: an option makes no sense.
    """
    if not request_timeout > 0:
        raise DefinitionError(f"http_step '{name}': request_timeout is a number of seconds above 0")
    request = _Request(
        name=name,
        url=url,
        method=method.upper(),
        params=params,
        json=json,
        headers=headers,
        timeout=request_timeout,
        mistral_headers=mistral_headers,
        signature=options.get("signature", ""),
    )
    ask = Step(name=ASK, bind=request, atomic=False, retry=retry_request or ONLY_WHEN_ASKED)
    return callback_step(name, ask, validate_step or begin, result_key, **options)


def async_noop(name: str, **options: Any) -> StepList:
    """Do nothing, and wait for the callback: a step that somebody does by hand.

    Args:
        options: as for ``callback_step``, and ``result_key``.
    """
    return callback_step(name, begin, begin, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What the step asks for; called, it binds that to a process."""

    name: str
    url: str | OfState
    method: str
    params: Mapping[str, Any] | OfState | None
    json: JSON | OfState
    headers: Headers | OfState | None
    timeout: float
    mistral_headers: bool
    signature: str

    def __call__(self, context: Context, provided: Mapping[str, Any]) -> Call:
        """Return the call that sends the request. The author's functions run in it, too.

        So whatever they raise is scrubbed of what they were lent.
        """
        handle: CallbackHandle = provided["callback_handle"]
        state = {**opened(context.state), **provided}
        send = partial(self._send, context, handle, state)
        return Call(send, handle.secrets, tuple(telling_secrets_in(state)))

    def _send(self, context: Context, handle: CallbackHandle, state: State) -> Outcome:
        url, params, sent, given = map(revealed, self._values(state))
        if not isinstance(url, str):
            raise StepError(f"http_step '{self.name}': the URL is no text")
        body = None if sent is None else json_format.dumps(to_json(sent)).encode()
        headers = CaseInsensitiveDict({"Content-Type": "application/json"} if body else {})
        headers.update(
            {name: str(value) for name, value in (given or {}).items() if value is not None}
        )
        headers.update(self._own_headers(context, handle))
        headers.update(self._signed(handle.callback_id, body or b""))
        response = outgoing.send(
            self.method, url, timeout=self.timeout, params=params, data=body, headers=headers
        )
        if response.status_code not in TAKEN:
            raise self._refused(url, response)
        return Success()

    def _values(self, state: State) -> Any:
        values = (self.url, self.params, self.json, self.headers)
        return (value(state) if callable(value) else value for value in values)

    def _own_headers(self, context: Context, handle: CallbackHandle) -> dict[str, str]:
        headers = {
            "Callback-URL": handle.url,
            "Progress-URL": handle.progress_url,
            "Idempotency-Key": handle.callback_id,  # Of this attempt: a later one has another.
        }
        if trace := tracing.traceparent() or context.traceparent:
            headers["traceparent"] = trace
        return headers | (_mistral(context, handle) if self.mistral_headers else {})

    def _signed(self, message_id: str, body: bytes) -> dict[str, str]:
        """Return the headers that sign the body with each of the secrets, the newest first."""
        if not self.signature:
            return {}
        try:
            return webhook_signing.headers(
                message_id=message_id,
                at=timezone.now(),
                body=body,
                signed_with=signatures.secrets_of(self.signature),
            )
        except (BadSignature, ValueError) as error:
            problem = f"CALLBACK_SECRETS has no usable secrets for '{self.signature}'"
            raise StepError(problem) from error

    def _refused(self, url: str, response: Response) -> NotTaken:
        """Return the failure, with the beginning of what the service said.

        Tokens are masked before the end is cut off, which would leave half of one.
        """
        status = response.status_code
        said = masked(response.content[:_LOOKED_AT].decode("utf-8", "replace"))[:_SHOWN].strip()
        sentence = f"{self.method} {_bare(url)} was answered {_words(status)}"
        return NotTaken(f"{sentence}: {said}" if said else sentence, {"status": status})


def _mistral(context: Context, handle: CallbackHandle) -> dict[str, str]:
    return {
        "Mistral-Workflow-Name": context.workflow_name,
        "Mistral-Workflow-Execution-Id": str(context.process_id),
        "Mistral-Task-Id": task_id(context.process_id, context.path),
        "Mistral-Action-Execution-Id": handle.mistral_id,
        "Mistral-Callback-URL": handle.mistral_url,
    }


def _bare(url: str) -> str:
    """Return the URL without a password and a query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
