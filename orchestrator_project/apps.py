import logging

from django.apps import AppConfig

from orchestrator_project import translations

logger = logging.getLogger(__name__)


class ProjectConfig(AppConfig):
    name = "orchestrator_project"
    verbose_name = "Project"

    def ready(self) -> None:
        """Compile the translations if they are not; where nothing can be written, do without."""
        try:
            translations.compile_stale()
        except OSError as error:
            logger.warning("The translations could not be compiled: %s", error)
