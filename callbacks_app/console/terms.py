"""What a step's author has settled about its callback, in words."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from callbacks_app.options import CallbackOptions
from workflows_app.console.moments import span


def terms(options: Any) -> list[str]:
    """Return what is settled, as notes; none if these are not the options of a callback."""
    if not isinstance(options, CallbackOptions):
        return []
    notes = [
        _with(options.timeout_span(), _("answered within %(span)s")) or _("answered at any time"),
        _with(options.heartbeat_span(), _("never silent for more than %(span)s")),
        _with(options.extend_span(), _("the remote system may ask for %(span)s more")),
        _ON_TIMEOUT[options.on_timeout]() if options.timeout_span() else "",
        _("asked again after a failure that may pass") if options.retry else "",
        _signed(options.signature),
    ]
    if options.payload_model:
        notes.append(_("a result fits %(model)s") % {"model": options.payload_model.__name__})
    return [note for note in notes if note]


_ON_TIMEOUT = {
    "fail": lambda: _("fails when nobody answers"),
    "retry": lambda: _("asked again when nobody answers"),
    "continue": lambda: _("goes on with a default when nobody answers"),
}


def _signed(sender: str) -> str:
    return _("signed by %(sender)s") % {"sender": sender} if sender else ""


def _with(length: timedelta | None, text: str) -> str:
    return text % {"span": span(length)} if length is not None else ""
