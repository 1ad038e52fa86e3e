"""Claims, losses, marks: what becomes of a loan or an item that is not where it should be (domain.md 2.12)."""

from __future__ import annotations

import pytest

from storage.circulation.due import Due
from storage.circulation.recall import RECALL, RecallAnswer, RecallRequest
from storage.circulation.standing import Finding
from storage.circulation.status import Status
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk


def test_a_claim_leaves_the_counts_and_a_scan_solves_it(desk: Desk) -> None:
    desk.vote(**{"loan.limit": "1"})
    desk.checkout("R1", "I1")
    assert desk.checkout("R1", "I2").reasons == (Reason.TOO_MANY_LOANS,)
    assert desk.stand("I1", Finding.CLAIMED).ok
    assert desk.status("I1") is Status.CLAIMED_RETURNED
    assert desk.sql("SELECT state, state_on FROM loan") == [("claimed", "2026-11-22")]
    assert desk.checkout("R1", "I2").ok
    desk.checkin("I1")
    assert desk.sql("SELECT state FROM past_loan") == [("found-claimed",)]
    assert desk.anomalies() == ["claim-found"]


def test_a_lost_loan_blocks_its_reader_until_it_is_found(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.checkout("R1", "I2")
    for barcode in ("I1", "I2"):
        assert desk.stand(barcode, Finding.LOST).ok
    assert desk.sql("SELECT kind, acts FROM block") == [("unresolved-loss", "checkout hold")]
    assert desk.notices() == [("loan-lost", 1)] * 2
    assert desk.checkout("R1", "I3").reasons == (Reason.PATRON_BLOCKED,)
    desk.checkin("I1", AVION)
    assert desk.checkout("R1", "I3").reasons == (Reason.PATRON_BLOCKED,)
    desk.checkin("I2")
    assert desk.checkout("R1", "I3").ok
    assert desk.anomalies() == ["lost-found", "lost-found"]


@pytest.mark.parametrize(
    ("first", "then", "past", "condition"),
    [
        (Finding.CLAIMED, Finding.RETURNED, "claim-accepted", "missing"),
        (Finding.LOST, Finding.WRITTEN_OFF, "lost", "lost"),
    ],
)
def test_staff_end_a_loan_whose_item_is_gone(
    desk: Desk, first: Finding, then: Finding, past: str, condition: str
) -> None:
    desk.checkout("R1", "I1")
    desk.stand("I1", first)
    assert desk.stand("I1", then).ok
    assert desk.sql("SELECT state FROM past_loan") == [(past,)]
    assert desk.sql("SELECT condition FROM item WHERE id=1") == [(condition,)]
    assert desk.sql("SELECT 1 FROM block") == []
    desk.checkin("I1")
    assert desk.status("I1") is Status.AVAILABLE


@pytest.mark.parametrize("first", [Finding.CLAIMED, Finding.LOST])
def test_a_loan_goes_on_when_it_was_neither(desk: Desk, first: Finding) -> None:
    desk.checkout("R1", "I1")
    desk.stand("I1", first)
    assert desk.stand("I1", Finding.OPEN).ok
    assert desk.status("I1") is Status.ON_LOAN
    assert desk.sql("SELECT 1 FROM block") == []


def test_what_cannot_be_so_is_refused(desk: Desk) -> None:
    assert desk.stand("nothing", Finding.LOST).reasons == (Reason.UNKNOWN_ITEM,)
    assert desk.stand("I1", Finding.LOST).reasons == (Reason.NOT_ON_LOAN,)
    desk.checkout("R1", "I1")
    assert desk.stand("I1", Finding.CLAIMED, card="R2").reasons == (Reason.NOT_ON_LOAN_TO_PATRON,)
    assert desk.stand("I1", Finding.CLAIMED, card="R99").reasons == (Reason.UNKNOWN_PATRON,)
    assert desk.stand("I1", Finding.OPEN).reasons == (Reason.NOT_SO,)
    assert desk.stand("I1", Finding.WRITTEN_OFF).reasons == (Reason.NOT_SO,)
    assert desk.sql("SELECT state FROM loan") == [("open",)]
    assert desk.stand("I1", Finding.CLAIMED, card="R1").ok


# --- marks ---------------------------------------------------------------------------------------------------------------


def test_an_item_is_marked_with_a_note_and_good_again(desk: Desk) -> None:
    assert desk.mark("I1", "damaged", LIEVIN, note="page 12").ok
    assert desk.sql("SELECT condition, note FROM item WHERE id=1") == [("damaged", "page 12")]
    assert desk.mark("I1", "good", LIEVIN).ok
    assert desk.sql("SELECT act, detail FROM journal") == [("mark", "good->damaged"), ("mark", "damaged->good")]
    assert desk.checkout("R1", "I1").ok


def test_only_the_owner_withdraws(desk: Desk) -> None:
    assert desk.mark("I1", "withdrawn", LIEVIN).reasons == (Reason.NOT_OWNER,)
    assert desk.mark("I1", "withdrawn", LENS).ok
    assert desk.mark("I1", "good", LIEVIN).reasons == (Reason.NOT_OWNER,)


def test_what_circulates_is_not_withdrawn(desk: Desk) -> None:
    """I-12."""
    desk.checkout("R1", "I1")
    assert desk.mark("I1", "withdrawn", force=True).reasons == (Reason.IN_CIRCULATION,)
    desk.checkin("I1", LIEVIN)
    assert desk.mark("I1", "withdrawn", force=True).reasons == (Reason.IN_CIRCULATION,)
    desk.checkin("I1", LENS)
    desk.hold(1, 2, item=1, pickup=LENS)
    assert desk.mark("I1", "withdrawn").reasons == (Reason.IN_CIRCULATION,)
    assert desk.mark("I1", "withdrawn", force=True).ok
    assert desk.sql("SELECT id, outcome FROM past_hold") == [(1, "cancelled")]
    assert desk.notices() == [("hold-cancelled", 2)]


def test_a_damaged_item_that_is_put_aside_goes_back_in_line_when_staff_say_so(desk: Desk) -> None:
    desk.hold(1, 2, item=1, pickup=LENS, at=NOW)
    desk.checkin("I1")
    assert desk.mark("I1", "damaged").reasons == (Reason.IN_CIRCULATION,)
    assert desk.mark("I1", "damaged", force=True).ok
    assert desk.sql("SELECT state, item_id FROM hold") == [("waiting", None)]
    assert desk.notices() == [("hold-ready", 2), ("hold-delayed", 2)]


def test_a_marked_item_is_not_asked_for_any_more(desk: Desk) -> None:
    desk.hold(2, 2, item=1, pickup=LENS)
    desk.sql("INSERT INTO pull(id, hold_id, item_id, library_id, asked_at, until_at) VALUES (1, 2, 1, 1, 1, 2)")
    assert desk.mark("I1", "missing").ok
    assert desk.sql("SELECT outcome FROM pull") == [("released",)]


# --- recalls -------------------------------------------------------------------------------------------------------------


def recall(desk: Desk, barcode: str, by: str | None = None) -> RecallAnswer:
    answer: RecallAnswer = desk.run(RECALL, RecallRequest(barcode, desk.origin(LENS), by))
    return answer


def test_a_recall_brings_the_date_forward_and_tells_the_reader(desk: Desk) -> None:
    desk.sql("INSERT INTO calendar_exception(library_id, day) VALUES (1, '2026-11-29')")
    desk.reload()
    desk.checkout("R1", "I1")
    assert recall(desk, "I1").due == Due("2026-11-30")
    assert desk.notices() == [("recalled", 1)]
    assert desk.sql("SELECT detail, because FROM journal WHERE act='recall'") == [
        ("was=2026-12-20 due=2026-11-30", "default:recall.days")
    ]
    assert recall(desk, "I1", "2026-12-24").due == Due("2026-11-30")
    assert desk.notices() == [("recalled", 1)]


def test_a_recall_is_of_an_open_loan(desk: Desk) -> None:
    assert recall(desk, "nothing").reasons == (Reason.UNKNOWN_ITEM,)
    assert recall(desk, "I1").reasons == (Reason.NOT_ON_LOAN,)
    desk.checkout("R1", "I1")
    assert recall(desk, "I1", "2026-12-10").due == Due("2026-12-10")
    desk.stand("I1", Finding.CLAIMED)
    assert recall(desk, "I1").reasons == (Reason.NOT_ON_LOAN,)
