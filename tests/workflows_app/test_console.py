"""The operator's pages: what they show, what they let whom do, and what that costs."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callbacks_app import answers, tokens
from callbacks_app.attempts import Sender
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.engine import define, drain, run, state
from tests.workflows_app.console import (
    ESCAPED,
    SCRIPT,
    boom,
    confirm,
    field,
    join,
    move,
    reserve,
    signed_in,
    text,
)
from workflows_app import (
    Retry,
    State,
    begin,
    conditional,
    engine,
    forms,
    inputstep,
    registry,
    retrystep,
    sleep_step,
    step,
    step_group,
)
from workflows_app.models import Process, ProcessEvent, ProcessStep, Worker, Workflow

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/processes/"


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", "view_process")


def url(process: Process, page: str = "process") -> str:
    return reverse(f"workflows:{page}", args=[process.pk])


def messages(client: Client, address: str) -> list[str]:
    return [str(message) for message in client.get(address).context["messages"]]


@step("Start playbook")
def start_playbook(callback_url: str) -> State:
    return {"address": callback_url}


@step("Validate")
def validate(callback_result: dict[str, int]) -> State:
    assert callback_result["rc"] == 0
    return {}


def awaiting(timeout: float | None = 7200) -> tuple[Process, CallbackToken]:
    process = run(begin >> callback_step("Playbook", start_playbook, validate, timeout=timeout))
    return process, CallbackToken.objects.get(process=process)


# Who may look.


def test_the_console_needs_a_staff_login_and_the_right_to_look():
    process = run(begin >> reserve)
    stranger = signed_in("stranger")

    for address in (
        LIST,
        url(process),
        url(process, "live"),
        "/admin/start/",
        "/admin/engine/",
    ):
        assert stranger.get(address).status_code == 403
    assert Client().get(LIST)["Location"].startswith("/admin/login/")


def test_a_poll_after_the_logout_stops_and_leaves_the_page_as_it_is():
    process = run(begin >> sleep_step("Sleep", 60))

    response = Client().get(url(process, "live"), headers={"HX-Request": "true"})

    assert response.status_code == 286
    assert response["HX-Retarget"] == "#live-note"
    assert "logged out" in text(response)


def test_there_is_no_page_for_an_unknown_process(maria):
    address = "/admin/processes/00000000-0000-4000-8000-000000000000/"

    assert maria.get(address).status_code == 404
    assert maria.post(f"{address}abort/").status_code == 404


# The list.


def sentences(client: Client, query: str = "") -> list[str]:
    """Return each line's status and sentence, as read."""
    cells = re.findall(
        r'<td class="wc-status">(.*?)</td>', text(client.get(LIST + query)), re.DOTALL
    )
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in cells]


def test_every_status_has_its_sentence(maria):
    @retrystep("Ask", retry=Retry(max_attempts=9))
    def ask() -> State:
        raise ConnectionError("inventory is away")

    run(begin >> reserve, name="one")
    run(begin >> boom, name="two")
    run(begin >> sleep_step("Sleep", 3600), name="three")
    run(begin >> ask, name="four")
    run(begin >> reserve >> confirm, name="five")
    process, token = awaiting()
    answers.report_progress(token, {"percent": 40, "message": "TASK [configure port]"})
    aborted = run(begin >> sleep_step("Sleep", 3600), name="seven")
    engine.abort(aborted.pk, by="piet", reason="wrong customer")
    engine.start(define(begin >> reserve, name="six"), by="maria")

    found = sentences(maria)

    assert found[0] == "suspended needs you · Confirm results · since 0 s"
    assert found[1] == f"failed Boom: no light {ESCAPED}"
    assert "created queued for 0 s" in found
    assert "awaiting callback remote: 40 % TASK [configure port] · expires in 1 h 59 min" in found
    assert any(
        re.match(r"waiting tries again in \d+ (s|min) \(attempt 2\) · Ask: inv", s) for s in found
    )
    assert "waiting Sleep · goes on in 59 min" in found
    assert "aborted by piet, 0 s ago: “wrong customer”" in found
    assert found[-1].startswith("completed in ")
    Process.objects.filter(pk=process.pk).update(
        status="running", next_step="Playbook/Start playbook", due_at=timezone.now() + timedelta(1)
    )
    assert "running step 3 of 6 · Playbook / Start playbook · 0 s" in sentences(maria)


def test_the_list_is_filtered_by_its_address(maria):
    first = run(begin >> reserve, name="one")
    engine.set_note(first.pk, note="ticket 4711", by="maria")
    run(begin >> boom, name="two", is_task=True)
    run(begin >> reserve >> confirm, name="three")

    assert len(sentences(maria)) == 3
    assert [s.split()[0] for s in sentences(maria, "?status=failed")] == ["failed"]
    assert [s.split()[0] for s in sentences(maria, "?status=me")] == ["suspended"]
    assert [s.split()[0] for s in sentences(maria, "?status=open&kind=workflow")] == ["suspended"]
    assert [s.split()[0] for s in sentences(maria, "?workflow=two")] == ["failed"]
    assert [s.split()[0] for s in sentences(maria, "?assignee=NOC")] == ["suspended"]
    assert [s.split()[0] for s in sentences(maria, "?q=TICKET")] == ["completed"]
    assert [s.split()[0] for s in sentences(maria, f"?q={str(first.pk)[:11]}")] == ["completed"]
    assert sentences(maria, "?sort=newest")[0].startswith("suspended")
    assert len(sentences(maria, "?status=nonsense&page=x&kind=y")) == 3
    assert "No process fits" in text(maria.get(LIST + "?q=nothing-like-it"))


def test_mine_is_what_i_started_and_what_waits_for_my_groups(looker):
    run(begin >> reserve, name="one")
    run(begin >> reserve >> confirm, name="two")
    join("looker", "NOC")

    assert [s.split()[0] for s in sentences(looker, "?mine=1")] == ["suspended"]


def test_a_form_needs_only_those_who_may_answer_it():
    run(begin >> reserve >> confirm)
    Group.objects.create(name="NOC")
    member, other = (signed_in(name, "view_process", "resume_process") for name in ("piet", "els"))
    join("piet", "NOC")

    assert "needs you" in sentences(member)[0]
    assert "needs NOC" in sentences(other)[0]
    assert sentences(other, "?status=me") == []


def test_an_unchanged_list_is_a_304_and_a_changed_one_is_not(maria):
    process, token = awaiting()
    tag = maria.get(LIST).context["listing"].tag

    def poll():
        return maria.get(reverse("workflows:rows"), headers={"If-None-Match": f'"{tag}"'})

    assert poll().status_code == 304
    assert poll().content == b""
    answers.report_progress(token, {"percent": 50})
    assert poll().status_code == 200
    tag = poll()["ETag"].strip('"')
    assert poll().status_code == 304
    engine.set_note(process.pk, note="called", by="maria")
    assert "called" in text(poll())
    tag = poll()["ETag"].strip('"')
    engine.pause(by="maria")
    assert poll().status_code == 200


def test_the_list_costs_the_same_number_of_queries_whatever_its_length(
    maria, django_assert_max_num_queries
):
    counts = []
    for rows in (5, 50):
        while Process.objects.count() < rows:
            aborted = run(begin >> sleep_step("Sleep", 60))
            if Process.objects.count() % 2:
                engine.abort(aborted.pk, by="maria")
        with django_assert_max_num_queries(30) as queries:
            maria.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1]


# A process.


def test_the_page_shows_every_step_of_the_definition_and_what_ran_of_it(maria):
    chain = begin >> reserve >> move >> step_group("Both", begin >> boom >> confirm)
    page = text(maria.get(url(run(chain))))

    assert re.findall(r'class="wc-name">([^<]+)<', page) == [
        "Start", "Reserve VLAN", "Move VLAN", "Boom", "Confirm results", "Done",
    ]  # fmt: skip
    assert "Both</span>" in page
    assert "no light" in page
    assert "RuntimeError: traceback" in page
    assert "500 B" in page  # The long value is folded, with its size.
    assert re.search(r"<code>1001</code>.*→.*<code>1002</code>", page, re.DOTALL)


def test_what_comes_from_outside_is_escaped(maria):
    process, token = awaiting()
    progress = {"percent": 4, "message": SCRIPT, "lines": [SCRIPT, "ok"]}
    answers.report_progress(token, progress)
    engine.set_note(process.pk, note=SCRIPT, by="maria")
    pages = [text(maria.get(url(process)))]
    answers.report_progress(token, SCRIPT)
    pages.append(text(maria.get(url(process))))
    failed = run(begin >> reserve >> boom, name="failing")
    pages.append(text(maria.get(url(failed))))
    pages.append(text(maria.get(url(failed) + "?state=1")))
    engine.abort(failed.pk, by="maria", reason=SCRIPT)
    pages += [text(maria.get(url(failed))), text(maria.get(LIST))]
    engine.pause(by="maria", reason=SCRIPT)
    pages.append(text(maria.get("/admin/engine/")))

    assert all(ESCAPED in page for page in pages)
    assert not any(SCRIPT in page for page in pages)


def test_a_callback_shows_its_progress_and_never_its_address(maria):
    process, token = awaiting()
    answers.report_progress(token, {"percent": 40, "message": "TASK", "lines": "a\nok: [r1]"})

    page = text(maria.get(url(process)))

    assert '<progress max="100" value="40" ' in page
    assert "ok: [r1]" in page
    assert token.public_id in page
    assert "expires in <time" in page
    assert "hidden callback address" in page
    assert token.nonce not in page
    assert tokens.route(token) not in page


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        ({"percent": 33.333}, '<progress max="100" value="33.3" '),
        ({"percent": "most"}, "most %"),
        ({"lines": ["one", 2]}, "one\n2"),
        ([1, {"a": None}], "&quot;a&quot;: null"),
        (17, "<pre>17</pre>"),
        ("as it is", "<pre>as it is</pre>"),
    ],
)
def test_progress_of_any_shape_is_shown(maria, progress, shown):
    process, token = awaiting()
    answers.report_progress(token, progress)

    assert shown in text(maria.get(url(process)))
    assert maria.get(LIST).status_code == 200


def test_an_answered_callback_says_by_whom(maria):
    process, token = awaiting()
    answers.receive(token, answers.Answer(result={"rc": 0}), Sender(source="10.1.2.3"))
    drain()

    assert "answered by 10.1.2.3" in text(maria.get(url(process)))


def test_skipped_steps_and_the_clean_up_are_on_the_page(maria):
    chain = begin >> conditional(lambda _state: False)(reserve) >> sleep_step("Sleep", 60)
    process = run(chain, cleanup=move)
    engine.abort(process.pk, by="maria")
    drain()

    page = text(maria.get(url(process)))

    assert "wc-skipped" in page
    assert page.index("Clean-up") < page.index('class="wc-name">Move VLAN')


def test_earlier_attempts_are_folded_under_the_step(maria):
    process, token = awaiting()
    answers.receive(token, answers.Answer(result={"rc": 1}))
    drain()
    engine.retry(process.pk, by="maria")
    drain()

    page = text(maria.get(url(process)))

    assert page.count("1 earlier attempt<") == 4
    assert "undone by a retry" in page


def test_the_state_after_a_step_can_be_asked_for(maria):
    process = run(begin >> reserve >> move >> boom)

    after_first = text(maria.get(url(process) + "?state=1"))
    after_second = text(maria.get(url(process) + "?state=2", headers={"HX-Request": "true"}))

    assert "<code>1001</code>" in after_first
    assert "report" not in after_first
    assert "<code>1002</code>" in after_second
    assert "<html" not in after_second
    assert maria.get(url(process) + "?state=99").status_code == 404


def test_an_unchanged_process_is_a_304_until_something_happens(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.console.process_view.HEARTBEAT_SECONDS", 10**9)
    process, token = awaiting()
    tag = maria.get(url(process)).context["view"].tag

    def poll():
        return maria.get(url(process, "live"), headers={"If-None-Match": f'"{tag}"'})

    assert poll().status_code == 304
    answers.report_progress(token, "half way")
    assert "half way" in text(poll())


def test_the_page_of_a_final_process_asks_no_more(maria):
    assert "every 1s" in text(maria.get(url(run(begin >> sleep_step("Sleep", 60)))))
    assert "every 1s" not in text(maria.get(url(run(begin >> reserve))))


def test_a_process_page_costs_the_same_number_of_queries_whatever_its_length(
    maria, django_assert_max_num_queries
):
    counts = []
    for steps in (3, 60):
        chain = begin
        for number in range(steps):
            chain = chain >> step(f"Step {number}")(lambda: {"n": 1})
        process = run(chain >> boom)
        with django_assert_max_num_queries(30) as queries:
            maria.get(url(process))
        counts.append(len(queries))

    assert counts[0] == counts[1]


# Forms.


def test_a_form_is_answered_on_the_page(maria):
    process = run(begin >> reserve >> confirm)
    page = maria.get(url(process))
    assert "Confirm and continue" in text(page)
    pages, row = field(page, "pages"), field(page, "form")

    rejected = maria.post(url(process, "form"), {"pages": pages, "form": row})
    assert "needs attention" in text(rejected)

    answer = {"pages": pages, "form": row, "page-remark": "fine", "page-seen": "1001"}
    accepted = maria.post(url(process, "form"), answer)

    assert accepted["Location"] == url(process)
    assert messages(maria, url(process)) == ["Answered. The process goes on."]
    assert state(process)["remark"] == "fine"
    assert maria.get(url(process, "form"))["Location"] == url(process)


def test_the_second_operator_is_told_who_answered_first(maria):
    process = run(begin >> reserve >> confirm)
    page = maria.get(url(process))
    pages, row = field(page, "pages"), field(page, "form")
    engine.submit(process.pk, inputs=[{"remark": "mine", "seen": 1}], by="piet")

    stale = text(maria.get(url(process, "live") + f"?form={row}"))
    answer = {"pages": pages, "form": row, "page-remark": "late", "page-seen": "2"}
    response = maria.post(url(process, "form"), answer)

    assert "was answered by piet at" in stale
    assert response.status_code == 409
    assert "This form was answered by piet at " in text(response)
    assert "<dt>remark</dt><dd>late</dd>" in text(response)
    assert state(process)["remark"] == "mine"


def test_a_form_appears_by_itself_and_is_left_alone_afterwards(maria):
    process = run(begin >> reserve >> confirm)
    row = process.steps.get(status="suspended").pk

    appearing = text(maria.get(url(process, "live") + "?form=0"))
    present = text(maria.get(url(process, "live") + f"?form={row}"))

    assert 'hx-swap-oob="true"' in appearing
    assert 'name="page-remark"' in appearing
    assert 'name="page-remark"' not in present


def test_who_may_not_answer_sees_who_is_needed_and_is_refused(looker):
    process = run(begin >> reserve >> confirm)
    page = looker.get(url(process))

    assert "needs NOC" in text(page)
    assert 'name="pages"' not in text(page)
    assert looker.post(url(process, "form"), {"pages": ""}).status_code == 403


def test_a_form_that_fails_leaves_the_page_in_use(maria):
    broken: list[bool] = []

    @inputstep("Ask")
    def ask(vlan: int):
        if broken:
            raise KeyError(SCRIPT)

        class Page(forms.FormPage):
            remark: str

        yield Page
        return {}

    process = run(begin >> reserve >> ask)
    broken.append(True)

    page = text(maria.get(url(process)))

    assert "The form raised KeyError" in page
    assert SCRIPT not in page
    assert url(process, "abort") in page


# Actions.


@pytest.mark.parametrize(
    ("action", "permission", "sent"),
    [
        ("retry", "retry_process", {"reason": "again"}),
        ("skip", "repair_process", {"reason": "done by hand"}),
        ("abort", "abort_process", {"reason": "wrong customer"}),
        ("note", "change_process", {"note": "ticket"}),
    ],
)
def test_an_action_is_offered_done_and_logged_for_those_who_may(looker, action, permission, sent):
    process = run(begin >> reserve >> boom >> move)
    user = signed_in("piet", "view_process", permission)

    assert url(process, action) not in text(looker.get(url(process)))
    assert looker.get(url(process, action)).status_code == 403
    assert looker.post(url(process, action), sent).status_code == 403
    assert url(process, action) in text(user.get(url(process)))
    assert user.get(url(process, action)).status_code == 200
    assert not ProcessEvent.objects.filter(actor="piet").exists()
    assert user.post(url(process, action), sent)["Location"] == url(process)

    (event,) = ProcessEvent.objects.filter(actor="piet")
    assert event.reason == sent.get("reason", "")


def test_a_waiting_process_goes_on_when_told_to(maria):
    process = run(begin >> sleep_step("Sleep", 3600) >> reserve)
    assert "ends now" in text(maria.get(url(process, "resume")))

    maria.post(url(process, "resume"))
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_a_task_that_has_ended_can_be_deleted(maria):
    process = run(begin >> reserve, is_task=True)

    assert maria.post(url(process, "delete"))["Location"] == LIST
    assert not Process.objects.exists()


def test_an_abort_names_what_follows(maria):
    process = run(begin >> callback_step("Playbook", start_playbook, validate), cleanup=move)

    page = text(maria.get(url(process, "abort")))

    assert "Abort runs 1 clean-up step: Move VLAN." in page
    assert "The remote side keeps running." in page


def test_a_retry_names_where_it_begins(maria):
    process, token = awaiting()
    answers.receive(token, answers.Answer(result={"rc": 1}))
    drain()

    page = text(maria.get(url(process, "retry")))

    assert "starts the group “Playbook” again, from its first step “Create callback”" in page
    assert "A new callback address" in page


def test_a_process_whose_step_is_gone_continues_from_a_chosen_one(maria):
    process = run(begin >> reserve >> sleep_step("Sleep", 60) >> move)
    define(begin >> reserve >> move)
    page = text(maria.get(url(process, "retry")))
    assert "no longer part of the workflow" in page
    assert '<option value="Move VLAN">' in page

    refused = maria.post(url(process, "retry"), {"from_step": "Nowhere"})
    assert refused["Location"] == url(process)
    assert "no longer part" in messages(maria, url(process))[0]
    maria.post(url(process, "retry"), {"from_step": "Move VLAN"})
    drain()

    process.refresh_from_db()
    assert process.status == "completed"


def test_a_process_whose_workflow_is_gone_can_still_be_seen_and_aborted(maria):
    process = run(begin >> boom, name="vanishing")
    registry._workflows.pop("vanishing")

    assert maria.get(url(process)).status_code == 200
    maria.post(url(process, "retry"))
    assert "There is no workflow" in messages(maria, url(process))[0]
    assert "nothing can be run" in text(maria.get(url(process, "retry")))
    maria.post(url(process, "abort"))

    process.refresh_from_db()
    assert process.status == "aborted"


def test_what_is_missing_is_said_and_nothing_is_done(maria):
    process = run(begin >> boom)

    assert "A reason is needed" in text(maria.post(url(process, "skip"), {"reason": " "}))
    for values in ("", "[1]", "{}", "{"):
        sent = {"reason": "typo", "several": values}
        assert maria.post(url(process, "edit"), sent).status_code == 400
    assert maria.post(url(process, "note"), {"note": "x" * 5001}).status_code == 400
    assert list(ProcessEvent.objects.values_list("action", flat=True)) == ["started"]


def test_what_a_database_cannot_store_is_left_out(maria):
    process = run(begin >> boom)

    maria.post(url(process, "note"), {"note": "a\0b"})
    maria.post(url(process, "abort"), {"reason": "c\0d"})

    process.refresh_from_db()
    assert process.note == "ab"
    assert ProcessEvent.objects.get(action="aborted").reason == "cd"
    assert maria.get(LIST, {"q": "\0", "workflow": "\0"}).status_code == 200


def test_an_action_that_no_longer_fits_is_refused_in_words(maria):
    process = run(begin >> reserve)

    response = maria.post(url(process, "abort"))

    assert response["Location"] == url(process)
    assert messages(maria, url(process)) == ["The process is completed; it has already ended."]
    assert maria.get(url(process, "retry"))["Location"] == url(process)


def test_a_change_needs_the_csrf_token(maria):
    process = run(begin >> boom)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = maria.cookies

    assert strict.post(url(process, "abort")).status_code == 403


# Starting.


def test_workflows_are_listed_by_target_with_why_one_cannot_be_started(looker):
    define(begin >> reserve, name="one", target="CREATE")
    Workflow.objects.create(name="gone", target="SYSTEM", in_code=False)
    starter = signed_in("piet", "view_process", "start_process")

    allowed, refused = text(starter.get("/admin/start/")), text(looker.get("/admin/start/"))

    assert "/admin/start/one/" in allowed
    assert "Its code is gone." in allowed
    assert "/admin/start/one/" not in refused
    assert "You may not start it." in refused
    assert looker.post("/admin/start/one/").status_code == 403
    assert starter.get("/admin/start/nowhere/").status_code == 404


def test_a_workflow_without_a_form_is_started_with_one_button(maria):
    define(begin >> reserve, name="plain")
    page = maria.get("/admin/start/plain/")
    assert "asks nothing" in text(page)

    sent = {"key": field(page, "key")}
    first = maria.post("/admin/start/plain/", sent)
    again = maria.post("/admin/start/plain/", sent)

    process = Process.objects.get()
    assert first["Location"] == again["Location"] == url(process)
    assert process.created_by == "maria"


@pytest.mark.parametrize("sent", ["00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01", "x"])
def test_a_process_is_started_in_the_trace_of_the_request(maria, sent):
    define(begin >> reserve, name="plain")

    started = maria.post("/admin/start/plain/", headers={"traceparent": sent})

    assert started.status_code == 302
    assert Process.objects.get().traceparent == ("" if sent == "x" else sent)


def test_a_start_form_is_walked_page_by_page(maria):
    def form(state: State):
        class One(forms.FormPage):
            customer: str

        class Two(forms.FormPage):
            vlan: int

        one = yield One
        two = yield Two
        return one.model_dump() | two.model_dump()

    define(begin >> move, name="asking", initial_input_form=form)
    address = "/admin/start/asking/"
    one = maria.get(address)
    two = maria.post(
        address, {"pages": field(one, "pages"), "key": field(one, "key"), "page-customer": "SURF"}
    )
    assert field(two, "key") == field(one, "key")
    review = maria.post(
        address, {"pages": field(two, "pages"), "key": field(two, "key"), "page-vlan": "5"}
    )
    assert not Process.objects.exists()
    sent = {"pages": field(review, "pages"), "key": field(review, "key"), "send": "1"}
    assert maria.post(address, sent).status_code == 302

    process = Process.objects.get()
    assert state(process) == {"customer": "SURF", "vlan": 5}
    tampered = maria.post(address, {**sent, "pages": "forged"})
    assert "belong to another form" in text(tampered)


def test_a_refused_start_says_why_and_keeps_what_was_typed(maria):
    class Page(forms.FormPage):
        customer: str

    define(
        begin >> reserve,
        name="single",
        initial_input_form=Page,
        run_predicate=lambda _context: "another one is running",
    )
    page = maria.get("/admin/start/single/")
    sent = {"pages": field(page, "pages"), "page-customer": f"SURF {SCRIPT}"}

    response = maria.post("/admin/start/single/", sent)

    assert response.status_code == 409
    assert "Another one is running" in text(response)
    assert f'name="page-customer" value="SURF {ESCAPED}"' in text(response)
    assert not Process.objects.exists()


# The engine.


def test_the_engine_is_paused_with_a_reason_and_every_page_says_so(maria, looker):
    assert looker.post("/admin/engine/pause/").status_code == 403

    maria.post("/admin/engine/pause/", {"reason": "database upgrade"})

    for address in (LIST, "/admin/engine/", "/admin/"):
        assert "paused by maria: database upgrade" in text(looker.get(address))
    engine.start(define(begin >> reserve), by="maria")
    assert "the engine is paused" in sentences(looker)[0]
    assert looker.post("/admin/engine/unpause/").status_code == 403
    maria.post("/admin/engine/unpause/")
    assert "paused by" not in text(looker.get(LIST))


def test_the_workers_and_what_they_run_are_listed(maria):
    now = timezone.now()
    Worker.objects.create(name="a:1", host="a", pid=1, slots=2, started_at=now, seen_at=now)
    old = now - timedelta(minutes=5)
    Worker.objects.create(name="b:2", host="b", pid=2, slots=2, started_at=old, seen_at=old)
    process = run(begin >> sleep_step("Sleep", 60))
    Process.objects.update(status="running", worker="a:1", due_at=now)

    page = text(maria.get("/admin/engine/"))

    assert url(process) in page
    assert "1 of 2 in use" in page
    assert ">silent<" in page
    Process.objects.update(worker="c:3")
    assert "(c:3)" in text(maria.get("/admin/engine/"))


def test_steps_that_were_edited_or_have_left_the_code_stand_where_they_happened(maria):
    process = run(begin >> reserve >> boom >> move)
    engine.edit_state(process.pk, values={"vlan": 7}, by="maria", reason="typo")
    ProcessStep.objects.filter(process=process, path="Reserve VLAN").update(path="Old", name="Old")

    page = text(maria.get(url(process)))

    names = re.findall(r'class="wc-name">([^<]+)<', page)
    assert names == ["Start", "Old", "Reserve VLAN", "Boom", "State edited", "Move VLAN", "Done"]
