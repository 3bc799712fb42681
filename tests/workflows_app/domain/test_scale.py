"""A thousand subscriptions of five blocks: what one statement can do, one statement does."""

from itertools import pairwise
from uuid import uuid4

import pytest

from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import ACTIVE, Circuit, LagBlock, PortBlock
from tests.workflows_app.domain.statements import counted
from workflows_app.domain import SubscriptionModel
from workflows_app.domain.subscriptions import load
from workflows_app.injection import Injection
from workflows_app.models import (
    InstanceRelation,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def thousand(products):
    """Store circuits with two ends and a spare of a lag with one member, and return their ids."""
    blocks = {block.name: block for block in ProductBlock.objects.all()}
    subscriptions = [
        Subscription(
            product=products.circuit,
            customer_id="SURF",
            description=f"Circuit {number}",
            status=ACTIVE,
            insync=True,
        )
        for number in range(1000)
    ]
    instances, edges = [], []

    def add(row, block, above=None, attribute="", order=0, **values):
        made = SubscriptionInstance(subscription=row, product_block=blocks[block], values=values)
        edges.append(
            InstanceRelation(
                subscription=row,
                in_use_by=above,
                depends_on=made,
                attribute=attribute,
                order=order,
            )
        )
        instances.append(made)
        return made

    for number, row in enumerate(subscriptions):
        top = add(row, "CircuitBlock", attribute="circuit", vlan=number)
        for order in range(2):
            add(row, "PortBlock", top, "ends", order, port_name=f"ge-{number}/{order}")
        lag = add(row, "LagBlock", top, "spare")
        add(row, "PortBlock", lag, "members", port_name=f"ge-{number}/9")
    Subscription.objects.bulk_create(subscriptions)
    SubscriptionInstance.objects.bulk_create(instances)
    InstanceRelation.objects.bulk_create(edges)
    return [row.pk for row in subscriptions]


def author(circuits: list[Circuit]):
    return circuits


def test_a_thousand_are_loaded_with_the_statements_of_one(thousand):
    spent = []
    for number in (1, 10, 1000):
        with counted() as statements:
            loaded = load(thousand[:number])
        spent.append(len(statements))
        assert len(loaded) == number
        circuit = loaded[thousand[number - 1]]
        assert isinstance(circuit, Circuit)
        assert [end.port_name for end in circuit.circuit.ends] == [
            f"ge-{number - 1}/0",
            f"ge-{number - 1}/1",
        ]
        assert isinstance(circuit.circuit.spare, LagBlock)

    assert spent == [4, 4, 4]


def test_a_step_is_given_a_thousand_with_four_statements(thousand):
    state = {"circuits": [str(pk) for pk in thousand]}

    with counted() as statements:
        _, keywords = Injection(author, name="Look").arguments(state, {})

    assert len(keywords["circuits"]) == 1000
    assert len(statements) == 4


def test_a_thousand_that_did_not_change_are_saved_for_nothing(thousand):
    loaded = load(thousand)

    with counted() as statements:
        for circuit in loaded.values():
            circuit.save()

    assert statements == []


def saved(pk, change):
    """Return how many statements a save costs after ``change``."""
    circuit = SubscriptionModel.from_subscription(pk)
    change(circuit)
    with counted() as statements:
        circuit.save()
    return len(statements)


def every_value(circuit):
    circuit.circuit.vlan += 1
    for port in (*circuit.circuit.ends, *circuit.circuit.spare.members):
        port.port_name += "x"


def more_members(number):
    def change(circuit):
        new = [PortBlock.new(circuit.subscription_id) for _ in range(number)]
        circuit.circuit.spare.members.extend(new)

    return change


def fewer_members(circuit):
    circuit.circuit.spare.members.clear()


def test_a_save_costs_the_same_among_a_thousand_and_for_many_blocks(thousand):
    assert saved(thousand[0], every_value) == saved(thousand[999], every_value) == 2
    assert saved(thousand[0], more_members(1)) == saved(thousand[0], more_members(40)) == 4
    assert saved(thousand[1], fewer_members) == saved(thousand[0], fewer_members) <= 9


def test_a_linked_graph_is_loaded_with_four_statements_however_deep(products):
    meshes = [models.mesh(products) for _ in range(12)]
    for above, below in pairwise(meshes):
        above.mesh.peer = below.mesh
        above.save()

    with counted() as statements:
        top = models.Mesh.from_subscription(meshes[0].subscription_id)

    depth = 1
    block = top.mesh
    while block.peer:
        block, depth = block.peer, depth + 1
    assert (depth, len(statements)) == (12, 4)


def test_ids_that_lead_nowhere_cost_no_more(thousand):
    with counted() as statements:
        loaded = load([uuid4() for _ in range(500)] + thousand[:500])

    assert (len(loaded), len(statements)) == (500, 4)
