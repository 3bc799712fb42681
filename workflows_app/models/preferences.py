"""How a user wants the console to be."""

from django.conf import settings
from django.db import models


class Preferences(models.Model):
    """One user's choices; a user without a row has made none, and gets the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="preferences",
    )
    language = models.CharField(max_length=10, blank=True)  # "": as the browser says.
    time_zone = models.CharField(max_length=64, blank=True)  # An IANA name; "" likewise.
    shortcuts = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return str(self.user_id)
