"""An app that was written a minute ago: found, registered, started, and completed."""

import textwrap

import pytest

from tests.journeys.site import running_site

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

WORKFLOWS = """
    from workflows_app import StepList, begin, inputstep, step, workflow
    from workflows_app.forms import FormPage


    class Port(FormPage):
        node: str
        port: str = "ge-0/0/1"


    @step("Reserve the port")
    def reserve(node: str, port: str) -> dict:
        return {"reservation": f"{node}:{port}"}


    @inputstep("Confirm the reservation", assignee="SYSTEM")
    def confirm(reservation: str):
        class Confirm(FormPage):
            ticket: int

        page = yield Confirm
        return {"ticket": page.ticket}


    @workflow("Reserve a port", initial_input_form=Port)
    def reserve_port() -> StepList:
        return begin >> reserve >> confirm
"""


def test_a_new_app_needs_its_name_in_the_environment_and_nothing_else(tmp_path):
    app = tmp_path / "code" / "ports"
    app.mkdir(parents=True)
    (app / "__init__.py").touch()
    (app / "workflows.py").write_text(textwrap.dedent(WORKFLOWS))

    with running_site(tmp_path, apps="ports", PYTHONPATH=str(app.parent)) as site:
        assert "new: reserve_port" in site.web.said
        site.start_worker()
        process = site.client.start("reserve_port", {"node": "asd001a"})
        suspended = site.client.until(process, "suspended")
        assert suspended["state"]["reservation"] == "asd001a:ge-0/0/1"
        refused = site.client.send("PUT", f"processes/{process}/resume", [{"ticket": "none"}])
        assert refused.status_code == 400
        site.client.resume(process, {"ticket": 4711})
        completed = site.client.until(process, "completed")

    assert completed["description"] == "Reserve a port"
    assert completed["state"]["ticket"] == 4711
    assert [step["path"] for step in completed["steps"]] == [
        "Start",
        "Reserve the port",
        "Confirm the reservation",
        "Done",
    ]
