"""What the remote systems' authors are told: documents that validate, and say what is true."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import validate as require_openapi
from pydantic import BaseModel, Field

from callbacks_app import contracts, signing
from callbacks_app.advice import ANSWERS
from callbacks_app.steps import callback_map, callback_result, callback_step, create_callback
from tests.callbacks_app.conftest import GOOD, ask, callback_of
from tests.engine import define, run
from workflows_app import begin, registry, step
from workflows_app.dsl import step_group
from workflows_app.registry import LazyWorkflowInstance

pytestmark = pytest.mark.django_db(transaction=True)


class Line(BaseModel):
    text: str
    within: list["Line"] = []


class Report(BaseModel):
    """How a playbook ended."""

    return_code: int = Field(ge=0)
    lines: list[Line] = []
    note: str | None = None


class Picky(BaseModel):
    code: str = Field(min_length=3)


class Opaque(BaseModel):
    thing: Callable[[], int]


@step("Ask")
def asking(callback_url: str) -> None: ...


@step("Order")
def ordering(item: Any) -> None: ...


@pytest.fixture(autouse=True)
def workflows(monkeypatch):
    """An empty registry."""
    monkeypatch.setattr(registry, "_workflows", {})


def site_document():
    made = SchemaGenerator().get_schema(public=True)
    return json.loads(json.dumps(made))  # As it is served.


def told(document):
    """Return what the document tells of callbacks, by their names."""
    start = document["paths"]["/api/processes/{workflow_name}"]["post"]
    return start.get("callbacks", {})


def suffixes(callback):
    return {address.rpartition("/callback/{token}")[2] for address in callback}


def result_of(callback):
    return callback["/api/processes/{$response.body#/id}/callback/{token}"]["post"]


def test_every_callback_of_every_workflow_is_in_the_sites_document():
    approval = create_callback("Approval", payload_model=Report)
    define(
        begin
        >> callback_step("Run it!", asking, begin, payload_model=Report)
        >> callback_step("Run it?", asking, begin)
        >> step_group("Night", callback_step("Again", asking, begin))
        >> approval
        >> callback_result(approval)
        >> callback_map("items", ordering, name="All"),
        name="provision",
    )
    define(begin >> callback_step("Während", asking, begin), name="über")
    define(begin >> callback_step("Run it", asking, begin), name="other")

    document = site_document()

    require_openapi(document)
    assert list(told(document)) == [
        "other.run_it",
        "provision.run_it",
        "provision.run_it_2",
        "provision.night_again",
        "provision.approval",
        "provision.all",
        "_ber.w_hrend",
    ]
    for callback in told(document).values():
        assert suffixes(callback) == {"", "/failure", "/progress", "/heartbeat", "/openapi.json"}


def test_a_result_is_told_with_its_schema_and_an_example_that_fits():
    define(begin >> callback_step("Run", asking, begin, payload_model=Report), name="one")

    document = site_document()

    body = result_of(told(document)["one.run"])["requestBody"]
    assert body["required"]
    content = body["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/one.run"}
    schemas = document["components"]["schemas"]
    assert schemas["one.run"]["title"] == "Report"
    line = {"$ref": "#/components/schemas/one.run.Line"}
    assert schemas["one.run"]["properties"]["lines"]["items"] == line
    assert schemas["one.run.Line"]["properties"]["within"]["items"] == line
    Report.model_validate(content["example"])
    event = body["content"]["application/cloudevents+json"]["schema"]
    assert event["properties"]["data"] == content["schema"]


def test_an_example_that_would_not_fit_is_not_given():
    define(begin >> callback_step("Run", asking, begin, payload_model=Picky), name="one")

    (callback,) = told(site_document()).values()

    content = result_of(callback)["requestBody"]["content"]["application/json"]
    assert content.keys() == {"schema"}


def test_operations_have_names_of_their_own():
    define(begin >> callback_step("A", asking, begin) >> callback_step("B", asking, begin))

    document = site_document()

    items = [item for callback in told(document).values() for item in callback.values()]
    items += document["paths"].values()
    names = [operation["operationId"] for item in items for operation in item.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("signature", "needed"), [("runner", True), ("", False)])
def test_a_signed_step_says_so(signature, needed):
    define(begin >> callback_step("Run", asking, begin, signature=signature), name="one")

    (callback,) = told(site_document()).values()

    headers = {"webhook-id", "webhook-timestamp", "webhook-signature"}
    for item in callback.values():
        if "post" in item:
            required = {one["name"] for one in item["post"]["parameters"] if one.get("required")}
            assert required == {"token"} | (headers if needed else set())


def test_a_model_of_which_no_schema_can_be_made_is_named():
    define(begin >> callback_step("Run", asking, begin, payload_model=Opaque), name="one")

    document = site_document()

    require_openapi(document)
    (callback,) = told(document).values()
    assert result_of(callback)["requestBody"]["content"]["application/json"] == {"schema": {}}
    assert "The result is a Opaque" in result_of(callback)["description"]


def test_a_workflow_that_cannot_be_imported_leaves_the_others_in_the_document():
    define(begin >> callback_step("Run", asking, begin), name="one")
    LazyWorkflowInstance("tests.no_such_module", "broken")

    document = site_document()

    require_openapi(document)
    assert list(told(document)) == ["one.run"]


def test_only_who_may_see_processes_is_told_which_workflows_there_are(client, django_user_model):
    define(begin >> callback_step("Run", asking, begin, payload_model=Report), name="one")
    user: User = django_user_model.objects.create_user("maria")

    assert "one.run" not in client.get("/api/schema/?format=json").text
    client.force_login(user)
    assert "one.run" not in client.get("/api/schema/?format=json").text
    user.user_permissions.add(Permission.objects.get(codename="view_process"))

    assert list(told(client.get("/api/schema/?format=json").json())) == ["one.run"]


def test_problems_are_told_with_their_media_type_and_every_answer_with_what_it_means():
    document = site_document()

    path = "/api/processes/{process_id}/callback/{token}"
    for suffix in ("", "/failure"):
        responses = document["paths"][f"{path}{suffix}"]["post"]["responses"]
        expected = {answer.status for answer in ANSWERS} - {405}
        assert {int(status) for status in responses} == expected
        for status, response in responses.items():
            (media_type,) = response["content"]
            is_problem = int(status) >= 400
            assert media_type == f"application/{'problem+' if is_problem else ''}json"
            for answer in ANSWERS:
                assert answer.status != int(status) or f"`{answer.code}`" in response["description"]


@pytest.fixture
def described(remote):
    """A parked process whose step wants a report, and its callback's document."""
    process = run(begin >> ask(remote, payload_model=Report, signature="runner"))
    answer = remote.client.get(f"{remote.routes[-1]}/openapi.json")
    assert answer.status_code == 200
    return process, answer


def test_a_callback_has_a_complete_document_of_its_own(described, remote, settings):
    process, answer = described

    document = answer.json()

    require_openapi(document)
    base = settings.ORCHESTRATOR["BASE_URL"]
    route = f"/api/processes/{process.pk}/callback/{{token}}"
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": base}]
    assert document["info"]["title"] == "Callback of example: Playbook"
    assert {path.removeprefix(route) for path in document["paths"]} == {
        "",
        "/failure",
        "/progress",
        "/heartbeat",
        "/openapi.json",
    }
    content = document["paths"][route]["post"]["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/example.playbook"}
    assert "Receipt" in document["components"]["schemas"]
    assert "Process" not in document["components"]["schemas"]


def test_the_document_has_no_token_in_it(described, remote):
    process, answer = described

    token = signing.make(callback_of(process))
    assert token.encode() not in answer.content
    assert token.rpartition(".")[2].encode() not in answer.content
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_examples_of_the_document_are_taken(awaiting, remote):
    document = remote.client.get(f"{remote.routes[-1]}/openapi.json").json()

    for suffix in ("/progress", ""):
        (operation,) = (
            item["post"] for path, item in document["paths"].items() if path.endswith("}" + suffix)
        )
        example = operation["requestBody"]["content"]["application/json"]["example"]
        assert remote.post(suffix, example).status_code == 200


def test_reading_the_document_never_consumes(awaiting, remote):
    for _ in range(3):
        assert remote.client.get(f"{remote.routes[-1]}/openapi.json").status_code == 200

    assert callback_of(awaiting).is_open
    assert remote.post(body=GOOD).status_code == 200
    assert remote.client.get(f"{remote.routes[-1]}/openapi.json").status_code == 200


def test_an_unknown_token_has_no_document(awaiting, remote):
    unknown = remote.client.get(f"{remote.routes[-1]}x/openapi.json")

    assert unknown.status_code == 404
    assert unknown.content == remote.post(route=f"{remote.routes[-1]}x", body=GOOD).content


def test_a_callback_whose_workflow_is_gone_takes_any_json(described, remote, monkeypatch):
    monkeypatch.setattr(registry, "_workflows", {})

    document = remote.client.get(f"{remote.routes[-1]}/openapi.json").json()

    require_openapi(document)
    assert "example.playbook" not in document["components"]["schemas"]


def test_two_workflows_do_not_share_what_was_made_for_one(described, remote):
    run(begin >> ask(remote), name="second")

    document = remote.client.get(f"{remote.routes[-1]}/openapi.json").json()

    assert "example.playbook" not in document["components"]["schemas"]
    assert "example.playbook" not in contracts._site()["components"]["schemas"]
