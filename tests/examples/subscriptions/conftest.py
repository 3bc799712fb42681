"""The example apps, installed for one test and forgotten afterwards."""

from unittest import mock

import pytest

from tests.examples.subscriptions import site as sites
from workflows_app import registry
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY


@pytest.fixture
def apps(monkeypatch, tmp_path, settings):
    """Install the apps; their data is not there yet."""
    monkeypatch.setenv("NETWORK_FILE", str(tmp_path / "network.json"))
    monkeypatch.setattr(registry, "_workflows", dict(registry._workflows))
    with mock.patch.dict(SUBSCRIPTION_MODEL_REGISTRY):
        names = [f"examples.{app}" for app in sites.APPS]
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, *names]
        sites.register()
        yield


@pytest.fixture
def site(apps, transactional_db):
    """Return a site with the apps' products and workflows."""
    sites.migrate()
    return sites.Site()
