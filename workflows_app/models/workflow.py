"""The registered workflows: one row for each that code defines, kept when the code goes."""

from django.db import models

from workflows_app.localized import localized
from workflows_app.statuses import Target


class Workflow(models.Model):
    """A workflow that can be started, or once could."""

    name = models.CharField(max_length=200, unique=True)
    target = models.CharField(max_length=20, choices=Target)
    description = models.CharField(max_length=500, blank=True)
    is_task = models.BooleanField(default=False)
    in_code = models.BooleanField(default=True, help_text="Whether the code still defines it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(target__in=Target.values), name="workflow_target_is_known"
            ),
        ]

    def __str__(self) -> str:
        return localized(self.description) or self.name
