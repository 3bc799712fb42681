"""One act on many processes: what is foreseen, what is done, and what is left alone."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.engine import define, drain, events, run
from tests.workflows_app.console import SCRIPT, boom, reserve, signed_in, text
from tests.workflows_app.lists import LIST, ids, made, subscribed
from workflows_app import begin, bulk, engine, registry, sleep_step, step
from workflows_app.models import BulkAction, Process, Subscription

pytestmark = pytest.mark.django_db(transaction=True)
PREVIEW, DO = LIST + "many/", LIST + "many/do/"


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def asleep(count: int = 1) -> list[Process]:
    name = define(begin >> sleep_step("Sleep", 3600))
    started = [engine.start(name, by="maria") for _ in range(count)]
    drain(limit=1000)
    for process in started:
        process.refresh_from_db()
    return started


def preview(client: Client, action: str, processes, **more):
    return client.post(PREVIEW, {"action": action, "process": ids(processes)} | more)


def carry_out(client: Client, foreseen, **more):
    """Press the button of a preview."""
    names = ("wanted", "key", "query")
    data = {name: foreseen.context[name] for name in names} | {"action": foreseen.context["verb"]}
    return client.post(DO, data | {"reason": "wrong customer"} | more, follow=True)


def results(response) -> dict[str, str]:
    """Return why each was refused, or "done"."""
    lines = response.context["lines"]
    return {line["id"]: "done" if line["done"] else line["code"] for line in lines}


def status(process: Process) -> str:
    return Process.objects.values_list("status", flat=True).get(pk=process.pk)


# The preview.


def test_the_preview_names_what_will_happen_and_what_will_not_and_does_nothing(maria):
    failed = run(begin >> boom, name="failing")
    (waiting,) = asleep()
    ended = run(begin >> reserve, name="ending")

    page = preview(maria, "abort", [failed, waiting, ended])

    assert [one.process.pk for one in page.context["fitting"]] == [failed.pk, waiting.pk]
    assert [one.refusal for one in page.context["refused"]] == [
        "The process is completed; it has already ended."
    ]
    assert "Abort 2 processes" in text(page)
    assert "1 process is left alone" in text(page)
    assert "The process ends here and cannot be resumed." in text(page)
    assert {status(failed), status(waiting)} == {"failed", "waiting"}
    retry = preview(maria, "retry", [failed, waiting])
    assert "Retry 1 process<" in text(retry)
    assert "Retry runs “Boom” again" in text(retry)
    assert "only a failed process can be retried" in text(retry)
    assert "Let 1 process go on now" in text(preview(maria, "resume", [waiting, failed]))


def test_a_lock_that_an_abort_releases_is_named(maria):
    failed = run(begin >> boom)
    subscription = subscribed(failed, "L2VPN 4711", "surf")
    Subscription.objects.filter(pk=subscription.pk).update(locked_by=failed)

    assert "It releases its lock on L2VPN 4711" in text(preview(maria, "abort", [failed]))


def test_a_retry_that_needs_a_choice_is_left_for_the_process_s_page(maria):
    failed = run(begin >> boom)
    define(begin >> reserve)

    (refused,) = preview(maria, "retry", [failed]).context["refused"]

    assert "choose on its page" in refused.refusal


@pytest.mark.parametrize("count", [1, 40])
def test_the_preview_costs_the_same_for_one_and_for_many(
    maria, count, django_assert_max_num_queries
):
    processes = asleep(count)
    for process in processes:
        subscribed(process, "L2VPN", "surf")
    preview(maria, "abort", processes)

    with django_assert_max_num_queries(11):
        assert preview(maria, "abort", processes).status_code == 200


def test_all_that_fit_the_filters_can_be_chosen_at_once(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.bulk.MOST", 3)
    made(*["failed"] * 5)
    made("waiting")

    page = preview(maria, "abort", [], all="1", query="?status=failed&cursor=x")

    assert len(page.context["fitting"]) == 3
    assert "these are the first 3" in text(page)
    assert page.context["query"] == "?status=failed"


@pytest.mark.parametrize(
    "data",
    [
        {}, {"process": ["x", "\0", "", "1" * 5000]}, {"wanted": "x:y z : ::"},
        {"all": "1", "query": "status=%00&q=%00"}, {"process": [str(uuid.uuid4())]},
    ],
)  # fmt: skip
def test_nothing_chosen_is_said(maria, data):
    assert "No process was selected" in text(maria.post(PREVIEW, {"action": "abort"} | data))


def test_an_act_that_there_is_not_is_not_found(maria):
    assert maria.post(PREVIEW, {"action": "delete"}).status_code == 404
    assert maria.post(DO, {"action": "\0"}).status_code == 404
    assert maria.get(PREVIEW).status_code == 405
    assert maria.get(reverse("workflows:many_done", args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize("key", ["", "x", "\0"])
def test_an_act_without_a_key_or_without_processes_does_nothing(maria, key):
    (process,) = asleep()
    foreseen = preview(maria, "abort", [process])

    assert carry_out(maria, foreseen, key=key).status_code == 400
    assert carry_out(maria, foreseen, wanted="x").status_code == 400
    assert status(process) == "waiting"


# The act.


def test_each_process_is_acted_on_with_the_reason_in_its_log(maria):
    processes = asleep(3)

    response = carry_out(maria, preview(maria, "abort", processes))

    assert results(response) == dict.fromkeys(ids(processes), "done")
    assert "Done: 3 of 3." in text(response)
    for process in processes:
        assert status(process) == "aborted"
        assert events(process)[-1] == ("maria", "aborted")
        assert process.events.get(action="aborted").reason == "wrong customer"


def test_an_abort_needs_a_reason_and_a_retry_does_not(maria):
    failed = run(begin >> boom)
    foreseen = preview(maria, "abort", [failed])

    refused = carry_out(maria, foreseen, reason=" ")

    assert refused.status_code == 400
    assert "A reason is needed" in text(refused)
    assert status(failed) == "failed"
    assert results(carry_out(maria, refused))[str(failed.pk)] == "done"
    retried = run(begin >> boom, name="other")
    carry_out(maria, preview(maria, "retry", [retried]), reason="")
    assert status(retried) == "resumed"


def test_what_waits_for_a_time_goes_on_now(maria):
    (process,) = asleep()

    carry_out(maria, preview(maria, "resume", [process]))

    assert status(process) == "resumed"


def test_what_has_changed_since_the_preview_is_left_alone_and_the_others_are_not(maria):
    first, second, third = (run(begin >> boom, name=name) for name in ("one", "two", "three"))
    foreseen = preview(maria, "retry", [first, second, third])
    engine.retry(first.pk, by="piet")
    drain()  # It has failed again: not the failure that was shown.
    engine.abort(second.pk, by="piet")

    response = carry_out(maria, foreseen)

    assert results(response) == {
        str(first.pk): "ChangedMeanwhile", str(second.pk): "ChangedMeanwhile",
        str(third.pk): "done",
    }  # fmt: skip
    assert "the process is aborted" in text(response)
    assert (status(first), status(second)) == ("failed", "aborted")


def test_a_process_that_is_gone_is_left_alone(maria):
    gone = run(begin >> boom, is_task=True)
    (waiting,) = asleep()
    foreseen = preview(maria, "abort", [gone, waiting])
    Process.objects.filter(pk=gone.pk).delete()

    response = carry_out(maria, foreseen)

    assert results(response) == {str(gone.pk): "UnknownProcess", str(waiting.pk): "done"}


def test_a_running_process_that_has_come_further_is_aborted_all_the_same(maria):
    (process,) = made("running", worker="w", next_step="One")
    define(begin >> reserve, name="made")
    foreseen = preview(maria, "abort", [process])
    Process.objects.filter(pk=process.pk).update(next_step="Two")

    assert results(carry_out(maria, foreseen)) == {str(process.pk): "done"}


def test_the_same_act_sent_twice_is_done_once(maria):
    failed = run(begin >> boom)
    foreseen = preview(maria, "retry", [failed])

    first = carry_out(maria, foreseen)
    drain()
    second = carry_out(maria, foreseen)

    assert status(failed) == "failed"
    assert [action for _, action in events(failed)].count("retried") == 1
    assert first.redirect_chain[-1] == second.redirect_chain[-1]
    assert results(second) == {str(failed.pk): "done"}
    assert BulkAction.objects.count() == 1


def test_what_there_was_no_time_for_is_said_and_can_be_gone_on_with(maria, monkeypatch):
    processes = asleep(3)
    monkeypatch.setattr("workflows_app.bulk.PATIENCE", timedelta(seconds=-1))

    response = carry_out(maria, preview(maria, "abort", processes))

    assert set(results(response).values()) == {"NotTried"}
    assert "were not tried" in text(response)
    again = maria.post(PREVIEW, {"action": "abort", "wanted": response.context["untried"]})
    assert len(again.context["fitting"]) == 3


def test_an_act_that_was_interrupted_says_so(maria):
    long_ago = timezone.now() - timedelta(hours=1)
    act = BulkAction.objects.create(actor="maria", action="abort", wanted=2, created_at=long_ago)

    page = text(maria.get(reverse("workflows:many_done", args=[act.pk])))

    assert "of 0 of 2 processes it is known" in page
    assert "every 2s" not in page


def test_an_act_that_a_second_click_finds_at_work_is_followed_until_it_has_ended(maria):
    act = BulkAction.objects.create(actor="maria", action="abort", wanted=2)
    address = reverse("workflows:many_done", args=[act.pk])

    before = text(maria.get(address))
    BulkAction.objects.update(finished_at=timezone.now())
    after = text(maria.get(address))

    assert "It is under way." in before
    assert f'<div id="act" hx-get="{address}" hx-trigger="every 2s"' in before
    assert "It is under way." not in after
    assert '<div id="act">' in after


# Who may.


def test_the_policy_decides_for_each_process(maria):
    def only_the_boss(user):
        return user.get_username() == "boss"

    ours = run(begin >> boom, name="ours")
    theirs = run(begin >> boom, name="theirs", authorize_retry=only_the_boss)
    piet = signed_in("piet", "view_process", "retry_process")

    foreseen = preview(piet, "retry", [ours, theirs])
    forged = {"wanted": f"{ours.pk}: {theirs.pk}:"}

    assert [one.process.pk for one in foreseen.context["fitting"]] == [ours.pk]
    assert "may not retry" in foreseen.context["refused"][0].refusal
    assert results(carry_out(piet, foreseen, **forged)) == {
        str(ours.pk): "done", str(theirs.pk): "NotAllowed",
    }  # fmt: skip


def test_who_may_not_abort_is_offered_no_abort_and_cannot_send_one():
    (process,) = asleep()
    piet = signed_in("piet", "view_process", "retry_process")
    wanted = {"action": "abort", "wanted": f"{process.pk}:", "key": str(uuid.uuid4())}

    page = text(piet.get(LIST))

    assert 'value="retry"' in page
    assert 'value="abort"' not in page
    assert piet.post(DO, wanted | {"reason": "x"}).status_code == 403
    assert status(process) == "waiting"
    User.objects.get(username="piet").user_permissions.add(
        Permission.objects.get(codename="abort_process")
    )
    assert piet.post(DO, wanted | {"reason": "x"}, follow=True).status_code == 200


def test_who_may_do_nothing_sees_no_boxes():
    made("failed")
    page = text(signed_in("looker", "view_process").get(LIST))

    assert 'name="process"' not in page
    assert "many-bar" not in page


def test_each_line_says_what_can_be_done_with_it(maria):
    made("failed", "waiting", "suspended", "completed")

    cans = [line.can for line in maria.get(LIST).context["lines"]]

    assert cans == ["abort", "retry abort", "abort resume", ""]


def test_what_comes_from_outside_is_escaped(maria):
    failed = run(begin >> boom)
    subscribed(failed, SCRIPT, SCRIPT)
    Process.objects.filter(pk=failed.pk).update(note=SCRIPT)

    foreseen = preview(maria, "abort", [failed], query=f"?q={SCRIPT}")
    response = carry_out(maria, foreseen, reason=SCRIPT)

    assert SCRIPT not in text(foreseen)
    assert SCRIPT not in text(response)


def test_two_hundred_are_aborted_in_one_request(maria):
    processes = asleep(200)

    response = carry_out(maria, preview(maria, "abort", processes))

    assert set(results(response).values()) == {"done"}
    assert not Process.objects.exclude(status="aborted").exists()


def test_a_clean_up_is_foreseen(maria):
    @step("Undo")
    def undo() -> None:
        """Do nothing."""

    process = run(begin >> sleep_step("Sleep", 60), cleanup=undo)

    assert "1 clean-up step: Undo." in text(preview(maria, "abort", [process]))
    registry._workflows.pop("example")
    assert preview(maria, "abort", [process]).status_code == 200


def test_a_row_that_the_database_refuses_stops_no_other(maria, monkeypatch):
    first, second = asleep(2)
    foreseen = preview(maria, "abort", [first, second])

    def abort(process_id, **options):
        if process_id == first.pk:
            raise OperationalError("deadlock detected")
        return engine.abort(process_id, **options)

    monkeypatch.setitem(bulk.VERBS, "abort", abort)

    assert results(carry_out(maria, foreseen)) == {
        str(first.pk): "DatabaseError", str(second.pk): "done",
    }  # fmt: skip
    assert status(first) == "waiting"
