"""The page of one process: where it is, what each step did, and what can be done about it."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pydantic import SecretStr

from callbacks_app import answers, tokens
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.engine import define, drain, make_due, run, state
from tests.workflows_app.console import SCRIPT, boom, confirm, field, move, reserve, signed_in, text
from workflows_app import (
    Retry,
    State,
    begin,
    conditional,
    engine,
    forms,
    retrystep,
    sleep_step,
    step,
    step_group,
)
from workflows_app.console.differences import patched
from workflows_app.errors import ApiUnavailable, InconsistentData, ProcessFailureError
from workflows_app.models import Process, ProcessEvent, Product, Subscription
from workflows_app.secret_values import opened

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def url(process: Process, page: str = "process") -> str:
    return reverse(f"workflows:{page}", args=[process.pk])


def named(name: str, **options):
    return step(name, **options)(lambda: {"n": 1})


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# The graph.


def states(page: str) -> dict[str, str]:
    """Return how each step stands in the first of the drawings."""
    drawing = re.search(r"<svg class=\"wp-svg\".*?</svg>", page, re.DOTALL)
    assert drawing
    found = re.findall(r'class="wp-node wp-(\w+) .*?<title>(.*?)</title>', drawing[0], re.DOTALL)
    return {said: state for state, said in found}


def test_the_graph_shows_what_is_done_where_the_process_is_and_what_is_to_come(maria):
    chain = begin >> reserve >> conditional(lambda _state: False, name="new")(named("Book"))
    process = run(chain >> confirm >> sleep_step("Soak", 60), name="one")
    failed = run(begin >> reserve >> boom, name="two")

    page = text(maria.get(url(process)))

    assert states(page) == {
        "Start: done": "done",
        "Reserve VLAN: done": "done",
        "If new: Book (condition): done": "done",
        "Book: skipped": "skipped",
        "Confirm results (form): suspended": "here",
        "Soak (timer): to come": "rest",
        "Done: to come": "rest",
    }
    assert 'aria-label="Step 5 of 7: Confirm results, suspended."' in page
    assert states(text(maria.get(url(failed))))["Boom: failed"] == "failed"


def test_every_step_of_the_graph_leads_to_its_line(maria):
    process = run(begin >> reserve >> step_group("Both", named("A") >> confirm))

    page = text(maria.get(url(process)))

    targets = set(re.findall(r'<a class="wp-node.*?href="#([^"]+)"', page))
    assert len(targets) == 5
    assert targets <= set(re.findall(r'<li id="([^"]+)"', page))


def test_the_clean_up_is_drawn_apart(maria):
    process = run(begin >> sleep_step("Sleep", 60), cleanup=reserve)
    assert "Clean-up</text>" not in text(maria.get(url(process)))
    engine.abort(process.pk, by="maria")

    cleaning = text(maria.get(url(process)))
    drain()
    clean = text(maria.get(url(process)))

    assert "Clean-up</text>" in cleaning
    assert states(cleaning)["Reserve VLAN: next"] == "here"
    assert states(clean)["Reserve VLAN: done"] == "done"
    assert "2 of 3 steps have run; the process is aborted." in clean


# Live.


def polled(client: Client, process: Process) -> str:
    return re.search(r'id="live".*?hx-trigger="every (\w+)', text(client.get(url(process))))[1]  # type: ignore[index]


def test_the_page_asks_often_while_steps_run_and_rarely_when_long_parked(maria):
    process = run(begin >> reserve >> confirm)
    assert polled(maria, process) == "1s"

    parked = timezone.now() - timedelta(hours=1)
    Process.objects.update(modified_at=parked)
    assert polled(maria, process) == "3s"

    Process.objects.update(status="resumed", due_at=timezone.now())
    assert polled(maria, process) == "500ms"


def test_the_page_says_whether_it_is_live(maria):
    assert '"wc-quiet">ended</span>' in text(maria.get(url(run(begin >> reserve, name="one"))))
    assert '"wc-quiet">ended</span>' not in text(
        maria.get(url(run(begin >> reserve >> confirm, name="two")))
    )


def test_a_poll_that_finds_nothing_new_costs_three_statements(maria):
    process = run(begin >> reserve >> confirm)
    tag = maria.get(url(process, "live"))["ETag"]

    with CaptureQueriesContext(connection) as queries:
        answer = maria.get(url(process, "live"), headers={"If-None-Match": tag})

    assert answer.status_code == 304
    told = [query["sql"] for query in queries if '"workflows_app_' in query["sql"]]
    assert len([sql for sql in told if "preferences" not in sql]) == 3
    assert len(queries) <= 6  # With the session, its user, and what the user prefers.


def test_a_poll_leaves_out_what_the_browser_has_of_the_steps(maria):
    process = run(begin >> reserve >> move >> confirm)
    page = text(maria.get(url(process)))
    (known,) = re.findall(r"known=(\d+)", page)
    engine.submit(process.pk, inputs=[{"remark": "fine", "seen": 1}], by="piet")
    drain()

    polled = text(maria.get(url(process, "live"), {"known": known}))
    whole = text(maria.get(url(process, "live"), {"known": "x" * 99}))

    assert known == "3"
    assert "<code>1001</code>" in page
    assert "<code>1001</code>" in whole
    assert "<code>1001</code>" not in polled
    assert polled.count("data-keep></div>") == whole.count("data-keep></div>") + 3
    assert "fine" in polled


# What a step changed.


@step("Order")
def order():
    saps = [{"vlan": 100, "port": "a"}, {"vlan": 101, "port": "b"}]
    return {"order": {"saps": saps, "tags": ["x"], "gone": 1}, "config": "mtu 9000\nunit 1\n"}


@step("Change")
def change(order, config):
    order["saps"][1]["vlan"] = 102
    order["tags"].insert(0, "new")
    del order["gone"]
    return {"order": order, "config": config.replace("9000", "1500"), "fresh": True}


def test_a_patch_reads_as_the_places_and_lines_that_changed(maria):
    process = run(begin >> order >> change)
    row = process.steps.get(path="Change")

    page = text(maria.get(url(process)))
    part = words(page[page.index(f'id="step-{row.pk}"') : page.index(f'id="state-{row.pk}"')])

    assert "saps.1.vlan 101 → 102" in part
    assert "tags.0 + new" in part
    assert "gone - 1" in part
    assert "- mtu 9000 + mtu 1500 unit 1" in part
    assert "fresh true" in part
    assert "port" not in part.split("the whole value")[0]


def test_two_states_are_compared(maria):
    process = run(begin >> order >> change)

    page = maria.get(url(process) + "?state=2&against=1")
    same = maria.get(url(process) + "?state=2&against=2")
    back = maria.get(url(process) + "?state=1&against=2")

    assert "saps.1.vlan 101 → 102" in words(text(page))
    assert '<option value="1" selected>2 · Order</option>' in text(page)
    assert "Both states are the same." in text(same)
    assert "fresh true → gone" in words(text(back))


@pytest.mark.parametrize("position", ["", "x", "-1", "99", "9" * 400, "\0", "٣", "1.0"])
def test_there_is_no_state_at_a_position_that_is_none(maria, position):
    process = run(begin >> reserve)

    assert maria.get(url(process), {"state": position}).status_code == 404
    assert maria.get(url(process), {"state": "1", "against": position}).status_code == 200


def test_what_is_masked_is_in_no_difference(maria):
    @step("Log in")
    def log_in():
        return {"login": {"password": "first-secret", "user": "noc"}, "password": "first-secret"}

    @step("Change password")
    def change_password():
        return {"login": {"password": "other-secret", "user": "ops"}, "password": "other-secret"}

    process = run(begin >> log_in >> change_password)

    page = text(maria.get(url(process)))
    states = text(maria.get(url(process) + "?state=2&against=1"))

    assert "user noc → ops" in words(page)
    assert "-secret" not in page + states


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ([1, 2, 3], [1, 3], [("1", "2", None)]),
        ([1, 2], [1, 5, 2], [("1", None, "5")]),
        ({"a": [{"b": 1}]}, {"a": [{"b": True}]}, [("a.0.b", "1", "true")]),
        ({"a": 1}, {"a": 1.0}, [("a", "1", "1.0")]),
        ({"a": None}, {}, [("a", "null", None)]),
        ([{"a": 1}], [2], [("0", '{"a": 1}', "2")]),
        ([1], {"a": 1}, []),
    ],
)
def test_only_the_places_that_changed_are_named(old, new, places):
    (difference,) = patched({"key": old}, {"key": new})

    found = [
        (place.path, place.old and place.old.text, place.new and place.new.text)
        for place in difference.places
    ]
    assert found == places


def test_a_difference_has_an_end():
    (lists,) = patched({"key": list(range(400))}, {"key": list(range(400, 800))})
    (texts,) = patched({"key": "a\n" * 400}, {"key": "b\n" * 400})
    (huge,) = patched({"key": "a\n" * 40_000}, {"key": "b\n" * 40_000})

    assert (len(lists.places), lists.cut) == (60, True)
    assert (len(texts.lines), texts.cut) == (60, True)
    assert not huge.detailed


# What can be done.

DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


def hidden(response, *names: str) -> dict[str, str]:
    return {name: field(response, name) for name in names}


def ask(client: Client, process: Process, action: str, **query) -> dict[str, str]:
    """Open a confirmation, and return what its form sends back."""
    return hidden(client.get(url(process, action), query), "seen", "since")


def log(process: Process) -> list[str]:
    return [event.action for event in process.events.order_by("pk")]


def test_a_confirmation_opens_in_a_dialog_and_the_page_hears_that_it_is_done(maria):
    process = run(begin >> reserve >> boom)
    link = f'hx-get="{url(process, "abort")}" hx-target="#dialog"'
    assert link in text(maria.get(url(process)))

    asked = maria.get(url(process, "abort"), headers=DIALOG)
    done = maria.post(url(process, "abort"), {"reason": "wrong"}, headers=DIALOG)

    assert "<html" not in text(asked)
    assert "cannot be resumed" in text(asked)
    assert done.status_code == 204
    assert json.loads(done["HX-Trigger"]) == {"done": {"says": "Aborted."}, "process-changed": {}}
    assert maria.get(url(process)).context["messages"]._loaded_messages == []


def test_what_is_refused_in_a_dialog_is_said_in_the_dialog(maria):
    process = run(begin >> reserve)
    looker = signed_in("looker", "view_process")

    over = maria.post(url(process, "abort"), headers=DIALOG)
    refused = looker.get(url(process, "abort"), headers=DIALOG)
    incomplete = maria.post(url(process, "note"), {"note": "x" * 5001}, headers=DIALOG)

    assert "it has already ended" in text(over)
    assert "may not abort" in text(refused)
    assert "longer than 5000" in text(incomplete)
    assert all("<html" not in text(answer) for answer in (over, refused, incomplete))


def test_a_task_deleted_in_a_dialog_leads_to_the_list(maria):
    process = run(begin >> reserve, is_task=True)

    assert maria.post(url(process, "delete"), headers=DIALOG)["HX-Redirect"] == "/admin/processes/"


def gone_back_to(page: str) -> list[str]:
    """Return the steps that the page offers to retry from."""
    return re.findall(r'href="[^"]*/retry/\?from_step=([^"]+)"', page)


def test_a_retry_may_begin_with_any_step_that_has_run(maria):
    process = run(begin >> reserve >> step_group("Two", named("A") >> named("B")) >> boom >> move)

    page = text(maria.get(url(process)))
    offered = gone_back_to(page)
    asked = maria.get(url(process, "retry"), {"from_step": "Reserve VLAN"})
    sent = hidden(asked, "seen", "since", "from_step")
    done = maria.post(url(process, "retry"), {**sent, "reason": "another VLAN"})
    drain()

    assert offered == ["Reserve%20VLAN", "Two%2FA"]
    assert "goes on from “Reserve VLAN”: 4 steps are run again" in words(text(asked))
    assert "The state stays as it is" in text(asked)
    assert done["Location"] == url(process)
    event = process.events.get(action="retried")
    assert (event.details, event.reason) == ({"from": "Reserve VLAN"}, "another VLAN")
    assert process.steps.filter(path="Reserve VLAN").count() == 2
    assert "1 earlier attempt" in text(maria.get(url(process)))


@pytest.mark.parametrize("path", ["Move VLAN", "Two/B", "Start", "Nowhere", "\0"])
def test_a_retry_begins_with_no_other_step(maria, path):
    process = run(begin >> reserve >> step_group("Two", named("A") >> named("B")) >> boom >> move)

    maria.get(url(process, "retry"), {"from_step": path})
    maria.post(url(process, "retry"), {"from_step": path})

    assert log(process) == ["started"]


def test_nothing_is_offered_to_go_back_to_unless_a_retry_is(maria):
    process = run(begin >> reserve >> confirm)
    failed = run(begin >> reserve >> boom, name="failing")
    looker = signed_in("looker", "view_process")

    assert "from_step" not in text(maria.get(url(process)))
    assert "from_step" not in text(looker.get(url(failed)))


def test_a_retry_from_another_step_asks_that_steps_authoriser_too(maria):
    guarded = named("Guarded", authorize_retry=lambda user: user.username == "piet")
    chain = guarded >> named("Free", authorize_retry=lambda user: True) >> boom
    process = run(begin >> chain)
    piet, els = (signed_in(name, "view_process", "retry_process") for name in ("piet", "els"))

    assert gone_back_to(text(piet.get(url(process)))) == ["Guarded", "Free"]
    assert gone_back_to(text(els.get(url(process)))) == ["Free"]
    refused = els.post(url(process, "retry"), {"from_step": "Guarded"})
    assert refused.status_code == 403
    assert els.post(url(process, "retry"), {"from_step": "Free"}).status_code == 302


def test_who_may_not_retry_a_step_may_not_continue_a_stranded_process_there():
    process = run(begin >> reserve >> sleep_step("Sleep", 60))
    guarded = named("Guarded", authorize_retry=lambda user: user.username == "piet")
    define(begin >> reserve >> guarded)
    els = signed_in("els", "view_process", "retry_process")

    assert els.post(url(process, "retry"), {"from_step": "Guarded"}).status_code == 403
    assert els.post(url(process, "retry"), {"from_step": "Reserve VLAN"}).status_code == 302


# Confirmed, but something else by now.


def test_a_retry_of_what_was_retried_meanwhile_is_not_done_again(maria):
    process = run(begin >> reserve >> boom)
    sent = ask(maria, process, "retry")
    engine.retry(process.pk, by="piet", reason="the line is back")
    drain()

    answer = maria.post(url(process, "retry"), {**sent, "reason": "again"})

    assert answer.status_code == 409
    told = words(text(answer))
    assert "has moved on since this was asked: it is failed now. Nothing was done." in told
    assert "piet: retried · “the line is back”" in told
    assert "Boom: failed" in told
    assert "Your reason was: “again”" in told
    assert log(process) == ["started", "retried"]
    again = maria.post(url(process, "retry"), {**ask(maria, process, "retry"), "reason": "again"})
    assert again.status_code == 302


def test_an_abort_whose_consequence_changed_is_asked_again(maria):
    process = run(begin >> reserve >> confirm >> sleep_step("Sleep", 60), cleanup=move)
    sent = ask(maria, process, "abort")
    Process.objects.update(status="running", due_at=timezone.now())

    answer = maria.post(url(process, "abort"), sent, headers=DIALOG)

    assert answer.status_code == 409
    assert "it is running now" in words(text(answer))
    assert "Ask again" in text(answer)
    assert log(process) == ["started"]


def test_an_abort_is_not_stale_because_the_process_runs_on(maria):
    process = run(begin >> reserve >> move >> boom)
    Process.objects.update(status="running", due_at=timezone.now())
    sent = ask(maria, process, "abort")
    Process.objects.update(next_step="Move VLAN", modified_at=timezone.now())

    assert maria.post(url(process, "abort"), sent).status_code == 302
    assert log(process) == ["started", "aborted"]


def test_a_note_that_somebody_else_changed_is_not_overwritten(maria):
    process = run(begin >> reserve >> confirm)
    sent = ask(maria, process, "note")
    engine.set_note(process.pk, note="ticket 4711", by="piet")

    answer = maria.post(url(process, "note"), {**sent, "note": "mine"})

    assert answer.status_code == 409
    assert "piet: note changed" in words(text(answer))
    assert "mine" in text(answer)
    process.refresh_from_db()
    assert process.note == "ticket 4711"


@pytest.mark.parametrize(
    "since", ["", "x", "1", "1.2.3.4", "9" * 99 + ".1.1", "-1.-1.-1", "٣.٣.٣", "\0"]
)
def test_any_text_may_come_back_instead_of_the_page_s_own(maria, since):
    process = run(begin >> reserve >> boom)

    answer = maria.post(url(process, "retry"), {"seen": "forged", "since": since})

    assert answer.status_code == 409
    assert log(process) == ["started"]


# Editing the state.


def edit(client: Client, process: Process, **typed):
    return client.post(url(process, "edit"), {"reason": "typo", **typed})


def confirmed(client: Client, process: Process, preview, **changes):
    sent = hidden(preview, "seen", "since", "sealed")
    return client.post(url(process, "edit"), {"reason": "typo", **sent, **changes})


def test_an_edit_is_previewed_then_done_and_logged(maria):
    process = run(begin >> order >> boom)
    form = text(maria.get(url(process, "edit")))
    assert 'name="several" id="id_several" rows="6" spellcheck="false"></textarea>' in form
    assert "&quot;mtu 9000\\nunit 1\\n&quot;" in form

    changed = json.dumps({"saps": [{"vlan": 7, "port": "a"}, {"vlan": 101, "port": "b"}],
                          "tags": ["x"], "gone": 1})  # fmt: skip
    preview = edit(maria, process, **{"value:order": changed})
    assert "saps.0.vlan 100 → 7" in words(text(preview))
    assert log(process) == ["started"]
    done = confirmed(maria, process, preview)

    assert done["Location"] == url(process)
    event = process.events.get(action="state edited")
    assert event.reason == "typo"
    assert list(event.details["after"]) == ["order"]
    assert state(process)["order"]["saps"][0]["vlan"] == 7
    assert "saps.0.vlan 100 → 7" in words(text(maria.get(url(process))))


def test_only_what_was_changed_is_given_and_a_new_key_may_be_added(maria):
    process = run(begin >> reserve >> boom)

    preview = edit(
        maria,
        process,
        **{"value:vlan": " 1001 ", "new_key": "site", "new_value": '"asd"', "several": '{"a": 1}'},
    )
    confirmed(maria, process, preview)

    after = process.events.get(action="state edited").details["after"]
    assert after == {"site": "asd", "a": 1}


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"value:vlan": "1001"},
        {"value:vlan": "{"},
        {"value:vlan": "NaN"},
        {"value:vlan": '"\\u0000"'},
        {"value:vlan": "[" * 100_000},
        {"value:vlan": "1" * 5000},
        {"new_key": "x", "new_value": ""},
        {"several": "[1]"},
    ],
)
def test_what_is_no_edit_is_said_and_kept_as_typed(maria, typed):
    process = run(begin >> reserve >> boom)

    answer = edit(maria, process, **typed)

    assert answer.status_code == 400
    assert 'role="alert"' in text(answer)
    assert log(process) == ["started"]
    if typed.get("value:vlan") == "{":
        assert ">{</textarea>" in text(answer)
        assert "A text stands in double quotes." in text(answer)


def test_a_secret_is_edited_without_being_shown(maria):
    @step("Log in")
    def log_in():
        return {"login": SecretStr("first-secret"), "password": "first-secret"}

    process = run(begin >> log_in >> boom)
    form = text(maria.get(url(process, "edit")))
    typed = {"value:login": "other-secret", "value:password": "other-secret"}

    preview = edit(maria, process, **typed)
    done = confirmed(maria, process, preview)

    assert "first-secret" not in form
    assert "-secret" not in text(preview) + text(maria.get(url(process)))
    assert done.status_code == 302
    assert opened(state(process))["login"].get_secret_value() == "other-secret"
    assert state(process)["password"] == "other-secret"


def test_a_preview_is_of_one_process_for_one_operator(maria):
    one, other = (run(begin >> reserve >> boom, name=name) for name in ("one", "other"))
    piet = signed_in("piet", "view_process", "repair_process")
    preview = edit(maria, one, **{"value:vlan": "7"})
    sealed = field(preview, "sealed")

    for client, process, text_sent in (
        (piet, one, sealed),
        (maria, other, sealed),
        (maria, one, "forged"),
    ):
        answer = client.post(url(process, "edit"), {"reason": "typo", "sealed": text_sent})
        assert answer.status_code == 400
    assert ProcessEvent.objects.filter(action="state edited").count() == 0


def test_an_edit_whose_preview_is_stale_is_not_done(maria):
    process = run(begin >> reserve >> boom)
    preview = edit(maria, process, **{"value:vlan": "7"})
    engine.edit_state(process.pk, values={"vlan": 8}, by="piet", reason="mine")

    answer = confirmed(maria, process, preview)

    assert answer.status_code == 409
    assert "piet: state edited · “mine”" in words(text(answer))
    assert state(process)["vlan"] == 8


# What to do about a failure.


def advised(client: Client, process: Process) -> tuple[str, list[str]]:
    """Return what the page advises, and the actions it offers with that."""
    part = text(client.get(url(process))).split('class="wp-advice"')[1].split("</div>")[0]
    return words(part[1:]), re.findall(r'id="next-(\w+)"', part)


def failing(error: Exception) -> Process:
    @step("Break")
    def break_() -> State:
        raise error

    return run(begin >> reserve >> break_)


@pytest.mark.parametrize(
    ("error", "sentence", "actions"),
    [
        (RuntimeError("x"), "Retry runs the step again.", ["retry", "edit", "skip"]),
        (ApiUnavailable("x"), "retry when it does", ["retry"]),
        (InconsistentData("x"), "Mend that where it is", ["retry"]),
    ],
)
def test_a_failure_says_what_can_be_done(maria, error, sentence, actions):
    told, offered = advised(maria, failing(error))

    assert sentence in told
    assert offered == actions


def test_a_failure_offers_nothing_that_the_reader_may_not_do():
    process = failing(RuntimeError("x"))

    told, offered = advised(signed_in("els", "view_process", "retry_process"), process)

    assert "Retry runs the step again." in told
    assert offered == ["retry"]


def test_a_step_that_lacks_something_is_mended_in_the_state(maria):
    told, offered = advised(maria, run(begin >> move))

    assert "Edit it, then retry." in told
    assert offered == ["edit", "retry"]


def test_a_step_that_has_left_the_code_is_continued_elsewhere(maria):
    process = run(begin >> reserve >> sleep_step("Sleep", 60) >> move)
    define(begin >> reserve >> move)
    make_due(process)
    drain()

    told, offered = advised(maria, process)

    assert "Retry asks where to continue." in told
    assert offered == ["retry"]


def asked_outside() -> Process:
    @step("Ask")
    def ask(callback_url: str) -> State:
        return {"asked": callback_url}

    @step("Accept")
    def accept(callback_result: dict[str, int]) -> State:
        assert callback_result["rc"] == 0, "return code 1"
        return {}

    return run(begin >> callback_step("Playbook", ask, accept, timeout=60))


def test_a_callback_nobody_answered_leads_to_its_page(maria):
    process = asked_outside()
    CallbackToken.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    make_due(process)
    drain()

    told, offered = advised(maria, process)

    assert "Nobody answered in time." in told
    assert offered == ["retry", "callback"]


def test_an_answer_that_was_not_accepted_leads_to_it(maria):
    process = asked_outside()
    answers.receive(CallbackToken.objects.get(), answers.Answer(result={"rc": 1}))
    drain()

    told, offered = advised(maria, process)

    assert "did not accept the answer" in told
    assert offered == ["retry", "skip", "callback"]


def test_a_step_that_is_tried_again_by_itself_says_so(maria):
    @retrystep("Ask", retry=Retry(max_attempts=9))
    def ask() -> State:
        raise ConnectionError("inventory is away")

    told, offered = advised(maria, run(begin >> ask))

    assert "tried again by itself" in told
    assert offered == ["resume"]


# What else concerns it.


def concerned(*processes: Process, **values) -> Subscription:
    product, _made = Product.objects.get_or_create(name="Circuit", defaults={"tag": "CIRCUIT"})
    row = Subscription.objects.create(
        product=product, customer_id="SURF", description="VLAN 1001", **values
    )
    for process in processes:
        row.processes.add(process, through_defaults={"target": "MODIFY"})
    return row


def related(client: Client, process: Process) -> str:
    page = text(client.get(url(process)))
    return page[page.index('id="related"') : page.index("</section>", page.index('id="related"'))]


def test_the_page_leads_to_the_subscriptions_and_their_other_processes(maria):
    earlier = run(begin >> reserve, name="earlier")
    process = run(begin >> reserve >> boom, name="failing")
    other = run(begin >> reserve, name="other")
    row = concerned(earlier, process, status="active", insync=False, locked_by=process)

    part = related(maria, process)

    assert "active VLAN 1001 SURF · Circuit · locked by this process" in words(part)
    assert reverse("workflows:subscription", args=[row.pk]) in part
    assert url(earlier) in part
    assert url(other) not in part
    assert "SURF · " in text(maria.get(url(process))).split("wc-concerns")[1][:200]


def test_who_may_not_see_subscriptions_sees_none_and_no_process_by_way_of_one():
    earlier = run(begin >> reserve, name="earlier")
    process = run(begin >> reserve, name="one")
    concerned(earlier, process)

    page = text(signed_in("looker", "view_process").get(url(process)))

    assert "VLAN 1001" not in page.split('id="related"')[1]
    assert url(earlier) not in page


def test_earlier_processes_with_the_same_inputs_are_found_and_one_is_started_again(maria):
    class Page(forms.FormPage):
        customer: str

    def start(customer: str) -> Process:
        process = engine.start("asking", inputs=[{"customer": customer}], by="maria")
        drain()
        return process

    define(begin >> reserve, name="asking", initial_input_form=Page)
    first, _other, last = start("SURF"), start("CERN"), start("SURF")

    part = related(maria, last)

    assert re.findall(r'id="earlier-([^"]+)"', part) == [str(first.pk)]
    assert f"/admin/start/asking/?from={last.pk}" in part
    assert "?from=" not in related(signed_in("looker", "view_process"), last)


def test_on_the_page_of_an_ended_process_nothing_is_polled(maria):
    ended, waiting = (
        run(begin >> reserve, name="one"),
        run(begin >> sleep_step("S", 60), name="two"),
    )

    assert 'hx-trigger="every' not in text(maria.get(url(ended))).split('id="live"')[1]
    assert text(maria.get(url(waiting))).split('id="live"')[1].count('hx-trigger="every') == 2


def test_what_is_related_is_polled_for_a_304(maria):
    process = run(begin >> reserve)
    tag = maria.get(url(process, "related"))["ETag"]

    same = maria.get(url(process, "related"), headers={"If-None-Match": tag})
    concerned(process)
    other = maria.get(url(process, "related"), headers={"If-None-Match": tag})

    assert same.status_code == 304
    assert "VLAN 1001" in text(other)


def test_neither_page_nor_parts_cost_more_queries_when_there_is_more(maria):
    counts = []
    for number in (2, 30):
        processes = [run(begin >> reserve, name="other") for _ in range(number)]
        chain = begin
        for n in range(number):
            chain = chain >> named(f"Step {n}")
        process = run(chain >> reserve >> boom, name="failing")
        for _ in range(number):
            concerned(*processes, process)
        for page in ("process", "live", "related"):
            with CaptureQueriesContext(connection) as queries:
                maria.get(url(process, page))
            counts.append(len(queries))

    assert counts[:3] == counts[3:]
    assert max(counts) < 45


# On paper, and as JSON.


def test_a_process_is_exported_as_the_api_shows_it_with_its_log_and_callbacks(maria):
    process = asked_outside()
    engine.set_note(process.pk, note="called", by="maria")
    token = CallbackToken.objects.get()

    answer = maria.get(reverse("callback_console:export", args=[process.pk]))

    document = json.loads(answer.content)
    assert answer["Content-Disposition"] == f'attachment; filename="example-{process.pk}.json"'
    api = maria.get(f"/api/processes/{process.pk}").json()
    assert {key: document[key] for key in api} == api
    assert [event["action"] for event in document["events"]] == ["started", "note changed"]
    assert [callback["id"] for callback in document["callbacks"]] == [token.public_id]
    assert token.nonce not in text(answer)
    assert tokens.route(token) not in text(answer)


def test_an_export_has_no_secret_and_is_for_those_who_may_look(maria):
    @step("Log in")
    def log_in():
        return {"login": SecretStr("first-secret"), "password": "first-secret"}

    process = run(begin >> log_in >> boom)
    engine.edit_state(process.pk, values={"password": "other-secret"}, by="maria", reason="x")
    address = reverse("callback_console:export", args=[process.pk])

    assert "-secret" not in text(maria.get(address))
    assert signed_in("stranger").get(address).status_code == 403
    assert maria.post(address).status_code == 405


# A form that is no longer open.


def test_what_was_typed_into_a_form_of_an_aborted_process_is_still_there(maria):
    process = run(begin >> reserve >> confirm)
    page = maria.get(url(process))
    sent = hidden(page, "pages", "form") | {"page-remark": f"two {SCRIPT}", "page-password": "abc"}
    engine.abort(process.pk, by="piet")

    late = maria.post(url(process, "form"), sent)

    assert late.status_code == 409
    assert "The process is aborted" in text(late)
    assert "remark two <script>" in words(text(late))
    assert SCRIPT not in text(late)
    assert "abc" not in words(text(late).split('id="form"')[1].split("</section>")[0])


# Nothing that comes from a state or a person is run.


def test_scripts_in_every_field_are_text(maria):
    @step(f"Name {SCRIPT}")
    def vicious():
        return {f"key {SCRIPT}": {SCRIPT: [SCRIPT, f"{SCRIPT}\n{SCRIPT}"]}, "text": f"a\n{SCRIPT}"}

    @step("Again")
    def again():
        return {f"key {SCRIPT}": {SCRIPT: ["x", SCRIPT]}, "text": f"b\n{SCRIPT}"}

    @step("Fail")
    def fail():
        raise ProcessFailureError(SCRIPT, details={SCRIPT: SCRIPT})

    group = step_group(f"Group {SCRIPT}", vicious >> again)
    process = run(begin >> conditional(lambda _state: True, name=SCRIPT)(group) >> fail)
    engine.set_note(process.pk, note=SCRIPT, by=SCRIPT)
    engine.edit_state(process.pk, values={"new": SCRIPT}, by=SCRIPT, reason=SCRIPT)
    concerned(process)
    Subscription.objects.update(description=SCRIPT, customer_id=SCRIPT)
    sent = {"reason": SCRIPT, "several": json.dumps({SCRIPT: SCRIPT}), "seen": "old"}

    pages = [
        *(maria.get(url(process, page)) for page in ("process", "live", "related", "edit")),
        maria.get(url(process), {"state": "4", "against": "2"}),
        maria.get(url(process, "retry"), {"from_step": f"Group {SCRIPT}/Name {SCRIPT}"}),
        maria.post(
            url(process, "edit"), {**sent, "seen": field(maria.get(url(process, "edit")), "seen")}
        ),
        maria.post(url(process, "retry"), sent),
    ]

    for page in pages:
        assert SCRIPT not in text(page)
        assert "&lt;script&gt;" in text(page)
