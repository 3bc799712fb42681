"""What the documents write is what runs, with nothing but its imports changed."""

import logging

import pytest

from tests.engine import drain, rows, state
from tests.workflows_app.domain.models import ACTIVE, PROVISIONING, Group, GroupInactive, product
from workflows_app import Target, begin, engine, registry, step
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.models import Subscription, Workflow
from workflows_app.registration import sync
from workflows_app.subscriptions import (
    create_workflow,
    modify_workflow,
    resync,
    set_status,
    store_process_subscription,
    unsync,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def groups(monkeypatch):
    """Define and register a create and a modify workflow that write the stock steps out."""
    monkeypatch.setattr(registry, "_workflows", dict(registry._workflows))
    monkeypatch.setitem(SUBSCRIPTION_MODEL_REGISTRY, "Group", Group)

    @step("Construct model")
    def construct_model(product: str):
        group = GroupInactive.from_product_id(product, "acme")
        group.group.group_name, group.group.group_id = "noc", 4
        return {"subscription": Group.from_other_lifecycle(group, PROVISIONING)}

    @create_workflow("Example workflow")
    def create_example():
        return (
            begin
            >> construct_model
            >> store_process_subscription(Target.CREATE)
            >> set_status(ACTIVE)
        )

    @modify_workflow("Modify")
    def modify_example():
        return begin >> store_process_subscription(Target.MODIFY) >> unsync >> resync

    sync()
    row = product("Group", Group)
    row.workflows.set(Workflow.objects.filter(name__endswith="_example"))
    return row


def test_stock_steps_may_be_written_out(groups):
    process = engine.start("create_example", inputs=[{"product": str(groups.pk)}], by="maria")
    drain()

    process.refresh_from_db()
    assert process.status == "completed", process.failed_reason
    assert [path for path, _ in rows(process)] == [
        "Start",
        "Construct model",
        "Create Process Subscription relation",
        "Set subscription to 'active'",
        "Unlock subscription",
        "Done",
    ]
    row = Subscription.objects.get()
    assert (row.status, row.insync) == ("active", True)

    page = {"subscription_id": state(process)["subscription"]["subscription_id"]}
    modified = engine.start("modify_example", inputs=[page], by="maria")
    drain()

    modified.refresh_from_db()
    assert modified.status == "completed", modified.failed_reason
    assert len(rows(modified)) == 5


def test_that_a_form_has_another_page_is_no_error_in_the_log():
    consoles = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Not Extended", (), None)

    for status, logged in ((510, False), (500, True)):
        record.status_code = status
        assert [bool(console.filter(record)) for console in consoles] == [logged]
