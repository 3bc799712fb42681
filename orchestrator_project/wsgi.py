"""The site as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from workflows_app import versions

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_project.settings")
application = get_wsgi_application()
versions.code()  # Of what is loaded now.
