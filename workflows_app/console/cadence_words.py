"""When a schedule is due, as people say it."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeAlias

from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _, ngettext

from workflows_app.cadence import Cadence, Cron, Every, Once
from workflows_app.console.moments import span

_Saying: TypeAlias = Callable[[Sequence[str]], str]
_DAYS = {name: at for at, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}


def in_words(cadence: Cadence) -> str:
    """Say when it is due."""
    match cadence:
        case Once(at):
            moment = f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
            return _("once, at %(moment)s") % {"moment": moment}
        case Every(interval):
            return _every(interval)
        case Cron(expression, time_zone):
            text = _cron(expression)
            return _("%(when)s, %(time_zone)s") % {"when": text, "time_zone": time_zone}


def _every(interval: timedelta) -> str:
    days, seconds = interval.days, interval.seconds
    if not seconds and days % 7 == 0:
        weeks = days // 7
        return ngettext("every week", "every %(count)s weeks", weeks) % {"count": weeks}
    if not seconds:
        return ngettext("every day", "every %(count)s days", days) % {"count": days}
    if not days and seconds % 3600 == 0:
        hours = seconds // 3600
        return ngettext("every hour", "every %(count)s hours", hours) % {"count": hours}
    if not days and seconds < 3600 and seconds % 60 == 0:
        minutes = seconds // 60
        return ngettext("every minute", "every %(count)s minutes", minutes) % {"count": minutes}
    return _("every %(span)s") % {"span": span(interval)}


def _cron(expression: str) -> str:
    fields = " ".join(expression.upper().split())
    for pattern, say in _SAYINGS:
        if found := re.fullmatch(pattern, fields):
            return say(found.groups())
    return _("cron %(expression)s") % {"expression": expression}


def _clock(minute: str, hour: str) -> str:
    return f"{int(hour):02}:{int(minute):02}"


def _weekday(text: str) -> str:
    number = _DAYS[text] if text in _DAYS else int(text)
    return str(WEEKDAYS[(number - 1) % 7])


def _minutes(parts: Sequence[str]) -> str:
    return _every(timedelta(minutes=int(parts[0])))


def _hourly(parts: Sequence[str]) -> str:
    minute = int(parts[0])
    if not minute:
        return _("every hour, on the hour")
    return _("every hour, at minute %(minute)s") % {"minute": f"{minute:02}"}


def _hours(parts: Sequence[str]) -> str:
    count = int(parts[1])
    text = ngettext(
        "every hour, at minute %(minute)s",
        "every %(count)s hours of the day, at minute %(minute)s",
        count,
    )
    return text % {"count": count, "minute": f"{int(parts[0]):02}"}


def _daily(parts: Sequence[str]) -> str:
    return _("every day at %(time)s") % {"time": _clock(*parts)}


def _on_workdays(parts: Sequence[str]) -> str:
    return _("Monday to Friday at %(time)s") % {"time": _clock(*parts)}


def _weekly(parts: Sequence[str]) -> str:
    minute, hour, day = parts
    return _("every %(weekday)s at %(time)s") % {
        "weekday": _weekday(day),
        "time": _clock(minute, hour),
    }


def _monthly(parts: Sequence[str]) -> str:
    minute, hour, day = parts
    return _("every month on day %(day)s at %(time)s") % {
        "day": int(day),
        "time": _clock(minute, hour),
    }


_N = r"(\d{1,2})"
_SAYINGS: Sequence[tuple[str, _Saying]] = (
    (r"\* \* \* \* \*", lambda _parts: _every(timedelta(minutes=1))),
    (r"\*/([1-6]|10|12|15|20|30) \* \* \* \*", _minutes),
    (rf"{_N} \* \* \* \*", _hourly),
    (rf"{_N} \*/{_N} \* \* \*", _hours),
    (rf"{_N} {_N} \* \* \*", _daily),
    (rf"{_N} {_N} \* \* (?:1-5|MON-FRI)", _on_workdays),
    (rf"{_N} {_N} \* \* ([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)", _weekly),
    (rf"{_N} {_N} {_N} \* \*", _monthly),
)
