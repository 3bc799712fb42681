"""The endpoints of a callback as OpenAPI operations, and as the terms of one step make them.

They are what drf-spectacular reads off the views, told with examples and with what each answer
means.
"""

from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel

from callbacks_app import advice, cloud_events, payloads, signatures
from callbacks_app.errors import InvalidPayload
from callbacks_app.expected import skeleton
from callbacks_app.options import CallbackOptions
from workflows_app.authors import authors_code
from workflows_app.errors import WorkflowError
from workflows_app.json_values import JSON, JSONObject, to_json

Items: TypeAlias = dict[str, JSONObject]  # Path items by what follows the token.

ROUTE = "/processes/{process_id}/callback/{token}"
EXAMPLES: dict[str, JSON] = {
    "callback_result": {
        "job_id": "0c4f7e1a-6b1f-4f0e-9d57-1f1d3b0f6a4e",
        "output": ["PLAY [all] ***", "ok: [node-a]"],
        "return_code": 0,
        "status": "successful",
    },
    "callback_failure": {
        "error_type": "PlaybookFailed",
        "error_message": "node-a does not answer",
        "retryable": True,
    },
    "callback_progress": {"percent": 40, "message": "TASK [vlan]"},
    "callback_heartbeat": {"extend_seconds": 600},
}
EVENT: JSONObject = {
    "type": "object",
    "description": "A CloudEvent; its source and id are the idempotency key.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string"},
        "data": {"description": "The result."},
    },
    "required": ["specversion", "id", "source", "type"],
}
TOKEN: JSONObject = {
    "in": "path",
    "name": "token",
    "required": True,
    "schema": {"type": "string"},
    "description": "What follows `/callback/` in the address that you were given: the credential.",
}
SIGNED: tuple[JSONObject, ...] = tuple(
    {
        "in": "header",
        "name": name,
        "required": True,
        "schema": {"type": "string"},
        "description": f"{text}; see https://www.standardwebhooks.com.",
    }
    for name, text in (
        (signatures.ID, "The same when a message is sent again: its idempotency key"),
        (signatures.TIMESTAMP, "Unix time in seconds, at most 5 minutes off"),
        (signatures.SIGNATURE, "`v1,` and the base64 of HMAC-SHA256 of `{id}.{timestamp}.{body}`"),
    )
)
_JSON = "application/json"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


@dataclass(frozen=True, slots=True)
class Contract:
    """What is sent to the callbacks of one step.

    Attributes:
        name: unique in a document, and a name that components may have.
        title: what people call the step.
    """

    name: str
    title: str
    options: CallbackOptions


def finish(document: JSONObject) -> None:
    """Say what the endpoints of callbacks take and answer, and that problems are problems."""
    _allow_null(document.get("components", {}))
    paths = document["paths"]
    for item in paths.values():
        for operation in item.values():
            for response in operation["responses"].values():
                _mark_problem(response.get("content", {}))
    for item in endpoints(paths).values():
        for operation in item.values():
            _explain(operation)


def endpoints(paths: JSONObject) -> Items:
    """Return the endpoints of a callback, by what follows the token in their addresses."""
    return {path.partition(ROUTE)[2]: item for path, item in paths.items() if ROUTE in path}


def of_step(items: Items, contract: Contract, schemas: JSONObject) -> Items:
    """Return the endpoints as the step's terms make them; its schemas are added to ``schemas``."""
    items = deepcopy(items)
    for item in items.values():
        for method, operation in item.items():
            name = operation["operationId"].removeprefix("callback_")
            headers = [one for one in operation["parameters"] if one["in"] == "header"]
            signed = SIGNED if contract.options.signature and method == "post" else ()
            operation["operationId"] = f"{contract.name}.{name}"
            operation["summary"] = f"{contract.title}: {name}"
            operation["parameters"] = [TOKEN, *headers, *signed]
            operation.pop("tags", None)
    if contract.options.payload_model is not None:
        _require(contract.options.payload_model, items[""]["post"], contract.name, schemas)
    return items


def _allow_null(part: JSON) -> None:
    """Let JSON that may be null be any JSON: drf-spectacular wants it to be exactly one of both."""
    if not isinstance(part, dict | list):
        return
    if isinstance(part, dict) and part.get("oneOf") == [{}, {"type": "null"}]:
        del part["oneOf"]
    for inner in part.values() if isinstance(part, dict) else part:
        _allow_null(inner)


def _mark_problem(content: JSONObject) -> None:
    """Give a problem the media type that it is sent with."""
    if content.get(_JSON, {}).get("schema") == _PROBLEM:
        content["application/problem+json"] = content.pop(_JSON)


def _explain(operation: JSONObject) -> None:
    """Say what the answers mean, what a request is like, and that it has a body."""
    responses = operation["responses"]
    for status, response in responses.items():
        if int(status) >= 400 or "202" in responses:
            response["description"] = advice.description(int(status))
    name = operation["operationId"]
    if name in EXAMPLES:
        operation["requestBody"]["content"][_JSON]["example"] = EXAMPLES[name]
        operation["requestBody"]["required"] = name != "callback_heartbeat"


def _require(model: type[BaseModel], operation: JSONObject, name: str, schemas: JSONObject) -> None:
    """Say that a result fits ``model``; if no schema can be made of that, in words only."""
    operation["description"] += f"\n\nThe result is a {model.__name__}; another one is refused."
    content = operation["requestBody"]["content"]
    example = content[_JSON].pop("example")
    try:
        with authors_code(f"the payload model {model.__name__}"):
            made = to_json(_schema(model, f"#/components/schemas/{name}.{{model}}"))
            examples = [*made.get("examples", []), skeleton(_schema(model)), example]
    except WorkflowError:
        return
    schemas |= {f"{name}.{part}": schema for part, schema in made.pop("$defs", {}).items()}
    schemas[name] = made
    schema = {"$ref": f"#/components/schemas/{name}"}
    content[_JSON] = {"schema": schema} | _fitting(examples, model)
    content[cloud_events.MEDIA_TYPE]["schema"]["properties"]["data"] = schema


def _schema(model: type[BaseModel], template: str = "#/$defs/{model}") -> JSONObject:
    return model.model_json_schema(ref_template=template)


def _fitting(examples: list[JSON], model: type[BaseModel]) -> JSONObject:
    """Return the first of ``examples`` that fits: one with empty values may not."""
    for example in examples:
        with suppress(InvalidPayload):
            return {"example": payloads.fit(example, model)}
    return {}
