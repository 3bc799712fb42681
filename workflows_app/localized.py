"""What the authors of workflows call things, in the reader's language."""

from django.utils.translation import gettext


def marked(text: str) -> str:
    """Return the text as it is, and have it gathered for translation; no settings are needed."""
    return text


def localized(text: str) -> str:
    """Return an author's text as the catalogues of the installed apps have it, or as it is.

    Workflows, steps and forms are named once, in code, and stored as they are named there. An app
    with a ``locale`` folder has its names translated wherever they are shown.

    >>> localized("Configure the port"), localized("")
    ('Configure the port', '')
    """
    return gettext(text) if text else ""  # The translation of no text is a catalogue's header.
