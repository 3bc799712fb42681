"""The engine as a whole: whether it is paused, and which workers serve it."""

from django.db import models

SILENT_SECONDS = 20  # A worker that has not been heard of for so long does not count.


class EngineSettings(models.Model):
    """The one row that pauses every worker: answers are kept meanwhile, and nothing runs."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    global_lock = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    paused_at = models.DateTimeField(null=True, blank=True)  # The last pause, or the one that is.
    unpaused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "engine settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="engine_settings_has_one_row"),
        ]

    def __str__(self) -> str:
        return "paused" if self.global_lock else "running"


class Worker(models.Model):
    """One ``manage.py worker``: where it is, how much it can run, and when it was last heard."""

    name = models.CharField(max_length=200, unique=True)  # host:pid
    host = models.CharField(max_length=150)
    pid = models.PositiveIntegerField()
    slots = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    code = models.CharField(max_length=20, blank=True, default="", db_default="")  # Its digest.

    def __str__(self) -> str:
        return self.name
