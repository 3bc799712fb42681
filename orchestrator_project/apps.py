import logging

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from orchestrator_project import model_names, translations

logger = logging.getLogger(__name__)


class ProjectConfig(AppConfig):
    name = "orchestrator_project"
    verbose_name = _("Project")

    def ready(self) -> None:
        """Compile the translations if they are not; where nothing can be written, do without."""
        model_names.localize()
        try:
            translations.compile_stale()
        except OSError as error:
            logger.warning("The translations could not be compiled: %s", error)
