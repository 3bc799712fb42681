"""What was typed, as the JSON that it may be."""

import json
import math
from contextlib import suppress
from typing import Any, NoReturn

from django.http import QueryDict
from django.utils.translation import gettext as _

MOST_ROWS = 500  # More than a browser may post fields for.


class NotJSONText(str):
    """Text in an input for JSON that is none."""

    reason = ""


def json_of(typed: str) -> Any:
    """Return the JSON that the text is, or the text with the reason why it is none."""
    try:
        return json.loads(typed, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        wrong = NotJSONText(typed.replace("\r\n", "\n"))
        wrong.reason = _("This is not JSON: %(error)s") % {"error": error}
        return wrong


def number(typed: str) -> Any:
    """Return the number that the text is, or the text."""
    with suppress(ValueError):
        return int(typed)
    with suppress(ValueError):
        value = float(typed)
        return value if math.isfinite(value) else typed
    return typed


def posted_count(post: QueryDict, name: str) -> int:
    """Return how many rows a page says it has."""
    with suppress(ValueError):
        return min(int(post.get(name, 0)), MOST_ROWS)
    return 0


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")
