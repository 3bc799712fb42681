"""Whether the site is well."""

from datetime import timedelta

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from workflows_app.models import Worker
from workflows_app.models.engine import SILENT_SECONDS


def healthy(_request: HttpRequest) -> JsonResponse:
    """Answer 200 with the number of live workers, or 503 if the database does not answer."""
    try:
        workers = Worker.objects.filter(
            seen_at__gt=timezone.now() - timedelta(seconds=SILENT_SECONDS)
        ).count()
    except Error:
        connection.close()
        return JsonResponse({"database": "unavailable"}, status=503)
    return JsonResponse({"database": "ok", "workers": workers})
