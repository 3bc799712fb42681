"""The manual of subscriptions: its code is one module, and its workflows run."""

import sys
from types import ModuleType
from unittest import mock

import pytest

from tests.docs.test_docs import ROOT, blocks
from tests.engine import drain
from workflows_app import engine, registration, registry
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY, SubscriptionModel
from workflows_app.models import FixedInput, Process, Product, ProductBlock, Subscription, Workflow

pytestmark = pytest.mark.django_db(transaction=True)

CODE = "\n\n".join(blocks((ROOT / "docs/subscriptions.md").read_text()))


@pytest.fixture
def product(module: ModuleType):
    """Run the manual's code, and put its product into the database."""
    with mock.patch.dict(SUBSCRIPTION_MODEL_REGISTRY, clear=True):
        exec(compile(CODE, "docs/subscriptions.md", "exec"), module.__dict__)
        registration.sync()
        row = Product.objects.create(name="Link", description="A link", product_type="Link")
        for name in ("Port", "Link"):
            row.product_blocks.add(ProductBlock.objects.create(name=name))
        FixedInput.objects.create(product=row, name="speed", value="1000")
        row.workflows.set(Workflow.objects.filter(name__endswith="_link"))
        yield row


@pytest.fixture
def module(monkeypatch):
    """A module for the manual's code, and an empty registry."""
    made = ModuleType("documented_subscriptions")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    monkeypatch.setattr(registry, "_workflows", {})
    return made


def run(name, *pages) -> Process:
    process = engine.start(name, inputs=list(pages), by="maria")
    drain()
    process.refresh_from_db()
    assert process.status == "completed", process.failed_reason
    return process


def test_the_workflows_of_the_manual_run(product):
    run("create_link", {"product": str(product.pk)}, {"vlan": 7})
    row = Subscription.objects.get()
    chosen = {"subscription_id": str(row.pk)}
    run("modify_link", chosen, {"vlan": 8})
    run("validate_link", chosen)

    changed = SubscriptionModel.from_subscription(row.pk).model_dump()
    assert (changed["status"], changed["speed"]) == ("active", 1000)
    assert (changed["link"]["vlan"], len(changed["link"]["ends"])) == (8, 1)
    row.refresh_from_db()
    assert (row.version, row.insync) == (5, True)


def test_a_validation_of_the_manual_finds_what_is_wrong(product):
    run("create_link", {"product": str(product.pk)}, {"vlan": 9000})
    chosen = {"subscription_id": str(Subscription.objects.get().pk)}
    process = engine.start("validate_link", inputs=[chosen], by="maria")
    drain()

    process.refresh_from_db()
    assert (process.status, process.failed_reason) == ("inconsistent_data", "9000 is no VLAN")
