"""How many statements things cost: what grows with the data is found here first."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.engine import define, drain, run
from tests.labels import label
from workflows_app import (
    State,
    StepList,
    abort,
    begin,
    engine,
    forms,
    inputstep,
    queue,
    step,
    step_group,
)
from workflows_app.models import NoticeChoice, Process, ProcessStep, Scope

pytestmark = pytest.mark.django_db(transaction=True)

FREE = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are run, but for those that only frame others."""
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        if not sql.startswith(FREE):
            statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def nothing(name: str):
    @step(name)
    def do_nothing() -> State:
        return {name: True}

    return do_nothing


@inputstep("Confirm")
def confirm():
    yield forms.FormPage


def chain(length: int) -> StepList:
    return StepList(nothing(f"Step {number}") for number in range(length))


@pytest.mark.parametrize(
    "options", [{}, {"run_predicate": lambda context: not context.unfinished()}], ids=label
)
def test_a_start_costs_at_most_six_statements(options):
    name = define(chain(3), **options)

    with counted() as statements:
        engine.start(name, by="maria", key=None if options else "k")

    assert len(statements) <= 6, statements


@pytest.mark.parametrize("waiting", [0, 1, 20])
def test_a_claim_costs_one_statement_and_on_sqlite_a_read_before_it(waiting):
    name = define(chain(1))
    for _ in range(waiting):
        engine.start(name, by="maria")

    with counted() as statements:
        queue.claim(20)

    assert len(statements) <= (1 if connection.vendor == "postgresql" else 2), statements


def test_every_further_step_costs_two_statements():
    spent = []
    for length in (5, 25):
        name = define(chain(length), name=f"chain_{length}")
        engine.start(name, by="maria")
        with counted() as statements:
            drain()
        spent.append(len(statements))

    assert spent[1] - spent[0] <= 20 * 2, spent


@pytest.mark.parametrize("heard", [True, False], ids=["heard of", "not heard of"])
@pytest.mark.parametrize("end", [confirm, abort, nothing("Last")], ids=["form", "abort", "done"])
def test_a_stop_of_which_people_hear_costs_one_statement_more_and_a_step_none(end, heard):
    if heard:
        maria = User.objects.create_user("maria")
        NoticeChoice.objects.create(user=maria, kind="finished", email=Scope.ALL)
    engine.start(define(chain(5) >> end), by="maria")

    with counted() as statements:
        drain()

    written = [sql for sql in statements if 'INSERT INTO "workflows_app_notice"' in sql]
    assert len(written) == (1 if heard or end is confirm else 0)


def test_taking_a_process_up_costs_the_same_however_many_steps_it_has_run():
    spent = []
    for length in (3, 60):
        process = run(chain(length) >> confirm, name=f"long_{length}")
        engine.submit(process.pk, inputs=[{}], by="piet")
        with counted() as statements:
            drain()
        spent.append(len(statements))

    assert spent[0] == spent[1]


@pytest.mark.parametrize(
    "verb",
    [
        lambda pk: engine.submit(pk, inputs=[{}], by="piet"),
        lambda pk: engine.abort(pk, by="piet"),
        lambda pk: engine.set_note(pk, note="x", by="piet"),
    ],
    ids=["submit", "abort", "note"],
)
def test_an_operator_s_act_costs_the_same_however_many_steps_there_were(verb):
    spent = []
    for length in (3, 60):
        process = run(chain(length) >> confirm, name=f"long_{length}")
        with counted() as statements:
            verb(process.pk)
        spent.append(len(statements))

    assert spent[0] == spent[1] <= 9, spent


@pytest.fixture
def api():
    client = APIClient()
    token = Token.objects.create(user=User.objects.create_superuser("anna"))
    client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


def test_a_list_costs_the_same_for_five_processes_and_for_fifty(api):
    process = run(chain(3) >> confirm)
    spent = []
    for count in (4, 45):
        Process.objects.bulk_create(
            Process(workflow=process.workflow, created_by="maria") for _ in range(count)
        )
        with counted() as statements:
            listed = api.get("/api/processes/").json()
        spent.append((len(listed["results"]), len(statements)))

    assert spent == [(5, spent[0][1]), (50, spent[0][1])]
    assert spent[0][1] <= 4


def test_a_process_page_costs_the_same_for_three_steps_and_for_sixty(api):
    spent = []
    for length in (3, 60):
        process = run(chain(length) >> confirm, name=f"long_{length}")
        with counted() as statements:
            shown = api.get(f"/api/processes/{process.pk}").json()
        assert len(shown["steps"]) == length + 2
        spent.append(len(statements))

    assert spent[0] == spent[1] <= 6


def test_a_retry_supersedes_a_long_group_in_one_statement():
    @step("Boom")
    def boom() -> None:
        raise RuntimeError("boom")

    spent = []
    for length in (3, 60):
        process = run(begin >> step_group("G", chain(length) >> boom), name=f"group_{length}")
        with counted() as statements:
            engine.retry(process.pk, by="maria")
        assert ProcessStep.objects.filter(process=process, superseded=True).count() == length + 1
        spent.append(len(statements))

    assert spent[0] == spent[1]
