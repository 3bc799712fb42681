"""Who may do what: permissions, authorisers and assignees."""

from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from tests.engine import calls, define, drain, run
from workflows_app import State, begin, conditional, engine, focussteps, forms, policy, registry
from workflows_app.dsl import inputstep, retrystep, sleep_step, step, step_group
from workflows_app.errors import NotAllowed
from workflows_app.models import Process

pytestmark = pytest.mark.django_db(transaction=True)

ACTIONS = {
    "resume": "resume_process",
    "reject": "resume_process",
    "retry": "retry_process",
    "skip": "repair_process",
    "edit": "repair_process",
    "abort": "abort_process",
    "note": "change_process",
    "delete": "delete_process",
}


def user(*permissions: str, name: str = "piet") -> User:
    made = User.objects.create_user(name)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=made.pk)  # Without a cache of permissions.


@step("Boom")
def boom() -> None:
    raise RuntimeError("boom")


@step("After")
def after() -> State:
    return {}


def suspended(assignee: str = "SYSTEM", **options) -> Process:
    @inputstep("Confirm", assignee, **options)
    def confirm():
        yield forms.FormPage

    return run(begin >> confirm >> after)


def test_an_authoriser_that_raises_has_not_consented(caplog):
    def away(_user):
        raise ConnectionError("the directory is away")

    process = suspended(authorize_resume=away)

    assert not policy.may(user("resume_process"), "resume", process)
    assert "the directory is away" in caplog.text


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_needs_its_own_permission_and_no_other_helps(action):
    process = suspended()
    others = set(ACTIONS.values()) - {ACTIONS[action]} | {"start_process", "view_process"}

    assert policy.may(user(ACTIONS[action]), action, process)
    assert not policy.may(user(*others, name="kees"), action, process)
    assert not policy.may(AnonymousUser(), action, process)


def test_starting_and_pausing_need_their_own_permissions():
    definition = registry.get(define(begin >> after))

    assert policy.may_start(user("start_process"), definition)
    assert not policy.may_start(user(*ACTIONS.values(), name="kees"), definition)
    assert policy.may_pause(user("pause_engine", name="anna"))
    assert not policy.may_pause(user(*ACTIONS.values(), "start_process", name="joop"))


def test_a_refusal_says_what_may_not_be_done():
    process = suspended()
    nobody = user()

    with pytest.raises(NotAllowed, match="you may not abort this process"):
        policy.require(nobody, "abort", process)
    with pytest.raises(NotAllowed, match="you may not start example"):
        policy.require_start(nobody, registry.get("example"))
    with pytest.raises(NotAllowed, match="you may not pause the engine"):
        policy.require_pause(nobody)


def test_a_user_who_is_no_longer_active_may_do_nothing():
    former = user(*ACTIONS.values())
    former.is_active = False
    process = suspended()

    assert policy.allowed_actions(former, process) == []


# The matrix: which authoriser is asked, for each set of those that are there.

SLOTS = ("workflow", "workflow retry", "step", "step retry")
RESUME = ("step", "workflow")  # The nearest comes first.
RETRY = ("step retry", "step", "workflow retry", "workflow")
MATRIX = [
    tuple(slot for slot, there in zip(SLOTS, row, strict=True) if there)
    for row in product([True, False], repeat=4)
]


def authorisers(present, verdict=True):
    asked, ask = calls()

    def authoriser(slot):
        if slot not in present:
            return None

        def judge(who):
            ask(slot)
            return verdict

        return judge

    return asked, {slot: authoriser(slot) for slot in SLOTS}


def authorised_process(given, *, failing: bool, wrap=lambda steps: steps) -> Process:
    @inputstep("Confirm", authorize_resume=given["step"], authorize_retry=given["step retry"])
    def confirm(state: State):
        if failing:
            raise RuntimeError("boom")
        yield forms.FormPage

    return run(
        begin >> wrap(confirm) >> after,
        authorize=given["workflow"],
        authorize_retry=given["workflow retry"],
    )


@pytest.mark.parametrize("verdict", [True, False])
@pytest.mark.parametrize("present", MATRIX, ids=lambda present: "+".join(present) or "none")
def test_the_nearest_authoriser_decides_about_resuming(present, verdict):
    asked, given = authorisers(present, verdict)
    process = authorised_process(given, failing=False)

    allowed = policy.may(user("resume_process"), "resume", process)

    nearest = [slot for slot in RESUME if slot in present][:1]
    assert asked == nearest
    assert allowed == (verdict or not nearest)


@pytest.mark.parametrize("action", ["retry", "skip", "edit"])
@pytest.mark.parametrize("verdict", [True, False])
@pytest.mark.parametrize("present", MATRIX, ids=lambda present: "+".join(present) or "none")
def test_the_nearest_authoriser_decides_about_retrying_and_repairing(present, verdict, action):
    asked, given = authorisers(present, verdict)
    process = authorised_process(given, failing=True)
    assert process.status == "failed"

    allowed = policy.may(user("retry_process", "repair_process"), action, process)

    nearest = [slot for slot in RETRY if slot in present][:1]
    assert asked == nearest
    assert allowed == (verdict or not nearest)


WRAPPED = {
    "conditional": lambda steps: conditional(lambda _state: True)(steps),
    "step_group": lambda steps: step_group("G", steps),
    "focussteps": focussteps("port"),
    "all": lambda steps: conditional(lambda _state: True)(step_group("G", focussteps("p")(steps))),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize(("failing", "action"), [(False, "resume"), (True, "retry")])
def test_no_combinator_loses_a_step_s_authoriser(wrap, failing, action):
    asked, given = authorisers(["step", "step retry"], verdict=False)
    process = authorised_process(given, failing=failing, wrap=wrap)

    assert not policy.may(user("resume_process", "retry_process"), action, process)
    assert asked == ["step" if action == "resume" else "step retry"]


def test_an_authoriser_cannot_replace_the_permission():
    asked, given = authorisers(SLOTS, verdict=True)
    process = authorised_process(given, failing=False)

    assert not policy.may(user(), "resume", process)
    assert asked == []


def test_whoever_may_not_start_a_workflow_is_told_by_its_authoriser():
    asked, see = calls()

    def only_maria(who):
        see(who.username)
        return who.username == "maria"

    definition = registry.get(define(begin >> after, authorize=only_maria))

    assert policy.may_start(user("start_process", name="maria"), definition)
    assert not policy.may_start(user("start_process"), definition)
    assert asked == ["maria", "piet"]


@pytest.mark.parametrize("status", ["api_unavailable", "inconsistent_data", "failed"])
def test_every_kind_of_failure_asks_the_authoriser(status):
    asked, given = authorisers(["workflow retry"], verdict=False)
    process = authorised_process(given, failing=True)
    Process.objects.filter(pk=process.pk).update(status=status)
    process.refresh_from_db()

    assert not policy.may(user("retry_process"), "retry", process)
    assert asked == ["workflow retry"]


@pytest.mark.parametrize("present", ["step retry", "workflow retry", "workflow"])
def test_letting_a_step_go_on_that_waits_for_its_next_try_asks_who_may_retry_it(present):
    asked, given = authorisers([present], verdict=False)

    @retrystep("Away", authorize_retry=given["step retry"])
    def away() -> None:
        raise ConnectionError("away")

    process = run(
        begin >> away, authorize=given["workflow"], authorize_retry=given["workflow retry"]
    )
    assert process.status == "waiting"

    assert not policy.may(user("resume_process"), "resume", process)
    assert asked == [present]


# Assignees


def test_a_form_with_an_assignee_is_for_the_members_of_the_group_of_that_name():
    process = suspended("NOC")
    outsider = user("resume_process")
    assert policy.may(outsider, "resume", process)  # There is no such group.

    noc = Group.objects.create(name="NOC")
    assert not policy.may(outsider, "resume", process)

    outsider.groups.add(noc)
    assert policy.may(outsider, "resume", process)


def test_a_form_of_the_system_is_for_whoever_may_resume_even_if_there_is_such_a_group():
    Group.objects.create(name="SYSTEM")

    assert policy.may(user("resume_process"), "resume", suspended("SYSTEM"))


def test_a_superuser_may_answer_every_form_but_not_against_an_authoriser():
    Group.objects.create(name="NOC")
    root = User.objects.create_superuser("root")

    assert policy.may(root, "resume", suspended("NOC"))
    assert not policy.may(root, "resume", suspended("NOC", authorize_resume=lambda _user: False))


# What is offered


@pytest.mark.parametrize(
    ("parking", "offered"),
    [
        ("created", ["abort", "note"]),
        ("suspended", ["resume", "reject", "abort", "note"]),
        ("waiting", ["resume", "abort", "note"]),
        ("failed", ["retry", "skip", "edit", "abort", "note"]),
        ("completed", ["note"]),
        ("completed task", ["note", "delete"]),
    ],
)
def test_only_what_the_status_admits_and_the_user_may_is_offered(parking, offered):
    chains = {
        "suspended": begin >> inputstep("Confirm")(lambda: forms.FormPage),
        "waiting": begin >> sleep_step("Nap", 60),
        "failed": begin >> boom,
    }
    name = define(chains.get(parking, begin >> after), is_task=parking == "completed task")
    process = engine.start(name, by="maria")
    if parking != "created":
        drain()
    process.refresh_from_db()

    assert policy.allowed_actions(user(*ACTIONS.values()), process) == offered
    assert policy.allowed_actions(user("view_process", name="kees"), process) == []


def test_a_process_whose_workflow_or_step_is_gone_can_still_be_judged():
    _, given = authorisers(["workflow"], verdict=False)
    process = authorised_process(given, failing=True)
    operator = user(*ACTIONS.values())

    define(begin >> after, authorize=given["workflow"])
    assert not policy.may(operator, "retry", process)

    registry._workflows.pop("example")
    assert policy.may(operator, "abort", process)
    assert "abort" in policy.allowed_actions(operator, process)
