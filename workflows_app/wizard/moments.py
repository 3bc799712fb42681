"""The fields for moments, which an operator reads and writes in the site's time zone."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app.wizard.fields import InputField
from workflows_app.wizard.hints import join


class MomentField(InputField):
    """A date and a time in the site's time zone; as JSON in ISO 8601, with its offset."""

    def make_widget(self) -> forms.Widget:
        return forms.TextInput({"type": "datetime-local", "step": 1})

    def hint(self) -> str:
        zone = timezone.get_current_timezone_name()
        return join(self.prop.help, _("Time zone: %(zone)s.") % {"zone": zone})

    def said(self, value: Any) -> list[str]:
        if value is None:
            return []
        shown = str(self.prepare_value(value)).replace("T", " ")
        return [f"{shown} {timezone.get_current_timezone_name()}"]

    def parse(self, raw: str) -> Any:
        try:
            return self.to_json(_aware(datetime.fromisoformat(raw)))
        except (ValueError, OverflowError):
            return raw

    def prepare_value(self, value: Any) -> Any:
        try:
            local = timezone.localtime(_aware(self.from_json(value))).replace(tzinfo=None)
        except (ValueError, TypeError, OverflowError, OSError):
            return "" if value is None else value
        return local.isoformat(timespec="seconds")

    def to_json(self, moment: datetime) -> Any:
        return moment.isoformat()

    def from_json(self, value: Any) -> datetime:
        return datetime.fromisoformat(value)


class TimestampField(MomentField):
    """A moment whose JSON is the number of seconds since 1970; without time its first second."""

    def make_widget(self) -> forms.Widget:
        attrs = {name: self.prepare_value(self.prop.extra.get(name)) for name in ("min", "max")}
        attrs = {name: value for name, value in attrs.items() if value}
        if self.shows_time():
            return forms.TextInput({**attrs, "type": "datetime-local", "step": 1})
        return forms.TextInput({**attrs, "type": "date"})

    def shows_time(self) -> bool:
        return self.prop.extra.get("showTimeSelect") is not False

    def prepare_value(self, value: Any) -> Any:
        shown = super().prepare_value(value)
        return shown if self.shows_time() or not isinstance(shown, str) else shown.partition("T")[0]

    def to_json(self, moment: datetime) -> Any:
        return int(moment.timestamp())

    def from_json(self, value: Any) -> datetime:
        return datetime.fromtimestamp(value, tz=timezone.get_current_timezone())


def _aware(moment: datetime) -> datetime:
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
