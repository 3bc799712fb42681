"""The console's pages about subscriptions and products: what they show, and let whom do."""

import re
from unittest import mock
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from tests.engine import define, drain
from tests.workflows_app.console import ESCAPED, SCRIPT, signed_in, text
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import ACTIVE, Mesh, MeshBlock
from workflows_app import begin, engine, inputstep, registry, step
from workflows_app.domain import SUBSCRIPTION_MODEL_REGISTRY
from workflows_app.errors import FormRejected, SearchTooSlow
from workflows_app.forms import FormPage, SubmitFormPage
from workflows_app.lifecycle import ProductLifecycle
from workflows_app.models import (
    InstanceRelation,
    Process,
    ProcessEvent,
    Product,
    ProductBlock,
    Subscription,
    SubscriptionInstance,
    Workflow,
)
from workflows_app.registration import sync
from workflows_app.subscriptions import (
    create_workflow,
    modify_workflow,
    reconcile_workflow,
    terminate_workflow,
)

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/subscriptions/"
PRODUCTS = "/admin/products/"
STARTS = re.compile("/admin/start/[a-z]")  # A link that starts a workflow.
LOOK = ("view_subscription", "view_product", "view_process")


class Name(SubmitFormPage):
    name: str


@step("Break")
def break_it() -> None:
    raise RuntimeError("broken")


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield FormPage


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    monkeypatch.setattr(registry, "_workflows", dict(registry._workflows))
    with mock.patch.dict(SUBSCRIPTION_MODEL_REGISTRY, clear=True):
        yield


@pytest.fixture
def rows():
    """Products; those of groups have workflows, of which one fails and one waits for a person."""
    rows = models.products()

    @create_workflow("Create a group", initial_input_form=Name)
    def create_group():
        return begin

    @modify_workflow("Modify a group")
    def modify_group():
        return begin >> break_it

    @modify_workflow("Ask about a group")
    def ask_group():
        return begin >> confirm

    @reconcile_workflow("Reconcile a group")
    def reconcile_group():
        return begin

    @terminate_workflow("End a group")
    def terminate_group():
        return begin

    sync()
    rows.group.workflows.set(Workflow.objects.filter(name__endswith="_group"))
    return rows


@pytest.fixture
def group(rows) -> Subscription:
    """The subscription of an active group."""
    return Subscription.objects.get(pk=models.group(rows, "noc").subscription_id)


@pytest.fixture
def anna() -> Client:
    """Return the browser of somebody who may look, start workflows and set in sync."""
    return signed_in("anna", *LOOK, "start_process", "lock_subscription")


@pytest.fixture
def looker() -> Client:
    return signed_in("looker", *LOOK)


def url(subscription: Subscription, page: str = "") -> str:
    return f"{LIST}{subscription.pk}/{page}"


def start(name: str, subscription: Subscription) -> Process:
    """Run a workflow on the subscription as far as it goes."""
    process = engine.start(name, inputs=[{"subscription_id": str(subscription.pk)}], by="maria")
    drain()
    process.refresh_from_db()
    return process


def listed(client: Client, query: str = "") -> list[str]:
    """Return the descriptions in the list."""
    page = client.get(LIST + query)
    assert page.status_code == 200
    return [line.subscription.description for line in page.context["listing"].lines]


def words(response) -> str:
    """Return what the page says, without its markup."""
    return re.sub(r" ([,.:])", r"\1", " ".join(re.sub(r"<[^>]*>", " ", text(response)).split()))


def said(client: Client) -> list[str]:
    return [str(message) for message in client.get(LIST).context["messages"]]


def stored(rows, description: str, **values) -> Subscription:
    given = {"customer_id": "SURF", "status": "active", "insync": True}
    return Subscription.objects.create(
        product=rows.group, description=description, **{**given, **values}
    )


# Who may look


def test_the_pages_need_a_staff_login_and_the_right_to_look(group):
    stranger = signed_in("stranger", "view_process", "start_process", "lock_subscription")

    for address in (LIST, url(group), url(group, "set-in-sync/"), PRODUCTS):
        assert stranger.get(address).status_code == 403, address
        assert Client().get(address)["Location"].startswith("/admin/login/"), address


def test_whoever_may_only_look_is_offered_nothing(looker, group):
    Subscription.objects.update(insync=False)

    page = text(looker.get(url(group)))

    assert "What can be done" not in page
    assert not STARTS.search(page + text(looker.get(PRODUCTS)))
    for method in (looker.get, looker.post):
        assert method(url(group, "set-in-sync/"), {"reason": "x"}).status_code == 403
    assert not Subscription.objects.get().insync


def test_processes_are_named_but_no_links_for_who_may_not_look_at_them(group):
    process = start("modify_group", group)
    clerk = signed_in("clerk", "view_subscription", "view_product", "start_process")

    for address in (LIST, url(group), PRODUCTS):
        page = text(clerk.get(address))
        assert "Modify a group" in page
        assert f"/admin/processes/{process.pk}/" not in page
        assert not STARTS.search(page)


@pytest.mark.parametrize("page", ["", "set-in-sync/"])
def test_there_is_no_page_for_an_unknown_subscription(anna, page):
    assert anna.get(f"{LIST}00000000-0000-4000-8000-000000000000/{page}").status_code == 404


def test_the_menu_leads_to_what_one_may_look_at(looker):
    clerk = signed_in("clerk", "view_subscription")

    assert f'<a href="{LIST}" aria-current="page">Subscriptions</a>' in text(looker.get(LIST))
    assert f'<a href="{PRODUCTS}" aria-current="page">Products</a>' in text(looker.get(PRODUCTS))
    menu = text(clerk.get(LIST))
    assert PRODUCTS not in menu
    assert "/admin/processes/" not in menu.split('class="wc-nav"')[1].split("</nav>")[0]


# The list


def test_the_list_says_of_each_subscription_what_it_is_and_who_holds_it(looker, rows, group):
    started = timezone.now().replace(year=2020, month=5, day=4, hour=12)
    Subscription.objects.update(start_date=started)
    process = start("modify_group", group)
    loose = stored(rows, "loose", insync=False)

    page = looker.get(LIST)

    assert listed(looker) == ["loose", "Group noc"]
    assert "active loose Group SURF nobody" in words(page)
    assert "active Group noc Group SURF Modify a group failed 2020-05-04" in words(page)
    assert f'href="/admin/processes/{process.pk}/"' in text(page)
    assert f'href="{url(loose)}"' in text(page)


def test_the_list_is_filtered_and_searched_by_its_address(looker, rows, group):
    stored(rows, "old", status="terminated", customer_id="ACME & Co", note="100% gone")
    stored(rows, "loose", insync=False)
    user = models.user(rows, models.group(rows, "staff"))

    assert listed(looker, "?status=terminated") == ["old"]
    assert listed(looker, "?sync=out") == ["loose"]
    assert listed(looker, "?product=User") == [user.description]
    assert listed(looker, "?customer=ACME+%26+Co") == listed(looker, "?q=acme") == ["old"]
    assert listed(looker, "?q=100%25") == ["old"]
    assert listed(looker, "?q=NOC") == listed(looker, f"?q={group.pk}") == ["Group noc"]
    assert listed(looker, f"?q={str(group.pk)[:10]}") == ["Group noc"]
    assert listed(looker, "?status=terminated&sync=out") == listed(looker, "?q=100_") == []
    assert listed(looker, "?sync=in&status=terminated") == ["old"]
    assert listed(looker, "?q=UserB") == []
    assert listed(looker, "?q=user") == [user.description]  # Its product.
    assert listed(looker, "?status=x&sync=x&cursor=f1.x&q=%00") == listed(looker)
    assert "No subscription fits" in text(looker.get(f"{LIST}?q=nothing"))
    assert "customer=ACME%20%26%20Co" in text(looker.get(LIST))


def test_what_narrows_the_list_is_shown_and_taken_away_again(looker, rows):
    stored(rows, "one")

    page = text(looker.get(f"{LIST}?q=one&customer=SURF&status=active"))

    assert f'href="{LIST}csv/?status=active&amp;customer=SURF&amp;q=one"' in page
    assert 'href="?status=active&amp;q=one"' in page  # Without the customer.
    assert 'href="?status=active&amp;customer=SURF"' in page


def test_the_list_is_read_on_from_where_a_page_ended(looker, rows, monkeypatch):
    monkeypatch.setattr("workflows_app.console.subscriptions.SIZE", 2)
    for number in range(5):
        stored(rows, f"s{number}")

    def turn(rel: str, query: str) -> str:
        link = re.search(rf'rel="{rel}" href="{LIST}([^"]*)"', text(looker.get(LIST + query)))
        return link[1] if link else ""

    second = turn("next", "")
    stored(rows, "added meanwhile")
    third = turn("next", second)

    assert listed(looker, second) == ["s2", "s1"]
    assert (listed(looker, third), turn("next", third)) == (["s0"], "")
    assert listed(looker, turn("prev", third)) == ["s2", "s1"]
    assert listed(looker, turn("prev", turn("prev", third))) == ["s4", "s3"]
    before_s3 = turn("prev", turn("prev", turn("prev", third)))
    assert listed(looker, before_s3) == ["added meanwhile", "s4"]  # A whole page.
    assert turn("prev", "") == turn("prev", before_s3) == ""


def test_a_search_that_takes_too_long_is_ended(looker, rows, monkeypatch):
    stored(rows, "one")

    impatience = mock.Mock(side_effect=SearchTooSlow)
    monkeypatch.setattr("workflows_app.console.subscriptions.patience", impatience)
    page = looker.get(f"{LIST}?q=one")

    assert "narrow it with a filter or another word" in text(page)
    assert "No subscription fits" not in text(page)


def test_the_lines_are_sent_again_when_a_lock_changes(looker, group):
    tag = looker.get(f"{LIST}rows/")["ETag"]
    assert looker.get(f"{LIST}rows/", headers={"If-None-Match": tag}).status_code == 304

    start("ask_group", group)

    changed = looker.get(f"{LIST}rows/", headers={"If-None-Match": tag})
    assert "Ask about a group suspended" in words(changed)
    assert Client().get(f"{LIST}rows/").status_code == 286


def test_the_list_is_downloaded_as_it_is_filtered(looker, rows):
    stored(rows, "=1+1", note="a,b")
    stored(rows, "other", insync=False)
    clerk = signed_in("clerk", "view_process")

    answer = looker.get(f"{LIST}csv/?sync=in")
    lines = str(b"".join(answer.streaming_content), "utf-8").splitlines()

    assert lines[0].startswith("id,description,status,insync,locked_by,product,customer,")
    assert [line.split(",")[1:4] for line in lines[1:]] == [["'=1+1", "active", "true"]]
    assert lines[1].endswith('"a,b"')
    assert answer["Content-Disposition"].startswith('attachment; filename="subscriptions-')
    assert clerk.get(f"{LIST}csv/").status_code == 403


def test_the_lists_cost_the_same_however_long(anna, rows, django_assert_max_num_queries):
    counts: dict[str, list[int]] = {LIST: [], PRODUCTS: []}
    holder = start("ask_group", stored(rows, "held"))
    for number in range(2):
        for more in range(5):
            name = f"{number}-{more}"
            stored(rows, name, insync=False, locked_by=holder)
            Product.objects.create(name=name, product_type="T").workflows.set(
                rows.group.workflows.all()
            )
        for address, seen in counts.items():
            with django_assert_max_num_queries(20) as queries:
                anna.get(address)
            seen.append(len(queries))

    assert all(few == many for few, many in counts.values()), counts


# A subscription


def test_a_subscription_shows_its_blocks_and_what_it_uses(looker, rows, group):
    user = models.user(rows, models.Group.from_subscription(group.pk))

    page = looker.get(url(Subscription.objects.get(pk=user.subscription_id)))

    shown = words(page)
    assert re.search("Active since .*, in sync customer SURF product User version", shown)
    assert "affiliation internal" in shown
    assert "user UserBlock" in shown
    assert "username anna age 30 title anna of noc" in shown  # The last one is computed.
    assert "group GroupBlock of Group noc active" in shown
    assert "group_id" not in shown  # It is the other subscription's.
    assert "No other subscription uses this one." in shown
    assert f'href="{url(group)}"' in text(page)


def test_a_subscription_shows_who_uses_it(looker, rows, group):
    user = models.user(rows, models.Group.from_subscription(group.pk))
    Subscription.objects.filter(pk=user.subscription_id).update(insync=False)

    shown = words(looker.get(url(group)))

    assert "Used by active User anna User · out of sync: no process is changing it" in shown
    assert "It uses no other subscription." in shown
    assert "group_name noc group_id 7" in shown


def linked(*pairs: tuple[Subscription, Subscription]) -> None:
    """Let the first of each pair use the second."""
    block, _ = ProductBlock.objects.get_or_create(name="GroupBlock")
    for user, used in pairs:
        instance = SubscriptionInstance.objects.create(subscription=used, product_block=block)
        InstanceRelation.objects.create(
            subscription=user, depends_on=instance, attribute=f"a{uuid4().hex}"
        )


def drawn(response, name: str) -> dict[str, tuple[int, int, str]]:
    """Return where the subscriptions are in the drawing, and what is said of each."""
    (found,) = (each for each in response.context["view"].drawings if each.name == name)
    return {box.node.row.description: (box.x, box.y, box.says) for box in found.boxes}


def test_what_is_around_a_subscription_is_drawn(looker, rows):
    far, user, this, used, deep, other = (
        stored(rows, name) for name in ("far", "user", "this", "used", "deep", "other")
    )
    Subscription.objects.filter(pk=used.pk).update(insync=False, status="terminated")
    linked((far, user), (user, this), (this, used), (used, deep), (deep, other), (user, used))

    page = looker.get(url(this))

    wide, narrow = drawn(page, "wide"), drawn(page, "narrow")
    assert sorted(wide, key=lambda name: wide[name][0]) == ["far", "user", "this", "used", "deep"]
    assert sorted(narrow, key=lambda name: narrow[name][1]) == ["user", "this", "used"]
    assert wide["used"][2] == "terminated, out of sync"
    assert wide["far"][2] == "active · Group"
    assert f'href="{url(far)}" tabindex="-1"' in text(page)
    assert [len(each.edges) for each in page.context["view"].drawings] == [5, 2]


def test_subscriptions_that_use_each_other_are_drawn_once(looker, rows):
    this, other = stored(rows, "this"), stored(rows, "other")
    linked((this, other), (other, this), (other, this), (this, this))

    page = looker.get(url(this))

    assert sorted(drawn(page, "wide")) == ["other", "this"]
    assert [len(each.edges) for each in page.context["view"].drawings] == [2, 2]


def test_a_subscription_without_relations_has_no_drawing(looker, rows):
    page = looker.get(url(stored(rows, "alone")))

    assert page.context["view"].drawings == []
    assert "Around it" not in text(page)


def test_a_crowd_is_counted_and_not_drawn(looker, rows, monkeypatch, django_assert_max_num_queries):
    this = stored(rows, "this")
    ended = stored(rows, "a", status="terminated")
    linked((ended, this))
    counts = []
    for number in range(2):
        linked(*((stored(rows, f"u{number}{at}"), this) for at in range(9)))
        with django_assert_max_num_queries(40) as queries:
            page = looker.get(url(this))
        counts.append(len(queries))

    assert len(drawn(page, "wide")) == 13
    assert "a" not in drawn(page, "wide")  # What lives comes first.
    assert "and 7 others" in text(page)
    assert "and 14 others" in text(page)  # On a narrow page.
    assert counts[0] == counts[1]
    monkeypatch.setattr("workflows_app.console.neighbours.COUNTED", 15)
    assert "and more than 3 others" in text(looker.get(url(this)))


def test_lists_of_blocks_are_numbered_and_one_that_is_there_already_is_not_repeated(looker, rows):
    model = Mesh.from_product_id(rows.mesh.pk, "SURF", ACTIVE, insync=True)
    model.mesh.peer = MeshBlock.new(model.subscription_id, weight="far away")
    part = models.PortBlock.new(model.subscription_id, port_name="ge-9")
    model.first, model.parts = part, [part, models.PortBlock.new(model.subscription_id)]
    model.save()

    shown = words(looker.get(url(Subscription.objects.get(pk=model.subscription_id))))

    assert shown.count("ge-9") == 1
    assert "weight null peer MeshBlock" in shown
    assert "parts 1 PortBlock as above" in shown
    assert "parts 2 PortBlock" in shown


@pytest.mark.parametrize(
    ("break_the_model", "why"),
    [
        (
            lambda: SUBSCRIPTION_MODEL_REGISTRY.pop("User"),
            "SUBSCRIPTION_MODEL_REGISTRY has no model for the product &#x27;User&#x27;.",
        ),
        (
            lambda: SubscriptionInstance.objects.filter(product_block__name="UserBlock").update(
                values={"username": "anna", "age": "old"}
            ),
            "What is stored does not fit the domain model.",
        ),
        (
            lambda: mock.patch.object(models.UserBlock, "title", property(lambda _: 1 / 0)).start(),
            "The domain model of User raised ",
        ),
    ],
    ids=["no model", "wrong value", "author's mistake"],
)
def test_a_subscription_whose_model_cannot_be_had_is_shown_as_it_is_stored(
    looker, rows, break_the_model, why
):
    user = models.user(rows)
    row = Subscription.objects.get(pk=user.subscription_id)
    block = SubscriptionInstance.objects.get(subscription=row).product_block
    SubscriptionInstance.objects.create(subscription=row, product_block=block, label="lost")

    break_the_model()
    page = looker.get(url(row))
    mock.patch.stopall()

    assert page.status_code == 200
    assert why in text(page)
    shown = words(page)
    assert "affiliation internal user UserBlock" in shown
    assert "username anna" in shown
    assert "group GroupBlock of Group Staff active" in shown
    assert "UserBlock lost" in shown


def test_what_comes_from_outside_is_escaped_and_long_values_are_folded(looker, rows):
    made = models.GroupInactive.from_product_id(rows.group.pk, f"SURF {SCRIPT}", insync=True)
    made.description, made.note, made.metadata = SCRIPT, SCRIPT, {SCRIPT: SCRIPT}
    made.group.group_name, made.group.label = f"{SCRIPT}{'long ' * 50}", SCRIPT
    made.save()
    Product.objects.filter(pk=rows.group.pk).update(
        name=SCRIPT, description=SCRIPT, product_type=SCRIPT, tag=SCRIPT
    )
    SUBSCRIPTION_MODEL_REGISTRY[SCRIPT] = models.GroupInactive
    row = Subscription.objects.get(pk=made.subscription_id)

    pages = [text(looker.get(address)) for address in (LIST, url(row), PRODUCTS)]
    pages += [text(looker.get(f"{LIST}?q={SCRIPT}&customer={SCRIPT}&product={SCRIPT}"))]

    assert all(SCRIPT not in page and ESCAPED in page for page in pages)
    assert '<details class="wc-long">' in pages[1]


def test_a_large_tree_is_folded(looker, rows, monkeypatch, group):
    assert f'id="block-{SubscriptionInstance.objects.get().pk}" open' in text(
        looker.get(url(group))
    )

    monkeypatch.setattr("workflows_app.console.blocks.MANY", 0)

    assert " open>" not in text(looker.get(url(group)))


def test_the_processes_of_a_subscription_are_listed_newest_first(looker, group):
    first = start("reconcile_group", group)
    second = start("modify_group", group)

    page = looker.get(url(group))

    runs = [run.relation.process_id for run in page.context["view"].runs]
    assert runs == [second.pk, first.pk]
    assert re.search("failed Break: broken Modify a group modify maria", words(page))
    assert re.search("completed in [0-9.<]+ s Reconcile a group reconcile maria", words(page))


def test_older_processes_are_folded(looker, group, monkeypatch):
    monkeypatch.setattr("workflows_app.console.subscription_view.UNFOLDED", 1)
    first, second = start("reconcile_group", group), start("reconcile_group", group)

    page = text(looker.get(url(group)))

    shown, folded = page.split("1 older process")
    assert str(second.pk) in shown
    assert str(first.pk) in folded
    assert str(first.pk) not in shown


def test_the_page_is_kept_up_to_date(looker, group):
    live = f"{url(group)}live/?version=1"
    Subscription.objects.update(version=1)
    tag = looker.get(live)["ETag"]
    assert looker.get(live, headers={"If-None-Match": tag}).status_code == 304

    process = start("ask_group", group)

    changed = looker.get(live, headers={"If-None-Match": tag})
    assert f"out of sync: Ask about a group {str(process.pk)[:8]}" in words(changed)
    assert re.search(r"suspended needs NOC · Confirm · since \d+ s", words(changed))
    assert "It has changed since" not in words(changed)
    Subscription.objects.update(version=2)
    assert "It has changed since this page was opened." in words(looker.get(live))
    assert looker.get(f"{url(group)}live/?version=x").status_code == 200
    assert Client().get(live).status_code == 286


def test_the_page_notices_that_a_neighbour_is_being_changed(looker, rows, group):
    models.user(rows, models.Group.from_subscription(group.pk))
    live = f"{url(group)}live/?version=1"
    tag = looker.get(live)["ETag"]

    Subscription.objects.exclude(pk=group.pk).update(insync=False)

    assert looker.get(live, headers={"If-None-Match": tag}).status_code == 200


def test_the_top_says_who_is_changing_it_or_has_stopped(looker, group):
    process = start("ask_group", group)
    code = str(process.pk)[:8]

    assert f"out of sync: Ask about a group {code} · suspended · is changing it · since" in words(
        looker.get(url(group))
    )
    Process.objects.filter(pk=process.pk).update(status="failed")

    assert f"{code} · failed · stopped while changing it" in words(looker.get(url(group)))


# What can be done


def test_a_workflow_is_a_button_or_says_why_it_cannot_be_started(anna, rows, group):
    page = text(anna.get(url(group)))
    assert f"/admin/start/modify_group/?subscription_id={group.pk}" in page
    assert f"/admin/start/terminate_group/?subscription_id={group.pk}" in page
    assert "create_group" not in page
    assert "Not now" not in page

    models.user(rows, models.Group.from_subscription(group.pk))
    page = text(anna.get(url(group)))
    assert "/admin/start/terminate_group/" not in page
    assert "End a group Other subscriptions use this one: User anna" in words(anna.get(url(group)))

    process = start("modify_group", group)
    shown = words(anna.get(url(group)))
    assert (
        f"Not now Ask about a group, Modify a group, End a group The subscription {group.pk}"
        in shown
    )
    assert f"the process {process.pk} (modify_group, failed) is changing it." in shown


def test_the_rules_ask_the_same_however_many_workflows_there_are(
    anna, rows, group, django_assert_max_num_queries
):
    linked(*((stored(rows, f"u{at}", insync=False), group) for at in range(7)))
    counts = []
    for number in range(2):
        for at in range(4):

            def more():
                return begin

            more.__name__ = f"more_{number}_{at}_group"
            modify_workflow(f"More {number} {at}")(more)
        sync()
        rows.group.workflows.set(Workflow.objects.filter(name__endswith="_group"))
        with django_assert_max_num_queries(40) as queries:
            page = anna.get(url(group))
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert "More 1 3" in text(page)
    assert "u4 (" in text(page)
    assert "and 2 more." in words(page)  # None of their names.
    assert f"u6 ({Subscription.objects.get(description='u6').pk})" not in text(page)


def test_what_takes_over_a_lock_is_not_offered_while_a_process_is_at_work(anna, group):
    address = f"/admin/start/reconcile_group/?subscription_id={group.pk}"
    process = start("ask_group", group)

    busy = anna.get(url(group))
    assert address not in text(busy)
    assert "Reconcile a group, End a group The subscription" in words(busy)
    assert "(ask_group, suspended) is changing it." in text(anna.get(address))
    with pytest.raises(FormRejected):
        start("reconcile_group", group)

    Process.objects.filter(pk=process.pk).update(status="failed")
    assert address in text(anna.get(url(group)))
    assert start("reconcile_group", group).status == "completed"


def test_the_start_page_has_the_subscription_chosen_and_still_validates(anna, rows, group):
    stored(rows, "another")
    other = stored(rows, "not this one", status="disabled")

    page = anna.get(f"/admin/start/modify_group/?subscription_id={group.pk}")
    assert re.search(rf'value="{group.pk}"[^>]*checked', text(page))
    assert text(page).count("checked") == 1
    assert page.context["advice"] == ""

    page = anna.get(f"/admin/start/modify_group/?subscription_id={other.pk}")
    assert "checked" not in text(page)
    assert "The subscription is disabled; modify_group is for those that are active." in text(page)
    sent = {
        "pages": page.context["form"].page.pages_token,
        "key": "k",
        "page-subscription_id": str(other.pk),
    }
    refused = anna.post("/admin/start/modify_group/", sent)
    assert "modify_group is for those that are active" in text(refused)
    assert not Process.objects.exists()

    started = anna.post(
        "/admin/start/modify_group/", {**sent, "page-subscription_id": str(group.pk)}
    )
    assert started["Location"] == f"/admin/processes/{Process.objects.get().pk}/"


@pytest.mark.parametrize("given", ["nonsense", "00000000-0000-4000-8000-000000000000", "%00"])
def test_a_choice_that_is_none_is_said(anna, group, given):
    page = anna.get(f"/admin/start/modify_group/?subscription_id={given}")
    assert "checked" not in text(page)
    assert page.context["advice"] == ("" if given == "%00" else "There is no such subscription.")

    page = anna.get(f"/admin/start/create_group/?product={given}")
    assert page.context["advice"] == ("" if given == "%00" else "There is no such product.")


def test_an_address_fills_in_nothing_but_the_choice(anna, rows):
    class Page(FormPage):
        name: str
        product: str = "x"

    name = define(begin, initial_input_form=lambda: (yield Page))

    page = text(anna.get(f"/admin/start/{name}/?name=evil&page-name=evil&product=P1"))

    assert "evil" not in page
    assert 'value="P1"' in page


# Set in sync


def test_a_subscription_is_set_in_sync_with_a_reason(anna, group):
    process = start("modify_group", group)
    address = url(group, "set-in-sync/")
    assert f'href="{address}"' in text(anna.get(url(group)))

    page = anna.get(address)
    assert "Nothing is changed or checked" in text(page)
    assert "The process loses its lock" in text(page)

    refused = anna.post(address, {"reason": " \0 "})
    assert (refused.status_code, "A reason is needed" in text(refused)) == (400, True)
    assert not Subscription.objects.get().insync

    done = anna.post(address, {"reason": f"looked {SCRIPT}"})
    assert done["Location"] == url(group)
    row = Subscription.objects.get()
    assert (row.insync, row.locked_by) == (True, None)
    event = ProcessEvent.objects.get(action="set in sync")
    assert (event.process, event.actor) == (process, "anna")
    shown = text(anna.get(url(group)))
    assert "Set in sync by anna" in shown
    assert f"looked {ESCAPED}" in shown
    assert address not in shown


def test_a_subscription_that_is_being_changed_is_not_set_in_sync(anna, group):
    process = start("ask_group", group)
    address = url(group, "set-in-sync/")

    page = anna.get(url(group))
    assert f'href="{address}"' not in text(page)
    assert "Set in sync A process is at work on it. Abort that first." in words(page)

    for method in (anna.get, anna.post):
        assert method(address, {"reason": "x"})["Location"] == url(group)
        (message,) = said(anna)
        assert f"the process {process.pk} (ask_group, suspended) is changing it." in message
    assert not Subscription.objects.get().insync


def test_a_subscription_that_is_in_sync_stays_it(anna, group):
    assert anna.post(url(group, "set-in-sync/"), {"reason": "x"})["Location"] == url(group)

    assert said(anna) == ["It is in sync."]
    assert not ProcessEvent.objects.exists()


def test_one_that_nobody_holds_is_set_in_sync_too(anna, group):
    Subscription.objects.update(insync=False)
    assert "out of sync: no process is changing it" in words(anna.get(url(group)))

    anna.post(url(group, "set-in-sync/"), {"reason": "looked"})

    assert Subscription.objects.get().insync
    assert "Set in sync by anna" in text(anna.get(url(group)))


def test_setting_in_sync_needs_its_own_permission(group):
    Subscription.objects.update(insync=False)
    starter = signed_in("starter", *LOOK, "start_process")

    assert "set-in-sync" not in text(starter.get(url(group)))
    assert starter.post(url(group, "set-in-sync/"), {"reason": "x"}).status_code == 403
    assert not Subscription.objects.get().insync


# Products


def test_a_product_shows_what_it_is_made_of_and_what_can_be_ordered(anna, rows, group):
    stored(rows, "gone", status="terminated")
    Product.objects.filter(pk=rows.user.pk).update(status=ProductLifecycle.END_OF_LIFE)
    rows.user.workflows.set(Workflow.objects.filter(name="create_group"))

    page = anna.get(PRODUCTS)

    shown = words(page)
    assert "Group A Group Group T active GroupBlock 1 and 1 ended Create a group Ask" in shown
    assert "User A User User T end of life affiliation internal UserBlock 0 Create a group" in shown
    assert f"/admin/start/create_group/?product={rows.group.pk}" in text(page)
    assert f"?product={rows.user.pk}" not in text(page)
    assert f'href="{LIST}?product=Group"' in text(page)


def test_products_are_filtered_and_searched_by_the_address(looker, rows):
    Product.objects.filter(pk=rows.user.pk).update(status="end of life", tag="U7")

    def names(query: str) -> set[str]:
        return {line.product.name for line in looker.get(PRODUCTS + query).context["lines"]}

    assert names("?status=end+of+life") == names("?q=u7") == {"User"}
    assert "User" in names("?status=nonsense&q=%00")
    assert names("?q=a+group") == {"Group"}
    assert "No product fits these filters." in text(looker.get(f"{PRODUCTS}?q=nothing"))


def test_a_product_has_a_page(anna, rows, group, django_assert_max_num_queries):
    stored(rows, "gone", status="terminated")
    address = f"{PRODUCTS}{rows.group.pk}/"

    page = anna.get(address)

    shown = words(page)
    assert "Group active A Group type Group tag T" in shown
    assert "Create a group create_group create" in shown
    assert "End a group end_group" not in shown
    assert "GroupBlock" in shown
    assert "active Group noc SURF" in shown
    assert "All subscriptions: 1 living, 1 ended" in shown
    assert f"/admin/start/create_group/?product={rows.group.pk}" in text(page)
    assert f'href="{address}"' in text(anna.get(PRODUCTS))
    assert f'href="{address}"' in text(anna.get(url(group)))
    for number in range(9):
        stored(rows, f"more {number}")
    with django_assert_max_num_queries(20):
        anna.get(address)


def test_a_product_s_page_keeps_subscriptions_from_who_may_not_look_at_them(rows, group):
    clerk = signed_in("clerk", "view_product")

    page = text(clerk.get(f"{PRODUCTS}{rows.group.pk}/"))

    assert "Group noc" not in page
    assert signed_in("other", "view_process").get(f"{PRODUCTS}{rows.group.pk}/").status_code == 403
    assert clerk.get(f"{PRODUCTS}00000000-0000-4000-8000-000000000000/").status_code == 404


def test_the_start_page_has_the_product_chosen_or_says_why_not(anna, rows):
    page = anna.get(f"/admin/start/create_group/?product={rows.group.pk}")
    assert re.search(rf'value="{rows.group.pk}"[^>]*checked', text(page))
    assert page.context["advice"] == ""

    page = anna.get(f"/admin/start/create_group/?product={rows.user.pk}")
    assert page.context["advice"] == "create_group is not a workflow of the product User."

    other = Product.objects.create(name="Old", product_type="T", status="end of life")
    other.workflows.set(Workflow.objects.filter(name="create_group"))
    page = anna.get(f"/admin/start/create_group/?product={other.pk}")
    assert page.context["advice"] == "The product Old cannot be ordered: it is end of life."


def test_a_workflow_that_has_left_the_code_is_not_offered(anna, rows, monkeypatch):
    monkeypatch.delitem(registry._workflows, "create_group")

    assert not STARTS.search(text(anna.get(PRODUCTS)))


def test_a_site_without_products_or_subscriptions_says_how_to_make_one(looker):
    assert "Order the first one" in text(looker.get(LIST))
    assert "migrate_domain_models" in text(looker.get(PRODUCTS))


# The process page


def test_a_process_shows_which_subscription_it_concerns_and_holds(looker, group):
    process = start("ask_group", group)
    address = f"/admin/processes/{process.pk}/"

    boss = signed_in("boss", "view_process", "abort_process")
    assert "It releases its lock on Group noc: in sync" in text(boss.get(f"{address}abort/"))
    assert "SURF · Group noc, which it has locked" in words(looker.get(address))
    assert f'href="{url(group)}"' in text(looker.get(address))
    tag = looker.get(f"{address}live/")["ETag"]
    assert looker.get(f"{address}live/", headers={"If-None-Match": tag}).status_code == 304

    Subscription.objects.update(insync=True, locked_by=None)

    changed = looker.get(f"{address}live/", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert "SURF · Group noc" in words(changed)
    assert "which it has locked" not in words(changed)


def test_a_process_keeps_subscriptions_from_who_may_not_look_at_them(group):
    process = start("ask_group", group)

    page = text(signed_in("stranger", "view_process").get(f"/admin/processes/{process.pk}/"))

    assert "Concerns" not in page
    assert "Group noc" not in page.split('class="wc-timeline"')[0]
