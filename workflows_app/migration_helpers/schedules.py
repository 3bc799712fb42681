"""Schedules that a site has from the start. Operators may change, pause and delete them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.utils import timezone

from workflows_app.cadence import Cadence, Cron, Every
from workflows_app.errors import CatalogError, ImpossibleCadence
from workflows_app.migration_helpers.rows import model


def ensure_schedule(
    apps: Apps,
    name: str,
    *,
    workflow: str,
    cron: str = "",
    time_zone: str = "",
    interval: timedelta | None = None,
    inputs: Sequence[dict[str, Any]] = (),
    paused: bool = False,
) -> None:
    """Set up a schedule, unless there is one of that name: it is the operators' from then on.

    Args:
        cron: five fields; or an ``interval`` instead.
        time_zone: of the cron expression; the site's if not given.
        inputs: one mapping for each page of the workflow's start form.
        paused: whether an operator has to let it go on first.

    Raises:
        CatalogError: it would never be due.
    """
    if model(apps, "Schedule").objects.filter(name=name).exists():
        return
    now = timezone.now().replace(microsecond=0)
    cadence = _cadence(name, cron, time_zone or settings.TIME_ZONE, interval, now)
    following = cadence.after(now)
    model(apps, "Schedule").objects.create(
        name=name,
        workflow=workflow,
        inputs=list(inputs),
        kind="every" if interval else "cron",
        cron=cron,
        time_zone=cadence.time_zone if isinstance(cadence, Cron) else "",
        interval=interval,
        first_at=now if interval else None,
        next_run_at=None if paused else following,
        paused_at=now if paused else None,
        paused_by="a migration" if paused else "",
    )


def delete_schedule(apps: Apps, name: str) -> None:
    """Delete a schedule; that it is gone is no error. The processes that it started stay."""
    rows = model(apps, "Schedule").objects.filter(name=name)
    for related in ("Process", "ProcessEvent"):
        model(apps, related).objects.filter(schedule__in=rows).update(schedule=None)
    rows.delete()


def _cadence(
    name: str, cron: str, time_zone: str, interval: timedelta | None, now: datetime
) -> Cadence:
    if bool(cron) == (interval is not None):
        raise CatalogError(f"the schedule '{name}' has either a cron expression or an interval")
    cadence = Every(interval, now) if interval else Cron(cron, time_zone)
    try:
        cadence.check()
    except ImpossibleCadence as error:
        raise CatalogError(f"the schedule '{name}': {error}") from error
    return cadence
