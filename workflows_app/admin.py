"""Registers: what the engine keeps, to be looked at. Only the engine's verbs change it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin, messages
from django.db.models import JSONField, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext

from workflows_app import engine, policy
from workflows_app.errors import WorkflowError
from workflows_app.masking import masked
from workflows_app.models import (
    BulkAction,
    Delivery,
    EngineSettings,
    FixedInput,
    Notice,
    Process,
    ProcessEvent,
    ProcessStep,
    Product,
    ProductBlock,
    SavedFilter,
    Schedule,
    Subscription,
    SubscriptionInstance,
    Worker,
    Workflow,
)
from workflows_app.policy import Action

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class ReadOnly(ModelAdmin):
    """No adding, changing or deleting, whoever asks; and no secret is shown."""

    show_full_result_count = False  # Counting a long table takes long.
    list_per_page = 50

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the row with the JSON in it masked: it is never saved."""
        row = super().get_object(request, object_id, from_field)
        for field in self.opts.concrete_fields if row else ():
            if isinstance(field, JSONField):
                setattr(row, field.attname, masked(getattr(row, field.attname)))
        return row

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Workflow)
class WorkflowAdmin(ReadOnly):
    list_display = ("name", "target", "description", "is_task", "in_code", "created_at")
    list_filter = ("target", "is_task", "in_code")
    search_fields = ("name", "description")
    ordering = ("name",)


@admin.register(Process)
class ProcessAdmin(ReadOnly):
    list_display = ("page", "workflow", "status", "assignee", "created_by", "created_at")
    list_display_links = None
    list_filter = ("status", "is_task", "workflow")
    list_select_related = ("workflow",)
    search_fields = ("pk", "note", "created_by")
    ordering = ("-created_at", "-pk")
    actions = ("retry", "abort")

    @admin.display(description=gettext_lazy("process"))
    def page(self, process: Process) -> SafeString:
        name = str(process.pk)
        return format_html(
            '<a href="{}" title="{}">{}</a>', process.get_absolute_url(), name, name[:8]
        )

    @admin.action(description=gettext_lazy("Retry"), permissions=["retry"])
    def retry(self, request: HttpRequest, processes: QuerySet[Process]) -> None:
        self._act(request, processes, "retry", engine.retry)

    @admin.action(description=gettext_lazy("Abort"), permissions=["abort"])
    def abort(self, request: HttpRequest, processes: QuerySet[Process]) -> None:
        self._act(request, processes, "abort", engine.abort)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(policy.PERMISSIONS["retry"])

    def has_abort_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(policy.PERMISSIONS["abort"])

    def _act(
        self,
        request: HttpRequest,
        processes: QuerySet[Process],
        action: Action,
        verb: Callable[..., object],
    ) -> None:
        """Call the engine's verb for each process, and report each refusal."""
        done = 0
        for process in processes.select_related("workflow"):
            try:
                policy.require(request.user, action, process)
                verb(process.pk, by=request.user.get_username(), reason="in the admin's list")
                done += 1
            except WorkflowError as error:
                refusal = f"{process.workflow} {str(process.pk)[:8]}: {error}"
                self.message_user(request, refusal, messages.ERROR)
        if done:
            text = ngettext("Done for %(count)d process.", "Done for %(count)d processes.", done)
            self.message_user(request, text % {"count": done})


@admin.register(ProcessStep)
class ProcessStepAdmin(ReadOnly):
    list_display = ("process_id", "position", "path", "status", "attempt", "by", "started_at")
    list_filter = ("status", "kind")
    search_fields = ("=process__pk", "path")
    ordering = ("-pk",)
    exclude = ("patch",)  # The process's page shows it, with callback addresses hidden.


@admin.register(ProcessEvent)
class ProcessEventAdmin(ReadOnly):
    list_display = ("at", "actor", "action", "process_id", "reason")
    list_filter = ("action",)
    search_fields = ("actor", "reason")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")


class Deliveries(TabularInline):
    """Whom a notice was told to, and how that went. Addresses of webhooks are their owners'."""

    model = Delivery
    fields = ("user", "channel", "status", "attempts", "result", "due_at", "done_at", "read_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("at", "kind", "process_id", "status", "step", "by", "handed_out_at")
    list_filter = ("kind", "deliveries__status", "deliveries__channel")
    search_fields = ("=process__pk",)
    ordering = ("-at", "-pk")
    inlines = (Deliveries,)


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly):
    list_display = ("name", "workflow", "kind", "next_run_at", "paused_by", "refusals")
    list_filter = ("kind",)
    search_fields = ("name", "workflow")
    ordering = ("name",)
    exclude = ("inputs",)  # The schedule's page shows them, with secrets hidden.


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnly):
    list_display = ("created_at", "actor", "action", "wanted", "reason", "finished_at")
    list_filter = ("action",)
    search_fields = ("=id", "actor", "reason")
    ordering = ("-created_at", "pk")


@admin.register(SavedFilter)
class SavedFilterAdmin(ReadOnly):
    list_display = ("name", "user", "shared", "query")
    list_filter = ("shared",)
    list_select_related = ("user",)
    search_fields = ("name", "query")
    ordering = ("name", "pk")


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    list_display = ("name", "host", "pid", "slots", "started_at", "seen_at")
    ordering = ("name",)


@admin.register(EngineSettings)
class EngineSettingsAdmin(ReadOnly):
    list_display = ("__str__", "reason", "changed_by", "changed_at")


def _make_read_only(model: type[Model]) -> None:
    """Register ``model`` again as it was, but to be looked at only."""
    if admin.site.is_registered(model):
        known = type(admin.site.get_model_admin(model))
        admin.site.unregister(model)
        admin.site.register(model, type(known.__name__, (ReadOnly, known), {"actions": ()}))


admin.site.site_url = None  # There is no other site to view.

for _name in ("Success", "Failure", "OrmQ"):  # django-q2's; a message deleted is a task lost.
    _make_read_only(apps.get_model("django_q", _name))


class FixedInputs(TabularInline):
    """What is the same for all subscriptions of a product."""

    model = FixedInput
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(ReadOnly):
    list_display = ("name", "product_type", "tag", "status", "created_at")
    list_filter = ("status", "product_type")
    search_fields = ("name", "description", "tag")
    ordering = ("name",)
    inlines = (FixedInputs,)


@admin.register(ProductBlock)
class ProductBlockAdmin(ReadOnly):
    list_display = ("name", "tag", "description")
    search_fields = ("name", "description")
    ordering = ("name",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = ("description", "product", "customer_id", "status", "insync", "locked_by")
    list_filter = ("status", "insync", "product")
    list_select_related = ("product", "locked_by")
    search_fields = ("=id", "description", "customer_id", "note")
    ordering = ("-created_at", "pk")


@admin.register(SubscriptionInstance)
class SubscriptionInstanceAdmin(ReadOnly):
    list_display = ("id", "product_block", "subscription", "label")
    list_filter = ("product_block",)
    list_select_related = ("product_block", "subscription")
    search_fields = ("=id", "=subscription__id", "label")
    ordering = ("pk",)
