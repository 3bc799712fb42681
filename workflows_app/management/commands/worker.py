"""Run the workers of this host."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from workflows_app.pool import sentinel
from workflows_app.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run this host's workers until Ctrl-C or SIGTERM; they are started again if they die."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, help="How many steps may run at once.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["workers"]:
            sentinel.set_workers(options["workers"])
        self.stdout.write(f"{settings.Q_WORKERS} workers; Ctrl-C stops them")
        self.stdout.flush()
        Supervisor(sentinel.run).run()
