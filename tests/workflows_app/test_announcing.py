"""A notice is written with the move it tells of: both are committed, or neither is."""

import pytest
from django.db import transaction

from tests.engine import define, drain, make_due, run
from tests.labels import label
from tests.workflows_app.receivers import chose, person
from workflows_app import Retry, abort, begin, engine, forms, inputstep, queue, retrystep, step
from workflows_app.engine import checkpoint
from workflows_app.errors import ApiUnavailable
from workflows_app.models import Notice, NoticeChoice, Process, Scope
from workflows_app.statuses import ProcessStatus

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def somebody():
    """Somebody wants to hear of everything."""
    user = person("listener")
    for kind in ("failed", "finished"):
        chose(user, kind, browser=Scope.ALL)


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield forms.FormPage


@step("Boom")
def boom() -> None:
    raise ApiUnavailable("no light")


@step("Nothing")
def nothing() -> None:
    return None


def written(process: Process) -> list[tuple[str, str]]:
    return list(process.notices.order_by("at").values_list("kind", "status"))


def test_who_waits_for_a_form_says_for_whom_and_in_which_step():
    process = run(begin >> nothing >> confirm)

    notice = process.notices.get()

    assert (notice.kind, notice.status, notice.assignee) == ("needs_input", "suspended", "NOC")
    assert notice.step == "Confirm"
    assert notice.position == process.steps.get(path="Confirm").position
    assert notice.handed_out_at is None


def test_a_failure_says_why_and_is_announced_again_when_a_retry_fails():
    process = run(begin >> boom)
    engine.retry(process.pk, by="piet")
    drain()

    assert written(process) == [("failed", "failed")] * 2
    assert {(one.reason, one.step) for one in process.notices.all()} == {("no light", "Boom")}


def test_a_task_s_failure_is_announced_under_its_own_status():
    process = run(begin >> boom, is_task=True)

    assert written(process) == [("failed", "api_unavailable")]


def test_an_end_is_announced_once_and_names_who_aborted():
    done = run(begin >> nothing, name="done")
    given_up = run(begin >> nothing >> abort, name="given_up")
    aborted = run(begin >> confirm, name="aborted", cleanup=begin >> nothing)
    engine.abort(aborted.pk, by="piet")
    drain()

    assert written(done) == [("finished", "completed")]
    assert written(given_up) == [("finished", "aborted")]
    assert written(aborted) == [("needs_input", "suspended"), ("finished", "aborted")]
    assert [one.by for one in Notice.objects.filter(kind="finished").order_by("at")] == [
        "",
        "",
        "piet",
    ]


@pytest.mark.parametrize(
    ("end", "kinds"), [(nothing, []), (boom, []), (confirm, ["needs_input"])], ids=label
)
def test_of_ends_and_failures_nothing_is_written_while_nobody_wants_to_hear(end, kinds):
    NoticeChoice.objects.update(browser=Scope.OFF)

    process = run(begin >> end)

    assert [kind for kind, _status in written(process)] == kinds


def test_another_try_to_come_is_no_news():
    @retrystep("Ask", retry=Retry())
    def ask() -> None:
        raise ApiUnavailable("no light")

    process = run(begin >> ask)
    make_due(process)
    drain()

    assert process.status == ProcessStatus.WAITING
    assert not written(process)


def test_what_is_rolled_back_is_not_announced(monkeypatch):
    def fall_over(*_arguments):
        raise RuntimeError("power cut")

    engine.start(define(begin >> confirm), by="maria")
    claims = queue.claim(1)
    monkeypatch.setattr(checkpoint.Checkpoint, "apply", fall_over)
    with pytest.raises(RuntimeError), transaction.atomic():
        engine.advance(claims[0])

    assert not Notice.objects.exists()


def test_a_worker_that_has_lost_its_claim_announces_nothing():
    process = engine.start(define(begin >> confirm), by="maria")
    slow = queue.claim(1)[0]
    make_due(process)
    fast = queue.claim(1)[0]
    engine.advance(fast)

    engine.advance(slow)

    assert len(written(process)) == 1
