"""Schedules in the console: what operators see and do."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.engine import define, drain
from tests.workflows_app.console import ESCAPED, SCRIPT, field, signed_in, text
from tests.workflows_app.test_budgets import counted
from workflows_app import State, begin, forms, schedules, step
from workflows_app.cadence import Cron, Every, Once
from workflows_app.console.cadence_words import in_words
from workflows_app.models import Process, ProcessEvent, Schedule

pytestmark = pytest.mark.django_db(transaction=True)

LIST, NEW = "/admin/schedules/", "/admin/schedules/new/example/"
HOURLY = Every(timedelta(hours=1), datetime(2026, 1, 1, tzinfo=UTC))


@step("Order")
def order() -> State:
    return {"ordered": True}


class Page(forms.FormPage):
    node: str


class SecondPage(forms.FormPage):
    port: int
    password: forms.LongText = forms.LongText("")


def two_pages():
    first = yield Page
    second = yield SecondPage
    return {**first.model_dump(), **second.model_dump()}


@pytest.fixture(autouse=True)
def no_other_schedules():
    Schedule.objects.all().delete()


@pytest.fixture
def anna() -> Client:
    return signed_in("anna", superuser=True)


@pytest.fixture
def hourly(anna):
    return made("hourly")


def made(name: str, cadence=HOURLY, inputs=(), **options) -> Schedule:
    return schedules.create(
        name=name,
        workflow=define(begin >> order, **options),
        inputs=inputs,
        cadence=cadence,
        user=User.objects.get(username="anna"),
    )


def address(schedule: Schedule, act: str = "") -> str:
    return f"{LIST}{schedule.pk}/" + (f"{act}/" if act else "")


def times(response, **given: str) -> dict[str, str]:
    """Return a filled form of the times."""
    blank = {"name": "nightly", "kind": "cron", "cron": "0 3 * * *", "time_zone": "UTC"}
    return {"enclosed": field(response, "enclosed"), **blank, **given}


# The list and the page


def test_the_list_says_when_each_is_due_and_how_it_went(anna, hourly):
    schedules.run_now(hourly.pk, user=User.objects.get())
    drain()
    made("night", Cron("0 3 * * *", "Europe/Amsterdam"))
    refused = made(f"never {SCRIPT}", Once(timezone.now() + timedelta(days=1)))
    Schedule.objects.filter(pk=refused.pk).update(refusals=1, refused_because=f"frozen {SCRIPT}")

    body = text(anna.get(LIST))

    for expected in ("every hour", "every day at 03:00, Europe/Amsterdam", "completed", "failing"):
        assert expected in body
    assert f"frozen {ESCAPED}" in body
    assert f"never {ESCAPED}" in body
    assert SCRIPT not in body


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("", {"active", "failing", "paused", "over"}),
        ("failing", {"failing"}),
        ("active", {"active", "failing"}),
        ("paused", {"paused"}),
        ("over", {"over"}),
        ("nonsense", {"active", "failing", "paused", "over"}),
    ],
)
def test_the_list_is_narrowed_by_what_is_the_matter(anna, status, shown):
    user = User.objects.get()
    for name in ("active", "failing", "paused", "over"):
        made(name)
    Schedule.objects.filter(name="failing").update(refusals=1)
    Schedule.objects.filter(name="over").update(next_run_at=None)
    schedules.pause(Schedule.objects.get(name="paused").pk, user=user)

    body = text(anna.get(LIST, {"status": status}))

    assert {row.name for row in Schedule.objects.all() if str(row.pk) in body} == shown


def test_the_list_costs_the_same_for_two_schedules_and_for_forty(anna):
    spent = []
    for count in (2, 38):
        for number in range(count):
            row = made(f"{count} {number}")
            schedules.run_now(row.pk, user=User.objects.get())
        anna.get(LIST)
        with counted() as statements:
            anna.get(LIST)
        spent.append(len(statements))

    assert spent[0] == spent[1]


def test_the_page_costs_the_same_for_one_process_and_for_fifteen(anna, hourly):
    spent = []
    for count in (1, 14):
        for _ in range(count):
            schedules.run_now(hourly.pk, user=User.objects.get())
        anna.get(address(hourly))
        with counted() as statements:
            anna.get(address(hourly))
        spent.append(len(statements))

    assert spent[0] == spent[1]


def test_the_list_has_pages(anna):
    row = made("a")
    Schedule.objects.bulk_create(
        Schedule(
            name=f"b{number:02}",
            workflow=row.workflow,
            kind=row.kind,
            first_at=row.first_at,
            interval=row.interval,
        )
        for number in range(55)
    )

    assert 'rel="next"' in text(anna.get(LIST))
    second = text(anna.get(LIST, {"page": "2"}))
    assert "b54" in second
    assert 'rel="prev"' in second
    assert "No schedule fits" in text(anna.get(LIST, {"page": "9" * 30}))


def test_an_empty_list_says_how_to_set_up_the_first_one(anna):
    assert "Set up the first one" in text(anna.get(LIST))
    assert anna.get(LIST, {"workflow": "\0", "status": "\0", "page": "\0"}).status_code == 200


def test_the_page_shows_inputs_times_processes_and_who_did_what(anna):
    row = made("h", inputs=[{"node": f"n {SCRIPT}"}], initial_input_form=Page)
    process = schedules.run_now(row.pk, user=User.objects.get(), reason="to see it work")
    schedules.pause(row.pk, user=User.objects.get(), reason="frozen")

    body = text(anna.get(address(row)))

    assert f"n {ESCAPED}" in body
    assert process.get_absolute_url() in body
    assert "frozen" in body
    assert "Paused by anna" in body
    assert anna.get(f"{LIST}{process.pk}/").status_code == 404


def test_the_page_of_one_whose_workflow_is_gone_is_shown(anna, hourly):
    Schedule.objects.update(workflow="gone", refusals=2, refused_because="there is no workflow")

    body = text(anna.get(address(hourly)))

    assert "The last 2 starts were refused: there is no workflow" in body
    assert address(hourly, "run") not in body
    assert anna.get(address(hourly, "edit")).status_code == 404
    assert anna.post(address(hourly, "run")).status_code == 409


def test_the_home_page_says_that_schedules_fail_until_they_are_paused(anna, hourly):
    failing = '/admin/schedules/?status=failing"><strong class="wc-red">1 is failing<'
    assert failing not in text(anna.get("/admin/home/"))

    Schedule.objects.update(refusals=2)
    assert failing in text(anna.get("/admin/home/"))
    assert failing not in text(signed_in("piet", "view_process").get("/admin/home/"))

    schedules.pause(hourly.pk, user=User.objects.get(username="anna"))
    assert failing not in text(anna.get("/admin/home/"))


# Setting up


def test_a_workflow_is_chosen_filled_in_and_timed(anna):
    define(begin >> order, initial_input_form=two_pages)

    assert NEW in text(anna.get(f"{LIST}new/"))
    first = anna.get(NEW)
    second = anna.post(NEW, {"pages": field(first, "pages"), "page-node": "n"})
    third = anna.post(
        NEW, {"pages": field(second, "pages"), "page-port": "5", "page-password": "p"}
    )
    done = anna.post(NEW, times(third, reason="asked for"))

    row = Schedule.objects.get()
    assert done.url == address(row)
    assert row.inputs == [{"node": "n"}, {"port": 5, "password": "p"}]
    assert (row.name, row.created_by, row.cadence) == (
        "nightly",
        "anna",
        Cron("0 3 * * *", "UTC"),
    )
    assert ProcessEvent.objects.get(schedule=row).reason == "asked for"


def test_a_page_that_is_refused_is_shown_again(anna):
    define(begin >> order, initial_input_form=two_pages)
    second = anna.post(NEW, {"pages": field(anna.get(NEW), "pages"), "page-node": "n"})

    again = anna.post(NEW, {"pages": field(second, "pages"), "page-port": "x"})

    assert 'name="page-port"' in text(again)
    assert not Schedule.objects.exists()


def test_a_workflow_without_a_form_is_only_timed(anna):
    define(begin >> order)

    done = anna.post(
        NEW, times(anna.get(NEW), kind="every", amount="2", unit="days", first="2026-01-01T03:00")
    )

    assert done.status_code == 302
    first = datetime(2026, 1, 1, 3, tzinfo=timezone.get_current_timezone())
    assert Schedule.objects.get().cadence == Every(timedelta(days=2), first)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"cron": "0 3 * *"}, "A cron expression has five fields"),
        ({"cron": "99 3 * * *"}, "The minute of the cron expression is wrong."),
        ({"time_zone": "Nowhere"}, "There is no time zone"),
        ({"kind": "once", "at": "2020-01-01T03:00"}, "That time has passed."),
        ({"kind": "once", "at": "0001-01-01T00:00"}, "A time is in the years 2000 to 2199."),
        ({"kind": "once", "at": "9999-12-31T23:59"}, "A time is in the years 2000 to 2199."),
        ({"kind": "once", "at": "soon"}, "Enter a valid date/time."),
        ({"kind": "once"}, "Give the time."),
        ({"kind": "every"}, "Give the interval."),
        ({"kind": "every", "amount": "1" * 40, "unit": "weeks"}, "less than or equal to"),
        ({"kind": "every", "amount": "1000000", "unit": "weeks"}, "between 1 minute and 366 days"),
        ({"kind": "every", "amount": "1", "unit": "years"}, "Select a valid choice"),
        ({"kind": "daily"}, "Select a valid choice"),
        ({"name": ""}, "This field is required."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"name": "n" * 101}, "at most 100 characters"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_beside_its_field(anna, given, why):
    define(begin >> order)

    refused = anna.post(NEW, times(anna.get(NEW), **given))

    assert refused.status_code == 400
    assert why in text(refused)
    assert not Schedule.objects.exists()


def test_a_name_that_is_taken_is_said_on_the_form(anna, hourly):
    refused = anna.post(NEW, times(anna.get(NEW), name="hourly"))

    assert refused.status_code == 409
    assert "There is a schedule &#x27;hourly&#x27; already." in text(refused)


def test_the_next_times_are_shown_with_and_without_scripts(anna):
    define(begin >> order)
    given = times(anna.get(NEW), kind="once", at="2199-05-05T03:04")

    fragment = anna.post(f"{LIST}preview/", given)
    whole = anna.post(NEW, {**given, "preview": "1"})

    assert "2199-05-05 03:04" in text(fragment)
    assert "2199-05-05 03:04" in text(whole)
    assert not Schedule.objects.exists()
    assert "Shown when the times are complete" in text(anna.post(f"{LIST}preview/", {"kind": "x"}))
    assert anna.get(f"{LIST}preview/").status_code == 405


@pytest.mark.parametrize("token", ["nonsense", "\0", "é"])
def test_inputs_that_are_somebody_else_s_start_the_form_again(anna, token):
    define(begin >> order)

    answer = anna.post(NEW, {**times(anna.get(NEW)), "enclosed": token})

    assert (answer.status_code, answer.url) == (302, NEW)
    assert not Schedule.objects.exists()


def test_inputs_are_not_carried_from_one_workflow_to_another(anna):
    define(begin >> order, name="other")
    define(begin >> order)
    given = times(anna.get(NEW))

    anna.post("/admin/schedules/new/other/", given)

    assert not Schedule.objects.exists()


# Changing


def test_a_change_keeps_the_inputs_and_what_was_not_touched(anna):
    row = made("h", inputs=[{"node": "n"}], initial_input_form=Page)
    form = anna.get(address(row, "edit"))

    given = {"kind": "every", "amount": "1", "unit": "hours", "first": first_of(form)}
    done = anna.post(address(row, "edit"), times(form, name="other", **given))

    assert done.url == address(row)
    changed = Schedule.objects.get()
    assert (changed.name, changed.inputs) == ("other", [{"node": "n"}])
    assert changed.cadence == row.cadence
    assert changed.next_run_at == row.next_run_at


def test_one_that_is_over_can_be_renamed(anna):
    row = made("h", Once(timezone.now() + timedelta(days=1)))
    Schedule.objects.update(first_at=datetime(2026, 1, 1, 3, tzinfo=UTC), next_run_at=None)
    form = anna.get(address(row, "edit"))
    assert "That time has passed" not in text(form)
    at = text(form).split('id="id_at" value="')[1].split('"')[0]

    anna.post(address(row, "edit"), times(form, name="other", kind="once", at=at))

    assert Schedule.objects.get().name == "other"
    assert Schedule.objects.get().is_over


def first_of(response) -> str:
    """Return when an interval's first time is, as the browser's field has it."""
    return text(response).split('id="id_first" value="')[1].split('"')[0]


def test_the_inputs_can_be_changed_too(anna):
    row = made("h", inputs=[{"node": "old"}], initial_input_form=Page)

    first = anna.get(address(row, "edit"), {"inputs": "1"})
    assert 'value="old"' in text(first)
    second = anna.post(address(row, "edit"), {"pages": field(first, "pages"), "page-node": "new"})
    anna.post(address(row, "edit"), times(second))

    assert Schedule.objects.get().inputs == [{"node": "new"}]


def test_inputs_that_do_not_fit_any_more_are_asked_for_again(anna):
    row = made("h", inputs=[{"node": "n"}], initial_input_form=Page)
    form = anna.get(address(row, "edit"))
    define(begin >> order, initial_input_form=SecondPage)

    refused = anna.post(address(row, "edit"), times(form))

    assert refused.status_code == 409
    assert "The inputs do not fit the start form any more." in text(refused)


# Acts


def test_a_pause_is_announced_done_and_undone(anna, hourly):
    assert "Times that pass meanwhile are not made up for." in text(
        anna.get(address(hourly, "pause"))
    )

    anna.post(address(hourly, "pause"), {"reason": "frozen"})
    assert Schedule.objects.get().paused_by == "anna"
    anna.post(address(hourly, "pause"), {"reason": "again"})
    anna.post(address(hourly, "unpause"))

    assert Schedule.objects.get().next_run_at
    reasons = ProcessEvent.objects.filter(action="schedule paused").values_list("reason", flat=True)
    assert list(reasons) == ["frozen"]


def test_a_schedule_whose_time_passed_during_its_pause_is_over(anna):
    row = made("h", Once(timezone.now() + timedelta(days=1)))
    anna.post(address(row, "pause"))
    Schedule.objects.update(first_at=timezone.now())

    answer = anna.post(address(row, "unpause"), follow=True)

    assert "its time passed during the pause" in text(answer)


def test_running_now_leads_to_the_process_and_a_second_click_starts_no_second(anna, hourly):
    key = field(anna.get(address(hourly, "run")), "key")

    first = anna.post(address(hourly, "run"), {"key": key})
    again = anna.post(address(hourly, "run"), {"key": key})

    process = Process.objects.get()
    assert first.url == again.url == process.get_absolute_url()
    assert (process.created_by, process.schedule) == ("anna", hourly)


def test_a_refused_start_is_said_on_the_page(anna, hourly):
    define(begin >> order, run_predicate=lambda _context: "The network is frozen.")

    refused = anna.post(address(hourly, "run"))

    assert refused.status_code == 409
    assert "The network is frozen." in text(refused)


def test_a_deleted_schedule_is_gone(anna, hourly):
    done = anna.post(address(hourly, "delete"), {"reason": "not needed"}, follow=True)

    assert "The schedule hourly is deleted." in text(done)
    assert anna.get(address(hourly)).status_code == 404
    assert anna.post(address(hourly, "delete")).status_code == 404


# Permissions


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("", "view_schedule"),
        ("new/", "add_schedule"),
        ("new/example/", "add_schedule"),
        ("{pk}/", "view_schedule"),
        ("{pk}/edit/", "change_schedule"),
        ("{pk}/pause/", "view_schedule"),
    ],
)
def test_a_page_takes_its_permission(hourly, path, needed):
    url = LIST + path.format(pk=hourly.pk)
    others = {"view_schedule", "add_schedule", "change_schedule", "start_process", "view_process"}

    assert signed_in("piet", *others - {needed}).get(url).status_code == 403
    assert signed_in("maria", *others).get(url).status_code == 200


@pytest.mark.parametrize("act", ["run", "pause", "unpause", "delete"])
def test_an_act_takes_its_permission(hourly, act):
    looker = signed_in("piet", "view_schedule")

    body = text(looker.get(address(hourly)))
    refused = looker.post(address(hourly, act))

    assert address(hourly, act) not in body
    assert refused.status_code == 409
    assert "You may not" in text(refused)
    assert Schedule.objects.get().paused_at is None
    assert not Process.objects.exists()


def test_a_workflow_that_a_user_may_not_start_is_neither_offered_nor_set_up(anna):
    define(begin >> order, authorize=lambda _user: False)

    assert NEW not in text(anna.get(f"{LIST}new/"))
    assert anna.get(NEW).status_code == 403
    assert anna.get(f"{LIST}new/nothing/").status_code == 404


# Words


@pytest.mark.parametrize(
    ("cadence", "words"),
    [
        (Every(timedelta(minutes=1), HOURLY.first), "every minute"),
        (Every(timedelta(minutes=90), HOURLY.first), "every 1 h 30 min"),
        (Every(timedelta(hours=6), HOURLY.first), "every 6 hours"),
        (Every(timedelta(days=1), HOURLY.first), "every day"),
        (Every(timedelta(days=14), HOURLY.first), "every 2 weeks"),
        (Cron("* * * * *", "UTC"), "every minute, UTC"),
        (Cron("*/15 * * * *", "UTC"), "every 15 minutes, UTC"),
        (Cron("*/7 * * * *", "UTC"), "cron */7 * * * *, UTC"),
        (Cron("5 * * * *", "UTC"), "every hour, at minute 05, UTC"),
        (Cron("0 * * * *", "UTC"), "every hour, on the hour, UTC"),
        (Cron("5 */6 * * *", "UTC"), "every 6 hours of the day, at minute 05, UTC"),
        (Cron("0 3 * * *", "Europe/Amsterdam"), "every day at 03:00, Europe/Amsterdam"),
        (Cron("30 8 * * mon-fri", "UTC"), "Monday to Friday at 08:30, UTC"),
        (Cron("0 3 * * 0", "UTC"), "every Sunday at 03:00, UTC"),
        (Cron("0 3 * * 7", "UTC"), "every Sunday at 03:00, UTC"),
        (Cron("0 3 * * 1", "UTC"), "every Monday at 03:00, UTC"),
        (Cron("0 3 * * SAT", "UTC"), "every Saturday at 03:00, UTC"),
        (Cron("0 3 1 * *", "UTC"), "every month on day 1 at 03:00, UTC"),
        (Cron("0 3 1 1 *", "UTC"), "cron 0 3 1 1 *, UTC"),
    ],
    ids=str,
)
def test_a_cadence_is_said_as_people_say_it(cadence, words):
    assert in_words(cadence) == words
