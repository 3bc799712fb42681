"""The addresses of the API."""

from django.urls import path

from workflows_app.api import views

app_name = "api"

urlpatterns = [
    path("processes/", views.Processes.as_view(), name="processes"),
    path("processes/<uuid:process_id>", views.ProcessDetail.as_view(), name="process"),
    path("processes/<uuid:process_id>/resume", views.Resume.as_view(), name="resume"),
    path("processes/<uuid:process_id>/abort", views.Abort.as_view(), name="abort"),
    path("processes/<str:workflow_name>", views.StartProcess.as_view(), name="start"),
    path("engine", views.Engine.as_view(), name="engine"),
]
