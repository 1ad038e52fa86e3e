"""Every statement of holds says the same on both databases: a day in the life of a title."""

from __future__ import annotations

from typing import Any

from storage import direct
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.holds.answers import HoldAnswer, HoldRequest
from storage.circulation.holds.change import (
    CANCEL_HOLD,
    EXTEND_HOLD,
    PUT_FIRST,
    SET_SLOT,
    SUSPEND_HOLD,
    PutFirstRequest,
    SlotRequest,
    SuspendRequest,
)
from storage.circulation.holds.expiry import EXPIRE_HOLDS
from storage.circulation.holds.lists import holds_of_reader, queue_of, shelf_of, to_clear
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.holds.pulls import MISS_PULL, MissRequest, pull_list
from storage.circulation.holds.targeting import TARGET_HOLDS
from storage.jobs.job import Job, RunRequest, usecase_of
from storage.refusals import Reason
from storage.usecase import Ledger, Origin
from tests.counter import Counter
from tests.network import LENS, LIEVIN, NOW
from tests.storage.circulation.holds.test_races import TITLE, Rivals, at, rivals

__all__ = ["rivals"]


def work(rivals: Rivals, job: Job) -> int:
    done, begins = 0, True
    while True:
        slice_ = rivals.do((usecase_of(job), RunRequest(Origin("job", "test", LENS), rivals.now, begins)))
        if slice_ is None:
            return done
        done, begins = done + slice_.done, False


def ask(rivals: Rivals, steps: Any) -> Any:
    with rivals.engine.connect() as connection:
        return direct.read(connection, steps)


def test_a_day_in_the_life_of_a_title(rivals: Rivals) -> None:
    network = rivals.network
    one, two = (
        rivals.do((PLACE_HOLD, PlaceHoldRequest(card, at(), TITLE, pickup_id=LIEVIN))).hold.id for card in ("R1", "R2")
    )
    item = rivals.do((PLACE_HOLD, PlaceHoldRequest("R3", at(), barcode="I3", pickup_id=LENS))).hold.id
    assert work(rivals, TARGET_HOLDS) == 3
    lines = ask(rivals, pull_list(network, LENS, NOW))
    assert [(line.item.row.barcode, line.pull.hold_id) for line in lines] == [("I1", one), ("I2", two), ("I3", item)]
    assert rivals.do((MISS_PULL, MissRequest(at(), barcode="I3"))).ok
    assert rivals.do((PUT_FIRST, PutFirstRequest(at(), two))).ok
    assert [(each.hold.id, each.rank) for each in ask(rivals, queue_of(TITLE))] == [(two, 1), (one, 2)]
    assert [(each.hold.id, each.rank) for each in ask(rivals, queue_of(None, 3))] == [(item, 1)]
    mine = ask(rivals, holds_of_reader(network, "R1", LENS, NOW))
    assert [(each.hold.title, each.rank) for each in mine.holds] == [("Germinal", 2)]
    assert rivals.do((SUSPEND_HOLD, SuspendRequest(at(), one, until="2026-12-24"))).ok
    assert rivals.do((SUSPEND_HOLD, SuspendRequest(at(), card="R1", pin="1234", record_id=TITLE))).ok
    rivals.do((CHECKIN, CheckinRequest("I1", at(LIEVIN))))
    assert rivals.do((SET_SLOT, SlotRequest(at(LIEVIN), two, slot="A1"))).ok
    assert rivals.do((EXTEND_HOLD, HoldRequest(at(LIEVIN), two))).reasons
    assert [each.shelf_slot for each in ask(rivals, shelf_of(LIEVIN))] == ["A1"]
    rivals.now += 9 * 86400
    assert work(rivals, EXPIRE_HOLDS) == 1
    assert (rivals.state(one), rivals.state(two)) == ("shelf", "not-collected")
    assert rivals.do((CANCEL_HOLD, HoldRequest(at(), one))).destination == network.libraries[LENS]
    cleared = ask(rivals, to_clear(network, LIEVIN, NOW))
    assert [(each.item.row.barcode, each.slot, each.outcome) for each in cleared] == [
        ("I1", "", "cancelled"),
        ("I1", "A1", "not-collected"),
    ]
    rivals.check()


def test_a_repeat_after_a_lost_connection_gets_the_answer_that_was_given(counter: Counter) -> None:
    counter.sql("DELETE FROM hold")

    def ledger(name: bytes, connection: int) -> Ledger[HoldAnswer]:
        return Ledger("sip2:kiosk", name.ljust(16), connection, lambda answer: repr(answer.reasons).encode())

    place = PlaceHoldRequest("R1", at(), barcode="I3", this_item=True, pickup_id=LENS)
    first = counter.do(PLACE_HOLD, place, ledger(b"place", 1))
    assert counter.do(PLACE_HOLD, place, ledger(b"place", 2)).repeated
    refused = counter.do(PLACE_HOLD, place, ledger(b"place", 2)).answer
    assert refused is not None
    assert refused.reasons == (Reason.ALREADY_HELD,)
    cancel = HoldRequest(at(), card="R1", barcode="I3")
    counter.do(CANCEL_HOLD, cancel, ledger(b"cancel", 2))
    again = counter.do(CANCEL_HOLD, cancel, ledger(b"cancel", 3))
    assert (first.reply, again.reply, again.repeated) == (b"()", b"()", True)
    assert counter.journal() == ["hold", "hold-cancelled"]
