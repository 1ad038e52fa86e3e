"""What becomes of an open hold, and of the item captured for it (domain.md 2.3, 2.8)."""

from __future__ import annotations

import pytest

from storage.circulation.checkin import Alert
from storage.circulation.holds.answers import HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD, PUT_FIRST, SET_SLOT, PutFirstRequest, SlotRequest
from storage.circulation.holds.lists import holds_of_reader, queue_of, shelf_of, to_clear
from storage.circulation.status import Status
from storage.drivers.snapshot import run_steps
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.holds.holders import DAY, TITLE, Holders


def status(desk: Holders, barcode: str) -> Status:
    item = desk.item(barcode).item
    assert item is not None
    return item.status


def open_transits(desk: Holders) -> list[tuple[int, str, int | None]]:
    return desk.sql("SELECT to_id, reason, hold_id FROM transit WHERE received_at IS NULL")


def test_a_waiting_hold_is_cancelled(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LIEVIN)
    desk.target()
    answer = desk.cancel(hold)
    assert (answer.ok, answer.state, answer.destination) == (True, "cancelled", None)
    assert desk.state(hold) == "cancelled"
    assert desk.sql("SELECT outcome FROM pull") == [("released",)]
    assert desk.sql("SELECT patron_id, expires_on FROM past_hold_reader") == [(1, "2027-03-31")]
    assert desk.cancel(hold).reasons == (Reason.UNKNOWN_HOLD,)


def test_a_reader_cancels_by_what_they_see_and_only_their_own(desk: Holders) -> None:
    desk.title(1, 2)
    hold = desk.placed("R1", pickup_id=LENS)
    other = desk.placed("R2", pickup_id=LENS)
    assert desk.cancel(other, card="R1").reasons == (Reason.UNKNOWN_HOLD,)
    assert desk.cancel(card="R1", pin="0000", record_id=TITLE).reasons == (Reason.WRONG_PIN,)
    assert desk.cancel(card="R3", record_id=TITLE).reasons == (Reason.UNKNOWN_HOLD,)
    assert desk.cancel(card="nobody", record_id=TITLE).reasons == (Reason.UNKNOWN_PATRON,)
    assert desk.cancel(card="R1", pin="1234", barcode="I2").ok
    assert (desk.state(hold), desk.state(other)) == ("cancelled", "waiting")


def test_a_shelved_item_stays_for_the_next_who_fetches_there(desk: Holders) -> None:
    desk.title(1)
    first, second = desk.placed("R1", pickup_id=LENS), desk.placed("R2", pickup_id=LENS)
    desk.checkin("I1")
    answer = desk.cancel(first)
    assert (answer.heir, answer.destination) == (second, None)
    assert (desk.state(first), desk.state(second)) == ("cancelled", "shelf")
    assert open_transits(desk) == []
    assert desk.told("hold-ready") == [1, 2]


def test_a_shelved_item_travels_to_the_next_elsewhere(desk: Holders) -> None:
    desk.title(1)
    first, second = desk.placed("R1", pickup_id=LENS), desk.placed("R2", pickup_id=AVION)
    desk.checkin("I1")
    answer = desk.cancel(first)
    assert (answer.heir, answer.destination) == (second, desk.network.libraries[AVION])
    assert desk.state(second) == "transit"
    assert open_transits(desk) == [(AVION, "hold", second)]


def test_a_shelved_item_goes_home_when_nobody_waits(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LIEVIN)
    desk.checkin("I1", LIEVIN)
    assert desk.cancel(hold).destination == desk.network.libraries[LENS]
    assert open_transits(desk) == [(LENS, "return", None)]
    assert status(desk, "I1") is Status.IN_TRANSIT


def test_at_its_home_a_shelved_item_is_just_there_again(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LENS)
    desk.checkin("I1")
    assert desk.cancel(hold).destination is None
    assert status(desk, "I1") is Status.AVAILABLE
    (cleared,) = run_steps(desk.database, to_clear(desk.network, LENS, NOW - DAY))
    assert (cleared.item.row.barcode, cleared.outcome) == ("I1", "cancelled")
    desk.checkout("R5", "I1")
    assert run_steps(desk.database, to_clear(desk.network, LENS, NOW - DAY)) == ()


def test_an_item_under_way_is_redirected_to_the_next_or_home(desk: Holders) -> None:
    desk.title(1)
    first, second = desk.placed("R1", pickup_id=LIEVIN), desk.placed("R2", pickup_id=AVION)
    desk.checkin("I1")
    assert open_transits(desk) == [(LIEVIN, "hold", first)]
    desk.cancel(first)
    assert open_transits(desk) == [(AVION, "hold", second)]
    desk.cancel(second)
    assert open_transits(desk) == [(LENS, "return", None)]
    assert desk.checkin("I1", LIEVIN).destination == desk.network.libraries[LENS]
    desk.checkin("I1", LENS)
    assert status(desk, "I1") is Status.AVAILABLE


def test_a_suspended_hold_keeps_its_place_and_is_passed_over(desk: Holders) -> None:
    desk.title(1, 2)
    first, second = desk.placed("R1", pickup_id=LENS), desk.placed("R2", pickup_id=LENS)
    assert desk.suspend(first, "2026-11-22").reasons == (Reason.BAD_DATE,)
    assert desk.suspend(first, "2026-12-01").ok
    assert desk.checkin("I1").hold_id == second
    assert desk.suspend(second, "2026-12-01").reasons == (Reason.HOLD_CAPTURED,)
    third = desk.placed("R3", pickup_id=LENS)
    assert desk.suspend(first, None).ok
    assert desk.checkin("I2").hold_id == first
    assert desk.state(third) == "waiting"


def test_the_day_of_its_suspension_ends_it(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LENS)
    desk.suspend(hold, "2026-11-24")
    desk.now += DAY
    assert desk.checkin("I1").hold_id is None
    desk.now += DAY
    assert desk.checkin("I1").hold_id == hold


def test_the_pick_up_is_changed_before_the_item_is_there(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LIEVIN)
    assert desk.move(hold, AVION).pickup == desk.network.libraries[AVION]
    assert desk.checkin("I1").destination == desk.network.libraries[AVION]
    assert desk.move(hold, LENS).ok
    assert open_transits(desk) == [(LENS, "hold", hold)]
    assert desk.checkin("I1", AVION).destination == desk.network.libraries[LENS]
    assert desk.checkin("I1", LENS).alert is Alert.HOLD_HERE
    assert desk.move(hold, AVION).reasons == (Reason.HOLD_CAPTURED,)


def test_a_library_without_pick_ups_is_none(desk: Holders) -> None:
    desk.sql("INSERT INTO service_activation VALUES (2, 'circulation', '2020-01-01', NULL)")
    desk.reload()
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LENS)
    assert desk.move(hold, LIEVIN).reasons == (Reason.NO_PICKUP_HERE,)
    assert desk.move(hold, 99).reasons == (Reason.NO_PICKUP_HERE,)


def test_the_shelf_is_extended_once_when_nobody_waits(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LENS)
    assert desk.extend(hold).reasons == (Reason.NOT_ON_SHELF,)
    desk.checkin("I1")
    assert desk.extend(hold).expires_on == "2026-12-08"
    assert desk.extend(hold).reasons == (Reason.ALREADY_EXTENDED,)
    desk.placed("R2", pickup_id=LENS)
    assert desk.extend(hold).reasons == (Reason.ALREADY_EXTENDED, Reason.WAITED_FOR)
    assert desk.sql("SELECT shelf_until, extended FROM hold WHERE id=?", hold) == [("2026-12-08", 1)]


def test_staff_put_a_hold_first_and_the_journal_says_so(desk: Holders) -> None:
    desk.title(1)
    first, second, third = (desk.placed(card, pickup_id=LENS) for card in ("R1", "R2", "R3"))
    assert desk.put_first(third, card="R3").reasons == (Reason.NOT_SUPPORTED,)
    assert desk.put_first(third).ok
    assert desk.put_first(second).ok
    assert desk.put_first(second).ok
    assert desk.sql("SELECT act, actor, hold_id FROM journal WHERE act='hold-put-first'") == [
        ("hold-put-first", "desk", third),
        ("hold-put-first", "desk", second),
    ]
    line = run_steps(desk.database, queue_of(TITLE))
    assert [(one.hold.id, one.rank) for one in line] == [(second, 1), (third, 2), (first, 3)]
    mine = run_steps(desk.database, holds_of_reader(desk.network, "R1", LENS, desk.now))
    assert [(one.hold.id, one.rank) for one in mine.holds] == [(first, 3)]
    assert desk.checkin("I1").hold_id == second
    assert desk.put_first(second).reasons == (Reason.HOLD_CAPTURED,)


def test_a_slot_is_noted_for_what_is_on_the_shelf(desk: Holders) -> None:
    desk.title(1)
    hold = desk.placed("R1", pickup_id=LENS)
    asked = SlotRequest(desk.origin(LENS), hold, slot="B12")
    assert desk.run(SET_SLOT, asked).reasons == (Reason.NOT_ON_SHELF,)
    desk.checkin("I1")
    assert desk.run(SET_SLOT, asked).ok
    (there,) = run_steps(desk.database, shelf_of(LENS))
    assert (there.id, there.shelf_slot, there.barcode, there.shelved_at) == (hold, "B12", "I1", desk.now)
    desk.checkout("R1", "I1")
    assert desk.sql("SELECT shelf_slot, outcome FROM past_hold") == [("B12", "honoured")]


@pytest.mark.parametrize("usecase", [CANCEL_HOLD, PUT_FIRST])
def test_what_is_not_there_cannot_be_changed(desk: Holders, usecase: object) -> None:
    request = HoldRequest if usecase is CANCEL_HOLD else PutFirstRequest
    assert desk.run(usecase, request(desk.origin(LENS), 77)).reasons == (Reason.UNKNOWN_HOLD,)
    assert desk.sql("SELECT * FROM journal") == []


def test_the_lists_of_a_reader_tell_waiting_from_ready(desk: Holders) -> None:
    desk.title(1)
    ready, waits = desk.placed("R1", pickup_id=LENS), desk.placed("R1", barcode="I2", this_item=True)
    desk.checkin("I1")
    account = desk.patron("R1")
    assert [(one.id, one.state) for one in account.holds] == [(ready, "shelf"), (waits, "waiting")]
    mine = run_steps(desk.database, holds_of_reader(desk.network, "R1", LENS, desk.now))
    assert [(one.hold.id, one.rank) for one in mine.holds] == [(ready, 0), (waits, 1)]
    nobody = run_steps(desk.database, holds_of_reader(desk.network, "nobody", LENS, desk.now))
    assert nobody.reason is Reason.UNKNOWN_PATRON
