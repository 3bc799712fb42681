"""All that is known of a process as one JSON document, as the page and the API show it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from callbacks_app.api.serializers import CallbackSerializer
from callbacks_app.models import CallbackToken
from workflows_app.api.serializers import ProcessDetailSerializer, ProcessEventSerializer
from workflows_app.api.views import described
from workflows_app.console.pages import console_view
from workflows_app.engine.loading import unlocked


@console_view
@require_GET
def export(request: HttpRequest, *, process_id: UUID) -> HttpResponse:
    """Return the process with its definition, steps, state, action log and callbacks, as a file."""
    process = described(unlocked(process_id), request.user)
    events = process.events.order_by("at", "pk")
    callbacks = CallbackToken.objects.filter(process=process).order_by("pk")
    callbacks = callbacks.select_related("process__workflow").defer("nonce", "key_id")
    document = {
        **ProcessDetailSerializer(process).data,
        "events": ProcessEventSerializer(events, many=True).data,
        "callbacks": CallbackSerializer(callbacks, many=True).data,
    }
    name = f"{process.workflow.name}-{process.pk}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return JsonResponse(document, json_dumps_params={"indent": 2}, headers=headers)
