"""A callback in two phases: handed out by one step, waited for by another, others between.

Source: AWS durable functions, ``create_callback`` and ``callback.result()``.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from callbacks_app import deadlines, tokens
from callbacks_app.models import CallbackToken
from callbacks_app.options import CallbackOptions
from callbacks_app.steps.handles import as_state, reference
from callbacks_app.waits import OneAnswer
from workflows_app.dsl import Context, Step, primitive
from workflows_app.errors import DefinitionError
from workflows_app.outcomes import Outcome, Success


def create_callback(name: str, *, key: str = "", **options: Any) -> Step:
    """Hand out a callback and go on; ``callback_result`` of this step waits for it.

    Steps between ask for it by a parameter that is named ``key`` and annotated with
    ``CallbackHandle``. Its time counts from here on. It is not asked for again by a retry of the
    waiting step alone: put all of them into a ``step_group`` if a retry should begin with a new
    one.

    Args:
        key: where the state keeps the handle; made of the name if it is not given.
        options: as for ``callback_step``.

    Raises:
        DefinitionError: the name makes no key, or an option makes no sense.
    """
    key = key or re.sub(r"\W+", "_", name.lower()).strip("_")
    if not key.isidentifier():
        raise DefinitionError(f"create_callback '{name}': give it a key= that is an identifier")
    options_of_it = _Created(key=key, **options)

    def create(context: Context) -> Outcome:
        (callback,) = tokens.issue(
            context.process_id,
            path=context.path,
            options=options_of_it,
            traceparent=context.traceparent,
        )
        CallbackToken.objects.filter(pk=callback.pk).update(**deadlines.start(callback))
        return Success({key: as_state(callback)})

    return primitive(name, create, options=options_of_it)


def callback_result(handle: Step, *, name: str = "", result_key: str = "callback_result") -> Step:
    """Wait for the callback that the step ``handle`` handed out; its result goes into the state.

    Args:
        handle: what ``create_callback`` returned.

    Raises:
        DefinitionError: ``handle`` is another step.
    """
    created = handle.options
    if not isinstance(created, _Created):
        raise DefinitionError("callback_result(handle) takes what create_callback returned")

    def which(context: Context) -> QuerySet[CallbackToken]:
        identity = reference(context.state, created.key).callback_id
        return CallbackToken.objects.filter(process=context.process_id, public_id=identity)

    return primitive(
        name or f"Result of {handle.name}",
        OneAnswer(which, created, result_key),
        kind="callback",
        options=created,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Created(CallbackOptions):
    """The options of a callback, and the key of the state that refers to it."""

    key: str
