"""Readers at the desk, on both databases: registration, cards, blocks, households, PINs."""

from __future__ import annotations

from typing import Any

import pytest

from storage.circulation.patrons import blocks, cards, register
from storage.circulation.pins import TRIES, PinState
from storage.refusals import Reason
from storage.usecase import Origin
from tests.counter import Counter
from tests.network import LENS, LIEVIN

DESK = Origin("cli", "staff", LENS)
DETAILS: dict[str, int | str | None] = {"category_id": 1, "home_id": LENS, "surname": "Delattre", "forename": "Zoé"}


def registered(counter: Counter, code: str = "N1", card: str = "N1", **more: Any) -> Any:
    details = {**DETAILS, **more.pop("details", {})}
    return counter.answer(register.REGISTER, register.RegisterRequest(code, card, DESK, details, **more))


def issued(counter: Counter, card: str, number: str, **more: Any) -> Any:
    return counter.answer(cards.ISSUE, cards.IssueRequest(card, number, DESK, **more))


def marked(counter: Counter, card: str, state: str) -> Any:
    return counter.answer(cards.STATE, cards.CardStateRequest(card, state, DESK))


def test_a_registered_reader_borrows_at_once_with_their_pin(counter: Counter) -> None:
    assert registered(counter, pin="4321").ok
    account = counter.patron("N1", pin="4321")
    assert account.patron is not None
    assert (account.patron.name, account.pin) == ("Zoé Delattre", PinState.RIGHT)
    assert counter.checkout("N1", "I1").ok
    assert counter.sql("SELECT last_seen_on FROM patron WHERE code = 'N1'") == [("2026-11-22",)]


def test_a_code_and_a_card_number_are_one_readers_only(counter: Counter) -> None:
    assert registered(counter).ok
    assert registered(counter).reasons == (Reason.PATRON_EXISTS, Reason.CARD_TAKEN)
    assert registered(counter, "N2", "N1").reasons == (Reason.CARD_TAKEN,)
    assert registered(counter, "N2", "N1", namespace="LIEVIN").ok
    assert counter.sql("SELECT count(*) FROM patron WHERE code IN ('N1', 'N2')") == [(2,)]


def test_two_desks_that_give_the_same_card_at_once(counter: Counter) -> None:
    acts = [(register.REGISTER, register.RegisterRequest(code, "N1", DESK, DETAILS)) for code in ("N1", "N2")]
    answers = counter.do_all(acts)
    assert sorted(answer.ok for answer in answers) == [False, True]
    assert [answer.reasons for answer in answers if not answer.ok] == [(Reason.CARD_TAKEN,)]
    assert counter.sql("SELECT count(*) FROM patron JOIN card ON card.patron_id = patron.id WHERE number = 'N1'") == [
        (1,)
    ]


def test_a_change_changes_what_it_names(counter: Counter) -> None:
    before = counter.patron("R1")
    request = register.ChangeRequest("R1", DESK, {"email": "r1@example.org", "valid_until": "2027-12-31"})
    assert counter.answer(register.CHANGE, request).ok
    after = counter.patron("R1")
    assert before.patron is not None
    assert after.patron is not None
    assert after.patron.row == before.patron.row._replace(email="r1@example.org", valid_until="2027-12-31")


@pytest.mark.parametrize(
    ("state", "reason"),
    [("lost", Reason.CARD_LOST), ("stolen", Reason.CARD_LOST), ("cancelled", Reason.CARD_CANCELLED)],
)
def test_a_card_that_is_no_good_is_recognised_and_refused(counter: Counter, state: str, reason: Reason) -> None:
    assert marked(counter, "R1", state).ok
    assert counter.checkout("R1", "I1").reasons == (reason,)
    assert marked(counter, "R1", "active").ok
    assert counter.checkout("R1", "I1").ok


def test_a_replaced_card_says_so_and_the_new_one_has_the_account(counter: Counter) -> None:
    assert counter.checkout("R1", "I1").ok
    assert issued(counter, "R1", "R1B", replaces=True).ok
    assert counter.checkout("R1", "I2").reasons == (Reason.CARD_REPLACED,)
    assert [loan.barcode for loan in counter.patron("R1B").loans] == ["I1"]
    assert marked(counter, "R1", "active").reasons == (Reason.CARD_REPLACED,)
    assert issued(counter, "R1B", "R2").reasons == (Reason.CARD_TAKEN,)
    assert counter.sql("SELECT number, is_primary FROM card WHERE patron_id = 1 AND status = 'active'") == [("R1B", 1)]


def test_a_towns_old_number_is_recognised_beside_the_networks_card(counter: Counter) -> None:
    assert issued(counter, "R1", "42", namespace="LIEVIN", primary=False).ok
    assert issued(counter, "R2", "42", namespace="AVION", primary=False).ok
    assert counter.checkout("42", "I1", LIEVIN).ok
    assert [loan.barcode for loan in counter.patron("R1").loans] == ["I1"]
    # At Lens the number is nobody's own, and there are two who bear it.
    assert counter.checkout("42", "I2").reasons == (Reason.AMBIGUOUS_CARD,)


def test_a_block_refuses_the_acts_it_names_while_it_lasts(counter: Counter) -> None:
    asked = blocks.BlockRequest("R1", "data-incomplete", DESK, ("checkout",), None, "2026-11-30", "ask for the form")
    assert counter.answer(blocks.BLOCK, asked).ok
    assert counter.checkout("R1", "I1").reasons == (Reason.PATRON_BLOCKED,)
    assert counter.patron("R1").denials["hold"] == ()
    again = blocks.BlockRequest("R1", "data-incomplete", DESK, to_on="2026-11-21")
    assert counter.answer(blocks.BLOCK, again).ok
    assert counter.sql("SELECT count(*) FROM block WHERE patron_id = 1") == [(1,)]
    assert counter.checkout("R1", "I1").ok
    assert counter.answer(blocks.UNBLOCK, blocks.UnblockRequest("R1", "data-incomplete", DESK)).ok
    assert counter.sql("SELECT count(*) FROM block WHERE patron_id = 1") == [(0,)]


def test_households_are_made_and_left(counter: Counter) -> None:
    for card in ("R1", "R2"):
        assert counter.answer(blocks.HOUSEHOLD, blocks.HouseholdRequest(card, DESK, "F1")).ok
    households = "SELECT patron.code FROM patron JOIN household ON household.id = household_id ORDER BY 1"
    first = counter.sql(households)
    assert len(first) == 2
    assert counter.answer(blocks.HOUSEHOLD, blocks.HouseholdRequest("R1", DESK, None)).ok
    assert counter.sql(households) == first[1:]


def test_a_new_pin_lifts_the_lock(counter: Counter) -> None:
    for _ in range(TRIES):
        assert counter.checkout("R1", "I1", pin="0000").reasons == (Reason.WRONG_PIN,)
    assert counter.checkout("R1", "I1", pin="1234").reasons == (Reason.PIN_LOCKED,)
    assert counter.answer(register.SET_PIN, register.PinRequest("R1", DESK, "9876")).ok
    assert counter.checkout("R1", "I1", pin="9876").ok
    assert counter.answer(register.SET_PIN, register.PinRequest("R1", DESK, None)).ok
    assert counter.checkout("R1", "I2", pin="9876").reasons == (Reason.WRONG_PIN,)


@pytest.mark.parametrize(
    ("usecase", "request_"),
    [
        (register.CHANGE, register.ChangeRequest("R99", DESK, {"surname": "X"})),
        (register.SET_PIN, register.PinRequest("R99", DESK, "1")),
        (cards.ISSUE, cards.IssueRequest("R99", "R98", DESK)),
        (cards.STATE, cards.CardStateRequest("R99", "lost", DESK)),
        (blocks.BLOCK, blocks.BlockRequest("R99", "manual", DESK)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_nothing_is_done_to_a_reader_that_is_not(counter: Counter, usecase: Any, request_: Any) -> None:
    assert counter.answer(usecase, request_).reasons == (Reason.UNKNOWN_PATRON,)
    assert counter.journal() == []


def test_no_request_shows_a_reader_in_its_repr() -> None:
    requests = [
        register.RegisterRequest("SECRET", "SECRET", DESK, {"surname": "SECRET"}, pin="SECRET"),
        register.ChangeRequest("SECRET", DESK, {"surname": "SECRET"}),
        register.PinRequest("SECRET", DESK, "SECRET"),
        cards.IssueRequest("SECRET", "SECRET", DESK),
        cards.CardStateRequest("SECRET", "lost", DESK),
        blocks.BlockRequest("SECRET", "manual", DESK, note="SECRET"),
        blocks.HouseholdRequest("SECRET", DESK, "SECRET"),
    ]
    assert "SECRET" not in repr(requests)
