"""A password that an operator types reaches the step that needs it, and nobody else's eyes."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from pydantic import SecretStr

from callbacks_app.steps import http_step
from tests.callbacks_app.services import serving
from tests.engine import drain, run
from tests.workflows_app.console import signed_in, text
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import Mesh, MeshBlock
from workflows_app import State, begin, engine, forms, inputstep, step
from workflows_app.domain import SubscriptionModel
from workflows_app.models import Process
from workflows_app.statuses import ProcessStatus

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "hunter2-of-maria"
STARS = "**********"


class Login(forms.FormPage):
    user: str
    password: SecretStr


class Router(forms.FormPage):
    router: str


def login(state):
    credentials = yield Login
    router = yield Router
    return {**credentials.model_dump(), **router.model_dump()}


INPUTS = ({"user": "maria", "password": SECRET}, {"router": "r1"})


@step("Log in")
def log_in(user: str, password: SecretStr) -> State:
    return {"told": len(password.get_secret_value()), "again": password}


@step("Fail")
def fail(password: SecretStr) -> None:
    raise RuntimeError(f"https://maria:{password.get_secret_value()}@r1 refused")


@step("Take it for text")
def take_for_text(password: str) -> None:
    raise AssertionError


@inputstep("Confirm", assignee="NOC")
def confirm(password: SecretStr):
    class Page(forms.FormPage):
        length: int = len(password.get_secret_value())

    page = yield Page
    return page.model_dump()


def stored() -> str:
    """Return all that is in the database, as text."""
    return "\n".join(
        str(row) for model in apps.get_models() for row in model._default_manager.values()
    )


def test_the_step_gets_the_secret_and_the_database_does_not():
    process = run(begin >> log_in, INPUTS, initial_input_form=login)

    assert process.status == ProcessStatus.COMPLETED
    last = process.steps.get(path="Log in")
    assert last.patch["told"] == len(SECRET)
    assert last.patch["again"] == process.steps.get(position=0).patch["password"]
    assert SECRET not in stored()


def test_an_error_does_not_repeat_it_and_a_retry_has_it_again(caplog):
    process = run(begin >> fail, INPUTS, initial_input_form=login)

    failed = process.steps.get(path="Fail")
    assert failed.reason == "https://maria:[hidden]@r1 refused"
    assert SECRET not in stored()

    engine.retry(process.pk, by="maria")
    drain()
    assert process.steps.filter(path="Fail").count() == 2


def test_it_can_be_used_in_a_form():
    process = run(begin >> confirm, INPUTS, initial_input_form=login)

    engine.submit(process.pk, inputs=[{"length": 3}], by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == ProcessStatus.COMPLETED


def test_who_takes_it_for_text_is_told_what_to_write():
    process = run(begin >> take_for_text, INPUTS, initial_input_form=login)

    assert "annotated with SecretStr" in process.failed_reason


def test_a_lost_key_fails_the_step_and_says_which(settings):
    process = run(begin >> confirm >> log_in, INPUTS, initial_input_form=login)
    engine.submit(process.pk, inputs=[{"length": 3}], by="maria")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 5, []

    drain()

    process.refresh_from_db()
    assert process.status == ProcessStatus.FAILED
    assert "SECRET_KEY_FALLBACKS" in process.failed_reason


def test_neither_page_nor_answer_nor_command_nor_register_shows_it(capsys):
    process = run(begin >> log_in >> confirm, INPUTS, initial_input_form=login)
    sealed = process.steps.get(position=0).patch["password"]["$secret"]
    anna = signed_in("anna", superuser=True)

    call_command("process", str(process.pk), "--json")
    shown = [capsys.readouterr().out]
    for address in (
        f"/admin/processes/{process.pk}/",
        f"/admin/processes/{process.pk}/?state=1",
        f"/api/processes/{process.pk}",
    ):
        response = anna.get(address)
        assert response.status_code == 200
        shown.append(text(response))

    for page in shown:
        assert SECRET not in page
        assert sealed not in page
    assert all(STARS in page for page in shown)


def test_edits_of_masked_keys_are_masked_in_the_log():
    process = run(begin >> fail, INPUTS, initial_input_form=login)
    engine.edit_state(process.pk, values={"db_password": SECRET}, by="maria", reason="new")
    event = process.events.get(action="state edited")

    page = signed_in("anna", superuser=True).get(
        f"/admin/workflows_app/processevent/{event.pk}/change/"
    )

    assert "db_password" in text(page)
    assert SECRET not in text(page)


def test_a_later_page_of_the_form_does_not_carry_it_in_the_clear():
    run(begin >> log_in, INPUTS, initial_input_form=login)
    anna = signed_in("anna", superuser=True)
    page = text(anna.get("/admin/start/example/"))
    pages = page.split('name="pages" value="')[1].split('"')[0]

    second = anna.post(
        "/admin/start/example/",
        {"pages": pages, "page-user": "maria", "page-password": SECRET, "key": "k"},
    )

    assert "Router" in text(second)
    assert SECRET not in text(second)
    pages = text(second).split('name="pages" value="')[1].split('"')[0]
    anna.post("/admin/start/example/", {"pages": pages, "page-router": "r1", "key": "k"})
    drain()
    newest = Process.objects.latest("created_at")
    assert newest.steps.get(path="Log in").patch["told"] == len(SECRET)


def test_a_secret_of_a_subscription_is_sealed_and_an_unchanged_one_is_no_change():
    products = models.products()
    mesh = Mesh.from_product_id(products.mesh.pk, customer_id="c")
    mesh.mesh = MeshBlock.new(mesh.subscription_id, weight=SecretStr(SECRET))
    mesh.save()

    again: Any = SubscriptionModel.from_subscription(mesh.subscription_id)

    assert SECRET not in stored()
    assert again.mesh.weight.get_secret_value() == SECRET
    assert again.plan_save().is_empty


def test_a_request_to_a_service_carries_it(settings):
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"HTTP_DENIED_NETWORKS": []}
    with serving() as service:
        ask = http_step(
            "Ask",
            url=service.url,
            json=lambda state: {"login": state["password"]},
            headers=lambda state: {"X-Login": state["password"]},
        )
        run(begin >> ask, INPUTS, initial_input_form=login)

    asked = service.asked[0]
    assert json.loads(asked.body) == {"login": SECRET}
    assert asked.headers["X-Login"] == SECRET
    assert SECRET not in stored()
