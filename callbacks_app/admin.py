"""Callbacks, by their public ids, to be looked at. What opens one is not shown."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from callbacks_app.models import CallbackAttempt, CallbackToken
from workflows_app.admin import ReadOnly


@admin.register(CallbackToken)
class CallbackTokenAdmin(ReadOnly):
    list_display = (
        "page",
        "process_id",
        "path",
        "item",
        "attempt",
        "status",
        "paused",
        "deadline_at",
        "heartbeat_due_at",
        "answered_via",
    )
    list_display_links = ("process_id",)
    list_filter = ("status", "paused", "answered_via")
    search_fields = ("public_id", "path", "answered_by")
    ordering = ("-pk",)
    exclude = ("nonce", "key_id", "idempotency_key", "digest")

    @admin.display(description=gettext_lazy("callback"))
    def page(self, callback: CallbackToken) -> SafeString:
        address = reverse("callback_console:callback", args=[callback.public_id])
        return format_html('<a href="{}">{}</a>', address, callback.public_id)


@admin.register(CallbackAttempt)
class CallbackAttemptAdmin(ReadOnly):
    list_display = (
        "callback",
        "kind",
        "outcome",
        "via",
        "source",
        "times",
        "last_at",
        "reason",
        "adoptable",
    )
    list_filter = ("kind", "outcome", "via", "adoptable")
    list_select_related = ("callback",)
    search_fields = ("callback__public_id", "source", "reason")
    ordering = ("-pk",)
    exclude = ("idempotency_key", "digest")
