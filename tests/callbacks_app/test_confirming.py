"""The ready-made step in which an operator confirms what came back."""

import pytest

from callbacks_app.steps import confirm_callback
from tests.callbacks_app.conftest import GOOD
from tests.engine import drain, run, state
from workflows_app import begin, engine, step
from workflows_app.engine.answers import open_page
from workflows_app.forms import NextPage, page_document, walk

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(process):
    form = open_page(process.pk)
    page = walk(form.pages, form.context.state, [])
    assert isinstance(page, NextPage)
    return page_document(page)


def test_the_operator_sees_the_result_and_confirms_it(playbook, remote):
    process = run(begin >> playbook >> confirm_callback("Confirm the run", "network"))
    remote.post(body=GOOD)
    drain()
    process.refresh_from_db()
    assert (process.status, process.assignee) == ("suspended", "network")
    before = state(process)

    schema = page_of(process)["form"]
    assert schema["title"] == "Confirm the run"
    assert schema["properties"]["run_status"]["default"] == "successful"
    assert '"return_code": 0' in schema["properties"]["run_results"]["default"]

    engine.submit(process.pk, inputs=[{}], by="maria")
    drain()
    process.refresh_from_db()
    assert process.status == "completed"
    assert state(process) == before


@pytest.mark.parametrize("result", [3, ["a", "b"], "done", None, {"code": 1}])
def test_a_result_without_a_status_is_shown_whole(result):
    @step("Have a result")
    def have() -> dict[str, object]:
        return {"answer": result}

    process = run(begin >> have >> confirm_callback(result_key="answer", title="Look"))

    assert process.status == "suspended"
    assert list(page_of(process)["form"]["properties"]) == ["run_results"]


def test_without_a_result_nobody_is_asked():
    assert run(begin >> confirm_callback()).status == "completed"


def test_the_operator_cannot_change_what_came_back(playbook, remote):
    process = run(begin >> playbook >> confirm_callback())
    remote.post(body=GOOD)
    drain()

    with pytest.raises(Exception, match="does not validate"):
        engine.submit(process.pk, inputs=[{"run_status": "other"}], by="maria")
