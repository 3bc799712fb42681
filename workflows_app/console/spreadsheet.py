"""Rows as CSV that a spreadsheet opens and does not execute, written while they are read."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse
from django.utils import timezone

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # What a spreadsheet would execute.


def download(name: str, rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return the rows, of which the first names the columns, as a file to download."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{timezone.localdate()}.csv"',
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(
        _written(rows), content_type="text/csv; charset=utf-8", headers=headers
    )


def _written(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    return (writer.writerow(map(_harmless, row)) for row in rows)


def _harmless(cell: object) -> str:
    """Return the cell so that no spreadsheet takes it for a formula.

    Source: OWASP, CSV Injection.
    """
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text
