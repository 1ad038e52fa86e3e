"""The row "CHECKOUT" of the event table, reason by reason."""

from __future__ import annotations

import pytest

from storage.circulation.due import Due
from storage.circulation.pins import LOCK_SECONDS, TRIES, PinState
from storage.circulation.status import Status
from storage.refusals import SENTENCES, Reason
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk

DAY = 86400


def test_a_loan_is_made_and_seen_in_both_accounts(desk: Desk) -> None:
    answer = desk.checkout("R1", "I1")
    assert answer.ok
    assert answer.due == Due("2026-12-20")
    item = desk.item("I1").item
    assert item is not None
    assert item.status is Status.ON_LOAN
    assert item.due == answer.due
    account = desk.patron("R1")
    assert [(loan.barcode, loan.due_on) for loan in account.loans] == [("I1", "2026-12-20")]
    assert not account.overdue


def test_the_journal_names_the_act_and_never_the_reader(desk: Desk) -> None:
    answer = desk.checkout("R1", "I1")
    rows = desk.sql("SELECT act, channel, actor, library_id, item_id, loan_id, because FROM journal")
    assert rows == [("checkout", "sip2", "desk", LENS, 1, answer.loan_id, "default:loan.allowed default:loan.period")]
    columns = [row[1] for row in desk.sql("PRAGMA table_info(journal)")]
    assert "patron_id" not in columns


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE item SET condition='withdrawn' WHERE id=1", Reason.WITHDRAWN),
        ("UPDATE item SET condition='damaged' WHERE id=1", Reason.IN_PROCESS),
        ("UPDATE item SET condition='repair' WHERE id=1", Reason.IN_PROCESS),
        ("UPDATE item SET condition='on-order' WHERE id=1", Reason.IN_PROCESS),
        ("UPDATE item SET for_loan=0 WHERE id=1", Reason.NOT_FOR_LOAN),
        ("UPDATE patron SET valid_until='2026-11-21' WHERE id=1", Reason.PATRON_EXPIRED),
        ("INSERT INTO block(patron_id, kind) VALUES (1, 'manual')", Reason.PATRON_BLOCKED),
        ("INSERT INTO block(patron_id, kind, acts) VALUES (1, 'manual', 'hold checkout')", Reason.PATRON_BLOCKED),
        ("UPDATE card SET status='lost' WHERE number='R1'", Reason.CARD_LOST),
        ("UPDATE card SET status='stolen' WHERE number='R1'", Reason.CARD_LOST),
        ("UPDATE card SET status='replaced' WHERE number='R1'", Reason.CARD_REPLACED),
        ("UPDATE card SET status='cancelled' WHERE number='R1'", Reason.CARD_CANCELLED),
        ("DELETE FROM card WHERE number='R1'", Reason.UNKNOWN_PATRON),
        (
            "INSERT INTO loan VALUES (9,1,2,1,2,'sip2',1790000000,'2026-12-01',NULL,0,'open',NULL,NULL)",
            Reason.ON_LOAN_TO_OTHER,
        ),
        (
            "INSERT INTO loan VALUES (9,1,1,1,2,'sip2',1790000000,'2026-12-01',NULL,0,'open',NULL,NULL)",
            Reason.ALREADY_ON_LOAN,
        ),
        (
            "INSERT INTO loan VALUES (9,1,1,1,2,'sip2',1790000000,'2026-12-01',NULL,0,'claimed',NULL,NULL)",
            Reason.CLAIMED_RETURNED,
        ),
        (
            "INSERT INTO loan VALUES (9,1,2,1,2,'sip2',1790000000,'2026-12-01',NULL,0,'lost',NULL,NULL)",
            Reason.DECLARED_LOST,
        ),
        (
            "INSERT INTO hold(id,patron_id,target_item_id,pickup_id,requested_at) VALUES (1,2,1,1,1)",
            Reason.HELD_FOR_OTHER,
        ),
        (
            "INSERT INTO hold(id,patron_id,target_item_id,pickup_id,requested_at,state,item_id) VALUES (1,2,1,1,1,'shelf',1)",
            Reason.HELD_FOR_OTHER,
        ),
    ],
)
def test_each_obstacle_is_the_reason_and_changes_nothing(desk: Desk, change: str, reason: Reason) -> None:
    desk.sql(change)
    before = desk.sql("SELECT count(*) FROM loan")
    answer = desk.checkout("R1", "I1")
    assert answer.reasons == (reason,)
    assert desk.sql("SELECT count(*) FROM loan") == before
    assert desk.sql("SELECT count(*) FROM journal") == [(0,)]


def test_an_unknown_barcode_is_refused_and_logged_without_its_number(desk: Desk) -> None:
    """It may be a reader's card, held under the wrong scanner."""
    assert desk.checkout("R1", "29000123456789").reasons == (Reason.UNKNOWN_ITEM,)
    assert desk.sql("SELECT act, library_id, actor, detail FROM journal") == [
        ("unknown-barcode", LENS, "desk", "...6789(14)")
    ]


def test_all_reasons_come_at_once_the_readers_first(desk: Desk) -> None:
    desk.sql("UPDATE patron SET valid_until='2026-01-01' WHERE id=1")
    desk.sql("UPDATE item SET for_loan=0 WHERE id=1")
    assert desk.checkout("R1", "I1").reasons == (Reason.PATRON_EXPIRED, Reason.NOT_FOR_LOAN)


def test_a_block_counts_in_its_time_and_for_its_acts_alone(desk: Desk) -> None:
    desk.sql("INSERT INTO block(patron_id, kind, acts) VALUES (1, 'manual', 'hold')")
    desk.sql("INSERT INTO block(patron_id, kind, to_on) VALUES (1, 'old', '2026-11-21')")
    desk.sql("INSERT INTO block(patron_id, kind, from_on) VALUES (1, 'later', '2026-11-23')")
    assert desk.checkout("R1", "I1").ok
    assert desk.patron("R1").denials["hold"] == (Reason.PATRON_BLOCKED,)


def test_the_last_loan_allowed_is_made_and_the_next_refused(desk: Desk) -> None:
    desk.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    desk.sql("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'loan.limit', '2')")
    desk.reload()
    assert desk.checkout("R1", "I1").ok
    assert desk.patron("R1").denials["checkout"] == ()
    assert desk.checkout("R1", "I2").ok
    assert desk.checkout("R1", "I3").reasons == (Reason.TOO_MANY_LOANS,)
    assert desk.patron("R1").denials["checkout"] == (Reason.TOO_MANY_LOANS,)
    assert desk.checkin("I1").ok
    assert desk.checkout("R1", "I3").ok


def test_a_limit_on_a_type_counts_that_type_alone(desk: Desk) -> None:
    desk.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    desk.sql("INSERT INTO rule(policy_set_id, attribute, value, item_type_id) VALUES (1, 'loan.limit', '1', 3)")
    desk.reload()
    assert desk.checkout("R1", "I1").ok
    assert desk.checkout("R1", "I5").ok
    desk.sql("UPDATE item SET item_type_id=3 WHERE id=2")
    assert desk.checkout("R1", "I2").reasons == (Reason.TOO_MANY_OF_TYPE,)
    assert desk.checkout("R1", "I3").ok


def test_long_overdue_items_block_new_loans_and_short_ones_do_not(desk: Desk) -> None:
    assert desk.checkout("R1", "I1").ok
    desk.now = NOW + (28 + 30) * DAY
    assert desk.checkout("R1", "I2").ok
    assert len(desk.patron("R1").overdue) == 1
    desk.now += DAY
    assert desk.checkout("R1", "I3").reasons == (Reason.OVERDUES,)


def test_a_reader_takes_what_was_put_aside_for_them(desk: Desk) -> None:
    desk.hold(7, 1, item=1, pickup=LENS, state="shelf", item_id=1)
    assert desk.checkout("R1", "I1").ok
    assert desk.sql("SELECT * FROM hold") == []
    assert desk.sql("SELECT id, outcome, item_id, closed_at FROM past_hold") == [(7, "honoured", 1, NOW)]
    assert desk.sql("SELECT * FROM past_hold_reader") == [("2027-03-31", 7, 1)]


def test_a_reader_takes_their_item_out_of_the_shuttle_and_hold_and_transit_end(desk: Desk) -> None:
    desk.hold(7, 1, item=1, pickup=LIEVIN)
    assert desk.checkin("I1", LENS).destination == desk.network.libraries[LIEVIN]
    assert desk.checkout("R2", "I1", AVION).reasons == (Reason.HELD_FOR_OTHER,)
    assert desk.checkout("R1", "I1", AVION).ok
    assert desk.sql("SELECT outcome FROM past_hold") == [("honoured",)]
    assert desk.sql("SELECT * FROM hold") == []
    assert desk.sql("SELECT count(*) FROM transit WHERE received_at IS NULL") == [(0,)]
    assert desk.sql("SELECT current_id FROM item WHERE id=1") == [(AVION,)]


def test_a_missing_item_that_is_lent_is_found(desk: Desk) -> None:
    desk.sql("UPDATE item SET condition='missing' WHERE id=1")
    assert desk.checkout("R1", "I1").ok
    assert desk.sql("SELECT condition FROM item WHERE id=1") == [("good",)]
    assert desk.sql("SELECT detail FROM journal") == [("found=missing",)]


def test_a_second_checkout_renews_where_the_device_may(desk: Desk) -> None:
    first = desk.checkout("R1", "I1")
    desk.now += 7 * DAY
    again = desk.checkout("R1", "I1", renews=True)
    assert again.ok
    assert again.renewed
    assert again.loan_id == first.loan_id
    assert again.due == Due("2026-12-27")


def test_a_closed_library_lends_nothing(desk: Desk) -> None:
    desk.sql("INSERT INTO service_activation VALUES (1, 'circulation', '2027-01-01', NULL)")
    desk.reload()
    assert desk.checkout("R1", "I1").reasons == (Reason.SERVICE_INACTIVE,)
    assert desk.checkout("R1", "I1", LIEVIN).ok


def test_a_wrong_pin_tells_nothing_and_too_many_lock_it(desk: Desk) -> None:
    for _ in range(TRIES):
        answer = desk.checkout("R1", "I1", pin="0000")
        assert answer.reasons == (Reason.WRONG_PIN,)
        assert answer.patron is None
    assert desk.checkout("R1", "I1", pin="1234").reasons == (Reason.PIN_LOCKED,)
    assert desk.patron("R1", pin="1234").pin is PinState.LOCKED
    desk.now += LOCK_SECONDS
    assert desk.checkout("R1", "I1", pin="1234").ok


def test_an_empty_pin_is_wrong_and_an_absent_one_is_not_asked(desk: Desk) -> None:
    assert desk.checkout("R1", "I1", pin="").reasons == (Reason.WRONG_PIN,)
    assert desk.checkout("R1", "I1").ok


def test_old_town_numbers_mean_the_towns_own_item_and_the_networks_come_first(desk: Desk) -> None:
    for namespace, item_id in [("LENS", 1), ("LIEVIN", 2), ("AVION", 3)]:
        desk.sql(
            "INSERT INTO barcode(number, namespace, item_id, is_primary) VALUES ('42', ?, ?, 0)", namespace, item_id
        )
    for library, item_id in [(LENS, 1), (LIEVIN, 2), (AVION, 3)]:
        found = desk.item("42", library).item
        assert found is not None
        assert found.row.id == item_id
    desk.sql("INSERT INTO barcode(number, namespace, item_id, is_primary) VALUES ('42', '', 4, 0)")
    found = desk.item("42", LIEVIN).item
    assert found is not None
    assert found.row.id == 4


def test_a_number_of_two_other_towns_is_ambiguous(desk: Desk) -> None:
    for namespace, item_id in [("LIEVIN", 2), ("AVION", 3)]:
        desk.sql(
            "INSERT INTO barcode(number, namespace, item_id, is_primary) VALUES ('42', ?, ?, 0)", namespace, item_id
        )
        desk.sql(
            "INSERT INTO card(number, namespace, patron_id, is_primary) VALUES ('42', ?, ?, 0)", namespace, item_id
        )
    assert desk.item("42").reason is Reason.AMBIGUOUS_ITEM
    assert desk.patron("42").reason is Reason.AMBIGUOUS_CARD
    assert desk.checkout("42", "42").reasons == (Reason.AMBIGUOUS_CARD, Reason.AMBIGUOUS_ITEM)


def test_where_readers_live_decides_nothing(desk: Desk) -> None:
    for card, residence in [("R1", "62498"), ("R2", "62510"), ("R3", None)]:
        desk.sql("UPDATE patron SET residence=? WHERE code=?", residence, card)
    answers = [desk.checkout(card, f"I{n}") for n, card in enumerate(("R1", "R2", "R3"), 1)]
    assert {(answer.reasons, answer.due) for answer in answers} == {((), Due("2026-12-20"))}


def test_every_reason_has_a_sentence_in_both_languages_short_enough_for_a_screen() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(text and len(text) <= 80 for pair in SENTENCES.values() for text in pair)
