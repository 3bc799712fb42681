"""The addresses of Mistral's API, in the spelling of its document and in that of its server."""

from django.urls import path

from callbacks_app import mistral_views

app_name = "mistral"
_DOCUMENT = "v2/action-executions/<str:identity>"
_SERVER = "v2/action_executions/<str:identity>"
_BASE = "api/mistral/<str:token>"  # ``Mistral-Callback-URL``.

urlpatterns = [
    path(f"{_BASE}/{_DOCUMENT}", mistral_views.OfToken.as_view(), name="of-token"),
    path(f"{_BASE}/{_SERVER}", mistral_views.OfToken.as_view(schema=None)),
    path(_DOCUMENT, mistral_views.OfSite.as_view(), name="of-site"),
    path(_SERVER, mistral_views.OfSite.as_view(schema=None)),
]
