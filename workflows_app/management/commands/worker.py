"""Run the workers of this host."""

import socket
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from workflows_app import versions
from workflows_app.models import Worker
from workflows_app.models.engine import SILENT_SECONDS
from workflows_app.pool import sentinel
from workflows_app.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run this host's workers until Ctrl-C or SIGTERM; they are started again if they die."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, help="How many steps may run at once.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["workers"]:
            sentinel.set_workers(options["workers"])
        _refuse_shared_sqlite()
        versions.code()  # Of what is loaded now, for all the pools that this process will start.
        self.stdout.write(f"{settings.Q_WORKERS} workers; Ctrl-C stops them")
        self.stdout.flush()
        Supervisor(sentinel.run).run()


def _refuse_shared_sqlite() -> None:
    """Refuse to work on a SQLite file that another host works on: its locks do not reach there."""
    if connection.vendor != "sqlite":
        return
    alive = Worker.objects.filter(seen_at__gt=timezone.now() - timedelta(seconds=SILENT_SECONDS))
    other = alive.exclude(host=socket.gethostname()).first()
    connection.close()
    if other:
        raise CommandError(
            f"{other.host} works on this SQLite database already; use PostgreSQL for two hosts"
        )
