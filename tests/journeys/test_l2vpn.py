"""An L2VPN is ordered, configured by a real playbook, confirmed and activated, all over REST."""

import pytest

from tests.cluster.processes import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

ORDER = {"customer": "Example University", "vlan": 1001}
ENDS = {"node_a": "asd001a-jnx-01", "node_b": "ut002a-jnx-01"}


@pytest.mark.usefixtures("playbook_runner")
def test_an_order_is_filled_in_configured_confirmed_and_activated(client):
    process = order_page_by_page(client)

    percents = watch_progress(client, process)
    shown = client.until(process, "suspended")
    assert percents == sorted(percents)
    assert len(percents) > 1, "the bar did not move"
    result = shown["state"]["callback_result"]
    assert (result["status"], result["return_code"]) == ("successful", 0)
    assert result["job_id"] == shown["state"]["job_id"]
    assert any("Configure pseudowire" in line for line in result["output"])
    assert all(step["progress"] is None for step in shown["steps"])

    client.resume(process, {})
    shown = client.until(process, "completed")

    assert shown["state"]["service"] == {"name": "EXAMPLE UNIV-1001", "status": "active"}
    assert [step["status"] for step in shown["steps"]] == ["success"] * 9


@pytest.mark.usefixtures("playbook_runner")
def test_a_failed_playbook_is_explained_and_a_retry_runs_it_at_a_new_address(client):
    process = client.start("provision_l2vpn", ORDER | {"simulate_fault": True}, ENDS)

    failed = client.until(process, "failed")
    assert failed["failed_reason"] == "Playbook ended with return code 2"
    assert failed["allowed_actions"][0] == "retry"
    last = failed["steps"][-1]
    assert (last["path"], last["error_class"]) == (
        "Playbook/Validate result",
        "ProcessFailureError",
    )
    assert "no light on the line" in "".join(last["details"]["output"])

    assert client.send("PUT", f"processes/{process}/resume").status_code == 204
    again = client.until(process, "suspended")
    assert again["state"]["callback_result"]["return_code"] == 0
    assert again["state"]["callback_route"] != failed["state"]["callback_route"]
    assert again["state"]["job_id"] != failed["state"]["job_id"]
    assert [step["path"] for step in again["steps"] if step["superseded"]] == [
        "Playbook/Create callback",
        "Playbook/Execute playbook",
        "Playbook/Await callback",
        "Playbook/Validate result",
    ]

    client.resume(process, {})
    client.until(process, "completed")


def order_page_by_page(client):
    """Fill in the form as a client that does not know it would, and return the process's id."""
    before = client.count()
    path = "processes/provision_l2vpn"

    first = client.send("POST", path, [])
    assert first.status_code == 510
    assert list(first.json()["form"]["properties"]) == ["customer", "vlan", "simulate_fault"]
    assert first.json()["meta"]["hasNext"] is True

    wrong = client.send("POST", path, [ORDER | {"vlan": 5000}])
    assert wrong.status_code == 400
    assert [error["loc"] for error in wrong.json()["validation_errors"]] == [["vlan"]]

    second = client.send("POST", path, [ORDER])
    assert second.status_code == 510
    assert second.json()["form"]["title"] == "The two ends of VLAN 1001"
    assert second.json()["meta"]["hasNext"] is False

    looped = client.send("POST", path, [ORDER, ENDS | {"node_b": ENDS["node_a"]}])
    assert looped.status_code == 400
    assert "two different nodes" in looped.json()["validation_errors"][0]["msg"]
    assert client.send("POST", path, [ORDER, ENDS, {}]).status_code == 400
    assert client.count() == before, "a refused order was started"

    started = client.send("POST", path, [ORDER, ENDS])
    assert started.status_code == 201
    return started.json()["id"]


def watch_progress(client, process):
    """Return the percentages that the process shows while it waits, in order."""
    seen = []

    def answered():
        shown = client.show(process)
        for step in shown["steps"]:
            if step["progress"] and step["progress"]["percent"] not in seen:
                seen.append(step["progress"]["percent"])
        return shown["status"] not in ("created", "running", "awaiting_callback")

    until(answered, "the playbook has ended")
    return seen
