"""Processes and the engine over HTTP: what each request leads to, and never a 500."""

import json
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.engine import define, drain, events, rows, run, state
from workflows_app import State, begin, engine, forms, inputstep, registry, sleep_step, step
from workflows_app.models import Process, ProcessStep

NOBODY = UUID(int=404)  # The id of no process.
pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/processes/"


@step("Order")
def order(broken: bool = False) -> State:
    if broken:
        raise RuntimeError("no light")
    return {"ordered": True}


@inputstep("Confirm", assignee="NOC")
def confirm():
    class First(forms.FormPage):
        n: int

    first = yield First

    class Second(forms.FormPage):
        sure: bool

    second = yield Second
    return {**first.model_dump(), **second.model_dump()}


class Start(forms.FormPage):
    note: str = ""
    broken: bool = False


def user(name, *permissions):
    made = User.objects.create_user(name, password="correct horse")
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def client_of(who, **options) -> APIClient:
    client = APIClient(raise_request_exception=False, **options)
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=who)[0].key}")
    return client


@pytest.fixture
def api():
    """Return the client of somebody who may do everything."""
    return client_of(User.objects.create_superuser("anna"))


def address(process: Process, verb: str = "") -> str:
    return f"{URL}{process.pk}" + (f"/{verb}" if verb else "")


def problem(response, status, code=None):
    """Check that ``response`` is a refusal in the shape of RFC 9457."""
    assert response.status_code == status, response.content
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    if code:
        assert body["code"] == code
    return body


# Start


def test_a_process_is_started_and_its_id_is_given(api):
    name = define(begin >> order, initial_input_form=Start)

    response = api.post(URL + name, [{"note": "hi"}])

    process = Process.objects.get()
    assert response.status_code == 201
    assert response.json() == {"id": str(process.pk)}
    assert (process.created_by, state(process)["note"]) == ("anna", "hi")


@pytest.mark.parametrize(("body", "status"), [(None, 201), ([{}], 201), ([], 510)])
def test_null_stands_for_one_empty_page_and_no_page_asks_for_the_first(api, body, status):
    name = define(begin >> order, initial_input_form=Start)

    response = api.post(URL + name, json.dumps(body), content_type="application/json")

    assert response.status_code == status


def test_a_workflow_without_a_form_starts_with_an_empty_list(api):
    assert api.post(URL + define(begin >> order), []).status_code == 201


def test_a_form_s_pages_are_asked_for_and_refused_in_the_forms_protocol(api):
    def form():
        first = yield Start

        class Second(forms.FormPage):
            n: int

        second = yield Second
        return {**first.model_dump(), **second.model_dump()}

    name = define(begin >> order, initial_input_form=form)

    needed = api.post(URL + name, [{"note": "hi"}])
    refused = api.post(URL + name, [{"note": "hi"}, {"n": "x"}])
    too_many = api.post(URL + name, [{}, {"n": 1}, {}])
    started = api.post(URL + name, [{}, {"n": 1}])

    assert needed.status_code == 510
    assert needed.json()["form"]["properties"].keys() == {"n"}
    assert needed.json()["meta"]["hasNext"] is True
    assert refused.status_code == 400
    assert [set(error) >= {"loc", "msg", "type"} for error in refused.json()["validation_errors"]]
    assert refused.json()["validation_errors"][0]["loc"] == ["n"]
    problem(too_many, 400, "TooManyPages")
    assert started.status_code == 201
    assert Process.objects.count() == 1


def test_a_start_that_is_refused_says_why(api):
    name = define(begin >> order, run_predicate=lambda _context: "The network is frozen.")

    problem(api.post(URL + "nothing", []), 404, "UnknownWorkflow")
    refusal = problem(api.post(URL + name, []), 412, "StartRefused")

    assert refusal["detail"] == "The network is frozen."
    assert not Process.objects.exists()


def test_an_idempotency_key_starts_one_process(api):
    name = define(begin >> order, initial_input_form=Start)
    headers = {"Idempotency-Key": "k"}

    first = api.post(URL + name, [{"note": "a"}], headers=headers)
    second = api.post(URL + name, [{"note": "a"}], headers=headers)
    other = api.post(URL + name, [{"note": "b"}], headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    problem(other, 422, "KeyReused")
    assert Process.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01", True),
        ("nonsense", False),
        ("a\0b", False),
        (None, False),
    ],
    ids=["valid", "nonsense", "NUL", "none"],
)
def test_a_process_is_started_in_the_trace_of_the_request(api, sent, kept):
    headers = {"traceparent": sent} if sent else {}

    started = api.post(URL + define(begin >> order), [], headers=headers)
    shown = api.get(f"{URL}{started.json()['id']}").json()

    assert started.status_code == 201
    assert shown["traceparent"] == (sent if kept else "")


@pytest.mark.parametrize("key", ["x" * 256, "x" * 5000, "a\0b"], ids=["256", "5000", "NUL"])
def test_an_idempotency_key_that_no_column_holds_is_refused(api, key):
    name = define(begin >> order)

    problem(api.post(URL + name, [], headers={"Idempotency-Key": key}), 400)

    assert not Process.objects.exists()


# Bodies


BODIES = {
    "object": ("{}", "application/json", 400),
    "number": ("5", "application/json", 400),
    "text": ('"text"', "application/json", 400),
    "list of numbers": ("[5]", "application/json", 400),
    "malformed": ("[{", "application/json", 400),
    "empty": ("", "application/json", 400),
    "not utf-8": (b'[{"note": "\xff"}]', "application/json", 400),
    "NaN": ('[{"note": NaN}]', "application/json", 400),
    "huge number": ('[{"note": 1' + "0" * 5000 + "}]", "application/json", 400),
    "infinite number": ('[{"note": 1e999}]', "application/json", 400),
    "NUL": (r'[{"note": "a\u0000b"}]', "application/json", 400),
    "half a surrogate pair": (r'[{"note": "\ud800"}]', "application/json", 400),
    "a parameter of Python's": ('[{"self": 1}]', "application/json", 400),
    "an unknown field": ('[{"unknown": 1}]', "application/json", 400),
    "deep": ("[" * 100_000 + "]" * 100_000, "application/json", 400),
    "deep field": ('[{"note": ' + "[" * 400 + "]" * 400 + "}]", "application/json", 400),
    "form": ("note=hi", "application/x-www-form-urlencoded", 415),
    "xml": ("<note/>", "application/xml", 415),
}


@pytest.mark.parametrize(("body", "kind", "status"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("edge", ["start", "resume"])
def test_a_body_that_cannot_be_taken_is_refused_and_changes_nothing(api, body, kind, status, edge):
    name = define(begin >> order, initial_input_form=Start)

    @inputstep("Ask")
    def ask():
        page = yield Start
        return page.model_dump()

    suspended = run(begin >> ask, name="suspended")

    if edge == "start":
        response = api.post(URL + name, body, content_type=kind)
    else:
        response = api.put(address(suspended, "resume"), body, content_type=kind)

    # An empty body has no form to fill either; it may also ask for the first page.
    assert response.status_code == status or (body == "" and response.status_code in (400, 510))
    assert response.json()
    assert Process.objects.count() == 1
    suspended.refresh_from_db()
    assert suspended.status == "suspended"


def test_a_body_of_two_mebibytes_is_taken(api):
    name = define(begin >> order, initial_input_form=Start)

    response = api.post(URL + name, [{"note": "x" * 2 * 1024 * 1024}])

    assert response.status_code == 201
    assert len(state(Process.objects.get())["note"]) == 2 * 1024 * 1024


def test_a_value_as_deep_as_a_state_may_be_comes_through(api):
    class Deep(forms.FormPage):
        tree: list[object]

    name = define(begin >> order, initial_input_form=Deep)

    response = api.post(
        URL + name,
        '[{"tree": ' + "[" * 100 + "]" * 100 + "}]",
        content_type="application/json",
    )
    drain()

    assert response.status_code == 201
    process = Process.objects.get()
    assert process.status == "completed"
    assert api.get(address(process)).status_code == 200


# Show and list


def test_a_process_is_shown_with_its_steps_in_order_its_state_and_what_may_be_done(api):
    process = run(begin >> order >> confirm)
    ProcessStep.objects.filter(process=process, position=0).update(by="moved")  # On disk, too.

    shown = api.get(address(process)).json()

    assert (shown["status"], shown["workflow"], shown["assignee"]) == (
        "suspended",
        "example",
        "NOC",
    )
    assert [(step["path"], step["status"]) for step in shown["steps"]] == rows(process)
    assert [step["position"] for step in shown["steps"]] == [0, 1, 2]
    assert shown["state"] == {"ordered": True}
    assert shown["allowed_actions"] == ["resume", "reject", "abort", "note"]
    assert [entry["path"] for entry in shown["definition"]] == ["Start", "Order", "Confirm", "Done"]


def test_a_process_whose_workflow_left_the_code_is_still_shown(api):
    process = run(begin >> order, name="leaving")
    registry._workflows.pop("leaving")

    assert api.get(address(process)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", str(NOBODY), 404),
        ("put", f"{NOBODY}/resume", 404),
        ("put", f"{NOBODY}/abort", 404),
        ("post", str(NOBODY), 405),
        ("get", "not-an-id", 405),
        ("delete", str(NOBODY), 405),
        ("get", f"{NOBODY}/nothing", 404),
        ("post", "%00", 404),
        ("post", "x" * 300, 404),
    ],
)
def test_what_is_not_there_is_refused(api, method, path, status):
    assert getattr(api, method)(URL + path).status_code == status


def test_processes_are_listed_newest_first_in_pages(api):
    made = [run(begin >> order) for _ in range(5)]

    first = api.get(URL, {"limit": 2}).json()
    second = api.get(first["next"]).json()
    past_the_end = api.get(URL, {"offset": 99}).json()

    assert first["count"] == 5
    found = [entry["id"] for entry in (*first["results"], *second["results"])]
    assert found == [str(process.pk) for process in reversed(made)][:4]
    assert past_the_end["results"] == []


def test_processes_made_at_the_same_instant_keep_their_order_across_pages(api):
    for _ in range(6):
        run(begin >> order)
    Process.objects.update(created_at=timezone.now())

    pages = [api.get(URL, {"limit": 2, "offset": offset}).json() for offset in (0, 2, 4)]

    ids = [entry["id"] for page in pages for entry in page["results"]]
    assert len(set(ids)) == 6


FILTERS = [
    ("status=completed", {"done", "task"}),
    ("status=completed,suspended", {"done", "task", "asking"}),
    ("status=suspended,nonsense", {"asking"}),
    ("status=nonsense", set()),
    ("status=", {"done", "task", "asking"}),
    ("workflow=done", {"done"}),
    ("workflow=done, asking", {"done", "asking"}),
    ("assignee=NOC", {"asking"}),
    ("created_by=maria", {"done", "task", "asking"}),
    ("created_by=piet", set()),
    ("is_task=true", {"task"}),
    ("is_task=FALSE", {"done", "asking"}),
    ("is_task=true&status=suspended", set()),
    ("unknown=1", {"done", "task", "asking"}),
]


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_a_list_may_be_filtered(api, query, found):
    run(begin >> order, name="done")
    run(begin >> order, name="task", is_task=True)
    run(begin >> confirm, name="asking")

    listed = api.get(f"{URL}?{query}").json()

    assert {entry["workflow"] for entry in listed["results"]} == found
    assert listed["count"] == len(found)


@pytest.mark.parametrize(
    "query",
    [
        "status=%00",
        "workflow=a%00b",
        "created_by=%ed%a0%80",
        "assignee=%ff",
        "is_task=perhaps",
        "status=" + "x," * 3000,
        "limit=-1",
        "limit=x",
        "limit=99999999999999999999",
        "offset=-1",
        "offset=x",
        "offset=99999999999999999999",
        "limit=%00",
    ],
)
def test_an_odd_query_is_answered_and_never_an_error_of_the_server(api, query):
    run(begin >> order)

    response = api.get(f"{URL}?{query}")

    assert response.status_code in (200, 400), response.content
    assert response.json()


def test_a_page_is_never_longer_than_the_server_can_bear(api):
    workflow = run(begin >> order).workflow
    Process.objects.bulk_create(Process(workflow=workflow, created_by="x") for _ in range(600))

    listed = api.get(URL, {"limit": 1_000_000}).json()

    assert (listed["count"], len(listed["results"])) == (601, 500)
    assert len(api.get(URL).json()["results"]) == 50


# Resume and abort


def test_a_suspended_process_is_answered_page_by_page(api):
    process = run(begin >> confirm >> order)
    url = address(process, "resume")

    assert api.put(url, []).status_code == 510
    assert api.put(url, [{"n": "x"}]).status_code == 400
    assert api.put(url, [{"n": 1}]).status_code == 510
    problem(api.put(url, [{"n": 1}, {"sure": True}, {}]), 400, "TooManyPages")
    assert api.put(url, [{"n": 1}, {"sure": True}]).status_code == 204
    again = problem(api.put(url, [{"n": 1}, {"sure": True}]), 409, "AlreadyAnswered")
    drain()

    assert "answered by anna at" in again["detail"]
    assert state(process) == {"n": 1, "sure": True, "ordered": True}
    assert events(process) == [("maria", "started"), ("anna", "resumed")]


@pytest.mark.parametrize("status", ["failed", "api_unavailable", "inconsistent_data"])
def test_a_failed_process_is_retried(api, status):
    process = run(begin >> order, inputs=({"broken": True},), initial_input_form=Start)
    Process.objects.filter(pk=process.pk).update(status=status)

    assert api.put(address(process, "resume")).status_code == 204

    process.refresh_from_db()
    assert (process.status, events(process)[-1]) == ("resumed", ("anna", "retried"))


def test_a_waiting_process_is_let_go_on(api):
    process = run(begin >> sleep_step("Nap", 60))

    assert api.put(address(process, "resume"), []).status_code == 204

    assert events(process)[-1] == ("anna", "resumed")


@pytest.mark.parametrize("status", ["created", "running", "resumed", "awaiting_callback"])
def test_a_process_that_waits_for_no_operator_cannot_be_resumed(api, status):
    process = engine.start(define(begin >> order), by="maria")
    Process.objects.filter(pk=process.pk).update(status=status)

    refusal = problem(api.put(address(process, "resume"), []), 409, "WrongStatus")

    words = status.replace("_", " ")
    assert refusal["detail"] == f"the process is {words}; it waits for no form"
    assert events(process) == [("maria", "started")]


def test_a_process_that_has_ended_can_be_neither_resumed_nor_aborted(api):
    for process in (run(begin >> order), engine.abort(run(begin >> confirm).pk, by="maria")):
        before = events(process)

        problem(api.put(address(process, "resume"), []), 409, "WrongStatus")
        problem(api.put(address(process, "abort")), 409, "WrongStatus")

        assert events(process) == before


@pytest.mark.parametrize("body", [None, {}, {"reason": "wrong customer"}])
def test_a_process_is_aborted_with_or_without_a_reason(api, body):
    process = run(begin >> confirm)

    response = api.put(address(process, "abort"), body)

    assert response.status_code == 204
    aborted = process.events.get(action="aborted")
    assert (aborted.actor, aborted.reason) == ("anna", (body or {}).get("reason", ""))


@pytest.mark.parametrize(
    "body",
    [
        "[5]",
        '"text"',
        "{",
        '{"reason": {}}',
        '{"reason": "' + "x" * 2001 + '"}',
        r'{"reason": "a\u0000b"}',
        r'{"reason": "\ud800"}',
        '{"reason": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=["list", "text", "malformed", "object", "long", "NUL", "surrogate", "deep"],
)
def test_an_abort_with_a_body_that_cannot_be_taken_is_refused(api, body):
    process = run(begin >> confirm)

    problem(api.put(address(process, "abort"), body, content_type="application/json"), 400)

    process.refresh_from_db()
    assert process.status == "suspended"


def test_a_form_whose_step_is_gone_is_a_conflict_and_not_an_error_of_the_server(api):
    process = run(begin >> confirm >> order)
    define(begin >> order)
    problem(api.put(address(process, "resume"), []), 409, "UnknownStep")

    registry._workflows.pop("example")
    problem(api.put(address(process, "resume"), []), 404, "UnknownWorkflow")


def missing_parameter(missing):
    raise AssertionError


def raising():
    raise RuntimeError("the author's mistake")


@pytest.mark.parametrize("form", [missing_parameter, raising])
@pytest.mark.parametrize("option", ["initial_input_form", "run_predicate"])
def test_an_author_s_mistake_in_a_form_or_a_predicate_is_answered_in_json(api, form, option):
    name = define(begin >> order, **{option: form})

    body = api.post(URL + name, [{}]).json()

    assert body["detail"]


# Who


def test_nobody_is_let_in_without_a_name():
    process = run(begin >> confirm)
    anonymous = APIClient(raise_request_exception=False)

    for response in (
        anonymous.get(URL),
        anonymous.get(address(process)),
        anonymous.post(URL + "example", []),
        anonymous.put(address(process, "resume"), []),
        anonymous.put(address(process, "abort")),
        anonymous.get("/api/engine"),
        anonymous.put("/api/engine", {"global_lock": True}),
    ):
        problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Token"
    assert events(process) == [("maria", "started")]


REQUESTS = {
    "view_process": [("get", ""), ("get", "{suspended}"), ("get", "../engine")],
    "start_process": [("post", "example")],
    "resume_process": [("put", "{suspended}/resume"), ("put", "{waiting}/resume")],
    "retry_process": [("put", "{failed}/resume")],
    "abort_process": [("put", "{suspended}/abort")],
    "pause_engine": [("put", "../engine")],
}


@pytest.mark.parametrize("permission", REQUESTS)
def test_each_request_needs_its_permission_and_that_alone(permission):
    waiting = run(begin >> sleep_step("Nap", 60), name="waiting")
    failed = run(begin >> order, inputs=({"broken": True},), initial_input_form=Start, name="fail")
    suspended = run(begin >> inputstep("Ask")(lambda: forms.FormPage))
    places = {"waiting": waiting.pk, "failed": failed.pk, "suspended": suspended.pk}
    others = [codename for codename in REQUESTS if codename != permission]
    refused, allowed = client_of(user("kees", *others)), client_of(user("piet", permission))
    bodies: dict[str, object] = {"../engine": {"global_lock": False}, "{suspended}/abort": {}}

    for method, path in REQUESTS[permission]:
        url = "/api/engine" if path.startswith("..") else URL + path.format(**places)
        body = None if method == "get" else bodies.get(path, [{}])
        problem(getattr(refused, method)(url, body), 403, "NotAllowed")
        assert getattr(allowed, method)(url, body).status_code in (200, 201, 204)


def test_an_authoriser_s_refusal_is_a_403_wherever_it_stands():
    @inputstep("Ask", authorize_resume=lambda _user: False)
    def ask():
        yield forms.FormPage

    process = run(begin >> ask)
    name = define(begin >> order, name="closed", authorize=lambda _user: False)
    client = client_of(User.objects.create_superuser("anna"))

    problem(client.put(address(process, "resume"), [{}]), 403, "NotAllowed")
    problem(client.post(URL + name, []), 403, "NotAllowed")
    assert "resume" not in client.get(address(process)).json()["allowed_actions"]


def test_who_acts_is_who_is_logged_in_and_no_parameter(api):
    name = define(begin >> inputstep("Ask")(lambda: forms.FormPage), initial_input_form=Start)

    api.post(f"{URL}{name}?reporter=mallory&user=mallory&by=mallory", [{}])
    process = Process.objects.get()
    drain()
    spoofed = api.put(address(process, "resume") + "?reporter=mallory", [{"reporter": "mallory"}])
    assert spoofed.status_code == 400
    api.put(address(process, "resume") + "?reporter=mallory", [{}])
    api.put(address(process, "abort") + "?reporter=mallory", {"by": "mallory", "reason": ""})

    assert process.created_by == "anna"
    assert [actor for actor, _ in events(process)] == ["anna"] * 3
    assert set(process.steps.values_list("by", flat=True)) <= {"anna", ""}


def test_a_session_is_as_good_as_a_token_but_needs_the_csrf_token():
    process = run(begin >> confirm)
    user("piet", "view_process", "abort_process")
    client = APIClient(enforce_csrf_checks=True)
    assert client.login(username="piet", password="correct horse")

    assert client.get(address(process)).status_code == 200
    problem(client.put(address(process, "abort")), 403)
    client.get("/admin/login/")
    token = client.cookies["csrftoken"].value
    response = client.put(address(process, "abort"), headers={"X-CSRFToken": token})

    assert response.status_code == 204
    assert events(process)[-1] == ("piet", "aborted")


def test_a_token_that_is_wrong_or_of_somebody_who_left_is_refused():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token wrong")
    problem(client.get(URL), 401)

    former = user("piet", "view_process")
    client = client_of(former)
    assert client.get(URL).status_code == 200
    User.objects.filter(pk=former.pk).update(is_active=False)
    problem(client.get(URL), 401)


# The engine


def test_the_engine_is_paused_and_let_go_on(api):
    name = define(begin >> order)

    paused = api.put("/api/engine", {"global_lock": True, "reason": "maintenance"})
    assert api.post(URL + name, []).status_code == 201  # Nothing is refused during a pause.
    assert drain() == 0
    running = api.put("/api/engine", {"global_lock": False})
    drain()

    assert paused.json() == {
        "global_lock": True,
        "global_status": "PAUSED",
        "running_processes": 0,
        "reason": "maintenance",
    }
    assert running.json()["global_status"] == "RUNNING"
    assert Process.objects.get().status == "completed"


def test_an_engine_with_a_running_step_is_pausing_until_it_ends(api):
    seen = []

    @step("Slow", atomic=False)
    def slow() -> None:
        api.put("/api/engine", {"global_lock": True})
        seen.append(api.get("/api/engine").json())

    run(begin >> slow >> order)

    assert (seen[0]["global_status"], seen[0]["running_processes"]) == ("PAUSING", 1)
    assert api.get("/api/engine").json()["global_status"] == "PAUSED"


@pytest.mark.parametrize(
    "body", ["{}", "[]", "5", '{"global_lock": "perhaps"}', '{"global_lock": null}', "{"]
)
def test_a_switch_that_is_not_clear_is_refused(api, body):
    problem(api.put("/api/engine", body, content_type="application/json"), 400)

    assert api.get("/api/engine").json()["global_lock"] is False


# The schema


def test_the_openapi_schema_is_valid_and_names_every_answer(tmp_path):
    file = tmp_path / "schema.json"

    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format=openapi-json", f"--file={file}"
    )

    paths = json.loads(file.read_text())["paths"]
    start = paths["/api/processes/{workflow_name}"]["post"]["responses"]
    assert {"201", "400", "403", "404", "412", "422", "510"} <= set(start)
    resume = paths["/api/processes/{process_id}/resume"]["put"]["responses"]
    assert {"204", "400", "403", "404", "409", "510"} <= set(resume)
