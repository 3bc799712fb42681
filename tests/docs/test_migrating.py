"""The page for those who come from orchestrator-core: what it says of our side is there."""

import ast
import inspect
import re
from importlib import import_module
from typing import Any

import pytest
import requests
from django.core.management import get_commands
from django.urls import resolve

import callbacks_app.steps
import workflows_app
from callbacks_app.options import CallbackOptions
from tests.docs.test_docs import ROOT, blocks, module
from workflows_app import app_settings, registry, subscriptions
from workflows_app.definition import Usable, WorkflowDefinition
from workflows_app.domain import SubscriptionLifecycle

TEXT = (ROOT / "docs/migrating-from-orchestrator-core.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
BEFORE, IMPORTS, TEST = blocks(TEXT)
__all__ = ["module"]  # A fixture.


def tables() -> dict[str, list[str]]:
    """Return, by its heading, the second column of each table."""
    found = {}
    for section in TEXT.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        rows = [line.split(" | ") for line in body.splitlines() if line.startswith("| ")]
        if rows:
            found[heading] = [row[1].removesuffix(" |") for row in rows[1:]]
    return found


def quoted(heading: str) -> list[str]:
    return [name for cell in tables()[heading] for name in re.findall(r"`([^`]+)`", cell)]


STATEMENTS = sorted({text for text in re.findall(r"`(from [^`]+)`", TEXT) if "_app" in text})
RULES: dict[str, Any] = {
    "usable_when": [SubscriptionLifecycle.ACTIVE],
    "usable_out_of_sync": True,
    "usable_in_use": True,
    "usable_when_related_out_of_sync": True,
}
CALLS = [
    text
    for heading in ("Words with another name, or more of them", "Subscriptions and products")
    for text in quoted(heading)
    if not text.startswith("from ")
]


def test_the_tables_are_those_that_are_checked():
    assert list(tables()) == [
        "Imports",
        "Words with another name, or more of them",
        "State",
        "Callbacks",
        "Subscriptions and products",
        "Built-in workflows",
        "Commands",
        "Endpoints",
        "Settings",
    ]
    assert min(map(len, (STATEMENTS, CALLS, *tables().values()))) > 3


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_import_on_our_side_works(statement):
    package, names = re.findall(r"^from ([\w.]+) import ([\w, ]+)$", statement)[0]

    for name in names.split(", "):
        assert hasattr(import_module(package), name)


def test_there_is_an_import_on_our_side_for_every_one_on_the_other():
    for cell in tables()["Imports"]:
        assert set(re.findall("`([^`]+)`", cell)) <= {*STATEMENTS}
        assert "`from " in cell


@pytest.mark.parametrize("text", CALLS)
def test_every_word_on_our_side_takes_what_it_is_said_to_take(text):
    name, arguments = re.findall(r"^(\w+)(?:\(([\w=, ]+)\))?$", text)[0]
    places = (workflows_app, callbacks_app.steps, subscriptions)
    (word,) = (getattr(place, name) for place in places if hasattr(place, name))

    taken = {*inspect.signature(word).parameters, *THROUGH.get(name, ())}
    assert set(given(arguments)) <= taken


# Words that pass their other options on.
THROUGH = {
    "callback_step": CallbackOptions.__dataclass_fields__,
    "retrystep": inspect.signature(workflows_app.step).parameters,
    "modify_workflow": RULES,
}


def test_the_rules_for_subscriptions_are_taken(monkeypatch):
    monkeypatch.setattr(registry, "_workflows", {})

    def change():
        return workflows_app.begin

    made = subscriptions.modify_workflow("", **RULES)(change)

    assert made.usable == Usable(
        statuses=frozenset({SubscriptionLifecycle.ACTIVE}),
        out_of_sync=True,
        in_use=True,
        related_out_of_sync=True,
    )


def given(arguments: str) -> list[str]:
    return [argument.strip(" =") for argument in arguments.split(",") if argument]


def test_every_command_on_our_side_exists():
    for text in quoted("Commands"):
        assert text.removeprefix("manage.py ") in get_commands(), text


@pytest.mark.parametrize("text", quoted("Endpoints"))
def test_every_endpoint_on_our_side_exists(text):
    method, path = text.split(" ")
    for name, value in {"<name>": "task_clean_up_tasks", "<token>": "t"}.items():
        path = path.replace(name, value)
    view = resolve(path.replace("<id>", "8d0bc1d2-6a0f-4c43-9d0a-0f6f1f1f1f1f"))

    handlers = getattr(view.func, "cls", None)
    assert handlers is None or hasattr(handlers, method.lower())


def test_every_setting_on_our_side_is_in_the_manual():
    for name in quoted("Settings"):
        assert f"`{name}`" in SETTINGS, name
        assert name in app_settings.DEFAULTS or name.isupper()


def test_every_built_in_workflow_on_our_side_exists():
    for name in quoted("Built-in workflows"):
        assert isinstance(registry.get(name), WorkflowDefinition)


def without_imports(code: str) -> str:
    tree = ast.parse(code)
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.unparse(tree)


@pytest.mark.django_db
def test_the_example_runs_with_only_its_imports_changed(module, monkeypatch):
    sent = []

    def post(url, json, timeout):
        sent.append(json)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(requests, "post", post)
    for code in (IMPORTS, without_imports(BEFORE), TEST):
        exec(compile(code, "migrating-from-orchestrator-core.md", "exec"), module.__dict__)
    assert not without_imports(IMPORTS)

    module.test_example_workflow(None, None)

    assert sent[0]["callback"].startswith("http://orchestrator/api/processes/")


def test_the_example_imports_nothing_that_it_does_not_use():
    for code in (IMPORTS, BEFORE):
        names = [
            name.name
            for node in ast.parse(code).body
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        ]
        used = {n.id for n in ast.walk(ast.parse(BEFORE)) if isinstance(n, ast.Name)}
        assert set(names) <= used
