"""``manage.py measure``: what ``python -m benchmarks`` runs on each database."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks.measures import measure


class Command(BaseCommand):
    help = "Migrate the database, measure the engine on it, and print the figures as JSON."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(json.dumps(measure()))
