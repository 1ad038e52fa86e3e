"""Runs and containers: loaded and unloaded by one scan, and what is told when they turn up elsewhere."""

from __future__ import annotations

from storage.circulation.shuttle import carriage
from storage.circulation.shuttle.discrepancies import DAMAGED, DamagedRequest
from storage.circulation.shuttle.eta import eta
from storage.circulation.shuttle.receive import carried
from storage.circulation.tellings import ANOMALIES
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.shuttle.timetables import instant
from tests.storage.circulation.shuttle.yard import Yard

SUNDAY = "2026-11-29"


def test_a_container_goes_aboard_and_comes_off_by_one_scan_each(yard: Yard) -> None:
    yard.ready("C1", "I10", "I12")
    loaded = yard.load("C1", "north", LENS)
    assert (loaded.ok, loaded.state, loaded.items, loaded.to.id) == (True, "aboard", 2, LIEVIN)
    assert yard.run(carriage.LEAVE, "NORTH", driver="van 2").aboard == ("C1",)
    yard.now = instant("2026-11-23 09:05")
    unloaded = yard.unload("C1", LIEVIN)
    assert (unloaded.ok, unloaded.state, unloaded.items) == (True, "delivered", 2)
    assert yard.run(carriage.END, "NORTH").state == "done"
    assert yard.sql("SELECT driver, state, left_at, ended_at FROM run") == [
        ("van 2", "done", instant("2026-11-23 07:00"), yard.now)
    ]
    for barcode in ("I10", "I12"):
        assert yard.checkin(barcode, LIEVIN).ok
    assert yard.anomalies() == []


def test_a_run_refuses_what_it_does_not_lead_to(yard: Yard) -> None:
    yard.ready("C1", "I10")
    assert yard.load("C1", "SOUTH", LENS).reasons == (Reason.NOT_ON_ROUTE,)
    assert yard.load("C1", "WEST", LENS).reasons == (Reason.UNKNOWN_ROUTE,)
    assert yard.load("C1", "NORTH", LENS, SUNDAY).reasons == (Reason.UNKNOWN_RUN,)
    assert yard.load("C9", "NORTH", LENS).reasons == (Reason.UNKNOWN_CONTAINER,)
    assert yard.load("C1", "NORTH", LIEVIN).reasons == (Reason.CONTAINER_ELSEWHERE,)
    yard.open("C1", LENS)
    assert yard.load("C1", "NORTH", LENS).reasons == (Reason.CONTAINER_NOT_SEALED,)


def test_a_sealed_container_changes_runs_at_the_hub_and_is_on_both_manifests(yard: Yard) -> None:
    yard.ready("C1", "I11", place=LIEVIN, to=AVION)
    loaded = yard.load("C1", "NORTH", LIEVIN)
    assert loaded.to.id == LENS
    yard.unload("C1", LENS)
    assert yard.container("C1") == ("sealed", LENS, AVION)
    assert yard.load("C1", "SOUTH", LENS).to.id == AVION
    yard.unload("C1", AVION)
    assert yard.container("C1") == ("delivered", AVION, AVION)
    assert yard.lines("I11") == [("C1", "transferred", 0), ("C1", None, 0)]
    codes = yard.sql(
        "SELECT r.code FROM manifest_line l JOIN run u ON u.id = l.run_id JOIN route r ON r.id = u.route_id"
    )
    assert sorted(codes) == [("NORTH",), ("SOUTH",)]
    assert yard.anomalies() == []


def test_a_container_that_nobody_loaded_is_unloaded_and_inferred(yard: Yard) -> None:
    yard.ready("C1", "I10")
    assert yard.unload("C1", LIEVIN).state == "delivered"
    assert yard.lines("I10") == [("C1", None, 1)]
    assert yard.unload("C1", LIEVIN).state == "delivered"


def test_a_container_at_a_wrong_stop_is_taken_in_and_told(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    assert yard.unload("C1", AVION).state == "sealed"
    assert yard.container("C1") == ("sealed", AVION, LIEVIN)
    assert yard.anomalies() == [("wrong-stop", AVION, None, "C1")]
    # It goes on by the hub.
    assert yard.load("C1", "SOUTH", AVION).to.id == LENS


def test_what_was_not_unloaded_when_a_run_ends_is_told_and_can_be_unloaded_later(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    assert yard.run(carriage.END, "NORTH").reasons == (Reason.RUN_NOT_LEFT,)
    yard.run(carriage.LEAVE, "NORTH")
    assert yard.run(carriage.END, "NORTH").aboard == ("C1",)
    assert yard.anomalies() == [("not-unloaded", LIEVIN, None, "C1 NORTH/2026-11-23")]
    assert yard.run(carriage.END, "NORTH").reasons == (Reason.RUN_CLOSED,)
    assert yard.unload("C1", LIEVIN).state == "delivered"


def test_a_run_takes_no_more_than_its_capacity(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.ready("C2", "I12", "I14")
    yard.sql("UPDATE route SET capacity = 2 WHERE code = 'NORTH'")
    yard.reload()
    assert yard.load("C1", "NORTH", LENS).ok
    assert yard.load("C2", "NORTH", LENS).reasons == (Reason.RUN_FULL,)
    # What comes off makes room.
    yard.unload("C1", LENS)
    assert yard.load("C2", "NORTH", LENS).ok


def test_a_cancelled_run_takes_nothing_and_promises_nothing(yard: Yard) -> None:
    before = eta(yard.network, LENS, LIEVIN, yard.now)
    assert before is not None
    assert before.day == "2026-11-23"
    assert yard.run(carriage.CANCEL, "NORTH").state == "cancelled"
    yard.reload()
    after = eta(yard.network, LENS, LIEVIN, yard.now)
    assert after is not None
    assert after.day == "2026-11-24"
    yard.ready("C1", "I10")
    assert yard.load("C1", "NORTH", LENS).reasons == (Reason.RUN_CLOSED,)
    assert yard.run(carriage.LEAVE, "NORTH").reasons == (Reason.RUN_CLOSED,)
    assert yard.run(carriage.CANCEL, "NORTH").reasons == (Reason.RUN_CLOSED,)
    assert yard.run(carriage.PLAN, "NORTH").state == "planned"
    assert yard.load("C1", "NORTH", LENS).ok
    assert yard.run(carriage.CANCEL, "NORTH").reasons == (Reason.RUN_LOADED,)


def test_an_extra_run_is_planned_and_promised(yard: Yard) -> None:
    saturday = "2026-11-28"
    assert yard.run(carriage.LEAVE, "NORTH", saturday).reasons == (Reason.UNKNOWN_RUN,)
    assert yard.run(carriage.PLAN, "NORTH", saturday).ok
    assert yard.run(carriage.PLAN, "NORTH", saturday).reasons == (Reason.RUN_EXISTS,)
    assert yard.run(carriage.PLAN, "WEST", saturday).reasons == (Reason.UNKNOWN_ROUTE,)
    yard.reload()
    found = eta(yard.network, LENS, LIEVIN, instant(f"{saturday} 06:00"))
    assert found is not None
    assert found.day == saturday
    left = yard.run(carriage.LEAVE, "NORTH", saturday)
    assert left == yard.run(carriage.LEAVE, "NORTH", saturday)


def test_an_item_received_without_any_scan_has_a_line_all_the_same(yard: Yard) -> None:
    yard.checkin("I10", LENS)
    ((transit,),) = yard.sql("SELECT id FROM transit")
    yard.write(*carried(transit, LIEVIN, yard.now, arrived=True))
    assert yard.lines("I10") == [(None, "received", 1)]


def test_an_item_received_from_a_container_that_was_not_unloaded_is_received(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    ((transit,),) = yard.sql("SELECT id FROM transit")
    yard.write(*carried(transit, LIEVIN, yard.now, arrived=True))
    assert yard.lines("I10") == [("C1", "received", 1)]
    assert yard.sql("SELECT unloaded_at, received_id FROM manifest_line") == [(yard.now, LIEVIN)]


def test_an_item_seen_where_its_container_was_not_to_go_is_told(yard: Yard) -> None:
    yard.ready("C1", "I10")
    ((transit,),) = yard.sql("SELECT id FROM transit")
    yard.write(*carried(transit, AVION, yard.now, arrived=False))
    assert yard.lines("I10") == [("C1", "wrong-stop", 1)]
    assert yard.anomalies() == [("wrong-stop", AVION, 10, "C1")]


def test_an_item_scanned_at_the_desk_is_in_no_container(yard: Yard) -> None:
    yard.ready("C1", "I10", "I12")
    yard.checkin("I10", LENS)
    assert yard.lines("I10") == [("C1", "unpacked", 1)]
    assert yard.anomalies() == []
    yard.load("C1", "NORTH", LENS)
    yard.checkin("I12", LENS)
    assert yard.lines("I12") == [("C1", "wrong-stop", 1)]
    assert yard.anomalies() == [("wrong-stop", LENS, 12, "C1")]


def test_an_item_checked_in_at_the_hub_for_which_its_container_was_has_come_out_of_it(yard: Yard) -> None:
    yard.ready("C1", "I11", place=LIEVIN)
    yard.load("C1", "NORTH", LIEVIN)
    yard.unload("C1", LENS)
    assert yard.checkin("I11", LENS).destination.id == AVION
    assert yard.lines("I11") == [("C1", "received", 0)]
    assert yard.checkin("I11", AVION).ok
    assert yard.lines("I11") == [("C1", "received", 0), (None, "received", 1)]
    assert yard.anomalies() == []


def test_what_came_damaged_is_told_with_the_run_that_brought_it(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    yard.checkin("I10", LIEVIN)
    told = yard.do(DAMAGED, DamagedRequest("I10", yard.origin(LIEVIN), "dos cassé"))
    assert (told.ok, told.ride) == (True, "C1 NORTH/2026-11-23")
    assert yard.anomalies() == [("damaged", LIEVIN, 10, "C1 NORTH/2026-11-23 dos cassé")]
    assert yard.do(DAMAGED, DamagedRequest("I12", yard.origin(LIEVIN))).ride == ""
    assert yard.do(DAMAGED, DamagedRequest("NONE", yard.origin(LIEVIN))).reasons == (Reason.UNKNOWN_ITEM,)


def test_every_anomaly_of_the_shuttle_has_its_words(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    yard.unload("C1", AVION)
    yard.checkin("I10", AVION)
    assert yard.anomalies()
    assert {kind for kind, *_ in yard.anomalies()} <= set(ANOMALIES)
