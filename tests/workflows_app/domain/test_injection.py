"""Steps are given models, and what they return is stored with the step, or not at all."""

from typing import Annotated, Any, Optional
from uuid import UUID, uuid4

import pytest

from tests.engine import define, drain, rows, run, state
from tests.workflows_app.domain import models
from tests.workflows_app.domain.models import (
    ACTIVE,
    Circuit,
    Group,
    Mesh,
    User,
    UserInactive,
    UserProvisioning,
)
from tests.workflows_app.domain.statements import counted
from workflows_app import engine, forms, queue
from workflows_app.domain import SubscriptionModel
from workflows_app.dsl import begin, focussteps, inputstep, step, step_group
from workflows_app.dsl.decorators import retrystep
from workflows_app.engine import checkpoint
from workflows_app.errors import StaleDataError, WrongParameter
from workflows_app.injection import Injection
from workflows_app.models import Process, Subscription, SubscriptionInstance

pytestmark = pytest.mark.django_db(transaction=True)


def given(annotation: Any, *value: Any) -> Any:
    """Return what a parameter with the annotation is given for a value in the state."""

    def author(subject):
        return subject

    author.__annotations__["subject"] = annotation
    injection = Injection(author, name="Look")
    positional, keywords = injection.arguments(dict(zip(["subject"], value, strict=False)), {})
    return author(*positional, **keywords)


def reference(model):
    return {
        "subscription_id": str(model.subscription_id),
        "status": "a lie",
        "note": "not believed",
    }


def stored(model) -> Any:
    return SubscriptionModel.from_subscription(model.subscription_id)


# --- What a parameter is given -------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        lambda pk: pk,
        str,
        lambda pk: pk.hex,
        lambda pk: {"subscription_id": str(pk), "user": "what the state says is not believed"},
        lambda pk: {"subscription_id": pk},
    ],
    ids=["UUID", "str", "hex", "dict", "dict with UUID"],
)
def test_a_model_is_found_by_its_id(products, shape):
    made = models.user(products)

    found = given(User, shape(made.subscription_id))

    assert (type(found), found) == (User, made)


@pytest.mark.parametrize(
    "annotation",
    [
        User,
        UserProvisioning,
        UserInactive,
        SubscriptionModel,
        User | None,
        Optional[User],  # noqa: UP045 - as authors write it.
        User | UserProvisioning,
        User | Group,
        Group | User | None,
        Annotated[User, "a note"],
    ],
    ids=str,
)
def test_unions_and_base_classes_are_given_the_variant_that_is_stored(products, annotation):
    made = models.user(products)

    assert type(given(annotation, reference(made))) is User


def test_lists_keep_their_order(products):
    made = [models.circuit(products) for _ in range(3)]

    found = given(
        list[Circuit], [reference(made[1]), str(made[0].subscription_id), reference(made[2])]
    )

    assert found == [made[1], made[0], made[2]]


def test_a_list_may_mix_what_its_union_admits(products):
    group = models.group(products)
    user = models.user(products, group)

    found = given(list[User | Group], [reference(group), reference(user)])

    assert [type(model) for model in found] == [Group, User]


def test_what_is_missing(products):
    assert given(User | None) is None
    assert given(User | None, None) is None
    assert given(list[User]) == []
    assert given(list[User], []) == []
    assert given(list[User] | None) is None
    process = run(begin >> step("Look")(lambda_of(User)))
    assert process.failed_reason.startswith(
        "step 'Look' needs 'subject', which is not in the state"
    )


def lambda_of(annotation):
    def look(subject):
        return {}

    look.__annotations__["subject"] = annotation
    return look


@pytest.mark.parametrize(
    ("annotation", "value", "why"),
    [
        (User, str(UUID(int=7)), "there is no subscription 00000000-0000-0000-0000-000000000007"),
        (User, {"subscription_id": str(UUID(int=7))}, "there is no subscription 00000000-"),
        (User | None, str(UUID(int=7)), "there is no subscription"),
        (User, "anna", "there is no subscription anna"),
        (User, {}, "there is no subscription None"),
        (User, None, "there is no subscription None"),
        (User, 7, "there is no subscription 7"),
        (list[User], [None], "0: Value error, there is no subscription None"),
        (list[User], [str(UUID(int=7))], "0: Value error, there is no subscription"),
        (list[User], "anna", "valid list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_there_is_told(products, annotation, value, why):
    with pytest.raises(WrongParameter, match=f"'subject' does not fit: .*{why}"):
        given(annotation, value)


def test_a_list_is_not_a_subscription(products):
    made = models.user(products)

    with pytest.raises(WrongParameter, match="there is no subscription"):
        given(User, [str(made.subscription_id)])


@pytest.mark.parametrize("annotation", [User, User | None, list[User], User | Group], ids=str)
def test_a_subscription_in_another_status_is_refused(products, annotation):
    made = UserInactive.from_product_id(products.user.pk, "SURF")
    made.save()
    value = [reference(made)] if annotation == list[User] else reference(made)

    with pytest.raises(WrongParameter, match="is initial, a UserInactive; a User is wanted"):
        given(annotation, value)


def test_a_subscription_of_another_product_is_refused(products):
    with pytest.raises(WrongParameter, match="is active, a Circuit; a User is wanted"):
        given(User, reference(models.circuit(products)))


def test_what_is_stored_and_does_not_fit_its_class_is_told(products):
    made = models.user(products)
    SubscriptionInstance.objects.filter(pk=made.user.subscription_instance_id).update(values={})

    with pytest.raises(WrongParameter, match="username: Field required"):
        given(User, reference(made))


def test_a_list_costs_at_most_four_statements(products):
    group = models.group(products)
    made = [models.user(products, group, f"user {number}") for number in range(20)]

    with counted() as statements:
        found = given(list[User], [reference(model) for model in made])

    assert len(found) == 20
    assert len(statements) <= 4, statements


def test_positional_and_keyword_only_parameters(products):
    made = models.user(products)
    seen: list[Any] = []

    @step("Look")
    def look(
        one: User, /, two: User | None, *, three: list[User], four: User | None = None
    ) -> None:
        seen.extend([one, two, three, four])

    run(begin >> seed(one=made, two=made, three=[made]) >> look)

    assert seen == [made, made, [made], None]


def seed(**values: Any) -> Any:
    """Return a step that puts references to subscriptions into the state."""

    @step("Seed")
    def put() -> dict[str, Any]:
        return {
            name: [reference(model) for model in value]
            if isinstance(value, list)
            else reference(value)
            for name, value in values.items()
        }

    return put


def test_forms_are_given_models_too(products):
    made = models.user(products)
    asked: list[Any] = []

    @inputstep("Ask")
    def ask(subject: User):
        asked.append(subject)
        yield forms.FormPage
        return {"age": subject.user.age}

    process = run(begin >> seed(subject=made) >> ask)
    engine.submit(process.pk, inputs=[{}], by="piet")
    drain()

    assert state(process)["age"] == 30
    assert asked[0] == made


# --- What is saved -------------------------------------------------------------------------------


def last_error(process) -> str:
    return str(process.steps.latest("position").error_class)


def changing(result, *, name="Change"):
    """Return a step that changes the user's age, and returns what ``result`` makes of it."""

    @step(name)
    def change(subject: User) -> Any:
        subject.user.age += 1
        return result(subject)

    return change


@pytest.mark.parametrize(
    "result",
    [
        lambda user: {"subject": user},
        lambda user: {"other": user},
        lambda user: {"deep": {"down": [{"here": user}]}},
        lambda user: {"several": [user, user], "once more": (user,)},
    ],
    ids=["same key", "other key", "nested", "several times"],
)
def test_a_model_that_is_returned_is_saved(products, result):
    made = models.user(products)

    process = run(begin >> seed(subject=made) >> changing(result))

    assert process.status == "completed", process.failed_reason
    assert (stored(made).user.age, stored(made).version) == (31, 2)


@pytest.mark.parametrize(
    "result",
    [
        lambda user: None,
        lambda user: {},
        lambda user: {"age": user.user.age},
        lambda user: {"b": user.user},
    ],
    ids=["None", "nothing", "a value", "a block"],
)
def test_a_model_that_is_not_returned_is_not_saved(products, result):
    made = models.user(products)

    process = run(begin >> seed(subject=made) >> changing(result))

    assert process.status == "completed"
    assert (stored(made).user.age, stored(made).version) == (30, 1)


def test_the_state_shows_what_is_stored(products):
    made = models.user(products)

    process = run(begin >> seed(subject=made) >> changing(lambda user: {"subject": user}))

    shown = state(process)["subject"]
    assert (shown["version"], shown["user"]["age"], shown["user"]["title"]) == (
        2,
        31,
        "anna of Staff",
    )
    assert shown["subscription_id"] == str(made.subscription_id)


def test_the_next_step_is_given_what_the_one_before_stored(products):
    made = models.user(products)
    twice = changing(lambda user: {"subject": user}) >> changing(
        lambda user: {"subject": user}, name="2"
    )

    run(begin >> seed(subject=made) >> twice)

    assert (stored(made).user.age, stored(made).version) == (32, 3)


def test_a_new_subscription_is_saved(products):
    @step("Make")
    def make() -> dict[str, Any]:
        return {"subscription": Mesh.from_product_id(products.mesh.pk, "SURF", ACTIVE)}

    process = run(begin >> make)

    assert state(process)["subscription"]["subscription_id"] == str(Subscription.objects.get().pk)


def test_two_new_ones_of_which_one_uses_the_other(products):
    @step("Make")
    def make() -> dict[str, Any]:
        user = UserInactive.from_product_id(products.user.pk, "SURF")
        group = models.GroupInactive.from_product_id(products.group.pk, "SURF")
        user.user.group = group.group
        return {"user": user, "group": group}

    process = run(begin >> make)

    assert process.status == "completed", process.failed_reason
    assert Subscription.objects.filter(relations__depends_on__subscription__isnull=False).exists()


class Crash(BaseException):
    """What a worker dies of."""


def crashed(pk):
    """Claim the process and run it until the worker dies."""
    (claim,) = queue.claim(1)
    assert claim.process_id == pk
    with pytest.raises(Crash):
        engine.advance(claim)


@pytest.mark.parametrize("place", ["_execute_saves", "_write_rows", "after the saves"])
def test_after_a_crash_both_are_there_or_neither(products, monkeypatch, place):
    made = models.user(products)
    process = engine.start(
        define(begin >> seed(subject=made) >> changing(lambda user: {"subject": user})), by="maria"
    )
    method = "_write_rows" if place == "after the saves" else place
    original = getattr(checkpoint.Checkpoint, method)

    def dying(self):
        if self.step.name == "Change":
            if place == "after the saves":
                assert Subscription.objects.get(pk=made.subscription_id).version == 2
                original(self)
            raise Crash
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Checkpoint, method, dying)
        crashed(process.pk)
    assert rows(process) == [("Start", "success"), ("Seed", "success")]
    assert (stored(made).user.age, stored(made).version) == (30, 1)

    Process.objects.update(status="resumed", worker="")
    make_claimable(process)
    drain()
    process.refresh_from_db()
    assert (process.status, stored(made).user.age, stored(made).version) == ("completed", 31, 2)


def make_claimable(process):
    Process.objects.filter(pk=process.pk).update(due_at=process.created_at)


def meddled(made, note="meddled"):
    """Change the subscription as somebody else."""
    other = stored(made)
    other.note = note
    other.save()


def test_somebody_else_s_change_meanwhile_fails_the_step_and_nothing_is_half_done(products):
    user, circuit = models.user(products), models.circuit(products)
    tries: list[int] = []

    def change(first: Circuit, second: User) -> dict[str, Any]:
        if not tries:
            meddled(user)
        tries.append(1)
        first.circuit.vlan = 9
        second.user.age = 99
        return {"first": first, "second": second}

    # On PostgreSQL what an atomic step does itself, like meddling, would be undone with it.
    both = step("Change both", atomic=False)(change)
    process = run(begin >> seed(first=circuit, second=user) >> both)

    assert process.status == "failed"
    assert "was changed by somebody else since its version 1 was read" in process.failed_reason
    assert last_error(process) == "StaleDataError"
    assert (stored(circuit).circuit.vlan, stored(circuit).version) == (None, 1)
    assert (stored(user).user.age, stored(user).note) == (30, "meddled")
    engine.retry(process.pk, by="maria")
    drain()
    process.refresh_from_db()
    assert (process.status, stored(circuit).circuit.vlan, stored(user).user.age) == (
        "completed",
        9,
        99,
    )


def test_a_retry_policy_may_try_again_with_what_is_stored_now(products):
    made = models.user(products)
    tries: list[int] = []

    def change(subject: User) -> dict[str, Any]:
        if not tries:
            meddled(made)
        tries.append(subject.version)
        subject.user.age = 99
        return {"subject": subject}

    process = run(begin >> seed(subject=made) >> retrystep("Change", atomic=False)(change))
    assert process.status == "waiting"
    engine.resume(process.pk, by="maria")
    drain()

    assert (tries, stored(made).user.age, stored(made).note) == ([1, 2], 99, "meddled")


def test_an_invalid_change_fails_the_step(products):
    made = models.circuit(products)

    @step("Spoil")
    def spoil(subject: Circuit) -> dict[str, Any]:
        subject.circuit.ends.pop()
        return {"subject": subject}

    process = run(begin >> seed(subject=made) >> spoil)

    assert last_error(process) == "ValidationError"
    assert len(stored(made).circuit.ends) == 2


def test_what_a_lens_shows_is_saved_too(products):
    made = models.user(products)

    @step("Put")
    def put() -> dict[str, Any]:
        return {"box": {"subject": reference(made)}}

    focused = focussteps("box")(begin >> changing(lambda user: {"subject": user}))
    process = run(begin >> put >> focused)

    assert process.status == "completed", process.failed_reason
    assert (stored(made).user.age, state(process)["box"]["subject"]["version"]) == (31, 2)


def test_groups_and_conditions_save_too(products):
    made = models.user(products)

    run(
        begin
        >> seed(subject=made)
        >> step_group("G", begin >> changing(lambda user: {"subject": user}))
    )

    assert stored(made).user.age == 31


def test_two_objects_of_one_subscription_with_different_changes_are_refused(products):
    made = models.user(products)

    @step("Contradict")
    def contradict(subject: User) -> dict[str, Any]:
        other = stored(subject)
        subject.user.age, other.user.age = 1, 2
        return {"one": subject, "two": other}

    process = run(begin >> seed(subject=made) >> contradict)

    assert last_error(process) == StaleDataError.__name__
    assert stored(made).user.age == 30


def test_a_step_that_saves_by_itself_may_return_the_model_as_well(products):
    made = models.user(products)

    @step("Save")
    def save(subject: User) -> dict[str, Any]:
        subject.user.age = 31
        subject.save()
        return {"subject": subject}

    process = run(begin >> seed(subject=made) >> save)

    assert (process.status, stored(made).version) == ("completed", 2)
    assert state(process)["subject"]["version"] == 2


def test_a_state_holds_ids_that_exist_no_more(products):
    process = run(begin >> step("Look")(lambda_of(User)), inputs=())
    assert process.status == "failed"
    with pytest.raises(WrongParameter):
        given(User, {"subscription_id": str(uuid4())})
