"""A node: enrolled, validated, taken into production, and out of the network again."""

import pytest

from examples.nodes import network
from tests.engine import state
from tests.examples.subscriptions.site import api, model
from workflows_app import engine
from workflows_app.errors import StartRefused
from workflows_app.models import Product, Subscription

NAME = "asd001a-jnx-01"


@pytest.fixture
def node(site):
    return site.create("create_node_enrollment", "Node", esdb_node_id="1")


@pytest.fixture
def active(site, node):
    process = site.change("modify_node_enrollment", node)
    assert process.status == "completed", process.failed_reason
    return node


def test_a_node_is_enrolled_and_stays_provisioning(node):
    loaded = model(node)

    assert type(loaded).__name__ == "NodeEnrollmentProvisioning"
    assert (loaded.ne.esdb_node_id, loaded.ne.node_name) == (1, NAME)
    assert (node.status, node.insync, node.start_date) == ("provisioning", True, None)
    assert network.get_device(device_name=NAME) == {"name": NAME, "state": "in-sync"}


def test_a_node_is_activated_with_a_new_description(active):
    loaded = model(active)

    assert type(loaded).__name__ == "NodeEnrollment"
    assert (active.status, active.insync) == ("active", True)
    assert active.description == f"Node {NAME} Production"
    assert active.start_date is not None


def test_a_node_is_not_activated_twice(site, active):
    assert (
        "The subscription is active; modify_node_enrollment is for those that are provisioning."
        in site.refusal("modify_node_enrollment", active)
    )


@pytest.mark.parametrize("subscription", ["node", "active"])
def test_a_node_is_validated_before_production_and_in_it(site, subscription, request):
    row = request.getfixturevalue(subscription)

    process = site.change("validate_node_enrollment", row)

    assert (process.status, process.is_task) == ("completed", True)
    assert (state(process)["check_nso"], state(process)["node_name"]) == ("OK", NAME)
    assert row.insync


def test_a_device_that_nso_lost_is_inconsistent_data_until_it_is_back(site, active):
    before = active.version
    lost = site.go("task_set_device", {"device_name": NAME, "known": False})
    assert lost.status == "completed"

    process = site.change("validate_node_enrollment", active)

    assert (process.status, process.failed_reason) == (
        "inconsistent_data",
        "Device not found in NSO",
    )
    assert (active.status, active.insync, active.locked_by) == ("active", False, process)
    assert active.version == before
    said = site.refusal("terminate_node_enrollment", active)
    assert f"the process {process.pk} (validate_node_enrollment, inconsistent data)" in said

    site.go("task_set_device", {"device_name": NAME, "known": True})
    engine.retry(process.pk, by="maria")
    assert site.wait(process).status == "completed"
    active.refresh_from_db()
    assert (active.insync, active.locked_by) == (True, None)


def test_a_failed_validation_that_is_aborted_sets_the_node_free(site, node):
    network.remove_device(device_name=NAME)
    process = site.change("validate_node_enrollment", node)

    engine.abort(process.pk, by="maria")
    site.wait(process)

    node.refresh_from_db()
    assert (process.status, node.insync, node.status) == ("aborted", True, "provisioning")
    assert site.change("modify_node_enrollment", node).status == "completed"


def test_all_active_nodes_are_validated_by_one_task(site, active):
    site.create("create_node_enrollment", "Node", esdb_node_id="2")

    process = site.go("task_validate_subscriptions")

    assert (process.status, state(process)["validations"]) == ("completed", 1)


@pytest.mark.parametrize("subscription", ["node", "active"])
def test_a_node_ends_and_stays_as_history(site, subscription, request):
    row = request.getfixturevalue(subscription)

    process = site.change("terminate_node_enrollment", row)

    assert process.status == "completed", process.failed_reason
    assert (row.status, row.insync) == ("terminated", True)
    assert state(process)["node_name"] == NAME
    assert network.get_device(device_name=NAME) is None
    assert model(row).ne.node_name == NAME
    assert "is terminated" in site.refusal("validate_node_enrollment", row)
    again = site.create("create_node_enrollment", "Node", esdb_node_id="1")
    assert again.pk != row.pk


def test_a_node_is_enrolled_once(site, node):
    for number in ("2", "3"):
        site.create("create_node_enrollment", "Node", esdb_node_id=number)

    with pytest.raises(StartRefused, match="every node in ESDB is enrolled already"):
        site.go("create_node_enrollment", {"product": str(Product.objects.get(name="Node").pk)})


def test_the_slower_of_two_orders_for_a_node_fails(site):
    pages = [{"product": str(Product.objects.get(name="Node").pk)}, {"esdb_node_id": "1"}]
    both = [engine.start("create_node_enrollment", inputs=pages, by="maria") for _ in range(2)]

    assert sorted(site.wait(process).status for process in both) == ["completed", "failed"]
    assert Subscription.objects.count() == 1


def test_the_api_says_what_can_be_done_with_a_node(site, active):
    client = api("view_subscription", "start_process")

    shown = client.get(f"/api/subscriptions/{active.pk}").json()
    possible = client.get(f"/api/subscriptions/{active.pk}/workflows").json()

    assert shown["model"]["ne"]["node_name"] == NAME
    assert [process["target"] for process in shown["processes"]] == ["MODIFY", "CREATE"]
    assert {row["name"] for row in possible if row["reason"]} == {"modify_node_enrollment"}


def test_the_network_file_is_never_half_written(tmp_path, monkeypatch):
    monkeypatch.setenv("NETWORK_FILE", str(tmp_path / "deep" / "network.json"))

    assert network.get_device(device_name=NAME) is None
    network.remove_device(device_name=NAME)
    network.add_device(device_name=NAME)
    network.add_device(device_name=NAME)

    assert network.get_device(device_name=NAME) == {"name": NAME, "state": "in-sync"}
    files = sorted(file.name for file in (tmp_path / "deep").iterdir())
    assert files == ["network.json", "network.lock"]
    with pytest.raises(LookupError, match="ESDB has no node 9"):
        network.get_detailed_node(9)
