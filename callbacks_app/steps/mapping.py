"""Many callbacks at once: one for each item, until enough of them have succeeded.

Source: AWS durable functions, ``map`` with ``CompletionConfig``; StepFunctions, ``Map``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from django.db.models import Max
from django.utils import timezone

from callbacks_app import tokens
from callbacks_app.answers import lock
from callbacks_app.errors import CallbackMapFailed
from callbacks_app.models import OPEN, CallbackStatus, CallbackToken
from callbacks_app.options import CallbackOptions
from callbacks_app.steps.handles import CallbackHandle, lent
from callbacks_app.steps.one import AWAIT
from callbacks_app.waits import earliest, error_of, failure, settled
from workflows_app.authors import authors_code
from workflows_app.dsl import Call, Context, State, Step, StepList, primitive, step_group
from workflows_app.errors import AuthorsMistake, DefinitionError, StepError
from workflows_app.json_values import JSON, JSONObject, copy_json
from workflows_app.localized import marked
from workflows_app.outcomes import AwaitCallback, Outcome, Success

CREATE = marked("Create callbacks")
MOST = 1000

Items: TypeAlias = str | Callable[[State], Sequence[Any]]


def callback_map(
    items: Items,
    submitter: Step,
    *,
    min_successful: int | None = None,
    max_failures: int | None = None,
    name: str = "",
    result_key: str = "callback_results",
    **options: Any,
) -> StepList:
    """Hand out a callback for each item, and wait until enough of them have succeeded.

    ``submitter`` is run once for each item and may ask for ``item`` and ``index`` beside what
    the action of a ``callback_step`` may ask for; what it returns is not kept. If it raises, its
    item has failed. As soon as the end is certain the callbacks that are still open are
    cancelled: who answers one is told 410.

    The result is a list in the order of the items: ``{"index", "status", "result"}``, or
    ``"error"`` instead of the result.

    Args:
        items: the key of the state's list, or a function of the state that has no side effects;
            1000 at most.
        min_successful: go on at so many successes; None for all.
        max_failures: fail at one more; None: when too few can still succeed.
        name: of the group; the submitter's name if it is not given.
        options: ``timeout``, ``heartbeat``, ``payload_model``, ``extend_limit``, ``signature``:
            for each callback, see ``CallbackOptions``.

    Raises:
        DefinitionError: an option makes no sense.
    """
    for given in (min_successful, max_failures):
        if given is not None and given < 0:
            raise DefinitionError("min_successful and max_failures are 0 or more")
    terms = CallbackOptions(**options)
    if terms.on_timeout != "fail" or terms.retry:
        raise DefinitionError("callback_map has no on_timeout and no retry: items that fail count")
    goal = _Goal(min_successful, max_failures)
    create = primitive(CREATE, _Create(items, terms))
    submit = replace(submitter, bind=_Submit(items, submitter), atomic=False)
    wait = primitive(AWAIT, _Gather(goal, result_key), kind="callback", options=terms)
    return step_group(name or submitter.name, create >> submit >> wait)


@dataclass(frozen=True, slots=True)
class _Goal:
    """When a map is over."""

    min_successful: int | None
    max_failures: int | None

    def needed(self, total: int) -> int:
        return total if self.min_successful is None else self.min_successful

    def is_reached(self, total: int, succeeded: int) -> bool:
        return succeeded >= self.needed(total)

    def is_lost(self, total: int, failed: int) -> bool:
        affordable = total - self.needed(total)
        if self.max_failures is not None:
            affordable = min(affordable, self.max_failures)
        return failed > affordable


@dataclass(frozen=True, slots=True)
class _Create:
    """Hand out one callback for each item."""

    items: Items
    options: CallbackOptions

    def __call__(self, context: Context) -> Outcome:
        total = len(_items(self.items, context.state))
        path = _beside(context.path, AWAIT)
        tokens.issue(
            context.process_id,
            path=path,
            waits_at=path,
            options=self.options,
            items=total,
            traceparent=context.traceparent,
        )
        return Success()


@dataclass(frozen=True, slots=True)
class _Submit:
    """Run the submitter for each item that it has not been run for."""

    items: Items
    submitter: Step

    def __call__(self, context: Context, _provided: Mapping[str, Any]) -> Call:
        items = _items(self.items, context.state)
        waiting = [row for row in _newest(context, AWAIT) if row.submitted_at is None]
        calls = [(row, self._bound(context, row, items[row.item])) for row in waiting]

        def submit() -> Outcome:
            for callback, call in calls:
                _submit(callback, call, what=f"{self.submitter.name}, item {callback.item}")
            return Success()

        return Call(submit, tuple(secret for _row, call in calls for secret in call.secrets))

    def _bound(self, context: Context, callback: CallbackToken, item: JSON) -> Call:
        """Give the submitter the arguments for one item."""
        handle = CallbackHandle(callback_id=callback.public_id)
        of_item = replace(
            context,
            state={**context.state, "item": copy_json(item), "index": callback.item},
            idempotency_key=f"{context.idempotency_key}:{callback.item}",
        )
        call = self.submitter.bind(of_item, lent(handle))
        return Call(call.function, (*call.secrets, *handle.secrets))


@dataclass(frozen=True, slots=True)
class _Gather:
    """Wait until the goal is reached or lost."""

    goal: _Goal
    result_key: str

    def __call__(self, context: Context) -> Outcome:
        lock(context.process_id)
        callbacks = settled(_newest(context), context)
        total = len(callbacks)
        succeeded = sum(row.status == CallbackStatus.SUCCEEDED for row in callbacks)
        failed = sum(not row.is_open for row in callbacks) - succeeded
        reached = self.goal.is_reached(total, succeeded)
        if not reached and not self.goal.is_lost(total, failed):
            return AwaitCallback(until=earliest(callbacks), progress=_progress(total, callbacks))
        _cancel_rest(callbacks)
        results = [_result(row) for row in callbacks]
        if reached:
            return Success({self.result_key: results})
        needed = self.goal.needed(total)
        return failure(
            CallbackMapFailed(f"{failed} of {total} items failed; {needed} must succeed", results)
        )


def _items(items: Items, state: JSONObject) -> Sequence[Any]:
    found = items(copy_json(state)) if callable(items) else state.get(items)
    if not isinstance(found, list | tuple) or len(found) > MOST:
        raise StepError(f"callback_map takes a list of {MOST} items at most")
    return found


def _newest(context: Context, name: str = "") -> list[CallbackToken]:
    """Return the callbacks of this attempt of the map, in the order of the items."""
    path = _beside(context.path, name) if name else context.path
    rows = CallbackToken.objects.filter(process=context.process_id, path=path)
    last = rows.aggregate(last=Max("attempt"))["last"] or 0
    return list(rows.filter(attempt=last).order_by("item"))


def _submit(callback: CallbackToken, call: Call, *, what: str) -> None:
    """Run the submitter for one item and write down that it was; its exception fails the item."""
    row = CallbackToken.objects.filter(pk=callback.pk)
    try:
        with authors_code(what):
            call()
    except AuthorsMistake as error:
        now = timezone.now()
        row.filter(status__in=OPEN).update(
            status=CallbackStatus.FAILED,
            error={"error_type": "Callback.Submitter", "error_message": str(error)},
            answered_at=now,
            submitted_at=now,
        )
    row.update(submitted_at=timezone.now())


def _cancel_rest(callbacks: Sequence[CallbackToken]) -> None:
    rest = [row for row in callbacks if row.is_open]
    CallbackToken.objects.filter(pk__in=[row.pk for row in rest]).update(
        status=CallbackStatus.CANCELLED, progress=None
    )
    for row in rest:
        row.status = CallbackStatus.CANCELLED


def _result(callback: CallbackToken) -> JSONObject:
    entry: JSONObject = {"index": callback.item, "status": callback.operation_status}
    if callback.status == CallbackStatus.SUCCEEDED:
        return entry | {"result": callback.result}
    return entry | {"error": str(error_of(callback))}


def _progress(total: int, callbacks: Sequence[CallbackToken]) -> JSONObject:
    done = sum(not row.is_open for row in callbacks)
    return {"percent": 100 * done // total, "message": f"{done} of {total} answered"}


def _beside(path: str, name: str) -> str:
    """Return the path of the step ``name`` in the group of the step at ``path``."""
    return "/".join((*path.split("/")[:-1], name))
