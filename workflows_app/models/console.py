"""What people keep in the console: filters by name, and what became of acts on many processes."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class SavedFilter(models.Model):
    """The query of an address of the process list, under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False)  # Everybody sees it.
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_has_its_own_name"),
        ]
        permissions = [("share_filter", "Can share saved filters with everybody")]

    def __str__(self) -> str:
        return self.name


class BulkAction(models.Model):
    """One act of a person on many processes: made once, however often it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=50)
    reason = models.TextField(blank=True)
    wanted = models.PositiveIntegerField(default=0)  # How many processes were sent.
    results = models.JSONField(default=list)  # Of each: its id, whether it was done, why not.
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.action} {self.wanted}"
