"""The console's pages about callbacks: what they show, and what they let whom do."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pydantic import BaseModel, Field

from callbacks_app import by_hand, expected
from callbacks_app.models import CallbackAttempt, CallbackToken
from callbacks_app.steps import CallbackHandle, callback_map, callback_result, create_callback
from tests.callbacks_app.conftest import GOOD, ask, callback_of, confirm
from tests.callbacks_app.test_by_hand import MARIA
from tests.engine import drain, events, make_due, run, state
from tests.workflows_app.console import ESCAPED, SCRIPT, cost, signed_in, text
from workflows_app import Retry, State, begin, engine, step
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/callbacks/"
WHY = {"reason": "they told us on the phone"}
FITTING = {"result": '{"return_code": 0, "status": "x"}'}


class Port(BaseModel):
    name: str
    speed: int = 10


class Result(BaseModel):
    return_code: int
    status: str
    port: Port | None = None


@pytest.fixture
def anna() -> Client:
    """Return the browser of somebody who may look at callbacks and answer them."""
    return signed_in("anna", "view_process", "answer_callback")


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", "view_process")


def url(callback: CallbackToken, verb: str = "") -> str:
    return f"{LIST}{callback.public_id}/" + (f"{verb}/" if verb else "")


def open_callback(remote, **options) -> CallbackToken:
    return callback_of(run(begin >> ask(remote, **options) >> confirm))


def timed_out(remote) -> CallbackToken:
    callback = open_callback(remote, timeout=60)
    CallbackToken.objects.filter(pk=callback.pk).update(deadline_at=timezone.now())
    make_due(callback.process)
    drain()
    callback.refresh_from_db()
    assert callback.status == "timed_out"
    return callback


def lines(client: Client, query: str = "") -> list[str]:
    """Return the callbacks in the list, by their ids."""
    return re.findall(rf'href="{LIST}(cb_[0-9a-f]+)/"', text(client.get(LIST + query)))


def words(response) -> str:
    """Return what the page says, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", text(response)).split())


def said(client: Client, callback: CallbackToken) -> list[str]:
    return [str(message) for message in client.get(url(callback)).context["messages"]]


# Who may look


def test_the_pages_need_a_staff_login_and_the_right_to_look(remote):
    callback = open_callback(remote)
    stranger = signed_in("stranger", "answer_callback")

    for address in (LIST, url(callback), url(callback, "live"), url(callback, "complete")):
        assert stranger.get(address).status_code == 403, address
    assert Client().get(url(callback))["Location"].startswith("/admin/login/")
    assert Client().get(url(callback, "live")).status_code == 286


def test_whoever_may_only_look_is_offered_nothing(looker, remote):
    callback = timed_out(remote)
    remote.post(body=GOOD)
    attempt = CallbackAttempt.objects.get()

    page = text(looker.get(url(callback)))

    assert "/complete/" not in page
    assert "/adopt/" not in page
    for verb in ("complete", "fail", "cancel", "extend", f"adopt/{attempt.pk}"):
        for answer in (looker.get(url(callback, verb)), looker.post(url(callback, verb), WHY)):
            assert answer.status_code == 403, verb
    assert CallbackToken.objects.get().status == "timed_out"


@pytest.mark.parametrize("name", ["cb_" + "0" * 32, "nothing", "%00"])
def test_there_is_no_page_for_an_unknown_callback(anna, name):
    for page in ("", "live/", "cancel/", "adopt/1/"):
        assert anna.get(f"{LIST}{name}/{page}").status_code == 404


def test_the_menu_leads_to_the_callbacks(looker):
    assert f'<a href="{LIST}" aria-current="page">Callbacks</a>' in text(looker.get(LIST))


# The list


def test_the_list_begins_with_what_is_open(looker, remote):
    first = open_callback(remote)
    ended = open_callback(remote)
    remote.post(body=GOOD)
    last = open_callback(remote)

    assert lines(looker) == [last.public_id, first.public_id, ended.public_id]
    assert lines(looker, "?status=started") == [last.public_id, first.public_id]
    assert lines(looker, "?status=succeeded") == [ended.public_id]
    assert lines(looker, f"?process={ended.process_id}") == [ended.public_id]
    assert lines(looker, "?status=nonsense&at=x") == lines(looker)


def test_the_list_has_pages_in_both_directions(looker, remote, monkeypatch):
    monkeypatch.setattr("callbacks_app.console.listing.SIZE", 2)
    ids = [open_callback(remote).public_id for _ in range(3)]
    ended = [open_callback(remote).public_id for _ in range(2)]
    for route in remote.routes[-2:]:
        remote.post(route=route, body=GOOD)
    pages = [[ids[2], ids[1]], [ids[0], ended[1]], [ended[0]]]

    queries = [""]
    while older := re.search(r'rel="next" href="([^"]+)"', text(looker.get(LIST + queries[-1]))):
        queries.append(older[1])

    assert [lines(looker, query) for query in queries] == pages
    query = queries[-1]
    for newer_page in (pages[1], pages[0]):
        newer = re.search(r'rel="prev" href="([^"]+)"', text(looker.get(LIST + query)))
        assert newer is not None
        query = newer[1]
        assert lines(looker, query) == newer_page
    added = open_callback(remote).public_id
    assert lines(looker, query) == pages[0]
    newest = re.search(r'rel="prev" href="([^"]+)"', text(looker.get(LIST + query)))
    assert newest is not None
    assert lines(looker, newest[1]) == [added, ids[2]], "what came meanwhile is not lost"
    assert lines(looker, "?status=started&at=f0.0") == []
    assert "No callback fits" in text(looker.get(f"{LIST}?status=started&at=f0.0"))


def test_callbacks_are_found_by_their_ids_their_process_and_their_step(looker, remote):
    other = callback_of(run(begin >> ask(remote) >> confirm, name="orders"))
    callback = open_callback(remote)
    found = [callback.public_id]

    assert lines(looker, f"?q={callback.public_id}") == found
    assert lines(looker, f"?q={callback.public_id[3:15]}") == found
    assert lines(looker, f"?q={callback.uuid}") == found
    assert lines(looker, f"?q={str(callback.process_id)[:13]}") == found
    assert lines(looker, "?q=ORDER") == [other.public_id]
    assert lines(looker, "?q=await call") == [*found, other.public_id]
    assert lines(looker, f"?q=await&process={other.process_id}") == [other.public_id]
    for nothing in ("nothing", "%25", "_", "%00-", "-"):
        assert lines(looker, f"?q={nothing}") == [], nothing
    page = text(looker.get(f"{LIST}?q=ORDER"))
    assert 'value="ORDER"' in page
    assert 'href="?status=started&amp;q=ORDER"' in page


def test_an_empty_list_says_what_would_be_there(looker):
    assert "Callbacks appear here when" in text(looker.get(LIST))
    assert "No callback fits" in text(looker.get(f"{LIST}?process=nonsense"))


def test_the_list_costs_the_same_whatever_it_shows(looker, remote):
    open_callback(remote)
    before = cost(looker, LIST)
    for _ in range(4):
        open_callback(remote)
        remote.post(body=GOOD)
    timed_out(remote)

    assert len(lines(looker)) == 6
    assert cost(looker, LIST) == before < 14


# The page


def test_the_page_says_where_the_callback_stands(looker, remote):
    callback = open_callback(remote, timeout=7200, heartbeat=600)
    remote.post("/progress", {"percent": 40, "message": f"TASK {SCRIPT}", "lines": ["a", SCRIPT]})
    remote.post("/progress", {"percent": 41, "message": f"TASK {SCRIPT}", "lines": ["a", SCRIPT]})

    page = looker.get(url(callback))

    assert SCRIPT not in text(page)
    assert text(page).count(ESCAPED) == 3
    assert '<progress max="100" value="41" ' in text(page)
    said = words(page)
    assert "remote: 41 % TASK" in said
    assert "last heard 0 s ago · must be heard within 9 min · expires in 1 h 59 min" in said
    assert "\N{MULTIPLICATION SIGN}2 since" in said
    assert "127.0.0.1 at its address" in said
    assert "What it said" not in said


def test_the_page_says_that_the_remote_system_pauses(looker, remote):
    callback = open_callback(remote)
    CallbackToken.objects.update(paused=True)

    assert "paused by the remote system" in words(looker.get(url(callback)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": "armed"}, "the process does not wait for it yet"),
        ({}, "waits for the remote system since 0 s"),
        ({"status": "superseded"}, "a later attempt has replaced it"),
        ({"status": "cancelled"}, "withdrawn, as it was no longer needed"),
        ({"status": "timed_out", "timeout": timedelta(hours=2)}, "nobody answered within 2 h"),
        (
            {
                "status": "timed_out",
                "heartbeat": timedelta(minutes=5),
                "error": {"error_type": "Callback.Heartbeat"},
            },
            "nothing was heard of the remote system for 5 min",
        ),
        (
            {
                "status": "failed",
                "error": {"error_type": "NoLight", "error_message": "no  light"},
                "answered_at": timezone.now(),
                "answered_by": "10.0.0.1",
                "answered_via": "mistral",
            },
            "NoLight: no light · reported by 10.0.0.1 by Mistral's API",
        ),
    ],
)
def test_a_sentence_says_what_is_going_on(looker, remote, change, sentence):
    callback = open_callback(remote, timeout=None)
    CallbackToken.objects.update(**change)

    assert sentence in words(looker.get(url(callback))).replace("&#x27;", "'")


def test_the_page_of_an_answered_callback_shows_the_answer_as_text(looker, remote):
    callback = open_callback(remote)
    remote.post(body={"return_code": 0, "status": SCRIPT})

    page = looker.get(url(callback))

    assert SCRIPT not in text(page)
    assert ESCAPED in text(page)
    assert "answered by 127.0.0.1 at its address" in words(page)
    assert "hx-get" in text(page), "its process goes on"


def test_what_opens_a_callback_is_never_shown(anna, remote):
    callback = open_callback(remote, timeout=60)
    remote.post(body=GOOD, HTTP_IDEMPOTENCY_KEY="key-of-the-remote")
    token = remote.routes[-1].rpartition("/")[2]
    row = CallbackToken.objects.get()

    told = text(anna.get(LIST)) + text(anna.get(url(callback)))

    for secret in (token, row.nonce, "key-of-the-remote", row.digest):
        assert secret
        assert secret not in told


def test_what_the_step_expects_is_on_the_page(looker, remote):
    page = text(looker.get(url(open_callback(remote, payload_model=Result))))

    assert "JSON Schema" in page
    assert "&quot;return_code&quot;" in page


def test_the_polled_part_is_sent_when_something_has_changed(looker, remote):
    callback = open_callback(remote)
    first = looker.get(url(callback, "live"))
    condition = {"If-None-Match": first["ETag"]}

    assert looker.get(url(callback, "live"), headers=condition).status_code == 304
    remote.post("/progress", {"percent": 1})
    assert looker.get(url(callback, "live"), headers=condition).status_code == 200
    engine.abort(callback.process_id, by="ops")
    drain()
    last = looker.get(url(callback, "live"))
    assert "hx-get" not in text(last)
    assert "the process has ended, so an answer is refused" in words(last)


# The process's page


def process_page(client: Client, process: Process) -> str:
    return text(client.get(process.get_absolute_url()))


def test_the_process_leads_to_its_callback(looker, anna, remote):
    callback = open_callback(remote, heartbeat=600)
    remote.post("/progress", "configuring")

    page = process_page(anna, callback.process)

    assert url(callback) in page
    assert "must be heard within" in page
    assert "<pre>configuring</pre>" in page
    assert "by hand" in page
    assert "by hand" not in process_page(looker, callback.process)


def test_a_stopped_process_leads_to_the_callback_it_stands_still_at(looker, remote):
    callback = timed_out(remote)

    page = process_page(looker, callback.process)

    assert url(callback) in page
    assert "timed out" in page


def test_a_callback_of_two_phases_is_on_the_page_while_it_is_waited_for(looker):
    handle = create_callback("Order")

    @step("Send")
    def send(order: CallbackHandle) -> None:
        assert order.url

    process = run(begin >> handle >> send >> callback_result(handle))

    assert 'aria-label="Callback"' in process_page(looker, process)
    assert url(callback_of(process)) in process_page(looker, process)


def test_each_callback_of_a_map_is_on_the_page(looker, remote):
    @step("Names")
    def names() -> State:
        return {"names": ["a", "b", "c"]}

    @step("Submit")
    def submit(callback_route: str) -> None:
        remote.routes.append(callback_route)

    process = run(begin >> names >> callback_map("names", submit))
    remote.post(route=remote.routes[0], body={"n": 1})
    remote.post("/progress", {"percent": 70, "message": SCRIPT}, route=remote.routes[1])
    drain()

    page = process_page(looker, process)

    for callback in CallbackToken.objects.all():
        assert url(callback) in page
    said = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "1 of 3" in said
    assert "2 started, 1 succeeded" in said
    assert f"item 1 remote: 70 % {ESCAPED} item 2 waits for" in said
    assert SCRIPT not in page


def test_the_action_log_says_why(looker, remote):
    callback = open_callback(remote)
    by_hand.complete(callback, result=GOOD, person=MARIA)

    page = process_page(looker, callback.process)

    assert "<td>answered by hand</td><td>they told us on the phone</td>" in page


# Acting


def test_an_action_names_its_consequence_first(anna, remote):
    callback = open_callback(remote, timeout=7200, heartbeat=600, retry=Retry(max_attempts=2))

    def says(verb: str) -> str:
        return words(anna.get(url(callback, verb))).replace("&#x27;", "'")

    assert "takes what you give as the remote system's answer" in says("complete")
    assert "asks again by a new callback" in says("fail")
    assert "told to stop when it calls next (410)" in says("cancel")
    assert "Now it expires in 1 h 59 min. A silence of 10 min still ends it" in says("extend")
    assert CallbackToken.objects.get().status == "awaiting"


def test_a_callback_is_completed(anna, remote):
    callback = open_callback(remote)

    response = anna.post(url(callback, "complete"), FITTING | WHY)

    assert response["Location"] == url(callback)
    assert said(anna, callback) == ["Answered. The process goes on."]
    drain()
    assert state(callback.process)["callback_result"] == {"return_code": 0, "status": "x"}
    assert events(callback.process)[-1] == ("anna", "answered by hand")
    assert "answered by anna by hand, in the console" in words(anna.get(url(callback)))
    assert "accepted: “they told us on the phone”" in words(anna.get(url(callback)))


def test_a_callback_is_failed(anna, remote):
    callback = open_callback(remote)
    typed = {"error_type": "NoLight", "error_message": "no light", "error_data": "[1]"}

    anna.post(url(callback, "fail"), typed | {"retryable": "1"} | WHY)

    callback.refresh_from_db()
    assert callback.error == {
        "error_type": "NoLight",
        "error_message": "no light",
        "error_data": [1],
        "retryable": True,
    }


def test_a_callback_is_cancelled(anna, remote):
    callback = open_callback(remote)

    anna.post(url(callback, "cancel"), WHY)

    callback.refresh_from_db()
    assert callback.status == "cancelled"


def test_a_deadline_is_extended(anna, remote):
    callback = open_callback(remote, timeout=60)

    anna.post(url(callback, "extend"), {"amount": "1.5", "unit": "hours"} | WHY)

    callback.refresh_from_db()
    assert callback.deadline_at is not None
    left = callback.deadline_at - timezone.now()
    assert timedelta(minutes=89) < left <= timedelta(minutes=90)


def test_completing_says_that_it_overrules(anna, remote):
    callback = timed_out(remote)

    page = words(anna.get(url(callback)))
    assert "The process stands still because of this. Complete overrules it" in page
    question = words(anna.get(url(callback, "complete")))
    assert "This overrules how the callback ended: timed out." in question
    assert "The process, which stands still at “Playbook / Await callback”, goes on" in question

    anna.post(url(callback, "complete"), FITTING | WHY)
    drain()

    process = Process.objects.get()
    assert (process.status, state(process)["valid"]) == ("suspended", True)


def test_a_late_answer_is_looked_at_and_adopted(anna, remote):
    callback = timed_out(remote)
    remote.post(body=GOOD | {"note": SCRIPT})
    adopt = url(callback, f"adopt/{CallbackAttempt.objects.get().pk}")

    page = text(anna.get(url(callback)))
    assert adopt in page
    assert SCRIPT not in page
    assert ESCAPED in page
    question = anna.get(adopt)
    assert "This overrules how the callback ended" in words(question)
    assert ESCAPED in text(question)
    assert anna.post(adopt, {"reason": ""}).status_code == 400

    assert anna.post(adopt, WHY)["Location"] == url(callback)
    drain()

    assert state(callback.process)["callback_result"] == GOOD | {"note": SCRIPT}
    assert adopt not in text(anna.get(url(callback)))
    assert anna.get(adopt)["Location"] == url(callback)
    assert "nothing waits for this answer any more" in said(anna, callback)[0]


def test_a_late_answer_is_adopted_by_a_newer_callback(anna, remote):
    old = timed_out(remote)
    remote.post(body=GOOD)
    engine.retry(old.process_id, by="ops")
    drain()
    adopt = url(old, f"adopt/{CallbackAttempt.objects.get().pk}")
    newer = callback_of(old.process)

    assert f"It answers the newer {newer.public_id}." in words(anna.get(adopt))
    anna.post(adopt, WHY)

    newer.refresh_from_db()
    assert (newer.status, newer.answered_by) == ("succeeded", "anna")


def test_a_request_of_another_callback_is_not_adopted(anna, remote):
    callback = timed_out(remote)
    remote.post(body=GOOD)
    other = open_callback(remote)
    pk = CallbackAttempt.objects.get().pk

    assert anna.post(url(other, f"adopt/{pk}"), WHY).status_code == 404
    assert anna.post(url(callback, f"adopt/{pk + 1}"), WHY).status_code == 404


# What is refused


@pytest.mark.parametrize(
    ("verb", "typed"),
    [
        ("complete", {"result": "[1, 2]"}),
        ("fail", {"error_type": "NoLight", "error_message": "no light", "error_data": "[3]"}),
        ("cancel", {}),
        ("extend", {"amount": "17", "unit": "days"}),
    ],
)
def test_without_a_reason_what_was_typed_is_kept(anna, remote, verb, typed):
    callback = open_callback(remote, timeout=60)

    response = anna.post(url(callback, verb), typed | {"reason": " "})

    assert response.status_code == 400
    assert "must say why" in text(response)
    for value in typed.values():
        assert f">{value}</textarea>" in text(response) or f'value="{value}"' in text(response)
    assert CallbackToken.objects.get().status == "awaiting"


def test_a_result_that_does_not_fit_is_shown_with_its_places(anna, remote):
    callback = open_callback(remote, payload_model=Result)
    typed = '{"return_code": "x", "port": {}}'

    response = anna.post(url(callback, "complete"), {"result": typed} | WHY)

    assert response.status_code == 422
    page = words(response)
    assert "return_code : Input should be a valid integer" in page
    assert "status : Field required" in page
    assert "port.name : Field required" in page
    assert "{&quot;return_code&quot;: &quot;x&quot;" in text(response)
    assert 'value="they told us on the phone"' in text(response)
    assert CallbackToken.objects.get().status == "awaiting"


@pytest.mark.parametrize(
    ("verb", "typed", "status"),
    [
        ("complete", {"result": ""}, 400),
        ("complete", {"result": "{"}, 400),
        ("complete", {"result": '{"a": 1, "a": 2}'}, 400),
        ("complete", {"result": "[NaN]"}, 400),
        ("complete", {"result": '"\\u0000"'}, 400),
        ("fail", {"error_message": ""}, 422),
        ("fail", {"error_message": "x", "error_data": "{"}, 400),
        ("extend", {"amount": "x", "unit": "hours"}, 422),
        ("extend", {"amount": "nan", "unit": "hours"}, 422),
        ("extend", {"amount": "9999", "unit": "days"}, 422),
        ("extend", {"amount": "0"}, 422),
    ],
)
def test_what_makes_no_sense_is_said_in_place(anna, remote, verb, typed, status):
    callback = open_callback(remote, timeout=60)

    response = anna.post(url(callback, verb), typed | WHY)

    assert response.status_code == status
    assert 'role="alert"' in text(response)
    callback.refresh_from_db()
    assert callback.status == "awaiting"


@pytest.mark.parametrize("verb", ["complete", "fail", "cancel", "extend"])
def test_what_somebody_else_has_ended_is_said_on_the_callback_s_page(anna, remote, verb):
    callback = open_callback(remote, timeout=60)
    typed = {"result": "1", "error_message": "x", "amount": "1", "unit": "hours"}
    remote.post(body=GOOD)

    assert anna.get(url(callback, verb))["Location"] == url(callback)
    assert said(anna, callback) == ["That cannot be done: the callback is succeeded."]
    assert anna.post(url(callback, verb), typed | WHY)["Location"] == url(callback)
    assert said(anna, callback) == ["Another answer came first; the first one counts."]


def test_a_step_that_has_left_the_code_is_said_too(anna, remote):
    callback = timed_out(remote)
    CallbackToken.objects.update(waits_at="Gone", path="Gone")
    Process.objects.update(next_step="Gone")

    response = anna.post(url(callback, "complete"), {"result": "1"} | WHY)

    assert response["Location"] == url(callback)
    assert "Gone" in said(anna, callback)[0]


# The skeleton of a result


def test_a_result_is_begun_from_what_the_step_expects(anna, remote):
    page = anna.get(url(open_callback(remote, payload_model=Result), "complete"))

    skeleton = text(page).split('id="id_result"')[1].split(">", 1)[1].split("</textarea>")[0]
    assert skeleton.replace("&quot;", '"') == (
        '{\n  "return_code": 0,\n  "status": "",\n  "port": null\n}'
    )


class Node(BaseModel):
    name: str
    next: "Node"


class Anything(BaseModel):
    on: bool
    how: float = Field(ge=1)
    kind: Port
    names: list[str]
    either: int | str
    whatever: object


def test_a_skeleton_has_a_value_of_each_type():
    assert expected.skeleton(Anything.model_json_schema()) == {
        "on": False,
        "how": 0,
        "kind": {"name": "", "speed": 10},
        "names": [],
        "either": 0,
        "whatever": None,
    }


def test_a_skeleton_of_what_contains_itself_ends():
    skeleton = expected.skeleton(Node.model_json_schema())

    assert str(skeleton).count("name") < 10


class Strange:
    """A type that JSON Schema has no words for."""


class Unspeakable(BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    strange: Strange


def test_a_model_that_json_schema_has_no_words_for_is_left_out(anna, remote):
    callback = open_callback(remote, payload_model=Unspeakable)

    assert expected.schema_of(callback) is None
    assert "JSON Schema" not in text(anna.get(url(callback)))
    assert anna.get(url(callback, "complete")).status_code == 200
