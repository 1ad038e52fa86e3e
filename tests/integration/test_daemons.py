"""Two daemons on one PostgreSQL database: whatever they do at the same moment, every item has one fate."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.database import Location
from storage.refusals import Reason
from storage.store import StoreUnavailable
from tests.counter import Counter, at, settle
from tests.network import AVION, LENS, LIEVIN, NOW

Pair = tuple[Counter, Counter]


@pytest.fixture
def daemons(postgresql_location: Location) -> Iterator[Pair]:
    pair = Counter(postgresql_location), Counter(postgresql_location)
    yield pair
    for counter in pair:
        counter.close()


def both(daemons: Pair, acts: list[tuple[Any, Any]]) -> list[list[Any]]:
    """Have both daemons asked for all *acts* in the same turn; return the answers of each act."""
    asked = [counter.store.transact(usecase, request, NOW) for usecase, request in acts for counter in daemons]
    answers = settle(asked)
    return [answers[at : at + 2] for at in range(0, len(answers), 2)]


def test_of_two_that_lend_one_item_one_wins(daemons: Pair) -> None:
    for _ in range(5):
        acts = [(CHECKOUT, CheckoutRequest(f"R{1 + n % 9}", f"I{n}", at())) for n in range(1, 20)]
        for first, second in both(daemons, acts):
            assert {first.ok, second.ok} == {True, False}
            loser = second if first.ok else first
            assert loser.reasons == (Reason.ALREADY_ON_LOAN,)
        assert daemons[0].sql("SELECT count(*), count(DISTINCT item_id) FROM loan") == [(19, 19)]
        for first, second in both(daemons, [(CHECKIN, CheckinRequest(f"I{n}", at())) for n in range(1, 20)]):
            assert first.was_on_loan != second.was_on_loan
    assert daemons[0].sql("SELECT count(*) FROM past_loan") == [(5 * 19,)]


def test_of_two_readers_at_two_kiosks_one_gets_the_item(daemons: Pair) -> None:
    for n in range(1, 20):
        one, other = daemons
        answers = settle([
            one.store.transact(CHECKOUT, CheckoutRequest("R1", f"I{n}", at()), NOW),
            other.store.transact(CHECKOUT, CheckoutRequest("R2", f"I{n}", at()), NOW),
        ])  # fmt: skip
        assert sorted(answer.reasons for answer in answers) == [(), (Reason.ON_LOAN_TO_OTHER,)]


def test_one_hold_is_captured_by_one_of_the_copies_that_come_back(daemons: Pair) -> None:
    one = daemons[0]
    one.sql(
        "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
        " VALUES (1, 'unimarc', '', 'test', '1', 'Germinal', 0, 0)"
    )
    one.sql("UPDATE item SET record_id = 1")
    for number in (81, 82, 83):
        one.sql(
            "INSERT INTO hold (id, patron_id, record_id, pickup_id, requested_at) VALUES (:id, :id - 80, 1, 1, :id)",
            id=number,
        )
    copies = [(CHECKIN, CheckinRequest(f"I{n}", at())) for n in range(1, 10)]
    answers = [answer for pair in both(daemons, copies) for answer in pair]
    captured = {(answer.item.row.id, answer.hold_id) for answer in answers if answer.hold_id is not None}
    assert sorted(hold for _, hold in captured) == [81, 82, 83]
    assert one.sql("SELECT id, state, count(item_id) FROM hold GROUP BY id, state ORDER BY id") == [
        (number, "shelf", 1) for number in (81, 82, 83)
    ]


def test_whatever_both_do_at_once_the_rows_agree(daemons: Pair) -> None:
    chance = random.Random(7)
    acts: list[tuple[Any, Any]] = []
    for _ in range(100):
        barcode, origin = f"I{chance.randint(1, 6)}", at(chance.choice([LENS, LIEVIN, AVION]))
        card = f"R{chance.randint(1, 4)}"
        acts += [
            (CHECKOUT, CheckoutRequest(card, barcode, origin, renews=True)),
            (CHECKIN, CheckinRequest(barcode, origin)),
            (RENEW, RenewRequest(card, barcode, origin)),
        ]
    chance.shuffle(acts)
    answers = [answer for pair in both(daemons, acts) for answer in pair]
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    one = daemons[0]
    lent = sum(answer.ok and not answer.renewed for answer in answers if hasattr(answer, "loan_id"))
    taken_back = sum(getattr(answer, "was_on_loan", False) for answer in answers)
    ((open_loans,),) = one.sql("SELECT count(*) FROM loan")
    assert (lent - taken_back, taken_back) == (open_loans, one.sql("SELECT count(*) FROM past_loan")[0][0])
    journal = one.journal()
    assert (journal.count("checkout"), lent) == (lent, lent)
    assert one.sql("SELECT item_id FROM transit WHERE received_at IS NULL GROUP BY item_id HAVING count(*) > 1") == []
    assert one.sql("SELECT id FROM loan JOIN past_loan USING (id)") == []


def test_a_daemon_that_is_gone_leaves_no_lock(daemons: Pair) -> None:
    one, other = daemons
    acts = [one.store.transact(CHECKOUT, CheckoutRequest("R1", f"I{n}", at()), NOW) for n in range(1, 10)]
    for link in one.store._driver._writers:  # type: ignore[attr-defined]  # the driver behind the seam
        link.lose(ConnectionError("cut"))
    answers = settle(acts)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert all(other.checkout("R2", f"I{n}").ok for n in range(1, 10))
