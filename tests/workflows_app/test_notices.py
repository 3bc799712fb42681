"""Who is told of what, exactly once, and never of what they may not see."""

import pytest
from django.contrib.auth.models import Group

from tests.engine import drain, run
from tests.races import Other
from tests.workflows_app.receivers import chose, endpoint_of, person, told
from workflows_app import begin, engine, forms, inputstep, step
from workflows_app.errors import AuthorsMistake
from workflows_app.models import Delivery, Notice, Process, Scope
from workflows_app.notices import audience
from workflows_app.notices.handing_out import hand_out

pytestmark = pytest.mark.django_db(transaction=True)


@inputstep("Confirm", assignee="NOC")
def confirm():
    yield forms.FormPage


@inputstep("Anybody", assignee="Nobody's group")
def anybody():
    yield forms.FormPage


@step("Boom")
def boom() -> None:
    raise RuntimeError("no light")


def handed_out(steps, **options) -> Process:
    process = run(begin >> steps, **options)
    hand_out()
    return process


def test_a_form_for_a_group_is_told_to_its_members_who_may_answer_and_to_nobody_else():
    person("noor", "NOC")
    person("gone", "NOC", is_active=False)
    person("other", "Planning")
    person("boss", superuser=True)
    Group.objects.get(name="NOC").user_set.add(person("looker"))
    looker = Group.objects.get(name="NOC").user_set.get(username="looker")
    looker.user_permissions.clear()

    assert told(handed_out(confirm)) == {"noor"}


def test_a_form_is_told_to_whoever_started_the_process_if_they_may_answer():
    person("maria")

    assert told(handed_out(anybody, name="for_anybody")) == {"maria"}

    Group.objects.create(name="NOC")
    assert told(handed_out(confirm)) == set()


def test_whoever_wants_to_hear_of_everything_does_if_they_may_answer():
    for name, superuser in (("boss", True), ("piet", False)):
        user = person(name, superuser=superuser)
        chose(user, "needs_input", browser=Scope.ALL)
    Group.objects.create(name="NOC")

    assert told(handed_out(confirm)) == {"boss"}
    assert told(handed_out(anybody, name="for_anybody")) == {"boss", "piet"}


def test_an_authoriser_decides_and_one_that_raises_says_no():
    def decide(user):
        if user.username == "odd":
            raise RuntimeError("the directory is away")
        return user.username == "noor"

    for name in ("noor", "odd", "nils"):
        person(name, "NOC")

    @inputstep("Confirm", assignee="NOC", authorize_resume=decide)
    def ask():
        yield forms.FormPage

    assert told(handed_out(ask)) == {"noor"}


@pytest.mark.parametrize(
    ("scope", "heard"),
    [
        (Scope.OFF, set()),
        (Scope.STARTED, {"maria"}),
        (Scope.MINE, {"maria", "noor"}),
        (Scope.ALL, {"maria", "noor", "other"}),
    ],
)
def test_a_failure_is_told_to_those_in_whose_scope_it_is(scope, heard):
    for user in (person("maria"), person("noor", "NOC"), person("other", "Planning")):
        chose(user, "failed", browser=scope)

    assert told(handed_out(boom >> confirm)) == heard


def test_what_nobody_wants_to_hear_of_is_not_kept():
    chose(person("piet"), "failed", browser=Scope.STARTED)
    process = run(begin >> boom)
    assert process.notices.exists()

    hand_out()

    assert not Notice.objects.exists()


def test_a_task_is_told_to_those_who_want_to_hear_of_tasks():
    for name, tasks in (("maria", False), ("piet", True)):
        chose(person(name), "failed", tasks=tasks, browser=Scope.ALL)

    assert told(handed_out(boom, is_task=True)) == {"piet"}


def test_whoever_aborts_is_not_told_and_the_others_are():
    for name in ("maria", "piet"):
        chose(person(name), "finished", browser=Scope.ALL)
    process = run(begin >> confirm)
    engine.abort(process.pk, by="piet")
    hand_out()

    finished = Delivery.objects.filter(notice__kind="finished")
    assert [one.user.username for one in finished] == ["maria"]


def test_a_form_that_was_answered_at_once_is_told_to_nobody():
    person("noor", "NOC")
    process = run(begin >> confirm)
    engine.submit(process.pk, inputs=[{}], by="noor")

    hand_out()

    assert told(process) == set()
    drain()


def test_each_channel_has_its_delivery_and_each_endpoint_that_is_enabled():
    maria = person("maria")
    for path in ("/a", "/b", "/c"):
        endpoint, _secret = endpoint_of(maria, f"http://receiver.example{path}")
    endpoint.enabled = False
    endpoint.save()
    chose(maria, "failed", browser=Scope.MINE, email=Scope.MINE, webhook=Scope.MINE)
    nameless = person("nameless")
    nameless.email = ""
    nameless.save()
    chose(nameless, "failed", email=Scope.ALL)

    handed_out(boom)

    rows = Delivery.objects.order_by("pk").values_list("user__username", "channel", "status")
    assert list(rows) == [
        ("maria", "browser", "delivered"),
        ("maria", "email", "pending"),
        ("maria", "webhook", "pending"),
        ("maria", "webhook", "pending"),
    ]


def test_a_crash_while_it_is_handed_out_leaves_it_to_be_handed_out(monkeypatch):
    chose(person("maria"), "failed", browser=Scope.ALL)
    process = run(begin >> boom)

    def crash(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Delivery.objects, "bulk_create", crash)
        with pytest.raises(KeyboardInterrupt):
            hand_out()
    assert told(process) == set()

    hand_out()
    hand_out()

    assert Delivery.objects.count() == 1


@pytest.mark.postgresql
def test_two_that_hand_out_the_same_notice_write_it_once(monkeypatch):
    chose(person("maria"), "failed", browser=Scope.ALL)
    run(begin >> boom)
    others: list[Other] = []
    write = Delivery.objects.bulk_create

    def interleave(rows):
        if not others:
            others.append(Other(hand_out))
            others[0].wait_until_locked_out()
        return write(rows)

    monkeypatch.setattr(Delivery.objects, "bulk_create", interleave)
    hand_out()

    assert others[0].ended() == 1
    assert Delivery.objects.count() == 1


def test_a_notice_that_cannot_be_handed_out_holds_up_no_other(monkeypatch):
    chose(person("maria"), "failed", browser=Scope.ALL)
    odd, even = run(begin >> boom, name="odd"), run(begin >> boom, name="even")
    real = audience.may_hear

    def away(user, notice):
        if notice.process == odd:
            raise LookupError("the directory is away")
        return real(user, notice)

    with monkeypatch.context() as patched:
        patched.setattr(audience, "may_hear", away)
        with pytest.raises(AuthorsMistake, match="the directory is away"):
            hand_out()
    assert (told(odd), told(even)) == (set(), {"maria"})

    hand_out()

    assert told(odd) == {"maria"}


def test_handing_out_costs_as_much_for_many_people_who_do_not_care(django_assert_max_num_queries):
    for number in range(30):
        chose(person(f"user{number}"), "failed", email=Scope.STARTED)
    run(begin >> boom)

    with django_assert_max_num_queries(8):
        hand_out()
