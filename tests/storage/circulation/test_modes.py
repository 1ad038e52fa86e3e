"""What else a check-in may be: inventory, use in the house, local, private room, book-drop; sightings and the guard."""

from __future__ import annotations

import pytest

from storage.circulation.checkin import Alert, Mode
from storage.circulation.status import Status
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk


def test_an_inventory_captures_nothing(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LENS)
    assert desk.checkin("I1", mode=Mode.INVENTORY).hold_id is None
    assert desk.status("I1") is Status.AVAILABLE


def test_use_in_the_house_is_counted_and_no_loan(desk: Desk) -> None:
    assert desk.checkin("I1", mode=Mode.IN_HOUSE).used
    assert desk.checkin("I1", mode=Mode.IN_HOUSE).used
    assert desk.sql("SELECT act, item_id, library_id FROM journal") == [("in-house-use", 1, LENS)] * 2
    assert desk.sql("SELECT 1 FROM loan UNION SELECT 1 FROM past_loan") == []


def test_use_in_the_house_is_of_what_was_there(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    assert not desk.checkin("I1", mode=Mode.IN_HOUSE).used
    assert not desk.checkin("I10", mode=Mode.IN_HOUSE).used
    desk.hold(1, 1, item=2, pickup=LENS)
    assert desk.checkin("I2", mode=Mode.IN_HOUSE).alert is Alert.HOLD_HERE


def test_local_work_sends_nothing_anywhere(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=AVION, at=NOW - 1)
    desk.hold(2, 2, item=1, pickup=LIEVIN)
    answer = desk.checkin("I1", LENS, mode=Mode.LOCAL)
    assert (answer.destination, answer.hold_id) == (None, None)
    assert desk.checkin("I1", LIEVIN, mode=Mode.LOCAL).hold_id == 2
    assert desk.checkin("I10", LENS, mode=Mode.LOCAL).destination is None


def test_a_private_room_has_the_hold_until_a_second_scan(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LENS)
    first = desk.checkin("I1", mode=Mode.PRIVATE)
    assert (first.alert, first.hold_id, first.shelf_until) == (Alert.HOLD_HERE, 1, None)
    assert desk.status("I1") is Status.IN_TRANSIT
    assert desk.notices() == []
    second = desk.checkin("I1")
    assert second.shelf_until == "2026-11-30"
    assert desk.status("I1") is Status.ON_HOLD_SHELF
    assert desk.notices() == [("hold-ready", 1)]


def test_a_floating_item_stays_where_it_is_returned(desk: Desk) -> None:
    desk.vote(**{"return.float": "yes"})
    desk.checkout("R1", "I1")
    answer = desk.checkin("I1", AVION)
    assert (answer.destination, answer.alert) == (None, None)
    assert desk.sql("SELECT home_id, current_id FROM item WHERE id=1") == [(LENS, AVION)]
    assert desk.sql("SELECT because FROM journal WHERE act='checkin'") == [("rule:1",)]


def test_a_scan_at_the_destination_seconds_after_sending_is_a_mistake(desk: Desk) -> None:
    desk.vote(**{"transit.guard": "120"})
    desk.checkout("R1", "I1", LIEVIN)
    desk.checkin("I1", LIEVIN)
    desk.now += 119
    answer = desk.checkin("I1", LENS)
    assert (answer.alert, answer.remarks) == (Alert.OTHER, (Reason.IN_TRANSIT,))
    assert desk.status("I1") is Status.IN_TRANSIT
    assert desk.anomalies() == ["scanned-too-soon"]
    desk.now += 1
    assert desk.checkin("I1", LENS).alert is None
    assert desk.status("I1") is Status.AVAILABLE


def test_a_sighting_is_kept_once_for_each_place(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.checkin("I1", LIEVIN)
    for library in (LIEVIN, AVION, AVION, LIEVIN):
        assert desk.checkin("I1", library).destination == desk.network.libraries[LENS]
    assert desk.sql("SELECT item_id, library_id, at, actor FROM sighting WHERE transit_id IS NOT NULL ORDER BY id") == [
        (1, AVION, NOW, "desk"),
        (1, LIEVIN, NOW, "desk"),
    ]


def test_a_transit_follows_its_hold_to_another_pickup(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LIEVIN)
    desk.checkin("I1", LENS)
    desk.sql("UPDATE hold SET pickup_id=?", AVION)
    assert desk.checkin("I1", LENS).destination == desk.network.libraries[AVION]
    assert desk.sql("SELECT to_id, received_at FROM transit") == [(AVION, None)]
    assert desk.checkin("I1", AVION).alert is Alert.HOLD_HERE


@pytest.mark.parametrize("library", [LENS, LIEVIN])
def test_what_is_under_way_with_nothing_that_carries_it_is_mended(desk: Desk, library: int) -> None:
    desk.hold(1, 1, item=1, pickup=LIEVIN)
    desk.checkin("I1", LENS)
    desk.sql("DELETE FROM transit")
    desk.checkin("I1", library)
    assert desk.status("I1") is (Status.ON_HOLD_SHELF if library == LIEVIN else Status.IN_TRANSIT)
    assert desk.anomalies() == ([] if library == LIEVIN else ["transit-mended"])


def test_a_loan_that_coexists_with_a_transit_and_a_hold_ends_both(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LIEVIN)
    desk.checkin("I1", LENS)
    desk.sql("INSERT INTO loan VALUES (9,1,2,1,2,'sip2',1790000000,'2026-12-01',NULL,0,'open',NULL,NULL)")
    desk.sql("UPDATE hold SET suspended_until='2027-01-01'")
    desk.checkin("I1", LENS)
    assert desk.sql("SELECT state FROM transit") == [("cancelled",)]
    assert desk.sql("SELECT state FROM hold") == [("waiting",)]
    assert desk.status("I1") is Status.AVAILABLE
    assert desk.anomalies() == ["transit-mended"]


def test_misses_are_forgotten_when_the_item_is_seen(desk: Desk) -> None:
    desk.sql("UPDATE item SET misses=2 WHERE id=1")
    desk.checkin("I1")
    assert desk.sql("SELECT misses FROM item WHERE id=1") == [(0,)]


def test_a_deposit_whose_time_is_over_goes_to_its_lender(desk: Desk) -> None:
    desk.sql("UPDATE item SET owner_id=4, due_back_on='2026-11-20' WHERE id=1")
    answer = desk.checkin("I1")
    assert answer.destination == desk.network.libraries[4]
    assert desk.sql("SELECT reason FROM transit") == [("deposit",)]


def test_a_closed_library_takes_in_what_staff_or_the_past_force_on_it(desk: Desk) -> None:
    desk.sql("INSERT INTO service_activation VALUES (1, 'circulation', '2027-01-01', NULL)")
    desk.reload()
    assert desk.checkin("I1").reasons == (Reason.SERVICE_INACTIVE,)
    assert desk.checkin("I1", force=True).ok
    assert desk.checkin("I1", offline=True, returned_at=NOW - 60).ok
