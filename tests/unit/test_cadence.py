"""When a schedule is due, summer time included."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from workflows_app.cadence import MOST_COUNTED, Cron, Every, Once, missed, upcoming
from workflows_app.errors import ImpossibleCadence

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cron(expression, zone="Europe/Amsterdam"):
    return Cron(expression, zone)


def local(cadence, after, count):
    """Return the next times on Amsterdam's clock."""
    found = islice(upcoming(cadence, after), count)
    return [f"{at.astimezone(AMSTERDAM):%m-%d %H:%M%z}" for at in found]


def test_once_is_due_once():
    assert list(upcoming(Once(FIRST), FIRST - timedelta(days=1))) == [FIRST]
    assert Once(FIRST).after(FIRST) is None


def test_an_interval_is_counted_from_its_first_time_whenever_one_asks():
    every = Every(timedelta(hours=6), FIRST)

    assert every.after(FIRST - timedelta(days=9)) == FIRST
    assert every.after(FIRST) == FIRST + timedelta(hours=6)
    assert every.after(FIRST + timedelta(hours=13)) == FIRST + timedelta(hours=18)


def test_a_cron_expression_is_the_clock_of_its_time_zone():
    winter, summer = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 7, 10, tzinfo=UTC)

    assert cron("0 3 * * *").after(winter) == winter.replace(hour=2)
    assert cron("0 3 * * *").after(summer) == summer.replace(hour=1)
    assert cron("0 3 * * *", "UTC").after(summer) == summer.replace(hour=3)


def test_a_time_that_the_clock_leaps_over_is_due_right_after_the_leap():
    eve = datetime(2026, 3, 28, 12, tzinfo=AMSTERDAM)

    assert local(cron("30 2 * * *"), eve, 2) == ["03-29 03:00+0200", "03-30 02:30+0200"]
    assert local(cron("0,30 2 * * *"), eve, 2) == ["03-29 03:00+0200", "03-30 02:00+0200"]
    assert local(cron("*/30 * * * *"), eve.replace(day=29, hour=1, minute=15), 2) == [
        "03-29 01:30+0100",
        "03-29 03:00+0200",
    ]


def test_a_time_that_the_clock_shows_twice_is_due_once():
    eve = datetime(2026, 10, 24, 12, tzinfo=AMSTERDAM)
    between = datetime(2026, 10, 25, 2, 15, fold=1, tzinfo=AMSTERDAM)

    assert local(cron("30 2 * * *"), eve, 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]
    assert local(cron("30 2 * * *"), between, 1) == ["10-26 02:30+0100"]


def test_what_is_due_at_every_hour_is_due_in_both_hours_that_look_the_same():
    eve = datetime(2026, 10, 25, 1, 30, tzinfo=AMSTERDAM)

    assert local(cron("0 * * * *"), eve, 3) == [
        "10-25 02:00+0200",
        "10-25 02:00+0100",
        "10-25 03:00+0100",
    ]


def test_an_interval_takes_no_notice_of_the_clock():
    every = Every(timedelta(days=1), datetime(2026, 3, 28, 3, tzinfo=AMSTERDAM))

    assert local(every, FIRST, 2) == ["03-28 03:00+0100", "03-29 04:00+0200"]


MINUTES = st.sampled_from(["*", "0", "30", "*/7", "59", "0,30"])
HOURS = st.sampled_from(["*", "0", "1", "2", "3", "*/2", "1-4"])
DAYS = st.sampled_from(["*", "29", "L", "1"])
ZONES = st.sampled_from(
    ["UTC", "Europe/Amsterdam", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo"]
)
MOMENTS = st.integers(0, 4 * 366 * 86400).map(lambda seconds: FIRST + timedelta(seconds=seconds))


@given(MINUTES, HOURS, DAYS, ZONES, MOMENTS)
def test_the_times_of_any_cron_expression_only_ever_grow(minute, hour, day, zone, moment):
    times = [moment, *islice(upcoming(Cron(f"{minute} {hour} {day} * *", zone), moment), 4)]

    assert len(times) == 5
    assert all(earlier < later for earlier, later in pairwise(times))


def test_the_times_that_were_missed_are_counted_but_not_for_ever():
    every = Every(timedelta(hours=1), FIRST)

    assert missed(every, FIRST, FIRST) == 0
    assert missed(every, FIRST, FIRST + timedelta(minutes=59)) == 0
    assert missed(every, FIRST, FIRST + timedelta(hours=5)) == 5
    assert missed(every, FIRST, FIRST + timedelta(days=5000)) == MOST_COUNTED
    assert missed(Once(FIRST), FIRST, FIRST + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("cadence", "why"),
    [
        (cron("0 3 * *"), "five fields"),
        (cron("0 0 3 * * *"), "five fields"),
        (cron(""), "five fields"),
        (cron("61 3 * * *"), "minute of the cron expression"),
        (cron("0 3 32 * *"), "day of the month"),
        (cron("0 3 30 2 *"), "day of the month"),
        (cron("0 0 */30 2 MON#2"), "fits no day"),
        (cron("0 3 * * *", "Europe/Nowhere"), "no time zone"),
        (cron("0 3 * * *", "../../etc/passwd"), "no time zone"),
        (cron("0 3 * * *", ""), "no time zone"),
        (Every(timedelta(seconds=59), FIRST), "between 1 minute"),
        (Every(timedelta(days=367), FIRST), "between 1 minute"),
        (Every(timedelta(hours=1), FIRST.replace(year=1)), "the years 2000"),
        (Once(FIRST.replace(year=9999)), "the years 2000"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_the_reason(cadence, why):
    with pytest.raises(ImpossibleCadence, match=why):
        cadence.check()


@pytest.mark.parametrize(
    "cadence",
    [
        cron("*/5 * * * *"),
        cron("0 3 * * MON-FRI"),
        cron("0 0 29 2 *"),
        Every(timedelta(minutes=1), FIRST),
        Every(timedelta(days=366), FIRST),
        Once(FIRST),
    ],
    ids=str,
)
def test_what_can_be_is_not_refused(cadence):
    cadence.check()


@given(st.text("0123456789*/-,#LW MON", max_size=20))
def test_no_expression_is_too_strange_to_be_refused(expression):
    try:
        cron(expression).check()
    except ImpossibleCadence:
        return
    assert cron(expression).after(FIRST) is not None
