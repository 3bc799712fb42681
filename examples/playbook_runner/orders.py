"""What a caller asks for: one playbook, its hosts, its variables, and where the answers go.

An order that was read is safe to run: the caller chooses a playbook, the names of hosts and values,
never code. So an inventory holds names and groups only, no variable may steer Ansible itself, and
values are inert: a text such as ``{{ lookup("pipe", "id") }}``, typed by somebody into a form far
away, stays that text.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit, urlunsplit

from examples.playbook_runner.errors import BadOrder, UnknownPlaybook

PLAYBOOK_NAME = re.compile(r"(?:[A-Za-z0-9_][\w.-]*/)*[A-Za-z0-9_][\w.-]*\.ya?ml", re.ASCII)
INVENTORY_LINE = re.compile(r"\s*(?:[A-Za-z0-9_][\w.-]*|\[[A-Za-z_]\w*\]|[#;].*)?\s*", re.ASCII)
VARIABLE_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
UNQUOTABLE = re.compile(r"[^ !#-\[\]-~]")  # All but printable ASCII, less the quote and backslash.


@dataclass(frozen=True, slots=True)
class Order:
    """A request that was found good.

    ``variables`` is YAML for ``--extra-vars``, every string in it marked as unsafe to evaluate.
    """

    playbook: Path
    playbook_name: str
    inventory: str
    variables: str
    callback: str
    progress: str


def read_order(body: bytes, playbooks: Path) -> Order:
    """Read an order from a request's body.

    Raises:
        BadOrder: the message names the field and what it should be.
        UnknownPlaybook: the name is well formed, but no file answers to it.
    """
    document = _read_object(body)
    name = document.get("playbook_name")
    callback = _read_url(document, "callback")
    return Order(
        playbook=_find_playbook(name, playbooks),
        playbook_name=str(name),
        inventory=_read_inventory(document.get("inventory")),
        variables=_read_variables(document.get("extra_vars")),
        callback=callback.geturl(),
        progress=_progress_url(document, callback),
    )


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadOrder("The body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise BadOrder("The body is not a JSON object.")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _find_playbook(name: object, playbooks: Path) -> Path:
    if not isinstance(name, str) or not PLAYBOOK_NAME.fullmatch(name) or len(name) > 200:
        raise BadOrder("playbook_name: must be the name of a .yml file below the playbooks.")
    path = (playbooks / name).resolve()
    if not path.is_relative_to(playbooks.resolve()) or not path.is_file():
        raise UnknownPlaybook(f"There is no playbook {name!r}.")
    return path


def _read_inventory(inventory: object) -> str:
    lines = inventory.splitlines() if isinstance(inventory, str) else inventory
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise BadOrder("inventory: must be a text with a host per line, or a list of hosts.")
    for number, line in enumerate(lines, start=1):
        if not INVENTORY_LINE.fullmatch(line):
            raise BadOrder(f"inventory: line {number} must be a host's name or a [group].")
    if not any(re.match(r"\s*\w", line) for line in lines):
        raise BadOrder("inventory: must name a host.")
    return "".join(f"{line}\n" for line in lines)


def _read_variables(variables: object) -> str:
    if variables is None:
        variables = {}
    if not isinstance(variables, dict):
        raise BadOrder("extra_vars: must be an object.")
    for name in variables:
        if not VARIABLE_NAME.fullmatch(name) or name.startswith("ansible_"):
            raise BadOrder(f"extra_vars: {name[:40]!r} is not a name that an order may set.")
    try:
        return inert_yaml(variables)
    except RecursionError as error:
        raise BadOrder("extra_vars: nested too deeply.") from error


def inert_yaml(value: Any) -> str:
    """Write a JSON value as YAML whose strings Ansible never evaluates as templates."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quote(key)}: {inert_yaml(value[key])}' for key in value)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inert_yaml, value))}]"
    if isinstance(value, str):
        return f"!unsafe {_quote(value)}"
    if isinstance(value, float):  # YAML 1.1 takes JSON's 1e+22 for a string.
        return f'!!float "{value!r}"'
    return json.dumps(value)


def _quote(text: str) -> str:
    return f'"{UNQUOTABLE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    return f"\\U{ord(match[0]):08x}"


def _read_url(document: dict[str, Any], field: str) -> SplitResult:
    try:
        url = urlsplit(document.get(field) or "")
        complete = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except (ValueError, TypeError, AttributeError):  # A broken port or bracket; not a string.
        complete = False
    if not complete:
        raise BadOrder(f"{field}: must be an http or https URL.")
    return url


def _progress_url(document: dict[str, Any], callback: SplitResult) -> str:
    if document.get("progress") is not None:
        return _read_url(document, "progress").geturl()
    return urlunsplit(callback._replace(path=f"{callback.path.rstrip('/')}/progress", fragment=""))
