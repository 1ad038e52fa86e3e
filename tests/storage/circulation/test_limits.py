"""Limits that count more than the reader's own loans: per library and per household, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, text

from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from storage.refusals import Reason
from storage.schema import rule
from tests.counter import Counter, at
from tests.network import LENS, LIEVIN

SET = "INSERT INTO policy_set (id, code, effective_from, decision) VALUES (1, '2026', '2026-01-01', 'Comité')"


def rules(location: Location, *given: dict[str, Any]) -> None:

    with location.engine().begin() as connection:
        connection.execute(text(SET))
        for each in given:
            connection.execute(insert(rule).values(policy_set_id=1, **each))


def household(location: Location, *readers: int) -> None:

    with location.engine().begin() as connection:
        connection.execute(text("INSERT INTO household (id, code) VALUES (1, 'F1')"))
        for reader in readers:
            connection.execute(text("UPDATE patron SET household_id = 1 WHERE id = :id"), {"id": reader})


@pytest.fixture
def family(any_location: Location) -> Iterator[Counter]:
    """R1 and R2 are of one household, which may have three loans, and one DVD; at one library a reader may have two."""
    household(any_location, 1, 2)
    rules(
        any_location,
        {"attribute": "loan.household-limit", "value": "3"},
        {"attribute": "loan.household-limit", "value": "1", "item_type_id": 3},
        {"attribute": "loan.site-limit", "value": "2"},
    )
    counter = Counter(any_location)
    yield counter
    counter.close()


def test_a_household_is_counted_together(family: Counter) -> None:
    assert family.checkout("R1", "I1").ok
    assert family.checkout("R2", "I2").ok
    assert family.checkout("R2", "I3").ok
    assert family.checkout("R1", "I4").reasons == (Reason.TOO_MANY_IN_HOUSEHOLD,)
    assert family.checkout("R3", "I4").ok


def test_a_household_is_counted_by_type(family: Counter) -> None:
    assert family.checkout("R1", "I5").ok
    assert family.checkout("R2", "I10").reasons == (Reason.TOO_MANY_IN_HOUSEHOLD,)
    assert family.checkout("R2", "I1").ok
    assert family.checkout("R3", "I10").ok


def test_a_reader_is_counted_at_each_library(family: Counter) -> None:
    assert family.checkout("R3", "I1", LENS).ok
    assert family.checkout("R3", "I2", LENS).ok
    assert family.checkout("R3", "I3", LENS).reasons == (Reason.TOO_MANY_HERE,)
    assert family.checkout("R3", "I3", LIEVIN).ok


def test_the_journal_keeps_what_was_counted(family: Counter) -> None:
    family.checkout("R1", "I1")
    family.checkout("R2", "I2")
    (context,) = family.sql("SELECT context FROM journal WHERE item_id = 2 AND act = 'checkout'")[0]
    assert "household=2:1" in context
    assert "load=" not in context


def test_two_of_a_household_cannot_both_take_the_last_place(family: Counter) -> None:
    family.checkout("R1", "I1")
    family.checkout("R2", "I2")
    answers = family.do_all(
        [(CHECKOUT, CheckoutRequest("R1", "I3", at())), (CHECKOUT, CheckoutRequest("R2", "I4", at()))]
    )
    assert sorted(answer.ok for answer in answers) == [False, True]
    (refused,) = [answer for answer in answers if not answer.ok]
    assert refused.reasons == (Reason.TOO_MANY_IN_HOUSEHOLD,)


def test_a_network_without_such_limits_reads_nothing_for_them(counter: Counter) -> None:
    assert not counter.store.network.counts_broadly
    assert counter.checkout("R1", "I1").ok
    (context,) = counter.sql("SELECT context FROM journal WHERE act = 'checkout'")[0]
    assert "household" not in context
    assert "site" not in context
