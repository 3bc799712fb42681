"""The console's addresses, inside the admin site's."""

from django.urls import path

from workflows_app.console import (
    action_log,
    actions,
    badge,
    export,
    home,
    machinery,
    many,
    notices,
    notifications,
    outputs,
    preferences,
    process_page,
    processes,
    product_page,
    products,
    related,
    saved,
    schedule_acts,
    schedules,
    scheduling,
    starting,
    subscription_page,
    subscriptions,
    webhook_endpoints,
    workflow_page,
    workflows,
)
from workflows_app.console.consequences import WORDS

app_name = "workflows"
urlpatterns = [
    path("preferences/", preferences.preferences, name="preferences"),
    path("home/", home.home, name="home"),
    path("home/live/", home.live, name="home_live"),
    path("needs-you/", badge.needs_you, name="needs_you"),
    path("processes/", processes.processes, name="processes"),
    path("processes/rows/", processes.rows, name="rows"),
    path("processes/csv/", export.csv, name="processes_csv"),
    path("processes/filters/", saved.save, name="save_filter"),
    path("processes/filters/<int:filter_id>/delete/", saved.delete, name="delete_filter"),
    path("processes/many/", many.preview, name="many"),
    path("processes/many/do/", many.act, name="many_do"),
    path("processes/many/<uuid:act_id>/", many.done, name="many_done"),
    path("processes/<uuid:process_id>/", process_page.process, name="process"),
    path("processes/<uuid:process_id>/live/", process_page.live, name="live"),
    path("processes/<uuid:process_id>/output/<int:position>/", outputs.output, name="output"),
    path("processes/<uuid:process_id>/related/", related.related, name="related"),
    path("processes/<uuid:process_id>/form/", process_page.form, name="form"),
    *(
        path(
            f"processes/<uuid:process_id>/{action}/",
            actions.act,
            {"action": action},
            name=action,
        )
        for action in WORDS
    ),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path(
        "subscriptions/<uuid:subscription_id>/",
        subscription_page.subscription,
        name="subscription",
    ),
    path("subscriptions/rows/", subscriptions.subscription_rows, name="subscription_rows"),
    path("subscriptions/csv/", subscriptions.subscriptions_csv, name="subscriptions_csv"),
    path(
        "subscriptions/<uuid:subscription_id>/live/",
        subscription_page.subscription_live,
        name="subscription_live",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/set-in-sync/",
        subscription_page.set_in_sync,
        name="set_in_sync",
    ),
    path("products/", products.products, name="products"),
    path("products/<uuid:product_id>/", product_page.product, name="product"),
    path("start/", starting.startable, name="startable"),
    path("start/<str:workflow_name>/", starting.start, name="start"),
    path("notices/", notices.notices, name="notices"),
    path("notices/bell/", notices.bell, name="bell"),
    path("notices/read/", notices.read, name="read_notices"),
    path("notices/<int:notice_id>/", notices.notice, name="notice"),
    path("notifications/", notifications.notifications, name="notifications"),
    path(
        "notifications/deliveries/<int:delivery_id>/again/",
        webhook_endpoints.try_again,
        name="deliver_again",
    ),
    path("notifications/webhooks/", webhook_endpoints.add, name="add_webhook"),
    *(
        path(
            f"notifications/webhooks/<int:endpoint_id>/{deed}/",
            webhook_endpoints.act,
            {"deed": deed},
            name=f"{deed}_webhook",
        )
        for deed in webhook_endpoints.DEEDS
    ),
    path("action-log/", action_log.action_log, name="action_log"),
    path("action-log/csv/", action_log.export, name="action_log_csv"),
    path("workflows/", workflows.workflows, name="workflows"),
    path("workflows/<str:workflow_name>/", workflow_page.workflow, name="workflow"),
    path("schedules/", schedules.schedules, name="schedules"),
    path("schedules/new/", scheduling.choose, name="schedule_choose"),
    path("schedules/new/<str:workflow_name>/", scheduling.set_up, name="schedule_set_up"),
    path("schedules/preview/", scheduling.preview, name="schedule_preview"),
    path("schedules/<uuid:schedule_id>/", schedules.schedule, name="schedule"),
    path("schedules/<uuid:schedule_id>/edit/", scheduling.edit, name="schedule_edit"),
    *(
        path(
            f"schedules/<uuid:schedule_id>/{act}/",
            schedule_acts.act,
            {"action": act},
            name=f"schedule_{act}",
        )
        for act in schedule_acts.ACTS
    ),
    path("engine/", machinery.overview, name="engine"),
    path("engine/live/", machinery.live, name="engine_live"),
    path("engine/pause/", machinery.pause, name="pause"),
    path("engine/unpause/", machinery.unpause, name="unpause"),
]
