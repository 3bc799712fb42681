"""Every address of the site: the admin, the console, and the API."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from orchestrator_project.health import healthy

urlpatterns = [
    path("api/", include("callbacks_app.urls")),
    path("api/", include("callbacks_app.api.urls")),
    path("api/", include("workflows_app.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("healthz", healthy),
    path("", include("callbacks_app.mistral_urls")),
    path("", RedirectView.as_view(pattern_name="workflows:processes")),
    path("admin/", include("workflows_app.console.urls")),
    path("admin/", include("callbacks_app.console.urls")),
    path("admin/", admin.site.urls),
]
