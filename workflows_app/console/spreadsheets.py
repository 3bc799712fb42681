"""Rows as a CSV file that is sent while it is read, and that no spreadsheet takes for a program."""

import csv
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils import timezone

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def csv_file(rows: Iterable[Iterable[str]], *, name: str) -> StreamingHttpResponse:
    """Return the rows, the first of them with the columns' names, as a file of today's date."""
    return StreamingHttpResponse(
        _written(rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{timezone.localdate()}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _written(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([_harmless(cell) for cell in row])


def _harmless(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula.

    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
