"""Packing: which container takes which item, and why another does not."""

from __future__ import annotations

from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.shuttle.timetables import instant
from tests.storage.circulation.shuttle.yard import Yard

# I10, I12.. are of LIEVIN, I11, I13.. of AVION, I1..I9 of LENS.


def test_an_item_goes_into_the_container_for_where_it_goes(yard: Yard) -> None:
    yard.add("C1", LENS)
    assert yard.open("C1", LENS, LIEVIN).ok
    yard.checkin("I10", LENS)
    packed = yard.pack("I10", "C1", LENS)
    assert packed.ok
    assert (packed.destination.id, packed.stop.id) == (LIEVIN, LIEVIN)
    assert yard.lines("I10") == [("C1", None, 0)]


def test_a_wrong_container_is_refused_with_the_stop_and_the_right_ones(yard: Yard) -> None:
    for code, to in (("C1", LIEVIN), ("C2", AVION), ("C3", LIEVIN)):
        yard.add(code, LENS)
        yard.open(code, LENS, to)
    yard.checkin("I10", LENS)
    refused = yard.pack("I10", "C2", LENS)
    assert refused.reasons == (Reason.WRONG_CONTAINER,)
    assert (refused.stop.id, refused.containers) == (LIEVIN, ("C1", "C3"))
    assert yard.lines("I10") == []


def test_an_item_for_another_route_goes_by_the_hub_or_straight(yard: Yard) -> None:
    for code, to in (("C1", LENS), ("C2", AVION)):
        yard.add(code, LIEVIN)
        yard.open(code, LIEVIN, to)
    yard.checkin("I11", LIEVIN)
    packed = yard.pack("I11", "C1", LIEVIN)
    assert packed.ok
    assert (packed.destination.id, packed.stop.id, packed.containers) == (AVION, LENS, ("C1", "C2"))
    again = yard.pack("I11", "C2", LIEVIN)
    assert again.ok
    assert yard.lines("I11") == [("C1", "repacked", 0), ("C2", None, 0)]


def test_the_first_item_says_where_a_container_goes(yard: Yard) -> None:
    yard.add("C1", LIEVIN)
    yard.open("C1", LIEVIN)
    yard.checkin("I11", LIEVIN)
    yard.checkin("I1", LIEVIN)
    assert yard.pack("I11", "C1", LIEVIN).ok
    assert yard.container("C1") == ("open", LIEVIN, LENS)
    assert yard.pack("I1", "C1", LIEVIN).ok


def test_a_second_scan_of_what_is_packed_changes_nothing(yard: Yard) -> None:
    yard.add("C1", LENS)
    yard.open("C1", LENS)
    yard.checkin("I10", LENS)
    assert yard.pack("I10", "C1", LENS).ok
    before = yard.sql("SELECT count(*) FROM journal")
    assert yard.pack("I10", "C1", LENS).ok
    assert yard.sql("SELECT count(*) FROM journal") == before
    assert yard.lines("I10") == [("C1", None, 0)]


def test_what_does_not_travel_is_not_packed(yard: Yard) -> None:
    yard.add("C1", LENS)
    yard.open("C1", LENS, LIEVIN)
    assert yard.pack("I1", "C1", LENS).reasons == (Reason.NOT_TRAVELLING,)
    assert yard.pack("NONE", "C1", LENS).reasons == (Reason.UNKNOWN_ITEM,)
    yard.checkin("I10", LENS)
    assert yard.pack("I10", "C1", LIEVIN).reasons == (Reason.NOT_TRAVELLING,)


def test_a_container_that_cannot_take_anything_says_why(yard: Yard) -> None:
    yard.checkin("I10", LENS)
    assert yard.pack("I10", "C1", LENS).reasons == (Reason.UNKNOWN_CONTAINER,)
    yard.add("C1", LIEVIN)
    assert yard.pack("I10", "C1", LENS).reasons == (Reason.CONTAINER_ELSEWHERE,)
    yard.add("C2", LENS, capacity=1)
    assert yard.pack("I10", "C2", LENS).reasons == (Reason.CONTAINER_NOT_OPEN,)
    yard.open("C2", LENS, LIEVIN)
    yard.checkin("I12", LENS)
    assert yard.pack("I12", "C2", LENS).ok
    assert yard.pack("I10", "C2", LENS).reasons == (Reason.CONTAINER_FULL,)
    yard.seal("C2", LENS)
    yard.load("C2", "NORTH", LENS)
    assert yard.pack("I10", "C2", LENS).reasons == (Reason.CONTAINER_ABOARD,)


def test_two_containers_cannot_have_one_code(yard: Yard) -> None:
    assert yard.add("C1", LENS).ok
    assert yard.add("C1", LIEVIN).reasons == (Reason.CONTAINER_EXISTS,)


def test_an_item_found_here_has_left_the_container_that_it_was_noted_in_elsewhere(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    yard.add("C2", LENS)
    yard.open("C2", LENS)
    assert yard.pack("I10", "C2", LENS).ok
    assert yard.lines("I10") == [("C1", "wrong-stop", 0), ("C2", None, 0)]
    assert yard.anomalies() == [("extra", LENS, 10, "C1")]


def test_what_is_taken_out_waits_again(yard: Yard) -> None:
    yard.ready("C1", "I10", "I12")
    assert yard.unpack("I1", "C1", LENS).reasons == (Reason.NOT_PACKED,)
    assert yard.unpack("I10", "C1", LENS).ok
    assert yard.unpack("I10", "C1", LENS).reasons == (Reason.NOT_PACKED,)
    assert yard.unpack("I12", "C9", LENS).reasons == (Reason.UNKNOWN_CONTAINER,)
    assert yard.lines("I10") == [("C1", "unpacked", 0)]
    assert yard.pack("I10", "C1", LENS).reasons == (Reason.CONTAINER_NOT_OPEN,)


def test_an_empty_container_is_not_sealed_and_a_sealed_one_can_be_opened_again(yard: Yard) -> None:
    yard.add("C1", LENS)
    assert yard.seal("C1", LENS).reasons == (Reason.CONTAINER_NOT_OPEN,)
    yard.open("C1", LENS, LIEVIN)
    assert yard.seal("C1", LENS).reasons == (Reason.CONTAINER_EMPTY,)
    yard.checkin("I10", LENS)
    yard.pack("I10", "C1", LENS)
    assert (yard.seal("C1", LENS).state, yard.seal("C1", LENS).state) == ("sealed", "sealed")
    opened = yard.open("C1", LENS)
    assert (opened.ok, opened.items, opened.to.id) == (True, 1, LIEVIN)
    assert yard.open("C1", LENS, AVION).reasons == (Reason.CONTAINER_NOT_EMPTY,)


def test_what_is_declared_missing_when_a_container_is_emptied_is_lost_and_its_reader_waits_again(yard: Yard) -> None:
    yard.sql(
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (7, 1, 10, :p, 0)", p=AVION
    )
    yard.checkin("I10", LIEVIN)
    yard.add("C1", LIEVIN)
    yard.open("C1", LIEVIN)
    assert yard.pack("I10", "C1", LIEVIN).ok
    yard.seal("C1", LIEVIN)
    yard.load("C1", "NORTH", LIEVIN)
    yard.unload("C1", LENS)
    assert yard.open("C1", LENS).reasons == (Reason.CONTAINER_NOT_EMPTY,)
    emptied = yard.open("C1", LENS, missing=True)
    assert (emptied.ok, emptied.missing, emptied.items) == (True, 1, 0)
    assert yard.anomalies() == [("missing", LENS, 10, "C1")]
    assert yard.sql("SELECT state, item_id FROM hold") == [("waiting", None)]
    assert yard.sql("SELECT state FROM transit") == [("lost",)]
    assert yard.sql("SELECT condition FROM item WHERE id = 10") == [("missing",)]
    # Found at any check-in: it goes to the reader who waits.
    assert yard.checkin("I10", LENS).destination.id == AVION


def test_a_full_run_takes_holds_first_and_says_to_others_that_they_stay(yard: Yard) -> None:
    yard.sql("UPDATE route SET capacity = 2 WHERE code = 'NORTH'")
    yard.reload()
    yard.sql(
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (7, 1, 1, :p, 0)", p=LIEVIN
    )
    yard.add("C1", LENS)
    yard.open("C1", LENS, LIEVIN)
    for minute, barcode in enumerate(("I10", "I12", "I1")):
        yard.now = instant("2026-11-23 07:00") + minute * 60
        yard.checkin(barcode, LENS)
    assert yard.pack("I12", "C1", LENS).reasons == (Reason.RUN_FULL,)
    assert yard.pack("I1", "C1", LENS).ok
    assert yard.pack("I10", "C1", LENS).ok
    yard.seal("C1", LENS)
    assert yard.load("C1", "NORTH", LENS).ok
    yard.add("C2", LENS)
    yard.open("C2", LENS)
    assert yard.pack("I12", "C2", LENS).reasons == (Reason.RUN_FULL,)
    # The next day's run has room.
    yard.now = instant("2026-11-23 08:30")
    assert yard.pack("I12", "C2", LENS).ok


def test_a_library_without_the_shuttle_packs_nothing(yard: Yard) -> None:
    yard.checkin("I10", LENS)
    yard.add("C1", LENS)
    yard.sql("INSERT INTO service_activation (library_id, service, from_on) VALUES (1, 'circulation', '2020-01-01')")
    yard.reload()
    assert yard.pack("I10", "C1", LENS).reasons == (Reason.SERVICE_INACTIVE,)
    assert yard.open("C1", LENS).reasons == (Reason.SERVICE_INACTIVE,)


def test_an_item_scanned_where_its_container_is_not_is_no_second_scan(yard: Yard) -> None:
    yard.ready("C1", "I11", place=LIEVIN)
    assert yard.pack("I11", "C1", LENS).reasons == (Reason.CONTAINER_ELSEWHERE, Reason.WRONG_CONTAINER)
    assert yard.lines("I11") == [("C1", None, 0)]
