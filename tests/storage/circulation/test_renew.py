"""Renewals: never shorter, and every reason when refused."""

from __future__ import annotations

import pytest

from storage.circulation.due import Due
from storage.refusals import Reason
from tests.network import LENS, NOW
from tests.storage.circulation.desk import Desk

DAY = 86400


def test_a_renewal_counts_from_today_and_is_counted(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.now += 20 * DAY
    answer = desk.renew("R1", "I1")
    assert answer.ok
    assert answer.renewals == 1
    assert answer.due == Due("2027-01-09")
    desk.now += DAY
    assert desk.renew("R1", "I1").reasons == (Reason.TOO_MANY_RENEWALS,)


def test_renewing_twice_in_one_day_is_renewing_once(desk: Desk) -> None:
    desk.vote(**{"renewal.base": "due", "renewal.limit": "5"})
    desk.checkout("R1", "I1")
    first = desk.renew("R1", "I1")
    again = desk.renew("R1", "I1")
    assert (again.ok, again.due, again.renewals) == (True, first.due, 1)
    assert desk.sql("SELECT renewals, due_on, renewed_on FROM loan") == [(1, "2027-01-17", "2026-11-22")]
    desk.now += DAY
    assert desk.renew("R1", "I1").due == Due("2027-02-14")


def test_a_renewal_never_shortens(desk: Desk) -> None:
    desk.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    desk.sql("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'renewal.period', '7 days')")
    desk.reload()
    desk.checkout("R1", "I1")
    assert desk.renew("R1", "I1").due == Due("2026-12-20")


def test_a_renewal_from_the_due_date_where_the_policy_says_so(desk: Desk) -> None:
    desk.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    desk.sql("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'renewal.base', 'due')")
    desk.reload()
    desk.checkout("R1", "I1")
    assert desk.renew("R1", "I1").due == Due("2027-01-17")


@pytest.mark.parametrize(
    ("card", "barcode", "change", "reason"),
    [
        ("R1", "I2", None, Reason.NOT_ON_LOAN),
        ("R2", "I1", None, Reason.NOT_ON_LOAN_TO_PATRON),
        ("R1", "I99", None, Reason.UNKNOWN_ITEM),
        ("R99", "I1", None, Reason.UNKNOWN_PATRON),
        ("R1", "I1", "UPDATE loan SET state='claimed'", Reason.CLAIMED_RETURNED),
        ("R1", "I1", "UPDATE loan SET state='lost'", Reason.DECLARED_LOST),
        ("R1", "I1", "UPDATE loan SET due_on='2026-11-11'", Reason.TOO_LATE_TO_RENEW),
        ("R1", "I1", "UPDATE patron SET valid_until='2026-11-01'", Reason.PATRON_EXPIRED),
        ("R1", "I1", "INSERT INTO block(patron_id, kind, acts) VALUES (1, 'x', 'renew')", Reason.PATRON_BLOCKED),
    ],
)
def test_each_obstacle_is_the_reason(desk: Desk, card: str, barcode: str, change: str | None, reason: Reason) -> None:
    desk.checkout("R1", "I1")
    if change:
        desk.sql(change)
    assert desk.renew(card, barcode).reasons == (reason,)
    assert desk.sql("SELECT renewals FROM loan") == [(0,)]


def test_where_the_policy_allows_no_renewal_the_reader_is_told_so(desk: Desk) -> None:
    desk.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    desk.sql("INSERT INTO rule(policy_set_id, attribute, value, item_type_id) VALUES (1, 'renewal.limit', '0', 2)")
    desk.reload()
    desk.checkout("R1", "I1")
    assert desk.renew("R1", "I1").reasons == (Reason.RENEWAL_NOT_ALLOWED,)


def test_ten_days_late_may_still_renew(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.sql("UPDATE loan SET due_on='2026-11-12'")
    assert desk.renew("R1", "I1").ok


def test_what_another_reader_waits_for_is_not_renewed(desk: Desk) -> None:
    desk.vote(**{"renewal.limit": "5"})
    desk.checkout("R1", "I1")
    desk.hold(1, 1, item=1, pickup=LENS, at=NOW)
    assert desk.renew("R1", "I1").ok
    desk.hold(2, 2, item=1, pickup=LENS, at=NOW)
    desk.now += DAY
    assert desk.renew("R1", "I1").reasons == (Reason.WAITED_FOR,)


def test_a_wrong_pin_renews_nothing(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    assert desk.renew("R1", "I1", pin="9").reasons == (Reason.WRONG_PIN,)
    assert desk.sql("SELECT pin_failures FROM patron WHERE id=1") == [(1,)]
