"""The list of processes over HTTP: its search, and one act on many of them."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.engine import events, run
from tests.workflows_app.console import boom, reserve
from tests.workflows_app.lists import ids, made, subscribed
from tests.workflows_app.test_api import client_of, problem, user
from workflows_app import begin
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/processes/"


@pytest.fixture
def api() -> APIClient:
    return client_of(User.objects.create_superuser("anna"))


def listed(client: APIClient, **query: str) -> list[str]:
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_the_list_is_searched_and_filtered_as_in_the_console(api):
    process = run(begin >> reserve)
    other = made("failed", created_by="anna")[0]
    subscribed(process, "L2VPN 1001", "surf")

    for query in (
        {"q": "vlan=1001"}, {"q": "surf"}, {"customer": "surf"}, {"product": "L2VPN"},
        {"q": "vlan=1001", "status": "completed,failed"},
    ):  # fmt: skip
        assert listed(api, **query) == ids([process]), query
    assert listed(api, mine="1") == ids([other])
    assert listed(api, target="CREATE") == ids([other])
    assert listed(api, started_after="2999-01-01") == []
    assert len(listed(api, started_after="1999-01-01", started_before="2999-01-01T00:00Z")) == 2


@pytest.mark.parametrize("query", [{"started_after": "soon"}, {"target": "NONE"}])
def test_a_filter_that_cannot_be_read_is_refused(api, query):
    problem(api.get(URL, query), 400)


def test_a_search_without_the_right_to_see_subscriptions_finds_nothing_by_them():
    (process,) = made("completed")
    subscribed(process, "L2VPN", "surf")
    looker = client_of(user("looker", "view_process"))

    assert listed(looker, q="surf") == listed(looker, customer="surf") == []


def test_many_are_retried_and_each_has_its_result(api):
    failed, other = run(begin >> boom, name="one"), run(begin >> boom, name="two")
    ended = run(begin >> reserve, name="three")
    nobody = uuid.uuid4()
    wanted = [failed.pk, ended.pk, nobody, other.pk, failed.pk]

    response = api.post(f"{URL}retry/", {"ids": wanted, "reason": "the line is repaired"})

    assert response.status_code == 200
    results = response.json()["results"]
    assert [(row["id"], row["done"], row["code"]) for row in results] == [
        (str(failed.pk), True, ""),
        (str(ended.pk), False, "WrongStatus"),
        (str(nobody), False, "UnknownProcess"),
        (str(other.pk), True, ""),
    ]
    assert "only a failed process can be retried" in results[1]["detail"]
    assert events(failed)[-1] == ("anna", "retried")
    assert failed.events.get(action="retried").reason == "the line is repaired"


def test_many_are_aborted_for_a_reason_only(api):
    failed = run(begin >> boom)

    problem(api.post(f"{URL}abort/", {"ids": [failed.pk]}), 400)
    problem(api.post(f"{URL}abort/", {"ids": [failed.pk], "reason": " "}), 400)
    response = api.post(f"{URL}abort/", {"ids": [failed.pk], "reason": "wrong customer"})

    assert [row["done"] for row in response.json()["results"]] == [True]
    assert Process.objects.get().status == "aborted"


def test_many_go_on_now(api):
    (waiting,) = made("waiting")

    (result,) = api.post(f"{URL}resume/", {"ids": [waiting.pk]}).json()["results"]

    assert result["done"]
    assert Process.objects.get().status == "resumed"


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"ids": []}, {"ids": "x"}, {"ids": ["x"]}, {"ids": [None]},
     {"ids": [str(uuid.uuid4())] * 1001}, {"ids": [str(uuid.uuid4())], "reason": {}}],
)  # fmt: skip
def test_a_body_that_names_no_processes_is_refused(api, body):
    for verb in ("retry", "abort", "resume"):
        problem(api.post(f"{URL}{verb}/", body, format="json"), 400)


def test_the_policy_decides_for_each_process():
    failed = run(begin >> boom, authorize_retry=lambda who: who.get_username() == "boss")
    looker = client_of(user("looker", "view_process"))
    piet = client_of(user("piet", "view_process", "retry_process"))
    body = {"ids": [failed.pk], "reason": "x"}

    for client in (looker, piet):
        (result,) = client.post(f"{URL}retry/", body).json()["results"]
        assert (result["done"], result["code"]) == (False, "NotAllowed")
    problem(client_of(user("nobody")).post(f"{URL}retry/", body), 403, "NotAllowed")
    assert Process.objects.get().status == "failed"


def test_what_there_was_no_time_for_is_said(api, monkeypatch):
    monkeypatch.setattr("workflows_app.bulk.PATIENCE", timedelta(seconds=-1))
    failed = run(begin >> boom)

    (result,) = api.post(f"{URL}retry/", {"ids": [failed.pk]}).json()["results"]

    assert (result["done"], result["code"]) == (False, "NotTried")
