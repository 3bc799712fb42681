"""Answer the callbacks of workflows under test in the remote system's place.

They act on a ``Run`` of ``workflows_app.testing``, through the same consumption as an answer over
HTTP, and let the process go on::

    run = run_workflow("provision_circuit", {"vlan": 7})
    assert_awaiting_callback(run, "Playbook")
    complete_callback(run, {"return_code": 0})
    assert_complete(run)

A pytest plugin as well: ``pytest_plugins = ["callbacks_app.testing"]`` in the topmost
``conftest.py`` makes fixtures of these functions and of those of ``workflows_app.testing``.

PYTEST_DONT_REWRITE: nothing here is an ``assert``, and tests may import it first.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from callbacks_app import answers, payloads
from callbacks_app.answers import Answer
from callbacks_app.attempts import Sender
from callbacks_app.errors import InvalidPayload
from callbacks_app.models import OPEN, CallbackToken
from callbacks_app.options import options_of
from workflows_app.json_values import JSON, JSONObject, to_json
from workflows_app.models import Process
from workflows_app.statuses import ProcessStatus
from workflows_app.testing import Run

pytest_plugins = ["workflows_app.testing"]

_REMOTE = Sender(source="test")


def complete_callback(run: Run, result: JSON = None, *, item: int | None = None) -> Run:
    """Answer the callback that the process waits for with a result, and let the process go on.

    Args:
        result: what the remote system POSTs; whatever can be JSON.
        item: which one of a ``callback_map``, from 0; the first that is open if not given.

    Raises:
        InvalidPayload: the result does not fit the step's ``payload_model``: the remote system
            would be answered 422, and the callback stays open.
        AssertionError: no callback is open.
    """
    callback = open_callback(run, item=item)
    body = to_json(result, what="the result of the callback")
    try:
        payloads.fit(body, options_of(callback).payload_model)
    except InvalidPayload as error:
        for problem in error.facts["errors"]:
            error.add_note(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}")
        raise
    answers.receive(callback, Answer(result=body), _REMOTE)
    return run.go_on()


def fail_callback(
    run: Run,
    message: str = "the remote system failed",
    *,
    error_type: str = "Failure",
    data: JSON = None,
    retryable: bool = False,
    item: int | None = None,
) -> Run:
    """Report that the remote system failed, and let the process go on.

    Args:
        message, error_type, data, retryable: the body that it POSTs to ``…/failure``.
        item: as for ``complete_callback``.

    Raises:
        AssertionError: no callback is open.
    """
    error: JSONObject = {
        "error_type": error_type,
        "error_message": message,
        "error_data": to_json(data, what="the data of the failure"),
        "retryable": retryable,
    }
    answers.receive(open_callback(run, item=item), Answer.failure(error), _REMOTE)
    return run.go_on()


def report_progress(run: Run, progress: JSON, *, item: int | None = None) -> Run:
    """Report the remote system's progress; the process goes on waiting.

    Raises:
        AssertionError: no callback is open.
    """
    body = to_json(progress, what="the progress")
    answers.report_progress(open_callback(run, item=item), body, _REMOTE)
    return run.refresh()


def expire_callback(run: Run, *, silence: bool = False, item: int | None = None) -> Run:
    """Let the callback's time be up now, and let the process go on.

    Args:
        silence: end its ``heartbeat``, the longest silence, instead of its ``timeout``.
        item: as for ``complete_callback``.

    Raises:
        AssertionError: no callback is open, or it has no such deadline.
    """
    callback = open_callback(run, item=item)
    name = "heartbeat_due_at" if silence else "deadline_at"
    if getattr(callback, name) is None:
        option = "heartbeat" if silence else "timeout"
        raise run.error(f"the callback {callback.public_id} has no {option} running")
    now = timezone.now()
    CallbackToken.objects.filter(pk=callback.pk).update(**{name: now - timedelta(seconds=1)})
    Process.objects.filter(
        pk=run.process.pk,
        status=ProcessStatus.AWAITING_CALLBACK,
        next_step=callback.waits_at,
    ).update(due_at=now)
    return run.go_on()


def open_callback(run: Run, *, item: int | None = None) -> CallbackToken:
    """Return the callback that the process waits for, or else the first that it has handed out.

    Its addresses are made with ``callbacks_app.tokens``, for tests that send requests.

    Raises:
        AssertionError: none is open.
    """
    run.refresh()
    rows = CallbackToken.objects.filter(process=run.process, status__in=OPEN).order_by("pk")
    found = list(rows if item is None else rows.filter(item=item))
    if not found:
        which = "" if item is None else f" for item {item}"
        raise run.error(f"no callback is open{which}")
    awaited = (row for row in found if row.waits_at == run.process.next_step)
    return next(awaited, found[0])


@pytest.fixture(name="complete_callback")
def complete_callback_fixture() -> Callable[..., Run]:
    """Return ``callbacks_app.testing.complete_callback``."""
    return complete_callback


@pytest.fixture(name="fail_callback")
def fail_callback_fixture() -> Callable[..., Run]:
    """Return ``callbacks_app.testing.fail_callback``."""
    return fail_callback


@pytest.fixture(name="report_progress")
def report_progress_fixture() -> Callable[..., Run]:
    """Return ``callbacks_app.testing.report_progress``."""
    return report_progress


@pytest.fixture(name="expire_callback")
def expire_callback_fixture() -> Callable[..., Run]:
    """Return ``callbacks_app.testing.expire_callback``."""
    return expire_callback
