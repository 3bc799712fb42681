"""``manage.py measure_lists``: what ``python -m benchmarks --lists`` runs on each database."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks.lists import measure


class Command(BaseCommand):
    help = "Migrate the database, measure the process list on it, and print the figures as JSON."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(json.dumps(measure()))
