"""The address of a callback is shown to whoever may answer it, on demand, and nowhere else."""

import io
import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pydantic import BaseModel

from callbacks_app import revealing, signing
from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_map
from tests.callbacks_app.conftest import GOOD, ask, callback_of, confirm
from tests.engine import drain, events, run, state
from tests.workflows_app.console import cost, signed_in, text
from workflows_app import State, begin, engine, step
from workflows_app.models import ProcessEvent

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = re.compile(r"cbt1\.[\w.-]{8,}")


class Result(BaseModel):
    return_code: int
    note: str = "it's fine"


@pytest.fixture
def anna() -> Client:
    return signed_in("anna", "view_process", "answer_callback")


@pytest.fixture
def callback(remote) -> CallbackToken:
    return callback_of(run(begin >> ask(remote) >> confirm))


def url(callback: CallbackToken, part: str = "reveal/") -> str:
    return f"/admin/callbacks/{callback.public_id}/{part}"


def api(callback: CallbackToken) -> str:
    return f"/api/callbacks/{callback.public_id}/reveal"


def ask_api(client: Client, callback: CallbackToken, **body: str):
    return client.post(api(callback), body, content_type="application/json")


def htmx(client: Client, address: str):
    return client.post(address, headers={"HX-Request": "true"})


def tokens_in(response) -> set[str]:
    return set(TOKEN.findall(text(response)))


def test_the_address_is_shown_by_post_and_works(anna, remote, callback):
    page = htmx(anna, url(callback))

    address = re.search(r'value="([^"]+)" readonly', text(page))
    assert address is not None
    assert address[1].endswith(remote.routes[-1])
    assert "no-store" in page["Cache-Control"]
    assert "<html" not in text(page)
    route = address[1].removeprefix("http://127.0.0.1:8000")
    assert remote.post(route=route, body=GOOD).status_code == 200


def test_without_htmx_it_is_a_page(anna, callback):
    page = anna.post(url(callback))

    assert len(tokens_in(page)) == 1
    assert "no-store" in page["Cache-Control"]
    assert "</html>" in text(page)
    assert anna.get(url(callback))["Location"] == url(callback, "")


def test_every_time_is_in_both_logs(anna, callback):
    for _ in range(2):
        htmx(anna, url(callback))
    ask_api(anna, callback, reason="for the runner")

    assert events(callback.process)[-3:] == [("anna", revealing.SHOWN)] * 3
    assert ProcessEvent.objects.latest("pk").reason == "for the runner"
    log = callback.attempts.filter(kind="reveal").values_list("source", "via", "times")
    assert sorted(log) == [("anna", "api", 1), ("anna", "console", 2)]


def test_the_api_shows_both_addresses(anna, remote, callback):
    answer = ask_api(anna, callback)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["url"].endswith(remote.routes[-1])
    progress = answer.json()["progress_url"].removeprefix("http://127.0.0.1:8000")
    assert remote.post(route=progress, body={"percent": 1}).status_code == 200
    assert remote.post(route=progress.removesuffix("/progress"), body=GOOD).status_code == 403


@pytest.mark.parametrize("permissions", [["view_process"], ["answer_callback"]])
def test_it_takes_both_permissions(permissions, callback):
    client = signed_in("other", *permissions)

    assert htmx(client, url(callback)).status_code == 403
    if "answer_callback" not in permissions:
        assert ask_api(client, callback).status_code == 403
        assert "reveal" not in text(client.get(url(callback, "")))


def test_it_takes_the_consent_of_the_workflow(anna, remote):
    process = run(begin >> ask(remote) >> confirm, authorize=lambda user: user.username == "piet")

    assert htmx(anna, url(callback_of(process))).status_code == 403
    assert "reveal" not in text(anna.get(process.get_absolute_url()))


@pytest.mark.parametrize("how", ["answered", "aborted", "superseded", "expired"])
def test_a_callback_that_is_closed_is_refused_in_words(anna, remote, callback, how):
    if how == "answered":
        remote.post(body=GOOD)
    elif how == "aborted":
        engine.abort(callback.process_id, by="ops")
    else:
        changes = (
            {"status": "superseded"} if how == "superseded" else {"deadline_at": timezone.now()}
        )
        CallbackToken.objects.update(**changes)
    drain()

    inside, whole = htmx(anna, url(callback)), anna.post(url(callback))

    assert (inside.status_code, inside["HX-Redirect"]) == (204, url(callback, ""))
    assert whole["Location"] == url(callback, "")
    sentence = {
        "answered": "Another answer came first; the first one counts.",
        "aborted": "The process has ended.",
        "superseded": "A later attempt has replaced this callback.",
        "expired": "This callback has expired.",
    }[how]
    assert sentence in text(anna.get(url(callback, "")))
    assert ask_api(anna, callback).status_code in (409, 410)
    assert revealing.SHOWN not in [action for _, action in events(callback.process)]


def test_a_key_that_is_gone_is_said(anna, callback):
    CallbackToken.objects.update(key_id="gone")

    answer = ask_api(anna, callback)

    assert answer.status_code == 403
    assert "no longer in the settings" in answer.json()["detail"]
    assert htmx(anna, url(callback)).status_code == 403


def test_an_unknown_callback_has_none(anna):
    for address in ("/admin/callbacks/nothing/reveal/", "/api/callbacks/nothing/reveal"):
        assert anna.post(address).status_code == 404


def test_no_page_no_log_and_no_dump_has_the_token_but_that_one_answer(anna, remote, caplog):
    callback = callback_of(run(begin >> ask(remote, payload_model=Result) >> confirm))
    boss = signed_in("boss", superuser=True)
    token = signing.make(callback)
    remote.post("/progress", {"lines": ["x", f"called {token}"]})

    for revealed in (False, True):
        if revealed:
            assert tokens_in(htmx(anna, url(callback))) == {token}
        dump = io.StringIO()
        call_command("dumpdata", stdout=dump)
        assert not TOKEN.search(dump.getvalue())
        for client in (anna, boss):
            for address in (
                "/admin/processes/",
                "/admin/callbacks/",
                "/admin/engine/",
                *(url(callback, part) for part in ("", "live/", "output/", "complete/", "fail/")),
                callback.process.get_absolute_url(),
                f"{callback.process.get_absolute_url()}live/",
                f"{callback.process.get_absolute_url()}?state=1",
                f"/api/callbacks/{callback.public_id}",
                f"/api/processes/{callback.process_id}",
            ):
                assert not tokens_in(client.get(address)), address
        register = boss.get(f"/admin/callbacks_app/callbacktoken/{callback.pk}/change/")
        assert not tokens_in(register)
    assert not TOKEN.search(caplog.text)


# With curl


def commands(response) -> list[str]:
    return [
        command.replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")
        for command in re.findall(r"<pre>(curl [^<]+)</pre>", text(response))
    ]


def test_the_panel_has_commands_with_a_placeholder(anna, remote):
    callback = callback_of(run(begin >> ask(remote, payload_model=Result) >> confirm))

    result, failure, progress = commands(anna.get(callback.process.get_absolute_url()))

    assert f"/api/processes/{callback.process_id}/callback/TOKEN -H" in result
    assert """-d '{"return_code": 0, "note": "it'"'"'s fine"}'""" in result
    assert "/callback/TOKEN/failure" in failure
    assert "/callback/TOKEN/progress" in progress


def test_after_the_address_is_shown_they_have_it(anna, remote, callback):
    result, failure, progress = commands(htmx(anna, url(callback)))

    for command, path in ((result, ""), (failure, "/failure"), (progress, "/progress")):
        assert f"{remote.routes[-1]}{path} -H" in command


def test_that_a_step_wants_signatures_is_said(anna, remote, callback):
    signed = callback_of(run(begin >> ask(remote, signature="runner"), name="signing"))

    assert "wants signed requests" in text(anna.get(url(signed, "")))
    assert "wants signed requests" not in text(anna.get(url(callback, "")))


# In the panel


def test_the_panel_answers_in_place_and_leads_back(anna, remote, callback):
    process = callback.process.get_absolute_url()
    deed = url(callback, "complete/?from=process")
    assert f'hx-get="{deed}"' in text(anna.get(process))

    form = anna.get(deed, headers={"HX-Request": "true"})
    assert "<html" not in text(form)
    assert f'action="{deed}"' in text(form)
    wrong = anna.post(deed, {"result": "{", "reason": "phone"})
    assert wrong.status_code == 400
    assert f'href="{process}"' in text(wrong)
    right = anna.post(deed, {"result": '{"return_code": 0, "status": "x"}', "reason": "phone"})

    assert right["Location"] == process
    drain()
    assert state(callback.process)["valid"] is True


def test_what_can_no_longer_be_done_leads_to_the_callback(anna, remote, callback):
    remote.post(body=GOOD)

    answer = anna.get(url(callback, "cancel/?from=process"), headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (204, url(callback, ""))


def test_the_panel_has_the_requests(anna, remote, callback):
    remote.post("/heartbeat", {})
    remote.post("/progress", {"percent": 1})

    page = text(anna.get(callback.process.get_absolute_url()))

    assert "Requests (2)" in page
    assert "at its address" in page


def test_a_silence_is_said_before_it_ends_the_callback(anna, remote):
    callback = callback_of(run(begin >> ask(remote, heartbeat=600) >> confirm))
    assert "silent for" not in text(anna.get(url(callback, "")))
    first = anna.get(url(callback, "live/"))["ETag"]

    CallbackToken.objects.update(created_at="2020-01-01T00:00Z")

    again = anna.get(url(callback, "live/"), headers={"If-None-Match": first})
    assert "silent for" in text(again)


def test_the_panel_costs_the_same_whatever_came(anna, remote):
    callback = callback_of(run(begin >> ask(remote) >> confirm))
    live = f"{callback.process.get_absolute_url()}live/"
    remote.post("/progress", {"percent": 1})
    before = cost(anna, live)
    for number in range(5):
        remote.post("/progress", {"percent": number})
        remote.post("/heartbeat", {})
        remote.post(raw="{" * (number + 1))

    assert "Requests (7)" in text(anna.get(live))
    assert cost(anna, live) == before < 14


def test_one_of_several_is_shown_in_the_panel(anna, remote):
    @step("Names")
    def names() -> State:
        return {"names": ["a", "b"]}

    @step("Submit")
    def submit(callback_route: str) -> None:
        remote.routes.append(callback_route)

    process = run(begin >> names >> callback_map("names", submit))
    first, second = CallbackToken.objects.order_by("pk")
    remote.post("/progress", {"percent": 70, "lines": ["a", "b"]}, route=remote.routes[1])

    page = text(anna.get(process.get_absolute_url()))
    assert f'hx-get="{url(first, "panel/")}"' in page
    part = anna.get(url(second, "panel/"))

    assert "<html" not in text(part)
    assert "item 1" in text(part)
    assert "data-terminal" in text(part)
    assert f'hx-get="{url(second, "complete/?from=process")}"' in text(part)
    assert f'hx-post="{url(second)}"' in text(part)
    assert not tokens_in(part)
    unchanged = anna.get(url(second, "panel/"), headers={"If-None-Match": part["ETag"]})
    assert unchanged.status_code == 304
