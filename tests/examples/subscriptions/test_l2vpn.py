"""An L2VPN as a subscription: what a playbook configures is what the database says."""

import pytest

from tests.engine import drain, rows, state
from tests.examples.callback_receiver import wait_until
from tests.examples.subscriptions.order_book import OrderBook
from tests.examples.subscriptions.site import model
from workflows_app import engine
from workflows_app.errors import FormRejected
from workflows_app.models import Product, Subscription

A, B, C = "asd001a-jnx-01", "ut002a-jnx-01", "gn001a-jnx-01"
ORDER = {"vlan": 1001, "node_a": A, "node_b": B}


@pytest.fixture
def runner(monkeypatch):
    book = OrderBook()
    monkeypatch.setenv("PLAYBOOK_RUNNER_URL", book.url)
    yield book
    book.close()


def order(site, **changes):
    product = str(Product.objects.get(name="L2VPN").pk)
    return site.go("create_l2vpn", {"product": product}, ORDER | changes)


def confirm(site, process):
    """Confirm the result that the process shows."""
    assert site.wait(process).status == "suspended", process.failed_reason
    engine.submit(process.pk, inputs=[{}], by="maria")
    assert site.wait(process).status == "completed", process.failed_reason


@pytest.fixture
def l2vpn(site, runner):
    process = order(site)
    runner.answer()
    confirm(site, process)
    return site.subscription(process)


def test_an_l2vpn_is_provisioning_until_its_playbook_is_confirmed(site, runner):
    process = order(site)

    assert process.status == "awaiting_callback"
    ordered = site.subscription(process)
    assert (ordered.status, ordered.insync, ordered.locked_by) == ("provisioning", False, process)
    assert runner.orders[0]["inventory"] == f"{A}\n{B}"
    assert runner.orders[0]["extra_vars"] == {
        "vlan": 1001,
        "speed": 1000,
        "SiteA": A,
        "interfaceA": "ge-0/0/1",
        "SiteB": B,
        "interfaceB": "ge-0/0/1",
    }

    job_id = runner.answer()
    confirm(site, process)

    ordered.refresh_from_db()
    circuit = model(ordered).virtual_circuit
    assert (ordered.status, ordered.insync) == ("active", True)
    assert ordered.description == f"L2VPN 1001 {A} - {B}"
    assert (str(circuit.job_id), circuit.speed) == (job_id, 1000)
    assert [(sap.port.node.node_name, sap.vlan) for sap in circuit.saps] == [(A, 1001), (B, 1001)]


def test_a_playbook_that_fails_is_run_again_at_a_new_address(site, runner):
    process = order(site)
    runner.answer(return_code=2)
    assert site.wait(process).failed_reason == "Playbook ended with return code 2"

    engine.retry(process.pk, by="maria")
    drain()
    runner.answer()
    confirm(site, process)

    assert runner.orders[0]["callback"] != runner.orders[1]["callback"]
    assert site.subscription(process).status == "active"
    assert Subscription.objects.count() == 1


def test_an_l2vpn_is_changed_through_the_runner(site, runner, l2vpn):
    first = model(l2vpn).virtual_circuit.job_id
    process = site.change("modify_l2vpn", l2vpn, {"vlan": 1002, "speed": 5000})
    assert (l2vpn.status, l2vpn.insync) == ("provisioning", False)
    assert runner.orders[-1]["extra_vars"]["vlan"] == 1002

    runner.answer()
    confirm(site, process)

    l2vpn.refresh_from_db()
    circuit = model(l2vpn).virtual_circuit
    assert (l2vpn.status, l2vpn.insync) == ("active", True)
    assert ({sap.vlan for sap in circuit.saps}, circuit.speed) == ({1002}, 5000)
    assert circuit.job_id != first
    assert ("Provisioning/Playbook/Validate result", "success") in rows(process)


def test_an_l2vpn_ends_when_a_playbook_has_removed_it(site, runner, l2vpn):
    process = site.change("terminate_l2vpn", l2vpn)
    assert runner.orders[-1]["playbook_name"] == "remove_l2vpn.yml"
    assert l2vpn.status == "active"

    runner.answer()

    assert site.wait(process).status == "completed", process.failed_reason
    l2vpn.refresh_from_db()
    assert (l2vpn.status, l2vpn.insync) == ("terminated", True)
    assert model(l2vpn).virtual_circuit.saps[0].port.node.node_name == A
    assert "is terminated" in site.refusal("modify_l2vpn", l2vpn)


def test_a_vlan_is_used_once_on_a_port(site, runner, l2vpn):
    with pytest.raises(FormRejected):
        order(site, node_a=C)
    with pytest.raises(FormRejected):
        order(site, node_b=A)
    assert order(site, node_a=C, port_b="ge-0/0/2").status == "awaiting_callback"
    other = order(site, vlan=7)
    runner.answer()
    confirm(site, other)

    assert f"VLAN 1001 is in use on {A} ge-0/0/1." in site.refusal(
        "modify_l2vpn", site.subscription(other), {"vlan": 1001}
    )
    site.change("terminate_l2vpn", l2vpn)
    runner.answer()
    drain()
    assert order(site).status == "awaiting_callback"


@pytest.mark.timeout(180)
def test_real_playbooks_configure_and_remove_an_l2vpn(
    site, demonstration, live_server, monkeypatch, settings
):
    monkeypatch.setenv("PLAYBOOK_RUNNER_URL", demonstration)
    settings.ORCHESTRATOR = settings.ORCHESTRATOR | {"BASE_URL": live_server.url}

    process = order(site)
    wait_until(lambda: site.wait(process).status == "suspended")
    assert any("bandwidth 1000m" in line for line in state(process)["callback_result"]["output"])
    confirm(site, process)
    l2vpn = site.subscription(process)
    ending = site.change("terminate_l2vpn", l2vpn)
    wait_until(lambda: site.wait(ending).status == "completed")

    assert any("no l2vpn vlan-1001" in line for line in state(ending)["callback_result"]["output"])
    l2vpn.refresh_from_db()
    assert l2vpn.status == "terminated"
