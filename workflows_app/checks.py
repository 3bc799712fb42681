"""System checks: what would fail later, said before anything runs.

``workflows.E001`` and so on are stable; ``docs/settings.md`` lists them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from workflows_app import app_settings, registry
from workflows_app.authors import authors_code
from workflows_app.definition import WorkflowDefinition
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.errors import AuthorsMistake, DefinitionError, UnknownWorkflow
from workflows_app.injection import Injection
from workflows_app.pickers.customers import unusable_customers
from workflows_app.writing.models import Modelled, blocks

BROKER = "workflows_app.pool.broker.ProcessBroker"
_POSITIVE = (
    "LEASE_SECONDS",
    "MAX_INTERRUPTIONS",
    "MAX_IDLE_SECONDS",
    "SQLITE_POLL_SECONDS",
    "STOP_GRACE_SECONDS",
    "CALLBACK_MAX_BYTES",
    "CALLBACK_MAX_DEPTH",
    "HTTP_MAX_RESPONSE_BYTES",
)
_RATES = ("CALLBACK_RATE_PER_TOKEN", "CALLBACK_RATE_PER_ADDRESS")
_RATE = re.compile(r"[1-9][0-9]*/(s|sec|m|min|h|hour|d|day)")
_SECRET = re.compile(r"whsec_(?=.)([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2,3}={0,2})?|(?!whsec_).+")
_HOST = re.compile(r"(\*\.)?[^\s*/@:]+|[0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*")


@register("workflows")
def workflows_can_be_used(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Import every workflow and look at the annotations of its steps."""
    return list(_broken_workflows())


@register("workflows")
def products_can_be_built(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Look at the fields of every model of a product, in all its variants."""
    return list(_broken_models())


@register("workflows")
def settings_are_known(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Look for misspelt and impossible settings in ``ORCHESTRATOR``."""
    return list(_wrong_settings())


@register("workflows")
def callers_are_told_apart(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Look for settings under which callers are let in, or counted, as somebody else."""
    return [*_wrong_secrets(), *_wrong_rates(), *_wrong_proxies()]


@register("workflows")
def requests_are_guarded(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Look for mistakes in where steps may send requests."""
    return [*_wrong_hosts(), *_wrong_networks()]


@register(Tags.database)
def sqlite_can_take_several_writers(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Look for the options without which SQLite loses work under several writers."""
    return [
        Error(
            "SQLite is not set up for several writers.",
            hint=(
                'Use transaction_mode "IMMEDIATE" and PRAGMA journal_mode=WAL, as '
                "orchestrator_project.databases does."
            ),
            id="workflows.E004",
        )
        for database in settings.DATABASES.values()
        if database["ENGINE"].endswith("sqlite3") and not _takes_writers(database["OPTIONS"])
    ]


@register("workflows")
def pool_is_ours(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """Look for django-q2 settings under which work is lost or done twice."""
    return list(_wrong_pool())


@register(Tags.security, deploy=True)
def site_can_be_deployed(
    app_configs: Sequence[AppConfig] | None, **_options: Any
) -> list[CheckMessage]:
    """Look for what must not go into production."""
    found: list[CheckMessage] = []
    if getattr(settings, "DEVELOPMENT_SECRET", None) == settings.SECRET_KEY:
        hint = "Set SECRET_KEY in the environment: callback tokens are derived from it."
        found.append(Error("SECRET_KEY is the published one.", hint=hint, id="workflows.E006"))
    if any(database["ENGINE"].endswith("sqlite3") for database in settings.DATABASES.values()):
        hint = "Use PostgreSQL (DATABASE_URL) as soon as there is a second host."
        found.append(Warning("SQLite serves one host only.", hint=hint, id="workflows.W007"))
    if not str(app_settings.get("BASE_URL")).startswith("https://"):
        hint = "Set BASE_URL: callback addresses carry the right to answer."
        found.append(Warning("Callbacks are handed out over http.", hint=hint, id="workflows.W008"))
    return found


def _broken_workflows() -> Iterator[CheckMessage]:
    for name in registry.names():
        try:
            yield from _broken_steps(registry.get(name))
        except UnknownWorkflow as error:
            yield Error(
                str(error),
                hint="Correct the LazyWorkflowInstance, or remove it.",
                id="workflows.E001",
            )


def _broken_steps(definition: WorkflowDefinition) -> Iterator[CheckMessage]:
    for step in definition.by_path.values():
        if step.function is None:
            continue
        try:
            _ = Injection(step.function, name=step.path).parameters
        except DefinitionError as error:
            yield Error(f"{definition.name}: {error}", id="workflows.E002", obj=step.function)


def _broken_models() -> Iterator[CheckMessage]:
    for name, model in SUBSCRIPTION_MODEL_REGISTRY.items():
        try:
            with authors_code("the model"):
                _ = blocks([Modelled(name, model)])
        except (AuthorsMistake, DefinitionError) as error:
            yield Error(
                f"The product {name}: {error}",
                hint="Correct the model, or take it out of SUBSCRIPTION_MODEL_REGISTRY.",
                id="workflows.E013",
            )


def _wrong_settings() -> Iterator[CheckMessage]:
    given = getattr(settings, "ORCHESTRATOR", {})
    for name in sorted(given.keys() - app_settings.DEFAULTS.keys()):
        known = ", ".join(sorted(app_settings.DEFAULTS))
        yield Error(
            f"ORCHESTRATOR has no setting {name!r}.", hint=f"Known: {known}.", id="workflows.E003"
        )
    for name in _POSITIVE:
        value = app_settings.get(name)
        if not isinstance(value, int | float) or value <= 0:
            yield Error(f"ORCHESTRATOR[{name!r}] must be above 0.", id="workflows.E003")
    if why := unusable_customers():
        yield Error(
            f"ORCHESTRATOR['CUSTOMERS']: {why}",
            hint='Name a function of a text that returns [(id, name), …]: "crm.customers.search".',
            id="workflows.E003",
        )
    if not _is_list(app_settings.get("MASKED_KEYS")):
        yield Error(
            "ORCHESTRATOR['MASKED_KEYS'] is no list of keys.",
            hint='Write ["*password*", "community"], or [] to mask none.',
            id="workflows.E003",
        )


def _takes_writers(options: dict[str, Any]) -> bool:
    return (
        options.get("transaction_mode") == "IMMEDIATE"
        and "journal_mode=wal" in str(options.get("init_command", "")).lower()
    )


def _wrong_pool() -> Iterator[CheckMessage]:
    pool = getattr(settings, "Q_CLUSTER", {})
    wanted = {"broker_class": BROKER, "ack_failures": True, "max_attempts": 1, "save_limit": -1}
    for name, value in wanted.items():
        if pool.get(name) != value:
            yield Error(
                f"Q_CLUSTER[{name!r}] must be {value!r}.",
                hint="With another value django-q2 repeats or keeps what is not its own.",
                id="workflows.E005",
            )
    for alias, database in settings.DATABASES.items():
        if database.get("OPTIONS", {}).get("pool"):
            yield Error(
                f"DATABASES[{alias!r}] has a connection pool, which workers would share.",
                hint="Remove OPTIONS['pool']; CONN_MAX_AGE keeps connections open.",
                id="workflows.E005",
            )


def _wrong_secrets() -> Iterator[CheckMessage]:
    secrets = app_settings.get("CALLBACK_SECRETS")
    hint = 'Write {"name": ["whsec_…", …]}; the secrets are base64, the one in use first.'
    if not isinstance(secrets, Mapping):
        yield Error(
            "ORCHESTRATOR['CALLBACK_SECRETS'] is no mapping.", hint=hint, id="workflows.E009"
        )
        return
    for name, given in secrets.items():
        if not _is_list(given, _SECRET) or not given:  # The message must not repeat a secret.
            yield Error(
                f"ORCHESTRATOR['CALLBACK_SECRETS'][{name!r}] is no list of secrets.",
                hint=hint,
                id="workflows.E009",
            )


def _wrong_rates() -> Iterator[CheckMessage]:
    for name in _RATES:
        rate = app_settings.get(name)
        if rate is not None and not (isinstance(rate, str) and _RATE.fullmatch(rate)):
            yield Error(
                f"ORCHESTRATOR[{name!r}] is no rate: {rate!r}.",
                hint='Write "600/min" (or /s, /h, /d), or None for no limit.',
                id="workflows.E010",
            )


def _wrong_proxies() -> Iterator[CheckMessage]:
    proxies = getattr(settings, "REST_FRAMEWORK", {}).get("NUM_PROXIES")
    if not isinstance(proxies, int) or proxies < 0:
        yield Error(
            "REST_FRAMEWORK['NUM_PROXIES'] is not the number of proxies.",
            hint="Set TRUSTED_PROXIES, 0 without a proxy; otherwise callers choose their address.",
            id="workflows.E011",
        )


def _wrong_hosts() -> Iterator[CheckMessage]:
    hosts = app_settings.get("HTTP_ALLOWED_HOSTS")
    if hosts is not None and not _is_list(hosts, _HOST):
        yield Error(
            "ORCHESTRATOR['HTTP_ALLOWED_HOSTS'] is no list of names.",
            hint='Write ["host.example.org", "*.example.net"] without ports, or None for any.',
            id="workflows.E012",
        )


def _wrong_networks() -> Iterator[CheckMessage]:
    networks = app_settings.get("HTTP_DENIED_NETWORKS")
    wrong = [one for one in networks if not _is_network(one)] if _is_list(networks) else [networks]
    if wrong:
        yield Error(
            f"ORCHESTRATOR['HTTP_DENIED_NETWORKS'] has what is no network: {wrong[0]!r}.",
            hint='Write ["127.0.0.0/8", "::1/128"]; the list replaces the default one.',
            id="workflows.E012",
        )


def _is_list(value: object, pattern: re.Pattern[str] = re.compile(".+")) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(item, str) and pattern.fullmatch(item) for item in value
    )


def _is_network(text: str) -> bool:
    try:
        return bool(ip_network(text))
    except ValueError:
        return False
