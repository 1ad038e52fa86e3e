"""Due dates: calendar arithmetic, closed days, caps; the same whatever the server's own time zone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.circulation.due import Due, Terms, compute, local_day, parse_period
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
