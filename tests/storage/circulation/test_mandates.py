"""Against the rules: staff's will, and what has happened already (domain.md 2.13; sip2.md 15.1.5; ncip.md MandatedAction)."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.circulation.due import Due
from storage.circulation.status import Status
from storage.database import Location
from storage.refusals import Reason
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.desk import Desk

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE item SET for_loan=0 WHERE id=1", Reason.NOT_FOR_LOAN),
        ("UPDATE item SET condition='damaged' WHERE id=1", Reason.IN_PROCESS),
        ("UPDATE patron SET valid_until='2026-11-21' WHERE id=1", Reason.PATRON_EXPIRED),
        ("INSERT INTO block(patron_id, kind) VALUES (1, 'manual')", Reason.PATRON_BLOCKED),
        ("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'loan.limit', '0')", Reason.TOO_MANY_LOANS),
        ("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'loan.allowed', 'no')", Reason.NOT_FOR_LOAN),
    ],
)
def test_staff_overrule_a_rule_and_the_journal_says_which(desk: Desk, change: str, reason: Reason) -> None:
    desk.vote()
    desk.sql(change)
    desk.reload()
    assert desk.checkout("R1", "I1").reasons == (reason,)
    assert desk.checkout("R1", "I1", force=True).ok
    ((detail,),) = desk.sql("SELECT detail FROM journal WHERE act='checkout'")
    assert f"overruled={reason.value}" in detail
    assert desk.status("I1") is Status.ON_LOAN
    assert desk.anomalies() == []


def test_staff_overrule_no_fact(desk: Desk) -> None:
    desk.sql("UPDATE item SET condition='withdrawn' WHERE id=1")
    assert desk.checkout("R1", "I1", force=True).reasons == (Reason.WITHDRAWN,)
    assert desk.checkout("R1", "nothing", force=True).reasons == (Reason.UNKNOWN_ITEM,)
    assert desk.checkout("nobody", "I2", force=True).reasons == (Reason.UNKNOWN_PATRON,)
    assert desk.checkout("R1", "I2", force=True, pin="0").reasons == (Reason.WRONG_PIN,)
    desk.checkout("R1", "I2")
    assert desk.checkout("R1", "I2", force=True).reasons == (Reason.ALREADY_ON_LOAN,)
    assert desk.sql("SELECT count(*) FROM loan") == [(1,)]


def test_staff_take_an_item_in_and_lend_it_in_one_act(desk: Desk) -> None:
    """The cell "on loan to q, staff" [3.x]."""
    first = desk.checkout("R2", "I1")
    desk.now += HOUR
    second = desk.checkout("R1", "I1", force=True)
    assert second.ok
    assert desk.sql("SELECT id, state, in_at FROM past_loan") == [(first.loan_id, "returned", NOW + HOUR)]
    assert desk.sql("SELECT id, patron_id FROM loan") == [(second.loan_id, 1)]
    assert desk.anomalies() == ["return-deduced"]


def test_staff_lend_what_is_put_aside_and_whoever_waits_hears_of_it(desk: Desk) -> None:
    desk.hold(2, 2, item=1, pickup=LENS)
    desk.checkin("I1")
    assert desk.checkout("R1", "I1", force=True).ok
    assert desk.sql("SELECT state, item_id, shelf_until FROM hold") == [("waiting", None, None)]
    assert desk.notices() == [("hold-ready", 2), ("hold-delayed", 2)]
    assert desk.anomalies() == ["hold-bypassed"]


def test_a_renewal_against_the_rules(desk: Desk) -> None:
    desk.vote(**{"renewal.limit": "0"})
    desk.checkout("R1", "I1")
    desk.now += DAY
    assert desk.renew("R1", "I1").reasons == (Reason.RENEWAL_NOT_ALLOWED,)
    assert desk.renew("R1", "I1", force=True).due == Due("2026-12-21")
    assert desk.sql("SELECT detail FROM journal WHERE act='renew'") == [
        ("was=2026-12-20 day= overruled=renewal-not-allowed",)
    ]


def test_a_wish_shortens_and_staff_may_lengthen(desk: Desk) -> None:
    assert desk.checkout("R1", "I1", due=Due("2026-12-01")).due == Due("2026-12-01")
    assert desk.checkout("R1", "I2", due=Due("2027-12-01")).due == Due("2026-12-20")
    assert desk.checkout("R1", "I3", due=Due("2027-02-01"), force=True).due == Due("2027-02-01")


# --- off-line ------------------------------------------------------------------------------------------------------------


def test_what_has_happened_is_recorded_at_its_time_with_the_due_date_that_was_told(desk: Desk) -> None:
    answer = desk.checkout("R1", "I1", offline=True, done_at=NOW - 3 * HOUR, due=Due("2026-12-24"))
    assert answer.ok
    assert desk.sql("SELECT out_at, due_on FROM loan") == [(NOW - 3 * HOUR, "2026-12-24")]
    assert desk.anomalies() == []


def test_without_a_date_told_it_is_due_as_from_its_own_day(desk: Desk) -> None:
    assert desk.checkout("R1", "I1", offline=True, done_at=NOW - 2 * DAY).due == Due("2026-12-18")


def test_an_off_line_loan_against_the_rules_is_made_and_staff_are_told(desk: Desk) -> None:
    desk.sql("INSERT INTO block(patron_id, kind) VALUES (1, 'manual')")
    desk.sql("UPDATE item SET for_loan=0 WHERE id=1")
    assert desk.checkout("R1", "I1", offline=True, done_at=NOW - HOUR, pin="wrong").ok
    assert desk.sql("SELECT kind, detail FROM anomaly") == [("offline-refused", "patron-blocked,not-for-loan")]
    assert desk.sql("SELECT pin_failures FROM patron WHERE id=1") == [(0,)]


def test_a_withdrawn_item_that_went_off_line_is_with_its_reader(desk: Desk) -> None:
    desk.mark("I1", "withdrawn")
    assert desk.checkout("R1", "I1", offline=True, done_at=NOW - HOUR).ok
    assert desk.sql("SELECT condition FROM item WHERE id=1") == [("good",)]
    assert desk.anomalies() == ["withdrawn-lent"]


def test_an_off_line_loan_of_what_another_had_ends_the_others_loan_as_deduced(desk: Desk) -> None:
    first = desk.checkout("R2", "I1")
    desk.now += DAY
    second = desk.checkout("R1", "I1", offline=True, done_at=desk.now - HOUR)
    assert second.ok
    assert desk.sql("SELECT id, state, in_at FROM past_loan") == [(first.loan_id, "deduced", desk.now - HOUR)]
    assert desk.sql("SELECT id, patron_id, out_at FROM loan") == [(second.loan_id, 1, desk.now - HOUR)]
    assert desk.anomalies() == ["return-deduced"]


def test_an_off_line_loan_that_a_later_live_one_overtook_is_past(desk: Desk) -> None:
    desk.checkout("R2", "I1")
    answer = desk.checkout("R1", "I1", offline=True, done_at=NOW - HOUR)
    assert answer.ok
    assert desk.sql("SELECT id, out_at, in_at, state FROM past_loan") == [(answer.loan_id, NOW - HOUR, NOW, "deduced")]
    assert desk.sql("SELECT patron_id FROM loan") == [(2,)]
    assert desk.sql("SELECT patron_id FROM past_loan_reader") == [(1,)]
    assert desk.anomalies() == ["offline-overtaken"]


def test_an_off_line_loan_that_was_returned_live_is_past(desk: Desk) -> None:
    desk.checkout("R2", "I1")
    desk.now += DAY
    desk.checkin("I1")
    answer = desk.checkout("R1", "I1", offline=True, done_at=NOW + HOUR)
    assert answer.ok
    assert desk.sql("SELECT out_at, in_at, state FROM past_loan WHERE id=?", answer.loan_id) == [
        (NOW + HOUR, NOW + DAY, "deduced")
    ]
    assert desk.sql("SELECT 1 FROM loan") == []


def test_a_batch_told_twice_changes_nothing_the_second_time(desk: Desk) -> None:
    def tell() -> list[object]:
        done = NOW - HOUR
        answers: list[Any] = [
            desk.checkout("R1", "I1", offline=True, done_at=done),
            desk.checkin("I2", offline=True, returned_at=done + 60),
            desk.checkout("R2", "I2", offline=True, done_at=done + 120),
            desk.checkin("I2", offline=True, returned_at=done + 180),
        ]
        return [(answer.ok, getattr(answer, "loan_id", None), getattr(answer, "due", None)) for answer in answers]

    def state() -> list[object]:
        return [
            desk.sql("SELECT id, patron_id, out_at, due_on, renewals FROM loan ORDER BY id"),
            desk.sql("SELECT id, out_at, in_at, state FROM past_loan ORDER BY id"),
        ]

    first, after = tell(), state()
    assert tell() == first
    assert state() == after


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_whichever_of_two_off_line_kiosks_tells_first_the_later_scan_has_the_item(
    desk: Desk, order: tuple[int, int]
) -> None:
    acts = [("R1", NOW - 2 * HOUR, LENS), ("R2", NOW - HOUR, LIEVIN)]
    for which in order:
        card, at, library = acts[which]
        assert desk.checkout(card, "I1", library, offline=True, done_at=at).ok
    assert desk.sql("SELECT patron_id, out_at FROM loan") == [(2, NOW - HOUR)]
    assert desk.sql("SELECT out_at, in_at, state FROM past_loan") == [(NOW - 2 * HOUR, NOW - HOUR, "deduced")]


def test_an_off_line_return_from_before_the_present_loan_leaves_it_alone(desk: Desk) -> None:
    """The race "stale book-drop"."""
    desk.checkout("R1", "I1")
    answer = desk.checkin("I1", AVION, offline=True, returned_at=NOW - HOUR)
    assert answer.ok
    assert not answer.was_on_loan
    assert desk.status("I1") is Status.ON_LOAN
    assert desk.sql("SELECT current_id FROM item WHERE id=1") == [(LENS,)]
    assert desk.anomalies() == ["offline-overtaken"]


def test_an_off_line_act_on_what_nobody_knows_is_for_staff_without_the_numbers(desk: Desk) -> None:
    assert desk.checkout("29000000012345", "I1", offline=True, done_at=NOW).reasons == (Reason.UNKNOWN_PATRON,)
    assert desk.renew("R1", "I1", offline=True, done_at=NOW).reasons == (Reason.NOT_ON_LOAN,)
    assert desk.sql("SELECT kind, item_id, detail FROM anomaly ORDER BY id") == [
        ("offline-unknown", 1, "unknown-patron item=...I1(2) card=...2345(14)"),
        ("offline-unknown", 1, "not-on-loan item=...I1(2) card=...R1(2)"),
    ]


def test_an_off_line_loan_of_what_the_reader_has_is_a_renewal(desk: Desk) -> None:
    desk.vote(**{"renewal.limit": "0"})
    desk.checkout("R1", "I1")
    desk.now += 2 * DAY
    answer = desk.checkout("R1", "I1", offline=True, done_at=desk.now - HOUR)
    assert (answer.ok, answer.renewed, answer.due) == (True, True, Due("2026-12-22"))
    assert desk.anomalies() == ["offline-refused"]


def test_an_item_returned_live_before_the_off_line_kiosk_told_of_its_loan_is_not_on_loan(desk: Desk) -> None:
    assert desk.checkin("I1", AVION).remarks == (Reason.NOT_ON_LOAN,)
    answer = desk.checkout("R1", "I1", offline=True, done_at=NOW - HOUR)
    assert answer.ok
    assert desk.sql("SELECT 1 FROM loan") == []
    assert desk.sql("SELECT out_at, in_at, state FROM past_loan") == [(NOW - HOUR, NOW, "deduced")]
    assert desk.status("I1") is Status.IN_TRANSIT


EVENTS = st.lists(st.sampled_from(["R1", "R2", "in"]), min_size=1, max_size=5)


@given(events=EVENTS, told=st.randoms(use_true_random=False))
@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_in_whatever_order_they_are_told_the_last_scan_has_the_item(
    small_network_template: Path, events: list[str], told: random.Random
) -> None:
    """Off-line batches of several devices converge on where the item is (domain.md 2.13)."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(small_network_template, directory, dirs_exist_ok=True)
        desk = Desk(Location(Path(directory)))
        try:
            order = list(enumerate(events))
            told.shuffle(order)
            for number, who in order * 2:  # Each is told twice: the second time changes nothing.
                at = NOW - HOUR + number
                if who == "in":
                    assert desk.checkin("I1", offline=True, returned_at=at).ok
                else:
                    assert desk.checkout(who, "I1", offline=True, done_at=at).ok
            wanted = [] if events[-1] == "in" else [(int(events[-1][1:]),)]
            assert desk.sql("SELECT patron_id FROM loan") == wanted
            assert desk.sql("SELECT 1 FROM past_loan WHERE in_at < out_at") == []
            assert len(desk.sql("SELECT 1 FROM past_loan")) <= len(events)
        finally:
            desk.close()
