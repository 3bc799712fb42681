"""What docs/registration.md says is true: its code runs, and its words are what there is."""

import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from tests.docs.test_docs import blocks
from workflows_app import migration_helpers, registry
from workflows_app.models import Product, Workflow
from workflows_app.writing import answers

MANUAL = (Path(__file__).resolve().parents[2] / "docs/registration.md").read_text()


def test_the_code_registers_workflows_without_importing_them(monkeypatch):
    monkeypatch.setattr(registry, "_workflows", {})

    exec(compile(blocks(MANUAL)[0], "registration.md", "exec"), {})

    assert registry.names() == ["create_user_group", "modify_user_group"]


@pytest.mark.django_db
def test_the_migration_by_hand_goes_forward_backward_and_forward():
    Workflow.objects.all().delete()
    Product.objects.create(name="Group", product_type="UserGroup")
    Product.objects.create(name="Internal", product_type="User")
    module: dict[str, object] = {}
    exec(compile(blocks(MANUAL)[1], "registration.md", "exec"), module)
    (operation,) = module["Migration"].operations  # type: ignore[attr-defined]

    for _ in range(2):
        operation.code(apps, None)
        assert Workflow.objects.count() == 6
        assert Product.objects.get(name="Group").workflows.count() == 3
        row = Workflow.objects.get(name="create_user_group")
        assert (row.target, row.description) == ("CREATE", "Create user group")
        operation.reverse_code(apps, None)
        assert not Workflow.objects.exists()


def test_every_helper_is_in_the_manual_and_no_other():
    written = set(re.findall(r"`([a-z]+_[a-z_]+)(?:\(apps[^`]*)?`", MANUAL))

    assert {*migration_helpers.__all__} <= written
    for name in re.findall(r"`([a-z_]+)\(apps", MANUAL):
        assert name in migration_helpers.__all__


def test_every_command_exists():
    for name in re.findall(r"manage\.py ([a-z_]+)", MANUAL):
        assert name in get_commands()


def test_the_updates_are_ones_that_are_read():
    (text,) = re.findall(r"```json\n(.*?)```", MANUAL, re.S)

    assert answers.read(text) == json.loads(text)
