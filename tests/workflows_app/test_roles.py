"""The groups that a site starts with."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from orchestrator_project.roles import ROLES

pytestmark = pytest.mark.django_db


def permissions_of(role: str) -> set[str]:
    user = User.objects.create_user(role)
    user.groups.add(Group.objects.get(name=role))
    return user.get_all_permissions()


def test_each_role_may_what_it_is_for(capsys):
    call_command("create_roles")

    readers, operators, administrators = map(permissions_of, ROLES)
    assert readers < operators < administrators
    assert all(name.partition(".")[2].startswith("view_") for name in readers)
    assert "workflows_app.retry_process" in operators
    assert "workflows_app.pause_engine" not in operators
    assert "workflows_app.pause_engine" in administrators
    assert f"Readers: {len(readers)} permissions added" in capsys.readouterr().out


def test_a_second_time_it_adds_only_what_is_missing(capsys):
    call_command("create_roles")
    group = Group.objects.get(name="Readers")
    group.permissions.add(*Group.objects.get(name="Operators").permissions.all())
    group.permissions.remove(group.permissions.get(codename="view_product"))
    capsys.readouterr()

    call_command("create_roles")

    assert "Readers: 1 permissions added" in capsys.readouterr().out
    assert "workflows_app.retry_process" in permissions_of("Readers")
