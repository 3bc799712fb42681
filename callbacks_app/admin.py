"""Callbacks, by their public ids, to be looked at. What opens one is not shown."""

from django.contrib import admin

from callbacks_app.models import CallbackToken
from workflows_app.admin import ReadOnly


@admin.register(CallbackToken)
class CallbackTokenAdmin(ReadOnly):
    list_display = ("public_id", "process_id", "path", "attempt", "status", "deadline_at")
    list_filter = ("status",)
    search_fields = ("public_id", "path")
    ordering = ("-pk",)
    exclude = ("nonce", "key_id")
