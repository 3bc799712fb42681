"""When a schedule is due: once, after every interval, or as a cron expression says.

Note [Summer time]
~~~~~~~~~~~~~~~~~~
An interval is elapsed time: "every 24 hours" moves by an hour on the clock when summer time
begins. A cron expression is the clock of its time zone: a time that the clock leaps over is due
right after the leap, and a time that it shows twice is due the first time only. Where the
expression leaves the hour or the minute open ("every 30 minutes"), both times count. So does
Debian's cron.

Source: cron(8) of Debian, "Notes on daylight saving time".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _, gettext_noop as marked

from workflows_app.errors import ImpossibleCadence

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=366)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_FAULTS = {
    "Bad minute": marked("the minute of the cron expression is wrong"),
    "Bad hour": marked("the hour of the cron expression is wrong"),
    "Bad day-of-month": marked("the day of the month of the cron expression is wrong"),
    "Bad month": marked("the month of the cron expression is wrong"),
    "Bad day-of-week": marked("the day of the week of the cron expression is wrong"),
    "": marked("the cron expression is wrong"),
}
MOST_COUNTED = 1000  # Times that were missed; nobody needs to know how many more.


@dataclass(frozen=True, slots=True)
class Once:
    """At one moment."""

    at: datetime

    def check(self) -> None:
        """Raise ImpossibleCadence if that cannot be."""
        _check_moment(self.at)

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after ``moment``, or None if there is none."""
        return self.at if self.at > moment else None


@dataclass(frozen=True, slots=True)
class Every:
    """At ``first``, and again after every ``interval``."""

    interval: timedelta
    first: datetime

    def check(self) -> None:
        """Raise ImpossibleCadence if that cannot be."""
        _check_moment(self.first)
        if not SHORTEST <= self.interval <= LONGEST:
            raise ImpossibleCadence(_("an interval is between 1 minute and 366 days"))

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after ``moment``."""
        first = self.first.astimezone(UTC)  # In another zone, a day would be a day of its clock.
        if moment < first:
            return first
        return first + self.interval * ((moment - first) // self.interval + 1)


@dataclass(frozen=True, slots=True)
class Cron:
    """When the clock of ``time_zone`` fits ``expression``. See Note [Summer time]."""

    expression: str
    time_zone: str

    def check(self) -> None:
        """Raise ImpossibleCadence if that cannot be."""
        if self.time_zone not in available_timezones():
            text = _("there is no time zone '%(name)s'")
            raise ImpossibleCadence(text % {"name": self.time_zone[:60]})
        if len(self.expression.split()) != 5:
            raise ImpossibleCadence(
                _(
                    "a cron expression has five fields: minute, hour, day of the month, month, "
                    "day of the week"
                )
            )
        try:
            CronSim(self.expression, EARLIEST)
        except CronSimError as error:
            text = _FAULTS.get(str(error), _FAULTS[""])
            raise ImpossibleCadence(_(text)) from error
        if self.after(EARLIEST) is None:
            raise ImpossibleCadence(_("the cron expression fits no day"))

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after ``moment``, or None if there is none."""
        # In the hour that the clock shows twice, the expression may yield what has been.
        for found in CronSim(self.expression, moment.astimezone(ZoneInfo(self.time_zone))):
            if (at := found.astimezone(UTC)) > moment:
                return at
        return None


Cadence: TypeAlias = Once | Every | Cron


def upcoming(cadence: Cadence, moment: datetime) -> Iterator[datetime]:
    """Yield the times after ``moment``, in order."""
    while (following := cadence.after(moment)) is not None:
        yield following
        moment = following


def missed(cadence: Cadence, due: datetime, now: datetime) -> int:
    """Count the times after ``due`` up to ``now``; no further than ``MOST_COUNTED``."""
    return sum(1 for at in islice(upcoming(cadence, due), MOST_COUNTED) if at <= now)


def _check_moment(moment: datetime) -> None:
    if not EARLIEST <= moment < LATEST:
        raise ImpossibleCadence(_("a time is in the years 2000 to 2199"))
