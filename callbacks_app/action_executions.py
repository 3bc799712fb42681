"""A callback in the words of OpenStack Mistral: an action execution, and the task it belongs to.

Source: Mistral's ``mistral/api/controllers/v2/resources.py`` and ``mistral/workflow/states.py``.
"""

import json
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from callbacks_app.models import CallbackStatus, CallbackToken
from workflows_app.json_values import JSON, JSONObject

State: TypeAlias = Literal["SUCCESS", "ERROR", "CANCELLED", "PAUSED", "RUNNING"]
STATES: Final[tuple[State, ...]] = ("SUCCESS", "ERROR", "CANCELLED", "PAUSED", "RUNNING")
_STATES: dict[str, State] = {
    "succeeded": "SUCCESS",
    "failed": "ERROR",
    "timed_out": "ERROR",
    "cancelled": "CANCELLED",
    "stopped": "CANCELLED",
}


def state_of(callback: CallbackToken) -> State:
    """Return where the callback stands."""
    working: State = "PAUSED" if callback.paused else "RUNNING"
    return _STATES.get(callback.operation_status, working)


def task_id(process_id: UUID, path: str) -> str:
    """Return the id of the task whose step is at ``path``; a retry belongs to the same task."""
    return str(uuid5(process_id, task_name(path)))


def task_name(path: str) -> str:
    """Return the name of the task: of the group that the step is in, or of the step alone."""
    return path.rpartition("/")[0] or path


def resource(callback: CallbackToken) -> JSONObject:
    """Return Mistral's fields; ``input``, ``output`` and ``params`` are JSON inside a string."""
    process = callback.process
    heard = filter(None, (callback.created_at, callback.progress_at, callback.answered_at))
    return {
        "id": callback.uuid,
        "workflow_name": process.workflow.name,
        "workflow_namespace": "",
        "task_name": task_name(callback.path),
        "task_execution_id": task_id(process.pk, callback.path),
        "state": state_of(callback),
        "state_info": _state_info(callback),
        "tags": [],
        "name": callback.path,
        "description": "",
        "project_id": "",
        "accepted": callback.answered_at is not None and not callback.retried,
        "input": "{}",
        "output": json.dumps(_output(callback)),
        "created_at": _moment(callback.created_at),
        "updated_at": _moment(max(heard)),
        "params": "{}",
    }


def _state_info(callback: CallbackToken) -> str | None:
    error = callback.error or {}
    return error.get("error_message") or error.get("error_type")


def _output(callback: CallbackToken) -> JSON:
    """Return what came back under ``result``, where Mistral puts it; nothing while it is open."""
    if callback.status == CallbackStatus.SUCCEEDED:
        return {"result": callback.result}
    if callback.status == CallbackStatus.FAILED:
        error = callback.error or {}
        return {"result": error.get("error_data", error.get("error_message"))}
    return {}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
