import logging

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from callbacks_app.logging import MaskTokens

# They have handlers of their own, or a server gives them some, that know nothing of our filters.
ACCESS_LOGS = ("django.server", "gunicorn.access", "gunicorn.error", "uvicorn.access")


class CallbacksConfig(AppConfig):
    name = "callbacks_app"
    verbose_name = _("Callbacks")

    def ready(self) -> None:
        """Mask the tokens in the servers' own logs, too."""
        for name in ACCESS_LOGS:
            logging.getLogger(name).addFilter(MaskTokens())
