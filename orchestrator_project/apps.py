import logging

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from orchestrator_project import model_names, translations

logger = logging.getLogger(__name__)


class ProjectConfig(AppConfig):
    name = "orchestrator_project"
    verbose_name = _("Project")

    def ready(self) -> None:
        """Compile the translations if they are not; what cannot be compiled is done without."""
        model_names.localize()
        for path, error in translations.compile_stale():
            logger.warning("The translations in %s could not be compiled: %s", path, error)
