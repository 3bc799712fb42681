"""What pydantic says is wrong with an input, in the reader's language.

Pydantic says it in English, with its facts already in the sentence; so a sentence is recognised,
and its facts are put into the translation. One that is not known stays as it is.
"""

import re

from django.utils.translation import gettext as _, gettext_noop as marked

_VERDICTS = (  # The more exact ones first.
    marked("Field required"),
    marked("Extra inputs are not permitted"),
    marked("Input should be a valid string"),
    marked("String should have at least %(least)s character"),
    marked("String should have at least %(least)s characters"),
    marked("String should have at most %(most)s character"),
    marked("String should have at most %(most)s characters"),
    marked("String should match pattern '%(pattern)s'"),
    marked("Input should be a valid integer, unable to parse string as an integer"),
    marked("Input should be a valid integer, got a number with a fractional part"),
    marked("Input should be a valid integer"),
    marked("Input should be a valid number, unable to parse string as a number"),
    marked("Input should be a valid number"),
    marked("Input should be a finite number"),
    marked("Input should be a valid decimal"),
    marked("Input should be greater than or equal to %(least)s"),
    marked("Input should be greater than %(limit)s"),
    marked("Input should be less than or equal to %(most)s"),
    marked("Input should be less than %(limit)s"),
    marked("Input should be a multiple of %(step)s"),
    marked("Decimal input should have no more than %(most)s digits in total"),
    marked("Decimal input should have no more than %(most)s decimal places"),
    marked("Input should be a valid boolean, unable to interpret input"),
    marked("Input should be a valid boolean"),
    marked("Input should be a valid list"),
    marked("Input should be a valid dictionary"),
    marked("List should have at least %(least)s items after validation, not %(actual)s"),
    marked("List should have at least %(least)s item after validation, not %(actual)s"),
    marked("List should have at most %(most)s items after validation, not %(actual)s"),
    marked("List should have at most %(most)s item after validation, not %(actual)s"),
    marked("Input should be a valid date or datetime, %(why)s"),
    marked("Input should be a valid date in the format YYYY-MM-DD, %(why)s"),
    marked("Input should be a valid datetime, %(why)s"),
    marked("Input should be a valid datetime or date, %(why)s"),
    marked("Input should be in a valid time format, %(why)s"),
    marked("Input should be a valid timedelta, %(why)s"),
    marked("Date should be in the future"),
    marked("Date should be in the past"),
    marked("Input should be a valid UUID, %(why)s"),
    marked("Input should be a valid URL, %(why)s"),
    marked("URL scheme should be %(schemes)s"),
    marked("Input is not a valid IPv4 address"),
    marked("Input is not a valid IPv6 address"),
    marked("Input is not a valid IPv4 network"),
    marked("Input is not a valid IPv6 network"),
    marked("value is not a valid IPv4 or IPv6 address"),
    marked("value is not a valid IPv4 or IPv6 network"),
    marked("value is not a valid email address: %(why)s"),
    marked("Items must be unique"),
    marked("Input should be %(expected)s"),
)


def _recognised(text: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", text)
    pattern = [_fact(part) if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(pattern), re.DOTALL)


def _fact(name: str) -> str:
    """Return what a fact looks like; what was expected is a value, not a part of a sentence."""
    return f"(?P<{name}>{'[^A-Za-z].*' if name == 'expected' else '.+'})"


_PATTERNS = [(text, _recognised(text)) for text in _VERDICTS]


def in_words(message: str) -> str:
    """Return what is wrong as the reader reads it.

    >>> in_words("Input should be less than 5")
    'Input should be less than 5'
    """
    for text, pattern in _PATTERNS:
        if found := pattern.fullmatch(message):
            return _(text) % found.groupdict() if found.groupdict() else _(text)
    return message
