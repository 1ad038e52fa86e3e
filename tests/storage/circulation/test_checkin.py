"""The row "CHECKIN at L" of the event table."""

from __future__ import annotations

from datetime import date

import pytest

from storage.circulation.checkin import Alert
from storage.circulation.due import link_expiry
from storage.circulation.status import Status
from storage.refusals import Reason
from tests.network import AVION, DEPARTMENT, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk


def status(desk: Desk, barcode: str) -> Status:
    item = desk.item(barcode).item
    assert item is not None
    return item.status


def test_a_return_at_home_ends_the_loan_and_keeps_its_reader_apart(desk: Desk) -> None:
    loan = desk.checkout("R1", "I1")
    desk.now += 3600
    answer = desk.checkin("I1")
    assert answer.ok
    assert answer.was_on_loan
    assert answer.alert is None
    assert answer.destination is None
    assert status(desk, "I1") is Status.AVAILABLE
    assert desk.sql("SELECT id, out_at, in_at, state, patron_category_id FROM past_loan") == [
        (loan.loan_id, NOW, NOW + 3600, "returned", 2)
    ]
    assert desk.sql("SELECT * FROM past_loan_reader") == [("2027-03-31", loan.loan_id, 1)]
    assert desk.patron("R1").loans == ()


@pytest.mark.parametrize(
    ("returned", "cut"),
    [
        ("2025-01-31", "2025-05-31"),
        ("2025-03-15", "2025-07-31"),
        ("2025-10-31", "2026-02-28"),
        ("2025-11-01", "2026-03-31"),
    ],
)
def test_the_link_to_the_reader_is_cut_at_the_end_of_the_fourth_month(returned: str, cut: str) -> None:
    assert link_expiry(date.fromisoformat(returned)) == cut


def test_a_return_elsewhere_sends_the_item_home_and_home_receives_it(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    answer = desk.checkin("I1", LIEVIN)
    assert answer.alert is Alert.SEND
    assert answer.destination == desk.network.libraries[LENS]
    assert status(desk, "I1") is Status.IN_TRANSIT
    again = desk.checkin("I1", LIEVIN)
    assert again.remarks == (Reason.NOT_ON_LOAN,)
    assert again.destination == desk.network.libraries[LENS]
    assert desk.sql("SELECT count(*) FROM transit") == [(1,)]
    home = desk.checkin("I1", LENS)
    assert home.alert is None
    assert status(desk, "I1") is Status.AVAILABLE
    assert desk.sql("SELECT current_id FROM item WHERE id=1") == [(LENS,)]


def test_an_item_seen_on_its_way_is_recorded_where_it_was_seen(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.checkin("I1", LIEVIN)
    seen = desk.checkin("I1", AVION)
    assert seen.destination == desk.network.libraries[LENS]
    assert desk.sql("SELECT current_id FROM item WHERE id=1") == [(AVION,)]


def test_an_item_not_on_loan_is_taken_in_with_a_remark(desk: Desk) -> None:
    answer = desk.checkin("I1")
    assert answer.ok
    assert answer.remarks == (Reason.NOT_ON_LOAN,)
    assert desk.sql("SELECT count(*) FROM journal") == [(0,)]


def test_the_first_hold_in_line_gets_the_item_here(desk: Desk) -> None:
    desk.hold(2, 3, item=1, pickup=LENS, at=NOW - 10)
    desk.hold(1, 2, item=1, pickup=LENS, at=NOW - 5)
    desk.hold(3, 4, item=1, pickup=LENS, at=NOW, priority=1)
    answer = desk.checkin("I1")
    assert answer.alert is Alert.HOLD_HERE
    assert answer.hold_id == 3
    assert status(desk, "I1") is Status.ON_HOLD_SHELF
    assert answer.shelf_until == "2026-11-30"
    assert desk.checkin("I1").hold_id == 3
    assert desk.sql("SELECT id FROM hold WHERE item_id IS NOT NULL") == [(3,)]


def test_a_hold_elsewhere_sends_the_item_there_whatever_its_home(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.hold(1, 2, item=1, pickup=AVION)
    answer = desk.checkin("I1", LIEVIN)
    assert answer.alert is Alert.HOLD_ELSEWHERE
    assert answer.destination == desk.network.libraries[AVION]
    assert status(desk, "I1") is Status.IN_TRANSIT
    wrong = desk.checkin("I1", LENS)
    assert wrong.alert is Alert.HOLD_ELSEWHERE
    assert wrong.destination == desk.network.libraries[AVION]
    there = desk.checkin("I1", AVION)
    assert there.alert is Alert.HOLD_HERE
    assert status(desk, "I1") is Status.ON_HOLD_SHELF
    assert desk.sql("SELECT state, shelf_until FROM hold") == [("shelf", "2026-11-30")]


def test_an_item_on_its_way_home_is_diverted_to_a_hold(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.checkin("I1", LIEVIN)
    desk.hold(1, 2, item=1, pickup=AVION)
    answer = desk.checkin("I1", LIEVIN)
    assert answer.destination == desk.network.libraries[AVION]
    assert desk.sql("SELECT to_id, state FROM transit ORDER BY id") == [(LENS, "misrouted"), (AVION, "created")]


def test_an_item_put_aside_at_another_library_travels_to_it_again(desk: Desk) -> None:
    desk.hold(1, 2, item=1, pickup=LENS)
    desk.checkin("I1", LENS)
    answer = desk.checkin("I1", LIEVIN)
    assert answer.alert is Alert.HOLD_ELSEWHERE
    assert desk.sql("SELECT state FROM hold") == [("transit",)]
    assert desk.checkin("I1", LENS).alert is Alert.HOLD_HERE


def test_a_departments_hold_has_its_own_alert(desk: Desk) -> None:
    desk.hold(1, 2, item=1, pickup=DEPARTMENT)
    assert desk.checkin("I1").alert is Alert.HOLD_ILL


@pytest.mark.parametrize(("condition", "remark"), [("withdrawn", Reason.WITHDRAWN), ("damaged", Reason.IN_PROCESS)])
def test_a_troubled_item_goes_to_staff_and_serves_no_hold(desk: Desk, condition: str, remark: Reason) -> None:
    desk.sql("UPDATE item SET condition=? WHERE id=1", condition)
    desk.hold(1, 2, item=1, pickup=LENS)
    answer = desk.checkin("I1")
    assert answer.alert is Alert.OTHER
    assert remark in answer.remarks
    assert desk.sql("SELECT state FROM hold") == [("waiting",)]


def test_a_missing_item_is_found(desk: Desk) -> None:
    desk.sql("UPDATE item SET condition='missing' WHERE id=1")
    assert desk.checkin("I1").ok
    assert status(desk, "I1") is Status.AVAILABLE


@pytest.mark.parametrize(("state", "remark"), [("claimed", Reason.CLAIMED_RETURNED), ("lost", Reason.DECLARED_LOST)])
def test_a_claimed_or_lost_loan_is_resolved_and_staff_told(desk: Desk, state: str, remark: Reason) -> None:
    desk.checkout("R1", "I1")
    desk.sql("UPDATE loan SET state=?", state)
    answer = desk.checkin("I1")
    assert answer.alert is Alert.OTHER
    assert remark in answer.remarks
    assert desk.sql("SELECT state FROM past_loan") == [(f"found-{state}",)]


def test_an_unknown_barcode_is_refused_with_an_alert(desk: Desk) -> None:
    answer = desk.checkin("nothing")
    assert answer.reasons == (Reason.UNKNOWN_ITEM,)
    assert answer.alert is Alert.OTHER


def test_a_book_drop_dates_the_return_back_but_never_before_the_loan(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.now += 86400
    desk.checkin("I1", returned_at=NOW + 3600)
    assert desk.sql("SELECT in_at FROM past_loan") == [(NOW + 3600,)]
    desk.checkout("R1", "I1")
    desk.checkin("I1", returned_at=0)
    assert desk.sql("SELECT in_at - out_at FROM past_loan ORDER BY out_at DESC LIMIT 1") == [(0,)]


def test_a_library_without_supply_gives_nothing_to_others_holds(desk: Desk) -> None:
    desk.sql("INSERT INTO service_activation VALUES (1, 'circulation', '2020-01-01', NULL)")
    desk.reload()
    desk.hold(1, 2, item=1, pickup=LIEVIN)
    assert desk.checkin("I1").hold_id is None
