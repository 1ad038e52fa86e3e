"""Undone acts leave loan, due date, hold, transit and place as they were (SIP2 BI, NCIP UndoCheckOutItem)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from storage.circulation.status import Status
from storage.circulation.undo import WINDOW
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk

TABLES = {
    "loan": "id, item_id, patron_id, library_id, out_at, due_on, renewals, renewed_on, state",
    "past_loan": "id, in_at, state",
    "past_loan_reader": "*",
    "hold": "id, patron_id, target_item_id, pickup_id, requested_at, priority, expires_on, state, item_id, shelf_until",
    "past_hold": "id",
    "past_hold_reader": "*",
    "transit": "id, to_id, reason, hold_id, received_at, state, received_id",
    "item": "id, current_id, condition",
    "block": "patron_id, kind",
    "notice": "kind, patron_id",
}


def snapshot(desk: Desk) -> dict[str, list[Any]]:
    return {table: desk.sql(f"SELECT {columns} FROM {table} ORDER BY 1") for table, columns in TABLES.items()}


def plain(_desk: Desk) -> None:
    """I1 on its shelf."""


def elsewhere(desk: Desk) -> None:
    desk.sql("UPDATE item SET current_id=3 WHERE id=1")


def missing(desk: Desk) -> None:
    desk.mark("I1", "missing")


def waiting(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LENS, priority=3, expires_on="2027-01-01")


def put_aside(desk: Desk) -> None:
    waiting(desk)
    desk.checkin("I1")


def travelling(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LIEVIN)
    desk.checkin("I1")


def going_home(desk: Desk) -> None:
    desk.checkout("R2", "I1")
    desk.checkin("I1", AVION)


@pytest.mark.parametrize("state", [plain, elsewhere, missing, waiting, put_aside, travelling, going_home])
def test_a_checkout_undone_is_as_if_it_had_not_been(desk: Desk, state: Callable[[Desk], None]) -> None:
    state(desk)
    before = snapshot(desk)
    before["hold"] = [(*row[:5], 0 if row[7] != "waiting" else row[5], None, *row[7:]) if row[7] != "waiting" else row
                      for row in before["hold"]]  # fmt: skip
    desk.now += 60
    lent = desk.checkout("R1", "I1")
    assert lent.ok
    desk.now += 60
    undone = desk.undo("I1", "checkout")
    assert (undone.reasons, undone.undone, undone.loan_id) == ((), "checkout", lent.loan_id)
    assert snapshot(desk) == before


def test_a_renewal_undone_gives_back_date_and_count(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.now += 86400
    before = snapshot(desk)
    assert desk.renew("R1", "I1").ok
    assert desk.undo("I1", "checkout").undone == "renew"
    assert snapshot(desk) == before
    assert desk.renew("R1", "I1").ok


def lent(desk: Desk) -> None:
    desk.checkout("R1", "I1")


def claimed(desk: Desk) -> None:
    lent(desk)
    desk.sql("UPDATE loan SET state='claimed', state_on='2026-11-22'")


def lost(desk: Desk) -> None:
    from storage.circulation.standing import Finding

    lent(desk)
    desk.stand("I1", Finding.LOST)


def lent_and_wanted(desk: Desk) -> None:
    lent(desk)
    desk.hold(2, 2, item=1, pickup=LENS)


def lent_and_wanted_elsewhere(desk: Desk) -> None:
    lent(desk)
    desk.hold(2, 2, item=1, pickup=AVION)


@pytest.mark.parametrize(
    ("state", "library"),
    [
        (lent, LENS),
        (lent, AVION),
        (claimed, LENS),
        (lost, LENS),
        (lent_and_wanted, LENS),
        (lent_and_wanted_elsewhere, LIEVIN),
        (travelling, LIEVIN),
        (put_aside, AVION),
        (missing, LENS),
        (going_home, LENS),
    ],
)
def test_a_checkin_undone_is_as_if_it_had_not_been(desk: Desk, state: Callable[[Desk], None], library: int) -> None:
    state(desk)
    before = snapshot(desk)
    desk.now += 60
    assert desk.checkin("I1", library).ok
    assert snapshot(desk) != before
    desk.now += 60
    assert desk.undo("I1", "checkin", library).reasons == ()
    assert snapshot(desk) == before


def test_a_book_drops_return_is_undone_too(desk: Desk) -> None:
    lent(desk)
    before = snapshot(desk)
    desk.now += 40 * 86400
    desk.checkin("I1", returned_at=NOW + 86400)
    assert desk.undo("I1", "checkin").ok
    assert snapshot(desk) == before


def test_what_is_not_the_last_act_of_the_same_hand_a_short_while_ago_stays(desk: Desk) -> None:
    assert desk.undo("I1", "checkout").reasons == (Reason.NOTHING_TO_UNDO,)
    desk.checkout("R1", "I1")
    assert desk.undo("I1", "checkin").reasons == (Reason.NOTHING_TO_UNDO,)
    assert desk.undo("I1", "checkout", card="R2").reasons == (Reason.NOT_ON_LOAN_TO_PATRON,)
    desk.now += WINDOW + 1
    assert desk.undo("I1", "checkout").reasons == (Reason.NOTHING_TO_UNDO,)
    assert desk.undo("I1", "checkout", window=WINDOW + 1).ok
    assert desk.undo("I1", "checkout", window=WINDOW + 1).reasons == (Reason.NOTHING_TO_UNDO,)
    desk.checkout("R1", "I1")
    desk.sql("UPDATE journal SET actor='other'")
    assert desk.undo("I1", "checkout").reasons == (Reason.NOTHING_TO_UNDO,)
    assert desk.status("I1") is Status.ON_LOAN


def test_what_ended_anothers_loan_or_was_told_late_is_for_staff(desk: Desk) -> None:
    desk.checkout("R2", "I1")
    desk.now += 60
    desk.checkout("R1", "I1", force=True)
    assert desk.undo("I1", "checkout").reasons == (Reason.NOTHING_TO_UNDO,)
    desk.checkout("R1", "I2", offline=True, done_at=desk.now - 30)
    assert desk.undo("I2", "checkout").reasons == (Reason.NOTHING_TO_UNDO,)


def test_the_journal_keeps_both(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.undo("I1", "checkout")
    assert desk.sql("SELECT act FROM journal ORDER BY seq") == [("checkout",), ("undo-checkout",)]
