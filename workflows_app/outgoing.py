"""Requests to addresses which somebody else may have chosen.

Whoever fills in a URL must not reach with it what only this host can: its own services, and the
metadata of the cloud it runs in. Names are looked at before anything is asked, and the address once
more on the connected socket, before a byte is sent: a name that answers differently the second time
(DNS rebinding) gains nothing.

Source: CWE-918 (server-side request forgery).
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NoReturn

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from workflows_app import app_settings
from workflows_app.errors import ProcessFailureError

CHUNK = 64 * 1024  # Bytes.
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address.


class Forbidden(ProcessFailureError):
    """The site's settings do not let anything of ours call this address."""


class ResponseTooLarge(ProcessFailureError):
    """The remote system answered more than ``HTTP_MAX_RESPONSE_BYTES``."""


def send(method: str, url: str, *, timeout: float, **options: Any) -> requests.Response:
    """Make one request and return its answer, whatever its status, with its body read.

    Args:
        timeout: seconds, for connecting and for each read.
        options: those of ``requests.request``; a private certificate authority goes in ``verify``.
    Raises:
        Forbidden: the settings do not allow the address.
        ResponseTooLarge: the body, unpacked, is longer than ``HTTP_MAX_RESPONSE_BYTES``.
        ProcessFailureError: the URL's host cannot be a name.
        requests.RequestException: the remote system is away, or speaks no HTTP.
    """
    with (
        session() as client,
        client.request(method, url, timeout=timeout, **options | {"stream": True}) as response,
    ):
        _read(response)
    return response


def session() -> requests.Session:
    """Return a session that calls allowed addresses only, by http and https.

    It follows no redirect, uses no proxy, and takes nothing from the environment.
    """
    return _Session()


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # No proxy, no password of ~/.netrc.
        for prefix in ("http://", "https://"):
            self.mount(prefix, _Adapter())

    def get_adapter(self, url: str) -> BaseAdapter:
        """Return what speaks the URL's protocol, or raise Forbidden."""
        try:
            return super().get_adapter(url)
        except requests.exceptions.InvalidSchema as error:
            raise Forbidden(f"{url} is neither http nor https") from error

    def get_redirect_target(self, _resp: requests.Response) -> None:
        """Return None: a redirect is an answer like any other, its body bounded too."""


class _Connection(HTTPConnection):
    """Refuse to connect to what the settings deny."""

    scheme = "http"

    def _new_conn(self) -> socket.socket:
        url = f"{self.scheme}://{self.host}"
        _require_allowed_host(url, self.host)
        for found in _resolved(self.host, self.port):
            _require_allowed_address(url, found)
        connected = super()._new_conn()
        try:
            _require_allowed_address(url, connected.getpeername()[0])
        except Forbidden:
            connected.close()
            raise
        return connected


class _TLSConnection(_Connection, HTTPSConnection):
    """Refuse the same before TLS begins."""

    scheme = "https"


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(HTTPAdapter):
    """Connect through the guarded pools, and never through a proxy, whose peer nobody sees."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, proxy: str, **_options: Any) -> NoReturn:
        raise Forbidden(f"the proxy {proxy} would connect to addresses that cannot be checked")


def _read(response: requests.Response) -> None:
    """Read the body into ``response.content``, unpacking as much as the limit allows."""
    limit = app_settings.get("HTTP_MAX_RESPONSE_BYTES")
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > limit:
            raise ResponseTooLarge(f"{response.url} answered more than {limit} bytes")
    response._content = bytes(body)  # noqa: SLF001 - requests itself reads without a bound.


def _require_allowed_host(url: str, host: str) -> None:
    patterns = app_settings.get("HTTP_ALLOWED_HOSTS")
    if patterns is not None and not any(_fits(host, one.lower()) for one in patterns):
        raise Forbidden(f"{url} is not among HTTP_ALLOWED_HOSTS")


def _fits(host: str, pattern: str) -> bool:
    """Return whether the pattern is the host's name, or ``*.`` and a domain above it."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _require_allowed_address(url: str, found: str) -> None:
    address = _reached(ip_address(found))
    networks = app_settings.get("HTTP_DENIED_NETWORKS")
    if any(address in ip_network(network) for network in networks):
        raise Forbidden(f"{url} resolves to {address}, which HTTP_DENIED_NETWORKS denies")


def _reached(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _resolved(host: str, port: int | None) -> Iterator[str]:
    """Yield the host's addresses; none if it has none, which connecting reports better."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # Which requests would let through as it is.
        raise ProcessFailureError(f"{host!r} cannot be the name of a host") from error
    except OSError:
        return
    for *_kind, address in found:
        yield str(address[0])
