"""What is wrong is said before anything runs."""

import pytest
from django.conf import settings
from django.core.checks import run_checks

from tests.engine import define
from workflows_app import LazyWorkflowInstance, begin, registry, step
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY, SubscriptionModel


def ids(**options):
    return [message.id for message in run_checks(**options)]


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_workflows", {})


@pytest.mark.django_db
def test_a_project_that_is_right_has_no_complaints():
    assert ids(databases=["default"]) == []


def test_a_lazy_workflow_that_cannot_be_imported_is_named():
    LazyWorkflowInstance("no.such.module", "lost_workflow")

    (message,) = run_checks(tags=["workflows"])

    assert (message.id, "lost_workflow" in message.msg) == ("workflows.E001", True)


@pytest.mark.django_db
def test_an_annotation_that_cannot_be_made_from_json_is_named():
    @step("Strange")
    def strange(lock: "NoSuchThing"):  # type: ignore[name-defined]  # noqa: F821
        """Ask for what does not exist."""

    define(begin >> strange, name="strange_workflow")

    (message,) = run_checks(tags=["workflows"])

    assert message.id == "workflows.E002"
    assert "strange_workflow" in message.msg
    assert "NoSuchThing" in message.msg


class Unnamed(SubscriptionModel):
    """Without is_base=True it is no product's model."""


class Unbuilt(SubscriptionModel, is_base=True):
    part: "NoSuchBlock"  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(("model", "why"), [(Unnamed, "Broken"), (Unbuilt, "NoSuchBlock"), (5, "")])
def test_a_product_s_model_that_cannot_be_built_is_named(monkeypatch, model, why):
    monkeypatch.setitem(SUBSCRIPTION_MODEL_REGISTRY, "Broken", model)

    (message,) = run_checks(tags=["workflows"])

    assert (message.id, "Broken" in message.msg) == ("workflows.E013", True)
    assert why in message.msg


@pytest.mark.parametrize(
    "given", [{"LEASE_SECOND": 1}, {"LEASE_SECONDS": 0}, {"CALLBACK_MAX_BYTES": "many"}]
)
def test_a_wrong_setting_is_named(settings, given):
    settings.ORCHESTRATOR = given

    assert ids(tags=["workflows"]) == ["workflows.E003"]


@pytest.mark.parametrize(
    ("check", "given"),
    [
        ("E009", {"CALLBACK_SECRETS": ["whsec_AAAA"]}),
        ("E009", {"CALLBACK_SECRETS": {"runner": "whsec_AAAA"}}),
        ("E009", {"CALLBACK_SECRETS": {"runner": []}}),
        ("E009", {"CALLBACK_SECRETS": {"runner": [""]}}),
        ("E009", {"CALLBACK_SECRETS": {"runner": ["whsec_"]}}),
        ("E009", {"CALLBACK_SECRETS": {"runner": ["whsec_AAAA", "whsec_A"]}}),
        ("E009", {"CALLBACK_SECRETS": {"runner": ["whsec_not base64"]}}),
        ("E009", {"CALLBACK_SECRETS": {"runner": [b"bytes"]}}),
        ("E010", {"CALLBACK_RATE_PER_TOKEN": 600}),
        ("E010", {"CALLBACK_RATE_PER_TOKEN": "0/min"}),
        ("E010", {"CALLBACK_RATE_PER_ADDRESS": "600"}),
        ("E010", {"CALLBACK_RATE_PER_ADDRESS": "600/year"}),
        ("E003", {"MASKED_KEYS": "password"}),
        ("E003", {"MASKED_KEYS": [1]}),
        ("E012", {"HTTP_ALLOWED_HOSTS": "example.org"}),
        ("E012", {"HTTP_ALLOWED_HOSTS": ["https://example.org"]}),
        ("E012", {"HTTP_ALLOWED_HOSTS": ["exa*.org"]}),
        ("E012", {"HTTP_ALLOWED_HOSTS": ["example.org:8080"]}),
        ("E012", {"HTTP_DENIED_NETWORKS": None}),
        ("E012", {"HTTP_DENIED_NETWORKS": "127.0.0.0/8"}),
        ("E012", {"HTTP_DENIED_NETWORKS": ["127.0.0.1/8"]}),
        ("E012", {"HTTP_DENIED_NETWORKS": ["localhost"]}),
        ("E003", {"HTTP_MAX_RESPONSE_BYTES": 0}),
    ],
)
def test_a_setting_of_the_wrong_shape_is_refused(settings, check, given):
    settings.ORCHESTRATOR = given

    (message,) = run_checks(tags=["workflows"])

    assert message.id == f"workflows.{check}"
    assert message.hint or check == "E003"
    assert "whsec_" not in message.msg  # A secret is not repeated where all can read it.


@pytest.mark.parametrize(
    "given",
    [
        {"CALLBACK_SECRETS": {"runner": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "plain text"]}},
        {"CALLBACK_SECRETS": {"runner": ["whsec_AAA=", "whsec_AAA", "whsec_AA=="]}},
        {"CALLBACK_RATE_PER_TOKEN": None, "CALLBACK_RATE_PER_ADDRESS": "10/s"},
        {"HTTP_ALLOWED_HOSTS": [], "HTTP_DENIED_NETWORKS": []},
        {"HTTP_ALLOWED_HOSTS": ["localhost", "*.example.org", "::1"]},
        {"HTTP_DENIED_NETWORKS": ["10.0.0.0/8", "192.0.2.1", "fc00::/7"]},
    ],
)
def test_a_setting_of_the_right_shape_is_taken(settings, given):
    settings.ORCHESTRATOR = given

    assert ids(tags=["workflows"]) == []


@pytest.mark.parametrize("framework", [{}, {"NUM_PROXIES": None}, {"NUM_PROXIES": -1}])
def test_proxies_that_are_not_counted_are_refused(settings, framework):
    settings.REST_FRAMEWORK = framework

    assert ids(tags=["workflows"]) == ["workflows.E011"]


def test_sqlite_without_its_options_is_refused(monkeypatch):
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}}}
    monkeypatch.setattr(settings, "DATABASES", databases)

    assert ids(tags=["database"], databases=[]) == ["workflows.E004"]


@pytest.mark.parametrize(
    "change", [{"max_attempts": 0}, {"broker_class": None}, {"save_limit": 250}]
)
def test_a_pool_that_would_repeat_work_is_refused(settings, change):
    settings.Q_CLUSTER = settings.Q_CLUSTER | change

    assert ids(tags=["workflows"]) == ["workflows.E005"]


def test_production_refuses_the_published_secret(settings):
    settings.SECRET_KEY = settings.DEVELOPMENT_SECRET

    assert "workflows.E006" in ids(include_deployment_checks=True)
