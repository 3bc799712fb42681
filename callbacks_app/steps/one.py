"""One callback: hand it out, start the work, wait, validate."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet

from callbacks_app import tokens
from callbacks_app.models import CallbackToken
from callbacks_app.options import CallbackOptions
from callbacks_app.steps.handles import as_state, lent, reference
from callbacks_app.waits import OneAnswer
from workflows_app.dsl import Context, Step, StepList, begin, primitive, step_group, steps_of
from workflows_app.localized import marked
from workflows_app.outcomes import Outcome, Success

CREATE = marked("Create callback")
AWAIT = marked("Await callback")


def callback_step(
    name: str,
    action_step: Step | StepList,
    validate_step: Step | StepList,
    result_key: str = "callback_result",
    callback_route_key: str = "callback_route",
    **options: Any,
) -> StepList:
    """Hand work to a remote system with a one-time address, wait for its answer, and validate it.

    The action may ask for ``callback_route`` (relative, under ``callback_route_key``),
    ``callback_url`` and ``progress_url`` (absolute), or for all of them and more for the
    ``callback_handle``, a ``CallbackHandle``. They are made when the action runs and are never
    stored: the state holds a reference. If anything in the group fails, a retry begins with a new
    callback, and the old address answers 410.

    Args:
        action_step: starts the remote work and returns at once.
        validate_step: looks at the answer, which is in the state under ``result_key``.
        options: ``timeout``, ``heartbeat``, ``payload_model``, ``on_timeout``, ``default``,
            ``retry``, ``extend_limit`` and ``signature``; see ``CallbackOptions``.

    Raises:
        DefinitionError: an option makes no sense.
    """
    terms = CallbackOptions(**options)
    lend = _lender(callback_route_key)
    action = StepList(replace(step, provides=lend) for step in steps_of(action_step))
    create = primitive(CREATE, _create(callback_route_key, terms))
    wait = primitive(AWAIT, OneAnswer(_of_step, terms, result_key), kind="callback", options=terms)
    return step_group(name, create >> action >> wait >> steps_of(validate_step))


def wait_for_callback(
    submitter: Step, *, name: str = "", result_key: str = "callback_result", **options: Any
) -> StepList:
    """Hand out a callback, let ``submitter`` pass it on, and wait: a step without validation.

    Args:
        name: of the group; the submitter's name if it is not given.
        options: as for ``callback_step``.
    Source: AWS durable functions, ``wait_for_callback``.
    """
    return callback_step(name or submitter.name, submitter, begin, result_key, **options)


def _create(route_key: str, options: CallbackOptions) -> Callable[[Context], Outcome]:
    def create(context: Context) -> Outcome:
        path = context.path.removesuffix(CREATE) + AWAIT
        (callback,) = tokens.issue(
            context.process_id,
            path=path,
            options=options,
            waits_at=path,
            traceparent=context.traceparent,
        )
        return Success({route_key: as_state(callback)})

    return create


def _of_step(context: Context) -> QuerySet[CallbackToken]:
    return CallbackToken.objects.filter(process=context.process_id, path=context.path)


def _lender(route_key: str) -> Callable[[Context], Mapping[str, Any]]:
    return lambda context: lent(reference(context.state, route_key), route_key=route_key)
