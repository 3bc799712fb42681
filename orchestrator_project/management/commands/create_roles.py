"""Make the groups of users that most sites start with."""

from typing import Any

from django.core.management.base import BaseCommand

from orchestrator_project.roles import create_roles


class Command(BaseCommand):
    help = "Make the groups Readers, Operators and Administrators, or add what they lack."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for name, added in create_roles().items():
            self.stdout.write(f"{name}: {added} permissions added")
