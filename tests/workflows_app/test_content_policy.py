"""No page needs more of a browser than the content security policy allows."""

import uuid
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from callbacks_app.steps import callback_step
from tests.engine import run
from tests.workflows_app.console import confirm, reserve, signed_in, text
from workflows_app import State, begin, step

pytestmark = pytest.mark.django_db(transaction=True)

POLICY = {
    "default-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
APPS = ("workflows", "callback_console")


class Forbidden(HTMLParser):
    """Whatever of a page the policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        data = named.get("type") == "application/json"
        if tag == "style" or (tag == "script" and not named.get("src") and not data):
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            runs = name.startswith(("on", "hx-on")) or name == "style"
            if runs or (value or "").strip().lower().startswith(("javascript:", "js:")):
                self.found.append(f"{name} of <{tag}>")


def policy(answer) -> set[str]:
    return set(answer["Content-Security-Policy"].split("; "))


def forbidden(page: str) -> list[str]:
    parser = Forbidden()
    parser.feed(page)
    return parser.found


@step("Ask")
def ask(callback_url: str) -> State:
    return {}


@step("Validate")
def validate(callback_result: int) -> State:
    return {}


@pytest.fixture
def arguments(maria) -> dict[str, str]:
    """Return what the addresses of pages name: things that there are."""
    run(begin >> reserve >> confirm, name="suspended")
    process = run(begin >> callback_step("Playbook", ask, validate), name="awaiting")
    callback = apps.get_model("callbacks_app", "CallbackToken").objects.get()
    return {
        "process_id": str(process.pk),
        "callback_id": callback.public_id,
        "workflow_name": "suspended",
    }


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def console_pages(arguments: dict[str, str]) -> list[str]:
    """Return the address of every page that the console has, for one thing of each kind."""
    found = []
    for app in APPS:
        for name, pattern in _patterns(app):
            known = {
                key: arguments.get(key) or _any(converter)
                for key, converter in pattern.pattern.converters.items()
            }
            found.append(reverse(f"{app}:{name}", kwargs=known | pattern.default_args))
    return found


def _patterns(app: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and entry.app_name == app:
            for pattern in entry.url_patterns:
                assert isinstance(pattern, URLPattern)
                assert pattern.name
                yield pattern.name, pattern


def _any(converter) -> str:
    return {"UUIDConverter": str(uuid.uuid4()), "IntConverter": "1"}.get(
        type(converter).__name__, "x"
    )


def test_no_page_of_the_console_has_what_the_policy_forbids(maria, arguments):
    seen = []
    for address in console_pages(arguments):
        answer = maria.get(address)
        assert answer.status_code < 500, address
        assert policy(answer) == POLICY, address
        if answer["Content-Type"].startswith("text/html") and not answer.streaming:
            assert forbidden(text(answer)) == [], address
            seen.append(answer.status_code)

    assert seen.count(200) > 15


def test_no_register_has_what_the_policy_forbids(maria, arguments):
    seen = 0
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        addresses = [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        addresses += [reverse(f"{name}_change", args=[row.pk])] if row else []
        for address in addresses:
            answer = maria.get(address)
            assert policy(answer) == POLICY
            assert forbidden(text(answer)) == [], address
            seen += answer.status_code == 200

    assert seen > 15


@pytest.mark.parametrize("address", ["/admin/login/", "/admin/nowhere/", "/healthz", "/api/engine"])
def test_those_who_are_not_signed_in_get_the_policy_too(address):
    answer = Client().get(address)

    assert policy(answer) == POLICY
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert forbidden(text(answer)) == []


def test_the_documentation_of_the_api_may_style_itself_and_no_more(maria):
    page = maria.get("/api/docs/")

    assert policy(page) - POLICY == {"style-src 'self' 'unsafe-inline'", "img-src 'self' data:"}
    assert policy(page) > POLICY
    assert set(forbidden(text(page))) <= {"<style>"}
    assert "javascript" in maria.get("/api/docs/?script=")["Content-Type"]


def test_what_the_policy_forbids_is_noticed():
    bad = '<p style="a" onclick="b"><style></style><script>x</script><a href="javascript:" hx-on:d>'

    assert forbidden(bad) == [
        *("style of <p>", "onclick of <p>", "<style>", "<script>"),
        *("href of <a>", "hx-on:d of <a>"),
    ]
    assert forbidden('<script src="x"></script><script type="application/json">{}</script>') == []
