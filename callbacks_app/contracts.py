"""What remote systems send to callbacks, as OpenAPI documents.

The site's has it for every step, and one callback has a document of its own. No token is in
either: documents are pasted into tickets.

Source: OpenAPI 3.1.0 §4.8.18 (Callback Object).
"""

import re
from collections.abc import Iterator
from functools import cache

from django.db import Error as DatabaseError
from django.http import HttpRequest
from drf_spectacular.generators import SchemaGenerator

from callbacks_app import operations, options
from callbacks_app.models import CallbackToken
from callbacks_app.operations import ROUTE, Contract
from callbacks_app.options import CallbackOptions
from workflows_app import app_settings, policy, registry
from workflows_app.definition import WorkflowDefinition
from workflows_app.dsl import Step
from workflows_app.errors import WorkflowError
from workflows_app.json_values import JSONObject

STARTED = "{$response.body#/id}"  # The process that a start answers with.
AWAIT = "/Await callback"  # How the path of a group's waiting step ends.


def publish(
    result: JSONObject, generator: object, request: HttpRequest | None, public: bool
) -> JSONObject:
    """Finish the site's document: a hook of drf-spectacular's, after its own.

    Which workflows there are is told to whoever may see processes, and on the command line.
    """
    paths = result["paths"]
    operations.finish(result)
    start = next(_starts(paths), None)
    if start is not None and _may_see(request):
        endpoints = operations.endpoints(paths)
        schemas = result["components"]["schemas"]
        start["callbacks"] = {
            contract.name: {
                _address(STARTED, suffix): item
                for suffix, item in operations.of_step(endpoints, contract, schemas).items()
            }
            for contract in contracts()
        }
    return result


def document(callback: CallbackToken) -> JSONObject:
    """Return the OpenAPI document of one callback, complete in itself and without its token."""
    site = _site()
    workflow, title = callback.process.workflow.name, _title(callback.path)
    contract = Contract(_slug(workflow, title), title, options.options_of(callback))
    schemas = dict(site["components"]["schemas"])
    items = operations.of_step(operations.endpoints(site["paths"]), contract, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Callback of {workflow}: {title}",
            "version": site["info"]["version"],
            "description": "The address that you were given is the credential: keep it secret.",
        },
        "servers": [{"url": app_settings.get("BASE_URL")}],
        "paths": {
            _address(str(callback.process_id), suffix): item for suffix, item in items.items()
        },
        "components": {"schemas": schemas},
    }


def contracts() -> Iterator[Contract]:
    """Yield what every registered workflow's callback steps expect, in order.

    A workflow that cannot be imported is passed over.
    """
    taken: set[str] = set()
    for workflow in registry.names():
        try:
            steps = callback_steps(registry.get(workflow))
        except (WorkflowError, DatabaseError):
            continue
        for step in steps:
            title = _title(step.path)
            yield Contract(_unique(_slug(workflow, title), taken), title, step.options)


def callback_steps(definition: WorkflowDefinition) -> list[Step]:
    """Return the steps that callbacks are handed out for.

    They are those that wait; but in two phases the first, which has the same options.
    """
    steps = [step for step in definition.steps if isinstance(step.options, CallbackOptions)]
    handed_out = {id(step.options) for step in steps if step.kind != "callback"}
    return [step for step in steps if step.kind != "callback" or id(step.options) not in handed_out]


@cache
def _site() -> JSONObject:
    """Return the document of the endpoints alone, made once."""
    generator = SchemaGenerator(urlconf="callbacks_app.urls")  # type: ignore[no-untyped-call]
    made: JSONObject = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


def _address(process: str, suffix: str) -> str:
    return f"/api{ROUTE.replace('{process_id}', process)}{suffix}"


def _starts(paths: JSONObject) -> Iterator[JSONObject]:
    """Yield the operation that starts a process, if the document has it."""
    for item in paths.values():
        for operation in item.values():
            if operation["operationId"] == "process_start":
                yield operation


def _may_see(request: HttpRequest | None) -> bool:
    return request is None or bool(request.user.has_perm(policy.PERMISSIONS["view"]))


def _title(path: str) -> str:
    return path.removesuffix(AWAIT).replace("/", ": ")


def _slug(workflow: str, title: str) -> str:
    """Return a name made of characters that names of components may have."""
    prefix = re.sub(r"[^A-Za-z0-9_]", "_", workflow)
    words = re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_").lower()
    return f"{prefix}.{words or 'callback'}"


def _unique(name: str, taken: set[str]) -> str:
    """Return ``name``, with a number if it is taken, and take it."""
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique
