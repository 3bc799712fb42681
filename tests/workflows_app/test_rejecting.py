"""A form can be answered with no: its step fails, with who said so and why."""

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from tests.engine import drain, events, rows, run
from tests.races import Other
from tests.workflows_app.console import confirm, join, move, reserve, signed_in, text
from workflows_app import begin, engine, step_group
from workflows_app.engine.loading import locked
from workflows_app.errors import AlreadyAnswered, WrongStatus
from workflows_app.models import Notice, Process

pytestmark = pytest.mark.django_db(transaction=True)


def waiting() -> Process:
    return run(begin >> reserve >> confirm >> move)


def test_the_step_fails_with_who_and_why_and_nothing_follows():
    process = engine.reject(waiting().pk, by="anna", reason="wrong port")
    drain()

    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("failed", "rejected by anna: wrong port")
    assert (process.assignee, process.due_at) == ("", None)
    assert rows(process)[-1] == ("Confirm results", "failed")
    step = process.steps.latest("position")
    assert (step.by, step.error_class, step.reason) == (
        "anna",
        "Rejected",
        "rejected by anna: wrong port",
    )
    assert events(process)[-1] == ("anna", "rejected")


def test_a_retry_asks_again():
    process = engine.reject(waiting().pk, by="anna", reason="wrong port")

    engine.retry(process.pk, by="piet")
    drain()
    engine.submit(process.pk, inputs=[{"remark": "now it is right"}], by="piet")
    drain()

    process.refresh_from_db()
    assert process.status == "completed"
    assert [status for path, status in rows(process) if path == "Confirm results"] == [
        "failed",
        "success",
    ]


def test_a_retry_of_a_group_begins_with_the_group():
    group = step_group("Work", begin >> reserve >> confirm, retry_from="start")
    process = engine.reject(run(begin >> group).pk, by="anna", reason="wrong port")

    engine.retry(process.pk, by="piet")
    drain()

    assert [path for path, _status in rows(process)].count("Work/Reserve VLAN") == 2


def test_what_waits_for_no_form_cannot_be_rejected():
    process = waiting()
    engine.submit(process.pk, inputs=[{"remark": "fine"}], by="piet")
    with pytest.raises(AlreadyAnswered, match="piet"):
        engine.reject(process.pk, by="anna", reason="too late")

    engine.abort(process.pk, by="piet")
    before = events(process)
    with pytest.raises((WrongStatus, AlreadyAnswered)):
        engine.reject(process.pk, by="anna", reason="too late")
    assert events(process) == before


@pytest.mark.postgresql
def test_of_an_answer_and_a_rejection_at_once_one_wins():
    process = waiting()
    with transaction.atomic():
        locked(process.pk)
        other = Other(lambda: engine.reject(process.pk, by="anna", reason="no"))
        other.wait_until_locked_out()
        engine.submit(process.pk, inputs=[{"remark": "yes"}], by="piet")

    with pytest.raises(AlreadyAnswered, match="piet"):
        other.ended()
    drain()
    process.refresh_from_db()
    assert process.status == "completed"


def test_it_takes_a_reason_and_whoever_may_answer():
    process = waiting()
    piet, outsider = signed_in("piet", "resume_process"), signed_in("kees", "resume_process")
    join("piet", "NOC")
    address = f"/api/processes/{process.pk}/reject"

    def put(client, body):
        return client.put(address, body, content_type="application/json")

    assert put(piet, {}).status_code == 400
    assert put(outsider, {"reason": "no"}).status_code == 403
    assert APIClient().put(address, {"reason": "no"}).status_code in (401, 403)
    assert events(process) == [("maria", "started")]
    assert put(piet, {"reason": "no"}).status_code == 204
    assert put(piet, {"reason": "no"}).status_code == 409
    assert events(process)[-1] == ("piet", "rejected")


def test_the_page_offers_it_beside_the_form_and_says_what_follows():
    process = waiting()
    piet = signed_in("piet", "view_process", "resume_process", "retry_process")
    join("piet", "NOC")
    page = text(piet.get(process.get_absolute_url()))
    assert page.count('id="act-reject"') == 1
    assert page.index('id="form"') < page.index('id="act-reject"')

    asked = text(piet.get(f"{process.get_absolute_url()}reject/"))
    assert "The step “Confirm results” fails" in asked
    seen, since = (
        asked.split(f'name="{name}" value="')[1].split('"')[0] for name in ("seen", "since")
    )
    answer = {"reason": "wrong port", "seen": seen, "since": since}
    unreasoned = piet.post(f"{process.get_absolute_url()}reject/", answer | {"reason": ""})
    assert "a reason is needed" in text(unreasoned).lower()
    piet.post(f"{process.get_absolute_url()}reject/", answer)

    page = text(piet.get(process.get_absolute_url()))
    assert "rejected by piet: wrong port" in page
    assert "Whoever was asked said no." in page


def test_people_hear_that_it_failed():
    process = engine.reject(waiting().pk, by="anna", reason="wrong port")

    notice = Notice.objects.get(kind="failed")
    assert (notice.process_id, notice.by) == (process.pk, "anna")
