"""What the lists of the API share: how they are filtered and cut into pages."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

M = TypeVar("M", bound=Model)
_TRUE_OR_FALSE = {"is_task", "insync"}


class Pages(LimitOffsetPagination):
    """Fifty at a time, or as many as the caller can want and the server can bear."""

    max_limit = 500


def filtered(rows: QuerySet[M], request: Request, columns: Mapping[str, str]) -> QuerySet[M]:
    """Return the rows that the query leaves; a filter takes several values, separated by commas.

    Args:
        columns: by the filter's name.
    """
    for name, column in columns.items():
        if value := request.query_params.get(name):
            rows = rows.filter(**{f"{column}__in": _values(name, value)})
    return rows


def parameters(columns: Mapping[str, str]) -> list[OpenApiParameter]:
    """Return the filters as the API's description has them."""
    return [OpenApiParameter(name, OpenApiTypes.STR) for name in columns]


def _values(name: str, value: str) -> list[Any]:
    # No row holds a NUL, and PostgreSQL refuses to be asked for one.
    values = [part.strip() for part in value.split(",") if "\0" not in part]
    return [part.lower() == "true" for part in values] if name in _TRUE_OR_FALSE else values
