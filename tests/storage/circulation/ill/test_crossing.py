"""What crosses on its way, what a lender demands, and who is asked next."""

from __future__ import annotations

import pytest

from storage.circulation.ill.machine import Event, No, State
from storage.circulation.ill.terms import Terms, terms_of
from tests.network import AVION, DEPARTMENT, LENS
from tests.storage.circulation.ill.conftest import await_reload
from tests.storage.circulation.ill.lender import DAY, PARTNER, Lender

BACK = "2027-01-15"
FEE = Terms(250, "EUR", ("In Library Use Only",))


# --- terms -----------------------------------------------------------------------------------------------------------------


def test_terms_are_kept_and_shown() -> None:
    assert terms_of(FEE.kept()) == FEE
    assert str(FEE) == "2.50 EUR; In Library Use Only"
    assert (Terms().kept(), str(Terms()), terms_of("")) == ("", "", Terms())
    assert str(Terms(5, "EUR")) == "0.05 EUR"


def test_terms_wait_for_staff_who_agree_once(lender: Lender) -> None:
    lender.ask()
    assert lender.says(Event.CONDITIONS, terms=FEE.kept()).changed
    assert (lender.row().state, lender.row().terms) == (State.CONDITIONAL, FEE.kept())
    assert lender.alerts() == ["ill-borrowing-conditional"]
    assert lender.does(Event.AGREED).changed
    assert lender.row().agreed == FEE.kept()
    assert lender.told() == ["RequestItem", "RequestItem"]
    assert lender.does(Event.AGREED).changed is False
    assert lender.told() == ["RequestItem", "RequestItem"]
    assert lender.says(Event.ACCEPTED).changed
    assert lender.row().state is State.ACCEPTED


def test_terms_that_change_are_agreed_to_anew(lender: Lender) -> None:
    lender.ask()
    lender.says(Event.CONDITIONS, terms=FEE.kept())
    lender.does(Event.AGREED)
    assert lender.says(Event.CONDITIONS, terms=Terms(300, "EUR").kept()).changed
    assert lender.says(Event.CONDITIONS, terms=Terms(300, "EUR").kept()).changed is False
    assert lender.alerts() == ["ill-borrowing-conditional"] * 2
    assert lender.does(Event.AGREED).changed
    assert lender.row().agreed == Terms(300, "EUR").kept()


def test_terms_stand_when_a_lookup_tells_only_that_there_are_some(lender: Lender) -> None:
    lender.ask()
    lender.says(Event.CONDITIONS, terms=FEE.kept())
    assert lender.says(Event.CONDITIONS).changed is False
    assert lender.row().terms == FEE.kept()


def test_terms_that_nobody_told_are_asked_for_again(lender: Lender) -> None:
    lender.ask()
    lender.says(Event.CONDITIONS)
    assert lender.does(Event.AGREED).changed
    assert lender.told() == ["RequestItem", "RequestItem"]
    assert lender.says(Event.CONDITIONS, terms=FEE.kept()).changed
    assert (lender.row().terms, lender.row().agreed) == (FEE.kept(), "")


def test_nothing_is_agreed_to_where_nothing_was_demanded(lender: Lender) -> None:
    lender.ask()
    assert lender.does(Event.AGREED).no is No.NO_TERMS


def test_terms_are_declined_by_giving_the_request_up(lender: Lender) -> None:
    lender.ask()
    lender.says(Event.CONDITIONS, terms=FEE.kept())
    assert lender.does(Event.CANCELLED).changed
    assert lender.told() == ["RequestItem", "CancelRequestItem"]


# --- crossing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", [Event.CANCELLED, Event.REFUSED])
def test_what_was_shipped_before_our_cancellation_came_is_followed_and_sent_back(lender: Lender, ended: Event) -> None:
    counter = lender.counter
    lender.ask()
    lender.does(ended)
    assert lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK).changed
    assert lender.row().state is State.SHIPPED
    assert lender.alerts() == ["ill-crossed"]
    assert lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK).changed is False
    here = counter.checkin("D-1", AVION)
    assert here.hold_id is None  # nobody waits for it
    assert here.destination.id == DEPARTMENT
    lender.load()
    lender.watch()
    assert lender.row().state is State.SENT_BACK
    lender.says(Event.HOME)
    assert lender.row().state is State.CLOSED
    assert counter.sql("SELECT count(*) FROM barcode WHERE number = 'D-1'") == [(0,)]


def test_what_a_van_has_can_no_longer_be_cancelled_though_nobody_has_said_so(lender: Lender) -> None:
    lender.asked(barcode="I1")
    lender.counter.checkin("I1", LENS)
    lender.load()
    assert lender.says(Event.CANCELLED, "d1", PARTNER).no is No.TOO_LATE
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.SHIPPED


def test_a_recall_that_crosses_the_return_changes_nothing_for_the_reader(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK)
    counter.checkin("D-1", AVION)
    counter.checkout("R1", "D-1", AVION)
    lender.watch()
    counter.checkin("D-1", AVION)  # the job has not seen it yet
    assert lender.says(Event.RECALLED, barcode="D-1", due_on="2026-12-01").ok
    lender.watch()
    assert lender.row().state is State.RETURNED
    assert lender.says(Event.RECALLED, barcode="D-1", due_on="2026-12-01").no is No.NOT_ON_LOAN


def test_a_lender_that_has_its_item_ends_the_loan_that_nobody_ended(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK)
    counter.checkin("D-1", AVION)
    counter.checkout("R1", "D-1", AVION)
    lender.watch()
    lender.now += DAY
    assert lender.says(Event.HOME).changed
    assert counter.sql("SELECT count(*) FROM loan") == [(0,)]
    assert counter.sql("SELECT state, library_in_id FROM past_loan") == [("deduced", DEPARTMENT)]
    assert counter.sql("SELECT patron_id FROM past_loan_reader") == [(1,)]


# --- what scans show -------------------------------------------------------------------------------------------------------


def test_where_no_van_is_scanned_a_day_in_the_crate_is_shipped(lender: Lender) -> None:
    lender.asked(barcode="I1")
    lender.counter.checkin("I1", LENS)
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.ACCEPTED
    lender.now += DAY + 60
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.SHIPPED
    assert lender.told() == ["ItemShipped"]


def test_where_no_van_is_scanned_what_was_returned_a_day_ago_is_sent_back(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on=BACK)
    counter.checkin("D-1", AVION)
    counter.checkout("R1", "D-1", AVION)
    counter.checkin("D-1", LENS)
    lender.watch()
    assert lender.row().state is State.RETURNED
    lender.now += DAY + 60
    lender.watch()
    assert lender.row().state is State.SENT_BACK
    assert lender.told()[-1] == "ItemShipped"


def test_a_partner_that_checks_out_what_it_is_sent_has_received_it(lender: Lender) -> None:
    counter = lender.counter
    lender.asked(barcode="I1")
    counter.checkin("I1", LENS)
    assert counter.checkout("R9", "I1", LENS).ok
    lender.watch()
    row = lender.row("d1", PARTNER)
    assert (row.state, row.item_id) == (State.RECEIVED, 1)
    counter.checkin("I1", LENS)
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.CLOSED
    assert counter.sql("SELECT count(*) FROM loan") == [(0,)]


def test_what_went_out_and_came_back_between_two_looks_is_not_lent_again(lender: Lender) -> None:
    counter = lender.counter
    lender.asked(barcode="I1")
    counter.checkin("I1", LENS)
    counter.checkout("R9", "I1", LENS)
    counter.checkin("I1", LENS)
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.CLOSED
    assert counter.sql("SELECT count(*) FROM loan") == [(0,)]


def test_a_renewal_that_gains_nothing_is_asked_of_the_lender(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on="2026-12-05")
    counter.checkin("D-1", AVION)
    counter.checkout("R1", "D-1", AVION)
    lender.watch()
    before = len(lender.told())
    counter.sql("UPDATE loan SET renewals = 1")  # at a kiosk, to the same day
    lender.watch()
    assert lender.told()[before:] == ["RenewItem"]
    assert lender.row().renewal == "asked"
    assert lender.says(Event.RENEWED, due_on="2026-12-20").changed
    assert lender.notices()[-1] == "ill-renewed"
    lender.watch()
    assert lender.told()[before:] == ["RenewItem"]  # once for each renewal
    counter.sql("UPDATE loan SET renewals = 2")
    lender.watch()
    assert lender.says(Event.RENEW_REFUSED).changed
    lender.watch()
    assert lender.told()[before:] == ["RenewItem"] * 2
    assert lender.notices()[-1] == "ill-not-renewed"


# --- the next lender -------------------------------------------------------------------------------------------------------

OTHERS = ("FR-FIRST", "FR-SECOND")


def lenders(lender: Lender) -> None:
    for order, agency in enumerate(OTHERS, 2):
        lender.counter.sql(
            "INSERT INTO partner (agency, name, library_id, endpoint, profile) VALUES (:agency, 'L', 4, 'http://127.0.0.1:1/', :profile)",
            agency=agency,
            profile=f'{{"order": {order}}}',
        )
    lender.counter.sql("""UPDATE partner SET endpoint = 'http://127.0.0.1:1/', profile = '{"order": 1}' WHERE id = 1""")
    await_reload(lender.counter)


def asked(lender: Lender) -> list[tuple[str, str]]:
    rows = lender.counter.sql(
        "SELECT partner.agency, ill_request.state FROM ill_request JOIN partner ON partner.id = partner_id"
        " ORDER BY made_at, ill_request.id"
    )
    return [(agency, state) for agency, state in rows]


def test_a_lender_that_cannot_fill_is_followed_by_the_next(lender: Lender) -> None:
    lenders(lender)
    lender.ask(identifier="isbn:9782070360024")
    lender.says(Event.REFUSED, reason="lost")
    assert asked(lender) == [(PARTNER, "unfilled"), ("FR-FIRST", "asked")]
    assert lender.notices() == []
    assert lender.told() == ["RequestItem", "RequestItem"]
    (row,) = lender.counter.sql(
        "SELECT patron_id, identifier, title, follows_id FROM ill_request WHERE state = 'asked'"
    )
    assert row == (1, "isbn:9782070360024", "Les Sept Jours", lender.row().id)


def test_what_only_one_lender_knows_by_its_number_goes_to_no_other(lender: Lender) -> None:
    lenders(lender)
    lender.ask(identifier="D77")
    lender.says(Event.CANCELLED)  # who was asked and cancels cannot fill
    assert asked(lender) == [(PARTNER, "unfilled")]
    assert lender.notices() == ["ill-unfilled"]


def test_a_reader_who_gives_up_is_not_asked_for_elsewhere(lender: Lender) -> None:
    lenders(lender)
    lender.ask(identifier="isbn:9782070360024")
    lender.does(Event.CANCELLED)
    assert asked(lender) == [(PARTNER, "cancelled")]
