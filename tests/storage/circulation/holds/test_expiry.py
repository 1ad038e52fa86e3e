"""Items that nobody fetches, holds that are needed no longer; closures lengthen, never shorten (domain.md 2.8, I-16)."""

from __future__ import annotations

from dataclasses import replace

from storage.circulation.holds.expiry import EXPIRE_HOLDS
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.holds.holders import DAY, Holders


def closed(desk: Holders, library: int, *days: str) -> None:
    for day in days:
        desk.sql("INSERT INTO calendar_exception (library_id, day) VALUES (?, ?)", library, day)
    desk.reload()


def until(desk: Holders) -> list[str]:
    return [row[0] for row in desk.sql("SELECT shelf_until FROM hold WHERE state='shelf' ORDER BY id")]


def test_the_shelf_counts_open_days_and_at_least_so_many_of_the_calendar(desk: Holders) -> None:
    desk.rule("hold.shelf-days", "2", library_id=LENS)
    closed(desk, LENS, "2026-11-23")
    desk.placed("R1", barcode="I1", pickup_id=LENS)
    assert desk.checkin("I1").shelf_until == "2026-11-25"
    desk.rule("hold.shelf-calendar-days", "5", library_id=LENS)
    desk.placed("R1", barcode="I2", pickup_id=LENS)
    closed(desk, LENS, "2026-11-27")
    assert desk.checkin("I2").shelf_until == "2026-11-28"


def test_on_its_last_day_it_waits_still_and_the_day_after_it_goes(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LIEVIN)
    desk.checkin("I1", LIEVIN)
    desk.now += 8 * DAY
    assert desk.expire() == 0
    desk.now += DAY
    assert desk.expire() == 1
    assert desk.state(hold) == "not-collected"
    assert desk.told("hold-not-collected") == [1]
    assert desk.sql("SELECT to_id, reason FROM transit WHERE received_at IS NULL") == [(LENS, "return")]
    assert desk.sql("SELECT act, channel, library_id, item_id FROM journal WHERE hold_id=?", hold)[-1] == (
        "hold-not-collected", "job", LIEVIN, 1,
    )  # fmt: skip


def test_each_item_finds_an_heir_of_its_own(desk: Holders) -> None:
    desk.title(1, 2)
    for card in ("R1", "R2"):
        desk.placed(card, pickup_id=LENS)
    desk.checkin("I1")
    desk.checkin("I2")
    three, four = desk.placed("R3", pickup_id=LENS), desk.placed("R4", pickup_id=AVION)
    desk.now += 9 * DAY
    assert desk.expire() == 2
    assert (desk.state(three), desk.state(four)) == ("shelf", "transit")


def test_a_closure_that_comes_up_lengthens_and_the_reader_is_told(desk: Holders) -> None:
    desk.placed("R1", barcode="I1", pickup_id=LENS)
    desk.checkin("I1")
    assert until(desk) == ["2026-11-30"]
    closed(desk, LENS, "2026-11-29", "2026-11-30")
    desk.expire()
    assert until(desk) == ["2026-12-02"]
    assert desk.sql("SELECT patron_id, detail FROM notice WHERE kind='hold-shelf-longer'") == [(1, "2026-12-02")]
    desk.expire()
    assert desk.told("hold-shelf-longer") == [1]
    desk.rule("hold.shelf-days", "1")
    desk.expire()
    assert until(desk) == ["2026-12-02"]


def test_an_extended_shelf_keeps_its_second_time(desk: Holders) -> None:
    hold = desk.placed("R1", barcode="I1", pickup_id=LENS)
    desk.checkin("I1")
    desk.extend(hold)
    desk.now += 14 * DAY
    assert desk.expire() == 0
    closed(desk, LENS, "2026-12-07")
    desk.expire()
    assert until(desk) == ["2026-12-09"]


def test_a_hold_that_is_needed_no_longer_ends(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LIEVIN, expires_on="2026-11-24")
    desk.now += 2 * DAY
    assert desk.expire() == 0
    desk.now += DAY
    assert desk.checkin("I1").hold_id is None
    assert desk.expire() == 1
    assert desk.state(hold) == "expired"
    assert desk.told("hold-expired") == [1]


def test_slices_end_all_of_them(desk: Holders) -> None:
    for item in range(1, 8):
        desk.placed(f"R{item}", barcode=f"I{item}", pickup_id=LENS)
        desk.checkin(f"I{item}")
    desk.now += 9 * DAY
    assert desk.job(replace(EXPIRE_HOLDS, size=3)) == 7
    assert desk.sql("SELECT count(*) FROM hold") == [(0,)]
