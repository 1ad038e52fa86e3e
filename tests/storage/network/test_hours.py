"""Opening hours by week: holidays, closures, seasons and changes of the clock."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from storage.network.calendars import Calendar, Opening
from storage.network.holidays import holidays
from storage.network.hours import Kind, WeekHours, minutes, weeks

PARIS = ZoneInfo("Europe/Paris")
SMALL = (Opening(3, "14:00", "18:00"), Opening(6, "10:00", "12:00"))


def one(calendar: Calendar, monday: date, reasons: dict[str, str] | None = None) -> WeekHours:
    (week,) = weeks(calendar, PARIS, monday, monday, reasons or {})
    return week


def test_a_usual_week_keeps_the_commitment() -> None:
    assert one(Calendar(SMALL), date(2026, 11, 16)) == ("2026-W47", 360, 360, Kind.KEPT, ())


def test_a_public_holiday_is_the_cause_of_a_week_below_four_hours() -> None:
    closed = {day.isoformat(): name for day, name in holidays(2026)}
    calendar = Calendar(SMALL, dict.fromkeys(closed))
    assert one(calendar, date(2026, 11, 9), closed) == (
        "2026-W46", 360, 120, Kind.BELOW, ("2026-11-11 Armistice de 1918",)
    )  # fmt: skip


def test_exactly_four_hours_keep_it() -> None:
    calendar = Calendar((Opening(3, "14:00", "18:00"),))
    assert one(calendar, date(2026, 11, 16)).kind is Kind.KEPT
    assert one(Calendar((Opening(3, "14:00", "17:59"),)), date(2026, 11, 16)).kind is Kind.BELOW


def test_a_week_of_annual_closure_stands_apart() -> None:
    days = [f"2026-08-{day:02}" for day in range(10, 17)]
    week = one(Calendar(SMALL, dict.fromkeys(days)), date(2026, 8, 10), dict.fromkeys(days, "Congés"))
    assert (week.open, week.kind, week.causes[0]) == (0, Kind.CLOSED, "2026-08-10 Congés")


def test_an_exceptional_opening_counts() -> None:
    calendar = Calendar(SMALL, {"2026-11-11": None, "2026-11-12": ("09:00", "12:00")})
    assert one(calendar, date(2026, 11, 9)).open == 300


def test_hours_that_nobody_declared_are_not_judged() -> None:
    assert one(Calendar(), date(2026, 11, 9)).kind is Kind.UNDECLARED


def test_a_season_has_its_own_hours() -> None:
    seasons = (
        Opening(3, "14:00", "18:00", None, "2026-06-30"),
        Opening(3, "09:00", "12:00", "2026-07-01", "2026-08-31"),
    )
    calendar = Calendar(seasons)
    assert one(calendar, date(2026, 6, 22)).open == 240
    assert one(calendar, date(2026, 7, 6)).open == 180


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2026, 3, 28), 360), (date(2026, 3, 29), 300), (date(2026, 10, 25), 420)],
)
def test_a_night_in_which_the_clocks_change_has_the_hours_that_pass(day: date, expected: int) -> None:
    assert minutes(day, [("00:00", "06:00")], PARIS) == expected


def test_the_week_of_the_change_is_as_long_as_any_by_day() -> None:
    assert [one(Calendar(SMALL), monday).open for monday in (date(2026, 3, 23), date(2026, 10, 19))] == [360, 360]


def test_spans_that_overlap_count_once_and_midnight_is_an_end() -> None:
    assert minutes(date(2026, 11, 16), [("10:00", "12:00"), ("11:00", "13:00")], PARIS) == 180
    assert minutes(date(2026, 11, 16), [("20:00", "24:00")], PARIS) == 240


def test_only_whole_weeks_are_told() -> None:
    found = [week.week for week in weeks(Calendar(SMALL), PARIS, date(2026, 12, 22), date(2027, 1, 4), {})]
    assert found == ["2026-W53", "2027-W01"]
