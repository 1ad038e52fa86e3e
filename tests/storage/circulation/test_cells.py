"""Events by states (domain.md 2.3): each cell of the table has its line here, named by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from storage.circulation.checkin import Alert
from storage.circulation.status import Status
from storage.refusals import Reason
from tests.network import AVION, DEPARTMENT, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk

State = Callable[[Desk], object]
DAY = 86400


def on_shelf(_desk: Desk) -> None:
    """I1 stands on its shelf in LENS."""


def wanted_by_r1(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LENS)


def wanted_by_r2_then_r1(desk: Desk) -> None:
    desk.hold(2, 2, item=1, pickup=LENS, at=NOW - 10)
    desk.hold(1, 1, item=1, pickup=LENS, at=NOW - 5)


def wanted_by_r2(desk: Desk) -> None:
    desk.hold(2, 2, item=1, pickup=LENS)


def wanted_in_avion(desk: Desk) -> None:
    desk.hold(2, 2, item=1, pickup=AVION)


def put_aside_for_r1(desk: Desk) -> None:
    wanted_by_r1(desk)
    desk.checkin("I1")


def put_aside_for_r2(desk: Desk) -> None:
    wanted_by_r2(desk)
    desk.checkin("I1")


def put_aside_too_long(desk: Desk) -> None:
    put_aside_for_r2(desk)
    desk.sql("UPDATE hold SET shelf_until='2026-11-01'")


def put_aside_too_long_with_an_heir(desk: Desk) -> None:
    put_aside_too_long(desk)
    desk.hold(3, 3, item=1, pickup=AVION)


def lent_to_r1(desk: Desk) -> None:
    desk.checkout("R1", "I1")


def lent_to_r2(desk: Desk) -> None:
    desk.checkout("R2", "I1")


def on_its_way_to_r1(desk: Desk) -> None:
    desk.hold(1, 1, item=1, pickup=LIEVIN)
    desk.checkin("I1")


def on_its_way_to_r2(desk: Desk) -> None:
    desk.hold(2, 2, item=1, pickup=LIEVIN)
    desk.checkin("I1")


def on_its_way_for_nobody(desk: Desk) -> None:
    on_its_way_to_r2(desk)
    desk.sql("DELETE FROM hold")


def on_its_way_home(desk: Desk) -> None:
    desk.checkout("R2", "I1")
    desk.checkin("I1", LIEVIN)


def on_its_way_home_and_wanted_in_avion(desk: Desk) -> None:
    on_its_way_home(desk)
    wanted_in_avion(desk)


def missing(desk: Desk) -> None:
    desk.mark("I1", "missing")


def lost(desk: Desk) -> None:
    desk.mark("I1", "lost")


def claimed_by_r1(desk: Desk) -> None:
    lent_to_r1(desk)
    desk.sql("UPDATE loan SET state='claimed'")


def lost_by_r1(desk: Desk) -> None:
    lent_to_r1(desk)
    desk.sql("UPDATE loan SET state='lost'")


def damaged(desk: Desk) -> None:
    desk.mark("I1", "damaged")
    wanted_by_r1(desk)


def in_process(desk: Desk) -> None:
    desk.mark("I1", "in-process")


def withdrawn(desk: Desk) -> None:
    desk.mark("I1", "withdrawn")


def borrowed_for_r1(desk: Desk) -> None:
    desk.sql("UPDATE item SET temporary=1, owner_id=4, home_id=4, due_back_on='2026-12-10' WHERE id=1")
    put_aside_for_r1(desk)


def borrowed_and_lent_to_r1(desk: Desk) -> None:
    borrowed_for_r1(desk)
    desk.checkout("R1", "I1")
    desk.sql("INSERT INTO hold(id, patron_id, target_item_id, pickup_id, requested_at) VALUES (9, 3, 1, 2, 1)")


def unknown(desk: Desk) -> None:
    desk.sql("DELETE FROM barcode WHERE number='I1'")


class Out(NamedTuple):
    """CHECKOUT to R1 at LENS: refused for *reasons*, else lent; *held* is how a hold ended, *gone* whether transits are."""

    state: State
    reasons: tuple[Reason, ...] = ()
    ended: tuple[str, ...] = ()
    at: int = LENS
    due: str = "2026-12-20"


CHECKOUT = {
    "shelf, no hold: loan": Out(on_shelf),
    "shelf, p first: loan, honoured [1.2.1]": Out(wanted_by_r1, ended=("honoured",)),
    "shelf, p not first: refused [1.2.2]": Out(wanted_by_r2_then_r1, (Reason.HELD_FOR_OTHER,)),
    "shelf, another waits: refused [1.2.2]": Out(wanted_by_r2, (Reason.HELD_FOR_OTHER,)),
    "hold shelf, owner: loan, honoured [2.1]": Out(put_aside_for_r1, ended=("honoured",)),
    "hold shelf, other: refused [2.2]": Out(put_aside_for_r2, (Reason.HELD_FOR_OTHER,)),
    "on loan to p: refused": Out(lent_to_r1, (Reason.ALREADY_ON_LOAN,)),
    "on loan to q: refused": Out(lent_to_r2, (Reason.ON_LOAN_TO_OTHER,)),
    "transit to P, owner: loan anywhere [4.1]": Out(on_its_way_to_r1, ended=("honoured",), at=AVION),
    "transit to P, other: refused [4.2]": Out(on_its_way_to_r2, (Reason.HELD_FOR_OTHER,)),
    "transit home, no hold: loan [5.1]": Out(on_its_way_home, at=AVION),
    "transit home, another waits: refused": Out(on_its_way_home_and_wanted_in_avion, (Reason.HELD_FOR_OTHER,)),
    "missing: found, loan": Out(missing),
    "lost: found, loan": Out(lost),
    "claimed by p: refused": Out(claimed_by_r1, (Reason.CLAIMED_RETURNED,)),
    "lost by p: refused": Out(lost_by_r1, (Reason.DECLARED_LOST,)),
    "damaged: refused": Out(damaged, (Reason.IN_PROCESS,)),
    "in process: refused": Out(in_process, (Reason.IN_PROCESS,)),
    "withdrawn: refused": Out(withdrawn, (Reason.WITHDRAWN,)),
    "departmental, requester: due before it leaves": Out(borrowed_for_r1, ended=("honoured",), due="2026-12-10"),
    "unknown: refused": Out(unknown, (Reason.UNKNOWN_ITEM,)),
}


@pytest.mark.parametrize("cell", CHECKOUT)
def test_checkout(desk: Desk, cell: str) -> None:
    state, reasons, ended, at, due = CHECKOUT[cell]
    state(desk)
    open_loans = desk.sql("SELECT id FROM loan")
    answer = desk.checkout("R1", "I1", at)
    assert answer.reasons == reasons
    if reasons:
        assert desk.sql("SELECT id FROM loan") == open_loans
        return
    assert answer.due is not None
    assert answer.due.on == due
    assert desk.status("I1") is Status.ON_LOAN
    assert [outcome for (outcome,) in desk.sql("SELECT outcome FROM past_hold")] == list(ended)
    assert desk.sql("SELECT 1 FROM transit WHERE received_at IS NULL") == []
    assert desk.sql("SELECT current_id, condition FROM item WHERE id=1") == [(at, "good")]


def test_a_departmental_item_is_for_its_requester_alone(desk: Desk) -> None:
    borrowed_for_r1(desk)
    assert desk.checkout("R2", "I1").reasons == (Reason.HELD_FOR_OTHER,)
    desk.sql("DELETE FROM hold")
    assert desk.checkout("R1", "I1").reasons == (Reason.HELD_FOR_OTHER,)


@pytest.mark.parametrize(("held", "lent"), [("first", False), ("any-waiter", True), ("present", True)])
def test_who_waits_further_back_borrows_where_the_policy_says_so(desk: Desk, held: str, lent: bool) -> None:
    desk.vote(**{"loan.held": held})
    wanted_by_r2_then_r1(desk)
    assert desk.checkout("R1", "I1").ok is lent
    assert desk.sql("SELECT id FROM past_hold") == ([(1,)] if lent else [])


def test_who_stands_at_the_shelf_borrows_and_the_pull_ends(desk: Desk) -> None:
    desk.vote(**{"loan.held": "present"})
    wanted_by_r2(desk)
    desk.sql("INSERT INTO pull(id, hold_id, item_id, library_id, asked_at, until_at) VALUES (1, 2, 1, 1, 1, 2)")
    assert desk.checkout("R1", "I1").ok
    assert desk.sql("SELECT outcome, ended_at FROM pull") == [("released", NOW)]
    assert desk.sql("SELECT state FROM hold") == [("waiting",)]


class In(NamedTuple):
    """CHECKIN at *at*: what the item does then, with what alert, and where it goes."""

    state: State
    at: int
    status: Status
    alert: Alert | None = None
    to: int | None = None
    remarks: tuple[Reason, ...] = (Reason.NOT_ON_LOAN,)
    told: tuple[str, ...] = ()
    condition: str = "good"


RETURNED = ()
CHECKIN = {
    "shelf, hold, P = L: hold shelf [1.2.1]": In(wanted_by_r1, LENS, Status.ON_HOLD_SHELF, Alert.HOLD_HERE),
    "shelf, hold, P /= L: transit [1.2.2]": In(wanted_in_avion, LENS, Status.IN_TRANSIT, Alert.HOLD_ELSEWHERE, AVION),
    "shelf, no hold, H = L: nothing [1.1.1]": In(on_shelf, LENS, Status.AVAILABLE),
    "shelf, no hold, H /= L: transit home [1.1.2]": In(on_shelf, AVION, Status.IN_TRANSIT, Alert.SEND, LENS),
    "hold shelf, L = P: no change [2.1]": In(put_aside_for_r1, LENS, Status.ON_HOLD_SHELF, Alert.HOLD_HERE),
    "hold shelf, L /= P: to P again [2.2]": In(
        put_aside_for_r1, AVION, Status.IN_TRANSIT, Alert.HOLD_ELSEWHERE, LENS
    ),
    "hold shelf, expired: shelf": In(put_aside_too_long, LENS, Status.AVAILABLE),
    "hold shelf, expired: next hold": In(
        put_aside_too_long_with_an_heir, LENS, Status.IN_TRANSIT, Alert.HOLD_ELSEWHERE, AVION
    ),
    "on loan, H = L: shelf [3.1]": In(lent_to_r2, LENS, Status.AVAILABLE, remarks=RETURNED),
    "on loan, H /= L: transit home [3.2]": In(lent_to_r2, AVION, Status.IN_TRANSIT, Alert.SEND, LENS, RETURNED),
    "transit to P, L = P: hold shelf [4.1]": In(on_its_way_to_r1, LIEVIN, Status.ON_HOLD_SHELF, Alert.HOLD_HERE),
    "transit to P, L /= P: goes on [4.2]": In(
        on_its_way_to_r1, AVION, Status.IN_TRANSIT, Alert.HOLD_ELSEWHERE, LIEVIN
    ),
    "transit to P, hold gone: home": In(on_its_way_for_nobody, AVION, Status.IN_TRANSIT, Alert.SEND, LENS),
    "transit to P, hold gone, seen at home": In(on_its_way_for_nobody, LENS, Status.AVAILABLE),
    "transit home, L = H: shelf": In(on_its_way_home, LENS, Status.AVAILABLE),
    "transit home, L /= H: goes on [5.x]": In(on_its_way_home, AVION, Status.IN_TRANSIT, Alert.SEND, LENS),
    "transit home, hold, P = L: hold shelf [5.x]": In(
        on_its_way_home_and_wanted_in_avion, AVION, Status.ON_HOLD_SHELF, Alert.HOLD_HERE
    ),
    "transit home, hold, P /= L: diverted [5.x]": In(
        on_its_way_home_and_wanted_in_avion, LIEVIN, Status.IN_TRANSIT, Alert.HOLD_ELSEWHERE, AVION
    ),
    "missing: found": In(missing, LENS, Status.AVAILABLE),
    "lost: found": In(lost, LENS, Status.AVAILABLE),
    "claimed: closed, staff told": In(
        claimed_by_r1, LENS, Status.AVAILABLE, Alert.OTHER, None, (Reason.CLAIMED_RETURNED,), ("claim-found",)
    ),
    "lost loan: closed, staff told": In(
        lost_by_r1, LENS, Status.AVAILABLE, Alert.OTHER, None, (Reason.DECLARED_LOST,), ("lost-found",)
    ),
    "damaged: to staff, no capture": In(
        damaged, LENS, Status.DAMAGED, Alert.OTHER, None, (Reason.NOT_ON_LOAN, Reason.IN_PROCESS), (), "damaged"
    ),
    "withdrawn: alert": In(
        withdrawn, LENS, Status.WITHDRAWN, Alert.OTHER, None, (Reason.NOT_ON_LOAN, Reason.WITHDRAWN),
        ("withdrawn-seen",), "withdrawn",
    ),
    "departmental: to its lender": In(
        borrowed_and_lent_to_r1, LENS, Status.IN_TRANSIT, Alert.SEND, DEPARTMENT, RETURNED
    ),
}  # fmt: skip


@pytest.mark.parametrize("cell", CHECKIN)
def test_checkin(desk: Desk, cell: str) -> None:
    state, at, status, alert, to, remarks, told, condition = CHECKIN[cell]
    state(desk)
    answer = desk.checkin("I1", at)
    assert answer.ok
    assert (answer.alert, answer.destination and answer.destination.id) == (alert, to)
    assert answer.remarks == remarks
    assert desk.status("I1") is status
    assert desk.anomalies() == list(told)
    assert desk.sql("SELECT current_id, condition FROM item WHERE id=1") == [(at, condition)]
    assert desk.sql("SELECT to_id FROM transit WHERE received_at IS NULL") == ([] if to is None else [(to,)])
    assert desk.sql("SELECT 1 FROM loan") == []


def test_an_unknown_barcode_comes_in_as_an_alert_and_is_logged(desk: Desk) -> None:
    unknown(desk)
    answer = desk.checkin("I1")
    assert (answer.reasons, answer.alert) == ((Reason.UNKNOWN_ITEM,), Alert.OTHER)
    assert desk.sql("SELECT act, detail FROM journal") == [("unknown-barcode", "...I1(2)")]
