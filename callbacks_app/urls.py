"""The addresses that remote systems call."""

from django.urls import path

from callbacks_app import views

app_name = "callbacks"
_ROUTE = "processes/<str:process_id>/callback/<str:token>"

urlpatterns = [
    path(_ROUTE, views.Receive.as_view(), name="receive"),
    path(f"{_ROUTE}/progress", views.Progress.as_view(), name="progress"),
    path(f"{_ROUTE}/heartbeat", views.Beat.as_view(), name="heartbeat"),
    path(f"{_ROUTE}/failure", views.Fail.as_view(), name="failure"),
    path(f"{_ROUTE}/openapi.json", views.Contract.as_view(), name="contract"),
]
