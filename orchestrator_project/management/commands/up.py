"""Run everything: migrations, the site and its workers."""

import secrets
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.children import Children

WEB_THREADS = 8


class Command(BaseCommand):
    help = "Migrate, register the workflows, and run web and workers until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="Address and port to serve.")
        parser.add_argument("--workers", type=int, default=2, help="How many steps run at once.")
        parser.add_argument("--no-worker", action="store_true", help="Serve the site only.")

    def handle(self, *_args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("sync_workflows", stdout=self.stdout)
        self._make_first_user()
        with Children() as children:
            try:
                start_site(children, bind=options["bind"])
                if not options["no_worker"]:
                    start_worker(children, workers=options["workers"])
                self.stdout.write(f"http://{options['bind']}/ · Ctrl-C stops everything")
                self.stdout.flush()
                ended = children.wait()
            except KeyboardInterrupt:
                return
        raise CommandError(f"{ended} ended, so everything was stopped")

    def _make_first_user(self) -> None:
        users = get_user_model()
        if users.objects.exists():
            return
        password = secrets.token_urlsafe(9)
        users.objects.create_superuser("admin", password=password)
        self.stdout.write(f"first login: admin / {password}")


def start_site(children: Children, *, bind: str) -> None:
    """Start the web server."""
    children.start(
        "the site",
        [
            *(sys.executable, "-m", "gunicorn", "orchestrator_project.wsgi"),
            *("--bind", bind, "--worker-class", "gthread", "--threads", str(WEB_THREADS)),
            *("--workers", "1", "--log-level", "warning"),
        ],
        cwd=settings.BASE_DIR,
    )


def start_worker(children: Children, *, workers: int) -> None:
    """Start the workers."""
    children.start(
        "the workers",
        [sys.executable, "manage.py", "worker", "--workers", str(workers)],
        cwd=settings.BASE_DIR,
    )
