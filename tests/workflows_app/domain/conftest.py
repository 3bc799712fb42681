"""What the tests of subscriptions share: registries of their own, and products."""

from types import SimpleNamespace
from unittest import mock

import pytest

from tests.workflows_app.domain import models
from workflows_app import registry
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Forget what a test registers."""
    monkeypatch.setattr(registry, "_workflows", dict(registry._workflows))
    with mock.patch.dict(SUBSCRIPTION_MODEL_REGISTRY, clear=True):
        yield


@pytest.fixture
def products(db) -> SimpleNamespace:
    return models.products()
