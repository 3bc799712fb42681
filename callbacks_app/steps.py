"""The language's words for asking somebody outside and waiting for the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import BaseModel

from callbacks_app import signing, tokens
from callbacks_app.models import CallbackToken
from workflows_app import app_settings
from workflows_app.dsl import Context, Step, StepList, primitive, step_group, steps_of
from workflows_app.errors import StepError
from workflows_app.outcomes import Outcome, Success

CREATE = "Create callback"
AWAIT = "Await callback"
REFERENCE = "$callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOptions:
    """What the endpoints must know of a callback step."""

    payload_model: type[BaseModel] | None


def callback_step(
    name: str,
    action_step: Step | StepList,
    validate_step: Step | StepList,
    result_key: str = "callback_result",
    callback_route_key: str = "callback_route",
    timeout: float | timedelta | None = None,
    payload_model: type[BaseModel] | None = None,
) -> StepList:
    """Hand work to a remote system with a one-time address, wait for its answer, and validate it.

    The action may ask for ``callback_route`` (relative, under ``callback_route_key``),
    ``callback_url`` and ``progress_url`` (absolute). They are made when the action runs and are
    never stored: the state holds a reference. If anything in the group fails, a retry begins with
    a new callback, and the old address answers 410.

    Args:
        action_step: starts the remote work and returns at once.
        validate_step: looks at the answer, which is in the state under ``result_key``.
        timeout: seconds from the start of the wait; None for the site's default.
        payload_model: what the answer must fit; another one is refused and may be sent again.
    """
    lent = _lender(callback_route_key)
    action = StepList(replace(step, provides=lent) for step in steps_of(action_step))
    create = primitive(CREATE, _create(callback_route_key, _span(timeout)))
    wait = primitive(
        AWAIT,
        _await(result_key),
        kind="callback",
        options=CallbackOptions(payload_model=payload_model),
    )
    return step_group(name, create >> action >> wait >> steps_of(validate_step))


def _create(route_key: str, timeout: timedelta | None) -> Callable[[Context], Outcome]:
    def create(context: Context) -> Outcome:
        path = context.path.removesuffix(CREATE) + AWAIT
        callback = tokens.issue(
            context.process_id, path=path, timeout=timeout or _default_timeout()
        )
        return Success({route_key: {REFERENCE: callback.public_id}})

    return create


def _await(result_key: str) -> Callable[[Context], Outcome]:
    def wait(context: Context) -> Outcome:
        return tokens.take_answer(
            context.process_id, path=context.path, result_key=result_key, now=context.now
        )

    return wait


def _lender(route_key: str) -> Callable[[Context], Mapping[str, str]]:
    def lend(context: Context) -> Mapping[str, str]:
        reference = context.state.get(route_key)
        if not (isinstance(reference, dict) and REFERENCE in reference):
            raise StepError(f"the state has no callback under '{route_key}'")
        callback = CallbackToken.objects.get(public_id=reference[REFERENCE])
        url = tokens.url(callback)
        return {
            route_key: tokens.route(callback),
            "callback_url": url,
            "progress_url": f"{url}/progress",
            "callback_token": signing.make(callback),
        }

    return lend


def _span(timeout: float | timedelta | None) -> timedelta | None:
    return timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout


def _default_timeout() -> timedelta | None:
    return _span(app_settings.get("CALLBACK_TIMEOUT_SECONDS"))
