"""What the action log says was done, in the reader's language. What it stores is in English."""

from django.utils.translation import gettext as _, gettext_noop as marked

DEEDS = (
    marked("aborted"),
    marked("definition changed"),
    marked("deleted"),
    marked("engine paused"),
    marked("engine unpaused"),
    marked("lock taken over"),
    marked("note changed"),
    marked("resumed"),
    marked("retried"),
    marked("schedule changed"),
    marked("schedule deleted"),
    marked("schedule paused"),
    marked("schedule refused"),
    marked("schedule set up"),
    marked("schedule unpaused"),
    marked("set in sync"),
    marked("skipped"),
    marked("started"),
    marked("rejected"),
    marked("state edited"),
    marked("subscriptions released"),
    marked("tasks cleaned up"),
    marked("webhook added"),
    marked("webhook deleted"),
    marked("webhook secret changed"),
)


def deed(action: str) -> str:
    """Return the action in the reader's language; one that nobody has marked as it is."""
    return _(action) if action else ""
