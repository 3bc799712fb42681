"""The form of a schedule's name and times, and what its hidden field carries: the inputs."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django import forms
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from workflows_app.cadence import Cadence, Cron, Every, Once, upcoming
from workflows_app.console.pages import sentence
from workflows_app.errors import ImpossibleCadence
from workflows_app.json_values import JSONObject
from workflows_app.models import Schedule
from workflows_app.models.schedule import Kind
from workflows_app.schedules.editing import LONGEST_NAME
from workflows_app.sealing import seal, unseal

SHOWN = 5  # The next times that a preview shows.
UNITS = {
    "minutes": (60, gettext_lazy("minutes")),
    "hours": (3600, gettext_lazy("hours")),
    "days": (86400, gettext_lazy("days")),
    "weeks": (604800, gettext_lazy("weeks")),
}
CHOICES = [(name, label) for name, (_seconds, label) in UNITS.items()]
_MOST = 1_000_000  # Of a unit; what is impossible is said by the cadence.
_DAY = 86400


class ScheduleForm(forms.Form):
    """What people fill in; ``cadence`` is what it means."""

    name = forms.CharField(max_length=LONGEST_NAME)
    kind = forms.ChoiceField(choices=Kind.choices)
    at = forms.DateTimeField(required=False)
    amount = forms.IntegerField(required=False, min_value=1, max_value=_MOST)
    unit = forms.ChoiceField(required=False, choices=CHOICES)
    first = forms.DateTimeField(required=False)
    cron = forms.CharField(required=False, max_length=100)
    time_zone = forms.CharField(required=False, max_length=64)
    reason = forms.CharField(required=False, max_length=500)

    cadence: Cadence | None = None
    known: Cadence | None = None  # What the schedule has now: it may be in the past.

    def clean(self) -> dict[str, Any]:
        """Find out what the times mean."""
        given = super().clean() or {}
        kind = given.get("kind", "")
        if kind and not self.errors.keys() & _FIELDS[kind]:
            try:
                self.cadence = self._checked(_READERS[kind](given))
            except ImpossibleCadence as error:
                self.add_error(_FIELDS[kind][0], sentence(error))
        return given

    def _checked(self, cadence: Cadence) -> Cadence:
        cadence.check()
        if cadence != self.known and cadence.after(timezone.now()) is None:
            raise ImpossibleCadence(_("that time has passed"))
        return cadence

    @property
    def times(self) -> list[datetime]:
        """The next times."""
        times = upcoming(self.cadence, timezone.now()) if self.cadence else iter(())
        return list(islice(times, SHOWN))

    @property
    def trouble(self) -> str:
        """What is wrong with the times."""
        chosen = _FIELDS.get(self.data.get("kind", ""), [])
        found = [str(text) for name in chosen for text in self.errors.get(name, ())]
        return found[0] if found else ""


def filled(schedule: Schedule) -> dict[str, Any]:
    """Return what the form shows of a schedule."""
    shown: dict[str, Any] = {"name": schedule.name, "kind": schedule.kind, "cron": schedule.cron}
    shown["time_zone"] = schedule.time_zone or timezone.get_current_timezone_name()
    match schedule.cadence:
        case Once(at):
            shown["at"] = typed(at)
        case Every(interval, first):
            seconds = int(interval.total_seconds())
            unit = next(name for name in reversed(UNITS) if seconds % UNITS[name][0] == 0)
            shown |= {"amount": seconds // UNITS[unit][0], "unit": unit, "first": typed(first)}
    return shown


def typed(moment: datetime) -> str:
    """Return a moment as a browser's field has it."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M:%S}"


def enclosed(inputs: list[JSONObject], key: str) -> str:
    """Return what a hidden field carries from one page to the next."""
    return seal(signing.dumps(inputs, salt=key, compress=True))


def disclosed(token: str, key: str) -> list[JSONObject]:
    """Return the inputs.

    Raises:
        SealBroken, signing.BadSignature: they are somebody else's, or of another day.
    """
    inputs: list[JSONObject] = signing.loads(unseal(token), salt=key, max_age=_DAY)
    return inputs


def _once(given: dict[str, Any]) -> Once:
    if not given.get("at"):
        raise ImpossibleCadence(_("give the time"))
    return Once(given["at"])


def _every(given: dict[str, Any]) -> Every:
    if not given.get("amount"):
        raise ImpossibleCadence(_("give the interval"))
    seconds, _name = UNITS[given.get("unit") or "hours"]
    first = given.get("first") or timezone.now().replace(microsecond=0)
    return Every(timedelta(seconds=seconds * given["amount"]), first)


def _cron(given: dict[str, Any]) -> Cron:
    zone = given.get("time_zone") or timezone.get_current_timezone_name()
    return Cron(" ".join(given.get("cron", "").split()), zone)


_READERS: Mapping[str, Callable[[dict[str, Any]], Cadence]] = {
    Kind.ONCE.value: _once,
    Kind.EVERY.value: _every,
    Kind.CRON.value: _cron,
}
_FIELDS = {
    Kind.ONCE.value: ["at"],
    Kind.EVERY.value: ["amount", "unit", "first"],
    Kind.CRON.value: ["cron", "time_zone"],
}
