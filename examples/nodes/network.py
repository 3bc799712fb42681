"""The systems around a node, simulated in a file that every worker reads.

ESDB is the inventory: which nodes there are. NSO configures devices: those that it knows.
``NETWORK_FILE`` names the file; without one NSO knows no device yet.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings

Device: TypeAlias = dict[str, Any]
_ESDB: Mapping[int, Mapping[str, str]] = {
    1: {"name": "asd001a-jnx-01", "site": "Amsterdam 1"},
    2: {"name": "ut002a-jnx-01", "site": "Utrecht 2"},
    3: {"name": "gn001a-jnx-01", "site": "Groningen 1"},
}


def nodes() -> list[dict[str, Any]]:
    """Return what ESDB says of all nodes."""
    return [{"id": number, **node} for number, node in _ESDB.items()]


def get_detailed_node(esdb_node_id: int) -> dict[str, Any]:
    """Return what ESDB says of a node.

    Raises:
        LookupError: it knows no such node.
    """
    if esdb_node_id not in _ESDB:
        raise LookupError(f"ESDB has no node {esdb_node_id}")
    return {"id": esdb_node_id, **_ESDB[esdb_node_id]}


def get_device(*, device_name: str) -> Device | None:
    """Return what NSO knows of a device, or None."""
    return _read().get(device_name)


def add_device(*, device_name: str) -> Device:
    """Let NSO know a device, which it may know already."""
    device = {"name": device_name, "state": "in-sync"}
    _change(lambda devices: devices.setdefault(device_name, device))
    return device


def remove_device(*, device_name: str) -> None:
    """Let NSO forget a device, which it may have forgotten already."""
    _change(lambda devices: devices.pop(device_name, None))


def _file() -> Path:
    named = os.environ.get("NETWORK_FILE")
    return Path(named) if named else settings.BASE_DIR / ".demo" / "network.json"


def _read() -> dict[str, Device]:
    try:
        found: dict[str, Device] = json.loads(_file().read_text())
    except FileNotFoundError:
        return {}
    return found


def _change(change: Callable[[dict[str, Device]], object]) -> None:
    """Change the file: one worker after the other, and never half of it."""
    file = _file()
    with _lock(file):
        devices = _read()
        change(devices)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as new:
            json.dump(devices, new, indent=2)
        Path(new.name).replace(file)


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
