"""Conventions in time: anniversaries, notice, alarms and stages, by the table and by their properties."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.network.conventions import (
    LAST_DAY,
    OBJECTIONS,
    Alarm,
    Exit,
    Membership,
    Objection,
    Stage,
    against_denouncing,
    against_leaving,
    against_notifying,
    against_withdrawing,
    alarms,
    anniversaries,
    current,
    effective_day,
    exit_of,
    legal_day,
    next_anniversary,
    stage,
)

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31)).map(lambda day: day.isoformat())


def notified(day: str, ends_on: str = LAST_DAY) -> Membership:
    return Membership("2025", notified_on=day, ends_on=ends_on)


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        (
            "2025-05-31",
            {"2026-05-31": "2026-02-28", "2027-05-31": "2027-02-28", "2028-05-31": "2028-02-29", "2029-05-31": "2029-02-28"},
        ),
        (
            "2024-02-29",
            {
                "2025-02-28": "2024-11-28", "2026-02-28": "2025-11-28", "2027-02-28": "2026-11-28",
                "2028-02-29": "2027-11-29", "2029-02-28": "2028-11-28",
            },
        ),
        (
            "2025-12-31",
            {"2026-12-31": "2026-09-30", "2027-12-31": "2027-09-30", "2028-12-31": "2028-09-30", "2029-12-31": "2029-09-30"},
        ),
        ("2028-12-31", {"2029-12-31": "2029-09-30"}),
        ("2029-01-01", {}),
        ("2029-06-15", {}),
    ],
)  # fmt: skip
def test_anniversaries_and_the_last_day_of_notice(day: str, wanted: dict[str, str]) -> None:
    assert dict(anniversaries(notified(day))) == wanted


def test_a_convention_that_was_not_notified_has_no_anniversary() -> None:
    assert list(anniversaries(Membership(signed_on="2025-01-01"))) == []


@pytest.mark.parametrize(
    ("received", "effective"),
    [
        ("2025-06-01", "2026-05-31"),
        ("2026-02-28", "2026-05-31"),
        ("2026-03-01", "2027-05-31"),
        ("2028-02-29", "2028-05-31"),
        ("2028-03-01", "2029-05-31"),
        ("2029-03-01", None),
    ],
)
def test_notice_a_day_late_waits_for_the_next_anniversary(received: str, effective: str | None) -> None:
    found = next_anniversary(notified("2025-05-31"), received)
    assert (found.day if found else None) == effective


@given(DAYS, DAYS)
def test_every_denunciation_ends_at_an_anniversary_with_three_months_notice(day: str, received: str) -> None:
    membership = Membership(notified_on=day, ends_on=LAST_DAY, denounced_on=received)
    effective = effective_day(membership)
    if effective is None:
        assert all(each.notice_by < received for each in anniversaries(membership))
        return
    assert effective in {each.day for each in anniversaries(membership)}
    # Three months, day number by day number: never fewer than the shortest three months in a row have days.
    assert (date.fromisoformat(effective) - date.fromisoformat(received)).days >= 89
    assert received <= dict(anniversaries(membership))[effective]


@pytest.mark.parametrize(
    ("change", "day", "wanted"),
    [
        ({"notified_on": None}, "2025-01-01", Stage.DRAFT),
        ({"notified_on": None, "deliberated_on": "2025-01-01"}, "2025-01-01", Stage.DELIBERATED),
        ({"notified_on": None, "deliberated_on": "2025-01-02"}, "2025-01-01", Stage.DRAFT),
        ({"signed_on": "2025-03-01"}, "2025-05-30", Stage.SIGNED),
        ({}, "2025-05-30", Stage.DRAFT),
        ({}, "2025-05-31", Stage.ACTIVE),
        ({}, "2029-12-31", Stage.ACTIVE),
        ({}, "2030-01-01", Stage.EXPIRED),
        ({"denounced_on": "2026-02-28"}, "2026-02-27", Stage.ACTIVE),
        ({"denounced_on": "2026-02-28"}, "2026-02-28", Stage.DENOUNCED),
        ({"denounced_on": "2026-02-28"}, "2026-05-30", Stage.DENOUNCED),
        ({"denounced_on": "2026-02-28"}, "2026-05-31", Stage.LEAVING),
        ({"denounced_on": "2026-02-28", "withdrawn_on": "2026-04-01"}, "2026-03-31", Stage.DENOUNCED),
        ({"denounced_on": "2026-02-28", "withdrawn_on": "2026-04-01"}, "2026-04-01", Stage.ACTIVE),
        ({"left_on": "2026-06-01"}, "2026-05-31", Stage.ACTIVE),
        ({"left_on": "2026-06-01"}, "2026-06-01", Stage.LEFT),
    ],
)
def test_stages(change: dict[str, str | None], day: str, wanted: Stage) -> None:
    given_ = {"notified_on": "2025-05-31", "ends_on": LAST_DAY, **change}
    assert stage(Membership(**given_), day) is wanted  # type: ignore[arg-type]  # a table of keywords


def test_a_later_convention_renews_the_one_before() -> None:
    old, new = notified("2025-05-31"), notified("2030-01-01", "2034-12-31")
    assert current([old, new], "2029-12-31") is old
    assert current([old, new], "2030-01-01") is new
    assert stage(old, "2030-01-01", renewed=True) is Stage.RENEWED


def test_alarms_come_twelve_six_three_and_one_months_before_the_end() -> None:
    assert alarms(notified("2025-05-31")) == (
        Alarm("2028-12-31", "ends-in-12-months"),
        Alarm("2029-06-30", "ends-in-6-months"),
        Alarm("2029-09-30", "ends-in-3-months"),
        Alarm("2029-11-30", "ends-in-1-months"),
        Alarm("2030-01-01", "expired"),
    )


def test_an_exit_has_its_phases() -> None:
    leaving = Membership(notified_on="2025-05-31", ends_on=LAST_DAY, denounced_on="2026-02-28")
    assert exit_of(leaving) == Exit("2026-05-31", "2026-03-02", "2026-04-16", "2026-05-17")
    assert [alarm.what for alarm in alarms(leaving)][:4] == ["freeze", "recall", "gather", "effective"]
    assert exit_of(notified("2025-05-31")) is None


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("UTC", datetime(2029, 12, 31, 22, 59, 59, tzinfo=UTC), "2029-12-31"),
        ("UTC", datetime(2029, 12, 31, 23, 0, 0, tzinfo=UTC), "2030-01-01"),
        ("Pacific/Auckland", datetime(2029, 12, 31, 22, 59, 59, tzinfo=UTC), "2029-12-31"),
        ("Europe/Paris", datetime(2029, 12, 31, 23, 0, 0, tzinfo=UTC), "2030-01-01"),
        ("Pacific/Auckland", datetime(2028, 6, 30, 21, 59, 59, tzinfo=UTC), "2028-06-30"),
        ("Pacific/Auckland", datetime(2028, 6, 30, 22, 0, 0, tzinfo=UTC), "2028-07-01"),
    ],
)
def test_a_legal_day_begins_at_midnight_in_paris(
    zone: str, instant: datetime, day: str, process_zone: ProcessZone
) -> None:
    process_zone.set(zone)
    assert legal_day(int(instant.timestamp())) == day


class ProcessZone:
    """The time zone of this process."""

    def set(self, name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()


@pytest.fixture
def process_zone() -> Iterator[ProcessZone]:
    before = os.environ.get("TZ")
    yield ProcessZone()
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("membership", "received", "wanted"),
    [
        (None, "2026-01-01", Objection.NOT_NOTIFIED),
        (Membership(signed_on="2025-01-01"), "2026-01-01", Objection.NOT_NOTIFIED),
        (notified("2025-05-31"), "2025-05-30", Objection.TOO_EARLY),
        (notified("2025-05-31"), "2029-02-28", None),
        (notified("2025-05-31"), "2029-03-01", Objection.NO_ANNIVERSARY),
        (notified("2029-02-01"), "2029-02-02", Objection.NO_ANNIVERSARY),
        (Membership(notified_on="2025-05-31", denounced_on="2025-06-01"), "2025-07-01", Objection.DENOUNCED_ALREADY),
        (
            Membership(notified_on="2025-05-31", denounced_on="2025-06-01", withdrawn_on="2025-06-02"),
            "2025-07-01",
            None,
        ),
        (Membership(notified_on="2025-05-31", left_on="2026-06-01"), "2025-07-01", Objection.LEFT_ALREADY),
    ],
)
def test_what_forbids_a_denunciation(membership: Membership | None, received: str, wanted: Objection | None) -> None:
    assert against_denouncing(membership, received) is wanted


def test_what_forbids_the_other_acts() -> None:
    denounced = Membership(notified_on="2025-05-31", ends_on=LAST_DAY, denounced_on="2026-02-28")
    assert against_notifying(None, "2030-01-01", "2029-12-31") is Objection.ENDS_BEFORE
    assert against_notifying(denounced, "2030-01-01", "2034-12-31") is Objection.NOTIFIED_ALREADY
    assert against_notifying(Membership(signed_on="2025-01-01"), "2025-02-01", LAST_DAY) is None
    assert against_withdrawing(notified("2025-05-31"), "2026-01-01") is Objection.NOT_DENOUNCED
    assert against_withdrawing(denounced, "2026-02-27") is Objection.TOO_EARLY
    assert against_withdrawing(denounced, "2026-05-30") is None
    assert against_withdrawing(denounced, "2026-05-31") is Objection.TOO_LATE
    assert against_leaving(denounced, "2026-05-30") is Objection.NOT_YET
    assert against_leaving(denounced, "2026-05-31") is None
    assert against_leaving(notified("2025-05-31"), "2029-12-31") is Objection.NOT_YET
    assert against_leaving(notified("2025-05-31"), "2030-01-01") is None


def test_every_objection_has_its_sentences() -> None:
    assert set(OBJECTIONS) == set(Objection)
    assert all(french and english for french, english in OBJECTIONS.values())


@given(DAYS, st.integers(-3, 3))
def test_the_stage_never_ends_by_itself(day: str, step: int) -> None:
    """Whatever day it is, a convention that nobody ended is active, or expired with its service kept up."""
    near = (date.fromisoformat(LAST_DAY) + timedelta(days=step)).isoformat()
    assert stage(notified("2025-05-31"), near) in {Stage.ACTIVE, Stage.EXPIRED}
    assert stage(notified(day), day) in {Stage.ACTIVE, Stage.EXPIRED}
