"""The registers: to be looked at, and two actions that call the engine's verbs."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from callbacks_app.models import CallbackToken
from callbacks_app.steps import callback_step
from tests.engine import run
from tests.workflows_app.console import boom, reserve, signed_in, text
from tests.workflows_app.receivers import chose, endpoint_of
from workflows_app import begin, step
from workflows_app.models import (
    Delivery,
    EngineSettings,
    Notice,
    Process,
    ProcessEvent,
    ProcessStep,
    Scope,
    Worker,
    Workflow,
)
from workflows_app.notices.handing_out import hand_out

pytestmark = pytest.mark.django_db(transaction=True)

OURS = [
    CallbackToken, EngineSettings, Notice, Process, ProcessEvent, ProcessStep, Worker, Workflow,
]  # fmt: skip


@pytest.fixture
def maria():
    return signed_in("maria", superuser=True)


def address(model, page="changelist", *arguments):
    options = model._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", OURS)
def test_a_register_can_be_looked_at_and_not_changed(maria, rf, model):
    run(begin >> reserve)
    register = admin.site.get_model_admin(model)

    assert maria.get(address(model)).status_code == 200
    assert maria.get(address(model, "add")).status_code == 403
    assert not register.has_change_permission(rf.get("/"))
    assert not register.has_delete_permission(rf.get("/"))


@pytest.mark.parametrize("name", ["success", "failure", "ormq"])
def test_the_pools_own_messages_can_be_looked_at_and_not_changed(maria, name):
    page = maria.get(f"/admin/django_q/{name}/")

    assert page.status_code == 200
    assert "Resubmit" not in text(page)
    assert "Delete selected" not in text(page)


def test_a_notice_shows_how_its_deliveries_went_and_no_webhook_s_address(maria):
    user = User.objects.get()
    endpoint, _secret = endpoint_of(user, "https://chat.example/secret-path")
    chose(user, "finished", webhook=Scope.ALL)
    run(begin >> reserve)
    hand_out()
    Delivery.objects.update(result="answered 503")

    notice = Notice.objects.get()
    page = text(maria.get(address(Notice, "change", notice.pk)))

    assert "answered 503" in page
    assert "secret-path" not in page
    assert endpoint.secret not in page


def test_a_user_who_was_told_things_can_still_be_deleted(maria):
    user = User.objects.create_user("noor", is_staff=True)
    endpoint_of(user, "https://chat.example/")
    user.user_permissions.set(Permission.objects.filter(codename="view_process"))
    chose(user, "finished", browser=Scope.ALL, webhook=Scope.ALL)
    run(begin >> reserve)
    hand_out()
    assert Delivery.objects.filter(user=user).count() == 2

    maria.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=user.pk).exists()


def test_a_callback_shows_neither_its_nonce_nor_its_key(maria):
    @step("Ask")
    def ask(callback_url: str):
        return {}

    run(begin >> callback_step("Remote", ask, reserve))
    token = CallbackToken.objects.get()

    page = text(maria.get(address(CallbackToken, "change", token.pk)))

    assert token.public_id in page
    assert token.nonce not in page
    assert "Key id" not in page


def test_selected_processes_are_retried_and_each_refusal_is_told(maria):
    failed = run(begin >> boom, name="failing")
    completed = run(begin >> reserve, name="fine")
    sent = {"action": "retry", "_selected_action": [failed.pk, completed.pk]}

    page = text(maria.post(address(Process), sent, follow=True))

    failed.refresh_from_db()
    assert failed.status == "resumed"
    assert f"{str(completed.pk)[:8]}: the process is completed" in page
    assert "Done for 1 process." in page


def test_the_actions_are_for_those_who_may():
    looker = signed_in("looker", "view_process")
    process = run(begin >> boom)
    sent = {"action": "abort", "_selected_action": [process.pk]}

    looker.post(address(Process), sent)

    process.refresh_from_db()
    assert process.status == "failed"
