"""Due dates: calendar arithmetic, closed days, caps; the same whatever the server's own time zone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.circulation.due import Due, Terms, compute, local_day, open_near, parse_period
from storage.network.calendars import MAX_PUSH, Calendar, Opening

PARIS = ZoneInfo("Europe/Paris")
TUESDAY_TO_SATURDAY = tuple(Opening(day, "10:00", "18:00") for day in range(2, 7))


@pytest.fixture(params=["UTC", "Europe/Paris", "Pacific/Auckland"])
def process_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The zone of the server's own clock, which must not matter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("period", "due"),
    [
        ("28 days", "2026-02-28"),
        ("4 weeks", "2026-02-28"),
        ("1 month", "2026-02-28"),
        ("2 months", "2026-03-31"),
        ("12 months", "2027-01-31"),
        ("1 day", "2026-02-01"),
    ],
)
def test_periods_count_calendar_days_and_months_end_with_the_month(period: str, due: str) -> None:
    assert compute(0, date(2026, 1, 31), Terms(period, "keep"), Calendar()).due == Due(due)


def test_hours_are_instants() -> None:
    assert compute(1000, date(2026, 1, 31), Terms("3 hours"), Calendar()).due == Due(None, 1000 + 10800)


@pytest.mark.parametrize("text", ["", "28", "days", "-1 days", "1.5 days", "28 days or so", "1 year"])
def test_what_is_no_period_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="28 days"):
        parse_period(text)


@pytest.mark.parametrize(("rule", "due"), [("next", "2026-11-24"), ("previous", "2026-11-21"), ("keep", "2026-11-22")])
def test_a_closed_day_moves_the_date_as_the_rule_says(rule: str, due: str) -> None:
    assert compute(0, date(2026, 11, 1), Terms("21 days", rule), Calendar(TUESDAY_TO_SATURDAY)).due == Due(due)


def test_a_deposit_ends_the_loan_on_an_open_day_before_it_leaves() -> None:
    calendar = Calendar(TUESDAY_TO_SATURDAY)
    terms = Terms("28 days", caps=("2026-11-16",))
    assert compute(0, date(2026, 11, 3), terms, calendar) == (Due("2026-11-14"), "2026-11-16", False)
    assert compute(0, date(2026, 11, 17), terms, calendar) == (Due("2026-11-17"), "2026-11-16", False)


def test_a_long_closure_leaves_the_date_where_it_was() -> None:
    start = date(2026, 7, 1)
    closed = {(start + timedelta(days=n)).isoformat(): None for n in range(MAX_PUSH + 60)}
    assert compute(0, start, Terms("7 days"), Calendar(TUESDAY_TO_SATURDAY, closed)) == (Due("2026-07-08"), None, True)


def test_the_local_day_is_the_librarys(process_zone: str) -> None:
    just_before_midnight = int(datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC).timestamp())
    assert local_day(just_before_midnight, PARIS) == date(2026, 3, 28), process_zone
    assert local_day(just_before_midnight + 1, PARIS) == date(2026, 3, 29)
    after_the_change_of_hour = int(datetime(2026, 3, 29, 22, 0, tzinfo=UTC).timestamp())
    assert local_day(after_the_change_of_hour, PARIS) == date(2026, 3, 30)


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
closures = st.sets(st.integers(0, 60), max_size=20)


@given(start=days, length=st.integers(1, 60), closed=closures, more=closures)
@settings(derandomize=True, deadline=None)
def test_more_closures_never_bring_the_date_forward(start: date, length: int, closed: set[int], more: set[int]) -> None:
    def due(offsets: set[int]) -> str:
        exceptions = {(start + timedelta(days=offset)).isoformat(): None for offset in offsets}
        on = compute(0, start, Terms(f"{length} days"), Calendar((), exceptions)).due.on
        assert on is not None
        return on

    few, many = due(closed), due(closed | more)
    assert start.isoformat() < few <= many


@given(start=days, length=st.integers(1, 60), weekdays=st.sets(st.integers(1, 7), min_size=1))
@settings(derandomize=True, deadline=None)
def test_the_date_is_an_open_day(start: date, length: int, weekdays: set[int]) -> None:
    calendar = Calendar(tuple(Opening(day, "10:00", "12:00") for day in sorted(weekdays)))
    on = compute(0, start, Terms(f"{length} days"), calendar).due.on
    assert on is not None
    assert calendar.is_open(date.fromisoformat(on))


def test_overdue_begins_the_day_after() -> None:
    assert not Due("2026-11-22").is_past("2026-11-22", 0)
    assert Due("2026-11-22").is_past("2026-11-23", 0)
    assert not Due(None, 100).is_past("2026-11-22", 100)
    assert Due(None, 100).is_past("2026-11-22", 101)


# --- properties ----------------------------------------------------------------------------------------------------------

weeks = st.sets(st.integers(1, 7), min_size=1).map(
    lambda opens: tuple(Opening(day, "10:00", "12:00") for day in sorted(opens))
)
terms = st.builds(
    Terms,
    st.builds("{} {}".format, st.integers(1, 90), st.sampled_from(["days", "weeks", "months"])),
    st.sampled_from(["next", "previous", "keep"]),
    st.integers(0, 40),
    st.lists(days.map(date.isoformat), max_size=2).map(tuple),
    st.sampled_from(["", "7 days", "1 day", "2 hours"]),
)


@given(start=days, terms=terms, week=weeks, closed=closures)
@settings(derandomize=True, deadline=None)
def test_a_due_date_is_open_or_told_of_never_before_its_start_and_never_past_a_cap(
    start: date, terms: Terms, week: tuple[Opening, ...], closed: set[int]
) -> None:
    """I-21, I-22."""
    calendar = Calendar(week, {(start + timedelta(days=n)).isoformat(): None for n in closed})
    due, cap, stranded = compute(0, start, terms, calendar)
    assert due.on is not None
    day = date.fromisoformat(due.on)
    assert day >= start
    assert stranded or calendar.is_open(day) or (terms.closed_days == "keep" and cap is None)
    assert not stranded or not calendar.is_open(day) or day == start
    for last in terms.caps:
        assert day <= max(start, date.fromisoformat(last))
    assert cap is None or cap == min(terms.caps)
    assert compute(0, start, terms, calendar) == (due, cap, stranded)


@given(start=days, terms=terms, week=weeks)
@settings(derandomize=True, deadline=None)
def test_demand_never_lengthens_and_leaves_an_open_day(start: date, terms: Terms, week: tuple[Opening, ...]) -> None:
    calendar = Calendar(week)
    plain = terms._replace(reduced="", closed_days="next", caps=(), max_push=31)
    asked = plain._replace(reduced=terms.reduced)
    long, short = compute(0, start, plain, calendar).due.on, compute(0, start, asked, calendar).due.on
    assert long is not None
    assert short is not None
    assert start.isoformat() < short <= long


@given(start=days, terms=terms, week=weeks, closed=closures, more=closures)
@settings(derandomize=True, deadline=None)
def test_a_closure_that_comes_later_never_moves_a_date_back(
    start: date, terms: Terms, week: tuple[Opening, ...], closed: set[int], more: set[int]
) -> None:
    def calendar(offsets: set[int]) -> Calendar:
        return Calendar(week, {(start + timedelta(days=n)).isoformat(): None for n in offsets})

    plain = terms._replace(closed_days="next", caps=(), reduced="", max_push=31)
    due = date.fromisoformat(compute(0, start, plain, calendar(closed)).due.on or "")
    moved = open_near(calendar(closed | more), due, 1, plain.max_push)
    assert moved is None or moved >= due


_DIGEST = """
import random
from datetime import date, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo
from storage.circulation.due import Terms, compute, link_expiry, local_day
from storage.network.calendars import Calendar, Opening

chance, told = random.Random(3), []
for _ in range(2000):
    zone = ZoneInfo(chance.choice(["Europe/Paris", "America/Martinique", "Indian/Reunion"]))
    now = chance.randint(1_700_000_000, 1_900_000_000)
    week = tuple(Opening(day, "10:00", "12:00") for day in sorted(chance.sample(range(1, 8), 3)))
    terms = Terms(f"{chance.randint(1, 40)} {chance.choice(['hours', 'days', 'months'])}", chance.choice(["next", "previous"]))
    day = local_day(now, zone)
    told.append((day.isoformat(), compute(now, day, terms, Calendar(week)), link_expiry(day)))
print(sha256(repr(told).encode()).hexdigest())
"""


def test_dates_are_the_same_whatever_the_zone_of_the_process() -> None:
    """I-26."""
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", _DIGEST], env={**os.environ, "TZ": zone}, stdout=subprocess.PIPE, text=True
        )
        for zone in ("UTC", "Europe/Paris", "Pacific/Auckland")
    ]
    told = {process.communicate(timeout=60)[0] for process in asked}
    assert [process.returncode for process in asked] == [0, 0, 0]
    assert len(told) == 1
    assert len(told.pop()) == 65
