"""How often one caller, and one token, may call the callback endpoints.

The counts are in Django's default cache: each web process counts for itself unless ``CACHES`` names
a shared one. They hold hashes only, as a cache may be dumped and a token must not be in the dump.
"""

import hashlib
from ipaddress import ip_address

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from workflows_app import app_settings

PER_TOKEN = "CALLBACK_RATE_PER_TOKEN"  # noqa: S105 - the setting's name.
PER_ADDRESS = "CALLBACK_RATE_PER_ADDRESS"


class _Throttle(SimpleRateThrottle):
    """Limit by a setting that is read for every request; None is no limit."""

    setting: str
    num_requests: int | None  # Both None without a limit.
    duration: int | None  # Seconds.

    def get_rate(self) -> str | None:
        """Return the rate of this throttle's setting."""
        rate: str | None = app_settings.get(self.setting)
        return rate

    def wait(self) -> float | None:
        """Return the seconds to wait; a limit lowered under what was counted has them too."""
        return super().wait() or self.duration


class PerToken(_Throttle):
    """Limit the calls with one token: the one in the view's path."""

    setting = PER_TOKEN

    def get_cache_key(self, _request: Request, view: APIView) -> str | None:
        """Return a key made of the token's hash, or None where the path has no token."""
        token = view.kwargs.get("token")
        return _cache_key("token", token) if token else None


class PerAddress(_Throttle):
    """Limit the calls from one address."""

    setting = PER_ADDRESS

    def get_cache_key(self, request: Request, _view: APIView) -> str:
        """Return a key made of the caller's address."""
        return _cache_key("address", address(request))


def address(request: Request | HttpRequest) -> str:
    """Return the caller's address, or "" if the server does not know it.

    ``X-Forwarded-For`` counts as far as ``TRUSTED_PROXIES`` wrote it; whatever else it says, and
    what is no address, is passed over.
    """
    ident = BaseThrottle().get_ident(request)  # type: ignore[arg-type]  # It reads headers only.
    return ident if _is_address(ident) else str(request.META.get("REMOTE_ADDR") or "")


def allowed_per_minute() -> int | None:
    """Return how many calls a minute one sender may make to one callback; None is no limit."""
    limits = [(limit.num_requests, limit.duration) for limit in (PerToken(), PerAddress())]
    allowed = [number * 60 // seconds for number, seconds in limits if number and seconds]
    return max(1, min(allowed)) if allowed else None


def _cache_key(scope: str, secret: str) -> str:
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return f"callbacks_app.throttles.{scope}.{digest}"


def _is_address(text: str | None) -> bool:
    try:
        return bool(ip_address(text or ""))
    except ValueError:
        return False
