"""How often one token may be used, and how often one caller may be refused.

A remote system may send its answer once and never again. So what it sends to one endpoint does not
count against another, and an address is slowed down only for what was refused: guesses, duplicates
and nonsense. Nobody who is answered well has to wait because of a neighbour who is, too.

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
    """Limit the calls of one endpoint with one token: the one in the view's path."""

    setting = PER_TOKEN

    def get_cache_key(self, _request: Request, view: APIView) -> str | None:
        """Return a key made of the token's hash, or None where the path has no token."""
        token = view.kwargs.get("token")
        return _cache_key(f"token.{type(view).__name__}", token) if token else None


class PerAddress(_Throttle):
    """Limit the refused calls from one address."""

    setting = PER_ADDRESS

    def throttle_success(self) -> bool:
        """Let the call pass without counting it: how it ends is not known yet."""
        return True

    def count(self, request: Request) -> None:
        """Count a call that was refused."""
        if not (self.num_requests and self.duration):
            return
        key, now = _cache_key("address", address(request)), self.timer()
        recent = [at for at in self.cache.get(key, []) if at > now - self.duration]
        self.cache.set(key, [now, *recent][: self.num_requests], self.duration)

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
    """Return how many calls a minute one sender may make to one endpoint; None is no limit."""
    limit = PerToken()
    if not (limit.num_requests and limit.duration):
        return None
    return max(1, limit.num_requests * 60 // limit.duration)


def _cache_key(scope: str, secret: str) -> str:
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return f"callbacks_app.throttles.{scope}.{digest}"


def _is_address(text: str | None) -> bool:
    try:
        return bool(ip_address(text or ""))
    except ValueError:
        return False
