"""The addresses of the API."""

from django.urls import path

from workflows_app.api import notifications, processes, schedules, subscriptions, views

app_name = "api"

urlpatterns = [
    path("processes/", processes.Processes.as_view(), name="processes"),
    path("processes/retry/", processes.RetryMany.as_view(), name="retry_many"),
    path("processes/abort/", processes.AbortMany.as_view(), name="abort_many"),
    path("processes/resume/", processes.ResumeMany.as_view(), name="resume_many"),
    path("processes/<uuid:process_id>", views.ProcessDetail.as_view(), name="process"),
    path("processes/<uuid:process_id>/resume", views.Resume.as_view(), name="resume"),
    path("processes/<uuid:process_id>/reject", views.Reject.as_view(), name="reject"),
    path("processes/<uuid:process_id>/abort", views.Abort.as_view(), name="abort"),
    path("processes/<str:workflow_name>", views.StartProcess.as_view(), name="start"),
    path("products/", subscriptions.Products.as_view(), name="products"),
    path("subscriptions/", subscriptions.Subscriptions.as_view(), name="subscriptions"),
    path(
        "subscriptions/<uuid:subscription_id>",
        subscriptions.SubscriptionDetail.as_view(),
        name="subscription",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/workflows",
        subscriptions.SubscriptionWorkflows.as_view(),
        name="subscription_workflows",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/set_in_sync",
        subscriptions.SetInSync.as_view(),
        name="set_in_sync",
    ),
    path("schedules/", schedules.Schedules.as_view(), name="schedules"),
    path("schedules/<uuid:schedule_id>", schedules.ScheduleDetail.as_view(), name="schedule"),
    path(
        "schedules/<uuid:schedule_id>/pause",
        schedules.PauseSchedule.as_view(),
        name="schedule_pause",
    ),
    path(
        "schedules/<uuid:schedule_id>/unpause",
        schedules.UnpauseSchedule.as_view(),
        name="schedule_unpause",
    ),
    path("schedules/<uuid:schedule_id>/run", schedules.RunSchedule.as_view(), name="schedule_run"),
    path("notifications/choices", notifications.Choices.as_view(), name="choices"),
    path("notifications/choices/<str:kind>", notifications.Choice.as_view(), name="choice"),
    path("notifications/webhooks", notifications.Webhooks.as_view(), name="webhooks"),
    path(
        "notifications/webhooks/<int:endpoint_id>",
        notifications.Webhook.as_view(),
        name="webhook",
    ),
    path(
        "notifications/webhooks/<int:endpoint_id>/secret",
        notifications.WebhookSecret.as_view(),
        name="webhook_secret",
    ),
    path(
        "notifications/webhooks/<int:endpoint_id>/test",
        notifications.WebhookTest.as_view(),
        name="webhook_test",
    ),
    path("engine", views.Engine.as_view(), name="engine"),
]
