"""Settings: one ``ORCHESTRATOR`` dict, and what Django needs, taken from the environment.

The variables are listed in ``docs/settings.md``; system checks refuse an unsafe combination.
"""

import json
import logging
import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

from orchestrator_project.databases import database

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: str = "") -> bool:
    return os.environ.get(name, default).lower() in {"1", "true", "yes", "on"}


def _names(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


DEBUG = _flag("DEBUG")
DEVELOPMENT_SECRET = "development-only-" + "0" * 48  # The deploy check refuses it.
SECRET_KEY = os.environ.get("SECRET_KEY", DEVELOPMENT_SECRET)
SECRET_KEY_FALLBACKS = _names("SECRET_KEY_FALLBACKS")  # Those before, while something needs them.
BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = _names("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "workflows_app.console.unsent.older_than_login"

PRODUCTION = BASE_URL.startswith("https://")
if PRODUCTION:
    if DEBUG or SECRET_KEY == DEVELOPMENT_SECRET:
        raise ImproperlyConfigured(
            "BASE_URL is https, so this is a production site: set SECRET_KEY, and leave DEBUG off."
        )
    SECURE_SSL_REDIRECT = _flag("SECURE_SSL_REDIRECT", "true")  # Off if a proxy ends TLS.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = int(os.environ.get("SECURE_HSTS_SECONDS", "31536000"))
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_q",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "workflows_app",
    "callbacks_app",
    "orchestrator_project",
    *_names("ORCHESTRATOR_APPS"),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "orchestrator_project.languages.ConsoleLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orchestrator_project.readers.ReaderPreferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

# Whatever a state, a remote system or an author puts on a page, the browser runs none of it.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

ROOT_URLCONF = "orchestrator_project.urls"
WSGI_APPLICATION = "orchestrator_project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": database(os.environ.get("DATABASE_URL"), base_dir=BASE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Notices by e-mail. Without a server a site in development writes them to its log.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _flag("EMAIL_USE_TLS")  # STARTTLS, as on port 587.
EMAIL_USE_SSL = _flag("EMAIL_USE_SSL")  # TLS from the start, as on port 465.
EMAIL_TIMEOUT = 10  # Seconds.
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "orchestrator@localhost")
EMAIL_BACKEND = os.environ.get(
    "EMAIL_BACKEND",
    "django.core.mail.backends.console.EmailBackend"
    if DEBUG and not EMAIL_HOST
    else "django.core.mail.backends.smtp.EmailBackend",
)

# Counts of calls, for the rate limits: each web process has its own.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},  # Callers and tokens; beyond them counts are forgotten.
    }
}

LANGUAGE_CODE = "en"  # Of the API, of what is stored, and of a browser that asks for no other.
LANGUAGES = [("en", "English"), ("nl", "Nederlands")]
LOCALE_PATHS = [BASE_DIR / "orchestrator_project" / "locale"]
USE_I18N = True
TIME_ZONE = os.environ.get("TZ", "UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT")  # Only for ``collectstatic``, behind a web server.
WHITENOISE_USE_FINDERS = True
LOGIN_URL = "admin:login"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # Bytes; callbacks have their own, smaller limit.

Q_WORKERS = int(os.environ.get("Q_WORKERS", "2"))
Q_CLUSTER = {
    "name": "orchestrator",
    "orm": "default",
    "broker_class": "workflows_app.pool.broker.ProcessBroker",
    "workers": Q_WORKERS,
    "queue_limit": Q_WORKERS,  # Never reached: the broker claims no more than there are workers.
    "bulk": 1,
    # Seconds; for tasks of others only. Steps have timeouts of their own, and no alarm.
    "timeout": 900,
    "retry": 3600,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 500,
    "guard_cycle": 0.5,
    "poll": 0.05,
    "label": gettext_lazy("Task queue"),
    "log_level": "WARNING",
}


def _is_no_form(record: logging.LogRecord) -> bool:
    """Return whether to log ``record``: that a form has another page (510) is an answer."""
    return getattr(record, "status_code", None) != 510


# The names and defaults are in ``workflows_app.app_settings``.
try:
    ORCHESTRATOR = {"BASE_URL": BASE_URL} | json.loads(os.environ.get("ORCHESTRATOR", "{}"))
except (TypeError, ValueError) as error:
    raise ImproperlyConfigured(f"ORCHESTRATOR must be a JSON object: {error}") from error

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "NUM_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "0")),  # 0: X-Forwarded-For is not read.
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Workflow orchestrator",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",  # Whose schemas are JSON Schema, as pydantic writes it.
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "callbacks_app.contracts.publish",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "NotificationScope": ["off", "started", "mine", "all"],
        "ProcessStatus": "workflows_app.statuses.ProcessStatus",
        "ProductLifecycle": "workflows_app.lifecycle.ProductLifecycle",
        "StepStatus": "workflows_app.statuses.StepStatus",
        "SubscriptionLifecycle": "workflows_app.lifecycle.SubscriptionLifecycle",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "filters": {
        "mask_tokens": {"()": "callbacks_app.logging.MaskTokens"},
        "no_forms": {"()": "django.utils.log.CallbackFilter", "callback": _is_no_form},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["mask_tokens", "no_forms"],
        }
    },
    "loggers": {"django-q": {"level": "WARNING"}},  # Its INFO is two lines for every claim.
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
