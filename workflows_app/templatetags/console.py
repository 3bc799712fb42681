"""What the console's templates need beside plain values."""

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflows_app.console import deeds, values
from workflows_app.console.moments import Moment
from workflows_app.console.sentences import rounded
from workflows_app.console.step_names import spoken
from workflows_app.console.terminal import Output, one_line, reported, taken_apart
from workflows_app.console.values import Shown, pretty
from workflows_app.json_values import JSON
from workflows_app.localized import localized
from workflows_app.masking import masked
from workflows_app.models import EngineSettings

register = template.Library()


@dataclass(frozen=True, slots=True)
class Progress:
    """What a remote system reported, taken apart for the panel."""

    percent: str = ""
    message: str = ""
    output: Output | None = None
    text: str = ""


@register.simple_tag
def moment(value: Moment) -> SafeString:
    """Show a span that the page keeps counting, with the exact instant on hover."""
    return _time(value.at, value.text, "until" if value.ahead else "since")


@register.simple_tag
def since(at: datetime) -> SafeString:
    """Show how long ago ``at`` was."""
    return moment(Moment(at, timezone.now()))


@register.simple_tag
def until(at: datetime) -> SafeString:
    """Show how long it is until ``at``."""
    return moment(Moment(at, timezone.now(), ahead=True))


@register.simple_tag
def clock(at: datetime) -> SafeString:
    """Show the time of day; with its date, unless it is today's."""
    local, today = timezone.localtime(at), timezone.localdate()
    text = f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
    return _time(at, text, "")


@register.filter
def progress(value: JSON) -> Progress:
    """Take apart what a remote system reported: a percentage, a message, output, and the rest."""
    value = masked(value)
    output, rest = reported(value), None
    if output is None:
        output, rest = taken_apart(value)
    if not isinstance(rest, dict):
        return Progress(output=output, text="" if rest is None else pretty(rest))
    percent, message = rest.get("percent"), rest.get("message") or ""
    told = {key: item for key, item in rest.items() if item not in (None, "", [], {})}
    left = {key: item for key, item in told.items() if key not in ("percent", "message")}
    shown = "" if percent is None else rounded(percent)
    return Progress(shown, one_line(str(message)), output, text=pretty(left) if left else "")


@register.filter
def deed(action: str) -> str:
    """Show what the action log says was done."""
    return deeds.deed(action)


@register.filter
def shown(value: JSON) -> Shown:
    """Return a value as a page shows it."""
    return values.shown(value)


@register.filter
def path(value: str) -> str:
    """Show a step's path: its groups, then its name."""
    return spoken(value)


register.filter(localized)


@register.simple_tag
def engine_pause() -> EngineSettings | None:
    """Return who paused the engine and why, if it is paused."""
    return EngineSettings.objects.filter(global_lock=True).first()


def _time(at: datetime, text: str, count: str) -> SafeString:
    iso = timezone.localtime(at).isoformat(timespec="seconds")
    return format_html(
        '<time datetime="{}" title="{}" data-count="{}">{}</time>', iso, iso, count, text
    )
