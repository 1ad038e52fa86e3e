"""A reader borrows from the partner: from the request to the last trace of the temporary item, in order and out of it."""

from __future__ import annotations

from typing import Any

import pytest

from storage.circulation.ill.machine import Event, No, State
from storage.circulation.status import Status
from tests.network import AVION, DEPARTMENT, LIEVIN
from tests.storage.circulation.ill.lender import DAY, Lender

BACK = "2027-01-15"
"""The day on which the lender wants its item back; our reader's loan ends three days before at the latest."""


def shipped(lender: Lender, **more: Any) -> None:
    lender.ask()
    answer = lender.says(Event.SHIPPED, **{"barcode": "D-1", "due_on": BACK, "title": "x", "media_type": "001"} | more)
    assert answer.changed


def test_a_request_waits_in_the_outbox_and_is_answered(lender: Lender) -> None:
    answer = lender.ask()
    assert answer.ok
    assert lender.told() == ["RequestItem"]
    assert lender.row().state is State.ASKED
    assert lender.row().card == "R1"
    assert lender.ask().changed is False
    assert lender.told() == ["RequestItem"]
    lender.says(Event.ACCEPTED)
    assert lender.row().state is State.ACCEPTED
    assert lender.counter.journal() == ["ill-borrowing", "ill-accepted"]


def test_whoever_may_not_place_holds_may_not_ask_elsewhere(lender: Lender) -> None:
    assert lender.ask(card="NOBODY").no is No.UNKNOWN_USER
    lender.counter.sql("UPDATE patron SET valid_until = '2020-01-01' WHERE id = 2")
    assert lender.ask(card="R2").no is No.USER_BLOCKED
    assert lender.told() == []


def test_the_whole_way_of_an_item_and_back(lender: Lender) -> None:
    counter = lender.counter
    shipped(lender)
    item = counter.item("D-1")
    assert item.row.temporary
    assert item.row.record_id is None  # so no search finds it
    assert item.row.title == "Les Sept Jours"
    assert item.status is Status.IN_TRANSIT
    assert item.destination is not None
    assert item.destination.id == AVION
    # Scanned at another library of the network, it goes on to the reader's.
    elsewhere = counter.checkin("D-1", LIEVIN)
    assert elsewhere.destination is not None
    assert elsewhere.destination.id == AVION
    assert counter.checkin("D-1", AVION).hold_id is not None
    assert counter.item("D-1").status is Status.ON_HOLD_SHELF
    lender.watch()
    assert lender.row().state is State.RECEIVED
    loan = counter.checkout("R1", "D-1", AVION)
    assert loan.ok
    assert loan.due.on <= "2027-01-12"
    lender.watch()
    assert lender.row().state is State.LENT
    back = counter.checkin("D-1", AVION)
    assert back.destination.id == DEPARTMENT
    lender.watch()
    assert lender.row().state is State.RETURNED
    lender.load()
    lender.watch()
    assert lender.row().state is State.SENT_BACK
    assert lender.told() == ["RequestItem", "ItemReceived", "ItemShipped"]
    assert lender.says(Event.HOME, agency="", number="", barcode="D-1").changed
    closed = lender.row()
    assert (closed.state, closed.patron_id, closed.card) == (State.CLOSED, None, None)
    assert counter.sql("SELECT count(*) FROM barcode WHERE number = 'D-1'") == [(0,)]
    assert counter.sql("SELECT title, condition FROM item WHERE temporary = 1") == [("", "withdrawn")]
    assert counter.sql("SELECT count(*) FROM transit WHERE received_at IS NULL") == [(0,)]
    assert counter.sql("SELECT count(*) FROM past_loan") == [(1,)]  # statistics are kept


def test_the_lenders_date_caps_the_loan_and_a_renewal_lengthens_it(lender: Lender) -> None:
    counter = lender.counter
    shipped(lender, due_on="2026-12-05")
    counter.checkin("D-1", AVION)
    loan = counter.checkout("R1", "D-1", AVION)
    assert loan.due.on <= "2026-12-02"
    lender.watch()
    assert lender.does(Event.RENEW_ASKED).changed
    assert lender.told()[-1] == "RenewItem"
    assert lender.does(Event.RENEW_ASKED).changed is False
    assert lender.says(Event.RENEWED, due_on="2026-12-20").due_on == "2026-12-17"
    assert counter.sql("SELECT due_on FROM loan") == [("2026-12-17",)]
    assert lender.says(Event.RENEWED, due_on="2026-12-20").changed is False


def test_a_date_that_the_lender_gives_anew_counts_until_the_item_has_come(lender: Lender) -> None:
    shipped(lender)
    assert lender.says(Event.SHIPPED, barcode="D-1", due_on="2026-12-10").changed
    assert lender.says(Event.SHIPPED, barcode="D-1", due_on="2026-12-10").changed is False
    assert lender.says(Event.SHIPPED, barcode="D-1").changed is False
    assert lender.row().due_back_on == "2026-12-10"
    lender.counter.checkin("D-1", AVION)
    assert lender.counter.checkout("R1", "D-1", AVION).due.on == "2026-12-07"
    lender.watch()
    assert lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK).changed is False


def test_a_recall_shortens_the_loan_and_the_reader_is_told(lender: Lender) -> None:
    counter = lender.counter
    shipped(lender)
    counter.checkin("D-1", AVION)
    counter.checkout("R1", "D-1", AVION)
    lender.watch()
    assert lender.says(Event.RECALLED, barcode="D-1", due_on="2026-12-01").due_on == "2026-11-28"
    assert counter.sql("SELECT due_on FROM loan") == [("2026-11-28",)]
    assert lender.notices()[-1] == "ill-recalled"
    assert lender.row().recalled_on is not None
    assert lender.says(Event.RECALLED, barcode="D-1", due_on="2026-11-30").changed


@pytest.mark.parametrize("again", [False, True])
def test_a_recall_that_ends_lets_the_reader_keep_the_item_as_long_as_before(lender: Lender, *, again: bool) -> None:
    counter = lender.counter
    shipped(lender)
    counter.checkin("D-1", AVION)
    until = counter.checkout("R1", "D-1", AVION).due.on
    lender.watch()
    lender.says(Event.RECALLED, barcode="D-1", due_on="2026-12-05")
    if again:
        lender.says(Event.RECALLED, barcode="D-1", due_on="2026-12-01")
    assert lender.says(Event.RECALL_ENDED, barcode="D-1").changed
    row = lender.row()
    assert (row.recalled_on, row.due_back_on, row.due_before) == (None, BACK, None)
    assert row.due_on is not None
    assert row.due_on >= until
    assert row.due_on == row.last_on
    assert lender.notices()[-1] == "ill-renewed"
    assert lender.says(Event.RECALL_ENDED, barcode="D-1").changed is False


def test_a_recall_that_shortened_no_loan_lengthens_none_when_it_ends(lender: Lender) -> None:
    counter = lender.counter
    shipped(lender)
    counter.checkin("D-1", AVION)
    until = counter.checkout("R1", "D-1", AVION).due.on
    lender.watch()
    lender.says(Event.RECALLED, barcode="D-1", due_on="2026-12-24")
    lender.says(Event.RECALL_ENDED, barcode="D-1")
    assert (lender.row().due_on, lender.row().due_back_on) == (until, BACK)
    assert lender.notices()[-1] == "ill-recalled"


def test_unfilled_the_reader_is_told_and_let_go(lender: Lender) -> None:
    lender.ask()
    assert lender.says(Event.REFUSED, reason="lost").changed
    assert lender.row().state is State.UNFILLED
    assert lender.row().patron_id is None
    assert lender.notices() == ["ill-unfilled"]
    assert lender.says(Event.REFUSED).changed is False


def test_cancelling_is_told_before_the_item_is_on_its_way_and_refused_after(lender: Lender) -> None:
    lender.ask("q0")
    assert lender.does(Event.CANCELLED, "q0").changed
    assert lender.told() == ["RequestItem", "CancelRequestItem"]
    shipped(lender)
    assert lender.does(Event.CANCELLED).no is No.TOO_LATE
    assert lender.says(Event.CANCELLED).no is No.TOO_LATE


def test_messages_out_of_order_and_twice_end_where_those_in_order_do(lender: Lender) -> None:
    lender.ask()
    assert lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK).changed
    for _ in range(2):
        assert lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK).changed is False
        assert lender.says(Event.ACCEPTED).changed is False
    assert lender.counter.sql("SELECT count(*) FROM item WHERE temporary = 1") == [(1,)]
    assert lender.says(Event.HOME).changed  # back before we said that it had come
    assert lender.says(Event.SHIPPED, barcode="D-1").changed is False
    assert lender.row().state is State.CLOSED


def test_a_barcode_of_ours_is_not_given_away(lender: Lender) -> None:
    lender.ask()
    lender.says(Event.SHIPPED, barcode="I1", due_on=BACK)
    assert (lender.row().barcode, lender.row().shown_barcode) == ("I1", "FR-MDPC62-I1")
    assert not lender.counter.item("I1").row.temporary
    assert lender.counter.item("FR-MDPC62-I1").row.temporary
    for number in ("I1", "FR-MDPC62-I1"):
        assert lender.says(Event.RECALLED, "", "", barcode=number).ok


def test_another_partner_knows_nothing_of_a_request(lender: Lender) -> None:
    lender.ask()
    lender.counter.sql("INSERT INTO partner (agency, name, library_id) VALUES ('FR-OTHER', 'O', 4)")
    lender.counter.sql("UPDATE ill_request SET partner_id = (SELECT id FROM partner WHERE agency = 'FR-OTHER')")
    assert lender.says(Event.SHIPPED, barcode="D-1").no is No.UNKNOWN_REQUEST


def test_silence_is_asked_about_then_told_to_the_referent(lender: Lender) -> None:
    lender.ask()
    lender.now += 2 * DAY
    lender.watch()
    assert lender.told() == ["RequestItem", "LookupRequest"]
    assert lender.alerts() == []
    lender.now += 3 * DAY
    lender.watch()
    assert lender.alerts() == ["ill-borrowing-asked"]
    assert "ill-overdue" in lender.counter.journal()


def test_an_item_sent_back_that_nobody_acknowledges_is_closed_in_the_end(lender: Lender) -> None:
    shipped(lender)
    lender.does(Event.SENT_BACK)
    for _ in range(8):
        lender.now += 14 * DAY
        lender.watch()
    assert lender.row().state is State.CLOSED
    assert "ill-borrowing-sent-back" in lender.alerts()
    assert lender.counter.sql("SELECT count(*) FROM barcode WHERE number = 'D-1'") == [(0,)]
