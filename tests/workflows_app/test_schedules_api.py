"""Schedules over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pydantic import SecretStr
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.engine import define, drain
from tests.workflows_app.test_budgets import counted
from workflows_app import State, begin, forms, schedules, step
from workflows_app.cadence import Cron
from workflows_app.models import Process, ProcessEvent, Schedule
from workflows_app.secret_values import STARS

pytestmark = pytest.mark.django_db(transaction=True)

ALL = "/api/schedules/"
NIGHTLY = {"kind": "cron", "cron": "0 3 * * *", "time_zone": "Europe/Amsterdam"}


@step("Order")
def order() -> State:
    return {"ordered": True}


class Page(forms.FormPage):
    node: str
    password: SecretStr = SecretStr("")


@pytest.fixture(autouse=True)
def no_other_schedules():
    Schedule.objects.all().delete()


def client(name: str, **options) -> APIClient:
    found = APIClient()
    token = Token.objects.create(user=User.objects.create_user(name, **options))
    found.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return found


@pytest.fixture
def api() -> APIClient:
    return client("anna", is_superuser=True)


def body(**given):
    workflow = define(begin >> order, initial_input_form=Page)
    return {
        "name": "nightly",
        "workflow": workflow,
        "inputs": [{"node": "n"}],
        "cadence": NIGHTLY,
    } | given


@pytest.fixture
def made(api):
    return api.post(ALL, body(), format="json").json()


def test_a_schedule_is_set_up_shown_and_listed(api, made):
    assert made["name"] == "nightly"
    assert made["inputs"] == [{"node": "n"}]
    assert made["cadence"] == NIGHTLY
    assert (made["created_by"], made["refusals"], made["last_process"]) == ("anna", 0, None)
    assert Schedule.objects.get().cadence == Cron("0 3 * * *", "Europe/Amsterdam")
    assert api.get(f"{ALL}{made['id']}").json() == made
    assert api.get(ALL).json()["results"] == [made]
    assert api.get(ALL, {"workflow": "other"}).json()["results"] == []


@pytest.mark.parametrize(
    ("cadence", "columns"),
    [
        (
            {"kind": "every", "seconds": 3600, "first_at": "2026-01-01T00:00:00Z"},
            {"interval": timedelta(hours=1), "first_at": datetime(2026, 1, 1, tzinfo=UTC)},
        ),
        ({"kind": "once", "at": "2199-01-01T00:00:00Z"}, {"kind": "once"}),
        ({"kind": "cron", "cron": " 0  3 * * * "}, {"cron": "0 3 * * *", "time_zone": "UTC"}),
    ],
)
def test_every_kind_of_cadence_comes_back_as_it_was_given(api, cadence, columns):
    made = api.post(ALL, body(cadence=cadence), format="json")

    assert made.status_code == 201
    assert Schedule.objects.filter(**columns).exists()
    assert made.json()["cadence"]["kind"] == cadence["kind"]


def test_a_form_that_needs_another_page_answers_with_it(api):
    missing = api.post(ALL, body(inputs=[]), format="json")
    wrong = api.post(ALL, body(inputs=[{"node": 5}]), format="json")

    assert missing.status_code == 510
    assert "node" in missing.json()["form"]["properties"]
    assert wrong.status_code == 400
    assert wrong.json()["validation_errors"][0]["loc"] == ["node"]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"cadence": {"kind": "cron"}}, 400, "cron: This field is required"),
        ({"cadence": {"kind": "every", "seconds": 5}}, 400, "greater than or equal to 60"),
        ({"cadence": {"kind": "weekly"}}, 400, "not a valid choice"),
        ({"cadence": {"kind": "cron", "cron": "0 3 * *"}}, 400, "five fields"),
        ({"cadence": {"kind": "cron", "cron": "0 3 * * *", "time_zone": "X"}}, 400, "time zone"),
        ({"cadence": {"kind": "once", "at": "2020-01-01T00:00:00Z"}}, 400, "has passed"),
        ({"cadence": {"kind": "once", "at": "9999-12-31T23:59:59Z"}}, 400, "2000 to 2199"),
        ({"cadence": {"kind": "once", "at": "0001-01-01T00:00:00+14:00"}}, 400, ""),
        ({"name": ""}, 400, "may not be blank"),
        ({"name": "a\0b"}, 400, "Null characters"),
        ({"workflow": "nothing"}, 404, "there is no workflow 'nothing'"),
        ({"inputs": "x"}, 400, "list"),
        ({"inputs": [{"node": "\0"}]}, 400, "cannot be stored"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_the_reason(api, given, status, says):
    refused = api.post(ALL, body(**given), format="json")

    assert refused.status_code == status
    assert says in refused.json()["detail"]
    assert not Schedule.objects.exists()


def test_a_name_that_is_taken_is_a_conflict(api, made):
    assert api.post(ALL, body(), format="json").status_code == 409


def test_a_change_keeps_the_inputs_unless_they_are_given(api, made):
    address = f"{ALL}{made['id']}"
    every = {"kind": "every", "seconds": 7200}

    kept = api.put(address, {"name": "other", "cadence": every, "reason": "r"}, format="json")
    given = api.put(
        address, {"name": "other", "cadence": every, "inputs": [{"node": "m"}]}, format="json"
    )

    assert (kept.json()["name"], kept.json()["inputs"]) == ("other", [{"node": "n"}])
    assert kept.json()["cadence"]["seconds"] == 7200
    assert given.json()["inputs"] == [{"node": "m"}]
    assert ProcessEvent.objects.filter(action="schedule changed", reason="r").exists()


def test_a_secret_is_not_shown(api):
    made = api.post(ALL, body(inputs=[{"node": "n", "password": "tulip mania"}]), format="json")

    assert made.json()["inputs"] == [{"node": "n", "password": STARS}]


def test_a_pause_a_continuation_and_a_deletion(api, made):
    address = f"{ALL}{made['id']}"

    paused = api.post(f"{address}/pause", {"reason": "frozen"}, format="json").json()
    again = api.post(f"{address}/pause").json()
    unpaused = api.post(f"{address}/unpause").json()

    assert (paused["paused_by"], paused["next_run_at"]) == ("anna", None)
    assert again == paused
    assert unpaused == made
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_running_now_starts_one_process_for_one_key(api, made):
    address = f"{ALL}{made['id']}"

    first = api.post(f"{address}/run", headers={"Idempotency-Key": "k"})
    again = api.post(f"{address}/run", headers={"Idempotency-Key": "k"})
    drain()

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Process.objects.get().created_by == "anna"
    assert api.get(address).json()["last_process"] == first.json()["id"]


def test_a_refused_run_says_why(api, made):
    define(begin >> order, initial_input_form=Page, run_predicate=lambda _context: "Frozen.")

    refused = api.post(f"{ALL}{made['id']}/run")

    assert (refused.status_code, refused.json()["detail"]) == (412, "Frozen.")


def test_a_failing_schedule_says_so(api, made):
    define(begin >> order, initial_input_form=Page, run_predicate=lambda _context: "Frozen.")
    Schedule.objects.update(next_run_at=timezone.now())
    schedules.start_due()

    shown = api.get(f"{ALL}{made['id']}").json()

    assert (shown["refusals"], shown["refused_because"]) == (1, "Frozen.")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("post", ""),
        ("get", "{pk}"),
        ("put", "{pk}"),
        ("delete", "{pk}"),
        ("post", "{pk}/pause"),
        ("post", "{pk}/unpause"),
        ("post", "{pk}/run"),
    ],
)
def test_everything_takes_a_permission_and_a_schedule_that_exists(api, made, method, path):
    given = body(name="second")

    def ask(who, pk):
        return getattr(who, method)(ALL + path.format(pk=pk), given, format="json").status_code

    if method == "get":
        given = {}
    assert ask(client("piet"), made["id"]) == 403
    assert ask(APIClient(), made["id"]) in (401, 403)
    if "{pk}" in path:
        assert ask(api, uuid4()) == 404


def test_the_list_costs_the_same_for_one_schedule_and_for_twenty(api, made):
    row = Schedule.objects.get()
    spent = []
    for count in (0, 19):
        Schedule.objects.bulk_create(
            Schedule(name=f"s{number}", workflow="w", kind="cron", cron=row.cron, time_zone="UTC")
            for number in range(count)
        )
        with counted() as statements:
            assert len(api.get(ALL).json()["results"]) == count + 1
        spent.append(len(statements))

    assert spent[0] == spent[1]
