"""The types of workflows: their steps, the first page of their forms, and their rules."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction

from tests.engine import drain, rows, run, state
from tests.races import Other
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import (
    PROVISIONING,
    User,
    UserInactive,
)
from tests.workflows_app.domain.workflows import boom, ended, started, typed
from workflows_app import begin, engine, forms, inputstep, registry, step
from workflows_app.domain import SubscriptionLifecycle, SubscriptionModel
from workflows_app.errors import FormNotComplete, FormRejected, StartRefused
from workflows_app.models import Process, ProcessSubscription, Product, Subscription
from workflows_app.statuses import Target
from workflows_app.subscriptions import (
    create_workflow,
    ensure_provisioning_status,
    modify_workflow,
    reconcile_workflow,
    resync,
    start_forms,
    store_process_subscription,
    terminate_workflow,
    unsync,
    unsync_unchecked,
    validate_workflow,
)

pytestmark = pytest.mark.django_db(transaction=True)

TERMINATED, DISABLED = SubscriptionLifecycle.TERMINATED, SubscriptionLifecycle.DISABLED
TYPES = [
    modify_workflow,
    terminate_workflow,
    validate_workflow,
    reconcile_workflow,
]


@step("Own")
def own() -> None:
    pass


@step("Additional")
def additional() -> None:
    pass


def names(name):
    return [one.name for one in registry.get(name).steps]


def row_of(model):
    return Subscription.objects.get(pk=model.subscription_id)


def lock_of(model):
    row = row_of(model)
    return row.insync, row.locked_by_id


def again(model):
    return SubscriptionModel.from_subscription(model.subscription_id)


def refusal(name, model=None, **first) -> str:
    """Return the sentence with which the first page refuses."""
    with pytest.raises(FormRejected) as refused:
        started(name, model, **first)
    assert not Process.objects.filter(workflow__name=name).exists()
    (error,) = refused.value.page.error.errors
    return str(error["msg"]).removeprefix("Value error, ")


def page_of(name, *inputs):
    """Return the model of the page that the form asks for next."""
    with pytest.raises(FormNotComplete) as asked:
        engine.start(name, inputs=list(inputs), by="maria")
    return asked.value.page.model


def choices(page, name):
    """Return the values and labels to choose from, in their order."""
    shown = field(page, name)
    return [(value, shown["options"][value]) for value in shown["enum"]]


def field(page, name):
    schema = forms.page_schema(page)
    found = schema["properties"][name]
    for reference in [found.get("$ref"), *(part.get("$ref") for part in found.get("allOf", ()))]:
        if reference:
            found = found | schema["$defs"][reference.rpartition("/")[2]]
    return found


# --- Chains --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decorator", "options", "chain"),
    [
        (
            create_workflow,
            {},
            ["Start", "Own", "Set subscription to 'active'", "Unlock subscription", "Done"],
        ),
        (
            create_workflow,
            {"status": PROVISIONING, "additional_steps": begin >> additional},
            [
                "Start",
                "Own",
                "Additional",
                "Set subscription to 'provisioning'",
                "Unlock subscription",
                "Done",
            ],
        ),
        (
            modify_workflow,
            {"additional_steps": additional},
            [
                "Start",
                "Create Process Subscription relation",
                "Lock subscription",
                "Own",
                "Additional",
                "Unlock subscription",
                "Done",
            ],
        ),
        (
            modify_workflow,
            {"usable_out_of_sync": True},
            [
                "Start",
                "Create Process Subscription relation",
                "Lock subscription, in sync or not",
                "Own",
                "Unlock subscription",
                "Done",
            ],
        ),
        (
            terminate_workflow,
            {},
            [
                "Start",
                "Create Process Subscription relation",
                "Lock subscription",
                "Own",
                "Set subscription to 'terminated'",
                "Unlock subscription",
                "Done",
            ],
        ),
        (
            validate_workflow,
            {},
            [
                "Start",
                "Create Process Subscription relation",
                "Lock subscription",
                "Own",
                "Unlock subscription",
                "Done",
            ],
        ),
        (
            reconcile_workflow,
            {},
            [
                "Start",
                "Create Process Subscription relation",
                "Lock subscription, in sync or not",
                "Own",
                "Unlock subscription",
                "Done",
            ],
        ),
    ],
    ids=["create", "create+", "modify", "modify out of sync", "terminate", "validate", "reconcile"],
)
def test_each_type_has_its_steps_before_and_after_the_author_s(db, decorator, options, chain):
    assert names(typed(decorator, begin >> own, **options)) == chain


@pytest.mark.parametrize(
    ("decorator", "target", "is_task"),
    [
        (create_workflow, "CREATE", False),
        (modify_workflow, "MODIFY", False),
        (terminate_workflow, "TERMINATE", False),
        (validate_workflow, "VALIDATE", True),
        (reconcile_workflow, "RECONCILE", False),
    ],
)
def test_each_type_has_its_target_and_a_validation_is_a_task(db, decorator, target, is_task):
    definition = registry.get(typed(decorator))

    assert (definition.target, definition.is_task) == (target, is_task)


# --- Create --------------------------------------------------------------------------------------


@step("Construct")
def construct(product: UUID, username: str, group: str):
    made = UserInactive.from_product_id(product, "SURF")
    made.user.username, made.user.age = username, 3
    made.user.group = models.Group.from_subscription(group).group
    return {"subscription": made}


def user_form(product_name):
    class Page(forms.FormPage):
        username: str
        group: str

    assert product_name == "User"
    page = yield Page
    return page.model_dump()


def creating(products, steps=None, **options):
    steps = steps or begin >> construct >> store_process_subscription()
    options = {"initial_input_form": user_form} | options
    return typed(create_workflow, steps, products.user, name="create_user", **options)


def create(products, name):
    group = models.group(products)
    page = {"username": "anna", "group": str(group.subscription_id)}
    return started(name, None, page, product=str(products.user.pk))


def test_a_subscription_is_created_locked_meanwhile_and_active_at_the_end(products):
    seen = []

    @step("Look")
    def look(subscription: UserInactive, process_id: UUID) -> None:
        seen.append((subscription.status, lock_of(subscription) == (False, process_id)))

    steps = begin >> construct >> store_process_subscription() >> look
    process = ended(create(products, creating(products, steps)))

    assert process.status == "completed", process.failed_reason
    made = User.from_subscription(state(process)["subscription"]["subscription_id"])
    assert (made.user.username, made.insync, made.product.name) == ("anna", True, "User")
    assert seen == [("initial", True)]
    assert made.start_date is not None
    assert state(process)["subscription"]["insync"] is True
    assert state(process)["product_name"] == "User"
    related = ProcessSubscription.objects.get(process=process)
    assert (related.subscription_id, related.target) == (made.subscription_id, "CREATE")


def test_without_the_author_s_relation_the_end_makes_it(products):
    process = ended(create(products, creating(products, begin >> construct)))

    assert process.status == "completed", process.failed_reason
    assert ProcessSubscription.objects.get(process=process).target == "CREATE"


def test_a_create_that_failed_has_the_lock_and_its_abort_gives_it_back(products):
    steps = begin >> construct >> store_process_subscription() >> boom
    process = ended(create(products, creating(products, steps)))
    made = process.subscriptions.get()
    assert (made.insync, made.locked_by_id, made.status) == (False, process.pk, "initial")

    engine.abort(process.pk, by="piet")

    made.refresh_from_db()
    assert (made.insync, made.locked_by_id) == (True, None)


def test_an_incomplete_subscription_does_not_become_active(products):
    @step("Construct")
    def half(product: UUID):
        return {"subscription": UserInactive.from_product_id(product, "SURF")}

    process = ended(create(products, creating(products, begin >> half)))

    assert process.status == "failed"
    assert "username" in process.failed_reason
    assert process.next_step == "Set subscription to 'active'"
    assert Subscription.objects.get(product=products.user).status == "initial"


def test_the_first_page_asks_for_the_product(products):
    name = creating(products)
    products.circuit.workflows.add(*products.user.workflows.all())

    product = field(page_of(name), "product")

    assert product["options"] == {
        str(products.circuit.pk): "Circuit",
        str(products.user.pk): "User",
    }
    page = page_of(name, {"product": str(products.user.pk)})
    assert list(page.model_fields) == ["username", "group"]


@pytest.mark.parametrize(
    "product",
    [lambda rows: rows.circuit.pk, lambda rows: uuid4(), lambda rows: "User", lambda rows: 7],
    ids=["another", "none", "a name", "a number"],
)
def test_another_product_is_refused(products, product):
    name = creating(products)

    assert refusal(name, product=product(products)) == (
        "create_user is not a workflow of this product."
    )


@pytest.mark.parametrize("status", ["phase out", "end of life"])
def test_a_product_that_is_phased_out_is_not_ordered(products, status):
    name = creating(products)
    products.circuit.workflows.add(*products.user.workflows.all())
    Product.objects.filter(pk=products.user.pk).update(status=status)

    assert "not a workflow of this product" in refusal(name, product=str(products.user.pk))


def test_without_a_product_nothing_can_be_ordered(products):
    name = typed(create_workflow, begin)

    with pytest.raises(StartRefused, match="no product can be ordered with modify_user"):
        engine.start(name, inputs=[], by="maria")


def test_a_form_may_be_a_single_page_or_none(products):
    class Page(forms.FormPage):
        colour: str

    for form, pages, expected in ((Page, [{"colour": "red"}], {"colour": "red"}), (None, [], {})):
        name = creating(products, begin >> own, initial_input_form=form)
        process = started(name, None, *pages, product=str(products.user.pk))
        given = state(process)
        assert given == {
            "product": str(products.user.pk),
            "product_name": "User",
            **expected,
        }


# --- Modify, terminate, validate, reconcile: the start -------------------------------------------


def test_the_first_page_lists_the_subscriptions_that_can_be_chosen(products):
    group = models.group(products)
    shown = [models.user(products, group, name) for name in ("bert", "anna")]
    away = models.user(products, group, "away")
    Subscription.objects.filter(pk=away.subscription_id).update(insync=False)
    gone = models.user(products, group, "gone")
    Subscription.objects.filter(pk=gone.subscription_id).update(status="terminated")
    name = typed(modify_workflow, begin, products.user)

    assert choices(page_of(name), "subscription_id") == [
        (str(shown[1].subscription_id), "User anna · SURF"),
        (str(shown[0].subscription_id), "User bert · SURF"),
    ]


def test_of_more_than_a_page_lists_it_asks_for_the_id(products, monkeypatch):
    monkeypatch.setattr(start_forms, "LISTED", 2)
    made = [models.mesh(products) for _ in range(3)]
    name = typed(modify_workflow, begin, products.mesh)

    assert field(page_of(name), "subscription_id") == {
        "format": "subscriptionId",
        "title": "Subscription Id",
        "type": "string",
        "extraProperties": {"insync": True, "statuses": ["active"], "workflow": name},
    }
    assert ended(started(name, made[2])).status == "completed"
    assert refusal(typed(modify_workflow, name="other"), made[0]) == (
        "other is not a workflow of the product Mesh."
    )
    made[0].status = TERMINATED
    made[0].save()
    assert "options" in field(page_of(name), "subscription_id")


def test_a_hundred_are_listed(products):
    assert start_forms.LISTED == 100


@pytest.mark.parametrize("listed", [True, False], ids=["list", "id"])
@pytest.mark.parametrize(
    "given",
    [str(UUID(int=7)), "anna", 7, None, []],
    ids=["an id", "a name", "a number", "None", "a list"],
)
def test_what_is_no_subscription_is_refused(products, listed, given):
    if listed:
        models.user(products)
    name = typed(modify_workflow, begin, products.user)

    assert refusal(name, subscription_id=given) == "There is no such subscription."


@pytest.mark.parametrize("decorator", TYPES)
def test_each_type_refuses_a_subscription_of_another_product(products, decorator):
    made = models.mesh(products)
    name = typed(decorator, begin, products.user)

    assert refusal(name, made) == "modify_user is not a workflow of the product Mesh."


@pytest.mark.parametrize(
    ("decorator", "options", "allowed"),
    [
        (modify_workflow, {}, {"active"}),
        (modify_workflow, {"usable_when": [PROVISIONING, "active"]}, {"provisioning", "active"}),
        (terminate_workflow, {}, set(SubscriptionLifecycle) - {TERMINATED}),
        (terminate_workflow, {"usable_when": [DISABLED]}, {"disabled"}),
        (validate_workflow, {}, {"active"}),
        (reconcile_workflow, {}, {"active"}),
        (reconcile_workflow, {"usable_when": SubscriptionLifecycle}, set(SubscriptionLifecycle)),
    ],
    ids=["modify", "modify+", "terminate", "terminate+", "validate", "reconcile", "reconcile+"],
)
@pytest.mark.parametrize("status", SubscriptionLifecycle)
def test_each_type_has_its_statuses(products, decorator, options, allowed, status):
    made = models.mesh(products)
    Subscription.objects.update(status=status)
    name = typed(decorator, begin, products.mesh, **options)

    if status in allowed:
        assert started(name, made).status == "created"
    else:
        words = " or ".join(one for one in SubscriptionLifecycle if one in allowed)
        assert refusal(name, made) == (
            f"The subscription is {status}; modify_user is for those that are {words}."
        )


@pytest.mark.parametrize("decorator", TYPES)
@pytest.mark.parametrize("option", [{}, {"usable_out_of_sync": True}], ids=["default", "allowed"])
def test_one_that_is_out_of_sync_is_refused_with_the_holder_named(products, decorator, option):
    made = models.mesh(products)
    broken = typed(modify_workflow, begin >> boom, products.mesh, name="broken")
    holder = ended(started(broken, made))
    name = typed(decorator, begin, products.mesh, **option)

    if option or decorator is reconcile_workflow:
        assert started(name, made).status == "created"
    else:
        assert refusal(name, made) == (
            f"The subscription {made.subscription_id} is out of sync: the process {holder.pk} "
            "(broken, failed) is changing it."
        )


def test_one_that_nobody_holds_is_refused_too(products):
    made = models.mesh(products)
    Subscription.objects.update(insync=False)

    assert refusal(typed(modify_workflow, begin, products.mesh), made) == (
        f"The subscription {made.subscription_id} is out of sync, and no process is changing it."
    )


def used_by_others(products, number=1):
    """Store a group and users of it."""
    group = models.group(products)
    return group, [models.user(products, group, f"user {n}") for n in range(number)]


@pytest.mark.parametrize(
    ("decorator", "options", "refused"),
    [
        (modify_workflow, {}, False),
        (modify_workflow, {"usable_in_use": False}, True),
        (terminate_workflow, {}, True),
        (terminate_workflow, {"usable_in_use": True}, False),
        (validate_workflow, {}, False),
        (reconcile_workflow, {}, False),
    ],
    ids=["modify", "modify-", "terminate", "terminate+", "validate", "reconcile"],
)
def test_one_that_others_use(products, decorator, options, refused):
    group, (user,) = used_by_others(products)
    name = typed(decorator, begin, products.group, **options)

    if refused:
        assert refusal(name, group) == (
            f"Other subscriptions use this one: User user 0 ({user.subscription_id})."
        )
    else:
        assert started(name, group).status == "created"


def test_a_terminated_user_does_not_count(products):
    group, (user,) = used_by_others(products)
    Subscription.objects.filter(pk=user.subscription_id).update(status="terminated")

    assert started(typed(terminate_workflow, begin, products.group), group).status == "created"


def test_a_sentence_names_a_few(products):
    group, _ = used_by_others(products, 7)

    why = refusal(typed(terminate_workflow, begin, products.group), group)

    assert why.count("User user") == 5
    assert why.endswith(" and 2 more.")


@pytest.mark.parametrize(
    ("decorator", "options", "refused"),
    [
        (modify_workflow, {}, True),
        (modify_workflow, {"usable_when_related_out_of_sync": True}, False),
        (terminate_workflow, {"usable_in_use": True}, True),
        (validate_workflow, {}, False),
        (reconcile_workflow, {}, False),
        (reconcile_workflow, {"usable_when_related_out_of_sync": False}, True),
    ],
    ids=["modify", "modify+", "terminate", "validate", "reconcile", "reconcile-"],
)
@pytest.mark.parametrize("side", ["used", "user"])
def test_one_whose_relations_are_out_of_sync(products, decorator, options, refused, side):
    group, (user,) = used_by_others(products)
    wanted, other = (user, group) if side == "used" else (group, user)
    Subscription.objects.filter(pk=other.subscription_id).update(insync=False)
    name = typed(decorator, begin, products.group, products.user, **options)

    if refused:
        row = row_of(other)
        assert refusal(name, wanted) == (
            f"Related subscriptions are out of sync: {row.description} ({row.pk})."
        )
    else:
        assert started(name, wanted).status == "created"


def test_a_terminated_relation_may_be_out_of_sync(products):
    group, (user,) = used_by_others(products)
    Subscription.objects.filter(pk=user.subscription_id).update(insync=False, status="terminated")

    assert started(typed(modify_workflow, begin, products.group), group).status == "created"


@pytest.mark.parametrize("version", [1, "1"], ids=repr)
def test_another_version_is_refused(products, version):
    made = models.mesh(products)
    name = typed(modify_workflow, begin, products.mesh)
    assert started(name, made, version=version).status == "created"
    Process.objects.all().delete()
    made.note = "changed"
    made.save()

    assert refusal(name, made, version=version) == (
        "The subscription has changed: its version is 2, not 1."
    )


def test_what_is_no_version_is_refused(products):
    made = models.mesh(products)

    assert "valid integer" in refusal(
        typed(modify_workflow, begin, products.mesh), made, version="new"
    )


def test_the_gravest_reason_comes_first(products):
    """The product, the status, the version, the lock, the users, the relations."""
    group, _ = used_by_others(products)
    Subscription.objects.update(insync=False)
    Subscription.objects.filter(pk=group.subscription_id).update(status="disabled", version=3)
    name = typed(modify_workflow, begin, products.user, usable_in_use=False)
    heard = []
    for cure in (
        lambda: products.group.workflows.add(*products.user.workflows.all()),
        lambda: Subscription.objects.filter(pk=group.subscription_id).update(status="active"),
        lambda: Subscription.objects.update(version=1),
        lambda: Subscription.objects.filter(pk=group.subscription_id).update(insync=True),
        lambda: typed(modify_workflow, begin, products.group, name=name),
    ):
        heard.append(refusal(name, group, version=1))
        cure()
    heard.append(refusal(name, group, version=1))

    assert [sentence.split(" (")[0][:34] for sentence in heard] == [
        "modify_user is not a workflow of t",
        "The subscription is disabled; modi",
        "The subscription has changed: its ",
        heard[3][:34],
        "Other subscriptions use this one: ",
        "Related subscriptions are out of s",
    ]
    assert "is out of sync, and no process" in heard[3]


def test_the_author_s_form_is_given_the_subscription(products):
    made = models.user(products)
    shown = []

    def form(subscription_id: UUID, subscription: User, workflow_name, reporter):
        shown.append((subscription_id, subscription, workflow_name, reporter))

        class Page(forms.FormPage):
            age: int = subscription.user.age

        page = yield Page
        return {"age": page.age}

    @step("Change")
    def change(subscription: User, age: int):
        subscription.user.age = age
        return {"subscription": subscription}

    name = typed(modify_workflow, begin >> change, products.user, initial_input_form=form)
    process = ended(started(name, made, {"age": 44}))

    assert process.status == "completed", process.failed_reason
    assert again(made).user.age == 44
    assert shown[0] == (made.subscription_id, made, "modify_user", "maria")
    assert state(process)["subscription_id"] == str(made.subscription_id)
    assert state(process)["subscription"]["user"]["age"] == 44


@inputstep("Ask")
def asks():
    yield forms.FormPage


# --- Modify, terminate, validate, reconcile: the run ---------------------------------------------


def test_a_modification_has_the_lock_and_gives_it_back(products):
    made = models.user(products)
    seen = []

    @step("Look")
    def look(subscription: User, process_id: UUID, state) -> None:
        seen.append((lock_of(subscription) == (False, process_id), state["subscription"]["insync"]))

    process = ended(started(typed(modify_workflow, begin >> look, products.user), made))

    assert process.status == "completed", process.failed_reason
    assert seen == [(True, False)]
    assert lock_of(made) == (True, None)
    assert state(process)["subscription"]["insync"] is True
    assert again(made).version == 1
    assert [(r.process_id, r.target) for r in ProcessSubscription.objects.all()] == [
        (process.pk, "MODIFY")
    ]


def test_a_failed_modification_keeps_the_lock_and_a_retry_goes_on(products):
    made = models.mesh(products)
    tries = []

    @step("Sometimes")
    def sometimes() -> None:
        tries.append(lock_of(made))
        if len(tries) == 1:
            raise RuntimeError("not yet")

    name = typed(modify_workflow, begin >> sometimes, products.mesh)
    process = ended(started(name, made))
    assert (process.status, lock_of(made)) == ("failed", (False, process.pk))

    engine.retry(process.pk, by="maria")

    assert ended(process).status == "completed"
    assert tries == [(False, process.pk)] * 2
    assert lock_of(made) == (True, None)
    engine_rows = [path for path, status in rows(process) if status == "success"]
    assert engine_rows.count("Lock subscription") == 1


def test_a_retry_from_the_lock_on_still_has_it(products):
    made = models.mesh(products)
    process = ended(started(typed(modify_workflow, begin >> boom, products.mesh), made))
    Subscription.objects.update(status="provisioning")

    engine.retry(process.pk, by="maria", from_step="Lock subscription")

    assert ended(process).next_step == "Boom"
    assert lock_of(made) == (False, process.pk)


def test_a_termination_ends_the_subscription(products):
    made = models.mesh(products)

    process = ended(started(typed(terminate_workflow, begin, products.mesh), made))

    assert process.status == "completed"
    row = row_of(made)
    assert (row.status, row.insync, row.end_date is not None) == ("terminated", True, True)
    assert ProcessSubscription.objects.get().target == "TERMINATE"


def test_the_rules_are_looked_at_again_when_the_lock_is_taken(products):
    """Started while it was active, run when it was terminated."""
    made = models.mesh(products)
    modify = typed(modify_workflow, begin >> own, products.mesh)
    waiting = started(modify, made)
    Subscription.objects.update(status="terminated")

    process = ended(waiting)

    assert process.failed_reason == (
        "The subscription is terminated; modify_user is for those that are active."
    )
    assert lock_of(made) == (True, None)
    assert "Own" not in dict(rows(process))


def test_a_user_that_came_meanwhile_stops_the_termination(products):
    group = models.group(products)
    waiting = started(typed(terminate_workflow, begin, products.group), group)
    models.user(products, group)

    assert "Other subscriptions use this one" in ended(waiting).failed_reason
    assert (row_of(group).status, lock_of(group)) == ("active", (True, None))


@pytest.mark.parametrize("decorator", [modify_workflow, validate_workflow, terminate_workflow])
def test_what_a_failed_process_has_left_is_not_taken_from_it(products, decorator):
    """Both were started while the subscription was in sync."""
    made = models.mesh(products)
    first = started(typed(modify_workflow, begin >> boom, products.mesh, name="broken"), made)
    second = started(typed(decorator, begin, products.mesh), made)
    ended(first)

    assert f"the process {first.pk} (broken, failed) is changing it" in ended(second).failed_reason
    assert lock_of(made) == (False, first.pk)


def test_what_is_out_of_sync_and_nobody_s_is_not_taken_either(products):
    made = models.mesh(products)
    waiting = started(typed(modify_workflow, begin, products.mesh), made)
    Subscription.objects.update(insync=False)

    assert "no process is changing it" in ended(waiting).failed_reason
    assert lock_of(made) == (False, None)


def test_a_reconciliation_takes_over_from_a_failed_process_but_not_from_one_at_work(products):
    made = models.mesh(products)
    asking = typed(modify_workflow, begin >> asks, products.mesh, name="asking")
    reconcile = typed(reconcile_workflow, begin, products.mesh)
    held, waiting = started(asking, made), started(reconcile, made)
    drain()
    held.refresh_from_db()
    waiting.refresh_from_db()
    assert (held.status, waiting.status) == ("suspended", "failed")
    assert f"the process {held.pk} (asking, suspended) is changing it" in waiting.failed_reason

    engine.abort(held.pk, by="piet")
    engine.retry(waiting.pk, by="maria")

    assert ended(waiting).status == "completed"


# --- Validate ------------------------------------------------------------------------------------


def test_what_a_validation_finds_is_inconsistent_data_and_stays_locked(products):
    made = models.user(products)

    @step("Look")
    def look(subscription: User) -> None:
        if subscription.user.age != 31:  # Not an assert: pytest adds to its words.
            raise AssertionError("the directory says 31")

    process = ended(started(typed(validate_workflow, begin >> look, products.user), made))

    assert (process.status, process.is_task) == ("inconsistent_data", True)
    assert process.failed_reason == "the directory says 31"
    assert process.steps.latest("position").error_class == "AssertionError"
    assert lock_of(made) == (False, process.pk)
    made.user.age = 31
    made.save()
    engine.retry(process.pk, by="maria")
    assert ended(process).status == "completed"
    assert lock_of(made) == (True, None)


def test_another_failure_of_a_validation_is_a_failure(products):
    made = models.user(products)

    process = ended(started(typed(validate_workflow, begin >> boom, products.user), made))

    assert process.status == "failed"


# --- The stock steps on their own ----------------------------------------------------------------


def test_ensure_provisioning_status(products):
    made = models.user(products)
    seen = []

    @step("Work")
    def work(subscription: SubscriptionModel) -> None:
        seen.append(subscription.status)

    steps = ensure_provisioning_status(begin >> work)
    process = ended(started(typed(modify_workflow, steps, products.user), made))

    assert process.status == "completed", process.failed_reason
    assert (seen, row_of(made).status) == (["provisioning"], "active")
    assert [path for path, _ in rows(process)][3:6] == [
        "Provisioning/Set subscription to 'provisioning'",
        "Provisioning/Work",
        "Provisioning/Set subscription to 'active'",
    ]


def test_a_failure_while_provisioning_is_retried_where_it_failed(products):
    made = models.user(products)
    tries = []

    @step("Work")
    def work() -> None:
        tries.append(row_of(made).status)
        if len(tries) == 1:
            raise RuntimeError("not yet")

    steps = ensure_provisioning_status(work)
    process = ended(started(typed(modify_workflow, steps, products.user), made))
    engine.retry(process.pk, by="maria")

    assert ended(process).status == "completed", process.failed_reason
    assert tries == ["provisioning"] * 2


def seeded(model, key="subscription"):
    @step("Seed")
    def seed():
        identity = str(model.subscription_id)
        return {key: identity if key == "subscription_id" else {"subscription_id": identity}}

    return begin >> seed


@pytest.mark.parametrize("key", ["subscription", "subscription_id"])
def test_the_stock_steps_work_in_any_workflow(products, key):
    made = models.mesh(products)
    chain = seeded(made, key) >> store_process_subscription() >> unsync >> own >> resync

    process = run(chain, target="MODIFY")

    assert process.status == "completed", process.failed_reason
    assert lock_of(made) == (True, None)
    related = ProcessSubscription.objects.get()
    assert (related.target, related.subscription_id) == ("MODIFY", made.subscription_id)
    assert ("mesh" in state(process)["subscription"]) == (key == "subscription_id")


def test_a_relation_may_have_another_target_and_is_noted_once(products):
    made = models.mesh(products)

    process = run(seeded(made) >> store_process_subscription(Target.TERMINATE) >> unsync >> resync)

    assert process.status == "completed"
    assert ProcessSubscription.objects.get().target == "TERMINATE"


def test_a_state_without_a_subscription_is_told(db):
    process = run(begin >> unsync)

    assert process.failed_reason == (
        "the state names no subscription, under 'subscription' or 'subscription_id'"
    )


def test_an_unchecked_lock_takes_what_is_out_of_sync(products):
    made = models.mesh(products)
    Subscription.objects.update(insync=False)

    process = run(seeded(made) >> unsync_unchecked)

    assert lock_of(made) == (False, process.pk)


def test_a_process_may_work_on_several_subscriptions(products):
    first, second = models.mesh(products), models.mesh(products)

    @step("Other")
    def other():
        return {"subscription": {"subscription_id": str(second.subscription_id)}}

    chain = seeded(first) >> store_process_subscription() >> other
    process = run(chain >> resync)

    assert {row.pk for row in process.subscriptions.all()} == {
        first.subscription_id,
        second.subscription_id,
    }


def test_what_was_taken_over_is_not_given_back(products):
    made = models.mesh(products)
    other = run(begin, name="other")

    @step("Rob")
    def rob() -> None:
        Subscription.objects.update(locked_by=other)

    process = run(seeded(made) >> unsync >> rob >> resync)

    assert f"the process {other.pk} (other, completed) is changing it" in process.failed_reason


# --- Predicates ----------------------------------------------------------------------------------


def only_one(context):
    return "another one is running" if context.unfinished() else True


def test_a_predicate_refuses_in_words_and_after_the_form(products):
    made = models.mesh(products)
    name = typed(modify_workflow, begin, products.mesh, run_predicate=only_one)
    started(name, made)

    with pytest.raises(StartRefused, match="another one is running"):
        started(name, made)

    drain()
    assert started(name, made).status == "created"


def test_of_many_starts_at_once_a_predicate_lets_one_through(products):
    made = models.mesh(products)
    name = typed(modify_workflow, begin, products.mesh, run_predicate=only_one)
    barrier = threading.Barrier(5)

    def start(_number):
        try:
            barrier.wait(30)
            return started(name, made).pk
        except StartRefused as error:
            return str(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(start, range(5)))

    assert outcomes.count("another one is running") == 4
    assert Process.objects.count() == 1


@pytest.mark.postgresql
def test_a_start_that_waits_for_another_sees_it(products):
    made = models.mesh(products)
    name = typed(modify_workflow, begin, products.mesh, run_predicate=only_one)
    with transaction.atomic():
        started(name, made)
        other = Other(lambda: started(name, made))
        other.wait_until_locked_out()

    with pytest.raises(StartRefused, match="another one is running"):
        other.ended()
    assert connection.vendor == "postgresql"
