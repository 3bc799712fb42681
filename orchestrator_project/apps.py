from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "orchestrator_project"
    verbose_name = "Project"
