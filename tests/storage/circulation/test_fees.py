"""Fees: none by default; where the network has voted one, the reader agrees first and is told how much."""

from __future__ import annotations

import pytest

from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.fees import Fee
from storage.refusals import Reason
from tests.network import LENS
from tests.storage.circulation.desk import Desk


@pytest.fixture
def charging(desk: Desk) -> Desk:
    """A desk where the network has decided, from December on, that DVDs cost a euro and a half."""
    desk.sql("INSERT INTO policy_set (id, code, effective_from) VALUES (1, 'a', '2026-01-01'), (2, 'b', '2026-12-01')")
    desk.sql(
        "INSERT INTO rule (id, policy_set_id, attribute, value, item_type_id) VALUES (7, 2, 'fee.loan', '1.50 EUR', 3)"
    )
    desk.reload()
    return desk


def test_by_default_nothing_costs_anything(desk: Desk) -> None:
    assert not desk.network.charges
    answer = desk.checkout("R1", "I5")
    assert (answer.ok, answer.fee) == (True, None)


def test_before_the_decision_is_in_force_nothing_costs_anything(charging: Desk) -> None:
    assert charging.network.charges
    assert charging.checkout("R1", "I5").fee is None


def test_a_reader_agrees_to_a_fee_before_the_loan_is_made(charging: Desk) -> None:
    charging.now += 30 * 86400
    refused = charging.checkout("R1", "I5")
    assert (refused.reasons, refused.fee) == ((Reason.FEE_TO_ACCEPT,), Fee("1.50", "EUR", "rule:7"))
    made = charging.run(CHECKOUT, CheckoutRequest("R1", "I5", charging.origin(LENS), accepts_fee=True))
    assert (made.ok, made.fee) == (True, Fee("1.50", "EUR", "rule:7"))
    assert charging.sql("SELECT because FROM journal WHERE act = 'checkout'") == [
        ("default:loan.allowed rule:7 default:loan.period",)
    ]
    assert charging.checkout("R1", "I1").fee is None
