"""The addresses of callbacks for people and their programs."""

from django.urls import path

from callbacks_app.api import views

app_name = "callback_api"
_ONE = "callbacks/<str:callback_id>"

urlpatterns = [
    path("callbacks/", views.Callbacks.as_view(), name="callbacks"),
    path(_ONE, views.CallbackDetail.as_view(), name="callback"),
    path(f"{_ONE}/complete", views.Complete.as_view(), name="complete"),
    path(f"{_ONE}/fail", views.Fail.as_view(), name="fail"),
    path(f"{_ONE}/cancel", views.Cancel.as_view(), name="cancel"),
    path(f"{_ONE}/extend", views.Extend.as_view(), name="extend"),
    path(f"{_ONE}/reveal", views.Reveal.as_view(), name="reveal"),
    path(f"{_ONE}/adopt", views.Adopt.as_view(), name="adopt"),
]
