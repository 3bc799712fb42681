"""The search box: words, ids, and values of the state as it is now."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import Client, override_settings

from tests.engine import run
from tests.labels import label
from tests.workflows_app.console import boom, move, reserve, signed_in, text
from tests.workflows_app.lists import LIST, ids, made, shown, subscribed
from workflows_app import State, begin, engine, step, step_group
from workflows_app.errors import SearchTooSlow
from workflows_app.models import Process, ProcessStep, Workflow
from workflows_app.patience import patience
from workflows_app.search import Term, _holders, hidden_keys

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maria() -> Client:
    return signed_in("maria", superuser=True)


def keeping(**state) -> Process:
    """Return a process with these keys in its state."""

    @step("Keep")
    def keep() -> State:
        return state

    return run(begin >> keep)


@pytest.mark.parametrize(
    "words",
    [
        "4711", "TICKET", "ticket 4711", "exam", '"An example"', "l2vpn", "surf", "City surf",
        '"surf city"', "vlan=1001", "vlan=1001 ticket", 'name="Surf City"', "customer_id=surf",
    ],
)  # fmt: skip
def test_a_process_is_found_by_what_is_said_of_it(maria, words):
    process = keeping(vlan=1001, name="Surf City", customer_id="surf")
    Process.objects.filter(pk=process.pk).update(note="Ticket 4711")
    subscribed(process, "L2VPN 1", "Surf City")
    run(begin, name="another")
    Workflow.objects.filter(name="example").update(description="An example")

    assert shown(maria, f"?q={words}") == ids([process])


@pytest.mark.parametrize("length", [4, 8, 13, 36])
def test_a_process_is_found_by_its_id_and_that_of_its_subscription(maria, length):
    process, other = made("completed", "completed")
    subscription = subscribed(process, "L2VPN", "surf")

    for identity in (str(process.pk), str(subscription.pk), str(process.pk).upper()):
        assert str(process.pk) in shown(maria, f"?q={identity[:length]}")
        assert str(other.pk) not in shown(maria, f"?q={identity}")


@pytest.mark.parametrize(
    ("value", "found", "missed"),
    [
        (1001, ["n=1001", 'n="1001"', "n=1001.0"], ["n=100", "n=1002", "n=true"]),
        ("1001", ["n=1001", 'n="1001"'], ["n=1"]),
        (1.5, ["n=1.5"], ["n=1", "n=15"]),
        (True, ["n=true"], ["n=1", "n=false", "n=True"]),
        (None, ["n=null"], ["n=None", "n=0", 'n=""']),
        ("", ['n=""'], ["n=null"]),
        ("a b", ['n="a b"'], ["n=a", "n=A b"]),
        ("x'; --", ['n="x\'; --"'], ["n=x"]),
        ("Zoë 日本", ['n="Zoë 日本"'], ["n=Zoe"]),
        ([1, 2], [], ["n=1", "n=[1,2]", 'n="[1, 2]"']),
        ({"a": 1}, [], ["n=1", "a=1", "n.a=1"]),
        ("%", ["n=%25"], ["n=_"]),
        ("x" * 180, ["n=" + "x" * 180], ["n=" + "x" * 179]),
    ],
    ids=label,
)
def test_a_value_of_the_state_is_found_by_its_key(maria, value, found, missed):
    process = keeping(n=value, other="n")

    assert [query for query in found if shown(maria, f"?q={query}") != ids([process])] == []
    assert [query for query in missed if shown(maria, f"?q={query}")] == []


@pytest.mark.parametrize("key", ["a__b", "a-b", "a.b", "_x", "été", "patch", "process"])
def test_any_key_that_begins_like_a_word_can_be_searched(maria, key):
    process = keeping(**{key: 1})

    assert shown(maria, f"?q={key}=1") == ids([process])


def test_a_value_that_was_overwritten_is_not_found(maria):
    process = run(begin >> reserve >> move)  # vlan: 1001, then 1002.

    assert shown(maria, "?q=vlan=1001") == []
    assert shown(maria, "?q=vlan=1002") == ids([process])


def test_a_value_that_a_retry_has_undone_is_not_found(maria):
    process = run(begin >> step_group("Both", begin >> reserve >> boom))
    assert shown(maria, "?q=vlan=1001") == ids([process])

    engine.retry(process.pk, by="maria")

    assert shown(maria, "?q=vlan=1001") == []


def test_a_value_that_an_operator_edited_is_found(maria):
    process = run(begin >> reserve >> boom)
    engine.edit_state(process.pk, values={"vlan": 7}, by="maria", reason="wrong")

    assert shown(maria, "?q=vlan=7") == ids([process])
    assert shown(maria, "?q=vlan=1001") == []


def test_all_terms_must_fit_and_so_must_the_filters(maria):
    process = keeping(vlan=1001, customer="surf")
    keeping(vlan=1001, customer="library")

    assert shown(maria, "?q=vlan=1001 customer=surf&status=completed") == ids([process])
    assert shown(maria, "?q=vlan=1001 customer=nobody") == []
    assert shown(maria, "?q=vlan=1001 customer=surf&status=failed") == []


@override_settings(ORCHESTRATOR={"MASKED_KEYS": ["*password*"]})
def test_what_is_masked_cannot_be_found_out_by_searching(maria):
    keeping(Router_Password="hunter2", vlan=1001)

    page = text(maria.get(LIST + "?q=Router_Password=hunter2"))

    assert shown(maria, "?q=Router_Password=hunter2") == []
    assert "Router_Password are hidden" in page
    assert hidden_keys("vlan=1 router_password=x y") == ["router_password"]


@pytest.mark.parametrize(
    "words",
    ['"', "=", "==", "=x", "a=", "a==b", '""', "%", "_", "\\", "'", "a=\0b", "\0", "a=" + "9" * 190,
     "a=1e999", "a=NaN", "a=[[[", "x " * 90, "a=1 " * 40, "💥=💥", "\ud800"],
    ids=label,
)  # fmt: skip
def test_whatever_is_typed_gets_an_answer(maria, words):
    run(begin >> reserve)

    assert maria.get(LIST, {"q": words.encode("utf-8", "replace").decode()}).status_code == 200


def test_a_search_that_takes_too_long_is_ended_and_says_so(maria, monkeypatch):
    made(*["completed"] * 300)
    slow = "SELECT count(*) FROM {0} a, {0} b, {0} c, {0} d".format("workflows_app_process")

    def too_slow(*_args, **_options):
        with connection.cursor() as cursor:
            cursor.execute(slow)

    with pytest.raises(SearchTooSlow), patience(timedelta(milliseconds=50)):
        too_slow()

    monkeypatch.setattr("workflows_app.console.listing.keyset.page", too_slow)
    monkeypatch.setattr("workflows_app.patience.LONGEST", timedelta(milliseconds=50))
    page = text(maria.get(LIST + "?q=x"))
    assert "takes too long" in page
    assert "hx-trigger" not in page.split('id="rows"')[1]


def test_patience_ends_with_its_block():
    with transaction.atomic():
        with patience(timedelta(milliseconds=200)):
            Process.objects.count()
        began = time.monotonic()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.3)")
        made(*["completed"] * 50)

    assert Process.objects.count() == 50
    assert time.monotonic() >= began


@pytest.mark.postgresql
def test_a_value_of_the_state_is_found_by_an_index():
    process = keeping(vlan=1001)
    ProcessStep.objects.bulk_create(
        ProcessStep(
            process=process, position=number, path="x", name="x", status="success",
            patch={"vlan": number}, started_at=process.created_at,
        )
        for number in range(5_000, 7_000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workflows_app_processstep")

    plan = _holders(Term("1001", "vlan"), within=None).explain()

    assert "step_state_terms" in plan


def test_a_value_that_many_have_is_found_as_well(maria, monkeypatch):
    monkeypatch.setattr("workflows_app.search.FEW", 1)
    first, second = keeping(site="ams", vlan=1), keeping(site="ams", vlan=2)
    keeping(site="utr", vlan=1)

    assert shown(maria, "?q=site=ams") == ids([second, first])
    assert shown(maria, "?q=site=ams vlan=1") == ids([first])
    assert shown(maria, "?q=vlan=1 site=ams") == ids([first])


def test_subscriptions_are_searched_only_for_those_who_see_them():
    looker = signed_in("looker", "view_process")
    process, _other = made("completed", "completed")
    subscribed(process, "L2VPN 4711", "surf")

    assert shown(looker, "?q=4711") == []
    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_subscription"))
    assert shown(looker, "?q=4711") == ids([process])
