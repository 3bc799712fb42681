"""The site as an ASGI application. WSGI is faster: its views are synchronous."""

import os

from django.core.asgi import get_asgi_application

from workflows_app import versions

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_project.settings")
application = get_asgi_application()
versions.code()  # Of what is loaded now.
