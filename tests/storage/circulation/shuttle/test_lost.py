"""What is lost in transit, and where it was last seen; manifests completed; promises measured."""

from __future__ import annotations

from typing import Any

from storage.circulation.shuttle import carriage, reads
from storage.circulation.shuttle.lost import COMPLETE_MANIFESTS, LOSE_IN_TRANSIT
from storage.jobs.job import Job, RunRequest, usecase_of
from storage.usecase import Origin
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.shuttle.timetables import instant
from tests.storage.circulation.shuttle.yard import Yard


def round_of(yard: Yard, job: Job) -> int:
    """Do a whole round; return how much it did."""
    done, more, begins = 0, True, True
    while more:
        found: Any = yard.do(usecase_of(job), RunRequest(Origin("job", "test", 0), yard.now, begins))
        done, more, begins = done + found.done, bool(found.cursor), False
    return done


def test_an_item_that_nobody_scanned_for_days_after_its_run_is_lost_with_its_last_sighting(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    yard.run(carriage.LEAVE, "NORTH")
    yard.now = instant("2026-11-23 09:30")
    yard.unload("C1", LIEVIN)
    yard.run(carriage.END, "NORTH")
    yard.now = instant("2026-11-30 09:30")
    assert round_of(yard, LOSE_IN_TRANSIT) == 0
    yard.now += 60
    assert round_of(yard, LOSE_IN_TRANSIT) == 1
    assert round_of(yard, LOSE_IN_TRANSIT) == 0
    (lost,) = yard.read(reads.lost())
    assert (lost.barcode, lost.kind, lost.detail) == ("I10", "lost-in-transit", "LIEVIN 2026-11-23T08:30+00:00 C1")
    assert yard.lines("I10") == [("C1", "missing", 0)]
    assert yard.read(reads.under_way()) == []


def test_what_was_lost_is_found_at_any_check_in(yard: Yard) -> None:
    yard.checkin("I10", LENS)
    yard.now = instant("2026-12-24 07:00")
    assert round_of(yard, LOSE_IN_TRANSIT) == 1
    assert yard.checkin("I10", AVION).destination.id == LIEVIN
    assert yard.read(reads.lost()) == []
    assert yard.anomalies() == []
    assert yard.sql("SELECT condition FROM item WHERE id = 10") == [("good",)]


def test_a_shuttle_that_rests_loses_nothing(yard: Yard) -> None:
    yard.checkin("I10", LENS)
    yard.sql("UPDATE route SET from_on = '2026-12-20'")
    yard.reload()
    yard.now = instant("2026-12-20 07:00")
    assert round_of(yard, LOSE_IN_TRANSIT) == 0
    yard.now = instant("2026-12-30 07:00")
    assert round_of(yard, LOSE_IN_TRANSIT) == 1


def test_the_reader_for_whom_a_lost_item_was_waits_again(yard: Yard) -> None:
    yard.sql(
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (7, 1, 1, :p, 0)", p=AVION
    )
    yard.checkin("I1", LENS)
    yard.now = instant("2026-12-24 07:00")
    assert round_of(yard, LOSE_IN_TRANSIT) == 1
    assert yard.sql("SELECT state, item_id FROM hold") == [("waiting", None)]


def test_the_network_says_after_how_many_days_an_item_is_lost(yard: Yard) -> None:
    yard.checkin("I10", LENS)
    yard.sql("INSERT INTO policy_set (id, code, effective_from) VALUES (9, 'x', '2026-01-01')")
    yard.sql("INSERT INTO rule (policy_set_id, attribute, value) VALUES (9, 'transit.lost-after', '30')")
    yard.reload()
    yard.now = instant("2026-12-20 07:00")
    assert round_of(yard, LOSE_IN_TRANSIT) == 0


def test_a_round_goes_on_slice_by_slice(yard: Yard) -> None:
    barcodes = [f"I{number}" for number in range(10, 21)]
    for barcode in barcodes:
        yard.checkin(barcode, LENS)
    yard.now = instant("2026-12-24 07:00")
    small = Job(LOSE_IN_TRANSIT.name, "", LOSE_IN_TRANSIT.gather, LOSE_IN_TRANSIT.decide, size=4)
    assert round_of(yard, small) == len(barcodes)


def test_lines_of_transits_that_ended_otherwise_are_ended(yard: Yard) -> None:
    yard.ready("C1", "I10", "I12", "I14")
    yard.sql("UPDATE transit SET received_at = 5, state = 'cancelled' WHERE item_id = 10")
    yard.sql("UPDATE transit SET received_at = 6, received_id = 2, state = 'received' WHERE item_id = 12")
    assert round_of(yard, COMPLETE_MANIFESTS) == 2
    assert yard.lines("I10") == [("C1", "unpacked", 1)]
    assert yard.lines("I12") == [("C1", "received", 1)]
    assert yard.lines("I14") == [("C1", None, 0)]


def test_what_is_under_way_is_listed_with_where_it_is_and_when_it_is_expected(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.checkin("I11", LENS)
    yard.load("C1", "NORTH", LENS)
    first, second = sorted(yard.read(reads.under_way()))
    assert (first.barcode, first.container, first.route, first.day) == ("I10", "C1", "NORTH", "2026-11-23")
    assert (second.barcode, second.container, second.place_id, second.to_id) == ("I11", None, LENS, AVION)
    assert reads.expected(yard.network, second, yard.now) == "2026-11-23"


def test_runs_of_a_day_are_those_of_the_routes_and_those_that_were_planned(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    rows = yard.read(reads.runs(yard.network, "2026-11-23"))
    assert [(row.route, row.state, row.items) for row in rows] == [("NORTH", "planned", 1), ("SOUTH", "planned", 0)]
    assert yard.read(reads.runs(yard.network, "2026-11-29")) == []


def test_what_was_promised_is_compared_with_what_came(yard: Yard) -> None:
    statement = (
        "INSERT INTO past_hold (id, pickup_id, patron_category_id, requested_at, outcome, shelved_at, promised_on, closed_at)"
        " VALUES (:i, :p, 2, 0, 'honoured', :s, :d, 0)"
    )
    days = ["2026-11-20", "2026-11-23", "2026-11-24", "2026-11-26"]
    for number, day in enumerate(days):
        yard.sql(statement, i=number, p=LIEVIN, s=instant("2026-11-24 09:00"), d=day)
    yard.sql(
        "INSERT INTO hold (id, patron_id, record_id, target_item_id, item_id, pickup_id, requested_at, state, shelved_at,"
        " promised_on) VALUES (7, 1, NULL, 1, 1, :p, 0, 'shelf', :s, '2026-11-24')",
        p=AVION, s=instant("2026-11-24 23:30"),
    )  # fmt: skip
    lievin, avion = yard.read(reads.promises(yard.network, 1))
    assert tuple(lievin) == (LIEVIN, 4, 2, 0.75, 4)
    assert tuple(avion) == (AVION, 1, 1, 0, 0)
    assert yard.read(reads.promises(yard.network, instant("2026-11-25 00:00"))) == []
