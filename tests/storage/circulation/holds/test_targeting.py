"""Pull lists: who is asked for what, in which order, and what happens when it is not found (domain.md 2.8, I-17)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.circulation.holds.pulls import MISS_PULL, MissAnswer, MissRequest, pull_list
from storage.circulation.status import Status
from storage.drivers.snapshot import run_steps
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.holds.holders import DAY, Holders

# I1..I9 stand at LENS; of the others even ones stand at LIEVIN, odd ones at AVION.


def listed(desk: Holders, library: int) -> list[str]:
    return [line.item.row.barcode for line in run_steps(desk.database, pull_list(desk.network, library, desk.now))]


def miss(desk: Holders, library: int, **more: Any) -> MissAnswer:
    answer: MissAnswer = desk.run(MISS_PULL, MissRequest(desk.origin(library), **more))
    return answer


def closed(desk: Holders, library: int, *days: str) -> None:
    for day in days:
        desk.sql("INSERT INTO calendar_exception (library_id, day) VALUES (?, ?)", library, day)
    desk.reload()


def test_the_first_in_line_asks_first_and_nothing_is_asked_twice(desk: Holders) -> None:
    desk.title(1, 2)
    one, two, three = (desk.placed(card, pickup_id=LENS) for card in ("R1", "R2", "R3"))
    assert desk.target() == 2
    assert desk.pulls() == {one: 1, two: 2}
    assert desk.target() == 0
    assert listed(desk, LENS) == ["I1", "I2"]
    assert desk.state(three) == "waiting"


def test_what_stands_where_it_is_fetched_costs_least(desk: Holders) -> None:
    desk.title(1, 10, 11)
    hold = desk.placed("R1", pickup_id=AVION)
    desk.target()
    assert desk.pulls() == {hold: 11}


def test_the_library_whose_van_is_there_first_is_asked(desk: Holders) -> None:
    for number, (library, weekday) in enumerate([(LENS, "5"), (LIEVIN, "3")], start=1):
        desk.sql("INSERT INTO route (id, code, weekdays) VALUES (?, ?, ?)", number, f"T{number}", weekday)
        for position, place in enumerate([library, AVION]):
            desk.sql("INSERT INTO route_stop VALUES (?, ?, ?, ?, 0)", number, position, place, f"1{position}:00")
    desk.reload()
    desk.title(1, 10)
    hold = desk.placed("R1", pickup_id=AVION)
    desk.target()
    assert desk.pulls() == {hold: 10}
    assert desk.sql("SELECT promised_on FROM hold") == [("2026-11-25",)]


def test_work_is_shared_by_weight(desk: Holders) -> None:
    desk.title(*range(1, 7), 10, 12, 14, 16, 18, 20)
    desk.rule("hold.supplier-weight", "50", library_id=LIEVIN)
    for card in ("R1", "R2", "R3", "R4", "R5", "R6"):
        desk.placed(card, pickup_id=AVION)
    desk.target()
    assert (len(listed(desk, LENS)), len(listed(desk, LIEVIN))) == (4, 2)


def test_a_library_without_weight_is_asked_when_there_is_no_other(desk: Holders) -> None:
    desk.title(1, 10)
    desk.rule("hold.supplier-weight", "0", library_id=LENS)
    one, two = desk.placed("R1", pickup_id=AVION), desk.placed("R2", pickup_id=AVION)
    desk.target()
    assert desk.pulls() == {one: 10, two: 1}


def test_a_library_that_is_closed_is_not_asked_unless_it_is_fetched_there(desk: Holders) -> None:
    desk.title(1)
    closed(desk, LENS, "2026-11-22")
    hold = desk.placed("R1", pickup_id=LIEVIN)
    desk.target()
    assert desk.pulls() == {}
    desk.move(hold, LENS)
    desk.target()
    assert desk.pulls() == {hold: 1}


def test_at_first_only_the_library_where_it_is_fetched_may_be_asked(desk: Holders) -> None:
    desk.title(1, 10)
    desk.rule("hold.local-hours", "24")
    one, two = desk.placed("R1", pickup_id=LENS), desk.placed("R2", pickup_id=LENS)
    desk.target()
    assert desk.pulls() == {one: 1}
    desk.now += DAY
    desk.target()
    assert desk.pulls() == {one: 1, two: 10}


def test_who_does_not_find_it_in_an_open_day_is_asked_no_more_for_now(desk: Holders) -> None:
    desk.title(1, 10)
    hold = desk.placed("R1", pickup_id=AVION)
    desk.target()
    assert desk.pulls() == {hold: 1}
    desk.now += DAY
    desk.target()
    assert desk.pulls() == {hold: 1}
    desk.now += DAY
    desk.target()
    assert desk.sql("SELECT outcome, item_id FROM pull WHERE outcome IS NOT NULL") == [("missed", 1)]
    assert desk.sql("SELECT misses FROM item WHERE id=1") == [(1,)]
    assert len(desk.pulls()) == 1


def test_a_closure_gives_more_time(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=AVION)
    desk.target()
    closed(desk, LENS, "2026-11-23", "2026-11-24")
    desk.now += 2 * DAY
    desk.target()
    assert desk.pulls() == {hold: 1}
    desk.now += 2 * DAY
    desk.target()
    assert desk.sql("SELECT misses FROM item WHERE id=1") == [(1,)]


def test_what_is_missed_twice_is_to_be_searched(desk: Holders) -> None:
    desk.title(1)
    desk.placed("R1", pickup_id=AVION)
    desk.target()
    assert not miss(desk, LENS, barcode="I1").to_search
    assert miss(desk, LENS, barcode="I1").reasons == (Reason.UNKNOWN_PULL,)
    assert miss(desk, LENS, pull_id=5).reasons == (Reason.UNKNOWN_PULL,)
    desk.target()
    assert listed(desk, LENS) == ["I1"]
    assert miss(desk, LENS, barcode="I1").to_search
    assert desk.anomalies() == ["item-to-search"]
    item = desk.item("I1").item
    assert item is not None
    assert item.status is Status.MISSING
    desk.target()
    assert desk.pulls() == {}
    desk.checkin("I1")
    assert desk.sql("SELECT misses, condition FROM item WHERE id=1") == [(0, "good")]


def test_a_library_that_misses_too_often_is_given_up_and_staff_are_told_once(desk: Holders) -> None:
    desk.title(1, 2)
    desk.rule("hold.max-misses", "1")
    hold = desk.placed("R1", pickup_id=AVION)
    desk.target()
    miss(desk, LENS, barcode="I1")
    desk.target()
    assert desk.pulls() == {}
    desk.target()
    assert desk.anomalies() == ["hold-hopeless"]
    assert desk.sql("SELECT hopeless_on FROM hold") == [("2026-11-22",)]
    desk.checkin("I2")
    assert desk.state(hold) == "transit"
    assert desk.sql("SELECT hopeless_on FROM hold") == [(None,)]


def test_a_hold_that_nothing_can_serve_any_more_is_told_and_may_hope_again(desk: Holders) -> None:
    desk.title(1)
    desk.checkout("R5", "I1")
    desk.placed("R1", pickup_id=AVION)
    desk.target()
    assert desk.anomalies() == []
    desk.sql("UPDATE loan SET state='lost'")
    desk.target()
    assert desk.anomalies() == ["hold-hopeless"]
    desk.sql("UPDATE loan SET state='open'")
    desk.target()
    assert desk.sql("SELECT hopeless_on FROM hold") == [(None,)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE hold SET suspended_until='2026-12-01'",
        "UPDATE hold SET expires_on='2026-11-21'",
        "INSERT INTO block (patron_id, kind, acts) VALUES (1, 'manual', 'capture')",
    ],
)
def test_who_may_get_nothing_now_asks_for_nothing(desk: Holders, change: str) -> None:
    desk.title(1)
    desk.placed("R1", pickup_id=LENS)
    desk.sql(change)
    desk.target()
    assert desk.pulls() == {}
    assert desk.anomalies() == []


def test_what_is_captured_elsewhere_is_no_more_asked_for_and_others_ask_anew(desk: Holders) -> None:
    desk.title(1, 2)
    one, two = desk.placed("R1", pickup_id=LENS), desk.placed("R2", pickup_id=LENS)
    desk.target()
    assert desk.pulls() == {one: 1, two: 2}
    assert desk.checkin("I2").hold_id == one
    assert desk.pulls() == {}
    desk.target()
    assert desk.pulls() == {two: 1}


def test_what_a_reader_takes_is_no_more_asked_for(desk: Holders) -> None:
    desk.title(1, 2)
    desk.rule("loan.held", "present")
    one = desk.placed("R1", pickup_id=LENS)
    desk.target()
    assert desk.checkout("R5", "I1").ok
    assert listed(desk, LENS) == []
    desk.target()
    assert desk.pulls() == {one: 2}


def test_items_without_a_title_are_asked_for_too(desk: Holders) -> None:
    hold = desk.placed("R1", barcode="I3", pickup_id=LENS)
    desk.target()
    assert desk.pulls() == {hold: 3}


def test_a_hold_on_one_item_and_one_on_its_title_stand_in_one_line(desk: Holders) -> None:
    desk.title(1, 2)
    item = desk.placed("R1", barcode="I1", this_item=True, pickup_id=LENS)
    title = desk.placed("R2", pickup_id=LENS)
    desk.target()
    assert desk.pulls() == {item: 1, title: 2}


def test_a_round_goes_on_where_its_slice_ended(desk: Holders) -> None:
    holds = {}
    for item in range(1, 10):
        desk.title(item, record=100 + item)
        holds[desk.placed("R1", record_id=100 + item, pickup_id=AVION)] = item
    from dataclasses import replace

    from storage.circulation.holds.targeting import TARGET_HOLDS

    assert desk.job(replace(TARGET_HOLDS, size=4)) == 9
    assert desk.pulls() == holds
