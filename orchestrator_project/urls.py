"""Every address of the site: the admin, the console, and the API."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from orchestrator_project.health import healthy

# The page of the API's documentation styles its parts as it builds them, and draws from data.
_documentation = csp_update({"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]})(
    SpectacularSwaggerSplitView.as_view(url_name="schema")
)

urlpatterns = [
    path("api/", include("callbacks_app.urls")),
    path("api/", include("callbacks_app.api.urls")),
    path("api/", include("workflows_app.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", _documentation, name="docs"),
    path("healthz", healthy),
    path("", include("callbacks_app.mistral_urls")),
    path("", RedirectView.as_view(pattern_name="workflows:home")),
    path("admin/", include("workflows_app.console.urls")),
    path("admin/", include("callbacks_app.console.urls")),
    path("admin/", admin.site.urls),
]
