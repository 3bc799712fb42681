from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class WorkflowsConfig(AppConfig):
    name = "workflows_app"
    verbose_name = _("Workflows")

    def ready(self) -> None:
        import_module("workflows_app.checks")
        autodiscover_modules("workflows")
