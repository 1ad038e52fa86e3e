"""Two scans at the same moment, from two threads with a connection each, on both databases: one effect, and a sound store."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from server.writing import Direct
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.holds.answers import HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD
from storage.circulation.shuttle import carriage, packing
from storage.circulation.shuttle.carriage import LoadRequest, RunRequest
from storage.circulation.shuttle.packing import ContainerRequest, PackRequest
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.shuttle.yard import MONDAY, Yard

HOLD = 7


class At(Direct):
    """The store at the yard's clock."""

    instant = 0

    def now(self) -> int:
        return self.instant


def together(yard: Yard, *acts: tuple[Any, Any]) -> list[Any]:
    """Do *acts* at the same moment, each in a thread with connections of its own; return their answers."""
    barrier = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def act(number: int, usecase: Any, request: Any) -> None:
        store = At(yard.location)
        store.instant = yard.now
        store.network  # noqa: B018 (read before the start, so that the acts themselves meet)
        barrier.wait(10)
        answers[number] = store.act(usecase, request)

    threads = [threading.Thread(target=act, args=(number, *each)) for number, each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert None not in answers
    return answers


def checkin(yard: Yard, barcode: str, place: int) -> tuple[Any, Any]:
    return CHECKIN, CheckinRequest(barcode, yard.origin(place))


def sound(yard: Yard) -> None:
    """I-01 to I-05, as far as the shuttle goes."""
    for item, transits, lines in yard.sql(
        "SELECT i.id, (SELECT count(*) FROM transit t WHERE t.item_id = i.id AND t.received_at IS NULL),"
        " (SELECT count(*) FROM manifest_line m WHERE m.item_id = i.id AND m.outcome IS NULL) FROM item i"
    ):
        assert lines <= transits <= 1, item
    for state, pickup, current, to, served, hold in yard.sql(
        "SELECT h.state, h.pickup_id, i.current_id, t.to_id, t.hold_id, h.id FROM hold h JOIN item i ON i.id = h.item_id"
        " LEFT JOIN transit t ON t.item_id = i.id AND t.received_at IS NULL"
    ):
        assert (to, served) == ((pickup, hold) if state == "transit" else (None, None))
        assert state == "transit" or current == pickup
    assert not yard.sql(
        "SELECT 1 FROM transit t LEFT JOIN hold h ON h.id = t.hold_id AND h.item_id = t.item_id"
        " WHERE t.received_at IS NULL AND t.reason = 'hold' AND h.id IS NULL"
    )


@pytest.mark.parametrize("places", [(LIEVIN, LIEVIN), (LIEVIN, AVION), (AVION, LENS)])
def test_an_item_checked_in_twice_at_once_is_in_one_place(yard: Yard, places: tuple[int, int]) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    together(yard, *(checkin(yard, "I10", place) for place in places))
    sound(yard)
    ((current,),) = yard.sql("SELECT current_id FROM item WHERE id = 10")
    assert current in places
    lines = yard.sql("SELECT count(*) FROM manifest_line WHERE item_id = 10 AND outcome = 'received'")
    assert lines <= [(1,)]


@pytest.mark.parametrize("state", ["under way", "aboard", "on the shelf"])
def test_a_hold_that_is_cancelled_while_its_item_is_received_leaves_no_item_astray(yard: Yard, state: str) -> None:
    yard.sql(
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (:h, 1, 1, :p, 0)",
        h=HOLD, p=LIEVIN,
    )  # fmt: skip
    yard.ready("C1", "I1")
    if state != "under way":
        yard.load("C1", "NORTH", LENS)
    if state == "on the shelf":
        yard.checkin("I1", LIEVIN)
    together(yard, (CANCEL_HOLD, HoldRequest(yard.origin(LIEVIN), HOLD)), checkin(yard, "I1", LIEVIN))
    sound(yard)
    assert yard.sql("SELECT count(*) FROM hold") == [(0,)]
    # Whoever came first, the next scan sends it home, and there it is.
    yard.checkin("I1", LIEVIN)
    assert yard.sql("SELECT to_id FROM transit WHERE received_at IS NULL") == [(LENS,)]
    yard.checkin("I1", LENS)
    assert yard.sql("SELECT count(*) FROM transit WHERE received_at IS NULL") == [(0,)]
    sound(yard)


def test_an_item_packed_twice_at_once_is_in_one_container(yard: Yard) -> None:
    for code in ("C1", "C2"):
        yard.add(code, LENS)
        yard.open(code, LENS, LIEVIN)
    yard.checkin("I10", LENS)
    together(yard, *((packing.PACK, PackRequest("I10", code, yard.origin(LENS))) for code in ("C1", "C2")))
    assert yard.sql("SELECT count(*) FROM manifest_line WHERE outcome IS NULL") == [(1,)]
    sound(yard)


def test_the_last_place_of_a_container_is_given_once(yard: Yard) -> None:
    yard.add("C1", LENS, capacity=1)
    yard.open("C1", LENS, LIEVIN)
    barcodes = ("I10", "I12", "I14")
    for barcode in barcodes:
        yard.checkin(barcode, LENS)
    answers = together(yard, *((packing.PACK, PackRequest(barcode, "C1", yard.origin(LENS))) for barcode in barcodes))
    assert sorted(answer.ok for answer in answers) == [False, False, True]
    assert {answer.reasons for answer in answers if not answer.ok} == {(Reason.CONTAINER_FULL,)}


def test_a_container_is_sealed_or_takes_the_item_before(yard: Yard) -> None:
    yard.add("C1", LENS)
    yard.open("C1", LENS, LIEVIN)
    for barcode in ("I10", "I12"):
        yard.checkin(barcode, LENS)
    yard.pack("I10", "C1", LENS)
    packed, sealed = together(
        yard,
        (packing.PACK, PackRequest("I12", "C1", yard.origin(LENS))),
        (packing.SEAL, ContainerRequest("C1", yard.origin(LENS))),
    )
    assert sealed.ok
    assert packed.ok == (sealed.items == 2)
    assert packed.ok or packed.reasons == (Reason.CONTAINER_NOT_OPEN,)


def test_a_run_is_cancelled_or_loaded(yard: Yard) -> None:
    yard.ready("C1", "I10")
    loaded, cancelled = together(
        yard,
        (carriage.LOAD, LoadRequest("C1", "NORTH", MONDAY, yard.origin(LENS))),
        (carriage.CANCEL, RunRequest("NORTH", MONDAY, yard.origin(LENS))),
    )
    assert loaded.ok != cancelled.ok
    assert yard.container("C1")[0] == ("aboard" if loaded.ok else "sealed")


def test_two_containers_loaded_at_once_do_not_overfill_a_run(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.ready("C2", "I12")
    yard.sql("UPDATE route SET capacity = 1 WHERE code = 'NORTH'")
    yard.reload()
    answers = together(
        yard, *((carriage.LOAD, LoadRequest(code, "NORTH", MONDAY, yard.origin(LENS))) for code in ("C1", "C2"))
    )
    assert sorted(answer.ok for answer in answers) == [False, True]
    assert yard.sql("SELECT count(*) FROM run") == [(1,)]


def test_unloading_and_receiving_at_once_ends_each_line_once(yard: Yard) -> None:
    yard.ready("C1", "I10", "I12")
    yard.load("C1", "NORTH", LENS)
    together(
        yard,
        (carriage.UNLOAD, ContainerRequest("C1", yard.origin(LIEVIN))),
        checkin(yard, "I10", LIEVIN),
        checkin(yard, "I12", LIEVIN),
    )
    assert yard.sql("SELECT outcome, unloaded_at IS NULL FROM manifest_line") in (
        [("received", 0)] * 2,
        [("received", False)] * 2,
    )
    sound(yard)


def test_what_is_declared_missing_while_it_is_checked_in_is_one_or_the_other(yard: Yard) -> None:
    yard.ready("C1", "I10")
    yard.load("C1", "NORTH", LENS)
    yard.unload("C1", LIEVIN)
    together(
        yard,
        (packing.OPEN, ContainerRequest("C1", yard.origin(LIEVIN), None, missing=True)),
        checkin(yard, "I10", LIEVIN),
    )
    sound(yard)
    ((condition, outcome),) = yard.sql(
        "SELECT i.condition, m.outcome FROM item i JOIN manifest_line m ON m.item_id = i.id"
    )
    assert (condition, outcome) in {("good", "received"), ("good", "missing"), ("missing", "missing")}
