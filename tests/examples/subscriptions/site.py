"""A site with the example apps installed, as an operator works with it."""

from importlib import import_module, reload
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from tests.engine import drain, state
from workflows_app import engine
from workflows_app.domain import SubscriptionModel
from workflows_app.errors import FormRejected
from workflows_app.forms import page_document
from workflows_app.models import Process, Product, Subscription
from workflows_app.registration import sync

APPS = ("users", "nodes", "l2vpn")
MIGRATIONS = ("0001_products", "0002_workflows")


def register() -> None:
    """Register the workflows and the models of the apps, however often they were imported."""
    for app in APPS:
        reload(import_module(f"examples.{app}.workflows"))
        reload(import_module(f"examples.{app}.products"))


def migrate() -> None:
    """Do what the apps' data migrations do, in the tables as they are now."""
    sync()
    for app in APPS:
        for name in MIGRATIONS:
            import_module(f"examples.{app}.migrations.{name}").forwards(apps, None)


class Site:
    """Starts workflows and runs them as far as they go."""

    def go(self, workflow: str, *pages: dict[str, Any]) -> Process:
        process = engine.start(workflow, inputs=pages, by="maria")
        return self.wait(process)

    def wait(self, process: Process) -> Process:
        drain()
        process.refresh_from_db()
        return process

    def create(self, workflow: str, product: str, **values: Any) -> Subscription:
        """Run a workflow that makes a subscription, to its end."""
        pk = str(Product.objects.get(name=product).pk)
        process = self.go(workflow, {"product": pk}, values)
        assert process.status == "completed", process.failed_reason
        return self.subscription(process)

    def change(self, workflow: str, subscription: Subscription, *pages: dict[str, Any]) -> Process:
        """Run a workflow on a subscription, which shows its row as it is afterwards."""
        process = self.go(workflow, {"subscription_id": str(subscription.pk)}, *pages)
        subscription.refresh_from_db()
        return process

    def refusal(self, workflow: str, subscription: Subscription, *pages: dict[str, Any]) -> str:
        """Return why the workflow cannot be started on the subscription."""
        with pytest.raises(FormRejected) as refused:
            self.change(workflow, subscription, *pages)
        return str(page_document(refused.value.page)["validation_errors"])

    def subscription(self, process: Process) -> Subscription:
        return Subscription.objects.get(pk=state(process)["subscription"]["subscription_id"])


def model(subscription: Subscription) -> Any:
    """Return the subscription's model; its blocks are whatever its product has."""
    return SubscriptionModel.from_subscription(subscription.pk)


def api(*permissions: str) -> APIClient:
    """Return a client of the API that may do this."""
    user = User.objects.create_user("-".join(permissions))
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = APIClient()
    client.force_authenticate(user)
    return client
